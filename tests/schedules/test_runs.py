"""Crawls as child processes: how they are ended, and how they say why they ended."""

import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.database import open_engine, session_factory, upgrade
from archive.models import RunOutcome
from archive.runs import Runs
from archive.settings import Settings
from schedules import runs as runs_module
from schedules.runs import Ended, Order, crawl_all


class Children:
    """Crawls whose program is a line of shell."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch
        self.settings = Settings.from_environment({"BAOTINH_DATA": str(folder)})
        self.engine = open_engine(self.settings.database_url)
        upgrade(self.engine)

    def crawl(self, line: str, ending: threading.Event | None = None) -> list[Ended]:
        self._monkeypatch.setattr(Order, "command", lambda order: ["sh", "-c", line])
        runs = Runs(session_factory(self.engine), self.settings.clock)
        return crawl_all([Order("hong_linh")], self.settings, runs, 1, ending=ending)


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    made = Children(tmp_path, monkeypatch)
    yield made
    made.engine.dispose()


def test_a_night_is_ended_by_whoever_ends_the_scheduler(children: Children) -> None:
    ending, ended = threading.Event(), children.folder / "ended"
    threading.Timer(1.0, ending.set).start()
    began = time.monotonic()
    line = f"trap 'touch {shlex.quote(str(ended))}; exit' TERM; sleep 60 & wait"
    assert children.crawl(line, ending) == []
    assert time.monotonic() - began < 30
    assert ended.exists(), "in order"


def test_a_child_that_does_not_end_is_killed(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "STOP_SECONDS", 0.5)
    ending = threading.Event()
    threading.Timer(1.0, ending.set).start()
    began = time.monotonic()
    children.crawl("trap '' TERM; for second in $(seq 60); do sleep 1; done", ending)
    assert time.monotonic() - began < 30


def test_last_words_are_told_where_no_log_could_take_them(children: Children) -> None:
    [ended] = children.crawl("echo the disk is full; echo make room; exit 1")
    assert ended.outcome is RunOutcome.FAILED
    assert (ended.reason or "").startswith("the disk is full make room (log: ")
