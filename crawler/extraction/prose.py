"""Trafilatura's part: which blocks are prose, and the text of a page that no layout fits."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree, html
from trafilatura import bare_extraction
from trafilatura.settings import Document

from archive.article import BlockKind
from crawler.extraction.simplify import Draft, Run
from crawler.extraction.text import folded, has_words, squash, visible

MOSTLY_LINKED = 0.5
"""Share of a block's letters in links from which trafilatura is asked about it: it never took a block with a
lower share (1,952 readings of simulated and real pages), and to ask takes a third of the time of reading a page
with links in its text (the saved district portal)."""

_KINDS = {
    "head": BlockKind.HEADING,
    "item": BlockKind.ITEM,
    "row": BlockKind.ROW,
    "quote": BlockKind.PARAGRAPH,
}


def keep_prose(drafts: Sequence[Draft]) -> list[Draft]:
    """Take out the blocks with links that trafilatura does not count as text: link lists, share lines.

    Trafilatura is given a tree of plain elements without any class or id, because its rules on class
    names take leads and captions away (measured on 1,184 pages of eight sites: exact text 64 % from
    the raw body, 100 % from the plain tree). Its output only *filters*, the words stay as we read
    them, and only blocks that are mostly links: cutting 33 real bodies after every block, its rules for
    ends and short texts lost prose without any link in 22 of 415 cuts.
    """
    doubtful = {id(draft) for draft in drafts if draft.linked >= MOSTLY_LINKED}
    if not doubtful:
        return list(drafts)
    document = bare_extraction(_plain_tree(drafts), fast=True, include_comments=False, include_tables=True)
    if not isinstance(document, Document) or document.body is None:
        return [draft for draft in drafts if id(draft) not in doubtful]
    kept = Counter(_letters("".join(element.itertext())) for element in _leaves(document.body))
    return [draft for draft in drafts if id(draft) not in doubtful or kept[_letters(draft.text)]]


def whole_page(utf8: bytes, headlines: Mapping[str, str]) -> list[Draft]:
    """Read a page without a layout: trafilatura finds the text, its elements become drafts.

    `utf8` is the page's markup, which is parsed again since trafilatura wants nodes of another class.
    `headlines` maps the letters of links to other articles to their addresses: trafilatura keeps no
    links, and a block that begins with a headline is an entry of a list.
    """
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = html.document_fromstring(utf8, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return []
    document = bare_extraction(tree, fast=True, include_comments=False, include_tables=True)
    if not isinstance(document, Document) or document.body is None:
        return []
    # By their first letters: thousands of headlines beside thousands of lines are no rarity on hostile pages.
    shortest = min(map(len, headlines), default=0)
    beginning: defaultdict[str, list[str]] = defaultdict(list)
    for one in headlines:
        beginning[one[:shortest]].append(one)
    out = []
    for element in _leaves(document.body):
        kind = _KINDS.get(element.tag, BlockKind.PARAGRAPH)
        for text in _texts(element):
            said = _letters(text)
            headline = next((one for one in beginning.get(said[:shortest], ()) if said.startswith(one)), None)
            href = headlines[headline] if headline is not None else None
            out.append(Draft(kind, text, (Run(text, href),)))
    return out


def headline_letters(text: str) -> str:
    """The form in which headlines are compared: letters and digits only."""
    return _letters(text)


def _texts(element: Any) -> list[str]:
    """The blocks an element of trafilatura's tree holds: one, or several where it nests paragraphs."""
    if element.tag == "row":
        cells = [squash("".join(cell.itertext())) for cell in element]
        # A row of long cells arranges text.
        parts = cells if max(map(len, cells), default=0) > 200 else [" | ".join(cells)]
    else:
        parts = [squash(line) for line in "".join(_with_breaks(element)).split("\n")]
        if len(parts) > 2 and all(len(part) <= 60 for part in parts) and element.find(".//lb") is not None:
            parts = ["\n".join(part for part in parts if part)]
    return [part for part in parts if has_words(part)]


def _plain_tree(drafts: Sequence[Draft]) -> Any:
    root = html.Element("html")
    article = etree.SubElement(etree.SubElement(root, "body"), "article")
    parent, last = article, None
    for draft in drafts:
        if draft.kind in (BlockKind.ITEM, BlockKind.ROW):
            if last is not draft.kind:
                parent = etree.SubElement(article, "ul" if draft.kind is BlockKind.ITEM else "table")
            if draft.kind is BlockKind.ITEM:
                _fill(etree.SubElement(parent, "li"), draft)
            else:
                row = etree.SubElement(parent, "tr")
                for cell in draft.text.split(" | "):
                    etree.SubElement(row, "td").text = cell
        else:
            _fill(etree.SubElement(article, "h2" if draft.kind is BlockKind.HEADING else "p"), draft)
        last = draft.kind
    return root


def _fill(element: Any, draft: Draft) -> None:
    if not draft.hrefs:
        element.text = draft.text.replace("\n", " ")
        return
    last = None
    for run in draft.runs:
        text = visible(run.text)
        if run.href:
            last = etree.SubElement(element, "a", href=visible(run.href))
            last.text = text
        elif last is None:
            element.text = (element.text or "") + text
        else:
            last.tail = (last.tail or "") + text


def _leaves(body: Any) -> list[Any]:
    """The elements of trafilatura's tree that hold one block each."""
    out, inside = [], None
    for element in body.iter("p", "head", "item", "row", "quote", "code"):
        if inside is not None and inside in element.iterancestors():
            continue
        if element.tag == "quote" and element.find(".//p") is not None:
            continue
        inside = element
        out.append(element)
    return out


def _with_breaks(element: Any) -> list[str]:
    out = [element.text or ""]
    for child in element.iterdescendants():
        border = "\n" if child.tag in ("lb", "p", "head", "item", "list", "quote") else ""
        out += [border, child.text or "", border if child.tag != "lb" else "", child.tail or ""]
    return out


def _letters(text: str) -> str:
    return folded(squash(text))
