"""A crawl that is killed at a chosen moment: ``python -m tests.killing POINT N NOTES SITE`` crawls as Scrapy does.

It kills itself (SIGKILL) at the N-th time that it comes to POINT, one of `POINTS`; with N = 0 it is not killed, and
how often it came to each point is appended to the file NOTES as JSON. Into NOTES goes too, line by line and before
anything else can happen, what the archive acknowledged. The hooks stand around the standard library, SQLAlchemy and
the intake's public methods: the program knows nothing of them.
"""

import atexit
import builtins
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POINTS = (
    "before a capture is written",
    "amid a capture's bytes",
    "after a capture's bytes, before fsync",
    "after fsync, before the row",
    "before a commit of captures or pages",
    "after a commit, before its acknowledgement",
    "while the ledger writes",
    "while a page is saved",
    "while a response is under way",
)
"""Every one of them is amid a fetch or a write."""

ROOT = Path(__file__).resolve().parent.parent
_LEDGER = re.compile(r"(?:INSERT INTO|UPDATE) url\b")
_PAGE = re.compile(r"INSERT INTO (?:article|text|extraction)\b")
_KEPT = re.compile(r"INSERT INTO (?:capture|extraction)\b")


class Killer:
    """Counts how often the crawl comes to each point, and kills it at one of them."""

    def __init__(self, point: str, number: int, notes: Path) -> None:
        if number and point not in POINTS:
            raise ValueError(f"{point!r} is no point; there are {POINTS}")
        self._point, self._number = point, number
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.counted: Counter[str] = Counter()

    def note(self, **what: Any) -> None:
        """Write a line that survives the process."""
        os.write(self._notes, (json.dumps(what) + "\n").encode())

    def is_next(self, point: str) -> bool:
        """Whether the process is to die at this very moment."""
        self.counted[point] += 1
        return point == self._point and self.counted[point] == self._number

    def at(self, point: str) -> None:
        """The crawl came to `point`."""
        if self.is_next(point):
            self.kill(point)

    def kill(self, point: str) -> None:
        """The end."""
        self.note(killed=point)
        os.kill(os.getpid(), signal.SIGKILL)


