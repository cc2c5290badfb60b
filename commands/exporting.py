"""The command that takes the corpus out."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from archive.database import Sessions
from archive.export.jsonl import export_jsonl
from archive.export.selection import Selection
from archive.export.staging import Exported
from archive.export.txt import export_txt
from commands.common import FirstDay, LastDay, err, open_archive, say


class Format(StrEnum):
    """Formats of `export`."""

    TXT = "txt"
    JSONL = "jsonl"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    format_: Annotated[Format, typer.Option("--format", help="txt: one file a text; jsonl: one line an article.")],
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be given again.")] = None,
    province: Annotated[list[str] | None, typer.Option(help="Only this province, by its old or new name.")] = None,
    start: FirstDay = None,
    end: LastDay = None,
    captions: Annotated[
        bool, typer.Option("--captions/--no-captions", help="Keep picture captions in the texts.")
    ] = True,
) -> None:
    """Write the corpus as files. The same archive gives the same bytes.

    txt writes DIR/SITE/YYYY/MM/TEXT_ID.txt with metadata.csv (one row a text) and sources.csv (one row a
    place it was published); jsonl writes DIR/articles.jsonl.
    """
    _, sessions = open_archive()
    selection = Selection(
        tuple(site or ()),
        tuple(province or ()),
        start.date() if start else None,
        end.date() if end else None,
        captions,
    )
    write: Callable[[Sessions, Path, Selection, Callable[[int], None]], Exported]
    write = export_txt if format_ is Format.TXT else export_jsonl
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,} articles"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("export", total=None)
        done = write(sessions, folder, selection, lambda number: bar.advance(task, number))
    say(f"{done.articles:,} articles, {done.texts:,} texts -> {folder}")
    if not done.articles:
        err.print("Nothing matched the selection; `baotinh status` shows what the archive holds.")
