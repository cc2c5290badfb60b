"""The families of portals: which addresses are articles, where listings go on, and by what a site is known."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, ClassVar

import pytest
from scrapy.http import Request

from archive.article import Article
from archive.clock import VIETNAM
from crawler.discovery.listing import ListingLayout
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.extraction.select import select_all
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.lacviet import LacVietSpider
from crawler.families.liferay import LiferaySpider
from crawler.families.listing import ListingSpider
from crawler.families.queries import parameters, with_parameters
from crawler.sites import all_sites
from tests.goldens.reading import FAMILIES, page_names, serve


class DoiXanh(LacVietSpider):
    """A portal with all that a site of its family has to declare."""

    name = "doi_xanh"
    title = "Cổng thông tin điện tử huyện Đồi Xanh"
    province = "dak-nong"
    hosts = ("doixanh.example",)
    sections: ClassVar = {
        "Kinh tế": "/TinTuc/tintuc/Lists/Posts/AllPosts.aspx?CategoryId=24",
        "Xã hội": "/tin-tuc/xa-hoi",
        "Hướng dẫn": "/huong-dan-va-trao-doi-kinh-nghiem",
    }


class SoTuLieu(LiferaySpider):
    """A portal with all that a site of its family has to declare."""

    name = "so_tu_lieu"
    title = "Sở Tư liệu"
    province = "ha-noi"
    hosts = ("sotulieu.example",)
    sections: ClassVar = {"Thư viện": "/thu-vien"}


class QuyRung(ListingSpider):
    """A site of the plain family."""

    name = "quy_rung"
    title = "Quỹ Rừng xanh"
    province = "dak-nong"
    hosts = ("quyrung.example",)
    sections: ClassVar = {"Tin": "/tin-tuc", "Hướng dẫn": "/huong-dan-va-trao-doi-kinh-nghiem/"}
    page = "/page/{n}/"


def pages_of(spider: SiteSpider, path: str, numbers: tuple[int, ...], answers: dict[str, str]) -> list[Any]:
    """For each number what is asked for and the entries found; `answers` are pages by address, others do not come."""
    asked: list[str] = []

    async def get(request: Request, **_: Any) -> Page | None:
        asked.append(request.url)
        body = answers.get(request.url)
        return Page(request.url, body.encode(), "text/html; charset=utf-8") if body is not None else None

    spider.get = get  # type: ignore[method-assign]

    async def walk() -> list[Any]:
        out = []
        for number in numbers:
            before = len(asked)
            entries = await spider.listing_page(path, number)
            urls = None if entries is None else [entry.url for entry in entries]
            out.append((asked[before:], urls, entries))
        return out

    return asyncio.run(walk())


def article_of(spider: type[SiteSpider], url: str, body: str) -> Article:
    """What is read of a page with `body` at `url`."""
    page = Page(url, f"<html><body>{body}</body></html>".encode(), "text/html; charset=utf-8")
    article = read(page, spider.facts(), datetime(2023, 4, 1, tzinfo=VIETNAM)).result
    assert isinstance(article, Article)
    return article


NEWS = (
    "Sáng nay xã Bình Lâm mở cống lấy nước về cánh đồng Ba Cây, sớm hơn năm ngoái đúng mười ngày.",
    "Mỗi hộ góp hai ngày công; tiền thuê máy do hợp tác xã ứng trước và trả dần trong ba năm tới.",
    "Ông Lê Đình Khởi, trưởng thôn Đồng Tâm, cho biết hồ thứ hai đủ nước cho ba lần tưới mỗi vụ.",
)


# -- Lạc Việt --------------------------------------------------------------------------------------
POST = "http://doixanh.example/TinTuc/tintuc/Lists/Posts/Post.aspx"


@pytest.mark.parametrize(
    "query",
    [
        "?CategoryId=24&ItemID=1482",
        "?categoryid=24&itemid=1482",
        "?ItemID=1482&CategoryId=24&PublishedDate=2019-07-30%2017:59:00&InitialTabId=Ribbon.Read",
        "?CategoryId=24&ItemID=1482&Source=%2FPages%2FHome.aspx#top",
    ],
)
def test_post_of_a_list_is_told_by_its_number_whatever_else_the_query_says(query: str) -> None:
    assert DoiXanh.article_key(POST + query) == "tintuc~tintuc~1482"
    assert DoiXanh.canonical_url(POST + query) == f"{POST}?CategoryId=24&ItemID=1482"


def test_post_of_a_sharepoint_blog_keeps_the_name_of_its_parameter() -> None:
    assert DoiXanh.canonical_url(f"{POST}?ID=7") == f"{POST}?ID=7"
    assert DoiXanh.article_key(f"{POST}?ID=7") == "tintuc~tintuc~7"


def test_two_lists_have_numbers_of_their_own() -> None:
    other = POST.replace("/tintuc/Lists", "/quanlynhanuoc/Lists") + "?ItemID=1482"
    assert DoiXanh.article_key(other) == "tintuc~quanlynhanuoc~1482"
    webs = ("phong-ban", "phong/ban")
    keys = {DoiXanh.article_key(f"http://doixanh.example/{web}/Lists/Posts/Post.aspx?ItemID=7") for web in webs}
    assert keys == {"phong-ban~7", "phong~ban~7"}


@pytest.mark.parametrize(
    "path",
    [
        "/TinTuc/tintuc/Lists/Posts/Post.aspx",
        "/TinTuc/tintuc/Lists/Posts/Post.aspx?CategoryId=10",
        "/TinTuc/tintuc/Lists/Posts/Post.aspx?ItemID=../../1",
        "/TinTuc/tintuc/Lists/Posts/Post.aspx?ItemID=%D9%A1",
        "/TinTuc/tintuc/Lists/Posts/AllPosts.aspx?CategoryId=24",
        "/tiep-cong-dan/Lists/Posts/Post.aspx?ItemID=12",
        "/_layouts/listform.aspx?PageType=4&ID=349",
        "/pages/rss.aspx",
        "/huong-dan-va-trao-doi-kinh-nghiem/",
        "/co-cau-to-chuc",
        "/lich-su-hinh-thanh/",
        "/tin-tuc-su-kien/tin-noi-bat",
        "/",
    ],
)
def test_lists_organs_and_posts_without_a_number_are_no_articles(path: str) -> None:
    assert DoiXanh.article_key(f"http://doixanh.example{path}") is None


def test_rebuilt_portal_has_slugs() -> None:
    url = "https://doixanh.example/xa-binh-lam-dua-nuoc-ve-nuong/?fbclid=1"
    assert DoiXanh.article_key(url) == "xa-binh-lam-dua-nuoc-ve-nuong"
    assert DoiXanh.canonical_url(url) == "http://doixanh.example/xa-binh-lam-dua-nuoc-ve-nuong"


def test_page_of_a_post_is_no_section() -> None:
    assert not LacVietSpider.section_path.fullmatch("/TinTuc/tintuc/Lists/Posts/Post.aspx")


@pytest.mark.parametrize(
    ("url", "form", "day"),
    [
        ("/mo-cong-lay-nuoc-o-ba-cay", "Home.aspx", None),
        ("/mo-cong-lay-nuoc-o-ba-cay", "", None),
        ("/TinTuc/tintuc/Lists/Posts/Post.aspx?ItemID=7", "Post.aspx?ItemID=7", "2019-07-30"),
    ],
)
def test_time_of_a_rebuilt_page_is_no_date_and_a_last_sentence_that_leads_to_the_portal_stays(
    url: str, form: str, day: str | None
) -> None:
    last = 'Danh sách 12 hộ được khen có trên <a href="/">trang của huyện</a>, ai có ý kiến gửi về trước ngày 2.'
    texts = "".join(f"<p>{words}</p>" for words in (*NEWS, last))
    body = f"""<form action="{form}"><table><tr><td class="FolderTitle">Tin</td><td class="Time">30/07/2019</td></tr>
    </table><p class="Title">Mở cống lấy nước ở Ba Cây</p><div class="ExternalClassA1">{texts}</div></form>"""
    article = article_of(DoiXanh, f"http://doixanh.example{url}", body)
    assert (f"{article.published.instant:%Y-%m-%d}" if article.published else None) == day
    assert article.blocks[-1].text.startswith("Danh sách 12 hộ được khen")


FRONT = """<table><tr><td class="TitleFront"><a href="{}">{}<span class="ShowDate"> (30.07.2019 17:59)</span></a>
</td></tr><tr><td class="tinHT"><div class="ContentText">&nbsp;</div></td></tr></table>"""


def test_listing_tells_neither_the_time_of_building_nor_takes_it_into_the_headline() -> None:
    body = FRONT.format("xa-binh-lam-dua-nuoc-ve-nuong", "Xã Bình Lâm đưa nước về nương")
    [(_, urls, [entry])] = pages_of(DoiXanh(), "/tin-tuc/xa-hoi", (1,), {"http://doixanh.example/tin-tuc/xa-hoi": body})
    assert urls == ["http://doixanh.example/tin-tuc/xa-binh-lam-dua-nuoc-ve-nuong"]
    assert (entry.title, entry.published) == ("Xã Bình Lâm đưa nước về nương", None)


def test_rebuilt_listing_goes_on_by_number() -> None:
    assert DoiXanh().listing_request("/tin-tuc/xa-hoi", 3).url == "http://doixanh.example/tin-tuc/xa-hoi/page/3"


def list_view(number: int, further: str) -> str:
    back = (
        '<a onclick="RefreshPageTo(event, &quot;/TinTuc/tintuc/Lists/Posts/AllPosts.aspx?Paged=TRUE'
        '&amp;PagedPrev=TRUE&amp;p_ID=9&quot;);return false;" href="javascript:">Trước</a>'
    )
    return FRONT.format(f"{POST}?ItemID={number}", "Tin") + back + further


def test_list_goes_on_by_the_link_on_its_page_and_asks_again_for_a_page_that_failed_to_fill() -> None:
    path = DoiXanh.sections["Kinh tế"]
    first = f"http://doixanh.example{path}"
    second = (
        "http://doixanh.example/TinTuc/tintuc/Lists/Posts/AllPosts.aspx"
        "?Paged=TRUE&p_PublishedDate=20180328%2011%3a35%3a00&p_ID=312&PageFirstRow=31&View={D7}"
    )
    link = (
        '<a onclick="RefreshPageTo(event, &quot;/TinTuc/tintuc/Lists/Posts/AllPosts.aspx?Paged=TRUE'
        "&amp;p_PublishedDate=20180328%2011%3a35%3a00&amp;p_ID=312\\u0026PageFirstRow=31\\u0026View={D7}&quot;);"
        'return false;" href="javascript:">Sau</a>'
    )
    answers = {first: list_view(2, link), second.replace("{D7}", "%7BD7%7D"): list_view(1, "")}
    one, two, three = pages_of(DoiXanh(), path, (1, 2, 3), answers)
    assert one[:2] == ([first], [f"{POST}?ItemID=2"])
    assert two[:2] == ([second.replace("{D7}", "%7BD7%7D")], [f"{POST}?ItemID=1"])
    assert three[:2] == ([], [])
    empty = {**answers, second.replace("{D7}", "%7BD7%7D"): "<p>Lỗi</p>"}
    _, failed, again = pages_of(DoiXanh(), path, (1, 2, 2), empty)
    assert failed[0] == again[0] != []


def test_list_that_does_not_come_is_no_end() -> None:
    assert pages_of(DoiXanh(), DoiXanh.sections["Kinh tế"], (1,), {})[0][1] is None


# -- Liferay ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "key", "canonical"),
    [
        ("/thu-vien/-/view_content/418203-them-hai-xe", "418203", None),
        ("/tin/-/view_content/418203-them-hai-xe?redirect=%2Ftin", "418203", "/tin/-/view_content/418203-them-hai-xe"),
        ("/tin/-/asset_publisher/Ab3xY/content/them-hai-xe", "them-hai-xe", None),
        ("/web/so/tin/-/asset_publisher/Zz9/content/them-hai-xe/20182?inheritRedirect=false", "20182~them-hai-xe", ""),
        ("/web/so/chi-tiet/-/asset_publisher/Zz9/content/id/733717?plidlayout=3045", "733717", ""),
        ("/-/asset_publisher/Ab/content/them-xe/pop_up", "them-xe", "/-/asset_publisher/Ab/content/them-xe"),
        ("/vi/-/asset_publisher/Ab/content/them-hai-xe/", "them-hai-xe", "/-/asset_publisher/Ab/content/them-hai-xe"),
        ("/vi_VN/-/them-hai-xe", "them-hai-xe", "/-/them-hai-xe"),
        ("/-/them-hai-xe;jsessionid=10B16845", "them-hai-xe", "/-/them-hai-xe"),
        ("/-/-ak-lak-them-xe", "-ak-lak-them-xe", None),
        ("/web/so/-/them-hai-xe", "so~them-hai-xe", None),
        ("/vi/web/so-b/-/them-hai-xe", "so-b~them-hai-xe", "/web/so-b/-/them-hai-xe"),
        ("/-/details/37632/them-hai-xe-141199571", "37632~them-hai-xe-141199571", None),
        ("/-/details/20182/them-hai-xe-141199571", "20182~them-hai-xe-141199571", None),
        ("/du-lich/-/asset_publisher/Ab3xY/content/them-hai-xe", "them-hai-xe", None),
        ("/an-ninh/-/them-hai-xe", "them-hai-xe", None),
        ("/vi-tri/-/them-hai-xe", "them-hai-xe", None),
        ("/w/them-hai-xe", "them-hai-xe", None),
        ("/web/so/w/th%C3%AAm-hai-xe", "so~thêm-hai-xe", None),
    ],
)  # fmt: skip
def test_liferay_article_has_one_key_under_every_instance_and_view(path: str, key: str, canonical: str | None) -> None:
    url = f"https://sotulieu.example{path}"
    assert SoTuLieu.article_key(url) == key
    assert SoTuLieu.canonical_url(url) == f"https://sotulieu.example{canonical or path.partition('?')[0]}"


@pytest.mark.parametrize(
    "path",
    [
        "/thu-vien",
        "/web/so/thu-vien?_101_INSTANCE_Ab3_cur=2",
        "/c/portal/update_language?p_l_id=5&redirect=%2F-%2Fthem-hai-xe&languageId=fi_FI",
        "/c/portal/login",
        "/en/tin/-/asset_publisher/Ab3xY/content/them-hai-xe",
        "/zh_CN/-/them-hai-xe",
        "/hoi-dap/-/view_content/418203-ong-a-hoi-ve-dat",
        "/tin/-/asset_publisher/Ab3xY/rss",
        "/tin/-/asset_publisher/Ab3xY/document/id/126552",
        "/van-ban/-/document_library_display/Ab3/view/12",
        "/-/blogs",
        "/documents/10197/0/bao-cao-nam.pdf/9a7d2c1e",
        "/o/so-theme/images/anh-bia.png",
        "/html/js/barebone.jsp",
        "/",
    ],
)
def test_liferay_sections_tools_files_and_other_languages_are_no_articles(path: str) -> None:
    assert SoTuLieu.article_key(f"https://sotulieu.example{path}") is None


ABSTRACT = """<div class="portlet-asset-publisher" id="p_p_id_101_"><div class="asset-abstract ">
<div class="asset-image"><a href="/thu-vien/-/view_content/418203-them-hai-xe"><img src="/xe.jpg" alt=""></a></div>
<h3 class="asset-title"><a href="/thu-vien/-/view_content/418203-them-hai-xe?redirect=%2F">Thêm hai xe thư viện</a></h3>
<div class="assetPublishDate block_timer">24/05/2022 | 10:25 AM</div><div class="asset-summary">Từ tháng 6.</div></div>
<div class="taglib-page-iterator">{}</div></div>"""


def test_liferay_listing_tells_headline_and_minute() -> None:
    answers = {"https://sotulieu.example/thu-vien": ABSTRACT.format("")}
    [(_, _, [entry])] = pages_of(SoTuLieu(), "/thu-vien", (1,), answers)
    assert entry.title == "Thêm hai xe thư viện"
    assert (f"{entry.published.instant:%Y-%m-%d %H:%M}", entry.published.source) == ("2022-05-24 10:25", "listing")


@pytest.mark.parametrize(
    "name",
    [
        "_101_cur",
        "_101_INSTANCE_Ab3xYz9QwErT_cur",
        "_com_liferay_asset_publisher_web_portlet_AssetPublisherPortlet_INSTANCE_Ab3xYz9QwErT_cur",
    ],
)
def test_liferay_pager_that_goes_furthest_names_the_parameter(name: str) -> None:
    pager = f"""<a href="/thu-vien?_101_INSTANCE_A_cur=2">Tin khác, trang 2</a>
    <a href="/thu-vien?p_p_id=101&amp;_101_keywords=&amp;{name}=2">2</a>
    <a href="/thu-vien?p_p_id=101&amp;_101_keywords=&amp;{name}=25">25</a><a href="/so-do?_other_cur=90">x</a>"""
    third = f"https://sotulieu.example/thu-vien?p_p_id=101&_101_keywords=&{name}=3"
    answers = {"https://sotulieu.example/thu-vien": ABSTRACT.format(pager), third: ABSTRACT.format(pager)}
    one, three, gone = pages_of(SoTuLieu(), "/thu-vien", (1, 3, 4), answers)
    assert one[0] == ["https://sotulieu.example/thu-vien"]
    assert (three[0], len(three[1])) == ([third], 1)
    assert gone[1] is None


def test_liferay_section_without_a_pager_has_one_page() -> None:
    answers = {"https://sotulieu.example/thu-vien": ABSTRACT.format("")}
    assert pages_of(SoTuLieu(), "/thu-vien", (1, 2), answers)[1][:2] == ([], [])


def test_section_with_a_template_of_its_own_is_read_by_the_box_it_stands_in() -> None:
    box = "p_p_id_com_liferay_asset_publisher_web_portlet_AssetPublisherPortlet_INSTANCE_Ab_"
    body = f'<div id="{box}"><div class="news-item"><a href="/web/so/-/them-hai-xe">Thêm hai xe</a></div></div>'
    answers = {"https://sotulieu.example/thu-vien": f'<a href="/-/tin-o-dau-trang">Khác</a>{body}'}
    assert pages_of(SoTuLieu(), "/thu-vien", (1,), answers)[0][1] == ["https://sotulieu.example/web/so/-/them-hai-xe"]


@pytest.mark.parametrize("path", ["/du-lich", "/tu-phap/an-ninh", "/vi-sinh"])
def test_liferay_section_that_begins_with_two_letters_is_no_language(path: str) -> None:
    assert LiferaySpider.section_path.fullmatch(path)
    assert SoTuLieu.canonical_url(f"https://sotulieu.example{path}") == f"https://sotulieu.example{path}"


def box_of(instance: str, slug: str, last: int) -> str:
    """A publisher's box with one article, whose pager goes to page `last`; without a pager for 0."""
    name = f"_101_INSTANCE_{instance}_cur"
    pager = f'<div class="taglib-page-iterator"><a href="/thu-vien?{name}={last}">Cuối</a></div>' if last else ""
    entry = f'<div class="asset-abstract"><h3 class="asset-title"><a href="/-/{slug}">Tin</a></h3></div>'
    return f'<div class="portlet-boundary" id="p_p_id_101_INSTANCE_{instance}_">{entry}{pager}</div>'


