"""What the sections of a probed site are told by: their addresses, their pagers, what each lists."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from urllib.parse import urlsplit

from archive.ledger import Found
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.onboarding.report import Section


@dataclass
class MenuPage:
    """A page of the menu: its section as far as told, and the page."""

    section: Section
    page: Page | None = None
    found: dict[str, Found] = field(default_factory=dict)


def is_home(path: str, home: Page) -> bool:
    """Whether a path of the menu leads to the home page, or is an address within an address (of a web archive)."""
    return path == urlsplit(home.url).path or "://" in path or bool(re.fullmatch(r"/index\.\w+", path))


def last_page(spider: SiteSpider, path: str, page: Page) -> int:
    """The greatest page number of the listing at `path` that the page links to as the family asks for it; 0: none."""
    numbers = {0}
    for a in page.tree.iter("a"):
        link = page.link(a.get("href") or "")
        for told in re.findall(r"\d{1,6}", link.removeprefix(spider.site_url(path))):
            number = int(told)
            if number > 1 and address_of(spider, path, number) == link:
                numbers.add(number)
    return max(numbers)


def address_of(spider: SiteSpider, path: str, number: int) -> str:
    """The address of a page of a listing; of one whose further pages are posted for, its own."""
    try:
        return spider.listing_request(path, number).url
    except NotImplementedError:
        return spider.site_url(path)


def told_apart(sections: Sequence[Section]) -> list[Section]:
    """Sections of which no two have one name: the folder above tells them apart, else the whole path."""
    names = set[str]()
    out = []
    for one in sections:
        name = next(name for name in _names(one) if name not in names)
        names.add(name)
        out.append(replace(one, name=name))
    return out


def _names(section: Section) -> Iterator[str]:
    """Names for a section, the shortest first, without end."""
    folders = section.path.strip("/").split("/")
    yield section.name
    yield f"{section.name} ({folders[-2] if len(folders) > 1 else folders[-1]})"
    yield f"{section.name} ({'/'.join(folders)})"
    yield from (f"{section.name} ({number})" for number in count(2))


def alone(
    sections: Sequence[Section], listed: Mapping[str, frozenset[str]], linked: Mapping[str, frozenset[str]]
) -> list[Section]:
    """Leave out those that show nothing but what others list: a page with a box of news, or one above its sections.

    `listed` are the articles of each section's page, `linked` those that each page links to, the home page among them:
    what all the others link to stands in a box that every page has.
    """
    boxed = {path for path, urls in listed.items() if urls and urls <= _everywhere(path, linked)}
    left = {path: urls for path, urls in listed.items() if urls and path not in boxed}
    # Those that stand above others first, for their children are what articles are filed under.
    for path in sorted(left, key=lambda one: -sum(other != one and other.startswith(one) for other in left)):
        others = frozenset[str]().union(*(urls for other, urls in left.items() if other != path))
        if left[path] <= others:
            del left[path]
    return [
        replace(one, why_not="lists only what every page does")
        if one.path in boxed
        else replace(one, why_not="lists only what other sections do")
        if listed.get(one.path) and one.path not in left
        else one
        for one in sections
    ]


def _everywhere(path: str, linked: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What all pages but that at `path` link to; nothing of so few that a section and the home page may be all."""
    others = [urls for other, urls in linked.items() if other != path]
    return frozenset.intersection(*others) if len(others) > 1 else frozenset()
