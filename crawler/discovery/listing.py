"""Listing pages: the entries on one page of a section."""

from dataclasses import dataclass, replace

from crawler.discovery.entry import Entry
from crawler.extraction.dates import parse_date
from crawler.extraction.page import Page
from crawler.extraction.select import select_all, select_first, words
from crawler.extraction.text import squash


@dataclass(frozen=True, kw_only=True)
class ListingLayout:
    """Where the entries of a listing stand.

    `link` selects the entry's link within `item`, `date` its date, if any. A listing whose items have
    no element of their own gives the links themselves as `item` and leaves `link` empty.
    """

    item: str
    link: str = ""
    date: str = ""


def read_listing(page: Page, layout: ListingLayout) -> list[Entry]:
    """The entries of a listing page in their order, each address once; items without a link do not count.

    Of several links to one address (a picture, then the headline) the one with words tells the title.
    """
    out: dict[str, Entry] = {}
    for item in select_all(page.tree, layout.item):
        links = select_all(item, layout.link) if layout.link else [item]
        link = next((one for one in links if one.get("href")), None)
        if link is None:
            continue
        shown = select_first(item, layout.date) if layout.date else None
        found = parse_date(shown.value) if shown else None
        title = squash(words(link)) or squash(link.get("title") or "")
        dated = replace(found, raw=shown.value, source="listing") if found and shown else None
        url = page.link(link.get("href"))
        known = out.get(url)
        if known is None or (not known.title and title):
            out[url] = Entry(url, title or None, dated or (known.published if known else None))
    return list(out.values())
