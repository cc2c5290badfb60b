"""An article beside what trafilatura reads of its whole page: two readings that know nothing of each other.

Where they part, a layout may have gone wrong: a check of a new site asks so (`crawler.onboarding.checking`), and so
does every crawl, of some of its pages (`Chosen`).
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

import trafilatura

from archive.article import Article
from archive.clock import VIETNAM
from crawler.extraction.layout import SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.read import EXTRACTOR_VERSION, read
from crawler.extraction.text import folded

READER: Final = f"trafilatura {trafilatura.__version__}, extractor {EXTRACTOR_VERSION}"
"""Who compares: with another version of either the same page may disagree otherwise, so that only what one reader found
is compared with each other."""

OFTEN: Final = 2
OFTEN_UNTIL: Final = 8
SELDOM: Final = 50
"""One page in `OFTEN` is compared until a crawl has compared `OFTEN_UNTIL`, one in `SELDOM` from then on. A site with
five new articles a night, and as many old ones that are looked at again, so has some five comparisons a night, and
enough to judge by within three nights (`schedules.drift`); one in fifty alone would give it one a week. A crawl of
thousands of pages spends 0.4 s more than at one in fifty: a whole page takes up to 50 ms."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An article beside what trafilatura reads of its whole page.

    `held` is the share of its words that ours has, `ours` the share of ours that it has, `title` and `day` those that
    contradict ours, or that ours lacks (None: they agree, or it knows none).
    """

    url: str
    held: float
    ours: float
    title: str | None
    day: str | None

    @property
    def apart(self) -> float:
        """The share of both texts' words that the other has not, 0 to 1: one less Dice's coefficient."""
        both = self.held + self.ours
        return 1.0 - 2 * self.held * self.ours / both if both else 1.0


def compare(page: Page, site: SiteFacts, article: Article, fetched: datetime) -> Compared | None:
    """An article beside the reading of its page without layouts; None where one of the two has no text.

    `page` is one that nothing was read of yet, for a reading takes nodes out of its tree; `fetched` is when it was
    captured.
    """
    whole = read(page, replace(site, layouts=()), fetched).result
    if not isinstance(whole, Article) or not whole.text or not article.text:
        return None
    ours, theirs = _words(article), _words(whole)
    shared = (ours & theirs).total()
    said, told = article.published, whole.published
    day = told.instant.date() if told else None
    other_title = folded(whole.title) not in folded(article.title) and folded(article.title) not in folded(whole.title)
    return Compared(
        url=article.url,
        held=shared / theirs.total() if theirs else 1.0,
        ours=shared / ours.total() if ours else 1.0,
        title=whole.title if other_title else None,
        day=str(day) if day and (said is None or said.instant.date() != day) else None,
    )


class Chosen:
    """Which pages of one crawl are compared.

    Told by the article's key and the day, so that it is no matter in which order pages come, and another article's turn
    each time that it is looked at: one odd page does not count at every look at it.
    """

    def __init__(self) -> None:
        self._compared = 0

    def takes(self, key: str, fetched: datetime) -> bool:
        """Whether the page of the article with this key, captured at `fetched`, is to be compared; counts if so."""
        one_in = OFTEN if self._compared < OFTEN_UNTIL else SELDOM
        turn = sha256(f"{key} {fetched.astimezone(VIETNAM):%Y-%m-%d}".encode()).digest()
        if int.from_bytes(turn[:8]) % one_in:
            return False
        self._compared += 1
        return True


def _words(article: Article) -> Counter[str]:
    return Counter(f"{article.title} {article.text}".casefold().split())
