"""Which reading of an article is current, and what its publisher changed: both follow from its extractions.

A revision is told between two readings of one version. Whatever another version reads otherwise is our own doing, and
so is a field that another layout reads no more.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from archive.content import WITH_TEXT, changed_fields
from archive.database import Sessions, reading, writing
from archive.models import Base, Capture, Extraction, Revision, Site, StoredArticle
from archive.reprints import regroup

_PAGE = 200
"""Articles settled in one transaction, so that other writers get their turn."""

_Pair = tuple[Row[Any], Row[Any]]
"""The readings before and after a change."""


def version_age(version: str) -> tuple[tuple[int, ...], str]:
    """What sorts versions by age, the newest last: 4, 4.1 and 4.2 (of sites whose layouts were changed), 5, 5.2."""
    parts = version.split(".")
    return (tuple(map(int, parts)), "") if all(map(str.isdigit, parts)) else ((), version)


def settle(session: Session, articles: Collection[int], version: str) -> int:
    """Make the reading by `version` of each article's newest capture current and work its revisions out anew.

    Where that version has not read the newest capture, or refused it, the reading that is current stays so, for words
    of an older capture are no news. Gives how many articles have a current reading by `version` now.
    """
    connection = session.connection()
    of_article: dict[int, list[Row[Any]]] = {}
    given = {"articles": list(articles)}
    found: Any = connection.execute(_READINGS, given).all() if articles else ()
    for row in found:
        of_article.setdefault(row.article_id, []).append(row)
    captures = {row.capture_id for rows in of_article.values() for row in rows}
    refused = {tuple(row) for row in connection.execute(_REFUSED, {"captures": list(captures)})} if captures else set()
    former, now, changed, chosen = [], [], [], {}
    for article, rows in of_article.items():
        rows.sort(key=lambda row: (row.fetched_at, row.capture_id, version_age(row.extractor_version)))
        was = next((row for row in rows if row.is_current), None)
        newest = [row for row in rows if row.capture_id == rows[-1].capture_id]
        best = next((row for row in newest if row.extractor_version == version), None) or was or rows[-1]
        chosen[article] = best
        if was is None or best.id != was.id:
            if was is not None:
                former.append({"row": was.id, "is_current": False})
            now.append({"row": best.id, "is_current": True})
        first = min(row.fetched_at for row in rows)
        stored = rows[0]
        values = {
            "url": best.url,
            "kind": best.kind or stored.article_kind,
            "first_fetched_at": min(first, stored.first_fetched_at),
        }
        if values != {"url": stored.article_url, "kind": stored.article_kind,
                      "first_fetched_at": stored.first_fetched_at}:  # fmt: skip
            changed.append({"row": article, **values})
    # The former ones first: of an article only one may be current at any moment.
    for statement, values_of in ((_CHANGE_EXTRACTION, former), (_CHANGE_EXTRACTION, now), (_CHANGE_ARTICLE, changed)):
        if values_of:
            connection.execute(statement, values_of)
    pairs = {article: _pairs(of_article[article], best, refused) for article, best in chosen.items()}
    _revise(session, _of_publisher(session, pairs))
    return sum(best.extractor_version == version for best in chosen.values())


def _pairs(rows: Sequence[Row[Any]], current: Row[Any], refused: set[Any]) -> list[_Pair]:
    """The readings between which the publisher changed something, of successive captures, in their order.

    Both of a pair are of the current reading's version, where that has read both captures; captures that it has yet to
    read are compared as an older version read them.
    """
    version = current.extractor_version
    looks: dict[int, dict[str, Row[Any]]] = {}
    for row in rows:
        # What the version takes for no article says nothing of the publisher.
        if (row.capture_id, version) not in refused:
            looks.setdefault(row.capture_id, {})[row.extractor_version] = row
    out = []
    for before, after in pairwise(looks.values()):
        common = before.keys() & after.keys()
        if not common:
            continue
        by = version if version in common else max(common, key=version_age)
        if before[by].content_hash != after[by].content_hash:
            out.append((before[by], after[by]))
    return out


def _of_publisher(session: Session, pairs: dict[int, list[_Pair]]) -> dict[int, list[_Pair]]:
    """The pairs without those in which nothing differs but what another layout reads no more."""
    doubted = {row.id for some in pairs.values() for pair in some if pair[0].layout != pair[1].layout for row in pair}
    if not doubted:
        return pairs
    rows = _rows(session, doubted)
    return {
        article: [
            (before, after)
            for before, after in some
            if before.layout == after.layout or changed_fields(rows[before.id], rows[after.id])
        ]
        for article, some in pairs.items()
    }


def _rows(session: Session, keys: Collection[int]) -> dict[int, Mapping[Any, Any]]:
    """Readings with the digests of their texts, by their keys."""
    found = session.connection().execute(_CONTENTS, {"keys": list(keys)})
    return {row.id: row._mapping for row in found}


def _revise(session: Session, wanted: dict[int, list[_Pair]]) -> None:
    """Let the revisions of articles be these and no others."""
    connection = session.connection()
    there: dict[int, list[tuple[int, int]]] = {}
    for row in connection.execute(_REVISIONS, {"articles": list(wanted)}) if wanted else ():
        there.setdefault(row.article_id, []).append((row.before_id, row.after_id))
    stale = {
        article: pairs
        for article, pairs in wanted.items()
        if there.get(article, []) != [(before.id, after.id) for before, after in pairs]
    }
    if not stale:
        return
    connection.execute(_DROP_REVISIONS, {"articles": list(stale)})
    keys = {row.id for pairs in stale.values() for pair in pairs for row in pair}
    if not keys:
        return
    contents = _rows(session, keys)
    rows = [
        {
            "article_id": article,
            "number": number,
            "before_id": before.id,
            "after_id": after.id,
            "seen_at": after.fetched_at,
            "changed": changed_fields(contents[before.id], contents[after.id]),
        }
        for article, pairs in stale.items()
        for number, (before, after) in enumerate(pairs, 1)
    ]
    connection.execute(_NEW_REVISION, rows)


def versions(sessions: Sessions) -> list[str]:
    """The extractor versions that have read any article, the newest last."""
    with reading(sessions) as session:
        found = session.scalars(select(Extraction.extractor_version).where(Extraction.outcome == "article").distinct())
        return sorted(found, key=version_age)


def last_edition(session: Session, site_id: int) -> int:
    """The highest edition of its layouts by which captures of a site were read, by any extractor; 0 if none was."""
    query = select(Extraction.extractor_version).join(Capture, Capture.id == Extraction.capture_id)
    found = session.scalars(query.where(Capture.site_id == site_id).distinct())
    return max((int(edition) for one in found if (edition := one.partition(".")[2]).isdigit()), default=0)


def go_back(sessions: Sessions, version: str, site_id: int | None) -> Iterator[tuple[int, int]]:
    """Make the readings of `version` current again, a page of articles at a time.

    Gives (articles looked at, of these with a current reading by `version` now). Articles whose newest capture that
    version has not read stay as they are.
    """
    for site in _sites(sessions, site_id):
        last = 0
        while True:
            read = select(Extraction.article_id).where(
                Extraction.extractor_version == version, Extraction.article_id == StoredArticle.id
            )
            query = select(StoredArticle.id).where(
                StoredArticle.site_id == site, StoredArticle.id > last, read.exists()
            )
            with writing(sessions, site) as session:
                page = session.scalars(query.order_by(StoredArticle.id).limit(_PAGE)).all()
                done = settle(session, page, version) if page else 0
                regroup(session, page)
            if page:
                yield len(page), done
            if len(page) < _PAGE:
                break
            last = page[-1]


def _sites(sessions: Sessions, site_id: int | None) -> Sequence[int]:
    if site_id is not None:
        return [site_id]
    with reading(sessions) as session:
        return session.scalars(select(Site.id).order_by(Site.name)).all()


# -- statements -----------------------------------------------------------------------------------
_TABLES = Base.metadata.tables
_ARTICLES: Any = bindparam("articles", expanding=True)
_ROW: Any = bindparam("row")
_READINGS = (
    select(
        Extraction.id,
        Extraction.article_id,
        Extraction.capture_id,
        Extraction.extractor_version,
        Extraction.is_current,
        Extraction.content_hash,
        Extraction.layout,
        Extraction.url,
        Extraction.kind,
        Capture.fetched_at,
        StoredArticle.url.label("article_url"),
        StoredArticle.kind.label("article_kind"),
        StoredArticle.first_fetched_at,
    )
    .join(Capture, Capture.id == Extraction.capture_id)
    .join(StoredArticle, StoredArticle.id == Extraction.article_id)
    .where(Extraction.article_id.in_(_ARTICLES))
)
_REFUSED = select(Extraction.capture_id, Extraction.extractor_version).where(
    Extraction.capture_id.in_(bindparam("captures", expanding=True)), Extraction.outcome == "rejected"
)
_REVISIONS = (
    select(Revision.article_id, Revision.before_id, Revision.after_id)
    .where(Revision.article_id.in_(_ARTICLES))
    .order_by(Revision.article_id, Revision.number)
)
_CONTENTS = WITH_TEXT.where(Extraction.id.in_(bindparam("keys", expanding=True)))
_DROP_REVISIONS = delete(_TABLES["revision"]).where(_TABLES["revision"].c.article_id.in_(_ARTICLES))
_NEW_REVISION = insert(_TABLES["revision"])
_CHANGE_EXTRACTION, _CHANGE_ARTICLE = (
    update(_TABLES[name]).where(_TABLES[name].c.id == _ROW) for name in ("extraction", "article")
)
