"""What text groups rest on, kept up to date: source records of articles, cores and fingerprints of their texts."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from archive.bulk import among, ask, insert_rows
from archive.clock import VIETNAM
from archive.exclusion import not_taken_down
from archive.fingerprint import (
    ALGORITHM,
    Core,
    Hashes,
    Paragraph,
    bands,
    core,
    figures_of,
    packed,
    paragraphs,
    signatures,
    unpacked,
)
from archive.models import Base, Extraction, Fingerprint, LshBand, SourceRecord, StoredArticle, StoredText
from archive.paragraphs import Carried, learn, recurring
from archive.sources import source_key

MOST_IN_BAND = 400
"""Texts that share a band at the most: a larger bucket is boilerplate (archived pages of 17 portals had none of news
that large), and comparing all in it with each other would take its square in time."""

_CACHED, _LONGEST = 8192, 8192
"""Cores whose shingles a process remembers, some 4 KB each: what is compared is mostly of the last days; and the most
shingles of one that is."""

_TOO_LARGE = (
    "more than %d texts share a band (%d), by which none of them is proposed any more; likely a template that no "
    "layout leaves out: `baotinh reprints report` shows on which site template-only texts or reposts have grown"
)

_log = logging.getLogger(__name__)


class Print(NamedTuple):
    """A row of `Fingerprint` before it is written."""

    text_id: int
    algorithm: str
    core_hash: int
    shingles: int
    figures: str
    core_figures: str
    signature: bytes | None


@dataclass(slots=True)
class Touched:
    """Texts by their keys: `alive` are carried by articles and may meet other texts now, `dead` by none any more.

    `meeting` are texts besides that may meet others: whose band has become, or ceased to be, too large to be looked
    into, or that credit a site by a name it did not have. `prints` are the rows of `Fingerprint` of the living that
    have a signature, `written` the bands that were written or removed now, `sizes` how many texts share each of these,
    if more than one does.
    """

    alive: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    meeting: set[int] = field(default_factory=set)
    prints: dict[int, Any] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)
    sizes: dict[int, int] = field(default_factory=dict)


class _Remembered:
    """The shingles of cores by their hash, those that were used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Hashes] = OrderedDict()

    def get(self, core_hash: int) -> Hashes | None:
        kept = self._kept.get(core_hash)
        # Another thread may have dropped it meanwhile.
        with suppress(KeyError):
            self._kept.move_to_end(core_hash)
        return kept

    def put(self, made: Core) -> None:
        if len(made.shingles) > _LONGEST:
            return
        self._kept[made.hash] = made.shingles
        if len(self._kept) > _CACHED:
            with suppress(KeyError):
                self._kept.popitem(last=False)


_SHINGLES = _Remembered()


def take_in(session: Session, articles: Collection[int]) -> Touched:
    """Bring source records, recurring paragraphs, fingerprints and bands up to date with what articles say now.

    `articles` are those that may have changed: their words, date, title, credit, or that they were taken down. Gives
    the texts whose place among the groups may be another for it; none if nothing changed.
    """
    changed = _records(session, articles)
    if not changed:
        return Touched()
    carried = _carried(session, changed)
    sites: dict[int, set[int]] = {one.text: set() for one in carried}
    for one in carried:
        sites[one.text] |= one.sites
    texts = sites.keys()
    found = _taken_apart(session, texts)
    hashes = {text: {one.hash for one in some} for text, some in found.items()}
    sites |= _sites(session, learn(session, carried, hashes) - texts)
    alive = {text for text, some in sites.items() if some}
    touched = Touched(alive, sites.keys() - alive)
    found |= _taken_apart(session, alive - found.keys())
    made = _cores(session, {text: sites[text] for text in alive}, found)
    _fingerprint(session, touched, made, found)
    return touched


def shingles(session: Session, prints: Iterable[Any]) -> dict[int, Hashes]:
    """The shingles of the cores of these rows of `Fingerprint`, by text."""
    hashes = {row.text_id: row.core_hash for row in prints}
    out = {text: kept for text, hash_ in hashes.items() if (kept := _SHINGLES.get(hash_)) is not None}
    missing = hashes.keys() - out.keys()
    for text, made in _cores(session, _sites(session, missing), _taken_apart(session, missing)).items():
        out[text] = made.shingles
        _SHINGLES.put(made)
    return out


def _sites(session: Session, texts: Collection[int]) -> dict[int, set[int]]:
    """The sites whose articles carry each of these texts."""
    sites: dict[int, set[int]] = {text: set() for text in texts}
    for row in ask(session, _SITES, texts=texts):
        sites[row.text_id].add(row.site_id)
    return sites


