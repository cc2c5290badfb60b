"""Whole pages, in the markup of each family: every field, where it stood, and what is no article."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import WHOLE_PAGE, Article, ArticleKind, Attachment, BlockKind, Rejection
from crawler.extraction.gate import refuse_redirect
from crawler.extraction.page import Page
from crawler.extraction.read import Listed, read
from crawler.sites import all_sites
from tests.crawler.helpers import (
    FETCHED,
    LONG,
    LONG_HTML,
    NEWS,
    NEWS_HTML,
    TITLE,
    article,
    at,
    no_hang,
    reading,
    refusal,
)

LEAD = "Lứa cải bắp cuối vụ của thôn Đồng Găng bán hết ngay tại ruộng, người trồng lãi gấp đôi năm ngoái."
CAPTION = "Bà con thôn Đồng Găng thu hoạch cải bắp"
CLOCK = "Thứ Năm, 01/06/2023, 09:30"
LICENCE = "Giấy phép số 14/GP-TTĐT ngày 05/02/2019"


def newspaper(
    body: str = NEWS_HTML,
    *,
    lead: str = LEAD,
    date: str = "Chủ Nhật, 12/03/2023, 14:05 [GMT+7]",
    tail: str = "",
) -> str:
    sapo = f"<p><strong>{lead}</strong></p>" if lead else ""
    return f"""<html><head><title>{TITLE} - Báo Quảng Ninh</title></head><body>
<div class="clock">{CLOCK}</div>
<div class="breadcrumb"><a href="/">Trang chủ</a> <a href="/kinh-te/">Kinh tế</a></div>
<h1 id="title">{TITLE}</h1><div id="date">{date}</div>
<div id="content"><p>.</p>{sapo}
<table class="image center"><tr><td><img src="/dataimages/202303/a.jpg" alt="{CAPTION}"></td></tr><tr>
<td class="img_alt">{CAPTION}</td></tr>
<tr><td class="image_desc">{CAPTION}</td></tr></table>
{body}<table class="rl center"><tr><td><b>Tin liên quan</b></td></tr><tr><td>
<a href="/kinh-te/202302/mo-duong-2600002/">Mở đường vào xã</a></td></tr></table>{tail}<p>.</p><p>.</p></div>
<div class="tools"><a href="/print/2601234/">In trang này</a></div><div class="footer">{LICENCE}</div>
</body></html>"""


def tandan(body: str = NEWS_HTML, *, lead: str = LEAD, date: str = "", tail: str = "") -> str:
    shown = f'<span class="tandan-span-date-publish">Đăng ngày {date}</span>' if date else ""
    sapo = f'<p class="tandan-p-article-news-summary">{lead}</p>' if lead else ""
    return f"""<html lang="en-us"><head><title>Cổng thông tin</title></head><body>
<span class="tandan-date-now">{CLOCK}</span>
<div class="tandan-div-module-news-article"><p class="tandan-p-article-news-title">{TITLE}</p>
<div class="artcle-tools">{shown}<a href="/portal/Pages/In.aspx?id=7">In trang này</a></div>{sapo}
<div id="art-content" class="tandan-p-article-main">
<div class="ms-rtestate-field" style="display:inline">{body}{tail}</div></div>
<div class="tandan-rating"><span>Đánh giá:</span><span>lượt đánh giá: , trung bình:</span></div>
<div class="tandan-div-article-other"><ul><li>
<a href="/portal/Pages/2023-02-12/Mo-duong-465001.aspx">Mở đường vào xã</a> (12/02/2023)</li></ul></div></div>
<div>Bản đồ thị xã</div><div>Online: 42</div><div>{LICENCE}</div></body></html>"""


def dated_up(
    body: str = NEWS_HTML,
    *,
    lead: str = LEAD,
    date: str = "Cập nhật: Chủ nhật 12/03/2023 - 14:05",
    tail: str = "",
) -> str:
    sapo = f'<div class="Summary"><p><strong>{lead}</strong></p></div>' if lead else ""
    return f"""<html><head><title>{TITLE} | Báo Thái Nguyên</title></head><body>
<div class="datetime">{CLOCK}</div>
<div class="detail"><h1 class="news_title">{TITLE}</h1>
<span class="date_up">{date}</span>{sapo}<div class="news_detail">{body}{tail}</div>
<div><a href="#">Ý kiến bạn đọc</a> <a href="/gui">Gửi ý kiến</a> <a href="/in">In trang này</a></div>
<div>Tìm kiếm: <input></div></div>
<div class="footer">{LICENCE}</div></body></html>"""


def old_tables(body: str = NEWS_HTML, *, lead: str = LEAD, date: str = "12/03/2018 14:05", tail: str = "") -> str:
    sapo = f'<div class="Lead"><b>{lead}</b></div>' if lead else ""
    return f"""<html><body><div class="datetime">{CLOCK}</div><table><tr><td><table>
