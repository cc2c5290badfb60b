"""What was taken down is not asked for: neither what waited in the queue meanwhile nor the target of a redirect."""

import asyncio
import time
from typing import TYPE_CHECKING

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from archive.database import DatabaseFailed
from crawler.archiving import ArchiveLost, archiving, stop_for_archive

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider


FRESH_SECONDS = 2.0
"""So long the list of what was taken down is good, as often as a run writes that it lives. (A look into the archive
for each request would wait for what is being written: a crawl of 600 pages took a fifth longer.) What slips
through meanwhile is not stored: the store looks again."""


class TakenDown(IgnoreRequest):
    """A request for an article that was taken down."""


class ExcludedMiddleware:
    """Refuses requests for articles that were taken down, as the archive knew it `FRESH_SECONDS` ago at the most.

    Stands in the downloader, so that redirects and retries meet it too.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._asked_at = float("-inf")
        self._asking: asyncio.Future[frozenset[str]] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ExcludedMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise TakenDown for an article that was taken down; an archive that fails ends the crawl."""
        spider: SiteSpider = self.crawler.spider  # type: ignore[assignment]
        key = spider.article_key(request.url)
        if key is None:
            return
        now = time.monotonic()
        if self._asking is None or now - self._asked_at >= FRESH_SECONDS:
            desk = archiving(self.crawler)
            self._asked_at, self._asking = now, asyncio.ensure_future(desk.ask(desk.ledger.excluded))
        try:
            # Others wait for the same answer: one that is dropped must not take it from them.
            taken = await asyncio.shield(self._asking)
        except DatabaseFailed as error:
            stop_for_archive(self.crawler, error)
            raise ArchiveLost(f"the archive cannot be read: {error}") from error
        if key in taken or spider.canonical_url(request.url) in taken:
            self.crawler.stats.inc_value("refused/taken-down")
            raise TakenDown(f"{request.url} was taken down; `baotinh exclude --list` says why")
