"""Turns: what the nights owe the sites, and how one turn is carried out, from the crawl to its verdict."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from archive.captures import is_written
from archive.database import ArchiveError, Sessions, SiteLock, SiteTaken, reading
from archive.models import RunOutcome
from archive.patience import Patience
from archive.runs import OpenRun, Runs, is_ours
from archive.schedule import paused, take_wanted, wanted_since
from archive.settings import Settings
from archive.sites import disabled, first_checks, last_checks, site_key
from crawler.sites import all_sites, find_site
from crawler.timing import Timing
from schedules.plan import MOST_LOST, THROUGH, Standing, Turn, last_turn, standing, start_of
from schedules.runs import POLL_SECONDS, STOP_SECONDS, Child, Order

JUDGED_BACK = timedelta(days=7)
"""Runs of nights so long past are judged that were not when they ended: reports of older ones are of no use."""

ORPHAN_SECONDS = 10.0
"""How long a crawl that another process began is waited for: one whose scheduler died ends within 6.5 s."""

FOREIGN_SILENCE = timedelta(minutes=5)
"""A run of another machine is lost after so long without a beat, if nobody holds its site: a crawl that waits for a
database makes its claim again within two minutes (`archive.patience.WAIT_SECONDS`)."""

REST_SECONDS = 15.0
"""Real seconds before a site whose run was lost is begun anew; four times as long after each further loss."""

LONG_REST = 60.0
"""Real seconds before a site is tried again that could not be begun."""


@dataclass(frozen=True)
class Done:
    """What came of a turn: how its crawl ended and why, what it counted; `trouble` is why it needs a person, if so.

    `night` is None for a run that was wanted at once.
    """

    site: str
    night: date | None
    outcome: RunOutcome
    reason: str | None
    counts: Mapping[str, int]
    trouble: str | None


@dataclass(frozen=True)
class Afterwards:
    """What others do when a run has ended, and when a night has.

    `judge` gets the key of an ended run and says why its site needs a person, None if it does not; `tell` gets a night
    and tells of it, once however often it is called.
    """

    judge: Callable[[int], str | None]
    tell: Callable[[date], object]


@dataclass
class Turns:
    """Carries out turns, each in the thread that asks for it.

    `overrides` are Scrapy settings of every crawl. `say` gets one line an event. Once `ending` is set, crawls under
    way are ended in order and none is begun.
    """

    settings: Settings
    sessions: Sessions
    afterwards: Afterwards
    say: Callable[[str], None]
    overrides: Mapping[str, str] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Begin with no turn under way."""
        self.runs = Runs(self.sessions, self.settings.clock)
        self._lock = threading.Lock()
        self._sites = set[str]()
        self._children = set[Child]()
        self._resting: dict[str, float] = {}
        self._losses = Counter[str]()

    # -- what is owed -----------------------------------------------------------------------------
    def scheduled(self) -> dict[str, Timing]:
        """When nights crawl each site that they take: checked on the live site, neither disabled nor paused."""
        with reading(self.sessions) as session:
            checks, reasons, pauses = last_checks(session), disabled(session), paused(session, self.now())
        return {
            name: site.timing
            for name, site in all_sites().items()
            if name in checks and name not in reasons and name not in pauses
        }

    def owed(self, *, first_ones_wait: bool = False) -> list[Turn]:
        """The turns that should have begun by now and are not through, the earliest first.

        Those that another process has under way are among them: it may be the orphan of a scheduler that died. Where
        `first_ones_wait`, a site that was first checked after its turn is not owed it once the window is over: a
        first crawl takes hours, and the night is there for it.
        """
        now = self.now()
        due = [turn for site, timing in self.scheduled().items() if (turn := last_turn(site, timing, now))]
        if first_ones_wait:
            with reading(self.sessions) as session:
                since = first_checks(session)
            due = [turn for turn in due if since[turn.site] <= turn.begins or not turn.caught_up]
        made = self.runs.of_nights({turn.night for turn in due})
        open_ones = (Standing.OWED, Standing.UNDER_WAY)
        left = [turn for turn in due if standing(made.get((turn.site, turn.night), ())) in open_ones]
        return sorted(left, key=lambda turn: (turn.begins, turn.site))

    def is_through(self, night: date) -> bool:
        """Whether a night owes no scheduled site anything any more, nor will."""
        if self.runs.unjudged(night):
            return False
        made = self.runs.of_nights({night})
        over = (Standing.THROUGH, Standing.GIVEN_UP)
        return all(
            standing(made.get((site, night), ())) in over
            for site, timing in self.scheduled().items()
            if start_of(site, night, timing) is not None
        )

    def rest(self, site: str) -> float:
        """How many real seconds the site is to be left alone yet, since its last run was lost or it was busy."""
        return max(0.0, self._resting.get(site, 0.0) - time.monotonic())

    def is_under_way(self, site: str) -> bool:
        """Whether this process carries out a turn of the site."""
        return site in self._sites

    def now(self) -> datetime:
        """The current instant."""
        return self.settings.clock.now()

    # -- runs of processes that died --------------------------------------------------------------
    def close_lost(self) -> None:
        """Close the runs as lost that say they are under way while no process holds their site, and judge them.

        Judge too what ended while nobody was there to judge it: the scheduler had died, or the database was away.
        """
        for run in self.runs.under_way():
            if not self.is_under_way(run.site):
                self._close_if_lost(run)
        for key, site in self.runs.unjudged(self.now().date() - JUDGED_BACK):
            if not self.is_under_way(site):
                self.afterwards.judge(key)

    def _close_if_lost(self, run: OpenRun) -> None:
        if self._is_held(run.site, run.site_key):
            if run.night is not None and is_ours(run.host) and self.runs.is_silent(run.heartbeat_at):
                self._kill_hung(run)
            return
        known = is_ours(run.host) or self.runs.is_silent(run.heartbeat_at, FOREIGN_SILENCE)
        if known and self.runs.lose(run.key):
            self.say(f"{run.site}: process {run.pid} ended without a word; its run is closed as lost")
            self.afterwards.judge(run.key)

    def _kill_hung(self, run: OpenRun) -> None:
        """End the orphan of a former scheduler that hangs and so does not see that it is one: it holds its site."""
        try:
            command = Path(f"/proc/{run.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return
        # Process ids come again.
        if b"crawl" in command and run.site.encode() in command:
            self.say(f"{run.site}: process {run.pid} has hung since {run.heartbeat_at:%Y-%m-%d %H:%M} and is killed")
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGKILL)

    def _is_held(self, site: str, site_id: int) -> bool:
        if is_written(self.settings.captures, site):
            return True
        engine = self.sessions.kw["bind"]
        assert isinstance(engine, Engine)
        try:
            SiteLock(engine, site_id, site).close()
        except SiteTaken:
            return True
        return False

    # -- one turn ---------------------------------------------------------------------------------
    def take(self, site: str, *, wanted: bool = False) -> Done | None:
        """Carry out the turn of `site` that is owed, or a run that is `wanted` whatever the night says.

        None if there was nothing to do, or the site could not be begun now: another crawl of it is under way, or the
        database is away. Then it rests, and is still owed.
        """
        with self._alone_with(site) as alone:
            if not alone:
                return None
            try:
                return self._take(site, wanted)
            except ArchiveError as error:
                self.say(f"{site}: {error}")
                self._resting[site] = time.monotonic() + LONG_REST
                return None

    def kill(self) -> None:
        """End what is under way at once: its runs are lost, not its data."""
        with self._lock:
            for child in self._children:
                child.kill()

    def wait(self) -> None:
        """Wait until no turn is under way, once `ending` is set."""
        while self._sites:
            time.sleep(POLL_SECONDS / 4)

    @contextmanager
    def _alone_with(self, site: str) -> Iterator[bool]:
        with self._lock:
            alone = site not in self._sites and not self.ending.is_set()
            if alone:
                self._sites.add(site)
        try:
            yield alone
        finally:
            if alone:
                with self._lock:
                    self._sites.discard(site)

    def _take(self, site: str, wanted: bool) -> Done | None:
        with reading(self.sessions) as session:
            key = site_key(session, site)
        if key is None:
            raise ArchiveError(f"the archive has no site of this id; `baotinh sites check {site} --live` registers it")
        if not self._is_free(site, key):
            self._busy(site)
            return None
        order = self._wanted(site, key) if wanted else self._owed(site)
        if order is None or self.ending.is_set():
            return None
        until = order.until
        assert until is not None, "every turn has its end"
        self.say(f"{site}: begins, {f'night {order.night}' if order.night else 'wanted at once'}, until {until:%H:%M}")
        child = Patience()(partial(Child, order, self.settings, self.runs))
        with self._lock:
            self._children.add(child)
        try:
            is_over = self._watch(child, until)
        finally:
            with self._lock:
                self._children.discard(child)
        return self._ended(child, key, until if is_over else None)

    def _is_free(self, site: str, key: int) -> bool:
        """Wait for whoever crawls the site, if it is likely to end; False if it goes on. Then nobody's run is open."""
        patient_until = time.monotonic() + ORPHAN_SECONDS
        while self._is_held(site, key):
            if time.monotonic() > patient_until or self.ending.wait(POLL_SECONDS):
                return False
        for run in self.runs.under_way():
            if run.site == site:
                self._close_if_lost(run)
        return True

    def _busy(self, site: str) -> None:
        self.say(f"{site}: another crawl of it is under way; it is begun once that has ended")
        self._resting[site] = time.monotonic() + LONG_REST

    def _owed(self, site: str) -> Order | None:
        timing = self.scheduled().get(site)
        turn = last_turn(site, timing, self.now()) if timing is not None else None
        if timing is None or turn is None:
            return None
        made = self.runs.of_nights({turn.night}).get((site, turn.night), ())
        if standing(made) is not Standing.OWED:
            return None
        return Order(site, settings=self.overrides, night=turn.night, until=turn.until, budget=timing.budget)

    def _wanted(self, site: str, key: int) -> Order | None:
        with reading(self.sessions) as session:
            since, reasons = wanted_since(session, key), disabled(session)
        if since is None:
            return None
        # The wish stays until its run has ended, so that it outlives whoever carries it out.
        made = standing(self.runs.by_hand_since(key, since))
        why = None
        if site not in all_sites():
            why = "there is no spider of it"
        elif site in reasons:
            why = f"it is disabled ({reasons[site]})"
        elif made is Standing.GIVEN_UP:
            why = f"its run was lost {MOST_LOST} times"
        if why or made is Standing.THROUGH:
            self._forget_wish(key)
            if why:
                self.say(f"{site}: is not crawled at once as was wanted: {why}")
            return None
        return Order(site, settings=self.overrides, until=self.now() + find_site(site).timing.length)

    def _forget_wish(self, key: int) -> None:
        with self.sessions.begin() as session:
            take_wanted(session, key)

    def _watch(self, child: Child, until: datetime) -> bool:
        """Wait for the end of a crawl, and see to it at the end of its time: then True, or when all is to end."""
        # By a clock that stands still no time is ever over.
        last = time.monotonic() + find_site(child.order.site).timing.length.total_seconds()
        while child.running:
            is_over = self.now() >= until or time.monotonic() > last
            if is_over or self.ending.wait(POLL_SECONDS):
                child.stop()
                child.wait(STOP_SECONDS)
                return is_over
        return False

    def _ended(self, child: Child, key: int, over: datetime | None) -> Done | None:
        """See to it that the run of an ended crawl says how it ended, and have it judged."""
        site, patience = child.order.site, Patience()
        counts: Mapping[str, int] = {}
        outcome, reason = child.result()
        record = patience(lambda: self.runs.of_process(site, child.pid, child.before))
        if record is None:
            if self.ending.is_set():
                return None
            if child.found_locked():
                self._busy(site)
                return None
            why = f"it ended before its run began: {reason}"
            run = patience(lambda: self.runs.never_began(key, child.order.night, child.pid, why))
            outcome, reason = RunOutcome.LOST, why
        else:
            run, counts = record.key, record.counts
            if record.outcome is RunOutcome.RUNNING:
                outcome = RunOutcome.LOST
                patience(lambda: self.runs.lose(run, reason))
            if over is not None and outcome in (RunOutcome.STOPPED, RunOutcome.LOST):
                words = f"its time was over at {over:%H:%M}; the next night goes on where it stopped"
                reason = words if outcome is RunOutcome.STOPPED else f"{words} (it had to be killed)"
                patience(lambda: self.runs.ran_out(run, over, reason))
        if child.order.night is None and (outcome in THROUGH or over is not None):
            patience(lambda: self._forget_wish(key))
        self._rest_after(site, outcome)
        trouble = patience(lambda: self.afterwards.judge(run))
        self.say(f"{site}: {outcome}{_numbers(counts)}{f': {reason}' if reason else ''}")
        if trouble:
            self.say(f"{site}: {trouble}")
        return Done(site, child.order.night, outcome, reason, counts, trouble)

    def _rest_after(self, site: str, outcome: RunOutcome) -> None:
        if outcome is RunOutcome.LOST:
            self._losses[site] += 1
            self._resting[site] = time.monotonic() + REST_SECONDS * 4 ** min(self._losses[site] - 1, MOST_LOST)
        else:
            self._losses.pop(site, None)
            if outcome is RunOutcome.STOPPED:
                # By a person who ended its process; what ends all of them is no matter of rest.
                self._resting[site] = time.monotonic() + LONG_REST


def _numbers(counts: Mapping[str, int]) -> str:
    shown = {name: counts.get(name, 0) for name in ("new", "revised", "unchanged", "rejected", "failed", "requests")}
    return "".join(f", {number:,} {name}" for name, number in shown.items() if number)
