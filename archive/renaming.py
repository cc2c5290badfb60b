"""A site gets another id, with nobody writing to it meanwhile."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from archive.captures import CaptureWriter
from archive.database import Sessions, SiteLock, open_engine, reading
from archive.kept import known_end
from archive.settings import Settings
from archive.sites import rename_site, site_key


@contextmanager
def renaming(settings: Settings, sessions: Sessions, old: str, new: str) -> Iterator[bool]:
    """Give the site `old` the id `new` once the body has run; if that raises, nothing is renamed.

    Articles, captures, runs and what was taken down belong to the site and not to its id, so they stay its own; capture
    files stay where they are. False if the archive has no site `old`. Raises ArchiveError if a crawl of it runs,
    ValueError as `rename_site`.
    """
    with reading(sessions) as session:
        site_id = site_key(session, old)
    with ExitStack() as held:
        if site_id is not None:
            # Under the new id as well: with the spider renamed it could be crawled before the archive is.
            for name in (old, new):
                held.enter_context(
                    CaptureWriter(settings.captures, name, settings.clock, lambda file: known_end(sessions, file))
                )
            engine = open_engine(settings.database_url)
            held.callback(engine.dispose)
            held.callback(SiteLock(engine, site_id, old).close)
        with sessions.begin() as session:
            yield rename_site(session, old, new, settings.clock)
