"""NukeViet, the Vietnamese system of very many districts, schools and party offices."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign

LATEST = 1_000
"""Most articles that the sitemap of a news module names, the latest ones (modules/news/funcs/sitemap.php, 4.x)."""

_OTHER_MODULES = (
    "about|banners|comment|contact|download|faq|feeds|laws|menu|page|photos|seek|shops|siteterms|statistics|users|"
    "videoclips|videos|voting"
)
"""Modules beside the news: about, siteterms and page have sitemaps and pages of their own whose names may end in a
number (seen on a recorded site of 4.5), the others are those of the system's distribution."""

_FUNCTIONS = "author|content|groups|print|rating|rss|savefile|search|sendmail|sitemap|tag|topic"
"""What a news module does beside showing articles (its folder ``funcs``); each stands where a category would."""

_FOLDER = rf"/(?!(?i:{_OTHER_MODULES}|{_FUNCTIONS}|page-\d+)/)[A-Za-z0-9_-]+"
"""A folder of an address of news. Categories of 3.4 are written with capitals."""

_OTHER_LANGUAGE = r"/(?!(?i:vi)/)[A-Za-z]{2}/"
"""The first folder of an address in another language than Vietnamese (inferred); no category seen has two letters."""

SECTION = 'meta[property="article:section"]@content, .temp-breadcrumbs a, .breadcrumbs a'
TAGS = 'meta[property="article:tag"]@content, .news_column .fa-tags ~ a, .news_column a[href*="/tag/"]'
"""Where all themes of 4.x have them; 4.0 has no such metas."""

PICTURE = ".panel-body > .clearfix > figure.article figcaption, .panel-body > figure.article figcaption"
"""The note of the picture beside the lead, which many editors repeat in the text (23 of 23 on the recorded 4.5)."""

_DEFAULT_MODULE = ("vi", "news")
"""Folders that make no difference: the first language, and the module that a site may leave out of its addresses."""


def _signed(*lines: str) -> str:
    """Selectors for those of `lines` that begin with the label of author or source, in bold (4.5, 4.0, 3.4)."""
    labels = ("Tác giả", "Nguồn tin")
    return ", ".join(f'{line}:has(> strong:first-child:contains("{label}"))' for label in labels for line in lines)


