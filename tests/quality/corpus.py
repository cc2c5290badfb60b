"""The golden set as its quality is measured: the truth of each page, the ways of reading it, its pin."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from trafilatura import bare_extraction
from trafilatura.settings import Document

from archive.article import Article
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.onboarding.goldens import FIELDS, Golden
from crawler.sites import all_sites
from tests.goldens.reading import (
    NOW,
    SIBLINGS,
    answer,
    load_golden,
    page_names,
    reading_of,
    sample_sites,
    serve,
)
from tests.quality.scorer import MEASURES, Score, score


class NoGolden(LookupError):
    """A page has no golden; the message names the command that writes it."""


def truth_of(name: str) -> Golden:
    """What is true of an article page: what its article file says, for the rest its golden.

    Raises NoGolden.
    """
    golden = load_golden(name)
    if golden is None:
        raise NoGolden(f"{name} has no golden: python -m tests.update_goldens {name}")
    site_id, _, key = name.partition("/")
    if site_id == SIBLINGS:
        return golden
    article = sample_sites()[site_id].by_key[key]
    told = {**(golden["published"] or {"precision": "minute"}), "instant": article.published.isoformat()}
    return {
        **golden,
        "title": article.title,
        "lead": article.lead or golden["lead"],
        "kind": article.meta.get("kind", "article"),
        "published": None if article.undated else told,
    }


@cache
def other_pages() -> dict[str, Page]:
    """The pages of the five sites that are no articles, by name.

    Homes, the first listing page of each section, static pages, the error page. Each stands at the address
    of an article that was taken down, as some sites answer: at any other address a crawl would not read it.
    """
    out = {}
    for site_id, site in sample_sites().items():
        gone = site.path(site.articles[0])
        site.faults.gone.add(gone)
        try:
            for path in ("/", *all_sites()[site_id].sections.values(), *site.static, gone):
                response = answer(site, site.base + path)
                name = f"{site_id}{path if path != gone else '/(taken down)'}"
                out[name] = Page(site.base + gone, response.body, response.headers["Content-Type"])
        finally:
            site.faults.gone.discard(gone)
    return out


# -- ways of reading ------------------------------------------------------------------------------
def _with_layouts(name: str) -> Golden:
    return _read(name, layouts=True)


def _whole_page(name: str) -> Golden:
    return _read(name, layouts=False)


def _read(name: str, *, layouts: bool) -> Golden:
    page = other_pages().get(name)
    if page is None:
        return reading_of(name, layouts=layouts)
    facts = all_sites()[name.partition("/")[0]].facts()
    # Reading takes a page apart, so each way has its own.
    again = Page(page.url, page.body, page.content_type)
    result = read(again, facts if layouts else replace(facts, layouts=()), NOW).result
    return _nothing(None if isinstance(result, Article) else result.reason)


def _reference(name: str) -> Golden:
    """What trafilatura makes of the bytes of a page, with its defaults and its metadata."""
    page = other_pages().get(name) or serve(name)
    document = bare_extraction(page.body, url=page.url, with_metadata=True)
    if not isinstance(document, Document):
        return _nothing("nothing")
    return {
        **_nothing(None),
        "title": document.title,
        "blocks": [["p", line] for line in (document.text or "").split("\n")],
        "author": document.author,
        "published": {"instant": document.date, "precision": "day"} if document.date else None,
    }


def _nothing(rejection: str | None) -> Golden:
    return {**dict.fromkeys(FIELDS), "rejection": rejection}


LAYOUTS, WHOLE_PAGE, REFERENCE = "layouts", "whole_page", "reference"

WAYS: dict[str, Callable[[str], Golden]] = {
    LAYOUTS: _with_layouts,
    WHOLE_PAGE: _whole_page,
    REFERENCE: _reference,
}
"""How a page can be read: with the layouts of its site, as a page that none of them fits, and, to show what
the project adds, by trafilatura alone."""

MEASURED = {
    LAYOUTS: tuple(MEASURES),
    WHOLE_PAGE: tuple(MEASURES),
    REFERENCE: (
        "kept", "text_f1", "text_exact", "paragraphs", "noise_lines", "lost_lines", "title", "author", "day",
        "invented_dates", "others_kept",
    ),
}  # fmt: skip
"""What is measured of each way: of the reference only what it claims to tell."""

FLOORED = (LAYOUTS, WHOLE_PAGE)
"""The ways that have floors."""

Scores = dict[str, dict[str, Score]]
"""Scores by way and measure."""


@cache
def scores_of(way: str) -> dict[str, Score]:
    """The scores of one way of reading, by measure."""
    articles = [(name, truth_of(name), WAYS[way](name)) for name in page_names()]
    found = score([*articles, *((name, None, WAYS[way](name)) for name in other_pages())])
    return {name: found[name] for name in MEASURED[way]}


# -- pins -----------------------------------------------------------------------------------------
def pins() -> dict[str, str]:
    """The pin of each page of the corpus, by name."""
    out = {}
    for name in page_names():
        truth = truth_of(name)
        bodies = [serve(name).body]
        if truth["more_pages"]:
            site = sample_sites()[name.partition("/")[0]]
            bodies += [answer(site, url).body for url in truth["more_pages"]]
        out[name] = pin(b"\0".join(bodies), truth)
    return out | {name: pin(page.body, None) for name, page in other_pages().items()}


def pin(body: bytes, truth: Golden | None) -> str:
    """The hash of a page's bytes and, if it is an article, that of its truth: "PAGE TRUTH"."""
    if truth is None:
        return _hash(body)
    return f"{_hash(body)} {_hash(json.dumps(truth, ensure_ascii=False, sort_keys=True).encode())}"


def _hash(content: bytes) -> str:
    """The first 12 hex digits of the SHA-256: enough to tell a change, short enough to read."""
    return hashlib.sha256(content).hexdigest()[:12]
