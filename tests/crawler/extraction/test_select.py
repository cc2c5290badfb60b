"""Selectors on a whole page: what the index of names finds is what an XPath finds, in the same order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from crawler.extraction.layout import SELECTORS
from crawler.extraction.select import (
    LONGEST_CLASSES,
    Named,
    _asked_for,
    anchors,
    compiled,
    remove,
    select_all,
    select_first,
    select_largest,
    words,
)
from crawler.sites import all_sites
from tests.crawler.helpers import page_of
from tests.goldens.reading import page_names, serve

NESTED = """
<div class="tin"><p class="ngay">1</p>
  <div class="tin khung"><p class="ngay">2</p><span>3</span></div>
  <p class="ngay">4</p></div>
<div id="khung"><p>5</p></div><p class="ngay" id="khung">6</p>
"""

SELECTORS_OF_LAYOUTS = sorted(
    {
        one.css
        for spider in all_sites().values()
        for layout in spider.layouts
        for name in SELECTORS
        for one in compiled(getattr(layout, name))
    }
)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (".ngay", ["1", "2", "4", "6"]),
        (".tin .ngay", ["1", "2", "4"]),
        (".tin > .ngay", ["1", "2", "4"]),
        ("div.khung .ngay", ["2"]),
        ("#khung", ["5", "6"]),
        ("p#khung", ["6"]),
        ("#khung p", ["5"]),
        (".tin ~ .ngay", ["4", "6"]),
        (".khung + p", ["4"]),
        (".ngay:not(.tin *)", ["6"]),
        ("span, .khung .ngay", ["3", "2"]),
        (".tin.khung span", ["3"]),
        (".vắng .ngay", []),
    ],
)
def test_nodes_come_in_the_order_of_the_page(selector: str, found: list[str]) -> None:
    tree = page_of(NESTED).tree
    named = Named(tree, anchors([selector]))
    assert [words(node).strip() for node in select_all(named, selector)] == found
    assert select_all(tree, selector) == select_all(named, selector)


@pytest.mark.parametrize("name", page_names()[::3])
def test_every_selector_of_every_layout_finds_the_same_with_and_without_the_index(name: str) -> None:
    tree = serve(name).tree
    named = Named(tree, anchors(SELECTORS_OF_LAYOUTS))
    for selector in SELECTORS_OF_LAYOUTS:
        assert select_all(named, selector) == select_all(tree, selector), selector


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(" ".join)
TREES = st.recursive(
    st.tuples(st.sampled_from(["p", "div"]), NAMES, st.just(())),
    lambda inner: st.tuples(st.sampled_from(["p", "div"]), NAMES, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=12,
)
PARTS = st.sampled_from([".a", ".b", "div.a", "#a", "p", ".a.b", ".c:first-child", "p:not(.b)"])
SELECTOR = st.builds(
    lambda first, rest: first + "".join(f"{how}{part}" for how, part in rest),
    PARTS,
    st.lists(st.tuples(st.sampled_from([" ", " > ", " + ", " ~ "]), PARTS), max_size=2),
)


def _grown(tree: Any) -> Any:
    tag, names, inside = tree
    element = etree.Element(tag, **({"class": names, "id": names.split(" ")[0]} if names else {}))
    element.extend(map(_grown, inside))
    return element


@given(TREES, SELECTOR, st.integers(0, 30), st.booleans())
def test_the_index_finds_what_an_xpath_finds(tree: Any, selector: str, removed: int, indexed: bool) -> None:
    root = _grown(tree)
    named = Named(root, anchors([selector]) if indexed else frozenset())
    nodes = list(root.iter())
    remove(nodes[removed % len(nodes)])
    assert select_all(named, selector) == select_all(root, selector)


def test_a_node_that_was_taken_out_is_found_no_more() -> None:
    tree = page_of('<div class="khung"><p class="tin">Một</p>hai</div>').tree
    named = Named(tree, anchors([".tin, .khung p"]))
    assert len(select_all(named, ".tin")) == 1
    remove(select_all(named, ".khung")[0])
    assert select_all(named, ".tin") == select_all(named, ".khung p") == []


def test_the_words_behind_a_removed_node_stay() -> None:
    page = page_of("<p>Sáng <b>12/3</b>, <i>bà con</i> thu hoạch.</p>")
    for tag in ("b", "i"):
        remove(select_first(page.tree, tag).node)  # type: ignore[union-attr]
    assert words(page.tree).split() == ["Sáng", ",", "thu", "hoạch."]
    remove(page.tree)  # a root stands nowhere, and stays


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<p>Một<br>hai</p>", "Một hai"),
        ("<div><p>Một</p>hai</div>", "Một hai"),
        ("<p>Một<script>hai()</script> ba</p>", "Một ba"),
        ("<script>hai()</script>", ""),
        ("<p>Một</p>", "Một"),
    ],
)
def test_words_are_divided_as_they_are_seen(markup: str, said: str) -> None:
    [node] = page_of(markup).tree[-1]
    assert " ".join(words(node).split()) == said


def test_the_largest_is_the_one_with_the_most_words_of_the_first_alternative_there_is() -> None:
    tree = page_of('<p class="a">Một</p><p class="a">Một hai</p><p class="b">Một hai ba</p>').tree
    found = select_largest(tree, ".none, .a, .b")
    assert found is not None
    assert (words(found.node), found.selector) == ("Một hai", ".a")
    assert select_largest(tree, ".none") is None


def test_long_class_attributes_are_searched_and_not_remembered() -> None:
    long = "x" * LONGEST_CLASSES
    tree = html.document_fromstring(f'<p class="tin {long}">Một</p><p class="tin">Hai</p>')
    _asked_for.cache_clear()
    named = Named(tree, anchors([".tin"]))
    assert [node.text for node in named.bearing(".tin")] == ["Một", "Hai"]
    assert _asked_for.cache_info().currsize == 1
