"""The way in of a running crawl: what comes in is written together, by a thread of its own.

To make a page durable takes two waits for the disk, one for its capture and one for its rows; made page by
page they took most of a crawl's time. So what has come in meanwhile goes to the disk as one (group commit:
DeWitt et al., SIGMOD 1984). Nobody is told that a page is kept before it is.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from sqlalchemy.orm import Session

from archive.captures import CaptureError, CaptureWriter, Location, Sent
from archive.database import DatabaseFailed
from archive.store import Kept, NewCapture, Outcome, Read, Store

MOST_AT_ONCE = 32
"""Jobs in one transaction at the most, so that other writers get their turn."""


@dataclass(eq=False)
class _Job:
    """Rows to write, after the record of `sent` where there is one."""

    put: Callable[[Session], Any]
    sent: Sent | None = None
    location: Location | None = None
    done: Future[Any] = field(default_factory=Future)


class Intake:
    """Context manager: takes in captures and what was read from them, and tells when they are kept.

    What is handed over is written in that order. Errors come to whom handed it over, and only there: a page
    that cannot be stored does not harm those written with it.
    """

    def __init__(self, store: Store, captures: CaptureWriter) -> None:
        self._store, self._captures = store, captures
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def keep(self, sent: Sent, described: Callable[[Location], NewCapture]) -> "Future[Kept]":
        """Write a response's capture and its row.

        `described` makes the row from the place of the record. The future may raise CaptureError, ArchiveError
        or SQLAlchemy's DBAPIError.
        """
        job = _Job(lambda session: self._store.put_capture(session, described(_place(job))), sent)
        self._jobs.put(job)
        return job.done

    def save(self, read: Read) -> "Future[Outcome]":
        """Store what was read from a capture, as `Store.save` does."""
        job = _Job(lambda session: self._store.put(session, read))
        self._jobs.put(job)
        return job.done

    def close(self) -> None:
        """Write what was handed over, then end the thread."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def __enter__(self) -> "Intake":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        ended = False
        while not ended:
            given = [self._jobs.get()]
            while len(given) < MOST_AT_ONCE and not self._jobs.empty():
                given.append(self._jobs.get())
            ended = None in given
            self._write([job for job in given if job is not None])

    def _write(self, jobs: list[_Job]) -> None:
        with_record = [job for job in jobs if job.sent is not None]
        try:
            places = self._captures.append_all([job.sent for job in with_record if job.sent is not None])
        except Exception as error:
            for job in with_record:
                job.done.set_exception(error)
            jobs = [job for job in jobs if job.sent is None]
        else:
            for job, place in zip(with_record, places, strict=True):
                job.location = place
        self._commit(jobs)

    def _commit(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            with self._store.writing() as session:
                results = [job.put(session) for job in jobs]
        except Exception as error:
            # The database itself fails for all; else it is one of them, and alone each tells which.
            if len(jobs) == 1 or isinstance(error, DatabaseFailed):
                for job in jobs:
                    job.done.set_exception(error)
            else:
                for job in jobs:
                    self._commit([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done.set_result(result)


def _place(job: _Job) -> Location:
    if job.location is None:
        raise CaptureError("a capture was to be acknowledged before it was written")
    return job.location
