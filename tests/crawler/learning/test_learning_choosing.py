"""A selector that learning tries matches what a reading finds by it."""

from crawler.extraction.select import compiled
from crawler.learning.choosing import Chooser, small_elements
from tests.crawler.learning.articles import Invented, views_of


def page(one: Invented) -> str:
    return f"""<main><div id="bai" class="hop lon"><h1 class="ten">{one.title}</h1>
        <p class="hop"><i class="mat"></i>{one.number}9</p>
        <div class="hop"><a rel="category tag" class="muc">Xã hội</a>
        <time class="hop ten" datetime="{one.at:%Y-%m-%d}">x</time></div></div>
        <div class="lon"><div class="hop"><b itemprop="author name">Lan</b></div></div></main>"""


def test_matches_are_those_of_the_selector() -> None:
    chooser = Chooser(views_of(page))
    wanted = [[(node, "datetime" if node.tag == "time" else "") for node in small] for small in chooser.small]
    candidates = chooser.candidates(wanted)
    assert len(candidates) > 100
    for form, _ in candidates:
        (one,) = compiled(form.css)
        for view, found in zip(chooser.views, chooser.matches(form), strict=True):
            assert found == [node for node in one.nodes(view.tree) if chooser.value(node, one.attribute)], form.css


def test_small_elements_leave_out_navigation_and_large_boxes() -> None:
    (view, *_) = views_of(lambda one: f'<nav><a>Trang chủ</a></nav><div>{"<p>a</p>" * 20}</div><p class="x">b</p>')
    assert {node.tag for node in small_elements(view.tree)} == {"p"}
