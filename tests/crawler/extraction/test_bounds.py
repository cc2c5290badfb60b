"""A page that would cost minutes or gigabytes is told from its bytes, and no real one is taken for it."""

from collections.abc import Callable

import pytest

from archive.article import PAGE_CUT, Article, Rejection
from crawler.extraction.bounds import MAX_ATTRIBUTES, MAX_ELEMENTS, too_large
from crawler.extraction.gate import Reason
from tests.crawler.helpers import LONG_HTML, NEWS, NEWS_HTML, no_hang, reading

BQN = "http://baoquangninh.com.vn/kinh-te/202303/dong-gang-duoc-mua-1234567/"
TITLE = "Đồng Găng được mùa cải bắp"


def news(body: str = NEWS_HTML, *, title: str = TITLE, head: str = "", after: str = "") -> str:
    """A page of the newspaper's layout."""
    return (
        f"<html><head>{head}</head><body><h1 id='title'>{title}</h1>"
        f"<div id='date'>Thứ Sáu, 17/03/2023, 11:02 [GMT+7]</div><div id='content'>{body}</div>{after}</body></html>"
    )


def bare(body: str) -> str:
    """The same without any class or id: no layout fits."""
    return f"<html><body><h1>{TITLE}</h1>{body}</body></html>"


def read(page: str) -> Article | Rejection:
    with no_hang():
        return reading("bao_quang_ninh", BQN, page).result


def attributes(value: str, number: int, between: str = " ") -> bytes:
    return f"<p {between.join(f'a{i}{value}' for i in range(number))}>x</p>".encode()


# -- what is refused ---------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["=1", "", "='x'", "='>'", "='<1>'", '="a b"'])
@pytest.mark.parametrize("between", [" ", "/", "\n"])
def test_element_with_too_many_attributes_is_told(value: str, between: str) -> None:
    page = attributes(value, 30_000, between if value else " ")
    found = too_large(page)
    assert found is not None and found[0] == 0 and "attributes" in found[1]


def test_attributes_that_stand_without_a_space_between_them_are_told() -> None:
    found = too_large(attributes("='x'", 20_000, ""))
    assert found is not None and "20,000 attributes" in found[1]


def test_so_many_elements_as_may_be_are_read_and_one_more_is_not() -> None:
    assert too_large(b"<p>x</p>" * MAX_ELEMENTS) is None
    assert too_large(b"<p>x</p>" * (MAX_ELEMENTS + 1)) == (8 * MAX_ELEMENTS, f"it has {MAX_ELEMENTS + 1:,} elements")


@pytest.mark.parametrize(
    "junk",
    [b'<p x="' + b"<a y='" * 40_000, b"<script>" * 40_000 + b"x" * 500_000, b"<!--" * 200_000, b"<p " * 300_000],
    ids=["quotes that never close", "scripts that never close", "comments that never close", "tags that never close"],
)
def test_looking_takes_no_time_whatever_does_not_close(junk: bytes) -> None:
    with no_hang(20):
        too_large(junk)


HOSTILE: dict[str, tuple[Callable[[], str], Reason]] = {
    "200,000 nested tags around the text": (
        lambda: news("<div>" * 200_000 + NEWS_HTML + "</div>" * 200_000),
        Reason.TOO_LARGE,
    ),
    "3,000 nested tags around the text": (
        lambda: news("<div>" * 3_000 + NEWS_HTML + "</div>" * 3_000),
        Reason.TOO_DEEP,
    ),
    "3,000 nested tags without a layout": (lambda: bare("<div>" * 3_000 + NEWS_HTML), Reason.TOO_DEEP),
    "100,000 siblings": (lambda: news(NEWS_HTML + "<p>Một dòng</p>" * 100_000), Reason.TOO_LARGE),
    "200,000 attributes": (
        lambda: news(f"{NEWS_HTML}<p {' '.join(f'a{i}=1' for i in range(200_000))}>x</p>"),
        Reason.TOO_LARGE,
    ),
    "a title of 1 MB": (lambda: news(title="Đồng Găng " * 70_000), Reason.TOO_LARGE),
    "one line of 3 MB": (lambda: news(f"<p>{' '.join(map(str, range(400_000)))}</p>"), Reason.TOO_LARGE),
}


