"""What the sections of a probed site are told by: their addresses, their pagers, what each lists."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from urllib.parse import urlsplit

from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.onboarding.report import Section


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


def alone(sections: Sequence[Section], listed: dict[str, frozenset[str]]) -> list[Section]:
    """Leave out those that show nothing but what others list: a page with a box of news, or one above its sections."""
    left = {path: urls for path, urls in listed.items() if urls}
    # Those that stand above others first, for their children are what articles are filed under.
    for path in sorted(left, key=lambda one: -sum(other != one and other.startswith(one) for other in left)):
        others = frozenset[str]().union(*(urls for other, urls in left.items() if other != path))
        if left[path] <= others:
            del left[path]
    return [
        replace(one, why_not="lists only what other sections do")
        if listed.get(one.path) and one.path not in left
        else one
        for one in sections
    ]
