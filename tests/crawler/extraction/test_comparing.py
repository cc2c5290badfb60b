"""Which pages of a crawl are compared with whole-page trafilatura, and how far two readings are apart."""

from datetime import datetime, timedelta

import pytest

from archive.clock import VIETNAM
from crawler.extraction.comparing import OFTEN_UNTIL, Chosen, Compared

NIGHT = datetime(2026, 3, 2, 1, tzinfo=VIETNAM)


def taken(pages: int, night: datetime = NIGHT) -> list[int]:
    chosen = Chosen()
    return [number for number in range(pages) if chosen.takes(f"{number}", night)]


def test_a_small_site_has_some_comparisons_every_night() -> None:
    nights = [len(taken(9, NIGHT + timedelta(days=day))) for day in range(28)]
    assert sum(nights) > 28 * 3 and max(nights) <= 9
    assert all(sum(nights[at : at + 3]) >= 6 for at in range(26)), "enough for schedules.drift in three nights"


def test_a_large_crawl_compares_one_page_in_fifty() -> None:
    compared = taken(5000)
    assert 5000 / 50 * 0.7 < len(compared) - OFTEN_UNTIL < 5000 / 50 * 1.3
    assert compared != list(range(len(compared))), "they are spread"


def test_the_choice_does_not_hang_on_chance_and_changes_from_day_to_day() -> None:
    assert taken(200) == taken(200) == taken(200, NIGHT + timedelta(hours=5))
    assert taken(200) != taken(200, NIGHT + timedelta(days=1))


@pytest.mark.parametrize(("held", "ours", "apart"), [(1, 1, 0), (0, 0, 1), (1, 0.5, 1 / 3), (0.5, 1, 1 / 3)])
def test_texts_are_apart_by_the_words_that_only_one_has(held: float, ours: float, apart: float) -> None:
    assert Compared("https://a.vn/1", held, ours, None, None).apart == pytest.approx(apart)
