"""Both databases as an operator meets them: the same crawl, the same archive; clear words when one fails."""

import os
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from archive.clock import Clock
from archive.database import SiteLock, downgrade, open_engine, session_factory, upgrade
from archive.sites import SiteRecord, register_site
from baotinh import app
from tests.conftest import Program, number_of_articles
from tests.postgresql import USER, PostgreSQL
from tests.sample_web.harness import SampleWeb

FAILED = 1
MakeSettings = Callable[[bool], tuple[Path, dict[str, str]]]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def on_postgresql(tmp_path: Path, web: SampleWeb, postgresql: PostgreSQL, empty_postgresql: str) -> Program:
    made = Program(tmp_path / "postgresql" / "data", web, postgresql.new_database(empty_postgresql))
    made.data.mkdir(parents=True)
    return made


@pytest.fixture
def settings_of(tmp_path: Path, postgresql: PostgreSQL) -> MakeSettings:
    """Makes a folder, and the environment of an archive in it: on PostgreSQL or not."""

    def make(on_postgresql: bool) -> tuple[Path, dict[str, str]]:
        folder = tmp_path / ("postgresql" if on_postgresql else "sqlite")
        for name in ("data", "backups", "srv"):
            (folder / name).mkdir(parents=True)
        environment = {"BAOTINH_DATA": str(folder / "data")}
        if on_postgresql:
            environment["BAOTINH_DATABASE_URL"] = postgresql.new_database()
        return folder, environment

    return make


def digest(program: Program, *options: str) -> str:
    return program.run("db", "digest", *options).stdout


def test_the_same_crawl_gives_the_same_archive_on_both(crawled: Program, on_postgresql: Program) -> None:
    on_postgresql.crawl()
    assert digest(crawled) == digest(on_postgresql)
    articles = crawled.articles()
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


def test_an_archive_moves_to_postgresql_and_back(
    crawled: Program, postgresql: PostgreSQL, tmp_path: Path, web: SampleWeb
) -> None:
    program = crawled
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
    [article] = [one for one in program.articles() if one["article"].endswith("286012")]
    web.control("baothainguyen.vn", edit="286012")
    program.run("fetch", article["url"], "--force")
    assert "revision 1" in program.run("show", article["article"]).stdout


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


def test_a_backup_is_restored_as_the_manual_says(settings_of: MakeSettings, postgresql: PostgreSQL) -> None:
    """The manual's own lines, in this process: both databases, an archive of one site."""
    postgresql.execute("create role baotinh login")
    manual = (ROOT / "docs" / "databases.md").read_text("utf-8")
    blocks = manual.partition("## Back up and restore")[2].partition("\n## ")[0].split("```")[1::2]
    making, *restoring = [block.strip().splitlines() for block in blocks]
    for number, lines in enumerate(restoring):
        folder, environment = settings_of(number == 1)
        engine = open_engine(environment.get("BAOTINH_DATABASE_URL", f"sqlite:///{folder}/data/baotinh.sqlite3"))
        upgrade(engine)
        with session_factory(engine).begin() as session:
            register_site(session, SiteRecord("hong_linh", "Hồng Lĩnh", "f", (), "ha-tinh"), Clock())
        engine.dispose()
        digests = []
        for line in [*making, "baotinh db digest --exact", *lines, "baotinh db digest --exact"]:
            # Not localhost, but the socket of this test's own server; no folder but the test's.
            line = re.sub(r"@localhost/(\w+)", rf"@/\1?host={postgresql.folder}", line)
            name, *arguments = re.sub(r"(/backups|/srv)", f"{folder}\\1", line).split()
            if name == "export":
                environment |= dict(one.partition("=")[::2] for one in arguments)
            elif name == "createdb":
                where = {"PGHOST": str(postgresql.folder), "PGUSER": USER}
                subprocess.run([postgresql.programs / name, *arguments], env={**os.environ, **where}, check=True)
            else:
                assert name == "baotinh"
                done = CliRunner().invoke(app, arguments, env=environment)
                assert (done.exit_code, done.exception) == (0, None), done.output
                digests += [done.output] if arguments[0] == "db" else []
        assert digests[0] == digests[1]
        assert (folder / "srv" / "restored" / "captures").is_dir()


def engine_of(program: Program) -> Engine:
    default = f"sqlite:///{program.data}/baotinh.sqlite3"
    return open_engine(program.environment.get("BAOTINH_DATABASE_URL", default))


def test_an_archive_newer_than_the_program(
    program: Program, on_postgresql: Program, refusal: Callable[..., str]
) -> None:
    for one in (program, on_postgresql):
        with engine_of(one).begin() as connection:
            connection.exec_driver_sql("update alembic_version set version_num = '9999'")
        for command in (("db", "upgrade"), ("status",), ("crawl", "hong_linh")):
            refused = refusal(one, *command, code=FAILED)
            assert "version 9999, newer than this program; upgrade the program" in refused


def test_a_server_that_does_not_answer(tmp_path: Path, refusal: Callable[..., str]) -> None:
    program = Program(tmp_path / "data", None, f"postgresql://user:secret@/archive?host={tmp_path}")
    for command in (("db", "upgrade"), ("status",), ("crawl", "hong_linh"), ("db", "digest")):
        refused = refusal(program, *command, code=FAILED)
        assert "check that the server runs and that BAOTINH_DATABASE_URL names it" in refused
        assert "secret" not in refused


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
