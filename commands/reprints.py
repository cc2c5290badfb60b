"""Commands on text groups: who reprints whom, and finding the groups anew."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from archive.database import reading
from archive.export.selection import Selection
from archive.groups import articles_known, totals
from archive.reprint_report import MOST_OUTSIDE, Delays, Report, Span, report
from archive.reprints import rebuild
from commands.common import FirstDay, LastDay, Province, counted, err, hint, open_archive, out, plain, say, table_of

SIZES = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 50), (51, None))
"""The classes of group sizes in the report: most groups are small, and a few very large ones deserve a look."""


def reprints_report(
    start: FirstDay = None,
    end: LastDay = None,
    site: Annotated[
        list[str] | None,
        typer.Option(help="Only what this site reprints, and what is reprinted of it; may be given again."),
    ] = None,
    province: Province = None,
) -> None:
    """Show who reprints whom, how much of each site is reprinted, and how long it takes."""
    _, sessions = open_archive()
    days = start.date() if start else None, end.date() if end else None
    selection = Selection(tuple(site or ()), tuple(province or ()), *days)
    with reading(sessions) as session:
        # Refuses an unknown site and a reversed range as an export does.
        selection.conditions(session)
        found = report(session, Span(*days, selection.selected_sites(session)))
    compared = sum(one.articles for one in found.shares)
    if compared:
        _print_shares(found)
    if found.flows:
        _print_flows(found)
    if compared:
        _print_sizes(found)
    if found.outside:
        _print_outside(found)
    if compared and not found.flows:
        why = "no story of theirs stands on another site" if not found.across else "others printed their stories later"
        say(f"No reprint among {counted(compared, 'article')}: {why}.")
    if found.waiting:
        hint(f"{found.waiting:,} texts of the archive wait to be compared; run baotinh reprints rebuild")
    if not compared and not found.flows:
        what = "of that selection " if site or province or start or end else ""
        why = "they wait to be compared" if found.waiting else "baotinh status shows what the archive holds"
        failed = sum(one.template_only for one in found.shares)
        why = f"{failed:,} articles are template-only, failed extractions" if failed and not found.waiting else why
        hint(f"Nothing to report: no text {what}is in a text group; {why}.")


def reprints_rebuild(
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one that was cut short.")] = False,
) -> None:
    """Find all text groups anew from the stored texts, after an upgrade or when a rule changed. Crawls may go on."""
    _, sessions = open_archive()
    with reading(sessions) as session:
        number = articles_known(session)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("articles", total=number)
        try:
            rebuild(sessions, lambda done: bar.advance(task, done), fresh=not resume)
        except (KeyboardInterrupt, SystemExit):
            bar.console.print("Ended early; baotinh reprints rebuild --resume goes on from here.")
            raise
    with reading(sessions) as session:
        found = totals(session)
    say(f"{found.texts:,} texts in {found.groups:,} groups; {found.template_only:,} template-only texts in none")
    pairs = ", ".join(f"{number:,} {method}" for method, number in sorted(found.pairs.items()))
    say(f"pairs: {pairs or 'none'}")


def _print_shares(found: Report) -> None:
    table = table_of("site", "articles", "reprints", "share", "reposts", "template-only")
    for one in found.shares:
        share = f"{one.reprints / one.articles:.1%}" if one.articles else "-"
        numbers = (f"{one.articles:,}", f"{one.reprints:,}", share, f"{one.reposts:,}", f"{one.template_only:,}")
        table.add_row(one.site, *numbers)
    out.print(table)


def _print_flows(found: Report) -> None:
    table = table_of("site", "reprints from", "articles", "share", "hours after", "days after")
    for one in found.flows:
        delays = (_delays(one.hours), _delays(one.days))
        table.add_row(one.site, one.source, f"{one.articles:,}", f"{one.share:.1%}", *delays)
    out.print(table)


def _print_sizes(found: Report) -> None:
    table = table_of("size", "groups with so many articles", "so many versions of the text")
    for least, most in SIZES:
        numbers = [_between(sizes.items(), least, most) for sizes in (found.groups, found.texts)]
        if any(numbers):
            name = f"{least}" if most == least else f"{least} and more" if most is None else f"{least} to {most}"
            table.add_row(name, *(f"{number:,}" for number in numbers))
    out.print(table)
    largest = f"the largest of {max(found.groups):,} articles"
    say(f"{counted(sum(found.groups.values()), 'group')}, {found.across:,} of them on several sites, {largest}")


def _print_outside(found: Report) -> None:
    say(f"\nSources outside the archive that are credited most (at most {MOST_OUTSIDE}):")
    table = table_of("source", "as one credits it", "articles")
    for one in found.outside:
        table.add_row(plain(one.name), plain(one.words), f"{one.articles:,}")
    out.print(table)


def _between(sizes: Iterable[tuple[int, int]], least: int, most: int | None) -> int:
    return sum(number for size, number in sizes if size >= least and (most is None or size <= most))


def _delays(delays: Delays | None) -> str:
    if delays is None:
        return "-"
    middle, least, most = (f"{one:,.1f}".removesuffix(".0") for one in (delays.median, delays.least, delays.most))
    return f"{middle} ({least} to {most})" if delays.number > 1 else middle
