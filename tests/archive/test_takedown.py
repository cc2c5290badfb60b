"""What was taken down is shown nowhere and never comes back by itself; that it was taken down stays."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from archive.article import GONE_REASONS, Rejection
from archive.database import ArchiveError, Sessions, reading
from archive.digest import exact_digest
from archive.exclusion import exclusions
from archive.export.jsonl import export_jsonl
from archive.export.selection import Selection
from archive.export.txt import export_txt
from archive.ledger import Decision, next_look
from archive.models import Url
from archive.query import ArticleName, Shown, find_article, rejects, site_status, taken_down
from archive.store import Outcome
from archive.takedown import exclude, known_article, lift
from tests.archive.helpers import HandClock, Site, at, found, page

MakeSite = Callable[..., Site]
URL = "https://baoquangninh.com.vn/bai-1"
NAME = ArticleName("bao_quang_ninh", "1", URL)
ID = "bao_quang_ninh-1"
WORDS = "Lời phải gỡ."


def filled(make_site: MakeSite) -> Site:
    """Article 1 with two addresses and a text that another site carries as well, and article 2."""
    site, other = make_site(), make_site("tuyen_giao_ha_nam", "ha-nam")
    site.ledger.see([found("1"), found("2"), found("1", f"{URL}-moi")])
    site.save(page("1", WORDS))
    site.save(page("2", "Lời khác."))
    other.save(page("9", WORDS, url="https://tuyengiao.vn/bai-9"))
    return site


def ask(sessions: Sessions, wanted: str) -> tuple[list[str], list[str]]:
    """(ids shown, ids taken down) of what `wanted` means."""
    with reading(sessions) as session:
        shown = [one.record.id for one in find_article(session, wanted)]
        return shown, [one.id for one in taken_down(session, wanted)]


def exported(sessions: Sessions, folder: Path) -> str:
    export_txt(sessions, folder / "txt", Selection())
    export_jsonl(sessions, folder / "jsonl", Selection())
    return "".join(file.read_text("utf-8") for file in sorted(folder.rglob("*")) if file.is_file())


def waiting(site: Site) -> list[str]:
    return [one.url for one, _ in site.ledger.pending()]


def test_what_is_taken_down_is_shown_nowhere_and_others_stay(
    make_site: MakeSite, sessions: Sessions, clock: HandClock, tmp_path: Path
) -> None:
    site = filled(make_site)
    [text_id] = {one.record.text_id for one in in_archive(sessions, URL)}
    assert text_id is not None
    assert ID in exported(sessions, tmp_path)
    made = exclude(sessions, clock, NAME, "theo yêu cầu")
    assert (made.id, made.reason, made.purged_at) == (ID, "theo yêu cầu", None)
    assert made.excluded_at == clock.now()
    # Into the same folder: what was written before goes.
    written = exported(sessions, tmp_path)
    assert ID not in written
    assert "bao_quang_ninh-2" in written
    assert "tuyen_giao_ha_nam-9" in written
    assert WORDS in written, "the other site's article has these words still"
    for wanted in (URL, f"{URL}-moi", ID, "baoquangninh.com.vn/bai-1"):
        assert ask(sessions, wanted) == ([], [ID]), wanted
    assert ask(sessions, text_id) == (["tuyen_giao_ha_nam-9"], [ID])
    [other] = in_archive(sessions, "tuyen_giao_ha_nam-9")
    assert [source.id for source in other.sources] == ["tuyen_giao_ha_nam-9"]
    with reading(sessions) as session:
        status = {one.site: one for one in site_status(session)}["bao_quang_ninh"]
    assert (status.articles, status.texts, status.excluded, status.pending) == (1, 1, 2, 0)
    assert site.ledger.counts() == {"excluded": 2, "fetched": 1}
    # A second time changes nothing.
    clock.advance(days=1)
    assert exclude(sessions, clock, NAME, "another reason") == made


def in_archive(sessions: Sessions, wanted: str) -> list[Shown]:
    with reading(sessions) as session:
        return find_article(session, wanted)


def test_it_is_never_fetched_again_under_any_address(make_site: MakeSite, sessions: Sessions, clock: HandClock) -> None:
    site = filled(make_site)
    clock.advance(hours=2)
    assert URL in waiting(site), "it is young and due for another look"
    exclude(sessions, clock, NAME, "asked for")
    assert URL not in waiting(site)
    moved = f"{URL}-doi-ten"
    listed = [found("1"), found("1", moved), found("2"), found("3")]
    listed = [replace(one, modified=clock.now()) for one in listed]
    assert [decision for _, decision in site.ledger.see(listed)] == [
        Decision.KNOWN,
        Decision.KNOWN,
        Decision.MODIFIED,
        Decision.NEW,
    ]
    # What was on its way at that moment fails, is gone, is refused: none of it brings the address back.
    site.ledger.failed(URL, "timeout", soft=True)
    site.ledger.gone(moved, 404, "not found")
    site.ledger.forbidden(f"{URL}-moi", "robots.txt")
    clock.advance(days=60)
    assert set(waiting(site)) == {"https://baoquangninh.com.vn/bai-2", "https://baoquangninh.com.vn/bai-3"}
    assert site.ledger.counts() == {"excluded": 3, "fetched": 1, "found": 1}
    for url in (URL, moved, f"{URL}-khac"):
        assert not {url, "1"}.isdisjoint(site.ledger.excluded())
    assert site.ledger.excluded() == {"1", URL, moved, f"{URL}-moi"}


def test_a_page_on_its_way_is_not_kept(make_site: MakeSite, sessions: Sessions, clock: HandClock) -> None:
    site = filled(make_site)
    kept = site.keep(site.capture(URL))
    exclude(sessions, clock, NAME, "asked for")
    clock.advance(hours=1)
    before = rows_of(sessions)
    assert site.read(kept, page("1", "Lời sửa.")) is Outcome.EXCLUDED
    assert site.save(Rejection("no-body", "nothing"), url=URL) is Outcome.EXCLUDED
    # A page at a new address tells the key only in itself; and one that a redirect led from elsewhere.
    assert site.save(page("1", "Lời sửa.", url=f"{URL}-x"), url=f"{URL}-x") is Outcome.EXCLUDED
    away = "https://baoquangninh.com.vn/di"
    assert site.save(page("77", "Lời sửa."), url=away, final_url=URL) is Outcome.EXCLUDED
    after = rows_of(sessions)
    assert {name for name in after if after[name] != before[name]} == {"capture", "url"}
    assert site.ledger.counts() == {"excluded": 4, "fetched": 1}
    assert ask(sessions, URL) == ([], [ID])
    with reading(sessions) as session:
        assert rejects(session) == []


def rows_of(sessions: Sessions) -> dict[str, int]:
    with reading(sessions) as session:
        return {name: table.rows for name, table in exact_digest(session).items()}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_rejected_page_that_is_taken_down_is_no_reject(site: Site, sessions: Sessions, clock: HandClock) -> None:
    site.ledger.see([found("1")])
    site.save(Rejection("no-body", "nothing"), url=URL)
    with reading(sessions) as session:
        assert [one.url for one in rejects(session)] == [URL]
        name = known_article(session, URL)
    assert name == NAME
    exclude(sessions, clock, NAME, "asked for")
    with reading(sessions) as session:
        assert rejects(session) == []


def test_one_that_was_never_fetched_is_taken_down_in_advance(site: Site, sessions: Sessions, clock: HandClock) -> None:
    with reading(sessions) as session:
        assert known_article(session, URL) is None
    exclude(sessions, clock, NAME, "asked for")
    assert site.ledger.see([found("1"), found("1", f"{URL}-moi")])[0][1] is Decision.KNOWN
    assert waiting(site) == []
    assert ask(sessions, ID) == ask(sessions, URL) == ask(sessions, f"{URL}-moi") == ([], [ID])
    with reading(sessions) as session:
        assert known_article(session, ID) == NAME
        assert [one.id for one in exclusions(session)] == [ID]
    lift(sessions, clock, NAME)
    assert waiting(site) == [URL], "the other address waits for this one"


def test_lifting_gives_back_what_was(make_site: MakeSite, sessions: Sessions, clock: HandClock) -> None:
    site = filled(make_site)
    gone = "https://baoquangninh.com.vn/bai-1-cu"
    site.ledger.see([found("1", gone)])
    site.ledger.gone(gone, 404, "not found")
    site.ledger.see([found("1", f"{URL}-moi")])
    with reading(sessions) as session:
        before = exact_digest(session)
    exclude(sessions, clock, NAME, "asked for")
    was = lift(sessions, clock, NAME)
    assert (was.id, was.reason) == (ID, "asked for")
    with reading(sessions) as session:
        assert exact_digest(session) == before
    clock.advance(hours=2)
    assert site.save(page("1", WORDS, "Thêm.")) is Outcome.REVISED
    with pytest.raises(ArchiveError, match=f"{ID} was not taken down; .*--list"):
        lift(sessions, clock, NAME)


@pytest.mark.parametrize("reason", sorted(GONE_REASONS))
def test_lifting_leaves_gone_what_was_gone_by_its_words(
    make_site: MakeSite, sessions: Sessions, clock: HandClock, reason: str
) -> None:
    """Alone, and beside an address at which the article lives; the page of that is looked at earlier."""
    site = filled(make_site)
    clock.advance(hours=2)
    site.ledger.missed([URL], {}, Decision.VANISHED)
    assert site.save(Rejection(reason, "nothing"), url=URL) is Outcome.GONE
    check_lifting_changes_nothing(sessions, clock)
    with reading(sessions) as session:
        [(state, due)] = session.execute(select(Url.state, Url.due_at).where(Url.url == URL))
    assert state == "gone"
    assert due == next_look(at("2022-01-05", "08:00").instant, clock.now())
    assert due is not None
    assert site.save(page("1", WORDS, url=f"{URL}-moi"), url=f"{URL}-moi") is Outcome.UNCHANGED
    clock.advance(hours=1)
    site.save(Rejection(reason, "nothing"), url=URL)
    check_lifting_changes_nothing(sessions, clock)
    assert site.ledger.counts() == {"fetched": 2, "gone": 1}


def check_lifting_changes_nothing(sessions: Sessions, clock: HandClock) -> None:
    with reading(sessions) as session:
        before = exact_digest(session)
    exclude(sessions, clock, NAME, "asked for")
    lift(sessions, clock, NAME)
    with reading(sessions) as session:
        assert exact_digest(session) == before


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_site_that_the_archive_does_not_know(sessions: Sessions, clock: HandClock) -> None:
    with pytest.raises(ArchiveError, match="knows no site 'bao_quang_ninh' yet; give the article's URL"):
        exclude(sessions, clock, NAME, "asked for")
