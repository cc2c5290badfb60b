"""Captures: every fetched response, byte for byte, in WARC files that standard tools read.

One gzip member a record (WARC/1.1, ISO 28500:2017, annex D), one writer a site, durable on disk
before the caller may tell SQL of it. A crash can therefore leave a torn record only at the end of a
file, behind everything SQL knows of, and opening the file cuts that off.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import brotli
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.clock import Clock
from archive.database import ArchiveError

Headers = list[tuple[str, str]]

ROLL_AT = 10**9
"""A file this long in bytes gets a successor: the WARC guidelines advise files of about 1 GB."""

BODY_LIMIT = 10 * 1024 * 1024
"""A body larger than this in bytes, once decoded, is not read: the same limit as the download's."""

_MAX_CODINGS, _MAX_MEMBERS = 3, 256
"""Most codings of one body, and members of one gzip: each is copied, so that a few bytes more cost the time of a body.
Servers use one coding; block gzip has 160 members in `BODY_LIMIT` bytes."""

_CHUNK = 1 << 20
_FRAMING = {"transfer-encoding", "connection", "keep-alive", "content-length", "te", "trailer", "upgrade"}
_FORMAT = "WARC File Format 1.1"
_CONFORMS = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


class CaptureError(ArchiveError):
    """A capture could not be written or read; the message names the file."""


class OversizeBody(CaptureError):
    """A body is larger than may be read, once decoded."""


class UnknownCoding(CaptureError):
    """A body has a Content-Encoding that is not known, or too many of them."""


