"""Whether every capture is what the database says: each row against its record, each record against its digests."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from archive.captures import CaptureError
from archive.database import Sessions, reading
from archive.kept import PLACE
from archive.models import Capture, Site
from archive.warc import REFERRED_TO, DamagedRecord, Record, read_fields, walk

_HOLDER = aliased(Capture)
_ROWS = (
    select(
        Capture.id,
        Site.name.label("site"),
        Capture.url,
        Capture.fetched_at,
        Capture.status,
        *PLACE,
        Capture.purged_at,
        _HOLDER.file.label("holder_file"),
        _HOLDER.offset.label("holder_offset"),
        _HOLDER.purged_at.label("holder_purged_at"),
    )
    .join(Site, Site.id == Capture.site_id)
    .outerjoin(_HOLDER, _HOLDER.id == Capture.refers_to_id)
)
_ROWS_OF_FILE = _ROWS.where(Capture.file == bindparam("file")).order_by(Capture.offset)
_REFERRING = _ROWS.where(Capture.refers_to_id.in_(bindparam("holders", expanding=True))).order_by(Capture.id)

_AT_ONCE = 500
"""Keys in one statement: far below what either database takes."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A capture that is not what its row says; without `url`, a record that is no row's, such as a request's.

    `why` says what is wrong, for people.
    """

    site: str
    url: str | None
    fetched_at: datetime | None
    file: str
    offset: int
    why: str


@dataclass
class Counts:
    """What was looked at so far: captures by their rows (those purged aside), records and files, and the damage."""

    captures: int = 0
    purged: int = 0
    records: int = 0
    files: int = 0
    damaged: int = 0


class Verifier:
    """Checks the captures of `site` (None: of all sites), whose files lie in `folder`.

    Every file that the database knows of is read from end to end, requests included, and every digest is computed.
    What is written meanwhile is left alone. `counts` tells how far it has come.
    """

    def __init__(self, sessions: Sessions, folder: Path, site: str | None = None) -> None:
        self._sessions, self._folder = sessions, folder
        files = select(Site.name, Capture.file).join(Capture, Capture.site_id == Site.id).distinct()
        with reading(sessions) as session:
            found = session.execute(files if site is None else files.where(Site.name == site)).all()
        self._files = sorted((row[0], row[1]) for row in found)
        self._damaged: set[int] = set()
        self.counts = Counts()

    def size(self) -> int:
        """How many bytes there are to read."""
        paths = (self._folder / file for _, file in self._files)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def damages(self, tell: Callable[[int], object] = lambda length: None) -> Iterator[Damage]:
        """Look at everything and give what is damaged; `tell` gets the length in bytes of every record read."""
        for site, file in self._files:
            with reading(self._sessions) as session:
                rows = session.execute(_ROWS_OF_FILE, {"file": file}).all()
            for damage in self._of_file(site, file, rows, tell):
                self.counts.damaged += 1
                yield damage
            self.counts.files += 1
        holders = sorted(self._damaged)
        for first in range(0, len(holders), _AT_ONCE):
            with reading(self._sessions) as session:
                referring = session.execute(_REFERRING, {"holders": holders[first : first + _AT_ONCE]}).all()
            for row in referring:
                if row.id not in self._damaged and row.purged_at is None:
                    self.counts.damaged += 1
                    why = f"its payload is in {row.holder_file} at {row.holder_offset}, which is damaged"
                    yield Damage(row.site, row.url, row.fetched_at, row.file, row.offset, why)

    def _of_file(self, site: str, file: str, rows: Sequence[Any], tell: Callable[[int], object]) -> Iterator[Damage]:
        path = self._folder / file
        waiting = deque(row for row in rows if row.purged_at is None)
        purged = {row.offset for row in rows if row.purged_at is not None}
        self.counts.purged += len(purged)

        def damaged(why: str) -> Damage:
            row = waiting.popleft()
            self.counts.captures += 1
            self._damaged.add(row.id)
            return Damage(site, row.url, row.fetched_at, file, row.offset, why)

        at = 0
        while waiting:
            try:
                for record in walk(path, at, check=True):
                    while waiting and waiting[0].offset < record.offset:
                        yield damaged("no record begins there")
                    if waiting and waiting[0].offset == record.offset:
                        why = self._differs(waiting[0], record)
                        if why is not None:
                            yield damaged(why)
                        else:
                            waiting.popleft()
                            self.counts.captures += 1
                    self.counts.records += 1
                    tell(record.length)
                    at = record.offset + record.length
                while waiting:
                    yield damaged("the file ends before it")
            except DamagedRecord as error:
                # Behind the last row a crawl may be writing, or was killed while it did: the next one cuts that off.
                if waiting and waiting[0].offset == error.offset:
                    yield damaged(error.why)
                elif waiting and error.offset not in purged:
                    yield Damage(site, None, None, file, error.offset, error.why)
                at = waiting[0].offset if waiting else at
            except CaptureError as error:
                while waiting:
                    yield damaged(str(error))

    def _differs(self, row: Any, record: Record) -> str | None:
        """What a record is that its row does not say; None if they agree."""
        said: dict[str, tuple[object, object]] = {
            "kind": (record.kind, "response" if row.refers_to_id is None else "revisit"),
            "length": (record.length, row.length),
            "payload": (record.payload_digest, row.payload_digest),
            "url": (record.url, row.url),
            "status": (record.status, row.status),
        }
        if row.refers_to_id is None:
            said["payload's length"] = (len(record.payload), row.payload_length)
        for name, (found, known) in said.items():
            if found != known:
                return f"its {name} is {found}, not {known}"
        return None if row.refers_to_id is None else self._lost_payload(row, record)

    def _lost_payload(self, row: Any, record: Record) -> str | None:
        """Why the payload of a revisit is not where it says; None if it is."""
        if row.holder_purged_at is not None:
            return f"its payload was in {row.holder_file} at {row.holder_offset}, which was purged"
        try:
            holder = read_fields(self._folder / row.holder_file, row.holder_offset)
        except CaptureError as error:
            return f"its payload is not there: {error}"
        refers_to = {field: record.fields.get(name.lower()) for field, name in REFERRED_TO.items()}
        wanted = refers_to | {"warc-type": "response", "warc-payload-digest": row.payload_digest}
        wrong = [field for field, value in wanted.items() if holder.get(field) != value]
        if wrong:
            return f"the record at {row.holder_offset} in {row.holder_file} has another {wrong[0]} than it says"
        return None
