"""Sitemaps (sitemaps.org protocol 0.9 and Google's news extension)."""

import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from lxml import etree

from archive.article import Dated
from archive.clock import VIETNAM
from crawler.discovery.entry import Entry
from crawler.discovery.markup import name_of, read_rows
from crawler.discovery.troubles import MAX_ENTRIES, Loss, Trouble
from crawler.extraction.dates import parse_date
from crawler.extraction.text import squash

MAX_BYTES = 20 * 1024 * 1024
"""Most of a gzipped sitemap that is read: 200,000 entries in 10 s. Half of it may come uncompressed
(DOWNLOAD_MAXSIZE); the protocol allows 50 MB, with no more than 50,000 entries."""

_GZIP = b"\x1f\x8b"
"""How gzip begins (RFC 1952, 2.3.1)."""

_MONTH = re.compile(r"(?P<year>20\d\d)[-_/]?(?P<month>0?[1-9]|1[0-2])(?!\d)")
_LAST_NUMBER = re.compile(r"(\d{1,18})\D*$")


MANY = 20
"""From so many entries on, a ``lastmod`` that nine in ten of them share is when the file was made, for so many articles
are not changed in one instant."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap's articles, or an index's child sitemaps as (URL, last change).

    `trouble` says what of it is missing: it is too large or too deep, breaks off, is broken.
    """

    entries: tuple[Entry, ...] = ()
    children: tuple[tuple[str, datetime | None], ...] = ()
    trouble: Loss | None = None


def read_sitemap(body: bytes) -> Sitemap:
    """Read a sitemap or sitemap index, plain or gzipped, of which the newest `MAX_ENTRIES` count.

    Entities are never resolved. A ``lastmod`` that every entry shares, or nearly every one of many, is the day the file
    was made, not a date of its articles (seen on flat sitemaps), and is dropped. Raises ValueError if the body is no
    sitemap.
    """
    body, trouble = _unpacked(body)
    losses: list[Loss] = []
    rows = read_rows(body, losses)
    kind = next(rows, None)
    if kind is None or name_of(kind)[1] not in ("urlset", "sitemapindex"):
        raise ValueError("the body is no sitemap")
    if name_of(kind)[1] == "sitemapindex":
        told = (fields for fields in map(_fields, rows) if fields.get("loc"))
        children = tuple((fields["loc"], _instant(fields.get("lastmod"))) for fields in islice(told, MAX_ENTRIES))
        if next(told, None) is not None:
            trouble = Trouble.TOO_LARGE, f"the index has more than {MAX_ENTRIES:,} sitemaps; the rest is left out"
        # What the packing says goes first: cut gzip is cut XML as well.
        return Sitemap(children=children, trouble=trouble or next(iter(losses), None))
    read = 0

    def entries() -> Iterator[Entry]:
        nonlocal read
        for entry in map(_entry, rows):
            if entry:
                read += 1
                yield entry

    # No more are held than are given, however many the file has; of equal dates those that come first.
    kept = heapq.nlargest(MAX_ENTRIES, ((_when(entry), -place, entry) for place, entry in enumerate(entries())))
    newest = [entry for _, _, entry in sorted(kept, key=lambda one: -one[1])]
    if read > MAX_ENTRIES:
        trouble = Trouble.TOO_LARGE, f"it has {read:,} entries; all but the newest {MAX_ENTRIES:,} are left out"
    stamps = Counter(entry.modified.instant for entry in newest if entry.modified)
    if frozen := _frozen(stamps, len(newest)):
        newest = [
            replace(entry, modified=None) if entry.modified and entry.modified.instant == frozen else entry
            for entry in newest
        ]
    return Sitemap(entries=tuple(newest), trouble=trouble or next(iter(losses), None))


def _frozen(stamps: Counter[datetime], entries: int) -> datetime | None:
    """The time at which the file was made, where that stands in place of its entries' own changes; None if it does not.

    All have it, or of `MANY` at least nine in ten: the home page and a few others may have a time of their own.
    """
    if not stamps or entries <= 3:
        return None
    [(stamp, times)] = stamps.most_common(1)
    return stamp if len(stamps) == 1 or (times >= MANY and times * 10 >= entries * 9) else None


def _unpacked(body: bytes) -> tuple[bytes, Loss | None]:
    """The sitemap without its packing, and what of it is missing. Raises ValueError for gzip that is broken."""
    if not body.startswith(_GZIP):
        return body, None
    unpacking = zlib.decompressobj(31)
    try:
        plain = unpacking.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"broken gzip: {error}") from error
    if len(plain) > MAX_BYTES:
        return plain[:MAX_BYTES], (
            Trouble.TOO_LARGE,
            f"it has more than {MAX_BYTES // 2**20} MB; the rest is left out",
        )
    if not unpacking.eof:
        return plain, (Trouble.TRUNCATED, "its gzip ends early; what came before that is taken")
    if unpacking.unused_data.startswith(_GZIP):
        return plain, (Trouble.TRUNCATED, "its gzip has several parts, of which the first is read")
    return plain, None


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


def _when(entry: Entry) -> datetime:
    told = entry.published or entry.modified
    return told.instant if told else datetime.min.replace(tzinfo=VIETNAM)


def _instant(text: str | None) -> datetime | None:
    found = parse_date(text) if text else None
    return found.instant if found else None


def _dated(text: str | None) -> Dated | None:
    found = parse_date(text) if text else None
    return replace(found, raw=text or "", source="sitemap") if found else None
