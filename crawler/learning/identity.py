"""Where a page itself names its article's id: for sites whose addresses have none, and change with the title."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from crawler.extraction.page import Page
from crawler.extraction.select import select_first

FEWEST = 8
"""Fewest pages that tell an id from a number that happens to differ."""

IN_ORDER = 0.9
"""Least share of neighbours in time whose ids rise: ids are counted up, numbers of views are not."""

_PREFIXED = re.compile(r"(?P<prefix>[A-Za-z][\w]*[-_])(?P<id>\d{1,12})")
"""An id of HTML that ends in a number behind a name (``post-1482``)."""

_NUMBER = re.compile(r"\d{1,12}")
_NAME = re.compile(r"[\w:.-]{1,60}", re.ASCII)


def id_on_page(pages: Sequence[Page], dates: Sequence[datetime | None]) -> str:
    """The selector of the id that each of `pages` names, the best known place first; empty if no place names one.

    It has to be on every page, other on each, and to rise with `dates`, which discovery told (None: nothing told).
    Asked are the places that standards and systems have for it: the short link (``rel=shortlink``), an article's own
    id, meta elements and hidden fields.
    """
    values: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for place, page in enumerate(pages):
        for selector, number in _named(page):
            values[selector].setdefault(place, number)
    if len(pages) < FEWEST:
        return ""
    good = [
        selector
        for selector, told in values.items()
        if len(told) == len(pages) == len(set(told.values())) and _rises([told[n] for n in range(len(pages))], dates)
    ]
    order = sorted(good, key=lambda one: (_rank(one), len(one), one))
    return next((one for one in order if _reads(pages, one, values[one])), "")


def _named(page: Page) -> Iterator[tuple[str, int]]:
    """The numbers at the places for an id, each with the selector that reads it."""
    for node in page.tree.iter("link", "meta", "input", "article", "main", "section", "div", "body"):
        told: tuple[str, str] | None = None
        if node.tag == "link" and node.get("rel") == "shortlink":
            told = "link[rel=shortlink]@href", (node.get("href") or "").partition("?")[2]
            # The first number of the address is the one that is read.
            if _NUMBER.search((node.get("href") or "").partition("?")[0]):
                continue
        elif node.tag == "meta" and _NAME.fullmatch(node.get("name") or ""):
            told = f'meta[name="{node.get("name")}"]@content', node.get("content") or ""
        elif node.tag == "input" and node.get("type") == "hidden" and _NAME.fullmatch(node.get("name") or ""):
            told = f'input[name="{node.get("name")}"]@value', node.get("value") or ""
        elif match := _PREFIXED.fullmatch(node.get("id") or ""):
            told = f'{node.tag}[id^="{match["prefix"]}"]@id', match["id"]
        if told is None:
            continue
        numbers = _NUMBER.findall(told[1])
        if len(numbers) == 1 and (node.tag == "link" or told[1] == numbers[0]):
            yield told[0], int(numbers[0])


def _rises(numbers: Sequence[int], dates: Sequence[datetime | None]) -> bool:
    """Whether numbers rise with the dates that are known, of which there are enough to tell."""
    dated = sorted((told, number) for told, number in zip(dates, numbers, strict=True) if told is not None)
    order = [number for _, number in dated]
    pairs = list(pairwise(order))
    return len(order) >= FEWEST and sum(one < other for one, other in pairs) >= IN_ORDER * len(pairs)


def _rank(selector: str) -> int:
    """The short link before an article's own id, that before a field's, as they are likely to stay."""
    order = ("link", "article", "meta", "input")
    tag = re.split(r"[\[@]", selector)[0]
    return order.index(tag) if tag in order else len(order)


def _reads(pages: Sequence[Page], selector: str, told: dict[int, int]) -> bool:
    """Whether the selector reads on each page what was found there, as a layout's `key` is read."""
    for place, page in enumerate(pages):
        found = select_first(page.tree, selector)
        number = _NUMBER.search(found.value) if found else None
        if number is None or int(number[0]) != told[place]:
            return False
    return True
