"""Which samples are of one template: generations of markup, and variants for pictures or films."""

from collections.abc import Sequence

from crawler.learning.selectors import is_stable
from crawler.learning.views import View, names_of

ALIKE = 0.6
"""Share of names that two groups of pages have in common, on the average of their pairs, from which they are one
template (Jaccard): pages of one template had 0.76 and more in common whatever boxes they lacked, pages of two
generations of one site 0.43 and less (24 pages each of eight simulated sites)."""


def frame(view: View) -> frozenset[str]:
    """The tags with ids and classes of a page that stay: what its template is recognised by."""
    return frozenset(
        node.tag + name for node in view.order for name in names_of(node)[1:] if name[0] == "[" or is_stable(name[1:])
    )


def grouped(views: Sequence[View]) -> list[list[View]]:
    """Divide pages by template, the largest group first; each keeps the order of `views`."""
    frames = [frame(view) for view in views]
    groups = [[i] for i in range(len(views))]
    pairs = {(i, j): _alike(frames[i], frames[j]) for j in range(len(views)) for i in range(j)}

    def between(one: list[int], other: list[int]) -> float:
        return sum(pairs[min(i, j), max(i, j)] for i in one for j in other) / (len(one) * len(other))

    while len(groups) > 1:
        nearest, i, j = max((between(groups[i], groups[j]), i, j) for j in range(len(groups)) for i in range(j))
        if nearest < ALIKE:
            break
        groups[i] += groups.pop(j)
    return [[views[i] for i in sorted(group)] for group in sorted(groups, key=lambda one: (-len(one), min(one)))]


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of names that two pages have in common; pages without any are alike."""
    return len(one & other) / len(one | other) if one or other else 1.0
