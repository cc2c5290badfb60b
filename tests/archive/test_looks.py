"""What a 304 means in the archive: a revisit that tools read, and an article that is as it was."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from warcio.archiveiterator import ArchiveIterator

from archive.captures import CaptureWriter, Held, Location, Sent, read_capture
from archive.database import Sessions, reading
from archive.decoding import decoded
from archive.digest import logical_digest
from archive.exclusion import Excluded
from archive.looks import Looks
from archive.models import Capture, Extraction, Url
from archive.purge import purge
from archive.query import ArticleName
from archive.settings import Settings
from archive.store import Kept, NewCapture
from archive.takedown import exclude
from archive.verifying import Verifier
from archive.warc import Headers, walk
from tests.archive.helpers import START, Site, found, page

URL = "https://baoquangninh.com.vn/bai-1"
PAGE = b"<p>" + "Mười hai hộ nhận cây giống.".encode() + b"</p>"
HEADERS: Headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "identity"), ("ETag", '"a"')]


def keep(site: Site, folder: Path, status: int, body: bytes, headers: Headers, held: Kept | None = None) -> Kept:
    """Capture an answer; a 304 is about the page of `held`."""
    now = site.clock.now()
    with CaptureWriter(folder, site.name, site.clock, lambda file: 0) as writer:
        earlier = Held(held.id, held.capture.location) if held else None
        [place] = writer.append_all([Sent(URL, status, headers, body, now, earlier=earlier)])
    return site.keep(NewCapture(place, URL, URL, status, headers, now))


def test_a_304_is_a_revisit_that_names_the_page(site: Site, settings: Settings, sessions: Sessions) -> None:
    folder = settings.captures
    first = keep(site, folder, 200, PAGE, HEADERS)
    site.clock.advance(days=1)
    told = [("ETag", '"a"'), ("Content-Encoding", "gzip"), ("Expires", "0"), ("Content-Length", "9")]
    second = keep(site, folder, 304, b"", told, first)
    place, original = second.capture.location, first.capture.location
    assert place.refers_to_id == first.id
    assert (place.payload_digest, place.payload_length) == (original.payload_digest, len(PAGE))
    record = next(one for one in walk(folder / place.file, check=True) if one.kind == "revisit")
    assert record.fields["warc-profile"] == "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    assert record.fields["warc-refers-to-target-uri"] == URL
    assert (record.status, "content-length" in {name.lower() for name, _ in record.headers}) == (304, False)
    read = read_capture(folder, place, original)
    assert (read.status, decoded(read.headers, read.payload)) == (304, PAGE)
    assert ("Expires", "0") in read.headers and ("Content-Encoding", "gzip") not in read.headers
    with (folder / place.file).open("rb") as stream:
        assert [one.rec_type for one in ArchiveIterator(stream)].count("revisit") == 1
    verifier = Verifier(sessions, folder)
    assert list(verifier.damages()) == [] and verifier.counts.captures == 2


def test_a_304_about_a_page_that_is_not_there_refers_to_nothing(site: Site, settings: Settings) -> None:
    first = keep(site, settings.captures, 200, PAGE, HEADERS)
    elsewhere = Kept(first.id, NewCapture(Location("x/y.warc.gz", 0, 9, "sha256:0", 9), URL, URL, 200, [], START))
    assert keep(site, settings.captures, 304, b"", [], elsewhere).capture.location.refers_to_id is None
    assert keep(site, settings.captures, 304, b"", []).capture.location.payload_length == 0


def test_an_article_that_did_not_change_is_looked_at_again_as_if_fetched(
    site: Site, settings: Settings, sessions: Sessions
) -> None:
    site.ledger.see([found("1")])
    looks = Looks(sessions, site.id, site.clock, settings.captures)
    site.read(keep(site, settings.captures, 200, PAGE, HEADERS), page("1"))
    look = looks.at(URL)
    assert look.is_conditional and look.answer.etag == '"a"'
    site.ledger.failed(URL, "timeout", soft=True)
    site.clock.advance(hours=8)
    assert looks.article_unchanged(URL)
    with reading(sessions) as session:
        row = session.scalars(select(Url).where(Url.url == URL)).one()
        assert (row.fetched_at, row.failures, row.unchanged) == (site.clock.now(), 0.0, 1)
        assert row.due_at == START.replace(hour=8) + timedelta(days=1)
        assert len(session.scalars(select(Extraction)).all()) == 1
    assert not looks.article_unchanged("https://baoquangninh.com.vn/bai-2")


def test_an_article_on_several_pages_or_refused_is_asked_for_whole(
    site: Site, settings: Settings, sessions: Sessions
) -> None:
    site.ledger.see([found("1")])
    looks = Looks(sessions, site.id, site.clock, settings.captures)
    site.read(keep(site, settings.captures, 200, PAGE, HEADERS), page("1"), pages=2)
    assert not looks.at(URL).is_validated


def test_the_digest_of_an_archive_knows_nothing_of_304(site: Site, settings: Settings, sessions: Sessions) -> None:
    first = keep(site, settings.captures, 200, PAGE, HEADERS)
    with reading(sessions) as session:
        before = logical_digest(session)
    keep(site, settings.captures, 304, b"", [], first)
    with reading(sessions) as session:
        assert logical_digest(session) == before


def test_a_purge_takes_what_says_that_the_page_did_not_change(
    site: Site, settings: Settings, sessions: Sessions, engine: Engine
) -> None:
    site.ledger.see([found("1")])
    first = keep(site, settings.captures, 200, PAGE, HEADERS)
    site.read(first, page("1"))
    keep(site, settings.captures, 304, b"", [], first)
    name = ArticleName(site.name, "1", URL)
    taken: Excluded = exclude(sessions, site.clock, name, "theo yêu cầu")
    done = purge(engine, settings.captures, settings.locks, site.clock, taken, lambda url: url == URL)
    assert done.records == 2
    with reading(sessions) as session:
        assert all(row.purged_at for row in session.scalars(select(Capture)))
    assert list(Verifier(sessions, settings.captures).damages()) == []
    assert (
        Looks(sessions, site.id, site.clock, settings.captures).kept(URL, first.capture.location.payload_digest) is None
    )
