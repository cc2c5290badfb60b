"""Who reprints whom, how much of a site is reprinted, and how long it takes: counts over all text groups."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from statistics import median
from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from archive.article import Precision
from archive.clock import VIETNAM
from archive.exclusion import not_taken_down
from archive.groups import apart, span
from archive.models import Extraction, Fingerprint, Site, SiteName, SourceRecord, StoredArticle, TextGroup
from archive.records import in_order_of_appearance

_BATCH = 5_000
"""Source records read at a time."""

MOST_OUTSIDE = 20
"""Outside sources that are listed: those credited most."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which articles to count: those of these sites (None: all), and of these days of publication in Vietnam.

    Both days are included. Where a day is given, articles without a date are not counted.
    """

    start: date | None = None
    end: date | None = None
    sites: frozenset[str] | None = None

    def is_of(self, *sites: str) -> bool:
        """Whether one of `sites` is among those asked for."""
        return self.sites is None or not self.sites.isdisjoint(sites)

    def takes(self, published: datetime | None) -> bool:
        """Whether an article of this date is counted."""
        if self.start is None and self.end is None:
            return True
        if published is None:
            return False
        day = published.astimezone(VIETNAM).date()
        return (self.start is None or day >= self.start) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays in one unit: how many, their median, the least and the most."""

    number: int
    median: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Flow:
    """What one site reprints of another: articles, their share of all of its articles, and the delays.

    `hours` are those of pairs whose dates tell the minute, `days` those of the other dated ones; None without any.
    """

    site: str
    source: str
    articles: int
    share: float
    hours: Delays | None
    days: Delays | None


@dataclass(frozen=True, slots=True)
class Share:
    """A site's articles in text groups, how many are reprints of another site's, how many reposts of its own.

    `template_only` are its articles in no group since their extraction failed.
    """

    site: str
    articles: int
    reprints: int
    reposts: int
    template_only: int


@dataclass(frozen=True, slots=True)
class Outside:
    """A source outside the archive: its name as compared, how one article words it, and how many credit it."""

    name: str
    words: str
    articles: int


@dataclass(frozen=True, slots=True)
class Report:
    """What `report` counts.

    `groups` by how many articles print the story, `texts` by how many versions it has, counting the groups of which an
    article is counted, each as a whole; `across` is how many of them stand on several sites. `waiting` texts were not
    compared yet, whatever was asked for.
    """

    flows: tuple[Flow, ...]
    shares: tuple[Share, ...]
    outside: tuple[Outside, ...]
    groups: dict[int, int]
    texts: dict[int, int]
    across: int
    waiting: int


class _Row(NamedTuple):
    group: int
    text: int
    site: str
    published: datetime | None
    precision: str | None


def report(session: Session, asked: Span) -> Report:
    """Count the reprints among the articles that are asked for.

    The first article of a group is its original: the earliest of the canonical text, a dated one before one without.
    Every other article is a reprint of its site, or on that same site a repost. With `Span.sites` the flows are
    those to and from these sites.
    """
    articles, reprints, reposts = Counter[str](), Counter[str](), Counter[str]()
    flowing = Counter[tuple[str, str]]()
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    days: dict[tuple[str, str], list[float]] = defaultdict(list)
    groups, texts, across = Counter[int](), Counter[int](), 0
    for _, found in groupby(_rows(session), key=lambda row: row.group):
        rows = list(found)
        original = rows[0]
        counted = False
        for number, row in enumerate(rows):
            if not asked.takes(row.published):
                continue
            articles[row.site] += 1
            counted |= asked.is_of(row.site)
            if number and row.site == original.site:
                reposts[row.site] += 1
            elif number:
                flow = (row.site, original.site)
                reprints[row.site] += 1
                flowing[flow] += 1
                if row.published is not None and original.published is not None:
                    exact = row.precision == original.precision == Precision.MINUTE
                    late = span(original.published, row.published, exact=exact)
                    if late.hours is None:
                        days[flow].append(late.days)
                    else:
                        hours[flow].append(late.hours)
        if counted:
            groups[len(rows)] += 1
            texts[len({row.text for row in rows})] += 1
            across += len({row.site for row in rows}) > 1
    failed = _template_only(session, asked)
    return Report(
        flows=tuple(
            Flow(site, source, number, number / articles[site], *(_delays(of[site, source]) for of in (hours, days)))
            for (site, source), number in sorted(flowing.items(), key=lambda one: (-one[1], one[0]))
            if asked.is_of(site, source)
        ),
        shares=tuple(
            Share(site, articles[site], reprints[site], reposts[site], failed[site])
            for site in sorted(articles.keys() | failed.keys())
            if asked.is_of(site)
        ),
        outside=_outside(session, asked),
        groups=dict(sorted(groups.items())),
        texts=dict(sorted(texts.items())),
        across=across,
        waiting=apart(session).not_compared,
    )


def _rows(session: Session) -> Iterator[_Row]:
    """The source records in groups, group by group, the original first."""
    published = SourceRecord.published_instant
    query = (
        select(TextGroup.canonical_id, TextGroup.text_id, Site.name, published, SourceRecord.published_precision)
        .select_from(SourceRecord)
        .join(TextGroup, TextGroup.text_id == SourceRecord.text_id)
        .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
        .join(Site, Site.id == SourceRecord.site_id)
        .where(not_taken_down())
        .order_by(
            TextGroup.canonical_id,
            TextGroup.text_id != TextGroup.canonical_id,
            *in_order_of_appearance(SourceRecord),
        )
        .execution_options(yield_per=_BATCH)
    )
    return (_Row(*row) for row in session.execute(query))


def _delays(found: Sequence[float]) -> Delays | None:
    return Delays(len(found), median(found), min(found), max(found)) if found else None


def _template_only(session: Session, asked: Span) -> Counter[str]:
    query = (
        select(Site.name, SourceRecord.published_instant)
        .select_from(SourceRecord)
        .join(Fingerprint, (Fingerprint.text_id == SourceRecord.text_id) & (Fingerprint.shingles == 0))
        .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
        .join(Site, Site.id == SourceRecord.site_id)
        .where(not_taken_down())
        .execution_options(yield_per=_BATCH)
    )
    return Counter(site for site, published in session.execute(query) if asked.takes(published))


def _outside(session: Session, asked: Span) -> tuple[Outside, ...]:
    query = (
        select(SourceRecord.source, Extraction.source_credit, SourceRecord.published_instant)
        .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
        .join(Site, Site.id == SourceRecord.site_id)
        .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
        .where(
            not_taken_down(), SourceRecord.source.is_not(None), ~exists().where(SiteName.name == SourceRecord.source)
        )
        .execution_options(yield_per=_BATCH)
    )
    if asked.sites is not None:
        query = query.where(Site.name.in_(asked.sites))
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for name, credit, published in session.execute(query):
        if name is not None and asked.takes(published):
            words[name][credit or name] += 1
    most = sorted(words.items(), key=lambda one: (-one[1].total(), one[0]))[:MOST_OUTSIDE]
    # Of several wordings the most frequent one, of those the first: the same on every database.
    return tuple(Outside(name, min(of, key=lambda one: (-of[one], one)), of.total()) for name, of in most)
