"""The plan: when each site is due in a night, and what a night still owes it. Nothing here reads the clock."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from archive.models import RunOutcome
from archive.runs import RunRecord
from crawler.timing import DAY, NIGHTLY, Timing

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

LONGEST_REACH = 512
"""Days within which a cron line's last time is looked for: a year and more, for one that comes once a year."""

ROOM = timedelta(hours=1)
"""So long before its window's end, or a third of the window, no site begins: a quiet night takes a site a minute or
two, a busy one some hundred articles at a request every 1.5 to 1.9 seconds."""

MOST_LOST = 3
"""So often a night begins a site anew whose runs were lost; then something is wrong that a fourth would not mend."""

THROUGH = (RunOutcome.FINISHED, RunOutcome.FAILED, RunOutcome.BLOCKED, RunOutcome.SKIPPED)
"""What a run may end with after which its night does not crawl the site again: it asked, and it was answered."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A site's turn in a night: when it is planned to begin, and when it is ended.

    It is `caught_up` if its window is over.
    """

    site: str
    night: date
    begins: datetime
    until: datetime
    caught_up: bool = False


class Standing(StrEnum):
    """How a night stands with a site: its turn is owed or under way, it is through, or too many runs were lost."""

    OWED = "owed"
    UNDER_WAY = "under way"
    THROUGH = "through"
    GIVEN_UP = "given up"


def night_of(instant: datetime, timing: Timing = NIGHTLY) -> date:
    """The night whose window is open at `instant`, or was the last one to be; it is named after the day it ends on."""
    today = instant.astimezone(ZONE).date()
    nights = (today + step * DAY for step in (1, 0, -1))
    return next(night for night in nights if _begins(night, timing) <= instant)


def start_of(site: str, night: date, timing: Timing = NIGHTLY) -> datetime | None:
    """When `site` begins in `night`; None if its cron names no time of that night, and the first if it names several.

    Its place in the window follows from its id alone, and is varied by the night: the same whoever asks, and whenever.
    """
    if timing.cron is not None:
        midnight = datetime.combine(night, time(), ZONE) - timing.length
        fire = _fires(timing.cron, midnight)
        return fire if fire is not None and fire < midnight + DAY else None
    room = min(ROOM, timing.length / 3)
    spread = timing.length - timing.jitter - room
    ahead = _share(site) * spread + _share(f"{site} {night.isoformat()}") * timing.jitter
    return _begins(night, timing) + timedelta(seconds=int(ahead.total_seconds()))


def next_turn(site: str, timing: Timing, after: datetime) -> Turn | None:
    """The first turn of the site that is planned to begin after `after`; None if its cron never comes again."""
    if timing.cron is None:
        night = night_of(after, timing)
        starts = ((one, start_of(site, one, timing)) for one in (night, night + DAY, night + 2 * DAY))
        return next(_turn(site, one, start, timing) for one, start in starts if start is not None and start > after)
    while True:
        fire = _fires(timing.cron, after + timedelta(seconds=1))
        if fire is None:
            return None
        night = (fire + timing.length).date()
        start = start_of(site, night, timing)
        if start is not None and start > after:
            return _turn(site, night, start, timing)
        # A further time of the same night, which has begun the site once.
        after = datetime.combine(night + DAY, time(), ZONE) - timing.length - timedelta(seconds=1)


def last_turn(site: str, timing: Timing, now: datetime) -> Turn | None:
    """The site's latest turn that should have begun by `now`: it is owed until the next one comes.

    One whose window is over is caught up: it may take as long as a window is. None if a cron line has named no time
    for `LONGEST_REACH` days.
    """
    found = _last_start(site, timing, now)
    if found is None:
        return None
    night, start = found
    turn = _turn(site, night, start, timing)
    return turn if now < turn.until else Turn(site, night, start, now + timing.length, caught_up=True)


def _last_start(site: str, timing: Timing, now: datetime) -> tuple[date, datetime] | None:
    """The night of the site's latest turn by `now`, and when that was planned to begin."""
    today = now.astimezone(ZONE).date()
    if timing.cron is None:
        nights = (today + step * DAY for step in (1, 0, -1))
        starts = ((night, start_of(site, night, timing)) for night in nights)
        return next((night, start) for night, start in starts if start is not None and start <= now)
    # Cron lines are read forwards only: from ever farther back, then on to the last time by now.
    midnight, reach = datetime.combine(today + DAY, time(), ZONE) - timing.length, 2
    while (start := _fires(timing.cron, midnight - reach * DAY)) is None or start > now:
        if start is None or reach >= LONGEST_REACH:
            return None
        reach *= 2
    while (following := next_turn(site, timing, start)) is not None and following.begins <= now:
        start = following.begins
    return (start + timing.length).date(), start


def standing(runs: Sequence[RunRecord]) -> Standing:
    """How a night stands with a site, by the runs that it has made of it so far."""
    if any(run.outcome in THROUGH for run in runs):
        return Standing.THROUGH
    if any(run.outcome is RunOutcome.RUNNING for run in runs):
        return Standing.UNDER_WAY
    # What ended because its time was over goes on the next night.
    if any(_had_its_time(run) for run in runs):
        return Standing.THROUGH
    lost = sum(run.outcome is RunOutcome.LOST for run in runs)
    return Standing.GIVEN_UP if lost >= MOST_LOST else Standing.OWED


def _had_its_time(run: RunRecord) -> bool:
    until = run.arguments.get("until")
    return until is not None and run.finished_at is not None and run.finished_at >= datetime.fromisoformat(until)


def _turn(site: str, night: date, start: datetime, timing: Timing) -> Turn:
    over = start + timing.length if timing.cron is not None else _begins(night, timing) + timing.length
    return Turn(site, night, start, over)


def _begins(night: date, timing: Timing) -> datetime:
    """When the window of a night opens."""
    return datetime.combine(night, timing.window[1], ZONE) - timing.length


@lru_cache(maxsize=4096)
def _fires(cron: str, after: datetime) -> datetime | None:
    """The first time at or after an instant that a cron line names.

    Kept, for the scheduler asks the same every minute, and a line without a time ahead costs half a second.
    """
    found: datetime | None = CronTrigger.from_crontab(cron, ZONE).get_next_fire_time(None, after.astimezone(ZONE))
    return found


def _share(of: str) -> float:
    """A number from 0 up to 1 that follows from `of`: the same on every machine, and spread evenly."""
    return int.from_bytes(hashlib.sha256(of.encode()).digest()[:8]) / 2**64
