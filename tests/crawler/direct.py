"""A web that is connected to directly: two sites on loopback, which note when the system received each request.

The time is the kernel's, of the packet: however busy the machine is, it is when the request came.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.crawler.hostile import ROOT, TLS_HOST, HostileNewspaper
from tests.sample_web.server import Authority
from tests.sample_web.sites import BaoThaiNguyen, Request, Response

SO_TIMESTAMPNS = 35
"""Linux's socket option for the time at which a packet was received; Python has no name for it."""


@dataclass(frozen=True)
class Asked:
    """One request as it came: seconds at which it was received, and what it asked for."""

    at: float
    host: str
    target: str
    headers: dict[str, str]


@dataclass
class Answer(Response):
    """An answer that waits before it comes; one of status 0 is none, and the connection is closed."""

    wait: float = 0.0


class DirectWeb:
    """Serves a newspaper of invented articles on plain HTTP, and one of the sample web's on TLS.

    `answers` are what comes in place of the page at a target, in order, before the page itself. `handshake` are the
    seconds that TLS takes, `context` is whom it says that it is. `open_at_once` counts the most connections that there
    were by host, `under_way_at_once` the most requests that were not answered yet.
    """

    def __init__(self, folder: Path, sound: int) -> None:
        self.site, self.secure = HostileNewspaper(), BaoThaiNguyen()
        self.site.invent(sound, {})
        self.site.serves_www = True  # type: ignore[misc]
        self.authority = Authority(folder)
        self.context = self.authority.context(TLS_HOST)
        self.handshake = 0.0
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.open_at_once: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self.under_way = self.under_way_at_once = 0
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.ports: dict[int, int] = {}

    def __enter__(self) -> DirectWeb:
        for port in (80, 443):
            self.ports[port] = self.listen(self.context if port == 443 else None)
        return self

    def listen(self, context: ssl.SSLContext | None) -> int:
        """Serve on another port, over TLS as `context` has it or without; gives the port."""
        listening = socket.create_server(("127.0.0.1", 0))
        # Connections have it from the beginning, so that the first packet has a time too.
        listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sockets.append(listening)
        threading.Thread(target=self._listen, args=(listening, context), daemon=True).start()
        return int(listening.getsockname()[1])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=self._serve, args=(connection, context), daemon=True).start()

    def _serve(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        connection.settimeout(30)
        hosts: set[str] = set()
        try:
            with connection, suppress(OSError):
                wire = _Wire(connection, context, self.handshake)
                while self._answer_one(wire, hosts, context is not None):
                    pass
        finally:
            with self._lock:
                self._open.subtract(hosts)

    def _answer_one(self, wire: _Wire, hosts: set[str], secure: bool) -> bool:
        head, at = wire.read_head()
        if not head:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        _, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if value}
        request = Request("GET", "https" if secure else "http", headers["host"], target, {}, headers, b"")
        with self._lock:
            self.asked.append(Asked(at, request.host, target, headers))
            if request.host not in hosts:
                hosts.add(request.host)
                self._open[request.host] += 1
                self.open_at_once[request.host] = max(self.open_at_once[request.host], self._open[request.host])
            self.under_way += 1
            self.under_way_at_once = max(self.under_way_at_once, self.under_way)
            waiting = self.answers.get(target)
            answer = waiting.pop(0) if waiting else (self.secure if secure else self.site).answer(request)
        time.sleep(answer.wait if isinstance(answer, Answer) else 0)
        with self._lock:
            self.under_way -= 1
        if answer.status == 0:
            return False
        fields = {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": "visitor=1; Path=/", **answer.headers}
        fields["Content-Length"] = str(len(answer.body))
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        wire.write(f"HTTP/1.1 {answer.status} Whatever\r\n{text}\r\n".encode() + answer.body)
        return True


class _Wire:
    """A connection, through TLS or not, that tells when what it reads was received."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext | None, handshake: float) -> None:
        self._plain, self._rest, self._at = plain, b"", 0.0
        self._came, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._going, server_side=True) if context else None
        if self._tls is not None:
            self._shake_hands(self._tls, handshake)

    def _shake_hands(self, tls: ssl.SSLObject, wait: float) -> None:
        done = False
        while not done:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            finally:
                # Where it fails too, for the other side is told why.
                if self._going.pending:
                    time.sleep(wait)
                    self._plain.sendall(self._going.read())
                    wait = 0.0
            if not done:
                self._came.write(self._receive() or _over())

    def _read(self, tls: ssl.SSLObject) -> bytes:
        while True:
            with suppress(ssl.SSLWantReadError):
                return tls.read(1 << 16)
            more = self._receive()
            if not more:
                return b""
            self._came.write(more)

    def _receive(self) -> bytes:
        data, notes, _, _ = self._plain.recvmsg(1 << 16, 256)
        for level, kind, value in notes:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = struct.unpack("qq", value)
                self._at = seconds + nanoseconds / 1e9
        return data

    def read_head(self) -> tuple[bytes, float]:
        """The head of a request and when its last bytes came; nothing if there is no more."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = self._read(self._tls) if self._tls else self._receive()
            if not more:
                return b"", 0.0
            data += more
        return data[:-4], self._at

    def write(self, data: bytes) -> None:
        """Send `data`."""
        if self._tls is None:
            self._plain.sendall(data)
            return
        self._tls.write(data)
        self._plain.sendall(self._going.read())


def _over() -> bytes:
    raise ConnectionResetError("the other side went away")


DRIVER = """
import asyncio, json, os, socket, sys
from scrapy.utils.reactor import install_reactor
install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.log import configure_logging
from scrapy.utils.project import get_project_settings
from twisted.internet.task import react
from crawler.addresses import GuardedReactor
from crawler.sites import find_site

orders, places = json.loads(sys.argv[1]), {}

def connect(self, host, port, factory, **more):
    # Where the guard stands, which would let nobody through to this machine.
    return self._reactor.connectTCP("127.0.0.1", places[port], factory, **more)

def look_up(name, *rest):
    if places[80] is None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return "203.0.113.7"

GuardedReactor.connectTCP, socket.gethostbyname = connect, look_up

async def crawl(reactor):
    # As `scrapy crawl` does, with nothing remembered.
    CachingThreadedResolver(reactor, 0, 10.0).install_on_reactor()
    for order in orders:
        exec(order["before"], globals())
        places.update({int(port): place for port, place in order["ports"].items()})
        settings = get_project_settings()
        settings.setdict(order["settings"], priority="cmdline")
        if not hasattr(crawl, "logs"):
            crawl.logs = configure_logging(settings) or True
        await AsyncCrawlerRunner(settings).crawl(find_site(order["site"]), **order["arguments"])

react(lambda reactor: deferred_from_coro(crawl(reactor)))
"""


def order(
    web: DirectWeb, site: str, *, before: str = "", ports: Mapping[int, int | None] | None = None, **settings: Any
) -> dict[str, Any]:
    """A crawl of `site`, with Scrapy's settings and, under `arguments`, the spider's.

    `before` is code that runs first; `ports` are others than the web's, None where the name leads nowhere.
    """
    arguments = settings.pop("arguments", {})
    return {"site": site, "before": before, "ports": ports or web.ports, "settings": settings, "arguments": arguments}


def crawl_in_turn(web: DirectWeb, environment: Mapping[str, str], orders: Sequence[Mapping[str, Any]]) -> str:
    """Carry out the orders one after the other, in one process for which all names lead to `web`; what it wrote."""
    full = {**environment, "SCRAPY_SETTINGS_MODULE": "crawler.settings", "PYTHONPATH": str(ROOT)}
    full["SSL_CERT_FILE"] = str(web.authority.ca_file)
    command = [sys.executable, "-c", DRIVER, json.dumps(orders)]
    done = subprocess.run(command, cwd=ROOT, env=full, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
