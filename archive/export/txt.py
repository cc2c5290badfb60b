"""Text files: one a text group, or one a text, with two tables beside them.

``DIR/<site>/<YYYY>/<MM>/<text id>.txt`` lies where the text appeared first among the records selected;
``metadata.csv`` has a row for each file, ``sources.csv`` one for each source record.
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
from archive.groups import apart
from archive.models import Extraction, Site
from archive.records import Record, in_order_of_groups, not_template_only, records, shown_date, shown_instant

METADATA = (
    "text_id", "text_group", "path", "site", "article", "url", "title", "published", "date_precision", "author",
    "affiliation", "source_credit", "section", "province_then", "province_now", "syllables", "versions", "sources",
)  # fmt: skip
SOURCES = (
    "text_id", "text_group", "article", "site", "url", "title", "published", "date_precision", "author", "affiliation",
    "source_credit", "section", "fetched_at", "capture_file", "capture_offset",
)  # fmt: skip

_INSIDE = r"[^/]+/(\d{4}/\d{2}|undated)/[0-9a-f]{16}\.txt"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_txt(
    sessions: Sessions,
    folder: Path,
    selection: Selection,
    progress: Callable[[int], None] = lambda _: None,
    *,
    unique: bool = True,
) -> Exported:
    """Write the selection to `folder`; `progress` gets the number of articles done since its last call.

    With `unique` one text a text group: the canonical one, or where the selection does not take that, its earliest;
    without, every version. The same archive gives the same bytes. Raises ExportError; what was there before then stays.
    """
    staging = Staging(folder, "txt", _INSIDE)
    articles = texts = 0
    with reading(sessions) as session:
        conditions = selection.conditions(session)
        besides = apart(session, conditions)
        sites = list(session.scalars(select(Site.name)))
        with staging.open([*sites, "metadata.csv", "sources.csv"]) as partial:
            with ExitStack() as stack:
                metadata = _Table(stack, partial / "metadata.csv", METADATA)
                sources = _Table(stack, partial / "sources.csv", SOURCES)
                written = _Texts(partial)
                conditions += [Extraction.text_id.is_not(None), not_template_only()]
                found = records(session, conditions, in_order_of_groups(by_text=not unique))
                for _, group in groupby(found, key=lambda record: record.story):
                    rows: list[dict[str, Any]] = []
                    versions: set[str] = set()
                    number = 0
                    for record in group:
                        number += 1
                        text, text_id = record.text(selection.captions), record.text_id
                        # A photo story may have nothing but captions.
                        if text_id is None or not text:
                            continue
                        if not rows or not (unique or text_id in versions):
                            rows.append(_metadata(record, written.add(record, text_id, text)))
                        versions.add(text_id)
                        rows[-1]["sources"] += 1
                        sources.add(_source(record))
                    for row in rows:
                        metadata.add(row | {"versions": len(versions)})
                        articles, texts = articles + row["sources"], texts + 1
                    progress(number)
            counts = {"articles": articles, "texts": texts, **besides.counts()}
            entries = staging.finish(selection.filters() | {"unique": unique}, counts)
    return Exported(articles, texts, besides.template_only, besides.not_compared, entries)


class _Texts:
    """The text files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[PurePosixPath] = set()

    def add(self, record: Record, text_id: str, text: str) -> PurePosixPath:
        """Write the text of a record; give its path in the folder."""
        path = _path(record, text_id)
        if path.parent not in self._made:
            (self._folder / path.parent).mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        (self._folder / path).write_text(text + "\n", encoding="utf-8", newline="\n")
        return path


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
    yield "text_group", record.story
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


def _metadata(record: Record, path: PurePosixPath) -> dict[str, Any]:
    return dict(_common(record)) | {
        "path": path.as_posix(),
        "province_then": record.province_then,
        "province_now": record.province_now,
        "syllables": record.syllables,
        "sources": 0,
    }


def _source(record: Record) -> dict[str, Any]:
    return dict(_common(record)) | {
        "fetched_at": shown_instant(record.fetched_at),
        "capture_file": record.file,
        "capture_offset": record.offset,
    }
