"""Commands for the archive's database: db upgrade, db digest, db copy."""

from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from archive.copying import back_up, copy_archive
from archive.database import newest_version, open_engine, reading, session_factory, upgrade, version_of
from archive.digest import exact_digest, logical_digest, whole
from archive.groups import apart
from archive.restoring import refuse_half_restored
from archive.settings import Settings, database_url
from commands.common import counted, err, hint, open_archive, say

_DONE_ROWS = TextColumn("{task.completed:,} rows, {task.description}")


def db_upgrade(
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", help="First write an older database into DATA/backups.")
    ] = True,
) -> None:
    """Create the database, or bring it up to this program's version after a backup."""
    settings = Settings.from_environment()
    refuse_half_restored(settings)
    engine = open_engine(settings.database_url)
    before = version_of(engine)
    if before is not None and before != newest_version() and backup:
        say(f"Backup: {back_up(engine, settings.backups, settings.clock)}")
    upgrade(engine)
    say(f"The archive at {engine.url.render_as_string()} is up to date (version {newest_version()}).")
    with reading(session_factory(engine)) as session:
        waiting = apart(session).not_compared
    if waiting:
        hint(f"{counted(waiting, 'text')} not compared with others yet; run baotinh reprints rebuild")


def db_digest(
    exact: Annotated[bool, typer.Option("--exact", help="Times, runs and places of captures too.")] = False,
) -> None:
    """Print what tells whether two archives hold the same, by table and as a whole.

    Two archives that the same crawl filled have the same digest, on SQLite and on PostgreSQL; times of
    fetching, runs and view counts do not count. A copy has the same [bold]--exact[/] digest as well.
    """
    _, sessions = open_archive()
    with reading(sessions) as session:
        tables = exact_digest(session) if exact else logical_digest(session)
    for name, table in tables.items():
        say(f"{table.sum}  {table.rows:>9}  {name}")
    say(f"{whole(tables)}  {sum(table.rows for table in tables.values()):>9}  archive")


def db_copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database to read.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of a new or empty database.")],
) -> None:
    """Copy an archive's database into another, SQLite or PostgreSQL, and check it by digest.

    Nothing is kept in the new one unless all of it is right. Captures are files in the data folder and
    stay there. Stop scheduler and crawls first: what they add meanwhile is not copied.

    Example: [bold]baotinh db copy sqlite:////srv/baotinh/baotinh.sqlite3 postgresql://baotinh@localhost/baotinh[/]
    """
    refuse_half_restored(Settings.from_environment())
    from_engine, to_engine = (open_engine(database_url(url, name)) for url, name in ((source, "FROM"), (target, "TO")))
    with Progress(SpinnerColumn(), _DONE_ROWS, TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        tables = copy_archive(
            from_engine, to_engine, lambda name, rows: bar.update(task, advance=rows, description=name)
        )
    say(f"{sum(table.rows for table in tables.values()):,} rows; both have the exact digest {whole(tables)}.")
    say(f"To use the copy, set BAOTINH_DATABASE_URL to {to_engine.url.render_as_string()}")
