"""How a site's articles are found: its ways of discovery, the walk of its listings, what the ledger says of each."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import ClassVar

from scrapy.http import Request

from archive.article import MAX_ADDRESS, is_overlong
from archive.clock import VIETNAM
from archive.ledger import Decision, Found
from archive.models import UrlKind
from crawler.discovery.entry import Entry
from crawler.discovery.feed import read_feed
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.discovery.troubles import Loss, Trouble
from crawler.extraction import gate
from crawler.extraction.page import Page
from crawler.families.asking import Asking

MAX_LISTING_PAGES = 5_000
"""End of any one listing: a pager that never ends is a trap (75,000 articles at 15 a page)."""

MAX_BARREN_PAGES = 20
"""So many pages of a listing in a row that name no article which this run has not seen yet end the walk: a pager
or a calendar without end."""

SECOND_LOOK = timedelta(hours=1)
"""What was known so long before a walk began is of an earlier run, not of another section that this run walks too."""


@dataclass(frozen=True)
class Considered:
    """One page of discovery after the ledger saw it.

    `wanted` are the articles to fetch, `urls` all of the site's articles on it, in the range or not;
    `modified` says that one of them is listed with a later change, `passed` that the page lies wholly
    before the range asked for; `oldest` is its oldest date.
    """

    wanted: tuple[tuple[Found, Decision], ...] = ()
    urls: frozenset[str] = frozenset()
    modified: bool = False
    passed: bool = False
    oldest: datetime | None = None


class Discovering(Asking):
    """Discovery by listings, feeds and the front page; `ways` are those of the family, in order of preference.

    `front_page` is the path of the page whose links are looked at too; empty where addresses do not tell articles from
    other pages. `first_day` and `last_day` are the range of publication asked for. `found_any` says whether the way
    under way has met any article.
    """

    ways: ClassVar[tuple[str, ...]] = ("listing",)
    listings: ClassVar[tuple[ListingLayout, ...]] = ()
    front_page: ClassVar[str] = "/"

    first_day: date | None
    last_day: date | None
    found_any: bool

    async def discover(self) -> AsyncIterator[Considered]:
        """Pages of discovery, by the first of `ways` that knows any article."""
        for way in self.ways:
            self.found_any = False
            async for considered in getattr(self, f"by_{way}")():
                yield considered
            if self.found_any:
                if "sitemap" in self.ways[self.ways.index(way) + 1 :]:
                    async for considered in self.by_changes():
                        yield considered
                break
            self.logger.info("no articles by %s", way)
        # A front page tells few dates, so it cannot be held to a range.
        if self.front_page and not (self.first_day or self.last_day):
            async for considered in self.by_front_page():
                yield considered

    async def consider(self, entries: Sequence[Entry], source: str, section: str | None = None) -> Considered:
        """Let the ledger decide on one page of entries, newest first as the source lists them.

        An undated entry between dated ones takes the date of the one above it, only to tell whether it
        lies in the range asked for.
        """
        seen: list[Found] = []
        dates: list[datetime] = []
        urls: set[str] = set()
        overlong: list[str] = []
        nearest: datetime | None = None
        for entry in entries:
            address_key = self.article_key(entry.url)
            key = address_key and (entry.key or address_key)
            if is_overlong(key or "") or (key is None and self._overlong(entry.url)):
                overlong.append(entry.url[:100])
                continue
            if key is None:
                continue
            url = self.canonical_url(entry.url)
            urls.add(url)
            listed = entry.published or self.date_in_url(entry.url)
            told = listed or entry.modified
            if told:
                nearest = told.instant
                dates.append(nearest)
            if not self._in_range(nearest):
                continue
            seen.append(
                Found(
                    url=url,
                    key=key,
                    found_on=source,
                    section=section or self.section_of(url),
                    title=entry.title,
                    listed=listed,
                    modified=entry.modified.instant if entry.modified else None,
                )
            )
        if overlong:
            # One trouble a page: each of 50,000 would be a line of the log, written before anything else is done.
            others = f", nor are {len(overlong) - 1:,} others of its addresses" if overlong[1:] else ""
            self._trouble(source, f"{overlong[0]}... has more than {MAX_ADDRESS} bytes and is not followed{others}")
        self.found_any = self.found_any or bool(urls)
        ledger = self.desk.ledger
        decided = await self.desk.ask(lambda: ledger.see(seen)) if seen else []
        self.crawler.stats.inc_value("discovery/entries", len(urls))
        first = self._first_instant()
        return Considered(
            wanted=tuple((found, decision) for found, decision in decided if decision is not Decision.KNOWN),
            urls=frozenset(urls),
            modified=any(decision is Decision.MODIFIED for _, decision in decided),
            passed=first is not None and bool(dates) and max(dates) < first,
            oldest=min(dates, default=None),
        )

    def _first_instant(self) -> datetime | None:
        return datetime.combine(self.first_day, time(), VIETNAM) if self.first_day else None

    def _in_range(self, instant: datetime | None) -> bool:
        if instant is None:
            return True
        day = instant.astimezone(VIETNAM).date()
        return not (self.first_day and day < self.first_day) and not (self.last_day and day > self.last_day)

    async def _walked(self, source: str, kind: UrlKind, *, met_known: bool) -> None:
        """Note a walk that reached its end; one with an end date left the newest out and does not count.

        `met_known`: it ended where an earlier walk had gone on, so it is complete as far as that one.
        """
        if self.last_day is None:
            ledger = self.desk.ledger
            earlier = await self.desk.ask(lambda: ledger.last_walk(source)) if met_known else None
            down_to = earlier[1] if earlier else self.first_day or self.oldest
            await self.desk.ask(lambda: ledger.walked(source, kind, down_to))

    async def _known_since(self, source: str) -> datetime | None:
        """The time of an earlier walk of `source` that went at least as far back as this one is to go.

        Where every article on a page was known then, nothing new can lie behind it.
        """
        if self.last_day is not None:
            return None
        ledger = self.desk.ledger
        earlier = await self.desk.ask(lambda: ledger.last_walk(source))
        return earlier[0] if earlier and earlier[1] <= (self.first_day or self.oldest) else None

    async def _covered(self, considered: Considered, since: datetime | None) -> bool:
        """Whether all that a page lists was known at `since`, with no later change."""
        return since is not None and not considered.modified and await self._known_all(considered.urls, since)

    async def _known_all(self, urls: frozenset[str], instant: datetime) -> bool:
        """Whether there are any `urls` and each was known at `instant`."""
        ledger = self.desk.ledger
        return bool(urls) and await self.desk.ask(lambda: ledger.seen_before(urls, instant))

    async def walk(
        self,
        source: str,
        kind: UrlKind,
        section: str | None,
        page_of: Callable[[int], Awaitable[list[Entry] | None]],
    ) -> AsyncIterator[Considered]:
        """Walk the pages of one listing or API, newest first, until there is no reason to go on.

        `page_of(n)` gives the entries of page n, [] past the last, None if it could not be had. The walk
        ends when the range is passed, on a page that an earlier walk covered, or where the site gives
        no further entries. Only a walk that ended so counts as one; a first page without any entry is a
        trouble of the site, not its end. A pager without end has none: there a walk counts if the last page
        that named anything new to it was known `SECOND_LOOK` ago, for then two walks have come to the same place.
        """
        since = await self._known_since(source)
        earlier_run = self.desk.clock.now() - SECOND_LOOK
        seen: set[str] = set()
        last: frozenset[str] = frozenset()
        barren = 0
        for number in range(1, MAX_LISTING_PAGES + 1):
            entries = await page_of(number)
            if entries == [] and number > 1:
                # A page that failed to fill looks like the end; the end looks so twice.
                entries = await page_of(number)
            if entries is None or (not entries and number == 1):
                # An API that is closed is no loss while another way is open.
                if number == 1 and kind is UrlKind.LISTING:
                    self._lost(source, failed=entries is None)
                return
            addresses = {entry.url for entry in entries}
            if addresses <= seen:
                break
            considered = await self.consider(entries, source, section)
            # Canonical ones: a pager may give its links a new session at each look.
            barren = barren + 1 if considered.urls <= seen else 0
            last = last if barren else considered.urls
            seen |= addresses | considered.urls
            yield considered
            if barren == MAX_BARREN_PAGES:
                words = f"its last {barren} pages name no article that the {number - barren} before them do not"
                self._trouble(source, words, Trouble.ENDLESS)
                # Else every night would walk the whole listing to get here.
                if await self._known_all(last, earlier_run):
                    break
                return
            if await self._covered(considered, since):
                await self._walked(source, kind, met_known=True)
                return
            if considered.passed:
                break
        else:
            self._trouble(source, f"goes on after {MAX_LISTING_PAGES:,} pages", Trouble.TOO_MANY)
            return
        await self._walked(source, kind, met_known=False)

    def _lost(self, source: str, *, failed: bool) -> None:
        """Note a listing whose first page could not be had or lists nothing."""
        self.crawler.stats.inc_value("discovery/lost")
        if not failed:
            self._trouble(source, "lists nothing; its markup may have changed")

    async def by_listing(self) -> AsyncIterator[Considered]:
        """Walk all sections side by side, so that what comes out is newest first over all of them.

        An article waits until no section can still list a newer one: sections list newest first, so
        nothing to come is newer than the oldest date a section has shown.
        """
        walks = {
            name: self.walk(
                self.site_url(path),
                UrlKind.LISTING,
                name,
                partial(self.listing_page, path),
            )
            for name, path in self.sections.items()
        }
        front = dict.fromkeys(walks, datetime.max.replace(tzinfo=VIETNAM))
        waiting: list[tuple[datetime, tuple[Found, Decision]]] = []
        while front:
            name = max(front, key=lambda one: front[one])
            considered = await anext(walks[name], None)
            if considered is None:
                del front[name]
            else:
                front[name] = considered.oldest or front[name] - timedelta(days=1)
                waiting += [(one[0].listed.instant if one[0].listed else front[name], one) for one in considered.wanted]
            newest = max(front.values(), default=datetime.min.replace(tzinfo=VIETNAM))
            ready = sorted((one for one in waiting if one[0] >= newest), key=lambda one: one[0], reverse=True)
            waiting = [one for one in waiting if one[0] < newest]
            if considered is not None or ready:
                yield replace(considered or Considered(), wanted=tuple(one for _, one in ready))

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """The entries on page `number` of the listing at `path`, as `walk` asks for them."""
        page = await self.get(self.listing_request(path, number), past_end=(404,) if number > 1 else ())
        return self.read_later(page, number) if page else None

    def read_later(self, page: Page, number: int) -> list[Entry] | None:
        """The entries on page `number` of a listing; None for one past the first that is refused: that is no end."""
        entries = self.read_entries(page)
        refused = number > 1 and not entries and (page.too_large or gate.browser_check(page))
        return None if refused else entries

    def read_entries(self, page: Page) -> list[Entry]:
        """The entries of a listing page by the first of `listings` that finds any."""
        if page.too_large:
            self._trouble(page.url, page.too_large, Trouble.TOO_LARGE)
            return []
        if page.is_too_deep:
            self._trouble(page.url, "its elements nest deeper than any parser goes", Trouble.TOO_DEEP)
        found = next((entries for layout in self.listings if (entries := read_listing(page, layout))), [])
        if not found and (check := gate.browser_check(page)):
            self._trouble(page.url, check, Trouble.CHALLENGE)
        return found

    def listing_request(self, path: str, number: int) -> Request:
        """The request for page `number` (from 1) of the listing at `path`; families say how."""
        raise NotImplementedError

    async def by_changes(self) -> AsyncIterator[Considered]:
        """What else tells of changes of known articles: nothing, unless there is a sitemap (`SitemapDiscovering`)."""
        nothing: tuple[Considered, ...] = ()
        for considered in nothing:
            yield considered

    async def by_front_page(self) -> AsyncIterator[Considered]:
        """The articles that the front page links to: some stand in no section that we know of."""
        source = self.site_url(self.front_page)
        page = await self.get(Request(source))
        if page is not None and page.too_large:
            self._trouble(source, page.too_large, Trouble.TOO_LARGE)
        elif page is not None:
            links = (page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href"))
            yield await self.consider([Entry(url) for url in dict.fromkeys(links)], source)

    async def feed(self, path: str, section: str | None = None) -> AsyncIterator[Considered]:
        """Read one feed."""
        url = self.site_url(path)
        page = await self.get(Request(url), kind=UrlKind.FEED)
        if page is None:
            return
        losses: list[Loss] = []
        try:
            entries = read_feed(page.body, losses)
        except ValueError as error:
            self.unreadable(page, error)
            return
        for name, words in losses:
            self._trouble(url, words, name)
        yield await self.consider(entries, url, section)
