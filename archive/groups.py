"""Questions about text groups: who printed a story first, who after, on what evidence, and what stands apart.

`archive.reprint_report` counts over all of them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from archive.article import Dated, Precision
from archive.clock import VIETNAM
from archive.exclusion import not_taken_down
from archive.fingerprint import ALGORITHM
from archive.grouping import Evidence
from archive.models import (
    Extraction,
    Fingerprint,
    Reprint,
    ReprintMethod,
    Site,
    SiteName,
    SourceRecord,
    StoredArticle,
    StoredText,
    TextGroup,
)
from archive.records import Record, in_order_of_appearance, records
from archive.sources import source_key


@dataclass(frozen=True, slots=True)
class Apart:
    """What of a selection is in no text group.

    `template_only` counts articles whose extraction failed, `not_compared` texts that the groups do not know yet.
    """

    template_only: int
    not_compared: int

    def counts(self) -> dict[str, int]:
        """Both by their names."""
        return {"template_only": self.template_only, "not_compared": self.not_compared}


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after another an article was published, below zero if before.

    `hours` is None where one of the two dates tells the day only.
    """

    days: int
    hours: float | None


@dataclass(frozen=True, slots=True)
class Carrier:
    """One article that prints a story.

    `evidence` is what was measured between its text and the one `beside` (a text id): the canonical text, or where the
    two were not found alike, the member that is most like it. Both are None where its text is the canonical one.
    `delay` is None where it or the first one has no date. `credits` are the titles of the other sites of the archive
    that it names as its source, `outside` the words of its credit where that names none of them.
    """

    record: Record
    evidence: Evidence | None
    beside: str | None
    delay: Delay | None
    credits: tuple[str, ...]
    outside: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """A text group with all that print it: the first one, then the others by date, undated last.

    `text_group` is its public id. `compared` is False where the text waits to be compared with others, so that only
    the articles with these very words are known.
    """

    text_group: str
    compared: bool
    carriers: tuple[Carrier, ...]

    @property
    def first(self) -> Record:
        """The article that printed it first."""
        return self.carriers[0].record


@dataclass(frozen=True, slots=True)
class Totals:
    """What the groups hold: texts compared, those of them that are template only, groups, and pairs by method."""

    texts: int
    template_only: int
    groups: int
    pairs: dict[ReprintMethod, int]


def apart(session: Session, conditions: Iterable[ColumnElement[bool]] = ()) -> Apart:
    """What stands apart among the articles that meet `conditions` (on Site, StoredArticle and Extraction)."""
    # Those of another algorithm cannot be compared with what is stored now.
    unknown = or_(Fingerprint.text_id.is_(None), Fingerprint.algorithm != ALGORITHM)
    # As `not_template_only` has it, by whichever algorithm.
    failed = func.coalesce(Fingerprint.shingles, 1) == 0
    query = (
        select(failed, func.count(), func.count(Extraction.text_id.distinct()))
        .select_from(StoredArticle)
        .join(Site, Site.id == StoredArticle.site_id)
        .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
        .outerjoin(Fingerprint, Fingerprint.text_id == Extraction.text_id)
        .where(
            not_taken_down(),
            Extraction.text_id.is_not(None),
            or_(failed, unknown),
            *conditions,
        )
        .group_by(failed)
    )
    found = {bool(is_failed): (articles, texts) for is_failed, articles, texts in session.execute(query)}
    return Apart(template_only=found.get(True, (0, 0))[0], not_compared=found.get(False, (0, 0))[1])


def totals(session: Session) -> Totals:
    """What was compared and found, over the whole archive."""
    texts, template_only = session.execute(
        select(func.count(), func.count().filter(Fingerprint.shingles == 0)).select_from(Fingerprint)
    ).one()
    groups = session.scalar(select(func.count()).where(TextGroup.text_id == TextGroup.canonical_id))
    pairs = session.execute(select(Reprint.method, func.count()).group_by(Reprint.method))
    return Totals(texts, template_only, groups or 0, {ReprintMethod(method): number for method, number in pairs})


