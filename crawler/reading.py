"""From an article's pages to what they say: the one way, of a crawl and of a re-reading of its captures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from archive.article import PAGE_CUT, Article, Rejection
from archive.ledger import Found
from crawler.declaration import SiteDeclaration
from crawler.extraction.dates import parse_date
from crawler.extraction.gate import refuse_cut, refuse_redirect
from crawler.extraction.page import Page
from crawler.extraction.read import Listed, read

MAX_FURTHER_PAGES = 20
"""Most further pages of one article."""

MAX_PAGES_BYTES = 20 * 2**20
"""Bytes of an article's pages, decoded, from which no further one is asked for. All are held until the last is there,
and then parsed in one go while other downloads wait. It is nearly 1 MiB for each of as many pages as there may be."""


def read_pages(
    site: type[SiteDeclaration], found: Found, pages: Sequence[Page], fetched: datetime
) -> tuple[Article | Rejection, str | None]:
    """What an article's pages, in order, say of it, and the address of the page it goes on at, if that is not there.

    `found` is what discovery told of the article, `fetched` when its first page was captured. If it goes on, what is
    given is what the first page alone says. An article whose pages are too many or too large has the flag `PAGE_CUT`.
    """
    # A reading takes nodes out of a page's tree, so each gets a page of its own.
    main = _anew(pages[0])
    if site.article_key(main.url) is None:
        return refuse_redirect(found.url, main.url), None
    listed = Listed(
        title=found.title,
        section=found.section,
        published=found.listed,
        modified=parse_date(found.modified.isoformat()) if found.modified else None,
    )
    alone = read(main, site.facts(), fetched, listed=listed)
    here = {page.url for page in pages}
    more = None
    if isinstance(alone.result, Article) and (len(pages) == 1 or refuse_cut(_anew(pages[-1])) is None):
        more = next((url for url in alone.more_pages if url not in here), None)
    cut = len(pages) > MAX_FURTHER_PAGES or sum(len(page.body) for page in pages) > MAX_PAGES_BYTES
    if more is not None and not cut:
        # Those in between are read once, with the last: 21 pages would be parsed 231 times.
        return alone.result, more
    result = alone.result
    if len(pages) > 1:
        again, *further = map(_anew, pages)
        result = read(again, site.facts(), fetched, listed=listed, further=further).result
    if more is not None and isinstance(result, Article) and PAGE_CUT not in result.flags:
        result = replace(result, flags=(*result.flags, PAGE_CUT))
    return result, None


def _anew(page: Page) -> Page:
    return Page(page.url, page.body, page.content_type)


def other_addresses(site: type[SiteDeclaration], found: Found, final: str) -> tuple[str, ...]:
    """The addresses that led to an article whose response came from `final`."""
    return tuple(dict.fromkeys(url for url in (found.url, site.canonical_url(final)) if site.article_key(url)))
