"""What a site's sitemaps and feeds name, before anything tells which of it are articles."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.feed import read_feed
from crawler.discovery.sitemap import Sitemap, month_of, number_of, read_sitemap
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.onboarding.looking import is_of
from crawler.onboarding.menu import feeds_of

PARTS = 6
"""Parts of one sitemap that are asked for: of each kind the newest, the oldest and those between."""

FEEDS = 3
"""Feeds that are asked for; a paper has one a section."""

_FEED = re.compile(r"(?:^|[/._-])(?:rss|feed|atom)s?(?:[/._?-]|$)", re.IGNORECASE)
"""Addresses of feeds, and of the pages that list them."""


@dataclass(frozen=True)
class Source:
    """A sitemap or a feed: the entries of each part that was read (its own under its address), and all its parts.

    `words` say what is wrong with it.
    """

    address: str
    read: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    words: str = ""

    @property
    def entries(self) -> list[Entry]:
        """All entries that were read."""
        return [one for some in self.read.values() for one in some]

    @property
    def is_whole(self) -> bool:
        """Whether all its parts were read."""
        return set(self.parts) <= set(self.read)


def kind_of(part: str) -> str:
    """What the parts of one kind have in common: the path, with ``#`` for numbers."""
    return re.sub(r"\d+", "#", urlsplit(part).path)


async def ask_map(spider: SiteSpider, url: str, most: int = PARTS) -> Source:
    """Read the sitemap at `url`, and of an index at most so many parts, those of all kinds and ages."""
    top = await _read(spider, url)
    if isinstance(top, str):
        return Source(url, words=top)
    read = {url: top.entries} if top.entries else {}
    parts = [part for part, _ in top.children if is_of(part, spider.hosts[0])]
    waiting, asked = _spread(parts), 0
    while waiting and asked < most:
        part = waiting.pop(0)
        asked += 1
        got = await _read(spider, part)
        if isinstance(got, str):
            continue
        if got.children:
            deeper = [one for one, _ in got.children if is_of(one, spider.hosts[0])]
            parts = [*(one for one in parts if one != part), *deeper]
            waiting = [*_spread(deeper)[:2], *waiting]
        else:
            read[part] = got.entries
    return Source(url, read, tuple(parts), "" if read else "lists nothing")


def _spread(parts: Sequence[str]) -> list[str]:
    """Of each kind the newest part first, then the oldest, the second newest, the middle one and the others."""
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for part in dict.fromkeys(parts):
        kinds[kind_of(part)].append(part)
    rows = []
    for some in kinds.values():
        order = sorted(some, key=lambda one: (month_of(one) or (9999, 0), number_of(one)), reverse=True)
        first = [order[0], order[-1], *order[1:2], order[len(order) // 2]]
        rows.append(list(dict.fromkeys([*first, *order])))
    longest = max(map(len, rows), default=0)
    return [row[place] for place in range(longest) for row in rows if place < len(row)]


async def _read(spider: SiteSpider, url: str) -> Sitemap | str:
    """The sitemap, or why there is none."""
    page = await spider.get(Request(url), past_end=(404, 410))
    if page is None:
        return str(spider.desk.troubles[-1]).removeprefix(f"{url}: ")
    if not page.body:
        return "there is none"
    try:
        return read_sitemap(page.body)
    except ValueError as error:
        return str(error)


async def ask_feeds(spider: SiteSpider, home: Page) -> list[Source]:
    """Read the feeds that the home page names or links to; of a page that lists feeds the first ones."""
    links = [home.link(a.get("href")) for a in home.tree.iter("a") if a.get("href")]
    named = [*feeds_of(home), *(url for url in links if _FEED.search(urlsplit(url).path))]
    waiting = [url for url in dict.fromkeys(named) if is_of(url, spider.hosts[0])]
    out: list[Source] = []
    asked = 0
    while waiting and asked <= FEEDS and len(out) < FEEDS:
        url = waiting.pop(0)
        asked += 1
        page = await spider.get(Request(url))
        if page is None:
            continue
        try:
            out.append(Source(url, {url: tuple(read_feed(page.body))}))
        except ValueError:
            listed = [page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href")]
            found = [one for one in dict.fromkeys(listed) if _FEED.search(urlsplit(one).path) and one != url]
            waiting += [one for one in found if is_of(one, spider.hosts[0]) and one not in waiting]
    return out
