"""The article pages of the sample web read without a network, in the form in which goldens keep them.

A page is named ``<site>/<key>`` after its file in the sample web, a sibling ``siblings/<family>``. The
sample web is asked in this process, with its clock stopped and its counters at their start, so that a
page has the same bytes at every reading.
"""

import datetime
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from archive.clock import VIETNAM
from crawler.extraction.layout import SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.families.a_id import AIdSpider
from crawler.families.base import SiteSpider
from crawler.families.dataimages import DataimagesSpider
from crawler.families.epi import EpiSpider
from crawler.families.hex_id import HexIdSpider
from crawler.families.lacviet import LacVietSpider
from crawler.families.liferay import LiferaySpider
from crawler.families.nukeviet import NukeVietSpider
from crawler.families.tandan import TandanSpider
from crawler.families.vnpt_portal import VnptPortalSpider
from crawler.families.wordpress import WordPressSpider
from crawler.onboarding.goldens import Golden, golden_of, written
from crawler.sites import all_sites
from crawler.spiders.thai_nguyen.bao_thai_nguyen import BaoThaiNguyen
from tests.sample_web import sites as sample

GOLDENS = Path(__file__).resolve().parent
SIBLINGS = "siblings"
NOW = datetime.datetime(2023, 4, 1, 0, 30, tzinfo=VIETNAM)
"""When every page is served and read: after the newest article, so that the page's clock is a trap."""

FAMILIES: dict[str, type[SiteSpider]] = {
    "a_id": AIdSpider,
    "bao_thai_nguyen": BaoThaiNguyen,
    "dataimages": DataimagesSpider,
    "epi": EpiSpider,
    "hex_id": HexIdSpider,
    "lacviet": LacVietSpider,
    "liferay62": LiferaySpider,
    "liferay7": LiferaySpider,
    "nukeviet": NukeVietSpider,
    "nukeviet3": NukeVietSpider,
    "nukeviet34": NukeVietSpider,
    "nukeviet_egov": NukeVietSpider,
    "tandan": TandanSpider,
    "vnpt": VnptPortalSpider,
    "wordpress": WordPressSpider,
}
"""The declaration whose layouts a sibling is read with, by the sibling's file name."""


class _StoppedClock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_StoppedClock":
        return cls.fromtimestamp(NOW.timestamp(), tz)


@contextmanager
def stopped(site: sample.Site) -> Iterator[None]:
    """The site's clock at `NOW`, its counters at their start."""
    site.hits = 0
    for article in site.by_key.values():
        article.fetched = 0
    with patch.object(sample, "dt", SimpleNamespace(**{**vars(datetime), "datetime": _StoppedClock})):
        yield


@cache
def sample_sites() -> dict[str, sample.Site]:
    """The five sites by id."""
    return {kind.id: kind() for kind in sample.SITES}


@cache
def page_names() -> tuple[str, ...]:
    """The names of all article pages: those of the five sites, then the siblings."""
    own = [f"{name}/{key}" for name, site in sample_sites().items() for key in sorted(site.by_key)]
    return (*own, *(f"{SIBLINGS}/{file.stem}" for file in sorted((sample.HERE / SIBLINGS).glob("*.html"))))


def golden_names() -> set[str]:
    """The names of the goldens on disk."""
    return {file.relative_to(GOLDENS).with_suffix("").as_posix() for file in GOLDENS.glob("*/*.json")}


def golden_file(name: str) -> Path:
    """Where the golden of a page is kept."""
    return GOLDENS / f"{name}.json"


def load_golden(name: str) -> Golden | None:
    """The golden of a page, if there is one."""
    file = golden_file(name)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def write_golden(name: str, golden: Golden) -> None:
    """Keep `golden`; its form is the same wherever it is written."""
    file = golden_file(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text(written(golden), encoding="utf-8")


@cache
def reading_of(name: str, *, layouts: bool = True) -> Golden:
    """Read a page as it is served now and give it in a golden's form.

    Without `layouts` it is read as a page that none of its site's layouts fits.
    """
    facts, page, at_address = _sibling(name) if name.startswith(f"{SIBLINGS}/") else _served(name)
    facts = facts if layouts else replace(facts, layouts=())
    first = read(page, facts, NOW)
    # Reading takes nodes out of a page's tree, so a second reading starts from the bytes, as a crawl does.
    again = Page(page.url, page.body, page.content_type)
    further = [at_address(url) for url in first.more_pages]
    result = read(again, facts, NOW, further=further).result if further else first.result
    return golden_of(result, first.more_pages)


def serve(name: str) -> Page:
    """The page of a name as a crawl gets it: final address, bytes, content type."""
    return (_sibling(name) if name.startswith(f"{SIBLINGS}/") else _served(name))[1]


def facts_of(name: str) -> SiteFacts:
    """What the site of a page declares."""
    return (_sibling(name) if name.startswith(f"{SIBLINGS}/") else _served(name))[0]


def answer(site: sample.Site, url: str, visit: int = 1) -> sample.Response:
    """What `site` answers at `url` at the visit of this number, its clock stopped, its counters once at their start."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    request = sample.Request("GET", parts.scheme, parts.netloc, target, dict(parse_qsl(parts.query)), {}, b"")
    with stopped(site):
        for _ in range(visit - 1):
            site.answer(request)
        return site.answer(request)


def _served(name: str) -> tuple[SiteFacts, Page, Any]:
    site_id, _, key = name.partition("/")
    site = sample_sites()[site_id]
    published = site.by_key[key].published
    assert published <= NOW, (
        f"{name}: published {published}, but the sample web's clock stands at {NOW}: date it before"
    )

    def at_address(url: str) -> Page:
        response = answer(site, url)
        assert response.status == 200, f"{url} answers {response.status}"
        return Page(url, response.body, response.headers["Content-Type"])

    return all_sites()[site_id].facts(), at_address(site.url(site.by_key[key])), at_address


def _sibling(name: str) -> tuple[SiteFacts, Page, Any]:
    family = name.partition("/")[2]
    body = (sample.HERE / SIBLINGS / f"{family}.html").read_bytes()
    address = re.search(rb"<!--\s*(\S+)", body)
    assert address, f"{name}: its first comment names no address"
    url = address[1].decode()
    # What an operator would declare who adds the sibling: its host and its name, all else is the family's.
    declared = {"hosts": (urlsplit(url).hostname,), "title": f"Sibling {family}", "oldest": datetime.date(2009, 1, 1)}
    spider: Any = type("Sibling", (FAMILIES[family],), declared)
    return spider.facts(), Page(url, body, "text/html; charset=utf-8"), None
