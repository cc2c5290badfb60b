"""The way from a page to an article: select, simplify, clean, sign-off, dates, gate."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from htmldate import find_date
from lxml import etree, html

from archive.article import (
    MAX_VIEWS,
    PAGE_CUT,
    WHOLE_PAGE,
    Article,
    ArticleKind,
    Attachment,
    Block,
    BlockKind,
    Dated,
    Precision,
    Rejection,
    is_overlong,
)
from crawler.extraction import gate
from crawler.extraction.cleaning import Surroundings, clean, is_document
from crawler.extraction.dates import json_ld, parse_date, plausible, structured_dates
from crawler.extraction.layout import Layout, SiteFacts, names_in
from crawler.extraction.page import Page
from crawler.extraction.prose import headline_letters, whole_page
from crawler.extraction.select import Match, Named, remove, select_all, select_first, select_largest, words
from crawler.extraction.signoff import (
    SignOff,
    Standing,
    labelled,
    labelled_credit,
    read_byline,
    read_credit,
    read_sign_off,
    without_label,
)
from crawler.extraction.simplify import Draft, simplify
from crawler.extraction.text import fewer_words, folded, has_words, letter_count, same_words, slug, squash, word_count

EXTRACTOR_VERSION = "5"
"""Raise it whenever the same page can give another article: extractions are kept by version. If only the layouts of one
site change, raise that site's `edition` instead (`version_of`)."""

MEDIA_WORDS = 60
"""Up to this many words beside captions, a page with a player or several pictures is a media story."""

MEDIA_PICTURES = 3
"""So many pictures make a photo story of a short text; without any prose one is enough."""

LEAD_WORDS = 12
"""Fewest words of a bold first paragraph that is a lead; shorter ones head a section."""

HEADLINE_LETTERS = 12
"""Shortest headline, in letters, that a block of a listing is recognised by."""

HEADING_ROOM = 40
"""So many letters beside the date itself may stand in the line at a heading (weekday, section, "Cập nhật")."""

CLOCK_ERROR = timedelta(minutes=5)
"""A page's clock and ours differ by no more; an article is rarely fetched so soon."""

LANGUAGE_SAMPLE = 600
"""Characters of a text that its language is told from: in so many of Vietnamese news, 18 % and more are letters
that only Vietnamese writes (740 articles), nearly four times what is asked for."""

TITLE_WORDS = 3
"""A heading of fewer words that nothing else confirms names a section or the page ("Home", "Giới thiệu")."""

AGREEING_LETTERS = 20
"""So many letters of a title's slug in the address say that the page is about it; slugs are cut."""

_VIETNAMESE = "ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"


def version_of(edition: int) -> str:
    """The version under which the readings of a site are kept whose layouts are of this edition: ``4``, or ``4.1``."""
    return f"{EXTRACTOR_VERSION}.{edition}" if edition else EXTRACTOR_VERSION


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
    named = Named(page.tree, names_in(site.layouts))
    fit = fitting_layout(named, site.layouts, fetched)
    cuts = (gate.refuse_cut(page, fit.body.node if fit else None), *map(gate.refuse_cut, further))
    refused = next(filter(None, cuts), None)
    if refused:
        return Reading(refused)
    if fit is None:
        refused = gate.refuse_strange(page)
        return Reading(refused) if refused else _Reader(page, named, site, fetched, listed, None).whole_page()
    return _Reader(page, named, site, fetched, listed, fit).with_layout(fit, further)


@dataclass(frozen=True)
class Fit:
    """A layout that fits a page, with the title and the body it found there."""

    layout: Layout
    title: Match
    body: Match


def fitting_layout(page: Named, layouts: Sequence[Layout], fetched: datetime) -> Fit | None:
    """The first layout whose title and body are on the page.

    Of those in use on the day of the capture, the first to end comes first: one without an end may have begun later.
    Outdated layouts come last.
    """
    day = fetched.date()

    def turn(layout: Layout) -> tuple[bool, date]:
        is_over = layout.until is not None and layout.until < day
        return is_over, date.min if is_over else layout.until or date.max

    for layout in sorted(layouts, key=turn):
        title = select_first(page, layout.title)
        body = select_largest(page, layout.body) if title else None
        if title and body:
            return Fit(layout, title, body)
    return None


