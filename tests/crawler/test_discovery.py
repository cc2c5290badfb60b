"""What listings, feeds, sitemaps and APIs say of their articles; what is none of these is refused."""

import gzip
import json
import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Dated
from crawler.discovery.api import read_categories, read_posts
from crawler.discovery.entry import Entry
from crawler.discovery.feed import read_feed
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.discovery.sitemap import MAX_BYTES, month_of, number_of, read_sitemap
from crawler.extraction.page import Page
from crawler.families.vnpt_portal import read_pager
from crawler.sites import all_sites
from tests.crawler.helpers import at, page_of


def when(found: Dated | None) -> str | None:
    return f"{found.instant:%Y-%m-%dT%H:%M} {found.precision} {found.source}" if found else None


def told(entry: Entry) -> tuple[str, str | None, str | None, str | None]:
    return entry.url, entry.title, when(entry.published), when(entry.modified)


# -- listings --------------------------------------------------------------------------------------
LAYOUT = ListingLayout(item=".tin", link="h3 a", date=".ngay")


def item(href: str | None, title: str = "Mở đường vào xã", day: str = "30/03/2021 08:15", attributes: str = "") -> str:
    link = f"<a {attributes} {f'href={href!r}' if href is not None else ''}>{title}</a>"
    return f"<div class='tin'><a href='/anh'><img></a><h3>{link}</h3><i class='ngay'>{day}</i></div>"


def listed(markup: str, layout: ListingLayout = LAYOUT) -> list[tuple[str, str | None, str | None, str | None]]:
    return [told(entry) for entry in read_listing(page_of(markup, "https://bao.example/muc/?page=2"), layout)]


def test_listing_gives_its_entries_in_order_with_title_and_date() -> None:
    assert listed(item("/a") + item("b", "Trao bò giống", "Thứ Hai, 29/03/2021")) == [
        ("https://bao.example/a", "Mở đường vào xã", "2021-03-30T08:15 minute listing", None),
        ("https://bao.example/muc/b", "Trao bò giống", "2021-03-29T00:00 day listing", None),
    ]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param(item("/a", day=""), ("https://bao.example/a", "Mở đường vào xã", None, None), id="no date"),
        pytest.param(
            item("/a", day="hôm nay"),
            ("https://bao.example/a", "Mở đường vào xã", None, None),
            id="date in words",
        ),
        pytest.param(
            item("/a", ""),
            ("https://bao.example/a", None, "2021-03-30T08:15 minute listing", None),
            id="no title",
        ),
        pytest.param(
            item("/a", "", attributes="title='Mở đường'"),
            ("https://bao.example/a", "Mở đường", "2021-03-30T08:15 minute listing", None),
            id="title attribute",
        ),
        pytest.param(
            item("/a", "<b>Mở</b>\n đường&nbsp;<br>vào xã"),
            ("https://bao.example/a", "Mở đường vào xã", "2021-03-30T08:15 minute listing", None),
            id="markup in the title",
        ),
        pytest.param(
            item(" /a "),
            ("https://bao.example/a", "Mở đường vào xã", "2021-03-30T08:15 minute listing", None),
            id="spaces in the address",
        ),
        pytest.param(
            "<base href='https://goc.example/x/'>" + item("a"),
            ("https://goc.example/x/a", "Mở đường vào xã", "2021-03-30T08:15 minute listing", None),
            id="base",
        ),
    ],
)
def test_entry_of_a_listing(markup: str, expected: tuple[str | None, ...]) -> None:
    assert listed(markup) == [expected]


@pytest.mark.parametrize(
    "markup", [item(None), "<div class='tin'><h3>Chưa có liên kết</h3></div>", "", "<p>Chưa có dữ liệu</p>"]
)
def test_item_without_a_link_is_passed_over(markup: str) -> None:
    assert listed(markup + item("/a")) == listed(item("/a"))


