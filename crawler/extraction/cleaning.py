"""Take furniture out of a body, by place or shape.

Each rule says which place or shape marks a block as furniture. No rule looks for a word alone: "lượt
xem" inside a sentence is news. Counters and tool lines are named by a word only after their place (the
edge of the body) and their shape (a label and a number, nothing but links) have said the same.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from urllib.parse import urlsplit

from archive.article import BlockKind
from crawler.extraction.dates import parse_date
from crawler.extraction.prose import keep_prose
from crawler.extraction.signoff import SIGN_OFF_LINES, Standing, read_byline, read_credit
from crawler.extraction.simplify import Draft
from crawler.extraction.text import folded, has_words, letters, same_words, word_count

LABEL_LENGTH = 60
"""Longest tool line or box heading, in characters; the longest met in the saved pages has 43."""

LINKED = 0.75
"""Share of a block's letters in links from which it counts as a link ("Xem thêm: <a>headline</a>")."""

LINKED_LIST = 0.5
"""The same for a block with several links, which may have dates and a heading between them."""

SLIDES = 3
"""So many pictures in a row with the same words are a slider without titles."""

_COUNTER = re.compile(
    r"""
    (?: (?:số\ |tổng\ |tổng\ số\ )?
        (?: (?:lượt|lần|số)\ (?:xem|truy\ cập|đọc|người\ xem)(?:\ bài)? | đã\ (?:xem|đọc)
          | (?:số\ )?(?:người\ )?(?:đang\ )?online | đang\ truy\ cập | views? | hits )
        \s*:?\s* \d[\d.,\ ]* (?:\ ?(?:lượt|lần|views?))?
      | \d[\d.,\ ]*\ ?(?:lượt|lần|views?)(?:\ (?:xem|đọc|truy\ cập))?
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A whole line that is a view or visit counter: its label and its number, nothing else."""

_EMPTY_LABELS = re.compile(r"(?:[^.!?:;]{1,40}:\s*[,;]?\s*)+")
"""A whole line of labels whose values are missing: "Tìm kiếm:", "lượt đánh giá: , trung bình:"."""

_TOOL_LABEL = re.compile(
    r"(?:tìm kiếm|từ khóa|chia sẻ|lượt đánh giá|đánh giá|trung bình|xếp hạng|in trang)\b", re.IGNORECASE
)
"""What a label without a value must begin with to be a tool at the top of a body, where speakers and
introductions ("Phóng viên:", "Kết quả cụ thể:") have the same shape."""

_STARS = re.compile(r"(?:[^.!?:]{1,30}:?)?[\s(]*[★☆⭐](?:[\s★☆⭐])+[\s\d/.,()]*(?:(?:lượt|điểm|đánh giá)[\s)]*)*")
"""A whole line of stars to click on, with or without a label and a score."""

REPEATED_LETTERS = 3, 40
"""How many letters and digits the words have that a slider without titles says under each picture."""

LABEL_WORDS = 6
"""Longest plain line, in words, that heads a list of links ("Tin cùng chuyên mục")."""

_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|\S+@[\w.-]+\.\w+|(?:[\w-]+\.)+(?:vn|com|net|org)(?:/\S*)?", re.IGNORECASE
)
_ELSEWHERE = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)

_NOWHERE = re.compile(r"\s*(?:#.*|/|javascript:.*)\s*", re.IGNORECASE | re.DOTALL)
"""Targets of links that lead to no page of their own: a place on this page, the home page, a script."""

_DOCUMENT = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|rtf|odt|zip|rar|7z)$", re.IGNORECASE)


def is_document(href: str) -> bool:
    """Whether an address, absolute or not, is that of a document to download."""
    try:
        return bool(_DOCUMENT.search(urlsplit(href.strip()).path))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a body's blocks are judged against.

    `title` and `lead` are those of the page, `published` its date; `other_article` tells whether an
    address, as written in the body, leads to another article of the site.
    """

    title: str
    lead: str
    published: datetime | None
    other_article: Callable[[str], bool]


def clean(drafts: Sequence[Draft], around: Surroundings) -> list[Draft]:
    """Give the blocks of `drafts` that are the article's own words."""
    out = [draft for draft in drafts if has_words(draft.text) and not _holds_control(draft)]
    out = _without_repeats(out)
    out = _without_header(out, around)
    out = _without_related(out, around)
    out = _without_edges(out)
    kept = {id(draft) for draft in keep_prose(out)}
    signing = {id(draft) for draft in out[-SIGN_OFF_LINES:]}
    return [
        draft
        for draft, above in zip(out, [None, *out], strict=False)
        if id(draft) in kept
        or _is_content(draft, above)
        or (id(draft) in signing and read_credit(draft.text, Standing.RIGHT))
    ]


