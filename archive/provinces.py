"""The gazetteer: the 63 provinces, the 34 they became on 2025-07-01, and how people write them.

Facts: provinces.csv, after Resolution 202/2025/QH15 of 2025-06-12; codes are those of the General
Statistics Office, which were reused (24 was Bắc Giang and is Bắc Ninh), so that only era and code
together name a province. What is compared is folded, so that it makes no difference where a tone mark stands
("Hoà Bình", "Hòa Bình"); further spellings stand in the file.
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
_CODE = re.compile(r"(?:(?P<era>63|34):)?(?P<code>\d{2})")


@dataclass(frozen=True, slots=True)
class Province:
    """A province of the 63 with the one of the 34 that it became; slugs are folded names.

    `spellings` are further ways in which the name is written, divided by semicolons.
    """

    old_code: str
    old_name: str
    slug: str
    new_code: str
    new_name: str
    new_slug: str
    spellings: str


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
    """The provinces of the 63 that `text` names: a name or slug of either era, a further spelling, or era and code.

    A name of the 34 stands for all that were merged into it: "Lào Cai" gives Lào Cai and Yên Bái; ``63:10`` is Lào Cai
    alone, ``34:15`` both. "tỉnh", "thành phố" and "TP." may stand before a name. Raises ValueError with near names, and
    for a code without its era.
    """
    if code := _CODE.fullmatch(text):
        return _of_code(text, code["era"], code["code"])
    wanted = _short(fold(text))
    spelt = (p.slug for p in provinces() if wanted in {_short(fold(one)) for one in p.spellings.split(";")} - {""})
    # A spelling means the name that it spells, in both eras.
    name = _short(next(spelt, wanted))
    found = [p for p in provinces() if name in (_short(p.slug), _short(p.new_slug))]
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


def _of_code(text: str, era: str | None, code: str) -> list[Province]:
    if era is None:
        meant = [f"{one}:{code} ({_names(one, code)})" for one in Era if by_code(one, code)]
        raise ValueError(f"province {text!r}: a code needs its era; {' or '.join(meant) or 'no era has it'}")
    found = by_code(era, code)
    if not found:
        raise ValueError(f"there is no province {text!r}: none of the {era} has the code {code}")
    return found


def _names(era: Era, code: str) -> str:
    one = by_code(era, code)[0]
    return one.old_name if era is Era.OLD else one.new_name


def _short(slug: str) -> str:
    return _PREFIX.sub("", slug)


def _unknown(text: str) -> str:
    slugs = sorted({p.slug for p in provinces()} | {p.new_slug for p in provinces()})
    near = difflib.get_close_matches(fold(text), slugs, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(slugs)}"
    return f"there is no province {text!r}; {hint}"
