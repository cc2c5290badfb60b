"""Discovery among traps: loops, depths, floods and pagers without end are named, and the other articles are found."""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import HtmlResponse, Request

from archive.clock import Clock
from archive.ledger import Decision, Found
from archive.models import RunOutcome, UrlKind
from archive.walks import Stand
from crawler.archiving import Troubles
from crawler.discovery.entry import Entry
from crawler.discovery.sitemap import read_sitemap
from crawler.discovery.troubles import Trouble
from crawler.extensions import judge
from crawler.families import sitemaps, walking
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.walking import MAX_BARREN_PAGES
from crawler.robots import ForbiddenByRobots
from crawler.sites import find_site
from tests.crawler.looks import NoLooks

HOST = "https://baothainguyen.vn"
SITEMAP = f"{HOST}/sitemap.xml"
CHECK = b"<html><body><script>document.cookie='a=1'; location.reload()</script></body></html>"


def article(number: int) -> str:
    return f"{HOST}/tin-tuc/chinh-tri/bai-{number}-97.html"


def index(*parts: str) -> bytes:
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{one}</loc></sitemap>' for one in parts)}</sitemapindex>".encode()


def urlset(*numbers: int) -> bytes:
    rows = (f"<url><loc>{article(one)}</loc><lastmod>2023-03-{one % 28 + 1:02}</lastmod></url>" for one in numbers)
    return f"<urlset>{''.join(rows)}</urlset>".encode()


class Desk:
    """What a spider asks of the archive: everything is new; known from page 2 on if it was walked before."""

    def __init__(self, known_since: datetime | None = None) -> None:
        self.clock = Clock()
        self.looks = NoLooks()
        looks = count()
        self.troubles: list[str] = []
        self.walks: list[str] = []
        self.ledger = SimpleNamespace(
            see=lambda found: [(one, Decision.NEW) for one in found],
            last_walk=lambda source: (known_since, date(1900, 1, 1)) if known_since else None,
            seen_before=lambda urls, instant: bool(known_since) and next(looks) > 0,
            walked=lambda source, kind, down_to: self.walks.append(source),
            stand=lambda source: Stand(known_since, date(1900, 1, 1)) if known_since else Stand(),
            walked_to=lambda source, kind, page: None,
        )

    async def ask(self, call: Callable[[], Any]) -> Any:
        return call()


class Walked:
    """A spider on a web of these answers: what it found, asked for, counted."""

    def __init__(
        self,
        answers: dict[str, bytes | Exception],
        way: Callable[[SiteSpider], AsyncIterator[Considered]] = lambda spider: spider.by_sitemap(),
        site: str = "bao_thai_nguyen",
        known_since: datetime | None = None,
    ) -> None:
        self.asked: list[str] = []
        self.counts: dict[str, int] = {}
        self.desk = Desk(known_since)
        kind = find_site(site)
        spider = type(kind.__name__, (kind,), {"desk": self.desk})()

        async def download(request: Request) -> HtmlResponse:
            self.asked.append(request.url)
            answer = answers[request.url] if isinstance(answers, defaultdict) else answers.get(request.url, b"")
            if isinstance(answer, Exception):
                raise answer
            return HtmlResponse(request.url, 200 if answer else 404, body=answer)

        spider.crawler = SimpleNamespace(
            stats=SimpleNamespace(inc_value=self._count), engine=SimpleNamespace(download_async=download)
        )
        asyncio.run(self._walk(way(spider)))

    def _count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    async def _walk(self, walking: AsyncIterator[Considered]) -> None:
        self.found: list[Found] = []
        async for considered in walking:
            self.found += [found for found, _ in considered.wanted]

    @property
    def urls(self) -> set[str]:
        return {found.url for found in self.found}

    def named(self) -> dict[str, int]:
        """The troubles counted by a name of their own."""
        general = tuple(f"discovery/{name}" for name in ("failed", "entries", "lost", "asked", "not-found"))
        return {name.removeprefix("discovery/"): n for name, n in self.counts.items() if name not in general}


