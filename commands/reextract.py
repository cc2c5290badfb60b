"""The command that reads captures again: reextract."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine, select

from archive.database import Sessions, reading
from archive.models import StoredArticle
from archive.readings import Effect, Scope, bodies
from archive.revisions import go_back, versions
from archive.settings import Settings
from commands.common import FAILED, crawled_site, err, open_archive, out, say, table_of
from crawler.extraction import read
from crawler.rereading import Report, Sample, captures_of, readings_of, reread, work_of
from crawler.sites import find_site
from crawler.workers import Processes

SAMPLE_LETTERS = 100
"""Letters of a value that a sample shows: a line or two of a terminal."""

SHOWN = 20
"""Addresses listed of what could not be read; the rest is counted."""

_Day = datetime | None


def reextract(
    site: Annotated[str | None, typer.Option("--site", help="Captures of one site only.")] = None,
    start: Annotated[
        _Day,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="First day of capture, in Vietnam. (Not of publication, which a new version may read otherwise.)",
        ),
    ] = None,
    end: Annotated[_Day, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day of capture.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that read (default: one for each core).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; show what would change, by field, with samples.")
    ] = False,
    back_to: Annotated[
        str | None,
        typer.Option("--back-to", metavar="VERSION", help="Read nothing; make that version's readings current again."),
    ] = None,
) -> None:
    """Read the captured pages again with the extractor as it is now. No site is asked.

    Needed after an upgrade that reads pages better, or after a layout was mended. Readings of older versions stay,
    and [bold]--back-to[/] makes them current again. What the publisher changed is worked out anew between readings of
    one version. A run that was ended goes on where it stood: give the same command again.

    Example: [bold]baotinh reextract --site hong_linh --dry-run[/]
    """
    if start and end and start > end:
        raise ValueError(f"--start {start:%Y-%m-%d} lies after --end {end:%Y-%m-%d}: no page was captured in between")
    if back_to is not None and (start or end or dry_run or workers):
        raise ValueError("--back-to reads no pages: of the other options it takes --site only")
    settings, sessions = open_archive()
    site_id = crawled_site(sessions, find_site(site).name) if site else None
    if back_to is not None:
        _go_back(sessions, back_to, site_id)
        return
    scope = Scope(site_id, start.date() if start else None, end.date() if end else None)
    report = read_scope(settings, sessions, scope, dry_run=dry_run, workers=workers)
    if report is None:
        say(f"Nothing to do: extractor {read.EXTRACTOR_VERSION} has read every capture asked for.")
        return
    print_report(report, sessions, dry_run)
    raise typer.Exit(FAILED if report.failures else 0)


def read_scope(
    settings: Settings,
    sessions: Sessions,
    scope: Scope,
    *,
    dry_run: bool = False,
    workers: int | None = None,
    goes_on: str = "The same command goes on from here.",
) -> Report | None:
    """Read the captures of a scope that wait, with a bar on the terminal; None if none does.

    `goes_on` is told when it is ended early.

    Connections to the database are closed, since processes are made.
    """
    readings = readings_of(sessions, settings.clock)
    waiting = readings.count(scope)
    if not waiting:
        return None
    _let_go(sessions)
    # The processes before the bar, whose thread no fork takes over.
    number, work = workers or os.cpu_count() or 1, work_of(settings.captures)
    with Processes(number, work, captures_of) as processes, _bar(waiting, goes_on) as tell:
        return reread(readings, scope, processes, dry_run=dry_run, tell=tell)


@contextmanager
def _bar(waiting: int, goes_on: str) -> Iterator[Any]:
    """A progress bar; one that is ended early says that nothing is lost."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"))
    done = 0
    with Progress(*columns, TimeRemainingColumn(), console=err) as bar:
        task = bar.add_task(f"extractor {read.EXTRACTOR_VERSION}", total=waiting, speed="")

        def tell(number: int) -> None:
            nonlocal done
            done = number
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=number, speed=f"{speed:,.0f} pages/s" if speed else "")

        try:
            yield tell
        except (KeyboardInterrupt, SystemExit):
            bar.console.print(f"Ended after {done:,} of {waiting:,} captures. {goes_on}", highlight=False)
            raise


