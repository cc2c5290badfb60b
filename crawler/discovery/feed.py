"""RSS 2.0 and Atom feeds."""

import email.utils
import re
from dataclasses import replace

from archive.article import Dated, Precision
from archive.clock import VIETNAM
from crawler.discovery.entry import Entry
from crawler.discovery.markup import name_of, parse_xml
from crawler.discovery.troubles import MAX_ENTRIES, Loss, TooLarge
from crawler.extraction.dates import parse_date
from crawler.extraction.text import squash

_POST_ID = re.compile(r"[?&]p=(\d{1,20})(?!\d)", re.ASCII)
_YEARS = range(1900, 2100)
"""As `parse_date` reads them. A clock that is wrong by thousands of years tells nothing, and overflows when shifted."""


def read_feed(body: bytes, losses: list[Loss] | None = None) -> list[Entry]:
    """The entries of a feed in its order; `losses` gets what of it could not be read.

    Raises ValueError if the body is no feed, TooLarge if it is no small one.
    """
    root, loss = parse_xml(body)
    if root is None or name_of(root)[1] not in ("rss", "feed", "RDF"):
        raise ValueError("the body is no feed")
    out: list[Entry] = []
    for node in root.iter():
        if name_of(node)[1] not in ("item", "entry"):
            continue
        fields: dict[str, str] = {}
        for child in node:
            space, name = name_of(child)
            if not name or "/mrss" in space:
                continue
            # Atom has several links; the one without rel or with "alternate" is the page.
            if child.get("rel", "alternate") == "alternate":
                fields.setdefault(name, squash(child.get("href") or child.text or ""))
        if len(out) == MAX_ENTRIES:
            raise TooLarge(f"it has more than {MAX_ENTRIES:,} entries")
        if fields.get("link"):
            published = _dated(
                fields.get("pubDate") or fields.get("published") or fields.get("date") or fields.get("dc:date")
            )
            post_id = _POST_ID.search(fields.get("guid") or fields.get("id") or "")
            out.append(
                Entry(
                    fields["link"],
                    title=fields.get("title") or None,
                    published=published,
                    modified=_dated(fields.get("updated")),
                    key=post_id[1] if post_id else None,
                )
            )
    if loss and losses is not None:
        losses.append(loss)
    return out


def _dated(text: str | None) -> Dated | None:
    """A feed's date: RFC 822 as RSS asks, ISO as Atom does, Vietnamese as some portals write."""
    if not text:
        return None
    try:
        instant = email.utils.parsedate_to_datetime(text)
        instant = instant.replace(tzinfo=instant.tzinfo or VIETNAM).astimezone(VIETNAM)
    except (ValueError, OverflowError):
        found = parse_date(text)
        return replace(found, raw=text, source="listing") if found else None
    return Dated(instant, Precision.MINUTE, text, "listing") if instant.year in _YEARS else None
