"""XML from outside, read without harm: feeds and sitemaps."""

import io
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from crawler.discovery.troubles import TooLarge
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


def parse_xml(body: bytes) -> etree._Element | None:
    """Parse XML as `read_rows` does, but all of it. None if it is no XML at all; raises TooLarge."""
    utf8 = _prepared(body)
    if utf8.count(b"<") > MAX_TAGS:
        raise TooLarge(f"it has more than {MAX_TAGS:,} tags")
    try:
        return etree.fromstring(utf8, parser=etree.XMLParser(**_SAFELY)) if utf8 else None
    except etree.XMLSyntaxError:
        return None


def read_rows(body: bytes) -> Iterator[etree._Element]:
    """The root of an XML document from outside, then each of its children, which goes when the next is asked for.

    Entities stay unresolved, nothing is loaded, what is broken is passed over, and whatever charset it declares its
    bytes decide. Gives nothing for what is no XML at all. Raises TooLarge.
    """
    walk = etree.iterparse(io.BytesIO(_prepared(body)), events=("start", "end"), **_SAFELY)
    root, size = None, 0
    try:
        for event, node in walk:
            size += 1
            if root is None:
                root = node
                yield root
            elif event == "end" and node.getparent() is root:
                yield node
                root.remove(node)
                size = 0
            elif size > MAX_TAGS:
                raise TooLarge(f"one entry has more than {MAX_TAGS:,} tags")
    except etree.XMLSyntaxError:
        return


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
