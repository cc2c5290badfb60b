"""The quality gate: whether what was read is an article."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from archive.article import MAX_ADDRESS, WHOLE_PAGE, Article, ArticleKind, BlockKind, Rejection
from crawler.extraction.page import Page
from crawler.extraction.select import words
from crawler.extraction.simplify import Draft
from crawler.extraction.text import fewer_words, same_words, squash, word_count


class Reason(StrEnum):
    """Why a page is refused; runs count them as ``rejected/<reason>``."""

    EMPTY = "empty"
    NOT_HTML = "not-html"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    CHALLENGE = "challenge"
    LOGIN = "login"
    PARKED = "parked"
    SOFT_404 = "soft-404"
    FRONT_PAGE = "redirected-home"
    REDIRECTED = "redirected"
    NO_LAYOUT = "no-layout"
    LISTING = "listing"
    NO_TITLE = "no-title"
    NO_BODY = "no-body"


FEW_WORDS = 60
"""A page whose article has fewer words may be an error page. The shortest notices in the saved pages
have 30 to 60 words, so a short text is refused only if something else speaks against it."""

WHOLE_PAGE_WORDS = 80
"""Without a layout a text must have this many words: soft 404 pages and shells of the saved portals
give trafilatura 5 to 60 words, their articles 120 and more."""

SENTENCE_WORDS = 10
"""Menus are made of blocks with fewer words. Where a page has no prose, as a photo story has none, trafilatura
gives its menus: they are refused where such blocks hold most of the words."""

LISTING_LINKED = 0.5
"""Share of a body's letters in links to other articles from which it is a listing, not an article."""

LISTING_ENTRIES = 8
"""From so many headlines of other articles a page without a layout is a listing. Of the saved pages
seven listings and homes have 10 to 32, 27 of 28 articles at most one."""

CAPTION_WORDS = 5
"""Fewest words of captions that are worth keeping where there is nothing else."""

PLACEHOLDER_WORDS = 12
"""A text of so few words that says it is missing is a placeholder, whatever date stands beside it."""

CHALLENGE_BYTES = 40_000
"""Larger pages than this are no browser checks."""

SHELL_WORDS = 30
"""A page that shows no more words and leaves the rest to its scripts has nothing to say itself."""

MAX_LETTERS = 1_000_000
"""Characters of an article from which it is none: the longest novels in one page are shorter."""

MAX_TITLE = 1_000
"""Characters of a title; the longest headlines have 250, and those of decrees with all they amend 600."""

_MISSING = re.compile(
    r"không (?:tồn tại|tìm thấy|có dữ liệu)|chưa có dữ liệu|đã (?:bị )?(?:gỡ|xóa|xoá)|không còn"
    r"|not found|\b404\b|no longer available|đang (?:được )?cập nhật",
    re.IGNORECASE,
)
_PAGE = r"(?:trang|bài viết|tin bài|nội dung|đường dẫn|liên kết|địa chỉ|dữ liệu|page|url)\b"
_PAGE_IS_MISSING = re.compile(rf"{_PAGE}[^.!?]{{0,60}}?(?:{_MISSING.pattern})", re.IGNORECASE)
_MISSING_PAGE = re.compile(rf"{_PAGE_IS_MISSING.pattern}|\b404\b", re.IGNORECASE)
"""A page that says so of itself: in news it is children, cards and signs that are not found."""

_FILLER = (
    r"(?:\s+(?:web|này|mà|quý|vị|bạn|đọc|độc giả|đang|vừa|muốn|cần|tìm|kiếm|yêu cầu|truy cập|xem|chọn"
    r"|hiện|tại|có thể|tạm thời"
    r"|you|are|were|looking|for|requested|the|that|was|is|has|been|could|be)){0,8}"
)
_OF_ITSELF = re.compile(
    r"\W*(?:(?:xin lỗi|rất tiếc|thông báo|lỗi|error|sorry)\W+(?:404\W+)?)?(?:"
    rf"(?:the\s+)?{_PAGE}{_FILLER}\s+(?:{_MISSING.pattern})"
    rf"|(?:không tìm thấy|không tồn tại|không có)\s+{_PAGE}{_FILLER}\W*$"
    r"|404(?:\W*$|\W+(?:not found|page|error|lỗi|trang|không)\b))",
    re.IGNORECASE,
)
"""A line that says it of the page it stands on: between its first noun and that it is missing stands nothing but what
the visitor did. "Bài viết sai sự thật trên Facebook đã bị xóa" is news."""

