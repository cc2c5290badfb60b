"""Commands for backups of the whole archive: backup, restore."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from archive.backup import make_backup
from archive.database import newest_version, open_engine, version_of
from archive.restoring import restore_backup
from archive.settings import Settings
from commands.common import err, open_archive, say

_DOING = TextColumn("{task.description}")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it, such as /backups/baotinh.tar.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write the whole archive, database and captures, into one file; crawls may go on meanwhile.

    The file is a tar of the state at one moment, with the digests of all that is in it.

    Example: [bold]baotinh backup /backups/baotinh-2026-11-24.tar[/]
    """
    settings, _ = open_archive()
    with _bar() as bar:
        task = bar.add_task("database", total=None)
        made = make_backup(
            open_engine(settings.database_url),
            settings,
            file,
            version("baotinh"),
            force=force,
            tell=lambda name, done: bar.update(task, advance=done, description=name),
        )
    say(f"{file}: {len(made.captures):,} capture files and the database, {made.bytes:,} bytes.")
    say(f"Exact digest of the database: {made.digest}")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `baotinh backup` wrote.")],
) -> None:
    """Put a backup into an empty data folder and a new or empty database, and check all of it.

    They are those that BAOTINH_DATA and BAOTINH_DATABASE_URL name. A backup of an SQLite archive may go into
    PostgreSQL. Nothing is kept unless all of it is right; what was cut short is run again.
    """
    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    with _bar() as bar:
        task = bar.add_task("", total=None)
        made = restore_backup(
            file, engine, settings, lambda name, done: bar.update(task, advance=done, description=name)
        )
    say(f"Restored the archive of {made.made_at}: {len(made.captures):,} capture files and the database.")
    say(f"Exact digest of the database: {made.digest}")
    if version_of(engine) != newest_version():
        say(f"It is of an older version ({made.schema}): run `baotinh db upgrade` next.")


def _bar() -> Progress:
    return Progress(SpinnerColumn(), DownloadColumn(), _DOING, TimeElapsedColumn(), console=err, transient=True)
