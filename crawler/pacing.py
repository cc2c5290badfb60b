"""How far apart a site's requests begin: counted from when one was sent and answered, over slots and crawls.

Scrapy counts a delay from when a request leaves its queue, forgets it with a slot that idles for a minute and at the
end of the process. What lies in between is the server's to see: a first request that waits for name, connection and
handshake is sent later than it left the queue, and the next one would follow it too soon; so would the first one of a
crawl that follows on another. A server that took long to answer is left in peace as long afterwards as one that did not
(as by Nutch and Heritrix, which count from the end of an answer).
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler

from archive.settings import Settings

LEAST_DELAY = 0.001
"""Shortest delay of a slot in seconds: with none at all Scrapy sends all that wait for one connection at once."""


class Pace:
    """When a site was last asked for anything, and how many seconds it wants between two requests.

    Both are kept in the file `path`, for a crawl that follows, also on one that was killed. `clock` counts seconds; the
    system's monotonic clock is the same one for all processes, and begins anew with the machine.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._slot: Slot | None = None
        self._last, self._wanted = self._kept()

    def begin(self, slot: Slot) -> None:
        """Let `slot`, which was just made, go on where the one before it was, of this crawl or of an earlier one."""
        self._slot = slot
        slot.lastseen = self._last + max(0.0, self._wanted - _least(slot))

    def note(self) -> None:
        """Note that a request went out or its answer is over. Raises OSError if that cannot be written down."""
        self._last = self._clock()
        if self._slot is not None:
            self._slot.lastseen = self._last
            # What an earlier crawl knew holds until this one has read the rules.
            self._wanted = max(self._wanted, _least(self._slot))
        self._keep()

    def ruled(self) -> None:
        """Note that the site's rules are known, so that the slot's delay is what it wants. Raises OSError as `note`."""
        if self._slot is not None:
            self._wanted = _least(self._slot)
        self._keep()

    def _keep(self) -> None:
        # Of one length and in place, so that a kill leaves no half of it.
        line = f"{self._last:020.6f} {self._wanted:012.3f}\n".encode()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(file, line, 0)
        finally:
            os.close(file)

    def _kept(self) -> tuple[float, float]:
        last = wanted = 0.0
        # Nobody has asked before, or somebody has put something else there.
        with suppress(FileNotFoundError, ValueError):
            last, wanted = map(float, self._path.read_text(encoding="ascii").split())
        # A moment to come is of a time before the machine was started, so before 0.
        return (last if last <= self._clock() else 0.0), wanted


def _least(slot: Slot) -> float:
    """The shortest delay that a slot draws, in seconds."""
    return slot.delay * (1 - slot.jitter)


_OF_CRAWL: WeakKeyDictionary[Crawler, Pace] = WeakKeyDictionary()


def pace_of(crawler: Crawler) -> Pace:
    """The pace of the site that `crawler` crawls; its file is `asked_file`.

    Raises SettingsError for a wrong environment.
    """
    if crawler not in _OF_CRAWL:
        _OF_CRAWL[crawler] = Pace(asked_file(Settings.from_environment(), crawler.spidercls.name))
    return _OF_CRAWL[crawler]


def asked_file(settings: Settings, site: str) -> Path:
    """The file that tells when a site was last asked, with the locks of the data folder."""
    return settings.locks / f"{site}.asked"
