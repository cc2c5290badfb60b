"""The rules of health: series of nights, on both sides of each threshold."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.clock import VIETNAM
from archive.models import Health, RunOutcome
from archive.verdicts import PastRun
from crawler.faults import FaultName
from schedules.causes import NEXT_STEPS, SAID, Cause, foremost, next_step
from schedules.health import Verdict, judge
from schedules.past import Silence, past_of

FIRST = date(2026, 3, 2)
"""A Monday."""

Counts = Mapping[str, Any]


def crawl(new: int = 6, again: int = 4, **changes: Any) -> dict[str, Any]:
    """The counts of a night of a site that is well: `new` articles, and `again` that are looked at again."""
    read = new + again
    fields = {f"field/{name}": read for name in ("title", "text", "published", "lead", "section")}
    counts = {"answered": 6, "listed": 90, "requests": 8 + read, "new": new, "unchanged": again, "read": read}
    return {**counts, **fields, "field/author": (read + 1) // 2, **changes}


def lost_layout(new: int = 4, again: int = 1) -> dict[str, Any]:
    """The counts of a night on which the site has new markup: its new pages are read whole, others keep what was."""
    read = new + again
    changes = {"whole_page": read, "new_whole_page": new, "unchanged": 0, "field/lead": 0, "field/section": 0}
    return crawl(new, again, **changes, **({"rejected": again, "rejected/layout-lost": again} if again else {}))


def without(*fields: str, **counts: Any) -> dict[str, Any]:
    return crawl(**counts) | {f"field/{name}": 0 for name in fields}


def down(**counts: Any) -> dict[str, Any]:
    """The counts of a night on which nothing of the site came."""
    return {
        "requests": 3,
        "discovery_failed": 6,
        **{name.replace("__", "/"): number for name, number in counts.items()},
    }


class Site:
    """A site and its nights, each judged as it comes."""

    def __init__(self, *, listings: int = 6) -> None:
        self.runs: list[PastRun] = []
        self.listings = listings
        self.checked_at: datetime | None = None

    def run(
        self,
        counts: Counts,
        outcome: RunOutcome = RunOutcome.FINISHED,
        *,
        reason: str | None = None,
        night: date | None = None,
        silence: Silence | None = None,
        by_hand: Mapping[str, str] | None = None,
        ran_out: bool = False,
    ) -> Verdict:
        """One more run: of the next night, or of the one that is given; `by_hand` with these arguments."""
        day = night or self.next_night
        started = datetime(day.year, day.month, day.day, 1, tzinfo=VIETNAM)
        if by_hand is not None:
            started -= timedelta(hours=9)
        one = PastRun(
            len(self.runs), None if by_hand is not None else day, started, outcome, reason, counts, by_hand or {}
        )
        if ran_out:
            one = replace(one, arguments={"until": started.isoformat()}, finished_at=started)
        past = past_of(
            [one, *reversed(self.runs)],
            silence=silence,
            checked_at=self.checked_at,
            listings=self.listings,
            first_night=FIRST,
        )
        verdict = judge(one, past)
        self.runs.append(
            replace(one, health=verdict.health, cause=verdict.cause, words=verdict.words, fields=verdict.fields)
        )
        return verdict

    @property
    def next_night(self) -> date:
        nights = [run.night for run in self.runs if run.night]
        return nights[-1] + timedelta(days=1) if nights else FIRST

    def well(self, nights: int, counts: Counts | None = None) -> "Site":
        """So many nights on which all is well, the first of which takes what the site has."""
        for number in range(nights):
            taken = crawl(200, 0) if not self.runs else counts or crawl(5 + number % 3)
            verdict = self.run(taken)
            assert verdict.health is Health.OK, verdict
        return self


def of(*nights: Counts, well: int = 10) -> Verdict:
    """The verdict on the last of some nights after so many on which all was well."""
    site = Site().well(well)
    return [site.run(counts) for counts in nights][-1]


def state(verdict: Verdict) -> str:
    return f"{verdict.health}: {verdict.cause}" if verdict.cause else str(verdict.health)


# -- the layout -----------------------------------------------------------------------------------
@pytest.mark.parametrize("pages", [3, 4, 6])
def test_a_redesigned_site_is_broken_that_very_night(pages: int) -> None:
    verdict = of(lost_layout(pages, 0))
    assert state(verdict) == "broken: layout"
    assert f"{pages} of {pages} pages fit no layout" in verdict.words
    assert verdict.fields == ("lead", "section")


def test_a_redesigned_site_is_broken_without_a_past() -> None:
    assert state(Site().run(lost_layout(30, 0))) == "broken: layout"


@pytest.mark.parametrize(
    ("whole", "read", "expected"),
    [
        (2, 2, "ok"),
        (2, 3, "ok"),
        (3, 3, "broken: layout"),
        (3, 4, "ok"),
        (4, 5, "broken: layout"),
        (5, 9, "ok"),
        (5, 10, "ok"),
        (6, 10, "broken: layout"),
    ],
)
def test_nearly_all_pages_or_most_of_many_have_to_lose_their_layout(whole: int, read: int, expected: str) -> None:
    assert state(of(crawl(0, read, whole_page=whole))) == expected


def test_new_markup_of_new_articles_alone_is_told_although_the_old_ones_are_read_as_before() -> None:
    assert state(of(crawl(4, 20, whole_page=4, new_whole_page=4))) == "broken: layout"
    assert state(of(crawl(2, 20, whole_page=2, new_whole_page=2))) == "ok"
    assert state(of(crawl(6, 20, whole_page=4, new_whole_page=4))) == "ok"


def test_pages_that_are_refused_for_their_shape_fit_no_layout_either() -> None:
    refused = {"rejected": 4, "rejected/no-layout": 3, "rejected/no-title": 1}
    assert state(of(crawl(0, 0, **refused))) == "broken: layout"
    assert state(of(crawl(3, 2, rejected=1, **{"rejected/no-layout": 1}))) == "ok"


def test_a_site_whose_pages_never_fitted_a_layout_has_not_lost_it() -> None:
    site = Site()
    for _ in range(5):
        site.run(crawl(4, 0, whole_page=4))
    assert {run.health for run in site.runs} == {Health.BROKEN}, "on any site that is none"
    site.runs = [replace(run, health=Health.OK, cause=None) for run in site.runs]
    assert state(site.run(crawl(4, 0, whole_page=4))) == "ok"


def test_a_field_that_all_articles_had_and_none_has_now_is_named() -> None:
    verdict = of(without("lead"))
    assert (state(verdict), verdict.fields) == ("broken: layout", ("lead",))
    assert "lead" in verdict.words
    assert of(without("lead", "published")).fields == ("lead", "published")


@pytest.mark.parametrize(("has", "expected"), [(0, "broken: layout"), (1, "broken: layout"), (2, "ok"), (3, "ok")])
def test_a_field_has_to_be_missing_on_nearly_all_pages(has: int, expected: str) -> None:
    assert state(of(crawl(3, 2) | {"field/lead": has})) == expected


@pytest.mark.parametrize(("had", "expected"), [(9, "broken: layout"), (8, "ok")])
def test_a_field_that_some_articles_never_had_may_be_missing(had: int, expected: str) -> None:
    site = Site().well(8, crawl(6, 4) | {"field/lead": had})
    assert state(site.run(without("lead", new=3, again=1))) == expected


@pytest.mark.parametrize(("samples", "expected"), [(2, "ok"), (3, "broken: layout")])
def test_fields_are_compared_from_three_nights_on(samples: int, expected: str) -> None:
    assert state(Site().well(samples).run(without("lead"))) == expected


def test_a_small_site_is_judged_on_the_pages_of_several_nights() -> None:
    site = Site().well(12, crawl(1, 0))
    assert state(site.run(lost_layout(1, 0))) == "ok"
    assert state(site.run(lost_layout(1, 0))) == "ok"
    assert state(site.run(lost_layout(1, 0))) == "broken: layout"
    assert state(site.run(crawl(0, 0))) == "broken: layout", "a night without a page says nothing else"
    assert state(site.run(crawl(1, 0))) == "ok", "two of three are not nearly all"


def test_a_broken_site_is_compared_with_what_it_was_however_long_it_is_broken() -> None:
    site = Site().well(10)
    for _ in range(60):
        assert state(site.run(without("lead"))) == "broken: layout"
    assert state(site.run(crawl())) == "ok"


def test_after_a_live_check_has_passed_fields_are_compared_with_nights_since_then() -> None:
    site = Site().well(10)
    assert state(site.run(without("lead"))) == "broken: layout"
    site.checked_at = site.runs[-1].started_at + timedelta(hours=8)
    for _ in range(5):
        assert state(site.run(without("lead"))) == "ok"
    assert state(site.run(without("section"))) == "broken: layout"


def test_after_a_site_is_learned_anew_fields_are_compared_with_nights_since_then() -> None:
    """A new layout without a lead is no broken one; what it does read may be missing later."""
    site = Site().well(10)
    learned = {"drift/edition": 1}
    assert state(site.run(lost_layout())) == "broken: layout"
    for _ in range(5):
        assert state(site.run(without("lead") | learned)) == "ok"
    assert state(site.run(without("lead", "section") | learned)) == "broken: layout"
    assert state(site.run(lost_layout() | learned)) == "broken: layout"
    assert state(site.run(without("lead"))) == "broken: layout", "the former layouts are held against their own past"


def test_a_small_site_that_is_learned_anew_is_judged_by_pages_that_were_read_so() -> None:
    site = Site().well(10, crawl(3, 0))
    assert state(site.run(lost_layout(5, 0))) == "broken: layout"
    assert state(site.run(crawl(1, 0) | {"drift/edition": 1})) == "ok"


def test_articles_that_say_nothing_of_their_own_are_a_lost_layout() -> None:
    verdict = of(crawl(4, 0, template_only=4))
    assert (state(verdict), verdict.fields) == ("broken: layout", ("text",))
    assert state(of(crawl(4, 0, template_only=2))) == "ok"


@pytest.mark.parametrize(
    ("reason", "pages", "expected"),
    [
        ("empty", 3, "broken: empty"),
        ("challenge", 3, "blocked: challenge"),
        ("login", 4, "blocked: login"),
        ("parked", 3, "gone: parked"),
        ("soft-404", 5, "broken: not_found"),
        ("soft-404", 4, "ok"),
        ("redirected-home", 6, "broken: not_found"),
        ("empty", 2, "ok"),
    ],
)
def test_pages_that_are_all_refused_tell_the_cause(reason: str, pages: int, expected: str) -> None:
    assert state(of(crawl(0, 0, rejected=pages, **{f"rejected/{reason}": pages}))) == expected


def test_a_few_refused_pages_are_none_of_the_sites() -> None:
    refused = {"rejected": 3, "rejected/empty": 1, "rejected/soft-404": 1, "rejected/challenge": 1}
    assert state(of(crawl(6, 4, **refused))) == "ok"


# -- what did not come ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (down(fault__unresolved=9), "broken: dns"),
        (down(fault__refused=9), "broken: refused"),
        (down(fault__tls=9), "broken: tls"),
        (down(fault__timeout=9), "broken: timeout"),
        (down(fault__reset=9), "broken: connection"),
        (down(fault__proxy=9), "broken: proxy"),
        (down(status__500=6), "broken: server"),
        (down(status__403=6), "blocked: challenge"),
        (down(status__404=6), "gone: not_found"),
        (down(fault__timeout=2, status__404=6), "gone: not_found"),
        (down(), "broken: error"),
    ],
)
def test_of_a_site_that_does_not_answer_the_cause_is_named(counts: Counts, expected: str) -> None:
    for site in (Site(), Site().well(10)):
        assert state(site.run(counts, RunOutcome.FAILED, reason="nothing could be read: ...")) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"fault/robots-unreachable": 1, "fault/unresolved": 3}, "broken: dns"),
        ({"fault/robots-unreachable": 1, "fault/refused": 3}, "broken: refused"),
        ({"fault/robots-unreachable": 1, "status/500": 1}, "broken: server"),
        ({"fault/robots-unreachable": 1}, "broken: robots"),
    ],
)
def test_behind_a_robots_txt_that_cannot_be_had_is_the_cause(counts: Counts, expected: str) -> None:
    assert state(Site().well(5).run(counts, RunOutcome.SKIPPED)) == expected


@pytest.mark.parametrize(
    ("counts", "cause"),
    [
        ({"discovery/closed": 6}, Cause.CLOSED),
        ({"fault/robots-delay": 1}, Cause.CLOSED),
        ({"discovery/closed": 1, "fault/http-429": 6}, Cause.CHALLENGE),
        ({}, Cause.CHALLENGE),
    ],
)
def test_a_site_that_robots_txt_closes_is_told_from_one_that_turns_us_away(
    counts: dict[str, int], cause: Cause
) -> None:
    run = Site().well(5).run(counts, RunOutcome.BLOCKED, reason="as it is")
    assert (run.health, run.cause) == (Health.BLOCKED, cause)


@pytest.mark.parametrize("fault", sorted(set(FaultName) - {FaultName.ROBOTS_UNREACHABLE}))
def test_every_fault_has_a_cause_and_words_for_it(fault: FaultName) -> None:
    counts = {f"fault/{fault}": 3}
    cause = foremost(counts)
    assert cause is not None and SAID[cause] and NEXT_STEPS[cause]
    assert Site().well(5).run(down(**counts), RunOutcome.FAILED).cause is cause


@pytest.mark.parametrize("fault", ["oversize", "status", "304-not-asked"])
def test_answers_that_the_program_does_not_take_are_told_as_an_error(fault: str) -> None:
    run = Site().well(5).run(crawl(0, 0, answered=1, listed=0, discovery_failed=5, **{f"fault/{fault}": 5}))
    assert state(run) == "broken: error"
    assert "none that the program takes" in run.words


@pytest.mark.parametrize(
    ("status", "expected"), [(500, "broken: server"), (599, "broken: server"), (999, "broken: error")]
)
def test_a_status_beyond_those_of_http_is_no_error_of_the_server(status: int, expected: str) -> None:
    counts = {f"status/{status}": 6, "fault/status": 6 if status > 599 else 0}
    assert state(Site().well(5).run(down(**counts), RunOutcome.FAILED)) == expected


def test_every_cause_has_its_row_in_the_table_for_operators() -> None:
    table = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [cause for cause in Cause if not any(f"`{cause}`" in row for row in rows)] == []


def test_a_site_that_turns_us_away_is_blocked_whatever_it_gave_before() -> None:
    run = Site().well(5).run(crawl(3), RunOutcome.BLOCKED, reason="HTTP 429 again after 5 pauses")
    assert state(run) == "blocked: challenge"
    assert "429" in run.words


def test_a_host_without_an_address_is_gone_after_a_week() -> None:
    site = Site().well(5)
    nights = [state(site.run(down(fault__unresolved=9), RunOutcome.FAILED)) for _ in range(9)]
    assert nights == ["broken: dns"] * 7 + ["gone: dns"] * 2
    assert state(site.run(crawl())) == "ok"
    assert state(site.run(down(fault__unresolved=9), RunOutcome.FAILED)) == "broken: dns"


def test_faults_that_passed_are_none_of_the_sites() -> None:
    faults = {"fault/http-503": 12, "fault/timeout": 3, "fault/reset": 2, "fault/truncated": 1, "status/503": 1}
    assert state(of(crawl(6, 4, failed=2, discovery_failed=1, **faults))) == "ok"


# -- listings -------------------------------------------------------------------------------------
def test_listings_that_name_no_article_are_told() -> None:
    counts = {"answered": 7, "discovery_lost": 6, "discovery_failed": 6, "requests": 8}
    assert state(Site().well(5).run(counts, RunOutcome.FAILED)) == "broken: no_links"
    assert state(Site().run(counts | {"discovery_lost": 0})) == "broken: no_links"


def test_listings_that_are_not_due_are_no_loss() -> None:
    assert state(of({"answered": 1, "discovery/waiting": 6, "requests": 2})) == "ok"
    assert state(of({"discovery/waiting": 7, "requests": 1})) == "ok"


def test_a_night_on_which_all_sources_wait_leaves_the_verdict_as_it_was() -> None:
    waits = {"discovery/waiting": 6, "discovery_lost": 6}
    site = Site().well(5)
    assert state(site.run(waits)) == "ok"
    assert state(site.run(down(fault__timeout=6), RunOutcome.FAILED)) == "broken: timeout"
    assert state(site.run(waits)) == "broken: timeout"
    assert state(site.run(waits | {"gone": 1})) == "broken: timeout"
    assert state(site.run(waits | {"discovery/asked": 1}, RunOutcome.FAILED)) != "broken: timeout", "it was asked"
    assert state(site.run(crawl())) == "ok"


def test_a_site_whose_listings_are_all_gone_is_gone() -> None:
    counts = {"answered": 1, "discovery_lost": 6, "discovery_failed": 6, "status/404": 6}
    assert state(Site().well(5).run(counts, RunOutcome.FAILED)) == "gone: not_found"
    # The front page may list articles yet.
    assert state(Site().well(5).run(counts | {"listed": 12}, RunOutcome.FAILED)) == "broken: not_found"
    # Or the sitemap lists what is new.
    listed = crawl(20, discovery_lost=6, discovery_failed=6, **{"status/404": 6})
    assert state(Site().well(5).run(listed, RunOutcome.FAILED)) == "broken: not_found"


@pytest.mark.parametrize(("lost", "expected"), [(3, "ok"), (4, "broken: not_found")])
def test_most_of_its_listings_have_to_be_lost(lost: int, expected: str) -> None:
    counts = crawl(discovery_lost=lost, discovery_failed=lost, **{"status/404": lost})
    assert state(Site(listings=6).well(5).run(counts, RunOutcome.FAILED)) == expected


def test_a_listing_that_is_lost_night_after_night_is_told() -> None:
    site = Site().well(5)
    lost = crawl(discovery_lost=1, discovery_failed=1, **{"status/404": 1})
    assert [state(site.run(lost, RunOutcome.FAILED)) for _ in range(4)] == ["ok", "ok", *["thin: not_found"] * 2]
    assert state(site.run(crawl())) == "ok"
    assert state(site.run(lost, RunOutcome.FAILED)) == "ok"


# -- articles that do not come --------------------------------------------------------------------
@pytest.mark.parametrize(("failed", "kept", "expected"), [(5, 4, "broken: timeout"), (5, 5, "ok"), (4, 0, "ok")])
def test_most_of_several_articles_have_to_fail(failed: int, kept: int, expected: str) -> None:
    counts = crawl(kept, 0, failed=failed, **{"fault/timeout": 3 * failed})
    assert state(Site().well(5).run(counts, RunOutcome.FAILED)) == expected


def test_articles_that_are_gone_are_no_failure_of_the_site() -> None:
    assert state(of(crawl(0, 2, gone=8, **{"status/404": 8}))) == "ok"
    assert state(of(crawl(0, 2, failed=8, **{"status/404": 8}))) == "broken: not_found", "it lists what never was there"


# -- this machine ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("counts", "outcome", "reason", "expected"),
    [
        (crawl(), RunOutcome.LOST, "process 7 ended without a word", "broken: killed"),
        (crawl(), RunOutcome.LOST, "the crawl was killed by signal 9 (killed: memory?)", "broken: memory"),
        (crawl(**{"closed/memusage_exceeded": 1}), RunOutcome.FAILED, "killed: memory", "broken: memory"),
        (crawl(**{"closed/archive": 1}), RunOutcome.FAILED, "the disk is full", "broken: archive"),
        (crawl(1, 1, errors=3), RunOutcome.FAILED, "KeyError", "broken: error"),
        (crawl(6, 4, errors=1), RunOutcome.FAILED, "KeyError", "ok"),
    ],
)
def test_what_this_machine_did_is_told_as_such(counts: Counts, outcome: RunOutcome, reason: str, expected: str) -> None:
    assert state(Site().well(5).run(counts, outcome, reason=reason)) == expected


# -- less than usual ------------------------------------------------------------------------------
def weeks(new: Iterable[int]) -> Site:
    """Four weeks and a day, a Monday's crawl of everything first, then these numbers of new articles in turn."""
    site, numbers = Site().well(1), list(new)
    for number in range(28):
        assert site.run(crawl(numbers[number % len(numbers)])).health is Health.OK
    return site


