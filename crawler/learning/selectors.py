"""Selectors that a person could have written: short, of names that stay, never of positions."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from crawler.extraction.select import Match, Node, select_all, select_first, select_largest, words
from crawler.extraction.text import squash
from crawler.learning.views import View, names_of

WIDEST, MOST_TRIED = 60, 10
"""Names that are tried at most, in selectors of two parts and of three: deep pages have thousands of pairs."""

_STATES = frozenset(
    (
        "active", "current", "selected", "open", "opened", "closed", "show", "shown", "hide",
        "hidden", "hover", "focus", "disabled", "visible", "in", "out", "fade", "first", "last",
        "odd", "even", "loaded", "loading", "lazy", "lazyloaded", "lazyload", "expanded",
        "collapsed", "collapse", "sticky", "fixed", "ng-scope", "ng-binding", "ng-star-inserted",
        "clearfix", "clear",
    )
)  # fmt: skip
"""Classes by which scripts and style sheets tell a state, a turn in a row or a float (Bootstrap, jQuery UI,
WordPress, Angular): an element has them today and not tomorrow."""

_GRID = re.compile(
    r"(?:col|row|container|grid|span|offset|pull|push|float|text|w|h|[mp][trblxy]?|d|flex|order|justify|align)"
    r"(?:-(?:xs|sm|md|lg|xl|xxl|fluid|left|right|center|justify|auto|wrap|none|block|\d{1,2}))*\d{0,2}"
)
"""Utility classes of grids (Bootstrap, Foundation): they say where a thing stands, and go with the next look."""

_NAME = re.compile(r"-?[_a-zA-Z][\w-]*", re.ASCII)
"""A name that CSS takes without escapes (CSS Syntax 3, 4.3.11), in ASCII."""

_GENERATED = re.compile(r"(?:css|sc|jss|svelte|astro|emotion|styled|tw|makeStyles|ng-tns|_ngcontent|_nghost)-?[\w-]*\d")
"""What style compilers write: a prefix of theirs and a counted or hashed part."""

_COMPILED = re.compile(r"(?:css|sc|jss|emotion)-[a-zA-Z]{5,8}(?:-\w+)?", re.ASCII)
"""The same with a hash that happens to be without digits: five to eight letters (Emotion, styled-components)."""

_NUMBERED = re.compile(r"[-_]\d\d+$")
"""What names an entry by its number (WordPress, Drupal: post-12, menu-item-45, node-97); one digit may count the parts
of a template."""

_ENDINGS = frozenset(("in", "out", "first", "last", "clear", "fixed", "open", "show"))
"""States that are also what words of other names end in: "sign-in", "sidebar-fixed"."""

_SEMANTIC = frozenset(
    (
        "article", "main", "h1", "time", "figcaption", "header", "footer", "address",
    )
)  # fmt: skip
"""Tags that say what they hold (HTML Living Standard, 4.3), so that they may stand alone."""

_PLAIN = frozenset(
    (
        "h2", "h3", "h4", "h5", "p", "span", "em", "strong", "b", "i", "figure", "div", "td", "li",
        "a", "table", "ul", "ol", "blockquote", "center", "section",
    )
)  # fmt: skip
"""Tags that may be the last part behind a named one."""


class Pick(Enum):
    """Which of the nodes a selector finds count; as `Layout` says for its fields."""

    FIRST = "first"
    LAST = "last"
    LARGEST = "largest"
    ALL = "all"


@dataclass(frozen=True, eq=False)
class Case:
    """What is to be picked on one view: one of `nodes` (or just these, for `Pick.ALL`).

    Without nodes nothing may be found there.
    """

    view: View
    nodes: tuple[Node, ...] = ()


@lru_cache(maxsize=16_384)
def is_stable(name: str) -> bool:
    """Tell whether an id or a class (without ``#`` or ``.``) looks like one that stays.

    Not so what CSS cannot name; what is a state or ends in one ("is-active"); what ends in the number of an entry
    ("post-12", but not "col-md-12" of a grid) or has three digits in a row; what a style compiler has put its prefix
    before; and what has a hash in it: a part of five and more characters in which letters and digits alternate, or
    whose case changes so often that no words are left (of three pieces two letters each, of four less than three). A
    hash that happens to be in small letters is told only behind a compiler's prefix.
    """
    if not _NAME.fullmatch(name) or name.lower() in _STATES or len(name) > 60:
        return False
    if re.search(r"\d{3}", name) or _GENERATED.match(name) or _COMPILED.fullmatch(name):
        return False
    if not is_look(name) and (_NUMBERED.search(name) or _ends_in_state(name)):
        return False
    return not any(map(_is_hashed, re.split(r"[-_]+", name)))


def _ends_in_state(name: str) -> bool:
    *before, last = re.split(r"[-_]+", name.lower())
    return bool(before) and last in _STATES - _ENDINGS


def _is_hashed(part: str) -> bool:
    if len(part) < 5:
        return False
    turns = len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", part))
    if turns >= 2:
        return True
    # "tinTucChiTiet" changes its case at words; a hash changes it anywhere.
    humps = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", part)
    return (len(humps) > 3 and len(part) < 3 * len(humps) - 1) or (len(humps) > 2 and len(part) <= 2 * len(humps))


def is_look(name: str) -> bool:
    """Tell whether a class (without ``.``) says by its name how or where a thing stands, and not what it is."""
    return _GRID.fullmatch(name) is not None


def simple(node: Node) -> list[str]:
    """The simple selectors of a node that may name it, the best first: id, microdata, classes, a telling tag."""
    return _ranked(tuple(names_of(node)))


# Asked of all that stands around each block, in which a site says the same few hundred names.
@lru_cache(maxsize=16_384)
def _ranked(names: tuple[str, ...]) -> list[str]:
    return sorted(filter(_may_name, names), key=rank)


def _may_name(name: str) -> bool:
    if name[0] in "#.":
        return is_stable(name[1:])
    return name[0] == "[" or name in _SEMANTIC


def rank(name: str) -> tuple[int, int, str]:
    """How little a simple selector is worth: what tells a place on the grid or has a number last."""
    if name[0] == "#":
        kind = 3 if re.search(r"\d", name) else 0
    elif name[0] == ".":
        kind = 5 if is_look(name[1:]) else 3 if re.search(r"\d", name) else 1
    else:
        kind = 1 if name[0] == "[" else 2
    return kind, len(name), name


def shortest(cases: Sequence[Case], pick: Pick = Pick.FIRST, *, attribute: str = "", right: float = 1.0) -> str:
    """The shortest selector of stable names that picks what is wanted on at least the share `right` of `cases`.

    By `crawler.extraction.select`'s own rules. With `attribute` the value is read from that, and the selector ends in
    ``@attribute``. An empty string if there is none.
    """
    wanted = [case for case in cases if case.nodes]
    allowed = round((1 - right) * len(cases), 6)
    for one in _candidates(wanted):
        if _misses(cases, one, pick, attribute, allowed) <= allowed:
            return one.written(attribute)
    return ""


def covering(
    cases: Sequence[Case], pick: Pick = Pick.ALL, *, attribute: str = "", most: int = 3, right: float = 1.0
) -> str:
    """A list of at most `most` selectors that picks what is wanted, and nothing else on any of `cases`.

    The next is chosen for what the former ones do not pick. Fewer views than the share `right` of those with wanted
    nodes may stay without; otherwise an empty string.
    """
    wanted = [case for case in cases if case.nodes]
    left = {case: set(case.nodes) for case in wanted}
    found: list[str] = []
    while left and len(found) < most:
        best: tuple[int, str, dict[Case, set[Node]]] | None = None
        for one in _candidates([Case(case.view, tuple(nodes)) for case, nodes in left.items()]):
            if not all(set(chosen(case.view, one, pick, attribute)) <= set(case.nodes) for case in cases):
                continue
            rest = {case: _left(case, nodes, one, pick, attribute) for case, nodes in left.items()}
            rest = {case: nodes for case, nodes in rest.items() if nodes}
            size = sum(map(len, rest.values()))
            if best is None or size < best[0]:
                best = size, one.written(attribute), rest
                if not rest:
                    break
        if best is None or best[2] == left:
            break
        found.append(best[1])
        left = best[2]
    return ", ".join(found) if found and len(left) <= round((1 - right) * len(wanted), 6) else ""


def _left(case: Case, nodes: set[Node], one: "Chain", pick: Pick, attribute: str) -> set[Node]:
    """What of a view's wanted nodes a selector does not pick; where one is enough, nothing once one is picked."""
    found = set(chosen(case.view, one, pick, attribute))
    return nodes - found if pick is Pick.ALL or not found else set()


def picked(view: View, selector: str, pick: Pick) -> list[Node]:
    """The nodes of a view that count for a layout's field."""
    if pick is Pick.ALL:
        return list(dict.fromkeys(select_all(view.tree, selector)))
    found: Match | None
    if pick is Pick.LARGEST:
        found = select_largest(view.tree, selector)
    else:
        found = select_first(view.tree, selector, last=pick is Pick.LAST)
    return [found.node] if found else []


@dataclass(frozen=True, slots=True)
class Chain:
    """A selector of one to three parts; each is all that one element has to bear.

    Found by the views' own lists of bearers: to compile the thousands that are tried takes seconds.
    """

    parts: tuple[tuple[str, ...], ...]
    is_child: bool = False

    def written(self, attribute: str = "") -> str:
        """The selector as CSS, with the attribute that it reads."""
        joint = " > " if self.is_child else " "
        return joint.join("".join(part) for part in self.parts) + (f"@{attribute}" if attribute else "")

    def nodes(self, view: View) -> list[Node]:
        """The elements of a view that it matches, in their order."""
        *outer, last = self.parts
        found = _bearing(view, last)
        for i, part in enumerate(reversed(outer)):
            if not found:
                break
            around = set(_bearing(view, part))
            if i == 0 and self.is_child:
                found = [node for node in found if node.getparent() in around]
            elif i == 0:
                found = [node for node in found if any(above in around for above in node.iterancestors())]
            else:
                inner = set(_bearing(view, outer[-i]))
                found = [node for node in found if _stands(node, inner, around)]
        return found


def _bearing(view: View, part: tuple[str, ...]) -> list[Node]:
    found = view.bearers.get(part[-1], [])
    if len(part) == 1 or not found:
        return found
    others = [set(view.bearers.get(name, ())) for name in part[:-1]]
    return [node for node in found if all(node in other for other in others)]


def _stands(node: Node, inner: set[Node], outer: set[Node]) -> bool:
    seen = False
    for above in node.iterancestors():
        if seen and above in outer:
            return True
        seen = seen or above in inner
    return False


def _misses(cases: Sequence[Case], one: Chain, pick: Pick, attribute: str, allowed: float) -> int:
    missed = 0
    for case in cases:
        found = chosen(case.view, one, pick, attribute)
        if pick is Pick.ALL or not case.nodes:
            missed += set(found) != set(case.nodes)
        else:
            missed += not found or found[0] not in case.nodes
        if missed > allowed:
            break
    return missed


def chosen(view: View, one: Chain, pick: Pick, attribute: str = "") -> list[Node]:
    """What `picked` gives, without compiling anything."""
    nodes = one.nodes(view)
    if pick is Pick.ALL or not nodes:
        return nodes
    if pick is Pick.LARGEST:
        return [max(nodes, key=lambda node: len("".join(node.itertext())))]
    ordered = reversed(nodes) if pick is Pick.LAST else nodes
    for node in ordered:
        if squash(node.get(attribute) or "" if attribute else words(node)):
            return [node]
    return []


def _candidates(wanted: Sequence[Case]) -> Iterator[Chain]:
    """Selectors of one part, of two and of three that the `wanted` nodes may answer to, the shorter first."""
    own: Counter[str] = Counter()
    above: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for case in wanted:
        own.update({name for node in case.nodes for name in simple(node)})
        tags.update({node.tag for node in case.nodes if node.tag in _PLAIN})
        outer = {one for node in case.nodes for one in node.iterancestors()}
        above.update({name for one in outer for name in simple(one)})
    ones, plain, outers = _best(own), _best(tags), _best(above)
    lasts = [(one,) for one in (*ones, *plain)]
    yield from (Chain(((one,),)) for one in ones)
    yield from (Chain(((tag, one),)) for one in ones for tag in plain if one[0] == ".")
    yield from (Chain(((one, other),)) for one in ones for other in ones if one < other and one[0] == other[0] == ".")
    for around in outers:
        yield from (Chain(((around,), last)) for last in lasts if last != (around,))
        yield from (Chain(((around,), last), is_child=True) for last in lasts)
    few = outers[:MOST_TRIED]
    yield from (
        Chain(((one,), (other,), last)) for one in few for other in few if one != other for last in lasts[:MOST_TRIED]
    )


def _best(counts: Counter[str]) -> list[str]:
    """Names by how many views have them, the better ones first among equals."""
    return sorted(counts, key=lambda name: (-counts[name], rank(name)))[:WIDEST]
