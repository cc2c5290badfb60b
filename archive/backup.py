"""Backups of a whole archive in one file, made while crawls go on, and their way back.

The file is a tar: the database as it was at one moment, every capture file up to the end that this database knows of,
and a manifest with the digests of all. Capture files only grow, so what is copied after the database is what it tells
of. (What replaces their bytes, a purge, is refused while a backup is made, and a backup while one runs.)
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, func, inspect, select, table, text
from sqlalchemy.orm import Session

from archive.copying import copy_archive, read_database, write_database
from archive.database import (
    ArchiveError,
    check_version,
    downgrade,
    knows_version,
    newest_version,
    open_engine,
    reading,
    session_factory,
    shown,
    upgrade,
    version_of,
)
from archive.digest import TableDigest, exact_digest, whole
from archive.locks import keeping_captures
from archive.models import Base, Capture
from archive.partial import own_folder
from archive.settings import Settings

FORMAT = 1
"""Number of the layout of the file; a program refuses one that it does not know."""

RESTORING = ".restoring"
"""The folder in the data folder where a restore works; there only while one is under way, or if it was cut short."""

_MANIFEST = "manifest.json"
_DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
_CAPTURE = re.compile(r"captures/[a-z0-9_]+/[A-Za-z0-9][A-Za-z0-9._-]*\.warc\.gz")
_MAX_MANIFEST = 64 * 1024 * 1024
"""Bytes of the largest manifest that is read: about 300,000 capture files."""

_CHUNK = 1 << 20
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
            _check_room(file.parent, database.stat().st_size + sum(ends.values()), _ADVICE)
            name = _DATABASES[engine.dialect.name]
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
            _sync(file.parent)
    except OSError as error:
        raise BackupError(f"{file}: the backup cannot be written ({error.strerror or error}); {_ADVICE}") from error
    return made


def restore_backup(file: Path, engine: Engine, settings: Settings, tell: Tell = lambda name, done: None) -> Backup:
    """Put the archive in `file` into an empty data folder and a new or empty database, all of it checked.

    All or nothing: what was cut short can be run again. A backup of SQLite may go into PostgreSQL. An archive of an
    older version stays one, except that going into PostgreSQL upgrades it. Raises BackupError or ArchiveError.
    """
    staging = settings.data / RESTORING
    with _opened(file) as tar:
        members = _members(file, tar)
        backup = _manifest(file, members, tar)
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite and backup.kind != "sqlite":
            raise BackupError(
                f"{file}: is a backup of a PostgreSQL archive; restore it into an empty PostgreSQL database, then "
                "`baotinh db copy` takes it into SQLite"
            )
        again = staging.is_dir()
        if again and settings.captures.is_dir() and not (staging / "captures").exists() and _agrees(engine, backup):
            # Only the tidying up was left: captures that are not ours would have been refused before.
            shutil.rmtree(staging)
            return backup
        _check_target(settings, engine, is_sqlite)
        filled = _holds_something(engine)
        if filled and not (again and _agrees(engine, backup)):
            raise BackupError(
                f"{shown(engine.url)}: holds an archive or other tables already; name a new or empty database in "
                "BAOTINH_DATABASE_URL"
            )
        placed = False
        try:
            shutil.rmtree(staging, ignore_errors=True)
            if is_sqlite:
                _beside(_target(engine)).unlink(missing_ok=True)
            staging.mkdir()
            (staging / "README").write_text(
                f"A restore of {file} is under way here, or was cut short: then run it again.\n", encoding="utf-8"
            )
            database = staging / _DATABASES[backup.kind]
            _check_room_to_restore(settings.data, None if filled or not is_sqlite else _target(engine), backup)
            for name in backup.files:
                _extract(file, tar, members[name], staging / name, backup.files[name], tell)
            if not filled:
                filled = True
                _load(engine, database, backup)
            (staging / "captures").mkdir(exist_ok=True)
            for folder in settings.captures.glob("*"):
                folder.rmdir()
            (staging / "captures").rename(settings.captures)
            placed = True
            _sync(settings.data)
        except ArchiveError:
            # What was refused has filled nothing; an earlier restore may have.
            filled = again and filled
            raise
        except OSError as error:
            raise BackupError(
                f"{settings.data}: the backup cannot be restored ({error.strerror or error}); mend that, then restore "
                "again"
            ) from error
        finally:
            # Where the database is filled and the captures are not in place, it tells the next restore.
            if placed or not filled:
                shutil.rmtree(staging, ignore_errors=True)
    return backup


def refuse_half_restored(settings: Settings) -> None:
    """Raise BackupError if a restore into the data folder is under way or was cut short."""
    if (settings.data / RESTORING).exists():
        raise BackupError(
            f"{settings.data}: a backup is being restored here, or that was cut short: wait for it, or run "
            "`baotinh restore FILE` again"
        )


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
        member = opened.read(_CHUNK)
    reader = zlib.decompressobj(wbits=31)
    try:
        record = reader.decompress(member, _CHUNK)
    except zlib.error:
        return end
    is_request = b"WARC-Type: request" in record.partition(b"\r\n\r\n")[0]
    return end + len(member) - len(reader.unused_data) if reader.eof and is_request else end


def _check_room(folder: Path, size: int, advice: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise BackupError(f"{folder}: {size} bytes are needed and {free} are free; {advice}")


def _add(tar: tarfile.TarFile, name: str, source: Path, size: int, mtime: int, tell: Tell) -> str:
    """Add the first `size` bytes of a file, and give their SHA-256 in hex."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, mtime, 0o644
    with source.open("rb") as opened:
        hashing = _Hashing(opened, lambda done: tell(name, done))
        tar.addfile(member, hashing)
    return hashing.digest.hexdigest()


