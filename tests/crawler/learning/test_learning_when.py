"""Where the date stands: it differs from page to page, is no clock's, and is none of another article's."""

from collections.abc import Callable
from datetime import timedelta

from archive.article import Dated, Precision
from crawler.extraction.read import Listed
from crawler.learning.when import date_of, modified_of
from tests.crawler.learning.articles import FETCHED, Invented, invented, picked, views_of

ARTICLES = invented()
CLOCK = f'<div class="dong-ho">Thứ Ba, ngày {FETCHED:%d/%m/%Y}</div>'
DAYS = [f"{one.at:%d/%m/%Y %H:%M}" for one in ARTICLES]


def more(one: Invented, name: str = "ngay") -> str:
    """A box of another article with its day."""
    other = ARTICLES[(one.number + 5) % len(ARTICLES)]
    return (
        f'<ul class="tin-khac"><li><a href="/tin/bai-viet-nay-{5000 + 37 * other.number}.html">{other.title}</a>'
        f'<span class="{name}">{other.at:%d/%m/%Y %H:%M}</span></li></ul>'
    )


def page(one: Invented, date: str | None = None, beside: str = "") -> str:
    told = f'<span class="ngay">{one.at:%d/%m/%Y %H:%M}</span>' if date is None else date
    return (
        f'{CLOCK}<div class="bai"><h1>{one.title}</h1>{told}{beside}<div class="noi-dung">{one.text}</div>'
        f'{more(one)}</div><p class="chan">Giấy phép ngày 12/03/2015</p>'
    )


def test_date_beside_the_title() -> None:
    views = views_of(page)
    assert picked(views, date_of(views, ".noi-dung")) == DAYS
    assert modified_of(views, ".noi-dung") == ""


def test_clock_and_licence_are_no_dates() -> None:
    views = views_of(lambda one: page(one, date=""))
    assert date_of(views, ".noi-dung") == ""


def test_a_date_that_changes_at_the_next_fetch_is_a_clock_s() -> None:
    def at(minutes: int) -> Callable[[Invented], str]:
        return lambda one: page(one, date=f'<i class="luc">{one.at + timedelta(minutes=minutes):%d/%m/%Y %H:%M}</i>')

    assert date_of(views_of(at(0)), ".noi-dung") != ""
    assert date_of(views_of(at(0), again=at(3)), ".noi-dung") == ""


def test_pages_without_date_give_none_of_another_article() -> None:
    views = views_of(lambda one: page(one, date="" if one.number % 3 == 0 else None))
    found = picked(views, date_of(views, ".noi-dung"))
    assert [value for one, value in zip(ARTICLES, found, strict=True) if one.number % 3] == [
        day for one, day in zip(ARTICLES, DAYS, strict=True) if one.number % 3
    ]


def test_month_is_not_taken_for_day() -> None:
    """The address tells which of two dates is the article's: one has day and month the other way round."""

    def both(one: Invented) -> str:
        return page(one, date=f'<b class="my">{one.at:%m/%d/%Y}</b><b class="ta">{one.at:%d/%m/%Y}</b>')

    views = views_of(both, address=lambda one: f"http://site.vn/{one.at:%Y/%m/%d}/bai-{one.number}.html")
    assert picked(views, date_of(views, ".noi-dung")) == [f"{one.at:%d/%m/%Y}" for one in ARTICLES]


def test_two_dates_told_of_agree_with_what_tells_them() -> None:
    def few(one: Invented) -> str:
        return page(one, date=None if one.number in (2, 7) else "")

    def listed(one: Invented, shift: int = 0) -> Listed:
        return Listed(published=Dated(one.at + timedelta(days=shift), Precision.DAY, "", "listing"))

    assert date_of(views_of(few, listed=listed), ".noi-dung").endswith("ngay")
    assert date_of(views_of(few, listed=lambda one: listed(one, 2)), ".noi-dung") == ""


def test_a_date_that_nothing_confirms_where_others_tell_one_is_not_taken() -> None:
    def listed(one: Invented) -> Listed:
        return Listed(published=Dated(one.at - timedelta(days=40), Precision.DAY, "", "listing"))

    assert date_of(views_of(page, listed=listed), ".noi-dung") == ""


def test_date_and_last_change() -> None:
    def changed(one: Invented) -> str:
        later = one.at + timedelta(hours=5 * (one.number % 4))
        return page(one, beside=f'<span class="sua">Cập nhật {later:%d/%m/%Y %H:%M}</span>')

    views = views_of(changed)
    assert picked(views, date_of(views, ".noi-dung")) == DAYS
    assert modified_of(views, ".noi-dung").endswith("sua")


