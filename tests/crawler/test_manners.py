"""What a site sees of a crawl: how far apart its requests begin, by the clock of the system that receives them."""

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scrapy.core.downloader import Slot
from scrapy.settings import Settings

from crawler.families.base import JITTER, MIDDLE_OF_DELAY
from crawler.pacing import LEAST_DELAY, Pace
from crawler.sites import find_site
from tests.conftest import Program
from tests.crawler.direct import Answer, Asked, DirectWeb, crawl_in_turn, order
from tests.crawler.hostile import HOST, TLS_HOST
from tests.within import run_within

DELAY, LONGER = 0.2, 1.0
TOLERANCE = 0.005
"""Seconds by which a gap may be shorter: what a network may take more for one packet than for another."""

IDLE = """
import crawler.stopping
fetch = crawler.stopping.Downloader._fetch
async def idle_first(self, request):
    # As after a minute: the slot is given up, and built anew for this request.
    if request.url.endswith("/kinh-te/"):
        await asyncio.sleep(0.6)
        self._slot_gc(age=0)
        print("SLOTS LEFT:", len(self.slots))
    return await fetch(self, request)
crawler.stopping.Downloader._fetch = idle_first
"""


@dataclass
class Seen:
    """What the two sites saw of all crawls, and what these wrote."""

    web: DirectWeb
    turned_away: str
    slow: str
    log: str
    runs: list[dict[str, Any]]

    def requests(self, run: int) -> list[Asked]:
        """The requests of one crawl, in order, which begins with robots.txt of the site's own host."""
        asked, robots = self.web.asked, [(host, "/robots.txt") for host in (HOST, TLS_HOST)]
        starts = [at for at, one in enumerate(asked) if (one.host, one.target) in robots]
        assert len(starts) == len(self.runs)
        return asked[starts[run] : [*starts, len(asked)][run + 1]]


def rules(delay: float) -> Answer:
    return Answer(200, f"User-agent: *\nCrawl-delay: {delay}\n".encode(), {"Content-Type": "text/plain"})


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Four crawls one right after the other: one of everything, two of one article, one over TLS."""
    folder = tmp_path_factory.mktemp("manners")
    with DirectWeb(folder / "web", 7) as web:
        paths = [web.site.path(article) for article in web.site.by_key.values()]
        elsewhere = {"Location": f"http://www.{HOST}{paths[6]}"}
        web.answers = {
            "/robots.txt": [rules(DELAY), rules(0), rules(LONGER), rules(LONGER)],
            paths[1]: [Answer(500)],
            paths[2]: [Answer(429, b"", {"Retry-After": "1"})],
            paths[3]: [Answer(302, b"", elsewhere)],
            paths[4]: [Answer(0)],
            paths[5]: [Answer(404, wait=2 * DELAY)],
        }
        web.handshake = 2 * DELAY
        data = folder / "data"
        program = Program(data, None)
        program.make_archive()
        one, secure = f"http://{HOST}{paths[0]}", web.secure.url(web.secure.articles[0])
        log = crawl_in_turn(
            web,
            program.environment | {"BAOTINH_CONTACT": "us@example.org"},
            [
                order(web, "bao_quang_ninh", before=IDLE, DOWNLOAD_DELAY=0),
                order(web, "bao_quang_ninh", DOWNLOAD_DELAY=0, arguments={"url": one, "force": "1"}),
                order(web, "bao_quang_ninh", DOWNLOAD_DELAY=0, arguments={"url": one, "force": "1"}),
                order(web, "bao_thai_nguyen", DOWNLOAD_DELAY=DELAY, arguments={"url": secure}),
            ],
        )
    with sqlite3.connect(data / "baotinh.sqlite3") as database:
        rows = database.execute("select outcome, counts from run order by id").fetchall()
    return Seen(
        web, paths[2], paths[5], log, [{"outcome": outcome, "counts": json.loads(counts)} for outcome, counts in rows]
    )


def gaps(requests: list[Asked]) -> list[float]:
    """Seconds between the requests."""
    return [later.at - earlier.at for earlier, later in pairwise(requests)]


def test_no_request_follows_on_another_sooner_than_robots_txt_asks(seen: Seen) -> None:
    first = seen.requests(0)
    assert "SLOTS LEFT: 0" in seen.log, "the slot was not built anew, so that is not proved"
    counts = seen.runs[0]["counts"]
    assert counts["fault/http-429"] == 1 and counts["fault/reset"] == 1
    assert {one.host for one in first} == {HOST, f"www.{HOST}"}
    assert min(gaps(first)) >= DELAY - TOLERANCE, "although -s DOWNLOAD_DELAY=0"


def test_a_site_that_asks_for_a_pause_gets_it(seen: Seen) -> None:
    first = seen.requests(0)
    [away] = [at for at, one in enumerate(first) if one.target == seen.turned_away][:1]
    assert gaps(first)[away] >= 1 - TOLERANCE


def test_a_server_that_takes_long_is_left_in_peace_as_long_afterwards(seen: Seen) -> None:
    first = seen.requests(0)
    [slow] = [at for at, one in enumerate(first) if one.target == seen.slow]
    assert gaps(first)[slow] >= 2 * DELAY + DELAY - TOLERANCE


def test_a_crawl_that_follows_on_another_waits_as_long(seen: Seen) -> None:
    last, robots = seen.requests(1)[-1], seen.requests(2)[0]
    assert robots.at - last.at >= LONGER - TOLERANCE


def test_the_first_page_waits_after_a_handshake_however_long_that_took(seen: Seen) -> None:
    robots, article = seen.requests(3)
    assert article.at - robots.at >= DELAY - TOLERANCE


def test_there_is_one_connection_a_host_and_one_request_at_a_time(seen: Seen) -> None:
    assert seen.web.under_way_at_once == 1
    assert set(seen.web.open_at_once.values()) == {1}


def test_no_cookie_is_sent_although_every_answer_sets_one(seen: Seen) -> None:
    assert [one for one in seen.web.asked if "cookie" in one.headers] == []


def test_the_user_agent_says_whom_to_write_to(seen: Seen) -> None:
    assert {one.headers["user-agent"] for one in seen.web.asked} == {seen.web.asked[0].headers["user-agent"]}
    assert "us@example.org" in seen.web.asked[0].headers["user-agent"]


@pytest.mark.parametrize(("contact", "warned"), [("", True), ("us@example.org", False)])
def test_the_scheduler_warns_whoever_gives_no_contact(tmp_path: Path, contact: str, warned: bool) -> None:
    program = Program(tmp_path / "data", None)
    program.make_archive()
    done = run_within(["schedule", "run", "--once"], program.environment | {"BAOTINH_CONTACT": contact})
    assert ("set BAOTINH_CONTACT" in done.stderr) is warned, done.stderr


class Hand:
    """A clock moved by hand, and the pace of a site whose file lies in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.now, self.folder = 1000.0, folder

    def pace(self, of: Slot) -> Pace:
        """The pace as a new process finds it."""
        made = Pace(self.folder / "locks" / "site.asked", lambda: self.now)
        made.begin(of)
        return made

    def waits(self, of: Slot) -> float:
        """The least seconds until a slot sends what comes now."""
        return max(0.0, of.delay * (1 - of.jitter) + of.lastseen - self.now)

    def next_waits(self) -> float:
        """The same of the slot of a new process whose own delay is 2 s."""
        fresh = slot(2)
        self.pace(fresh)
        return self.waits(fresh)


