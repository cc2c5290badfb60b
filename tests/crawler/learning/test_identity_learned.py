"""An id that the page names, learned where addresses have none."""

from datetime import datetime, timedelta

from archive.clock import VIETNAM
from crawler.extraction.page import Page
from crawler.learning.identity import FEWEST, id_on_page

FIRST = datetime(2020, 1, 1, tzinfo=VIETNAM)
DATES = [FIRST + timedelta(days=10 * number) for number in range(12)]


def pages(head: str = "", body: str = "") -> list[Page]:
    """Twelve pages in the order of time; `{id}` is counted up, `{views}` is not, `{year}` is one for all."""
    return [
        Page(
            "https://bao.vn/tin/",
            f"<html><head>{head}</head><body>{body}</body></html>".replace("{id}", str(1480 + 7 * number))
            .replace("{views}", str(number * 7919 % 1000))
            .replace("{year}", "2020")
            .encode(),
        )
        for number in range(12)
    ]


def test_the_short_link_goes_before_the_articles_own_id() -> None:
    article = '<article id="post-{id}"><p>Tin</p></article>'
    assert id_on_page(pages('<link rel="shortlink" href="https://bao.vn/?p={id}">', article), DATES) == (
        "link[rel=shortlink]@href"
    )
    assert id_on_page(pages("", article), DATES) == 'article[id^="post-"]@id'
    # The number of the host would be read for the id.
    assert id_on_page(pages('<link rel="shortlink" href="https://bao24.vn/?p={id}">', article), DATES) == (
        'article[id^="post-"]@id'
    )


def test_a_field_may_name_it_and_a_counter_does_not() -> None:
    field = '<input type="hidden" name="{0}" value="{1}">'
    assert id_on_page(pages("", field.format("NewsId", "{id}")), DATES) == 'input[name="NewsId"]@value'
    assert id_on_page(pages("", field.format("hits", "{views}") + field.format("y", "{year}")), DATES) == ""


def test_the_id_of_another_article_first_is_none_of_this_one() -> None:
    related = '<article id="post-77"></article><article id="post-{id}"></article>'
    assert id_on_page(pages("", related), DATES) == ""


def test_without_dates_or_with_few_pages_nothing_is_believed() -> None:
    article = '<article id="post-{id}"></article>'
    assert id_on_page(pages("", article), [None] * 12) == ""
    assert id_on_page(pages("", article)[: FEWEST - 1], DATES[: FEWEST - 1]) == ""
