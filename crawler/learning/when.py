"""Learn where an article's dates stand."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from statistics import median

from archive.article import Dated, Precision
from crawler.extraction.dates import parse_date, structured_dates
from crawler.extraction.page import Page
from crawler.extraction.select import Node, compiled
from crawler.extraction.text import letter_count
from crawler.learning.choosing import Chooser, chooser_of, value_of
from crawler.learning.standing import Standing, standing_on
from crawler.learning.views import View

LONGEST = 160
"""Characters of a line that is hardly more than a date, with a weekday, a label, a section, a counter."""

FEWEST = 3
"""On fewer pages than these nothing can be said of a date that nothing else tells."""

FEWEST_TOLD = 2
"""So many dates are enough where the address, the listing or metadata tell each to the day."""

FURTHEST = 1_000
"""Characters of a node that are looked through for a date; a reading looks through all."""

BESIDE = 60
"""Most letters, in the median, that stand beside the date: weekday, label and counter have 30, a sentence more."""

LONG = 0.1
"""Share of the nodes from which long ones with a date, which are sentences, make a selector useless."""

LETTERS = 15
"""So many letters beside the date are as bad as one more name in a selector."""

SHARE = 0.15
"""Share of the pages that must tell a date; a quarter do on a portal whose addresses tell the rest."""

AGREEING = 0.85
"""Share of the dates that must be those that address, listing or metadata tell."""

ALIKE = 0.8
"""Share of the pages from which one day, or the day of the fetch, is a clock's or a footer's. Half of the pages of a
saved district portal told the day on which it had been moved."""

RISING = 0.8
"""Rank correlation of the dates with the numbers in the addresses, which rise in time."""

FEWEST_RANKED = 6
"""From so many pairs a rank correlation as high is no chance (p < 0.05)."""

CLOSE = 20
"""Elements of the page from the text to a date that a page or two are believed (measured: 16 on eight sites)."""

BOX = 2
"""Elements above a date within which the day of the last change stands."""

_HIDING = frozenset(("hidden", "hide", "d-none", "invisible", "sr-only", "visually-hidden"))
"""Classes by which the style sheets of Bootstrap 3 to 5 hide an element."""

_NOT_SHOWN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

_MODIFIED = ("datemodified", "modified_time")
_ATTRIBUTES = ("datetime", "content", "title")
_ADDRESS_DAY = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?:(?P<mark>[-/])(?P<month>0?[1-9]|1[0-2])(?P=mark)(?P<day>0?[1-9]|[12]\d|3[01])"
    r"|(?P<months>0[1-9]|1[0-2])(?P<days>0[1-9]|[12]\d|3[01]))(?!\d)"
)
_ADDRESS_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/]?(0[1-9]|1[0-2])(?!\d)")
_NUMBER = re.compile(r"\d{3,}")


@dataclass(frozen=True)
class _Tried:
    """A selector with the dates a reading would take by it, by the number of the page."""

    selector: str
    cost: float
    nodes: dict[int, Node]
    dates: dict[int, Dated]
    matched: int
    beside: float

    @property
    def minutes(self) -> float:
        return sum(one.precision is Precision.MINUTE for one in self.dates.values()) / len(self.dates)


def date_of(views: Sequence[View], body: str) -> str:
    """Give the selector of the node that tells the day of publication; empty if none can be trusted.

    `views` are pages of one template, `body` selects their text. The date of a node must differ from page to page, must
    not be the clock's or change between two fetches, must stand in no box of other articles, and must agree with what
    else tells a date: address, listing, metadata. One that rises with the numbers in the addresses is preferred.
    """
    published, _ = dates_of(views, body)
    return published


def modified_of(views: Sequence[View], body: str) -> str:
    """Give the selector of the node that tells the last change, where it is another than the date's; else empty."""
    _, modified = dates_of(views, body)
    return modified


