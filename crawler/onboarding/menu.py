"""What a home page tells of its site: the sections in its menu, the publisher's name, the province."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from archive.provinces import Province, find, fold, provinces
from crawler.addresses import bare_host
from crawler.declaration import LEFT_OUT
from crawler.extraction.page import Page
from crawler.extraction.select import select_all, select_first, words
from crawler.extraction.text import slug, squash
from crawler.learning.addresses import HEADLINE_WORDS

MENUS = (
    "nav a, header a, [role=navigation] a, [id*=menu] a, [class*=menu] a, [id*=Menu] a, [class*=Menu] a, "
    "[id*=nav] a, [class*=nav] a, [id*=Nav] a, [class*=Nav] a"
)
"""Where menus stand: HTML5's elements, ARIA's role, and what the saved pages call theirs."""

FEEDS = "link[rel=alternate][type='application/rss+xml']@href, link[rel=alternate][type='application/atom+xml']@href"
"""How a page names its feeds (RSS Advisory Board, "RSS Autodiscovery")."""

LONGEST_NAME = 60
"""Letters of a section's name; what is longer is a headline."""

LIST = 4
"""Links that make a list, of which is asked what names it has."""

SHORT_NAMES = 0.25
"""Least share of a menu's entries whose names have fewer words than a headline."""

_DIVIDERS = re.compile(r"\s+[|–—:»›·-]+\s+|\s*(?:[|»›·]|::)\s*")

_KINDS = re.compile(
    r"(?:bao|cong|trang|dai|ban|so|cuc|chi-cuc|truong|hoc-vien|benh-vien|ubnd|uy-ban|hdnd|hoi-dong|tinh-uy|thanh-uy|"
    r"huyen-uy|thi-uy|dang-bo|dang-uy|doan|tinh-doan|hoi|mat-tran|lien-doan|cong-an|bo-chi-huy|tuyen-giao|vien|"
    r"tinh|thanh-pho|quan|huyen|thi-xa|thi-tran|phuong|xa|trung-tam|tap-chi)-"
)
"""How the names of Vietnam's public bodies begin, folded: a paper, a portal, a committee, a department, a school."""

_HOME = frozenset(("trang-chu", "trang-nhat", "home", "home-page", "tin-tuc", "tin-moi", "default", "index", "welcome"))
"""What a home page's title says of the page and not of the site, folded."""

_HOME_PATH = re.compile(r"/?(?:[a-z]{2}/?|(?:portal|pages|home|index|default|trang-chu)\b.*)?", re.IGNORECASE)
"""Addresses of home pages: the root, a language, and what systems lead the root to."""

_OWNER = re.compile(
    r"(?:©|bản quyền(?: nội dung)?(?: thuộc)?(?: về)?|cơ quan chủ quản)[\s:©\d-]*(?:bản quyền(?: thuộc)?(?: về)?)?\s*"
    r"(?P<name>[^.,;:()|–\n]{4,80})",
    re.IGNORECASE,
)
"""How a footer names its publisher."""


@dataclass(frozen=True)
class Named:
    """A value that was found for the declaration, and where it stood."""

    value: str
    source: str


def menu_of(page: Page) -> dict[str, str]:
    """The own paths that a page's menus lead to, each with the words of its first link that has any.

    A page without a menu that is named as one gives those of all its links.
    """
    return _links(page, select_all(page.tree, MENUS)) or _links(page, list(page.tree.iter("a")))


def named_in_menu(page: Page) -> dict[str, str]:
    """Those of `menu_of` that are entries of a menu by what stands with them, however long their names are.

    A menu has short names among its entries, for it leads home and to what is about the publisher; a list of headlines
    that stands in a menu's place has none.
    """
    names = menu_of(page)
    out: dict[str, str] = {}
    lists: dict[Any, bool] = {}
    for node in select_all(page.tree, MENUS):
        around = _list_around(node)
        if around is not None and around not in lists:
            lengths = [len(squash(words(a)).split()) for a in around.iter("a") if squash(words(a))]
            lists[around] = sum(one < HEADLINE_WORDS for one in lengths) >= SHORT_NAMES * max(1, len(lengths))
        if around is None or lists[around]:
            out |= {path: names[path] for path in _links(page, [node]) if names.get(path)}
    return out


def _list_around(node: Any) -> Any:
    """The smallest element around a link that has `LIST` links and more; None if none has."""
    return next((one for one in node.iterancestors() if sum(1 for _ in islice(one.iter("a"), LIST)) == LIST), None)


def is_left_out(path: str, name: str) -> bool:
    """Whether a section holds petitions, complaints or questions of citizens, by its path or its name."""
    return bool(LEFT_OUT.search(path.lower().rstrip("/") + "/") or LEFT_OUT.search(f"/{slug(name)}/"))


