"""Fingerprints: what of a text's writing counts, and that the numbers are the same everywhere and for ever."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.fingerprint import (
    ALGORITHM,
    BANDS,
    ROWS,
    SHINGLE,
    Core,
    bands,
    core,
    figures_of,
    fold_syllable,
    packed,
    paragraphs,
    signatures,
    unpacked,
)
from tests.archive.stories import SYLLABLES, story

WRITTEN = "Sáng 5/1, Ủy ban nhân dân tỉnh hoà giải vụ việc tại thị trấn Quế; ông Nguyễn Văn Thuỵ chủ trì."


def core_of(text: str) -> Core:
    return core(paragraphs(text))


@pytest.mark.parametrize(
    "other",
    [
        WRITTEN.replace("hoà", "hòa").replace("Thuỵ", "Thụy"),
        unicodedata.normalize("NFD", WRITTEN),
        WRITTEN.upper(),
        "«Sáng 5-1 – Ủy ban nhân dân tỉnh hoà giải vụ việc (tại thị trấn Quế)… Ông Nguyễn Văn Thuỵ chủ trì!»",
        WRITTEN.replace(" ", "\n", 5).replace(" ", "\u00a0", 3),
    ],
    ids=["tone", "nfd", "case", "punctuation", "lines"],
)
def test_a_style_of_writing_is_no_other_text(other: str) -> None:
    one, two = core_of(WRITTEN), core_of(other)
    assert one.hash == two.hash
    assert one.shingles.tolist() == two.shingles.tolist()
    assert [p.hash for p in paragraphs(WRITTEN)] == [p.hash for p in paragraphs(other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hoa", "hòa"),
        ("hòa", "hỏa"),
        ("ta", "tă"),
        ("ta", "tâ"),
        ("tă", "tâ"),
        ("đa", "da"),
        ("hoà", "hoã"),
        ("bo", "bô"),
        ("bo", "bơ"),
        ("tu", "tư"),
        ("5", "6"),
        ("15", "1 5"),
    ],
)
def test_another_syllable_is_another_text(one: str, other: str) -> None:
    assert core_of(f"Chiều nay {one} trên sông").hash != core_of(f"Chiều nay {other} trên sông").hash
    assert one == "15" or fold_syllable(one) != fold_syllable(other)


def test_where_a_paragraph_ends_is_no_part_of_the_core_and_what_has_no_words_is_no_paragraph() -> None:
    text = "Một hai ba bốn.\n\n* * *\n\nNăm sáu bảy."
    assert [one.text for one in paragraphs(text)] == ["Một hai ba bốn.", "Năm sáu bảy."]
    assert core_of(text).hash == core_of("Một hai ba bốn. Năm sáu bảy.").hash
    assert core_of(text).hash != core_of("Năm sáu bảy.\n\nMột hai ba bốn.").hash, "their order is"


def test_recurring_paragraphs_are_left_out_wherever_they_stand() -> None:
    line = paragraphs("Mời bạn đọc theo dõi!")[0].hash
    found = paragraphs("Mời bạn đọc theo dõi\n\nMột hai ba bốn năm sáu.\n\nMỜI BẠN ĐỌC THEO DÕI")
    left = core(found, {line})
    assert left.hash == core_of("Một hai ba bốn năm sáu.").hash
    assert len(core(found[:1], {line}).shingles) == 0


@pytest.mark.parametrize("text", ["", "***", "\n\n", "…\n\n—"])
def test_a_text_without_words_has_no_shingles(text: str) -> None:
    assert paragraphs(text) == []
    assert len(core_of(text).shingles) == 0


@pytest.mark.parametrize("count", range(1, 9))
def test_as_many_shingles_as_places_and_one_for_what_is_shorter(count: int) -> None:
    assert len(core_of(" ".join(SYLLABLES[:count])).shingles) == max(1, count - SHINGLE + 1)


def test_a_short_text_is_told_from_a_part_of_it_and_from_another_order() -> None:
    made = [core_of(text).shingles.tolist() for text in ("một hai ba", "một hai", "ba hai một", "một hai hai")]
    assert len({tuple(one) for one in made}) == 4


def test_shingles_are_distinct_and_sorted() -> None:
    shingles = core_of(" ".join(["một hai ba bốn năm"] * 6)).shingles
    assert len(shingles) == 5
    assert np.all(shingles[1:] > shingles[:-1])


def test_figures() -> None:
    assert figures_of("Ngày 05/1/2022: 17-25 độ, COVID-19") == ("05", "1", "2022", "17", "25", "19")
    assert figures_of("Không có số") == ()


def test_the_numbers_are_those_that_are_kept_in_archives() -> None:
    # If one of these changes, archives hold other numbers: `ALGORITHM` has to change with them.
    made = core_of(WRITTEN)
    signature = signatures([made.shingles])
    assert ALGORITHM == PINNED_ALGORITHM
    assert [made.hash, int(made.shingles[0]), paragraphs("Một")[0].hash] == PINNED_CORE
    assert signature[0, :3].tolist() == PINNED_SIGNATURE
    assert bands(signature)[0, [0, 24]].tolist() == PINNED_BANDS


PINNED_ALGORITHM = "rensa-2/5/25x5/1"
PINNED_CORE = [3115663860202535055, 1376535200803018915, -3093354822619822587]
PINNED_SIGNATURE = [3246081189, 3290897276, 3233205551]
PINNED_BANDS = [-4996593672703002131, -7025657616888539208]


def test_signatures_survive_being_kept_and_equal_sets_share_every_band() -> None:
    cores = [core_of("\n\n".join(story(seed))).shingles for seed in (1, 2, 1)]
    made = signatures(cores)
    assert unpacked([packed(one) for one in made]).tolist() == made.tolist()
    keys = bands(made)
    assert keys.shape == (3, BANDS)
    assert keys[0].tolist() == keys[2].tolist()
    assert not set(keys[0].tolist()) & set(keys[1].tolist())
    assert signatures(cores[1:2]).tolist() == made[1:2].tolist(), "a signature hangs on what was signed beside it"


def test_nothing_to_sign_and_nothing_kept() -> None:
    assert signatures([]).shape == (0, BANDS * ROWS)
    assert unpacked([]).shape == (0, BANDS * ROWS)
    assert bands(signatures([])).shape == (0, BANDS)


def test_the_same_numbers_in_another_band_are_another_key() -> None:
    same = np.full((1, BANDS * ROWS), 7, dtype=np.uint32)
    assert len(set(bands(same)[0].tolist())) == BANDS
    turned = np.tile(np.arange(ROWS, dtype=np.uint32), BANDS)[None, :]
    assert not set(bands(turned)[0].tolist()) & set(bands(turned[:, ::-1])[0].tolist()), "the order in a band counts"


@given(seed=st.integers(0, 10_000), shared=st.integers(0, 400))
def test_signatures_agree_about_as_much_as_their_sets(seed: int, shared: int) -> None:
    numbers = np.random.default_rng(seed).integers(0, 2**64, 800, dtype=np.uint64)
    one, other = np.sort(numbers[:400]), np.sort(numbers[400 - shared : 800 - shared])
    jaccard = shared / (800 - shared)
    agreeing = int(np.count_nonzero(np.equal(*signatures([one, other]))))
    spread = (BANDS * ROWS * jaccard * (1 - jaccard)) ** 0.5
    assert abs(agreeing - BANDS * ROWS * jaccard) <= 5 * spread + 1


@given(text=st.text(alphabet="hoàaăâđ ̣̀́ưỵ5-_.\n\u200b\u00a0Đ", max_size=40))
def test_any_text_gives_the_same_in_either_normal_form(text: str) -> None:
    composed, parted = (core_of(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed.hash == parted.hash
    assert len(composed.shingles) <= max(1, len(text))
