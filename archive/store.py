"""The one way in: what was fetched and what was read from it become rows, in one transaction."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from archive.article import MAX_ADDRESS, MAX_VIEWS, UNKEPT, WHOLE_PAGE, Article, Rejection, is_overlong, split_text
from archive.captures import Headers, Location
from archive.clock import Clock
from archive.database import ArchiveError, Sessions, insert_if_new, reading, writing
from archive.ledger import Found, add_article_urls, ledger_row, next_look
from archive.models import (
    ArticleUrl,
    Base,
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
_SYLLABLE = re.compile(r"\S*[^\W_]\S*")


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
class Kept:
    """A capture that the database knows, under the key `id`, which never leaves this package and its caller."""

    id: int
    capture: NewCapture


@dataclass(frozen=True, slots=True)
class Read:
    """What one extractor version read from one capture.

    `requested_url` is the URL in the ledger, `aliases` are further addresses of the article, `found` is what
    discovery told of it.
    """

    kept: Kept
    result: Article | Rejection
    requested_url: str
    version: str
    aliases: tuple[str, ...] = ()
    found: Found | None = None


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
    """Takes in what a crawl of one site fetched and read.

    `add_capture` and `save` are one transaction each; `put_capture` and `put` do the same within a
    transaction of the caller's, who may put several into one.
    """

    def __init__(self, sessions: Sessions, site_id: int, clock: Clock) -> None:
        self._sessions, self._site_id, self._clock = sessions, site_id, clock

    def writing(self) -> AbstractContextManager[Session]:
        """A transaction for `put_capture` and `put`."""
        return writing(self._sessions, self._site_id)

    def add_capture(self, capture: NewCapture) -> Kept:
        """Acknowledge a capture on its own (listings, feeds, failed pages)."""
        with self.writing() as session:
            return self.put_capture(session, capture)

    def put_capture(self, session: Session, new: NewCapture) -> Kept:
        """Acknowledge a capture; one that is known already changes nothing.

        Raises ValueError for what is no address or no status, and can be kept in no index or column.
        """
        _check_capture(new)
        place = new.location
        header = {name.lower(): value for name, value in reversed(new.headers)}
        row = {
            "site_id": self._site_id,
            "run_id": new.run_id,
            "url": new.url,
            "final_url": new.final_url,
            "fetched_at": new.fetched_at,
            "status": new.status,
            "content_type": header.get("content-type"),
            "content_encoding": header.get("content-encoding"),
            "etag": header.get("etag"),
            "last_modified": header.get("last-modified"),
            "file": place.file,
            "offset": place.offset,
            "length": place.length,
            "payload_digest": place.payload_digest,
            "payload_length": place.payload_length,
        }
        key = insert_if_new(session, Capture, row)
        known = select(Capture.id).where(Capture.file == place.file, Capture.offset == place.offset)
        return Kept(key or session.scalars(known).one(), new)

    def save(
        self,
        capture: NewCapture | Kept,
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
        with self.writing() as session:
            kept = self.put_capture(session, capture) if isinstance(capture, NewCapture) else capture
            return self.put(session, Read(kept, result, requested_url, extractor_version, tuple(aliases), found))

    def put(self, session: Session, read: Read) -> Outcome:
        """Keep what was read from a capture, as `save` does."""
        if isinstance(read.result, Article):
            _check(read.result)
        given = {"capture": read.kept.id, "version": read.version}
        before = session.connection().execute(_EARLIER, given).scalar_one_or_none()
        if before is not None:
            return Outcome.REJECTED if before == "rejected" else Outcome.UNCHANGED
        url = self._ledger_row(session, read.requested_url)
        if url is None:
            # One given by hand was never discovered.
            ledger_row(session, self._site_id, read.requested_url, UrlKind.ARTICLE, self._clock.now())
            url = self._ledger_row(session, read.requested_url)
            assert url is not None, "it was just made"
        if isinstance(read.result, Rejection):
            return self._reject(session, read, url, read.result)
        return self._accept(session, read, url, read.result)

    def _ledger_row(self, session: Session, url: str) -> Row[Any] | None:
        return session.connection().execute(_URL, {"site": self._site_id, "url": url}).one_or_none()

    def _reject(self, session: Session, read: Read, url: Row[Any], why: Rejection) -> Outcome:
        capture = read.kept.capture
        made = {
            "capture_id": read.kept.id,
            "extractor_version": read.version,
            "outcome": "rejected",
            "is_current": False,
            "reason": why.reason,
            "detail": why.detail,
            "created_at": self._clock.now(),
        }
        insert_if_new(session, Extraction, made)
        leads_to = session.connection().execute(_PUBLISHED_AT, {"site": self._site_id, "url": url.url}).one_or_none()
        if leads_to is None:
            state, due = UrlState.REJECTED, next_look(url.listed_instant, capture.fetched_at)
        else:
            state = UrlState.ALIAS if url.state == UrlState.ALIAS else UrlState.FETCHED
            due = next_look(leads_to.published_instant, capture.fetched_at)
        _fetched(session, url.id, capture, state, due, reason=why.reason)
        return Outcome.REJECTED

    def _accept(self, session: Session, read: Read, url: Row[Any], result: Article) -> Outcome:
        now, capture, connection = self._clock.now(), read.kept.capture, session.connection()
        given = {"site": self._site_id, "key": result.key, "url": capture.final_url}
        current = connection.execute(_CURRENT_BY_KEY, given).one_or_none()
        if current is None:
            # A page may name another key now than when it was read before.
            current = connection.execute(_CURRENT_BY_URL, given).one_or_none()
        if current is not None and _lost_layout(current, result):
            why = Rejection("layout-lost", f"the page no longer fits layout {current.layout}; what is kept stays")
            return self._reject(session, read, url, why)
        # Re-reading an old capture is no news of the article.
        is_news = current is None or current.fetched_at is None or current.fetched_at <= capture.fetched_at
        if current is None:
            row = {"site_id": self._site_id, "key": result.key, "first_fetched_at": capture.fetched_at}
            article_id = insert_if_new(session, StoredArticle, row | {"url": result.url, "kind": result.kind.value})
            assert article_id is not None, "nobody else writes this site's articles at this moment"
        else:
            article_id = current.article_id
            if is_news:
                changed = {"url": result.url, "kind": result.kind.value, "gone_at": None}
                connection.execute(_CHANGE_ARTICLE, {"row": article_id, **changed})
                # Before the new one: only one may be current at any moment.
                connection.execute(_CHANGE_EXTRACTION, {"row": current.extraction_id, "is_current": False})
        text_id, sha256 = self._text(session, result)
        made = _extraction(read.kept.id, article_id, text_id, sha256, result, read.version, now)
        made_id = insert_if_new(session, Extraction, made | {"is_current": is_news})
        assert made_id is not None, "this version had not read this capture"
        if result.views is not None:
            connection.execute(_CHANGE_CAPTURE, {"row": read.kept.id, "views": result.views})
        key = current.key if current else result.key
        others, sections = self._settle(session, read, url, key, result)
        urls = (url.url, capture.final_url, result.url, *read.aliases, *others)
        add_article_urls(session, self._site_id, article_id, urls, now)
        listed = [read.found.section] if read.found else []
        put_in_sections(session, self._site_id, article_id, [result.section, *listed, *url.sections, *sections])
        if current is None:
            return Outcome.NEW
        if is_news and current.extractor_version == read.version and current.content_hash != made["content_hash"]:
            self._revise(session, article_id, (current.extraction_id, made_id), capture.fetched_at)
            return Outcome.REVISED
        return Outcome.UNCHANGED

    def _settle(
        self, session: Session, read: Read, url: Row[Any], key: str, result: Article
    ) -> tuple[list[str], list[str]]:
        """Leave one ledger row to look the article up by, the others as its aliases; give their URLs and sections."""
        connection, capture = session.connection(), read.kept.capture
        # Two questions, since with OR between them SQLite looks through every URL of the site.
        given = {"site": self._site_id, "keys": list({url.article_key or key, key}), "url": capture.final_url}
        others = {row.id: row for row in connection.execute(_URLS_OF_KEYS, given)}
        if capture.final_url != url.url:
            others |= {row.id: row for row in connection.execute(_URL, given)}
        others.pop(url.id, None)
        urls: list[str] = []
        sections: list[str] = []
        for other in others.values():
            if other.state == UrlState.FOUND:
                alias = {"state": UrlState.ALIAS.value, "due_at": None, "article_key": key}
                connection.execute(_CHANGE_URL, {"row": other.id, **alias})
                urls.append(other.url)
                sections += other.sections
        looked_at = any(other.state == UrlState.FETCHED and other.article_key == key for other in others.values())
        if looked_at and url.state != UrlState.FETCHED:
            state, due = UrlState.ALIAS, None
        else:
            published = result.published.instant if result.published else None
            state, due = UrlState.FETCHED, next_look(published, capture.fetched_at)
        _fetched(session, url.id, capture, state, due, article_key=key)
        return urls, sections

    def _text(self, session: Session, article: Article) -> tuple[int | None, str | None]:
        """The key and the SHA-256 of the article's text, which is kept once; of one without words, nothing."""
        body = article.text
        if not body:
            return None, None
        sha256 = hashlib.sha256(body.encode()).hexdigest()
        known = session.connection().execute(_TEXT, {"sha256": sha256}).scalar_one_or_none()
        if known is None:
            # Texts are of no site: another one's crawl may be storing the same words at this moment.
            row = {"text_id": sha256[:16], "sha256": sha256, "body": body, "syllables": syllables(body)}
            known = insert_if_new(session, StoredText, row | {"created_at": self._clock.now()})
            known = known or session.connection().execute(_TEXT, {"sha256": sha256}).scalar_one_or_none()
        if known is None:
            raise ArchiveError(
                f"{article.url}: its text cannot be kept: its id {sha256[:16]} is that of another text; please report "
                f"this with its SHA-256, {sha256}: ids of texts have to become longer"
            )
        return known, sha256

    def _revise(self, session: Session, article_id: int, pair: tuple[int, int], seen_at: datetime) -> None:
        number = session.scalar(select(func.max(Revision.number)).where(Revision.article_id == article_id)) or 0
        before, after = (_content(row._mapping) for key in pair for row in session.execute(_CONTENT, {"row": key}))
        row = {"article_id": article_id, "number": number + 1, "before_id": pair[0], "after_id": pair[1]}
        changed = [name for name in after if after[name] != before[name]]
        insert_if_new(session, Revision, row | {"seen_at": seen_at, "changed": changed})