@pytest.mark.parametrize(
    ("boxes", "second"),
    [
        ((("Main", "tin-chinh", 3), ("Beside", "tin-khac", 25)), "_101_INSTANCE_Main_cur=2"),
        ((("Top", "tin-noi-bat", 0), ("Main", "tin-chinh", 3), ("Beside", "tin-khac", 25)), "_101_INSTANCE_Main_cur=2"),
        ((("Main", "tin-chinh", 0),), None),
    ],
)
def test_liferay_pager_is_that_of_the_first_box_with_entries(boxes: Any, second: str | None) -> None:
    without_entries = '<div id="p_p_id_20_"><a href="/thu-vien?_101_INSTANCE_Files_cur=90">90</a></div>'
    body = without_entries + "".join(box_of(*one) for one in boxes)
    answers = {"https://sotulieu.example/thu-vien": body}
    [_, (asked, _, _)] = pages_of(SoTuLieu(), "/thu-vien", (1, 2), answers)
    assert asked == ([f"https://sotulieu.example/thu-vien?{second}"] if second else [])


def test_liferay_link_with_too_many_parameters_is_passed_over() -> None:
    long = "&amp;".join(f"p{number}=1" for number in range(101))
    body = ABSTRACT.format(f'<a href="/thu-vien?_101_cur=9&amp;{long}">9</a><a href="/thu-vien?_101_cur=2">2</a>')
    answers = {"https://sotulieu.example/thu-vien": body}
    [_, (asked, _, _)] = pages_of(SoTuLieu(), "/thu-vien", (1, 2), answers)
    assert asked == ["https://sotulieu.example/thu-vien?_101_cur=2"]


