"""The lock between those who read whole capture files and those who replace them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.database import ArchiveError


@contextmanager
def keeping_captures(locks: Path, doing: str, *, shared: bool) -> Iterator[None]:
    """Hold the capture files of a data folder: `shared` to read what stands in them, else to replace it.

    Appending needs no lock, since what stands in a file stays. `locks` is the folder of lock files. Raises
    ArchiveError if another process holds them in a way that excludes this; `doing` says what cannot be done.
    """
    locks.mkdir(parents=True, exist_ok=True)
    path = locks / "captures.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            readers = "a backup is being made, or captures are being verified or purged"
            other = "captures are being purged" if shared else readers
            raise ArchiveError(
                f"{doing} now: {other} (by the process that holds {path}); wait until that ends"
            ) from error
        yield
