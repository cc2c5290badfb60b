"""Look at a site before it is declared: everything that an operator decides from, in some 35 requests."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from protego import Protego

from archive.clock import Clock
from archive.ledger import Found
from crawler.discovery.entry import Entry
from crawler.extraction.page import Page
from crawler.extraction.select import select_first
from crawler.extraction.text import squash
from crawler.families.base import SiteSpider
from crawler.onboarding.looking import (
    Way,
    day_of,
    entry_found,
    is_of,
    look,
    look_at_feed,
    look_at_sitemap,
    look_by,
    way_of,
)
from crawler.onboarding.menu import feeds_of, is_left_out, menu_of, province_of, publisher
from crawler.onboarding.reaching import AGENT, ask_robots, closed_home, reach
from crawler.onboarding.recognise import PLAIN, families, own_addresses, recognise
from crawler.onboarding.report import Report, Sample, Section, oldest_of
from crawler.onboarding.sampling import chosen
from crawler.onboarding.sections import address_of, alone, is_home, last_page, told_apart
from crawler.onboarding.unknown import Unknown
from crawler.onboarding.web import Remembering, Web
from crawler.reading import read_pages

SECTIONS = 10
"""Sections that a probe asks for; `sites add`, which writes them down, asks for more."""

SAMPLES = 12
"""Sample articles: of a site of four sections and three years one of each."""

FIRST_LOOK = 2
"""Of these so many are asked for before the family is known: most signs stand on article pages."""

DEEP_SECTIONS = 2
"""Sections of which a page far back is asked for as well: whether its pager works, how old its articles are."""

WITHOUT_PAGER = (5, 2)
"""The pages that are asked for, until one lists something, where a listing does not say how many it has."""

FEEDS, SITEMAPS = 2, 2
"""Most feeds and sitemaps that are asked for, beside the family's own sitemap."""


async def probe(
    web: Web,
    url: str,
    clock: Clock,
    *,
    family: str = "",
    by_signs: bool = True,
    sections: int = SECTIONS,
    samples: int = SAMPLES,
) -> Report:
    """Look at the site at `url`.

    `family` is the one that the operator says it is; else it is recognised `by_signs`, or taken for none. At most so
    many `sections` and `samples` are asked for; of a site of no family as many as learning needs. Whatever the
    site does becomes part of the report; nothing is raised for it.
    """
    asked = Remembering(web)
    report = Report(url, clock.now(), live=web.live, given=bool(family))
    home, report = await reach(asked, url, report)
    if home is None:
        return report
    report, rules = await ask_robots(asked, report)
    if rules is not None and not rules.can_fetch(home.url, AGENT):
        return replace(report, refused=closed_home(report.home))
    return await _Probe(asked, clock, home, rules).run(report, family, sections, samples, by_signs=by_signs)