def test_liferay_title_is_not_the_portals_and_all_texts_of_an_article_count() -> None:
    one, two, three = (f"<p>{words}</p>" for words in NEWS)
    body = f"""<div class="header"><h2 class="header-title">Cổng thông tin điện tử Sở Tư liệu</h2></div>
    <div class="asset-full-content"><h3 class="asset-title">Mở cống lấy nước ở Ba Cây</h3><div class="asset-content">
    <div class="journal-content-article">{one}{two}</div><div class="journal-content-article">{three}</div>
    <div class="taglib-ratings">Trung bình</div></div></div>"""
    article = article_of(SoTuLieu, "https://sotulieu.example/tin/-/asset_publisher/x/content/mo-cong", body)
    assert article.title == "Mở cống lấy nước ở Ba Cây"
    assert tuple(block.text for block in article.blocks) == NEWS


# -- the plain family ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/hop-bao-48213.html", "hop-bao-48213"),
        ("/tin/hop-bao-post48213.html", "tin~hop-bao-post48213"),
        ("/so-a/thong-bao-so-1234.html", "so-a~thong-bao-so-1234"),
        ("/so-b/thong-bao-so-1234.html", "so-b~thong-bao-so-1234"),
        ("/tin/2021/thong-bao-lich-nghi-tet", "tin~2021~thong-bao-lich-nghi-tet"),
        ("/tin/2022/thong-bao-lich-nghi-tet/", "tin~2022~thong-bao-lich-nghi-tet"),
        ("/trong-rung-o-xa-doi-xanh/", "trong-rung-o-xa-doi-xanh"),
        ("/tin/tong-ket-cong-tac-rung-nam-2019.aspx", "tin~tong-ket-cong-tac-rung-nam-2019"),
    ],
)
def test_long_name_and_name_with_a_number_are_articles_under_their_whole_name_and_folders(path: str, key: str) -> None:
    assert QuyRung.article_key(f"https://quyrung.example{path}") == key


