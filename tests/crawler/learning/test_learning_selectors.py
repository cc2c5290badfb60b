"""The selectors that learning writes."""

import pytest

from crawler.learning.selectors import Case, Pick, covering, is_stable, picked, shortest
from crawler.learning.views import View
from tests.crawler.learning.pages import view


def case(seen: View, marked: str = "x") -> Case:
    """What is to be picked of a page: the elements that bear the mark as an attribute of data."""
    return Case(seen, tuple(seen.tree.xpath(f"//*[@data-is='{marked}']")))


@pytest.mark.parametrize(
    "name",
    [
        "content",
        "news-detail",
        "tinTucChiTiet",
        "bodytext",
        "col-md-8",
        "entry_title",
        "h1",
        "ArticleHeader",
        "fs16",
        "tinTucMoi",
        "newsDetail",
        "col-left-main",
        "col-md-12",
        "box-2",
        "lblNDung",
        "contentHTML",
        "sign-in",
    ],
)
def test_a_name_that_stays(name: str) -> None:
    assert is_stable(name)


@pytest.mark.parametrize(
    "name",
    [
        "post-12345",
        "css-1x2y3z",
        "sc-bdVaJa2",
        "a1b2c3d4",
        "active",
        "article_2929935",
        "Box__aX9kQ2p",
        "1st",
        "a:b",
        "sc-bdVaJa",
        "kfXbZq",
        "css-qmxtzk",
        "style__Body-kfXbZq",
        "is-active",
        "ui-state-active",
        "menu-item-45",
        "swiper-slide-active",
        "post-12",
        "node-97",
    ],
)
def test_a_name_that_goes(name: str) -> None:
    assert not is_stable(name)


def test_an_id_is_preferred_to_a_class_and_a_class_to_two_parts() -> None:
    pages = [view('<div id="than" class="noi-dung" data-is="x"><p class="noi-dung">a</p></div>') for _ in range(2)]
    assert shortest([case(one) for one in pages]) == "#than"
    pages = [view('<div id="bai-83321" class="noi-dung" data-is="x">a</div>') for _ in range(2)]
    assert shortest([case(one) for one in pages]) == ".noi-dung"


def test_a_class_that_others_bear_too_needs_what_stands_around_it() -> None:
    pages = [
        view('<div class="tin"><b class="ten">khác</b></div><div class="bai"><b class="ten" data-is="x">a</b></div>')
        for _ in range(2)
    ]
    assert shortest([case(one) for one in pages]) == ".bai .ten"


def test_a_selector_has_to_hold_on_all_pages_or_on_the_share_asked_for() -> None:
    pages = [view('<div class="bai" data-is="x">a</div>') for _ in range(9)]
    odd = view('<div class="bai">nhầm</div><div class="bai" data-is="x">a</div>')
    cases = [case(one) for one in [*pages, odd]]
    assert shortest(cases) == ""
    assert shortest(cases, right=0.9) == ".bai"


def test_where_nothing_is_wanted_nothing_may_be_found() -> None:
    having, without = view('<p class="tua" data-is="x">a</p>'), view('<i class="tua">khác</i>')
    assert shortest([case(having)]) == ".tua"
    assert shortest([case(having), case(without)]) == "p.tua"


def test_the_first_with_words_counts_and_the_largest_for_bodies() -> None:
    seen = view('<p class="a"></p><p class="a" data-is="x">một</p><p class="a" data-is="largest">một hai</p>')
    assert shortest([case(seen)]) == ".a"
    assert shortest([case(seen, "largest")]) == ""
    assert shortest([case(seen, "largest")], Pick.LARGEST) == ".a"
    assert picked(seen, ".a", Pick.FIRST) == list(case(seen).nodes)


def test_an_attribute_is_read_where_the_words_are_not() -> None:
    seen = view('<time datetime="2022-12-01" data-is="x"></time>')
    assert shortest([case(seen)]) == ""
    assert shortest([case(seen)], attribute="datetime") == "time@datetime"


def test_no_position_and_no_bare_div_is_written() -> None:
    seen = view("<div><div data-is='x'>a</div></div><div>b</div>")
    assert shortest([case(seen)]) == ""


def test_several_kinds_of_node_give_a_list() -> None:
    pages = [
        view('<p class="a" data-is="x">1</p><p class="b" data-is="x">2</p><p class="c">3</p>'),
        view('<p class="b" data-is="x">2</p><p class="c">3</p>'),
    ]
    assert covering([case(one) for one in pages]) == ".b, .a"


def test_a_list_names_nothing_that_is_not_wanted() -> None:
    pages = [view('<p class="a" data-is="x">1</p><p class="b" data-is="x">2</p>'), view('<p class="a">1</p>')]
    cases = [case(one) for one in pages]
    assert covering(cases) == ""
    assert covering(cases[:1]) == ".a, .b"