def hook_files(killer: Killer) -> None:
    """Stand around the writes and fsyncs of capture files."""

    class CaptureFile(io.FileIO):
        def write(self, data: Any) -> int:
            killer.at("before a capture is written")
            if killer.is_next("amid a capture's bytes"):
                super().write(data[: len(data) // 2])
                killer.kill("amid a capture's bytes")
            return super().write(data)

    real_open, real_fsync = io.open, os.fsync

    def opened(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if isinstance(file, str | os.PathLike) and str(file).endswith(".warc.gz") and "a" in mode:
            return CaptureFile(file, mode.replace("b", ""))
        return real_open(file, mode, *rest, **more)

    def fsync(fd: Any) -> None:
        number = fd if isinstance(fd, int) else fd.fileno()
        is_capture = Path(f"/proc/self/fd/{number}").readlink().name.endswith(".warc.gz")
        if is_capture:
            killer.at("after a capture's bytes, before fsync")
        real_fsync(fd)
        if is_capture:
            killer.at("after fsync, before the row")

    io.open = builtins.open = opened
    os.fsync = fsync


def hook_database(killer: Killer) -> None:
    """Stand around statements and commits."""
    from sqlalchemy import Connection, Engine, event
    from sqlalchemy.orm import Session

    @event.listens_for(Engine, "before_cursor_execute")
    def execute(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if _LEDGER.match(statement):
            killer.at("while the ledger writes")
        if _PAGE.match(statement):
            killer.at("while a page is saved")
        if _KEPT.match(statement):
            connection.info["keeps"] = True

    @event.listens_for(Engine, "commit")
    def commit(connection: Connection) -> None:
        if connection.info.pop("keeps", False):
            killer.at("before a commit of captures or pages")
            kept.append(True)

    kept: list[bool] = []

    @event.listens_for(Session, "after_commit")
    def committed(_: Session) -> None:
        if kept:
            kept.clear()
            killer.at("after a commit, before its acknowledgement")


def hook_intake(killer: Killer) -> None:
    """Note what is acknowledged, in the moment in which it is."""
    from archive.intake import Intake

    keep, save = Intake.keep, Intake.save

    def keeping(self: Intake, *given: Any) -> "Future[Any]":
        future = keep(self, *given)
        future.add_done_callback(lambda done: None if done.exception() else killer.note(capture=done.result().id))
        return future

    def saving(self: Intake, read: Any) -> "Future[Any]":
        future = save(self, read)
        future.add_done_callback(lambda done: None if done.exception() else killer.note(read=read.kept.id))
        return future

    Intake.keep, Intake.save = keeping, saving  # type: ignore[method-assign,assignment]


def hook_downloads(killer: Killer) -> None:
    """Stand where a part of a response comes in."""
    from scrapy.core.downloader.handlers.http11 import _ResponseReader

    received: Callable[..., None] = _ResponseReader.dataReceived

    def receive(self: Any, data: bytes) -> None:
        received(self, data[: len(data) // 2])
        killer.at("while a response is under way")
        received(self, data[len(data) // 2 :])

    _ResponseReader.dataReceived = receive  # type: ignore[method-assign]


def main(point: str, number: str, notes: str, *arguments: str) -> None:
    """Crawl with the hooks in place."""
    from scrapy.cmdline import execute

    killer = Killer(point, int(number), Path(notes))
    if not int(number):
        atexit.register(lambda: killer.note(counted=killer.counted))
    for hook in (hook_files, hook_database, hook_intake, hook_downloads):
        hook(killer)
    execute(["scrapy", "crawl", *arguments])


# -- what a test does with it ---------------------------------------------------------------------
@dataclass
class Notes:
    """What a crawl wrote down: where it was killed (None if it was not), the keys of what was acknowledged."""

    killed: str | None = None
    counted: dict[str, int] = field(default_factory=dict)
    captures: set[int] = field(default_factory=set)
    reads: set[int] = field(default_factory=set)


def crawl(environment: dict[str, str], notes: Path, site: str, point: str = "", number: int = 0) -> Notes:
    """Crawl `site` and give what was noted; raises AssertionError if it ended otherwise than it should."""
    notes.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", point, str(number), str(notes), site, "-s", "DOWNLOAD_DELAY=0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    out = Notes()
    for line in notes.read_text("utf-8").splitlines():
        told = json.loads(line)
        out.killed = told.get("killed", out.killed)
        out.counted = told.get("counted", out.counted)
        out.captures |= {told["capture"]} if "capture" in told else set()
        out.reads |= {told["read"]} if "read" in told else set()
    assert done.returncode == (-signal.SIGKILL if out.killed else 0), done.stderr[-2000:]
    return out


def moments(counted: dict[str, int], seed: int) -> Iterator[tuple[str, int]]:
    """Points and numbers without end, each point equally often, drawn with `seed`.

    `counted` says how often an undisturbed crawl comes to each. Numbers are drawn from the first third, since a
    crawl that goes on after a kill has less left.
    """
    random_ = random.Random(seed)
    while True:
        for point in random_.sample(POINTS, len(POINTS)):
            yield point, random_.randint(1, max(1, counted[point] // 3))


def broken_captures(database_url: str, captures: Path) -> tuple[int, list[str]]:
    """How many captures the database knows, and those whose record is not what it says."""
    from archive.database import open_engine, session_factory
    from archive.verifying import Verifier

    engine = open_engine(database_url)
    verifier = Verifier(session_factory(engine), captures)
    wrong = [f"{one.file}:{one.offset} {one.url}: {one.why}" for one in verifier.damages()]
    engine.dispose()
    return verifier.counts.captures, wrong


if __name__ == "__main__":
    main(*sys.argv[1:])