@dataclass(frozen=True)
class _Body:
    """What the body node gave.

    Its drafts, for each the key of the other article it leads to, the documents it links to, and how
    many pictures and players stand in it.
    """

    drafts: tuple[Draft, ...] = ()
    links: tuple[str | None, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    pictures: int = 0
    embeds: int = 0

    def __add__(self, other: "_Body") -> "_Body":
        return _Body(
            self.drafts + other.drafts,
            self.links + other.links,
            self.attachments + other.attachments,
            self.pictures + other.pictures,
            self.embeds + other.embeds,
        )


@dataclass(frozen=True)
class _Fields:
    """The values a page gave beside its body, as they stand there."""

    title: str = ""
    lead: str = ""
    above: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    credit: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    views: int | None = None
    published: Dated | None = None
    modified: Dated | None = None


class _Reader:
    """One page being read: collects field values and where each of them stood."""

    def __init__(
        self, page: Page, named: Named, site: SiteFacts, fetched: datetime, listed: Listed, fit: Fit | None
    ) -> None:
        self.page, self.named, self.site, self.fetched, self.listed = page, named, site, fetched, listed
        self.origins: dict[str, str] = {}
        self.flags: list[str] = [PAGE_CUT] if page.too_large or page.is_too_deep else []
        self.url = site.canonical_url(page.url)
        self.key = site.article_key(page.url) or ""
        # A page may name another key than its address does; links to itself bear the latter.
        self._own_keys = {self.key}
        self.name = fit.layout.name if fit else WHOLE_PAGE
        # The elements that hold title or body: what else hangs on them stands beside the article.
        held = (fit.title.node, fit.body.node) if fit else ()
        self._owned: dict[Any, bool] = {}
        self._frame = {holder for node in held for holder in (node, *node.iterancestors())}

    # -- the two ways -----------------------------------------------------------------------------
    def with_layout(self, fit: Fit, further: Sequence[Page]) -> Reading:
        """Read the page where the layout says its parts stand."""
        layout = fit.layout
        more = self._more_pages(layout)
        own_key = self._field("key", layout.key)
        digits = re.search(r"\d+", own_key or "")
        named_key = digits[0] if digits else own_key
        # What is too long to be kept is no key, and the address has one.
        if named_key and not is_overlong(named_key):
            self.key = named_key
            self._own_keys.add(self.key)
        else:
            self.origins.pop("key", None)
        # JSON-LD scripts may stand in furniture, so dates are read before it goes.
        published, modified = self._dates(
            self._field("published", layout.date, own=True),
            self._field("modified", layout.modified, own=True),
        )
        self.origins["title"] = f"layout {self.name}: {fit.title.selector}"
        fields = _Fields(
            title=fit.title.value,
            section=self._field("section", layout.section, last=True),
            tags=self._all("tags", layout.tags),
            views=_number(self._field("views", layout.views, own=True)),
            published=published,
            modified=modified,
        )
        # It may stand in the lead, or in furniture.
        above = self._take("captions", layout.above)
        for node in select_all(self.named, layout.drop):
            remove(node)
        fields = replace(
            fields,
            above=above,
            lead=" ".join(self._take("lead", layout.lead)[:1]),
            signed=self._take("author", layout.byline),
            credit=next(iter(self._take("source_credit", layout.credit)), None),
        )
        body = self._body(self.page, self.named, layout, fit.body)
        for page in further:
            named = Named(page.tree, self.named.wanted)
            for selectors in (layout.drop, layout.lead, layout.byline, layout.credit, layout.parts):
                for node in select_all(named, selectors):
                    remove(node)
            body += self._body(page, named, layout, select_largest(named, layout.body))
        return Reading(self._finish(fields, body), more)

    def whole_page(self) -> Reading:
        """Trafilatura on the whole page, for want of a layout."""
        self.flags.append(WHOLE_PAGE)
        self.origins["text"] = "trafilatura on the whole page"
        title = self._page_title()
        published, modified = self._dates(None, None)
        published = published or self._guess_date(title)
        drafts = tuple(whole_page(self.page.decoded.utf8, self._headlines()))
        refused = gate.refuse_fallback(self.page, title, drafts)
        if refused:
            return Reading(refused)
        links = tuple(self._leads_to(draft, self.page) for draft in drafts)
        fields = _Fields(title=title, published=published, modified=modified)
        return Reading(self._finish(fields, _Body(drafts, links)))

    # -- parts ------------------------------------------------------------------------------------
    def _is_own(self, node: Any) -> bool:
        """Place: a date or a number in a box that links to other articles is theirs, not this one's.

        Where a page tells no date of its own, the first date node is that of a related story.
        """
        branch = node
        while branch.getparent() is not None and branch.getparent() not in self._frame:
            branch = branch.getparent()
        if branch in self._frame:
            return True
        # Thousands of dates may hang on one branch with thousands of links.
        if branch not in self._owned:
            self._owned[branch] = not any(self._other_article(a.get("href"), self.page) for a in branch.iter("a"))
        return self._owned[branch]

    def _other_article(self, href: str | None, page: Page) -> str | None:
        """The key of the other article that `href` leads to, if it does."""
        key = self.site.article_key(page.link(href)) if href else None
        return key if key not in self._own_keys else None

    def _field(self, name: str, selectors: str, *, last: bool = False, own: bool = False) -> str | None:
        found = select_first(self.named, selectors, last=last, where=self._is_own if own else None)
        if found is None:
            return None
        self.origins[name] = f"layout {self.name}: {found.selector}"
        return found.value

    def _take(self, name: str, selectors: str) -> tuple[str, ...]:
        """Read a field's nodes and take them out of the page, so that the body does not say it again."""
        nodes = select_all(self.named, selectors)
        values = tuple(value for value in (squash(words(node)) for node in nodes) if value)
        if values:
            self.origins[name] = f"layout {self.name}: {selectors}"
        for node in nodes:
            remove(node)
        return values

    def _all(self, name: str, selectors: str) -> tuple[str, ...]:
        values = [squash("".join(node.itertext())).lstrip("#") for node in select_all(self.named, selectors)]
        out = tuple(dict.fromkeys(value for value in values if value))
        if out:
            self.origins[name] = f"layout {self.name}: {selectors}"
        return out

    def _more_pages(self, layout: Layout) -> tuple[str, ...]:
        """Addresses of the article's further pages, as its own pager lists them."""
        nodes = select_all(self.named, layout.parts)
        links = [self.page.link(a.get("href")) for node in nodes for a in node.iter("a") if a.get("href")]
        for node in nodes:
            remove(node)
        host = urlsplit(self.page.url).hostname
        own = (link for link in links if urlsplit(link).hostname == host and link != self.page.url)
        return tuple(dict.fromkeys(own))

    def _body(self, page: Page, named: Named, layout: Layout, found: Match | None) -> _Body:
        if found is None:
            return _Body()
        self.origins.setdefault("text", f"layout {layout.name}: {found.selector}")
        body = simplify(found.node, set(select_all(named, layout.captions)))
        links = tuple(self._leads_to(draft, page) for draft in body.drafts)
        return _Body(body.drafts, links, _attachments(body.drafts, page), body.pictures, body.embeds)

    def _leads_to(self, draft: Draft, page: Page) -> str | None:
        """The key of the other article that most of a draft's words link to, if they do."""
        if draft.linked < 0.5:
            return None
        return next(filter(None, (self._other_article(href, page) for href in draft.hrefs)), None)

    def _headlines(self) -> dict[str, str]:
        """The letters of the page's links to other articles, with their addresses."""
        out: dict[str, str] = {}
        for a in self.page.tree.iter("a"):
            letters = headline_letters("".join(a.itertext()))
            if len(letters) >= HEADLINE_LETTERS and self._other_article(a.get("href"), self.page):
                out.setdefault(letters, a.get("href"))
        return out

    def _finish(self, fields: _Fields, body: _Body) -> Article | Rejection:
        """Clean the body, read its sign-off, build the article and let the gate judge it."""
        lead = "" if same_words(fields.lead, fields.title) else fields.lead
        around = Surroundings(
            title=fields.title,
            lead=lead,
            published=fields.published.instant if fields.published else None,
            other_article=lambda href: self._other_article(href, self.page) is not None,
        )
        named, credit = _read_signed(fields.signed)
        drafts, signed = read_sign_off(clean(body.drafts, around), named.author)
        if fields.credit:
            credit = read_credit(fields.credit, Standing.RIGHT) or fields.credit
        for name in ("author", "affiliation", "source_credit"):
            if getattr(signed, name):
                self.origins.setdefault(name, "last lines of the body")
        blocks = _with_captions(self._blocks(lead, drafts), fields.above)
        prose = " ".join(block.text for block in blocks if block.kind is not BlockKind.CAPTION)
        shown = body.embeds > 0 or body.pictures >= (MEDIA_PICTURES if prose else 1)
        media = shown and fewer_words(prose, MEDIA_WORDS)
        section = fields.section
        if not section or is_overlong(section):
            # Pages of text are no name: the layout's node holds more than that here.
            self.origins.pop("section", None)
            section = self.listed.section
            if section:
                self.origins["section"] = "listing"
        decoded = self.page.decoded
        article = Article(
            key=self.key,
            url=self.url,
            title=fields.title,
            blocks=blocks,
            kind=ArticleKind.MEDIA if media else ArticleKind.ARTICLE,
            published=fields.published,
            modified=fields.modified,
            author=signed.author,
            affiliation=named.affiliation or signed.affiliation,
            source_credit=credit or signed.source_credit,
            section=section,
            tags=fields.tags,
            views=fields.views,
            language=_language(blocks, fields.title),
            attachments=tuple({one.url: one for one in body.attachments}.values()),
            layout=self.name,
            extractor_version=version_of(self.site.edition),
            declared_charset=decoded.declared,
            used_charset=decoded.used,
            flags=tuple(self.flags),
            origins=dict(self.origins),
        )
        return gate.refuse_article(article, body.drafts, body.links) or article

    def _blocks(self, lead: str, drafts: list[Draft]) -> tuple[Block, ...]:
        """The typed blocks: the lead node, or a bold first paragraph, leads."""
        blocks = [Block(draft.kind, draft.text) for draft in drafts]
        if lead:
            return (Block(BlockKind.LEAD, lead), *blocks)
        first = next((i for i, draft in enumerate(drafts) if draft.kind is not BlockKind.CAPTION), None)
        if first is not None and len(drafts) > 1 and _leads(drafts[first]):
            self.origins["lead"] = "first paragraph of the body, all bold"
            # Join order: the lead comes first even where a picture stands above it.
            del blocks[first]
            blocks.insert(0, Block(BlockKind.LEAD, drafts[first].text))
        return tuple(blocks)

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
        modified = next((one for one in changed if one and plausible(one, self.site.oldest, self.fetched)), None)
        if modified and modified.source != "layout":
            self.origins["modified"] = modified.source
        return published, modified

    def _guess_date(self, title: str) -> Dated | None:
        """Last resorts: a date beside the heading, then what htmldate makes of the page's head.

        Measured: on whole pages a licence date in the footer or a related story's date wins over the
        article's own, so nothing else is looked at.
        """
        heading = next((node for node in self.page.tree.iter("h1", "h2", "h3") if squash(words(node)) == title), None)
        beside = _sourced(_beside(heading, title), "heading") if heading is not None else None
        head = self.page.tree.find("head")
        alone = html.fromstring(etree.tostring(head)) if head is not None and len(head) else None
        told = (
            find_date(alone, original_date=True, extensive_search=False, max_date=f"{self.fetched:%Y-%m-%d}")
            if alone is not None
            else None
        )
        for found in (beside, _sourced(told, "htmldate")):
            if found and not self._is_clock(found) and plausible(found, self.site.oldest, self.fetched):
                self.origins["published"] = found.source
                return found
        return None

    def _is_clock(self, found: Dated) -> bool:
        """The day of the fetch without a time, or its very minute, is what a page's clock shows."""
        if found.precision is Precision.DAY:
            return found.instant.date() == self.fetched.astimezone(found.instant.tzinfo).date()
        return abs(found.instant - self.fetched) <= CLOCK_ERROR

    def _page_title(self) -> str:
        """Title without a layout: of what could be one, that which agrees with the address or the listing.

        Measured on the saved pages: og:title, h1 and ``<title>`` name the site or a box on 25 of 28
        articles; a candidate that agrees with the address exists on 27.
        """
        candidates = self._title_candidates()
        wanted = slug(self.listed.title or "")
        address = _named_in_address(self.page.url)
        for origin, title in candidates:
            mine = slug(title)
            if mine == wanted or (
                len(mine) >= AGREEING_LETTERS and (mine in address or mine[:AGREEING_LETTERS] in address)
            ):
                self.origins["title"] = origin
                return title
        # An error page does not bear the title of the article that it stands for.
        if self.listed.title and folded(self.listed.title) in folded(words(self.page.tree)):
            self.origins["title"] = "listing"
            return self.listed.title
        named = ("json-ld", "og:title", "h1")
        headings = {title for origin, title in candidates if origin in named and word_count(title) >= TITLE_WORDS}
        if len(headings) == 1:
            self.origins["title"] = "the only heading"
            return headings.pop()
        return ""

    def _title_candidates(self) -> list[tuple[str, str]]:
        tree = self.page.tree
        out = [("json-ld", thing["headline"]) for thing in json_ld(tree) if isinstance(thing.get("headline"), str)]
        og = select_first(tree, 'meta[property="og:title"]@content')
        out += [("og:title", og.value)] if og else []
        for tag in ("h1", "h2", "h3", "h4"):
            out += [(tag, words(node)) for node in tree.iter(tag)]
        for node in tree.iter("title"):
            out += [("title", part) for part in re.split(r" [-|–—] ", squash(words(node)))]
        sites = {folded(title) for title in self.site.titles}
        return [(origin, squash(title)) for origin, title in out if has_words(title) and folded(title) not in sites]


def _attachments(drafts: Sequence[Draft], page: Page) -> tuple[Attachment, ...]:
    """The documents that `drafts` link to, each once, with the words of its first link."""
    out: dict[str, Attachment] = {}
    for draft in drafts:
        for href in filter(is_document, draft.hrefs):
            url = page.link(href)
            if url.startswith(("http://", "https://")):
                label = squash("".join(run.text for run in draft.runs if run.href == href))
                out.setdefault(url, Attachment(url, label))
    return tuple(out.values())


def _with_captions(blocks: tuple[Block, ...], above: Sequence[str]) -> tuple[Block, ...]:
    """The blocks with captions of the picture above them, behind the lead; editors often repeat it in the body."""

    def is_said(caption: str) -> bool:
        return any(
            caption == block.text or (block.kind is BlockKind.CAPTION and caption in block.text) for block in blocks
        )

    new = tuple(Block(BlockKind.CAPTION, one) for one in dict.fromkeys(above) if not is_said(one))
    behind = 1 if blocks and blocks[0].kind is BlockKind.LEAD else 0
    return (*blocks[:behind], *new, *blocks[behind:])


def _leads(draft: Draft) -> bool:
    """Shape of a lead without a node of its own: a bold paragraph too long for a heading."""
    kinds = (BlockKind.PARAGRAPH, BlockKind.HEADING)
    return draft.kind in kinds and draft.bold and word_count(draft.text) >= LEAD_WORDS


def _named_in_address(url: str) -> str:
    """The last part of an address that has words, as a slug; the parts above it name sections."""
    parts = [slug(part) for part in unquote(urlsplit(url).path).split("/")]
    return next((part for part in reversed(parts) if re.search("[a-z]{2}", part)), "")


def _beside(heading: Any, title: str) -> str:
    """The line right after a heading, or what else stands around it, if that is hardly more than a date.

    A heading may stand alone in a box, or in several: then what follows the box is beside it.
    """
    alone = heading
    while alone.getparent() is not None and squash(words(alone.getparent())) == title:
        alone = alone.getparent()
    candidates = [*itertools.islice(alone.itersiblings(), 1), alone.getparent()]
    for node in candidates:
        text = squash(words(node)).replace(title, " ") if node is not None else ""
        found = parse_date(text)
        if found and letter_count(text.replace(found.raw, " ")) <= HEADING_ROOM:
            return text
    return ""


def _read_signed(lines: tuple[str, ...]) -> tuple[SignOff, str | None]:
    """What the byline nodes of a layout say, and the source credit if one of them is that."""
    author = affiliation = credit = None
    for line in (part for node in lines for part in labelled(node)):
        found = read_credit(line, Standing.RIGHT) or labelled_credit(line)
        name, office, inner = (None, None, None) if found else read_byline(line, Standing.RIGHT)
        credit = credit or found or inner
        affiliation = affiliation or office
        if not found:
            # The layout says that it is a byline, whatever its shape.
            author = author or name or (without_label(line) or None if office is None else None)
    return SignOff(author, affiliation), credit


def _sourced(text: str | None, source: str) -> Dated | None:
    found = parse_date(text) if text else None
    return replace(found, raw=text or "", source=source) if found else None


def _number(text: str | None) -> int | None:
    """The number in a counter line: "Lượt xem: 1.270" gives 1270."""
    match = re.search(r"\d[\d., ]*", text or "")
    digits = re.sub(r"\D", "", match[0]) if match else ""
    number = int(digits) if 0 < len(digits) <= len(str(MAX_VIEWS)) else None
    return number if number is not None and number <= MAX_VIEWS else None


def _language(blocks: Sequence[Block], title: str) -> str | None:
    """``vi`` where at least one character in twenty is a letter that only Vietnamese writes; else unknown.

    The ``lang`` attribute is no evidence: portals declare en-us over Vietnamese text.
    """
    text = f"{title} {' '.join(block.text for block in blocks)}"[:LANGUAGE_SAMPLE].lower()
    # Counted letter by letter: ten times as fast as to look at each character in turn.
    return "vi" if sum(map(text.count, _VIETNAMESE)) >= 0.05 * len(text) else None
