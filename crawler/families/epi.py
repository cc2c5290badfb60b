"""ePi CMS, whose articles end in ``-post<id>.html``."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import ClassVar

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.discovery.sitemap import read_sitemap
from crawler.extraction.layout import Layout
from crawler.families.asking import NOT_FOUND
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign

MAX_PAGES_OF_A_MONTH = 100
"""End of a section's listing where only the running month is asked for: 1,800 articles at 18 a page."""

_MONTHLY = re.compile(r"/news-20\d\d-\d{1,2}\.xml$")
"""The child sitemaps that hold articles; a generator of 2015 (congly.vn) names one of categories beside them."""


class EpiSpider(SiteSpider):
    """Newspapers on the CMS of ePi.

    How to recognise it: ``/<slug>-post<id>.html`` at the root, .article__title.cms-title, .article__sapo.cms-desc,
    .article__body.zce-content-body.cms-body, a.cms-link, article.story (seen on a page of Báo Lào Cai of 2025).
    Known to use it: Báo Lào Cai, Hà Tĩnh, Gia Lai, Bắc Kạn; central papers such as Nhân Dân, VietnamPlus, Sài Gòn
    Giải phóng (from crawlers in use).
    Discovery: a sitemap a month, ``/sitemaps/news-YYYY-M.xml``, the month without a zero, named by /sitemap.xml (seen
    on five central papers; inferred for the provincial ones). Further: /rss/home.rss, and listings, whose pages from
    the second on (``?page=N``) are inferred.
    Traps: the index leaves out the running month, whose file is there all the same (seen on VietnamPlus, Báo Đầu tư
    and Pháp luật TP.HCM), so it is asked for by name; a month's ``lastmod`` may tell the day only, its ``loc`` be
    padded; author and source may be named above the text, under it, or by classes of the style sheet alone; the
    sidebar's stories bear the same classes as the listing's; pages of e-magazines have their own classes; papers that
    came from another CMS keep its old addresses, which redirect.
    """

    family = "epi"
    ways = ("sitemap", "listing", "feed")
    article_path = re.compile(r"(?:/print)?/[^/]*-post(?P<key>\d+)\.(?:html|amp)")
    section_path = re.compile(
        r"/(?!(?:epaper|bao-in|thong-tin-quang-cao|tu-khoa|tim-kiem|search|rss|print|dang-nhap|multimedia|video|"
        r"podcasts?)/)"
        r"[a-z0-9-]+(?:/[a-z0-9-]+)?/"
    )
    signs = (
        Sign(says="article addresses end in -post<digits>.html", address=r"-post\d+\.html$", weight=3),
        Sign(says="the title bears article__title and cms-title", selector=".article__title.cms-title", weight=3),
        Sign(says="the body bears zce-content-body", selector=".zce-content-body", weight=3),
        Sign(says="links to articles bear cms-link", selector=".story a.cms-link", weight=2),
        Sign(says="a script sets cmsConfig", source=r"\bcmsConfig\b", weight=1),
    )
    listings = (
        ListingLayout(item=".timeline .story", link=".story__heading a, a.cms-link", date="time@datetime, time"),
        ListingLayout(item=".content-col .story", link=".story__heading a, a.cms-link", date="time@datetime, time"),
        ListingLayout(item=".story", link=".story__heading a, a.cms-link", date="time@datetime, time"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="epi",
            title=".article__title, .e-magazine__title, h1.cms-title",
            # The sidebar's stories bear cms-desc and cms-author too.
            lead=".article__sapo, .e-magazine__sapo, h1 ~ .cms-desc, .article__header .cms-desc, .article > .cms-desc",
            date=".article__meta time@datetime, .article__meta .cms-date@content, .article__meta time",
            body=".article__body, .e-magazine__body, .zce-content-body, .cms-body",
            byline=".article__author, h1 ~ .cms-author, .article__header .cms-author, .article__meta .cms-author, "
            ".article > .cms-author, .article__body > .cms-author",
            credit=".article__source, .cms-source",
            section='.breadcrumbs a, .breadcrumb a, meta[property="article:section"]@content',
            tags=".article__tags a, .article__tag a",
            captions=".picture .caption, figcaption",
            drop=".article-relate, .sda_middle, .rennab, .social-share, .wrap-comment",
        ),
    )

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """The page itself, for its print and AMP variants."""
        return re.sub(r"\.amp$", ".html", path.removeprefix("/print"))

    def is_article_sitemap(self, url: str) -> bool:
        """Those of months; what else the index names would be read anew each night."""
        return super().is_article_sitemap(url) and _MONTHLY.search(url) is not None

    async def by_sitemap(self) -> AsyncIterator[Considered]:
        """The running month, which the index leaves out, then those of the index."""
        now = self.desk.clock.now()
        source = self.site_url(f"/sitemaps/news-{now.year}-{now.month}.xml")
        if self._month_in_range(source):
            first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            entries, whole = await self._running_month(source)
            if entries:
                yield await self.consider(entries, source)
            if not whole:
                async for considered in self._listed_since(first):
                    yield considered
            # The running month says nothing of those before it: without an index they are looked for elsewhere.
            if self.first_day is None or self.first_day < first.date():
                self.found_any = False
        async for considered in super().by_sitemap():
            yield considered

    async def _running_month(self, source: str) -> tuple[list[Entry], bool]:
        """The entries of the running month, and whether they are all; that the site has no such file yet is no trouble.

        An empty page is that of a file that is not there (`get`).
        """
        page = await self._ask(source, past_end=NOT_FOUND)
        if page is None or not page.body:
            return [], False
        try:
            part = read_sitemap(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return [], False
        if part.trouble:
            self._trouble(source, part.trouble[1], part.trouble[0])
        entries = sorted(part.entries, key=_when, reverse=True)
        return entries, bool(entries) and part.trouble is None

    async def _listed_since(self, first: datetime) -> AsyncIterator[Considered]:
        """What the sections list down to `first`; less where a page tells no dates or nothing that is wanted."""
        for name, path in self.sections.items():
            seen: set[str] = set()
            for number in range(1, MAX_PAGES_OF_A_MONTH + 1):
                entries = await self.listing_page(path, number)
                if not entries:
                    if number == 1:
                        self._lost(self.site_url(path), failed=entries is None)
                    break
                considered = await self.consider(entries, self.site_url(path), name)
                yield considered
                ended = considered.oldest is None or considered.oldest < first
                if ended or not considered.wanted or considered.urls <= seen:
                    break
                seen |= considered.urls

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The feed of all sections: the latest articles."""
        async for considered in self.feed("/rss/home.rss"):
            yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """``?page=N`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}?page={number}"))


def _when(entry: Entry) -> float:
    told = entry.published or entry.modified
    return told.instant.timestamp() if told else 0.0
