"""When a night begins, and whether one was missed."""

import fcntl
from datetime import datetime, time
from pathlib import Path

import pytest

from archive.clock import VIETNAM
from archive.database import ArchiveError
from archive.settings import Settings
from schedules.nightly import missed, run_nightly

AT = time(0, 30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("last_run", "now", "expected"),
    [
        (at("20T00:31"), at("21T07:00"), True),
        (at("21T00:31"), at("21T07:00"), False),
        (at("20T00:31"), at("21T00:10"), False),
        (at("19T00:31"), at("20T23:50"), False),
        (at("20T00:31"), at("21T12:29"), True),
        (at("20T00:31"), at("21T12:31"), False),
        (None, at("21T07:00"), False),
    ],
    ids=["missed", "ran", "not due yet", "too long ago", "just within", "just beyond", "never crawled"],
)
def test_a_night_is_caught_up_only_if_it_was_missed_lately(
    last_run: datetime | None, now: datetime, expected: bool
) -> None:
    assert missed(AT, last_run, now) is expected


def test_one_scheduler_at_a_time(tmp_path: Path) -> None:
    settings = Settings.from_environment({"BAOTINH_DATA": str(tmp_path)})
    settings.locks.mkdir(parents=True)
    with (settings.locks / "scheduler.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ArchiveError, match="another scheduler"):
            run_nightly(lambda: None, "00:30", settings, None)
