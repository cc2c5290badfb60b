"""The quality gate: whether what was read is an article."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from archive.article import WHOLE_PAGE, Article, ArticleKind, BlockKind, Rejection
from crawler.extraction.page import Page
from crawler.extraction.select import words
from crawler.extraction.simplify import Draft
from crawler.extraction.text import fewer_words, same_words, squash, word_count

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

_MISSING = re.compile(
    r"không (?:tồn tại|tìm thấy|có dữ liệu)|chưa có dữ liệu|đã (?:bị )?(?:gỡ|xóa|xoá)|không còn"
    r"|not found|\b404\b|no longer available|đang (?:được )?cập nhật",
    re.IGNORECASE,
)
_MISSING_PAGE = re.compile(
    r"(?:trang|bài viết|tin bài|nội dung|đường dẫn|liên kết|địa chỉ|dữ liệu|page|url)\b"
    rf"[^.!?]{{0,60}}?(?:{_MISSING.pattern})|\b404\b",
    re.IGNORECASE,
)
"""A page that says so of itself: in news it is children, cards and signs that are not found."""

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
    r"/(?:\w+-)?(?:404|410|err(?:or)?s?|loi(?![-_])|(?:page-?)?not-?found|file-?not-?found|khong-tim-thay)(?:[-_./]|\d|$)",
    re.IGNORECASE,
)
"""Paths of front pages and of error pages, which many systems answer with in place of a removed article."""


def refuse_redirect(asked: str, final: str) -> Rejection:
    """Why there is no article where an article's URL leads on to an address that is none of an article."""
    parts = urlsplit(final)
    if _ERROR_PAGE.search(parts.path):
        return Rejection("soft-404", f"{asked} leads to {final}, an error page")
    if _HOME.fullmatch(parts.path) and not parts.query:
        return Rejection("redirected-home", f"{asked} leads to {final}, the front page")
    return Rejection("redirected", f"{asked} leads to {final}, which is no article address")


def refuse_response(page: Page) -> Rejection | None:
    """Refuse what is no page at all: empty, or not HTML."""
    if not page.body.strip(b"\x00\t\r\n\f "):
        return Rejection("empty", "the server answered 200 with an empty body")
    kind = page.content_type.split(";")[0].strip().lower()
    if kind and "html" not in kind and "xml" not in kind and kind != "text/plain":
        return Rejection("not-html", f"the server sent {kind}, not a page")
    return None


def refuse_strange(page: Page) -> Rejection | None:
    """Refuse a page that no layout fits and that shows a browser check or asks for a password."""
    if len(page.body) <= CHALLENGE_BYTES and _CHALLENGE.search(page.decoded.text):
        shown = squash(words(page.tree))
        if word_count(shown) <= FEW_WORDS * 2:
            return Rejection("challenge", f"the page is a browser check, not an article: {shown[:80]!r}")
    if _is_login(page.tree):
        return Rejection("login", "the page asks for a password")
    return None


def refuse_fallback(title: str, drafts: Sequence[Draft]) -> Rejection | None:
    """Refuse a page that no layout fits unless it clearly is an article."""
    sizes = [word_count(draft.text) for draft in drafts]
    size, prose = sum(sizes), sum(one for one in sizes if one >= SENTENCE_WORDS)
    said = " ".join(draft.text for draft in drafts)
    if size < WHOLE_PAGE_WORDS:
        reason = "soft-404" if _MISSING.search(f"{title} {said}") else "no-layout"
        where = f"under the title {title[:60]!r}"
        return Rejection(reason, f"no layout fits and the whole page gives {size} words {where}")
    if prose * 2 < size:
        # An error page in the site's frame: its menus are most of it, and what it says is a sentence or two.
        sentences = " ".join(draft.text for draft, one in zip(drafts, sizes, strict=True) if one >= SENTENCE_WORDS)
        missing = prose < WHOLE_PAGE_WORDS and _MISSING_PAGE.search(f"{title}. {sentences}")
        return Rejection(
            "soft-404" if missing else "no-layout",
            f"no layout fits and {size - prose} of {size} words stand in short lines",
        )
    entries = sum(draft.linked >= LISTING_LINKED for draft in drafts)
    if entries >= LISTING_ENTRIES:
        return Rejection("listing", f"no layout fits and {entries} blocks are headlines of other articles")
    if not title:
        return Rejection("no-title", "no layout fits and no title agrees with the address")
    return None


def refuse_article(article: Article, drafts: Sequence[Draft], links: Sequence[str | None]) -> Rejection | None:
    """Refuse what is no article: no title, no body, a listing, an error page in the article's frame.

    `drafts` are the body's blocks before cleaning, `links` the keys of the other articles they lead to.
    """
    prose = [block for block in article.blocks if block.kind is not BlockKind.CAPTION]
    text = article.text
    total = sum(len(draft.text) for draft in drafts)
    linked = sum(len(draft.text) for draft, key in zip(drafts, links, strict=True) if key)
    if total and linked / total >= LISTING_LINKED and len({key for key in links if key}) >= 3:
        return Rejection("listing", f"{linked * 100 // total} % of the body are links to other articles")
    if fewer_words(text, WHOLE_PAGE_WORDS):
        refused = _refuse_short(article, text)
        if refused:
            return refused
    if not article.title:
        return Rejection("no-title", f"layout {article.layout} found no words in its title node")
    if article.kind is ArticleKind.MEDIA or article.attachments:
        return None
    if not article.blocks or (not prose and fewer_words(text, CAPTION_WORDS)):
        return Rejection("no-body", f"layout {article.layout} found a body without text")
    if len(prose) == 1 and same_words(prose[0].text, article.title):
        return Rejection("no-body", "the body only repeats the title")
    return None


def _refuse_short(article: Article, text: str) -> Rejection | None:
    """Refuse a short text that says it is missing, and any that a whole page gave."""
    size, said = word_count(text), f"{article.title}. {text}"
    placeholder = size <= PLACEHOLDER_WORDS and _MISSING.search(said)
    if placeholder or (size < FEW_WORDS and article.published is None and _MISSING_PAGE.search(said)):
        return Rejection("soft-404", f"a page of {size} words that says: {text[:80]!r}")
    if WHOLE_PAGE in article.flags:
        reason = "soft-404" if _MISSING_PAGE.search(said) else "no-layout"
        return Rejection(reason, f"no layout fits and {size} words are left of the whole page")
    return None


def _is_login(tree: Any) -> bool:
    return any((field.get("type") or "").lower() == "password" for field in tree.iter("input"))
