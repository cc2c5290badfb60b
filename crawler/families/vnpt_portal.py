"""The portal with ArticleHeader and ArticleContent, whose listings go on by POST."""

import re
from typing import ClassVar
from urllib.parse import urlencode

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign

ENDPOINT = "/DesktopModule/UIArticleInMenu/ArticleInMenuPagination.aspx/LoadArticle"

_FIELDS = {
    "article_category_id": r"article_category_id\s*:\s*[\"']?(\d+)",
    "site_id": r"site_id\s*:\s*[\"']?(\d+)",
    "page_size": r"page_size\s*:\s*[\"']?(\d+)",
    "categoryIds": r"categoryIds\s*:\s*[\"']([^\"']*)",
}
_LAST_PAGE = re.compile(r"maxPage\s*=\s*parseInt\(\s*[\"']?(\d{1,9})")


class VnptPortalSpider(SiteSpider):
    """Portals of provinces, departments, wards and party committees.

    How to recognise it: .ArticleHeader, .PostDate, .ArticleSummary, .ArticleContent; article addresses
    ``/<section>/<slug>-<digits>`` without .html. Known to use it: portals of Cao Bằng, Lào Cai, Bình
    Thuận, Ninh Bình, Sơn La, Cần Thơ, Trà Vinh, wards of Hải Phòng.
    Discovery: listings. The first page is fetched, further ones are posted for, with the numbers that
    the first page's script names; they come as fragments.
    Traps: "Lượt xem: N" rises at every fetch; many pages tell no date at all; the charset stands in the
    page alone; unknown addresses answer 200; one article stands under several sections.
    """

    family = "vnpt_portal"
    article_path = re.compile(r"(?:/[a-z0-9-]+)+/[^/]+-(?P<key>\d{4,})/?")
    section_path = re.compile(
        r"/(?!(?:trang-chu|home|tim-kiem|lien-he|dang-nhap|rss|sitemap|so-do-cong|van-ban|thu-tuc-hanh-chinh|upload)"
        r"(?:/|$))[a-z0-9-]+(?:/[a-z0-9-]+){0,2}/?",
        re.IGNORECASE,
    )
    signs = (
        Sign(says="the body bears ArticleContent", selector=".ArticleContent", weight=3),
        Sign(says="the title bears ArticleHeader", selector=".ArticleHeader", weight=2),
        Sign(says="lists of articles bear ArticleInMenu", selector=".ArticleInMenu, .UIListNews_Default", weight=3),
        Sign(says="listings go on by LoadArticle", source=r"/DesktopModule/UIArticleInMenu/", weight=3),
        Sign(says="dates bear PostDate", selector=".PostDate", weight=1),
        Sign(
            says="article addresses are /<section>/<slug>-<digits>",
            address=r"^(?:/[a-z0-9-]+)+/[^/]+-\d{4,}$",
            weight=1,
        ),
    )
    listings = (
        ListingLayout(item=".ArticleItem", link="a.ArticleTitle, a", date=".PostDate"),
        ListingLayout(item=".ArticleList a, .ArticleInMenu a, .UIListNews_Default .item a"),
        ListingLayout(item="a.ArticleTitle"),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="vnpt-portal",
            title=".ArticleHeader",
            lead=".ArticleSummary",
            date=".UIArticleDetail .PostDate, .ArticleHeader ~ .PostDate, .PostDate",
            body=".ArticleContent",
            section=".Breadcrumb a",
            views=".ViewCount",
            drop=".ArticleRelated, .ArticleTools, .UIListNews_Default, .ArticleInMenu",
        ),
    )

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Articles end without a slash."""
        return path.rstrip("/")

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take the arguments of `SiteSpider`."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._pagers: dict[str, tuple[dict[str, str], int]] = {}

    def listing_request(self, path: str, number: int) -> Request:
        """The first page of a listing; further ones are posted for, as it says."""
        return Request(self.site_url(path))

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The first page by GET, further ones by POST until the last that the first one named."""
        if number == 1:
            page = await self.get(self.listing_request(path, 1))
            if page is None:
                return None
            self._pagers[path] = read_pager(page)
            return self.read_entries(page)
        fields, last = self._pagers[path]
        if number > last or "article_category_id" not in fields:
            return []
        page = await self.get(self._posted(path, fields, number))
        return self.read_later(page, number) if page else None

    def _posted(self, path: str, fields: dict[str, str], number: int) -> Request:
        size = fields.get("page_size", "15")
        form = {
            **fields,
            "page": str(number),
            "page_size": size,
            "keyword": "",
            "date_begin": "",
            "date_end": "",
            "show_no": "false",
            "show_post_date": "true",
            "num_of_text": "30",
            "show_view_count": "false",
            "filter_order_in_list": "0",
            "is_default": "true",
            "new": "0",
            "number_of_day": "3",
            "no": f"-{size}",
            "lang": "vi-VN",
            "is_authenticated": "false",
        }
        return Request(
            self.site_url(ENDPOINT),
            method="POST",
            body=urlencode(form),
            headers={
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Requested-With": "XMLHttpRequest",
                "Referer": self.site_url(path),
            },
        )


def read_pager(page: Page) -> tuple[dict[str, str], int]:
    """The form fields that a listing's script posts for further pages, and the number of the last page."""
    text = page.decoded.text
    fields = {name: match[1] for name, pattern in _FIELDS.items() if (match := re.search(pattern, text))}
    last = _LAST_PAGE.search(text)
    return fields, int(last[1]) if last else 1