class NukeVietSpider(SiteSpider):
    """Sites on NukeViet 3.4 and 4.x, in their stock themes and in that of the eGovernment edition.

    How to recognise it: the meta generator "NukeViet v4.5"; scripts that set ``nv_base_siteurl``; #news-bodyhtml and
    .hometext (4.x), .newsdetailmetatop (eGovernment), #news_detail (3.4); links that switch the theme
    (``?nvvithemever=``). Articles are ``[/<language>][/<module>]/<category>/<slug>-<number>.html``. Known to use it:
    the party committee and the portal of Bình Phước, party sites of Thái Nguyên and Kiên Giang, the political school of
    Đắk Nông, communes of Hà Tĩnh.
    Discovery: the sitemap, an index of those of the modules: two requests, with the date of each article. A module's
    names the latest 1,000; where it is full the category listings (``page-N/``) are walked as well. Feeds (``/rss/``
    or ``/<module>/rss/``) name 30, all of which the sitemap has, so they are not asked for.
    Traps: theme-switch links double every page, and with cookies they change it; an unknown address answers 301 to the
    front page, and a listing past its end leads elsewhere; each view counts, and so do /print/, /savefile/ and
    /sendmail/; Last-Modified is always yesterday; a ``ymsgr:`` link stands on every page; the schema.org author is the
    account that posted, and datePublished the time of the last change (on 23 of 120 recorded pages of 4.5; the date
    shown and the sitemap tell the right day); the sitemap's lastmod is that day, so it tells no change; each module
    numbers its articles for itself; other modules have pages that end in a number (``/about/...-4.html``). A site may
    give such a module a name of its own (``/gioi-thieu/quyet-dinh-so-12.html``): nothing in the address tells it from
    a category, so its pages count as articles, and one shares its key with the news of that number; such a site
    declares an `article_path` that leaves it out. Pages in other languages (``/en/...``) are not taken.
    Evidence: templates of 3.4, 4.0 and 4.5, a recorded site of 4.5, saved pages of 4.0 in the eGovernment theme (2019).
    Breadcrumbs of 3.4, the end of listings and addresses in several languages are inferred. A site whose addresses end
    in a slash instead of .html declares an `article_path` of its own.
    """

    family = "nukeviet"
    ways = ("sitemap", "listing")
    article_path = re.compile(rf"(?!{_OTHER_LANGUAGE})(?P<folders>(?:{_FOLDER}){{1,4}})/[^/]+-(?P<key>[1-9]\d*)\.html")
    section_path = re.compile(rf"(?!/[a-z]{{2}}/$|{_OTHER_LANGUAGE})(?:{_FOLDER}){{1,3}}/")
    signs = (
        Sign(says="the meta generator is NukeViet", selector='meta[name="generator"][content^="NukeViet"]', weight=3),
        Sign(says="its scripts set nv_base_siteurl", source=r"\bnv_base_siteurl\b", weight=3),
        Sign(says="links switch the theme (nvvithemever)", source=r"[?&]nv[a-z]{2}themever=", weight=3),
        Sign(says="the article stands in #news-bodyhtml", selector="#news-bodyhtml", weight=3),
        Sign(says="the article stands in #news_detail (3.4)", selector="#news_detail > .bodytext", weight=2),
        Sign(
            says="article addresses end in -<number>.html below a category",
            address=r"^(?:/[A-Za-z0-9_-]+)+/[^/]+-\d+\.html$",
            weight=1,
        ),
    )
    listings = (
        ListingLayout(
            item=".news_column .panel-body, ul.related > li",
            link="h2 a, h3 a, li > a",
            date=".text-muted li, a > em, .date",
        ),
        ListingLayout(item=".listz-news", link="h2 a, h3 a, h4 a, a", date=".info.small, .date"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="nukeviet-egov",
            title=".newsdetail h1.title",
            lead=".newsdetail .hometext",
            date=".newsdetailmetatop .h5:has(.fa-clock-o)",
            modified=".newsdetail [itemprop=dateModified]",
            body=".newsdetail #news-bodyhtml",
            byline=_signed(".newsdetail p.h5.text-right"),
            above=PICTURE,
            section=SECTION,
            tags=TAGS,
            views=".newsdetailmetatop .h5:has(.fa-eye)",
        ),
        Layout(
            name="nukeviet-4",
            title=".news_column h1.title, .news_column h1",
            lead=".news_column .hometext, #hometext",
            date=".news_column .margin-bottom-lg .h5, .news_column em.time, .news_column [itemprop=datePublished]",
            modified=".news_column [itemprop=dateModified]",
            body="#news-bodyhtml, .news_column .panel-body > .bodytext",
            byline=_signed(".bodytext ~ div > p.text-right", ".bodytext ~ p.text-right"),
            section=SECTION,
            tags=TAGS,
            views=".news_column .margin-bottom-lg .text-muted",
            captions="figcaption",
            above=f"{PICTURE}, #hometext .imghome em",
            drop="#hometext .imghome",
        ),
        Layout(
            name="nukeviet-3.4",
            title="#news_detail > h1",
            lead="#hometext",
            date="#news_detail > .time",
            body="#news_detail > .bodytext",
            byline=_signed("#news_detail > p"),
            section=".breadcrumbs a, .breadcrumb a",
            tags=".keywords a",
            above="#hometext #imghome em",
            drop="#hometext #imghome",
        ),
        Layout(
            name="nukeviet-3.4-modern",
            title=".header-details h1",
            lead="#hometext",
            date=".header-details .small",
            body="#bodytext",
            byline="#bodytext ~ .source",
            section=".breadcrumbs a, .breadcrumb a",
            tags=".keywords a",
            above="#hometext #imghome em",
            drop="#hometext #imghome",
        ),
    )

    _is_full = False

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The number in the address, after the module where this is not the usual one.

        Each module numbers its articles from 1: a school's /home/ has /home/<category>/...-313.html and
        /home/<module>/<category>/...-1.html (seen on saved pages).
        """
        number = super().article_key(url)
        match = cls.article_path.fullmatch(urlsplit(url).path)
        folders = (match.groupdict().get("folders") or "" if match else "").lower().split("/")[1:-1]
        return number and "-".join([*(one for one in folders if one not in _DEFAULT_MODULE), number])

    @classmethod
    def section_of(cls, url: str) -> str | None:
        """The section whose listing is the article's folder, not one above it: /news/ lists all categories."""
        folder = urlsplit(url).path.rpartition("/")[0].lower()
        return next((name for name, path in cls.sections.items() if path.lower().rstrip("/") == folder), None)

    def is_article_sitemap(self, url: str) -> bool:
        """Those of modules that can hold news, whatever they are called, in Vietnamese."""
        other = re.search(rf"/sitemap-(?:[a-z]{{2}}\.(?:{_OTHER_MODULES})|(?!vi\.)[a-z]{{2}}\.[^/]+)\.xml", url)
        return super().is_article_sitemap(url) and not other

    async def by_sitemap(self) -> AsyncIterator[Considered]:
        """Read the sitemaps; where one is full, walk the listings for what is older."""
        self._is_full = False
        async for considered in super().by_sitemap():
            yield considered
        if self._is_full:
            async for considered in self.by_listing():
                yield considered

    async def consider(self, entries: Sequence[Entry], source: str, section: str | None = None) -> Considered:
        """Let the ledger decide; note a sitemap that is full, whether or not all that it names are articles of ours."""
        self._is_full = self._is_full or len(entries) >= LATEST
        return await super().consider(entries, source, section)

    def listing_request(self, path: str, number: int) -> Request:
        """``page-N/`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path.rstrip('/')}/page-{number}/"))

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The entries of a page; none where the site led elsewhere: past the end it leads to another listing."""
        request = self.listing_request(path, number)
        page = await self.get(request, past_end=(404,) if number > 1 else ())
        if page is None:
            return None
        if number > 1 and urlsplit(page.url).path.rstrip("/") != urlsplit(request.url).path.rstrip("/"):
            return []
        return self.read_later(page, number)
