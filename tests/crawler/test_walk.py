"""Walking listings: what a partial look leaves out, a later crawl finds. Scripted pages, a real ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archive.article import Dated, Precision
from archive.clock import VIETNAM, Clock
from archive.database import open_engine, session_factory, upgrade
from archive.ledger import Found, Ledger
from archive.models import UrlKind
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from crawler.discovery.entry import Entry
from crawler.families.walking import SECOND_LOOK_PAGES
from crawler.middlewares import OverlongAddress
from crawler.sites import find_site

SOURCE = "http://baoquangninh.com.vn/chinh-tri/"
PAGE = 10
A_DAY = 4
FIRST_NIGHT, LATER = datetime(2022, 3, 1, 1, tzinfo=VIETNAM), datetime(2022, 3, 15, 1, tzinfo=VIETNAM)


class WalkClock(Clock):
    at = FIRST_NIGHT

    def now(self) -> datetime:
        return self.at


class Desk:
    """A listing of four articles a day since 2022-01-01, and the spider that walks it."""

    def __init__(self, folder: Path) -> None:
        settings = Settings.from_environment({"BAOTINH_DATA": str(folder)})
        engine = open_engine(settings.database_url)
        upgrade(engine)
        self.sessions = session_factory(engine)
        self.clock = WalkClock()
        record = SiteRecord("bao_quang_ninh", "Báo Quảng Ninh", "dataimages", ("baoquangninh.com.vn",), "quang-ninh")
        with self.sessions.begin() as session:
            self.site_id = register_site(session, record, self.clock)
        self.ledger = Ledger(self.sessions, self.site_id, self.clock)
        self.troubles: list[str] = []
        self.page = PAGE
        self.tops: list[tuple[datetime, list[str]]] = []
        self.failures: dict[int, float] = {}

    async def ask(self, call: Callable[[], Any]) -> Any:
        return call()

    def entries(self) -> list[Entry]:
        out = []
        day = self.clock.at.date() - timedelta(days=1)
        while day >= date(2022, 1, 1):
            for number in range(A_DAY):
                key = 1_000_000 + (day - date(2022, 1, 1)).days * 10 + number
                instant = datetime(day.year, day.month, day.day, 20 - number, tzinfo=VIETNAM)
                url = f"http://baoquangninh.com.vn/chinh-tri/{day:%Y%m}/bai-{key}/"
                out.append(Entry(url, "Bài", Dated(instant, Precision.MINUTE, "", "listing")))
            day -= timedelta(days=1)
        return out

    def walk(
        self,
        arguments: dict[str, str] | None = None,
        stop_after: int | None = None,
        broken: set[int] | None = None,
        empty: set[int] | None = None,
        *,
        stands_in: bool = False,
    ) -> tuple[int, int]:
        """Walk the listing; give how many articles were wanted and how many pages were read."""
        counted: dict[str, int] = {}
        stats = SimpleNamespace(inc_value=lambda key, number=1: counted.__setitem__(key, counted.get(key, 0) + number))
        spider = find_site("bao_quang_ninh")(**(arguments or {}))
        spider.crawler = SimpleNamespace(stats=stats)  # type: ignore[assignment]
        type(spider).desk = property(lambda _: self)  # type: ignore[assignment,method-assign]
        spider.stands_in = stands_in
        pages: list[int] = []

        async def page_of(number: int) -> list[Entry] | None:
            pages.append(number)
            if number in (broken or ()):
                self.failures[number] = self.failures.get(number, 0) + 0.5
                return None
            self.failures.pop(number, None)
            if number in (empty or ()):
                return []
            entries = self.entries()[(number - 1) * self.page : number * self.page]
            if number == 1:
                self.tops.append((self.clock.at, [entry.url for entry in entries]))
            return entries

        async def top_at(instant: datetime) -> list[str]:
            return next((top for at, top in reversed(self.tops) if at <= instant), [])

        async def failures_of(number: int) -> float:
            return self.failures.get(number, 0)

        async def run() -> int:
            wanted = 0
            walking: AsyncIterator[Any] = spider.walk(SOURCE, UrlKind.LISTING, None, page_of, top_at, failures_of)
            async for considered in walking:
                wanted += len(considered.wanted)
                if stop_after is not None and len(pages) >= stop_after:
                    break
            return wanted

        wanted = asyncio.run(run())
        self.counted = counted
        return wanted, len(set(pages))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    kind = find_site("bao_quang_ninh")
    monkeypatch.setattr(kind, "desk", kind.desk, raising=False)
    return Desk(tmp_path)


def test_a_link_too_long_to_be_kept_is_named_and_costs_the_others_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary, more = desk.entries(), "bài-" * 400
    address = "http://baoquangninh.com.vn/chinh-tri/202201/"
    odd = [
        Entry(f"{address}{'a' * 2083}-2000001/"),
        # So long only as it is asked for: each letter is two bytes, each byte three characters.
        Entry(f"{address}{'đ' * 400}-2000002/"),
        Entry(f"{address}bai-2000003/", key="9" * 2084),
        Entry(f"http://foreign.example/{more}"),
        Entry(f"{address}{more}\ud800"),
    ]
    monkeypatch.setattr(desk, "entries", lambda: [*odd[:3], *ordinary[:5], *odd[3:], *ordinary[5:]])
    desk.walk()
    assert known(desk) == len(ordinary)
    named = [one for one in desk.troubles if "has more than 2083 bytes and is not followed" in one]
    assert all(one.startswith(f"{SOURCE}: {address}") and len(one) < 250 for one in named)
    # One trouble a page, however many of its links are so.
    assert len(named) == 1 and named[0].endswith(", nor are 3 others of its addresses")
    assert desk.counted["discovery/failed"] == len(desk.troubles) == 1


def test_an_article_that_leads_to_an_address_too_long_is_tried_again_later(desk: Desk) -> None:
    url = "http://baoquangninh.com.vn/chinh-tri/202201/bai-2000001/"
    desk.ledger.see([found := Found(url, "2000001", SOURCE)])
    spider = find_site("bao_quang_ninh")()
    spider.crawler = SimpleNamespace(stats=SimpleNamespace(inc_value=lambda key: None))  # type: ignore[assignment]
    type(spider).desk = property(lambda _: desk)  # type: ignore[assignment,method-assign]
    failure: Any = SimpleNamespace(
        request=SimpleNamespace(cb_kwargs={"found": found}), value=OverlongAddress("it has more than 2083 bytes")
    )
    asyncio.run(spider.article_failed(failure))
    assert (desk.ledger.counts(), desk.troubles) == ({"found": 1}, [f"{url}: it has more than 2083 bytes"])


def test_a_long_query_makes_no_address_too_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://baoquangninh.com.vn/chinh-tri/202201/bai-2000001/"
    monkeypatch.setattr(desk, "entries", lambda: [Entry(f"{url}?fbclid={'x' * 3000}")])
    desk.walk()
    assert (known(desk), desk.troubles) == (1, [])


def test_fetching_an_address_too_long_to_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^http://bao\S+\.\.\. cannot be fetched: it has more than 2083 bytes$"):
        find_site("bao_quang_ninh")(url=f"http://baoquangninh.com.vn/chinh-tri/202201/{'a' * 2083}-2000001/")


def known(desk: Desk) -> int:
    return sum(desk.ledger.counts().values())


@pytest.mark.parametrize(
    "partial",
    [
        lambda desk: desk.walk(stop_after=1),
        lambda desk: desk.walk(broken={2}),
        lambda desk: desk.walk({"start": "2022-03-12"}),
        lambda desk: desk.walk({"start": "2022-03-06", "end": "2022-03-14"}),
        lambda desk: None,
    ],
    ids=["killed after page 1", "page 2 failed", "short range", "range in between", "nothing before"],
)
def test_after_a_partial_look_a_full_walk_misses_nothing(desk: Desk, partial: Callable[[Desk], Any]) -> None:
    desk.walk()
    assert known(desk) == len(desk.entries())
    desk.clock.at = LATER
    partial(desk)
    desk.clock.at += timedelta(days=0, hours=1)
    desk.walk()
    assert known(desk) == len(desk.entries())


def test_a_walk_stops_where_an_earlier_one_had_gone_on(desk: Desk) -> None:
    desk.walk()
    desk.clock.at = LATER
    _, pages = desk.walk()
    # Fourteen days of four articles are new: five pages of ten, and one with six.
    assert pages == 6


def test_articles_that_another_section_listed_first_do_not_end_a_walk(desk: Desk) -> None:
    desk.walk()
    desk.clock.at = LATER
    spider_page = desk.entries()[:PAGE]
    desk.ledger.see([found_of(entry) for entry in spider_page])
    desk.walk()
    assert known(desk) == len(desk.entries())


def found_of(entry: Entry) -> Any:
    from archive.ledger import Found

    return Found(entry.url, entry.url[-8:-1], "front page", listed=entry.published)


def test_an_empty_first_page_is_a_trouble_and_ends_nothing(desk: Desk) -> None:
    desk.walk(empty={1})
    assert desk.counted["discovery/lost"] == 1 and desk.ledger.last_walk(SOURCE) is None
    assert any("lists nothing" in trouble for trouble in desk.troubles)


def test_a_pager_without_end_is_walked_whole_twice_and_then_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = desk.entries
    calendar = [Entry(f"http://baoquangninh.com.vn/lich/{n}/") for n in range(1_000)]
    monkeypatch.setattr(desk, "entries", lambda: [*listed(), *calendar])
    desk.walk()
    assert desk.counted["discovery/endless"] == 1 and desk.ledger.last_walk(SOURCE) is None
    desk.clock.at = LATER
    _, pages = desk.walk()
    assert pages > len(listed()) / PAGE and desk.ledger.last_walk(SOURCE) is not None
    desk.clock.at += timedelta(days=1)
    _, pages = desk.walk()
    assert pages == 1 and known(desk) == len(listed())


def test_a_listing_of_too_many_pages_counts_as_no_walk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.families.walking.MAX_LISTING_PAGES", 3)
    desk.walk()
    assert desk.counted["discovery/too-many"] == 1 and desk.ledger.last_walk(SOURCE) is None


def test_a_page_that_failed_to_fill_once_is_asked_for_again(desk: Desk) -> None:
    fails = {3}

    class Once(set[int]):
        def __contains__(self, number: object) -> bool:
            if number in fails:
                fails.discard(3)
                return True
            return False

    desk.walk(empty=Once())
    assert known(desk) == len(desk.entries())


def mixed(news: int) -> list[Entry]:
    """A listing of so many new articles and below them a hundred old ones."""
    fresh = [Entry(f"http://baoquangninh.com.vn/chinh-tri/202203/bai-{3_000_000 + n}/") for n in range(news)]
    return fresh + [Entry(f"http://baoquangninh.com.vn/chinh-tri/202201/bai-{1_000_000 + n}/") for n in range(100)]


def walks_of(desk: Desk, monkeypatch: pytest.MonkeyPatch, news: int) -> int:
    """How many pages are walked when so many articles are new on top of what was walked before."""
    monkeypatch.setattr(desk, "entries", lambda: mixed(0))
    desk.walk()
    desk.clock.at = LATER
    monkeypatch.setattr(desk, "entries", lambda: mixed(news))
    return desk.walk()[1]


@pytest.mark.parametrize(("news", "pages"), [(0, 1), (1, 1), (9, 1), (10, 2), (19, 2), (20, 3)])
def test_a_walk_ends_where_what_was_on_top_stands_below_the_last_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, news: int, pages: int
) -> None:
    assert walks_of(desk, monkeypatch, news) == pages


@pytest.mark.parametrize(("size", "news", "pages"), [(4, 3, 1), (4, 4, 2), (2, 0, 1), (2, 1, 1), (2, 2, 2)])
def test_so_it_does_on_short_pages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, size: int, news: int, pages: int
) -> None:
    desk.page = size
    assert walks_of(desk, monkeypatch, news) == pages


@pytest.mark.parametrize(("news", "pages"), [(0, 1), (1, 2), (9, 2)])
def test_where_the_earlier_page_cannot_be_read_a_page_has_to_be_known_throughout(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, news: int, pages: int
) -> None:
    monkeypatch.setattr(type(desk), "tops", property(lambda _: [], lambda *_: None), raising=False)
    assert walks_of(desk, monkeypatch, news) == pages


@pytest.mark.parametrize(("gone", "pages"), [(1, 1), (2, 1), (3, 2)])
def test_what_was_taken_away_from_the_top_costs_a_page_at_most(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, gone: int, pages: int
) -> None:
    monkeypatch.setattr(desk, "entries", lambda: mixed(0))
    desk.walk()
    desk.clock.at = LATER
    monkeypatch.setattr(desk, "entries", lambda: [*mixed(4)[:4], *mixed(0)[gone:]])
    assert desk.walk()[1] == pages


@pytest.mark.parametrize(
    "place",
    [
        lambda own, old: own + old,
        lambda own, old: own[:5] + old + own[5:],
        lambda own, old: own[:2] + old + own[2:],
        lambda own, old: old + own,
        lambda own, old: old[:2] + own + old[2:],
    ],
    ids=["at the foot", "in the middle", "high up", "pinned on top", "on top and at the foot"],
)
@pytest.mark.parametrize("box", [3, 10, 20])
def test_a_box_of_old_articles_on_each_page_hides_no_new_ones(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: Callable[[list[Entry], list[Entry]], list[Entry]], box: int
) -> None:
    listed, most_read = desk.entries, [replace(entry, published=None) for entry in desk.entries()[-box:]]

    def boxed() -> list[Entry]:
        own = listed()
        pages = (own[start : start + PAGE] for start in range(0, len(own), PAGE))
        return [entry for page in pages for entry in place(page, most_read)]

    monkeypatch.setattr(desk, "entries", boxed)
    desk.page = PAGE + box
    desk.walk()
    for days in (14, 1, 5, 1):
        desk.clock.at += timedelta(days=days)
        pages = desk.walk()[1]
        assert known(desk) == len(listed())
        # Four articles a day; where as many are new as stand above a box one page more is looked at.
        assert pages <= days * A_DAY // PAGE + 2 and (days > 1 or pages == 1)


def test_a_walk_that_was_cut_short_is_not_joined_by_a_box_of_old_articles(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, most_read = desk.entries, desk.entries()[-10:]

    def boxed() -> list[Entry]:
        own = listed()
        pages = (own[start : start + PAGE] for start in range(0, len(own), PAGE))
        return [entry for page in pages for entry in page + most_read]

    monkeypatch.setattr(desk, "entries", boxed)
    desk.page = 2 * PAGE
    desk.walk(stop_after=8)
    desk.clock.at += timedelta(days=14)
    desk.walk(stop_after=12)
    desk.clock.at += timedelta(days=1)
    desk.walk()
    assert known(desk) == len(listed()) and desk.ledger.last_walk(SOURCE) is not None


def test_where_boxes_may_stand_below_the_list_all_of_a_page_has_to_be_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_site("bao_quang_ninh"), "newest_first", False)
    monkeypatch.setattr(desk, "entries", lambda: mixed(0))
    desk.walk()
    desk.clock.at = LATER
    monkeypatch.setattr(desk, "entries", lambda: mixed(1))
    assert desk.walk()[1] == 2


def late(desk: Desk, monkeypatch: pytest.MonkeyPatch, days_ago: int) -> Entry:
    """From now on the listing also has an article that was published so many days ago, and late."""
    listed, at = desk.entries, desk.clock.at - timedelta(days=days_ago)
    url = "http://baoquangninh.com.vn/chinh-tri/202203/bai-5000000/"
    new = Entry(url, "Bài", Dated(at, Precision.MINUTE, "", "listing"))

    def when(entry: Entry) -> datetime:
        assert entry.published
        return entry.published.instant

    monkeypatch.setattr(desk, "entries", lambda: sorted([*listed(), new], key=when, reverse=True))
    return new


def test_what_is_published_late_is_found_by_the_second_look_and_then_nights_are_short_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.walk()
    desk.clock.at += timedelta(days=10)
    desk.walk()
    late(desk, monkeypatch, 5)
    desk.clock.at += timedelta(days=1)
    assert desk.walk()[1] == 1 and known(desk) == len(desk.entries()) - 1, "not in an ordinary night"
    desk.clock.at += timedelta(days=10)
    desk.walk()
    pages = []
    for _ in range(12):
        desk.clock.at += timedelta(days=1)
        pages.append(desk.walk()[1])
    # 31 days of four articles on pages of ten, and the page that is wholly older.
    assert sorted(pages)[-2:] == [1, 14], "one second look in a month"
    assert known(desk) == len(desk.entries())


def test_a_second_look_of_a_listing_without_dates_ends_after_a_few_pages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = desk.entries
    monkeypatch.setattr(desk, "entries", lambda: [replace(entry, published=None) for entry in listed()])
    desk.walk()
    desk.clock.at += timedelta(days=21)
    desk.walk()
    pages = []
    for _ in range(12):
        desk.clock.at += timedelta(days=1)
        pages.append(desk.walk()[1])
    assert sorted(pages)[-2:] == [1, SECOND_LOOK_PAGES]


def test_a_walk_that_is_cut_short_each_night_comes_to_the_end_without_going_over_it_again(desk: Desk) -> None:
    desk.clock.at = LATER
    a_night, nights, asked = 8, 0, 0
    while desk.ledger.last_walk(SOURCE) is None and nights < 20:
        pages = desk.walk(stop_after=a_night)[1]
        asked, nights = asked + pages, nights + 1
        desk.clock.at += timedelta(days=1)
    desk.clock.at -= timedelta(days=1)
    whole = -(-len(desk.entries()) // PAGE)
    assert known(desk) == len(desk.entries())
    # A night asks again for the page on top and the one where it stopped, which new articles have pushed down by half.
    assert asked <= whole + 3 * nights and nights <= -(-whole // (a_night - 3))


@pytest.mark.parametrize("gone", [5, 15, 35, 200])
def test_a_walk_is_taken_up_further_above_where_the_listing_became_shorter(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, gone: int
) -> None:
    desk.clock.at = LATER
    desk.walk(stop_after=12)
    listed = desk.entries
    # Those of the pages that were walked, but for the one on top.
    monkeypatch.setattr(desk, "entries", lambda: [*listed()[:20], *listed()[20 + gone :]])
    desk.clock.at += timedelta(hours=2)
    desk.walk()
    missing = {entry.url for entry in desk.entries() if desk.ledger.known(entry.url) is None}
    assert missing == set() and desk.ledger.last_walk(SOURCE) is not None


def test_a_walk_that_died_on_its_second_night_leaves_no_gap(desk: Desk) -> None:
    desk.clock.at = LATER
    desk.walk(stop_after=8)
    desk.clock.at += timedelta(days=20)
    desk.walk(stop_after=3)
    desk.clock.at += timedelta(hours=2)
    desk.walk()
    assert known(desk) == len(desk.entries())


def test_at_a_clock_that_stands_still_a_walk_is_taken_up_all_the_same(desk: Desk) -> None:
    desk.clock.at = LATER
    desk.walk(stop_after=8)
    assert desk.walk()[1] < -(-len(desk.entries()) // PAGE) - 3
    assert known(desk) == len(desk.entries())


def test_a_second_look_is_not_ended_by_an_old_article_at_the_foot_of_a_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, old = desk.entries, desk.entries()[-1:]

    def boxed() -> list[Entry]:
        own = listed()
        pages = (own[start : start + PAGE] for start in range(0, len(own), PAGE))
        return [entry for page in pages for entry in page + old]

    monkeypatch.setattr(desk, "entries", boxed)
    desk.page = PAGE + 1
    desk.walk()
    desk.clock.at += timedelta(days=25)
    desk.walk()
    desk.clock.at += timedelta(days=6)
    assert desk.walk()[1] == 14


@pytest.mark.parametrize("page", [2, 12])
def test_a_page_that_fails_night_after_night_is_stepped_over_and_named(desk: Desk, page: int) -> None:
    for nights in range(1, 4):
        desk.walk(broken={page})
        assert (desk.ledger.last_walk(SOURCE) is not None) == (nights == 3)
        desk.clock.at += timedelta(hours=7)
    assert known(desk) == len(desk.entries()) - PAGE
    assert [one for one in desk.troubles if f"page {page} fails night after night" in one]


def test_where_no_page_comes_from_one_on_the_walk_comes_to_its_end(desk: Desk) -> None:
    nights = 0
    while desk.ledger.last_walk(SOURCE) is None:
        desk.walk(broken=set(range(10, 100)))
        desk.clock.at += timedelta(hours=8)
        nights += 1
    assert nights == 5 and "from page 10 on no page comes" in desk.troubles[-1]


@pytest.mark.parametrize(("known_before", "pages"), [(True, 1), (False, 13)])
def test_a_listing_that_stands_in_for_a_night_is_not_walked_whole(desk: Desk, known_before: bool, pages: int) -> None:
    desk.clock.at = LATER
    if known_before:
        desk.ledger.see([found_of(entry) for entry in desk.entries()])
        desk.clock.at += timedelta(hours=2)
    # A month of four articles a day on pages of ten, and the page that is wholly older.
    assert abs(desk.walk(stands_in=True)[1] - pages) <= 1
    assert desk.ledger.last_walk(SOURCE) is None


def test_a_range_by_hand_leaves_what_was_walked_before(desk: Desk) -> None:
    desk.walk()
    desk.clock.at = LATER
    before = desk.ledger.stand(SOURCE)
    desk.walk({"start": "2022-03-13"})
    assert desk.ledger.stand(SOURCE) == before, "there are days between the two"
    desk.walk({"start": "2022-02-25"})
    after = desk.ledger.stand(SOURCE)
    assert (after.walked_at, after.down_to) == (LATER, before.down_to)
    desk.clock.at += timedelta(days=1)
    assert desk.walk()[1] == 1 and known(desk) == len(desk.entries())


def test_a_range_by_hand_leaves_a_longer_walk_to_be_taken_up(desk: Desk) -> None:
    desk.clock.at = LATER
    desk.walk(stop_after=15)
    assert desk.ledger.stand(SOURCE).resume_page
    before = desk.ledger.stand(SOURCE).resume_page
    for _ in range(2):
        desk.clock.at += timedelta(hours=2)
        desk.walk({"start": "2022-03-13"})
        assert desk.ledger.stand(SOURCE).resume_page == before
    desk.walk()
    assert known(desk) == len(desk.entries()) and desk.ledger.stand(SOURCE).resume_page is None


def spider_of(desk: Desk) -> Any:
    spider = find_site("bao_quang_ninh")()
    type(spider).desk = property(lambda _: desk)  # type: ignore[assignment,method-assign]
    return spider


def test_a_front_page_that_is_a_section_is_not_looked_at_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(spider_of(desk)._is_front_page_due())
    monkeypatch.setattr(find_site("bao_quang_ninh"), "sections", {"Tin": "/"})
    assert not asyncio.run(spider_of(desk)._is_front_page_due())


def test_a_way_stands_in_for_a_better_one_that_was_read_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_site("bao_quang_ninh"), "ways", ("sitemap", "listing"))
    sitemap = spider_of(desk).site_url("/sitemap.xml")
    assert not asyncio.run(spider_of(desk)._had_better("listing"))
    desk.ledger.walked(sitemap, UrlKind.SITEMAP, spider_of(desk).oldest)
    assert asyncio.run(spider_of(desk)._had_better("listing")) and not asyncio.run(
        spider_of(desk)._had_better("sitemap")
    )