@pytest.mark.parametrize(
    "path",
    ["/", "/tin-tuc", "/ban-giam-doc", "/tin/2019/", "/tin/48213.html", "/tin-tuc/page/2/", "/page-2",
     "/huong-dan-va-trao-doi-kinh-nghiem", "/huong-dan-va-trao-doi-kinh-nghiem/", "/hoi-dap/hop-bao-48213.html",
     "/anh/trong-rung-o-xa-doi-xanh.jpg", "/ChiTiet.aspx?nid=48213",
     "/so-a~tin/hop-bao-48213.html"],
)  # fmt: skip
def test_organs_sections_pagers_bare_numbers_and_files_are_no_articles(path: str) -> None:
    assert QuyRung.article_key(f"https://quyrung.example{path}") is None


def test_article_may_be_named_by_a_parameter() -> None:
    class ByNumber(QuyRung):
        article_path = re.compile(r"/Trang/(?P<key>ChiTiet)\.aspx", re.IGNORECASE)
        article_query = "nid"

    url = "http://www.quyrung.example/Trang/ChiTiet.aspx?title=hop&NID=48213&utm_source=fb"
    assert ByNumber.article_key(url) == "48213"
    assert ByNumber.canonical_url(url) == "https://quyrung.example/Trang/ChiTiet.aspx?nid=48213"
    assert ByNumber.article_key("https://quyrung.example/Trang/ChiTiet.aspx?title=hop") is None


