"""Writing a folder aside and putting it in place when it is whole.

A manifest in the folder lists what the export owns there, so that the next one takes away exactly
that, and nothing which somebody else put there is ever written over or removed.
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.export.selection import ExportError

_PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote: articles, texts, and the entries at the top of its folder.

    Where a format writes no text of its own, `texts` counts the objects that have one. `template_only` counts the
    articles left out since their extraction failed, `not_compared` the texts whose text group is not known yet.
    """

    articles: int
    texts: int
    template_only: int
    not_compared: int
    entries: tuple[str, ...]


class Staging:
    """The folder an export of one format is put in, and the one beside it where it is written.

    `inside` matches the paths, relative to the folder, of the files the format writes in subfolders.
    """

    def __init__(self, folder: Path, format_name: str, inside: str) -> None:
        self._folder, self._format, self._inside = folder, format_name, re.compile(inside)
        self._manifest = f"manifest-{format_name}.json"
        self.partial = folder

    @contextmanager
    def open(self, places: list[str]) -> Iterator[Path]:
        """Give the folder to write in. `places` are the entries that may be written.

        Raises ExportError if one of them is taken by something this format did not write, if
        another export is at work in the folder, or if it cannot be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder, os.O_RDONLY)
        except OSError as error:
            raise ExportError(f"{self._folder}: is no folder that can be made ({error.strerror})") from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ExportError(f"{self._folder}: another export is writing there; wait until it ends") from None
            for stale in self._folder.glob(f"{_PARTIAL}*"):
                shutil.rmtree(stale, ignore_errors=True)
            self._refuse_foreign([*places, self._manifest])
            self.partial = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL}{self._format}-", dir=self._folder))
            yield self.partial
        except OSError as error:
            free = shutil.disk_usage(self._folder).free // 2**20
            raise ExportError(
                f"{error.filename or self._folder}: cannot be written ({error.strerror}; {free} MiB free); "
                "what was exported before is unchanged"
            ) from error
        finally:
            if self.partial != self._folder:
                shutil.rmtree(self.partial, ignore_errors=True)
            os.close(lock)

    def finish(self, filters: dict[str, Any], counts: dict[str, int]) -> tuple[str, ...]:
        """Put what was written in place of what the last export left; give its entries."""
        entries = sorted(entry.name for entry in self.partial.iterdir())
        owned = self._owned()
        self._refuse_foreign(entries)
        old = self.partial / ".old"
        old.mkdir()
        # Cut short from here on, the folder is mixed, but the next export knows all of it as its own.
        self._write_manifest(filters, counts, sorted({*owned, *entries}))
        for name in sorted({*owned, *entries}):
            if (self._folder / name).exists():
                (self._folder / name).rename(old / name)
            if name in entries:
                (self.partial / name).rename(self._folder / name)
        self._write_manifest(filters, counts, entries)
        return tuple(entries)

    def _write_manifest(self, filters: dict[str, Any], counts: dict[str, int], entries: list[str]) -> None:
        manifest = {"format": self._format, "filters": filters, "counts": counts, "entries": entries}
        text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        aside = self.partial / self._manifest
        aside.write_text(text, encoding="utf-8", newline="\n")
        aside.replace(self._folder / self._manifest)

    def _owned(self) -> list[str]:
        """The entries that the last export of this format left, as its manifest says."""
        path = self._folder / self._manifest
        if not path.exists():
            return []
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            written, entries = manifest["format"], manifest["entries"]
        except (OSError, ValueError, KeyError, TypeError):
            written, entries = None, None
        if written != self._format or not isinstance(entries, list) or not all(map(_is_entry, entries)):
            raise ExportError(f"{path}: was not written by an export; move it away or export to another folder")
        return entries

    def _refuse_foreign(self, places: list[str]) -> None:
        owned = {*self._owned(), self._manifest}
        for name in places:
            path = self._folder / name
            if name not in owned and os.path.lexists(path):
                raise ExportError(
                    f"{path}: is in the way and was not written by this export; move it away or export to "
                    "another folder"
                )
        for name in sorted(owned):
            for path in sorted((self._folder / name).rglob("*")):
                relative = path.relative_to(self._folder).as_posix()
                if not path.is_dir() and not self._inside.fullmatch(relative):
                    raise ExportError(
                        f"{path}: was not written by this export, which would remove it; move it away or "
                        "export to another folder"
                    )


def _is_entry(name: object) -> bool:
    """Whether `name` can be an entry of the folder: one file or folder in it, and none that is hidden."""
    return isinstance(name, str) and Path(name).name == name and not name.startswith(".")
