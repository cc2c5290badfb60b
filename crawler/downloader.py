"""How one request goes over the wire: guarded, paced, and with bounds where Scrapy's own handler has none."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
    _ScrapyAgent,
)
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS, ResponseFailed
from twisted.web.client import Agent
from twisted.web.http import _DataLoss
from twisted.web.iweb import IResponse

from crawler.addresses import GuardedReactor, PrivateAddress
from crawler.archiving import archiving, stop_for_archive
from crawler.budget import spend
from crawler.certificates import TLS_EXCEPTION, SiteCertificates
from crawler.faults import CutOff, FaultName, HeaderOverflow, SurplusBody, count, fault_of, named
from crawler.pacing import pace_of
from crawler.pauses import pauses_of, take_note

HEADER_LIMIT = 64 * 1024
"""Most bytes of a response's head, interim responses included: eight times what common servers send at most."""


class SiteDownloadHandler(HTTP11DownloadHandler):
    """Fetches over http and https for one site.

    Waits for pauses, connects to public addresses or the configured proxy only, verifies certificates, bounds headers,
    and raises every fault of the server as `crawler.faults.Fault`, counted.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        spider: Any = crawler.spidercls
        self._certificates = SiteCertificates(spider.tls_exceptions, archiving(crawler).clock)
        make: Any = partial(_BoundedFactory, sent=self._note)
        self._pool._factory = make
        # Twisted would ask a second time on the spot where a kept connection closes on a request.
        self._pool.retryAutomatically = False
        self._pauses, self._pace = pauses_of(crawler), pace_of(crawler)

    async def download_request(self, request: Request) -> Response:
        """Fetch one response. Raises Fault, or Dropped once the crawl ends, as it does when its budget is used up."""
        await self._pauses.wait()
        spend(self._crawler)
        parts = urlsplit(request.url)
        host = (parts.hostname or "").lower()
        request.meta.pop(TLS_EXCEPTION, None)
        policy: Any = self._certificates
        agent = _SiteAgent(
            contextFactory=policy,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=True,
            crawler=self._crawler,
        )
        try:
            with wrap_twisted_exceptions():
                response = await maybe_deferred_to_future(agent.download_request(request))
        except Exception as error:
            fault = fault_of(error)
            if fault is None:
                raise
            if fault.name is FaultName.TLS:
                fault = named(fault.name, self._certificates.words(host, str(error)))
            raise count(self._crawler, fault) from error
        finally:
            self._note()
        take_note(self._crawler, request, response)
        if parts.scheme == "https":
            exception = self._certificates.exception_used(host)
            if exception is not None:
                request.meta[TLS_EXCEPTION] = exception
        return response

    def _note(self) -> None:
        try:
            self._pace.note()
        except OSError as error:
            stop_for_archive(self._crawler, error)


class _SiteAgent(_ScrapyAgent):
    """Opens connections to public addresses, and to the proxy that the environment names."""

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        agent = super()._get_agent(request, timeout)
        proxy = request.meta.get("proxy")
        if proxy and not is_configured_proxy(proxy):
            raise PrivateAddress(f"{proxy} is not the proxy that the environment names, and is not connected to")
        if not proxy:
            guard(agent)
        return agent


def guard(agent: Agent) -> None:
    """Let an agent connect to public addresses only."""
    factory: Any = agent._endpointFactory
    factory._reactor = GuardedReactor(factory._reactor)


def is_configured_proxy(proxy: str) -> bool:
    """Whether `proxy` is at the host and port that the environment names (http_proxy and the like)."""
    # The environment's proxies by scheme; "no" holds hosts, not a proxy.
    named = getproxies()
    return _place(proxy) in {_place(named[scheme]) for scheme in ("http", "https", "all") if scheme in named}


def _place(proxy: str) -> tuple[str, int | None]:
    """Host and port of a proxy; one that cannot be taken apart is only like itself."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        return parts.hostname or proxy, parts.port
    except ValueError:
        return proxy, None


class _BoundedParser(_LenientHTTPClientParser):
    """Takes no header line without end, and no body of another length than was announced for the whole one."""

    surplus = 0

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Twisted would close the connection and say nothing."""
        raise HeaderOverflow(f"a header line has more than {self.MAX_LENGTH} bytes")

    def _finished(self, rest: bytes) -> None:
        self.surplus = len(rest.strip())
        super()._finished(rest)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # type: ignore[override]  # noqa: N802
        """The response is over, or its connection broke."""
        decoder: Any = self.bodyDecoder
        wrong: Exception | None = None
        if decoder is not None and self.surplus:
            wrong = SurplusBody("more bytes came than Content-Length announced")
        elif (
            getattr(decoder, "contentLength", 0) is None and decoder.finishCallback and not reason.check(ConnectionDone)
        ):
            # Twisted takes any end of the connection for the end of a body without a length.
            wrong = CutOff(f"the body has no announced length and its connection broke: {reason.getErrorMessage()}")
        if wrong is None:
            super().connectionLost(reason)
        else:
            gathered = ResponseFailed([Failure(wrong), Failure(_DataLoss())], self.response)
            self.response._bodyDataFinished(Failure(gathered))


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Gives up on a response whose head has more bytes than `HEADER_LIMIT`; calls `sent` when bytes went out."""

    _head = 0

    def __init__(self, when_quiet: Callable[[Any], object], sent: Callable[[], object]) -> None:
        super().__init__(when_quiet)  # type: ignore[no-untyped-call]
        self._sent = sent

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's name)
        """Listen on the socket itself: a request waits there for the handshake, and for the reactor to come round."""
        super().connectionMade()
        wire: Any = self.transport
        while isinstance(wire, ProtocolWrapper):
            wire = wire.transport
        write = wire.writeSomeData

        def written(data: bytes) -> Any:
            gone = write(data)
            self._sent()
            return gone

        wire.writeSomeData = written

    def request(self, request: Any) -> Deferred[IResponse]:
        """Send a request; its response is parsed with the bounds."""
        self._head = 0
        made = super().request(request)
        if self._parser is not None:
            # As Scrapy does: Twisted has no other way to choose the parser.
            self._parser.__class__ = _BoundedParser
        return made

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Take what came, as long as the head is not too long."""
        self._head += len(data)
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        parser = self._parser
        if parser is None or parser.state not in (STATUS, HEADER):
            return
        if self._head > HEADER_LIMIT:
            self._giveUp(Failure(HeaderOverflow(f"the headers have more than {HEADER_LIMIT} bytes")))

    def _giveUp(self, reason: Failure) -> None:  # noqa: N802
        super()._giveUp(reason)  # type: ignore[no-untyped-call]
        # Closing in order, as Twisted does, lets the server go on sending, over TLS for as long as it likes.
        if self.transport is not None and not reason.check(ConnectionDone):
            self.transport.abortConnection()


class _BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes `_BoundedProtocol`."""

    def __init__(self, when_quiet: Callable[[Any], object], words: str, *, sent: Callable[[], object]) -> None:
        super().__init__(when_quiet, words)  # type: ignore[no-untyped-call]
        self._sent = sent

    def buildProtocol(self, addr: IAddress | None) -> _BoundedProtocol:  # noqa: N802
        """The protocol of one connection."""
        return _BoundedProtocol(self._quiescentCallback, self._sent)
