"""A night of many sites by the scheduler, and the scheduler's day: memory, time and what it costs to wait.

``python -m tests.bench night [--sites 200]``. Memory is what the scheduler and its crawls take together, sampled from
/proc: PSS, where a page that several processes share counts once in all.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.bench.many import ManySites, copy_of_the_program, served
from tests.bench.measure import Unfit

SITES, ARTICLES = 200, 4
MOST_MEMORY = 1.5e9
"""Bytes that a night of 200 sites may take."""

MOST_IDLE = 0.01
"""Share of one core that the scheduler may take while nothing is due."""

NIGHT = "2023-06-01T04:30:00+07:00"
"""When every site's turn has come, and the window is open."""

EVENING = "2023-06-01T18:00:00+07:00 x1"
"""When no turn of the last night is caught up any more, and the next night is far off."""

EVERY = 0.25
SETTLE_SECONDS, IDLE_SECONDS = 20.0, 60.0
MOST_SECONDS = 3_600
_TICKS = os.sysconf("SC_CLK_TCK")

CHECKED = """
from datetime import datetime
from archive.clock import Clock
from archive.database import open_engine, session_factory, upgrade
from archive.settings import Settings
from archive.sites import SiteCheck, note_check, register_site
from crawler.archiving import site_record
from crawler.sites import all_sites
settings = Settings.from_environment()
engine = open_engine(settings.database_url)
upgrade(engine)
with session_factory(engine).begin() as session:
    for name, site in all_sites().items():
        key = register_site(session, site_record(site), settings.clock)
        now = settings.clock.now()
        note_check(session, key, SiteCheck(name, now, live=True, passed=True, words="generated"))
"""
"""What the generated program has to be told once: an archive, and that every site passed its check."""


@dataclass(frozen=True)
class Night:
    """What a night took: bytes at the peak by PSS and by RSS, crawls at once, wall and CPU seconds, sites, requests."""

    pss: int
    rss: int
    at_once: int
    seconds: float
    cpu: float
    finished: int
    requests: int


@dataclass(frozen=True)
class Program:
    """The generated program with its archive."""

    home: Path
    data: Path
    web: ManySites

    def environment(self, now: str) -> dict[str, str]:
        """What it is started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAOTINH_")}
        kept |= {"http_proxy": self.web.proxy, "https_proxy": self.web.proxy, "no_proxy": ""}
        return kept | {"PYTHONPATH": str(self.home), "BAOTINH_DATA": str(self.data), "BAOTINH_NOW": now}

    def start(self, now: str, *arguments: str, log: Path) -> "subprocess.Popen[bytes]":
        """Start a command of it."""
        command = [sys.executable, "-m", "baotinh", *arguments]
        with log.open("ab") as out:
            return subprocess.Popen(
                command, cwd=self.home, env=self.environment(now), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )


@contextmanager
def generated(sites: int, articles: int = ARTICLES) -> Iterator[Program]:
    """A program with so many generated sites, each checked, in a folder that is gone afterwards, and their web."""
    with tempfile.TemporaryDirectory(prefix="bench-night-") as name:
        folder = Path(name)
        with served(sites, articles, folder) as web:
            program = Program(copy_of_the_program(folder, sites), folder / "data", web)
            program.data.mkdir()
            done = subprocess.run(
                [sys.executable, "-c", CHECKED],
                cwd=program.home, env=program.environment(NIGHT), capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise Unfit(f"the generated program does not start: {done.stderr}")
            yield program


def night(program: Program) -> Night:
    """Carry out one night and look on. Raises Unfit if the scheduler fails or takes longer than an hour."""
    log, began = program.data.parent / "night.log", time.monotonic()
    child = program.start(NIGHT, "schedule", "run", "--once", "-s", "DOWNLOAD_DELAY=0", log=log)
    pss = rss = at_once = 0
    try:
        while child.poll() is None:
            family = family_of(child.pid)
            pss, rss = max(pss, sum(map(pss_of, family))), max(rss, sum(map(rss_of, family)))
            at_once = max(at_once, sum(map(is_crawl, family)))
            if time.monotonic() - began > MOST_SECONDS:
                raise Unfit(f"the night was not over after {MOST_SECONDS} s")
            time.sleep(EVERY)
    finally:
        end(child)
    if child.returncode:
        raise Unfit(f"the scheduler ended with {child.returncode}: {log.read_text('utf-8')[-2000:]}")
    cpu = cpu_of_ended()
    return Night(pss, rss, at_once, time.monotonic() - began, cpu, finished(program), len(program.web.log()))


def idle(program: Program, settle: float = SETTLE_SECONDS, seconds: float = IDLE_SECONDS) -> float:
    """The share of one core that the scheduler takes while nothing is due."""
    child = program.start(EVENING, "schedule", "run", log=program.data.parent / "idle.log")
    try:
        time.sleep(settle)
        before, began = cpu_of(child.pid), time.monotonic()
        time.sleep(seconds)
        if child.poll() is not None:
            raise Unfit(f"the scheduler ended: {(program.data.parent / 'idle.log').read_text('utf-8')[-2000:]}")
        return (cpu_of(child.pid) - before) / (time.monotonic() - began)
    finally:
        end(child)


def end(child: "subprocess.Popen[bytes]") -> None:
    """End a scheduler in order, and at once if that takes long."""
    if child.poll() is None:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(15)
    if child.poll() is None:
        child.kill()
        child.wait()


def finished(program: Program) -> int:
    """How many sites have one run of the night, which ended well."""
    query = "select site_id from run where night = ? group by site_id having group_concat(outcome) = 'finished'"
    with closing(sqlite3.connect(program.data / "baotinh.sqlite3")) as database:
        return len(database.execute(query, (NIGHT[:10],)).fetchall())


# -- /proc ---------------------------------------------------------------------------------------
def family_of(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def cpu_of(pid: int) -> float:
    """CPU seconds of the process itself."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def cpu_of_ended() -> float:
    """CPU seconds of all children of ours that have ended, with theirs."""
    times = os.times()
    return times.children_user + times.children_system


def rss_of(pid: int) -> int:
    """Bytes of memory of the process, shared pages included."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def pss_of(pid: int) -> int:
    """Bytes of memory of the process, its part of what it shares."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def is_crawl(pid: int) -> bool:
    """Whether the process is a crawl."""
    with suppress(OSError):
        return b"\0crawl\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def lines(sites: int, found: Night, share: float) -> Sequence[str]:
    """What the bench says."""
    return (
        f"{found.finished} of {sites} sites ran in {found.seconds:.0f} s, at most {found.at_once} at once; "
        f"{found.requests:,} requests, {found.cpu:.0f} s of CPU",
        f"memory of scheduler and crawls at the peak: {found.pss / 1e6:.0f} MB (PSS; RSS {found.rss / 1e6:.0f} MB), "
        f"bound {MOST_MEMORY / 1e6:.0f} MB",
        f"the scheduler with nothing due: {share:.2%} of a core, bound {MOST_IDLE:.0%}",
    )


def measure(sites: int, console: Console) -> None:
    """Measure and print. Raises Unfit where a bound is broken, or a site did not run."""
    with generated(sites) as program:
        before = cpu_of_ended()
        found = night(program)
        found = Night(**{**vars(found), "cpu": found.cpu - before})
        share = idle(program)
    for line in lines(sites, found, share):
        console.print(line, highlight=False)
    if found.finished != sites or found.pss > MOST_MEMORY or share > MOST_IDLE:
        raise Unfit("a bound is broken, or a site did not run")
