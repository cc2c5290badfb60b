"""A probe of a site as it is: a child process, whose spider asks as a crawl does and archives into a scratch folder.

So all that holds for a crawl holds for a probe: own hosts, robots.txt, one request at a time, pauses, whole bodies.
What it captured goes with the scratch folder; the report has the pages of the samples.
"""

import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.utils.project import get_project_settings

from archive.database import ArchiveError, open_engine, upgrade
from archive.settings import DATA, DATABASE_URL, Settings
from crawler.extraction.layout import Layout
from crawler.families.asking import DISCOVERY_PRIORITY
from crawler.families.base import SiteSpider
from crawler.faults import describe, fault_of
from crawler.onboarding.probe import SAMPLES, SECTIONS, probe
from crawler.onboarding.report import Report
from crawler.onboarding.web import Answer
from crawler.robots import ForbiddenByRobots
from crawler.sites import SETTINGS_MODULE
from crawler.stopping import Dropped

MOST_REQUESTS = 100
"""Most requests of one probe, whatever a site leads it to: `sites add` looks at 60 sections of a menu."""

RETRIES = 1
"""Further tries for a request that failed: a probe is soon made again."""

_ERROR = re.compile(r"[\w.]*(?:Error|Exception|Configured|Missing|Locked)\b")
"""How the last line of a traceback begins."""

_ASKED = "asked "
"""How a line of the child begins that says what it asks for."""


@dataclass(frozen=True)
class Order:
    """What to probe: the address, the family if the operator says it, how much is asked for, Scrapy settings.

    `by_signs` says whether families are looked for where none is given.
    """

    url: str
    family: str = ""
    by_signs: bool = True
    sections: int = SECTIONS
    samples: int = SAMPLES
    settings: Mapping[str, str] = field(default_factory=dict)


def probe_live(order: Order, tell: Callable[[str], None] = lambda url: None) -> Report:
    """Probe a site over the network; `tell` hears every address that is asked for.

    An address without a scheme is tried by https, then by http if nothing at all was answered. Raises ArchiveError if
    the child fails, with its last words.
    """
    if "://" in order.url:
        return _in_child(order, tell)
    report = _in_child(replace(order, url=f"https://{order.url}"), tell)
    if report.refused and not report.answered:
        plain = _in_child(replace(order, url=f"http://{order.url}"), tell)
        return report if plain.refused else plain
    return report


def _in_child(order: Order, tell: Callable[[str], None]) -> Report:
    with tempfile.TemporaryDirectory(prefix="baotinh-probe-") as scratch:
        folder = Path(scratch)
        (folder / "order").write_bytes(pickle.dumps(order))
        environment = {**os.environ, DATA: str(folder / "data"), "SCRAPY_SETTINGS_MODULE": SETTINGS_MODULE}
        environment.pop(DATABASE_URL, None)
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "crawler.onboarding.live", scratch],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
            )
            try:
                assert child.stdout is not None, "it was opened as a pipe"
                for line in child.stdout:
                    if line.startswith(_ASKED):
                        tell(line.removeprefix(_ASKED).strip())
                child.wait()
            finally:
                if child.poll() is None:
                    child.terminate()
                    child.wait()
        made = folder / "report"
        if not made.exists():
            lines = [line for line in (folder / "log").read_text("utf-8", "replace").splitlines() if line.strip()]
            told = [line for line in lines if _ERROR.match(line)] or lines or ["it said no word"]
            raise ArchiveError(f"the probe of {order.url} ended without a report: {told[-1]}")
        report: Report = pickle.loads(made.read_bytes())
        return report


