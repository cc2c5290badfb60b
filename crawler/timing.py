"""When a site is crawled at night, as its declaration says it."""

from dataclasses import dataclass
from datetime import time, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Timing:
    """When a night crawls a site, in Vietnam's time.

    `window` is when a crawl may begin and when it is ended, over midnight if it ends before it begins. The site's
    place in it follows from its id, varied each night by up to `jitter`. The default keeps off the day's readers, and
    off 05:00, when newsrooms begin. `cron` (five fields; days of the week by name, since the scheduler counts them from
    Monday) says the beginning instead; then the window only says how long a crawl may take. `budget` is the most
    requests that a night sends to it, None as many as there is time for. Raises ValueError naming what is wrong.
    """

    window: tuple[time, time] = (time(0, 30), time(5, 0))
    cron: str | None = None
    jitter: timedelta = timedelta(minutes=10)
    budget: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no night could be planned by."""
        begin, end = self.window
        if begin == end or begin.tzinfo or end.tzinfo:
            raise ValueError(f"window {begin} to {end}: give two different times of day without an offset")
        if not timedelta(0) <= self.jitter <= self.length / 2:
            raise ValueError(f"jitter {self.jitter}: give at most half of the window, which is {self.length} long")
        if self.budget is not None and self.budget < 1:
            raise ValueError(f"budget {self.budget}: give the requests of a night, at least 1, or None for no bound")
        if self.cron is not None:
            # Not at the top: crawls import declarations, and few sites have one.
            from apscheduler.triggers.cron import CronTrigger

            try:
                CronTrigger.from_crontab(self.cron, "Asia/Ho_Chi_Minh")
            except ValueError as error:
                raise ValueError(f"cron {self.cron!r}: {error}") from error

    @property
    def length(self) -> timedelta:
        """How long the window is, and so how long a crawl may take."""
        begin, end = (timedelta(hours=one.hour, minutes=one.minute, seconds=one.second) for one in self.window)
        return (end - begin) % DAY


NIGHTLY = Timing()
"""When a site is crawled whose declaration does not say it."""
