"""A site whose listing names articles that each answer with a fault of their own, on raw sockets where HTTP ends."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any

import brotli

from archive.decoding import BODY_LIMIT
from tests.sample_web.articles import Article
from tests.sample_web.server import Proxy
from tests.sample_web.sites import BaoQuangNinh, BaoThaiNguyen, Request, Response, Site

ROOT = Path(__file__).resolve().parents[2]
HOST = "baoquangninh.com.vn"
TLS_HOST = "baothainguyen.vn"
WHOLE = (
    "<p>Sáng 12/3, tổ hợp tác thôn Đồng Găng thu hoạch lứa cải bắp cuối vụ, năng suất ước đạt 40 tấn mỗi héc-ta.</p>"
)

Writing = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Raw(Response):
    """An answer that writes what it likes, and after which the connection is closed."""

    write: Writing | None = None


def raw(*parts: bytes, reset: bool = False) -> Writing:
    """Write bytes, then close the connection, or break it off."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        await writer.drain()
        if reset:
            await asyncio.sleep(0.05)
            plain: socket.socket = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    return write


def endless(head: bytes, more: bytes, every: float = 0.0) -> Writing:
    """Write `head`, then `more` for as long as somebody reads, once every so many seconds."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(every)

    return write


def page(*headers: str, body: bytes = b"", length: int | None = None, status: str = "200 OK") -> bytes:
    """A response on the wire; `length` is announced in place of the body's own (-1: none is)."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", "Connection: close", *headers]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(where: str | None) -> Writing:
    """A redirect, with or without Location."""
    return raw(page(*([f"Location: {where}"] if where is not None else []), status="302 Found"))


def answer_with(write: Writing) -> Raw:
    """The response that a site gives for a fault."""
    return Raw(1, write=write)


class HostileNewspaper(BaoQuangNinh):
    """The newspaper on plain http with invented articles: sound ones by number, and one a fault."""

    page_size = 100
    faults_of: dict[str, Callable[[str], Writing]]
    robots: Writing | None

    def invent(self, sound: int, faults: Mapping[str, Callable[[str], Writing]]) -> None:
        """Make so many sound articles, spread over the sections, then one for each fault, named by it."""
        self.by_key, self.faults_of, self.robots = {}, {}, None
        names = [f"lành số {number}" for number in range(sound)] + list(faults)
        sections = list(self.sections)
        for number, name in enumerate(names, 2_000_000):
            section = sections[number % len(sections)]
            meta = {"title": f"Tin {name}", "section": section, "published": f"2022-03-{number % 28 + 1:02}T08:00"}
            self.by_key[str(number)] = Article(str(number), meta, WHOLE * 4)
            if name in faults:
                self.faults_of[str(number)] = faults[name]

    def answer(self, request: Request) -> Response:
        """Answer one request; robots.txt as `robots` has it, if anything."""
        if request.path == "/robots.txt" and self.robots is not None:
            return answer_with(self.robots)
        return super().answer(request)

    def article_page(self, article: Article, page: int = 1, **values: Any) -> Response | None:
        """An article, or its fault."""
        fault = self.faults_of.get(article.key)
        return answer_with(fault(self.url(article))) if fault else super().article_page(article, page, **values)