_CHALLENGE = re.compile(
    r"checking your browser|just a moment|enable javascript|bật javascript|kiểm tra trình duyệt"
    r"|cf-chl|challenge-platform|captcha|are you (?:a )?human|xác (?:minh|nhận) (?:bạn|rằng bạn)|ddos"
    r"|access denied|truy cập bị từ chối|incapsula|_cf_bm|bot verification",
    re.IGNORECASE,
)


_HOME = re.compile(
    r"/?(?:(?:[a-z]{2}|portal|pages?)/){0,2}(?:(?:index|default|home|main|trang-?chu)(?:\.\w{1,5})?/?)?", re.IGNORECASE
)
_ERROR_PAGE = re.compile(
    r"/(?:(?:\w+-)?(?:404|410|err(?:or)?s?|(?:page-?)?not-?found|file-?not-?found|khong-tim-thay)|loi(?![-_]))"
    r"(?:[-_./]|\d|$)",
    re.IGNORECASE,
)
"""Paths of front pages and of error pages, which many systems answer with in place of a removed article.
"Loi" is an error only if it stands alone: "thuy-loi" is a section, "vinh-loi" a place."""


def refuse_redirect(asked: str, final: str) -> Rejection:
    """Why there is no article where an article's URL leads on to an address that is none of an article."""
    parts = urlsplit(final)
    if _ERROR_PAGE.search(parts.path):
        return Rejection(Reason.SOFT_404, f"{asked} leads to {final}, an error page")
    if _HOME.fullmatch(parts.path) and not parts.query:
        return Rejection(Reason.FRONT_PAGE, f"{asked} leads to {final}, the front page")
    return Rejection(Reason.REDIRECTED, f"{asked} leads to {final}, which is no article address")


_SAID_ALOUD = re.compile(
    r"(?:\balert|document\.write(?:ln)?)\s*\(\s*([\"'`])((?:(?!\1)[^\\]|\\.){0,500}+)\1", re.IGNORECASE | re.DOTALL
)
"""What a script says to the reader. Its other strings are for any page it may ever show, and 404 is a status."""
_SETS_COOKIE = re.compile(r"document\.cookie\s*\+?=|location\.reload\s*\(", re.IGNORECASE)
_GOES_TO = re.compile(
    r"location(?:\.href)?\s*=\s*[\"']([^\"']{0,500})[\"']|location\.(?:replace|assign)\(\s*[\"']([^\"']{0,500})[\"']"
)
_REFRESH = re.compile(r"url\s*=\s*[\"']?([^\"'>]{0,500})", re.IGNORECASE)
_BLANK = re.compile(rb"(?:\s|\x00|&nbsp;|\xc2\xa0|\xef\xbb\xbf)*+", re.IGNORECASE)


def refuse_response(page: Page) -> Rejection | None:
    """Refuse what is no page at all: empty, or not HTML."""
    if _BLANK.fullmatch(page.body):
        return Rejection(Reason.EMPTY, "the server answered 200 with an empty body")
    kind = page.content_type.split(";")[0].strip().lower()
    if kind and "html" not in kind and "xml" not in kind and kind != "text/plain":
        return Rejection(Reason.NOT_HTML, f"the server sent {kind}, not a page")
    return None


def refuse_cut(page: Page, body: Any = None) -> Rejection | None:
    """Refuse a page that cannot be read to its end in bounded time, unless its `body` ends before that."""
    if not page.too_large and not page.is_too_deep:
        return None
    if body is not None and body is not page.end and all(above is not body for above in page.end.iterancestors()):
        return None
    if page.too_large:
        return Rejection(Reason.TOO_LARGE, page.too_large)
    return Rejection(Reason.TOO_DEEP, "its elements nest deeper than any parser goes; the rest was not read")


