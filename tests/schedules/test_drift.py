"""The rules by which a site drifts, on both sides of each."""

from collections.abc import Sequence
from typing import Any

import pytest
from scrapy.utils.test import get_crawler

from archive.models import Health
from crawler.counting import count_compared
from crawler.extraction.comparing import READER, Compared
from schedules.causes import Cause
from schedules.health import Verdict
from tests.schedules.test_health import Site, crawl, lost_layout

SOMEBODY = "drift/by a reader"


def looked(
    compared: int = 5, *, text: float = 0.05, title: int = 0, day: int = 0, reader: str = SOMEBODY, edition: int = 0
) -> dict[str, Any]:
    """The counts of a night on which so many pages were compared, texts being `text` apart on the average."""
    counts = {"drift/compared": compared, reader: compared, "drift/text": round(1000 * text * compared)}
    return crawl(**{**counts, "drift/title": title, "drift/day": day, "drift/edition": edition})


def site(nights: int = 16, usual: dict[str, Any] | None = None) -> Site:
    return Site().well(nights, usual or looked())


def after(nights: Sequence[dict[str, Any]], at: Site | None = None) -> list[Verdict]:
    at = at or site()
    return [at.run(counts) for counts in nights]


def healths(verdicts: Sequence[Verdict]) -> list[str]:
    return [str(one.health) for one in verdicts]


BAD = looked(text=0.7)


def test_what_a_crawl_counts_is_what_is_judged() -> None:
    stats = get_crawler().stats
    assert stats is not None
    for _ in range(5):
        count_compared(stats, Compared("https://a.vn/1", 0.2, 0.2, "Tít khác", "2020-01-01"))
    counted = crawl(**stats.get_stats())
    assert counted["drift/text"] == 5 * 800
    verdict = after([counted] * 3, site(usual=looked(reader=f"drift/by {READER}")))[-1]
    assert (str(verdict.health), verdict.fields) == ("drifting", ("text", "title", "published"))


def test_texts_that_are_apart_for_three_nights_are_told() -> None:
    verdicts = after([BAD] * 4)
    assert healths(verdicts)[0] == "ok" and healths(verdicts)[2:] == ["drifting", "drifting"]
    assert (verdicts[2].cause, verdicts[2].fields) == (Cause.LAYOUT, ("text",))
    assert "on the last 3 nights (15 pages): text 70 % (usually 5 %)" in verdicts[2].words


def test_one_night_is_none_of_it() -> None:
    assert set(healths(after([BAD, looked(), looked(), BAD, looked(), looked()]))) == {"ok"}
    assert set(healths(after([looked(title=1)] * 1 + [looked()] * 6))) == {"ok"}, "nor is one page"


def test_one_night_is_enough_where_it_is_overwhelming() -> None:
    assert healths(after([looked(8, title=8)])) == ["drifting"]
    assert healths(after([looked(5, title=5)])) == ["ok"], "too few pages for a single night"
    assert healths(after([looked(8, title=4)])) == ["ok"], "half of a night's pages"


def test_small_numbers_are_noise() -> None:
    usual = looked(2, title=0)
    assert set(healths(after([looked(2, title=1)] * 2 + [usual], site(20, usual)))) == {"ok"}
    assert healths(after([looked(2, title=2)] * 4, site(20, usual)))[-1] == "drifting"


def test_a_little_more_than_usual_is_no_change() -> None:
    assert set(healths(after([looked(text=0.12)] * 10))) == {"ok"}
    assert healths(after([looked(20, text=0.25)] * 10, site(30, looked(20))))[-1] == "drifting"


def test_a_site_on_which_trafilatura_always_disagrees_is_well() -> None:
    usual = looked(text=0.8, title=5, day=5)
    assert set(healths(after([usual] * 10, site(12, usual)))) == {"ok"}
    half = site(24, looked(8, title=4))
    assert healths(after([looked(8, title=8)] * 5, half))[-1] == "drifting", "it may be told of it all the same"


def test_a_number_that_has_always_gone_up_and_down_is_usual() -> None:
    at = site(4)
    for number in range(24):
        at.run(looked(8, title=7 if number % 8 < 3 else 0))
    # Nights of three in a row are in its past, if they were not told.
    assert at.runs[-1].health is Health.OK


def test_another_version_of_trafilatura_is_no_change_of_the_site() -> None:
    new = looked(text=0.7, reader="drift/by another reader")
    at = site(30)
    assert set(healths(after([new] * 16, at))) == {"ok"}
    assert healths(after([looked(title=5, text=0.7, reader="drift/by another reader")] * 3, at))[-1] == "drifting"


def test_the_first_weeks_have_no_past() -> None:
    """Fourteen nights are asked for; the first of a site is none."""
    assert set(healths(after([BAD] * 3, site(14)))) == {"ok"}
    assert healths(after([BAD] * 3, site(15)))[-1] == "drifting"


def test_a_mix_that_changes_in_the_first_weeks_is_no_change_of_the_site() -> None:
    assert set(healths(after([looked(8)] * 8 + [looked(text=0.5)] * 60, site(1)))) == {"ok"}


