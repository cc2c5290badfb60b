"""Captures read again by a newer extractor version: which wait for it, and what its readings change.

A reading is an extraction beside those of other versions; none is ever replaced. Of an article one is current, and its
publisher's revisions are told between readings of one version, so that our own corrections never look like theirs.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from archive.article import GONE_REASONS, WHOLE_PAGE, Article, Rejection
from archive.captures import Location
from archive.clock import VIETNAM, Clock
from archive.content import WITH_TEXT, check_article, content_of, extraction_row, keep_texts, rejection_row, text_digest
from archive.database import Sessions, reading, writing
from archive.kept import PLACE, place_of
from archive.ledger import Found, add_article_urls, found_of, next_look
from archive.models import (
    Base,
    Capture,
    Exclusion,
    Extraction,
    Site,
    StoredArticle,
    StoredText,
    Url,
    UrlKind,
    UrlState,
    dated_columns,
)
from archive.reprints import regroup
from archive.revisions import settle, version_age
from archive.sections import put_in_sections
from archive.store import LAYOUT_LOST
from archive.walks import ledger_row

_PAGE = 256
"""Captures a query asks for: enough to be quick, few enough to hold."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which captures to read again: those of one site or of all, of these days in Vietnam (both included)."""

    site_id: int | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a capture's record stands, that of the record with its payload if that is another, and the final URL."""

    location: Location
    holder: Location | None
    url: str


@dataclass(frozen=True, slots=True)
class Due:
    """A capture that was read before and not by this version, with what the ledger knows of its article.

    `id` and `site_id` are keys that never leave the program; `url` is what was asked for.
    """

    id: int
    site_id: int
    site: str
    url: str
    fetched_at: datetime
    place: Place
    found: Found | None


@dataclass(frozen=True, slots=True)
class Reread:
    """What the new version reads from a capture; `found` is what it was told of the article."""

    due: Due
    result: Article | Rejection
    found: Found
    aliases: tuple[str, ...] = ()


class Effect(StrEnum):
    """What reading a page again does.

    `KEPT` is a page that the new version refuses while an older one read an article: what is kept stays.
    `TAKEN_DOWN` is one whose article was taken down, or whose capture was purged, since it was handed out: nothing
    that was read of it is kept.
    """

    SAME = "same"
    CHANGED = "changed"
    ARTICLE_NOW = "article now"
    KEPT = "rejected now"
    REJECTED = "still rejected"
    KNOWN = "read already"
    TAKEN_DOWN = "taken down"


@dataclass(frozen=True, slots=True)
class Change:
    """What reading one page again does: for `CHANGED`, each field with what it was and what it is.

    A text is told by its SHA-256 here. `reason` is that of a refusal, `before` the key of the older extraction.
    """

    url: str
    effect: Effect
    fields: tuple[tuple[str, Any, Any], ...] = ()
    reason: str | None = None
    before: int | None = None


