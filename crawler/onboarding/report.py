"""What a probe found of a site: all that an operator decides from, and that a declaration is written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.article import WHOLE_PAGE, Article, Rejection
from archive.clock import VIETNAM
from archive.ledger import Found
from crawler.extraction.layout import SELECTORS, Layout
from crawler.learning.addresses import Addresses
from crawler.learning.learn import Learned
from crawler.onboarding.looking import Way
from crawler.onboarding.menu import Named
from crawler.onboarding.recognise import Likeness

SHOWN = ("title", "lead", "text", "published", "modified", "author", "source_credit", "section", "tags", "views")
"""The fields of an article that a report shows, in this order."""

SELECTED_BY = {"text": "body", "published": "date", "author": "byline", "source_credit": "credit"}
"""What a layout calls the fields that it has other names for."""


@dataclass(frozen=True)
class Robots:
    """What robots.txt says: `words` where there are no rules, the delay it asks for, sitemaps, and what it closes."""

    words: str = ""
    delay: float | None = None
    sitemaps: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A section of the menu: how many articles its first page lists, and why it is not declared, if it is not.

    `checked` is False for one that nobody asked for; `pager` is the number of its last page, as far as known.
    """

    name: str
    path: str
    articles: int = 0
    checked: bool = True
    why_not: str = ""
    pager: int = 0


@dataclass(frozen=True)
class Sample:
    """A sample article: what discovery told, the page as it came, and what is read of it."""

    found: Found
    url: str
    content_type: str
    body: bytes
    fetched_at: datetime
    read: Article | Rejection

    @property
    def article(self) -> Article | None:
        """The article; None if the page was rejected."""
        return self.read if isinstance(self.read, Article) else None


@dataclass(frozen=True)
class FieldSeen:
    """One field over all samples.

    `by_layout` samples have it by its selector, `found` have it at all; `sources` say where else it came from, `values`
    are all that were found.
    """

    name: str
    selector: str
    by_layout: int
    found: int
    sources: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a probe found.

    `refused` says why it ended before it was through; then the rest is as far as it came. `family` is empty where none
    fits. `tls` says how the connection stands. `requests` are those that were made of the site, tries
    that failed among them, `answered` those that had a response. `sitemap` is the path
    of one that has more than the family's usual one. `attributes` are what a site of no family declares besides, as
    learned from its pages; `addresses` say what tells its articles, `learned` how well each field of a layout was,
    from so many `specimens`.
    """

    asked: str
    at: datetime
    live: bool = True
    refused: str = ""
    home: str = ""
    scheme: str = "https"
    host: str = ""
    tls: str = ""
    requests: int = 0
    answered: int = 0
    robots: Robots = field(default_factory=Robots)
    likenesses: tuple[Likeness, ...] = ()
    family: str = ""
    given: bool = False
    ways: tuple[Way, ...] = ()
    sitemap: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    addresses: Addresses | None = None
    learned: Learned | None = None
    specimens: int = 0
    sections: tuple[Section, ...] = ()
    samples: tuple[Sample, ...] = ()
    layouts: tuple[Layout, ...] = ()
    title: Named | None = None
    province: Named | None = None
    oldest: date | None = None
    troubles: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    @property
    def declared(self) -> tuple[Section, ...]:
        """The sections that a declaration takes."""
        return tuple(one for one in self.sections if not one.why_not)

    @property
    def articles(self) -> tuple[Sample, ...]:
        """The samples that were read as articles."""
        return tuple(one for one in self.samples if one.article)

    @property
    def by_layout(self) -> tuple[Sample, ...]:
        """The samples that a layout of the family reads."""
        return tuple(one for one in self.articles if one.article and WHOLE_PAGE not in one.article.flags)

    def fields(self) -> tuple[FieldSeen, ...]:
        """The proposed layout, field by field."""
        read = [one.article for one in self.samples if one.article]
        used = {one.layout for one in read}
        layout = next((one for one in self.layouts if one.name in used), next(iter(self.layouts), None))
        out = [_field(name, layout, read) for name in SHOWN]
        captions = [article for article in read if article.captions]
        selector = layout.captions if layout else ""
        values = tuple(dict.fromkeys(article.captions[0] for article in captions))
        out.append(FieldSeen("captions", selector, len(captions), len(captions), (), values))
        if layout and layout.drop:
            out.append(FieldSeen("drop", layout.drop, 0, 0, (), ()))
        return tuple(out)


def oldest_of(ways: Sequence[Way], samples: Sequence[Sample]) -> date | None:
    """The first of January of the year in which monthly sitemaps begin, unless an article is older."""
    first = min((one.first for one in ways if one.monthly and one.first), default=None)
    if first is None:
        return None
    days = [
        one.article.published.instant.astimezone(VIETNAM).date()
        for one in samples
        if one.article and one.article.published
    ]
    days += [one.first for one in ways if one.first]
    return date(first.year, 1, 1) if min(days) >= date(first.year, 1, 1) else None


def _field(name: str, layout: Layout | None, read: list[Article]) -> FieldSeen:
    called = SELECTED_BY.get(name, name)
    selector = str(getattr(layout, called)) if layout and called in SELECTORS else ""
    values, sources = list[str](), dict[str, int]()
    by_layout = 0
    for article in read:
        value = value_of(article, name)
        if not value:
            continue
        values.append(value)
        source = article.origins.get(name, "")
        if name in ("published", "modified"):
            told = getattr(article, name)
            source = told.source if told else source
        if source.startswith("layout"):
            by_layout += 1
        else:
            sources[source or "the page"] = sources.get(source or "the page", 0) + 1
    elsewhere = tuple(f"{source} ({times})" for source, times in sources.items())
    return FieldSeen(name, selector, by_layout, len(values), elsewhere, tuple(dict.fromkeys(values)))


def value_of(article: Article, name: str) -> str:
    """A field's value in words; empty if the article has none."""
    value = getattr(article, name)
    if name in ("published", "modified"):
        return f"{value.instant:%Y-%m-%d %H:%M}" if value else ""
    if name == "tags":
        return ", ".join(value)
    if name == "text":
        # The lead is part of the text, and has a row of its own.
        return str(value).removeprefix(article.lead or "").strip()
    return "" if value is None else str(value)