@pytest.mark.parametrize("between", [None, crawl(0, 0), {"requests": 3, "discovery_failed": 6, "fault/timeout": 6}])
def test_what_lasts_for_four_weeks_is_usual(between: dict[str, Any] | None) -> None:
    """As for a site that gives less; nights that tell nothing of it do not begin anew."""
    at = site(30)
    nights = [BAD] * 14 + ([between] if between else []) + [BAD] * 40
    told = healths(after(nights, at))
    assert told[0] == "ok" and told.count("drifting") >= 27
    assert set(told[31:]) == {"ok"}
    assert healths(after([looked(text=0.95)] * 10, at))[-1] == "drifting", "it may be told of more"


def test_what_was_well_between_is_not_usual() -> None:
    at = site(30)
    told = healths(after(([BAD] * 20 + [looked()] * 10) * 2, at))
    assert told[19] == told[49] == "drifting"
    assert told[29] == told[59] == "ok"


def test_pages_that_fit_no_layout_may_be_few() -> None:
    """A new template for one kind of page: never as many as make the layout a broken one."""
    some = looked() | {"whole_page": 3, "new_whole_page": 3}
    verdicts = after([some] * 3)
    assert healths(verdicts)[-1] == "drifting"
    assert verdicts[-1].fields == () and "30 % of pages fit no layout on the last 3 nights" in verdicts[-1].words
    assert set(healths(after([looked() | {"whole_page": 1}, looked()] * 3))) == {"ok"}


def test_a_layout_that_fits_nothing_is_broken_first() -> None:
    lost = lost_layout() | {name: number for name, number in BAD.items() if name.startswith("drift/")}
    assert healths(after([lost, lost, lost])) == ["broken"] * 3


def test_it_ends_when_pages_are_as_usual_again_and_not_between() -> None:
    at = site()
    assert healths(after([BAD] * 4, at))[-1] == "drifting"
    assert healths(after([looked(text=0.4), looked(text=0.3)], at)) == ["drifting"] * 2, "it does not flicker"
    assert healths(after([looked()] * 3, at))[-1] == "ok"


def test_it_ends_with_another_edition_of_the_layouts() -> None:
    at = site()
    after([BAD] * 4, at)
    mended = looked(edition=1)
    assert healths(after([mended] * 3, at)) == ["ok"] * 3
    wrong = looked(edition=2) | {"whole_page": 4, "new_whole_page": 4}
    assert healths(after([wrong] * 3, at))[-1] == "drifting", "pages that fit none are held against what was before"


def test_a_right_layout_that_trafilatura_likes_less_is_well() -> None:
    at = site(30, looked(text=0.1))
    assert healths(after([looked(text=0.8)] * 5, at))[-1] == "drifting"
    learned = looked(text=0.55, title=5, day=5, edition=1)
    assert set(healths(after([learned] * 30, at))) == {"ok"}
    assert healths(after([looked(text=0.9, edition=1)] * 7, at))[-1] == "drifting", "held against its own past"


def test_a_small_change_of_texts_that_lasts_is_told() -> None:
    """Of texts that are about as far apart on each page; not of those that are so on some and not on others."""
    assert "drifting" in healths(after([looked(8, text=0.3)] * 7, site(30, looked(8, text=0.1))))
    assert "drifting" in healths(after([looked(8, text=0.6)] * 7, site(30, looked(8, text=0.4))))
    at = site(1)
    for number in range(28):
        at.run(looked(8, text=0.4 if number % 4 == 0 else 0))
    assert set(healths(after([looked(8, text=0.3)] * 7, at))) == {"ok"}


def test_a_drifting_site_may_be_thin_as_well() -> None:
    at = site(30, looked(8))
    verdict = after([looked(8, text=0.7) | {"discovery_lost": 2, "discovery_failed": 2}] * 3, at)[-1]
    assert (verdict.health, verdict.cause, verdict.fields) == (Health.DRIFTING, Cause.LAYOUT, ("text",))
    assert "otherwise than whole-page trafilatura" in verdict.words
    assert verdict.words.endswith("; and no_links: 2 listings could not be read for 3 nights or more")
    assert "; and " not in after([looked(8, text=0.7)] * 3, site(30, looked(8)))[-1].words


def test_a_check_that_passed_begins_anew() -> None:
    at = site()
    after([BAD] * 4, at)
    at.checked_at = at.runs[-1].started_at
    assert set(healths(after([BAD] * 10, at))) == {"ok"}


def test_a_night_that_compared_nothing_leaves_it_as_it_was() -> None:
    at = site()
    after([BAD] * 4, at)
    assert healths(after([crawl(0, 0)], at)) == ["drifting"]
    well = site()
    assert healths(after([crawl(0, 0), looked()], well)) == ["ok", "ok"]


@pytest.mark.parametrize("argument", ["limit", "url", "start"])
def test_a_run_of_a_part_is_no_night(argument: str) -> None:
    at = site()
    assert {at.run(BAD, by_hand={argument: "2020-01-01"}).health for _ in range(4)} == {Health.OK}
    assert at.run(BAD).health is Health.OK
