"""The rules: when two texts are versions of one story, and which of a story's texts is the canonical one.

All of it follows from the texts and from where and when they were printed, never from the order in which they came.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from archive.fingerprint import Hashes
from archive.models import ReprintMethod

JACCARD = 0.7
"""From this Jaccard similarity of their shingles on, two texts are versions of one story. On 816 real articles of 17
portals no pair lay between .5 and .7; on made ones .5 merged bulletins of different days (precision .71 to .93)."""

CONTAINMENT = 0.8
"""From this share of the shorter's shingles on, two texts are: a reprint that was cut. Found 8 % of real reprints."""

LEAST_SHINGLES = 30
"""Shingles that the shorter must have, lest two captions or set phrases make a pair."""

LEAST_LENGTH = 0.25
"""The shorter by the longer, in shingles: a notice within a weekly digest is not the digest. Asked of credited reprints
too: without it, of 4,500 articles two texts of 50 shingles passed for versions of ones eight times as long."""

CREDITED = 0.5
"""From this share of the shorter's shingles on, two texts are if one credits the other's site, or both one source. Real
reprints are reworded and cut: true pairs share 30 % of their 3-grams (NEWS-COPY, Silcock et al., ICLR 2023)."""

DAYS_BEFORE, DAYS_AFTER = 10, 1
"""How long before, and after, an article that credits it the original was published. After: clocks and time zones of
sites differ, and a day is often all that is known."""

FIGURES_KEPT, LEAST_FIGURES = 0.5, 4
"""The share of the fewer numbers that two texts of different days must have in common, and from how many on. A
service's bulletins are printed by many sites: one of the day before would join those of two days on one site. Of 1,900
pairs of reworded reprints it parted none (measured)."""


@dataclass(frozen=True, slots=True)
class Printing:
    """One article that carries a text: its site, when it was published, whom it credits.

    `day` is the ordinal of the day in Vietnam, `latest` the last instant at which it may have been published (both None
    without a trustworthy date), `credits` are the sites of the archive that go by the name of `source`, `figures` the
    numbers in its title.
    """

    site: int
    day: int | None
    latest: datetime | None
    source: str | None
    credits: frozenset[int]
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A text as it is compared: the hash and the shingles (sorted) of its core, where it was printed.

    `figures` are the numbers of the whole text, in order, `core_figures` those of its core.
    """

    id: int
    core_hash: int
    shingles: Hashes
    figures: tuple[str, ...]
    core_figures: tuple[str, ...]
    printings: tuple[Printing, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why two texts are versions of one story, and what was measured."""

    method: ReprintMethod
    jaccard: float
    containment: float


def compare(one: Version, other: Version) -> Evidence | None:
    """The evidence that two texts, in either order, are versions of one story; None if there is none."""
    shorter, longer = sorted((one, other), key=lambda version: len(version.shingles))
    least, most = len(shorter.shingles), len(longer.shingles)
    # First, since of a daily bulletin every earlier one is proposed.
    if not least or _other_edition(one, other) or _other_news(one, other):
        return None
    shared = len(np.intersect1d(shorter.shingles, longer.shingles, assume_unique=True))
    jaccard, containment = shared / (least + most - shared), shared / least
    comparable = least >= LEAST_SHINGLES and least >= LEAST_LENGTH * most
    if one.core_hash == other.core_hash:
        method = ReprintMethod.EQUAL
    elif jaccard >= JACCARD:
        method = ReprintMethod.JACCARD
    elif comparable and containment >= CONTAINMENT:
        method = ReprintMethod.CONTAINMENT
    elif comparable and containment >= CREDITED and _credited(one.printings, other.printings):
        method = ReprintMethod.CREDITED
    else:
        return None
    return Evidence(method, jaccard, containment)


def expected_jaccard(least: NDArray[np.int64], most: NDArray[np.int64], containment: float) -> NDArray[np.float64]:
    """The Jaccard similarity of pairs of sets, of so many shingles, that share this part of the smaller one's."""
    shared = containment * least
    similarity: NDArray[np.float64] = shared / (least + most - shared)
    return similarity


