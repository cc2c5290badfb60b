"""Articles that go on over several pages: read in a bounded time, in a bounded space."""

from collections.abc import Callable

import pytest

from archive.article import PAGE_CUT, Article, Rejection
from archive.ledger import Found
from crawler import reading
from crawler.extraction import page as page_module
from crawler.extraction.page import Decoded, Page
from crawler.reading import MAX_FURTHER_PAGES, MAX_PAGES_BYTES, read_pages
from crawler.sites import all_sites
from tests.crawler.helpers import FETCHED, LONG

URL = "https://tuyengiaobinhphuoc.vn/dong-gang-duoc-mua-cai-bap/"
FOUND = Found(URL, "8123", "")


def address(number: int) -> str:
    return URL if number == 1 else f"{URL}{number}/"


def page(number: int, of: int, padding: int = 0) -> Page:
    """Page `number` of an article that has `of`, with as many bytes beside the text as asked for."""
    pager = "".join(f"<a href='{address(one)}'>{one}</a>" for one in range(1, of + 1) if one != number)
    markup = (
        "<html><body><article id='post-8123' class='post hentry'>"
        "<time class='entry-date published' datetime='2023-03-12T14:05:00+07:00'></time>"
        "<h1 class='entry-title'>Đồng Găng được mùa cải bắp</h1><div class='entry-content'>"
        f"<p>{LONG[number % len(LONG)]} Trang {number}.</p><div class='page-links'>{pager}</div></div></article>"
        f"<script>/*{' ' * padding}*/</script></body></html>"
    )
    return Page(address(number), markup.encode(), "text/html; charset=utf-8")


def fetched(make: Callable[[int], Page]) -> tuple[Article | Rejection, list[Page]]:
    """Ask for one page after another until the article is whole, as a crawl does."""
    pages = [make(1)]
    while True:
        result, more = read_pages(all_sites()["tuyen_giao_binh_phuoc"], FOUND, pages, FETCHED)
        if more is None:
            return result, pages
        assert more == address(len(pages) + 1)
        pages.append(make(len(pages) + 1))


def test_pages_of_an_article_are_joined_without_reading_all_of_them_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def counted(body: bytes, content_type: str = "", *, really: Callable[..., Decoded] = page_module.decode) -> Decoded:
        parsed.append(body)
        return really(body, content_type)

    monkeypatch.setattr(page_module, "decode", counted)
    number = MAX_FURTHER_PAGES + 1
    result, pages = fetched(lambda one: page(one, number))
    assert isinstance(result, Article), result
    assert [block.text.rsplit(" ", 1)[1] for block in result.blocks] == [f"{one}." for one in range(1, number + 1)]
    assert result.flags == ()
    assert (len(pages), len(parsed) <= 3 * number) == (number, True), len(parsed)


def test_article_of_too_many_pages_is_cut_and_says_so() -> None:
    result, pages = fetched(lambda one: page(one, MAX_FURTHER_PAGES + 2))
    assert isinstance(result, Article), result
    assert (len(pages), result.flags) == (MAX_FURTHER_PAGES + 1, (PAGE_CUT,))


def test_article_whose_pages_are_too_large_together_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PAGES_BYTES == 20 * 2**20
    monkeypatch.setattr(reading, "MAX_PAGES_BYTES", 200_000)
    result, pages = fetched(lambda one: page(one, 9, padding=90_000))
    assert isinstance(result, Article), result
    assert (len(pages), result.flags) == (3, (PAGE_CUT,))
    assert "Trang 3." in result.text and "Trang 4." not in result.text


def test_article_whose_last_page_is_too_large_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_PAGES_BYTES", 200_000)
    result, pages = fetched(lambda one: page(one, 3, padding=90_000))
    assert isinstance(result, Article), result
    assert (len(pages), result.flags) == (3, ())


def test_further_page_that_cannot_be_read_ends_the_asking() -> None:
    def make(one: int) -> Page:
        made = page(one, 9)
        return Page(made.url, b"<div>" * 3_000, made.content_type) if one == 3 else made

    result, pages = fetched(make)
    assert isinstance(result, Rejection)
    assert (len(pages), result.reason) == (3, "too-deep")
