"""Captures: every fetched response, byte for byte, in WARC files that standard tools read.

One gzip member a record (`archive.warc`), one writer a site, durable on disk before the caller may tell SQL of it. A
crash can therefore leave a torn record only at the end of a file, behind everything SQL knows of, and the next writer
cuts that off.
"""

import contextlib
import fcntl
import os
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO

from archive.clock import Clock
from archive.warc import (
    IDENTICAL_PAYLOAD,
    REFERRED_TO,
    SERVER_NOT_MODIFIED,
    Asked,
    Headers,
    Record,
    payload_digest,
    read_fields,
    read_records,
    request_member,
    response_member,
    warcinfo_member,
)
from archive.warc import CaptureError as CaptureError  # what this module's callers catch

ROLL_AT = 10**9
"""A file this long in bytes gets a successor: the WARC guidelines advise files of about 1 GB."""


REVISIT_FROM = 1024
"""A body of fewer bytes is written again rather than referred to: a record's own fields take some 450 bytes, so little
is saved (of an empty body nothing), and whoever reads a reference needs a second record."""

_CHUNK = 1 << 20
_OF_THE_BODY = {"content-encoding", "content-type", "content-range", "content-length"}
_INFO = {
    "software": "baotinh",
    "format": "WARC File Format 1.1",
    "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
    "description": "Bodies as sent, after transfer-decoding and before content-decoding. Headers of responses as "
    "Scrapy and Twisted hand them over, repeats kept; headers of the transfer are dropped (Transfer-Encoding, "
    "Connection, Keep-Alive, TE, Trailer, Upgrade, Proxy-*), and Content-Length is that of the body. Requests as "
    "handed to Twisted: the first line with path and query even where a proxy was asked, Host added, and what says who "
    "asked is dropped (Proxy-*, Authorization, Cookie).",
}


