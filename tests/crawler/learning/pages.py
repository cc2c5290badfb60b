"""Small invented pages that layouts are learned from."""

from datetime import UTC, datetime

from crawler.extraction.page import Page
from crawler.learning.specimen import Specimen
from crawler.learning.views import View

FETCHED = datetime(2022, 12, 20, 3, 0, tzinfo=UTC)


def page(markup: str, number: int = 1) -> Page:
    """A page of an invented site whose body is `markup`."""
    return Page(f"http://site.vn/tin/bai-{number}.html", f"<html><body>{markup}</body></html>".encode())


def view(markup: str, again: str | None = None) -> View:
    """Learning's view of a page whose body is `markup`, and is `again` when fetched once more."""
    return View(Specimen(page(markup), FETCHED, again=page(again) if again is not None else None))
