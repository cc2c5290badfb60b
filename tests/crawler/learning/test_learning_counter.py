"""Where the number of views stands: it grows from one fetch to the next, or has a label and differs."""

import pytest

from crawler.learning.counter import count_in, views_of
from tests.crawler.learning.articles import FETCHED, Invented
from tests.crawler.learning.articles import views_of as pages_of


def page(one: Invented, more: int = 0, label: str = "Lượt xem: ", total: int = 900_000) -> str:
    count = 120 + (one.number * 577) % 1000 + more
    return (
        f'<div class="bai"><h1>{one.title}</h1><span class="dem">{label}{count}</span>'
        f'<p class="binh-luan">{one.number % 3} bình luận</p><div class="noi-dung">{one.text}</div></div>'
        f'<div class="chan">Tổng truy cập: {total + one.number + more}</div>'
        f'<i class="gio">{FETCHED:%H:%M %d/%m/%Y}</i>'
    )


def test_number_that_grows() -> None:
    assert views_of(pages_of(page, again=lambda one: page(one, more=2)), ".noi-dung").endswith(".dem")


def test_number_without_label_that_grows() -> None:
    views = pages_of(lambda one: page(one, label=""), again=lambda one: page(one, more=1, label=""))
    assert views_of(views, ".noi-dung").endswith(".dem")


def test_number_that_does_not_grow_is_none() -> None:
    assert views_of(pages_of(page, again=page), ".noi-dung") == ""


def test_number_that_falls_or_jumps_is_none() -> None:
    assert views_of(pages_of(page, again=lambda one: page(one, more=-3)), ".noi-dung") == ""
    assert views_of(pages_of(page, again=lambda one: page(one, more=5_000)), ".noi-dung") == ""


def test_pages_fetched_once_want_a_label() -> None:
    assert views_of(pages_of(page), ".noi-dung").endswith(".dem")
    assert views_of(pages_of(lambda one: page(one, label="")), ".noi-dung") == ""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Lượt xem: 1.270", 1270),
        ("5 875", 5875),
        ("07:05", None),
        ("12/03/2022", None),
        ("Trang 1 / 20", None),
        ("", None),
    ],
)
def test_the_number_of_a_line(text: str, count: int | None) -> None:
    assert count_in(text) == count