def refuse_strange(page: Page) -> Rejection | None:
    """Refuse a page that no layout fits and that is no article by its shape: nothing to read.

    A page with hardly a word leaves the visitor to a script or a refresh: to the front page if the article is gone,
    through a check of the browser if the site shields itself. One that links to other hosts only is parked.
    """
    shown = squash(words(page.tree))
    if len(shown) > MAX_LETTERS:
        return Rejection(Reason.TOO_LARGE, f"no layout fits and the page shows {len(shown):,} characters")
    size = word_count(shown)
    if not size and next(page.tree.iter("script", "iframe", "frame", "meta", "img"), None) is None:
        return Rejection(Reason.EMPTY, "the page has markup and no word, picture or script in it")
    if size <= SHELL_WORDS:
        refused = _refuse_shell(page)
        if refused:
            return refused
    if len(page.body) <= CHALLENGE_BYTES and size <= FEW_WORDS * 2:
        if _CHALLENGE.search(page.decoded.text):
            return Rejection(Reason.CHALLENGE, f"the page is a browser check, not an article: {shown[:80]!r}")
        if _is_parked(page, shown):
            return Rejection(Reason.PARKED, f"all that the page leads to is on other hosts: {shown[:80]!r}")
    return None


def browser_check(page: Page) -> str | None:
    """Say how a page of discovery shows itself to be a browser check; None where it is none.

    A listing past its end may be as short, and have a form with a captcha, but its menus lead on within the site.
    """
    if page.too_large or any(_is_own(page, a.get("href")) for a in page.tree.iter("a")):
        return None
    refused = refuse_strange(page)
    return refused.detail if refused and refused.reason == Reason.CHALLENGE else None


def _is_own(page: Page, href: str | None) -> bool:
    there, here = urlsplit(page.link(href or "#")), urlsplit(page.url)
    return there.hostname == here.hostname and there.path != here.path


def _refuse_shell(page: Page) -> Rejection | None:
    """Judge a page without words by where its scripts and refreshes lead."""
    code = " ".join(script.text or "" for script in page.tree.iter("script"))[:CHALLENGE_BYTES]
    told = [goal for found in _GOES_TO.finditer(code) for goal in found.groups() if goal is not None]
    refreshed = [
        match[1]
        for meta in page.tree.iter("meta")
        if (meta.get("http-equiv") or "").lower() == "refresh"
        and (match := _REFRESH.search((meta.get("content") or "")[:MAX_ADDRESS]))
    ]
    # "alert('Bài viết không tồn tại!')"
    aloud = next((said[2] for said in _SAID_ALOUD.finditer(code) if _PAGE_IS_MISSING.search(said[2])), None)
    if aloud and not _SETS_COOKIE.search(code):
        return Rejection(Reason.SOFT_404, f"the page shows no words, its script says: {squash(aloud)[:80]!r}")
    goals = [urlsplit(page.link(goal)) for goal in (*told, *refreshed)]
    own = urlsplit(page.url)
    if goals and all(_HOME.fullmatch(goal.path) and goal.hostname == own.hostname for goal in goals):
        return Rejection(Reason.FRONT_PAGE, "the page only leads to the front page")
    again = any((goal.hostname, goal.path) == (own.hostname, own.path) for goal in goals)
    if _SETS_COOKIE.search(code) or again:
        return Rejection(Reason.CHALLENGE, "the page shows no words, it only lets a script have it loaded again")
    return None


def refuse_fallback(page: Page, title: str, drafts: Sequence[Draft]) -> Rejection | None:
    """Refuse a page that no layout fits unless it clearly is an article.

    `title` and `drafts` are what was found on it. A portal's header may ask for a password above any article.
    """
    sizes = [word_count(draft.text) for draft in drafts]
    size, prose = sum(sizes), sum(one for one in sizes if one >= SENTENCE_WORDS)
    # A headline of another article may be as long as a sentence, and stands above what the page says itself.
    own = [draft.text for draft in drafts if draft.linked < LISTING_LINKED]
    own_prose = sum(one for one in map(word_count, own) if one >= SENTENCE_WORDS)
    if prose < WHOLE_PAGE_WORDS and _is_login(page.tree):
        return Rejection(Reason.LOGIN, f"the page asks for a password and has {prose} words in sentences")
    if size < WHOLE_PAGE_WORDS:
        reason = Reason.SOFT_404 if _says_it_is_missing(title, own) else Reason.NO_LAYOUT
        where = f"under the title {title[:60]!r}"
        return Rejection(reason, f"no layout fits and the whole page gives {size} words {where}")
    if prose * 2 < size:
        # An error page in the site's frame: its menus are most of it, and what it says is a sentence or two.
        missing = own_prose < WHOLE_PAGE_WORDS and _says_it_is_missing(title, own)
        return Rejection(
            Reason.SOFT_404 if missing else Reason.NO_LAYOUT,
            f"no layout fits and {size - prose} of {size} words stand in short lines",
        )
    entries = sum(draft.linked >= LISTING_LINKED for draft in drafts)
    if entries >= LISTING_ENTRIES:
        return Rejection(Reason.LISTING, f"no layout fits and {entries} blocks are headlines of other articles")
    if not title:
        return Rejection(Reason.NO_TITLE, "no layout fits and no title agrees with the address")
    return None


