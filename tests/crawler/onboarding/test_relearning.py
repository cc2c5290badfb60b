"""A further layout from captures: which pages teach, since when it is in use, and what speaks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from archive.article import Article
from archive.content import content_read
from crawler.extraction.layout import Layout
from crawler.extraction.text import slug
from crawler.learning.learn import learn
from crawler.onboarding.goldens import SavedPage, read_saved
from crawler.onboarding.relearning import Proposal, relearn
from crawler.onboarding.succession import succeeded
from tests.crawler.onboarding.pages import PLACES, invented, spider, words_of
from tests.goldens.reading import NOW

CHANGE = date(2023, 3, 20)


def day(number: int) -> datetime:
    """The instant of a capture so many days after the change."""
    return datetime(CHANGE.year, CHANGE.month, CHANGE.day, 2, tzinfo=NOW.tzinfo) + timedelta(days=number)


def old(number: int, days: int = -1) -> SavedPage:
    """An article in the markup of before."""
    return replace(invented(number), fetched_at=day(days))


def new(number: int, days: int = 0, words: Sequence[str] = ()) -> SavedPage:
    """The same article, or another, in new markup."""
    place, key = PLACES[number % 8], 2600001 + number
    title = f"{place} được mùa cải bắp vụ đông" if number < 8 else f"{place} được mùa su hào lứa {number}"
    paragraphs = words or words_of(place, number)
    links = "".join(f"<a href='/kinh-te/202101/x-{2500000 + one}/'>Tin khác số {one}</a>" for one in range(4))
    text = "".join(f"<p>{one}</p>" for one in paragraphs)
    markup = (
        f"<html><head><title>{title}</title></head><body><nav class='bar'><a href='/kinh-te/'>Kinh tế</a></nav>"
        f"<main class='story'><h2 class='headline'>{title}</h2>"
        f"<span class='stamp'>{10 + number}/01/2021 0{number % 8}:05</span><div class='story-text'>{text}</div></main>"
        f"<div class='others'>{links}</div></body></html>"
    )
    address = f"http://baoquangninh.com.vn/kinh-te/202101/{slug(title)}-{key}/"
    return SavedPage(address, "text/html; charset=utf-8", markup.encode(), day(days))


def nothing(keys: Sequence[str], before: datetime) -> Mapping[str, Any]:
    return {}


def propose(pages: Sequence[SavedPage], kept: Any = nothing, **given: Any) -> Proposal:
    newest = sorted(pages, key=lambda page: page.fetched_at, reverse=True)
    return relearn(spider(), lambda count: newest[:count], kept, **given)


AFTER = [new(number, number // 4) for number in range(12)]
BEFORE = [old(number) for number in range(8)]


def test_the_pages_that_fit_no_layout_teach_one() -> None:
    made = propose([*BEFORE, *AFTER])
    [layout] = made.layouts
    assert (layout.body, layout.name, layout.until) == (".story-text", "2023-03-20", None)
    assert "headline" in layout.title
    assert (made.since, made.until, made.specimens) == (CHANGE, CHANGE - timedelta(days=1), 12)
    assert (made.count(after=False), made.count(after=True)) == ((0, 12), (12, 12))
    assert (made.changed(before=True), made.changed(before=False)) == ([], [])


def test_seven_pages_are_too_few_and_eight_are_not() -> None:
    with pytest.raises(ValueError, match=r"of its newest 15 captures 7 fit no layout.*--since"):
        propose([*BEFORE, *AFTER[:7]])
    assert propose([*BEFORE, *AFTER[:8]]).layouts


def test_a_page_of_long_ago_that_fitted_nothing_is_not_of_the_new_layout() -> None:
    odd = replace(old(7, -60), body=invented(7, body="khac").body)
    assert propose([odd, *BEFORE[:7], *AFTER]).since == CHANGE


def test_the_day_may_be_given() -> None:
    made = propose([*BEFORE, *AFTER], since=CHANGE + timedelta(days=1))
    assert made.since == CHANGE + timedelta(days=1) and made.specimens == 8
    with pytest.raises(ValueError, match="4 were captured since 2023-03-22"):
        propose([*BEFORE, *AFTER], since=CHANGE + timedelta(days=2))


def test_a_site_that_drifts_is_learned_from_all_pages_since() -> None:
    """Its layout fits all the same, and takes what is around the text."""
    wrapped = [(b"<main ", b"<div id='content'><main "), (b"</body>", b"</div></body>"), (b"<h2 ", b"<h2 id='title' ")]
    drifted = []
    for one in AFTER:
        body = one.body
        for was, now in wrapped:
            body = body.replace(was, now)
        drifted.append(replace(one, body=body))
    with pytest.raises(ValueError, match="0 fit no layout"):
        propose([*BEFORE, *drifted])
    made = propose([*BEFORE, *drifted], drifting=CHANGE)
    assert (made.since, made.specimens, made.layouts[0].body) == (CHANGE, 12, ".story-text")
    assert made.changed(before=True) == [] and len(made.changed(before=False)) == 12


def test_what_was_kept_before_judges_what_is_read_now() -> None:
    kept = {}
    for number in range(4):
        result, _ = read_saved(spider(), old(number))
        assert isinstance(result, Article)
        kept[result.key] = content_read(result)
    edited = new(3, 1, [*words_of(PLACES[3], 3)[:3], "Bà con cho biết giá đã xuống còn một nửa so với đầu vụ."])
    asked: list[datetime] = []

    def of(keys: Sequence[str], before: datetime) -> Mapping[str, Any]:
        asked.append(before)
        return {key: kept[key] for key in keys if key in kept}

    made = propose([*BEFORE[4:], *(one for one in AFTER if one.url != edited.url), edited], of)
    assert made.known == 4 and made.same["title"] == 4 and made.same["text"] == 3
    assert {one.date() for one in asked} == {CHANGE}


def test_a_name_that_is_taken_is_not_given_again() -> None:
    site = spider()
    named = type(site.__name__, (site,), {"layouts": (replace(site.layouts[0], name=f"{CHANGE}"), *site.layouts[1:])})
    newest = [*AFTER[::-1], *BEFORE]
    made = relearn(named, lambda count: newest[:count], nothing)
    assert made.layouts[0].name == f"{CHANGE}-2"


def test_more_captures_are_looked_at_while_none_of_before_is_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.onboarding.relearning.LOOKED_AT", 10)
    asked: list[int] = []
    newest = sorted([*AFTER, *BEFORE, old(0, -2)], key=lambda page: page.fetched_at, reverse=True)

    def pages(count: int) -> Sequence[SavedPage]:
        asked.append(count)
        return newest[:count]

    assert relearn(spider(), pages, nothing).since == CHANGE
    assert asked == [10, 20]


def kept_of(pages: Sequence[SavedPage]) -> Any:
    """The articles of some pages as they were kept before."""
    read = [result for result, _ in (read_saved(spider(), page) for page in pages) if isinstance(result, Article)]
    known = {article.key: content_read(article) for article in read}
    return lambda keys, before: {key: known[key] for key in keys if key in known}


@pytest.mark.parametrize(("wrong", "known", "doubtful"), [(2, 3, True), (1, 3, False), (2, 4, False), (2, 2, False)])
def test_a_layout_that_reads_most_kept_texts_otherwise_is_doubtful(wrong: int, known: int, doubtful: bool) -> None:
    made = propose([*BEFORE, *AFTER])
    same = dict.fromkeys(made.same, known) | {"text": known - wrong}
    assert replace(made, same=same, known=known).is_doubtful is doubtful


def test_odd_pages_do_not_mislead_where_kept_articles_tell_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all pages teach is wrong here; what two thirds of them do is right."""
    taught: list[int] = []

    def misled(specimens: Sequence[Any], facts: Any) -> Any:
        taught.append(len(specimens))
        learned = learn(specimens, facts)
        if len(specimens) == 12:
            return replace(
                learned, layouts=tuple(replace(one, body=".story", lead=".stamp") for one in learned.layouts)
            )
        return learned

    monkeypatch.setattr("crawler.onboarding.relearning.learn", misled)
    made = propose([*BEFORE, *AFTER], kept_of(BEFORE))
    assert taught == [12, 8, 8, 8] and made.layouts[0].body == ".story-text" and not made.is_doubtful


