"""The one way in: what was fetched and what was read from it become rows, in one transaction."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from archive.article import WHOLE_PAGE, Article, Rejection, split_text
from archive.captures import Headers, Location
from archive.clock import Clock
from archive.database import ArchiveError, Sessions, insert_if_new, reading, writing
from archive.ledger import Found, add_article_url, ledger_row, next_look
from archive.models import (
    ArticleUrl,
    Capture,
    Era,
    Extraction,
    Revision,
    Site,
    SiteHost,
    SiteProvince,
    StoredArticle,
    StoredText,
    Url,
    UrlKind,
    UrlState,
    dated_columns,
)
from archive.provinces import REFORM, site_provinces
from archive.sections import put_in_sections

_SITE_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NOT_KEPT = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL does not keep (NUL), and what has no bytes at all (halves of surrogate pairs)."""


class Outcome(StrEnum):
    """What saving did: `NEW` article, `UNCHANGED`, `REVISED` by its publisher, `REJECTED` as no article."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REVISED = "revised"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewCapture:
    """A response whose record is durable at `location`: as requested, where it ended, what it said."""

    location: Location
    url: str
    final_url: str
    status: int
    headers: Headers
    fetched_at: datetime
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """What a spider declares of its site: id, publisher's name, family, hosts, province (a slug)."""

    name: str
    title: str
    family: str
    hosts: tuple[str, ...]
    province: str


def register_site(session: Session, record: SiteRecord, clock: Clock) -> int:
    """Make the site or bring it up to date, and give its key for the other classes of this package.

    Hosts and provinces that are no longer declared stay: articles were published under them. Raises
    ValueError if the name is no site id or the province is unknown.
    """
    if not _SITE_ID.fullmatch(record.name):
        raise ValueError(f"site id {record.name!r}: give lower-case words joined by _, such as bao_quang_ninh")
    codes = site_provinces(record.province)
    # Locked, since another machine may be registering the site at this moment.
    known_site = select(Site).where(Site.name == record.name).with_for_update(key_share=True)
    site = session.scalar(known_site)
    if site is None:
        row = {"name": record.name, "title": record.title, "family": record.family, "created_at": clock.now()}
        insert_if_new(session, Site, row)
        site = session.scalars(known_site).one()
    site.title, site.family = record.title, record.family
    session.flush()
    hosts = set(session.scalars(select(SiteHost.host).where(SiteHost.site_id == site.id)))
    session.add_all(SiteHost(site_id=site.id, host=host) for host in record.hosts if host not in hosts)
    known = set(session.execute(select(SiteProvince.era, SiteProvince.code).where(SiteProvince.site_id == site.id)))
    for era, code in codes:
        if (era, code) not in known:
            province = SiteProvince(site_id=site.id, era=era.value, code=code)
            province.valid_from, province.valid_until = (None, REFORM) if era is Era.OLD else (REFORM, None)
            session.add(province)
    session.flush()
    return site.id


def known_end(sessions: Sessions, file: str) -> int:
    """Where the last record of a capture file ends that the database knows of; 0 if it knows of none."""
    with reading(sessions) as session:
        return session.scalar(select(func.max(Capture.offset + Capture.length)).where(Capture.file == file)) or 0


