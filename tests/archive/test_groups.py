"""Text groups as people ask for them: who was first, who after, on what evidence."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from archive.article import Dated
from archive.database import Sessions, reading
from archive.grouping import Evidence
from archive.groups import Delay, Story, Totals, apart, delay, totals
from archive.models import Fingerprint, ReprintMethod
from archive.models import Site as SiteRow
from archive.query import ArticleName, Shown, find_article
from archive.reprint_report import Span, report
from archive.sites import SiteRecord, register_site
from archive.takedown import exclude
from tests.archive.grouping import group
from tests.archive.helpers import HandClock, Site, at, page

OURS, THEIRS, THIRD = "bao_quang_ninh", "bao_ha_nam", "bao_nghe_an"
STORY = [f"{THEIRS}-1", f"{OURS}-1", f"{THIRD}-1"]


@pytest.fixture
def three(make_site: Callable[..., Site], sessions: Sessions) -> None:
    """A story of three versions; one of them is only like another that is not canonical, one article is undated."""
    ours, theirs, third = make_site(), make_site(THEIRS, "ha-nam"), make_site(THIRD, "nghe-an")
    theirs.save(page("1", "Cầu mới khánh thành.", published=at("2022-01-05", "08:00")))
    theirs.save(page("5", "Cầu mới khánh thành.", published=None))
    ours.save(page("1", "Cầu mới vừa khánh thành.", published=at("2022-01-05", "10:30"), source_credit="Báo Hà Nam"))
    third.save(page("1", "Cầu khánh thành.", published=at("2022-01-04"), source_credit="Báo Tuổi Trẻ"))
    ours.save(page("9", "Chuyện khác."))
    group(
        sessions,
        STORY,
        credits={f"{OURS}-1": "ha nam", f"{THIRD}-1": "tuoi tre", f"{THEIRS}-1": "ha nam"},
        names={"ha nam": THEIRS},
        pairs={
            (STORY[0], STORY[1]): (ReprintMethod.CREDITED, 0.4, 0.56),
            (STORY[1], STORY[2]): (ReprintMethod.JACCARD, 0.8, 0.9),
        },
    )


def shown(sessions: Sessions, wanted: str) -> Shown:
    with reading(sessions) as session:
        [one] = find_article(session, wanted)
    return one


def story_of(sessions: Sessions, wanted: str) -> Story:
    found = shown(sessions, wanted).story
    assert found is not None
    return found


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("asked", STORY)
def test_the_canonical_text_is_first_and_the_others_come_by_date(sessions: Sessions, asked: str) -> None:
    story = story_of(sessions, asked)
    assert [one.record.id for one in story.carriers] == [f"{THEIRS}-1", f"{THIRD}-1", f"{OURS}-1", f"{THEIRS}-5"]
    assert story.first.id == f"{THEIRS}-1"
    assert story.text_group == story.first.text_id
    assert [one.delay for one in story.carriers] == [None, Delay(-1, None), Delay(0, 2.5), None]


@pytest.mark.parametrize(
    ("theirs", "ours", "credit"),
    [
        pytest.param(at("2022-01-05", "10:00"), at("2022-01-05", "07:00"), "Báo Hà Nam", id="a credit outranks dates"),
        pytest.param(at("2022-01-05", "10:00"), at("2022-01-05"), None, id="of a day alone the last minute counts"),
        pytest.param(at("2022-01-05"), at("2022-01-06", "00:00"), None, id="which is before the next day"),
        pytest.param(at("2022-01-05", "10:00"), None, None, id="undated ones are last"),
    ],
)
def test_of_the_very_same_words_the_first_is_told_as_for_texts(
    make_site: Callable[..., Site], sessions: Sessions, theirs: Dated, ours: Dated | None, credit: str | None
) -> None:
    a, b = make_site(), make_site(THEIRS, "ha-nam")
    with sessions.begin() as session:
        register_site(session, SiteRecord(THEIRS, "Báo Hà Nam", "f", (f"{THEIRS}.vn",), "ha-nam"), HandClock())
    words = "Cầu mới qua sông vừa khánh thành."
    a.save(page("1", words, published=ours, source_credit=credit))
    b.save(page("1", words, published=theirs))
    assert [one.record.id for one in story_of(sessions, f"{OURS}-1").carriers] == [f"{THEIRS}-1", f"{OURS}-1"]
    with reading(sessions) as session:
        [flow] = report(session, Span()).flows
    assert (flow.site, flow.source) == (OURS, THEIRS)


@pytest.mark.usefixtures("three")
def test_the_evidence_is_that_beside_the_canonical_text_or_else_the_best(sessions: Sessions) -> None:
    by_id = {one.record.id: one for one in story_of(sessions, STORY[0]).carriers}
    canonical, ours = by_id[STORY[0]].record.text_id, by_id[STORY[1]]
    # That with the third is better, and tells nothing of the first.
    assert (ours.evidence, ours.beside) == (Evidence(ReprintMethod.CREDITED, 0.4, 0.56), canonical)
    third = by_id[STORY[2]]
    assert (third.evidence, third.beside) == (Evidence(ReprintMethod.JACCARD, 0.8, 0.9), ours.record.text_id)
    assert by_id[STORY[0]].evidence is by_id[f"{THEIRS}-5"].evidence is None


@pytest.mark.usefixtures("three")
def test_a_credit_names_a_site_or_stands_in_its_words(sessions: Sessions) -> None:
    by_id = {one.record.id: (one.credits, one.outside) for one in story_of(sessions, STORY[0]).carriers}
    assert by_id[STORY[1]] == ((f"Báo {THEIRS}",), None)
    assert by_id[STORY[2]] == ((), "Báo Tuổi Trẻ")
    assert by_id[STORY[0]] == ((), None), "who credits itself credits nobody"


@pytest.mark.usefixtures("three")
def test_what_was_taken_down_is_in_no_story(sessions: Sessions, clock: HandClock) -> None:
    for key in ("1", "5"):
        exclude(sessions, clock, ArticleName(THEIRS, key, f"https://baoquangninh.com.vn/bai-{key}"), "asked for")
    group(sessions, STORY[1:])
    story = story_of(sessions, STORY[1])
    assert [one.record.id for one in story.carriers] == [STORY[1], STORY[2]]


@pytest.mark.usefixtures("three")
def test_the_earliest_stands_in_for_a_canonical_text_that_was_taken_down(sessions: Sessions, clock: HandClock) -> None:
    """Groups that are not up to date show none of its words."""
    for key in ("1", "5"):
        exclude(sessions, clock, ArticleName(THEIRS, key, f"https://baoquangninh.com.vn/bai-{key}"), "asked for")
    story = story_of(sessions, STORY[1])
    assert story.first.id in STORY[1:]
    assert not {one.record.id for one in story.carriers} & {f"{THEIRS}-1", f"{THEIRS}-5"}


@pytest.mark.usefixtures("three")
def test_what_waits_and_what_failed_is_in_no_group(sessions: Sessions) -> None:
    group(sessions, waiting=[STORY[0]], failed=[STORY[1]])
    waiting, failed, alone = (shown(sessions, one) for one in STORY)
    assert waiting.story is not None
    assert not waiting.story.compared
    assert [one.record.id for one in waiting.story.carriers] == [f"{THEIRS}-1", f"{THEIRS}-5"]
    assert (waiting.record.text_group, waiting.record.is_template) == (None, False)
    assert failed.story is None
    assert (failed.record.text_group, failed.record.is_template) == (None, True)
    assert failed.record.shown_flags == (*failed.record.flags, "template-only")
    assert alone.record.text_group == alone.record.text_id
    assert alone.story is not None
    assert len(alone.story.carriers) == 1
    with reading(sessions) as session:
        found = apart(session)
        assert (found.template_only, found.not_compared) == (1, 1)
        assert apart(session, [SiteRow.name == THIRD]).counts() == {"template_only": 0, "not_compared": 0}
    with sessions.begin() as session:
        session.execute(update(Fingerprint).values(algorithm="of an older program"))
    with reading(sessions) as session:
        found = apart(session)
        assert (found.template_only, found.not_compared) == (1, 3), "a failed extraction is one by any algorithm"


@pytest.mark.usefixtures("three")
def test_totals(sessions: Sessions) -> None:
    with reading(sessions) as session:
        assert totals(session) == Totals(4, 0, 2, {ReprintMethod.CREDITED: 1, ReprintMethod.JACCARD: 1})
    group(sessions, failed=[f"{OURS}-9"])
    with reading(sessions) as session:
        assert totals(session) == Totals(4, 1, 3, {})


def test_delays_are_in_hours_only_where_both_dates_tell_the_minute() -> None:
    assert delay(at("2022-01-05", "23:00"), at("2022-01-06", "01:00")) == Delay(1, 2.0)
    assert delay(at("2022-01-05"), at("2022-01-06", "01:00")) == Delay(1, None)
    assert delay(at("2022-01-05", "01:00"), at("2022-01-04")) == Delay(-1, None)
    assert delay(None, at("2022-01-04")) is None
