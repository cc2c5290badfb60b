"""A family's own discovery, let loose on a few pages: what it finds is what a crawl would find."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from scrapy.http import Request

from archive.clock import VIETNAM, Clock
from archive.ledger import Decision, Found
from archive.looks import Look
from archive.models import UrlKind
from archive.walks import Stand
from crawler.addresses import bare_host
from crawler.discovery.feed import read_feed
from crawler.discovery.sitemap import month_of, read_sitemap
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.onboarding.web import Web

T = TypeVar("T")

MAX_DEPTH = 3
"""Sitemap indexes above a sitemap that are followed, as a crawl does (`MAX_SITEMAP_DEPTH`)."""

PAGES_OF_A_WAY = 2
"""Pages of discovery that are asked for by one of the family's ways: a list of categories, then the newest articles."""


@dataclass(frozen=True)
class Way:
    """A way of discovery that was tried.

    `name` is the family's (feed, sitemap, listing, api), `address` where it begins. `articles` were listed on the pages
    that were read, from `first` to `last`; `parts` are the sitemaps of an index or the pages of a listing, as far as
    known. `words` say what is wrong with it. `monthly` says that its parts name the months from `first` on.
    """

    name: str
    address: str
    articles: int = 0
    parts: int = 0
    first: date | None = None
    last: date | None = None
    words: str = ""
    monthly: bool = False


class _Counts:
    """Stands for Scrapy's counters: a look counts nothing."""

    def inc_value(self, key: str, count: int = 1) -> None:
        """Count nothing."""


class _Blank:
    """A ledger that knows nothing and keeps nothing: every article is new, no walk was made."""

    def see(self, founds: Sequence[Found]) -> list[tuple[Found, Decision]]:
        """All are new."""
        return [(found, Decision.NEW) for found in founds]

    def last_walk(self, source: str) -> None:
        """None was made."""

    def walked(self, source: str, kind: Any, down_to: date) -> None:
        """Nothing is kept."""

    def stand(self, source: str) -> Stand:
        """None has come anywhere."""
        return Stand()

    def walked_to(self, source: str, kind: Any, page: int) -> None:
        """Nothing is kept."""

    def seen_before(self, urls: Iterable[str], instant: datetime) -> bool:
        """Nothing was."""
        return False


class _NoLooks:
    """Nothing was asked for before, and nothing is kept of what is."""

    def of(self, urls: Iterable[str]) -> dict[str, Look]:
        """Nothing is known."""
        return {}

    def at(self, url: str) -> Look:
        """Nothing is known."""
        return Look()

    def read(self, url: str) -> None:
        """Nothing is kept."""


class _Desk:
    """The archive's side of a look: a blank ledger, and the troubles."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.ledger, self.looks, self.troubles = clock, _Blank(), _NoLooks(), cast(list[str], [])

    async def ask(self, call: Callable[[], T]) -> T:
        """Give what `call` gives, which asks no database."""
        return call()


class _Look:
    """What makes a family's spider ask a `Web`, and keep nothing."""

    web: Web
    _desk: _Desk

    @property
    def desk(self) -> Any:
        """Where a crawl has its archive."""
        return self._desk

    async def get(
        self, request: Request, *, kind: UrlKind | None = None, past_end: tuple[int, ...] = ()
    ) -> Page | None:
        """As `SiteSpider.get`, of the web."""
        headers = {name.decode(): values[-1].decode("latin-1") for name, values in request.headers.items()}
        answer = await self.web.get(request.url, method=request.method, body=request.body, headers=headers)
        if answer.status in past_end:
            return Page(answer.url, b"")
        if answer.page is None:
            self._desk.troubles.append(f"{request.url}: {answer.why_not}")
        return answer.page

    async def earlier(self, url: str, until: datetime | None = None) -> None:
        """Nothing was asked for before."""


def look(
    family: type[SiteSpider],
    web: Web,
    clock: Clock,
    *,
    host: str,
    scheme: str,
    sections: dict[str, str],
    title: str,
    attributes: Mapping[str, Any] = MappingProxyType({}),
) -> SiteSpider:
    """A spider of `family` for a site that is only looked at: its discovery asks `web`, and nothing is kept.

    `attributes` are what its class declares besides.
    """
    declared = {
        "name": "probe",
        "title": title,
        "hosts": (host,),
        "scheme": scheme,
        "sections": sections,
        "crawler": SimpleNamespace(stats=_Counts()),
        "web": web,
        "_desk": _Desk(clock),
        # The plain family leaves them to each site.
        "layouts": getattr(family, "layouts", ()),
        **attributes,
    }
    spider: type[SiteSpider] = type("Look", (_Look, family), declared)
    return spider()