class CaptureLocked(CaptureError):
    """Another process writes the captures of this site; the message names its process id."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a record stands: file relative to the captures folder, offset and length in bytes.

    `payload_digest` is ``sha256:`` and the hex digest of the body as sent, `payload_length` its bytes.
    """

    file: str
    offset: int
    length: int
    payload_digest: str
    payload_length: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A response as it was sent: `body` is what it was before content-decoding."""

    url: str
    status: int
    headers: Headers
    body: bytes


class CaptureWriter:
    """Appends the responses of one site to `<site>/<YYYY-MM>.warc.gz` under `folder`.

    `known_end(file)` tells where the last record ends that SQL knows of (0: none). The site is
    locked from construction to `close`. Raises CaptureLocked if another process holds it.
    """

    def __init__(self, folder: Path, site: str, clock: Clock, known_end: Callable[[str], int]) -> None:
        self._folder, self._site, self._clock, self._known_end = folder, site, clock, known_end
        self._file: IO[bytes] | None = None
        self._path = folder
        self._month = ""
        try:
            (folder / site).mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / site / "writer.lock", site)
        except OSError as error:
            raise CaptureError(f"{folder / site}: cannot be written to ({error.strerror})") from error

    @property
    def folder(self) -> Path:
        """The folder that the files of captures are relative to."""
        return self._folder

    def append(self, url: str, status: int, headers: Headers, body: bytes) -> Location:
        """Write one response and give its place once it is durable. Raises as `append_all` does."""
        return self.append_all([Sent(url, status, headers, body)])[0]

    def append_all(self, responses: Sequence[Sent]) -> list[Location]:
        """Write responses and give their places once all are durable: one wait for the disk serves them all.

        Headers of the transfer (chunking, connection, proxy) do not belong to a body and are dropped;
        Content-Length is that of the body. Raises CaptureError if they cannot be written; the file then
        ends where it ended before.
        """
        now = self._clock.now()
        out: list[Location] = []
        waiting: list[tuple[bytes, str, int]] = []
        for one in responses:
            member, digest = _response_member(one, now)
            if waiting and self._is_full(now, sum(len(earlier) for earlier, _, _ in waiting)):
                out += self._write_all(now, waiting)
                waiting = []
            waiting.append((member, digest, len(one.body)))
        if waiting:
            out += self._write_all(now, waiting)
        return out

    def _write_all(self, now: datetime, members: list[tuple[bytes, str, int]]) -> list[Location]:
        file = self._open(now)
        offset = self._write(file, b"".join(member for member, _, _ in members))
        name = self._name(self._path)
        out = []
        for member, digest, length in members:
            out.append(Location(name, offset, len(member), digest, length))
            offset += len(member)
        return out

    def _is_full(self, now: datetime, more: int) -> bool:
        """Whether the file to append to will get a successor once it has `more` bytes."""
        return self._open(now).tell() + more >= ROLL_AT

    def close(self) -> None:
        """Close the file and free the site."""
        self._close_file()
        self._lock.close()

    def __enter__(self) -> "CaptureWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, now: datetime) -> IO[bytes]:
        """The file to append to, repaired if it was just opened."""
        month = now.strftime("%Y-%m")
        if self._file is not None and month == self._month and self._file.tell() < ROLL_AT:
            return self._file
        self._close_file()
        number = 1
        while not self._is_ours_to_fill(month, number):
            number += 1
        path = self._path_of(month, number)
        self._path, self._month = path, month
        try:
            file = path.open("ab", buffering=0)
        except OSError as error:
            raise CaptureError(f"{path}: cannot be opened ({error.strerror})") from error
        try:
            end = self._cut_back(file)
        except BaseException:
            file.close()
            raise
        self._file = file
        if end == 0:
            info = {
                "software": "baotinh (warcio)",
                "format": _FORMAT,
                "conformsTo": _CONFORMS,
                "description": "Bodies as sent, before content-decoding. Headers of the transfer are dropped "
                "(Transfer-Encoding, Connection, Keep-Alive, Proxy-*); Content-Length is that of the body.",
            }

            def make(writer: Any, date: str) -> Any:
                record = writer.create_warcinfo_record(path.name, info)
                record.rec_headers.replace_header("WARC-Date", date)
                return record

            self._write(file, _member(now, make))
            _sync_folder(path.parent)
        return file

    def _is_ours_to_fill(self, month: str, number: int) -> bool:
        path = self._path_of(month, number)
        if path.exists():
            return not self._path_of(month, number + 1).exists() and path.stat().st_size < ROLL_AT
        # One that the database knows is another machine's, or was moved away: its places are taken.
        return self._known_end(self._name(path)) == 0

    def _name(self, path: Path) -> str:
        """The path of a capture file as the database knows it."""
        return path.relative_to(self._folder).as_posix()

    def _path_of(self, month: str, number: int) -> Path:
        return self._folder / self._site / (f"{month}.warc.gz" if number == 1 else f"{month}-{number}.warc.gz")

    def _cut_back(self, file: IO[bytes]) -> int:
        """Cut a torn record off the end; give the new end."""
        size = os.fstat(file.fileno()).st_size
        known = self._known_end(self._name(self._path))
        if size < known:
            raise CaptureError(
                f"{self._path}: holds {size} bytes, but the database knows of {known}; restore the file "
                "from a copy that is as new as the database, or move it away to start another"
            )
        end = last_whole_member(self._path, known)
        if end < size:
            file.truncate(end)
            os.fsync(file.fileno())
        file.seek(end)
        return end

    def _write(self, file: IO[bytes], member: bytes) -> int:
        start = file.tell()
        try:
            rest = memoryview(member)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError as error:
            # If even this fails, the torn record goes when the file is next opened, which is before
            # anything follows it: hence the close.
            with contextlib.suppress(OSError):
                file.truncate(start)
                os.fsync(file.fileno())
            file.close()
            self._file = None
            free = shutil.disk_usage(self._path.parent).free
            raise CaptureError(
                f"{self._path}: cannot be written to ({error.strerror}; {free // 2**20} MiB free "
                "on its disk); make room or move BAOTINH_DATA, then run again: nothing that was kept is lost"
            ) from error
        return start


def last_whole_member(path: Path, start: int) -> int:
    """The offset at which the last whole gzip member ends that can be reached from offset `start`."""
    end = start
    with path.open("rb") as file:
        file.seek(start)
        position = start
        data = file.read(_CHUNK)
        while data:
            member = zlib.decompressobj(wbits=31)
            while True:
                position += len(data)
                try:
                    # Bounded, since a torn or foreign file may inflate to anything.
                    out = member.decompress(data, _CHUNK)
                    while not member.eof and (member.unconsumed_tail or len(out) == _CHUNK):
                        out = member.decompress(member.unconsumed_tail, _CHUNK)
                except zlib.error:
                    return end
                if member.eof:
                    break
                data = file.read(_CHUNK)
                if not data:
                    return end
            position -= len(member.unused_data)
            end = position
            data = member.unused_data or file.read(_CHUNK)
    return end


def read_capture(folder: Path, file: str, offset: int, length: int) -> tuple[str, int, Headers, bytes]:
    """URL, status, headers and body (as sent) of one record. Raises CaptureError if it cannot be read."""
    path = folder / file
    try:
        with path.open("rb") as opened:
            opened.seek(offset)
            member = opened.read(length)
        if len(member) < length:
            raise CaptureError(f"{path}: ends before the record at {offset}; restore the file")
        record = next(iter(ArchiveIterator(BytesIO(member))))
        body: bytes = record.raw_stream.read()
        url = record.rec_headers.get_header("WARC-Target-URI")
        declared = int(record.http_headers.get_header("Content-Length"))
        if len(body) != declared or not url:
            raise CaptureError(f"{path}: the record at {offset} is damaged; restore the file")
        return url, int(record.http_headers.get_statuscode()), list(record.http_headers.headers), body
    except CaptureError:
        raise
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # warcio raises what it meets: its own errors, StopIteration, AttributeError
        raise CaptureError(f"{path}: no record can be read at {offset} ({error!r})") from error


def decoded(headers: Iterable[tuple[str, str]], body: bytes, limit: int = BODY_LIMIT) -> bytes:
    """Undo the Content-Encoding of `body` (gzip, deflate, br), up to `limit` bytes.

    Raises UnknownCoding, OversizeBody for more than `limit` bytes, CaptureError for a damaged or cut-off body.
    """
    codings = [
        coding.strip().lower()
        for name, value in headers
        if name.lower() == "content-encoding"
        for coding in value.split(",")
    ]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if len(codings) > _MAX_CODINGS:
        raise UnknownCoding(f"the body has {len(codings)} content-codings; at most {_MAX_CODINGS} are undone")
    for coding in reversed(codings):
        if not body:
            continue
        if coding not in _DECODERS:
            raise UnknownCoding(f"Content-Encoding {coding!r} is not known; known are {', '.join(_DECODERS)}")
        try:
            body = _DECODERS[coding](body, limit)
        except (zlib.error, brotli.error) as error:
            raise CaptureError(f"the body is damaged: {coding} says {error}") from error
    if len(body) > limit:
        raise OversizeBody(f"the body is larger than {limit} bytes")
    return body


def _inflate(body: bytes, limit: int, wbits: int) -> bytes:
    out = b""
    members = 0
    while body:
        members += 1
        if members > _MAX_MEMBERS:
            raise CaptureError(f"the body is damaged: its compressed stream has more than {_MAX_MEMBERS} members")
        member = zlib.decompressobj(wbits=wbits)
        out += member.decompress(body, limit + 1 - len(out))
        if len(out) > limit:
            raise OversizeBody(f"the body is larger than {limit} bytes once decoded")
        if not member.eof:
            raise CaptureError("the body is cut off: its compressed stream does not end")
        # Several gzip members are one body (RFC 1952, 2.2); zeros and the like behind them are padding.
        body = member.unused_data if member.unused_data.startswith(b"\x1f\x8b") else b""
    return out


def _gunzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, 31)


def _undeflate(body: bytes, limit: int) -> bytes:
    # "deflate" means a zlib stream (RFC 9110, 8.4.1.2), yet servers send bare ones too.
    try:
        return _inflate(body, limit, 15)
    except zlib.error:
        return _inflate(body, limit, -15)


def _unbrotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    out = bytes(stream.process(body, output_buffer_limit=limit + 1))
    while not stream.is_finished() and not stream.can_accept_more_data() and len(out) <= limit:
        out += bytes(stream.process(b"", output_buffer_limit=limit + 1 - len(out)))
    if len(out) > limit:
        raise OversizeBody(f"the body is larger than {limit} bytes once decoded")
    if not stream.is_finished():
        raise CaptureError("the body is cut off: its compressed stream does not end")
    return out


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
}


def _response_member(sent: Sent, now: datetime) -> tuple[bytes, str]:
    """The record of a response, compressed, and the digest of its payload."""
    digest = "sha256:" + hashlib.sha256(sent.body).hexdigest()
    kept = [(name, value) for name, value in sent.headers if not _is_framing(name)]
    kept.append(("Content-Length", str(len(sent.body))))
    member = _member(
        now,
        lambda writer, date: writer.create_warc_record(
            sent.url,
            "response",
            payload=BytesIO(sent.body),
            length=len(sent.body),
            http_headers=StatusAndHeaders(_status_line(sent.status), kept, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": date, "WARC-Payload-Digest": digest},
        ),
    )
    return member, digest


def _member(now: datetime, make: Callable[[Any, str], Any]) -> bytes:
    buffer = BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    date = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    writer.write_record(make(writer, date))
    # At once, for whenever zlib is called a thread gives the interpreter away and has to wait for it; and at zlib's
    # own level, which takes 80 % of the time that warcio's (9) does and makes 0.3 % more of saved pages.
    return zlib.compress(buffer.getvalue(), wbits=31)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _is_framing(name: str) -> bool:
    return name.lower() in _FRAMING or name.lower().startswith("proxy-")


def _locked(path: Path, site: str) -> IO[bytes]:
    """The lock file, locked and holding our process id."""
    file = path.open("a+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read(32).decode("ascii", "replace").strip() or "unknown"
        file.close()
        raise CaptureLocked(
            f"{site}: process {holder} is crawling this site (it holds {path}); wait until it ends"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n".encode())
    return file


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable, which fsync on the file does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
