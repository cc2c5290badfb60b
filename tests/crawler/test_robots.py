"""What an answer for robots.txt means, and which captures may stand for one."""

import asyncio
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request, Response
from scrapy.settings import Settings

from archive.clock import Clock
from archive.database import DatabaseFailed
from archive.models import RunOutcome
from crawler import robots
from crawler.archiving import ArchiveLost
from crawler.faults import Fault, FaultName, named
from crawler.middlewares import ForeignHost
from crawler.robots import MOST, ForbiddenByRobots, RobotsAnswer, RobotsMiddleware, judge_robots
from crawler.sites import find_site
from crawler.stopping import Dropped
from tests.crawler.looks import NoLooks

PAGES = [
    b"<!DOCTYPE html><html><body>Trang kh\xc3\xb4ng t\xe1\xbb\x93n t\xe1\xba\xa1i</body></html>",
    b"\xef\xbb\xbf\r\n  <html lang=vi>",
    b"<!-- proxy --> <HTML>",
    b"<script>location='/'</script>",
    b"<?xml version='1.0'?><html/>",
    b"<h1>Bad gateway</h1>",
    b"\n <center>nginx</center>",
    b"<p>Disallow: nothing",
]
RULES = [
    b"User-agent: *\nDisallow: /print/\n",
    b"",
    b"# <html> in a remark\nUser-agent: *\n",
    b"User-agent: *\nDisallow: /t\xecm-ki\xeam/\n",
    b"Disallow: /a\n" + b"x" * (MOST + 1),
]


@pytest.mark.parametrize("body", PAGES)
def test_a_page_in_place_of_rules_is_no_leave(body: bytes) -> None:
    assert judge_robots(200, {"content-type": "text/plain"}, body) is RobotsAnswer.BLOCKED


@pytest.mark.parametrize("body", RULES)
def test_rules_are_rules_however_they_are_labelled(body: bytes) -> None:
    assert judge_robots(200, {"content-type": "text/html"}, body) is RobotsAnswer.RULES


def test_bytes_that_are_no_text_are_no_page_unless_they_are_called_one() -> None:
    assert judge_robots(200, {"content-type": "text/plain"}, b"\xff\xfeU\x00s\x00e\x00r") is RobotsAnswer.RULES
    assert judge_robots(200, {}, b"Blocked? No: words without a rule allow all.") is RobotsAnswer.RULES


@pytest.mark.parametrize(
    "body", [b"Just a moment, please. <script src=check.js></script>", b"Not found: <b>robots.txt</b>"]
)
def test_a_page_that_begins_with_words_is_told_by_its_name(body: bytes) -> None:
    assert judge_robots(200, {"content-type": "text/html; charset=utf-8"}, body) is RobotsAnswer.BLOCKED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 499])
def test_a_host_that_has_none_has_no_rules(status: int) -> None:
    assert judge_robots(status, {}, PAGES[0]) is RobotsAnswer.NONE


@pytest.mark.parametrize("status", [301, 304, 429, 500, 502, 503, 520, 599, 999])
def test_what_cannot_be_had_is_no_leave(status: int) -> None:
    assert judge_robots(status, {}, b"") is RobotsAnswer.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(403, {"cf-mitigated": "challenge"}, b""), (403, {}, b"<title>Just a moment...</title>"), (401, {}, b"captcha")],
)
def test_a_challenge_is_no_leave(status: int, headers: dict[str, str], body: bytes) -> None:
    assert judge_robots(status, headers, body) is RobotsAnswer.BLOCKED