@pytest.mark.parametrize(("new", "expected"), [(6, "ok"), (5, "thin: few_new"), (0, "thin: nothing_new")])
def test_few_new_articles_are_fewer_than_a_quarter_of_the_same_weekdays(new: int, expected: str) -> None:
    assert state(weeks([20, 24, 28, 20, 22, 21, 23]).run(crawl(new))) == expected


def test_a_site_that_had_such_a_night_in_four_weeks_is_well() -> None:
    # Tuesdays have 24, Sundays 4.
    site = weeks([24, 24, 24, 24, 24, 4, 24])
    assert site.next_night.weekday() == 1
    assert state(site.run(crawl(4))) == "ok"
    assert state(weeks([24, 24, 24, 24, 24, 7, 24]).run(crawl(4))) == "thin: few_new"


@pytest.mark.parametrize(("usual", "expected"), [(7, "ok"), (8, "thin: few_new")])
def test_of_few_articles_a_night_fewer_may_be_chance(usual: int, expected: str) -> None:
    assert state(weeks([usual]).run(crawl(1))) == expected


def test_what_a_run_by_hand_has_taken_does_not_miss_in_the_night() -> None:
    site = weeks([20])
    assert state(site.run(crawl(19), by_hand={})) == "ok"
    verdict = site.run(crawl(1))
    assert (state(verdict), verdict.words) == ("ok", "20 new, 20 usual")
    site.run(crawl(900), by_hand={"start": "2015-01-01"})
    assert state(site.run(crawl(1))) == "thin: few_new", "what is old is not what the site gives"