# -- sitemaps ----------------------------------------------------------------------------------------
def test_an_index_that_names_itself_and_a_ring_of_them_are_walked_once() -> None:
    one, other, part = (f"{HOST}/{name}.xml" for name in ("one", "other", "part"))
    walked = Walked(
        {SITEMAP: index(SITEMAP, one, part), one: index(other, one), other: index(one, SITEMAP), part: urlset(1, 2)}
    )
    assert walked.urls == {article(1), article(2)}
    assert sorted(walked.asked) == sorted((SITEMAP, one, other, part))
    assert walked.named() == {"loop": 3}


def test_an_index_of_copies_of_itself_costs_one_trouble() -> None:
    other = f"{HOST}/other.xml"
    walked = Walked({SITEMAP: index(*[SITEMAP] * 3_000, *[other] * 3_000), other: index(SITEMAP, *[other] * 3_000)})
    assert walked.asked == [SITEMAP, other]
    assert walked.named() == {"loop": 2}
    assert "names 1 sitemaps" in walked.desk.troubles[0] and "names 2 sitemaps" in walked.desk.troubles[1]


def test_what_went_wrong_is_told_once_and_in_order() -> None:
    troubles = Troubles()
    for words in ("one", "other", "one"):
        troubles.append(words)
    assert troubles == ["one", "other"]


def test_a_part_of_which_something_is_missing_leaves_the_walk_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.discovery.sitemap.MAX_ENTRIES", 5)
    months = [f"{HOST}/sitemap-2023-{month}.xml" for month in (1, 2, 3)]
    answers: dict[str, bytes | Exception] = {SITEMAP: index(*months)}
    answers.update((one, urlset(1, 2)) for one in months)
    assert Walked(answers).desk.walks == [SITEMAP]
    assert Walked(answers | {months[2]: urlset(*range(9))}).desk.walks == []


def test_indexes_within_one_another_are_followed_so_deep_and_no_deeper() -> None:
    levels = [SITEMAP, *(f"{HOST}/level-{n}.xml" for n in "abcdef")]
    answers: dict[str, bytes | Exception] = {
        level: index(below, f"{level}-articles.xml") for level, below in pairwise(levels)
    }
    answers |= {f"{level}-articles.xml": urlset(n) for n, level in enumerate(levels)}
    walked = Walked(answers)
    assert walked.urls == {article(n) for n in range(3)}
    assert walked.named() == {"too-deep": 1}
    assert walked.desk.walks == []


def test_of_5000_sitemaps_the_newest_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "MAX_SITEMAPS", 50)
    parts = [f"{HOST}/sitemap-{n}.xml" for n in range(1, 5_001)]
    answers: dict[str, bytes | Exception] = {part: urlset(n) for n, part in enumerate(parts, start=1)}
    walked = Walked(answers | {SITEMAP: index(*parts)})
    assert walked.asked == [SITEMAP, *reversed(parts[-50:])]
    assert walked.named() == {"too-many": 1}
    assert walked.desk.walks == []


def test_one_sitemap_that_cannot_be_had_costs_no_other_and_the_walk_is_not_done() -> None:
    parts = [f"{HOST}/sitemap-{n}.xml" for n in range(1, 6)]
    answers: dict[str, bytes | Exception] = {part: urlset(n) for n, part in enumerate(parts)}
    answers |= {parts[2]: TimeoutError("took too long"), parts[3]: b"<html>no sitemap</html>"}
    walked = Walked(answers | {SITEMAP: index(*parts)})
    assert walked.urls == {article(0), article(1), article(4)}
    assert walked.named() == {"unreadable": 1}
    assert walked.counts["discovery/failed"] == 2
    assert walked.desk.walks == []


def test_a_host_that_fails_again_and_again_is_left_for_the_next_run() -> None:
    parts = [f"{HOST}/sitemap-{n}.xml" for n in range(1, 100)]
    walked = Walked({SITEMAP: index(*parts)})
    assert len(walked.asked) == 1 + sitemaps.MAX_FAILED_SITEMAPS


def test_of_a_sitemap_with_too_many_entries_the_newest_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.discovery.sitemap.MAX_ENTRIES", 5)
    walked = Walked({SITEMAP: urlset(*range(1, 28))})
    assert walked.urls == {article(n) for n in range(23, 28)}
    assert walked.named() == {"too-large": 1}
    assert "27 entries" in walked.desk.troubles[0]


