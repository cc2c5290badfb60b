"""The SharePoint portal whose classes begin with tandan-."""

import re
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy.http import Request

from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign


class TandanSpider(SiteSpider):
    """SharePoint portals of provinces, departments, districts and towns.

    How to recognise it: ``/portal/Pages/YYYY-M-D/<slug cut at 50><number>.aspx``, classes tandan-*, the
    body in .ms-rtestate-field under #art-content. Known to use it: portals of Hà Tĩnh, Điện Biên, Nam
    Định, Ninh Thuận and their districts and departments.
    Discovery: listings (``/portal/Pages/<Section>.aspx?PageIndex=N``); no feed, no sitemap.
    Traps: the date often stands in the URL alone and is not padded before 2022; ``Pages`` varies in
    case; unknown addresses answer 200; pages declare en-us.
    """

    family = "tandan"
    article_path = re.compile(
        r"(?i:/portal/pages)/(?P<year>20\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})/(?P<key>[^/]+)\.aspx",
        re.IGNORECASE,
    )
    section_path = re.compile(r"(?i:/(?:[\w-]+/)*pages)/(?!default\.|home\.)[^/]+\.aspx", re.IGNORECASE)
    signs = (
        Sign(
            says="article addresses are /portal/Pages/YYYY-M-D/<slug><number>.aspx",
            address=r"(?i:/portal/pages/20\d\d-\d{1,2}-\d{1,2}/[^/]+\.aspx$)",
            weight=3,
        ),
        Sign(says="classes begin with tandan-", selector="[class^=tandan-], [class*=' tandan-']", weight=3),
        Sign(
            says="the body is .ms-rtestate-field in #art-content", selector="#art-content .ms-rtestate-field", weight=2
        ),
        Sign(says="listings bear channel-news-title", selector=".channel-news-title a", weight=2),
        Sign(says="the page is made by SharePoint", source=r"\b_spPageContextInfo\b|Microsoft SharePoint", weight=1),
    )
    listings = (
        ListingLayout(item=".channel-news-title a, .tandan-p-article-news-title a"),
        ListingLayout(item=".tandan-div-module-news-article a"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="tandan",
            title=".tandan-p-article-news-title, .detail-title",
            lead=".tandan-p-article-news-summary",
            date=".tandan-span-date-publish",
            body=".ms-rtestate-field, .tandan-p-article-main, #art-content, .article-contents",
            section=".tandan-breadcrumb a",
            tags=".td-tags a",
            captions=".img-cap",
            drop=".tandan-div-article-other, .tandan-rating, .artcle-tools a",
        ),
    )

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The number that ends the file name; where it is glued to the slug, date and file name."""
        name = super().article_key(url)
        if name is None:
            return None
        number = re.search(r"-(\d{5,})$", name)
        if number:
            return number[1]
        folder = urlsplit(url).path.split("/")[-2]
        return f"{folder}-{name}".lower()

    def listing_request(self, path: str, number: int) -> Request:
        """``?PageIndex=N`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}?PageIndex={number}"))
