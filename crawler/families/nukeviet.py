"""NukeViet: the Vietnamese system of very many portals of provinces, districts, party committees and schools."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar

from scrapy.http import Request

from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import Considered, SiteSpider
from crawler.families.signs import Sign

LATEST = 1_000
"""Most articles in the sitemap of a news module, the latest ones (modules/news/funcs/sitemap.php of NukeViet 4.5)."""

_NO_NEWS = (
    "about|siteterms|page|contact|voting|users|seek|statistics|banners|feeds|comment|download|laws|faq|photos|"
    "videoclips|videos|shops|menu|rss|tag|print|sendmail|savefile|groups|topic|author|search|content|rating"
)
"""Modules beside the news, and what the news module does beside showing articles (its `funcs` folder)."""

_FOLDER = rf"(?:/(?!(?:{_NO_NEWS})/)[A-Za-z0-9-]+)"


class NukeVietSpider(SiteSpider):
    """Sites on NukeViet 3.4 and 4.x, in its default theme, in "modern" and in that of its eGovernment edition.

    How to recognise it: meta generator "NukeViet v4.5"; #news-bodyhtml and .hometext (4.x), #news_detail and .bodytext
    (3.4), links that switch the theme (``?nvvithemever=``), pictures under /uploads/<module>/YYYY_MM/. Articles are
    ``[/vi][/<module>]/<category>/<slug>-<number>.html``. Known to use it: the party committee and the portal of Bình
    Phước, Thái Nguyên and Kiên Giang on dcs.vn, the political school of Đắk Nông, communes of Hà Tĩnh.
    Discovery: the sitemap of the news module, two requests; it holds the latest 1,000 articles, so where it is full the
    category listings (``page-N/``) are walked too. Feeds hold 30.
    Traps: each view of an article counts as a hit, and so do /print/, /savefile/ and /sendmail/; theme-switch links
    make every page several; an unknown address answers 301 to the front page; Last-Modified is always yesterday; a
    ``ymsgr:`` link stands on every page; the schema.org author is the account that
    posted, and its datePublished the time of the last change (on 23 of 120 recorded pages of 4.5; the date shown and
    article:published_time tell the right day); pages of other modules have
    sitemaps of their own and may end in a number too (``/about/...-4-0.html``).
    Evidence: templates of versions 3.4 and 4.5 and of the eGovernment theme, a site of 4.5 in the default theme, pages
    of 4.0 in the eGovernment theme (2019).
    """

    family = "nukeviet"
    ways = ("sitemap", "listing")
    article_path = re.compile(rf"{_FOLDER}{{1,4}}/(?P<slug>[^/]+)-(?P<key>[1-9]\d*)\.html")
    section_path = re.compile(rf"{_FOLDER}{{1,3}}/")
    signs = (
        Sign(says="meta generator names NukeViet", selector="meta[name=generator][content^=NukeViet]", weight=3),
        Sign(says="article bodies stand in #news-bodyhtml", selector="#news-bodyhtml", weight=3),
        Sign(says="links or scripts switch its theme (nvvithemever)", source=r"[?&]nvvithemever=", weight=3),
        Sign(
            says="its scripts stand on the page (nv_base_siteurl)",
            source=r"\bnv_(?:base_siteurl|lang_data)\b",
            weight=3,
        ),
        Sign(
            says="articles of 3.4 stand in #news_detail", selector="#news_detail .bodytext, #bodytext.details-content"
        ),
        Sign(
            says="addresses end in -<number>.html below a category",
            address=r"^(?:/[A-Za-z0-9-]+)+/[^/]+-\d+\.html$",
            weight=1,
        ),
    )
    listings = (
        ListingLayout(
            item=".news_column .panel-body, .listz-news, ul.related li",
            link="h2 a, h3 a, h4 a, a",
            date=".text-muted li, .info.small, a > em, .date",
        ),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="nukeviet-4",
            title=".news_column h1.title, h1[itemprop=headline]",
            lead=".hometext",
            body="#news-bodyhtml",
            date=".newsdetailmetatop span.h5, .news_column .row span.h5, [itemprop=datePublished]",
            modified="[itemprop=dateModified]",
            byline="p.h5.text-right",
            section="meta[property='article:section']@content, ul.temp-breadcrumbs a, ul.breadcrumbs a",
            tags="meta[property='article:tag']@content, a[href*='/tag/'] em",
            views=".newsdetailmetatop span.h5:nth-of-type(2), .news_column .row .text-muted",
            captions="figcaption",
        ),
        Layout(
            name="nukeviet-3",
            title="#news_detail h1, .header-details h1",
            lead="#hometext h2, #hometext",
            body="#news_detail .bodytext, #bodytext",
            date="#news_detail span.time, .header-details .small",
            byline=".source",
            section=".breadcrumbs a, .breadcrumb a",
            drop="#imghome",
        ),
    )

    def is_article_sitemap(self, url: str) -> bool:
        """Those of news modules, whatever these are called; other known modules publish no news."""
        return super().is_article_sitemap(url) and not re.search(rf"/sitemap-[a-z]{{2}}\.(?:{_NO_NEWS})\.xml", url)

    async def by_sitemap(self) -> AsyncIterator[Considered]:
        """The sitemaps of the news modules; where one is full, the listings for what is older."""
        urls: set[str] = set()
        async for considered in super().by_sitemap():
            urls |= considered.urls
            yield considered
        if len(urls) >= LATEST:
            async for considered in self.by_listing():
                yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """``page-N/`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}page-{number}/"))
