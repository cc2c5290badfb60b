"""sites list, catalogue, disable, enable, rename; what a crawl of all sites and a night take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from typer.testing import CliRunner

import archive.renaming
import commands.catalogue
import commands.crawling
from archive.clock import Clock
from archive.database import ArchiveError, Sessions, open_engine, reading, session_factory
from archive.settings import Settings
from archive.sites import SiteCheck, note_check, present_id, register_site, rename_site, site_key
from baotinh import app
from crawler.archiving import site_record
from crawler.catalogue import catalogue
from crawler.onboarding.renaming import Move
from crawler.sites import all_sites
from tests.conftest import NOW, empty_archive

Run = Callable[..., str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "baotinh.sqlite3").write_bytes(empty_archive())
    return tmp_path


@pytest.fixture
def sessions(data: Path) -> Sessions:
    return session_factory(open_engine(Settings.from_environment({"BAOTINH_DATA": str(data)}).database_url))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process; gives what it printed, or raises what it refused with."""
    monkeypatch.setattr(commands.common.out, "_width", 300)
    monkeypatch.setattr(commands.common.err, "_width", 300)

    def run(*arguments: str) -> str:
        environment = {"BAOTINH_DATA": str(tmp_path), "BAOTINH_NOW": NOW}
        done = CliRunner().invoke(app, arguments, env=environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.fixture
def crawled(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Of each crawl its sites; nothing is fetched."""
    asked: list[list[str]] = []

    def crawl(orders: list[Any], *_: Any) -> bool:
        asked.append([order.site for order in orders])
        return False

    monkeypatch.setattr(commands.crawling, "_crawl", crawl)
    return asked


def passed(sessions: Sessions, *names: str) -> None:
    with sessions.begin() as session:
        for name in names:
            key = register_site(session, site_record(all_sites()[name]), Clock())
            now = Clock.from_environment({"BAOTINH_NOW": NOW}).now()
            note_check(session, key, SiteCheck(name, now, True, True, "24 of 24 pages"))


@pytest.mark.usefixtures("data")
def test_a_disabled_site_is_left_out_of_a_crawl_of_all(run: Run, crawled: list[list[str]]) -> None:
    said = run("sites", "disable", "hong_linh", "--reason", "the town was dissolved")
    assert "hong_linh is disabled: the town was dissolved. To crawl it again: baotinh sites enable hong_linh" in said
    assert "Left out: hong_linh is disabled (the town was dissolved)." in run("crawl", "--all")
    assert crawled == [[name for name in all_sites() if name != "hong_linh"]]
    with pytest.raises(ArchiveError, match=r"dissolved\)\. To crawl again: `baotinh sites enable hong_linh`"):
        run("crawl", "hong_linh", "bao_quang_ninh")
    assert "disabled: the town was dissolved" in run("sites", "list")
    assert "hong_linh is enabled." in run("sites", "enable", "hong_linh")
    assert "hong_linh was not disabled." in run("sites", "enable", "hong_linh")
    run("crawl", "hong_linh")
    assert crawled[1:] == [["hong_linh"]]


def test_the_list_says_when_a_site_was_checked(run: Run, sessions: Sessions) -> None:
    passed(sessions, "hong_linh")
    lines = {line.split()[0]: line for line in run("sites", "list").splitlines() if line.strip()}
    assert "2023-04-01 00:30" in lines["hong_linh"]
    assert "never passed" in lines["bao_quang_ninh"]


def test_the_list_and_the_catalogue_need_no_archive(run: Run, tmp_path: Path) -> None:
    assert "never passed" in run("sites", "list")
    assert "None was tried" in run("sites", "catalogue")
    assert list(tmp_path.iterdir()) == []


def test_the_catalogue_says_what_has_a_spider(run: Run, sessions: Sessions) -> None:
    passed(sessions, "hong_linh")
    run("sites", "disable", "bao_quang_ninh", "--reason", "it moved")
    said = run("sites", "catalogue", "--province", "Hà Tĩnh", "--province", "63:22", "--province", "hoa-binh")
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "has a spider, checked 2023-04-01" in lines["hong_linh"]
    assert "has a spider, disabled" in lines["bao_quang_ninh"]
    assert "baohoabinh.com.vn (2019)" in lines["bao_hoa_binh"]
    assert f"of {len(catalogue())} entries" in said
    assert "bao_ha_giang" not in said
    said = run("sites", "catalogue", "--family", "epi")
    assert "bao_lao_cai" in said
    assert "bao_cao_bang" not in said


def test_a_site_is_renamed_in_program_and_archive(
    run: Run, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed(sessions, "hong_linh")
    done: list[str] = []

    class Renamed:
        def __init__(self, moves: list[Any]) -> None:
            done.extend(move.target.name for move in moves)

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(commands.catalogue, "renamed", Renamed)
    said = run("sites", "rename", "hong_linh", "thi_xa")
    assert done == ["thi_xa.py", "catalogue.csv"]
    assert "crawler/spiders/ha_tinh/hong_linh.py -> crawler/spiders/ha_tinh/thi_xa.py" in said
    assert "hong_linh is thi_xa now" in said
    assert "tests/sample_web/hong_linh/" in said
    with reading(sessions) as session:
        assert present_id(session, "hong_linh") == "thi_xa"


def test_files_are_put_back_if_the_archive_cannot_write_the_name(
    run: Run, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed(sessions, "hong_linh")
    spider = tmp_path / "hong_linh.py"
    spider.write_text("old", "utf-8")
    monkeypatch.setattr(commands.catalogue, "plan", lambda *_: [Move(spider, tmp_path / "thi_xa.py", "new")])

    def fail(_: Connection) -> None:
        raise OSError("the disk is full")

    def rename(*arguments: Any) -> bool:
        event.listen(Engine, "commit", fail)
        return rename_site(*arguments)

    monkeypatch.setattr(archive.renaming, "rename_site", rename)
    try:
        with pytest.raises(OSError, match="the disk is full"):
            run("sites", "rename", "hong_linh", "thi_xa")
    finally:
        event.remove(Engine, "commit", fail)
    assert spider.read_text("utf-8") == "old"
    assert not (tmp_path / "thi_xa.py").exists()
    with reading(sessions) as session:
        assert site_key(session, "hong_linh") is not None
        assert site_key(session, "thi_xa") is None


def test_on_another_machine_only_the_archive_is_renamed(run: Run, sessions: Sessions) -> None:
    with sessions.begin() as session:
        register_site(session, site_record(all_sites()["hong_linh"]), Clock())
    with pytest.raises(ValueError, match="there is a spider 'bao_thai_nguyen' already"):
        run("sites", "rename", "hong_linh", "bao_thai_nguyen")
    with sessions.begin() as session:
        session.connection().exec_driver_sql("update site set name = 'thi_xa'")
    said = run("sites", "rename", "thi_xa", "hong_linh")
    assert "hong_linh now" in said
    assert "->" not in said
    with pytest.raises(ValueError, match="no site 'thi_xa' to rename; the archive calls it hong_linh"):
        run("sites", "rename", "thi_xa", "hong_linh")
