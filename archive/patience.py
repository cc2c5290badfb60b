"""Patience with a database that is away: what failed for that is done again, for a while.

A server is restarted, a network drops for a moment, another process writes for minutes: none of that is worth a
crawl. What is repeated is a whole transaction, from its beginning, for of one that failed nobody knows whether it
was committed: the answer may be what was lost. So whatever is done with patience may be done twice. What a crawl
writes may: its rows have unique keys, a capture that was read before by the same version changes nothing, and a
failure that counts twice only makes the next try a few hours later.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from archive.database import DatabaseAway

WAIT_SECONDS = 120.0
"""How long the database may be away: a server is restarted, or a machine is, in less."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds from a failure to the next try: twice as long each time, up to the longest."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Patience:
    """Calls what may be done twice until the database answers; of one thread at a time.

    `tell` hears in words, once it is back, how long the database was away.
    """

    def __init__(self, tell: Callable[[str], None] = lambda words: None) -> None:
        self._tell = tell
        self._over = threading.Event()

    def __call__(self, call: Callable[[], T]) -> T:
        """Give what `call` gives.

        Raises DatabaseAway once the database has been away for `WAIT_SECONDS` or `give_up` is called; from then on
        every call has one try. Whatever else `call` raises comes at once.
        """
        began, pause, last = None, FIRST_PAUSE, ""
        while True:
            try:
                out = call()
            except DatabaseAway as error:
                now = time.monotonic()
                began = now if began is None else began
                left = began + WAIT_SECONDS - now
                if left <= 0:
                    self._over.set()
                if self._over.is_set():
                    waited = now - began
                    raise DatabaseAway(
                        f"{error} (waited for it for {waited:.0f} s)" if waited else str(error)
                    ) from error
                if str(error) != last:
                    last = str(error)
                    _log.warning("waiting up to %.0f s for the database: %s", left, last)
                self._over.wait(min(pause, left))
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if began is not None:
                    words = f"the database was away for {time.monotonic() - began:.0f} s"
                    _log.warning("%s; going on", words)
                    self._tell(words)
                return out

    def give_up(self) -> None:
        """Wait no longer, now and from now on: the crawl is to end. From any thread."""
        self._over.set()
