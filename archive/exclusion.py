"""Exclusions: articles that were taken down. The fact and the reason stay, the text is shown nowhere.

Whoever shows articles asks with `not_taken_down`, whoever fetches or reads them with `excluded_keys`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from archive.models import ArticleUrl, Exclusion, Extraction, Site, StoredArticle, Url, public_id


@dataclass(frozen=True, slots=True)
class Excluded:
    """An article that was taken down: its public id, the address named, why and when.

    `purged_at` is when its bytes were removed from the captures as well, None if they were not.
    """

    id: str
    site: str
    key: str
    url: str
    reason: str
    excluded_at: datetime
    purged_at: datetime | None


def not_taken_down() -> ColumnElement[bool]:
    """The condition on StoredArticle that leaves out what was taken down; for every query that shows articles."""
    return ~exists().where(Exclusion.site_id == StoredArticle.site_id, Exclusion.article_key == StoredArticle.key)


def excluded_keys(session: Session, site_id: int, keys: Collection[str]) -> set[str]:
    """Those of `keys` whose articles of the site were taken down: nothing of them is fetched or read any more."""
    if not keys:
        return set()
    query = select(Exclusion.article_key).where(Exclusion.site_id == site_id, Exclusion.article_key.in_(keys))
    return set(session.scalars(query))


def taken_down_at(session: Session, site: str, urls: Collection[str], capture_id: int) -> list[Excluded]:
    """What was taken down of a site at any of these addresses, or was read from this capture (its key).

    As far as the archive knows the addresses; what only they tell (their keys) is the caller's to compare.
    """
    in_ledger = select(Url.article_key).join(Site, Site.id == Url.site_id).where(Site.name == site, Url.url.in_(urls))
    of_site = select(StoredArticle.key).join(Site, Site.id == StoredArticle.site_id).where(Site.name == site)
    leading = of_site.join(ArticleUrl, ArticleUrl.article_id == StoredArticle.id)
    leading = leading.where(ArticleUrl.site_id == Site.id, ArticleUrl.url.in_(urls))
    read = of_site.join(Extraction, Extraction.article_id == StoredArticle.id)
    read = read.where(Extraction.capture_id == capture_id)
    keys = {key for query in (in_ledger, leading, read) for key in session.scalars(query) if key}
    return exclusions(session, Site.name == site, Exclusion.article_key.in_(keys) | Exclusion.url.in_(urls))


def all_excluded(session: Session, site_id: int) -> frozenset[str]:
    """The keys of the site's articles that were taken down, and their addresses in the ledger."""
    keys = session.scalars(select(Exclusion.article_key).where(Exclusion.site_id == site_id)).all()
    led_there = select(Url.url).join(
        Exclusion, (Exclusion.site_id == Url.site_id) & (Exclusion.article_key == Url.article_key)
    )
    return frozenset(keys) | frozenset(session.scalars(led_there.where(Url.site_id == site_id)))


def exclusions(session: Session, *conditions: ColumnElement[bool]) -> list[Excluded]:
    """What was taken down and meets `conditions` (on Exclusion and Site), by site and key."""
    query = select(Site.name, Exclusion).join(Site, Site.id == Exclusion.site_id)
    return [
        Excluded(
            id=public_id(site, row.article_key),
            site=site,
            key=row.article_key,
            url=row.url,
            reason=row.reason,
            excluded_at=row.excluded_at,
            purged_at=row.purged_at,
        )
        for site, row in session.execute(query.where(*conditions).order_by(Site.name, Exclusion.article_key))
    ]
