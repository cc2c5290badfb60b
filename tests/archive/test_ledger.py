"""The ledger decides what to fetch: everything once, and again only for a reason."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from archive import ledger as ledger_module
from archive.article import Rejection
from archive.clock import VIETNAM
from archive.database import Sessions, open_engine, reading, session_factory, upgrade
from archive.ledger import GIVE_UP, MAX_TITLES, Decision, Found, Ledger, next_look
from archive.models import ArticleUrl, StoredArticle, UrlKind
from archive.query import find_article
from archive.sites import SiteRecord, register_site
from archive.store import Store
from tests.archive.helpers import START, HandClock, Site, at, found, page

OLD = at("2020-11-03")


def decisions(site: Site, *listed: Found) -> list[Decision]:
    return [decision for _, decision in site.ledger.see(listed)]


def waiting(site: Site, **options: object) -> list[tuple[str, Decision]]:
    return [(one.key, decision) for one, decision in site.ledger.pending(**options)]  # type: ignore[arg-type]


def test_new_then_pending_then_known(site: Site) -> None:
    assert decisions(site, found("1"), found("2")) == [Decision.NEW, Decision.NEW]
    # The run was interrupted before it fetched: the next one finds both, listed or not.
    assert waiting(site) == [("2", Decision.PENDING), ("1", Decision.PENDING)]
    assert decisions(site, found("1")) == [Decision.PENDING]
    site.save(page("1", published=OLD))
    assert decisions(site, found("1")) == [Decision.KNOWN]
    assert waiting(site) == [("2", Decision.PENDING)]
    assert site.ledger.counts() == {"fetched": 1, "found": 1}


def test_what_the_ledger_knows_comes_along_whichever_source_leads_to_the_fetch(site: Site) -> None:
    minute = at("2022-01-04", "08:30")
    told = found("1", title="Tựa", section="Kinh tế", listed=minute, modified=START - timedelta(hours=1))
    assert site.ledger.see([told]) == [(told, Decision.NEW)]
    # The run was killed; the next one meets the address on the front page first, which tells nothing of it.
    bare = Found(told.url, told.key, "https://baoquangninh.com.vn/")
    assert site.ledger.see([bare]) == [(told, Decision.PENDING)]
    newer = found("1", title="Tựa khác", listed=at("2022-01-04"))
    ((known, _),) = site.ledger.see([newer])
    assert (known.title, known.listed, known.modified) == ("Tựa khác", minute, told.modified)


def test_a_url_twice_on_a_page_is_fetched_once(site: Site) -> None:
    assert decisions(site, found("1"), found("1")) == [Decision.NEW, Decision.KNOWN]


def test_another_url_of_a_fetched_article_is_an_alias(site: Site, sessions: Sessions) -> None:
    site.ledger.see([found("1")])
    site.save(page("1", published=OLD))
    other = found("1", "https://baoquangninh.com.vn/kinh-te/bai-1", section="Kinh tế")
    assert decisions(site, other) == [Decision.KNOWN]
    assert decisions(site, other) == [Decision.KNOWN]
    assert waiting(site) == []
    with reading(sessions) as session:
        assert other.url in session.scalars(select(ArticleUrl.url)).all()
        (shown,) = find_article(session, other.url)
    assert shown.record.sections == ("Kinh tế",)


def test_two_urls_of_one_article_are_fetched_once(site: Site) -> None:
    first, second = found("1"), found("1", "https://baoquangninh.com.vn/khac/bai-1", section="Khác")
    assert decisions(site, first, second) == [Decision.NEW, Decision.KNOWN]
    assert waiting(site) == [("1", Decision.PENDING)]
    site.save(page("1", published=OLD))
    assert waiting(site) == []
    assert site.ledger.counts() == {"alias": 1, "fetched": 1}


def test_the_second_url_has_its_turn_when_the_first_is_gone(site: Site) -> None:
    first, second = found("1"), found("1", "https://baoquangninh.com.vn/khac/bai-1")
    site.ledger.see([first, second])
    site.ledger.gone(first.url, 404, "not found")
    assert [one.url for one, _ in site.ledger.pending()] == [second.url]


def test_a_moved_article_is_fetched_at_its_new_url(site: Site, sessions: Sessions) -> None:
    first, second = found("1"), found("1", "https://baoquangninh.com.vn/khac/bai-1")
    site.ledger.see([first])
    site.save(page("1", published=OLD))
    site.ledger.see([second])
    site.ledger.gone(first.url, 404, "not found")
    with reading(sessions) as session:
        assert session.scalars(select(StoredArticle.gone_at)).one() == START
    assert [one.url for one, _ in site.ledger.pending()] == [second.url]
    site.save(page("1", published=OLD, url=second.url))
    with reading(sessions) as session:
        assert session.scalars(select(StoredArticle.gone_at)).one() is None


def test_articles_without_a_key_are_no_siblings(site: Site) -> None:
    listed = [found("", f"https://baoquangninh.com.vn/{i}") for i in range(3)]
    assert decisions(site, *listed) == [Decision.NEW] * 3
    assert len(waiting(site)) == 3


def test_young_articles_are_looked_at_again(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    site.save(page("1", published=at("2022-01-05", "11:50")))
    assert decisions(site, found("1")) == [Decision.KNOWN]
    clock.advance(minutes=50)
    assert decisions(site, found("1")) == [Decision.DUE]
    assert waiting(site) == [("1", Decision.DUE)]
    site.save(page("1", published=at("2022-01-05", "11:50")))
    assert decisions(site, found("1")) == [Decision.KNOWN]


def test_the_looks_end_with_age() -> None:
    born = datetime(2022, 1, 5, 8, 0, tzinfo=VIETNAM)
    at_, looks = born, []
    while (look := next_look(born, at_)) is not None:
        looks.append(look - born)
        at_ = look
    assert looks == [
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(days=1),
        timedelta(days=3),
        timedelta(days=10),
    ]
    assert next_look(None, born) is None, "what has no date would make the whole archive young"


def test_a_listed_change_is_a_reason(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    site.save(page("1", published=OLD))
    clock.advance(hours=2)
    assert decisions(site, found("1", modified=START)) == [Decision.KNOWN]
    later = found("1", modified=START + timedelta(hours=1))
    assert decisions(site, later) == [Decision.MODIFIED]
    assert waiting(site) == [("1", Decision.MODIFIED)], "a run cut short comes back to it"
    site.save(page("1", published=OLD))
    assert decisions(site, later) == [Decision.KNOWN]
    assert decisions(site, found("1", modified=START + timedelta(days=300))) == [Decision.KNOWN]


def test_a_change_that_was_to_come_when_the_article_was_fetched_is_none_later(site: Site, clock: HandClock) -> None:
    ahead = found("1", modified=START + timedelta(hours=7))
    site.ledger.see([ahead])
    site.save(page("1", published=OLD))
    clock.advance(hours=24)
    assert decisions(site, ahead) == [Decision.KNOWN], "its time is local and called UTC"
    assert decisions(site, found("1", modified=START + timedelta(hours=8))) == [Decision.MODIFIED]


def test_a_listed_change_that_could_not_be_had_waits_for_its_turn(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1"), found("2")])
    site.save(page("1", published=OLD)), site.save(page("2", published=OLD))
    clock.advance(hours=2)
    change = START + timedelta(hours=1)
    listed = [found(key, modified=change) for key in "12"]
    assert decisions(site, *listed) == [Decision.MODIFIED] * 2
    site.ledger.failed(listed[0].url, "HTTP 500", soft=False)
    site.ledger.forbidden(listed[1].url, "closed by robots.txt")
    assert decisions(site, *listed) == [Decision.KNOWN] * 2
    clock.advance(hours=6)
    assert decisions(site, *listed) == [Decision.MODIFIED, Decision.KNOWN]
    newer = [found(key, modified=change + timedelta(hours=2)) for key in "12"]
    assert decisions(site, *newer) == [Decision.MODIFIED] * 2


def test_a_change_listed_under_an_alias_counts(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    site.save(page("1", published=OLD))
    clock.advance(hours=2)
    alias = found("1", "https://baoquangninh.com.vn/amp/bai-1", modified=START + timedelta(hours=1))
    assert decisions(site, alias) == [Decision.KNOWN]
    assert [(one.url, d) for one, d in site.ledger.pending()] == [(found("1").url, Decision.MODIFIED)]


def retitled(site: Site, *titles: str) -> list[Decision]:
    """What is decided on one kept article that is listed under these titles, and fetched whenever that is due."""
    out = []
    for title in titles:
        out += decisions(site, found("1", title=title))
        if out[-1] is not Decision.KNOWN:
            site.save(page("1", published=OLD, title="Khánh thành cầu “Bắc Luân”: 3 nhịp – 120 m"))
    return out


@pytest.mark.parametrize(
    "title",
    [
        "Khánh thành cầu “Bắc Luân”: 3 nhịp – 120 m",
        'KHÁNH THÀNH CẦU  "BẮC LUÂN": 3 NHỊP - 120 M',
        "Khánh thành cầu...",
        "Khánh thành cầu “Bắc…",
        "…",
        None,
    ],
)
def test_an_article_listed_under_its_own_title_is_left_alone(site: Site, title: str) -> None:
    assert retitled(site, "Tựa đầu", title) == [Decision.NEW, Decision.KNOWN]


@pytest.mark.parametrize("title", ["Khánh thành cầu", "Khánh thành cầu “Bắc Luân”: 4 nhịp – 120 m", "Thông xe cầu..."])
def test_an_article_listed_under_a_title_it_never_had_is_looked_at_once(site: Site, title: str) -> None:
    assert retitled(site, "Tựa đầu", title, title, "Tựa đầu") == [
        Decision.NEW,
        Decision.RETITLED,
        Decision.KNOWN,
        Decision.KNOWN,
    ]


def test_titles_under_which_an_article_was_listed_before_it_was_fetched_are_no_news(site: Site) -> None:
    assert decisions(site, found("1", title="Một"), found("2")) == [Decision.NEW, Decision.NEW]
    assert retitled(site, "Hai", "Một", "Hai", "Hai") == [Decision.PENDING, *[Decision.KNOWN] * 3]


def test_a_title_that_changes_each_night_costs_a_few_looks_and_no_more(site: Site) -> None:
    looks = retitled(site, *(f"Bài đọc {number} lần" for number in range(30)))
    assert Counter(looks) == {Decision.NEW: 1, Decision.RETITLED: MAX_TITLES, Decision.KNOWN: 29 - MAX_TITLES}


def test_a_new_title_under_an_alias_is_a_reason_for_the_article(site: Site) -> None:
    retitled(site, "Một")
    alias = found("1", "https://baoquangninh.com.vn/khac/bai-1", title="Hai")
    assert decisions(site, alias) == [Decision.KNOWN]
    assert [(one.url, d) for one, d in site.ledger.pending()] == [(found("1").url, Decision.RETITLED)]


def test_a_reason_outlives_a_crash_and_failures_and_ends_with_the_fetch(site: Site, clock: HandClock) -> None:
    retitled(site, "Một")
    assert decisions(site, found("1", title="Hai")) == [Decision.RETITLED]
    assert waiting(site) == [("1", Decision.RETITLED)]
    site.ledger.failed(found("1").url, "HTTP 500", soft=False)
    assert waiting(site) == []
    clock.advance(hours=6)
    assert waiting(site) == [("1", Decision.RETITLED)]
    site.save(page("1", published=OLD))
    assert waiting(site) == []
    site.ledger.failed(found("1").url, "HTTP 500", soft=False)
    clock.advance(hours=6)
    assert waiting(site) == [("1", Decision.DUE)]


def test_what_is_named_no_more_is_looked_at_once(site: Site, clock: HandClock) -> None:
    alias = found("3", "https://baoquangninh.com.vn/khac/bai-3")
    site.ledger.see([found(key) for key in "1234"])
    for key in "123":
        site.save(page(key, published=OLD))
    site.ledger.see([alias])
    site.ledger.gone(found("2").url, 404, "not found")
    urls = [found(key).url for key in "124"] + [alias.url, "https://baoquangninh.com.vn/bai-9"]
    site.ledger.missed(urls, {"https://baoquangninh.com.vn/chinh-tri/": UrlKind.LISTING}, Decision.VANISHED)
    assert sorted(waiting(site)) == [("1", Decision.VANISHED), ("3", Decision.VANISHED), ("4", Decision.PENDING)]
    assert site.ledger.stand("https://baoquangninh.com.vn/chinh-tri/").compared_at == clock.now()
    for key in "13":
        site.save(page(key, published=OLD))
    assert waiting(site) == [("4", Decision.PENDING)]


def test_second_looks_are_due_monthly_and_first_ones_spread_over_a_week(site: Site, clock: HandClock) -> None:
    sources = [f"https://baoquangninh.com.vn/muc-{number}/" for number in range(50)]
    for source in sources:
        site.ledger.walked(source, UrlKind.LISTING, date(2020, 1, 1))

    def due() -> int:
        return sum(site.ledger.stand(source).is_second_look_due(clock.now()) for source in sources)

    clock.advance(days=23, minutes=-1)
    counts = [due()]
    for _ in range(7):
        clock.advance(days=1)
        counts.append(due())
    assert counts[0] == 0 and counts[-1] == len(sources) and max(b - a for a, b in pairwise(counts)) < len(sources) / 2
    site.ledger.walked(sources[0], UrlKind.LISTING, date(2020, 1, 1))
    assert site.ledger.stand(sources[0]).is_second_look_due(clock.now()), "an ordinary walk is no second look"
    site.ledger.looked_twice(sources[0], UrlKind.LISTING)
    clock.advance(days=30, minutes=-1)
    assert not site.ledger.stand(sources[0]).is_second_look_due(clock.now())
    clock.advance(minutes=1)
    assert site.ledger.stand(sources[0]).is_second_look_due(clock.now())


def test_failures_wait_longer_and_end(site: Site, clock: HandClock) -> None:
    one = found("1")
    site.ledger.see([one])
    for failures in range(1, GIVE_UP):
        site.ledger.failed(one.url, "HTTP 500", soft=False)
        clock.advance(hours=6 * failures, minutes=-1)
        assert decisions(site, one) == [Decision.KNOWN]
        assert waiting(site) == []
        clock.advance(minutes=1)
        assert waiting(site) == [("1", Decision.PENDING)]
        assert decisions(site, one) == [Decision.PENDING]
    site.ledger.failed(one.url, "HTTP 500", soft=False)
    clock.advance(days=100)
    assert waiting(site) == []
    assert decisions(site, one) == [Decision.KNOWN]
    assert site.ledger.counts() == {"failed": 1}


def test_soft_failures_count_half(site: Site, clock: HandClock) -> None:
    one = found("1")
    site.ledger.see([one])
    for _ in range(2 * GIVE_UP - 1):
        site.ledger.failed(one.url, "timeout", soft=True)
    assert site.ledger.counts() == {"found": 1}
    site.ledger.failed(one.url, "timeout", soft=True)
    assert site.ledger.counts() == {"failed": 1}


def test_a_success_forgets_failures(site: Site, clock: HandClock) -> None:
    one = found("1")
    for _ in range(3):
        site.ledger.see([one])
        for _ in range(GIVE_UP - 1):
            site.ledger.failed(one.url, "HTTP 500", soft=False)
        site.save(page("1", published=OLD))
    assert site.ledger.counts() == {"fetched": 1}


def test_a_failing_look_leaves_the_kept_article(site: Site) -> None:
    site.save(page("1", published=OLD))
    for _ in range(GIVE_UP):
        site.ledger.failed(page("1").url, "HTTP 500", soft=False)
    assert site.ledger.counts() == {"fetched": 1}
    assert waiting(site) == []


def test_what_was_seen_before_a_walk_is_told_from_what_came_later(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    walk = clock.now()
    clock.advance(hours=1)
    site.ledger.see([found("2")])
    one, two = found("1").url, found("2").url
    assert site.ledger.seen_before([one], walk)
    assert not site.ledger.seen_before([one, two], walk)
    assert not site.ledger.seen_before([one, "http://baoquangninh.com.vn/never-seen/"], walk)


def test_more_addresses_than_a_statement_has_parameters_can_be_asked_about(site: Site, clock: HandClock) -> None:
    assert not site.ledger.seen_before([f"http://baoquangninh.com.vn/{n}/" for n in range(70_000)], clock.now())


def test_what_robots_txt_closed_is_asked_about_again_after_a_month(site: Site, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    site.ledger.forbidden(found("1").url, "robots.txt")
    assert waiting(site) == []
    clock.advance(days=31)
    assert waiting(site) == [("1", Decision.DUE)]


def test_gone_and_forbidden_are_left_alone(site: Site) -> None:
    site.ledger.see([found("1"), found("2")])
    site.ledger.gone(found("1").url, 410, "gone")
    site.ledger.forbidden(found("2").url, "robots.txt")
    assert waiting(site) == []
    assert decisions(site, found("1"), found("2")) == [Decision.KNOWN, Decision.KNOWN]


def test_a_rejected_page_is_left_alone_once_old(site: Site, clock: HandClock) -> None:
    one = found("1", listed=OLD)
    site.ledger.see([one])
    site.save(Rejection("no-body", "nothing there"), url=one.url)
    assert decisions(site, one) == [Decision.KNOWN]
    clock.advance(days=1)
    assert decisions(site, one) == [Decision.KNOWN]
    assert site.ledger.counts() == {"rejected": 1}


def test_pending_is_newest_first_and_undated_last(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "_PAGE", 2)
    days = {"a": "2022-01-02", "b": None, "c": "2022-01-04", "d": "2022-01-03", "e": "2022-01-04", "f": None}
    site.ledger.see([found(key, listed=at(day) if day else None) for key, day in days.items()])
    assert [key for key, _ in waiting(site)] == ["e", "c", "d", "a", "f", "b"]
    span = {"start": date(2022, 1, 3), "end": date(2022, 1, 3)}
    assert [key for key, _ in waiting(site, **span)] == ["d", "f", "b"]


def test_pending_may_be_worked_off_while_it_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "_PAGE", 3)
    keys = [str(number) for number in range(10)]
    site.ledger.see([found(key, listed=OLD) for key in keys])
    done = []
    for one, _ in site.ledger.pending():
        site.save(page(one.key, published=OLD))
        done.append(one.key)
    assert sorted(done) == keys


def test_pending_gives_back_what_was_found(site: Site) -> None:
    one = found("1", section="Chính trị", title="Bài", listed=at("2022-01-03", "07:00"), modified=START)
    site.ledger.see([one])
    assert [back for back, _ in site.ledger.pending()] == [one]


def test_a_listing_does_not_make_a_date_vaguer(site: Site) -> None:
    exact = at("2022-01-03", "07:00")
    site.ledger.see([found("1", listed=exact)])
    site.ledger.see([found("1", listed=at("2022-01-03"))])
    assert [one.listed for one, _ in site.ledger.pending()] == [exact]
    site.ledger.see([found("1", listed=at("2022-01-04"))])
    assert [one.listed for one, _ in site.ledger.pending()] == [at("2022-01-04")]


def test_walks(site: Site, clock: HandClock) -> None:
    listing = "https://baoquangninh.com.vn/chinh-tri/"
    assert site.ledger.last_walk(listing) is None
    site.ledger.walked(listing, UrlKind.LISTING, date(2020, 1, 1))
    first = clock.now()
    assert site.ledger.last_walk(listing) == (first, date(2020, 1, 1))
    clock.advance(days=30)
    site.ledger.walked(listing, UrlKind.LISTING, date(2022, 2, 1))
    assert site.ledger.last_walk(listing) == (clock.now(), date(2022, 2, 1)), "who walked says what is whole"
    assert waiting(site) == [], "a listing is no article"
    assert site.ledger.counts() == {}


def test_no_question_about_one_article_looks_through_every_url_of_its_site(tmp_path: Path, clock: HandClock) -> None:
    """On SQLite, which has no statistics: there a crawl of 20,000 articles took half of its time for that."""
    engine = open_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    upgrade(engine)
    sessions = session_factory(engine)
    with sessions.begin() as session:
        record = SiteRecord("bao_quang_ninh", "Báo Quảng Ninh", "dataimages", ("baoquangninh.com.vn",), "quang-ninh")
        site_id = register_site(session, record, clock)
    site = Site("bao_quang_ninh", site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)
    asked: list[tuple[str, Any]] = []
    event.listen(
        engine, "before_cursor_execute", lambda _, __, statement, given, *___: asked.append((statement, given))
    )
    site.ledger.see([found("1"), found("2")])
    site.save(page("1"))
    site.save(page("1", "Đã sửa."))
    site.ledger.gone(page("2").url, 404, "not found")
    site.ledger.failed(page("1").url, "HTTP 503", soft=True)
    plans = []
    with engine.connect() as connection:
        for statement, given in asked:
            if statement.lower().startswith("select"):
                plan = connection.exec_driver_sql(f"explain query plan {statement}", given)
                plans += [(row[-1], statement) for row in plan if "url" in row[-1].split()]
    assert len(plans) >= 8
    assert [one for one in plans if one[0].startswith("SCAN") or "(site_id=? AND kind=?)" in one[0]] == []


def test_what_was_never_had_and_is_not_there_is_tried_again_like_any_failure(site: Site, clock: HandClock) -> None:
    one, asked = found("1"), 0
    site.ledger.see([one])
    for _ in range(40):
        if decisions(site, one) != [Decision.KNOWN]:
            assert site.ledger.gone(one.url, 404, "HTTP 404") is False
            asked += 1
        assert decisions(site, one) == [Decision.KNOWN]
        clock.advance(days=1)
    assert asked == GIVE_UP and site.ledger.counts() == {"gone": 1}


def test_what_is_gone_and_still_listed_is_looked_at_again(site: Site, clock: HandClock) -> None:
    one = found("1")
    site.save(page("1", published=OLD))
    site.ledger.gone(one.url, 404, "HTTP 404")
    clock.advance(hours=5)
    assert decisions(site, one) == [Decision.KNOWN]
    clock.advance(days=1)
    assert list(site.ledger.pending()) == []
    assert decisions(site, one) == [Decision.DUE]