def test_of_a_packed_sitemap_that_is_too_large_the_beginning_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = urlset(*range(1, 28))
    monkeypatch.setattr("crawler.discovery.sitemap.MAX_BYTES", len(whole) // 2)
    walked = Walked({SITEMAP: gzip.compress(whole)})
    assert {article(1), article(10)} <= walked.urls and article(27) not in walked.urls
    assert walked.named() == {"too-large": 1}


def test_a_sitemap_with_one_endless_entry_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.discovery.markup.MAX_TAGS", 1_000)
    walked = Walked({SITEMAP: b"<urlset><url>" + b"<a/>" * 2_000 + b"</url></urlset>"})
    assert walked.named() == {"too-large": 1}


def test_a_packed_sitemap_that_ends_early_is_named_and_gives_its_beginning() -> None:
    packed = gzip.compress(urlset(*range(1, 3_000)))
    for cut in (len(packed) // 2, len(packed) - 8, len(packed) - 1):
        walked = Walked({SITEMAP: packed[:cut]})
        assert article(1) in walked.urls
        assert walked.named() == {"truncated": 1}
        assert walked.desk.walks == []


def test_a_packed_sitemap_of_another_checksum_or_in_several_parts_is_named() -> None:
    packed = gzip.compress(urlset(1, 2))
    broken = Walked({SITEMAP: packed[:-8] + bytes(4) + packed[-4:]})
    assert (broken.named(), broken.desk.walks) == ({"unreadable": 1}, [])
    parts = Walked({SITEMAP: packed + gzip.compress(urlset(3))})
    assert (parts.named(), parts.urls) == ({"truncated": 1}, {article(1), article(2)})


DEEP = b"<url>" + b"<a>" * 300 + b"</a>" * 300 + b"</url>"


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        (DEEP, "too-deep"),
        (b"<url><loc>" + b"a" * 11_000_000 + b"</loc></url>", "too-large"),
        (b"</url>", "unreadable"),
        (b"<url><loc>a < b</loc></url>", "unreadable"),
        (b"<url><loc>a & b &amp &#0; \x01 &nbsp;</loc></url>" * 100 + DEEP, "unreadable"),
        (b"<url><loc>a & b &amp &#0; \x01 &nbsp;</loc></url>" * 100, ""),
    ],
    ids=["nesting", "a long word", "an end tag too many", "a bare <", "nesting after many faults", "faults in words"],
)
def test_a_sitemap_where_the_parser_stops_is_named_and_its_beginning_is_taken(odd: bytes, name: str) -> None:
    head, tail = urlset(1, 2).removesuffix(b"</urlset>"), urlset(3).removeprefix(b"<urlset>")
    walked = Walked({SITEMAP: head + odd + tail})
    assert {article(1), article(2)} <= walked.urls
    assert walked.named() == ({name: 1} if name else {})
    assert walked.desk.walks == ([] if name else [SITEMAP])
    assert (article(3) in walked.urls) == (not name)


@pytest.mark.parametrize("whole", [urlset(1, 2), index(f"{HOST}/a.xml")], ids=["a sitemap", "an index"])
def test_a_sitemap_cut_anywhere_is_named(whole: bytes) -> None:
    first = whole.index(b">") + 1
    assert [cut for cut in range(first, len(whole)) if read_sitemap(whole[:cut]).trouble is None] == []
    named = read_sitemap(whole[: whole.rindex(b"<")]).trouble
    assert named and named[0] is Trouble.TRUNCATED
    assert read_sitemap(whole).trouble is None


BOMB = (
    "<!DOCTYPE urlset [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {two} '{f'&{one};' * 10}'>" for one, two in zip("abcdefgh", "bcdefghi", strict=True))
    + f"<!ENTITY long '{'b' * 100_000}'><!ENTITY x SYSTEM 'file:///etc/passwd'>"
    "<!ENTITY % y SYSTEM 'http://127.0.0.1:9/x.dtd'>%y;]>"
)


