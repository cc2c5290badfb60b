"""Reading the golden set is as good as its floors say, and the golden set is the one they were measured on."""

from typing import Any

import pytest

from crawler.sites import all_sites
from tests.goldens.reading import load_golden, page_names, reading_of, sample_sites
from tests.quality import corpus
from tests.quality.corpus import FLOORED, MEASURED, REFERENCE, WAYS, other_pages, pin, pins, scores_of, truth_of
from tests.quality.floors import COMMAND, FILE, changes, counts, dump, fell, load
from tests.quality.update import named


@pytest.mark.parametrize(
    ("way", "measure"), [pytest.param(way, name, id=f"{way}/{name}") for way in FLOORED for name in MEASURED[way]]
)
def test_score_is_no_lower_than_its_floor(way: str, measure: str) -> None:
    floor, now = load().ways.get(way, {}).get(measure), scores_of(way)[measure]
    if floor is None:
        pytest.fail(f"{FILE} has no floor for {way} {measure}: {COMMAND}", pytrace=False)
    if fell(measure, floor, now):
        pages = named(now, load().pins, pins())
        said = f"{way} {measure}: {counts(now)}, the floor is {floor}; not right: {pages}"
        pytest.fail(f"{said}. Mend it; to lower the floor, {COMMAND} asks for a reason", pytrace=False)


def test_corpus_is_the_one_that_the_floors_were_measured_on() -> None:
    if found := changes(load().pins, pins()):
        told = "\n".join(found)
        pytest.fail(f"not the corpus that the floors were measured on; to measure it, {COMMAND}\n{told}", pytrace=False)


def test_file_is_in_its_one_form() -> None:
    assert dump(load()) == FILE.read_text(encoding="utf-8"), f"not as {COMMAND} writes it"


# -- what the floors are measured on ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "worse"),
    [("title", "Báo Quảng Ninh"), ("lead", None), ("kind", "media"), ("published", None)],
)
def test_a_golden_cannot_take_from_the_truth_what_the_article_file_says(
    monkeypatch: pytest.MonkeyPatch, field: str, worse: Any
) -> None:
    name = "bao_quang_ninh/2511101"
    truth, golden = truth_of(name), load_golden(name)
    monkeypatch.setattr(corpus, "load_golden", lambda _: {**(golden or {}), field: worse})
    told = truth_of(name)[field]
    assert told == truth[field] if field != "published" else told["instant"] == truth[field]["instant"]


def test_a_page_without_a_golden_has_no_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "load_golden", lambda _: None)
    with pytest.raises(corpus.NoGolden, match=r"python -m tests\.update_goldens siblings/vnpt"):
        truth_of("siblings/vnpt")


def test_a_pin_tells_a_changed_page_from_a_changed_truth() -> None:
    before = {"a/1": pin(b"page", {"title": "one"}), "a/2": pin(b"page", None)}
    assert changes(before, {**before, "a/1": pin(b"page", {"title": "two"})}) == ["truth changed: a/1"]
    assert changes(before, {**before, "a/1": pin(b"Page", {"title": "one"})}) == ["page changed: a/1"]
    assert changes(before, {**before, "a/2": pin(b"Page", None)}) == ["page changed: a/2"]
    assert changes(before, before) == []


def test_further_pages_of_an_article_are_pinned_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(name for name in page_names() if truth_of(name)["more_pages"])
    article = sample_sites()[name.partition("/")[0]].by_key[name.partition("/")[2]]
    before = {name: pins()[name]}
    monkeypatch.setattr(article, "raw", f"{article.raw}<p>Một dòng nữa.</p>")
    assert changes(before, {name: pins()[name]}) == [f"page changed: {name}"]


def test_pages_that_are_no_articles_stand_where_a_crawl_would_read_them() -> None:
    for name, page in other_pages().items():
        assert all_sites()[name.partition("/")[0]].article_key(page.url), name
    assert len({page.body for page in other_pages().values()}) == len(other_pages())
    for site in sample_sites().values():
        assert f"{site.id}/" in other_pages()
        assert "không tồn tại" in other_pages()[f"{site.id}/(taken down)"].body.decode()
        assert not site.faults.gone


def test_the_ways_of_reading_differ() -> None:
    name = "bao_quang_ninh/2511101"
    assert reading_of(name)["layout"] == "dataimages"
    assert reading_of(name, layouts=False)["layout"] == "whole-page"
    alone = WAYS[REFERENCE](name)
    assert alone["title"] == truth_of(name)["title"]
    assert ["p", "Tin liên quan"] in alone["blocks"]
