"""Turn the body of a page, as editors left it, into a flat list of plain blocks.

Portals paste from Word, nest fonts, divide paragraphs by ``<br><br>``, put pictures into tables and
captions into centred emphasis. All that matters of it later (which words, how they stood, where they
link) is kept on a `Draft`; everything else is gone.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from lxml import etree

from archive.article import BlockKind
from crawler.extraction.text import has_words, letter_count, squash, word_count

BLOCK_TAGS = frozenset(
    (
        "address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hr", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
        "thead", "tr", "ul",
    )
)  # fmt: skip
HEADING_TAGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
SKIPPED_TAGS = frozenset(
    (
        "script", "style", "noscript", "template", "head", "title", "svg", "canvas", "map", "nav", "aside",
        "select", "option", "datalist", "object", "param",
    )
)  # fmt: skip
"""Never prose: code, drawings, choices, and what HTML itself calls navigation or an aside."""

EMBED_TAGS = frozenset(("iframe", "video", "audio", "embed"))
_NO_PLAYER = re.compile(r"/maps|/plugins/(?:like|share|page|comments)|recaptcha|doubleclick", re.IGNORECASE)
"""Frames that play nothing: maps, share buttons, advertisements."""

CONTROL_TAGS = frozenset(("input", "textarea", "button"))
BOLD_TAGS = frozenset(("b", "strong"))
ITALIC_TAGS = frozenset(("i", "em", "cite"))

_MARKS = EMBED_TAGS | CONTROL_TAGS | {"br", "img"}
_FOREIGN = EMBED_TAGS | CONTROL_TAGS
"""Elements whose text is for programs that do not know them, or a form's."""

_TELLING = HEADING_TAGS | BOLD_TAGS | ITALIC_TAGS | {"a", "li", "center", "figcaption", "caption"}
"""Elements that say something of their words by themselves."""

VERSE_LINE = 60
"""Longest line of verse, in characters: lục bát and seven-word lines stay under 50."""

CAPTION_LENGTH = 400
"""Longest caption, in characters; a paragraph set beside a picture is longer or is not centred."""

HEADING_WORDS = 25
"""Longest heading in bold, in words (the longest in the saved pages has 22)."""

_SPEAKER = re.compile(r"[^:.!?]{1,30}:\s")
"""How the lines of an interview begin; its questions are often bold."""