<tr><td class="TitleDetail">{TITLE}</td></tr><tr><td class="DateDetail">{date}</td></tr>
<tr><td class="ContentDetail">{sapo}{body}{tail}</td></tr><tr><td>Gửi ý kiến | In trang này</td></tr>
</table></td></tr></table>{LICENCE}</body></html>"""


def portal(
    body: str = NEWS_HTML,
    *,
    lead: str = LEAD,
    date: str = "12/03/2023 14:05",
    tail: str = "",
    views: str = "Lượt xem: 1.270",
) -> str:
    sapo = f'<div class="ArticleSummary">{lead}</div>' if lead else ""
    shown = f'<div class="PostDate">{date}</div>' if date else ""
    return f"""<html><body><div class="FlagTitle">Ảnh cờ động</div>
<span class="SlideTitle">No title...</span><div class="UIDate">{CLOCK}</div>
<div class="ArticleDetail"><h1 class="ArticleHeader">{TITLE}</h1>{shown}
<div class="ViewCount">{views}</div>{sapo}
<div class="ArticleContent">{body}{tail}</div></div>
<ul class="UINewest"><li><a href="/kinh-te/mo-duong-606001">Mở đường</a>
<span class="PostDate">(12/02/2023)</span></li></ul>
<div>Đang online: 22<br>Tất cả: 573507</div><div>{LICENCE}</div></body></html>"""


def wordpress(
    body: str = NEWS_HTML, *, lead: str = LEAD, date: str = "2023-03-12T14:05:00+07:00", tail: str = ""
) -> str:
    sapo = f"<p><strong>{lead}</strong></p>" if lead else ""
    return f"""<html lang="vi"><head><title>{TITLE} &#8211; Tuyên giáo</title></head><body>
