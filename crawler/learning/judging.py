"""Hold what a learned layout reads on pages that did not teach it against what else tells the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from htmldate import find_date
from lxml import etree, html

from archive.article import Article, BlockKind, Dated, Precision
from crawler.extraction.dates import parse_date, structured_dates
from crawler.extraction.layout import Layout, SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.prose import whole_page
from crawler.extraction.read import read
from crawler.extraction.select import Node
from crawler.extraction.signoff import Standing, read_credit
from crawler.extraction.text import folded, slug
from crawler.learning.byline import AUTHOR, kind_of
from crawler.learning.counter import JUMP, count_in
from crawler.learning.section import sections_told
from crawler.learning.specimen import Specimen
from crawler.learning.title import named_in_address, titles_told
from crawler.learning.views import View
from crawler.learning.when import days_told

MOST_DOUBTS = 3
"""Examples of doubt that are kept for a field."""

LONGEST = 80
"""Characters of a value in an example."""

SHINGLE = 4
"""Words of the runs by which two readings of a text are compared, as in the project's quality scores."""

SAME_TEXT = 0.8
"""F1 of such runs from which trafilatura's rough text is the same: on whole pages it loses leads and captions and takes
furniture (exact text 35 % of 1,184 pages of eight sites)."""

SAME_LEAD = 30
"""Letters at the beginning of a lead that a description must share; descriptions are cut."""


@dataclass(frozen=True)
class FieldLearned:
    """What one field of a layout gave on the pages that judge.

    `found` counts the pages, of `of`, on which it gave a value, `told` those of them where something else tells one,
    `agreed` those where that is the same; `doubts` are examples of where it is not.
    """

    name: str
    selector: str
    found: int
    agreed: int
    of: int
    doubts: tuple[str, ...] = ()
    told: int = 0


@dataclass(frozen=True)
class _Seen:
    """A page that judges, what the layout read from it, and the letters of what may be its title."""

    specimen: Specimen
    view: View
    article: Article
    titles: frozenset[str]


@dataclass(frozen=True)
class _Field:
    """A field of the report: the selector of the layout, what was read, and what others say of that.

    `others` gives whether something says the same, and what is told instead.
    """

    name: str
    selector: str
    ours: Callable[[_Seen], str]
    others: Callable[[_Seen, str], tuple[bool, Sequence[str]]]


def judged(halves: Sequence[tuple[Layout, Sequence[Specimen]]], facts: SiteFacts) -> tuple[FieldLearned, ...]:
    """Read pages with the layouts that others of their template taught, and count what agrees.

    `halves` has each layout with the pages that judge it; `facts.layouts` is ignored. Title is held against og:title,
    ``<title>``, listing and address; date against address, listing, metadata and htmldate; text against trafilatura on
    the whole page; lead against the description; section against listing, address and metadata; tags against keywords;
    the number of views against the second fetch; author and source must read as names. A page that is refused has none.
    """
    seen: list[_Seen] = []
    refused: list[str] = []
    pages = sum(len(specimens) for _, specimens in halves)
    for layout, specimens in halves:
        views = [View(specimen) for specimen in specimens]
        for view, titles in zip(views, titles_told(views), strict=True):
            page = view.specimen.page
            result = read(
                Page(page.url, page.body, page.content_type),
                replace(facts, layouts=(layout,)),
                view.specimen.fetched,
                listed=view.specimen.listed,
            ).result
            if isinstance(result, Article):
                seen.append(_Seen(view.specimen, view, result, frozenset(titles)))
            else:
                refused.append(f"{page.url}: refused, {result.reason}: {result.detail}")
    rows = [_row(field, halves, seen, pages) for field in _FIELDS]
    rows = [replace(row, doubts=(*refused, *row.doubts)[:MOST_DOUBTS]) if row.name == "text" else row for row in rows]
    return tuple(row for row in rows if row.selector or row.found)


def _row(
    field: _Field, halves: Sequence[tuple[Layout, Sequence[Specimen]]], seen: Sequence[_Seen], pages: int
) -> FieldLearned:
    selectors = dict.fromkeys(filter(None, (getattr(layout, field.selector) for layout, _ in halves)))
    found = agreed = others = 0
    doubts: list[str] = []
    for one in seen:
        ours = field.ours(one)
        if not ours:
            continue
        found += 1
        same, told = field.others(one, ours)
        agreed += same
        others += same or bool(told)
        if not same and told and len(doubts) < MOST_DOUBTS:
            doubts.append(f"{one.view.page.url}: read {_short(ours)}, told {' or '.join(map(_short, told[:2]))}")
    return FieldLearned(field.name, "; ".join(selectors), found, agreed, pages, tuple(doubts), others)


