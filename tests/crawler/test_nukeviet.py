"""NukeViet: which addresses are articles, where it is looked for them, and how it is recognised."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from scrapy.http import Request

from archive.article import Article
from archive.clock import VIETNAM, Clock
from archive.walks import Stand
from crawler.discovery.listing import read_listing
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.families.discovering import Considered
from crawler.families.nukeviet import LATEST, NukeVietSpider
from tests.crawler.looks import NoLooks

HOST = "http://phuonghoaloc.example"
FRONT = """<div class="news_column"><div class="panel-body">
<h3><a href="/van-hoa/hoi-xuan-7.html">Hội xuân</a></h3></div></div>"""


def spider() -> NukeVietSpider:
    declared: dict[str, Any] = {
        "name": "hoa_loc",
        "title": "UBND phường Hòa Lộc",
        "province": "ha-nam",
        "hosts": ("phuonghoaloc.example",),
        "scheme": "http",
        "sections": {"Tin hoạt động": "/tin-hoat-dong/"},
    }
    made: NukeVietSpider = type("HoaLoc", (NukeVietSpider,), declared)()
    return made


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/tin-hoat-dong/phien-cho-doi-sach-cu-482.html", "482"),
        ("/vi/news/tin-hoat-dong/phien-cho-12-7-km-482.html", "482"),
        ("/news/Tin-hoat-dong/Phien-cho-482.html", "482"),
        ("/tin-tuc/Tin-xa/Lop-vo-dem-57.html", "tin-tuc-57"),
        ("/Tin-Tuc/tin-xa/lop-vo-dem-57.html", "tin-tuc-57"),
        ("/en/news/activities/book-market-57.html", None),
        ("/EN/activities/book-market-57.html", None),
        ("/vi/tin-hoat-dong/phien-cho-482.html", "482"),
        ("/truong/bai-viet/tap-huan-1.html", "truong-1"),
        ("/truong/bieu-mau/danh-cho-hoc-vien/don-xin-nghi-1.html", "truong-bieu-mau-1"),
        ("/tin-hoat-dong/phien-cho-doi-sach-cu.html", None),
        ("/about/nhung-tinh-nang-cua-phien-ban-4-0.html", None),
        ("/vi/about/gioi-thieu-2.html", None),
        ("/print/tin-hoat-dong/phien-cho-doi-sach-cu-482.html", None),
        ("/vi/news/savefile/tin-hoat-dong/phien-cho-doi-sach-cu-482.html", None),
        ("/tag/phien-cho-1.html", None),
        ("/tin-hoat-dong/page-2/", None),
        ("/tieu-de-khong-co-chuyen-muc-12.html", None),
    ],
)
def test_article_is_told_by_its_address(path: str, key: str | None) -> None:
    assert spider().article_key(HOST + path) == key


def test_articles_of_two_modules_with_one_number_are_two() -> None:
    """Each module numbers its articles from 1; as one article they would be revisions of each other."""
    keys = {spider().article_key(f"{HOST}/{module}/tin-xa/lop-vo-dem-1.html") for module in ("tin-tuc", "thong-bao")}
    assert len(keys) == 2


def test_section_is_the_folder_of_the_article_and_none_above_it() -> None:
    class School(NukeVietSpider):
        hosts = ("truong.example",)
        sections: ClassVar[dict[str, str]] = {"Tin tức": "/vi/news/", "Thông báo": "/vi/news/thong-bao/"}

    assert School.section_of("https://truong.example/vi/news/thong-bao/lich-hoc-7.html") == "Thông báo"
    assert School.section_of("https://truong.example/vi/news/tuyen-sinh/lich-hoc-7.html") is None


@pytest.mark.parametrize(
    ("byline", "author", "credit"),
    [
        ("<strong>Tác giả bài viết: </strong>Lò Văn Sáng", "Lò Văn Sáng", None),
        ("<strong>Tác giả bài viết:</strong>", None, None),
        ("<strong>Tác giả:</strong> Lò Văn Sáng - <strong>Nguồn:</strong> Báo X", "Lò Văn Sáng", "Báo X"),
        ("Theo <strong>Nguồn tin:</strong> baoX", None, "baoX"),
        ("<strong>Tác giả:</strong> Lò Văn Sáng - <strong>Ảnh:</strong> Lò Thị Yên", "Lò Văn Sáng", None),
        ("<strong>Ảnh:</strong> Tác giả, Lò Thị Yên", None, None),
        ("<strong>Nguồn tin:</strong>", None, None),
        ("<strong>Nguồn tin: </strong>Trang tin TP. Hoa Lộc; khu 3", None, "Trang tin TP. Hoa Lộc; khu 3"),
    ],
)
def test_label_is_no_author_and_what_follows_that_of_a_source_is_none_either(
    byline: str, author: str | None, credit: str | None
) -> None:
    body = f"""<html lang="vi"><body><div class="news_column newsdetail"><div class="panel-body">
      <h1 class="title">Lớp học đêm ở khu 3 mở lại sau mùa gặt</h1>
      <div class="newsdetailmetatop"><span class="h5"><i class="fa fa-clock-o"></i>(06.11.2022 19:40)</span></div>
      <div class="hometext">Từ đầu tháng 11, lớp học đêm ở khu 3 mở lại với 32 người.</div>
      <div id="news-bodyhtml"><p>Lớp do hai cô giáo về hưu dạy, mỗi tuần ba buổi.</p><p>Ai cũng mang theo đèn.</p></div>
      <div><p class="h5 text-right">{byline}</p></div></div></div></body></html>"""
    page = Page(f"{HOST}/tin-hoat-dong/lop-hoc-dem-9.html", body.encode(), "text/html; charset=utf-8")
    article = read(page, spider().facts(), datetime(2023, 4, 1, tzinfo=VIETNAM)).result
    assert isinstance(article, Article)
    assert (article.author, article.source_credit) == (author, credit)
    assert article.published and f"{article.published.instant:%Y-%m-%d %H:%M}" == "2022-11-06 19:40"


def test_listing_that_leads_elsewhere_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the end the system leads to the front page, whose articles are of other sections."""
    made = spider()
    front = Page(f"{HOST}/", FRONT.encode(), "text/html; charset=utf-8")

    async def get(request: Request, *, past_end: tuple[int, ...] = (), **_: Any) -> Page:
        return front if "page-" in request.url else Page(request.url, FRONT.encode(), "text/html; charset=utf-8")

    monkeypatch.setattr(made, "get", get)
    assert len(asyncio.run(made.listing_page("/tin-hoat-dong/", 1)) or []) == 1
    assert asyncio.run(made.listing_page("/tin-hoat-dong/", 4)) == []


