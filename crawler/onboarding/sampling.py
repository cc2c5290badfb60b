"""Which of many articles are looked at: spread over sections and years."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from archive.ledger import Found
from crawler.extraction.dates import parse_date
from crawler.extraction.read import Listed
from crawler.learning.specimen import Specimen
from crawler.onboarding.ways import age_of

Told = tuple[str, str | None, int | None]
"""An article as it is chosen by: address, section, year."""


def chosen(articles: Sequence[Told], most: int) -> list[str]:
    """The addresses of at most so many `articles`, as evenly of all sections and years as may be, the same each time.

    Where that makes no difference, one of a known section goes first: a menu's links are of pages too.
    """
    taken: list[str] = []
    sections, years = Counter[str | None](), Counter[int | None]()
    left = list(articles)
    while left and len(taken) < most:
        best = min(left, key=lambda one: (sections[one[1]] + years[one[2]], one[1] is None, one[2] is None, one[0]))
        left.remove(best)
        taken.append(best[0])
        sections[best[1]] += 1
        years[best[2]] += 1
    return taken


def ages(pool: Sequence[Found]) -> dict[str, int]:
    """Which tenth of the site's time each article is of, as far as ids or dates tell."""
    order = sorted(pool, key=age_of)
    return {one.url: 10 * number // len(order) for number, one in enumerate(order)}


def told_at(specimen: Specimen) -> datetime | None:
    """When discovery says that an article was published, else changed."""
    listed = specimen.listed
    dated = (listed.published or listed.modified) if listed else None
    return dated.instant if dated else None


def listed_as(found: Found) -> Listed:
    """What discovery told of an article, as reading takes it."""
    modified = parse_date(found.modified.isoformat()) if found.modified else None
    return Listed(found.title, found.section, found.listed, modified)
