"""How a crawl ends before its time: what is on its way is dropped, in seconds, and stays due."""

import asyncio
import logging
import os
from typing import Any

from scrapy.core.downloader import Downloader as ScrapyDownloader
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future
from twisted.internet.defer import Deferred

from crawler.pacing import pace_of

DROP_SECONDS = 5.0
"""So long a download under way may still take once the crawl is ending; most take less."""

END_SECONDS = 6.5
"""A crawl that was told to end and has not after so long is ended as by a kill, which costs nothing that was kept."""

_log = logging.getLogger(__name__)


class Dropped(IgnoreRequest):
    """A request was dropped, since the crawl is ending; what was asked for stays due."""


class Downloader(ScrapyDownloader):
    """Scrapy's downloader, but for this: what waits for its turn, and what is under way, can be dropped.

    And a slot that is made anew goes on at the pace of the one before it (crawler/pacing.py).
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._under_way: set[asyncio.Future[Response | Request]] = set()
        self._dropping = False

    def fetch(self, request: Request, spider: Any = None) -> "Deferred[Response | Request]":
        """Fetch `request` through all middlewares; the result may fail with Dropped."""
        # At once, as Scrapy's own does: the coroutine begins a turn later, and an engine that sees nothing active in
        # between takes the crawl for finished. So the target of a crawl's last redirect was never asked for.
        self.active.add(request)
        return deferred_from_coro(self._fetch(request))

    async def _fetch(self, request: Request) -> Response | Request:
        # All the way, for a request may wait in any middleware: for robots.txt, for Retry-After.
        fetching = asyncio.ensure_future(maybe_deferred_to_future(super().fetch(request)))
        self._under_way.add(fetching)
        try:
            return await fetching
        except asyncio.CancelledError:
            if not self._dropping:
                raise
            raise Dropped(f"{request.url}: the crawl is ending") from None
        finally:
            self._under_way.discard(fetching)
            self.active.discard(request)

    def _get_slot(self, request: Request, spider: Any = None) -> tuple[str, Slot]:
        made = self.get_slot_key(request) not in self.slots
        name, slot = super()._get_slot(request)
        if made:
            pace_of(self.crawler).begin(slot)
        return name, slot

    def drop_waiting(self) -> None:
        """Drop what waits for its turn at the site, and was not asked for yet."""
        for slot in self.slots.values():
            while slot.queue:
                request, waiting = slot.queue.popleft()
                if not waiting.called:
                    waiting.errback(Dropped(f"{request.url}: the crawl is ending"))

    def drop_all(self) -> None:
        """Drop all that is on its way, wherever it waits."""
        self._dropping = True
        for fetching in list(self._under_way):
            fetching.cancel()


def is_gone(parent: int | None) -> bool:
    """Whether the process `parent` that started this one has ended; never if it does not matter (None)."""
    return parent is not None and os.getppid() != parent


def end_process() -> None:
    """End this process at once, for what it should have ended by itself; called by a thread of its own."""
    _log.critical("the crawl did not end within %.0f s and is ended; what it kept is kept", END_SECONDS)
    os._exit(1)
