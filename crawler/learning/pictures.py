"""Captions: nodes beside pictures that have a name of their own, within the body and above it."""

from collections import defaultdict
from collections.abc import Sequence

from lxml import etree

from crawler.extraction.select import Node, select_all, select_first, select_largest, words
from crawler.extraction.simplify import CAPTION_LENGTH
from crawler.extraction.text import squash
from crawler.learning.prose import page_titles
from crawler.learning.selectors import Case, Pick, covering, simple
from crawler.learning.views import Leaf, View

BESIDE = 0.9
"""Share of a name's nodes that have to stand at a picture for the name to mean a caption: among paragraphs that share
a class, those behind a picture are few."""

FEWEST_CAPTIONS, FEWEST_PAGES = 3, 2
"""Nodes, and pages, that a name has to be seen on."""


def body_in(view: View, body: str) -> Node | None:
    """The body that a layout's selector finds on a page."""
    found = select_largest(view.tree, body)
    return found.node if found else None


def after_picture(view: View) -> set[Leaf]:
    """The blocks that hold a picture or come right after one, nothing between but the same words (alternative text)."""
    leaves = {leaf.node: leaf for leaf in view.leaves}
    out: set[Leaf] = set()
    is_after = False
    block: Leaf | None = None
    for node in view.order:
        if node.tag == "img":
            is_after = True
            if block is not None and any(above is block.node for above in node.iterancestors()):
                out.add(block)
        elif node in leaves:
            last, block = block, leaves[node]
            is_after = is_after or (last is not None and last in out and last.letters == block.letters)
            if is_after:
                out.add(block)
            is_after = False
    return out


def captions_of(views: Sequence[View], body: str, lead: str = "") -> str:
    """A selector list of captions within the body, empty if none has a name that only captions bear.

    A picture may stand above the `lead` as well.
    """
    beside: defaultdict[str, set[Leaf]] = defaultdict(set)
    pages: defaultdict[str, set[View]] = defaultdict(set)
    depths: dict[str, int] = {}
    caption_nodes: set[Node] = set()
    for view in views:
        node = body_in(view, body)
        leads = set(select_all(view.tree, lead))
        for leaf in after_picture(view) if node is not None else ():
            if len(leaf.text) > CAPTION_LENGTH or node not in leaf.node.iterancestors():
                continue
            if leads.intersection((leaf.node, *leaf.node.iterancestors())):
                continue
            for depth, one in enumerate(_bearers(view, leaf, node)):
                caption_nodes.add(one)
                for name in simple(one):
                    beside[name].add(leaf)
                    pages[name].add(view)
                    depths[name] = min(depths.get(name, depth), depth)
    good = {
        name: found
        for name, found in beside.items()
        if name != "figcaption"
        and len(found) >= FEWEST_CAPTIONS
        and len(pages[name]) >= FEWEST_PAGES
        and _share(name, caption_nodes, views, body) >= BESIDE
    }
    chosen: list[str] = []
    covered: set[Leaf] = set()
    for name in sorted(good, key=lambda one: (depths[one], -len(good[one]), len(one), one)):
        if len(good[name] - covered) >= FEWEST_CAPTIONS:
            chosen.append(name)
            covered |= good[name]
    return ", ".join(chosen)


def _share(name: str, captions: set[Node], views: Sequence[View], body: str) -> float:
    """The share of a name's nodes with words, in bodies, that are captions."""
    nodes = [
        node
        for view in views
        if (top := body_in(view, body)) is not None
        for node in view.bearers.get(name, ())
        if (top in node.iterancestors() or top in node.iterdescendants() or node is top) and squash(words(node))
    ]
    return sum(node in captions for node in nodes) / len(nodes) if nodes else 0.0


def _bearers(view: View, leaf: Leaf, body: Node) -> list[Node]:
    """The elements whose words are just those of a block, from the innermost on."""
    within = [one for one in leaf.node.iterdescendants(etree.Element) if one.get("class") or one.get("id")]
    same = [one for one in within if squash(words(one)) == leaf.text]
    out = [*reversed(same), leaf.node]
    for above in leaf.node.iterancestors():
        if above is body or len(view.leaves_in(above)) > 1 or squash(words(above)) != leaf.text:
            break
        out.append(above)
    return out


def title_end(view: View, title: str, before: int) -> int:
    """The place of the last element of a page's title, or of what its head calls it; -1 if none is before `before`."""
    found = select_first(view.tree, title) if title else None
    nodes = [found.node] if found and view.order[found.node] < before else []
    nodes = nodes or [leaf.node for leaf in view.leaves if any(leaf.letters in one for one in page_titles(view))]
    ends = [view.order[list(node.iter(etree.Element))[-1]] for node in nodes]
    return max((one for one in ends if one < before), default=-1)


def above_of(views: Sequence[View], body: str, title: str, lead: str) -> str:
    """A selector of captions at a picture that stands above the body, empty if there is none with a name."""
    cases = []
    for view in views:
        node = body_in(view, body)
        if node is None:
            continue
        place, around = view.order[node], set(node.iterancestors())
        leads = set(select_all(view.tree, lead))
        start = title_end(view, title, place)
        pictured = after_picture(view)
        found = tuple(
            leaf.node
            for leaf in view.leaves
            if -1 < start < view.order[leaf.node] < place
            and leaf.node not in around
            and leaf in pictured
            and len(leaf.text) <= CAPTION_LENGTH
            and not leads.intersection((leaf.node, *leaf.node.iterancestors()))
        )
        cases.append(Case(view, found))
    seen = [case for case in cases if case.nodes]
    if len(seen) < FEWEST_CAPTIONS:
        return ""
    return covering(cases, Pick.ALL, most=1, right=BESIDE)