class Store:
    """Takes in what a crawl of one site fetched and read."""

    def __init__(self, sessions: Sessions, site_id: int, clock: Clock) -> None:
        self._sessions, self._site_id, self._clock = sessions, site_id, clock

    def add_capture(self, capture: NewCapture) -> int:
        """Acknowledge a capture on its own (listings, feeds, failed pages); give its key for `save`."""
        with writing(self._sessions, self._site_id) as session:
            return self._capture(session, capture).id

    def save(
        self,
        capture: NewCapture | int,
        result: Article | Rejection,
        *,
        requested_url: str,
        extractor_version: str,
        aliases: Sequence[str] = (),
        found: Found | None = None,
    ) -> Outcome:
        """Keep what one extractor version read from one capture; all of it or nothing.

        `capture` is a new one or what `add_capture` gave. The article is looked up by its key, then
        by the URL the response came from: a page may name another key than its URL. A capture that
        was saved before by the same version changes nothing. A rejection never touches an article
        that is kept. Raises ValueError if the article breaks the rules of the text, ArchiveError if
        another text has its id.
        """
        if isinstance(result, Article):
            _check(result)
        with writing(self._sessions, self._site_id) as session:
            row = self._capture(session, capture) if isinstance(capture, NewCapture) else _get(session, capture)
            before = session.scalar(
                select(Extraction.outcome).where(
                    Extraction.capture_id == row.id, Extraction.extractor_version == extractor_version
                )
            )
            if before is not None:
                return Outcome.REJECTED if before == "rejected" else Outcome.UNCHANGED
            url = ledger_row(session, self._site_id, requested_url, UrlKind.ARTICLE, self._clock.now())
            if isinstance(result, Rejection):
                return self._reject(session, row, url, result, extractor_version)
            return self._accept(session, row, url, result, extractor_version, aliases, found)

    def _capture(self, session: Session, new: NewCapture) -> Capture:
        place = new.location
        known = session.scalar(select(Capture).where(Capture.file == place.file, Capture.offset == place.offset))
        if known is not None:
            return known
        # PostgreSQL keeps no NUL, and no server sends one in good faith.
        header = {name.lower(): value.replace("\0", "") for name, value in reversed(new.headers)}
        row = Capture(
            site_id=self._site_id,
            run_id=new.run_id,
            url=new.url,
            final_url=new.final_url,
            fetched_at=new.fetched_at,
            status=new.status,
            content_type=header.get("content-type"),
            content_encoding=header.get("content-encoding"),
            etag=header.get("etag"),
            last_modified=header.get("last-modified"),
            file=place.file,
            offset=place.offset,
            length=place.length,
            payload_digest=place.payload_digest,
            payload_length=place.payload_length,
        )
        session.add(row)
        session.flush()
        return row

    def _reject(self, session: Session, capture: Capture, url: Url, why: Rejection, version: str) -> Outcome:
        session.add(
            Extraction(
                capture_id=capture.id,
                extractor_version=version,
                outcome="rejected",
                is_current=False,
                reason=why.reason,
                detail=why.detail,
                created_at=self._clock.now(),
            )
        )
        kept = self._article_at(session, url.url)
        if kept is None:
            due = next_look(url.listed_instant, capture.fetched_at)
            _fetched(url, capture, UrlState.REJECTED, due)
        else:
            due = next_look(_published(session, kept), capture.fetched_at)
            _fetched(url, capture, UrlState(url.state) if url.state == UrlState.ALIAS else UrlState.FETCHED, due)
        url.reason = why.reason
        return Outcome.REJECTED

    def _accept(
        self,
        session: Session,
        capture: Capture,
        url: Url,
        result: Article,
        version: str,
        aliases: Sequence[str],
        found: Found | None,
    ) -> Outcome:
        now = self._clock.now()
        article = session.scalar(
            select(StoredArticle).where(StoredArticle.site_id == self._site_id, StoredArticle.key == result.key)
        ) or self._article_from(session, capture.final_url)
        outcome = Outcome.UNCHANGED
        if article is None:
            outcome = Outcome.NEW
            article = StoredArticle(site_id=self._site_id, key=result.key, first_fetched_at=capture.fetched_at)
            article.url, article.kind = result.url, result.kind.value
            session.add(article)
            session.flush()
        current = session.scalar(select(Extraction).where(Extraction.article_id == article.id, Extraction.is_current))
        if current is not None and _lost_layout(current, result):
            why = Rejection("layout-lost", f"the page no longer fits layout {current.layout}; what is kept stays")
            return self._reject(session, capture, url, why, version)
        capture.views = result.views
        text = self._text(session, result)
        made = _extraction(capture, article, text, result, version, now)
        # Re-reading an old capture is no news of the article.
        made.is_current = current is None or _get(session, current.capture_id).fetched_at <= capture.fetched_at
        if made.is_current:
            article.url, article.kind, article.gone_at = result.url, result.kind.value, None
            if current is not None:
                current.is_current = False
                session.flush()  # before the new one: only one may be current at any moment
        session.add(made)
        session.flush()
        if (
            made.is_current
            and current is not None
            and current.extractor_version == version
            and current.content_hash != made.content_hash
        ):
            outcome = Outcome.REVISED
            self._revise(session, article, current, made, capture.fetched_at)
        for one in dict.fromkeys((url.url, capture.final_url, result.url, *aliases)):
            add_article_url(session, article, one, now)
        sections = [result.section, found.section if found else None, *url.sections]
        published = result.published.instant if result.published else None
        due = next_look(published, capture.fetched_at)
        sections += self._settle(session, url, capture, due, article)
        put_in_sections(session, article, sections)
        return outcome

    def _settle(
        self, session: Session, url: Url, capture: Capture, due: datetime | None, article: StoredArticle
    ) -> list[str]:
        """Leave one ledger row to look the article up by, the others as its aliases; give their sections."""
        keys = {url.article_key or article.key, article.key}
        url.article_key = article.key
        mine = select(Url).where(Url.site_id == self._site_id, Url.kind == UrlKind.ARTICLE.value, Url.id != url.id)
        # Two questions, since with OR between them SQLite looks through every URL of the site.
        others = {
            *session.scalars(mine.where(Url.article_key.in_(keys))),
            *session.scalars(mine.where(Url.url == capture.final_url)),
        }
        sections: list[str] = []
        for other in others:
            if other.state == UrlState.FOUND:
                other.state, other.due_at, other.article_key = UrlState.ALIAS.value, None, article.key
                add_article_url(session, article, other.url, self._clock.now())
                sections += other.sections
        looked_at = any(other.state == UrlState.FETCHED and other.article_key == article.key for other in others)
        if looked_at and url.state != UrlState.FETCHED:
            _fetched(url, capture, UrlState.ALIAS, None)
        else:
            _fetched(url, capture, UrlState.FETCHED, due)
        return sections

    def _article_from(self, session: Session, url: str) -> StoredArticle | None:
        """The article that was read at `url` before.

        Only what was read counts: were it enough that some page names the URL as its own, one site
        whose pages all name the front page would melt into one article.
        """
        return session.scalar(
            select(StoredArticle)
            .join(Extraction, Extraction.article_id == StoredArticle.id)
            .join(Capture, Capture.id == Extraction.capture_id)
            .where(Capture.site_id == self._site_id, Capture.final_url == url)
            .order_by(Capture.id.desc())
            .limit(1)
        )

    def _article_at(self, session: Session, url: str) -> StoredArticle | None:
        return session.scalar(
            select(StoredArticle)
            .join(ArticleUrl, ArticleUrl.article_id == StoredArticle.id)
            .where(ArticleUrl.site_id == self._site_id, ArticleUrl.url == url)
        )

    def _text(self, session: Session, article: Article) -> StoredText | None:
        body = article.text
        if not body:
            return None
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        text = session.scalar(select(StoredText).where(StoredText.sha256 == sha256))
        if text is None:
            # Texts are of no site: another one's crawl may be storing the same words at this moment.
            row = {"text_id": sha256[:16], "sha256": sha256, "body": body, "syllables": syllables(body)}
            insert_if_new(session, StoredText, row | {"created_at": self._clock.now()})
            text = session.scalar(select(StoredText).where(StoredText.sha256 == sha256))
        if text is None:
            raise ArchiveError(
                f"{article.url}: its text cannot be kept: its id {sha256[:16]} is that of another text; please report "
                f"this with its SHA-256, {sha256}: ids of texts have to become longer"
            )
        return text

    def _revise(
        self,
        session: Session,
        article: StoredArticle,
        before: Extraction,
        after: Extraction,
        seen_at: datetime,
    ) -> None:
        number = session.scalar(select(func.max(Revision.number)).where(Revision.article_id == article.id)) or 0
        old, new = (_content(row, _sha256(session, row)) for row in (before, after))
        session.add(
            Revision(
                article_id=article.id,
                number=number + 1,
                before_id=before.id,
                after_id=after.id,
                seen_at=seen_at,
                changed=[name for name in new if new[name] != old[name]],
            )
        )


