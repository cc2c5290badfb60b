"""Copies of an archive's database: into another database, or aside before it is changed."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, select
from sqlalchemy.orm import Session

from archive.clock import Clock
from archive.database import (
    ArchiveError,
    check_version,
    outside_transactions,
    reading,
    session_factory,
    shown,
    upgrade,
    version_of,
)
from archive.digest import TableDigest, exact_digest, row_sum
from archive.models import Base

_BATCH = 500
"""Rows read and written at a time."""


def copy_archive(
    source: Engine, target: Engine, tell: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, TableDigest]:
    """Copy a whole archive into a new or empty database and give the digest that both have.

    The copy is one transaction: cut short, it leaves nothing, and it is done only once every table has
    been read back and is equal. `tell` hears of the rows done. The captures are files and stay where
    they are. Raises ArchiveError if the source is no archive of this version, if the target already
    holds one, or if the two differ.
    """
    check_version(source)
    if version_of(target) is None:
        upgrade(target)
    check_version(target)
    with reading(session_factory(source)) as given, target.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if connection.scalar(select(table.c[0]).limit(1)) is not None:
                raise ArchiveError(
                    f"{target.url.render_as_string()}: holds an archive already (its table {table.name} has rows); "
                    "give a database that is new or empty"
                )
        wanted = {table.name: _copy_table(given, connection, table, tell) for table in Base.metadata.sorted_tables}
        with Session(connection) as copied:
            found = exact_digest(copied)
        for name, digest in wanted.items():
            if found[name] != digest:
                raise ArchiveError(
                    f"{target.url.render_as_string()}: table {name} was not copied whole ({found[name].rows} of "
                    f"{digest.rows} rows, or other values); nothing was kept there: please report this"
                )
    return found


def _copy_table(given: Session, connection: Connection, table: Table, tell: Callable[[str, int], None]) -> TableDigest:
    # In the order of their keys: a capture may refer to an earlier one.
    result = given.execute(select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH))

    def passing() -> Iterator[Row[Any]]:
        for rows in result.partitions():
            connection.execute(table.insert(), [dict(row._mapping) for row in rows])
            tell(table.name, len(rows))
            yield from rows

    digest = row_sum(passing())
    if connection.dialect.name == "postgresql" and "id" in table.c:
        # The keys came with the rows, so the sequence that gives new ones has not moved.
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, func.max(table.c.id))))
    return digest


def back_up(engine: Engine, folder: Path, clock: Clock) -> Path:
    """Write the database as it is into a file of its own in `folder`, and give that file's path.

    SQLite gives a database file, to be put in place of the other; PostgreSQL a file for `pg_restore`.
    Raises ArchiveError if it cannot be made; then there is no such file.
    """
    ending = "sqlite3" if engine.dialect.name == "sqlite" else "dump"
    file = folder / f"baotinh-{version_of(engine)}-{clock.now():%Y%m%dT%H%M%S}.{ending}"
    partial = file.with_name(f".partial-{file.name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        write_database(engine, partial, _INSTEAD)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(file)
    except OSError as error:
        raise ArchiveError(f"{file}: the backup cannot be written ({error.strerror}); {_INSTEAD}") from error
    finally:
        partial.unlink(missing_ok=True)
    return file


_INSTEAD = "make room, or make a backup in your own way and run `baotinh db upgrade --no-backup`"

_PROGRAMS = "install PostgreSQL's client programs (Debian: apt-get install postgresql-client)"


def write_database(engine: Engine, file: Path, advice: str, snapshot: str | None = None) -> None:
    """Write the database as it is into `file`, which must not be there: SQLite as such, PostgreSQL for `pg_restore`.

    `advice` is what messages say can be done; `snapshot` is the state of PostgreSQL that an open transaction
    exported (None: the present one). Raises ArchiveError or OSError.
    """
    if engine.dialect.name == "sqlite":
        _vacuum_into(engine, file, advice)
    else:
        chosen = (f"--snapshot={snapshot}",) if snapshot else ()
        _client(engine, ("pg_dump", "--format=custom", "--file", file, *chosen, "--dbname"), f"{file}: {advice}")


def read_database(engine: Engine, file: Path) -> None:
    """Read what `write_database` made of a PostgreSQL database into an empty one; all or nothing.

    Raises ArchiveError.
    """
    options = ("--no-owner", "--no-privileges", "--single-transaction")
    target = shown(engine.url)
    _client(engine, ("pg_restore", *options, "--dbname"), f"{target}: nothing was kept there; mend that", file)


def _vacuum_into(engine: Engine, file: Path, advice: str) -> None:
    database = Path(engine.url.database or "")
    size = sum(part.stat().st_size for part in database.parent.glob(f"{database.name}*") if part.is_file())
    free = shutil.disk_usage(file.parent).free
    if free < size:
        raise ArchiveError(f"{file}: the backup needs {size} bytes and {free} are free; {advice}")
    with outside_transactions(engine) as connection:
        connection.exec_driver_sql("vacuum into ?", (str(file),))


def _client(engine: Engine, command: Sequence[str | Path], advice: str, *more: Path) -> None:
    """Run one of PostgreSQL's programs; `command` ends with the option that takes the database."""
    url = engine.url.set(drivername="postgresql", password=None)
    environment = dict(os.environ)
    if engine.url.password is not None:
        # Not on the command line, which every user of the machine may read.
        environment["PGPASSWORD"] = str(engine.url.password)
    line = (*command, url.render_as_string(), *more)
    try:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ArchiveError(f"this needs {command[0]}, which is not installed; {_PROGRAMS}; {advice}") from error
    if done.returncode:
        raise ArchiveError(f"{command[0]} failed: {done.stderr.strip()}; {advice}")
