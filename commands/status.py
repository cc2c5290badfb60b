"""Commands that tell whether all goes well: status, report."""

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from archive.database import ArchiveError, reading
from archive.models import Health, RunOutcome
from archive.verdicts import Judged, last_night, nights_since
from commands.common import counted, open_archive, out, plain, say, table_of
from crawler.sites import find_site
from schedules.causes import next_step, state_words
from schedules.overview import NightPoint, SiteHealth, as_json, overview, sparkline
from schedules.past import WINDOW
from schedules.report import night_report

STYLES = {
    Health.GONE: "red",
    Health.BROKEN: "red",
    Health.BLOCKED: "red",
    Health.DRIFTING: "yellow",
    Health.THIN: "yellow",
    Health.PAUSED: "dim",
    Health.OK: "green",
}


def status(
    site: Annotated[str | None, typer.Argument(help="One site only, with its nights of four weeks.")] = None,
    as_lines: Annotated[bool, typer.Option("--json", help="One JSON object a site, on a line of its own.")] = False,
) -> None:
    """Show how every site stands, the worst first: since when and why, what is new, and the nights of four weeks."""
    if site is not None:
        find_site(site)
    settings, sessions = open_archive()
    with reading(sessions) as session:
        sites = overview(session, settings.clock.now())
        night = last_night(session)
        start = (night or settings.clock.now().date()) - WINDOW + timedelta(days=1)
        nights = nights_since(session, start, site).get(site, []) if site else []
    if site is not None:
        sites = [one for one in sites if one.site == site]
    if as_lines:
        for one in sites:
            print(json.dumps(as_json(one), ensure_ascii=False))
        return
    if not sites:
        which = f"has nothing of {site}. Begin with: baotinh crawl {site}" if site else "is empty. Begin with: "
        say(f"The archive in {settings.data} {which}" + ("" if site else "baotinh crawl SITE"))
        return
    if site is not None:
        _print_site(sites[0], nights)
        return
    _print_sites(sites)


def report(
    day: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], metavar="[YYYY-MM-DD]", help="The night; the last one unless given."),
    ] = None,
    night: Annotated[bool, typer.Option("--night", help="Of a night, by the day on which it ends.")] = False,
) -> None:
    """Tell what a night brought, and which site needs a person: ten lines at most, as they are sent in the morning."""
    if not night:
        raise ValueError("baotinh report: say of what: --night, or --night YYYY-MM-DD")
    settings, sessions = open_archive()
    with reading(sessions) as session:
        wanted = day.date() if day else last_night(session)
    if wanted is None:
        raise ArchiveError(
            "no night was crawled yet: baotinh schedule run does it, baotinh status shows crawls by hand"
        )
    say(night_report(sessions, settings, wanted))


def _print_sites(sites: list[SiteHealth]) -> None:
    table = table_of("site", "state", "since", "last", "new", "usual", "28 days")
    # For ids of 28 letters in a hundred columns.
    table.padding = (0, 0, 0, 0)
    table.columns[-1].no_wrap = True
    for column in (4, 5):
        table.columns[column].justify = "right"
    for one in sites:
        run = one.kept.last_run
        table.add_row(
            one.site,
            # Which fields are missing say the words below.
            _state(one, ()),
            f"{one.since:%m-%d}" if one.since and one.health is not Health.OK else "",
            f"{run.started_at:%m-%d}" if run else "-",
            "-" if one.new is None else f"{one.new:,}",
            "-" if one.usual is None else f"{one.usual:,.0f}",
            _line(one.points),
        )
    out.print(table)
    kept = [one.kept for one in sites]
    say(
        f"{counted(len(sites), 'site')}, {counted(sum(one.articles for one in kept), 'article')}, "
        f"{counted(sum(one.texts for one in kept), 'text')}, {sum(one.syllables for one in kept):,} words, "
        f"{sum(one.pending for one in kept):,} waiting, {sum(one.rejected for one in kept):,} rejected"
    )
    for one in sites:
        _print_trouble(one)


def _print_trouble(one: SiteHealth) -> None:
    """What there is to say of a site below the table: why it is not well, and what was taken down."""
    run = one.kept.last_run
    if one.health not in (None, Health.OK):
        say(f"{one.site}: {one.words}{f'. Next: {one.next_step}' if one.next_step else ''}")
    if run and run.reason and run.outcome is not RunOutcome.FINISHED and run.reason != one.words:
        say(f"{one.site}: {run.outcome}: {run.reason}")
    if one.kept.excluded:
        many = f"{one.kept.excluded:,} addresses of articles that were taken down"
        say(f"{one.site}: {many}; see baotinh exclude --list")


def _print_site(one: SiteHealth, nights: list[Judged]) -> None:
    kept, run = one.kept, one.kept.last_run
    first, last = kept.first_published, kept.last_published
    table = table_of("articles", "texts", "words", "published", "waiting", "rejected", "last crawl")
    numbers = (f"{number:,}" for number in (kept.articles, kept.texts, kept.syllables))
    published = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first and last else "-"
    crawled = f"{run.started_at:%Y-%m-%d %H:%M} {run.outcome}" if run else "-"
    table.add_row(*numbers, published, f"{kept.pending:,}", f"{kept.rejected:,}", crawled)
    since = f" since {one.since:%Y-%m-%d %H:%M}" if one.since else ""
    muted = f", muted until {one.muted_until:%Y-%m-%d %H:%M}" if one.muted_until else ""
    out.print(Text.assemble(f"{one.site} ({kept.title}): ", _state(one, one.fields), f"{since}{muted}"))
    out.print(table)
    _print_trouble(one)
    if not nights:
        return
    out.print(Text.assemble("28 days: ", _line(one.points)))
    table = table_of("night", "state", "new", "revised", "read", "whole page", "failed", "requests", "why")
    for night in reversed(nights):
        counts = night.counts
        names = ("new", "revised", "read", "whole_page", "failed", "requests")
        why = night.words if night.health is not Health.OK else ""
        table.add_row(
            f"{night.night}",
            Text(state_words(night.health, night.cause, night.fields), STYLES[night.health]),
            *(f"{counts.get(name, 0):,}" for name in names),
            plain(why),
        )
    out.print(table)
    step = next_step(nights[-1].cause, one.site)
    if step and not one.next_step:
        say(f"Next: {step}")


def _state(one: SiteHealth, fields: tuple[str, ...]) -> Text:
    if one.health is None:
        return Text("-")
    return Text(state_words(one.health, one.cause, fields), STYLES[one.health])


def _line(points: tuple[NightPoint, ...]) -> Text:
    """The sparkline, each night in the colour of its verdict."""
    line = Text(sparkline(points))
    for at, point in enumerate(points):
        if point.health not in (None, Health.OK):
            line.stylize(STYLES[point.health], at, at + 1)
    return line
