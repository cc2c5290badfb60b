"""The way from the crawl into the archive."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler

from archive.store import Read
from crawler.archiving import archiving
from crawler.counting import count_page
from crawler.extraction.read import version_of
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
        spider: Any = self.crawler.spidercls
        version = version_of(spider.edition)
        read = Read(item.capture, item.result, item.requested, version, item.aliases, item.found, item.pages)
        desk = archiving(self.crawler)
        outcome = await asyncio.wrap_future(desk.intake.save(read))
        desk.saved.append(item.capture.id)
        count_page(self.crawler.stats, item.result, outcome, item.compared)
        return item
