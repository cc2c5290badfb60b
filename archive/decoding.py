"""Undoing the Content-Encoding of bodies, within limits."""

import zlib
from collections.abc import Callable, Iterable

import brotli

from archive.warc import CaptureError

BODY_LIMIT = 10 * 1024 * 1024
"""A body larger than this in bytes, once decoded, is not read: the same limit as the download's."""

_MAX_CODINGS, _MAX_MEMBERS = 3, 256
"""Most codings of one body, and members of one gzip: each is copied, so that a few bytes more cost the time of a body.
Servers use one coding; block gzip has 160 members in `BODY_LIMIT` bytes."""


class OversizeBody(CaptureError):
    """A body is larger than may be read, once decoded."""


class UnknownCoding(CaptureError):
    """A body has a Content-Encoding that is not known, or too many of them."""


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
