"""Where a title stands by its place, on sites whose heads do not tell it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import median
from urllib.parse import unquote, urlsplit

from crawler.extraction.dates import parse_date
from crawler.extraction.prose import MOSTLY_LINKED
from crawler.extraction.select import Node
from crawler.extraction.text import slug
from crawler.learning.pictures import body_in
from crawler.learning.selectors import Case, shortest, simple
from crawler.learning.views import Leaf, View

LONGEST_TITLE = 250
"""Characters of a title at most; the longest on the saved pages has 178."""

NEAR = 8
"""Blocks above the body, or at its head, among which the title is: between them stand dates, tools, leads."""

ON_PAGES = 0.9
"""Share of the pages that have to have a node of the name, and just one."""

DIFFERENT = 0.8
"""Different texts, as a share of the pages: titles hardly recur, the names of sections do."""

USUAL = 50
"""Characters of a title, about: 41 and 50 in the middle on simulated and recorded sites (1,317 articles), where leads
have 103 and 178; the names of sections have a dozen."""

CUT = 20
"""Characters of a slug that tell a title although the address goes on otherwise or ends."""

_HEADINGS = ("h1", "h2", "h3", "h4")


@dataclass(frozen=True)
class _Found:
    view: View
    leaf: Leaf


def heading_of(views: Sequence[View], body: str) -> str:
    """A selector of the block above the body that differs from page to page as titles do; empty if none can be named.

    Preferred is what agrees with the addresses, then what is tagged as a heading, then what is about as long as titles.
    """
    named: defaultdict[str, list[_Found]] = defaultdict(list)
    for view in views:
        node = body_in(view, body)
        for leaf in _near(view, node) if node is not None else ():
            for name in [*simple(leaf.node), *([leaf.node.tag] if leaf.node.tag in _HEADINGS else [])]:
                named[name].append(_Found(view, leaf))
    good = [found for found in named.values() if _may_be_title(found, views)]
    if not good:
        return ""
    best = max(good, key=_trust)
    nodes = {one.view: one.leaf.node for one in best}
    return shortest([Case(view, (nodes[view],)) for view in views if view in nodes], right=ON_PAGES)


def _near(view: View, body: Node) -> list[Leaf]:
    place, end = view.order[body], view.order[body]
    above = [leaf for leaf in view.leaves if view.order[leaf.node] < place and leaf.node not in body.iterancestors()]
    # A body without a container of its own has its title within.
    inside = [leaf for leaf in view.leaves if view.order[leaf.node] >= end and body in leaf.node.iterancestors()]
    near = [*above[-NEAR:], *(leaf for leaf in inside[:NEAR] if leaf.node.tag in _HEADINGS)]
    return [leaf for leaf in near if len(leaf.text) <= LONGEST_TITLE and leaf.link_share < MOSTLY_LINKED]


def _may_be_title(found: Sequence[_Found], views: Sequence[View]) -> bool:
    pages = {one.view for one in found}
    texts = {one.leaf.letters for one in found}
    return (
        len(pages) >= ON_PAGES * len(views)
        and len(found) == len(pages)
        and len(texts) >= DIFFERENT * len(pages)
        and sum(parse_date(one.leaf.text) is not None for one in found) < len(found) / 2
    )


def _trust(found: Sequence[_Found]) -> tuple[float, bool, float]:
    agreed = sum(_agrees(one) for one in found) / len(found)
    headings = sum(one.leaf.node.tag in _HEADINGS for one in found)
    return round(agreed, 1), headings == len(found), -abs(log(median(len(one.leaf.text) for one in found) / USUAL))


def _agrees(one: _Found) -> bool:
    """Whether an address says the words, as far as its slug goes."""
    mine = slug(one.leaf.text)
    parts = [slug(part.partition(".")[0]) for part in unquote(urlsplit(one.view.page.url).path).split("/")]
    return any(mine == part or (len(mine) >= CUT and mine[:CUT] in part) for part in parts if part)
