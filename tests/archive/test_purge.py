"""A purge leaves neither the words nor the bytes of an article anywhere, and every other record in its place."""

import gzip
import os
import random
import shutil
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import purge as purging
from archive.article import Rejection
from archive.captures import CaptureError, CaptureLocked, CaptureWriter, Location, read_capture
from archive.database import ArchiveError, Sessions, reading
from archive.digest import logical_digest
from archive.exclusion import Excluded, exclusions
from archive.locks import keeping_captures
from archive.models import Capture, Extraction, StoredArticle, StoredText, Url
from archive.purge import Purged, purge, purged_member
from archive.query import ArticleName, find_article
from archive.readings import Effect, Readings, Reread, Scope
from archive.settings import Settings
from archive.store import NewCapture, Outcome, Read
from archive.takedown import exclude, lift
from archive.verifying import Verifier
from tests.archive.helpers import START, Site, append, found, page

MakeSite = Callable[..., Site]
URL = "https://baoquangninh.com.vn/bai-1"
NAME = ArticleName("bao_quang_ninh", "1", URL)
WORDS = ("Một lời chỉ bài này có.", "Tựa chỉ bài này có", "Lời đã sửa mà chỉ bài này có.", "Ký tên Vũ Khắc Gỡ")
SHARED = "Một lời mà hai bài có."
BYTES = random.Random(4).randbytes(150_000)
"""What the pages are made of: so much that it needs several stored blocks, and cannot be compressed."""


class Filled:
    """An archive of two sites with true captures, in which article 1 of the first was fetched four times."""

    def __init__(self, settings: Settings, engine: Engine, make_site: MakeSite, sessions: Sessions) -> None:
        self.settings, self.engine, self.sessions = settings, engine, sessions
        self.site, self.other = make_site(), make_site("tuyen_giao_ha_nam", "ha-nam")
        self.clock = self.site.clock
        self.site.ledger.see([found("1", title=WORDS[1]), found("2")])
        secret = {"title": WORDS[1], "author": WORDS[3]}
        self.fetch(self.site, URL, BYTES[:100], page("1", WORDS[0], SHARED, **secret))
        self.fetch(self.site, "https://baoquangninh.com.vn/bai-2", b"other", page("2", "Bài hai."))
        self.clock.advance(hours=2)
        self.fetch(self.site, URL, BYTES, page("1", WORDS[2], **secret))
        self.fetch(self.site, f"{URL}?trang=2", BYTES[200:900], None)
        self.clock.advance(hours=2)
        self.fetch(self.site, URL, BYTES[50:250], page("1", SHARED, **secret))
        self.fetch(self.site, URL, BYTES[90:300], Rejection("no-body", WORDS[0]))
        self.fetch(
            self.other, "https://tuyengiao.vn/bai-9", b"other", page("9", SHARED, url="https://tuyengiao.vn/bai-9")
        )

    def fetch(self, site: Site, url: str, body: bytes, result: object) -> None:
        headers = [("Content-Type", "text/html"), ("X-Words", f"{url}")]
        with CaptureWriter(self.settings.captures, site.name, self.clock, lambda file: 0) as writer:
            place = append(writer, url, 200, headers, body)
        kept = site.keep(NewCapture(place, url, url, 200, headers, self.clock.now()))
        if result is not None:
            with site.store.writing() as session:
                site.store.save(session, [Read(kept, result, url, "1")])  # type: ignore[arg-type]

    def excluded(self) -> Excluded:
        return exclude(self.sessions, self.clock, NAME, "theo yêu cầu")

    def purge(self, excluded: Excluded | None = None) -> Purged:
        one, settings = excluded or self.excluded(), self.settings
        return purge(self.engine, settings.captures, settings.locks, self.clock, one, lambda url: url.startswith(URL))

    def captures(self) -> list[Capture]:
        with reading(self.sessions) as session:
            return list(session.scalars(select(Capture).order_by(Capture.id)))

    def payload(self, row: Capture) -> bytes:
        place = Location(row.file, row.offset, row.length, row.payload_digest, row.payload_length)
        return read_capture(self.settings.captures, place).payload

    def files(self) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in sorted(self.settings.captures.rglob("*.warc.gz"))}


