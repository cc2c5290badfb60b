"""What the ledger knows of a site's sources: how far they were walked, what they named, when to look twice."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from archive.clock import Clock
from archive.database import Sessions, reading, writing
from archive.models import Url, UrlKind, UrlState

SECOND_LOOK_AFTER = timedelta(days=30)
"""So long after its last second look a listing is looked through again for what was published late: monthly, as
querido-diario does for its hundreds of gazettes."""

SPREAD = timedelta(days=7)
"""Within so long the first second looks of sources that were first walked on one day are spread."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How far the walks of one source have come.

    It was last walked to an end at `walked_at`, and back to the day `down_to` nothing of it is missing; what it no
    longer names was last settled at `compared_at`. A walk that was cut short had come to `resume_page` at
    `resume_since`.
    `second_look_at` is when it was last looked through for what was published late.
    """

    walked_at: datetime | None = None
    down_to: date | None = None
    compared_at: datetime | None = None
    second_look_at: datetime | None = None
    resume_page: int | None = None
    resume_since: datetime | None = None

    def is_second_look_due(self, now: datetime) -> bool:
        """Whether the last second look is a month ago."""
        return self.second_look_at is not None and now - self.second_look_at >= SECOND_LOOK_AFTER


def first_second_look(url: str, walked_at: datetime) -> datetime:
    """What counts as the last second look of a source that was first walked whole at `walked_at`.

    Up to `SPREAD` earlier, told by its address, or all sections of all sites that were first crawled on one day would
    be looked through on one night for ever.
    """
    return walked_at - SPREAD * (zlib.crc32(url.encode()) / 2**32)


class Walks:
    """The part of the ledger of one site that is about its sources. Every method is one short transaction."""

    _sessions: Sessions
    _site_id: int
    _clock: Clock

    def stand(self, url: str) -> Stand:
        """How far the walks of the source at `url` have come."""
        columns = (
            Url.walked_at,
            Url.walked_down_to,
            Url.compared_at,
            Url.second_look_at,
            Url.resume_page,
            Url.resume_since,
        )
        with reading(self._sessions) as session:
            row = session.execute(select(*columns).where(Url.site_id == self._site_id, Url.url == url)).one_or_none()
        return Stand(*row) if row else Stand()

    def walked(self, url: str, kind: UrlKind, down_to: date, *, resumes: bool = False) -> None:
        """A listing, sitemap or API was read just now; nothing from `down_to` until now is missing.

        If it `resumes`, a longer walk that was cut short is still to be taken up.
        """
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = ledger_row(session, self._site_id, url, kind, now)
            row.state, row.walked_at, row.fetched_at = UrlState.FETCHED.value, now, now
            row.walked_down_to = down_to
            row.failures, row.due_at, row.reason = 0.0, None, None
            if not resumes:
                row.resume_page, row.resume_since = None, None
            row.second_look_at = row.second_look_at or first_second_look(url, now)

    def walked_to(self, url: str, kind: UrlKind, page: int) -> None:
        """A walk has come to `page` of a source, all pages before it included; the next one may go on from there."""
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = ledger_row(session, self._site_id, url, kind, now)
            row.resume_page, row.resume_since = page, now

    def looked_twice(self, url: str, kind: UrlKind) -> None:
        """A source was looked through just now for what was published late."""
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            ledger_row(session, self._site_id, url, kind, now).second_look_at = now

    def missed(self, urls: Collection[str], sources: Mapping[str, UrlKind], reason: str) -> None:
        """Kept articles at `urls` are named no more by any of the `sources` looked at: each is due for a look.

        `reason` is written down as why. What the sources named until now is settled with it, so that it costs one look
        and not one a night. Articles that are gone, refused or taken down stay so.
        """
        now, wanted = self._clock.now(), list(urls)
        with writing(self._sessions, self._site_id) as session:
            for start in range(0, len(wanted), _PAGE):
                for row in _fetched(session, self._site_id, wanted[start : start + _PAGE]):
                    row.due_at, row.due_for = now, reason
            for source, kind in sources.items():
                ledger_row(session, self._site_id, source, kind, now).compared_at = now


_PAGE = 500
"""Addresses that are asked for at once: fewer than the parameters that a statement may have."""


def _fetched(session: Session, site_id: int, urls: Collection[str]) -> Collection[Url]:
    """The URLs under which the articles at `urls` were fetched."""
    rows = session.scalars(select(Url).where(Url.site_id == site_id, Url.url.in_(urls))).all()
    keys = {row.article_key for row in rows if row.state == UrlState.ALIAS and row.article_key}
    fetched = {row for row in rows if row.kind == UrlKind.ARTICLE.value and row.state == UrlState.FETCHED}
    if keys:
        same = select(Url).where(Url.site_id == site_id, Url.article_key.in_(keys))
        fetched |= {row for row in session.scalars(same) if row.state == UrlState.FETCHED}
    return fetched


def ledger_row(session: Session, site_id: int, url: str, kind: UrlKind, now: datetime) -> Url:
    """The row of `url`, made if it is not there: a URL given by hand was never discovered."""
    row = session.scalar(select(Url).where(Url.site_id == site_id, Url.url == url))
    if row is None:
        row = Url(site_id=site_id, url=url, kind=kind.value, first_seen_at=now, sections=[], failures=0.0)
        row.state = UrlState.FOUND.value
        session.add(row)
        session.flush()
    return row
