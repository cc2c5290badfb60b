"""The JSON API of WordPress (``/wp-json/wp/v2/posts``)."""

import html
import json
from dataclasses import replace
from typing import Any

from archive.article import Dated
from crawler.discovery.entry import Entry
from crawler.discovery.troubles import MAX_ENTRIES, TooLarge
from crawler.extraction.dates import parse_date
from crawler.extraction.page import decode
from crawler.extraction.text import squash

ID_DIGITS = 20
"""Most digits of an id: WordPress numbers its posts with ``bigint(20) unsigned``."""


def read_posts(body: bytes) -> list[tuple[Entry, list[int]]]:
    """The posts of one API page with the ids of their categories, in the order of the answer.

    Raises ValueError if the body is no list of posts.
    """
    posts = _json_list(body)
    out = []
    for post in posts:
        if not isinstance(post, dict) or not isinstance(post.get("link"), str):
            continue
        rendered = post.get("title") or {}
        title = squash(html.unescape(str(rendered.get("rendered", "")))) if isinstance(rendered, dict) else ""
        entry = Entry(
            squash(post["link"]),
            title=title or None,
            published=_instant(post, "date"),
            modified=_instant(post, "modified"),
            key=str(post["id"]) if _is_id(post.get("id")) else None,
        )
        out.append((entry, [one for one in post.get("categories") or [] if isinstance(one, int)]))
    return out


def read_categories(body: bytes) -> dict[int, str]:
    """Category names by id. Raises ValueError if the body is no list of categories."""
    return {
        category["id"]: squash(html.unescape(str(category.get("name", ""))))
        for category in _json_list(body)
        if isinstance(category, dict) and isinstance(category.get("id"), int)
    }


def _json_list(body: bytes) -> list[Any]:
    try:
        # Decoded as pages are: one broken letter of one title must not cost a hundred posts.
        data = json.loads(decode(body).text, parse_int=_whole_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(data, list):
        raise ValueError("the API answered with no list")
    if len(data) > MAX_ENTRIES:
        raise TooLarge(f"the API answered with {len(data):,} rows")
    return data


def _whole_number(digits: str) -> int | None:
    """The number, or None where it is none that anybody counted; Python refuses to read thousands of digits."""
    return int(digits) if len(digits) <= ID_DIGITS else None


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _instant(post: dict[str, Any], name: str) -> Dated | None:
    """`name` in UTC where the API tells it, else in the site's own time."""
    utc, local = post.get(f"{name}_gmt"), post.get(name)
    for text in (f"{utc}Z" if isinstance(utc, str) and utc else None, local):
        # A post that was never published in UTC says 0000-00-00.
        found = parse_date(text) if isinstance(text, str) else None
        if found and isinstance(text, str):
            return replace(found, raw=squash(text), source="listing")
    return None
