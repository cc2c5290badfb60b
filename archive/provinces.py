"""The gazetteer: the 63 provinces, the 34 they became on 2025-07-01, and how people write them.

Facts: provinces.csv, after Resolution 202/2025/QH15 of 2025-06-12; codes are those of the General
Statistics Office, which were reused (24 was Bắc Giang and is Bắc Ninh), so that only era and code
together name a province.
"""

import csv
import difflib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from archive.models import Era

REFORM = date(2025, 7, 1)
"""The first day of the 34 provinces (Resolution 202/2025/QH15)."""

_PREFIX = re.compile(r"^(tinh|thanh-pho|tp)-")


@dataclass(frozen=True, slots=True)
class Province:
    """A province of the 63 with the one of the 34 that it became; slugs are folded names."""

    old_code: str
    old_name: str
    slug: str
    new_code: str
    new_name: str
    new_slug: str


def fold(text: str) -> str:
    """Lower case without marks, words joined by hyphens: "Hoà Bình" and "Hòa Bình" are ``hoa-binh``."""
    bare = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "-".join(re.findall(r"[a-z0-9]+", "".join(c for c in bare if not unicodedata.combining(c))))


@cache
def provinces() -> tuple[Province, ...]:
    """All 63, by their old codes."""
    file = resources.files("archive").joinpath("provinces.csv")
    return tuple(Province(**row) for row in csv.DictReader(file.read_text("utf-8").splitlines()))


def find(text: str) -> list[Province]:
    """The provinces of the 63 that `text` names, by slug or name of either era.

    A name of the 34 stands for all that were merged into it: "Lào Cai" gives Lào Cai and Yên Bái.
    "tỉnh", "thành phố" and "TP." may stand before a name. Raises ValueError with near names.
    """
    wanted = _short(fold(text))
    found = [p for p in provinces() if wanted in (_short(p.slug), _short(p.new_slug))]
    if not found:
        raise ValueError(_unknown(text))
    return found


def by_slug(slug: str) -> Province:
    """The province of the 63 with this slug; a slug of the 34 alone will do if it means only one.

    Raises ValueError with near slugs.
    """
    found = [p for p in provinces() if p.slug == slug] or [p for p in provinces() if p.new_slug == slug]
    if len(found) != 1:
        raise ValueError(_unknown(slug))
    return found[0]


def by_code(era: str, code: str) -> list[Province]:
    """The provinces of the 63 with this code, or that became the one of the 34 with this code."""
    return [p for p in provinces() if code == (p.old_code if era == Era.OLD else p.new_code)]


def site_provinces(slug: str) -> list[tuple[Era, str]]:
    """(era, code) of a site's province in both eras: until `REFORM` and from it. Raises ValueError."""
    province = by_slug(slug)
    return [(Era.OLD, province.old_code), (Era.NEW, province.new_code)]


def _short(slug: str) -> str:
    return _PREFIX.sub("", slug)


def _unknown(text: str) -> str:
    slugs = sorted({p.slug for p in provinces()} | {p.new_slug for p in provinces()})
    near = difflib.get_close_matches(fold(text), slugs, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(slugs)}"
    return f"there is no province {text!r}; {hint}"
