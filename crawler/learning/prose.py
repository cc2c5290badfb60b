"""Which blocks of a page are an article's words: those that vary, are no links, and that trafilatura returns."""

import itertools
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from archive.article import Precision
from crawler.extraction.dates import parse_date
from crawler.extraction.prose import MOSTLY_LINKED
from crawler.extraction.select import Node, select_all, words
from crawler.extraction.text import folded, letter_count, squash
from crawler.learning.byline import kind_of
from crawler.learning.counter import count_in
from crawler.learning.selectors import simple
from crawler.learning.views import Leaf, Recurring, View, recurring

TELLING_LETTERS = 40
"""Letters and digits of a block from which it says something of where the text stands; lines of dates, bylines,
counters and labels have fewer (the longest such line on the saved portal pages has 43 characters)."""

REPEATED = 0.15
"""Share of the pages of a template up to which the same block may stand: reprints on one site are 1.5 to 8 %."""

HEADLINE, HEADLINE_LETTERS = 0.75, 12
"""Share of a block's letters in links, and letters, from which it is a headline that leads elsewhere."""

ITEM_BLOCKS, ITEM_DEPTH = 4, 4
"""Blocks of an entry of a list (headline, excerpt, date, section), and levels from one of them up to the entry."""

LONGEST_DATE_LINE = 160
"""Characters of a line with the date of publication, a section, tools and counters."""

PART_LETTERS = 30
"""Letters beside the date or the number of a part of such a line at most: weekday and label have them."""

FEWEST_LISTS, LISTED, REGULARLY = 3, 0.5, 0.9
"""Pages, share of the pages, and share of those with its name, on which boxes behind the text are a list's entries."""

_DIVIDER = re.compile(r"\s*[|•·]\s*|\s+[-–—]\s+")

REPEATED_TITLE = 10
"""Letters from which a block that a page's title holds is that title."""


@dataclass(frozen=True)
class Prose:
    """The blocks of one page that vary and are no links: `telling`; those of them that trafilatura returns: `sure`."""

    telling: tuple[Leaf, ...]
    sure: tuple[Leaf, ...]

    @property
    def letters(self) -> int:
        """Letters of the sure blocks."""
        return sum(len(leaf.letters) for leaf in self.sure)

    def without(self, strange: Collection[Leaf]) -> "Prose":
        """The prose without some blocks."""
        telling, sure = ([leaf for leaf in leaves if leaf not in strange] for leaves in (self.telling, self.sure))
        return Prose(tuple(telling), tuple(sure))


def prose_of(views: Sequence[View], counted: Recurring | None = None) -> dict[View, Prose]:
    """The prose of pages of one template, of which `counted` says what recurs (else they themselves)."""
    counted = counted or recurring(views)
    found = {view: _prose(view, counted) for view in views}
    listed = _listed(found)
    boxed = {view: _boxed(view, prose, counted) | listed[view] for view, prose in found.items()}
    held = sum(len(leaf.letters) for view, prose in found.items() for leaf in prose.sure if leaf in boxed[view])
    # A box with most of the words is the article's own, whatever it begins with.
    if 2 * held >= sum(prose.letters for prose in found.values()):
        return found
    return {view: prose.without(boxed[view]) for view, prose in found.items()}


def _prose(view: View, counted: Recurring) -> Prose:
    titles = page_titles(view)
    strange = _written_by_readers(view) | _excerpts(view)
    telling = tuple(
        leaf
        for leaf in view.leaves
        if len(leaf.letters) >= TELLING_LETTERS
        and leaf.link_share < MOSTLY_LINKED
        and not is_repeated(leaf, counted)
        and not is_changing(leaf, view)
        and leaf not in strange
        and not is_date_line(leaf)
        and not any(leaf.letters in title for title in titles)
    )
    return Prose(telling, tuple(leaf for leaf in telling if _is_said(leaf.letters, view.returned)))


def _is_said(letters: str, said: str) -> bool:
    """Tell whether most pieces of a block's letters are said: its lines need not stand together there."""
    last = len(letters) - TELLING_LETTERS
    pieces = [letters[at : at + TELLING_LETTERS] for at in range(0, last + 1, TELLING_LETTERS)]
    return sum(piece in said for piece in pieces) > len(pieces) / 2


def _boxed(view: View, prose: Prose, counted: Recurring) -> set[Leaf]:
    """The blocks below the first sure one that stand in a box which begins with a label or a link.

    Comments and excerpts of other news vary from page to page as the article does. But the label above them recurs
    ("Ý kiến bạn đọc", "Tin liên quan"), and an excerpt stands below its linked headline.
    """
    if not prose.sure:
        return set()
    first: dict[Node, Leaf] = {}
    for leaf in reversed(view.leaves):
        for node in (leaf.node, *leaf.node.iterancestors()):
            first[node] = leaf
    start = prose.sure[0].node
    around = {start, *start.iterancestors()}

    def is_boxed(leaf: Leaf) -> bool:
        for node in leaf.node.iterancestors():
            if node in around:
                return False
            label = first[node]
            if label.link_share >= MOSTLY_LINKED or (
                len(label.letters) < TELLING_LETTERS and is_repeated(label, counted)
            ):
                return True
        return False

    return {leaf for leaf in prose.telling if view.order[leaf.node] > view.order[start] and is_boxed(leaf)}