<div class="today">{CLOCK}</div>
<article id="post-8123" class="post hentry"><header>
<time class="entry-date published" datetime="{date}">12/03/2023</time>
<time class="updated" datetime="2023-03-13T08:00:00+07:00"></time><span class="author">admin</span>
<h1 class="entry-title">{TITLE}</h1></header>
<div class="entry-content">{sapo}{body}{tail}<div class="related-in-post"><p>
<strong>Các tin liên quan đến bài viết này</strong></p>
<ul><li><a href="/mo-duong/">Mở đường vào xã</a> (12/02/2023)</li></ul></div></div>
<footer><span class="cat-links"><a href="/category/kinh-te-xa-hoi/">Kinh tế – Xã hội</a></span>
<span class="tags-links"><a href="/tag/rau/">rau an toàn</a>, <a href="/tag/vu-dong/">vụ đông</a></span>
</footer></article>
<aside>Đang online: 42</aside><footer>{LICENCE}</footer></body></html>"""


BQN = "http://baoquangninh.com.vn/kinh-te/202303/dong-gang-duoc-mua-cai-bap-2601234/"
HL = "https://honglinh.hatinh.gov.vn/portal/Pages/2023-03-12/Dong-Gang-duoc-mua-cai-bap-465087.aspx"
BTN = "https://baothainguyen.vn/tin-tuc/kinh-te/dong-gang-duoc-mua-cai-bap-300123-108.html"
HN = "https://tuyengiao.hanam.gov.vn/kinh-te/dong-gang-duoc-mua-cai-bap-606730"
BP = "https://tuyengiaobinhphuoc.vn/dong-gang-duoc-mua-cai-bap/"

Make = Callable[..., str]
FAMILIES: dict[str, tuple[str, str, Make]] = {
    "newspaper": ("bao_quang_ninh", BQN, newspaper),
    "tandan": ("hong_linh", HL, tandan),
    "date_up": ("bao_thai_nguyen", BTN, dated_up),
    "old tables": ("bao_thai_nguyen", BTN, old_tables),
    "portal": ("tuyen_giao_ha_nam", HN, portal),
    "wordpress": ("tuyen_giao_binh_phuoc", BP, wordpress),
}
EACH = pytest.mark.parametrize(("site", "url", "make"), FAMILIES.values(), ids=FAMILIES)


def prose(found: Article) -> list[str]:
    return [block.text for block in found.blocks if block.kind is not BlockKind.CAPTION]


# -- every field -----------------------------------------------------------------------------------
@EACH
def test_title_lead_and_text_are_exactly_the_articles(site: str, url: str, make: Make) -> None:
    found = article(site, url, make())
    assert (found.title, found.lead) == (TITLE, LEAD)
    assert prose(found) == [LEAD, *NEWS]
    assert found.text == "\n\n".join(block.text for block in found.blocks)
    assert (found.kind, found.language, found.flags) == (ArticleKind.ARTICLE, "vi", ())


@EACH
def test_missing_lead_leaves_the_rest_as_it_is(site: str, url: str, make: Make) -> None:
    found = article(site, url, make(lead=""))
    assert (found.lead, prose(found)) == (None, list(NEWS))


def test_short_bold_first_paragraph_is_a_heading_and_no_lead() -> None:
    found = article("bao_thai_nguyen", BTN, dated_up("<p><b>Trúng mùa, được giá</b></p>" + NEWS_HTML, lead=""))
    assert found.lead is None
    assert (found.blocks[0].kind, found.blocks[0].text) == (BlockKind.HEADING, "Trúng mùa, được giá")


@EACH
def test_author_affiliation_and_source_leave_the_text(site: str, url: str, make: Make) -> None:
    tail = "<p style='text-align:right'><b>Phan Hòa (Hội Nông dân huyện)</b></p><p><i>Theo Báo Hải Đăng</i></p>"
    found = article(site, url, make(tail=tail))
    assert (found.author, found.affiliation, found.source_credit) == (
        "Phan Hòa",
        "Hội Nông dân huyện",
        "Báo Hải Đăng",
    )
    assert prose(found) == [LEAD, *NEWS]


@EACH
def test_key_and_address_are_the_sites(site: str, url: str, make: Make) -> None:
    found = article(site, url.replace("https:", "http:") + "?utm_source=x#y", make())
    key = "8123" if make is wordpress else all_sites()[site].article_key(url)
    assert (found.url, found.key) == (url, key)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("newspaper", "2023-03-12T14:05 minute layout"),
        ("tandan", "2023-03-12T00:00 day url"),
        ("date_up", "2023-03-12T14:05 minute layout"),
        ("old tables", "2018-03-12T14:05 minute layout"),
        ("portal", "2023-03-12T14:05 minute layout"),
        ("wordpress", "2023-03-12T14:05 minute layout"),
    ],
)
def test_published(family: str, expected: str) -> None:
    site, url, make = FAMILIES[family]
    published = article(site, url, make()).published
    assert published is not None
    assert f"{published.instant:%Y-%m-%dT%H:%M} {published.precision} {published.source}" == expected


@pytest.mark.parametrize("family", ["newspaper", "date_up", "old tables", "portal", "wordpress"])
def test_page_that_tells_no_date_of_its_own_has_none(family: str) -> None:
    site, url, make = FAMILIES[family]
    assert article(site, url, make(date="")).published is None


def test_section_tags_views_and_modification() -> None:
    assert article("bao_quang_ninh", BQN, newspaper()).section == "Kinh tế"
    assert article("tuyen_giao_ha_nam", HN, portal()).views == 1270
    post = article("tuyen_giao_binh_phuoc", BP, wordpress())
    assert (post.section, post.tags, post.author) == ("Kinh tế – Xã hội", ("rau an toàn", "vụ đông"), None)
    assert post.modified is not None
    assert post.modified.instant == at("2023-03-13T08:00")


@pytest.mark.parametrize(
    ("shown", "views"),
    [
        ("Lượt xem: 0", 0),
        ("Lượt xem: 8 632", 8632),
        ("Lượt xem: 1,024 lượt", 1024),
        ("Lượt xem: 2147483647", 2147483647),
        ("Lượt xem: 2147483648", None),
        ("Lượt xem: " + "1" * 5000, None),
        ("Lượt xem:", None),
        ("", None),
    ],
)
def test_views_are_a_number_and_never_text(shown: str, views: int | None) -> None:
    found = article("tuyen_giao_ha_nam", HN, portal(views=shown))
    assert found.views == views
    assert "Lượt xem" not in found.text


def test_section_of_the_listing_counts_where_the_page_names_none() -> None:
    found = article("bao_thai_nguyen", BTN, dated_up(), listed=Listed(section="Kinh tế"))
    assert (found.section, found.origins["section"]) == ("Kinh tế", "listing")


def test_a_node_too_long_for_a_name_tells_no_section() -> None:
    page = newspaper().replace("Kinh tế", "Kinh tế " * 300)
    listed = article("bao_quang_ninh", BQN, page, listed=Listed(section="Xã hội"))
    assert (listed.section, listed.origins["section"]) == ("Xã hội", "listing")
    alone = article("bao_quang_ninh", BQN, page)
    assert (alone.section, "section" in alone.origins) == (None, False)


def test_a_number_too_long_for_a_key_leaves_the_one_of_the_address() -> None:
    found = article("tuyen_giao_binh_phuoc", BP, wordpress().replace("8123", "8123" * 600))
    assert found.key == all_sites()["tuyen_giao_binh_phuoc"].article_key(BP)
    assert "key" not in found.origins


def test_section_of_the_page_counts_before_the_listings() -> None:
    assert article("bao_quang_ninh", BQN, newspaper(), listed=Listed(section="Xã hội")).section == "Kinh tế"


@EACH
def test_every_value_says_where_it_stood(site: str, url: str, make: Make) -> None:
    tail = "<p style='text-align:right'>Phan Hòa</p><p>Theo Báo Hải Đăng</p>"
    found = article(site, url, make(tail=tail))
    values = {
        name: getattr(found, name)
        for name in (
            "title",
            "lead",
            "text",
            "published",
            "modified",
            "author",
            "affiliation",
            "source_credit",
            "section",
            "tags",
            "views",
        )
    }
    assert {name for name, value in values.items() if value} == set(found.origins) - {"key"}
    assert all(found.origins.values())


def test_origins_of_an_undated_page_name_no_date() -> None:
    assert "published" not in article("tuyen_giao_ha_nam", HN, portal(date="")).origins


def test_caption_shown_twice_is_kept_once_and_in_its_place() -> None:
    found = article("bao_quang_ninh", BQN, newspaper())
    assert found.captions == (CAPTION,)
    assert [block.kind for block in found.blocks[:2]] == [BlockKind.LEAD, BlockKind.CAPTION]


def test_layout_used_and_charsets_are_told() -> None:
    page = dated_up().replace("<head>", '<head><meta charset="windows-1258">')
    found = article("bao_thai_nguyen", BTN, page, content_type="text/html; charset=iso-8859-1")
    assert (found.layout, found.declared_charset, found.used_charset) == ("date_up", "windows-1258", "utf-8")


def test_english_text_is_not_called_vietnamese() -> None:
    body = (
        "<p>The cooperative harvested its last cabbages of the season this morning, forty tonnes a hectare.</p>"
    ) * 2
    page = dated_up(body, lead="").replace(TITLE, "Last cabbages of the season")
    assert article("bao_thai_nguyen", BTN, page).language is None


# -- media, attachments, further pages -------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        "<p>Nghề chằm nón ở Nậm Mu.</p><iframe src='https://video.example/1'></iframe>",
        "<video src='a.mp4'></video>",
        "".join(f"<figure><img src='{n}.jpg'><figcaption>Công đoạn thứ {n}</figcaption></figure>" for n in range(4)),
        "<p><img src='1.jpg'></p><p><img src='2.jpg'></p><p><img src='3.jpg'></p>",
    ],
    ids=["film with a line", "film alone", "pictures with captions", "pictures alone"],
)
def test_photo_or_film_story_is_kept_as_media(body: str) -> None:
    found = article("bao_thai_nguyen", BTN, dated_up(body, lead=""))
    assert found.kind is ArticleKind.MEDIA


def test_article_with_a_film_and_many_words_is_no_media_story() -> None:
    assert (
        article("bao_thai_nguyen", BTN, dated_up(LONG_HTML + "<iframe src='v'></iframe>")).kind is ArticleKind.ARTICLE
    )


DOCUMENTS = """<p>Tệp đính kèm:</p><ul><li><a href="/tep/kh12.pdf">Kế hoạch số 12</a></li><li>
<a href="phu%20luc.DOCX?v=2">Phụ lục</a></li>
<li><a href="https://kho.example/mau.xls">Mẫu đơn</a></li><li><a href="/tep/kh12.pdf">bản PDF</a></li></ul>
<p>Xem <a href="/trang/gioi-thieu.html">trang giới thiệu</a>,
<a href="mailto:a@b.example">gửi thư</a> hay
<a href="javascript:mo('x.pdf')">mở</a>, <a>x.pdf</a>.</p>"""


def test_documents_are_recorded_as_attachments() -> None:
    assert article("bao_thai_nguyen", BTN, dated_up(NEWS_HTML + DOCUMENTS)).attachments == (
        Attachment("https://baothainguyen.vn/tep/kh12.pdf", "Kế hoạch số 12"),
        Attachment("https://baothainguyen.vn/tin-tuc/kinh-te/phu%20luc.DOCX?v=2", "Phụ lục"),
        Attachment("https://kho.example/mau.xls", "Mẫu đơn"),
    )


def test_document_linked_within_a_sentence_is_recorded_and_the_sentence_stays() -> None:
    body = "<p>Chi tiết xem trong <a href='/tep/kh12.pdf'>Kế hoạch số 12</a> vừa ban hành.</p>"
    found = article("bao_thai_nguyen", BTN, dated_up(NEWS_HTML + body))
    assert found.attachments == (Attachment("https://baothainguyen.vn/tep/kh12.pdf", "Kế hoạch số 12"),)
    assert prose(found)[-1] == "Chi tiết xem trong Kế hoạch số 12 vừa ban hành."


PARTS = (
    f"<div class='page-links'>Trang: <span>1</span><a href='{BP}2/'>2</a>"
    f" <a href='/dong-gang-duoc-mua-cai-bap/3/'>3</a> <a href='https://khac.example/2/'>4</a></div>"
)


def test_pager_of_an_article_names_its_further_pages_and_leaves_the_text() -> None:
    found = reading("tuyen_giao_binh_phuoc", BP, wordpress(tail=PARTS))
    assert found.more_pages == (f"{BP}2/", f"{BP}3/")
    assert isinstance(found.result, Article)
    assert prose(found.result) == [LEAD, *NEWS]


def test_further_pages_are_joined_in_order_without_their_own_furniture() -> None:
    second = Page(f"{BP}2/", wordpress(f"<p>{LONG[3]}</p>", lead="", tail=PARTS).encode())
    third = Page(
        f"{BP}3/",
        wordpress(f"<p>{LONG[4]}</p><p style='text-align:right'><b>Phan Hòa</b></p>", lead="", tail=PARTS).encode(),
    )
    found = article("tuyen_giao_binh_phuoc", BP, wordpress(tail=PARTS), further=(second, third))
    assert prose(found) == [LEAD, *LONG]
    assert (found.author, found.key, found.title) == ("Phan Hòa", "8123", TITLE)


def test_documents_of_a_further_page_are_resolved_from_that_page() -> None:
    second = Page(f"{BP}2/", wordpress(f"<p>{LONG[3]} <a href='tep.pdf'>Phụ lục</a></p>", lead="").encode())
    found = article("tuyen_giao_binh_phuoc", BP, wordpress(), further=(second,))
    assert found.attachments == (Attachment(f"{BP}2/tep.pdf", "Phụ lục"),)


def test_further_page_without_a_body_adds_nothing() -> None:
    broken = Page(f"{BP}2/", b"<html><body><p>Database error</p></body></html>")
    assert prose(article("tuyen_giao_binh_phuoc", BP, wordpress(), further=(broken,))) == [LEAD, *NEWS]


# -- layouts over the years ------------------------------------------------------------------------
def test_older_layout_is_told_by_its_markup() -> None:
    assert article("bao_thai_nguyen", BTN, old_tables()).layout == "tables"


def test_largest_of_several_body_nodes_is_the_body() -> None:
    page = dated_up().replace(
        '<div class="detail">', '<div class="news_detail"><p>Tin vắn</p></div><div class="detail">'
    )
    assert prose(article("bao_thai_nguyen", BTN, page)) == [LEAD, *NEWS]


# -- without a layout ------------------------------------------------------------------------------
def unknown(body: str, title: str = TITLE, head: str = "") -> str:
    return (
        f"<html><head><title>{title} - Báo Thái Nguyên</title>{head}</head><body><div class='x'>"
        f"<div class='y'>{body}</div></div></body></html>"
    )


def test_real_article_in_unknown_markup_is_read_from_the_whole_page() -> None:
    found = article("bao_thai_nguyen", BTN, unknown(LONG_HTML))
    assert (found.title, found.layout, found.flags) == (TITLE, WHOLE_PAGE, (WHOLE_PAGE,))
    assert prose(found) == list(LONG)
    assert found.origins["text"] == "trafilatura on the whole page"


@pytest.mark.parametrize(
    "line",
    [
        "<p>Lượt xem: 270</p>",
        "<p>Đang online: 42</p>",
        "<p>Tìm kiếm: <input></p>",
        "<p><a href='/in'>In trang này</a></p>",
        "<p>.</p>",
    ],
)
def test_tool_line_under_an_article_in_unknown_markup_goes(line: str) -> None:
    assert prose(article("bao_thai_nguyen", BTN, unknown(LONG_HTML + line))) == list(LONG)


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="og:title" content="Báo Thái Nguyên">',
        '<meta property="og:title" content="Trang nhất">',
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Tin nổi bật trong ngày"}</script>',
    ],
    ids=["the paper", "a box", "another story"],
)
def test_title_without_a_layout_is_the_one_that_agrees_with_the_address(head: str) -> None:
    page = unknown("<h1>Báo Thái Nguyên</h1><h3>Mở đường vào xã Thẳm Phé</h3>" + LONG_HTML, head=head)
    assert article("bao_thai_nguyen", BTN, page).title == TITLE


def test_listed_title_counts_where_none_on_the_page_agrees_with_the_address() -> None:
    page = unknown(f"<h1>Trang nhất</h1><h2>Tin nổi bật</h2><div>{TITLE}</div>" + LONG_HTML, title="Trang nhất")
    found = article("bao_thai_nguyen", BTN, page, listed=Listed(title=TITLE))
    assert (found.title, found.origins["title"]) == (TITLE, "listing")


def test_listed_title_that_the_page_does_not_bear_is_not_its_title() -> None:
    page = unknown("<h1>Trang nhất</h1><h2>Tin nổi bật</h2>" + LONG_HTML, title="Trang nhất")
    result = reading("bao_thai_nguyen", BTN, page, listed=Listed(title="Đường mới về bản Khau Pùng")).result
    assert not isinstance(result, Article) or result.title != "Đường mới về bản Khau Pùng"


def test_only_heading_is_the_title_where_the_address_says_nothing() -> None:
    url = "https://baothainguyen.vn/tin-tuc/kinh-te/tin-300123-108.html"
    page = unknown(f"<h1>{TITLE}</h1>" + LONG_HTML, title="Trang nhất")
    assert article("bao_thai_nguyen", url, page).title == TITLE


def test_date_of_structured_data_counts_without_a_layout() -> None:
    head = '<meta property="article:published_time" content="2023-03-12T14:05:00+07:00">'
    published = article("bao_thai_nguyen", BTN, unknown(LONG_HTML, head=head)).published
    assert published is not None
    assert (published.instant, published.source) == (at("2023-03-12T14:05"), "meta")


@pytest.mark.parametrize(
    "markup",
    [
        "<h1>{title}</h1><p>Chủ nhật, 12/03/2023 14:05</p>",
        "<div><h1>{title}</h1></div><div>Chủ nhật, 12/03/2023 14:05</div>",
        "<div><div><h1>{title}</h1></div></div><p>Cập nhật: 12/03/2023 - 14:05</p>",
        "<div><h1>{title}</h1><span>12/03/2023 14:05</span></div>",
    ],
    ids=["beside it", "beside its box", "beside the box of its box", "in its box"],
)
def test_date_beside_the_heading_counts_without_a_layout(markup: str) -> None:
    published = article("bao_thai_nguyen", BTN, unknown(markup.format(title=TITLE) + LONG_HTML)).published
    assert published is not None
    assert (published.instant, published.source) == (at("2023-03-12T14:05"), "heading")


def test_date_of_the_story_below_is_not_the_headings_without_a_layout() -> None:
    below = "<div><p>Chiều 12/03/2023, bà con thôn Đồng Găng họp bàn việc chia nước tưới cho vụ đông sắp tới.</p></div>"
    page = unknown(f"<div><h1>{TITLE}</h1></div>{below}{LONG_HTML}")
    assert article("bao_thai_nguyen", BTN, page).published is None


def test_title_that_agrees_with_the_section_of_an_address_is_none() -> None:
    """A listing that is sent for an article which is gone bears its section's name, as its address does."""
    url = "https://baothainguyen.vn/tin-tuc/hoc-tap-va-lam-theo-guong/mo-duong-ve-ban-300123-108.html"
    page = unknown(f"<h1>Học tập và làm theo gương</h1><h1>Tin mới trong ngày</h1>{LONG_HTML}", title="Trang nhất")
    assert refusal("bao_thai_nguyen", url, page).reason == "no-title"


