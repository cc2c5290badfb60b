"""When each site is due: once every night, inside its window, and caught up until its next turn."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from archive.models import RunOutcome
from archive.runs import RunRecord
from crawler.timing import Timing
from schedules.plan import MOST_LOST, ROOM, ZONE, Standing, last_turn, next_turn, night_of, standing, start_of

NIGHT = date(2023, 4, 2)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

sites = some.from_regex(r"[a-z]{1,8}(_[a-z]{1,8})?", fullmatch=True)
nights = some.dates(date(2000, 1, 1), date(2100, 1, 1))
times = some.times().map(lambda one: one.replace(microsecond=0, fold=0))


@some.composite
def timings(draw: Any) -> Timing:
    window = draw(some.tuples(times, times).filter(lambda pair: pair[0] != pair[1]))
    length = Timing(window, jitter=timedelta(0)).length
    return Timing(window, jitter=draw(some.timedeltas(timedelta(0), length / 2)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2023-04-{text}").replace(tzinfo=ZONE)


def begins(night: date, timing: Timing) -> datetime:
    return datetime.combine(night, timing.window[1], ZONE) - timing.length


@given(sites, nights, timings())
def test_every_night_begins_a_site_inside_its_window(site: str, night: date, timing: Timing) -> None:
    start = start_of(site, night, timing)
    assert start is not None
    room = min(ROOM, timing.length / 3)
    assert begins(night, timing) <= start <= begins(night, timing) + timing.length - room
    assert night_of(start, timing) == night


@given(sites, some.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), timings())
def test_a_site_has_one_turn_a_night_and_none_is_left_out(site: str, naive: datetime, timing: Timing) -> None:
    after, seen = naive.replace(tzinfo=ZONE), list[date]()
    for _ in range(4):
        turn = next_turn(site, timing, after)
        assert turn is not None and turn.begins > after
        assert turn.until - turn.begins <= timing.length
        last = last_turn(site, timing, turn.begins)
        assert last is not None and (last.night, last.until) == (turn.night, turn.until), "due once it begins"
        before = last_turn(site, timing, turn.begins - SECOND)
        assert before is not None and before.night == turn.night - DAY, "the one before is owed until then"
        seen.append(turn.night)
        after = turn.begins
    assert seen == [seen[0] + step * DAY for step in range(4)]


def test_sites_are_spread_over_the_night_and_keep_their_place() -> None:
    names = [f"site_{number}" for number in range(200)]
    starts = [start_of(name, NIGHT) or at("02") for name in names]
    hours = [
        sum(start.hour * 60 + start.minute in range(first, first + 60) for start in starts)
        for first in range(30, 240, 60)
    ]
    assert sum(hours) >= 190
    assert all(35 <= number <= 80 for number in hours[:3]), hours
    for name, start in zip(names, starts, strict=True):
        assert start_of(name, NIGHT) == start
        other = (start_of(name, NIGHT + DAY) or start) - DAY
        assert abs(other - start) <= Timing().jitter
    assert sum(start_of(name, NIGHT + DAY) != start + DAY for name, start in zip(names, starts, strict=True)) > 190


def test_the_usual_window_belongs_to_the_day_it_ends_on_and_so_does_one_over_midnight() -> None:
    assert night_of(at("02T00:30")) == NIGHT
    assert night_of(at("02T00:29")) == NIGHT - DAY
    late = Timing(window=(time(22), time(4)))
    assert night_of(at("01T22:00"), late) == NIGHT
    assert night_of(at("01T21:59"), late) == NIGHT - DAY
    start = start_of("hong_linh", NIGHT, late)
    assert start is not None and at("01T22:00") <= start < at("02T03:00")


def test_a_turn_is_due_from_its_beginning_until_the_next_one() -> None:
    start, following = start_of("hong_linh", NIGHT), start_of("hong_linh", NIGHT + DAY)
    assert start is not None and following is not None
    instants = (start - SECOND, start, at("02T16:30"), at("02T22:00"), following - SECOND, following)
    turns = [last_turn("hong_linh", Timing(), now) for now in instants]
    assert [turn and (turn.night, turn.caught_up) for turn in turns] == [
        (NIGHT - DAY, True),
        (NIGHT, False),
        (NIGHT, True),
        (NIGHT, True),
        (NIGHT, True),
        (NIGHT + DAY, False),
    ]


@pytest.mark.parametrize(
    ("cron", "now", "expected"),
    [
        ("15 2 * * sun", "02T02:14", "2023-03-26T02:15"),
        ("15 2 * * sun", "02T02:15", "2023-04-02T02:15"),
        ("15 2 * * sun", "09T02:14", "2023-04-02T02:15"),
        ("0 1,2,23 * * *", "02T22:59", "2023-04-01T23:00"),
        ("0 1,2,23 * * *", "02T23:00", "2023-04-02T23:00"),
        ("0 3 1 * *", "30T22:00", "2023-04-01T03:00"),
        ("0 3 2 4 *", "02T02:59", "2022-04-02T03:00"),
        ("0 0 30 2 *", "02T02:00", None),
    ],
)
def test_a_turn_of_a_cron_line_is_due_until_its_next_one(cron: str, now: str, expected: str | None) -> None:
    turn = last_turn("hong_linh", Timing(cron=cron), at(now))
    assert (turn and f"{turn.begins:%Y-%m-%dT%H:%M}") == expected
    assert turn is None or start_of("hong_linh", turn.night, Timing(cron=cron)) == turn.begins


def test_a_turn_ends_with_the_window_and_one_caught_up_may_take_as_long() -> None:
    inside, after = last_turn("hong_linh", Timing(), at("02T04:59")), last_turn("hong_linh", Timing(), at("02T05:00"))
    assert inside is not None and inside.until == at("02T05:00")
    assert after is not None and after.until == at("02T09:30")


def test_a_cron_line_says_when_and_a_night_takes_its_first_time() -> None:
    weekly = Timing(cron="15 2 * * sun")
    assert start_of("hong_linh", NIGHT, weekly) == at("02T02:15"), "a Sunday"
    assert start_of("hong_linh", NIGHT + DAY, weekly) is None
    turn = next_turn("hong_linh", weekly, at("02T02:15"))
    assert turn is not None and turn.begins == at("09T02:15") and turn.until == at("09T06:45")
    often = Timing(cron="0 1,2,23 * * *")
    turns = [next_turn("hong_linh", often, at(now)) for now in ("02T00:30", "02T01:00", "02T23:00")]
    assert [turn and turn.begins for turn in turns] == [at("02T23:00"), at("02T23:00"), at("03T23:00")]
    assert turns[0] is not None and turns[0].night == date(2023, 4, 3), "it ends on the next day"
    assert next_turn("hong_linh", Timing(cron="0 0 30 2 *"), at("02T00:00")) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": (time(1), time(1))}, "two different times"),
        ({"jitter": timedelta(hours=3)}, "at most half of the window"),
        ({"cron": "0 25 * * *"}, "cron '0 25"),
        ({"cron": "every night"}, "cron 'every night'"),
    ],
)
def test_a_timing_that_no_night_could_be_planned_by_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Timing(**given)


def run(outcome: RunOutcome, ended: str | None = None, until: str = "02T05:00") -> RunRecord:
    end = at(ended) if ended else None
    return RunRecord(
        "hong_linh", at("02T01:00"), end, at("02T01:00"), outcome, None, {}, {"until": at(until).isoformat()}
    )


STOPPED, LOST = run(RunOutcome.STOPPED, "02T03:00"), run(RunOutcome.LOST, "02T03:00")


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], Standing.OWED),
        *(
            ([run(RunOutcome(one), "02T01:30")], Standing.THROUGH)
            for one in ("finished", "failed", "blocked", "skipped")
        ),
        ([run(RunOutcome.RUNNING)], Standing.UNDER_WAY),
        ([STOPPED] * 9, Standing.OWED),
        ([run(RunOutcome.STOPPED, "02T05:00")], Standing.THROUGH),
        ([run(RunOutcome.LOST, "02T05:01")], Standing.THROUGH),
        ([LOST] * (MOST_LOST - 1), Standing.OWED),
        ([LOST] * MOST_LOST, Standing.GIVEN_UP),
        ([LOST] * MOST_LOST + [run(RunOutcome.FINISHED, "02T04:00")], Standing.THROUGH),
    ],
    ids=str,
)
def test_a_night_owes_a_site_one_run_that_was_answered(runs: list[RunRecord], expected: Standing) -> None:
    assert standing(runs) is expected
