"""What the commands share: where they write, how they open the archive, their exit codes."""

import os
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from archive.article import Dated, Precision
from archive.database import (
    ArchiveError,
    ArchiveMissing,
    Sessions,
    check_version,
    open_engine,
    reading,
    session_factory,
)
from archive.restoring import refuse_half_restored
from archive.settings import Settings
from archive.sites import site_key

FAILED, WRONG_USE = 1, 2
"""Exit codes: something asked for could not be done; it was asked for in the wrong way."""

# A pipe has no width, and a table that is cut to 80 columns is of no use to a script.
WIDE = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160
out = Console(width=WIDE)
err = Console(stderr=True)

FirstDay = Annotated[
    datetime | None,
    typer.Option("--start", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day of publication."),
]
LastDay = Annotated[
    datetime | None, typer.Option("--end", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day of publication.")
]
Province = Annotated[
    list[str] | None,
    typer.Option(
        help="Only this province: a name of either era in any spelling, a slug, or era and code (63:22, 34:22); "
        "may be given again."
    ),
]


def table_of(first: str, *others: str) -> Table:
    """A table whose columns fold rather than lose words; ids are never folded."""
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, overflow="fold")
    return table


def say(line: str) -> None:
    """Print one line as it is, however long."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def counted(number: int, what: str) -> str:
    """A number of things: ``1 article``, ``1,200 articles``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def hint(line: str) -> None:
    """Print one line beside the results, where a script does not take it for one of them."""
    err.print(line, markup=False, highlight=False, soft_wrap=True)


def open_archive() -> tuple[Settings, Sessions]:
    """The settings and the archive they name. Raises SettingsError, or ArchiveError if it cannot be worked with."""
    settings = Settings.from_environment()
    refuse_half_restored(settings)
    engine = open_engine(settings.database_url)
    check_version(engine)
    return settings, session_factory(engine)


def archive_if_any() -> Sessions | None:
    """The archive, or None if none was made yet; else as `open_archive`."""
    try:
        return open_archive()[1]
    except ArchiveMissing:
        return None


def date_words(dated: Dated | None) -> str | None:
    """A date, as precise as it is, with where it came from."""
    if dated is None:
        return None
    form = "%Y-%m-%d %H:%M" if dated.precision is Precision.MINUTE else "%Y-%m-%d"
    return f"{dated.instant:{form}} (from {dated.source}: {dated.raw!r})"


def plain(text: str, style: str = "") -> Text:
    """Words from outside for a table: what looks like markup of Rich's is none."""
    return Text(text, style)


def crawled_site(sessions: Sessions, site: str) -> int:
    """The key of a site in the archive. Raises ArchiveError, with the next step, if nothing of it is there yet."""
    with reading(sessions) as session:
        found = site_key(session, site)
    if found is None:
        raise ArchiveError(f"{site}: nothing of this site is in the archive yet; crawl it first")
    return found