def test_parameters_that_a_page_asks_for_stay_in_its_address() -> None:
    class ByTab(QuyRung):
        article_path = re.compile(r"/(?P<key>Default)\.aspx", re.IGNORECASE)
        article_query = "nid"
        kept_parameters = ("tabid",)

    url = "http://quyrung.example/Default.aspx?TabId=62&nid=48213&utm_source=fb"
    assert ByTab.canonical_url(url) == "https://quyrung.example/Default.aspx?nid=48213&tabid=62"
    assert ByTab.canonical_url("http://quyrung.example/Default.aspx?tabid=62") == "https://quyrung.example/Default.aspx"


def test_a_value_that_is_declared_says_which_pages_are_articles() -> None:
    class Viewed(QuyRung):
        article_path = re.compile(r"/(?P<key>index)\.php")
        article_query = "id"
        kept_parameters = ("option", "view=article")

    url = "https://quyrung.example/index.php?option=com_content&view={}&id=482"
    assert Viewed.article_key(url.format("article")) == "482"
    assert Viewed.canonical_url(url.format("article")).endswith("/index.php?id=482&option=com_content&view=article")
    assert Viewed.article_key(url.format("category")) is None


@pytest.mark.parametrize(
    ("page", "path", "second"),
    [
        ("?page={n}", "/tin-tuc", "/tin-tuc?page=2"),
        ("?p={n}&cur={n}", "/tin?id=7", "/tin?id=7&p=2&cur=2"),
        ("/page/{n}/", "/tin-tuc/", "/tin-tuc/page/2/"),
        ("/trang-{n}.html", "/tin?x=1", "/tin/trang-2.html?x=1"),
        ("", "/tin-tuc", "/tin-tuc"),
    ],
)
def test_further_pages_are_as_declared(page: str, path: str, second: str) -> None:
    spider = type("Declared", (QuyRung,), {"page": page})()
    assert spider.listing_request(path, 1).url == f"https://quyrung.example{path}"
    assert spider.listing_request(path, 2).url == f"https://quyrung.example{second}"


