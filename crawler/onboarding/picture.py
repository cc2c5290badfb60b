"""A page of a site as a person may look at it: no scripts, no links, nothing that is fetched; its fields marked."""

import html as escaping
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree, html
from lxml_html_clean import Cleaner

from archive.article import Article, Rejection
from crawler.extraction.layout import Layout
from crawler.extraction.page import Page
from crawler.extraction.select import Node, select_all, select_first, select_largest

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
"""What a browser may load for a page of a review (Content Security Policy, level 3): styles written in it, and pictures
written in it. No script, no frame, no address."""

MARK, OUTSIDE = "data-mark", "data-outside"

LEFT_OUT = "left out"

_ALL = ("author", "source_credit", "tags")
"""The fields that take every node that their selectors find; the others take the first."""

_SAFE = frozenset(
    ("style", "align", "valign", "colspan", "rowspan", "title", "dir", "lang", "start", "border", MARK, OUTSIDE)
)
"""Attributes that only arrange or explain. No class or id: they could pass for ours, and no style sheet is left."""

_GONE = (
    "title", "noscript", "template", "svg", "math", "textarea", "xmp", "plaintext", "listing", "noembed", "noframes",
    "audio", "video", "canvas", "dialog",
)  # fmt: skip
"""What goes with its content, beside what the cleaner kills: what a browser reads by other rules than a parser of
markup (HTML standard, 13.2.6), and players without anything to play."""

_STYLE = """
body{margin:12px;font:15px/1.5 system-ui,sans-serif;color:#1c1c1c;background:#fff;overflow-wrap:anywhere}
table{border-collapse:collapse;max-width:100%}
.picture{display:inline-block;margin:2px 0;padding:2px 8px;border:1px dashed #999;color:#555;font-size:13px}
#whole{position:absolute;z-index:9;left:20px;top:20px;margin:0}
.whole{margin:0 0 10px;padding:5px 8px 5px 32px;background:#eef1f4;font-size:14px}
h1{font-size:24px}h2{font-size:19px}h3,h4,h5,h6{font-size:16px}
#whole:not(:checked)~.page [data-outside]{display:none!important}
[data-mark]{outline:2px solid #2f6f4f!important;outline-offset:2px;opacity:1!important}
[data-mark]::before{content:attr(data-mark);display:inline-block;margin:0 6px 0 0;padding:0 5px;background:#2f6f4f;
color:#fff;font:600 11px/1.6 system-ui,sans-serif;text-transform:none;letter-spacing:0}
span[data-mark],font[data-mark],a[data-mark]{display:inline-block;max-width:100%}
[data-mark="left out"]{outline:1px dashed #8a8a8a!important;opacity:.45!important}
[data-mark="left out"]::before{background:#8a8a8a}
"""


def picture(page: Page, layouts: Iterable[Layout], result: Article | Rejection) -> str:
    """A whole document to be shown in a sandboxed frame: the page's words and tables, what was read of it marked.

    What stands around title, date and text is hidden behind a box to tick. `page` is taken apart.
    """
    tree = page.tree
    for element in tree.iter(etree.Element):
        for name in (MARK, OUTSIDE):
            element.attrib.pop(name, None)
    body = tree.find("body")
    if body is None:
        body = tree
    layout = next((one for one in layouts if isinstance(result, Article) and one.name == result.layout), None)
    around = False
    if layout is not None and isinstance(result, Article):
        around = _set_apart(body, _marked(tree, layout, result.origins))
    for image in list(body.iter("img")):
        _describe(image)
    shown = _cleaned(body)
    box = (
        '<p class="whole">The page around the article is hidden. <label for="whole">Show all of it</label></p>'
        if around
        else ""
    )
    tick = '<input type="checkbox" id="whole" aria-label="Show the whole page">' if around else ""
    return (
        '<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaping.escape(POLICY)}">'
        f'<style>{_STYLE}</style></head><body>{tick}{box}<div class="page">{shown}</div></body></html>'
    )


def _marked(tree: Node, layout: Layout, origins: Mapping[str, str]) -> list[Node]:
    """Mark where the fields were read, and give the nodes that the article itself stands in."""
    own: list[Node] = []
    begin = f"layout {layout.name}: "
    for field, origin in origins.items():
        if not origin.startswith(begin):
            continue
        nodes = _nodes(tree, field, origin.removeprefix(begin))
        for node in nodes:
            node.set(MARK, f"{node.get(MARK)}, {field}" if node.get(MARK) else field)
        if field in ("title", "text", "published", "lead", "author", "source_credit"):
            own += nodes
    for node in select_all(tree, layout.drop):
        if node.get(MARK) is None:
            node.set(MARK, LEFT_OUT)
    return own


def _nodes(tree: Node, field: str, selectors: str) -> list[Node]:
    if field == "text":
        found = select_largest(tree, selectors)
    elif field in _ALL or field == "lead":
        nodes = select_all(tree, selectors)
        return nodes[:1] if field == "lead" else nodes
    else:
        found = select_first(tree, selectors, last=field == "section")
    return [found.node] if found else []


def _set_apart(body: Node, own: list[Node]) -> bool:
    """Mark what stands beside the smallest element that holds all of `own`; whether anything does."""
    paths = [[*reversed([*node.iterancestors()]), node] for node in own]
    inside = [path for path in paths if body in path]
    if not inside:
        return False
    held = inside[0]
    for path in inside[1:]:
        held = [one for one, other in zip(held, path, strict=False) if one is other]
    apart = False
    for holder, branch in itertools.pairwise(held):
        if holder is body or body in holder.iterancestors():
            for child in holder.iterchildren(etree.Element):
                if child is not branch:
                    child.set(OUTSIDE, "")
                    apart = True
    return apart


def _describe(image: Node) -> None:
    """Say in words what a picture shows, for it is not loaded."""
    label = " ".join((image.get("alt") or "").split())
    tail = image.tail
    for name in list(image.attrib):
        if name not in (MARK, OUTSIDE):
            del image.attrib[name]
    image.tag = "span"
    image.set("title", "picture")
    image.text = f"[picture{f': {label}' if label else ''}]"
    image.tail = tail


def _cleaned(body: Node) -> str:
    """The markup of a body without anything that acts; a well-kept cleaner decides what that is."""
    body.tag = "div"
    markup = etree.tostring(body, method="html", encoding="unicode", with_tail=False)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    tree: Any = html.fragment_fromstring(markup.encode(), create_parent="div", parser=parser)
    cleaner = Cleaner(
        inline_style=False,
        style=True,
        meta=True,
        page_structure=False,
        remove_unknown_tags=False,
        kill_tags=_GONE,
        safe_attrs_only=True,
        safe_attrs=_SAFE,
    )
    cleaner(tree)
    return str(html.tostring(tree, encoding="unicode", method="html"))
