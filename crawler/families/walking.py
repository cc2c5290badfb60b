"""Walking a site's listings and APIs, newest first, for as long as there is a reason to go on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial

from archive.clock import VIETNAM
from archive.ledger import Decision, Found
from archive.models import UrlKind
from archive.walks import Stand
from crawler.discovery.entry import Entry
from crawler.discovery.troubles import Trouble
from crawler.families.discovering import Considered, Discovering

MAX_LISTING_PAGES = 5_000
"""End of any one listing: a pager that never ends is a trap (75,000 articles at 15 a page)."""

MAX_BARREN_PAGES = 20
"""So many pages of a listing in a row that name no article which this run has not seen yet end the walk: a pager
or a calendar without end."""

EARLIER_RUN = timedelta(hours=1)
"""What was known so long before a walk began is of an earlier run, not of another section that this run walks too."""

LEAST_KNOWN = 3
"""At least so many entries at the end of an API's page must have been known for the page to be covered."""

MOST_GONE = 2
"""So many entries that stood on top at the last walk may be away, where the next one below stands right under what is
new: they were taken away, or featured. A list is longer, so if it were pushed off its page more would be away."""

SECOND_LOOK_BACK = timedelta(days=31)
"""How far back a second look goes: querido-diario runs the last 31 days again each month, since sites publish late."""

SECOND_LOOK_PAGES = 10
"""How many pages a second look takes of a listing that tells no dates, so that nothing else says where a month ends:
150 articles at 15 a page, as many as the busiest sections have in a month."""

GIVEN_UP = 1.5
"""A page that failed so often is stepped over: three nights where the failures are soft, which count half."""

RESUMED_FROM = 3
"""From this page on a walk notes how far it has come: fewer are walked again as soon as skipped."""


