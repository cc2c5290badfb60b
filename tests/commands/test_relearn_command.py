"""`sites relearn`: when nothing is accepted, what is read first, under which edition, and what goes on."""

import socket
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from archive.clock import VIETNAM
from archive.database import ArchiveError
from archive.models import Health, Run
from archive.verdicts import write_verdict
from commands import relearning
from crawler.sites import all_sites
from tests.schedules.house import House

SITE = "hong_linh"
SINCE = date(2023, 3, 28)


class Done:
    """What the command did, with an archive and a lesson that are invented."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[str] = []
        self.waiting = 0
        self.lesson: Any = SimpleNamespace(
            layouts=(),
            until=SINCE - timedelta(days=1),
            since=SINCE,
            replaced=frozenset({"2023-04-01"}),
            is_doubtful=False,
        )
        self.given: dict[str, Any] = {}
        self.house = house
        for name, made in {
            "open_archive": lambda: (house.settings, house.sessions),
            "relearn": self.relearn,
            "rewrite": self.rewrite,
            "load_anew": lambda name: None,
            "read_scope": self.read,
            "readings_of": lambda sessions, clock: SimpleNamespace(count=lambda scope: self.waiting),
            "_print": lambda spider, proposal: None,
            "print_report": lambda report, sessions, dry_run: None,
        }.items():
            monkeypatch.setattr(relearning, name, made)

    def relearn(self, site: Any, pages: Any, kept: Any, **given: Any) -> Any:
        self.steps.append("learn")
        self.given = given
        if isinstance(self.lesson, Exception):
            raise self.lesson
        return self.lesson

    def rewrite(self, spider: Any, new: Any, until: date, **given: Any) -> Any:
        self.steps.append(f"write edition {given['edition']}, replace {sorted(given['replaced'])}")
        return self.house.settings.data / "hong_linh.py"

    def read(self, settings: Any, sessions: Any, scope: Any, **given: Any) -> Any:
        self.steps.append(f"read {scope.start}")
        return SimpleNamespace(failures=[])

    def accept(self) -> list[str]:
        relearning.sites_relearn(SITE, None, True, False)
        return self.steps


@pytest.fixture
def done(house: House, monkeypatch: pytest.MonkeyPatch) -> Done:
    return Done(house, monkeypatch)


WRITE = "write edition {}, replace ['2023-04-01']"
READ = [f"read {SINCE}", "read None"]


def test_accepted_it_is_written_and_read(done: Done, capsys: pytest.CaptureFixture[str]) -> None:
    assert done.accept() == ["learn", WRITE.format(1), *READ]
    said = capsys.readouterr().out
    assert "layout '2023-04-01'" in said and f"baotinh reextract --site {SITE}" in said


@pytest.mark.parametrize(("known", "of_file", "edition"), [(3, 0, 4), (1, 5, 6)])
def test_the_edition_is_one_that_no_reading_has(
    done: Done, monkeypatch: pytest.MonkeyPatch, known: int, of_file: int, edition: int
) -> None:
    """The file may have been put back to what it was."""
    monkeypatch.setattr(relearning, "last_edition", lambda session, site_id: known)
    monkeypatch.setattr(all_sites()[SITE], "edition", of_file)
    assert done.accept()[1] == WRITE.format(edition)


def test_what_waits_since_an_earlier_change_is_read_first(done: Done, capsys: pytest.CaptureFixture[str]) -> None:
    done.waiting = 7
    assert done.accept() == ["read None", "learn", WRITE.format(1), *READ]
    assert "7 captures wait to be read" in capsys.readouterr().out


def test_once_that_is_read_there_may_be_nothing_to_learn(done: Done, capsys: pytest.CaptureFixture[str]) -> None:
    done.lesson = ValueError("0 fit no layout")
    with pytest.raises(ValueError, match="0 fit no layout"):
        done.accept()
    done.waiting = 7
    assert done.accept() == ["learn", "read None", "learn"]
    assert "Nothing more was learned: 0 fit no layout" in capsys.readouterr().out


def test_nothing_is_read_where_it_is_not_accepted(done: Done) -> None:
    done.waiting = 7
    relearning.sites_relearn(SITE, None, False, False)
    assert done.steps == ["learn"]


@pytest.mark.parametrize(("waiting", "then"), [(0, "are in the spider's file"), (7, "Nothing was learned or written")])
def test_cut_short_it_names_the_command_that_goes_on(
    done: Done, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], waiting: int, then: str
) -> None:
    def cut(*given: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    done.waiting = waiting
    monkeypatch.setattr(relearning, "read_scope", cut)
    with pytest.raises(KeyboardInterrupt):
        done.accept()
    said = capsys.readouterr().err
    assert f"`baotinh reextract --site {SITE}` goes on from here" in said and then in said


def test_nothing_is_accepted_while_the_site_is_crawled(done: Done) -> None:
    house = done.house
    done.waiting = 7
    house.runs.start_run(house.key("bao_quang_ninh"), {})
    done.accept()
    done.steps.clear()
    key = house.runs.start_run(house.key(SITE), {})
    with pytest.raises(ArchiveError, match=f"{SITE}: it is crawled at this moment.*Nothing was changed"):
        done.accept()
    assert done.steps == []
    relearning.sites_relearn(SITE, None, False, False)
    house.runs.lose(key)
    done.accept()


@pytest.mark.parametrize(("pid", "host", "silent"), [(2**22 + 1, "", 0), (1, "", 2), (1, "elsewhere", 2)])
def test_a_run_that_died_is_none(done: Done, pid: int, host: str, silent: int) -> None:
    house = done.house
    key = house.runs.start_run(house.key(SITE), {})
    with house.sessions.begin() as session:
        run = session.get_one(Run, key)
        run.pid, run.host = pid, host or socket.gethostname()
        run.heartbeat_at -= timedelta(hours=silent)
    assert done.accept()


def test_a_crawl_that_began_while_it_was_learned_is_seen(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(*given: Any, **named: Any) -> Any:
        done.house.runs.start_run(done.house.key(SITE), {})
        return done.lesson

    monkeypatch.setattr(relearning, "relearn", learn)
    with pytest.raises(ArchiveError, match="crawled at this moment"):
        done.accept()
    assert done.steps == []


def judge(house: House, began: datetime, state: tuple[Health, str | None], *fields: str) -> None:
    with house.sessions.begin() as session:
        run = Run(site_id=house.key(SITE), night=began.date(), started_at=began, heartbeat_at=began, finished_at=began)
        run.pid, run.host, run.outcome, run.counts, run.arguments = 1, "", "finished", {}, {}
        session.add(run)
        session.flush()
        write_verdict(session, run.id, began + timedelta(minutes=20), state, fields, "")


@pytest.mark.parametrize(
    ("state", "drifting"),
    [
        ((Health.BROKEN, "layout"), date(2023, 3, 29)),
        ((Health.BROKEN, "empty"), None),
        ((Health.DRIFTING, "layout"), date(2023, 3, 28)),
        ((Health.OK, None), None),
    ],
)
def test_the_first_night_of_the_verdict_is_the_day_to_learn_from(
    done: Done, state: tuple[Health, str | None], drifting: date | None
) -> None:
    """A layout that fits and finds no date has no pages that fit none. That night was judged after midnight."""
    well = (Health.THIN, "few_new")
    for day, one in ((28, well), (29, state), (30, state), (31, state)):
        judge(done.house, datetime(2023, 3, day, 23, 50, tzinfo=VIETNAM), one, "published")
    done.accept()
    assert done.given["drifting"] == drifting


def test_a_site_that_was_never_crawled_says_so(done: Done) -> None:
    with pytest.raises((ArchiveError, typer.Exit), match="crawl it first"):
        relearning.sites_relearn("bao_thai_nguyen", None, True, False)
