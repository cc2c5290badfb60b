"""JSON lines: ``DIR/articles.jsonl``, one object an article, sorted by site, date of publication and key.

Or one object a text group, sorted by the group's id.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count, groupby
from pathlib import Path
from typing import Any

from archive.database import Sessions, reading
from archive.export.selection import Selection
from archive.export.staging import Exported, Staging
from archive.groups import apart
from archive.models import Extraction, Site, StoredArticle
from archive.records import Record, in_order_of_groups, not_template_only, records, shown_date, shown_instant

NAME = "articles.jsonl"


def export_jsonl(
    sessions: Sessions,
    folder: Path,
    selection: Selection,
    progress: Callable[[int], None] = lambda _: None,
    *,
    unique: bool = False,
) -> Exported:
    """Write the selection to `folder`; `progress` gets the number of articles done since its last call.

    With `unique` one object a text group: its canonical article, or where the selection does not take that, its
    earliest one, and all that the selection takes as `sources`. The same archive gives the same bytes. Raises
    ExportError; what was there before then stays.
    """
    staging = Staging(folder, "jsonl", NAME)
    articles = with_text = 0
    # As the written dates sort: undated first, and a day before the minutes of that day.
    by_site = (
        Site.name,
        Extraction.published_instant.is_not(None),
        Extraction.published_instant,
        Extraction.published_precision,
        StoredArticle.key,
    )
    with reading(sessions) as session:
        conditions = selection.conditions(session)
        besides = apart(session, conditions)
        found = records(
            session, [*conditions, not_template_only()], in_order_of_groups(by_text=False) if unique else by_site
        )
        with staging.open([NAME]) as partial:
            with (partial / NAME).open("w", encoding="utf-8", newline="\n") as file:
                for line, number in _stories(found, selection.captions) if unique else _each(found, selection.captions):
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
                    articles, with_text = articles + number, with_text + (line["text_id"] is not None)
                    progress(number)
            counts = {"articles": articles, "with_text": with_text, **besides.counts()}
            entries = staging.finish(selection.filters() | {"unique": unique}, counts)
    return Exported(articles, with_text, besides.template_only, besides.not_compared, entries)


def _each(found: Iterable[Record], captions: bool) -> Iterator[tuple[dict[str, Any], int]]:
    for record in found:
        yield _line(record, captions), 1


def _stories(found: Iterable[Record], captions: bool) -> Iterator[tuple[dict[str, Any], int]]:
    """An object for each text group, and of how many articles it tells."""
    alone = count()
    # What has no text is nobody's version.
    for _, group in groupby(found, key=lambda record: record.story or next(alone)):
        chosen: Record | None = None
        sources = []
        for record in group:
            # A version that is nothing but captions tells no story without them.
            if chosen is None or (not chosen.text(captions) and record.text(captions)):
                chosen = record
            sources.append(_source(record))
        if chosen is not None:
            yield _line(chosen, captions) | {"sources": sources}, len(sources)


def _source(record: Record) -> dict[str, Any]:
    return {
        "article": record.id,
        "site": record.site,
        "url": record.url,
        "published": shown_date(record.published),
        "text_id": record.text_id,
    }


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
        "text_group": record.story,
        "province_then": record.province_then,
        "province_now": record.province_now,
        "fetched_at": shown_instant(record.fetched_at),
        "layout": record.layout,
        "extractor_version": record.extractor_version,
        "flags": list(record.flags),
        "urls": list(record.urls),
    }
