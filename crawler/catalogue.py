"""The catalogue: sites that may be worth a spider, with the hosts, years and systems that public sources tell of.

Facts: catalogue.csv. Nothing in it claims to work: no host was asked, and what a source told of 2019 may be gone.
"""

import csv
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from archive.provinces import find

FAMILIES = (
    "dataimages",
    "tandan",
    "vnpt_portal",
    "wordpress",
    "nukeviet",
    "epi",
    "hex_id",
    "a_id",
    "lacviet",
    "liferay",
    "listing",
)
"""The families that an entry may name (modules of `crawler/families`)."""

KINDS = ("newspaper", "broadcaster", "party", "portal")
"""What a publisher is; "party" are party committees, their departments and schools, and the Fatherland Front."""

_HOST = re.compile(r"(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::(?P<first>\d{4})?(?P<to>-)?(?P<last>\d{4})?)?")


@dataclass(frozen=True, slots=True)
class HostYears:
    """A host with the first and the last year for which a source names it; None where no source tells a year.

    Written ``host:2019``, ``host:2019-2022``, ``host:2025-`` (since), ``host:-2022`` (until) or ``host``.
    """

    host: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A publisher that may become a site.

    `id` is the site id it would get, `province` a slug of the 63, `province_now` the name among the 34, `hosts` are in
    the order of their use, `family` is that of the newest host (empty: not known), `evidence` the kind of source.
    """

    id: str
    title: str
    province: str
    province_now: str
    hosts: tuple[HostYears, ...]
    family: str
    kind: str
    evidence: str

    @property
    def url(self) -> str:
        """The address to begin with: the front page of the newest host that a source names."""
        return f"https://{self.hosts[-1].host}/"


class NotInCatalogue(ValueError):
    """The catalogue has no such entry; the message names near ones."""


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """All entries, by province. Raises ValueError if a line of the file cannot be read."""
    file = resources.files("crawler").joinpath("catalogue.csv")
    rows = csv.DictReader(file.read_text("utf-8").splitlines())
    return tuple(CatalogueEntry(hosts=read_hosts(row.pop("hosts")), **row) for row in rows)


def entry(name: str) -> CatalogueEntry:
    """The entry with this id. Raises NotInCatalogue with near ids."""
    by_id = {one.id: one for one in catalogue()}
    if name not in by_id:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), by_id, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`baotinh sites catalogue` prints it"
        raise NotInCatalogue(f"the catalogue has no entry {name!r}; {hint}")
    return by_id[name]


def entries(provinces: Sequence[str] = (), families: Sequence[str] = ()) -> list[CatalogueEntry]:
    """The entries of any of these provinces (as `archive.provinces.find` takes them) and of any of these families.

    Raises ValueError for an unknown province or family, with those that are known.
    """
    slugs = {province.slug for name in provinces for province in find(name)}
    for family in families:
        if family not in FAMILIES:
            raise ValueError(f"the catalogue knows no family {family!r}; it knows {', '.join(FAMILIES)}")
    return [
        one
        for one in catalogue()
        if (not provinces or one.province in slugs) and (not families or one.family in families)
    ]


def read_hosts(text: str) -> tuple[HostYears, ...]:
    """Hosts as the file writes them, divided by spaces. Raises ValueError naming the one that is written otherwise."""
    return tuple(_read_host(one) for one in text.split())


def _read_host(text: str) -> HostYears:
    match = _HOST.fullmatch(text)
    if match is None:
        raise ValueError(f"catalogue: {text!r} is no host with years; write host, host:2019 or host:2019-2022")
    first, last = (int(year) if year else None for year in (match["first"], match["last"]))
    return HostYears(match["host"], first, last if match["to"] else first)
