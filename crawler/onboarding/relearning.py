"""A further layout for a site that was redesigned, learned from its captures: no site is asked."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from archive.article import WHOLE_PAGE, Article, Rejection
from archive.clock import VIETNAM
from archive.content import content_read
from crawler.extraction.dates import parse_date
from crawler.extraction.gate import Reason
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.extraction.read import Listed
from crawler.families.base import SiteSpider
from crawler.learning.learn import FEWEST_SPECIMENS, Learned, learn
from crawler.learning.specimen import Specimen
from crawler.onboarding.goldens import SavedPage, golden_of, read_saved
from crawler.onboarding.succession import began_after, succeeded

MOST_SPECIMENS: Final = 60
"""Pages that are learned from, the newest: more than twice the two dozen from which a site is learned at first, for
they are as they come, not chosen over sections."""

LOOKED_AT: Final = 120
MOST_LOOKED_AT: Final = 1920
"""Captures that are looked at: so many, and twice as many again while most of the oldest of them fit no layout, so that
what the site sent before its redesign is among them."""

FEWEST_READ: Final = 2
"""Pages that a further layout has to read that no former one does; what fits one page was learned from chance."""

PARTS: Final = 3
"""If articles that were kept before are not read as they were by what all pages teach, a layout is learned without each
third of the pages as well, and the one is taken by which most are: few pages, and odd ones, may mislead."""

FEWEST_KNOWN: Final = 3
"""Articles that were kept before from which a layout is refused that reads most of their texts otherwise: one or two
may have been edited."""

COMPARED: Final = ("title", "text", "published", "author", "source_credit")
"""The fields of articles that were kept before the change, by which a layout is judged that reads their new pages."""

_STRANGE: Final = frozenset({Reason.NO_LAYOUT, Reason.NO_TITLE, Reason.NO_BODY})
"""Refusals of pages whose article no layout finds. What is refused for else is no article."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A capture, and what the site's layouts read of it."""

    page: SavedPage
    result: Article | Rejection

    @property
    def day(self) -> date:
        """The day of the capture, in Vietnam."""
        return self.page.fetched_at.astimezone(VIETNAM).date()

    @property
    def fits(self) -> bool:
        """Whether a layout reads it."""
        return isinstance(self.result, Article) and WHOLE_PAGE not in self.result.flags

    @property
    def is_strange(self) -> bool:
        """Whether it may be an article that no layout reads."""
        return not self.fits and (isinstance(self.result, Article) or self.result.reason in _STRANGE)


@dataclass(frozen=True)
class Proposal:
    """Further layouts of a site, the newest first, in use since the day `since`, and what speaks for them.

    `looked` are captures as they were read, `after` the same in the same order as they would be read. `learned` is what
    learning said. `same` counts by field, of `known` articles that had been kept by a layout before the change, on
    how many the new page is read as it was then (edits of the publisher's aside). `replaced` names the layouts that
    were learned before for the same or a later day, and whose pages the new ones read all: they go.
    """

    site: str
    layouts: tuple[Layout, ...]
    since: date
    learned: Learned
    specimens: int
    looked: tuple[Looked, ...]
    after: tuple[Looked, ...]
    same: Mapping[str, int]
    known: int
    replaced: frozenset[str] = frozenset()

    @property
    def changes_nothing(self) -> bool:
        """Whether every page since the change would be read as it was."""
        pairs = zip(self.looked, self.after, strict=True)
        return all(_words(was) == _words(now) for was, now in pairs if was.day >= self.since)

    def seen(self, *, before: bool) -> int:
        """How many of the captures that were looked at are of before the change, or since."""
        return sum((one.day < self.since) is before for one in self.looked)

    @property
    def is_doubtful(self) -> bool:
        """Whether most of the articles that were kept before have another title or text by what was learned."""
        least = min(self.same["title"], self.same["text"])
        return self.known >= FEWEST_KNOWN and least * 2 < self.known

    @property
    def until(self) -> date:
        """The last day of the former layouts."""
        return self.since - timedelta(days=1)

    def changed(self, *, before: bool) -> list[str]:
        """The addresses of pages that a layout reads and that would be read otherwise: of before the change, or since.

        Of those since, a site whose layout fits and is wrong has many, a redesigned one none.
        """
        return [
            was.page.url
            for was, now in zip(self.looked, self.after, strict=True)
            if (was.day < self.since) is before and was.fits and _words(was) != _words(now)
        ]

    def count(self, *, after: bool, fits: bool = True) -> tuple[int, int]:
        """How many of the pages since the change a layout reads, and of how many that are articles."""
        of = [
            (now if after else was).fits is fits
            for was, now in zip(self.looked, self.after, strict=True)
            if was.day >= self.since and (was.fits or was.is_strange or now.fits)
        ]
        return sum(of), len(of)


