"""The records of capture files: how they are made, and how they are read again.

WARC/1.1 (ISO 28500:2017), one gzip member a record (annex D). Records are made here byte by byte, since a crawl waits
for them and warcio took several times as long for a request; warcio, FastWARC and pywb read them in the tests. Members
are inflated here, within limits, and FastWARC reads what they hold: left alone with a file that ends early, it and
warcio give a part of the body for the whole and say nothing.
"""

import hashlib
import re
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit

from fastwarc.warc import WarcRecord

from archive.database import ArchiveError

Headers = list[tuple[str, str]]
"""Headers of HTTP in the order in which they were sent, repeats kept; a character stands for a byte (ISO 8859-1)."""

RECORD_LIMIT = 16 * 1024 * 1024
"""A record larger than this in bytes, once inflated, is not read: the largest body (10 MiB) with room for headers."""

IDENTICAL_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
"""The profile of a revisit whose body was sent, and is that of an earlier record (WARC 1.1, 6.7.2)."""

SERVER_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
"""The profile of a revisit for which the server said 304 (WARC 1.1, 6.7.3)."""

REFERRED_TO = {
    "warc-target-uri": "WARC-Refers-To-Target-URI",
    "warc-date": "WARC-Refers-To-Date",
    "warc-record-id": "WARC-Refers-To",
}
"""What a revisit says of the record that holds its payload: that record's fields, and how it names them."""

_CHUNK = 1 << 17
_HEAD_CHUNK = 1 << 14
_HTTP_KINDS = ("response", "revisit", "request")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_FRAMING = {"transfer-encoding", "connection", "keep-alive", "content-length", "te", "trailer", "upgrade"}
_SECRETS = {"authorization", "cookie", "cookie2"}
"""Headers of a request that say who asks, as those with Proxy- do (RFC 9110, 11.6 and 11.7; RFC 6265)."""

_ASCII = "".join(map(chr, range(33, 127)))
_BREAKS = re.compile(r"[\r\n]+")


class CaptureError(ArchiveError):
    """A capture could not be written or read; the message names the file."""


class DamagedRecord(CaptureError):
    """A record is not there whole: `why` says what is wrong with it, the message file and `offset` as well."""

    def __init__(self, path: Path, offset: int, why: str) -> None:
        self.offset, self.why = offset, why
        super().__init__(f"{path}: the record at {offset} is damaged: {why}; restore the file from a copy")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent, but for what the connection added; `headers` may hold secrets, its record does not."""

    method: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read.

    `kind` is its WARC-Type, `offset` and `length` are the place of its gzip member in the file, `fields` its own
    headers by lower-case name. Of a message of HTTP follow the first line, the headers and the body as sent; a
    revisit has no body, another record holds it. Of any other record `payload` is the block.
    """

    kind: str
    offset: int
    length: int
    fields: Mapping[str, str]
    first_line: str
    headers: Headers
    payload: bytes

    @property
    def url(self) -> str:
        """The address that was asked for; empty if the record is about none."""
        return self.fields.get("warc-target-uri", "")

    @property
    def status(self) -> int:
        """The status of a response or revisit; 0 for other records."""
        code = self.first_line.split(" ", 2)[1:2] if self.kind in ("response", "revisit") else []
        return int(code[0]) if code and code[0].isdigit() else 0

    @property
    def payload_digest(self) -> str:
        """What the record says its payload's digest is: ``sha256:`` and hex digits."""
        return self.fields.get("warc-payload-digest", "")


# -- making ---------------------------------------------------------------------------------------