def feeds_of(page: Page) -> list[str]:
    """The feeds that a page names."""
    found = [page.link(node.get("href") or "") for node in select_all(page.tree, FEEDS)]
    return [url for url in dict.fromkeys(found) if url and "/comments/" not in url]


def publisher(home: Page) -> Named | None:
    """The publisher's name: og:site_name, else of the home page's title the part that names a body, else the footer.

    A newspaper's name goes without "điện tử", as others credit it.
    """
    site_name = select_first(home.tree, "meta[property='og:site_name']@content")
    # Of saved pages another one may stand for the home page, whose title is its own.
    title = select_first(home.tree, "title") if _HOME_PATH.fullmatch(urlsplit(home.url).path) else None
    candidates = [
        Named(part, source)
        for found, source in ((site_name, "og:site_name"), (title, "the home page's title"))
        for part in (_parts(found.value) if found else ())
    ]
    owner = _OWNER.search(footer_of(home))
    if owner:
        candidates.append(Named(squash(owner["name"]), "the footer"))
    told = [one for one in candidates if fold(one.value) not in _HOME and not _is_host(one.value)]
    best = next((one for one in told if _KINDS.match(fold(one.value) + "-")), next(iter(told), None))
    return Named(_short(best.value), best.source) if best else None


def province_of(title: str, host: str, home: Page | None) -> Named | None:
    """The province that the title, else the host, else the footer names; None if none does, or several do.

    A footer has the address of who built the site too (seen on NukeViet: "... Hà Đông, Hà Nội"), so there it must be
    called a province or a city.
    """
    for text, source, form in (
        (f"-{fold(title)}-", "the title", "-{0}-"),
        (host.replace("-", ""), "the host", "{1}"),
        (f"-{fold(footer_of(home)) if home else ''}-", "the footer", "-(?:tinh|thanh-pho|tp)-{0}-"),
    ):
        slugs = {one.slug for one in provinces() if re.search(_written(form, one), text)}
        # "Quảng Nam" is no "Nam ...": a name within another that was found does not count.
        alone = {one for one in slugs if not any(one != other and one in other for other in slugs)}
        if len(alone) == 1:
            return Named(alone.pop(), source)
    return None


def province_named(text: str) -> str:
    """The slug of the province that an operator names. Raises ValueError if there is none, or more than one."""
    found = find(text)
    exact = [one for one in found if fold(text) in (one.slug, fold(one.old_name))] or found
    if len(exact) > 1:
        raise ValueError(f"--province {text!r} is {' and '.join(one.slug for one in exact)}: give one of them")
    return exact[0].slug


def site_id_of(title: str) -> str:
    """An id made of the publisher's name: folded, joined by _, without what portals have in common."""
    folded = re.sub(r"^(?:cong|trang)-thong-tin(?:-dien-tu)?-(?:cua-)?", "", fold(title))
    short = re.sub(r"-(?:dien-tu|online)$", "", re.sub(r"(?<=-)tinh-(?!(?:doan|uy|lo)\b)", "", folded))
    return re.sub(r"^[\d_]+", "", short.replace("-", "_"))


def footer_of(home: Page) -> str:
    """The words of a page's footer."""
    nodes = select_all(home.tree, "footer, [id*=footer], [class*=footer], [id*=Footer], [class*=Footer]")
    return squash(" ".join(words(node) for node in nodes))


def _links(page: Page, nodes: Sequence[Any]) -> dict[str, str]:
    host = bare_host(urlsplit(page.url).hostname or "")
    out: dict[tuple[str, str], str] = {}
    for node in nodes:
        href = node.get("href")
        try:
            parts = urlsplit(page.link(href)) if href and not href.startswith("#") else None
        except ValueError:
            continue
        if parts is None or parts.scheme not in ("http", "https") or bare_host(parts.hostname or "") != host:
            continue
        name = squash(words(node)) or squash(node.get("title") or "")
        at = parts.path or "/", parts.query
        if at[0] != "/" and not out.get(at):
            out[at] = name if len(name) <= LONGEST_NAME else ""
    # A query that names the section differs from link to link; one that all have, or one has, is of the visit.
    queries = Counter(path for path, _ in out)
    told: dict[str, str] = {}
    for (path, query), name in out.items():
        address = f"{path}?{query}" if query and queries[path] > 1 else path
        told[address] = told.get(address) or name
    return told


def _parts(title: str) -> list[str]:
    return [part for part in (squash(one) for one in _DIVIDERS.split(squash(title))) if len(part) > 2]


def _is_host(text: str) -> bool:
    return bool(re.fullmatch(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/?", text.lower()))


def _short(name: str) -> str:
    return re.sub(r"\s+(?:điện tử|online)$", "", name, flags=re.IGNORECASE) if fold(name).startswith("bao-") else name


def _written(form: str, province: Province) -> str:
    short = re.sub(r"^thanh-pho-|^tp-", "", province.slug)
    return form.format(short, short.replace("-", ""))
