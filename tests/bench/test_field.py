"""The comparison with readers of others: the same pages, a fair form for what they give, a scorer that can fail."""

import sys
from pathlib import Path

import pytest

from crawler.onboarding.goldens import FIELDS, Golden
from tests.bench import field
from tests.bench.measure import Unfit
from tests.bench.rival_readers import READERS, lines_in, lines_of
from tests.quality.corpus import truth_of
from tests.quality.scorer import lines_of as words_of

NAME = "bao_quang_ninh/2511101"


def test_pages_are_those_of_sites_that_a_layout_can_be_learned_of_and_read_whole() -> None:
    names = field.pages()
    assert len(names) >= 60
    assert not [name for name in names if name.startswith("siblings/") or truth_of(name)["more_pages"]]


def test_the_truth_itself_is_a_perfect_reading_and_another_article_is_none() -> None:
    truths = {name: truth_of(name) for name in field.pages()[:2]}
    assert field.row(truths, truths)[:7] == ("2/2", "1.000", "2/2", "2/2", "0", f"0/{lines(truths)}", "2/2")
    one, other = truths
    swapped = {one: truths[other], other: truths[one]}
    assert field.row(truths, swapped)[2:4] == ("0/2", "0/2")


def lines(truths: dict[str, Golden]) -> int:
    return sum(len(words_of(one)) for one in truths.values())


def test_a_reader_without_dates_is_not_told_to_have_missed_them() -> None:
    truths = {NAME: truth_of(NAME)}
    without = {NAME: {**truths[NAME], "published": None}}
    assert field.row(truths, without)[-2:] == ("0/1", "0/0")
    assert field.row(truths, without, dates=False)[-2:] == ("tells none", "")


@pytest.mark.parametrize(
    ("date", "day"),
    [("2021-03-05T18:30:00+00:00", "2021-03-06"), ("2021-03-05T23:30:00", "2021-03-05"), ("2021-03-05", "2021-03-05")],
)
def test_a_date_of_another_zone_is_told_in_ours(date: str, day: str) -> None:
    told = field.golden_like({"lines": ["Chợ phiên"], "title": None, "date": date})
    assert told["published"]["instant"][:10] == day


def test_a_page_without_a_line_is_not_kept() -> None:
    nothing = {"title": "Chợ phiên", "date": None}
    assert field.golden_like({**nothing, "lines": []})["rejection"]
    assert field.golden_like({**nothing, "lines": ["Chợ"]})["rejection"] is None


def test_where_paragraphs_are_asked_for_lead_and_names_may_be_text_or_not() -> None:
    truth = {
        **dict.fromkeys(FIELDS),
        "title": "Chợ phiên",
        "lead": "Chợ họp sớm.",
        "author": "Lò Thị Mai",
        "captions": ["Một góc chợ"],
        "blocks": [["lead", "Chợ họp sớm."], ["p", "Năm giờ đã đông."], ["caption", "Một góc chợ"]],
    }

    def read(*said: str) -> Golden:
        return field.golden_like({"lines": said, "title": None, "date": None})

    assert field.same_paragraphs(truth, read("Năm giờ đã đông."))
    assert field.same_paragraphs(truth, read("Chợ phiên", "Năm giờ đã đông.", "Lò Thị Mai"))
    assert not field.same_paragraphs(truth, read("Năm giờ đã đông.", "Tin liên quan"))
    assert not field.same_paragraphs(truth, read("Chợ họp sớm."))
    assert not field.same_paragraphs(truth, read())


def test_markup_that_a_reader_gives_becomes_lines_at_its_blocks() -> None:
    markup = "<div>Một <b>góc</b>\n chợ<p>Năm giờ<br>đã đông</p><p>.</p><ul><li>Rau</li><li>Cá</li></ul></div>"
    assert lines_in(markup) == ["Một góc chợ", "Năm giờ", "đã đông", "Rau", "Cá"]
    assert lines_in("") == lines_in(None) == []
    assert lines_of(" Một \n\n***\nHai") == ["Một", "Hai"]


def test_readers_that_an_environment_has_read_and_the_others_say_why_not() -> None:
    told = field.others([NAME], Path(sys.executable))
    assert set(told) == set(READERS)
    assert "khai trương" in str(told["trafilatura"]).lower()
    assert told["goose3"] == "No module named 'goose3'"


def test_without_an_environment_there_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match=r"make \.venv/field/\.installed"):
        field.others([NAME], tmp_path / "python")