def test_a_quiet_site_is_well_on_most_nights() -> None:
    site = Site().well(1)
    for number in range(60):
        counts = crawl(1, 1) if number % 14 == 0 else crawl(0, 0)
        silence = Silence(number % 14, 15, 20)
        assert state(site.run(counts, silence=silence)) == "ok"


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        (Silence(22, 15, 20), "ok"),
        (Silence(23, 15, 20), "thin: nothing_new"),
        (Silence(3, 1, 300), "ok"),
        (Silence(4, 1, 300), "thin: nothing_new"),
        (Silence(90, 15, 9), "ok"),
        (None, "ok"),
    ],
)
def test_a_silence_is_told_when_it_is_longer_than_any_before(silence: Silence | None, expected: str) -> None:
    assert state(Site().well(3, crawl(1, 0)).run(crawl(0, 2), silence=silence)) == expected


@pytest.mark.parametrize(("requests", "expected"), [(1000, "thin: costly"), (900, "ok")])
def test_a_night_that_costs_many_times_the_usual_is_told(requests: int, expected: str) -> None:
    assert state(of(crawl(requests=requests))) == expected
    assert state(of(crawl(900, 0, requests=1000))) == "ok", "for many new articles it is no waste"


# -- what is not compared -------------------------------------------------------------------------
@pytest.mark.parametrize("argument", ["limit", "url", "start", "end"])
def test_a_run_of_a_part_says_nothing_of_the_site(argument: str) -> None:
    site = Site().well(5)
    assert state(site.run(lost_layout(), by_hand={argument: "1"})) == "ok"
    assert state(site.run(lost_layout())) == "broken: layout"
    assert state(site.run(crawl(), by_hand={argument: "1"})) == "broken: layout"