@pytest.fixture
def filled(settings: Settings, engine: Engine, make_site: MakeSite, sessions: Sessions) -> Filled:
    return Filled(settings, engine, make_site, sessions)


def members(data: bytes) -> list[bytes]:
    out = []
    while data:
        one = zlib.decompressobj(wbits=31)
        out.append(one.decompress(data))
        data = one.unused_data
    return out


def left_of(filled: Filled) -> list[str]:
    """Where in the data folder, and on PostgreSQL in its tables, anything of the article is."""
    places = {}
    for file in filled.settings.data.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            places[str(file)] = b"".join([data, *(members(data) if file.name.endswith(".warc.gz") else [])])
    if filled.engine.dialect.name == "postgresql":
        with reading(filled.sessions) as session:
            for table in (StoredText, Extraction, Url, Capture, StoredArticle):
                rows = session.execute(select(*table.__table__.columns)).all()
                places[table.__tablename__] = repr(rows).encode()
    wanted = [words.encode() for words in WORDS]
    wanted += [BYTES[start : start + 16] for start in range(0, len(BYTES) - 16, 1 << 15)]
    return [name for name, data in places.items() if any(one in data for one in wanted)]


def test_a_purge_leaves_nothing_and_all_else_as_it_was(filled: Filled) -> None:
    before, files = filled.captures(), filled.files()
    assert len(left_of(filled)) >= 2, "captures and tables hold it"
    excluded = filled.excluded()
    assert len(left_of(filled)) >= 2, "taken down, it is still there"
    done = filled.purge(excluded)
    assert done == Purged(records=5, files=("bao_quang_ninh/2022-01.warc.gz",), texts=2)
    assert left_of(filled) == []
    after = filled.captures()
    purged = [row for row in after if row.purged_at is not None]
    assert [row.url for row in purged] == [URL, URL, f"{URL}?trang=2", URL, URL]
    assert [(row.file, row.offset, row.length) for row in after] == [
        (row.file, row.offset, row.length) for row in before
    ]
    for name, data in filled.files().items():
        assert len(data) == len(files[name])
        assert subprocess.run(["gzip", "-t", name], check=False).returncode == 0
        checker = Checker.__new__(Checker)
        checker.inputs, checker.verbose, checker.exit_value = [name], False, 0
        checker.process_all()
        assert checker.exit_value == 0
        with Path(name).open("rb") as opened:
            kinds = [record.rec_type for record in ArchiveIterator(opened)]
        if "quang_ninh" in name:
            assert kinds[2::2] == ["request"] * 6
            assert [kind for kind in kinds if kind != "request"] == [
                "warcinfo",
                "metadata",
                "response",
                "metadata",
                "metadata",
                "metadata",
                "metadata",
            ]
    for row in after:
        if row.purged_at is None:
            assert filled.payload(row) == b"other"
        else:
            with pytest.raises(CaptureError):
                filled.payload(row)
    verifier = Verifier(filled.sessions, filled.settings.captures)
    assert list(verifier.damages()) == []
    assert (verifier.counts.captures, verifier.counts.purged) == (2, 5)
    with reading(filled.sessions) as session:
        [one] = exclusions(session)
        assert (one.reason, one.purged_at) == ("theo yêu cầu", filled.clock.now())
        assert session.scalar(select(StoredArticle.url).where(StoredArticle.key == "1")) == URL
        [shown] = find_article(session, "tuyen_giao_ha_nam-9")
        assert shown.record.text() == SHARED


def test_a_purge_twice_is_one(filled: Filled) -> None:
    excluded = filled.excluded()
    first = filled.purge(excluded)
    files = filled.files()
    with reading(filled.sessions) as session:
        digest = logical_digest(session)
    filled.clock.advance(days=1)
    again = filled.purge(excluded)
    assert (again.records, again.texts) == (first.records, 0)
    assert filled.files() == files
    with reading(filled.sessions) as session:
        assert logical_digest(session) == digest


