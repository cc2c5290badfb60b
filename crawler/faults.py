"""What servers do wrong, by name: the errors of Scrapy, Twisted and OpenSSL become one kind of exception with one name.

Each time a fault is met, retries included, the run counts ``fault/<name>``; the name also begins the reason in the
ledger. docs/hostile-web.md lists the cases.
"""

from collections.abc import Iterator
from enum import StrEnum

from OpenSSL import SSL
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from service_identity import CertificateError, VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.web._newclient import BadResponseVersion, ParseError
from twisted.web.http import _MalformedChunkedDataError

from archive.decoding import BODY_LIMIT
from crawler.addresses import PrivateAddress


class FaultName(StrEnum):
    """Every fault that a run counts; `docs/hostile-web.md` says what is done about each."""

    OVERSIZE = "oversize"
    HEADERS = "headers"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    LENGTH = "length"
    ENCODING = "encoding"
    CHUNKING = "chunking"
    GARBAGE = "garbage"
    STATUS = "status"
    RESET = "reset"
    REFUSED = "refused"
    UNRESOLVED = "unresolved"
    PROXY = "proxy"
    TLS = "tls"
    PRIVATE_ADDRESS = "private-address"
    REDIRECT = "redirect"
    REDIRECT_LOOP = "redirect-loop"
    TOO_MANY_REQUESTS = "http-429"
    UNAVAILABLE = "http-503"
    NOT_ASKED = "304-not-asked"
    ROBOTS_UNREACHABLE = "robots-unreachable"
    ROBOTS_BLOCKED = "robots-blocked"
    ROBOTS_DELAY = "robots-delay"


_PASSING = frozenset(
    {
        FaultName.TIMEOUT,
        FaultName.TRUNCATED,
        FaultName.LENGTH,
        FaultName.CHUNKING,
        FaultName.GARBAGE,
        FaultName.RESET,
        FaultName.REFUSED,
        FaultName.UNRESOLVED,
        FaultName.PROXY,
    }
)
"""Faults that another try may not meet: bad lines and busy servers make them."""

_OF_THE_PAGE = frozenset(
    {
        FaultName.OVERSIZE,
        FaultName.HEADERS,
        FaultName.ENCODING,
        FaultName.STATUS,
        FaultName.REDIRECT,
        FaultName.REDIRECT_LOOP,
    }
)
"""Faults that will likely be there the next time too: the ledger gives the URL up sooner."""


class Fault(Exception):
    """A server did something wrong, or could not be had; its text begins with `name`."""

    def __init__(self, name: FaultName, words: str) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name

    @property
    def soft(self) -> bool:
        """Whether the ledger counts it as a passing trouble (`Ledger.failed`)."""
        return self.name not in _OF_THE_PAGE


class PassingFault(Fault):
    """A fault for which the same request is made again at once (RETRY_EXCEPTIONS)."""


class HeaderOverflow(Exception):
    """The headers of a response have more bytes than are read."""


class SurplusBody(Exception):
    """More came than Content-Length announced."""


class CutOff(Exception):
    """A body that only the end of the connection ends was cut off by a broken connection."""


_KINDS: tuple[tuple[FaultName, tuple[type[BaseException], ...], str], ...] = (
    (FaultName.PRIVATE_ADDRESS, (PrivateAddress,), ""),
    (FaultName.HEADERS, (HeaderOverflow,), ""),
    (FaultName.LENGTH, (SurplusBody,), ""),
    (FaultName.TRUNCATED, (CutOff,), ""),
    (FaultName.CHUNKING, (_MalformedChunkedDataError,), "the body is not chunked as HTTP has it"),
    (FaultName.TRUNCATED, (ResponseDataLossError,), "the body ends before its announced length"),
    (FaultName.TIMEOUT, (DownloadTimeoutError,), ""),
    (FaultName.OVERSIZE, (DownloadCancelledError,), f"the body has more than {BODY_LIMIT // 2**20} MiB"),
    (FaultName.RESET, (SSL.SysCallError, SSL.ZeroReturnError), "the connection broke off before the response"),
    (FaultName.TLS, (SSL.Error, VerificationError, CertificateError), ""),
    (FaultName.GARBAGE, (ParseError, BadResponseVersion, KeyError), "the answer is not HTTP"),
    (FaultName.PROXY, (TunnelError,), ""),
    (FaultName.UNRESOLVED, (CannotResolveHostError,), ""),
    (FaultName.REFUSED, (DownloadConnectionRefusedError, ConnectError), ""),
    (
        FaultName.RESET,
        (ConnectionClosed, DownloadFailedError, ConnectionError),
        "the connection broke off before the response",
    ),
)
"""Which errors mean which fault, the first that fits; the words are for errors that have none to be read."""


def fault_of(error: BaseException) -> Fault | None:
    """The fault that an error of the download means; None for an error of another kind."""
    if isinstance(error, Fault):
        return error
    met = list(_all_of(error))
    for name, types, words in _KINDS:
        for one in met:
            if isinstance(one, types):
                return named(name, words or str(one) or type(one).__name__)
    return None


def named(name: FaultName, words: str) -> Fault:
    """The fault of that name, of the class that says whether the request is made again."""
    return (PassingFault if name in _PASSING else Fault)(name, words)


def count(crawler: Crawler, fault: Fault) -> Fault:
    """Count a fault in the run's numbers and give it, to be raised."""
    crawler.stats.inc_value(f"fault/{fault.name}")
    return fault


def describe(error: BaseException) -> str:
    """An error in words; where Twisted gathers several, those it gathered."""
    reasons = getattr(error, "reasons", None)
    if reasons:
        return "; ".join(dict.fromkeys(reason.getErrorMessage() for reason in reasons))
    return str(error) or type(error).__name__


def _all_of(error: BaseException) -> Iterator[BaseException]:
    """An error, what caused it, and what Twisted gathered in it."""
    waiting, met = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in met:
            continue
        met.add(id(one))
        yield one
        waiting += [reason.value for reason in getattr(one, "reasons", None) or ()]
        if one.__cause__ is not None:
            waiting.append(one.__cause__)
