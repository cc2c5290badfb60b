"""Where the articles of a section's page stand, beside boxes that every page has: learned from pages of sections."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, pairwise

from archive.clock import VIETNAM
from crawler.extraction.dates import parse_date
from crawler.extraction.page import Page
from crawler.extraction.select import Node, select_all, select_first, words
from crawler.learning.selectors import Case, Pick, covering, is_stable
from crawler.learning.specimen import Specimen
from crawler.learning.views import View

ALIKE = 0.5
"""Share of the articles at one place that two pages have in common (of all that either has), from which it is a box:
boxes of the newest and the most read are alike on all pages. A page above sections shares a few with each."""

HALF = 0.5
"""Share of the sections' pages on which something has to be of the list for it to be of it."""

MOST = 0.8
"""Least share of the pages whose items must be found."""

DATED = 0.4
"""Least share of the items whose date must be read: those of a second dress, below the first ones, show none."""

RIGHT = 0.95
"""Least share of the items whose first link must be the right one."""

MOST_LINKS = 3
"""Selectors of the link that are tried in turn, where items are of several dresses."""

ORDERED = 0.8
"""Least share of neighbours of which the first is not the older one, where a list is the newest first: a few may be
pinned, or published late."""

LONGEST_DATE = 60
"""Letters of a block that is a date with its time, weekday and section; what is longer is a summary that has one."""

_WHENEVER = datetime(2000, 1, 1, tzinfo=VIETNAM)
"""A listing's page has no date, so when it was fetched makes no difference."""

KeyOf = Callable[[str], str | None]
"""Gives the key of the article at an address; None for another page."""


@dataclass(frozen=True)
class Items:
    """Where the items of a section's page stand: selectors of each, and in it of the link and the date.

    `newest_first` says whether the newest come first, as far as dates or ids tell. `selected` are the keys that they
    find on each page.
    """

    item: str
    link: str = ""
    date: str = ""
    newest_first: bool = True


@dataclass(frozen=True, eq=False)
class _Link:
    node: Node
    key: str
    place: tuple[str, ...]


def learn_items(pages: Sequence[Page], key_of: KeyOf) -> Items | None:
    """Learn where the sections of which `pages` are the first ones list their articles.

    None if no place has articles of the section alone: with one page only nothing tells a list from a box.
    """
    views = [View(Specimen(page, _WHENEVER)) for page in pages]
    found = {view: _links(view, key_of) for view in views}
    own = _own_places(found)
    if not own:
        return None
    main = own[0]
    listed = {view: [one for one in links if one.place == main] for view, links in found.items()}
    listed = {view: links for view, links in listed.items() if links}
    listed = _with_more(listed, found, own)
    # A home page in the menu has the sections' items in other boxes as well: then the others tell.
    for some in (list(listed), _typical(listed)):
        for climbs in (True, False):
            if made := _made({view: listed[view] for view in some}, found, climbs=climbs):
                return made
    return None


def _made(
    listed: Mapping[View, Sequence[_Link]], found: Mapping[View, Sequence[_Link]], *, climbs: bool
) -> Items | None:
    """The selectors of the items around what is listed, or of the links alone; None if no names tell them."""
    cases = [
        Case(view, tuple(_item(one, found[view]) if climbs else one.node for one in links))
        for view, links in listed.items()
    ]
    selector = covering(cases, Pick.ALL, right=MOST)
    if not selector:
        return None
    link = _link_in(cases, listed)
    if link is None:
        return None
    date = _date_in(cases) if climbs else ""
    order = [_dates_or_ids(case, listed[case.view], date) for case in cases]
    return Items(selector, link, date, _is_ordered(order))


