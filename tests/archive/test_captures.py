"""Captures survive what happens to files: torn tails, full disks, two writers."""

import errno
import fcntl
import gzip
import os
import random
import resource
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import brotli
import pytest
from warcio.archiveiterator import ArchiveIterator

from archive import captures
from archive.captures import CaptureError, CaptureLocked, CaptureWriter, Location, Sent, last_whole_member, read_capture
from archive.decoding import decoded
from tests.archive.helpers import START, HandClock, append

URL = "https://baoquangninh.com.vn/chinh-tri/202201/bài-viết-2568339/"
HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Transfer-Encoding", "chunked"),
    ("Connection", "keep-alive"),
    ("Keep-Alive", "timeout=5"),
    ("Proxy-Connection", "keep-alive"),
    ("Content-Length", "1"),
    ("Content-Encoding", "gzip"),
    ("ETag", '"abc"'),
    ("Set-Cookie", "a=1"),
    ("Set-Cookie", "b=2"),
    ("X-Place", "Hạ Long".encode().decode("latin-1")),
]
BODY = gzip.compress("Thành phố Hạ Long".encode() * 50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "captures"


def writer(folder: Path, clock: HandClock, known_end: int = 0) -> CaptureWriter:
    return CaptureWriter(folder, "bao_quang_ninh", clock, lambda file: known_end)


@pytest.fixture
def written(folder: Path, clock: HandClock) -> Iterator[list[Location]]:
    with writer(folder, clock) as opened:
        yield [append(opened, f"{URL}{i}", 200, HEADERS, BODY + bytes([i])) for i in range(5)]


def test_round_trip(folder: Path, clock: HandClock) -> None:
    with writer(folder, clock) as opened:
        first = append(opened, URL, 200, HEADERS, BODY)
        second = append(opened, URL, 404, [], b"")
    assert first.file == "bao_quang_ninh/2022-01.warc.gz"
    assert first.payload_length == len(BODY)
    assert first.payload_digest.startswith("sha256:")
    record = read_capture(folder, first)
    assert (record.url, record.status, record.payload) == (URL, 200, BODY)
    assert record.headers == [HEADERS[0], *HEADERS[6:], ("Content-Length", str(len(BODY)))]
    assert decoded(record.headers, record.payload) == "Thành phố Hạ Long".encode() * 50
    record = read_capture(folder, second)
    assert (record.status, record.headers, record.payload) == (404, [("Content-Length", "0")], b"")


def test_each_record_is_a_gzip_member(folder: Path, written: list[Location]) -> None:
    data = (folder / written[0].file).read_bytes()
    for place in written:
        member = zlib.decompressobj(wbits=31)
        member.decompress(data[place.offset : place.offset + place.length])
        assert member.eof
        assert member.unused_data == b""


def test_a_record_is_durable_before_append_returns(
    folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def noted(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noted)
    with writer(folder, clock) as opened:
        place = append(opened, URL, 200, HEADERS, BODY)
        assert synced[-1] == (folder / place.file).stat().st_size >= place.offset + place.length


def batch(number: int, size: int = 1_000) -> list[Sent]:
    return [Sent(f"{URL}{n}", 200, HEADERS, os.urandom(size), START) for n in range(number)]


def test_one_wait_for_the_disk_serves_all_that_is_written_together(
    folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = batch(5)
    with writer(folder, clock) as opened:
        append(opened, URL, 200, HEADERS, BODY)
        synced: list[int] = []
        monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_size))
        places = opened.append_all(responses)
    assert synced == [(folder / places[0].file).stat().st_size]
    read = [read_capture(folder, place) for place in places]
    assert [(one.url, one.payload) for one in read] == [(one.url, one.body) for one in responses]


def test_what_is_written_together_goes_on_in_the_next_file(
    folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captures, "ROLL_AT", 2_500)
    responses = batch(6)
    with writer(folder, clock) as opened:
        places = opened.append_all(responses)
    assert len({place.file for place in places}) > 1
    for place, one in zip(places, responses, strict=True):
        assert read_capture(folder, place).payload == one.body


def test_what_cannot_be_written_whole_leaves_nothing_of_it(
    folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with writer(folder, clock) as opened:
        end = (folder / append(opened, URL, 200, HEADERS, BODY).file).stat().st_size
        with monkeypatch.context() as patch, pytest.raises(CaptureError, match="No space left"):
            patch.setattr(os, "fsync", full)
            opened.append_all(batch(3))
        assert append(opened, URL, 200, HEADERS, BODY).offset == end


def test_a_torn_tail_is_cut_on_opening(folder: Path, clock: HandClock, written: list[Location]) -> None:
    path = folder / written[0].file
    whole = path.read_bytes()
    dice = random.Random(5)
    # Of each pair, response and request are records of their own.
    responses = [(place.offset, place.offset + place.length) for place in written]
    ends = [0, *(end for pair in responses for end in pair), len(whole)]
    cuts = {dice.randrange(1, len(whole)) for _ in range(40)} | set(ends[1:])
    other = folder / "other"
    for cut in sorted(cuts):
        (other / "bao_quang_ninh").mkdir(parents=True, exist_ok=True)
        torn = other / written[0].file
        torn.write_bytes(whole[:cut])
        with writer(other, clock) as opened:
            place = append(opened, URL, 200, HEADERS, BODY)
        kept = max(end for end in ends if end <= cut)
        assert torn.read_bytes()[:kept] == whole[:kept]
        # An emptied file begins with its warcinfo record again.
        assert place.offset == kept or kept == 0
        with torn.open("rb") as file:
            assert sum(1 for _ in ArchiveIterator(file)) == max(ends.index(kept), 1) + 2
        assert read_capture(other, place).payload == BODY


def test_a_torn_tail_is_cut_though_another_month_has_begun(folder: Path, clock: HandClock) -> None:
    with writer(folder, clock) as opened:
        place = append(opened, URL, 200, HEADERS, BODY)
    path = folder / place.file
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: place.offset - 1])
    clock.advance(days=40)
    with writer(folder, clock) as opened:
        assert append(opened, URL, 200, HEADERS, BODY).file == "bao_quang_ninh/2022-02.warc.gz"
    assert path.read_bytes() == whole
    with CaptureWriter(folder, "bao_quang_ninh", clock, lambda file: 10**9 if "2022-01" in file else 0) as opened:
        append(opened, URL, 200, HEADERS, BODY)
    assert path.read_bytes() == whole, "one that is too short is for captures verify to tell of"


