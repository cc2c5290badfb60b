"""A page that a layout is learned from."""

from dataclasses import dataclass
from datetime import datetime

from crawler.extraction.page import Page
from crawler.extraction.read import Listed


@dataclass(frozen=True)
class Specimen:
    """An article's page, when it was captured, what discovery told of it, and the page fetched once more.

    `again` is of the same address a little later: what differs between the two changes at every fetch.
    """

    page: Page
    fetched: datetime
    listed: Listed | None = None
    again: Page | None = None
