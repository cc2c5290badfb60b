"""Whole layouts, learned from pages and read with."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest

from archive.article import Article
from crawler.extraction.layout import SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.learning.learn import FEWEST_SPECIMENS, learn
from crawler.learning.specimen import Specimen
from crawler.learning.views import MOST_ELEMENTS
from tests.crawler.learning.articles import FETCHED, Invented, invented, views_of
from tests.crawler.learning.made import Markup, article, lead, others, paragraphs, sentence

FACTS = SiteFacts(
    layouts=(),
    article_key=lambda url: urlsplit(url).path if "/tin/" in url else None,
    canonical_url=lambda url: url,
    date_in_url=lambda url: None,
    oldest=date(2010, 1, 1),
)


def specimens(page: Markup, articles: list[Invented] | None = None) -> list[Specimen]:
    """Pages of invented articles, whose heads tell their titles."""
    views = views_of(page, head=lambda one: f"<title>{one.title} - Báo Tỉnh</title>", articles=articles)
    return [view.specimen for view in views]


def old(one: Invented) -> str:
    """The page of an older generation of markup."""
    head = f'<b class="ten-bai">{one.title}</b><span class="luc">{one.at:%d/%m/%Y %H:%M}</span>'
    text = f'<div class="noi-dung">{paragraphs(one)}</div>'
    return f'<table class="khung"><tr><td class="cu">{head}{text}</td></tr></table>'


def texts(specimen: Specimen, layouts: SiteFacts) -> list[str]:
    """The blocks that a reading gives."""
    page = specimen.page
    article_read = read(Page(page.url, page.body, page.content_type), layouts, FETCHED).result
    assert isinstance(article_read, Article)
    return [block.text for block in article_read.blocks]


def test_a_learned_layout_reads_articles_that_it_has_not_seen() -> None:
    def text(one: Invented) -> str:
        box = f'<div class="lq"><b>Tin liên quan</b>{others(one)}</div>'
        return f"{paragraphs(one, 1, 2)}{box}{paragraphs(one, 3, 2)}"

    every = specimens(article(text))
    learned = learn(every[:9], FACTS)
    (layout,) = learned.layouts
    assert layout.title in ("h1", "h1.tieu-de", ".tieu-de")
    assert (layout.body, layout.lead, layout.date) == (".than-bai", ".sapo", ".ngay")
    assert ".lq" in layout.drop
    for one, specimen in list(zip(invented(), every, strict=True))[9:]:
        said = [lead(one), *(sentence(one, number) for number in range(1, 5))]
        assert texts(specimen, replace(FACTS, layouts=learned.layouts)) == said


def test_the_other_half_of_the_pages_judges() -> None:
    learned = learn(specimens(article()), FACTS)
    fields = {one.name: one for one in learned.fields}
    assert (fields["title"].found, fields["title"].agreed, fields["title"].of) == (6, 6, 6)
    assert not any("too few to be divided" in doubt for doubt in learned.doubts)
    assert any("too few to be divided" in doubt for doubt in learn(specimens(article())[:9], FACTS).doubts)


def test_generations_are_dated_and_the_newest_comes_first() -> None:
    articles = invented()
    pages = [*specimens(old, articles[:5]), *specimens(article(), articles[5:])]
    newest, oldest = learn(pages, FACTS).layouts
    assert (newest.body, newest.until) == (".than-bai", None)
    assert (oldest.body, oldest.until) == (".noi-dung", articles[4].at.date())
    assert newest.name != oldest.name


def test_templates_of_one_time_are_all_in_use() -> None:
    articles = invented()
    pages = [
        *specimens(old, articles[::3]),
        *specimens(article(), [one for one in articles if one not in articles[::3]]),
    ]
    assert [layout.until for layout in learn(pages, FACTS).layouts] == [None, None]


def test_a_page_of_a_template_of_its_own_is_told() -> None:
    learned = learn([*specimens(article())[:11], *specimens(old)[11:]], FACTS)
    assert len(learned.layouts) == 1
    assert any("too few to learn it" in doubt for doubt in learned.doubts)


def test_what_cannot_be_learned_is_said_with_the_next_step() -> None:
    with pytest.raises(ValueError, match="too few to learn a layout from"):
        learn(specimens(article())[: FEWEST_SPECIMENS - 1], FACTS)
    with pytest.raises(ValueError, match="write a layout by hand"):
        learn(specimens(lambda one: f"<div>{paragraphs(one)}</div>"), FACTS)
    same = [replace(one, fetched=FETCHED + timedelta(days=1)) for one in specimens(article(), invented(1) * 9)]
    with pytest.raises(ValueError, match="no layout can be learned"):
        learn(same, FACTS)


def test_the_largest_pages_are_left_out_and_told_where_they_are_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(one: Invented) -> str:
        return article()(one) + ("<i></i>" * (MOST_ELEMENTS + 1) if one.number == 5 else "<i></i>" * one.number)

    learned = learn(specimens(page), FACTS)
    (doubt,) = [doubt for doubt in learned.doubts if "elements" in doubt]
    assert "nothing was learned from http://site.vn/tin/bai-viet-nay-5185.html: it has 10," in doubt
    monkeypatch.setattr("crawler.learning.learn.MOST_ELEMENTS_IN_ALL", 340)
    assert any("pages, the largest" in doubt for doubt in learn(specimens(page), FACTS).doubts)
    with pytest.raises(ValueError, match="too much to look at"):
        learn(specimens(lambda one: article()(one) + "<i></i>" * (MOST_ELEMENTS + 1)), FACTS)
