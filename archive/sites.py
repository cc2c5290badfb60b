"""The sites of the archive: what their spiders declare of them becomes rows; their checks, states and former ids."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from archive.clock import Clock
from archive.database import insert_if_new, insert_those_new
from archive.models import DisabledSite, Era, FormerSite, Site, SiteHost, SiteName, SiteProvince, StoredCheck
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

    Hosts and provinces that are no longer declared stay: articles were published under them. A host that is declared
    later is one from that day on, and until the day on which it is no longer declared. Names under which it is
    credited are those that follow from the title, all of these hosts and `names`; two sites may have one in common.
    Raises ValueError if the name is no site id or a former one, or the province is unknown.
    """
    check_site_id(record.name)
    _refuse_former(session, record.name)
    codes = site_provinces(record.province)
    # Locked, since another machine may be registering the site at this moment.
    known_site = select(Site).where(Site.name == record.name).with_for_update(key_share=True)
    site = session.scalar(known_site)
    if site is None:
        # The lock was perhaps one that a rename held until now.
        _refuse_former(session, record.name)
        row = {"name": record.name, "title": record.title, "family": record.family, "created_at": clock.now()}
        insert_if_new(session, Site, row)
        site = session.scalars(known_site).one()
    site.title, site.family = record.title, record.family
    session.flush()
    hosts = _register_hosts(session, site.id, record.hosts, clock.now().date())
    known = set(session.execute(select(SiteProvince.era, SiteProvince.code).where(SiteProvince.site_id == site.id)))
    for era, code in codes:
        if (era, code) not in known:
            province = SiteProvince(site_id=site.id, era=era.value, code=code)
            province.valid_from, province.valid_until = (None, REFORM) if era is Era.OLD else (REFORM, None)
            session.add(province)
    session.flush()
    _register_names(session, site.id, site_names(record.title, hosts, record.names))
    return site.id


def _refuse_former(session: Session, name: str) -> None:
    if (present := present_id(session, name)) != name:
        raise ValueError(
            f"{name}: this archive has renamed the site to {present}; under its former id it would be a "
            f"second one. Use the program whose spider is {present}, or `baotinh sites rename {present} {name}`"
        )


def _register_hosts(session: Session, site_id: int, declared: tuple[str, ...], today: date) -> set[str]:
    """Make `declared` the hosts that the site has today; gives all that it ever had."""
    known = {row.host: row for row in session.scalars(select(SiteHost).where(SiteHost.site_id == site_id))}
    for row in known.values():
        if row.host in declared:
            row.valid_until = None
        elif row.valid_until is None:
            row.valid_until = today
    # Of its first hosts nobody knows since when they are its.
    since = today if known else None
    session.add_all(SiteHost(site_id=site_id, host=one, valid_from=since) for one in declared if one not in known)
    return known.keys() | set(declared)


def check_site_id(name: str) -> None:
    """Raise ValueError, with what is allowed, if `name` is no site id."""
    if not _SITE_ID.fullmatch(name):
        raise ValueError(f"site id {name!r}: give lower-case words joined by _, such as bao_quang_ninh")


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


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """One check of a site: on the live site (`live`) or on saved pages, whether it passed, what it found in words."""

    site: str
    at: datetime
    live: bool
    passed: bool
    words: str


def note_check(session: Session, site_id: int, check: SiteCheck) -> None:
    """Write a check of the site with this key down; `register_site` gives the key, also of a site never crawled."""
    session.add(
        StoredCheck(site_id=site_id, checked_at=check.at, live=check.live, passed=check.passed, words=check.words)
    )


def last_checks(session: Session) -> dict[str, SiteCheck]:
    """The newest live check that passed, by site id; a site that never passed one is not in it."""
    query = (
        select(Site.name, StoredCheck)
        .join(Site, Site.id == StoredCheck.site_id)
        .where(StoredCheck.live, StoredCheck.passed)
        .order_by(StoredCheck.checked_at, StoredCheck.id)
    )
    return {
        name: SiteCheck(name, row.checked_at, row.live, row.passed, row.words) for name, row in session.execute(query)
    }


def first_checks(session: Session) -> dict[str, datetime]:
    """When each site first passed a live check, by site id: since then it could be crawled every night."""
    query = (
        select(Site.name, func.min(StoredCheck.checked_at, type_=StoredCheck.checked_at.type))
        .join(Site, Site.id == StoredCheck.site_id)
        .where(StoredCheck.live, StoredCheck.passed)
        .group_by(Site.name)
    )
    return dict(session.execute(query).all())


def disable(session: Session, site_id: int, reason: str, clock: Clock) -> None:
    """Keep the site with this key out of the nights, from now on and for `reason`; again changes the reason only.

    Raises ValueError for an empty reason.
    """
    if not reason.strip():
        raise ValueError("say with --reason why the site is disabled: who looks at it in a year will want to know")
    row = session.get(DisabledSite, site_id)
    if row is None:
        row = DisabledSite(site_id=site_id, disabled_at=clock.now())
        session.add(row)
    row.reason = reason.strip()


def enable(session: Session, site_id: int) -> bool:
    """Let the nights crawl the site again; False if it was not disabled."""
    row = session.get(DisabledSite, site_id)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def disabled(session: Session) -> dict[str, str]:
    """The reason by site id, of each site that is disabled."""
    query = select(Site.name, DisabledSite.reason).join(Site, Site.id == DisabledSite.site_id).order_by(Site.name)
    return dict(session.execute(query).all())


def rename_site(session: Session, old: str, new: str, clock: Clock) -> bool:
    """Give the site `old` the id `new`; all that belongs to it stays its own, and the former id still leads to it.

    False if the archive has no site `old`, or knows it by the new id already. Raises ValueError if `new` is no site id,
    or is one of another site, now or formerly.
    """
    check_site_id(new)
    site = session.scalar(select(Site).where(Site.name == old).with_for_update())
    if site is None and present_id(session, old) == new:
        return False
    former = session.get(FormerSite, new)
    if site_key(session, new) is not None:
        raise ValueError(f"there is a site {new!r} in the archive already; articles of two sites are never mixed")
    if former is not None and (site is None or former.site_id != site.id):
        owner = session.get_one(Site, former.site_id).name
        raise ValueError(f"{new!r} is a former id of {owner!r}, whose articles are still found by it; take another")
    if site is None:
        return False
    if former is not None:
        session.delete(former)
    site.name = new
    session.add(FormerSite(name=old, site_id=site.id, renamed_at=clock.now()))
    session.flush()
    return True


def present_id(session: Session, name: str) -> str:
    """The id that a site has now, by that one or a former one; an unknown id is given back as it is."""
    query = select(Site.name).join(FormerSite, FormerSite.site_id == Site.id).where(FormerSite.name == name)
    return session.scalar(query) or name
