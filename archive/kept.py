"""Questions about captures: where each stands, which one was valid at a time, and what they take on the disk."""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from archive.captures import Location
from archive.database import Sessions, reading
from archive.models import Capture, Extraction, Site

PLACE = (
    Capture.file,
    Capture.offset,
    Capture.length,
    Capture.payload_digest,
    Capture.payload_length,
    Capture.refers_to_id,
)
"""What tells where a capture's record stands (`place_of`)."""

_HOLDER = aliased(Capture)
_YEAR = re.compile(r"(\d{4})-\d{2}(-\d+)?\.warc\.gz")
_LOCK = "writer.lock"


@dataclass(frozen=True, slots=True)
class KeptCapture:
    """A capture: when it was fetched, its place, and that of the record with its payload if that is another.

    `id` is its key in the database; `final_url` is where `url` led.
    """

    id: int
    site: str
    url: str
    final_url: str
    fetched_at: datetime
    status: int
    place: Location
    holder: Location | None
    purged_at: datetime | None


def capture_at(session: Session, url: str, at: datetime | None = None) -> KeptCapture | None:
    """The last capture of `url`, asked for or arrived at, at or before `at` (None: of all); None if there is none."""
    found = session.execute(
        select(Site.name, Capture, _HOLDER)
        .join(Site, Site.id == Capture.site_id)
        .outerjoin(_HOLDER, _HOLDER.id == Capture.refers_to_id)
        # Sites are named, for the indexes of addresses begin with them.
        .where(Capture.site_id.in_(select(Site.id)), or_(Capture.url == url, Capture.final_url == url))
        .where(*([] if at is None else [Capture.fetched_at <= at]))
        .order_by(Capture.fetched_at.desc(), Capture.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    site, capture, holder = found
    return KeptCapture(
        id=capture.id,
        site=site,
        url=capture.url,
        final_url=capture.final_url,
        fetched_at=capture.fetched_at,
        status=capture.status,
        place=place_of(capture),
        holder=None if capture.refers_to_id is None else place_of(holder),
        purged_at=capture.purged_at,
    )


def first_capture(session: Session, url: str) -> datetime | None:
    """When `url` was fetched for the first time; None if never."""
    return session.scalar(
        select(func.min(Capture.fetched_at)).where(
            Capture.site_id.in_(select(Site.id)), or_(Capture.url == url, Capture.final_url == url)
        )
    )


def place_of(capture: Capture | Row[Any]) -> Location:
    """Where the record of a capture stands, told by its row or by one with the columns `PLACE`."""
    return Location(
        capture.file,
        capture.offset,
        capture.length,
        capture.payload_digest,
        capture.payload_length,
        capture.refers_to_id,
    )


def newest_captures(
    session: Session, site_id: int, urls: Collection[str], since: datetime, limit: int = 20
) -> list[tuple[datetime, Location]]:
    """When a site's good captures of `urls` were fetched and where their payload stands, the newest first.

    Good is a status of 200, from `since` on, whose bytes are still there. Where a capture refers to an earlier one for
    its payload, that one's place is given.
    """
    query = (
        select(Capture, _HOLDER)
        .outerjoin(_HOLDER, _HOLDER.id == Capture.refers_to_id)
        .where(
            Capture.site_id == site_id,
            Capture.url.in_(urls),
            Capture.status == 200,
            Capture.fetched_at >= since,
            Capture.purged_at.is_(None),
            _HOLDER.purged_at.is_(None),
        )
        .order_by(Capture.fetched_at.desc(), Capture.id.desc())
        .limit(limit)
    )
    return [
        (capture.fetched_at, place_of(capture if capture.refers_to_id is None else holder))
        for capture, holder in session.execute(query)
    ]


def known_end(sessions: Sessions, file: str) -> int:
    """Where the last record of a capture file ends that the database knows of; 0 if it knows of none."""
    with reading(sessions) as session:
        return session.scalar(select(func.max(Capture.offset + Capture.length)).where(Capture.file == file)) or 0


@dataclass
class Usage:
    """What the captures of one site and year take: files with their bytes, captures, those that only refer to another.

    `saved` is how many bytes those would take more had their payloads been written again.
    """

    files: int = 0
    bytes: int = 0
    captures: int = 0
    revisits: int = 0
    saved: int = 0


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Usage by site and year, files that the database knows and the disk does not have, and the other way round."""

    usage: dict[tuple[str, str], Usage]
    missing: list[str]
    unknown: list[tuple[str, int]]


def disk_usage(session: Session, folder: Path) -> DiskUsage:
    """What the captures in `folder` take; `unknown` files come with their bytes."""
    out: dict[tuple[str, str], Usage] = defaultdict(Usage)
    missing = []
    on_disk = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _LOCK
    }
    rows = session.execute(
        select(
            Site.name,
            Capture.file,
            func.count(),
            func.count(Capture.refers_to_id),
            func.coalesce(func.sum(_HOLDER.length - Capture.length), 0),
        )
        .join(Site, Site.id == Capture.site_id)
        .outerjoin(_HOLDER, _HOLDER.id == Capture.refers_to_id)
        .group_by(Site.name, Capture.file)
        .order_by(Site.name, Capture.file)
    )
    for site, file, captures, revisits, saved in rows:
        named = _YEAR.fullmatch(file.rpartition("/")[2])
        year = out[site, named[1] if named else "?"]
        size = on_disk.pop(file, None)
        if size is None:
            missing.append(file)
        year.files += size is not None
        year.bytes += size or 0
        year.captures += captures
        year.revisits += revisits
        year.saved += int(saved)
    return DiskUsage(dict(out), missing, list(on_disk.items()))


def read_since(session: Session, site_id: int, count: int) -> datetime | None:
    """When the earliest of a site's last `count` captures was fetched that were read as pages of articles.

    That of all of them where there are fewer; None if there is none.
    """
    last = (
        select(Capture.fetched_at)
        .where(
            Capture.site_id == site_id,
            Capture.purged_at.is_(None),
            exists().where(Extraction.capture_id == Capture.id),
        )
        .order_by(Capture.fetched_at.desc(), Capture.id.desc())
        .limit(count)
        .subquery()
    )
    earliest: datetime | None = session.scalar(select(func.min(last.c.fetched_at)))
    return earliest
