"""What the ledger knows of every last answer: its validators, the hash of its body, how often it was as before.

By that a page is asked for again in a way that costs the site little, and a source that fails is asked ever more
rarely. Sources are the feeds, sitemaps, listings and API pages of discovery.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.orm import Session, aliased

from archive.captures import CaptureError, Held, read_capture
from archive.clock import Clock
from archive.database import Sessions, reading, writing
from archive.decoding import decoded
from archive.kept import place_of
from archive.ledger import next_look, retry_at
from archive.models import ArticleUrl, Capture, Extraction, Url, UrlKind, UrlState
from archive.walks import ledger_row
from archive.warc import Headers

MAX_VALIDATOR = 500
"""A validator of more characters is not kept: real ones have fifty, and it is sent back with every request."""

WHOLE_EVERY = 7
"""After so many looks in a row, less one, that found a source as before it is asked for whole: a cache that answers 304
for ever would hide all news of the site, and nobody would know. Articles are looked at less often than that."""

UNPROVEN_EVERY = 3
"""The same for a listing or feed whose validators were never seen to change with its body: half a week is few nights to
miss, and one that lives changes within them and proves it."""

LIES = ""
"""The ETag, and no Last-Modified, of a source that had another body under the validators of the one before: they are a
theme's, or of a broken cache. It is never asked conditionally again (RFC 9110, 8.8.1: a strong validator changes with
the body, and of a weak one nobody knows what it leaves out), nor are the sources of its kind, which the same program
answers: the further pages of a section are not read often enough to be found out by themselves."""

_WITH_NEWS = (UrlKind.LISTING, UrlKind.FEED)
"""What names new articles, and changes with each."""

_PAGE = 500
"""Parameters of a statement, well below what either database takes."""

_HOLDER = aliased(Capture)
_LOOK = (
    Url.url,
    Url.etag,
    Url.last_modified,
    Url.body_hash,
    Url.unchanged,
    Url.fetched_at,
    Url.failures,
    Url.due_at,
    Url.reason,
    Url.state,
    Url.kind,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a good answer tells for the next time; `body_hash` is the payload digest of its capture."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


NOTHING_TOLD = Answer()
"""An answer that tells nothing for the next time: then the page is asked for whole."""


@dataclass(frozen=True, slots=True)
class Look:
    """The last good answer for a URL (at `fetched_at`, None: there was none) and what went wrong since.

    `unchanged` is how many looks in a row found it as before. `failures` counts soft ones half; `due_at` is when the
    URL is asked for again after a failure, `reason` what that was. `is_read` says that all that this answer lists is in
    the ledger. Every `whole_every` looks that found it as before it is asked for whole.
    """

    answer: Answer = NOTHING_TOLD
    unchanged: int = 0
    fetched_at: datetime | None = None
    failures: float = 0.0
    due_at: datetime | None = None
    reason: str | None = None
    is_read: bool = False
    whole_every: int = WHOLE_EVERY

    def waits(self, now: datetime) -> bool:
        """Whether it failed so recently that it is not asked for yet."""
        return self.failures > 0 and self.due_at is not None and self.due_at > now

    @property
    def is_validated(self) -> bool:
        """Whether the site can say that nothing changed."""
        return self.answer.body_hash is not None and bool(self.answer.etag or self.answer.last_modified)

    @property
    def is_conditional(self) -> bool:
        """Whether the site is to be asked this time whether anything changed (`whole_every`)."""
        return self.is_validated and self.unchanged % self.whole_every != self.whole_every - 1


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page that a capture holds: its decoded `body` and Content-Type.

    `held` is the capture that has its payload, `answer` what the one of `fetched_at` told, when the page came whole.
    """

    body: bytes
    content_type: str
    held: Held
    answer: Answer
    fetched_at: datetime


