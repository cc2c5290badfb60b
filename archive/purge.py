"""Purging: the bytes of an article that was taken down go from the capture files, and its words from the database.

A record is replaced by one of exactly the same length, so that every other keeps its place. Files go first, the
database follows in one transaction: a purge that was cut short is done by purging again.
"""

import base64
import hashlib
import os
import re
import shutil
import struct
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from archive.captures import CaptureError, CaptureWriter, sync_folder
from archive.clock import Clock
from archive.database import ArchiveError, Sessions, SiteLock, outside_transactions, reading, session_factory, writing
from archive.exclusion import Excluded
from archive.kept import known_end
from archive.locks import keeping_captures
from archive.models import Capture, Exclusion, Extraction, Revision, Site, StoredArticle, StoredText, public_id
from archive.takedown import urls_of

_BLOCK = 0xFFFF
"""Most bytes of a stored block (RFC 1951, 3.2.4)."""

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_AROUND = len(_GZIP_HEADER) + 8
"""Bytes of a gzip member that are not its stream: header, checksum and length (RFC 1952)."""

_PURGED = b"purged: "
_RECORD_ID = re.compile(rb"WARC-Record-ID: *(<[^>\r\n]+>)", re.IGNORECASE)
_CHUNK = 1 << 20
_PAGE = 500
"""Parameters of a statement, well below what either database takes."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did: `records` emptied in `files`, `texts` removed.

    `shared` are the ids of other articles that were read from captures of these addresses, which therefore stay;
    `lingering` says that a reader kept SQLite from clearing its log, `elsewhere` are the files that hold records of
    the article and are not in this captures folder: as long as there are any the purge is not done.
    """

    records: int
    files: tuple[str, ...]
    texts: int
    shared: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    lingering: bool = False


def purge(
    engine: Engine,
    folder: Path,
    locks: Path,
    clock: Clock,
    excluded: Excluded,
    is_of_article: Callable[[str], bool],
) -> Purged:
    """Remove what captures and database hold of an article that was taken down.

    `folder` is that of the captures, `locks` that of lock files. `is_of_article` tells of an address of the site
    whether it is one of the article's, as its further pages are, which the ledger does not know. Raises
    CaptureLocked if the site is being crawled, CaptureError if a file cannot be written, ArchiveError if a backup is
    being made.
    """
    sessions = session_factory(engine)
    with reading(sessions) as session:
        site_id = session.scalars(select(Site.id).where(Site.name == excluded.site)).one()
    with (
        keeping_captures(locks, f"{excluded.id} cannot be purged", shared=False),
        CaptureWriter(folder, excluded.site, clock, lambda file: known_end(sessions, file)),
    ):
        lock = SiteLock(engine, site_id, excluded.site)
        try:
            return _purge(engine, sessions, folder, clock, (site_id, excluded), is_of_article)
        finally:
            lock.close()


def _purge(
    engine: Engine,
    sessions: Sessions,
    folder: Path,
    clock: Clock,
    which: tuple[int, Excluded],
    is_of_article: Callable[[str], bool],
) -> Purged:
    site_id, excluded = which
    now = clock.now()
    with reading(sessions) as session:
        captures, shared = _captures(session, site_id, excluded.key, is_of_article)
    by_file: dict[str, list[Capture]] = {}
    for capture in captures:
        by_file.setdefault(capture.file, []).append(capture)
    here = {file: rows for file, rows in by_file.items() if (folder / file).is_file()}
    elsewhere = tuple(sorted(by_file.keys() - here.keys()))
    for file in sorted(here):
        empty_records(folder / file, [(row.offset, row.length) for row in here[file]], now)
    emptied = [row.id for rows in here.values() for row in rows]
    with writing(sessions, site_id) as session:
        if engine.dialect.name == "sqlite":
            # What is deleted is overwritten, not only let go of.
            session.connection().exec_driver_sql("pragma secure_delete = on")
        texts = _forget(session, site_id, excluded.key, [row.id for row in captures])
        for start in range(0, len(emptied), _PAGE):
            some = emptied[start : start + _PAGE]
            session.execute(
                update(Capture).where(Capture.id.in_(some), Capture.purged_at.is_(None)).values(purged_at=now)
            )
        exclusion = session.scalar(
            select(Exclusion).where(Exclusion.site_id == site_id, Exclusion.article_key == excluded.key)
        )
        if exclusion is None:
            raise ArchiveError(f"{excluded.id} is not taken down any more; nothing was removed from the database")
        if not elsewhere:
            exclusion.purged_at = exclusion.purged_at or now
    lingering = False
    if engine.dialect.name == "sqlite":
        with outside_transactions(engine) as connection:
            # Its first column says that a reader stood in the way (SQLite, "pragma wal_checkpoint").
            lingering = connection.exec_driver_sql("pragma wal_checkpoint(truncate)").one()[0] != 0
    return Purged(len(emptied), tuple(sorted(here)), texts, shared, elsewhere, lingering)


