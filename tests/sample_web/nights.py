"""Nights 1 to 5 of the sample web: what is published, edited, moved and removed, and by what a reader could tell.

`nights.toml` declares it. Night 0 is the web as it always was, on the morning of `FIRST`; what night N finds happened
on the day before. Everything is made by rule from that file, so that a night is the same wherever it is served.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sample_web.articles import HANOI, Article, slugify

if TYPE_CHECKING:
    from tests.sample_web.sites import Site

FIRST = dt.datetime(2023, 4, 1, 0, 30, tzinfo=HANOI)
"""The morning of night 0; night N is N days later."""

LAST = 5
REDESIGN = ("bao_thai_nguyen", 4)
"""The site that shows all its pages in markup that it never had before, from this night on."""

BOT_CHECK = ("bao_quang_ninh", 5)
"""The site that answers everything on this night, robots.txt included, with a page that checks the browser."""

HOURS = (8, 12, 16)
"""When the articles of a day appear, where the site tells the hour; no later look at one falls into a night."""

FIRST_KEYS = {
    "bao_quang_ninh": 2_540_000,
    "hong_linh": 490_000,
    "bao_thai_nguyen": 310_000,
    "tuyen_giao_ha_nam": 323_000,
    "tuyen_giao_binh_phuoc": 6_000,
}
"""The articles of night N have the keys (WordPress: the post ids) from ten times N above these."""

FAULTS = ("reset-once", "503-once", "500-once")
"""How a faulty web fails, a night each in turn: once, so that whoever asks again is served."""

PLACES = (
    "Đồng Găng", "Bến Sỏi", "Nà Khoang", "Vườn Cau", "Gò Thị", "Suối Mơ", "Lũng Vài", "Cồn Én", "Trại Ươm", "Đá Dựng",
    "Bãi Lau", "Xóm Lò", "Thác Lụa", "Kẻ Vạc", "Núi Đôi", "Cầu Tre", "Hòn Chảo", "Đầm Sậy", "Khe Trám", "Ao Dài",
    "Rú Cấm", "Mường Khao", "Sóc Lớn", "Tân Dâu",
)  # fmt: skip
FAMILY = ("Lường", "Vi", "Cù", "Đàm", "Khổng", "Mạc", "Nông", "Quách", "Tạ", "Ứng", "Chử", "Giáp", "Hạ", "Kiều")
MIDDLE = ("Văn", "Thị", "Đình", "Bá", "Thu", "Kim", "Xuân", "Hoài")
GIVEN = ("Pảo", "Nhạn", "Tích", "Mỷ", "Sự", "Lựu", "Phượng", "Khuê", "Thắng", "Hằng", "Đức", "Chi", "Gia", "Yên")


class Kind(StrEnum):
    """What happens to an article: another title and figure, another slug (301 from the old one), or its end."""

    EDIT = "edit"
    MOVE = "move"
    REMOVAL = "removal"


class Signal(StrEnum):
    """By what a change can be told on its night from what the site's way of discovery shows.

    `TITLE`: listed on a section's first page under another title. `ADDRESS`: listed under another address. `LASTMOD`:
    its date in the sitemap moved. `MODIFIED`: its date in the API did. `VANISHED`: it is no longer on the first page,
    which still lists older ones. `YOUNG`: a look that its age asks for falls due.
    """

    TITLE = "listed title"
    ADDRESS = "listed address"
    LASTMOD = "sitemap lastmod"
    MODIFIED = "API modified"
    VANISHED = "vanished"
    YOUNG = "young look"


@dataclass(frozen=True)
class Change:
    """What happens to one article on the evening before the night `night`."""

    site: str
    night: int
    kind: Kind
    key: str
    title: str = ""
    replaced: tuple[str, str] = ("", "")
    slug: str = ""

    @property
    def at(self) -> dt.datetime:
        """When it happens."""
        return instant(self.night) - dt.timedelta(hours=3, minutes=30)

    def applied(self, article: Article) -> Article:
        """The article after an edit or a move. Raises ValueError if what is to be replaced is not in it."""
        meta = {**article.meta, "slug": article.slug, "modified": f"{self.at:%Y-%m-%dT%H:%M}"}
        if self.kind is Kind.MOVE:
            return replace(article, meta={**meta, "moved_to": self.slug})
        old, new = self.replaced
        if old not in article.raw:
            raise ValueError(f"{self.site}/{self.key}: edit does not apply: {old}")
        return replace(article, meta={**meta, "title": self.title}, raw=article.raw.replace(old, new))


def instant(night: int) -> dt.datetime:
    """When night `night` begins."""
    return FIRST + dt.timedelta(days=night)


def has_redesign(site_id: str, night: int) -> bool:
    """Whether the site shows its new markup."""
    return site_id == REDESIGN[0] and night >= REDESIGN[1]


def has_bot_check(site_id: str, night: int) -> bool:
    """Whether the site answers everything with a bot check."""
    return (site_id, night) == BOT_CHECK


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


# -- articles ------------------------------------------------------------------------------------
def number_of(night: int) -> int:
    """How many articles appear on each site: three on odd nights, two on even ones."""
    return 0 if night == 0 else 2 + night % 2


@cache
def published(site_id: str, sections: tuple[str, ...], night: int) -> tuple[Article, ...]:
    """The articles of the site that appear on `night`, in the sections in turn, the oldest first."""
    return tuple(_article(site_id, sections, night, number) for number in range(number_of(night)))


def _article(site_id: str, sections: tuple[str, ...], night: int, number: int) -> Article:
    count = sum(map(number_of, range(night))) + number
    stories = _declared()["story"]
    story, half = stories[count % len(stories)], count // len(stories)
    # Each site divides a story otherwise, so that no two of them carry the same article.
    order = list(range(6))
    random.Random(f"{site_id} {count % len(stories)}").shuffle(order)
    fill = random.Random(f"{site_id} {night} {number}")
    place = PLACES[(count + 5 * list(FIRST_KEYS).index(site_id)) % len(PLACES)]
    day = instant(night).date() - dt.timedelta(days=1)
    title = _filled(story["titles"][half], place, fill)
    key = FIRST_KEYS[site_id] + 10 * night + number
    hour = 0 if site_id == "hong_linh" else HOURS[number]
    meta: dict[str, Any] = {
        "title": title,
        "section": sections[count % len(sections)],
        "published": f"{day}T{hour:02}:00",
    }
    if site_id == "tuyen_giao_binh_phuoc":
        meta["id"] = key
    paragraphs = [_filled(story["paragraphs"][place_], place, fill) for place_ in order[3 * half : 3 * half + 3]]
    if site_id == "bao_quang_ninh":
        raw = "\n".join(f'<div style="text-align: justify;">{one}</div>' for one in paragraphs)
    else:
        raw = "\n".join(f"<p>{one}</p>" for one in paragraphs)
    raw += f'\n<p style="text-align: right;"><strong>{_person(fill)}</strong></p>'
    return Article(slugify(title) if "id" in meta else str(key), meta, raw)


def fault_of(site_id: str, article: Article) -> str:
    """What becomes of the first request for the second article of a night, while the web is faulty; "" of others."""
    number = int(article.meta.get("id", article.key))
    night, place = divmod(number - FIRST_KEYS[site_id], 10)
    return FAULTS[night % len(FAULTS)] if 0 < night <= LAST and place == 1 else ""


def _filled(text: str, place: str, fill: random.Random) -> str:
    values = {"place": place, "person": _person(fill), "other": _person(fill), "n": str(fill.randint(12, 98))}
    return text.format(**values)


def _person(fill: random.Random) -> str:
    return f"{fill.choice(FAMILY)} {fill.choice(MIDDLE)} {fill.choice(GIVEN)}"


# -- changes -------------------------------------------------------------------------------------
def changes(site: Site, upto: int = LAST) -> list[Change]:
    """What happens on the site up to the night `upto`, in the order in which it does."""
    found = []
    for row in _declared()["change"]:
        if row["site"] != site.id or row["night"] > upto:
            continue
        kind = Kind(row["kind"])
        if "key" in row:
            change = Change(site.id, row["night"], kind, row["key"], row.get("title", ""))
            change = replace(change, replaced=tuple(row.get("replace", ("", ""))), slug=row.get("slug", ""))
        else:
            night, number = row["new"]
            article = published(site.id, tuple(site.sections), night)[number]
            change = Change(site.id, row["night"], kind, article.key, f"Cập nhật: {article.title}")
            figure = re.findall(r"(?<=>)[^<]*?\b\d+[^<]*", article.raw)[0]
            more = re.sub(r"\d+", lambda one: str(int(one[0]) + 11), figure, count=1)
            change = replace(change, replaced=(figure, more), slug=row.get("slug", ""))
        found.append(change)
    return sorted(found, key=lambda change: change.night)


def present(site: Site, files: Iterable[Article], night: int) -> dict[str, Article]:
    """The articles that the site has on `night`, as they are then, by their keys; `files` are those of night 0."""
    found = {article.key: article for article in files}
    for one in range(night + 1):
        found |= {article.key: article for article in published(site.id, tuple(site.sections), one)}
    for change in changes(site, night):
        if change.kind is Kind.REMOVAL:
            del found[change.key]
        else:
            found[change.key] = change.applied(found[change.key])
    return found


def moved(site: Site, files: Iterable[Article], night: int) -> dict[str, str]:
    """The old paths of what has moved by `night`, each with the new one."""
    found: dict[str, str] = {}
    kept = list(files)
    for change in changes(site, night):
        if change.kind is Kind.MOVE:
            before = present(site, kept, change.night - 1)[change.key]
            now = present(site, kept, night).get(change.key)
            if now is not None:
                found[site.path(before)] = site.path(now)
    return found


def signals(site: Site, change: Change) -> frozenset[Signal]:
    """By what the change can be told on its night; `site` serves night 0 or any other."""
    found: set[Signal] = set()
    before, after = (present(site, site.files, night) for night in (change.night - 1, change.night))
    article = before[change.key]
    if _is_looked_at(article.published, change.night):
        found.add(Signal.YOUNG)
    if site.way == "listing":
        found |= _told_by_listing(site, change, before, after)
    elif site.way == "sitemap" and change.kind is not Kind.REMOVAL:
        found.add(Signal.LASTMOD)
    elif site.way == "api":
        found.add(Signal.VANISHED if change.kind is Kind.REMOVAL else Signal.MODIFIED)
    if change.kind is Kind.MOVE and site.way != "listing":
        found.add(Signal.ADDRESS)
    return frozenset(found)


def _told_by_listing(
    site: Site, change: Change, before: Mapping[str, Article], after: Mapping[str, Article]
) -> set[Signal]:
    article = before[change.key]
    first, now = (_first_page(site, article.section, state) for state in (before, after))
    if change.kind is Kind.EDIT:
        return {Signal.TITLE} if change.key in now else set()
    if change.kind is Kind.MOVE:
        return {Signal.ADDRESS} if change.key in now else set()
    older = any(after[key].published < article.published for key in now)
    return {Signal.VANISHED} if change.key in first and older else set()


def _first_page(site: Site, section: str, state: Mapping[str, Article]) -> list[str]:
    shown = [article for article in state.values() if section in site.sections_of(article)]
    newest = sorted(shown, key=lambda article: (article.published, article.key), reverse=True)
    return [article.key for article in newest[: site.page_size]]


LOOKS = (dt.timedelta(days=1), dt.timedelta(days=3), dt.timedelta(days=10))
"""Of the looks at a young article those that fall on a later night than the first fetch (docs/manners.md)."""


def _is_looked_at(when: dt.datetime, night: int) -> bool:
    before, now = instant(night - 1), instant(night)
    return any(before < when + look <= now for look in LOOKS)


def looked_at(site: Site, night: int) -> frozenset[str]:
    """The keys of the articles that a look is due at on `night` for their age, whatever has changed."""
    then = present(site, site.files, night - 1)
    return frozenset(key for key, article in then.items() if _is_looked_at(article.published, night))
