"""Learn where an article says who wrote it and after which source."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawler.extraction.select import Node
from crawler.extraction.signoff import (
    BYLINE_WORDS,
    Standing,
    labelled,
    labelled_credit,
    read_byline,
    read_credit,
    without_label,
)
from crawler.extraction.text import fewer_words, folded
from crawler.learning import standing as places
from crawler.learning.choosing import chooser_of
from crawler.learning.section import menu_of, sections_told
from crawler.learning.views import View

PAGES = 0.1
"""Share of the pages that must have a byline there; three at least."""

SIGNING = 0.9
"""Share of a selector's nodes that must read as names or sources: what it takes is lost to the text."""

SIGNING_INSIDE = 0.95
"""The same within the text, where a wrong one takes away a line of it."""

ALIKE = 0.6
"""Share of its pages from which one name is the publisher's or the account's."""

NEAR = 60
"""Elements of the page from the text to a byline."""

MOST = 2.0
"""Most names that stand in one place, on average; commenters are more."""

_EDITORS_TAGS = frozenset(("p", "span", "font", "b", "strong", "i", "em", "u", "li", "td", "h1", "h2", "h3", "h4"))

AUTHOR, OFFICE, CREDIT = "author", "office", "credit"


@dataclass(frozen=True)
class _Tried:
    selector: str
    cost: float
    nodes: frozenset[tuple[int, Node]]
    kinds: Counter[str]


def byline_of(views: Sequence[View], body: str) -> str:
    """Give the selectors of the lines that name an author beside, inside or after the text; empty if none is clear.

    What signs at the end of the text without a name of its own is read by its shape anyway.
    """
    byline, _ = signed_of(views, body)
    return byline


def credit_of(views: Sequence[View], body: str) -> str:
    """Give the selectors of the lines that name a source and never an author; empty if none is clear."""
    _, credit = signed_of(views, body)
    return credit


def signed_of(views: Sequence[View], body: str) -> tuple[str, str]:
    """Give the selectors of `byline_of` and `credit_of`: of each place that signs, the one that signs on most pages."""
    left = _try(views, places.standing_on(views, body))
    chosen: list[_Tried] = []
    while left:
        best = max(left, key=lambda one: (_is_named(one.selector, True), len(one.nodes), -one.cost, one.selector))
        chosen.append(best)
        taken = {node for _, node in best.nodes}
        left = [
            one
            for one in left
            if not any(
                node in taken or taken & set(node.iterancestors()) or taken & set(node.iter()) for _, node in one.nodes
            )
        ]
    lists: dict[bool, list[str]] = {True: [], False: []}
    for one in chosen:
        lists[_is_credit(one)].append(one.selector)
    return ", ".join(lists[False]), ", ".join(lists[True])


def _is_credit(one: _Tried) -> bool:
    return not one.kinds[AUTHOR] and one.kinds[CREDIT] >= one.kinds[OFFICE]


def _try(views: Sequence[View], standings: Sequence[places.Standing]) -> list[_Tried]:
    chooser = chooser_of(tuple(views))
    # "Thể Thao" has the shape of a name.
    menu = menu_of(views)
    sections = [menu | sections_told(view)[0] for view in views]
    nodes = [
        [
            (node, "")
            for node in small
            if chooser.is_rare(node)
            and kind_of(text := chooser.value(node))
            and folded(text) not in named
            and _is_near(node, standing)
        ]
        for small, standing, named in zip(chooser.small, standings, sections, strict=True)
    ]
    out = []
    for form, cost in chooser.candidates(nodes, fewest=1):
        css, found = form.css, chooser.matches(form)
        matched = frozenset((i, node) for i, here in enumerate(found) for node in here)
        texts = {(i, node): chooser.value(node) for i, node in matched}
        kinds = Counter("" if folded(text) in sections[i] else kind_of(text) for (i, _), text in texts.items())
        pages = len({i for i, _ in matched})
        inside = any(node in standings[i].inside for i, node in matched)
        if not _is_named(css, inside) or len(matched) > MOST * pages:
            continue
        if pages < max(3, PAGES * len(views)) and not all(map(_is_of_the_template, texts.values(), texts)):
            continue
        if len(matched) - kinds[""] < (SIGNING_INSIDE if inside else SIGNING) * len(matched):
            continue
        # A label says that it is a source, however often it is the same one.
        labelled_all = all(read_credit(text) for text in texts.values())
        alike = max(Counter(map(folded, texts.values())).values(), default=0)
        if len(matched) > 1 and alike > max(ALIKE * len(matched), 1) and not labelled_all:
            continue
        if all(_is_near(node, standings[i]) for i, node in matched):
            out.append(_Tried(css, cost, matched, kinds))
    return out


def _is_named(css: str, itself: bool) -> bool:
    """Whether a selector asks for a name, or for one of the node itself: within the text tags are the editors'."""
    return any(sign in (css.split()[-1] if itself else css) for sign in "#.[")


def _is_of_the_template(text: str, where: tuple[int, Node]) -> bool:
    """A line that says "Theo ..." or "Nguồn: ..." in an element that no editor makes: a few of those are enough."""
    return read_credit(text) is not None and where[1].tag not in _EDITORS_TAGS


def _is_near(node: Node, standing: places.Standing) -> bool:
    """Near the text, in no box of other articles, and not among what readers write."""
    if node in standing.inside:
        return node is not standing.body
    return standing.distance(node) <= NEAR and standing.is_own(node) and not standing.has_form(node)


@lru_cache(maxsize=4096)  # Many selectors match the same few lines.
def kind_of(text: str) -> str:
    """What a line names, as a reading takes it from a byline: `AUTHOR`, `OFFICE`, `CREDIT`; "" if no byline."""
    if not text or not fewer_words(text, 2 * BYLINE_WORDS):
        return ""
    kinds = set()
    for part in labelled(text):
        if read_credit(part, Standing.RIGHT) or labelled_credit(part):
            kinds.add(CREDIT)
            continue
        if without_label(part) not in (part, ""):
            # "Tác giả: Tổng hợp": what stands behind the label is the author, whatever its shape.
            kinds.add(AUTHOR)
            continue
        name, office, credit = read_byline(part, Standing.RIGHT)
        kinds |= {AUTHOR} if name else {OFFICE} if office else {CREDIT} if credit else {""}
    return "" if "" in kinds else next((kind for kind in (AUTHOR, CREDIT, OFFICE) if kind in kinds), "")