def _is_content(draft: Draft, above: Draft | None) -> bool:
    """Links that are words of the article although they stand alone.

    Captions may link to their pictures; names of documents and written-out addresses are links
    throughout; so is what a line such as "Nộp hồ sơ tại:" announces elsewhere on the web.
    """
    if draft.kind is BlockKind.CAPTION or any(is_document(href) for href in draft.hrefs):
        return True
    if _ADDRESS.fullmatch(draft.text):
        return True
    announced = above is not None and above.text.endswith(":") and not _TOOL_LABEL.match(above.text)
    return announced and bool(draft.hrefs) and all(_ELSEWHERE.match(href) for href in draft.hrefs)


def _holds_control(draft: Draft) -> bool:
    """Shape: a short line with a form control in it is a search box, a poll or a comment form."""
    return draft.control and len(draft.text) <= LABEL_LENGTH


def _without_repeats(drafts: list[Draft]) -> list[Draft]:
    """Place: words said again right after themselves beside a picture (alternative text shown as well).

    Only captions are compared: a refrain is sung twice on purpose. The same words under three pictures
    in a row are those of a slider.
    """
    groups: list[list[Draft]] = []
    for draft in drafts:
        if groups and same_words(groups[-1][0].text, draft.text):
            groups[-1].append(draft)
        else:
            groups.append([draft])
    out: list[Draft] = []
    for same in groups:
        if len(same) >= SLIDES and all(draft.after_picture for draft in same):
            continue
        if len(same) > 1 and any(draft.kind is BlockKind.CAPTION for draft in same):
            same = [replace(same[0], kind=BlockKind.CAPTION)]
        out += same
    return out


def _without_header(drafts: list[Draft], around: Surroundings) -> list[Draft]:
    """Place: title, full date line or lead said again at the top of the body.

    A date line counts only if it names the very minute of publication; a paragraph that names the
    day is news.
    """
    out = list(drafts)
    while out and _repeats_header(out[0].text, around):
        out.pop(0)
    return out


def _repeats_header(text: str, around: Surroundings) -> bool:
    if same_words(text, around.title) or same_words(text, around.lead):
        return True
    return around.published is not None and len(text) <= LABEL_LENGTH and _is_that_minute(text, around.published)


def _is_that_minute(text: str, published: datetime) -> bool:
    found = parse_date(text)
    if found is None or found.precision != "minute" or found.instant != published:
        return False
    rest = text.replace(found.raw, " ")
    return len(folded(rest)) <= 25 and rest.rstrip()[-1:] not in (".", "!", "?", "…")


def _without_related(drafts: list[Draft], around: Surroundings) -> list[Draft]:
    """Place: links to other articles that stand alone, and the short line that heads such a list."""
    gone = [_is_related(draft, around) for draft in drafts]
    following = 0
    for i in range(len(drafts) - 1, -1, -1):
        if gone[i]:
            following += 1
            continue
        listed = following and (following > 1 or drafts[i + 1].kind is BlockKind.ITEM)
        if following and _is_label(drafts[i], heads_list=bool(listed)):
            gone[i] = True
        following = 0
    return [draft for draft, out in zip(drafts, gone, strict=True) if not out]


