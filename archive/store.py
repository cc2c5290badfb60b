"""The one way in: what was fetched and what was read from it become rows, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, Executable, Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from archive.article import (
    GONE_REASONS,
    MAX_ADDRESS,
    WHOLE_PAGE,
    Article,
    Precision,
    Rejection,
    is_overlong,
)
from archive.captures import Held, Location
from archive.clock import Clock
from archive.content import (
    WITH_TEXT,
    changed_fields,
    check_article,
    extraction_row,
    keep_texts,
    rejection_row,
    text_digest,
)
from archive.database import ArchiveError, Sessions, insert_if_new, insert_those_new, reading, writing
from archive.ledger import Decision, Found, add_article_urls, next_look
from archive.looks import NOTHING_TOLD, Answer, answer_of
from archive.models import (
    ArticleUrl,
    Base,
    Capture,
    Exclusion,
    Extraction,
    Revision,
    StoredArticle,
    Url,
    UrlKind,
    UrlState,
)
from archive.reprints import regroup
from archive.revisions import settle
from archive.sections import put_in_sections
from archive.warc import Headers

SITE_IS_WELL = timedelta(hours=1)
"""A page that says that its article is gone is believed at once if another of its site was had so shortly before: then
the site does not say so of all. A site is crawled once a night, so that is the same night's."""

LATER_NIGHT = timedelta(hours=12)
"""So long after a page that was not believed it is asked for again: the next night's look. If it then says so still, it
is believed."""

_DOUBT = "perhaps "
"""Stands before the reason in the ledger where a page was not believed yet."""

LAYOUT_LOST = "layout-lost"
"""Why a page is rejected that no layout fits any more while one fitted what is kept of its article."""


class Outcome(StrEnum):
    """What saving did: `NEW` article, `UNCHANGED`, `REVISED` by its publisher, `REJECTED` as no article.

    `GONE`: the page of a kept article says that it is no more, which is noted. `EXCLUDED`: the article was
    taken down, and nothing that was read is kept.
    """

    NEW = "new"
    UNCHANGED = "unchanged"
    REVISED = "revised"
    REJECTED = "rejected"
    GONE = "gone"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class NewCapture:
    """A response whose record is durable at `location`: as requested, where it ended, what it said.

    `tls_exception` is the last day of the exception under which the server's certificate was not verified.
    """

    location: Location
    url: str
    final_url: str
    status: int
    headers: Headers
    fetched_at: datetime
    run_id: int | None = None
    tls_exception: date | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A capture that the database knows, under the key `id`, which never leaves this package and its caller."""

    id: int
    capture: NewCapture


@dataclass(frozen=True, slots=True)
class Read:
    """What one extractor version read from one capture.

    `requested_url` is the URL in the ledger, `aliases` are further addresses of the article, `found` is what
    discovery told of it. It took `pages` captures, of which this is the first.
    """

    kept: Kept
    result: Article | Rejection
    requested_url: str
    version: str
    aliases: tuple[str, ...] = ()
    found: Found | None = None
    pages: int = 1


class Store:
    """Takes in what a crawl of one site fetched and read, within transactions of the caller's."""

    def __init__(self, sessions: Sessions, site_id: int, clock: Clock) -> None:
        self._sessions, self._site_id, self._clock = sessions, site_id, clock

    def writing(self) -> AbstractContextManager[Session]:
        """A transaction for `add_captures` and `save`."""
        return writing(self._sessions, self._site_id)

    def add_captures(self, session: Session, new: Sequence[NewCapture]) -> list[Kept]:
        """Acknowledge captures; those that are known already change nothing.

        Raises ValueError for what is no address or no status, and can be kept in no index or column.
        """
        for one in new:
            _check_capture(one)
        insert_those_new(session, Capture, [self._capture(one) for one in new])
        files = {one.location.file for one in new}
        known = select(Capture.file, Capture.offset, Capture.id).where(
            Capture.file.in_(files), Capture.offset.in_({one.location.offset for one in new})
        )
        keys = {(file, offset): key for file, offset, key in session.connection().execute(known)}
        return [Kept(keys[one.location.file, one.location.offset], one) for one in new]

    def _capture(self, new: NewCapture) -> dict[str, Any]:
        place = new.location
        header = {name.lower(): value for name, value in reversed(new.headers)}
        return {
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
            "refers_to_id": place.refers_to_id,
            "tls_exception": new.tls_exception,
        }

    def holders(self, urls: Collection[str]) -> dict[str, Held]:
        """By URL, the capture that holds the payload of the last one of it; left out are those that were purged."""
        with reading(self._sessions) as session:
            rows = session.connection().execute(_HOLDERS, {"site": self._site_id, "urls": list(urls)})
            return {row[0]: Held(row[1], Location(*row[2:])) for row in rows}

    def save(self, session: Session, reads: Sequence[Read]) -> list[Outcome]:
        """Keep what was read from captures, in this order; all of it or nothing.

        An article is looked up by its key, then by the URL the response came from: a page may name another key
        than its URL; then, where that was led on from the URL asked for, by the latter, if it is the same story.
        A capture that was saved before by the same version changes nothing. A rejection never touches the words
        of an article that is kept, but notes when the site said that it is gone (`_Batch._is_believed`); of one that
        was taken down nothing is kept. Raises ValueError if an article breaks the rules of the text, ArchiveError if
        another text has its id.
        """
        for read in reads:
            if isinstance(read.result, Article):
                check_article(read.result)
        outcomes: dict[int, Outcome] = {}
        changed: set[int] = set()
        while len(outcomes) < len(reads):
            waiting = [number for number in range(len(reads)) if number not in outcomes]
            batch = _Batch(session, self._site_id, self._clock.now(), [reads[number] for number in waiting])
            for number in waiting:
                outcome = batch.take(reads[number])
                if outcome is not None:
                    outcomes[number] = outcome
            changed |= batch.write()
        regroup(session, changed)
        return [outcomes[number] for number in range(len(reads))]


