"""The scheduler: every night, in Vietnam's time, one scheduler at a time."""

import fcntl
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from archive.database import ArchiveError
from archive.settings import Settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

GRACE_SECONDS = 12 * 3600
"""A night missed by up to half a day is caught up; the scheduler's default of 1 s would skip it in silence."""


def missed(at: time, last_run: datetime | None, now: datetime) -> bool:
    """Whether a night was due within the grace before `now` and nothing has run since it was.

    `last_run` is when a crawl last began, None if none ever did: then there is nothing to catch up.
    """
    due = datetime.combine(now.astimezone(ZONE).date(), at, ZONE)
    if due > now:
        due -= timedelta(days=1)
    return last_run is not None and last_run < due and now - due <= timedelta(seconds=GRACE_SECONDS)


def beginning(at: str) -> time:
    """The time of day that `at` (HH:MM) names. Raises ValueError if it names none."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)
    if not match:
        raise ValueError(f"--at {at!r}: give a time of day as HH:MM, such as 00:30")
    return time(int(match[1]), int(match[2]))


def run_nightly(night: Callable[[], None], at: str, settings: Settings, last_run: datetime | None) -> None:
    """Call `night` every day at `at` (HH:MM) until the process is ended, and at once if one was missed.

    `last_run` is when a crawl last began. Raises ValueError if `at` is no time of day, ArchiveError if
    another scheduler runs on the same data.
    """
    begins = beginning(at)
    settings.locks.mkdir(parents=True, exist_ok=True)
    path = settings.locks / "scheduler.lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArchiveError(f"another scheduler already runs on {settings.data}; stop it first") from error
        scheduler = BlockingScheduler(timezone=ZONE)
        if missed(begins, last_run, settings.clock.now()):
            night()
        scheduler.add_job(
            night,
            CronTrigger(hour=begins.hour, minute=begins.minute, timezone=ZONE),
            id="nightly",
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=GRACE_SECONDS,
        )
        scheduler.start()