def in_window(article: Printing, original: Printing) -> bool:
    """Whether an article that credits it may be a reprint of the other, by their dates."""
    if article.day is None or original.day is None:
        return True
    return -DAYS_BEFORE <= original.day - article.day <= DAYS_AFTER


def _credited(one: Sequence[Printing], other: Sequence[Printing]) -> bool:
    return any(_credits(a, b) or _credits(b, a) or _same_source(a, b) for a in one for b in other)


def _credits(article: Printing, original: Printing) -> bool:
    return article.site != original.site and original.site in article.credits and in_window(article, original)


def _same_source(one: Printing, other: Printing) -> bool:
    # On one site they may be two bulletins of one service, and the same story meets itself without a credit.
    named = one.source is not None and one.source == other.source and one.site != other.site
    # A paper that signs all that it prints names no source.
    named = named and one.site not in one.credits and other.site not in other.credits
    return named and (in_window(one, other) or in_window(other, one))


def _other_edition(one: Version, other: Version) -> bool:
    """Whether two texts of one site are editions of different days, such as two weather bulletins.

    Bulletins, prices and programmes differ in their numbers alone, in the text or in the title; of a story that was
    printed again the shorter version has none that the longer one has not, in the same order. Asked of whole texts, for
    what recurs in bulletins is no part of their cores and may well be a price.
    """
    pairs = [(a, b) for a in one.printings for b in other.printings if a.site == b.site]
    different = [(a, b) for a, b in pairs if a.day is None or b.day is None or a.day != b.day]
    if not different or len(different) < len(pairs):
        return False
    return not _agree(one.figures, other.figures) or not any(_agree(a.figures, b.figures) for a, b in different)


def _other_news(one: Version, other: Version) -> bool:
    """Whether two texts, of whichever sites, are such editions: not of one day, with most numbers different.

    Asked less strictly than within a site, for who prints another's report may cut it and round its numbers; and of
    cores, for each site has numbers of its own in what stands below all of its articles.
    """
    days = {a.day for a in one.printings} & {b.day for b in other.printings}
    if days - {None}:
        return False
    least = min(len(one.core_figures), len(other.core_figures))
    shared = (Counter(one.core_figures) & Counter(other.core_figures)).total()
    return least >= LEAST_FIGURES and shared < FIGURES_KEPT * least


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the fewer numbers all stand among the others, in their order."""
    fewer, more = sorted((one, other), key=len)
    rest = iter(more)
    return all(figure in rest for figure in fewer)


def groups(versions: Mapping[str, Sequence[Printing]], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The canonical text of each text, given by their ids with their printings and the pairs that have evidence.

    The canonical text of a story is the earliest by date among those that credit no other of its texts; an undated one
    is it only where none is dated. Every member has evidence with the canonical text, or with the text of the source it
    credits, which is a member: a chain of texts that differ more and more never becomes one story.
    """
    beside: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        beside[one].add(other)
        beside[other].add(one)
    sources = {one: {other for other in beside[one] if _attributes(versions[one], versions[other])} for one in versions}
    # Of two that credit each other neither says which was first.
    sources = {one: {other for other in named if one not in sources[other]} for one, named in sources.items()}
    out: dict[str, str] = {}
    for canonical in sorted(versions, key=lambda one: _rank(one, versions[one], bool(sources[one]))):
        if canonical in out:
            continue
        out[canonical] = canonical
        waiting = [one for one in beside[canonical] if one not in out]
        while waiting:
            out |= dict.fromkeys(waiting, canonical)
            waiting = [
                one
                for one in {near for member in waiting for near in beside[member]} - out.keys()
                if any(out.get(source) == canonical for source in sources[one])
            ]
    return out


def _attributes(one: Collection[Printing], other: Collection[Printing]) -> bool:
    """Whether a text was printed with a credit to a site that printed the other, and not this text itself."""
    own = {printing.site for printing in one}
    return any(_credits(a, b) for a in one if not a.credits & own for b in other)


def _rank(id_: str, printings: Collection[Printing], attributed: bool) -> tuple[bool, bool, float, str]:
    """What sorts the texts of a story by how likely each is the original, the likeliest first."""
    dates = [printing.latest.timestamp() for printing in printings if printing.latest is not None]
    return (not dates, attributed, min(dates, default=0.0), id_)
