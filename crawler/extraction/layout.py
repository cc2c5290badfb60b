"""Where the parts of an article stand on a page."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from cssselect import SelectorError

from archive.article import Dated
from crawler.extraction.select import anchors, compiled

SELECTORS = (
    "title", "body", "lead", "date", "modified", "byline", "credit", "section",
    "tags", "views", "captions", "above", "parts", "key", "drop",
)  # fmt: skip
"""The fields of a layout that are selectors."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The selectors of one page template.

    Every field but `name` and `until` is a CSS selector list; an alternative may end in ``@attr`` to
    read an attribute instead of the words (``time.published@datetime``). Alternatives are tried in
    their order. Of several nodes the first counts, but `section` takes the last (breadcrumbs run from
    the general to the particular), `body` the one with the most words, and `captions`, `tags`,
    `parts` and `drop` take all.

    `drop` names furniture, which goes once dates, section, tags and views are read (so a counter within the
    body is named in `views` and in `drop`), `captions` nodes within the body that are captions, `above` the captions
    of a picture above the body, `parts` links to the article's further pages, `key` where the page itself names the
    article's id.
    `until` is the last day on which the site sent pages of this layout; None: still in use.
    """

    name: str
    title: str
    body: str
    lead: str = ""
    date: str = ""
    modified: str = ""
    byline: str = ""
    credit: str = ""
    section: str = ""
    tags: str = ""
    views: str = ""
    captions: str = ""
    above: str = ""
    parts: str = ""
    key: str = ""
    drop: str = ""
    until: datetime.date | None = None

    def __post_init__(self) -> None:
        """Compile every selector, so that a wrong one is refused when the spider loads."""
        for name in SELECTORS:
            try:
                compiled(getattr(self, name))
            except SelectorError as error:
                raise ValueError(
                    f"layout {self.name!r}, {name}: {getattr(self, name)!r} is no selector: {error}"
                ) from error


def outdated(layouts: Iterable[Layout], until: datetime.date) -> tuple[Layout, ...]:
    """`layouts` as those that a site has used up to the day `until`; one that ended before stays as it is.

    For the declaration of a redesigned site: ``layouts = (Layout(...), *outdated(Family.layouts, date(2026, 2, 28)))``.
    """
    return tuple(replace(one, until=min(one.until or until, until)) for one in layouts)


@lru_cache(maxsize=256)
def names_in(layouts: tuple[Layout, ...]) -> frozenset[str]:
    """The ids and classes that the selectors of `layouts` begin with."""
    return anchors(getattr(layout, name) for layout in layouts for name in SELECTORS)


@dataclass(frozen=True, kw_only=True)
class SiteFacts:
    """What extraction must know of a site beside the page.

    `article_key` maps a URL to the key of the article it leads to (None: not an article of this
    site), `canonical_url` gives one address for all variants, `date_in_url` reads a date from it.
    `oldest` is the first day the site can have published. `titles` are the publisher's names, to cut
    from page titles. `edition` counts how often its layouts were changed since pages of it are kept.
    """

    layouts: tuple[Layout, ...]
    article_key: Callable[[str], str | None]
    canonical_url: Callable[[str], str]
    date_in_url: Callable[[str], Dated | None]
    oldest: datetime.date
    titles: tuple[str, ...] = ()
    edition: int = 0
