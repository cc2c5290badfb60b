"""Liferay 6.2 and 7, whose news are web content shown by its asset publisher."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.extraction.select import select_all
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign

_PAGE = re.compile(r"_(?:101(?:_INSTANCE_\w+)?|com_liferay_asset_publisher_\w+)_cur")
"""The parameter for the number of a page: ``_101_cur`` (seen), with an instance in 6.2 (many crawlers of other
countries' portals), with a long name in 7 (crawlers of ncov.moh.gov.vn and hochiminhcity.gov.vn)."""

_SESSION = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
"""What a Java server adds to the path for who keeps no cookies."""

_LANGUAGE = r"/(?!vi(?:[_-]VN)?/)[a-z]{2}(?:[_-][A-Z]{2})?/"
"""The beginning of a path that names another language (seen: ``/en/``). No page can have such a name: Liferay refuses
language codes (its knowledge base, "Friendly URL of pages"). The country is in capitals, as Java writes it, so that
``/du-lich/`` is a section."""

_SITE = re.compile(r"/web/(?P<site>[^/;]+)/")
"""The beginning of a path that names the site of a portal in which a slug is unique (Liferay's manual)."""

_GROUP = re.compile(r"/-/(?:details/(?P<before>\d+)/|asset_publisher/[^/;]+/content/[^/;]+/(?P<behind>\d+)(?:[/;]|$))")
"""The same by the number of its group, before the slug or behind it (both seen in addresses that others cite)."""


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
    (Liferay's manual). The key is the number of view_content and id, else the slug. A slug is unique in one group only,
    so the number of the group, or else the site, stands before it where the path names one (``20182~<slug>``). An
    article that is linked with its group here and without there is kept twice: better than two under one key.
    Discovery: listings. What the parameter for a page is called say the links of a section's pager, of the first box
    that has both entries and a pager; the addresses of articles need no parameter.
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
            # The portal's head may have a .header-title too, so this is asked for in the box of the publisher.
            title=".asset-full-content .asset-title, .portlet-asset-publisher .header-title, "
            "[id^=p_p_id_101_] .header-title, [id*=AssetPublisherPortlet] .header-title, "
            ".asset-content .title-content, #main-content .header-title, #content .header-title, "
            "meta[property='og:title']@content",
            lead=".asset-full-content .sapo, .journal-content-article .sapo, .article-summary",
            date=".asset-full-content .assetPublishDate, .meta-data-date, .asset-full-content .metadata-publish-date, "
            ".asset-full-content .metadata-display-date, .assetPublishDate",
            modified=".asset-full-content .metadata-modified-date",
            # An .asset-content may hold several texts: it comes before them, its furniture is in `drop`.
            body=".asset-full-content .asset-content, .asset-full-content .journal-content-article, "
            ".asset-content:has(.journal-content-article), .portlet-asset-publisher .journal-content-article, "
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
        """The number of an article, else its slug, after the group or site that it is unique in."""
        slug = super().article_key(url)
        if slug is None:
            return None
        path = urlsplit(url).path
        number = re.match(r"(\d+)(?:-|\.|$)", slug) if "/-/view_content/" in path else None
        if number:
            return number[1]
        name = unquote(slug).lower()
        if re.search(r"/-/asset_publisher/[^/;]+/content/id/", path):
            return name
        group, site = _GROUP.search(path), _SITE.match(cls.canonical_path(path))
        space = (group["before"] or group["behind"]) if group else site and unquote(site["site"]).lower()
        return f"{space}~{name}" if space else name

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Without a session, the prefix of the site's own language, the state of the box and a slash at the end."""
        path = re.sub(r"^/vi(?:[_-]VN)?(?=/)", "", _SESSION.sub("", path))
        return re.sub(r"(?<=/)(?:normal|maximized|pop_up|exclusive)/?$", "", path).rstrip("/") or "/"

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The first page by its address, further ones as its pager's links say; without a pager there are none."""
        if number > 1 and self._pagers.get(path) is None:
            return []
        page = await self.get(self.listing_request(path, number), past_end=(404,) if number > 1 else ())
        if page is None:
            return None
        if number == 1:
            self._pagers[path] = read_pager(page, self.listings)
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


def read_pager(page: Page, listings: Sequence[ListingLayout]) -> tuple[str, str] | None:
    """The parameter for a page's number, and the query it stands in, of the pager that belongs to the entries.

    That is the one of the first portlet box that has entries (by the first of `listings` that finds any) and a pager;
    the links of a box without entries, and of one beside, do not count. Of its links that which goes furthest counts.
    None without.
    """
    items = next((select_all(page.tree, layout.item) for layout in listings if read_listing(page, layout)), [])
    # The furthest comes first, so what an element has is the furthest within it, and each element is met once.
    furthest: dict[Any, tuple[int, str, str]] = {}
    for link, pager in sorted(_pager_links(page), key=lambda one: one[1], reverse=True):
        for above in link.iterancestors():
            if above in furthest:
                break
            furthest[above] = pager
    seen = set()
    for item in items:
        for above in item.iterancestors():
            if above in seen:
                break
            seen.add(above)
            if above in furthest:
                number, name, query = furthest[above]
                return (name, query) if number > 1 else None
            if (above.get("id") or "").startswith("p_p_id_"):
                break
    return None


def _pager_links(page: Page) -> Iterator[tuple[Any, tuple[int, str, str]]]:
    """The links of all pagers: number, name of the parameter and query of each. What cannot be read is passed over."""
    for link in page.tree.iter("a"):
        query = urlsplit(page.link(link.get("href") or "")).query
        if "_cur=" not in query:
            continue
        try:
            pairs = parse_qsl(query, max_num_fields=100)
        except ValueError:
            continue
        for name, value in pairs:
            if _PAGE.fullmatch(name) and value.isascii() and value.isdigit() and len(value) < 10:
                yield link, (int(value), name, query)
