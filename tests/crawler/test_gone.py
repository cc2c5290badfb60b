"""Articles that do not come and are no failure: removed by their site, or closed by robots.txt."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from sqlalchemy import select

from archive.database import Sessions, open_engine, session_factory, upgrade
from archive.ledger import Decision, Found, Ledger
from archive.models import RunOutcome, StoredArticle
from archive.query import find_article
from archive.sites import register_site
from archive.store import Store
from crawler.archiving import site_record
from crawler.extensions import judge, note_closed
from crawler.middlewares import ForeignHost
from crawler.robots import ForbiddenByRobots
from crawler.sites import find_site
from tests.archive.helpers import HandClock, Site, found, page

SPIDER = find_site("bao_quang_ninh")


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    engine = open_engine(f"sqlite:///{tmp_path}/baotinh.sqlite3")
    upgrade(engine)
    yield session_factory(engine)
    engine.dispose()


@pytest.fixture
def site(sessions: Sessions) -> Site:
    clock = HandClock()
    with sessions.begin() as session:
        site_id = register_site(session, site_record(SPIDER), clock)
    return Site(SPIDER.name, site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)


class Crawl:
    """What a spider that asks for articles of `site` counts and is troubled by."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, **arguments: str) -> None:
        self.counts: Counter[str] = Counter()
        self.troubles: list[str] = []

        async def ask(call: Any) -> Any:
            return call()

        desk = SimpleNamespace(ledger=ledger, troubles=self.troubles, ask=ask)
        monkeypatch.setattr(SPIDER, "desk", desk, raising=False)
        self.spider: Any = SPIDER(**arguments)
        crawler: Any = SimpleNamespace(
            stats=SimpleNamespace(inc_value=lambda name: self.counts.update([name])),
            engine=SimpleNamespace(_slot=SimpleNamespace(closing=None)),
        )
        self.spider.crawler = crawler

    def fails(self, one: Found, error: Exception) -> None:
        failure: Any = SimpleNamespace(request=SimpleNamespace(cb_kwargs={"found": one}), value=error)
        asyncio.run(self.spider.article_failed(failure))


def answered(status: int) -> HttpError:
    return HttpError(Response("https://baoquangninh.com.vn/bai-1", status, request=Request("https://a.example/")))


@pytest.mark.parametrize("status", [404, 410])
def test_a_kept_article_that_was_removed_is_gone_and_no_failure(
    site: Site, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    site.ledger.see([found("1"), found("2")])
    site.save(page("1"))
    crawl = Crawl(site.ledger, monkeypatch)
    crawl.fails(found("1"), answered(status))
    assert (dict(crawl.counts), crawl.troubles) == ({"articles/gone": 1}, [])
    with sessions() as session:
        assert session.scalar(select(StoredArticle.gone_at)) == site.clock.now()
        assert find_article(session, found("1").url)
    # One that never was there is a link that leads nowhere.
    crawl.fails(found("2"), answered(status))
    assert dict(crawl.counts) == {"articles/gone": 1, "articles/failed": 1}
    assert crawl.troubles == [f"{found('2').url}: HTTP {status}"]
    assert site.ledger.counts() == {"found": 1, "gone": 1}


def test_a_kept_article_whose_site_fails_is_a_failure(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.save(page("1"))
    crawl = Crawl(site.ledger, monkeypatch)
    crawl.fails(found("1"), answered(500))
    assert dict(crawl.counts) == {"articles/failed": 1} and crawl.troubles == [f"{found('1').url}: HTTP 500"]
    assert site.ledger.counts() == {"fetched": 1}


def test_what_robots_txt_closes_is_left_out_told_in_a_word_and_not_asked_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = [found(key) for key in "123"]
    site.ledger.see(closed)
    crawl = Crawl(site.ledger, monkeypatch)
    for one in closed:
        crawl.fails(one, ForbiddenByRobots("Forbidden by robots.txt"))
    assert (dict(crawl.counts), crawl.troubles) == ({"articles/closed": 3}, [])
    note_closed(3, crawl.troubles)
    assert judge("finished", {"listed": 3}, 1, crawl.troubles) == (
        RunOutcome.FINISHED,
        "3 addresses are closed by robots.txt",
    )
    assert [decision for _, decision in site.ledger.see(closed)] == [Decision.KNOWN] * 3
    assert list(site.ledger.pending()) == []
    crawl.fails(found("4"), ForeignHost("it leads to another host"))
    assert crawl.counts["articles/failed"] == 1


def test_where_nothing_or_one_is_closed() -> None:
    troubles: list[str] = []
    note_closed(0, troubles)
    assert troubles == []
    note_closed(1, troubles)
    assert troubles == ["1 address is closed by robots.txt"]


def test_who_asks_for_an_article_by_hand_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://baoquangninh.com.vn/chinh-tri/202201/bai-2000001/"
    crawl = Crawl(site.ledger, monkeypatch, url=url)
    crawl.fails(Found(url, "2000001", ""), ForbiddenByRobots("Forbidden by robots.txt"))
    assert crawl.troubles == [f"{url}: Forbidden by robots.txt"]