class CaptureLocked(CaptureError):
    """Another process writes the captures of this site; the message names its process id."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a record stands: file relative to the captures folder, offset and length in bytes.

    `payload_digest` is ``sha256:`` and the hex digest of the body as sent, `payload_length` its bytes. `refers_to_id`
    is the key of the capture whose record holds that body, where this one's does not.
    """

    file: str
    offset: int
    length: int
    payload_digest: str
    payload_length: int
    refers_to_id: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A capture whose record holds its payload: its key in the database, and the place of the record."""

    id: int
    place: Location


@dataclass(frozen=True, slots=True)
class Sent:
    """A response as it was sent, and what was asked for it.

    `url` is the address asked, `body` what it was before content-decoding, `ip_address` the server's, unless a proxy
    stood between. `earlier` holds the payload of the address's last capture: if it is this one's, it is not kept twice.
    Of a 304 it is the capture whose page the site says to be unchanged.
    """

    url: str
    status: int
    headers: Headers
    body: bytes
    fetched_at: datetime
    asked: Asked = field(default_factory=lambda: Asked("GET", []))
    ip_address: str | None = None
    earlier: Held | None = None


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
        self._has_looked_back = False
        try:
            (folder / site).mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / site / "writer.lock", site)
        except OSError as error:
            raise CaptureError(f"{folder / site}: cannot be written to ({error.strerror})") from error

    @property
    def folder(self) -> Path:
        """The folder that the files of captures are relative to."""
        return self._folder

    def append_all(self, responses: Sequence[Sent]) -> list[Location]:
        """Write responses with their requests and give their places once all are durable.

        One wait for the disk serves them all. A place is that of the response's record; that of its request follows it.
        Raises CaptureError if they cannot be written; the file then ends where it ended before.
        """
        now = self._clock.now()
        out: list[Location] = []
        waiting: list[tuple[Location, bytes, bytes]] = []
        for one in responses:
            made = self._made(one)
            if waiting and self._is_full(now, sum(len(answer) + len(asked) for _, answer, asked in waiting)):
                out += self._write_all(now, waiting)
                waiting = []
            waiting.append(made)
        if waiting:
            out += self._write_all(now, waiting)
        return out

    def _made(self, one: Sent) -> tuple[Location, bytes, bytes]:
        """The records of a response and of its request, and its place but for file and offset."""
        digest, length, profile = payload_digest(one.body), len(one.body), IDENTICAL_PAYLOAD
        earlier = None
        if one.earlier and one.status == HTTPStatus.NOT_MODIFIED:
            earlier, profile = self._referable(one.earlier, one.earlier.place.payload_digest), SERVER_NOT_MODIFIED
            if earlier:
                # Its payload is that of the page it says to be unchanged (WARC 1.1, 6.7.3).
                digest, length = one.earlier.place.payload_digest, one.earlier.place.payload_length
        elif one.earlier and length >= REVISIT_FROM:
            earlier = self._referable(one.earlier, digest)
        answer, key = response_member(
            one.url,
            one.fetched_at,
            one.status,
            one.headers,
            one.body,
            digest,
            ip_address=one.ip_address,
            refers_to=earlier,
            profile=profile,
        )
        refers_to_id = one.earlier.id if one.earlier and earlier else None
        place = Location("", 0, len(answer), digest, length, refers_to_id)
        return place, answer, request_member(one.url, one.fetched_at, one.asked, key)

    def _referable(self, held: Held, digest: str) -> Mapping[str, str] | None:
        """The fields of the record that holds the same payload, if it is there and does.

        Not for the row's word alone: a file that was lost, or that another machine has, holds nothing here.
        """
        place, path = held.place, self._folder / held.place.file
        if place.payload_digest != digest:
            return None
        try:
            fields = read_fields(path, place.offset)
            whole = path.stat().st_size >= place.offset + place.length
        except (CaptureError, OSError):
            # Not passed over: the payload is then kept here, and `captures verify` tells of the other.
            return None
        same = fields.get("warc-type") == "response" and fields.get("warc-payload-digest") == digest
        return fields if whole and same and fields.keys() >= REFERRED_TO.keys() else None

    def _write_all(self, now: datetime, made: list[tuple[Location, bytes, bytes]]) -> list[Location]:
        file = self._open(now)
        offset = self._write(file, b"".join(answer + asked for _, answer, asked in made))
        name = self._name(self._path)
        out = []
        for place, answer, asked in made:
            out.append(replace(place, file=name, offset=offset))
            offset += len(answer) + len(asked)
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
        if not self._has_looked_back:
            self._has_looked_back = True
            self._cut_back_last(path)
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
            self._write(file, warcinfo_member(now, path.name, _INFO))
            sync_folder(path.parent)
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
        """Cut a torn record off the end of the file to append to; give the new end."""
        size = os.fstat(file.fileno()).st_size
        known = self._known_end(self._name(self._path))
        if size < known:
            raise CaptureError(
                f"{self._path}: holds {size} bytes, but the database knows of {known}; restore the file "
                "from a copy that is as new as the database, or move it away to start another"
            )
        end = _cut(file, self._path, known)
        file.seek(end)
        return end

    def _cut_back_last(self, path: Path) -> None:
        """Cut a torn record off the file written to last, if that is another than `path`: nobody would later.

        A crawl that was killed at the end of a month, or of a file, leaves one.
        """
        others = [other for other in path.parent.glob("*.warc.gz") if other != path]
        if not others:
            return
        last = max(others, key=lambda other: (other.stat().st_mtime_ns, other.name))
        known = self._known_end(self._name(last))
        try:
            with last.open("r+b", buffering=0) as file:
                if os.fstat(file.fileno()).st_size > known:
                    _cut(file, last, known)
        except OSError as error:
            raise CaptureError(f"{last}: its end cannot be mended ({error.strerror})") from error

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


def _cut(file: IO[bytes], path: Path, known: int) -> int:
    """Cut a file behind its last whole record from offset `known` on; give its end."""
    end = last_whole_member(path, known)
    if end < os.fstat(file.fileno()).st_size:
        file.truncate(end)
        os.fsync(file.fileno())
    return end


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


def read_capture(folder: Path, place: Location, holder: Location | None = None) -> Record:
    """The record of a capture, with its payload.

    Of one that refers to another (`Location.refers_to_id`), `holder` is that one's place: the payload comes from there,
    headers and status are its own; a 304 has the headers of the page, brought up to date by its own. Raises
    CaptureError, with file and offset, if a record is not there whole, or is not that of its place. Its digests are
    taken at their word; `walk` with `check` computes them.
    """
    record = _record_at(folder, place, "response" if holder is None else "revisit")
    if holder is None:
        return record
    held = _record_at(folder, holder, "response")
    headers = record.headers
    if record.status == HTTPStatus.NOT_MODIFIED:
        # It tells of the page only what is news, and not how its body is coded (RFC 9111, 3.2 and 4.3.4).
        told = {name.lower() for name, _ in headers} - _OF_THE_BODY
        headers = [one for one in held.headers if one[0].lower() not in told]
        headers += [one for one in record.headers if one[0].lower() in told]
    return replace(record, headers=headers, payload=held.payload)


def _record_at(folder: Path, place: Location, kind: str) -> Record:
    path = folder / place.file
    record = next(read_records(path, [(place.offset, place.length)]))
    if record.kind != kind or record.payload_digest != place.payload_digest:
        raise CaptureError(
            f"{path}: the {record.kind} at {place.offset} is not the {kind} with payload {place.payload_digest} that "
            "the database knows; restore file and database from copies of one time"
        )
    return record


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


def is_written(folder: Path, site: str) -> bool:
    """Whether a process of this machine holds the captures of a site, `folder` being that of all captures."""
    try:
        with (folder / site / "writer.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, which fsync on its files does not. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
