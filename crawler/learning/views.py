"""Pages as learning sees them: the blocks that hold words, and which of them recur from page to page."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from crawler.extraction.page import Page
from crawler.extraction.prose import whole_page
from crawler.extraction.select import Node
from crawler.extraction.simplify import BLOCK_TAGS, SKIPPED_TAGS
from crawler.extraction.text import folded, squash
from crawler.learning.specimen import Specimen

MOST_ELEMENTS, MOST_LEAVES, MOST_DEEP = 10_000, 3_000, 150
"""Elements, blocks with words, and levels of a page that a layout is learned from. Articles of portals have 2,000 to
5,000 elements, one of 500 paragraphs some 3,000, and nest 20 to 40 deep; learning takes time as there are blocks times
the elements around each, and the words of one page in a hundred teach nothing that the others do not."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """A block with words of its own: words that stand in no block within it.

    `letters` are the words folded (letters and digits, case folded), `linked` counts those of them that stand in
    links, `hrefs` are the links as written.
    """

    node: Node
    text: str
    letters: str
    linked: int
    hrefs: tuple[str, ...] = ()

    @property
    def link_share(self) -> float:
        """Share of the letters that stand in links, 0 to 1."""
        return self.linked / len(self.letters)


class View:
    """One specimen's page, parsed once; its tree is not to be changed."""

    def __init__(self, specimen: Specimen) -> None:
        self.specimen = specimen
        # A reading takes nodes out of a page's tree, so this is a page of its own.
        self.page = _afresh(specimen.page)

    @property
    def tree(self) -> Node:
        """The parsed page."""
        return self.page.tree

    def too_much(self) -> str | None:
        """What of the page is more than learning looks at; None if nothing is."""
        if len(self.order) > MOST_ELEMENTS:
            return f"{len(self.order):,} elements"
        deep: dict[Node, int] = {}
        for node in self.order:
            deep[node] = deep.get(node.getparent(), 0) + 1
            if deep[node] > MOST_DEEP:
                return f"elements more than {MOST_DEEP} deep"
        return f"{len(self.leaves):,} blocks of words" if len(self.leaves) > MOST_LEAVES else None

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The page's blocks with words, in their order; scripts, styles and the head are none."""
        return tuple(leaves_of(self.tree))

    @cached_property
    def letters(self) -> frozenset[str]:
        """The letters of the page's blocks, each once."""
        return frozenset(leaf.letters for leaf in self.leaves)

    @cached_property
    def again(self) -> frozenset[str] | None:
        """The letters of the blocks when the page was fetched once more; None if it was not."""
        page = self.specimen.again
        return frozenset(leaf.letters for leaf in leaves_of(_afresh(page).tree)) if page else None

    @cached_property
    def returned(self) -> str:
        """The letters that trafilatura returns of the page: it takes most of the time."""
        return "".join(folded(draft.text) for draft in whole_page(self.page.decoded.utf8, {}))

    @cached_property
    def order(self) -> dict[Node, int]:
        """The place of every element in the page, from 0.

        It also keeps lxml's elements alive, so that they can be compared and be keys.
        """
        return {node: number for number, node in enumerate(self.tree.iter(etree.Element))}

    @cached_property
    def last(self) -> dict[Node, int]:
        """The place of the last element within each element, its own if it holds none."""
        out = dict(self.order)
        for node in reversed(self.order):
            above = node.getparent()
            if above in out:
                out[above] = max(out[above], out[node])
        return out

    def holds(self, node: Node, other: Node) -> bool:
        """Whether `node` is `other` or stands around it."""
        return self.order[node] <= self.order[other] <= self.last[node]

    @cached_property
    def _places(self) -> list[int]:
        return [self.order[leaf.node] for leaf in self._ordered]

    @cached_property
    def _ordered(self) -> list[Leaf]:
        return sorted(self.leaves, key=lambda leaf: self.order[leaf.node])

    def leaves_in(self, node: Node) -> list[Leaf]:
        """The blocks with words that `node` is or holds, in their order."""
        first, end = bisect_left(self._places, self.order[node]), bisect_right(self._places, self.last[node])
        return self._ordered[first:end]

    @cached_property
    def bearers(self) -> dict[str, list[Node]]:
        """The elements that bear ``tag``, ``#id``, ``.class`` or ``[itemprop="x"]``, in their order."""
        out: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.order:
            for name in names_of(node):
                out[name].append(node)
        return dict(out)


def names_of(node: Node) -> list[str]:
    """All that a simple selector can ask of an element: tag, id, classes, and what microdata calls it."""
    out = [node.tag]
    if (name := (node.get("id") or "").strip()) and " " not in name:
        out.append(f"#{name}")
    out += [f".{one}" for one in dict.fromkeys((node.get("class") or "").split())]
    out += [f'[itemprop="{one}"]' for one in (node.get("itemprop") or "").split() if one.isalnum()]
    return out


def leaves_of(tree: Node) -> Iterator[Leaf]:
    """The blocks of `tree` that hold words of their own, in the order in which they begin."""
    blocks: dict[Node, _Words] = {}
    open_blocks: list[_Words] = []
    links: list[Node] = []
    walk = etree.iterwalk(tree, events=("start", "end"))
    skipping: Node | None = None
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in SKIPPED_TAGS or not isinstance(tag, str):
                skipping = element
                walk.skip_subtree()
                continue
            if tag in BLOCK_TAGS or not open_blocks:
                open_blocks.append(blocks.setdefault(element, _Words()))
            elif tag == "br":
                open_blocks[-1].add(" ", is_linked=False)
            if tag == "a":
                links.append(element)
                if href := element.get("href"):
                    open_blocks[-1].hrefs.append(href)
            if element.text:
                open_blocks[-1].add(element.text, is_linked=bool(links))
            continue
        if element is skipping:
            skipping = None
        else:
            if links and links[-1] is element:
                links.pop()
            if tag in BLOCK_TAGS or element is tree:
                open_blocks.pop()
        if open_blocks and element.tail:
            # Words behind a block within this one do not go on from those before it.
            open_blocks[-1].add(" " if tag in BLOCK_TAGS else "", is_linked=False)
            open_blocks[-1].add(element.tail, is_linked=bool(links))
    for node, said in blocks.items():
        text = squash("".join(said.parts))
        letters = folded(text)
        if letters:
            yield Leaf(node, text, letters, len(folded("".join(said.linked))), tuple(dict.fromkeys(said.hrefs)))


@dataclass(slots=True)
class _Words:
    """What was met of a block's own words so far."""

    parts: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)

    def add(self, text: str, *, is_linked: bool) -> None:
        self.parts.append(text)
        if is_linked:
            self.linked.append(text)


def _afresh(page: Page) -> Page:
    return Page(page.url, page.body, page.content_type)


@dataclass(frozen=True)
class Recurring:
    """In how many of some pages each block's letters stand."""

    pages: int
    times: Counter[str] = field(default_factory=Counter)

    def share(self, leaf: Leaf) -> float:
        """The share of the pages that have a block of the same letters, 0 to 1."""
        return self.times[leaf.letters] / self.pages if self.pages else 0.0


def recurring(views: Sequence[View]) -> Recurring:
    """Count in how many of `views` each block stands."""
    times: Counter[str] = Counter()
    for view in views:
        times.update(view.letters)
    return Recurring(len(views), times)