def test_links_themselves_can_be_the_items() -> None:
    markup = "<ul><li><a class='t' href='/a'>Một</a></li><li><a class='t' href='/b'>Hai</a></li></ul>"
    assert [one[:2] for one in listed(markup, ListingLayout(item="a.t"))] == [
        ("https://bao.example/a", "Một"),
        ("https://bao.example/b", "Hai"),
    ]


def test_listing_that_comes_as_a_fragment_is_read() -> None:
    fragment = Page("https://bao.example/x", item("/a").encode())
    assert [entry.url for entry in read_listing(fragment, LAYOUT)] == ["https://bao.example/a"]


SECTION_PAGES = {
    "bao_quang_ninh": (
        "/kinh-te/202303/mo-duong-2601234/",
        (
            "<ul><li class='item first'><a class='title' href='{}'>Mở đường</a><div class='date'>"
            "Thứ Hai, 13/03/2023, 07:30 [GMT+7]</div></li></ul>"
        ),
        "2023-03-13T07:30 minute listing",
    ),
    "hong_linh": (
        "/portal/Pages/2023-03-13/Mo-duong-465087.aspx",
        "<div class='channel-news'><div class='channel-news-title'><a href='{}'>Mở đường</a></div></div>",
        None,
    ),
    "bao_thai_nguyen": (
        "/tin-tuc/kinh-te/mo-duong-300123-108.html",
        "<div class='title_detail'><a href='{}'>Mở đường</a></div>",
        None,
    ),
    "tuyen_giao_ha_nam": (
        "/kinh-te/mo-duong-606730",
        "<div class='ArticleInMenu'><div class='ArticleList'><a href='{}'>Mở đường</a></div></div>",
        None,
    ),
    "tuyen_giao_binh_phuoc": (
        "/mo-duong/",
        (
            "<article id='post-7' class='post hentry'><h2 class='entry-title'><a href='{}'>"
            "Mở đường</a></h2><time class='entry-date published' "
            "datetime='2023-03-13T07:30:00+07:00'>13/03</time></article>"
        ),
        "2023-03-13T07:30 minute listing",
    ),
}


@pytest.mark.parametrize("name", SECTION_PAGES)
def test_listing_of_each_site_is_read(name: str) -> None:
    path, markup, date = SECTION_PAGES[name]
    spider = all_sites()[name]()
    page = page_of("<div class='menu'><a href='/'>Trang chủ</a></div>" + markup.format(path), spider.site_url("/muc"))
    found = [told(entry) for entry in spider.read_entries(page) if spider.article_key(entry.url)]
    assert found == [(spider.site_url(path), "Mở đường", date, None)]


def test_portals_items_with_their_own_dates_are_read() -> None:
    markup = (
        "<div class='ArticleItem'><a class='ArticleTitle' href='/kinh-te/mo-duong-606730'>"
        "Mở đường</a><span class='PostDate'>(13/03/2023)</span></div>"
    )
    spider = all_sites()["tuyen_giao_ha_nam"]()
    [entry] = spider.read_entries(page_of(markup, spider.site_url("/kinh-te")))
    assert when(entry.published) == "2023-03-13T00:00 day listing"


