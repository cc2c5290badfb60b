"""What a run of a site is compared with: its nights, what its pages had, how long it was ever silent. All computed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

from archive.models import Health, RunOutcome
from archive.verdicts import PastRun
from crawler.discovery.troubles import only_waits
from schedules.causes import REFUSALS, Cause

WINDOW: Final = timedelta(days=28)
"""How long a site gives less before that is taken for its new usual, and what `status` shows: four of each weekday."""

NIGHTS: Final = 28
"""Nights a site is compared with, the last that were well however long ago: four of each weekday, and few enough
to follow its year. So a site that has been broken for a year is still compared with what it was."""

SAME_WEEKDAY: Final = 3
"""Nights of one weekday from which there is a usual number: of two the median says nothing."""

SAMPLES: Final = 3
"""Nights (of `PAGES` pages) from which there is a median of fields."""

LASTING: Final = 3
"""Nights that a change of what pages give has to last: what comes and goes is none of the site's."""

PAGES: Final = 3
"""Pages from which something can be said of a site's layout: what a small site has in a night. Where a night has fewer,
the nights before it are added until there are as many."""


TOLD: Final = frozenset({"start", "end", "limit", "url"})
"""Arguments of a run that was told what to crawl: it is compared with none, and says nothing of the site."""

WELL = (Health.OK, Health.THIN)
"""Verdicts on nights whose pages were read as they should be: fields are compared with these."""

_THROUGH = (RunOutcome.FINISHED, RunOutcome.FAILED, RunOutcome.BLOCKED, RunOutcome.SKIPPED)


@dataclass(frozen=True)
class Silence:
    """How many days a site has published nothing, its longest silence before, and of how many that is the longest."""

    days: int
    longest: int
    gaps: int


@dataclass(frozen=True)
class Night:
    """A night of a site: new articles (of runs by hand since the night before too) and the counts of its last run."""

    night: date
    new: int
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class Looked:
    """A night's counts, whether the site was well then, with which edition of its layouts its pages were read."""

    night: date
    counts: Mapping[str, Any]
    well: bool
    edition: int = 0


@dataclass(frozen=True)
class Past:
    """What a run is compared with.

    `nights` are the last `NIGHTS` that were well, the newest first; `recent` are the counts of the nights before, the
    newest first, of the last run of each that saw anything; `layouts` those of whole runs with tonight's edition of the
    layouts that came after the last live check that the site passed, since which its spider may read it otherwise,
    `layouts_well` of the last that were well; `looked` are nights since that check, of all editions.
    `new` are the new articles of tonight, `previous` is the last run that was judged, `no_address_since` when its host
    last had one, if that is what is wrong. `ran_out` is on how many nights in a row up to the last its time was over
    before it was through. `listings` are those that the site declares.
    """

    nights: tuple[Night, ...] = ()
    recent: tuple[Mapping[str, Any], ...] = ()
    layouts: tuple[Mapping[str, Any], ...] = ()
    layouts_well: tuple[Mapping[str, Any], ...] = ()
    new: int = 0
    previous: PastRun | None = None
    no_address_since: datetime | None = None
    silence: Silence | None = None
    listings: int = 0
    ran_out: int = 0
    looked: tuple[Looked, ...] = ()


def past_of(
    runs: Sequence[PastRun],
    *,
    silence: Silence | None = None,
    checked_at: datetime | None = None,
    listings: int = 0,
    first_night: date | None = None,
) -> Past:
    """The past of the first of `runs`, which come newest first.

    A run that was told what to crawl is no night. The `first_night` of a site is none either: it takes years at once.
    """
    run, earlier = runs[0], runs[1:]
    nights = list(_nights(runs))
    tonight = nights[0] if nights and is_night(run) else None
    nights = [one for one in (nights[1:] if tonight else nights) if one.night != first_night]
    whole = [one for one in earlier if is_night(one)]
    checked = [one for one in whole if checked_at is None or one.started_at > checked_at]
    read_alike = [one for one in checked if _edition(one) == _edition(run)]
    before = [one for one in whole if not (tonight and one.night == run.night)]
    seen = {one.night: one.counts for one in reversed(before) if not says_nothing(one)}
    return Past(
        nights=_usual(nights, whole),
        recent=tuple(reversed(seen.values())),
        layouts=tuple(one.counts for one in read_alike),
        layouts_well=tuple(one.counts for one in read_alike if one.health in WELL)[:NIGHTS],
        new=tonight.new if tonight else run.counts.get("new", 0),
        previous=next((one for one in earlier if one.health is not None), None),
        no_address_since=_no_address_since(earlier),
        silence=silence,
        listings=listings,
        ran_out=_ran_out_before(before),
        looked=_looked([run, *checked], first_night) if is_night(run) else (),
    )