Pages = Callable[[int], Sequence[SavedPage]]
"""The newest so many captures of a site, the newest first."""

Kept = Callable[[Sequence[str], datetime], Mapping[str, Any]]
"""What a layout read of articles before an instant, by their keys (`archive.content.contents_before`)."""


def relearn(
    site: type[SiteSpider], pages: Pages, kept: Kept, *, since: date | None = None, drifting: date | None = None
) -> Proposal:
    """Propose further layouts for a site.

    Learned from are the captures that fit no layout; or all since the day `since` if that is given; or, where too few
    fit no layout, all since the site is `drifting`. Raises ValueError, with the next step, if there are too few, if
    nothing can be learned from them, or if what was learned reads no page that it should.
    """
    looked = _newest(site, pages)
    specimens = [one for one in looked if one.is_strange]
    if since is None and not _is_enough(specimens):
        since = drifting
    if since is not None:
        specimens = [one for one in looked if one.day >= since and (one.fits or one.is_strange)]
    if not _is_enough(specimens):
        which = f"were captured since {since}" if since else "fit no layout"
        raise ValueError(
            f"{site.name}: of its newest {len(looked)} captures {len(specimens)} {which}, and a layout is learned from "
            f"{FEWEST_SPECIMENS} at least: wait for the next night, or name the day of the change with --since"
        )
    teaching = specimens[:MOST_SPECIMENS]
    first = _proposal(site, looked, specimens, teaching, kept, since)
    made = [first] if first is not None else []
    if not made or made[0].same["text"] < made[0].known:
        parts = [[one for number, one in enumerate(teaching) if number % PARTS != part] for part in range(PARTS)]
        for some in filter(_is_enough, parts):
            # Fewer pages may teach nothing, which is no reason against what all of them have taught.
            with suppress(ValueError):
                other = _proposal(site, looked, specimens, some, kept, since)
                made += [other] if other is not None else []
    if not made:
        raise ValueError(
            f"{site.name}: the layout that was learned from {len(specimens)} captures reads none of them: "
            f"write one by hand (docs/adding-a-site.md); `baotinh sites review {site.name}` shows captures"
        )
    # Of equal ones the first, which more pages taught.
    best = max(made, key=lambda one: sum(one.same.values()))
    if best.changes_nothing:
        raise ValueError(
            f"{site.name}: what is learned reads every page since {best.since} as it is read now: there is nothing to "
            f"write. If that is wrong, mend the layout by hand; `baotinh sites review {site.name}` shows captures"
        )
    return best


def _is_enough(specimens: Sequence[Looked]) -> bool:
    return len(specimens) >= FEWEST_SPECIMENS


def _proposal(
    site: type[SiteSpider],
    looked: tuple[Looked, ...],
    specimens: Sequence[Looked],
    teaching: Sequence[Looked],
    kept: Kept,
    since: date | None,
) -> Proposal | None:
    """What is learned from the pages that teach; None if that reads none of the specimens."""
    learned = learn([_specimen(one.page) for one in teaching], site.facts())
    layouts = _useful(site, learned.layouts, specimens)
    began = since or _first_day(site, layouts, looked)
    if not layouts or began is None:
        return None
    replaced = _replaced(site, layouts, looked, began)
    stay = [one for one in site.layouts if one.name not in replaced]
    known_as = {_bare(one): one.name for one in stay}
    fresh = [one for one in layouts if _bare(one) not in known_as]
    if not fresh:
        raise ValueError(
            f"{site.name}: what is learned is its layout {known_as[_bare(layouts[0])]!r} already: there is nothing to "
            f"write. If that is wrong, mend the layout by hand; `baotinh sites review {site.name}` shows captures"
        )
    layouts = _named(fresh, began, {one.name for one in stay})
    after = _look(_with(site, layouts, began, replaced), [one.page for one in looked])
    same, known = _as_kept(after, kept, began)
    return Proposal(site.name, layouts, began, learned, len(teaching), looked, after, same, known, replaced)


