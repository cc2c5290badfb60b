"""Reading captures again with the extractor as it is now: no site is asked, no page is fetched."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from scrapy.http import Request
from sqlalchemy.exc import DBAPIError

from archive.article import Article, Rejection
from archive.captures import CaptureError, read_capture
from archive.clock import VIETNAM, Clock
from archive.database import ArchiveError, DatabaseFailed, Sessions, reading
from archive.decoding import decoded
from archive.ledger import Found
from archive.readings import Change, Due, Effect, Place, Readings, Reread, Scope
from archive.sites import site_key
from crawler.declaration import SiteDeclaration
from crawler.extraction.page import Page
from crawler.extraction.read import version_of
from crawler.reading import other_addresses, read_pages
from crawler.sites import all_sites
from crawler.workers import Workers

AT_ONCE = 16
"""Captures in one task: a tenth of a second of work."""

WRITTEN_TOGETHER = 64
"""Readings in one transaction: one wait for the disk serves them all, and other writers still get their turn."""

SAMPLES = 5
"""Samples kept of a field's changes."""


@dataclass(frozen=True, slots=True)
class Job:
    """A capture to read, and where the article's further pages stand that are known of."""

    due: Due
    further: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job: a reading; or a further page to look for (`more`); or why it cannot be read (`failure`)."""

    job: Job
    reread: Reread | None = None
    more: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One change as a person judges it: a field's value before and after; a text's is its words."""

    url: str
    before: Any
    after: Any


