"""The file of the floors, and what it means that a score fell."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.quality.corpus import FLOORED, MEASURED, Scores
from tests.quality.scorer import DIGITS, MEASURES, Score

FILE = Path(__file__).with_name("floors.toml")
COMMAND = "make floors"
HEAD = f"""\
# What reading the golden set must not fall below (docs/quality.md). Written by `{COMMAND}`.
# right: so many of all, the more the better. wrong: so many met, the fewer the better.
"""


class FloorsError(ValueError):
    """The file of the floors cannot be used; the message says where it is wrong and what to do."""


@dataclass(frozen=True)
class Floor:
    """What a score must not fall below, and why it once fell: "OLD -> NEW: REASON", the oldest first."""

    amount: float
    of: int
    lowered: tuple[str, ...] = ()

    def __str__(self) -> str:
        return counts(self)


@dataclass(frozen=True)
class Floors:
    """The content of the file: floors by way and measure (for the reference, scores), pins by page."""

    ways: dict[str, dict[str, Floor]] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)


def counts(one: Floor | Score) -> str:
    """A floor or a score for a person: "45.7235 of 73"."""
    return f"{_number(one.amount)} of {one.of}"


def fell(measure: str, floor: Floor, now: Score) -> bool:
    """Whether `now` is worse than `floor`: less is right, more is wrong or missed, or less is measured."""
    if MEASURES[measure].wrong:
        return now.of < floor.of or now.amount > floor.amount
    missed, before = round(now.of - now.amount, DIGITS), round(floor.of - floor.amount, DIGITS)
    return now.of < floor.of or now.amount < floor.amount or missed > before


def fallen(floors: Floors, now: Scores) -> Iterator[tuple[str, str]]:
    """Way and measure of each score that is lower than its floor."""
    for way in FLOORED:
        for measure, floor in floors.ways.get(way, {}).items():
            if fell(measure, floor, now[way][measure]):
                yield way, measure


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What is not as it was pinned, a line for each kind of change with the names of the pages."""
    kinds: dict[str, list[str]] = {}
    for name in {**before, **now}:
        if name not in before:
            kinds.setdefault("new", []).append(name)
        elif name not in now:
            kinds.setdefault("gone", []).append(name)
        else:
            old, new = before[name].split(), now[name].split()
            if old[:1] != new[:1]:
                kinds.setdefault("page changed", []).append(name)
            if old[1:] != new[1:]:
                kinds.setdefault("truth changed", []).append(name)
    return [f"{kind}: {', '.join(names)}" for kind, names in kinds.items()]


# -- the file -------------------------------------------------------------------------------------
def load(file: Path = FILE) -> Floors:
    """The floors of a file, none if there is no file. Raises FloorsError if it is broken."""
    if not file.exists():
        return Floors()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        for section, lines in content.items():
            if not isinstance(lines, dict):
                raise FloorsError(f"{section}: the line stands in no section")
        known = content.pop("pins", {})
        for name, one in known.items():
            if not isinstance(one, str):
                raise FloorsError(f"[pins] {name}: a pin is a string of hex digits")
        return Floors({way: _floors(way, entries) for way, entries in content.items()}, known)
    except ValueError as error:
        raise FloorsError(f"{file}: {error}; mend the line, or take the file back from version control") from error


def _floors(way: str, entries: dict[str, Any]) -> dict[str, Floor]:
    if way not in MEASURED:
        raise FloorsError(f"[{way}]: there is no such way of reading, only {', '.join(MEASURED)}")
    for name in entries:
        if name not in MEASURED[way]:
            raise FloorsError(f"[{way}] {name}: there is no such measure; if it was given up, delete the line")
    return {name: _floor(way, name, entry) for name, entry in entries.items()}


def _floor(way: str, name: str, entry: Any) -> Floor:
    key = _key(name)
    if isinstance(entry, dict) and set(entry) <= {key, "of", "lowered"}:
        amount, of, lowered = entry.get(key), entry.get("of"), entry.get("lowered", [])
        reasons = isinstance(lowered, list) and all(isinstance(line, str) for line in lowered)
        if isinstance(amount, int | float) and isinstance(of, int) and min(amount, of) >= 0 and reasons:
            return Floor(amount, of, tuple(lowered))
    raise FloorsError(f"[{way}] {name}: a floor has the form {{ {key} = 1, of = 2 }}")


def dump(floors: Floors) -> str:
    """The one form of the file."""
    out = [HEAD]
    for way, names in MEASURED.items():
        known = floors.ways.get(way, {})
        out += [f"\n[{way}]\n", *(_line(name, known[name]) for name in names if name in known)]
    out += ["\n[pins]\n", *(f"{_quoted(name)} = {_quoted(one)}\n" for name, one in floors.pins.items())]
    return "".join(out)


def _line(name: str, floor: Floor) -> str:
    values = f"{_key(name)} = {_number(floor.amount)}, of = {floor.of}"
    if floor.lowered:
        values += ", lowered = [\n" + "".join(f"    {_quoted(line)},\n" for line in floor.lowered) + "]"
    return f"{name} = {{ {values} }}\n"


def _key(measure: str) -> str:
    return "wrong" if MEASURES[measure].wrong else "right"


def _number(amount: float) -> str:
    return f"{amount:.{DIGITS}f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    # A JSON string is a TOML string, but for DEL, which has no place in a line anyway.
    return json.dumps(text.replace("\x7f", ""), ensure_ascii=False)
