"""What stands in a body and is no part of the article: named to be dropped."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crawler.extraction.cleaning import LABEL_LENGTH, is_document
from crawler.extraction.dates import parse_date
from crawler.extraction.layout import Layout
from crawler.extraction.select import Node, compiled, select_all, words
from crawler.extraction.signoff import Standing, read_byline, read_credit
from crawler.extraction.simplify import BLOCK_TAGS, SKIPPED_TAGS
from crawler.extraction.text import squash
from crawler.learning.pictures import body_in
from crawler.learning.prose import HEADLINE, Prose, is_changing, is_repeated
from crawler.learning.selectors import simple
from crawler.learning.views import Leaf, Recurring, View

ALWAYS = 0.9
"""Share of a name's nodes that have to be furniture of one kind, where none of the others is news."""

MOSTLY = 0.6
"""Share of letters in links to elsewhere on the site from which a box is a list of them; dates, labels and bullets
around headlines take up to a third (the portals' lists of older news)."""

FEWEST = 2
"""Pages on which a name has to be seen."""

SAME = 3
"""Pages on which a block that says the same everywhere has to be seen."""

FEW_TEXTS = 0.2
"""Different texts, as a share of its nodes, that a name of recurring blocks has at most: a label has one or two; the
headings that an editor sets again and again have as many as there are pages."""

EDGE = 2
"""Blocks at either end of a body among which a line that all articles say is looked for."""

ON_MOST = 0.5
"""Share of the pages on which such a line stands; what an editor says so often nobody needs to read."""

SAME_LINES = 3
"""Pages on which it stands at least."""

LINE_LETTERS = 12
"""Letters of such a line at least: what is shorter is a label, which a reading takes off at a text's edges."""

OtherArticle = Callable[[View, str], bool]
"""Whether a link, as written on a page, leads to another article of the site."""


@dataclass(frozen=True, eq=False)
class _Box:
    """An element of a body, with the blocks in it that have words."""

    view: View
    node: Node
    leaves: tuple[Leaf, ...]
    has_prose: bool
    is_first: bool

    @property
    def letters(self) -> int:
        return sum(len(leaf.letters) for leaf in self.leaves)

    @property
    def text(self) -> str:
        return squash(words(self.node))


def furniture_of(
    views: Sequence[View],
    prose: dict[View, Prose],
    counted: Recurring,
    layout: Layout,
    other_article: OtherArticle,
) -> str:
    """A selector list of what to drop: boxes in the body that bear a name which nothing else on any page does.

    A name counts if its nodes are lists of links, excerpts under headlines of other articles, the same on most pages,
    counters that change when the page is fetched again, lines of dates above the text, or what readers write. Never if
    one of them holds sure prose that is not an excerpt, reads as a byline or a credit, or holds a node of a field that
    `layout` reads after the furniture is gone. What it reads before that within the body goes too.
    """
    body = layout.body
    keep = ", ".join(filter(None, (layout.lead, layout.byline, layout.credit, layout.captions, layout.above)))
    boxes: defaultdict[str, list[_Box]] = defaultdict(list)
    for view in views:
        for box in _boxes(view, prose[view], body):
            for name in simple(box.node):
                boxes[name].append(box)
    kept = {view: _held(view, keep, body) for view in views}
    good = {
        name: found
        for name, found in boxes.items()
        if len({box.view for box in found}) >= FEWEST
        and not any(kept[view].intersection(view.bearers.get(name, ())) for view in views)
        and _is_furniture(found, counted, other_article)
    }
    chosen, gone = _read_before(views, prose, layout, kept)
    for name in sorted(good, key=lambda one: (-sum(box.letters for box in good[one]), len(one), one)):
        nodes = {box.node for box in good[name]}
        if any(node not in gone and not gone.intersection(node.iterancestors()) for node in nodes):
            chosen.append(name)
            gone |= nodes
    return ", ".join(chosen)


def _read_before(
    views: Sequence[View], prose: dict[View, Prose], layout: Layout, kept: dict[View, set[Node]]
) -> tuple[list[str], set[Node]]:
    """The selectors, and the nodes, of dates, sections, tags and counters that stand within the body."""
    chosen: list[str] = []
    gone: set[Node] = set()
    for field in (layout.title, layout.date, layout.modified, layout.section, layout.tags, layout.views):
        for one in compiled(field):
            if one.attribute is not None or one.css in chosen:
                continue
            found = [(view, node) for view in views for node in one.nodes(view.tree)]
            inside = [node for view, node in found if body_in(view, layout.body) in node.iterancestors()]
            held = {leaf.node for view in views for leaf in prose[view].telling}
            held -= {body_in(view, layout.body) for view in views}
            is_free = all(
                node not in kept[view] and held.isdisjoint(node.iter()) and held.isdisjoint(node.iterancestors())
                for view, node in found
            )
            if inside and is_free:
                chosen.append(one.css)
                gone.update(inside)
    return chosen, gone