def _typical(listed: Mapping[View, Sequence[_Link]]) -> list[View]:
    """The half of the pages that list most of what no other one does."""
    times = Counter(key for links in listed.values() for key in {one.key for one in links})
    order = sorted(listed, key=lambda view: -sum(times[key] == 1 for key in {one.key for one in listed[view]}))
    return order[: max(2, (len(order) + 1) // 2)]


def _links(view: View, key_of: KeyOf) -> list[_Link]:
    out = []
    for node in view.order:
        if node.tag == "a" and node.get("href"):
            key = key_of(view.page.link(node.get("href")))
            if key:
                out.append(_Link(node, key, _place(node)))
    return out


def _place(node: Node) -> tuple[str, ...]:
    """Where a link stands: the tags above it, each with its names that stay."""
    return tuple(_named(one) for one in (node, *node.iterancestors()))


def _named(node: Node) -> str:
    names = [f".{one}" for one in (node.get("class") or "").split() if is_stable(one)]
    anchor = node.get("id")
    return str(node.tag) + "".join(sorted(names)) + (f"#{anchor}" if anchor and is_stable(anchor) else "")


def _own_places(found: Mapping[View, Sequence[_Link]]) -> list[tuple[str, ...]]:
    """The places with articles of each section alone, the one with the most words first: that of headlines."""
    keys: defaultdict[tuple[str, ...], dict[View, set[str]]] = defaultdict(dict)
    worded: Counter[tuple[str, ...]] = Counter()
    for view, links in found.items():
        for one in links:
            keys[one.place].setdefault(view, set()).add(one.key)
            # A picture has none, "read more" and a date have few.
            worded[one.place] += len(words(one.node).split())
    own: list[tuple[int, tuple[str, ...]]] = []
    for place, on in keys.items():
        alike = sorted(len(one & other) / len(one | other) for one, other in combinations(on.values(), 2))
        if alike and alike[len(alike) // 2] < ALIKE:
            own.append((worded[place], place))
    return [place for _, place in sorted(own, reverse=True)]


def _with_more(
    listed: Mapping[View, list[_Link]], found: Mapping[View, Sequence[_Link]], own: Sequence[tuple[str, ...]]
) -> dict[View, list[_Link]]:
    """The list with what is of it in another dress, such as the newest article above, or bare headlines below.

    That stands, on most pages, in one element with the list and no box in it, and goes on in its order.
    """
    out = {view: list(links) for view, links in listed.items()}
    for place in own:
        more = {view: _joined(view, links, place, found[view]) for view, links in out.items()}
        longer = {view: links for view, links in more.items() if len(links) > len(out[view])}
        fitting = [view for view, links in longer.items() if _fits(links, own, found[view])]
        if len(fitting) > HALF * len(longer) and len(longer) > HALF * len(out):
            out.update({view: more[view] for view in fitting})
    return out


def _joined(view: View, links: Sequence[_Link], place: tuple[str, ...], on_page: Sequence[_Link]) -> list[_Link]:
    """A list with those links at `place` that lead to other articles, in the order of the page."""
    keys = {one.key for one in links}
    more = [one for one in on_page if one.place == place and one.key not in keys and words(one.node).strip()]
    return sorted([*links, *more], key=lambda one: view.order[one.node])


def _fits(links: Sequence[_Link], own: Sequence[tuple[str, ...]], on_page: Sequence[_Link]) -> bool:
    """Whether links stand in one element that holds no articles of boxes, and are in order as far as ids tell."""
    around = _around(links)
    keys = {one.key for one in links}
    inside = {one.node for one in on_page if one.key not in keys and one.place not in own}
    if any(one in inside for one in around.iter("a")):
        return False
    order = [float(key) for key in dict.fromkeys(one.key for one in links) if key.isdigit()]
    return _is_ordered([order])


def _around(links: Sequence[_Link]) -> Node:
    """The innermost element that holds all of some links."""
    inner = set(links[0].node.iterancestors())
    for one in links[1:]:
        inner &= set(one.node.iterancestors())
    return max(inner, key=lambda node: sum(1 for _ in node.iterancestors()))


def _item(link: _Link, links: Sequence[_Link]) -> Node:
    """The largest element around a link that leads to its article alone."""
    others = {one.node for one in links if one.key != link.key}
    item = link.node
    for above in link.node.iterancestors():
        if above.tag in ("body", "html") or any(one in others for one in above.iter("a")):
            break
        item = above
    return item


def _link_in(cases: Sequence[Case], listed: Mapping[View, Sequence[_Link]]) -> str | None:
    """What selects the link within an item, so that the first one leads to the article and has words.

    Empty where the item is the link, None if nothing does.
    """
    if all(node.tag == "a" for case in cases for node in case.nodes):
        return ""
    keys = {one.node: one.key for links in listed.values() for one in links}
    items = [(node, _inner(node, keys)) for case in cases for node in case.nodes]
    names: Counter[str] = Counter()
    for node, inner in items:
        own: set[str] = {"a"}
        for one in inner:
            own.update(f"a.{name}" for name in (one.get("class") or "").split() if is_stable(name))
            for above in one.iterancestors():
                if above is node:
                    break
                own.update(f".{name} a" for name in (above.get("class") or "").split() if is_stable(name))
                own.add(f"{above.tag} a")
        names.update(own)
    order = sorted(names, key=lambda one: (-names[one], one.count(" "), len(one), one))
    chosen: list[str] = []
    right = 0
    while right < RIGHT * len(items) and len(chosen) < MOST_LINKS:
        # Alternatives are tried in their order, so the next is for items that have none of the former, and one that
        # leads elsewhere stands in the way of those behind it.
        tried: dict[str, int] = {}
        for name in order:
            good, bad = _leads(items, ", ".join([*chosen, name]))
            if bad <= (1 - RIGHT) * len(items):
                tried[name] = good
        best = max(tried, key=lambda one: tried[one], default="")
        if not best or tried[best] <= right:
            break
        chosen.append(best)
        right = tried[best]
    if right >= RIGHT * len(items):
        return ", ".join(chosen)
    # The first link may have a picture alone.
    leads = sum(any(a in keys for a in select_all(node, "a")[:1]) for node, _ in items)
    return "a" if leads >= RIGHT * len(items) else None


def _leads(items: Sequence[tuple[Node, list[Node]]], selector: str) -> tuple[int, int]:
    """In how many items the first link that a selector finds leads to the article and has words, and in how many not.

    Those in which it finds none are neither.
    """
    first = [(next((a for a in select_all(node, selector) if a.get("href")), None), inner) for node, inner in items]
    found = [(a, inner) for a, inner in first if a is not None]
    good = sum(a in inner for a, inner in found)
    return good, len(found) - good


def _inner(item: Node, keys: Mapping[Node, str]) -> list[Node]:
    """The links of an item that lead to its article and have words."""
    return [one for one in item.iter("a") if one in keys and words(one).strip()]


def _date_in(cases: Sequence[Case]) -> str:
    """What selects the date within an item; empty if most items show none."""
    items = [node for case in cases for node in case.nodes]
    told: Counter[str] = Counter()
    for item in items:
        names: set[str] = set()
        for node in item.iterdescendants():
            if not isinstance(node.tag, str):
                continue
            text = " ".join(words(node).split())
            if node.tag == "time" and parse_date(node.get("datetime") or ""):
                names.add("time@datetime")
            if len(text) <= LONGEST_DATE and parse_date(text):
                names.update(f".{one}" for one in (node.get("class") or "").split() if is_stable(one))
                names.add(node.tag)
        # Of a link that shows a date in its headline the headline is no date.
        told.update(one for one in names if one != "a")
    good = [name for name, times in told.items() if times >= DATED * len(items)]
    for name in sorted(good, key=lambda one: (one != "time@datetime", one[0] != ".", -told[one], len(one), one)):
        read = [select_first(item, name) for item in items]
        if sum(bool(one and parse_date(one.value)) for one in read) >= DATED * len(items):
            return name
    return ""


def _dates_or_ids(case: Case, links: Sequence[_Link], date: str) -> list[float]:
    """The instants of a page's items, else their ids if they are numbers, in the order of the page."""
    if date:
        shown = [select_first(node, date) for node in case.nodes]
        told = [parse_date(one.value) if one else None for one in shown]
        return [one.instant.timestamp() for one in told if one]
    keys = list(dict.fromkeys(one.key for one in links))
    return [float(key) for key in keys] if all(key.isdigit() for key in keys) else []


def _is_ordered(pages: Sequence[Sequence[float]]) -> bool:
    pairs = [(one, other) for page in pages for one, other in pairwise(page)]
    return sum(one >= other for one, other in pairs) >= ORDERED * len(pairs)
