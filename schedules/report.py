"""The report of a night: ten lines at most, however many sites there are, and whom it is sent to.

A site is told of when its state, which is health and cause, is another than after the night before; not every night.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from archive.database import DatabaseFailed, Sessions, reading
from archive.models import Health
from archive.schedule import muted, paused
from archive.settings import Settings
from archive.sites import disabled, first_checks
from archive.verdicts import Judged, before_night, crawled_in, drop_report, of_night, report_of, standing, write_report
from crawler.extraction.text import visible
from crawler.sites import all_sites
from schedules import notify
from schedules.causes import next_step, state_words
from schedules.plan import start_of

LINES = 10
"""Most lines of a report: what is read on a telephone before breakfast."""

NAMES = 4
"""Most sites that a line names; it counts the others."""

WIDTH = 300
"""Most characters of a line."""

REASON = 120
"""Most characters of what a line says of a site, so that the next step has room: it may quote what a server said."""

WORST_FIRST = tuple(Health)
"""Healths in the order in which they are told."""


@dataclass(frozen=True)
class NightFacts:
    """What is known of a night: verdicts by site, each site's last one and its runs.

    `before` are the last verdicts of the nights before, `since` is when a site that is not well began to be as it is.
    `missing` are the sites that were due and did not run. Of `muted` ones nothing is told.
    """

    night: date
    runs: Mapping[str, Sequence[Judged]]
    before: Mapping[str, Judged]
    since: Mapping[str, datetime]
    missing: Sequence[str] = ()
    paused: Sequence[str] = ()
    disabled: Sequence[str] = ()
    muted: frozenset[str] = frozenset()

    @property
    def last(self) -> dict[str, Judged]:
        """The verdict on each site that ran; the last one, for a run that was lost is made again."""
        return {site: runs[-1] for site, runs in self.runs.items()}

    @property
    def changed(self) -> list[Judged]:
        """The sites whose state is another than before, the worst first; those that are well (again) last.

        One that is well from the beginning has not changed.
        """
        return [one for site, one in self._worst_first() if self._was(site) != one.state and site not in self.muted]

    @property
    def still(self) -> list[Judged]:
        """The sites that are not well, as before."""
        return [
            one
            for site, one in self._worst_first()
            if one.health is not Health.OK and self._was(site) == one.state and site not in self.muted
        ]

    @property
    def is_news(self) -> bool:
        """Whether anybody needs to be told: a state has changed, or a site did not run."""
        return bool(self.changed or self.missing)

    def _was(self, site: str) -> tuple[Health, str | None]:
        return self.before[site].state if site in self.before else (Health.OK, None)

    def _worst_first(self) -> list[tuple[str, Judged]]:
        return sorted(self.last.items(), key=lambda one: (WORST_FIRST.index(one[1].health), one[1].cause or "", one[0]))


def night_report(sessions: Sessions, settings: Settings, night: date) -> str:
    """The report of a night in at most `LINES` lines, as things are known now. Raises ArchiveError as a query does."""
    return words_of(facts_of(sessions, settings, night))


def tell_night(sessions: Sessions, settings: Settings, night: date) -> bool:
    """Keep the report of a night, once, and send it to BAOTINH_NOTIFY if it has news; says whether it was sent.

    It is written down as told before it is sent, so that whatever ends the process no report is sent twice; one that is
    ended in between is not sent. If it cannot be sent it counts as not told, and the next call tries again. If it
    cannot be written down, this process sends it once. Raises schedules.notify.NotTold if nobody could be told,
    SettingsError for an address that is none, DatabaseFailed if it could not be written down.
    """
    with reading(sessions) as session:
        if report_of(session, night) is not None:
            return False
    now = settings.clock.now()
    facts = facts_of(sessions, settings, night)
    words, is_news = words_of(facts), bool(settings.notify and facts.is_news)
    once = settings.database_url, night
    try:
        with sessions.begin() as session:
            if not write_report(session, night, now, words, facts.muted):
                return False
    except DatabaseFailed:
        if is_news and once not in _SENT:
            _SENT.add(once)
            try:
                _send(settings, words)
            except Exception:
                _SENT.discard(once)
                raise
        raise
    if not is_news or once in _SENT:
        return False
    try:
        _send(settings, words)
    except Exception:
        with sessions.begin() as session:
            drop_report(session, night)
        raise
    return True


_SENT: set[tuple[str, date]] = set()
"""The nights, by database, whose reports this process has sent without being able to write that down."""


def _send(settings: Settings, words: str) -> None:
    title, _, rest = words.partition("\n")
    notify.send(settings.notify, title, rest or title)


def facts_of(sessions: Sessions, settings: Settings, night: date) -> NightFacts:
    """What the archive knows of a night."""
    now = settings.clock.now()
    with reading(sessions) as session:
        runs, before = of_night(session, night), before_night(session, night)
        closed, off = paused(session, now), disabled(session)
        states, checks = standing(session), first_checks(session)
        begun, quiet = crawled_in(session, night), muted(session, now)
        due = {
            name: start
            for name, site in all_sites().items()
            if name in checks and name not in off and name not in closed
            if (start := start_of(name, night, site.timing)) is not None and checks[name] <= start <= now
        }
        return NightFacts(
            night=night,
            runs=runs,
            before=before,
            since={site: one.since for site, one in states.items() if one.since and one.since.date() <= night},
            missing=sorted(due.keys() - begun - quiet.keys()),
            paused=tuple(sorted(closed)),
            disabled=tuple(sorted(off)),
            muted=frozenset(quiet),
        )


# -- words ----------------------------------------------------------------------------------------
def words_of(facts: NightFacts) -> str:
    """The report in words: totals, changed sites worst first with cause and next step, then what else there is."""
    head, tail = _totals(facts), _rest(facts)
    bad = [one for one in facts.changed if one.health is not Health.OK]
    lines = [*head, *_told(bad, LINES - len(head) - len(tail)), *tail]
    return "\n".join(_cut(line) for line in lines)


def _totals(facts: NightFacts) -> list[str]:
    last, counts = facts.last, Counter[str]()
    for runs in facts.runs.values():
        for run in runs:
            counts.update({name: run.counts.get(name, 0) for name in ("new", "revised", "gone", "requests")})
    healths = Counter(one.health for one in last.values())
    stand = ", ".join(f"{healths[one]} {one}" for one in (Health.OK, *WORST_FIRST[:-1]) if healths[one])
    numbers = f"{counts['new']:,} new, {counts['revised']:,} revised, {counts['gone']:,} gone"
    return [
        f"Báo Tỉnh, night of {facts.night}: {_counted(len(last), 'site')} crawled{f': {stand}' if stand else ''}",
        f"{numbers}; {counts['requests']:,} requests",
    ]


def _told(changed: Sequence[Judged], room: int) -> list[str]:
    """A line for each changed site; if there are too many, for all that stand alike."""
    if len(changed) <= room:
        return [
            f"{_state(one)}: {one.site}: {_cut(one.words, REASON)}. Next: {next_step(one.cause, one.site)}"
            for one in changed
        ]
    alike: dict[str, list[Judged]] = {}
    for one in changed:
        alike.setdefault(_state(one), []).append(one)
    lines = [
        f"{state}: {_counted(len(those), 'site')}: {_names(one.site for one in those)}. "
        f"Next: {next_step(those[0].cause, 'SITE')}"
        for state, those in alike.items()
    ]
    if len(lines) <= room:
        return lines
    left = sum(len(those) for those in list(alike.values())[room - 1 :])
    return [*lines[: room - 1], f"and {_counted(left, 'site')} more: baotinh status"]


def _rest(facts: NightFacts) -> list[str]:
    """What is told without a line for each site: at most four lines."""
    well = [one.site for one in facts.changed if one.health is Health.OK]
    out = [f"well again: {_names(well, lambda site: f'{site} (was {_state(facts.before[site])})')}"] if well else []
    if facts.still:
        since = {one.site: f"{one.site} ({_state(one)}{_since(facts.since.get(one.site))})" for one in facts.still}
        out.append(f"not well as before: {_names(since, since.__getitem__)}")
    if facts.missing:
        out.append(
            f"not crawled: {_names(facts.missing)}. Next: baotinh schedule list, and look at the scheduler's log"
        )
    left = [(facts.paused, "paused"), (facts.disabled, "disabled"), (sorted(facts.muted), "muted")]
    if any(names for names, _ in left):
        out.append("; ".join(f"{what}: {_names(names)}" for names, what in left if names))
    return out


def _state(one: Judged) -> str:
    return state_words(one.health, one.cause, one.fields)


def _since(instant: datetime | None) -> str:
    return f" since {instant:%Y-%m-%d}" if instant else ""


def _names(sites: Iterable[str], form: Callable[[str], str] = str) -> str:
    every = list(sites)
    named = ", ".join(form(site) for site in every[:NAMES])
    return f"{named} and {len(every) - NAMES} more" if len(every) > NAMES else named


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _cut(line: str, width: int = WIDTH) -> str:
    # Words may be a server's.
    line = " ".join(visible(line).split())
    return line if len(line) <= width else f"{line[: width - 3]}..."
