"""What every request and response of a crawl passes: the site's hosts, and the capture."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers as ScrapyHeaders
from scrapy.http import Request, Response
from sqlalchemy.exc import DBAPIError

from archive.article import MAX_ADDRESS, is_overlong
from archive.captures import Location, Sent
from archive.database import ArchiveError
from archive.decoding import OversizeBody, UnknownCoding, decoded
from archive.store import NewCapture
from archive.warc import Asked, Headers
from crawler.addresses import is_literal
from crawler.archiving import ArchiveLost, archiving, stop_for_archive
from crawler.certificates import TLS_EXCEPTION
from crawler.conditional import HELD, NOT_MODIFIED
from crawler.faults import FaultName, count, named

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

CAPTURE = "capture"
"""Request.meta key: the capture that a response was kept as (`archive.store.Kept`)."""


class ForeignHost(IgnoreRequest):
    """A request left the hosts that the site declares."""


class OverlongAddress(IgnoreRequest):
    """A request to an address that is too long to be kept."""


class SiteHostsMiddleware:
    """Lets requests pass to the declared hosts only, matched exactly, and puts them into one slot.

    Scrapy's ``allowed_domains`` lets every sub-domain in and ``dont_filter`` requests past it; this
    stands in the downloader, so that redirects, retries and robots.txt meet it too. No request flag
    switches it off.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "SiteHostsMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise ForeignHost for another host, port or scheme than the site's own, OverlongAddress as it says.

        Raises Fault for an address (a number) in place of a host's name.
        """
        spider: SiteSpider = self.crawler.spider  # type: ignore[assignment]
        if not spider.is_own_host(request.url):
            self.crawler.stats.inc_value("refused/foreign-host")
            scheme, _, rest = request.url.partition("://")
            raise ForeignHost(f"{scheme}://{rest.partition('/')[0][:100]} is no host of {spider.name}")
        # Behind a proxy nobody looks at addresses, so that none is asked for, not even one that a site declares.
        if is_literal(urlsplit(request.url).hostname or ""):
            raise count(self.crawler, named(FaultName.PRIVATE_ADDRESS, f"{request.url} names an address, not a host"))
        # A login's redirect may carry the whole state of a session.
        if is_overlong(request.url):
            raise OverlongAddress(f"{request.url[:100]}... has more than {MAX_ADDRESS} bytes and is not followed")
        # www and the bare host are one server: one slot, one delay.
        request.meta["download_slot"] = spider.name


class WholeBodyMiddleware:
    """Asks again for a body that ends before its compression does, and never lets it be read.

    Scrapy takes what it can decompress of a cut-off gzip and says nothing; half an article would be
    stored as a whole one. A cut-off plain body fails in the downloader (DOWNLOAD_FAIL_ON_DATALOSS).
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "WholeBodyMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Give the response if it is whole, else a further try, as long as there are any; raises Fault after that.

        A body that grows beyond DOWNLOAD_MAXSIZE, or whose coding is not known, is not asked for again.
        """
        codings = b",".join(response.headers.getlist("Content-Encoding")).decode("latin-1")
        try:
            decoded([("Content-Encoding", codings)], response.body, self.crawler.settings.getint("DOWNLOAD_MAXSIZE"))
        except (OversizeBody, UnknownCoding) as error:
            name = FaultName.OVERSIZE if isinstance(error, OversizeBody) else FaultName.ENCODING
            raise count(self.crawler, named(name, str(error))) from error
        except ArchiveError as error:
            fault = count(self.crawler, named(FaultName.TRUNCATED, f"the body is cut off or broken: {error}"))
            spider = self.crawler.spider
            again = get_retry_request(request, spider=spider, reason=str(fault.name)) if spider else None
            if again is None:
                raise fault from error
            return again
        return response


class CaptureMiddleware:
    """Keeps every response as it was sent, before content-decoding, with its request, and notes where.

    Stands next to the downloader: what comes later in the chain (decompression, redirects, retries)
    sees a response that is already durable.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "CaptureMiddleware":
        """Made by Scrapy."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Write the capture and its row; where that fails the crawl ends, for nothing may go unkept.

        Raises Fault for what can be kept neither as a capture nor in the ledger.
        """
        # Three digits (RFC 9110, 15); the downloader takes any number.
        if not 100 <= response.status <= 999:
            words = f"the server answered with {response.status}, which is no status of HTTP"
            raise count(self.crawler, named(FaultName.STATUS, words))
        desk = archiving(self.crawler)
        headers = _as_text(response.headers)
        fetched = desk.clock.now()

        exception = request.meta.get(TLS_EXCEPTION)

        def described(place: Location) -> NewCapture:
            return NewCapture(
                place, request.url, response.url, response.status, headers, fetched, desk.run_id, exception
            )

        asked = Asked(request.method, _as_text(request.headers), request.body)
        # Behind a proxy the address is the proxy's.
        direct = response.ip_address is not None and not request.meta.get("proxy")
        address = str(response.ip_address) if direct else None
        # What a 304 says to be unchanged is the page that it was asked about.
        held = request.meta.get(HELD) if response.status == NOT_MODIFIED else None
        sent = Sent(request.url, response.status, headers, response.body, fetched, asked, address, held)
        try:
            request.meta[CAPTURE] = await asyncio.wrap_future(desk.intake.keep(sent, described))
        except (ArchiveError, DBAPIError, OSError) as error:
            stop_for_archive(self.crawler, error)
            raise ArchiveLost(f"the archive cannot be written to: {error}") from error
        if response.status >= 600:
            # It is kept, but says nothing that HTTP knows of; the spider takes it for an error.
            count(self.crawler, named(FaultName.STATUS, f"HTTP {response.status}"))
        return response


def _as_text(headers: ScrapyHeaders) -> Headers:
    """Headers in the order in which Scrapy has them, repeats kept, a character a byte."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values]