def test_a_purge_that_was_cut_between_files_and_database(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    excluded = filled.excluded()

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(purging, "_forget", die)
        with pytest.raises(KeyboardInterrupt):
            filled.purge(excluded)
    assert {row.purged_at for row in filled.captures()} == {None}, "the database was not reached"
    filled.purge(excluded)
    assert left_of(filled) == []
    assert len([row for row in filled.captures() if row.purged_at]) == 5


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_file_that_cannot_be_written_stays_whole(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    excluded, files = filled.excluded(), filled.files()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(CaptureError, match="make room for a copy of it, then purge again"):
            filled.purge(excluded)
    assert filled.files() == files
    assert list(filled.settings.captures.rglob(".purging*")) == []
    assert {row.purged_at for row in filled.captures()} == {None}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_torn_tail_is_cut_after_a_purge_of_an_older_month(filled: Filled) -> None:
    filled.clock.advance(days=31)
    filled.fetch(filled.site, "https://baoquangninh.com.vn/bai-3", b"third", None)
    january, february = (filled.settings.captures / "bao_quang_ninh" / f"2022-0{n}.warc.gz" for n in (1, 2))
    whole = february.read_bytes()
    february.write_bytes(whole + whole[:50])
    for file, seconds in ((january, 1_000), (february, 2_000)):
        os.utime(file, (seconds, seconds))
    filled.purge()
    assert january.stat().st_mtime == 1_000
    filled.clock.advance(days=31)
    filled.fetch(filled.site, "https://baoquangninh.com.vn/bai-4", b"fourth", None)
    assert february.read_bytes() == whole


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_purge_waits_for_crawl_and_backup(filled: Filled) -> None:
    excluded, settings, files = filled.excluded(), filled.settings, filled.files()
    crawl = CaptureWriter(settings.captures, "bao_quang_ninh", filled.clock, lambda file: 0)
    with crawl, pytest.raises(CaptureLocked, match=r"bao_quang_ninh: process \d+ is crawling this site"):
        filled.purge(excluded)
    backup = keeping_captures(settings.locks, "no backup can be made", shared=True)
    with backup, pytest.raises(ArchiveError, match="bao_quang_ninh-1 cannot be purged now: a backup is being made"):
        filled.purge(excluded)
    assert filled.files() == files


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_captures_of_another_machine_are_named_and_left_to_it(filled: Filled) -> None:
    [file] = [Path(name) for name in filled.files() if "quang_ninh" in name]
    away = file.rename(file.with_suffix(".away"))
    done = filled.purge()
    assert done.elsewhere == ("bao_quang_ninh/2022-01.warc.gz",)
    with reading(filled.sessions) as session:
        assert [one.purged_at for one in exclusions(session)] == [None], "it is not done"
    away.rename(file)
    assert filled.purge().elsewhere == ()
    assert left_of(filled) == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_what_was_half_purged_is_fetched_anew_once_that_is_lifted(filled: Filled) -> None:
    [file] = [Path(name) for name in filled.files() if "quang_ninh" in name]
    away = file.rename(file.with_suffix(".away"))
    assert filled.purge().elsewhere
    away.rename(file)
    lift(filled.sessions, filled.clock, NAME)
    assert URL in [one.url for one, _ in filled.site.ledger.pending()]
    with reading(filled.sessions) as session:
        assert session.scalars(select(StoredArticle.key).order_by(StoredArticle.id)).all() == ["2", "9"]
    assert filled.site.save(page("1", WORDS[0])) is Outcome.NEW
    with reading(filled.sessions) as session:
        assert len(find_article(session, URL)) == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_a_capture_that_another_article_was_read_from_stays(filled: Filled) -> None:
    filled.fetch(filled.site, "https://baoquangninh.com.vn/bai-2-cu", b"second", page("2", "Bài hai, sửa."))
    with filled.sessions.begin() as session:
        [row] = session.scalars(select(Capture).where(Capture.url == "https://baoquangninh.com.vn/bai-2-cu"))
        row.final_url = URL
    done = filled.purge()
    assert done.shared == ("bao_quang_ninh-2",)
    assert done.records == 5
    [kept] = [row for row in filled.captures() if row.final_url == URL and row.purged_at is None]
    assert filled.payload(kept) == b"second"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_what_holds_the_same_page_goes_as_well(filled: Filled) -> None:
    """A record that refers to one of the article's, under an address nobody knows for it."""
    away = "https://baoquangninh.com.vn/in/1"
    filled.fetch(filled.site, away, BYTES[:100], None)
    with filled.sessions.begin() as session:
        first = session.scalars(select(Capture).where(Capture.url == URL).order_by(Capture.id)).first()
        assert first is not None
        [row] = session.scalars(select(Capture).where(Capture.url == away))
        row.refers_to_id = first.id
    assert filled.purge().records == 6
    assert left_of(filled) == []


def test_lifting_what_was_purged_begins_anew(filled: Filled) -> None:
    filled.purge()
    filled.clock.advance(days=1)
    assert lift(filled.sessions, filled.clock, NAME).purged_at is not None
    assert [(one.url, str(why)) for one, why in filled.site.ledger.pending() if one.key == "1"] == [(URL, "pending")]
    assert str(filled.site.ledger.see([found("1")])[0][1]) == "pending"
    assert filled.site.save(page("1", "Lời mới.")) is Outcome.NEW
    with reading(filled.sessions) as session:
        assert [one.record.text() for one in find_article(session, URL)] == ["Lời mới."]


def test_a_page_read_before_a_purge_and_saved_after_it_brings_no_words_back(filled: Filled) -> None:
    readings = Readings(filled.sessions, "2", filled.clock)
    secret = page("1", WORDS[0], title=WORDS[1], author=WORDS[3])
    # As a version reads that names another key, which the ledger does not know: it is the same article all the same.
    read = [
        Reread(one, replace(secret, key="tin-moi") if one.url == URL else page("2"), found("?", one.url))
        for some in readings.due(Scope(filled.site.id))
        for one in some
    ]
    excluded = filled.excluded()
    took = [change.effect for change in readings.compare(filled.site.id, read)]
    assert took == [Effect.TAKEN_DOWN, Effect.CHANGED, *[Effect.TAKEN_DOWN] * 3], "of one that is not purged as well"
    assert [some.url for due in readings.due(Scope(filled.site.id)) for some in due] == [page("2").url]
    filled.purge(excluded)
    assert [change.effect for change in readings.save(filled.site.id, read)] == took
    assert left_of(filled) == []
    lift(filled.sessions, filled.clock, NAME)
    assert {change.effect for change in readings.save(filled.site.id, read)} == {Effect.TAKEN_DOWN, Effect.KNOWN}
    assert left_of(filled) == []


@pytest.mark.parametrize("length", [290, 300, 330, 1_000, 65_000, 65_553, 65_554, 65_558, 65_559, 131_098, 200_001])
def test_a_record_of_any_length(length: int) -> None:
    member = purged_member(length, b"<urn:uuid:01234567-89ab-cdef-0123-456789abcdef>", START)
    assert len(member) == length
    record = next(iter(ArchiveIterator(BytesIO(member), check_digests="raise")))
    assert record.rec_type == "metadata"
    assert record.content_stream().read().startswith(b"purged: 2022-01-05T05:00:00Z")
    assert gzip.decompress(member).endswith(b"\r\n\r\n")


def test_a_record_that_does_not_fit_is_refused() -> None:
    with pytest.raises(CaptureError, match="no record of a purge fits into 120 bytes"):
        purged_member(120, b"<urn:uuid:01234567-89ab-cdef-0123-456789abcdef>", START)
