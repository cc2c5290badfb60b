"""Being turned away: 429 and 503 pause everything that is asked of the site, and end the run where they go on.

The pause is set where the answer comes in and awaited where a request is about to be sent, so that whatever waits for
the site's one slot waits with it, and the time of a download begins only afterwards. Pauses are real time, whatever the
archive's clock says.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Request, Response

from archive.models import RunOutcome
from crawler.archiving import end_crawl, is_ending
from crawler.faults import FaultName, count, named
from crawler.stopping import Dropped

TURNED_AWAY = {429: FaultName.TOO_MANY_REQUESTS, 503: FaultName.UNAVAILABLE}
"""The answers that ask us to come back later (RFC 6585, 4; RFC 9110, 15.6.4)."""

LONGEST = 600.0
"""Longest pause in seconds, whatever Retry-After says: what takes longer is for the next run."""

SHORTEST = 1.0
"""Shortest pause in seconds: servers send ``Retry-After: 0`` too."""

FIRST = 15.0
"""Pause in seconds where the server names none, twice as long each time it turns us away again."""

IN_A_ROW = 5
"""After so many pauses without an answer of another kind in between the run ends: without Retry-After, 8 minutes."""

IN_ALL = 30
"""After so many pauses in all the run ends: the site does not want us tonight."""

_LOOK = 0.5
"""Seconds between looks at whether the crawl is ending: a pause must not outlast it."""

ROBOTS = "robots"
"""Request.meta key: the request is for robots.txt, whose rules cannot wait for rules."""

_log = logging.getLogger(__name__)


def retry_after(value: str, now: datetime | None) -> float | None:
    """The seconds that a Retry-After header asks for, given in seconds or as a date; None if it says neither.

    `now` is the time as the server knows it (its Date); without it a date says nothing. The past gives 0.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        # Longer numbers than this would not become a float, and mean "never" anyway.
        return float(text[:12])
    if now is None:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


class Pauses:
    """When the site may be asked again, and how often it has turned us away.

    `ending` says that the crawl ends, `sleep` waits for seconds, `clock` counts them. `over` is set once the site has
    turned us away too often.
    """

    def __init__(
        self,
        ending: Callable[[], bool],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ending, self._sleep, self._clock = ending, sleep, clock
        self._until = float("-inf")
        self.in_a_row = self.in_all = 0
        self.over = False

    async def wait(self) -> None:
        """Wait until the site may be asked. Raises Dropped as soon as the crawl ends."""
        while True:
            if self.over or self._ending():
                raise Dropped("the crawl is ending")
            left = self._until - self._clock()
            if left <= 0:
                return
            await self._sleep(min(left, _LOOK))

    def turned_away(self, asked: float | None) -> float | None:
        """Pause as long as the server `asked`, or ever longer; gives the seconds, None if that was once too often."""
        if self.in_a_row >= IN_A_ROW or self.in_all >= IN_ALL:
            self.over = True
            return None
        seconds = FIRST * 2**self.in_a_row if asked is None else asked
        seconds = min(max(seconds, SHORTEST), LONGEST)
        self.in_a_row += 1
        self.in_all += 1
        self._until = max(self._until, self._clock() + seconds)
        return seconds

    def answered(self) -> None:
        """Note an answer of another kind: the site talks to us again."""
        self.in_a_row = 0


_OF_CRAWL: WeakKeyDictionary[Crawler, Pauses] = WeakKeyDictionary()


def pauses_of(crawler: Crawler) -> Pauses:
    """The pauses of one crawl, which the download handler awaits."""
    if crawler not in _OF_CRAWL:
        _OF_CRAWL[crawler] = Pauses(lambda: is_ending(crawler))
    return _OF_CRAWL[crawler]


def take_note(crawler: Crawler, request: Request, response: Response) -> None:
    """Pause, or end the run, if a response turns us away; called before anything else of the site is sent."""
    pauses = pauses_of(crawler)
    name = TURNED_AWAY.get(response.status)
    if name is None:
        pauses.answered()
        return
    count(crawler, named(name, request.url))
    said = (response.headers.get("Retry-After") or b"").decode("latin-1")
    asked = retry_after(said, _server_time(response)) if said else None
    # robots.txt that is away for the moment has an answer of its own: the last good one (crawler/robots.py).
    if asked is None and request.meta.get(ROBOTS):
        return
    seconds = pauses.turned_away(asked)
    if seconds is not None:
        _log.info("%s: HTTP %d: nothing is asked for %.0f s", request.url, response.status, seconds)
        return
    end_crawl(
        crawler,
        RunOutcome.BLOCKED,
        f"{request.url}: HTTP {response.status} again after {pauses.in_a_row} pauses in a row, {pauses.in_all} in all: "
        "the site turns us away. What was not fetched stays due; crawl again later, or more slowly "
        "(-s DOWNLOAD_DELAY=5)",
    )


class PauseMiddleware:
    """Asks again, after the pause, for what was answered with 429 or 503; raises Dropped if that is over."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PauseMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Give the response, or the request for another try as long as there are any (RETRY_TIMES)."""
        if response.status not in TURNED_AWAY:
            return response
        if pauses_of(self.crawler).over:
            raise Dropped(f"the site turns us away: HTTP {response.status}")
        spider = self.crawler.spider
        again = get_retry_request(request, spider=spider, reason=f"http-{response.status}") if spider else None
        return again or response


def _server_time(response: Response) -> datetime | None:
    """The time as the server knows it, since its clock made the date of Retry-After; None if it does not say."""
    try:
        return parsedate_to_datetime((response.headers.get("Date") or b"").decode("latin-1")).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