class _Hashing:
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
    member = tarfile.TarInfo(_MANIFEST)
    member.size, member.mtime, member.mode = len(data), mtime, 0o644
    tar.addfile(member, BytesIO(data))


# -- reading ----------------------------------------------------------------------------------------
@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    except OSError as error:
        raise BackupError(f"{file}: cannot be read ({error.strerror or error})") from error
    except tarfile.TarError as error:
        raise BackupError(f"{file}: is no backup, or is cut off ({error}); take another") from error


def _members(file: Path, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """The members by name; only those that a backup has: plain files of our names, each once."""
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        ours = member.name in (_MANIFEST, *_DATABASES.values()) or _CAPTURE.fullmatch(member.name)
        plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
        if not ours or not plain or member.name in members:
            raise BackupError(
                f"{file}: holds {member.name[:200]!r}, which no backup of this program has (a foreign name, a link or "
                "a name twice); nothing was restored: do not trust this file"
            )
        members[member.name] = member
    return members


def _manifest(file: Path, members: dict[str, tarfile.TarInfo], tar: tarfile.TarFile) -> Backup:
    member = members.get(_MANIFEST)
    if member is None or member.size > _MAX_MANIFEST:
        raise BackupError(f"{file}: is no backup, or is cut off (it has no manifest); take another")
    opened = tar.extractfile(member)
    try:
        words = json.loads(opened.read() if opened else b"")
        number = words["format"]
        backup = None if number != FORMAT else _parsed(words)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{file}: its manifest cannot be read ({error!r}); take another backup") from error
    if backup is None or not knows_version(backup.schema):
        raise BackupError(
            f"{file}: was made by a newer program ({str(words.get('program'))[:50]}, archive version "
            f"{str(words.get('schema'))[:50]}); upgrade this program"
        )
    wanted = {*backup.files, _MANIFEST}
    if members.keys() != wanted or any(members[name].size != size for name, (size, _) in backup.files.items()):
        raise BackupError(f"{file}: does not hold what its manifest says; take another backup")
    if backup.kind not in _DATABASES or _DATABASES[backup.kind] not in backup.files:
        raise BackupError(f"{file}: holds no database; take another backup")
    return backup


def _parsed(words: dict[str, Any]) -> Backup:
    return Backup(
        program=str(words["program"]),
        schema=str(words["schema"]),
        made_at=str(words["made_at"]),
        kind=str(words["database"]),
        tables={name: TableDigest(int(one["rows"]), str(one["sum"])) for name, one in words["tables"].items()},
        files={name: (int(one["bytes"]), str(one["sha256"])) for name, one in words["files"].items()},
    )


# -- restoring --------------------------------------------------------------------------------------
def _check_target(settings: Settings, engine: Engine, is_sqlite: bool) -> None:
    """Refuse a data folder in which there is anything; a database is looked at by itself."""
    database = _target(engine) if is_sqlite else None
    ours = {RESTORING, settings.locks.name}
    for path in sorted(settings.data.iterdir()):
        of_database = (
            database is not None
            and path.parent == database.parent
            and (path.name.startswith(database.name) or path == _beside(database))
        )
        empty = path.is_dir() and not any(one.is_file() for one in path.rglob("*"))
        if path.name not in ours and not of_database and not empty:
            raise BackupError(
                f"{settings.data}: is not empty ({path.name} is in it); a backup is restored into an empty folder: "
                "name one in BAOTINH_DATA"
            )


def _target(engine: Engine) -> Path:
    """The file of an SQLite database."""
    return Path(engine.url.database or "").absolute()


def _beside(database: Path) -> Path:
    """Where an SQLite database is written before it takes its name; left there only by a restore that was killed."""
    return database.with_name(f".{database.name}.restoring")


def _check_room_to_restore(data: Path, database: Path | None, backup: Backup) -> None:
    """Refuse a disk that is too small; `database` is the file of SQLite that is to be filled, None if none is.

    It is there twice for a while: in the folder of the restore and in its place, which may be on another disk.
    """
    size, beside = backup.bytes, 0
    if database is not None:
        beside = backup.files[_DATABASES[backup.kind]][0]
        if database.parent.stat().st_dev == data.stat().st_dev:
            size, beside = size + beside, 0
    _check_room(data, size, "make room, or give BAOTINH_DATA on another disk")
    if database is not None and beside:
        _check_room(database.parent, beside, "make room, or give a database on another disk in BAOTINH_DATABASE_URL")


def _holds_something(engine: Engine) -> bool:
    """Whether the database has any table but those of an archive without rows."""
    if version_of(engine) is None:
        if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
            return False
        return bool(inspect(engine).get_table_names())
    if set(inspect(engine).get_table_names()) - {*Base.metadata.tables, "alembic_version"}:
        return True
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        return any(connection.scalar(select(text("1")).select_from(table(name)).limit(1)) for name in names)


def _agrees(engine: Engine, backup: Backup) -> bool:
    """Whether the database is the one of the backup: by digest, or for an older one by its rows."""
    if version_of(engine) != backup.schema:
        return False
    if backup.schema == newest_version():
        with reading(session_factory(engine)) as session:
            return exact_digest(session) == backup.tables
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names()) - {"alembic_version"}
        if there != backup.tables.keys():
            return False
        count = {name: connection.scalar(select(func.count()).select_from(table(name))) for name in there}
    return count == {name: one.rows for name, one in backup.tables.items()}


