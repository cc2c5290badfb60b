"""WordPress with a theme that keeps the default class names."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlencode

from scrapy.http import Request

from archive.models import UrlKind
from crawler.declaration import LEFT_OUT
from crawler.discovery.api import read_categories, read_posts
from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.text import slug
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign

POSTS = "/wp-json/wp/v2/posts"
CATEGORIES = "/wp-json/wp/v2/categories"
PAGE_SIZE = 100
"""Most posts the API gives at once (WordPress REST API handbook, "Pagination")."""


class WordPressSpider(SiteSpider):
    """Sites on WordPress.

    How to recognise it: meta generator, /wp-content/, ``article#post-<id>``, .entry-title, .entry-content.
    Discovery: the JSON API, which tells ids, publication and modification dates; else the sitemap
    (/wp-sitemap.xml), else the feed, else the category listings. The text is read from the page.
    Traps: the author shown is the account that posted ("admin"), not the writer, so no byline is read
    from .author; related posts stand inside .entry-content; /amp/ and /feed/ variants of every post; a
    slug changes while the id stays, so the id is the article's key.
    """

    family = "wordpress"
    ways = ("api", "sitemap", "feed", "listing")
    sitemap = "/wp-sitemap.xml"
    front_page = ""  # /<slug>/ may be a page as well as a post
    article_path = re.compile(
        r"/(?!(?:category|tag|author|page|feed|wp-[\w-]+|amp|comments|search)(?:[/.]|$))"
        r"(?:(?P<year>20\d\d)/(?P<month>\d\d)/(?:(?P<day>\d\d)/)?)?"
        r"(?P<key>(?!\d{1,4}(?:/|$))[^/.]+)(?:\.html)?(?:/amp)?/?"
    )
    section_path = re.compile(
        r"/(?:category|chuyen-muc|danh-muc)/[^/]+(?:/(?!page/|feed/)[^/]+)*/?"
        r"|/(?!(?:category|chuyen-muc|danh-muc|tag|author|page|feed|wp-[\w-]+|amp|comments|search|lien-he|contact)(?:[/.]|$))"
        r"(?!20\d\d/)[a-z0-9-]+(?:/[a-z0-9-]+)?/?"
    )
    signs = (
        Sign(
            says="themes and plugins lie under /wp-content/",
            source=r"/wp-content/(?:themes|plugins|uploads)/",
            weight=3,
        ),
        Sign(says="the page names its API (api.w.org)", selector="link[rel='https://api.w.org/']", weight=3),
        Sign(says="meta generator is WordPress", selector="meta[name=generator][content^=WordPress]", weight=3),
        Sign(says="an article is article#post-<id>", selector="article[id^=post-]", weight=2),
        Sign(says="the body bears entry-content", selector=".entry-content", weight=1),
    )
    listings = (
        ListingLayout(
            item="article.hentry, article.post, .post.hentry",
            link=".entry-title a, h2 a, h3 a",
            date="time.entry-date.published@datetime, time@datetime",
        ),
    )
    layouts: ClassVar[tuple[Layout, ...]] = (
        Layout(
            name="wordpress",
            title="h1.entry-title, .entry-header h1, h1.post-title, h1.tdb-title-text, .cm-entry-title",
            body=".entry-content, .td-post-content, .cm-post-content, .post-content",
            date="time.entry-date.published@datetime, time.published@datetime, .posted-on time@datetime, "
            ".entry-meta time@datetime",
            modified="time.updated@datetime",
            section=".cat-links a:first-of-type, .entry-categories a:first-of-type, a[rel~=category]:first-of-type",
            tags=".tags-links a, .post-tags a, a[rel=tag]",
            captions=".wp-caption-text",
            parts=".page-links",
            key="article[id^=post-]@id, link[rel=shortlink]@href",
            drop=".related-in-post, .sharedaddy, .jp-relatedposts, .post-navigation, .yarpp-related, "
            ".related-posts-wrapper",
        ),
    )

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """Without ``/amp/`` and with the final slash."""
        return re.sub(r"/amp/?$", "/", path).rstrip("/") + "/"

    def is_article_sitemap(self, url: str) -> bool:
        """Posts only; pages, categories, tags and authors have sitemaps of their own."""
        return super().is_article_sitemap(url) and not re.search(
            r"-(?:taxonomies|users|posts-page|category|post_tag|author|page)-?", url
        )

    async def by_api(self) -> AsyncIterator[Considered]:
        """Walk the posts of the API, newest first."""
        self._names = await self._category_names()
        async for considered in self.walk(self.site_url(POSTS), UrlKind.API, None, self._api_page):
            yield considered

    async def _category_names(self) -> dict[int, str]:
        page = await self.get(Request(self.site_url(f"{CATEGORIES}?{urlencode({'per_page': PAGE_SIZE})}")))
        if page is None:
            return {}
        try:
            return read_categories(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return {}

    async def _api_page(self, number: int) -> list[Entry] | None:
        query = {"per_page": str(PAGE_SIZE), "page": str(number), "orderby": "date", "order": "desc"}
        query["_fields"] = "id,date,date_gmt,modified,modified_gmt,link,title,categories"
        if self.first_day:
            # A day of grace: the API compares with the site's own clock and zone.
            query["after"] = f"{self.first_day - timedelta(days=1)}T00:00:00"
        if self.last_day:
            query["before"] = f"{self.last_day + timedelta(days=2)}T00:00:00"
        request = Request(f"{self.site_url(POSTS)}?{urlencode(query)}")
        page = await self.get(request, past_end=(400,) if number > 1 else ())
        if page is None:
            return None
        if not page.body:
            return []
        try:
            posts = read_posts(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return None
        # An empty answer is an answer: nothing was published in the range.
        self.found_any = True
        return [entry for entry, categories in posts if not self._left_out(categories)]

    def _left_out(self, categories: list[int]) -> bool:
        return any(LEFT_OUT.search(f"/{slug(self._names.get(one, ''))}/") for one in categories)

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The feed of all posts: the latest ten or so."""
        async for considered in self.feed("/feed/"):
            yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """``page/N/`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}page/{number}/"))
