"""NukeViet: which addresses are articles, where it is looked for them, and how it is recognised."""

from typing import Any

import pytest

from crawler.discovery.listing import read_listing
from crawler.extraction.page import Page
from crawler.families.nukeviet import NukeVietSpider

HOST = "http://phuonghoaloc.example"


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
        ("/tin-tuc/Tin-xa/Lop-vo-dem-57.html", "57"),
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
      <h2><a href="/tin-hoat-dong/phien-cho-482.html">Phiên chợ</a></h2>
      <div class="text-muted"><ul><li><em class="fa fa-clock-o"></em> 06/11/2022 19:40:12</li><li>Đã xem:
      9</li></ul></div>Mỗi người một phiếu.</div></div></div>
      <ul class="related"><li><em class="fa fa-angle-right"></em><a href="/tin-hoat-dong/tu-sach-471.html">Tủ sách
      <em>(28/10/2022)</em></a></li></ul>"""
    [layout] = NukeVietSpider.listings
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
    ],
)
def test_section_is_told_by_its_path(path: str, is_section: bool) -> None:
    assert NukeVietSpider.section_path is not None
    assert bool(NukeVietSpider.section_path.fullmatch(path)) is is_section