class ProbeSpider(SiteSpider):
    """Asks for whatever a probe wants of the one host; nothing is discovered by itself, nothing is extracted."""

    name = "probe"
    title = "A site that is looked at"
    province = "ha-noi"
    sections: ClassVar[Mapping[str, str]] = {"-": "/"}
    family = "probe"
    layouts: ClassVar[tuple[Layout, ...]] = (Layout(name="none", title="h1", body="body"),)
    article_path = re.compile(r"(?P<key>.+)")
    order: ClassVar[Order]
    report: ClassVar[Report | None] = None

    async def start(self) -> AsyncIterator[Request]:
        """Probe; nothing is left to be fetched then."""
        order = type(self).order
        type(self).report = await probe(
            LiveWeb(self),
            order.url,
            self.desk.clock,
            family=order.family,
            by_signs=order.by_signs,
            sections=order.sections,
            samples=order.samples,
        )
        # What Scrapy asks for is a generator, and nothing is left to be fetched.
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request


class LiveWeb:
    """Asks a site through the crawl of a `ProbeSpider`."""

    live = True
    addresses: tuple[str, ...] = ()

    def __init__(self, spider: SiteSpider) -> None:
        self._spider = spider
        self._robots: dict[str, Answer] = {}
        self._asked = 0
        spider.crawler.signals.connect(self._came, signals.response_received)

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """The answer of the site, with all that a crawl does before and after."""
        if url in self._robots:
            return self._robots[url]
        if self._asked == MOST_REQUESTS:
            return Answer(url, trouble=f"not asked: a probe makes {MOST_REQUESTS} requests at most")
        self._asked += 1
        print(f"{_ASKED}{url}", flush=True)
        request = Request(url, method=method, body=body, headers=headers, priority=DISCOVERY_PRIORITY, dont_filter=True)
        spider = self._spider
        try:
            response = await spider.crawler.engine.download_async(request)
        except Dropped as error:
            return ended(url, next(iter(spider.desk.troubles), str(error)))
        except ForbiddenByRobots as error:
            return Answer(url, trouble=str(error), fault="robots")
        except IgnoreRequest as error:
            return Answer(url, trouble=str(error))
        except Exception as error:
            # Whatever goes wrong is what the operator wants to know.
            fault = fault_of(error)
            return Answer(url, trouble=str(fault or describe(error)), fault=str(fault.name) if fault else "")
        return self._answer(response)

    def _came(self, response: Response, request: Request) -> None:
        """Keep robots.txt, which the crawl asked for before anything else."""
        if urlsplit(response.url).path == "/robots.txt":
            self._robots[request.url] = self._robots[response.url] = self._answer(response)

    def _answer(self, response: Response) -> Answer:
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        return Answer(response.url, response.status, content_type, response.body, self._spider.desk.clock.now())


def ended(url: str, words: str) -> Answer:
    """What a crawl that ended itself says of the site: its rules could not be had, or a page came in their place."""
    if "in place of rules" in words:
        return Answer(url, trouble=words.partition(": nothing was fetched")[0], fault="robots-blocked")
    why = re.search(r"robots\.txt cannot be had \((.+)\), and the archive", words, re.DOTALL)
    return Answer(url, trouble=why[1], fault=why[1].partition(":")[0]) if why else Answer(url, trouble=words)


def main(scratch: str) -> None:
    """The child: probe as the order in the scratch folder says, and leave the report there."""
    folder = Path(scratch)
    order: Order = pickle.loads((folder / "order").read_bytes())
    engine = open_engine(Settings.from_environment().database_url)
    upgrade(engine)
    host = urlsplit(order.url).hostname or ""
    declared: dict[str, Any] = {"hosts": (host,), "scheme": urlsplit(order.url).scheme, "order": order}
    spider: type[ProbeSpider] = type("Probe", (ProbeSpider,), declared)
    settings = get_project_settings()
    settings.setdict({"RETRY_TIMES": RETRIES, **order.settings}, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    crawl = process.crawl(crawler)
    process.start()
    if spider.report is not None and crawl.done():
        asked, answered = (crawler.stats.get_value(f"downloader/{one}_count", 0) for one in ("request", "response"))
        (folder / "report").write_bytes(pickle.dumps(replace(spider.report, requests=asked, answered=answered)))


if __name__ == "__main__":
    # Under its own name, so that what is pickled is of the module that others import.
    from crawler.onboarding.live import main as run

    run(sys.argv[1])
