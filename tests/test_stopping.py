"""A crawl that is told to end: it is gone in seconds, whatever is on its way, and the next one goes on."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.stopping import DROP_SECONDS
from tests.conftest import BAOTINH, Program, number_of_articles
from tests.sample_web.harness import SampleWeb

SITE, HOST = "bao_quang_ninh", "baoquangninh.com.vn"
SCRAPY = [sys.executable, "-m", "scrapy"]
GONE_SECONDS = 10.0
"""The promise: so long after it was told to, a crawl is gone."""

PAUSE = 1.0
"""The crawls' delay between requests in seconds: with 16 of them waiting their turn, 16 seconds to go through."""


def crawling(program: Program, web: SampleWeb, command: list[str]) -> "subprocess.Popen[bytes]":
    """A crawl in whose way an article stands that drips a byte a second; many requests wait behind it."""
    seen = len(web.log())
    child = subprocess.Popen(
        [*command, "crawl", SITE, "-s", f"DOWNLOAD_DELAY={PAUSE}"],
        cwd=Path(__file__).parents[1],
        env=program.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever runs the tests in the background has SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    await_that(lambda: any(map(is_article, web.log()[seen:])), child)
    web.control(HOST, drip=1)
    seen = len(web.log())
    await_that(lambda: any(map(is_article, web.log()[seen:])), child)
    return child


def is_article(row: dict[str, Any]) -> bool:
    return re.search(r"-\d{7}/$", row["path"]) is not None


def await_that(true: Callable[[], bool], child: "subprocess.Popen[bytes] | None" = None) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        assert child is None or child.poll() is None, "the crawl ended before"
        time.sleep(0.05)


def ended_after(child: "subprocess.Popen[bytes]", *numbers: signal.Signals) -> float:
    """Send the signals and give the seconds until the process is gone."""
    began = time.monotonic()
    for number in numbers:
        os.kill(child.pid, number)
        time.sleep(0.2)
    assert child.wait(60) != 0 or numbers == (signal.SIGTERM,)
    return time.monotonic() - began


def child_of(parent: int) -> int:
    [child] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(child)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("command", "number"),
    [(BAOTINH, signal.SIGINT), (SCRAPY, signal.SIGTERM)],
    ids=["baotinh and Ctrl+C", "scrapy and SIGTERM"],
)
def test_a_crawl_that_is_told_to_end_is_gone_in_seconds_and_the_next_goes_on(
    program: Program, web: SampleWeb, command: list[str], number: signal.Signals
) -> None:
    child = crawling(program, web, command)
    assert DROP_SECONDS <= ended_after(child, number) < GONE_SECONDS, "a download has its time, and no more"
    web.control(HOST, clear=1)
    assert "stopped by a signal" in program.run("status").stdout
    program.crawl(SITE)
    assert len(program.articles()) == number_of_articles(SITE)


def test_a_crawl_whose_parent_is_killed_ends_and_a_second_signal_ends_it_at_once(
    program: Program, web: SampleWeb
) -> None:
    parent = crawling(program, web, BAOTINH)
    crawl = child_of(parent.pid)
    parent.kill()
    parent.wait()
    assert is_running(crawl)
    began = time.monotonic()
    await_that(lambda: not is_running(crawl))
    assert time.monotonic() - began < GONE_SECONDS
    assert "the process that had started it ended" in program.run("status").stdout
    web.control(HOST, clear=1)
    parent = crawling(program, web, BAOTINH)
    crawl = child_of(parent.pid)
    assert ended_after(parent, signal.SIGTERM, signal.SIGTERM) < GONE_SECONDS / 2
    assert not is_running(crawl)
    web.control(HOST, clear=1)
    program.crawl(SITE)
    assert len(program.articles()) == number_of_articles(SITE)
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        outcomes = [outcome for (outcome,) in database.execute("select outcome from run order by id")]
    assert outcomes == ["stopped", "lost", "finished"], "what is ended at once has no time to say so"
