"""Why a site cannot be had, told over direct connections: behind a proxy most of these are one and the same."""

import json
import socket
import sqlite3
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from archive.clock import Clock
from archive.database import open_engine, session_factory
from archive.models import Health, RunOutcome
from schedules.causes import Cause
from schedules.health import Verdict, judge_run
from tests.conftest import Program
from tests.crawler.direct import DirectWeb, crawl_in_turn, order
from tests.crawler.hostile import TLS_HOST
from tests.sample_web.server import Authority

PLAIN, SECURE = "bao_quang_ninh", "bao_thai_nguyen"

CAUSES = {
    "no address": (PLAIN, "unresolved", Cause.DNS, "DNS lookup failed"),
    "refused": (PLAIN, "refused", Cause.REFUSED, "refused"),
    "no connection": (PLAIN, "timeout", Cause.TIMEOUT, ""),
    "no answer": (PLAIN, "timeout", Cause.TIMEOUT, ""),
    "reset": (PLAIN, "reset", Cause.CONNECTION, "the connection broke off before the response"),
    "expired": (SECURE, "tls", Cause.TLS, f"{TLS_HOST}: the certificate has expired"),
    "of another host": (SECURE, "tls", Cause.TLS, TLS_HOST),
    "self-signed": (SECURE, "tls", Cause.TLS, f"{TLS_HOST}: the certificate is self-signed"),
    "of an unknown issuer": (SECURE, "tls", Cause.TLS, f"{TLS_HOST}: an issuer of the certificate is not known"),
}
"""By what is wrong: the site that has it, the fault that is counted, the cause that is told, words of the reason."""

START = datetime(2023, 4, 1, 0, 30)

AFTERWARDS = ("no address", "refused", "no answer", "reset", "expired")
"""Those that are tried on a site, too, whose rules the archive knows."""


@contextmanager
def wrong_ports(web: DirectWeb, folder: Path) -> Iterator[dict[str, dict[int, int | None]]]:
    """Where the sites are, by what is wrong with them there."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.create_server(("127.0.0.1", 0)) as resetting,
        socket.create_server(("127.0.0.1", 0)) as closed,
        socket.socket() as first,
        socket.socket() as second,
    ):
        # A queue that is full takes no more: what comes then is not even refused.
        for filler in (first, second):
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(full.getsockname())
        threading.Thread(target=reset_all, args=(resetting,), daemon=True).start()
        nowhere = closed.getsockname()[1]
        closed.close()
        strange = Authority(folder / "strange")
        contexts = {
            "expired": web.authority.context(TLS_HOST, expired=True),
            "of another host": web.authority.context("khac.example"),
            "self-signed": self_signed(TLS_HOST, folder),
            "of an unknown issuer": strange.context(TLS_HOST),
        }
        plain = {"no address": None, "refused": nowhere}
        plain |= {"no connection": full.getsockname()[1], "no answer": silent.getsockname()[1]}
        plain |= {"reset": resetting.getsockname()[1]}
        yield {name: {80: port, 443: nowhere} for name, port in plain.items()} | {
            name: {80: nowhere, 443: web.listen(context)} for name, context in contexts.items()
        }


def reset_all(listening: socket.socket) -> None:
    """Read something of each connection, then break it off."""
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


def self_signed(host: str, folder: Path) -> ssl.SSLContext:
    """A server context whose certificate nobody but itself vouches for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "self-signed.pem"
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@dataclass
class Ended:
    """A crawl as it was written down, and what was made of it."""

    outcome: RunOutcome
    reason: str
    counts: dict[str, Any]
    verdict: Verdict


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """How crawls ended, by what was wrong; those on a site whose rules are known as "... afterwards"."""
    folder = tmp_path_factory.mktemp("causes")
    program = Program(folder / "data", None)
    program.make_archive()
    hasty: Any = {"RETRY_TIMES": 0, "DOWNLOAD_TIMEOUT": 1, "DOWNLOAD_DELAY": 0}
    with DirectWeb(folder / "web", 3) as web, wrong_ports(web, folder) as ports:
        [article, *_] = web.site.by_key.values()
        known = {PLAIN: web.site.url(article), SECURE: web.secure.url(web.secure.articles[0])}
        orders = {name: order(web, CAUSES[name][0], ports=ports[name], **hasty) for name in CAUSES}
        for site, url in known.items():
            orders[site] = order(web, site, arguments={"url": url}, **hasty)
        for number, name in enumerate(AFTERWARDS, 1):
            # Days later each, for a source that failed is left alone for some hours.
            before = f"os.environ['BAOTINH_NOW'] = '{START + number * timedelta(days=3):%Y-%m-%dT%H:%M:%S+07:00}'"
            orders[f"{name} afterwards"] = order(web, CAUSES[name][0], before=before, ports=ports[name], **hasty)
        environment = program.environment | {"BAOTINH_NOW": f"{START:%Y-%m-%dT%H:%M:%S+07:00}"}
        crawl_in_turn(web, environment, list(orders.values()))
    with closing(sqlite3.connect(program.data / "baotinh.sqlite3")) as database:
        rows = database.execute("select id, outcome, reason, counts from run order by id").fetchall()
    engine = open_engine(f"sqlite:///{program.data}/baotinh.sqlite3")
    sessions = session_factory(engine)
    out = {
        name: Ended(RunOutcome(outcome), reason or "", json.loads(counts), judge_run(sessions, Clock(), key))
        for name, (key, outcome, reason, counts) in zip(orders, rows, strict=True)
    }
    engine.dispose()
    return out


@pytest.mark.parametrize("name", CAUSES)
def test_a_site_whose_rules_cannot_be_had_is_skipped_and_the_cause_is_told(ended: dict[str, Ended], name: str) -> None:
    _, fault, cause, words = CAUSES[name]
    run = ended[name]
    assert run.outcome is RunOutcome.SKIPPED
    faults = {name: number for name, number in run.counts.items() if name.startswith("fault/")}
    assert faults == {f"fault/{fault}": 1, "fault/robots-unreachable": 1} and run.counts["requests"] == 1
    assert f"robots.txt cannot be had ({fault}: " in run.reason and words in run.reason
    assert (run.verdict.health, run.verdict.cause) == (Health.BROKEN, cause)


@pytest.mark.parametrize("name", AFTERWARDS)
def test_a_site_whose_rules_are_known_fails_and_the_cause_is_told(ended: dict[str, Ended], name: str) -> None:
    site, fault, cause, words = CAUSES[name]
    assert ended[site].outcome is RunOutcome.FINISHED, "its rules are not known"
    run = ended[f"{name} afterwards"]
    assert run.outcome is RunOutcome.FAILED and "nothing could be read: " in run.reason
    # Each source of the site, beside robots.txt.
    assert run.counts[f"fault/{fault}"] == run.counts["discovery_failed"] + 1 > 2
    assert f": {fault}: " in run.reason and words in run.reason
    assert (run.verdict.health, run.verdict.cause) == (Health.BROKEN, cause)
