"""What operators say of the schedule and are told of it; nothing is fetched."""

import fcntl
import sys
from collections.abc import Callable
from datetime import date

import pytest

from archive.models import Health, RunOutcome
from archive.schedule import muted, wanted
from archive.verdicts import report_of
from commands import scheduling
from commands.scheduling import instant
from schedules.health import Verdict
from schedules.notify import NotTold
from tests.schedules.house import Crawls, House, at
from tests.within import run_within

Run = Callable[..., str]
NOW = "2023-04-02T04:45:00+07:00"
SITE = "hong_linh"


@pytest.fixture
def run(house: House) -> Run:
    """Runs a schedule command in this process; gives what it said, once it ended with the code."""

    def run(*arguments: str, code: int = 0, now: str = NOW, notify: str = "", group: str = "schedule") -> str:
        environment = {"BAOTINH_DATA": str(house.settings.data), "BAOTINH_NOW": now, "BAOTINH_NOTIFY": notify}
        done = run_within((*group.split(), *arguments), environment)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    return run


def line_of(said: str, site: str) -> str:
    return next(line for line in said.splitlines() if line.split()[:1] == [site])


def test_the_list_says_when_each_site_is_next_and_how_it_stands(run: Run, house: House) -> None:
    key = house.runs.start_run(house.key(SITE), {})
    house.runs.finish_run(key, RunOutcome.BLOCKED, "turned away", {})
    run("pause", "bao_quang_ninh", "--until", "2023-05-01", "--reason", "it moves")
    said = run("list")
    assert "2023-04-03 03:04" in line_of(said, SITE)
    assert "00:30-05:00" in line_of(said, SITE)
    assert "scheduled" in line_of(said, SITE)
    assert "2023-04-02 04:45 blocked" in line_of(said, SITE)
    assert "paused until 2023-05-01 00:00: it moves" in line_of(said, "bao_quang_ninh")
    assert "never checked" in line_of(said, "tuyen_giao_ha_nam")
    assert "No scheduler runs" in said


def test_the_next_turns_come_in_order_after_those_that_are_due(run: Run, house: House) -> None:
    said = run("next").splitlines()
    rows = [line.split() for line in said if line.split()[-1:] in (["bao_quang_ninh"], [SITE])]
    assert [row[0] for row in rows] == ["due", "due", "2023-04-03", "2023-04-03"]
    assert rows[2:] == sorted(rows[2:])
    assert "No scheduler runs" in said[-1]
    assert len([line for line in run("next", "--limit", "1").splitlines() if "2023-" in line]) == 1


def test_a_paused_site_is_left_out_until_its_day_or_until_it_is_resumed(run: Run) -> None:
    run("pause", SITE, "--until", "2023-04-05")
    assert SITE not in run("next")
    assert SITE in run("next", now="2023-04-05T00:00:00+07:00")
    run("pause", SITE)
    assert "paused until it is resumed" in run("list", now="2023-04-05T00:00:00+07:00")
    assert "every night again" in run("resume", SITE)
    assert "was not paused" in run("resume", SITE)
    assert SITE in run("next")


def test_a_site_is_muted_until_its_day_or_until_it_is_told_of_again(run: Run, house: House) -> None:
    run("mute", SITE, "--until", "2023-04-05T06:00")
    with house.sessions() as session:
        assert muted(session, at("2023-04-05T05:59")) == {SITE: at("2023-04-05T06:00")}
        assert muted(session, at("2023-04-05T06:00")) == {}
    assert SITE in run("next"), "it is crawled all the same"
    assert "told of again" in run("unmute", SITE)
    assert "was not muted" in run("unmute", SITE)


