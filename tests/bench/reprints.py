"""Text groups of generated news against the truth: how many merged pairs are right, how many wanted ones are found."""

import math
import random
import re
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from archive.database import Sessions, open_engine, reading, session_factory, upgrade
from archive.models import Extraction, Reprint, StoredArticle, TextGroup
from archive.settings import Settings
from tests.bench.intake import Filling, batches, number_of
from tests.bench.measure import Unfit
from tests.bench.stories import REPRINTS, SITES, Kind, Text

TEXTS = 20_000
LEAST_JACCARD = 0.7
"""Pairs of one story that share so many of their 5-syllable shingles are wanted."""

LEAST_RECALL = 0.999
SAME_TEXT = "same text"
"""The method of a pair of articles whose texts are the same to the letter."""

_EXAMPLES = 5
_TONES = "\u0300\u0301\u0303\u0309\u0323"

Shingles = NDArray[np.uint64]
Pair = tuple[int, int]


# -- the truth ------------------------------------------------------------------------------------


def folded(words: str) -> list[str]:
    """The syllables of some words, in lower case, with the tone mark behind each, and without punctuation."""
    return [_folded(syllable) for syllable in re.findall(r"\w+", words.lower())]


@cache
def _folded(syllable: str) -> str:
    return "".join(sorted(unicodedata.normalize("NFD", syllable), key=lambda mark: mark in _TONES))


class Numbering:
    """Numbers for shingles: equal shingles have one, and that two others meet in 64 bits need not be feared."""

    def __init__(self) -> None:
        chosen = random.Random(0)
        self._of_syllable: dict[str, int] = defaultdict(lambda: chosen.getrandbits(64))
        self._places = [np.uint64(chosen.getrandbits(64) | 1) for _ in range(5)]

    def shingles(self, words: str) -> Shingles:
        """The distinct 5-syllable shingles of some words, sorted; a shorter text is one shingle."""
        syllables = np.array([self._of_syllable[one] for one in folded(words)], dtype=np.uint64)
        size = min(5, len(syllables))
        made = np.zeros(len(syllables) - size + 1, dtype=np.uint64)
        for place in range(size):
            made += syllables[place : place + len(made)] * self._places[place]
        return np.unique(made)


def alike(sets: Sequence[Shingles], least: float = LEAST_JACCARD) -> dict[Pair, float]:
    """Every pair of sets whose Jaccard similarity is at least this, by their places.

    Two such sets share one of those elements of each that come first in some order, up to its size less the smallest
    overlap (prefix filtering: Chaudhuri et al., ICDE 2006). The order is by rarity, so that few others share any.
    """
    values, times = np.unique(np.concatenate(sets), return_counts=True)
    index: dict[int, list[int]] = defaultdict(list)
    out = {}
    for place, own in enumerate(sets):
        often = times[np.searchsorted(values, own)]
        order = np.lexsort((own, often))[: len(own) - math.ceil(least * len(own) - 1e-9) + 1]
        first = own[order[often[order] > 1]].tolist()
        for other in sorted({other for one in first for other in index[one]}):
            shared = len(np.intersect1d(own, sets[other], assume_unique=True))
            jaccard = shared / (len(own) + len(sets[other]) - shared)
            if jaccard >= least:
                out[other, place] = jaccard
        for one in first:
            index[one].append(place)
    return out


def wanted_pairs(texts: Sequence[Text]) -> dict[Pair, float]:
    """The pairs of texts of one story that are alike, without the lines of their sites, by their numbers.

    Bulletins of one site are alike too, and wanted apart. Raises Unfit if any other texts of two stories are alike.
    """
    numbering = Numbering()
    found = alike([numbering.shingles("\n".join(one.core)) for one in texts])
    out = {}
    for (a, b), jaccard in found.items():
        one, other = texts[a], texts[b]
        if one.story == other.story:
            out[one.number, other.number] = jaccard
        elif not (one.kind is other.kind is Kind.BULLETIN and one.site == other.site):
            raise Unfit(f"texts {one.number} and {other.number} are alike, but of two stories: the truth is none")
    return out


# -- the groups -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the groups of some texts are worth.

    `wrong` are the merged pairs that are of two stories, `missed` the wanted ones that are apart; `merged` and `wanted`
    count all such pairs.
    """

    merged: int
    wrong: Sequence[Pair]
    wanted: int
    missed: Sequence[Pair]

    @property
    def precision(self) -> float:
        """The share of the merged pairs that are of one story."""
        return 1 - len(self.wrong) / self.merged if self.merged else 1.0

    @property
    def recall(self) -> float:
        """The share of the wanted pairs that are merged."""
        return 1 - len(self.missed) / self.wanted if self.wanted else 1.0


def judge(texts: Sequence[Text], group_of: Mapping[int, int], wanted: Iterable[Pair]) -> Verdict:
    """Hold groups, given as one for each text's number, against the truth; a text without one is merged with none."""
    stories = {one.number: one.story for one in texts}
    members: dict[int, list[int]] = defaultdict(list)
    for number in sorted(group_of):
        members[group_of[number]].append(number)
    merged = [pair for some in members.values() for pair in combinations(some, 2)]
    wrong = [(a, b) for a, b in merged if stories[a] != stories[b]]
    asked = list(wanted)
    missed = [(a, b) for a, b in asked if a not in group_of or group_of[a] != group_of.get(b)]
    return Verdict(len(merged), wrong, len(asked), missed)


