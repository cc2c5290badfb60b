"""The parts of addresses, and the pattern of the paths that many of one kind have in common."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

_SUFFIX = re.compile(r"\.[A-Za-z]{2,5}$")
_DAY_FOLDER = re.compile(
    r"(?:20|19)\d\d(?:(?P<sep>[-_])(?:0?[1-9]|1[0-2])(?P=sep)(?:0?[1-9]|[12]\d|3[01])|"
    r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
)
_MONTH_FOLDER = re.compile(r"(?:20|19)\d\d[-_]?(?:0[1-9]|1[0-2])")
_STAMP = re.compile(r"(?:20\d\d|199\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{2,}")
_TOKENS = re.compile(r"[-_.,~+;]+")
_YEAR = re.compile(r"20\d\d|199\d")

MOST_PARAMETERS = 20
"""Parameters of an address that are read: those of articles and sections of the portals seen have at most nine."""


@dataclass(frozen=True)
class Address:
    """The parts of an address: folders, the last name without its suffix, the suffix, a slash at the end, the query."""

    folders: tuple[str, ...]
    name: str
    suffix: str
    slash: bool
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, url: str) -> "Address":
        """Take `url` apart."""
        parts = urlsplit(url)
        segments = [unquote(one) for one in parts.path.split("/")[1:]]
        slash = bool(segments) and segments[-1] == ""
        segments = [one for one in segments if one]
        last = segments.pop() if segments else ""
        suffix = _SUFFIX.search(last)
        name = last[: suffix.start()] if suffix else last
        return cls(tuple(segments), name, suffix[0] if suffix else "", slash, _query(parts.query))

    @property
    def shape(self) -> tuple[int, str]:
        """How many folders it has, and its suffix."""
        return len(self.folders), self.suffix

    @property
    def tokens(self) -> list[str]:
        """The words and numbers of the name."""
        return [one for one in _TOKENS.split(self.name) if one]


def _query(text: str) -> tuple[tuple[str, str], ...]:
    """The parameters of an address; none of one that has more than anything asks for, which is a form's or a trap."""
    try:
        return tuple(parse_qsl(text, max_num_fields=MOST_PARAMETERS))
    except ValueError:
        return ()


@dataclass(frozen=True)
class Slot:
    """A place of an id: a parameter, a folder counted from the end, or a token of the name counted from an end.

    `skeleton` is the token with ``#`` for each run of digits (``post#``), or ``hex`` for one that is no number;
    `run` says which of its numbers is meant.
    """

    part: str
    place: int
    skeleton: str = "#"
    run: int = 0


def key_pattern(slot: Slot, ids: Sequence[str]) -> tuple[str, bool]:
    """The pattern of the id, and whether it begins with the day of publication."""
    if slot.skeleton == "hex":
        signs = "0-9a-f" if all(re.fullmatch(r"[0-9a-f]+", one) for one in ids) else "0-9a-z"
        return f"(?P<key>[{signs}]{{{len(ids[0])}}})", False
    if all(_STAMP.fullmatch(one) for one in ids):
        return r"(?P<key>(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)\d+)", True
    return r"(?P<key>\d+)", False


def tail_pattern(addresses: Sequence[Address]) -> str:
    """The pattern of what stands behind the last name: a suffix, a slash."""
    suffixes = sorted({one.suffix for one in addresses})
    tail = _any_of([re.escape(one) for one in suffixes if one], optional="" in suffixes)
    return tail + ("/?" if any(one.slash for one in addresses) or not any(suffixes) else "")


def name_pattern(slot: Slot, key: str, addresses: Sequence[Address]) -> str:
    """The pattern of the last name with its suffix and slash."""
    tail = tail_pattern(addresses)
    if slot.part == "folder":
        return f"[^/]+{tail}"
    token = _token_pattern(slot, key)
    if slot.part == "start":
        return f"{token}[-_.][^/]+{tail}"
    whole = [len(one.tokens) == slot.place for one in addresses]
    before = "" if all(whole) else _before(slot, addresses)
    before = f"(?:{before})?" if before and any(whole) else before
    behind = "".join(_behind(place, addresses) for place in range(slot.place - 1, 0, -1))
    return f"{before}{token}{behind}{tail}"


def _token_pattern(slot: Slot, key: str) -> str:
    if slot.skeleton in ("hex", "*#"):
        return key
    out, run = [], 0
    for sign in re.findall(r"#|[^#]+", slot.skeleton):
        if sign == "#":
            out.append(key if run == slot.run else r"\d+")
            run += 1
        else:
            out.append(sign)
    return "".join(out)


def _before(slot: Slot, addresses: Sequence[Address]) -> str:
    """What stands before the id's token: words, and the sign that divides them from it."""
    if slot.skeleton == "*#":
        return r"[^/]*\D"
    signs = {one.name[: -_length(one, slot.place)][-1:] for one in addresses}
    signs.discard("")
    return f"[^/]*{_one_of(signs)}"