@dataclass
class Report:
    """What reading again did, or would do.

    `effects` and `fields` count pages, `refused` counts by reason those that the new version refuses while an article
    is kept, `missing` those left alone because a further page of theirs was never captured. `failures` says why a
    capture could not be read or kept.
    """

    effects: Counter[Effect] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    missing: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many captures were dealt with."""
        return self.effects.total() + len(self.missing) + len(self.failures)

    def add(self, change: Change, reread: Reread) -> None:
        """Count one page."""
        self.effects[change.effect] += 1
        samples: list[tuple[str, Any, Any]] = []
        if change.effect is Effect.KEPT:
            self.refused[change.reason or ""] += 1
            detail = reread.result.detail if isinstance(reread.result, Rejection) else ""
            samples.append((str(Effect.KEPT), "an article", f"{change.reason}: {detail}"))
        elif change.effect is Effect.ARTICLE_NOW and isinstance(reread.result, Article):
            samples.append((str(Effect.ARTICLE_NOW), change.reason, reread.result.title))
        for name, before, after in change.fields:
            self.fields[name] += 1
            words = reread.result.text if name == "text" and isinstance(reread.result, Article) else after
            samples.append((name, before, words))
        for name, before, after in samples:
            known = self.samples[name]
            if len(known) < SAMPLES and all(one.url != change.url for one in known):
                known.append(Sample(change.url, before, after))


def readings_of(sessions: Sessions, clock: Clock) -> Readings:
    """The captures that the extractor, with the layouts of each site as they are declared now, has yet to read."""
    with reading(sessions) as session:
        keys = {name: site_key(session, name) for name, site in all_sites().items() if site.edition}
    versions = {key: version_of(all_sites()[name].edition) for name, key in keys.items() if key is not None}
    return Readings(sessions, version_of(0), clock, versions)


def page_at(folder: Path, place: Place) -> Page:
    """The page that a capture holds, as a crawl saw it. Raises CaptureError if it cannot be read."""
    record = read_capture(folder, place.location, place.holder)
    kinds = [value for name, value in record.headers if name.lower() == "content-type"]
    return Page(place.url, decoded(record.headers, record.payload), kinds[-1] if kinds else "")


def read_again(folder: Path, jobs: Sequence[Job]) -> list[Answer]:
    """Read captures of one file, in any process: writes nothing, asks no database."""
    return [_read_one(folder, job) for job in jobs]


def _read_one(folder: Path, job: Job) -> Answer:
    due = job.due
    site = all_sites().get(due.site)
    if site is None:
        return Answer(job, failure=f"{due.place.url}: this program has no spider {due.site}, whose layouts it needs")
    try:
        return _read_pages(site, job, [page_at(folder, place) for place in (due.place, *job.further)])
    except CaptureError as error:
        return Answer(job, failure=f"{due.place.url}: {error}")
    except Exception as error:
        # Whatever a page does to a layout or a library: it is told, and costs no other. Raised, it would end this run
        # and every later one at the same page.
        where = f"{due.place.location.file} at {due.place.location.offset}"
        words = f"cannot be read ({type(error).__name__}: {error}); its capture is {where}; please report this"
        return Answer(job, failure=f"{due.place.url}: {words}")


def _read_pages(site: type[SiteDeclaration], job: Job, pages: Sequence[Page]) -> Answer:
    due = job.due
    final = due.place.url
    address = site.canonical_url(final) if site.article_key(final) else due.url
    key = site.article_key(address) or ""
    unheard = Found(address, key, "", section=site.section_of(address), listed=site.date_in_url(address))
    found = due.found or unheard
    result, more = read_pages(site, found, pages, due.fetched_at)
    if more is not None:
        # The address as it was asked for.
        return Answer(job, more=Request(more).url)
    return Answer(job, Reread(due, result, found, other_addresses(site, found, final)))


def reread(
    readings: Readings,
    scope: Scope,
    workers: Workers[Sequence[Job], list[Answer]],
    *,
    dry_run: bool = False,
    tell: Callable[[int], None] = lambda read: None,
) -> Report:
    """Read the captures that wait and keep what they give, or with `dry_run` only say what would change.

    `tell` hears how many are done. What ends it early loses nothing: what was kept is read no more the next time.
    Raises DatabaseFailed if the archive cannot be written to.
    """
    report = Report()
    keep = readings.compare if dry_run else readings.save
    tasks = _tasks(readings, scope)
    waiting: dict[int, list[Reread]] = defaultdict(list)

    def hand_out() -> bool:
        """Give everybody something to do; False once nothing more waits."""
        while workers.free:
            task = next(tasks, None)
            if task is None:
                return False
            workers.give(task)
        return True

    more_to_come = hand_out()
    while more_to_come or workers.busy:
        answers = [answer for some in workers.answers() for answer in some]
        # Before anything is written, so that nobody idles meanwhile.
        more_to_come = more_to_come and hand_out()
        for answer in answers:
            if answer.failure is not None:
                report.failures.append(answer.failure)
            elif answer.more is not None:
                place = readings.further(answer.job.due, answer.more)
                if place is None:
                    report.missing.append(answer.job.due.place.url)
                else:
                    workers.give([Job(answer.job.due, (*answer.job.further, place))])
            elif answer.reread is not None:
                waiting[answer.job.due.site_id].append(answer.reread)
        for site_id, rereads in waiting.items():
            if len(rereads) >= WRITTEN_TOGETHER or not (more_to_come or workers.busy):
                _keep(keep, site_id, rereads, report)
                rereads.clear()
        tell(report.read)
    return report


def _tasks(readings: Readings, scope: Scope) -> Iterator[list[Job]]:
    for due in readings.due(scope):
        for start in range(0, len(due), AT_ONCE):
            yield [Job(one) for one in due[start : start + AT_ONCE]]


def _keep(
    keep: Callable[[int, Sequence[Reread]], list[Change]], site_id: int, rereads: Sequence[Reread], report: Report
) -> None:
    """Keep readings; if one of them cannot be kept, the others are all the same."""
    try:
        changes = keep(site_id, rereads)
    except (ArchiveError, ValueError, DBAPIError) as error:
        if isinstance(error, DatabaseFailed):
            raise
        if len(rereads) == 1:
            report.failures.append(f"{rereads[0].due.place.url}: {error}")
            return
        for one in rereads:
            _keep(keep, site_id, [one], report)
        return
    for change, one in zip(changes, rereads, strict=True):
        report.add(change, one)


def captures_of(jobs: Sequence[Job]) -> str:
    """The captures of a task in words, for whoever has to go around one: address and time in Vietnam of each."""
    each = (f"{job.due.place.url} captured {job.due.fetched_at.astimezone(VIETNAM):%Y-%m-%d %H:%M}" for job in jobs)
    return "one of these pages, which --start and --end can go around: " + ", ".join(each)


def work_of(folder: Path) -> Callable[[Sequence[Job]], list[Answer]]:
    """The work of one process on the captures in `folder`."""
    # Loaded before the processes are made, once for all of them.
    all_sites()
    return partial(read_again, folder)
