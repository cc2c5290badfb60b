"""The newspaper CMS that keeps its pictures under /dataimages/."""

import re
from typing import ClassVar

from scrapy.http import Request

from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign


class DataimagesSpider(SiteSpider):
    """Provincial papers with ``/<section>/<YYYYMM>/<slug>-<6 or 7 digits>/`` and ``/dataimages/``.

    How to recognise it: h1#title, div#date ("Thứ Ba, 17/11/2020, 11:02 [GMT+7]"), div#content, picture
    tables with td.image_desc, a related box .rl.center inside the body, pictures under /dataimages/.
    Known to use it (per-site XPaths of 2019, article pages of 2020): Báo Quảng Ninh, Quảng Bình, Quảng
    Ngãi, Đắk Lắk, Nam Định, Vĩnh Long, Hà Giang, Bắc Kạn, Kon Tum, Ấp Bắc.
    Discovery: its listings, which show the date to the minute; feeds hold only the latest 30.
    Traps: paragraphs of a lone "." or "," around the text; the alternative text of a picture shown
    above its caption; the lead is the bold first paragraph of the body.
    """

    family = "dataimages"
    scheme = "http"
    article_path = re.compile(r"(?:/[a-z0-9-]+)+/(?P<year>20\d\d)(?P<month>[01]\d)/[^/]+-(?P<key>\d{6,7})/?")
    section_path = re.compile(
        r"/(?!(?:dataimages|rss|channel|search|print|mail|video|multimedia|media|anh|epaper|bao-in)(?:/|$))"
        r"[a-z0-9-]+(?:/(?!20\d{4}(?:/|$))[a-z0-9-]+)?/"
    )
    signs = (
        Sign(
            says="article addresses are /<section>/<YYYYMM>/<slug>-<6 or 7 digits>/",
            address=r"^(?:/[a-z0-9-]+)+/20\d\d[01]\d/[^/]+-\d{6,7}/?$",
            weight=3,
        ),
        Sign(says="pictures lie under /dataimages/", source=r"/dataimages/", weight=3),
        Sign(says="the title is h1#title", selector="h1#title", weight=1),
        Sign(says="related stories stand in .rl.center", selector=".rl.center", weight=1),
        Sign(says="captions are td.image_desc", selector="td.image_desc", weight=2),
    )
    listings = (ListingLayout(item="li.item, .item", link="a.title, h2 a, h3 a", date=".date"),)
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="dataimages",
            title="h1#title, #title, h1.title",
            body="div#content, .content",
            date="div#date, .date span, .date",
            section=".breadcrumb a, .path a",
            captions="td.image_desc, .img_alt, figcaption",
            drop=".rl.center, .quote.center .rl, #date .tools",
        ),
    )

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Articles end in a slash."""
        return path.rstrip("/") + "/"

    def listing_request(self, path: str, number: int) -> Request:
        """``?page=N`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}?page={number}"))
