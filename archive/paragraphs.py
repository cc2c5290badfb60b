"""Paragraphs that recur across a site's articles, learned from how often each stands in one.

What recurs is left out of a text's core, by which texts are compared. It is never taken out of the text itself: what
recurs may be news, and what is furniture goes by its place or shape when a page is read.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, Executable, bindparam, delete, func, literal_column, select, update
from sqlalchemy.orm import Session

from archive.bulk import among, insert_rows
from archive.models import Base, Site, SiteParagraph, SiteParagraphText

RECURS_IN = 10
"""Articles of a site in which a paragraph must stand before it counts as recurring: more than a paper prints one story
again, and few enough to be learned from the first hundred articles (of lines in a tenth of them)."""

RECURS_SHARE = 50
"""One article of so many at least must hold it. By 2 % of a site's texts, and three of them, furniture was told on
1,457 texts of 17 real portals; three is too few where a site prints one story again."""


@dataclass(frozen=True, slots=True)
class Carried:
    """How many articles of a site carry a text, before and now; `sites` are all whose articles carry it now."""

    site: int
    text: int
    before: int
    now: int
    sites: frozenset[int]


def is_recurring(articles: int, of: int) -> bool:
    """Whether a paragraph recurs that stands in so many `of` the articles of a site."""
    return articles >= least_articles(of)


def least_articles(of: int) -> int:
    """In how many articles a paragraph must stand to recur on a site that has so many."""
    return max(RECURS_IN, -(-of // RECURS_SHARE))


def learn(session: Session, changes: Iterable[Carried], paragraphs: Mapping[int, Collection[int]]) -> set[int]:
    """Count the paragraphs of texts that articles of a site began, or ceased, to carry.

    `paragraphs` are the distinct hashes of each text's paragraphs. Gives the texts of the sites that hold a paragraph
    which recurs now and did not, or the other way round: their cores are others now. Writes the sites' counts.
    """
    of_site: dict[int, list[Carried]] = defaultdict(list)
    for change in changes:
        if change.before != change.now:
            of_site[change.site].append(change)
    touched: set[int] = set()
    for site, some in sorted(of_site.items()):
        touched |= _learn(session, site, some, paragraphs)
    return touched


def recurring(session: Session, sites: Collection[int], paragraphs: Collection[int]) -> dict[int, set[int]]:
    """By site, those of these paragraphs that recur on it."""
    out: dict[int, set[int]] = {site: set() for site in sites}
    if sites and paragraphs:
        for site, paragraph in session.connection().execute(
            _RECURRING, {"sites": list(sites), "paragraphs": list(paragraphs)}
        ):
            out[site].add(paragraph)
    return out


def _learn(session: Session, site: int, changes: list[Carried], paragraphs: Mapping[int, Collection[int]]) -> set[int]:
    connection = session.connection()
    counted: Counter[int] = Counter()
    gained: dict[int, list[int]] = defaultdict(list)
    lost: dict[int, set[int]] = defaultdict(set)
    for change in changes:
        for paragraph in paragraphs[change.text]:
            counted[paragraph] += change.now - change.before
            if not change.before:
                gained[paragraph].append(change.text)
            elif not change.now:
                lost[paragraph].add(change.text)
    more = sum(change.now - change.before for change in changes)
    now = connection.execute(_COUNT, {"site": site, "more": more}).scalar_one()
    before = now - more
    known = {row.paragraph: row for row in connection.execute(_KNOWN, {"site": site, "paragraphs": list(counted)})}
    heirs = _heirs(session, site, {one: lost[one] for one in lost if one in known and known[one].text_id in lost[one]})
    rows: dict[Executable, list[dict[str, int]]] = defaultdict(list)
    new: list[tuple[int, int, int, int]] = []
    further: list[tuple[int, int, int]] = []
    crossed = set()
    for paragraph, difference in counted.items():
        row, ours = known.get(paragraph), gained.get(paragraph, [])
        had = row.articles if row is not None else 0
        if is_recurring(had, before) != is_recurring(had + difference, now):
            crossed.add(paragraph)
        key = {"site": site, "of": paragraph}
        first = row.text_id if row is not None else None
        rows[_DROP_TEXT] += [key | {"text": text} for text in lost.get(paragraph, ()) if text != first]
        if not had + difference:
            rows[_DROP].append(key)
            continue
        if first in lost.get(paragraph, ()):
            first = heirs.get(paragraph)
            if first is not None:
                rows[_DROP_TEXT].append(key | {"text": first})
        if first is None:
            first, *ours = ours
        if row is None:
            new.append((site, paragraph, had + difference, first))
        else:
            rows[_CHANGE].append(key | {"articles": had + difference, "text_id": first})
        further += [(site, paragraph, text) for text in ours]
    for statement, some in rows.items():
        if some:
            connection.execute(statement, some)
    # In order, so that neighbours in the index are written together.
    insert_rows(session, SiteParagraph, ("site_id", "paragraph", "articles", "text_id"), sorted(new))
    insert_rows(session, SiteParagraphText, ("site_id", "paragraph", "text_id"), sorted(further))
    # Of those that nothing was counted of, the share alone makes the difference.
    low, high = sorted((least_articles(before), least_articles(now)))
    if low != high:
        between = {"site": site, "low": low, "high": high}
        crossed |= set(connection.execute(_BETWEEN, between).scalars()) - counted.keys()
    if not crossed:
        return set()
    given = {"site": site, "paragraphs": list(crossed)}
    return set(connection.execute(_FIRST_TEXTS, given).scalars()) | set(connection.execute(_TEXTS, given).scalars())


def _heirs(session: Session, site: int, lost: Mapping[int, Collection[int]]) -> dict[int, int]:
    """For paragraphs whose first text ceases to hold them, a further text that holds them and does not."""
    if not lost:
        return {}
    given = {"site": site, "paragraphs": list(lost), "texts": {text for texts in lost.values() for text in texts}}
    return {row.paragraph: row.text_id for row in session.connection().execute(_HEIRS, given)}


# -- statements -----------------------------------------------------------------------------------
_TABLES = Base.metadata.tables
_PARAGRAPH, _FURTHER_TEXT = _TABLES["site_paragraph"].c, _TABLES["site_paragraph_text"].c
_SITE: BindParameter[int] = bindparam("site")
# Written out, not handed over: an index of such rows alone is used only where the question says so itself.
_LEAST: ColumnElement[int] = literal_column(str(RECURS_IN))
_COUNT = (
    update(_TABLES["site"])
    .where(_TABLES["site"].c.id == _SITE)
    .values(source_records=_TABLES["site"].c.source_records + bindparam("more"))
    .returning(_TABLES["site"].c.source_records)
)
_KNOWN = select(_PARAGRAPH.paragraph, _PARAGRAPH.articles, _PARAGRAPH.text_id).where(
    _PARAGRAPH.site_id == _SITE, among(_PARAGRAPH.paragraph, "paragraphs")
)
_RECURRING = (
    select(SiteParagraph.site_id, SiteParagraph.paragraph)
    .join(Site, Site.id == SiteParagraph.site_id)
    .where(
        among(SiteParagraph.site_id, "sites"),
        among(SiteParagraph.paragraph, "paragraphs"),
        SiteParagraph.articles >= _LEAST,
        SiteParagraph.articles * RECURS_SHARE >= Site.source_records,
    )
)
_BETWEEN = select(_PARAGRAPH.paragraph).where(
    _PARAGRAPH.site_id == _SITE,
    _PARAGRAPH.articles >= _LEAST,
    _PARAGRAPH.articles >= bindparam("low"),
    _PARAGRAPH.articles < bindparam("high"),
)
_FIRST_TEXTS = select(_PARAGRAPH.text_id).where(_PARAGRAPH.site_id == _SITE, among(_PARAGRAPH.paragraph, "paragraphs"))
_TEXTS = select(SiteParagraphText.text_id).where(
    SiteParagraphText.site_id == _SITE, among(SiteParagraphText.paragraph, "paragraphs")
)
_HEIRS = (
    select(SiteParagraphText.paragraph, func.min(SiteParagraphText.text_id).label("text_id"))
    .where(
        SiteParagraphText.site_id == _SITE,
        among(SiteParagraphText.paragraph, "paragraphs"),
        ~among(SiteParagraphText.text_id, "texts"),
    )
    .group_by(SiteParagraphText.paragraph)
)
_OF = (_PARAGRAPH.site_id == _SITE) & (_PARAGRAPH.paragraph == bindparam("of"))
_CHANGE, _DROP = update(_TABLES["site_paragraph"]).where(_OF), delete(_TABLES["site_paragraph"]).where(_OF)
_DROP_TEXT = delete(_TABLES["site_paragraph_text"]).where(
    _FURTHER_TEXT.site_id == _SITE,
    _FURTHER_TEXT.paragraph == bindparam("of"),
    _FURTHER_TEXT.text_id == bindparam("text"),
)
