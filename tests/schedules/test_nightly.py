"""The scheduler: one at a time, by the archive's clock; what is due at once; what comes up while it runs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from archive.clock import VIETNAM, Clock
from archive.database import open_engine
from archive.models import RunOutcome
from archive.schedule import pause, resume, want_run
from archive.settings import Settings, database_url
from archive.sites import disable
from crawler.timing import Timing
from schedules import nightly
from schedules.lock import SchedulerRuns, one_scheduler, scheduler_of
from schedules.nightly import Nights, PlannedTurns, Scheduler, engine_of
from schedules.plan import next_turn
from tests.postgresql import PostgreSQL
from tests.schedules.house import NIGHT, SITES, Crawls, House, at, clock

SITE = "hong_linh"


def once(house: House) -> tuple[dict[str, str], list[str]]:
    nights = Nights(house.turns, at_once=2)
    done, left = nights.once()
    nights.tell_if_over()
    return {one.site: one.outcome.value for one in done}, left


def test_once_carries_out_what_is_due_and_tells_the_night(house: House, crawls: Crawls) -> None:
    crawls.ends[SITE] = [RunOutcome.BLOCKED]
    assert once(house) == ({SITE: "blocked", "bao_quang_ninh": "finished"}, [])
    assert house.told == ["2023-04-02"]
    assert once(house.begin()) == ({}, []), "nothing twice"
    assert len(crawls.orders) == 2
    once(house.begin("2023-04-02T23:00:00+07:00"))
    assert len(crawls.orders) == 2, "nor in the evening"


@pytest.mark.parametrize("now", ["2022-12-26T22:00:00+07:00", "2022-12-27T00:10:00+07:00", "2022-12-26T13:00:00+07:00"])
def test_once_takes_the_latest_night_at_any_hour_also_for_sites_that_never_ran(
    house: House, crawls: Crawls, now: str
) -> None:
    house.begin(now).check("tuyen_giao_ha_nam")
    done, left = once(house)
    assert (done, left) == (dict.fromkeys((*SITES, "tuyen_giao_ha_nam"), "finished"), [])
    assert {f"{order.night}" for order in crawls.orders} == {"2022-12-26"}
    assert house.told == ["2022-12-26"]
    assert once(house.begin()) == ({}, [])


def test_once_catches_up_the_latest_night_only(house: House, crawls: Crawls) -> None:
    once(house)
    once(house.begin("2023-04-06T22:00:00+07:00"))
    assert [f"{run.night}" for run in house.all_runs(SITE)] == ["2023-04-02", "2023-04-06"]


def test_once_before_a_sites_turn_leaves_it_to_later_and_the_night_untold(house: House, crawls: Crawls) -> None:
    starts = {site: next_turn(site, Timing(), at("2023-04-02T00:00")) for site in SITES}
    [first, last] = sorted(turn.begins for turn in starts.values() if turn)
    assert first < last
    once(house.begin("2023-04-01T05:00:00+07:00"))
    crawls.orders.clear()
    house.told.clear()
    done, _ = once(house.begin(first.isoformat()))
    assert list(done.values()) == ["finished"]
    assert house.told == []
    once(house.begin(last.isoformat()))
    assert len(crawls.orders) == 2
    assert house.told == ["2023-04-02"]


def test_a_night_that_is_not_through_is_told_when_the_report_is_due(house: House, crawls: Crawls) -> None:
    with house.sessions.begin() as session:
        disable(session, house.key("bao_quang_ninh"), "later", house.settings.clock)
    once(house)
    assert house.told == ["2023-04-02"]
    house.check("tuyen_giao_ha_nam")
    house.told.clear()
    house.begin("2023-04-03T05:59:00+07:00")
    nights = Nights(house.turns, 1)
    nights.tell_if_over()
    assert house.told == []
    house.begin("2023-04-03T06:00:00+07:00")
    nights = Nights(house.turns, 1)
    nights.tell_if_over()
    nights.tell_if_over()
    assert house.told == ["2023-04-03"]


def test_a_first_night_without_any_run_is_not_told(house: House) -> None:
    Nights(house.begin("2023-04-03T08:00:00+07:00").turns, 1).tell_if_over()
    assert house.told == []


def test_once_tries_lost_runs_again_and_leaves_what_it_cannot_mend(house: House, crawls: Crawls) -> None:
    crawls.ends = {SITE: [RunOutcome.RUNNING, RunOutcome.FINISHED], "bao_quang_ninh": [None]}
    done, left = once(house)
    assert done == {SITE: "finished", "bao_quang_ninh": "lost"}
    assert left == []
    assert house.outcomes("bao_quang_ninh") == ["lost"] * 3
    assert house.outcomes(SITE) == ["lost", "finished"]


def test_once_takes_what_is_wanted_too(house: House, crawls: Crawls) -> None:
    once(house)
    house.begin()
    with house.sessions.begin() as session:
        want_run(session, house.key(SITE), house.turns.now())
    assert once(house) == ({SITE: "finished"}, [])
    assert once(house.begin()) == ({}, [])


def test_one_scheduler_at_a_time_and_the_lock_says_which(house: House) -> None:
    engine = engine_of(house.turns)
    assert scheduler_of(house.settings, engine) is None
    with one_scheduler(house.settings, engine):
        with pytest.raises(
            SchedulerRuns, match=r"another scheduler already runs on .*process \d+ on .* since 2023-04-02"
        ):
            Nights(house.turns, 1).once()
        assert "since 2023-04-02 04:45" in (scheduler_of(house.settings, engine) or "")
    assert scheduler_of(house.settings, engine) is None
    with one_scheduler(house.settings, engine):
        pass


def test_one_scheduler_on_a_postgresql_database_wherever_it_runs(
    postgresql: PostgreSQL, empty_postgresql: str, tmp_path: Path
) -> None:
    url = database_url(postgresql.new_database(empty_postgresql))
    here, there = (Settings(tmp_path / name, url, clock(NIGHT)) for name in ("here", "there"))
    engine = open_engine(url)
    with one_scheduler(here, engine) as claim:
        with pytest.raises(SchedulerRuns, match="from another machine or data folder"), one_scheduler(there, engine):
            pass
        assert scheduler_of(there, engine) == "one on another machine or data folder"
        # As if the server had been restarted, and the other one been the quicker.
        claim.close()
        with one_scheduler(there, engine), pytest.raises(SchedulerRuns):
            claim.renew()
        claim.renew()
    assert scheduler_of(there, engine) is None
    engine.dispose()


@pytest.mark.parametrize("speed", ["", " x1", " x60", " x86400"])
def test_a_planned_turn_fires_in_real_time_once_a_night(speed: str) -> None:
    simulated = clock(f"2023-04-02T00:00:00+07:00{speed}") if speed else Clock()
    trigger = PlannedTurns(SITE, Timing(), simulated)
    previous, now, shown = None, Clock().now(), []
    for _ in range(3):
        previous = trigger.get_next_fire_time(previous, now)
        assert previous is not None
        shown.append(simulated.shown(previous))
    first = next_turn(SITE, Timing(), simulated.now() - timedelta(minutes=1))
    assert first is not None
    plan = [first]
    for _ in range(3):
        plan.append(following := next_turn(SITE, Timing(), plan[-1].begins) or first)
        assert following is not first
    # Between two readings of the clock a little time passes, the more of the faster one.
    near = timedelta(seconds=5) * (simulated.speed or 1)
    assert any(all(abs(a - b.begins) < near for a, b in zip(shown, plan[step:], strict=False)) for step in (0, 1))


def test_nothing_is_ever_due_by_a_clock_that_stands_still() -> None:
    standing = clock(NIGHT)
    assert PlannedTurns(SITE, Timing(), standing).get_next_fire_time(None, Clock().now()) is None
    assert standing.real(at("2023-04-03T00:00")) is None
    assert standing.seconds_until(at("2023-04-02T04:45")) == 0


def test_a_simulated_clock_and_the_real_one_are_told_from_each_other() -> None:
    fast = clock("2023-04-02T00:00:00+07:00 x3600")
    real = fast.real(at("2023-04-02T10:00"))
    assert real is not None
    assert 8 < (real - Clock().now()).total_seconds() <= 10
    assert abs(fast.shown(real) - at("2023-04-02T10:00")) < timedelta(minutes=30)
    assert 8 < fast.seconds_until(at("2023-04-02T10:00")) <= 10
    assert fast.seconds_until(at("2023-04-01T23:00")) < -1
    assert Clock().real(at("2023-04-02T10:00")) == at("2023-04-02T10:00")
    assert Clock().shown(at("2023-04-02T10:00").astimezone(VIETNAM)) == at("2023-04-02T10:00")


@contextmanager
def scheduling(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """A scheduler that runs in a thread; gives what waits until something holds."""
    monkeypatch.setattr(nightly, "HOUSEKEEPING_SECONDS", 0.05)
    monkeypatch.setattr(nightly, "WANTED_SECONDS", 0.05)
    scheduler = Scheduler(Nights(house.turns, at_once=2))
    failed: list[BaseException] = []

    def run() -> None:
        try:
            scheduler.run()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait(true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not true():
            assert not failed, failed
            assert time.monotonic() < deadline, house.lines
            time.sleep(0.02)

    try:
        yield wait
    finally:
        scheduler._scheduler.shutdown(wait=False)
        thread.join(30)
    assert not failed
    assert not thread.is_alive()


def test_the_scheduler_catches_up_and_takes_what_comes_up_meanwhile(
    house: House, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawls.ends["bao_quang_ninh"] = [RunOutcome.RUNNING, RunOutcome.FINISHED]
    with house.sessions.begin() as session:
        pause(session, house.key(SITE), house.turns.now(), None)
    house.begin(f"{NIGHT} x1")
    with scheduling(house, monkeypatch) as wait:
        wait(lambda: house.outcomes("bao_quang_ninh") == ["lost", "finished"])
        assert house.outcomes(SITE) == []
        wait(lambda: house.told == ["2023-04-02"])
        with house.sessions.begin() as session:
            resume(session, house.key(SITE), house.turns.now())
        wait(lambda: house.outcomes(SITE) == ["finished"])
        with house.sessions.begin() as session:
            want_run(session, house.key(SITE), house.turns.now())
        wait(lambda: house.outcomes(SITE) == ["finished"] * 2)
        house.check("tuyen_giao_ha_nam")
        wait(lambda: house.outcomes("tuyen_giao_ha_nam") == ["finished"])
        with house.sessions.begin() as session:
            disable(session, house.key(SITE), "it moved", house.settings.clock)
        wait(lambda: f"{SITE}: scheduled no more" in house.lines)
    assert len(house.told) == 1
    assert scheduler_of(house.settings, engine_of(house.turns)) is None


def test_a_scheduler_that_comes_up_in_the_evening_catches_the_night_up_but_lets_new_sites_wait_for_theirs(
    house: House, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.begin("2023-04-01T12:00:00+07:00").check(*SITES)
    house.begin("2023-04-02T21:00:00+07:00 x1").check("tuyen_giao_ha_nam", SITE)
    with scheduling(house, monkeypatch) as wait:
        wait(lambda: all(house.outcomes(site) == ["finished"] for site in SITES))
        assert [turn.site for turn in house.turns.owed()] == ["tuyen_giao_ha_nam"]
        assert house.turns.owed(first_ones_wait=True) == []
    assert house.outcomes("tuyen_giao_ha_nam") == []
    assert once(house.begin()) == ({"tuyen_giao_ha_nam": "finished"}, []), "who calls for it now, gets it now"


def test_each_night_has_its_turns_while_the_scheduler_runs(
    house: House, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.begin("2023-04-02T00:00:00+07:00 x200000")
    with scheduling(house, monkeypatch) as wait:
        wait(lambda: all(len(house.all_runs(site)) >= 3 for site in SITES))
    for site in SITES:
        nights = [run.night for run in house.all_runs(site)]
        assert len(set(nights)) == len(nights), "one run a night"


def test_no_more_sites_are_crawled_at_once_than_was_said(house: House, crawls: Crawls) -> None:
    crawls.lasts = 20
    house.check("tuyen_giao_ha_nam", "bao_thai_nguyen", "tuyen_giao_binh_phuoc")
    once(house)
    assert crawls.most_at_once == 2
    assert len(crawls.orders) == 5