def _captures(
    session: Session, site_id: int, key: str, is_of_article: Callable[[str], bool]
) -> tuple[list[Capture], tuple[str, ...]]:
    """Every capture of the article, and the ids of other articles that were read from some at its addresses."""
    addresses = {url.url for url in urls_of(session, site_id, key)}
    article = session.scalar(select(StoredArticle).where(StoredArticle.site_id == site_id, StoredArticle.key == key))
    of_site = Capture.site_id == site_id
    read_from: set[int] = set()
    if article is not None:
        addresses.add(article.url)
        read_from = set(session.scalars(select(Extraction.capture_id).where(Extraction.article_id == article.id)))
        for row in _rows(session, select(Capture.url, Capture.final_url), Capture.id, read_from):
            addresses |= {row.url, row.final_url}
    every = select(Capture.url).where(of_site).union(select(Capture.final_url).where(of_site))
    addresses |= {url for url in session.scalars(every) if is_of_article(url)}
    ids = set(read_from)
    for column in (Capture.url, Capture.final_url):
        ids |= {row.id for row in _rows(session, select(Capture.id).where(of_site), column, addresses)}
    # An address may have led to another article as well: what that was read from is not this one's to remove.
    foreign: dict[int, str] = {}
    while True:
        foreign |= _of_others(session, key, site_id, ids - read_from)
        ids -= foreign.keys()
        # The same page, kept once: whichever record holds it. (An error's page is no article's.)
        page = select(Capture.id, Capture.refers_to_id).where(of_site, Capture.status == HTTPStatus.OK)
        linked = {row.id for row in _rows(session, page, Capture.refers_to_id, ids)}
        linked |= {row.refers_to_id for row in _rows(session, page, Capture.id, ids) if row.refers_to_id}
        if linked <= ids | foreign.keys():
            break
        ids |= linked
    found = [row[0] for row in _rows(session, select(Capture), Capture.id, ids)]
    return sorted(found, key=lambda row: (row.file, row.offset)), tuple(sorted(set(foreign.values())))


def _of_others(session: Session, key: str, site_id: int, captures: Collection[int]) -> dict[int, str]:
    """Those of `captures` from which another article was read, and its id."""
    mine = (StoredArticle.site_id == site_id) & (StoredArticle.key == key)
    query = (
        select(Extraction.capture_id, Site.name, StoredArticle.key)
        .join(StoredArticle, StoredArticle.id == Extraction.article_id)
        .join(Site, Site.id == StoredArticle.site_id)
        .where(~mine)
    )
    return {
        row.capture_id: public_id(row.name, row.key) for row in _rows(session, query, Extraction.capture_id, captures)
    }


def _rows(session: Session, query: Any, column: InstrumentedAttribute[Any], values: Collection[Any]) -> list[Row[Any]]:
    """What `query` finds where `column` has one of `values`, asked in portions."""
    ordered = sorted(values)
    return [
        row
        for start in range(0, len(ordered), _PAGE)
        for row in session.execute(query.where(column.in_(ordered[start : start + _PAGE])))
    ]


def _forget(session: Session, site_id: int, key: str, captures: Sequence[int]) -> int:
    """Delete what was read of the article, and the texts that no other carries; give their number."""
    article = session.scalar(select(StoredArticle).where(StoredArticle.site_id == site_id, StoredArticle.key == key))
    texts: set[int] = set()
    if article is not None:
        made = Extraction.article_id == article.id
        texts = set(session.scalars(select(Extraction.text_id).where(made, Extraction.text_id.is_not(None))))
        session.execute(delete(Revision).where(Revision.article_id == article.id))
        session.execute(delete(Extraction).where(made))
    for start in range(0, len(captures), _PAGE):
        some = captures[start : start + _PAGE]
        refused = Extraction.capture_id.in_(some) & Extraction.article_id.is_(None)
        session.execute(delete(Extraction).where(refused))
    for url in urls_of(session, site_id, key):
        url.listed_title, url.other_titles = None, None
    carried = exists().where(Extraction.text_id == StoredText.id)
    removed = 0
    for text in sorted(texts):
        # Locked first: a crawl of another site may be storing the same words at this moment.
        session.execute(select(StoredText.id).where(StoredText.id == text).with_for_update())
        gone = delete(StoredText).where(StoredText.id == text, ~carried).returning(StoredText.id)
        removed += len(session.scalars(gone).all())
    return removed