def test_a_run_of_a_part_is_no_past() -> None:
    site = Site().well(1)
    for _ in range(10):
        site.run(crawl(), by_hand={"limit": "10"})
    assert state(site.run(without("lead"))) == "ok", "nothing to compare it with"


def test_a_run_that_was_stopped_before_it_saw_anything_says_nothing() -> None:
    site = Site().well(5)
    site.run(lost_layout())
    assert state(site.run({"requests": 1}, RunOutcome.STOPPED)) == "broken: layout"
    assert state(site.run(crawl(0, 3), RunOutcome.STOPPED)) == "ok"


def test_one_that_was_stopped_has_not_given_less() -> None:
    assert state(weeks([20]).run(crawl(1), RunOutcome.STOPPED)) == "ok"


def test_a_run_under_way_is_not_judged() -> None:
    with pytest.raises(ValueError, match="has not ended"):
        Site().run(crawl(), RunOutcome.RUNNING)


def test_each_cause_has_a_next_step() -> None:
    assert set(NEXT_STEPS) == set(Cause)
    assert next_step("layout", "hong_linh").startswith("`baotinh sites relearn hong_linh`")
    assert next_step(None, "hong_linh") == ""


# -- series of nights -----------------------------------------------------------------------------
@pytest.mark.parametrize(("new", "cause"), [(5, "thin: few_new"), (0, "thin: nothing_new")])
def test_a_site_that_gives_little_for_good_is_thin_for_four_weeks_and_then_as_usual(new: int, cause: str) -> None:
    site = weeks([60])
    assert [state(site.run(crawl(new))) for _ in range(28)] == [cause] * 28
    assert {state(site.run(crawl(new))) for _ in range(40)} == {"ok"}
    assert state(site.run(crawl(60))) == "ok"


