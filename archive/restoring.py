"""The way of a backup back into an empty archive, all of it checked."""

import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, inspect, select, table, text

from archive.backup import CHUNK, DATABASES, FORMAT, MANIFEST, Backup, BackupError, Hashing, Tell, check_room
from archive.captures import sync_folder
from archive.copying import copy_archive, read_database
from archive.database import (
    ArchiveError,
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
from archive.digest import TableDigest, exact_digest
from archive.models import Base
from archive.settings import Settings

RESTORING = ".restoring"
"""The folder in the data folder where a restore works; there only while one is under way, or if it was cut short."""

_CAPTURE = re.compile(r"captures/[a-z0-9_]+/[A-Za-z0-9][A-Za-z0-9._-]*\.warc\.gz")

_MAX_MANIFEST = 64 * 1024 * 1024
"""Bytes of the largest manifest that is read: about 300,000 capture files."""


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
            database = staging / DATABASES[backup.kind]
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
            sync_folder(settings.data)
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
        ours = member.name in (MANIFEST, *DATABASES.values()) or _CAPTURE.fullmatch(member.name)
        plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
        if not ours or not plain or member.name in members:
            raise BackupError(
                f"{file}: holds {member.name[:200]!r}, which no backup of this program has (a foreign name, a link or "
                "a name twice); nothing was restored: do not trust this file"
            )
        members[member.name] = member
    return members


def _manifest(file: Path, members: dict[str, tarfile.TarInfo], tar: tarfile.TarFile) -> Backup:
    member = members.get(MANIFEST)
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
    wanted = {*backup.files, MANIFEST}
    if members.keys() != wanted or any(members[name].size != size for name, (size, _) in backup.files.items()):
        raise BackupError(f"{file}: does not hold what its manifest says; take another backup")
    if backup.kind not in DATABASES or DATABASES[backup.kind] not in backup.files:
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
        beside = backup.files[DATABASES[backup.kind]][0]
        if database.parent.stat().st_dev == data.stat().st_dev:
            size, beside = size + beside, 0
    check_room(data, size, "make room, or give BAOTINH_DATA on another disk")
    if database is not None and beside:
        check_room(database.parent, beside, "make room, or give a database on another disk in BAOTINH_DATABASE_URL")


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
        sync_folder(target.parent)


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
    source = Hashing(opened, lambda done: tell(member.name, done))
    with path.open("xb") as out:
        while data := source.read(CHUNK):
            out.write(data)
        out.flush()
        os.fsync(out.fileno())
    if (path.stat().st_size, source.digest.hexdigest()) != wanted:
        raise BackupError(f"{file}: {member.name} is damaged; nothing was restored: take another backup")
