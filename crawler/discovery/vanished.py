"""What a source no longer names: told from what it named at our last look."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from archive.models import UrlKind


class Placed(NamedTuple):
    """An article where a source named it: its address, its key, and the date told of it, if any."""

    url: str
    key: str
    date: datetime | None = None


def vanished(before: Sequence[Placed], now: Collection[str]) -> list[Placed]:
    """What of `before`, in the order in which the source named it (newest first), is not in `now` and should be.

    `now` are the addresses that the walk of tonight met. What stood above an entry that is still named has not dropped
    off the end, as the oldest entries of a page or a rolling feed do: it was taken away or moved. Where nothing of
    `before` is left nothing is said, and neither where more is missing than is left: the source was made anew, or our
    last look is long ago. Entries that were pinned on top stand above newer ones; so one counts only where an entry
    below it that is still named is not newer. Where either has no date the order is taken as it is.
    """
    gone: list[Placed] = []
    left, undated, oldest = 0, False, None
    for one in reversed(before):
        if one.url in now:
            left += 1
            undated = undated or one.date is None
            oldest = min(filter(None, (oldest, one.date)), default=None)
        elif undated or (left and one.date is None) or (oldest and one.date and oldest <= one.date):
            gone.append(one)
    return gone[::-1] if len(gone) <= left else []


@dataclass
class Sightings:
    """What a run sees of its sources, and what they named at our last look: `before` and `now` by source.

    `looked` are the sources of which the former is known, or will be the next time, each with its kind.
    """

    looked: dict[str, UrlKind] = field(default_factory=dict)
    before: dict[str, Sequence[Placed]] = field(default_factory=dict)
    now: dict[str, set[str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def see(self, source: str, placed: Iterable[tuple[str, str]]) -> None:
        """Note the addresses and keys of articles that `source` names tonight."""
        seen = self.now.setdefault(source, set())
        for url, key in placed:
            seen.add(url)
            self.keys.add(key)

    def missing(self) -> tuple[list[str], list[str]]:
        """The addresses of articles that nothing names any more, and of those that are named under another one."""
        anywhere = set().union(*self.now.values())
        gone = [one for source, before in self.before.items() for one in vanished(before, self.now.get(source, ()))]
        gone = [one for one in dict.fromkeys(gone) if one.url not in anywhere]
        away = [one.url for one in gone if one.key not in self.keys]
        moved = [one.url for one in gone if one.key in self.keys]
        return list(dict.fromkeys(away)), list(dict.fromkeys(moved))
