"""Liferay 6.2 and 7, whose news are web content shown by its asset publisher."""

import re
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign

_PAGE = re.compile(r"_(?:101(?:_INSTANCE_\w+)?|com_liferay_asset_publisher_\w+)_cur")
"""The parameter for the number of a page: ``_101_cur`` (seen), with an instance in 6.2 (many crawlers of other
countries' portals), with a long name in 7 (crawlers of ncov.moh.gov.vn and hochiminhcity.gov.vn)."""

_SESSION = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
"""What a Java server adds to the path for who keeps no cookies."""

_LANGUAGE = r"/(?!vi(?:[_-]|/))[a-z]{2}(?:[_-][A-Za-z]{2,4})?/"
"""The beginning of a path that names another language (seen: ``/en/``). No page can have such a name: Liferay refuses
language codes (its knowledge base, "Friendly URL of pages")."""


class LiferaySpider(SiteSpider):
    """Portals of provinces and departments on Liferay.

    How to recognise it: a script sets ``Liferay``, boxes bear portlet-boundary, news .asset-abstract; article addresses
    go on after ``/-/``.
    Known to use it: Sở Thông tin và Truyền thông Hà Nội (6.2, listings of 2022 saved); Ban Tuyên giáo Đồng Tháp and
    huyện Lục Nam (7, addresses kept by a web archive); Bắc Giang, Thái Nguyên (XPaths of 2019), Đắk Lắk,
    Buôn Ma Thuột, Bắc Ninh, TP. Hồ Chí Minh, Bộ Y tế (addresses that others cite).
    Shapes of addresses: ``/-/asset_publisher/<instance>/content/<slug>``, the same with ``/id/<number>`` in place of
    the slug, or with the group's number behind it; ``/<section>/-/view_content/<number>-<slug>`` (Hà Nội);
    ``/-/<slug>``, ``/web/<site>/-/<slug>``, ``/-/details/<group>/<slug>`` (Bắc Ninh); ``/w/<slug>`` of display pages
    (Liferay's manual). The key is the number of view_content and id, else the slug, which is unique in a group.
    Discovery: listings. What the parameter for a page is called say the links of a section's pager; the addresses of
    articles need no parameter.
    Traps: ``/c/portal/update_language?...&languageId=`` leads to each page in each of 40 languages, without end;
    ``/en/`` and the like are prefixes of the same; the same article stands under every section that shows it, under
    several instances and with ``redirect``, ``inheritRedirect``, ``plidlayout``; ``/pop_up`` and ``/maximized`` are
    views of it; an article that is linked by its number here and by its slug there is kept twice (nothing on the page
    says that both are one). The publisher's own heading ("Xuất bản thông tin", "null") stands above the title.
    Listings show "12:00 AM" where no time is known. Liferay's short date form, "5/3/22", is none that can be trusted.
    Every page has further .journal-content-article boxes, in its head and foot. Each look at an article counts.
    What an article's page looks like is read in Liferay's own templates and in one article that an editor had copied
    whole into another portal; no page itself was saved.
    """

    family = "liferay"
    article_path = re.compile(
        rf"(?!{_LANGUAGE}|/(?:c|o|combo|html|image|documents|group|user|api|delegate)/)"
        r"(?:/[^/;]+)*?/(?:-/(?:asset_publisher/[^/;]+/content/(?:id/)?|view_content/|details/\d+/|(?=[^/;]*-[^/;]))|w/)"
        r"(?P<key>[^/;]+)(?:/\d+)?(?:/(?:normal|maximized|pop_up|exclusive))?/?(?:;jsessionid=[^/]*)?"
    )
    section_path = re.compile(
        rf"(?!{_LANGUAGE}|/(?:c|o|w|combo|html|image|documents|group|user|api|delegate)/)"
        r"(?:/(?:vi|web/[\w-]+))?(?:/(?=-*[\w%])[\w%-]+){1,3}/?"
    )
    signs = (
        Sign(
            says="a script sets Liferay", source=r"\bvar Liferay\s*=|\bLiferay\.(?:ThemeDisplay|authToken)\b", weight=3
        ),
        Sign(
            says="article addresses go on after /-/",
            address=r"/-/(?:asset_publisher/[^/]+/content|view_content|details/\d+)/",
            weight=3,
        ),
        Sign(says="news are shown by an asset publisher", selector=".portlet-asset-publisher", weight=2),
        Sign(says="news bear asset-abstract", selector=".asset-abstract .asset-title", weight=2),
        Sign(says="boxes bear portlet-boundary", selector=".portlet-boundary", weight=2),
        Sign(says="texts bear journal-content-article", selector=".journal-content-article", weight=1),
    )
    listings = (
        ListingLayout(
            item=".asset-abstract",
            link=".asset-title a, .asset-more a",
            date=".assetPublishDate, .metadata-publish-date, .metadata-display-date",
        ),
        # A section's own template keeps none of these names, but is shown by the same box.
        ListingLayout(item="[id^=p_p_id_101_] a[href*='/-/'], [id*=AssetPublisherPortlet] a[href*='/-/']"),
        ListingLayout(item="[id*=AssetPublisherPortlet] a[href*='/w/']"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="liferay",
            title=".header-title, .asset-full-content .asset-title, .asset-content .title-content, "
            "meta[property='og:title']@content",
            lead=".asset-full-content .sapo, .journal-content-article .sapo, .article-summary",
            date=".asset-full-content .assetPublishDate, .meta-data-date, .asset-full-content .metadata-publish-date, "
            ".asset-full-content .metadata-display-date, .assetPublishDate",
            modified=".asset-full-content .metadata-modified-date",
            body=".asset-full-content .journal-content-article, .asset-full-content .asset-content, "
            ".portlet-asset-publisher .journal-content-article, .asset-content .journal-content-article, "
            "#main-content .journal-content-article, #content .journal-content-article",
            views=".asset-full-content .metadata-view-count",
            tags=".asset-full-content .taglib-asset-tags-summary a",
            drop=".portlet-title, .portlet-title-text, .asset-user-actions, .asset-actions, .lfr-meta-actions, "
            ".subscribe-action, .taglib-social-bookmarks, .social-bookmarks, .asset-ratings, .taglib-ratings, "
            ".asset-flag, .taglib-flags, .asset-more, .asset-links, .taglib-asset-links, .taglib-discussion, "
            ".asset-metadata, .assetPublishDate, .meta-data-date",
        ),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take the arguments of `SiteSpider`."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._pagers: dict[str, tuple[str, str] | None] = {}

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The number of an article, else its slug."""
        slug = super().article_key(url)
        if slug is None:
            return None
        number = re.match(r"(\d+)(?:-|\.|$)", slug) if "/-/view_content/" in urlsplit(url).path else None
        return number[1] if number else unquote(slug).lower()

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Without a session, the prefix of the site's own language, the state of the box and a slash at the end."""
        path = re.sub(r"^/vi(?:[_-]\w{2,4})?(?=/)", "", _SESSION.sub("", path))
        return re.sub(r"(?<=/)(?:normal|maximized|pop_up|exclusive)/?$", "", path).rstrip("/") or "/"

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The first page by its address, further ones as its pager's links say; without a pager there are none."""
        if number > 1 and self._pagers.get(path) is None:
            return []
        page = await self.get(self.listing_request(path, number), past_end=(404,) if number > 1 else ())
        if page is None:
            return None
        if number == 1:
            self._pagers[path] = read_pager(page)
        return self.read_later(page, number)

    def listing_request(self, path: str, number: int) -> Request:
        """The section itself, then the query of its pager's links with the number; the pager is on the first page."""
        pager = self._pagers.get(path)
        if number == 1 or pager is None:
            return Request(self.site_url(path))
        name, query = pager
        pairs = [
            (one, str(number) if one == name else value) for one, value in parse_qsl(query, keep_blank_values=True)
        ]
        return Request(self.site_url(f"{path}?{urlencode(pairs)}"))


def read_pager(page: Page) -> tuple[str, str] | None:
    """The parameter for a page's number, and the query it stands in, of the pager that goes furthest; None without."""
    found: list[tuple[int, str, str]] = []
    for a in page.tree.iter("a"):
        query = urlsplit(page.link(a.get("href") or "")).query
        if "_cur=" not in query:
            continue
        for name, value in parse_qsl(query, max_num_fields=100):
            if _PAGE.fullmatch(name) and value.isascii() and value.isdigit() and len(value) < 10:
                found.append((int(value), name, query))
    furthest = max(found, default=None)
    return furthest[1:] if furthest and furthest[0] > 1 else None