_ALIGN = re.compile(r"text-align\s*:\s*(left|right|center|justify)", re.IGNORECASE)
_BOLD = re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.IGNORECASE)
_ITALIC = re.compile(r"font-style\s*:\s*(italic|oblique)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


class Run(NamedTuple):
    """Words of one look: `href` is the link they stand in, if any."""

    text: str
    href: str | None = None
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A block before it is judged.

    `runs` are its words (lines of a stanza and cells of a row are divided within them as in `text`),
    `align` is ``right``, ``center`` or empty, `control` says that a form control stood in it,
    `after_picture` that nothing but pictures stood before it since the last words.
    """

    kind: BlockKind
    text: str
    runs: tuple[Run, ...]
    align: str = ""
    control: bool = False
    after_picture: bool = False

    @property
    def hrefs(self) -> tuple[str, ...]:
        """The links in the block, in order, without repeats."""
        return tuple(dict.fromkeys(run.href for run in self.runs if run.href))

    @property
    def linked(self) -> float:
        """Share of the letters and digits that stand in links, 0 to 1."""
        links = [run for run in self.runs if run.href is not None]
        if not links:
            return 0.0
        total = sum(letter_count(run.text) for run in self.runs)
        return sum(letter_count(run.text) for run in links) / total if total else 0.0

    @property
    def bold(self) -> bool:
        """Whether every word is bold."""
        return _all_words(self.runs, lambda run: run.bold)

    @property
    def italic(self) -> bool:
        """Whether every word is italic."""
        return _all_words(self.runs, lambda run: run.italic)


@dataclass(frozen=True, slots=True)
class Simplified:
    """A body as drafts, with how many pictures and embedded players it holds."""

    drafts: tuple[Draft, ...]
    pictures: int
    embeds: int


def simplify(body: Any, captions: Collection[Any] = ()) -> Simplified:
    """Read the drafts of `body`; the nodes in `captions` are known to be captions.

    The tree is not changed.
    """
    walker = _Walker(set(captions))
    walker.walk(body)
    return Simplified(tuple(walker.drafts), walker.pictures, walker.embeds)


def _all_words(runs: tuple[Run, ...], wanted: Callable[[Run], bool]) -> bool:
    """Whether there are words in `runs`, and all of them stand in the `wanted` ones."""
    if not any(map(wanted, runs)):
        return False
    with_words = [run for run in runs if has_words(run.text)]
    return bool(with_words) and all(map(wanted, with_words))


@dataclass(slots=True)
class _Context:
    """What the open elements say of the words inside them."""

    bold: bool = False
    italic: bool = False
    href: str | None = None
    align: str = ""
    kind: BlockKind | None = None
    hidden: bool = False


class _Walker:
    """One pass over a body. Not recursive: pages nest hundreds of elements."""

    def __init__(self, captions: set[Any]) -> None:
        self.captions = captions
        self.drafts: list[Draft] = []
        self.pictures = self.embeds = 0
        self._lines: list[list[Run]] = [[]]
        self._control = False
        self._picture_here = False
        self._picture_before = False

    def walk(self, body: Any) -> None:
        contexts = [_Context()]
        walk = etree.iterwalk(body, events=("start", "end"))
        skipping: Any = None
        for event, element in walk:
            tag = element.tag
            if event == "start":
                context = contexts[-1]
                if tag in SKIPPED_TAGS or not isinstance(tag, str):
                    skipping = element
                    walk.skip_subtree()
                    continue
                if self._is_block(element, tag):
                    self._flush(context)
                if tag == "table" and element is not body and self._table(element):
                    skipping = element
                    walk.skip_subtree()
                    continue
                context = self._inner(element, tag, context)
                contexts.append(context)
                if tag in _MARKS:
                    self._mark(element, tag)
                text = element.text
                if text and tag not in _FOREIGN:
                    self._add(text, context)
            else:
                if element is skipping:
                    skipping = None
                else:
                    context = contexts.pop()
                    if self._is_block(element, tag):
                        self._flush(context)
                if element is not body and (tail := element.tail):
                    self._add(tail, contexts[-1])
        self._flush(contexts[-1])

    def _is_block(self, element: Any, tag: str) -> bool:
        return tag in BLOCK_TAGS or (bool(self.captions) and element in self.captions)

    def _inner(self, element: Any, tag: str, outer: _Context) -> _Context:
        """What the words inside `element` are: mostly what those around it are, and then the same object."""
        style, align = element.get("style"), element.get("align")
        hidden = element.get("hidden") is not None
        caption = bool(self.captions) and element in self.captions
        if not (style or align or hidden or caption or tag in _TELLING):
            return outer
        kind = outer.kind
        if caption or tag in ("figcaption", "caption"):
            kind = BlockKind.CAPTION
        elif kind is None and tag in HEADING_TAGS:
            kind = BlockKind.HEADING
        elif kind is None and tag == "li":
            kind = BlockKind.ITEM
        bold, italic = outer.bold or tag in BOLD_TAGS, outer.italic or tag in ITALIC_TAGS
        declared = None
        if style:
            declared = _ALIGN.search(style)
            bold, italic = bold or bool(_BOLD.search(style)), italic or bool(_ITALIC.search(style))
            hidden = hidden or bool(_HIDDEN.search(style))
        if declared:
            align = declared[1]
        elif tag == "center":
            align = align or "center"
        elif tag not in BLOCK_TAGS:
            align = None
        return _Context(
            bold=bold,
            italic=italic,
            href=_target(element, outer.href) if tag == "a" else outer.href,
            align=align.lower() if align else outer.align,
            kind=kind,
            hidden=outer.hidden or hidden,
        )

    def _mark(self, element: Any, tag: str) -> None:
        if tag == "br":
            self._lines.append([])
        elif tag == "img":
            self.pictures += 1
            self._picture_here = True
        elif tag in EMBED_TAGS and not _NO_PLAYER.search(element.get("src") or ""):
            self.embeds += 1
        elif tag in CONTROL_TAGS and (element.get("type") or "").lower() != "hidden":
            self._control = True

    def _add(self, text: str, context: _Context) -> None:
        line = self._lines[-1]
        # White space between blocks is most of a page's text; at the head of a line it says nothing.
        if not context.hidden and (line or not text.isspace()):
            line.append(Run(text, context.href, context.bold, context.italic))

    def _flush(self, context: _Context) -> None:
        """Close the block that is open: `context` is that of the element its words stood in."""
        control, self._control = self._control, False
        here, self._picture_here = self._picture_here, False
        picture = here or self._picture_before
        lines, self._lines = self._lines, [[]]
        if not any(lines):
            self._picture_before = picture
            return
        stanzas: list[list[tuple[str, tuple[Run, ...]]]] = [[]]
        for line in lines:
            text = squash("".join(run.text for run in line))
            if text:
                stanzas[-1].append((text, tuple(line)))
            elif stanzas[-1]:
                stanzas.append([])
        written = False
        for stanza in stanzas:
            for text, runs in _blocks_of(stanza):
                draft = Draft(
                    kind=context.kind or (BlockKind.VERSE if "\n" in text else BlockKind.PARAGRAPH),
                    text=text,
                    runs=runs,
                    align=context.align if context.align in ("right", "center") else "",
                    control=control,
                    after_picture=picture and not written,
                )
                self.drafts.append(_settle(draft))
                written = written or has_words(text)
        self._picture_before = picture and not written

    def _table(self, table: Any) -> bool:
        """Read a table of data or of pictures; False: it only arranges other blocks."""
        # One that holds others arranges them. Told first: hundreds within one another would each be looked through.
        if next(table.iterdescendants("table"), None) is not None:
            return False
        rows = list(table.iter("tr"))
        pictures = sum(1 for _ in table.iter("img"))
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        filled = [[cell for cell in row if has_words("".join(cell.itertext()))] for row in cells]
        if pictures:
            texts = [cell for row in filled for cell in row]
            if len(texts) <= 2 * pictures + 2 and all(
                len(squash("".join(c.itertext()))) <= CAPTION_LENGTH for c in texts
            ):
                self.pictures += pictures
                for cell in (*texts, *table.iterchildren("caption")):
                    self._caption_cell(cell)
                return True
        if sum(len(row) >= 2 for row in filled) < 2 or any(_holds_prose(c) for row in filled for c in row):
            return False
        for caption in table.iterchildren("caption"):
            self._caption_cell(caption)
        for row in cells:
            inner = [_drafts_of(cell) for cell in row]
            text = squash(" | ".join(" ".join(draft.text for draft in drafts) for drafts in inner))
            if has_words(text):
                runs = tuple(run for drafts in inner for draft in drafts for run in draft.runs)
                self.drafts.append(Draft(BlockKind.ROW, text, runs))
        self._picture_before = False
        return True

    def _caption_cell(self, cell: Any) -> None:
        """The words of a picture table's cell, each leaf block a caption of its own."""
        inner = _Walker(self.captions)
        inner.walk(cell)
        self.drafts.extend(replace(draft, kind=BlockKind.CAPTION) for draft in inner.drafts)
        self.embeds += inner.embeds


def _target(link: Any, outer: str | None) -> str | None:
    """Where a link leads; an empty address is this very page (RFC 3986, 4.4), and `outer` holds where there is none."""
    href = link.get("href")
    return outer if href is None else href or "#"


def _drafts_of(cell: Any) -> list[Draft]:
    walker = _Walker(set())
    walker.walk(cell)
    return walker.drafts


def _holds_prose(cell: Any) -> bool:
    """A cell with several paragraphs, one of them long, arranges text; it holds no datum."""
    paragraphs = [squash("".join(p.itertext())) for p in cell.iter("p", "div") if p is not cell]
    return len(paragraphs) > 2 and max(map(len, paragraphs)) > 200


def _blocks_of(stanza: list[tuple[str, tuple[Run, ...]]]) -> list[tuple[str, tuple[Run, ...]]]:
    """Lines divided by single ``<br>``: three or more short ones are verse, others paragraphs.

    Two lines are verse only in italics: a sign-off or an address may have two short lines as well.
    """
    if len(stanza) > 1 and all(len(text) <= VERSE_LINE for text, _ in stanza):
        runs = tuple(run for _, line in stanza for run in line)
        if len(stanza) > 2 or _all_words(runs, lambda run: run.italic):
            return [("\n".join(text for text, _ in stanza), runs)]
    return stanza


def _settle(draft: Draft) -> Draft:
    """Name captions and headings by how they stand.

    Words that are centred or italic, in the block of a picture or right after it, are its caption;
    short bold words that end no sentence are a heading.
    """
    if draft.kind not in (BlockKind.PARAGRAPH, BlockKind.VERSE):
        return draft
    text = draft.text
    beside_picture = draft.after_picture and len(text) <= CAPTION_LENGTH and "\n" not in text
    if beside_picture and (draft.align == "center" or draft.italic):
        return replace(draft, kind=BlockKind.CAPTION)
    heading = draft.kind is BlockKind.PARAGRAPH and not draft.align and text[-1] not in ".;," and draft.bold
    if heading and word_count(text) <= HEADING_WORDS and not _SPEAKER.match(text):
        return replace(draft, kind=BlockKind.HEADING)
    return draft
