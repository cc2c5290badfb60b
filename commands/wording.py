"""Word diffs: what was taken out of a text and what was put in, with a few words around it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

CONTEXT = 6
"""Unchanged words shown beside a change: enough to find it on the page."""

MOST_WORK = 250_000
"""Pairs of words that are compared at the most: 500 against 500. difflib's time grows with their number, and faster
where words recur, as Vietnamese syllables do. What is longer shows as taken out and put in as a whole."""

PARAGRAPH = "¶"
"""Stands between paragraphs."""


class How(StrEnum):
    """What became of some words; `LEFT_OUT` stands for unchanged ones that are not shown."""

    SAME = "same"
    OUT = "out"
    IN = "in"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row, and what became of them."""

    how: How
    words: tuple[str, ...]


def word_diff(before: Sequence[str], after: Sequence[str], context: int = CONTEXT) -> list[Piece]:
    """The difference between two texts, given as their paragraphs; nothing where they are equal.

    Long stretches without a change are shortened to `context` words on the side of a change.
    """
    pieces = _ended(_merged(_paragraphs(before, after)))
    if all(piece.how is How.SAME for piece in pieces):
        return []
    return list(_shortened(pieces, context))


def _paragraphs(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    """Compare paragraphs as wholes, then words only within those that differ."""
    if len(before) * len(after) > MOST_WORK:
        yield from _words(_split(before), _split(after))
        return
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece(How.SAME, _split(before[i:j]))
        else:
            yield from _words(_split(before[i:j]), _split(after[k:m]))


def _split(paragraphs: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for paragraph in paragraphs for word in (*paragraph.split(), PARAGRAPH))


def _words(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Piece]:
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    tail = next((n for n in range(shorter - head) if before[-1 - n] != after[-1 - n]), shorter - head)
    yield Piece(How.SAME, before[:head])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(old) * len(new) > MOST_WORK:
        yield from (Piece(How.OUT, old), Piece(How.IN, new))
    else:
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                yield Piece(How.SAME, old[i:j])
            else:
                yield from (Piece(How.OUT, old[i:j]), Piece(How.IN, new[k:m]))
    yield Piece(How.SAME, before[len(before) - tail :])


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    """Put equal kinds in a row together, and what was taken out before what was put in."""
    out: list[Piece] = []
    for piece in pieces:
        if not piece.words:
            continue
        # Of pieces between two unchanged ones each kind comes once.
        same = next((n for n in (-1, -2) if len(out) >= -n and out[n].how is piece.how), None)
        if same is not None and (same == -1 or How.SAME not in (out[-1].how, piece.how)):
            out[same] = Piece(piece.how, (*out[same].words, *piece.words))
        else:
            out.append(piece)
    return out


def _ended(pieces: list[Piece]) -> list[Piece]:
    """The pieces without the mark behind the last paragraph, which divides nothing."""
    last = 2 if len(pieces) > 1 and pieces[-1].how is How.IN and pieces[-2].how is How.OUT else 1
    ends = [Piece(one.how, one.words[: -1 if one.words[-1] == PARAGRAPH else None]) for one in pieces[-last:]]
    return [one for one in (*pieces[: len(pieces) - last], *ends) if one.words]


def _shortened(pieces: Sequence[Piece], context: int) -> Iterator[Piece]:
    for number, piece in enumerate(pieces):
        left = context if number > 0 else 0
        right = context if number < len(pieces) - 1 else 0
        if piece.how is not How.SAME or len(piece.words) <= left + right:
            yield piece
            continue
        if left:
            yield Piece(How.SAME, piece.words[:left])
        yield Piece(How.LEFT_OUT, piece.words[left : len(piece.words) - right])
        if right:
            yield Piece(How.SAME, piece.words[len(piece.words) - right :])