def test_what_it_gives_by_then_is_what_it_is_compared_with() -> None:
    site = weeks([60])
    for _ in range(40):
        site.run(crawl(12))
    assert state(site.run(crawl(2))) == "thin: few_new"


def test_some_thin_nights_are_not_what_is_usual_whatever_comes_after() -> None:
    site = weeks([60])
    for _ in range(27):
        assert state(site.run(crawl(5))) == "thin: few_new"
    assert state(site.run(crawl(60))) == "ok"
    assert state(site.run(crawl(5))) == "thin: few_new"


def test_a_field_is_compared_with_nights_that_were_well_however_many_were_not_since() -> None:
    site = Site().well(40)
    for _ in range(160):
        assert state(site.run(without("lead"))) == "broken: layout"
    assert state(site.run(crawl())) == "ok"
    assert state(site.run(without("lead"))) == "broken: layout"


def test_a_site_whose_sources_wait_now_and_then_stays_gone() -> None:
    lost = {"discovery/asked": 6, "discovery_lost": 6, "discovery_failed": 6, "status/404": 6}
    waits = {"discovery/waiting": 6, "discovery/listings-waiting": 6}
    site = Site().well(5)
    for number in range(12):
        counts, outcome = (waits, RunOutcome.FINISHED) if number > 4 and number % 2 else (lost, RunOutcome.FAILED)
        assert state(site.run(counts, outcome)) == "gone: not_found", number


