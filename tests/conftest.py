"""What the tests of the whole program share: the sample web, and the program run as a user runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

import baotinh
from archive.database import open_engine, upgrade
from archive.settings import database_url
from tests.postgresql import PostgreSQL
from tests.sample_web.harness import SampleWeb
from tests.within import run_within

# No test fails because the machine is busy.
settings.register_profile(
    "repeatable", derandomize=True, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
"""The default: the same examples at every run, so that what breaks a test is the change and not the luck."""

settings.register_profile(
    "torture", max_examples=5_000, print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
"""`make torture`: new examples at every run, minutes a test. What it finds becomes an explicit test."""

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

SAMPLE = Path(__file__).parent / "sample_web"
BAOTINH = [sys.executable, "-m", "baotinh"]
NOW = "2023-04-01T00:30:00+07:00"
"""A night after the newest article of the sample web, and far enough from it that none is young."""


def number_of_articles(*sites: str) -> int:
    """How many articles the sample web has, on the sites named or on all."""
    return len([file for file in SAMPLE.glob("*/articles/*.html") if not sites or file.parts[-3] in sites])


@pytest.fixture(scope="session")
def shared_web() -> Iterator[SampleWeb]:
    with SampleWeb() as web:
        yield web


@pytest.fixture
def web(shared_web: SampleWeb) -> Iterator[SampleWeb]:
    """The sample web, answering as it should at the beginning and at the end of each test."""
    yield shared_web
    for host in ("baoquangninh.com.vn", "honglinh.hatinh.gov.vn", "baothainguyen.vn"):
        shared_web.control(host, clear=1)
    for host in ("tuyengiao.hanam.gov.vn", "tuyengiaobinhphuoc.vn"):
        shared_web.control(host, clear=1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this test process."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: PostgreSQL) -> str:
    """The name of a database there that holds an archive without rows, for others to be made from."""
    url = postgresql.new_database()
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return make_url(url).database or ""


class Program:
    """`baotinh` with a data folder of its own, behind the sample web's proxy."""

    def __init__(self, data: Path, web: SampleWeb | None, database: str | None = None) -> None:
        self.data = data
        # Nothing of the developer's own settings may reach the program under test.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAOTINH_")}
        proxies = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "SSL_CERT_FILE", "no_proxy")
        for name in proxies:
            kept.pop(name, None)
        self.environment = {**kept, "BAOTINH_DATA": str(data), "BAOTINH_NOW": NOW, "COLUMNS": "200"}
        if database is not None:
            self.environment["BAOTINH_DATABASE_URL"] = database
        if web is not None:
            self.environment |= web.environment()

    def make_archive(self) -> "Program":
        """Make an empty archive, as `baotinh db upgrade` does (which has tests of its own) but in no time."""
        url = self.environment.get("BAOTINH_DATABASE_URL")
        self.data.mkdir(parents=True, exist_ok=True)
        if url is None:
            (self.data / "baotinh.sqlite3").write_bytes(empty_archive())
        else:
            engine = open_engine(database_url(url))
            upgrade(engine)
            engine.dispose()
        return self

    def run(self, *arguments: str, code: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command in this process; `code` is the exit code it must have (None: any)."""
        return self._ended(run_within(arguments, self.environment | environment), code)

    def start(self, *arguments: str, code: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command in a process of its own, as a shell does: for what `run` cannot show."""
        done = subprocess.run(
            [*BAOTINH, *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return self._ended(done, code)

    def _ended(self, done: "subprocess.CompletedProcess[str]", code: int | None) -> "subprocess.CompletedProcess[str]":
        if code is not None:
            assert done.returncode == code, f"{done.args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def crawl(self, *sites: str, code: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Crawl without pauses: loopback needs none."""
        which = sites or ("--all",)
        return self.run("crawl", *which, "-s", "DOWNLOAD_DELAY=0", code=code, **environment)

    def articles(self, *options: str) -> list[dict[str, Any]]:
        """The corpus as `export --format jsonl` writes it."""
        folder = self.data.parent / "corpus"
        self.run("export", str(folder), "--format", "jsonl", *options)
        with (folder / "articles.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


@cache
def empty_archive() -> bytes:
    """The SQLite file of an archive with nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        engine = open_engine(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()


@pytest.fixture
def program(tmp_path: Path, web: SampleWeb) -> Program:
    """The program on a fresh archive."""
    return Program(tmp_path / "data", web).make_archive()


@pytest.fixture
def new_program(tmp_path: Path, web: SampleWeb) -> Callable[[str], Program]:
    """Makes further archives beside each other."""

    def make(name: str) -> Program:
        return Program(tmp_path / name / "data", web).make_archive()

    return make


@dataclass(frozen=True)
class WholeCrawl:
    """A first crawl of all sites: the data folder it filled, what the sites were asked, whom the processes called.

    Each line of `contacts` is ``connect:HOST:PORT`` or ``lookup:HOST:PORT``.
    """

    data: Path
    log: list[dict[str, Any]]
    contacts: set[str]


GUARD = '''
"""Notes every connection and every name look-up of the process, in a file."""
import os, socket

def note(kind, address):
    if isinstance(address, tuple):
        with open(os.environ["CONNECTION_TRACE"], "a") as trace:
            trace.write(f"{kind}:{address[0]}:{address[1]}\\n")

class Socket(socket.socket):
    def connect(self, address):
        note("connect", address)
        return super().connect(address)

    def connect_ex(self, address):
        note("connect", address)
        return super().connect_ex(address)

real = socket.getaddrinfo

def look_up(host, port, *rest, **more):
    note("lookup", (host, port))
    return real(host, port, *rest, **more)

socket.socket, socket.getaddrinfo = Socket, look_up
for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
    def look_up_by_name(host, real=getattr(socket, name)):
        note("lookup", (host, "name"))
        return real(host)
    setattr(socket, name, look_up_by_name)
'''


@pytest.fixture(scope="session")
def whole_crawl(shared_web: SampleWeb, tmp_path_factory: pytest.TempPathFactory) -> WholeCrawl:
    """Crawled once a test process: most tests ask what such a crawl has done, or go on from it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    program = Program(folder / "data", shared_web).make_archive()
    seen = len(shared_web.log())
    paths = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    trace = str(folder / "contacts")
    program.start("crawl", "--all", "-s", "DOWNLOAD_DELAY=0", PYTHONPATH=paths, CONNECTION_TRACE=trace)
    contacts = set((folder / "contacts").read_text(encoding="utf-8").split())
    return WholeCrawl(program.data, shared_web.log()[seen:], contacts)


@pytest.fixture
def crawled(whole_crawl: WholeCrawl, tmp_path: Path, web: SampleWeb) -> Program:
    """The program on an archive of its own that a first crawl of all sites has filled."""
    made = Program(tmp_path / "crawled" / "data", web)
    shutil.copytree(whole_crawl.data, made.data)
    return made


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command in this process and gives what it wrote to stderr: to start one takes longer than to refuse.

    `code` is the exit code it must have.
    """

    def run(program: Program, *arguments: str, code: int, **environment: str) -> str:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in (program.environment | environment).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["baotinh", *arguments])
        monkeypatch.setattr(signal, "signal", lambda number, handler: None)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            baotinh.main()
        said = capsys.readouterr()
        assert ended.value.code == code, said
        return said.err

    return run
