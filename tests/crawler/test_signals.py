"""When the front page is looked at, and what sources name no more: a spider on scripted pages, a real archive."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import HtmlResponse, Request

from archive.captures import CaptureWriter, Sent
from archive.clock import VIETNAM, Clock
from archive.database import open_engine, session_factory, upgrade
from archive.intake import Intake
from archive.ledger import Decision, Ledger
from archive.models import UrlState
from archive.patience import Patience
from archive.room import Room
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import NewCapture, Read, Store
from crawler.discovery.listing import ListingLayout
from crawler.families.dataimages import DataimagesSpider
from tests.archive.helpers import VERSION, page

HOST = "http://baoquangninh.com.vn"
SECTION, FRONT = f"{HOST}/chinh-tri/", f"{HOST}/"


class Hand(Clock):
    at = datetime(2022, 12, 26, 1, tzinfo=VIETNAM)

    def now(self) -> datetime:
        return self.at


class Paper(DataimagesSpider):
    """A paper with one section."""

    name, title, province = "bao_quang_ninh", "Báo Quảng Ninh", "quang-ninh"
    hosts, scheme = ("baoquangninh.com.vn",), "http"
    sections = {"Chính trị": "/chinh-tri/"}  # noqa: RUF012
    ways = ("listing",)
    listings = (ListingLayout(item="li", link="h3 a"),)


def address(key: str, slug: str = "bai") -> str:
    return f"{HOST}/chinh-tri/202212/{slug}-{key}/"


class Nights:
    """One archive; each night asks a spider of its own for what it scripts."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings.from_environment({"BAOTINH_DATA": str(folder)})
        engine = open_engine(self.settings.database_url)
        upgrade(engine)
        self.sessions, self.clock = session_factory(engine), Hand()
        record = SiteRecord("bao_quang_ninh", "Báo Quảng Ninh", "dataimages", ("baoquangninh.com.vn",), "quang-ninh")
        with self.sessions.begin() as session:
            self.site_id = register_site(session, record, self.clock)
        self.ledger = Ledger(self.sessions, self.site_id, self.clock)
        store = Store(self.sessions, self.site_id, self.clock)
        self.captures = CaptureWriter(self.settings.captures, "bao_quang_ninh", self.clock, lambda file: 0)
        room = Room(self.settings.keep_free, self.settings.written)
        self.intake = Intake(store, self.captures, room, Patience())
        self.troubles: list[str] = []
        self.engine = engine

    async def ask(self, call: Any) -> Any:
        return await asyncio.wrap_future(self.intake.do(call))

    def keep(self, url: str, status: int, body: bytes) -> Any:
        headers, now = [("Content-Type", "text/html; charset=utf-8")], self.clock.now()
        sent = Sent(url, status, headers, body, now)
        return self.intake.keep(sent, lambda place: NewCapture(place, url, url, status, headers, now)).result(30)

    def night(self, *urls: str, days: int = 1, cut: bool = False) -> dict[str, Decision]:
        """What is to be fetched when the section lists `urls`, by key; all of it is fetched unless `cut` short."""
        self.clock.at += timedelta(days=days)
        self.asked: list[str] = []
        self.counts: dict[str, int] = {}
        spider = type("Paper", (Paper,), {"desk": self})()

        async def download(request: Request) -> HtmlResponse:
            self.asked.append(request.url)
            rows = (f"<li><h3><a href='{one}'>Bài {Paper.article_key(one)}</a></h3></li>" for one in urls)
            body = ("".join(rows) if request.url == SECTION else "<a href='/'>Trang nhất</a>").encode()
            status = 200 if request.url in (SECTION, FRONT) else 404
            self.keep(request.url, status, body)
            return HtmlResponse(request.url, status, body=body)

        def count(name: str, number: int = 1) -> None:
            self.counts[name] = self.counts.get(name, 0) + number

        spider.crawler = SimpleNamespace(
            stats=SimpleNamespace(inc_value=count), engine=SimpleNamespace(download_async=download)
        )
        wanted: dict[str, Decision] = {}

        async def all_of() -> None:
            async for found, decision in spider._to_fetch():
                wanted[found.key] = decision
                if cut:
                    return
                kept = self.keep(found.url, 200, b"<p>")
                article = page(found.key, url=found.url, published=None, title=found.title or "Bài")
                self.intake.save(Read(kept, article, found.url, VERSION, found=found)).result(30)

        asyncio.run(all_of())
        return wanted


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    nights = Nights(tmp_path)
    yield nights
    nights.intake.close()
    nights.captures.close()
    nights.engine.dispose()


FIRST = tuple(address(str(1_000_000 + number)) for number in range(6))


def test_what_the_section_names_no_more_is_looked_at_once(nights: Nights) -> None:
    nights.night(*FIRST)
    new = address("2000000")
    assert nights.night(new, *FIRST[:2], *FIRST[3:]) == {"2000000": Decision.NEW, "1000002": Decision.VANISHED}
    assert nights.counts["signal/moved"] == 0
    assert nights.night(new, *FIRST[:2], *FIRST[3:]) == {}
    assert nights.night(new, *FIRST[:2], *FIRST[3:], days=40) == {}


def test_what_dropped_off_the_end_is_left_alone(nights: Nights) -> None:
    nights.night(*FIRST)
    assert nights.night(address("2000000"), *FIRST[:5]) == {"2000000": Decision.NEW}
    assert nights.night(address("2000000"), *FIRST[:5]) == {}


def test_what_comes_under_a_new_address_is_recorded_and_not_asked_for(nights: Nights) -> None:
    nights.night(*FIRST)
    assert nights.night(*FIRST[:2], address("1000002", "slug-moi"), *FIRST[3:]) == {}
    assert nights.counts["signal/moved"] == 1
    assert nights.ledger.counts() == {UrlState.ALIAS: 1, UrlState.FETCHED: 6}
    nights.night(*FIRST[:2], address("1000002", "slug-moi"), *FIRST[3:])
    assert nights.counts["signal/moved"] == 0


def test_a_run_that_was_cut_short_forgets_nothing_that_vanished(nights: Nights) -> None:
    nights.night(*FIRST)
    new = address("2000000")
    left = (new, *FIRST[:2], *FIRST[3:])
    # Before the sources were gone through: the next run compares with the page before.
    assert nights.night(*left, cut=True) == {"2000000": Decision.NEW}
    # After it: the reason is in the ledger.
    assert nights.night(*left) == {"2000000": Decision.PENDING, "1000002": Decision.VANISHED}
    assert nights.night(new, FIRST[0], *FIRST[3:], cut=True) == {"1000001": Decision.VANISHED}
    assert nights.night(new, FIRST[0], *FIRST[3:]) == {"1000001": Decision.VANISHED}
    assert nights.night(new, FIRST[0], *FIRST[3:]) == {}


def test_the_front_page_is_looked_at_when_there_is_news_and_once_a_week(nights: Nights) -> None:
    looked = []
    listed = list(FIRST)
    for number in range(18):
        if number == 3:
            listed.insert(0, address("2000000"))
        nights.night(*listed)
        looked.append(FRONT in nights.asked)
    assert [number for number, one in enumerate(looked) if one] == [0, 3, 10, 17]
    assert nights.asked == [SECTION, FRONT]
