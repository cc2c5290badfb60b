"""ETag and Last-Modified of the sample web's answers, and what is answered to those who send them back."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from email.utils import format_datetime, parsedate_to_datetime

KINDS = ("none", "feeds", "all")
"""No answer has validators, or feeds, sitemaps and the API have, or listings and articles have them too."""

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def validators(state: str | bytes, changed: dt.datetime | None, *, weak: bool) -> dict[str, str]:
    """The headers of an answer that shows `state`, last changed at `changed`.

    `weak` where bytes differ though the state is the same: counters, compression (RFC 9110, 8.8.1).
    """
    data = state.encode() if isinstance(state, str) else state
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    headers = {"ETag": f"W/{tag}" if weak else tag}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed.astimezone(dt.UTC), usegmt=True)
    return headers


def is_unchanged(method: str, asked: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether 304 is the answer, by the order of RFC 9110, 13.2.2: If-None-Match alone where it is sent.

    `asked` are the request's headers with small letters, `headers` the validators of the answer.
    """
    if method not in ("GET", "HEAD"):
        return False
    if (wanted := asked.get("if-none-match")) is not None:
        own = _TAG.search(headers.get("ETag", ""))
        return own is not None and (wanted.strip() == "*" or own[1] in _TAG.findall(wanted))
    since, changed = asked.get("if-modified-since"), headers.get("Last-Modified")
    if since is None or changed is None:
        return False
    try:
        return parsedate_to_datetime(changed) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        # Not a date: as if it had not been sent (13.1.3).
        return False
