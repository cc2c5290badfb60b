"""Measure the golden set and raise its floors: ``python -m tests.quality.update [--because REASON]``.

Prints a table of floors and scores. Floors that got better are raised. To lower one takes a reason, which
is kept beside it: without it nothing is written and the exit code is 1; 2 if something cannot be used.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.quality.corpus import FLOORED, MEASURED, NoGolden, Scores, pins, scores_of
from tests.quality.floors import (
    FILE,
    Floor,
    Floors,
    FloorsError,
    changes,
    counts,
    dump,
    fallen,
    load,
)
from tests.quality.scorer import Score

REFUSED, UNUSABLE = 1, 2
SHOWN = 12
"""So many pages are named after a score that fell."""


def measured() -> tuple[Scores, dict[str, str]]:
    """The scores of all ways and the pins, as they are now. Raises NoGolden."""
    return {way: scores_of(way) for way in MEASURED}, pins()


def main(
    arguments: list[str], file: Path = FILE, measure: Callable[[], tuple[Scores, dict[str, str]]] = measured
) -> int:
    """Print the table and write `file`, unless a floor would fall without a reason."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality.update", description="Measure, and raise the floors."
    )
    parser.add_argument("--because", metavar="REASON", help="why floors may fall; kept in the file")
    given = parser.parse_args(arguments).because
    because = None if given is None else " ".join(given.split())
    if because == "":
        parser.error("--because needs a reason")
    try:
        floors, (now, pinned) = load(file), measure()
    except (FloorsError, NoGolden) as error:
        print(error.args[0], file=sys.stderr)
        return UNUSABLE
    lower = list(fallen(floors, now))
    for line in table(floors, now):
        print(line)
    if floors.pins:
        for line in changes(floors.pins, pinned):
            print(line)
    if lower and because is None:
        for way, name in lower:
            print(f"{way} {name} fell; not right: {named(now[way][name], floors.pins, pinned)}", file=sys.stderr)
        print('Nothing was written. Mend it, or say why: --because REASON (make floors BECAUSE="...")', file=sys.stderr)
        return REFUSED
    if because and not lower:
        print("No floor fell, so the reason is not kept.")
    new = moved(floors, now, pinned, because or "")
    if new == floors:
        print(f"{file}: nothing to change")
    else:
        file.write_text(dump(new), encoding="utf-8")
        print(f"{file}: written")
    return 0


def table(floors: Floors, now: Scores) -> Iterator[str]:
    """A line for each way and measure: floor, score, what became of it."""
    lower = set(fallen(floors, now))
    yield f"{'':11}{'':16}{'floor':>15}{'now':>15}"
    for way, scores in now.items():
        for name, score in scores.items():
            floor = floors.ways.get(way, {}).get(name)
            same = floor is not None and (floor.amount, floor.of) == (score.amount, score.of)
            change = "" if same else "LOWER" if (way, name) in lower else "better" if floor else "new"
            change = change if way in FLOORED else "no floor"
            yield f"{way:11}{name:16}{floor or '-'!s:>15}{counts(score):>15}  {change}".rstrip()


def moved(floors: Floors, now: Scores, pinned: dict[str, str], because: str) -> Floors:
    """The floors at the height of the scores of `now`; `because` is kept with those that fell."""
    lower = set(fallen(floors, now))
    ways: dict[str, dict[str, Floor]] = {}
    for way, scores in now.items():
        ways[way] = {}
        for name, score in scores.items():
            old = floors.ways.get(way, {}).get(name)
            kept = old.lowered if old else ()
            if old and (way, name) in lower:
                kept = (*kept, f"{old} -> {counts(score)}: {because}")
            ways[way][name] = Floor(score.amount, score.of, kept)
    return Floors(ways, pinned)


def named(score: Score, before: dict[str, str], pinned: dict[str, str]) -> str:
    """The pages that a score counts as not all right: those first that are new or not as they were pinned."""
    marks = {page: "" if before.get(page) == pinned.get(page) else " (changed)" for page in score.pages}
    marks |= {page: " (new)" for page in score.pages if before and page not in before}
    pages = [f"{page}{marks[page]}" for page in sorted(score.pages, key=lambda page: marks[page], reverse=True)]
    more = f" and {len(pages) - SHOWN} more" if len(pages) > SHOWN else ""
    return ", ".join(pages[:SHOWN]) + more or "no page, but fewer are measured"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
