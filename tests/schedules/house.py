"""An archive with sites that the nights take, and crawls that only write their runs down."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive.clock import Clock
from archive.database import Sessions, open_engine, session_factory
from archive.models import Health, Run, RunOutcome
from archive.runs import RunRecord, Runs
from archive.settings import Settings
from archive.sites import SiteCheck, note_check, register_site, site_key
from archive.verdicts import write_verdict
from crawler.archiving import site_record
from crawler.sites import all_sites
from schedules import turns as turns_module
from schedules.runs import Order
from schedules.turns import Afterwards, Turns
from tests.conftest import empty_archive

SITES = ("bao_quang_ninh", "hong_linh")
NIGHT = "2023-04-02T04:45:00+07:00"


def check_sites(sessions: Sessions, clock: Clock, *sites: str) -> None:
    """Write down that these sites have passed a live check, so that the nights take them."""
    with sessions.begin() as session:
        for name in sites:
            key = register_site(session, site_record(all_sites()[name]), clock)
            note_check(session, key, SiteCheck(name, clock.now(), True, True, "all well"))


@dataclass
class House:
    """An archive at an instant, and the turns on it; `lines` are what was said, `judged` and `told` what was."""

    settings: Settings
    sessions: Sessions
    turns: Turns = field(init=False)
    lines: list[str] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self, now: str | None = None) -> "House":
        """As another scheduler on the same archive, later or not."""
        if now is not None:
            environment = {"BAOTINH_DATA": str(self.settings.data), "BAOTINH_NOW": now}
            self.settings = Settings.from_environment(environment)
        self.turns = Turns(
            self.settings,
            self.sessions,
            Afterwards(judge=self._judge, tell=lambda night: self.told.append(f"{night}")),
            self.lines.append,
        )
        return self

    def _judge(self, key: int) -> str | None:
        self.judged.append(key)
        with self.sessions.begin() as session:
            write_verdict(session, key, self.settings.clock.now(), (Health.OK, None), [], "")
            outcome = session.get_one(Run, key).outcome
        return None if outcome == "finished" else f"it was {outcome}"

    @property
    def runs(self) -> Runs:
        return Runs(self.sessions, self.settings.clock)

    def check(self, *sites: str) -> None:
        """Let the nights take these sites."""
        check_sites(self.sessions, self.settings.clock, *sites)

    def key(self, site: str) -> int:
        with self.sessions() as session:
            return site_key(session, site) or 0

    def all_runs(self, site: str) -> list[RunRecord]:
        return list(reversed(self.runs.latest(site)))

    def outcomes(self, site: str) -> list[str]:
        return [run.outcome.value for run in self.all_runs(site)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings.from_environment({"BAOTINH_DATA": str(tmp_path / "data"), "BAOTINH_NOW": NIGHT})
    (settings.data / "baotinh.sqlite3").write_bytes(empty_archive())
    engine = open_engine(settings.database_url)
    made = House(settings, session_factory(engine))
    made.check(*SITES)
    yield made
    engine.dispose()


class Crawls:
    """Crawls of this process: each ends as `ends` says of its site, after `lasts` polls; the last one told counts on.

    An outcome of None ends it before its run begins; RUNNING leaves its run open, as a kill does.
    """

    def __init__(self) -> None:
        self.ends: dict[str, list[RunOutcome | None]] = {}
        self.orders: list[Order] = []
        self.lasts = 0
        self.stopped: list[str] = []
        self.most_at_once = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def begin(self, order: Order) -> RunOutcome | None:
        with self._lock:
            self.orders.append(order)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            ends = self.ends.get(order.site, [RunOutcome.FINISHED])
            return ends.pop(0) if len(ends) > 1 else ends[0]

    def end(self) -> None:
        with self._lock:
            self._under_way -= 1


@pytest.fixture
def crawls(monkeypatch: pytest.MonkeyPatch) -> Crawls:
    made = Crawls()
    monkeypatch.setattr(turns_module, "Child", child_of(made))
    monkeypatch.setattr(turns_module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(turns_module, "REST_SECONDS", 0.01)
    monkeypatch.setattr(turns_module, "LONG_REST", 0.05)
    return made


def child_of(crawls: Crawls) -> Callable[..., Any]:
    """A class in place of `schedules.runs.Child`."""

    class Child:
        def __init__(self, order: Order, settings: Settings, runs: Runs) -> None:
            self.order, self._runs, self.pid, self.before = order, runs, os.getpid(), runs.last_key()
            self._end, self._left = crawls.begin(order), crawls.lasts
            self._key: int | None = None
            if self._end is not None:
                arguments = {"until": order.until.isoformat()} if order.until else {}
                self._key = runs.start_run(_key_of(runs, order.site), arguments, order.night)

        @property
        def running(self) -> bool:
            self._left -= 1
            if self._left >= 0:
                return True
            if self._end not in (None, RunOutcome.RUNNING) and self._key is not None:
                self._runs.finish_run(self._key, self._end, None, {"new": 1})
            crawls.end()
            return False

        def stop(self) -> None:
            crawls.stopped.append(self.order.site)
            self._left, self._end = 0, RunOutcome.STOPPED
            assert not self.running

        def wait(self, seconds: float) -> None:
            """It has ended."""

        def kill(self) -> None:
            """It has ended."""

        def found_locked(self) -> bool:
            return False

        def result(self) -> tuple[RunOutcome, str | None]:
            if self._end in (None, RunOutcome.RUNNING):
                return RunOutcome.LOST, "it was killed"
            return self._end or RunOutcome.LOST, None

    return Child


def _key_of(runs: Runs, site: str) -> int:
    with runs._sessions() as session:
        return site_key(session, site) or 0


def at(text: str) -> datetime:
    """An instant in Vietnam."""
    return datetime.fromisoformat(f"{text}+07:00")


def clock(text: str) -> Clock:
    """A clock as the environment gives it."""
    return Clock.from_environment({"BAOTINH_NOW": text})
