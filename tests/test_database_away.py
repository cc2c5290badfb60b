"""PostgreSQL goes away amid a crawl: the crawl waits for it, goes on when it is back, and costs nothing if not."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from archive.patience import WAIT_SECONDS
from tests.conftest import BAOTINH, Program, number_of_articles
from tests.killing import broken_captures
from tests.postgresql import PostgreSQL
from tests.sample_web.harness import SampleWeb

SITE, HOST = "bao_quang_ninh", "baoquangninh.com.vn"
ROOT = Path(__file__).resolve().parent.parent
FAILED, GONE_SECONDS = 1, 10.0


@pytest.fixture
def server(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """The server, which runs again when the test is over."""
    yield postgresql
    postgresql.halt()
    postgresql.launch()


@pytest.fixture
def stored(tmp_path: Path, web: SampleWeb, server: PostgreSQL, empty_postgresql: str) -> Program:
    made = Program(tmp_path / "postgresql" / "data", web, server.new_database(empty_postgresql))
    made.data.mkdir(parents=True)
    return made


class Crawl:
    """A crawl on a slow site that has kept an article; `waits` says how many seconds at most it waits (None: ours)."""

    def __init__(self, program: Program, web: SampleWeb, server: PostgreSQL, waits: float | None = None) -> None:
        self.program, environment = program, dict(program.environment)
        if waits is not None:
            hooks = program.data.parent / "hooks"
            hooks.mkdir(exist_ok=True)
            hook = ("import sys", f"sys.path.insert(0, {str(ROOT)!r})", "import archive.patience as patience")
            (hooks / "sitecustomize.py").write_text("\n".join((*hook, f"patience.WAIT_SECONDS = {waits}")), "utf-8")
            environment["PYTHONPATH"] = str(hooks)
        web.control(HOST, slow=0.2)
        before = self.articles(server)
        self.child = subprocess.Popen(
            [*BAOTINH, "crawl", SITE, "-s", "DOWNLOAD_DELAY=0"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.until(lambda: self.articles(server) > before)
        assert self.articles(server) < number_of_articles(SITE), "the crawl must be under way"

    def articles(self, server: PostgreSQL) -> int:
        name = make_url(self.program.environment["BAOTINH_DATABASE_URL"]).database
        with psycopg.connect(f"host={server.folder} user=archive dbname={name}") as connection:
            [number] = connection.execute("select count(*) from article").fetchone()  # type: ignore[misc]
        return int(number)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        while not true():
            assert self.child.poll() is None and time.monotonic() < deadline, self.child.communicate()
            time.sleep(0.05)

    def log(self) -> str:
        return max(self.program.data.glob(f"logs/{SITE}/*.log"), key=os.path.getmtime).read_text("utf-8")

    def until_it_waits(self) -> None:
        self.until(lambda: "waiting up to" in self.log())


def whole(program: Program) -> None:
    """Every article is there, and every capture is what its row says."""
    assert len(program.articles()) == number_of_articles(SITE)
    _, broken = broken_captures(program.environment["BAOTINH_DATABASE_URL"], program.data / "captures")
    assert broken == []


def test_a_server_that_is_restarted_is_waited_for(stored: Program, web: SampleWeb, server: PostgreSQL) -> None:
    crawl = Crawl(stored, web, server)
    server.halt()
    crawl.until_it_waits()
    server.launch()
    web.control(HOST, clear=1)
    out, err = crawl.child.communicate(timeout=90)
    assert (crawl.child.returncode, err) == (0, err), out
    assert "the database was away for" in out, "the run says so"
    assert "check that the server runs" in crawl.log(), "the log says what was waited for, and what to look at"
    whole(stored)


def test_a_server_that_stays_away_ends_the_crawl_and_costs_nothing(
    stored: Program, web: SampleWeb, server: PostgreSQL
) -> None:
    crawl = Crawl(stored, web, server)
    server.halt()
    crawl.until_it_waits()
    began = time.monotonic()
    crawl.child.send_signal(signal.SIGTERM)
    crawl.child.communicate(timeout=60)
    assert time.monotonic() - began < GONE_SECONDS, "one that waits is told to end like any other"
    server.launch()
    crawl = Crawl(stored, web, server, waits=1.0)
    server.halt()
    out, err = crawl.child.communicate(timeout=90)
    assert crawl.child.returncode == FAILED, out + err
    [told] = [line for line in err.splitlines() if line.startswith(f"{SITE}: ")]
    # On a machine that is busy the last try begins late.
    assert "check that the server runs" in told and re.search(r"\(waited for it for [1-9] s\)", told), told
    assert "goes on where it stopped" in told
    assert "Traceback" not in err
    server.launch()
    web.control(HOST, clear=1)
    stored.crawl(SITE)
    whole(stored)


@pytest.mark.torture
def test_a_server_away_for_half_a_minute_and_then_for_good(
    stored: Program, program: Program, web: SampleWeb, server: PostgreSQL, capsys: pytest.CaptureFixture[str]
) -> None:
    program.crawl(SITE)
    undisturbed = program.run("db", "digest").stdout
    crawl = Crawl(stored, web, server)
    server.halt()
    time.sleep(30)
    server.launch()
    crawl.until(lambda: "going on" in crawl.log())
    server.halt()
    began = time.monotonic()
    _, err = crawl.child.communicate(timeout=WAIT_SECONDS + 60)
    waited = time.monotonic() - began
    assert crawl.child.returncode == FAILED
    assert "(waited for it for" in err
    assert WAIT_SECONDS - 1 < waited < WAIT_SECONDS + 30
    server.launch()
    web.control(HOST, clear=1)
    stored.crawl(SITE)
    whole(stored)
    assert stored.run("db", "digest").stdout == undisturbed
    with capsys.disabled():
        print(
            "\nPostgreSQL away for 30 s: the crawl went on",
            f"for good: it ended after {waited:.0f} s with: {err.strip()}",
            "crawled again: the digest of an undisturbed crawl",
            sep="\n",
        )
