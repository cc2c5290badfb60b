"""Engine, sessions and migrations of the archive's database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from archive.settings import Settings

BUSY_SECONDS = 30
"""How long a writer waits for another on SQLite; our transactions take milliseconds."""

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_READING = "archive_reading"

Sessions = sessionmaker[Session]
"""Makes sessions: ``with sessions.begin() as session`` is one writing transaction."""


class ArchiveError(Exception):
    """Something is wrong with the archive; the message is for the operator and says what to do."""


class ArchiveMissing(ArchiveError):
    """There is no archive at this database URL yet."""


class ArchiveOutdated(ArchiveError):
    """The archive was made by an older program and has to be upgraded."""


class ArchiveNewer(ArchiveError):
    """The archive was upgraded by a newer program than this one."""


def open_engine(settings: Settings) -> Engine:
    """An engine for the database of `settings`. Opens no connection yet."""
    engine = create_engine(settings.database_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling leaves DDL and SELECT outside; we send BEGIN ourselves.
    connection.isolation_level = None
    connection.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once ("database is locked") when another
    # wrote in between, whatever the timeout: so writers take the lock at their beginning.
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("begin" if reading else "begin immediate")


def session_factory(engine: Engine) -> Sessions:
    """Sessions on `engine`; their rows stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session that only reads one unchanging state, and on SQLite holds no writer up."""
    with sessions() as session:
        session.connection(execution_options={_READING: True})
        yield session


def _config() -> Config:
    # Not read from pyproject.toml, which is there for the alembic command: an installed copy has none.
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`, creating its tables if it is empty; all or nothing.

    Raises ArchiveNewer if the database is ahead of this program, ArchiveError if it is no database.
    """
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision`; ``base`` removes every table with what is in it."""
    _run(engine, command.downgrade, revision)


def _run(engine: Engine, step: Any, revision: str) -> None:
    config = _config()
    with _readable(engine), engine.begin() as connection:
        _refuse_newer(engine, connection, config)
        config.attributes["connection"] = connection
        step(config, revision)


def check_version(engine: Engine) -> None:
    """Refuse a database that this program cannot work with.

    Raises ArchiveMissing, ArchiveOutdated, ArchiveNewer, or ArchiveError if it is no database at all.
    """
    config = _config()
    path = engine.url.database or ""
    # Connecting would leave an empty file behind.
    if engine.dialect.name == "sqlite" and not Path(path).exists():
        raise ArchiveMissing(f"{_shown(engine)}: there is no archive yet; run `baotinh db upgrade`")
    with _readable(engine), engine.connect().execution_options(**{_READING: True}) as connection:
        heads = _refuse_newer(engine, connection, config)
    if not heads:
        raise ArchiveMissing(f"{_shown(engine)}: there is no archive yet; run `baotinh db upgrade`")
    if heads != set(ScriptDirectory.from_config(config).get_heads()):
        raise ArchiveOutdated(
            f"{_shown(engine)}: the archive is at version {', '.join(sorted(heads))}, older than this "
            "program; run `baotinh db upgrade`"
        )


def _refuse_newer(engine: Engine, connection: Connection, config: Config) -> set[str]:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    heads = set(MigrationContext.configure(connection).get_current_heads())
    if heads - known:
        raise ArchiveNewer(
            f"{_shown(engine)}: the archive is at version {', '.join(sorted(heads - known))}, "
            "newer than this program; upgrade the program"
        )
    return heads


@contextmanager
def _readable(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise ArchiveError(
            f"{_shown(engine)}: cannot be used as an archive ({error.orig}); "
            "check BAOTINH_DATA and BAOTINH_DATABASE_URL"
        ) from error


def _shown(engine: Engine) -> str:
    return make_url(engine.url).render_as_string(hide_password=True)