def alike_lines(views: Sequence[View], counted: Recurring, layout: Layout) -> Iterator[str]:
    """Say which lines at a body's edges most pages say alike, and `layout` has no name to drop them by.

    By its words no line can be named: a selector finds them within an article's own paragraphs as well.
    """
    seen: defaultdict[str, set[View]] = defaultdict(set)
    for view in views:
        top = body_in(view, layout.body)
        gone = [node for field in (layout.drop, layout.lead, layout.byline) for node in select_all(view.tree, field)]
        inside = [
            leaf
            for leaf in (view.leaves_in(top) if top is not None else ())
            if leaf.node is not top and not any(view.holds(node, leaf.node) for node in gone)
        ]
        for leaf in (*inside[:EDGE], *inside[-EDGE:]):
            if counted.share(leaf) >= ON_MOST and len(leaf.letters) >= LINE_LETTERS and not _reads_as_signed(leaf.text):
                seen[leaf.text].add(view)
    for said, pages in sorted(seen.items()):
        if len(pages) >= max(SAME_LINES, ON_MOST * len(views)):
            yield (
                f"{len(pages)} of {len(views)} pages like {views[0].page.url} say {said!r} at an edge of the text, in "
                "nothing with a name that could be dropped: it stays in the articles"
            )


def _held(view: View, keep: str, body: str) -> set[Node]:
    """The elements that hold a body or a node of another field: to drop one of them would take that along."""
    nodes = [node for node in (*select_all(view.tree, keep), *select_all(view.tree, body)) if squash(words(node))]
    return {above for node in nodes for above in (node, *node.iterancestors())}


def _boxes(view: View, prose: Prose, body: str) -> list[_Box]:
    """The blocks of a body, and the elements around several."""
    top = body_in(view, body)
    if top is None:
        return []
    held: dict[Node, list[Leaf]] = {}
    for leaf in view.leaves:
        for node in (leaf.node, *leaf.node.iterancestors()):
            if node is top:
                break
            held.setdefault(node, []).append(leaf)
    inside = {node: leaves for node, leaves in held.items() if top in node.iterancestors()}
    sure = set(prose.sure)
    start = next((view.order[leaf.node] for leaf in prose.telling if leaf.node in inside), len(view.order))
    return [
        _Box(
            view,
            node,
            tuple(leaves),
            not sure.isdisjoint(leaves),
            view.order[node] < start and sure.isdisjoint(leaves),
        )
        for node, leaves in inside.items()
        if node.tag in BLOCK_TAGS and node.tag not in SKIPPED_TAGS
    ]


def _is_furniture(boxes: Sequence[_Box], counted: Recurring, other_article: OtherArticle) -> bool:
    if any(_is_signed(box) for box in boxes):
        return False
    excerpts = [_lists_articles(box, other_article) for box in boxes]
    if any(box.has_prose and not listed for box, listed in zip(boxes, excerpts, strict=True)):
        return False
    kinds = (
        [box for box, listed in zip(boxes, excerpts, strict=True) if listed or _is_links(box)],
        [box for box in boxes if _changes(box)],
        [box for box in boxes if box.is_first and _is_date_line(box)],
        [box for box in boxes if next(box.node.iter("textarea"), None) is not None],
    )
    if any(len(kind) >= ALWAYS * len(boxes) for kind in kinds):
        return True
    return _says_the_same(boxes, counted)


def _is_signed(box: _Box) -> bool:
    """Whether a box is one line that reads as a byline or a credit where such lines stand."""
    if len(box.leaves) != 1 or box.leaves[0].link_share >= MOSTLY:
        return False
    return _reads_as_signed(box.text)


def _reads_as_signed(text: str) -> bool:
    return bool(read_credit(text, Standing.RIGHT)) or bool(read_byline(text)[0])


def _is_links(box: _Box) -> bool:
    """Whether most of the letters are links to elsewhere, none of them to a document."""
    linked = sum(leaf.linked for leaf in box.leaves)
    return linked >= MOSTLY * box.letters and not any(is_document(href) for leaf in box.leaves for href in leaf.hrefs)


def _lists_articles(box: _Box, other_article: OtherArticle) -> bool:
    """Whether there is a headline of another article for each block that is none, but for a label above them."""
    headlines = [
        leaf
        for leaf in box.leaves
        if leaf.link_share >= HEADLINE and any(other_article(box.view, href) for href in leaf.hrefs)
    ]
    return bool(headlines) and len(box.leaves) - len(headlines) <= len(headlines) + 1


def _changes(box: _Box) -> bool:
    return len(box.text) <= LABEL_LENGTH and any(is_changing(leaf, box.view) for leaf in box.leaves)


def _is_date_line(box: _Box) -> bool:
    return len(box.text) <= LABEL_LENGTH and parse_date(box.text) is not None


def _says_the_same(boxes: Sequence[_Box], counted: Recurring) -> bool:
    """Whether the boxes' blocks recur, and there are few different texts among them."""
    if len({box.view for box in boxes}) < SAME or len({box.text for box in boxes}) > max(1, FEW_TEXTS * len(boxes)):
        return False
    same = [box for box in boxes if all(is_repeated(leaf, counted) or _changes(box) for leaf in box.leaves)]
    return len(same) >= ALWAYS * len(boxes)
