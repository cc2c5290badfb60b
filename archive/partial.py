"""Folders in which one process makes a file, however many make one of that name; what killed ones left is removed."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PREFIX = ".partial-backup-"
_LOCK = "lock"


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent` that is this process's alone, and remove it with all that is left in it.

    Others that no process holds any more are removed first. Raises OSError.
    """
    for other in sorted(parent.glob(f"{_PREFIX}*")):
        _remove_abandoned(other)
    folder, lock = _made(parent)
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(parent: Path) -> tuple[Path, IO[str]]:
    """A folder and the lock in it, held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        try:
            lock = (folder / _LOCK).open("a")
            _hold(lock)
            if os.path.samestat(os.fstat(lock.fileno()), (folder / _LOCK).stat()):
                return folder, lock
            lock.close()
        except FileNotFoundError:
            # Before it was held, another process took it for abandoned.
            continue
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _hold(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        # Disks of other machines may have no locks: then nobody can hold one, and nobody removes anything.
        if error.errno not in (errno.ENOTSUP, errno.ENOLCK):
            raise


def _remove_abandoned(folder: Path) -> None:
    try:
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        # Another process works in it or has just removed it, or it is another user's: it is not ours to remove.
        return
