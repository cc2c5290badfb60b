"""Which family a site belongs to: the signs of every family, looked for on a few of its pages."""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import crawler.families
from crawler.addresses import bare_host
from crawler.extraction.page import Page
from crawler.extraction.select import select_all
from crawler.families.base import SiteSpider
from crawler.families.signs import Sign

FITS = 3
"""Least score of a family that fits: what one sign counts that no other system has, or two signs of two."""

FEWEST_LINKS = 2
"""Fewest addresses that make a sign of an address: a single link may be one that an editor copied."""

PLAIN = "listing"
"""The family of sites on a system that is not known: the operator says where things stand."""


@dataclass(frozen=True)
class Evidence:
    """A sign that was found: what it says, what it counts, the address it was found on, and how often."""

    says: str
    weight: int
    at: str
    times: int = 1


@dataclass(frozen=True)
class Likeness:
    """What speaks for a family: its name, the sum of what its signs count, and the signs that were found."""

    family: str
    score: int
    evidence: tuple[Evidence, ...]

    @property
    def fits(self) -> bool:
        """Whether the signs are enough to take the site for one of the family."""
        return self.score >= FITS


@cache
def families() -> dict[str, type[SiteSpider]]:
    """Every family that says how it is recognised, and the plain one, by name."""
    found: dict[str, type[SiteSpider]] = {}
    for module in pkgutil.iter_modules(crawler.families.__path__, "crawler.families."):
        for one in vars(importlib.import_module(module.name)).values():
            # A family that builds on another one inherits its signs; each is found in its own module.
            if isinstance(one, type) and issubclass(one, SiteSpider) and one.__module__ == module.name:
                name = getattr(one, "family", "")
                if name and (one.signs or name == PLAIN):
                    found[name] = one
    return dict(sorted(found.items()))


def family_named(name: str) -> type[SiteSpider]:
    """The family with that name. Raises ValueError naming those there are."""
    if name not in families():
        raise ValueError(f"there is no family {name!r}; give one of {', '.join(families())}")
    return families()[name]


def recognise(pages: Sequence[Page], among: Mapping[str, type[SiteSpider]]) -> tuple[Likeness, ...]:
    """The families of which `pages` of one site show any sign, the likeliest first.

    A sign counts once, on the first page that shows it; a sign of an address wants `FEWEST_LINKS` of the site's own
    addresses, those of the pages among them.
    """
    own = own_addresses(pages)
    likenesses = []
    for name, family in among.items():
        found = tuple(one for sign in family.signs if (one := _found(sign, pages, own)))
        if found:
            likenesses.append(Likeness(name, sum(one.weight for one in found), found))
    return tuple(sorted(likenesses, key=lambda one: (-one.score, one.family)))


def own_addresses(pages: Iterable[Page]) -> dict[str, str]:
    """The paths on the pages' own hosts that they have or link to, each with the first page it was met on."""
    out: dict[str, str] = {}
    for page in pages:
        host = bare_host(urlsplit(page.url).hostname or "")
        links = [page.link(a.get("href")) for a in page.tree.iter("a") if a.get("href")]
        for url in (page.url, *links):
            try:
                parts = urlsplit(url)
                if parts.scheme in ("http", "https") and bare_host(parts.hostname or "") == host:
                    out.setdefault(parts.path or "/", page.url)
            except ValueError:
                continue
    return out


def _found(sign: Sign, pages: Sequence[Page], own: Mapping[str, str]) -> Evidence | None:
    if sign.address:
        # Looked for in each path alone, as the sign says; the pages they stand on are for the operator.
        met = [path for path in own if re.search(sign.address, path)]
        return Evidence(sign.says, sign.weight, own[met[0]], len(met)) if len(met) >= FEWEST_LINKS else None
    for page in pages:
        if sign.selector:
            times = len(select_all(page.tree, sign.selector))
        else:
            times = len(re.findall(sign.source, page.decoded.text))
        if times:
            return Evidence(sign.says, sign.weight, page.url, times)
    return None
