"""Processes that compute: tasks go out to them, what they give comes back as it is ready.

They die with the process that made them, however it dies, and at once when it ends in order; and of one that a task
killed it is known which. (The pools of the standard library leave orphans behind where the maker is killed, and do not
say at which task a process broke.)
"""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from archive.database import ArchiveError

Task = TypeVar("Task")
Given = TypeVar("Given", contravariant=True)
Answer = TypeVar("Answer")

AHEAD = 2
"""Tasks a worker has at once: one to work on, and one that waits, so that it never idles while we write."""


class Workers(Protocol[Given, Answer]):
    """Who computes; `busy` is how many tasks are out, `free` whether another would find somebody."""

    @property
    def busy(self) -> int:
        """How many tasks are out."""

    @property
    def free(self) -> bool:
        """Whether a further task would be worked on soon."""

    def give(self, task: Given) -> None:
        """Hand a task over."""

    def answers(self) -> list[Answer]:
        """Wait until something is ready, and give all that is. Not to be called while nothing is out."""


class Processes(Generic[Task, Answer]):
    """Context manager: `number` processes, forked on entering, that know all that this one knew then.

    Open no thread and no connection to a database before: a fork takes neither over. `told` puts a task into words,
    for the error that says at which one a process died.
    """

    def __init__(self, number: int, work: Callable[[Task], Answer], told: Callable[[Task], str] = str) -> None:
        self._number, self._work, self._told = number, work, told
        self._processes: list[BaseProcess] = []
        self._ours: list[Connection] = []
        self._out: dict[int, list[Task]] = {}

    def __enter__(self) -> "Processes[Task, Answer]":
        context = multiprocessing.get_context("fork")
        for number in range(self._number):
            ours, theirs = context.Pipe()
            self._ours.append(ours)
            # A later one must not hold an earlier one's line, or nobody would notice our end.
            process = context.Process(
                target=_serve, args=(theirs, list(self._ours), self._work), name=f"reader-{number}", daemon=True
            )
            process.start()
            theirs.close()
            self._processes.append(process)
            self._out[number] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing they do is kept anywhere, so there is nothing to end in order.
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for line in self._ours:
            line.close()

    @property
    def busy(self) -> int:
        """How many tasks are out."""
        return sum(map(len, self._out.values()))

    @property
    def free(self) -> bool:
        """Whether a further task would be worked on soon."""
        return any(len(tasks) < AHEAD for tasks in self._out.values())

    def give(self, task: Task) -> None:
        """Hand a task to whom has the least to do."""
        number = min(self._out, key=lambda one: len(self._out[one]))
        self._out[number].append(task)
        try:
            self._ours[number].send(task)
        except OSError:
            self._died(number)

    def answers(self) -> list[Answer]:
        """Wait until something is ready, and give all that is.

        Raises what a task raised, and ArchiveError if a process died, naming the task it was at.
        """
        ready: list[Any] = wait(self._ours)
        out = []
        for line in ready:
            number = self._ours.index(line)
            answer: Any = None
            try:
                answer = line.recv()
            except (EOFError, OSError):
                self._died(number)
            self._out[number].pop(0)
            if isinstance(answer, Exception):
                raise answer
            out.append(answer)
        return out

    def _died(self, number: int) -> None:
        process = self._processes[number]
        process.join(5)
        at = self._told(self._out[number][0]) if self._out[number] else "nothing"
        raise ArchiveError(
            f"a reading process died (exit code {process.exitcode}; -9 is often a lack of memory) at {at}; "
            "run again with fewer --workers: what was kept stays"
        )


def _serve(line: Connection, others: list[Connection], work: Callable[[Any], Any]) -> None:
    for other in others:
        other.close()
    # Ctrl+C reaches every process of a terminal; the one that made us says when it is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        # By a thread of its own, so that whoever gives a task never waits for one that is worked on; and so that
        # this process is gone as soon as the other is.
        while True:
            try:
                tasks.put(line.recv())
            except (EOFError, OSError):
                os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        task = tasks.get()
        try:
            answer = work(task)
        except Exception as error:
            answer = error
        line.send(answer)
