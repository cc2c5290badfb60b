"""Instants, keys and migrations: what the schema itself holds."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, StatementError

from archive.clock import VIETNAM
from archive.database import (
    ArchiveError,
    ArchiveMissing,
    ArchiveNewer,
    ArchiveOutdated,
    DatabaseAway,
    DatabaseFailed,
    Sessions,
    SiteLock,
    SiteTaken,
    check_version,
    downgrade,
    open_engine,
    reading,
    session_factory,
    upgrade,
    writing,
)
from archive.ledger import Ledger
from archive.models import Extraction, StoredText, Url
from archive.models import Site as SiteRow
from archive.records import records
from archive.settings import Settings, database_url
from archive.sites import SiteRecord, register_site
from archive.store import Store
from tests.archive.helpers import START, HandClock, Site, page
from tests.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]


def test_an_instant_comes_back_in_vietnamese_time(sessions: Sessions) -> None:
    given = datetime(2021, 12, 31, 18, 30, 0, 5, tzinfo=UTC)
    with sessions.begin() as session:
        session.add(SiteRow(name="x", title="X", family="f", created_at=given))
    with reading(sessions) as session:
        back = session.scalars(select(SiteRow.created_at)).one()
        stored = session.execute(text("select created_at from site")).scalar_one()
        on_sqlite = session.get_bind().dialect.name == "sqlite"
    assert back == given
    assert back.tzinfo is VIETNAM
    assert stored == ("2021-12-31 18:30:00.000005" if on_sqlite else given)


def test_a_naive_instant_is_refused(sessions: Sessions) -> None:
    with pytest.raises(StatementError, match="naive datetime"), sessions.begin() as session:
        session.add(SiteRow(name="x", title="X", family="f", created_at=datetime(2022, 1, 1)))


@pytest.mark.parametrize(
    "statement",
    [
        "update url set state = 'lost'",
        "update url set kind = 'page'",
        "update url set listed_precision = 'minute'",
        "update url set site_id = 999",
        "update extraction set outcome = 'rejected'",
        "update extraction set article_id = null",
        "update extraction set published_precision = 'hour'",
        "update text set text_id = 'short'",
        "update capture set length = 0",
        "insert into extraction select id + 1, capture_id, extractor_version || 'x', outcome, article_id,"
        " is_current, reason, detail, text_id, url, title, kinds, published_instant, published_precision,"
        " published_raw, published_source, modified_instant, modified_precision, modified_raw,"
        " modified_source, author, affiliation, source_credit, section, tags, language, attachments,"
        " layout, declared_charset, used_charset, flags, origins, content_hash, created_at, kind from extraction",
        "update extraction set kind = 'page'",
        "insert into exclusion (site_id, article_key, url, reason, excluded_at)"
        " values (999, '1', 'https://a.vn/1', 'asked', '2022-01-01')",
    ],
)
def test_the_schema_refuses(site: Site, sessions: Sessions, statement: str) -> None:
    site.save(page())
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.execute(text(statement))


def test_migrations_run_up_down_and_up(engine: Engine) -> None:
    tables = set(inspect(engine).get_table_names())
    assert {"url", "capture", "extraction", "revision"} < tables
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    upgrade(engine)
    assert set(inspect(engine).get_table_names()) == tables
    check_version(engine)


def test_what_an_older_version_kept_goes_up_and_down(engine: Engine, sessions: Sessions, site: Site) -> None:
    site.save(page())
    excluded, kinds = text("update url set state = 'excluded'"), text("select kind from extraction")
    downgrade(engine, "0002")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(excluded)
    upgrade(engine)
    with engine.begin() as connection:
        assert connection.execute(kinds).scalars().all() == ["article"]
        connection.execute(excluded)
    downgrade(engine, "0002")
    with engine.begin() as connection:
        assert connection.execute(text("select state from url")).scalars().all() == ["forbidden"]


def test_models_and_migrations_agree(engine: Engine) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_upgrade_works_from_any_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    upgrade(open_engine(settings.database_url))
    check_version(open_engine(settings.database_url))
    assert capfd.readouterr() == ("", "")


def test_a_missing_archive(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    with pytest.raises(ArchiveMissing, match="run `baotinh db upgrade`"):
        check_version(engine)
    assert list(settings.data.iterdir()) == []
    engine.connect().close()
    with pytest.raises(ArchiveMissing):
        check_version(engine)


def test_a_newer_archive(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    for step in (check_version, upgrade):
        with pytest.raises(ArchiveNewer, match="9999, newer than this program; upgrade the program"):
            step(engine)


def test_an_older_archive(engine: Engine) -> None:
    downgrade(engine, "0001")
    with pytest.raises(ArchiveOutdated, match="0001, older than this program; run `baotinh db upgrade`"):
        check_version(engine)
    upgrade(engine)
    check_version(engine)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(
        ArchiveError, match="file is not a database; the file is damaged or no database: restore a backup"
    ):
        check_version(open_engine(f"sqlite:///{tmp_path}/x.sqlite3"))


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    engine = open_engine(f"postgresql+psycopg://user:secret@/archive?host={tmp_path}")
    for step in (check_version, upgrade):
        with pytest.raises(ArchiveError, match="check that the server runs") as refusal:
            step(engine)
        assert str(tmp_path) in str(refusal.value)
        assert "secret" not in str(refusal.value)


def test_a_connection_that_the_server_ends_says_what_to_look_at(postgresql: PostgreSQL) -> None:
    engine = open_engine(database_url(postgresql.new_database()))
    with engine.connect() as connection:
        pid = connection.scalar(select(func.pg_backend_pid()))
        postgresql.execute(f"select pg_terminate_backend({pid})")
        with pytest.raises(DatabaseAway, match=r"terminating connection.*; check that the server runs"):
            connection.scalar(select(1))
    engine.dispose()


def test_a_database_that_does_not_exist(postgresql: PostgreSQL) -> None:
    with pytest.raises(ArchiveError, match=r'"nowhere" does not exist.*`createdb NAME` makes one'):
        check_version(open_engine(postgresql.url("nowhere")))


def test_a_database_that_cannot_hold_vietnamese(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database(encoding="LATIN1", locale_provider="libc", lc_collate="C", lc_ctype="C")
    with pytest.raises(ArchiveError, match=r"encoded in LATIN1.*createdb --encoding=UTF8"):
        upgrade(open_engine(url))


@pytest.mark.parametrize(
    "default",
    [
        "default_transaction_isolation = 'serializable'",
        "datestyle = 'German, DMY'",
        "timezone = 'America/St_Johns'",
        "client_encoding = 'LATIN1'",
    ],
)
def test_a_server_may_have_other_defaults(postgresql: PostgreSQL, clock: HandClock, default: str) -> None:
    url = postgresql.new_database()
    postgresql.execute(f"alter database {make_url(url).database} set {default}")
    engine = open_engine(url)
    upgrade(engine)
    sessions = session_factory(engine)
    with sessions.begin() as session:
        site_id = register_site(session, SiteRecord("x", "Đê", "f", (), "ha-nam"), clock)
    site = Site("x", site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)
    site.save(page("1", "Đê đã vỡ."))

    def add(times: int) -> None:
        for _ in range(times):
            site.ledger.failed("https://x.vn/bai", "HTTP 500", soft=True)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(add, (8, 8, 8)))
    with reading(sessions) as session:
        assert session.scalar(select(Url.failures).where(Url.url == "https://x.vn/bai")) == 12
        [record] = records(session)
    assert (record.site_title, record.text()) == ("Đê", "Đê đã vỡ.")
    assert record.published == page("1").published
    engine.dispose()


def test_a_user_who_may_not_create_tables(postgresql: PostgreSQL) -> None:
    url = make_url(postgresql.new_database())
    postgresql.execute("drop role if exists visitor")
    postgresql.execute("create role visitor login")
    with pytest.raises(DatabaseFailed, match=r"permission denied.*make the archive's user the owner"):
        upgrade(open_engine(url.set(username="visitor").render_as_string(False)))


def test_a_writer_that_never_ends_says_so(
    site: Site, engine: Engine, sessions: Sessions, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.database.BUSY_SECONDS", 1)
    other = session_factory(open_engine(settings.database_url))
    with writing(sessions, site.id) as session:
        session.scalars(select(Url)).all()
        message = "another process has been writing for 30 seconds; wait until it ends"
        with pytest.raises(DatabaseFailed, match=message), writing(other, site.id) as second:
            second.scalars(select(Url)).all()
    with writing(other, site.id) as session:
        session.scalars(select(Url)).all()


def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ArchiveError, match=r"pip install 'baotinh\[postgresql\]'"):
        open_engine("postgresql+psycopg://user:secret@localhost/archive")


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t (x)")
        connection.exec_driver_sql("pragma max_page_count = 3")
        with pytest.raises(DatabaseFailed, match="the database's disk is full; make room on it"):
            connection.execute(text("insert into t values (zeroblob(100000))"))


def test_a_full_disk_of_the_server_says_so(postgresql: PostgreSQL) -> None:
    full = "do $$ begin raise exception using errcode = 'disk_full', message = 'could not extend file'; end $$"
    engine = open_engine(postgresql.new_database())
    with (
        pytest.raises(DatabaseFailed, match=r"extend file.*the database's disk is full; make room on it"),
        engine.begin() as connection,
    ):
        connection.exec_driver_sql(full)


def test_one_crawl_of_a_site_at_a_time_on_a_shared_archive(make_site: Callable[..., Site], engine: Engine) -> None:
    first, second = make_site(), make_site("hong_linh", "ha-tinh")
    held = SiteLock(engine, first.id, first.name)
    other = SiteLock(engine, second.id, second.name)
    if engine.dialect.name == "sqlite":
        SiteLock(engine, first.id, first.name).close()  # one machine: the lock beside the captures does
        return
    held.renew()
    with pytest.raises(SiteTaken, match="bao_quang_ninh: another machine is crawling this site"):
        SiteLock(engine, first.id, first.name)
    held.close()
    again = SiteLock(engine, first.id, first.name)
    with pytest.raises(SiteTaken):
        held.renew()
    again.close()
    # The server ends the session, as when it is restarted: the claim is gone with it, and is made again.
    held.renew()
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = %s", (first.id,)
        )
    held.renew()
    with pytest.raises(SiteTaken):
        SiteLock(engine, first.id, first.name)
    held.close()
    other.close()


def test_a_broken_upgrade_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def fail(self: Operations, name: str, *rest: object, **options: object) -> None:
        if name == "revision":
            raise RuntimeError("the power went")
        create(self, name, *rest, **options)

    create: Callable[..., object] = Operations.create_table
    engine = open_engine(settings.database_url)
    monkeypatch.setattr(Operations, "create_table", fail)
    with pytest.raises(RuntimeError):
        upgrade(engine)
    assert inspect(engine).get_table_names() == []


def test_sqlite_is_set_up_for_durability(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path}/x.sqlite3").connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"pragma {name}").scalar_one() for name in pragmas]
    assert values == ["wal", 2, 1, 30000]


def test_a_reader_holds_no_writer_up(site: Site, sessions: Sessions) -> None:
    site.save(page("1"))
    with reading(sessions) as session:
        before = session.scalars(select(Extraction.id)).all()
        site.save(page("2"))
        assert session.scalars(select(Extraction.id)).all() == before
    with reading(sessions) as session:
        assert len(session.scalars(select(Extraction.id)).all()) == 2


def test_writers_that_read_first_do_not_lose_to_each_other(site: Site, sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.add(Url(site_id=site.id, url="u", kind="feed", first_seen_at=START, sections=[]))

    def count(times: int) -> None:
        for _ in range(times):
            with writing(sessions, site.id) as session:
                row = session.scalars(select(Url).where(Url.url == "u")).one()
                row.failures += 1

    threads = [threading.Thread(target=count, args=(20,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(sessions) as session:
        assert session.scalars(select(Url.failures)).one() == 80


def test_two_sites_that_store_the_same_words_at_once_share_the_text(
    make_site: Callable[..., Site], sessions: Sessions
) -> None:
    sites = [make_site(), make_site("hong_linh", "ha-tinh"), make_site("bao_thai_nguyen", "thai-nguyen")]
    start = threading.Barrier(len(sites))

    def store(site: Site) -> None:
        for number in range(20):
            start.wait(30)
            site.save(page(str(number), f"Bản tin chung số {number}."))

    with ThreadPoolExecutor(len(sites)) as threads:
        list(threads.map(store, sites))
    with reading(sessions) as session:
        assert session.scalar(select(func.count(StoredText.id))) == 20
        assert session.scalar(select(func.count(Extraction.text_id))) == 60


def test_a_drifting_site_goes_up_and_down(engine: Engine, site: Site) -> None:
    """Version 0007 lets a site drift; an older program calls it broken."""
    with engine.begin() as connection:
        run = "insert into run (id, site_id, started_at, heartbeat_at, pid, outcome, counts, arguments) values "
        now = "'2026-03-02 01:00:00+00:00'"
        connection.execute(text(f"{run} (1, (select min(id) from site), {now}, {now}, 1, 'running', '{{}}', '{{}}')"))
        verdict = "insert into verdict (run_id, site_id, judged_at, health, cause, fields, words) values "
        row = f"(1, (select min(id) from site), {now}, 'drifting', 'layout', '[]', '')"
        connection.execute(text(f"{verdict} {row}"))
    downgrade(engine, "0006")
    health = text("select health from verdict")
    drifting = text("update verdict set health = 'drifting'")
    with engine.begin() as connection:
        assert connection.execute(health).scalars().all() == ["broken"]
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(drifting)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(drifting)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("update verdict set health = 'drifted'"))