@pytest.mark.parametrize(
    "tail", [b"\0" * 5000, b"\x1f\x8b\x08\0", b"garbage", BODY[:-9]], ids=["zeros", "header", "words", "half a member"]
)
def test_a_tail_of_nonsense_is_cut(folder: Path, clock: HandClock, written: list[Location], tail: bytes) -> None:
    path = folder / written[0].file
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert last_whole_member(path, 0) == len(whole)
    assert last_whole_member(path, written[2].offset) == len(whole)


def test_a_member_that_inflates_far_is_whole(tmp_path: Path) -> None:
    member = gzip.compress(b"\0" * (5 * 2**20), mtime=0)
    (tmp_path / "file").write_bytes(member * 3)
    assert last_whole_member(tmp_path / "file", 0) == 3 * len(member)


def test_what_the_database_knows_is_never_cut(folder: Path, clock: HandClock) -> None:
    with writer(folder, clock) as opened:
        place = append(opened, URL, 200, HEADERS, BODY)
    path = folder / place.file
    end = place.offset + place.length
    os.truncate(path, end - 1)
    with (
        writer(folder, clock, known_end=end) as opened,
        pytest.raises(CaptureError, match=f"holds {end - 1} bytes, but the database knows of {end}"),
    ):
        append(opened, URL, 200, HEADERS, BODY)
    assert path.stat().st_size == end - 1


def test_two_machines_of_one_archive_never_name_two_records_alike(tmp_path: Path, clock: HandClock) -> None:
    ends: dict[str, int] = {}
    places: list[Location] = []
    for machine in ("a", "b", "a", "b", "a"):
        with CaptureWriter(tmp_path / machine, "s", clock, lambda file: ends.get(file, 0)) as opened:
            place = append(opened, URL, 200, HEADERS, BODY + machine.encode())
        ends[place.file] = place.offset + place.length
        places.append(place)
        assert read_capture(tmp_path / machine, place).payload == BODY + machine.encode()
    assert [place.file for place in places] == [f"s/2022-01{number}.warc.gz" for number in ("", "-2", "", "-2", "")]
    assert len({(place.file, place.offset) for place in places}) == 5


def test_a_file_that_is_too_short_and_moved_away_is_followed_by_another(folder: Path, clock: HandClock) -> None:
    ends: dict[str, int] = {}

    def write() -> Location:
        with CaptureWriter(folder, "s", clock, lambda file: ends.get(file, 0)) as opened:
            return append(opened, URL, 200, HEADERS, BODY)

    place = write()
    ends[place.file] = place.offset + place.length
    path = folder / place.file
    os.truncate(path, 100)
    with pytest.raises(CaptureError, match="move it away to start another"):
        write()
    path.rename(folder / "aside")
    assert write().file == "s/2022-01-2.warc.gz"


def test_damage_below_the_known_end_stays(folder: Path, clock: HandClock) -> None:
    with writer(folder, clock) as opened:
        first = append(opened, URL, 200, HEADERS, BODY)
        second = append(opened, URL, 200, HEADERS, BODY)
    path = folder / first.file
    data = bytearray(path.read_bytes())
    data[first.offset + 40] ^= 0xFF
    path.write_bytes(bytes(data) + b"torn")
    end = len(data)
    with writer(folder, clock, known_end=end) as opened:
        assert append(opened, URL, 200, HEADERS, BODY).offset == end
    assert read_capture(folder, second).payload == BODY


