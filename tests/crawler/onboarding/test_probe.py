"""A probe shows what an operator decides from, and asks for no more than it says."""

import asyncio
from typing import Any

import pytest

from archive.article import Rejection
from crawler.onboarding.looking import Way, look
from crawler.onboarding.probe import SAMPLES, _better_sitemap, probe
from crawler.onboarding.recognise import families
from crawler.onboarding.report import Report, Section
from crawler.onboarding.sections import told_apart
from crawler.onboarding.unknown import AGAIN
from crawler.onboarding.web import Answer, Web
from crawler.sites import all_sites
from tests.crawler.onboarding.webs import CLOCK, HOME, Pages, SampleSite, article, listing, small_site


def probed(web: Web, url: str = HOME, **more: Any) -> Report:
    return asyncio.run(probe(web, url, CLOCK, **more))


def sample_report(name: str, **more: Any) -> tuple[Report, SampleSite]:
    web, spider = SampleSite(name), all_sites()[name]
    return probed(web, f"{spider.scheme}://{spider.hosts[0]}", **more), web


TITLES = {"hong_linh": "Trang thông tin điện tử thị xã Hồng Lĩnh"}
"""What the sample web's home pages say where the declaration has more of it."""

KNOWN = ["bao_quang_ninh", "hong_linh", "tuyen_giao_ha_nam", "tuyen_giao_binh_phuoc"]


@pytest.fixture(scope="module")
def reports() -> dict[str, tuple[Report, SampleSite]]:
    return {name: sample_report(name) for name in (*KNOWN, "bao_thai_nguyen")}


@pytest.mark.parametrize("name", KNOWN)
def test_a_site_is_probed_as_it_is_declared(name: str, reports: dict[str, tuple[Report, SampleSite]]) -> None:
    report, spider = reports[name][0], all_sites()[name]
    assert report.refused == ""
    assert (report.family, report.scheme, report.host) == (spider.family, spider.scheme, spider.hosts[0])
    assert report.title is not None and report.title.value == TITLES.get(name, spider.title)
    assert report.province is not None and report.province.value == spider.province
    assert {one.path for one in report.declared} == set(spider.sections.values())
    assert {one.name for one in report.declared} == set(spider.sections)


@pytest.mark.parametrize("name", KNOWN)
def test_samples_are_read_by_the_familys_layout(name: str, reports: dict[str, tuple[Report, SampleSite]]) -> None:
    report = reports[name][0]
    assert len(report.samples) == SAMPLES
    assert len(report.by_layout) >= SAMPLES - 2
    fields = {one.name: one for one in report.fields()}
    assert fields["title"].found == fields["title"].by_layout == len(report.articles)
    assert fields["title"].selector == report.layouts[0].title and fields["title"].values


@pytest.mark.parametrize("name", KNOWN)
def test_samples_are_of_all_sections(name: str, reports: dict[str, tuple[Report, SampleSite]]) -> None:
    report = reports[name][0]
    assert {one.found.section for one in report.samples} >= {one.name for one in report.declared}


@pytest.mark.parametrize("name", KNOWN)
def test_a_probe_asks_once_for_each_page_and_not_for_many(
    name: str, reports: dict[str, tuple[Report, SampleSite]]
) -> None:
    asked = reports[name][1].asked
    assert len(asked) <= 36
    posts = [url for url in asked if url.endswith("/LoadArticle")]
    assert len(set(asked)) == len(asked) - max(0, len(posts) - 1)


def test_every_way_of_discovery_is_told_with_its_span(reports: dict[str, tuple[Report, SampleSite]]) -> None:
    ways = {one.name: one for one in reports["tuyen_giao_binh_phuoc"][0].ways}
    assert set(ways) == {"api", "sitemap", "feed", "listing"}
    assert all(one.articles and one.first and one.last and one.first <= one.last for one in ways.values())


def test_a_site_of_no_family_is_learned(reports: dict[str, tuple[Report, SampleSite]]) -> None:
    report, web = reports["bao_thai_nguyen"]
    assert report.seen and report.family == "listing" and report.learned is not None
    assert len(report.by_layout) == len(report.samples)
    assert len(web.asked) == len(set(web.asked)) + AGAIN <= 90
    assert {one.path for one in report.declared} == set(all_sites()["bao_thai_nguyen"].sections.values())
    assert report.oldest is not None and report.oldest.month == report.oldest.day == 1


def test_what_robots_txt_closes_is_neither_asked_for_nor_declared() -> None:
    pages = small_site()
    pages[f"{HOME}/robots.txt"] = "User-agent: *\nDisallow: /kinh-te/\nCrawl-delay: 2\n"
    web = Pages(pages)
    report = probed(web)
    assert (report.robots.delay, report.robots.closed) == (2.0, ("/kinh-te/",))
    assert {one.name: one.why_not for one in report.sections}["Kinh tế"] == "closed by robots.txt"
    assert not [url for url in web.asked if "/kinh-te/" in url]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/y-kien-cong-dan/", "Ý kiến công dân"), ("/category/12/", "Khiếu nại, tố cáo"), ("/hoi-dap/", "Chuyên mục")],
)
def test_sections_of_petitions_are_left_out_by_path_or_name(path: str, name: str) -> None:
    pages = small_site((path, name))
    report = probed(Pages(pages))
    [section] = [one for one in report.sections if one.path == path]
    assert "left out" in section.why_not and not section.checked


