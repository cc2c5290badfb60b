"""Where the body stands: the narrowest container that holds an article's words on the pages of a template."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

from crawler.extraction.prose import MOSTLY_LINKED
from crawler.extraction.select import Node
from crawler.learning.prose import TELLING_LETTERS, Prose, is_changing, is_repeated
from crawler.learning.selectors import Chain, Pick, chosen, is_look, rank, simple
from crawler.learning.views import Leaf, Recurring, View

FEWEST_LETTERS = 100
"""Letters of sure prose from which a page has a say: on shorter ones trafilatura returns whatever else there is."""

LEADING = 2
"""Blocks right above a container that are a lead rather than lost; leads of two paragraphs are known."""

TEXT_WEIGHS = 2
"""How much more than its furniture the text of a body counts: furniture can be dropped, text that is missed is lost."""

UNSURE = 0.5
"""What a letter counts that varies, but that trafilatura does not return."""

REGULAR = 0.8
"""Share of the pages that have varying blocks at a place of the template, from which these are the article's."""

NAMELESS = 0.1
"""What a container without a name of its own has to be better by: of its fellows the largest is another on a short
page."""

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


def body_of(views: Sequence[View], prose: dict[View, Prose], counted: Recurring, *, leads: bool = True) -> Body | None:
    """The best container of the article's words on pages of one template; None if nothing with a name that stays does.

    Marked by two shares of letters on all pages: how much of the sure prose it holds (with `leads`, the blocks right
    above it are not missed), and how much of what it holds is that and no links, no recurring or changing blocks; in
    their mean the first weighs `TEXT_WEIGHS` times the second.
    """
    telling = [view for view in views if prose[view].letters >= FEWEST_LETTERS] or list(views)
    regular = _regular(telling, prose)
    pages = [_Page(view, prose[view], counted, regular) for view in telling]
    marks = {chain: _mark(chain, pages, leads=leads) for chain in _candidates(pages)}
    best = max(marks.values(), default=0)
    if best < FEWEST_MARK:
        return None
    selector, mark = min(
        ((chain, mark) for chain, mark in marks.items() if mark >= best - AS_GOOD),
        key=lambda one: _preferred(one[0], pages),
    )
    misfits = tuple(page.view for page in pages if page.is_empty(selector))
    missing = tuple(view for view in views if view not in telling and not selector.nodes(view))
    out = (*misfits, *missing)
    return Body(selector.written(), mark, tuple(view for view in views if view not in out), out)


def _preferred(chain: Chain, pages: Sequence["_Page"]) -> tuple[int, bool, float, tuple[int, int, str], str]:
    """The order of containers that are equally good: the deepest first, since a wider one holds more of the frame.

    But for those that are called by their look alone.
    """
    depths = [len(list(node.iterancestors())) for page in pages if (node := page.largest(chain)) is not None]
    name = chain.parts[-1][-1]
    return len(chain.parts), is_look(name.lstrip(".")), -median(depths), rank(name), chain.written()


def _mark(chain: Chain, pages: Sequence["_Page"], *, leads: bool) -> float:
    """How well a selector's largest nodes hold the prose of pages, 0 to 1 (an F-measure)."""
    held, wanted, other = 0.0, 0.0, 0.0
    for page in pages:
        inside, missed, more = page.held(chain, leads=leads)
        held, wanted, other = held + inside, wanted + inside + missed, other + more
    if not held:
        return 0.0
    recall, precision, weight = held / wanted, held / (held + other), TEXT_WEIGHS**2
    mark = (1 + weight) * recall * precision / (weight * precision + recall)
    return mark if len(chain.parts) == 1 else mark - NAMELESS


