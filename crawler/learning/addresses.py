"""What tells a site's articles by their addresses: the pattern of their paths, and the id in it that is the key.

No list of systems is asked. Headlines lead to articles, so what the addresses behind headlines have in common is the
shape of an article's address; of the numbers in it the id is the one that differs from article to article.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from crawler.learning.patterns import (
    Address,
    Slot,
    folders_pattern,
    ignores_case,
    key_pattern,
    name_pattern,
    tail_pattern,
)

HEADLINE_WORDS = 6
"""Fewest words of a link that is a headline: of 900 headlines of provincial papers nine in ten have more (Vietnamese
writes each syllable as a word), and nine in ten sections and static pages have fewer."""

FEWEST = 8
"""Fewest addresses of articles that anything is learned from."""

SHARE = 0.8
"""Least share of the addresses behind headlines that the id must be found in: the others are of pages of another kind,
such as videos and albums."""

LONGEST_WORD_ID = 24
"""Letters and digits of an id at most: a time to the millisecond with a counter behind it has 20."""

MOST_ADDRESSES = 3
"""Addresses that one headline leads to at most: an article has several, or is posted twice."""

RARE = 0.05
"""Share of the addresses with an id below which a number of folders or a suffix is that of pages of another kind."""

MOST_SHARED = 0.05
"""Share of the ids that may lead to two names: an article whose title was changed has both."""

NEVER = re.compile(
    r"/(?:dang-nhap|dang-ky|dang-xuat|login|logout|signin|register|account|users?|member|tim-kiem|search|seek|"
    r"lich(?:-cong-tac|-lam-viec|-hop|-tuan|-tiep-(?:cong-)?dan)?|calendar|print|in-trang|in-bai|in-an|sendmail|send-mail|gui-mail|email|vote|rate|binh-chon|"
    r"wp-login\.php|wp-admin|_layouts|download|tai-ve|upload|uploads|cdn-cgi)(?:[/.?]|$)",
    re.IGNORECASE,
)
"""Addresses that are never asked for: printing, mail, rating, search, log-in and calendars (docs/manners.md)."""

_FILES = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|zip|rar|7z|jpe?g|png|gif|webp|svg|ico|css|js|json|xml|rss|mp3|mp4|wmv|avi|txt|csv)$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"20\d\d|199\d")
_SHORT = re.compile(r"\d{1,6}|[A-Za-z_]{1,20}")
_RUNS = re.compile(r"\d+|[^\W\d]+")


@dataclass(frozen=True)
class Seen:
    """An own address and where it was met.

    `words` are the longest of the links that lead to it, `pages` how many pages do. `told` says that a feed or a
    sitemap of news names it, which name nothing but articles.
    """

    url: str
    words: str = ""
    pages: int = 0
    told: bool = False

    @property
    def is_headline(self) -> bool:
        """Whether its links read like a headline."""
        return len(self.words.split()) >= HEADLINE_WORDS

    @property
    def at(self) -> str:
        """Its path and query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @cached_property
    def address(self) -> "Address":
        """Its parts."""
        return Address.of(self.url)


@dataclass(frozen=True)
class Addresses:
    """What tells articles by their addresses.

    `path` is the pattern for `article_path`, whose group ``key`` is the key; `query` the parameter that names the
    article instead, `kept` those that stand beside it in every address, with the value (``view=article``) where other
    pages have another one. `has_id` says that an id was found, `alone` that no other page of the menus has such an
    address. `says` is it in words.
    """

    path: str
    ignore_case: bool = False
    query: str = ""
    has_id: bool = True
    alone: bool = True
    says: str = ""
    kept: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        return re.compile(self.path, re.IGNORECASE if self.ignore_case else 0)


def is_asked(url: str) -> bool:
    """Whether a page at `url` may be asked for, as far as its address tells: no file, none of `NEVER`."""
    path = urlsplit(url).path
    return not _FILES.search(path) and not NEVER.search(path)


