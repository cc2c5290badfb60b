"""The newspaper CMS whose article addresses end in seven hexadecimal digits."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar

from scrapy.http import Request

from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign


class HexIdSpider(SiteSpider):
    """Provincial papers with ``/<section>/<YYYYMM>/<slug>-<7 hex digits>/``, successor of the dataimages CMS.

    How to recognise it: the address; .td-post-content within #content; pictures under ``/file/<32 hex digits>/``
    (seen on Báo Đồng Nai, Khánh Hòa and Thái Nguyên).
    Known to use it: Báo Đồng Nai, Khánh Hòa, Quảng Trị, Đắk Lắk, Vĩnh Long, Tuyên Quang, Thái Nguyên since 2023
    (addresses in crawlers and public pages).
    Discovery: listings, newest first; ``?page=N`` from the second page on and feeds at ``/rss/<section>.rss`` are
    inferred. No sitemap is known.
    Source of the selectors: #content.content-detail, .td-post-content, a.title1 to a.title3, a.h2, a.h3 from crawlers
    in use; .image_desc and .rl from the dataimages CMS; the other td-* names are those of the theme (tagDiv), inferred.
    Traps: addresses name the month only, so the day must come from the page or the listing; a key may have digits
    alone, and articles of the older CMS keep their six or seven digits; a page may tell the day where the listing
    tells the minute; the lead is the first paragraph of the body; a box of related links (.rl) stands amid the text;
    papers close their readers' section (/ban-doc/) to robots; listings link to the print version of some articles.
    """

    family = "hex_id"
    ways = ("listing", "feed")
    article_path = re.compile(r"(?:/[a-z0-9-]+)+/(?P<year>20\d\d)(?P<month>[01]\d)/[^/]+-(?P<key>[0-9a-f]{7}|\d{6})/?")
    section_path = re.compile(
        r"/(?!(?:print|tim-kiem|dang-nhap|lich|rss|file|common|media|video-clip|podcast|anh-dep|doc-bao-in|"
        r"gioi-thieu|lien-he)/)[a-z0-9-]+(?:/(?!20\d{4}/)[a-z0-9-]+)?/"
    )
    signs = (
        Sign(
            says="article addresses end in /<YYYYMM>/<slug>-<7 hexadecimal digits>/",
            address=r"/20\d\d[01]\d/[^/]+-(?=\d*[a-f])[0-9a-f]{7}/?$",
            weight=3,
        ),
        Sign(says="pictures lie under /file/<32 hexadecimal digits>/", source=r"/file/[0-9a-f]{32}/", weight=3),
        Sign(says="the body bears td-post-content", selector=".td-post-content", weight=1),
        Sign(says="captions stand in td.image_desc", selector="td.image_desc", weight=1),
    )
    listings = (
        ListingLayout(item=".td_module_wrap", link=".td-module-title a, h3 a, a", date=".td-post-date, time"),
        ListingLayout(item="a.title1, a.title2, a.title3"),
        ListingLayout(item="a.h2, a.h3, a.card-img"),
        ListingLayout(item="li.item, .item", link="a.title, h2 a, h3 a", date=".date"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="hex-id",
            title="h1.entry-title, .td-post-title h1, h1#title, h1",
            lead=".td-post-sapo",
            # What bears .date or .td-post-date above the title is the clock in the page's head.
            date=".td-post-title .td-post-date, .meta-info .td-post-date, h1 ~ .td-post-date, #content #date, "
            "#content .date, h1 ~ #date, h1 ~ .date, h1 ~ * .date, div:has(> h1) ~ .date, header:has(> h1) ~ .date",
            body=".td-post-content, #content.content-detail, .content-detail",
            section=".td-crumb a, .breadcrumb a, .breadcrumbs a",
            captions=".image_desc, figcaption, .wp-caption-text",
            drop=".rl, .td-post-sharing",
        ),
    )

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """The page itself, with the final slash, for its print variant too."""
        return path.removeprefix("/print").rstrip("/") + "/"

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The feeds of the sections: the latest articles of each."""
        for name, path in self.sections.items():
            async for considered in self.feed(f"/rss/{path.strip('/')}.rss", name):
                yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """``?page=N`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}?page={number}"))
