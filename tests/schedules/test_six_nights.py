"""Six nights by the scheduler: what is new is kept, changes are recorded, what broke is told of, little is asked."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from archive.models import Health
from tests.conftest import Program, number_of_articles
from tests.sample_web import nights
from tests.sample_web.harness import SampleWeb
from tests.sample_web.nights import Signal
from tests.sample_web.sites import SITES
from tests.schedules.six_nights import (
    COMMAND,
    NIGHTS,
    Archive,
    Asked,
    every,
    floor_of,
    key_of,
    note_checks,
    now_of,
    serve,
)

pytestmark = pytest.mark.torture


@dataclass
class Nights:
    """What six nights left: the program, the log of each night, and that of a night on which nothing was new."""

    program: Program
    logs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    quiet: list[dict[str, Any]] = field(default_factory=list)
    found: dict[int, dict[str, set[str]]] = field(default_factory=dict)
    recorded: dict[int, set[tuple[str, str, str]]] = field(default_factory=dict)

    @property
    def archive(self) -> Archive:
        """The archive as it is at the end."""
        return Archive(self.program)


@pytest.fixture(scope="module")
def six(shared_web: SampleWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """The six nights, made once; the quiet one is made of a copy of the archive after the first."""
    folder = tmp_path_factory.mktemp("six")
    program = Program(folder / "data", shared_web).make_archive()
    note_checks(program)
    out = Nights(program)
    try:
        for night in NIGHTS:
            serve(shared_web, night)
            out.logs[night] = carried_out(program, shared_web, night)
            archive = Archive(program)
            out.found[night] = {kind.id: archive.keys(kind.id) for kind in SITES}
            out.recorded[night] = {
                (one.site.id, change.kind, change.key)
                for one in every(night)
                for change in nights.changes(one.site, night)
                if archive.is_recorded(one.site, change)
            }
            if night == 0:
                copy = Program(folder / "quiet" / "data", shared_web)
                shutil.copytree(program.data, copy.data)
                out.quiet = carried_out(copy, shared_web, 1)
        yield out
    finally:
        shared_web.control("all", clear=1)


def carried_out(program: Program, web: SampleWeb, night: int) -> list[dict[str, Any]]:
    """Let the scheduler make a night; gives what it asked."""
    seen = len(web.log())
    program.run(*COMMAND, code=None, BAOTINH_NOW=now_of(night))
    return web.log()[seen:]


def test_each_site_runs_once_a_night(six: Nights) -> None:
    runs = six.archive.runs()
    assert set(runs) == {(kind.id, f"{nights.instant(night):%Y-%m-%d}") for kind in SITES for night in NIGHTS}
    assert {len(outcomes) for outcomes in runs.values()} == {1}


def test_every_new_article_is_there_after_its_night(six: Nights) -> None:
    assert sum(map(len, six.found[0].values())) == number_of_articles()
    for night in NIGHTS[1:]:
        for one in every(night):
            if one.can_be_read:
                missing = {key_of(article) for article in one.new} - six.found[night][one.site.id]
                assert missing == set(), f"{one.site.id}, night {night}"


def test_what_a_site_shows_of_a_change_is_recorded_on_the_same_night(
    six: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, found, late, missed = Counter[str](), Counter[str](), Counter[str](), list[str]()
    for night in NIGHTS[1:]:
        for one in every(night):
            for change in one.changes:
                told = nights.signals(one.site, change) if one.can_be_read else frozenset[Signal]()
                this = (one.site.id, change.kind, change.key)
                at_once = this in six.recorded[night]
                for name in sorted(map(str, told)) or ["none"]:
                    shown[name] += 1
                    found[name] += at_once
                    late[name] += not at_once and this in six.recorded[nights.LAST]
                if told and not at_once:
                    missed.append(f"night {night}: {change.kind} of {this[0]} {this[2]}, by {', '.join(sorted(told))}")
    with capsys.disabled():
        print("", *missed, sep="\n")
        print("\nsignal            changes  recorded the same night  later")
        for name in (*map(str, Signal), "none"):
            print(f"{name:16} {shown[name]:8} {found[name]:24} {late[name]:6}")
    assert missed == []
    assert all(shown[name] for name in Signal)


def test_the_redesigned_site_is_broken_and_the_closed_one_blocked_and_nobody_else_is_told_of(six: Nights) -> None:
    (redesigned, first), (closed, on) = nights.REDESIGN, nights.BOT_CHECK
    names = [kind.id for kind in SITES]
    for night in NIGHTS:
        verdicts, report = six.archive.verdicts(night), six.archive.report(night)
        assert set(verdicts) == set(names), night
        bad = {site: state for site, state in verdicts.items() if state[0] != Health.OK}
        expected = {redesigned: (Health.BROKEN, "layout")} if night >= first else {}
        if night == on:
            state = bad.pop(closed, None)
            assert state is not None and state[0] == Health.BLOCKED, verdicts
        assert bad == expected, f"night {night}: {report}"
        assert 0 < len(report.splitlines()) <= 10, report
        told = {name for name in names if name in report}
        assert told - {redesigned} == ({closed} if night == on else set()), report
        assert (redesigned in told) >= (night == first), report


def test_robots_txt_is_never_violated(six: Nights) -> None:
    for night, log in six.logs.items():
        for kind in SITES:
            assert Asked.of(kind(), log).violations == [], night


def test_a_quiet_night_costs_a_request_a_source(six: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for kind in SITES:
        asked = Asked.of(kind(), six.quiet)
        lines.append(
            f"{kind.id:24} {asked.robots:6} {len(asked.others):7} {floor_of(asked.site):6} {asked.not_modified:6}"
        )
        assert asked.robots <= 1
        assert asked.others and len(asked.others) <= floor_of(asked.site), [row["path"] for row in asked.others]
        if kind.validators == "all":
            assert asked.not_modified == len(asked.others)
        elif kind.way != "listing":
            assert asked.not_modified >= 1
    with capsys.disabled():
        print("\nquiet night              robots  others  floor  304", *lines, sep="\n")


def test_a_busy_night_costs_little_more_than_its_articles(six: Nights, capsys: pytest.CaptureFixture[str]) -> None:
    lines, over = [], []
    for night in NIGHTS[1:]:
        for one in every(night):
            if not one.can_be_read:
                continue
            asked = Asked.of(one.site, six.logs[night])
            due = len(nights.looked_at(one.site, night) | {change.key for change in one.changes})
            # A move costs the answer that leads on and the one it leads to.
            rechecks = due + sum(change.kind is nights.Kind.MOVE for change in one.changes)
            spent = len(asked.others) - asked.faults - rechecks - floor_of(one.site)
            lines.append(
                f"{night:5} {one.site.id:24} {len(one.new):3} {len(asked.others):8} {asked.faults:6} {rechecks:8} "
                f"{floor_of(one.site):5} {spent / len(one.new):9.2f}"
            )
            if spent > 1.3 * len(one.new) or asked.robots > 1 or asked.twice:
                over.append(f"{lines[-1]}: {[row['path'] for row in asked.rows]}")
    with capsys.disabled():
        print("\nnight site                    new requests faults rechecks floor  left/new", *lines, sep="\n")
        print(*over, sep="\n")
    assert over == []
