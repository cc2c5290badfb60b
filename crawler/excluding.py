"""What was taken down is not asked for: neither what waited in the queue meanwhile nor the target of a redirect."""

from functools import partial
from typing import TYPE_CHECKING

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request

from archive.database import DatabaseFailed
from crawler.archiving import ArchiveLost, archiving, stop_for_archive

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider


class TakenDown(IgnoreRequest):
    """A request for an article that was taken down."""


class ExcludedMiddleware:
    """Refuses requests for articles that were taken down, as the archive knows it at this moment.

    Stands in the downloader, so that redirects and retries meet it too.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

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
        try:
            desk = archiving(self.crawler)
            excluded = await desk.ask(partial(desk.ledger.is_excluded, spider.canonical_url(request.url), key))
        except DatabaseFailed as error:
            stop_for_archive(self.crawler, error)
            raise ArchiveLost(f"the archive cannot be read: {error}") from error
        if excluded:
            self.crawler.stats.inc_value("refused/taken-down")
            raise TakenDown(f"{request.url} was taken down; `baotinh exclude --list` says why")
