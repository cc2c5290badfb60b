"""Discovery by sitemaps: an index and its parts, the newest first, as far as there is a reason to."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import ClassVar

from scrapy.http import Request

from archive.clock import VIETNAM
from archive.models import UrlKind
from crawler.discovery.entry import Entry
from crawler.discovery.sitemap import Sitemap, month_of, number_of, read_sitemap
from crawler.discovery.troubles import Trouble
from crawler.families.discovering import Considered
from crawler.families.walking import Walking

MAX_BARREN_SITEMAPS = 200
"""So many child sitemaps in a row that name no new article end the walk; some are of categories, tags and pictures."""

MAX_SITEMAPS = 5_000
"""Most child sitemaps that one run asks for, the newest first; one a day for 13 years. Hosts with 20,000 exist."""

MAX_SITEMAP_DEPTH = 3
"""Most sitemap indexes above a sitemap. The protocol knows one."""

MAX_FAILED_SITEMAPS = 5
"""After so many child sitemaps in a row that could not be had the rest is left for the next run."""


class SitemapDiscovering(Walking):
    """Discovery by the sitemap at the path `sitemap`, besides the other ways."""

    sitemap: ClassVar[str] = "/sitemap.xml"

    async def by_sitemap(self) -> AsyncIterator[Considered]:
        """Read the sitemap; of an index the newest months first, as far as the range goes."""
        source = self.site_url(self.sitemap)
        page = await self.get(Request(source))
        if page is None:
            return
        try:
            top = read_sitemap(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return
        if top.trouble:
            self._trouble(source, top.trouble[1], top.trouble[0])
        if top.entries:
            yield await self.consider(_newest_first(top.entries), source)
        named = {source}
        waiting = [(url, 1) for url in self._parts(source, top.children, named)]
        # Without months nothing tells which part is the newest; WordPress puts the oldest first.
        monthly = all(month_of(url) for url, _ in waiting)
        since = await self._known_since(source) if monthly else None
        asked, seen = {source}, set[str]()
        barren = failed = 0
        whole = top.trouble is None
        while waiting:
            url, depth = waiting.pop(0)
            if len(asked) > MAX_SITEMAPS:
                self._trouble(source, f"has more than {MAX_SITEMAPS:,} parts; the older ones wait", Trouble.TOO_MANY)
                return
            asked.add(url)
            part = await self._sitemap_part(url)
            if part is None:
                whole, failed = False, failed + 1
                if failed == MAX_FAILED_SITEMAPS:
                    return
                continue
            failed = 0
            whole = whole and part.trouble is None
            if part.children and depth == MAX_SITEMAP_DEPTH:
                self._trouble(url, f"an index below {depth} others; what it names is left out", Trouble.TOO_DEEP)
                whole = False
            elif part.children:
                further = self._parts(url, part.children, named)
                since = since if all(map(month_of, further)) else None
                waiting = [(one, depth + 1) for one in further] + waiting
                continue
            considered = await self.consider(_newest_first(part.entries), url)
            barren = barren + 1 if considered.urls <= seen else 0
            seen |= considered.urls
            yield considered
            if barren == MAX_BARREN_SITEMAPS:
                self._trouble(source, f"its last {barren} parts name no article that is new", Trouble.ENDLESS)
                return
            if await self._covered(considered, since):
                if whole:
                    await self._walked(source, UrlKind.SITEMAP, met_known=True)
                return
        if whole:
            await self._walked(source, UrlKind.SITEMAP, met_known=False)

    def _parts(self, source: str, children: Sequence[tuple[str, datetime | None]], named: set[str]) -> list[str]:
        """The child sitemaps of the index at `source` that can name articles of the range, the newest first.

        Those in `named` are left out, with one trouble however many they are; the others are added to it.
        """
        wanted = [one for one in children if self.is_article_sitemap(one[0]) and self._month_in_range(one[0])]
        urls = dict.fromkeys(url for url, _ in sorted(wanted, key=_place_of_child, reverse=True))
        fresh, again = [url for url in urls if url not in named], [url for url in urls if url in named]
        if again:
            words = f"the index names {len(again):,} sitemaps that were named before, such as {again[0][:100]}"
            self._trouble(source, words, Trouble.LOOP)
        named.update(fresh)
        return fresh

    async def _sitemap_part(self, url: str) -> Sitemap | None:
        page = await self.get(Request(url))
        if page is None:
            return None
        try:
            part = read_sitemap(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return None
        if part.trouble:
            self._trouble(url, part.trouble[1], part.trouble[0])
        return part

    def is_article_sitemap(self, url: str) -> bool:
        """Whether a child sitemap can list articles (families leave out categories, tags, pages)."""
        return self.is_own_host(url)

    def _month_in_range(self, url: str) -> bool:
        month = month_of(url)
        if month is None:
            return True
        first = (self.first_day.year, self.first_day.month) if self.first_day else (0, 0)
        last = (self.last_day.year, self.last_day.month) if self.last_day else (9999, 12)
        return first <= month <= last


def _place_of_child(child: tuple[str, datetime | None]) -> tuple[tuple[int, int], datetime, int]:
    """The newest part of a sitemap sorts last: by the month it names, its date, its number."""
    url, changed = child
    return month_of(url) or (9999, 0), changed or datetime.max.replace(tzinfo=VIETNAM), number_of(url)


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    def when(entry: Entry) -> datetime:
        told = entry.published or entry.modified
        return told.instant if told else datetime.min.replace(tzinfo=VIETNAM)

    return sorted(entries, key=when, reverse=True)
