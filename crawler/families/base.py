"""What all sites share: the crawl, from what discovery finds to the page that is read."""

import importlib
import re
from collections.abc import AsyncIterator, Iterable
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from archive.article import MAX_ADDRESS, WHOLE_PAGE, Article, Rejection
from archive.ledger import Decision, Found
from archive.store import Kept, Outcome
from crawler.archiving import archiving, is_ending
from crawler.conditional import NOT_MODIFIED, make_conditional
from crawler.discovery.vanished import Sightings
from crawler.excluding import TakenDown
from crawler.extraction.comparing import Chosen, Compared, compare
from crawler.extraction.page import Page
from crawler.extraction.text import visible
from crawler.families.asking import DISCOVERY_PRIORITY, NOT_FOUND
from crawler.families.signs import Sign
from crawler.families.sitemaps import SitemapDiscovering
from crawler.faults import Fault, describe
from crawler.items import PageRead
from crawler.middlewares import CAPTURE, ForeignHost, OverlongAddress
from crawler.pacing import LEAST_DELAY
from crawler.reading import other_addresses, read_pages
from crawler.robots import ForbiddenByRobots
from crawler.sites import SETTINGS_MODULE
from crawler.stopping import Dropped

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
    "AUTOTHROTTLE_ENABLED",
)
"""Settings that are as crawler/settings.py has them whatever is asked for: they hold up the manners and the guards."""

PENDING_AT_ONCE = 100
"""Articles that wait in the ledger are read so many at once: few enough to hold, enough to be quick."""

SIGNALS = (Decision.MODIFIED, Decision.RETITLED, Decision.VANISHED)
"""The reasons for another look that a site's sources give, counted as such."""

REQUIRED = ("name", "title", "province", "hosts", "sections", "family", "layouts", "article_path")


