"""The ledger: every URL of a site, and the decision whether to fetch it.

A URL is fetched again only for a reason: it is young, it is listed with a newer change or under another title, it
is listed no more, or the last try failed. What was found is written down before it is fetched, so that a run cut
short goes on later.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from archive.article import Dated, Precision
from archive.clock import VIETNAM, Clock
from archive.database import Sessions, insert_those_new, reading, writing
from archive.exclusion import all_excluded, excluded_keys
from archive.models import (
    ArticleUrl,
    Base,
    Exclusion,
    Extraction,
    StoredArticle,
    Url,
    UrlKind,
    UrlState,
    dated_columns,
)
from archive.patience import Patience
from archive.sections import put_in_sections
from archive.titles import fold_title, is_other_title
from archive.walks import Walks, ledger_row

LOOKS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=10))
"""How long after publication an article is looked at again: corrections come in the first days."""

GIVE_UP = 5
"""After so many failures (soft ones count half) a URL is left alone."""

MAX_TITLES = 8
"""So many titles of an article are remembered besides the last one. One that is listed under more, such as a count of
comments in the headline, is not looked at for its title any more."""

_STEP, _CAP = timedelta(hours=6), timedelta(days=7)
_PAGE = 500
"""Rows a query asks for: enough to be quick, few enough to hold."""


class Decision(StrEnum):
    """What to do with a URL: `KNOWN` is leave alone, the others are reasons to fetch it.

    `NEW` was not known before, `PENDING` was found earlier and never fetched, `DUE` is young enough
    for another look, `MODIFIED` is listed with a change later than our last fetch, `RETITLED` under a title that it
    was never listed under before, `VANISHED` no more where it stood at our last look.
    """

    NEW = "new"
    PENDING = "pending"
    DUE = "due"
    MODIFIED = "modified"
    RETITLED = "retitled"
    VANISHED = "vanished"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Found:
    """What discovery tells of one article.

    `url` is normalised by the site, `key` the article key as far as the URL or an API tells it,
    `listed` its publication date and `modified` its last change as listed.
    """

    url: str
    key: str
    found_on: str
    section: str | None = None
    title: str | None = None
    listed: Dated | None = None
    modified: datetime | None = None


FORBIDDEN_FOR = timedelta(days=30)
"""After so long a URL that robots.txt closed is asked about again: rules change, and err for a night."""


def next_look(published: datetime | None, fetched_at: datetime) -> datetime | None:
    """When to look again at an article fetched at `fetched_at`; None once it is old.

    Its age counts from publication. Where that is not known it counts as old: to take a whole undated
    archive for young would bump every counter of the site five times for nothing.
    """
    if published is None:
        return None
    return next((published + look for look in LOOKS if published + look > fetched_at), None)


def retry_at(now: datetime, failures: float) -> datetime:
    """When to try again what failed `now`: after 6 hours for each failure so far, at most 7 days."""
    return now + min(failures * _STEP, _CAP)


class Ledger(Walks):
    """The ledger of one site. Every method is one short transaction."""

    def __init__(self, sessions: Sessions, site_id: int, clock: Clock) -> None:
        self._sessions, self._site_id, self._clock = sessions, site_id, clock

    def see(self, found: Sequence[Found]) -> list[tuple[Found, Decision]]:
        """Write down what a page of discovery told and decide on each, in the order given.

        An article that was or will be fetched under another URL of the same key is KNOWN (a reason to look at it again
        is written down where it was fetched, and `pending` gives it); so is a URL that stands in `found` a second time,
        and one whose article was taken down. With what is to be fetched comes all that is known of it, whichever source
        told it and in whichever run: an article must not differ by which of them leads to it.
        """
        now = self._clock.now()
        decided: list[tuple[Found, Decision]] = []
        with writing(self._sessions, self._site_id) as session:
            for start in range(0, len(found), _PAGE):
                page = found[start : start + _PAGE]
                book = _Page(session, self._site_id, page)
                decided += [book.see(one, now) for one in page]
                book.write(now)
        return decided

    def pending(
        self,
        start: date | None = None,
        end: date | None = None,
        patience: Patience | None = None,
    ) -> Iterator[tuple[Found, Decision]]:
        """What waits to be fetched, the newest listed date first and the undated last.

        That is: found and never fetched, failed and due again, due for another look. `start` and
        `end` are days in Vietnam, both included; what was listed without a date is in every range,
        since only the page can tell. Reads page by page, with `patience`: the ledger may change meanwhile.
        """
        now = self._clock.now()
        conditions = [self._mine(), or_(Url.due_at <= now, _never_fetched()), ~_waits_for_sibling()]
        conditions += [Url.state != UrlState.EXCLUDED.value, ~_of_excluded()]
        dated = [*conditions, Url.listed_instant.is_not(None)]
        if start is not None:
            dated.append(Url.listed_instant >= datetime.combine(start, time(), VIETNAM))
        if end is not None:
            dated.append(Url.listed_instant < datetime.combine(end + timedelta(days=1), time(), VIETNAM))
        undated = [*conditions, Url.listed_instant.is_(None)]
        for row in (row for part in (dated, undated) for row in self._walk(part, patience)):
            yield found_of(row), _reason(row)

    def known(self, url: str) -> Found | None:
        """What discovery ever told of an article's URL; None if it never met it."""
        with reading(self._sessions) as session:
            row = session.scalar(select(Url).where(self._mine(), Url.url == url))
            return found_of(row) if row else None

    def excluded(self) -> frozenset[str]:
        """The keys and addresses of all articles that were taken down: none is ever fetched."""
        with reading(self._sessions) as session:
            return all_excluded(session, self._site_id)

    def failed(self, url: str, reason: str, *, soft: bool) -> None:
        """A fetch failed; `soft` if it was likely a passing trouble (timeout, 5xx).

        It is tried again after 6 hours for each failure so far, at most 7 days, until `GIVE_UP`
        failures. An article that is already kept stays as it is; then its other URLs have their turn, for its site
        may have left a host.
        """
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = self._row(session, url)
            if row.state == UrlState.EXCLUDED:
                return
            row.failures += 0.5 if soft else 1.0
            row.reason = reason
            if row.failures < GIVE_UP:
                row.due_at = retry_at(now, row.failures)
                return
            row.due_at, row.due_for = None, None
            session.flush()
            others = session.scalars(_of_keys(self._site_id, [row.article_key])).all() if row.article_key else []
            aliases = [other for other in others if other.state == UrlState.ALIAS]
            if row.state == UrlState.FOUND or aliases:
                row.state = UrlState.FAILED.value
            for other in aliases:
                other.state = UrlState.FOUND.value

    def gone(self, url: str, status: int, reason: str) -> bool:
        """The site says that the URL is no more; an article kept under no other live URL is gone with it.

        Gives whether an article is kept that stood there: then that is news of it, and else a link that leads nowhere.
        That was never had may only be late (a cache, a site at work): it is tried again like any failure, and so is
        what is gone and still listed (`see`).
        """
        now = self._clock.now()
        with writing(self._sessions, self._site_id) as session:
            row = self._row(session, url)
            if row.state == UrlState.EXCLUDED:
                return False
            row.status, row.reason, row.fetched_at = status, reason, now
            row.failures += 1.0
            if row.state == UrlState.FOUND and row.failures < GIVE_UP and self._is_alone(session, row):
                row.due_at = retry_at(now, row.failures)
                return False
            row.state = UrlState.GONE.value
            # Were it back, a 304 would say that it is as it was, and it was no more.
            row.etag, row.last_modified = None, None
            row.due_at, row.due_for = None, None
            session.flush()
            siblings = session.scalars(_of_keys(self._site_id, [row.article_key])).all() if row.article_key else [row]
            for other in siblings:
                if other.state == UrlState.ALIAS:
                    # Perhaps the article only moved: its other URLs have their turn.
                    other.state = UrlState.FOUND.value
            article = session.scalar(
                select(StoredArticle)
                .join(ArticleUrl, ArticleUrl.article_id == StoredArticle.id)
                .where(ArticleUrl.site_id == self._site_id, ArticleUrl.url == url)
            )
            alive = any(other.state == UrlState.FETCHED for other in siblings)
            if article is not None and article.gone_at is None and not alive:
                article.gone_at = now
            return article is not None

    def _is_alone(self, session: Session, row: Url) -> bool:
        """Whether no other URL of the article of `row` is known: none waits for this one then."""
        of_key = session.scalars(_of_keys(self._site_id, [row.article_key])).all() if row.article_key else []
        return all(other is row for other in of_key)

    def forbidden(self, url: str, reason: str) -> None:
        """The site does not want the URL fetched (robots.txt) for now; what is kept of it stays."""
        with writing(self._sessions, self._site_id) as session:
            row = self._row(session, url)
            if row.state == UrlState.EXCLUDED:
                return
            row.reason, row.due_at, row.due_for = reason, self._clock.now() + FORBIDDEN_FOR, None
            if row.state == UrlState.FOUND:
                row.state = UrlState.FORBIDDEN.value

    def last_walk(self, url: str) -> tuple[datetime, date] | None:
        """When `url` was last read to the end of a walk, and the day back to which nothing is missing."""
        query = select(Url.walked_at, Url.walked_down_to).where(Url.site_id == self._site_id, Url.url == url)
        with reading(self._sessions) as session:
            row = session.execute(query).one_or_none()
        return (row[0], row[1]) if row and row[0] and row[1] else None

    def seen_before(self, urls: Collection[str], instant: datetime) -> bool:
        """Whether each of `urls` was already known at `instant`."""
        wanted = list(set(urls))
        known = select(func.count(Url.id)).where(self._mine(), Url.first_seen_at <= instant)
        with reading(self._sessions) as session:
            # A page at a time: a sitemap may hold more than the parameters that a statement may have.
            pages = (wanted[start : start + _PAGE] for start in range(0, len(wanted), _PAGE))
            return all(session.scalar(known.where(Url.url.in_(page))) == len(page) for page in pages)

    def known_among(self, urls: Collection[str]) -> frozenset[str]:
        """Those of `urls` at which an article was found before."""
        wanted = list(urls)
        out: set[str] = set()
        with reading(self._sessions) as session:
            for start in range(0, len(wanted), _PAGE):
                some = Url.url.in_(wanted[start : start + _PAGE])
                out.update(session.scalars(select(Url.url).where(self._mine(), some)))
        return frozenset(out)

    def counts(self) -> dict[str, int]:
        """How many article URLs are in each state; states without any are left out."""
        query = select(Url.state, func.count()).where(self._mine()).group_by(Url.state).order_by(Url.state)
        with reading(self._sessions) as session:
            return dict(session.execute(query).all())

    def _mine(self) -> ColumnElement[bool]:
        return and_(Url.site_id == self._site_id, Url.kind == UrlKind.ARTICLE.value)

    def _row(self, session: Session, url: str, kind: UrlKind = UrlKind.ARTICLE) -> Url:
        return ledger_row(session, self._site_id, url, kind, self._clock.now())

    def _walk(self, conditions: list[ColumnElement[bool]], patience: Patience | None) -> Iterator[Url]:
        """The rows by falling date, then id, a page at a time, each page a transaction of its own."""
        query = select(Url).where(*conditions).order_by(Url.listed_instant.desc(), Url.id.desc()).limit(_PAGE)
        last: Url | None = None
        while True:
            page = query
            if last is not None and last.listed_instant is not None:
                same = and_(Url.listed_instant == last.listed_instant, Url.id < last.id)
                # The first condition says nothing new, but lets the index begin where the last page ended.
                page = query.where(
                    Url.listed_instant <= last.listed_instant,
                    or_(Url.listed_instant < last.listed_instant, same),
                )
            elif last is not None:
                page = query.where(Url.id < last.id)
            # Here, since a generator that raised has ended: to ask it again would hide the rest.
            ask = partial(self._rows, page)
            rows = patience(ask) if patience else ask()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = rows[-1]

    def _rows(self, query: Select[Url]) -> Sequence[Url]:
        with reading(self._sessions) as session:
            return session.scalars(query).all()


