"""The store: one transaction, twice is once, nothing that is kept is lost."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from archive.article import (
    GONE_REASONS,
    MAX_ADDRESS,
    MAX_VIEWS,
    WHOLE_PAGE,
    Article,
    Attachment,
    Block,
    BlockKind,
    Rejection,
)
from archive.content import syllables
from archive.database import ArchiveError, Sessions, insert_if_new, reading
from archive.kept import known_end
from archive.ledger import Decision
from archive.models import Base, Capture, Extraction, Revision, RunOutcome, SiteProvince, StoredText, Url, UrlKind
from archive.query import find_article, rejects, site_status
from archive.records import Record, records
from archive.runs import Runs
from archive.sites import SiteRecord, register_site
from archive.store import Outcome
from tests.archive.helpers import HandClock, Site, at, found, page

REFUSED = Rejection("no-body", "the page has no body")
LONG = "".join(map(str, range(3000, 6000)))
"""More than an index takes, and not to be compressed into less."""


def dump(sessions: Sessions) -> dict[str, list[Any]]:
    """Every row of every table."""
    with reading(sessions) as session:
        return {t.name: sorted(map(repr, session.execute(select(t)))) for t in Base.metadata.sorted_tables}


def kept(sessions: Sessions) -> list[Record]:
    with reading(sessions) as session:
        return list(records(session))


def count(sessions: Sessions, model: type[Base]) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_an_article_comes_back_whole(site: Site, sessions: Sessions) -> None:
    full = page(
        "1",
        blocks=(
            Block(BlockKind.LEAD, "Sapô."),
            Block(BlockKind.PARAGRAPH, "Đoạn một."),
            Block(BlockKind.CAPTION, "Ảnh: Văn Đảm"),
            Block(BlockKind.VERSE, "Câu một\ncâu hai"),
        ),
        modified=at("2022-01-06"),
        author="Văn Đảm",
        affiliation="Bộ CHQS tỉnh",
        source_credit="Báo Hà Nam",
        section="Chính trị",
        tags=("một", "hai"),
        views=270,
        language="vi",
        attachments=(Attachment("https://baoquangninh.com.vn/a.pdf", "Tải về"),),
        declared_charset="iso-8859-1",
        flags=("whole-page",),
        origins={"title": "h1"},
    )
    listed = found("1", section="Thời sự")
    assert site.save(full, found=listed) is Outcome.NEW
    (record,) = kept(sessions)
    assert record.id == "bao_quang_ninh-1"
    assert record.blocks == full.blocks
    assert record.text() == full.text
    assert record.text(captions=False) == "Sapô.\n\nĐoạn một.\n\nCâu một\ncâu hai"
    names = ("key url title published modified author affiliation source_credit section tags views language "
             "attachments layout declared_charset used_charset flags origins lead captions")  # fmt: skip
    for name in names.split():
        assert getattr(record, name) == getattr(full, name), name
    assert record.sections == ("Chính trị", "Thời sự")
    assert (record.province_then, record.province_now) == ("Quảng Ninh", "Quảng Ninh")


def test_the_same_input_twice_changes_nothing(site: Site, sessions: Sessions, clock: HandClock) -> None:
    capture = site.capture(page().url)
    rejected = site.capture("https://baoquangninh.com.vn/x")

    def save() -> tuple[Outcome, Outcome]:
        return (
            site.read(site.keep(capture), page()),
            site.read(site.keep(rejected), REFUSED),
        )

    assert save() == (Outcome.NEW, Outcome.REJECTED)
    before = dump(sessions)
    clock.advance(hours=1)
    assert save() == (Outcome.UNCHANGED, Outcome.REJECTED)
    assert dump(sessions) == before


def test_a_capture_may_be_acknowledged_first(site: Site, sessions: Sessions) -> None:
    capture = site.capture(page().url, headers=[("ETag", '"x"'), ("content-type", "text/html")])
    key = site.keep(capture)
    assert site.keep(capture) == key
    assert site.read(key, page()) is Outcome.NEW
    assert count(sessions, Capture) == 1
    with reading(sessions) as session:
        row = session.scalars(select(Capture)).one()
        assert (row.etag, row.content_type, row.content_encoding) == ('"x"', "text/html", None)
    assert known_end(sessions, capture.location.file) == capture.location.offset + 100
    assert known_end(sessions, "other") == 0


def test_one_text_of_two_sites_is_kept_once(make_site: Callable[..., Site], sessions: Sessions) -> None:
    first, second = make_site(), make_site("hong_linh", "ha-tinh")
    first.save(page("1", "Cùng một bài.", published=at("2022-01-05", "09:00")))
    second.save(page("7", "Cùng một bài.", published=at("2022-01-05", "08:00")))
    assert count(sessions, StoredText) == 1
    with reading(sessions) as session:
        (text_id,) = session.scalars(select(StoredText.text_id))
        shown = find_article(session, text_id)
    assert [one.record.id for one in shown] == ["hong_linh-7", "bao_quang_ninh-1"]
    assert [source.id for source in shown[0].sources] == ["hong_linh-7", "bao_quang_ninh-1"]


def test_changed_words_are_a_revision(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1", "Bản đầu."))
    clock.advance(hours=1)
    changed = page("1", "Bản sau.", title="Tít mới")
    assert site.save(changed) is Outcome.REVISED
    clock.advance(hours=1)
    assert site.save(page("1", "Bản sau.", title="Tít mới", author="Văn Đảm")) is Outcome.REVISED
    with reading(sessions) as session:
        (shown,) = find_article(session, "bao_quang_ninh-1")
        bodies = set(session.scalars(select(StoredText.body)))
    assert shown.record.text() == "Bản sau."
    assert [(change.number, change.changed) for change in shown.changes] == [
        (1, ("title", "text")),
        (2, ("author",)),
    ]
    assert bodies == {"Bản đầu.", "Bản sau."}, "both are kept"


def test_a_later_minute_of_publication_is_a_revision(site: Site) -> None:
    site.save(page("1", published=at("2022-01-05")))
    assert site.save(page("1", published=at("2022-01-05", "00:00"))) is Outcome.REVISED


@pytest.mark.parametrize(
    "change",
    [
        {"views": 271},
        {"layout": "2021"},
        {"flags": ("odd",)},
        {"origins": {"title": "h2"}},
        {"modified": at("2022-01-05", "10:00")},
    ],
)
def test_what_is_not_the_publishers_words_is_no_revision(
    site: Site, sessions: Sessions, change: dict[str, Any]
) -> None:
    site.save(page("1", views=270))
    assert site.save(page("1", **change)) is Outcome.UNCHANGED
    assert count(sessions, Revision) == 0
    (record,) = kept(sessions)
    for name, value in change.items():
        assert getattr(record, name) == value, "the newest look is the current one"


def test_another_extractor_version_is_no_revision(site: Site, sessions: Sessions) -> None:
    site.save(page("1", "Bản đầu.  Lượt xem: 3"))
    assert site.save(page("1", "Bản đầu."), version="2") is Outcome.UNCHANGED
    assert count(sessions, Revision) == 0
    assert kept(sessions)[0].text() == "Bản đầu."


def test_reading_an_old_capture_again_does_not_replace_a_newer_one(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    old = site.keep(site.capture(page().url))
    clock.advance(days=1)
    site.save(page("1", "Bản mới."))
    site.read(old, page("1", "Bản cũ."), version="2")
    assert kept(sessions)[0].text() == "Bản mới."


def test_a_rejected_look_keeps_the_good_article(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.save(page("1"))
    before = kept(sessions)
    clock.advance(days=1)
    assert site.save(REFUSED, url=page("1").url) is Outcome.REJECTED
    assert kept(sessions) == before
    assert site.ledger.counts() == {"fetched": 1}
    with reading(sessions) as session:
        (refused,) = rejects(session)
        assert (refused.reason, refused.kept) == ("no-body", True)
    site.save(page("1"))
    with reading(sessions) as session:
        assert rejects(session) == [], "a good look after it settles the matter"


def test_a_transaction_that_fails_leaves_nothing(
    site: Site, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.ledger.see([found("1")])
    site.save(page("0"))
    before = dump(sessions)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    for step in ("add_article_urls", "put_in_sections", "extraction_row", "insert_those_new"):
        with monkeypatch.context() as patch, pytest.raises(RuntimeError):
            patch.setattr(f"archive.store.{step}", fail)
            site.save(page("1"))
        assert dump(sessions) == before, step
    assert site.save(page("1")) is Outcome.NEW


def test_a_page_may_name_a_better_key_than_its_url(site: Site, sessions: Sessions) -> None:
    one = found("tin-moi", "https://baoquangninh.com.vn/tin-moi")
    site.ledger.see([one])
    assert site.save(page("1042", url=one.url), found=one) is Outcome.NEW
    assert [d.value for _, d in site.ledger.see([one])] == ["known"]
    assert site.save(page("1042", url=one.url)) is Outcome.UNCHANGED
    # A later extractor names another key: the article, and the id people cite, stay.
    assert site.save(replace(page("1042", url=one.url), key="tin-moi")) is Outcome.UNCHANGED
    assert [record.id for record in kept(sessions)] == ["bao_quang_ninh-1042"]


def test_a_wrong_canonical_url_does_not_melt_articles_together(site: Site, sessions: Sessions) -> None:
    home = "https://baoquangninh.com.vn/"
    for key in ("1", "2", "3"):
        assert site.save(page(key, url=home), url=page(key).url) is Outcome.NEW
    assert [record.key for record in kept(sessions)] == ["1", "2", "3"]


def test_all_urls_lead_to_the_article(site: Site, sessions: Sessions) -> None:
    asked, final = "https://baoquangninh.com.vn/cu/1", "https://baoquangninh.com.vn/moi/1"
    capture = site.capture(asked, final_url=final)
    site.read(site.keep(capture), page("1"), aliases=("https://m.vn/1?a=2",))
    with reading(sessions) as session:
        for wanted in (
            asked, final, page("1").url, "https://m.vn/1?a=2", "http://www.m.vn/1?a=2", "m.vn/1/",
            "http://www.baoquangninh.com.vn/moi/1/?utm_source=x", "bao_quang_ninh-1",
        ):  # fmt: skip
            assert [shown.record.key for shown in find_article(session, wanted)] == ["1"], wanted
        for wanted in ("bao_quang_ninh-2", "https://baoquangninh.com.vn/moi/2", "0123456789abcdef", "x_%"):
            assert find_article(session, wanted) == [], wanted


def test_a_photo_story_has_no_text(site: Site, sessions: Sessions) -> None:
    site.save(replace(page("1"), blocks=()))
    assert kept(sessions)[0].text_id is None
    assert count(sessions, StoredText) == 0


@pytest.mark.parametrize(
    "broken",
    [
        page("1", "Hai\n\nđoạn."),
        page("1", ""),
        page("1", "Hoa\u0300 bình"),
        page("1", title=""),
        replace(page("1"), key=""),
        page("1", "Nửa\0chừng."),
        page("1", author="Mai \ud83c"),
        page("1", tags=("du lịch", "\0")),
        page("1", attachments=(Attachment("https://x.vn/a.pdf", "\udc00"),)),
        page("1", views=MAX_VIEWS + 1),
        page("1", views=-1),
        page("1", section=LONG),
        page("1", section="ế" * (MAX_ADDRESS // 2)),
        replace(page("1"), key=LONG),
        page("1", url=f"{page('1').url}: {LONG}"),
    ],
)
def test_what_breaks_the_rules_of_the_text_is_refused(site: Site, sessions: Sessions, broken: Any) -> None:
    with pytest.raises(ValueError, match=r"https://baoquangninh\.com\.vn/bai-1: "):
        site.save(broken)
    assert count(sessions, Capture) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": f"https://x.vn/{LONG}"}, r"^https://x\.vn/3000\S{,100}\.\.\.: the URL has more than 2083 bytes"),
        ({"final_url": f"https://x.vn/{LONG}"}, r"^https://x\.vn/3000\S{,100}\.\.\.: the URL has more than 2083 bytes"),
        ({"status": 99}, "99 is no status of HTTP"),
        ({"status": 10**20}, "100000000000000000000 is no status of HTTP"),
    ],
)
def test_a_capture_that_no_database_could_keep_is_refused(
    site: Site, sessions: Sessions, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        site.keep(replace(site.capture(page().url), **change))
    assert count(sessions, Capture) == 0


def test_the_longest_names_fit_every_index(site: Site, sessions: Sessions) -> None:
    name, url = LONG[:MAX_ADDRESS], f"https://x.vn/{LONG}"[:MAX_ADDRESS]
    site.ledger.see([found(name, url)])
    full = replace(page("1", url=url, section=name, views=MAX_VIEWS), key=name)
    assert site.save(full, status=999) is Outcome.NEW
    (record,) = kept(sessions)
    assert (record.key, record.section, record.views) == (name, name, MAX_VIEWS)


def test_what_no_database_keeps_is_replaced_alike_on_both(site: Site, sessions: Sessions, clock: HandClock) -> None:
    odd, mended = "một\0hai\ud800ba", "một\ufffdhai\ufffdba"
    listed = found("1", title=odd, found_on=odd, listed=replace(at("2022-01-05"), raw=odd))
    site.ledger.see([listed])
    site.ledger.failed(listed.url, odd, soft=True)
    site.save(replace(REFUSED, detail=odd), url=listed.url, headers=[("ETag", odd), ("Content-Type", odd)])
    runs = Runs(sessions, clock)
    runs.finish_run(runs.start_run(site.id, {}), RunOutcome.FAILED, odd, {})
    with reading(sessions) as session:
        row = session.scalars(select(Url)).one()
        assert (row.listed_title, row.listed_raw, row.found_on) == (mended, mended, mended)
        assert {one.detail for one in rejects(session)} == {mended}
        assert {tuple(row) for row in session.execute(select(Capture.etag, Capture.content_type))} == {(mended, mended)}
    assert runs.latest()[0].reason == mended


def test_a_text_is_kept_as_it_is_or_not_at_all(site: Site, sessions: Sessions) -> None:
    row = {"text_id": "0" * 16, "sha256": "0" * 64, "syllables": 1, "created_at": site.clock.now()}
    with pytest.raises((StatementError, UnicodeEncodeError)), site.store.writing() as session:
        insert_if_new(session, StoredText, row | {"body": "nửa \ud800"})
    assert count(sessions, StoredText) == 0


def test_text_ids_are_those_of_the_words(site: Site, sessions: Sessions) -> None:
    site.save(page("1", "Hạ Long"))
    with reading(sessions) as session:
        # printf 'Hạ Long' | sha256sum
        sha = session.scalars(select(StoredText.sha256)).one()
    import hashlib

    assert sha == hashlib.sha256("Hạ Long".encode()).hexdigest()
    assert kept(sessions)[0].text_id == sha[:16]


def test_the_content_hash_knows_no_integer_keys(make_site: Callable[..., Site], sessions: Sessions) -> None:
    first, second = make_site(), make_site("hong_linh", "ha-tinh")
    first.save(page("0", "Đứng trước."))
    first.save(page("1", "Một."))
    second.save(page("1", "Một."))
    with reading(sessions) as session:
        query = select(Extraction.content_hash).where(Extraction.title == "Bài 1")
        assert len(set(session.scalars(query))) == 1


def test_syllables() -> None:
    assert syllables("Thành phố Hạ Long - 2022 | ngày 5/1") == 7


def test_registering_a_site_again(site: Site, sessions: Sessions, clock: HandClock) -> None:
    record = SiteRecord(site.name, "Báo mới", "other", ("baoquangninh.vn",), "quang-ninh")
    with sessions.begin() as session:
        assert register_site(session, record, clock) == site.id
        assert register_site(session, record, clock) == site.id
    with reading(sessions) as session:
        hosts = session.execute(text("select host from site_host order by host")).scalars().all()
        rows = select(SiteProvince.era, SiteProvince.code, SiteProvince.valid_from, SiteProvince.valid_until)
        provinces = session.execute(rows.order_by(SiteProvince.era)).all()
    assert hosts == ["bao_quang_ninh.vn", "baoquangninh.vn"]
    reform = date(2025, 7, 1)
    assert list(map(tuple, provinces)) == [("34", "22", reform, None), ("63", "22", None, reform)]


@pytest.mark.parametrize(
    ("name", "province", "says"),
    [("bao-quang-ninh", "quang-ninh", "site id"), ("x", "quang-nin", "did you mean quang-ninh")],
)
def test_a_bad_site_is_refused(sessions: Sessions, clock: HandClock, name: str, province: str, says: str) -> None:
    record = SiteRecord(name, "X", "f", (), province)
    with pytest.raises(ValueError, match=says), sessions.begin() as session:
        register_site(session, record, clock)


def test_runs(site: Site, sessions: Sessions, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(sessions, clock)
    dead = runs.start_run(site.id, {"start": "2022-01-01"})
    with sessions.begin() as session:
        session.execute(text("update run set pid = 99999999"))
    clock.advance(hours=2)
    run = runs.start_run(site.id, {})
    runs.beat(run, {"articles": 1})
    clock.advance(minutes=5)
    runs.finish_run(run, RunOutcome.FINISHED, None, {"articles": 2})
    latest = runs.latest(site.name)
    assert [(one.outcome, one.counts) for one in latest] == [
        (RunOutcome.FINISHED, {"articles": 2}),
        (RunOutcome.LOST, {}),
    ]
    assert latest[1].arguments == {"start": "2022-01-01"}
    assert "99999999" in (latest[1].reason or "")
    assert dead != run
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.execute(text("update run set finished_at = null"))


def test_a_run_is_of_this_process_and_not_of_one_that_had_its_id_before(
    make_site: Callable[..., Site], sessions: Sessions, clock: HandClock
) -> None:
    site, other = make_site(), make_site("hong_linh", "ha-tinh")
    runs = Runs(sessions, clock)
    assert runs.last_key() == 0
    runs.finish_run(runs.start_run(site.id, {}), RunOutcome.FINISHED, None, {})
    before = runs.start_run(other.id, {})
    assert runs.last_key() == before
    assert runs.of_process(site.name, os.getpid(), before) is None
    runs.start_run(site.id, {"limit": "5"})
    found = runs.of_process(site.name, os.getpid(), before)
    assert found is not None and found.arguments == {"limit": "5"}


def test_status(make_site: Callable[..., Site], sessions: Sessions) -> None:
    site, _ = make_site(), make_site("hong_linh", "ha-tinh")
    site.ledger.see([found("9")])
    site.save(page("1", "Một hai ba.", published=at("2022-01-01")))
    site.save(page("2", "Một hai ba.", published=at("2022-01-03", "07:00")))
    site.save(page("3", "Bốn.", published=None))
    site.save(REFUSED, url="https://baoquangninh.com.vn/x")
    with reading(sessions) as session:
        first, second = site_status(session)
    assert (first.site, first.articles, first.texts, first.syllables) == ("bao_quang_ninh", 3, 2, 4)
    assert (first.pending, first.rejected) == (1, 1)
    assert first.first_published == at("2022-01-01").instant
    assert first.last_published == at("2022-01-03", "07:00").instant
    assert (second.articles, second.texts, second.syllables, second.last_run) == (0, 0, 0, None)
    assert second.first_published is None


def test_a_url_given_by_hand_enters_the_ledger(site: Site, sessions: Sessions) -> None:
    site.save(page("1"))
    with reading(sessions) as session:
        row = session.scalars(select(Url)).one()
        assert (row.url, row.state, row.article_key, row.status) == (page("1").url, "fetched", "1", 200)


def test_no_article_is_kept_at_the_address_of_a_listing(site: Site, sessions: Sessions) -> None:
    listing = "https://baoquangninh.com.vn/chinh-tri/"
    site.ledger.walked(listing, UrlKind.LISTING, date(2015, 1, 1))
    with pytest.raises(ArchiveError, match=f"{listing}: no article can be kept at this address"):
        site.save(page("1"), url=listing)
    assert count(sessions, Capture) == 0


SOFT = Rejection("soft-404", "a page that says it is not there")


@pytest.mark.parametrize("reason", sorted(GONE_REASONS))
def test_a_page_that_says_it_is_gone_is_noted_once_and_taken_back(
    site: Site, sessions: Sessions, clock: HandClock, reason: str
) -> None:
    site.save(page("1"))
    clock.advance(hours=1)
    first = clock.now()
    site.ledger.missed([page("1").url], {}, Decision.VANISHED)
    for outcome in (Outcome.GONE, Outcome.REJECTED):
        assert site.save(replace(SOFT, reason=reason), url=page("1").url) is outcome
        clock.advance(hours=1)
    (record,) = kept(sessions)
    assert (record.gone_at, record.text()) == (first, page("1").text)
    assert site.ledger.counts() == {"gone": 1}
    with reading(sessions) as session:
        assert session.scalars(select(Url.due_at)).one() is not None, "while it is young it is looked at again"
    assert site.save(page("1")) is Outcome.UNCHANGED
    assert kept(sessions)[0].gone_at is None
    assert site.ledger.counts() == {"fetched": 1}


def test_an_article_that_says_it_is_gone_while_its_site_is_well_is_gone(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1"))
    clock.advance(days=1)
    site.save(page("2"))
    clock.advance(minutes=60)
    assert site.save(SOFT, url=page("1").url) is Outcome.GONE
    assert {record.id: record.gone_at for record in kept(sessions)} == {
        "bao_quang_ninh-1": clock.now(),
        "bao_quang_ninh-2": None,
    }


def test_a_site_all_of_whose_pages_say_they_are_gone_is_not_believed_for_a_night(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    for key in "123":
        site.save(page(key))
    clock.advance(minutes=61)
    for key in "123":
        assert site.save(SOFT, url=page(key).url) is Outcome.REJECTED
    assert [record.gone_at for record in kept(sessions)] == [None] * 3
    assert site.ledger.counts() == {"fetched": 3} and list(site.ledger.pending()) == []
    clock.advance(hours=12)
    assert {one.key: decision for one, decision in site.ledger.pending()} == dict.fromkeys("123", Decision.DUE)
    # The next night one is there again, one still says so, and of one the site says something else.
    assert site.save(SOFT, url=page("1").url) is Outcome.GONE
    assert site.save(replace(SOFT, reason="challenge"), url=page("3").url) is Outcome.REJECTED
    assert site.save(page("2")) is Outcome.UNCHANGED
    assert site.save(SOFT, url=page("3").url) is Outcome.GONE, "by now the site is well"
    assert [record.gone_at is not None for record in kept(sessions)] == [True, False, True]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_may_stand_in_for_a_page_says_not_that_it_is_gone(site: Site, sessions: Sessions) -> None:
    site.save(page("1"))
    for reason in ("challenge", "login", "listing", "redirected", "no-layout", "no-body", "empty", "layout-lost"):
        site.save(replace(SOFT, reason=reason), url=page("1").url)
    site.ledger.failed(page("1").url, "HTTP 503", soft=True)
    assert kept(sessions)[0].gone_at is None
    assert site.ledger.counts() == {"fetched": 1}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_article_is_gone_only_with_its_last_address(site: Site, sessions: Sessions, clock: HandClock) -> None:
    first, second = found("1"), found("1", "https://baoquangninh.com.vn/khac/bai-1")
    site.ledger.see([first, second])
    site.save(page("1"))
    assert site.ledger.counts() == {"alias": 1, "fetched": 1}
    site.save(SOFT, url=second.url)
    assert kept(sessions)[0].gone_at is None, "an alias that went is no loss"
    site.ledger.see([third := found("1", "https://baoquangninh.com.vn/nua/bai-1")])
    clock.advance(hours=1)
    site.ledger.missed([first.url], {}, Decision.VANISHED)
    site.save(SOFT, url=first.url)
    assert kept(sessions)[0].gone_at == clock.now()
    assert third.url in [one.url for one, _ in site.ledger.pending()], "it may have moved there"
    site.save(page("1", url=third.url))
    assert kept(sessions)[0].gone_at is None


NEW_ADDRESS = "https://baoquangninh.com.vn/moi/bai-2"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("moved", "joins"),
    [
        (page("1", url=NEW_ADDRESS), True),
        (page("2", url=NEW_ADDRESS, title="Bài 1", published=None), True),
        (page("2", url=NEW_ADDRESS, title="Tít sửa"), True),
        (page("2", url=NEW_ADDRESS, published=at("2022-01-05")), False),
        (page("2", url=NEW_ADDRESS, published=at("2022-01-04", "08:00")), False),
    ],
    ids=["same key", "same title", "same minute", "same day only", "another story"],
)
def test_an_address_that_leads_on_joins_its_article(
    site: Site, sessions: Sessions, clock: HandClock, moved: Any, joins: bool
) -> None:
    site.ledger.see([found("1")])
    site.save(page("1"))
    clock.advance(hours=1)
    outcome = site.save(moved, url=page("1").url, final_url=NEW_ADDRESS)
    assert (outcome is not Outcome.NEW) is joins
    assert sorted(record.key for record in kept(sessions)) == (["1"] if joins else ["1", "2"])
    with reading(sessions) as session:
        (shown,) = find_article(session, NEW_ADDRESS)
    assert shown.record.key == ("1" if joins else "2")
    # The listing shows the new address at last.
    site.ledger.see([found("2", NEW_ADDRESS)])
    clock.advance(hours=1)
    assert site.save(moved, url=NEW_ADDRESS) is Outcome.UNCHANGED
    assert sorted(record.key for record in kept(sessions)) == (["1"] if joins else ["1", "2"])


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_address_that_leads_on_to_another_article_leaves_both(site: Site, sessions: Sessions) -> None:
    site.save(page("1"))
    site.save(page("2", title="Bài 1", url=NEW_ADDRESS))
    site.save(page("2", title="Bài 1", url=NEW_ADDRESS), url=page("1").url, final_url=NEW_ADDRESS)
    assert [(record.key, record.title) for record in kept(sessions)] == [("1", "Bài 1"), ("2", "Bài 1")]


def test_a_bad_reading_is_kept_and_replaces_none_until_a_good_one_comes(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    site.save(page("1", "Bản đầu."))
    whole = page("1", "Trang chủ. Bản đầu. Liên hệ.", flags=(WHOLE_PAGE,), layout=WHOLE_PAGE)
    bad_ones: list[Article | Rejection] = [whole, Rejection("empty", "no word"), Rejection("challenge", "a check")]
    for number, bad in enumerate(bad_ones, 2):
        clock.advance(days=1)
        assert site.save(bad, url=page("1").url) is Outcome.REJECTED
        assert count(sessions, Extraction) == number, "what was read is kept, with its capture"
        [record] = kept(sessions)
        assert (record.text(), record.gone_at) == ("Bản đầu.", None)
    assert count(sessions, Revision) == 0
    clock.advance(days=1)
    assert site.save(page("1", "Bản đầu.")) is Outcome.UNCHANGED
    clock.advance(days=1)
    assert site.save(page("1", "Bản sau.")) is Outcome.REVISED
    assert kept(sessions)[0].text() == "Bản sau."


def test_an_article_that_never_fitted_a_layout_is_read_as_before(site: Site, sessions: Sessions) -> None:
    whole = page("1", "Bản đầu.", flags=(WHOLE_PAGE,), layout=WHOLE_PAGE)
    site.save(whole)
    changed = replace(whole, blocks=page("1", "Bản sau.").blocks)
    assert site.save(changed) is Outcome.REVISED
    assert site.save(page("1", "Bản sau.", layout="2021")) is Outcome.UNCHANGED


def test_a_reading_that_lost_the_date_never_replaces_one_that_has_it(
    site: Site, sessions: Sessions, clock: HandClock
) -> None:
    assert site.save(page("1")) is Outcome.NEW
    for _ in range(2):
        clock.advance(days=1)
        assert site.save(page("1", "Chữ khác.", published=None)) is Outcome.REJECTED
    assert site.save(page("1", "Chữ khác.")) is Outcome.REVISED
    assert site.save(page("2", published=None)) is Outcome.NEW
    assert site.save(page("2", "Chữ khác.", published=None)) is Outcome.REVISED, "it never told a date"
