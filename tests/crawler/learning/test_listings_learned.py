"""Where a section's articles stand, and what leads to its further pages, learned from invented pages."""

import re
from collections.abc import Callable

import pytest

from crawler.discovery.listing import ListingLayout, read_listing
from crawler.extraction.page import Page
from crawler.learning.listings import learn_items
from crawler.learning.pagers import learn_pager

HOST = "https://bao.vn"
BOX = range(900, 906)


def key_of(url: str) -> str | None:
    match = re.fullmatch(r"https://bao\.vn/tin/(\d+)\.html", url)
    return match[1] if match else None


def page(section: int, item: Callable[[int], str], box: str = "side", path: str = "") -> Page:
    """A section's page with ten articles of its own, newest first, and a box of those that all pages have."""
    own = "".join(item(section * 100 + 50 - number) for number in range(10))
    aside = "".join(f'<li><a href="/tin/{number}.html">Tin đọc nhiều số {number}</a></li>' for number in BOX)
    words = f'<html><body><div class="list">{own}</div><ul class="{box}">{aside}</ul></body></html>'
    return Page(f"{HOST}{path or f'/muc-{section}/'}", words.encode())


def dated(number: int) -> str:
    when = f'<span class="when">{number % 28 + 1:02}/03/2020</span>'
    return (
        f'<div class="item"><a href="/muc/">Mục tin</a><a href="/tin/{number}.html"><img src="a.jpg"></a>'
        f'<h3><a href="/tin/{number}.html">Tin số {number}</a></h3>{when}</div>'
    )


def test_items_are_told_from_a_box_that_all_pages_have() -> None:
    found = learn_items([page(section, dated) for section in (1, 2, 3)], key_of)
    assert found is not None
    assert (found.item, found.link, found.date) == (".item", "h3 a", ".when")


def test_the_box_has_the_same_markup_and_is_still_told() -> None:
    def bare(number: int) -> str:
        return f'<li><a href="/tin/{number}.html">Tin số {number}</a></li>'

    found = learn_items([page(section, bare) for section in (1, 2, 3)], key_of)
    assert found is not None and found.date == "" and found.newest_first
    assert ".list" in found.item


def test_a_list_may_be_of_several_dresses() -> None:
    """A large headline above, items, and bare links below: all are the list, the box beside it is not."""

    def varied(number: int) -> str:
        place = 50 - number % 100
        if place == 0:
            return f'<div class="top"><h2><a href="/tin/{number}.html">Tin số {number}</a></h2></div>'
        return dated(number) if place < 6 else f'<p class="more"><a href="/tin/{number}.html">Tin số {number}</a></p>'

    pages = [page(section, varied) for section in (1, 2, 3)]
    found = learn_items(pages, key_of)
    assert found is not None
    layout = ListingLayout(item=found.item, link=found.link, date=found.date)
    listed = [key_of(entry.url) for entry in read_listing(pages[0], layout)]
    assert sorted(map(str, listed), reverse=True) == [str(150 - place) for place in range(10)]


def test_a_list_that_is_not_the_newest_first_is_said_to_be_so() -> None:
    def mixed(number: int) -> str:
        return f'<li><a href="/tin/{number * 7919 % 10_000}.html">Tin số {number}</a></li>'

    found = learn_items([page(section, mixed) for section in (1, 2, 3)], key_of)
    assert found is not None and not found.newest_first


def test_one_page_does_not_tell_a_list_from_a_box() -> None:
    assert learn_items([page(1, dated)], key_of) is None
    boxes = [page(1, dated), Page(f"{HOST}/gioi-thieu/", page(1, dated).body)]
    assert learn_items(boxes, key_of) is None


PAGERS = [
    ("/kinh-te/", "/kinh-te/?page={}", "?page={n}"),
    ("/kinh-te", "/kinh-te/page/{}/", "/page/{n}/"),
    ("/tin/kt_108.html", "/tin/kt_108.html?Page={}", "?Page={n}"),
    ("/tin/kt_108.html", "/tin/kt_108_p{}.html", "{stem}_p{n}.html"),
    ("/tin/kt.html", "/tin/kt/trang-{}.html", "{stem}/trang-{n}.html"),
    ("/kt.aspx?cat=3", "/kt.aspx?cat=3&p={}", "?p={n}"),
]


@pytest.mark.parametrize(("path", "further", "shape"), PAGERS)
def test_a_pager_is_learned_from_the_numbers_of_its_links(path: str, further: str, shape: str) -> None:
    links = "".join(f'<a href="{further.format(number)}">{number}</a>' for number in (1, 2, 3, 17))
    words = f'<html><body><a href="/tin/5.html">5</a>{links}<a href="/lich/2020/12/">12</a></body></html>'
    found = learn_pager({path: Page(HOST + path, words.encode())}, lambda url: key_of(url) is not None)
    assert found is not None and found.page == shape and found.last == {path: 17}


@pytest.mark.parametrize(
    ("numbers", "shape"), [({2: 1, 3: 2}, "?p={n-1}"), ({2: 20, 3: 40}, "?p={20*(n-1)}"), ({2: 31, 3: 77}, None)]
)
def test_pages_may_be_counted_from_zero_or_by_articles(numbers: dict[int, int], shape: str | None) -> None:
    links = "".join(f'<a href="/kt?p={value}">{number}</a>' for number, value in numbers.items())
    found = learn_pager({"/kt": Page(f"{HOST}/kt", f"<html><body>{links}</body></html>".encode())}, lambda url: False)
    assert (found.page if found else None) == shape


def test_a_link_without_a_number_in_its_words_leads_on_if_its_address_says_two() -> None:
    words = '<html><body><a href="/kt/?page=2">Xem thêm</a><a href="/kt/hoi-nghi-lan-2">Tin</a></body></html>'
    found = learn_pager({"/kt/": Page(f"{HOST}/kt/", words.encode())}, lambda url: "hoi-nghi" in url)
    assert found is not None and found.page == "?page={n}"
    assert learn_pager({"/kt/": Page(f"{HOST}/kt/", b"<html><body><a href='/kt/'>1</a></body></html>")}, bool) is None
