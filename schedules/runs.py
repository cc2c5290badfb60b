"""One crawl as a child process: the reactor cannot start twice, and a crash takes only itself along."""

import contextlib
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO

from archive.clock import VARIABLE
from archive.database import ArchiveError, DatabaseAway
from archive.models import RunOutcome
from archive.patience import Patience
from archive.runs import RunRecord, Runs
from archive.settings import DATA, DATABASE_URL, NOTIFY, Settings
from crawler.sites import SETTINGS_MODULE

STOP_SECONDS = 7.0
"""How long children may take to end once they were asked to: a crawl ends itself within 6.5 (crawler/stopping.py)."""

POLL_SECONDS = 0.2

MEMORY_BYTES = 2 * 2**30
"""The most data that a crawl may have: four times what makes it end itself (MEMUSAGE_LIMIT_MB in crawler/settings.py),
since what hangs and grows in a C library lets nobody look. A usual crawl has 230 MB (VmData). Only Linux can set the
limit of another process."""

_ERROR_LINE = re.compile(
    r"^(?:[\w.]*\.)?([A-Z]\w*"
    r"(?:Error|Exception|Failed|Locked|Missing|Outdated|Newer|Configured|Away|Taken)): (.+)$"
)

_LOCKED_OUT = re.compile(r"^(?:[\w.]*\.)?(?:CaptureLocked|SiteTaken): ", re.MULTILINE)


@dataclass(frozen=True)
class Order:
    """What to crawl: one site, its range of days, and Scrapy settings that override ours.

    `budget` is the most requests that it may send. `night` is the scheduler's night that the run is of, `until` the
    instant at which whoever gives the order ends it.
    """

    site: str
    start: date | None = None
    end: date | None = None
    limit: int | None = None
    url: str | None = None
    force: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    night: date | None = None
    until: datetime | None = None
    budget: int | None = None

    def command(self) -> list[str]:
        """The command line of the child: Scrapy's own ``crawl``."""
        arguments = {"start": self.start, "end": self.end, "limit": self.limit, "url": self.url, "parent": os.getpid()}
        arguments |= {
            "budget": self.budget,
            "night": self.night,
            "until": self.until.isoformat() if self.until else None,
        }
        command = [sys.executable, "-m", "scrapy", "crawl", self.site]
        for name, value in arguments.items():
            if value is not None:
                command += ["-a", f"{name}={value}"]
        if self.force:
            command += ["-a", "force=1"]
        for name, value in self.settings.items():
            command += ["-s", f"{name}={value}"]
        return command