def _says_it_is_missing(title: str, lines: Sequence[str]) -> bool:
    """Shape: the title says it of the page itself, or the first sentence does; what follows is the site's own address.

    Without any sentence a shorter line may say it.
    """
    sentences = [line for line in lines if word_count(line) >= SENTENCE_WORDS]
    said = (title, *(sentences[:1] or lines))
    return any(_OF_ITSELF.match(one) for one in said)


def refuse_article(article: Article, drafts: Sequence[Draft], links: Sequence[str | None]) -> Rejection | None:
    """Refuse what is no article: no title, no body, a listing, an error page in the article's frame.

    `drafts` are the body's blocks before cleaning, `links` the keys of the other articles they lead to.
    """
    prose = [block for block in article.blocks if block.kind is not BlockKind.CAPTION]
    text = article.text
    total = sum(len(draft.text) for draft in drafts)
    linked = sum(len(draft.text) for draft, key in zip(drafts, links, strict=True) if key)
    if total and linked / total >= LISTING_LINKED and len({key for key in links if key}) >= 3:
        return Rejection(Reason.LISTING, f"{linked * 100 // total} % of the body are links to other articles")
    if len(text) > MAX_LETTERS or len(article.title) > MAX_TITLE:
        sizes = f"a title of {len(article.title):,} and a text of {len(text):,} characters"
        return Rejection(Reason.TOO_LARGE, f"layout {article.layout} found {sizes}")
    if fewer_words(text, WHOLE_PAGE_WORDS):
        refused = _refuse_short(article, text)
        if refused:
            return refused
    if not article.title:
        return Rejection(Reason.NO_TITLE, f"layout {article.layout} found no words in its title node")
    if article.kind is ArticleKind.MEDIA or article.attachments:
        return None
    if not article.blocks or (not prose and fewer_words(text, CAPTION_WORDS)):
        return Rejection(Reason.NO_BODY, f"layout {article.layout} found a body without text")
    if len(prose) == 1 and same_words(prose[0].text, article.title):
        return Rejection(Reason.NO_BODY, "the body only repeats the title")
    return None


def _refuse_short(article: Article, text: str) -> Rejection | None:
    """Refuse a short text that says it is missing, and any that a whole page gave."""
    size, said = word_count(text), f"{article.title}. {text}"
    # A film's title alone may have such words: "Đã xóa nhà tạm".
    placeholder = size <= PLACEHOLDER_WORDS and (_MISSING.search(text) or _OF_ITSELF.match(article.title))
    if placeholder or (size < FEW_WORDS and article.published is None and _MISSING_PAGE.search(said)):
        return Rejection(Reason.SOFT_404, f"a page of {size} words that says: {text[:80]!r}")
    if WHOLE_PAGE in article.flags:
        missing = _says_it_is_missing(article.title, [block.text for block in article.blocks])
        reason = Reason.SOFT_404 if missing else Reason.NO_LAYOUT
        return Rejection(reason, f"no layout fits and {size} words are left of the whole page")
    return None


def _is_parked(page: Page, shown: str) -> bool:
    """Shape: few words, no link or frame that stays on the host, and some that leave it, or the host for a title."""
    host = (urlsplit(page.url).hostname or "").removeprefix("www.")
    there = [
        (urlsplit(page.link(value)).hostname or "").removeprefix("www.")
        for name, attribute in (("a", "href"), ("iframe", "src"), ("frame", "src"), ("form", "action"))
        for node in page.tree.iter(name)
        if (value := node.get(attribute)) and not value.startswith(("#", "javascript:", "mailto:", "tel:"))
    ]
    if host in there:
        return False
    title = squash(words(next(page.tree.iter("title"), page.tree))).lower()
    return bool(there) and bool(host) and (host in title or host in shown.lower())


def _is_login(tree: Any) -> bool:
    return any((field.get("type") or "").lower() == "password" for field in tree.iter("input"))
