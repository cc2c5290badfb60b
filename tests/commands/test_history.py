"""The history of an article as a person reads it: word diffs, with colours and without."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.history import diff_text
from commands.wording import CONTEXT, MOST_WORK, PARAGRAPH, How, Piece, word_diff

WORDS = st.lists(st.sampled_from(["một", "hai", "ba", "bốn"]), min_size=1, max_size=6)
PARAGRAPHS = st.lists(WORDS.map(" ".join), max_size=5)


def plain(before: list[str], after: list[str]) -> str:
    return diff_text(word_diff(before, after), coloured=False).plain


@given(PARAGRAPHS, PARAGRAPHS)
def test_a_diff_holds_both_texts_whole(before: list[str], after: list[str]) -> None:
    pieces = word_diff(before, after, context=1000)
    if before == after:
        assert pieces == []
        return
    for side, how in ((before, How.OUT), (after, How.IN)):
        words = [word for piece in pieces if piece.how in (How.SAME, how) for word in piece.words]
        whole = " ".join(words).split(PARAGRAPH)
        assert [" ".join(paragraph.split()) for paragraph in whole if paragraph.split()] == side
    assert all(one.how is not other.how for one, other in itertools.pairwise(pieces))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (["Cầu dài 60 mét."], ["Cầu dài 65 mét."], "Cầu dài [-60-]{+65+} mét."),
        ([], ["Thu Hà"], "{+Thu Hà+}"),
        (["Thu Hà"], [], "[-Thu Hà-]"),
        (["Một.", "Hai."], ["Một.", "Xen.", "Hai."], "Một. ¶ {+Xen. ¶+} Hai."),
        (["Một.", "Hai."], ["Một."], "Một. [-¶ Hai.-]"),
        (["a b c d"], ["x b y d"], "[-a-]{+x+} b [-c-]{+y+} d"),
    ],
)
def test_what_a_diff_shows(before: list[str], after: list[str], shown: str) -> None:
    assert plain(before, after).replace(" ¶ [-", " [-¶ ") == shown.replace(" ¶ [-", " [-¶ ")


def test_long_stretches_without_a_change_are_shortened() -> None:
    words = [f"w{number}" for number in range(200)]
    changed = [*words[:100], "mới", *words[101:]]
    pieces = word_diff([" ".join(words)], [" ".join(changed)])
    assert [(piece.how, len(piece.words)) for piece in pieces] == [
        (How.LEFT_OUT, 100 - CONTEXT), (How.SAME, CONTEXT), (How.OUT, 1), (How.IN, 1),
        (How.SAME, CONTEXT), (How.LEFT_OUT, 99 - CONTEXT),
    ]  # fmt: skip
    assert plain([" ".join(words)], [" ".join(changed)]).startswith("... 94 words ... w94 ")


def test_a_text_too_long_to_compare_is_shown_as_replaced() -> None:
    """Compared word by word, these would take hours: every word recurs, and nothing is where it was."""
    size = 50_000
    assert size * size > MOST_WORK
    before, after = ["đầu " + "một hai " * size + "cuối"], ["đầu " + "hai ba " * size + "cuối"]
    pieces = word_diff(before, after)
    assert [piece.how for piece in pieces] == [How.SAME, How.OUT, How.IN, How.SAME]
    many = word_diff([f"a{n}" for n in range(2_000)], [f"b{n}" for n in range(2_000)])
    assert [piece.how for piece in many] == [How.OUT, How.IN]


def test_colours_on_a_terminal_marks_elsewhere() -> None:
    pieces = [Piece(How.OUT, ("cũ",)), Piece(How.IN, ("mới",))]
    coloured = diff_text(pieces, coloured=True)
    assert coloured.plain == "cũ mới"
    assert [(span.start, span.end, span.style) for span in coloured.spans] == [(0, 2, "red strike"), (3, 6, "green")]
    assert diff_text(pieces, coloured=False).plain == "[-cũ-]{+mới+}"
