"""Which of many articles are looked at: spread over sections and years."""

from collections import Counter
from collections.abc import Sequence

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
