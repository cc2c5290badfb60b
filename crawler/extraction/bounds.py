"""Whether a page can be parsed and read within bounded time and memory, told from its bytes."""

import re
from itertools import islice

MAX_ELEMENTS = 50_000
"""Most elements of a page that is read. Pages of 150 KB have 2,000 to 5,000, a decree with a table of 1,000 rows
pasted from a word processor 40,000; 100,000 paragraphs took trafilatura 12 s, a million of them 770 MB."""

MAX_ATTRIBUTES = 300
"""Most attributes of one element. libxml2 looks through those it has for each new one: 20,000 took it 8 s."""

SURPLUS = 2_000
"""So many more ``>`` than ``<`` may stand in scripts; where there are more, attributes may hide in quotes."""

LARGE = 250_000
"""Bytes from which a page is looked through whole: larger ones are rare, and a tenth of their reading is bearable."""

_OPENING_TAG = re.compile(rb"<[a-zA-Z]")
_LONG_TAG = re.compile(rb"<[a-zA-Z][^>]{%d}" % (2 * MAX_ATTRIBUTES))
_MARKUP = re.compile(rb"<(?:(!--)|(script|style|textarea|title|xmp|iframe|noembed|noframes)\b|[a-z])", re.IGNORECASE)
_TAG = re.compile(rb"<(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+")
_ATTRIBUTE = re.compile(rb"[\s/\"'][^\s/\"'=>]")
"""Where a name may begin; words within a quoted value are counted as well."""

_QUOTED = re.compile(rb"=\s*+(?:\"[^\"]*+\"|'[^']*+')")


def too_large(utf8: bytes) -> tuple[int, str] | None:
    """Say up to which byte a page may be parsed, and what follows there that is too much; None if nothing does."""
    found = _nth_element(utf8) if utf8.count(b"<") > MAX_ELEMENTS else None
    suspicious = len(utf8) > LARGE or utf8.count(b">") - utf8.count(b"<") > SURPLUS or _LONG_TAG.search(utf8)
    laden = _laden_element(utf8) if suspicious else None
    return min(filter(None, (found, laden)), default=None)


def _nth_element(utf8: bytes) -> tuple[int, str] | None:
    elements = len(_OPENING_TAG.findall(utf8))
    if elements <= MAX_ELEMENTS:
        return None
    first = next(islice(_OPENING_TAG.finditer(utf8), MAX_ELEMENTS, None))
    return first.start(), f"it has {elements:,} elements"


def _laden_element(utf8: bytes) -> tuple[int, str] | None:
    """The first element with too many attributes. Linear: nothing is looked at twice."""
    at = 0
    while found := _MARKUP.search(utf8, at):
        if found[1]:
            at = _after(utf8, re.compile(rb"-->"), found.end())
            continue
        tag = _TAG.match(utf8, found.start())
        assert tag is not None
        at = tag.end()
        if len(tag[0]) > 2 * MAX_ATTRIBUTES:
            attributes = len(_ATTRIBUTE.findall(_QUOTED.sub(b"=x ", tag[0])))
            if attributes > MAX_ATTRIBUTES:
                return found.start(), f"an element has {attributes:,} attributes"
        if found[2]:
            at = _after(utf8, re.compile(rb"</" + found[2], re.IGNORECASE), at)
    return None


def _after(utf8: bytes, end: re.Pattern[bytes], at: int) -> int:
    """The place after what ends here; that of the end of the page where nothing does."""
    found = end.search(utf8, at)
    return found.end() if found else len(utf8)
