"""What a crawl would ask a site for, and why, told without asking it for anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import select

from archive.clock import Clock
from archive.database import Sessions, reading
from archive.ledger import Decision, Ledger
from archive.looks import Look, Looks
from archive.models import Site, Url, UrlKind
from archive.settings import Settings
from crawler.families.base import MIDDLE_OF_DELAY, SiteSpider
from crawler.families.discovering import FRONT_PAGE_AFTER

SHOWN = 50
"""So many due articles are named, the newest first; the others are counted."""

_WORDS = {
    Decision.PENDING: "found, and not fetched yet",
    Decision.DUE: "young enough for another look",
    Decision.MODIFIED: "listed with a later change",
    Decision.RETITLED: "listed under another title",
    Decision.VANISHED: "listed no more",
}


@dataclass(frozen=True)
class Planned:
    """An address that a crawl would ask for (`asked`), or would but for what `why` says."""

    what: str
    url: str
    why: str
    asked: bool = True


@dataclass(frozen=True)
class Plan:
    """What a crawl of one site would ask for now: its sources, the first due articles, how many more are due.

    What the sources tell tonight comes on top. `seconds` is how long that takes at the pace of the site.
    """

    sources: tuple[Planned, ...]
    articles: tuple[Planned, ...]
    more: int
    seconds: float


def plan(
    spider: SiteSpider,
    sessions: Sessions,
    settings: Settings,
    delay: float,
    start: date | None = None,
    end: date | None = None,
) -> Plan:
    """What a crawl of the site of `spider` would ask for; `delay` is the least time between two requests in seconds."""
    with reading(sessions) as session:
        site_id = session.scalar(select(Site.id).where(Site.name == spider.name)) or 0
    sources = tuple(_sources(spider, sessions, site_id, settings))
    pending = Ledger(sessions, site_id, settings.clock).pending(start=start, end=end)
    first = list(islice(pending, SHOWN))
    more = sum(1 for _ in pending)
    failed = _failures(sessions, site_id, [found.url for found, _ in first])
    articles = tuple(
        Planned("article", found.url, f"{_WORDS[decision]}{failed.get(found.url, '')}") for found, decision in first
    )
    requests = sum(one.asked for one in sources) + len(articles) + more
    return Plan(sources, articles, more, requests * delay * MIDDLE_OF_DELAY)


def _sources(spider: SiteSpider, sessions: Sessions, site_id: int, settings: Settings) -> Iterator[Planned]:
    """The pages of discovery, by the way that found articles last; by all of them where nothing was asked yet."""
    yield Planned("robots.txt", spider.site_url("/robots.txt"), "the rules of the host, before anything else")
    known = _known(sessions, site_id)
    looks = Looks(sessions, site_id, settings.clock, settings.captures)
    used = next((way for way in spider.ways if any(kind == way for kind in known.values())), None)
    for way in [used] if used else spider.ways:
        if way == UrlKind.LISTING:
            urls = [spider.site_url(path) for path in spider.sections.values()]
        elif way == UrlKind.SITEMAP:
            urls = [spider.site_url(spider.sitemap)]
        else:
            urls = [url for url, kind in known.items() if kind == way]
        if not urls:
            yield Planned(way, spider.site_url("/"), "never looked at; the next way is tried if it names no article")
        of = looks.of(urls)
        for url in urls:
            yield _planned(way, url, of.get(url, Look()), settings.clock, _is_second(sessions, site_id, url, settings))
    if spider.front_page:
        yield _front_page(spider, sessions, site_id, settings.clock)


def _planned(way: str, url: str, look: Look, clock: Clock, second: bool) -> Planned:
    if look.waits(clock.now()):
        return Planned(way, url, f"waits until {_minute(look.due_at)}: {look.reason}", asked=False)
    if look.fetched_at is None:
        return Planned(way, url, "never looked at")
    how = "if it changed" if look.is_conditional else "whole"
    also = "; a month back, for what was published late" if second else ""
    parts = "; then its parts that changed" if way == UrlKind.SITEMAP else ""
    return Planned(way, url, f"{how}; last look {_minute(look.fetched_at)}{parts}{also}")


def _front_page(spider: SiteSpider, sessions: Sessions, site_id: int, clock: Clock) -> Planned:
    url = spider.site_url(spider.front_page)
    looked = Ledger(sessions, site_id, clock).stand(url).walked_at
    if looked is not None and clock.now() - looked < FRONT_PAGE_AFTER:
        return Planned("front page", url, f"if anything new is found; last look {_minute(looked)}", asked=False)
    return Planned("front page", url, f"last look {_minute(looked)}" if looked else "never looked at")


def _is_second(sessions: Sessions, site_id: int, url: str, settings: Settings) -> bool:
    return Ledger(sessions, site_id, settings.clock).stand(url).is_second_look_due(settings.clock.now())


def _known(sessions: Sessions, site_id: int) -> dict[str, str]:
    """The sources that were ever asked for, with their kinds."""
    query = select(Url.url, Url.kind).where(
        Url.site_id == site_id, Url.kind != UrlKind.ARTICLE.value, Url.fetched_at.is_not(None)
    )
    with reading(sessions) as session:
        return dict(session.execute(query.order_by(Url.url)).all())


def _failures(sessions: Sessions, site_id: int, urls: list[str]) -> dict[str, str]:
    """What to say of those of `urls` that failed before."""
    query = select(Url.url, Url.reason).where(Url.site_id == site_id, Url.url.in_(urls), Url.failures > 0)
    with reading(sessions) as session:
        return {url: f"; failed before: {reason}" for url, reason in session.execute(query)}


def _minute(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "never"