class SiteSpider(SitemapDiscovering):
    """The crawl of one site, which its class declares in a few lines on the family of its CMS.

    Beside what every declaration has, a family says its `ways` of discovery and what those need (`Discovering`).
    `signs` tell a site of the family to who looks at it, `section_path` is the shape of the paths of its sections.
    """

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
        budget: str | None = None,
        night: str | None = None,
        until: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Take Scrapy's ``-a`` arguments.

        `start` and `end` are the first and last day of publication (YYYY-MM-DD), `limit` the most articles to fetch,
        `url` the one article to fetch instead of discovering any, `force` fetches it even if it is not due, `budget`
        the most requests to send (robots.txt and retries are among them), `parent` is the id of the process without
        which the crawl is not to go on. `night` is the scheduler's night (YYYY-MM-DD) that the run is of, `until` the
        instant at which that ends it: both are written down only. Raises ValueError naming the argument and what is
        allowed.
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
        self.budget = _count("budget", budget)
        self.night, self.until = _day("night", night), until
        self.only_url, self.force = url, force not in (None, "", "0", "false")
        self.found_any = False
        self.answered = 0
        self.sightings, self.new = Sightings(), set[str]()
        self.chosen = Chosen()

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
        delay = max(settings.getfloat("DOWNLOAD_DELAY"), LEAST_DELAY) * MIDDLE_OF_DELAY
        slot = {"concurrency": 1, "delay": delay, "jitter": JITTER}
        settings.set("DOWNLOAD_SLOTS", {cls.name: slot}, priority=ABOVE_COMMAND_LINE)
        # Not at the top: the module reads the environment, and who only looks at a site needs none.
        ours = importlib.import_module(SETTINGS_MODULE)
        for name in LOCKED:
            settings.set(name, getattr(ours, name), priority=ABOVE_COMMAND_LINE)

    # -- the crawl --------------------------------------------------------------------------------
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
                if decision in SIGNALS:
                    self.crawler.stats.inc_value(f"signal/{decision}")
                request = self.article_request(found)
                # The site has said of the others that they changed, or they were never had.
                if decision is Decision.DUE and not self.force:
                    await self._ask_if_changed(request)
                yield request
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
                if found.url not in asked:
                    asked.add(found.url)
                    yield found, decision
            if considered.jumps:
                # Newer than what comes now.
                async for found, decision in self._waiting(asked):
                    yield found, decision
        async for found, decision in self._waiting(asked):
            yield found, decision

    async def _waiting(self, asked: set[str]) -> AsyncIterator[tuple[Found, Decision]]:
        """What waits in the ledger and is not in `asked`, to which it is added."""
        waiting = self.desk.ledger.pending(start=self.first_day, end=self.last_day, patience=self.desk.intake.patience)
        while some := await self.desk.ask(lambda: list(islice(waiting, PENDING_AT_ONCE))):
            for found, decision in some:
                if found.url not in asked:
                    asked.add(found.url)
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

    async def _ask_if_changed(self, request: Request) -> None:
        """Make an article's request conditional, where its site told how and the archive has the page."""
        looks = self.desk.looks
        look = await self.desk.ask(partial(looks.at, request.url))
        if look.is_conditional:
            kept = await self.desk.ask(partial(looks.kept, request.url, look.answer.body_hash or ""))
            if kept is not None:
                make_conditional(request, look.answer, kept.held)
                request.meta["handle_httpstatus_list"] = [NOT_MODIFIED]
                request.callback = self.looked_again

    async def looked_again(self, response: Response, found: Found) -> AsyncIterator[Any]:
        """Note that an article is as it was, or read what it is now."""
        if response.status != NOT_MODIFIED:
            for one in self.parse_article(response, found):
                yield one
            return
        kept = await self.desk.ask(partial(self.desk.looks.article_unchanged, found.url))
        self.crawler.stats.inc_value("articles/not-modified")
        if kept:
            self.crawler.stats.inc_value(f"articles/{Outcome.UNCHANGED}")

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
        others = other_addresses(type(self), found, pages[0].url)
        compared = self._compared(pages, result, kept)
        yield PageRead(found.url, kept, result, found, others, len(pages), compared)

    def _compared(self, pages: tuple[Page, ...], result: Article | Rejection, kept: Kept) -> Compared | None:
        """What whole-page trafilatura reads of some of the pages that a layout reads; None of the others.

        Of an article on several pages it would read the first alone.
        """
        fetched = kept.capture.fetched_at
        if not isinstance(result, Article) or WHOLE_PAGE in result.flags or len(pages) > 1:
            return None
        if not self.chosen.takes(result.key, fetched):
            return None
        page = Page(pages[0].url, pages[0].body, pages[0].content_type)
        try:
            return compare(page, type(self).facts(), result, fetched)
        except Exception:
            # What is read is to be kept all the same: this says something of the site, not of the article.
            self.logger.exception("%s: cannot be compared with whole-page trafilatura", page.url)
            self.crawler.stats.inc_value("drift/failed")
            return None

    async def article_failed(self, failure: Failure) -> None:
        """Write into the ledger why an article did not come; it is tried again unless that is final.

        That a kept article is no more is news of it (counted as ``articles/gone``), and what robots.txt closes is left
        out (``articles/closed``): neither is a failure, nor a trouble of the run unless it was asked for by hand.
        """
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
            if status in NOT_FOUND:
                if await desk.ask(lambda: ledger.gone(found.url, status, reason)):
                    self._no_failure("gone", found.url, reason)
                    return
            else:
                soft = status >= 500 or status in (403, 408, 429)
                await desk.ask(lambda: ledger.failed(found.url, reason, soft=soft))
        elif isinstance(error, IgnoreRequest) and not isinstance(error, ForeignHost | OverlongAddress):
            reason = str(error) or "refused"
            if is_ending(self.crawler):
                return
            await desk.ask(lambda: ledger.forbidden(found.url, reason))
            if isinstance(error, ForbiddenByRobots):
                self._no_failure("closed", found.url, reason)
                return
        else:
            reason = visible(describe(error))
            await desk.ask(lambda: ledger.failed(found.url, reason, soft=True))
        self.crawler.stats.inc_value("articles/failed")
        self.desk.troubles.append(f"{found.url}: {reason}")
        self.logger.warning("%s: %s", found.url, reason)

    def _no_failure(self, name: str, url: str, reason: str) -> None:
        """Count an article that did not come, and that is as it is to be."""
        self.crawler.stats.inc_value(f"articles/{name}")
        if self.only_url:
            self.desk.troubles.append(f"{url}: {reason}")
        self.logger.info("%s: %s", url, reason)


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
