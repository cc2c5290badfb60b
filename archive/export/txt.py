"""Text files: one a text, with two tables beside them.

``DIR/<site>/<YYYY>/<MM>/<text id>.txt`` lies where the text appeared first among the records selected;
``metadata.csv`` has a row for each text, ``sources.csv`` one for each source record.
"""

import csv
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import select

from archive.clock import VIETNAM
from archive.database import Sessions, reading
from archive.export.selection import Selection
from archive.export.staging import Exported, Staging
from archive.models import Extraction, Site, StoredText
from archive.records import Record, in_order_of_appearance, records, shown_date, shown_instant

METADATA = (
    "text_id", "path", "site", "article", "url", "title", "published", "date_precision", "author",
    "affiliation", "source_credit", "section", "province_then", "province_now", "syllables", "sources",
)  # fmt: skip
SOURCES = (
    "text_id", "article", "site", "url", "title", "published", "date_precision", "author", "affiliation",
    "source_credit", "section", "fetched_at", "capture_file", "capture_offset",
)  # fmt: skip

_INSIDE = r"[^/]+/(\d{4}/\d{2}|undated)/[0-9a-f]{16}\.txt"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_txt(
    sessions: Sessions, folder: Path, selection: Selection, progress: Callable[[int], None] = lambda _: None
) -> Exported:
    """Write the selection to `folder`; `progress` gets the number of articles done since its last call.

    The same archive gives the same bytes. Raises ExportError; what was there before then stays.
    """
    staging = Staging(folder, "txt", _INSIDE)
    articles = texts = 0
    made: set[PurePosixPath] = set()
    with reading(sessions) as session:
        conditions = [*selection.conditions(session), Extraction.text_id.is_not(None)]
        sites = list(session.scalars(select(Site.name)))
        with staging.open([*sites, "metadata.csv", "sources.csv"]) as partial:
            with ExitStack() as stack:
                metadata = _Table(stack, partial / "metadata.csv", METADATA)
                sources = _Table(stack, partial / "sources.csv", SOURCES)
                found = records(session, conditions, (StoredText.text_id, *in_order_of_appearance()))
                for text_id, group in groupby(found, key=lambda record: record.text_id):
                    of_text = list(group)
                    text = of_text[0].text(selection.captions)
                    # A photo story may have nothing but captions.
                    if text_id is not None and text:
                        path = _path(of_text[0], text_id)
                        if path.parent not in made:
                            (partial / path.parent).mkdir(parents=True, exist_ok=True)
                            made.add(path.parent)
                        (partial / path).write_text(text + "\n", encoding="utf-8", newline="\n")
                        metadata.add(_metadata(of_text[0], path, len(of_text)))
                        for record in of_text:
                            sources.add(_source(record))
                        articles, texts = articles + len(of_text), texts + 1
                    progress(len(of_text))
            entries = staging.finish(selection.filters(), {"articles": articles, "texts": texts})
    return Exported(articles, texts, entries)


class _Table:
    """A CSV file with these columns: UTF-8 without BOM, LF."""

    def __init__(self, stack: ExitStack, path: Path, columns: tuple[str, ...]) -> None:
        file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        self._writer = csv.DictWriter(file, columns, lineterminator="\n")
        self._writer.writeheader()

    def add(self, row: dict[str, Any]) -> None:
        self._writer.writerow(dict(zip(row, map(_cell, row.values()), strict=True)))


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a title may come from anyone."""
    if not isinstance(value, str):
        return value
    # The csv module does not quote a lone CR (Python before 3.13), and readers take it for a line end.
    return (f"'{value}" if value.startswith(_FORMULA) else value).replace("\r", " ")


def _path(record: Record, text_id: str) -> PurePosixPath:
    if record.published is None:
        return PurePosixPath(record.site, "undated", f"{text_id}.txt")
    day = record.published.instant.astimezone(VIETNAM)
    return PurePosixPath(record.site, f"{day:%Y}", f"{day:%m}", f"{text_id}.txt")


def _common(record: Record) -> Iterable[tuple[str, Any]]:
    yield "text_id", record.text_id
    yield "site", record.site
    yield "article", record.id
    yield "url", record.url
    yield "title", record.title
    yield "published", shown_date(record.published)
    yield "date_precision", record.published and record.published.precision.value
    yield "author", record.author
    yield "affiliation", record.affiliation
    yield "source_credit", record.source_credit
    yield "section", record.section


def _metadata(record: Record, path: PurePosixPath, sources: int) -> dict[str, Any]:
    return dict(_common(record)) | {
        "path": path.as_posix(),
        "province_then": record.province_then,
        "province_now": record.province_now,
        "syllables": record.syllables,
        "sources": sources,
    }


def _source(record: Record) -> dict[str, Any]:
    return dict(_common(record)) | {
        "fetched_at": shown_instant(record.fetched_at),
        "capture_file": record.file,
        "capture_offset": record.offset,
    }
