"""The newspaper systems ePi, hex_id and a_id: addresses, signs, listings, and how ePi's running month is found."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from scrapy.http import Request

from archive.article import Article
from archive.clock import VIETNAM, Clock
from archive.ledger import Decision, Found
from archive.walks import Stand
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.extraction.select import select_all
from crawler.families.a_id import AIdSpider
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.epi import EpiSpider
from crawler.families.hex_id import HexIdSpider
from tests.crawler.helpers import FETCHED, NEWS, NEWS_HTML
from tests.crawler.looks import NoLooks
from tests.goldens.reading import SIBLINGS, serve

SECTIONS = {"Kinh tế": "/kinh-te/", "Làng nghề": "/van-hoa/lang-nghe/"}


def site(family: type[SiteSpider]) -> type[SiteSpider]:
    """What an operator declares of a site of the family."""
    declared = {
        "name": "bao_x",
        "title": "Báo X",
        "province": "lao-cai",
        "hosts": ("baox.example",),
        "sections": SECTIONS,
    }
    return type("BaoX", (family,), declared)


EPI, HEX_ID, A_ID = site(EpiSpider), site(HexIdSpider), site(AIdSpider)
FAMILIES = {"epi": EPI, "hex_id": HEX_ID, "a_id": A_ID}
EACH = pytest.mark.parametrize("name", FAMILIES)


# -- addresses ------------------------------------------------------------------------------------
class Address(NamedTuple):
    """The path of an article, its key, other paths of it, and paths of what is none."""

    canonical: str
    key: str
    variants: tuple[str, ...]
    others: tuple[str, ...]


ADDRESSES = {
    "epi": Address(
        "/lo-gom-do-lua-post404649.html",
        "404649",
        ("/lo-gom-do-lua-post404649.amp", "/print/lo-gom-do-lua-post404649.html"),
        (
            "/",
            "/van-hoa/",
            "/van-hoa/?page=2",
            "/tu-khoa/gom-tag40212.html",
            "/rss/home.rss",
            "/rss.html",
            "/sitemaps/news-2022-9.xml",
            "/lo-gom-do-lua.html",
            "/lo-gom-do-lua-post404649.jpg",
            "/api/lo-gom-post404649.html/like",
            "/in/bai/lo-gom-post404649.html",
        ),
    ),
    "hex_id": Address(
        "/xa-hoi/202212/thuyen-thuoc-tren-long-ho-4c1f90b/",
        "4c1f90b",
        ("/xa-hoi/202212/thuyen-thuoc-tren-long-ho-4c1f90b", "/print/xa-hoi/202212/thuyen-thuoc-tren-long-ho-4c1f90b/"),
        (
            "/",
            "/xa-hoi/",
            "/xa-hoi/?page=2",
            "/xa-hoi/202212/",
            "/xa-hoi/thuyen-thuoc-tren-long-ho-4c1f90b/",
            "/xa-hoi/202212/thuyen-thuoc-tren-long-ho/",
            "/xa-hoi/202212/thuyen-thuoc-4c1f90/",
            "/xa-hoi/202212/thuyen-thuoc-4c1f90bb/",
            "/xa-hoi/202212/thuyen-thuoc-4c1f90b/binh-luan/",
            "/202212/thuyen-thuoc-4c1f90b/",
            "/file/0123456789abcdef0123456789abcdef/122022/thuyen_20221201.jpg",
            "/rss/xa-hoi.rss",
        ),
    ),
    "a_id": Address(
        "/doi-ca-noi-tren-kenh-a196670.html",
        "196670",
        ("/print/doi-ca-noi-tren-kenh-a196670.html", "/doi-ca-noi-tren-kenh--a196670.html"),
        (
            "/",
            "/thoi-su/",
            "/thoi-su?p=2",
            "/thoi-su/can-tho/",
            "/tim-kiem/don-ca.html",
            "/rss/cate/thoi-su/",
            "/doi-ca-noi-a196670",
            "/bang-gia-495.html",
            "/image/news/2026/20260108/a196670.webp",
            "/news/a-floating-choir-a12345.html",
        ),
    ),
}


@EACH
def test_print_and_amp_variants_lead_to_the_article_itself(name: str) -> None:
    family, given = FAMILIES[name], ADDRESSES[name]
    for path in (given.canonical, *given.variants):
        assert family.article_key(f"https://baox.example{path}") == given.key, path
    twins = [path for path in given.variants if "--" not in path]
    assert {family.canonical_url(f"http://www.baox.example{path}?utm_source=zalo") for path in twins} == {
        f"https://baox.example{given.canonical}"
    }


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, given in ADDRESSES.items() for path in given.others])
def test_listings_files_and_tools_are_no_articles(name: str, path: str) -> None:
    assert FAMILIES[name].article_key(f"https://baox.example{path}") is None


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/xa-hoi/201907/hoi-cho-8123639/", "8123639"),
        ("/thoi-su-chinh-tri/202103/hoi-cho-773370/", "773370"),
        ("/kinh-te/nong-nghiep/202212/ca-long-4aa0e13/", "4aa0e13"),
        # Letters that are none of a number's belong to the slug.
        ("/kinh-te/202212/bao-gia-thang-bay/", None),
    ],
)
def test_articles_of_the_older_system_keep_their_digits(path: str, key: str | None) -> None:
    assert HEX_ID.article_key(f"https://baox.example{path}") == key


@pytest.mark.parametrize(
    ("name", "sections", "others"),
    [
        (
            "epi",
            ("/kinh-te/", "/van-hoa/lang-nghe/", "/chuyen-doi-so/"),
            ("/", "/epaper/", "/thong-tin-quang-cao/", "/tu-khoa.html", "/video/", "/a/b/c/", "/x-post1.html"),
        ),
        (
            "hex_id",
            ("/kinh-te/", "/kinh-te/nong-nghiep/"),
            ("/", "/gioi-thieu/", "/lien-he/", "/kinh-te/202212/", "/video-clip/", "/kinh-te/202212/ca-4aa0e13/"),
        ),
        ("a_id", ("/thoi-su/", "/thoi-su/can-tho/", "/chinh-tri"), ("/", "/news/", "/khmer/", "/xem-bao/", "/video/")),
    ],
)
def test_sections_are_told_by_their_path(name: str, sections: tuple[str, ...], others: tuple[str, ...]) -> None:
    pattern = FAMILIES[name].section_path
    assert pattern is not None
    assert [path for path in (*sections, *others) if pattern.fullmatch(path)] == list(sections)


# -- signs ----------------------------------------------------------------------------------------
def weight(family: type[SiteSpider], page: Page) -> int:
    """What the signs of a family that a page bears weigh together."""
    paths = [re.sub(r"^https?://[^/]+", "", page.link(a.get("href"))) for a in page.tree.iter("a") if a.get("href")]
    return sum(
        sign.weight
        for sign in family.signs
        if (sign.selector and select_all(page.tree, sign.selector))
        or (sign.address and any(re.search(sign.address, path) for path in paths))
        or (sign.source and re.search(sign.source, page.decoded.text))
    )


@EACH
def test_a_page_bears_the_signs_of_its_own_family_alone(name: str) -> None:
    page = serve(f"{SIBLINGS}/{name}")
    weights = {other: weight(family, page) for other, family in FAMILIES.items()}
    own = weights.pop(name)
    assert own >= 6, f"too little to be sure: {own}"
    assert max(weights.values()) == 0


@pytest.mark.parametrize("sibling", ["dataimages", "tandan", "vnpt", "wordpress"])
def test_pages_of_other_families_bear_no_strong_sign(sibling: str) -> None:
    page = serve(f"{SIBLINGS}/{sibling}")
    assert {name: weight(family, page) for name, family in FAMILIES.items() if weight(family, page) > 2} == {}


# -- layouts --------------------------------------------------------------------------------------
FRAMES = {
    "epi": '<h1 class="article__title cms-title">{title}</h1><div class="article__body cms-body">{body}</div>',
    "hex_id": '<h1 class="entry-title">{title}</h1><div class="td-post-content">{body}</div>',
    "a_id": '<div class="titlecate"><h1>VĂN HÓA</h1></div><h1>{title}</h1>'
    '<div id="newscontents"><div class="content-fck">{body}</div></div>',
}
BOXES = {
    "epi": '<div class="article-relate"><div class="box-heading">{words}</div>'
    '<a class="cms-link" href="/ben-do-co-den-post4041.html">Bến đò có đèn</a></div>',
    "hex_id": '<div class="quote rl"><span>{words}</span><a href="/xa-hoi/202211/ben-do-4bf7711/">Bến đò</a></div>',
    "a_id": '<div class="tinlienquan"><b>{words}</b><ul><li><a href="/ben-do-a117902.html">Bến đò</a></li></ul></div>',
}


def article(name: str, body: str) -> Article:
    markup = FRAMES[name].format(title="Đồng Găng được mùa cải bắp", body=body)
    url = f"https://baox.example{ADDRESSES[name].canonical}"
    page = Page(url, f"<html><body>{markup}</body></html>".encode(), "text/html; charset=utf-8")
    result = read(page, FAMILIES[name].facts(), FETCHED).result
    assert isinstance(result, Article), result
    return result


@EACH
def test_a_related_box_goes_by_its_class_and_its_words_stay_in_the_text(name: str) -> None:
    news = "Tin liên quan đến giá phân bón, bà con nghe loa xã mỗi sáng."
    body = NEWS_HTML + BOXES[name].format(words="Tin liên quan") + f"<p>{news}</p>"
    read_now = article(name, body)
    assert [block.text for block in read_now.blocks] == [*NEWS, news]
    assert read_now.title == "Đồng Găng được mùa cải bắp"


def test_a_quotation_that_holds_no_related_links_stays() -> None:
    words = "Nước lớn thì đi đường nước, nước cạn thì gánh thuốc đi bộ."
    assert words in [block.text for block in article("hex_id", NEWS_HTML + f'<p class="quote">{words}</p>').blocks]


def test_a_note_among_the_news_stays() -> None:
    words = "Lưu ý của hợp tác xã: nhặt lá già trước khi tưới."
    assert words in [b.text for b in article("epi", NEWS_HTML + f'<div class="notebox"><p>{words}</p></div>').blocks]


def test_the_newer_template_of_a_id_is_read_too() -> None:
    markup = (
        f'<h1 class="title">Đồng Găng</h1><span class="pubdate">08/01/2023 - 18:21</span>'
        f'<div id="contentNews"><div class="singular-content">{NEWS_HTML}</div></div>'
    )
    page = Page("https://baox.example/dong-gang-a196670.html", markup.encode(), "text/html; charset=utf-8")
    result = read(page, A_ID.facts(), FETCHED).result
    assert isinstance(result, Article)
    assert [block.text for block in result.blocks] == list(NEWS)
    assert result.published and f"{result.published.instant:%Y-%m-%d %H:%M}" == "2023-01-08 18:21"


def test_a_story_beside_the_article_gives_it_no_lead_and_no_author() -> None:
    markup = (
        f'<h1 class="article__title cms-title">Đồng Găng</h1><div class="article__body cms-body">{NEWS_HTML}</div>'
        '<div class="sidebar"><article class="story"><h3><a class="cms-link" href="/do-post9.html">Đò</a></h3>'
        '<div class="story__summary cms-desc">Bến đò có đèn.</div><span class="cms-author">Mai</span></article></div>'
    )
    page = Page("https://baox.example/dong-gang-post12.html", markup.encode(), "text/html; charset=utf-8")
    result = read(page, EPI.facts(), FETCHED).result
    assert isinstance(result, Article)
    assert ([block.text for block in result.blocks], result.author) == (list(NEWS), None)


def test_lead_and_author_below_the_title_are_its_own_by_the_system_s_classes_alone() -> None:
    markup = (
        '<h1 class="cms-title">Đồng Găng</h1><div class="cms-desc">Cải bắp được giá.</div>'
        f'<span class="cms-author">Lò Mai</span><div class="cms-body">{NEWS_HTML}</div>'
    )
    page = Page("https://baox.example/dong-gang-post12.html", markup.encode(), "text/html; charset=utf-8")
    result = read(page, EPI.facts(), FETCHED).result
    assert isinstance(result, Article)
    assert (result.blocks[0].text, result.author) == ("Cải bắp được giá.", "Lò Mai")


CLOCKS = {
    "hex_id": '<div class="header"><span class="date">Thứ bảy, 01/04/2023 06:50</span></div>',
    "a_id": '<div class="top"><span class="pubdate">01/04/2023 - 06:50</span></div>',
}


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_in_the_page_s_head_is_no_date_of_publication(name: str) -> None:
    frame = FRAMES[name].format(title="Đồng Găng được mùa cải bắp", body=NEWS_HTML)
    url = f"https://baox.example{ADDRESSES[name].canonical}"
    page = Page(url, f"<html><body>{CLOCKS[name]}{frame}</body></html>".encode(), "text/html; charset=utf-8")
    result = read(page, FAMILIES[name].facts(), FETCHED).result
    assert isinstance(result, Article)
    assert result.published is None


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("hex_id", "</h1>", '</h1><span class="date">20/12/2022 09:05</span>'),
        ("hex_id", "</h1>", '</h1><div class="info"><span class="date">20/12/2022 09:05</span></div>'),
        ("a_id", "<h1>Đồng", '<div class="sharemxh"><span class="pubdate">20/12/2022 - 09:05</span></div><h1>Đồng'),
        ("a_id", '<div id="newscontents">', '<span class="pubdate">20/12/2022 - 09:05</span><div id="newscontents">'),
    ],
)
def test_a_date_at_the_title_is_told_from_the_clock(name: str, old: str, new: str) -> None:
    frame = FRAMES[name].format(title="Đồng Găng được mùa cải bắp", body=NEWS_HTML).replace(old, new)
    url = f"https://baox.example{ADDRESSES[name].canonical}"
    page = Page(url, f"<html><body>{CLOCKS[name]}{frame}</body></html>".encode(), "text/html; charset=utf-8")
    result = read(page, FAMILIES[name].facts(), FETCHED).result
    assert isinstance(result, Article)
    assert result.published and f"{result.published.instant:%Y-%m-%d %H:%M}" == "2022-12-20 09:05"


# -- discovery ------------------------------------------------------------------------------------
class Scripted:
    """A spider whose answers are scripted; it notes what it asks for, what it finds and what troubles it."""

    def __init__(
        self,
        family: type[SiteSpider],
        answers: Mapping[str, str],
        now: datetime = datetime(2022, 12, 26, 22, tzinfo=VIETNAM),
        arguments: Mapping[str, str] | None = None,
        host: str = "baox.example",
    ) -> None:
        self.asked: list[str] = []
        self.found: list[Found] = []
        self.troubles: list[str] = []
        self.clock = Clock(start=now)
        self.ledger: Any = SimpleNamespace(
            see=self.see,
            last_walk=lambda source: None,
            walked=lambda *_: None,
            seen_before=lambda *_: False,
            stand=lambda source: Stand(),
            walked_to=lambda *_: None,
            missed=lambda *_: None,
        )
        self.looks = NoLooks()
        scripted = self

        class Spider(family):  # type: ignore[misc,valid-type]
            desk = property(lambda _: scripted)

            async def get(self, request: Request, *, past_end: tuple[int, ...] = (), **_: Any) -> Page | None:
                path = request.url.removeprefix("https://baox.example")
                scripted.asked.append(path)
                if path in answers:
                    url = request.url.replace("baox.example", host)
                    return Page(url, answers[path].encode(), "text/html; charset=utf-8")
                if 404 not in past_end:
                    scripted.troubles.append(f"{path}: HTTP 404")
                return Page(request.url, b"") if 404 in past_end else None

        self.spider = Spider(**(arguments or {}))
        self.spider.crawler = SimpleNamespace(stats=SimpleNamespace(inc_value=lambda *_: None))

    async def ask(self, call: Any) -> Any:
        return call()

    def see(self, found: list[Found]) -> list[tuple[Found, Decision]]:
        known = {one.url for one in self.found}
        self.found += found
        return [(one, Decision.KNOWN if one.url in known else Decision.NEW) for one in found]

    def by(self, way: str) -> list[str]:
        """What a way of discovery finds, as the keys that it wants in their order."""
        return self.keys(getattr(self.spider, f"by_{way}")())

    def discovered(self) -> list[str]:
        """The same of all ways as the crawl goes through them."""
        return self.keys(self.spider.discover())

    def keys(self, pages: AsyncIterator[Considered]) -> list[str]:
        async def run() -> list[str]:
            return [found.key async for considered in pages for found, _ in considered.wanted]

        return asyncio.run(run())


def urlset(*articles: tuple[str, str]) -> str:
    rows = "".join(
        f"<url><loc>\n https://baox.example/bai-post{key}.html </loc><lastmod>{day}</lastmod></url>"
        for key, day in articles
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'


def index(*paths: str) -> str:
    rows = "".join(f"<sitemap><loc>https://baox.example{path}</loc></sitemap>" for path in paths)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'


MONTHS = {
    "/sitemap.xml": index(
        "/sitemaps/categories.xml",
        "/sitemaps/tags-2022-11.xml",
        "/sitemaps/news-2022-9.xml",
        "/sitemaps/news-2022-11.xml",
        "/sitemaps/news-2022-10.xml",
    ),
    "/sitemaps/news-2022-12.xml": urlset(("31", "2022-12-20T08:00:00+07:00"), ("32", "2022-12-26T08:00:00+07:00")),
    "/sitemaps/news-2022-11.xml": urlset(("21", "2022-11-02T08:00:00+07:00")),
    "/sitemaps/news-2022-10.xml": urlset(("11", "2022-10-02")),
    "/sitemaps/news-2022-9.xml": urlset(("1", "2022-09-02")),
}


def test_the_month_that_the_index_leaves_out_is_asked_for_by_name() -> None:
    web = Scripted(EPI, MONTHS)
    assert web.by("sitemap") == ["32", "31", "21", "11", "1"]
    assert web.asked == [
        "/sitemaps/news-2022-12.xml",
        "/sitemap.xml",
        "/sitemaps/news-2022-11.xml",
        "/sitemaps/news-2022-10.xml",
        "/sitemaps/news-2022-9.xml",
    ]
    assert web.troubles == []


def test_a_range_in_the_past_asks_for_its_own_months_alone() -> None:
    web = Scripted(EPI, MONTHS, arguments={"start": "2022-10-01", "end": "2022-10-31"})
    assert web.by("sitemap") == ["11"]
    assert web.asked == ["/sitemap.xml", "/sitemaps/news-2022-10.xml"]


def story(key: int, day: str) -> str:
    return (
        f'<article class="story"><figure><a class="cms-link" href="/bai-post{key}.html"><img alt=""></a></figure>'
        f'<h2 class="story__heading"><a class="cms-link" href="/bai-post{key}.html">Bài {key}</a></h2>'
        f'<time class="time" datetime="{day}T07:00:00+0700">hôm nay</time></article>'
    )


def stories(*rows: tuple[int, str]) -> str:
    aside = f'<div class="sidebar-right">{story(99, "2022-12-25")}</div>'
    return f'<div class="timeline">{"".join(story(*row) for row in rows)}</div>{aside}'


LISTED = {
    "/kinh-te/": stories((33, "2022-12-26"), (32, "2022-12-20")),
    "/kinh-te/?page=2": stories((31, "2022-12-02"), (29, "2022-11-30")),
    "/kinh-te/?page=3": stories((28, "2022-11-29")),
    "/van-hoa/lang-nghe/": stories((25, "2022-11-11")),
}
OTHER_MONTHS = {path: body for path, body in MONTHS.items() if not path.endswith("2022-12.xml")}


def test_a_running_month_without_a_file_is_read_from_the_sections_as_far_as_it_reaches() -> None:
    web = Scripted(EPI, {**OTHER_MONTHS, **LISTED})
    assert web.by("sitemap") == ["33", "32", "31", "29", "25", "21", "11", "1"]
    assert web.asked[:5] == [
        "/sitemaps/news-2022-12.xml",
        "/kinh-te/",
        "/kinh-te/?page=2",
        "/van-hoa/lang-nghe/",
        "/sitemap.xml",
    ]
    assert {found.section for found in web.found if found.key in ("33", "29")} == {"Kinh tế"}
    # That there is no such file is what the site does on the first of a month.
    assert web.troubles == []


def test_a_section_whose_pager_says_the_same_again_or_nothing_new_ends() -> None:
    page = stories((33, "2022-12-26"), (32, "2022-12-20"))
    web = Scripted(EPI, {**OTHER_MONTHS, **{f"/kinh-te/{more}": page for more in ("", "?page=2", "?page=3")}})
    web.by("sitemap")
    assert [path for path in web.asked if path.startswith("/kinh-te/")] == ["/kinh-te/", "/kinh-te/?page=2"]


def test_a_browser_check_in_place_of_the_month_is_no_month_and_a_trouble() -> None:
    answers = {**OTHER_MONTHS, **LISTED, "/sitemaps/news-2022-12.xml": "<html><body>Vui lòng chờ</body></html>"}
    web = Scripted(EPI, answers)
    assert web.by("sitemap") == ["33", "32", "31", "29", "25", "21", "11", "1"]
    assert [words.partition(": ")[0] for words in web.troubles] == ["https://baox.example/sitemaps/news-2022-12.xml"]


def test_a_running_month_that_breaks_off_is_a_trouble_and_completed_from_the_sections() -> None:
    cut = MONTHS["/sitemaps/news-2022-12.xml"].partition("</url>")[0] + "</url><url><loc>https://baox"
    web = Scripted(EPI, {**OTHER_MONTHS, **LISTED, "/sitemaps/news-2022-12.xml": cut})
    assert web.by("sitemap")[:4] == ["31", "33", "32", "29"]
    assert len(web.troubles) == 1
    assert "breaks off" in web.troubles[0]


def test_a_section_that_lists_nothing_of_the_running_month_is_a_trouble() -> None:
    web = Scripted(EPI, {**OTHER_MONTHS, **LISTED, "/van-hoa/lang-nghe/": "<p>Đang cập nhật</p>"})
    web.by("sitemap")
    assert [words.partition(": ")[0] for words in web.troubles] == ["https://baox.example/van-hoa/lang-nghe/"]


@pytest.mark.parametrize(
    "month", [{}, {"/sitemaps/news-2022-12.xml": MONTHS["/sitemaps/news-2022-12.xml"]}], ids=["no file", "a file"]
)
def test_where_there_is_no_index_the_older_ones_are_found_in_the_sections(month: dict[str, str]) -> None:
    web = Scripted(EPI, {**LISTED, "/": "", **month})
    assert {"32", "31", "29", "28", "25"} <= set(web.discovered())
    assert "/kinh-te/?page=3" in web.asked


def test_a_range_of_the_running_month_alone_needs_no_index() -> None:
    web = Scripted(EPI, MONTHS, arguments={"start": "2022-12-01"})
    assert web.discovered() == ["32", "31"]
    assert not [path for path in web.asked if "kinh-te" in path]


@pytest.mark.parametrize(
    ("family", "markup", "expected"),
    [
        (EPI, stories((33, "2022-12-26")), [("/bai-post33.html", "Bài 33", "2022-12-26 07:00")]),
        (
            HEX_ID,
            '<div class="td_module_10 td_module_wrap"><a href="/xa-hoi/202212/ca-4aa0e13/"><img></a>'
            '<h3 class="entry-title td-module-title"><a href="/xa-hoi/202212/ca-4aa0e13/">Cá</a></h3>'
            '<span class="td-post-date">20/12/2022 09:05</span></div>'
            '<div class="td-sidebar"><div class="td-module"><a href="/xa-hoi/202211/do-4bf7711/">Đò</a></div></div>',
            [("/xa-hoi/202212/ca-4aa0e13/", "Cá", "2022-12-20 09:05")],
        ),
        (
            HEX_ID,
            '<a class="img" href="/xa-hoi/202212/ca-4aa0e13/"><img></a>'
            '<a class="title3" href="/xa-hoi/202212/ca-4aa0e13/">Cá</a>',
            [("/xa-hoi/202212/ca-4aa0e13/", "Cá", None)],
        ),
        (
            A_ID,
            '<ul class="list-block"><li><a href="/menu-a1.html">Ở bảng chọn</a></li></ul><div id="colcate1">'
            '<h2 class="h2cate"><a href="/mot-a9.html">Một</a></h2><div class="top3">'
            '<a class="b-img" href="/hai-a8.html"><img></a><a class="b-content" href="/hai-a8.html">Hai</a></div>'
            '<ul><li class="news-img"><a class="b-title" href="/ba-a7.html"><h3>Ba</h3></a></li></ul></div>',
            [("/mot-a9.html", "Một", None), ("/hai-a8.html", "Hai", None), ("/ba-a7.html", "Ba", None)],
        ),
        (
            A_ID,
            '<div class="article-item"><a href="/mot-a9.html"><img></a><h3><a href="/mot-a9.html">Một</a></h3></div>',
            [("/mot-a9.html", "Một", None)],
        ),
    ],
    ids=["epi", "hex_id", "hex_id: links alone", "a_id", "a_id: newer"],
)
def test_a_listing_gives_its_own_articles(
    family: type[SiteSpider], markup: str, expected: list[tuple[str, str, str | None]]
) -> None:
    web = Scripted(family, {"/kinh-te/": markup})
    entries = asyncio.run(web.spider.listing_page("/kinh-te/", 1))
    assert [
        (
            entry.url.removeprefix("https://baox.example"),
            entry.title,
            f"{entry.published.instant:%Y-%m-%d %H:%M}" if entry.published else None,
        )
        for entry in entries
    ] == expected


@pytest.mark.parametrize(
    ("family", "first", "second"),
    [
        (EPI, LISTED["/kinh-te/"], "/kinh-te/?page=2"),
        (HEX_ID, "<a class='title1' href='/xa-hoi/202212/ca-4aa0e13/'>Cá</a>", "/kinh-te/?page=2"),
        (A_ID, "<div id='colcate1'><h2 class='h2cate'><a href='/mot-a9.html'>Một</a></h2></div>", "/kinh-te?p=2"),
        (
            A_ID,
            "<div class='article-item'><h3><a href='/mot-a9.html'>Một</a></h3></div>"
            "<div class='paginate-items'><button class='item'>2</button></div>",
            "/kinh-te/?page=2",
        ),
    ],
    ids=["epi", "hex_id", "a_id", "a_id: newer"],
)
def test_listings_go_on(family: type[SiteSpider], first: str, second: str) -> None:
    web = Scripted(family, {"/kinh-te/": first})

    async def two_pages() -> list[Any]:
        return [await web.spider.listing_page("/kinh-te/", number) for number in (1, 2)]

    [one, two] = asyncio.run(two_pages())
    assert (bool(one), two, web.asked) == (True, [], ["/kinh-te/", second])


def test_a_pager_is_known_where_the_host_leads_to_another_of_its_names() -> None:
    item = "<div class='article-item'><h3><a href='https://baox.example/mot-a{}.html'>Một</a></h3></div>"
    pages = {"/kinh-te/": item.format(9) + "<div class='paginate-items'></div>", "/kinh-te/?page=2": item.format(8)}
    web = Scripted(A_ID, pages, host="www.baox.example")
    assert web.by("listing") == ["9", "8"]


@pytest.mark.parametrize(
    ("family", "asked"),
    [
        (EPI, ["/rss/home.rss"]),
        (HEX_ID, ["/rss/kinh-te.rss", "/rss/van-hoa/lang-nghe.rss"]),
        (A_ID, ["/rss/cate/kinh-te/", "/rss/subcate/lang-nghe/"]),
    ],
    ids=["epi", "hex_id", "a_id"],
)
def test_feeds_are_asked_for_where_the_system_has_them(family: type[SiteSpider], asked: list[str]) -> None:
    link = f"https://baox.example{ADDRESSES[family.family].canonical}"
    feed = f"<rss><channel><item><title>Một</title><link>{link}</link></item></channel></rss>"
    web = Scripted(family, dict.fromkeys(asked, feed))
    assert web.by("feed") == [ADDRESSES[family.family].key]
    assert web.asked == asked
    # A feed of a section tells it; the one of all sections does not.
    assert web.found[0].section == (None if family is EPI else "Kinh tế")


@EACH
def test_five_declared_lines_are_a_site(name: str) -> None:
    family = FAMILIES[name]
    assert (family.family, family.scheme) == (name, "https")
    assert all(callable(getattr(family, f"by_{way}")) for way in family.ways)
