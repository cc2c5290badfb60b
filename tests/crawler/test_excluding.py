"""What was taken down is not asked for: not from the queue, not under a redirect's target, not by hand."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request

from archive.clock import Clock
from archive.database import DatabaseFailed, Sessions, open_engine, session_factory, upgrade
from archive.ledger import Found, Ledger
from archive.query import ArticleName
from archive.settings import Settings
from archive.sites import register_site
from archive.takedown import exclude
from crawler import excluding
from crawler.archiving import ArchiveLost, site_record
from crawler.excluding import ExcludedMiddleware, TakenDown
from crawler.sites import find_site

SPIDER = find_site("bao_quang_ninh")
KEY = "2518002"
URL = f"http://baoquangninh.com.vn/kinh-te/202107/bai-{KEY}/"
OTHER = "http://baoquangninh.com.vn/kinh-te/202107/bai-2518003/"


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    engine = open_engine(Settings.from_environment({"BAOTINH_DATA": str(tmp_path)}).database_url)
    upgrade(engine)
    return session_factory(engine)


@pytest.fixture
def ledger(sessions: Sessions) -> Ledger:
    with sessions.begin() as session:
        site_id = register_site(session, site_record(SPIDER), Clock())
    ledger = Ledger(sessions, site_id, Clock())
    ledger.see([Found(url, SPIDER.article_key(url) or "", "") for url in (URL, OTHER)])
    return ledger


async def answer(call: Callable[[], Any]) -> Any:
    """What `Archiving.ask` gives."""
    return call()


@pytest.fixture
def ask(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Passes a request for an address through the middleware."""
    monkeypatch.setattr(excluding, "archiving", lambda _: SimpleNamespace(ledger=ledger, ask=answer))
    crawler: Any = SimpleNamespace(spider=SPIDER, stats=SimpleNamespace(inc_value=lambda name: None))
    return lambda url: asyncio.run(ExcludedMiddleware(crawler).process_request(Request(url)))


def test_a_request_is_refused_from_the_moment_of_the_take_down(sessions: Sessions, ask: Callable[[str], None]) -> None:
    variants = (URL, URL.replace("http:", "https:"), URL.replace("//", "//www."), URL.replace("bai-", "ten-moi-"))
    for url in variants:
        ask(url)
    exclude(sessions, Clock(), ArticleName(SPIDER.name, KEY, URL), "asked for")
    for url in variants:
        with pytest.raises(TakenDown, match="was taken down; `baotinh exclude --list` says why"):
            ask(url)
    for url in (OTHER, "http://baoquangninh.com.vn/kinh-te/", "http://baoquangninh.com.vn/robots.txt"):
        ask(url)


def test_requests_of_the_same_seconds_ask_the_archive_once(
    sessions: Sessions, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def counted(call: Callable[[], Any]) -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return call()

    monkeypatch.setattr(excluding, "archiving", lambda _: SimpleNamespace(ledger=ledger, ask=counted))
    now = [0.0]
    monkeypatch.setattr("crawler.excluding.time", SimpleNamespace(monotonic=lambda: now[0]))
    crawler: Any = SimpleNamespace(spider=SPIDER, stats=SimpleNamespace(inc_value=lambda name: None))

    async def crawl() -> None:
        middleware = ExcludedMiddleware(crawler)

        async def pass_both() -> list[type]:
            passing = [middleware.process_request(Request(url)) for url in (URL, OTHER)]
            return [type(one) for one in await asyncio.gather(*passing, return_exceptions=True)]

        assert await pass_both() == [type(None), type(None)]
        exclude(sessions, Clock(), ArticleName(SPIDER.name, KEY, URL), "asked for")
        assert (await pass_both(), asked) == ([type(None), type(None)], 1)
        now[0] += excluding.FRESH_SECONDS
        assert (await pass_both(), asked) == ([TakenDown, type(None)], 2)

    asyncio.run(crawl())


def test_an_address_known_for_the_article_is_refused_whatever_key_it_tells(
    sessions: Sessions, ask: Callable[[str], None]
) -> None:
    """As where the page names the key: the ledger knows it, the address does not tell it."""
    exclude(sessions, Clock(), ArticleName(SPIDER.name, "post-7", URL), "asked for")
    with pytest.raises(TakenDown):
        ask(URL)
    ask(OTHER)


def test_a_request_that_led_to_it_is_no_failure_of_the_site(
    sessions: Sessions, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk: Any = SimpleNamespace(ledger=ledger, troubles=[], ask=answer)
    monkeypatch.setattr(SPIDER, "desk", desk)
    exclude(sessions, Clock(), ArticleName(SPIDER.name, KEY, URL), "asked for")
    for url in (URL, OTHER):
        found = Found(url, SPIDER.article_key(url) or "", "")
        failure: Any = SimpleNamespace(request=SimpleNamespace(cb_kwargs={"found": found}), value=TakenDown("gone"))
        asyncio.run(SPIDER().article_failed(failure))
    assert (ledger.counts(), desk.troubles) == ({"excluded": 1, "forbidden": 1}, [])
    assert list(ledger.pending()) == []


def test_an_archive_that_fails_ends_the_crawl(ask: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> frozenset[str]:
        raise DatabaseFailed("the disk is gone")

    ended: list[Exception] = []
    monkeypatch.setattr(Ledger, "excluded", fail)
    monkeypatch.setattr(excluding, "stop_for_archive", lambda _, error: ended.append(error))
    with pytest.raises(ArchiveLost, match="the archive cannot be read: the disk is gone"):
        ask(URL)
    assert [str(error) for error in ended] == ["the disk is gone"]