def _of_keys(site_id: int, keys: Collection[str]) -> Select[Url]:
    """The URLs of articles with these keys.

    Only articles have keys. Were their kind asked for as well, SQLite would look through every URL of the site:
    without statistics it takes the index with more columns to compare.
    """
    return select(Url).where(Url.site_id == site_id, Url.article_key.in_(keys))


def _never_fetched() -> ColumnElement[bool]:
    return and_(Url.state == UrlState.FOUND.value, Url.due_at.is_(None))


def _of_excluded() -> ColumnElement[bool]:
    """The article of the URL was taken down."""
    return exists().where(Exclusion.site_id == Url.site_id, Exclusion.article_key == Url.article_key)


def _waits_for_sibling() -> ColumnElement[bool]:
    """Another URL of the same article was fetched, or stands before this one in the queue."""
    other = aliased(Url)
    return and_(
        Url.state == UrlState.FOUND.value,
        exists().where(
            other.site_id == Url.site_id,
            other.article_key == Url.article_key,
            other.id != Url.id,
            or_(
                other.state == UrlState.FETCHED.value,
                and_(other.state == UrlState.FOUND.value, other.id < Url.id),
            ),
        ),
    )


def found_of(row: Url) -> Found:
    """What discovery told of an article, by its row in the ledger."""
    return Found(
        url=row.url,
        key=row.article_key or "",
        found_on=row.found_on or "",
        section=next(iter(row.sections), None),
        title=row.listed_title,
        listed=row.listed,
        modified=row.listed_modified,
    )


