"""Backups of a whole archive in one file, made while crawls go on (`archive.restoring` is their way back).

The file is a tar: the database as it was at one moment, every capture file up to the end that this database knows of,
and a manifest with the digests of all. Capture files only grow, so what is copied after the database is what it tells
of. (What replaces their bytes, a purge, is refused while a backup is made, and a backup while one runs.)
"""

import hashlib
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from archive.captures import sync_folder
from archive.copying import write_database
from archive.database import (
    ArchiveError,
    check_version,
    newest_version,
    open_engine,
    reading,
    session_factory,
)
from archive.digest import TableDigest, exact_digest, whole
from archive.locks import keeping_captures
from archive.models import Capture
from archive.partial import own_folder
from archive.settings import Settings

FORMAT = 1
"""Number of the layout of the file; a program refuses one that it does not know."""


MANIFEST = "manifest.json"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}

CHUNK = 1 << 20
_ADVICE = "make room, or give a FILE on another disk"

Tell = Callable[[str, int], None]
"""Hears which file is being copied or checked, and how many bytes were done since its last call."""


class BackupError(ArchiveError):
    """A backup cannot be made or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: the version of its database's tables, its exact digest, and bytes by file.

    `kind` is the database it came from (``sqlite``, ``postgresql``); `made_at` is an instant in ISO 8601.
    """

    program: str
    schema: str
    made_at: str
    kind: str
    tables: dict[str, TableDigest]
    files: dict[str, tuple[int, str]]

    @property
    def digest(self) -> str:
        """The exact digest of the database, as `baotinh db digest --exact` prints it."""
        return whole(self.tables)

    @property
    def captures(self) -> list[str]:
        """The capture files by the names they have in the backup."""
        return [name for name in self.files if name.startswith("captures/")]

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return sum(size for size, _ in self.files.values())


def make_backup(
    engine: Engine,
    settings: Settings,
    file: Path,
    program: str,
    *,
    force: bool = False,
    tell: Tell = lambda name, done: None,
) -> Backup:
    """Write the archive as it is at this moment into `file`; crawls may go on. `program` is our version.

    Raises BackupError if the file is there already (unless `force`), lies among the captures or cannot be written, or
    if captures that the database knows are not in this data folder; ArchiveError if the database cannot be read.
    There is no `file` then, or the one that was there.
    """
    check_version(engine)
    file = file.absolute()
    _check_place(file, settings, force)
    try:
        with own_folder(file.parent) as folder, keeping_captures(settings.locks, "no backup can be made", shared=True):
            partial, database = folder / "backup.tar", folder / "database"
            with _snapshot(engine, database) as session:
                tables = exact_digest(session)
                ends = _ends(session)
            _check_captures(settings.captures, ends)
            ends = {name: _with_request(settings.captures / name, end) for name, end in ends.items()}
            check_room(file.parent, database.stat().st_size + sum(ends.values()), _ADVICE)
            name = DATABASES[engine.dialect.name]
            sources = {name: (database, database.stat().st_size)}
            sources |= {f"captures/{one}": (settings.captures / one, end) for one, end in ends.items()}
            now = settings.clock.now()
            with partial.open("wb") as out:
                with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
                    files = {
                        inside: (size, _add(tar, inside, source, size, int(now.timestamp()), tell))
                        for inside, (source, size) in sources.items()
                    }
                    made = Backup(program, newest_version(), now.isoformat(), engine.dialect.name, tables, files)
                    _add_manifest(tar, made, int(now.timestamp()))
                out.flush()
                os.fsync(out.fileno())
            if file.exists() and not force:
                raise BackupError(f"{file}: has come into being meanwhile; give another FILE, or --force")
            partial.rename(file)
            sync_folder(file.parent)
    except OSError as error:
        raise BackupError(f"{file}: the backup cannot be written ({error.strerror or error}); {_ADVICE}") from error
    return made