@pytest.mark.parametrize("page", ["?page=2", "page/{n}", "{n}"])
def test_page_that_leads_nowhere_is_refused_with_what_to_write(page: str) -> None:
    with pytest.raises(ValueError, match=r"spider Wrong: page = .* begin it with \?, /, \{path\} or \{stem\}"):
        type("Wrong", (QuyRung,), {"page": page})


MENU = '<nav><a href="/ban-giam-doc">Ban giám đốc</a> <a href="/huong-dan-va-trao-doi-kinh-nghiem">Hướng dẫn</a></nav>'


def test_plain_listing_is_every_link_to_an_article_and_empty_without() -> None:
    article = '<a href="/trong-rung-o-xa-doi-xanh"><img alt=""></a><a href="/trong-rung-o-xa-doi-xanh">Trồng rừng</a>'
    answers = {
        "https://quyrung.example/tin-tuc": MENU + article,
        "https://quyrung.example/tin-tuc/page/2/": MENU,
    }
    one, two = pages_of(QuyRung(), "/tin-tuc", (1, 2), answers)
    assert ([entry.title for entry in one[2]], one[1]) == (
        ["Trồng rừng"],
        ["https://quyrung.example/trong-rung-o-xa-doi-xanh"],
    )
    assert two[1] == []


def test_section_without_a_declared_page_has_one() -> None:
    class OnePage(QuyRung):
        page = ""

    assert pages_of(OnePage(), "/tin-tuc", (2,), {})[0] == ([], [], [])