def test_one_lesson_is_enough_where_all_kept_articles_are_read_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[int] = []

    def counting(specimens: Sequence[Any], facts: Any) -> Any:
        taught.append(len(specimens))
        return learn(specimens, facts)

    monkeypatch.setattr("crawler.onboarding.relearning.learn", counting)
    made = propose([*BEFORE, *AFTER], kept_of(BEFORE))
    assert taught == [12] and made.known == made.same["text"] == 8


def declared(made: Proposal, site: Any = None) -> Any:
    """The site once a proposal was accepted."""
    site = site or spider()
    layouts = succeeded(made.layouts, site.layouts, made.until, made.replaced)
    return type(site.__name__, (site,), {"layouts": layouts, "__module__": site.__module__})


def again(site: Any, pages: Sequence[SavedPage], **given: Any) -> Proposal:
    newest = sorted(pages, key=lambda page: page.fetched_at, reverse=True)
    return relearn(site, lambda count: newest[:count], nothing, **given)


def read_of(site: Any, pages: Sequence[SavedPage]) -> list[Any]:
    return [result.layout if isinstance(result := read_saved(site, one)[0], Article) else result for one in pages]


WRONG = Layout(name=f"{CHANGE}", title="h2.headline, h1", body="main, #content, .col-md-8, body")
"""What was learned too early: it takes what is around the text, of old pages too."""


