"""The way from a page to an article: select, simplify, clean, sign-off, dates, gate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from htmldate import find_date

from archive.article import (
    Article,
    ArticleKind,
    Attachment,
    Block,
    BlockKind,
    Dated,
    Precision,
    Rejection,
)
from crawler.extraction import gate
from crawler.extraction.cleaning import Surroundings, clean
from crawler.extraction.dates import json_ld, parse_date, plausible, structured_dates
from crawler.extraction.layout import (
    Layout,
    SiteFacts,
    remove,
    select_all,
    select_first,
    select_largest,
)
from crawler.extraction.page import Page
from crawler.extraction.prose import whole_page
from crawler.extraction.signoff import read_byline, read_credit, read_sign_off
from crawler.extraction.simplify import Draft, simplify
from crawler.extraction.text import folded, has_words, squash, word_count

EXTRACTOR_VERSION = "1"
"""Raise it whenever the same page can give another article: extractions are kept by version."""

WHOLE_PAGE = "whole-page"
"""Layout name of an article that no layout fitted."""

MEDIA_WORDS = 60
"""Up to this many words beside captions, a page with a player or several pictures is a media story."""

MEDIA_PICTURES = 3

LEAD_WORDS = 12
"""Fewest words of a bold first paragraph that is a lead; shorter ones head a section."""

_ATTACHMENT = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|rtf|odt|zip|rar|7z)$", re.IGNORECASE)
_VIETNAMESE = re.compile(
    "[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE
)


@dataclass(frozen=True)
class Listed:
    """What discovery knew of the article before it was fetched."""

    title: str | None = None
    section: str | None = None
    published: Dated | None = None
    modified: Dated | None = None


@dataclass(frozen=True)
class Reading:
    """What a page gave: an article or the reason why there is none, and the article's further pages."""

    result: Article | Rejection
    more_pages: tuple[str, ...] = ()


def read(
    page: Page,
    site: SiteFacts,
    fetched: datetime,
    *,
    listed: Listed | None = None,
    further: Sequence[Page] = (),
) -> Reading:
    """Read an article from its page.

    `fetched` is the instant of the capture: dates after it are impossible, layouts whose `until` lies
    before it are tried last. `further` are the article's other pages in order, whose bodies are
    joined. Nothing is raised for bad markup: what is no article comes back as a `Rejection`.
    """
    listed = listed or Listed()
    refused = gate.refuse_response(page)
    if refused:
        return Reading(refused)
    layout = fitting_layout(page.tree, site.layouts, fetched)
    reader = _Reader(page, site, fetched, listed, layout)
    return reader.with_layout(layout, further) if layout else reader.whole_page()


def fitting_layout(tree: Any, layouts: Sequence[Layout], fetched: datetime) -> Layout | None:
    """The first layout whose title and body are on the page; outdated layouts come last."""
    day = fetched.date()
    for layout in sorted(layouts, key=lambda one: one.until is not None and one.until < day):
        if select_first(tree, layout.title) and select_largest(tree, layout.body):
            return layout
    return None


