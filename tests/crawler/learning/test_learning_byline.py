"""Where author and source stand: lines that read as names and differ from page to page, and nothing else."""

from collections.abc import Callable

from crawler.extraction.select import select_all, words
from crawler.extraction.text import squash
from crawler.learning.byline import byline_of, credit_of, kind_of
from crawler.learning.views import View
from tests.crawler.learning.articles import TITLES, Invented, views_of

NAMES = ("Hoàng Lan", "Vi Văn Tú - Thu Hà", "Lò Thị Mai", "Phạm Đức (Công an huyện)", "Mai Anh", "Quốc Bình")


def name(one: Invented) -> str:
    return NAMES[one.number % len(NAMES)]


def page(
    beside: Callable[[Invented], str] = lambda one: "", inside: Callable[[Invented], str] = lambda one: ""
) -> list[View]:
    return views_of(
        lambda one: (
            '<ul class="menu"><li><a href="/ha-noi">Hà Nội</a></li></ul>'
            f'<div class="bai"><h1>{one.title}</h1>{beside(one)}'
            f'<div class="noi-dung">{one.text}{inside(one)}</div></div>'
        )
    )


def taken(views: list[View], selectors: str) -> list[str]:
    return [squash(words(node)) for view in views for node in select_all(view.tree, selectors)]


def test_author_beside_the_text() -> None:
    views = page(beside=lambda one: f'<p class="ten-tg">{name(one)}</p>' if one.number % 4 else "")
    found = byline_of(views, ".noi-dung")
    assert taken(views, found) == [NAMES[i % len(NAMES)] for i in range(len(TITLES)) if i % 4]
    assert credit_of(views, ".noi-dung") == ""


def test_author_within_the_text_by_a_class_of_its_own() -> None:
    views = page(inside=lambda one: f'<p class="tac-gia">{name(one)}</p>')
    assert byline_of(views, ".noi-dung").endswith(".tac-gia")


def test_last_lines_without_a_name_are_left_to_their_shape() -> None:
    views = page(inside=lambda one: f'<p style="text-align:right"><strong>{name(one)}</strong></p>')
    assert byline_of(views, ".noi-dung") == ""


def test_a_class_that_sentences_bear_too_is_not_taken() -> None:
    views = page(
        inside=lambda one: f'<p class="doan">Cả xã có {one.number + 3} hộ tham gia.</p><p class="doan">{name(one)}</p>'
    )
    assert byline_of(views, ".noi-dung") == ""


def test_the_account_that_posts_all_is_no_author() -> None:
    views = page(beside=lambda one: '<span class="dang-boi">Trần Quản Trị</span>')
    assert byline_of(views, ".noi-dung") == ""


def test_a_few_pages_posted_by_others_make_no_author() -> None:
    views = page(beside=lambda one: f'<span class="dang-boi">{"Lê Thu" if one.number == 5 else "Trần Quản Trị"}</span>')
    assert byline_of(views, ".noi-dung") == ""


def test_readers_who_comment_are_no_authors() -> None:
    def comments(one: Invented) -> str:
        said = f'<div class="y-kien"><b class="ai">{name(one)}</b> Bài hay.</div>'
        return f'<div class="binh-luan">{said}<form><textarea name="y"></textarea></form></div>'

    assert byline_of(page(beside=comments), ".noi-dung") == ""


def test_source_that_few_pages_tell() -> None:
    """A label, in an element that no editor writes, is enough on one page of twelve."""

    def sourced(one: Invented) -> str:
        return '<div class="nguon">(Theo Báo Sông Ngàn)</div>' if one.number == 4 else ""

    assert credit_of(page(inside=sourced), ".noi-dung").endswith(".nguon")


def test_one_source_on_a_few_pages() -> None:
    def sourced(one: Invented) -> str:
        return '<div class="nguon">(Theo Báo Sông Ngàn)</div>' if one.number in (2, 9) else ""

    assert credit_of(page(inside=sourced), ".noi-dung").endswith(".nguon")


def test_a_paragraph_that_names_a_source_once_is_not_enough() -> None:
    def sourced(one: Invented) -> str:
        return '<p class="MsoBody">(Theo Báo Sông Ngàn)</p>' if one.number == 4 else ""

    views = page(inside=sourced)
    assert credit_of(views, ".noi-dung") == byline_of(views, ".noi-dung") == ""


def test_author_and_source_in_places_of_their_own() -> None:
    def both(one: Invented) -> str:
        return f'<p class="ten-tg">{name(one)}</p><p class="nguon">Nguồn: Báo {TITLES[one.number].split()[0]} Ngàn</p>'

    views = page(beside=both)
    assert byline_of(views, ".noi-dung").endswith(".ten-tg")
    assert credit_of(views, ".noi-dung").endswith(".nguon")


def test_what_a_line_names() -> None:
    assert kind_of("Tác giả: Hoàng Lan") == "author"
    assert kind_of("Tác giả bài viết: Tổng hợp") == "author"
    assert kind_of("Tác giả bài viết:") == ""
    assert kind_of("Theo Báo Sông Ngàn") == "credit"
    assert kind_of("Công an huyện Mường Lạn") == "office"
    assert kind_of("Bà con thu hoạch gừng trên nương.") == ""


def test_sections_that_are_written_as_names_are_no_authors() -> None:
    sections = ("Thể Thao", "Kinh Tế", "Giáo Dục")
    menu = "".join(f'<a href="/{number}/">{name}</a>' for number, name in enumerate(sections))
    views = views_of(
        lambda one: (
            f'<div class="menu">{menu}</div><div class="bai"><a class="muc" href="/m/">{sections[one.number % 3]}</a>'
            f'<h1>{one.title}</h1><div class="noi-dung">{one.text}</div></div>'
        )
    )
    assert kind_of("Thể Thao") == "author"
    assert byline_of(views, ".noi-dung") == ""
