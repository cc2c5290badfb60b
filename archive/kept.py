"""Questions about captures: which one was valid at a time, and what they take on the disk."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from archive.captures import Location
from archive.models import Capture, Site

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


def place_of(capture: Capture) -> Location:
    """Where the record of a capture stands."""
    return Location(
        capture.file,
        capture.offset,
        capture.length,
        capture.payload_digest,
        capture.payload_length,
        capture.refers_to_id,
    )


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
