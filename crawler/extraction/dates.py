"""Read dates as Vietnamese sites write them. Nothing here looks at the clock."""

import json
import re
from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from archive.article import Dated, Precision
from archive.clock import VIETNAM
from crawler.extraction.text import squash

# Every run of white space and marks is taken whole and never given back (``*+``): a page may hold thousands.
_TIME = (
    r"(?P<hour>[01]?\d|2[0-3])\s*+(?::|h|giờ)\s*+(?P<minute>[0-5]\d)(?:\s*+:\s*+[0-5]\d)?"
    r"(?:\s*+(?P<half>AM|PM|SA|CH|sáng|chiều|tối)(?!\w))?"
)
_DAY = (
    r"(?P<day>0?[1-9]|[12]\d|3[01])\s*+(?:[/.\-]|tháng)\s*+(?P<month>0?[1-9]|1[0-2])(?!\d)"
    r"\s*+(?:[/.\-]|,?+\s*+(?:năm)?)\s*+(?P<year>(?:19|20)\d\d)"
)
_US_DAY = r"(?P<month>[1-9]|1[0-2])/(?P<day>[1-9]|[12]\d|3[01])/(?P<year>(?:19|20)\d\d)"
_BETWEEN = (
    r"[\s,|–\-()]*+(?:(?:lúc|vào|ngày|hồi)[\s,|–\-(]*+)?"
    r"(?:(?:thứ|chủ)\s++(?:hai|ba|tư|năm|sáu|bảy|nhật|[2-7])[\s,]*+)?(?:ngày\s*+)?"
)

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12, "một": 1, "giêng": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8,
    "chín": 9, "mười": 10, "mười một": 11, "mười hai": 12,
}  # fmt: skip
"""Months by name: the first three letters in English (of systems left in that language), else Vietnamese words."""

# "12 tháng năm 2021" are the months of a year, so "năm" is a month only if it is parted from the year.
_NAMED = (
    r"(?P<month>(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?!\w)|(?<=tháng\s)(?:một|giêng|hai|ba|tư|bốn|năm(?=\s*+,|\s++năm|\s++\d\d?,)"
    r"|sáu|bảy|tám|chín|mười(?:\s(?:một|hai))?+|1[0-2]|0?[1-9])(?!\w))\.?+"
)
_NAMED_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?+"

# "30 Mar 2021 20:15 GMT" is the next day here: of what tells another zone than ours nothing is believed.
_ELSEWHERE = (
    rf"{_BETWEEN}(?:at\s++)?\d\d?+[:h]\d\d(?:[:.]\d\d?+)*+\s*+(?:[AP]M)?\s*+[(\[]?"
    r"(?:(?:GMT|UTC)(?!\s*+\+\s*+0?7(?!\d))|Z(?!\w)|[+-](?!0?7(?::?00)?(?!\d))\d)"
)
_NAMED_YEAR = rf"(?P<year>(?:19|20)\d\d)(?!\d)(?!{_ELSEWHERE})(?:{_BETWEEN}(?:at\s++)?{_TIME}(?!\d))?"

_YEAR = re.compile(r"(?:19|20)\d\d")
"""Every form below has one: most lines that are asked about have none."""

_ISO = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?:\s*+(?P<zone>Z|[+-]\d\d:?\d\d))?)?(?!\d)"
)
_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_US_DAY}\s++(?P<hour>0?\d|1[0-2]):(?P<minute>[0-5]\d)(?::[0-5]\d)?\s*+(?P<half>AM|PM)(?!\w)",
        rf"(?<![\d/.\-]){_DAY}(?!\d){_BETWEEN}{_TIME}(?!\d)",
        rf"(?<!\d){_TIME}{_BETWEEN}{_DAY}(?!\d)",
        rf"(?<![\d/.\-]){_DAY}(?!\d)",
        rf"(?<![\d/.\-]){_NAMED_DAY}\s++(?:tháng\s)?{_NAMED}[\s,]*+(?:năm\s++)?{_NAMED_YEAR}",
        rf"(?<!\w)(?:tháng\s)?{_NAMED}\s++{_NAMED_DAY},?+\s++{_NAMED_YEAR}",
    )
)
"""Seen on provincial sites: "Thứ Ba, 17/11/2020, 11:02 [GMT+7]", "Cập nhật: Thứ sáu 26/11/2021 - 14:21",
"18:00 |22/05/2022", "09:47, 15/03/2021", "(08.05.2019 12:24)", "Thứ ba, 25 Tháng 1 2022 16:22"."""

