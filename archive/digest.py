"""Digests: whether two archives hold the same, wherever and whenever each was filled.

A row is hashed by its values and the hashes of a table are added up, so that neither the order of the
rows nor their integer keys matter and no table has to be sorted or held in memory. (Adding serves to
find differences, not to withstand somebody who crafts rows that cancel out.)
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, case, or_, select
from sqlalchemy.orm import Session, aliased

from archive.models import (
    ArticleSection,
    ArticleUrl,
    Base,
    Capture,
    DisabledSite,
    Exclusion,
    Extraction,
    Fingerprint,
    FormerSite,
    Reprint,
    Revision,
    Section,
    Site,
    SiteHost,
    SiteName,
    SiteParagraph,
    SiteProvince,
    SourceRecord,
    StoredArticle,
    StoredText,
    TextGroup,
    Url,
    UrlKind,
    UrlState,
)

_BATCH = 500
"""Rows read at a time."""

_MODULUS = 1 << 256

_OF_THE_MOMENT = (304, 408, 429)
"""Answers that hang on the moment of asking, as those from 500 on do (RFC 9110, 15.4.5, 15.5.9, 15.6; RFC 6585, 4)."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and the sum of their SHA-256 hashes modulo 2^256, in 64 hex digits."""

    rows: int
    sum: str


def logical_digest(session: Session) -> dict[str, TableDigest]:
    """What the archive says, by table: equal for two archives that were filled by the same crawl.

    Left out are integer keys, runs, checks of sites, times of fetching, places of captures, view counts and when to
    look again. Of the captures it tells which address gave which status, not how often; answers that only say "as
    before" or "not now" are left out, since whether a site gives one hangs on when it is asked.
    """
    return {name: _digest(session, query) for name, query in _logical().items()}


def exact_digest(session: Session) -> dict[str, TableDigest]:
    """All that the archive holds, by table: equal only for an archive and its copy."""
    return {table.name: _digest(session, select(table)) for table in Base.metadata.sorted_tables}


def whole(tables: dict[str, TableDigest]) -> str:
    """One digest of all tables, in 64 hex digits."""
    lines = (f"{name} {tables[name].rows} {tables[name].sum}\n" for name in sorted(tables))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def row_sum(rows: Iterable[Iterable[Any]]) -> TableDigest:
    """The digest of `rows` of values as they come from the database."""
    number, total = 0, 0
    for row in rows:
        line = json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":"))
        total = (total + int.from_bytes(hashlib.sha256(line.encode()).digest())) % _MODULUS
        number += 1
    return TableDigest(number, f"{total:064x}")


def _digest(session: Session, query: Select[Any]) -> TableDigest:
    return row_sum(session.execute(query.execution_options(yield_per=_BATCH)))


