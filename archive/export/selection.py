"""Which source records an export takes."""

import difflib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from archive.clock import VIETNAM
from archive.database import ArchiveError
from archive.models import Era, Extraction, Site, SiteProvince
from archive.provinces import find
from archive.sites import present_id


class ExportError(ArchiveError):
    """An export cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take: sites and provinces (both empty: all), and days.

    Sites are ids, present or former ones; provinces are as `archive.provinces.find` takes them.
    `start` and `end` are days of publication in Vietnam, both included; articles without a date are
    taken only where neither is given. Without `captions` the texts leave theirs out.
    """

    sites: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    captions: bool = True

    def selected_sites(self, session: Session) -> frozenset[str] | None:
        """The ids of the sites that are taken; None for all. Raises ExportError as `conditions` does."""
        if not self.sites and not self.provinces:
            return None
        of_sites = Selection(self.sites, self.provinces).conditions(session)
        return frozenset(session.scalars(select(Site.name).where(*of_sites)))

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The conditions on Site and Extraction.

        Raises ExportError for an unknown site or province, with near ones, and a reversed range.
        """
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ExportError(f"the range {self.start} to {self.end} is reversed; give the earlier day as start")
        conditions: list[ColumnElement[bool]] = []
        known = session.scalars(select(Site.name).order_by(Site.name)).all()
        sites = [present_id(session, site) for site in self.sites]
        for site in sites:
            if site not in known:
                near = difflib.get_close_matches(site, known, n=3) or known
                raise ExportError(f"the archive has no site {site!r}; it has {', '.join(near) or 'none yet'}")
        if self.sites:
            conditions.append(Site.name.in_(sites))
        if self.provinces:
            try:
                codes = {province.old_code for name in self.provinces for province in find(name)}
            except ValueError as error:
                raise ExportError(str(error)) from error
            there = select(SiteProvince.site_id).where(SiteProvince.era == Era.OLD.value, SiteProvince.code.in_(codes))
            conditions.append(Site.id.in_(there))
        if self.start is not None:
            conditions.append(Extraction.published_instant >= datetime.combine(self.start, time(), VIETNAM))
        if self.end is not None:
            next_day = datetime.combine(self.end + timedelta(days=1), time(), VIETNAM)
            conditions.append(Extraction.published_instant < next_day)
        return conditions

    def filters(self) -> dict[str, Any]:
        """The selection as the manifest writes it."""
        return {
            "sites": sorted(self.sites),
            "provinces": sorted(self.provinces),
            "start": self.start and self.start.isoformat(),
            "end": self.end and self.end.isoformat(),
            "captions": self.captions,
        }