MENU = "".join(f"<p>Chuyên mục thứ {n} của cổng thông tin</p>" for n in range(20))


def test_menus_are_no_article_without_a_layout() -> None:
    refused = refusal("bao_thai_nguyen", BTN, unknown(f"<h1>{TITLE}</h1>{MENU}"))
    assert (refused.reason, "short lines" in refused.detail) == ("no-layout", True)


def test_news_with_short_lines_is_kept_without_a_layout() -> None:
    rows = "".join(f"<p>Thôn số {n}: {n} hộ</p>" for n in range(12))
    assert len(prose(article("bao_thai_nguyen", BTN, unknown(f"{LONG_HTML}{rows}")))) == len(LONG) + 12


LOGIN = "<h1>Đăng nhập</h1><form>Tên <input name='u'> Mật khẩu <input type='password'></form>"
LINKS = "".join(
    (
        f"<li><a href='/tin-tuc/kinh-te/tin-{n}-3001{n}-108.html'>"
        f"Xã vùng cao thứ {n} mở đường, dựng cầu trước mùa mưa</a></li>"
    )
    for n in range(10, 40)
)
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "empty": (b"", "text/html", "empty"),
    "blanks and NULs": (b" \r\n\x00\x00 ", "text/html", "empty"),
    "PDF": (b"%PDF-1.4 ...", "application/pdf", "not-html"),
    "picture": (b"\xff\xd8\xff", "image/jpeg", "not-html"),
    "json": (b'{"a": 1}', "application/json; charset=utf-8", "not-html"),
    "soft 404": (
        unknown(
            "<h1>Không tìm thấy trang</h1><p>Trang bạn tìm không tồn tại hoặc đã bị xóa.</p>",
            "Không tìm thấy",
        ),
        "text/html",
        "soft-404",
    ),
    "soft 404 among menus": (
        unknown(
            "<h1>Không tìm thấy trang</h1><p>Bài viết không tồn tại hoặc đã bị gỡ bỏ. Xin mời trở về trang chủ.</p>"
            + "".join(f"<p>Chuyên mục số {n} của báo</p>" for n in range(20)),
            "Không tìm thấy trang",
        ),
        "text/html",
        "soft-404",
    ),
    "soft 404 in English": (unknown("<h2>404</h2><p>Page not found</p>", "404"), "text/html", "soft-404"),
    "login": (unknown(LOGIN, "Đăng nhập"), "text/html", "login"),
    "login with much text around it": (unknown(LOGIN + LONG_HTML, "Đăng nhập"), "text/html", "no-title"),
    "challenge": (
        unknown("<p>Checking your browser before accessing. Enable JavaScript.</p>", "Just a moment..."),
        "text/html",
        "challenge",
    ),
    "challenge in Vietnamese": (
        unknown("<p>Hệ thống đang kiểm tra trình duyệt của bạn, xin chờ.</p>", "Xin chờ"),
        "text/html",
        "challenge",
    ),
    "challenge in a script": (
        (
            "<html><body><script src='/cdn-cgi/challenge-platform/x.js'></script><noscript>"
            "Bật JavaScript</noscript></body></html>"
        ),
        "text/html",
        "challenge",
    ),
    "no title": (f"<html><body>{LONG_HTML}</body></html>", "text/html", "no-title"),
    "shell": (unknown("<div id='app'></div><script>start()</script>"), "text/html", "no-layout"),
    "short page": (unknown("<p>Liên hệ quảng cáo: 0209 3888 112.</p>", "Liên hệ"), "text/html", "no-layout"),
    "body of links": (dated_up(f"<ul>{LINKS}</ul>", lead=""), "text/html", "listing"),
    "body of nothing": (dated_up("", lead=""), "text/html", "no-body"),
    "body of dots": (dated_up("<p>.</p><p>&nbsp;</p>", lead=""), "text/html", "no-body"),
    "body that repeats the title": (dated_up(f"<p>{TITLE.upper()}</p>", lead=""), "text/html", "no-body"),
    "missing article in the frame": (
        dated_up("<p>Bài viết không tồn tại hoặc đã bị gỡ.</p>", lead="", date=""),
        "text/html",
        "soft-404",
    ),
}


