"""What learning sees of a page: its blocks with words."""

import pytest

from crawler.learning.views import MOST_DEEP, MOST_ELEMENTS, MOST_LEAVES, recurring
from tests.crawler.learning.pages import view


def test_a_block_has_the_words_that_stand_in_no_block_within_it() -> None:
    seen = view("<div>Đầu <p>Một <b>hai</b> ba</p> cuối</div><script>var x</script><p> </p>")
    assert [leaf.text for leaf in seen.leaves] == ["Đầu cuối", "Một hai ba"]
    assert [leaf.node.tag for leaf in seen.leaves] == ["div", "p"]


def test_a_block_tells_how_much_of_it_is_linked_and_where_to() -> None:
    (leaf,) = view('<p>Xem <a href="/tin/bai-2.html">bài <b>hai</b></a> ngay</p>').leaves
    assert leaf.letters == "xembàihaingay"
    assert leaf.linked == len("bàihai")
    assert leaf.hrefs == ("/tin/bai-2.html",)


def test_lines_divided_by_breaks_are_words_apart() -> None:
    (leaf,) = view("<p>một<br>hai</p>").leaves
    assert leaf.text == "một hai"


def test_a_block_recurs_on_the_pages_that_say_the_same() -> None:
    views = [view("<p>Chuyên mục</p><p>Một</p>"), view("<div>CHUYÊN MỤC</div><p>Hai</p>")]
    counted = recurring(views)
    shares = [counted.share(leaf) for leaf in views[0].leaves]
    assert shares == [1.0, 0.5]


def test_a_page_fetched_again_tells_what_changed() -> None:
    seen = view("<p>Lượt xem: 1</p><p>Tin</p>", again="<p>Lượt xem: 2</p><p>Tin</p>")
    assert seen.again is not None
    assert [leaf.text for leaf in seen.leaves if leaf.letters not in seen.again] == ["Lượt xem: 1"]
    assert view("<p>Tin</p>").again is None


@pytest.mark.parametrize(
    ("markup", "much"),
    [
        ("<p>một đoạn <b>văn</b> <i>và</i> <a>nối</a></p>" * 600, None),
        ("<i></i>" * (MOST_ELEMENTS + 1), "elements"),
        ("<p>a</p>" * (MOST_LEAVES + 1), "blocks"),
        ("<div>" * (MOST_DEEP + 1) + "a", "deep"),
    ],
)
def test_what_is_too_much_to_learn_from_and_that_a_long_article_is_not(markup: str, much: str | None) -> None:
    told = view(markup).too_much()
    assert told is None if much is None else much in (told or "")
