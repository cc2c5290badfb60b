"""What all sites share: the declaration a spider must make, discovery, and the way of an article."""

import importlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Any, ClassVar

import scrapy
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from archive.article import MAX_ADDRESS, is_overlong
from archive.clock import VIETNAM
from archive.ledger import Decision, Found
from archive.models import UrlKind
from archive.store import Kept
from crawler.archiving import Archiving, archiving, is_ending
from crawler.declaration import SiteDeclaration
from crawler.discovery.entry import Entry
from crawler.discovery.feed import read_feed
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.discovery.sitemap import Sitemap, month_of, number_of, read_sitemap
from crawler.discovery.troubles import Loss, TooLarge, Trouble
from crawler.excluding import TakenDown
from crawler.extraction import gate
from crawler.extraction.page import Page
from crawler.extraction.text import visible
from crawler.families.signs import Sign
from crawler.faults import Fault, describe
from crawler.items import PageRead
from crawler.middlewares import CAPTURE, ForeignHost, OverlongAddress
from crawler.reading import other_addresses, read_pages
from crawler.sites import SETTINGS_MODULE
from crawler.stopping import Dropped

DISCOVERY_PRIORITY = 100_000
"""Discovery before articles; articles have the number of days since 1970 as their priority."""

MIDDLE_OF_DELAY, JITTER = 1.125, 1 / 9
"""A delay d becomes 1.125 d, varied by a ninth of itself: from d to 1.25 d. Scrapy varies both ways."""

ABOVE_COMMAND_LINE = 50
"""A priority over that of ``-s`` (40; Scrapy's SETTINGS_PRIORITIES)."""

LOCKED = (
    "ROBOTSTXT_OBEY",
    "ROBOTSTXT_USER_AGENT",
    "EXTENSIONS",
    "COOKIES_ENABLED",
    "DOWNLOADER",
    "DOWNLOADER_MIDDLEWARES",
    "DOWNLOAD_HANDLERS",
    "DOWNLOAD_VERIFY_CERTIFICATES",
)
"""Settings that are as crawler/settings.py has them whatever is asked for: they hold up the manners and the guards."""

MAX_LISTING_PAGES = 5_000
"""End of any one listing: a pager that never ends is a trap (75,000 articles at 15 a page)."""

PENDING_AT_ONCE = 100
"""Articles that wait in the ledger are read so many at once: few enough to hold, enough to be quick."""

MAX_BARREN_PAGES = 20
"""So many pages of a listing in a row that name no article which this run has not seen yet end the walk: a pager
or a calendar without end."""

SECOND_LOOK = timedelta(hours=1)
"""What was known so long before a walk began is of an earlier run, not of another section that this run walks too."""

MAX_BARREN_SITEMAPS = 200
"""The same for child sitemaps, some of which are of categories, tags and pictures."""

MAX_SITEMAPS = 5_000
"""Most child sitemaps that one run asks for, the newest first; one a day for 13 years. Hosts with 20,000 exist."""

MAX_SITEMAP_DEPTH = 3
"""Most sitemap indexes above a sitemap. The protocol knows one."""

MAX_FAILED_SITEMAPS = 5
"""After so many child sitemaps in a row that could not be had the rest is left for the next run."""

REQUIRED = ("name", "title", "province", "hosts", "sections", "family", "layouts", "article_path")


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


