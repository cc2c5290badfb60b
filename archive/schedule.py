"""What operators say of the schedule: sites that are paused or muted for a while, and those wanted at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from archive.models import MutedSite, PausedSite, Site, WantedRun


@dataclass(frozen=True, slots=True)
class Paused:
    """A site that no night takes, since when, until when (None: until it is resumed) and why (empty: not said)."""

    site: str
    paused_at: datetime
    until: datetime | None
    reason: str


def paused(session: Session, now: datetime) -> dict[str, Paused]:
    """The sites that are paused at `now`, by site id."""
    query = (
        select(Site.name, PausedSite)
        .join(Site, Site.id == PausedSite.site_id)
        .where(or_(PausedSite.until.is_(None), PausedSite.until > now))
        .order_by(Site.name)
    )
    return {name: Paused(name, row.paused_at, row.until, row.reason) for name, row in session.execute(query)}


def pause(session: Session, site_id: int, now: datetime, until: datetime | None, reason: str = "") -> None:
    """Leave the site with this key out of the nights until an instant, or until it is resumed; again says it anew.

    Raises ValueError if `until` is past.
    """
    _check_ahead(now, until)
    row = session.get(PausedSite, site_id)
    if row is None:
        row = PausedSite(site_id=site_id, paused_at=now)
        session.add(row)
    elif row.until is not None and row.until <= now:
        row.paused_at = now
    row.until, row.reason = until, reason.strip()


def resume(session: Session, site_id: int, now: datetime) -> bool:
    """Let the nights take the site again; False if it was not paused at `now`."""
    row = session.get(PausedSite, site_id)
    if row is None:
        return False
    session.delete(row)
    return row.until is None or row.until > now


def muted(session: Session, now: datetime) -> dict[str, datetime]:
    """Until when each site is muted, by site id: nobody is told of it, whatever becomes of it."""
    query = select(Site.name, MutedSite.until).join(Site, Site.id == MutedSite.site_id).where(MutedSite.until > now)
    return dict(session.execute(query.order_by(Site.name)).all())


def mute(session: Session, site_id: int, now: datetime, until: datetime) -> None:
    """Tell nobody of the site until an instant. Raises ValueError if that is past."""
    _check_ahead(now, until)
    row = session.get(MutedSite, site_id)
    if row is None:
        row = MutedSite(site_id=site_id)
        session.add(row)
    row.muted_at, row.until = now, until


def unmute(session: Session, site_id: int, now: datetime) -> bool:
    """Tell of the site again; False if it was not muted at `now`."""
    row = session.get(MutedSite, site_id)
    if row is None:
        return False
    session.delete(row)
    return row.until > now


def want_run(session: Session, site_id: int, now: datetime) -> None:
    """Ask the scheduler to crawl the site at once; to ask again before it has ended changes nothing."""
    if session.get(WantedRun, site_id) is None:
        session.add(WantedRun(site_id=site_id, wanted_at=now))


def wanted(session: Session) -> list[str]:
    """The sites that are to be crawled at once, the longest asked for first."""
    query = select(Site.name).join(WantedRun, WantedRun.site_id == Site.id).order_by(WantedRun.wanted_at, Site.name)
    return list(session.scalars(query))


def wanted_since(session: Session, site_id: int) -> datetime | None:
    """When a run of the site was asked for that has not been made; None if none is."""
    row = session.get(WantedRun, site_id)
    return row.wanted_at if row else None


def take_wanted(session: Session, site_id: int) -> None:
    """Take the wish for a run of the site away: it has ended, or is not to be made."""
    session.execute(delete(WantedRun).where(WantedRun.site_id == site_id))


def _check_ahead(now: datetime, until: datetime | None) -> None:
    if until is not None and until <= now:
        raise ValueError(f"--until {until:%Y-%m-%d %H:%M}: is past; give a day or an instant that lies ahead")
