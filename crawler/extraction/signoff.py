"""Read the last lines of an article: who wrote it, for whom, after which source.

"Văn Đảm (Bộ CHQS tỉnh)" is an author and an affiliation, "Nguồn Báo Hà Nam" a source credit. They
stand at the end of the body, mostly right-aligned or in bold or italics; lines that do not stand so
must have the shape of names alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archive.article import BlockKind
from crawler.extraction.simplify import Draft
from crawler.extraction.text import squash, word_count

SIGN_OFF_LINES = 4
"""How many lines a sign-off has at most: words, pictures, affiliation, source."""

BYLINE_WORDS = 16
"""Longest byline, in words ("Name - Name - Phòng Truyền thông Công an tỉnh ...")."""

CREDIT_WORDS = 12
PLAIN_CREDIT_WORDS = 8
"""Longest source credit, in words; an unmarked line must be shorter to be told from a sentence."""

_PREFIX = re.compile(
    r"(?:tin|bài|ảnh|bài viết|tác giả|người viết|thực hiện|bài viết và ảnh|clip|video|đồ họa|theo dõi)"
    r"(?:\s*(?:,|và|&|-|/|\+)\s*(?:tin|bài|ảnh|clip|video|đồ họa|hình))*\s*:\s*",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:nguồn(?:\s+tin)?|theo|trích(?:\s+từ)?|dẫn\s+theo|bài\s+đăng\s+trên)\s*[:\-–]?\s*(?P<who>\S.*)",
    re.IGNORECASE,
)
_DOMAIN = re.compile(
    r"(?:https?://)?(?:www\.)?[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:vn|com|net|org|info)/?", re.IGNORECASE
)
_AGENCY = re.compile(r"\(?\s*(TTXVN|VOV|VTV|Vietnam\+|VietnamPlus|BNEWS|TTXVN/\S+)\s*\)?", re.IGNORECASE)
"""News agencies that sign by their initials alone."""

_DESK = re.compile(
    r"(?:ban biên tập|bbt|tòa soạn|toà soạn|nhóm (?:pv|phóng viên)|(?:nhóm )?phóng viên|pv|p\.v|ctv|nhóm tác giả|bạn đọc)",
    re.IGNORECASE,
)
_COMPILED = re.compile(
    r"(?:t\.?/?h\.?|tổng hợp|lược ghi|ghi|st|sưu tầm|thực hiện|biên tập|dịch|lược dịch)", re.IGNORECASE
)
"""What a writer did, set where an affiliation would stand."""

_ORGANISATION = re.compile(
    r"(?:ban|phòng|sở|ubnd|ủy ban|uỷ ban|trung tâm|tt|công an|hội|đài|xí nghiệp|công ty|huyện đoàn|tỉnh đoàn|thành đoàn|thị đoàn|trường|"
    r"bệnh viện|văn phòng|vp|cổng|liên đoàn|chi cục|cục|bộ|đảng ủy|thành ủy|thị ủy|huyện ủy|tỉnh ủy|btg|viện|báo|tạp chí|đồn|hạt|lđlđ|mttq|"
    r"hđnd|bch|bqp|bộ đội|tòa án|viện kiểm sát|vks|agribank|điện lực|bảo hiểm|bhxh|kho bạc|ngân hàng)\b",
    re.IGNORECASE,
)
"""How the name of an office begins; used only on lines whose place already says sign-off."""

_NAME_DIVIDER = re.compile(r"\s+[-–—]\s+|\s*[-–—]\s+|\s+[-–—]\s*|\s*[,;/&+]\s*|\s+và\s+")
_SENTENCE_END = re.compile(r"[.!?…:;]$")


@dataclass(frozen=True, slots=True)
class SignOff:
    """What a sign-off says; None for what it does not say."""

    author: str | None = None
    affiliation: str | None = None
    source_credit: str | None = None


def read_sign_off(drafts: Sequence[Draft], known_author: str | None = None) -> tuple[list[Draft], SignOff]:
    """Split a body from its sign-off: the blocks that stay, and what the last lines say.

    A line that repeats `known_author` (told by the layout) goes too. The last block that is left is
    never taken: a notice of one line is news, whatever it begins with.
    """
    body = list(drafts)
    author, affiliation, credit, photographer = known_author, None, None, None
    for _ in range(SIGN_OFF_LINES):
        if len(body) < 2 or body[-1].kind not in (BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.VERSE):
            break
        line = body[-1]
        if line.kind is BlockKind.VERSE and not _marked(line):
            break
        found = read_credit(line.text, marked=_marked(line)) if credit is None else None
        if found is not None:
            credit = found
            body.pop()
            continue
        if photographer is None and (photographer := read_photographer(line.text)):
            body.pop()
            continue
        name, office, inner = read_byline(line.text, marked=_marked(line))
        if not (name or office) or _in_a_list(body):
            break
        if author is not None and (name or "").casefold() != author.casefold():
            break
        if name is None and affiliation is not None:
            break
        author, affiliation, credit = author or name, affiliation or office, credit or inner
        body.pop()
    return body, SignOff(author or photographer, affiliation, credit)


def _marked(line: Draft) -> bool:
    """Whether a line stands as sign-offs do: to the right, or wholly bold or italic."""
    return line.align == "right" or line.bold or line.italic


def _in_a_list(body: list[Draft]) -> bool:
    """An unmarked name right below another unmarked name is an item of a list, not a sign-off."""
    if len(body) < 2 or _marked(body[-1]) or _marked(body[-2]):
        return False
    above = body[-2]
    return above.kind is BlockKind.PARAGRAPH and bool(read_byline(above.text, marked=False)[0])


def read_credit(text: str, *, marked: bool) -> str | None:
    """Read a source credit from a whole line: "(Theo Báo Hà Nam)" gives "Báo Hà Nam".

    `marked`: the line stands as sign-offs do, so it may be longer. None if the line is a sentence
    ("Theo kế hoạch, ..."), for a source begins with a capital or is a host name.
    """
    line = squash(text).removeprefix("(").removesuffix(".").removesuffix(")").strip()
    if _AGENCY.fullmatch(squash(text).removesuffix(".")) or _DOMAIN.fullmatch(line):
        return line
    match = _CREDIT.fullmatch(line)
    if not match:
        return None
    who = match["who"].strip(" .()–-")
    if not who or word_count(who) > (CREDIT_WORDS if marked else PLAIN_CREDIT_WORDS):
        return None
    if not (who[0].isupper() or _DOMAIN.fullmatch(who)):
        return None
    if re.search(r"[;!?:]|\.\s", who) or re.search(r"\d{1,2}/\d{1,2}", who):
        return None
    if re.search(r",\s+[^\W\d_]", who) and not (marked and re.search(r",\s+[A-ZĐ]", who)):
        return None
    return who


def read_photographer(text: str) -> str | None:
    """Read "Ảnh: Name" from a whole line; None if it says anything else."""
    match = re.fullmatch(r"(?:ảnh|chùm ảnh|nguồn ảnh)\s*:\s*(?P<name>[^:]+?)\.?", squash(text), re.IGNORECASE)
    if not match or not all(_is_person(part) for part in _NAME_DIVIDER.split(match["name"]) if part):
        return None
    return match["name"]


def read_byline(text: str, *, marked: bool) -> tuple[str | None, str | None, str | None]:
    """Read (author, affiliation, source credit) from a whole line; all None if it is no byline.

    `marked`: the line stands as sign-offs do, so it may name an office; an unmarked line must be
    made of personal names.
    """
    line = squash(text)
    prefix = _PREFIX.match(line)
    if prefix:
        if prefix[0].casefold().startswith("ảnh"):
            return None, None, None
        line, marked = line[prefix.end() :], True
    line = line.removesuffix(".") if prefix else line
    if (
        not line
        or word_count(line) > BYLINE_WORDS
        or _SENTENCE_END.search(line)
        or re.search(r"\d{3,}|[?!:;“”\"]", line)
    ):
        return None, None, None
    inner = re.fullmatch(r"(?P<name>[^()]*?)\s*\((?P<note>[^()]+)\)", line)
    if inner:
        author, _, _ = read_byline(inner["name"], marked=marked) if inner["name"] else (None, None, None)
        note = inner["note"].strip()
        if not author:
            return (None, None, None) if inner["name"] or not marked else (None, note, None)
        credit = read_credit(note, marked=True)
        if credit or _COMPILED.fullmatch(note):
            return author, None, credit
        return author, note, None
    if _DESK.fullmatch(line):
        return line, None, None
    parts = [part for part in _NAME_DIVIDER.split(line) if part]
    people = 0
    while people < len(parts) and (_is_person(parts[people]) or (people == 0 and _DESK.fullmatch(parts[0]))):
        people += 1
    if people == len(parts) and parts:
        if marked or all(2 <= word_count(part) <= 4 for part in parts):
            return line, None, None
        return None, None, None
    if people:
        cut = line.index(parts[people], sum(map(len, parts[:people])))
        office = line[cut:].strip()
        if (
            (marked or _is_office(office))
            and all(word_count(p) >= 2 or marked for p in parts[:people])
            and not _reads_on(office)
        ):
            return line[:cut].rstrip(" -–—,;/&+"), office, None
        return None, None, None
    if marked and line[0].isupper() and not _reads_on(line) and (_is_office(line) or word_count(line) <= 6):
        return None, line, None
    return None, None, None


def _is_person(text: str) -> bool:
    """Shape of a personal name or pen name: one to five capitalised words, not the name of an office."""
    tokens = text.split()
    if not 1 <= len(tokens) <= 5 or _is_office(text) or _DESK.fullmatch(text):
        return False
    capitals = len(tokens) > 1 and all(token.isupper() and len(token) > 1 for token in tokens)
    return capitals or all(_is_name_part(token) for token in tokens)


def _is_name_part(token: str) -> bool:
    """ "Hường", "H’Mai", "Y", "N.", "K.T": a capital, then small letters; or initials with full stops."""
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]?", token):
        return token.isupper()
    return all(
        part[:1].isupper() and (len(part) == 1 or part[1:].islower())
        for part in re.split(r"[’'ʼ]", token)
        if part
    )


def _is_office(text: str) -> bool:
    match = _ORGANISATION.match(text)
    if not match:
        return text.isupper() and len(text) > 1 and not set(" .") & set(text)
    # "Công An" is a pen name, "Công an" an office: alone, an office's words are not all capitalised.
    if match[0] == text:
        return text.isupper() or not all(token[0].isupper() for token in text.split())
    return True


def _reads_on(text: str) -> bool:
    """A comma followed by small letters, or a full stop inside, is a sentence and no name."""
    return bool(re.search(r",\s+[^\WA-ZĐ\d_]|\.\s+\w{2,}\s", text))
