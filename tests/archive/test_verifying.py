"""Verifying finds every way in which a capture is not what its row says, names it, and goes on."""

import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from archive.captures import CaptureWriter
from archive.database import Sessions
from archive.intake import Intake
from archive.models import Capture
from archive.store import Kept
from archive.verifying import Damage, Verifier
from archive.warc import walk
from tests.archive.helpers import Site, fetch

URL = "https://baoquangninh.com.vn/bai-"
PAGE = "".join(f"<p>Tin trong tỉnh, số {n * n % 977}.</p>" for n in range(100)).encode()
LONG = PAGE + random.Random(1).randbytes(40_000)
"""What lies at its end is not reached by who reads the record's own fields."""


about_files = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""What is found in files is the same whichever database knows of them."""


@pytest.fixture
def kept(tmp_path: Path, site: Site, make_site: Callable[..., Site]) -> list[Kept]:
    """Three pages, each fetched twice: unchanged, changed, gone; then one of another site."""
    out = []
    with CaptureWriter(tmp_path, site.name, site.clock, lambda file: 0) as writer, Intake(site.store, writer) as intake:
        for bodies in ((LONG, LONG), (PAGE[:-9], PAGE[:-8]), (PAGE[:-7], b"")):
            for body in bodies:
                site.clock.advance(minutes=1)
                out.append(fetch(site, intake, f"{URL}{len(bodies[0])}", body, 200 if body else 404))
    other = make_site("hong_linh", "ha-tinh")
    with (
        CaptureWriter(tmp_path, other.name, site.clock, lambda file: 0) as writer,
        Intake(other.store, writer) as intake,
    ):
        out.append(fetch(other, intake, "http://honglinh.vn/1", PAGE))
    assert [one.capture.location.refers_to_id for one in out] == [None, out[0].id, *[None] * 5]
    return out


def damages(sessions: Sessions, folder: Path, site: str | None = None) -> list[Damage]:
    return list(Verifier(sessions, folder, site).damages())


def change(sessions: Sessions, kept: Kept, **values: Any) -> None:
    with sessions.begin() as session:
        session.execute(update(Capture).where(Capture.id == kept.id).values(**values))


def path_of(folder: Path, kept: Kept) -> Path:
    return folder / kept.capture.location.file


def flip(folder: Path, kept: Kept, at: int = 40) -> None:
    path = path_of(folder, kept)
    data = bytearray(path.read_bytes())
    data[kept.capture.location.offset + at] ^= 0xFF
    path.write_bytes(bytes(data))


def test_whole_captures_are_found_whole(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    verifier = Verifier(sessions, tmp_path)
    told: list[int] = []
    assert list(verifier.damages(told.append)) == []
    counts = verifier.counts
    assert (counts.captures, counts.records, counts.files, counts.damaged) == (7, 16, 2, 0)
    assert sum(told) == verifier.size() == sum(path_of(tmp_path, kept[n]).stat().st_size for n in (0, 6))
    only = Verifier(sessions, tmp_path, "hong_linh")
    assert list(only.damages()) == [] and only.counts.captures == 1


def test_a_damaged_record_is_named_and_with_it_those_that_refer_to_it(
    sessions: Sessions, tmp_path: Path, kept: list[Kept]
) -> None:
    for n in (0, 3):
        flip(tmp_path, kept[n], kept[n].capture.location.length - 20)
    found = damages(sessions, tmp_path)
    places = [one.capture.location for one in (kept[0], kept[3], kept[1])]
    assert [(one.file, one.offset) for one in found] == [(place.file, place.offset) for place in places]
    assert [one.url for one in found] == [kept[n].capture.url for n in (0, 3, 1)]
    assert found[0].why.startswith("gzip says ")
    assert found[2].why == f"its payload is in {places[0].file} at {places[0].offset}, which is damaged"


@about_files
def test_a_damaged_request_is_named_as_a_record_of_no_capture(
    sessions: Sessions, tmp_path: Path, kept: list[Kept]
) -> None:
    place = kept[2].capture.location
    flip(tmp_path, kept[2], place.length + 40)
    [found] = damages(sessions, tmp_path)
    assert (found.url, found.offset) == (None, place.offset + place.length)


@about_files
def test_digests_are_computed(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    """A record whose compression is whole and whose digest is wrong: the last of its file, for its length changes."""
    place, path = kept[6].capture.location, path_of(tmp_path, kept[6])
    data = path.read_bytes()
    record = zlib.decompress(data[place.offset : place.offset + place.length], 31)
    for name in (b"WARC-Block-Digest: sha1:", b"WARC-Payload-Digest: sha256:"):
        at = record.index(name) + len(name)
        member = zlib.compress(record[:at] + b"0123" + record[at + 4 :], wbits=31)
        path.write_bytes(data[: place.offset] + member)
        change(sessions, kept[6], length=len(member))
        [found] = damages(sessions, tmp_path)
        assert found.url == kept[6].capture.url
        assert "is not that of sha" in found.why


def test_a_row_that_says_something_else(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    row = kept[3].capture
    said: dict[str, Any] = {name: getattr(row.location, name) for name in ("length", "payload_digest", "offset")}
    said |= {"payload_length": row.location.payload_length, "url": row.url, "status": 200, "refers_to_id": None}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"length": 9}, "its length is"),
        ({"payload_digest": "sha256:00"}, "its payload is sha256:"),
        ({"payload_length": 9}, f"its payload's length is {len(PAGE) - 8}, not 9"),
        ({"url": "http://a.vn/"}, "its url is https://baoquangninh.com.vn/bai-"),
        ({"status": 203}, "its status is 200, not 203"),
        ({"refers_to_id": kept[0].id}, "its kind is response, not revisit"),
        ({"offset": 1}, "no record begins there"),
        ({"offset": 10**9}, "the file ends before it"),
    ]
    for values, why in cases:
        change(sessions, kept[3], **(said | values))
        [found] = damages(sessions, tmp_path)
        assert why in found.why
    change(sessions, kept[3], **said)
    assert damages(sessions, tmp_path) == []


def test_a_payload_that_is_not_where_it_should_be(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    change(sessions, kept[1], refers_to_id=kept[2].id)
    [found] = damages(sessions, tmp_path)
    assert found.url == kept[1].capture.url
    assert "has another warc-target-uri than it says" in found.why
    change(sessions, kept[1], refers_to_id=kept[0].id)
    change(sessions, kept[0], purged_at=kept[0].capture.fetched_at)
    [found] = damages(sessions, tmp_path)
    assert "which was purged" in found.why
    verifier = Verifier(sessions, tmp_path)
    assert len(list(verifier.damages())) == 1
    assert (verifier.counts.captures, verifier.counts.purged) == (6, 1)


@about_files
def test_what_was_purged_needs_no_record(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    change(sessions, kept[3], purged_at=kept[3].capture.fetched_at)
    flip(tmp_path, kept[3])
    assert damages(sessions, tmp_path) == []


@about_files
def test_a_file_that_is_gone_or_cut_costs_no_other(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    place = kept[4].capture.location
    os.truncate(path_of(tmp_path, kept[0]), place.offset + 50)
    found = damages(sessions, tmp_path)
    assert [one.offset for one in found] == [place.offset, kept[5].capture.location.offset]
    assert found[0].why == "it is torn: the file ends within it"
    path_of(tmp_path, kept[0]).unlink()
    found = damages(sessions, tmp_path)
    assert [one.url for one in found] == [one.capture.url for one in kept[:6]]
    assert all("cannot be read (No such file" in one.why for one in found)


@about_files
def test_what_a_crawl_is_writing_is_no_damage(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    with path_of(tmp_path, kept[6]).open("ab") as file:
        file.write(zlib.compress(b"WARC/1.1\r\n", wbits=31)[:-3])
    assert damages(sessions, tmp_path) == []


@about_files
def test_a_walk_goes_on_behind_damage_without_a_row(sessions: Sessions, tmp_path: Path, kept: list[Kept]) -> None:
    """Nothing is hidden by the damage before it: every other row is looked at all the same."""
    whole = list(walk(path_of(tmp_path, kept[0])))
    flip(tmp_path, kept[0], -whole[1].offset + 30)
    verifier = Verifier(sessions, tmp_path)
    [found] = verifier.damages()
    assert (found.url, found.offset) == (None, 0)
    assert verifier.counts.records == 15
