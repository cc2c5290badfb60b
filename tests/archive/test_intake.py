"""The way in of a running crawl: what is handed over is kept, in order, and one bad page harms no other."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError

from archive.captures import CaptureError, CaptureWriter, Location, Sent, read_capture
from archive.database import Sessions, reading
from archive.intake import Intake
from archive.models import Capture, Extraction
from archive.store import NewCapture, Outcome, Read
from tests.archive.helpers import VERSION, Site, page

BODY = b"<p>Tin.</p>"
LONG = "".join(map(str, range(3000, 6000)))
"""More than an index of PostgreSQL takes, and not to be compressed into less."""


@pytest.fixture
def captures(tmp_path: Path, site: Site) -> Iterator[CaptureWriter]:
    with CaptureWriter(tmp_path, site.name, site.clock, lambda file: 0) as writer:
        yield writer


@pytest.fixture
def intake(site: Site, captures: CaptureWriter) -> Iterator[Intake]:
    with Intake(site.store, captures) as opened:
        yield opened


def sent(key: str) -> Sent:
    return Sent(page(key).url, 200, [("Content-Type", "text/html")], BODY + key.encode())


def described(site: Site, key: str) -> Callable[[Location], NewCapture]:
    url = page(key).url
    return lambda place: NewCapture(place, url, url, 200, [], site.clock.now())


def read(site: Site, key: str, **changes: str) -> Read:
    kept = site.keep(site.capture(page(key).url))
    return Read(kept, page(key, **changes), page(key).url, VERSION)


def count(sessions: Sessions, column: object) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count(column))) or 0  # type: ignore[arg-type]


def held_back(intake: Intake, hand_over: Callable[[], None]) -> None:
    """Hand over while the thread is held, so that all of it is written together."""
    begin, began = threading.Event(), threading.Event()
    write = intake._write

    def held(jobs: list[object]) -> None:
        began.set()
        assert begin.wait(30)
        write(jobs)  # type: ignore[arg-type]

    intake._write = held  # type: ignore[assignment,method-assign]
    hand_over()
    assert began.wait(30)
    begin.set()


def test_what_is_kept_can_be_read_when_one_is_told_so(intake: Intake, site: Site, tmp_path: Path) -> None:
    kept = [intake.keep(sent(str(n)), described(site, str(n))) for n in range(40)]
    for n, future in enumerate(kept):
        place = future.result(30).capture.location
        url, status, _, body = read_capture(tmp_path, place.file, place.offset, place.length)
        assert (url, status, body) == (page(str(n)).url, 200, BODY + str(n).encode())


def test_several_pages_go_into_one_transaction(intake: Intake, site: Site, engine: Engine) -> None:
    reads = [read(site, str(n)) for n in range(10)]
    commits: list[int] = []
    event.listen(engine, "commit", lambda _: commits.append(1))
    outcomes: list[Future[Outcome]] = []
    held_back(intake, lambda: outcomes.extend(intake.save(one) for one in reads))
    assert [one.result(30) for one in outcomes] == [Outcome.NEW] * 10
    assert len(commits) <= 2, "the first goes alone, the others waited for it"


def test_a_page_that_cannot_be_stored_harms_no_other(intake: Intake, site: Site, sessions: Sessions) -> None:
    reads = [read(site, "1"), read(site, "2", title=""), read(site, "3")]
    futures: list[Future[Outcome]] = []
    held_back(intake, lambda: futures.extend(intake.save(one) for one in (read(site, "0"), *reads)))
    results = [one.exception(30) or one.result() for one in futures]
    assert [results[0], results[1], results[3]] == [Outcome.NEW] * 3
    assert isinstance(results[2], ValueError)
    assert count(sessions, Extraction.id) == 3


def test_a_value_that_an_index_refuses_harms_no_other(
    intake: Intake, site: Site, engine: Engine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.store.check_article", lambda article: None)
    reads = [read(site, "1"), read(site, "2", section=LONG), read(site, "3")]
    futures: list[Future[Outcome]] = []
    held_back(intake, lambda: futures.extend(intake.save(one) for one in (read(site, "0"), *reads)))
    errors = [one.exception(30) for one in futures]
    assert [errors[0], errors[1], errors[3]] == [None] * 3
    if engine.dialect.name == "postgresql":
        assert isinstance(errors[2], OperationalError)
        assert "maximum size is" in str(errors[2])
    else:
        assert errors[2] is None, "its indexes take anything"


def test_a_disk_that_fails_tells_who_wanted_to_write(
    intake: Intake, site: Site, captures: CaptureWriter, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = read(site, "1")
    before = count(sessions, Capture.id)

    def fail(_: object) -> None:
        raise CaptureError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(captures, "append_all", lambda pages: fail(pages) if pages else [])
        with pytest.raises(CaptureError, match="the disk is full"):
            intake.keep(sent("2"), described(site, "2")).result(30)
        assert intake.save(ready).result(30) is Outcome.NEW
    assert count(sessions, Capture.id) == before, "no row without its record"
    assert intake.keep(sent("2"), described(site, "2")).result(30).id > 0


def test_closing_writes_what_was_handed_over(site: Site, captures: CaptureWriter, sessions: Sessions) -> None:
    with Intake(site.store, captures) as opened:
        futures = [opened.keep(sent(str(n)), described(site, str(n))) for n in range(50)]
    assert all(one.done() and one.exception() is None for one in futures)
    assert count(sessions, Capture.id) == 50


def test_what_is_cancelled_while_it_waits_harms_no_other(intake: Intake, site: Site, sessions: Sessions) -> None:
    reads = [read(site, str(n)) for n in range(4)]
    futures: list[Future[Outcome]] = []

    def hand_over() -> None:
        futures.extend(intake.save(one) for one in reads)
        assert futures[2].cancel()

    held_back(intake, hand_over)
    assert [futures[n].result(30) for n in (0, 1, 3)] == [Outcome.NEW] * 3
    assert count(sessions, Extraction.id) == 3
