"""Learn where an article's title stands."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from crawler.extraction.dates import json_ld
from crawler.extraction.select import Node, words
from crawler.extraction.text import folded, slug, squash
from crawler.learning.choosing import Choice, chooser_of, judge, slug_of
from crawler.learning.views import View

SHORTEST = 8
"""Fewest letters of a title; "Thông báo" has 8."""

SURE, CUT = 20, 30
"""Letters of a slug that say, in an address, that the page is about it; and where those of long titles are compared."""

COMMON = 0.3
"""Share of the pages from which a part of ``<title>`` is the publisher's name or a section's, and no title."""

ENOUGH = 0.5
"""Share of the pages on which a selector must give what something else calls the title: copies of dead sites keep pages
under addresses of others, and a head that says the site's name."""

FOUND = 0.8
"""Share of the pages on which it must give anything."""

_DIVIDER = re.compile(r"\s+[-|–—»:·]+\s+|\s*[|»]\s*")


def title_of(views: Sequence[View], body: str) -> str:
    """Give the selector of the node that says what og:title, ``<title>``, the listing or the address call the title.

    `views` are pages of one template, `body` selects their text. Empty where no node does on half of the pages, or
    where it says something else on more than a fifth of those where one does.
    """
    told = titles_told(views)
    chooser = chooser_of(tuple(views))
    wanted = [_saying(view, titles, small) for view, titles, small in zip(views, told, chooser.small, strict=True)]
    tried = chooser.candidates([[(node, "") for node in nodes] for nodes in wanted])
    matches = [(chooser.matches(form), form.css, cost) for form, cost in tried]
    choices = [judge(found, wanted, css, cost) for found, css, cost in matches if _is_on_most(found)]
    good = [one for one in choices if len(one.right) >= ENOUGH * len(views) and len(one.right) > 4 * len(one.wrong)]
    if not good:
        return ""
    return min(good, key=_rank).selector


def _is_on_most(matches: Sequence[Sequence[Node]]) -> bool:
    return sum(1 for nodes in matches if nodes) >= FOUND * len(matches)


def _rank(choice: Choice) -> tuple[int, bool, float, str]:
    doubt = len(choice.wrong) - len(choice.right)
    return doubt, choice.extra > 0, choice.cost + min(choice.extra, 10) / 5, choice.selector


def titles_told(views: Sequence[View]) -> list[set[str]]:
    """For each page the letters of what may be its title, as others than its visible words tell."""
    common = _recurring(views)
    out = []
    for view in views:
        listed = view.specimen.listed
        said = [thing.get("headline") for thing in json_ld(view.tree)]
        said += [listed.title if listed else None]
        metas = [
            meta.get("content")
            for meta in view.tree.iter("meta")
            if (meta.get("property") or meta.get("name") or "").lower() in ("og:title", "twitter:title")
        ]
        whole = [words(node) for node in view.tree.iter("title")][:1]
        letters = {folded(one) for one in said if isinstance(one, str)}
        for text in (*metas, *whole):
            letters |= _wholes(text or "", common)
        out.append({one for one in letters if len(one) >= SHORTEST and one not in common})
    return out


def _wholes(text: str, common: set[str]) -> set[str]:
    """A head title without those of its parts that recur; titles may hold dividers of their own."""
    parts = [part for part in _DIVIDER.split(squash(text)) if part]
    while parts and folded(parts[-1]) in common:
        parts.pop()
    while parts and folded(parts[0]) in common:
        parts.pop(0)
    letters = "".join(map(folded, parts))
    return {letters} if letters else set()


def _recurring(views: Sequence[View]) -> set[str]:
    times: Counter[str] = Counter()
    for view in views:
        texts = [words(node) for node in view.tree.iter("title")][:1]
        texts += [meta.get("content") or "" for meta in view.tree.iter("meta") if meta.get("property") == "og:title"]
        here = {folded(part) for text in texts for part in _DIVIDER.split(squash(text))}
        times.update(here | {folded(text) for text in texts})
    return {letters for letters, number in times.items() if number > max(1, COMMON * len(views))}


def _saying(view: View, titles: set[str], small: Sequence[Node]) -> set[Node]:
    """The `small` elements whose words are one of `titles`, or the address's words where they are in none."""
    out, by_address = set(), set()
    for node in small:
        if node.tag == "a" and view.page.link(node.get("href") or "") != view.page.url and not _is_heading(node):
            continue
        letters = folded(words(node))
        if len(letters) < SHORTEST:
            continue
        if letters in titles:
            out.add(node)
        elif named_in_address(squash(words(node)), view.page.url):
            by_address.add(node)
    return out or by_address


def _is_heading(node: Node) -> bool:
    return any(above.tag in ("h1", "h2") for above in node.iterancestors())


def named_in_address(text: str, url: str) -> bool:
    """Whether a text's slug, or so much of it as addresses keep, is the last part of an address that has words."""
    mine, address = slug_of(text), _address(url)
    if mine == address:
        return True
    return len(mine) >= SURE and (mine in address or (len(mine) > CUT and mine[:CUT] in address))


@lru_cache(maxsize=256)
def _address(url: str) -> str:
    """The last part of an address that has words, as a slug without the ending of a file."""
    parts = [slug(part) for part in unquote(urlsplit(url).path).split("/")]
    last = next((part for part in reversed(parts) if re.search("[a-z]{2}", part)), "")
    return re.sub(r"-(?:s?html?|aspx|php)$", "", last)
