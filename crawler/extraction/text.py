"""Normal forms of words: what every string that leaves a page goes through."""

import re
import unicodedata

import ftfy

_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)
"""Control and format characters that no reader sees. U+0085 (NEL) is not here: it is white space."""

_DOUBLE_ENCODED = re.compile(
    "(?:[\u00c3-\u00c6]|\u00e1[\u00ba\u00bb\u2018-\u203a])[\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
"""What Vietnamese looks like after UTF-8 was read as Windows-1252: "Ã¡", "Ä‘", "á»‡"."""

_TRACES = ("\u00c3", "\u00c4", "\u00c5", "\u00c6", "\u00e1\u00ba", "\u00e1\u00bb")
"""How every such trace begins: looked for first, since few pages have any."""

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


def folded(text: str) -> str:
    """Give `text` for comparing: case folded, letters and digits only."""
    return _NO_LETTER.sub("", text.casefold())


def letter_count(text: str) -> int:
    """Count the letters and digits of `text`."""
    return len(_NO_LETTER.sub("", text))


def word_count(text: str) -> int:
    """Count the words (syllables, in Vietnamese) of `text`."""
    return len(text.split())


def repair_double_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252 and encoded again; other text comes back unchanged.

    Seen whole on three of the saved home pages of provincial portals, so at least three traces are
    asked for: a single "Ã" may well be a person's name.
    """
    if not any(trace in text for trace in _TRACES) or len(_DOUBLE_ENCODED.findall(text, 0, 200_000)) < 3:
        return text
    return ftfy.fix_encoding(text)


def slug(text: str) -> str:
    """Give `text` as it would stand in an address: "Hỏi đáp" gives "hoi-dap"."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", "".join(c for c in bare if not unicodedata.combining(c))).strip("-")
