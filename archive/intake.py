"""The way in of a running crawl: what comes in is written together, by a thread of its own.

To make a page durable takes two waits for the disk, one for its capture and one for its rows; made page by
page they took most of a crawl's time. So what has come in meanwhile goes to the disk as one (group commit:
DeWitt et al., SIGMOD 1984). Nobody is told that a page is kept before it is.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, TypeVar

from archive.captures import REVISIT_FROM, CaptureWriter, Location, Sent
from archive.database import DatabaseFailed
from archive.patience import Patience
from archive.room import NO_LIMIT, Room
from archive.store import Kept, NewCapture, Outcome, Read, Store

T = TypeVar("T")

MOST_AT_ONCE = 100
"""Jobs in one transaction at the most, so that other writers get their turn: a fifth of a second."""


@dataclass(eq=False)
class _Keep:
    """A response to keep; `new` is its row once its record is written."""

    sent: Sent
    described: Callable[[Location], NewCapture]
    new: NewCapture | None = None
    done: "Future[Kept]" = field(default_factory=Future)


@dataclass(eq=False)
class _Save:
    """What was read from a capture that is kept."""

    read: Read
    done: "Future[Outcome]" = field(default_factory=Future)


@dataclass(eq=False)
class _Call:
    """Something else that is asked of the database, in a transaction of its own."""

    call: Callable[[], Any]
    done: "Future[Any]" = field(default_factory=Future)


_Job = _Keep | _Save | _Call


class Intake:
    """Context manager: takes in captures and what was read from them, and tells when they are kept.

    Captures are written in the order in which they are handed over, and so is what was read. Errors come to whom
    handed it over, and only there: a page that cannot be stored does not harm those written with it. Here a
    database that is away is waited for with `patience`, so that no other thread has to.
    """

    def __init__(
        self, store: Store, captures: CaptureWriter, room: Room = NO_LIMIT, patience: Patience | None = None
    ) -> None:
        self._store, self._captures, self._room = store, captures, room
        self.patience = patience or Patience()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def keep(self, sent: Sent, described: Callable[[Location], NewCapture]) -> "Future[Kept]":
        """Write a response's capture and its row.

        `described` makes the row from the place of the record. The future may raise CaptureError, NoRoom, ArchiveError
        or SQLAlchemy's DBAPIError.
        """
        job = _Keep(sent, described)
        self._jobs.put(job)
        return job.done

    def save(self, read: Read) -> "Future[Outcome]":
        """Store what was read from a capture, as `Store.save` does; the future may raise what that raises."""
        job = _Save(read)
        self._jobs.put(job)
        return job.done

    def do(self, call: Callable[[], T]) -> "Future[T]":
        """Run `call`, which may be run twice (see `archive.patience`); the future may raise what it raises."""
        job = _Call(call)
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
            # From here on none can be cancelled; one that was is wanted by nobody.
            self._write([job for job in given if job is not None and job.done.set_running_or_notify_cancel()])

    def _write(self, jobs: list[_Job]) -> None:
        # First, since discovery waits for them.
        for job in jobs:
            if isinstance(job, _Call):
                self._run_call(job)
        keeping = [job for job in jobs if isinstance(job, _Keep)]
        try:
            # What was read from captures that are kept is written all the same: it is little, and else due again.
            if keeping:
                self._room.check()
            places = self._captures.append_all(self._with_earlier([job.sent for job in keeping]))
            for job, place in zip(keeping, places, strict=True):
                job.new = job.described(place)
        except Exception as error:
            for job in keeping:
                job.done.set_exception(error)
            keeping = []
        self._commit(keeping, [job for job in jobs if isinstance(job, _Save)])

    def _with_earlier(self, responses: list[Sent]) -> list[Sent]:
        """The responses with what is kept of their addresses already, if it is worth referring to."""
        urls = {one.url for one in responses if len(one.body) >= REVISIT_FROM}
        if not urls:
            return responses
        holders = self.patience(lambda: self._store.holders(urls))
        return [
            replace(one, earlier=holders.get(one.url)) if len(one.body) >= REVISIT_FROM else one for one in responses
        ]

    def _run_call(self, job: _Call) -> None:
        try:
            out = self.patience(job.call)
        except Exception as error:
            job.done.set_exception(error)
        else:
            job.done.set_result(out)

    def _commit(self, keeping: list[_Keep], saving: list[_Save]) -> None:
        if not keeping and not saving:
            return
        try:
            kept, outcomes = self.patience(lambda: self._transaction(keeping, saving))
        except Exception as error:
            # The database itself fails for all; else it is one of them, and alone each tells which.
            if len(keeping) + len(saving) == 1 or isinstance(error, DatabaseFailed):
                waiting: list[Future[Any]] = [*(job.done for job in keeping), *(job.done for job in saving)]
                for done in waiting:
                    done.set_exception(error)
            else:
                for one in keeping:
                    self._commit([one], [])
                for other in saving:
                    self._commit([], [other])
        else:
            for one, capture in zip(keeping, kept, strict=True):
                one.done.set_result(capture)
            for other, outcome in zip(saving, outcomes, strict=True):
                other.done.set_result(outcome)

    def _transaction(self, keeping: list[_Keep], saving: list[_Save]) -> tuple[list[Kept], list[Outcome]]:
        with self._store.writing() as session:
            new = [job.new for job in keeping if job.new is not None]
            kept = self._store.add_captures(session, new) if new else []
            return kept, self._store.save(session, [job.read for job in saving])