def _cores(session: Session, sites: dict[int, set[int]], found: dict[int, list[Paragraph]]) -> dict[int, Core]:
    """The cores of texts, given the sites that carry each and its paragraphs.

    Left out is what recurs on each of them: one site's habit of printing a text says nothing of another's copy.
    """
    every = {site for some in sites.values() for site in some}
    hashes = {one.hash for text in sites for one in found[text]}
    by_site = recurring(session, every, hashes)
    return {
        text: core(found[text], set.intersection(*(by_site[site] for site in some)) if some else ())
        for text, some in sites.items()
    }


def _records(session: Session, articles: Collection[int]) -> list[tuple[Any | None, Any | None]]:
    """Write the source records of articles anew; gives (before, now) of those that changed."""
    before = {row.article_id: dict(row._mapping) for row in ask(session, _BEFORE, articles=articles)}
    now = {row.article_id: _record(row) for row in ask(session, _NOW, articles=articles)}
    changed = [
        (before.get(article), now.get(article))
        for article in sorted(before.keys() | now.keys())
        if before.get(article) != now.get(article)
    ]
    connection = session.connection()
    gone = [{"row": was["article_id"]} for was, _ in changed if was is not None]
    if gone:
        connection.execute(_DROP_RECORD, gone)
    new = [made for _, made in changed if made is not None]
    if new:
        connection.execute(_NEW_RECORD, new)
    return changed


def _record(row: Row[Any]) -> dict[str, Any]:
    instant = row.published_instant
    return {
        "article_id": row.article_id,
        "text_id": row.text_id,
        "site_id": row.site_id,
        "published_instant": instant,
        "published_precision": row.published_precision,
        "day": instant.astimezone(VIETNAM).toordinal() if instant else None,
        "source": source_key(row.source_credit),
        "figures": " ".join(figures_of(row.title or "")),
    }


def _carried(session: Session, changed: Sequence[tuple[Any | None, Any | None]]) -> list[Carried]:
    """How many articles of each site carry each of the texts, before and after."""
    difference: Counter[tuple[int, int]] = Counter()
    for was, made in changed:
        for row, sign in ((was, -1), (made, 1)):
            if row is not None:
                difference[row["site_id"], row["text_id"]] += sign
    texts = {text for _, text in difference}
    now = {(row.site_id, row.text_id): row.articles for row in ask(session, _COUNTED, texts=texts)}
    sites: dict[int, set[int]] = {text: set() for text in texts}
    for site, text in now:
        sites[text].add(site)
    return [
        Carried(site, text, now.get((site, text), 0) - more, now.get((site, text), 0), frozenset(sites[text]))
        for (site, text), more in difference.items()
    ]


def _fingerprint(session: Session, touched: Touched, made: dict[int, Core], found: dict[int, list[Paragraph]]) -> None:
    """Write the fingerprints and bands of texts anew where their cores changed; completes what is `touched`."""
    connection = session.connection()
    known = {row.text_id: row for row in ask(session, _KNOWN, texts=touched.alive | touched.dead)}
    new = {
        text: one
        for text, one in made.items()
        if text not in known or (known[text].core_hash, known[text].algorithm) != (one.hash, ALGORITHM)
    }
    gone = [row for text, row in known.items() if text in touched.dead or text in new]
    signed = {text: one for text, one in new.items() if len(one.shingles)}
    signature = signatures([one.shingles for one in signed.values()])
    kept = dict(zip(signed, map(packed, signature), strict=True))
    old = bands_of(gone)
    dropped = [{"key": band, "text": text} for text, some in old.items() for band in some]
    # The bands of another algorithm cannot be told from its signature, so every band is looked at.
    foreign = [{"text": row.text_id} for row in gone if row.algorithm != ALGORITHM]
    outdated = [{"row": row.text_id} for row in gone]
    for statement, rows in ((_DROP_BAND, dropped), (_DROP_BANDS, foreign), (_DROP_FINGERPRINT, outdated)):
        if rows:
            connection.execute(statement, rows)
    prints = [
        Print(
            text,
            ALGORITHM,
            one.hash,
            len(one.shingles),
            " ".join(figures_of("\n".join(paragraph.text for paragraph in found[text]))),
            " ".join(one.figures),
            kept.get(text),
        )
        for text, one in new.items()
    ]
    for one in new.values():
        _SHINGLES.put(one)
    insert_rows(session, Fingerprint, Print._fields, prints)
    living = {text: row for text, row in known.items() if text in made and text not in new}
    living |= {one.text_id: one for one in prints}
    touched.prints = {text: row for text, row in living.items() if row.signature is not None}
    written = bands_of(prints)
    # In order, so that neighbours in the index are written together.
    added = sorted((band, text) for text, some in written.items() for band in some)
    insert_rows(session, LshBand, ("band", "text_id"), added)
    more, fewer = Counter(band for band, _ in added), Counter(row["key"] for row in dropped)
    touched.written = set(more | fewer)
    touched.sizes = bucket_sizes(session, touched.written)
    touched.meeting = _crossed(session, touched.sizes, more, fewer)