# -- making -----------------------------------------------------------------------------------------
def _check_place(file: Path, settings: Settings, force: bool) -> None:
    if not file.parent.is_dir():
        raise BackupError(f"{file}: its folder does not exist; make it first")
    if file.is_dir():
        raise BackupError(f"{file}: is a folder; give the name of a file, such as {file / 'archive.tar'}")
    if file.parent.resolve().is_relative_to(settings.captures.resolve()):
        raise BackupError(f"{file}: lies among the captures, which are only the program's; give another folder")
    if file.exists() and not force:
        raise BackupError(f"{file}: is there already; give another FILE, or --force to replace it")


@contextmanager
def _snapshot(engine: Engine, file: Path) -> Iterator[Session]:
    """Write the database into `file` and give a session that reads the very state that was written."""
    if engine.dialect.name == "sqlite":
        write_database(engine, file, _ADVICE)
        copy = open_engine(f"sqlite:///{file}")
        try:
            with reading(session_factory(copy)) as session:
                yield session
        finally:
            copy.dispose()
    else:
        with reading(session_factory(engine)) as session:
            name = session.scalar(select(func.pg_export_snapshot()))
            write_database(engine, file, _ADVICE, name)
            yield session


def _ends(session: Session) -> dict[str, int]:
    """Where each capture file ends as far as the database knows, by its name."""
    query = select(Capture.file, func.max(Capture.offset + Capture.length)).group_by(Capture.file)
    return dict(session.execute(query.order_by(Capture.file)).all())


def _check_captures(folder: Path, ends: dict[str, int]) -> None:
    short = [
        name for name, end in ends.items() if not (folder / name).is_file() or (folder / name).stat().st_size < end
    ]
    if short:
        more = f" and {len(short) - 3} more" if len(short) > 3 else ""
        raise BackupError(
            f"{folder}: {', '.join(short[:3])}{more} of the database's captures are missing there or too short; put "
            "the captures of all machines together, or restore those files, then back up again"
        )


def _with_request(file: Path, end: int) -> int:
    """Where the record of the request ends that follows the response ending at `end`; `end` if none does.

    It was made durable with its response, so it is whole.
    """
    with file.open("rb") as opened:
        opened.seek(end)
        member = opened.read(CHUNK)
    reader = zlib.decompressobj(wbits=31)
    try:
        record = reader.decompress(member, CHUNK)
    except zlib.error:
        return end
    is_request = b"WARC-Type: request" in record.partition(b"\r\n\r\n")[0]
    return end + len(member) - len(reader.unused_data) if reader.eof and is_request else end


def check_room(folder: Path, size: int, advice: str) -> None:
    """Raise BackupError with `advice` unless `size` bytes are free on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise BackupError(f"{folder}: {size} bytes are needed and {free} are free; {advice}")


def _add(tar: tarfile.TarFile, name: str, source: Path, size: int, mtime: int, tell: Tell) -> str:
    """Add the first `size` bytes of a file, and give their SHA-256 in hex."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, mtime, 0o644
    with source.open("rb") as opened:
        hashing = Hashing(opened, lambda done: tell(name, done))
        tar.addfile(member, hashing)
    return hashing.digest.hexdigest()


class Hashing:
    """A file to read from that hashes what is read."""

    def __init__(self, file: IO[bytes], tell: Callable[[int], None]) -> None:
        self._file, self._tell = file, tell
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and hash."""
        data = self._file.read(size)
        self.digest.update(data)
        self._tell(len(data))
        return data


def _add_manifest(tar: tarfile.TarFile, made: Backup, mtime: int) -> None:
    words = {
        "format": FORMAT,
        "program": made.program,
        "schema": made.schema,
        "made_at": made.made_at,
        "database": made.kind,
        "digest": made.digest,
        "tables": {name: {"rows": one.rows, "sum": one.sum} for name, one in made.tables.items()},
        "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in made.files.items()},
    }
    data = json.dumps(words, ensure_ascii=False, indent=1).encode()
    member = tarfile.TarInfo(MANIFEST)
    member.size, member.mtime, member.mode = len(data), mtime, 0o644
    tar.addfile(member, BytesIO(data))


# -- reading ----------------------------------------------------------------------------------------


# -- restoring --------------------------------------------------------------------------------------
