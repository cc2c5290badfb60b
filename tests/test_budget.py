"""A budget of requests: nothing is asked beyond it, and night after night a backfill comes to its end."""

from collections.abc import Callable
from typing import Any

import pytest

from crawler.sites import find_site
from crawler.timing import Timing
from tests.conftest import NOW, Program, number_of_articles
from tests.sample_web.harness import SampleWeb


def nights(program: Program, web: SampleWeb, budget: int, *options: str) -> list[list[dict[str, Any]]]:
    """The requests of each night of a crawl with a budget, until one does not use it up and says nothing of it."""
    out: list[list[dict[str, Any]]] = []
    day, rest = NOW.partition("T")[::2]
    year, month, first = day.split("-")
    while len(out) < 12:
        seen = len(web.log())
        now = f"{year}-{month}-{int(first) + len(out):02}T{rest}"
        done = program.run(
            "crawl", "bao_quang_ninh", "--budget", str(budget), *options, "-s", "DOWNLOAD_DELAY=0", BAOTINH_NOW=now
        )
        out.append(web.log()[seen:])
        if f"the budget of {budget} requests is used" not in done.stdout:
            return out
        assert "articles wait, and the next run goes on there" in done.stdout
    raise AssertionError(f"not through after {len(out)} nights")


def test_night_after_night_a_backfill_comes_to_the_end(program: Program, web: SampleWeb) -> None:
    # Some three nights: what each begins with, and articles.
    budget = 20
    asked = nights(program, web, budget)
    assert [len(one) for one in asked[:-1]] == [budget] * (len(asked) - 1) and len(asked[-1]) <= budget
    assert asked[0][0]["path"] == "/robots.txt"
    published = [article["published"] for article in program.articles()]
    assert len(published) == number_of_articles("bao_quang_ninh")
    is_article = find_site("bao_quang_ninh").article_path.fullmatch
    articles = [row["path"] for one in asked for row in one if is_article(row["path"])]
    assert len(articles) == len(set(articles)) == len(published)


def test_a_budget_of_nothing_is_refused(program: Program, refusal: Callable[..., str]) -> None:
    assert "budget" in refusal(program, "crawl", "bao_quang_ninh", "--budget", "0", code=2)


def test_nor_may_a_site_declare_one() -> None:
    assert Timing(budget=1).budget == 1
    with pytest.raises(ValueError, match="budget 0: give the requests of a night"):
        Timing(budget=0)
