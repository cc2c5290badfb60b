"""What discovery reads from one entry of a feed, sitemap, listing or API."""

from dataclasses import dataclass

from archive.article import Dated


@dataclass(frozen=True, slots=True)
class Entry:
    """One link to what may be an article.

    `url` is absolute but as the source wrote it; `key` is the article's own id where the source tells
    it; `published` and `modified` are the dates the source gives.
    """

    url: str
    title: str | None = None
    published: Dated | None = None
    modified: Dated | None = None
    key: str | None = None
