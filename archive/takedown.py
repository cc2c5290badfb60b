"""Taking articles down and lifting that again: each one transaction, which crawls of the site wait for."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from archive.article import GONE_REASONS
from archive.clock import Clock
from archive.database import ArchiveError, Sessions, reading, writing
from archive.exclusion import Excluded, exclusions
from archive.ledger import next_look
from archive.models import (
    ArticleSection,
    ArticleUrl,
    Exclusion,
    Extraction,
    Site,
    StoredArticle,
    Url,
    UrlKind,
    UrlState,
    public_id,
)
from archive.query import ArticleName, articles_of
from archive.reprints import regroup
from archive.sites import present_id, site_key
from archive.walks import ledger_row

_NO_MORE = (404, 410)
"""Statuses that say that there is nothing at an address."""


def known_article(session: Session, url_or_id: str) -> ArticleName | None:
    """The article that a URL or a public id means, as the archive, its ledger or its exclusions know it.

    None if none of them does. Raises ArchiveError if the URL leads to several.
    """
    wanted = url_or_id.strip()
    found = articles_of(session, wanted)
    if not found and "/" in wanted:
        in_ledger = select(Site.name, Url.article_key, Url.url).join(Site, Site.id == Url.site_id)
        in_ledger = in_ledger.where(Url.url == wanted, Url.article_key.is_not(None))
        found = [ArticleName(site, key or "", url) for site, key, url in session.execute(in_ledger)]
    elif not found:
        site, _, key = wanted.partition("-")
        excluded = exclusions(session, Site.name == present_id(session, site), Exclusion.article_key == key)
        found = [ArticleName(one.site, one.key, one.url) for one in excluded]
    if len(found) > 1:
        ids = ", ".join(public_id(one.site, one.key) for one in found)
        raise ArchiveError(f"{wanted} leads to several articles: {ids}; give the id of one")
    return found[0] if found else None


def exclude(sessions: Sessions, clock: Clock, article: ArticleName, reason: str) -> Excluded:
    """Take an article down, in one transaction: it is shown nowhere and never fetched or read again.

    `article` may be one that was never fetched; its site must be registered. One that was taken down before
    stays so, with the reason and the date it has.
    """
    site_id = _site_id(sessions, article.site)
    with writing(sessions, site_id) as session:
        known = _exclusion(session, site_id, article.key)
        if known is None:
            row = Exclusion(site_id=site_id, article_key=article.key, url=article.url, reason=reason)
            row.excluded_at = clock.now()
            session.add(row)
        address = ledger_row(session, site_id, article.url, UrlKind.ARTICLE, clock.now())
        address.article_key = article.key
        session.flush()
        for url in urls_of(session, site_id, article.key):
            url.state, url.due_at, url.article_key = UrlState.EXCLUDED.value, None, article.key
        session.flush()
        [made] = exclusions(session, Exclusion.site_id == site_id, Exclusion.article_key == article.key)
        stored = _stored(session, site_id, article.key)
        regroup(session, [stored.id] if stored is not None else [])
    return made


def lift(sessions: Sessions, clock: Clock, article: ArticleName) -> Excluded:
    """Take a take-down back, in one transaction, and give what it was.

    The article is shown as it was before. One that was purged, or half purged (captures of another machine stay
    then), has nothing left to show: it is forgotten, and fetched as a new one when it is next listed or asked for.
    Raises ArchiveError if it was not taken down.
    """
    site_id = _site_id(sessions, article.site)
    with writing(sessions, site_id) as session:
        row = _exclusion(session, site_id, article.key)
        if row is None:
            raise ArchiveError(
                f"{public_id(article.site, article.key)} was not taken down; `baotinh exclude --list` shows what was"
            )
        [was] = exclusions(session, Exclusion.id == row.id)
        urls = urls_of(session, site_id, article.key)
        stored = _stored(session, site_id, article.key)
        session.delete(row)
        fresh = was.purged_at is not None or (stored is not None and not _was_read(session, stored))
        if fresh and stored is not None:
            for table in (ArticleUrl, ArticleSection):
                session.execute(delete(table).where(table.article_id == stored.id))
            session.delete(stored)
            stored = None
        _free(session, urls, stored, fresh=fresh)
        session.flush()
        regroup(session, [stored.id] if stored is not None else [])
    return was


def urls_of(session: Session, site_id: int, key: str) -> Sequence[Url]:
    """The addresses of an article in the ledger, by the order in which they became known."""
    leading = (
        select(ArticleUrl.url)
        .join(StoredArticle, StoredArticle.id == ArticleUrl.article_id)
        .where(StoredArticle.site_id == site_id, StoredArticle.key == key)
    )
    of_article = select(Url).where(Url.site_id == site_id, Url.kind == UrlKind.ARTICLE.value)
    # Two questions, since with OR between them SQLite looks through every URL of the site.
    found = {
        *session.scalars(of_article.where(Url.url.in_(session.scalars(leading).all()))),
        *session.scalars(select(Url).where(Url.site_id == site_id, Url.article_key == key)),
    }
    return sorted(found, key=lambda url: url.id)


def _free(session: Session, urls: Sequence[Url], stored: StoredArticle | None, *, fresh: bool) -> None:
    """Put addresses into the states they would have had without the take-down; `fresh`: as if never fetched."""
    published = None
    if stored is not None:
        current = select(Extraction.published_instant).where(Extraction.article_id == stored.id, Extraction.is_current)
        published = session.scalar(current)
    is_gone = stored is not None and stored.gone_at is not None
    answered = [url for url in urls if url.fetched_at is not None and not _says_gone(url)]
    main = max(answered, key=lambda url: url.fetched_at, default=None)  # type: ignore[arg-type,return-value]
    for url in urls:
        url.due_at = None
        if fresh or (stored is None and url.status not in _NO_MORE):
            url.state, url.fetched_at, url.status = UrlState.FOUND.value, None, None
            url.failures, url.reason = 0.0, None
        elif _says_gone(url):
            url.state = UrlState.GONE.value
            if url.status not in _NO_MORE and url.fetched_at is not None:
                # As the store has it: the site may only be at work.
                url.due_at = next_look(published, url.fetched_at)
        elif is_gone:
            # Perhaps the article only moved: its other addresses have their turn, as in `Ledger.gone`.
            url.state = UrlState.FOUND.value
        elif url is main and url.fetched_at is not None:
            url.state, url.due_at = UrlState.FETCHED.value, next_look(published, url.fetched_at)
        else:
            url.state = UrlState.ALIAS.value


def _says_gone(url: Url) -> bool:
    """Whether the last answer at an address was that there is nothing, by its status or its words."""
    return url.status in _NO_MORE or url.reason in GONE_REASONS


def _was_read(session: Session, stored: StoredArticle) -> bool:
    """Whether anything that was read of an article is there; a purge, even one that is not through, leaves nothing."""
    return bool(session.scalar(select(exists().where(Extraction.article_id == stored.id))))


def _exclusion(session: Session, site_id: int, key: str) -> Exclusion | None:
    return session.scalar(select(Exclusion).where(Exclusion.site_id == site_id, Exclusion.article_key == key))


def _stored(session: Session, site_id: int, key: str) -> StoredArticle | None:
    return session.scalar(select(StoredArticle).where(StoredArticle.site_id == site_id, StoredArticle.key == key))


def _site_id(sessions: Sessions, site: str) -> int:
    with reading(sessions) as session:
        found = site_key(session, site)
    if found is None:
        raise ArchiveError(f"the archive knows no site {site!r} yet; give the article's URL")
    return found
