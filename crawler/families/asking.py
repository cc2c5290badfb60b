"""How discovery asks for a page: only if it changed where the site can tell, and ever more rarely where it fails."""

from datetime import datetime
from functools import partial

import scrapy
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from twisted.internet.defer import AlreadyCalledError

from archive.looks import NOTHING_TOLD, Answer, KeptPage, Look, answer_of
from archive.models import UrlKind
from crawler.archiving import Archiving, archiving
from crawler.conditional import NOT_MODIFIED, make_conditional
from crawler.declaration import SiteDeclaration
from crawler.discovery.troubles import TooLarge, Trouble
from crawler.extraction import gate
from crawler.extraction.page import Page
from crawler.extraction.text import visible
from crawler.faults import Fault, describe
from crawler.middlewares import CAPTURE
from crawler.robots import ForbiddenByRobots
from crawler.stopping import Dropped

DISCOVERY_PRIORITY = 100_000
"""Discovery before articles; articles have the number of days since 1970 as their priority."""

NOT_FOUND = (404, 410)
"""The statuses that say that there is no such page (RFC 9110, 15.5.5 and 15.5.11)."""

ASKED = "discovery/asked"
"""What a run counts its requests of discovery as: those that were sent, whatever came of them."""

_SOFT = (403, 408, 429)
"""Refusals that are likely to pass; so are all from 500 on."""


