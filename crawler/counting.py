"""What a crawl counts of the pages it reads, so that nights can be compared (schedules/health.py)."""

from collections.abc import Mapping
from typing import Any, Final

from scrapy.http import Request, Response
from scrapy.statscollectors import StatsCollector

from archive.article import WHOLE_PAGE, Article, Rejection
from archive.store import LAYOUT_LOST, Outcome
from crawler.extraction.comparing import READER, Compared
from crawler.extraction.gate import Reason
from crawler.pauses import ROBOTS

FIELDS: Final = ("title", "text", "lead", "published", "author", "section", "source_credit")
"""The fields of an article whose share in a run's pages is kept, as ``field/<name>``."""

EMPTY: Final = frozenset({Reason.EMPTY, Reason.NO_BODY})
"""Rejections of pages that had nothing in them to read."""

ERRORS: Final = 400
"""From this status on an answer is none that was hoped for (RFC 9110, 15.5 and 15.6)."""


def count_page(
    stats: StatsCollector, result: Article | Rejection, outcome: Outcome, compared: Compared | None = None
) -> None:
    """Count what a page gave and what came of it: outcome, flags and fields of an article, reason of a rejection.

    And how far whole-page trafilatura disagrees, where it was asked (`count_compared`).

    An article that was taken down counts as nothing but that. One that is refused since it lost its layout was read all
    the same, and counts as read and as rejected.
    """
    stats.inc_value(f"articles/{outcome}")
    if outcome is Outcome.EXCLUDED:
        return
    if isinstance(result, Rejection):
        stats.inc_value(f"rejected/{result.reason}")
        if result.reason in EMPTY:
            stats.inc_value("articles/empty")
        return
    if outcome is Outcome.REJECTED:
        stats.inc_value(f"rejected/{LAYOUT_LOST}")
    if outcome is Outcome.NEW and WHOLE_PAGE in result.flags:
        stats.inc_value("articles/new-whole-page")
    stats.inc_value("articles/read")
    for flag in result.flags:
        stats.inc_value(f"articles/{flag}")
    for name in FIELDS:
        if getattr(result, name):
            stats.inc_value(f"field/{name}")
    if compared is not None:
        count_compared(stats, compared)


def count_compared(stats: StatsCollector, compared: Compared) -> None:
    """Count a page that whole-page trafilatura has read too, and by whom: ``drift/compared`` and ``drift/by <reader>``.

    ``drift/text`` is the sum over pages of how far the texts are apart, in thousandths; ``drift/title`` and
    ``drift/day`` are the pages on which title and day are contradicted.
    """
    stats.inc_value("drift/compared")
    stats.inc_value(f"drift/by {READER}")
    stats.inc_value("drift/text", round(1000 * compared.apart))
    stats.inc_value("drift/title", int(compared.title is not None))
    stats.inc_value("drift/day", int(compared.day is not None))


def count_answer(stats: StatsCollector, request: Request, response: Response) -> None:
    """Count an answer that is an error, as ``status/<code>``.

    A robots.txt that is not there is none: whoever has no rules need not say so with another answer.
    """
    status = response.status
    if status < ERRORS or (request.meta.get(ROBOTS) and status < 500 and status != 429):
        return
    stats.inc_value(f"status/{status}")


COUNTED: Final[Mapping[str, str]] = {
    "read": "articles/read",
    "empty": "articles/empty",
    "gone": "articles/gone",
    "template_only": "articles/template-only",
    "new_whole_page": "articles/new-whole-page",
}
"""Names in a run's counts, with the statistics they come from."""

PREFIXES: Final = ("rejected/", "fetch/", "fault/", "field/", "status/", "closed/", "signal/", "drift/")
"""Statistics that are in a run's counts under their own names."""


def note_end(stats: Any, closed: str, answered: int, template_only: int) -> None:
    """Count what only the end of a crawl tells: why it was closed, unless it had done all, and what it had come to.

    `answered` are the pages of discovery that came, `template_only` the articles all of whose paragraphs recur.
    """
    if closed != "finished":
        stats.set_value(f"closed/{closed}", 1)
    stats.set_value("discovery/answered", answered)
    stats.set_value("articles/template-only", template_only)