def dates_of(views: Sequence[View], body: str) -> tuple[str, str]:
    """Give the selectors of the day of publication and of the last change (`date_of`, `modified_of`)."""
    standings = standing_on(views, body)
    tried = [one for one in _try(views, standings) if _is_article_s(one, views)]
    told = [days_told(view) for view in views]
    trusted = [one for one in tried if _trust(one, told) or _is_beside_all(one, standings)]
    trusted = [one for one in trusted if _rises(one, views)] or trusted
    if not trusted:
        return "", ""
    best = max(trusted, key=lambda one: _rank(one, standings))
    earlier = [one for one in trusted if len(one.dates) >= 0.9 * len(best.dates) and _is_later(best, one)]
    best = max(earlier, key=lambda one: _rank(one, standings), default=best)
    later = [
        one
        for one in tried
        if _is_later(one, best) and (_is_said(one, _MODIFIED) or (_is_shown(one) and _is_in_one_box(one, best)))
    ]
    modified = max(later, key=lambda one: _rank(one, standings)).selector if later else ""
    return best.selector, modified


def _try(views: Sequence[View], standings: Sequence[Standing]) -> list[_Tried]:
    chooser = chooser_of(tuple(views))
    nodes = [_dated_nodes(standing, chooser, small) for standing, small in zip(standings, chooser.small, strict=True)]
    out = []
    for form, cost in chooser.candidates(nodes):
        matches = chooser.matches(form, lambda number, node: standings[number].is_own(node))
        first = {number: here[0] for number, here in enumerate(matches) if here}
        dates, beside, long = {}, [], 0
        for number, node in first.items():
            found = parse_date(value := chooser.value(node, form.attribute)[:FURTHEST])
            if found and len(value) > LONGEST:
                long += 1
            elif found and found.instant <= views[number].specimen.fetched + timedelta(days=1):
                dates[number] = found
                beside.append(letter_count(value) - letter_count(found.raw))
        enough = len(dates) >= max(FEWEST_TOLD, SHARE * len(views))
        if enough and long <= LONG * len(first) and median(beside) <= BESIDE:
            out.append(_Tried(form.css, cost, first, dates, sum(map(len, matches)), median(beside)))
    return out


def _dated_nodes(standing: Standing, chooser: Chooser, small: Sequence[Node]) -> Collection[tuple[Node, str]]:
    out: list[tuple[Node, str]] = []
    nodes = [*small, *standing.view.tree.iter("meta")]
    for node in dict.fromkeys(nodes):
        text = chooser.value(node) if node.tag != "meta" else ""
        if text and len(text) <= LONGEST and parse_date(text) and chooser.is_rare(node) and standing.is_own(node):
            out.append((node, ""))
        for attribute in _ATTRIBUTES:
            value = node.get(attribute)
            if value and len(value) <= LONGEST and parse_date(value) and standing.is_own(node):
                out.append((node, attribute))
    return out


def _is_article_s(one: _Tried, views: Sequence[View]) -> bool:
    """Whether the dates differ from page to page, are no clock's, and are the same at the next fetch."""
    days = Counter(found.instant.date() for found in one.dates.values())
    number = len(one.dates)
    if max(days.values()) > max(ALIKE * number, 1):
        return False
    clock = sum(found.instant.date() == _day(views[i]) for i, found in one.dates.items())
    if clock > ALIKE * number:
        return False
    return not any(_changes(one, i, views[i].specimen.again) for i in one.dates)


def _day(view: View) -> date:
    fetched = view.specimen.fetched
    return fetched.date()


def _changes(one: _Tried, number: int, again: Page | None) -> bool:
    if again is None:
        return False
    (path,) = compiled(one.selector)
    tree = Page(again.url, again.body, again.content_type).tree
    # Beside a date that stays a counter may stand.
    found = {_instant(value_of(node, path.attribute)) for node in path.nodes(tree)}
    return bool(found) and _instant(value_of(one.nodes[number], path.attribute)) not in found


def _instant(text: str) -> datetime | None:
    told = parse_date(text[:FURTHEST])
    return told.instant if told else None


def days_told(view: View) -> list[tuple[date, date]]:
    """The days (first and last possible) that address, listing and metadata tell."""
    out = []
    listed = view.specimen.listed
    if listed and listed.published:
        out.append(_span(listed.published))
    structured, _ = structured_dates(view.tree)
    if structured and structured.instant.date() != _day(view):
        out.append(_span(structured))
    if day := _ADDRESS_DAY.search(view.page.url):
        try:
            on = date(int(day["year"]), int(day["month"] or day["months"]), int(day["day"] or day["days"]))
        except ValueError:
            return out
        out.append((on, on))
    elif month := _ADDRESS_MONTH.search(view.page.url):
        on = date(int(month[1]), int(month[2]), 1)
        out.append((on, on + timedelta(days=30)))
    return out


