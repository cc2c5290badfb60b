"""Whole crawls of a hostile site: every fault is counted and named, and costs nothing of what is sound."""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.database import open_engine, upgrade
from tests.conftest import Program
from tests.crawler.hostile import DENIED, FAULTS, FOREIGN, HOST, Crawled, HostileWeb, crawl, page, raw

SOUND = 4
MEMORY_LIMIT = 500
"""MiB: what a crawl of a hostile site may take."""


class Archive:
    """A fresh archive and the web it is filled from."""

    def __init__(self, folder: Path, web: HostileWeb) -> None:
        self.data, self.web = folder / "data", web
        self.data.mkdir()
        engine = open_engine(f"sqlite:///{self.data}/baotinh.sqlite3")
        upgrade(engine)
        engine.dispose()
        self.environment = Program(self.data, None).environment | web.environment()

    def crawl(
        self, site: str = "bao_quang_ninh", *settings: str, before: str = "", timeout: float = 120, **environment: str
    ) -> Crawled:
        return crawl(self.environment | environment, site, *settings, before=before, timeout=timeout)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with sqlite3.connect(self.data / "baotinh.sqlite3") as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    def run(self) -> dict[str, Any]:
        [row] = self.rows("select * from run order by id desc limit 1")
        return row | {"counts": json.loads(row["counts"])}

    def stored(self) -> int:
        [row] = self.rows("select count(*) as number from article")
        return int(row["number"])


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive of a site of sound articles."""
    with HostileWeb(tmp_path / "web", SOUND, {}) as web:
        yield Archive(tmp_path, web)


def test_each_fault_is_counted_and_named_and_costs_no_sound_article(tmp_path: Path) -> None:
    faults = {name: make for name, (_, make) in FAULTS.items()} | FOREIGN | DENIED
    with HostileWeb(tmp_path / "web", SOUND, faults) as web:
        archive = Archive(tmp_path, web)
        done = archive.crawl("bao_quang_ninh", "RETRY_TIMES=1", "DOWNLOAD_TIMEOUT=5")
        assert done.code == 0 and done.memory < MEMORY_LIMIT
        assert archive.stored() == SOUND
        # Nobody else was ever asked for, not even by a request for a tunnel.
        assert {host for _, host, _ in web.asked} == {HOST}
        reasons = {
            row["url"].removeprefix(f"http://{HOST}"): row["reason"] for row in archive.rows("select * from url")
        }
        told = {name: (reasons[web.path_of(name)] or "").partition(":")[0] for name in FAULTS}
        assert told == {name: kind for name, (kind, _) in FAULTS.items()}
        for name in FOREIGN:
            assert "is no host of bao_quang_ninh" in reasons[web.path_of(name)], name
        assert reasons[web.path_of("status 999")] == "HTTP 999"
        run = archive.run()
        counts = {name.partition("/")[2]: count for name, count in run["counts"].items() if name.startswith("fault/")}
        met = Counter(["status", *(kind for kind, _ in FAULTS.values())])
        twice = {"timeout", "truncated", "length", "reset", "garbage", "chunking"}
        assert counts == {kind: number * (2 if kind in twice else 1) for kind, number in met.items()}
        assert run["counts"]["foreign_host"] == len(FOREIGN)
        assert run["counts"]["failed"] == len(faults)
        assert run["outcome"] == "failed" and f"{len(faults)} of {len(faults) + SOUND} articles" in run["reason"]


def test_retry_after_is_waited_for_and_the_run_goes_on(archive: Archive) -> None:
    busy = raw(page("Retry-After: 1", status="429 Too Many Requests"))
    archive.web.answers = [busy, raw(page("Retry-After: 0", status="503 Service Unavailable"))]
    assert archive.crawl().code == 0
    run = archive.run()
    assert (run["outcome"], archive.stored()) == ("finished", SOUND)
    assert (run["counts"]["fault/http-429"], run["counts"]["fault/http-503"]) == (1, 1)


def test_a_site_that_goes_on_turning_us_away_ends_the_run_and_what_waits_stays_due(archive: Archive) -> None:
    turned_away = raw(page("Retry-After: 1", status="429 Too Many Requests"))
    archive.web.site.faults_of = dict.fromkeys(archive.web.site.by_key, lambda _: turned_away)
    few = "import crawler.pauses as pauses\npauses.IN_ALL = 2"
    assert archive.crawl(before=few).code == 0
    run = archive.run()
    assert run["outcome"] == "blocked"
    assert re.search(r"HTTP 429 again after \d pauses in a row, 2 in all.* stays due", run["reason"])
    # Each but the last one paused everything: none slipped through in between.
    assert run["counts"]["fault/http-429"] == 3
    left = archive.rows("select distinct state, due_at, failures from url where kind = 'article'")
    assert left == [{"state": "found", "due_at": None, "failures": 0.0}]


def test_a_pause_does_not_outlast_a_crawl_that_is_told_to_end(archive: Archive) -> None:
    archive.web.answers = [raw(page("Retry-After: 600", status="503 Service Unavailable"))]
    # As a signal does, but at the moment that matters.
    before = """
