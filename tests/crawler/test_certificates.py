"""Certificates: a handshake in memory, as it goes directly and through a tunnel alike."""

import ssl
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from OpenSSL import SSL

from archive.clock import VIETNAM, Clock
from crawler.certificates import SiteCertificates
from tests.sample_web.server import Authority

HOST = "tin.example"
CLOCK = Clock(datetime(2023, 4, 1, 23, 59, tzinfo=VIETNAM))
TODAY, YESTERDAY = date(2023, 4, 1), date(2023, 3, 31)


def handshake(policy: SiteCertificates, server: ssl.SSLContext, host: str = HOST) -> str | None:
    """Shake hands over memory: None if that went well, else the error in the client's words."""
    failed: list[Any] = []
    protocol: Any = SimpleNamespace(failVerification=failed.append, factory=SimpleNamespace(wrappedFactory=None))
    client = policy.creatorForNetloc(host.encode(), 443).clientConnectionForTLS(protocol)
    client.set_connect_state()
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        try:
            client.do_handshake()
            return None
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            return str(failed[0].value if failed else error)
        with suppress(SSL.WantReadError):
            to_server.write(client.bio_read(1 << 16))
        with suppress(ssl.SSLWantReadError):
            answering.do_handshake()
        if to_client.pending:
            client.bio_write(to_client.read())
    raise AssertionError("the handshake came to no end")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    return made


def test_a_good_certificate_passes_and_needs_no_exception(authority: Authority) -> None:
    policy = SiteCertificates({HOST: TODAY}, CLOCK)
    assert handshake(policy, authority.context(HOST)) is None
    assert policy.exception_used(HOST) is None


def test_an_expired_certificate_is_refused_and_the_next_step_named(authority: Authority) -> None:
    policy = SiteCertificates({}, CLOCK)
    assert handshake(policy, authority.context(HOST, expired=True)) is not None
    assert "certificate has expired; tell the site, or let the spider declare" in policy.words(HOST, "")


@pytest.mark.parametrize(("last", "accepted"), [(TODAY, True), (YESTERDAY, False)])
def test_an_exception_holds_until_its_day_by_the_archives_clock(
    authority: Authority, last: date, accepted: bool
) -> None:
    policy = SiteCertificates({HOST: last}, CLOCK)
    assert (handshake(policy, authority.context(HOST, expired=True)) is None) is accepted
    assert policy.exception_used(f"www.{HOST}") == (last if accepted else None)
    assert accepted or f"the exception for it ended on {last}" in policy.words(HOST, "")


def test_an_exception_forgives_the_date_only(authority: Authority, tmp_path: Path) -> None:
    policy = SiteCertificates({HOST: TODAY, "other.example": TODAY}, CLOCK)
    strange = Authority(tmp_path / "strange").context(HOST, expired=True)
    assert handshake(policy, strange) is not None, "an unknown issuer passed"
    assert handshake(policy, authority.context(HOST, expired=True), "other.example") is not None, "another host passed"
    assert policy.exception_used(HOST) is None
