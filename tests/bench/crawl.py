"""A crawl with everything on against plainer ones of the same pages, and the memory of its process."""

import http.client
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.measure import Row, Unfit, in_turn, row

ARTICLES, SIZE = 600, 60_000
"""What is crawled: so many articles, each of so many bytes."""

ROUNDS = 3
HEADROOM = 3.0
"""The server must deliver so many times what the bare crawl takes, or it is the server that is measured."""

PROBE_SECONDS = 3.0
SITE = "bao_quang_ninh"
NOW = "2023-06-01T00:30:00+07:00"
MEMORY = (1_000, 20_000)
"""Sizes of a site, in articles, at which the memory of its process is looked at."""

MOST_SECONDS = 900
"""A crawl that takes longer is ended: a fault, not a measurement."""


@dataclass(frozen=True)
class Served:
    """A bench site that runs: where, its articles' addresses and its listings'."""

    proxy: str
    urls: list[str]
    listings: list[str]

    def environment(self) -> dict[str, str]:
        """What a program needs to be sent there, and nothing of who runs this."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BAOTINH_")}
        return kept | {"http_proxy": self.proxy, "https_proxy": self.proxy, "no_proxy": ""}


@contextmanager
def served(articles: int, size: int) -> Iterator[Served]:
    """Start the bench site in a process of its own; it ends with this block, or with us."""
    command = [sys.executable, "-m", "tests.bench.site", "--articles", str(articles), "--size", str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise Unfit(f"the bench site did not start (exit code {child.wait()})")
        try:
            yield Served(**json.loads(line))
        finally:
            child.stdin.close()


def measure() -> list[Row]:
    """Ours against bare Scrapy, and against Scrapy with trafilatura and an INSERT an article.

    Raises Unfit if the server is too slow to tell them apart, or if a crawl misses articles.
    """
    with served(ARTICLES, SIZE) as site, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        places = (Path(folder) / str(n) for n in range(1_000))
        capacity = _delivered(site)
        bare = [_rival("bare", site, next(places), 1)]
        if capacity < HEADROOM * bare[0]:
            raise Unfit(
                f"the server delivers {capacity:.0f} pages/s and the bare crawl takes {bare[0]:.0f}: less than "
                f"{HEADROOM:g} times as many, so a ratio would tell of the server; run it on an idle machine"
            )

        def against(kind: str, at_once: int, rounds: int) -> list[tuple[float, float]]:
            rival = partial(_rival, kind, site, at_once=at_once)
            return list(in_turn(rounds, lambda: _ours(site, next(places)), lambda: rival(next(places))))

        against_bare, against_plain = against("bare", 1, ROUNDS), against("plain", 1, ROUNDS)
        against_hasty = against("bare", 8, 1)
    what = f"crawl of {ARTICLES} pages, {SIZE // 1000} KB"
    return [
        row(f"{what}: server alone against bare Scrapy", "pages/s", [(capacity, bare[0])], HEADROOM),
        row(f"{what}: ours against bare Scrapy", "pages/s", against_bare, 0.5),
        row(f"{what}: ours against bare Scrapy, 8 at once", "pages/s", against_hasty),
        row(f"{what}: ours against Scrapy + trafilatura + INSERT", "pages/s", against_plain, 1.5),
    ]


def _delivered(site: Served) -> float:
    """Pages a second that a bare socket gets from the server, one after another over one connection."""
    address = urlsplit(site.proxy)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port)
    began, number = time.monotonic(), 0
    while (spent := time.monotonic() - began) < PROBE_SECONDS:
        connection.request("GET", site.urls[number % len(site.urls)])
        connection.getresponse().read()
        number += 1
    connection.close()
    return number / spent


def _rival(kind: str, site: Served, folder: Path, at_once: int) -> float:
    folder.mkdir()
    listings = folder / "listings.json"
    listings.write_text(json.dumps(site.listings), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "tests.bench.rivals",
        kind,
        str(listings),
        str(folder / "plain.sqlite3"),
        str(at_once),
    ]
    done = subprocess.run(
        command, env=site.environment(), capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    if done.returncode or not done.stdout:
        raise Unfit(f"the {kind} crawl failed: {done.stderr}")
    return _rate(kind, site, **json.loads(done.stdout))


def _ours(site: Served, folder: Path) -> float:
    folder.mkdir()
    crawl(site, folder)
    [log] = folder.glob(f"logs/{SITE}/*")
    text = log.read_text("utf-8")
    counted = {name: float(value) for name, value in re.findall(r"'([\w/]+)': ([\d.]+)[,}]", text)}
    return _rate("our", site, counted.get("articles/new", 0), counted["elapsed_time_seconds"])


def _rate(kind: str, site: Served, pages: float, seconds: float) -> float:
    if pages != len(site.urls):
        raise Unfit(f"the {kind} crawl got {pages:.0f} of {len(site.urls)} articles")
    return pages / seconds


def crawl(site: Served, folder: Path) -> None:
    """The unmodified program on a fresh archive in `folder`. Raises Unfit with what it said if it failed."""
    environment = site.environment() | {"BAOTINH_DATA": str(folder), "BAOTINH_NOW": NOW}
    for arguments in (["db", "upgrade"], ["crawl", SITE, "-s", "DOWNLOAD_DELAY=0"]):
        done = subprocess.run(
            [sys.executable, "-m", "baotinh", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
        if done.returncode:
            raise Unfit(f"baotinh {' '.join(arguments)} failed: {done.stdout}{done.stderr}")


def memory(number: int) -> float:
    """Peak memory in MB of the crawl of a site with so many articles (small pages: their number counts).

    Measured in a process of its own, whose children's peak is then only this crawl's.
    """
    code = f"from tests.bench.crawl import peak_of_crawl; print(peak_of_crawl({number}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unfit(done.stderr)
    return float(done.stdout)


def peak_of_crawl(number: int) -> float:
    """Crawl a site of `number` articles; the peak memory of the largest process that did, in MB."""
    with served(number, 0) as site, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        crawl(site, Path(folder))
        # The site itself has not ended yet, so it does not count.
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
