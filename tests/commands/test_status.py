"""What `baotinh status` and `baotinh report` show."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.models import Health, RunOutcome
from archive.schedule import mute, pause
from commands.common import FAILED, WRONG_USE
from schedules.overview import NightPoint, sparkline
from tests.conftest import Program
from tests.schedules.helpers import NIGHT, Archive
from tests.schedules.test_health import crawl, down, lost_layout

SITES = ("bao_quang_ninh", "bao_thai_nguyen", "hong_linh", "tuyen_giao_ha_nam")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Thirty nights of four sites: one is well, one has lost its layout, one turns us away, one is paused."""
    made = Archive(tmp_path_factory.mktemp("nights"))
    for night in range(30):
        for site in SITES:
            if site != "tuyen_giao_ha_nam" or night < 20:
                made.judged(site, night, crawl(200 if not night else 4 + night % 7))
    made.judged("bao_thai_nguyen", 30, crawl(9))
    made.judged("hong_linh", 30, lost_layout())
    made.judged("bao_quang_ninh", 30, down(status__403=6), RunOutcome.FAILED, reason="nothing could be read: HTTP 403")
    closed, quiet, now = made.site("tuyen_giao_ha_nam"), made.site("hong_linh"), made.clock.now()
    with made.sessions.begin() as session:
        pause(session, closed, now - timedelta(days=10), None, "moves to a new house")
        mute(session, quiet, now, now + timedelta(days=3))
    yield made
    made.engine.dispose()


@pytest.fixture
def program(archive: Archive) -> Program:
    made = Program(archive.settings.data, None)
    made.environment["BAOTINH_NOW"] = archive.clock.now().isoformat()
    return made


def test_sites_stand_worst_first_with_cause_and_since_when(program: Program) -> None:
    lines = program.run("status").stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith(tuple(f" {site}" for site in SITES))]
    assert [row[0] for row in rows] == ["hong_linh", "bao_quang_ninh", "tuyen_giao_ha_nam", "bao_thai_nguyen"]
    assert rows[0][1:5] == ["broken:", "layout", "04-01", "04-01"]
    assert rows[1][1:4] == ["blocked:", "challenge", "04-01"]
    assert rows[2][1:3] == ["paused:", "operator"]
    assert rows[3][1:5] == ["ok", "04-01", "9", "6"], "two weeks of nights have the same weekday's median"
    said = "\n".join(lines)
    assert "hong_linh: 5 of 5 pages fit no layout; missing: lead, section. Next: `baotinh sites relearn" in said
    assert "bao_quang_ninh: failed: nothing could be read: HTTP 403" in said
    assert "tuyen_giao_ha_nam: until it is resumed: moves to a new house. Next: `baotinh schedule resume" in said
    assert "4 sites, 0 articles" in said


def test_the_table_fits_a_hundred_columns(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.within.WIDTH", 100)
    table = program.run("status").stdout.partition("4 sites,")[0].splitlines()
    assert max(len(line.rstrip()) for line in table) <= 100
    [well] = [line for line in table if line.startswith(" bao_thai_nguyen")]
    assert "▄" in well and well.rstrip()[-1] in "▆▇█"
    assert any("blocked: challenge " in line for line in table), "nothing is folded"
    [closed] = [line for line in table if line.startswith(" tuyen_giao_ha_nam")]
    assert closed.rstrip()[-1] in "▁▂▃▄▅▆▇█"


def test_each_site_is_a_json_object_on_a_line(program: Program) -> None:
    sites: list[dict[str, Any]] = [json.loads(line) for line in program.run("status", "--json").stdout.splitlines()]
    first = sites[0]
    assert (first["site"], first["health"], first["cause"]) == ("hong_linh", "broken", "layout")
    assert first["fields"] == ["lead", "section"] and "sites relearn hong_linh" in first["next_step"]
    assert first["since"] == "2026-04-01T06:00:00+07:00" and first["muted_until"] == "2026-04-04T06:00:00+07:00"
    assert len(first["nights"]) == 28
    assert first["nights"][-1] == {"night": "2026-04-01", "new": 4, "health": "broken"}
    assert first["last_run"]["counts"]["whole_page"] == 5
    paused = next(one for one in sites if one["health"] == "paused")
    assert paused["nights"][-1] == {"night": "2026-04-01", "new": None, "health": None} and paused["new"] is None


def test_one_site_shows_its_nights_and_causes(program: Program) -> None:
    said = program.run("status", "hong_linh").stdout
    assert "hong_linh (Báo hong_linh): broken: layout (lead, section) since 2026-04-01 06:00" in said
    rows = [line for line in said.splitlines() if line.startswith(" 2026-")]
    assert len(rows) == 28
    assert rows[0].startswith(" 2026-04-01") and "5 of 5 pages fit no layout" in rows[0]
    assert rows[1].split()[:2] == ["2026-03-31", "ok"]
    assert "nowhere" in program.run("status", "nowhere", code=WRONG_USE).stderr


def test_an_archive_without_sites_says_how_to_begin(tmp_path: Path) -> None:
    empty = Program(tmp_path / "empty", None).make_archive()
    assert "is empty. Begin with: baotinh crawl SITE" in empty.run("status").stdout
    assert "Begin with: baotinh crawl hong_linh" in empty.run("status", "hong_linh").stdout
    assert "no night was crawled yet" in empty.run("report", "--night", code=FAILED).stderr


def test_the_report_of_a_night_is_that_of_the_last_one_unless_told(program: Program) -> None:
    last = program.run("report", "--night").stdout.splitlines()
    assert last[0] == "Báo Tỉnh, night of 2026-04-01: 3 sites crawled: 1 ok, 1 broken, 1 blocked"
    assert len(last) <= 10
    before = program.run("report", "--night", f"{NIGHT + timedelta(days=29)}").stdout.splitlines()
    assert before[0] == "Báo Tỉnh, night of 2026-03-31: 3 sites crawled: 3 ok"
    assert "--night" in program.run("report", code=WRONG_USE).stderr


def points(*new: int | None) -> list[NightPoint]:
    return [
        NightPoint(NIGHT + timedelta(days=day), number, None if number is None else Health.OK)
        for day, number in enumerate(new)
    ]


def test_a_sparkline_has_a_gap_where_no_run_was_and_no_night_flattens_the_others() -> None:
    assert sparkline(points(0, 1, 7, None, 14)) == "▁▂▅ █"
    assert sparkline(points(5000, 7, 14, 7)) == "█▅█▅"
    assert sparkline(points(0, 0, None)) == "▁▁ "
