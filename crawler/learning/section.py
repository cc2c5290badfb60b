"""Learn where an article's section and its tags stand."""

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from crawler.extraction.dates import json_ld
from crawler.extraction.select import Node
from crawler.extraction.text import folded, slug
from crawler.learning.choosing import Chooser, chooser_of, slug_of, value_of
from crawler.learning.standing import Standing, standing_on
from crawler.learning.views import View

LONGEST = 60
"""Characters of a section's name or a tag; "Học tập và làm theo tư tưởng, đạo đức, phong cách Hồ Chí Minh" has 62."""

AGREEING = 0.8
"""Share of the pages where a node must say what something else calls the section."""

FOUND = 0.5
"""Share of the pages that must have it."""

MENU = 0.8
"""Share of the pages on which a link stands that belongs to the site's menu."""

ALIKE, ALIKE_UNTOLD = 0.9, 0.6
"""Share of the pages from which a name that is the same says nothing of the article; the second where nothing else
tells the section."""

NEAR = 80
"""Elements of the page from the text to what still belongs to the article (measured: tags at most 31)."""

FRAME = 0.9
"""Share of the pages from which the same name in a box of the same words is of the menu."""

_HOME = frozenset(("trangchủ", "trangnhất", "home", "homepage"))


def section_of(views: Sequence[View], body: str) -> str:
    """Give the selector whose last node names the article's section; empty if none can be trusted.

    Its names must be what listing, address or metadata call the section, or, where nothing does, names of the site's
    menu that differ from page to page.
    """
    told, slugs = zip(*map(sections_told, views), strict=True)
    menu = menu_of(views)
    chooser = chooser_of(tuple(views))
    named = [
        [
            (node, attribute)
            for node, attribute, text in _named(view, chooser.small[i])
            if folded(text) in told[i] or slug_of(text) in slugs[i] or folded(text) in menu
        ]
        for i, view in enumerate(views)
    ]
    places = [{(node, attribute): _place(node, chooser) for node, attribute in here} for here in named]
    times = Counter(place for here in places for place in set(here.values()))
    nodes = [[one for one in here if times[here[one]] <= max(FRAME * len(views), 1)] for here in places]
    standings = standing_on(views, body)
    good: list[tuple[tuple[float, ...], str]] = []
    for form, cost in chooser.candidates(nodes):
        found = chooser.matches(form)
        last = {i: here[-1] for i, here in enumerate(found) if here}
        texts = {i: chooser.value(node, form.attribute) for i, node in last.items()}
        alike = max(Counter(map(folded, texts.values())).values(), default=0)
        if len(texts) < FOUND * len(views) or alike > ALIKE * len(texts):
            continue
        listed = sum(folded(text) in told[i] for i, text in texts.items())
        agreed = sum(folded(text) in told[i] or slug_of(text) in slugs[i] for i, text in texts.items())
        in_menu = sum(folded(text) in menu for text in texts.values())
        if agreed < AGREEING * len(texts):
            near = sum(standings[i].distance(node) <= NEAR for i, node in last.items())
            if any(told) or min(in_menu, near) < AGREEING * len(texts) or alike > ALIKE_UNTOLD * len(texts):
                continue
        after = sum(views[i].order[standings[i].body] < views[i].order[node] for i, node in last.items())
        linked = sum(node.tag == "a" for node in last.values())
        good.append(((max(agreed, in_menu), listed, not form.attribute, linked, -cost - after / len(texts)), form.css))
    return max(good, default=((), ""))[1]


def _place(node: Node, chooser: Chooser) -> tuple[str, str]:
    """The letters of a node and those of the box around it: where both are on all pages they are of the frame."""
    letters = folded(chooser.value(node))
    for above in node.iterancestors():
        box = folded(chooser.value(above))
        if box != letters:
            return letters, box
    return letters, ""


def sections_told(view: View) -> tuple[set[str], set[str]]:
    """The letters of what listing and metadata call a page's section, and the folders of its address as slugs."""
    return _told(view), _folders(view.page.url)


def _told(view: View) -> set[str]:
    """The letters of what listing, metadata and links of the kind "category" (microformats) call the section."""
    listed = view.specimen.listed
    said: list[object] = [listed.section if listed else None]
    said += [thing.get("articleSection") for thing in json_ld(view.tree)]
    said += [
        meta.get("content")
        for meta in view.tree.iter("meta")
        if (meta.get("property") or meta.get("itemprop") or "").lower() in ("article:section", "articlesection")
    ]
    said += [value_of(link, "") for link in view.tree.iter("a") if "category" in (link.get("rel") or "").split()]
    flat = [one for value in said for one in (value if isinstance(value, list) else [value])]
    return {folded(one) for one in flat if isinstance(one, str) and folded(one)}


def _folders(url: str) -> set[str]:
    """The folders of an address as slugs: one of them is often the section's."""
    return {slug(part) for part in unquote(urlsplit(url).path).rstrip("/").split("/")[:-1]} - {""}


def _named(view: View, small: Sequence[Node]) -> Iterator[tuple[Node, str, str]]:
    """What could name a section: nodes with few words, or metas, with their attribute and text."""
    for node in small:
        text = value_of(node, "")
        if text and len(text) <= LONGEST and text[0].isalnum() and folded(text) not in _HOME:
            yield node, "", text
    for meta in view.tree.iter("meta"):
        text = value_of(meta, "content")
        if text and len(text) <= LONGEST and (meta.get("property") or "").lower() == "article:section":
            yield meta, "content", text


def menu_of(views: Sequence[View]) -> set[str]:
    """The letters of the links that stand on nearly all pages: names of sections, mostly."""
    times: Counter[str] = Counter()
    for view in views:
        times.update({folded(value_of(link, "")) for link in view.tree.iter("a")})
    return {letters for letters, number in times.items() if letters and number >= MENU * len(views)} - _HOME


def tags_of(views: Sequence[View], body: str) -> str:
    """Give the selector of the links that are the article's tags; empty if none are clear.

    Tags lead to addresses that say them, in a folder or under a name of their own, and differ from page to page.
    """
    standings = standing_on(views, body)
    menu = menu_of(views)
    links = [
        [(link, "") for link in view.tree.iter("a") if _is_tag(link, view, standing, menu)]
        for view, standing in zip(views, standings, strict=True)
    ]
    chooser = chooser_of(tuple(views))
    good: list[tuple[tuple[float, ...], str]] = []
    wanted = [{link for link, _ in here} for here in links]
    for form, cost in chooser.candidates(links):
        found = chooser.matches(form)
        pages = sum(1 for here in found if here)
        matched = [(i, node) for i, here in enumerate(found) for node in here]
        right = sum(node in wanted[i] for i, node in matched)
        texts = Counter(folded(chooser.value(node)) for _, node in matched)
        if pages < 3 or right < len(matched) or len(texts) < 3 or max(texts.values()) > 0.5 * len(views):
            continue
        good.append(((right, -cost), form.css))
    return max(good, default=((), ""))[1]


def _is_tag(link: Node, view: View, standing: Standing, menu: set[str]) -> bool:
    text, href = value_of(link, "").lstrip("#"), link.get("href") or ""
    if not text or len(text) > LONGEST or folded(text) in menu or standing.distance(link) > NEAR:
        return False
    if standing.articles.is_other(view, href):
        return False
    parts = urlsplit(view.page.link(href))
    said = [slug(part) for part in (*unquote(parts.path).split("/"), *unquote(parts.query).split("=")) if part]
    mine = slug_of(text)
    return len(said) > 1 and bool(mine) and (said[-1] == mine or said[-1].startswith(f"{mine}-"))
