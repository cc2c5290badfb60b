"""Discovery by sitemaps: an index and its parts, the newest first, as far as there is a reason to."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from scrapy.http import Request

from archive.clock import VIETNAM
from archive.looks import Look
from archive.models import UrlKind
from crawler.discovery.entry import Entry
from crawler.discovery.sitemap import Sitemap, month_of, number_of, read_sitemap
from crawler.discovery.troubles import Trouble
from crawler.extraction.page import Page
from crawler.families.asking import NOT_FOUND
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


BELIEVED = 3
"""After so many looks in a row that found the same body, without validators, an index that says "changed today" again
is not believed: some name the day on which they were made."""

LONGEST = 30
"""Days after which every part is asked for again, whatever its index says: indexes err."""

Part = tuple[str, datetime | None]
"""A child sitemap, and when its index says that it last changed."""


class SitemapDiscovering(Walking):
    """Discovery by the sitemap at the path `sitemap`, besides the other ways."""

    sitemap: ClassVar[str] = "/sitemap.xml"
    known_only: bool = False

    def source_of(self, way: str) -> str | None:
        """The sitemap, for that way."""
        return self.site_url(self.sitemap) if way == "sitemap" else super().source_of(way)

    async def by_sitemap(self) -> AsyncIterator[Considered]:
        """Read the sitemap; of an index the newest parts first, as far as the range and a reason (`is_due`) go."""
        source = self.site_url(self.sitemap)
        self._is_first = await self.desk.ask(partial(self.desk.ledger.last_walk, source)) is None
        page = await self._ask(source)
        top = self._read(page) if page else None
        if top is None:
            return
        async for considered in self._walk_parts(source, top):
            yield considered

    async def by_changes(self) -> AsyncIterator[Considered]:
        """What the sitemap tells of articles that are known, where another way finds them: later changes.

        Where it is cheap: where the site can say that nothing changed, or the index names dates. Else, and where there
        is none, it is looked at ever more rarely.
        """
        source = self.site_url(self.sitemap)
        looks, now = self.desk.looks, self.desk.clock.now()
        look = await self.desk.ask(partial(looks.at, source))
        if look.waits(now):
            self.crawler.stats.inc_value("discovery/waiting")
            self.logger.info("discovery: %s: %s; it is asked for after %s", source, look.reason, look.due_at)
            return
        if look.fetched_at is not None and not look.is_validated:
            before = await self.earlier(source)
            dated = before is not None and any(changed for _, changed in _children(before))
            if not dated and not is_due(replace(look, is_read=True), None, now):
                return
        page = await self._ask(source, past_end=NOT_FOUND)
        if page is not None and not page.body:
            await self.desk.ask(partial(looks.absent, source, UrlKind.SITEMAP, now + timedelta(days=LONGEST)))
            return
        top = self._read(page) if page else None
        if top is None:
            return
        self.known_only, self._is_first = True, False
        async for considered in self._walk_parts(source, top):
            yield considered

    async def _walk_parts(self, source: str, top: Sitemap) -> AsyncIterator[Considered]:
        """Read what a sitemap lists, or the parts that it names as far as there is a reason."""
        if top.entries:
            yield await self._take(top, source)
        named = {source}
        waiting = [(part, 1) for part in await self._due(self._parts(source, top.children, named))]
        asked, seen = 1, set[str]()
        barren = failed = 0
        whole = top.trouble is None
        while waiting:
            (url, _), depth = waiting.pop(0)
            if asked > MAX_SITEMAPS:
                self._trouble(source, f"has more than {MAX_SITEMAPS:,} parts; the older ones wait", Trouble.TOO_MANY)
                return
            asked += 1
            page = await self._ask(url)
            part = self._read(page) if page else None
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
                # It never counts as read, so it is asked for each night: nothing else tells of its parts.
                further = await self._due(self._parts(url, part.children, named))
                waiting = [(one, depth + 1) for one in further] + waiting
                continue
            considered = await self._take(part, url)
            barren = barren + 1 if considered.urls <= seen else 0
            seen |= considered.urls
            yield considered
            if barren == MAX_BARREN_SITEMAPS:
                self._trouble(source, f"its last {barren} parts name no article that is new", Trouble.ENDLESS)
                return
        if whole and not self.known_only:
            await self._walked(source, UrlKind.SITEMAP, met_known=False)

    async def _due(self, parts: Sequence[Part]) -> list[Part]:
        """Those of an index's `parts`, the newest first, that there is a reason to ask for now.

        That is the newest always, and all until they were all read once.
        """
        looks = await self.desk.ask(partial(self.desk.looks.of, [url for url, _ in parts]))
        now, due = self.desk.clock.now(), []
        for url, changed in parts:
            look = looks.get(url, Look())
            if look.waits(now):
                self.note_waiting(url, look)
            elif self._is_first or url == parts[0][0] or is_due(look, changed, now):
                due.append((url, changed))
        return due

    async def _take(self, sitemap: Sitemap, url: str) -> Considered:
        """Let the ledger decide on all entries of the sitemap at `url`, and note when it has all of them."""
        entries = _newest_first(sitemap.entries)
        if self.known_only:
            addresses = [self.canonical_url(entry.url) for entry in entries]
            known = await self.desk.ask(partial(self.desk.ledger.known_among, addresses))
            entries = [entry for entry, one in zip(entries, addresses, strict=True) if one in known]
        considered = await self.consider(entries, url)
        first = self._first_instant()
        in_range = first is None or considered.oldest is None or considered.oldest >= first
        if in_range and self.last_day is None and sitemap.trouble is None:
            await self.desk.ask(partial(self.desk.looks.read, url))
        return considered

    def _parts(self, source: str, children: Sequence[Part], named: set[str]) -> list[Part]:
        """The child sitemaps of the index at `source` that can name articles of the range, the newest first.

        Those in `named` are left out, with one trouble however many they are; the others are added to it.
        """
        wanted = [one for one in children if self.is_article_sitemap(one[0]) and self._month_in_range(one[0])]
        parts = {url: (url, changed) for url, changed in sorted(wanted, key=_place_of_child, reverse=True)}
        fresh, again = [url for url in parts if url not in named], [url for url in parts if url in named]
        if again:
            words = f"the index names {len(again):,} sitemaps that were named before, such as {again[0][:100]}"
            self._trouble(source, words, Trouble.LOOP)
        named.update(fresh)
        return [parts[url] for url in fresh]

    async def _ask(self, url: str, *, past_end: tuple[int, ...] = ()) -> Page | None:
        """Ask for a sitemap; what it named before tells what it names no more."""
        await self.recall(url, UrlKind.SITEMAP, url, lambda page: _newest_first(read_sitemap(page.body).entries))
        return await self.get(Request(url), kind=UrlKind.SITEMAP, past_end=past_end)

    def _read(self, page: Page) -> Sitemap | None:
        """Read a sitemap; None, with the reason noted, if it is none."""
        try:
            sitemap = read_sitemap(page.body)
        except ValueError as error:
            self.unreadable(page, error)
            return None
        if sitemap.trouble:
            self._trouble(page.url, sitemap.trouble[1], sitemap.trouble[0])
        return sitemap

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


def _children(page: Page) -> tuple[Part, ...]:
    try:
        return read_sitemap(page.body).children
    except ValueError:
        # It was told when it came.
        return ()


def is_due(look: Look, changed: datetime | None, now: datetime) -> bool:
    """Whether to ask `now` for a part of a sitemap that its index says to have `changed`; `look` is of its last answer.

    It is if not all that it lists is known; if it changed on the day of that look, or later: most name days only, or
    the time of some zone; where the index tells nothing, or is not `BELIEVED`, after one day and one more for each look
    in a row that found nothing new.
    """
    if look.fetched_at is None or not look.is_read or look.failures:
        return True
    day = look.fetched_at.astimezone(VIETNAM).date()
    days = (now.astimezone(VIETNAM).date() - day).days
    if days >= LONGEST:
        return True
    if changed is not None and changed.astimezone(VIETNAM).date() < day:
        return False
    if changed is not None and (look.is_validated or look.unchanged < BELIEVED):
        return True
    return days > look.unchanged


def _place_of_child(child: Part) -> tuple[tuple[int, int], datetime, int]:
    """The newest part of a sitemap sorts last: by the month it names, its date, its number."""
    url, changed = child
    return month_of(url) or (9999, 0), changed or datetime.max.replace(tzinfo=VIETNAM), number_of(url)


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    def when(entry: Entry) -> datetime:
        told = entry.published or entry.modified
        return told.instant if told else datetime.min.replace(tzinfo=VIETNAM)

    return sorted(entries, key=when, reverse=True)
