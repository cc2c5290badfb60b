"""A small crawl into an archive that is thrown away: what a site gives today, and nothing of it is kept."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from archive.captures import CaptureWriter
from archive.database import Sessions, SiteLock, open_engine, session_factory, upgrade
from archive.runs import Runs
from archive.settings import Settings
from archive.sites import register_site
from crawler.archiving import site_record
from crawler.families.base import SiteSpider
from crawler.onboarding.captured import newest_pages
from crawler.onboarding.goldens import SavedPage
from crawler.pacing import asked_file
from schedules.runs import Ended, Order, crawl_all

LIMIT = 12
"""Articles that a trial fetches: of several sections, and two minutes at a polite pace."""


@dataclass(frozen=True)
class Trial:
    """How the crawl ended, and the pages of articles that it kept."""

    ended: Ended
    pages: tuple[SavedPage, ...]


def try_site(
    site: type[SiteSpider],
    settings: Settings,
    sessions: Sessions,
    *,
    limit: int = LIMIT,
    overrides: Mapping[str, str] | None = None,
) -> Trial:
    """Crawl `site` as tonight's crawl would, at most `limit` articles, into a folder that is gone afterwards.

    The site's claim in the archive at hand is held meanwhile, so that no other crawl asks the site at the same time.
    A claim is on a registered site, so the site is registered there as any crawl registers it, whatever the trial
    finds: its row, hosts, provinces and the names it is credited under, by which credits may be grouped anew. Nothing
    else is written: no article, capture or run. Raises CaptureLocked or SiteTaken if one is under way.
    """
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    with CaptureWriter(settings.captures, site.name, settings.clock, lambda file: 0):
        with sessions.begin() as session:
            site_id = register_site(session, site_record(site), settings.clock)
        with closing(SiteLock(engine, site_id, site.name)), tempfile.TemporaryDirectory(prefix="baotinh-") as folder:
            scratch = replace(settings, data=Path(folder), database_url=f"sqlite:///{folder}/baotinh.sqlite3")
            ours, theirs = asked_file(settings, site.name), asked_file(scratch, site.name)
            _carry(ours, theirs)
            try:
                return _crawl(site, scratch, limit, overrides or {})
            finally:
                _carry(theirs, ours)


def _carry(source: Path, target: Path) -> None:
    """Let the next crawl know when the site was last asked, whichever archive it writes to."""
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _crawl(site: type[SiteSpider], settings: Settings, limit: int, overrides: Mapping[str, str]) -> Trial:
    engine = open_engine(settings.database_url)
    try:
        upgrade(engine)
        sessions = session_factory(engine)
        order = Order(site.name, limit=limit, settings=overrides)
        [ended] = crawl_all([order], settings, Runs(sessions, settings.clock), 1)
        pages = newest_pages(sessions, settings.captures, site.name, settings.clock, limit)
        if ended.reason and settings.logs.exists():
            # The log goes with the folder, so that its address would lead nowhere.
            ended = replace(ended, reason=ended.reason.partition(" (log: ")[0])
        return Trial(ended, tuple(pages))
    finally:
        engine.dispose()