class World:
    """A crawl whose robots.txt answers are told, in order; `ended` is the outcome it was ended with."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *answers: Response | Exception, kept: bytes | None = None
    ) -> None:
        self.answers, self.asked = list(answers), list[str]()
        self.counted: Counter[str] = Counter()
        self.ended: list[str] = []
        self.parsed: list[Any] = []
        self.archive_fails = False
        self.desk: Any = SimpleNamespace(troubles=[], ask=self.ask, looks=NoLooks(), clock=Clock())
        self.lost: list[Exception] = []
        spider = type("Two", (find_site("bao_quang_ninh"),), {"hosts": ("tin.example", "cu.example")})
        crawler: Any = SimpleNamespace(
            settings=Settings({"ROBOTSTXT_USER_AGENT": "baotinh"}),
            spider=spider,
            stats=SimpleNamespace(inc_value=lambda name: self.counted.update([name])),
            engine=SimpleNamespace(download_async=self.answer),
            signals=SimpleNamespace(send_catch_log_async=self.signal),
        )
        monkeypatch.setattr(robots, "end_crawl", lambda crawler, outcome, words: self.ended.append(outcome))
        monkeypatch.setattr(robots, "archiving", lambda crawler: self.desk)
        monkeypatch.setattr(RobotsMiddleware, "_last_good", lambda middleware, url: self.last_good(kept))
        monkeypatch.setattr(robots, "stop_for_archive", lambda crawler, error: self.lost.append(error))
        self.middleware = RobotsMiddleware(crawler)

    def last_good(self, kept: bytes | None) -> bytes | None:
        if self.archive_fails:
            raise DatabaseFailed("the disk is gone")
        return kept

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.url)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask(self, call: Callable[[], Any]) -> Any:
        return call()

    async def signal(self, **told: Any) -> None:
        self.parsed.append(told["robotparser"])

    def pass_all(self, *urls: str) -> list[BaseException | None]:
        """Let requests for `urls` pass at once; what each met."""

        async def run() -> list[BaseException | None]:
            waiting = [self.middleware.process_request(Request(url)) for url in urls]
            return await asyncio.gather(*waiting, return_exceptions=True)

        return asyncio.run(run())


def rules(text: str) -> Response:
    return Response("https://tin.example/robots.txt", 200, body=text.encode())


def test_a_host_is_asked_once_whoever_waits_for_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, rules("User-agent: *\nDisallow: /print/\n"))
    met = world.pass_all("https://tin.example/a", "https://tin.example/print/a", "https://tin.example/b")
    assert world.asked == ["https://tin.example/robots.txt"] and len(world.parsed) == 1
    assert [type(one) for one in met] == [type(None), ForbiddenByRobots, type(None)]


def test_rules_behind_500_kib_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = "User-agent: *\nDisallow: /a/\n"
    world = World(monkeypatch, rules(before + "#" * (MOST - len(before)) + "\nDisallow: /b/\n"))
    met = world.pass_all("https://tin.example/a/", "https://tin.example/b/")
    assert [type(one) for one in met] == [ForbiddenByRobots, type(None)]


@pytest.mark.parametrize(
    "answer", [Response("https://tin.example/robots.txt", 503), ForeignHost("elsewhere"), named(FaultName.TIMEOUT, "x")]
)
def test_without_rules_the_sites_own_host_ends_the_run_and_another_only_its_requests(
    monkeypatch: pytest.MonkeyPatch, answer: Response | Exception
) -> None:
    world = World(monkeypatch, answer, answer)
    [met] = world.pass_all("https://cu.example/a")
    assert isinstance(met, Fault) and met.soft and world.ended == []
    [met] = world.pass_all("https://www.tin.example/a")
    assert isinstance(met, Dropped) and world.ended == [RunOutcome.SKIPPED]
    assert world.counted["fault/robots-unreachable"] == 2


@pytest.mark.parametrize(("delay", "left"), [("300", False), ("300.5", True), ("3600", True)])
def test_a_delay_is_obeyed_or_the_host_is_left_alone_but_never_asked_sooner(
    monkeypatch: pytest.MonkeyPatch, delay: str, left: bool
) -> None:
    slow = rules(f"User-agent: *\nCrawl-delay: {delay}\n")
    world = World(monkeypatch, slow, slow)
    [met] = world.pass_all("https://cu.example/a")
    assert isinstance(met, Fault) is left and world.ended == []
    [met] = world.pass_all("https://tin.example/a")
    assert isinstance(met, Dropped) is left and world.ended == [RunOutcome.BLOCKED] * left
    assert (world.counted["fault/robots-delay"], len(world.parsed)) == ((2, 0) if left else (0, 2))


def test_the_last_good_rules_are_obeyed_and_told_to_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, Response("https://tin.example/robots.txt", 500), kept=b"User-agent: *\nDisallow: /a\n")
    met = world.pass_all("https://tin.example/a", "https://tin.example/b")
    assert [type(one) for one in met] == [ForbiddenByRobots, type(None)]
    assert world.counted["robotstxt/last-good"] == 1 and len(world.parsed) == 1 and world.ended == []


def test_an_archive_that_fails_ends_the_crawl_and_is_no_fault_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, Response("https://tin.example/robots.txt", 500))
    world.archive_fails = True
    met = world.pass_all("https://tin.example/a", "https://tin.example/b")
    assert [type(one) for one in met] == [ArchiveLost, ArchiveLost]
    assert [str(error) for error in world.lost] == ["the disk is gone"] and world.ended == []


def test_a_page_is_not_replaced_by_the_last_good_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, Response("https://tin.example/robots.txt", 200, body=PAGES[0]), kept=b"")
    [met] = world.pass_all("https://tin.example/a")
    assert isinstance(met, Dropped) and world.ended == [RunOutcome.BLOCKED]