def test_a_listing_that_waits_is_lost_as_it_was() -> None:
    lost = crawl(discovery_lost=1, discovery_failed=1, **{"status/404": 1})
    waits = crawl(**{"discovery/waiting": 1, "discovery/listings-waiting": 1, "fault/timeout": 3})
    site = Site(listings=5).well(5)
    nights = [state(site.run(counts)) for counts in (lost, lost, lost, waits, lost, waits, waits, crawl())]
    assert nights == ["ok", "ok", *["thin: not_found"] * 5, "ok"]


def test_most_listings_that_wait_are_lost_as_they_were() -> None:
    lost = crawl(discovery_lost=4, discovery_failed=4, **{"status/404": 4})
    waits = crawl(**{"discovery/waiting": 4, "discovery/listings-waiting": 4})
    site = Site(listings=6).well(5)
    nights = [state(site.run(counts)) for counts in (lost, waits, waits, lost, crawl())]
    assert nights == [*["broken: not_found"] * 4, "ok"]


@pytest.mark.parametrize("nothing", [RunOutcome.LOST, RunOutcome.STOPPED])
def test_nights_in_a_row_go_by_nights_and_not_by_runs(nothing: RunOutcome) -> None:
    site = Site().well(5)
    lost = crawl(discovery_lost=1, discovery_failed=1, **{"status/404": 1})
    site.run(lost)
    site.run(lost)
    third = site.next_night
    site.run({}, nothing, night=third)
    assert state(site.run(lost, night=third)) == "thin: not_found"
    site = Site().well(5)
    site.run(lost)
    same = site.next_night
    site.run(lost, RunOutcome.LOST, night=same)
    assert state(site.run(lost, night=same)) == "ok", "two nights"


