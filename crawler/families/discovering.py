"""How a site's articles are found: its ways of discovery, and what the ledger says of each page."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import ClassVar

from scrapy.http import Request

from archive.article import MAX_ADDRESS, is_overlong
from archive.clock import VIETNAM
from archive.ledger import Decision, Found
from archive.models import UrlKind
from archive.walks import Stand
from crawler.discovery.entry import Entry
from crawler.discovery.feed import read_feed
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.discovery.troubles import Loss, Trouble
from crawler.discovery.vanished import Placed, Sightings
from crawler.extraction import gate
from crawler.extraction.page import Page
from crawler.families.asking import Asking

FRONT_PAGE_AFTER = timedelta(days=7)
"""So long after our last look the front page is looked at although nothing else was found: a quiet night is to cost no
request for it, and what stands in no section is found within a week."""


@dataclass(frozen=True)
class Considered:
    """One page of discovery after the ledger saw it.

    `wanted` are the articles to fetch, `urls` all of the site's articles on it, in the range or not, `order` the same
    in the order of the page; `passed` says that the page lies wholly before the range asked for, `oldest` is its oldest
    date, `dates` those of the articles that tell one.
    `jumps` says that what comes next is much older: a walk is taken up where an earlier run had stopped.
    """

    wanted: tuple[tuple[Found, Decision], ...] = ()
    urls: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    passed: bool = False
    oldest: datetime | None = None
    dates: Mapping[str, datetime] = field(default_factory=dict)
    jumps: bool = False


class Discovering(Asking):
    """Discovery by listings, feeds and the front page; `ways` are those of the family, in order of preference.

    `whole` says that each of them has all articles, so that the first that knows any is enough; else all are asked.
    `front_page` is the path of the page whose links are looked at too; empty where addresses do not tell articles from
    other pages. `newest_first` says that what `listings` finds are the articles of the section alone, newest first.
    `first_day` and `last_day` are the range of publication asked for. `found_any` says whether the way under way has
    met any article, `stands_in` that it stands in for one that failed tonight and was read whole before; `sightings`
    are what this run saw, `new` the addresses that it found.
    """

    ways: ClassVar[tuple[str, ...]] = ("listing",)
    whole: ClassVar[bool] = True
    listings: ClassVar[tuple[ListingLayout, ...]] = ()
    front_page: ClassVar[str] = "/"
    newest_first: ClassVar[bool] = True

    first_day: date | None
    last_day: date | None
    found_any: bool
    stands_in: bool = False
    sightings: Sightings
    new: set[str]

    async def discover(self) -> AsyncIterator[Considered]:
        """Pages of discovery, by the first of `ways` that knows any article, or by all; then what is named no more."""
        for way in self.ways:
            self.found_any = False
            self.stands_in = self.stands_in or (self.whole and await self._had_better(way))
            async for considered in getattr(self, f"by_{way}")():
                yield considered
            if self.found_any and not self.whole:
                continue
            if self.found_any:
                if "sitemap" in self.ways[self.ways.index(way) + 1 :]:
                    async for considered in self.by_changes():
                        yield considered
                break
            self.logger.info("no articles by %s", way)
        if await self._is_front_page_due():
            async for considered in self.by_front_page():
                yield considered
        await self._miss()

    def source_of(self, way: str) -> str | None:
        """The address under which the ledger keeps how far a way of discovery was read, if it has one."""
        return None

    async def _had_better(self, way: str) -> bool:
        """Whether a way before `way`, which knew no article tonight, was once read as far back as is asked for."""
        before = (self.source_of(one) for one in self.ways[: self.ways.index(way)])
        stands = [await self.desk.ask(partial(self.desk.ledger.stand, source)) for source in before if source]
        return any(self._reached(stand) is not None for stand in stands)

    def _reached(self, stand: Stand, first: date | None = None) -> datetime | None:
        """The time of an earlier walk that went at least as far back as this one is to go, to `first` if that is given.

        Where the articles on a page were known then, nothing new can lie behind it.
        """
        if self.last_day is not None or stand.down_to is None:
            return None
        return stand.walked_at if stand.down_to <= (first or self.first_day or self.oldest) else None

    async def _is_front_page_due(self) -> bool:
        """Whether to look at the front page: something is new, or our last look is `FRONT_PAGE_AFTER` ago."""
        # A front page tells few dates, so it cannot be held to a range.
        if not self.front_page or self.first_day or self.last_day:
            return False
        ledger, source = self.desk.ledger, self.site_url(self.front_page)
        # One that is a section was walked as such, and its walk is not to be overwritten.
        if source in map(self.site_url, self.sections.values()):
            return False
        looked = (await self.desk.ask(lambda: ledger.stand(source))).walked_at
        return bool(self.new) or looked is None or self.desk.clock.now() - looked >= FRONT_PAGE_AFTER

    async def recall(self, source: str, kind: UrlKind, url: str, read: Callable[[Page], Sequence[Entry]]) -> None:
        """Note what `source` named at our last look, to tell in the end what it names no more.

        `url` is the address of its first page, whose entries `read` gives; it may raise ValueError.
        """
        ledger = self.desk.ledger
        looked = (await self.desk.ask(lambda: ledger.stand(source))).compared_at
        self.sightings.looked[source] = kind
        page = await self.earlier(url, looked) if looked else None
        if page is None:
            return
        try:
            entries = read(page)
        except ValueError:
            # That was told when it came.
            return
        placed = []
        for entry in entries:
            if key := self.article_key(entry.url):
                told = entry.published or self.date_in_url(entry.url)
                placed.append(Placed(self.canonical_url(entry.url), entry.key or key, told.instant if told else None))
        self.sightings.before[source] = placed

    async def _miss(self) -> None:
        """Write down what the sources name no more: it is due for one look."""
        looked = {source: kind for source, kind in self.sightings.looked.items() if source in self.sightings.now}
        if not looked:
            return
        away, moved = self.sightings.missing()
        ledger = self.desk.ledger
        await self.desk.ask(lambda: ledger.missed(away, looked, Decision.VANISHED))
        # Their new addresses were written down when they were seen; by their key the articles are the same.
        self.crawler.stats.inc_value("signal/moved", len(moved))

    async def consider(self, entries: Sequence[Entry], source: str, section: str | None = None) -> Considered:
        """Let the ledger decide on one page of entries, newest first as the source lists them.

        An undated entry between dated ones takes the date of the one above it, only to tell whether it
        lies in the range asked for.
        """
        seen: list[Found] = []
        dates: list[datetime] = []
        dated: dict[str, datetime] = {}
        urls: dict[str, str] = {}
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
            urls.setdefault(url, key)
            listed = entry.published or self.date_in_url(entry.url)
            told = listed or entry.modified
            if told:
                nearest = told.instant
                dates.append(nearest)
                dated.setdefault(url, nearest)
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
        self.sightings.see(source, urls.items())
        self.new.update(found.url for found, decision in decided if decision is Decision.NEW)
        first = self._first_instant()
        return Considered(
            wanted=tuple((found, decision) for found, decision in decided if decision is not Decision.KNOWN),
            urls=frozenset(urls),
            order=tuple(urls),
            passed=first is not None and bool(dates) and max(dates) < first,
            oldest=min(dates, default=None),
            dates=dated,
        )

    def _first_instant(self) -> datetime | None:
        return datetime.combine(self.first_day, time(), VIETNAM) if self.first_day else None

    def _in_range(self, instant: datetime | None) -> bool:
        if instant is None:
            return True
        day = instant.astimezone(VIETNAM).date()
        return not (self.first_day and day < self.first_day) and not (self.last_day and day > self.last_day)

    async def _walked(
        self, source: str, kind: UrlKind, *, met_known: bool, first: date | None = None, resumes: bool = False
    ) -> None:
        """Note a walk that reached its end; one with an end date left the newest out and does not count.

        `met_known`: it ended where an earlier walk had gone on, so it is complete as far as that one. `first` is the
        day back to which it went, that of the range or the oldest if None. `resumes`: a longer walk, which was cut
        short, is to be taken up all the same.

        What an earlier walk had reached stays reached: one of a younger range adds to it, or is not noted where days
        between the two were not looked at.
        """
        if self.last_day is not None:
            return
        ledger, down_to = self.desk.ledger, first or self.first_day or self.oldest
        earlier = await self.desk.ask(lambda: ledger.last_walk(source))
        if earlier is not None and earlier[1] < down_to:
            if not met_known and earlier[0].astimezone(VIETNAM).date() < down_to:
                return
            down_to = earlier[1]
        elif earlier is not None and met_known:
            down_to = earlier[1]
        # Without the word where nothing is to be kept, as it is almost always.
        note = partial(ledger.walked, resumes=True) if resumes else ledger.walked
        await self.desk.ask(lambda: note(source, kind, down_to))

    async def _known_all(self, urls: frozenset[str], instant: datetime) -> bool:
        """Whether there are any `urls` and each was known at `instant`."""
        ledger = self.desk.ledger
        return bool(urls) and await self.desk.ask(lambda: ledger.seen_before(urls, instant))

    def _lost(self, source: str, *, failed: bool) -> None:
        """Note a listing whose first page could not be had or lists nothing; one that waits was noted before."""
        if failed and self.waits:
            self.crawler.stats.inc_value("discovery/listings-waiting")
            return
        self.crawler.stats.inc_value("discovery/lost")
        if not failed:
            self._trouble(source, "lists nothing; its markup may have changed")

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
        found = self.listed(page)
        if not found and (check := gate.browser_check(page)):
            self._trouble(page.url, check, Trouble.CHALLENGE)
        return found

    def listed(self, page: Page) -> list[Entry]:
        """What `read_entries` gives, without a word on what is wrong with the page."""
        found = (entries for layout in self.listings if (entries := read_listing(page, layout)))
        return [] if page.too_large else next(found, [])

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
            ledger, today = self.desk.ledger, self.desk.clock.now().date()
            await self.desk.ask(lambda: ledger.walked(source, UrlKind.LISTING, today))

    async def feed(self, path: str, section: str | None = None) -> AsyncIterator[Considered]:
        """Read one feed."""
        url = self.site_url(path)
        await self.recall(url, UrlKind.FEED, url, lambda page: read_feed(page.body))
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
