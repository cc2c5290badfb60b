"""What is known of an article: the plain values that the crawler hands over and the archive keeps.

Nothing here imports SQLAlchemy or Scrapy, so that extraction can build these values in any process.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache

WHOLE_PAGE = "whole-page"
"""Layout name and flag of an article that no layout fitted."""

PAGE_CUT = "page-cut"
"""Flag of an article below which its page goes on with more than can be read in bounded time."""

MAX_ADDRESS = 2083
"""Most bytes of an address, a key or a section's name. What is indexed may have 2,704 bytes on PostgreSQL
(nbtree.h, BTMaxItemSize), and Scrapy follows no longer link (URLLENGTH_LIMIT)."""

MAX_VIEWS = 2**31 - 1
"""A larger number is no view counter; the archive keeps counters in 32 bits."""

GONE_REASONS = frozenset({"soft-404", "redirected-home"})
"""Rejections by which a site says that a page is no more: what is kept of the article is gone from that day.
Not among them is what may stand in for a page that is there: a challenge, a login, a listing, a failure."""

UNKEPT = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL does not keep (NUL), and what has no bytes at all (halves of surrogate pairs)."""


class BlockKind(StrEnum):
    """The kinds of block a body is made of (design rule: a body is a list of typed blocks)."""

    LEAD = "lead"
    PARAGRAPH = "p"
    HEADING = "h"
    ITEM = "li"
    CAPTION = "caption"
    ROW = "row"
    VERSE = "verse"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a body.

    `text` is NFC, has single spaces, is never empty and never holds an empty line. Lines of a
    stanza are divided by one newline, cells of a table row by `` | ``.
    """

    kind: BlockKind
    text: str


class Precision(StrEnum):
    """How exactly a date is known."""

    MINUTE = "minute"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Dated:
    """An instant as a page, a URL or a listing tells it.

    `instant` is aware (+07:00; midnight where only the day is known), `raw` the string it was read
    from, `source` where that stood: ``layout``, ``json-ld``, ``meta``, ``url``, ``listing``,
    ``sitemap``, ``heading`` or ``htmldate``.
    """

    instant: datetime
    precision: Precision
    raw: str
    source: str


class ArticleKind(StrEnum):
    """`media` is a photo or video story: kept with whatever text it has, which may be none."""

    ARTICLE = "article"
    MEDIA = "media"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document the body links to: its absolute URL and the words of the link."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Article:
    """What one extractor version read from one capture.

    `key` names the article within its site (usually the number in its URL), `url` is its canonical
    URL. `origins` says for each field where its value stood, for people who check a layout.
    `flags` are quality notes such as ``whole-page`` (no layout fitted).
    """

    key: str
    url: str
    title: str
    blocks: tuple[Block, ...]
    kind: ArticleKind = ArticleKind.ARTICLE
    published: Dated | None = None
    modified: Dated | None = None
    author: str | None = None
    affiliation: str | None = None
    source_credit: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    views: int | None = None
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    layout: str = ""
    extractor_version: str = ""
    declared_charset: str | None = None
    used_charset: str = "utf-8"
    flags: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def lead(self) -> str | None:
        """The words of the lead block, or None where the article has none."""
        return next((b.text for b in self.blocks if b.kind is BlockKind.LEAD), None)

    @property
    def captions(self) -> tuple[str, ...]:
        """The captions in the order of the page."""
        return tuple(b.text for b in self.blocks if b.kind is BlockKind.CAPTION)

    @property
    def text(self) -> str:
        """The body as plain text: blocks joined by blank lines, lead first, no title."""
        return join_blocks(self.blocks)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a fetched page is not kept as an article.

    `reason` is a short stable word (``no-title``, ``no-body``, ``listing``, ``soft-404``,
    ``challenge`` ...), `detail` one sentence for a person.
    """

    reason: str
    detail: str


def is_overlong(words: str) -> bool:
    """Whether `words` are too long for an address, a key or a section's name."""
    return len(words) > MAX_ADDRESS or len(words.encode("utf-8", "replace")) > MAX_ADDRESS


def join_blocks(blocks: tuple[Block, ...] | list[Block]) -> str:
    """Join blocks by blank lines: the one definition of an article's text."""
    return "\n\n".join(block.text for block in blocks)


def split_text(text: str, kinds: list[str]) -> tuple[Block, ...]:
    """Undo `join_blocks`: `kinds` are the block kinds in order.

    Raises ValueError if `text` does not have as many blocks as `kinds` names.
    """
    parts = text.split("\n\n") if text else []
    return tuple(Block(_kind(kind), part) for kind, part in zip(kinds, parts, strict=True))


# Kept, since an export asks for it once a block, and the enum's own way takes as long as making the block.
_kind = cache(BlockKind)
