"""`make bench`: print what the program weighs, as ratios measured in one run.

``python -m tests.bench [PART ...] [--pages DIR] [--generated NUMBER] [--texts NUMBER,...]``; without a part, all of
them but those that take long.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.bench import crawl, export, extraction, field, intake, learning, night, reextract, reprints
from tests.bench.measure import Unfit, show
from tests.bench.pages import sample_pages, saved_pages
from tests.bench.stories import generate

PARTS = ("extraction", "crawl", "memory", "export", "reextract", "reprints", "intake", "learn", "field")
LONG = ("night",)
"""Parts that are measured only if they are named: a night of 200 sites takes a quarter of an hour."""


def main() -> int:
    """Measure and print; 1 where a measurement would say nothing, with the reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    which = f"which of {', '.join(PARTS)} (default: all), or {', '.join(LONG)}"
    parser.add_argument("parts", nargs="*", metavar="PART", help=which)
    parser.add_argument("--pages", type=Path, help="a folder of saved pages, read as well")
    parser.add_argument("--generated", type=int, default=reprints.TEXTS, help="how many texts reprints are found among")
    parser.add_argument(
        "--texts", type=_marks, default=intake.MARKS, help="at how many texts the intake's rate is told"
    )
    parser.add_argument("--sites", type=int, default=night.SITES, help="how many sites a night has")
    given = parser.parse_args()
    wrong = [part for part in given.parts if part not in PARTS + LONG]
    if wrong:
        parser.error(f"there is no part {wrong[0]!r}; there are {', '.join(PARTS + LONG)}")
    parts, console = given.parts or PARTS, Console(width=160)
    try:
        if "extraction" in parts:
            rows = extraction.measure("sample web with the weight of a portal", sample_pages(60_000), 5.0)
            if given.pages is not None:
                rows += extraction.measure(str(given.pages), saved_pages(given.pages), 10.0)
            show("Extraction with a layout against the whole page", rows, console)
        if "crawl" in parts:
            show("A crawl with everything on", crawl.measure(), console)
        if "memory" in parts:
            for number in crawl.MEMORY:
                console.print(f"a site of {number:,} articles ...", end=" ", highlight=False)
                console.print(f"{crawl.memory(number):.0f} MB at the peak", highlight=False)
        if "export" in parts:
            show("Export against plain loops that write the same files", export.measure(), console)
        if "reextract" in parts:
            show("Captures read again against trafilatura on the whole page", reextract.measure(), console)
        if "reprints" in parts:
            with console.status("texts") as status:
                report = reprints.measure(list(generate(given.generated)), status.update)
            reprints.show(report, console)
            report.check()
        if "intake" in parts:
            for database in intake.DATABASES:
                _intake(database, given.texts, console)
        if "learn" in parts:
            seconds, rows = learning.measure()
            console.print(f"a site learned from {learning.SPECIMENS} pages, each given twice: {seconds:.1f} s of CPU")
            show("A learned layout against a written one", rows, console)
            if seconds > learning.LONGEST:
                raise Unfit(f"learning a site took {seconds:.0f} s of CPU, more than {learning.LONGEST:.0f}")
        if "field" in parts:
            field.measure(console)
        if "night" in parts:
            night.measure(given.sites, console)
    except Unfit as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _marks(given: str) -> tuple[int, ...]:
    return tuple(sorted(int(one) for one in given.split(",")))


def _intake(database: str, marks: tuple[int, ...], console: Console) -> None:
    found = []
    for mark in intake.measure(database, marks):
        found.append(mark)
        console.print(f"{database}, {mark.texts:,} texts: {mark.rate:,.0f} texts/s", highlight=False)
    intake.show(found, console)


if __name__ == "__main__":
    sys.exit(main())
