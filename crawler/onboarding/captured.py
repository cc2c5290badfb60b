"""Pages of a site out of its captures: what a check or a review looks at where there are no goldens."""

from datetime import date
from pathlib import Path

from archive.clock import VIETNAM, Clock
from archive.database import Sessions, reading
from archive.kept import read_since
from archive.readings import Due, Readings, Scope
from archive.sites import site_key
from crawler.onboarding.goldens import SavedPage
from crawler.rereading import page_at

_ANY_VERSION = ""
"""No extractor has this version, so every capture of an article waits for it."""


def newest_pages(sessions: Sessions, folder: Path, site: str, clock: Clock, count: int) -> list[SavedPage]:
    """The last `count` articles' pages that a site's captures in `folder` hold, the newest first, each address once.

    Refused pages are among them; what was taken down or purged is not. Raises CaptureError for one that cannot be
    read.
    """
    with reading(sessions) as session:
        site_id = site_key(session, site)
        since = None if site_id is None else read_since(session, site_id, count)
    if site_id is None or since is None:
        return []
    # The day of the last so many: of a site with years of captures no more is looked at.
    day: date = since.astimezone(VIETNAM).date()
    due = [one for some in Readings(sessions, _ANY_VERSION, clock).due(Scope(site_id, start=day)) for one in some]
    newest: dict[str, Due] = {}
    for one in sorted(due, key=lambda one: (one.fetched_at, one.id), reverse=True):
        newest.setdefault(one.place.url, one)
    return [_saved(folder, one) for one in list(newest.values())[:count]]


def _saved(folder: Path, due: Due) -> SavedPage:
    page = page_at(folder, due.place)
    return SavedPage(page.url, page.content_type, page.body, due.fetched_at, due.found)