# -- feeds -----------------------------------------------------------------------------------------
RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Báo</title>
<link>https://bao.example/</link>
<item><title><![CDATA[Mở đường  vào xã &amp; bản]]></title><link>https://bao.example/mo-duong/</link>
<pubDate>{date}</pubDate>
<guid isPermaLink="false">https://bao.example/?p=8123</guid></item>
<item><title>Không có liên kết</title></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Báo</title><link href="https://bao.example/"/>
<entry><title>Mở đường</title><link href="https://bao.example/mo-duong/"/><id>tag:bao.example,2021:8123</id>
<published>2021-03-30T01:15:00Z</published><updated>2021-03-31T09:00:00+07:00</updated></entry></feed>"""


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 30 Mar 2021 01:15:00 +0000", "2021-03-30T08:15 minute listing"),
        ("Tue, 30 Mar 2021 08:15:00 +0700", "2021-03-30T08:15 minute listing"),
        ("Tue, 30 Mar 2021 01:15:00 GMT", "2021-03-30T08:15 minute listing"),
        ("30/03/2021 08:15", "2021-03-30T08:15 minute listing"),
        ("2021-03-30T08:15:00+07:00", "2021-03-30T08:15 minute listing"),
        ("30/03/2021", "2021-03-30T00:00 day listing"),
        ("Tue, 30 Mar 99999999999999999999 01:15:00 GMT", None),
        ("Tue, 30 Mar 2021 01:15:00 +99999999999999999999", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_rss_item(date: str, expected: str | None) -> None:
    [entry] = read_feed(RSS.format(date=date).encode())
    assert (entry.url, entry.key, when(entry.published)) == (
        "https://bao.example/mo-duong/",
        "8123",
        expected,
    )


def test_rss_title_is_one_line_of_plain_words() -> None:
    [entry] = read_feed(RSS.format(date="").replace("&amp;", "&").encode())
    assert entry.title == "Mở đường vào xã & bản"


def test_atom_entry() -> None:
    [entry] = read_feed(ATOM.encode())
    assert told(entry) == (
        "https://bao.example/mo-duong/",
        "Mở đường",
        "2021-03-30T08:15 minute listing",
        "2021-03-31T09:00 minute listing",
    )


def test_atom_link_that_leads_to_the_page_is_chosen() -> None:
    links = (
        '<link rel="replies" href="https://bao.example/mo-duong/#respond"/>'
        '<link rel="alternate" href="https://bao.example/mo-duong/"/>'
    )
    [entry] = read_feed(ATOM.replace('<link href="https://bao.example/mo-duong/"/>', links).encode())
    assert entry.url == "https://bao.example/mo-duong/"


@pytest.mark.parametrize("before", [b"\n\n ", b"\xef\xbb\xbf", b""], ids=["blank lines", "byte order mark", "nothing"])
def test_feed_is_read_whatever_stands_before_it(before: bytes) -> None:
    assert len(read_feed(before + RSS.format(date="").encode())) == 1


@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 30 Dec 9999 08:00:00 GMT", "Sat, 1 Jan 0101 00:00:00 +0700"]
)
def test_feed_of_another_age_has_no_date(date: str) -> None:
    [entry] = read_feed(RSS.format(date=date).encode())
    assert (entry.key, entry.published) == ("8123", None)


@pytest.mark.parametrize("number", ["9" * 21, "9" * 5000, "٣٤٥"], ids=["21 digits", "5000 digits", "Arabic digits"])
def test_feeds_number_that_is_no_id_is_no_key(number: str) -> None:
    [entry] = read_feed(RSS.format(date="").replace("8123", number).encode())
    assert (entry.url, entry.key) == ("https://bao.example/mo-duong/", None)


def test_feed_cut_in_the_middle_gives_what_it_has() -> None:
    body = RSS.format(date="Tue, 30 Mar 2021 08:15:00 +0700").encode()
    assert [entry.url for entry in read_feed(body[: body.index(b"<item><title>Kh")])] == [
        "https://bao.example/mo-duong/"
    ]


def test_prefix_that_a_feed_does_not_declare_spoils_nothing_else() -> None:
    item = (
        "<item><media:title>Ảnh</media:title><title>Mở đường</title><link>https://bao.example/mo-duong/</link>"
        "<media:link>https://bao.example/anh.jpg</media:link><dc:date>2021-03-30T08:15:00+07:00</dc:date></item>"
    )
    [entry] = read_feed(f"<rss version='2.0'><channel>{item}</channel></rss>".encode())
    assert told(entry) == ("https://bao.example/mo-duong/", "Mở đường", "2021-03-30T08:15 minute listing", None)


# -- sitemaps --------------------------------------------------------------------------------------
def urlset(*urls: str, extra: str = "") -> bytes:
    head = (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    )
    return f"{head}{''.join(f'<url>{one}</url>' for one in urls)}{extra}</urlset>".encode()


def loc(n: int, lastmod: str = "") -> str:
    return f"<loc>https://bao.example/tin-{n}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")


def test_sitemap_entries() -> None:
    found = read_sitemap(urlset(loc(1, "2021-03-30T08:15:00+07:00"), loc(2, "2021-03-29"), loc(3)))
    assert [told(entry) for entry in found.entries] == [
        ("https://bao.example/tin-1", None, None, "2021-03-30T08:15 minute sitemap"),
        ("https://bao.example/tin-2", None, None, "2021-03-29T00:00 day sitemap"),
        ("https://bao.example/tin-3", None, None, None),
    ]


def test_gzipped_sitemap_is_the_same() -> None:
    body = urlset(loc(1, "2021-03-30"), loc(2))
    assert read_sitemap(gzip.compress(body)) == read_sitemap(body)


def test_news_sitemap_tells_title_and_publication() -> None:
    news = (
        "<news:news><news:publication><news:name>Báo</news:name></news:publication>"
        "<news:publication_date>2021-03-30T08:15+07:00</news:publication_date><news:title>"
        "Mở đường</news:title></news:news>"
    )
    [entry] = read_sitemap(urlset(loc(1) + news)).entries
    assert told(entry) == ("https://bao.example/tin-1", "Mở đường", "2021-03-30T08:15 minute sitemap", None)


def test_image_of_an_entry_is_neither_its_address_nor_its_title() -> None:
    image = (
        "<image:image><image:loc>https://bao.example/anh.jpg</image:loc><image:title>Ảnh kè</image:title></image:image>"
    )
    [entry] = read_sitemap(urlset(loc(1) + image)).entries
    assert told(entry) == ("https://bao.example/tin-1", None, None, None)


def test_prefix_that_a_sitemap_does_not_declare_spoils_nothing_else() -> None:
    image = "<image:image><image:loc>https://bao.example/anh.jpg</image:loc></image:image>"
    body = f"<urlset><url>{image}{loc(1, '2021-03-30')}<image:loc>https://bao.example/b.jpg</image:loc></url></urlset>"
    [entry] = read_sitemap(body.encode()).entries
    assert told(entry) == ("https://bao.example/tin-1", None, None, "2021-03-30T00:00 day sitemap")


def test_index_gives_its_children() -> None:
    body = (
        b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>'
        b" https://bao.example/sitemap-2021-3.xml </loc><lastmod>"
        b"2021-04-01T00:10:00+07:00</lastmod></sitemap><sitemap><loc>"
        b"https://bao.example/b.xml.gz</loc></sitemap><sitemap/></sitemapindex>"
    )
    found = read_sitemap(body)
    assert found.entries == ()
    assert found.children == (
        ("https://bao.example/sitemap-2021-3.xml", at("2021-04-01T00:10")),
        ("https://bao.example/b.xml.gz", None),
    )


def test_lastmod_that_all_entries_share_is_dropped() -> None:
    found = read_sitemap(urlset(*(loc(n, "2022-10-24T03:00:00+07:00") for n in range(6))))
    assert [entry.modified for entry in found.entries] == [None] * 6


@pytest.mark.parametrize(
    "days",
    [["2022-10-24", "2022-10-24", "2022-10-24", "2022-10-23"], ["2022-10-24", "2022-10-24"]],
    ids=["one differs", "only two"],
)
def test_lastmod_that_is_not_frozen_stays(days: list[str]) -> None:
    found = read_sitemap(urlset(*(loc(n, day) for n, day in enumerate(days))))
    assert [f"{entry.modified.instant:%Y-%m-%d}" for entry in found.entries if entry.modified] == days


@pytest.mark.parametrize(("frozen", "of"), [(0, 18), (27, 30), (0, 30)], ids=["too few", "nine in ten", "three short"])
def test_lastmod_that_nearly_all_of_many_entries_share_is_dropped_from_those(frozen: int, of: int) -> None:
    shared = frozen or of - 4
    stamps = ["2022-10-24T03:00:00+07:00"] * shared + [f"2022-09-0{n + 1}" for n in range(of - shared)]
    found = read_sitemap(urlset(*(loc(n, stamp) for n, stamp in enumerate(stamps))))
    assert sum(entry.modified is None for entry in found.entries) == frozen


def test_frozen_lastmod_is_dropped_though_one_entry_has_none() -> None:
    found = read_sitemap(urlset(*(loc(n, "2022-10-24T03:00:00+07:00") for n in range(5)), loc(9)))
    assert [entry.modified for entry in found.entries] == [None] * 6


def test_frozen_lastmod_leaves_publication_dates_alone() -> None:
    news = "<news:news><news:publication_date>2021-03-3{}</news:publication_date></news:news>"
    found = read_sitemap(urlset(*(loc(n, "2022-10-24") + news.format(n % 2) for n in range(5))))
    assert [(entry.modified, when(entry.published)) for entry in found.entries][:2] == [
        (None, "2021-03-30T00:00 day sitemap"),
        (None, "2021-03-31T00:00 day sitemap"),
    ]


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE %s [<!ENTITY a "ha"><!ENTITY b "'
    + b"&a;" * 50
    + b'"><!ENTITY c "'
    + b"&b;" * 50
    + b'"><!ENTITY d "'
    + b"&c;" * 50
    + b'"><!ENTITY e "'
    + b"&d;" * 50
    + b'"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
)
"""Entities that would grow to 12 MB, and one that names a file."""


@pytest.mark.parametrize("entity", [b"&e;", b"&f;"], ids=["billion laughs", "a file"])
def test_entities_are_never_resolved(entity: bytes) -> None:
    began = time.perf_counter()
    site = (
        BOMB % b"urlset"
        + b"<urlset><url><loc>https://bao.example/"
        + entity
        + b"</loc></url><url><loc>https://bao.example/tin-2</loc></url></urlset>"
    )
    feed = (
        BOMB % b"rss"
        + b"<rss><channel><item><title>"
        + entity
        + b"</title><link>https://bao.example/mo-duong/</link></item></channel></rss>"
    )
    for said in (
        [entry.url for entry in read_sitemap(site).entries],
        [str(entry.title) for entry in read_feed(feed)],
    ):
        assert all(len(one) < 100 and "root:" not in one and "haha" not in one for one in said)
    assert time.perf_counter() - began < 2


def test_gzip_bomb_is_cut_at_the_protocols_size() -> None:
    body = gzip.compress(urlset(loc(1), extra=" " * (MAX_BYTES + 10_000_000)), 1)
    assert [entry.url for entry in read_sitemap(body).entries] == ["https://bao.example/tin-1"]


NEITHER = {
    "empty": b"",
    "blanks": b"  \n ",
    "a page": "<!DOCTYPE html><html><body><p>Trang không tồn tại</p></body></html>".encode(),
    "json": b'{"code": "rest_no_route"}',
    "json without a bottom": b"[" * 50_000,
    "words": b"Not found",
    "NUL": b"\x00\x00",
    "broken gzip": b"\x1f\x8b\x08junk",
    "gzipped page": gzip.compress(b"<html></html>"),
    "other XML": b"<?xml version='1.0'?><opml><body/></opml>",
    "declaration only": b"<?xml version='1.0'?>",
    "PDF": b"%PDF-1.4\n\xff\xfe\x00",
}


@pytest.mark.parametrize("reader", [read_sitemap, read_feed, read_posts, read_categories], ids=lambda one: one.__name__)
@pytest.mark.parametrize("body", NEITHER.values(), ids=NEITHER)
def test_what_is_no_discovery_document_is_refused(reader: Any, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        reader(body)


@pytest.mark.parametrize("reader", [read_sitemap, read_feed, read_posts, read_categories], ids=lambda one: one.__name__)
@given(
    junk=st.binary(max_size=120),
    prefix=st.sampled_from(
        [
            b"",
            b"<urlset><url>",
            b"<rss><item>",
            b"[{",
            b"\x1f\x8b\x08",
            b"<?xml version='1.0' encoding='utf-7'?>",
        ]
    ),
)
def test_random_bytes_raise_nothing_but_value_error(reader: Any, junk: bytes, prefix: bytes) -> None:
    try:
        reader(prefix + junk)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://bao.example/sitemaps/news-2021-3.xml", (2021, 3)),
        ("https://bao.example/sitemap-2021-03.xml.gz", (2021, 3)),
        ("https://bao.example/sitemap_202112.xml", (2021, 12)),
        ("https://bao.example/2021/sitemap-posts-1.xml", None),
        ("https://bao.example/sitemap-202113.xml", None),
        ("https://bao.example/sitemap.xml", None),
        ("https://bao.example/sitemap-20210330.xml", None),
    ],
)
def test_month_of_a_sitemaps_address(url: str, expected: tuple[int, int] | None) -> None:
    assert month_of(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://bao.example/wp-sitemap-posts-post-12.xml", 12),
        ("https://bao.example/sitemap.xml?from=1&to=30", 30),
        ("https://bao.example/sitemap.xml", 0),
        ("https://bao.example/sitemap-" + "9" * 5000 + ".xml", 10**18 - 1),
    ],
    ids=["in the name", "in the query", "none", "endless"],
)
def test_last_number_of_a_sitemaps_address(url: str, expected: int) -> None:
    assert number_of(url) == expected


# -- WordPress -------------------------------------------------------------------------------------
POST: dict[str, Any] = {
    "id": 8123,
    "link": "https://bao.example/mo-duong/",
    "title": {"rendered": "Mở đường &#8211; vào  xã"},
    "date": "2021-03-30T08:15:00",
    "date_gmt": "2021-03-30T01:15:00",
    "modified": "2021-03-31T09:00:00",
    "modified_gmt": "2021-03-31T02:00:00",
    "categories": [3, 7],
}


def test_post_of_the_api() -> None:
    [(entry, categories)] = read_posts(json.dumps([POST]).encode())
    assert told(entry) == (
        "https://bao.example/mo-duong/",
        "Mở đường – vào xã",
        "2021-03-30T08:15 minute listing",
        "2021-03-31T09:00 minute listing",
    )
    assert (entry.key, categories) == ("8123", [3, 7])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"date_gmt": None, "date": "2021-03-30T08:15:00"}, "2021-03-30T08:15 minute listing"),
        ({"date_gmt": ""}, "2021-03-30T08:15 minute listing"),
        ({"date_gmt": "2021-03-29T17:00:00"}, "2021-03-30T00:00 minute listing"),
        ({"date_gmt": "2021-03-30T00:00:00"}, "2021-03-30T07:00 minute listing"),
        ({"date_gmt": None, "date": None}, None),
        (
            {"date_gmt": "0000-00-00T00:00:00", "date": "2021-03-30T08:15:00"},
            "2021-03-30T08:15 minute listing",
        ),
    ],
    ids=["local only", "empty", "midnight here", "midnight in UTC", "none", "zeros"],
)
def test_posts_date_is_told_in_utc_else_in_local_time(change: dict[str, Any], expected: str | None) -> None:
    [(entry, _)] = read_posts(json.dumps([POST | change]).encode())
    assert when(entry.published) == expected


@pytest.mark.parametrize("bad", [{}, {"link": None}, "x", 3, None, [], {"link": 5}])
def test_post_that_is_none_is_passed_over(bad: object) -> None:
    assert [entry.key for entry, _ in read_posts(json.dumps([bad, POST]).encode())] == ["8123"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"title": "Mở"},
        {"title": {}},
        {"id": "8123"},
        {"categories": None},
        {"categories": ["a", None]},
        {"date": 5, "date_gmt": 5},
    ],
)
def test_post_with_odd_fields_keeps_its_address(change: dict[str, Any]) -> None:
    [(entry, _)] = read_posts(json.dumps([POST | change]).encode())
    assert entry.url == POST["link"]


@pytest.mark.parametrize("number", ["9" * 21, "9" * 5000, "-5", "0", "true", "8.5", "1e400"])
def test_posts_number_that_is_no_id_is_no_key_and_harms_no_other(number: str) -> None:
    odd = json.dumps(POST).replace("8123", number)
    (first, _), (second, _) = read_posts(f"[{odd}, {json.dumps(POST)}]".encode())
    assert (first.url, first.key, second.key) == (POST["link"], None, "8123")


def test_categories_by_id() -> None:
    body = [{"id": 3, "name": "Văn hóa &#8211; Văn nghệ"}, {"id": 7, "name": "Hỏi đáp"}, {"name": "x"}, 5]
    assert read_categories(json.dumps(body).encode()) == {3: "Văn hóa – Văn nghệ", 7: "Hỏi đáp"}


def test_half_a_character_and_nul_reach_no_field_of_a_post() -> None:
    junk = "\ud83d\u0000"
    post = {"link": f"https://bao.example/mo-duong/{junk}", "title": {"rendered": f"Mở đường{junk}"}}
    post["date"] = f"2021-03-30T08:15:00{junk}"
    [(entry, _)] = read_posts(json.dumps([post]).encode())
    assert told(entry) == ("https://bao.example/mo-duong/", "Mở đường", "2021-03-30T08:15 minute listing", None)
    assert entry.published is not None and entry.published.raw == "2021-03-30T08:15:00"


@pytest.mark.parametrize("body", [b"{}", b'{"code":"rest_post_invalid_page_number"}', b"null", b"5"])
def test_api_error_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="list"):
        read_posts(body)


# -- the portal's pager ----------------------------------------------------------------------------
def pager(script: str) -> tuple[dict[str, str], int]:
    return read_pager(page_of(f"<div class='ArticleInMenu'></div><script>{script}</script>"))


@pytest.mark.parametrize(
    ("script", "fields", "last"),
    [
        (
            "var maxPage = parseInt(31); x({article_category_id: 4102, site_id:3071, page_size: 15})",
            {"article_category_id": "4102", "site_id": "3071", "page_size": "15"},
            31,
        ),
        (
            "maxPage=parseInt('7'); x({article_category_id:'4102',site_id : \"3071\", categoryIds:\"1,2\"})",
            {"article_category_id": "4102", "site_id": "3071", "categoryIds": "1,2"},
            7,
        ),
        ("x({article_category_id: 4102})", {"article_category_id": "4102"}, 1),
        ("", {}, 1),
        ("maxPage = parseInt(n)", {}, 1),
        ("maxPage = parseInt(" + "9" * 5000 + ")", {}, 999_999_999),
    ],
    ids=["numbers", "quoted", "no last page", "no script", "no number", "endless number"],
)
def test_pager_script_tells_form_fields_and_last_page(script: str, fields: dict[str, str], last: int) -> None:
    assert pager(script) == (fields, last)


def test_dates_of_discovery_are_all_in_vietnams_time() -> None:
    found = [*read_feed(ATOM.encode()), *(entry for entry, _ in read_posts(json.dumps([POST]).encode()))]
    offsets = {one.instant.utcoffset() for entry in found for one in (entry.published, entry.modified) if one}
    assert offsets == {datetime.fromisoformat("2021-01-01T00:00+07:00").utcoffset()}