@pytest.mark.parametrize(
    ("page", "path", "further"),
    [
        ("?p={n-1}", "/tin-tuc", "/tin-tuc?p=2"),
        ("?start={20*(n-1)}", "/tin-tuc?cat=3", "/tin-tuc?cat=3&start=40"),
        ("{stem}-p{n}.html", "/muc/kinh-te_8.html", "/muc/kinh-te_8-p3.html"),
        ("{path}/trang-{n}.html", "/kinh-te/", "/kinh-te/trang-3.html"),
    ],
)
def test_pages_that_count_otherwise_or_stand_in_the_name(page: str, path: str, further: str) -> None:
    spider = type("Declared", (QuyRung,), {"page": page})()
    assert spider.listing_request(path, 1).url == f"https://quyrung.example{path}"
    assert spider.listing_request(path, 3).url == f"https://quyrung.example{further}"


def test_further_pages_are_asked_for_as_the_first_ones_script_does() -> None:
    class Posted(QuyRung):
        posted = True
        listings = (ListingLayout(item=".list li", link="a"),)

    script = "<script>function go(p) { $.post('/load', {cat: 5, page: p}); }</script>"
    answers = {
        "https://quyrung.example/tin-tuc": f'<ul class="list"><li><a href="/tin-{"a-" * 5}b">Tin</a></li></ul>{script}',
        "https://quyrung.example/load": f'{{"d": "<li><a href=\'/tin-{"c-" * 5}d\'>Tin</a></li>"}}',
    }
    one, two, outside = pages_of(Posted(), "/tin-tuc", (1, 2, 3), answers)
    assert one[1] == [f"https://quyrung.example/tin-{'a-' * 5}b"]
    assert two[:2] == (["https://quyrung.example/load"], [f"https://quyrung.example/tin-{'c-' * 5}d"])
    assert outside[0] == ["https://quyrung.example/load"]


@pytest.mark.parametrize("script", ["", "<script>$.post('https://khac.example/load', {page: p});</script>"])
def test_without_a_call_to_the_site_itself_there_is_one_page(script: str) -> None:
    spider = type("Declared", (QuyRung,), {"posted": True})()
    one, two = pages_of(spider, "/tin-tuc", (1, 2), {"https://quyrung.example/tin-tuc": f"<p>Tin</p>{script}"})
    assert one[1] == [] and two[:2] == ([], [])