class HostileWeb(Proxy):
    """A proxy in a thread of its own, that knows one hostile and one sound site, and notes every request."""

    def __init__(self, folder: Path, sound: int, faults: Mapping[str, Callable[[str], Writing]]) -> None:
        super().__init__(folder, StringIO())
        self.site = HostileNewspaper()
        self.site.invent(sound, faults)
        self.secure = BaoThaiNguyen()
        self.sites: dict[str, Site] = {
            HOST: self.site,
            f"www.{HOST}": self.site,
            TLS_HOST: self.secure,
            f"www.{TLS_HOST}": self.secure,
        }
        self.expired = False
        self.asked: list[tuple[str, str, str]] = []
        self.answers: list[Writing] = []
        self.proxy = ""
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready: Future[int] = Future()

    def path_of(self, name: str) -> str:
        """The path of the article that a fault names."""
        [article] = [one for one in self.site.by_key.values() if one.title == f"Tin {name}"]
        return self.site.path(article)

    def _context(self, site: Site) -> ssl.SSLContext:
        return self.authority.context(site.host, expired=self.expired)

    def _note(self, request: Request, status: int) -> None:
        self.asked.append((request.method, request.host, request.target))

    async def _answer(self, request: Request) -> Response:
        # Articles wait until what a test laid ready is used up.
        if self.answers and request.path != "/robots.txt" and request.host == HOST:
            return answer_with(self.answers.pop(0))
        return await super()._answer(request)

    async def _send(self, writer: asyncio.StreamWriter, request: Request, response: Response, *, keep: bool) -> None:
        if not isinstance(response, Raw) or response.write is None:
            await super()._send(writer, request, response, keep=keep)
            return
        with suppress(ConnectionError):
            await response.write(writer)
        raise ConnectionResetError("over")

    def _serve(self) -> None:
        async def run() -> None:
            server = await self.start(0)
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            self._stop = lambda: loop.call_soon_threadsafe(stop.set)
            self._ready.set_result(server.sockets[0].getsockname()[1])
            await stop.wait()
            server.close()

        asyncio.run(run())

    def __enter__(self) -> HostileWeb:
        self._thread.start()
        self.proxy = f"http://127.0.0.1:{self._ready.result(30)}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._thread.join(10)

    def environment(self) -> dict[str, str]:
        """What a program needs to see this web."""
        return {"http_proxy": self.proxy, "https_proxy": self.proxy, "SSL_CERT_FILE": str(self.authority.ca_file)}


@dataclass
class Crawled:
    """A crawl that is over: its exit code, most memory in MiB, and what it wrote."""

    code: int
    memory: float
    log: str = field(repr=False)


