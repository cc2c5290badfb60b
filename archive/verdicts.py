"""How sites stood after their runs: the verdicts as rows, what they were judged by, and which of them changed.

The rules are those of `schedules.health`; here is what is asked of the archive, and what is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select
from sqlalchemy.orm import Session

from archive.database import Sessions, reading
from archive.models import Extraction, Fingerprint, Health, NightReport, Run, RunOutcome, Site, StoredArticle, Verdict

_PAGE = 500
"""Keys that one query names: SQLite takes thousands, but plans such a query anew each time."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of a site that has ended, and the verdict on it (`health` None: it was not judged).

    `key` never leaves the program.
    """

    key: int
    night: date | None
    started_at: datetime
    outcome: RunOutcome
    reason: str | None
    counts: Mapping[str, Any]
    arguments: Mapping[str, Any]
    health: Health | None = None
    cause: str | None = None
    words: str = ""
    fields: tuple[str, ...] = ()
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one run as people see it; `since` is when the site was first judged so without a break."""

    site: str
    night: date | None
    judged_at: datetime
    health: Health
    cause: str | None
    fields: tuple[str, ...]
    words: str
    outcome: RunOutcome
    started_at: datetime
    counts: Mapping[str, Any]
    since: datetime | None = None

    @property
    def state(self) -> tuple[Health, str | None]:
        """What a change of state is a change of."""
        return self.health, self.cause


def write_verdict(
    session: Session, run_key: int, now: datetime, state: tuple[Health, str | None], fields: Sequence[str], words: str
) -> None:
    """Keep the verdict on a run; one that is there already is replaced, so that judging twice changes nothing.

    `state` is health and cause. Raises sqlalchemy.exc.NoResultFound if there is no such run.
    """
    run = session.get_one(Run, run_key)
    row = session.get(Verdict, run_key)
    if row is None:
        row = Verdict(run_id=run_key, site_id=run.site_id, judged_at=now)
        session.add(row)
    row.health, row.cause = state[0].value, state[1]
    row.fields, row.words = list(fields), words


def site_of_run(session: Session, run_key: int) -> tuple[int, str]:
    """The key and the id of the site of a run. Raises sqlalchemy.exc.NoResultFound if there is no such run."""
    query = select(Site.id, Site.name).join(Run, Run.site_id == Site.id).where(Run.id == run_key)
    key, name = session.execute(query).one()
    return key, name


def past_runs(session: Session, site_id: int, most: int, until: int | None = None) -> list[PastRun]:
    """The last runs of a site that have ended, at most so many, the newest first; none after the key `until`."""
    query = (
        select(Run, Verdict)
        .outerjoin(Verdict, Verdict.run_id == Run.id)
        .where(Run.site_id == site_id, Run.outcome != RunOutcome.RUNNING.value)
        .order_by(Run.id.desc())
        .limit(most)
    )
    if until is not None:
        query = query.where(Run.id <= until)
    return [_past_run(run, verdict) for run, verdict in session.execute(query)]


def _past_run(run: Run, verdict: Verdict | None) -> PastRun:
    return PastRun(
        key=run.id,
        night=run.night,
        started_at=run.started_at,
        outcome=RunOutcome(run.outcome),
        reason=run.reason,
        counts=run.counts,
        arguments=run.arguments,
        health=Health(verdict.health) if verdict else None,
        cause=verdict.cause if verdict else None,
        words=verdict.words if verdict else "",
        fields=tuple(verdict.fields) if verdict else (),
        finished_at=run.finished_at,
    )