def test_entities_are_not_blown_up_and_the_other_entries_are_read() -> None:
    entry = f"<url><loc>{HOST}/%s</loc></url>"
    odd = "".join(entry % inner for inner in ("&i;", "&long;" * 20_000, "&x;"))
    walked = Walked({SITEMAP: f"{BOMB}<urlset>{odd}<url><loc>{article(7)}</loc></url></urlset>".encode()})
    assert walked.urls == {article(7)}


# -- listings ----------------------------------------------------------------------------------------
def listing(page_of: Callable[[int], list[str]]) -> Walked:
    async def page(number: int) -> list[Entry]:
        return [Entry(url) for url in page_of(number)]

    def way(spider: SiteSpider) -> AsyncIterator[Considered]:
        return spider.walk(f"{HOST}/muc/", UrlKind.LISTING, None, page)

    walked = Walked({}, way)
    return walked


@pytest.mark.parametrize(
    "odd",
    [
        lambda number: [f"{article(one)}?sid={number}" for one in range(1, 4)],
        lambda number: [f"{article(one)}#s{number}" for one in range(1, 4)],
        lambda number: [f"{HOST}/lich/2022/{number}/", article(1)],
        lambda number: [f"{HOST}/muc/{'a/b/' * number}"],
    ],
    ids=["session ids", "fragments", "a calendar", "a path that repeats itself"],
)
def test_a_listing_without_end_ends_and_keeps_what_it_had(odd: Callable[[int], list[str]]) -> None:
    walked = listing(lambda number: [article(one) for one in range(1, 4)] if number == 1 else odd(number))
    assert walked.urls == {article(one) for one in range(1, 4)}
    assert walked.named() == {"endless": 1}
    assert walked.desk.walks == []
    assert f"last {MAX_BARREN_PAGES} pages" in walked.desk.troubles[0]


def test_a_long_gap_in_a_listing_is_not_its_end() -> None:
    def page(number: int) -> list[str]:
        if number < 3 or number in range(3 + MAX_BARREN_PAGES - 1, 30):
            return [article(number)]
        return [f"{HOST}/quang-cao/{number}/"] if number < 30 else []

    walked = listing(page)
    assert article(29) in walked.urls
    assert walked.named() == {}


def test_a_listing_that_lists_new_articles_for_ever_is_cut_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_LISTING_PAGES", 40)
    walked = listing(lambda number: [article(number)])
    assert len(walked.urls) == 40
    assert walked.named() == {"too-many": 1}
    assert walked.desk.walks == []


LISTINGS = find_site("bao_thai_nguyen").sections


def answer_listings(answer: bytes) -> Walked:
    answers: dict[str, bytes | Exception] = {f"{HOST}{path}": answer for path in LISTINGS.values()}
    return Walked(answers, lambda spider: spider.by_listing())


def test_a_browser_check_in_place_of_listings_is_named_and_blocks_the_run() -> None:
    walked = answer_listings(CHECK)
    assert walked.named() == {"challenge": len(LISTINGS)}
    outcome, why = judge("finished", walked.counts, len(LISTINGS), walked.desk.troubles, known=9)
    assert outcome is RunOutcome.BLOCKED
    assert "browser check" in (why or "") and "next run tries again" in (why or "")


def test_an_empty_listing_with_a_captcha_in_a_form_is_no_browser_check() -> None:
    menu = b"<a href='/'>Trang nh\xc3\xa0</a> <a href='/lien-he'>Li\xc3\xaan h\xe1\xbb\x87</a>"
    assert answer_listings(menu + b"<form><img src='/captcha.png'><input name='captcha'></form>").named() == {}


@pytest.mark.parametrize(
    ("body", "name"),
    [(b"<p>x</p>" * 60_000, "too-large"), (b"<div>" * 3_000, "too-deep")],
    ids=["too large", "too deep"],
)
def test_a_listing_that_cannot_be_read_in_bounded_time_is_named(body: bytes, name: str) -> None:
    assert answer_listings(body).named() == {name: len(LISTINGS)}