@dataclass(frozen=True, slots=True)
class _Accepted:
    """An article that is taken, with what the database has of it (`current`, None if it is new).

    `made` is the row of its extraction, but for the keys of article and text; `urls` lead to it, `sections` are
    those it stands in, `is_news` that it is no re-reading of an old capture, `changed` what the publisher changed.
    """

    read: Read
    article: Article
    made: dict[str, Any]
    sha256: str | None
    current: Row[Any] | None
    is_news: bool
    urls: tuple[str, ...]
    sections: tuple[str | None, ...]
    changed: list[str]


class _Batch:
    """What the database knows of the pages to save, looked up at once, and the rows to write for them.

    A statement a page and table took most of the time to save one. `take` decides on each page as if it came
    alone; what shares an address, a key or an article with an earlier one is left for the next batch, which
    finds what this one has written.
    """

    def __init__(self, session: Session, site_id: int, now: datetime, reads: Sequence[Read]) -> None:
        self._session, self._site_id, self._now = session, site_id, now
        self._connection = session.connection()
        articles = [read.result for read in reads if isinstance(read.result, Article)]
        finals = {read.kept.capture.final_url for read in reads}
        addresses = finals | {read.requested_url for read in reads}
        self._urls = {row.url: row for row in self._ask(_URLS, urls=addresses)}
        first = reads[0].requested_url
        if first not in self._urls:
            # One given by hand was never discovered. If more are to come, each begins a batch.
            insert_if_new(
                session, Url, {"site_id": site_id, "url": first, "kind": UrlKind.ARTICLE.value, "first_seen_at": now}
            )
            self._urls |= {row.url: row for row in self._ask(_URLS, urls={first})}
        if first not in self._urls:
            raise ArchiveError(f"{first}: no article can be kept at this address: the site lists articles there")
        keys = {url.article_key for url in self._urls.values() if url.article_key} | {one.key for one in articles}
        current = self._ask(_CURRENT_BY_KEY, keys=keys)
        self._by_key = {row.key: row for row in current}
        # A page may name another key now than when it was read before.
        self._by_url = {row.final_url: row for row in self._ask(_CURRENT_BY_URL, urls=finals)}
        asked = {read.requested_url for read in reads if read.requested_url != read.kept.capture.final_url}
        self._by_asked = {row.url: row for row in self._ask(_CURRENT_BY_ADDRESS, urls=asked)} if asked else {}
        keys |= {row.key for row in (*self._by_url.values(), *self._by_asked.values())}
        self._of_key: dict[str, list[Row[Any]]] = {}
        for row in self._ask(_URLS_OF_KEYS, keys=keys):
            self._of_key.setdefault(row.article_key, []).append(row)
        self._excluded = {row.article_key for row in self._ask(_EXCLUDED, keys=keys)}
        earlier = self._ask(_EARLIER, captures={read.kept.id for read in reads})
        self._earlier = {(row.capture_id, row.extractor_version): row.outcome for row in earlier}
        self._taken: set[Any] = set()
        self._accepted: list[_Accepted] = []
        self._rejected: list[dict[str, Any]] = []
        self._url_changes: list[dict[str, Any]] = []
        self._gone: list[dict[str, Any]] = []

    def _ask(self, statement: Executable, **given: Collection[Any]) -> Sequence[Row[Any]]:
        lists = {name: list(values) for name, values in given.items()}
        return self._connection.execute(statement, {"site": self._site_id, **lists}).all()

    def take(self, read: Read) -> Outcome | None:
        """Decide on a page; None if it has to wait for what an earlier one of the batch changes."""
        before = self._earlier.get((read.kept.id, read.version))
        if before is not None:
            return Outcome.REJECTED if before == "rejected" else Outcome.UNCHANGED
        url, final = self._urls.get(read.requested_url), read.kept.capture.final_url
        current, others = None, []
        touched: set[Any] = {read.requested_url, final, *read.aliases}
        if isinstance(read.result, Article):
            current = self._by_key.get(read.result.key) or self._by_url.get(final) or self._moved(read, read.result)
            keys = {read.result.key, current.key if current else read.result.key}
            # What an earlier one changes of the article asked for may make it this one's.
            if (asked := self._asked(read)) is not None:
                keys.add(asked.key)
            if url is not None and url.article_key:
                keys.add(url.article_key)
            others = self._others(read.requested_url, final, keys)
            touched |= {read.result.url, *(other.url for other in others), *(("key", key) for key in keys)}
        elif read.result.reason in GONE_REASONS and url is not None and url.article_key:
            others = self._others(read.requested_url, final, {url.article_key})
            touched |= {*(other.url for other in others), ("key", url.article_key)}
        free = touched.isdisjoint(self._taken)
        # Of one that has to wait too: what follows it waits with it.
        self._taken |= touched
        if url is None or not free:
            return None
        if self._is_taken_down(read, url, current):
            return Outcome.EXCLUDED
        if isinstance(read.result, Rejection):
            return self._reject(read, url, read.result, others)
        return self._accept(read, read.result, url, current, others)

    def _is_taken_down(self, read: Read, url: Row[Any], current: Row[Any] | None) -> bool:
        """Whether the page's article was taken down; then its URL is never fetched again."""
        final = self._urls.get(read.kept.capture.final_url, url)
        keys = [url.article_key, final.article_key]
        if isinstance(read.result, Article):
            keys = [read.result.key, current.key if current else None, *keys]
        named = (row.article_key for row in (url, final) if row.state == UrlState.EXCLUDED)
        found = [*named, *(key for key in keys if key in self._excluded)]
        if found:
            self._fetched(url, read.kept.capture, UrlState.EXCLUDED, None, found[0], None)
        return bool(found)

    def _asked(self, read: Read) -> Row[Any] | None:
        """The article that was kept at the URL asked for, where that leads on to another."""
        moved = read.requested_url != read.kept.capture.final_url
        return self._by_asked.get(read.requested_url) if moved else None

    def _moved(self, read: Read, result: Article) -> Row[Any] | None:
        """The article that was kept at the URL asked for, if that leads on to the same story under another key.

        Told by its title or its time of publication: a site may as well lead from a page it removed to any other.
        """
        kept = self._asked(read)
        if kept is None or kept.title is None:
            return None
        minute = result.published if result.published and result.published.precision is Precision.MINUTE else None
        same_time = minute is not None and kept.published_instant == minute.instant
        return kept if same_time or kept.title.casefold() == result.title.casefold() else None

    def _others(self, requested: str, final: str, keys: set[str]) -> list[Row[Any]]:
        """The other URLs in the ledger that belong to the article at `requested`."""
        rows = {row.url: row for key in sorted(keys) for row in self._of_key.get(key, ())}
        if final in self._urls:
            rows[final] = self._urls[final]
        rows.pop(requested, None)
        return list(rows.values())

    def _reject(self, read: Read, url: Row[Any], why: Rejection, others: Sequence[Row[Any]] = ()) -> Outcome:
        self._rejected.append(rejection_row(read.kept.id, read.version, why, self._now))
        capture = read.kept.capture
        leads_to = self._connection.execute(_PUBLISHED_AT, {"site": self._site_id, "url": url.url}).one_or_none()
        reason, outcome = why.reason, Outcome.REJECTED
        if leads_to is not None and why.reason in GONE_REASONS and self._is_believed(url, capture, why.reason):
            # As for a 404 (`Ledger.gone`), but looked at again while it is young: the site may only be at work.
            state, due = UrlState.GONE, next_look(leads_to.published_instant, capture.fetched_at)
            of_article = [other for other in others if other.article_key == url.article_key]
            self._url_changes += [
                _state_of(other) | {"state": UrlState.FOUND.value}
                for other in of_article
                if other.state == UrlState.ALIAS
            ]
            if not any(other.state == UrlState.FETCHED for other in of_article):
                self._gone.append({"row": leads_to.article_id, "since": capture.fetched_at})
                outcome = Outcome.REJECTED if url.state == UrlState.GONE else Outcome.GONE
        elif leads_to is not None and why.reason in GONE_REASONS:
            state = UrlState.ALIAS if url.state == UrlState.ALIAS else UrlState.FETCHED
            reason, due = f"{_DOUBT}{why.reason}", capture.fetched_at + LATER_NIGHT
        elif leads_to is None:
            state, due = UrlState.REJECTED, next_look(url.listed_instant, capture.fetched_at)
        else:
            state = UrlState.ALIAS if url.state == UrlState.ALIAS else UrlState.FETCHED
            due = next_look(leads_to.published_instant, capture.fetched_at)
        self._fetched(url, capture, state, due, url.article_key, reason)
        return outcome

    def _is_believed(self, url: Row[Any], capture: NewCapture, reason: str) -> bool:
        """Whether a page of a kept article that says that it is gone is taken at its word.

        A site in trouble may say so on every page of a night. So something has to speak for it: the sources of the site
        name the article no more (`VANISHED`), other pages of the site are well (`SITE_IS_WELL`), or the page said so
        a night ago (`LATER_NIGHT`) or since.
        """
        if url.state == UrlState.GONE or url.due_for == Decision.VANISHED:
            return True
        since, until = capture.fetched_at - SITE_IS_WELL, capture.fetched_at
        if url.reason == f"{_DOUBT}{reason}" and url.fetched_at is not None and url.fetched_at <= until - LATER_NIGHT:
            return True
        told = (one.read for one in self._accepted if one.read.requested_url != url.url)
        if any(since <= read.kept.capture.fetched_at <= until for read in told):
            return True
        given = {"site": self._site_id, "url": url.url, "since": since, "until": until}
        return self._connection.execute(_IS_WELL, given).scalar() is not None

    def _accept(
        self, read: Read, result: Article, url: Row[Any], current: Row[Any] | None, others: list[Row[Any]]
    ) -> Outcome:
        capture = read.kept.capture
        if current is not None and (lost := _lost_layout(current, result)):
            return self._reject(read, url, Rejection(LAYOUT_LOST, f"the page {lost}; what is kept stays"))
        key = current.key if current else result.key
        found = [other for other in others if other.state == UrlState.FOUND]
        for other in found:
            self._url_changes.append(
                _state_of(other) | {"state": UrlState.ALIAS.value, "due_at": None, "article_key": key}
            )
        looked_at = any(other.state == UrlState.FETCHED and other.article_key == key for other in others)
        if looked_at and url.state != UrlState.FETCHED:
            state, due = UrlState.ALIAS, None
        else:
            published = result.published.instant if result.published else None
            state, due = UrlState.FETCHED, next_look(published, capture.fetched_at)
        # Of an article on several pages one of the others may change, and an address that led on tells nothing.
        is_told = read.pages == 1 and capture.url == url.url
        told = answer_of(capture.headers, capture.location.payload_digest) if is_told else NOTHING_TOLD
        self._fetched(url, capture, state, due, key, None, told)
        # Re-reading an old capture is no news of the article.
        is_news = current is None or current.fetched_at is None or current.fetched_at <= capture.fetched_at
        sha256 = text_digest(result)
        made = extraction_row(read.kept.id, read.version, result, self._now) | {"is_current": is_news}
        urls = (url.url, capture.final_url, result.url, *read.aliases, *(other.url for other in found))
        listed = read.found.section if read.found else None
        sections = (result.section, listed, *url.sections, *(name for other in found for name in other.sections))
        changed = self._changed(current, made | {"sha256": sha256}) if current is not None and is_news else []
        self._accepted.append(_Accepted(read, result, made, sha256, current, is_news, urls, sections, changed))
        if current is None:
            return Outcome.NEW
        return Outcome.REVISED if changed else Outcome.UNCHANGED

    def _changed(self, current: Row[Any], made: Mapping[str, Any]) -> list[str]:
        """What the publisher changed since the current reading: told by two readings of one version only."""
        if current.extractor_version != made["extractor_version"] or current.content_hash == made["content_hash"]:
            return []
        [before] = self._connection.execute(_CONTENT, {"row": current.extraction_id})
        return changed_fields(before._mapping, made)

    def _fetched(
        self,
        url: Row[Any],
        capture: NewCapture,
        state: UrlState,
        due: datetime | None,
        key: str | None,
        why: str | None,
        told: Answer = NOTHING_TOLD,
    ) -> None:
        """Write into the ledger that a URL was fetched, when to look again, and what was `told` for that."""
        fetched = {"status": capture.status, "fetched_at": capture.fetched_at, "failures": 0.0, "reason": why}
        same = told.body_hash is not None and told.body_hash == url.body_hash
        fetched |= {"etag": told.etag, "last_modified": told.last_modified, "body_hash": told.body_hash}
        fetched |= {"unchanged": url.unchanged + 1 if same else 0, "due_for": None}
        self._url_changes.append({"row": url.id, "state": state.value, "due_at": due, "article_key": key, **fetched})

    def write(self) -> set[int]:
        """Write down all that was taken; gives the keys of the articles that say something else now."""
        accepted = self._accepted
        ids = self._articles()
        texts = keep_texts(self._session, [one.article for one in accepted], self._now)
        made = []
        for one in accepted:
            keys = {"article_id": ids[one.read.kept.id], "text_id": texts[one.sha256] if one.sha256 else None}
            made.append(one.made | keys)
        # Before the new ones: of an article only one may be current at any moment.
        former = [one.current.extraction_id for one in accepted if one.current is not None and one.is_news]
        self._change(_CHANGE_EXTRACTION, [{"row": key, "is_current": False} for key in former])
        self._change(_NEW_EXTRACTION, made)
        self._change(_NEW_EXTRACTION, self._rejected)
        counted = [{"row": one.read.kept.id, "views": one.article.views} for one in accepted]
        self._change(_CHANGE_CAPTURE, [row for row in counted if row["views"] is not None])
        self._change(_CHANGE_URL, self._url_changes)
        self._change(_GONE, self._gone)
        urls = {url: ids[one.read.kept.id] for one in accepted for url in one.urls}
        add_article_urls(self._session, self._site_id, urls, self._now)
        sections = {ids[one.read.kept.id]: one.sections for one in accepted}
        put_in_sections(self._session, self._site_id, sections)
        for one in accepted:
            if one.current is not None and one.changed:
                self._revise(one, one.current)
            elif one.current is not None and one.is_news and one.current.extractor_version != one.read.version:
                # The version may have read older captures too (`--back-to` made another's readings current since), and
                # tell a revision by those. Once for each article and change of version.
                settle(self._session, [one.current.article_id], one.read.version)
        return {ids[one.read.kept.id] for one in accepted if _says_otherwise(one)}

    def _change(self, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def _articles(self) -> dict[int, int]:
        """The keys of the articles taken, by those of the captures they were read from."""
        new = [one for one in self._accepted if one.current is None]
        rows = [
            {
                "site_id": self._site_id,
                "key": one.article.key,
                "url": one.article.url,
                "kind": one.article.kind.value,
                "first_fetched_at": one.read.kept.capture.fetched_at,
            }
            for one in new
        ]
        made = {row.key: row.id for row in self._connection.execute(_NEW_ARTICLE, rows)} if rows else {}
        out = {one.read.kept.id: made[one.article.key] for one in new}
        changed = []
        for one in self._accepted:
            if one.current is not None:
                out[one.read.kept.id] = one.current.article_id
                if one.is_news:
                    row = {"row": one.current.article_id, "url": one.article.url, "kind": one.article.kind.value}
                    changed.append(row | {"gone_at": None})
        self._change(_CHANGE_ARTICLE, changed)
        return out

    def _revise(self, one: _Accepted, current: Row[Any]) -> None:
        article_id = current.article_id
        highest = select(func.max(Revision.number)).where(Revision.article_id == article_id)
        number = self._connection.execute(highest).scalar() or 0
        made = select(Extraction.id).where(
            Extraction.capture_id == one.read.kept.id, Extraction.extractor_version == one.read.version
        )
        pair = (current.extraction_id, self._connection.execute(made).scalar_one())
        row = {"article_id": article_id, "number": number + 1, "before_id": pair[0], "after_id": pair[1]}
        seen_at = one.read.kept.capture.fetched_at
        insert_if_new(self._session, Revision, row | {"seen_at": seen_at, "changed": one.changed})


def _says_otherwise(one: _Accepted) -> bool:
    """Whether an article is new, or its current reading another for this."""
    current = one.current
    if current is None:
        return True
    was = current.content_hash, current.extractor_version
    return one.is_news and was != (one.made["content_hash"], one.read.version)


def _state_of(url: Row[Any]) -> dict[str, Any]:
    """The row of `_CHANGE_URL` that changes nothing."""
    return {"row": url.id, **{column.key: getattr(url, column.key) for column in _CHANGED}}


def _check_capture(new: NewCapture) -> None:
    for url in (new.url, new.final_url):
        if is_overlong(url):
            raise ValueError(f"{url[:100]}...: the URL has more than {MAX_ADDRESS} bytes; do not fetch it")
    if not 100 <= new.status <= 999:
        raise ValueError(f"{new.url}: {new.status} is no status of HTTP; do not keep the response")


def _lost_layout(current: Row[Any], result: Article) -> str | None:
    """What a new reading of an article says of its page, if that is no longer as its layout has it; else None.

    A reading of the whole page is no news of an article that a layout read: it is vaguer by nature. And no publisher
    takes the date off an article, but a redesign may rename where it stands; under another key it is perhaps another
    page of the story.
    """
    if WHOLE_PAGE in result.flags and current.flags is not None and WHOLE_PAGE not in current.flags:
        return f"no longer fits layout {current.layout}"
    if current.key == result.key and current.published_instant is not None and result.published is None:
        return "no longer tells its date"
    return None


# -- statements -----------------------------------------------------------------------------------
# Made once: of the time to save a page, most went into making the same statements anew.

_SITE: BindParameter[int] = bindparam("site")
_ROW: BindParameter[int] = bindparam("row")
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_URLS_GIVEN: BindParameter[Any] = bindparam("urls", expanding=True)

_CHANGED = (
    Url.state,
    Url.article_key,
    Url.status,
    Url.fetched_at,
    Url.due_at,
    Url.failures,
    Url.reason,
    Url.etag,
    Url.last_modified,
    Url.body_hash,
    Url.unchanged,
    Url.due_for,
)
"""What a look at an article may change of its URLs."""

_OF_SITE = select(Url.id, Url.url, Url.sections, Url.listed_instant, *_CHANGED).where(Url.site_id == _SITE)
_URLS = _OF_SITE.where(Url.url.in_(_URLS_GIVEN), Url.kind == UrlKind.ARTICLE.value)
# Only articles have keys. Were their kind asked for as well, SQLite would look through every URL of the site.
_URLS_OF_KEYS = _OF_SITE.where(Url.article_key.in_(_KEYS)).order_by(Url.id)

_HOLDER = aliased(Capture)
_LAST = select(func.max(Capture.id)).where(Capture.site_id == _SITE, Capture.url.in_(_URLS_GIVEN)).group_by(Capture.url)
# One that holds none itself names the one that does, never another that names one.
_HOLDERS = (
    select(
        Capture.url,
        _HOLDER.id,
        _HOLDER.file,
        _HOLDER.offset,
        _HOLDER.length,
        _HOLDER.payload_digest,
        _HOLDER.payload_length,
    )
    .join(_HOLDER, _HOLDER.id == func.coalesce(Capture.refers_to_id, Capture.id))
    .where(Capture.id.in_(_LAST), _HOLDER.purged_at.is_(None))
)

_COLUMNS = (
    StoredArticle.id.label("article_id"),
    StoredArticle.key,
    Extraction.id.label("extraction_id"),
    Extraction.extractor_version,
    Extraction.content_hash,
    Extraction.layout,
    Extraction.flags,
    Extraction.title,
    Extraction.published_instant,
    Capture.fetched_at,
)
_CURRENT = (Extraction.article_id == StoredArticle.id) & Extraction.is_current
_CURRENT_BY_KEY = (
    select(*_COLUMNS)
    .select_from(StoredArticle)
    .outerjoin(Extraction, _CURRENT)
    .outerjoin(Capture, Capture.id == Extraction.capture_id)
    .where(StoredArticle.site_id == _SITE, StoredArticle.key.in_(_KEYS))
)
_READ_AT = aliased(Capture)
_READ = aliased(Extraction)
# In order, since of an address that led to several articles the last one counts.
_CURRENT_BY_URL = (
    select(_READ_AT.final_url, *_COLUMNS)
    .select_from(_READ_AT)
    .join(_READ, _READ.capture_id == _READ_AT.id)
    .join(StoredArticle, StoredArticle.id == _READ.article_id)
    .outerjoin(Extraction, _CURRENT)
    .outerjoin(Capture, Capture.id == Extraction.capture_id)
    # Only what was read counts: were it enough that some page names the URL as its own, one site whose
    # pages all name the front page would melt into one article.
    .where(_READ_AT.site_id == _SITE, _READ_AT.final_url.in_(_URLS_GIVEN))
    .order_by(_READ_AT.id)
)
_CURRENT_BY_ADDRESS = (
    select(ArticleUrl.url, *_COLUMNS)
    .select_from(ArticleUrl)
    .join(StoredArticle, StoredArticle.id == ArticleUrl.article_id)
    .outerjoin(Extraction, _CURRENT)
    .outerjoin(Capture, Capture.id == Extraction.capture_id)
    .where(ArticleUrl.site_id == _SITE, ArticleUrl.url.in_(_URLS_GIVEN))
)
_PUBLISHED_AT = (
    select(ArticleUrl.article_id, Extraction.published_instant)
    .outerjoin(Extraction, (Extraction.article_id == ArticleUrl.article_id) & Extraction.is_current)
    .where(ArticleUrl.site_id == _SITE, ArticleUrl.url == bindparam("url"))
)
# What was had is FETCHED without a reason, even if it was answered with 304.
_IS_WELL = (
    select(Url.id)
    .where(
        Url.site_id == _SITE,
        Url.kind == UrlKind.ARTICLE.value,
        Url.state == UrlState.FETCHED.value,
        Url.reason.is_(None),
        Url.fetched_at.between(bindparam("since"), bindparam("until")),
        Url.url != bindparam("url"),
    )
    .limit(1)
)
_EARLIER = select(Extraction.capture_id, Extraction.extractor_version, Extraction.outcome).where(
    Extraction.capture_id.in_(bindparam("captures", expanding=True))
)
_EXCLUDED = select(Exclusion.article_key).where(Exclusion.site_id == _SITE, Exclusion.article_key.in_(_KEYS))
_CONTENT = WITH_TEXT.where(Extraction.id == _ROW)
_TABLES = Base.metadata.tables
_NEW_ARTICLE = insert(_TABLES["article"]).returning(_TABLES["article"].c.id, _TABLES["article"].c.key)
_NEW_EXTRACTION = insert(_TABLES["extraction"])
_CHANGE_ARTICLE, _CHANGE_EXTRACTION, _CHANGE_CAPTURE, _CHANGE_URL = (
    update(_TABLES[name]).where(_TABLES[name].c.id == _ROW) for name in ("article", "extraction", "capture", "url")
)
# Gone since it was first seen to be, and not since the latest look.
_GONE = (
    update(_TABLES["article"])
    .where(_TABLES["article"].c.id == _ROW, _TABLES["article"].c.gone_at.is_(None))
    .values(gone_at=bindparam("since"))
)
