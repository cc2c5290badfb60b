"""The command that takes the corpus out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from archive.export.jsonl import export_jsonl
from archive.export.selection import Selection
from archive.export.txt import export_txt
from commands.common import FirstDay, LastDay, Province, counted, err, hint, open_archive, say


class Format(StrEnum):
    """Formats of `export`."""

    TXT = "txt"
    JSONL = "jsonl"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    format_: Annotated[
        Format,
        typer.Option("--format", help="txt: one file a story; jsonl: one line an article, or a story with --unique."),
    ],
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be given again.")] = None,
    province: Province = None,
    start: FirstDay = None,
    end: LastDay = None,
    captions: Annotated[
        bool, typer.Option("--captions/--no-captions", help="Keep picture captions in the texts.")
    ] = True,
    unique: Annotated[
        bool,
        typer.Option("--unique", help="One text a story with all its sources: what txt does unless told otherwise."),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every version of each story: what jsonl does unless told otherwise.")
    ] = False,
) -> None:
    """Write the corpus as files. The same archive gives the same bytes.

    txt writes DIR/SITE/YYYY/MM/TEXT_ID.txt, one text a story or with --all every version of it, with metadata.csv
    (one row a text) and sources.csv (one row a place it was published); jsonl writes DIR/articles.jsonl.
    """
    if unique and every:
        raise ValueError("--unique writes one text a story and --all every version; give one of them")
    _, sessions = open_archive()
    selection = Selection(
        tuple(site or ()),
        tuple(province or ()),
        start.date() if start else None,
        end.date() if end else None,
        captions,
    )
    write = export_txt if format_ is Format.TXT else export_jsonl
    one_each = unique or (format_ is Format.TXT and not every)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,} articles"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("export", total=None)
        done = write(sessions, folder, selection, lambda number: bar.advance(task, number), unique=one_each)
    say(f"{done.articles:,} articles, {done.texts:,} texts -> {folder}")
    if done.template_only:
        was = "was left out: its text is" if done.template_only == 1 else "were left out: their texts are"
        hint(
            f"{counted(done.template_only, 'article')} {was} nothing but paragraphs that recur on the site, "
            "a failed extraction (template-only)."
        )
    if done.not_compared:
        was = "was" if done.not_compared == 1 else "were"
        hint(
            f"{counted(done.not_compared, 'text')} {was} not compared with others yet, and each counts as a story of "
            "its own; run baotinh reprints rebuild, then export again."
        )
    if not done.articles:
        err.print("Nothing matched the selection; `baotinh status` shows what the archive holds.")
