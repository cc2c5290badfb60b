"""A site of any size to crawl, in a process of its own: ``python -m tests.bench.site --articles 1000``.

It is the sample web's newspaper with generated articles, answered from memory as far as that goes, so that
the server is never what a crawl waits for. It listens on loopback, as a forward proxy for its one host, and
ends when its standard input closes.
"""

import argparse
import asyncio
import json
import os
import random
import threading
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from markupsafe import Markup

from tests.bench.weight import weighted
from tests.sample_web.articles import Article
from tests.sample_web.sites import BaoQuangNinh, Request, Response

NEWEST = datetime(2022, 12, 31, 18, 0)
APART = timedelta(hours=2)
PARAGRAPHS = 8
"""Paragraphs of an article: with them it has about 2,200 characters, as those of the provincial papers have."""

KEPT_PAGES = 3_000
"""So many articles are rendered before the first request; more would only cost memory."""


class BenchSite(BaoQuangNinh):
    """The newspaper with `number` generated articles of about `size` bytes a page."""

    page_size: ClassVar[int] = 20

    def __init__(self, number: int, size: int, seed: int = 1) -> None:
        super().__init__()
        self.size = size
        plain = [one for one in self.by_key.values() if not {"encoding", "fault", "kind"} & one.meta.keys()]
        pool = [line for one in plain for line in one.raw.split("\n") if line.startswith("<p>") and "<a" not in line]
        chosen = random.Random(seed)
        self.by_key = {}
        for n in range(number):
            base, key = plain[n % len(plain)], str(3_000_000 + n)
            meta = {
                "title": f"{base.title} (kỳ {n})",
                "section": list(self.sections)[n % len(self.sections)],
                "published": (NEWEST - n * APART).isoformat(timespec="minutes"),
                "lead": base.meta.get("lead", ""),
            }
            first = f"<p>Bản tin số {n} của tòa soạn, gửi bạn đọc trong tỉnh và bà con xa quê.</p>"
            body = [first, *chosen.sample(pool, PARAGRAPHS), f'<p style="text-align: right;">Phóng viên {n % 40}</p>']
            self.by_key[key] = Article(key, meta, "\n".join(body))

    @cached_property
    def _newest_first(self) -> list[Article]:
        return sorted(self.by_key.values(), key=lambda one: one.published, reverse=True)

    @cached_property
    def _by_section(self) -> dict[str, list[Article]]:
        return {name: [one for one in self._newest_first if one.section == name] for name in self.sections}

    @property
    def articles(self) -> list[Article]:
        """All articles, newest first."""
        return self._newest_first

    def in_section(self, section: str) -> list[Article]:
        """The articles of a section, newest first."""
        return self._by_section[section]

    def article_page(self, article: Article, page: int = 1, **values: object) -> Response | None:
        """An article's page, rendered with its next neighbours as related stories, and given its weight."""
        at = self._newest_first.index(article)
        near = self._newest_first[at + 1 : at + 7]
        text = self.render(
            "article.html", a=article, title=article.title, body=Markup(article.raw), number=page, views=100,
            related=near[:3], newest=near[3:], popular=near[:3], **values,
        )  # fmt: skip
        return Response(200, weighted(text.encode(), self.size), {"Content-Type": self.content_type})


class Answers:
    """The whole answers of a site by path and query."""

    def __init__(self, site: BenchSite) -> None:
        self._site = site
        self._ready: dict[bytes, bytes] = {}
        for article in site.articles[:KEPT_PAGES]:
            target = site.path(article).encode()
            self._ready[target] = self._made(target)

    def get(self, address: bytes) -> bytes:
        """The answer to a request for ``http://host/path?query``."""
        target = address[address.find(b"/", 8) :]
        return self._ready.get(target) or self._ready.setdefault(target, self._made(target))

    def _made(self, target: bytes) -> bytes:
        text = target.decode()
        query = dict(parse_qsl(urlsplit(text).query))
        answer = self._site.answer(Request("GET", self._site.scheme, self._site.host, text, query, {}, b""))
        kind = answer.headers.get("Content-Type", self._site.content_type)
        head = f"HTTP/1.1 {answer.status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {len(answer.body)}\r\n\r\n"
        return head.encode() + answer.body


class Wire(asyncio.Protocol):
    """One kept connection; requests have no body and come one after another."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._transport.write(self._answers.get(head.split(b" ", 2)[1]))


async def serve(number: int, size: int) -> None:
    """Serve until standard input closes; says on standard output where, and with which article addresses."""
    site = BenchSite(number, size)
    answers = Answers(site)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    server = await loop.create_server(lambda: Wire(answers), "127.0.0.1", 0)
    threading.Thread(target=watch, daemon=True).start()
    port = server.sockets[0].getsockname()[1]
    listings = [f"{site.base}/{name}/" for name in site.sections]
    urls = [site.url(one) for one in site.articles]
    print(json.dumps({"proxy": f"http://127.0.0.1:{port}", "urls": urls, "listings": listings}), flush=True)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, required=True, help="how many")
    parser.add_argument("--size", type=int, default=0, help="bytes of an article's page; 0: as it is")
    given = parser.parse_args()
    asyncio.run(serve(given.articles, given.size))
