"""Which selector gives the nodes that are wanted, judged on all pages at once by how a reading would use it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from lxml import etree

from crawler.extraction.select import Node, words
from crawler.extraction.simplify import SKIPPED_TAGS
from crawler.extraction.text import folded, slug, squash
from crawler.learning.selectors import is_look, is_stable
from crawler.learning.views import View

DEPTH = 8
"""So many elements above a node lend it their names; what stands further up is the frame of all pages."""

MOST_CANDIDATES = 1_500
"""Selectors that are tried on all pages; those that fit the most pages come first."""

SMALL = 15
"""Most elements within one that holds a single value (a date, a name) and no part of a page."""

LARGE = 100
"""From so many elements below it one is a part of the page, and no value: its words are not put together."""

COMMON = 0.5
"""Share of the pages from which words belong to the frame that all of them have."""

_HEADINGS = ("h1", "h2", "h3")

_TELLING = ("h1", "time", "figcaption", "article", "main")
"""Tags that say what they hold (HTML Living Standard, 4.3 and 4.5), so that they may stand alone."""


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


@dataclass(frozen=True, slots=True)
class Form:
    """A selector of one part, or of one within (or right below) an element of a name; it may read an attribute."""

    own: str
    attribute: str = ""
    outer: str = ""
    direct: bool = False

    @property
    def css(self) -> str:
        """The selector as a layout has it."""
        before = f"{self.outer} > " if self.direct else f"{self.outer} " if self.outer else ""
        return f"{before}{self.own}@{self.attribute}" if self.attribute else before + self.own


def forms_of(node: Node, attribute: str = "", bearers: Counter[str] | None = None) -> Iterator[tuple[Form, float]]:
    """Selectors that match `node`, by its names and those above it, each with its cost; never by position.

    `bearers` counts the elements of the page that bear each class: what very many bear says how they look.
    """
    bearers = Counter() if bearers is None else bearers
    own = list(_own_forms(node, bearers))
    for css, cost in own:
        # What one page has a single span of, the next has in its header as well.
        if css != node.tag or css in _TELLING:
            yield Form(css, attribute), cost
    above = node.getparent()
    for distance in range(DEPTH):
        if above is None or above.tag in ("html", "body"):
            break
        for name, cost in _names(above, bearers):
            for css, more in own:
                yield Form(css, attribute, name), 1 + cost + more
                if distance == 0:
                    yield Form(css, attribute, name, direct=True), 1.1 + cost + more
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
        if isinstance(child.tag, str) and len(child) == 0 and not (child.text or "").strip():
            for name, cost in _names(child, bearers):
                yield f"{node.tag}:has(> {name})", cost + 1.5


class Chooser:
    """Tries selectors on all of some pages. `small` are the elements of each that hold little."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views
        self._values: dict[tuple[Node, str | None], str] = {}
        self._below: dict[tuple[int, str, bool], set[Node]] = {}
        self.small = [list(small_elements(view.tree)) for view in views]
        self._bearers = [
            Counter(one for node in view.order for one in set((node.get("class") or "").split())) for view in views
        ]

    def candidates(self, wanted: Sequence[Collection[tuple[Node, str]]], fewest: int = 2) -> list[tuple[Form, float]]:
        """The selectors of the nodes (each with an attribute or "") that are wanted on each page, and their costs.

        Those that fit on less than `fewest` pages are left out, where there are several pages.
        """
        pages: Counter[Form] = Counter()
        costs: dict[Form, float] = {}
        for bearers, nodes in zip(self._bearers, wanted, strict=True):
            here: set[Form] = set()
            for node, attribute in nodes:
                for form, cost in forms_of(node, attribute, bearers):
                    here.add(form)
                    costs[form] = max(cost, costs.get(form, 0))
            pages.update(here)
        several = sum(1 for nodes in wanted if nodes) > 2
        fit = [form for form, times in pages.items() if times >= fewest or not several]
        fit.sort(key=lambda form: (-pages[form], costs[form], form.css))
        return [(form, costs[form]) for form in fit[:MOST_CANDIDATES]]

    def matches(self, form: Form, where: Callable[[int, Node], bool] | None = None) -> list[list[Node]]:
        """What a selector matches on each page, in page order; only nodes with a value, and those that `where` accepts.

        The same as `crawler.extraction.select` finds, without looking through the page for each selector.
        """
        return [
            [
                node
                for node in self._at(number, form)
                if (where is None or where(number, node)) and self.value(node, form.attribute)
            ]
            for number in range(len(self.views))
        ]

    def _at(self, number: int, form: Form) -> list[Node]:
        nodes = self._index[number].get(form.own, [])
        if not nodes or not form.outer:
            return nodes
        key = (number, form.outer, form.direct)
        if key not in self._below:
            outer = self._index[number].get(form.outer, [])
            walks = (node.iterchildren(etree.Element) if form.direct else _inner(node) for node in outer)
            self._below[key] = {node for walk in walks for node in walk}
        return [node for node in nodes if node in self._below[key]]

    @cached_property
    def _index(self) -> list[dict[str, list[Node]]]:
        """For each page, the elements that a selector of one part matches."""
        out = []
        for view in self.views:
            index: defaultdict[str, list[Node]] = defaultdict(list)
            for node in view.order:
                for css in {css for css, _ in _own_forms(node, Counter())}:
                    index[css].append(node)
            out.append(dict(index))
        return out

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
        for small in self.small:
            times.update({folded(self.value(node)) for node in small})
        return times


@lru_cache(maxsize=1)
def chooser_of(views: tuple[View, ...]) -> Chooser:
    """The chooser of some pages: one field is learned after the other, and they ask for the same words."""
    return Chooser(views)


@lru_cache(maxsize=8192)
def slug_of(text: str) -> str:
    """A text as it would stand in an address; the words of the frame are asked about on every page."""
    return slug(text)


def value_of(node: Node, attribute: str | None) -> str:
    """What a selector reads from a node: its words, or an attribute; of an element that is large, their beginning."""
    if attribute:
        return squash(node.get(attribute) or "")
    if next(islice(node.iterdescendants(), LARGE, None), None) is not None:
        return squash(" ".join(islice(node.itertext(), LARGE)))
    return squash(words(node))


def _inner(node: Node) -> Iterator[Node]:
    return islice(node.iter(etree.Element), 1, None)


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
