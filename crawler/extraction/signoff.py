"""Read the last lines of an article: who wrote it, for whom, after which source.

"Văn Đảm (Bộ CHQS tỉnh)" is an author and an affiliation, "Nguồn Báo Hà Nam" a source credit. They
stand at the end of the body, mostly right-aligned or in bold or italics; lines that do not stand so
must have the shape of names alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from archive.article import BlockKind
from crawler.extraction.simplify import Draft
from crawler.extraction.text import fewer_words, squash, word_count

SIGN_OFF_LINES = 4
"""How many lines a sign-off has at most: words, pictures, affiliation, source."""

BYLINE_WORDS = 16
"""Longest byline, in words ("Name - Name - Phòng Truyền thông Công an tỉnh ...")."""

LINE_WORDS = 2 * BYLINE_WORDS
"""A longer line is a paragraph, whatever it begins with: room for what stands before a name."""

OFFICE_WORDS = 9
"""Longest name of an office that signs alone, in words."""

CREDIT_WORDS = 12
PLAIN_CREDIT_WORDS = 8
"""Longest source credit, in words; an unmarked line must be shorter to be told from a sentence."""

_PREFIX = re.compile(
    r"(?:tin|bài|ảnh|bài viết|tác giả(?: bài viết)?|người viết|thực hiện|bài viết và ảnh|clip|video|đồ họa)"
    r"(?:\s*(?:,|và|&|-|/|\+)\s*(?:tin|bài|ảnh|clip|video|đồ họa|hình))*\s*:\s*",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:nguồn(?:\s+tin)?|theo|trích(?:\s+từ)?|dẫn\s+theo|bài\s+đăng\s+trên)\s*[:\-–]?\s*(?P<who>\S.*)",
    re.IGNORECASE,
)
_CREDIT_LABEL = re.compile(r"nguồn(?:\s+tin)?\s*:\s*(?P<who>\S.*)", re.IGNORECASE)
_PICTURES = r"(?:(?:chùm\s+|nguồn\s+)?ảnh|hình|clip|video|đồ\s+họa|đồ\s+hoạ)"
_PICTURE_LABEL = re.compile(rf"{_PICTURES}(?:\s*(?:,|và|&|-|/|\+)\s*{_PICTURES})*\s*:", re.IGNORECASE)
_LABEL = re.compile(
    rf"(?<!\w)(?:(?:theo\s+)?(?P<source>nguồn(?:\s+tin)?\s*:)|{_PICTURE_LABEL.pattern}|{_PREFIX.pattern})",
    re.IGNORECASE,
)
_DIVIDERS = " -–—,;|/("
"""What stands between the labelled parts of a byline."""

_DOMAIN = re.compile(r"(?:https?://)?(?:www\.)?[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:vn|com|net|org|info)/?", re.IGNORECASE)
_AGENCY = re.compile(r"\(?\s*(TTXVN|VOV|VTV|Vietnam\+|VietnamPlus|BNEWS|TTXVN/\S+)\s*\)?", re.IGNORECASE)
"""News agencies that sign by their initials alone."""

_DESK = re.compile(
    r"(?:ban biên tập|bbt|tòa soạn|toà soạn|(?:nhóm )?(?:phóng viên|pv)|p\.v|ctv|nhóm tác giả|bạn đọc)",
    re.IGNORECASE,
)
_COMPILED = re.compile(
    r"(?:t\.?/?h\.?|tổng hợp|lược ghi|ghi|st|sưu tầm|thực hiện|biên tập|dịch|lược dịch)", re.IGNORECASE
)
"""What a writer did, set where an affiliation would stand."""

_OFFICE = re.compile(
    r"(?:ubnd|ủy ban|uỷ ban|trung tâm|tt|công an|xí nghiệp|công ty|huyện đoàn|tỉnh đoàn|thành đoàn"
    r"|thị đoàn|bệnh viện|văn phòng|vp|liên đoàn|chi cục|đảng ủy|thành ủy|thị ủy|huyện ủy|tỉnh ủy|btg"
    r"|tạp chí|lđlđ|mttq|hđnd|bch|bqp|bộ đội|tòa án|viện kiểm sát|vks|agribank|điện lực|bảo hiểm xã hội"
    r"|bhxh|kho bạc|ngân hàng|trường (?:thpt|thcs|tiểu học|mầm non|đại học|cao đẳng|chính trị)"
    r"|câu lạc bộ|hợp tác xã|htx|nhóm|đội|thư viện|bảo tàng|nhà (?:văn hóa|xuất bản)|đảng bộ|mặt trận|cơ quan"
    r"|cổng (?:thông tin|ttđt)|đài (?:truyền thanh|phát thanh|tt)|ban (?:biên tập|quản lý|chỉ huy))\b",
    re.IGNORECASE,
)
_OFFICE_BEFORE_NAME = re.compile(
    r"(?P<head>ban|phòng|sở|hội|đài|bộ|cục|báo|trường|viện|đồn|hạt|cổng|đoàn|quỹ)\s+(?=[^\W\d_])(?P<name>\S)",
    re.IGNORECASE,
)
"""How the name of an office begins. One syllable says so only before a capital: "Hội Nông dân" is an
office, "Hội nghị kết thúc ..." and "Phòng chống cháy rừng ..." are sentences."""

_ALSO_NAMES = ("đoàn", "trường", "viện")
"""Such beginnings that people are called by, too: Đoàn Thị Nhàn, Trường Giang."""

_GLUED_NAMES = re.compile(r"(?<=[a-zà-ỹ])[-–](?=[A-ZÀ-ỸĐ])")
_NAME_DIVIDER = re.compile(r"\s+[-–—]\s+|\s*[-–—]\s+|\s+[-–—]\s*|\s*[,;/&+]\s*|\s+và\s+")
_SENTENCE_END = re.compile(r"[.!?…:;]$")
_TALK_END = re.compile(r"(?:\.\.|…|[.!?][”\"’»])$")
"""How sentences end and sources never do: in suspense, or within quotation marks."""


@dataclass(frozen=True, slots=True)
class SignOff:
    """What a sign-off says; None for what it does not say."""

    author: str | None = None
    affiliation: str | None = None
    source_credit: str | None = None


class Standing(IntEnum):
    """How much the way a line stands says that it is a sign-off."""

    PLAIN = 0
    EMPHASISED = 1
    RIGHT = 2


def labelled(line: str) -> list[str]:
    """The parts of a byline in which author and source stand in a row, each behind its label.

    "Tác giả: Hoàng Lan - Nguồn: Báo X" has two. What stands behind a label of pictures ("Ảnh: Hoàng Lan") is left out,
    and so is a "Theo" that says nothing but that a source follows.
    """
    parts, start = [], 0
    for label in _LABEL.finditer(line):
        # "Tin, ảnh: Hoàng Lan" is one label: only a source may follow what has none.
        if label["source"] or ":" in line[start : label.start()]:
            parts.append(line[start : label.start()].rstrip(_DIVIDERS))
            start = label.start("source") if label["source"] else label.start()
    parts.append(line[start:])
    return [part for part in parts if part and not _PICTURE_LABEL.match(part) and part.casefold() != "theo"]


def labelled_credit(line: str) -> str | None:
    """What a part of a byline says behind the label of a source, whatever its shape; None without that label."""
    match = _CREDIT_LABEL.fullmatch(line)
    return match["who"] if match else None


def without_label(line: str) -> str:
    """What follows the label of a byline: "Tác giả: Tổng hợp" is "Tổng hợp", "Nguồn tin:" announces nothing."""
    label = _PREFIX.match(line)
    return line[label.end() :] if label else line if not line.endswith(":") else ""


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
        if not fewer_words(line.text, LINE_WORDS):
            break
        standing = _standing(line)
        if line.kind is BlockKind.VERSE and not standing:
            break
        # Right below a table a "Nguồn: ..." names where its figures are from.
        of_table = body[-2].kind is BlockKind.ROW and standing is not Standing.RIGHT
        found = read_credit(line.text, standing) if credit is None and not of_table else None
        if found is not None:
            credit = found
            body.pop()
            continue
        if photographer is None and (photographer := read_photographer(line.text)):
            body.pop()
            continue
        name, office, inner = read_byline(line.text, standing)
        if not (name or office) or _in_a_list(body):
            break
        if author is not None and (name or "").casefold() != author.casefold():
            break
        if name is None and (affiliation is not None or not _is_signed_office(body, standing, author or credit)):
            break
        author, affiliation, credit = author or name, affiliation or office, credit or inner
        body.pop()
    return body, SignOff(author or photographer, affiliation, credit)


def _standing(line: Draft) -> Standing:
    if line.align == "right":
        return Standing.RIGHT
    return Standing.EMPHASISED if line.bold or line.italic else Standing.PLAIN


def _is_signed_office(body: list[Draft], standing: Standing, below: str | None) -> bool:
    """An office alone signs to the right; elsewhere only beside a name or a source.

    "Hội Nông dân huyện tặng 20 suất quà ..." in italics ends many a report.
    """
    if standing is Standing.RIGHT:
        return word_count(body[-1].text) <= OFFICE_WORDS
    return below is not None or bool(read_byline(body[-2].text, _standing(body[-2]))[0])


def _in_a_list(body: list[Draft]) -> bool:
    """A name that is announced, stands among names, or signs a document is no sign-off of the article."""
    line, above = body[-1], body[-2]
    if above.text.isupper() and len(above.text) > 3:
        return True
    if _standing(line) is not Standing.RIGHT and above.text.endswith(":"):
        return True
    if _standing(line):
        return False
    return any(
        one.kind is BlockKind.PARAGRAPH and not _standing(one) and bool(read_byline(one.text)[0]) for one in body[-3:-1]
    )


def read_credit(text: str, standing: Standing = Standing.PLAIN) -> str | None:
    """Read a source credit from a whole line: "(Theo Báo Hà Nam)" gives "Báo Hà Nam".

    A line that stands as sign-offs do, or says "Nguồn:", may be longer. None if the line is a sentence
    ("Theo kế hoạch, ..."), for a source begins with a capital or is a host name. A full stop after a
    small letter ends a sentence ("Theo Sở Y tế chưa có ca mắc.") unless brackets, a colon or its place
    on the right say that the line is a credit.
    """
    whole = squash(text)
    line = whole.removeprefix("(").removesuffix(".").removesuffix(")").strip()
    if _AGENCY.fullmatch(whole.removesuffix(".")) or _DOMAIN.fullmatch(line):
        return line
    match = _CREDIT.fullmatch(line)
    if not match or _TALK_END.search(whole):
        return None
    who = match["who"].strip(" .()–-")
    marked = standing > Standing.PLAIN or re.match(r"nguồn(?: tin)?\s*:", line, re.IGNORECASE) is not None
    if not who or word_count(who) > (CREDIT_WORDS if marked else PLAIN_CREDIT_WORDS):
        return None
    if _DOMAIN.fullmatch(who):
        return who
    told = whole.startswith("(") or ":" in line or standing is Standing.RIGHT
    if whole.endswith(".") and not told and who.split()[-1][0].islower():
        return None
    if not who[0].isupper() or re.search(r"[;!?:]|\.\s", who) or re.search(r"\d{1,2}/\d{1,2}", who):
        return None
    if re.search(r",\s+[^\W\d_]", who) and not (standing and re.search(r",\s+[A-ZĐ]", who)):
        return None
    return who


def read_photographer(text: str) -> str | None:
    """Read "Ảnh: Name" from a whole line; None if it says anything else."""
    match = re.fullmatch(r"(?:ảnh|chùm ảnh|nguồn ảnh)\s*:\s*(?P<name>[^:]+?)\.?", squash(text), re.IGNORECASE)
    if not match or not all(_is_person(part) for part in _NAME_DIVIDER.split(match["name"]) if part):
        return None
    return match["name"]


def read_byline(text: str, standing: Standing = Standing.PLAIN) -> tuple[str | None, str | None, str | None]:
    """Read (author, affiliation, source credit) from a whole line; all None if it is no byline.

    A plain line must be made of personal names, or of a name and an office; a line that stands as
    sign-offs do may be an office alone.
    """
    line = squash(text)
    prefix = _PREFIX.match(line)
    stopped = line.endswith(".")
    if prefix:
        if prefix[0].casefold().startswith("ảnh"):
            return None, None, None
        line, standing = line[prefix.end() :].removesuffix("."), Standing.RIGHT
    if not line or word_count(line) > BYLINE_WORDS or _SENTENCE_END.search(line) or read_credit(line):
        return None, None, None
    if re.search(r"\d{3,}|[?!:;“”\"]", line):
        return None, None, None
    inner = re.fullmatch(r"(?P<name>[^()]*?)\s*\((?P<note>[^()]+)\)", line)
    if inner:
        return _with_note(inner["name"], inner["note"].strip(), standing)
    if _DESK.fullmatch(line):
        return line, None, None
    parts = [part for part in _NAME_DIVIDER.split(_GLUED_NAMES.sub(" - ", line)) if part]
    people = 0
    while people < len(parts) and (_is_person(parts[people]) or (people == 0 and _DESK.fullmatch(parts[0]))):
        people += 1
    names = parts[:people]
    if parts and people == len(parts):
        plain_names = all(2 <= word_count(part) <= 4 for part in parts)
        return (line, None, None) if standing or plain_names else (None, None, None)
    if names:
        cut = line.index(parts[people], sum(map(len, names)))
        office = line[cut:].strip()
        if re.search(r"\s+và\s+$", line[:cut]):
            # "Và" joins people; what goes on otherwise is a sentence.
            return None, None, None
        sure = standing or (_is_office(office) and all(word_count(name) >= 2 for name in names))
        if sure and not _reads_on(office):
            return line[:cut].rstrip(" -–—,;/&+"), office, None
        return None, None, None
    if not standing or stopped or not line[0].isupper() or _reads_on(line):
        return None, None, None
    return (None, line, None) if _is_office(line) else (None, None, None)


def _with_note(name: str, note: str, standing: Standing) -> tuple[str | None, str | None, str | None]:
    """A line that ends in parentheses: an office, a source, or what the writer did."""
    if not name:
        return (None, note, None) if standing and _is_office(note) else (None, None, None)
    author, _, _ = read_byline(name, standing)
    if not author:
        return None, None, None
    credit = read_credit(note, Standing.RIGHT)
    if credit or _COMPILED.fullmatch(note):
        return author, None, credit
    return author, note, None


def _is_person(text: str) -> bool:
    """Shape of a personal name or pen name: one to five capitalised words, not the name of an office."""
    tokens = text.split()
    if not 1 <= len(tokens) <= 5 or _is_office(text) or _DESK.fullmatch(text):
        return False
    capitals = len(tokens) > 1 and all(token.isupper() and len(token) > 1 for token in tokens)
    return capitals or all(_is_name_part(token) for token in tokens)


def _is_name_part(token: str) -> bool:
    """A capital and small letters (Hường, H’Mai, Y), or initials with full stops (N., K.T)."""
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]?", token):
        return token.isupper()
    return all(
        part[:1].isupper() and (len(part) == 1 or part[1:].islower()) for part in re.split(r"[’'ʼ]", token) if part
    )


def _is_office(text: str) -> bool:
    match = _OFFICE.match(text)
    if not match:
        before_name = _OFFICE_BEFORE_NAME.match(text)
        if before_name:
            person = before_name["head"].lower() in _ALSO_NAMES and all(map(_is_name_part, text.split()))
            return before_name["name"].isupper() and not person
        return text.isupper() and len(text) > 1 and not set(" .") & set(text)
    # "Công An" is a pen name, "Công an" an office: alone, an office's words are not all capitalised.
    if match[0] == text:
        return text.isupper() or not all(token[0].isupper() for token in text.split())
    return True


def _reads_on(text: str) -> bool:
    """A comma followed by small letters, or a full stop inside, is a sentence and no name."""
    return bool(re.search(r",\s+[^\WA-ZĐ\d_]|\.\s+\w{2,}\s", text))