class _Probe:
    """A site whose home page is there: recognised, discovered, read."""

    def __init__(self, web: Remembering, clock: Clock, home: Page, rules: Protego | None) -> None:
        self.web, self.clock, self.home, self.rules = web, clock, home, rules
        self.pool: dict[str, Found] = {}
        self.listed: dict[str, dict[str, Found]] = {}
        self.spider: SiteSpider

    async def run(self, report: Report, family: str, sections: int, samples: int, *, by_signs: bool) -> Report:
        """The report, whole."""
        declared = families()[PLAIN]
        if by_signs:
            report, declared = await self._recognised(report, family)
        title = publisher(self.home)
        facts: dict[str, Any] = {
            "host": report.host,
            "scheme": report.scheme,
            "title": title.value if title else report.host,
        }
        report = replace(
            report,
            title=title,
            province=province_of(title.value if title else "", report.host, self.home),
            seen=() if report.family else tuple(_seen(self.home)),
        )
        if declared is families()[PLAIN]:
            return await Unknown(self.web, self.clock, self.home, self.rules, facts).run(report)
        self.spider = look(declared, self.web, self.clock, sections={}, **facts)
        found = await self._sections(sections)
        sections_of = {one.name: one.path for one in found if not one.why_not}
        self.spider = look(declared, self.web, self.clock, sections=sections_of, **facts)
        for path in sections_of.values():
            self._add(self.listed.get(path, {}).values())
        ways = await self._ways(report, found)
        if len(self.pool) < samples or not self.web.live:
            # A home page leads to other pages too, where addresses do not tell them from articles.
            self._add(self._on_pages())
        read = await self._samples(samples)
        return replace(
            report,
            sections=tuple(found),
            ways=tuple(ways),
            sitemap=_better_sitemap(self.spider, ways),
            samples=tuple(read),
            layouts=self.spider.layouts,
            oldest=oldest_of(ways, read),
            troubles=tuple(dict.fromkeys(self.spider.desk.troubles)),
        )

    # -- the family -------------------------------------------------------------------------------
    async def _recognised(self, report: Report, family: str) -> tuple[Report, type[SiteSpider]]:
        """The likenesses by the home page and two pages that look like articles, and the family."""
        pages = [self.home]
        if self.web.live:
            likely = [families()[one.family] for one in recognise(pages, families())]
            pages += await self._first_look(report.host, likely)
        else:
            answers = [await self.web.get(one) for one in self.web.addresses]
            pages += [one.page for one in answers if one.page and "html" in one.content_type]
        likenesses = recognise(pages, families())
        fitting = [one for one in likenesses if one.fits and one.family != PLAIN]
        # Where two families have as much for them, an operator tells them apart.
        alone = fitting[:1] if len(fitting) < 2 or fitting[0].score > fitting[1].score else []
        name = family or (alone[0].family if alone else "")
        declared = families()[name or PLAIN]
        return replace(report, likenesses=likenesses, family=name), declared

    async def _first_look(self, host: str, likely: Sequence[type[SiteSpider]]) -> list[Page]:
        """Pages that look like articles to the likeliest family, else to anybody."""
        links = [urljoin(self.home.url, path) for path in own_addresses([self.home])]
        for family in (*likely, families()[PLAIN]):
            spider = look(family, self.web, self.clock, host=host, scheme="https", sections={}, title=host)
            articles = [url for url in links if spider.article_key(url) and self._allowed(url)]
            # Those with the longest addresses: a word or two may be a section's.
            articles = sorted(articles, key=len, reverse=True)[:FIRST_LOOK]
            if articles:
                answers = [await self.web.get(url) for url in articles]
                return [one.page for one in answers if one.page]
        return []

    def _allowed(self, url: str) -> bool:
        return self.rules is None or bool(self.rules.can_fetch(url, AGENT))

    # -- discovery --------------------------------------------------------------------------------
    async def _sections(self, most: int) -> list[Section]:
        """The sections of the menu, each looked at: a page of the menu need not list articles."""
        shape = self.spider.section_path
        out: list[Section] = []
        asked = 0
        for path, name in menu_of(self.home).items():
            url = self.spider.site_url(path)
            if (
                (shape and not shape.fullmatch(path.partition("?")[0]))
                or self.spider.article_key(url)
                or is_home(path, self.home)
            ):
                continue
            section = Section(name or path.strip("/").rpartition("/")[2], path)
            if is_left_out(path, name):
                section = replace(section, why_not="petitions, complaints or advertisements: left out", checked=False)
            elif not self._allowed(url):
                section = replace(section, why_not="closed by robots.txt", checked=False)
            elif asked == most and self.web.live:
                section = replace(section, why_not=_beyond(most), checked=False)
            else:
                asked += 1
                section = await self._section(section)
            out.append(section)
        return alone(told_apart(out), {path: frozenset(found) for path, found in self.listed.items()}, {})

    async def _section(self, section: Section) -> Section:
        before = len(self.spider.desk.troubles)
        url = address_of(self.spider, section.path, 1)
        entries = await self._listing(section, 1)
        answer = await self.web.get(url)
        if answer.page is None:
            if not self.web.live:
                return replace(section, checked=False)
            why = "; ".join(self.spider.desk.troubles[before:])
            return replace(section, why_not=why or answer.why_not)
        if not is_of(answer.url, self.spider.hosts[0]) or urlsplit(answer.url).path in ("/", ""):
            return replace(section, why_not="leads to the home page")
        if len(entries) < 1:
            return replace(section, articles=len(entries), why_not="lists no articles")
        self.listed[section.path] = entries
        pager = last_page(self.spider, section.path, answer.page)
        return replace(section, articles=len(entries), pager=pager)

    async def _listing(self, section: Section, number: int) -> dict[str, Found]:
        """What a page of a section lists."""
        if number > 1:
            # The first page may tell how the others are asked for; it is remembered.
            await self.spider.listing_page(section.path, 1)
        entries = await self.spider.listing_page(section.path, number) or []
        source = self.spider.site_url(section.path)
        told = [entry_found(self.spider, one, source, section.name) for one in entries]
        return {one.url: one for one in told if one and self._allowed(one.url)}

    async def _ways(self, report: Report, sections: Sequence[Section]) -> list[Way]:
        """Every way of discovery, the family's own first."""
        spider, ways = self.spider, list[Way]()
        for name in spider.ways:
            if name not in ("sitemap", "feed", "listing"):
                way, found = await look_by(spider, name)
                ways.append(way)
                self._add(found)
        maps = [spider.site_url(spider.sitemap)] if "sitemap" in spider.ways else []
        others = [one for one in report.robots.sitemaps if one not in maps][:SITEMAPS]
        for url in (*maps, *others):
            way, found = await look_at_sitemap(spider, url)
            ways.append(way)
            self._add(found)
        feeds = [url for url in feeds_of(self.home) if is_of(url, report.host)][:FEEDS]
        for url in feeds:
            way, found = await look_at_feed(spider, url)
            ways.append(way)
            self._add(found)
        if not feeds and "feed" in spider.ways:
            way, found = await look_by(spider, "feed")
            ways.append(way)
            self._add(found)
        ways.append(await self._deep(sections))
        return ways

    def _add(self, found: Iterable[Found]) -> None:
        for one in found:
            if self._allowed(one.url):
                self.pool.setdefault(one.url, one)

    async def _deep(self, sections: Sequence[Section]) -> Way:
        """The listings: what their first pages list, and how far back those of two sections go."""
        declared = [one for one in sections if not one.why_not and one.checked]
        pages = sum(one.pager or 1 for one in declared)
        further = False
        if declared and self.web.live:
            for section in sorted(declared, key=lambda one: -one.pager)[:DEEP_SECTIONS]:
                for number in [section.pager] if section.pager else WITHOUT_PAGER:
                    entries = await self._listing(section, number)
                    self._add(entries.values())
                    if entries:
                        further = True
                        break
        listed = [one for one in self.pool.values() if one.found_on in {self.spider.site_url(s.path) for s in declared}]
        where = declared[0].path if declared else "/"
        words_ = "" if further or not self.web.live else "no section has further pages, as far as was seen"
        words_ = words_ if listed else "no section lists articles"
        return way_of("listing", self.spider.site_url(where), listed, parts=pages if declared else 0, words=words_)

    def _on_pages(self) -> list[Found]:
        """The articles that the home page links to, and of saved pages those that are articles themselves."""
        own = [*self.web.addresses, *(entry.url for entry in _links_of(self.home))]
        found = [
            Found(
                self.spider.canonical_url(url),
                key,
                self.home.url,
                section=self.spider.section_of(url),
                listed=self.spider.date_in_url(url),
            )
            for url in own
            if (key := self.spider.article_key(url)) and self._allowed(url)
        ]
        return found

    # -- samples ----------------------------------------------------------------------------------
    async def _samples(self, most: int) -> list[Sample]:
        pool = list(self.pool.values())
        if not self.web.live:
            saved = {self.spider.canonical_url(url) for url in self.web.addresses if is_of(url, self.spider.hosts[0])}
            pool = [one for one in pool if one.url in saved]
        out: list[Sample] = []
        of = {one.url: one for one in pool}
        for url in chosen([(one.url, one.section, _year(one)) for one in pool], most):
            found = of[url]
            answer = await self.web.get(found.url)
            if answer.page is None:
                self.spider.desk.troubles.append(f"{found.url}: {answer.why_not}")
                continue
            at = answer.fetched_at or self.clock.now()
            read, _ = read_pages(type(self.spider), found, (answer.page,), at)
            out.append(Sample(found, answer.url, answer.content_type, answer.body, at, read))
        return out


