"""JSON lines: ``DIR/articles.jsonl``, one object an article, sorted by site, date of publication and key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive.database import Sessions, reading
from archive.export.selection import Selection
from archive.export.staging import Exported, Staging
from archive.models import Extraction, Site, StoredArticle
from archive.records import Record, records, shown_date, shown_instant

NAME = "articles.jsonl"


def export_jsonl(
    sessions: Sessions, folder: Path, selection: Selection, progress: Callable[[int], None] = lambda _: None
) -> Exported:
    """Write the selection to `folder`; `progress` gets the number of articles done since its last call.

    The same archive gives the same bytes. Raises ExportError; what was there before then stays.
    """
    staging = Staging(folder, "jsonl", NAME)
    articles = with_text = 0
    # As the written dates sort: undated first, and a day before the minutes of that day.
    order = (
        Site.name,
        Extraction.published_instant.is_not(None),
        Extraction.published_instant,
        Extraction.published_precision,
        StoredArticle.key,
    )
    with reading(sessions) as session:
        conditions = selection.conditions(session)
        with staging.open([NAME]) as partial:
            with (partial / NAME).open("w", encoding="utf-8", newline="\n") as file:
                for record in records(session, conditions, order):
                    line = _line(record, selection.captions)
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
                    articles, with_text = articles + 1, with_text + (record.text_id is not None)
                    progress(1)
            entries = staging.finish(selection.filters(), {"articles": articles, "with_text": with_text})
    return Exported(articles, with_text, entries)


def _line(record: Record, captions: bool) -> dict[str, Any]:
    published = record.published
    return {
        "url": record.url,
        "site": record.site,
        "article": record.id,
        "title": record.title,
        "lead": record.lead,
        "text": record.text(captions),
        "captions": list(record.captions),
        "published": shown_date(published),
        "date_precision": published and published.precision.value,
        "date_source": published and published.source,
        "date_raw": published and published.raw,
        "modified": shown_date(record.modified),
        "author": record.author,
        "affiliation": record.affiliation,
        "source_credit": record.source_credit,
        "section": record.section,
        "sections": list(record.sections),
        "tags": list(record.tags),
        "kind": record.kind,
        "views": record.views,
        "language": record.language,
        "attachments": [{"url": one.url, "label": one.label} for one in record.attachments],
        "text_id": record.text_id,
        "province_then": record.province_then,
        "province_now": record.province_now,
        "fetched_at": shown_instant(record.fetched_at),
        "layout": record.layout,
        "extractor_version": record.extractor_version,
        "flags": list(record.flags),
        "urls": list(record.urls),
    }