@pytest.mark.parametrize(("page", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_page_that_is_too_much_is_refused(page: Callable[[], str], reason: Reason) -> None:
    refused = read(page())
    assert isinstance(refused, Rejection), refused.title[:80]
    assert refused.reason == reason
    assert len(refused.detail) < 300


# -- what is read ------------------------------------------------------------------------------------
KEPT: dict[str, str] = {
    "nested 1,500 deep, where the parser used to give up": news(
        "<div>" * 1_500 + NEWS_HTML.replace("</p>", "</p>" + "</div>" * 750, 2)
    ),
    "a large picture in an attribute": news(
        NEWS_HTML, head="<img src='data:image/png;base64," + "ab/c+" * 100_000 + "'>"
    ),
    "a long style": news(NEWS_HTML, after=f"<p style='{'color: red; margin: 0; ' * 20_000}'></p>"),
    "a long script with comparisons": news(
        NEWS_HTML, head=f"<script>{'if (a<b && c > d || e => f) g = h; ' * 20_000}</script>"
    ),
    "data for scripts in an attribute": news(NEWS_HTML, after=f"<div data-x='{'[1, 2, 3], ' * 20_000}'></div>"),
    "a link of 6 MB beside the text": news(NEWS_HTML, after=f"<a href='/{'a/' * 3_000_000}'>xin chào</a>"),
    "hundreds of tables within one another": news(f"{('<table><tr><td>' * 500 + '</table>' * 500) * 30}{NEWS_HTML}"),
    "thousands of dates and links in one box": news().replace(
        "<div id='date'>",
        "<div>" + "<b class='date'>1/2/2023</b>" * 20_000 + "<a>x</a>" * 20_000 + f"<a href='{BQN[:-3]}9/'>y</a></div>"
        "<div id='date'>",
    ),
    "as many attributes as may be": news(NEWS_HTML, after=attributes("=1", MAX_ATTRIBUTES).decode()),
    "entities that a document type declares": "<!DOCTYPE html [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {two} '{f'&{one};' * 10}'>" for one, two in zip("abcdefgh", "bcdefghi", strict=True))
    + "<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    + news(NEWS_HTML, after="<p>&i; &x;</p>"),
}


@pytest.mark.parametrize("page", KEPT.values(), ids=KEPT)
def test_article_beside_something_odd_is_read_whole(page: str) -> None:
    found = read(page)
    assert isinstance(found, Article), found
    assert [block.text for block in found.blocks] == list(NEWS)


def test_article_without_a_layout_is_read_1500_elements_deep() -> None:
    found = read(bare("<div>" * 1_500 + LONG_HTML + "</div>" * 1_500))
    assert isinstance(found, Article), found
    assert NEWS[0] in found.text


CUT = {
    "200,000 nested tags": "<div>" * 200_000 + "x" + "</div>" * 200_000,
    "3,000 nested tags": "<div>" * 3_000,
    "100,000 siblings": "<p>Một dòng</p>" * 100_000,
    "20,000 attributes": f"<p {' '.join(f'a{n}=1' for n in range(20_000))}>x</p>",
}


@pytest.mark.parametrize("after", CUT.values(), ids=CUT)
def test_article_whose_body_ends_before_what_is_too_much_is_read_and_says_so(after: str) -> None:
    found = read(news(after=after))
    assert isinstance(found, Article), found
    assert [block.text for block in found.blocks] == list(NEWS)
    assert found.flags == (PAGE_CUT,)
    assert read(news()).flags == ()  # type: ignore[union-attr]
