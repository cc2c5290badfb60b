"""Captures of the sample web's pages read again: what a run gives, is cut short, and gives after all."""

import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from archive.article import Article, Block, BlockKind
from archive.captures import CaptureError
from archive.database import ArchiveError, reading
from archive.digest import exact_digest, whole
from archive.models import Extraction
from archive.readings import Effect, Readings, Scope
from archive.revisions import go_back
from crawler.reading import read_pages
from crawler.rereading import Answer, Job, captures_of, work_of
from crawler.sites import all_sites
from crawler.workers import Processes
from tests.crawler.rereading import Shelf, later, names_of, new_shelf
from tests.goldens.reading import answer, sample_sites, serve

SITES = ("hong_linh", "tuyen_giao_ha_nam")
ROOT = Path(__file__).parents[2]


def with_counter(result: Any) -> Any:
    """What a version made of a page that took its counter for words and did not see who wrote it."""
    if not isinstance(result, Article):
        return result
    counter = Block(BlockKind.PARAGRAPH, "Lượt xem: 3")
    return replace(result, blocks=(*result.blocks, counter), author=None)


def fill(shelf: Shelf, *sites: str) -> int:
    """Capture all pages of sites, each read badly; gives how many."""
    names = names_of(*sites)
    for name in names:
        shelf.add(name.split("/")[0], [serve(name)], mend=with_counter)
    return len(names)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an archive of two sites, read badly by version 1."""
    data: Path = tmp_path_factory.mktemp("filled") / "data"
    shelf = new_shelf(data)
    fill(shelf, *SITES)
    shelf.sessions.kw["bind"].dispose()
    return data


def copy_of(filled: Path, folder: Path) -> Shelf:
    shutil.copytree(filled, folder / "data")
    return new_shelf(folder / "data")


def exact(shelf: Shelf) -> str:
    with reading(shelf.sessions) as session:
        return whole(exact_digest(session))


def test_reading_again_gives_what_a_new_archive_has(filled: Path, tmp_path: Path) -> None:
    shelf = copy_of(filled, tmp_path)
    before = exact(shelf)
    would = shelf.reread("2", dry_run=True)
    assert exact(shelf) == before, "a dry run writes nothing"
    report = shelf.reread("2")
    assert (report.effects, report.fields) == (would.effects, would.fields)
    number = len(names_of(*SITES))
    assert report.effects == {Effect.CHANGED: number} and report.fields["text"] == report.fields["kinds"] == number
    assert 0 < report.fields["author"] < number
    [sample, *others] = would.samples["author"]
    assert sample.before is None and sample.after and len(others) <= 4
    fresh = new_shelf(tmp_path / "fresh", "2")
    for name in names_of(*SITES):
        fresh.add(name.split("/")[0], [serve(name)])
    expected, found = fresh.digest(), shelf.digest()
    assert found.pop("text").rows > expected.pop("text").rows, "the words of older readings stay"
    assert found == expected
    assert sum(done for _, done in go_back(shelf.sessions, "1", None)) == number
    assert all(record.text().endswith("Lượt xem: 3") for record in shelf.records().values())


def test_a_page_that_cannot_be_read_costs_no_other(filled: Path, tmp_path: Path) -> None:
    shelf = copy_of(filled, tmp_path)
    [[first, *_], *_] = Readings(shelf.sessions, "2", shelf.clock).due(Scope())
    file = shelf.captures / first.place.location.file
    damaged = bytearray(file.read_bytes())
    damaged[first.place.location.offset + 40 : first.place.location.offset + 60] = bytes(20)
    file.write_bytes(damaged)
    report = shelf.reread("2")
    [failure] = report.failures
    assert failure.startswith(f"{first.place.url}: ") and "restore the file" in failure
    assert report.effects.total() == len(names_of(*SITES)) - 1
    file.unlink()
    assert len(shelf.reread("2").failures) == 1, "only that one waits still"


def test_a_page_that_breaks_the_extractor_is_named_and_costs_no_other(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = copy_of(filled, tmp_path)
    [[first, *_], *_] = Readings(shelf.sessions, "2", shelf.clock).due(Scope())

    def read_or_break(site: Any, found: Any, pages: Any, *more: Any) -> Any:
        if pages[0].url == first.place.url:
            raise RecursionError("too deep")
        return read_pages(site, found, pages, *more)

    monkeypatch.setattr("crawler.rereading.read_pages", read_or_break)
    report = shelf.reread("2")
    [failure] = report.failures
    place = first.place.location
    assert failure == (
        f"{first.place.url}: cannot be read (RecursionError: too deep); its capture is {place.file} at "
        f"{place.offset}; please report this"
    )
    assert report.effects.total() == len(names_of(*SITES)) - 1


class CutShort(Exception):
    """A run is ended."""


def test_a_run_that_is_cut_short_goes_on_where_it_stood(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, undisturbed = copy_of(filled, tmp_path / "a"), copy_of(filled, tmp_path / "b")
    undisturbed.reread("2")
    monkeypatch.setattr("crawler.rereading.WRITTEN_TOGETHER", 5)
    kept = 0
    save = Readings.save

    def save_some(self: Readings, *given: Any) -> Any:
        nonlocal kept
        kept += 1
        if kept > 2:
            raise CutShort
        return save(self, *given)

    with monkeypatch.context() as patch, pytest.raises(CutShort):
        patch.setattr(Readings, "save", save_some)
        shelf.reread("2")
    with reading(shelf.sessions) as session:
        done = session.scalar(select(func.count()).where(Extraction.extractor_version == "2")) or 0
    assert 0 < done < len(names_of(*SITES))
    report = shelf.reread("2")
    assert report.read == len(names_of(*SITES)) - done, "nothing is read twice"
    assert shelf.digest() == undisturbed.digest()


PROGRAM = """
import sys
import crawler.extraction.read as read
read.EXTRACTOR_VERSION = "2"
import crawler.rereading as rereading
rereading.WRITTEN_TOGETHER = rereading.AT_ONCE = 3
one = rereading._read_one
def slowly(*given):
    import time
    time.sleep(0.02)
    return one(*given)
