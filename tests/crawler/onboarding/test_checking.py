"""The rules by which a site may be crawled every night: each fails for what it names, and for nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.article import Article, Dated, Precision
from archive.ledger import Found
from crawler.extraction.comparing import compare
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.onboarding.checking import LEAST_HELD, Report, Rule, check, failed_fetches, look
from crawler.onboarding.goldens import SavedPage
from crawler.onboarding.noise import NoiseKind, suspected
from crawler.sites import all_sites
from tests.crawler.onboarding.pages import OF_SITE, PLACES, invented, looked_at, saved, site_folder, spider, words_of
from tests.goldens.reading import NOW, page_names, serve

NUMBER = range(6)


def report_of(pages: Sequence[SavedPage], site: type[SiteSpider] | None = None) -> Report:
    site = site or spider()
    return check(site, [look(site, page) for page in pages])


def failing(report: Report) -> list[str]:
    return [rule.name for rule in report.rules if not rule.passed]


def article_of(page: SavedPage) -> Article:
    result = look(spider(), page).result
    assert isinstance(result, Article), result
    return result


def noise_in(pages: Sequence[SavedPage]) -> list[tuple[NoiseKind, str, int]]:
    pairs = [(article_of(page), Page(page.url, page.body, page.content_type)) for page in pages]
    return [(one.kind, one.line, len(one.addresses)) for one in suspected(pairs, spider())]


def test_a_site_that_is_read_well_passes() -> None:
    report = report_of([invented(number) for number in NUMBER])
    assert failing(report) == []
    assert report.passed
    assert report.coverage | {"title": 6, "text": 6, "published": 6, "lead": 0} == report.coverage
    assert {one.held for one in report.compared} == {1.0}


def test_four_articles_are_too_few() -> None:
    assert failing(report_of([invented(number) for number in range(4)])) == ["articles"]
    assert failing(report_of([])) == ["articles"]


def test_pages_that_are_no_articles_are_counted() -> None:
    empty = [SavedPage(invented(number).url, "text/html", b"<html><body>x</body></html>", NOW) for number in (6, 7)]
    good = [invented(number) for number in NUMBER]
    assert failing(report_of([*good, empty[0]])) == []
    assert failing(report_of([*good, *empty])) == ["refused"]


def test_a_page_that_is_meant_to_be_refused_is_no_fault() -> None:
    site = spider()
    empty = SavedPage(invented(7).url, "text/html", b"<html><body>x</body></html>", NOW)
    wanted = look(site, empty)
    looked = [look(site, invented(number)) for number in range(5)]
    looked += [replace(wanted, expected=wanted.golden)] * 3
    assert failing(check(site, looked)) == []


def test_pages_that_fit_no_layout_are_told() -> None:
    report = report_of([*(invented(number) for number in range(5)), invented(5, body="main-content")])
    assert failing(report) == ["layout"]
    assert "1 of 6" in next(rule.words for rule in report.rules if rule.name == "layout")


def test_articles_without_a_date_are_told_once_they_are_many() -> None:
    some = [invented(number, date="" if number < 3 else None) for number in NUMBER]
    assert "published" not in failing(report_of(some))
    many = [invented(number, date="" if number < 4 else None) for number in NUMBER]
    assert "published" in failing(report_of(many))


@pytest.mark.parametrize("moments", [("00:27", "00:29"), ("00:30", "00:25")])
def test_the_clock_of_the_page_is_no_date(moments: tuple[str, str]) -> None:
    clocks = [invented(number, date=f"01/04/2023 {moment}") for number, moment in enumerate(moments)]
    others = [invented(number) for number in range(2, 6)]
    assert failing(report_of([*clocks, *others])) == ["clock"]
    assert failing(report_of([clocks[0], invented(1), *others])) == [], "one article may be as fresh as that"


def fresh(number: int, month: str, listed_days_ago: int | None = None, date: str = "Thứ Bảy, 01/04/2023") -> SavedPage:
    """An article whose page shows the day of its fetch, in a folder of `month`, listed so long ago (None: no date)."""
    page = invented(number, date=date)
    page = replace(page, url=page.url.replace("/202101/", f"/{month}/" if month else "/"))
    key = spider().article_key(page.url) or page.url
    listed = None
    if listed_days_ago is not None:
        listed = Dated(NOW - timedelta(days=listed_days_ago), Precision.DAY, "", "listing")
    return replace(page, found=Found(page.url, key, "", listed=listed))


@pytest.mark.parametrize("moment", ["", " 00:0{}"], ids=["a day", "minutes at which pages were made"])
def test_the_day_of_the_fetch_is_no_date_of_an_archive(moment: str) -> None:
    pages = [fresh(number, f"{2013 + number}03", date="01/04/2023" + moment.format(number)) for number in range(8)]
    pages = [replace(page, fetched_at=NOW + timedelta(hours=5)) for page in pages]
    report = report_of(pages)
    assert "clock" in failing(report)
    words = next(rule.words for rule in report.rules if rule.name == "clock")
    assert words.startswith("8 of 8 articles are dated to the day of their fetch, and 8 of them are older"), words


def test_the_day_of_the_fetch_is_no_date_of_what_was_listed_before() -> None:
    assert "clock" in failing(report_of([fresh(number, "202304", listed_days_ago=40) for number in NUMBER]))
    some = [fresh(number, "202304", listed_days_ago=40 if number < 3 else 0) for number in NUMBER]
    assert "clock" in failing(report_of(some)), "three that are older are no accident"


def test_news_of_today_is_dated_today() -> None:
    assert failing(report_of([fresh(number, "202304", listed_days_ago=0) for number in NUMBER])) == []
    assert failing(report_of([fresh(number, "202303", listed_days_ago=1) for number in NUMBER])) == [], "near midnight"
    one = [fresh(number, "202304", listed_days_ago=40 if number == 0 else 0) for number in NUMBER]
    assert failing(report_of(one)) == [], "one is listed twice"


def test_a_few_of_today_among_older_ones_are_no_clock() -> None:
    pages = [fresh(number, "202101", listed_days_ago=40) if number < 3 else invented(number) for number in NUMBER]
    assert "clock" not in failing(report_of(pages))


def test_one_article_under_many_addresses_is_one() -> None:
    same = [replace(invented(0), url=invented(0).url.replace("dong-gang", f"tin-{number}")) for number in NUMBER]
    assert len({page.url for page in same}) == 6
    report = report_of(same)
    assert "articles" in failing(report)
    assert next(rule.words for rule in report.rules if rule.name == "articles").startswith("1 different articles")


def test_the_minute_at_which_pages_were_made_is_no_date() -> None:
    made = [invented(number, date="11/01/2021 08:15" if number < 4 else None) for number in NUMBER]
    assert failing(report_of(made)) == ["clock"]
    bulletin = [invented(number, date="11/01/2021 08:15" if number < 3 else None) for number in NUMBER]
    assert failing(report_of(bulletin)) == [], "half a dozen notices may be published together"


def test_another_date_in_the_head_of_most_pages_is_told() -> None:
    told = '{"@type":"NewsArticle","datePublished":"2020-05-05T10:00:00+07:00"}'
    head = f'<script type="application/ld+json">{told}</script>'
    pages = [invented(number, head=head if number < 4 else "") for number in NUMBER]
    report = report_of(pages)
    assert failing(report) == ["trafilatura's date"]
    assert [one.day for one in report.compared] == ["2020-05-05"] * 4 + [None] * 2


def test_a_date_that_the_layout_misses_contradicts_it() -> None:
    head = '<meta property="article:published_time" content="2020-05-05T10:00:00+07:00">'
    page = invented(0, date="", head=head)
    undated = replace(article_of(page), published=None)
    found = compare(Page(page.url, page.body, page.content_type), spider().facts(), undated, page.fetched_at)
    assert found is not None and found.day == "2020-05-05"


def test_another_title_in_most_pages_is_told() -> None:
    class OtherTitle(spider()):  # type: ignore[misc]
        layouts = tuple(replace(one, title=".box") for one in spider().layouts)

    pages = [invented(number, around="<div class='box'>Tin đọc nhiều trong tuần</div>") for number in NUMBER]
    assert failing(report_of(pages)) == []
    assert failing(report_of(pages, OtherTitle)) == ["trafilatura's title"]


def test_a_body_that_is_a_part_of_the_text_is_told() -> None:
    class FirstOnly(spider()):  # type: ignore[misc]
        layouts = tuple(replace(one, body="#content p:first-child") for one in spider().layouts)

    report = report_of([invented(number) for number in NUMBER], FirstOnly)
    assert failing(report) == ["trafilatura's text"]
    assert all(one.held < LEAST_HELD and one.ours == 1.0 for one in report.compared)


# -- suspected noise ------------------------------------------------------------------------------
INVITATION = "<p>Mời bạn đọc tải ứng dụng của báo để nhận tin sớm nhất</p>"


def test_a_line_of_three_articles_is_suspected() -> None:
    pages = [invented(number, more=INVITATION if number < 3 else "") for number in NUMBER]
    assert noise_in(pages) == [(NoiseKind.RECURS, "Mời bạn đọc tải ứng dụng của báo để nhận tin sớm nhất", 3)]
    assert failing(report_of(pages)) == ["noise"]


def test_a_line_of_two_articles_or_of_one_story_printed_thrice_is_none() -> None:
    assert noise_in([invented(number, more=INVITATION if number < 2 else "") for number in NUMBER]) == []
    again = [replace(invented(0), url=invented(number).url) for number in range(3)]
    assert noise_in(again) == []


def test_one_story_that_is_printed_thrice_with_changes_is_no_noise() -> None:
    def printed(number: int) -> SavedPage:
        story = "".join(f"<p>{words}</p>" for words in words_of(PLACES[7], 7))
        return invented(number, more=story)

    assert noise_in([printed(number) for number in range(3)]) == []


def test_what_heads_a_passage_or_a_table_may_recur_and_what_heads_nothing_may_not() -> None:
    heading, row = "<h3>Kết quả bước đầu</h3>", "<tr><td>{}</td><td>{}</td></tr>"
    table = f"<table>{row.format('Đơn vị', 'Số hộ')}{{}}</table>"
    tables = [table.format(row.format(f"Thôn {number}", 10 + number)) for number in range(3)]
    assert noise_in([invented(number, more=heading + tables[number]) for number in range(3)]) != []
    assert noise_in([invented(number, more=tables[number] + heading) for number in range(3)]) == []
    same = table.format(row.format("Hà Nội", "25 độ"))
    assert [line for _, line, _ in noise_in([invented(number, more=same) for number in range(3)])] == ["Hà Nội | 25 độ"]


def test_a_caption_may_recur() -> None:
    caption = "<td class='image_desc'>Ảnh minh họa</td>"
    picture = f"<table class='image'><tr><td><img src='/a.jpg'></td></tr><tr>{caption}</tr></table>"
    pages = [invented(number, more=picture) for number in NUMBER]
    assert all("Ảnh minh họa" in article_of(page).captions for page in pages)
    assert noise_in(pages) == []


def test_a_counter_amid_the_text_is_suspected_and_a_sentence_of_its_words_is_not() -> None:
    counter = invented(0, more="<p>Lượt xem: 1.270</p>")
    assert noise_in([counter]) == [(NoiseKind.TOOL, "Lượt xem: 1.270", 1)]
    news = invented(0, more="<p>Sau một tuần, lượt xem đoạn phim đã lên 1.270, nhiều nhất từ trước tới nay.</p>")
    assert noise_in([news]) == []


@pytest.mark.parametrize("line", ["Kết quả cụ thể:", "Phóng viên:", "Mùa vụ mới", "Năm 2021"])
def test_what_announces_or_heads_a_passage_is_not_suspected(line: str) -> None:
    assert noise_in([invented(0, more=f"<p>{line}</p>")]) == []


def test_the_headline_of_another_article_is_suspected() -> None:
    headline = "Bến Cát được mùa cải bắp vụ đông"
    link = f"<ul class='other'><li><a href='{invented(1).url}'>{headline}</a></li></ul>"
    assert noise_in([invented(0, more=f"<p>{headline}</p>", around=link)]) == [(NoiseKind.LINK, headline, 1)]
    assert noise_in([invented(0, more=f"<p>{headline}</p>")]) == []
    own = f"<ul class='other'><li><a href='{invented(0).url}'>{headline}</a></li></ul>"
    assert noise_in([invented(0, more=f"<p>{headline}</p>", around=own)]) == []


@pytest.mark.parametrize("site", ["bao_quang_ninh", "hong_linh", "tuyen_giao_ha_nam"])
def test_nothing_is_suspected_on_pages_that_are_read_right(site: str) -> None:
    kind = all_sites()[site]
    pairs: list[tuple[Article, Page]] = []
    for name in page_names():
        if name.startswith(f"{site}/"):
            page = serve(name)
            result = look(kind, SavedPage(page.url, page.content_type, page.body, NOW)).result
            pairs += [(result, page)] if isinstance(result, Article) else []
    assert len(pairs) > 10
    assert suspected(pairs, kind) == []


# -- goldens and crawls ---------------------------------------------------------------------------
def test_a_golden_page_that_is_read_otherwise_is_told(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, 6)
    assert failing(check(spider(), looked_at(folder))) == []
    first, *others = looked_at(folder)
    wrong: dict[str, Any] = {**(first.expected or {}), "author": "Ai khác", "title": "Tít khác"}
    report = check(spider(), [replace(first, expected=wrong), *others])
    assert failing(report) == ["goldens"]
    assert next(rule.words for rule in report.rules if rule.name == "goldens").endswith(
        "1 of 6 golden pages are read otherwise: author, title"
    )


def test_captures_without_goldens_are_held_to_none() -> None:
    assert "goldens" not in [rule.name for rule in report_of([saved(OF_SITE[0])]).rules]


def test_rules_that_pages_do_not_tell_count_too() -> None:
    site = spider()
    looked = [look(site, invented(number)) for number in NUMBER]
    assert not check(site, looked, [Rule("crawl", False, "stopped: HTTP 503")]).passed
    assert [failed_fetches(failed, 10).passed for failed in (0, 2, 3)] == [True, True, False]