def test_a_run_is_wanted_from_the_scheduler_that_runs(run: Run, house: House) -> None:
    said = run("now", SITE, code=1)
    assert f"No scheduler runs: {SITE} is crawled when one is started" in said
    assert f"baotinh crawl {SITE}" in said
    house.settings.locks.mkdir(exist_ok=True)
    with (house.settings.locks / "scheduler.lock").open("w") as lock:
        lock.write("process 4711 on there since then")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "process 4711 on there" in run("now", SITE)
        assert "A scheduler runs: process 4711 on there" in run("list")
        assert "another scheduler already runs" in run("run", "--once", code=1)
        assert "process 4711" in run("run", code=1, now=f"{NOW} x1")
    with house.sessions() as session:
        assert wanted(session) == [SITE]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pause", SITE, "--until", "tomorrow"), "give a day as YYYY-MM-DD"),
        (("pause", SITE, "--until", "2023-04-02"), "is past"),
        (("mute", SITE, "--until", "2023-13-01"), "give a day as YYYY-MM-DD"),
        (("pause", "hong_lin"), "did you mean hong_linh"),
        (("now", "hong_lin"), "did you mean hong_linh"),
        (("run",), "stands still"),
        (("run", "--once", "-s", "NO_SUCH=1"), "no setting NO_SUCH"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_told_with_what_is_allowed(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert message in run(*arguments, code=2)


def test_nothing_to_do_is_said(run: Run, house: House) -> None:
    for site in ("bao_quang_ninh", SITE):
        key = house.runs.start_run(house.key(site), {}, date(2023, 4, 2))
        house.runs.finish_run(key, RunOutcome.FINISHED, None, {})
    assert "Nothing is due; next is hong_linh, at 2023-04-03" in run("run", "--once", now="2023-04-02T23:00:00+07:00")
    for site in ("bao_quang_ninh", SITE):
        run("pause", site)
    assert "no site is scheduled" in run("run", "--once", code=1)
    assert "no site is scheduled" in run("next", code=1)


@pytest.mark.parametrize(
    ("health", "outcome", "code"),
    [
        (Health.OK, RunOutcome.FAILED, 0),
        (Health.THIN, RunOutcome.FINISHED, 0),
        (Health.BROKEN, RunOutcome.FINISHED, 1),
        (Health.BLOCKED, RunOutcome.FINISHED, 1),
        (Health.GONE, RunOutcome.SKIPPED, 1),
    ],
)
def test_once_tells_by_its_code_whether_a_verdict_needs_a_person(
    run: Run, crawls: Crawls, monkeypatch: pytest.MonkeyPatch, health: Health, outcome: RunOutcome, code: int
) -> None:
    crawls.ends[SITE] = [outcome]
    monkeypatch.setattr(scheduling, "judge_run", lambda *_: Verdict(health, words="as it is"))
    assert outcome in line_of(run("run", "--once", code=code), SITE)


def test_once_ends_well_if_a_lost_run_was_made_again(run: Run, crawls: Crawls) -> None:
    crawls.ends[SITE] = [RunOutcome.RUNNING, RunOutcome.FINISHED]
    assert "lost" in line_of(run("run", "--once"), SITE)


def test_once_prints_the_report_of_the_night_after_the_table(run: Run, crawls: Crawls, house: House) -> None:
    crawls.ends[SITE] = [RunOutcome.BLOCKED]
    said = run("run", "--once", code=1).splitlines()
    [head] = [at for at, line in enumerate(said) if line.startswith("Báo Tỉnh, night of 2023-04-02: 2 sites crawled")]
    assert max(at for at, line in enumerate(said) if line.split()[:1] == [SITE]) < head
    assert any(line.startswith(f"blocked: challenge: {SITE}") for line in said[head:])
    assert "night of" not in run("run", "--once"), "nothing was due"
    with house.sessions() as session:
        assert report_of(session, date(2023, 4, 2)) == run("report", "--night", group="").rstrip()


def test_once_amid_a_night_tells_of_the_one_before_that_it_caught_up(run: Run, crawls: Crawls, house: House) -> None:
    assert "night of 2023-04-02: 2 sites crawled" in run("run", "--once", now="2023-04-03T01:00:00+07:00")
    with house.sessions() as session:
        assert report_of(session, date(2023, 4, 2)) and not report_of(session, date(2023, 4, 3))


def test_once_says_at_the_end_that_nobody_could_be_told(
    run: Run, crawls: Crawls, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.notify.send", failing := Failing())
    crawls.ends[SITE] = [RunOutcome.BLOCKED]
    monkeypatch.setattr(scheduling, "NEEDS_A_PERSON", ())
    said = run("run", "--once", code=1, notify="json://127.0.0.1:1/")
    assert SITE in said and "night of 2023-04-02" in said
    assert said.rstrip().splitlines()[-1].startswith("Nobody was told of the night: the line is down")
    assert failing.calls == 1
    assert "Nobody was told" in run("run", "--once", code=1, notify="json://127.0.0.1:1/"), "it is tried again"


@pytest.mark.parametrize("once", [("--once",), ()])
def test_no_night_begins_with_an_address_that_nobody_can_be_told_at(
    run: Run, crawls: Crawls, monkeypatch: pytest.MonkeyPatch, once: tuple[str, ...]
) -> None:
    said = run("run", *once, code=2, now=f"{NOW} x1", notify="json://127.0.0.1:1/ nosuch://secret@host/")
    assert "BAOTINH_NOTIFY: Apprise cannot make sense of address 2 (nosuch://...)" in said and "secret" not in said
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert "pip install 'baotinh[notify]'" in run("run", *once, code=1, now=f"{NOW} x1", notify="json://127.0.0.1:1/")
    assert crawls.orders == []


class Failing:
    """In place of `send`: nobody can be told."""

    calls = 0

    def __call__(self, *_: object) -> None:
        self.calls += 1
        raise NotTold("the line is down")


def test_until_is_read_in_vietnams_time() -> None:
    assert instant("2023-04-05") == at("2023-04-05T00:00")
    assert instant("2023-04-05T06:00") == at("2023-04-05T06:00")
    assert instant("2023-04-04T23:00:00+00:00") == at("2023-04-05T06:00")
