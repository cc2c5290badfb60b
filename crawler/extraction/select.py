"""Find the nodes that a CSS selector names, quickly: a layout asks for twenty of them on each page."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cssselect import HTMLTranslator, parse
from cssselect.parser import Class, CombinedSelector, Hash
from lxml import etree

from crawler.extraction.text import squash

Node = Any
"""An lxml element; lxml ships no types for its trees."""

_SPACED = frozenset(("br", "p", "div", "td", "li"))
"""Elements that divide words."""

_SILENT = ("script", "style")

LONGEST_CLASSES = 1_000
"""Characters of a class attribute whose names are remembered; the longest on the saved pages has 184."""


@dataclass(frozen=True, slots=True)
class Match:
    """A value read by a selector: its words, the node and the alternative that matched."""

    value: str
    node: Node
    selector: str


class Named:
    """The elements of a whole page by the ids and classes they bear, of those that are `wanted`.

    An XPath on a class looks through every element of the page (0.3 to 0.6 ms on the saved portal
    pages); this looks through them once. Nodes may be taken out of the tree meanwhile.
    """

    def __init__(self, root: Node, wanted: frozenset[str]) -> None:
        self.root, self.wanted = root, wanted
        self._bearing: defaultdict[str, list[Node]] = defaultdict(list)
        for element in root.iter(etree.Element):
            classes, name = element.get("class"), element.get("id")
            if classes:
                # What no site writes by hand is not kept: a few hostile pages would fill the memory.
                asked_for = _asked_for if len(classes) <= LONGEST_CLASSES else _asked_for.__wrapped__
                for one in asked_for(classes, wanted):
                    self._bearing[one].append(element)
            if name and (anchor := "#" + name) in wanted:
                self._bearing[anchor].append(element)

    def bearing(self, name: str) -> list[Node]:
        """The elements of the page that bear ``.class`` or ``#id``, one of `wanted`, in their order."""
        return [node for node in self._bearing.get(name, ()) if self._holds(node)]

    def _holds(self, node: Node) -> bool:
        return node is self.root or any(above is self.root for above in node.iterancestors())


# A site says the same few hundred class attributes on all of its pages.
@lru_cache(maxsize=4096)
def _asked_for(classes: str, wanted: frozenset[str]) -> tuple[str, ...]:
    """Those of a class attribute's names that are `wanted`, as ``.class``."""
    return tuple(wanted.intersection(f".{one}" for one in classes.split()))


@dataclass(frozen=True, slots=True)
class _Alternative:
    """One selector of a list, compiled.

    `path` finds its nodes below any node. `anchor` is an id or class that its first part asks for,
    `from_anchor` finds its nodes from an element which bears that: itself only, unless `further`.
    """

    css: str
    attribute: str | None
    path: etree.XPath
    anchor: str | None
    from_anchor: etree.XPath
    further: bool

    def nodes(self, within: Node | Named) -> list[Node]:
        if isinstance(within, Named) and self.anchor in within.wanted:
            assert self.anchor is not None
            if self.anchor == self.css:
                return within.bearing(self.anchor)
            found = [nodes for one in within.bearing(self.anchor) if (nodes := self.from_anchor(one))]
            if not self.further or len(found) < 2:
                return [node for nodes in found for node in nodes]
            # Anchors may stand in one another: only the page as a whole tells the order.
        everywhere: list[Node] = self.path(within.root if isinstance(within, Named) else within)
        return everywhere


@lru_cache(maxsize=2048)
def compiled(selectors: str) -> tuple[_Alternative, ...]:
    """Split a selector list at its top-level commas and compile each alternative.

    Raises cssselect.SelectorError for what is no selector.
    """
    out = []
    translator = HTMLTranslator()
    for one in _split(selectors):
        css, _, attribute = one.partition("@")
        path, from_anchor = (
            etree.XPath(translator.css_to_xpath(css.strip(), prefix=prefix))
            for prefix in ("descendant-or-self::", "self::")
        )
        anchor, further = _anchor(css.strip())
        out.append(_Alternative(one, attribute.strip() or None, path, anchor, from_anchor, further))
    return tuple(out)


def anchors(selectors: Iterable[str]) -> frozenset[str]:
    """The ids and classes by which a `Named` finds what these selector lists ask for."""
    return frozenset(one.anchor for given in selectors for one in compiled(given) if one.anchor is not None)


def _anchor(css: str) -> tuple[str | None, bool]:
    """An id or else a class that the first part of a selector asks for, and whether further parts follow."""
    part: Any = parse(css)[0].parsed_tree
    further = isinstance(part, CombinedSelector)
    while isinstance(part, CombinedSelector):
        part = part.selector
    anchor = None
    while hasattr(part, "selector"):
        if isinstance(part, Hash):
            return f"#{part.id}", further
        if isinstance(part, Class):
            anchor = f".{part.class_name}"
        part = part.selector
    return anchor, further


def _split(selectors: str) -> list[str]:
    out, depth, start = [], 0, 0
    for i, c in enumerate(selectors):
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            out.append(selectors[start:i].strip())
            start = i + 1
    out.append(selectors[start:].strip())
    return [one for one in out if one]


def select_all(within: Node | Named, selectors: str) -> list[Node]:
    """All nodes of a page, or of a node and what is below it, that any alternative of `selectors` matches."""
    return [node for one in compiled(selectors) for node in one.nodes(within)]


def select_first(
    within: Node | Named, selectors: str, *, last: bool = False, where: Callable[[Node], bool] | None = None
) -> Match | None:
    """The first (or `last`) match of the first alternative that gives any words.

    Only nodes that `where` accepts count.
    """
    for one in compiled(selectors):
        nodes = [node for node in one.nodes(within) if where is None or where(node)]
        for node in reversed(nodes) if last else nodes:
            value = squash(node.get(one.attribute) or "" if one.attribute else words(node))
            if value:
                return Match(value, node, one.css)
    return None


def select_largest(within: Node | Named, selectors: str) -> Match | None:
    """The match with the most words of the first alternative that matches at all."""
    for one in compiled(selectors):
        nodes = one.nodes(within)
        if nodes:
            node = nodes[0] if len(nodes) == 1 else max(nodes, key=lambda n: len("".join(n.itertext())))
            return Match("", node, one.css)
    return None


def words(node: Node) -> str:
    """The words of a node; ``<br>`` and block borders count as spaces, scripts and styles for nothing."""
    if len(node) == 0:
        return "" if node.tag in _SILENT else node.text or ""
    out: list[str] = []
    for event, element in etree.iterwalk(node, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _SPACED:
                out.append(" ")
            if tag not in _SILENT and element.text:
                out.append(element.text)
        else:
            if tag in _SPACED and tag != "br":
                out.append(" ")
            if element is not node and element.tail:
                out.append(element.tail)
    return "".join(out)


def remove(node: Node) -> None:
    """Take `node` out of its tree, keeping the words that follow it."""
    parent = node.getparent()
    if parent is None:
        return
    if node.tail:
        before = node.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + node.tail
        else:
            parent.text = (parent.text or "") + node.tail
    parent.remove(node)
