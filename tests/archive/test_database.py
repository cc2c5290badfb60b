"""Instants, keys and migrations: what the schema itself holds."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from archive.clock import VIETNAM
from archive.database import (
    ArchiveError,
    ArchiveMissing,
    ArchiveNewer,
    ArchiveOutdated,
    Sessions,
    check_version,
    downgrade,
    open_engine,
    reading,
    upgrade,
)
from archive.models import Extraction, Url
from archive.models import Site as SiteRow
from archive.settings import Settings
from tests.archive.helpers import START, Site, page

ROOT = Path(__file__).parents[2]


def test_an_instant_comes_back_in_vietnamese_time(sessions: Sessions) -> None:
    given = datetime(2021, 12, 31, 18, 30, 0, 5, tzinfo=UTC)
    with sessions.begin() as session:
        session.add(SiteRow(name="x", title="X", family="f", created_at=given))
    with reading(sessions) as session:
        back = session.scalars(select(SiteRow.created_at)).one()
        stored = session.execute(text("select created_at from site")).scalar_one()
    assert back == given
    assert back.tzinfo is VIETNAM
    assert str(stored).startswith("2021-12-31 18:30:00")


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
        " layout, declared_charset, used_charset, flags, origins, content_hash, created_at from extraction",
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


def test_models_and_migrations_agree(engine: Engine) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_upgrade_works_from_any_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    upgrade(open_engine(settings))
    check_version(open_engine(settings))
    assert capfd.readouterr() == ("", "")


def test_a_missing_archive(settings: Settings) -> None:
    engine = open_engine(settings)
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


def test_an_older_archive(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.script import ScriptDirectory

    monkeypatch.setattr(ScriptDirectory, "get_heads", lambda self: ["0002"])
    with pytest.raises(ArchiveOutdated, match="run `baotinh db upgrade`"):
        check_version(engine)


def test_a_file_that_is_no_database(settings: Settings) -> None:
    (settings.data / "baotinh.sqlite3").write_bytes(b"no database at all, but long enough to look at" * 50)
    with pytest.raises(ArchiveError, match="file is not a database"):
        check_version(open_engine(settings))


def test_a_broken_upgrade_leaves_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def fail(self: Operations, name: str, *rest: object, **options: object) -> None:
        if name == "revision":
            raise RuntimeError("the power went")
        create(self, name, *rest, **options)

    create: Callable[..., object] = Operations.create_table  # type: ignore[attr-defined]
    engine = open_engine(settings)
    monkeypatch.setattr(Operations, "create_table", fail)
    with pytest.raises(RuntimeError):
        upgrade(engine)
    assert inspect(engine).get_table_names() == []


def test_sqlite_is_set_up_for_durability(settings: Settings) -> None:
    with open_engine(settings).connect() as connection:
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
            with sessions.begin() as session:
                row = session.scalars(select(Url).where(Url.url == "u")).one()
                row.failures += 1

    threads = [threading.Thread(target=count, args=(20,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(sessions) as session:
        assert session.scalars(select(Url.failures)).one() == 80