@pytest.mark.parametrize("days", [0, -1, 1])
def test_learned_anew_again_pages_of_before_are_read_as_they_were(days: int) -> None:
    """For the day of the first time, for an earlier one, and for a later one."""
    once = type("Once", (spider(),), {"layouts": succeeded([WRONG], spider().layouts, CHANGE - timedelta(days=1), ())})
    assert set(read_of(once, AFTER)) == {f"{CHANGE}"} and read_of(once, BEFORE) == read_of(spider(), BEFORE)
    early = [replace(one, fetched_at=day(-3)) for one in BEFORE]
    made = again(once, [*early, *AFTER], since=CHANGE + timedelta(days=days))
    twice = declared(made, once)
    assert read_of(twice, early) == read_of(spider(), early)
    names = [one.name for one in twice.layouts]
    assert names[0] == f"{CHANGE + timedelta(days=days)}" and len(names) == len(set(names))
    assert (WRONG.name in made.replaced) == (days <= 0)
    assert made.changed(before=True) == []


def test_what_was_learned_before_stays_if_its_pages_need_it() -> None:
    once = declared(propose([*BEFORE, *AFTER]))
    kind = [(b"headline", b"photo-head"), (b"story-text", b"photo-text"), (b"class='story'", b"class='photo'")]
    photos = []
    for number in range(12, 22):
        one = new(number % 8, 0, words_of(f"Xóm {number}", number))
        body = one.body
        for was, now in kind:
            body = body.replace(was, now)
        photos.append(replace(one, url=one.url.replace("26000", "27000"), body=body))
    made = again(once, [*BEFORE, *AFTER, *photos])
    assert made.since == CHANGE and made.replaced == frozenset()
    twice = declared(made, once)
    assert set(read_of(twice, AFTER)) == {f"{CHANGE}"} and set(read_of(twice, photos)) == {f"{CHANGE}-2"}
    assert read_of(twice, BEFORE) == read_of(spider(), BEFORE)


def test_what_is_declared_already_is_not_proposed_again() -> None:
    once = declared(propose([*BEFORE, *AFTER]))
    with pytest.raises(ValueError, match=r"nothing to write.*by hand"):
        again(once, [*BEFORE, *AFTER], since=CHANGE)
    with pytest.raises(ValueError, match=rf"is its layout '{CHANGE}' already"):
        again(once, [*BEFORE, *AFTER], since=CHANGE + timedelta(days=1))


def test_how_many_captures_were_looked_at_is_told() -> None:
    made = propose([*BEFORE, *AFTER])
    assert (made.seen(before=True), made.seen(before=False)) == (8, 12)
