"""By which ways a site of no family is discovered: what its lists, sitemaps and feeds have of each other's articles."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from archive.ledger import Found
from crawler.discovery.entry import Entry
from crawler.discovery.sitemap import month_of
from crawler.families.base import SiteSpider
from crawler.families.listing import ListingSpider
from crawler.onboarding.looking import Way, day_of, entry_found, way_of
from crawler.onboarding.maps import Source, kind_of

WHOLE = 0.95
"""Share of the articles known otherwise that a source has to name to be believed to have all."""

NEWEST, LATEST = 20, 3
"""The newest articles of the lists, of which a sitemap has to name that share, and the latest, of which all: many are
made once a day or leave the running month out."""


@dataclass(frozen=True)
class Lists:
    """What the sections list: all that was seen, and for each section what its first page shows.

    `parts` are their pages as far as known, `go_on` says that further pages can be asked for.
    """

    address: str
    found: tuple[Found, ...]
    first: tuple[tuple[Found, ...], ...]
    parts: int
    go_on: bool


FIRST_PAGES_ONLY = (
    "sections: nothing seen leads to their second pages, and no sitemap has all articles: of sections only the first "
    "pages are read. Open a second page in a browser and write what its address has besides as page = "
    "'?page={n}' or '/page/{n}/' (docs/adding-a-site.md); lists that a script fetches need a spider of their own"
)
"""What an operator is told where nothing learned leads to older articles."""


@dataclass(frozen=True)
class Choice:
    """Every way with what it has, what is to be declared, and the articles that sitemaps and feeds named.

    `goes_back` says that older articles are found too, by a sitemap that has all or by further pages.
    """

    ways: tuple[Way, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    goes_back: bool = True


def choose(spider: SiteSpider, lists: Lists, maps: Sequence[Source], feeds: Sequence[Source], *, alone: bool) -> Choice:
    """Choose the ways that together find all articles of the site that `spider` looks at.

    A sitemap that has all goes first, since it tells of changes too. Else lists do, with the sitemap for changes, and
    where each has articles that the other lacks all are asked each night. Feeds are for what neither has.
    `alone` says that addresses tell articles from other pages.
    """
    ways = [way_of("listing", lists.address, lists.found, parts=lists.parts if lists.first else 0)]
    best: tuple[Source, list[Found]] | None = None
    for source in maps:
        parts = article_parts(spider, source, lists.found, alone=alone)
        found = _found(spider, [one for part in parts for one in source.read[part]], source.address)
        ways.append(_way_of_map(source, found))
        # An index has more than a single map, and only some of its parts were read.
        if found and (best is None or (len(source.parts), len(found)) > (len(best[0].parts), len(best[1]))):
            best = source, found
    fed: list[Found] = []
    for feed in feeds:
        told = _found(spider, feed.entries, feed.address)
        words = "" if told else f"{len(feed.entries)} entries, none of them an article"
        ways.append(way_of("feed", feed.address, told, words=words))
        fed += told
    mapped = best[1] if best else []
    names, whole = ["listing"] if lists.first else [], True
    if best and _has_all(best[0], mapped, [*lists.found, *fed]):
        names.insert(0, "sitemap")
    else:
        if best:
            names.append("sitemap")
            whole = bool(lists.first) and not _lacks(lists, mapped)
        known = {one.key for one in mapped}
        if fed and (not names or _lacks(lists, [one for one in fed if one.key not in known])):
            names.append("feed")
            whole = whole and len(names) == 1
    attributes = _attributes(spider, names, best[0] if best else None, feeds, lists.found, alone=alone)
    if not whole:
        attributes["whole"] = False
    return Choice(tuple(ways), attributes, (*mapped, *fed), names[:1] == ["sitemap"] or lists.go_on or not lists.first)


def age_of(found: Found) -> tuple[float, float]:
    """Where an article stands among the others of its site, the newest last: by its id if that counts, and its day."""
    day = day_of(found)
    return float(found.key) if found.key.isdigit() else 0.0, day.toordinal() if day else 0.0


def article_parts(spider: SiteSpider, source: Source, known: Iterable[Found], *, alone: bool) -> list[str]:
    """The parts of a sitemap that were read and are of a kind that has articles.

    Where addresses tell articles that is what they say; else a kind has them that names what lists name.
    """
    listed = {one.url for one in known}
    by_kind: dict[str, list[Entry]] = {}
    for part, named in source.read.items():
        by_kind.setdefault(kind_of(part), []).extend(named)
    good = set()
    for kind, entries in by_kind.items():
        articles = {spider.canonical_url(one.url) for one in entries if spider.article_key(one.url)}
        if len(articles) * 2 >= len(entries) and (alone or articles & listed):
            good.add(kind)
    return [part for part in source.read if kind_of(part) in good]


def _way_of_map(source: Source, found: Sequence[Found]) -> Way:
    words = source.words or ("" if found else "none of its entries is an article")
    months = [month for part in source.parts if (month := month_of(part))]
    told = [date(year, month, 1) for year, month in months] if found else []
    way = way_of("sitemap", source.address, found, parts=len(source.parts), also=told, words=words)
    return replace(way, monthly=bool(told) and len(months) == len(source.parts))


def _found(spider: SiteSpider, entries: Iterable[Entry], source: str) -> list[Found]:
    return [found for one in entries if (found := entry_found(spider, one, source))]


def _has_all(source: Source, found: Sequence[Found], others: Sequence[Found]) -> bool:
    """Whether a sitemap names what lists and feeds do, as far as its parts that were read can be held to that."""
    named = {one.key for one in found}
    newest = sorted(others, key=age_of, reverse=True)
    checked = others if source.is_whole or not source.parts else newest[:NEWEST]
    latest = all(one.key in named for one in newest[:LATEST])
    return bool(checked) and latest and sum(one.key in named for one in checked) >= WHOLE * len(checked)


def _lacks(lists: Lists, found: Sequence[Found]) -> bool:
    """Whether lists lack articles of those `found`: some as new as what all sections show on their first pages."""
    if not lists.first or not lists.go_on:
        return bool({one.key for one in found} - {one.key for one in lists.found})
    since = max(min(map(age_of, some)) for some in lists.first)
    newer = [one for one in found if age_of(one) >= since]
    listed = {one.key for one in lists.found}
    return sum(one.key not in listed for one in newer) > (1 - WHOLE) * len(newer)


def _attributes(
    spider: SiteSpider,
    names: Sequence[str],
    source: Source | None,
    feeds: Sequence[Source],
    known: Iterable[Found],
    *,
    alone: bool,
) -> dict[str, Any]:
    """What a class of the plain family declares for these ways."""
    out: dict[str, Any] = {}
    if names and tuple(names) != ListingSpider.ways:
        out["ways"] = tuple(names)
    if source and "sitemap" in names:
        if (path := _path_of(source.address)) != ListingSpider.sitemap:
            out["sitemap"] = path
        kinds = {kind_of(part) for part in article_parts(spider, source, known, alone=alone)}
        if source.parts and kinds != {kind_of(part) for part in source.parts}:
            patterns = [re.escape(one).replace(r"\#", r"\d+").replace(r"\-", "-") for one in sorted(kinds)]
            out["article_sitemaps"] = re.compile("|".join(patterns))
    if "feed" in names:
        out["feeds"] = tuple(_path_of(one.address) for one in feeds)
    return out


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