def _looked(runs: Sequence[PastRun], first_night: date | None) -> tuple[Looked, ...]:
    """The nights of whole runs, which come newest first, with their numbers added up; `first_night` is none."""
    of: dict[date, list[PastRun]] = {}
    for run in runs:
        if run.night is not None and run.night != first_night:
            of.setdefault(run.night, []).append(run)
    drifting = [any(run.health is Health.DRIFTING for run in those) for those in of.values()]
    well = [any(run.health in WELL for run in those) for those in of.values()]
    usual = _drifted_for_good(list(of), well, drifting)
    return tuple(
        Looked(
            night=night,
            counts=_added(run.counts for run in those),
            # What was told only on the third night had begun on the first.
            well=night in usual or (well[at] and not any(drifting[max(0, at - LASTING + 1) : at])),
            edition=_edition(those[0]),
        )
        for at, (night, those) in enumerate(of.items())
    )


def _drifted_for_good(nights: Sequence[date], well: Sequence[bool], drifting: Sequence[bool]) -> set[date]:
    """The nights, of those that come newest first, on which a site drifted for so long that it is its usual now.

    They last from one end of `WINDOW` to the other, with no night between that was well. What was told only on the
    third night had begun on the first, and is usual with them.
    """
    out: set[date] = set()
    row: list[int] = []
    for at in [*reversed(range(len(nights))), None]:
        if at is not None and drifting[at]:
            row.append(at)
        elif row and (at is None or well[at]):
            if nights[row[-1]] - nights[row[0]] >= WINDOW - timedelta(days=1):
                out.update(nights[one] for one in (*row, *range(row[0] + 1, min(row[0] + LASTING, len(nights)))))
            row = []
    return out


def _edition(run: PastRun) -> int:
    """With which edition of its site's layouts a run read."""
    return int(run.counts.get("drift/edition", 0))


def _added(counts: Iterable[Mapping[str, Any]]) -> Counter[str]:
    out: Counter[str] = Counter()
    for one in counts:
        out.update({name: number for name, number in one.items() if isinstance(number, int)})
    return out


def _usual(nights: Sequence[Night], runs: Sequence[PastRun]) -> tuple[Night, ...]:
    """The nights that tell what is usual, of `nights` that come newest first: those that were well.

    Thin ones do not, or a site that gives little for good would be well on the second night; if they were all so from
    one end of `WINDOW` to the other, that is what it gives now.
    """
    healths: dict[date | None, set[Health | None]] = {}
    for run in runs:
        if not says_nothing(run) and run.outcome is not RunOutcome.STOPPED:
            healths.setdefault(run.night, set()).add(run.health)
    out: list[Night] = []
    thin: list[Night] = []
    for one in reversed(nights):
        health = healths.get(one.night, set())
        if Health.OK in health:
            out += [*_lasting(thin), one]
            thin = []
        elif Health.THIN in health:
            thin.append(one)
    return tuple(reversed([*out, *_lasting(thin)]))[:NIGHTS]


def _lasting(thin: Sequence[Night]) -> Sequence[Night]:
    """Thin nights one after the other if they are so many that they are usual; else none."""
    return thin if thin and thin[-1].night - thin[0].night >= WINDOW - timedelta(days=1) else ()


def says_nothing(run: PastRun) -> bool:
    """Whether a run tells nothing of its site: it was lost, stopped before it saw anything, or asked for nothing."""
    if run.outcome is RunOutcome.STOPPED:
        return not saw(run.counts)
    return run.outcome is RunOutcome.LOST or only_waits(run.counts)


def saw(counts: Mapping[str, Any]) -> bool:
    """Whether anything of the site came."""
    return any(counts.get(name) for name in ("answered", "listed", "read", "new", "revised", "unchanged", "rejected"))


