"""One turn: what a night owes a site is carried out once, whatever became of processes before."""

import fcntl
import subprocess
import sys
import threading
import time

import pytest

from archive.models import Run, RunOutcome
from archive.schedule import pause, want_run, wanted
from archive.sites import disable
from crawler.sites import all_sites
from schedules import turns as turns_module
from tests.schedules.house import NIGHT, SITES, Crawls, House

SITE = "hong_linh"
NEXT_NIGHT = "2023-04-03T04:45:00+07:00"
ENDED = ("finished", "failed", "blocked", "skipped")


@pytest.mark.parametrize("outcome", ENDED)
def test_a_night_that_was_answered_is_not_crawled_again(house: House, crawls: Crawls, outcome: str) -> None:
    crawls.ends[SITE] = [RunOutcome(outcome)]
    done = house.turns.take(SITE)
    assert done is not None and (done.trouble is None) is (outcome == "finished")
    assert house.turns.take(SITE) is None
    assert house.begin().turns.take(SITE) is None, "nor by another scheduler"
    assert house.outcomes(SITE) == [outcome]
    assert len(house.judged) == 1
    assert house.begin(NEXT_NIGHT).turns.take(SITE) is not None


def test_what_the_nights_owe_is_what_was_checked_and_is_neither_disabled_nor_paused(house: House) -> None:
    assert {turn.site for turn in house.turns.owed()} == set(SITES)
    with house.sessions.begin() as session:
        pause(session, house.key(SITE), house.turns.now(), None)
    assert {turn.site for turn in house.turns.owed()} == {"bao_quang_ninh"}
    assert house.turns.take(SITE) is None


def test_a_lost_run_is_tried_again_but_no_more_than_three_times(house: House, crawls: Crawls) -> None:
    crawls.ends[SITE] = [RunOutcome.RUNNING, None, RunOutcome.RUNNING]
    rests = []
    for _ in range(3):
        assert house.turns.take(SITE) is not None
        rests.append(house.turns.rest(SITE))
    assert rests[0] < rests[1] < rests[2], "ever longer"
    assert house.turns.take(SITE) is None
    assert house.outcomes(SITE) == ["lost"] * 3
    assert len(house.judged) == 3
    assert SITE not in {turn.site for turn in house.turns.owed()}
    assert house.begin(NEXT_NIGHT).turns.take(SITE) is not None, "the next night tries anew"


def test_a_stopped_run_is_gone_on_with(house: House, crawls: Crawls) -> None:
    crawls.ends[SITE] = [RunOutcome.STOPPED, RunOutcome.FINISHED]
    assert house.turns.take(SITE) is not None
    assert house.turns.take(SITE) is not None
    assert house.outcomes(SITE) == ["stopped", "finished"]


def test_a_run_is_stopped_at_the_end_of_its_window_and_goes_on_the_next_night(house: House, crawls: Crawls) -> None:
    crawls.lasts = 10**6
    house.begin("2023-04-02T04:59:00+07:00 x600")
    done = house.turns.take(SITE)
    assert done is not None and done.outcome is RunOutcome.STOPPED
    assert crawls.stopped == [SITE]
    [run] = house.all_runs(SITE)
    assert run.reason == "its time was over at 05:00; the next night goes on where it stopped"
    assert house.begin("2023-04-02T05:10:00+07:00").turns.take(SITE) is None, "not in the day"
    crawls.lasts = 0
    assert house.begin(NEXT_NIGHT).turns.take(SITE) is not None


def test_a_run_that_was_stopped_before_its_time_is_caught_up_in_the_day(house: House, crawls: Crawls) -> None:
    crawls.ends[SITE] = [RunOutcome.STOPPED, RunOutcome.FINISHED]
    house.turns.take(SITE)
    house.begin("2023-04-02T08:00:00+07:00").turns.take(SITE)
    assert house.outcomes(SITE) == ["stopped", "finished"]
    assert [f"{order.until:%H:%M}" for order in crawls.orders if order.until] == ["05:00", "12:30"]


def test_the_run_of_a_process_that_died_is_closed_and_its_night_is_tried_again(house: House, crawls: Crawls) -> None:
    key = house.runs.start_run(house.key(SITE), {}, house.turns.owed()[0].night)
    by_hand = house.runs.start_run(house.key("bao_quang_ninh"), {})
    house.begin(NIGHT).turns.close_lost()
    assert house.outcomes(SITE) == house.outcomes("bao_quang_ninh") == ["lost"]
    assert house.judged == [key, by_hand]
    assert house.turns.take(SITE) is not None
    assert house.outcomes(SITE) == ["lost", "finished"]


def test_a_run_that_ended_while_nobody_could_judge_it_is_judged_later(house: House, crawls: Crawls) -> None:
    night = house.turns.owed()[0].night
    keys = [house.runs.start_run(house.key(site), {}, night) for site in SITES]
    by_hand = house.runs.start_run(house.key("hong_linh"), {})
    for key in (*keys, by_hand):
        house.runs.finish_run(key, RunOutcome.FINISHED, None, {})
    assert not house.turns.is_through(night), "the morning is not to be told without a verdict"
    house.turns.close_lost()
    house.turns.close_lost()
    assert house.judged == keys
    assert house.turns.is_through(night)


def test_the_run_of_another_machine_is_lost_only_after_long_silence(house: House) -> None:
    house.begin("2023-04-02T02:00:00+07:00 x1").runs.start_run(house.key(SITE), {})
    with house.sessions.begin() as session:
        run = session.query(Run).one()
        run.host = "another"
    house.turns.close_lost()
    assert house.outcomes(SITE) == ["running"]
    house.begin("2023-04-02T02:05:10+07:00 x1").turns.close_lost()
    assert house.outcomes(SITE) == ["lost"]


