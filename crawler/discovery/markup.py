"""XML from outside, read without harm: feeds and sitemaps."""

import io
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from crawler.discovery.troubles import Loss, TooLarge, Trouble
from crawler.extraction.page import decode

MAX_TAGS = 500_000
"""Most tags of a feed, and of one child of a document that is read child by child: 2.4 million took 280 MB."""

_SAFELY: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "recover": True,
    "encoding": "utf-8",
}


_DOCUMENT_TYPE = re.compile(rb"<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>", re.DOTALL)
"""What declares entities. Without it they are unknown and passed over; the parser stops at one that it thinks too
large, and whatever follows it would be lost."""


_HARMLESS = frozenset(
    {
        "ERR_ATTRIBUTE_REDEFINED",
        "ERR_DOCUMENT_END",
        "ERR_ENTITYREF_SEMICOL_MISSING",
        "ERR_HYPHEN_IN_COMMENT",
        "ERR_INVALID_CHAR",
        "ERR_INVALID_CHARREF",
        "ERR_INVALID_DEC_CHARREF",
        "ERR_INVALID_HEX_CHARREF",
        "ERR_LT_IN_ATTRIBUTE",
        "ERR_MISPLACED_CDATA_END",
        "ERR_RESERVED_XML_NAME",
        "ERR_UNDECLARED_ENTITY",
    }
)
"""Faults (libxml2, xmlerror.h) that cost a letter or an attribute; libxml2 2.14 reads on behind them."""

_LOGGED = 100
"""Most errors that lxml keeps of one document; those behind them are not told."""

_CUT = frozenset({"ERR_TAG_NOT_FINISHED", "ERR_GT_REQUIRED"})
"""Faults of a document that breaks off, between tags or in one."""


def parse_xml(body: bytes) -> tuple[etree._Element | None, Loss | None]:
    """Parse XML as `read_rows` does, but all of it, with what of it is lost.

    The root is None if it is no XML at all; raises TooLarge.
    """
    utf8 = _prepared(body)
    if utf8.count(b"<") > MAX_TAGS:
        raise TooLarge(f"it has more than {MAX_TAGS:,} tags")
    try:
        parser = etree.XMLParser(**_SAFELY)
        return (etree.fromstring(utf8, parser=parser), _loss(parser.error_log)) if utf8 else (None, None)
    except etree.XMLSyntaxError:
        return None, None


def read_rows(body: bytes, losses: list[Loss]) -> Iterator[etree._Element]:
    """The root of an XML document from outside, then each of its children, which goes when the next is asked for.

    Entities stay unresolved, nothing is loaded, what is broken is passed over, and whatever charset it declares its
    bytes decide. Gives nothing for what is no XML at all. Once all is read, `losses` gets what could not be: libxml2
    says nothing where it stops. Raises TooLarge.
    """
    utf8 = _prepared(body)
    walk = etree.iterparse(io.BytesIO(utf8), events=("start", "end"), **_SAFELY)
    root, size, rows, first = None, 0, 0, ""
    try:
        for event, node in walk:
            size += 1
            if root is None:
                root = node
                yield root
            elif event == "end" and node.getparent() is root:
                rows, first, size = rows + 1, first or _written(node), 0
                yield node
                root.remove(node)
            elif size > MAX_TAGS:
                raise TooLarge(f"one entry has more than {MAX_TAGS:,} tags")
    except etree.XMLSyntaxError as error:
        losses.append(_loss(walk.error_log) or (Trouble.UNREADABLE, f"its markup is broken: {error}"))
        return
    if loss := _loss(walk.error_log):
        losses.append(loss)
    elif len(walk.error_log) >= _LOGGED and root is not None:
        begun = len(re.findall(rb"<%s[\s/>]" % re.escape(first.encode()), utf8)) if first else 0
        if begun > rows or not re.search(rb"</%s\s*>\s*\Z" % re.escape(_written(root).encode()), utf8[-1_000:]):
            losses.append(
                (Trouble.UNREADABLE, f"its markup is broken in {_LOGGED} places and more; entries may be lost")
            )


def _written(node: etree._Element) -> str:
    """The name of an element as its tag has it, with the prefix."""
    name = name_of(node)[1]
    return f"{node.prefix}:{name}" if node.prefix else name


def _loss(log: etree._ListErrorLog) -> Loss | None:
    """What a parser that passes over what is broken has lost by that; None if all that counts was read."""
    for error in log:
        if error.level_name != "FATAL" or error.type_name in _HARMLESS:
            continue
        where = f"line {error.line:,}: {error.message.strip()[:200]}"
        if error.type_name == "ERR_RESOURCE_LIMIT" and "depth" in error.message:
            return Trouble.TOO_DEEP, f"its elements nest deeper than is read; the rest is lost ({where})"
        if error.type_name == "ERR_RESOURCE_LIMIT":
            return Trouble.TOO_LARGE, f"one element is larger than is read; the rest is lost ({where})"
        if error.type_name in _CUT:
            return Trouble.TRUNCATED, f"it breaks off; what came before that is taken ({where})"
        # A bare "&" is told by the same name as a tag without one.
        if error.type_name != "ERR_NAME_REQUIRED" or "EntityRef" not in error.message:
            return Trouble.UNREADABLE, f"its markup is broken and entries may be lost ({where})"
    return None


def name_of(node: etree._Element) -> tuple[str, str]:
    """Namespace and local name of an element; both empty for a comment.

    A prefix that the document does not declare stays part of the name (``image:loc`` is no ``loc``).
    """
    if not isinstance(node.tag, str):
        return "", ""
    space, _, name = node.tag.rpartition("}")
    return space.removeprefix("{"), name


def _prepared(body: bytes) -> bytes:
    """The document in UTF-8, as its parsers take it."""
    return _DOCUMENT_TYPE.sub(b"", decode(body).utf8.lstrip(), count=1)