def _crossed(session: Session, sizes: dict[int, int], more: Counter[int], fewer: Counter[int]) -> set[int]:
    """The texts of buckets that have become too large to be looked into, or ceased to be."""
    crossed = [
        band for band, now in sizes.items() if (now > MOST_IN_BAND) != (now - more[band] + fewer[band] > MOST_IN_BAND)
    ]
    for band in crossed:
        if sizes[band] > MOST_IN_BAND:
            _log.warning(_TOO_LARGE, MOST_IN_BAND, band)
    return {row.text_id for row in ask(session, IN_BANDS, bands=crossed)}


def bucket_sizes(session: Session, keys: Collection[int]) -> dict[int, int]:
    """How many texts have each of these bands; those that one or none has are left out, as they propose no pair."""
    return {row.band: row.texts for row in ask(session, _SIZES, bands=keys)}


def keys_of(prints: Sequence[Any]) -> NDArray[np.int64]:
    """The keys under which texts are found, a row for each row of `Fingerprint` that has a signature.

    What two texts share stands in the same column. The last is the hash of the core, so that equal ones meet however
    short they are.
    """
    hashes = np.array([row.core_hash for row in prints], dtype=np.int64)
    return np.column_stack((bands(unpacked([row.signature for row in prints])), hashes))


def bands_of(prints: Iterable[Any]) -> dict[int, list[int]]:
    """The same by text, for rows with and without a signature; what another algorithm made has none."""
    signed = [row for row in prints if row.signature is not None and row.algorithm == ALGORITHM]
    return {row.text_id: list(set(keys)) for row, keys in zip(signed, keys_of(signed).tolist(), strict=True)}


def _taken_apart(session: Session, texts: Collection[int]) -> dict[int, list[Paragraph]]:
    return {row.id: paragraphs(row.body) for row in ask(session, _BODIES, texts=texts)}


# -- statements -----------------------------------------------------------------------------------
_TABLES = Base.metadata.tables
_RECORD = _TABLES["source_record"].c
_BEFORE = select(*_RECORD).where(among(_RECORD.article_id, "articles"))
_NOW = (
    select(
        StoredArticle.id.label("article_id"),
        Extraction.text_id,
        StoredArticle.site_id,
        Extraction.published_instant,
        Extraction.published_precision,
        Extraction.source_credit,
        Extraction.title,
    )
    .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
    .where(among(StoredArticle.id, "articles"), Extraction.text_id.is_not(None), not_taken_down())
)
_DROP_RECORD = delete(_TABLES["source_record"]).where(_RECORD.article_id == bindparam("row"))
_NEW_RECORD = insert(_TABLES["source_record"])
_COUNTED = (
    select(SourceRecord.site_id, SourceRecord.text_id, func.count().label("articles"))
    .where(among(SourceRecord.text_id, "texts"))
    .group_by(SourceRecord.site_id, SourceRecord.text_id)
)
_SITES = select(SourceRecord.text_id, SourceRecord.site_id).where(among(SourceRecord.text_id, "texts")).distinct()
_BODIES = select(StoredText.id, StoredText.body).where(among(StoredText.id, "texts"))
_KNOWN = select(*_TABLES["fingerprint"].c).where(among(Fingerprint.text_id, "texts"))
_SIZES = (
    select(LshBand.band, func.count().label("texts"))
    .where(among(LshBand.band, "bands"))
    .group_by(LshBand.band)
    .having(func.count() > 1)
)
IN_BANDS = select(LshBand.text_id).where(among(LshBand.band, "bands")).distinct()
"""The texts in some `bands`."""

_DROP_FINGERPRINT = delete(_TABLES["fingerprint"]).where(_TABLES["fingerprint"].c.text_id == bindparam("row"))
_BAND = _TABLES["lsh_band"].c
_DROP_BAND = delete(_TABLES["lsh_band"]).where(_BAND.band == bindparam("key"), _BAND.text_id == bindparam("text"))
_DROP_BANDS = delete(_TABLES["lsh_band"]).where(_BAND.text_id == bindparam("text"))