def _listed(found: dict[View, Prose]) -> dict[View, set[Leaf]]:
    """The blocks in boxes of one name behind the text, of which the pages have some, and not as many on each.

    Such boxes are entries of a list, as comments are where no label or form stands with them. A page's boxes have one
    parent, and several blocks each (a name and words); pictures with captions stand between the text's paragraphs.
    """
    runs: defaultdict[str, dict[View, list[Node]]] = defaultdict(dict)
    for view, prose in found.items():
        names = {
            name
            for leaf in prose.telling
            for node in itertools.islice((leaf.node, *leaf.node.iterancestors()), ITEM_DEPTH)
            for name in simple(node)
            if name[0] == "."
        }
        for name in names:
            if _are_entries(nodes := view.bearers[name], view, prose):
                runs[name][view] = nodes
    out: dict[View, set[Leaf]] = {view: set() for view in found}
    for name, pages in runs.items():
        bearing = sum(name in view.bearers for view in found)
        counts = {len(nodes) for nodes in pages.values()}
        if len(pages) < max(FEWEST_LISTS, LISTED * len(found), REGULARLY * bearing) or len(counts) < 2:
            continue
        for view, nodes in pages.items():
            out[view].update(leaf for node in nodes for leaf in view.leaves_in(node))
    return out


def _are_entries(nodes: Sequence[Node], view: View, prose: Prose) -> bool:
    """Whether boxes stand side by side, with several blocks each, behind all that is surely the text."""
    if len({node.getparent() for node in nodes}) > 1 or any(len(view.leaves_in(node)) < 2 for node in nodes):
        return False
    ends = [view.order[leaf.node] for leaf in prose.sure if not any(view.holds(node, leaf.node) for node in nodes)]
    return bool(ends) and view.order[nodes[0]] > max(ends)


def _written_by_readers(view: View) -> set[Leaf]:
    """The blocks of the box around a field for several lines: comments, and what stands above them.

    The box is the widest element that holds less than half of the letters of the page's unlinked blocks.
    """
    fields = [node for node in view.order if node.tag == "textarea"]
    if not fields:
        return set()
    sizes: dict[Node, int] = {}
    total = 0
    for leaf in view.leaves:
        size = len(leaf.letters) - leaf.linked
        total += size
        for node in (leaf.node, *leaf.node.iterancestors()):
            sizes[node] = sizes.get(node, 0) + size
    boxes = set()
    for field in fields:
        box = field
        for above in field.iterancestors():
            if 2 * sizes.get(above, 0) >= total:
                break
            box = above
        boxes.add(box)
    return {leaf for leaf in view.leaves if boxes.intersection((leaf.node, *leaf.node.iterancestors()))}


def _excerpts(view: View) -> set[Leaf]:
    """The blocks that stand with a headline that is a link in a small box: what other articles begin with."""
    held: dict[Node, list[Leaf]] = {}
    for leaf in view.leaves:
        for node in itertools.islice((leaf.node, *leaf.node.iterancestors()), ITEM_DEPTH):
            held.setdefault(node, []).append(leaf)
    out: set[Leaf] = set()
    for leaves in held.values():
        if 1 < len(leaves) <= ITEM_BLOCKS and any(_is_headline(leaf) for leaf in leaves):
            out.update(leaves)
    return out


def _is_headline(leaf: Leaf) -> bool:
    return leaf.link_share >= HEADLINE and len(leaf.letters) >= HEADLINE_LETTERS


def is_date_line(leaf: Leaf) -> bool:
    """Tell whether a block is a short line about the article: with a date and a time, beside which tools may stand.

    Or one of whose parts, between bars, dashes, dots or elements, each is a date, a counter or a byline.
    """
    if len(leaf.text) > LONGEST_DATE_LINE:
        return False
    told = parse_date(leaf.text)
    if told is not None and told.precision is Precision.MINUTE:
        return True
    pieces = [squash(piece) for piece in leaf.node.itertext()]
    return any(
        _tells_of_the_article([part for line in lines for part in _DIVIDER.split(line) if folded(part)])
        for lines in ([leaf.text], pieces)
    )


def _tells_of_the_article(parts: Sequence[str]) -> bool:
    """Whether parts are dates, counters, bylines and the labels of those, and not bylines alone."""
    kinds = {_kind(part) for part in parts}
    return bool(kinds & {"date", "counter"}) and "" not in kinds


def _kind(part: str) -> str:
    if told := parse_date(part):
        return "date" if letter_count(part) - letter_count(told.raw) <= PART_LETTERS else ""
    if count_in(part) is not None and letter_count(part) <= PART_LETTERS:
        return "counter"
    if kind_of(part):
        return "byline"
    return "label" if part.endswith(":") and letter_count(part) <= PART_LETTERS else ""


def is_repeated(leaf: Leaf, counted: Recurring) -> bool:
    """Tell whether a block stands on more pages than reprints of one article do."""
    return counted.times[leaf.letters] > max(1, REPEATED * counted.pages)


def is_changing(leaf: Leaf, view: View) -> bool:
    """Tell whether a block reads otherwise, or is gone, when its page is fetched once more."""
    return view.again is not None and leaf.letters not in view.again


def page_titles(view: View) -> list[str]:
    """The letters of what a page's head calls it."""
    named = [words(node) for node in view.tree.iter("title")]
    named += [node.get("content") or "" for node in select_all(view.tree, 'meta[property="og:title"]')]
    return [letters for letters in map(folded, named) if len(letters) >= REPEATED_TITLE]
