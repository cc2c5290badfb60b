"""Compare readings of pages with the truth about them, measure by measure.

Truth and readings have the form of a golden (tests/goldens/reading.py). Nothing here reads a file or a page.
A refused article has no value right and every line lost.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crawler.onboarding.goldens import Golden

SHINGLE = 4
"""Words in a shingle, the unit in which texts are compared: order counts, and one wrong word costs little."""

SAID = 0.5
"""Share of a line's shingles from which another text says that line, cut or joined elsewhere."""

DIGITS = 4
"""Decimals that are kept of a sum of shares."""

FIELDS_AT_WILL = ("lead", "author", "affiliation", "source_credit", "section")
"""The fields that an article may lack."""

_WORD = re.compile(r"\w+")
_BULLET = re.compile(r"[-–•*+·]\s+")

Judge = Callable[[Golden, Golden], tuple[float, int]]
"""Takes the truth and a reading; gives what counts and out of how many."""


@dataclass(frozen=True)
class Measure:
    """One thing that a reading gets right or, if `wrong`, does wrong: then the fewer the better.

    It is measured on articles, or on the `others`: pages that are no articles.
    """

    judge: Judge
    wrong: bool = False
    others: bool = False


@dataclass(frozen=True)
class Score:
    """What was counted over all pages, out of how many, and the pages that are not all right."""

    amount: float
    of: int
    pages: tuple[str, ...] = ()


def score(pages: Iterable[tuple[str, Golden | None, Golden]]) -> dict[str, Score]:
    """Every measure over `pages`: name, truth (None: the page is no article) and reading of each."""
    known = list(pages)
    return {name: _sum(known, measure) for name, measure in MEASURES.items()}


def _sum(pages: Sequence[tuple[str, Golden | None, Golden]], measure: Measure) -> Score:
    amount, total, bad = 0.0, 0, []
    for name, truth, reading in pages:
        if (truth is None) is not measure.others:
            continue
        counted, of = measure.judge(truth or {}, reading)
        amount, total = amount + counted, total + of
        if counted > 0 if measure.wrong else counted < of:
            bad.append(name)
    return Score(round(amount, DIGITS), total, tuple(bad))


# -- words ----------------------------------------------------------------------------------------
def plain(text: str | None) -> str | None:
    """A value in NFC with single spaces, for comparing; None stays None."""
    return None if text is None else unicodedata.normalize("NFC", " ".join(text.split()))


def lines_of(reading: Golden) -> list[str]:
    """The lines of a reading's body without bullets and cell borders, which are no words."""
    lines = (line for _, text in reading["blocks"] or () for line in text.split("\n"))
    return [said for line in lines if (said := plain(_BULLET.sub("", line.strip(), count=1).replace("|", " ")))]


def f1(said: Sequence[str], meant: Sequence[str]) -> float:
    """How much two texts have in common: the harmonic mean of precision and recall over shingles."""
    mine, theirs = (Counter(_shingles(_words(lines), SHINGLE)) for lines in (said, meant))
    if not mine and not theirs:
        return 1.0
    return 2 * (mine & theirs).total() / (mine.total() + theirs.total())


def unsaid(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those of `lines` that `others` do not say.

    A line is said by an equal one, each by its own, or by what no equal line claims, if that has at least
    `SAID` of its shingles. So a caption said twice is unsaid once, and a joined paragraph is said.
    """
    words = _words((Counter(others) - Counter(lines)).elements())
    return [line for line in (Counter(lines) - Counter(others)).elements() if not _is_said(line, words)]


def _is_said(line: str, words: list[str]) -> bool:
    own = _words([line])
    size = min(SHINGLE, len(own))
    if not size:
        return False
    mine, theirs = _shingles(own, size), set(_shingles(words, size))
    return sum(one in theirs for one in mine) >= SAID * len(mine)


def _words(lines: Iterable[str]) -> list[str]:
    return _WORD.findall(" ".join(lines).lower())


def _shingles(words: list[str], size: int) -> list[tuple[str, ...]]:
    """Every run of `size` words; of a text that has fewer, the whole."""
    if len(words) < size:
        return [tuple(words)] if words else []
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


# -- judges ---------------------------------------------------------------------------------------
def is_kept(reading: Golden) -> bool:
    """Whether the page was read as an article."""
    return reading["rejection"] is None


def _article(right: Callable[[Golden, Golden], float]) -> Judge:
    """One judgement an article; a refused one is wrong."""
    return lambda truth, reading: (float(right(truth, reading)) if is_kept(reading) else 0.0, 1)


def _field(name: str) -> Judge:
    """The articles that have this field: whether it was read word for word."""

    def judge(truth: Golden, reading: Golden) -> tuple[float, int]:
        return truth[name] is not None and plain(reading[name]) == plain(truth[name]), truth[name] is not None

    return judge


def _captions(truth: Golden, reading: Golden) -> tuple[float, int]:
    known, read = (Counter(map(plain, one["captions"] or ())) for one in (truth, reading))
    return (known & read).total(), known.total()


def _instant(digits: int, precisions: tuple[str, ...]) -> Judge:
    """The articles whose date is known so exactly: whether as many digits of it were read."""

    def judge(truth: Golden, reading: Golden) -> tuple[float, int]:
        known, read = truth["published"], reading["published"]
        if known is None or known["precision"] not in precisions:
            return 0, 0
        exact = read is not None and read["precision"] in precisions
        return exact and read["instant"][:digits] == known["instant"][:digits], 1

    return judge


def _invented(names: Sequence[str]) -> Judge:
    """The fields that the article lacks: how many were read all the same."""

    def judge(truth: Golden, reading: Golden) -> tuple[float, int]:
        lacking = [name for name in names if truth[name] is None]
        return sum(reading[name] is not None for name in lacking), len(lacking)

    return judge


MEASURES = {
    "kept": Measure(_article(lambda truth, reading: True)),
    "text_f1": Measure(_article(lambda truth, reading: f1(lines_of(reading), lines_of(truth)))),
    # The words in their order, however they are cut into lines; `paragraphs` asks for the cuts as well.
    "text_exact": Measure(_article(lambda truth, reading: " ".join(lines_of(reading)) == " ".join(lines_of(truth)))),
    "paragraphs": Measure(_article(lambda truth, reading: lines_of(reading) == lines_of(truth))),
    "noise_lines": Measure(
        lambda truth, reading: (len(unsaid(lines_of(reading), lines_of(truth))), 1),
        wrong=True,
    ),
    "lost_lines": Measure(
        lambda truth, reading: (len(unsaid(lines_of(truth), lines_of(reading))), len(lines_of(truth))),
        wrong=True,
    ),
    "title": Measure(_field("title")),
    "captions": Measure(_captions),
    **{name: Measure(_field(name)) for name in FIELDS_AT_WILL},
    "kind": Measure(_field("kind")),
    "day": Measure(_instant(len("2021-01-12"), ("day", "minute"))),
    "minute": Measure(_instant(len("2021-01-12T09:05"), ("minute",))),
    "invented_dates": Measure(_invented(("published",)), wrong=True),
    "invented_fields": Measure(_invented(FIELDS_AT_WILL), wrong=True),
    "others_kept": Measure(lambda _, reading: (is_kept(reading), 1), wrong=True, others=True),
}
"""What is measured; docs/quality.md says what each means."""
