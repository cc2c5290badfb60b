"""Exclusions: articles that were taken down. The fact and the reason stay, the text is shown nowhere.

Whoever shows articles asks with `not_taken_down`, whoever fetches or reads them with `excluded_keys`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from archive.models import Exclusion, Site, StoredArticle, Url, UrlState, public_id


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


def is_excluded(session: Session, site_id: int, url: str, key: str) -> bool:
    """Whether `url`, whose address tells `key`, leads to an article that was taken down."""
    named = exists().where(Url.site_id == site_id, Url.url == url, Url.state == UrlState.EXCLUDED.value)
    keyed = exists().where(Exclusion.site_id == site_id, Exclusion.article_key == key)
    return bool(session.scalar(select(named | keyed)))


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
