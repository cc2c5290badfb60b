"""The way in of a running crawl: what is handed over is kept, in order, and one bad page harms no other."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.exc import OperationalError

from archive.captures import CaptureError, CaptureWriter, Location, Sent, read_capture
from archive.database import Sessions, reading
from archive.intake import Intake
from archive.models import Capture, Extraction
from archive.room import NoRoom, Room
from archive.store import NewCapture, Outcome, Read
from tests.archive.helpers import START, VERSION, Site, page

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
    return Sent(page(key).url, 200, [("Content-Type", "text/html")], BODY + key.encode(), START)


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
        record = read_capture(tmp_path, future.result(30).capture.location)
        assert (record.url, record.status, record.payload) == (page(str(n)).url, 200, BODY + str(n).encode())


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


def test_an_unchanged_page_refers_to_the_capture_that_holds_it(
    intake: Intake, site: Site, sessions: Sessions, tmp_path: Path
) -> None:
    def fetch(body: bytes) -> tuple[int, Location]:
        site.clock.advance(hours=1)
        one = replace(sent("1"), body=body, fetched_at=site.clock.now())
        kept = intake.keep(one, described(site, "1")).result(30)
        return kept.id, kept.capture.location

    page_1, page_2 = b"<p>Tin.</p>" * 200, b"<p>Tin.</p>" * 201
    first, second, third = fetch(page_1), fetch(page_1), fetch(page_1)
    changed, back = fetch(page_2), fetch(page_1)
    refers = [place.refers_to_id for _, place in (first, second, third, changed, back)]
    assert refers == [None, first[0], first[0], None, None], "never one that refers itself, only the last one's"
    with reading(sessions) as session:
        kept = session.scalars(select(Capture.refers_to_id).order_by(Capture.id)).all()
    assert kept == refers
    assert read_capture(tmp_path, third[1], first[1]).payload == page_1
    with sessions.begin() as session:
        session.execute(update(Capture).where(Capture.id == back[0]).values(purged_at=site.clock.now()))
    again = fetch(page_1)
    assert again[1].refers_to_id is None, "what was purged holds nothing"


def test_a_page_of_another_site_is_not_referred_to(
    intake: Intake, site: Site, make_site: Callable[..., Site], tmp_path: Path
) -> None:
    body = BODY * 200
    first = intake.keep(replace(sent("1"), body=body), described(site, "1")).result(30)
    other = make_site("hong_linh", "ha-tinh")
    with (
        CaptureWriter(tmp_path, other.name, site.clock, lambda file: 0) as captures,
        Intake(other.store, captures) as i,
    ):
        kept = i.keep(replace(sent("1"), body=body), described(site, "1")).result(30)
    assert (first.capture.location.refers_to_id, kept.capture.location.refers_to_id) == (None, None)


def test_a_row_says_under_which_exception_a_certificate_was_taken(site: Site, sessions: Sessions) -> None:
    until = date(2022, 6, 30)
    keys = [site.keep(site.capture(page("1").url, tls_exception=day)).id for day in (None, until)]
    with reading(sessions) as session:
        rows = session.scalars(select(Capture.tls_exception).where(Capture.id.in_(keys)).order_by(Capture.id)).all()
    assert rows == [None, until]


def test_below_what_is_to_be_left_free_no_capture_is_written_and_later_goes_on(
    site: Site, captures: CaptureWriter, sessions: Sessions, tmp_path: Path
) -> None:
    free = {tmp_path: 3 * 2**20, tmp_path / "db": 2 * 2**20}
    room = Room(2 * 2**20, tuple(free), free.__getitem__)
    with Intake(site.store, captures, room) as opened:
        before = opened.keep(sent("1"), described(site, "1")).result(30)
        end = (tmp_path / before.capture.location.file).stat().st_size
        free[tmp_path / "db"] -= 1
        with pytest.raises(NoRoom, match=r"/db: 1 MiB are free on its disk, and BAOTINH_KEEP_FREE leaves 2 MiB free"):
            opened.keep(sent("2"), described(site, "2")).result(30)
        assert (tmp_path / before.capture.location.file).stat().st_size == end
        assert count(sessions, Capture.id) == 1
        read = Read(before, page("1"), page("1").url, VERSION)
        assert opened.save(read).result(30) is Outcome.NEW, "what is kept is still read"
        free[tmp_path / "db"] += 1
        assert opened.keep(sent("2"), described(site, "2")).result(30).capture.location.offset == end