def _plain(value: Any) -> Any:
    """A value as JSON has it, the same whichever database it came from."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, bytes):
        return value.hex()
    return value


def _logical() -> dict[str, Select[Any]]:
    """What stands for each table: its rows without what differs from crawl to crawl."""
    before, after = aliased(Extraction), aliased(Extraction)
    one, other = aliased(StoredText), aliased(StoredText)
    of_site = StoredArticle.site_id == Site.id
    # Which of an article's addresses was fetched and which is its alias hangs on the order of fetching.
    kept = case((Url.state.in_((UrlState.FETCHED.value, UrlState.ALIAS.value)), "kept"), else_=Url.state)
    not_of_the_words = {"id", "capture_id", "article_id", "text_id", "is_current", "created_at"}
    read = [column for column in Extraction.__table__.columns if column.name not in not_of_the_words]
    return {
        "site": select(Site.name, Site.title, Site.family, Site.source_records),
        "former_site": select(FormerSite.name, Site.name).join(Site, Site.id == FormerSite.site_id),
        "disabled_site": select(Site.name, DisabledSite.reason).join(Site, Site.id == DisabledSite.site_id),
        "site_host": select(Site.name, SiteHost.host, SiteHost.valid_from, SiteHost.valid_until).join(
            Site, Site.id == SiteHost.site_id
        ),
        "site_province": select(
            Site.name, SiteProvince.era, SiteProvince.code, SiteProvince.valid_from, SiteProvince.valid_until
        ).join(Site, Site.id == SiteProvince.site_id),
        "section": select(Site.name, Section.name).join(Site, Site.id == Section.site_id),
        "url": select(Site.name, Url.url, Url.kind, Url.article_key, kept, Url.listed_instant, Url.listed_precision)
        .join(Site, Site.id == Url.site_id)
        # What was asked for besides, and answered as before, hangs on how often a crawl was cut short.
        .where(or_(Url.kind == UrlKind.ARTICLE.value, Url.walked_at.is_not(None))),
        "capture": select(Site.name, Capture.url, Capture.final_url, Capture.status)
        .join(Site, Site.id == Capture.site_id)
        .where(Capture.status.not_in(_OF_THE_MOMENT), Capture.status < 500)
        .distinct(),
        "article": select(
            Site.name, StoredArticle.key, StoredArticle.url, StoredArticle.kind, StoredArticle.gone_at.is_not(None)
        )
        .join(Site, of_site)
        .select_from(StoredArticle),
        "article_url": select(Site.name, StoredArticle.key, ArticleUrl.url)
        .select_from(ArticleUrl)
        .join(StoredArticle, StoredArticle.id == ArticleUrl.article_id)
        .join(Site, of_site),
        "article_section": select(Site.name, StoredArticle.key, Section.name)
        .select_from(ArticleSection)
        .join(StoredArticle, StoredArticle.id == ArticleSection.article_id)
        .join(Section, Section.id == ArticleSection.section_id)
        .join(Site, of_site),
        "text": select(StoredText.text_id, StoredText.sha256, StoredText.body, StoredText.syllables),
        "extraction": select(Site.name, StoredArticle.key, StoredText.text_id, *read)
        .select_from(Extraction)
        .join(StoredArticle, StoredArticle.id == Extraction.article_id)
        .join(Site, of_site)
        .outerjoin(StoredText, StoredText.id == Extraction.text_id)
        .where(Extraction.is_current),
        "rejection": select(Site.name, Capture.url, Extraction.extractor_version, Extraction.reason, Extraction.detail)
        .select_from(Extraction)
        .join(Capture, Capture.id == Extraction.capture_id)
        .join(Site, Site.id == Capture.site_id)
        .where(Extraction.outcome == "rejected")
        .distinct(),
        "site_name": select(Site.name, SiteName.name).join(Site, Site.id == SiteName.site_id),
        "site_paragraph": select(Site.name, SiteParagraph.paragraph, SiteParagraph.articles).join(
            Site, Site.id == SiteParagraph.site_id
        ),
        "fingerprint": select(
            StoredText.text_id,
            Fingerprint.algorithm,
            Fingerprint.core_hash,
            Fingerprint.shingles,
            Fingerprint.figures,
            Fingerprint.core_figures,
        ).join(StoredText, StoredText.id == Fingerprint.text_id),
        "source_record": select(
            Site.name,
            StoredArticle.key,
            StoredText.text_id,
            SourceRecord.published_instant,
            SourceRecord.day,
            SourceRecord.source,
            SourceRecord.figures,
        )
        .select_from(SourceRecord)
        .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
        .join(Site, of_site)
        .join(StoredText, StoredText.id == SourceRecord.text_id),
        # Which of the two is named first hangs on their keys.
        "reprint": select(
            case((one.text_id < other.text_id, one.text_id), else_=other.text_id),
            case((one.text_id < other.text_id, other.text_id), else_=one.text_id),
            Reprint.method,
            Reprint.jaccard,
            Reprint.containment,
        )
        .join(one, one.id == Reprint.text_id)
        .join(other, other.id == Reprint.other_id),
        "text_group": select(one.text_id, other.text_id)
        .select_from(TextGroup)
        .join(one, one.id == TextGroup.text_id)
        .join(other, other.id == TextGroup.canonical_id),
        "exclusion": select(Site.name, Exclusion.article_key, Exclusion.reason, Exclusion.purged_at.is_not(None)).join(
            Site, Site.id == Exclusion.site_id
        ),
        "revision": select(
            Site.name, StoredArticle.key, Revision.number, Revision.changed, before.content_hash, after.content_hash
        )
        .select_from(Revision)
        .join(StoredArticle, StoredArticle.id == Revision.article_id)
        .join(Site, of_site)
        .join(before, before.id == Revision.before_id)
        .join(after, after.id == Revision.after_id),
    }
