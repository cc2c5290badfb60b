"""Questions people ask of the archive: show me this article, how are the sites, what was refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from archive.clock import VIETNAM
from archive.exclusion import Excluded, exclusions, not_taken_down
from archive.groups import Story, stories
from archive.models import (
    ArticleUrl,
    Capture,
    Exclusion,
    Extraction,
    Revision,
    Run,
    Site,
    StoredArticle,
    StoredText,
    Url,
    UrlKind,
    UrlState,
)
from archive.records import Record, in_order_of_appearance, records
from archive.runs import RunRecord, run_record
from archive.sites import present_id

TEXT_ID = re.compile(r"[0-9a-f]{16}")
"""What the id of a text looks like."""


@dataclass(frozen=True, slots=True)
class Change:
    """One revision: its number, when it was seen, and the names of the fields that changed."""

    number: int
    seen_at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """An article with its revisions, all source records of its text (itself among them), and its text group.

    `story` is None where it has no text or is template only.
    """

    record: Record
    changes: tuple[Change, ...]
    sources: tuple[Record, ...]
    story: Story | None


@dataclass(frozen=True, slots=True)
class ArticleName:
    """What names an article: its site, its key, its address."""

    site: str
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """How a site stands. `urls` counts article URLs by state, `syllables` those of its texts, each once."""

    site: str
    title: str
    family: str
    articles: int
    texts: int
    syllables: int
    urls: dict[str, int]
    first_published: datetime | None
    last_published: datetime | None
    last_run: RunRecord | None

    @property
    def pending(self) -> int:
        """URLs found and not fetched yet."""
        return self.urls.get(UrlState.FOUND, 0)

    @property
    def rejected(self) -> int:
        """URLs whose page the quality gate refused."""
        return self.urls.get(UrlState.REJECTED, 0)

    @property
    def excluded(self) -> int:
        """URLs whose article was taken down."""
        return self.urls.get(UrlState.EXCLUDED, 0)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A page that is not kept as an article: the reason, and where its capture stands.

    `kept` if an earlier version of the article is kept nevertheless.
    """

    site: str
    url: str
    reason: str
    detail: str
    fetched_at: datetime
    file: str
    offset: int
    kept: bool


def find_article(session: Session, url_or_id: str) -> list[Shown]:
    """What a URL, a public id ``<site>-<key>`` or a text id means; several for a shared text.

    A URL is looked for as it is, then without scheme and www, then without its query and final
    slash too; the site of an id may be called by a former id. Nothing found is an empty list.
    """
    wanted = url_or_id.strip()
    found: list[Record] = []
    for condition in _conditions(session, wanted):
        found = list(records(session, [condition]))
        if found:
            break
    known = stories(session, found)
    return [_shown(session, record, known.get(record.story or "")) for record in found]


def taken_down(session: Session, url_or_id: str) -> list[Excluded]:
    """What was taken down of what a URL, a public id or a text id means, as `find_article` takes them."""
    wanted = url_or_id.strip()
    found = [
        one
        for article in articles_of(session, wanted)
        for one in exclusions(session, Site.name == article.site, Exclusion.article_key == article.key)
    ]
    if found:
        return found
    # What was never fetched has no article.
    if "/" not in wanted:
        site, _, key = wanted.partition("-")
        return exclusions(session, Site.name == present_id(session, site), Exclusion.article_key == key)
    in_ledger = exists().where(
        Url.site_id == Exclusion.site_id, Url.url == wanted, Url.article_key == Exclusion.article_key
    )
    return exclusions(session, or_(Exclusion.url == wanted, in_ledger))