class Walking(Discovering):
    """Discovery by the pages of listings and APIs."""

    async def walk(
        self,
        source: str,
        kind: UrlKind,
        section: str | None,
        page_of: Callable[[int], Awaitable[list[Entry] | None]],
        top_at: Callable[[datetime], Awaitable[Sequence[str]]] | None = None,
        failures_of: Callable[[int], Awaitable[float]] | None = None,
        first: date | None = None,
    ) -> AsyncIterator[Considered]:
        """Walk the pages of one listing or API, newest first, until there is no reason to go on.

        `page_of(n)` gives the entries of page n, [] past the last, None if it could not be had. `top_at(instant)`
        gives the articles that page 1 named when it was last asked for until then, in its order; a source without it
        is taken for a list with nothing beside it. `failures_of(n)` tells how often page n failed in a row: one that
        has `GIVEN_UP` is stepped over with a word in the run, and where two stand in a row the site gives no more.
        `first` is the day back to which to go where that is not the range of the run.

        The walk ends when the range is passed, on a page that an earlier walk covered (a month after the last time not
        before the last `SECOND_LOOK_BACK` are behind it), or where the site gives no further entries. Only a walk that
        ended so counts as one; a first page without any entry is a trouble of the site, not its end. A pager without
        end has none: there a walk counts if the last page that named anything new to it was known `EARLIER_RUN` ago,
        for then two walks have come to the same place.

        One that stands in for a way that failed tonight (`stands_in`) goes back `SECOND_LOOK_BACK` at most, or to a
        page that was known, and does not count: the other way knows what lies behind.

        A walk that was cut short is taken up where it stopped, once the pages on top have led to what was known.
        """
        ledger = self.desk.ledger
        stand: Stand = await self.desk.ask(lambda: ledger.stand(source))
        now = self.desk.clock.now()
        since = self._reached(stand, first)
        first_instant = datetime.combine(first, time(), VIETNAM) if first else None
        bounded = self.stands_in and since is None and first is None and self.first_day is None
        known_since = now - EARLIER_RUN
        given_up = 0
        resume = (stand.resume_page or 0) if self.last_day is None else 0
        # Asked before tonight's page 1 is: at a clock that stands still that would be the last one.
        top = await top_at(since) if top_at and since else None if top_at is None else ()
        resumed_top = top
        if top_at and resume and stand.resume_since:
            resumed_top = await top_at(stand.resume_since)
        second = not resume and since is not None and self.first_day is None and stand.is_second_look_due(now)
        seen: set[str] = set()
        last: frozenset[str] = frozenset()
        barren, number, resumes = 0, 1, False
        # The page on which the top met what was known, and whether the page it then went on from is yet to be found.
        met, landing = 0, False
        while number <= MAX_LISTING_PAGES:
            entries = await page_of(number)
            if entries == [] and number > 1:
                # A page that failed to fill looks like the end; the end looks so twice.
                entries = await page_of(number)
            if entries is None and landing:
                landing, number = number - 1 > met, number - 1 if number - 1 > met else resume + 1
                continue
            if entries is None and number > 1 and failures_of and await failures_of(number) >= GIVEN_UP:
                if given_up == number - 1:
                    self._trouble(source, f"from page {given_up} on no page comes; what they list is left out")
                    break
                words = f"page {number} fails night after night and is stepped over; what it lists is left out"
                self._trouble(source, words)
                given_up, number = number, number + 1
                continue
            if entries is None or (not entries and number == 1):
                # An API that is closed is no loss while another way is open.
                if number == 1 and kind is UrlKind.LISTING and not self.closed:
                    self._lost(source, failed=entries is None)
                return
            addresses = {entry.url for entry in entries}
            if addresses <= seen and not landing:
                break
            considered = await self.consider(entries, source, section)
            # What stands on every page, such as a box of the most read, tells nothing of where this one is.
            fresh = [url for url in considered.order if url not in seen]
            # Canonical ones: a pager may give its links a new session at each look.
            barren = barren + 1 if considered.urls <= seen and not landing else 0
            last = last if barren else considered.urls
            seen |= addresses | considered.urls
            yield considered
            if barren == MAX_BARREN_PAGES:
                words = f"its last {barren} pages name no article that the {number - barren} before them do not"
                self._trouble(source, words, Trouble.ENDLESS)
                # Else every night would walk the whole listing to get here.
                if await self._known_all(last, known_since):
                    break
                return
            if landing:
                # Fewer pages than then, or fewer articles on them, and there may be a gap above this one.
                landing = number - 1 > met and not await self._is_among_known(fresh, stand.resume_since)
                number = number - 1 if landing else resume + 1
                continue
            is_covered = await self._is_covered(fresh, since, top, seen)
            if is_covered and (not second or self._is_behind(fresh, considered, number, now)):
                # Those of a longer walk that was cut short are still to come.
                resumes = bool(resume) and bool(first or self.first_day)
                await self._ended(source, kind, first, second=second, met_known=True, resumes=resumes)
                return
            if bounded:
                # No walk of its own: it would count as one of all that the listing has.
                is_known = await self._were_known(fresh, known_since)
                if is_known or self._is_behind(fresh, considered, number, now):
                    return
                number += 1
                continue
            if considered.passed or _is_passed(considered, first_instant):
                resumes = bool(resume) and number <= resume + 1
                break
            may_jump = not met and resume > number + 1
            if may_jump and await self._is_covered(fresh, stand.resume_since, resumed_top, seen):
                met, number, landing = number, resume, True
                yield Considered(jumps=True)
                continue
            if self.last_day is None and not barren and number >= max(RESUMED_FROM, resume):
                await self.desk.ask(partial(ledger.walked_to, source, kind, number))
            number += 1
        else:
            self._trouble(source, f"goes on after {MAX_LISTING_PAGES:,} pages", Trouble.TOO_MANY)
            return
        await self._ended(source, kind, first, second=second, met_known=False, resumes=resumes)

    async def _is_covered(
        self, fresh: Sequence[str], since: datetime | None, top: Sequence[str] | None, seen: Collection[str]
    ) -> bool:
        """Whether all that a page lists, but for the new on top, was known at `since`, and so all that lies behind it.

        `fresh` is what no page above it lists, `top` what page 1 did at `since`, `seen` what all pages did so far.
        All of it was known, or what stands right below the last new one is what then stood on top: nothing lies
        between them. That some known ones stand at the end is not enough, for there may be a box of old ones, and new
        ones may have pushed the list off the page. What stands above the last new one tells nothing: it may be pinned,
        and what is new below it was published late, which is for the second look. Where it is not sure that a page
        lists the newest first all of it has to be known. An API has no boxes: there the second half is enough.
        """
        if since is None or not fresh:
            return False
        # How many at the end were known: if so many were, so were fewer.
        known, more = 0, len(fresh)
        if await self._were_known(fresh, since):
            return True
        while self.newest_first and known + 1 < more:
            middle = (known + more) // 2
            if await self._were_known(fresh[-middle:], since):
                known = middle
            else:
                more = middle
        if not known:
            return False
        if top is None:
            return known >= _half(fresh)
        first = fresh[-known]
        return first in top and sum(url not in seen for url in top[: top.index(first)]) <= MOST_GONE

    async def _is_among_known(self, fresh: Sequence[str], since: datetime | None) -> bool:
        """Whether what a page lists in its first half was known at `since`: then so was all that lies above it."""
        return await self._were_known(fresh[: _half(fresh)] if self.newest_first else fresh, since)

    async def _were_known(self, urls: Sequence[str], since: datetime | None) -> bool:
        # Those that this run found are not, although the clock may stand still.
        return since is not None and self.new.isdisjoint(urls) and await self._known_all(frozenset(urls), since)

    def _is_behind(self, fresh: Sequence[str], considered: Considered, number: int, now: datetime) -> bool:
        """Whether a look over the last `SECOND_LOOK_BACK` has come as far back as it is to go with page `number`.

        The newest entry tells it of those that no page above lists: a single old one may stand anywhere.
        """
        newest = max((considered.dates[url] for url in fresh if url in considered.dates), default=None)
        if newest is None or not self.newest_first:
            return number >= SECOND_LOOK_PAGES
        return newest < now - SECOND_LOOK_BACK

    async def _ended(
        self,
        source: str,
        kind: UrlKind,
        first: date | None,
        *,
        second: bool,
        met_known: bool,
        resumes: bool = False,
    ) -> None:
        await self._walked(source, kind, met_known=met_known, first=first, resumes=resumes)
        if second:
            ledger = self.desk.ledger
            await self.desk.ask(lambda: ledger.looked_twice(source, kind))

    async def by_listing(self) -> AsyncIterator[Considered]:
        """Walk all sections side by side, so that what comes out is newest first over all of them.

        An article waits until no section can still list a newer one: sections list newest first, so
        nothing to come is newer than the oldest date a section has shown.
        """
        walks = {name: self._walk_section(name, path) for name, path in self.sections.items()}
        front = dict.fromkeys(walks, datetime.max.replace(tzinfo=VIETNAM))
        waiting: list[tuple[datetime, tuple[Found, Decision]]] = []
        while front:
            name = max(front, key=lambda one: front[one])
            considered = await anext(walks[name], None)
            if considered is None:
                del front[name]
            else:
                front[name] = considered.oldest or front[name] - timedelta(days=1)
                waiting += [(one[0].listed.instant if one[0].listed else front[name], one) for one in considered.wanted]
            newest = max(front.values(), default=datetime.min.replace(tzinfo=VIETNAM))
            ready = sorted((one for one in waiting if one[0] >= newest), key=lambda one: one[0], reverse=True)
            waiting = [one for one in waiting if one[0] < newest]
            if considered is not None or ready:
                yield replace(considered or Considered(), wanted=tuple(one for _, one in ready))

    async def _walk_section(self, name: str, path: str) -> AsyncIterator[Considered]:
        source = self.site_url(path)
        if self.newest_first:
            await self.recall(source, UrlKind.LISTING, self.listing_request(path, 1).url, self.listed)
        page_of, top_at = partial(self.listing_page, path), partial(self._top_at, path)
        walk = self.walk(source, UrlKind.LISTING, name, page_of, top_at, partial(self._failures_of, path))
        async for considered in walk:
            yield considered

    async def _failures_of(self, path: str, number: int) -> float:
        """How often in a row page `number` of the listing at `path` failed, soft failures counted half."""
        look = await self.desk.ask(partial(self.desk.looks.at, self.listing_request(path, number).url))
        return look.failures

    async def _top_at(self, path: str, instant: datetime) -> list[str]:
        """The articles that page 1 of the listing at `path` named when last asked for until `instant`; [] if unread."""
        page = await self.earlier(self.listing_request(path, 1).url, instant)
        entries = self.listed(page) if page else []
        return list(dict.fromkeys(self.canonical_url(one.url) for one in entries if self.article_key(one.url)))


def _is_passed(considered: Considered, first: datetime | None) -> bool:
    """Whether all that a page tells dates of is older than `first`."""
    return first is not None and bool(considered.dates) and max(considered.dates.values()) < first


def _half(order: Sequence[str]) -> int:
    """How many entries make half of a page, `LEAST_KNOWN` at least."""
    return max(LEAST_KNOWN, (len(order) + 1) // 2)