def syllables(text: str) -> int:
    """How many syllables a text has: in Vietnamese writing, its tokens between spaces.

    Tokens without a letter or digit (dashes, bars between cells) do not count.
    """
    return len(_SYLLABLE.findall(text))


def _check_capture(new: NewCapture) -> None:
    for url in (new.url, new.final_url):
        if is_overlong(url):
            raise ValueError(f"{url[:100]}...: the URL has more than {MAX_ADDRESS} bytes; do not fetch it")
    if not 100 <= new.status <= 999:
        raise ValueError(f"{new.url}: {new.status} is no status of HTTP; do not keep the response")


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
    for name in ("key", "url", "section"):
        if is_overlong(getattr(article, name) or ""):
            raise ValueError(f"{article.url[:100]}: its {name} has more than {MAX_ADDRESS} bytes; mend the layout")
    if not 0 <= (article.views or 0) <= MAX_VIEWS:
        raise ValueError(f"{article.url}: {article.views} views are not from 0 to {MAX_VIEWS}; mend the layout")
    if any(UNKEPT.search(words) for words in (text, *_strings(replace(article, blocks=())))):
        raise ValueError(f"{article.url}: a field holds NUL or half a character; clean the fields first")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _strings(getattr(value, one.name))


def _lost_layout(current: Row[Any], result: Article) -> bool:
    """A reading of the whole page is no news of an article that a layout read: it is vaguer by nature."""
    return WHOLE_PAGE in result.flags and current.flags is not None and WHOLE_PAGE not in current.flags


