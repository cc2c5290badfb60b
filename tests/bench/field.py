"""Readers of others held against ours: the same pages, the same truth, the same scorer.

Pages are the articles of the sample web's five sites that have one page each; truth is what docs/quality.md says.
Others get the page as text, rightly decoded: it is reading that is compared. A learned layout reads a
page that it was not learned from: each page has one of its own, learned from the other pages of its site.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from archive.clock import VIETNAM
from crawler.onboarding.goldens import FIELDS, Golden
from tests.bench.learning import learned_readings
from tests.bench.measure import Unfit
from tests.bench.rival_readers import DATELESS
from tests.goldens.reading import SIBLINGS, page_names, reading_of, serve
from tests.quality.corpus import truth_of
from tests.quality.scorer import is_kept, lines_of, plain, score

ROOT = Path(__file__).resolve().parents[2]
READERS = Path(__file__).with_name("rival_readers.py")
ENVIRONMENT = ROOT / ".venv" / "field"
"""Where the others live; `make bench` makes it from tests/bench/field.txt."""

SECONDS = 600
"""The others took 15 s for all pages when this was written."""

BESIDE = ("title", "lead", "author", "affiliation", "source_credit")
"""Fields that a reader may take for text or not, as it likes, where only paragraphs are asked for."""

Readings = Mapping[str, Golden]
"""What a reader made of the pages, by name, in a golden's form."""


def pages() -> tuple[str, ...]:
    """The names of the pages that are read."""
    own = (name for name in page_names() if not name.startswith(f"{SIBLINGS}/"))
    return tuple(name for name in own if not truth_of(name)["more_pages"])


def others(names: Sequence[str], python: Path) -> dict[str, Readings | str]:
    """What the readers of the environment of `python` make of the pages, or why one is not there.

    Raises Unfit if there is no such environment, or if it cannot read.
    """
    if not python.exists():
        raise Unfit(f"{python}: the other readers have no environment; `make .venv/field/.installed` makes it")
    with tempfile.TemporaryDirectory(prefix="field-") as folder:
        given = Path(folder) / "pages.json"
        given.write_text(json.dumps([(name, serve(name).url, serve(name).decoded.text) for name in names]), "utf-8")
        done = subprocess.run(
            [python, READERS, given], capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder
        )
    if done.returncode:
        raise Unfit(f"{READERS.name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return {
        reader: told if isinstance(told, str) else {name: golden_like(one) for name, one in told.items()}
        for reader, told in found.items()
    }


def golden_like(reading: Mapping[str, Any]) -> Golden:
    """What another reader gave, in a golden's form; without a line of text the page is not kept."""
    date = reading["date"]
    instant = datetime.fromisoformat(date) if date else None
    if instant is not None and instant.tzinfo is not None:
        instant = instant.astimezone(VIETNAM)
    return {
        **dict.fromkeys(FIELDS),
        "title": reading["title"],
        "blocks": [["p", line] for line in reading["lines"]],
        "published": {"instant": instant.isoformat(), "precision": "day"} if instant else None,
        "rejection": None if reading["lines"] else "nothing",
    }


def same_paragraphs(truth: Golden, reading: Golden) -> bool:
    """Whether the paragraphs are word for word those of the truth, whatever else a reader counts as text.

    Out of both are left lines that repeat title, lead, names or captions, and what editors bracket them with.
    """
    leave = {plain(truth[name]) for name in BESIDE} | {plain(one) for one in truth["captions"] or ()}
    mine, meant = ([line for line in lines_of(one) if line not in leave] for one in (reading, truth))
    return is_kept(reading) and " ".join(mine) == " ".join(meant)


def row(truths: Readings, readings: Readings, *, dates: bool = True) -> tuple[str, ...]:
    """The cells of one reader's line, without those of `dates` if it has none to tell."""
    found = score((name, truths[name], readings[name]) for name in truths)
    same = sum(same_paragraphs(truths[name], readings[name]) for name in truths)
    kept = found["kept"]

    def of(name: str) -> str:
        return f"{found[name].amount:g}/{found[name].of}"

    return (
        f"{kept.amount:g}/{kept.of}",
        f"{found['text_f1'].amount / found['text_f1'].of:.3f}",
        of("text_exact"),
        f"{same}/{len(truths)}",
        f"{found['noise_lines'].amount:g}",
        of("lost_lines"),
        of("title"),
        *((of("day"), of("invented_dates")) if dates else ("tells none", "")),
    )


HEAD = ("", "kept", "text F1", "exact", "paragraphs", "noise lines", "lost lines", "title", "day", "invented dates")


def measure(console: Console, python: Path = ENVIRONMENT / "bin" / "python") -> None:
    """Print the table."""
    names = pages()
    truths = {name: truth_of(name) for name in names}
    table = Table(*HEAD, title=f"Readers on {len(names)} pages of the sample web", title_justify="left")
    table.add_row("written layouts", *row(truths, {name: reading_of(name) for name in names}))
    table.add_row("learned layouts", *row(truths, learned_readings(names, names)))
    for reader, told in others(names, python).items():
        if isinstance(told, str):
            table.add_row(reader, f"not here: {told}")
        else:
            table.add_row(reader, *row(truths, told, dates=reader not in DATELESS))
    console.print(table)
