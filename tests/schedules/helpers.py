"""An archive with runs in it that nobody had to crawl for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from archive.clock import VIETNAM, Clock
from archive.database import Sessions, open_engine, session_factory
from archive.models import Run, RunOutcome
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from schedules.health import Verdict, judge_run
from tests.conftest import empty_archive

NIGHT = date(2026, 3, 2)


class MovedClock(Clock):
    """A clock that tells what it is set to."""

    moment = datetime.combine(NIGHT, time(6), VIETNAM)

    def now(self) -> datetime:
        return self.moment

    def set(self, moment: datetime) -> None:
        object.__setattr__(self, "moment", moment)


class Archive:
    """An archive of its own on SQLite, with sites and runs as a test wants them."""

    def __init__(self, folder: Path, **environ: str) -> None:
        (folder / "data").mkdir()
        (folder / "data" / "baotinh.sqlite3").write_bytes(empty_archive())
        self.clock = MovedClock()
        settings = Settings.from_environment({"BAOTINH_DATA": str(folder / "data"), **environ})
        self.settings = replace(settings, clock=self.clock)
        self.engine = open_engine(self.settings.database_url)
        # Hundreds of small transactions: durability is not what these tests are about.
        event.listen(self.engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
        self.sessions: Sessions = session_factory(self.engine)
        self.sites: dict[str, int] = {}

    def site(self, name: str) -> int:
        """The key of a site, which is made if it is not there."""
        if name not in self.sites:
            with self.sessions.begin() as session:
                record = SiteRecord(name, f"Báo {name}", "dataimages", (f"{name.replace('_', '-')}.vn",), "quang-ninh")
                self.sites[name] = register_site(session, record, self.clock)
        return self.sites[name]

    def run(
        self,
        site: str,
        night: int | None,
        counts: Mapping[str, Any],
        outcome: RunOutcome = RunOutcome.FINISHED,
        **changes: Any,
    ) -> int:
        """A run of the night with this number that has ended (None: by hand), or is under way; gives its key."""
        started = datetime.combine(NIGHT + timedelta(days=night or 0), time(1), VIETNAM)
        ended = started + timedelta(minutes=10) if outcome is not RunOutcome.RUNNING else None
        row = {
            "site_id": self.site(site),
            "night": None if night is None else NIGHT + timedelta(days=night),
            "started_at": started,
            "heartbeat_at": started,
            "finished_at": ended,
            "pid": 1,
            "outcome": outcome.value,
            "reason": None,
            "counts": dict(counts),
            "arguments": {},
        }
        with self.sessions.begin() as session:
            run = Run(**row | changes)
            session.add(run)
            session.flush()
            return run.id

    def judged(self, site: str, night: int, counts: Mapping[str, Any], *rest: Any, **changes: Any) -> Verdict:
        """The verdict on one more run, given in the morning after it."""
        self.clock.set(datetime.combine(NIGHT + timedelta(days=night), time(6), VIETNAM))
        return judge_run(self.sessions, self.clock, self.run(site, night, counts, *rest, **changes))
