"""sites review and sites check: what they write, what they say, how they end."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from archive.captures import CaptureLocked, CaptureWriter
from archive.clock import VARIABLE
from archive.database import ArchiveError, open_engine, reading, session_factory
from archive.models import RunOutcome
from archive.settings import Settings
from archive.sites import last_checks
from commands import checking as commands
from commands.common import out
from crawler.onboarding import goldens
from crawler.onboarding.goldens import SavedPage, read_goldens, review_of, write_goldens
from schedules.runs import Ended
from schedules.trial import Trial, try_site
from tests.conftest import NOW, Program
from tests.crawler.onboarding.pages import OF_SITE, SITE, invented, site_folder, spider
from tests.crawler.rereading import Shelf, new_shelf
from tests.goldens.reading import serve


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the site's golden pages, empty; the clock stands, and what is written goes to a folder of ours."""
    monkeypatch.setattr(goldens, "SITES", tmp_path / "sites")
    monkeypatch.setattr(out, "width", 160)
    monkeypatch.setenv(VARIABLE, NOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sites" / SITE


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """An archive that the commands open."""
    shelf = new_shelf(tmp_path / "data")
    settings = replace(Settings.from_environment({"BAOTINH_DATA": str(shelf.data)}), clock=shelf.clock)
    monkeypatch.setattr(commands, "open_archive", lambda: (settings, shelf.sessions))
    return shelf


@contextmanager
def ending(code: int) -> Iterator[None]:
    with pytest.raises(typer.Exit) as ended:
        yield
    assert ended.value.exit_code == code


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What a command has written, its lines as one."""
    return lambda: " ".join(capsys.readouterr().out.split())


# -- review ---------------------------------------------------------------------------------------
def test_a_review_is_written_accepted_and_taken_back(folder: Path, said: Callable[[], str]) -> None:
    site_folder(folder.parent, 2)
    commands.sites_review(SITE)
    todo = f"Open it, compare, and when every value is right: baotinh sites review {SITE} --accept"
    assert said() == f"{SITE}-review.html: 2 golden pages {todo}"
    assert "Khai trương Trung tâm truyền thông" in Path(f"{SITE}-review.html").read_text(encoding="utf-8")
    commands.sites_review(SITE, accept=True, by="Lan")
    assert said() == f"{SITE}: 2 golden pages reviewed by Lan"
    review = review_of(folder)
    assert review.stands and review.at is not None and review.at.isoformat() == NOW
    write_goldens(folder, spider(), [invented(0)])
    assert not review_of(folder).stands


def test_an_update_says_what_it_changed(folder: Path, said: Callable[[], str]) -> None:
    site_folder(folder.parent, 2)
    file = folder / "2511101.json"
    golden = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(goldens.written(golden | {"author": "Ai khác"}), encoding="utf-8")
    commands.sites_review(SITE, out_file=Path("look.html"))
    assert "look.html: 2 golden pages, 1 of them read otherwise than expected" in said()
    with pytest.raises(ArchiveError, match=r"2511101 \(author\)\. Nothing was accepted: mend .*--update"):
        commands.sites_review(SITE, accept=True, by="Lan")
    assert not review_of(folder).stands
    commands.sites_review(SITE, update=True)
    words = said()
    assert "author: - Ai khác + Hoàng Thạch" in words and "1 golden changed, the review is taken back" in words
    assert not review_of(folder).stands
    assert read_goldens(folder)[0].expected["author"] == "Hoàng Thạch"


@pytest.mark.parametrize("error", [KeyError("uid not found: 54321"), OSError("no user name")])
def test_who_has_no_name_here_is_asked_for_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, said: Callable[[], str], error: Exception
) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr("commands.checking.getpass.getuser", nameless)
    site_folder(folder.parent, 1)
    with pytest.raises(ValueError, match="--by NAME"):
        commands.sites_review(SITE, accept=True)
    assert not review_of(folder).stands
    commands.sites_review(SITE, accept=True, by="Lan")
    assert review_of(folder).by == "Lan"


def test_without_goldens_the_newest_captures_are_shown(folder: Path, shelf: Shelf, said: Callable[[], str]) -> None:
    with pytest.raises(ArchiveError, match="there is nothing to review"):
        commands.sites_review(SITE)
    shelf.add(SITE, [serve(OF_SITE[0])])
    commands.sites_review(SITE, out_file=Path("look.html"))
    assert said() == "look.html: 1 captures (the site has no golden pages)"
    assert "captures, no golden pages" in Path("look.html").read_text(encoding="utf-8")


def test_wrong_use_is_told(folder: Path) -> None:
    with pytest.raises(ValueError, match="give it alone"):
        commands.sites_review(SITE, accept=True, update=True)
    with pytest.raises(ValueError, match="give it with --accept"):
        commands.sites_review(SITE, by="Lan")
    with pytest.raises(ValueError, match="did you mean bao_quang_ninh"):
        commands.sites_review("bao_quang_nin")
    with pytest.raises(ValueError, match="give it with --live"):
        commands.sites_check(SITE, setting=["DOWNLOAD_DELAY=0"])
    with pytest.raises(ArchiveError, match="no golden page to accept"):
        commands.sites_review(SITE, accept=True)
    site_folder(folder.parent, 1)
    with pytest.raises(ArchiveError, match="name another with --out"):
        commands.sites_review(SITE, out_file=Path("no/such/folder/x.html"))


# -- check ----------------------------------------------------------------------------------------
def test_golden_pages_pass_once_they_are_reviewed(folder: Path, said: Callable[[], str]) -> None:
    write_goldens(folder, spider(), [invented(number) for number in range(5)])
    with ending(1):
        commands.sites_check(SITE)
    words = said()
    assert "FAILED reviewed nobody has looked yet: baotinh sites review bao_quang_ninh" in words
    assert words.endswith(f"{SITE}: not passed: reviewed")
    commands.sites_review(SITE, accept=True, by="Lan")
    said()
    with ending(0):
        commands.sites_check(SITE)
    words = said()
    assert "passed reviewed by Lan on 2023-04-01" in words and "title 5 of 5 100%" in words
    assert words.endswith(f"{SITE}: passed")


def test_what_is_wrong_is_named(folder: Path, said: Callable[[], str]) -> None:
    line = "Mời bạn đọc tải ứng dụng của báo để nhận tin sớm nhất"
    pages = [invented(number, more=f"<p>{line}</p>") for number in range(3)]
    pages += [invented(3, date=""), invented(4, body="main-content")]
    pages += [SavedPage(invented(5).url, "text/html", b"<html><body>x</body></html>", pages[0].fetched_at)]
    write_goldens(folder, spider(), pages)
    commands.sites_review(SITE, accept=True, by="Lan")
    said()
    with ending(1):
        commands.sites_check(SITE)
    words = said()
    assert f"suspected, recurs: {line!r} in 3 articles, such as {pages[0].url}" in words
    assert f"no date: {pages[3].url}" in words
    assert f"fitted no layout: {pages[4].url}" in words
    assert "refused:" not in words, "the golden says that it is no article"
    assert words.endswith(f"{SITE}: not passed: layout, noise")


def test_a_site_without_goldens_cannot_be_checked_by_them(folder: Path) -> None:
    with pytest.raises(ArchiveError, match="check it with --live"):
        commands.sites_check(SITE)


@pytest.mark.parametrize(
    ("outcome", "failed", "pages", "failing"),
    [
        (RunOutcome.FINISHED, 0, 6, ""),
        (RunOutcome.FAILED, 0, 6, "crawl"),
        (RunOutcome.FINISHED, 3, 6, "fetched"),
        (RunOutcome.FINISHED, 0, 4, "articles"),
    ],
)
def test_a_live_check_is_noted_with_what_failed(
    folder: Path,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
    said: Callable[[], str],
    outcome: RunOutcome,
    failed: int,
    pages: int,
    failing: str,
) -> None:
    shelf.add(SITE, [serve(OF_SITE[0])])  # so that the site is known, as a trial makes it
    counts = {"fetch/new": pages + failed, "failed": failed}
    ended = Ended(SITE, outcome, "the host does not answer" if outcome is RunOutcome.FAILED else None, counts, 9.0)
    trial = Trial(ended, tuple(invented(number) for number in range(pages)))
    monkeypatch.setattr(commands, "try_site", lambda *given, **named: trial)
    with ending(1 if failing else 0):
        commands.sites_check(SITE, live=True)
    assert said().endswith(f"{SITE}: not passed: {failing}" if failing else f"{SITE}: passed")
    with reading(shelf.sessions) as session:
        check = last_checks(session).get(SITE)
    if failing:
        assert check is None
    else:
        assert check is not None and check.at == shelf.clock.now() and "every rule holds" in check.words


def test_a_site_that_is_being_crawled_is_left_alone(shelf: Shelf) -> None:
    settings = replace(Settings.from_environment({"BAOTINH_DATA": str(shelf.data)}), clock=shelf.clock)
    with (
        CaptureWriter(settings.captures, SITE, settings.clock, lambda file: 0),
        pytest.raises(CaptureLocked, match=f"process {os.getpid()} is crawling this site"),
    ):
        try_site(spider(), settings, shelf.sessions)


def test_a_live_check_crawls_a_few_articles_keeps_none_and_notes_that_it_passed(program: Program) -> None:
    done = program.run("sites", "check", "hong_linh", "--live", "-s", "DOWNLOAD_DELAY=0")
    assert "Crawling 12 articles of hong_linh" in done.stdout and done.stdout.rstrip().endswith("hong_linh: passed")
    kept = [file for file in (program.data / "captures").rglob("*") if file.is_file()]
    assert [file.name for file in kept] == ["writer.lock"], "pages of the trial came into the archive"
    engine = open_engine(f"sqlite:///{program.data / 'baotinh.sqlite3'}")
    with reading(session_factory(engine)) as session:
        checks = last_checks(session)
    engine.dispose()
    assert list(checks) == ["hong_linh"]
    assert checks["hong_linh"].live and checks["hong_linh"].at.isoformat().startswith("2023-04-01")
    assert "12 articles, every rule holds" in checks["hong_linh"].words
