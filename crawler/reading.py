"""From an article's pages to what they say: the one way, of a crawl and of a re-reading of its captures."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from archive.article import Article, Rejection
from archive.ledger import Found
from crawler.extraction.dates import parse_date
from crawler.extraction.gate import refuse_redirect
from crawler.extraction.page import Page
from crawler.extraction.read import Listed, read

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

MAX_FURTHER_PAGES = 20
"""Most further pages of one article."""


def read_pages(
    site: "type[SiteSpider]", found: Found, pages: Sequence[Page], fetched: datetime
) -> tuple[Article | Rejection, str | None]:
    """What an article's pages, in order, say of it, and the address of the page it goes on at, if that is not there.

    `found` is what discovery told of the article, `fetched` when its first page was captured.
    """
    # A reading takes nodes out of a page's tree, so each gets a page of its own.
    main, *further = (Page(page.url, page.body, page.content_type) for page in pages)
    if site.article_key(main.url) is None:
        return refuse_redirect(found.url, main.url), None
    listed = Listed(
        title=found.title,
        section=found.section,
        published=found.listed,
        modified=parse_date(found.modified.isoformat()) if found.modified else None,
    )
    reading = read(main, site.facts(), fetched, listed=listed, further=further)
    here = {page.url for page in pages}
    more = next((url for url in reading.more_pages if url not in here), None)
    if isinstance(reading.result, Rejection) or len(pages) > MAX_FURTHER_PAGES:
        more = None
    return reading.result, more


def other_addresses(site: "type[SiteSpider]", found: Found, final: str) -> tuple[str, ...]:
    """The addresses that led to an article whose response came from `final`."""
    return tuple(dict.fromkeys(url for url in (found.url, site.canonical_url(final)) if site.article_key(url)))
