"""The parts that stand around a crawl: own hosts, whole bodies, Crawl-delay, the verdict on a run."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Request, Response
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.settings import BaseSettings, Settings
from scrapy.utils.test import get_crawler

from archive.article import MAX_ADDRESS
from archive.captures import Location, Sent
from archive.models import RunOutcome
from archive.store import NewCapture
from archive.warc import Asked
from crawler import settings as crawl_settings
from crawler.extensions import CrawlDelay, judge
from crawler.families.base import LOCKED
from crawler.faults import Fault
from crawler.middlewares import (
    CaptureMiddleware,
    ForeignHost,
    OverlongAddress,
    SiteHostsMiddleware,
    WholeBodyMiddleware,
)
from crawler.sites import find_site
from crawler.stopping import Downloader
from tests.archive.helpers import START, HandClock

ARTICLE = "http://baoquangninh.com.vn/kinh-te/202107/bai-2518002/"


def crawler_of(name: str = "bao_quang_ninh") -> Any:
    stats: dict[str, int] = {}
    return SimpleNamespace(
        spider=find_site(name),
        settings=Settings({"DOWNLOAD_MAXSIZE": 1_000_000, "ROBOTSTXT_USER_AGENT": "baotinh"}),
        stats=SimpleNamespace(inc_value=lambda key: stats.__setitem__(key, stats.get(key, 0) + 1), counted=stats),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
        "http://sub.baoquangninh.com.vn/",
        "http://baoquangninh.com.vn.evil.example/",
        "http://baoquangninh.com.vn:8080/",
        "http://user@baoquangninh.com.vn/",
        "ftp://baoquangninh.com.vn/",
        "file:///etc/passwd",
    ],
)
def test_no_request_leaves_the_sites_own_hosts_whatever_its_flags(url: str) -> None:
    crawler = crawler_of()
    request = Request(url, dont_filter=True, meta={"allow_offsite": True})
    with pytest.raises(ForeignHost):
        SiteHostsMiddleware(crawler).process_request(request)
    assert crawler.stats.counted == {"refused/foreign-host": 1}


def test_an_address_too_long_to_be_kept_is_not_followed() -> None:
    url = f"{ARTICLE}?state={'x' * MAX_ADDRESS}"
    SiteHostsMiddleware(crawler_of()).process_request(Request(url[:MAX_ADDRESS]))
    with pytest.raises(OverlongAddress, match=r"^http://baoquangninh\S+\.\.\. has more than 2083 bytes") as refusal:
        SiteHostsMiddleware(crawler_of()).process_request(Request(url[: MAX_ADDRESS + 1]))
    assert len(str(refusal.value)) < 200


def test_scrapy_leaves_overlong_addresses_to_us() -> None:
    assert get_crawler(find_site("bao_quang_ninh"), vars(crawl_settings)).settings.getint("URLLENGTH_LIMIT") == 0


@pytest.mark.parametrize("status", [-1, 0, 99, 1000, 10**12])
def test_a_number_that_is_no_status_is_not_kept(status: int) -> None:
    with pytest.raises(Fault, match=f"answered with {status}, which is no status"):
        asyncio.run(CaptureMiddleware(crawler_of()).process_response(Request(ARTICLE), Response(ARTICLE, status)))


@pytest.mark.parametrize(("meta", "address"), [({}, "203.0.113.7"), ({"proxy": "http://127.0.0.1:8080"}, None)])
def test_what_is_kept_is_what_was_asked_and_answered(
    monkeypatch: pytest.MonkeyPatch, meta: dict[str, str], address: str | None
) -> None:
    kept: list[tuple[Sent, NewCapture]] = []

    def keep(sent: Sent, described: Callable[[Location], NewCapture]) -> Future[str]:
        kept.append((sent, described(Location("f", 0, 1, "sha256:", 0))))
        done: Future[str] = Future()
        done.set_result("kept")
        return done

    desk = SimpleNamespace(clock=HandClock(), run_id=3, intake=SimpleNamespace(keep=keep))
    monkeypatch.setattr("crawler.middlewares.archiving", lambda crawler: desk)
    request = Request(ARTICLE, method="POST", body="page=2", headers={"Accept": "*/*"}, meta=dict(meta))
    headers = {"Set-Cookie": ["a=1", "b=2"], "X-Old": b"caf\xe9"}
    response = Response(ARTICLE, 200, headers, b"<p>", ip_address=ip_address("203.0.113.7"))
    assert asyncio.run(CaptureMiddleware(crawler_of()).process_response(request, response)) is response
    [(sent, new)] = kept
    assert sent.asked == Asked("POST", [("Accept", "*/*")], b"page=2")
    assert sent.headers == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Old", "caf\xe9")]
    assert (sent.ip_address, sent.fetched_at) == (address, START)
    assert new == NewCapture(Location("f", 0, 1, "sha256:", 0), ARTICLE, ARTICLE, 200, sent.headers, START, 3)


def test_www_and_the_bare_host_share_one_slot() -> None:
    requests = [Request("http://baoquangninh.com.vn/"), Request("https://www.baoquangninh.com.vn/a/")]
    for request in requests:
        SiteHostsMiddleware(crawler_of()).process_request(request)
    assert {request.meta["download_slot"] for request in requests} == {"bao_quang_ninh"}


def whole_body_middleware() -> WholeBodyMiddleware:
    crawler = get_crawler(find_site("bao_quang_ninh"), {"DOWNLOAD_MAXSIZE": 1_000_000, "RETRY_TIMES": 1})
    crawler.spider = crawler.spidercls()
    crawler.spider.crawler = crawler
    return WholeBodyMiddleware(crawler)


def gzipped(body: bytes) -> Response:
    return HtmlResponse(ARTICLE, headers={"Content-Encoding": "gzip"}, body=body)


def test_a_gzip_that_ends_early_is_asked_for_again_and_then_refused() -> None:
    middleware = whole_body_middleware()
    cut = gzipped(gzip.compress(b"<p>tin</p>" * 500)[:-20])
    again = middleware.process_response(Request(ARTICLE), cut)
    assert isinstance(again, Request) and again.meta["retry_times"] == 1
    with pytest.raises(Fault, match=r"^truncated: "):
        middleware.process_response(again, cut)


def test_a_gzip_whose_checksum_is_wrong_is_asked_for_again() -> None:
    whole = bytearray(gzip.compress(b"<p>tin</p>" * 500))
    whole[-6] ^= 0xFF
    assert isinstance(whole_body_middleware().process_response(Request(ARTICLE), gzipped(bytes(whole))), Request)


def test_a_whole_gzip_and_a_plain_body_pass() -> None:
    for response in (gzipped(gzip.compress(b"tin")), HtmlResponse(ARTICLE, body=b"tin")):
        assert whole_body_middleware().process_response(Request(ARTICLE), response) is response


@pytest.mark.parametrize(("asked", "ours", "kept"), [(4, 1.5, 4.5), (1, 2.0, 2.0), (300, 1.5, 337.5), (0, 1.5, 1.5)])
def test_the_longer_of_crawl_delay_and_ours_holds_for_the_slot_and_its_successor(
    monkeypatch: pytest.MonkeyPatch, asked: float, ours: float, kept: float
) -> None:
    slot = SimpleNamespace(delay=ours)
    downloader = SimpleNamespace(per_slot_settings={"site": {"delay": ours}}, slots={"site": slot})
    crawler = crawler_of()
    crawler.engine = SimpleNamespace(downloader=downloader)
    ruled: list[float] = []
    pace = SimpleNamespace(ruled=lambda: ruled.append(slot.delay))
    monkeypatch.setattr("crawler.extensions.pace_of", lambda crawler: pace)
    robots = ProtegoRobotParser(f"User-agent: *\nCrawl-delay: {asked}\n".encode(), None)
    CrawlDelay(crawler).parsed(robots, Request(ARTICLE, meta={"download_slot": "site"}))
    assert (slot.delay, downloader.per_slot_settings["site"]["delay"]) == (kept, kept)
    assert ruled == [kept]


def test_the_delay_varies_upward_only() -> None:
    settings = Settings({"DOWNLOAD_DELAY": 2.0})
    find_site("bao_quang_ninh").update_settings(settings)
    slot = settings.getdict("DOWNLOAD_SLOTS")["bao_quang_ninh"]
    assert slot["delay"] * (1 - slot["jitter"]) == pytest.approx(2.0)
    assert slot["concurrency"] == 1


def test_what_scrapy_leaves_open_is_shut() -> None:
    assert not crawl_settings.REMOTE_CONTROL_ENABLED and not crawl_settings.TELNETCONSOLE_ENABLED
    assert crawl_settings.ROBOTSTXT_OBEY and not crawl_settings.COOKIES_ENABLED
    assert crawl_settings.DOWNLOAD_VERIFY_CERTIFICATES
    assert {"file", "ftp", "s3", "data"} <= set(crawl_settings.DOWNLOAD_HANDLERS)


@pytest.mark.parametrize("name", LOCKED)
def test_no_setting_of_the_command_line_switches_a_guard_off(name: str) -> None:
    settings = Settings()
    settings.set(name, {"http": "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"}, priority="cmdline")
    find_site("bao_quang_ninh").update_settings(settings)
    held = settings[name]
    assert (dict(held) if isinstance(held, BaseSettings) else held) == getattr(crawl_settings, name)


def test_an_exception_for_a_host_of_others_is_refused() -> None:
    spider: Any = type("Wrong", (find_site("bao_quang_ninh"),), {"tls_exceptions": {"tin.example": date(2026, 1, 1)}})
    with pytest.raises(NotConfigured, match=r"tls_exceptions for tin\.example"):
        get_crawler(spider)._create_spider()


@pytest.mark.parametrize(
    ("closed", "counts", "answered", "troubles", "outcome", "says"),
    [
        ("finished", {"new": 3, "listed": 3}, 2, [], RunOutcome.FINISHED, None),
        ("finished", {"listed": 9}, 2, [], RunOutcome.FINISHED, "nothing new"),
        ("finished", {}, 2, [], RunOutcome.FINISHED, "no article is listed"),
        ("finished", {}, 0, ["a: HTTP 503"], RunOutcome.FAILED, "nothing could be read: a: HTTP 503"),
        ("finished", {"new": 1, "errors": 1}, 1, ["KeyError: x"], RunOutcome.FAILED, "KeyError: x"),
        ("archive", {"new": 1}, 1, ["no space left"], RunOutcome.FAILED, "no space left; mend that"),
        ("shutdown", {"new": 1}, 1, [], RunOutcome.STOPPED, "goes on where it stopped"),
        ("memusage_exceeded", {}, 1, [], RunOutcome.FAILED, "killed: memory: "),
        ("finished", {"listed": 9, "discovery/closed": 1}, 2, ["a: closed"], RunOutcome.FINISHED, "a: closed"),
        ("finished", {"new": 1, "listed": 9, "discovery/closed": 1}, 2, ["a: x"], RunOutcome.FINISHED, "a: x"),
        ("finished", {"discovery/closed": 2}, 0, ["a: x", "b: x"], RunOutcome.BLOCKED, "closes all that would list"),
        ("finished", {"discovery/closed": 2}, 1, ["a: x"], RunOutcome.BLOCKED, "closes all that would list"),
        (
            "finished",
            {"discovery/closed": 1, "discovery_lost": 1, "discovery_failed": 1, "listed": 3},
            2,
            ["a: closed", "b: HTTP 500"],
            RunOutcome.FAILED,
            "1 listings could not be read: a: closed; b: HTTP 500",
        ),
        ("finished", {"discovery/waiting": 2, "discovery_lost": 2}, 0, ["a: later"], RunOutcome.FINISHED, "waiting: "),
        (
            "finished",
            {"discovery/waiting": 2, "gone": 1},
            0,
            ["a: later"],
            RunOutcome.FINISHED,
            "none is due: a: later",
        ),
        (
            "finished",
            {"discovery/waiting": 1, "discovery/asked": 1},
            0,
            ["a: x"],
            RunOutcome.FAILED,
            "nothing could be",
        ),
        (
            "finished",
            {"discovery/waiting": 2, "failed": 5},
            0,
            ["a: x"],
            RunOutcome.FAILED,
            "5 of 5 articles could not",
        ),
        ("blocked", {"new": 1}, 1, ["a: HTTP 429 again"], RunOutcome.BLOCKED, "a: HTTP 429 again"),
        ("skipped", {}, 0, ["no robots.txt"], RunOutcome.SKIPPED, "no robots.txt"),
    ],
)
def test_a_run_that_did_not_go_plainly_says_why(
    closed: str, counts: dict[str, int], answered: int, troubles: list[str], outcome: RunOutcome, says: str | None
) -> None:
    judged, reason = judge(closed, counts, answered, troubles)
    assert judged is outcome
    assert reason is None if says is None else says in (reason or "")


@pytest.mark.parametrize(
    ("counts", "known", "says", "next_step"),
    [
        ({}, 40, "no article is listed, though 40 are known", "baotinh fetch URL --force"),
        ({"new": 9, "listed": 9, "whole_page": 5}, 0, "5 of 9 pages fitted no layout", "baotinh sites relearn SITE"),
    ],
)
def test_a_site_that_answers_but_cannot_be_read_has_failed_and_says_what_to_do(
    counts: dict[str, int], known: int, says: str, next_step: str
) -> None:
    outcome, reason = judge("finished", counts, 2, [], known)
    assert outcome is RunOutcome.FAILED
    assert says in (reason or "") and next_step in (reason or "")


def test_a_few_strange_pages_are_no_redesign() -> None:
    assert judge("finished", {"new": 9, "listed": 9, "whole_page": 4}, 2, []) == (RunOutcome.FINISHED, None)


def test_many_troubles_are_told_in_short() -> None:
    _, reason = judge(
        "finished",
        {},
        0,
        [f"{letter}: HTTP 500" for letter in "abcdef"],
    )
    assert reason is not None and "a: HTTP 500" in reason and "and 3 more" in reason and "f: HTTP 500" not in reason


def test_a_crawl_is_not_as_large_as_the_process_that_starts_it() -> None:
    code = "from crawler.extensions import OwnMemory; print(OwnMemory.get_virtual_size(None))"
    starting = (
        "import subprocess, sys; held = bytearray(b'x' * 400_000_000); "
        f"print(subprocess.run([sys.executable, '-c', {code!r}], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", starting], capture_output=True, text=True, check=True)
    assert 10_000_000 < int(done.stdout) < 300_000_000


def test_a_request_is_active_as_soon_as_it_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an engine that looks before the coroutine begins takes the crawl for finished, and drops it."""
    begun: list[Any] = []
    monkeypatch.setattr("crawler.stopping.deferred_from_coro", begun.append)
    downloader = Downloader.__new__(Downloader)
    downloader.active = set()
    request = Request(ARTICLE)
    fetch: Any = downloader.fetch
    fetch(request)
    assert downloader.active == {request}
    begun[0].close()
