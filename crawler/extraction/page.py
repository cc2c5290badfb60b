"""A fetched page: its bytes decoded as its author meant them, and parsed once."""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from crawler.extraction.text import repair_double_encoding, visible

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?+\s*+([a-zA-Z0-9_:.-]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([a-zA-Z0-9_:.-]+)", re.IGNORECASE)
_LOW_REFERENCE = re.compile(r"&#(?:0*(\d{1,3})(?!\d)|[xX]0*([0-9a-fA-F]{1,2})(?![0-9a-fA-F]));?")

_NO_CHARSETS = re.compile(r"undefined|idna|punycode|(?:raw-)?unicode-escape|utf-(?:7|16|32).*")
"""Codecs (named as `codecs.lookup` does) that no label is believed to mean: notations within other text, one
that only raises, UTF-7 and UTF-32, which browsers refuse (WHATWG Encoding Standard, 4.2), and UTF-16, which
its bytes have told before."""

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

    @cached_property
    def tree(self) -> html.HtmlElement:
        """The parsed page. Callers may take nodes out of it: it is this page's own."""
        text = self.decoded.text or "<html></html>"
        parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        try:
            tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError):
            tree = html.document_fromstring("<html><body></body></html>")
        return tree

    @cached_property
    def base_url(self) -> str:
        """The address that the page's relative links start from (its ``<base href>``, else its own)."""
        for base in self.tree.iter("base"):
            href = (base.get("href") or "").strip()
            try:
                if href and urlsplit(joined := urljoin(self.url, href)).hostname:
                    return str(joined)
            except ValueError:
                continue
        return self.url

    def link(self, href: str) -> str:
        """Make `href` absolute; an address that cannot be parsed gives an empty string."""
        try:
            return urljoin(self.base_url, href.strip())
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a page, the charset it declared (meta, else header) and the one that read it."""

    text: str
    declared: str | None
    used: str


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Decode a page: byte order mark, strict UTF-8, meta, header, in that order.

    Provincial portals send UTF-8 under any label (measured: header iso-8859-1 over UTF-8 gives
    mojibake in Scrapy), so a body that is valid UTF-8 is UTF-8 whatever it declares. Text that was
    encoded twice is repaired; control characters, which stop parsers, are dropped.
    """
    declared = declared_charset(body, content_type)
    text, used = _decode_bytes(body, declared)
    text = _LOW_REFERENCE.sub(_without_control, text)
    # Repaired first: half of a letter that was encoded twice may be a control character.
    return Decoded(visible(repair_double_encoding(text)), declared, used)


def declared_charset(body: bytes, content_type: str = "") -> str | None:
    """The charset a page declares, lower case: in its first 4 KB of markup, else in the header."""
    meta = _META_CHARSET.search(body[:4096].replace(b"\x00", b""))
    if meta:
        return meta[1].decode("ascii").lower()
    header = _HEADER_CHARSET.search(content_type)
    return header[1].lower() if header else None


def _decode_bytes(body: bytes, declared: str | None) -> tuple[str, str]:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(name, "replace"), name
    utf16 = _utf16_without_mark(body)
    if utf16:
        return body.decode(utf16, "replace"), utf16
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") <= MAX_BAD_BYTES * len(body):
        return text, "utf-8"
    for label in (declared, "windows-1258"):
        if label and label not in ("utf-8", "utf8"):
            try:
                codec = codecs.lookup(label).name
                if not _NO_CHARSETS.fullmatch(codec):
                    return body.decode(codec), codec
            except (LookupError, UnicodeDecodeError):
                continue
    return text, "utf-8"


def _utf16_without_mark(body: bytes) -> str | None:
    """Markup in UTF-16 has a NUL in every other byte; stray NULs in UTF-8 do not line up so."""
    head = body[:200]
    if len(head) < 20:
        return None
    if head[1::2].count(0) > 0.8 * len(head[1::2]):
        return "utf-16-le"
    if head[0::2].count(0) > 0.8 * len(head[0::2]):
        return "utf-16-be"
    return None


def _without_control(match: re.Match[str]) -> str:
    """A reference to a control character names nothing a reader sees, and trees refuse it."""
    code = int(match[1]) if match[1] else int(match[2], 16)
    return "" if (code < 32 and code not in (9, 10, 13)) or code == 127 else match[0]
