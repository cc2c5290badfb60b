"""Learn where the number of an article's views stands."""

import re
from collections.abc import Sequence
from statistics import median

from archive.article import MAX_VIEWS
from crawler.extraction.dates import parse_date
from crawler.extraction.page import Page
from crawler.extraction.select import Node, compiled
from crawler.extraction.text import folded
from crawler.learning.choosing import Chooser, chooser_of, value_of
from crawler.learning.standing import standing_on
from crawler.learning.views import View

LONGEST = 60
"""Characters of a line with a counter and its label."""

FOUND = 0.6
"""Share of the pages that must have it."""

NEAR = 80
"""Elements of the page from the text to its counter; those of the whole site stand in the margin or at the end."""

SPREAD = 1.5
"""The largest count of some articles is more than so many times the smallest; that of a site hardly moves."""

JUMP = 20
"""Most views between two fetches of a page, beside a twentieth of all."""

LIKELY = 10
"""Median of counts from which a number behind a label that nobody saw grow counts views and not comments."""

_NUMBER = re.compile(r"\d[\d., ]*")
_TIME = re.compile(r"\d{1,2}\s*[:h]\s*\d\d")


def views_of(views: Sequence[View], body: str) -> str:
    """Give the selector of the node that tells how often the article was seen; empty if none is clear.

    Its number differs from page to page, and grew between the two fetches of those pages that were fetched twice;
    where none was, it stands behind a label that all pages have.
    """
    standings = standing_on(views, body)
    chooser = chooser_of(tuple(views))
    nodes = [
        [
            (node, "")
            for node in small
            if count_in(chooser.value(node)) is not None
            and chooser.is_rare(node)
            and standing.distance(node) <= NEAR
            and standing.is_own(node)
        ]
        for small, standing in zip(chooser.small, standings, strict=True)
    ]
    again = {
        i: Page(one.url, one.body, one.content_type) for i, view in enumerate(views) if (one := view.specimen.again)
    }
    good: list[tuple[float, str]] = []
    for form, cost in chooser.candidates(nodes):
        found = chooser.matches(form, lambda number, node: standings[number].is_own(node))
        first = {i: here[0] for i, here in enumerate(found) if here}
        if len(first) >= FOUND * len(views) and _counts(first, form.css, again, chooser):
            near = median(standings[i].distance(node) for i, node in first.items())
            good.append((cost + near / NEAR, form.css))
    return min(good, default=(0, ""))[1]


def count_in(text: str) -> int | None:
    """The number in a short line that is no date and no time; None if there is none or several."""
    if len(text) > LONGEST or parse_date(text) or _TIME.search(text):
        return None
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1:
        return None
    number = int(re.sub(r"\D", "", numbers[0])[:12])
    return number if number <= MAX_VIEWS else None


def _counts(first: dict[int, Node], css: str, again: dict[int, Page], chooser: Chooser) -> bool:
    counts = {i: count for i, node in first.items() if (count := count_in(chooser.value(node))) is not None}
    if len(counts) < len(first) or len(set(counts.values())) < 0.5 * len(counts):
        return False
    if max(counts.values()) <= SPREAD * max(min(counts.values()), 1):
        return False
    if any(str(count) in chooser.views[i].page.url for i, count in counts.items() if count > 999):
        return False
    if again:
        return _grew(counts, css, again)
    labels = {folded(re.sub(r"\d", "", chooser.value(node))) for node in first.values()}
    return len(labels) == 1 and labels != {""} and median(counts.values()) >= LIKELY


def _grew(counts: dict[int, int], css: str, again: dict[int, Page]) -> bool:
    """Whether the numbers are larger at the second fetch, by not much."""
    (path,) = compiled(css)
    grown = 0
    for i, page in again.items():
        nodes = path.nodes(page.tree)
        later = count_in(value_of(nodes[0], "")) if nodes else None
        if i not in counts or later is None:
            continue
        if not 0 <= later - counts[i] <= max(JUMP, counts[i] / 20):
            return False
        grown += later > counts[i]
    return grown > 0