def _reason(row: Url) -> Decision:
    if row.state == UrlState.FOUND:
        return Decision.PENDING
    if row.due_for is not None:
        return Decision(row.due_for)
    return Decision.DUE


_NEW_URL = insert(Base.metadata.tables["url"])
_NEW_COLUMNS = [column.key for column in Base.metadata.tables["url"].c if not column.primary_key]


class _Page:
    """The rows that one page of discovery touches, read at once."""

    def __init__(self, session: Session, site_id: int, found: Sequence[Found]) -> None:
        self._session, self._site_id = session, site_id
        keys = {one.key for one in found if one.key}
        urls = Url.url.in_({one.url for one in found})
        # Two questions, since with OR between them SQLite looks through every URL of the site.
        rows = {
            *session.scalars(select(Url).where(Url.site_id == site_id, Url.kind == UrlKind.ARTICLE.value, urls)),
            *session.scalars(_of_keys(site_id, keys)),
        }
        self._rows = {row.url: row for row in rows}
        self._new: list[Url] = []
        self._by_key: dict[str, list[Url]] = {}
        for row in sorted(rows, key=lambda row: row.id):
            self._by_key.setdefault(row.article_key or "", []).append(row)
        articles = session.scalars(
            select(StoredArticle).where(StoredArticle.site_id == site_id, StoredArticle.key.in_(keys))
        )
        self._articles = {article.key: article for article in articles}
        self._titles = self._own_titles() if any(one.title for one in found) else {}
        self._excluded = excluded_keys(session, site_id, {*keys, *(row.article_key or "" for row in rows)})
        self._met: set[str] = set()
        self._aliases: dict[str, int] = {}
        self._sections: dict[int, list[str]] = {}

    def see(self, one: Found, now: datetime) -> tuple[Found, Decision]:
        """Write down one article and decide on it; what is to be fetched comes with all that is known of it."""
        decision = self._decide(one, now)
        return (one if decision is Decision.KNOWN else found_of(self._rows[one.url])), decision

    def _decide(self, one: Found, now: datetime) -> Decision:
        repeated = one.url in self._met
        self._met.add(one.url)
        row = self._rows.get(one.url)
        new = row is None
        if row is None:
            row = Url(site_id=self._site_id, url=one.url, kind=UrlKind.ARTICLE.value)
            row.article_key = one.key or None
            row.first_seen_at, row.found_on, row.sections = now, one.found_on, []
            row.failures, row.unchanged = 0.0, 0
            row.state = UrlState.FOUND.value
            self._new.append(row)
            self._rows[one.url] = row
            self._by_key.setdefault(one.key, []).append(row)
        row.article_key = row.article_key or one.key or None
        if row.state == UrlState.EXCLUDED or row.article_key in self._excluded:
            # Not even its title is noted: that may be what was asked to be taken down.
            row.state, row.due_at = UrlState.EXCLUDED.value, None
            return Decision.KNOWN
        listed_before = row.listed_modified
        article = self._articles.get(row.article_key or "")
        retitled = article is not None and self._is_retitled(row, one, article)
        _note(row, one)
        if article is not None:
            if one.section:
                self._sections.setdefault(article.id, []).append(one.section)
            # One that is gone, or cannot be had where it was, may have moved here: then it is fetched like any other.
            if row.state in (UrlState.FOUND, UrlState.ALIAS) and self._give_up_others(row):
                row.state = UrlState.FOUND.value
            elif row.state == UrlState.FOUND and article.gone_at is None:
                row.state = UrlState.ALIAS.value
                self._aliases[one.url] = article.id
        main = row
        if row.state in (UrlState.FOUND, UrlState.ALIAS):
            main = self._main(row)
        before = listed_before if main is row else main.listed_modified
        modified = _is_modified(one.modified, before, main.fetched_at, now) and main.state != UrlState.FORBIDDEN
        if modified:
            # Written down, so that a run cut short after this still comes back to it.
            main.due_at, main.listed_modified, main.due_for = now, one.modified, Decision.MODIFIED.value
        elif retitled and main.state == UrlState.FETCHED:
            main.due_at, main.due_for = now, Decision.RETITLED.value
        if repeated or main is not row:
            return Decision.KNOWN
        if row.state == UrlState.FOUND:
            if new:
                return Decision.NEW
            return Decision.PENDING if row.due_at is None or row.due_at <= now else Decision.KNOWN
        if _is_listed_again(row, now):
            row.due_at = now
        if row.due_at is None or row.due_at > now:
            return Decision.KNOWN
        return _reason(row)

    def write(self, now: datetime) -> None:
        """Write down the URLs that are new, and what the page told of articles that are kept."""
        if self._new:
            # As plain rows: the session would ask for the key of each, and take ten times as long.
            rows = [{name: getattr(row, name) for name in _NEW_COLUMNS} for row in self._new]
            self._session.connection().execute(_NEW_URL, rows)
        add_article_urls(self._session, self._site_id, self._aliases, now)
        put_in_sections(self._session, self._site_id, self._sections)

    def _own_titles(self) -> dict[int, str | None]:
        """The titles of the articles that are kept, by their keys."""
        ids = [article.id for article in self._articles.values()]
        if not ids:
            return {}
        query = select(Extraction.article_id, Extraction.title).where(
            Extraction.article_id.in_(ids), Extraction.is_current
        )
        return {article_id: title for article_id, title in self._session.execute(query) if article_id is not None}

    def _is_retitled(self, row: Url, one: Found, article: StoredArticle) -> bool:
        """Whether a kept article is listed under a title that is not its own, and under which it never was before."""
        own = self._titles.get(article.id)
        if not one.title or not own:
            return False
        siblings = self._by_key.get(row.article_key or "", [row])
        known = [title for other in siblings for title in (other.listed_title, *(other.other_titles or ())) if title]
        return len(known) <= MAX_TITLES and is_other_title(one.title, [own, *known])

    def _give_up_others(self, row: Url) -> bool:
        """Whether each URL under which the article of `row` was fetched is given up; they are out of its way then."""
        siblings = self._by_key.get(row.article_key or "", [])
        if any(other.state == UrlState.FETCHED and other.failures < GIVE_UP for other in siblings):
            return False
        for other in siblings:
            if other.state == UrlState.FETCHED:
                # It was the only one when it was given up.
                other.state = UrlState.FAILED.value
        return any(other.state == UrlState.FAILED for other in siblings)

    def _main(self, row: Url) -> Url:
        """The URL under which the article of `row` was or will be fetched."""
        siblings = self._by_key.get(row.article_key, []) if row.article_key else []
        fetched = (other for other in siblings if other.state == UrlState.FETCHED)
        found = (other for other in siblings if other.state == UrlState.FOUND)
        return next(fetched, None) or next(found, row)


