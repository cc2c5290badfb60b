"""A scheduler that is killed at any moment of six nights: started again it owes nothing and does nothing twice."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archive.database import open_engine, reading, session_factory
from archive.digest import TableDigest, logical_digest
from schedules.plan import THROUGH
from tests.bench.night import family_of, is_crawl
from tests.conftest import BAOTINH, Program
from tests.sample_web import nights
from tests.sample_web.harness import SampleWeb
from tests.sample_web.sites import SITES
from tests.schedules.six_nights import COMMAND, NIGHTS, Archive, note_checks, now_of, serve

pytestmark = pytest.mark.torture

SEED = 20230401
KILLS = (3, 4, 4, 3, 3, 3)
"""Kills in each night: 20."""

MOST_SECONDS = 240
LOOK_SECONDS = 0.02
RESTARTS = 4
"""So often a night is begun again after the last kill of it: crawls of the dead scheduler may have to end first."""


@dataclass(frozen=True)
class Moment:
    """When to kill: once so many requests of the night were made, or so many of its runs have ended.

    With `crawls` the crawls under way die as well, as when the machine loses its power.
    """

    requests: int = 0
    ended: int = 0
    crawls: bool = False

    def __str__(self) -> str:
        when = f"after {self.ended} runs" if self.ended else f"at request {self.requests}"
        return f"{when}{', with its crawls' if self.crawls else ''}"


@dataclass
class Tally:
    """What became of the kills."""

    struck: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    started: int = 0


class Nightly:
    """An archive whose nights a scheduler in a process of its own carries out."""

    def __init__(self, folder: Path, web: SampleWeb) -> None:
        self.web, self.tally = web, Tally()
        self.program = Program(folder / "data", web).make_archive()
        note_checks(self.program)
        self.archive = Archive(self.program)
        self._log = folder / "scheduler.log"
        web.control("all", clear=1)

    def night(self, night: int, moments: Sequence[Moment] = ()) -> int:
        """Carry out a night, killing the scheduler at these moments; gives how many requests it cost in all."""
        serve(self.web, night)
        before = self._requests()
        for moment in moments:
            self._start_and_kill(night, moment, before)
        for _ in range(RESTARTS):
            self._child(night).wait(MOST_SECONDS)
            if self._through(night) == len(SITES):
                break
        return self._requests() - before

    def _child(self, night: int) -> "subprocess.Popen[bytes]":
        self.tally.started += 1
        environment = self.program.environment | {"BAOTINH_NOW": now_of(night)}
        with self._log.open("ab") as out:
            return subprocess.Popen(
                [*BAOTINH, *COMMAND], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def _start_and_kill(self, night: int, moment: Moment, before: int) -> None:
        child, began = self._child(night), time.monotonic()
        while child.poll() is None:
            assert time.monotonic() - began < MOST_SECONDS, f"night {night} came to no moment {moment}"
            if moment.ended:
                is_now = self._through(night) >= moment.ended
            else:
                is_now = self._requests() - before >= moment.requests
            if is_now:
                crawls = [pid for pid in family_of(child.pid) if is_crawl(pid)] if moment.crawls else []
                for pid in (child.pid, *crawls):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                child.wait()
                self.tally.struck[f"night {night}"] += 1
                return
            time.sleep(LOOK_SECONDS)
        self.tally.missed.append(f"night {night}, {moment}")

    def _requests(self) -> int:
        return self.web.log_file.read_bytes().count(b"\n") if self.web.log_file.exists() else 0

    def _through(self, night: int) -> int:
        """How many runs of the night have ended in a way that counts."""
        query = f"select count(*) from run where night = ? and outcome in ({', '.join('?' * len(THROUGH))})"
        with closing(sqlite3.connect(self.program.data / "baotinh.sqlite3", timeout=30)) as database:
            row = database.execute(query, (f"{nights.instant(night):%Y-%m-%d}", *(one.value for one in THROUGH)))
            return int(row.fetchone()[0])

    def digest(self) -> dict[str, TableDigest]:
        """What the archive says, by table."""
        engine = open_engine(f"sqlite:///{self.program.data}/baotinh.sqlite3")
        try:
            with reading(session_factory(engine)) as session:
                return logical_digest(session)
        finally:
            engine.dispose()


def moments_of(night: int, requests: int, chosen: random.Random) -> list[Moment]:
    """The moments of a night whose requests are so many if it is left alone, in the order in which they come.

    All but the last are told by requests: a night that is disturbed makes no fewer.
    """
    at = sorted(chosen.sample(range(1, requests), KILLS[night] - 1))
    found = [Moment(requests=one, crawls=bool(chosen.randint(0, 1))) for one in at]
    return [*found, Moment(ended=chosen.randint(1, 3))]


def test_a_scheduler_killed_at_20_moments_of_six_nights_forgets_nothing_and_does_nothing_twice(
    shared_web: SampleWeb, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began, chosen = time.monotonic(), random.Random(SEED)
    try:
        alone = Nightly(tmp_path / "alone", shared_web)
        requests = [alone.night(night) for night in NIGHTS]
        killed = Nightly(tmp_path / "killed", shared_web)
        planned = {night: moments_of(night, requests[night], chosen) for night in NIGHTS}
        spent = [killed.night(night, planned[night]) for night in NIGHTS]
    finally:
        shared_web.control("all", clear=1)
    runs, tally = killed.archive.runs(), killed.tally
    through = {key: [one for one in outcomes if one in THROUGH] for key, outcomes in runs.items()}
    outcomes = Counter(one for made in runs.values() for one in made)
    with capsys.disabled():
        print(
            f"\n{tally.struck.total()} kills struck (seed {SEED}), {len(tally.missed)} came too late: {tally.missed}",
            *(f"night {night}: {', '.join(map(str, planned[night]))}" for night in NIGHTS),
            f"the scheduler was started {tally.started} times; runs: {dict(outcomes)}",
            f"requests a night: {requests} undisturbed, {spent} with kills",
            f"{time.monotonic() - began:.0f} s",
            sep="\n",
        )
    assert set(through) == {(kind.id, f"{nights.instant(night):%Y-%m-%d}") for kind in SITES for night in NIGHTS}
    assert {key: len(made) for key, made in through.items() if len(made) != 1} == {}
    judged = "select count(*) from run left join verdict on verdict.run_id = run.id where verdict.run_id is null"
    assert killed.archive.ask(judged) == [(0,)], "each run has its verdict, and the key allows no second one"
    mine, theirs = killed.digest(), alone.digest()
    assert {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]} == {}
    assert [len(killed.archive.report(night)) > 0 for night in NIGHTS] == [True] * len(NIGHTS)
    assert killed.archive.ask("select count(*) from run where outcome = 'running'") == [(0,)]
    assert tally.struck.total() + len(tally.missed) == sum(KILLS) == 20
    assert tally.missed == []
