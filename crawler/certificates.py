"""Whose certificates are accepted: those that verify, and expired ones where a site declares an exception."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from OpenSSL import SSL
from scrapy.core.downloader.contextfactory import _ScrapyClientContextFactory
from twisted.internet._sslverify import ClientTLSOptions, _verifyCB
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from zope.interface import implementer

from archive.clock import VIETNAM, Clock
from crawler.addresses import bare_host

TLS_EXCEPTION = "tls_exception"
"""Request.meta key: the last day of the exception (`date`) under which the response was fetched."""

_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL, x509_vfy.h)."""

_MEANINGS = {
    9: "the certificate is not valid yet",
    _EXPIRED: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "an issuer of the certificate is self-signed and not known",
    20: "an issuer of the certificate is not known",
    21: "an issuer of the certificate is missing",
}
"""OpenSSL's verification errors that servers make (x509_vfy.h), in words."""


class SiteCertificates(_ScrapyClientContextFactory):
    """Verifies every certificate; lets an expired one pass for a host under a dated exception, and notes that.

    `exceptions` gives the last day of each by host; the day is that of the archive's clock. Only the date is forgiven:
    the certificate must still be the host's own, from an issuer that is known.
    """

    def __init__(self, exceptions: Mapping[str, date], clock: Clock) -> None:
        super().__init__(method=None, verify_certificates=True)
        self._exceptions = {bare_host(host): day for host, day in exceptions.items()}
        self._clock = clock
        self._forgiven: set[str] = set()
        self._faults: dict[str, str] = {}

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: N802 (Twisted's name)
        """What makes the connections to one host."""
        return _Watched(super().creatorForNetloc(hostname, port), hostname.decode("ascii"), self)

    def forgives(self, host: str) -> bool:
        """Whether an expired certificate of `host` is accepted today; www and the bare host are one server."""
        day = self._exceptions.get(bare_host(host))
        return day is not None and self._clock.now().astimezone(VIETNAM).date() <= day

    def verdict(self, host: str, error: int, *, good: bool) -> bool:
        """Whether one certificate of a chain passes, and note what is the matter with one that does not verify."""
        if good:
            return True
        if error == _EXPIRED and self.forgives(host):
            self._forgiven.add(bare_host(host))
            return True
        self._faults[bare_host(host)] = _MEANINGS.get(
            error, f"the certificate does not verify (OpenSSL's error {error})"
        )
        return False

    def exception_used(self, host: str) -> date | None:
        """The last day of the exception that connections to `host` needed; None if they needed none."""
        return self._exceptions[bare_host(host)] if bare_host(host) in self._forgiven else None

    def words(self, host: str, otherwise: str) -> str:
        """Why the certificate of `host` was refused, and what to do."""
        fault = self._faults.get(bare_host(host))
        if fault is None:
            return f"{host}: no secure connection: {otherwise}"
        if fault != _MEANINGS[_EXPIRED]:
            return f"{host}: {fault}; if it is theirs, give SSL_CERT_FILE a file with its issuers"
        day = self._exceptions.get(bare_host(host))
        ended = f"; the exception for it ended on {day}" if day else ""
        return (
            f"{host}: {fault}{ended}; tell the site, or let the spider declare "
            f'tls_exceptions = {{"{host}": date(...)}} with the last day on which it is accepted'
        )


@implementer(IOpenSSLClientConnectionCreator)
class _Watched:
    """Makes connections to one host whose certificates `SiteCertificates` judges."""

    def __init__(self, inner: ClientTLSOptions, host: str, judge: SiteCertificates) -> None:
        self._inner, self._host, self._judge = inner, host, judge

    def clientConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 (Twisted's name)
        """A connection, ready for its handshake."""
        inner = self._inner
        connection = inner.clientConnectionForTLS(protocol)
        whose = _verifyCB(protocol, inner._hostnameIsDnsName, inner._hostnameASCII)

        def verify(conn: Any, certificate: Any, error: int, depth: int, good: int) -> bool:
            passed = self._judge.verdict(self._host, error, good=bool(good))
            return whose(conn, certificate, error, depth, passed)

        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
        return connection
