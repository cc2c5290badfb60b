"""An archive of the sample web's pages, filled without a crawl, and read again in this process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from archive.captures import CaptureWriter, Sent
from archive.database import Sessions, open_engine, reading, session_factory, upgrade
from archive.digest import TableDigest, logical_digest
from archive.kept import known_end
from archive.ledger import Found, Ledger
from archive.readings import Readings, Scope
from archive.records import Record, records
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import NewCapture, Read, Store
from crawler.extraction.page import Page
from crawler.reading import other_addresses, read_pages
from crawler.rereading import Report, reread, work_of
from crawler.sites import find_site
from tests.archive.helpers import HandClock
from tests.goldens.reading import NOW, page_names

Task = TypeVar("Task")
Given = TypeVar("Given")


class ThisProcess(Generic[Task, Given]):
    """Works here and now, one task after the other."""

    def __init__(self, work: Callable[[Task], Given]) -> None:
        self._work = work
        self._waiting: list[Task] = []

    @property
    def busy(self) -> int:
        """How many tasks are out."""
        return len(self._waiting)

    @property
    def free(self) -> bool:
        """Whether a further task would be worked on soon."""
        return not self._waiting

    def give(self, task: Task) -> None:
        """Hand a task over."""
        self._waiting.append(task)

    def answers(self) -> list[Given]:
        """Work on what is out."""
        given, self._waiting = self._waiting, []
        return [self._work(task) for task in given]


@dataclass
class Shelf:
    """An archive on disk; `add` captures a page and reads it as the version `version` of the extractor would."""

    data: Path
    sessions: Sessions
    clock: HandClock
    version: str = "1"
    sites: dict[str, int] = field(default_factory=dict)

    @property
    def captures(self) -> Path:
        return self.data / "captures"

    def add(
        self, site: str, pages: Sequence[Page], asked: str | None = None, mend: Callable[[Any], Any] = lambda read: read
    ) -> None:
        """Keep pages of one article as a crawl does; `mend` changes what is read, as an older version would."""
        spider = find_site(site)
        if site not in self.sites:
            record = SiteRecord(site, spider.title, spider.family, tuple(spider.hosts), spider.province)
            with self.sessions.begin() as session:
                self.sites[site] = register_site(session, record, self.clock)
        store = Store(self.sessions, self.sites[site], self.clock)
        kept = []
        with CaptureWriter(self.captures, site, self.clock, lambda file: known_end(self.sessions, file)) as writer:
            for page in pages:
                headers = [("Content-Type", page.content_type)]
                [place] = writer.append_all([Sent(page.url, 200, headers, page.body, self.clock.now())])
                new = NewCapture(place, page.url, page.url, 200, headers, self.clock.now())
                with store.writing() as session:
                    kept += store.add_captures(session, [new])
        address = asked or spider.canonical_url(pages[0].url)
        found = Found(address, spider.article_key(address) or "", "", spider.section_of(address))
        Ledger(self.sessions, self.sites[site], self.clock).see([found])
        result, _ = read_pages(spider, found, pages, self.clock.now())
        aliases = other_addresses(spider, found, pages[0].url)
        with store.writing() as session:
            store.save(session, [Read(kept[0], mend(result), found.url, self.version, aliases, found)])

    def reread(self, version: str = "2", *, dry_run: bool = False, **scope: Any) -> Report:
        readings = Readings(self.sessions, version, self.clock)
        return reread(readings, Scope(**scope), ThisProcess(work_of(self.captures)), dry_run=dry_run)

    def digest(self) -> dict[str, TableDigest]:
        with reading(self.sessions) as session:
            return logical_digest(session)

    def records(self) -> dict[str, Record]:
        with reading(self.sessions) as session:
            return {record.id: record for record in records(session)}


def new_shelf(data: Path, version: str = "1") -> Shelf:
    """An empty archive in a folder."""
    settings = Settings.from_environment({"BAOTINH_DATA": str(data)})
    engine = open_engine(settings.database_url)
    upgrade(engine)
    clock = HandClock()
    clock.advance(seconds=(NOW - clock.now()).total_seconds())
    return Shelf(settings.data, session_factory(engine), clock, version)


def names_of(*sites: str) -> list[str]:
    """The article pages of the sample web's sites."""
    return [name for name in page_names() if name.split("/")[0] in sites]


def later(shelf: Shelf) -> None:
    """Let an hour pass."""
    shelf.clock.advance(seconds=timedelta(hours=1).total_seconds())
