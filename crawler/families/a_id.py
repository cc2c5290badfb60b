"""The newspaper CMS whose article addresses end in ``-a<id>.html``."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.select import select_all
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign

_BUTTONS = ".paginate-items"
"""The pager of the newer template, whose pages are ``?page=N`` (from a crawler of Báo Bình Dương); the older one
links to ``?p=N`` (seen on a listing of Báo Cần Thơ of 2026)."""


def _of_the_article(*dates: str) -> str:
    """Selectors for `dates` beside or behind the newer template's title or in its body, none above (inferred)."""
    places = ("h1.title ~", "h1.title-page ~", "div:has(> h1.title) ~", "div:has(> h1.title-page) ~", "#contentNews")
    return ", ".join(
        f"{place}{between}{date}"
        for date in dates
        for place in places
        for between in ((" ", " * ") if place.endswith("~") else (" ",))
    )


class AIdSpider(SiteSpider):
    """Provincial papers with ``/<slug>-a<id>.html``.

    How to recognise it: the address; #newscontents .content-fck and span.pubdate "08/01/2026 - 18:21"; in a newer
    template #contentNews .singular-content. Pictures lie under /image/fckeditor/ or /image/news/.
    Known to use it: Báo Cần Thơ (two pages of January 2026), Tây Ninh, An Giang, Bến Tre (dongkhoi.baovinhlong.vn),
    Trà Vinh, formerly Thừa Thiên Huế; in the newer template Bình Dương, Đồng Tháp (crawlers in use).
    Discovery: listings, whose pager may end after five pages; feeds at ``/rss/cate/<section>/`` (seen) and
    ``/rss/subcate/<subsection>/`` tell dates, which the listings do not.
    Source of the selectors: the pages of Báo Cần Thơ; .detail-title, .detail-desc, .sapo, .note.ignore, .author.ignore
    and .content-fck-font-size from crawlers of An Giang, Bến Tre, Tây Ninh and Thừa Thiên Huế; the newer template's
    title, body and listing from one of Bình Dương, its date, lead, section and captions are inferred.
    Traps: a menu full of other articles stands before the listing; the section stands in an h1 of its own, above the
    title's; relative links go by ``<base>``, which leads to the style's folder; each page has a twin ``/print/...``;
    JSON-LD tells the day alone; English and Khmer pages lie under /news/ and /khmer/.
    """

    family = "a_id"
    ways = ("listing", "feed")
    article_path = re.compile(r"(?:/print)?/[^/]*-a(?P<key>\d+)\.html")
    section_path = re.compile(
        r"/(?!(?:news|khmer|en|cn|print|rss|tim-kiem|video|audio|podcast|longform|infographic|image|xem-bao|"
        r"xem-albumphoto|files)/)[a-z0-9-]+(?:/(?:[a-z0-9-]+/)?)?"
    )
    signs = (
        Sign(says="article addresses end in -a<digits>.html", address=r"^/[^/]+-a\d+\.html$", weight=3),
        Sign(says="the body is .content-fck in #newscontents", selector="#newscontents .content-fck", weight=3),
        Sign(says="the body is .singular-content in #contentNews", selector="#contentNews .singular-content", weight=3),
        Sign(says="feeds lie under /rss/cate/", address=r"^/rss/(?:sub)?cate/", weight=2),
        Sign(says="pictures lie under /image/fckeditor/", source=r"/image/fckeditor/", weight=2),
    )
    listings = (
        ListingLayout(
            item="#colcate1 .h2cate, #colcate1 .top3, #colcate1 .news-img",
            link=".b-title, .b-content, a",
            date=".pubdate",
        ),
        ListingLayout(item=".article-item", link="h3 a, h2 a, a", date=".pubdate, time, .date"),
        ListingLayout(item="a.news-title, a.title"),
        ListingLayout(item="#listcate li", link="h2 a, h3 a, a", date=".pubdate"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="newscontents",
            title=".detail-title h1, .titlecate ~ h1, h1.title, h1",
            lead="#newscontents .sapo, h4.sapo, .detail-desc, .fontd.fw600.justify",
            # A clock in the page's head may bear the class too: it stands before all of these.
            date=".sharemxh .pubdate, #newscontents .pubdate, .detail-title .pubdate, .detail-title ~ .pubdate, "
            ".detail-title ~ * .pubdate, .titlecate ~ .pubdate, .titlecate ~ * .pubdate, h1.title ~ .pubdate",
            body=".content-fck-font-size, #newscontents .content-fck, #newscontents, .content-fck",
            byline="#newscontents .author",
            section="#content .titlecate h1 a, .titlecate a, .breadcrumb a",
            tags=".block_tag .tag_item",
            captions="#newscontents .note, figcaption",
            drop=".tinlienquan, .news-relate, .box-relate",
        ),
        Layout(
            name="singular-content",
            title="h1.title, h1.title-page, h1",
            lead=".singular-sapo, h4.sapo",
            date=_of_the_article(".pubdate", ".author-time", ".ngaycapnhat", "time@datetime"),
            body="#contentNews .singular-content, #contentNews",
            byline="#contentNews .author",
            section=".breadcrumb a, .breadcrumbs a",
            captions="figcaption, #contentNews .note",
            drop=".tinlienquan, .news-relate, .box-relate",
        ),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take the arguments of `SiteSpider`."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._with_buttons: set[str] = set()

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """The page itself, for its print twin."""
        return path.removeprefix("/print")

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The entries of a page; the pager on the first tells how further ones are asked for.

        It is kept under the path asked for: a host may lead to another name of itself.
        """
        page = await self.get(self.listing_request(path, number), past_end=(404,) if number > 1 else ())
        if page is None:
            return None
        if number == 1 and select_all(page.tree, _BUTTONS):
            self._with_buttons.add(path)
        return self.read_later(page, number)

    def listing_request(self, path: str, number: int) -> Request:
        """``?p=N`` from the second page on, or ``?page=N`` where the first page has a pager of buttons."""
        url = self.site_url(path)
        if number == 1:
            return Request(url)
        return Request(f"{url}?page={number}" if path in self._with_buttons else f"{url.rstrip('/')}?p={number}")

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The feeds of the sections: the latest articles of each."""
        for name, path in self.sections.items():
            above, _, last = path.strip("/").rpartition("/")
            async for considered in self.feed(f"/rss/{'subcate' if above else 'cate'}/{last}/", name):
                yield considered
