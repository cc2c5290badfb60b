"""Saved pages as a web: a folder of HTML files, or a WARC file."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from archive.captures import CaptureError
from archive.clock import VIETNAM, Clock
from archive.decoding import decoded
from archive.warc import walk
from crawler.addresses import bare_host
from crawler.extraction.page import Page
from crawler.extraction.select import select_first
from crawler.onboarding.probe import SECTIONS, probe
from crawler.onboarding.report import Report
from crawler.onboarding.web import NOT_SAVED, Answer

_SUFFIXES = (".html", ".htm", ".aspx", ".php", ".xml", ".rss", ".txt")
_TYPES = {".xml": "text/xml", ".rss": "text/xml", ".txt": "text/plain"}

_SAVED_FROM = re.compile(rb"<!--\s*(?:saved from url=\(\d+\)|Mirrored from )(\S+)")
"""What browsers (MSIE, Chrome) and HTTrack write into a page that they save."""

_HEAD = 4_000
"""Bytes within which that comment stands: before the page's own words."""


class SavedWeb:
    """Answers from pages that were saved. An address is found with or without www, by http or https."""

    live = False

    def __init__(self, answers: Iterator[Answer]) -> None:
        self._answers = {_key(one.url): one for one in answers}
        self.addresses = tuple(one.url for one in self._answers.values())

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """The page saved from `url`, or word that there is none; forms are never answered."""
        found = self._answers.get(_key(url)) if method == "GET" else None
        return found or Answer(url, trouble=NOT_SAVED)


def saved_web(place: Path, url: str) -> SavedWeb:
    """The pages saved in `place`, a folder or a WARC file; `url` is the site's home, from which file names are read.

    Raises ValueError if there is no such place or nothing of the site in it, CaptureError for a damaged WARC file.
    """
    if place.is_dir():
        answers = _of_folder(place, url)
    elif place.is_file():
        answers = list(_of_warc(place))
    else:
        raise ValueError(f"--from {place}: there is no such folder or file")
    host = bare_host(urlsplit(url).hostname or "")
    own = [one for one in answers if bare_host(urlsplit(one.url).hostname or "") == host]
    if not own:
        others = sorted({urlsplit(one.url).hostname or "" for one in answers})
        hint = f"it has pages of {', '.join(others[:5])}" if others else "it has no pages at all"
        raise ValueError(f"--from {place}: no page of {host} in it; {hint}")
    return SavedWeb(iter(own))


def _key(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return bare_host(parts.hostname or ""), parts.path or "/", parts.query


def _of_folder(folder: Path, url: str) -> list[Answer]:
    """The pages of a folder; one that only its file's name tells of has the address by which others link to it."""
    told, guessed = list[Answer](), list[Answer]()
    for answer, by_name in _read_folder(folder, url):
        (guessed if by_name else told).append(answer)
    hosts = {bare_host(urlsplit(one.url).hostname or "") for one in told}
    if hosts and bare_host(urlsplit(url).hostname or "") not in hosts:
        # The others lie among pages of another site, so their names make them no pages of this one.
        return told
    links = {
        _loose(link): link
        for answer in (*told, *guessed)
        if answer.content_type == "text/html"
        for page in [Page(answer.url, answer.body, answer.content_type)]
        for link in (page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href"))
    }
    return told + [replace(one, url=links.get(_loose(one.url), one.url)) for one in guessed]


def _loose(url: str) -> tuple[str, str]:
    """An address without what whoever saves a page adds to its name: ``/tin/a/`` is saved as ``tin/a.html``."""
    try:
        parts = urlsplit(url)
        host = bare_host(parts.hostname or "")
    except ValueError:
        return "", url
    return host, re.sub(r"(?:/index)?\.html?$", "", parts.path).rstrip("/")


def _read_folder(folder: Path, url: str) -> Iterator[tuple[Answer, bool]]:
    """Each page of a folder, and whether its address is made of its file's name."""
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in _SUFFIXES or not file.is_file():
            continue
        body = file.read_bytes()
        content_type = _TYPES.get(file.suffix.lower(), "text/html")
        place = file.relative_to(folder).as_posix()
        at = urljoin(url, "/" + re.sub(r"(^|/)index\.html?$", r"\1", place))
        own = _own_address(Page(at, body, content_type)) if content_type == "text/html" else ""
        when = datetime.fromtimestamp(file.stat().st_mtime, VIETNAM)
        yield Answer(own or at, 200, content_type, body, when), not own


def _own_address(page: Page) -> str:
    """The address that a page says is its own: canonical, else og:url, else what saved it; empty if none does.

    A ``<base>`` names the folder that links start from, so it tells the site, and the file's name the rest.
    """
    told = select_first(page.tree, "link[rel=canonical]@href, meta[property='og:url']@content")
    if told and _is_address(page.link(told.value)):
        return page.link(told.value)
    saved = _SAVED_FROM.search(page.body[:_HEAD])
    if saved:
        address = saved[1].decode("utf-8", "replace")
        address = address if "://" in address else f"http://{address}"
        if _is_address(address):
            return address
    if page.base_url != page.url:
        return urljoin(page.base_url, urlsplit(page.url).path.rpartition("/")[2])
    return ""


def _is_address(url: str) -> bool:
    """Whether `url` can be read and has a host."""
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _of_warc(file: Path) -> Iterator[Answer]:
    """The responses of a WARC file; of several for one address the last, of a revisit the body it refers to."""
    bodies: dict[str, bytes] = {}
    for record in walk(file):
        if record.kind not in ("response", "revisit") or not record.status:
            continue
        payload = record.payload
        if record.kind == "response":
            bodies[record.payload_digest] = payload
        else:
            payload = bodies.get(record.payload_digest, b"")
        fields = {name.lower(): value for name, value in record.headers}
        try:
            body = decoded(record.headers, payload)
        except CaptureError:
            # Kept as it was sent, and what was sent was broken: no page to be read.
            continue
        when = datetime.fromisoformat(record.fields["warc-date"]).astimezone(VIETNAM)
        yield Answer(record.url, record.status, fields.get("content-type", ""), body, when)


def probe_saved(
    place: Path, url: str, clock: Clock, *, family: str = "", by_signs: bool = True, sections: int = SECTIONS
) -> Report:
    """Probe the pages saved in `place` of the site at `url`. Raises as `saved_web` does."""
    # No page is waited for, so any loop will do.
    return asyncio.run(probe(saved_web(place, url), url, clock, family=family, by_signs=by_signs, sections=sections))
