"""One scheduler at a time: on a data folder, and on PostgreSQL on a database, whichever machine it runs on."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from archive.database import SCHEDULER_LOCK, ArchiveError, Claim
from archive.settings import Settings

PATIENT_SECONDS = 1.0
"""A lock that is held is tried for so long: who only asks whether a scheduler runs holds it for a moment."""


class SchedulerRuns(ArchiveError):
    """Another scheduler runs on the same archive; the message says which, as far as it is known."""


@contextmanager
def one_scheduler(settings: Settings, engine: Engine) -> Iterator[Claim]:
    """Be the one scheduler of an archive; gives the claim on its database, which is to be renewed now and then.

    Who holds the lock file stands in it: process, machine, and since when. Raises SchedulerRuns.
    """
    path = _file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        patient_until = time.monotonic() + PATIENT_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > patient_until:
                    raise SchedulerRuns(
                        f"another scheduler already runs on {settings.data} ({_words(path)}); stop it first"
                    ) from None
            time.sleep(PATIENT_SECONDS / 20)
        taken = (
            "another scheduler already runs on this database, from another machine or data folder; stop it first: "
            "nights are started from one place"
        )
        with closing(Claim(engine, SCHEDULER_LOCK, 0, taken, SchedulerRuns)) as claim:
            lock.truncate(0)
            since = settings.clock.now()
            lock.write(f"process {os.getpid()} on {socket.gethostname()} since {since:%Y-%m-%d %H:%M}\n")
            lock.flush()
            yield claim


def scheduler_of(settings: Settings, engine: Engine) -> str | None:
    """Which scheduler runs on an archive, in words; None if none does."""
    path = _file(settings)
    try:
        with path.open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        pass
    except BlockingIOError:
        return _words(path)
    try:
        Claim(engine, SCHEDULER_LOCK, 0, "", SchedulerRuns).close()
    except SchedulerRuns:
        return "one on another machine or data folder"
    return None


def _file(settings: Settings) -> Path:
    return settings.locks / "scheduler.lock"


def _words(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() or "which one it does not say yet"