def empty_records(path: Path, places: Sequence[tuple[int, int]], now: datetime) -> None:
    """Replace the records of a capture file at these (offset, length) by ones that say they were purged.

    The file is written anew beside the old one, which it replaces when it is durable; records that were purged
    before stay as they are. Raises CaptureError; the file is then as it was.
    """
    partial = path.with_name(f".purging-{path.name}")
    try:
        changes: list[tuple[int, bytes]] = []
        with path.open("rb") as file:
            for offset, length in places:
                file.seek(offset)
                member = file.read(length)
                if len(member) < length:
                    raise CaptureError(f"{path}: ends before the record at {offset}; restore the file")
                record = _inflated(member)
                if not is_purged(record):
                    changes.append((offset, purged_member(length, _record_id(record), now)))
        if not changes:
            return
        with path.open("rb") as file, partial.open("wb") as copy:
            shutil.copyfileobj(file, copy, _CHUNK)
            for offset, member in changes:
                copy.seek(offset)
                copy.write(member)
            copy.flush()
            os.fsync(copy.fileno())
        # Its time as well: by that the next crawl tells which file was written to last, and may end in a torn record.
        shutil.copystat(path, partial)
        partial.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise CaptureError(
            f"{path}: cannot be written anew without what is to be purged ({error.strerror}); make room for a copy "
            "of it, then purge again"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def is_purged(record: bytes) -> bool:
    """Whether the record, decompressed, is what a purge left."""
    head, _, block = record.partition(b"\r\n\r\n")
    return b"WARC-Type: metadata" in head and block.startswith(_PURGED)


def purged_member(length: int, record_id: bytes, now: datetime) -> bytes:
    """A gzip member of exactly `length` bytes: the record that takes the place of one that was purged.

    It is of the type metadata, keeps the record's id, to which its request refers, and is filled up with spaces.
    Raises CaptureError if it does not fit.
    """
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    words = _PURGED + stamp + b"\r\n"
    # Stored, not compressed: only so can its length be chosen.
    room = length - _AROUND
    blocks = max(1, -(-room // (_BLOCK + 5)))
    for digest in (True, False):
        spare = room - 5 * blocks - len(_record(record_id, stamp, words, digest))
        if spare >= 0:
            record = _record(record_id, stamp, words + b" " * spare, digest)
            break
    else:
        raise CaptureError(f"no record of a purge fits into {length} bytes; please report this")
    stream = b""
    for number in range(blocks):
        part = record[number * _BLOCK : (number + 1) * _BLOCK]
        stream += struct.pack("<BHH", number == blocks - 1, len(part), len(part) ^ 0xFFFF) + part
    return _GZIP_HEADER + stream + struct.pack("<II", zlib.crc32(record), len(record))


def _record(record_id: bytes, stamp: bytes, block: bytes, digest: bool) -> bytes:
    """The record; of the same length for every block of one length."""
    lines = [b"WARC/1.1", b"WARC-Type: metadata", b"WARC-Record-ID: " + record_id, b"WARC-Date: " + stamp]
    # pywb takes it for no page by this.
    lines.append(b"Content-Type: application/warc-fields")
    if digest:
        lines.append(b"WARC-Block-Digest: sha1:" + base64.b32encode(hashlib.sha1(block).digest()))
    lines.append(b"Content-Length: %010d" % len(block))
    return b"\r\n".join(lines) + b"\r\n\r\n" + block + b"\r\n\r\n"


def _inflated(member: bytes) -> bytes:
    """What is left to read of a member: a damaged one is purged like any other."""
    reader = zlib.decompressobj(wbits=31)
    try:
        return reader.decompress(member, _CHUNK)
    except zlib.error:
        return b""


def _record_id(record: bytes) -> bytes:
    found = _RECORD_ID.search(record.partition(b"\r\n\r\n")[0])
    return found[1] if found else f"<urn:uuid:{uuid4()}>".encode()