def _is_related(draft: Draft, around: Surroundings) -> bool:
    """A block whose words are a link to another article, but for a label or a bullet before it or a date.

    A sentence that begins outside the link ("Trước đó, <a>...</a>.") is the article's. Several links in
    one block are a list divided by line breaks, with dates between them.
    """
    if not draft.hrefs or not all(around.other_article(href) for href in draft.hrefs):
        return False
    if len(draft.hrefs) > 1:
        return draft.linked >= LINKED_LIST
    first = sum(1 for _ in takewhile(lambda run: run.href is None, draft.runs))
    before = "".join(run.text for run in draft.runs[:first]).strip()
    after = "".join(run.text for run in draft.runs[first:] if run.href is None)
    labelled = before.endswith((":", "»", ">"))
    if not _has_letters(after) and (not _has_letters(before) or (labelled and word_count(before) <= LABEL_WORDS)):
        # However short the headline is: no share tells it from its label or its date.
        return True
    return draft.linked >= LINKED and (not has_words(before) or labelled)


def _has_letters(text: str) -> bool:
    return any(c.isalpha() for c in text)


def _is_label(draft: Draft, *, heads_list: bool) -> bool:
    """Shape: a short line that heads links and ends no sentence; never a byline or a source.

    Above a single link only a colon tells a label from the last line of a passage.
    """
    text = draft.text
    if draft.kind not in (BlockKind.PARAGRAPH, BlockKind.HEADING) or draft.align == "right":
        return False
    if len(text) > LABEL_LENGTH or "\n" in text or text[-1] in '.!?…,;”"':
        return False
    if read_credit(text, Standing.EMPHASISED) or read_byline(text)[0]:
        return False
    if text.endswith(":"):
        return True
    return heads_list and (draft.bold or draft.kind is BlockKind.HEADING or word_count(text) <= LABEL_WORDS)


def _without_edges(drafts: list[Draft]) -> list[Draft]:
    """Place: the first and last lines of a body, while they have the shape of a tool line.

    At the end no label without a value can be anything else; at the top it must name a tool.
    """
    out = list(drafts)
    while out and (_is_tool_line(out[-1], out[-2] if len(out) > 1 else None) or _is_empty_label(out[-1])):
        out.pop()
    while len(out) > 1 and _points_nowhere(out[-1]):
        out.pop()
    while out and (_is_tool_line(out[0], None) or (_is_empty_label(out[0]) and _TOOL_LABEL.match(out[0].text))):
        out.pop(0)
    return out


def _is_tool_line(draft: Draft, above: Draft | None) -> bool:
    """Shape: a counter, stars to click on, a slider's captions, or a short line made of links only.

    A source is none, although it often links to where the article is from.
    """
    text = draft.text
    if draft.kind is BlockKind.CAPTION:
        return False
    if draft.kind not in (BlockKind.VERSE, BlockKind.ROW) and text[-1] not in "!?" and _says_it_thrice(text):
        return True
    if len(text) > LABEL_LENGTH:
        return False
    if _COUNTER.fullmatch(text) or _STARS.fullmatch(text):
        return True
    if draft.linked < 0.9 or draft.bold or _is_content(draft, above):
        return False
    return read_credit(text, Standing.RIGHT) is None


def _points_nowhere(draft: Draft) -> bool:
    """Shape: a short line that ends in a link to no page of its own: "Xem chi tiết tại đây" with nothing to see there.

    No source and no byline, which templates link to nothing as well.
    """
    text = draft.text
    if not draft.hrefs or len(text) > LABEL_LENGTH or draft.kind is BlockKind.CAPTION:
        return False
    last = next(run for run in reversed(draft.runs) if has_words(run.text))
    if last.href is None or not all(_NOWHERE.fullmatch(href) for href in draft.hrefs):
        return False
    return read_credit(text, Standing.RIGHT) is None and not read_byline(text)[0]


def _says_it_thrice(text: str) -> bool:
    """Whether a whole line says the same thing three times or more: the captions of a slider without titles."""
    shortest, longest = REPEATED_LETTERS
    # Nearly every line shows in its first words already that it does not begin again.
    beginning = letters(text[: 4 * longest])
    if len(beginning) >= shortest + longest and beginning.find(beginning[:shortest], shortest) < 0:
        return False
    said = letters(text)
    sizes = range(shortest, min(longest, len(said) // SLIDES) + 1)
    return any(len(said) % size == 0 and said[:size] * (len(said) // size) == said for size in sizes)


def _is_empty_label(draft: Draft) -> bool:
    return len(draft.text) <= LABEL_LENGTH and word_count(draft.text) <= 8 and bool(_EMPTY_LABELS.fullmatch(draft.text))
