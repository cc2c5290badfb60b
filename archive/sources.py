"""Whom a source credit names: "Theo Báo Hà Nam", "(baohanam.com.vn)" and "BÁO HÀ NAM ONLINE" are one, ``bao-ha-nam``.

Names of offices are compared by rules of form (`archive.source_names`). What no rule can tell stands in sources.csv:
names of papers and agencies that are not of the form "Báo <province>", how they are shortened, and the public host
names of their sites, as they and their captures in public web archives give them.
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from archive.provinces import fold
from archive.source_names import Named, named, words

MAX_CREDIT = 400
"""Characters of a credit that are read: four times the longest name of an office."""

MAX_KEY = 100
"""Characters of a key; a longer one is cut, and a digest of the whole keeps it apart from others."""

REMEMBERED = 4096
"""Credits whose keys are remembered: a site credits some tens of sources again and again."""

_NOBODY = (
    "tổng hợp; th; t h; sưu tầm; st; s t; internet; mạng; mạng xã hội; mxh; net; pv; p v; nhóm pv; phóng viên; bbt;"
    " ban biên tập; btv; biên tập viên; biên tập; ctv; cộng tác viên; tòa soạn; admin; administrator; quản trị;"
    " quản trị viên; ban quản trị; tư liệu; ảnh tư liệu; báo chí; báo mạng; báo; tạp chí; đài; nhiều báo;"
    " báo đài; báo địa phương; nguồn; nguồn tin; khác; na; n a; none; null; không rõ; chưa rõ; không;"
    " facebook; fb; youtube; http; https; google; zalo; tiktok; wikipedia; web; website;"
    " trang web; văn phòng; bản tin; tác giả; biên soạn; tin; bài; ảnh;"
    " sưu tầm và biên soạn; truyền thông; ban truyền thông; cơ sở; địa phương; việt nam; nhân vật; bạn đọc; dịch;"
    " nhóm; dân; tin tổng hợp; đại diện"
)
"""What stands in place of a name on sites: that it is compiled, by whom in the house, from the web at large."""

_FILLERS = "từ; trên; theo; và; các; nhiều; nguồn; của; trong; cung cấp; đăng; lại; khác"
"""Words that name nobody either beside those of `_NOBODY`."""

_NOBODY_HOSTS = (
    "facebook.com; fb.com; youtube.com; youtu.be; google.com; google.com.vn; gmail.com; yahoo.com; yahoo.com.vn;"
    " hotmail.com; outlook.com; zalo.me; tiktok.com; wikipedia.org; vi.wikipedia.org"
)
"""Hosts on which anybody publishes or has a mailbox."""

_SURNAMES = (
    "nguyễn; trần; lê; phạm; hoàng; huỳnh; phan; vũ; võ; đặng; bùi; đỗ; hồ; ngô; dương; lý; đinh; trịnh; mai; đoàn;"
    " lương; phùng; tô; hà; cao; tạ; chu; quách; triệu; vương; thái; tống; lưu; thạch; trương; đào"
)
"""Frequent surnames: "Lê Anh - Báo Hà Nam" names a writer, then the source."""

_HEAD = (
    r"(?:báo|đài|tạp chí|cổng|trang (?:tin|thông|tt|web|đ)|ttxvn|thông tấn|vov|vtv|website|theo|nguồn|baodai|ptth"
    r"|sở|bao|tap chi|https?:|ban tuyên)\b"
)
"""How a second source begins where " - " and "và" may also stand within one name."""

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}(?:vn|com|net|org|info|edu|gov|tv|asia|news)"
_ADDRESS = re.compile(
    rf"(?:https?:/{{1,2}})?(?:[\w.+-]{{1,64}}@)?(?<![\w.-])(?P<host>{_HOST})\.?(?![\w-])(?::\d+)?(?:[/?#][^\s,;()\[\]]*)?"
)
_SEPARATOR = re.compile(
    rf"(\s*[,;:/|•·+()\[\]{{}}…]\s*|\s+[-–—]+\s*(?={_HEAD})|[-–—]+\s+(?={_HEAD})|[-–—](?=(?:ttxvn|vov|vtv)\b)|\s+(?:và|&)\s+(?={_HEAD})"
    r"|(?<=\w)\s+theo\s+|(?<=\w)\s+nguồn\s+(?=báo|đài|ttxvn|internet))"
)
_PREFIX = re.compile(
    r"[\W_]*(?:theo|nguon|nguồn(?:\s+(?:tin|bài|ảnh|tham khảo))?|(?:tin|nguồn|bài)\s+(?:từ|của)"
    r"|(?:nhóm )?(?:pv|phóng viên)|trích(?:\s+(?:từ|dẫn|nguồn))?"
    r"|dẫn(?:\s+(?:theo|lại|nguồn))?|lược\s+(?:ghi|trích|dẫn)|đăng lại|lấy từ|source|via"
    r"|(?:tổng hợp|sưu tầm)\s+(?:từ|theo))(?![\w])[\W_]*"
)
_SUFFIX = re.compile(r"\s+(?:tổng hợp|sưu tầm|biên soạn|thực hiện|lược ghi|lược dịch|cung cấp|đưa tin)\W*$")

_SHORTENED = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"việt ?nam ?\+|vietnam ?\+|vietnam ?plus\b", "vietnamplus"),
        (
            r"\b(?:pt|phát thanh|phat thanh)(?:\W{0,3}|\s+và\s+)(?:th|truyền hình|truyen hinh)\b(?!\w)",
            "ptth",
        ),
        (r"\bbáo,?\s+(?:(?:và|&)\s+)?(?:đài\s+)?ptth\b|\bđài ptth (?:và|&) báo\b", "baodai"),
        (r"\bvh\W{0,2}tt\W{0,3}(?:và\s+)?dl\b|\bvăn hóa, thể thao (?:và|&) du lịch\b", "văn hóa thể thao du lịch"),
        (r"\btt\W{0,3}(?:và\s+)?tt\b|\bthông tin (?:và|&) truyền thông\b", "thông tin truyền thông"),
        (r"\bgd\W{0,3}(?:và\s+)?đt\b", "giáo dục đào tạo"),
        (r"\b(?:lđ\W{0,2}tb\W{0,3}xh|lao động\W{1,3}thương binh (?:và|&) xã hội)\b", "lao động thương binh xã hội"),
        (r"\bnn\W{0,3}(?:và\s+)?ptnt\b", "nông nghiệp phát triển nông thôn"),
        (r"\bkh\W{0,3}(?:và\s+)?cn\b", "khoa học công nghệ"),
        (r"\btn\W{0,3}(?:và\s+)?mt\b", "tài nguyên môi trường"),
        (r"\b(tuyên giáo|btg|dân vận|đảng|đoàn)\s+tư\b", r"\1 trung ương"),
        (r"(?<=\w\s)h\.\s*(?=\w)", "huyện "),
        (r"(?<=\w\s)q\.\s*(?=\w)", "quận "),
        (r"(?<=\w\s)p\.\s*(?=\w)", "phường "),
        (r"(?<=\w\s)q(?=\d)", "quận "),
        (
            r"(?<![\w/.-])(?:(?:ra )?ngày \d[\d/.-]*|số \d+(?:[/-]\d+)*"
            r"|\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?)(?![\w/-])",
            " ",
        ),
        (r"[\"'“”‘’«»<>*_`]", " "),
    )
)
"""Ways of shortening that hold a divider of names, so that they are written out before names are divided."""


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Keys of sources.csv by host, and by the form that the rules give a name."""

    hosts: dict[str, str]
    forms: dict[str, str]