def test_an_orphan_that_is_still_ending_is_waited_for(
    house: House, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = house.runs.start_run(house.key(SITE), {}, house.turns.owed()[0].night)
    folder = house.settings.captures / SITE
    folder.mkdir(parents=True)
    with (folder / "writer.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        house.turns.close_lost()
        assert house.outcomes(SITE) == ["running"], "its process lives"

        def end() -> None:
            house.runs.finish_run(key, RunOutcome.STOPPED, "its parent ended", {})
            fcntl.flock(lock, fcntl.LOCK_UN)

        threading.Timer(0.3, end).start()
        assert house.turns.take(SITE) is not None
        assert house.outcomes(SITE) == ["stopped", "finished"]
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(turns_module, "ORPHAN_SECONDS", 0.1)
        house.begin(NEXT_NIGHT)
        assert house.turns.take(SITE) is None, "a crawl by hand goes on for long"
        assert house.turns.rest(SITE) > 0
        assert {turn.site for turn in house.turns.owed()} == set(SITES), "it is still owed"
    assert "another crawl of it is under way" in house.lines[-1]


@pytest.mark.parametrize(("site", "is_killed"), [(SITE, True), ("bao_quang_ninh", False)], ids=["its own", "another's"])
def test_an_orphan_that_hangs_is_killed_once_it_has_been_silent_for_long(
    house: House, site: str, is_killed: bool
) -> None:
    night = house.turns.owed()[0].night
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "crawl", site]) as hung:
        key = house.runs.start_run(house.key(SITE), {}, night)
        with house.sessions.begin() as session:
            session.get_one(Run, key).pid = hung.pid
        folder = house.settings.captures / SITE
        folder.mkdir(parents=True)
        with (folder / "writer.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            house.begin("2023-04-02T05:44:50+07:00 x1").turns.close_lost()
            assert hung.poll() is None, "it may come to itself"
            house.begin("2023-04-02T05:45:10+07:00 x1").turns.close_lost()
            if is_killed:
                assert hung.wait(30) == -9
            assert hung.poll() is None or is_killed
        assert house.outcomes(SITE) == ["running"], "until its site is free"
        house.turns.close_lost()
        assert house.outcomes(SITE) == ["lost"]
        hung.kill()


def test_a_wanted_run_is_made_once_beside_the_night(house: House, crawls: Crawls) -> None:
    with house.sessions.begin() as session:
        want_run(session, house.key(SITE), house.turns.now())
    assert house.turns.take(SITE, wanted=True) is not None
    assert house.turns.take(SITE, wanted=True) is None
    assert [run.night for run in house.all_runs(SITE)] == [None]
    assert house.turns.take(SITE) is not None, "the night has its own"


def want(house: House, site: str = SITE) -> None:
    with house.sessions.begin() as session:
        want_run(session, house.key(site), house.turns.now())


def wishes(house: House) -> list[str]:
    with house.sessions() as session:
        return wanted(session)


@pytest.mark.parametrize("end", [RunOutcome.STOPPED, RunOutcome.RUNNING, None], ids=str)
def test_a_wish_outlives_the_scheduler_that_could_not_end_its_run(
    house: House, crawls: Crawls, end: RunOutcome | None
) -> None:
    want(house)
    crawls.ends[SITE] = [end, RunOutcome.FINISHED]
    house.turns.take(SITE, wanted=True)
    assert wishes(house) == [SITE]
    assert house.begin("2023-04-02T04:46:00+07:00").turns.take(SITE, wanted=True) is not None
    assert wishes(house) == []
    assert house.outcomes(SITE)[-1] == "finished"


def test_a_wish_is_not_carried_out_twice_if_its_run_ended_after_its_scheduler_was_killed(
    house: House, crawls: Crawls
) -> None:
    want(house)
    house.begin("2023-04-02T04:46:00+07:00")
    house.runs.finish_run(house.runs.start_run(house.key(SITE), {}), RunOutcome.FINISHED, None, {})
    assert house.turns.take(SITE, wanted=True) is None
    assert (wishes(house), crawls.orders) == ([], [])


def test_a_wish_is_given_up_after_three_losses(house: House, crawls: Crawls) -> None:
    want(house)
    crawls.ends[SITE] = [RunOutcome.RUNNING]
    house.begin("2023-04-02T04:46:00+07:00")
    for _ in range(4):
        house.turns.take(SITE, wanted=True)
    assert (house.outcomes(SITE), wishes(house)) == (["lost"] * 3, [])


def test_a_wish_for_a_site_that_was_disabled_or_is_no_more_is_dropped(
    house: House, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    want(house)
    want(house, "bao_quang_ninh")
    with house.sessions.begin() as session:
        disable(session, house.key(SITE), "it moved", house.settings.clock)
    left = {name: site for name, site in all_sites().items() if name != "bao_quang_ninh"}
    monkeypatch.setattr(turns_module, "all_sites", lambda: left)
    for site in SITES:
        assert house.turns.take(site, wanted=True) is None
    assert (wishes(house), crawls.orders) == ([], [])
    assert "disabled (it moved)" in "".join(house.lines) and "no spider" in "".join(house.lines)


def test_what_is_under_way_is_ended_in_order_and_nothing_is_begun(house: House, crawls: Crawls) -> None:
    crawls.lasts = 10**6
    taking = threading.Thread(target=house.turns.take, args=(SITE,))
    taking.start()
    deadline = time.monotonic() + 30
    while not crawls.orders:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    house.turns.ending.set()
    house.turns.wait()
    taking.join(30)
    assert crawls.stopped == [SITE]
    assert house.turns.take("bao_quang_ninh") is None
    assert house.outcomes(SITE) == ["stopped"]
    assert house.outcomes("bao_quang_ninh") == []
