"""What the tests of the whole program share: the sample web, and the program run as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.postgresql import PostgreSQL
from tests.sample_web.harness import SampleWeb

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

    def run(self, *arguments: str, code: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command; `code` is the exit code it must have (None: any)."""
        done = subprocess.run(
            [*BAOTINH, *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if code is not None:
            assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
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


@pytest.fixture
def program(tmp_path: Path, web: SampleWeb) -> Program:
    """The program on a fresh archive."""
    made = Program(tmp_path / "data", web)
    made.run("db", "upgrade")
    return made


@pytest.fixture
def new_program(tmp_path: Path, web: SampleWeb) -> Callable[[str], Program]:
    """Makes further archives beside each other."""

    def make(name: str) -> Program:
        made = Program(tmp_path / name / "data", web)
        made.run("db", "upgrade")
        return made

    return make