def _fetched(
    session: Session, url_id: int, capture: NewCapture, state: UrlState, due: datetime | None, **changes: Any
) -> None:
    """Write into the ledger that a URL was fetched, and when to look again."""
    row = {"state": state.value, "status": capture.status, "fetched_at": capture.fetched_at, "due_at": due}
    session.connection().execute(_CHANGE_URL, {"row": url_id, "failures": 0.0, "reason": None, **row, **changes})


def _extraction(
    capture_id: int,
    article_id: int,
    text_id: int | None,
    sha256: str | None,
    result: Article,
    version: str,
    now: datetime,
) -> dict[str, Any]:
    """The row of what was read."""
    made = {
        "capture_id": capture_id,
        "extractor_version": version,
        "outcome": "article",
        "article_id": article_id,
        "text_id": text_id,
        "url": result.url,
        "title": result.title,
        "kinds": [block.kind.value for block in result.blocks],
        **dated_columns("published", result.published),
        **dated_columns("modified", result.modified),
        "author": result.author,
        "affiliation": result.affiliation,
        "source_credit": result.source_credit,
        "section": result.section,
        "tags": list(result.tags),
        "language": result.language,
        "attachments": [{"url": one.url, "label": one.label} for one in result.attachments],
        "layout": result.layout,
        "declared_charset": result.declared_charset,
        "used_charset": result.used_charset,
        "flags": list(result.flags),
        "origins": dict(result.origins),
        "created_at": now,
    }
    content = json.dumps(_content(made | {"sha256": sha256}), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return made | {"content_hash": hashlib.sha256(content.encode()).hexdigest()}


def _content(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The publisher's words and metadata: what makes a revision when it changes.

    Not counted: views, layout, origins and flags, which are ours or change by themselves, and the
    time of modification, which says that something changed and not what.
    """
    return {
        "title": row["title"],
        "text": row["sha256"],
        "kinds": row["kinds"],
        "published": row["published_instant"]
        and [row["published_instant"].astimezone(UTC).isoformat(), row["published_precision"]],
        "author": row["author"],
        "affiliation": row["affiliation"],
        "source_credit": row["source_credit"],
        "section": row["section"],
        "tags": row["tags"],
        "attachments": row["attachments"],
    }


# -- statements -----------------------------------------------------------------------------------
# Made once: of the time to save a page, most went into making the same statements anew.

_SITE: BindParameter[int] = bindparam("site")
_ROW: BindParameter[int] = bindparam("row")
_KEY: BindParameter[str] = bindparam("key")
_URL_GIVEN: BindParameter[str] = bindparam("url")

_OF_URL = select(Url.id, Url.url, Url.state, Url.article_key, Url.sections, Url.listed_instant).where(
    Url.site_id == _SITE
)
_URL = _OF_URL.where(Url.url == _URL_GIVEN, Url.kind == UrlKind.ARTICLE.value)
# Only articles have keys. Were their kind asked for as well, SQLite would look through every URL of the site.
_URLS_OF_KEYS = _OF_URL.where(Url.article_key.in_(bindparam("keys", expanding=True)))

_CURRENT = (
    select(
        StoredArticle.id.label("article_id"),
        StoredArticle.key,
        Extraction.id.label("extraction_id"),
        Extraction.extractor_version,
        Extraction.content_hash,
        Extraction.layout,
        Extraction.flags,
        Capture.fetched_at,
    )
    .select_from(StoredArticle)
    .outerjoin(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
    .outerjoin(Capture, Capture.id == Extraction.capture_id)
)
_CURRENT_BY_KEY = _CURRENT.where(StoredArticle.site_id == _SITE, StoredArticle.key == _KEY)
_READ_AT = aliased(Capture)
_READ = aliased(Extraction)
_CURRENT_BY_URL = _CURRENT.where(
    StoredArticle.id
    == select(_READ.article_id)
    .join(_READ_AT, _READ_AT.id == _READ.capture_id)
    # Only what was read counts: were it enough that some page names the URL as its own, one site whose
    # pages all name the front page would melt into one article.
    .where(_READ_AT.site_id == _SITE, _READ_AT.final_url == _URL_GIVEN, _READ.article_id.is_not(None))
    .order_by(_READ_AT.id.desc())
    .limit(1)
    .scalar_subquery()
)
_PUBLISHED_AT = (
    select(ArticleUrl.article_id, Extraction.published_instant)
    .outerjoin(Extraction, (Extraction.article_id == ArticleUrl.article_id) & Extraction.is_current)
    .where(ArticleUrl.site_id == _SITE, ArticleUrl.url == _URL_GIVEN)
)
_EARLIER = select(Extraction.outcome).where(
    Extraction.capture_id == bindparam("capture"), Extraction.extractor_version == bindparam("version")
)
_TEXT = select(StoredText.id).where(StoredText.sha256 == bindparam("sha256"))
_CONTENT = (
    select(*Extraction.__table__.columns, StoredText.sha256)
    .outerjoin(StoredText, StoredText.id == Extraction.text_id)
    .where(Extraction.id == _ROW)
)
_CHANGE_ARTICLE, _CHANGE_EXTRACTION, _CHANGE_CAPTURE, _CHANGE_URL = (
    update(table).where(table.c.id == _ROW)
    for table in (Base.metadata.tables[name] for name in ("article", "extraction", "capture", "url"))
)