def test_a_lone_update_is_the_date() -> None:
    views = views_of(lambda one: page(one, date=f'<p class="cn">Cập nhật: {one.at:%H:%M %d/%m/%Y}</p>'))
    assert date_of(views, ".noi-dung").endswith("cn")
    assert modified_of(views, ".noi-dung") == ""


def test_attribute_that_tells_the_minute_is_preferred() -> None:
    def timed(one: Invented) -> str:
        return page(one, date=f'<time class="t" datetime="{one.at:%Y-%m-%dT%H:%M:00+07:00}">{one.at:%d/%m/%Y}</time>')

    assert date_of(views_of(timed), ".noi-dung").endswith("@datetime")


def test_schema_org_says_which_date_it_is() -> None:
    def said(one: Invented) -> str:
        iso = f"{one.at:%Y-%m-%dT%H:%M:00+07:00}"
        return page(one, date=f'<i itemprop="dateModified">{iso}</i><i itemprop="datePublished">{iso}</i>')

    assert date_of(views_of(said), ".noi-dung") == 'i[itemprop="datePublished"]'


def test_a_lead_that_begins_with_a_day_is_no_date() -> None:
    def led(one: Invented) -> str:
        lead = (
            f"Sáng {one.at:%d/%m/%Y}, bà con trong xã cùng nhau làm việc này từ sớm, ai nấy đều vui và mong được mùa."
        )
        return page(one, date="").replace("<div class", f'<p class="sapo">{lead}</p><div class', 1)

    assert date_of(views_of(led), ".noi-dung") == ""


def test_half_of_the_articles_may_be_of_one_day() -> None:
    """A portal was moved that day; a clock shows one day on all."""

    def moved(one: Invented) -> str:
        on = ARTICLES[0].at if one.number % 2 else one.at
        return page(one, date=f'<span class="ngay">{on:%d/%m/%Y}</span>')

    assert date_of(views_of(moved), ".noi-dung").endswith("ngay")


def test_what_readers_see_goes_before_what_is_hidden() -> None:
    """Recorded: the hidden date of a system was days off that which it showed, on one page of five."""

    def two(one: Invented) -> str:
        hidden = one.at + timedelta(days=4 if one.number == 5 else 0)
        return page(one, beside=f'<b class="hidden" itemprop="datePublished">{hidden:%Y-%m-%dT%H:%M:00+07:00}</b>')

    views = views_of(two)
    assert picked(views, date_of(views, ".noi-dung")) == DAYS


def test_a_later_date_elsewhere_is_no_last_change() -> None:
    def voted(one: Invented) -> str:
        later = one.at + timedelta(days=one.number % 4)
        return page(one) + f'<div><div><div><p class="phieu">Đánh giá lúc {later:%d/%m/%Y %H:%M}</p></div></div></div>'

    views = views_of(voted)
    assert date_of(views, ".noi-dung").endswith("ngay")
    assert modified_of(views, ".noi-dung") == ""


def test_two_pages_are_believed_where_the_date_stands_by_the_text() -> None:
    views = views_of(page, articles=ARTICLES[:2])
    assert picked(views, date_of(views, ".noi-dung")) == DAYS[:2]
    far = views_of(
        lambda one: page(one, date="") + "<p>x</p>" * 30 + f'<i class="xa">{one.at:%d/%m/%Y}</i>', articles=ARTICLES[:2]
    )
    assert date_of(far, ".noi-dung") == ""


def test_a_tag_alone_names_no_date_but_time_does() -> None:
    def told(tag: str) -> str:
        views = views_of(lambda one: page(one, date=f"<{tag}>{one.at:%d/%m/%Y %H:%M}</{tag}>"))
        return date_of(views, ".noi-dung")

    assert told("time") == "time"
    assert told("i") not in ("", "i")


def test_a_counter_beside_a_date_grows_at_the_second_fetch_and_the_date_stays() -> None:
    def seen(step: int, days: int = 0) -> Callable[[Invented], str]:
        def markup(one: Invented) -> str:
            at = one.at + timedelta(days=days)
            return page(one, date=f'<p class="ngay">{at:%d/%m/%Y %H:%M} - {200 + one.number + step} lượt xem</p>')

        return markup

    assert date_of(views_of(seen(0), again=seen(1)), ".noi-dung") in (".ngay", "p.ngay")
    assert date_of(views_of(seen(0), again=seen(0, days=1)), ".noi-dung") == ""