def articles_known(session: Session) -> int:
    """How many articles the archive knows, taken down or not: those that a rebuild goes through."""
    return session.scalar(select(func.count()).select_from(StoredArticle)) or 0


def stories(session: Session, found: Iterable[Record]) -> dict[str, Story]:
    """The stories of these articles by `Record.story`; what has no text or is template only tells none.

    What was taken down is in none of them.
    """
    told: dict[str, Story] = {}
    for one in found:
        if one.story is not None and not one.is_template and one.story not in told:
            told[one.story] = _story(session, one.story, compared=one.text_group is not None)
    return told


def delay(first: Dated | None, later: Dated | None) -> Delay | None:
    """How long after `first` the other came: in days of Vietnam's calendar, and in hours where both tell the minute."""
    if first is None or later is None:
        return None
    exact = first.precision is later.precision is Precision.MINUTE
    return span(first.instant, later.instant, exact=exact)


def span(first: datetime, later: datetime, *, exact: bool) -> Delay:
    """The delay between two instants, of which `exact` says that both are known to the minute."""
    days = (later.astimezone(VIETNAM).date() - first.astimezone(VIETNAM).date()).days
    return Delay(days, (later - first).total_seconds() / 3600 if exact else None)


def _story(session: Session, story: str, *, compared: bool) -> Story:
    texts = select(StoredText.id).where(StoredText.text_id == story)
    if compared:
        texts = select(TextGroup.text_id).join(StoredText, StoredText.id == TextGroup.canonical_id)
        texts = texts.where(StoredText.text_id == story)
    members = list(records(session, [Extraction.text_id.in_(texts)], in_order_of_appearance()))
    # The canonical text may have been taken down.
    first = next((one for one in members if one.text_id == story), members[0])
    known = _evidence(session, texts, story)
    credited = _credited(session, texts)
    carriers = []
    for record in (first, *(one for one in members if one is not first)):
        sites = credited.get((record.site, record.key), [])
        evidence, beside = known.get(record.text_id or "", (None, None))
        carriers.append(
            Carrier(
                record=record,
                evidence=evidence,
                beside=beside,
                delay=None if record is first else delay(first.published, record.published),
                credits=tuple(title for name, title in sites if name != record.site),
                outside=None if sites or not source_key(record.source_credit) else record.source_credit,
            )
        )
    return Story(story, compared, tuple(carriers))


def _evidence(session: Session, texts: Select[int], canonical: str) -> dict[str, tuple[Evidence, str]]:
    """The best evidence of each text: beside the canonical one, else beside the one that it has most in common with."""
    one, other = aliased(StoredText), aliased(StoredText)
    query = (
        select(one.text_id, other.text_id, Reprint.method, Reprint.jaccard, Reprint.containment)
        .join(one, one.id == Reprint.text_id)
        .join(other, other.id == Reprint.other_id)
        .where(Reprint.text_id.in_(texts), Reprint.other_id.in_(texts))
    )
    pairs: dict[str, list[tuple[Evidence, str]]] = defaultdict(list)
    for left, right, method, jaccard, containment in session.execute(query):
        evidence = Evidence(ReprintMethod(method), jaccard, containment)
        pairs[left].append((evidence, right))
        pairs[right].append((evidence, left))

    def worth(pair: tuple[Evidence, str]) -> tuple[bool, float, float, str]:
        evidence, beside = pair
        return beside == canonical, evidence.containment, evidence.jaccard, beside

    return {text: max(known, key=worth) for text, known in pairs.items() if text != canonical}


def _credited(session: Session, texts: Select[int]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The sites (name, title) that are credited by the articles with these texts, by site and key of the article."""
    crediting = aliased(Site)
    query = (
        select(crediting.name, StoredArticle.key, Site.name, Site.title)
        .select_from(SourceRecord)
        .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
        .join(crediting, crediting.id == StoredArticle.site_id)
        .join(SiteName, SiteName.name == SourceRecord.source)
        .join(Site, Site.id == SiteName.site_id)
        .where(SourceRecord.text_id.in_(texts))
        .order_by(Site.name)
    )
    credited: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for site, key, name, title in session.execute(query):
        credited[site, key].append((name, title))
    return credited
