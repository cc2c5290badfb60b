"""Where a node stands: in the article's own frame, or in a box that belongs to other articles."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from lxml import etree

from crawler.extraction.select import Node, select_largest
from crawler.learning.views import View

_DIGITS = re.compile(r"\d{4,}")


class Standing:
    """What stands where on one page, of which `body` is the node of the text.

    A reading does not take a date from a box that links to other articles (`crawler.extraction.read`). Here the
    addresses of articles are told by those of the pages: `articles` says which links lead to one.
    """

    def __init__(self, view: View, body: Node, articles: "Addresses") -> None:
        self.view, self.body, self.articles = view, body, articles
        self.frame = {body, *body.iterancestors()}
        self._owned: dict[Node, bool] = {}
        self.inside = {body, *body.iterdescendants(etree.Element)}

    def is_own(self, node: Node) -> bool:
        """Whether a date or number at `node` is this article's: its branch of the frame links to no other."""
        branch = node
        while (above := branch.getparent()) is not None and above not in self.frame:
            branch = above
        if branch in self.frame:
            return True
        if branch not in self._owned:
            self._owned[branch] = not any(
                self.articles.is_other(self.view, link.get("href")) for link in branch.iter("a")
            )
        return self._owned[branch]

    def has_form(self, node: Node) -> bool:
        """Whether readers write where `node` stands: its branch of the frame has a field for several lines."""
        branch = node
        while (above := branch.getparent()) is not None and above not in self.frame:
            branch = above
        return next(branch.iter("textarea"), None) is not None

    def distance(self, node: Node) -> int:
        """How many elements of the page lie between `node` and the body's beginning or end; 0 within it."""
        order = self.view.order
        if node in self.inside:
            return 0
        first, here = order[self.body], order.get(node, 0)
        return first - here if here < first else here - first - len(self.inside)


class Addresses:
    """Which links lead to articles, by the shape of the addresses of some: hyphens, long numbers, depth, ending."""

    def __init__(self, views: Sequence[View]) -> None:
        self._shapes = {_shape(view.page.url) for view in views}

    def is_other(self, view: View, href: str | None) -> bool:
        """Whether `href` on a page leads to an article that is not the page's own."""
        if not href or href.startswith(("#", "javascript:", "mailto:")):
            return False
        url = view.page.link(href)
        here, there = urlsplit(view.page.url), urlsplit(url)
        if there.hostname != here.hostname or (there.path, there.query) == (here.path, here.query):
            return False
        return _shape(url) in self._shapes


def _shape(url: str) -> tuple[int, bool, bool, str]:
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    last = path.rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    stem = stem if dot else last
    whole = path + parts.query
    return path.count("/"), bool(_DIGITS.search(whole)), stem.count("-") >= 2, ending.lower() if dot else ""


def standing_on(views: Sequence[View], body: str) -> list[Standing]:
    """Where things stand on each page, whose text is what `body` selects; the whole page where it selects nothing."""
    return list(_standing_on(tuple(views), body))


# One field is learned after the other from the same pages; which links lead to articles is asked for all of them.
@lru_cache(maxsize=2)
def _standing_on(views: tuple[View, ...], body: str) -> tuple[Standing, ...]:
    articles = Addresses(views)
    out = []
    for view in views:
        found = select_largest(view.tree, body) if body else None
        out.append(Standing(view, found.node if found else view.tree, articles))
    return tuple(out)
