"""WordPress with a theme that keeps the default class names."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from scrapy.http import Request

from archive.models import UrlKind
from crawler.declaration import LEFT_OUT
from crawler.discovery.api import read_categories, read_posts
from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.extraction.text import slug
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.signs import Sign

POSTS = "/wp-json/wp/v2/posts"
CHANGES = f"{POSTS}?orderby=modified"
"""Where the ledger keeps when posts were last looked through for changes; what is asked for says since when besides."""

CHANGES_AGAIN = timedelta(hours=1)
"""So long after a look for changes a run looks again: one that takes up a run cut short need not."""

CATEGORIES = "/wp-json/wp/v2/categories"
PAGE_SIZE = 100
"""Most posts the API gives at once (WordPress REST API handbook, "Pagination")."""


MAX_CHANGED_PAGES = 10
"""Most pages of changed posts in one run: 1,000 posts. Who changes more has changed all, by some tool."""


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

    def source_of(self, way: str) -> str | None:
        """The posts, for the way of the API."""
        return self.site_url(POSTS) if way == "api" else super().source_of(way)

    async def by_api(self) -> AsyncIterator[Considered]:
        """Walk the posts of the API, newest first, then those that were changed since the last walk."""
        source, last_walk = self.site_url(POSTS), self.desk.ledger.last_walk
        walk = await self.desk.ask(partial(last_walk, source))
        # A look of its own: the walk may end well and this one fail, or the crawl be killed in between.
        look = await self.desk.ask(partial(last_walk, self.site_url(CHANGES))) or walk
        self._names: dict[int, str] | None = None
        async for considered in self.walk(source, UrlKind.API, None, self._api_page):
            yield considered
        if not self.found_any or self.last_day is not None:
            return
        if look is None:
            await self._looked_at_changes()
        elif walk is not None and self.desk.clock.now() - look[0] >= CHANGES_AGAIN:
            async for considered in self._changed_since(look[0]):
                yield considered

    async def _looked_at_changes(self) -> None:
        today = self.desk.clock.now().date()
        walked = partial(self.desk.ledger.walked, self.site_url(CHANGES), UrlKind.API, today)
        await self.desk.ask(walked)

    async def _changed_since(self, looked_at: datetime) -> AsyncIterator[Considered]:
        """Posts that were changed after the last look for such, the last change first: those of any age."""
        # As `after`, it is compared with the site's own clock.
        since = looked_at - timedelta(hours=12)
        query = {"orderby": "modified", "order": "desc", "modified_after": f"{since:%Y-%m-%dT%H:%M:%S}"}
        for number in range(1, MAX_CHANGED_PAGES + 1):
            entries = await self._posts(number, query, kind=None)
            if entries is None:
                return
            if entries:
                yield await self.consider(entries, self.site_url(POSTS))
            # One that does not know the condition gives all posts.
            told = [entry.modified.instant for entry in entries if entry.modified]
            if len(entries) < PAGE_SIZE or not told or min(told) < since:
                break
        await self._looked_at_changes()

    async def _category_names(self, needed: set[int]) -> dict[int, str]:
        """The names of categories: those that were told before, and asked for where that lacks one that is `needed`."""
        url = self.site_url(f"{CATEGORIES}?{urlencode({'per_page': PAGE_SIZE})}")
        if self._names is None:
            before = await self.earlier(url)
            self._names = self._read_names(before) if before else {}
            if not needed <= self._names.keys():
                page = await self.get(Request(url), kind=UrlKind.API)
                self._names |= self._read_names(page) if page else {}
        return self._names

    def _read_names(self, page: Page) -> dict[int, str]:
        try:
            return read_categories(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return {}

    async def _api_page(self, number: int) -> list[Entry] | None:
        query = {"orderby": "date", "order": "desc"}
        if self.first_day:
            # A day of grace: the API compares with the site's own clock and zone.
            query["after"] = f"{self.first_day - timedelta(days=1)}T00:00:00"
        if self.last_day:
            query["before"] = f"{self.last_day + timedelta(days=2)}T00:00:00"
        ranged = self.first_day or self.last_day
        return await self._posts(number, query, kind=None if ranged else UrlKind.API)

    async def _posts(self, number: int, more: Mapping[str, str], *, kind: UrlKind | None) -> list[Entry] | None:
        """The posts on a page of an answer; [] past its end, None if it could not be had."""
        query = {"per_page": str(PAGE_SIZE), "page": str(number), **more}
        query["_fields"] = "id,date,date_gmt,modified,modified_gmt,link,title,categories"
        request = Request(f"{self.site_url(POSTS)}?{urlencode(query)}")
        page = await self.get(request, kind=kind, past_end=(400,) if number > 1 else ())
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
        names = await self._category_names({one for _, categories in posts for one in categories})
        left_out = {one for one, name in names.items() if LEFT_OUT.search(f"/{slug(name)}/")}
        return [entry for entry, categories in posts if left_out.isdisjoint(categories)]

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The feed of all posts: the latest ten or so."""
        async for considered in self.feed("/feed/"):
            yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """``page/N/`` from the second page on."""
        return Request(self.site_url(path if number == 1 else f"{path}page/{number}/"))
