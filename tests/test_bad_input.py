"""Wrong input and failing surroundings: a clear message, an exit code, and nothing stored lost."""

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import BAOTINH, Program, number_of_articles
from tests.sample_web.harness import SampleWeb

WRONG_USE, FAILED = 2, 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("crawl", "bao_quangninh"), "did you mean bao_quang_ninh"),
        (("crawl", "bao_quang_ninh", "--start", "2022-02-01", "--end", "2022-01-01"), "lies after --end 2022-01-01"),
        (("crawl", "bao_quang_ninh", "--start", "2031-01-01"), "lies in the future"),
        (("crawl",), "name the sites to crawl, or give --all"),
        (("crawl", "bao_quang_ninh", "--all"), "not both"),
        (("crawl", "--all", "-s", "DOWNLOD_DELAY=1"), "did you mean DOWNLOAD_DELAY?"),
        (("crawl", "--all", "-s", "DOWNLOAD_DELAY"), "NAME=VALUE"),
        (("crawl", "--all", "-s", "ROBOTSTXT_OBEY=False"), "robots.txt is always obeyed"),
        (("crawl", "--all", "-s", "TWISTED_DNS_RESOLVER=x.Y"), "only public addresses are connected to"),
        (("fetch", "https://example.com/tin-1"), "no site has the host 'example.com'"),
        (("fetch", "http://baoquangninh.com.vn/chinh-tri/"), "is no article of bao_quang_ninh"),
        (("rejects", "bao_quangninh"), "did you mean bao_quang_ninh"),
        (("schedule", "run", "--at", "25:00"), "HH:MM"),
    ],
)
def test_wrong_use_is_refused_with_what_is_allowed(program: Program, arguments: tuple[str, ...], says: str) -> None:
    done = program.run(*arguments, code=WRONG_USE)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "bao_quang_ninh-1"), "has no article"),
        (("export", "out", "--format", "txt", "--site", "bao_quangninh"), "has no site"),
        (("export", "out", "--format", "txt", "--province", "quang-nin"), "quang-ninh"),
    ],
)
def test_what_is_not_there_is_named(program: Program, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    arguments = tuple(str(tmp_path / "out") if one == "out" else one for one in arguments)
    done = program.run(*arguments, code=FAILED)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BAOTINH_DATA", "/proc/nowhere", "cannot be made"),
        ("BAOTINH_NOW", "yesterday", "2022-12-26T06:00:00+07:00"),
        ("BAOTINH_DATBASE_URL", "x", "did you mean BAOTINH_DATABASE_URL?"),
        ("BAOTINH_CONTACT", "me", "mail address"),
        ("http_proxy", "nonsense", "http or https URL"),
        ("SSL_CERT_FILE", "/nowhere.pem", "PEM file"),
    ],
)
def test_wrong_settings_are_refused_at_start(program: Program, name: str, value: str, says: str) -> None:
    done = program.run("status", code=WRONG_USE, **{name: value})
    assert f"{name}={value!r}" in done.stderr
    assert says in done.stderr


def test_without_an_archive_the_next_step_is_named(tmp_path: Path) -> None:
    done = Program(tmp_path / "data", None).run("status", code=FAILED)
    assert "run `baotinh db upgrade`" in done.stderr


def test_an_archive_newer_than_the_code_is_left_alone(program: Program) -> None:
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        database.execute("update alembic_version set version_num = '9999'")
    for command in (("status",), ("crawl", "--all"), ("db", "upgrade")):
        assert "newer than this program" in program.run(*command, code=FAILED).stderr


@pytest.mark.parametrize("switches", [{"status": 500}, {"status": 404}, {"drop": 1}])
def test_a_site_that_answers_only_errors_fails_and_says_which(
    program: Program, web: SampleWeb, switches: dict[str, int]
) -> None:
    program.crawl("hong_linh")
    kept = program.articles()
    web.control("honglinh.hatinh.gov.vn", **switches)
    done = program.run("crawl", "hong_linh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert "hong_linh: nothing could be read" in done.stderr
    assert "honglinh.hatinh.gov.vn/portal/Pages/" in done.stderr
    assert program.articles() == kept


def test_one_failing_site_does_not_stop_the_others(program: Program, web: SampleWeb) -> None:
    web.control("honglinh.hatinh.gov.vn", status=500)
    program.run("crawl", "hong_linh", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert {article["site"] for article in program.articles()} == {"bao_quang_ninh"}


def test_a_host_that_is_not_there_fails_with_its_name(tmp_path: Path) -> None:
    # Port 9 (discard) on loopback: nobody listens, so the proxy cannot be reached.
    program = Program(tmp_path / "data", None)
    program.environment |= {"http_proxy": "http://127.0.0.1:9"}
    program.run("db", "upgrade")
    done = program.run("crawl", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert "bao_quang_ninh: http://baoquangninh.com.vn/robots.txt cannot be had (refused: " in done.stderr


def crawl_with_files_up_to(size: int, program: Program, database: str) -> subprocess.CompletedProcess[str]:
    """Crawl with no file growing above `size`: writing fails in the middle, as on a full disk."""
    return subprocess.run(
        ["prlimit", f"--fsize={size}", *BAOTINH, "crawl", "bao_thai_nguyen", "-s", "DOWNLOAD_DELAY=0"],
        env=program.environment | {"BAOTINH_DATABASE_URL": f"sqlite:///{program.data}/{database}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_database_that_cannot_grow_is_left_as_it_is(program: Program) -> None:
    assert crawl_with_files_up_to(60_000, program, "other.sqlite3").returncode == FAILED


@pytest.mark.parametrize("room", [40_000, 200_000], ids=["at the first page", "in the middle"])
def test_a_full_disk_stops_the_crawl_and_loses_nothing(program: Program, room: int) -> None:
    database = program.data / "baotinh.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    done = crawl_with_files_up_to(database.stat().st_size + room, program, database.name)
    assert done.returncode == FAILED
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("bao_thai_nguyen: ")]
    assert told and "make room on it" in told[-1] and "goes on where it stopped" in told[-1]
    program.crawl("bao_thai_nguyen")
    assert len(program.articles()) == number_of_articles("bao_thai_nguyen")


def test_two_crawls_of_one_site_at_once_the_second_says_who_is_first(program: Program, web: SampleWeb) -> None:
    web.control("baoquangninh.com.vn", slow=0.5)
    seen = len(web.log())
    first = subprocess.Popen(
        [*BAOTINH, "crawl", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0"],
        env=program.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while len(web.log()) == seen and time.monotonic() < deadline:
            time.sleep(0.05)
        done = program.crawl("bao_quang_ninh", code=FAILED)
        assert "process" in done.stderr and "bao_quang_ninh" in done.stderr
    finally:
        web.control("baoquangninh.com.vn", clear=1)
        assert first.wait(120) == 0
    assert len(program.articles()) == number_of_articles("bao_quang_ninh")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "terminated"])
def test_an_interrupt_ends_in_order_and_the_next_crawl_goes_on(
    program: Program, web: SampleWeb, number: signal.Signals
) -> None:
    web.control("baoquangninh.com.vn", slow=0.3)
    seen = len(web.log())
    child = subprocess.Popen(
        [*BAOTINH, "crawl", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0"],
        env=program.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever runs the tests in the background has SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(web.log()) < seen + 6 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(child.pid, number)
    assert child.wait(30) != 0
    web.control("baoquangninh.com.vn", clear=1)
    assert "stopped" in program.run("status").stdout
    program.crawl("bao_quang_ninh")
    assert len(program.articles()) == number_of_articles("bao_quang_ninh")