rereading._read_one = slowly
import baotinh
sys.argv = ["baotinh", "reextract", "--workers", "2"]
baotinh.main()
"""


def test_a_run_that_is_killed_or_told_to_end_goes_on_where_it_stood(filled: Path, tmp_path: Path) -> None:
    shelf, undisturbed = copy_of(filled, tmp_path / "a"), copy_of(filled, tmp_path / "b")
    undisturbed.reread("2")
    number = len(names_of(*SITES))
    environ = {"BAOTINH_DATA": str(shelf.data), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}

    def done() -> int:
        with reading(shelf.sessions) as session:
            return session.scalar(select(func.count()).where(Extraction.extractor_version == "2")) or 0

    before = 0
    for way in (signal.SIGKILL, signal.SIGTERM):
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while done() <= before and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        children = [int(pid) for pid in Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()]
        child.send_signal(way)
        said, trouble = child.communicate(timeout=60)
        assert len(children) == 2, said + trouble
        while any(map(alive, children)) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert not any(map(alive, children)), f"{way!r} left processes behind"
        assert before < done() < number, "it was ended while it worked"
        before = done()
        if way is signal.SIGTERM:
            assert child.returncode == 128 + way and "goes on from here" in trouble and "Traceback" not in trouble
    report = shelf.reread("2")
    assert report.read == number - before
    assert shelf.digest() == undisturbed.digest()


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def pages_of_story() -> tuple[str, list[Any]]:
    """The sample web's article over two pages."""
    site = sample_sites()["tuyen_giao_binh_phuoc"]
    [name] = [name for name in names_of(site.id) if b'class="page-links"' in serve(name).body]
    first = serve(name)
    url = first.url.rstrip("/") + "/2/"
    response = answer(site, url)
    return name, [first, replace(first, url=url, body=response.body)]


