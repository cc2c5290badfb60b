"""Both databases as an operator meets them: the same crawl, the same archive; clear words when one fails."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archive.clock import Clock
from archive.database import SiteLock, downgrade, open_engine, session_factory
from archive.store import SiteRecord, register_site
from tests.conftest import Program, number_of_articles
from tests.postgresql import USER, PostgreSQL
from tests.sample_web.harness import SampleWeb

FAILED = 1
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def on_postgresql(tmp_path: Path, web: SampleWeb, postgresql: PostgreSQL) -> Program:
    made = Program(tmp_path / "postgresql" / "data", web, postgresql.new_database())
    made.run("db", "upgrade")
    return made


def digest(program: Program, *options: str) -> str:
    return program.run("db", "digest", *options).stdout


def test_the_same_crawl_gives_the_same_archive_on_both(program: Program, on_postgresql: Program) -> None:
    for one in (program, on_postgresql):
        one.crawl()
    assert digest(program) == digest(on_postgresql)
    articles = program.articles()
    views = [one.pop("views") for one in articles]
    assert len(articles) == number_of_articles()
    others = on_postgresql.articles()
    assert [one.pop("views") for one in others] != views, "the counters moved, and the digest does not tell"
    assert others == articles


def test_a_second_crawl_and_a_correction_on_postgresql(on_postgresql: Program, web: SampleWeb) -> None:
    on_postgresql.crawl("bao_thai_nguyen")
    before = digest(on_postgresql)
    assert "nothing new" in on_postgresql.crawl("bao_thai_nguyen").stdout
    assert digest(on_postgresql) == before
    web.control("baothainguyen.vn", edit="286012")
    [article] = [one for one in on_postgresql.articles() if one["article"].endswith("286012")]
    on_postgresql.run("fetch", article["url"], "--force")
    assert "revision 1" in on_postgresql.run("show", article["article"]).stdout
    assert digest(on_postgresql) != before


def test_an_archive_moves_to_postgresql_and_back(program: Program, postgresql: PostgreSQL, tmp_path: Path) -> None:
    program.crawl("hong_linh")
    here = f"sqlite:///{program.data}/baotinh.sqlite3"
    there, back = postgresql.new_database(), f"sqlite:///{tmp_path}/back.sqlite3"
    assert "both have the exact digest" in program.run("db", "copy", here, there).stdout
    program.run("db", "copy", there, back)
    exact = digest(program, "--exact")
    for url in (there, back):
        program.environment["BAOTINH_DATABASE_URL"] = url
        assert digest(program, "--exact") == exact
    refused = program.run("db", "copy", here, there, code=FAILED)
    assert "holds an archive already" in refused.stderr
    # What was copied is an archive like any other: the crawl goes on in it.
    program.environment["BAOTINH_DATABASE_URL"] = there
    assert "nothing new" in program.crawl("hong_linh").stdout
    assert program.crawl("bao_thai_nguyen").returncode == 0


def test_a_copy_refuses_a_url_by_its_place(program: Program) -> None:
    refused = program.run("db", "copy", "sqlite:////nowhere/at/all.sqlite3", "postgresql://localhost", code=2)
    assert "FROM='sqlite:////nowhere/at/all.sqlite3': its folder does not exist" in refused.stderr


def test_upgrade_makes_a_backup_first(program: Program, on_postgresql: Program) -> None:
    for one in (program, on_postgresql):
        assert not (one.data / "backups").exists(), "a new archive needs no backup"
        downgrade(engine_of(one), "0001")
        said = one.run("db", "upgrade").stdout
        [file] = (one.data / "backups").iterdir()
        assert f"Backup: {file}" in said
        assert "is up to date (version" in said
        one.run("db", "upgrade")
        assert [file] == list((one.data / "backups").iterdir()), "nothing was to be done"
    with sqlite3.connect(next((program.data / "backups").glob("*.sqlite3"))) as backup:
        assert backup.execute("select version_num from alembic_version").fetchall() == [("0001",)]
    downgrade(engine_of(program), "0001")
    program.run("db", "upgrade", "--no-backup")
    assert len(list((program.data / "backups").iterdir())) == 1


def test_a_backup_is_restored_as_the_manual_says(
    program: Program, on_postgresql: Program, postgresql: PostgreSQL
) -> None:
    postgresql.execute("create role baotinh login")
    manual = (ROOT / "docs" / "databases.md").read_text("utf-8")
    blocks = manual.partition("To go back")[2].partition("## Move")[0].split("```")[1::2]
    for one, commands in zip((program, on_postgresql), blocks, strict=True):
        one.crawl("hong_linh")
        before = digest(one, "--exact")
        engine = engine_of(one)
        downgrade(engine, "0001")
        engine.dispose()
        one.run("db", "upgrade")
        [file] = (one.data / "backups").iterdir()
        one.crawl("bao_thai_nguyen")
        with engine.begin() as connection:
            connection.exec_driver_sql("create table later (article_id integer references article)")
        engine.dispose()
        # Not localhost, but the socket of this test's own server.
        commands = re.sub(r"baotinh-0001-\w+", file.stem, commands)
        commands = re.sub(r"@localhost/(\w+)", rf"'@/\1?host={postgresql.folder}'", commands)
        done = subprocess.run(
            ["sh", "-ec", f"{commands}\nprintenv BAOTINH_DATABASE_URL || true"],
            cwd=one.data.parent,
            env=one.environment
            | {"PGHOST": str(postgresql.folder), "PGUSER": USER, "PATH": f"{postgresql.programs}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        if done.stdout:
            one.environment["BAOTINH_DATABASE_URL"] = done.stdout.strip()
        assert "version 0001, older than this program" in one.run("status", code=FAILED).stderr
        one.run("db", "upgrade", "--no-backup")
        assert digest(one, "--exact") == before
        one.crawl("bao_thai_nguyen")
        assert {article["site"] for article in one.articles()} == {"hong_linh", "bao_thai_nguyen"}


def engine_of(program: Program) -> Engine:
    default = f"sqlite:///{program.data}/baotinh.sqlite3"
    return open_engine(program.environment.get("BAOTINH_DATABASE_URL", default))


def test_an_archive_newer_than_the_program(program: Program, on_postgresql: Program) -> None:
    for one in (program, on_postgresql):
        with engine_of(one).begin() as connection:
            connection.exec_driver_sql("update alembic_version set version_num = '9999'")
        for command in (("db", "upgrade"), ("status",), ("crawl", "hong_linh")):
            refused = one.run(*command, code=FAILED)
            assert "version 9999, newer than this program; upgrade the program" in refused.stderr
            assert "Traceback" not in refused.stderr


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", None, f"postgresql://user:secret@/archive?host={tmp_path}")
    for command in (("db", "upgrade"), ("status",), ("crawl", "hong_linh"), ("db", "digest")):
        refused = program.run(*command, code=FAILED)
        assert "check that the server runs and that BAOTINH_DATABASE_URL names it" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert "secret" not in refused.stderr + refused.stdout


def test_a_status_that_no_column_holds_costs_its_pages_only(
    program: Program, on_postgresql: Program, web: SampleWeb
) -> None:
    web.control("honglinh.hatinh.gov.vn", status=10**12)
    for one in (program, on_postgresql):
        failed = one.run("crawl", "hong_linh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
        assert "nothing could be read" in failed.stderr, "the archive is not lost"
        assert "answered with 1000000000000, which is no status of HTTP" in failed.stderr


def test_two_machines_do_not_crawl_one_site_into_one_archive_at_once(on_postgresql: Program) -> None:
    engine = engine_of(on_postgresql)
    with session_factory(engine).begin() as session:
        site_id = register_site(session, SiteRecord("hong_linh", "Hồng Lĩnh", "f", (), "ha-tinh"), Clock())
    other_machine = SiteLock(engine, site_id, "hong_linh")
    refused = on_postgresql.crawl("hong_linh", code=FAILED)
    assert "hong_linh: another machine is crawling this site into the same archive" in refused.stderr
    other_machine.close()
    on_postgresql.crawl("hong_linh")