def syllables(text: str) -> int:
    """How many syllables a text has: in Vietnamese writing, its tokens between spaces.

    Tokens without a letter or digit (dashes, bars between cells) do not count.
    """
    return sum(any(c.isalnum() for c in token) for token in text.split())


def _check(article: Article) -> None:
    """The rules of the text on which text ids and `split_text` rest."""
    text = article.text
    kinds = [block.kind.value for block in article.blocks]
    try:
        whole = split_text(text, kinds) == article.blocks
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"{article.url}: a block is empty or holds an empty line; clean the blocks first")
    if not unicodedata.is_normalized("NFC", text + article.title):
        raise ValueError(f"{article.url}: title or text is not NFC; normalise them first")
    if not article.key or not article.title:
        raise ValueError(f"{article.url}: an article needs a key and a title")
    if any(_NOT_KEPT.search(words) for words in _strings(asdict(article))):
        raise ValueError(f"{article.url}: a field holds NUL or half a character; clean the fields first")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _lost_layout(current: Extraction, result: Article) -> bool:
    """A reading of the whole page is no news of an article that a layout read: it is vaguer by nature."""
    return WHOLE_PAGE in result.flags and WHOLE_PAGE not in (current.flags or [])


def _get(session: Session, capture_id: int) -> Capture:
    return session.get_one(Capture, capture_id)


