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
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from archive.models import Base, Site

BUSY_SECONDS = 30
"""How long a writer waits for another on SQLite; our transactions take milliseconds."""

CACHE_MIB, LOG_MIB = 32, 32
"""Memory for pages of SQLite, and its log before it is written back. What text groups ask for lies all over their
tables: with SQLite's own 2 and 4 MB most pages are read, and written back, once for every text."""

CONNECT_SECONDS = 10
"""How long PostgreSQL may take to answer: a server that is up answers at once, and libpq waits for ever."""

SITE_LOCKS = 0x62740001
UPGRADE_LOCK = 0x62740000
GROUPS_LOCK = 0x62740002
SCHEDULER_LOCK = 0x62740003
"""Our names among PostgreSQL's advisory locks ("bt" and a number); for a site its key is the second part."""

_FULL = "the database's disk is full; make room on it: nothing that was kept is lost"
_BUSY = f"another process has been writing for {BUSY_SECONDS} seconds; wait until it ends"
_GONE = (
    "check that the server runs and that BAOTINH_DATABASE_URL names it, its user and a database there "
    "(`createdb NAME` makes one)"
)
_DAMAGED = "the file is damaged or no database: restore a backup (docs/databases.md), or check BAOTINH_DATABASE_URL"
_ADVICE: dict[str | int, str] = {
    "25006": "this database can only be read, as a copy of another server is; name the server that is written to",
    "42501": "make the archive's user the owner of the database: alter database NAME owner to USER",
    "53100": _FULL,
    "53300": "the server takes no more connections; crawl fewer sites --at-once or raise its max_connections",
    "55P03": _BUSY,
    "57P03": "the server is starting or stopping; wait until it is up, or check that the server runs",
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_CANTOPEN: "check that the file and its folder may be written to by this user",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "the disk is full or failing; make room on it or mend it: nothing that was kept is lost",
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: "check that the file and its folder may be written to by this user",
}
"""What an operator can do, by SQLSTATE (PostgreSQL, appendix A) or SQLite's primary result code."""

_CUT_OFF = ("08", "57P")
"""Beginnings of the SQLSTATEs of a connection that broke or was ended: connection exceptions, a server that stops."""

_LIMIT_EXCEEDED = "54"
"""Class of SQLSTATE (PostgreSQL, appendix A): a value or statement is too large, as one that an index cannot take."""

_PASSING = ("40001", "40P01")
"""SQLSTATE serialization_failure and deadlock_detected (PostgreSQL, appendix A)."""

_AWAY: tuple[str | int, ...] = (*_CUT_OFF, "53300", "55P03", sqlite3.SQLITE_BUSY)
"""Beginnings of the SQLSTATEs, and SQLite's primary codes, that time alone may mend: connections, restarts, locks."""

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_BEGIN = "archive_begin"
"""Execution option: how a transaction begins on SQLite; empty for none."""

Sessions = sessionmaker[Session]
"""Makes sessions: ``with sessions.begin() as session`` is one writing transaction."""


class ArchiveError(Exception):
    """Something is wrong with the archive; the message is for the operator and says what to do."""


class DatabaseFailed(ArchiveError):
    """The database itself fails, whatever is asked of it: it is gone, full, locked or closed to this user."""


class DatabaseAway(DatabaseFailed):
    """The database cannot be reached, or another process holds it: likely for a while only."""


class SiteTaken(DatabaseFailed):
    """Another machine crawls the site into the same archive; nothing more may be written of it from here."""


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
        # Said, since a server, a database and a user may each have another default.
        options["isolation_level"] = "READ COMMITTED"
        given = make_url(url).query
        ours = {"connect_timeout": CONNECT_SECONDS, "application_name": "baotinh", "client_encoding": "utf8"}
        options["connect_args"] = {name: value for name, value in ours.items() if name not in given}
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise ArchiveError(
            f"{shown(make_url(url))}: PostgreSQL's driver is not installed; run pip install 'baotinh[postgresql]'"
        ) from error
    event.listen(engine, "handle_error", _explain, retval=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling leaves DDL and SELECT outside; we send BEGIN ourselves.
    connection.isolation_level = None
    connection.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    connection.execute(f"pragma cache_size = -{CACHE_MIB * 1024}")
    connection.execute(f"pragma wal_autocheckpoint = {LOG_MIB * 256}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once ("database is locked") when another
    # wrote in between, whatever the timeout: so writers take the lock at their beginning.
    begin = connection.get_execution_options().get(_BEGIN, "begin immediate")
    if begin:
        connection.exec_driver_sql(begin)


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    # The driver reads dates in this style only; and who waits is told so, as on SQLite.
    connection.execute(f"set datestyle = iso; set lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


def _explain(context: ExceptionContext) -> ArchiveError | None:
    """Turn what the driver raises when the database itself fails into a message that says what to do."""
    error = context.sqlalchemy_exception
    # A value that is refused is the program's fault, or that of the one page it came from.
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DataError):
        return None
    if context.is_pre_ping or context.engine is None:
        return None
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    # One value is too large; or it failed only because of another transaction, and may well go through alone.
    if sqlstate.startswith(_LIMIT_EXCEEDED) or sqlstate in _PASSING:
        return None
    words = " ".join(str(error.orig).split())
    kind = DatabaseAway if _is_away(error.orig) else DatabaseFailed
    return kind(f"{shown(context.engine.url)}: {words}; {_advice(error.orig)}")


def _code(error: BaseException | None) -> str | int | None:
    if isinstance(error, sqlite3.Error):
        # The low byte is the primary code (SQLite, "Result and Error Codes").
        return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    return getattr(error, "sqlstate", None)


def _is_away(error: BaseException | None) -> bool:
    code = _code(error)
    if isinstance(code, str):
        return code.startswith(tuple(one for one in _AWAY if isinstance(one, str)))
    # Of a server that could not be reached, or stopped answering, there is no code.
    return code is None or code in _AWAY


def _advice(error: BaseException | None) -> str:
    code = _code(error)
    if isinstance(error, sqlite3.Error):
        return _ADVICE.get(code or 0, "check BAOTINH_DATA and BAOTINH_DATABASE_URL")
    if code is None or (code not in _ADVICE and str(code).startswith(_CUT_OFF)):
        return _GONE
    return _ADVICE.get(code, "docs/databases.md tells how the database is set up; if it is, please report this")


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


def hold_sites(session: Session) -> None:
    """Keep every other writer of any site waiting until this transaction ends, as `writing` does for one site.

    To be asked for before `alone_with_groups`, as every writer of a site does: in the other order they would wait for
    each other.
    """
    if _dialect(session) != "sqlite":
        session.execute(select(Site.id).order_by(Site.id).with_for_update(key_share=True))


def alone_with_groups(session: Session) -> None:
    """Wait until no other transaction changes text groups, and keep others from it until this one ends.

    On SQLite every writer is alone anyhow.
    """
    if _dialect(session) != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(GROUPS_LOCK)))