import asyncio, os, signal
import crawler.pauses as pauses
paused = pauses.Pauses.turned_away
def turned_away(self, asked):
    asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
    return paused(self, asked)
pauses.Pauses.turned_away = turned_away
"""
    done = archive.crawl(before=before, timeout=60)
    run = archive.run()
    assert "nothing is asked for 600 s" in done.log
    assert (run["outcome"], archive.stored()) == ("stopped", 0)


def test_a_crawl_that_takes_too_much_memory_says_so(archive: Archive) -> None:
    archive.crawl("bao_quang_ninh", "MEMUSAGE_LIMIT_MB=20")
    run = archive.run()
    assert run["outcome"] == "failed" and run["reason"].startswith("killed: memory: ")


def test_robots_txt_that_is_away_is_replaced_by_the_last_good_one_or_the_run_is_skipped(archive: Archive) -> None:
    archive.web.site.robots = raw(page(body=b"User-agent: *\nDisallow: /chinh-tri/2\n"))
    archive.crawl()
    assert archive.stored() == SOUND - 1
    archive.web.site.robots = raw(reset=True)
    archive.web.asked.clear()
    archive.crawl("bao_quang_ninh", "RETRY_TIMES=0", BAOTINH_NOW="2023-04-20T00:30:00+07:00")
    run = archive.run()
    assert (run["outcome"], run["counts"]["robots_last_good"]) == ("finished", 1)
    assert "the last good one was obeyed" in run["reason"] and run["counts"]["fault/robots-unreachable"] == 1
    asked = {target for _, _, target in archive.web.asked}
    assert "/chinh-tri/" in asked and not [target for target in asked if target.startswith("/chinh-tri/2")]
    archive.web.site.robots = raw(page(status="500 Internal Server Error"))
    archive.web.asked.clear()
    archive.crawl("bao_quang_ninh", "RETRY_TIMES=0", BAOTINH_NOW="2023-05-20T00:30:00+07:00")
    run = archive.run()
    assert run["outcome"] == "skipped", "rules of seven weeks ago were obeyed"
    assert f"http://{HOST}/robots.txt cannot be had (HTTP 500)" in run["reason"]
    assert {target for _, _, target in archive.web.asked} == {"/robots.txt"}


def test_a_page_in_place_of_robots_txt_ends_the_run_blocked(archive: Archive) -> None:
    archive.web.site.robots = raw(page(body=b"<!DOCTYPE html><html><title>Just a moment...</title></html>"))
    archive.crawl()
    run = archive.run()
    assert (run["outcome"], run["counts"]["fault/robots-blocked"]) == ("blocked", 1)
    assert "answers with a page in place of rules" in run["reason"]
    assert {target for _, _, target in archive.web.asked} == {"/robots.txt"}


DECLARED = """
import datetime
from crawler.sites import find_site
find_site("bao_thai_nguyen").tls_exceptions = {"baothainguyen.vn": datetime.date(2023, 4, 1)}
"""


def test_an_expired_certificate_is_refused_but_for_a_declared_exception_until_its_day(archive: Archive) -> None:
    archive.web.expired = True
    archive.crawl("bao_thai_nguyen", "RETRY_TIMES=0", before=DECLARED, BAOTINH_NOW="2023-04-02T00:30:00+07:00")
    run = archive.run()
    assert (run["outcome"], archive.stored()) == ("skipped", 0)
    assert (
        "tls: baothainguyen.vn: the certificate has expired; the exception for it ended on 2023-04-01" in run["reason"]
    )
    assert "let the spider declare tls_exceptions" in run["reason"] and run["counts"]["fault/tls"] == 1
    assert archive.web.asked == [], "something was asked before the handshake"
    archive.crawl("bao_thai_nguyen", "RETRY_TIMES=0", before=DECLARED)
    assert archive.stored() > 0
    assert archive.rows("select distinct tls_exception as day from capture") == [{"day": "2023-04-01"}]


NOWHERE = """
import socket, twisted.internet.tcp
def look_up(host, *rest):
    print("LOOKED UP", host)
    return {"baoquangninh.com.vn": "10.1.2.3"}[host]
def connect(self, address):
    print("CONNECTED", address)
    raise OSError(111, "nobody may connect here")
socket.gethostbyname = look_up
socket.socket.connect_ex = connect
"""


def test_a_name_that_leads_to_a_private_address_is_not_connected_to(tmp_path: Path) -> None:
    with HostileWeb(tmp_path / "web", SOUND, {}) as web:
        archive = Archive(tmp_path, web)
        for name in ("http_proxy", "https_proxy"):
            del archive.environment[name]
        overrides = ("RETRY_TIMES=0", "DNS_RESOLVER=scrapy.resolver.CachingThreadedResolver", "DOWNLOAD_HANDLERS={}")
        done = archive.crawl("bao_quang_ninh", *overrides, before=NOWHERE)
        run = archive.run()
        assert "LOOKED UP baoquangninh.com.vn" in done.log, "no look-up was made, so nothing is proved"
        assert "CONNECTED" not in done.log
        assert run["outcome"] == "skipped" and "private-address: the host's name leads to 10.1.2.3" in run["reason"]
        assert run["counts"]["fault/private-address"] == 1
        assert web.asked == []
