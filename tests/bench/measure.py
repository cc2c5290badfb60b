"""What a measurement is, and how it is printed.

Machines differ and are shared: a number of seconds says little, the ratio of two that were measured in turn
says more, and its spread over the rounds says how far to believe it.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


class Unfit(Exception):
    """A measurement would say nothing; the message says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One line of the report: ours beside the reference, in `unit`, with the ratio of each round.

    `goal` is the ratio to reach, None where there is none.
    """

    what: str
    ours: float
    reference: float
    unit: str
    ratios: tuple[float, ...]
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.ratios)


def in_turn(rounds: int, ours: Callable[[], float], reference: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """Measure both `rounds` times, in turn, so that what else the machine does meets both."""
    for number in range(rounds):
        if number % 2:
            second = reference()
            yield ours(), second
        else:
            yield ours(), reference()


def row(what: str, unit: str, pairs: Sequence[tuple[float, float]], goal: float | None = None) -> Row:
    """A line from the rates of each round, ours and the reference's."""
    ratios = tuple(mine / other for mine, other in pairs)
    ours, reference = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    return Row(what, ours, reference, unit, ratios, goal)


def show(title: str, rows: Sequence[Row], console: Console) -> None:
    """Print rows as a table."""
    table = Table("", "ours", "reference", "unit", "ratio", "of rounds", "goal", title=title, title_justify="left")
    for one in rows:
        spread = f"{min(one.ratios):.2f} to {max(one.ratios):.2f}" if len(one.ratios) > 1 else ""
        goal = "" if one.goal is None else f">= {one.goal:g}: {'reached' if one.ratio >= one.goal else 'NOT reached'}"
        numbers = (f"{number:,.1f}" for number in (one.ours, one.reference))
        table.add_row(one.what, *numbers, one.unit, f"{one.ratio:.2f}", spread, goal)
    console.print(table)