def payload_digest(body: bytes) -> str:
    """The digest of a body as sent: ``sha256:`` and hex digits, which warcio and FastWARC verify as well as base32."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def warcinfo_member(written: datetime, name: str, words: Mapping[str, str]) -> bytes:
    """The record that begins the file `name`: what `words` tell of all its records."""
    block = "".join(f"{key}: {value}\r\n" for key, value in words.items()).encode()
    fields = [("WARC-Filename", name), ("Content-Type", "application/warc-fields")]
    return _member("warcinfo", _new_id(), written, fields, block)


def response_member(
    url: str,
    fetched: datetime,
    status: int,
    headers: Headers,
    body: bytes,
    digest: str,
    *,
    ip_address: str | None = None,
    refers_to: Mapping[str, str] | None = None,
    profile: str = IDENTICAL_PAYLOAD,
) -> tuple[bytes, str]:
    """The record of a response, compressed, and its id.

    With `refers_to`, the `fields` of the record that holds the same payload, it is a revisit of that `profile`: its
    headers alone. Headers of the transfer (chunking, connection, proxy) do not belong to a body and are dropped;
    Content-Length is that of the body, and left out where none was sent, as with a 304.
    """
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    kept = [(name, value) for name, value in headers if not _is_of_transfer(name)]
    if refers_to is None or profile != SERVER_NOT_MODIFIED:
        kept.append(("Content-Length", str(len(body))))
    head = _head(f"HTTP/1.1 {status} {phrase}", kept, "latin-1")
    fields = [
        ("WARC-Target-URI", url),
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Payload-Digest", digest),
    ]
    if ip_address:
        fields.append(("WARC-IP-Address", ip_address))
    record_id = _new_id()
    if refers_to is None:
        return _member("response", record_id, fetched, fields, head, body), record_id
    fields.append(("WARC-Profile", profile))
    fields += [(name, refers_to[field]) for field, name in REFERRED_TO.items()]
    return _member("revisit", record_id, fetched, fields, head), record_id


def request_member(url: str, fetched: datetime, asked: Asked, answer_id: str) -> bytes:
    """The record of the request whose answer's record is `answer_id`, without what says who asked.

    As the site would see it had there been no proxy: path and query in the first line, Host added.
    """
    parts = urlsplit(quote(url, safe=_ASCII))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [
        (name, value) for name, value in asked.headers if not _is_of_transfer(name) and name.lower() not in _SECRETS
    ]
    if not any(name.lower() == "host" for name, _ in kept):
        kept.insert(0, ("Host", parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))))
    if asked.body:
        kept.append(("Content-Length", str(len(asked.body))))
    head = _head(f"{asked.method} {target} HTTP/1.1", kept, "latin-1")
    fields = [
        ("WARC-Target-URI", url),
        ("Content-Type", "application/http; msgtype=request"),
        ("WARC-Concurrent-To", answer_id),
        ("WARC-Payload-Digest", payload_digest(asked.body) if asked.body else _NO_PAYLOAD),
    ]
    return _member("request", _new_id(), fetched, fields, head, asked.body)


_NO_PAYLOAD = payload_digest(b"")


def _member(kind: str, record_id: str, date: datetime, fields: Headers, *block: bytes) -> bytes:
    # The payload's digest is the strong one; that of the block takes half the time and has accidents to find.
    digest = hashlib.sha1(usedforsecurity=False)
    for part in block:
        digest.update(part)
    own = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(date)),
        *fields,
        ("WARC-Block-Digest", f"sha1:{digest.hexdigest()}"),
        ("Content-Length", str(sum(map(len, block)))),
    ]
    # At once, for whenever zlib is called a thread gives the interpreter away and has to wait for it; and at zlib's
    # own level, which takes 80 % of the time that the highest does and makes 0.3 % more of saved pages.
    return zlib.compress(b"".join([_head("WARC/1.1", own, "utf-8"), *block, b"\r\n\r\n"]), wbits=31)


def _head(first: str, headers: Headers, encoding: str) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    text = "\r\n".join(lines)
    if text.count("\r") + text.count("\n") != 2 * len(headers):
        # A break within a value would begin a header that was not sent.
        text = "\r\n".join(_BREAKS.sub(" ", line) for line in lines)
    return f"{text}\r\n\r\n".encode(encoding)


def warc_date(instant: datetime) -> str:
    """An instant as records say it: in UTC, to the microsecond (WARC 1.1, 5.4)."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _new_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _is_of_transfer(name: str) -> bool:
    lower = name.lower()
    return lower in _FRAMING or lower.startswith("proxy-")


# -- reading --------------------------------------------------------------------------------------


def walk(path: Path, start: int = 0, *, check: bool = False) -> Iterator[Record]:
    """All records of a file from offset `start` on, in order; with `check`, each against its own digests.

    Raises DamagedRecord at the first that is torn, no record or not as its digests say: what follows it can be reached
    by its own offset only. Raises CaptureError if the file cannot be read.
    """
    with _opened(path) as file:
        for offset, length, data in _members(path, file, start):
            yield _read(path, offset, length, data, check)


def read_records(path: Path, places: Iterable[tuple[int, int]]) -> Iterator[Record]:
    """The records of a file at `places` (offset and length in bytes), in that order.

    Raises as `walk` does.
    """
    with _opened(path) as file:
        for offset, length in places:
            file.seek(offset)
            member = file.read(length)
            if len(member) < length:
                raise DamagedRecord(path, offset, "the file ends before its end")
            yield _read(path, offset, length, _inflated(path, offset, member), check=False)


