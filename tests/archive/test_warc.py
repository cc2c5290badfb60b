"""Records are what standard tools expect, say nothing of who asked, and are read whole or not at all."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import warc
from archive.captures import REVISIT_FROM, CaptureError, CaptureWriter, Held, Location, Sent, read_capture
from archive.warc import Asked, Headers, Record, payload_digest, read_fields, read_records, walk
from tests.archive.helpers import START, HandClock, append

URL = "https://baoquangninh.com.vn/chinh-tri/bai-1/?trang=2&in=1"
PAGE = "".join(f"<p>Tin trong tỉnh, số {n * n % 977}.</p>" for n in range(100)).encode()
HEADERS = [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Old", "caf\xe9 \x85.")]
LATER = START + timedelta(days=1, microseconds=42)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "captures"


@pytest.fixture
def opened(folder: Path, clock: HandClock) -> Iterator[CaptureWriter]:
    with CaptureWriter(folder, "s", clock, lambda file: 0) as writer:
        yield writer


def again(opened: CaptureWriter, first: Location, **changes: Any) -> Location:
    """The same page, fetched a day later, with what is kept of it already."""
    sent = Sent(URL, 200, HEADERS, PAGE, LATER, earlier=Held(7, first))
    return opened.append_all([replace(sent, **changes)])[0]


def passes_warcio_check(path: Path) -> bool:
    class Args:
        inputs = (str(path),)
        verbose = False

    return bool(Checker(Args()).process_all() == 0)


# -- making ---------------------------------------------------------------------------------------


def test_the_records_of_a_fetch(folder: Path, opened: CaptureWriter) -> None:
    place = append(opened, URL, 200, HEADERS, PAGE, ip_address="203.0.113.7")
    info, response, request = walk(folder / place.file, check=True)
    assert (info.kind, info.fields["warc-filename"]) == ("warcinfo", "2022-01.warc.gz")
    assert (response.kind, response.offset, response.length) == ("response", place.offset, place.length)
    assert response.fields["warc-date"] == request.fields["warc-date"] == "2022-01-05T05:00:00.000000Z"
    assert response.fields["warc-ip-address"] == "203.0.113.7"
    assert response.payload_digest == place.payload_digest == payload_digest(PAGE)
    assert (request.kind, request.url) == ("request", URL)
    assert request.fields["warc-concurrent-to"] == response.fields["warc-record-id"]
    assert request.payload_digest == payload_digest(b"")


def test_a_request_says_what_was_asked_and_not_who_asked(folder: Path, opened: CaptureWriter) -> None:
    secrets = ["Authorization", "Cookie", "Proxy-Authorization", "proxy-connection", "Cookie2"]
    given_headers = [("User-Agent", "baotinh"), *((name, "s3cret") for name in secrets), ("Accept", "*/*")]
    asked = Asked("POST", [*given_headers, ("Content-Length", "9"), ("Connection", "close")], b"page=2")
    place = append(opened, "https://a.vn:443/x?y=1#z", 200, [], b"", asked=asked)
    data = gzip.decompress((folder / place.file).read_bytes())
    head = b"POST /x?y=1 HTTP/1.1\r\nHost: a.vn\r\nUser-Agent: baotinh\r\nAccept: */*\r\nContent-Length: 6\r\n\r\n"
    assert data.endswith(b"\r\n\r\n" + head + b"page=2\r\n\r\n")
    assert list(walk(folder / place.file, check=True))[-1].payload == b"page=2"
    assert b"s3cret" not in data


@pytest.mark.parametrize(
    ("url", "first", "host"),
    [
        ("http://a.vn", "GET / HTTP/1.1", "a.vn"),
        ("http://a.vn:8080?x=1", "GET /?x=1 HTTP/1.1", "a.vn:8080"),
        ("https://a.vn//b;c", "GET //b;c HTTP/1.1", "a.vn"),
        ("https://a.vn/bài", "GET /b%C3%A0i HTTP/1.1", "a.vn"),
    ],
)
def test_a_request_is_in_origin_form(folder: Path, opened: CaptureWriter, url: str, first: str, host: str) -> None:
    place = append(opened, url, 200, [], b"")
    request = list(walk(folder / place.file))[-1]
    assert (request.first_line, request.headers) == (first, [("Host", host)])


def test_a_value_with_a_line_break_begins_no_header(folder: Path, opened: CaptureWriter) -> None:
    place = append(opened, URL, 200, [("X", "a\r\nSet-Cookie: b"), ("Y", "c\nd\re")], PAGE)
    assert read_capture(folder, place).headers[:2] == [("X", "a Set-Cookie: b"), ("Y", "c d e")]


def test_an_unchanged_payload_is_kept_once(folder: Path, opened: CaptureWriter) -> None:
    first = append(opened, URL, 200, HEADERS, PAGE)
    second = again(opened, first, status=203, headers=[("ETag", "new")])
    assert second.refers_to_id == 7
    assert (second.payload_digest, second.payload_length) == (first.payload_digest, len(PAGE))
    assert second.length < first.length
    revisit = next(read_records(folder / second.file, [(second.offset, second.length)]))
    original = read_fields(folder / first.file, first.offset)
    assert revisit.fields["warc-profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert revisit.fields["warc-refers-to-target-uri"] == URL
    assert revisit.fields["warc-refers-to-date"] == "2022-01-05T05:00:00.000000Z" == original["warc-date"]
    assert revisit.fields["warc-refers-to"] == original["warc-record-id"]
    assert revisit.fields["warc-date"] == "2022-01-06T05:00:00.000042Z"
    record = read_capture(folder, second, first)
    assert (record.status, record.payload) == (203, PAGE)
    assert record.headers == [("ETag", "new"), ("Content-Length", str(len(PAGE)))]


def test_what_cannot_be_referred_to_is_kept_again(folder: Path, opened: CaptureWriter) -> None:
    first = append(opened, URL, 200, HEADERS, PAGE)
    small = append(opened, URL, 200, HEADERS, PAGE[: REVISIT_FROM - 1])
    revisit = again(opened, first)
    request = revisit.offset + revisit.length
    places = [
        again(opened, first, body=PAGE + b"!"),
        again(opened, small, body=PAGE[: REVISIT_FROM - 1]),
        again(opened, replace(first, file="s/elsewhere.warc.gz")),
        again(opened, replace(first, offset=first.offset + 1)),
        again(opened, replace(first, offset=request)),
        again(opened, replace(first, offset=revisit.offset)),
        again(opened, replace(first, length=10**9)),
    ]
    assert [place.refers_to_id for place in places] == [None] * 7
    assert {read_capture(folder, place).payload for place in places} == {PAGE, PAGE + b"!", PAGE[: REVISIT_FROM - 1]}


def test_standard_tools_read_every_record(folder: Path, opened: CaptureWriter) -> None:
    first = append(opened, URL, 200, HEADERS, PAGE)
    again(opened, first)
    append(opened, URL, 404, [], b"")
    path = folder / first.file
    kinds = ["warcinfo", "response", "request", "revisit", "request", "response", "request"]
    with path.open("rb") as stream:
        records = [(one.rec_type, one.content_stream().read(), one.http_headers) for one in ArchiveIterator(stream)]
    assert [kind for kind, _, _ in records] == kinds
    assert records[1][1] == PAGE and records[3][1] == b""
    assert records[1][2].headers[:4] == HEADERS
    assert records[2][2].statusline == "/chinh-tri/bai-1/?trang=2&in=1 HTTP/1.1"
    assert records[5][2].statusline == "404 Not Found"
    assert passes_warcio_check(path)
    for record in FastIterator(str(path)):
        assert record.verify_payload_digest() or record.record_type in (WarcRecordType.warcinfo, WarcRecordType.revisit)
    assert all(one.verify_block_digest() for one in FastIterator(str(path), parse_http=False))
    gzip.decompress(path.read_bytes())


def test_warcio_check_would_find_a_wrong_digest(folder: Path, opened: CaptureWriter) -> None:
    """What it passes it has computed: neither digest is of a kind that it passes over."""
    place = append(opened, URL, 200, HEADERS, PAGE)
    path = folder / place.file
    member = gzip.decompress(path.read_bytes()[place.offset : place.offset + place.length])
    for name in (b"WARC-Payload-Digest: sha256:", b"WARC-Block-Digest: sha1:"):
        at = member.index(name) + len(name)
        other = path.with_name("other.warc.gz")
        other.write_bytes(zlib.compress(member[:at] + b"01234567" + member[at + 8 :], wbits=31))
        assert not passes_warcio_check(other)
        assert list(walk(other))
        with pytest.raises(CaptureError, match=r"other.warc.gz: the record at 0 is damaged: its (payload|block) is"):
            list(walk(other, check=True))


names = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~", min_size=1)
values = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")).map(lambda value: value.strip(" \t"))


@given(
    headers=st.lists(st.tuples(names, values)),
    status=st.integers(100, 999),
    body=st.binary(max_size=300),
    asked=st.binary(max_size=20),
)
def test_whatever_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, headers: Headers, status: int, body: bytes, asked: bytes
) -> None:
    folder = tmp_path_factory.mktemp("round")
    with CaptureWriter(folder, "s", HandClock(), lambda file: 0) as opened:
        place = append(opened, URL, status, headers, body, asked=Asked("GET", headers, asked))
    _, response, request = walk(folder / place.file, check=True)
    kept = [(name, value) for name, value in headers if not warc._is_of_transfer(name)]
    assert (response.status, response.payload) == (status, body)
    assert response.headers == [*kept, ("Content-Length", str(len(body)))]
    assert request.payload == asked
    assert read_capture(folder, place) == response
    assert passes_warcio_check(folder / place.file)


# -- reading --------------------------------------------------------------------------------------


def test_a_cut_file_gives_no_part_of_a_record(folder: Path, opened: CaptureWriter) -> None:
    first = append(opened, URL, 200, HEADERS, PAGE)
    again(opened, first, headers=[])
    path = folder / first.file
    whole = list(walk(path, check=True))
    data = path.read_bytes()
    torn = path.with_name("torn.warc.gz")
    ends = {one.offset + one.length: number + 1 for number, one in enumerate(whole)}
    for cut in sorted(
        {*range(1, len(data), 29), *(end + near for end in ends for near in (-1, 0, 1))} - {len(data) + 1}
    ):
        torn.write_bytes(data[:cut])
        read: list[Record] = []
        try:
            read.extend(walk(torn))
        except CaptureError as error:
            last = max([end for end in ends if end <= cut], default=0)
            assert str(error).startswith(f"{torn}: the record at {last} is damaged: it is torn")
        else:
            assert cut in ends
        assert read == whole[: max((number for end, number in ends.items() if end <= cut), default=0)]


def test_a_damaged_byte_is_never_read_as_another(folder: Path, opened: CaptureWriter) -> None:
    place = append(opened, URL, 200, HEADERS, PAGE)
    path = folder / place.file
    record = read_capture(folder, place)
    data = path.read_bytes()
    found = 0
    for position in range(place.offset, place.offset + place.length, 3):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :])
        try:
            assert read_capture(folder, place) == record, "the gzip header says nothing that is read"
        except CaptureError as error:
            assert f"{path}: the record at {place.offset} is damaged" in str(error)
            found += 1
    assert found >= place.length // 3 - 4


def test_a_place_that_is_another_records(folder: Path, opened: CaptureWriter) -> None:
    first, second = append(opened, URL, 200, HEADERS, PAGE), append(opened, URL, 200, HEADERS, PAGE + b"!")
    revisit = again(opened, first)
    swapped = replace(first, offset=second.offset, length=second.length)
    with pytest.raises(CaptureError, match=rf"the response at {second.offset} is not the response with payload"):
        read_capture(folder, swapped)
    with pytest.raises(CaptureError, match="is not the response"):
        read_capture(folder, revisit)
    with pytest.raises(CaptureError, match="is not the revisit"):
        read_capture(folder, first, first)
    for length in (first.length - 1, first.length + 1):
        with pytest.raises(CaptureError, match=f"the record at {first.offset} is damaged: its length is not"):
            read_capture(folder, replace(first, length=length))


def test_limits_hold_for_records(folder: Path, opened: CaptureWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    place = append(opened, URL, 200, HEADERS, b"\0" * 3_000_000)
    monkeypatch.setattr(warc, "RECORD_LIMIT", 2_000_000)
    says = f"the record at {place.offset} is damaged: it has more than 2000000 bytes"
    with pytest.raises(CaptureError, match=says):
        read_capture(folder, place)
    with pytest.raises(CaptureError, match=says):
        list(walk(folder / place.file))


def test_a_walk_begins_at_any_record(folder: Path, opened: CaptureWriter) -> None:
    places = [append(opened, f"{URL}{n}", 200, HEADERS, os.urandom(150_000)) for n in range(3)]
    read = list(walk(folder / places[1].file, places[1].offset))
    assert [one.url[-1] for one in read] == ["1", "1", "2", "2"]
    given_places = [(place.offset, place.length) for place in reversed(places)]
    assert [one.url[-1] for one in read_records(folder / places[0].file, given_places)] == ["2", "1", "0"]
    with pytest.raises(CaptureError, match=r"nowhere.warc.gz: cannot be read \(No such file"):
        next(walk(folder / "nowhere.warc.gz"))


LENGTHS = (b"Content-Length: 9", b"Content-Length: 2", b"Content-Length: ", b"Content-Length: 3x", b"X: 3")


def test_a_record_of_another_tool(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    for length, block in (("0000000003", b"abc"), ("0", b""), ("00", b"")):
        head = f"WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: {length}\r\n\r\n".encode()
        path.write_bytes(gzip.compress(head + block + b"\r\n\r\n"))
        [record] = walk(path, check=True)
        assert (record.kind, record.payload, record.url, record.status) == ("metadata", block, "", 0)


def test_what_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    for data in (
        b"words",
        gzip.compress(b"words"),
        *(gzip.compress(b"WARC/1.1\r\n%s\r\n\r\nabc\r\n\r\n" % line) for line in LENGTHS),
    ):
        path.write_bytes(data)
        with pytest.raises(CaptureError, match=r"x.warc.gz: the record at 0 is damaged"):
            list(walk(path))