def _fetched(url: Url, capture: Capture, state: UrlState, due: datetime | None) -> None:
    url.state, url.status, url.fetched_at, url.due_at = state.value, capture.status, capture.fetched_at, due
    url.failures, url.reason = 0.0, None


def _published(session: Session, article: StoredArticle) -> datetime | None:
    return session.scalar(
        select(Extraction.published_instant).where(Extraction.article_id == article.id, Extraction.is_current)
    )


def _extraction(
    capture: Capture,
    article: StoredArticle,
    text: StoredText | None,
    result: Article,
    version: str,
    now: datetime,
) -> Extraction:
    made = Extraction(
        capture_id=capture.id,
        extractor_version=version,
        outcome="article",
        article_id=article.id,
        text_id=text.id if text else None,
        url=result.url,
        title=result.title,
        kinds=[block.kind.value for block in result.blocks],
        **dated_columns("published", result.published),
        **dated_columns("modified", result.modified),
        author=result.author,
        affiliation=result.affiliation,
        source_credit=result.source_credit,
        section=result.section,
        tags=list(result.tags),
        language=result.language,
        attachments=[{"url": one.url, "label": one.label} for one in result.attachments],
        layout=result.layout,
        declared_charset=result.declared_charset,
        used_charset=result.used_charset,
        flags=list(result.flags),
        origins=dict(result.origins),
        created_at=now,
    )
    content = json.dumps(
        _content(made, text.sha256 if text else None),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    made.content_hash = hashlib.sha256(content.encode()).hexdigest()
    return made


def _sha256(session: Session, row: Extraction) -> str | None:
    return session.scalar(select(StoredText.sha256).where(StoredText.id == row.text_id))


def _content(row: Extraction, sha256: str | None) -> dict[str, Any]:
    """The publisher's words and metadata: what makes a revision when it changes.

    Not counted: views, layout, origins and flags, which are ours or change by themselves, and the
    time of modification, which says that something changed and not what.
    """
    return {
        "title": row.title,
        "text": sha256,
        "kinds": row.kinds,
        "published": row.published_instant
        and [row.published_instant.astimezone(UTC).isoformat(), row.published_precision],
        "author": row.author,
        "affiliation": row.affiliation,
        "source_credit": row.source_credit,
        "section": row.section,
        "tags": row.tags,
        "attachments": row.attachments,
    }
