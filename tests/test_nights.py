"""Nights of the whole program on the sample web: begun at once, killed in the middle, gone on with."""

import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.database import open_engine, session_factory
from archive.settings import Settings
from tests.conftest import BAOTINH, Program, number_of_articles
from tests.sample_web.harness import SampleWeb
from tests.schedules.house import check_sites

SITE = "hong_linh"
SITES = (SITE, "tuyen_giao_ha_nam")
NIGHT, NEXT = "2023-04-02T04:45:00+07:00", "2023-04-03T04:45:00+07:00"


def with_nights(program: Program, *sites: str) -> Program:
    """The program on an archive whose nights take these sites."""
    settings = Settings.from_environment({"BAOTINH_DATA": str(program.data), "BAOTINH_NOW": NIGHT})
    engine = open_engine(settings.database_url)
    check_sites(session_factory(engine), settings.clock, *sites)
    engine.dispose()
    return program


def night(program: Program, now: str = NIGHT, delay: float = 0.0) -> "subprocess.CompletedProcess[str]":
    return program.run("schedule", "run", "--once", "-s", f"DOWNLOAD_DELAY={delay}", BAOTINH_NOW=now)


def runs(program: Program) -> list[tuple[str, str, str]]:
    """The site, night and outcome of each run."""
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        query = "select site.name, night, outcome from run join site on site.id = site_id order by run.id"
        return list(database.execute(query))


def digest(program: Program) -> str:
    return program.run("db", "digest").stdout


def test_two_nights_crawl_a_site_once_each_and_tell_of_it(program: Program) -> None:
    with_nights(program, SITE)
    first = night(program)
    assert f"{SITE}: finished, 13 new" in first.stderr
    assert "Báo Tỉnh, night of 2023-04-02: 1 site crawled: 1 ok" in first.stdout
    assert "Nothing is due" in night(program).stdout
    night(program, NEXT)
    assert runs(program) == [(SITE, day, "finished") for day in ("2023-04-02", "2023-04-03")]
    assert len(program.articles()) == number_of_articles(SITE)
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        told = [day for (day,) in database.execute("select night from night_report order by night")]
        judged = list(database.execute("select health from verdict"))
    assert told == ["2023-04-02", "2023-04-03"]
    assert judged == [("ok",)] * 2


@pytest.mark.torture
@pytest.mark.parametrize("children_too", [False, True], ids=["scheduler alone", "with its crawls"])
def test_a_night_whose_scheduler_is_killed_goes_on_where_it_was(
    program: Program, new_program: Callable[[str], Program], web: SampleWeb, children_too: bool
) -> None:
    with_nights(program, *SITES)
    seen = len(web.log())
    command = [*BAOTINH, "schedule", "run", "--once", "-s", "DOWNLOAD_DELAY=0.3"]
    scheduler = subprocess.Popen(command, env=program.environment | {"BAOTINH_NOW": NIGHT})
    deadline = time.monotonic() + 90
    while len(web.log()) < seen + 16:
        assert time.monotonic() < deadline and scheduler.poll() is None
        time.sleep(0.05)
    crawls = Path(f"/proc/{scheduler.pid}/task").glob("*/children")
    pids = [int(pid) for file in crawls for pid in file.read_text().split()]
    assert pids, "it was amid the night"
    scheduler.kill()
    if children_too:
        for pid in pids:
            subprocess.run(["kill", "-9", str(pid)], check=False)
    scheduler.wait()
    night(program)
    ended = runs(program)
    lost = "lost" if children_too else "stopped"
    assert {outcome for _, _, outcome in ended} == {lost, "finished"}
    assert sorted(site for site, _, outcome in ended if outcome == "finished") == sorted(SITES), "each once"
    assert "Nothing is due" in night(program).stdout
    undisturbed = with_nights(new_program("undisturbed"), *SITES)
    night(undisturbed)
    assert digest(program) == digest(undisturbed)