def test_one_writer_a_site(folder: Path, clock: HandClock) -> None:
    with writer(folder, clock):
        with pytest.raises(CaptureLocked, match=f"bao_quang_ninh: process {os.getpid()} is crawling"):
            writer(folder, clock)
        CaptureWriter(folder, "hong_linh", clock, lambda file: 0).close()
    writer(folder, clock).close()


def test_the_lock_is_that_of_the_file_system(folder: Path, clock: HandClock) -> None:
    """A stale lock file of a process that was killed stops nobody."""
    (folder / "bao_quang_ninh").mkdir(parents=True)
    (folder / "bao_quang_ninh" / "writer.lock").write_text("1\n")
    with writer(folder, clock), (folder / "bao_quang_ninh" / "writer.lock").open() as lock:
        assert lock.read() == f"{os.getpid()}\n"
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_files_by_month_and_size(folder: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "ROLL_AT", 1500)
    with writer(folder, clock) as opened:
        files = [append(opened, URL, 200, [], os.urandom(1000)).file for _ in range(2)]
        clock.advance(days=30)
        files.append(append(opened, URL, 200, [], b"x").file)
    with writer(folder, clock) as opened:
        files.append(append(opened, URL, 200, [], b"x").file)
    assert files == [
        "bao_quang_ninh/2022-01.warc.gz",
        "bao_quang_ninh/2022-01-2.warc.gz",
        "bao_quang_ninh/2022-02.warc.gz",
        "bao_quang_ninh/2022-02.warc.gz",
    ]


FULL_DISK = """
import os, resource, sys
from pathlib import Path
from archive.captures import (CaptureError, CaptureWriter, Sent)
from archive.clock import Clock
clock = Clock.from_environment({"BAOTINH_NOW": "2022-01-05T12:00:00+07:00"})
with CaptureWriter(Path(sys.argv[1]), "bao_quang_ninh", clock, lambda file: 0) as writer:
    def append(url, body):
        return writer.append_all([Sent(url, 200, [], body, clock.now())])[0]
    path = Path(sys.argv[1]) / append("http://a/1", b"one").file
    end = path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (end + 700, resource.RLIM_INFINITY))
    try:
        append("http://a/2", os.urandom(5000))
    except CaptureError as error:
        print(error)
    assert path.stat().st_size == end, "the file ends where it ended"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert append("http://a/3", b"three").offset == end
"""


def test_a_full_disk_leaves_no_half_record(folder: Path) -> None:
    """A limit on the size of files stops a write in its middle, as a full disk does."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.returncode == 0, child.stderr
    assert "2022-01.warc.gz: cannot be written to (File too large;" in child.stdout
    assert "MiB free" in child.stdout
    with (folder / "bao_quang_ninh" / "2022-01.warc.gz").open("rb") as file:
        urls = [record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(file)]
    assert urls == [None, "http://a/1", "http://a/1", "http://a/3", "http://a/3"]


def test_a_damaged_record_is_not_read(folder: Path, written: list[Location]) -> None:
    place = written[1]
    path = folder / place.file
    data = path.read_bytes()
    for broken in (data[: place.offset + 50], data[: place.offset] + b"\0" * place.length):
        path.write_bytes(broken)
        with pytest.raises(CaptureError, match="2022-01"):
            read_capture(folder, place)
    with pytest.raises(CaptureError, match="nowhere"):
        read_capture(folder, replace(place, file="nowhere.warc.gz"))


TEXT = ("Quảng Ninh " * 500).encode()


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "deflate": zlib.compress(TEXT),
    "Deflate": bare_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "identity": TEXT,
    "deflate, gzip": gzip.compress(zlib.compress(TEXT)),
}


@pytest.mark.parametrize("coding", CODED)
def test_decoding(coding: str) -> None:
    headers = [("content-encoding", coding)]
    assert decoded(headers, CODED[coding]) == TEXT
    assert decoded(headers, CODED[coding], limit=len(TEXT)) == TEXT
    with pytest.raises(CaptureError, match="larger than"):
        decoded(headers, CODED[coding], limit=len(TEXT) - 1)
    if coding != "identity":
        with pytest.raises(CaptureError, match=r"cut off|damaged"):
            decoded(headers, CODED[coding][:-12])


def test_decoding_a_bomb_takes_little() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(CaptureError, match="larger than 10485760 bytes"):
        decoded([("Content-Encoding", "gzip")], bomb)


def test_an_unknown_coding() -> None:
    with pytest.raises(CaptureError, match="'zstd' is not known"):
        decoded([("Content-Encoding", "zstd")], BytesIO(b"x").read())
