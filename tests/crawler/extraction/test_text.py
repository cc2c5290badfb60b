"""Normal forms of words: the quick ways give what the plain ways would."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.text import (
    _CONTROL,
    fewer_words,
    folded,
    has_words,
    is_plain,
    repair_double_encoding,
    same_words,
    squash,
    visible,
    word_count,
)
from tests.crawler.helpers import no_hang

# Characters that the rules are about, among others: what hides, what doubles, what divides.
ODD = "\u200b\u00ad\x85\x0c\x1c\x7f\ufeff\u2028\u00a0 \t\nÃÄÆá»ºâ€\x80ạĐđe\u0302ßİ_.–“"
TEXTS = st.text(st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8")), max_size=40)


@given(TEXTS)
def test_a_plain_page_is_one_that_cleaning_leaves_as_it_is(text: str) -> None:
    if is_plain(text.encode()):
        assert visible(repair_double_encoding(text)) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Thị xã Hồng Lĩnh: “cá basa”, 7.000 đồng/kg – NGÃ BA", True),
        ("cá\u00a0basa\r\n\tvà tôm", True),
        ("Hồng\u200bLĩnh", False),
        ("Hồng\x00Lĩnh", False),
        ("Hồng\u00adLĩnh", False),
        ("\ufeffHồng Lĩnh", False),
        ("Há»\u0093ng LÄ©nh", False),
    ],
)
def test_most_pages_are_plain(text: str, plain: bool) -> None:
    assert is_plain(text.encode()) is plain


@given(TEXTS)
def test_squashed_text_is_what_reads_the_same(text: str) -> None:
    squashed = squash(text)
    assert squashed == squash(squashed)
    assert not _CONTROL.search(squashed)
    assert "  " not in squashed and squashed == squashed.strip()
    assert folded(squashed) == folded(squash(_CONTROL.sub("", text)))


@given(TEXTS, TEXTS)
def test_same_words_are_those_that_fold_to_the_same(one: str, other: str) -> None:
    assert same_words(one, other) == (folded(one) == folded(other))
    assert same_words(one, f"“{one.upper().lower()}”…") == (folded(one) == folded(one.upper().lower()))


@given(st.text(st.sampled_from("ab \n"), max_size=30), st.integers(1, 12))
def test_fewer_words_counts_as_word_count_does(text: str, than: int) -> None:
    assert fewer_words(text, than) == (word_count(text) < than)


@pytest.mark.parametrize(("text", "has"), [("a", True), ("7", True), ("_____", False), (". – …", False), ("đ", True)])
def test_words_have_a_letter_or_a_digit(text: str, has: bool) -> None:
    assert has_words(text) is has


@pytest.mark.parametrize("mark", ["\u0301", "\u0301\u0323", "\u05b0\u0591"])
def test_a_letter_with_a_hundred_thousand_marks_does_not_hang(mark: str) -> None:
    with no_hang(20):
        assert len(squash(f"chữ a{mark * 50_000} và chữ b")) < 60


def test_marks_of_a_long_text_in_decomposed_form_are_all_kept() -> None:
    text = "Tổ dân phố 4 trồng lại vườn cúc. " * 100
    assert squash(unicodedata.normalize("NFD", text)) == text.strip()


@pytest.mark.parametrize(
    "code", [*range(0x80, 0x85), *range(0x86, 0xA0), 0x1B, 0x07, 0x061C, *range(0x2066, 0x206A), 0x202E]
)
def test_what_a_terminal_obeys_or_turns_round_is_in_no_text(code: int) -> None:
    text = f"Chợ{chr(code)} phiên"
    assert squash(text) == visible(text) == "Chợ phiên"
    assert not is_plain(text.encode())