_JSON_LD_KINDS = ("Article", "BlogPosting", "Report")
_JSON_LD_DATES = ("datePublished", "dateCreated", "uploadDate")
_META_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "dc.date.issued",
    "dc.date",
    "date",
    "og:published_time",
)
_META_MODIFIED = ("article:modified_time", "datemodified", "lastmod", "og:updated_time")


def parse_date(text: str) -> Dated | None:
    """Read the first date in `text`, day before month; None if there is none.

    Month before day is read only where an English AM or PM and numbers without leading zeros show an
    English-set server. Times without zone are Vietnam's. A midnight that a machine wrote (with seconds
    or as 12:00 AM) is a day whose time nobody knew.
    """
    if not _YEAR.search(text):
        return None
    matches = [match for form in (_ISO, *_FORMS) if (match := form.search(text))]
    for match in sorted(matches, key=lambda one: (_date_start(one), -len(one[0]))):
        found = _dated(match)
        if found:
            return found
    return None


def _date_start(match: re.Match[str]) -> int:
    """Where the date itself begins; a time may stand before it."""
    return min(match.start("day"), match.start("month"), match.start("year"))


def _dated(match: re.Match[str]) -> Dated | None:
    parts = match.groupdict()
    hour, minute = parts.get("hour"), parts.get("minute")
    try:
        day = datetime(int(parts["year"]), _month(parts["month"]), int(parts["day"]), tzinfo=VIETNAM)
        if hour is None:
            return Dated(day, Precision.DAY, match[0], "")
        at = day.replace(hour=_hour(int(hour), parts.get("half")), minute=int(minute or 0))
        zone = parts.get("zone")
        if zone:
            offset = "+00:00" if zone == "Z" else zone
            at = datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M}:00{offset}").astimezone(VIETNAM)
    except ValueError:
        return None
    if at == day and not zone and (parts.get("second") or parts.get("half")):
        return Dated(day, Precision.DAY, match[0], "")
    return Dated(at, Precision.MINUTE, match[0], "")


def _month(said: str) -> int:
    if said.isdigit():
        return int(said)
    name = " ".join(said.lower().split())
    return _MONTHS.get(name) or _MONTHS[name[:3]]


def _hour(hour: int, half: str | None) -> int:
    if half and half.upper() in ("PM", "CH", "CHIỀU", "TỐI"):
        return hour if hour >= 12 else hour + 12
    if half and hour == 12:
        return 0
    return hour


def plausible(found: Dated | None, oldest: date, fetched: datetime) -> bool:
    """Tell whether a date can be a publication date: not before `oldest`, not after the fetch.

    A day of grace covers servers whose clock or zone is wrong.
    """
    if found is None:
        return False
    return oldest <= found.instant.date() and found.instant <= fetched + timedelta(days=1)


def structured_dates(tree: Any) -> tuple[Dated | None, Dated | None]:
    """Publication and modification date from JSON-LD, else from meta elements."""
    published = modified = None
    for thing in json_ld(tree):
        published = published or _first(thing, _JSON_LD_DATES, "json-ld")
        modified = modified or _first(thing, ("dateModified",), "json-ld")
    if published is None or modified is None:
        meta: dict[str, str] = {}
        for element in tree.iter("meta"):
            name = element.get("property") or element.get("name") or element.get("itemprop")
            if name and element.get("content"):
                meta.setdefault(name.lower(), element.get("content"))
        published = published or _first(meta, _META_PUBLISHED, "meta")
        modified = modified or _first(meta, _META_MODIFIED, "meta")
    return published, modified


def _first(values: dict[str, Any], names: tuple[str, ...], source: str) -> Dated | None:
    for name in names:
        value = values.get(name)
        found = parse_date(value) if isinstance(value, str) else None
        if found:
            return Dated(found.instant, found.precision, squash(str(value)), source)
    return None


def json_ld(tree: Any) -> Iterator[dict[str, Any]]:
    """The article-like things of a page's JSON-LD; broken scripts are passed over, as browsers do."""
    for script in tree.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json" or not script.text:
            continue
        try:
            data = json.loads(script.text, strict=False)
        except (ValueError, RecursionError):
            continue
        queue = deque([data])
        while queue:
            thing = queue.popleft()
            if isinstance(thing, list):
                queue.extendleft(reversed(thing))
            elif isinstance(thing, dict):
                queue.extend([thing["@graph"]] if isinstance(thing.get("@graph"), list) else [])
                kinds = thing.get("@type")
                kinds = kinds if isinstance(kinds, list) else [kinds]
                if any(isinstance(kind, str) and kind.endswith(_JSON_LD_KINDS) for kind in kinds):
                    yield thing
