"""Sitemaps (sitemaps.org protocol 0.9 and Google's news extension)."""

import gzip
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from archive.article import Dated
from crawler.discovery.entry import Entry
from crawler.extraction.dates import parse_date
from crawler.extraction.text import squash

MAX_BYTES = 50 * 1024 * 1024
"""Largest sitemap the protocol allows, uncompressed (sitemaps.org, "Sitemap file limits")."""

_MONTH = re.compile(r"(?P<year>20\d\d)[-_/]?(?P<month>0?[1-9]|1[0-2])(?!\d)")
_LAST_NUMBER = re.compile(r"(\d{1,18})\D*$")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap's articles, or an index's child sitemaps as (URL, last change)."""

    entries: tuple[Entry, ...] = ()
    children: tuple[tuple[str, datetime | None], ...] = ()


def read_sitemap(body: bytes) -> Sitemap:
    """Read a sitemap or sitemap index, plain or gzipped.

    Entities are never resolved. A ``lastmod`` that every entry shares is the day the file was made,
    not a date of its articles (seen on flat sitemaps), and is dropped. Raises ValueError if the body
    is no sitemap.
    """
    if body.startswith(b"\x1f\x8b"):
        try:
            body = zlib.decompressobj(31).decompress(body, MAX_BYTES)
        except (zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"broken gzip: {error}") from error
    root = parse_xml(body)
    kind = "" if root is None else name_of(root)[1]
    if root is None or kind not in ("urlset", "sitemapindex"):
        raise ValueError("the body is no sitemap")
    if kind == "sitemapindex":
        children = []
        for node in root:
            fields = _fields(node)
            if fields.get("loc"):
                changed = parse_date(fields.get("lastmod", ""))
                children.append((fields["loc"], changed.instant if changed else None))
        return Sitemap(children=tuple(children))
    entries = [entry for entry in map(_entry, root) if entry]
    stamps = Counter(entry.modified.instant for entry in entries if entry.modified)
    if len(entries) > 3 and len(stamps) == 1:
        entries = [replace(entry, modified=None) for entry in entries]
    return Sitemap(entries=tuple(entries))


def parse_xml(body: bytes) -> etree._Element | None:
    """Parse XML from outside: entities stay unresolved, nothing is loaded. None if it is no XML at all."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        return etree.fromstring(body.lstrip(), parser=parser) if body.strip() else None
    except etree.XMLSyntaxError:
        return None


def name_of(node: etree._Element) -> tuple[str, str]:
    """Namespace and local name of an element; both empty for a comment.

    A prefix that the document does not declare stays part of the name (``image:loc`` is no ``loc``).
    """
    if not isinstance(node.tag, str):
        return "", ""
    space, _, name = node.tag.rpartition("}")
    return space.removeprefix("{"), name


def month_of(url: str) -> tuple[int, int] | None:
    """The (year, month) that a monthly sitemap's address names, padded or not; None if it names none."""
    match = _MONTH.search(url.rsplit("/", 1)[-1])
    return (int(match["year"]), int(match["month"])) if match else None


def number_of(url: str) -> int:
    """The last number in a sitemap's address, of which 18 digits count; 0 if there is none."""
    match = _LAST_NUMBER.search(url)
    return int(match[1]) if match else 0


def _entry(node: etree._Element) -> Entry | None:
    fields = _fields(node)
    if not fields.get("loc"):
        return None
    return Entry(
        fields["loc"],
        title=fields.get("title"),
        published=_dated(fields.get("publication_date")),
        modified=_dated(fields.get("lastmod")),
    )


def _fields(node: etree._Element) -> dict[str, str]:
    """The words of an entry's own elements and of those of the news extension; not of its pictures."""
    out: dict[str, str] = {}
    for child in node.iter():
        space, name = name_of(child)
        if child is node or not name or not (child.text or "").strip():
            continue
        if child.getparent() is node or "/sitemap-news/" in space:
            out.setdefault(name, squash(child.text or ""))
    return out


def _dated(text: str | None) -> Dated | None:
    found = parse_date(text) if text else None
    return replace(found, raw=text or "", source="sitemap") if found else None