def learn_addresses(seen: Sequence[Seen], pages: int, named: Collection[str] = ()) -> Addresses:
    """Learn from the own addresses on `pages` pages which of them are articles'.

    `named` are the paths that menus name, with their queries: none of them is taken for an article's,
    however long its name is.

    Raises ValueError where too few lead to any, with what to do.
    """
    leads = Counter(one.words for one in seen)
    # What leads to many addresses is a button, and the root is the home page.
    likely = [
        one
        for one in seen
        if is_asked(one.url)
        and urlsplit(one.url).path.strip("/")
        and (one.told or (one.at not in named and one.is_headline and leads[one.words] <= MOST_ADDRESSES))
    ]
    if len(likely) < FEWEST:
        # Where titles are short or scripts write them, a sitemap's names may still be those of articles.
        likely = [
            one
            for one in seen
            if one.at not in named and is_asked(one.url) and len(one.address.tokens) >= HEADLINE_WORDS
        ]
    if len(likely) < FEWEST:
        raise ValueError(
            f"only {len(likely)} links read like headlines of articles, and {FEWEST} are needed to learn from; "
            "a site whose lists are written by scripts needs a spider of its own (docs/adding-a-site.md)"
        )
    articles = {one.url for one in likely}
    # A number leads to a further page of a list.
    menu = [
        one
        for one in seen
        if one.url not in articles and (one.at in named or one.pages > max(1, pages // 2) or one.words.isdigit())
    ]
    by_query = _by_query(likely, seen)
    if by_query:
        return by_query
    found = _best_slot(likely)
    if found is None:
        return _without_id(likely, menu)
    slot, values = found
    return _with_id(slot, values, menu)


# -- the id ---------------------------------------------------------------------------------------
def _by_query(likely: Sequence[Seen], seen: Sequence[Seen]) -> Addresses | None:
    """The parameter that names the articles, where one page shows most of them."""
    shown = [one for one in likely if one.address.query]
    if len(shown) < SHARE * len(likely):
        return None
    places: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in shown:
        for name, value in one.address.query:
            places[urlsplit(one.url).path, name].add(value)
    (path, name), values = max(places.items(), key=lambda one: len(one[1]))
    of_page = [one for one in shown if urlsplit(one.url).path == path]
    if len(values) < FEWEST or len(values) < (1 - 2 * MOST_SHARED) * len({one.words for one in of_page}):
        return None
    paths = sorted({urlsplit(one.url).path for one in shown if name in dict(one.address.query)})
    pattern = paths[0] if len(paths) == 1 else f"(?:{'|'.join(map(re.escape, paths))})"
    pattern = re.escape(pattern) if len(paths) == 1 else pattern
    says = f"the parameter {name} of {', '.join(paths)} names an article ({len(values)} seen)"
    articles = {one.url for one in likely}
    others = [one for one in seen if one.url not in articles and urlsplit(one.url).path == path]
    others = [one for one in others if name in dict(one.address.query)]
    kept = tuple(
        _with_value(other, of_page, others)
        for other in dict(of_page[0].address.query)
        if other != name and _is_kept(other, of_page)
    )
    return Addresses(f"(?P<key>{pattern.replace(chr(92) + '-', '-')})", True, name, True, True, says, kept)


def _is_kept(name: str, of_page: Sequence[Seen]) -> bool:
    """Whether all addresses of a page have this parameter, as a short number or word: the page may ask for it.

    What a session is called by is longer.
    """
    values = [dict(one.address.query).get(name, "") for one in of_page]
    return all(_SHORT.fullmatch(value) for value in values)


def _with_value(name: str, of_page: Sequence[Seen], others: Sequence[Seen]) -> str:
    """The parameter, with its value if all articles have one value there and other pages with an id have others.

    Where no other page has such an id the value may be one of several that articles have.
    """
    values = {dict(one.address.query)[name] for one in of_page}
    differ = any(dict(one.address.query).get(name) not in values for one in others)
    return f"{name}={values.pop()}" if len(values) == 1 and differ else name


def _best_slot(likely: Sequence[Seen]) -> tuple[Slot, dict[str, str]] | None:
    """The place of the id in the addresses behind headlines, and the id by address; None if no number is one."""
    values: defaultdict[Slot, dict[str, str]] = defaultdict(dict)
    for one in likely:
        for slot, value in _slots(one.address):
            values[slot][one.url] = value
    names = {one.url: _identity(one) for one in likely}
    good = [(slot, of) for slot, of in values.items() if len(of) >= SHARE * len(likely) and _is_id(of, names)]
    good = [(slot, of) for slot, of in good if slot.skeleton != "hex" or _is_hex(of.values())]
    # Numbers before hashes; the place that more addresses have; the last one of the name.
    return max(
        good,
        key=lambda one: (one[0].skeleton != "hex", len(one[1]), one[0].part == "end", -one[0].place, one[0].run),
        default=None,
    )


def _slots(address: Address) -> Iterable[tuple[Slot, str]]:
    tokens = address.tokens
    for place, token in enumerate(reversed(tokens[-3:]), 1):
        yield from _of_token("end", place, token)
    if len(tokens) > 1:
        yield from _of_token("start", 0, tokens[0])
    for place, folder in enumerate(reversed(address.folders[-3:]), 1):
        yield from _of_token("folder", place, folder)


def _of_token(part: str, place: int, token: str) -> Iterable[tuple[Slot, str]]:
    if len(token) > LONGEST_WORD_ID or not token.isalnum() or not token.isascii():
        return
    if any(one.isdigit() for one in token):
        runs = _RUNS.findall(token)
        digits = [one for one in runs if one.isdigit()]
        if len(runs) <= 4:
            skeleton = "".join("#" if one.isdigit() else one.lower() for one in runs)
            for run, value in enumerate(digits):
                yield Slot(part, place, skeleton, run), value
            if len(runs) == 2 and runs[1].isdigit() and part == "end":
                # A number right behind a word, whichever.
                yield Slot(part, place, "*#"), runs[1]
    if re.fullmatch(r"[0-9a-z]{5,}", token) and part != "start":
        yield Slot(part, place, "hex"), token


def _identity(one: Seen) -> str:
    """What is the same for all addresses of an article: its headline, else the words of its name."""
    if one.is_headline:
        return " ".join(one.words.casefold().split())
    return "-".join(token for token in one.address.tokens if not any(c.isdigit() for c in token))


def _is_id(of: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Whether values tell articles apart: hardly any is of two, and they are as many as the articles are."""
    articles: defaultdict[str, set[str]] = defaultdict(set)
    for url, value in of.items():
        articles[value].add(names[url])
    shared = sum(len(some) > 1 for some in articles.values())
    told = len({(value, name) for value, some in articles.items() for name in some})
    if _all_years(articles):
        return False
    return shared <= MOST_SHARED * len(articles) and len(articles) >= (1 - 2 * MOST_SHARED) * told


def _all_years(values: Iterable[str]) -> bool:
    return all(_YEAR.fullmatch(value) for value in values)


def _is_hex(values: Iterable[str]) -> bool:
    """Whether tokens are hashes: of one length, nearly all with digits among their letters."""
    tokens = list(values)
    lengths = Counter(map(len, tokens))
    mixed = sum(any(c.isdigit() for c in one) for one in tokens)
    return lengths.most_common(1)[0][1] >= 0.95 * len(tokens) and mixed >= 0.9 * len(tokens)


# -- the pattern ----------------------------------------------------------------------------------
def _with_id(slot: Slot, values: Mapping[str, str], menu: Sequence[Seen]) -> Addresses:
    """The pattern of addresses that have the id in `slot`; it takes none that stands in the menus."""
    addresses = {url: Address.of(url) for url in values}
    shapes = Counter(one.shape for one in addresses.values())
    # What few have is of other pages that have a number too.
    few = {shape for shape, times in shapes.items() if times < RARE * len(addresses)}
    addresses = {url: one for url, one in addresses.items() if one.shape not in few}
    values = {url: values[url] for url in addresses}
    ids = sorted(set(values.values()), key=lambda one: (len(one), one))
    key, dated = key_pattern(slot, ids)
    name = name_pattern(slot, key, list(addresses.values()))
    folders = folders_pattern(list(addresses.values()), slot, key, dated=dated)
    ignore_case = ignores_case(addresses.values())
    path = f"{folders}{name}"
    # Sections may have numbers too: then it is how long they are that tells them.
    flags = re.IGNORECASE if ignore_case else 0
    numbers = [len(match["key"]) for one in menu if (match := re.fullmatch(path, urlsplit(one.url).path, flags))]
    if slot.skeleton != "hex" and not dated:
        shortest = len(ids[0])
        # Where sections have as long ones, length tells nothing: then only being declared tells a section.
        least = max(max(numbers) + 1, shortest - 1) if numbers and max(numbers) < shortest else 1
        path = path.replace(key, rf"(?P<key>\d{{{least},}})" if least > 1 else r"(?P<key>\d+)")
    says = f"{len(ids)} ids in {len(values)} addresses behind headlines, such as {ids[0]} and {ids[-1]}"
    return Addresses(path, ignore_case, "", True, True, says)


# -- without an id --------------------------------------------------------------------------------
def _without_id(likely: Sequence[Seen], menu: Sequence[Seen]) -> Addresses:
    """The pattern of addresses that are told by their names alone: the whole path is the key."""
    shapes = Counter((len(one.address.folders), one.address.suffix) for one in likely)
    common = [shape for shape, times in shapes.items() if times >= (1 - SHARE) * len(likely)]
    chosen = [one.address for one in likely if (len(one.address.folders), one.address.suffix) in common]
    folders = folders_pattern(chosen, None, "", dated=False)
    path = f"/(?P<key>{folders[1:]}[^/.~]+){tail_pattern(chosen)}"
    menus = [one for one in menu if re.fullmatch(path, urlsplit(one.url).path)]
    says = f"{len(chosen)} addresses behind headlines, which have no id: the path is the key"
    return Addresses(path, ignores_case(chosen), "", False, not menus, says)
