"""How all sites stand at a moment, the worst first: what `baotinh status` shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy.orm import Session

from archive.models import Health
from archive.query import SiteStatus, site_status
from archive.schedule import muted, paused
from archive.sites import disabled
from archive.verdicts import Judged, last_night, nights_since, standing
from schedules.causes import Cause, next_step
from schedules.past import SAME_WEEKDAY, WINDOW

BLOCKS = "▁▂▃▄▅▆▇█"
"""From nothing new to as much as ever; a night without a run is a gap."""

OUTLIER = 4
"""Nights with so many times the median are drawn as high as the highest of the others: the first crawl takes years."""


@dataclass(frozen=True)
class NightPoint:
    """A night in a site's series: its new articles and how it was judged; None and None where there was no run."""

    night: date
    new: int | None
    health: Health | None


@dataclass(frozen=True)
class SiteHealth:
    """How one site stands. `health` is None if no run of it was ever judged.

    `new` are the articles of the last night of all, None if the site was not crawled in it; `usual` those of the same
    weekday. `points` are the nights of four weeks, the oldest first.
    """

    kept: SiteStatus
    health: Health | None
    cause: str | None
    fields: tuple[str, ...]
    words: str
    since: datetime | None
    new: int | None
    usual: float | None
    points: tuple[NightPoint, ...]
    muted_until: datetime | None

    @property
    def site(self) -> str:
        """The id of the site."""
        return self.kept.site

    @property
    def next_step(self) -> str:
        """What an operator does about it; empty if nothing."""
        return next_step(self.cause, self.site)


def overview(session: Session, now: datetime) -> list[SiteHealth]:
    """How every site of the archive stands at `now`, the worst first, then by id."""
    night = last_night(session) or now.date()
    series = nights_since(session, night - WINDOW + timedelta(days=1))
    judged, closed, off, quiet = standing(session), paused(session, now), disabled(session), muted(session, now)
    out = []
    for kept in site_status(session):
        one, runs = judged.get(kept.site), series.get(kept.site, ())
        health, cause, words, since = (
            (one.health, one.cause, one.words, one.since) if one else (None, None, "no run of it was judged", None)
        )
        if kept.site in off:
            health, cause, words, since = Health.PAUSED, Cause.DISABLED.value, off[kept.site], None
        elif kept.site in closed:
            pause = closed[kept.site]
            until = f"until {pause.until:%Y-%m-%d %H:%M}" if pause.until else "until it is resumed"
            words = f"{until}{f': {pause.reason}' if pause.reason else ''}"
            health, cause, since = Health.PAUSED, Cause.OPERATOR.value, pause.paused_at
        points = points_of(runs, night)
        fields = one.fields if one is not None and one.cause == cause else ()
        out.append(
            SiteHealth(
                kept=kept,
                health=health,
                cause=cause,
                fields=fields,
                words=words,
                since=since,
                new=points[-1].new,
                usual=usual_of(points),
                points=points,
                muted_until=quiet.get(kept.site),
            )
        )
    order = list(Health)
    return sorted(out, key=lambda one: (order.index(one.health) if one.health else len(order), one.site))


def points_of(runs: Iterable[Judged], last: date) -> tuple[NightPoint, ...]:
    """The nights of four weeks up to `last`, the oldest first, with what `runs` of a site found in them."""
    new: dict[date, int] = {}
    health: dict[date, Health] = {}
    for run in runs:
        if run.night is not None:
            new[run.night] = new.get(run.night, 0) + run.counts.get("new", 0)
            health[run.night] = run.health
    days = (last - timedelta(days=back) for back in range(WINDOW.days - 1, -1, -1))
    return tuple(NightPoint(day, new.get(day), health.get(day)) for day in days)


def usual_of(points: Sequence[NightPoint]) -> float | None:
    """The median of new articles on the earlier nights of the last one's weekday that were well; None of too few."""
    same = [one.new for one in points[-8::-7] if one.new is not None and one.health is Health.OK]
    return median(same) if len(same) >= SAME_WEEKDAY else None


def sparkline(points: Sequence[NightPoint]) -> str:
    """The new articles of nights as blocks, a character each."""
    values = [one.new for one in points if one.new]
    usual = [number for number in values if number <= OUTLIER * median(values)]
    most = max(usual, default=1)
    return "".join(
        " " if one.new is None else BLOCKS[min(-(-one.new * (len(BLOCKS) - 1) // most), len(BLOCKS) - 1)]
        for one in points
    )


def as_json(one: SiteHealth) -> Mapping[str, object]:
    """How a site stands, as JSON takes it: instants in ISO 8601, numbers as they are."""
    kept, run = one.kept, one.kept.last_run
    return {
        "site": kept.site,
        "title": kept.title,
        "family": kept.family,
        "health": one.health,
        "cause": one.cause,
        "fields": list(one.fields),
        "words": one.words,
        "next_step": one.next_step or None,
        "since": _iso(one.since),
        "muted_until": _iso(one.muted_until),
        "new": one.new,
        "usual": one.usual,
        "nights": [{"night": p.night.isoformat(), "new": p.new, "health": p.health} for p in one.points],
        "last_run": run
        and {
            "started_at": _iso(run.started_at),
            "finished_at": _iso(run.finished_at),
            "outcome": run.outcome,
            "reason": run.reason,
            "counts": dict(run.counts),
        },
        "articles": kept.articles,
        "texts": kept.texts,
        "syllables": kept.syllables,
        "first_published": _iso(kept.first_published),
        "last_published": _iso(kept.last_published),
        "waiting": kept.pending,
        "rejected": kept.rejected,
        "taken_down": kept.excluded,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
