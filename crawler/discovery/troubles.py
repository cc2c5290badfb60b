"""What is wrong with an answer of discovery, by name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

MAX_ENTRIES = 50_000
"""Most entries that are taken from one answer, the newest: what a sitemap may hold (sitemaps.org, "Sitemap file
limits"). Listings, feeds and APIs hold a thousandth."""


class Trouble(StrEnum):
    """A trouble of discovery; runs count it as ``discovery/<name>``."""

    LOOP = "loop"
    """A sitemap index that names what was named before: itself, one above it, another's part. Once an index."""

    TOO_DEEP = "too-deep"
    """Sitemap indexes within one another, or elements."""

    TOO_LARGE = "too-large"
    """More bytes, elements or entries than are read of one answer."""

    TOO_MANY = "too-many"
    """More child sitemaps, or pages of a listing, than are asked for in one run."""

    ENDLESS = "endless"
    """A listing that goes on and lists nothing new."""

    TRUNCATED = "truncated"
    """An answer that breaks off; what came before that is taken."""

    UNREADABLE = "unreadable"
    """No listing, feed, sitemap or API answer at all, or one whose markup is so broken that entries are lost."""

    CHALLENGE = "challenge"
    """A browser check in their place."""

    CLOSED = "closed"
    """A source that robots.txt does not allow: left out, and no failure of anybody's."""


def only_waits(counts: Mapping[str, Any]) -> bool:
    """Whether a run with these counts asked none of its sources, since each had failed of late and was not due."""
    return bool(counts.get("discovery/waiting")) and not counts.get("discovery/asked")


Loss = tuple[Trouble, str]
"""What of an answer was left out: the trouble's name, and words for people."""


class TooLarge(ValueError):
    """An answer of discovery has more in it than is read."""
