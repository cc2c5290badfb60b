"""Fingerprints of texts: folded syllables, paragraphs, shingles, MinHash signatures and their bands.

Nothing here reads a database or a clock: the same words give the same numbers in every process, which is why they
can be kept. What is changed here changes the numbers, and so has to change `ALGORITHM`.
"""

import re
import unicodedata
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

SHINGLE = 5
"""Syllables of a shingle. Of 20,000 Vietnamese texts with known reprints all pairs that share 70 % of these are true
ones (measured; FineWeb takes 5 words too)."""

BANDS, ROWS = 25, 5
"""Bands of a signature and numbers of a band. Two texts with a Jaccard similarity of .7 share a band with a probability
of .990, with .8 of 1.000 (1 - (1 - J^5)^25); 16 bands of 8 would lose 39 % at .7 (measured)."""

_SEED = 1
ALGORITHM = f"rensa-{RMinHash.ALGORITHM_VERSION}/{SHINGLE}/{BANDS}x{ROWS}/1"
"""How fingerprints are made, kept with each: those of two algorithms cannot be compared."""

Hashes = NDArray[np.uint64]

_WORD = re.compile(r"[^\W_]+")
_FIGURE = re.compile(r"\d+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_NO_TONE = str.maketrans("", "", _TONES)
# Odd numbers with well mixed bits: multiplying by one loses nothing (splitmix64, Steele et al., OOPSLA 2014).
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = 0x9E3779B97F4A7C15
_PLACES = np.array([(_STEP * (2 * n + 1)) % 2**64 | 1 for n in range(max(SHINGLE, ROWS))], dtype=np.uint64)
_BAND_NUMBERS = np.array([_STEP * (n + 1) % 2**64 for n in range(BANDS)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as it is compared: its hash (signed, of 64 bits), the hashes of its syllables, its words."""

    hash: int
    syllables: Hashes
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """What is left of a text without the paragraphs that recur on its site.

    `hash` is that of its syllables in order (signed, of 64 bits), `shingles` are the hashes of its distinct shingles,
    sorted, `figures` its numbers in order. A core without words has no shingles.
    """

    hash: int
    shingles: Hashes
    figures: tuple[str, ...]


def fold_syllable(syllable: str) -> str:
    """A syllable in the form in which writings of it meet: lower case, NFD, its tone mark last.

    So "Hoà" and "hòa" are one, and "hoa" is another: only where the mark is placed is a matter of style.
    """
    bare = unicodedata.normalize("NFD", syllable.lower())
    return bare.translate(_NO_TONE) + "".join(mark for mark in bare if mark in _TONES)


class _Chunks(dict[str, tuple[int, ...]]):
    """The hashes of the syllables in what stands between two spaces, as far as it was met: "(Hà" has one, "24-26" two.

    What was met once is met again: with this table a text is taken apart in a third of the time.
    """

    MOST, LONGEST = 1 << 17, 64

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        if len(self) >= self.MOST:
            self.clear()
        words = _WORD.findall(unicodedata.normalize("NFC", chunk).lower())
        hashes = (blake2b(fold_syllable(word).encode(), digest_size=8).digest() for word in words)
        made = tuple(int.from_bytes(one, "little") for one in hashes)
        if len(chunk) <= self.LONGEST:
            self[chunk] = made
        return made


_CHUNKS = _Chunks()


def paragraphs(text: str) -> list[Paragraph]:
    """The paragraphs of a text, its blocks; those without a letter or digit are left out."""
    # At once, since a call for each paragraph takes longer than what it does.
    blocks = text.split("\n\n")
    found = [list(chain.from_iterable(map(_CHUNKS.__getitem__, block.split()))) for block in blocks]
    raw = array("Q", chain.from_iterable(found)).tobytes()
    whole, out, start = np.frombuffer(raw, dtype=np.uint64), [], 0
    for block, syllables in zip(blocks, found, strict=True):
        if syllables:
            end = start + len(syllables)
            out.append(Paragraph(_digest(raw[8 * start : 8 * end]), whole[start:end], block))
            start = end
    return out


def core(found: Sequence[Paragraph], recurring: Collection[int] = ()) -> Core:
    """What a text of these paragraphs says beside those whose hashes are `recurring`."""
    kept = [one for one in found if one.hash not in recurring]
    syllables = np.concatenate([one.syllables for one in kept]) if kept else np.empty(0, dtype=np.uint64)
    # At once: a call for each paragraph takes longer than what it does.
    return Core(_digest(syllables.tobytes()), _shingles(syllables), figures_of("\n".join(one.text for one in kept)))


def figures_of(words: str) -> tuple[str, ...]:
    """The numbers in some words, in order."""
    return tuple(_FIGURE.findall(words))


def signatures(cores: Sequence[Hashes]) -> NDArray[np.uint32]:
    """The MinHash signatures of sets of shingles, a row each; none of them may be empty.

    Two rows agree in as many places, out of `BANDS * ROWS`, as the Jaccard similarity of their sets says, give or take.
    """
    if not cores:
        return np.empty((0, BANDS * ROWS), dtype=np.uint32)
    ends = np.cumsum([0, *(len(one) for one in cores)]).tolist()
    made = RMinHash.digest_matrix_from_flat_token_hashes(np.concatenate(cores), ends, BANDS * ROWS, _SEED)
    return np.array(made.to_rows(), dtype=np.uint32)


def packed(signature: NDArray[np.uint32]) -> bytes:
    """A signature as it is kept, four bytes a number, the lowest first."""
    return signature.astype("<u4").tobytes()


def unpacked(kept: Sequence[bytes]) -> NDArray[np.uint32]:
    """Signatures as they were before they were `packed`, a row each."""
    return np.frombuffer(b"".join(kept), dtype="<u4").reshape(len(kept), BANDS * ROWS).astype(np.uint32)


def bands(found: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The bands of signatures, a row of `BANDS` keys each; what two texts share stands in the same place."""
    rows = found.reshape(len(found), BANDS, ROWS).astype(np.uint64)
    mixed: Hashes = (rows * _PLACES[:ROWS]).sum(axis=2, dtype=np.uint64) + _BAND_NUMBERS
    return _mixed(mixed).view(np.int64)


def _digest(raw: bytes) -> int:
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "little", signed=True)


def _shingles(syllables: Hashes) -> Hashes:
    count = len(syllables)
    if not count:
        return syllables
    # A text shorter than a shingle is one.
    size = min(SHINGLE, count)
    made = np.zeros(count - size + 1, dtype=np.uint64)
    for place in range(size):
        made += syllables[place : count - size + 1 + place] * _PLACES[place]
    made = _mixed(made)
    # As np.unique does, in a sixth of its time (measured on 500 shingles).
    made.sort()
    distinct: Hashes = made[np.append(True, made[1:] != made[:-1])]
    return distinct


def _mixed(numbers: Hashes) -> Hashes:
    """Spread what differs in a few bits over all of them."""
    out = numbers ^ (numbers >> np.uint64(30))
    out *= _MIX[0]
    out ^= out >> np.uint64(27)
    out *= _MIX[1]
    out ^= out >> np.uint64(31)
    return out
