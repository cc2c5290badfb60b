"""What of a reading is its publisher's: the words and metadata between which a revision is told."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any


def content_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The publisher's words and metadata: what makes a revision when it changes.

    Not counted: views, layout, origins and flags, which are ours or change by themselves, and the
    time of modification, which says that something changed and not what.
    """
    return {
        "title": row["title"],
        "text": row["sha256"],
        "kinds": row["kinds"],
        "published": row["published_instant"]
        and [row["published_instant"].astimezone(UTC).isoformat(), row["published_precision"]],
        "author": row["author"],
        "affiliation": row["affiliation"],
        "source_credit": row["source_credit"],
        "section": row["section"],
        "tags": row["tags"],
        "attachments": row["attachments"],
    }
