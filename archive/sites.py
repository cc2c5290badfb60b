"""The sites of the archive: what their spiders declare of them becomes rows."""

import re
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from archive.clock import Clock
from archive.database import insert_if_new, insert_those_new
from archive.models import Era, Site, SiteHost, SiteName, SiteProvince
from archive.provinces import REFORM, site_provinces
from archive.reprints import regroup_credits
from archive.sources import site_names

_SITE_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """What a spider declares of its site: id, publisher's name, family, hosts, province (a slug), names in credits."""

    name: str
    title: str
    family: str
    hosts: tuple[str, ...]
    province: str
    names: tuple[str, ...] = ()


def register_site(session: Session, record: SiteRecord, clock: Clock) -> int:
    """Make the site or bring it up to date, and give its key for the other classes of this package.

    Hosts and provinces that are no longer declared stay: articles were published under them. Names under which it is
    credited are those that follow from the title, all of these hosts and `names`; two sites may have one in common.
    Raises ValueError if the name is no site id or the province is unknown.
    """
    if not _SITE_ID.fullmatch(record.name):
        raise ValueError(f"site id {record.name!r}: give lower-case words joined by _, such as bao_quang_ninh")
    codes = site_provinces(record.province)
    # Locked, since another machine may be registering the site at this moment.
    known_site = select(Site).where(Site.name == record.name).with_for_update(key_share=True)
    site = session.scalar(known_site)
    if site is None:
        row = {"name": record.name, "title": record.title, "family": record.family, "created_at": clock.now()}
        insert_if_new(session, Site, row)
        site = session.scalars(known_site).one()
    site.title, site.family = record.title, record.family
    session.flush()
    hosts = set(session.scalars(select(SiteHost.host).where(SiteHost.site_id == site.id)))
    session.add_all(SiteHost(site_id=site.id, host=host) for host in record.hosts if host not in hosts)
    known = set(session.execute(select(SiteProvince.era, SiteProvince.code).where(SiteProvince.site_id == site.id)))
    for era, code in codes:
        if (era, code) not in known:
            province = SiteProvince(site_id=site.id, era=era.value, code=code)
            province.valid_from, province.valid_until = (None, REFORM) if era is Era.OLD else (REFORM, None)
            session.add(province)
    session.flush()
    _register_names(session, site.id, site_names(record.title, hosts.union(record.hosts), record.names))
    return site.id


def _register_names(session: Session, site_id: int, names: frozenset[str]) -> None:
    """Make `names` those of the site, whose row is locked."""
    known = set(session.scalars(select(SiteName.name).where(SiteName.site_id == site_id)))
    if gone := known - names:
        session.execute(delete(SiteName).where(SiteName.site_id == site_id, SiteName.name.in_(gone)))
    insert_those_new(session, SiteName, [{"site_id": site_id, "name": name} for name in sorted(names - known)])
    if changed := known ^ names:
        regroup_credits(session, changed)


def site_key(session: Session, name: str) -> int | None:
    """The key of the site with this id; None if the archive has none."""
    return session.scalar(select(Site.id).where(Site.name == name))