def articles_of(session: Session, url_or_id: str) -> list[ArticleName]:
    """The articles that a URL, a public id or a text id means, those that were taken down among them."""
    for condition in _conditions(session, url_or_id.strip()):
        query = (
            select(Site.name, StoredArticle.key, StoredArticle.url)
            .join(Site, Site.id == StoredArticle.site_id)
            .outerjoin(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
            .outerjoin(StoredText, StoredText.id == Extraction.text_id)
            .where(condition)
            .order_by(Site.name, StoredArticle.key)
        )
        found = [ArticleName(*row) for row in session.execute(query)]
        if found:
            return found
    return []


def site_status(session: Session) -> list[SiteStatus]:
    """Every site by name."""
    current = Extraction.is_current & (Extraction.article_id == StoredArticle.id)
    published = Extraction.published_instant
    articles = {
        row[0]: row
        for row in session.execute(
            select(StoredArticle.site_id, func.count(), func.min(published), func.max(published))
            .join(Extraction, current)
            .where(not_taken_down())
            .group_by(StoredArticle.site_id)
        )
    }
    each = (
        select(StoredArticle.site_id, Extraction.text_id)
        .join(Extraction, current)
        .where(not_taken_down(), Extraction.text_id.is_not(None))
        .distinct()
        .subquery()
    )
    texts = {
        row[0]: row
        for row in session.execute(
            select(each.c.site_id, func.count(), func.sum(StoredText.syllables))
            .join(StoredText, StoredText.id == each.c.text_id)
            .group_by(each.c.site_id)
        )
    }
    urls: dict[int, dict[str, int]] = {}
    states = select(Url.site_id, Url.state, func.count()).where(Url.kind == UrlKind.ARTICLE.value)
    for site_id, state, number in session.execute(states.group_by(Url.site_id, Url.state)):
        urls.setdefault(site_id, {})[state] = number
    result = []
    for site in session.scalars(select(Site).order_by(Site.name)):
        # A run of `fetch` says nothing of the site's nights.
        crawls = select(Run).where(Run.site_id == site.id, Run.arguments["url"].as_string().is_(None))
        last_run = session.scalar(crawls.order_by(Run.started_at.desc(), Run.id.desc()).limit(1))
        _, number, first, last = articles.get(site.id, (None, 0, None, None))
        _, number_of_texts, syllables = texts.get(site.id, (None, 0, 0))
        result.append(
            SiteStatus(
                site=site.name,
                title=site.title,
                family=site.family,
                articles=number,
                texts=number_of_texts,
                syllables=int(syllables),
                urls=urls.get(site.id, {}),
                first_published=first and first.astimezone(VIETNAM),
                last_published=last and last.astimezone(VIETNAM),
                last_run=run_record(site.name, last_run) if last_run else None,
            )
        )
    return result


def rejects(session: Session, site: str | None = None) -> list[Rejected]:
    """The URLs whose latest reading was refused, by site, the newest first; without those that were taken down."""
    excluded = exists().where(
        Url.site_id == Capture.site_id, Url.url == Capture.url, Url.state == UrlState.EXCLUDED.value
    )
    # Of the latest capture, for an older one may have been read again since.
    captures = (
        select(func.max(Capture.id))
        .join(Extraction, Extraction.capture_id == Capture.id)
        .group_by(Capture.site_id, Capture.url)
    )
    latest = select(func.max(Extraction.id)).where(Extraction.capture_id.in_(captures)).group_by(Extraction.capture_id)
    query = (
        select(Site.name, Capture, Extraction, ArticleUrl.id)
        .join(Site, Site.id == Capture.site_id)
        .join(Extraction, Extraction.capture_id == Capture.id)
        .outerjoin(ArticleUrl, (ArticleUrl.site_id == Capture.site_id) & (ArticleUrl.url == Capture.url))
        .where(Extraction.id.in_(latest), Extraction.outcome == "rejected", ~excluded)
        .order_by(Site.name, Capture.fetched_at.desc(), Capture.url)
    )
    if site is not None:
        query = query.where(Site.name == site)
    return [
        Rejected(
            site=name,
            url=capture.url,
            reason=made.reason or "",
            detail=made.detail or "",
            fetched_at=capture.fetched_at,
            file=capture.file,
            offset=capture.offset,
            kept=kept is not None,
        )
        for name, capture, made, kept in session.execute(query)
    ]


def _conditions(session: Session, wanted: str) -> Sequence[ColumnElement[bool]]:
    if "://" not in wanted and TEXT_ID.fullmatch(wanted):
        return [StoredText.text_id == wanted]
    if "/" not in wanted:
        site, _, key = wanted.partition("-")
        return [(Site.name == present_id(session, site)) & (StoredArticle.key == key)]
    found = [_leads_to(session, ArticleUrl.url == wanted)]
    # The query may be what names the article, so it is only left out when nothing else is found.
    for with_query in (True, False):
        bare = _bare(wanted, with_query)
        candidates = session.scalars(select(ArticleUrl.url).where(ArticleUrl.url.contains(bare, autoescape=True)))
        same = [url for url in candidates if _bare(url, with_query) == bare]
        found.append(_leads_to(session, ArticleUrl.url.in_(same)))
    return found


def _leads_to(session: Session, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return StoredArticle.id.in_(session.scalars(select(ArticleUrl.article_id).where(condition)).all())


def _bare(url: str, with_query: bool) -> str:
    parts = urlsplit(url if "://" in url else f"//{url}")
    query = f"?{parts.query}" if with_query and parts.query else ""
    path = parts.path if query else parts.path.rstrip("/")
    return parts.netloc.lower().removeprefix("www.") + path + query


def _shown(session: Session, record: Record, story: Story | None) -> Shown:
    changes = session.scalars(
        select(Revision)
        .join(StoredArticle, StoredArticle.id == Revision.article_id)
        .join(Site, Site.id == StoredArticle.site_id)
        .where(Site.name == record.site, StoredArticle.key == record.key)
        .order_by(Revision.number)
    )
    sources: tuple[Record, ...] = (record,)
    if story is not None:
        sources = tuple(one.record for one in story.carriers if one.record.text_id == record.text_id)
    elif record.text_id is not None:
        sources = tuple(records(session, [StoredText.text_id == record.text_id], in_order_of_appearance()))
    return Shown(record, tuple(Change(c.number, c.seen_at, tuple(c.changed)) for c in changes), sources, story)
