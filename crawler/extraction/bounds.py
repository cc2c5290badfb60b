"""Whether a page can be parsed and read within bounded time and memory, told from its bytes."""

import re

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


def too_large(utf8: bytes) -> str | None:
    """Say what of a page is too much to be parsed; None if nothing is."""
    if utf8.count(b"<") > MAX_ELEMENTS:
        elements = len(_OPENING_TAG.findall(utf8))
        if elements > MAX_ELEMENTS:
            return f"it has {elements:,} elements"
    suspicious = len(utf8) > LARGE or utf8.count(b">") - utf8.count(b"<") > SURPLUS or _LONG_TAG.search(utf8)
    if suspicious and (attributes := _most_attributes(utf8)) > MAX_ATTRIBUTES:
        return f"an element has {attributes:,} attributes"
    return None


def _most_attributes(utf8: bytes) -> int:
    """The most attributes that one element of a page has. Linear: nothing is looked at twice."""
    most = at = 0
    while found := _MARKUP.search(utf8, at):
        if found[1]:
            at = _after(utf8, re.compile(rb"-->"), found.end())
            continue
        tag = _TAG.match(utf8, found.start())
        assert tag is not None
        at = tag.end()
        if len(tag[0]) > 2 * MAX_ATTRIBUTES:
            most = max(most, len(_ATTRIBUTE.findall(_QUOTED.sub(b"=x ", tag[0]))))
        if found[2]:
            at = _after(utf8, re.compile(rb"</" + found[2], re.IGNORECASE), at)
    return most


def _after(utf8: bytes, end: re.Pattern[bytes], at: int) -> int:
    """The place after what ends here; that of the end of the page where nothing does."""
    found = end.search(utf8, at)
    return found.end() if found else len(utf8)
