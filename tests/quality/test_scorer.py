"""The scorer on made-up readings: each measure falls for what it is there for, and for nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.onboarding.goldens import Golden
from tests.quality.scorer import MEASURES, Score, f1, score, unsaid

LEAD = "Sáng 3/5, xã Hòa Lâm khánh thành trạm bơm thứ hai bên sông Con."
FIRST = "Trạm có hai tổ máy, tưới cho 140 ha lúa của năm thôn vùng cao."
CAPTION = "Bà con thôn Đồi xem vận hành thử tổ máy số 1."
SECOND = "Theo ông Lò Văn Thao, từ vụ mùa này không thôn nào phải chờ nước."
ITEM = "Kinh phí: 2,4 tỷ đồng"
COUNTER = "Lượt xem: 270"

TRUTH: Golden = {
    "title": "Hòa Lâm có trạm bơm thứ hai",
    "lead": LEAD,
    "blocks": [["lead", LEAD], ["p", FIRST], ["caption", CAPTION], ["p", SECOND], ["li", ITEM]],
    "captions": [CAPTION],
    "kind": "article",
    "published": {"instant": "2022-05-03T10:20:00+07:00", "precision": "minute"},
    "author": "Hà Vi",
    "affiliation": "Đài xã Hòa Lâm",
    "source_credit": None,
    "section": "Kinh tế",
    "rejection": None,
}
REFUSED: Golden = {**dict.fromkeys(TRUTH), "rejection": "no-layout"}
TEXT = {"text_f1", "text_exact", "paragraphs"}


def blocks(*texts: str) -> dict[str, Any]:
    return {"blocks": [["p", text] for text in texts]}


def dated(instant: str, precision: str = "minute") -> dict[str, Any]:
    return {"published": {"instant": f"{instant}:00+07:00", "precision": precision}}


def not_right(truth: Golden | None, reading: Golden) -> set[str]:
    """The measures by which a reading is not all right."""
    found = score([("site/1", truth, reading)])
    assert set(found) == set(MEASURES)
    wrong = {name for name, one in found.items() if (one.amount > 0 if MEASURES[name].wrong else one.amount < one.of)}
    assert wrong == {name for name, one in found.items() if one.pages}
    return wrong


@pytest.mark.parametrize(
    ("change", "falls"),
    [
        pytest.param({}, set(), id="all is right"),
        pytest.param(
            {**blocks(FIRST, CAPTION, SECOND, ITEM), "lead": None}, {*TEXT, "lost_lines", "lead"}, id="no lead"
        ),
        pytest.param({"lead": None}, {"lead"}, id="the lead counts as a paragraph"),
        pytest.param(blocks(LEAD, FIRST, CAPTION, SECOND), {*TEXT, "lost_lines"}, id="the last line is lost"),
        pytest.param(blocks(LEAD, FIRST, CAPTION, SECOND, ITEM, COUNTER), {*TEXT, "noise_lines"}, id="a counter stays"),
        pytest.param(blocks(LEAD, FIRST, CAPTION, CAPTION, SECOND, ITEM), {*TEXT, "noise_lines"}, id="a caption twice"),
        pytest.param(blocks(LEAD, FIRST, CAPTION, SECOND, f"- {ITEM}"), set(), id="a bullet is no word"),
        pytest.param(blocks(f"{LEAD} {FIRST}", CAPTION, SECOND, ITEM), {"paragraphs"}, id="paragraphs joined"),
        pytest.param(blocks(LEAD, FIRST, CAPTION, SECOND[:35], SECOND[35:], ITEM), {"paragraphs"}, id="one cut in two"),
        pytest.param(blocks(LEAD, SECOND, CAPTION, FIRST, ITEM), TEXT, id="paragraphs in another order"),
        pytest.param(blocks(LEAD, FIRST.replace("140", "410"), CAPTION, SECOND, ITEM), TEXT, id="one word is wrong"),
        pytest.param(blocks(LEAD, FIRST[:20], CAPTION, SECOND, ITEM), {*TEXT, "lost_lines"}, id="most of one is lost"),
        pytest.param({"captions": []}, {"captions"}, id="the caption counts as a paragraph"),
        pytest.param({"captions": [CAPTION, FIRST]}, set(), id="a paragraph counts as a caption"),
        pytest.param({"title": "Hòa Lâm"}, {"title"}, id="part of the title"),
        pytest.param({"title": None}, {"title"}, id="no title"),
        pytest.param({"author": None}, {"author"}, id="no author"),
        pytest.param({"author": "Hà Vi (Đài xã Hòa Lâm)"}, {"author"}, id="the affiliation as well"),
        pytest.param({"affiliation": "Đài xã"}, {"affiliation"}, id="part of the affiliation"),
        pytest.param({"source_credit": "Báo Hòa Lâm"}, {"invented_fields"}, id="a credit that is not there"),
        pytest.param({"section": "Xã hội"}, {"section"}, id="another section"),
        pytest.param({"kind": "media"}, {"kind"}, id="taken for a photo story"),
        pytest.param({"published": None}, {"day", "minute"}, id="no date"),
        pytest.param(dated("2022-05-04T10:20"), {"day", "minute"}, id="another day"),
        pytest.param(dated("2022-05-03T10:21"), {"minute"}, id="another minute"),
        pytest.param(dated("2022-05-03T10:20", "day"), {"minute"}, id="the day alone"),
        pytest.param(
            REFUSED,
            set(MEASURES) - {"noise_lines", "source_credit", "invented_dates", "invented_fields", "others_kept"},
            id="refused",
        ),
    ],
)
def test_measures_fall_for_what_they_measure(change: dict[str, Any], falls: set[str]) -> None:
    assert not_right(TRUTH, {**TRUTH, **change}) == falls


def test_a_credit_that_is_lost_counts() -> None:
    assert not_right({**TRUTH, "source_credit": "Báo Hòa Lâm"}, TRUTH) == {"source_credit"}


def test_a_date_where_the_page_tells_none_is_invented_and_no_day_counts() -> None:
    undated = {**TRUTH, "published": None}
    assert not_right(undated, TRUTH) == {"invented_dates"}
    assert not_right(undated, undated) == set()
    found = score([("site/1", undated, undated)])
    assert (found["day"].of, found["minute"].of, found["invented_dates"].of) == (0, 0, 1)


def test_where_only_the_day_is_known_no_minute_is_asked_for() -> None:
    day = {**TRUTH, **dated("2022-05-03T00:00", "day")}
    assert not_right(day, day) == set()
    assert score([("site/1", day, day)])["minute"].of == 0
    assert not_right(day, {**TRUTH, **dated("2022-05-04T00:00", "day")}) == {"day"}


def test_a_page_that_is_no_article_is_to_be_refused() -> None:
    assert not_right(None, TRUTH) == {"others_kept"}
    assert not_right(None, REFUSED) == set()
    found = score([("site/1", None, TRUTH)])
    assert {name for name, one in found.items() if one.of} == {"others_kept"}


def test_a_photo_story_without_words_is_right_without_words_but_not_if_it_is_refused() -> None:
    silent = {**TRUTH, "lead": None, "blocks": [], "captions": [], "kind": "media"}
    assert not_right(silent, silent) == set()
    assert not_right(silent, REFUSED) >= TEXT
    assert not_right(silent, {**silent, **blocks(COUNTER)}) == {*TEXT, "noise_lines"}


def test_scores_are_counted_over_all_pages_and_name_those_that_are_not_right() -> None:
    worse = {**TRUTH, **blocks(COUNTER, LEAD, FIRST, "Chia sẻ", CAPTION, "."), "title": None}
    found = score([("a/1", TRUTH, TRUTH), ("a/2", TRUTH, worse), ("a/3", TRUTH, REFUSED), ("a/4", None, REFUSED)])
    assert found["noise_lines"] == Score(3, 3, ("a/2",))
    assert found["lost_lines"] == Score(2 + 5, 15, ("a/2", "a/3"))
    assert found["title"] == Score(1, 3, ("a/2", "a/3"))
    assert found["kept"] == Score(2, 3, ("a/3",))
    assert found["others_kept"] == Score(0, 1)
    assert 1 < found["text_f1"].amount < 2


def test_f1_counts_shingles_of_four_words() -> None:
    assert f1(["một hai ba bốn năm"], ["một hai ba bốn sáu"]) == 0.5
    assert f1(["một hai", "ba bốn năm"], ["Một, hai, ba, bốn, năm!"]) == 1
    assert f1(["một hai ba bốn năm"], ["năm bốn ba hai một"]) == 0
    assert f1(["một hai"], ["một hai"]) == 1
    assert f1([], ["một hai"]) == 0


@pytest.mark.parametrize(
    ("lines", "others", "left"),
    [
        (["Ảnh: Hà Vi"], ["Ảnh: Hà Vi"], []),
        (["Ảnh: Hà Vi", "Ảnh: Hà Vi"], ["Ảnh: Hà Vi"], ["Ảnh: Hà Vi"]),
        (["Tin liên quan"], [FIRST], ["Tin liên quan"]),
        (["Kết quả"], [f"Kết quả: {FIRST}"], []),
        (["quả Kết"], [f"Kết quả: {FIRST}"], ["quả Kết"]),
        (["."], [FIRST], ["."]),
        ([f"{FIRST} {COUNTER}"], [FIRST], []),
    ],
)
def test_lines_are_said_by_equal_ones_or_by_what_these_leave(
    lines: list[str], others: list[str], left: list[str]
) -> None:
    assert unsaid(lines, others) == left


LINES = st.lists(st.text(st.sampled_from("ab ,"), max_size=12), max_size=5)


@given(LINES, LINES)
def test_comparing_is_fair(one: list[str], other: list[str]) -> None:
    assert f1(one, one) == 1
    assert unsaid(one, one) == []
    assert f1(one, other) == f1(other, one)
    assert 0 <= f1(one, other) <= 1
