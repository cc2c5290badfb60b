"""The report on reprints, on a few articles that can be counted by hand."""

from collections.abc import Callable
from datetime import date

import pytest

from archive.database import Sessions, reading
from archive.query import ArticleName
from archive.reprint_report import Delays, Flow, Outside, Report, Share, Span, report
from archive.takedown import exclude
from tests.archive.grouping import group
from tests.archive.helpers import HandClock, Site, at, page

A, B, C = "bao_a", "bao_b", "bao_c"


@pytest.fixture
def known(make_site: Callable[..., Site], sessions: Sessions) -> None:
    """B prints two of A's stories, C one of them and one of its own twice; A has a text that failed."""
    a, b, c = make_site(A, "ha-nam"), make_site(B, "nghe-an"), make_site(C, "ha-tinh")
    a.save(page("1", "Một.", published=at("2022-01-05", "08:00")))
    b.save(page("1", "Một.", published=at("2022-01-05", "10:00")))
    b.save(page("2", "Một, sửa.", published=at("2022-01-05", "14:00"), source_credit="Theo TTXVN"))
    c.save(page("1", "Một, rút.", published=at("2022-01-08")))
    a.save(page("2", "Hai.", published=at("2022-02-01", "08:00")))
    b.save(page("3", "Hai, sửa.", published=at("2022-02-02")))
    c.save(page("4", "Ba.", published=at("2022-02-03")))
    c.save(page("5", "Ba.", published=None, source_credit="TTXVN"))
    b.save(page("6", "Bốn.", published=at("2022-02-04"), source_credit="TTXVN"))
    a.save(page("7", "Đọc thêm.", published=at("2022-02-04")))
    filled(sessions)


def filled(sessions: Sessions) -> None:
    credits = {f"{B}-2": "ttxvn", f"{C}-5": "ttxvn", f"{B}-6": "ttxvn", f"{B}-3": "a"}
    stories = [f"{A}-1", f"{B}-2", f"{C}-1"], [f"{A}-2", f"{B}-3"]
    group(sessions, *stories, failed=[f"{A}-7"], credits=credits, names={"a": A})


def told(sessions: Sessions, **asked: date | frozenset[str]) -> Report:
    with reading(sessions) as session:
        return report(session, Span(**asked))  # type: ignore[arg-type]


@pytest.mark.usefixtures("known")
def test_who_reprints_whom(sessions: Sessions) -> None:
    found = told(sessions)
    assert found.flows == (
        Flow(B, A, 3, 0.75, Delays(2, 4.0, 2.0, 6.0), Delays(1, 1, 1, 1)),
        Flow(C, A, 1, 1 / 3, None, Delays(1, 3, 3, 3)),
    )
    assert found.shares == (Share(A, 2, 0, 0, 1), Share(B, 4, 3, 0, 0), Share(C, 3, 1, 1, 0))
    assert found.groups == {1: 1, 2: 2, 4: 1}
    assert found.texts == {1: 2, 2: 1, 3: 1}
    assert (found.across, found.waiting) == (2, 0)
    assert found.outside == (Outside("ttxvn", "TTXVN", 3),)


@pytest.mark.usefixtures("known")
def test_days_are_those_of_the_reprints_and_not_of_what_they_reprint(sessions: Sessions) -> None:
    found = told(sessions, start=date(2022, 1, 6), end=date(2022, 2, 2))
    assert [(one.site, one.source, one.articles) for one in found.flows] == [(B, A, 1), (C, A, 1)]
    assert found.shares == (Share(A, 1, 0, 0, 0), Share(B, 1, 1, 0, 0), Share(C, 1, 1, 0, 0))
    assert found.groups == {2: 1, 4: 1}
    assert found.outside == ()
    # The undated one is counted only where no day was asked for.
    assert told(sessions, start=date(2000, 1, 1)).shares[2] == Share(C, 2, 1, 0, 0)


@pytest.mark.usefixtures("known")
def test_one_site_is_told_with_those_that_reprint_it(sessions: Sessions) -> None:
    found = told(sessions, sites=frozenset({A}))
    assert [(one.site, one.source, one.articles) for one in found.flows] == [(B, A, 3), (C, A, 1)]
    assert found.shares == (Share(A, 2, 0, 0, 1),)
    assert found.groups == {2: 1, 4: 1}
    assert found.outside == ()
    [outside] = told(sessions, sites=frozenset({B})).outside
    assert outside.articles == 2


@pytest.mark.usefixtures("known")
def test_the_first_of_a_group_is_the_original_whatever_its_date(sessions: Sessions) -> None:
    """C's version is canonical, for the others credit it; it came last."""
    group(sessions, [f"{C}-1", f"{A}-1", f"{B}-2"])
    found = told(sessions, end=date(2022, 1, 31))
    assert [(one.site, one.source, one.articles, one.days) for one in found.flows] == [
        (B, C, 2, Delays(2, -3, -3, -3)),
        (A, C, 1, Delays(1, -3, -3, -3)),
    ]


@pytest.mark.usefixtures("known")
def test_what_was_taken_down_is_not_counted(sessions: Sessions, clock: HandClock) -> None:
    exclude(sessions, clock, ArticleName(C, "1", "https://baoquangninh.com.vn/bai-1"), "asked for")
    filled_without_c = [f"{A}-1", f"{B}-2"], [f"{A}-2", f"{B}-3"]
    group(sessions, *filled_without_c)
    assert [one.site for one in told(sessions).flows] == [B]


@pytest.mark.usefixtures("known")
def test_texts_that_wait_are_told(sessions: Sessions) -> None:
    group(sessions, waiting=[f"{A}-1", f"{C}-4"])
    found = told(sessions, sites=frozenset({B}))
    assert found.waiting == 2
    assert found.shares == (Share(B, 3, 0, 0, 0),)


@pytest.mark.usefixtures("known")
def test_several_sites_are_told_together(sessions: Sessions) -> None:
    found = told(sessions, sites=frozenset({A, C}))
    assert [(one.site, one.source) for one in found.flows] == [(B, A), (C, A)]
    assert [one.site for one in found.shares] == [A, C]
    none = told(sessions, sites=frozenset())
    assert (none.flows, none.shares, none.groups, none.outside) == ((), (), {}, ())
