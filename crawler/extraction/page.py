"""A fetched page: its bytes decoded as its author meant them, and parsed once."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from crawler.extraction.bounds import too_large
from crawler.extraction.text import is_plain, repair_double_encoding, visible

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?+\s*+([a-z0-9_:.-]+)")
_HEADER_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([a-zA-Z0-9_:.-]+)", re.IGNORECASE)
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|127)(?!\d)|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])(?![0-9a-fA-F]));?"
)
"""A reference to a control character names nothing a reader sees, and trees refuse it."""

# Not that of lxml.html, which asks Python for the class of every node: a tenth of the time of a reading.
# `huge_tree`: of what lies deeper than 256 elements nothing would be read, and nothing said; so it is 2,048.
_PARSER = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)

_NO_CHARSETS = re.compile(r"undefined|idna|punycode|(?:raw-)?unicode-escape|utf-(?:7|16|32).*")
"""Codecs (named as `codecs.lookup` does) that no label is believed to mean: notations within other text, one
that only raises, UTF-7 and UTF-32, which browsers refuse (WHATWG Encoding Standard, 4.2), and UTF-16, which
its bytes have told before."""

LONGEST_LINK = 100_000
"""Characters of an address that is looked at: to join one of 6 MB took 400 MB of memory. None so long is kept."""

_HEAD = 200
"""Bytes at the beginning of a page by which UTF-16 is told."""

MAX_BAD_BYTES = 0.001
"""Share of undecodable bytes up to which a page still counts as UTF-8: a text cut in mid-character
or one bad advertisement must not turn the whole page into Windows-1252."""


@dataclass(frozen=True)
class Page:
    """One response as extraction sees it.

    `url` is the final address, `body` the bytes after content-decoding, `content_type` the header.
    """

    url: str
    body: bytes
    content_type: str = ""

    @cached_property
    def decoded(self) -> "Decoded":
        """The body as text, with the charset it declared and the one that was used."""
        return decode(self.body, self.content_type)

    @property
    def tree(self) -> Any:
        """The parsed page. Callers may take nodes out of it: it is this page's own."""
        return self._parsed[0]

    @property
    def too_large(self) -> str | None:
        """What of the page is too much to be parsed, so that `tree` ends before it; None if nothing is."""
        return self._end[1] if self._end else None

    @property
    def is_too_deep(self) -> bool:
        """Whether the parser gave up within the page, which nests deeper than it goes: `tree` ends there."""
        return self._parsed[1]

    @property
    def end(self) -> Any:
        """The last element of `tree`; those it stands in are the ones that a page cut short does not end."""
        node = self.tree
        while len(node):
            node = node[-1]
        return node

    @cached_property
    def _end(self) -> tuple[int, str] | None:
        return too_large(self.decoded.utf8)

    @cached_property
    def _parsed(self) -> tuple[Any, bool]:
        try:
            utf8 = self.decoded.utf8
            if self._end:
                # An empty element marks the place: what it stands in is what had not ended there.
                utf8 = utf8[: self._end[0]] + b"<wbr>"
            tree = etree.fromstring(utf8, parser=_PARSER)
        except (etree.ParserError, etree.XMLSyntaxError):
            tree = None
        # The parser stops at this error, so it is the last.
        last = _PARSER.error_log.last_error
        cut = last is not None and last.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT
        return etree.fromstring("<html><body/></html>") if tree is None else tree, cut

    @cached_property
    def base_url(self) -> str:
        """The address that the page's relative links start from (its ``<base href>``, else its own)."""
        for base in self.tree.iter("base"):
            href = (base.get("href") or "").strip()
            try:
                if href and len(href) <= LONGEST_LINK and urlsplit(joined := urljoin(self.url, href)).hostname:
                    return str(joined)
            except ValueError:
                continue
        return self.url

    def link(self, href: str) -> str:
        """Make `href` absolute; an address that cannot be parsed, or has pages of text, gives an empty string."""
        if len(href) > LONGEST_LINK:
            return ""
        try:
            return urljoin(self.base_url, href.strip())
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as UTF-8, the charset it declared (meta, else header) and the one that read it."""

    utf8: bytes
    declared: str | None
    used: str

    @property
    def text(self) -> str:
        """The page as text."""
        return self.utf8.decode("utf-8")


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Decode a page: byte order mark, strict UTF-8, meta, header, in that order.

    Provincial portals send UTF-8 under any label (measured: header iso-8859-1 over UTF-8 gives
    mojibake in Scrapy), so a body that is valid UTF-8 is UTF-8 whatever it declares. Text that was
    encoded twice is repaired; control characters, which stop parsers, are dropped.
    """
    declared = declared_charset(body, content_type)
    utf8, used = _utf8(body, (declared, _in_header(content_type)))
    utf8 = _CONTROL_REFERENCE.sub(b"", utf8)
    if not is_plain(utf8):
        # Repaired first: half of a letter that was encoded twice may be a control character.
        utf8 = visible(repair_double_encoding(utf8.decode("utf-8"))).encode("utf-8")
    return Decoded(utf8, declared, used)


def declared_charset(body: bytes, content_type: str = "") -> str | None:
    """The charset a page declares, lower case: in its first 4 KB of markup, else in the header."""
    head = body[:4096].replace(b"\x00", b"").lower()
    meta = _META_CHARSET.search(head) if b"charset" in head else None
    if meta:
        return meta[1].decode("ascii")
    return _in_header(content_type)


def _in_header(content_type: str) -> str | None:
    header = _HEADER_CHARSET.search(content_type)
    return header[1].lower() if header else None


def _utf8(body: bytes, declared: Sequence[str | None]) -> tuple[bytes, str]:
    """The body as UTF-8, and the charset that read it; one that is UTF-8 is given as it is."""
    if body.startswith(codecs.BOM_UTF8):
        return _encoded(body.decode("utf-8", "replace")), "utf-8"
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # A mark is a claim like any other: markup that is UTF-16 has NULs.
        if b"\x00" in body[:_HEAD]:
            return _encoded(body.decode("utf-16", "replace")), "utf-16"
        body = body[2:]
    utf16 = _utf16_without_mark(body)
    if utf16:
        return _encoded(body.decode(utf16, "replace")), utf16
    try:
        body.decode("utf-8")
        return body, "utf-8"
    except UnicodeDecodeError:
        pass
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") <= MAX_BAD_BYTES * len(body):
        return _encoded(text), "utf-8"
    for label in (*declared, "windows-1258"):
        if label and label not in ("utf-8", "utf8"):
            try:
                codec = codecs.lookup(label).name
                if not _NO_CHARSETS.fullmatch(codec):
                    return _encoded(body.decode(codec)), codec
            except (LookupError, UnicodeError):
                continue
    return _encoded(text), "utf-8"


def _encoded(text: str) -> bytes:
    # A server may declare one of Python's own codecs, some of which give halves of surrogate pairs.
    return text.encode("utf-8", "replace")


def _utf16_without_mark(body: bytes) -> str | None:
    """Markup in UTF-16 has a NUL in every other byte; stray NULs in UTF-8 do not line up so."""
    head = body[:_HEAD]
    if len(head) < 20:
        return None
    if head[1::2].count(0) > 0.8 * len(head[1::2]):
        return "utf-16-le"
    if head[0::2].count(0) > 0.8 * len(head[0::2]):
        return "utf-16-be"
    return None
