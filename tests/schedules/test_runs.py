"""Crawls as child processes: how they are ended, and how they say why they ended."""

import shlex
import sys
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

    @property
    def ready(self) -> str:
        """What a line touches that is to be interrupted from then on, as a word of the shell."""
        return shlex.quote(str(self.folder / "ready"))

    def crawl(self, line: str) -> list[Ended]:
        """Crawl by `line`, and interrupt it once it has touched `ready`."""
        self._monkeypatch.setattr(Order, "command", lambda order: ["sh", "-c", line])
        self._monkeypatch.setattr(runs_module, "POLL_SECONDS", 0.02)
        runs, last = Runs(session_factory(self.engine), self.settings.clock), time.monotonic() + 60

        def tell(*_: object) -> None:
            assert time.monotonic() < last
            if (self.folder / "ready").exists():
                raise KeyboardInterrupt

        return crawl_all([Order("hong_linh")], self.settings, runs, 1, tell)


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    made = Children(tmp_path, monkeypatch)
    yield made
    made.engine.dispose()


def test_an_interrupt_ends_a_crawl_in_order(children: Children) -> None:
    ended = children.folder / "ended"
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        children.crawl(f"trap 'touch {shlex.quote(str(ended))}; exit' TERM; touch {children.ready}; sleep 60 & wait")
    assert time.monotonic() - began < 30
    assert ended.exists(), "in order"


def test_a_child_that_does_not_end_is_killed(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "STOP_SECONDS", 0.2)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        children.crawl(f"trap '' TERM; touch {children.ready}; for second in $(seq 60); do sleep 1; done")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("mebibytes", "fails"), [(50, False), (200, True)])
def test_a_crawl_that_takes_more_memory_than_it_may_is_ended_by_the_system(
    children: Children, monkeypatch: pytest.MonkeyPatch, mebibytes: int, fails: bool
) -> None:
    monkeypatch.setattr(runs_module, "MEMORY_BYTES", 150 * 2**20)
    take = f"import time; time.sleep(0.3); bytearray({mebibytes} * 2**20); raise ValueError('it had them')"
    [ended] = children.crawl(f'exec {shlex.quote(sys.executable)} -c "{take}"')
    assert ("it had them" not in (ended.reason or "")) is fails, ended.reason


def test_last_words_are_told_where_no_log_could_take_them(children: Children) -> None:
    [ended] = children.crawl("echo the disk is full; echo make room; exit 1")
    assert ended.outcome is RunOutcome.FAILED
    assert (ended.reason or "").startswith("the disk is full make room (log: ")
