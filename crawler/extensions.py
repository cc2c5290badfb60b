"""What runs beside a crawl: its row in the archive, robots' Crawl-delay, quieter logs."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.extensions.memusage import MemoryUsage
from scrapy.http import Request, Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.robotstxt import RobotParser
from scrapy.utils.asyncio import AsyncioLoopingCall, create_looping_call
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from archive.database import DatabaseFailed
from archive.models import RunOutcome, UrlState
from archive.runs import Runs
from archive.verdicts import template_only
from crawler.archiving import ARCHIVE_LOST, Archiving, archiving, is_ending, stop_for_archive
from crawler.budget import BUDGET, SPENT
from crawler.counting import COUNTED, PREFIXES, count_answer, note_end
from crawler.discovery.troubles import Trouble, only_waits
from crawler.extraction.gate import Reason
from crawler.families.base import MIDDLE_OF_DELAY
from crawler.pacing import pace_of
from crawler.stopping import DROP_SECONDS, END_SECONDS, Downloader, Dropped, end_process, is_gone

BEAT_SECONDS = 2.0
"""How often a run writes that it lives and what it has done: often enough for a progress bar."""

LOOK_SECONDS = 0.25
"""How often a crawl looks whether it is to end: what then waits is dropped without delay."""

ORPHANED = "orphaned"
"""Reason for closing a crawl whose parent has ended."""

MAX_REASONS = 3
"""How many different troubles a run's reason names."""

MEND_SITE = "its markup may have changed: look with `baotinh fetch URL --force` and mend its spider or layouts"
"""What an operator does when a site answers and yet cannot be read (docs/adding-a-site.md)."""

RELEARN = "its markup may have changed: `baotinh sites relearn SITE` learns the new one from the captures"
"""What an operator does when pages came, and no layout fits them (docs/health.md)."""

ASK_SITE = "write to the site's office or ask less often (DOWNLOAD_DELAY); the next run tries again"
"""What an operator does when a site turns us away."""

ASK_LEAVE = "write to the site's office, or disable the site (`baotinh sites disable`)"
"""What an operator does when robots.txt closes a site."""

MANY_FAILURES = 5
"""From so many articles that could not be fetched, more than were kept, a run has failed."""

OUT_OF_MEMORY = "memusage_exceeded"
"""Scrapy's reason for closing a crawl that takes more memory than MEMUSAGE_LIMIT_MB (its extension `memusage`)."""

MEMORY_HINT = (
    "the crawl took more memory than it may; what it had kept stays, the rest stays due. If it happens again, the last "
    "addresses in its log are those to look at"
)
"""What an operator is told of a crawl that took too much memory."""

_COUNTED = {
    "requests": "downloader/request_count",
    "listed": "discovery/entries",
    "new": "articles/new",
    "revised": "articles/revised",
    "unchanged": "articles/unchanged",
    "rejected": "articles/rejected",
    "not_modified": "articles/not-modified",
    "failed": "articles/failed",
    "excluded": "articles/excluded",
    "taken_down": "refused/taken-down",
    "whole_page": "articles/whole-page",
    "page_cut": "articles/page-cut",
    "discovery_failed": "discovery/failed",
    "discovery_lost": "discovery/lost",
    "robots_refused": "robotstxt/forbidden",
    "robots_last_good": "robotstxt/last-good",
    "foreign_host": "refused/foreign-host",
    "answered": "discovery/answered",
    "budget_used": SPENT,
    "errors": "errors",
    **COUNTED,
}


_ANSWERS = ("asked", "not-modified", "same-body", "waiting", "listings-waiting", "not-found")
"""What came of asking the sources of discovery; runs count it as ``discovery/<name>``."""


