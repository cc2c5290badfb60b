"""The crawl's side of the archive: one bundle of engine, site, ledger, store and captures a crawl."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from archive.captures import CaptureWriter
from archive.clock import Clock
from archive.database import Sessions, SiteLock, check_version, open_engine, session_factory
from archive.intake import Intake
from archive.kept import known_end
from archive.ledger import Ledger
from archive.looks import Looks
from archive.patience import Patience
from archive.restoring import refuse_half_restored
from archive.room import Room
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import Store
from crawler.stopping import Dropped

T = TypeVar("T")

ARCHIVE_LOST = "archive"
"""Reason for closing a crawl whose archive cannot be written to."""


class ArchiveLost(Dropped):
    """A page could not be kept: the crawl is ending, and what was asked for stays due."""


class Troubles(list[str]):
    """What went wrong in a crawl, in order and each once: a host that says one thing a thousand times said one."""

    def __init__(self) -> None:
        super().__init__()
        self._known: set[str] = set()

    def append(self, words: str) -> None:
        """Add `words` behind the others, unless they are among them."""
        if words not in self._known:
            self._known.add(words)
            super().append(words)


@dataclass(eq=False)
class Archiving:
    """What one crawl writes to.

    `run_id` is the key of its `run` row once that is begun; `troubles` collects, in order, why requests
    brought nothing; `ending` is under way once the crawl ends before it is through. `saved` are the keys of the
    captures whose pages were read.
    """

    engine: Engine
    sessions: Sessions
    clock: Clock
    site_id: int
    ledger: Ledger
    looks: Looks
    store: Store
    captures: CaptureWriter
    intake: Intake
    lock: SiteLock
    run_id: int | None = None
    troubles: list[str] = field(default_factory=Troubles)
    ending: asyncio.Task[None] | None = None
    saved: list[int] = field(default_factory=list)

    async def ask(self, call: Callable[[], T]) -> T:
        """Give what `call` gives, which asks the archive: by the intake's thread and with its patience.

        So the reactor never waits for the database, which may be away for minutes.
        """
        return await asyncio.wrap_future(self.intake.do(call))

    def close(self) -> None:
        """Write what is left, then let go of the capture file, its lock and the database."""
        self.intake.close()
        self.captures.close()
        self.lock.close()
        self.engine.dispose()


_OPEN: WeakKeyDictionary[Crawler, Archiving] = WeakKeyDictionary()


def archiving(crawler: Crawler) -> Archiving:
    """The bundle of `crawler`, opened at the first call.

    Raises SettingsError for a wrong environment, ArchiveError if the database is missing, outdated,
    newer than the code or cannot be reached, if another crawl of the site runs, or if a restore into the
    data folder was cut short.
    """
    if crawler not in _OPEN:
        _OPEN[crawler] = _open(crawler)
    return _OPEN[crawler]


def site_record(spider: Any) -> SiteRecord:
    """What a spider's class declares of its site, as the archive takes it."""
    return SiteRecord(
        name=spider.name,
        title=spider.title,
        family=spider.family,
        hosts=tuple(spider.hosts),
        province=spider.province,
        names=tuple(spider.names),
    )


def stop_for_archive(crawler: Crawler, error: Exception) -> None:
    """End the crawl because the archive cannot be written to; what is not stored stays due."""
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    end_crawl(crawler, ARCHIVE_LOST, f"the archive cannot be written to: {words}")


def end_crawl(crawler: Crawler, reason: str, words: str) -> None:
    """End the crawl, once; `reason` is what `crawler.extensions.judge` makes an outcome of, `words` are for people."""
    desk, engine = archiving(crawler), crawler.engine
    if desk.ending is not None:
        return
    desk.troubles.insert(0, words)
    if engine.spider is not None:
        # Not awaited: closing waits for the very request or item that met the error.
        desk.ending = asyncio.ensure_future(engine.close_spider_async(reason=reason))


def is_ending(crawler: Crawler) -> bool:
    """Whether the crawl is closing, for whatever reason: nothing more is asked of the site then."""
    slot = crawler.engine._slot
    return slot is None or slot.closing is not None


def _open(crawler: Crawler) -> Archiving:
    settings = Settings.from_environment()
    refuse_half_restored(settings)
    engine = open_engine(settings.database_url)
    check_version(engine)
    sessions = session_factory(engine)
    spider: Any = crawler.spidercls
    troubles = Troubles()
    patience = Patience(tell=troubles.append)

    def end_of(file: str) -> int:
        return patience(lambda: known_end(sessions, file))

    captures = CaptureWriter(settings.captures, spider.name, settings.clock, end_of)
    try:
        with sessions.begin() as session:
            site_id = register_site(session, site_record(spider), settings.clock)
        lock = SiteLock(engine, site_id, spider.name)
    except BaseException:
        captures.close()
        raise
    store = Store(sessions, site_id, settings.clock)
    return Archiving(
        engine=engine,
        sessions=sessions,
        clock=settings.clock,
        site_id=site_id,
        ledger=Ledger(sessions, site_id, settings.clock),
        looks=Looks(sessions, site_id, settings.clock, settings.captures),
        store=store,
        captures=captures,
        intake=Intake(store, captures, Room(settings.keep_free, settings.written), patience),
        lock=lock,
        troubles=troubles,
    )