class _Page:
    """One page as containers are marked on it."""

    def __init__(self, view: View, prose: Prose, counted: Recurring, regular: Collection[str]) -> None:
        self.view, self.prose = view, prose
        self.wanted: defaultdict[Node, float] = defaultdict(float)
        self.other: defaultdict[Node, float] = defaultdict(float)
        self.sizes: dict[Leaf, float] = {}
        sure, telling = set(prose.sure), set(prose.telling)
        for leaf in view.leaves:
            size = len(leaf.letters)
            if leaf in sure or (leaf in telling and _place(leaf) in regular):
                self.sizes[leaf] = size if leaf in sure else size * UNSURE
                _add(self.wanted, leaf, self.sizes[leaf])
            elif leaf in telling:
                # Comments vary like the article; but trafilatura loses captions and leads too.
                _add(self.other, leaf, size * UNSURE)
            elif size >= TELLING_LETTERS or leaf.link_share >= MOSTLY_LINKED or _is_frame(leaf, view, counted):
                _add(self.other, leaf, size)
        self.total = sum(self.sizes.values())
        self._held: dict[Chain, Node | None] = {}

    def held(self, chain: Chain, *, leads: bool) -> tuple[float, float, float]:
        """Letters of the page's prose that a selector's largest node holds, and misses, and what else it holds."""
        node = self.largest(chain)
        if node is None:
            return 0, self.total, 0
        inside = self.wanted[node]
        missed = self.total - inside
        if leads and inside:
            missed -= sum(self.sizes[leaf] for leaf in self._leading(node))
        return inside, missed, self.other[node]

    def _leading(self, body: Node) -> list[Leaf]:
        """The blocks of prose right above a container: at most a lead, so none if more stand there."""
        place, around = self.view.order[body], set(body.iterancestors())
        before = [leaf for leaf in self.sizes if self.view.order[leaf.node] < place and leaf.node not in around]
        return before if len(before) <= LEADING else []

    def is_empty(self, chain: Chain) -> bool:
        """Whether the text stands elsewhere: what a selector finds, if anything, says next to nothing."""
        node = self.largest(chain)
        telling = self.prose.telling if node is not None else ()
        return sum(len(leaf.letters) for leaf in telling if self.view.holds(node, leaf.node)) < TELLING_LETTERS

    def largest(self, chain: Chain) -> Node | None:
        """The node that a layout would take."""
        if chain not in self._held:
            self._held[chain] = next(iter(chosen(self.view, chain, Pick.LARGEST)), None)
        return self._held[chain]


def _is_frame(leaf: Leaf, view: View, counted: Recurring) -> bool:
    return is_repeated(leaf, counted) or is_changing(leaf, view)


def _add(sums: defaultdict[Node, float], leaf: Leaf, size: float) -> None:
    for node in (leaf.node, *leaf.node.iterancestors()):
        sums[node] += size


def _place(leaf: Leaf) -> str:
    """The name of what a block stands in."""
    return next((simple(above)[0] for above in leaf.node.iterancestors() if simple(above)), "")


def _regular(views: Sequence[View], prose: dict[View, Prose]) -> set[str]:
    """Where on most pages blocks stand that vary, whether trafilatura returns them or not.

    It returns one container, so of a body in two parts only one; comments, which it leaves as well, few pages have.
    """
    places = Counter(place for view in views for place in {_place(leaf) for leaf in prose[view].telling})
    return {place for place, pages in places.items() if pages >= REGULAR * len(views)}


def _candidates(pages: Iterable[_Page]) -> list[Chain]:
    """What the containers of sure prose may be called: by a name of theirs, or by their tag below a named one."""
    out: dict[Chain, None] = {}
    for page in pages:
        for node in page.wanted:
            names = simple(node)
            out.update(dict.fromkeys(Chain(((name,),)) for name in names))
            if not names:
                around = (one for above in node.iterancestors() for one in simple(above)[:1])
                named = list(islice(around, NEAREST))
                out.update(dict.fromkeys(Chain(((name,), (node.tag,)), is_child=True) for name in named[:1]))
                out.update(dict.fromkeys(Chain(((name,), (node.tag,))) for name in named))
    return list(out)
