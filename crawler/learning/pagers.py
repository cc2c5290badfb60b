"""What leads to the further pages of a section: learned from the links on its first page."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from crawler.extraction.page import Page
from crawler.extraction.select import words

MOST = 9_999
"""Greatest number of a page: what is longer is an id."""

LONGEST = 24
"""Signs that lead on from a section's address to its second page, where only the address tells that they do."""


@dataclass(frozen=True)
class Pager:
    """What leads to page n of a section, as `ListingSpider.page` has it, and the last page that each section links to.

    `{path}` in it stands for the section's path, `{stem}` for that without its suffix; `{n}` for the number, `{n-1}`
    where the site counts from zero, `{20*(n-1)}` where it counts articles.
    """

    page: str
    last: Mapping[str, int]


def learn_pager(pages: Mapping[str, Page], is_article: Callable[[str], bool]) -> Pager | None:
    """Learn from the first pages of sections, by their paths, what leads to the second; None if no link does.

    Links whose words are a number tell what it stands for; where there are none, an address that goes on from the
    section's own by one number, and is no article's, is taken for the second page's.
    """
    for numbered in (True, False):
        votes: Counter[str] = Counter()
        last: dict[str, dict[str, int]] = {}
        for path, page in pages.items():
            shapes = dict(_shapes(path, page, is_article, numbered=numbered))
            for shape, number in shapes.items():
                votes[shape] += 1
                last.setdefault(shape, {})[path] = number
        if votes:
            # Of two that as many sections have the simpler one.
            shape = max(votes, key=lambda one: (votes[one], -len(one), one))
            return Pager(shape, last[shape])
    return None


def _shapes(path: str, page: Page, is_article: Callable[[str], bool], *, numbered: bool) -> Iterator[tuple[str, int]]:
    """The shapes that links of one page have, each with the greatest number of a page."""
    told: dict[str, set[tuple[int, int]]] = {}
    host = urlsplit(page.url).hostname
    for a in page.tree.iter("a"):
        url = page.link(a.get("href") or "")
        try:
            parts = urlsplit(url)
        except ValueError:
            continue
        if parts.hostname != host or not a.get("href") or a.get("href").startswith("#"):
            continue
        text = "".join(words(a).split())
        number = int(text) if text.isascii() and text.isdigit() and 1 < int(text[:6]) <= MOST else 0
        if numbered != bool(number) or (not numbered and is_article(url)):
            continue
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        for shape, value in _templates(path, target):
            told.setdefault(shape, set()).add((number or value, value))
    for shape, pairs in told.items():
        if not numbered:
            # What goes on by a 2, or by a 1 where pages count from zero.
            if any(value == 2 for _, value in pairs) and len(shape) <= LONGEST:
                # How many there are nothing tells.
                yield shape.replace("#", "{n}"), 0
            continue
        if form := _counted(pairs):
            yield shape.replace("#", form), max(number for number, _ in pairs)


def _counted(pairs: set[tuple[int, int]]) -> str:
    """How the numbers in addresses follow from the numbers of pages; empty if they do not."""
    if all(value == number for number, value in pairs):
        return "{n}"
    if all(value == number - 1 for number, value in pairs):
        return "{n-1}"
    steps = {value / (number - 1) for number, value in pairs}
    if len(steps) == 1 and (step := steps.pop()) == int(step) and step > 1:
        return f"{{{int(step)}*(n-1)}}"
    return ""


def _templates(path: str, target: str) -> Iterator[tuple[str, int]]:
    """How `target` goes on from a section's `path`, with ``#`` for the number, and the number."""
    own, _, own_query = path.partition("?")
    to, _, query = target.partition("?")
    own_pairs, pairs = parse_qsl(own_query), parse_qsl(query)
    if to.rstrip("/").lower() == own.rstrip("/").lower():
        more = [one for one in pairs if one not in own_pairs]
        counts = [(name, value) for name, value in more if re.fullmatch(r"\d{1,6}", value)]
        if len(counts) == 1 and all(one in pairs for one in own_pairs):
            constant = "".join(f"{name}={value}&" for name, value in more if (name, value) not in counts)
            yield f"?{constant}{counts[0][0]}=#", int(counts[0][1])
        return
    if query != own_query:
        return
    bare = own.rstrip("/")
    stem = re.sub(r"\.\w{2,5}$", "", bare)
    begins = (("", bare), ("{stem}", stem)) if stem != bare else (("", bare),)
    for written, begin in begins:
        rest = to[len(begin) :]
        numbers: list[str] = re.findall(r"\d+", rest)
        if not to.startswith(begin) or len(numbers) != 1 or int(numbers[0][:6]) > MOST:
            continue
        if written == "" and rest[0] != "/":
            written = "{path}"
        yield written + re.sub(r"\d+", "#", rest, count=1), int(numbers[0])
        return