def _bare(layout: Layout) -> Layout:
    """A layout but for its name and its end."""
    return replace(layout, name="", until=None)


def _replaced(
    site: type[SiteSpider], layouts: Sequence[Layout], looked: Sequence[Looked], since: date
) -> frozenset[str]:
    """The layouts that were learned before for the day `since` or a later one, of whose pages none needs them."""
    out = set()
    for one in site.layouts:
        if began_after(one.name, since - timedelta(days=1)):
            own = [was.page for was in looked if was.fits and _layout_of(was) == one.name]
            if all(now.fits for now in _look(_only(site, layouts), own)):
                out.add(one.name)
    return frozenset(out)


def _layout_of(one: Looked) -> str:
    return one.result.layout if isinstance(one.result, Article) else ""


def _newest(site: type[SiteSpider], pages: Pages) -> tuple[Looked, ...]:
    number = LOOKED_AT
    while True:
        looked = _look(site, pages(number))
        oldest = looked[-(-len(looked) * 3 // 4) :]
        if len(looked) < number or number >= MOST_LOOKED_AT or sum(one.is_strange for one in oldest) * 2 < len(oldest):
            return looked
        number *= 2


def _look(site: type[SiteSpider], pages: Sequence[SavedPage]) -> tuple[Looked, ...]:
    return tuple(Looked(page, read_saved(site, page)[0]) for page in pages)


def _specimen(page: SavedPage) -> Specimen:
    found = page.found
    listed = None
    if found is not None:
        modified = parse_date(found.modified.isoformat()) if found.modified else None
        listed = Listed(found.title, found.section, found.listed, modified)
    return Specimen(Page(page.url, page.body, page.content_type), page.fetched_at, listed)


def _with(site: type[SiteSpider], layouts: Sequence[Layout], since: date, replaced: frozenset[str]) -> type[SiteSpider]:
    """The site as it would be declared."""
    return _only(site, succeeded(layouts, site.layouts, since - timedelta(days=1), replaced))


def _only(site: type[SiteSpider], layouts: Sequence[Layout]) -> type[SiteSpider]:
    """The site with these layouts alone."""
    return type(site.__name__, (site,), {"layouts": tuple(layouts), "__module__": site.__module__})


def _useful(site: type[SiteSpider], layouts: Sequence[Layout], specimens: Sequence[Looked]) -> tuple[Layout, ...]:
    """The newest of the learned layouts, and those that read pages that no former one reads."""
    strange = [one.page for one in specimens if one.is_strange]
    every = [one.page for one in specimens]
    out = []
    for number, layout in enumerate(layouts):
        of = every if number == 0 else strange
        if sum(one.fits for one in _look(_only(site, [layout]), of)) >= FEWEST_READ:
            out.append(layout)
    return tuple(out)


def _first_day(site: type[SiteSpider], layouts: Sequence[Layout], looked: Sequence[Looked]) -> date | None:
    """The day of the first capture that the new layouts read and no former one does."""
    strange = [one for one in looked if one.is_strange]
    pages = [one.page for one in strange]
    days = [
        was.day
        for layout in layouts
        for was, now in zip(strange, _look(_only(site, [layout]), pages), strict=True)
        if now.fits
    ]
    return min(days, default=None)


def _named(layouts: Sequence[Layout], since: date, taken: set[str]) -> tuple[Layout, ...]:
    """The layouts under names that say since when they are in use, and that no other has."""
    out: list[Layout] = []
    for layout in layouts:
        name, number = f"{since}", 1
        while name in taken:
            number += 1
            name = f"{since}-{number}"
        taken.add(name)
        out.append(replace(layout, name=name, until=None))
    return tuple(out)


def _as_kept(after: Sequence[Looked], kept: Kept, since: date) -> tuple[dict[str, int], int]:
    """Of the articles that were kept before, on how many each field is read as it was."""
    begin = datetime.combine(since, time(), VIETNAM)
    read = {one.result.key: one.result for one in after if one.day >= since and isinstance(one.result, Article)}
    before = kept(list(read), begin)
    pairs = [(content_read(read[key]), content) for key, content in before.items()]
    return {name: sum(now[name] == was[name] for now, was in pairs) for name in COMPARED}, len(pairs)


def _words(one: Looked) -> Any:
    """What was read, but for the name of the layout."""
    return golden_of(replace(one.result, layout="") if isinstance(one.result, Article) else one.result)