class Asking(SiteDeclaration, scrapy.Spider):
    """Asks for pages of discovery; `answered` counts those that came.

    `closed` says whether robots.txt does not allow what was asked for last, `waits` whether it is not due after a
    failure.
    """

    answered: int
    closed = False
    waits = False

    @property
    def desk(self) -> Archiving:
        """The archive this crawl writes to."""
        return archiving(self.crawler)

    async def get(
        self, request: Request, *, kind: UrlKind | None = UrlKind.LISTING, past_end: tuple[int, ...] = ()
    ) -> Page | None:
        """Fetch a page of discovery; None, with the reason noted, if it did not come or is not due after a failure.

        It is asked for only if it has changed, where the site told how and the archive can still read it; then the
        archive's page is given. The ledger keeps what came under `kind`; None says that the address is asked for once
        only. A status in `past_end` says that there is no such page, and gives an empty page.
        """
        request.priority = DISCOVERY_PRIORITY
        kind = kind if request.method == "GET" else None
        url, looks = request.url, self.desk.looks
        look = await self.desk.ask(partial(looks.at, url)) if kind else Look()
        self.closed, self.waits = False, look.waits(self.desk.clock.now())
        if self.waits:
            self.note_waiting(url, look)
            return None
        kept = await self._kept(url, look.answer) if look.is_conditional else None
        if kept is not None:
            make_conditional(request, look.answer, kept.held)
        if kind:
            self._formers.setdefault(url, look.answer.body_hash)
        try:
            response = await self.crawler.engine.download_async(request)
        except Dropped:
            raise
        except AlreadyCalledError as error:
            # Scrapy drops what is under way when a crawl ends, an answer that has just come among it: that says nothing
            # of the site, and the run that takes this one up has to ask at once.
            raise Dropped(f"{url}: the crawl ended while it was asked for") from error
        except ForbiddenByRobots:
            self.closed = True
            self.desk.troubles.append(f"{url}: closed by robots.txt and left out")
            self.crawler.stats.inc_value(f"discovery/{Trouble.CLOSED}")
            return None
        except Exception as error:
            # Any failure of one listing must leave the others their chance; it is noted, never lost.
            self._trouble(url, describe(error))
            # What was not even asked for, as robots.txt has it, says nothing of the page.
            if not isinstance(error, IgnoreRequest):
                self.crawler.stats.inc_value(ASKED)
                soft = not isinstance(error, Fault) or error.soft
                if kind:
                    await self.desk.ask(partial(looks.failed, url, kind, visible(describe(error)), soft=soft))
            return None
        self.crawler.stats.inc_value(ASKED)
        if response.status in past_end:
            return Page(response.url, b"")
        if response.status == NOT_MODIFIED and kept is not None and kind:
            self.crawler.stats.inc_value("discovery/not-modified")
            await self.desk.ask(partial(looks.not_modified, url, kind))
            self.answered += 1
            return Page(url, kept.body, kept.content_type)
        if response.status != 200:
            await self._refused(url, response.status, kind)
            return None
        self.answered += 1
        if kind:
            told = _told(url, response)
            if await self.desk.ask(partial(looks.answered, url, kind, told)):
                self.crawler.stats.inc_value("discovery/same-body")
        return Page(response.url, response.body, (response.headers.get("Content-Type") or b"").decode("latin-1"))

    async def earlier(self, url: str, until: datetime | None = None) -> Page | None:
        """The page that the last good answer for `url` before this run's held, or the last `until` an instant.

        None if none can be read.
        """
        looks, kept = self.desk.looks, None
        if until is not None:
            kept = await self.desk.ask(partial(looks.kept_until, url, until))
        else:
            if url not in self._formers:
                self._formers[url] = (await self.desk.ask(partial(looks.at, url))).answer.body_hash
            if (body_hash := self._formers[url]) is not None:
                kept = await self.desk.ask(partial(looks.kept, url, body_hash))
        return Page(url, kept.body, kept.content_type) if kept else None

    def note_waiting(self, url: str, look: Look) -> None:
        """Say that a source is not asked for tonight, since it failed of late."""
        self.crawler.stats.inc_value("discovery/waiting")
        words = f"{url}: {look.reason}; it is not asked for again before {_minute(look.due_at)}"
        self.desk.troubles.append(words)
        self.logger.info("discovery: %s", words)

    def unreadable(self, page: Page, error: ValueError) -> None:
        """Note that a page of discovery is not what it was asked for as."""
        if isinstance(error, TooLarge):
            self._trouble(page.url, str(error), Trouble.TOO_LARGE)
        elif check := gate.browser_check(page):
            self._trouble(page.url, check, Trouble.CHALLENGE)
        else:
            self._trouble(page.url, str(error), Trouble.UNREADABLE)

    def _trouble(self, url: str, reason: str, trouble: Trouble | None = None) -> None:
        """Note what is wrong with an answer of discovery, by its name if it has one of its own."""
        # It may quote what a server sent, and reaches the operator's terminal.
        reason = visible(reason)
        self.desk.troubles.append(f"{url}: {reason}")
        self.crawler.stats.inc_value("discovery/failed")
        if trouble:
            self.crawler.stats.inc_value(f"discovery/{trouble}")
        self.logger.warning("discovery: %s: %s", url, reason)

    @property
    def _formers(self) -> dict[str, str | None]:
        """By URL asked for in this run, the hash of the body that its last good answer before had."""
        formers: dict[str, str | None] = self.__dict__.setdefault("_former_hashes", {})
        return formers

    async def _kept(self, url: str, answer: Answer) -> KeptPage | None:
        return await self.desk.ask(partial(self.desk.looks.kept, url, answer.body_hash or ""))

    async def _refused(self, url: str, status: int, kind: UrlKind | None) -> None:
        """Note a status that brought no page."""
        self._trouble(url, f"HTTP {status}")
        if status in NOT_FOUND:
            self.crawler.stats.inc_value("discovery/not-found")
        if kind:
            soft = status >= 500 or status in _SOFT
            await self.desk.ask(partial(self.desk.looks.failed, url, kind, f"HTTP {status}", soft=soft))


def _told(url: str, response: Response) -> Answer:
    """What an answer for `url` tells for the next time; nothing of another address that it was led on to."""
    kept = response.request.meta.get(CAPTURE) if response.request else None
    if kept is None:
        return NOTHING_TOLD
    told = answer_of(kept.capture.headers, kept.capture.location.payload_digest)
    return told if kept.capture.url == url else NOTHING_TOLD


def _minute(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "long"