def test_parts_of_a_sitemap_are_told_by_their_addresses() -> None:
    class Parted(QuyRung):
        article_sitemaps = re.compile(r"/posts-\d+\.xml")

    assert Parted().is_article_sitemap("https://quyrung.example/posts-2.xml")
    assert not Parted().is_article_sitemap("https://quyrung.example/pages-2.xml")
    assert not Parted().is_article_sitemap("https://khac.example/posts-2.xml")
    assert QuyRung().is_article_sitemap("https://quyrung.example/pages-2.xml")


def test_lists_are_the_newest_first_unless_it_is_denied() -> None:
    listings = (ListingLayout(item="li"),)
    assert not QuyRung.newest_first
    listed: type[ListingSpider] = type("Listed", (QuyRung,), {"listings": listings})
    mixed: type[ListingSpider] = type("Mixed", (QuyRung,), {"listings": listings, "newest_first": False})
    assert listed.newest_first and not mixed.newest_first


@pytest.mark.parametrize(("whole", "asked"), [(True, ["listing"]), (False, ["listing", "sitemap", "feed"])])
def test_where_no_way_has_all_articles_all_are_asked(whole: bool, asked: list[str]) -> None:
    done: list[str] = []

    class Several(QuyRung):
        ways = ("listing", "sitemap", "feed")

        async def _any(self, way: str) -> AsyncIterator[Considered]:
            done.append(way)
            self.found_any = True
            yield Considered()

        async def by_listing(self) -> AsyncIterator[Considered]:
            async for one in self._any("listing"):
                yield one

        async def by_sitemap(self) -> AsyncIterator[Considered]:
            async for one in self._any("sitemap"):
                yield one

        async def by_feed(self) -> AsyncIterator[Considered]:
            async for one in self._any("feed"):
                yield one

        async def by_changes(self) -> AsyncIterator[Considered]:
            yield Considered()

        async def _had_better(self, way: str) -> bool:
            return False

        async def _is_front_page_due(self) -> bool:
            return False

        async def _miss(self) -> None:
            return

    async def discover() -> None:
        spider = Several()
        spider.whole = whole  # type: ignore[misc]
        async for _ in spider.discover():
            pass

    asyncio.run(discover())
    assert done == asked


# -- queries ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("ItemID=7&itemid=8", {"itemid": "7"}),
        ("a=1%0d%0a&b=%3Cscript%3E&c=&d=" + "9" * 65, {}),
        ("&".join(f"p{number}=1" for number in range(200)), {}),
    ],
)
def test_only_plain_values_of_a_query_count(query: str, given: dict[str, str]) -> None:
    assert parameters(f"http://quyrung.example/?{query}") == given


def test_query_is_written_anew() -> None:
    assert with_parameters("http://a.example/x?y=1#z", {"nid": "7"}) == "http://a.example/x?nid=7"


# -- signs -----------------------------------------------------------------------------------------
KNOWN = {spider.family: spider for spider in FAMILIES.values() if spider.signs}


def score(family: type[SiteSpider], page: Page) -> int:
    """What the signs of `family` that a page alone can show count on `page`."""
    text = page.decoded.text
    return sum(
        sign.weight
        for sign in family.signs
        if (sign.selector and select_all(page.tree, sign.selector)) or (sign.source and re.search(sign.source, text))
    )


@pytest.mark.parametrize("name", [name for name in page_names() if name.startswith("siblings/")])
def test_page_of_a_family_shows_its_signs_and_those_of_no_other(name: str) -> None:
    family = FAMILIES[name.partition("/")[2]].family
    if family not in KNOWN:
        pytest.fail(f"{name} is of {family}, which says no signs") if family != "own" else None
        return
    scores = {known: score(spider, serve(name)) for known, spider in KNOWN.items()}
    assert scores[family] >= 3
    assert [known for known, counted in scores.items() if counted >= 3] == [family]


@pytest.mark.parametrize("spider", [*(one for one in all_sites().values() if one.section_path), DoiXanh, SoTuLieu])
def test_sections_have_the_shape_that_their_family_says(spider: type[SiteSpider]) -> None:
    shape = spider.section_path
    assert shape is not None
    paths = [path.partition("?")[0] for path in spider.sections.values()]
    assert [path for path in paths if not shape.fullmatch(path)] == []
    assert not shape.fullmatch("/")
