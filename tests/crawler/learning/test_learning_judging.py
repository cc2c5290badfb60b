"""Pages that did not teach a layout judge it: what agrees with others, what does not, and which page shows that."""

from datetime import date, timedelta

from archive.article import Dated, Precision
from crawler.extraction.layout import Layout, SiteFacts
from crawler.extraction.read import Listed
from crawler.learning.judging import FieldLearned, judged
from crawler.learning.views import View
from tests.crawler.learning.articles import Invented, invented, views_of

LAYOUT = Layout(name="learned", title="h1", body=".noi-dung", date=".ngay", section=".vi-tri a", byline=".ten-tg")


def facts(layouts: tuple[Layout, ...] = ()) -> SiteFacts:
    return SiteFacts(
        layouts=layouts,
        article_key=lambda url: url.rsplit("-", 1)[-1] if "/bai-viet" in url else None,
        canonical_url=lambda url: url,
        date_in_url=lambda url: None,
        oldest=date(2000, 1, 1),
    )


def page(one: Invented, title: str | None = None, author: str = "Hoàng Lan") -> str:
    more = " ".join(f"Câu số {part} của bài {one.number} kể thêm về việc {one.title.lower()}." for part in range(9))
    return (
        f'<p class="vi-tri"><a href="/xa-hoi/">Xã hội</a></p><h1>{title or one.title}</h1>'
        f'<span class="ngay">{one.at:%d/%m/%Y %H:%M}</span><p class="ten-tg">{author}</p>'
        f'<div class="noi-dung">{one.text}<p>{more}</p></div>'
    )


def listed(one: Invented, late: int = 0) -> Listed:
    on = one.at + timedelta(days=late)
    return Listed(title=one.title, section="Xã hội", published=Dated(on, Precision.DAY, "", "listing"))


def rows(views: list[View], layout: Layout = LAYOUT) -> dict[str, FieldLearned]:
    return {row.name: row for row in judged([(layout, [view.specimen for view in views])], facts())}


def test_all_that_is_read_agrees() -> None:
    found = rows(views_of(page, listed=listed))
    for name in ("title", "text", "published", "section", "author"):
        row = found[name]
        assert (row.found, row.agreed, row.of, row.doubts) == (12, 12, 12, ()), name
    assert found["title"].selector == "h1"
    assert "views" not in found


def test_another_title_and_day_are_doubts_with_their_page() -> None:
    views = views_of(
        lambda one: page(one, title="Chuyên trang của báo" if one.number == 3 else None),
        listed=lambda one: listed(one, late=2 if one.number == 4 else 0),
    )
    found = rows(views)
    assert (found["title"].agreed, found["published"].agreed) == (11, 11)
    assert found["title"].doubts[0].startswith(f'{views[3].page.url}: read "Chuyên trang của báo", told ')
    assert found["published"].doubts == (
        f'{views[4].page.url}: read "{invented()[4].at:%Y-%m-%d %H:%M}", '
        f'told "{invented()[4].at + timedelta(days=2):%Y-%m-%d}"',
    )


def test_no_more_than_three_examples() -> None:
    assert len(rows(views_of(lambda one: page(one, title="Chuyên trang của báo"), listed=listed))["title"].doubts) == 3


def test_a_line_that_is_no_name_is_a_doubt() -> None:
    found = rows(views_of(lambda one: page(one, author="Đọc nhiều trong tuần này"), listed=listed))
    assert found["author"].agreed == 0 and found["author"].doubts


def test_a_body_that_is_too_small_does_not_agree() -> None:
    narrow = Layout(name="learned", title="h1", body=".noi-dung > p:first-of-type")
    found = rows(views_of(page, listed=listed), narrow)
    assert found["text"].agreed < found["text"].found


def test_what_nothing_else_tells_is_no_agreement_and_no_doubt() -> None:
    found = rows(views_of(page))
    assert (found["published"].found, found["published"].told, found["published"].agreed) == (12, 0, 0)
    assert not found["published"].doubts


def test_refused_pages_are_told() -> None:
    views = views_of(lambda one: "<p>Trang không tồn tại</p>" if one.number == 0 else page(one), listed=listed)
    found = rows(views)
    assert (found["text"].found, found["text"].of) == (11, 12)
    assert found["text"].doubts[0].startswith(f"{views[0].page.url}: refused, ")


def test_layouts_of_several_templates_are_counted_together() -> None:
    views = views_of(page, listed=listed)
    other = Layout(name="learned-2", title=".vi-tri ~ h1", body=".noi-dung")
    halves = [(LAYOUT, [view.specimen for view in views[:6]]), (other, [view.specimen for view in views[6:]])]
    title = judged(halves, facts())[0]
    assert (title.selector, title.found, title.of) == ("h1; .vi-tri ~ h1", 12, 12)