def _let_go(sessions: Sessions) -> None:
    """Close the connections: the processes that are about to be made must not share them."""
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    engine.dispose()


def _go_back(sessions: Sessions, version: str, site_id: int | None) -> None:
    known = versions(sessions)
    if version not in known:
        raise ValueError(f"--back-to {version}: no article was read by that version; known are {', '.join(known)}")
    looked, done = 0, 0
    for some, current in go_back(sessions, version, site_id):
        looked, done = looked + some, done + current
    say(f"{done:,} articles stand as extractor {version} read them.")
    if looked > done:
        say(f"{looked - done:,} more have a newer capture, which it has not read, and stay as they are.")
    with reading(sessions) as session:
        every = select(StoredArticle.id)
        total = len(session.scalars(every.where(StoredArticle.site_id == site_id) if site_id else every).all())
    if total > looked:
        say(f"{total - looked:,} were never read by it and stay as they are.")


def print_report(report: Report, sessions: Sessions, dry_run: bool) -> None:
    """Print what was done, or would be: numbers, then with `dry_run` samples, then what could not be read."""
    say("What reading again would do:" if dry_run else "Read again:")
    table = table_of("pages", "captures")
    for effect in Effect:
        if report.effects[effect]:
            table.add_row(_EFFECTS[effect], f"{report.effects[effect]:,}")
    if report.missing:
        table.add_row("left as they are: a further page was never captured", f"{len(report.missing):,}")
    if report.failures:
        table.add_row("could not be read or kept", f"{len(report.failures):,}")
    out.print(table)
    if report.fields:
        table = table_of("field", "changed")
        for name, number in report.fields.most_common():
            table.add_row(name, f"{number:,}")
        out.print(table)
    for reason, number in report.refused.most_common():
        say(f"rejected now, though an article was read before: {number:,} {reason}")
    if dry_run:
        _print_samples(report, sessions)
    for words, urls in (("a further page of it was never captured", report.missing), ("failed", report.failures)):
        for url in urls[:SHOWN]:
            err.print(f"{words}: {url}", markup=False, highlight=False, soft_wrap=True)
        if len(urls) > SHOWN:
            err.print(f"... and {len(urls) - SHOWN:,} more", highlight=False)


def _print_samples(report: Report, sessions: Sessions) -> None:
    digests = {sample.before for sample in report.samples.get("text", ()) if sample.before}
    with reading(sessions) as session:
        words = bodies(session, digests)
    for name, samples in report.samples.items():
        say(f"\n{name}:")
        for sample in samples:
            shown = Sample(sample.url, words.get(sample.before, ""), sample.after) if name == "text" else sample
            before, after = around_change(_words(shown.before), _words(shown.after))
            say(f"  {shown.url}")
            say(f"    - {before}")
            say(f"    + {after}")


def around_change(before: str, after: str) -> tuple[str, str]:
    """Two values cut to where they begin to differ, each at most `SAMPLE_LETTERS` long and on one line."""
    shorter = min(len(before), len(after))
    same = next((number for number in range(shorter) if before[number] != after[number]), shorter)
    start = max(0, same - SAMPLE_LETTERS // 4)
    return tuple(_cut(" ".join(value[start:].split()), start) for value in (before, after))  # type: ignore[return-value]


def _cut(value: str, start: int) -> str:
    shown = value if len(value) <= SAMPLE_LETTERS else value[:SAMPLE_LETTERS].rstrip() + " ..."
    return f"... {shown}" if start else shown


def _words(value: Any) -> str:
    if value is None or value == "":
        return "(none)"
    if isinstance(value, list):
        return ", ".join(map(_words, value)) if value else "(none)"
    return str(value)


_EFFECTS = {
    Effect.SAME: "read as before",
    Effect.CHANGED: "changed",
    Effect.ARTICLE_NOW: "were rejected, are articles now",
    Effect.KEPT: "rejected now: what is kept stays",
    Effect.REJECTED: "rejected as before",
    Effect.KNOWN: "read meanwhile by another process",
    Effect.TAKEN_DOWN: "taken down meanwhile: left alone",
}
