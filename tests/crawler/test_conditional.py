"""Asking for what may have changed, and for nothing else: a made-up web, a real ledger, true captures."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Request, Response
from scrapy.settings import Settings as CrawlSettings
from sqlalchemy import update
from twisted.internet.defer import AlreadyCalledError

from archive.captures import CaptureWriter, Held, Location, Sent
from archive.clock import VIETNAM
from archive.database import open_engine, session_factory, upgrade
from archive.intake import Intake
from archive.ledger import Decision, Found, Ledger
from archive.looks import MAX_VALIDATOR, WHOLE_EVERY, Answer, Look, Looks, answer_of
from archive.models import Capture, UrlKind
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import NewCapture, Store
from archive.walks import Walks
from crawler.conditional import HELD, NOT_MODIFIED, ConditionalMiddleware, make_conditional
from crawler.families.discovering import Considered
from crawler.families.sitemaps import BELIEVED, LONGEST, is_due
from crawler.faults import Fault, FaultName, named
from crawler.middlewares import CAPTURE
from crawler.redirects import SiteRedirects
from crawler.robots import ForbiddenByRobots
from crawler.sites import find_site
from crawler.stopping import Dropped
from tests.archive.helpers import START, HandClock

HOST = "https://baothainguyen.vn"
SITEMAP = f"{HOST}/sitemap.xml"
MONTHS = [f"{HOST}/sitemaps/{month}.xml" for month in ("2021-12", "2021-11", "2021-10")]


def article(number: int) -> str:
    return f"{HOST}/tin-tuc/chinh-tri/bai-{number}-97.html"


def urlset(*rows: tuple[int, str]) -> str:
    listed = "".join(f"<url><loc>{article(n)}</loc><lastmod>{day}</lastmod></url>" for n, day in rows)
    return f"<urlset>{listed}</urlset>"


def index(day: str = "", *parts: str) -> str:
    told = f"<lastmod>{day}</lastmod>" if day else ""
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{one}</loc>{told}</sitemap>' for one in parts)}</sitemapindex>"


class Site:
    """A site whose pages are told, with validators or without, and the crawls of it: what was asked and answered."""

    spider_of = "bao_thai_nguyen"

    def __init__(self, folder: Path) -> None:
        settings = Settings.from_environment({"BAOTINH_DATA": str(folder)})
        engine = open_engine(settings.database_url)
        upgrade(engine)
        self.sessions, self.clock = session_factory(engine), HandClock()
        record = SiteRecord("bao_thai_nguyen", "Báo Thái Nguyên", "a", ("baothainguyen.vn",), "thai-nguyen")
        with self.sessions.begin() as session:
            self.site_id = register_site(session, record, self.clock)
        self.folder = settings.captures
        self.ledger = Ledger(self.sessions, self.site_id, self.clock)
        self.looks = Looks(self.sessions, self.site_id, self.clock, self.folder)
        self.captures = CaptureWriter(self.folder, "bao_thai_nguyen", self.clock, lambda file: 0)
        self.intake = Intake(Store(self.sessions, self.site_id, self.clock), self.captures)
        self.pages: dict[str, str | int | Exception] = {}
        self.validated = True
        self.etag: str | None = None
        self.troubles: list[str] = []
        self.asked: list[tuple[str, int]] = []
        self.counts: dict[str, int] = {}

    async def ask(self, call: Callable[[], Any]) -> Any:
        return call()

    async def answer(self, request: Request) -> Response:
        page = self.pages.get(request.url, 404)
        if isinstance(page, Exception):
            self.asked.append((request.url, 0))
            raise page
        body = b"" if isinstance(page, int) else gzip.compress(page.encode(), mtime=0)
        headers = {"Content-Type": "text/xml", "Content-Encoding": "gzip"}
        status = page if isinstance(page, int) else 200
        if self.validated and status == 200:
            headers["ETag"] = self.etag or f'"{hash(body)}"'
            if request.headers.get("If-None-Match") == headers["ETag"].encode():
                status, body = NOT_MODIFIED, b""
        self.asked.append((request.url, status))
        told, now = list(headers.items()), self.clock.now()
        sent = Sent(request.url, status, told, body, now, earlier=request.meta.get(HELD))

        def described(place: Location) -> NewCapture:
            return NewCapture(place, request.url, request.url, status, told, now)

        request.meta[CAPTURE] = self.intake.keep(sent, described).result(30)
        plain = gzip.decompress(body) if body else b""
        return HtmlResponse(request.url, status, body=plain, request=request)

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def spider(self) -> Any:
        self.asked, self.counts, self.troubles = [], {}, []
        kind = find_site(self.spider_of)
        spider: Any = type("Spider", (kind,), {"desk": self})()
        spider.crawler = SimpleNamespace(
            stats=SimpleNamespace(inc_value=self.count), engine=SimpleNamespace(download_async=self.answer)
        )
        return spider

    def crawl(self, way: str = "by_sitemap") -> list[tuple[str, str]]:
        """Discover by the sitemap or another `way`, a day later; the articles that are new to it, with the reasons.

        None is fetched, so those of the crawls before are still pending.
        """
        self.clock.advance(days=1)

        async def run(walking: AsyncIterator[Considered]) -> list[tuple[str, str]]:
            wanted = [one async for considered in walking for one in considered.wanted]
            return [(found.url, str(why)) for found, why in wanted if why is not Decision.PENDING]

        return asyncio.run(run(getattr(self.spider(), way)()))

    def get(self, url: str = MONTHS[0], **more: Any) -> str | None:
        """Ask for one page of discovery; its words."""
        page = asyncio.run(self.spider().get(Request(url), kind=UrlKind.SITEMAP, **more))
        return page.body.decode() if page else None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.intake.close()
    made.captures.close()


# -- one page ----------------------------------------------------------------------------------------
def test_a_page_that_did_not_change_is_read_from_its_capture(site: Site) -> None:
    site.pages[MONTHS[0]] = "<urlset>Bắc Kạn</urlset>"
    assert [site.get(), site.get()] == ["<urlset>Bắc Kạn</urlset>"] * 2
    assert site.asked == [(MONTHS[0], 304)]
    assert site.counts == {"discovery/asked": 1, "discovery/not-modified": 1}
    look = site.looks.at(MONTHS[0])
    assert (look.unchanged, look.failures, look.fetched_at) == (1, 0.0, START)
    site.pages[MONTHS[0]] = "<urlset>Cao Bằng</urlset>"
    assert site.get() == "<urlset>Cao Bằng</urlset>"
    assert (site.asked, site.looks.at(MONTHS[0]).unchanged) == ([(MONTHS[0], 200)], 0)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        (404, 1),
        (Fault(FaultName.TIMEOUT, "took longer"), 1),
        (ForbiddenByRobots("Forbidden by robots.txt"), 0),
        (IgnoreRequest("robots.txt cannot be had"), 0),
    ],
    ids=repr,
)
def test_only_what_was_sent_counts_as_asked(site: Site, page: int | Exception, asked: int) -> None:
    site.pages[MONTHS[0]] = page
    assert site.get() is None
    assert site.counts.get("discovery/asked", 0) == asked


def test_a_page_whose_capture_cannot_be_read_is_asked_for_whole(site: Site) -> None:
    site.pages[MONTHS[0]] = "<urlset/>"
    site.get()
    with site.sessions.begin() as session:
        session.execute(update(Capture).values(purged_at=START))
    assert site.get() == "<urlset/>" and site.asked == [(MONTHS[0], 200)]
    for file in site.folder.rglob("*.warc.gz"):
        file.write_bytes(b"\0" * file.stat().st_size)
    assert site.get() == "<urlset/>" and site.asked == [(MONTHS[0], 200)]


def test_the_same_body_is_told_without_validators(site: Site) -> None:
    site.validated = False
    site.pages[MONTHS[0]] = "<urlset/>"
    site.get()
    assert "discovery/same-body" not in site.counts
    site.get()
    assert (site.asked, site.counts["discovery/same-body"]) == ([(MONTHS[0], 200)], 1)


def test_a_cache_that_says_for_ever_that_nothing_changed_is_passed_by(site: Site) -> None:
    site.pages[MONTHS[0]] = "<urlset/>"
    statuses = []
    for _ in range(2 * WHOLE_EVERY + 1):
        site.get()
        statuses += [status for _, status in site.asked]
    assert [n for n, status in enumerate(statuses) if status == 200] == [0, WHOLE_EVERY, 2 * WHOLE_EVERY]


def listed(site: Site, url: str, kind: UrlKind, words: str) -> int:
    """Ask for a source that holds `words`; the status of the answer."""
    site.pages[url] = words
    asyncio.run(site.spider().get(Request(url), kind=kind))
    return site.asked[-1][1]


def test_validators_that_stay_while_the_body_changes_are_found_out_and_never_sent_again(site: Site) -> None:
    site.etag = '"theme-5"'
    first, second, feed = f"{HOST}/tin-tuc/", f"{HOST}/tin-tuc/?Page=2", f"{HOST}/rss/"
    listed(site, second, UrlKind.LISTING, "<p>0</p>")
    listed(site, feed, UrlKind.FEED, "<rss/>")
    statuses = [listed(site, first, UrlKind.LISTING, f"<p>{night}</p>") for night in range(9)]
    # Nothing has shown yet that they change with the body: so it is asked for whole after two nights already.
    assert statuses == [200, 304, 304, *[200] * 6]
    # The same program answers its further pages; the feed may have another.
    assert listed(site, second, UrlKind.LISTING, "<p>1</p>") == 200
    assert listed(site, feed, UrlKind.FEED, "<rss/>") == 304
    site.etag = '"theme-6"'
    assert listed(site, first, UrlKind.LISTING, "<p>9</p>") == 200
    assert listed(site, first, UrlKind.LISTING, "<p>9</p>") == 200


def test_validators_that_changed_with_the_body_are_relied_on_for_a_week(site: Site) -> None:
    url = f"{HOST}/tin-tuc/"
    assert listed(site, url, UrlKind.LISTING, "<p>0</p>") == 200
    statuses = [listed(site, url, UrlKind.LISTING, "<p>1</p>") for _ in range(2 * WHOLE_EVERY)]
    assert [night for night, status in enumerate(statuses) if status == 200] == [0, WHOLE_EVERY]
    assert site.looks.at(url).is_validated


@pytest.mark.parametrize(
    ("told", "lies"),
    [
        (Answer('"a"', None, "sha256:2"), True),
        (Answer('"b"', "Tue", "sha256:2"), False),
        (Answer(None, "Tue", "sha256:2"), False),
        (Answer('"a"', "Wed", "sha256:2"), True),
        (Answer('"a"', "Tue", "sha256:1"), False),
    ],
)
def test_which_validators_lie(site: Site, told: Answer, lies: bool) -> None:
    site.looks.answered(SITEMAP, UrlKind.SITEMAP, Answer('"a"', "Tue", "sha256:1"))
    site.looks.answered(SITEMAP, UrlKind.SITEMAP, told)
    assert site.looks.at(SITEMAP).is_validated is not lies


def test_a_time_that_stays_while_the_body_changes_lies_too(site: Site) -> None:
    for body in ("sha256:1", "sha256:2"):
        site.looks.answered(SITEMAP, UrlKind.SITEMAP, Answer(None, "Tue", body))
    assert not site.looks.at(SITEMAP).is_validated


def test_what_is_posted_or_asked_once_is_neither_conditional_nor_kept(site: Site) -> None:
    site.pages[MONTHS[0]] = "<urlset/>"
    for _ in range(2):
        asyncio.run(site.spider().get(Request(MONTHS[0], method="POST")))
        assert site.asked == [(MONTHS[0], 200)]
        asyncio.run(site.spider().get(Request(MONTHS[0]), kind=None))
        assert site.asked == [(MONTHS[0], 200)]
    assert site.looks.of([MONTHS[0]]) == {}


def test_earlier_gives_the_page_of_the_answer_before(site: Site) -> None:
    spider = site.spider()
    assert asyncio.run(spider.earlier(MONTHS[0])) is None
    site.pages[MONTHS[0]] = "<urlset>1</urlset>"
    site.get()
    site.pages[MONTHS[0]] = "<urlset>2</urlset>"
    spider = site.spider()
    for _ in range(2):
        assert asyncio.run(spider.earlier(MONTHS[0])).body == b"<urlset>1</urlset>"
        asyncio.run(spider.get(Request(MONTHS[0])))
    assert asyncio.run(site.spider().earlier(MONTHS[0])).body == b"<urlset>2</urlset>"
    assert asyncio.run(site.spider().earlier(MONTHS[0], START)).body == b"<urlset>2</urlset>"
    assert asyncio.run(site.spider().earlier(MONTHS[0], START - timedelta(days=1))) is None


# -- failures ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("failure", "failures", "hours"),
    [(404, 1.0, 6), (503, 0.5, 3), (403, 0.5, 3), (named(FaultName.TIMEOUT, "30 s"), 0.5, 3)],
    ids=["not found", "unavailable", "refused", "timeout"],
)
def test_a_source_that_failed_waits_and_that_is_said(
    site: Site, failure: int | Exception, failures: float, hours: int
) -> None:
    site.pages[MONTHS[0]] = failure
    assert site.get() is None
    look = site.looks.at(MONTHS[0])
    assert (look.failures, look.due_at) == (failures, START + timedelta(hours=hours))
    assert site.counts.get("discovery/not-found", 0) == (failure == 404)
    site.clock.advance(hours=hours - 1)
    assert site.get() is None and site.asked == []
    assert site.counts == {"discovery/waiting": 1}
    assert "it is not asked for again before 2022-01-05" in site.troubles[0]
    site.pages[MONTHS[0]] = "<urlset/>"
    site.clock.advance(hours=1)
    assert site.get() == "<urlset/>" and site.looks.at(MONTHS[0]).failures == 0.0


def test_a_page_past_the_end_is_no_failure(site: Site) -> None:
    assert site.get(past_end=(404,)) == ""
    assert site.looks.of([MONTHS[0]]) == {} and site.troubles == []


def test_an_article_in_the_ledger_is_never_taken_for_a_source(site: Site) -> None:
    site.ledger.see([Found(article(1), "1", SITEMAP)])
    site.looks.answered(article(1), UrlKind.LISTING, Answer('"a"', None, "sha256:1"))
    site.looks.failed(article(1), UrlKind.LISTING, "HTTP 404", soft=False)
    assert site.looks.at(article(1)) == Look()


# -- sitemaps ----------------------------------------------------------------------------------------
def months(site: Site, day: str = "") -> None:
    site.pages = {SITEMAP: index(day, *MONTHS)}
    site.pages |= {url: urlset((n, f"2021-{12 - n}-01"), (n + 10, f"2021-{12 - n}-02")) for n, url in enumerate(MONTHS)}


def test_of_an_index_without_dates_old_parts_are_asked_for_ever_more_rarely(site: Site) -> None:
    months(site)
    assert len(site.crawl()) == 6
    asked = []
    for _ in range(12):
        assert site.crawl() == []
        asked.append(len(site.asked) - 2)
    assert [night for night, parts in enumerate(asked, start=1) if parts] == [1, 3, 6, 10]


def test_a_part_that_the_index_says_to_have_changed_shows_old_edits(site: Site) -> None:
    months(site, "2021-12-31")
    site.crawl()
    site.crawl()
    assert site.asked == [(SITEMAP, 304), (MONTHS[0], 304)]
    site.pages[MONTHS[2]] = urlset((2, "2022-01-08"), (12, "2021-10-02"), (3, "2021-10-03"))
    site.pages[SITEMAP] = index("2022-01-08", *MONTHS)
    assert site.crawl() == [(article(3), "new")]
    assert (MONTHS[2], 200) in site.asked and (MONTHS[1], 304) in site.asked


def test_a_part_is_asked_for_until_all_that_it_lists_is_in_the_ledger(site: Site) -> None:
    months(site, "2021-12-31")
    site.crawl()
    site.pages[MONTHS[1]] = urlset((1, "2021-11-01"), (4, "2021-11-04"))
    # Asked for by a crawl that was killed before it had read the answer.
    site.get(MONTHS[1])
    assert site.crawl() == [(article(4), "new")]
    site.crawl()
    assert MONTHS[1] not in [url for url, _ in site.asked]


def test_a_part_that_failed_is_asked_for_again(site: Site) -> None:
    months(site, "2021-12-31")
    site.pages[MONTHS[2]] = 500
    site.crawl()
    months(site, "2021-12-31")
    assert len(site.crawl()) == 2


DAY = datetime(2022, 1, 20, 1, tzinfo=VIETNAM)


def looked(days: int, unchanged: int = 0, etag: str | None = None, **more: Any) -> Look:
    told = Answer(etag, None, "sha256:0")
    return Look(told, unchanged, DAY - timedelta(days=days), is_read=True, **more)


@pytest.mark.parametrize(
    ("look", "changed", "due"),
    [
        (Look(), None, True),
        (looked(1), DAY - timedelta(days=2), False),
        (looked(1), (DAY - timedelta(days=1)).replace(hour=0), True),
        (looked(0), DAY.replace(hour=0), True),
        (looked(1, BELIEVED - 1), DAY, True),
        (looked(1, BELIEVED), DAY, False),
        (looked(BELIEVED + 1, BELIEVED), DAY, True),
        (looked(1, BELIEVED, '"a"'), DAY, True),
        (looked(0), None, False),
        (looked(1), None, True),
        (looked(1, 1), None, False),
        (looked(2, 1), None, True),
        (looked(LONGEST - 1, 99), None, False),
        (looked(LONGEST, 99), None, True),
        (looked(LONGEST), DAY - timedelta(days=99), True),
        (looked(1, failures=0.5), DAY - timedelta(days=9), True),
    ],
)
def test_when_a_part_is_due(look: Look, changed: datetime | None, due: bool) -> None:
    assert is_due(look, changed, DAY) is due


# -- requests and answers ----------------------------------------------------------------------------
HELD_ONE = Held(1, Location("f", 0, 1, "sha256:", 0))


def conditional(url: str = SITEMAP) -> Request:
    request = Request(url)
    make_conditional(request, Answer('"a"', format_datetime(START), "sha256:0"), HELD_ONE)
    return request


def test_a_304_is_for_who_asked_and_keeps_no_coding() -> None:
    counted: list[str] = []
    crawler: Any = SimpleNamespace(stats=SimpleNamespace(inc_value=counted.append))
    middleware, answer = ConditionalMiddleware(crawler), Response(SITEMAP, 304, {"Content-Encoding": "gzip"})
    assert "Content-Encoding" not in middleware.process_response(conditional(), answer).headers
    with pytest.raises(Fault, match="304-not-asked"):
        middleware.process_response(Request(SITEMAP), Response(SITEMAP, 304))
    assert counted == ["fault/304-not-asked"]
    whole = Response(SITEMAP, 200)
    assert middleware.process_response(Request(SITEMAP), whole) is whole


def test_validators_are_sent_again_in_a_further_try_and_not_to_another_address() -> None:
    request = conditional()
    assert request.headers["If-None-Match"] == b'"a"' and request.headers["If-Modified-Since"]
    assert request.copy().headers == request.headers and request.copy().meta[HELD] is HELD_ONE
    spider = find_site("bao_thai_nguyen")()
    crawler: Any = SimpleNamespace(
        stats=SimpleNamespace(inc_value=lambda *_: None), spider=spider, settings=CrawlSettings()
    )
    redirects = SiteRedirects(CrawlSettings())
    redirects.crawler = crawler
    further = redirects.process_response(request, Response(SITEMAP, 301, {"Location": f"{HOST}/b.xml"}))
    assert isinstance(further, Request) and further.url == f"{HOST}/b.xml"
    assert not {b"If-None-Match", b"If-Modified-Since"} & further.headers.keys() and HELD not in further.meta


@pytest.mark.parametrize(
    ("value", "kept"),
    [('"a"', '"a"'), ("", None), ("a\x7fb", None), ("ê", None), ("a" * (MAX_VALIDATOR + 1), None)],
)
def test_only_what_can_be_sent_back_is_kept(value: str, kept: str | None) -> None:
    assert answer_of([("etag", value)], "sha256:0") == Answer(kept, None, "sha256:0")


def test_walks_and_looks_share_a_row(site: Site) -> None:
    assert isinstance(site.ledger, Walks)
    site.pages[SITEMAP] = index("", *MONTHS)
    site.get(SITEMAP)
    site.ledger.walked(SITEMAP, UrlKind.SITEMAP, START.date())
    assert site.looks.at(SITEMAP).is_conditional and site.ledger.last_walk(SITEMAP) == (START, START.date())


def test_an_answer_dropped_by_the_end_of_a_crawl_is_no_failure_of_the_source(site: Site) -> None:
    site.pages[MONTHS[0]] = AlreadyCalledError()
    with pytest.raises(Dropped):
        site.get()
    assert site.troubles == [] and not site.looks.at(MONTHS[0]).waits(site.clock.now())
    site.pages[MONTHS[0]] = ConnectionResetError("reset")
    assert site.get() is None
    assert site.troubles and site.looks.at(MONTHS[0]).waits(site.clock.now())


# -- WordPress ---------------------------------------------------------------------------------------
class Api(dict[str, Any]):
    """The answers of WordPress's API: one post, changes of none, unless their answer `fails`."""

    fails = False

    def get(self, url: str, default: Any = None) -> Any:
        if "modified_after" in url:
            return 500 if self.fails else "[]"
        at = {"date": "2021-11-05T08:00:00", "modified": "2021-11-05T08:00:00"}
        link = "https://tuyengiaobinhphuoc.vn/tin-mot-hai-ba/"
        return json.dumps([{"id": 7, "link": link, "title": {"rendered": "Tin"}, "categories": [], **at}])


def test_changes_of_posts_are_asked_for_since_the_last_look_that_went_well(site: Site) -> None:
    site.spider_of, site.pages = "tuyen_giao_binh_phuoc", Api()

    def since() -> list[str]:
        site.crawl("by_api")
        asked = (parse_qs(urlsplit(url).query).get("modified_after", [""])[0] for url, _ in site.asked)
        return [one[:10] for one in asked if one]

    first = START.date() + timedelta(days=1)
    assert since() == [], "on the first night all posts are walked"
    assert since() == [f"{first:%Y-%m-%d}"]
    site.pages.fails = True
    assert since() == [f"{first + timedelta(days=1):%Y-%m-%d}"]
    assert since() == [f"{first + timedelta(days=1):%Y-%m-%d}"], "what was changed before the failure would be lost"
    site.pages.fails = False
    assert since() == [f"{first + timedelta(days=1):%Y-%m-%d}"]
    assert since() == [f"{first + timedelta(days=4):%Y-%m-%d}"]
    site.clock.advance(days=-1)
    assert since() == [], "a run that takes up one cut short looks at no changes again"
