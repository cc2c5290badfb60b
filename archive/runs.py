"""Runs: one crawl of one site each, with its counts and outcome."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from archive.clock import Clock
from archive.database import Sessions, reading
from archive.models import Run, RunOutcome, Site

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


class Runs:
    """Writes the runs down. Every method is one short transaction."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def start_run(self, site_id: int, arguments: Mapping[str, Any]) -> int:
        """Begin a run of this process; runs of the site whose process died are marked as lost."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            open_runs = select(Run).where(Run.site_id == site_id, Run.outcome == RunOutcome.RUNNING.value)
            for old in session.scalars(open_runs):
                if not _is_alive(old.pid) or now - old.heartbeat_at > SILENT:
                    old.outcome, old.finished_at = RunOutcome.LOST.value, now
                    old.reason = f"process {old.pid} ended without a word after {old.heartbeat_at.isoformat()}"
            run = Run(site_id=site_id, started_at=now, heartbeat_at=now, pid=os.getpid())
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
    )


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