def runs_well(session: Session, site_id: int, nights: int, before: int) -> list[PastRun]:
    """The runs of the last so many nights that were judged ok by a run before the key `before`, the newest first."""
    well = (
        select(Run.night)
        .join(Verdict, Verdict.run_id == Run.id)
        .where(Verdict.site_id == site_id, Verdict.run_id < before, Verdict.health == Health.OK.value)
        .where(Run.night.is_not(None))
        .order_by(Verdict.run_id.desc())
        .limit(nights)
    )
    query = (
        select(Run, Verdict)
        .outerjoin(Verdict, Verdict.run_id == Run.id)
        .where(Run.site_id == site_id, Run.id < before, Run.outcome != RunOutcome.RUNNING.value)
        .where(Run.night.in_(list(session.scalars(well))))
        .order_by(Run.id.desc())
    )
    return [_past_run(run, verdict) for run, verdict in session.execute(query)]


def first_night(session: Session, site_id: int) -> date | None:
    """The night of the first run of a site; None if that was made by hand, or there is none."""
    query = select(Run.night).where(Run.site_id == site_id).order_by(Run.started_at, Run.id).limit(1)
    return session.scalar(query)


def days_published(session: Session, site_id: int, since: datetime) -> list[date]:
    """The days from `since` on under which a site has published anything that is kept, the oldest first."""
    query = (
        select(Extraction.published_instant)
        .join(StoredArticle, StoredArticle.id == Extraction.article_id)
        .where(
            StoredArticle.site_id == site_id,
            Extraction.is_current,
            Extraction.published_instant.is_not(None),
            Extraction.published_instant >= since,
        )
    )
    return sorted({instant.date() for instant in session.scalars(query) if instant is not None})


def template_only(sessions: Sessions, captures: Sequence[int]) -> int:
    """How many articles were read from these captures of which all paragraphs recur on their site.

    `captures` are keys; their readings have to be in text groups already, as all are once they are saved.
    """
    with reading(sessions) as session:
        return sum(
            session.scalar(
                select(func.count(Extraction.id))
                .join(Fingerprint, (Fingerprint.text_id == Extraction.text_id) & (Fingerprint.shingles == 0))
                .where(Extraction.capture_id.in_(some), Extraction.outcome == "article")
            )
            or 0
            for some in (captures[at : at + _PAGE] for at in range(0, len(captures), _PAGE))
        )


# -- how sites stand ------------------------------------------------------------------------------
def standing(session: Session) -> dict[str, Judged]:
    """The last verdict on each site that was ever judged, by site id, with since when it stands so."""
    last = select(func.max(Verdict.run_id)).group_by(Verdict.site_id)
    now = {one.site: one for one in _judged(session, _VERDICTS.where(Verdict.run_id.in_(last)))}
    since = _since(session)
    return {name: replace(one, since=since.get(name)) for name, one in now.items()}


def _since(session: Session) -> dict[str, datetime]:
    """By site id, when the first verdict of the row of equal ones was given that ends with the last one."""
    state = Verdict.health + ":" + func.coalesce(Verdict.cause, "")
    before = func.lag(state).over(partition_by=Verdict.site_id, order_by=Verdict.run_id)
    rows = select(Verdict.run_id, Verdict.site_id, state.label("state"), before.label("before")).cte()
    began = (
        select(func.max(rows.c.run_id))
        .where(rows.c.before.is_(None) | (rows.c.before != rows.c.state))
        .group_by(rows.c.site_id)
    )
    query = select(Site.name, Verdict.judged_at).join(Site, Site.id == Verdict.site_id).where(Verdict.run_id.in_(began))
    return dict(session.execute(query).all())


def of_night(session: Session, night: date) -> dict[str, list[Judged]]:
    """The verdicts that the report of a night tells, by site id, in the order of the runs.

    They are those that were given since the report before, whatever night they are of, and by the time of this one.
    Where there is no report before, those on the runs of the night.
    """
    told = _told_before(session, night)
    until = session.scalar(select(func.min(NightReport.reported_at)).where(NightReport.night >= night))
    query = _VERDICTS.where(Verdict.judged_at > told if told else Run.night == night).order_by(Run.id)
    if until:
        query = query.where(Verdict.judged_at <= until)
    out: dict[str, list[Judged]] = {}
    for one in _judged(session, query):
        out.setdefault(one.site, []).append(one)
    return out


