"""Take furniture out of a body, by place or shape.

Each rule says which place or shape marks a block as furniture. No rule looks for a word alone: "lượt
xem" inside a sentence is news. Counters and tool lines are named by a word only after their place (the
edge of the body) and their shape (a label and a number, nothing but links) have said the same.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from archive.article import BlockKind
from crawler.extraction.dates import parse_date
from crawler.extraction.prose import keep_prose
from crawler.extraction.signoff import SIGN_OFF_LINES, Standing, read_credit
from crawler.extraction.simplify import Draft
from crawler.extraction.text import folded, has_words, word_count

LABEL_LENGTH = 60
"""Longest tool line or box heading, in characters; the longest met in the saved pages has 43."""

LINKED = 0.75
"""Share of a block's letters in links from which it counts as a link ("Xem thêm: <a>headline</a>")."""

_COUNTER = re.compile(
    r"""
    (?:số\ |tổng\ |tổng\ số\ )?
    (?:lượt|lần|người|đã|views?|hits|online|đang\ online|đang\ truy\ cập)
    (?:\ (?:xem|truy\ cập|đọc|người\ xem|bài|online))*
    \s*:?\s*\d[\d.,\ ]*
    (?:\ (?:lượt|lần|views?))?(?:\ (?:xem|đọc|truy\ cập))?
    | \d[\d.,\ ]*\ (?:lượt|views?)(?:\ (?:xem|đọc|truy\ cập))?
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A whole line that is a view or visit counter: its label and its number, nothing else."""

_EMPTY_LABELS = re.compile(r"(?:[^.!?:;]{1,40}:\s*[,;]?\s*)+")
"""A whole line of labels whose values are missing: "Tìm kiếm:", "lượt đánh giá: , trung bình:"."""

_STARS = re.compile(r"[\u2605\u2606\u2b50]{3,}")


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
    # A source that is linked to is still a source: the last lines are read as sign-offs later.
    kept = {id(draft) for draft in keep_prose(out)}
    kept |= {id(draft) for draft in out[-SIGN_OFF_LINES:] if read_credit(draft.text, Standing.RIGHT)}
    return [draft for draft in out if id(draft) in kept]


def _holds_control(draft: Draft) -> bool:
    """Shape: a short line with a form control in it is a search box, a poll or a comment form."""
    return draft.control and len(draft.text) <= LABEL_LENGTH


def _without_repeats(drafts: list[Draft]) -> list[Draft]:
    """Place: words said again right after themselves beside a picture (alternative text shown as well).

    Only captions are compared: a refrain is sung twice on purpose.
    """
    out: list[Draft] = []
    for draft in drafts:
        if out and BlockKind.CAPTION in (draft.kind, out[-1].kind) and folded(draft.text) == folded(out[-1].text):
            out[-1] = replace(out[-1], kind=BlockKind.CAPTION)
            continue
        out.append(draft)
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
    if folded(text) in (folded(around.title), folded(around.lead)):
        return True
    return around.published is not None and len(text) <= LABEL_LENGTH and _is_that_minute(text, around.published)


def _is_that_minute(text: str, published: datetime) -> bool:
    found = parse_date(text)
    if found is None or found.precision != "minute" or found.instant != published:
        return False
    rest = folded(text.replace(found.raw, ""))
    return len(rest) <= 25


def _without_related(drafts: list[Draft], around: Surroundings) -> list[Draft]:
    """Place: links to other articles that stand alone, and the short line that heads such a list.

    A block counts if its words are a link to another article of the site. A list item counts too if
    it stands among such blocks. A heading goes with its list only if it directly precedes the links
    and ends no sentence.
    """
    gone = [_is_related(draft, around) for draft in drafts]
    for i in range(len(drafts) - 1, -1, -1):
        if gone[i] or i + 1 >= len(drafts) or not gone[i + 1]:
            continue
        if drafts[i].kind in (BlockKind.PARAGRAPH, BlockKind.HEADING) and _is_label(drafts[i]):
            gone[i] = True
    return [draft for draft, out in zip(drafts, gone, strict=True) if not out]


def _is_related(draft: Draft, around: Surroundings) -> bool:
    if draft.linked < LINKED or not draft.hrefs:
        return False
    return all(around.other_article(href) for href in draft.hrefs)


def _is_label(draft: Draft) -> bool:
    """Shape: a short line that heads something and ends no sentence."""
    return len(draft.text) <= LABEL_LENGTH and "\n" not in draft.text and draft.text[-1] not in '.!?…,;”"'


def _without_edges(drafts: list[Draft]) -> list[Draft]:
    """Place: the first and last lines of a body, while they have the shape of a tool line."""
    out = list(drafts)
    while out and _is_tool_line(out[-1]):
        out.pop()
    while out and _is_tool_line(out[0]):
        out.pop(0)
    return out


def _is_tool_line(draft: Draft) -> bool:
    """Shape: a counter, labels without values, stars, or a short line made of links only."""
    text = draft.text
    if draft.kind is BlockKind.CAPTION or len(text) > LABEL_LENGTH:
        return False
    if _COUNTER.fullmatch(text) or _STARS.search(text):
        return True
    if _EMPTY_LABELS.fullmatch(text) and word_count(text) <= 8:
        return True
    return draft.linked >= 0.9 and not draft.bold
