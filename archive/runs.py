"""Runs: one crawl of one site each, with its counts and outcome."""

import os
import socket
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from archive.clock import Clock
from archive.database import Sessions, reading
from archive.models import Run, RunOutcome, Site, Verdict

SILENT = timedelta(hours=1)
"""A run that has not beaten for so long is lost, even if another process has its process id by now."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as people see it."""

    site: str
    started_at: datetime
    finished_at: datetime | None
    heartbeat_at: datetime
    outcome: RunOutcome
    reason: str | None
    counts: Mapping[str, Any]
    arguments: Mapping[str, Any]
    key: int = 0
    night: date | None = None


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that says it is under way: its key, its site's key and id, its night, its process, when it last said so."""

    key: int
    site_key: int
    site: str
    night: date | None
    pid: int
    host: str
    heartbeat_at: datetime


class Runs:
    """Writes the runs down. Every method is one short transaction."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def start_run(self, site_id: int, arguments: Mapping[str, Any], night: date | None = None) -> int:
        """Begin a run of this process, for the scheduler's `night` if it started it.

        Runs of the site whose process died are marked as lost.
        """
        now = self._clock.now()
        with self._sessions.begin() as session:
            open_runs = select(Run).where(Run.site_id == site_id, Run.outcome == RunOutcome.RUNNING.value)
            for old in session.scalars(open_runs):
                if self.is_silent(old.heartbeat_at) or not (is_ours(old.host) and _is_alive(old.pid)):
                    _lose(old, now)
            run = Run(site_id=site_id, night=night, started_at=now, heartbeat_at=now, pid=os.getpid())
            run.host = socket.gethostname()
            run.outcome, run.counts, run.arguments = RunOutcome.RUNNING.value, {}, dict(arguments)
            session.add(run)
            session.flush()
            return run.id

    def beat(self, run_id: int, counts: Mapping[str, Any]) -> None:
        """Say that the run lives, and what it has counted so far."""
        with self._sessions.begin() as session:
            run = session.get_one(Run, run_id)
            run.heartbeat_at, run.counts = self._clock.now(), dict(counts)

    def finish_run(self, run_id: int, outcome: RunOutcome, reason: str | None, counts: Mapping[str, Any]) -> None:
        """End the run. `reason` is one sentence for people, for any outcome but a plain finish."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            run = session.get_one(Run, run_id)
            run.outcome, run.reason, run.counts = outcome.value, reason, dict(counts)
            run.finished_at = run.heartbeat_at = now

    def is_silent(self, heartbeat: datetime, limit: timedelta = SILENT) -> bool:
        """Whether a run that last beat at `heartbeat` has been silent for longer than `limit`, in real time."""
        return -self._clock.seconds_until(heartbeat) > limit.total_seconds()

    def under_way(self) -> list[OpenRun]:
        """The runs that say they are under way, whatever became of their processes."""
        query = select(Run, Site.name).join(Site, Site.id == Run.site_id).where(Run.outcome == RunOutcome.RUNNING.value)
        with reading(self._sessions) as session:
            return [
                OpenRun(run.id, run.site_id, name, run.night, run.pid, run.host, run.heartbeat_at)
                for run, name in session.execute(query.order_by(Run.id))
            ]

    def alive(self, site: str) -> list[OpenRun]:
        """The runs of a site that are under way: not silent, and if they are of this machine, with a process.

        Of another machine's process only the silence tells.
        """
        return [
            run
            for run in self.under_way()
            if run.site == site
            and not self.is_silent(run.heartbeat_at)
            and (_is_alive(run.pid) if is_ours(run.host) else True)
        ]

    def lose(self, key: int, reason: str | None = None) -> bool:
        """Close the run as lost, with what is known of why; False if it has ended by itself meanwhile."""
        with self._sessions.begin() as session:
            run = session.get_one(Run, key)
            if run.outcome != RunOutcome.RUNNING.value:
                return False
            _lose(run, self._clock.now())
            run.reason = reason or run.reason
            return True

    def never_began(self, site_id: int, night: date | None, pid: int, reason: str) -> int:
        """Write down that a process died before it began its run of a site; gives the key of the row: a lost run."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            run = Run(site_id=site_id, night=night, started_at=now, heartbeat_at=now, finished_at=now, pid=pid)
            run.host, run.outcome, run.reason = socket.gethostname(), RunOutcome.LOST.value, reason
            run.counts, run.arguments = {}, {}
            session.add(run)
            session.flush()
            return run.id

    def ran_out(self, key: int, until: datetime, words: str) -> None:
        """Say of an ended run that its time was over at `until`, which is why it was stopped; `words` tell people.

        A simulated clock of a child begins a moment late, so that it may have ended a little before by its own.
        """
        with self._sessions.begin() as session:
            run = session.get_one(Run, key)
            assert run.finished_at is not None, "it has ended"
            run.reason, run.finished_at = words, max(run.finished_at, until)

    def of_nights(self, nights: Collection[date]) -> dict[tuple[str, date], list[RunRecord]]:
        """The runs of some nights, by site and night, in the order in which they began."""
        query = select(Run, Site.name).join(Site, Site.id == Run.site_id).where(Run.night.in_(nights)).order_by(Run.id)
        found = defaultdict[tuple[str, date], list[RunRecord]](list)
        with reading(self._sessions) as session:
            for run, name in session.execute(query):
                assert run.night is not None, "asked for"
                found[name, run.night].append(run_record(name, run))
        return found

    def by_hand_since(self, site_id: int, since: datetime) -> list[RunRecord]:
        """The runs of no night that the site with this key has begun after `since`, in their order."""
        query = (
            select(Run, Site.name)
            .join(Site, Site.id == Run.site_id)
            .where(Run.site_id == site_id, Run.night.is_(None), Run.started_at > since)
            .order_by(Run.id)
        )
        with reading(self._sessions) as session:
            return [run_record(name, run) for run, name in session.execute(query)]

    def unjudged(self, since: date) -> list[tuple[int, str]]:
        """The runs of nights from `since` on that have ended without a verdict, key and site id, in their order."""
        query = (
            select(Run.id, Site.name)
            .join(Site, Site.id == Run.site_id)
            .outerjoin(Verdict, Verdict.run_id == Run.id)
            .where(Run.night >= since, Run.outcome != RunOutcome.RUNNING.value, Verdict.run_id.is_(None))
            .order_by(Run.id)
        )
        with reading(self._sessions) as session:
            return [(key, site) for key, site in session.execute(query)]

    def first_night(self) -> date | None:
        """The first night of which there is a run; None if there never was one."""
        with reading(self._sessions) as session:
            return session.scalar(select(func.min(Run.night)))

    def latest(self, site: str | None = None, limit: int = 20) -> list[RunRecord]:
        """The last runs, of one site or of all, the newest first."""
        query = select(Run, Site.name).join(Site, Site.id == Run.site_id)
        if site is not None:
            query = query.where(Site.name == site)
        query = query.order_by(Run.started_at.desc(), Run.id.desc()).limit(limit)
        with reading(self._sessions) as session:
            return [run_record(name, run) for run, name in session.execute(query)]

    def last_key(self) -> int:
        """The key of the latest run of any site, 0 if there is none: for `of_process`."""
        with reading(self._sessions) as session:
            return session.scalar(select(func.max(Run.id))) or 0

    def of_process(self, site: str, pid: int, after: int) -> RunRecord | None:
        """The run that the process `pid` made of `site` after the run with the key `after`; None if it made none.

        Process ids come again, the sooner in containers: an older run is that of another process.
        """
        query = (
            select(Run)
            .join(Site, Site.id == Run.site_id)
            .where(Site.name == site, Run.pid == pid, Run.id > after)
            .order_by(Run.id.desc())
            .limit(1)
        )
        with reading(self._sessions) as session:
            run = session.scalar(query)
            return run_record(site, run) if run else None


def run_record(site: str, run: Run) -> RunRecord:
    """The row of a run as people see it."""
    return RunRecord(
        site=site,
        started_at=run.started_at,
        finished_at=run.finished_at,
        heartbeat_at=run.heartbeat_at,
        outcome=RunOutcome(run.outcome),
        reason=run.reason,
        counts=run.counts,
        arguments=run.arguments,
        key=run.id,
        night=run.night,
    )


def _lose(run: Run, now: datetime) -> None:
    run.outcome, run.finished_at = RunOutcome.LOST.value, now
    run.reason = f"process {run.pid} ended without a word after {run.heartbeat_at.isoformat()}"


def is_ours(host: str) -> bool:
    """Whether a run's process is of this machine. Runs written before version 0006 name none, and were of one."""
    return host in ("", socket.gethostname())


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