class Readings:
    """The captures that `version` has to read again, and the way its readings are kept.

    `versions` are those of sites that are read under another one, by the sites' keys.
    """

    def __init__(
        self, sessions: Sessions, version: str, clock: Clock, versions: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        self._sessions, self._version, self._clock, self._versions = sessions, version, clock, versions

    def version(self, site_id: int) -> str:
        """The version that reads the captures of a site."""
        return self._versions.get(site_id, self._version)

    def count(self, scope: Scope) -> int:
        """How many captures wait."""
        with reading(self._sessions) as session:
            return session.scalar(select(func.count()).select_from(Capture).where(*self._waiting(scope))) or 0

    def due(self, scope: Scope) -> Iterator[list[Due]]:
        """The captures that wait, as they stand in their files; each list is of one site and one file."""
        last: tuple[str, int] | None = None
        while True:
            with reading(self._sessions) as session:
                rows = session.execute(self._page(scope, last)).all()
                of_file: dict[tuple[int, str], list[Row[Any]]] = {}
                for row in rows:
                    of_file.setdefault((row.site_id, row.file), []).append(row)
                page = [_due(session, group) for group in of_file.values()]
            yield from page
            if len(rows) < _PAGE:
                return
            last = rows[-1].file, rows[-1].offset

    def _page(self, scope: Scope, last: tuple[str, int] | None) -> Any:
        query = _CAPTURES.where(*self._waiting(scope)).order_by(Capture.file, Capture.offset).limit(_PAGE)
        if last is not None:
            file, offset = last
            behind = or_(Capture.file > file, and_(Capture.file == file, Capture.offset > offset))
            # The first says nothing new, but lets the index begin where the last page ended.
            query = query.where(Capture.file >= file, behind)
        return query

    def _waiting(self, scope: Scope) -> list[ColumnElement[bool]]:
        read, excluded = aliased(Extraction), aliased(Extraction)
        version: Any = self._version
        if self._versions:
            version = case(dict(self._versions), value=Capture.site_id, else_=self._version)
        conditions = [
            exists().where(read.capture_id == Capture.id, read.extractor_version != version),
            ~exists().where(Extraction.capture_id == Capture.id, Extraction.extractor_version == version),
            Capture.purged_at.is_(None),
            # What was taken down is not read again.
            ~exists().where(
                excluded.capture_id == Capture.id,
                excluded.article_id == StoredArticle.id,
                Exclusion.site_id == StoredArticle.site_id,
                Exclusion.article_key == StoredArticle.key,
            ),
            # Nor what was refused at its addresses.
            *(
                ~exists().where(Url.site_id == Capture.site_id, Url.url == asked, Url.state == UrlState.EXCLUDED.value)
                for asked in (Capture.url, Capture.final_url)
            ),
        ]
        if scope.site_id is not None:
            conditions.append(Capture.site_id == scope.site_id)
        if scope.start is not None:
            conditions.append(Capture.fetched_at >= datetime.combine(scope.start, time(), VIETNAM))
        if scope.end is not None:
            conditions.append(Capture.fetched_at < datetime.combine(scope.end + timedelta(days=1), time(), VIETNAM))
        return conditions

    def further(self, due: Due, url: str) -> Place | None:
        """Where a further page of an article stands: the next of its captures after that of the first page."""
        later = or_(
            Capture.fetched_at > due.fetched_at, and_(Capture.fetched_at == due.fetched_at, Capture.id > due.id)
        )
        query = _CAPTURES.where(
            Capture.site_id == due.site_id,
            Capture.url == url,
            Capture.status == 200,
            Capture.purged_at.is_(None),
            later,
        )
        with reading(self._sessions) as session:
            row: Any = session.execute(query.order_by(Capture.fetched_at, Capture.id).limit(1)).first()
        return _place(row) if row else None

    def compare(self, site_id: int, rereads: Sequence[Reread]) -> list[Change]:
        """What keeping these readings of one site would change; writes nothing. In the order given."""
        with reading(self._sessions) as session:
            return _Group(session, site_id, self.version(site_id), self._clock.now(), rereads).changes()

    def save(self, site_id: int, rereads: Sequence[Reread]) -> list[Change]:
        """Keep readings of one site, all or none, and give what each changed, in the order given.

        A capture that this version has read already changes nothing, nor does one that was purged meanwhile or whose
        article was taken down. Raises ValueError if an article breaks the rules of the text, ArchiveError if another
        text has its id.
        """
        for one in rereads:
            if isinstance(one.result, Article):
                check_article(one.result)
        with writing(self._sessions, site_id) as session:
            group = _Group(session, site_id, self.version(site_id), self._clock.now(), rereads)
            changes = group.changes()
            group.write()
        return changes


def bodies(session: Session, digests: Collection[str]) -> dict[str, str]:
    """The words of texts by their SHA-256."""
    query = select(StoredText.sha256, StoredText.body).where(StoredText.sha256.in_(digests))
    return dict(session.execute(query).all())


class _Group:
    """Readings of one site, decided on and written together."""

    def __init__(self, session: Session, site_id: int, version: str, now: datetime, rereads: Sequence[Reread]) -> None:
        self._session, self._site_id, self._version, self._now = session, site_id, version, now
        self._connection = session.connection()
        self._earlier: dict[int, list[Row[Any]]] = {}
        for row in self._ask(_EARLIER, captures=[one.due.id for one in rereads]):
            self._earlier.setdefault(row.capture_id, []).append(row)
        given = [one.result for one in rereads if isinstance(one.result, Article)]
        keys = {article.key for article in given} | {one.found.key for one in rereads if one.found.key}
        self._by_key = {row.key: row.id for row in self._ask(_ARTICLES, keys=keys)}
        finals = {one.due.place.url for one in rereads}
        self._by_url = {row.final_url: row.article_id for row in self._ask(_READ_AT, urls=finals)}
        owned = {owner for one in rereads if (owner := self._owner(one)) is not None}
        closed = {row.article_key for row in self._ask(_EXCLUDED, keys=keys)}
        closed_ids = {row.id for row in self._ask(_EXCLUDED_ARTICLES, articles=owned)} if owned else set()
        purged = {row.id for row in self._ask(_PURGED, captures=[one.due.id for one in rereads])}
        # Asked within this transaction: a page may have been read before its words were purged, and saved after.
        self._taken_down = {
            one.due.id
            for one in rereads
            if one.due.id in purged
            or self._owner(one) in closed_ids
            or one.found.key in closed
            or (isinstance(one.result, Article) and one.result.key in closed)
        }
        doubted = [one for one in rereads if isinstance(one.result, Article) and _is_doubted(one.result)]
        owners = {owner for one in doubted if (owner := self._owner(one)) is not None}
        self._layouts = [
            row for row in (self._ask(_FITTED, articles=owners) if owners else ()) if WHOLE_PAGE not in row.flags
        ]
        self._rereads = [self._judged(one) for one in rereads]

    def _ask(self, statement: Any, **given: Any) -> Sequence[Row[Any]]:
        lists = {name: list(values) for name, values in given.items()}
        return self._connection.execute(statement, {"site": self._site_id, "version": self._version, **lists}).all()

    def _known(self, one: Reread) -> bool:
        return any(row.extractor_version == self._version for row in self._earlier.get(one.due.id, ()))

    def _older(self, one: Reread) -> list[Row[Any]]:
        """What other versions read from the capture, the newest version last."""
        rows = [row for row in self._earlier.get(one.due.id, ()) if row.extractor_version != self._version]
        return sorted(rows, key=lambda row: version_age(row.extractor_version))

    def _owner(self, one: Reread) -> int | None:
        """The article that a page was read as before; else the one with its key, or last read at its address."""
        own = [row.article_id for row in self._older(one) if row.article_id is not None]
        if own:
            return int(own[-1])
        if not isinstance(one.result, Article):
            return None
        return self._by_key.get(one.result.key) or self._by_url.get(one.due.place.url)

    def _judged(self, one: Reread) -> Reread:
        """Refuse what is no news of an article that is kept, as a crawl does (`archive.store`).

        Told by what layouts read of this capture or earlier ones, and by other versions alone, lest it hang on the
        order in which pages are read.
        """
        if not isinstance(one.result, Article) or not _is_doubted(one.result):
            return one
        owner = self._owner(one)
        fitted = [row for row in self._layouts if row.article_id == owner and row.fetched_at <= one.due.fetched_at]
        if WHOLE_PAGE in one.result.flags and fitted:
            why = "the page no longer fits a layout that it or an earlier one fitted"
        elif (
            one.result.published is None
            and self._by_key.get(one.result.key) == owner
            and any(row.published_instant is not None for row in fitted)
        ):
            why = "the page no longer tells a date that it or an earlier one told"
        else:
            return one
        return Reread(one.due, Rejection(LAYOUT_LOST, why), one.found, one.aliases)

    def changes(self) -> list[Change]:
        """What each reading changes, in the order given."""
        return [self._change(one) for one in self._rereads]

    def _change(self, one: Reread) -> Change:
        url, older = one.due.place.url, self._older(one)
        before = next((row for row in reversed(older) if row.outcome == "article"), None)
        if one.due.id in self._taken_down:
            return Change(url, Effect.TAKEN_DOWN)
        if self._known(one):
            return Change(url, Effect.KNOWN)
        if isinstance(one.result, Rejection):
            effect = Effect.KEPT if before is not None else Effect.REJECTED
            return Change(url, effect, reason=one.result.reason, before=before.id if before is not None else None)
        if before is None:
            return Change(url, Effect.ARTICLE_NOW, reason=older[-1].reason if older else None)
        changed = _differences(before, one.result)
        return Change(url, Effect.CHANGED if changed else Effect.SAME, changed, before=before.id)

    def write(self) -> None:
        """Write down what is not known yet."""
        news = [one for one in self._rereads if one.due.id not in self._taken_down and not self._known(one)]
        read = [(one, one.result) for one in news if isinstance(one.result, Article)]
        texts = keep_texts(self._session, [article for _, article in read], self._now)
        owners = {one.due.id: self._article(one, article) for one, article in read}
        rows: list[dict[str, Any]] = []
        urls: dict[str, int] = {}
        sections: dict[int, list[str | None]] = {}
        for one, article in read:
            of, digest = owners[one.due.id], text_digest(article)
            keys = {"article_id": of, "text_id": texts[digest] if digest else None, "is_current": False}
            rows.append(extraction_row(one.due.id, self._version, article, self._now) | keys)
            addresses = (one.found.url, one.due.place.url, article.url, *one.aliases)
            urls = {**dict.fromkeys(addresses, of), **urls}
            sections.setdefault(of, []).extend((article.section, one.found.section))
        refused = [
            rejection_row(one.due.id, self._version, one.result, self._now)
            for one in news
            if isinstance(one.result, Rejection)
        ]
        self._execute(_NEW_EXTRACTION, rows)
        self._execute(_NEW_EXTRACTION, refused)
        counted = [{"row": one.due.id, "views": article.views} for one, article in read if article.views is not None]
        self._execute(_CHANGE_CAPTURE, counted)
        add_article_urls(self._session, self._site_id, urls, self._now)
        put_in_sections(self._session, self._site_id, sections)
        for one, article in read:
            if not any(row.outcome == "article" for row in self._older(one)):
                self._note(one, article, owners[one.due.id])
        read_before = {owner for one in news if (owner := self._owner(one)) is not None}
        settled = read_before.union(owners.values())
        settle(self._session, settled, self._version)
        regroup(self._session, settled)

    def _execute(self, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def _article(self, one: Reread, article: Article) -> int:
        """The key of the article that a page belongs to, made if there is none."""
        known = self._owner(one)
        if known is None:
            row: dict[str, Any] = {
                "site_id": self._site_id,
                "key": article.key,
                "url": article.url,
                "kind": article.kind.value,
                "first_fetched_at": one.due.fetched_at,
            }
            known = int(self._connection.execute(_NEW_ARTICLE, row).scalar_one())
            self._by_key[article.key] = known
        self._by_url.setdefault(one.due.place.url, known)
        return known

    def _note(self, one: Reread, article: Article, owner: int) -> None:
        """Write into the ledger that what was refused is an article."""
        row = ledger_row(self._session, self._site_id, one.found.url, UrlKind.ARTICLE, self._now)
        looked_later = row.fetched_at is not None and row.fetched_at > one.due.fetched_at
        refused = row.state in (UrlState.FOUND, UrlState.REJECTED)
        if row.state == UrlState.GONE and row.reason in GONE_REASONS and not looked_later:
            # It was there all the time; only the older version did not see it.
            refused = True
            stored = self._session.get(StoredArticle, owner)
            if stored is not None:
                stored.gone_at = None
        if not refused:
            return
        key = self._session.scalars(select(StoredArticle.key).where(StoredArticle.id == owner)).one()
        siblings = select(Url).where(Url.site_id == self._site_id, Url.article_key == key, Url.id != row.id)
        others = self._session.scalars(siblings).all()
        if any(other.state == UrlState.FETCHED for other in others):
            row.state, row.due_at = UrlState.ALIAS.value, None
        else:
            row.state = UrlState.FETCHED.value
            row.fetched_at = row.fetched_at or one.due.fetched_at
            row.due_at = next_look(article.published.instant if article.published else None, row.fetched_at)
        row.article_key = key
        if not looked_later:
            row.reason = None
        waiting = [other for other in others if other.state == UrlState.FOUND]
        for other in waiting:
            other.state, other.due_at = UrlState.ALIAS.value, None
        self._session.flush()
        add_article_urls(self._session, self._site_id, {other.url: owner for other in waiting}, self._now)
        sections = [*row.sections, *(name for other in waiting for name in other.sections)]
        put_in_sections(self._session, self._site_id, {owner: sections})


def _is_doubted(result: Article) -> bool:
    """Whether a reading may be none of its article's: no layout fits the page, or none tells a date."""
    return WHOLE_PAGE in result.flags or result.published is None


def _differences(before: Row[Any], article: Article) -> tuple[tuple[str, Any, Any], ...]:
    """The fields in which a new reading differs from an older one."""
    made: dict[str, Any] = extraction_row(before.capture_id, "", article, before.created_at)
    made["sha256"] = text_digest(article)
    then, now = _fields(dict(before._mapping)), _fields(made)
    return tuple((name, then[name], now[name]) for name in now if then[name] != now[name])


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    """What the report tells of a reading; a date is no other for where it stood."""
    out = content_of(row)
    modified = row["modified_instant"]
    out["modified"] = modified and content_of({**row, **_as_published(row)})["published"]
    return out | {name: row[name] for name in ("url", "kind", "language", "layout")}


def _as_published(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name.replace("published", "modified")] for name in dated_columns("published", None)}


def _place(row: Row[Any]) -> Place:
    holder = None
    if row.refers_to_id is not None:
        holder = Location(row.held_file, row.held_offset, row.held_length, row.payload_digest, row.payload_length)
    return Place(place_of(row), holder, row.final_url)


def _due(session: Session, rows: Sequence[Row[Any]]) -> list[Due]:
    """Captures of one file with what the ledger tells of their articles."""
    site_id = rows[0].site_id
    given = {"site": site_id, "captures": [row.id for row in rows], "version": ""}
    keys: dict[int, str] = {row.capture_id: row.key for row in session.execute(_KEYS_OF_CAPTURES, given) if row.key}
    urls = {url for row in rows for url in (row.url, row.final_url)}
    mine = select(Url).where(Url.site_id == site_id)
    by_url = {
        row.url: row
        for row in session.scalars(mine.where(Url.kind == UrlKind.ARTICLE.value, Url.url.in_(urls)).order_by(Url.id))
    }
    by_key: dict[str, list[Url]] = {}
    for url in session.scalars(mine.where(Url.article_key.in_(set(keys.values()))).order_by(Url.id)):
        by_key.setdefault(url.article_key or "", []).append(url)
    # Of a refused page that was led on to an address of no article, only the hour tells who had asked for it.
    strays = {row.fetched_at for row in rows if row.url not in by_url and row.id not in keys}
    by_time = {url.fetched_at: url for url in session.scalars(mine.where(Url.fetched_at.in_(strays)))} if strays else {}
    out = []
    for row in rows:
        siblings = by_key.get(keys.get(row.id, ""), [])
        same_look = (url for url in siblings if url.fetched_at == row.fetched_at)
        fetched = (url for url in siblings if url.state == UrlState.FETCHED)
        told = by_url.get(row.url) or next(same_look, None) or next(fetched, None) or next(iter(siblings), None)
        told = told or by_time.get(row.fetched_at)
        found = found_of(told) if told is not None else None
        out.append(Due(row.id, site_id, row.site, row.url, row.fetched_at, _place(row), found))
    return out


# -- statements -----------------------------------------------------------------------------------
_TABLES = Base.metadata.tables
_HELD = aliased(Capture)
_CAPTURES = (
    select(
        Capture.id,
        Capture.site_id,
        Site.name.label("site"),
        Capture.url,
        Capture.final_url,
        Capture.fetched_at,
        *PLACE,
        _HELD.file.label("held_file"),
        _HELD.offset.label("held_offset"),
        _HELD.length.label("held_length"),
    )
    .join(Site, Site.id == Capture.site_id)
    .outerjoin(_HELD, _HELD.id == Capture.refers_to_id)
)
_MANY: dict[str, Any] = {name: bindparam(name, expanding=True) for name in ("captures", "keys", "urls", "articles")}
_SITE: Any = bindparam("site")
_EARLIER = WITH_TEXT.where(Extraction.capture_id.in_(_MANY["captures"])).order_by(Extraction.id)
_KEYS_OF_CAPTURES = (
    select(Extraction.capture_id, StoredArticle.key)
    .join(StoredArticle, StoredArticle.id == Extraction.article_id)
    .where(Extraction.capture_id.in_(_MANY["captures"]))
)
_ARTICLES = select(StoredArticle.id, StoredArticle.key).where(
    StoredArticle.site_id == _SITE, StoredArticle.key.in_(_MANY["keys"])
)
_PURGED = select(Capture.id).where(Capture.id.in_(_MANY["captures"]), Capture.purged_at.is_not(None))
_EXCLUDED_ARTICLES = (
    select(StoredArticle.id)
    .join(
        Exclusion,
        (Exclusion.site_id == StoredArticle.site_id) & (Exclusion.article_key == StoredArticle.key),
    )
    .where(StoredArticle.id.in_(_MANY["articles"]))
)
_EXCLUDED = select(Exclusion.article_key).where(Exclusion.site_id == _SITE, Exclusion.article_key.in_(_MANY["keys"]))
# In order, since of an address that led to several articles the last one counts.
_READ_AT = (
    select(Capture.final_url, Extraction.article_id)
    .join(Extraction, Extraction.capture_id == Capture.id)
    .where(Capture.site_id == _SITE, Capture.final_url.in_(_MANY["urls"]), Extraction.article_id.is_not(None))
    .where(Extraction.extractor_version != bindparam("version"))
    .order_by(Capture.id)
)
_FITTED = (
    select(Extraction.article_id, Extraction.flags, Extraction.published_instant, Capture.fetched_at)
    .join(Capture, Capture.id == Extraction.capture_id)
    .where(Extraction.article_id.in_(_MANY["articles"]), Extraction.extractor_version != bindparam("version"))
)
_NEW_ARTICLE = insert(_TABLES["article"]).returning(_TABLES["article"].c.id)
_NEW_EXTRACTION = insert(_TABLES["extraction"])
_CHANGE_CAPTURE = update(_TABLES["capture"]).where(_TABLES["capture"].c.id == bindparam("row"))
