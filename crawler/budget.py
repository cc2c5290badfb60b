"""The budget of a run: how many requests it may send, whatever they are for."""

from typing import TYPE_CHECKING

from scrapy.crawler import Crawler

from crawler.archiving import end_crawl
from crawler.stopping import Dropped

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

BUDGET = "budget"
"""Reason for closing a crawl whose budget is used up."""

SPENT = "budget/used"
"""Scrapy's counter of the requests that a run with a budget has sent."""


def spend(crawler: Crawler) -> None:
    """Take one request, which is about to be sent, from the budget of the run, if it has one.

    Raises Dropped where nothing is left: then the run is ending, and what was asked for stays due.
    """
    spider: SiteSpider = crawler.spider  # type: ignore[assignment]
    if spider.budget is None:
        return
    if crawler.stats.get_value(SPENT, 0) >= spider.budget:
        words = f"the budget of {spider.budget:,} request{'' if spider.budget == 1 else 's'} is used"
        end_crawl(crawler, BUDGET, words)
        raise Dropped(words)
    crawler.stats.inc_value(SPENT)
