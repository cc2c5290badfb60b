"""Patience: what fails because the database is away is done again, for a while, and nothing else is."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from archive import database, patience
from archive.captures import CaptureWriter
from archive.database import DatabaseAway, DatabaseFailed, open_engine, session_factory
from archive.intake import Intake
from archive.patience import Patience
from archive.settings import Settings
from archive.store import Store
from tests.archive.helpers import Site
from tests.archive.test_intake import described, sent


class Answering:
    """A call that fails with `errors` first, one each time, and then gives how often it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.times = list(errors), 0

    def __call__(self) -> int:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.times


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how many seconds are waited; pauses are a hundredth of a second."""

    def set_wait(seconds: float) -> None:
        monkeypatch.setattr(patience, "WAIT_SECONDS", seconds)
        monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
        monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.01)

    return set_wait


def test_what_is_away_is_asked_again_until_it_answers(
    quick: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    quick(60)
    told: list[str] = []
    assert Patience(told.append)(Answering(DatabaseAway("it restarts"), DatabaseAway("it restarts"))) == 3
    assert told == ["the database was away for 0 s"]
    assert [one for one in caplog.messages if "waiting up to 60 s for the database: it restarts" in one] != []
    assert len(caplog.messages) == 2, "the same trouble is told once, and its end"


def test_one_that_stays_away_is_waited_for_once(quick: Callable[[float], None]) -> None:
    quick(0.2)
    ours, never = Patience(), Answering(*[DatabaseAway("it is gone")] * 1000)
    with pytest.raises(DatabaseAway, match=r"it is gone \(waited for it for 0 s\)"):
        ours(never)
    assert never.times > 2
    before = never.times
    with pytest.raises(DatabaseAway, match=r"^it is gone$"):
        ours(never)
    assert never.times == before + 1, "the crawl is ending: what else it wants is tried, and not waited for"


def test_whoever_waits_can_be_told_to_give_up() -> None:
    ours = Patience()
    teller = threading.Timer(0.1, ours.give_up)
    teller.start()
    began = time.monotonic()
    with pytest.raises(DatabaseAway):
        ours(Answering(*[DatabaseAway("it is gone")] * 1000))
    assert time.monotonic() - began < patience.WAIT_SECONDS / 4
    teller.join()


@pytest.mark.parametrize("error", [DatabaseFailed("the disk is full"), ValueError("no such column")])
def test_what_time_does_not_mend_comes_at_once(error: Exception) -> None:
    call = Answering(error)
    with pytest.raises(type(error)):
        Patience()(call)
    assert call.times == 1


def test_another_writer_costs_time_and_no_page(
    settings: Settings, engine: Engine, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite "database is locked", on PostgreSQL a lock on the site's row that is not given in time."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    hurried = open_engine(settings.database_url)
    store = Store(session_factory(hurried), site.id, site.clock)
    told: list[str] = []
    ours, tried = Patience(told.append), threading.Event()
    wait = ours._over.wait

    def waiting(_seconds: float) -> None:
        tried.set()
        wait(0.05)

    monkeypatch.setattr(ours._over, "wait", waiting)
    with (
        CaptureWriter(tmp_path, site.name, site.clock, lambda file: 0) as captures,
        Intake(store, captures, patience=ours) as intake,
    ):
        with engine.connect() as other:
            other.exec_driver_sql("update site set title = title")
            keeping = intake.keep(sent("1"), described(site, "1"))
            assert tried.wait(30), "it was refused, and waits"
            assert not keeping.done()
            other.commit()
        assert keeping.result(30).id > 0
    assert len(told) == 1
    hurried.dispose()
