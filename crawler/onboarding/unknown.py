"""A site on a system that nobody has described: its articles found by their links, and how to read them learned."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from archive.clock import Clock
from archive.ledger import Found
from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.discovery.posted import read_posted
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.listing import ListingSpider
from crawler.learning.addresses import HEADLINE_WORDS, Addresses, Seen, is_asked, learn_addresses
from crawler.learning.identity import id_on_page
from crawler.learning.learn import FEWEST_SPECIMENS, Learned, learn
from crawler.learning.links import links_of, seen_on
from crawler.learning.listings import learn_items
from crawler.learning.pagers import learn_pager
from crawler.learning.patterns import Address
from crawler.learning.specimen import Specimen
from crawler.onboarding.looking import Way, entry_found, is_of, look
from crawler.onboarding.maps import Source, ask_feeds, ask_map
from crawler.onboarding.menu import is_left_out, menu_of, named_in_menu
from crawler.onboarding.reaching import AGENT
from crawler.onboarding.report import Report, Sample, Section, oldest_of
from crawler.onboarding.sampling import ages, chosen, listed_as, told_at
from crawler.onboarding.sections import MenuPage, alone, is_home, last_page, told_apart
from crawler.onboarding.ways import FIRST_PAGES_ONLY, Lists, choose
from crawler.onboarding.web import Answer, Remembering
from crawler.reading import read_pages

MENU = 24
"""Pages of the menu that are asked for at most, so that all of a probe keeps within a hundred requests."""

SAMPLES = 28
"""Sample articles: half of them teach and half judge, and of two templates each wants some."""

AGAIN = 2
"""Samples that are fetched twice: what differs changes at every fetch."""

DEEP = 2
"""Sections of which the second page and one far back are asked for."""

FAR = (9, 5, 3)
"""The pages far back that are asked for, until one lists something, where a listing does not say how many it has."""

FEWEST_LISTED = 2
"""Fewest articles of a section's page where any link counts: a page about something may link to one."""


