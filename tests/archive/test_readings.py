"""Readings of a newer version: one is current, our changes are not the publisher's, the way back is open."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from archive.article import WHOLE_PAGE, Article, ArticleKind, Rejection
from archive.database import Sessions, reading
from archive.digest import logical_digest
from archive.models import Capture, Exclusion, Extraction, Revision, StoredArticle, Url
from archive.query import find_article, rejects
from archive.readings import Change, Effect, Readings, Reread, Scope
from archive.records import records
from archive.revisions import go_back, last_edition, version_age, versions
from tests.archive.helpers import HandClock, Site, at, found, page

REFUSED = Rejection("no-body", "the page has no body")
Results = dict[str, Sequence[Article | Rejection]]
"""What the new version reads at each address, capture by capture."""


def again(site: Site, sessions: Sessions, results: Results, version: str = "2", **scope: Any) -> list[Change]:
    """Read what waits as `results` say, each list in the order of the captures."""
    readings = Readings(sessions, version, site.clock)
    left = {url: list(some) for url, some in results.items()}
    changes = []
    for due in readings.due(Scope(**scope)):
        rereads = [Reread(one, left[one.url].pop(0), one.found or found("?", one.url)) for one in due]
        would = readings.compare(site.id, rereads)
        changes += readings.save(site.id, rereads)
        assert changes[-len(would) :] == would
    return changes


def shown(sessions: Sessions, key: str = "1") -> Any:
    with reading(sessions) as session:
        (one,) = find_article(session, f"bao_quang_ninh-{key}")
    return one


def revisions(sessions: Sessions) -> list[tuple[int, tuple[str, ...]]]:
    return [(change.number, change.changed) for change in shown(sessions).changes]


def of_words(sessions: Sessions) -> dict[str, Any]:
    """What an archive says of its articles now."""
    with reading(sessions) as session:
        tables = logical_digest(session)
    return {name: tables[name] for name in ("article", "extraction", "revision", "article_url", "url")}


URL = page("1").url

on_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""For what is decided before SQL has a say."""


@on_sqlite
def test_the_last_edition_of_a_site_is_the_highest_by_which_any_extractor_read_it(
    site: Site, sessions: Sessions
) -> None:
    site.save(page())
    with reading(sessions) as session:
        assert last_edition(session, site.id) == 0
    for version in ("4.10", "4.9", "5", "x.y"):
        again(site, sessions, {URL: [page()]}, version)
    with reading(sessions) as session:
        assert last_edition(session, site.id) == 10 and last_edition(session, site.id + 1) == 0


