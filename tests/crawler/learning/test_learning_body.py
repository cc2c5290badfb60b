"""Where the body and its lead stand."""

import pytest

from crawler.learning.body import body_of
from crawler.learning.lead import describes, lead_of, unled
from crawler.learning.prose import prose_of
from crawler.learning.views import View, recurring
from tests.crawler.learning.articles import Invented, invented, views_of
from tests.crawler.learning.made import Markup, article, lead, others, paragraphs, sentence


def learned(page: Markup, count: int = 12) -> tuple[str, str]:
    """The selectors of body and lead that pages teach."""
    views = views_of(page, articles=invented(count))
    counted = recurring(views)
    prose = prose_of(views, counted)
    body = body_of(views, prose, counted)
    assert body is not None
    return body.selector, lead_of(views, prose, body.selector, "h1")


def none(one: Invented) -> str:
    return ""


def test_the_body_is_the_narrowest_container_and_the_lead_the_block_above_it() -> None:
    assert learned(article()) == (".than-bai", ".sapo")


def test_few_pages_are_enough_for_a_clear_frame() -> None:
    assert learned(article(), 2) == (".than-bai", ".sapo")


def test_a_lead_at_the_head_of_the_body_is_one_if_nothing_else_is_called_so() -> None:
    def text(one: Invented) -> str:
        return f'<h2 class="sapo">{lead(one)}</h2>{paragraphs(one)}'

    assert learned(article(text, above=none)) == (".than-bai", ".sapo")

    def alike(one: Invented) -> str:
        return paragraphs(one).replace("<p>", '<p class="sapo">')

    assert learned(article(alike, above=none)) == (".than-bai", "")


def test_a_line_of_date_and_tools_is_no_lead() -> None:
    def above(one: Invented) -> str:
        return f'<div class="cong-cu">Cập nhật: {one.at:%d/%m/%Y %H:%M} Nghe đọc bài viết này Lưu bài viết lại</div>'

    assert learned(article(above=above)) == (".than-bai", "")


def test_what_holds_the_whole_text_is_no_lead() -> None:
    def text(one: Invented) -> str:
        return f'<div class="trong">{paragraphs(one)}</div>'

    assert learned(article(text, above=none)) == (".trong", "")
    views = views_of(article(text, above=none))
    assert lead_of(views, prose_of(views), ".than-bai", "h1") == ""


def test_a_lead_may_stand_below_a_picture_where_a_caption_does() -> None:
    def above(one: Invented) -> str:
        return f'<img src="/anh/1.jpg"><div class="sapo">{lead(one)} {sentence(one, 71)}</div>'

    def short(one: Invented) -> str:
        return f'<img src="/anh/1.jpg"><div class="chu">Ảnh đầu bài {one.number}: {one.title}, chụp buổi sáng</div>'

    assert learned(article(above=above)) == (".than-bai", ".sapo")
    assert learned(article(above=short)) == (".than-bai", "")


def test_a_title_is_no_lead() -> None:
    def page(one: Invented) -> str:
        return article(above=none)(one).replace("<h1", "<h4").replace("</h1>", "</h4>")

    views = views_of(page)
    prose = prose_of(views)
    assert lead_of(views, prose, ".than-bai", ".tieu-de") == ""


def test_a_container_with_a_generated_name_is_called_by_the_one_around_it() -> None:
    assert learned(article(name=' class="css-1x8k2z"', above=none))[0] == ".chi-tiet"


def test_of_equals_the_deepest_counts_unless_its_name_tells_only_its_look() -> None:
    def wrapped(one: Invented) -> str:
        return f'<div class="trong">{paragraphs(one)}</div>'

    def gridded(one: Invented) -> str:
        return f'<div class="col-md-9">{paragraphs(one)}</div>'

    assert learned(article(wrapped, name=' id="bai"'))[0] == ".trong"
    assert learned(article(gridded))[0] == ".than-bai"


def test_a_wrapper_that_few_editors_paste_is_not_the_body() -> None:
    def text(one: Invented) -> str:
        return f'<div class="WordSection">{paragraphs(one)}</div>' if one.number % 3 == 0 else paragraphs(one)

    assert learned(article(text))[0] == ".than-bai"


def test_a_body_in_two_parts_is_what_is_around_both() -> None:
    def below(one: Invented) -> str:
        return (
            f'<div class="quang-cao">Quảng cáo</div><div class="phan-sau">{paragraphs(one, 20, 5)}</div>{others(one)}'
        )

    assert learned(article(below=below))[0] == ".chi-tiet"


def test_what_readers_write_and_excerpts_of_other_articles_are_no_text() -> None:
    def comments(one: Invented) -> str:
        said = "".join(f"<li><p>{sentence(one, 30 + n)}</p></li>" for n in range(6))
        return f'<div class="y-kien"><ul>{said}</ul><textarea></textarea></div>'

    def excerpts(one: Invented) -> str:
        items = "".join(
            f'<div><a href="/{n}.html">Bài số {n} đọc cùng bài {one.number}</a><p>{sentence(one, 40 + n)}</p></div>'
            for n in range(6)
        )
        return f'<div class="truoc">{items}</div>'

    assert learned(article(below=comments)) == (".than-bai", ".sapo")
    assert learned(article(above=excerpts))[0] == ".than-bai"


