"""What was read of a page as rows of the archive, and what of it is its publisher's."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from archive.article import MAX_ADDRESS, MAX_VIEWS, UNKEPT, WHOLE_PAGE, Article, Rejection, is_overlong, split_text
from archive.database import ArchiveError, insert_those_new
from archive.models import Capture, Extraction, StoredArticle, StoredText, dated_columns

_IN_WORD = re.compile(r"[^\W_]")

WITH_TEXT = select(*Extraction.__table__.columns, StoredText.sha256).outerjoin(
    StoredText, StoredText.id == Extraction.text_id
)
"""Readings with the digests of their texts: the rows that `content_of` takes."""

_BY_KEY = (
    WITH_TEXT.add_columns(StoredArticle.key)
    .join(StoredArticle, StoredArticle.id == Extraction.article_id)
    .join(Capture, Capture.id == Extraction.capture_id)
)

_TEXTS = select(StoredText.id, StoredText.sha256).where(StoredText.sha256.in_(bindparam("texts", expanding=True)))


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


def changed_fields(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[str]:
    """What the publisher changed between two readings of one version, rows of `WITH_TEXT`: names of `content_of`.

    A field that one layout read and another does not is no change of the publisher's: it is our selector that is
    missing. What both layouts read and is otherwise, is.
    """
    then, now = content_of(before), content_of(after)
    ours = before["layout"] != after["layout"]
    return [name for name, value in now.items() if value != then[name] and (value or not ours)]


def content_read(article: Article) -> dict[str, Any]:
    """The same of an article that was just read."""
    row = extraction_row(0, "", article, datetime.min.replace(tzinfo=UTC))
    return content_of(row | {"sha256": text_digest(article)})


def contents_before(session: Session, site_id: int, keys: Collection[str], before: datetime) -> dict[str, Any]:
    """What a layout last read of a site's articles from captures older than `before`, by their keys, as `content_of`.

    Articles of which no layout has read such a capture are not in it.
    """
    query = _BY_KEY.where(
        StoredArticle.site_id == site_id, StoredArticle.key.in_(keys), Capture.fetched_at < before
    ).order_by(Capture.fetched_at, Extraction.id)
    return {row.key: content_of(row._mapping) for row in session.execute(query) if WHOLE_PAGE not in row.flags}


def extraction_row(capture_id: int, version: str, result: Article, now: datetime) -> dict[str, Any]:
    """The row of what a version read from a capture, but for the keys of article and text."""
    made = {
        "capture_id": capture_id,
        "extractor_version": version,
        "outcome": "article",
        "url": result.url,
        "kind": result.kind.value,
        "title": result.title,
        "kinds": [block.kind.value for block in result.blocks],
        **dated_columns("published", result.published),
        **dated_columns("modified", result.modified),
        "author": result.author,
        "affiliation": result.affiliation,
        "source_credit": result.source_credit,
        "section": result.section,
        "tags": list(result.tags),
        "language": result.language,
        "attachments": [{"url": one.url, "label": one.label} for one in result.attachments],
        "layout": result.layout,
        "declared_charset": result.declared_charset,
        "used_charset": result.used_charset,
        "flags": list(result.flags),
        "origins": dict(result.origins),
        "created_at": now,
    }
    content = json.dumps(
        content_of(made | {"sha256": text_digest(result)}), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return made | {"content_hash": hashlib.sha256(content.encode()).hexdigest()}


def rejection_row(capture_id: int, version: str, why: Rejection, now: datetime) -> dict[str, Any]:
    """The row of a version's word that a capture holds no article."""
    return {
        "capture_id": capture_id,
        "extractor_version": version,
        "outcome": "rejected",
        "is_current": False,
        "reason": why.reason,
        "detail": why.detail,
        "created_at": now,
    }


def text_digest(article: Article) -> str | None:
    """The SHA-256 of an article's text, in hex digits; None where it has none."""
    return hashlib.sha256(article.text.encode()).hexdigest() if article.text else None


def keep_texts(session: Session, articles: Iterable[Article], now: datetime) -> dict[str, int]:
    """Keep the articles' texts, each once, and give their keys by their SHA-256.

    Raises ArchiveError if another text has the id of one.
    """
    of_digest = {sha256: article for article in articles if (sha256 := text_digest(article))}
    connection = session.connection()

    def kept() -> dict[str, int]:
        return {row.sha256: row.id for row in connection.execute(_TEXTS, {"texts": list(of_digest)})}

    known = kept() if of_digest else {}
    if len(known) < len(of_digest):
        # Texts are of no site: another one's crawl may be storing the same words at this moment. In one
        # order, lest two crawls wait for each other.
        rows = [
            {
                "text_id": sha256[:16],
                "sha256": sha256,
                "body": of_digest[sha256].text,
                "syllables": syllables(of_digest[sha256].text),
                "created_at": now,
            }
            for sha256 in sorted(of_digest.keys() - known.keys())
        ]
        insert_those_new(session, StoredText, rows)
        known = kept()
    for sha256 in of_digest.keys() - known.keys():
        raise ArchiveError(
            f"{of_digest[sha256].url}: its text cannot be kept: its id {sha256[:16]} is that of another text; "
            f"please report this with its SHA-256, {sha256}: ids of texts have to become longer"
        )
    return known


def check_article(article: Article) -> None:
    """Hold an article to the rules on which text ids and `split_text` rest. Raises ValueError naming the one broken."""
    text = article.text
    kinds = [block.kind.value for block in article.blocks]
    try:
        whole = split_text(text, kinds) == article.blocks
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"{article.url}: a block is empty or holds an empty line; clean the blocks first")
    if not unicodedata.is_normalized("NFC", text + article.title):
        raise ValueError(f"{article.url}: title or text is not NFC; normalise them first")
    if not article.key or not article.title:
        raise ValueError(f"{article.url}: an article needs a key and a title")
    for name in ("key", "url", "section"):
        if is_overlong(getattr(article, name) or ""):
            raise ValueError(f"{article.url[:100]}: its {name} has more than {MAX_ADDRESS} bytes; mend the layout")
    if not 0 <= (article.views or 0) <= MAX_VIEWS:
        raise ValueError(f"{article.url}: {article.views} views are not from 0 to {MAX_VIEWS}; mend the layout")
    if any(UNKEPT.search(words) for words in (text, *_strings(replace(article, blocks=())))):
        raise ValueError(f"{article.url}: a field holds NUL or half a character; clean the fields first")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _strings(getattr(value, one.name))


def syllables(text: str) -> int:
    """How many syllables a text has: in Vietnamese writing, its tokens between spaces.

    Tokens without a letter or digit (dashes, bars between cells) do not count.
    """
    tokens = text.split()
    # Most are of letters alone, and that is told faster than the pattern finds the first of them.
    return len(tokens) - sum(1 for token in tokens if not token.isalnum() and not _IN_WORD.search(token))
