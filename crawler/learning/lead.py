"""The lead: a block that varies, between title and body or at the body's head."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lxml import etree

from crawler.extraction.prose import MOSTLY_LINKED
from crawler.extraction.select import Node, select_all, words
from crawler.extraction.text import folded
from crawler.learning.body import LEADING
from crawler.learning.pictures import after_picture, body_in, title_end
from crawler.learning.prose import TELLING_LETTERS, Prose, is_changing, is_date_line, page_titles
from crawler.learning.selectors import Chain, rank, simple
from crawler.learning.views import Leaf, View

RIGHT = 0.9
"""Share of the pages with such a node on which it has to stand where leads do."""

FEWEST = 2
"""Pages that have to have one within the body; above it nothing else says so much."""

LARGEST_PART = 0.5
"""Part of the words that a lead has at most on the median page: what has more is a body."""

LONG_CAPTION = 100
"""Letters from which a block below a picture is a lead rather than a caption: leads have 80 to 140 in the middle,
captions half of that."""

SAME_BEGINNING = 30
"""Letters that a lead and the description in a page's head have in common from their beginning: descriptions are cut,
commonly at 150 to 160 characters, and some begin with a place or a source."""


@dataclass(frozen=True)
class _Place:
    """Where a lead can stand on one page: its blocks above the body, those within, and those that are captions."""

    view: View
    body: Node
    start: int
    above: tuple[Leaf, ...]
    within: tuple[Leaf, ...]
    captions: frozenset[Node]
    told: frozenset[Leaf]


def lead_of(views: Sequence[View], prose: dict[View, Prose], body: str, title: str) -> str:
    """A selector of leads, empty if none can be trusted; `body` and `title` are the selectors of those."""
    places = [place for view in views if (place := _place(view, prose[view], body, title))]
    best: tuple[float, int, tuple[int, int, str], str] | None = None
    for chain in _candidates(places):
        found = [
            (place, nodes) for place in places if (nodes := [one for one in chain.nodes(place.view) if _said(one)])
        ]
        right = [(place, nodes[0]) for place, nodes in found if len(nodes) == 1 and _is_lead(nodes[0], place)]
        if len(right) < RIGHT * len(found) or not _is_enough(right):
            continue
        if (
            median(_part(node, place) for place, node in right) > LARGEST_PART
            or median(len(_said(node)) for _, node in right) < TELLING_LETTERS
        ):
            continue
        covered = sum(_told_within(node, place) for place, node in right)
        key = (-covered, len(chain.parts), rank(chain.parts[-1][-1]), chain.written())
        best = min(best, key) if best else key
    return best[3] if best else ""


def _part(node: Node, place: _Place) -> float:
    """What part a node's letters are of all those of lead and body, 0 to 1."""
    own, others = len(_said(node)), len(_said(place.body))
    total = others if place.body in node.iterancestors() else own + others
    return own / total if total else 1.0


def _is_enough(right: Sequence[tuple[_Place, Node]]) -> bool:
    return len(right) >= FEWEST or any(
        place.view.order[node] < place.view.order[place.body] and _told_within(node, place) for place, node in right
    )


def unled(views: Sequence[View], prose: dict[View, Prose], body: str, title: str, lead: str) -> float:
    """The share of the pages on which prose stands between title and body that `lead` does not read."""
    places = [place for view in views if (place := _place(view, prose[view], body, title))]
    lost = 0
    for place in places:
        read = set(select_all(place.view.tree, lead)) if lead else set()
        lost += any(not read.intersection((leaf.node, *leaf.node.iterancestors())) for leaf in place.above)
    return lost / len(places) if places else 0.0


def describes(view: View, text: str) -> bool | None:
    """Whether the description in a page's head begins as `text` does; None if it has none, or says the title."""
    wanted = folded(text)[:SAME_BEGINNING]
    given = [
        letters
        for node in select_all(view.tree, 'meta[name="description"], meta[property="og:description"]')
        if len(letters := folded(node.get("content") or "")) >= SAME_BEGINNING
        and not any(letters in title or title in letters for title in page_titles(view))
    ]
    if not given:
        return None
    return any(wanted in one for one in given)


def _place(view: View, prose: Prose, body: str, title: str) -> _Place | None:
    node = body_in(view, body)
    if node is None:
        return None
    end, around = view.order[node], {node, *node.iterancestors()}
    start = title_end(view, title, view.order[list(node.iter(etree.Element))[-1]] + 1)
    telling = [leaf for leaf in prose.telling if view.order[leaf.node] > start]
    above = tuple(leaf for leaf in telling if view.order[leaf.node] < end and leaf.node not in around)
    inner = tuple(leaf for leaf in telling if leaf.node is not node and node in leaf.node.iterancestors())
    pictured = frozenset(leaf.node for leaf in after_picture(view))
    return _Place(view, node, start, above, inner, pictured, frozenset((*above, *inner[:1])))


def _candidates(places: Sequence[_Place]) -> list[Chain]:
    """What the blocks where leads can stand, and the elements that hold nothing else, may be called."""
    out: dict[Chain, None] = {}
    for place in places:
        for leaf in (*place.above, *place.within[:1]):
            outer: list[str] = []
            for above in leaf.node.iterancestors():
                outer += simple(above)[:2]
            for node in (leaf.node, *leaf.node.iterancestors()):
                if place.view.holds(node, place.body):
                    break
                out.update(dict.fromkeys(Chain(((name,),)) for name in simple(node)))
                out.update(dict.fromkeys(Chain(((name,), (one,))) for name in outer[:4] for one in simple(node)))
                if node.tag in ("h2", "h3", "h4", "strong", "blockquote"):
                    out.update(dict.fromkeys(Chain(((name,), (node.tag,))) for name in outer[:4]))
    return list(out)


def _is_lead(node: Node, place: _Place) -> bool:
    """Whether a node stands where leads do and says what they do."""
    view = place.view
    here = view.order[node]
    if here <= place.start or view.holds(node, place.body) or not _speaks(node, place):
        return False
    if view.holds(place.body, node):
        first = next((view.order[leaf.node] for leaf in place.within if leaf.node not in place.captions), here)
        return here <= first
    return here < view.order[place.body]


def _speaks(node: Node, place: _Place) -> bool:
    """Whether a node's blocks are few, and no links, no caption, no line of dates, and nothing that changes."""
    inside = place.view.leaves_in(node)
    letters = sum(len(leaf.letters) for leaf in inside)
    # The whole article is no lead, on however many pages it is called as one.
    if not inside or sum(len(leaf.letters) >= TELLING_LETTERS for leaf in inside) > LEADING:
        return False
    if any(is_date_line(leaf) or is_changing(leaf, place.view) for leaf in inside):
        return False
    if sum(leaf.linked for leaf in inside) >= MOSTLY_LINKED * letters:
        return False
    is_pictured = any(leaf.node in place.captions for leaf in inside)
    return not is_pictured or letters >= LONG_CAPTION or describes(place.view, words(node)) is True


def _told_within(node: Node, place: _Place) -> int:
    return sum(len(leaf.letters) for leaf in place.told if place.view.holds(node, leaf.node))


def _said(node: Node) -> str:
    return folded(words(node))