class Child:
    """A crawl under way: a process of its own session, whose log goes to a file."""

    def __init__(self, order: Order, settings: Settings, runs: Runs) -> None:
        self.order, self._runs, self.before = order, runs, runs.last_key()
        now = settings.clock.now()
        self.log = settings.logs / order.site / f"{now:%Y-%m-%dT%H%M%S}.log"
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.log.open("ab")
        except OSError as error:
            raise ArchiveError(f"{self.log}: cannot be written to ({error.strerror}); make room on its disk") from error
        # The archive of its parent, whatever that one's environment says.
        archive = {DATA: str(settings.data), DATABASE_URL: settings.database_url}
        environment = dict(os.environ, SCRAPY_SETTINGS_MODULE=SETTINGS_MODULE, **archive)
        # It tells nobody, and what it runs on was written by others: its addresses hold passwords.
        environment.pop(NOTIFY, None)
        simulated = settings.clock.setting()
        if simulated:
            environment[VARIABLE] = simulated
        self._process = subprocess.Popen(
            order.command(),
            stdin=subprocess.DEVNULL,
            # Its last words (crawler/extensions.py), which on a full disk neither log nor row can take.
            stdout=subprocess.PIPE,
            stderr=self._file,
            env=environment,
            start_new_session=True,
        )
        if hasattr(resource, "prlimit"):
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(self.pid, resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))

    @property
    def pid(self) -> int:
        """The process id of the crawl."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask the crawl to end in order."""
        if self.running:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end; a child that outlasts `seconds` is killed: its run is lost, not its data."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process at once: its run is lost, not its data."""
        self._process.kill()
        self._process.wait()

    def record(self) -> RunRecord | None:
        """The `run` row of this very process, or None if it never came so far as to write one.

        None too while the database is away: it is the crawl that waits for it, and says so.
        """
        try:
            return self._runs.of_process(self.order.site, self.pid, self.before)
        except DatabaseAway:
            return None

    def result(self) -> tuple[RunOutcome, str | None]:
        """How the ended crawl ended, and why if that is not plain."""
        self._file.close()
        words, record = self._last_words(), self.record()
        if words or record is None:
            return RunOutcome.FAILED, f"{words or last_error(self.log)} (log: {self.log})"
        if record.outcome is RunOutcome.RUNNING:
            code = self._process.returncode
            how = (
                _killed_by(-code) if code and code < 0 else f"could not write down how it ended: {last_error(self.log)}"
            )
            return (
                RunOutcome.LOST,
                f"the crawl {how}; mend that, then crawl again: it goes on where it stopped (log: {self.log})",
            )
        return record.outcome, record.reason

    def found_locked(self) -> bool:
        """Whether the ended crawl never began because another one holds its site."""
        return _LOCKED_OUT.search(self.log.read_text(encoding="utf-8", errors="replace")) is not None

    def _last_words(self) -> str:
        assert self._process.stdout is not None, "it was opened as a pipe"
        with self._process.stdout as words:
            return " ".join(words.read().decode("utf-8", "replace").split())


@dataclass(frozen=True)
class Ended:
    """A crawl that is over: how it ended and why, its counts (empty if it never began), wall seconds."""

    site: str
    outcome: RunOutcome
    reason: str | None
    counts: Mapping[str, int]
    seconds: float


def crawl_all(
    orders: Sequence[Order],
    settings: Settings,
    runs: Runs,
    at_once: int,
    tell: Callable[[str, Mapping[str, int], RunOutcome], None] = lambda site, counts, outcome: None,
) -> list[Ended]:
    """Carry out `orders`, at most `at_once` sites at a time, and give how each ended, in that order.

    `tell` hears of every crawl several times a second: its site, counts and how it stands. Any exception, an
    interrupt among them, ends the children in order before it goes on.
    """
    waiting, ended, patience = list(orders), list[Ended](), Patience()
    began: dict[Child, float] = {}
    told: dict[Child, Mapping[str, int]] = {}
    try:
        while waiting or began:
            while waiting and len(began) < at_once:
                child = patience(partial(Child, waiting[0], settings, runs))
                del waiting[0]
                began[child] = time.monotonic()
                tell(child.order.site, {}, RunOutcome.RUNNING)
            time.sleep(POLL_SECONDS)
            for child in list(began):
                over = not child.running
                record = child.record()
                counts = told[child] = record.counts if record else told.get(child, {})
                if not over:
                    tell(child.order.site, counts, RunOutcome.RUNNING)
                    continue
                outcome, reason = child.result()
                seconds = time.monotonic() - began.pop(child)
                ended.append(Ended(child.order.site, outcome, reason, counts, seconds))
                tell(child.order.site, counts, outcome)
    finally:
        _end(list(began))
    return ended


def _end(children: Sequence[Child]) -> None:
    """End what still runs, in order; a second interrupt ends it at once."""
    try:
        for child in children:
            child.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))
    except BaseException:
        for child in children:
            child.kill()
        raise


def _killed_by(number: int) -> str:
    """How a crawl ended that a signal ended, with what most likely sent it."""
    words = f"was killed by signal {number} before it could say why"
    # Who kills without asking is the system out of memory, or a person.
    return f"{words} (killed: memory? `dmesg` names what the system ended for want of it)" if number == 9 else words


def last_error(log: Path) -> str:
    """The last exception that a log names, or its last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    for line in reversed(lines):
        match = _ERROR_LINE.match(line)
        if match:
            return match[2]
    return next((line for line in reversed(lines) if line), "the crawl ended without a word")
