"""Engine, sessions and migrations of the archive's database: SQLite, or PostgreSQL by another URL."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from archive.models import Base, Site

BUSY_SECONDS = 30
"""How long a writer waits for another on SQLite; our transactions take milliseconds."""

CONNECT_SECONDS = 10
"""How long PostgreSQL may take to answer: a server that is up answers at once, and libpq waits for ever."""

SITE_LOCKS = 0x62740001
UPGRADE_LOCK = 0x62740000
"""Our names among PostgreSQL's advisory locks ("bt" and a number); for a site its key is the second part."""

_DISK_FULL = "53100"
"""SQLSTATE disk_full (PostgreSQL, appendix A)."""

_PASSING = ("40001", "40P01")
"""SQLSTATE serialization_failure and deadlock_detected (PostgreSQL, appendix A)."""

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


def open_engine(url: str) -> Engine:
    """An engine for the database at `url` (see `archive.settings.database_url`). Opens no connection yet.

    Raises ArchiveError if PostgreSQL is asked for and its driver is not installed.
    """
    options: dict[str, Any] = {}
    if make_url(url).get_backend_name() == "postgresql":
        # A crawl lives for hours: a connection that the server dropped meanwhile is replaced, not used.
        options["pool_pre_ping"] = True
        given = make_url(url).query
        ours = {"connect_timeout": CONNECT_SECONDS, "application_name": "baotinh"}
        options["connect_args"] = {name: value for name, value in ours.items() if name not in given}
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise ArchiveError(
            f"{_shown(make_url(url))}: PostgreSQL's driver is not installed; run pip install 'baotinh[postgresql]'"
        ) from error
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
    """A session that only reads one unchanging state, and holds no writer up."""
    with sessions() as session:
        session.connection(execution_options=_reading_options(_dialect(session)))
        yield session


@contextmanager
def writing(sessions: Sessions, site_id: int) -> Iterator[Session]:
    """A transaction that writes what belongs to one site; another of the same site waits until it ends.

    On SQLite there is one writer at a time anyhow. On PostgreSQL the site's row is locked, so that what
    was read first is still true when it is written, and crawls of other sites go on.
    """
    with sessions.begin() as session:
        if _dialect(session) != "sqlite":
            session.execute(select(Site.id).where(Site.id == site_id).with_for_update(key_share=True))
        yield session


def insert_if_new(session: Session, model: type[Base], row: dict[str, Any]) -> int | None:
    """Insert `row` unless one of its unique keys is taken; waits for who is taking one at this moment.

    Gives the key of the new row. Where it gives None, look for the row: what took the key may be another.
    """
    made: int | None = session.connection().execute(_inserting(_dialect(session), model, "id"), row).scalar()
    return made


def insert_those_new(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert the `rows` whose unique keys are not taken."""
    if rows:
        session.connection().execute(_inserting(_dialect(session), model), rows)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


# Kept, since it takes longer to make a statement than to run it.
@cache
def _inserting(dialect: str, model: type[Base], returning: str | None = None) -> Any:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # No key is named. PostgreSQL excuses only the keys named here, and of two inserts of the same row at
    # the same moment the later one may meet the earlier in any of the table's keys.
    table = cast(Table, model.__table__)
    statement = insert(table).on_conflict_do_nothing()
    return statement.returning(table.c[returning]) if returning else statement


def lock_site(engine: Engine, site_id: int, site: str) -> Connection | None:
    """Claim a site for a crawl, as long as the connection given is open.

    The lock file beside the captures keeps two processes of one machine apart; machines that share a
    PostgreSQL archive are kept apart by this. None on SQLite, which is of one machine. Raises
    ArchiveError if the site is claimed already.
    """
    if engine.dialect.name == "sqlite":
        return None
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    # The lock lives as long as the server's session, so this one must not go back to the pool.
    connection.detach()
    if connection.scalar(select(func.pg_try_advisory_lock(SITE_LOCKS, site_id))):
        return connection
    connection.close()
    raise ArchiveError(f"{site}: another machine is crawling this site into the same archive; wait until it ends")


def _reading_options(dialect: str) -> dict[str, Any]:
    if dialect == "sqlite":
        return {_READING: True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


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
    with understandable(engine), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _refuse_other_encodings(engine, connection)
            connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        _refuse_newer(engine, connection, config)
        config.attributes["connection"] = connection
        step(config, revision)


def check_version(engine: Engine) -> None:
    """Refuse a database that this program cannot work with.

    Raises ArchiveMissing, ArchiveOutdated, ArchiveNewer, or ArchiveError if it is no database at all.
    """
    version = version_of(engine)
    if version is None:
        raise ArchiveMissing(f"{_shown(engine.url)}: there is no archive yet; run `baotinh db upgrade`")
    if version != newest_version():
        raise ArchiveOutdated(
            f"{_shown(engine.url)}: the archive is at version {version}, older than this program; "
            "run `baotinh db upgrade`"
        )


def newest_version() -> str:
    """The version of an archive that this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there are migrations"
    return head


def version_of(engine: Engine) -> str | None:
    """The version of the archive at `engine`, None if there is none yet.

    Raises ArchiveNewer, or ArchiveError if it is no database at all.
    """
    # Connecting would leave an empty file behind.
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return None
    options = _reading_options(engine.dialect.name)
    with understandable(engine), engine.connect().execution_options(**options) as connection:
        return _refuse_newer(engine, connection, _config())


def _refuse_newer(engine: Engine, connection: Connection, config: Config) -> str | None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = MigrationContext.configure(connection).get_current_revision()
    if version is not None and version not in known:
        raise ArchiveNewer(
            f"{_shown(engine.url)}: the archive is at version {version}, newer than this program; upgrade the program"
        )
    return version


def _refuse_other_encodings(engine: Engine, connection: Connection) -> None:
    encoding = connection.exec_driver_sql("show server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ArchiveError(
            f"{_shown(engine.url)}: the database is encoded in {encoding}, which cannot hold every letter; "
            f"make another: createdb --encoding=UTF8 --template=template0 NAME"
        )


@contextmanager
def understandable(engine: Engine) -> Iterator[None]:
    """Turn what the driver raises in the block into an ArchiveError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise ArchiveError(f"{_shown(engine.url)}: cannot be used as an archive: {explained(error)}") from error


def explained(error: DBAPIError) -> str:
    """What went wrong with the database, and what an operator can do about it, in one line."""
    words = " ".join(str(error.orig).split())
    if _is_disk_full(error.orig):
        return f"{words}: the database's disk is full; make room on it, then run again: nothing that was kept is lost"
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return (
            f"{words}: another process has been writing for {BUSY_SECONDS} seconds; wait until it ends, then run again"
        )
    if isinstance(error.orig, sqlite3.Error):
        return f"{words}; check BAOTINH_DATA and BAOTINH_DATABASE_URL"
    return (
        f"{words}; check that the server runs and that BAOTINH_DATABASE_URL names it, its user and a database "
        "there (`createdb NAME` makes one)"
    )


def is_passing(error: DBAPIError) -> bool:
    """Whether a transaction failed only because of another, so that it may well go through alone."""
    return getattr(error.orig, "sqlstate", None) in _PASSING


def _is_disk_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) == _DISK_FULL


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
