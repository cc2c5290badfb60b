"""Sites over time: checks, disabled ones, other ids, other hosts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from archive.captures import CaptureLocked, CaptureWriter
from archive.database import Sessions, reading
from archive.export.selection import ExportError, Selection
from archive.history import history
from archive.ledger import GIVE_UP, Decision
from archive.models import ArticleUrl, SiteHost, StoredArticle
from archive.models import Site as SiteRow
from archive.query import ArticleName, find_article, taken_down
from archive.records import records
from archive.renaming import renaming
from archive.settings import Settings
from archive.sites import (
    SiteCheck,
    SiteRecord,
    disable,
    disabled,
    enable,
    last_checks,
    note_check,
    present_id,
    register_site,
    rename_site,
)
from archive.store import Outcome
from archive.takedown import exclude, known_article
from tests.archive.helpers import START, HandClock, Site, found, page

MakeSite = Callable[..., Site]
OLD_HOST, NEW_HOST = "baoquangninh.com.vn", "baoquangninh.vn"


def declare(sessions: Sessions, clock: HandClock, *hosts: str) -> None:
    with sessions.begin() as session:
        register_site(session, SiteRecord("bao_quang_ninh", "Báo Quảng Ninh", "f", hosts, "quang-ninh"), clock)


def hosts_of(sessions: Sessions) -> list[tuple[str, date | None, date | None]]:
    with reading(sessions) as session:
        return [
            (row.host, row.valid_from, row.valid_until)
            for row in session.scalars(select(SiteHost).order_by(SiteHost.id))
        ]


def test_the_last_live_check_that_passed_counts(make_site: MakeSite, sessions: Sessions) -> None:
    first, second, third = make_site(), make_site("hong_linh", "ha-tinh"), make_site("x", "ha-nam")
    hour = timedelta(hours=1)
    checks = [
        (first, SiteCheck(first.name, START + 2 * hour, True, True, "23 of 24 pages")),
        (first, SiteCheck(first.name, START, True, True, "22 of 24 pages")),
        (first, SiteCheck(first.name, START + 3 * hour, True, False, "2 of 24 pages")),
        (first, SiteCheck(first.name, START + 4 * hour, False, True, "saved pages")),
        (second, SiteCheck(second.name, START, False, True, "saved pages")),
        (third, SiteCheck(third.name, START, True, False, "no page")),
    ]
    with sessions.begin() as session:
        for site, check in checks:
            note_check(session, site.id, check)
    with reading(sessions) as session:
        assert last_checks(session) == {first.name: checks[0][1]}


def test_a_site_is_disabled_for_a_reason_and_enabled(site: Site, sessions: Sessions, clock: HandClock) -> None:
    with pytest.raises(ValueError, match="say with --reason why"), sessions.begin() as session:
        disable(session, site.id, " ", clock)
    for reason in ("host is gone", " certificate expired "):
        with sessions.begin() as session:
            disable(session, site.id, reason, clock)
    with reading(sessions) as session:
        assert disabled(session) == {site.name: "certificate expired"}
    with sessions.begin() as session:
        assert enable(session, site.id)
        assert not enable(session, site.id)
        assert disabled(session) == {}


def test_a_renamed_site_keeps_all_that_is_its_own(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1", "Một."))
    assert site.save(page("1", "Một, đã sửa.")) is Outcome.REVISED
    site.save(page("2", "Hai."))
    exclude(sessions, clock, ArticleName(site.name, "2", "https://baoquangninh.com.vn/bai-2"), "asked for")
    with sessions.begin() as session:
        before = [row.id for row in session.scalars(select(StoredArticle))]
        assert rename_site(session, site.name, "quang_ninh_moi", clock)
    with reading(sessions) as session:
        assert [row.id for row in session.scalars(select(StoredArticle))] == before
        for name in (site.name, "quang_ninh_moi"):
            assert present_id(session, name) == "quang_ninh_moi"
            [shown] = find_article(session, f"{name}-1")
            assert (shown.record.id, len(shown.changes)) == ("quang_ninh_moi-1", 1)
            assert [one.id for one in taken_down(session, f"{name}-2")] == ["quang_ninh_moi-2"]
            assert known_article(session, f"{name}-1") == known_article(session, "quang_ninh_moi-1")
            assert len(list(records(session, Selection(sites=(name,)).conditions(session)))) == 1
        assert len(history(session, "quang_ninh_moi", "1")) == 1
    # The crawl of the renamed spider goes on where the other one ended.
    declared = SiteRecord("quang_ninh_moi", "Báo Quảng Ninh", "f", (OLD_HOST,), "quang-ninh")
    with sessions.begin() as session:
        assert register_site(session, declared, clock) == site.id
    assert site.ledger.see([found("1")])[0][1] is Decision.KNOWN


def test_a_former_id_is_nobody_elses(make_site: MakeSite, sessions: Sessions, clock: HandClock) -> None:
    site, other = make_site(), make_site("hong_linh", "ha-tinh")
    with sessions.begin() as session:
        rename_site(session, site.name, "moi", clock)
    record = SiteRecord(site.name, "Báo Quảng Ninh", "f", (OLD_HOST,), "quang-ninh")
    with pytest.raises(ValueError, match="this archive has renamed the site to moi"), sessions.begin() as session:
        register_site(session, record, clock)
    with pytest.raises(ValueError, match="'bao_quang_ninh' is a former id of 'moi'"), sessions.begin() as session:
        rename_site(session, other.name, site.name, clock)
    with pytest.raises(ValueError, match="there is a site 'moi' in the archive"), sessions.begin() as session:
        rename_site(session, other.name, "moi", clock)
    with pytest.raises(ValueError, match="site id 'Moi'"), sessions.begin() as session:
        rename_site(session, other.name, "Moi", clock)
    with sessions.begin() as session:
        assert not rename_site(session, "nowhere", "anything", clock)
        # And back: an id is never both.
        assert rename_site(session, "moi", site.name, clock)
        assert (present_id(session, site.name), present_id(session, "moi")) == (site.name, site.name)


def test_no_site_is_renamed_while_it_is_crawled(site: Site, sessions: Sessions, settings: Settings) -> None:
    for name in (site.name, "moi"):
        with (
            CaptureWriter(settings.captures, name, settings.clock, lambda file: 0),
            pytest.raises(CaptureLocked, match=f"{name}: process .* is crawling this site"),
            renaming(settings, sessions, site.name, "moi"),
        ):
            raise AssertionError("nothing may be renamed now")
    with pytest.raises(OSError, match="full"), renaming(settings, sessions, site.name, "moi"):
        raise OSError("full")
    with reading(sessions) as session:
        assert session.scalars(select(SiteRow.name)).all() == [site.name]
    with renaming(settings, sessions, site.name, "moi") as was_kept:
        assert was_kept
    with renaming(settings, sessions, "nowhere", "anything") as was_kept:
        assert not was_kept
    with reading(sessions) as session:
        assert session.scalars(select(SiteRow.name)).all() == ["moi"]


def test_a_site_that_moves_to_another_host_keeps_its_articles_and_their_history(
    sessions: Sessions, clock: HandClock, make_site: MakeSite
) -> None:
    declare(sessions, clock, OLD_HOST)
    site = make_site()
    first = found("1", f"https://{OLD_HOST}/bai-1")
    site.ledger.see([first])
    site.save(page("1", "Một."), first.url)
    site.save(page("1", "Một, đã sửa."), first.url)
    clock.advance(days=400)
    declare(sessions, clock, NEW_HOST, OLD_HOST)
    moved = found("1", f"https://{NEW_HOST}/bai-1")
    # Listed there it is no other article, and not fetched again for that.
    assert [decision for _, decision in site.ledger.see([moved, found("2", f"https://{NEW_HOST}/bai-2")])] == [
        Decision.KNOWN,
        Decision.NEW,
    ]
    clock.advance(days=1)
    assert site.save(page("1", "Một, sửa lần hai.", url=moved.url), moved.url) is Outcome.REVISED
    with reading(sessions) as session:
        assert session.scalars(select(StoredArticle.key)).all() == ["1"]
        assert set(session.scalars(select(ArticleUrl.url))) == {first.url, moved.url}
        for url in (first.url, moved.url):
            [shown] = find_article(session, url)
            assert (shown.record.id, [one.number for one in shown.changes]) == ("bao_quang_ninh-1", [1, 2])


def test_a_host_is_one_from_the_day_on_which_it_is_declared(sessions: Sessions, clock: HandClock) -> None:
    declare(sessions, clock, OLD_HOST)
    clock.advance(days=30)
    declare(sessions, clock, NEW_HOST, OLD_HOST)
    moved = (START + timedelta(days=30)).date()
    assert hosts_of(sessions) == [(OLD_HOST, None, None), (NEW_HOST, moved, None)]
    clock.advance(days=30)
    left = (START + timedelta(days=60)).date()
    for later in (0, 30):
        clock.advance(days=later)
        declare(sessions, clock, NEW_HOST)
        assert hosts_of(sessions) == [(OLD_HOST, None, left), (NEW_HOST, moved, None)]
    declare(sessions, clock, NEW_HOST, OLD_HOST)
    assert hosts_of(sessions) == [(OLD_HOST, None, None), (NEW_HOST, moved, None)]


def test_an_article_whose_old_host_is_dead_is_looked_for_at_the_new_one(site: Site, clock: HandClock) -> None:
    first, moved = found("1", f"https://{OLD_HOST}/bai-1"), found("1", f"https://{NEW_HOST}/bai-1")
    site.ledger.see([first])
    site.save(page("1"), first.url)
    site.ledger.see([moved])
    for _ in range(GIVE_UP):
        site.ledger.failed(first.url, "no such host", soft=False)
        clock.advance(days=8)
    assert site.ledger.counts() == {"failed": 1, "found": 1}
    # Listed again or not.
    assert site.ledger.see([moved])[0][1] is Decision.PENDING
    assert [one.url for one, _ in site.ledger.pending()] == [moved.url]
    assert site.save(page("1", url=moved.url), moved.url) is Outcome.UNCHANGED
    assert site.ledger.see([moved])[0][1] is Decision.KNOWN
    assert site.ledger.see([first])[0][1] is Decision.KNOWN
    assert list(site.ledger.pending()) == []


@pytest.mark.parametrize("changed", [False, True])
def test_an_article_given_up_before_its_new_address_is_met_is_looked_for_there(
    changed: bool, site: Site, clock: HandClock
) -> None:
    first = found("1", f"https://{OLD_HOST}/bai-1")
    site.ledger.see([first])
    site.save(page("1"), first.url)
    for _ in range(GIVE_UP):
        site.ledger.failed(first.url, "no such host", soft=False)
        clock.advance(days=8)
    modified = clock.now() - timedelta(hours=1) if changed else None
    moved = replace(found("1", f"https://{NEW_HOST}/bai-1"), modified=modified)
    assert site.ledger.see([moved])[0][1] is Decision.NEW
    assert site.ledger.counts() == {"failed": 1, "found": 1}
    assert [one.url for one, _ in site.ledger.pending()] == [moved.url]
    assert site.save(page("1", url=moved.url), moved.url) is Outcome.UNCHANGED
    assert [decision for _, decision in site.ledger.see([moved, first])] == [Decision.KNOWN, Decision.KNOWN]
    assert list(site.ledger.pending()) == []


def test_an_article_that_stands_at_one_address_only_stays_fetched_when_that_fails(site: Site) -> None:
    site.save(page("1"))
    for _ in range(GIVE_UP):
        site.ledger.failed(page("1").url, "no such host", soft=False)
    assert site.ledger.counts() == {"fetched": 1}


def test_sites_are_selected_by_any_name_of_their_province(make_site: MakeSite, sessions: Sessions) -> None:
    for name, province in (("hoa_binh", "hoa-binh"), ("phu_tho", "phu-tho"), ("hue", "thua-thien-hue")):
        make_site(name, province)
    every = Selection(provinces=("Phú Thọ",))
    with reading(sessions) as session:
        assert Selection().selected_sites(session) is None
        assert every.selected_sites(session) == frozenset({"hoa_binh", "phu_tho"})
        for spelling in ("Hoà Bình", "Hòa Bình", "tỉnh HOÀ BÌNH", "hoa-binh", "63:17"):
            assert Selection(provinces=(spelling,)).selected_sites(session) == frozenset({"hoa_binh"})
        for spelling in ("Thừa Thiên Huế", "TP. Huế", "hue", "34:46", "63:46"):
            assert Selection(provinces=(spelling,)).selected_sites(session) == frozenset({"hue"})
        assert Selection(provinces=("Cà Mau",)).selected_sites(session) == frozenset()
        with pytest.raises(ExportError, match="a code needs its era; 63:17"):
            Selection(provinces=("17",)).selected_sites(session)
