"""The command line run in the process of the tests: to start Python and import the program takes seconds of CPU."""

import io
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from unittest.mock import patch

from sqlalchemy import Connection, Engine, event

import baotinh
from commands import common

WIDTH = 200
"""Columns of the consoles, which looked for a terminal when they were made: whatever the tests run in."""


def run_within(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `python -m baotinh` with these arguments and this environment writes, and the code that it ends with.

    Crawls are children of it all the same, as they are of the program.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), _surroundings(arguments, environment), _connections_closed():
        try:
            baotinh.main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code or 0
        except Exception:
            # As the interpreter tells of it.
            traceback.print_exc()
            code = 1
    if not isinstance(code, int):
        err.write(f"{code}\n")
        code = 1
    said, told = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))
    return subprocess.CompletedProcess(["baotinh", *arguments], code, said, told)


@contextmanager
def _surroundings(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[None]:
    """The arguments, the environment and the signals of a process of its own, for a while."""
    argv, environ = sys.argv, dict(os.environ)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        sys.argv = ["baotinh", *arguments]
        os.environ.clear()
        os.environ.update(environment)
        with ExitStack() as patches:
            for console in (common.out, common.err):
                patches.enter_context(patch.multiple(console, _width=WIDTH, _color_system=None))
            yield
    finally:
        sys.argv = argv
        os.environ.clear()
        os.environ.update(environ)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Close what is open of databases at the end, as the end of a process does."""
    engines: set[Engine] = set()

    def note(connection: Connection) -> None:
        engines.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", note)
        for engine in engines:
            engine.dispose()