@pytest.mark.parametrize(("body", "content_type", "reason"), REFUSED.values(), ids=REFUSED)
def test_page_that_is_no_article_is_refused_with_the_reason(body: str | bytes, content_type: str, reason: str) -> None:
    refused = refusal("bao_thai_nguyen", BTN, body, content_type=content_type)
    assert refused.reason == reason
    assert len(refused.detail) > 10


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        ("", "redirected-home"),
        ("/", "redirected-home"),
        ("/vi/", "redirected-home"),
        ("/index.html", "redirected-home"),
        ("/portal/Pages/Default.aspx", "redirected-home"),
        ("/404", "soft-404"),
        ("/error/404.html?path=/tin/1", "soft-404"),
        ("/portal/Pages/PageNotFound.aspx", "soft-404"),
        ("/chinh-tri/", "redirected"),
        ("/loi-song/", "redirected"),
        ("/dang-nhap?ReturnUrl=/tin/1", "redirected"),
        ("/?s=bai", "redirected"),
    ],
)
def test_where_an_address_leads_on_to_says_whether_the_page_is_gone(final: str, reason: str) -> None:
    assert refuse_redirect("https://bao.example/tin/1", f"https://bao.example{final}").reason == reason


def test_listing_page_in_unknown_markup_is_refused() -> None:
    refusal("bao_thai_nguyen", BTN, unknown(f"<h1>Kinh tế</h1><ul>{LINKS}</ul>", "Kinh tế"))