def test_further_pages_are_those_captured_with_the_first(tmp_path: Path) -> None:
    name, (first, second) = pages_of_story()
    site = name.split("/")[0]
    shelf = new_shelf(tmp_path / "data")
    old = replace(second, body=second.body.replace("Câu hát".encode(), "Lời hát".encode()))
    assert old.body != second.body
    for pages in ([first, old], [first, second]):
        shelf.add(site, pages)
        later(shelf)
    report = shelf.reread("2")
    assert report.effects == {Effect.SAME: 2}, "each first page with the second page of its own time"
    # A copy of the first page alone: what is kept of it stays, and it is told.
    shelf.add(site, [first], mend=lambda read: replace(read, title="Tít khi chưa đủ trang"))
    report = shelf.reread("2")
    assert report.missing == [first.url] and report.effects.total() == 0
    [record] = shelf.records().values()
    assert record.title == "Tít khi chưa đủ trang"
    assert shelf.reread("2").missing == [first.url], "it waits on, in case the page comes"


def test_a_site_without_a_spider_is_named(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = copy_of(filled, tmp_path)
    without = {name: spider for name, spider in all_sites().items() if name != "hong_linh"}
    monkeypatch.setattr("crawler.rereading.all_sites", lambda: without)
    report = shelf.reread("2")
    assert len(report.failures) == len(names_of("hong_linh"))
    assert "no spider hong_linh" in report.failures[0]


def test_processes_give_what_this_one_would_and_name_what_killed_them(filled: Path) -> None:
    shelf = new_shelf(filled)
    [due, *_] = Readings(shelf.sessions, "2", shelf.clock).due(Scope())
    jobs = [[Job(one)] for one in due]
    shelf.sessions.kw["bind"].dispose()
    work = work_of(shelf.captures)
    with Processes[list[Job], list[Answer]](2, work) as processes:
        found: list[Answer] = []
        for job in jobs:
            while not processes.free:
                found += [answer for some in processes.answers() for answer in some]
            processes.give(job)
        while processes.busy:
            found += [answer for some in processes.answers() for answer in some]
    expected = {one.job.due.id: one for job in jobs for one in work(job)}
    assert {one.job.due.id: one for one in found} == expected and len(found) == len(jobs)
    with (
        Processes[int, Any](1, lambda code: sys.exit(code)) as processes_that_die,
        pytest.raises(
            ArchiveError, match=r"a reading process died \(exit code 3; .* at 3; run again with fewer --workers"
        ),
    ):
        processes_that_die.give(3)
        processes_that_die.answers()
    first = jobs[0][0].due
    named = (
        f"at one of these pages, .*: {re.escape(first.place.url)} captured {first.fetched_at:%Y-%m-%d %H:%M}, https?:"
    )
    with (
        Processes[list[Job], Any](1, lambda task: sys.exit(3), captures_of) as processes_that_die_at_pages,
        pytest.raises(ArchiveError, match=named),
    ):
        processes_that_die_at_pages.give([job for some in jobs[:2] for job in some])
        processes_that_die_at_pages.answers()


def test_what_a_task_raises_is_raised_here() -> None:
    def fail(task: int) -> None:
        raise CaptureError(f"task {task}")

    with Processes[int, Any](1, fail) as processes, pytest.raises(CaptureError, match="task 7"):
        processes.give(7)
        processes.answers()


def test_a_rejection_stays_one(tmp_path: Path) -> None:
    shelf = new_shelf(tmp_path / "data")
    page = replace(serve(names_of("hong_linh")[0]), body=b"<p>Trang kh\xc3\xb4ng t\xe1\xbb\x93n t\xe1\xba\xa1i</p>")
    shelf.add("hong_linh", [page])
    report = shelf.reread("2")
    assert report.effects == {Effect.REJECTED: 1} and not report.fields
