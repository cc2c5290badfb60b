"""Retry-After, and the pauses that come of it; time is told by hand."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pauses import FIRST, IN_A_ROW, IN_ALL, LONGEST, SHORTEST, Pauses, retry_after
from crawler.stopping import Dropped

NOW = datetime(2023, 4, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 400, float("9" * 12)),
        ("Sat, 01 Apr 2023 00:32:00 GMT", 120),
        ("Sat, 01 Apr 2023 07:32:00 +0700", 120),
        ("Saturday, 01-Apr-23 00:32:00 GMT", 120),
        ("Sat, 01 Apr 2022 00:32:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sat, 99 Apr 2023 99:99:99 GMT", None),
        ("Sat, 01 Apr 999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_date_says_nothing_without_the_time_of_the_server() -> None:
    assert retry_after("Sat, 01 Apr 2023 00:32:00 GMT", None) is None
    assert retry_after("120", None) == 120


@given(st.text())
def test_whatever_stands_there_is_a_number_of_seconds_or_nothing(value: str) -> None:
    said = retry_after(value, NOW)
    assert said is None or said >= 0


@given(st.integers(0, 10**6))
def test_a_date_is_as_far_away_as_it_says(seconds: int) -> None:
    assert retry_after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == seconds


class Hand:
    """A clock moved by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ending = False
        self.pauses = Pauses(lambda: self.ending, self.sleep, lambda: self.now)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def waited(self) -> float:
        """How long a request waits that is about to be sent."""
        before = self.now
        asyncio.run(self.pauses.wait())
        return self.now - before


@pytest.mark.parametrize(("asked", "waits"), [(7.0, 7.0), (0.0, SHORTEST), (86_400.0, LONGEST)])
def test_requests_wait_as_long_as_the_server_asks_but_not_for_ever(asked: float, waits: float) -> None:
    hand = Hand()
    assert hand.waited() == 0
    assert hand.pauses.turned_away(asked) == waits
    assert hand.waited() == pytest.approx(waits)
    assert hand.waited() == 0


def test_without_a_word_the_pauses_grow_and_then_end() -> None:
    hand = Hand()
    pauses = [hand.pauses.turned_away(None) for _ in range(IN_A_ROW)]
    assert pauses == [FIRST * 2**number for number in range(IN_A_ROW)]
    assert hand.pauses.turned_away(None) is None and hand.pauses.over
    with pytest.raises(Dropped):
        hand.waited()


def test_an_answer_lets_the_pauses_begin_small_again_but_not_without_end() -> None:
    hand = Hand()
    given = []
    for _ in range(IN_ALL + 1):
        given.append(hand.pauses.turned_away(None))
        hand.pauses.answered()
    assert given == [FIRST] * IN_ALL + [None]


def test_a_pause_ends_with_the_crawl() -> None:
    hand = Hand()
    hand.pauses.turned_away(600)
    sleep = hand.sleep

    async def stopped(seconds: float) -> None:
        await sleep(seconds)
        hand.ending = hand.now >= 3

    hand.pauses = Pauses(lambda: hand.ending, stopped, lambda: hand.now)
    hand.pauses.turned_away(600)
    with pytest.raises(Dropped):
        asyncio.run(hand.pauses.wait())
    assert hand.now <= 4
