"""Where the parts of an article stand on a page."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from archive.article import Dated
from crawler.extraction.text import squash

SELECTORS = (
    "title", "body", "lead", "date", "modified", "byline", "credit", "section",
    "tags", "views", "captions", "parts", "key", "drop",
)  # fmt: skip
"""The fields of a layout that are selectors."""

Node = Any
"""An lxml element; lxml ships no types for its trees."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The selectors of one page template.

    Every field but `name` and `until` is a CSS selector list; an alternative may end in ``@attr`` to
    read an attribute instead of the words (``time.published@datetime``). Alternatives are tried in
    their order. Of several nodes the first counts, but `section` takes the last (breadcrumbs run from
    the general to the particular), `body` the one with the most words, and `captions`, `tags`,
    `parts` and `drop` take all.

    `drop` names furniture to take out first, `captions` nodes within the body that are captions,
    `parts` links to the article's further pages, `key` where the page itself names the article's id.
    `until` is the last day on which the site sent pages of this layout; None: still in use.
    """

    name: str
    title: str
    body: str
    lead: str = ""
    date: str = ""
    modified: str = ""
    byline: str = ""
    credit: str = ""
    section: str = ""
    tags: str = ""
    views: str = ""
    captions: str = ""
    parts: str = ""
    key: str = ""
    drop: str = ""
    until: datetime.date | None = None

    def __post_init__(self) -> None:
        """Compile every selector, so that a wrong one is refused when the spider loads."""
        for name in SELECTORS:
            try:
                _compiled(getattr(self, name))
            except SelectorError as error:
                raise ValueError(
                    f"layout {self.name!r}, {name}: {getattr(self, name)!r} is no selector: {error}"
                ) from error


@dataclass(frozen=True, kw_only=True)
class SiteFacts:
    """What extraction must know of a site beside the page.

    `article_key` maps a URL to the key of the article it leads to (None: not an article of this
    site), `canonical_url` gives one address for all variants, `date_in_url` reads a date from it.
    `oldest` is the first day the site can have published. `titles` are the publisher's names, to cut
    from page titles.
    """

    layouts: tuple[Layout, ...]
    article_key: Callable[[str], str | None]
    canonical_url: Callable[[str], str]
    date_in_url: Callable[[str], Dated | None]
    oldest: datetime.date
    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A value read by a selector: its words, the node and the alternative that matched."""

    value: str
    node: Node
    selector: str


@lru_cache(maxsize=2048)
def _compiled(selectors: str) -> tuple[tuple[str, str | None, etree.XPath], ...]:
    """Split a selector list at its top-level commas and compile each alternative."""
    out = []
    for one in _split(selectors):
        css, _, attribute = one.partition("@")
        path = HTMLTranslator().css_to_xpath(css.strip(), prefix="descendant-or-self::")
        out.append((one, attribute.strip() or None, etree.XPath(path)))
    return tuple(out)


def _split(selectors: str) -> list[str]:
    out, depth, start = [], 0, 0
    for i, c in enumerate(selectors):
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            out.append(selectors[start:i].strip())
            start = i + 1
    out.append(selectors[start:].strip())
    return [one for one in out if one]


def select_all(tree: Node, selectors: str) -> list[Node]:
    """All nodes under `tree` that any alternative of `selectors` matches."""
    return [node for _, _, path in _compiled(selectors) for node in path(tree)]


def select_first(
    tree: Node, selectors: str, *, last: bool = False, where: Callable[[Node], bool] | None = None
) -> Match | None:
    """The first (or `last`) match of the first alternative that gives any words.

    Only nodes that `where` accepts count.
    """
    for css, attribute, path in _compiled(selectors):
        nodes = [node for node in path(tree) if where is None or where(node)]
        for node in reversed(nodes) if last else nodes:
            value = squash(node.get(attribute) or "" if attribute else words(node))
            if value:
                return Match(value, node, css)
    return None


def select_largest(tree: Node, selectors: str) -> Match | None:
    """The match with the most words of the first alternative that matches at all."""
    for css, _, path in _compiled(selectors):
        nodes = path(tree)
        if nodes:
            node = max(nodes, key=lambda n: len("".join(n.itertext())))
            return Match("", node, css)
    return None


def words(node: Node) -> str:
    """The words of a node; ``<br>`` and block borders count as spaces, scripts and styles for nothing."""
    out: list[str] = []
    for event, element in etree.iterwalk(node, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in ("br", "p", "div", "td", "li"):
                out.append(" ")
            if tag not in ("script", "style") and element.text:
                out.append(element.text)
        else:
            if tag in ("p", "div", "td", "li"):
                out.append(" ")
            if element is not node and element.tail:
                out.append(element.tail)
    return "".join(out)


def remove(node: Node) -> None:
    """Take `node` out of its tree, keeping the words that follow it."""
    if node.getparent() is not None:
        node.drop_tree()
