"""SharePoint 2010 with the portal of Lạc Việt, in the layout whose style sheets are named songanh."""

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urljoin

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.extraction.select import remove, select_all
from crawler.families.base import SiteSpider
from crawler.families.queries import is_section, parameters, with_parameters
from crawler.families.signs import Sign

ITEM = ("itemid", "id")
"""Parameters that name the post: ``ItemID`` is inferred, ``ID`` is SharePoint's own (its blogs' Post.aspx?ID=N)."""

_NEXT = re.compile(r"RefreshPageTo\(event,\s*[\"'](?P<url>[^\"']*[?&]Paged=TRUE[^\"']*)[\"']")
"""How SharePoint's list views lead on (seen on three saved pages that hold one): a position, not a number. The link
back has ``PagedPrev=TRUE`` as well."""


class LacVietSpider(SiteSpider):
    """Portals of provinces, departments and districts.

    How to recognise it: /_layouts/LacVietBio/ and LacViet.CMS in the paths of styles and scripts, body.songanh,
    td.FolderTitle with td.Time, p.Title, b.lv_description_mode1, div[class^=ExternalClass]; listings of td.TitleFront.
    Known to use it: the portals of Đắk Nông's districts and departments (16 of them saved in 2018 and 2019, among
    them Krông Nô and Sở Nội vụ).
    Two shapes of addresses. The system's own: ``<web>/Lists/Posts/AllPosts.aspx?CategoryId=N`` lists a section,
    ``<web>/Lists/Posts/Post.aspx`` shows a post (both seen in the links of saved pages; which parameter names the post
    is inferred, see `ITEM`). Rebuilt ones (seen, 2019): ``/<slug>`` and ``/<section>/<subsection>``, whose further
    pages are ``/page/N`` (seen on other sites of the same rebuilding, inferred here).
    Discovery: listings alone; the page at /pages/rss.aspx is none of a feed.
    Traps: the listings' span.ShowDate is, on rebuilt sites, when the site was built, and is not read. So is td.Time
    there, which is all that an article tells (seen): it counts only on pages that the system itself sends, whose form
    leads to Post.aspx (inferred; on rebuilt ones it leads to Home.aspx, seen). Rebuilt articles have no date. Pages of
    the site's organs have the same layout and addresses (``/co-cau-to-chuc``): of 50 addresses in the lists of saved
    pages 40 of the 42 articles have five words and more, none of the eight others has, so five are asked for. What is
    declared as a section is no article. ``<base href>`` leads elsewhere than the page. ``lang`` is en-us and
    ``<title>`` the site's name on every page. The markup is not closed: the list of older posts lies inside the body.
    The rebuilding ends each body with "Xem chi tiết tại đây", which leads to the front page; where it leads to a
    document it stays. Each look at a post counts.
    """

    family = "lacviet"
    scheme = "http"
    sections: ClassVar[Mapping[str, str]] = {}  # a crawl asks for some, the reading of a page does not
    front_page = ""  # its menu leads to pages of the same shape as articles
    article_path = re.compile(
        r"(?P<key>(?:/[\w-]+)*/Lists/Posts/Post\.aspx|/(?:[^/.-]+-+){4,}[^/.-]+-*/?)", re.IGNORECASE
    )
    section_path = re.compile(
        r"(?:/[\w-]+)*/Lists/Posts/(?:AllPosts|Category)\.aspx|/[a-z0-9-]+(?:/[a-z0-9-]+){0,2}/?", re.IGNORECASE
    )
    signs = (
        Sign(
            says="styles and scripts of LacViet are loaded",
            source=r"/_layouts/LacVietBio/|/LacViet\.CMS\.",
            weight=3,
        ),
        Sign(says="the lead bears lv_description_mode1", selector="b.lv_description_mode1", weight=3),
        Sign(
            says="section and date stand in td.FolderTitle and td.Time", selector="td.FolderTitle ~ td.Time", weight=3
        ),
        Sign(says="listings are made of td.TitleFront", selector="td.TitleFront > a", weight=3),
        Sign(says="style sheets are named songanh", source=r"/songanh\w*\.css|<body[^<>]{1,200}\bsonganh\b", weight=2),
        Sign(says="links lead to /Lists/Posts/", address=r"(?i)/Lists/Posts/(?:All)?Posts?\.aspx$", weight=2),
        Sign(says="the page is made by SharePoint", source=r"Microsoft SharePoint", weight=1),
    )
    listings = (
        ListingLayout(item="td.TitleFront", link="a"),
        ListingLayout(item="a[href*='/Lists/Posts/Post.aspx?']"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="lacviet",
            title="p.Title",
            lead="b.lv_description_mode1",
            date="form[action*='Post.aspx'] td.Time, form[action*='post.aspx'] td.Time",
            body="#content-print, div[class^=ExternalClass], #tableforprint",
            section="td.FolderTitle",
            views="#viewCounter",
            # The last of these is what the rebuilding put under each text: a line with a link to the front page. A
            # selector cannot say that there are no words beside it, but that it is no sentence: it has no stop.
            drop=".css_printandback, .css_readCounter, #part2, .OtherTitle, td.Other, .tbtinkhac, .css_Xemtiep, "
            "div[class^=ExternalClass] p:last-of-type:has(> a[href='/']:only-child)"
            ":not(:contains('.')):not(:contains(',')):not(:contains(';'))",
        ),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take the arguments of `SiteSpider`."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._next: dict[str, str | None] = {}

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The slug; of a post of a list its number after the site it belongs to, for each has numbers of its own."""
        path = super().article_key(url)
        if path is None or is_section(url, cls.sections):
            return None
        if not path.lower().endswith(".aspx"):
            return path.strip("/").lower()
        number = _item(url)
        web = path.lower().split("/")[1:-3]
        # Neither a web's name nor a number holds this sign: /phong-ban/ and /phong/ban/ are two webs.
        return "~".join((*web, number)) if number else None

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Without a slash at the end."""
        return path.rstrip("/") or "/"

    @classmethod
    def canonical_url(cls, url: str) -> str:
        """As for every site, but a post's address keeps its category, by which the page may be made, and its number."""
        canonical = super().canonical_url(url)
        number = _item(url)
        if number is None or not canonical.lower().endswith("/post.aspx"):
            return canonical
        category = parameters(url).get("categoryid")
        return with_parameters(canonical, {**({"CategoryId": category} if category else {}), _name(url): number})

    def read_entries(self, page: Page) -> list[Entry]:
        """The entries of a listing, without the date that stands in their links' words."""
        for node in select_all(page.tree, "td.TitleFront span.ShowDate"):
            remove(node)
        return super().read_entries(page)

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """A page of a rebuilt listing by its number, one of a list by the link on the page before it."""
        if ".aspx" not in path.lower():
            return await super().listing_page(path, number)
        url = self.site_url(path) if number == 1 else self._next.get(path)
        if url is None:
            return []
        page = await self.get(Request(url))
        if page is None:
            return None
        # Before the page is read, which takes nodes out of it. A page asked for again gives the same link again.
        further = next_page(page)
        entries = self.read_later(page, number)
        if entries:
            self._next[path] = further if further and self.is_own_host(further) else None
        return entries

    def listing_request(self, path: str, number: int) -> Request:
        """``/page/N`` from the second page on; of a list, whose pages have no numbers, always the first one."""
        first = number == 1 or ".aspx" in path.lower()
        return Request(self.site_url(path if first else f"{path.rstrip('/')}/page/{number}"))


def next_page(page: Page) -> str | None:
    """The address of the page after this one of a SharePoint list view; None if it is the last."""
    for node in page.tree.iter("a"):
        match = _NEXT.search(node.get("onclick") or "")
        if match and "PagedPrev=TRUE" not in match["url"]:
            return urljoin(page.url, str(match["url"]).replace("\\u0026", "&"))
    return None


def _name(url: str) -> str:
    """The parameter that names the post, as the system writes it."""
    return "ItemID" if ITEM[0] in parameters(url) else "ID"


def _item(url: str) -> str | None:
    """The number of the post that a URL names."""
    given = parameters(url)
    found = next((given[name] for name in ITEM if name in given), None)
    return found if found and found.isascii() and found.isdigit() else None
