"""The form in which names of offices and papers are compared: words without ways of writing, by kind and place.

A name becomes items: what kind of publisher it names, the level of its place, a province, other words. What only
decorates goes. Words that are no rule's keep their marks behind a ``~``, since marks tell names apart: the districts
Phú Ninh and Phù Ninh are ``phu-ninh~s`` and ``phu-ninh~f`` (Telex letters, word by word).

Rules are of form; which offices there are and how they are shortened is common usage of Vietnamese administration and
press.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from archive.provinces import fold, provinces

_MARKS = {
    "\u0302": "o",  # circumflex
    "\u0306": "w",  # breve
    "\u031b": "w",  # horn
    "\u0300": "f",
    "\u0309": "r",
    "\u0303": "x",
    "\u0301": "s",
    "\u0323": "j",
}
"""The letter that Telex, the common way of typing, has for a mark."""

_HEADS = {
    "bao": "báo; tòa soạn báo; báo đảng bộ",
    "bao-dai": "baodai",
    "dai": "đài ptth; ptth; đài; đài ttth; đài tt th; đài truyền thanh; đài truyền thanh truyền hình;"
    " đài truyền thanh và truyền hình",
    "dai-truyen-hinh": "đài truyền hình; truyền hình; đài th",
    "dai-phat-thanh": "đài phát thanh",
    "cong": "cổng thông tin điện tử; cổng ttđt; cổng tt điện tử; cổng giao tiếp điện tử; cổng thông tin;"
    " trang thông tin điện tử; trang ttđt; trang tin điện tử; trang thông tin; trang tin; trang web; trang điện tử;"
    " website; web; ttđt; thông tin điện tử; cổng tin điện tử; trang thông tin điện tử tổng hợp; portal",
    "tuyen-giao": "ban tuyên giáo; tuyên giáo; btg; ban tg",
    "tuyen-giao-dan-van": "ban tuyên giáo và dân vận; ban tuyên giáo dân vận; tuyên giáo và dân vận;"
    " tuyên giáo dân vận",
    "ubnd": "ủy ban nhân dân; ubnd",
    "hdnd": "hội đồng nhân dân; hđnd",
    "cong-an": "công an",
    "so": "sở",
    "trung-tam-truyen-thong": "trung tâm truyền thông",
}
"""Kinds of publishers that a place has one of, and how they are written; such a kind without a place names nobody."""

_PARTY = {
    "tinh": "tỉnh ủy",
    "tp": "thành ủy",
    "tx": "thị ủy",
    "huyen": "huyện ủy",
    "quan": "quận ủy",
}
"""Party committees, by the level of their place."""

_LEVELS = {
    "tinh": "tỉnh",
    "tp": "thành phố; tp; t p; thành phố trực thuộc trung ương",
    "tx": "thị xã; tx; t x",
    "huyen": "huyện",
    "quan": "quận",
    "phuong": "phường",
    "xa": "xã",
    "thi-tran": "thị trấn",
    "dac-khu": "đặc khu",
}

_WORDS = {
    "viet-nam": "việt nam; vn; vietnam",
    "trung-uong": "trung ương; tw; t ư; t w",
    "xa-hoi": "xã hội",
    "thong-tan-xa": "thông tấn xã; ttx",
    "hop-tac-xa": "hợp tác xã; htx",
    "tap-chi": "tạp chí; tc",
    "thoi-bao": "thời báo",
    "mttq": "mặt trận tổ quốc; mttq; ủy ban mttq; ủy ban mặt trận tổ quốc; ubmttq",
    "uy-ban-kiem-tra": "ủy ban kiểm tra; ubkt",
    "tinh-doan": "tỉnh đoàn",
    "quan-su": "quân sự; qs",
    "bo-chi-huy-quan-su": "bộ chỉ huy quân sự; bộ chqs; bchqs",
    "bien-phong": "bộ đội biên phòng; bđbp",
}
"""Other words in the one form that stands for how they are shortened; some only keep a word from being a level."""

_ELECTRONIC = "điện tử; online; đt; oline"
"""What the web edition of a paper adds to its name."""

_CITIES = {"ha-noi", "hai-phong", "da-nang", "can-tho", "tp-ho-chi-minh"}
"""Provinces that are cities: "thành phố" before them only decorates. Elsewhere it is a city within the province."""

_DROPPED = ("của", "và")

_OFFICES = frozenset(
    (
        "so", "bo", "ban", "cuc", "vu", "chi", "hoi", "lien", "truong", "vien", "benh", "dang",
        "toa", "van", "tong", "kho", "quy", "doan", "trung", "phong", "thanh", "huyen", "uy",
    )
)  # fmt: skip
"""How names of offices begin that have a portal: it is credited as they are."""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a name: what it is for the rules, its plain form, and its marks where no rule knows it."""

    sort: str
    slug: str
    marks: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a name names, and what those need to know who join or choose among names.

    `key` is its form, None where that names nobody; `form` the same for who looks it up among known names; `web` its
    form with what the web edition adds, where only known names may lose that. `typed`: its kind of publisher is
    known; `office`: it begins as offices do; `local`: its place is below a province; `province`: it names one;
    `place`: it names a place and no publisher. `first` and `length` are its first word and the number of its words.
    """

    key: str | None
    form: str | None
    web: str | None
    typed: bool
    office: bool
    local: bool
    province: bool
    place: bool
    first: str
    length: int


def words(text: str) -> tuple[str, ...]:
    """The words of lower-case text: plain letters, and behind ``'`` the marks, wherever in the word they stood."""
    return tuple(_word(word) for word in re.findall(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*", text))


@cache
def _letter(letter: str) -> tuple[str, str, str]:
    """Plain letter, mark of quality and tone of a composed letter."""
    base, quality, tone = "", "", ""
    for part in unicodedata.normalize("NFD", letter):
        if part in _MARKS:
            mark = _MARKS[part]
            if mark in "ow":
                quality += base[-1:] if mark == "o" else mark
            else:
                tone += mark
        elif part == "đ":
            base, quality = base + "d", quality + "d"
        elif part.isascii():
            base += part
        elif unicodedata.combining(part):
            quality += f"{ord(part):x}"
        else:
            base += f"u{ord(part):x}"
    return base, quality, tone


def _word(word: str) -> str:
    if word.isascii():
        return word
    plain, quality, tone = "", "", ""
    for letter in word:
        one = _letter(letter)
        plain, quality, tone = plain + one[0], quality + one[1], tone + one[2]
    marks = quality + tone
    return f"{plain}'{marks}" if marks else plain


@cache
def _phrases() -> tuple[dict[tuple[str, ...], Item], dict[tuple[str, ...], Item]]:
    """What runs of words mean: as they are written, and as whoever writes without marks writes them."""
    given: dict[str, Item] = {}

    def add(sort: str, forms: dict[str, str]) -> None:
        given.update((form.strip(), Item(sort, slug)) for slug, many in forms.items() for form in many.split(";"))

    add("head", _HEADS)
    add("party", _PARTY)
    add("level", _LEVELS)
    add("word", _WORDS)
    add("web", {"online": _ELECTRONIC})
    add("place", {one.slug: one.old_name.lower() for one in provinces() if one.slug != "tp-ho-chi-minh"})
    add("place", {"hue": "huế", **{one.slug: one.spellings for one in provinces() if one.spellings}})
    marked = {words(form): item for form, item in given.items() if form}
    # "đt" and "t ư" mean something else once their marks are gone.
    bare = {words(fold(form).replace("-", " ")): item for form, item in given.items() if form not in ("t ư", "đt")}
    bare.pop((), None)
    return marked, {**bare, **{form: item for form, item in marked.items() if all(word.isalnum() for word in form)}}


@cache
def _longest() -> int:
    return max(map(len, _phrases()[0]))


@cache
def _dropped() -> frozenset[str]:
    return frozenset(word for form in _DROPPED for word in words(form))


def _items(given: tuple[str, ...]) -> Iterator[Item]:
    """The words as items, the longest run that means something first."""
    marked, bare = _phrases()
    phrases = marked if any("'" in word for word in given) else bare
    at, dropped, longest = 0, _dropped(), _longest()
    while at < len(given):
        for length in range(min(longest, len(given) - at), 0, -1):
            item = phrases.get(given[at : at + length])
            if item:
                yield item
                at += length
                break
        else:
            if given[at] not in dropped:
                plain, _, marks = given[at].partition("'")
                yield Item("other", plain, marks)
            at += 1


def named(given: tuple[str, ...]) -> Named:
    """Whom the words name, after the rules of kind and place."""
    items = list(_items(given))
    plain = _placed(_without_portal([item for item in items if item.sort != "web"]))
    sorts = {item.sort for item in plain}
    head = plain[0] if plain else None
    office = head is not None and (head.sort in ("head", "party") or head.slug in _OFFICES)
    typed = office or (head is not None and head.slug == "tap-chi")
    form = _joined(plain) if plain else None
    added = len(plain) > 0 and not typed and any(item.sort == "web" for item in items)
    return Named(
        key=None if _is_nobody(plain) else form,
        form=form if not sorts <= {"level", "place"} else f"{form}-online" if added else None,
        web=f"{form}-online" if added else None,
        typed=typed,
        office=office,
        local="level" in sorts,
        province="place" in sorts,
        place=head is not None and head.sort in ("level", "place"),
        first=given[0] if given else "",
        length=len(given),
    )


def _without_portal(items: list[Item]) -> list[Item]:
    """A portal of an office is the office; one of a people's committee is that of its place."""
    if not items or items[0] != Item("head", "cong") or len(items) < 2:
        return items
    after = items[1]
    if after == Item("head", "ubnd"):
        return [items[0], *items[2:]]
    office = after.sort in ("head", "party") or after.slug in ("mttq", "tap-chi", "uy-ban-kiem-tra", "tinh-doan")
    if office or (after.sort == "other" and after.slug in _OFFICES and not _may_be_place(items[1:])):
        return _without_portal(items[1:])
    return items


def _may_be_place(items: list[Item]) -> bool:
    """Whether what begins as an office may be a place of two syllables: Hội An, Văn Lâm, Thanh Sơn."""
    own = [item for item in items if item.sort not in ("place", "level")]
    return len(own) == 2 and own[1].sort == "other" and own[0].slug not in ("so", "bo", "ban", "cuc", "vu", "truong")


def _placed(items: list[Item]) -> list[Item]:
    """The items without levels that only decorate; party committees as levels behind their own commissions."""
    placed: list[Item] = []
    commission = bool(items) and (items[0].slug.startswith("tuyen-giao") or items[0].slug in ("ban", "uy-ban-kiem-tra"))
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        if item.sort == "party" and commission and at:
            item = Item("level", item.slug)
        if item.sort == "level" and after is not None and after.sort == "place":
            decorates = item.slug == "tinh" or (item.slug == "tp" and after.slug in _CITIES)
            if decorates:
                continue
        if item.sort == "level" and after is not None and after.sort == "level":
            continue
        if item.sort == "level" and placed and placed[-1] == Item("party", f"{item.slug}-uy"):
            # "Huyện ủy huyện ..." says it twice.
            continue
        if item.sort == "party":
            item = Item(
                "party", {"tinh": "tinh-uy", "tp": "thanh-uy", "tx": "thi-uy"}.get(item.slug, f"{item.slug}-uy")
            )
        placed.append(item)
    if [item.slug for item in placed[:1]] == ["dai-truyen-hinh"] and [item.sort for item in placed[1:]] == ["place"]:
        # A province has one station for radio and television; only Ho Chi Minh City has two.
        placed[0] = Item("head", "dai" if placed[1].slug != "tp-ho-chi-minh" else "dai-truyen-hinh")
    return placed


def _is_nobody(items: list[Item]) -> bool:
    """Nothing, a province alone, or an office that only who knows the site could tell ("Công an tỉnh")."""
    if not items or items[-1].sort in ("level", "party") or all(item.sort == "place" for item in items):
        return True
    if all(item.sort == "head" for item in items):
        return True
    if items[0] == Item("head", "so") and not any(item.sort in ("place", "level") for item in items):
        return True
    return all(item.slug.isdigit() for item in items) or (len(items) == 1 and len(items[0].slug) == 1)


def _joined(items: list[Item]) -> str:
    marks = ".".join(item.marks for item in items if item.marks is not None).rstrip(".")
    return "-".join(item.slug for item in items) + (f"~{marks}" if marks else "")
