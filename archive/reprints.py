"""Reprints: finds which texts may be versions of one story, compares them, and keeps the groups.

Finding only proposes: texts that share a band of their signatures or the hash of their core, and articles that credit
the other's site, or the same source, in the days in which that is likely. `archive.grouping` decides. What is kept
follows from the articles alone, whatever the order in which they came: `rebuild` gives the same groups.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, bindparam, delete, insert, select, union, update
from sqlalchemy.orm import Session, aliased

from archive.article import Precision
from archive.bulk import among, ask
from archive.database import Sessions, alone_with_groups, hold_sites
from archive.fingerprint import ALGORITHM, BANDS, ROWS, unpacked
from archive.grouping import (
    CREDITED,
    DAYS_AFTER,
    DAYS_BEFORE,
    LEAST_LENGTH,
    LEAST_SHINGLES,
    Evidence,
    Printing,
    Version,
    compare,
    expected_jaccard,
    groups,
)
from archive.models import Base, SiteName, SourceRecord, StoredArticle, StoredText
from archive.versions import IN_BANDS, MOST_IN_BAND, Touched, bucket_sizes, keys_of, shingles, take_in

Numbers = NDArray[np.int64]

_SURE = 4.0
"""Standard deviations by which a signature may tell less than what is true, before a pair is passed over without a
look: one in 30,000 of those at the very edge."""

_PAGE = 500
"""Articles that `rebuild` takes in at once, so that crawls get their turn."""


def regroup(session: Session, articles: Collection[int]) -> None:
    """Bring the groups up to date with articles (their keys) that are new, changed, taken down or shown again.

    Part of the caller's transaction, and its last part: from here until it ends no other transaction can do the same,
    so that two that store versions of one story at once make one group of it. What did not change costs little.
    """
    if not articles:
        return
    alone_with_groups(session)
    touched = take_in(session, articles)
    if touched.alive or touched.dead:
        _Groups(session).update(touched)


def regroup_credits(session: Session, names: Collection[str]) -> None:
    """Bring the groups up to date with sites that go, or no longer go, by these names; as `regroup` does."""
    alone_with_groups(session)
    credited = sorted(row.text_id for row in ask(session, _CREDITING, names=names))
    for start in range(0, len(credited), _PAGE):
        _Groups(session).update(Touched(meeting=set(credited[start : start + _PAGE])))


def rebuild(sessions: Sessions, progress: Callable[[int], None] = lambda _: None, *, fresh: bool = True) -> None:
    """Make all groups anew from the stored texts; `progress` gets the number of articles done since its last call.

    Not `fresh`, it only goes on with the articles that are in no group yet, as after a rebuild that was cut short.
    Crawls may go on meanwhile: it takes the articles in by the page, each page in a transaction of its own.
    """
    if fresh:
        with sessions.begin() as session:
            hold_sites(session)
            alone_with_groups(session)
            for name in _FOLLOWING:
                session.execute(delete(_TABLES[name]))
            session.execute(update(_TABLES["site"]).values(source_records=0))
    last = 0
    while True:
        with sessions.begin() as session:
            hold_sites(session)
            query = select(StoredArticle.id).where(StoredArticle.id > last, ~_is_known()).order_by(StoredArticle.id)
            page = session.scalars(query.limit(_PAGE)).all()
            regroup(session, page)
        progress(len(page))
        if len(page) < _PAGE:
            return
        last = page[-1]


class _Groups:
    """The groups within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session, self._connection = session, session.connection()
        self._names: dict[str, frozenset[int]] = {}
        self._prints: dict[int, Any] = {}

    def update(self, touched: Touched) -> None:
        """Compare the touched texts with what they may meet, and group anew what that changes."""
        comparing = touched.alive | touched.meeting
        kept = {(row.text_id, row.other_id): row for row in self._pairs_of(comparing | touched.dead)}
        proposed = self._proposed(touched)
        versions = self._versions({text for pair in proposed for text in pair})
        found = {}
        # A text with a fingerprint of another algorithm is found by the hash of its core, and waits to be made anew.
        for one, other in (pair for pair in proposed if versions.keys() >= set(pair)):
            evidence = compare(versions[one], versions[other])
            if evidence is not None:
                found[one, other] = evidence
        changed = {pair for pair in kept.keys() | found.keys() if _numbers(kept.get(pair)) != _numbers(found.get(pair))}
        self._write_pairs(changed & kept.keys(), {pair: found[pair] for pair in changed & found.keys()})
        near = {text for pair in changed for text in pair}
        self._group((comparing | near) - touched.dead, touched.dead, comparing, found.keys())

    def _pairs_of(self, texts: Collection[int]) -> list[Any]:
        return ask(self._session, _PAIRS, texts=texts)

    def _proposed(self, touched: Touched) -> set[tuple[int, int]]:
        """The pairs to compare, the lower key first."""
        self._prints |= touched.prints
        self._load(touched.meeting)
        texts = [text for text in sorted(touched.alive | touched.meeting) if text in self._prints]
        if not texts:
            return set()
        keys = keys_of([self._prints[text] for text in texts])
        every = set(keys.ravel().tolist())
        sizes = {band: touched.sizes[band] for band in every & touched.sizes.keys()}
        sizes |= bucket_sizes(self._session, every - touched.written)
        open_ = [band for band, size in sizes.items() if size <= MOST_IN_BAND]
        meeting = {row.text_id for row in ask(self._session, IN_BANDS, bands=open_)}
        self._load(meeting)
        others = [text for text in sorted(meeting) if text in self._prints]
        out = set()
        if others:
            theirs, is_open = keys_of([self._prints[text] for text in others]), np.isin(keys, open_)
            for text, own, asked in zip(texts, keys, is_open, strict=True):
                for number in np.flatnonzero(((theirs == own) & asked).any(axis=1)).tolist():
                    other = others[number]
                    if other != text:
                        out.add((min(text, other), max(text, other)))
        return out | self._credited(texts, out)

    def _load(self, texts: Collection[int]) -> None:
        """Read the fingerprints of texts that have a signature."""
        missing = [text for text in texts if text not in self._prints]
        self._prints |= {row.text_id: row for row in ask(self._session, _SIGNED, texts=missing)}

    def _credited(self, texts: Collection[int], known: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """The pairs of which one credits the other's site, or both one source, and which may share enough."""
        found = {
            (text, other) if text < other else (other, text)
            for text, other in ask(self._session, _CREDITS, texts=texts)
            if text != other
        }
        self._load({text for pair in found for text in pair})
        pairs = [pair for pair in found if pair not in known and all(text in self._prints for text in pair)]
        if not pairs:
            return set()
        every = sorted({text for pair in pairs for text in pair})
        place = {text: number for number, text in enumerate(every)}
        signatures = unpacked([self._prints[text].signature for text in every])
        sizes = np.array([self._prints[text].shingles for text in every])
        one, other = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
        agreeing = np.count_nonzero(signatures[one] == signatures[other], axis=1)
        may = _may_share(np.minimum(sizes[one], sizes[other]), np.maximum(sizes[one], sizes[other]), agreeing)
        return {pairs[number] for number in np.flatnonzero(may).tolist()}

    def _versions(self, texts: Collection[int]) -> dict[int, Version]:
        printings, prints = self._printings(texts), [self._prints[text] for text in texts]
        made = shingles(self._session, prints)
        return {
            row.text_id: Version(
                row.text_id,
                row.core_hash,
                made[row.text_id],
                tuple(row.figures.split()),
                tuple(row.core_figures.split()),
                printings[row.text_id],
            )
            for row in prints
        }

    def _printings(self, texts: Collection[int]) -> dict[int, tuple[Printing, ...]]:
        rows = ask(self._session, _RECORDS, texts=texts)
        self._look_up({row.source for row in rows if row.source is not None})
        out: dict[int, list[Printing]] = defaultdict(list)
        for row in rows:
            named = self._names[row.source] if row.source is not None else frozenset()
            latest = _latest(row.published_instant, row.published_precision)
            figures = tuple(row.figures.split())
            out[row.text_id].append(Printing(row.site_id, row.day, latest, row.source, named, figures))
        # Once each: a site may have printed a text a thousand times over on one day.
        return {text: tuple(dict.fromkeys(some)) for text, some in out.items()}

    def _look_up(self, sources: Collection[str]) -> None:
        """Find out which sites of the archive go by these names."""
        missing = [name for name in sources if name not in self._names]
        found: dict[str, set[int]] = {name: set() for name in missing}
        for row in ask(self._session, _SITES_NAMED, names=missing):
            found[row.name].add(row.site_id)
        self._names |= {name: frozenset(sites) for name, sites in found.items()}

    def _write_pairs(self, gone: Collection[tuple[int, int]], found: dict[tuple[int, int], Evidence]) -> None:
        if gone:
            self._connection.execute(_DROP_PAIR, [{"one": one, "other": other} for one, other in gone])
        if found:
            self._connection.execute(
                _NEW_PAIR,
                [
                    {
                        "text_id": one,
                        "other_id": other,
                        "method": evidence.method.value,
                        "jaccard": evidence.jaccard,
                        "containment": evidence.containment,
                    }
                    for (one, other), evidence in found.items()
                ],
            )

    def _group(
        self, texts: set[int], dead: Collection[int], compared: set[int], found: Collection[tuple[int, int]]
    ) -> None:
        """Group these texts, with all that are connected to them by evidence, anew.

        Of those that were `compared` all the evidence is what was `found`.
        """
        pairs = set(found)
        every = texts | {text for pair in pairs for text in pair}
        ring = every - compared
        while ring:
            some = {(row.text_id, row.other_id) for row in self._pairs_of(ring)}
            ring = {text for pair in some for text in pair} - every
            pairs, every = pairs | some, every | ring
        names = {row.id: row.text_id for row in ask(self._session, _NAMES, texts=every) if row.shingles}
        keys = {name: text for text, name in names.items()}
        printings = self._printings(names.keys() & {text for pair in pairs for text in pair})
        by_name = {name: printings.get(text, ()) for text, name in names.items()}
        made = groups(by_name, ((names[one], names[other]) for one, other in pairs))
        wanted = {keys[name]: keys[canonical] for name, canonical in made.items()}
        there = {row.text_id: row.canonical_id for row in ask(self._session, _GROUPED, texts=every | set(dead))}
        gone = there.keys() - wanted.keys()
        new = [{"text_id": text, "canonical_id": of} for text, of in wanted.items() if text not in there]
        changed = [{"row": text, "canonical_id": of} for text, of in wanted.items() if there.get(text, of) != of]
        for statement, rows in (
            (_DROP_MEMBER, [{"row": text} for text in gone]),
            (_NEW_MEMBER, new),
            (_CHANGE_MEMBER, changed),
        ):
            if rows:
                self._connection.execute(statement, rows)


def _numbers(one: Any) -> tuple[str, float, float] | None:
    return None if one is None else (str(one.method), one.jaccard, one.containment)


def _latest(instant: datetime | None, precision: str | None) -> datetime | None:
    """The last instant at which something was published that is dated so: of a day its last minute."""
    if instant is None or precision != Precision.DAY:
        return instant
    return instant + timedelta(days=1, minutes=-1)


def _may_share(least: Numbers, most: Numbers, agreeing: Numbers) -> NDArray[np.bool_]:
    """Which pairs of texts of so many shingles may share what is asked of credited ones.

    `agreeing` is in how many places the signatures of a pair agree.
    """
    comparable = (least >= LEAST_SHINGLES) & (least >= LEAST_LENGTH * most)
    jaccard, places = expected_jaccard(least, most, CREDITED), BANDS * ROWS
    sure: NDArray[np.bool_] = agreeing >= jaccard * places - _SURE * np.sqrt(places * jaccard * (1 - jaccard))
    return comparable & sure


def _is_known() -> Any:
    return select(SourceRecord.article_id).where(SourceRecord.article_id == StoredArticle.id).exists()


# -- statements -----------------------------------------------------------------------------------
_TABLES = Base.metadata.tables
_FOLLOWING = (
    "text_group",
    "reprint",
    "lsh_band",
    "fingerprint",
    "site_paragraph_text",
    "site_paragraph",
    "source_record",
)
"""The tables that follow from the articles, in an order in which they can be emptied."""

_RECORD, _PAIR, _PRINT = (_TABLES[name].c for name in ("source_record", "reprint", "fingerprint"))
_MEMBER = _TABLES["text_group"].c
_PAIRS = union(*(select(*_PAIR).where(among(column, "texts")) for column in (_PAIR.text_id, _PAIR.other_id)))
_SIGNED = select(*_PRINT).where(
    among(_PRINT.text_id, "texts"), _PRINT.signature.is_not(None), _PRINT.algorithm == ALGORITHM
)
_RECORDS = select(*_RECORD).where(among(_RECORD.text_id, "texts"))
_CREDITING = select(_RECORD.text_id).where(among(_RECORD.source, "names", words=True)).distinct()
_SITES_NAMED = select(SiteName.name, SiteName.site_id).where(among(SiteName.name, "names", words=True))
_NAMES = (
    select(StoredText.id, StoredText.text_id, _PRINT.shingles)
    .join(_TABLES["fingerprint"], _PRINT.text_id == StoredText.id)
    .where(among(StoredText.id, "texts"))
)
_GROUPED = select(*_MEMBER).where(among(_MEMBER.text_id, "texts"))
_NEW_PAIR, _NEW_MEMBER = insert(_TABLES["reprint"]), insert(_TABLES["text_group"])
_DROP_PAIR = delete(_TABLES["reprint"]).where(_PAIR.text_id == bindparam("one"), _PAIR.other_id == bindparam("other"))
_OF_ROW = _MEMBER.text_id == bindparam("row")
_DROP_MEMBER, _CHANGE_MEMBER = (
    delete(_TABLES["text_group"]).where(_OF_ROW),
    update(_TABLES["text_group"]).where(_OF_ROW),
)


def _credits() -> Iterator[Any]:
    """The questions for articles within the window one of which credits the other's site, or that credit one source."""
    # Said once, lest the list be taken apart for each of the nine.
    given = select(SourceRecord).where(among(SourceRecord.text_id, "texts")).cte("given")
    here, there, name = given.c, aliased(SourceRecord), aliased(SiteName)
    columns = here.text_id, there.text_id.label("other_id")
    # Each as three, since an index serves a range, or that there is no date, and not one or the other.
    for before, after, join in (
        (DAYS_BEFORE, DAYS_AFTER, "credits"),
        (DAYS_AFTER, DAYS_BEFORE, "is credited"),
        (DAYS_BEFORE, DAYS_BEFORE, "both"),
    ):
        query = select(*columns).select_from(given)
        if join == "credits":
            query = query.join(name, name.name == here.source).join(there, there.site_id == name.site_id)
        elif join == "is credited":
            query = query.join(name, name.site_id == here.site_id).join(there, there.source == name.name)
        else:
            query = query.join(there, there.source == here.source)
        window = and_(there.day >= here.day - before, there.day <= here.day + after)
        query = query.where(there.site_id != here.site_id)
        yield from (query.where(when) for when in (window, there.day.is_(None), here.day.is_(None)))


_CREDITS = union(*_credits())