def _is_modified(listed: datetime | None, before: datetime | None, fetched: datetime | None, now: datetime) -> bool:
    """Whether an article that was `fetched` is `listed` with a later change; it was listed with that of `before`.

    A day alone (midnight) may be any time of it: of the day of the fetch it is later if another was listed before. One
    that was listed before is none: it was to come at the fetch then, by a clock or an offset that is wrong.
    """
    # A change in the future is a wrong clock, and would be news every night.
    if listed is None or fetched is None or listed > now:
        return False
    if fetched < listed:
        return listed != before
    local = listed.astimezone(VIETNAM)
    is_of_that_day = local.time() == time() and local.date() == fetched.astimezone(VIETNAM).date()
    return is_of_that_day and before is not None and before < listed


def _is_listed_again(row: Url, now: datetime) -> bool:
    """Whether what was answered with 404 or 410, and is listed `now`, is due again: after as long as any failure.

    A page that says so under 200 is looked at again by its age (`archive.store`).
    """
    if row.state != UrlState.GONE or row.status not in (404, 410) or row.due_at is not None or row.fetched_at is None:
        return False
    return row.failures < GIVE_UP and retry_at(row.fetched_at, row.failures) <= now


def _note(row: Url, one: Found) -> None:
    """Keep what a listing tells: the latest title and change, the most exact date, every section."""
    if one.title:
        _note_title(row, one.title)
    row.listed_modified = one.modified or row.listed_modified
    if one.section and one.section not in row.sections:
        row.sections = [*row.sections, one.section]
    kept = row.listed
    if one.listed is None or one.listed == kept:
        return
    vaguer = kept is not None and (
        kept.precision is Precision.MINUTE
        and one.listed.precision is Precision.DAY
        and kept.instant.date() == one.listed.instant.astimezone(VIETNAM).date()
    )
    if not vaguer:
        for name, value in dated_columns("listed", one.listed).items():
            setattr(row, name, value)


def _note_title(row: Url, title: str) -> None:
    """Keep the latest title, and the one before it among the others if it is not there and there is room."""
    former, others = row.listed_title, row.other_titles or []
    row.listed_title = title
    known = {fold_title(one) for one in (title, *others)}
    if former and len(others) < MAX_TITLES and fold_title(former) not in known:
        row.other_titles = [*others, former]


def add_article_urls(session: Session, site_id: int, urls: Mapping[str, int], now: datetime) -> None:
    """Note to which article (its key) each of `urls` leads; one that already leads to another stays there."""
    row = {"site_id": site_id, "first_seen_at": now}
    insert_those_new(session, ArticleUrl, [{**row, "url": url, "article_id": key} for url, key in urls.items()])
