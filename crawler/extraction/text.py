"""Normal forms of words: what every string that leaves a page goes through."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control and format characters that no reader sees, and halves of surrogate pairs, which JSON can hold.
U+0085 (NEL) is not here: it is white space."""

_ASCII_CONTROL = bytes(code for code in range(128) if (code < 32 and chr(code) not in "\t\n\r") or code == 127)
_HIDDEN = tuple(
    re.compile(pattern)
    for pattern in (
        rb"\xc2[\x80-\x84\x86-\x9f\xad]",
        rb"\xd8\x9c",
        rb"\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xaf])",
        rb"\xef(?:\xbb\xbf|\xbf[\xbe\xbf])",
    )
)
"""`_CONTROL` in UTF-8. A pattern that begins with one certain byte is searched for fifteen times as fast."""

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


def _beginnings(forms: Iterable[str]) -> re.Pattern[bytes]:
    """The first two characters of each form, in UTF-8."""
    following = defaultdict(set)
    for form in forms:
        following[form[0]].add(form[1])
    pairs = (f"{one}(?:{'|'.join(map(re.escape, sorted(others)))})" for one, others in sorted(following.items()))
    return re.compile("|".join(pairs).encode())


_DOUBLED_LETTERS = {form: letter for letter in _VIETNAMESE_LETTERS for form in _misread(letter)}
_DOUBLED = {form: sign for sign in _SIGNS for form in _misread(sign)} | _DOUBLED_LETTERS
_LETTER_PATTERN, _PATTERN = _pattern(_DOUBLED_LETTERS), _pattern(_DOUBLED)
_TRACE = _beginnings(_DOUBLED_LETTERS)

MOJIBAKE_TRACES = 3
"""So many misread letters must stand in a page before any is repaired: one "Ã" may be a name's."""

MOST_MARKS = 30
"""Combining marks that may follow one letter (Unicode Standard Annex 15, "Stream-Safe Text Format"): to bring a
million of them into order would take hours."""

LONG = 1_000
"""Characters from which a text is looked through for them; in fewer they take no time."""

_WORD = re.compile(r"[^\W_]")
_NO_LETTER = re.compile(r"[\W_]+")


def squash(text: str) -> str:
    """Give NFC `text` with single spaces, no control characters and no space at either end."""
    # What prints has no white space but the space itself; most texts are clean, and told so the soonest.
    if not text.isprintable() or "  " in text:
        text = " ".join(text.split())
        if not text.isprintable():
            text = " ".join(_CONTROL.sub("", text).split())
    if len(text) > LONG:
        text = _too_many_marks().sub(r"\1", text)
    return unicodedata.normalize("NFC", text.strip())


@cache
def _too_many_marks() -> re.Pattern[str]:
    """More combining marks in a row than may be, the first ones a group."""
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")


def visible(text: str) -> str:
    """Give `text` without control characters, white space as it was: fit for an XML tree."""
    return _CONTROL.sub("", text).replace("\x0b", " ").replace("\x0c", " ")


def is_plain(utf8: bytes) -> bool:
    """Tell whether `visible` and `repair_double_encoding` would leave a text in UTF-8 as it is.

    False may be wrong: it says that they have to look. Most pages are plain, and this takes an eighth of
    the time.
    """
    return (
        len(utf8.translate(None, _ASCII_CONTROL)) == len(utf8)
        and not any(pattern.search(utf8) for pattern in _HIDDEN)
        and not _TRACE.search(utf8)
    )


def has_words(text: str) -> bool:
    """Tell whether there is a letter or a digit in `text`."""
    return _WORD.search(text) is not None


def letters(text: str) -> str:
    """Give the letters and digits of `text` alone."""
    return _NO_LETTER.sub("", text)


def folded(text: str) -> str:
    """Give `text` for comparing: case folded, letters and digits only."""
    return letters(text.casefold())


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts are the same once folded. Most differ in their first letter already."""
    return (
        _first_letter(one) == _first_letter(other)
        and _first_letter(reversed(one)) == _first_letter(reversed(other))
        and folded(one) == folded(other)
    )


def _first_letter(text: Iterable[str]) -> str:
    return next(filter(str.isalnum, text), "").casefold()[:1]


def letter_count(text: str) -> int:
    """Count the letters and digits of `text`."""
    return len(letters(text))


def word_count(text: str) -> int:
    """Count the words (syllables, in Vietnamese) of `text`."""
    return len(text.split())


def fewer_words(text: str, than: int) -> bool:
    """Tell whether `text` has fewer words `than` so many, without counting all of them."""
    return len(text.split(None, than)) < than


def repair_double_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 and encoded again, in a whole page or in parts of it.

    Seen on three of the saved home pages of provincial portals. Only sequences that are a Vietnamese
    letter or a quotation mark are replaced (general repairers leave mixed pages half mended).
    """
    if not _TRACE.search(text.encode("utf-8", "replace")):
        return text
    traces = _LETTER_PATTERN.finditer(text)
    if sum(1 for _ in zip(traces, range(MOJIBAKE_TRACES), strict=False)) < MOJIBAKE_TRACES:
        return text
    return _PATTERN.sub(lambda match: _DOUBLED[match[0]], text)


def slug(text: str) -> str:
    """Give `text` as it would stand in an address: "Hỏi đáp" gives "hoi-dap"."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in bare if not unicodedata.combining(c))).strip("-")