def read_fields(path: Path, offset: int) -> Mapping[str, str]:
    """The headers that a record itself has, by lower-case name; the rest of it is not looked at.

    Raises as `walk` does.
    """
    with _opened(path) as file:
        file.seek(offset)
        try:
            data = zlib.decompressobj(wbits=31).decompress(file.read(_HEAD_CHUNK), _HEAD_CHUNK)
        except zlib.error as error:
            raise DamagedRecord(path, offset, f"gzip says {error}") from error
    return _fields(path, offset, data)[0]


def _members(path: Path, file: IO[bytes], start: int) -> Iterator[tuple[int, int, bytes]]:
    """Offset, length and inflated bytes of each gzip member from `start` on."""
    file.seek(start)
    offset, data = start, file.read(_CHUNK)
    while data:
        member, parts, size, length = zlib.decompressobj(wbits=31), [], 0, 0
        while True:
            try:
                parts.append(member.decompress(data, RECORD_LIMIT + 1 - size))
            except zlib.error as error:
                raise DamagedRecord(path, offset, f"gzip says {error}") from error
            size += len(parts[-1])
            length += len(data) - len(member.unused_data)
            if size > RECORD_LIMIT:
                raise DamagedRecord(path, offset, f"it has more than {RECORD_LIMIT} bytes")
            if member.eof:
                break
            data = file.read(_CHUNK)
            if not data:
                raise DamagedRecord(path, offset, "it is torn: the file ends within it")
        yield offset, length, b"".join(parts)
        offset += length
        data = member.unused_data or file.read(_CHUNK)


def _inflated(path: Path, offset: int, member: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(member, RECORD_LIMIT + 1)
    except zlib.error as error:
        raise DamagedRecord(path, offset, f"gzip says {error}") from error
    if len(data) > RECORD_LIMIT:
        raise DamagedRecord(path, offset, f"it has more than {RECORD_LIMIT} bytes")
    if not inflater.eof or inflater.unused_data:
        raise DamagedRecord(path, offset, f"its length is not {len(member)} bytes")
    return data


def _fields(path: Path, offset: int, data: bytes) -> tuple[dict[str, str], WarcRecord]:
    try:
        record = WarcRecord.from_bytes(data)
    except OSError as error:
        raise DamagedRecord(path, offset, str(error)) from error
    return {name.lower(): value for name, value in record.headers.astuples()}, record


def _read(path: Path, offset: int, length: int, data: bytes, check: bool) -> Record:
    fields, record = _fields(path, offset, data)
    kind, said = fields.get("warc-type", ""), fields.get("content-length", "")
    begins = data.find(b"\r\n\r\n") + 4
    # FastWARC takes what there is of a block for the whole. (A purge fills the number up with noughts.)
    if said.lstrip("0") != str(len(data) - begins - 4).lstrip("0") or not data.endswith(b"\r\n\r\n"):
        raise DamagedRecord(path, offset, f"its block has not the {said[:20]} bytes that it says")
    if check and "warc-block-digest" in fields and not record.verify_block_digest():
        raise DamagedRecord(path, offset, f"its block is not that of {fields['warc-block-digest']}")
    first_line, headers = "", []
    if kind in _HTTP_KINDS:
        try:
            record.parse_http(max_header_len=RECORD_LIMIT)
        except OSError as error:
            raise DamagedRecord(path, offset, str(error)) from error
        if record.http_headers is None:
            raise DamagedRecord(path, offset, "it holds no message of HTTP")
        first_line = (record.http_headers.status_line_bytes or b"").decode("latin-1")
        # As bytes, for as text FastWARC takes them for Windows-1252.
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in record.http_headers.items_bytes()
        ]
    digest = fields.get("warc-payload-digest")
    if check and digest and kind != "revisit" and not record.verify_payload_digest():
        raise DamagedRecord(path, offset, f"its payload is not that of {digest}")
    payload = record.reader.read()
    declared = [value for name, value in headers if name.lower() == "content-length"][-1:]
    if kind == "response" and declared != [str(len(payload))]:
        raise DamagedRecord(path, offset, f"its body has {len(payload)} bytes, which is not what its headers say")
    return Record(kind, offset, length, fields, first_line, headers, payload)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); restore the file") from error
    with file:
        try:
            yield file
        except OSError as error:
            raise CaptureError(f"{path}: cannot be read ({error.strerror}); look at its disk") from error
