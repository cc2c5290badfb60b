"""What the tests of the archive share: a clock moved by hand, one site's parts, makers of pages."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from archive.article import Article, Block, BlockKind, Dated, Precision, Rejection
from archive.captures import CaptureWriter, Location, Sent
from archive.clock import VIETNAM, Clock
from archive.intake import Intake
from archive.ledger import Found, Ledger
from archive.store import Kept, NewCapture, Outcome, Read, Store
from archive.warc import Headers

START = datetime(2022, 1, 5, 12, 0, tzinfo=VIETNAM)
VERSION = "1"


class HandClock(Clock):
    """A clock that a test moves by hand."""

    offset = timedelta()

    def now(self) -> datetime:
        return START + self.offset

    def advance(self, **span: float) -> None:
        object.__setattr__(self, "offset", self.offset + timedelta(**span))


def append(writer: CaptureWriter, url: str, status: int, headers: Headers, body: bytes, **more: Any) -> Location:
    """Write one response, fetched at `START` unless told otherwise."""
    return writer.append_all([Sent(url, status, headers, body, more.pop("fetched_at", START), **more)])[0]


def fetch(
    site: "Site", intake: Intake, url: str, body: bytes, status: int = 200, kind: str = "text/html; charset=utf-8"
) -> Kept:
    """Keep what a site answered just now, as a crawl does."""
    now, headers = site.clock.now(), [("Content-Type", kind)]
    sent = Sent(url, status, headers, body, now)
    return intake.keep(sent, lambda place: NewCapture(place, url, url, status, headers, now)).result(30)


@dataclass
class Site:
    """One site with its ledger and store, and a way to save a page in one line."""

    name: str
    id: int
    ledger: Ledger
    store: Store
    clock: HandClock
    offsets: Iterator[int] = field(default_factory=lambda: itertools.count(0, 100))

    def capture(self, url: str, **changes: Any) -> NewCapture:
        location = Location(f"{self.name}/2022-01.warc.gz", next(self.offsets), 100, "sha256:00", 50)
        new = NewCapture(location, url, url, 200, [("Content-Type", "text/html")], self.clock.now())
        return replace(new, **changes)

    def save(
        self, result: Article | Rejection, url: str | None = None, found: Found | None = None, **changes: Any
    ) -> Outcome:
        version = changes.pop("version", VERSION)
        requested = url or (result.url if isinstance(result, Article) else "")
        with self.store.writing() as session:
            [kept] = self.store.add_captures(session, [self.capture(requested, **changes)])
            return self.store.save(session, [Read(kept, result, requested, version, found=found)])[0]

    def keep(self, capture: NewCapture) -> Kept:
        """Acknowledge a capture, in a transaction of its own."""
        with self.store.writing() as session:
            return self.store.add_captures(session, [capture])[0]

    def read(self, kept: Kept, result: Article | Rejection, **changes: Any) -> Outcome:
        """Save what was read from a capture, in a transaction of its own."""
        read = replace(Read(kept, result, kept.capture.url, VERSION), **changes)
        with self.store.writing() as session:
            return self.store.save(session, [read])[0]


def at(day: str, time: str | None = None) -> Dated:
    """A date as a page tells it: ``at("2022-01-05", "08:00")``, or a day alone."""
    instant = datetime.fromisoformat(f"{day}T{time or '00:00'}:00+07:00")
    precision = Precision.MINUTE if time else Precision.DAY
    return Dated(instant, precision, f"{day} {time or ''}".strip(), "layout")


def page(key: str = "1", *paragraphs: str, **changes: Any) -> Article:
    """An article with these paragraphs (one by default)."""
    blocks = tuple(Block(BlockKind.PARAGRAPH, text) for text in paragraphs or (f"Đoạn văn của bài {key}.",))
    article = Article(
        key=key,
        url=f"https://baoquangninh.com.vn/bai-{key}",
        title=f"Bài {key}",
        blocks=blocks,
        published=at("2022-01-05", "08:00"),
        layout="2020",
    )
    return replace(article, **changes)


def found(key: str = "1", url: str | None = None, **changes: Any) -> Found:
    """What a listing tells of the same article."""
    one = Found(url or f"https://baoquangninh.com.vn/bai-{key}", key, "https://baoquangninh.com.vn/chinh-tri/")
    return replace(one, **changes)