def source_key(credit: str | None) -> str | None:
    """The comparable form of whom `credit` names first; None if it names nobody, or nobody that can be told.

    What can only be told by who knows the site ("Công an tỉnh") is nobody. A host in no gazetteer stays a host; an
    unknown name is its plain letters. Never raises.
    """
    return _key(credit[:MAX_CREDIT]) if credit else None


def site_names(title: str, hosts: Iterable[str], names: Iterable[str] = ()) -> frozenset[str]:
    """The keys under which a site is credited: by its publisher's name, its hosts, and further `names`."""
    keys = {source_key(name) for name in (title, *hosts, *names)}
    return frozenset(key for key in keys if key)


@lru_cache(maxsize=REMEMBERED)
def _key(credit: str) -> str | None:
    first: Named | None = None
    for name, in_brackets in _names(_plain(credit)):
        if isinstance(name, str):
            key = gazetteer().hosts.get(name, name)
            return _bounded(key) if first is None or _is_writer(first, False) else _final(first)
        if first is None:
            if _final(name):
                first = name
        elif _is_known(name) and _is_writer(first, in_brackets):
            first = name
            break
    return _final(first) if first else None


def _plain(credit: str) -> str:
    """Lower case, composed, without invisible characters, and with what is shortened written out."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", credit)[:MAX_CREDIT].lower())
    if not text.isprintable():
        text = "".join(" " if c.isspace() or c < " " else c for c in text if c.isprintable() or c.isspace() or c < " ")
    text = " ".join(text.split())
    for pattern, form in _SHORTENED:
        text = pattern.sub(form, text)
    return " ".join(text.split())


def _names(text: str) -> Iterator[tuple[Named | str, bool]]:
    """Names and hosts in their order; True with those that stand in brackets behind another."""
    at = 0
    for match in _ADDRESS.finditer(text):
        yield from _divided(text[at : match.start()])
        host = match["host"].removeprefix("www.").removeprefix("m.").removeprefix("amp.")
        if host not in _nobody_hosts():
            yield host, False
        at = match.end()
    yield from _divided(text[at:])


def _divided(text: str) -> Iterator[tuple[Named, bool]]:
    """The names in a text without addresses; a place that only says where that of a name is belongs to it."""
    pieces = _SEPARATOR.split(text)
    open_words: tuple[str, ...] = ()
    last: Named | None = None
    bracket = False
    for at in range(0, len(pieces), 2):
        given = _worded(pieces[at])
        if not given:
            continue
        divider = pieces[at - 1].strip() if at else ""
        one = named(given)
        joins = last is not None and (
            (divider in (",", "(") and last.local and not last.province and one.place)
            or (divider == "," and last.office and not last.province and not one.typed and " và " in pieces[at])
        )
        if last is not None and not joins:
            yield last, bracket
        if joins:
            open_words += given
            last = named(open_words)
        else:
            open_words, last, bracket = given, one, divider == "("
    if last is not None:
        yield last, bracket


def _worded(piece: str) -> tuple[str, ...]:
    """The words of a piece of a credit; none if it names nobody."""
    for _ in range(4):
        match = _PREFIX.match(piece)
        if not match:
            break
        piece = piece[match.end() :]
    given = words(_SUFFIX.sub("", piece))
    return () if _is_nobody(given) else given


@cache
def _nobody() -> tuple[frozenset[tuple[str, ...]], frozenset[str]]:
    phrases = {words(form) for form in _NOBODY.split(";")}
    # A single word without its marks may be a name.
    bare = {words(fold(form).replace("-", " ")) for form in _NOBODY.split(";")}
    fillers = {word for form in _FILLERS.split(";") for word in words(form)}
    return frozenset(phrases | {form for form in bare if len(form) > 1}), frozenset(fillers)


@cache
def _nobody_hosts() -> frozenset[str]:
    return frozenset(map(str.strip, _NOBODY_HOSTS.split(";")))


def _is_nobody(given: tuple[str, ...]) -> bool:
    """Whether the words are made of such phrases and fillers alone."""
    phrases, fillers = _nobody()
    at = 0
    while at < len(given):
        length = next((n for n in (5, 4, 3, 2, 1) if given[at : at + n] in phrases and at + n <= len(given)), 0)
        if not length and given[at] not in fillers:
            return False
        at += length or 1
    return True


def _is_writer(one: Named, before_brackets: bool) -> bool:
    """Whether an unknown name before a known source is that of who wrote: by its surname, or by brackets behind it."""
    if one.typed or _known_form(one):
        return False
    return before_brackets or (one.first in _surnames() and one.length in (2, 3, 4))


@cache
def _surnames() -> frozenset[str]:
    return frozenset(word for surname in _SURNAMES.split(";") for word in words(surname))


def _is_known(one: Named) -> bool:
    return bool(_final(one)) and (one.typed or _known_form(one) is not None)


def _known_form(one: Named) -> str | None:
    forms = gazetteer().forms
    return forms.get(one.form) if one.form else None


def _final(one: Named) -> str | None:
    """The key of a name: the gazetteer's, else its form."""
    known = _known_form(one)
    key = known or one.web or one.key
    return _bounded(key) if key else None


