"""Undoing a Content-Encoding: what a few bytes may cost is bounded."""

import gzip
import zlib

import brotli
import pytest

from archive.captures import CaptureError
from archive.decoding import OversizeBody, UnknownCoding, decoded

LIMIT = 1_000_000
BOMB = bytes(LIMIT + 1)


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(BOMB)), ("deflate", zlib.compress(BOMB)), ("br", brotli.compress(BOMB)), ("", BOMB)],
)
def test_a_body_that_grows_beyond_the_limit_is_told_apart(coding: str, body: bytes) -> None:
    with pytest.raises(OversizeBody):
        decoded([("Content-Encoding", coding)], body, LIMIT)


def test_a_gzip_of_a_great_many_members_is_not_followed() -> None:
    member = gzip.compress(b"x", mtime=0)
    assert decoded([("Content-Encoding", "gzip")], member * 200, LIMIT) == b"x" * 200
    with pytest.raises(CaptureError, match="members"):
        decoded([("Content-Encoding", "gzip")], member * 50_000, LIMIT)


def test_two_codings_are_undone_and_a_great_many_are_not() -> None:
    body = gzip.compress(zlib.compress(b"tin"))
    assert decoded([("Content-Encoding", "deflate"), ("Content-Encoding", "identity, gzip")], body) == b"tin"
    with pytest.raises(UnknownCoding, match="1000 content-codings"):
        decoded([("Content-Encoding", ",".join(["gzip"] * 1000))], body)
