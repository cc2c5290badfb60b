"""Crawls of the same pages by plainer programs: ``python -m tests.bench.rivals KIND ADDRESSES DATABASE``.

`bare` only downloads; `plain` reads each page with trafilatura and inserts the text into SQLite, a commit an
article. Both follow the same listings to the same articles as ours does, with as many requests at once.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from trafilatura import bare_extraction
from trafilatura.settings import Document

PAGES = "bench/pages"


class Bare(scrapy.Spider):
    """Downloads listings and articles, and keeps nothing."""

    name = "bare"
    listings: ClassVar[list[str]] = []

    async def start(self) -> Any:
        """The first page of every listing."""
        for url in self.listings:
            yield scrapy.Request(url, self.listing)

    def listing(self, response: Response) -> Iterator[scrapy.Request]:
        """The articles of a listing page, and its next page."""
        for href in response.css("li.item a.title::attr(href)").getall():
            yield response.follow(href, self.article)
        for href in response.css("a.next::attr(href)").getall():
            yield response.follow(href, self.listing)

    def article(self, response: Response) -> None:
        """Count an article."""
        self._count()

    def _count(self) -> None:
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(PAGES)


class Plain(Bare):
    """Reads every article with trafilatura and inserts it."""

    name = "plain"
    database: ClassVar[sqlite3.Connection]

    def article(self, response: Response) -> None:
        """What a first scraper does: extract, insert, commit."""
        document = bare_extraction(response.body, url=response.url)
        if isinstance(document, Document):
            self.database.execute("insert into article values (?, ?, ?)", (response.url, document.title, document.text))
            self.database.commit()
            self._count()


def main(kind: str, addresses: Path, database: Path, at_once: int) -> None:
    """Crawl, then print pages and seconds as JSON."""
    spider = {one.name: one for one in (Bare, Plain)}[kind]
    spider.listings = json.loads(addresses.read_text("utf-8"))
    Plain.database = sqlite3.connect(database)
    Plain.database.execute("create table article (url text primary key, title text, body text)")
    process = CrawlerProcess(
        {
            "CONCURRENT_REQUESTS_PER_DOMAIN": at_once,
            "DOWNLOAD_DELAY": 0,
            "LOG_LEVEL": "WARNING",
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "COOKIES_ENABLED": False,
        }
    )
    crawler = process.create_crawler(spider)
    process.crawl(crawler)
    process.start()
    assert crawler.stats is not None
    found = crawler.stats.get_stats()
    print(json.dumps({"pages": found.get(PAGES, 0), "seconds": found["elapsed_time_seconds"]}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