def groups_in(sessions: Sessions) -> dict[int, int]:
    """The group of each text, by its number."""
    query = (
        select(StoredArticle.key, TextGroup.canonical_id)
        .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
        .join(TextGroup, TextGroup.text_id == Extraction.text_id)
    )
    with reading(sessions) as session:
        return {number_of(key): group for key, group in session.execute(query)}


def methods_in(sessions: Sessions) -> Counter[str]:
    """How many pairs of texts there is evidence for, by its method, and pairs of articles of the same text."""
    times = select(func.count().label("n")).where(Extraction.is_current).group_by(Extraction.text_id).subquery()
    found = Counter[str]()
    with reading(sessions) as session:
        for name, number in session.execute(select(Reprint.method, func.count()).group_by(Reprint.method)):
            found[name] = number
        found[SAME_TEXT] = int(session.scalar(select(func.sum(times.c.n * (times.c.n - 1) / 2))) or 0)
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict, with the texts it is on, how many pairs each method found, and each wanted pair's similarity."""

    texts: Sequence[Text]
    verdict: Verdict
    methods: Counter[str]
    wanted: Mapping[Pair, float]
    groups: Mapping[int, int]

    def check(self) -> None:
        """Raise Unfit, with examples, if a pair was merged wrongly or too many of the wanted ones are apart."""
        found = self.verdict
        if found.wrong:
            examples = "; ".join(self._shown(pair) for pair in found.wrong[:_EXAMPLES])
            raise Unfit(f"{len(found.wrong)} of {found.merged} merged pairs are of two stories: {examples}")
        if found.recall < LEAST_RECALL:
            examples = "; ".join(self._shown(pair) for pair in found.missed[:_EXAMPLES])
            raise Unfit(f"{len(found.missed)} of {found.wanted} wanted pairs are apart: {examples}")

    def _shown(self, pair: Pair) -> str:
        known = {one.number: one for one in self.texts if one.number in pair}
        told = " and ".join(f"{SITES[known[n].site].name} {n} ({known[n].kind})" for n in pair)
        return f"{told}, Jaccard {self.wanted[pair]:.3f}" if pair in self.wanted else told

    def found_of_kind(self) -> dict[Kind, tuple[int, int]]:
        """For each kind of reprint how many there are, and how many are in the group of their original."""
        original = {one.story: one.number for one in self.texts if one.kind is Kind.ORIGINAL}
        counts: Counter[tuple[Kind, bool]] = Counter()
        for one in self.texts:
            if one.kind in REPRINTS or one.kind is Kind.CHAINED:
                group = self.groups.get(one.number)
                counts[one.kind, group is not None and group == self.groups.get(original[one.story])] += 1
        kinds = {kind for kind, _ in counts}
        return {kind: (counts[kind, True] + counts[kind, False], counts[kind, True]) for kind in Kind if kind in kinds}


def measure(texts: Sequence[Text], progress: Callable[[str], None] = lambda _: None) -> Report:
    """Take generated texts into an archive on SQLite and hold its text groups against the truth."""
    progress("the pairs that are alike")
    wanted = wanted_pairs(texts)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = open_engine(Settings.from_environment({"BAOTINH_DATA": folder}).database_url)
        upgrade(engine)
        sessions = session_factory(engine)
        filling, done = Filling(sessions), 0
        for some in batches(texts):
            filling.write(some)
            done += len(some)
            progress(f"{done:,} of {len(texts):,} texts")
        groups, methods = groups_in(sessions), methods_in(sessions)
        engine.dispose()
    return Report(texts, judge(texts, groups, wanted), methods, wanted, groups)


def show(report: Report, console: Console) -> None:
    """Print precision and recall, the pairs of each method, and what became of each kind of reprint."""
    found = report.verdict
    console.print(
        f"precision {found.precision:.4f}: {len(found.wrong):,} of {found.merged:,} merged pairs are of two stories\n"
        f"recall {found.recall:.4f}: {len(found.missed):,} of {found.wanted:,} pairs with a Jaccard similarity of "
        f"{LEAST_JACCARD} or more are apart\n"
        f"pairs by method: {', '.join(f'{name} {times:,}' for name, times in sorted(report.methods.items()))}",
        highlight=False,
    )
    title = f"Reprints among {len(report.texts):,} generated texts"
    table = Table("kind", "reprints", "in their original's group", "share", title=title, title_justify="left")
    for kind, (of, right) in report.found_of_kind().items():
        table.add_row(str(kind), f"{of:,}", f"{right:,}", f"{right / of:.4f}")
    console.print(table)
