"""Commands on the schedule: run, list, next, pause, resume, now, mute, unmute."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from archive.database import ArchiveError, Sessions, reading
from archive.models import Health
from archive.runs import RunRecord, Runs
from archive.schedule import Paused, mute, pause, paused, resume, unmute, want_run
from archive.settings import Settings
from archive.sites import disabled, last_checks
from commands.catalogue import SiteId, site_row
from commands.common import FAILED, hint, open_archive, out, plain, say, table_of
from commands.crawling import AT_ONCE, ScrapySetting, scrapy_settings
from crawler.sites import all_sites, broken_sites, find_site
from crawler.timing import Timing
from schedules.health import judge_run
from schedules.lock import SchedulerRuns, scheduler_of
from schedules.nightly import Nights, Scheduler, engine_of
from schedules.notify import NotTold, check_addresses
from schedules.plan import ZONE, next_turn
from schedules.report import night_report, tell_night
from schedules.turns import Afterwards, Done, Turns

NONE_SCHEDULED = (
    "no site is scheduled: each needs `baotinh sites check SITE --live` to have passed once, and must be neither "
    "disabled nor paused; `baotinh schedule list` shows how they stand"
)

NO_CONTACT = "no site can tell who is asking: set BAOTINH_CONTACT to a mail address or a web page for the user agent"

NEXT = 20
"""Turns that `schedule next` shows unless told otherwise: two screens of a night of two hundred sites are enough."""


def schedule_run(
    once: Annotated[
        bool, typer.Option("--once", help="Carry out what is due now, with what was missed, then end.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Sites crawled at once.")] = AT_ONCE,
    setting: ScrapySetting = None,
) -> None:
    """Crawl every site once a night, each at its time, until stopped; the last turn it missed is caught up.

    It takes every site that has passed [bold]baotinh sites check SITE --live[/] and is neither disabled nor paused,
    also those that are added or resumed meanwhile. One scheduler runs on an archive at a time.

    With [bold]--once[/], for cron or a timer: the night's report is printed at the end, and the exit code is 1 if any
    site needs a person (broken, blocked or gone) or is still owed its turn, or nobody could be told.
    """
    overrides = scrapy_settings(setting or [])
    settings, sessions = open_archive()
    check_addresses(settings)
    if not settings.contact:
        hint(f"Warning: {NO_CONTACT}.")

    def log(line: str) -> None:
        print(f"{settings.clock.now():%Y-%m-%d %H:%M:%S} {line}", file=sys.stderr, flush=True)

    turns = Turns(settings, sessions, _afterwards(settings, sessions), log, overrides)
    nights = Nights(turns, at_once)
    if not turns.scheduled():
        if once:
            raise ArchiveError(NONE_SCHEDULED)
        hint(f"Waiting: {NONE_SCHEDULED}.")
    if not once:
        hint("Crawling every night, Vietnam's time; `baotinh schedule next` shows when. End with Ctrl+C.")
        Scheduler(nights).run()
        return
    try:
        done, left = nights.once()
    except SchedulerRuns as error:
        # A timer calls again: what is due is in hands.
        say(f"Nothing was begun: {error}.")
        return
    _print_done(done, left, turns)
    if crawled := [one.night for one in done if one.night]:
        say(night_report(sessions, settings, max(crawled)))
    # A run that was lost is made again: the last one of a site says how it stands.
    trouble = {one.site: one.trouble for one in done}
    code = FAILED if left or any(trouble.values()) else 0
    try:
        nights.tell_after(done)
    except NotTold as error:
        hint(f"Nobody was told of the night: {error}. The next `baotinh schedule run --once` tries again.")
        code = FAILED
    raise typer.Exit(code)


NEEDS_A_PERSON = (Health.BROKEN, Health.BLOCKED, Health.GONE)
"""Verdicts for which the exit code of `schedule run --once` is 1; a drifting or thin site is in the report."""


def _afterwards(settings: Settings, sessions: Sessions) -> Afterwards:
    """What follows a run and a night."""

    def judge(key: int) -> str | None:
        verdict = judge_run(sessions, settings.clock, key)
        return f"{verdict.health}: {verdict.words}" if verdict.health in NEEDS_A_PERSON else None

    return Afterwards(judge, lambda night: tell_night(sessions, settings, night))


def _print_done(done: Sequence[Done], left: Sequence[str], turns: Turns) -> None:
    if not done and not left:
        coming = [turn for name, timing in turns.scheduled().items() if (turn := next_turn(name, timing, turns.now()))]
        first = min(coming, key=lambda turn: turn.begins, default=None)
        then = f"; next is {first.site}, at {first.begins:%Y-%m-%d %H:%M}" if first else ""
        say(f"Nothing is due{then}.")
        return
    shown = ("new", "revised", "unchanged", "rejected", "failed", "requests")
    table = table_of("site", "outcome", *shown)
    for one in done:
        table.add_row(one.site, one.outcome, *(f"{one.counts.get(name, 0):,}" for name in shown))
    out.print(table)
    for site in left:
        hint(f"{site}: is still owed its turn; run `baotinh schedule run --once` again")


def schedule_list() -> None:
    """Show every site: when it is crawled next, how that is planned, how it stands, and its last run."""
    settings, sessions = open_archive()
    now = settings.clock.now()
    turns = _turns(settings, sessions)
    scheduled = turns.scheduled()
    with reading(sessions) as session:
        pauses, reasons, checks = paused(session, now), disabled(session), last_checks(session)
    runs = Runs(sessions, settings.clock)
    table = table_of("site", "next", "planned", "state", "last run")
    table.columns[1].no_wrap = True
    for name, site in all_sites().items():
        following = next_turn(name, site.timing, now) if name in scheduled else None
        state = "scheduled"
        if name in reasons:
            state = f"disabled: {reasons[name]}"
        elif name not in checks:
            state = f"never checked: `baotinh sites check {name} --live`"
        elif name in pauses:
            state = _pause_words(pauses[name])
        last = runs.latest(name, 1)
        table.add_row(
            name,
            f"{following.begins:%Y-%m-%d %H:%M}" if following else "-",
            _planned(site.timing),
            plain(state, "" if name in scheduled else "yellow"),
            plain(_run_words(last[0]) if last else "-"),
        )
    out.print(table)
    for module, why in broken_sites().items():
        hint(f"{module} cannot be loaded, so that its sites are not crawled: {why}")
    by = scheduler_of(settings, engine_of(turns))
    say(f"A scheduler runs: {by}." if by else "No scheduler runs: `baotinh schedule run` starts it.")


def schedule_next(
    number: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many.")] = NEXT,
) -> None:
    """Show the coming turns, the next one first; then those that are due already."""
    settings, sessions = open_archive()
    now = settings.clock.now()
    turns = _turns(settings, sessions)
    scheduled = turns.scheduled()
    if not scheduled:
        raise ArchiveError(NONE_SCHEDULED)
    by = scheduler_of(settings, engine_of(turns))
    owed = turns.owed(first_ones_wait=by is not None)
    coming = [turn for name, timing in scheduled.items() if (turn := next_turn(name, timing, now))]
    coming.sort(key=lambda turn: (turn.begins, turn.site))
    table = table_of("begins", "until", "night", "site")
    for turn in [*owed, *coming][:number]:
        begins = "due now" if turn in owed else f"{turn.begins:%Y-%m-%d %H:%M:%S}"
        table.add_row(begins, f"{turn.until:%H:%M}", f"{turn.night}", turn.site)
    out.print(table)
    if owed and by is None:
        hint("No scheduler runs; `baotinh schedule run` catches up what is due, `schedule run --once` does and ends.")


Until = Annotated[
    str, typer.Option("--until", metavar="DAY|INSTANT", help="YYYY-MM-DD, or YYYY-MM-DDTHH:MM; Vietnam's time.")
]


def schedule_pause(
    site: SiteId,
    until: Until = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept and shown.")] = "",
) -> None:
    """Leave a site out of the nights until a day begins, or until it is resumed. A crawl under way goes on."""
    find_site(site)
    end = instant(until) if until else None
    with _of_site(site) as (session, key, now):
        pause(session, key, now, end, reason)
        session.flush()
        words = _pause_words(paused(session, now)[site])
    say(f"{site} is {words}. To crawl it again: baotinh schedule resume {site}")


def schedule_resume(site: SiteId) -> None:
    """Let the nights crawl a paused site again."""
    with _of_site(site) as (session, key, now):
        was = resume(session, key, now)
    say(f"{site} is crawled every night again." if was else f"{site} was not paused.")


def schedule_now(site: SiteId) -> None:
    """Have the running scheduler crawl a site at once, beside its night's turn, within seconds."""
    find_site(site)
    settings, sessions = open_archive()
    with reading(sessions) as session:
        reasons = disabled(session)
    if site in reasons:
        raise ArchiveError(f"{site} is disabled ({reasons[site]}). To crawl it again: `baotinh sites enable {site}`")
    with sessions.begin() as session:
        want_run(session, site_row(session, site, settings.clock), settings.clock.now())
    by = scheduler_of(settings, engine_of(_turns(settings, sessions)))
    if by is not None:
        say(f"{site} is crawled as soon as the scheduler has a place free ({by}); `baotinh status` shows its runs.")
        return
    hint(
        f"No scheduler runs: {site} is crawled when one is started (`baotinh schedule run`). "
        f"To crawl it here and now: baotinh crawl {site}"
    )
    raise typer.Exit(FAILED)