def _short(text: str) -> str:
    return f'"{text}"' if len(text) <= LONGEST else f'"{text[:LONGEST]}..."'


def _text(article: Article) -> str:
    return " ".join(block.text for block in article.blocks if block.kind is not BlockKind.CAPTION)


def _other_title(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    letters = folded(ours)
    same = letters in one.titles or named_in_address(ours, one.view.page.url)
    return same, sorted(one.titles)


def _other_text(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    theirs = " ".join(draft.text for draft in whole_page(one.view.page.decoded.utf8, {}))
    mine, others = _shingles(ours), _shingles(theirs)
    shared = (mine & others).total()
    score = 2 * shared / (mine.total() + others.total()) if shared else 0.0
    return score >= SAME_TEXT, [f"{theirs[:LONGEST]}... (F1 {score:.2f})"] if theirs else []


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = text.casefold().split()
    return Counter(zip(*(words[start:] for start in range(SHINGLE)), strict=False))


def _other_lead(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    told = [text for text in _metas(one.view.tree, "description", "og:description") if len(folded(text)) >= SAME_LEAD]
    start = folded(ours)[:SAME_LEAD]
    return any(folded(text).startswith(start) for text in told), told


def _other_date(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    published = one.article.published
    day = published.instant.date() if published else None
    told = days_told(one.view)
    head = one.view.tree.find("head")
    if not told and head is not None and len(head):
        # The head alone: on whole pages a licence's date or another article's wins (crawler.extraction.read).
        alone = html.fromstring(etree.tostring(head))
        guess = find_date(
            alone, original_date=True, extensive_search=False, max_date=f"{one.specimen.fetched:%Y-%m-%d}"
        )
        found = parse_date(guess) if guess else None
        told = [(found.instant.date(), found.instant.date())] if found else []
    same = any(day is not None and first <= day <= last for first, last in told)
    return same, [f"{first}" if first == last else f"{first} to {last}" for first, last in told]


def _other_change(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    _, changed = structured_dates(one.view.tree)
    modified, published = one.article.modified, one.article.published
    if changed is None:
        # Nothing tells it: it may not be before the publication.
        return bool(modified and published and modified.instant.date() >= published.instant.date()), []
    same = modified is not None and modified.instant.date() == changed.instant.date()
    return same, [_dated(changed)]


def _other_section(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    told, folders = sections_told(one.view)
    return folded(ours) in told or slug(ours) in folders, sorted(told)


def _other_tags(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    told = _metas(one.view.tree, "keywords", "news_keywords", "article:tag")
    letters = folded(" ".join(told))
    tags = one.article.tags
    return sum(folded(tag) in letters for tag in tags) * 2 >= len(tags), told


def _other_views(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    """Whether the page's second fetch has the number or one a little above it."""
    again = one.specimen.again
    if again is None or one.article.views is None:
        return False, []
    tree = Page(again.url, again.body, again.content_type).tree
    numbers = {count_in("".join(node.itertext())) for node in tree.iter(etree.Element) if len(node) < 4}
    near = range(one.article.views, one.article.views + max(JUMP, one.article.views // 20) + 1)
    return any(number in near for number in numbers if number is not None), ["no such number at the second fetch"]


def _metas(tree: Node, *names: str) -> list[str]:
    return [
        content
        for meta in tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in names and (content := meta.get("content"))
    ]


def _dated(told: Dated | None) -> str:
    if told is None:
        return ""
    return f"{told.instant:%Y-%m-%d}" if told.precision is Precision.DAY else f"{told.instant:%Y-%m-%d %H:%M}"


def _is_name(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    return kind_of(ours) == AUTHOR, ["no name of a person or a desk"]


def _is_source(one: _Seen, ours: str) -> tuple[bool, Sequence[str]]:
    return read_credit(f"Nguồn: {ours}", Standing.RIGHT) is not None, ["no name of a source"]


_FIELDS = (
    _Field("title", "title", lambda one: one.article.title, _other_title),
    _Field("text", "body", lambda one: _text(one.article), _other_text),
    _Field("lead", "lead", lambda one: one.article.lead or "", _other_lead),
    _Field("published", "date", lambda one: _dated(one.article.published), _other_date),
    _Field("modified", "modified", lambda one: _dated(one.article.modified), _other_change),
    _Field("author", "byline", lambda one: one.article.author or "", _is_name),
    _Field("source credit", "credit", lambda one: one.article.source_credit or "", _is_source),
    _Field("section", "section", lambda one: one.article.section or "", _other_section),
    _Field("tags", "tags", lambda one: ", ".join(one.article.tags), _other_tags),
    _Field("views", "views", lambda one: str(one.article.views or ""), _other_views),
)
"""The fields of the report, in its order; captions are judged with the text, pictures have no words."""