def test_text_above_the_body_that_has_no_name_is_missed_and_told() -> None:
    views = views_of(article(above=lambda one: f"<div>{lead(one)}</div>"))
    prose = prose_of(views)
    assert unled(views, prose, ".than-bai", "h1", "") > 0.9
    named = views_of(article())
    assert unled(named, prose_of(named), ".than-bai", "h1", ".sapo") == 0


def test_pages_that_have_no_such_container_do_not_fit() -> None:
    def films(one: Invented) -> str:
        return article(name=' class="phim"')(one).replace("chi-tiet", "khung-phim").replace("cot-chinh", "cot-phim")

    pages = views_of(article())[:9] + views_of(films)[9:]
    counted = recurring(pages)
    body = body_of(pages, prose_of(pages, counted), counted)
    assert body is not None
    assert body.selector == ".than-bai"
    assert set(body.misfits) == set(pages[9:])


def test_pages_without_any_name_have_no_body() -> None:
    views = views_of(lambda one: f"<div>{paragraphs(one)}</div>")
    counted = recurring(views)
    assert body_of(views, prose_of(views, counted), counted) is None


@pytest.mark.parametrize(
    ("said", "same"), [(lead, True), (lambda one: sentence(one, 60), False), (lambda one: "", None)]
)
def test_a_description_tells_whether_a_text_is_the_lead(said: Markup, same: bool | None) -> None:
    (view,) = views_of(
        article(), head=lambda one: f'<meta name="description" content="{said(one)}">', articles=invented(1)
    )
    assert isinstance(view, View)
    assert describes(view, lead(invented(1)[0])) is same


@pytest.mark.parametrize(
    "line",
    [
        "<span>Ngày đăng: {day}</span> | <span>Lượt xem: {seen}</span> | <span>Tác giả: {author}</span>",
        "<span>Ngày đăng: {day}</span><span>Lượt xem: {seen}</span><span>Tác giả: {author}</span>",
        "Ngày đăng: {day} - Đã xem: {seen} lượt - Tác giả: {author}",
    ],
)
def test_a_line_of_day_counter_and_author_is_no_lead_and_widens_no_body(line: str) -> None:
    def above(one: Invented) -> str:
        author = ("Nguyễn Thị Hoa", "Trần Văn Bình", "Lê Minh Đức")[one.number % 3]
        said = line.format(day=f"{one.at:%d-%m-%Y}", seen=1200 + 37 * one.number, author=author)
        return f'<p class="ke">{said}</p><div class="sapo">{lead(one)}</div>'

    views = views_of(article(above=above))
    prose = prose_of(views)
    assert learned(article(above=above)) == (".than-bai", ".sapo")
    assert unled(views, prose, ".than-bai", "h1", ".sapo") == 0


def test_a_sentence_with_a_day_and_a_dash_stays_a_lead() -> None:
    def above(one: Invented) -> str:
        return f'<p class="sapo">Ngày {one.at:%d/%m/%Y} - {sentence(one, 70)}</p>'

    assert learned(article(above=above)) == (".than-bai", ".sapo")


def test_many_blocks_are_no_lead() -> None:
    def above(one: Invented) -> str:
        return f'<div class="hop">{paragraphs(one, 60, 3)}</div>' if one.number % 2 else ""

    assert learned(article(lambda one: paragraphs(one, 1, 9), above=above))[1] == ""


def entries(one: Invented, count: int) -> str:
    """So many boxes of a name, other ones on each page, and a sentence."""
    boxes = [
        f'<div class="y"><b>Bạn {chr(65 + one.number)}{n}</b><p>{sentence(one, 80 + n)}</p></div>' for n in range(count)
    ]
    return f'<div class="hop">{"".join(boxes)}</div>'


def test_boxes_behind_the_text_as_many_as_readers_wrote_are_no_text() -> None:
    def below(one: Invented) -> str:
        return entries(one, 1 + one.number % 4)

    views = views_of(article(lambda one: paragraphs(one, 1, 7), below=below))
    assert not any("Câu thứ 81 " in leaf.text for view in views for leaf in prose_of(views)[view].sure)
    assert learned(article(lambda one: paragraphs(one, 1, 7), below=below)) == (".than-bai", ".sapo")


def test_boxes_within_the_text_or_as_many_on_each_page_are_text() -> None:
    def text(one: Invented) -> str:
        return f"{paragraphs(one, 1, 4)}{entries(one, 1 + one.number % 2)}{paragraphs(one, 5, 3)}"

    def parts(one: Invented) -> str:
        return f"{paragraphs(one, 1, 7)}{entries(one, 2)}"

    for markup in (text, parts):
        views = views_of(article(markup))
        prose = prose_of(views)
        assert all(any("Câu thứ 80 " in leaf.text for leaf in prose[view].telling) for view in views)
