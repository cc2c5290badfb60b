"""What a probe asks: a web of pages, whether they come from a site or from a folder."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crawler.extraction.page import Page

NOT_SAVED = "not among the saved pages"


@dataclass(frozen=True)
class Answer:
    """What came for an address.

    `url` is the final address, `status` 0 where nothing came and `trouble` says why; `body` is decoded of any coding
    of the transfer. `fault` is the name of the fault (`crawler.faults.FaultName`), if it has one.
    """

    url: str
    status: int = 0
    content_type: str = ""
    body: bytes = b""
    fetched_at: datetime | None = None
    trouble: str = ""
    fault: str = ""

    @property
    def page(self) -> Page | None:
        """The answer as a page; None if it is none that can be read."""
        return Page(self.url, self.body, self.content_type) if self.status == 200 else None

    @property
    def why_not(self) -> str:
        """Why there is no page, in words; empty if there is one."""
        return "" if self.status == 200 else self.trouble or f"HTTP {self.status}"


class Web(Protocol):
    """Where a probe's pages come from.

    `live` says that a site is asked, so what is missing is missing there. `addresses` are those that are known to
    have a page before any is asked for (of saved pages; of a site none).
    """

    live: bool
    addresses: tuple[str, ...]

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """The answer for `url`; never raises for what a site does or does not."""


class Remembering:
    """A web that is asked for each address once."""

    def __init__(self, web: Web) -> None:
        self._web, self._answers = web, dict[str, Answer]()
        self.live, self.addresses = web.live, web.addresses

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """The answer for `url`, asked for once; forms are asked for each time."""
        if method != "GET":
            return await self._web.get(url, method=method, body=body, headers=headers)
        if url not in self._answers:
            self._answers[url] = await self._web.get(url, headers=headers)
        return self._answers[url]

    async def afresh(self, url: str) -> Answer:
        """The answer for `url`, asked for once more whatever is remembered, which stays."""
        return await self._web.get(url)