def crawl(environment: Mapping[str, str], site: str, *settings: str, before: str = "", timeout: float = 120) -> Crawled:
    """Crawl in a process of its own, as `baotinh crawl` starts it; `before` is code that runs in it first.

    One that has not ended after `timeout` seconds is killed, and gives the code of that.
    """
    code = f"import sys\n{before}\nfrom scrapy.cmdline import execute\nexecute(sys.argv)"
    command = [sys.executable, "-c", code, "crawl", site]
    for setting in ("DOWNLOAD_DELAY=0", *settings):
        command += ["-s", setting]
    full = {**environment, "SCRAPY_SETTINGS_MODULE": "crawler.settings", "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(command, cwd=ROOT, env=full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout is not None
    killing = threading.Timer(timeout, child.kill)
    killing.start()
    with child.stdout:
        log = child.stdout.read().decode("utf-8", "replace")
    child.wait()
    killing.cancel()
    # As the crawl itself says: what the system says of a child counts the process that started it.
    peak = re.search(r"'memusage/max': (\d+)", log)
    return Crawled(child.returncode, int(peak[1]) / 2**20 if peak else float("inf"), log)


_BOMB = b"<p>" + bytes(BODY_LIMIT * 2)
_GZIP = gzip.compress(WHOLE.encode() * 50, mtime=0)


def _changed(at: int) -> bytes:
    broken = bytearray(_GZIP)
    broken[at] ^= 0xFF
    return bytes(broken)


def _coded(coding: str, body: bytes, **more: Any) -> Writing:
    return raw(page(f"Content-Encoding: {coding}", body=body, **more))


FAULTS: dict[str, tuple[str, Callable[[str], Writing]]] = {
    "gzip bomb": ("oversize", lambda _: _coded("gzip", gzip.compress(_BOMB))),
    "deflate bomb": ("oversize", lambda _: _coded("deflate", zlib.compress(_BOMB))),
    "brotli bomb": ("oversize", lambda _: _coded("br", brotli.compress(_BOMB, quality=1))),
    "endless body": ("oversize", lambda _: endless(page(length=-1), bytes(1 << 16))),
    "body announced too large": ("oversize", lambda _: endless(page(length=10**9), bytes(1 << 16))),
    "headers without end": (
        "headers",
        lambda _: endless(b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"x" * 1000 + b"\r\n"),
    ),
    "header line without end": ("headers", lambda _: endless(b"HTTP/1.1 200 OK\r\nX-Filler: ", b"x" * 4000)),
    "interim responses without end": ("headers", lambda _: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100)),
    "slow body": ("timeout", lambda _: endless(page(length=100_000), b"x", 0.2)),
    "slow headers": ("timeout", lambda _: endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", 0.2)),
    "gzip cut off": ("truncated", lambda _: _coded("gzip", _GZIP[:-20])),
    "gzip of another checksum": ("truncated", lambda _: _coded("gzip", _changed(-6))),
    "gzip of another size": ("truncated", lambda _: _coded("gzip", _changed(-2))),
    "body cut off": ("truncated", lambda _: raw(page(body=WHOLE.encode(), length=9999))),
    "body without length reset": ("truncated", lambda _: raw(page(body=WHOLE.encode(), length=-1), reset=True)),
    "body longer than announced": ("length", lambda _: raw(page(body=WHOLE.encode() * 4, length=100))),
    "reset": ("reset", lambda _: raw(reset=True)),
    "closed without an answer": ("reset", lambda _: raw()),
    "no HTTP": ("garbage", lambda _: raw(b"SSH-2.0-OpenSSH_9.2\r\n" * 3)),
    "strange chunks": (
        "chunking",
        lambda _: raw(page("Transfer-Encoding: chunked", length=-1), b"ZZ\r\n<p>\r\n0\r\n\r\n"),
    ),
    "chunks cut off": ("truncated", lambda _: raw(page("Transfer-Encoding: chunked", length=-1), b"50\r\n<p>")),
    "strange transfer": ("garbage", lambda _: raw(page("Transfer-Encoding: rot13", length=-1), b"<p>")),
    "strange coding": ("encoding", lambda _: _coded("x-strange", WHOLE.encode())),
    "many codings": ("encoding", lambda _: _coded(", ".join(["gzip"] * 1000), _GZIP)),
    "status 0": ("status", lambda _: raw(page(body=WHOLE.encode(), status="0 Zero"))),
    "redirect loop": ("redirect-loop", redirect),
    "https and back": ("redirect-loop", lambda url: redirect(url.replace("http:", "https:"))),
    "refresh loop": (
        "redirect-loop",
        lambda url: raw(
            page(body=f'<html><head><meta http-equiv="refresh" content="0;url={url}"></head></html>'.encode())
        ),
    ),
    "redirect without location": ("redirect", lambda _: redirect(None)),
    "redirect to a file": ("redirect", lambda _: redirect("file:///etc/passwd")),
    "redirect to data": ("redirect", lambda _: redirect("data:text/html,<p>tin</p>")),
    "redirect by ftp": ("redirect", lambda _: redirect(f"ftp://{HOST}/tin")),
    "redirect to nonsense": ("redirect", lambda _: redirect("http://[::1")),
}
"""Faults by what they are, each with the name it is counted under."""

DENIED: dict[str, Callable[[str], Writing]] = {
    "status 999": lambda _: raw(page(body=WHOLE.encode(), status="999 Request denied"))
}
"""What is kept as it came, but counted."""

FOREIGN: dict[str, Callable[[str], Writing]] = {
    "redirect to loopback": lambda _: redirect("http://127.0.0.1:9/"),
    "redirect to metadata": lambda _: redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect to IPv6": lambda _: redirect("http://[::1]/"),
    "redirect to another site": lambda _: redirect("https://example.com/"),
    "redirect to a sub-host": lambda _: redirect(f"http://cms.{HOST}/"),
    "refresh to loopback": lambda _: raw(
        page(body=b'<html><head><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/"></head></html>')
    ),
}
"""Ways out of the site's hosts: nothing may be asked for there."""
