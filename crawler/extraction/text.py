"""Normal forms of words: what every string that leaves a page goes through."""

import re
import unicodedata
from collections.abc import Iterable

_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control and format characters that no reader sees, and halves of surrogate pairs, which JSON can hold.
U+0085 (NEL) is not here: it is white space."""

_VIETNAMESE_LETTERS = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
    "“”‘’–—…"
)
_SIGNS = "".join(map(chr, range(0xA0, 0xC0))) + "•‹›„‚™×÷"


def _misread(letter: str) -> set[str]:
    """What a letter's UTF-8 looks like read as Windows-1252 (undefined bytes as Latin-1) or Latin-1."""
    raw = letter.encode()
    windows = "".join(bytes([byte]).decode("windows-1252", "ignore") or chr(byte) for byte in raw)
    return {windows, raw.decode("latin-1")}


def _pattern(forms: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, forms), key=len, reverse=True)))


_DOUBLED_LETTERS = {form: letter for letter in _VIETNAMESE_LETTERS for form in _misread(letter)}
_DOUBLED = {form: sign for sign in _SIGNS for form in _misread(sign)} | _DOUBLED_LETTERS
_LETTER_PATTERN, _PATTERN = _pattern(_DOUBLED_LETTERS), _pattern(_DOUBLED)
_STARTS = tuple({form[:1] for form in _DOUBLED_LETTERS})

MOJIBAKE_TRACES = 3
"""So many misread letters must stand in a page before any is repaired: one "Ã" may be a name's."""

_WORD = re.compile(r"\w")
_NO_LETTER = re.compile(r"[\W_]+")


def squash(text: str) -> str:
    """Give NFC `text` with single spaces, no control characters and no space at either end."""
    return unicodedata.normalize("NFC", " ".join(_CONTROL.sub("", text).split()))


def visible(text: str) -> str:
    """Give `text` without control characters, white space as it was: fit for an XML tree."""
    return _CONTROL.sub("", text).replace("\x0b", " ").replace("\x0c", " ")


def has_words(text: str) -> bool:
    """Tell whether there is a letter or a digit in `text`."""
    return _WORD.search(text) is not None


def letters(text: str) -> str:
    """Give the letters and digits of `text` alone."""
    return _NO_LETTER.sub("", text)


def folded(text: str) -> str:
    """Give `text` for comparing: case folded, letters and digits only."""
    return letters(text.casefold())


def letter_count(text: str) -> int:
    """Count the letters and digits of `text`."""
    return len(letters(text))


def word_count(text: str) -> int:
    """Count the words (syllables, in Vietnamese) of `text`."""
    return len(text.split())


def repair_double_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 and encoded again, in a whole page or in parts of it.

    Seen on three of the saved home pages of provincial portals. Only sequences that are a Vietnamese
    letter or a quotation mark are replaced (general repairers leave mixed pages half mended).
    """
    if not any(start in text for start in _STARTS):
        return text
    traces = _LETTER_PATTERN.finditer(text)
    if sum(1 for _ in zip(traces, range(MOJIBAKE_TRACES), strict=False)) < MOJIBAKE_TRACES:
        return text
    return _PATTERN.sub(lambda match: _DOUBLED[match[0]], text)


def slug(text: str) -> str:
    """Give `text` as it would stand in an address: "Hỏi đáp" gives "hoi-dap"."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in bare if not unicodedata.combining(c))).strip("-")
