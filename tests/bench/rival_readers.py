"""Other programs that read articles, in an environment of their own: ``PYTHON rival_readers.py PAGES``.

PAGES is a JSON list of [name, address, html]. Printed is one JSON object: for each reader that this environment has,
what it made of every page (`Reading`), for each that it lacks the reason. It runs where the project is not installed,
so it imports nothing of it. Each reader is called as its documentation says, and told that the pages are Vietnamese
where it can be told; a page on which it raises gave nothing. Nothing may be fetched.
"""

import json
import re
import socket
import sys
import warnings
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

from lxml import html

BLOCKS = (
    "address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
)  # fmt: skip
"""Elements that begin a line where a reader gives markup."""

BREAK = "\ue000"
"""A character that no page has, where a line ends."""


class Reading(TypedDict):
    """What a reader made of a page: the lines of its text, its title, its date as ISO 8601."""

    lines: list[str]
    title: str | None
    date: str | None


Reader = Callable[[str, str], Reading]
"""Takes an address and the page at it."""


def lines_of(text: str | None) -> list[str]:
    """The lines of a text that have words."""
    return [line for line in map(str.strip, (text or "").split("\n")) if re.search(r"\w", line)]


def lines_in(markup: str | None) -> list[str]:
    """The lines of a piece of markup: one for each run of words that no block parts."""
    if not (markup or "").strip():
        return []
    tree = html.fromstring(markup)
    for node in tree.iter(*BLOCKS):
        node.text = BREAK + (node.text or "")
        node.tail = BREAK + (node.tail or "")
    return lines_of(re.sub(r"\s+", " ", tree.text_content()).replace(BREAK, "\n"))


def _day(found: Any) -> str | None:
    """A date as ISO 8601, of what begins with one; of anything else nothing is known."""
    text = found.isoformat() if hasattr(found, "isoformat") else str(found or "")
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        begins = re.match(r"\d{4}-\d\d-\d\d", text)
        return begins[0] if begins else None


def _trafilatura(**settings: bool) -> Reader:
    trafilatura = import_module("trafilatura")

    def read(url: str, page: str) -> Reading:
        found = trafilatura.bare_extraction(page, url=url, with_metadata=True, **settings)
        if found is None:
            return {"lines": [], "title": None, "date": None}
        return {"lines": lines_of(found.text), "title": found.title, "date": _day(found.date)}

    return read


def _readability() -> Reader:
    readability = import_module("readability")

    def read(url: str, page: str) -> Reading:
        found = readability.Document(page, url=url)
        return {"lines": lines_in(found.summary(html_partial=True)), "title": found.short_title(), "date": None}

    return read


def _newspaper() -> Reader:
    newspaper = import_module("newspaper")

    def read(url: str, page: str) -> Reading:
        found = newspaper.Article(url, language="vi", fetch_images=False)
        found.download(input_html=page)
        found.parse()
        return {"lines": lines_of(found.text), "title": found.title or None, "date": _day(found.publish_date)}

    return read


def _goose() -> Reader:
    goose = import_module("goose3").Goose({"use_meta_language": False, "target_language": "vi"})

    def read(url: str, page: str) -> Reading:
        found = goose.extract(raw_html=page, url=None)
        when = found.publish_date or found.publish_datetime_utc
        return {"lines": lines_of(found.cleaned_text), "title": found.title or None, "date": _day(when)}

    return read


def _magic() -> Reader:
    extractor = import_module("magic_html").GeneralExtractor()

    def read(url: str, page: str) -> Reading:
        found = extractor.extract(page, base_url=url)
        return {"lines": lines_in(found["html"]), "title": found["title"] or None, "date": None}

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "trafilatura": _trafilatura,
    "trafilatura, precision": lambda: _trafilatura(favor_precision=True),
    "trafilatura, recall": lambda: _trafilatura(favor_recall=True),
    "readability-lxml": _readability,
    "newspaper4k": _newspaper,
    "goose3": _goose,
    "magic-html": _magic,
}
"""The readers by the name that the table gives them."""

DATELESS = ("readability-lxml", "magic-html")
"""Those of them that have no dates to tell."""


def read_all(pages: list[tuple[str, str, str]]) -> dict[str, dict[str, Reading] | str]:
    """What each reader made of `pages`, by reader and page; the reason, where a reader cannot be had."""
    out: dict[str, dict[str, Reading] | str] = {}
    for name, made in READERS.items():
        try:
            reader = made()
        except ImportError as error:
            out[name] = str(error)
            continue
        out[name] = {page: _read(reader, url, text) for page, url, text in pages}
    return out


def _read(reader: Reader, url: str, text: str) -> Reading:
    try:
        return reader(url, text)
    except Exception as error:
        print(f"{url}: {error!r}", file=sys.stderr)
        return {"lines": [], "title": None, "date": None}


def _nothing_fetched(*_: object, **__: object) -> None:
    raise OSError("a reader may fetch nothing")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    socket.socket.connect = _nothing_fetched  # type: ignore[method-assign]
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps(read_all(given)))
