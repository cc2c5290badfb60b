"""How much room is left on the disks that a crawl writes to."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.database import ArchiveError
from archive.settings import KEEP_FREE


class NoRoom(ArchiveError):
    """A disk has less room than is to be left free; the message names it and says what to do."""


def free_bytes(folder: Path) -> int:
    """How many bytes a process may still write to the disk of `folder`. Raises OSError."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Room:
    """Keeps `keep_free` bytes free on the disks of `folders`, as `free` tells of each."""

    keep_free: int
    folders: tuple[Path, ...]
    free: Callable[[Path], int] = free_bytes

    def check(self) -> None:
        """Raise NoRoom if less is free on one of the disks."""
        for folder in self.folders:
            free = self.free(folder)
            if free < self.keep_free:
                raise NoRoom(
                    f"{folder}: {free // 2**20} MiB are free on its disk, and {KEEP_FREE} leaves "
                    f"{self.keep_free // 2**20} MiB free; make room there (`baotinh captures usage` says what captures "
                    "take) or set it lower"
                )


NO_LIMIT = Room(0, ())
"""Leaves nothing free."""
