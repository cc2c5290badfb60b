"""Where the body stands: the narrowest container that holds an article's words on the pages of a template."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from crawler.extraction.prose import MOSTLY_LINKED
from crawler.extraction.select import Node, words
from crawler.extraction.text import folded
from crawler.learning.prose import TELLING_LETTERS, Prose, is_changing, is_repeated
from crawler.learning.selectors import Case, Chain, Pick, chosen, rank, simple
from crawler.learning.views import Leaf, Recurring, View

FEWEST_LETTERS = 100
"""Letters of sure prose from which a page has a say: on shorter ones trafilatura returns whatever else there is."""

LEADING = 2
"""Blocks right above a container that are a lead rather than lost; leads of two paragraphs are known."""

AS_GOOD = 0.005
"""Difference of two containers' marks that tells nothing."""

FEWEST_MARK = 0.5
"""Mark below which a container is no body: half of it is something else, or half of the text is elsewhere."""

NEAREST = 3
"""Named ancestors by which a container without a name is looked for."""


@dataclass(frozen=True)
class Body:
    """A selector of bodies, its mark (0 to 1), and the pages on which it holds the prose and on which it does not."""

    selector: str
    mark: float
    fits: tuple[View, ...]
    misfits: tuple[View, ...]


@dataclass(frozen=True)
class _Held:
    """What a container holds of a page: the share of its sure prose, and how much of it is that."""

    recall: float
    precision: float

    @property
    def mark(self) -> float:
        """The harmonic mean of both."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0


def body_of(views: Sequence[View], prose: dict[View, Prose], counted: Recurring, *, leads: bool = True) -> Body | None:
    """The best container of the article's words on pages of one template; None if nothing with a name that stays does.

    Marked by the mean, over the pages, of the harmonic mean of two shares: how much of the sure prose it holds (with
    `leads`, the blocks right above it are not missed), and how much of what it holds is that and no links, no recurring
    or changing blocks. A page on which it is not to be found counts as nothing.
    """
    telling = [view for view in views if prose[view].letters >= FEWEST_LETTERS] or list(views)
    pages = [_Page(view, prose[view], counted) for view in telling]
    marks: dict[Chain, float] = {}
    for chain in _candidates(pages):
        marks[chain] = fmean(page.held(chain, leads=leads).mark for page in pages)
    best = max(marks.values(), default=0)
    if best < FEWEST_MARK:
        return None
    good = [chain for chain, mark in marks.items() if mark >= best - AS_GOOD]
    held = {chain: fmean(page.held(chain, leads=leads).recall for page in pages) for chain in good}
    whole = [chain for chain in good if held[chain] >= max(held.values()) - AS_GOOD / 10]

    def order(chain: Chain) -> tuple[int, int, tuple[int, int, str], str]:
        # Of containers that hold the same prose the narrowest: what else a wider one holds is not the article's.
        return len(chain.parts), sum(page.size(chain) for page in pages), rank(chain.parts[-1][-1]), chain.written()

    selector = min(whole, key=order)
    mark = marks[selector]
    misfits = tuple(page.view for page in pages if page.is_empty(selector))
    missing = tuple(view for view in views if view not in telling and not selector.nodes(view))
    out = (*misfits, *missing)
    return Body(selector.written(), mark, tuple(view for view in views if view not in out), out)


class _Page:
    """One page as containers are marked on it."""

    def __init__(self, view: View, prose: Prose, counted: Recurring) -> None:
        self.view, self.prose = view, prose
        self.sure: defaultdict[Node, int] = defaultdict(int)
        self.other: defaultdict[Node, float] = defaultdict(float)
        sure = set(prose.sure)
        for leaf in view.leaves:
            size = len(leaf.letters)
            if leaf in sure:
                _add(self.sure, leaf, size)
            elif leaf.link_share >= MOSTLY_LINKED or is_repeated(leaf, counted) or is_changing(leaf, view):
                _add(self.other, leaf, size)
            elif leaf in prose.telling:
                # Comments and excerpts vary like the article; but trafilatura loses captions and leads too.
                _add(self.other, leaf, size / 2)
        self._held: dict[Chain, Node | None] = {}

    def held(self, chain: Chain, *, leads: bool) -> _Held:
        """How well a selector's largest node holds the page's prose."""
        node = self.largest(chain)
        if node is None:
            return _Held(0, 0)
        inside = self.sure[node]
        total = self.prose.letters
        if leads and inside:
            total -= sum(len(leaf.letters) for leaf in leading(self.view, self.prose, node))
        around = inside + self.other[node]
        return _Held(inside / total if total else 0.0, inside / around if around else 0.0)

    def size(self, chain: Chain) -> int:
        """Letters of the words of a selector's largest node."""
        node = self.largest(chain)
        return len(folded(words(node))) if node is not None else 0

    def is_empty(self, chain: Chain) -> bool:
        """Whether the text stands elsewhere: what a selector finds, if anything, says next to nothing."""
        node = self.largest(chain)
        return node is None or sum(len(leaf.letters) for leaf in _within(self.prose.telling, node)) < TELLING_LETTERS

    def largest(self, chain: Chain) -> Node | None:
        """The node that a layout would take."""
        if chain not in self._held:
            self._held[chain] = next(iter(chosen(self.view, chain, Pick.LARGEST)), None)
        return self._held[chain]


def _add(sums: defaultdict[Node, int] | defaultdict[Node, float], leaf: Leaf, size: float) -> None:
    for node in (leaf.node, *leaf.node.iterancestors()):
        sums[node] += size  # type: ignore[assignment]


def _within(leaves: Iterable[Leaf], node: Node) -> list[Leaf]:
    return [leaf for leaf in leaves if leaf.node is node or any(above is node for above in leaf.node.iterancestors())]


def leading(view: View, prose: Prose, body: Node) -> list[Leaf]:
    """The sure blocks right above a container: at most a lead, so none if more stand there."""
    place = view.order[body]
    around = set(body.iterancestors())
    before = [leaf for leaf in prose.sure if view.order[leaf.node] < place and leaf.node not in around]
    return before if len(before) <= LEADING else []


def _candidates(pages: Iterable[_Page]) -> list[Chain]:
    """What the containers of sure prose may be called: by a name of theirs, or by their tag below a named one."""
    out: dict[Chain, None] = {}
    for page in pages:
        for node in page.sure:
            names = simple(node)
            out.update(dict.fromkeys(Chain(((name,),)) for name in names))
            if not names:
                named = [one for above in node.iterancestors() for one in simple(above)[:1]][:NEAREST]
                out.update(dict.fromkeys(Chain(((name,), (node.tag,)), is_child=True) for name in named[:1]))
                out.update(dict.fromkeys(Chain(((name,), (node.tag,))) for name in named))
    return list(out)


def cases_of(views: Iterable[View], nodes: dict[View, Sequence[Node]]) -> list[Case]:
    """What is to be picked on each view, for `selectors`."""
    return [Case(view, tuple(nodes.get(view, ()))) for view in views]
