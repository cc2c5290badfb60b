"""The rules of robots.txt (RFC 9309): asked of every host before anything else, and obeyed whatever they cost.

Scrapy takes every failure of robots.txt for "all is allowed". Here a host whose rules cannot be had is held to the last
good ones that the archive has, and left alone where it has none.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser

from archive.captures import CaptureError, read_capture
from archive.database import DatabaseFailed, reading
from archive.decoding import decoded
from archive.kept import newest_captures
from archive.models import RunOutcome
from crawler.addresses import bare_host
from crawler.archiving import ArchiveLost, archiving, end_crawl, stop_for_archive
from crawler.conditional import NOT_MODIFIED, make_conditional
from crawler.faults import FaultName, count, describe, named
from crawler.pauses import ROBOTS
from crawler.stopping import Dropped

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

MOST = 500 * 1024
"""Bytes of robots.txt that are read, the rest is not (RFC 9309, 2.5)."""

LAST_GOOD_FOR = timedelta(days=30)
"""How old rules may be that stand for those which cannot be had: "a reasonably long period", such as 30 days
(RFC 9309, 2.3.1.4)."""

LONGEST_DELAY = 300.0
"""Longest Crawl-delay in seconds that is waited; who asks for more ("3600") means "never", and is left alone.

Heritrix waits up to 300 s (`respectCrawlDelayUpToSeconds`), and no longer if more is asked for; Nutch leaves alone who
asks for more than 30 s (`fetcher.max.crawl.delay`). At 300 s a night has room for fifty requests.
"""

WHOLE_AFTER = timedelta(days=7)
"""Rules that last came whole so long ago are asked for whole, whatever a cache says of them since."""

_PRIORITY = 1_000_000
"""Before everything: nothing else of the host may be asked for until its rules are known."""

_RULE = re.compile(
    rb"^[ \t]*(?:user-agent|allow|disallow|sitemap|crawl-delay|host|clean-param|request-rate)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
"""A line of robots.txt (RFC 9309, 2.2), or one that is common in it."""

_CHALLENGE = re.compile(rb"challenge-platform|cf-chl|just a moment|checking your browser|captcha|incapsula", re.I)

_LEFT = {
    FaultName.ROBOTS_UNREACHABLE: (RunOutcome.SKIPPED, "crawl again later"),
    FaultName.ROBOTS_BLOCKED: (RunOutcome.BLOCKED, "look at it in a browser, and write to the site"),
    FaultName.ROBOTS_DELAY: (RunOutcome.BLOCKED, "write to the site's office, or disable it (`baotinh sites disable`)"),
}
"""How a run ends whose site is left alone for what its robots.txt is, and what an operator does then."""

_log = logging.getLogger(__name__)


class RobotsAnswer(StrEnum):
    """What came for robots.txt: rules, word that there are none, nothing usable, or a page in their place."""

    RULES = "rules"
    NONE = "none"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"


class ForbiddenByRobots(IgnoreRequest):
    """The rules of the host do not allow the address."""


def judge_robots(status: int, headers: Mapping[str, str], body: bytes) -> RobotsAnswer:
    """What an answer for robots.txt means (RFC 9309, 2.3.1); `headers` by lower-case name, `body` decoded.

    A page of HTML is a challenge, or stands for anything else the server did not want to say; it is never taken for
    rules without a line. A page begins with markup, or is called HTML and has no line of rules. 429 is no word on
    rules: whoever says it will not say them now.
    """
    if "cf-mitigated" in headers:
        return RobotsAnswer.BLOCKED
    if 200 <= status < 300:
        plain = body.removeprefix(b"\xef\xbb\xbf").strip()
        called_html = "html" in headers.get("content-type", "").lower() and bool(plain)
        is_page = plain.startswith(b"<") or (called_html and not _RULE.search(plain[:MOST]))
        return RobotsAnswer.BLOCKED if is_page else RobotsAnswer.RULES
    if 400 <= status < 500 and status != 429:
        return RobotsAnswer.BLOCKED if status in (401, 403) and _CHALLENGE.search(body[:MOST]) else RobotsAnswer.NONE
    return RobotsAnswer.UNREACHABLE


class RobotsMiddleware:
    """Lets pass what the rules of its host allow; each host is asked once a run.

    Where the site's own (first) host has no rules to be had, the run is skipped; where it answers with a page in their
    place, the run ends blocked. Another host in that state only loses its own requests, which stay due.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._asked: dict[str, asyncio.Task[ProtegoRobotParser | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Ask the host for its rules first. Raises ForbiddenByRobots, Fault without rules, Dropped at an end."""
        if request.meta.get(ROBOTS):
            return
        host = urlsplit(request.url).netloc
        if host not in self._asked:
            self._asked[host] = asyncio.ensure_future(self._rules_of(request))
        # Others wait for the same answer: one that is dropped must not take it from them.
        rules = await asyncio.shield(self._asked[host])
        if rules is not None and not rules.allowed(request.url, self._agent):
            self.crawler.stats.inc_value("robotstxt/forbidden")
            raise ForbiddenByRobots("Forbidden by robots.txt")

    async def _rules_of(self, request: Request) -> ProtegoRobotParser | None:
        """The rules of the host of `request`; None if it has none."""
        parts = urlsplit(request.url)
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        self.crawler.stats.inc_value("robotstxt/request_count")
        answer, body, words = await self._ask(url)
        if answer is RobotsAnswer.NONE:
            return None
        if answer is RobotsAnswer.BLOCKED:
            self._leave(url, FaultName.ROBOTS_BLOCKED, f"{url} answers with {words} in place of rules")
        if answer is RobotsAnswer.UNREACHABLE:
            count(self.crawler, named(FaultName.ROBOTS_UNREACHABLE, url))
            try:
                kept = await archiving(self.crawler).ask(partial(self._last_good, url))
            except DatabaseFailed as error:
                stop_for_archive(self.crawler, error)
                raise ArchiveLost(f"the archive cannot be read: {error}") from error
            if kept is None:
                days = LAST_GOOD_FOR.days
                self._leave(
                    url,
                    FaultName.ROBOTS_UNREACHABLE,
                    f"{url} cannot be had ({words}), and the archive has no good one of the last {days} days",
                    counted=True,
                )
            else:
                body = kept
                self.crawler.stats.inc_value("robotstxt/last-good")
                archiving(self.crawler).troubles.append(f"{url} cannot be had ({words}); the last good one was obeyed")
        rules = ProtegoRobotParser(body[:MOST], self.crawler.spider)
        delay = float(rules.crawl_delay(self._agent) or 0)
        if delay > LONGEST_DELAY:
            words = f"{url} asks for {delay:g} s between two requests, and more than {LONGEST_DELAY:g} s are not waited"
            self._leave(url, FaultName.ROBOTS_DELAY, words)
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=rules, request=request
        )
        return rules

    async def _ask(self, url: str) -> tuple[RobotsAnswer, bytes, str]:
        """What came for `url`, with its body, and in words why there are no rules in it."""
        asking = Request(url, priority=_PRIORITY, meta={ROBOTS: True}, callback=NO_CALLBACK)
        desk = archiving(self.crawler)
        try:
            kept = await desk.ask(partial(desk.looks.kept_until, url, desk.clock.now()))
        except DatabaseFailed as error:
            stop_for_archive(self.crawler, error)
            raise ArchiveLost(f"the archive cannot be read: {error}") from error
        told = kept is not None and (kept.answer.etag or kept.answer.last_modified)
        if kept is not None and told and desk.clock.now() - kept.fetched_at < WHOLE_AFTER:
            make_conditional(asking, kept.answer, kept.held)
        try:
            response: Response = await self.crawler.engine.download_async(asking)
            if response.status == NOT_MODIFIED and kept is not None:
                headers = {"Content-Type": kept.content_type}
                response = Response(url, status=200, headers=headers, body=kept.body)
        except Dropped:
            raise
        except Exception as error:
            # Whatever keeps rules from us keeps us from the site; the words say which it was.
            return RobotsAnswer.UNREACHABLE, b"", describe(error)
        headers = {
            name.decode("latin-1").lower(): values[-1].decode("latin-1") for name, values in response.headers.items()
        }
        answer = judge_robots(response.status, headers, response.body)
        page = "a page" if response.status == 200 else f"a page (HTTP {response.status})"
        return answer, response.body, page if answer is RobotsAnswer.BLOCKED else f"HTTP {response.status}"

    def _last_good(self, url: str) -> bytes | None:
        """The newest good robots.txt of the host in the archive, not older than `LAST_GOOD_FOR`."""
        desk = archiving(self.crawler)
        name = bare_host(urlsplit(url).netloc)
        urls = [f"{scheme}://{www}{name}/robots.txt" for scheme in ("http", "https") for www in ("", "www.")]
        with reading(desk.sessions) as session:
            places = newest_captures(session, desk.site_id, urls, desk.clock.now() - LAST_GOOD_FOR)
        for when, place in places:
            try:
                record = read_capture(desk.captures.folder, place)
                plain = decoded(record.headers, record.payload)
            except CaptureError as error:
                _log.warning("%s of %s: %s", url, when.isoformat(), error)
                continue
            headers = {name.lower(): value for name, value in record.headers}
            if judge_robots(record.status, headers, plain) is RobotsAnswer.RULES:
                _log.warning("%s: the rules of %s are obeyed", url, when.isoformat())
                return plain
        return None

    def _leave(self, url: str, name: FaultName, words: str, *, counted: bool = False) -> None:
        """Leave a host alone whose rules are not known, or are not to be lived with.

        Raises Dropped if it is the site's own, else Fault.
        """
        fault = named(name, words)
        if not counted:
            count(self.crawler, fault)
        spider: SiteSpider = self.crawler.spider  # type: ignore[assignment]
        if bare_host(urlsplit(url).hostname or "") != bare_host(spider.hosts[0]):
            raise fault
        outcome, step = _LEFT[name]
        end_crawl(self.crawler, outcome, f"{words}: nothing was fetched (RFC 9309); {step}")
        raise Dropped(words)