async def look_by(spider: SiteSpider, way: str, most: int = PAGES_OF_A_WAY) -> tuple[Way, list[Found]]:
    """What the first `most` pages of one of the family's ways list."""
    before = len(spider.desk.troubles)
    found: list[Found] = []
    pages = cast(AsyncGenerator[Considered, None], getattr(spider, f"by_{way}")())
    async with aclosing(pages) as asked:
        number = 0
        async for considered in asked:
            found += [one for one, _ in considered.wanted]
            number += 1
            if number >= most:
                break
    where = found[0].found_on if found else spider.site_url("/")
    words = "" if found else "; ".join(spider.desk.troubles[before : before + 1]) or "lists no articles"
    return way_of(way, where, found, words=words), found


async def look_at_sitemap(spider: SiteSpider, url: str) -> tuple[Way, list[Found]]:
    """What the sitemap at `url` lists: of an index, its newest and its oldest part alone are read."""
    found: list[Found] = []
    waiting, parts, months = [(url, 0)], 0, list[tuple[int, int]]()
    asked: set[str] = set()
    words = ""
    while waiting:
        address, depth = waiting.pop(0)
        if address in asked:
            continue
        asked.add(address)
        page = await spider.get(Request(address))
        if page is None:
            words = words or spider.desk.troubles[-1]
            continue
        try:
            sitemap = read_sitemap(page.body)
        except ValueError as error:
            words = words or f"{address}: {error}"
            continue
        found += [one for one in map(_entry_of(spider, address), sitemap.entries) if one]
        children = [child for child in sitemap.children if spider.is_article_sitemap(child[0])]
        if children and depth < MAX_DEPTH:
            order = sorted(children, key=lambda one: (month_of(one[0]) or (9999, 0), str(one[1] or "")))
            parts += len(children)
            months += [month for one in children if (month := month_of(one[0]))]
            waiting = [(one, depth + 1) for one in dict.fromkeys((order[-1][0], order[0][0]))] + waiting
    told = [date(year, month, 1) for year, month in months]
    way = way_of("sitemap", url, found, parts=parts, also=told, words="" if found else words or "lists no articles")
    return replace(way, monthly=bool(months) and len(months) == parts), found


async def look_at_feed(spider: SiteSpider, url: str) -> tuple[Way, list[Found]]:
    """What the feed at `url` lists."""
    page = await spider.get(Request(url))
    if page is None:
        return Way("feed", url, words=spider.desk.troubles[-1]), []
    try:
        entries = read_feed(page.body)
    except ValueError as error:
        return Way("feed", url, words=str(error)), []
    found = [one for one in map(_entry_of(spider, url), entries) if one]
    return way_of("feed", url, found, words="" if found else f"{len(entries)} entries, none of them an article"), found


def entry_found(spider: SiteSpider, entry: Any, source: str, section: str | None = None) -> Found | None:
    """What discovery tells of an entry; None if it is no article of the site."""
    key = spider.article_key(entry.url)
    if key is None:
        return None
    url = spider.canonical_url(entry.url)
    return Found(
        url=url,
        key=entry.key or key,
        found_on=source,
        section=section or spider.section_of(url),
        title=entry.title,
        listed=entry.published or spider.date_in_url(entry.url),
        modified=entry.modified.instant if entry.modified else None,
    )


def _entry_of(spider: SiteSpider, source: str) -> Callable[[Any], Found | None]:
    return lambda entry: entry_found(spider, entry, source)


def day_of(found: Found) -> date | None:
    """The day that discovery tells of an article, of its last change if of nothing else."""
    instant = found.listed.instant if found.listed else found.modified
    return instant.astimezone(VIETNAM).date() if instant else None


def way_of(
    name: str, address: str, found: Sequence[Found], *, parts: int = 0, also: Sequence[date] = (), words: str = ""
) -> Way:
    """The way of discovery that listed `found`; `also` are further days that it tells of."""
    days = [day for one in found if (day := day_of(one))] + list(also)
    return Way(
        name, address, len({one.url for one in found}), parts, min(days, default=None), max(days, default=None), words
    )


def is_of(url: str, host: str) -> bool:
    """Whether `url` is on `host`, with or without www."""
    try:
        return bare_host(urlsplit(url).hostname or "") == bare_host(host)
    except ValueError:
        return False
