"""Templates, titles by their place, captions, and furniture within bodies."""

from dataclasses import replace
from typing import Any

import pytest

from crawler.extraction.layout import Layout
from crawler.learning.furniture import alike_lines, furniture_of
from crawler.learning.heading import heading_of
from crawler.learning.pictures import above_of, captions_of
from crawler.learning.prose import prose_of
from crawler.learning.templates import grouped
from crawler.learning.views import recurring
from tests.crawler.learning.articles import Invented, views_of
from tests.crawler.learning.made import Markup, article, lead, others, paragraphs, sentence

PICTURE = '<img src="/anh/1.jpg">'


def dropped(text: Markup, again: Markup | None = None, **fields: Any) -> str:
    """What furniture is named in bodies of `text`; links to ``/tin/`` lead to other articles."""
    views = views_of(article(text), again=article(again) if again else None)
    counted = recurring(views)
    layout = replace(Layout(name="x", title="h1", body=".than-bai"), **fields)
    return furniture_of(views, prose_of(views, counted), counted, layout, lambda view, href: href.startswith("/tin/"))


def with_box(box: Markup) -> Markup:
    """A text with a box after its second paragraph."""
    return lambda one: f"{paragraphs(one, 1, 2)}{box(one)}{paragraphs(one, 3, 3)}"


def test_pages_of_two_generations_are_two_templates_whatever_boxes_they_lack() -> None:
    new = views_of(article())[:8]
    new += views_of(article(below=lambda one: ""))[8:10]
    old = views_of(lambda one: f'<table class="bang"><tr><td class="noi-dung">{paragraphs(one)}</td></tr></table>')[10:]
    assert grouped([*old, *new]) == [new, old]


def test_a_title_is_found_by_its_place_where_nothing_tells_it() -> None:
    def page(one: Invented) -> str:
        section = ("Văn hóa xã hội", "Kinh tế chính trị", "An ninh quốc phòng")[one.number % 3]
        return article()(one).replace("<h1", f'<div class="muc">{section}</div><p').replace("</h1>", "</p>")

    assert heading_of(views_of(page), ".than-bai") == ".tieu-de"


def test_a_heading_that_all_pages_share_is_no_title() -> None:
    def page(one: Invented) -> str:
        return article(above=lambda one: "")(one).replace(one.title, "Tin tức trong ngày")

    assert heading_of(views_of(page), ".than-bai") == ""


def test_a_name_that_only_blocks_behind_pictures_bear_is_a_caption_s() -> None:
    def text(one: Invented) -> str:
        caption = f'<div>{PICTURE}<p class="chu-anh">Ảnh của bài {one.number}</p></div>'
        return f"{paragraphs(one, 1, 2)}{caption}{paragraphs(one, 3)}"

    assert captions_of(views_of(article(text)), ".than-bai") == ".chu-anh"

    def alike(one: Invented) -> str:
        return text(one).replace("<p>", '<p class="chu-anh">')

    assert captions_of(views_of(article(alike)), ".than-bai") == ""


def test_alternative_text_that_is_shown_does_not_hide_the_caption_behind_it() -> None:
    def text(one: Invented) -> str:
        said = f"Ảnh của bài {one.number}"
        return f'{paragraphs(one)}{PICTURE}<div class="alt">{said}</div><div class="chu-anh">{said}</div>'

    assert captions_of(views_of(article(text)), ".than-bai") == ".alt, .chu-anh"


def test_a_caption_above_the_body_is_told_from_the_lead() -> None:
    def above(one: Invented) -> str:
        picture = f'<div class="dau">{PICTURE}<span class="chu">Ảnh đầu bài {one.number}</span></div>'
        return f'<div class="sapo">{lead(one)}</div>{picture}'

    views = views_of(article(above=above))
    assert above_of(views, ".than-bai", "h1", ".sapo") == ".dau"
    assert above_of(views_of(article()), ".than-bai", "h1", ".sapo") == ""


def related(one: Invented) -> str:
    return f'<div class="lq"><b>Tin liên quan</b>{others(one)}</div>'


def excerpts(one: Invented) -> str:
    headline = f'<h4><a href="/tin/9.html">Bài đọc thêm số {one.number}</a></h4>'
    return f'<div class="lq">{headline}<p>{sentence(one, 50)}</p></div>'


def label(one: Invented) -> str:
    return '<div class="lq">Nghe đọc bài viết này</div>'


def documents(one: Invented) -> str:
    return f'<div class="lq"><a href="/tep/{one.number}.pdf">Toàn văn quyết định số {one.number}</a></div>'


def headings(one: Invented) -> str:
    return (
        f'<div class="lq">{("Kết quả bước đầu", "Gỡ dần khó khăn", "Nhìn về phía trước")[one.number % 3]} ở đây</div>'
    )


def credit(one: Invented) -> str:
    return '<div class="lq">Theo Báo Nhân Dân</div>'


def news(one: Invented) -> str:
    return f'<div class="lq"><p>{sentence(one, 50)}</p><p>Trước đó, <a href="/tin/9.html">báo đã đưa tin</a>.</p></div>'


@pytest.mark.parametrize("box", [related, excerpts, label])
def test_furniture_with_a_name_is_dropped(box: Markup) -> None:
    assert dropped(with_box(box)) == ".lq"


@pytest.mark.parametrize("box", [documents, headings, credit, news])
def test_what_is_news_on_one_page_is_dropped_on_none(box: Markup) -> None:
    assert dropped(with_box(box)) == ""


def test_a_counter_is_told_by_the_second_fetch() -> None:
    def text(seen: int) -> Markup:
        return with_box(lambda one: f'<div class="dem">Đã có {seen * 31 + one.number} người đọc tin</div>')

    assert dropped(text(1), text(2)) == ".dem"
    assert dropped(text(1), text(1)) == ""


def test_what_another_field_reads_later_is_kept_and_what_it_read_before_goes() -> None:
    def text(one: Invented) -> str:
        return (
            f'<div class="ngay-dang">{one.at:%d/%m/%Y %H:%M}</div>{paragraphs(one)}<div class="lq">{others(one)}</div>'
        )

    assert dropped(text, date=".ngay-dang") == ".ngay-dang, .lq"
    assert dropped(text, byline=".lq", date=".ngay-dang") == ".ngay-dang"

    def empty(one: Invented) -> str:
        return text(one).replace("<ul>", '<i class="ky"></i><ul>')

    assert dropped(empty, byline=".ky", date=".ngay-dang") == ".ngay-dang, .lq"


def test_links_within_the_text_are_not_dropped_with_the_tags() -> None:
    def text(one: Invented) -> str:
        return f'{paragraphs(one)}<p>{sentence(one, 60)} <a href="/the/{one.number}">thẻ {one.number}</a></p>'

    assert dropped(text, tags=".than-bai a") == ""


def test_a_line_without_a_name_that_all_articles_say_is_not_dropped_by_its_words_but_told() -> None:
    said = "Mời bạn đọc theo dõi trang của báo để nhận tin mới."

    def text(one: Invented) -> str:
        return f"{paragraphs(one)}<p>{said}</p>"

    views = views_of(article(text))
    layout = Layout(name="x", title="h1", body=".than-bai")
    assert dropped(text) == ""
    (doubt,) = alike_lines(views, recurring(views), layout)
    assert said in doubt
    assert not list(alike_lines(views, recurring(views), replace(layout, drop=".than-bai p")))
