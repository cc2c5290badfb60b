"""What a crawl counts of its pages and answers."""

from typing import Any

import pytest
from scrapy.http import Request, Response
from scrapy.utils.test import get_crawler

from archive.article import WHOLE_PAGE, Article, Block, BlockKind, Rejection
from archive.store import LAYOUT_LOST, Outcome
from crawler.counting import count_answer, count_page, note_end
from crawler.extraction.comparing import READER, Compared
from crawler.pauses import ROBOTS
from tests.archive.helpers import page

URL = "https://baoquangninh.com.vn/bai-1"


def counted(result: Article | Rejection, outcome: Outcome) -> dict[str, Any]:
    stats = get_crawler().stats
    assert stats is not None
    count_page(stats, result, outcome)
    return stats.get_stats()


def test_the_fields_that_an_article_has_are_counted() -> None:
    lead = (Block(BlockKind.LEAD, "Lời dẫn."), *page("1").blocks)
    assert counted(page("1", author="Lan", blocks=lead), Outcome.NEW) == {
        "articles/new": 1,
        "articles/read": 1,
        "field/title": 1,
        "field/text": 1,
        "field/lead": 1,
        "field/published": 1,
        "field/author": 1,
    }
    assert "field/lead" not in counted(page("1"), Outcome.UNCHANGED)


def test_what_whole_page_trafilatura_says_otherwise_is_added_up() -> None:
    stats = get_crawler().stats
    assert stats is not None
    for one in (Compared(URL, 1.0, 0.5, None, "2020-05-05"), Compared(URL, 1.0, 1.0, None, None)):
        count_page(stats, page("1"), Outcome.NEW, one)
    counts = {name: number for name, number in stats.get_stats().items() if name.startswith("drift/")}
    assert counts == {
        "drift/compared": 2,
        f"drift/by {READER}": 2,
        "drift/text": 333,
        "drift/title": 0,
        "drift/day": 1,
    }
    count_page(stats, page("1"), Outcome.EXCLUDED, Compared(URL, 0, 0, "x", None))
    assert stats.get_value("drift/compared") == 2, "nothing of it is kept"


def test_an_article_without_a_layout_is_told_apart_and_most_of_all_a_new_one() -> None:
    whole = page("1", flags=(WHOLE_PAGE,))
    new, again, lost = (counted(whole, outcome) for outcome in (Outcome.NEW, Outcome.UNCHANGED, Outcome.REJECTED))
    assert new["articles/whole-page"] == new["articles/new-whole-page"] == 1
    assert again["articles/whole-page"] == 1 and "articles/new-whole-page" not in again
    assert (lost["articles/read"], lost["articles/rejected"], lost[f"rejected/{LAYOUT_LOST}"]) == (1, 1, 1)


@pytest.mark.parametrize(("reason", "more"), [("empty", {"articles/empty"}), ("soft-404", set()), ("challenge", set())])
def test_a_refused_page_counts_by_its_reason(reason: str, more: set[str]) -> None:
    told = counted(Rejection(reason, "..."), Outcome.REJECTED)
    assert told.keys() == {"articles/rejected", f"rejected/{reason}"} | more


def test_a_page_that_says_that_its_article_is_gone_counts_as_that() -> None:
    assert counted(Rejection("soft-404", "..."), Outcome.GONE) == {"articles/gone": 1, "rejected/soft-404": 1}


def test_of_one_that_was_taken_down_nothing_else_is_counted() -> None:
    assert counted(page("1"), Outcome.EXCLUDED) == {"articles/excluded": 1}


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (200, {}, {}),
        (404, {}, {"status/404": 1}),
        (404, {"cb_kwargs": {"found": object()}}, {"status/404": 1}),
        (503, {"cb_kwargs": {"found": object()}}, {"status/503": 1}),
        (404, {"meta": {ROBOTS: True}}, {}),
        (500, {"meta": {ROBOTS: True}}, {"status/500": 1}),
        (429, {"meta": {ROBOTS: True}}, {"status/429": 1}),
    ],
)
def test_answers_that_are_errors_are_counted(status: int, asked: dict[str, Any], expected: dict[str, int]) -> None:
    stats = get_crawler().stats
    assert stats is not None
    count_answer(stats, Request(URL, **asked), Response(URL, status))
    assert stats.get_stats() == expected


def test_the_end_of_a_crawl_is_counted_unless_it_had_done_all() -> None:
    for closed, expected in (("finished", None), ("memusage_exceeded", 1)):
        stats = get_crawler().stats
        assert stats is not None
        note_end(stats, closed, 3, 2)
        assert stats.get_value(f"closed/{closed}") == expected
        assert (stats.get_value("discovery/answered"), stats.get_value("articles/template-only")) == (3, 2)
