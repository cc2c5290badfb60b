"""The scheduler: every site once a night, in Vietnam's time, one scheduler at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor as Threads
from datetime import date, datetime, time, timedelta
from functools import partial

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MISSED,
    EVENT_JOB_SUBMITTED,
    JobEvent,
)
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from archive.clock import VARIABLE, Clock
from archive.database import ArchiveError, Claim, reading
from archive.schedule import wanted
from crawler.sites import all_sites
from crawler.timing import DAY, Timing
from schedules.lock import SchedulerRuns, one_scheduler
from schedules.plan import ZONE, next_turn, night_of
from schedules.turns import Done, Turns

HOUSEKEEPING_SECONDS = 60
"""How often the scheduler looks for lost runs, for sites added or paused meanwhile, and whether the night is over."""

WANTED_SECONDS = 3
"""How often it looks whether an operator wants a site crawled at once."""

REPORT_AT = time(6, 0)
"""When a night is told of that is not through: before an office opens."""

REAL = Clock()
"""What APScheduler goes by, whatever the archive's clock shows."""

_SUBMITTED = EVENT_JOB_SUBMITTED
_OVER = EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED


class PlannedTurns(BaseTrigger):  # type: ignore[misc]
    """Fires when a site's turn begins by the archive's clock, in real time as APScheduler keeps it."""

    def __init__(self, site: str, timing: Timing, clock: Clock) -> None:
        self.site, self.timing, self.clock = site, timing, clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The real instant of the first turn after the previous one, or after `now`; None if there is none.

        Turns of a site are hours apart, so a minute makes up for what is rounded between the two times.
        """
        after = self.clock.shown(previous_fire_time or now)
        turn = next_turn(self.site, self.timing, after + timedelta(minutes=1) if previous_fire_time else after)
        return self.clock.real(turn.begins) if turn else None


class Nights:
    """Carries out the nights of an archive, at most `at_once` sites at a time."""

    def __init__(self, turns: Turns, at_once: int) -> None:
        self.turns, self.at_once = turns, at_once
        self._told: date | None = None

    def once(self) -> tuple[list[Done], list[str]]:
        """Carry out what is due now, with what was missed or is wanted.

        Gives what came of each turn, and the sites whose turn is still owed, since they could not be begun. Raises
        SchedulerRuns if a scheduler runs, ArchiveError if the database fails.
        """
        with one_scheduler(self.turns.settings, engine_of(self.turns)):
            threads = Threads(self.at_once)
            try:
                return self._once(threads)
            finally:
                end_in_order(self.turns, lambda: threads.shutdown(wait=False, cancel_futures=True))

    def _once(self, threads: Threads) -> tuple[list[Done], list[str]]:
        turns = self.turns
        turns.close_lost()
        with reading(turns.sessions) as session:
            at_once = wanted(session)
        done = [one for one in threads.map(partial(turns.take, wanted=True), at_once) if one]
        failed = set[str]()
        while owed := [turn.site for turn in turns.owed() if turn.site not in failed]:
            for site, one in zip(owed, threads.map(self._take_rested, owed), strict=True):
                if one is None:
                    failed.add(site)
                else:
                    done.append(one)
        return done, [turn.site for turn in turns.owed()]

    def _take_rested(self, site: str) -> Done | None:
        self.turns.ending.wait(self.turns.rest(site))
        return self.turns.take(site)

    def tell_after(self, done: Iterable[Done]) -> None:
        """Tell of the latest night if it is over; before it of the one before, if something of that was caught up.

        Raises schedules.notify.NotTold if nobody could be told.
        """
        before = night_of(self.turns.now()) - DAY
        if any(one.night == before for one in done):
            self.turns.afterwards.tell(before)
        self.tell_if_over()

    def tell_if_over(self) -> None:
        """Tell of the latest night once it is through, or its report is due; of the first one only if it had a run."""
        now = self.turns.now()
        night = night_of(now)
        first = self.turns.runs.first_night()
        if self._told == night or first is None or night < first:
            return
        if now >= datetime.combine(night, REPORT_AT, ZONE) or self.turns.is_through(night):
            self.turns.afterwards.tell(night)
            self._told = night


class Scheduler:
    """The scheduler of an archive, that runs until it is ended: a job a site, and two that look after things."""

    def __init__(self, nights: Nights) -> None:
        self.nights, self.turns = nights, nights.turns
        pools = {"default": ThreadPoolExecutor(2), "crawls": ThreadPoolExecutor(nights.at_once)}
        self._scheduler = BlockingScheduler(timezone=ZONE, executors=pools)
        self._in_hand = Counter[str]()
        self._failure: ArchiveError | None = None
        self._trouble = ""

    def run(self) -> None:
        """Carry out nights until the process is told to end, or another scheduler has taken the archive over.

        Raises SchedulerRuns for the latter, at once or later, and ValueError if the clock stands still.
        """
        clock = self.turns.settings.clock
        if clock.start is not None and not clock.speed:
            raise ValueError(
                f"{VARIABLE} stands still, so that nothing is ever due later; give it a speed (x1), or carry out "
                "what is due at that instant by `baotinh schedule run --once`"
            )
        with one_scheduler(self.turns.settings, engine_of(self.turns)) as claim:
            self._scheduler.add_listener(self._note, _SUBMITTED | _OVER)
            keep_house = partial(self._without_trouble, partial(self._keep_house, claim))
            self._every(HOUSEKEEPING_SECONDS, keep_house, "housekeeping")
            self._every(WANTED_SECONDS, partial(self._without_trouble, self._begin_wanted), "wanted")
            try:
                self._scheduler.start()
            finally:
                end_in_order(self.turns, self._shut_down)
        if self._failure is not None:
            raise self._failure

    def _every(self, seconds: int, call: Callable[[], None], name: str) -> None:
        self._scheduler.add_job(
            call,
            IntervalTrigger(seconds=seconds, timezone=ZONE),
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=REAL.now(),
        )

    def _shut_down(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _note(self, event: JobEvent) -> None:
        # Counted, for the word that a job is over may come before the word that it was handed over.
        self._in_hand[event.job_id] += 1 if event.code == _SUBMITTED else -1

    def _without_trouble(self, call: Callable[[], None]) -> None:
        """Do what is done again soon; say what kept it from it, once."""
        try:
            call()
        except ArchiveError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self.turns.say(f"{error}; tried again every minute")
        else:
            self._trouble = ""

    def _keep_house(self, claim: Claim) -> None:
        try:
            claim.renew()
        except SchedulerRuns as error:
            self._failure = error
            self._scheduler.shutdown(wait=False)
            return
        self.turns.close_lost()
        # Spiders may have been added or renamed.
        all_sites.cache_clear()
        self._plan(self.turns.scheduled())
        for turn in self.turns.owed(first_ones_wait=True):
            name = _job(turn.site)
            if not self._in_hand[name] and not self.turns.rest(turn.site) and self._scheduler.get_job(name):
                self._scheduler.modify_job(name, next_run_time=REAL.now())
        self.nights.tell_if_over()

    def _plan(self, timings: Mapping[str, Timing]) -> None:
        """See to it that each site scheduled has its job, and no other has one."""
        clock = self.turns.settings.clock
        jobs = {job.trigger.site: job for job in self._scheduler.get_jobs() if isinstance(job.trigger, PlannedTurns)}
        for site, job in jobs.items():
            if site not in timings:
                job.remove()
                self.turns.say(f"{site}: scheduled no more")
        for site, timing in timings.items():
            if site in jobs and jobs[site].trigger.timing == timing:
                continue
            job = self._scheduler.add_job(
                self.turns.take,
                PlannedTurns(site, timing, clock),
                args=(site,),
                id=_job(site),
                executor="crawls",
                replace_existing=True,
                coalesce=True,
                max_instances=1,
                # What is owed by then, `take` asks itself.
                misfire_grace_time=None,
            )
            following = next_turn(site, timing, self.turns.now())
            self.turns.say(
                f"{site}: scheduled, {f'next at {following.begins:%Y-%m-%d %H:%M}' if following else 'never'}"
            )

    def _begin_wanted(self) -> None:
        with reading(self.turns.sessions) as session:
            sites = wanted(session)
        for site in sites:
            name = f"{site} wanted"
            if self._in_hand[name] or self.turns.is_under_way(site) or self.turns.rest(site):
                continue
            if site not in all_sites():
                all_sites.cache_clear()
            self._scheduler.add_job(
                self.turns.take,
                args=(site,),
                kwargs={"wanted": True},
                id=name,
                executor="crawls",
                replace_existing=True,
                misfire_grace_time=None,
            )


def engine_of(turns: Turns) -> Engine:
    """The engine that the turns' sessions are on."""
    engine = turns.sessions.kw["bind"]
    assert isinstance(engine, Engine)
    return engine


def end_in_order(turns: Turns, begin_no_more: Callable[[], None]) -> None:
    """End the crawls under way in order and wait for that; a second interrupt ends them at once."""
    try:
        turns.ending.set()
        begin_no_more()
        turns.wait()
    except BaseException:
        turns.kill()
        raise


def _job(site: str) -> str:
    return f"{site} nightly"