class RunLog:
    """Keeps the `run` row of this crawl: start, heartbeat with counts, outcome with its reason."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._beat: AsyncioLoopingCall | LoopingCall | None = None
        self._telling: asyncio.Future[None] | None = None
        self._noting: set[asyncio.Future[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RunLog":
        """Made by Scrapy."""
        record = cls(crawler)
        crawler.signals.connect(record.opened, signal=signals.spider_opened)
        crawler.signals.connect(record.closed, signal=signals.spider_closed)
        # What our own code raised; servers' errors are noted where they are met.
        crawler.signals.connect(record.broke, signal=signals.spider_error)
        crawler.signals.connect(record.broke, signal=signals.item_error)
        crawler.signals.connect(record.answered, signal=signals.response_received)
        # It would say at each look that all is well.
        logging.getLogger("scrapy.extensions.memusage").setLevel(logging.WARNING)
        return record

    def opened(self, spider: Any) -> None:
        """Begin the run."""
        desk = archiving(self.crawler)
        self.crawler.stats.set_value("drift/edition", spider.edition)
        arguments = {
            "start": spider.first_day,
            "end": spider.last_day,
            "limit": spider.limit,
            "url": spider.only_url,
            "until": spider.until,
            "budget": spider.budget,
        }
        given = {name: str(value) for name, value in arguments.items() if value is not None}
        try:
            desk.run_id = self._runs(desk).start_run(desk.site_id, given, spider.night)
        except DatabaseFailed as error:
            # Scrapy would log it and go on, with a run that nobody could look at.
            stop_for_archive(self.crawler, error)
            return
        self._beat = create_looping_call(self._tell)
        self._beat.start(BEAT_SECONDS, now=False)

    def answered(self, response: Response, request: Request) -> None:
        """Count an answer that is an error."""
        count_answer(self.crawler.stats, request, response)

    async def closed(self, spider: Any, reason: str) -> None:
        """End the run and let go of the archive."""
        if self._beat is not None and self._beat.running:
            self._beat.stop()
        desk = archiving(self.crawler)
        runs, run_id = self._runs(desk), desk.run_id
        note_end(self.crawler.stats, reason, spider.answered, 0)
        try:
            if desk.saved:
                failed = await desk.ask(lambda: template_only(desk.sessions, desk.saved))
                note_end(self.crawler.stats, reason, spider.answered, failed)
            states = await desk.ask(desk.ledger.counts) if not spider.only_url else {}
            known = sum(states.values())
            if reason == BUDGET:
                desk.troubles[0] += f"; {states.get(UrlState.FOUND, 0):,} articles wait, and the next run goes on there"
            if not spider.only_url:
                note_closed(self.crawler.stats.get_value("articles/closed", 0), desk.troubles)
            outcome, words = judge(reason, self.counts(), spider.answered, desk.troubles, known)
            if run_id is not None:
                await desk.ask(lambda: runs.finish_run(run_id, outcome, words, self.counts()))
        except DatabaseFailed as error:
            # Its row stays open: whoever looks at the run finds it lost. Said to who started it, for its log may
            # stand on the disk that is full.
            if reason != ARCHIVE_LOST:
                desk.troubles.insert(0, f"how the run ended cannot be written down: {error}")
            outcome, words = judge(ARCHIVE_LOST, self.counts(), spider.answered, desk.troubles)
            with contextlib.suppress(BrokenPipeError):
                print(words, flush=True)
        level = logging.INFO if outcome is RunOutcome.FINISHED else logging.ERROR
        spider.logger.log(level, "run %s%s", outcome, f": {words}" if words else "")
        desk.close()

    def broke(self, failure: Failure, response: Response | None = None, item: Any = None) -> None:
        """Note an error of the program while it read or saved a page; it is tried again, ever more rarely.

        A database that fails is no error of the page: it ends the crawl.
        """
        if isinstance(failure.value, Dropped):
            return
        if isinstance(failure.value, DatabaseFailed):
            stop_for_archive(self.crawler, failure.value)
            return
        request = response.request if response is not None else None
        found = getattr(item, "found", None) or (request.cb_kwargs.get("found") if request else None)
        desk = archiving(self.crawler)
        desk.troubles.append(f"{failure.type.__name__ if failure.type else 'error'}: {failure.value}")
        self.crawler.stats.inc_value("errors")
        if found is not None:
            ledger, reason = desk.ledger, f"error: {failure.value}"
            self._note(desk.intake.do(lambda: ledger.failed(found.url, reason, soft=False)))

    def _note(self, asked: "Future[None]") -> None:
        """See to it that a failure of what is asked of the archive is not overlooked."""
        noting = asyncio.ensure_future(self._wait_for(asyncio.wrap_future(asked)))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def _wait_for(self, asked: "asyncio.Future[None]") -> None:
        try:
            await asked
        except DatabaseFailed as error:
            stop_for_archive(self.crawler, error)

    def counts(self) -> dict[str, int]:
        """The numbers of this run so far, zero ones left out; rejections, faults, fields and troubles by name."""
        stats = self.crawler.stats.get_stats()
        out = {name: stats.get(stat, 0) for name, stat in _COUNTED.items()}
        out |= {stat: value for stat, value in stats.items() if stat.startswith(PREFIXES)}
        out |= {stat: stats.get(stat, 0) for stat in (f"discovery/{name}" for name in (*Trouble, *_ANSWERS))}
        return {name: value for name, value in out.items() if value}

    def _tell(self) -> None:
        desk = archiving(self.crawler)
        runs, run_id, counts = self._runs(desk), desk.run_id, self.counts()
        # While the database is waited for, one waits with the others.
        if run_id is None or (self._telling is not None and not self._telling.done()):
            return

        def tell() -> None:
            # A server that was restarted knows nothing of our claim.
            desk.lock.renew()
            runs.beat(run_id, counts)

        self._telling = asyncio.ensure_future(self._wait_for(asyncio.wrap_future(desk.intake.do(tell))))

    def _runs(self, desk: Archiving) -> Runs:
        return Runs(desk.sessions, desk.clock)


def judge(
    closed: str, counts: Mapping[str, int], answered: int, troubles: list[str], known: int = 0
) -> tuple[RunOutcome, str | None]:
    """Say how a run ended and, where that is not plain, why.

    `closed` is Scrapy's reason for closing, `answered` how many pages of discovery came, `troubles` what
    went wrong, in order, `known` how many articles the ledger knows of. A run that found nothing always
    gets a reason, and a site that has stopped listing or answering is a failure, not a quiet night. One whose sources
    all wait is none: it was told as a failure when they failed.
    """
    kept = sum(counts.get(name, 0) for name in ("new", "revised", "unchanged"))
    failed, listed = counts.get("failed", 0), counts.get("listed", 0)
    wrong = "; ".join(list(dict.fromkeys(troubles))[:MAX_REASONS])
    more = len(set(troubles)) - MAX_REASONS
    wrong += f"; and {more} more" if more > 0 else ""
    if closed == "shutdown":
        return RunOutcome.STOPPED, "stopped by a signal; the next run goes on where it stopped"
    if closed == ORPHANED:
        return RunOutcome.STOPPED, "the process that had started it ended; the next run goes on where it stopped"
    if closed in (RunOutcome.BLOCKED, RunOutcome.SKIPPED):
        return RunOutcome(closed), wrong
    if closed == OUT_OF_MEMORY:
        return RunOutcome.FAILED, f"killed: memory: {MEMORY_HINT}{f'; before that: {wrong}' if wrong else ''}"
    if closed == ARCHIVE_LOST:
        return RunOutcome.FAILED, f"{wrong}; mend that, then crawl again: the run goes on where it stopped"
    if closed not in ("finished", BUDGET):
        return RunOutcome.FAILED, wrong or f"the crawl was closed: {closed}"
    refused = counts.get("rejected", 0)
    if _most(counts.get(f"rejected/{Reason.CHALLENGE}", 0), kept + refused) or _most(
        counts.get(f"discovery/{Trouble.CHALLENGE}", 0), answered
    ):
        return RunOutcome.BLOCKED, f"most pages are browser checks; {ASK_SITE}" + (f": {wrong}" if wrong else "")
    if counts.get("errors"):
        return RunOutcome.FAILED, wrong or "an error in the program; its log in the data folder has it"
    closed_sources = counts.get(f"discovery/{Trouble.CLOSED}", 0)
    if closed_sources and not (listed or kept or counts.get("discovery_failed") or counts.get("discovery_lost")):
        return RunOutcome.BLOCKED, f"robots.txt closes all that would list articles; {ASK_LEAVE}: {wrong}"
    if closed == BUDGET:
        return RunOutcome.FINISHED, wrong
    waits = only_waits(counts)
    if not answered and not kept and troubles and not waits:
        return RunOutcome.FAILED, f"nothing could be read: {wrong}"
    if known and answered and not listed:
        why = wrong or f"listings have changed; {MEND_SITE}"
        return RunOutcome.FAILED, f"no article is listed, though {known} are known: {why}"
    if counts.get("discovery_lost") and not waits:
        return RunOutcome.FAILED, f"{counts['discovery_lost']} listings could not be read: {wrong}"
    if failed >= MANY_FAILURES and failed > kept:
        return RunOutcome.FAILED, f"{failed} of {failed + kept} articles could not be fetched: {wrong}"
    read, strange = kept + counts.get("rejected", 0), counts.get("whole_page", 0)
    if strange >= MANY_FAILURES and strange * 2 > read:
        return RunOutcome.FAILED, f"{strange} of {read} pages fitted no layout; {RELEARN}"
    if waits:
        return RunOutcome.FINISHED, f"waiting: its sources failed of late, and none is due: {wrong}"
    if kept or counts.get("rejected") or counts.get("gone"):
        return RunOutcome.FINISHED, wrong or None
    if listed:
        return RunOutcome.FINISHED, wrong or "nothing new: every article listed is known or outside the range"
    if known or not answered:
        return RunOutcome.FINISHED, wrong or None
    return RunOutcome.FINISHED, wrong or f"no article is listed: the site is empty, or {MEND_SITE}"


def note_closed(addresses: int, troubles: list[str]) -> None:
    """Say in `troubles` how many addresses of articles robots.txt closes: in a word, for there may be a hundred."""
    if addresses:
        are = "addresses are" if addresses > 1 else "address is"
        troubles.append(f"{addresses:,} {are} closed by robots.txt")


class Stopping:
    """Ends a crawl in seconds once it is to end, whoever said so: its parent's end does too.

    Scrapy alone waits for all that is on its way: sixteen pages of a slow server, or one that sends a byte a second.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._looking: AsyncioLoopingCall | LoopingCall | None = None
        self._began: float | None = None
        self._orphaned: asyncio.Task[None] | None = None
        self._last_resort: threading.Timer | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Stopping":
        """Made by Scrapy."""
        stopping = cls(crawler)
        crawler.signals.connect(stopping.opened, signal=signals.spider_opened)
        crawler.signals.connect(stopping.ended, signal=signals.engine_stopped)
        return stopping

    def opened(self, spider: Any) -> None:
        """Begin to look."""
        self._looking = create_looping_call(self._look)
        self._looking.start(LOOK_SECONDS, now=False)

    def ended(self) -> None:
        """The crawl has ended in order."""
        if self._looking is not None and self._looking.running:
            self._looking.stop()
        if self._last_resort is not None:
            self._last_resort.cancel()

    def _look(self) -> None:
        crawler = self.crawler
        spider: Any = crawler.spider
        if self._orphaned is None and is_gone(spider.parent):
            self._orphaned = asyncio.ensure_future(crawler.engine.close_spider_async(reason=ORPHANED))
        if not is_ending(crawler):
            return
        # Scrapy says so, at a signal, before it begins to close.
        hurried = self._orphaned is not None or not crawler.crawling
        if hurried and self._last_resort is None:
            # A thread, should the reactor hang.
            self._last_resort = threading.Timer(END_SECONDS, end_process)
            self._last_resort.daemon = True
            self._last_resort.start()
        self._began = self._began or time.monotonic()
        downloader = crawler.engine.downloader
        assert isinstance(downloader, Downloader), "the settings say so"
        downloader.drop_waiting()
        if time.monotonic() - self._began >= DROP_SECONDS:
            downloader.drop_all()
            if hurried:
                archiving(crawler).intake.patience.give_up()