def schedule_mute(site: SiteId, until: Until) -> None:
    """Tell nobody of a site until a day begins, whatever becomes of it; it is crawled all the same."""
    find_site(site)
    end = instant(until)
    with _of_site(site) as (session, key, now):
        mute(session, key, now, end)
    say(f"{site} is muted until {end:%Y-%m-%d %H:%M}. To be told of it again: baotinh schedule unmute {site}")


def schedule_unmute(site: SiteId) -> None:
    """Tell of a muted site again."""
    with _of_site(site) as (session, key, now):
        was = unmute(session, key, now)
    say(f"{site} is told of again." if was else f"{site} was not muted.")


@contextmanager
def _of_site(site: str) -> Iterator[tuple[Session, int, datetime]]:
    """A transaction on the archive, with the key of `site` in it and the current instant."""
    settings, sessions = open_archive()
    with sessions.begin() as session:
        yield session, site_row(session, site, settings.clock), settings.clock.now()


def instant(text: str) -> datetime:
    """The instant that ``--until`` names: a day's first moment, or a time of day, in Vietnam unless it says an offset.

    Raises ValueError with what is allowed.
    """
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return datetime.combine(date.fromisoformat(text), time(), ZONE)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--until {text!r}: give a day as YYYY-MM-DD, or an instant as YYYY-MM-DDTHH:MM") from None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def _turns(settings: Settings, sessions: Sessions) -> Turns:
    """For questions only."""
    return Turns(settings, sessions, Afterwards(judge=lambda run: None, tell=lambda night: None), hint)


def _planned(timing: Timing) -> str:
    if timing.cron is not None:
        return f"cron {timing.cron}"
    begin, end = timing.window
    return f"{begin:%H:%M}-{end:%H:%M}"


def _pause_words(one: Paused) -> str:
    until = f"until {one.until:%Y-%m-%d %H:%M}" if one.until else "until it is resumed"
    return f"paused {until}{f': {one.reason}' if one.reason else ''}"


def _run_words(run: RunRecord) -> str:
    return f"{run.started_at:%Y-%m-%d %H:%M} {run.outcome}"
