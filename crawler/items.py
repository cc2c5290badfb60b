"""What a spider hands to the pipeline."""

from dataclasses import dataclass

from archive.article import Article, Rejection
from archive.ledger import Found
from archive.store import Kept
from crawler.extraction.comparing import Compared


@dataclass(frozen=True)
class PageRead:
    """An article page that was fetched, captured and read.

    `requested` is the URL in the ledger, `capture` the capture the reading rests on, `aliases`
    other addresses that led to it, `pages` how many its reading took, `compared` what whole-page trafilatura
    reads of it, where that was asked.
    """

    requested: str
    capture: Kept
    result: Article | Rejection
    found: Found | None
    aliases: tuple[str, ...] = ()
    pages: int = 1
    compared: Compared | None = None
