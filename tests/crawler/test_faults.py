"""Errors of Scrapy, Twisted and OpenSSL are told by name, however deep they hide."""

from pathlib import Path

import pytest
from OpenSSL import SSL
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectionDone, ConnectionLost, NoRouteError
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed, ResponseNeverReceived
from twisted.web.http import _DataLoss, _MalformedChunkedDataError

from crawler.addresses import PrivateAddress
from crawler.faults import CutOff, Fault, FaultName, HeaderOverflow, PassingFault, SurplusBody, fault_of, named

DOCS = Path(__file__).parents[2] / "docs" / "hostile-web.md"


def failed(*reasons: BaseException) -> DownloadFailedError:
    """What Scrapy raises for what Twisted gathered."""
    error = DownloadFailedError("[<twisted.python.failure.Failure ...>]")
    error.__cause__ = ResponseNeverReceived([Failure(reason) for reason in reasons])
    return error


def lost(*reasons: BaseException) -> ResponseDataLossError:
    """What Scrapy raises for a body that does not come whole."""
    error = ResponseDataLossError()
    error.__cause__ = ResponseFailed([Failure(reason) for reason in reasons])
    return error


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (DownloadCancelledError("Received 99 bytes"), FaultName.OVERSIZE),
        (failed(HeaderOverflow("too long")), FaultName.HEADERS),
        (DownloadTimeoutError("took longer"), FaultName.TIMEOUT),
        (lost(ConnectionLost(), _DataLoss()), FaultName.TRUNCATED),
        (lost(CutOff("reset"), _DataLoss()), FaultName.TRUNCATED),
        (lost(SurplusBody("more"), _DataLoss()), FaultName.LENGTH),
        (lost(_MalformedChunkedDataError(), _DataLoss()), FaultName.CHUNKING),
        (failed(ParseError("no", b"SSH")), FaultName.GARBAGE),
        (failed(KeyError(b"rot13")), FaultName.GARBAGE),
        (failed(ConnectionLost()), FaultName.RESET),
        (failed(ConnectionDone()), FaultName.RESET),
        (failed(SSL.SysCallError(-1, "Unexpected EOF")), FaultName.RESET),
        (failed(SSL.Error([("SSL routines", "", "certificate verify failed")])), FaultName.TLS),
        (DownloadConnectionRefusedError("refused"), FaultName.REFUSED),
        (NoRouteError(), FaultName.REFUSED),
        (CannotResolveHostError("no such name"), FaultName.UNRESOLVED),
        (TunnelError("502"), FaultName.PROXY),
        (failed(PrivateAddress("10.0.0.1")), FaultName.PRIVATE_ADDRESS),
    ],
)
def test_an_error_means_one_fault_whose_name_its_words_begin_with(error: BaseException, name: FaultName) -> None:
    fault = fault_of(error)
    assert fault is not None and fault.name is name
    assert str(fault).startswith(f"{name}: ") and len(str(fault)) > len(name) + 2


def test_an_error_of_the_program_is_no_fault_of_a_server() -> None:
    assert fault_of(ValueError("ours")) is None


@pytest.mark.parametrize("name", FaultName)
def test_no_fault_is_both_asked_for_again_and_given_up_soon(name: FaultName) -> None:
    fault = named(name, "words")
    assert isinstance(fault, Fault)
    assert fault.soft or not isinstance(fault, PassingFault)


@pytest.mark.parametrize("name", FaultName)
def test_every_fault_stands_in_the_docs(name: FaultName) -> None:
    assert f"`fault/{name}`" in DOCS.read_text("utf-8")
