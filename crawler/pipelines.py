"""The way from the crawl into the archive."""

import asyncio

from scrapy.crawler import Crawler

from archive.article import Article, Rejection
from archive.store import Outcome, Read
from crawler.archiving import archiving
from crawler.extraction.read import EXTRACTOR_VERSION
from crawler.items import PageRead


class StorePipeline:
    """Saves every page read in one transaction and counts what came of it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "StorePipeline":
        """Made by Scrapy."""
        return cls(crawler)

    async def process_item(self, item: PageRead) -> PageRead:
        """Save `item`; what cannot be stored stays due in the ledger."""
        read = Read(item.capture, item.result, item.requested, EXTRACTOR_VERSION, item.aliases, item.found, item.pages)
        outcome = await asyncio.wrap_future(archiving(self.crawler).intake.save(read))
        stats = self.crawler.stats
        stats.inc_value(f"articles/{outcome}")
        if outcome is Outcome.REJECTED and isinstance(item.result, Rejection):
            stats.inc_value(f"rejected/{item.result.reason}")
        for flag in item.result.flags if isinstance(item.result, Article) else ():
            stats.inc_value(f"articles/{flag}")
        return item
