"""Reading captures again against trafilatura on the whole pages of the same captures: pages a second, by the clock."""

import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from trafilatura import bare_extraction

from archive.captures import CaptureWriter, Sent
from archive.clock import Clock
from archive.database import Sessions, open_engine, session_factory, upgrade
from archive.kept import known_end
from archive.ledger import Found, Ledger
from archive.readings import Readings, Scope
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import NewCapture, Read, Store
from crawler.reading import read_pages
from crawler.rereading import Job, page_at, reread, work_of
from crawler.sites import site_of
from crawler.workers import Processes
from tests.bench.measure import Row, in_turn, row
from tests.bench.pages import Sample, sample_pages

CORES = min(2, os.cpu_count() or 1)
SIZES = (60_000, 90_000, 120_000)
"""Bytes of the pages: what provincial portals send (saved pages have 60 to 150 KB)."""

PAGES, ROUNDS = 1_200, 3
OTHER = 48
"""Of so many captures trafilatura reads one, or the bench would take minutes."""


def measure() -> list[Row]:
    """Read all captures again as a new version, each round as the next, beside trafilatura on a share of them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings.from_environment({"BAOTINH_DATA": folder})
        engine = open_engine(settings.database_url)
        upgrade(engine)
        sessions = session_factory(engine)
        kb = fill(settings, sessions, PAGES)
        versions = iter(range(2, 100))
        ours = partial(_ours, settings, sessions, versions)
        pairs = list(in_turn(ROUNDS, ours, partial(_reference, settings, sessions)))
        engine.dispose()
    what = f"{PAGES} captures ({kb:.0f} KB) read and written, {CORES} processes; trafilatura text only, not written"
    return [row(what, "pages/s", pairs, 5.0)]


def _ours(settings: Settings, sessions: Sessions, versions: Iterator[int]) -> float:
    readings = Readings(sessions, str(next(versions)), settings.clock)
    sessions.kw["bind"].dispose()
    with Processes(CORES, work_of(settings.captures)) as processes:
        began = time.perf_counter()
        report = reread(readings, Scope(), processes)
        spent = time.perf_counter() - began
    assert not report.failures, report.failures[:3]
    return report.read / spent


def _whole_pages(folder: Path, jobs: Sequence[Job]) -> int:
    for job in jobs:
        bare_extraction(page_at(folder, job.due.place).body, url=job.due.place.url)
    return len(jobs)


def _reference(settings: Settings, sessions: Sessions) -> float:
    due = [one for some in Readings(sessions, "0", settings.clock).due(Scope()) for one in some][::OTHER]
    sessions.kw["bind"].dispose()
    with Processes[list[Job], int](CORES, partial(_whole_pages, settings.captures)) as processes:
        began = time.perf_counter()
        for one in due:
            processes.give([Job(one)])
        done = 0
        while processes.busy:
            done += sum(processes.answers())
        return done / (time.perf_counter() - began)


def fill(settings: Settings, sessions: Sessions, number: int) -> float:
    """Capture so many pages, each an article of its own, and read them as version 1; gives their mean size in KB."""
    samples = [sample for size in SIZES for sample in sample_pages(size) if _key(sample)]
    sizes = 0
    by_site: dict[str, list[Sample]] = {}
    for place in range(number):
        sample = samples[place % len(samples)]
        spider = site_of(sample.url)
        key = _key(sample)
        url = sample.url.replace(key, f"1{place:0{len(key) - 1}}")
        by_site.setdefault(spider.name, []).append(replace(sample, url=url))
        sizes += len(sample.body)
    for pages in by_site.values():
        _fill_site(settings, sessions, pages)
    return sizes / number / 1000


def _key(sample: Sample) -> str:
    """The number in a page's address that is its article's key; "" where that is none, or the site is unknown."""
    try:
        key = site_of(sample.url).article_key(sample.url) or ""
    except ValueError:
        return ""
    return key if re.fullmatch(r"\d+", key) else ""


def _fill_site(settings: Settings, sessions: Sessions, pages: Sequence[Sample]) -> None:
    spider, clock = site_of(pages[0].url), Clock()
    record = SiteRecord(spider.name, spider.title, spider.family, tuple(spider.hosts), spider.province)
    with sessions.begin() as session:
        site_id = register_site(session, record, clock)
    store, ledger = Store(sessions, site_id, clock), Ledger(sessions, site_id, clock)
    with CaptureWriter(settings.captures, spider.name, clock, lambda file: known_end(sessions, file)) as writer:
        for start in range(0, len(pages), 50):
            some = pages[start : start + 50]
            headers = [[("Content-Type", one.content_type)] for one in some]
            now = clock.now()
            sent = [Sent(one.url, 200, head, one.body, now) for one, head in zip(some, headers, strict=True)]
            places = writer.append_all(sent)
            new = [
                NewCapture(place, one.url, one.url, 200, head, now)
                for place, one, head in zip(places, some, headers, strict=True)
            ]
            found = [Found(spider.canonical_url(one.url), spider.article_key(one.url) or "", "") for one in some]
            ledger.see(found)
            with store.writing() as session:
                kept = store.add_captures(session, new)
                reads = [
                    Read(one, read_pages(spider, told, [page.page()], now)[0], told.url, "1", (), told)
                    for one, told, page in zip(kept, found, some, strict=True)
                ]
                store.save(session, reads)