class _Reader:
    """One page being read: collects field values and where each of them stood."""

    def __init__(
        self, page: Page, site: SiteFacts, fetched: datetime, listed: Listed, layout: Layout | None
    ) -> None:
        self.page, self.site, self.fetched, self.listed = page, site, fetched, listed
        self.origins: dict[str, str] = {}
        self.flags: list[str] = []
        self.url = site.canonical_url(page.url)
        self.key = site.article_key(page.url) or ""
        # A page may name another key than its address does; links to itself bear the latter.
        self._own_keys = {self.key}
        self.name = layout.name if layout else WHOLE_PAGE
        self._frame: set[Any] = set()

    # -- the two ways -----------------------------------------------------------------------------
    def with_layout(self, layout: Layout, further: Sequence[Page]) -> Reading:
        tree = self.page.tree
        more = self._more_pages(layout)
        self._frame = self._frame_of(layout)
        own_key = self._field("key", layout.key)
        if own_key:
            digits = re.search(r"\d+", own_key)
            self.key = digits[0] if digits else own_key
        title = self._field("title", layout.title) or ""
        section = self._field("section", layout.section, last=True)
        tags = self._all("tags", layout.tags)
        views = _number(self._field("views", layout.views, own=True))
        published_node = self._field("published", layout.date, own=True)
        modified_node = self._field("modified", layout.modified, own=True)
        # JSON-LD scripts go with the furniture, so structured dates are read before the body is cut.
        published, modified = self._dates(published_node, modified_node)
        for node in select_all(tree, layout.drop):
            remove(node)
        lead = self._take("lead", layout.lead)
        byline = self._take("author", layout.byline)
        credit_line = self._take("source_credit", layout.credit)
        drafts, pictures, embeds, links = self._body(tree, layout)
        for page in further:
            for node in select_all(
                page.tree,
                ",".join(
                    filter(None, (layout.drop, layout.lead, layout.byline, layout.credit, layout.parts))
                ),
            ):
                remove(node)
            others = self._body(page.tree, layout, page)
            drafts, pictures, embeds, links = (
                drafts + others[0],
                pictures + others[1],
                embeds + others[2],
                links + others[3],
            )
        return Reading(
            self._finish(
                title=title,
                section=section,
                tags=tags,
                views=views,
                published=published,
                modified=modified,
                lead=lead or "",
                byline=byline,
                credit_line=credit_line,
                drafts=drafts,
                links=links,
                pictures=pictures,
                embeds=embeds,
            ),
            more,
        )

    def whole_page(self) -> Reading:
        """Trafilatura on the whole page, for want of a layout."""
        self.flags.append(WHOLE_PAGE)
        tree = self.page.tree
        title = self._page_title()
        published, modified = self._dates(None, None)
        if published is None:
            published = self._guess_date()
        drafts = whole_page(tree)
        refused = gate.refuse_fallback(self.page, title, drafts)
        if refused:
            return Reading(refused)
        self.origins["text"] = "trafilatura on the whole page"
        return Reading(
            self._finish(
                title=title,
                section=None,
                tags=(),
                views=None,
                published=published,
                modified=modified,
                lead="",
                byline=None,
                credit_line=None,
                drafts=tuple(drafts),
                links=(None,) * len(drafts),
                pictures=0,
                embeds=0,
            )
        )

    # -- parts ------------------------------------------------------------------------------------
    def _frame_of(self, layout: Layout) -> set[Any]:
        """The elements that hold the title or the body: what hangs elsewhere on them is beside the article."""
        title, body = select_first(self.page.tree, layout.title), select_largest(self.page.tree, layout.body)
        nodes = [found.node for found in (title, body) if found]
        return {ancestor for node in nodes for ancestor in (node, *node.iterancestors())}

    def _is_own(self, node: Any) -> bool:
        """Place: a date or a number in a box that links to other articles is theirs, not this one's.

        Where a page tells no date of its own, the first date node is that of a related story.
        """
        branch = node
        while branch.getparent() is not None and branch.getparent() not in self._frame:
            branch = branch.getparent()
        if branch in self._frame:
            return True
        keys = (self.site.article_key(self.page.link(a.get("href"))) for a in branch.iter("a") if a.get("href"))
        return all(key is None or key in self._own_keys for key in keys)

    def _field(self, name: str, selectors: str, *, last: bool = False, own: bool = False) -> str | None:
        found = select_first(self.page.tree, selectors, last=last, where=self._is_own if own else None)
        if found is None:
            return None
        self.origins[name] = f"layout {self.name}: {found.selector}"
        return found.value

    def _take(self, name: str, selectors: str) -> str | None:
        """Read a field and take its nodes out of the page, so that the body does not say it again."""
        value = self._field(name, selectors)
        for node in select_all(self.page.tree, selectors):
            remove(node)
        return value

    def _all(self, name: str, selectors: str) -> tuple[str, ...]:
        values = [squash("".join(node.itertext())) for node in select_all(self.page.tree, selectors)]
        out = tuple(dict.fromkeys(value for value in values if value))
        if out:
            self.origins[name] = f"layout {self.name}: {selectors}"
        return out

    def _more_pages(self, layout: Layout) -> tuple[str, ...]:
        """Addresses of the article's further pages, as its own pager lists them."""
        nodes = select_all(self.page.tree, layout.parts)
        links = [self.page.link(a.get("href")) for node in nodes for a in node.iter("a") if a.get("href")]
        for node in nodes:
            remove(node)
        here = urlsplit(self.page.url)
        return tuple(
            dict.fromkeys(
                link for link in links if urlsplit(link).hostname == here.hostname and link != self.page.url
            )
        )

    def _body(
        self, tree: Any, layout: Layout, page: Page | None = None
    ) -> tuple[tuple[Draft, ...], int, int, tuple[str | None, ...]]:
        found = select_largest(tree, layout.body)
        if found is None:
            return (), 0, 0, ()
        self.origins.setdefault("text", f"layout {layout.name}: {found.selector}")
        captions = set(select_all(found.node, layout.captions)) if layout.captions else set()
        body = simplify(found.node, captions)
        link = (page or self.page).link
        return (
            body.drafts,
            body.pictures,
            body.embeds,
            tuple(self._leads_to(draft, link) for draft in body.drafts),
        )

    def _leads_to(self, draft: Draft, link: Any) -> str | None:
        keys = (self.site.article_key(link(href)) for href in draft.hrefs)
        others = (key for key in keys if key and key not in self._own_keys)
        return next(others, None) if draft.linked >= 0.5 else None

    def _finish(
        self,
        *,
        title: str,
        section: str | None,
        tags: tuple[str, ...],
        views: int | None,
        published: Dated | None,
        modified: Dated | None,
        lead: str,
        byline: str | None,
        credit_line: str | None,
        drafts: tuple[Draft, ...],
        links: tuple[str | None, ...],
        pictures: int,
        embeds: int,
    ) -> Article | Rejection:
        around = Surroundings(
            title=title,
            lead=lead,
            published=published.instant if published else None,
            own_keys=frozenset(self._own_keys | {self.key}),
            article_key=lambda href: self.site.article_key(self.page.link(href)),
        )
        body = clean(drafts, around)
        author, affiliation, inner = read_byline(byline, marked=True) if byline else (None, None, None)
        if byline and not (author or affiliation):
            author = byline
        body, signed = read_sign_off(body, author)
        credit = (
            (read_credit(credit_line, marked=True) or credit_line)
            if credit_line
            else signed.source_credit or inner
        )
        for name, value in (
            ("author", signed.author),
            ("affiliation", signed.affiliation),
            ("source_credit", signed.source_credit),
        ):
            if value:
                self.origins.setdefault(name, "last lines of the body")
        blocks = self._blocks(lead, body)
        prose = sum(word_count(block.text) for block in blocks if block.kind is not BlockKind.CAPTION)
        media = (embeds > 0 or pictures >= MEDIA_PICTURES) and prose < MEDIA_WORDS
        if section is None and self.listed.section:
            section = self.listed.section
            self.origins["section"] = "listing"
        decoded = self.page.decoded
        article = Article(
            key=self.key,
            url=self.url,
            title=title,
            blocks=blocks,
            kind=ArticleKind.MEDIA if media else ArticleKind.ARTICLE,
            published=published,
            modified=modified,
            author=signed.author,
            affiliation=affiliation or signed.affiliation,
            source_credit=credit,
            section=section,
            tags=tags,
            views=views,
            language=_language(blocks, title),
            attachments=self._attachments(drafts),
            layout=self.name,
            extractor_version=EXTRACTOR_VERSION,
            declared_charset=decoded.declared,
            used_charset=decoded.used,
            flags=tuple(self.flags),
            origins=dict(self.origins),
        )
        return gate.refuse_article(self.page, article, drafts, links) or article

    def _blocks(self, lead: str, body: list[Draft]) -> tuple[Block, ...]:
        """The typed blocks: the lead node, or a bold first paragraph, leads."""
        blocks = [Block(draft.kind, draft.text) for draft in body]
        if lead:
            return (Block(BlockKind.LEAD, lead), *blocks)
        first = next((i for i, draft in enumerate(body) if draft.kind is not BlockKind.CAPTION), None)
        if first is not None and len(body) > 1:
            draft = body[first]
            if (
                draft.kind in (BlockKind.PARAGRAPH, BlockKind.HEADING)
                and draft.bold
                and word_count(draft.text) >= LEAD_WORDS
            ):
                blocks[first] = Block(BlockKind.LEAD, draft.text)
                self.origins["lead"] = "first paragraph of the body, all bold"
                # Join order: the lead comes first even where a picture stands above it.
                blocks.insert(0, blocks.pop(first))
        return tuple(blocks)

    def _attachments(self, drafts: Sequence[Draft]) -> tuple[Attachment, ...]:
        out: dict[str, Attachment] = {}
        for draft in drafts:
            for href in draft.hrefs:
                url = self.page.link(href)
                if url.startswith(("http://", "https://")) and _ATTACHMENT.search(urlsplit(url).path):
                    label = squash("".join(run.text for run in draft.runs if run.href == href))
                    out.setdefault(url, Attachment(url, label))
        return tuple(out.values())

    # -- dates ------------------------------------------------------------------------------------
    def _dates(self, shown: str | None, shown_modified: str | None) -> tuple[Dated | None, Dated | None]:
        """Publication and modification date: layout, JSON-LD or meta, URL, listing, sitemap.

        The first plausible one counts; where it tells only the day, a later source that tells the
        minute of the same day completes it.
        """
        structured, structured_modified = structured_dates(self.page.tree)
        candidates = [
            _sourced(shown, "layout"),
            structured,
            self.site.date_in_url(self.page.url),
            self.listed.published,
        ]
        good = [one for one in candidates if one and plausible(one, self.site.oldest, self.fetched)]
        published = good[0] if good else None
        if published and published.precision is Precision.DAY:
            exact = (
                one
                for one in good
                if one.precision is Precision.MINUTE and one.instant.date() == published.instant.date()
            )
            published = next(exact, published)
        if published is None:
            self.origins.pop("published", None)
        elif published.source != "layout":
            self.origins["published"] = published.source
        changed = [_sourced(shown_modified, "layout"), structured_modified, self.listed.modified]
        modified = next(
            (one for one in changed if one and plausible(one, self.site.oldest, self.fetched)), None
        )
        if modified and modified.source != "layout":
            self.origins["modified"] = modified.source
        return published, modified

    def _guess_date(self) -> Dated | None:
        """Last resort: htmldate on what is left of the page without its body, footer and sides.

        Measured: on whole pages a licence date in the footer or a related story's date wins over the
        article's own, so only the head of the page is shown to it.
        """
        rest = _without(self.page.tree, ("footer", "aside", "nav", "p", "li", "ul", "table"))
        text = find_date(rest, original_date=True, extensive_search=False)
        found = _sourced(text, "htmldate")
        if found and plausible(found, self.site.oldest, self.fetched):
            self.origins["published"] = "htmldate"
            return found
        return None

    def _page_title(self) -> str:
        """Title without a layout: JSON-LD, og:title, the only h1, ``<title>`` without the site's name."""
        tree = self.page.tree
        for thing in json_ld(tree):
            if isinstance(thing.get("headline"), str) and has_words(thing["headline"]):
                self.origins["title"] = "json-ld"
                return squash(thing["headline"])
        for css in ('meta[property="og:title"]@content', "h1", "title"):
            found = select_first(tree, css)
            if found and folded(found.value) not in {folded(title) for title in self.site.titles}:
                self.origins["title"] = css
                return self._without_site_name(found.value)
        return ""

    def _without_site_name(self, title: str) -> str:
        for name in self.site.titles:
            cut = re.split(rf"\s+[-|–—:]\s+{re.escape(name)}\s*$", title, maxsplit=1)
            if len(cut) > 1 and cut[0]:
                return cut[0]
        return title


def _sourced(text: str | None, source: str) -> Dated | None:
    found = parse_date(text) if text else None
    return replace(found, raw=text or "", source=source) if found else None


def _without(tree: Any, tags: tuple[str, ...]) -> Any:
    from copy import deepcopy

    copy = deepcopy(tree)
    for node in list(copy.iter(*tags)):
        if node is not copy:
            remove(node)
    return copy


def _number(text: str | None) -> int | None:
    """The number in a counter line: "Lượt xem: 1.270" gives 1270."""
    match = re.search(r"\d[\d., ]*", text or "")
    return int(re.sub(r"\D", "", match[0])) if match else None


def _language(blocks: Sequence[Block], title: str) -> str | None:
    """``vi`` where at least one letter in twenty is one that only Vietnamese writes; else unknown.

    The ``lang`` attribute is no evidence: portals declare en-us over Vietnamese text.
    """
    text = title + " ".join(block.text for block in blocks)
    letters = sum(c.isalpha() for c in text)
    return "vi" if letters and len(_VIETNAMESE.findall(text)) / letters >= 0.05 else None