class Unknown:
    """A site of no family whose home page is there; `run` looks at it."""

    def __init__(self, web: Remembering, clock: Clock, home: Page, rules: Protego | None, facts: Mapping[str, Any]):
        self.web, self.clock, self.home, self.rules, self.facts = web, clock, home, rules, facts
        self.attributes: dict[str, Any] = {}
        self.troubles: list[str] = []
        self.menu: list[MenuPage] = []
        self.last: dict[str, int] = {}
        # Some menus lead to pages that have an article's address and are none.
        self.menu_has_articles = False
        self.skipped: dict[str, str] = {}
        self.named = named_in_menu(home)
        self.asked = 0
        self.pool: dict[str, Found] = {}
        self._look({})

    async def run(self, report: Report) -> Report:
        """The report with what was found."""
        maps = [await ask_map(self.spider, url) for url in self._map_addresses(report)]
        feeds = await ask_feeds(self.spider, self.home)
        await self._ask_menu(maps, feeds)
        pages = [self.home, *(one.page for one in self.menu if one.page), *await self._saved_pages()]
        seen = self._seen(pages, maps, feeds)
        addresses = self._learn_addresses(seen, len(pages))
        if await self._ask_skipped(addresses):
            self._look(self._candidates())
        await self._learn_listings(addresses)
        sections = self._sections()
        await self._look_deep(sections)
        ways = self._choose(maps, feeds, sections, addresses)
        if not self.web.live or (addresses and addresses.alone):
            self._add_links(pages)
        taken = await self._samples()
        specimens = [specimen for _, _, specimen in taken]
        specimens += await self._others(specimens)
        learned = self._learn(specimens, addresses)
        read = [self._read(found, answer, specimen.fetched) for found, answer, specimen in taken]
        return replace(
            report,
            family=ListingSpider.family if learned else report.family,
            sections=tuple(sections),
            ways=tuple(ways),
            attributes=dict(self.attributes),
            addresses=addresses,
            learned=learned,
            specimens=len(specimens),
            samples=tuple(read),
            oldest=oldest_of(ways, read),
            layouts=learned.layouts if learned else (),
            troubles=tuple(dict.fromkeys((*self.troubles, *self.spider.desk.troubles))),
        )

    def _look(self, sections: Mapping[str, str], layouts: tuple[Layout, ...] = ()) -> None:
        """Look with what is known by now."""
        if hasattr(self, "spider"):
            self.troubles += self.spider.desk.troubles
        self.spider: SiteSpider = look(
            ListingSpider,
            self.web,
            self.clock,
            sections=dict(sections),
            attributes={**self.attributes, "layouts": layouts},
            **self.facts,
        )

    def _allowed(self, url: str) -> bool:
        return self.rules is None or bool(self.rules.can_fetch(url, AGENT))

    # -- what there is -----------------------------------------------------------------------------
    def _map_addresses(self, report: Report) -> list[str]:
        named = [one for one in report.robots.sitemaps if self._allowed(one)]
        return list(dict.fromkeys([self.spider.site_url("/sitemap.xml"), *named]))[:3]

    async def _ask_menu(self, maps: Sequence[Source], feeds: Sequence[Source]) -> None:
        """Ask for the pages of the menu but for articles in it, as far as the home page and feeds tell those."""
        try:
            first = learn_addresses(self._seen([self.home], maps, feeds), 1, self.named)
            likely: re.Pattern[str] | None = first.pattern if first.has_id and not first.query else None
        except ValueError:
            likely = None
        told = {urlsplit(one.url).path for feed in feeds for one in feed.entries}
        # Those above others first: menus name pages about the publisher before sections, and below one.
        for path, name in sorted(menu_of(self.home).items(), key=lambda one: one[0].strip("/").count("/")):
            url, bare = self.spider.site_url(path), path.partition("?")[0]
            if is_home(path, self.home) or not is_asked(url) or name.isdigit():
                continue
            # Whose link has more words than a name is an article's.
            is_headline = not name and len(Address.of(url).tokens) >= HEADLINE_WORDS
            has_address = bool(likely and likely.fullmatch(bare))
            self.menu_has_articles = self.menu_has_articles or is_headline or bare in told or has_address
            if is_headline or bare in told or (has_address and path not in self.named):
                self.skipped[path] = name
            else:
                await self._ask_entry(path, name)

    async def _ask_skipped(self, addresses: Addresses | None) -> bool:
        """Ask for what was taken for an article in the menu and has no article's address; says whether there was any.

        The home page alone tells less of addresses than all pages do.
        """
        pattern = addresses.pattern if addresses and not addresses.query else re.compile(".*")
        wrong = [path for path in self.skipped if not pattern.fullmatch(path.partition("?")[0])]
        for path in wrong:
            await self._ask_entry(path, self.skipped.pop(path))
        return bool(wrong)

    async def _ask_entry(self, path: str, name: str) -> None:
        """Ask for a page of the menu, if it may be."""
        section = Section(name or path.strip("/").rpartition("/")[2], path)
        one = MenuPage(section)
        self.menu.append(one)
        if is_left_out(path, name):
            why = "petitions, complaints or advertisements: left out"
            one.section = replace(section, why_not=why, checked=False)
        elif not self._allowed(self.spider.site_url(path)):
            one.section = replace(section, why_not="closed by robots.txt", checked=False)
        elif self.asked == MENU and self.web.live:
            why = f"not looked at: {MENU} sections are, at most; add it to the spider's file by hand"
            one.section = replace(section, why_not=why, checked=False)
        else:
            self.asked += 1
            one.page, one.section = self._of_section(await self.web.get(self.spider.site_url(path)), section)

    def _of_section(self, answer: Answer, section: Section) -> tuple[Page | None, Section]:
        if answer.page is None:
            unsaved = not self.web.live
            return None, replace(section, checked=not unsaved, why_not="" if unsaved else answer.why_not)
        if not is_of(answer.url, self.spider.hosts[0]) or urlsplit(answer.url).path in ("/", ""):
            return None, replace(section, why_not="leads to the home page")
        return answer.page, section

    async def _saved_pages(self) -> list[Page]:
        """All pages that were saved, for they cost nothing."""
        known = {self.home.url, *(one.page.url for one in self.menu if one.page)}
        answers = [await self.web.get(url) for url in self.web.addresses if url not in known]
        return [one.page for one in answers if one.page and "html" in one.content_type]

    def _seen(self, pages: Sequence[Page], maps: Sequence[Source], feeds: Sequence[Source]) -> list[Seen]:
        named = [one for source in maps for one in source.entries if self.spider.is_own_host(one.url)]
        fed = [one.url for source in feeds for one in source.entries if self.spider.is_own_host(one.url)]
        # Only a sitemap of news tells titles, and it names nothing but articles.
        return seen_on(pages, [*fed, *(one.url for one in named if one.title)], [one.url for one in named])

    # -- what it means -----------------------------------------------------------------------------
    def _learn_addresses(self, seen: Sequence[Seen], pages: int) -> Addresses | None:
        try:
            found = learn_addresses(seen, pages, self.named)
        except ValueError as error:
            self.troubles.append(f"addresses: {error}")
            self._look(self._candidates())
            return None
        self.attributes["article_path"] = found.pattern
        if found.query:
            self.attributes["article_query"] = found.query
        if found.kept:
            self.attributes["kept_parameters"] = found.kept
        self._look(self._candidates())
        return found

    def _candidates(self) -> dict[str, str]:
        """Every page of the menu that may be a section: none of them is an article."""
        return {one.section.path: one.section.path for one in self.menu}

    async def _learn_listings(self, addresses: Addresses | None) -> None:
        """Where sections list their articles, and what leads to their further pages."""
        pages = {one.section.path: one.page for one in self.menu if one.page and not one.section.why_not}
        items = learn_items(list(pages.values()), self.spider.article_key)
        if items:
            self.attributes["listings"] = (ListingLayout(item=items.item, link=items.link, date=items.date),)
            if not items.newest_first:
                self.attributes["newest_first"] = False
        elif addresses and not addresses.alone:
            # Neither addresses nor lists tell articles from pages: then only long names do.
            del self.attributes["article_path"]
        if addresses and addresses.alone and self.web.live and not self.menu_has_articles:
            self.attributes["front_page"] = "/"
        self._look(self._candidates())
        listing = {path: page for path, page in pages.items() if self.spider.listed(page)}
        pager = learn_pager(listing, lambda url: self.spider.article_key(url) is not None)
        if pager:
            self.attributes["page"], self.last = pager.page, dict(pager.last)
        elif self.web.live and any(read_posted(page) for page in listing.values()):
            self.attributes["posted"] = True
        self._look(self._candidates())

    def _sections(self) -> list[Section]:
        """The pages of the menu, and which of them list articles of their own."""
        for one in self.menu:
            if one.page is None or one.section.why_not:
                continue
            source = self.spider.site_url(one.section.path)
            entries = self.spider.listed(one.page)
            listed = [entry_found(self.spider, entry, source, one.section.name) for entry in entries]
            one.found = {found.url: found for found in listed if found and self._allowed(found.url)}
            if len(one.found) < (1 if "listings" in self.attributes else FEWEST_LISTED):
                one.section = replace(one.section, articles=len(one.found), why_not="lists no articles")
            else:
                linked = last_page(self.spider, one.section.path, one.page)
                pager = max(linked, self.last.get(one.section.path, 0))
                one.section = replace(one.section, articles=len(one.found), pager=pager)
        shown = {one.section.path: frozenset(one.found) for one in self.menu if not one.section.why_not}
        pages = {"/": self.home, **{one.section.path: one.page for one in self.menu if one.page}}
        links = {path: self._linked(page) for path, page in pages.items()}
        sections = alone(told_apart([one.section for one in self.menu]), shown, links)
        if not any(not one.why_not for one in sections):
            sections += self._home_as_section()
        for menu, section in zip(self.menu, sections, strict=False):
            if not section.why_not:
                self._add(replace(found, section=section.name) for found in menu.found.values())
        self._look({one.name: one.path for one in sections if not one.why_not})
        return sections

    def _linked(self, page: Page) -> frozenset[str]:
        """The articles that a page links to."""
        return frozenset(self.spider.canonical_url(url) for url in links_of(page) if self.spider.article_key(url))

    def _home_as_section(self) -> list[Section]:
        """The home page, where no page of the menu lists anything."""
        source = self.spider.site_url("/")
        told = [entry_found(self.spider, entry, source) for entry in self.spider.listed(self.home)]
        found = [one for one in told if one and self._allowed(one.url)]
        self._add(found)
        return [Section("Trang chủ", "/", articles=len(found))] if len(found) >= FEWEST_LISTED else []

    async def _look_deep(self, sections: Sequence[Section]) -> None:
        """Ask for further pages of two sections; a pager whose second page lists nothing new is none."""
        if not self.web.live or not {"page", "posted"} & self.attributes.keys():
            return
        works = False
        declared = [one for one in sections if not one.why_not and one.checked]
        for section in sorted(declared, key=lambda one: (-one.pager, -one.articles))[:DEEP]:
            # The first page may tell how the others are asked for; it is remembered.
            await self.spider.listing_page(section.path, 1)
            fresh = await self._look_at(section, 2)
            works = works or fresh
            # A link to the second page alone does not say how many there are.
            for number in (section.pager,) if section.pager > 2 else FAR if fresh else ():
                if await self._look_at(section, number):
                    break
        if not works:
            self.troubles.append("sections: their second pages list nothing that the first ones do not")
            self.attributes.pop("page", None)
            self.attributes.pop("posted", None)
            self._look({one.name: one.path for one in declared})

    async def _look_at(self, section: Section, number: int) -> bool:
        """Ask for page `number` of a section, and say whether it lists anything that was not known."""
        entries = await self.spider.listing_page(section.path, number) or []
        source = self.spider.site_url(section.path)
        told = [entry_found(self.spider, entry, source, section.name) for entry in entries]
        found = [one for one in told if one and self._allowed(one.url)]
        fresh = any(one.url not in self.pool for one in found)
        self._add(found)
        return fresh

    # -- the ways ----------------------------------------------------------------------------------
    def _choose(
        self,
        maps: Sequence[Source],
        feeds: Sequence[Source],
        sections: Sequence[Section],
        addresses: Addresses | None,
    ) -> list[Way]:
        """The ways of discovery, of which those that together find all articles are declared."""
        usable = [one for one in sections if not one.why_not]
        chosen_ = choose(
            self.spider,
            Lists(
                self.spider.site_url(usable[0].path if usable else "/"),
                tuple(self.pool.values()),
                tuple(tuple(one.found.values()) for one in self.menu if one.found and not one.section.why_not),
                parts=sum(one.pager or 1 for one in usable),
                go_on=bool({"page", "posted"} & self.attributes.keys()),
            ),
            maps,
            feeds,
            alone=addresses is None or addresses.alone,
        )
        self.attributes.update(chosen_.attributes)
        if self.web.live and not chosen_.goes_back:
            self.troubles.append(FIRST_PAGES_ONLY)
        self._add(one for one in chosen_.found if self._allowed(one.url))
        return list(chosen_.ways)

    def _add(self, found: Iterable[Found]) -> None:
        for one in found:
            self.pool.setdefault(one.url, one)

    def _add_links(self, pages: Sequence[Page]) -> None:
        """The articles that pages link to besides, and of saved pages those that are articles themselves."""
        if len(self.pool) < SAMPLES or not self.web.live:
            links = [*self.web.addresses, *(url for page in pages for url in links_of(page))]
            told = [entry_found(self.spider, Entry(url), self.home.url) for url in links]
            self._add(one for one in told if one and self._allowed(one.url))

    # -- samples -----------------------------------------------------------------------------------
    async def _samples(self) -> list[tuple[Found, Answer, Specimen]]:
        """Articles of all sections and ages, as they come and as layouts are learned from them."""
        pool = [one for one in self.pool.values() if is_asked(one.url)]
        if not self.web.live:
            saved = {self.spider.canonical_url(url) for url in self.web.addresses if self.spider.is_own_host(url)}
            pool = [one for one in pool if one.url in saved]
        of, tenths = {one.url: one for one in pool}, ages(pool)
        out: list[tuple[Found, Answer, Specimen]] = []
        for url in chosen([(one.url, one.section, tenths[one.url]) for one in pool], SAMPLES):
            answer = await self.web.get(url)
            if answer.page is None:
                self.troubles.append(f"{url}: {answer.why_not}")
                continue
            again = await self.web.afresh(url) if self.web.live and len(out) < AGAIN else None
            at = answer.fetched_at or self.clock.now()
            specimen = Specimen(answer.page, at, listed_as(of[url]), again.page if again else None)
            out.append((of[url], answer, specimen))
        return out

    async def _others(self, specimens: Sequence[Specimen]) -> list[Specimen]:
        """Of a site of which few articles were saved, its other pages too: their template may be the same."""
        if self.web.live or len(specimens) >= FEWEST_SPECIMENS:
            return []
        taken = {self.home.url, *(specimen.page.url for specimen in specimens)}
        answers = [await self.web.get(url) for url in self.web.addresses if url not in taken]
        pages = [(one.page, one.fetched_at) for one in answers if one.page and "html" in one.content_type]
        return [Specimen(page, at or self.clock.now()) for page, at in pages]

    def _learn(self, specimens: Sequence[Specimen], addresses: Addresses | None) -> Learned | None:
        try:
            learned = learn(specimens, self.spider.facts())
        except ValueError as error:
            self.troubles.append(f"layout: {error}")
            return None
        if not (addresses and addresses.has_id):
            pages = [Page(one.page.url, one.page.body, one.page.content_type) for one in specimens]
            if key := id_on_page(pages, [told_at(one) for one in specimens]):
                learned = replace(learned, layouts=tuple(replace(one, key=key) for one in learned.layouts))
        self._look(self.spider.sections, layouts=learned.layouts)
        return learned

    def _read(self, found: Found, answer: Answer, at: datetime) -> Sample:
        assert answer.page is not None, "samples are pages"
        read, _ = read_pages(type(self.spider), found, (answer.page,), at)
        return Sample(found, answer.url, answer.content_type, answer.body, at, read)
