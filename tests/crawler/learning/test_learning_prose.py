"""Which blocks are taken for an article's words, on pages of one template."""

from collections.abc import Callable

import pytest

from crawler.learning.body import body_of
from crawler.learning.prose import prose_of
from crawler.learning.views import recurring
from tests.crawler.learning.articles import TITLES, Invented, views_of

SENTENCES = tuple(
    f"{title} trong buổi sáng mà cả thôn cùng có mặt, ai cũng mang theo một việc để làm." for title in TITLES
)


def lines(one: Invented, first: int, count: int = 4) -> list[str]:
    """Lines that no other article has."""
    return [
        f"Ở chặng {first + n} của bài {one.number}, {SENTENCES[(one.number + n) % 12].lower()}" for n in range(count)
    ]


def body(page_of: Callable[[Invented], str]) -> str:
    views = views_of(page_of)
    counted = recurring(views)
    found = body_of(views, prose_of(views, counted), counted)
    return found.selector if found else ""


def test_lines_parted_by_breaks_around_pictures_are_prose() -> None:
    def page(one: Invented) -> str:
        text = "<br><br>".join(
            [lines(one, 1, 1)[0], '<div><img src="a.jpg"></div><div><i>Chợ họp</i></div>', *lines(one, 2)]
        )
        lead = f"Tóm tắt bài {one.number} bằng một câu đủ dài để không lẫn với câu nào trong bài."
        begins = f'<div class="article"><h1>{one.title}</h1><div class="short">{lead}</div>'
        return f'{begins}<div class="full">{text}</div></div>'

    views = views_of(page)
    prose = prose_of(views)
    assert all(any(leaf.node.get("class") == "full" for leaf in prose[view].sure) for view in views)
    assert body(page) == ".full"


def below(one: Invented, box: str) -> str:
    text = "".join(f"<p>{line}</p>" for line in lines(one, 1, 5))
    return f'<div id="content"><h1>{one.title}</h1><div class="abc">{text}</div>{box}</div>'


def comments(one: Invented) -> str:
    said = "".join(f"<div><b>Bạn đọc {one.number}</b><p>{line}</p></div>" for line in lines(one, 20, 3))
    return f'<div id="c1"><h3>Ý kiến bạn đọc</h3>{said}</div>'


def excerpts(one: Invented) -> str:
    return "".join(
        f'<div class="ex"><a href="/{one.number}-{n}.html">Bài khác số {n} đọc cùng bài {one.number} hôm nay</a>'
        f"<p>{line}</p></div>"
        for n, line in enumerate(lines(one, 30, 3))
    )


@pytest.mark.parametrize("box", [comments, excerpts])
def test_boxes_below_the_text_that_begin_with_a_label_or_a_link_are_not_its_own(box: Callable[[Invented], str]) -> None:
    def page(one: Invented) -> str:
        return below(one, box(one))

    views = views_of(page)
    prose = prose_of(views)
    assert [len(prose[view].sure) for view in views] == [5] * len(views)
    assert body(page) == ".abc"


def test_a_box_that_holds_most_of_the_words_is_the_text_whatever_it_begins_with() -> None:
    def page(one: Invented) -> str:
        lead = f"Tóm tắt bài {one.number} bằng một câu đủ dài để không lẫn với câu nào trong bài."
        text = "".join(f"<p>{line}</p>" for line in lines(one, 1, 5))
        begins = f"<div class='all'><h1>{one.title}</h1><p>{lead}</p>"
        return f"{begins}<div class='text'><div>In bài này</div>{text}</div></div>"

    views = views_of(page)
    prose = prose_of(views)
    for view in views:
        said = {leaf.node for leaf in prose[view].sure}
        assert {node for node in view.bearers["p"] if node.getparent().get("class") == "text"} <= said