def _beyond(most: int) -> str:
    """Says why a section was not looked at, and what to do: `sites add` looks at more than a probe does."""
    step = "`sites add` looks at more" if most <= SECTIONS else "add it to the spider's file by hand"
    return f"not looked at: {most} sections are, at most; {step}"


def _year(found: Found) -> int | None:
    day = day_of(found)
    return day.year if day else None


def _links_of(page: Page) -> list[Entry]:
    """The addresses that a page links to, each once."""
    links = (page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href"))
    return [Entry(url) for url in dict.fromkeys(links)]


def _better_sitemap(spider: SiteSpider, ways: Sequence[Way]) -> str:
    """The path and query of a sitemap that has more of the articles than the family's usual one, if there is one.

    An index has more than a single map, and one of more parts than one of fewer: of an index only two parts are read.
    """
    if "sitemap" not in spider.ways:
        return ""
    usual = spider.site_url(spider.sitemap)
    maps = [one for one in ways if one.name == "sitemap" and one.articles]
    best = max(maps, key=lambda one: (one.parts, one.articles, one.address == usual), default=None)
    if best is None or best.address == usual:
        return ""
    parts = urlsplit(best.address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _seen(home: Page) -> list[str]:
    """What an operator may recognise a system by: its generator, and its addresses."""
    out = []
    generator = select_first(home.tree, "meta[name=generator]@content, meta[name=GENERATOR]@content")
    if generator:
        out.append(f"meta generator: {squash(generator.value)}")
    shapes = Counter(_shape(path) for path in own_addresses([home]))
    return out + [f"{times} addresses like {shape}" for shape, times in shapes.most_common(5)]


def _shape(path: str) -> str:
    return re.sub(r"\d+", "N", re.sub(r"[^/.]*[a-zA-Z]-[^/.]*?(?=-?\d*(?:[/.]|$))", "<slug>", path))