def ran_out(run: PastRun) -> bool:
    """Whether a run was stopped since its time was over."""
    until = run.arguments.get("until")
    if run.outcome is not RunOutcome.STOPPED or until is None or run.finished_at is None:
        return False
    return run.finished_at >= datetime.fromisoformat(until)


def _ran_out_before(runs: Sequence[PastRun]) -> int:
    """On how many nights in a row the time was over, by runs, the newest first; lost ones do not count."""
    nights: dict[date | None, list[PastRun]] = {}
    for run in runs:
        nights.setdefault(run.night, []).append(run)
    row = 0
    for those in nights.values():
        if any(one.outcome in _THROUGH for one in those):
            break
        row += any(ran_out(one) for one in those)
    return row


def is_night(run: PastRun) -> bool:
    """Whether a run was one of the schedule's, of the whole site: only such are compared with each other."""
    return run.night is not None and not is_part(run)


def is_part(run: PastRun) -> bool:
    """Whether a run was told to crawl a part of its site."""
    return not TOLD.isdisjoint(run.arguments)


def _nights(runs: Sequence[PastRun]) -> Iterator[Night]:
    """The nights of runs that come newest first; what runs by hand had found since the night before is a night's too.

    One for a range of days finds what is old, and counts to none.
    """
    out: list[Night] = []
    by_hand = 0
    for run in reversed(runs):
        new = run.counts.get("new", 0)
        if run.night is None or is_part(run):
            by_hand += 0 if {"start", "end"} & run.arguments.keys() else new
            continue
        if out and out[-1].night == run.night:
            out[-1] = Night(run.night, out[-1].new + new + by_hand, run.counts)
        else:
            out.append(Night(run.night, new + by_hand, run.counts))
        by_hand = 0
    return reversed(out)


def _no_address_since(earlier: Sequence[PastRun]) -> datetime | None:
    since = None
    for run in earlier:
        if says_nothing(run):
            continue
        if run.health is not None and run.cause != Cause.DNS:
            break
        since = run.started_at if run.health is not None else since
    return since


def silence_of(published: Sequence[date], today: date) -> Silence | None:
    """The silence of a site that published on these days, in their order; None where there are none."""
    days = [day for day in published if day <= today]
    if not days:
        return None
    gaps = [(later - day).days for day, later in pairwise(days)]
    return Silence((today - days[-1]).days, max(gaps, default=0), len(gaps))


def usual_new(past: Past, night: date) -> float | None:
    """The median of new articles on the nights of the same weekday; None where there are too few."""
    same = [one.new for one in past.nights if one.night.weekday() == night.weekday()]
    return median(same) if len(same) >= SAME_WEEKDAY else None


_SHAPE: Final = tuple(f"rejected/{reason}" for reason, cause in REFUSALS.items() if cause is Cause.LAYOUT)


def pages_of(counts: Mapping[str, Any]) -> Counter[str]:
    """The pages of a run: ``read`` as articles, refused by their shape, refused for what else."""
    shape = sum(counts.get(name, 0) for name in _SHAPE)
    other = sum(counts.get(f"rejected/{reason}", 0) for reason, cause in REFUSALS.items() if cause is not Cause.LAYOUT)
    return Counter({"read": counts.get("read", 0), "refused-shape": shape, "refused-else": other})


def unfit_share(sample: Mapping[str, Any]) -> float:
    """The share of pages that fit no layout among those that were read, or refused by their shape."""
    shape = pages_of(sample)["refused-shape"]
    of = sample.get("read", 0) + shape
    return (sample.get("whole_page", 0) + shape) / of if of else 0.0


def enough(runs: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """The counts of the first runs together that have `PAGES` pages; of all where they have fewer."""
    out: Counter[str] = Counter()
    for counts in runs:
        out = _added((out, counts))
        if pages_of(out).total() >= PAGES:
            break
    return out


def samples_of(runs: Sequence[Mapping[str, Any]]) -> list[Counter[str]]:
    """The runs by so many at once as have `PAGES` pages together; a last one with fewer is left out."""
    out, left = [], list(runs)
    while left:
        sample: Counter[str] = Counter()
        while left and pages_of(sample).total() < PAGES:
            sample = _added((sample, left.pop(0)))
        if pages_of(sample).total() >= PAGES and sample["read"]:
            out.append(sample)
    return out