@on_sqlite
def test_our_own_corrections_are_no_revisions_and_those_that_were_so_go(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1", "Bản đầu.", "Lượt xem: 3"))
    clock.advance(hours=1)
    site.save(page("1", "Bản đầu.", "Lượt xem: 4"))
    assert revisions(sessions) == [(1, ("text",))], "the older version takes a counter for words"
    changes = again(site, sessions, {URL: [page("1", "Bản đầu."), page("1", "Bản đầu.")]})
    assert [change.effect for change in changes] == [Effect.CHANGED] * 2
    assert [name for name, _, _ in changes[0].fields] == ["text", "kinds"]
    assert revisions(sessions) == []
    assert shown(sessions).record.text() == "Bản đầu."
    assert versions(sessions) == ["1", "2"]


def test_what_only_the_new_version_sees_becomes_a_revision(site: Site, sessions: Sessions, clock: HandClock) -> None:
    for _ in range(3):
        site.save(page("1", "Một."))
        clock.advance(hours=1)
    assert revisions(sessions) == []
    one, two = page("1", "Một.", author="Văn Đảm"), page("1", "Một.", author="Thu Hà", title="Tít mới")
    again(site, sessions, {URL: [one, one, two]})
    assert revisions(sessions) == [(1, ("title", "author"))]
    (change,) = shown(sessions).changes
    assert change.seen_at == shown(sessions).record.fetched_at
    assert shown(sessions).record.author == "Thu Hà", "the reading of the newest capture is current"


def test_the_way_back_and_forth(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1", "Một.", kind=ArticleKind.MEDIA))
    site.save(page("2", "Khác."))
    clock.advance(hours=1)
    site.save(page("1", "Một, sửa.", kind=ArticleKind.MEDIA))
    before = of_words(sessions)
    moved = page("1", "Một.", url=f"{URL}?moi")
    again(site, sessions, {URL: [moved, moved], page("2").url: [page("2", "Khác hơn.")]})
    after = of_words(sessions)
    assert after["extraction"] != before["extraction"] and after["revision"].rows == 0
    assert shown(sessions).record.kind == "article" and shown(sessions).record.url == moved.url
    for version, expected in (("1", before), ("2", after), ("1", before)):
        assert sum(done for _, done in go_back(sessions, version, None)) == 2
        now = of_words(sessions)
        assert {name: now[name] for name in ("article", "extraction", "revision")} == {
            name: expected[name] for name in ("article", "extraction", "revision")
        }
    assert again(site, sessions, {}) == [], "nothing has to be read again"


def test_what_a_newer_version_fetches_after_the_way_back_is_compared_with_its_own_reading(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1", "Một."), version="2")
    again(site, sessions, {URL: [page("1", "Một.", author="Văn Đảm")]}, "3")
    assert list(go_back(sessions, "2", None)) == [(1, 1)]
    clock.advance(hours=1)
    site.save(page("1", "Hai.", author="Văn Đảm"), version="3")
    assert revisions(sessions) == [(1, ("text",))], "and the author is our doing"
    assert shown(sessions).record.text() == "Hai."
    clock.advance(hours=1)
    site.save(page("1", "Ba.", author="Văn Đảm"), version="3")
    assert revisions(sessions) == [(1, ("text",)), (2, ("text",))]


@on_sqlite
def test_going_back_never_shows_words_of_an_older_capture(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1", "Cũ."))
    clock.advance(hours=1)
    site.save(page("1", "Mới."), version="2")
    assert list(go_back(sessions, "1", site.id)) == [(1, 0)]
    assert shown(sessions).record.text() == "Mới."


@on_sqlite
def test_a_run_that_was_cut_short_shows_no_older_words_and_loses_no_revision(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    for number in range(4):
        site.save(page("1", f"Bản {number}."))
        clock.advance(days=1)
    told = [(1, ("text",)), (2, ("text",)), (3, ("text",))]
    first = clock.now().date().replace(day=5)
    better = [page("1", f"Bản {number}!") for number in range(4)]
    again(site, sessions, {URL: better[:2]}, end=first.replace(day=6))
    assert shown(sessions).record.text() == "Bản 3."
    assert revisions(sessions) == told
    again(site, sessions, {URL: better[2:]})
    assert shown(sessions).record.text() == "Bản 3!"
    assert revisions(sessions) == told
    with reading(sessions) as session:
        compared = select(Extraction.extractor_version).join(Revision, Revision.before_id == Extraction.id)
        assert set(session.scalars(compared)) == {"2"}


@on_sqlite
def test_a_page_that_the_new_version_refuses_keeps_what_is_kept(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(REFUSED, url=URL)
    site.save(page("1", "Một."))
    clock.advance(hours=1)
    site.save(page("1", "Một, sửa."))
    site.save(page("2", layout="2020"))
    before = of_words(sessions)
    whole = page("2", flags=(WHOLE_PAGE,), layout=WHOLE_PAGE)
    changes = again(site, sessions, {URL: [REFUSED, page("1", "Một."), REFUSED], whole.url: [whole]})
    assert [(change.effect, change.reason) for change in changes] == [
        (Effect.REJECTED, "no-body"),
        (Effect.SAME, None),
        (Effect.KEPT, "no-body"),
        (Effect.KEPT, "layout-lost"),
    ]
    assert of_words(sessions) == before
    with reading(sessions) as session:
        assert {(one.reason, one.kept) for one in rejects(session)} == {("no-body", True), ("layout-lost", True)}


def test_a_page_that_was_refused_becomes_an_article(site: Site, sessions: Sessions, clock: HandClock) -> None:
    listed = found("1", section="Thời sự")
    site.ledger.see([listed])
    site.save(REFUSED, url=URL, found=listed)
    assert site.ledger.counts() == {"rejected": 1}
    clock.advance(hours=1)
    young = page("1", published=at("2022-01-05", "11:50"), section="Kinh tế", author="Văn Đảm")
    [change] = again(site, sessions, {URL: [young]})
    assert (change.effect, change.reason) == (Effect.ARTICLE_NOW, "no-body")
    record = shown(sessions).record
    assert (record.author, record.sections, record.urls) == ("Văn Đảm", ("Kinh tế", "Thời sự"), (URL,))
    assert site.ledger.counts() == {"fetched": 1}
    with reading(sessions) as session:
        row = session.scalars(select(Url)).one()
        assert (row.article_key, row.reason) == ("1", None)
        assert row.due_at is not None, "it is young, and looked at again"
        assert rejects(session) == []


@on_sqlite
def test_what_the_new_version_takes_for_no_article_is_no_change_by_the_publisher(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    for text in ("Một.", "Trang đang bảo trì.", "Một."):
        site.save(page("1", text))
        clock.advance(hours=1)
    assert revisions(sessions) == [(1, ("text",)), (2, ("text",))]
    again(site, sessions, {URL: [page("1", "Một."), REFUSED, page("1", "Một.")]})
    assert revisions(sessions) == []


@on_sqlite
def test_an_old_capture_stays_its_articles_when_its_address_became_anothers(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1"))
    site.save(page("2"))
    clock.advance(hours=1)
    site.save(page("2"), url=URL)
    again(site, sessions, {URL: [page("tin-moi"), page("2")], page("2").url: [page("2")]})
    with reading(sessions) as session:
        assert {(one.key, one.extractor_version) for one in records(session)} == {("1", "2"), ("2", "2")}


@on_sqlite
def test_a_refusal_read_again_is_not_the_latest_word(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(REFUSED, url=URL)
    clock.advance(days=1)
    site.save(page("1"))
    [change] = again(site, sessions, {URL: [REFUSED]}, end=clock.now().date().replace(day=5))
    assert change.effect is Effect.REJECTED
    with reading(sessions) as session:
        assert rejects(session) == []


@on_sqlite
def test_two_captures_of_a_page_that_was_refused_are_one_article(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    for _ in range(2):
        site.save(REFUSED, url=URL)
        clock.advance(hours=1)
    again(site, sessions, {URL: [page("1", "Một."), page("1", "Hai.")]})
    assert revisions(sessions) == [(1, ("text",))]
    assert shown(sessions).record.text() == "Hai."


def test_a_soft_404_that_was_none_is_taken_back(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1", "Một."))
    for _ in range(2):
        # It is believed when it says so on a later night too.
        clock.advance(hours=13)
        site.save(Rejection("soft-404", "a page that says so"), url=URL)
    assert shown(sessions).record.gone_at == clock.now()
    told = page("1", "Trang không tồn tại: chuyện ở xã.")
    again(site, sessions, {URL: [page("1", "Một."), told, told]})
    assert shown(sessions).record.gone_at is None
    assert site.ledger.counts() == {"fetched": 1}
    assert revisions(sessions) == [(1, ("text",))]


@on_sqlite
def test_a_capture_is_read_once_by_a_version_and_keeps_its_article(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1"))
    readings = Readings(sessions, "2", clock)
    [[due]] = readings.due(Scope())
    assert readings.count(Scope()) == 1
    # A later version names another key: the article, and the id people cite, stay.
    one = Reread(due, replace(page("1"), key="tin-moi"), found("1"))
    assert [change.effect for change in readings.save(site.id, [one])] == [Effect.SAME]
    assert [change.effect for change in readings.save(site.id, [one])] == [Effect.KNOWN]
    assert readings.count(Scope()) == 0 and list(readings.due(Scope())) == []
    with reading(sessions) as session:
        assert session.scalar(select(func.count()).select_from(StoredArticle)) == 1
        assert session.scalars(select(Extraction.extractor_version).where(Extraction.is_current)).all() == ["2"]


def test_what_was_never_read_purged_or_taken_down_is_not_read(
    make_site: Callable[..., Site], sessions: Sessions, clock: HandClock
) -> None:
    site, other = make_site(), make_site("hong_linh", "ha-tinh")
    site.keep(site.capture("https://baoquangninh.com.vn/chinh-tri/"))
    for key in "123":
        site.save(page(key))
    other.save(page("4"))
    with sessions.begin() as session:
        session.execute(update(Capture).where(Capture.url == page("1").url).values(purged_at=clock.now()))
        session.add(Exclusion(site_id=site.id, article_key="2", url=page("2").url, reason="ý", excluded_at=clock.now()))
    readings = Readings(sessions, "2", clock)
    assert [[due.url for due in some] for some in readings.due(Scope(site.id))] == [[page("3").url]]
    assert readings.count(Scope()) == 2
    today = clock.now().date()
    assert readings.count(Scope(start=today, end=today)) == 2
    assert readings.count(Scope(start=today.replace(day=6))) == readings.count(Scope(end=today.replace(day=4))) == 0


@on_sqlite
def test_a_revisit_is_read_from_the_record_that_holds_its_payload(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    first = site.keep(site.capture(URL))
    site.read(first, page("1"))
    clock.advance(hours=1)
    second = site.keep(site.capture(URL))
    site.read(second, page("1"))
    with sessions.begin() as session:
        session.execute(update(Capture).where(Capture.id == second.id).values(refers_to_id=first.id))
    assert revisions(sessions) == [], "the same bytes are no revision"
    [due] = Readings(sessions, "2", clock).due(Scope())
    assert {(one.place.holder or one.place.location).offset for one in due} == {first.capture.location.offset}
    assert [one.fetched_at for one in due] == [first.capture.fetched_at, second.capture.fetched_at]


@on_sqlite
def test_an_article_that_moved_keeps_what_the_ledger_told_of_it(site: Site, sessions: Sessions) -> None:
    listed, new_address = found("1", section="Thời sự"), "https://baoquangninh.com.vn/moi/bai-1"
    site.ledger.see([listed])
    site.save(page("1"), url=listed.url, final_url=new_address, found=listed)
    with sessions.begin() as session:
        # As a crawl notes it: a redirect's target is asked for by a request of its own.
        session.execute(update(Capture).values(url=new_address))
    [[due]] = Readings(sessions, "2", site.clock).due(Scope())
    assert due.found is not None and (due.found.url, due.found.section) == (listed.url, "Thời sự")


@on_sqlite
@pytest.mark.parametrize("broken", [page("1", "Hai\n\nđoạn."), page("1", title="")])
def test_what_breaks_the_rules_of_the_text_is_refused_whole(site: Site, sessions: Sessions, broken: Article) -> None:
    site.save(page("1"))
    with pytest.raises(ValueError, match="baoquangninh"):
        again(site, sessions, {URL: [broken]})
    with reading(sessions) as session:
        assert [record.extractor_version for record in records(session)] == ["1"]


def test_a_site_whose_layouts_changed_is_read_under_a_version_of_its_own(
    make_site: Callable[..., Site], sessions: Sessions
) -> None:
    """Its captures wait, those of other sites do not; the way back leads both ways."""
    changed, other = make_site("bao_quang_ninh"), make_site("hong_linh")
    for site in (changed, other):
        site.save(page("1", "Một."), version="4")
    versions_of = {changed.id: "4.1"}
    readings = Readings(sessions, "4", changed.clock, versions_of)
    assert (readings.version(changed.id), readings.version(other.id)) == ("4.1", "4")
    assert (readings.count(Scope()), readings.count(Scope(other.id))) == (1, 0)
    [[due]] = readings.due(Scope())
    assert due.site_id == changed.id
    [change] = readings.save(changed.id, [Reread(due, page("1", "Một, đọc lại."), due.found or found("1", due.url))])
    assert change.effect is Effect.CHANGED and readings.count(Scope()) == 0
    assert shown(sessions).record.extractor_version == "4.1" and revisions(sessions) == []
    assert versions(sessions) == ["4", "4.1"]
    assert list(go_back(sessions, "4", changed.id)) == [(1, 1)]
    assert shown(sessions).record.text() == "Một."
    newer = Readings(sessions, "5", changed.clock, {changed.id: "5.1"})
    assert newer.count(Scope()) == 2, "the next version of the extractor reads all"


def test_an_edit_across_a_redesign_is_told_once_both_captures_are_read_by_its_layouts(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1", "Bản đầu."), version="4")
    clock.advance(days=1)
    lost = page("1", "Bản đầu. Trang chủ", flags=(WHOLE_PAGE,))
    site.save(lost, version="4")
    clock.advance(days=1)
    site.save(replace(lost, title="Khác"), version="4")
    assert revisions(sessions) == [] and shown(sessions).record.text() == "Bản đầu."
    same, edited = page("1", "Bản đầu."), page("1", "Bản sửa.")
    again(site, sessions, {URL: [same, edited]}, "4.1", start=clock.now().date() - timedelta(days=1))
    assert shown(sessions).record.text() == "Bản sửa."
    assert revisions(sessions) == [(1, ("text",))]
    again(site, sessions, {URL: [same]}, "4.1")
    assert revisions(sessions) == [(1, ("text",))], "what was captured before the redesign is as it was"


@on_sqlite
def test_a_layout_that_tells_no_date_takes_none_away(site: Site, sessions: Sessions, clock: HandClock) -> None:
    """As in a crawl: of the page that told it, and of one that was refused since it tells it no more."""
    dated, undated = page("1", "Một."), page("1", "Một.", published=None, layout="2026")
    site.save(dated, version="4")
    clock.advance(days=1)
    site.save(undated, version="4")
    site.save(page("2"), version="4")
    site.save(page("3", published=None), version="4")
    site.save(page("4", published=None, flags=(WHOLE_PAGE,)), version="4")
    guessed = page("5", flags=(WHOLE_PAGE,), layout=WHOLE_PAGE)
    site.save(guessed, version="4")
    [one, two, three, four, *_] = again(
        site,
        sessions,
        {
            URL: [dated, undated],
            page("2").url: [page("2", published=None, layout="2026")],
            page("3").url: [page("3", published=None, layout="2026")],
            page("4").url: [page("4", published=None, layout="2026")],
            guessed.url: [page("5", published=None, layout="2026")],
        },
        "4.1",
    )
    assert [one.effect, two.effect] == [Effect.SAME, Effect.REJECTED]
    assert (three.effect, three.reason) == (Effect.KEPT, "layout-lost")
    assert four.effect is Effect.CHANGED, "it never had one"
    assert shown(sessions).record.published and shown(sessions, "2").record.published
    assert revisions(sessions) == []
    assert shown(sessions, "5").record.published is None, "what a whole page told was a guess"


@on_sqlite
def test_a_field_that_another_layout_does_not_read_was_not_taken_out(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    """In a crawl and when captures are read again; what both layouts read is the publisher's."""
    signed = page("1", "Một.", author="Văn Đảm", tags=("a",))
    site.save(signed)
    clock.advance(days=1)
    site.save(page("1", "Một.", layout="2026"))
    assert revisions(sessions) == []
    clock.advance(days=1)
    site.save(page("1", "Hai.", layout="2026"))
    assert revisions(sessions) == [(1, ("text",))]
    again(site, sessions, {URL: [signed, page("1", "Hai.", layout="2026"), page("1", "Hai.", layout="2026")]})
    assert revisions(sessions) == [(1, ("text",))], "no author"
    again(site, sessions, {URL: [signed, page("1", "Một.", layout="2026"), page("1", "Một.")]}, "3")
    assert revisions(sessions) == []
    again(site, sessions, {URL: [signed, page("1", "Một."), page("1", "Một.")]}, "4")
    assert revisions(sessions) == [(1, ("author", "tags"))], "of one layout it is"


@pytest.mark.parametrize(
    ("older", "newer"), [("4", "4.1"), ("4.9", "4.10"), ("4.2", "5"), ("9", "10"), ("5", "5.1"), ("old", "1")]
)
def test_versions_have_an_age(older: str, newer: str) -> None:
    assert version_age(older) < version_age(newer)
