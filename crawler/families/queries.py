"""Addresses that name their article in the query, as those of ASP.NET pages do, and those of declared sections."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_VALUE = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""What an id or a number is made of. Anything else would be an address that someone else made up."""


def parameters(url: str) -> Mapping[str, str]:
    """The parameters of a URL by their names in lower case: ASP.NET takes ``itemid`` for ``ItemID``.

    The first of a name counts; one without a plain value is left out. A query that cannot be read gives none.
    """
    out: dict[str, str] = {}
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=100)
    except ValueError:
        return out
    for name, value in pairs:
        if _VALUE.fullmatch(value):
            out.setdefault(name.lower(), value)
    return out


def is_section(url: str, sections: Mapping[str, str]) -> bool:
    """Whether the path of `url` is that of one of `sections` (name to path), with a slash at the end or without."""
    path = urlsplit(url).path.rstrip("/").lower()
    return any(path == section.partition("?")[0].rstrip("/").lower() for section in sections.values())


def with_parameters(url: str, kept: Mapping[str, str]) -> str:
    """`url` with the query that `kept` gives, in its order, and without a fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))