def _behind(place: int, addresses: Sequence[Address]) -> str:
    """What stands behind it: the sign and the token at `place` from the end."""
    signs = {one.name[: -_length(one, place)][-1:] for one in addresses if len(one.tokens) > place}
    tokens = {one.tokens[-place] for one in addresses if len(one.tokens) >= place}
    shape = r"\d+" if all(token.isdigit() for token in tokens) else "[^/-]+"
    return f"{_one_of(signs)}{re.escape(tokens.pop()) if len(tokens) == 1 else shape}"


def _length(address: Address, place: int) -> int:
    """How many signs of the name its last `place` tokens and what divides them take."""
    end = len(address.name)
    starts = [match.start() for match in re.finditer(r"[^-_.,~+;]+", address.name)]
    return end - starts[-place] if len(starts) >= place else end


def _one_of(signs: Iterable[str]) -> str:
    some = sorted(signs)
    return re.escape(some[0]).replace("\\-", "-") if len(some) == 1 else f"[{''.join(map(re.escape, some))}]"


def _any_of(patterns: Sequence[str], *, optional: bool) -> str:
    if not patterns:
        return ""
    joined = patterns[0] if len(patterns) == 1 and not optional else f"(?:{'|'.join(patterns)})"
    return f"{joined}?" if optional else joined


def folders_pattern(addresses: Sequence[Address], slot: Slot | None, key: str, *, dated: bool) -> str:
    """The pattern of the folders with their slashes: names that all have, days, and whatever stands in between."""
    depths = sorted({len(one.folders) for one in addresses})
    deepest, least = depths[-1], depths[0]
    lead: list[str] = []
    trail: list[str] = []
    told = dated
    for place in range(least):
        written = Counter(one.folders[place] for one in addresses)
        if len({one.lower() for one in written}) > 1 or _number_like(next(iter(written))):
            break
        lead.append(re.escape(written.most_common(1)[0][0]).replace("\\-", "-"))
    for place in range(1, least - len(lead) + 1):
        if slot and slot.part == "folder" and slot.place == place:
            trail.insert(0, _token_pattern(slot, key))
            continue
        shape, is_day = _folder_shape({one.folders[-place] for one in addresses}, told=told)
        if shape is None and not (slot and slot.part == "folder" and slot.place > place):
            break
        told = told or is_day
        trail.insert(0, shape or "[^/]+")
    trail = _days(trail, told=told)
    free = (least - len(lead) - len(trail), deepest - len(lead) - len(trail))
    middle = ["[^/]+"] * free[0] if free[0] == free[1] and free[0] <= 2 else []
    times = f"{free[0]}" if free[0] == free[1] else f"{free[0]},{free[1]}"
    between = "" if middle or free[1] == 0 else f"(?:[^/]+/){{{times}}}"
    return "/" + "".join(f"{one}/" for one in (*lead, *middle)) + between + "".join(f"{one}/" for one in trail)


def _number_like(folder: str) -> bool:
    return bool(re.fullmatch(r"\d+|" + _DAY_FOLDER.pattern, folder))


def _folder_shape(folders: set[str], *, told: bool) -> tuple[str | None, bool]:
    """The pattern of a folder that holds a date in all addresses, and whether it tells the day; None if it does not."""
    days = [_DAY_FOLDER.fullmatch(one) for one in folders]
    if all(days):
        signs = {match["sep"] or "" for match in days if match}
        digits = r"\d\d" if "" in signs else r"\d{1,2}"
        sign = _one_of(signs) if signs != {""} else ""
        names = ("(?P<year>", "(?P<month>", "(?P<day>") if not told else ("(?:", "(?:", "(?:")
        return f"{names[0]}(?:19|20)\\d\\d){sign}{names[1]}{digits}){sign}{names[2]}{digits})", True
    if all(_MONTH_FOLDER.fullmatch(one) for one in folders):
        return (r"\d{6}" if all(map(str.isdigit, folders)) else r"\d{4}[-_]\d\d"), False
    if all(_YEAR.fullmatch(one) for one in folders):
        return r"\d{4}", False
    if all(re.fullmatch(r"0?[1-9]|[12]\d|3[01]", one) for one in folders):
        return r"\d{1,2}", False
    return None, False


def _days(trail: list[str], *, told: bool) -> list[str]:
    """Folders with year, month and day of their own, each under its name."""
    out = list(trail)
    for place in range(len(out) - 2):
        if not told and out[place : place + 3] == [r"\d{4}", r"\d{1,2}", r"\d{1,2}"]:
            out[place : place + 3] = [r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"]
            break
    return out


def ignores_case(addresses: Iterable[Address]) -> bool:
    """Whether the host takes capitals and small letters alike: it links one folder in both, or runs on ASP.NET."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    suffixes = set()
    for one in addresses:
        suffixes.add(one.suffix.lower())
        for folder in one.folders:
            folders[folder.lower()].add(folder)
    return ".aspx" in suffixes or any(len(some) > 1 for some in folders.values())