def slot(least: float) -> Slot:
    return Slot(1, least * MIDDLE_OF_DELAY, JITTER)


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


def test_a_delay_counts_from_when_the_request_went_out_not_from_when_it_left_the_queue(hand: Hand) -> None:
    ours = slot(2)
    pace = hand.pace(ours)
    assert hand.waits(ours) == 0, "nobody has asked before"
    ours.lastseen = hand.now
    hand.now += 5
    pace.note()
    assert hand.waits(ours) == pytest.approx(2)
    hand.now += 60
    assert hand.waits(ours) == 0


def test_a_slot_that_is_built_anew_goes_on_where_the_one_before_it_was(hand: Hand) -> None:
    first, second = slot(2), slot(2)
    pace = hand.pace(first)
    pace.note()
    pace.begin(second)
    assert hand.waits(second) == pytest.approx(2)
    hand.now += 10
    pace.note()
    assert second.lastseen == hand.now != first.lastseen


def test_the_next_crawl_waits_as_long_as_the_last_one_knew_that_it_must(hand: Hand) -> None:
    pace = hand.pace(slot(20))
    pace.ruled()
    pace.note()
    hand.now += 5
    fresh = slot(2)
    again = hand.pace(fresh)
    assert hand.waits(fresh) == pytest.approx(15)
    # One that was killed before it had read the rules leaves them as they were.
    again.note()
    assert hand.next_waits() == pytest.approx(20)
    # One that has read that there are none any more does not.
    again.ruled()
    assert hand.next_waits() == pytest.approx(2)


def test_a_machine_that_was_started_anew_waits_from_then_on(hand: Hand) -> None:
    hand.pace(slot(2)).note()
    hand.now = 0.5
    assert hand.next_waits() == pytest.approx(1.5)
    hand.now = 30.0
    assert hand.next_waits() == 0


@pytest.mark.parametrize("words", ["", "yesterday", "1 2 3"])
def test_a_file_that_says_something_else_says_nothing(hand: Hand, words: str) -> None:
    file = hand.folder / "locks" / "site.asked"
    file.parent.mkdir()
    file.write_text(words)
    assert hand.next_waits() == 0


@pytest.mark.parametrize(
    "override",
    [
        {"DOWNLOAD_DELAY": 0},
        {"DOWNLOAD_DELAY": -1},
        {"DOWNLOAD_SLOTS": {"bao_quang_ninh": {"concurrency": 8, "delay": 0}}},
        {"CONCURRENT_REQUESTS_PER_DOMAIN": 8},
        {"DOWNLOAD_DELAY_JITTER": 0.9},
    ],
)
def test_no_setting_of_the_command_line_takes_the_slot_away(override: dict[str, Any]) -> None:
    settings = Settings({"DOWNLOAD_DELAY": 1.5})
    settings.setdict(override, priority="cmdline")
    find_site("bao_quang_ninh").update_settings(settings)
    held = settings.getdict("DOWNLOAD_SLOTS")["bao_quang_ninh"]
    least = LEAST_DELAY if "DOWNLOAD_DELAY" in override else 1.5
    assert held == {"concurrency": 1, "delay": pytest.approx(least * MIDDLE_OF_DELAY), "jitter": JITTER}