class Looks:
    """The last answers of one site, whose captures lie in `folder`. Every method is one short transaction."""

    def __init__(self, sessions: Sessions, site_id: int, clock: Clock, folder: Path) -> None:
        self._sessions, self._site_id, self._clock, self._folder = sessions, site_id, clock, folder

    def at(self, url: str) -> Look:
        """What is known of `url`, and how to ask for it now; an empty look if that is nothing.

        Nothing that was told counts of a source whose kind was found out (`LIES`).
        """
        with reading(self._sessions) as session:
            mine = Url.site_id == self._site_id
            row = session.execute(select(*_LOOK).where(mine, Url.url == url)).one_or_none()
            if row is None:
                return Look()
            look = _look(row)
            if not look.is_validated or row.kind == UrlKind.ARTICLE:
                return look
            found_out = select(Url.id).where(mine, Url.kind == row.kind, Url.etag == LIES).limit(1)
            if session.scalar(found_out) is not None:
                return replace(look, answer=replace(look.answer, etag=LIES, last_modified=None))
            if row.kind in _WITH_NEWS and not self._is_proven(session, url, look.answer):
                return replace(look, whole_every=UNPROVEN_EVERY)
            return look

    def _is_proven(self, session: Session, url: str, answer: Answer) -> bool:
        """Whether `url` had another body under other validators before."""
        former = select(Capture.id).where(
            Capture.site_id == self._site_id,
            Capture.url == url,
            Capture.status == 200,
            Capture.payload_digest != answer.body_hash,
            or_(
                Capture.etag.is_distinct_from(answer.etag),
                and_(Capture.etag.is_(None), Capture.last_modified != answer.last_modified),
            ),
        )
        return session.scalar(former.limit(1)) is not None

    def of(self, urls: Collection[str]) -> dict[str, Look]:
        """What is known of each of `urls`; those that nothing is known of are left out."""
        wanted = list(urls)
        out: dict[str, Look] = {}
        with reading(self._sessions) as session:
            for start in range(0, len(wanted), _PAGE):
                some = Url.url.in_(wanted[start : start + _PAGE])
                rows = session.execute(select(*_LOOK).where(Url.site_id == self._site_id, some))
                out |= {row.url: _look(row) for row in rows}
        return out

    def kept(self, url: str, body_hash: str) -> KeptPage | None:
        """The page with this payload digest as it was last answered for `url`; None if it cannot be read any more.

        It may have been purged, its file be damaged or on another machine.
        """
        return self._newest(url, Capture.payload_digest == body_hash)

    def kept_until(self, url: str, until: datetime) -> KeptPage | None:
        """The page as it was last answered for `url` until an instant; None if none can be read."""
        return self._newest(url, Capture.fetched_at <= until)

    def _newest(self, url: str, condition: ColumnElement[bool]) -> KeptPage | None:
        query = (
            select(Capture, _HOLDER)
            .outerjoin(_HOLDER, _HOLDER.id == Capture.refers_to_id)
            .where(
                Capture.site_id == self._site_id,
                Capture.url == url,
                Capture.status == 200,
                Capture.purged_at.is_(None),
                _HOLDER.purged_at.is_(None),
                condition,
            )
            .order_by(Capture.fetched_at.desc(), Capture.id.desc())
            .limit(1)
        )
        with reading(self._sessions) as session:
            found = session.execute(query).one_or_none()
            if found is None:
                return None
            capture, other = found
            holder = capture if capture.refers_to_id is None else other
            held = Held(holder.id, place_of(holder))
            fetched_at = capture.fetched_at
            told = {"etag": capture.etag or "", "last-modified": capture.last_modified or ""}
        try:
            record = read_capture(self._folder, held.place)
            body = decoded(record.headers, record.payload)
        except CaptureError as error:
            # Not passed over: the page is then asked for whole, and `captures verify` tells of the record.
            _log.warning("%s cannot be read from its capture: %s", url, error)
            return None
        kind = next((value for name, value in record.headers if name.lower() == "content-type"), "")
        return KeptPage(body, kind, held, answer_of(list(told.items()), held.place.payload_digest), fetched_at)

    def answered(self, url: str, kind: UrlKind, answer: Answer) -> bool:
        """Write down that a source answered well, and give whether with the same body as before.

        What it lists counts as not read until `read` says so, unless it is what was read before. Another body under
        the same validators is written down (`LIES`).
        """
        with writing(self._sessions, self._site_id) as session:
            row = self._source(session, url, kind)
            if row is None:
                return False
            same = answer.body_hash is not None and answer.body_hash == row.body_hash
            row.unchanged = row.unchanged + 1 if same else 0
            lies = row.etag == LIES or (not same and _is_same_told(row, answer))
            row.etag, row.last_modified = (LIES, None) if lies else (answer.etag, answer.last_modified)
            row.body_hash = answer.body_hash
            row.state = row.state if same else UrlState.FOUND.value
            self._good(row)
            return same

    def not_modified(self, url: str, kind: UrlKind) -> None:
        """Write down that a source said that it is as it was at its last good answer."""
        with writing(self._sessions, self._site_id) as session:
            row = self._source(session, url, kind)
            if row is not None:
                row.unchanged += 1
                self._good(row)

    def read(self, url: str) -> None:
        """Write down that all that the last good answer of a source lists is in the ledger."""
        with writing(self._sessions, self._site_id) as session:
            of_source = (Url.site_id == self._site_id) & (Url.url == url) & (Url.kind != UrlKind.ARTICLE.value)
            session.execute(update(Url).where(of_source).values(state=UrlState.FETCHED.value))

    def failed(self, url: str, kind: UrlKind, reason: str, *, soft: bool) -> None:
        """A source could not be had; `soft` if it was likely a passing trouble.

        It is asked again as articles are (`archive.ledger.retry_at`), but never given up.
        """
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = self._source(session, url, kind)
            if row is not None:
                row.failures += 0.5 if soft else 1.0
                row.reason, row.due_at = reason, retry_at(now, row.failures)

    def absent(self, url: str, kind: UrlKind, until: datetime) -> None:
        """A source that there need not be is not there; it is not asked for `until` then."""
        with writing(self._sessions, self._site_id) as session:
            row = self._source(session, url, kind)
            if row is not None:
                row.failures, row.reason, row.due_at = row.failures + 1.0, "there is none", until

    def article_unchanged(self, url: str) -> bool:
        """An article's site said that it is as it was when last fetched; gives whether it is kept and alive.

        Nothing that was read of it changes; it is looked at again as if it had been fetched now.
        """
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = session.scalar(select(Url).where(Url.site_id == self._site_id, Url.url == url))
            if row is None or row.state == UrlState.EXCLUDED:
                return False
            published = session.scalar(
                select(Extraction.published_instant)
                .join(ArticleUrl, ArticleUrl.article_id == Extraction.article_id)
                .where(ArticleUrl.site_id == self._site_id, ArticleUrl.url == url, Extraction.is_current)
            )
            row.fetched_at, row.due_at, row.due_for = now, next_look(published, now), None
            row.failures, row.reason = 0.0, None
            row.unchanged += 1
            return row.state == UrlState.FETCHED

    def _source(self, session: Session, url: str, kind: UrlKind) -> Url | None:
        """The row of a source; None if the ledger has an article at its address, which keeps it."""
        row = ledger_row(session, self._site_id, url, kind, self._clock.now())
        return None if row.kind == UrlKind.ARTICLE else row

    def _good(self, row: Url) -> None:
        row.status, row.fetched_at = 200, self._clock.now()
        row.failures, row.due_at, row.reason = 0.0, None, None


def _is_same_told(row: Url, answer: Answer) -> bool:
    """Whether a conditional request would have brought a 304: by the ETag where there is one (RFC 9110, 13.2.2)."""
    if row.body_hash is None:
        return False
    if row.etag and answer.etag:
        return row.etag == answer.etag
    return bool(row.last_modified) and not row.etag and row.last_modified == answer.last_modified


def answer_of(headers: Headers, body_hash: str | None) -> Answer:
    """What an answer with these headers and this payload digest tells for the next time."""
    told = {name.lower(): value.strip() for name, value in reversed(headers)}
    etag, changed = (_validator(told.get(name, "")) for name in ("etag", "last-modified"))
    return Answer(etag, changed, body_hash)


def _validator(value: str) -> str | None:
    """A validator that can be sent back as it came (RFC 9110, 8.8); None if it is none or too long."""
    return value if 0 < len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable() else None


def _look(row: Row[*tuple[object, ...]]) -> Look:
    told = row._mapping
    return Look(
        Answer(told["etag"], told["last_modified"], told["body_hash"]),
        told["unchanged"],
        told["fetched_at"],
        told["failures"],
        told["due_at"],
        told["reason"],
        told["state"] == UrlState.FETCHED,
    )
