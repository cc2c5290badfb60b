"""Conditional requests (RFC 9110, 13): asking for a page only if it has changed, and what the answer 304 means."""

from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from archive.captures import Held
from archive.looks import Answer
from crawler.faults import FaultName, count, named

HELD = "held"
"""Request.meta key: the capture (`archive.captures.Held`) whose page an answer of 304 says to be the current one."""

NOT_MODIFIED = 304
_CONDITIONS = ("If-None-Match", "If-Modified-Since")


def make_conditional(request: Request, answer: Answer, held: Held) -> None:
    """Ask for what `request` asks for only if it is no longer as it was in `answer`, which the capture `held` has."""
    for name, value in zip(_CONDITIONS, (answer.etag, answer.last_modified), strict=True):
        if value:
            request.headers[name] = value
    request.meta[HELD] = held


def make_whole(request: Request) -> None:
    """Ask for a page whatever it is: validators of one address say nothing of another."""
    for name in _CONDITIONS:
        request.headers.pop(name, None)
    request.meta.pop(HELD, None)


class ConditionalMiddleware:
    """Lets an answer of 304 pass to who asked for it, and to nobody else."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ConditionalMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Give the response. Raises Fault for a 304 that was not asked for: it has no page, and names none."""
        if response.status != NOT_MODIFIED:
            return response
        if HELD not in request.meta:
            words = f"{request.url} answers that nothing has changed, which was not asked"
            raise count(self.crawler, named(FaultName.NOT_ASKED, words))
        # It has no body, and Scrapy would try to decompress it: the header tells of the page that is not sent.
        response.headers.pop("Content-Encoding", None)
        return response
