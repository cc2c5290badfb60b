"""Dates as Vietnamese sites write them; never the clock's, never another article's."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article, Dated, Precision
from archive.clock import VIETNAM
from crawler.extraction.dates import parse_date, plausible, structured_dates
from crawler.extraction.layout import Layout, SiteFacts
from crawler.extraction.read import Listed, read
from tests.crawler.helpers import FETCHED, LONG_HTML, NEWS_HTML, TITLE, at, day, no_hang, page_of

WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")

MINUTES = {
    "newspaper, GMT+7": "{weekday}, {d:%d/%m/%Y}, {d:%H:%M} [GMT+7]",
    "updated, dash": "Cập nhật: {lower} {d:%d/%m/%Y} - {d:%H:%M}",
    "time, bar, day": "{d:%H:%M} |{d:%d/%m/%Y}",
    "time, comma, day": "{d:%H:%M}, {d:%d/%m/%Y}",
    "dots in brackets": "({d:%d.%m.%Y} {d:%H:%M})",
    "month in words": "{lower}, {d.day} Tháng {d.month} {d.year} {d:%H:%M}",
    "month and year in words": "Ngày {d.day} tháng {d.month} năm {d.year}, lúc {d:%H:%M}",
    "not padded": "{d.day}/{d.month}/{d.year} {d.hour}:{d.minute:02}",
    "seconds": "{d:%d/%m/%Y %H:%M}:07",
    "giờ": "{d.hour} giờ {d.minute:02} ngày {d:%d/%m/%Y}",
    "h": "{d.hour}h{d.minute:02} {d:%d/%m/%Y}",
    "hyphens": "{d:%d-%m-%Y} | {d:%H:%M}",
    "posted on, with weekday number": "Đăng lúc: {d:%H:%M} thứ {number}, {d:%d/%m/%Y}",
    "weekday between": "{d:%H:%M}, {weekday}, {d:%d/%m/%Y}",
    "day, weekday before, at": "{weekday}, ngày {d:%d/%m/%Y} lúc {d:%H:%M}",
    "English half day": "{d.day}/{d.month}/{d.year} {d:%I:%M} {half}",
    "Vietnamese half day": "{d:%d/%m/%Y} {d:%I:%M} {nửa}",
    "American server": "{d.month}/{d.day}/{d.year} {d:%I:%M}:00 {half}",
    "ISO": "{d:%Y-%m-%dT%H:%M}:00+07:00",
    "ISO without colon in zone": "{d:%Y-%m-%dT%H:%M}:00+0700",
    "ISO in UTC": "{utc:%Y-%m-%dT%H:%M}:00Z",
    "ISO with fractions": "{utc:%Y-%m-%dT%H:%M}:00.000Z",
    "database": "{d:%Y-%m-%d %H:%M}",
}
DAYS = {
    "slashes": "{d:%d/%m/%Y}",
    "not padded": "{d.day}/{d.month}/{d.year}",
    "dots": "{d:%d.%m.%Y}",
    "hyphens": "Ngày {d:%d-%m-%Y}",
    "weekday": "{weekday}, {d:%d/%m/%Y}",
    "posted": "Đăng ngày {d:%d/%m/%Y}",
    "in words": "Ngày {d.day} tháng {d.month} năm {d.year}",
    "in words with comma": "{d.day} Tháng {d.month}, {d.year}",
    "ISO": "{d:%Y-%m-%d}",
    "ISO not padded": "{d.year}-{d.month}-{d.day}",
    "in brackets": "({d:%d/%m/%Y})",
}

INSTANTS = st.datetimes(datetime(1995, 1, 1), datetime(2035, 12, 31)).map(
    lambda d: d.replace(second=0, microsecond=0, tzinfo=VIETNAM)
)


def written(form: str, instant: datetime) -> str:
    weekday = WEEKDAYS[instant.weekday()]
    return form.format(
        d=instant,
        utc=instant - timedelta(hours=7),
        weekday=weekday,
        lower=weekday.capitalize(),
        number=min(instant.weekday() + 2, 7),
        half="AM" if instant.hour < 12 else "PM",
        nửa="SA" if instant.hour < 12 else "CH",
    )


HALF_DAYS = ("English half day", "Vietnamese half day", "American server")


@pytest.mark.parametrize(
    "form", [MINUTES[name] for name in MINUTES if name not in HALF_DAYS], ids=[n for n in MINUTES if n not in HALF_DAYS]
)
@given(instant=INSTANTS)
def test_minute_in_a_sites_form_is_read_back_exactly(form: str, instant: datetime) -> None:
    found = parse_date(written(form, instant))
    assert found is not None
    assert (found.instant, found.precision) == (instant, Precision.MINUTE)
    assert found.instant.utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize("form", [MINUTES[name] for name in HALF_DAYS[1:]], ids=HALF_DAYS[1:])
@given(instant=INSTANTS)
def test_half_day_is_read_back_and_its_midnight_is_a_day(form: str, instant: datetime) -> None:
    found = parse_date(written(form, instant))
    assert found is not None
    midnight = instant.hour == instant.minute == 0
    assert (found.instant, found.precision) == (instant, Precision.DAY if midnight else Precision.MINUTE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03/04/2021 08:15 AM", "2021-04-03T08:15"),
        ("3/4/2021 8:15:07 AM", "2021-03-04T08:15"),
        ("03/04/2021 08:15", "2021-04-03T08:15"),
        ("3/4/2021 8:15 SA", "2021-04-03T08:15"),
        ("3/4/2021 8:15 CH", "2021-04-03T20:15"),
        ("4/3/2021 12:15 PM", "2021-04-03T12:15"),
        ("13/4/2021 8:15 PM", "2021-04-13T20:15"),
    ],
)
def test_month_stands_before_the_day_only_on_a_server_set_to_english(text: str, expected: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.instant == at(expected)


@given(instant=INSTANTS.filter(lambda d: d.day > 12 and d.hour > 0))
def test_english_half_day_after_a_day_no_month_can_be_is_day_first(instant: datetime) -> None:
    found = parse_date(written(MINUTES["English half day"], instant))
    assert found is not None
    assert found.instant == instant


@pytest.mark.parametrize("form", DAYS.values(), ids=DAYS)
@given(instant=INSTANTS)
def test_day_in_a_sites_form_is_read_back_as_a_day(form: str, instant: datetime) -> None:
    found = parse_date(written(form, instant))
    assert found is not None
    assert (found.instant, found.precision) == (instant.replace(hour=0, minute=0), Precision.DAY)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2021",
        "29/02/2021 10:00",
        "31/04/2020, 08:30",
        "00/10/2021",
        "12/13/2021",
        "2021-02-30T10:00:00+07:00",
        "2021-13-01",
        "99/99/9999",
        "17/11/20",
        "17/11",
        "11:02",
        "tháng 11 năm 2020",
        "0209.388.2020",
        "Số 12/2020/QĐ-UBND",
        "Giá 7.12020 đồng",
        "Mã số 07-112020",
        "5/1 2021999",
        "1.270 lượt",
        "",
        "hôm nay",
        "2 giờ trước",
    ],
)
def test_impossible_or_partial_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17/11/2020 09:30 Chia sẻ", "2020-11-17T09:30"),
        ("17/11/2020 - 09:30 Chuyên mục: Kinh tế", "2020-11-17T09:30"),
        ("17/11/2020 09:30 Chủ nhật", "2020-11-17T09:30"),
        ("17/11/2020 12:05 sau giờ họp", "2020-11-17T12:05"),
        ("7/11/2020 9:30 PMU 18", "2020-11-07T09:30"),
        ("17/11/2020 09:30CH", "2020-11-17T21:30"),
        ("17/11/2020 09:30 CH | In trang", "2020-11-17T21:30"),
        ("2 giờ 30 chiều 17/11/2020", "2020-11-17T14:30"),
        ("17/11/2020, 7h30 tối", "2020-11-17T19:30"),
        ("17/11/2020, 7h30 sáng", "2020-11-17T07:30"),
    ],
)
def test_half_of_the_day_is_a_word_of_its_own(text: str, expected: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert (found.instant, found.precision) == (at(expected), Precision.MINUTE)


@pytest.mark.parametrize("text", ["17/11/2020 24:00", "17/11/2020 11:60", "17/11/2020 - 25:10"])
def test_impossible_time_leaves_the_day(text: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert (found.instant, found.precision) == (at("2020-11-17"), Precision.DAY)


@pytest.mark.parametrize(
    ("start", "is_a_day"),
    [("1/1", False), ("17/11/2020", True), ("11:02", False), ("11:02, thứ", False), ("2021-01-01T10:00", True)],
)
@pytest.mark.parametrize("fill", [" ", "\n", ", ", "-", "( "])
def test_thousands_of_blanks_after_the_beginning_of_a_date_do_not_hang(start: str, is_a_day: bool, fill: str) -> None:
    with no_hang():
        assert (parse_date(start + fill * 10_000 + "x") is not None) is is_a_day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gửi lúc 17/11/2020 11:02, sửa lúc 18/11/2020 09:00", "2020-11-17T11:02"),
        ("Đăng ngày 17/11/2020, cập nhật 18/11/2020 08:00", "2020-11-17T00:00"),
    ],
)
def test_first_of_two_dates_counts(text: str, expected: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.instant == at(expected)


def test_machine_midnight_is_a_day() -> None:
    found = parse_date("2021-03-30T00:00:00")
    assert found is not None
    assert (found.instant, found.precision) == (at("2021-03-30"), Precision.DAY)


@given(st.text(alphabet="0123456789/:-. ,|hTZ+ángày", max_size=40))
def test_no_string_of_digits_and_marks_makes_it_fail(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.raw in text


@given(st.text(max_size=60))
def test_same_text_gives_the_same_date_always(text: str) -> None:
    assert parse_date(text) == parse_date(text)


# -- plausible -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2009-01-01T00:00", True),
        ("2008-12-31T23:59", False),
        ("2023-06-01T09:30", True),
        ("2023-06-02T09:30", True),
        ("2023-06-02T09:31", False),
        ("2032-06-01T09:30", False),
    ],
    ids=["first day", "before the site", "now", "a day ahead", "more than a day ahead", "years ahead"],
)
def test_plausible_lies_between_the_sites_first_day_and_the_fetch(instant: str, expected: bool) -> None:
    found = Dated(at(instant), Precision.MINUTE, "", "layout")
    assert plausible(found, date(2009, 1, 1), FETCHED) is expected


def test_no_date_is_not_plausible() -> None:
    assert not plausible(None, date(2009, 1, 1), FETCHED)


# -- structured data -------------------------------------------------------------------------------
def structured(head: str) -> tuple[str | None, str | None]:
    published, modified = structured_dates(page_of(head).tree)
    return tuple(f"{one.instant:%Y-%m-%dT%H:%M} {one.source}" if one else None for one in (published, modified))  # type: ignore[return-value]


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


LD = '{"@type": "NewsArticle", "datePublished": "2021-03-30T08:15:00+07:00", "dateModified": "2021-03-30T01:45:00Z"}'
BOTH = ("2021-03-30T08:15 json-ld", "2021-03-30T08:45 json-ld")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(ld(LD), BOTH, id="json-ld"),
        pytest.param(ld(f"[{LD}]"), BOTH, id="list"),
        pytest.param(
            ld('{"@graph": [{"@type": "WebSite", "datePublished": "2001-01-01"}, ' + LD + "]}"),
            BOTH,
            id="graph",
        ),
        pytest.param(ld(LD.replace('"NewsArticle"', '["Thing", "NewsArticle"]')), BOTH, id="several types"),
        pytest.param(ld("{broken") + ld(LD), BOTH, id="broken script before"),
        pytest.param(ld("[" * 50_000) + ld(LD), BOTH, id="script without a bottom before"),
        pytest.param(ld("[" + "0," * 1_000_000 + LD + "]"), BOTH, id="long list"),
        pytest.param(ld("null") + ld("42") + ld('"x"') + ld("[]"), (None, None), id="no objects"),
        pytest.param(ld(LD.replace("NewsArticle", "Event")), (None, None), id="an event's date"),
        pytest.param(ld(LD.replace("NewsArticle", "WebPage")), (None, None), id="a page's date"),
        pytest.param(ld('{"@type": "NewsArticle", "datePublished": 20210330}'), (None, None), id="a number"),
        pytest.param(
            ld('{"@type": "NewsArticle", "datePublished": "\n2021-03-30T08:15"}'),
            (BOTH[0], None),
            id="newline in string",
        ),
        pytest.param(
            '<meta property="article:published_time" content="2021-03-30T08:15:00+07:00">'
            '<meta property="article:modified_time" content="2021-03-30T08:45:00+07:00">',
            ("2021-03-30T08:15 meta", "2021-03-30T08:45 meta"),
            id="meta property",
        ),
        pytest.param(
            '<meta name="pubdate" content="30/03/2021 08:15">',
            ("2021-03-30T08:15 meta", None),
            id="meta name",
        ),
        pytest.param(
            '<meta itemprop="datePublished" content="2021-03-30T08:15">',
            ("2021-03-30T08:15 meta", None),
            id="itemprop",
        ),
        pytest.param('<meta name="pubdate" content=""><meta name="pubdate">', (None, None), id="empty meta"),
        pytest.param('<meta name="expires" content="2021-03-30">', (None, None), id="expiry"),
        pytest.param(ld(LD) + '<meta name="pubdate" content="2019-01-01">', BOTH, id="json-ld before meta"),
    ],
)
def test_structured_dates(head: str, expected: tuple[str | None, str | None]) -> None:
    with no_hang():
        assert structured(head) == expected


# -- the order of sources --------------------------------------------------------------------------
LAYOUT = Layout(name="thử", title="h1", body=".bai", date=".ngay", modified=".sua")


def dated(
    page: str = "",
    *,
    url: str | None = None,
    listed: str | None = None,
    sitemap: str | None = None,
    layouts: tuple[Layout, ...] = (LAYOUT,),
) -> tuple[Dated | None, Dated | None]:
    """Publication and modification date of an article on a page that also shows `page`."""

    def parsed(text: str | None, source: str) -> Dated | None:
        found = parse_date(text) if text else None
        return Dated(found.instant, found.precision, found.raw, source) if found else None

    facts = SiteFacts(
        layouts=layouts,
        article_key=lambda _: "700001",
        canonical_url=lambda url: url,
        date_in_url=lambda _: parsed(url, "url"),
        oldest=day("2009-01-01"),
    )
    context = Listed(published=parsed(listed, "listing"), modified=parsed(sitemap, "sitemap"))
    result = read(
        page_of(f"<h1>{TITLE}</h1>{page}<div class='bai'>{NEWS_HTML}</div>"), facts, FETCHED, listed=context
    ).result
    assert isinstance(result, Article), result
    return result.published, result.modified


def shown(found: Dated | None) -> str | None:
    return f"{found.instant:%Y-%m-%dT%H:%M} {found.precision} {found.source}" if found else None


NODE = "<p class='ngay'>{}</p>"
META = '<meta property="article:published_time" content="{}">'
FULL = "2021-03-30T08:15"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(
            {
                "page": NODE.format("30/03/2021 08:15") + META.format("2021-03-29T07:00:00"),
                "url": "2021-03-28",
                "listed": "27/03/2021 06:00",
            },
            f"{FULL} minute layout",
            id="layout first",
        ),
        pytest.param(
            {
                "page": ld(LD) + META.format("2021-03-29T07:00:00"),
                "url": "2021-03-28",
                "listed": "27/03/2021 06:00",
            },
            f"{FULL} minute json-ld",
            id="then json-ld",
        ),
        pytest.param(
            {"page": META.format(FULL), "url": "2021-03-28", "listed": "27/03/2021 06:00"},
            f"{FULL} minute meta",
            id="then meta",
        ),
        pytest.param(
            {"url": "2021-03-30", "listed": "27/03/2021 06:00"},
            "2021-03-30T00:00 day url",
            id="then the address",
        ),
        pytest.param(
            {"listed": "30/03/2021 08:15", "sitemap": "2021-03-26T05:00:00+07:00"},
            f"{FULL} minute listing",
            id="then the listing",
        ),
        pytest.param(
            {"page": NODE.format("30/03/2021"), "listed": "30/03/2021 08:15"},
            f"{FULL} minute listing",
            id="day completed by the listing",
        ),
        pytest.param(
            {"page": NODE.format("30/03/2021") + META.format(FULL), "listed": "30/03/2021 08:10"},
            f"{FULL} minute meta",
            id="day completed by the nearest source",
        ),
        pytest.param(
            {"url": "2021-03-30", "listed": "30/03/2021 08:15"},
            f"{FULL} minute listing",
            id="address completed by the listing",
        ),
        pytest.param(
            {"page": NODE.format("30/03/2021"), "listed": "31/03/2021 08:15"},
            "2021-03-30T00:00 day layout",
            id="day not completed by another day",
        ),
        pytest.param(
            {"page": NODE.format("30/03/2021 08:15"), "listed": "30/03/2021 09:20"},
            f"{FULL} minute layout",
            id="minute not replaced",
        ),
        pytest.param(
            {"page": NODE.format("30/03/2032 08:15"), "listed": "30/03/2021 08:15"},
            f"{FULL} minute listing",
            id="future refused",
        ),
        pytest.param(
            {"page": NODE.format("01/01/1970 00:00"), "listed": "30/03/2021 08:15"},
            f"{FULL} minute listing",
            id="epoch refused",
        ),
        pytest.param(
            {"page": NODE.format("31/02/2021"), "url": "2021-03-30"},
            "2021-03-30T00:00 day url",
            id="impossible passed over",
        ),
        pytest.param({"page": NODE.format("vừa xong")}, None, id="words in the date node"),
        pytest.param({"page": NODE.format("30/03/2032 08:15")}, None, id="only a future date"),
        pytest.param({}, None, id="no date anywhere"),
    ],
)
def test_first_plausible_source_gives_the_date(context: dict[str, str], expected: str | None) -> None:
    published, _ = dated(**context)  # type: ignore[arg-type]
    assert shown(published) == expected


def test_raw_string_of_the_date_node_is_kept_whole() -> None:
    published, _ = dated(NODE.format("Thứ Ba, 30/03/2021, 08:15 [GMT+7]"))
    assert published is not None
    assert published.raw == "Thứ Ba, 30/03/2021, 08:15 [GMT+7]"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (
            {"page": "<p class='sua'>31/03/2021 10:00</p>", "sitemap": "2021-04-02"},
            "2021-03-31T10:00 minute layout",
        ),
        (
            {"page": '<meta property="article:modified_time" content="2021-03-31T10:00:00+07:00">'},
            "2021-03-31T10:00 minute meta",
        ),
        ({"sitemap": "2021-04-02T08:00:00+07:00"}, "2021-04-02T08:00 minute sitemap"),
        ({"sitemap": "2032-04-02T08:00:00+07:00"}, None),
        ({}, None),
    ],
    ids=["layout", "meta", "sitemap", "future refused", "none"],
)
def test_modification_date_has_its_own_sources(context: dict[str, str], expected: str | None) -> None:
    assert shown(dated(**context)[1]) == expected  # type: ignore[arg-type]


ELSEWHERE = {
    "header clock": "<div class='clock'>Thứ Năm, 01/06/2023, 09:30</div>",
    "header clock without minute": "<div class='today'>Hôm nay, 01/06/2023</div>",
    "footer licence": "<div class='footer'>Giấy phép số 14/GP-TTĐT ngày 05/02/2019</div>",
    "footer element": "<footer>Giấy phép số 14/GP-TTĐT ngày 05/02/2019 - Bản quyền 2019</footer>",
    "related list": (
        "<ul class='khac'><li><a href='/tin/a-700102.html'>Mở đường vào xã</a> (14/10/2022 08:00)</li></ul>"
    ),
    "comment": "<div class='binh-luan'><b>Hà</b> <i>02/04/2021 10:00</i><p>Hay quá.</p></div>",
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("place", ["before", "after"])
def test_date_that_is_not_the_articles_own_is_never_taken(elsewhere: str, place: str) -> None:
    page = f"<h1>{TITLE}</h1><div class='bai'>{NEWS_HTML}</div>"
    facts = SiteFacts(
        layouts=(LAYOUT,),
        article_key=lambda _: None,
        canonical_url=lambda url: url,
        date_in_url=lambda _: None,
        oldest=day("2009-01-01"),
    )
    result = read(page_of(elsewhere + page if place == "before" else page + elsewhere), facts, FETCHED).result
    assert result.published is None  # type: ignore[union-attr]


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("place", ["before", "after"])
def test_date_that_is_not_the_articles_own_is_never_taken_without_a_layout(elsewhere: str, place: str) -> None:
    parts = [elsewhere, f"<h1>{TITLE}</h1><div class='khung'>{LONG_HTML}</div>"]
    facts = SiteFacts(
        layouts=(),
        article_key=lambda _: None,
        canonical_url=lambda url: url,
        date_in_url=lambda _: None,
        oldest=day("2009-01-01"),
    )
    result = read(page_of("".join(parts if place == "before" else parts[::-1])), facts, FETCHED).result
    assert result.published is None  # type: ignore[union-attr]


def test_date_in_a_date_node_of_a_related_story_is_not_the_articles() -> None:
    related = (
        "<div class='khac'><a href='https://bao.example/tin/mo-duong-700102.html'>Mở đường</a>"
        " <span class='ngay'>14/10/2022</span></div>"
    )
    page = f"<div><h1>{TITLE}</h1><div class='bai'>{NEWS_HTML}</div>{related}</div>"
    facts = SiteFacts(
        layouts=(LAYOUT,),
        article_key=lambda url: "700102" if "700102" in url else "700001",
        canonical_url=lambda url: url,
        date_in_url=lambda _: None,
        oldest=day("2009-01-01"),
    )
    assert read(page_of(page), facts, FETCHED).result.published is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "instant", "raw"),
    [
        ("Posted on January 5, 2021 by admin", "2021-01-05T00:00", "January 5, 2021"),
        ("Mar 3rd, 2020 at 10:15 PM", "2020-03-03T22:15", "Mar 3rd, 2020 at 10:15 PM"),
        ("9 Sept. 2019", "2019-09-09T00:00", "9 Sept. 2019"),
        ("5 Tháng Ba, 2021", "2021-03-05T00:00", "5 Tháng Ba, 2021"),
        ("Tháng Mười Hai 15, 2022 08:40", "2022-12-15T08:40", "Tháng Mười Hai 15, 2022 08:40"),
        ("Tháng 3 5, 2021", "2021-03-05T00:00", "Tháng 3 5, 2021"),
        ("ngày 5 tháng năm năm 2021", "2021-05-05T00:00", "5 tháng năm năm 2021"),
    ],
)
def test_months_may_be_named(text: str, instant: str, raw: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert (f"{found.instant:%Y-%m-%dT%H:%M}", found.raw) == (instant, raw)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("Tue, 30 Mar 2021 20:15:00 GMT", None),
        ("Tue, 30 Mar 2021 20:15:00 +0000", None),
        ("30 Mar 2021 20:15 (GMT+7)", "2021-03-30T20:15"),
        ("30 Mar 2021 20:15:00 +0700", "2021-03-30T20:15"),
    ],
)
def test_a_named_date_of_another_time_zone_is_none(text: str, instant: str | None) -> None:
    found = parse_date(text)
    assert (f"{found.instant:%Y-%m-%dT%H:%M}" if found else None) == instant


@pytest.mark.parametrize(
    "text", ["12 tháng năm 2021", "Tổng kết 6 tháng đầu năm 2021", "marching 5, 2021", "mười hai 2021", "Maybe 3, 2020"]
)
def test_months_of_a_year_and_words_that_begin_like_a_month_are_no_date(text: str) -> None:
    assert parse_date(text) is None
