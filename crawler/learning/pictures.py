"""Captions: nodes beside pictures that have a name of their own, within the body and above it."""

from collections import defaultdict
from collections.abc import Sequence

from lxml import etree

from crawler.extraction.select import Node, select_largest, words
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


def captions_of(views: Sequence[View], body: str) -> str:
    """A selector list of captions within the body, empty if none has a name that only captions bear."""
    beside: defaultdict[str, list[tuple[View, Leaf]]] = defaultdict(list)
    elsewhere: defaultdict[str, int] = defaultdict(int)
    inner: dict[str, int] = {}
    for view in views:
        node = body_in(view, body)
        if node is None:
            continue
        pictured = after_picture(view)
        for leaf in view.leaves:
            if not any(above is node for above in leaf.node.iterancestors()):
                continue
            is_caption = leaf in pictured and len(leaf.text) <= CAPTION_LENGTH
            for depth, one in enumerate(_bearers(leaf, node)):
                for name in simple(one):
                    if name == "figcaption":
                        continue
                    inner[name] = min(inner.get(name, depth), depth)
                    if is_caption:
                        beside[name].append((view, leaf))
                    else:
                        elsewhere[name] += 1
    good = {
        name: found
        for name, found in beside.items()
        if len(found) >= FEWEST_CAPTIONS
        and len({view for view, _ in found}) >= FEWEST_PAGES
        and len(found) >= BESIDE * (len(found) + elsewhere[name])
    }
    chosen: list[str] = []
    covered: set[Leaf] = set()
    for name in sorted(good, key=lambda one: (inner[one], -len(good[one]), len(one), one)):
        leaves = {leaf for _, leaf in good[name]}
        if len(leaves - covered) >= FEWEST_CAPTIONS:
            chosen.append(name)
            covered |= leaves
    return ", ".join(chosen)


def _bearers(leaf: Leaf, body: Node) -> list[Node]:
    """The elements whose words are just those of a block, from the innermost on."""
    within = [one for one in leaf.node.iterdescendants(etree.Element) if one.get("class") or one.get("id")]
    same = [one for one in within if squash(words(one)) == leaf.text]
    out = [*reversed(same), leaf.node]
    for above in leaf.node.iterancestors():
        if above is body or squash(words(above)) != leaf.text:
            break
        out.append(above)
    return out


def above_of(views: Sequence[View], body: str, lead: str) -> str:
    """A selector of captions at a picture that stands above the body, empty if there is none with a name."""
    cases = []
    for view in views:
        node = body_in(view, body)
        if node is None:
            continue
        place, around = view.order[node], set(node.iterancestors())
        leads = set(view.tree.cssselect(lead)) if lead else set()
        titles = [
            view.order[leaf.node] for leaf in view.leaves if any(leaf.letters in one for one in page_titles(view))
        ]
        start = max((one for one in titles if one < place), default=place)
        found = tuple(
            leaf.node
            for leaf in view.leaves
            if start < view.order[leaf.node] < place
            and leaf.node not in around
            and leaf in after_picture(view)
            and len(leaf.text) <= CAPTION_LENGTH
            and not leads.intersection((leaf.node, *leaf.node.iterancestors()))
        )
        cases.append(Case(view, found))
    seen = [case for case in cases if case.nodes]
    if len(seen) < FEWEST_CAPTIONS:
        return ""
    return covering(cases, Pick.ALL, most=1, right=BESIDE)