def test_a_host_without_an_address_is_gone_although_a_run_was_lost() -> None:
    site = Site().well(5)
    for number in range(7):
        if number == 4:
            site.run({}, RunOutcome.LOST, night=site.next_night, reason="killed")
        site.run(down(fault__unresolved=9), RunOutcome.FAILED)
    assert state(site.run(down(fault__unresolved=9), RunOutcome.FAILED)) == "gone: dns"


def test_an_error_on_one_page_is_for_the_log_unless_each_night_has_one() -> None:
    erred = crawl(0, 0, errors=1)
    site = Site().well(5)
    first = site.run(erred, RunOutcome.FAILED)
    assert (state(first), "1 error in the program" in first.words) == ("ok", True)
    assert [state(site.run(erred, RunOutcome.FAILED)) for _ in range(3)] == ["ok", *["broken: error"] * 2]
    assert state(site.run(crawl())) == "ok"
    assert state(site.run(crawl(1, 1, errors=2), RunOutcome.FAILED)) == "ok"
    assert state(site.run(crawl(0, 0, errors=3), RunOutcome.FAILED)) == "broken: error", "most pages"
    assert state(site.run(crawl(0, 0, errors=1, listed=0), RunOutcome.FAILED)) == "broken: error", "no listing was read"


def test_a_site_whose_time_is_over_three_nights_in_a_row_is_thin() -> None:
    site = Site().well(5)
    nights = [state(site.run(crawl(9), RunOutcome.STOPPED, ran_out=True)) for _ in range(4)]
    assert nights == ["ok", "ok", "thin: time", "thin: time"]
    assert state(site.run(crawl())) == "ok"
    nights = [state(site.run({}, RunOutcome.STOPPED, ran_out=True)) for _ in range(3)]
    assert nights == ["ok", "ok", "thin: time"], "it was begun too late to see anything"
    assert state(site.run(crawl(9), RunOutcome.STOPPED)) == "ok", "a person stopped it"