@pytest.mark.parametrize(("named", "is_walked"), [(LATEST, True), (LATEST - 1, False)])
def test_full_sitemap_has_the_listings_walked_for_what_is_older(
    named: int, is_walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that names a page which is not ours (of the questions and answers) is as full as another."""
    made = spider()
    older = Considered(urls=frozenset({"older"}))
    rows = "".join(f"<url><loc>{HOST}/tin-hoat-dong/bai-{number}.html</loc></url>" for number in range(2, named + 1))
    urlset = f"<url><loc>{HOST}/faq/hoi-dap/hoi-1.html</loc></url>{rows}"
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urlset}</urlset>'.encode()
    ledger = SimpleNamespace(
        see=lambda _: [], stand=lambda source: Stand(), last_walk=lambda _: None, walked=lambda *_: None
    )

    async def get(request: Request, *, past_end: tuple[int, ...] = (), **_: Any) -> Page:
        return Page(request.url, body)

    async def ask(call: Callable[[], Any]) -> Any:
        return call()

    async def listing() -> AsyncIterator[Considered]:
        yield older

    async def all_of() -> list[Considered]:
        return [one async for one in made.by_sitemap()]

    desk = SimpleNamespace(ask=ask, ledger=ledger, looks=NoLooks(), clock=Clock(), troubles=[])
    monkeypatch.setattr(type(made), "desk", desk, raising=False)
    monkeypatch.setattr(
        made, "crawler", SimpleNamespace(stats=SimpleNamespace(inc_value=lambda *_: None)), raising=False
    )
    monkeypatch.setattr(made, "get", get)
    monkeypatch.setattr(made, "by_listing", listing)
    assert (older in asyncio.run(all_of())) is is_walked


def test_theme_switch_and_query_lead_to_the_one_address() -> None:
    url = f"{HOST}/tin-hoat-dong/phien-cho-482.html?nvvithemever=m&nv_redirect=x"
    assert spider().canonical_url(url) == f"{HOST}/tin-hoat-dong/phien-cho-482.html"


@pytest.mark.parametrize(
    ("path", "is_of_articles"),
    [
        ("/sitemap-vi.news.xml", True),
        ("/sitemap-vi.tin-tuc.xml", True),
        ("/sitemap-vi.about.xml", False),
        ("/sitemap-en.siteterms.xml", False),
        ("/sitemap-en.news.xml", False),
    ],
)
def test_sitemaps_of_other_modules_are_not_asked_for(path: str, is_of_articles: bool) -> None:
    assert spider().is_article_sitemap(HOST + path) is is_of_articles


def test_further_listing_pages_are_named_in_the_path() -> None:
    assert spider().listing_request("/tin-hoat-dong/", 1).url == f"{HOST}/tin-hoat-dong/"
    assert spider().listing_request("/tin-hoat-dong/", 3).url == f"{HOST}/tin-hoat-dong/page-3/"


def test_listing_tells_titles_and_dates_of_news_and_of_the_older_ones_below() -> None:
    body = """<div class="news_column"><div class="panel panel-default"><div class="panel-body featured">
      <a href="/tin-hoat-dong/phien-cho-482.html"><img src="a.jpg"></a>
      <h2><a href="/tin-hoat-dong/phien-cho-482.html">Phiên chợ</a></h2><div class="text-muted"><ul>
      <li><em class="fa fa-clock-o"></em> 06/11/2022 19:40:12</li><li>Đã xem: 9</li></ul></div>
      Mỗi người một phiếu.</div></div></div>
      <ul class="related"><li><em class="fa fa-angle-right"></em><a href="/tin-hoat-dong/tu-sach-471.html">Tủ sách
      <em>(28/10/2022)</em></a></li></ul>"""
    layout = NukeVietSpider.listings[0]
    first, second = read_listing(Page(f"{HOST}/tin-hoat-dong/", body.encode(), "text/html; charset=utf-8"), layout)
    assert (first.title, first.published and f"{first.published.instant:%Y-%m-%d %H:%M}") == (
        "Phiên chợ",
        "2022-11-06 19:40",
    )
    assert second.url == f"{HOST}/tin-hoat-dong/tu-sach-471.html"
    assert second.published and f"{second.published.instant:%Y-%m-%d}" == "2022-10-28"


@pytest.mark.parametrize(
    ("path", "is_section"),
    [
        ("/tin-hoat-dong/", True),
        ("/vi/news/thong-bao/", True),
        ("/contact/", False),
        ("/vi/users/", False),
        ("/", False),
        ("/vi/", False),
        ("/en/", False),
        ("/en/news/", False),
        ("/tin-hoat-dong/page-2/", False),
    ],
)
def test_section_is_told_by_its_path(path: str, is_section: bool) -> None:
    assert NukeVietSpider.section_path is not None
    assert bool(NukeVietSpider.section_path.fullmatch(path)) is is_section


def read_markup(markup: str) -> Article:
    body = f'<html lang="vi"><body>{markup}</body></html>'.encode()
    page = Page(f"{HOST}/tin-hoat-dong/lop-hoc-dem-9.html", body, "text/html; charset=utf-8")
    article = read(page, spider().facts(), datetime(2023, 4, 1, tzinfo=VIETNAM)).result
    assert isinstance(article, Article)
    return article


TEXT = """<p>Lớp do hai cô giáo về hưu dạy, mỗi tuần ba buổi, ai cũng mang theo đèn.</p>
  <p>Thôn góp tiền dầu, mỗi nhà 5.000 đồng một tháng, gia đình có người đi học thì thôi.</p>"""
MODERN = """<div class="header-details"><h1>Lớp học đêm ở khu 3</h1><span class="small">06/11/2022 19:40</span></div>
  <div class="sidebar"><p class="source">Lò Văn Ngoài</p></div>
  <div id="hometext"><h2>Lớp có 32 người.</h2><p>Người cao tuổi nhất 71.</p></div><div id="bodytext">{}</div>"""
STOCK = """<div class="news_column"><div class="panel-body"><h1 class="title">Lớp học đêm ở khu 3 mở lại</h1>
  <em class="time">06/11/2022 19:40</em>{}<div id="news-bodyhtml" class="bodytext">{}</div>{}</div></div>"""


def test_what_is_classed_a_source_away_from_the_end_of_the_text_names_no_author() -> None:
    quote = '<blockquote>Được chữ nào mừng chữ ấy. <span class="source">Bà Lò Thị Mai, khu 3</span></blockquote>'
    article = read_markup(MODERN.format(TEXT + quote + TEXT))
    assert article.author is None
    assert "Được chữ nào mừng chữ ấy. Bà Lò Thị Mai, khu 3" in [block.text for block in article.blocks]


def test_line_that_speaks_of_an_author_without_the_label_at_its_beginning_is_no_byline() -> None:
    line = '<div><p class="text-right">Ảnh dự thi, Tác giả: Lò Thị Mai, xem ở nhà văn hóa</p></div>'
    assert read_markup(STOCK.format("", TEXT, line)).author is None
    line = '<div><p class="h5 text-right"><strong>Tác giả: </strong>Lò Thị Mai</p></div>'
    assert read_markup(STOCK.format("", TEXT, line)).author == "Lò Thị Mai"


@pytest.mark.parametrize(
    "markup",
    [
        MODERN.format(TEXT),
        STOCK.format('<div id="hometext"><h2>Lớp có 32 người.</h2><p>Người cao tuổi nhất 71.</p></div>', TEXT, ""),
    ],
    ids=["3.4 modern", "4.0"],
)
def test_lead_is_taken_whole(markup: str) -> None:
    assert read_markup(markup).blocks[0].text == "Lớp có 32 người. Người cao tuổi nhất 71."


NOTE = "Giờ học tối thứ ba"
FIGURE = f"""<div class="clearfix"><figure class="article left"><div id="imgpreview"><p><img src="a.jpg"></p>
  <figcaption>{NOTE}</figcaption></div></figure><div class="hometext">Lớp có 32 người.</div></div>"""


@pytest.mark.parametrize(
    "markup",
    [
        STOCK.format(FIGURE, TEXT, ""),
        STOCK.format(
            FIGURE, TEXT + f"<figure><img src='a.jpg'><figcaption>{NOTE}. Ảnh: Lò Mai</figcaption></figure>", ""
        ),
        STOCK.format(FIGURE, TEXT + f"<p>{NOTE}</p>", ""),
        STOCK.format(
            f'<div id="hometext"><div class="imghome"><img src="a.jpg"><em>{NOTE}</em></div>Lớp có 32 người.</div>',
            TEXT + f"<p>{NOTE} hằng tuần kéo dài hai tiếng, gặp đêm mưa thì nghỉ.</p>",
            "",
        ),
    ],
    ids=["figure", "figure, in the text too", "figure, a line of the text too", "4.0"],
)
def test_note_of_the_picture_beside_the_lead_is_kept_once(markup: str) -> None:
    article = read_markup(markup)
    notes = [block for block in article.blocks if block.text.startswith(NOTE) and not block.text.endswith("nghỉ.")]
    assert len(notes) == 1
    assert article.blocks[0].text == "Lớp có 32 người."