def _load(engine: Engine, database: Path, backup: Backup) -> None:
    """Bring the database of a backup into an empty one, and hold it to its digest."""
    if version_of(engine) is not None:
        # Tables without rows would be in the way.
        _clear(engine)
    if backup.kind == "postgresql":
        read_database(engine, database)
        if not _agrees(engine, backup):
            _clear(engine)
            raise _differs(database, backup)
        return
    copy = open_engine(f"sqlite:///{database}")
    try:
        if not _agrees(copy, backup):
            raise _differs(database, backup)
        if engine.dialect.name != "sqlite":
            upgrade(copy)
            copy_archive(copy, engine)
    finally:
        copy.dispose()
    if engine.dialect.name == "sqlite":
        engine.dispose()
        target = _target(engine)
        for ending in ("-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        beside = _beside(target)
        try:
            shutil.copyfile(database, beside)
            with beside.open("rb") as written:
                os.fsync(written.fileno())
            beside.rename(target)
        finally:
            beside.unlink(missing_ok=True)
        _sync(target.parent)


def _differs(database: Path, backup: Backup) -> BackupError:
    return BackupError(
        f"{database.name}: is not the database that the manifest tells of (digest {backup.digest}); nothing was kept: "
        "take another backup"
    )


def _clear(engine: Engine) -> None:
    downgrade(engine, "base")
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists alembic_version")


def _extract(
    file: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, wanted: tuple[int, str], tell: Tell
) -> None:
    opened = tar.extractfile(member)
    assert opened is not None, "members are plain files"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = _Hashing(opened, lambda done: tell(member.name, done))
    with path.open("xb") as out:
        while data := source.read(_CHUNK):
            out.write(data)
        out.flush()
        os.fsync(out.fileno())
    if (path.stat().st_size, source.digest.hexdigest()) != wanted:
        raise BackupError(f"{file}: {member.name} is damaged; nothing was restored: take another backup")


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