def _bounded(key: str) -> str:
    if len(key) <= MAX_KEY:
        return key
    return f"{key[: MAX_KEY - 17]}~{hashlib.blake2b(key.encode(), digest_size=8).hexdigest()}"


@cache
def gazetteer() -> Gazetteer:
    """The sources of sources.csv. Raises ValueError if a host or the form of a name stands for two of them."""
    found = Gazetteer({}, {})
    file = resources.files("archive").joinpath("sources.csv")
    for row in csv.DictReader(file.read_text("utf-8").splitlines()):
        key = row["key"]
        for host in row["hosts"].split():
            _enter(found.hosts, host, key)
        for name in (row["name"], *filter(None, map(str.strip, row["variants"].split(";")))):
            for writing in (name, fold(name).replace("-", " ")):
                form = named(words(_plain(writing))).form
                if form:
                    _enter(found.forms, form, key)
    for host in list(found.hosts):
        # A paper is also called by its address alone, without the ending: "Baohanam".
        label = re.fullmatch(r"(\w{5,})\.(?:(?:com|org|net|info|gov)\.)?vn", host)
        if label:
            found.forms.setdefault(label[1], found.hosts[host])
    return found


def _enter(table: dict[str, str], name: str, key: str) -> None:
    if table.setdefault(name, key) != key:
        raise ValueError(f"sources.csv: {name!r} stands for {table[name]} and for {key}; give it to one of them")