def test_pdf_that_claims_to_be_a_page_is_refused() -> None:
    pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Title (x) >>\nstream\n" + bytes(range(256)) * 40
    refusal("bao_thai_nguyen", BTN, pdf)


KEPT = {
    "an article about missing people": (
        "<p>Sau ba ngày, đội cứu hộ vẫn không tìm thấy hai người mất tích; trang tin của xã không còn cập nhật.</p>"
    ),
    "an article about hackers": (
        "<p>Nhóm tin tặc dùng trang giả có dòng “just a moment” và ô captcha để lừa bà con nhập mật khẩu.</p>"
    ),
    "one short notice": "",
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_article_with_an_error_pages_words_is_kept(body: str) -> None:
    found = article("bao_thai_nguyen", BTN, dated_up(f"<p>{NEWS[0]}</p>{body}", lead=""))
    assert found.text.startswith(NEWS[0])


def test_article_with_a_login_box_beside_it_is_kept() -> None:
    assert article("bao_thai_nguyen", BTN, dated_up().replace("<body>", f"<body>{LOGIN}")).title == TITLE


# -- control characters ----------------------------------------------------------------------------
CONTROL = pytest.mark.parametrize("control", ["\x01", "\x0b", "\x1b", "&#1;", "&#x1b;", "\ufffe"], ids=ascii)


@CONTROL
@EACH
def test_control_character_anywhere_on_a_page_changes_nothing(site: str, url: str, make: Make, control: str) -> None:
    page = make().replace("</", f"{control}</").replace("/p>", f"/p>{control}").replace("/div>", f"/div>{control}")
    assert article(site, url, page).text == article(site, url, make()).text


def test_thousands_of_blanks_in_a_title_do_not_hang() -> None:
    page = unknown(LONG_HTML, title=TITLE + " " * 100_000 + "x")
    with no_hang():
        assert prose(article("bao_thai_nguyen", BTN, page)) == list(LONG)


@CONTROL
def test_control_character_does_not_hide_an_article_in_unknown_markup(control: str) -> None:
    page = unknown(LONG_HTML.replace("</p>", f"{control}</p>", 1))
    assert prose(article("bao_thai_nguyen", BTN, page)) == list(LONG)


@EACH
def test_half_a_character_and_nul_in_json_ld_reach_no_field(site: str, url: str, make: Make) -> None:
    told = r'{"@type":"NewsArticle","headline":"Bài \ud83d\u0000","datePublished":"2021-03-30T08:15\u0000 \udc00"}'
    page = make(date="").replace("<body>", f"<body><script type='application/ld+json'>{told}</script>", 1)
    found = article(site, url, page)
    assert found.published is not None
    assert found.published.raw == "2021-03-30T08:15"


def test_title_that_json_ld_tells_with_half_a_character_is_whole() -> None:
    told = json.dumps({"@type": "NewsArticle", "headline": f"{TITLE}\ud83d\u0000"})
    page = unknown(LONG_HTML, title="Trang", head=f"<script type='application/ld+json'>{told}</script>")
    assert article("bao_thai_nguyen", BTN, page).title == TITLE


# -- pure ------------------------------------------------------------------------------------------
@EACH
def test_same_page_gives_the_same_article_again(site: str, url: str, make: Make) -> None:
    assert article(site, url, make()) == article(site, url, make())


def test_later_fetch_changes_nothing_but_what_is_plausible() -> None:
    early, late = (article("bao_quang_ninh", BQN, newspaper(), fetched=FETCHED + timedelta(days=n)) for n in (0, 900))
    assert early == late


@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "utf-16"])
def test_encoding_changes_nothing_of_the_text(form: str) -> None:
    assert (
        article("bao_quang_ninh", BQN, newspaper().encode(form)).text
        == article("bao_quang_ninh", BQN, newspaper()).text
    )


@given(
    junk=st.binary(max_size=300),
    cut=st.integers(0, 2500),
    family=st.sampled_from(sorted(FAMILIES)),
    content_type=st.sampled_from(
        ["", "text/html", "text/html; charset=x", "text/plain", ";;", "application/xhtml+xml"]
    ),
)
def test_nothing_a_server_sends_makes_reading_fail(junk: bytes, cut: int, family: str, content_type: str) -> None:
    site, url, make = FAMILIES[family]
    whole = make().encode()
    facts: Any = all_sites()[site].facts()
    for body in (junk, whole[:cut] + junk, whole[:cut] + junk + whole[cut:]):
        assert isinstance(read(Page(url, body, content_type), facts, FETCHED).result, Article | Rejection)