@pytest.mark.parametrize("body", [b"<p>x</p>" * 60_000, CHECK], ids=["too large", "a browser check"])
def test_a_later_page_of_a_listing_that_is_not_read_is_not_its_end(body: bytes) -> None:
    first = f"<div class='title_detail'><a href='{article(1)}'>B\u00e0i</a></div>".encode()
    answers: dict[str, bytes | Exception] = {f"{HOST}{path}": first for path in LISTINGS.values()}
    answers |= {f"{HOST}{path}?Page=2": body for path in LISTINGS.values()}
    walked = Walked(answers, lambda spider: spider.by_listing())
    assert walked.urls == {article(1)} and sum(walked.named().values()) == len(LISTINGS)
    assert walked.desk.walks == []


# -- feeds and APIs ----------------------------------------------------------------------------------
WORDPRESS = "https://tuyengiaobinhphuoc.vn"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<rss>" + b"<item><link>x</link></item>" * 600 + b"</rss>", "too-large"),
        (b"<rss><item>" + b"<a/>" * 6_000, "too-large"),
        (b"<rss><chan", "truncated"),
        (b"<rss><item>" + b"<a>" * 300 + b"</a>" * 300 + b"</item></rss>", "too-deep"),
        (b'{"a": 1}', "unreadable"),
        (CHECK, "challenge"),
    ],
    ids=["too many entries", "too many elements", "cut short", "too deep", "JSON", "a browser check"],
)
def test_a_feed_that_is_none_is_named(body: bytes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.discovery.feed.MAX_ENTRIES", 500)
    monkeypatch.setattr("crawler.discovery.markup.MAX_TAGS", 5_000)
    walked = Walked({f"{WORDPRESS}/feed/": body}, lambda spider: spider.feed("/feed/"), "tuyen_giao_binh_phuoc")
    assert walked.named() == {name: 1}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"[" * 100_000, "unreadable"),
        (b'[{"a":' * 50_000, "unreadable"),
        (b"[" + b"{}," * 600 + b"{}]", "too-large"),
        (CHECK, "challenge"),
    ],
    ids=["arrays nested", "objects nested", "too many posts", "a browser check"],
)
def test_an_api_answer_that_is_none_is_named(body: bytes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.discovery.api.MAX_ENTRIES", 500)
    answers: dict[str, bytes | Exception] = defaultdict(lambda: body)
    walked = Walked(answers, lambda spider: spider.by_api(), "tuyen_giao_binh_phuoc")  # type: ignore[attr-defined]
    assert walked.named() == {name: 1}


# -- the verdict -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("counts", "answered", "blocked"),
    [
        ({"new": 4, "rejected": 5, "rejected/challenge": 5, "listed": 9}, 20, True),
        ({"new": 5, "rejected": 5, "rejected/challenge": 5, "listed": 10}, 20, False),
        ({"new": 5, "listed": 5, "discovery/challenge": 2}, 4, False),
        ({"new": 5, "listed": 5, "discovery/challenge": 3}, 4, True),
    ],
)
def test_a_run_is_blocked_where_most_pages_are_browser_checks(
    counts: dict[str, int], answered: int, blocked: bool
) -> None:
    outcome, _ = judge("finished", counts, answered, [])
    assert (outcome is RunOutcome.BLOCKED) == blocked


def test_a_section_that_robots_txt_closes_is_left_out_and_no_loss() -> None:
    site = find_site("bao_quang_ninh")
    closed, *others = (f"http://{site.hosts[0]}{path}" for path in site.sections.values())
    link = '<ul><li class="item"><a class="title" href="/chinh-tri/202303/bai-2700001/">Bài</a></li></ul>'
    pages: dict[str, bytes | Exception] = {one: link.encode() for one in others}
    pages[closed] = ForbiddenByRobots("Forbidden by robots.txt")
    walked = Walked(defaultdict(lambda: link.encode(), pages), lambda spider: spider.by_listing(), "bao_quang_ninh")
    assert walked.counts["discovery/closed"] == 1
    assert "discovery/lost" not in walked.counts and "discovery/failed" not in walked.counts
    assert walked.desk.troubles == [f"{closed}: closed by robots.txt and left out"]
    assert set(others) <= set(walked.asked)


def test_every_trouble_of_discovery_is_explained() -> None:
    told = (Path(__file__).parents[2] / "docs" / "hostile-web.md").read_text(encoding="utf-8")
    assert [name for name in Trouble if f"`discovery/{name}`" not in told] == []