@contextmanager
def outside_transactions(engine: Engine) -> Iterator[Connection]:
    """A connection on which every statement stands for itself, for those that no transaction may hold."""
    options = {_BEGIN: "", "isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


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


class Claim:
    """A claim on something of the archive that one process has at a time, as long as it is open.

    Lock files keep the processes of one machine apart; machines that share a PostgreSQL archive are kept apart by
    this. On SQLite, which is of one machine, it does nothing. `name` and `key` are those of an advisory lock; `taken`
    is what SiteTaken or another `error` says if somebody has it already.
    """

    def __init__(self, engine: Engine, name: int, key: int, taken: str, error: type[ArchiveError]) -> None:
        self._engine, self._name, self._key = engine, name, key
        self._taken, self._error = taken, error
        self._connection: Connection | None = None
        self.renew()

    def renew(self) -> None:
        """Claim it again if the server has ended our session, and the claim with it. Raises as above."""
        if self._engine.dialect.name == "sqlite":
            return
        if self._connection is not None:
            try:
                self._connection.scalar(select(1))
            except DatabaseAway:
                self.close()
            else:
                return
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # The lock lives as long as the server's session, so this one must not go back to the pool.
        connection.detach()
        if not connection.scalar(select(func.pg_try_advisory_lock(self._name, self._key))):
            connection.close()
            raise self._error(self._taken)
        self._connection = connection

    def close(self) -> None:
        """Give it free."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class SiteLock(Claim):
    """The claim of a crawl on its site. Raises SiteTaken if the site is claimed already."""

    def __init__(self, engine: Engine, site_id: int, site: str) -> None:
        taken = f"{site}: another machine is crawling this site into the same archive; wait until it ends"
        super().__init__(engine, SITE_LOCKS, site_id, taken, SiteTaken)


def _reading_options(dialect: str) -> dict[str, Any]:
    if dialect == "sqlite":
        return {_BEGIN: "begin"}
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
    with engine.begin() as connection:
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
        raise ArchiveMissing(f"{shown(engine.url)}: there is no archive yet; run `baotinh db upgrade`")
    if version != newest_version():
        raise ArchiveOutdated(
            f"{shown(engine.url)}: the archive is at version {version}, older than this program; "
            "run `baotinh db upgrade`"
        )


def newest_version() -> str:
    """The version of an archive that this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there are migrations"
    return head


def knows_version(version: str) -> bool:
    """Whether this program can upgrade an archive of `version`, or works with it."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def version_of(engine: Engine) -> str | None:
    """The version of the archive at `engine`, None if there is none yet.

    Raises ArchiveNewer, or ArchiveError if it is no database at all.
    """
    # Connecting would leave an empty file behind.
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        return None
    options = _reading_options(engine.dialect.name)
    with engine.connect().execution_options(**options) as connection:
        return _refuse_newer(engine, connection, _config())


def _refuse_newer(engine: Engine, connection: Connection, config: Config) -> str | None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = MigrationContext.configure(connection).get_current_revision()
    if version is not None and version not in known:
        raise ArchiveNewer(
            f"{shown(engine.url)}: the archive is at version {version}, newer than this program; upgrade the program"
        )
    return version


def _refuse_other_encodings(engine: Engine, connection: Connection) -> None:
    encoding = connection.exec_driver_sql("show server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ArchiveError(
            f"{shown(engine.url)}: the database is encoded in {encoding}, which cannot hold every letter; "
            f"make another: createdb --encoding=UTF8 --template=template0 NAME"
        )


def shown(url: URL) -> str:
    """A database's URL as messages show it: as an operator writes it, without its password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
