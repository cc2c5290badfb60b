"""Many generated sites: their web, in a process of its own, and a copy of the program that has a spider for each.

``python -m tests.bench.many --sites 200 --articles 3 --log FILE``. Each is the bench's newspaper under a host of its
own, on one server.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.bench.measure import Unfit
from tests.bench.site import BenchSite
from tests.sample_web.sites import Request

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("archive", "crawler", "commands", "schedules", "migrations", "baotinh.py", "scrapy.cfg", "pyproject.toml")
"""What the program is made of."""

SPIDER = '''"""Báo thử nghiệm số {number}."""

from datetime import date

from crawler.families.dataimages import DataimagesSpider


class {name}(DataimagesSpider):
    """A newspaper invented for a measurement."""

    name = "{site}"
    title = "Báo thử nghiệm số {number}"
    province = "quang-ninh"
    hosts = ("{host}",)
    sections = {sections!r}
    oldest = date(2009, 1, 1)
'''


def site_id(number: int) -> str:
    """The id of a generated site."""
    return f"bao_thu_{number:03}"


def host_of(number: int) -> str:
    """Its host."""
    return f"bao-thu-{number:03}.example"


def copy_of_the_program(folder: Path, sites: int) -> Path:
    """Copy the program into `folder` with spiders for `sites` generated sites, and none of those that it has."""
    home = folder / "program"
    home.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__", "spiders"))
        else:
            shutil.copy(ROOT / part, home / part)
    spiders = home / "crawler" / "spiders"
    for package in (spiders, spiders / "thu_nghiem"):
        package.mkdir()
        (package / "__init__.py").write_text('"""Sites invented for a measurement."""\n', encoding="utf-8")
    paths = {name: f"/{slug}/" for slug, name in BenchSite.sections.items()}
    for number in range(sites):
        name = "".join(part.capitalize() for part in site_id(number).split("_"))
        text = SPIDER.format(number=number, name=name, site=site_id(number), host=host_of(number), sections=paths)
        (spiders / "thu_nghiem" / f"{site_id(number)}.py").write_text(text, encoding="utf-8")
    return home


@dataclass(frozen=True)
class ManySites:
    """The web that runs: where, and the file with a line a request (time, host, path, status)."""

    proxy: str
    log_file: Path

    def log(self) -> list[tuple[float, str, str, int]]:
        """Every request so far."""
        rows = (json.loads(line) for line in self.log_file.read_text(encoding="utf-8").splitlines())
        return [(row[0], row[1], row[2], row[3]) for row in rows]


@contextmanager
def served(sites: int, articles: int, folder: Path) -> Iterator[ManySites]:
    """Start the web in a process of its own; it ends with this block, or with us."""
    log = folder / "requests.jsonl"
    command = [sys.executable, "-m", "tests.bench.many", "--sites", str(sites), "--articles", str(articles)]
    with subprocess.Popen(
        [*command, "--log", str(log)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise Unfit(f"the web of {sites} sites did not start (exit code {child.wait()})")
        try:
            yield ManySites(json.loads(line)["proxy"], log)
        finally:
            child.stdin.close()


# -- the process ---------------------------------------------------------------------------------
class Web:
    """Answers for all sites; each is made when it is first asked."""

    def __init__(self, sites: int, articles: int, log: Path) -> None:
        self._numbers = {host_of(number): number for number in range(sites)}
        self._articles = articles
        self._made: dict[str, BenchSite] = {}
        self._log = log.open("a", encoding="utf-8", buffering=1)

    def answer(self, method: str, address: str) -> bytes:
        """The whole answer to a request for ``http://host/path?query``."""
        parts = urlsplit(address)
        host, target = parts.hostname or "", address[address.find("/", 8) :]
        if host not in self._numbers:
            return b"HTTP/1.1 502 Unknown\r\nContent-Length: 0\r\n\r\n"
        if host not in self._made:
            kind = type("OneOfMany", (BenchSite,), {"host": host})
            self._made[host] = kind(self._articles, 0, seed=self._numbers[host])
        query = dict(parse_qsl(parts.query))
        got = self._made[host].answer(Request(method, "http", host, target, query, {}, b""))
        self._log.write(json.dumps([time.time(), host, target, got.status]) + "\n")
        headers = {"Content-Type": "text/html; charset=utf-8", **got.headers, "Date": formatdate(usegmt=True)}
        headers["Content-Length"] = str(len(got.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {got.status} Answer\r\n{lines}\r\n".encode() + got.body

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one kept connection, which have no body."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, address, _ = head.decode("latin-1").split(" ", 2)
                writer.write(self.answer(method, address))
                await writer.drain()
        writer.close()


async def serve(web: Web) -> None:
    """Serve until standard input closes; says on standard output where."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    server = await asyncio.start_server(web.connection, "127.0.0.1", 0)
    threading.Thread(target=watch, daemon=True).start()
    print(json.dumps({"proxy": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, required=True, help="how many")
    parser.add_argument("--articles", type=int, required=True, help="of each")
    parser.add_argument("--log", type=Path, required=True, help="a line a request goes here")
    given = parser.parse_args()
    asyncio.run(serve(Web(given.sites, given.articles, given.log)))
