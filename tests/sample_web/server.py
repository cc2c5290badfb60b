"""A forward proxy on loopback that is itself the whole web: it answers for five sites and nobody else."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import logging
import ssl
import time
import traceback
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TextIO
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .sites import SITES, Request, Response, Site

ADMIN_HOST = "sample.web"
ALL_HOSTS = "all"
IDLE_SECONDS = 60.0
MAX_BODY = 1_000_000


class Authority:
    """A throw-away certificate authority; keys live only in `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca_file = folder / "sample-ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sample web throw-away CA")])
        public = self._key.public_key()
        certificate = (
            self._builder(self._name, public, days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int, age: int = 0
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC) - dt.timedelta(days=age)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=days))
        )

    def context(self, host: str, *, expired: bool = False) -> ssl.SSLContext:
        """A server context with a certificate for `host` and `www.host`, valid or out of date by ten days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host), x509.DNSName(f"www.{host}")])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            self._builder(subject, key.public_key(), days=20, age=30 if expired else 0)
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = self.folder / f"{host}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.touch(mode=0o600)
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


class Proxy:
    """Reads requests off loopback connections and lets the sites answer them."""

    def __init__(self, data: Path, log: TextIO) -> None:
        self.sites: dict[str, Site] = {}
        for kind in SITES:
            site = kind()
            self.sites[site.host] = self.sites[f"www.{site.host}"] = site
        self.authority = Authority(data)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._log = log
        logging.getLogger("asyncio").setLevel(logging.ERROR)

    async def start(self, port: int) -> asyncio.Server:
        """Listen on loopback; port 0 takes a free one."""
        return await asyncio.start_server(self._connection, "127.0.0.1", port, limit=256 * 1024)

    def _context(self, site: Site) -> ssl.SSLContext:
        if site.host not in self._contexts:
            self._contexts[site.host] = self.authority.context(site.host)
        return self._contexts[site.host]

    def _site(self, host: str) -> Site | None:
        return self.sites.get(host) or next((one for one in self.sites.values() if one.faults.at == host), None)

    def _note(self, request: Request, status: int) -> None:
        line = {
            "time": round(time.time(), 3),
            "host": request.host,
            "scheme": request.scheme,
            "method": request.method,
            "path": request.target,
            "status": status,
            "user_agent": request.headers.get("user-agent", ""),
            "if_none_match": request.headers.get("if-none-match", ""),
            "if_modified_since": request.headers.get("if-modified-since", ""),
        }
        self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._log.flush()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = ""
        try:
            while request := await self._read(reader, tunnel):
                if request.method == "CONNECT":
                    site = self._site(request.host)
                    if site is None or not request.target.endswith(":443"):
                        self._note(request, 502)
                        await self._send(writer, request, Response.error(502, "unknown host"), keep=False)
                        return
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await writer.drain()
                    await writer.start_tls(self._context(site))
                    tunnel = request.host
                    continue
                keep = request.headers.get("connection", "").lower() != "close"
                response = await self._answer(request)
                self._note(request, response.status)
                if response.status == 0:
                    writer.transport.abort()
                    return
                await self._send(writer, request, response, keep=keep)
                if not keep:
                    return
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            pass
        finally:
            with suppress(Exception):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, tunnel: str) -> Request | None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, address, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", "0") or 0)
        if length > MAX_BODY:
            return None
        body = await reader.readexactly(length) if length else b""
        if method == "CONNECT":
            host = address.rpartition(":")[0].lower()
            return Request(method, "https", host, address, {}, headers, b"")
        if tunnel:
            scheme, host, target = "https", tunnel, address
        else:
            parts = urlsplit(address)
            host = (parts.hostname or headers.get("host", "").partition(":")[0]).lower()
            scheme = parts.scheme or "http"
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        return Request(method, scheme, host, target, query, headers, body)

    async def _answer(self, request: Request) -> Response:
        if request.host == ADMIN_HOST:
            return self._control(request)
        site = self._site(request.host)
        if site is None:
            return Response.error(502, "unknown host")
        faults = site.faults
        if faults.slow:
            await asyncio.sleep(faults.slow)
        if request.path != "/robots.txt":
            if faults.drop:
                return Response(0)
            if faults.status:
                return Response.error(faults.status, "fault asked for by a test")
        try:
            return site.answer(request)
        except Exception:
            traceback.print_exc()
            return Response.error(500, "the sample web itself failed; see its standard error")

    def _control(self, request: Request) -> Response:
        """`/__control?host=H&NAME=VALUE...` with the switches of `Faults`; host=all is every host."""
        host = request.query.get("host", "")
        sites = list(dict.fromkeys(self.sites.values())) if host == ALL_HOSTS else [self.sites.get(host)]
        if request.path == "/sample-ca.pem":
            pem = self.authority.ca_file.read_bytes()
            return Response(200, pem, {"Content-Type": "application/x-pem-file"})
        if request.path != "/__control" or None in sites:
            return Response.error(404, "no such control or host")
        said = "{}"
        try:
            for site in sites:
                assert site is not None
                site.change(request.query)
                said = site.faults.json()
        except (KeyError, ValueError) as error:
            return Response.error(400, f"bad control: {error}")
        return Response(200, said.encode(), {"Content-Type": "application/json"})

    async def _send(self, writer: asyncio.StreamWriter, request: Request, response: Response, *, keep: bool) -> None:
        body = response.body
        headers = {"Content-Type": "text/html; charset=utf-8", "Server": "sample-web", **response.headers}
        headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        site = self._site(request.host)
        accepts = request.headers.get("accept-encoding", "")
        if site is not None and site.gzip and "gzip" in accepts and body and response.status == 200:
            body = gzip.compress(body, 6, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        headers["Content-Length"] = str(len(body))
        headers["Connection"] = "keep-alive" if keep else "close"
        try:
            reason = HTTPStatus(response.status).phrase
        except ValueError:
            reason = "Unknown"
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {response.status} {reason}\r\n{head}\r\n".encode("latin-1"))
        if request.method != "HEAD" and response.status not in (204, 304):
            if site is not None and site.faults.drip and any(one.key in request.path for one in site.articles):
                for byte in body:
                    await asyncio.sleep(site.faults.drip)
                    writer.write(bytes((byte,)))
                    await writer.drain()
            else:
                writer.write(body)
        await writer.drain()