def _span(told: Dated) -> tuple[date, date]:
    day = told.instant.date()
    return day, day


def _trust(one: _Tried, told: Sequence[list[tuple[date, date]]]) -> bool:
    """Whether the dates agree with what else tells one."""
    pairs = [(found.instant.date(), told[i]) for i, found in one.dates.items() if told[i]]
    agreed = sum(any(first <= day <= last for first, last in spans) for day, spans in pairs)
    if len(pairs) >= FEWEST:
        return agreed >= AGREEING * len(pairs)
    if len(one.dates) < FEWEST:
        return agreed == len(one.dates) and all(first == last for _, spans in pairs for first, last in spans)
    return True


def _is_beside_all(one: _Tried, standings: Sequence[Standing]) -> bool:
    """Whether a date stands close to the text on all of very few pages, where no share says anything."""
    return len(one.dates) == len(standings) < FEWEST and all(
        standings[i].distance(node) <= CLOSE for i, node in one.nodes.items()
    )


def _rises(one: _Tried, views: Sequence[View]) -> bool:
    """Whether the dates rise with the numbers in the addresses; those of related stories do so less."""
    rows = []
    for i, found in one.dates.items():
        numbers = _NUMBER.findall(views[i].page.url)
        if not numbers:
            return False
        rows.append((max(map(int, numbers)), found.instant))
    if len(rows) < FEWEST_RANKED:
        return False
    order = {row: place for place, row in enumerate(sorted(rows, key=lambda row: row[1]))}
    count = len(rows)
    apart = sum((place - order[row]) ** 2 for place, row in enumerate(sorted(rows)))
    return 1 - 6 * apart / (count * (count * count - 1)) >= RISING


def _rank(one: _Tried, standings: Sequence[Standing]) -> tuple[float, ...]:
    near = median(standings[i].distance(one.nodes[i]) for i in one.dates)
    stray = len(one.nodes) - len(one.dates) + 0.2 * (one.matched - len(one.nodes))
    return (
        len(one.dates) - 3 * stray / len(standings),
        one.minutes,
        not _is_said(one, _MODIFIED),
        _is_shown(one),
        -one.cost - one.beside / LETTERS,
        -near,
    )


def _is_said(one: _Tried, names: tuple[str, ...]) -> bool:
    """Whether the markup says by a name of schema.org or Open Graph which date it is."""
    return any(
        name in (node.get(attribute) or "").lower()
        for node in one.nodes.values()
        for attribute in ("itemprop", "property")
        for name in names
    )


def _is_shown(one: _Tried) -> bool:
    """Whether readers see the date: what is told to them is what the publisher looks at."""
    return "@" not in one.selector and not any(
        not _HIDING.isdisjoint((above.get("class") or "").split()) or _NOT_SHOWN.search(above.get("style") or "")
        for node in one.nodes.values()
        for above in (node, node.getparent())
    )


def _is_in_one_box(one: _Tried, other: _Tried) -> bool:
    """Whether two dates stand in one small box: a line tells when the article was published and when it was changed."""
    both = [(one.nodes[i], other.nodes[i]) for i in one.dates.keys() & other.dates.keys()]
    return all(
        not {node, *islice(node.iterancestors(), BOX)}.isdisjoint(islice(beside.iterancestors(), BOX))
        for node, beside in both
    )


def _is_later(one: _Tried, best: _Tried) -> bool:
    """Whether dates are never before those of `best`, and sometimes after."""
    both = [(one.dates[i], best.dates[i]) for i in one.dates.keys() & best.dates.keys()]
    if len(both) < max(FEWEST, 0.8 * len(one.dates)) or one.minutes < best.minutes:
        return False
    if any(changed.instant.date() < first.instant.date() for changed, first in both):
        return False
    return sum(_is_after(changed, first) for changed, first in both) >= FEWEST_TOLD


def _is_after(changed: Dated, first: Dated) -> bool:
    """Whether one date is surely after another: on a day, the minute that one of them tells says nothing."""
    if Precision.DAY in (changed.precision, first.precision):
        return changed.instant.date() > first.instant.date()
    return changed.instant > first.instant