class SiteSpider(SiteDeclaration, scrapy.Spider):
    """The crawl of one site, which its class declares in a few lines on the family of its CMS.

    Beside what every declaration has, a family says its `ways` (of discovery, in order of preference) and what those
    need. `front_page` is the path of the page whose links are looked at too; empty where addresses do not tell
    articles from other pages. `signs` tell a site of the family to who looks at it, `section_path` is the shape of the
    paths of its sections.
    """

    ways: ClassVar[tuple[str, ...]] = ("listing",)
    listings: ClassVar[tuple[ListingLayout, ...]] = ()
    sitemap: ClassVar[str] = "/sitemap.xml"
    front_page: ClassVar[str] = "/"
    signs: ClassVar[tuple[Sign, ...]] = ()
    section_path: ClassVar[re.Pattern[str] | None] = None

    def __init__(
        self,
        name: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: str | None = None,
        url: str | None = None,
        force: str | None = None,
        parent: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Take Scrapy's ``-a`` arguments.

        `start` and `end` are the first and last day of publication (YYYY-MM-DD), `limit` the most
        articles to fetch, `url` the one article to fetch instead of discovering any, `force` fetches it
        even if it is not due, `parent` is the id of the process without which the crawl is not to go on. Raises
        ValueError naming the argument and what is allowed.
        """
        super().__init__(name, **kwargs)
        self.first_day = _day("start", start)
        self.last_day = _day("end", end)
        if self.last_day and self.last_day < self.oldest:
            raise ValueError(f"end={end} lies before {self.oldest}, the first day {self.name} can have published")
        if url and self.article_key(url) is None:
            if self._overlong(url):
                raise ValueError(f"{url[:100]}... cannot be fetched: it has more than {MAX_ADDRESS} bytes")
            raise ValueError(f"{url} is no article of {self.name}: it does not match {self.article_path.pattern}")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError(f"start={start} lies after end={end}: no article can be published in between")
        self.limit = _count("limit", limit)
        self.parent = _count("parent", parent)
        self.only_url, self.force = url, force not in (None, "", "0", "false")
        self.found_any = False
        self.answered = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "SiteSpider":
        """Made by Scrapy. Raises NotConfigured naming what the declaration lacks."""
        missing = [name for name in REQUIRED if not getattr(cls, name, None)]
        if missing:
            raise NotConfigured(f"spider {cls.__name__} declares no {', '.join(missing)}")
        strange = [host for host in cls.tls_exceptions if not cls.is_own_host(f"https://{host}/")]
        if strange:
            raise NotConfigured(f"spider {cls.__name__}: tls_exceptions for {', '.join(strange)}, no host of the site")
        spider = super().from_crawler(crawler, *args, **kwargs)
        archiving(crawler)
        return spider

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Give the site its one slot, the delay varied upward only; what is `LOCKED` holds whatever is asked for."""
        super().update_settings(settings)
        delay = settings.getfloat("DOWNLOAD_DELAY") * MIDDLE_OF_DELAY
        slot = {"concurrency": 1, "delay": delay, "jitter": JITTER}
        settings.set("DOWNLOAD_SLOTS", {cls.name: slot}, priority="spider")
        # Not at the top: the module reads the environment, and who only looks at a site needs none.
        ours = importlib.import_module(SETTINGS_MODULE)
        for name in LOCKED:
            settings.set(name, getattr(ours, name), priority=ABOVE_COMMAND_LINE)

    # -- the crawl --------------------------------------------------------------------------------
    @property
    def desk(self) -> Archiving:
        """The archive this crawl writes to."""
        return archiving(self.crawler)

    async def start(self) -> AsyncIterator[Request]:
        """Requests for the articles to fetch: discovered ones, then those that waited in the ledger."""
        left = self.limit
        try:
            async for found, decision in self._to_fetch():
                if left is not None:
                    if left == 0:
                        return
                    left -= 1
                self.crawler.stats.inc_value(f"fetch/{decision}")
                yield self.article_request(found)
        except Dropped:
            # The crawl is ending; what is not found tonight is found by the next one.
            return

    async def _to_fetch(self) -> AsyncIterator[tuple[Found, Decision]]:
        if self.only_url:
            async for one in self._by_hand(self.only_url):
                yield one
            return
        asked: set[str] = set()
        async for considered in self.discover():
            for found, decision in considered.wanted:
                asked.add(found.url)
                yield found, decision
        waiting = self.desk.ledger.pending(start=self.first_day, end=self.last_day, patience=self.desk.intake.patience)
        while some := await self.desk.ask(lambda: list(islice(waiting, PENDING_AT_ONCE))):
            for found, decision in some:
                if found.url not in asked:
                    yield found, decision

    async def _by_hand(self, url: str) -> AsyncIterator[tuple[Found, Decision]]:
        key = self.article_key(url) or ""
        address = self.canonical_url(url)
        # What listings told of it before still counts: a page alone may not name its section.
        ledger = self.desk.ledger
        found = await self.desk.ask(lambda: ledger.known(address)) or Found(
            url=address, key=key, found_on="", section=self.section_of(url), listed=self.date_in_url(url)
        )
        if not {address, key}.isdisjoint(await self.desk.ask(ledger.excluded)):
            self.desk.troubles.append(f"{address} was taken down and is not fetched; `baotinh exclude --list` says why")
            return
        [(found, decision)] = await self.desk.ask(partial(ledger.see, [found]))
        if decision is Decision.KNOWN and not self.force:
            self.desk.troubles.append(f"{found.url} is already kept and not due; add --force to fetch it again")
            return
        yield found, decision

    def article_request(self, found: Found) -> Request:
        """The request for an article, the newer the sooner."""
        day = found.listed.instant.toordinal() - date(1970, 1, 1).toordinal() if found.listed else 0
        return Request(
            found.url,
            callback=self.parse_article,
            errback=self.article_failed,
            cb_kwargs={"found": found},
            priority=day,
        )

    def parse_article(
        self,
        response: Response,
        found: Found,
        pages: tuple[Page, ...] = (),
        first: Kept | None = None,
    ) -> Iterable[Any]:
        """Read an article's page; where it goes on over further pages, fetch them first."""
        page = Page(response.url, response.body, (response.headers.get("Content-Type") or b"").decode("latin-1"))
        kept: Kept = first or response.meta[CAPTURE]
        pages = (*pages, page)
        result, more = read_pages(type(self), found, pages, kept.capture.fetched_at)
        if more is not None:
            yield Request(
                more,
                callback=self.parse_article,
                errback=self.article_failed,
                cb_kwargs={"found": found, "pages": pages, "first": kept},
                priority=DISCOVERY_PRIORITY,
            )
            return
        yield PageRead(found.url, kept, result, found, other_addresses(type(self), found, pages[0].url))

    async def article_failed(self, failure: Failure) -> None:
        """Write into the ledger why an article did not come; it is tried again unless that is final."""
        found: Found = failure.request.cb_kwargs["found"]  # type: ignore[attr-defined]
        desk, error = self.desk, failure.value or RuntimeError("an unknown failure")
        ledger = desk.ledger
        if isinstance(error, Dropped):
            return
        if isinstance(error, TakenDown):
            # A redirect may have led there: then this address is asked for again, if rarely.
            await desk.ask(partial(ledger.forbidden, found.url, str(error)))
            return
        if isinstance(error, Fault):
            reason, soft = str(error), error.soft
            await desk.ask(lambda: ledger.failed(found.url, reason, soft=soft))
        elif isinstance(error, HttpError):
            status = error.response.status
            reason = f"HTTP {status}"
            if status in (404, 410):
                await desk.ask(lambda: ledger.gone(found.url, status, reason))
            else:
                soft = status >= 500 or status in (403, 408, 429)
                await desk.ask(lambda: ledger.failed(found.url, reason, soft=soft))
        elif isinstance(error, IgnoreRequest) and not isinstance(error, ForeignHost | OverlongAddress):
            reason = str(error) or "refused"
            if is_ending(self.crawler):
                return
            await desk.ask(lambda: ledger.forbidden(found.url, reason))
        else:
            reason = visible(describe(error))
            await desk.ask(lambda: ledger.failed(found.url, reason, soft=True))
        self.crawler.stats.inc_value("articles/failed")
        self.desk.troubles.append(f"{found.url}: {reason}")
        self.logger.warning("%s: %s", found.url, reason)

    # -- discovery --------------------------------------------------------------------------------
    async def discover(self) -> AsyncIterator[Considered]:
        """Pages of discovery, by the first of `ways` that knows any article."""
        for way in self.ways:
            self.found_any = False
            async for considered in getattr(self, f"by_{way}")():
                yield considered
            if self.found_any:
                break
            self.logger.info("no articles by %s", way)
        # A front page tells few dates, so it cannot be held to a range.
        if self.front_page and not (self.first_day or self.last_day):
            async for considered in self.by_front_page():
                yield considered

    async def get(self, request: Request, *, past_end: tuple[int, ...] = ()) -> Page | None:
        """Fetch a page of discovery; None, with the reason noted, if it did not come.

        A status in `past_end` says that there is no such page of a listing, and gives an empty page.
        """
        request.priority = DISCOVERY_PRIORITY
        try:
            response = await self.crawler.engine.download_async(request)
        except Dropped:
            raise
        except Exception as error:
            # Any failure of one listing must leave the others their chance; it is noted, never lost.
            self._trouble(request.url, describe(error))
            return None
        if response.status in past_end:
            return Page(response.url, b"")
        if response.status != 200:
            self._trouble(request.url, f"HTTP {response.status}")
            return None
        self.answered += 1
        return Page(response.url, response.body, (response.headers.get("Content-Type") or b"").decode("latin-1"))

    def _trouble(self, url: str, reason: str, trouble: Trouble | None = None) -> None:
        """Note what is wrong with an answer of discovery, by its name if it has one of its own."""
        # It may quote what a server sent, and reaches the operator's terminal.
        reason = visible(reason)
        self.desk.troubles.append(f"{url}: {reason}")
        self.crawler.stats.inc_value("discovery/failed")
        if trouble:
            self.crawler.stats.inc_value(f"discovery/{trouble}")
        self.logger.warning("discovery: %s: %s", url, reason)

    def unreadable(self, page: Page, error: ValueError) -> None:
        """Note that a page of discovery is not what it was asked for as."""
        if isinstance(error, TooLarge):
            self._trouble(page.url, str(error), Trouble.TOO_LARGE)
        elif check := gate.browser_check(page):
            self._trouble(page.url, check, Trouble.CHALLENGE)
        else:
            self._trouble(page.url, str(error), Trouble.UNREADABLE)

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

    async def by_front_page(self) -> AsyncIterator[Considered]:
        """The articles that the front page links to: some stand in no section that we know of."""
        source = self.site_url(self.front_page)
        page = await self.get(Request(source))
        if page is not None and page.too_large:
            self._trouble(source, page.too_large, Trouble.TOO_LARGE)
        elif page is not None:
            links = (page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href"))
            yield await self.consider([Entry(url) for url in dict.fromkeys(links)], source)

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

    async def feed(self, path: str, section: str | None = None) -> AsyncIterator[Considered]:
        """Read one feed."""
        url = self.site_url(path)
        page = await self.get(Request(url))
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


def _place_of_child(child: tuple[str, datetime | None]) -> tuple[tuple[int, int], datetime, int]:
    """The newest part of a sitemap sorts last: by the month it names, its date, its number."""
    url, changed = child
    return month_of(url) or (9999, 0), changed or datetime.max.replace(tzinfo=VIETNAM), number_of(url)


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    def when(entry: Entry) -> datetime:
        told = entry.published or entry.modified
        return told.instant if told else datetime.min.replace(tzinfo=VIETNAM)

    return sorted(entries, key=when, reverse=True)


def _day(name: str, value: str | None) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{name}={value!r}: give a day as YYYY-MM-DD, such as 2020-11-30") from None


def _count(name: str, value: str | None) -> int | None:
    if value in (None, ""):
        return None
    if not str(value).isdigit() or int(str(value)) < 1:
        raise ValueError(f"{name}={value!r}: give a whole number of at least 1")
    return int(str(value))
