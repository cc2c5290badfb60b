"""Which selector gives the nodes that are wanted, judged on all pages at once by how a reading would use it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from crawler.extraction.select import Named, Node, anchors, compiled, words
from crawler.extraction.simplify import SKIPPED_TAGS
from crawler.extraction.text import folded, squash
from crawler.learning.selectors import is_look, is_stable
from crawler.learning.views import View

DEPTH = 8
"""So many elements above a node lend it their names; what stands further up is the frame of all pages."""

MOST_CANDIDATES = 300
"""Selectors that are tried on all pages; those that fit the most pages come first."""

SMALL = 15
"""Most elements within one that holds a single value (a date, a name) and no part of a page."""

COMMON = 0.5
"""Share of the pages from which words belong to the frame that all of them have."""

_HEADINGS = ("h1", "h2", "h3")


@dataclass(frozen=True, slots=True)
class Choice:
    """A selector, what it costs to read, and what it selects.

    `right` and `wrong` are the numbers of the pages on which a reading would take a wanted node or another one,
    `extra` how many further nodes it matches on all pages.
    """

    selector: str
    cost: float
    right: tuple[int, ...]
    wrong: tuple[int, ...]
    extra: int


def small_elements(tree: Node) -> Iterator[Node]:
    """The elements below `tree` that hold little, in page order; none in scripts, the head, asides and the like."""
    sizes: dict[Node, int] = {}
    elements = list(tree.iter(etree.Element))
    for node in reversed(elements):
        sizes[node] = sizes.get(node, 0) + 1
        parent = node.getparent()
        if parent is not None:
            sizes[parent] = sizes.get(parent, 0) + sizes[node]
    skipped: set[Node] = set()
    for node in elements:
        if node.tag in SKIPPED_TAGS or node.getparent() in skipped:
            skipped.add(node)
        elif sizes[node] <= SMALL:
            yield node


def forms_of(node: Node, attribute: str = "", bearers: Counter[str] | None = None) -> Iterator[tuple[str, float]]:
    """Selectors that match `node`, by its names and those above it, each with its cost; never by position.

    `bearers` counts the elements of the page that bear each class: what very many bear says how they look.
    """
    end = f"@{attribute}" if attribute else ""
    bearers = Counter() if bearers is None else bearers
    own = list(_own_forms(node, bearers))
    named = [one for one in own if one[0] != node.tag]
    for css, cost in own:
        yield css + end, cost
    above = node.getparent()
    for distance in range(DEPTH):
        if above is None or above.tag in ("html", "body"):
            break
        for name, cost in _names(above, bearers):
            for css, more in own:
                yield f"{name} {css}{end}", 1 + cost + more
                if distance == 0:
                    yield f"{name} > {css}{end}", 1.1 + cost + more
        if distance == 0 and not named:
            for css, more in own:
                yield f"{above.tag} > {css}{end}", 3 + more
        above = above.getparent()


def _names(node: Node, bearers: Counter[str]) -> Iterator[tuple[str, float]]:
    name = node.get("id")
    if name and is_stable(name):
        yield f"#{name}", 0.9 + _digits(name)
    for one in dict.fromkeys((node.get("class") or "").split()):
        if is_stable(one):
            yield f".{one}", 1 + _digits(one) + 0.1 * min(bearers[one].bit_length(), 6) + 1.5 * is_look(one)
    if node.tag in ("article", "main"):
        yield node.tag, 1.5


def _digits(name: str) -> float:
    return 0.5 if any(map(str.isdigit, name)) else 0.0


def _own_forms(node: Node, bearers: Counter[str]) -> Iterator[tuple[str, float]]:
    names = list(_names(node, bearers))
    for css, cost in names:
        yield css, cost
        if not css.startswith("#") and css != node.tag:
            yield f"{node.tag}{css}", cost + (-0.1 if node.tag in _HEADINGS else 0.2)
    classes = [name for name in names if name[0].startswith(".")][:4]
    for i, (one, cost) in enumerate(classes):
        for other, more in classes[i + 1 :]:
            yield f"{one}{other}", cost + more
    for attribute in ("itemprop", "property", "name", "rel"):
        value = node.get(attribute)
        if value and re.fullmatch(r"[A-Za-z][\w:. -]*", value) and node.tag not in ("input", "form"):
            yield f'{node.tag}[{attribute}="{value}"]', 1.1
    yield node.tag, 1.6 if node.tag in (*_HEADINGS, "time") else 2.5
    # An icon says what the words beside it are.
    for child in node:
        if isinstance(child.tag, str) and not squash(words(child)):
            for name, cost in _names(child, bearers):
                yield f"{node.tag}:has(> {name})", cost + 1.5


class Chooser:
    """Tries selectors on all of some pages."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views
        self._values: dict[tuple[Node, str | None], str] = {}
        self._bearers = [
            Counter(one for node in view.tree.iter(etree.Element) for one in set((node.get("class") or "").split()))
            for view in views
        ]

    def candidates(self, wanted: Sequence[Collection[tuple[Node, str]]], fewest: int = 2) -> list[tuple[str, float]]:
        """The selectors of the nodes (each with an attribute or "") that are wanted on each page.

        Those that fit on less than `fewest` pages are left out, where there are several pages.
        """
        pages: Counter[str] = Counter()
        costs: dict[str, float] = {}
        for bearers, nodes in zip(self._bearers, wanted, strict=True):
            here: set[str] = set()
            for node, attribute in nodes:
                for css, cost in forms_of(node, attribute, bearers):
                    here.add(css)
                    costs[css] = max(cost, costs.get(css, 0))
            pages.update(here)
        several = sum(1 for nodes in wanted if nodes) > 2
        fit = [css for css, times in pages.items() if times >= fewest or not several]
        fit.sort(key=lambda css: (-pages[css], costs[css], css))
        return [(css, costs[css]) for css in fit[:MOST_CANDIDATES]]

    def try_all(
        self,
        candidates: Sequence[tuple[str, float]],
        *,
        where: Callable[[int, Node], bool] | None = None,
    ) -> dict[str, list[list[Node]]]:
        """What each candidate matches on each page, in page order; only nodes with a value that `where` accepts."""
        wanted = anchors(css for css, _ in candidates)
        found: defaultdict[str, list[list[Node]]] = defaultdict(list)
        for number, view in enumerate(self.views):
            named = Named(view.tree, wanted)
            for css, _ in candidates:
                (one,) = compiled(css)
                nodes = [node for node in one.nodes(named) if where is None or where(number, node)]
                found[css].append([node for node in nodes if self.value(node, one.attribute)])
        return dict(found)

    def value(self, node: Node, attribute: str | None = "") -> str:
        """What a selector reads from a node of the pages: its words, or an attribute. Asked for again and again."""
        known = self._values.get((node, attribute))
        if known is None:
            known = self._values[node, attribute] = value_of(node, attribute)
        return known

    def is_rare(self, node: Node) -> bool:
        """Whether what a small node says stands on at most half of the pages: not so the frame of all."""
        return self._times[folded(self.value(node))] <= max(COMMON * len(self.views), 1)

    @cached_property
    def _times(self) -> Counter[str]:
        times: Counter[str] = Counter()
        for view in self.views:
            times.update({folded(self.value(node)) for node in small_elements(view.tree)})
        return times


def value_of(node: Node, attribute: str | None) -> str:
    """What a selector reads from a node: its words, or an attribute."""
    return squash(node.get(attribute) or "" if attribute else words(node))


def judge(
    matches: Sequence[Sequence[Node]],
    wanted: Sequence[Collection[Node]],
    selector: str,
    cost: float,
    *,
    last: bool = False,
) -> Choice:
    """Hold what a selector matches on each page against the nodes that are wanted there.

    Where none is wanted nobody knows, and what is matched is neither right nor wrong.
    """
    right: list[int] = []
    wrong: list[int] = []
    extra = 0
    for number, (nodes, good) in enumerate(zip(matches, wanted, strict=True)):
        if not nodes:
            continue
        if good:
            (right if nodes[-1 if last else 0] in good else wrong).append(number)
        extra += len(nodes) - 1
    return Choice(selector, cost, tuple(right), tuple(wrong), extra)