def test_a_page_of_the_menu_that_lists_no_articles_is_no_section() -> None:
    pages = small_site(("/gioi-thieu/", "Giới thiệu"))
    pages[f"{HOME}/gioi-thieu/"] = "<html><body><p>Báo ra đời năm 1962.</p><a href='/'>Về</a></body></html>"
    report = probed(Pages(pages))
    assert {one.name: one.why_not for one in report.sections}["Giới thiệu"] == "lists no articles"


def test_a_section_above_others_that_lists_only_theirs_is_left_to_them() -> None:
    pages = small_site(("/tin-tuc/", "Tin tức"))
    pages[f"{HOME}/tin-tuc/"] = listing(article("kinh-te", 1), article("xa-hoi", 1))
    report = probed(Pages(pages))
    told = {one.name: one.why_not for one in report.sections}
    assert told == {"Kinh tế": "", "Xã hội": "", "Tin tức": "lists only what other sections do"}


@pytest.mark.parametrize(
    ("maps", "better"),
    [
        ({"index.php?nv=SitemapIndex": (9, 50)}, "/index.php?nv=SitemapIndex"),
        ({"": (0, 1), "news-sitemap.xml": (0, 900)}, "/news-sitemap.xml"),
        ({"": (0, 900), "news-sitemap.xml": (0, 900)}, ""),
        ({"": (2, 50), "news-sitemap.xml": (0, 900)}, ""),
        ({"": (2, 50), "index.xml": (90, 40)}, "/index.xml"),
        ({"": (2, 50), "index.xml": (90, 0)}, ""),
    ],
    ids=["a query", "more articles", "the usual one of equals", "an index", "more parts", "none of ours"],
)
def test_the_sitemap_with_the_most_articles_is_declared(maps: dict[str, tuple[int, int]], better: str) -> None:
    family = next(one for one in families().values() if "sitemap" in one.ways)
    spider = look(family, Pages({}), CLOCK, host="bao.vn", scheme="https", sections={}, title="Báo")
    usual = spider.site_url(spider.sitemap)
    ways = [
        Way("sitemap", f"{HOME}/{name}" if name else usual, articles=articles, parts=parts)
        for name, (parts, articles) in maps.items()
    ]
    assert _better_sitemap(spider, ways) == better


@pytest.mark.parametrize(("most", "step"), [(10, "`sites add` looks at more"), (11, "by hand")])
def test_sections_beyond_the_limit_are_told_with_the_next_step(most: int, step: str) -> None:
    pages = small_site(*((f"/muc-{number}/", f"Mục {number}") for number in range(11)))
    last = probed(Pages(pages), sections=most).sections[-1]
    assert f"{most} sections" in last.why_not and step in last.why_not and not last.checked


def test_no_two_sections_end_with_one_name() -> None:
    paths = ["/a/x/", "/a/y/", "/a/z/", "/tin/", "/a/z"]
    named = told_apart([Section("Tin", path) for path in paths])
    assert [one.name for one in named] == ["Tin", "Tin (a)", "Tin (a/z)", "Tin (tin)", "Tin (2)"]


REFUSALS: list[tuple[str, Answer, str]] = [
    ("unreachable", Answer(HOME, trouble="unresolved: no such name", fault="unresolved"), "how the name is spelt"),
    ("tls", Answer(HOME, trouble="tls: the certificate has expired", fault="tls"), "tls_exceptions"),
    ("robots", Answer(HOME, trouble="Forbidden by robots.txt", fault="robots"), "write to the publisher"),
    ("status", Answer(HOME, 503), "HTTP 503"),
    ("moved", Answer("https://bao-moi.vn/", 200, "text/html", b"<a href='/'>x</a>"), "probe https://bao-moi.vn/"),
    ("not html", Answer(HOME, 200, "application/pdf", b"%PDF-1.4 ..."), "no link"),
    (
        "challenge",
        Answer(HOME, 200, "text/html", b"<html><title>Just a moment...</title><body><script>_cf_chl_opt={}</script>"),
        "browser",
    ),
]


@pytest.mark.parametrize(("answer", "step"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS])
def test_a_site_that_cannot_be_looked_at_is_told_with_the_next_step(answer: Answer, step: str) -> None:
    report = probed(Pages({}, otherwise=answer))
    assert step in report.refused and "http" in report.refused
    assert not report.samples


def test_robots_txt_that_closes_all_ends_a_probe() -> None:
    web = Pages(small_site() | {f"{HOME}/robots.txt": "User-agent: *\nDisallow: /\n"})
    report = probed(web)
    assert "robots.txt closes" in report.refused
    assert web.asked == [HOME, f"{HOME}/robots.txt"]


def test_a_sample_that_is_no_article_is_shown_with_its_reason() -> None:
    pages = small_site()
    gone = next(url for url in pages if url.endswith("-1000001/"))
    pages[gone] = "<html><head><title>Không tìm thấy</title></head><body><p>Trang không tồn tại</p></body></html>"
    report = probed(Pages(pages))
    [sample] = [one for one in report.samples if one.url == gone]
    assert isinstance(sample.read, Rejection) and sample.read.detail


def test_the_operator_may_say_the_family() -> None:
    report = probed(Pages(small_site()), family="vnpt_portal")
    assert (report.family, report.given) == ("vnpt_portal", True)
    assert not report.by_layout