def before_night(session: Session, night: date) -> dict[str, Judged]:
    """The verdict on each site, by site id, that was told last in the reports before that of `night`, or had been.

    Of a site that was muted they told nothing: it stands as before its mute.
    """
    told = _told_before(session, night)
    last = select(func.max(Verdict.run_id)).join(Run, Run.id == Verdict.run_id)
    last = last.where(Verdict.judged_at <= told if told else Run.night < night)
    query = _VERDICTS.where(Verdict.run_id.in_(last.group_by(Verdict.site_id)))
    out = {one.site: one for one in _judged(session, query)}
    reports = select(NightReport.reported_at, NightReport.muted).where(NightReport.night < night)
    muted: set[str] | None = None
    for at, names in session.execute(reports.order_by(NightReport.night.desc())):
        now = set(names) if muted is None else muted & set(names)
        for site in (muted or set()) - now:
            out.pop(site, None)
            mine = _VERDICTS.where(Site.name == site, Verdict.judged_at <= at).order_by(Run.id.desc()).limit(1)
            out |= {one.site: one for one in _judged(session, mine)}
        muted = now
        if not muted:
            break
    for site in muted or ():
        out.pop(site, None)
    return out


def _told_before(session: Session, night: date) -> datetime | None:
    return session.scalar(select(func.max(NightReport.reported_at)).where(NightReport.night < night))


def crawled_in(session: Session, night: date) -> set[str]:
    """The sites that a night has begun to crawl, by site id."""
    return set(session.scalars(select(Site.name).join(Run, Run.site_id == Site.id).where(Run.night == night)))


def nights_since(session: Session, night: date, site: str | None = None) -> dict[str, list[Judged]]:
    """The verdicts on all runs of nights from `night` on by site id, in the order of the runs."""
    query = _VERDICTS.where(Run.night >= night).order_by(Run.id)
    out: dict[str, list[Judged]] = {}
    for one in _judged(session, query if site is None else query.where(Site.name == site)):
        out.setdefault(one.site, []).append(one)
    return out


def _judged(session: Session, query: Select[Any]) -> Iterator[Judged]:
    for row in session.execute(query):
        yield _judged_row(row)


def _judged_row(row: Row[Any]) -> Judged:
    return Judged(
        site=row.name,
        night=row.night,
        judged_at=row.judged_at,
        health=Health(row.health),
        cause=row.cause,
        fields=tuple(row.fields),
        words=row.words,
        outcome=RunOutcome(row.outcome),
        started_at=row.started_at,
        counts=row.counts,
    )


_VERDICTS = (
    select(
        Site.name,
        Run.night,
        Run.outcome,
        Run.started_at,
        Run.counts,
        Verdict.judged_at,
        Verdict.health,
        Verdict.cause,
        Verdict.fields,
        Verdict.words,
    )
    .select_from(Verdict)
    .join(Run, Run.id == Verdict.run_id)
    .join(Site, Site.id == Verdict.site_id)
)


# -- reports --------------------------------------------------------------------------------------
def report_of(session: Session, night: date) -> str | None:
    """The report of a night as it was told; None if it has not been."""
    row = session.get(NightReport, night)
    return row.words if row else None


def write_report(session: Session, night: date, now: datetime, words: str, muted: Iterable[str] = ()) -> bool:
    """Keep the report of a night as it is told, without a word on `muted`; False if there is one."""
    if session.get(NightReport, night) is not None:
        return False
    session.add(NightReport(night=night, reported_at=now, words=words, muted=sorted(muted)))
    return True


def drop_report(session: Session, night: date) -> None:
    """Say that a night was not told, since nobody could be."""
    session.execute(delete(NightReport).where(NightReport.night == night))


def last_night(session: Session) -> date | None:
    """The latest night that any site was crawled in; None if there was none."""
    return session.scalar(select(func.max(Run.night)))