def _most(some: int, of: int) -> bool:
    return some * 2 > of


class OwnMemory(MemoryUsage):
    """Watches how much memory the crawl has taken at the most; Scrapy's own way counts the process that started it.

    Linux keeps ``ru_maxrss`` over fork and exec, so a crawl that a large process starts would seem to be as large.
    """

    def get_virtual_size(self) -> int:
        """The peak of this program's resident memory in bytes (``VmHWM``, proc(5))."""
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


class CrawlDelay:
    """Obeys the Crawl-delay of robots.txt, which Scrapy reads but does not act on.

    Both the live slot and the one that Scrapy builds anew after a minute's idling are set; a delay of
    ours that is longer stays. Of several hosts of a site the longest holds.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "CrawlDelay":
        """Made by Scrapy."""
        extension = cls(crawler)
        crawler.signals.connect(extension.parsed, signal=signals.robots_parsed)
        return extension

    def parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Take over the delay that `robotparser` asks of us (crawler/robots.py leaves alone who asks for too long)."""
        asked = robotparser.crawl_delay(self.crawler.settings["ROBOTSTXT_USER_AGENT"])
        downloader = self.crawler.engine.downloader
        delay = float(asked or 0) * MIDDLE_OF_DELAY
        name = request.meta["download_slot"]
        kept = downloader.per_slot_settings.setdefault(name, {})
        kept["delay"] = max(kept.get("delay", 0.0), delay)
        if name in downloader.slots:
            downloader.slots[name].delay = max(downloader.slots[name].delay, delay)
        try:
            pace_of(self.crawler).ruled()
        except OSError as error:
            stop_for_archive(self.crawler, error)


class QuietItems(LogFormatter):
    """Logs no whole articles: one line an item would be one page of log."""

    def scraped(self, item: Any, response: Any, spider: Any) -> LogFormatterResult:
        """Name the article at the lowest level."""
        return {
            "level": logging.DEBUG,
            "msg": "kept %(url)s",
            "args": {"url": getattr(item, "requested", "?")},
        }

    def dropped(self, item: Any, exception: BaseException, response: Any, spider: Any) -> LogFormatterResult:
        """Name the article, not its text."""
        return {
            "level": logging.WARNING,
            "msg": "dropped %(url)s: %(why)s",
            "args": {"url": getattr(item, "requested", "?"), "why": exception},
        }
