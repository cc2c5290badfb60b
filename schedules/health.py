"""How a site stands after a run: the run against the site's own past, and against what is wrong on any site.

`judge` computes; `judge_run` asks the archive and keeps the verdict. docs/health.md tells the rules to operators.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import Any, Final

from archive.clock import Clock
from archive.database import Sessions, reading
from archive.models import Health, RunOutcome
from archive.sites import last_checks
from archive.verdicts import (
    PastRun,
    days_published,
    first_night,
    past_runs,
    runs_well,
    site_of_run,
    write_verdict,
)
from crawler.archiving import ARCHIVE_LOST
from crawler.counting import FIELDS
from crawler.discovery.troubles import Trouble, only_waits
from crawler.extensions import OUT_OF_MEMORY
from crawler.sites import all_sites
from schedules.causes import REFUSALS, SAID, Cause, foremost, health_of, tally
from schedules.drift import drift_of
from schedules.past import (
    NIGHTS,
    PAGES,
    SAMPLES,
    Past,
    enough,
    is_night,
    is_part,
    pages_of,
    past_of,
    ran_out,
    samples_of,
    saw,
    silence_of,
    unfit_share,
    usual_new,
)

USUAL: Final = 8
"""Usual new articles a night from which few can be told from chance: with 8 expected, a quarter or less comes by chance
on 1 night in 70 (Poisson: two or fewer), and the rule asks for the worst night of four weeks besides."""

FEW: Final = 0.25
"""Share of the usual number that is few: holidays halve what a paper prints, they do not quarter it."""

NEARLY_ALL: Final = 0.8
"""Share that is nearly all: 3 of 3, 4 of 4, 4 of 5, 5 of 6; two of three are not."""

MANY_PAGES: Final = 10
"""Pages from which more than half is enough: a second template, on a site that has several."""

HAD: Final = 0.9
"""Share of articles from which a field belongs to a site: one that every third article has may be missing in three."""

MANY_FAILED: Final = 5
"""Articles that could not be fetched, more than were kept, from which a run has failed (`crawler.extensions.judge`)."""

IN_A_ROW: Final = 3
"""Nights in a row on which a listing is lost, after which it is told: what comes and goes is none of the site's."""

HOST_GONE: Final = timedelta(days=7)
"""After so long without an address a host is gone: registrars and name servers are mended sooner, ours too."""

LONGER: Final = 1.5
LONGER_BY: Final = 2
"""Times, and days, by which a silence has to exceed the longest of the past year to be told."""

GAPS: Final = 10
"""Gaps between days with articles from which a longest one is known."""

YEAR: Final = timedelta(days=400)
"""How far back days with articles are looked at: with Tết, which moves by up to a month."""

COSTLY: Final = 10
COSTLY_FROM: Final = 1000
"""Times the usual requests, and requests, from which a night costs too much: the monthly second look through all
listings takes a few times those of a quiet night."""

WAITING: Final = "discovery/listings-waiting"
"""Count of the listings that were not asked for, since they failed of late."""

_RUNS = 120
"""Runs of a site that are looked at: four weeks of nights with some retries, and as many of a broken site. Where fewer
than `NIGHTS` of them were well, the last that were are added, however far back."""


@dataclass(frozen=True)
class Verdict:
    """How a site stands, in `words` too: `cause` is None if all is well.

    If it is the layout, `fields` are those that are missing, or of a site that is drifting those that are in doubt.
    """

    health: Health
    cause: Cause | None = None
    fields: tuple[str, ...] = ()
    words: str = ""


def judge_run(sessions: Sessions, clock: Clock, run_key: int) -> Verdict:
    """Judge the run with this key, keep the verdict and give it; again gives and keeps the same.

    Raises ValueError if the run has not ended, sqlalchemy.exc.NoResultFound if there is none.
    """
    with reading(sessions) as session:
        site_id, name = site_of_run(session, run_key)
        runs = past_runs(session, site_id, _RUNS, run_key)
        if not runs or runs[0].key != run_key:
            raise ValueError(f"the run {run_key} of {name} has not ended: there is nothing to judge yet")
        run = runs[0]
        if len(runs) == _RUNS:
            runs += runs_well(session, site_id, NIGHTS, runs[-1].key)
        began = first_night(session, site_id)
        published = []
        if not run.counts.get("new"):
            published = days_published(session, site_id, run.started_at - YEAR)
        check = last_checks(session).get(name)
    spider = all_sites().get(name)
    past = past_of(
        runs,
        silence=silence_of(published, run.started_at.date()),
        checked_at=check.at if check else None,
        listings=len(spider.sections) if spider and "listing" in spider.ways else 0,
        first_night=began,
    )
    verdict = judge(run, past)
    with sessions.begin() as session:
        state = verdict.health, verdict.cause and verdict.cause.value
        write_verdict(session, run_key, clock.now(), state, verdict.fields, verdict.words)
    return verdict


# -- the rules ------------------------------------------------------------------------------------
def judge(run: PastRun, past: Past) -> Verdict:
    """Say how a site stands after `run`, given its `past`: the first rule that fits says it.

    A run that was told what to crawl, was stopped before it saw anything, or asked no source since each waits after a
    failure, says nothing of the site: it stands as before. Raises ValueError if the run has not ended.
    """
    if run.outcome is RunOutcome.RUNNING:
        raise ValueError("the run has not ended: there is nothing to judge yet")
    if is_part(run):
        return _as_before(past, "a run of a part of it")
    if run.outcome is RunOutcome.STOPPED and not saw(run.counts):
        if (late := _out_of_time(run, past)) is not None:
            return late
        return _as_before(past, "a run that was stopped")
    stopped, waits = run.outcome is RunOutcome.STOPPED, only_waits(run.counts)
    found = (
        _cut_short(run, past)
        or _turned_away(run)
        or (None if waits else _not_reached(run, past) or _not_listed(run, past, stopped))
        or _not_fetched(run)
        or _not_read(run, past)
    )
    if found is None and waits:
        return _as_before(past, "a run whose sources all wait")
    if found is not None:
        return found
    drifting, thin = _drifting(past), _thin(run, past, stopped)
    if drifting is not None and thin is not None:
        return replace(drifting, words=f"{drifting.words}; and {thin.cause}: {thin.words}")
    if (found := drifting or thin) is not None:
        return found
    if not pages_of(run.counts).total() and past.previous and past.previous.cause in (Cause.LAYOUT, Cause.EMPTY):
        return _as_before(past, "a run that read no page")
    return Verdict(Health.OK, words=_ok_words(run, past))


def _as_before(past: Past, what: str) -> Verdict:
    before = past.previous
    if before is None or before.health in (None, Health.OK):
        return Verdict(Health.OK, words=f"{what}: not compared")
    cause = Cause(before.cause) if before.cause else None
    return Verdict(before.health, cause, before.fields, before.words)


def _cut_short(run: PastRun, past: Past) -> Verdict | None:
    """The run ended for a reason of this machine's, or of the program's."""
    counts, reason = run.counts, run.reason or "without a word"
    if run.outcome is RunOutcome.LOST:
        cause = Cause.MEMORY if "memory" in reason else Cause.KILLED
        return Verdict(Health.BROKEN, cause, words=f"the crawl was lost: {reason}")
    if counts.get(f"closed/{OUT_OF_MEMORY}"):
        return Verdict(Health.BROKEN, Cause.MEMORY, words="the crawl took more memory than it may")
    if counts.get(f"closed/{ARCHIVE_LOST}"):
        return Verdict(Health.BROKEN, Cause.ARCHIVE, words=reason)
    errors = counts.get("errors", 0)
    # A single page that trips the program on a quiet night is for its log, unless each night has one.
    often = all(map(_has_erred, past.recent[: IN_A_ROW - 1])) and len(past.recent) >= IN_A_ROW - 1
    if _has_erred(counts) and (errors >= PAGES or often or not counts.get("listed")):
        return Verdict(Health.BROKEN, Cause.ERROR, words=f"{errors} errors in the program, {_kept(counts)} pages kept")
    return None


def _has_erred(counts: Mapping[str, Any]) -> bool:
    """Whether the program met more errors than it kept pages."""
    return bool(counts.get("errors", 0) > _kept(counts))


def _turned_away(run: PastRun) -> Verdict | None:
    if run.outcome is not RunOutcome.BLOCKED:
        return None
    # A run that met nothing else, and has left out what robots.txt closes, has left out all.
    closed = Cause.CLOSED if run.counts.get(f"discovery/{Trouble.CLOSED}") else Cause.CHALLENGE
    cause = foremost(run.counts) or closed
    cause = cause if cause is Cause.CLOSED else Cause.CHALLENGE
    return Verdict(Health.BLOCKED, cause, words=run.reason or SAID[cause])


def _not_reached(run: PastRun, past: Past) -> Verdict | None:
    """Nothing of the site came: told by what came in its place. Sources that were not due are no trouble."""
    if saw(run.counts) or run.outcome not in (RunOutcome.SKIPPED, RunOutcome.FAILED):
        return None
    told = foremost(run.counts)
    cause = told or (Cause.ROBOTS if run.outcome is RunOutcome.SKIPPED else Cause.ERROR)
    words = f"{SAID[cause]}" if told else (run.reason or "nothing could be read")
    if cause is Cause.DNS:
        since = past.no_address_since
        if since is not None and run.started_at - since >= HOST_GONE:
            return Verdict(Health.GONE, cause, words=f"{words} since {since:%Y-%m-%d}")
    return Verdict(health_of(cause), cause, words=words)


def _not_listed(run: PastRun, past: Past, stopped: bool) -> Verdict | None:
    """Pages of discovery came, and no article is listed on them; or most of the listings did not come."""
    lost, counts = _lost(run, past)
    if stopped or not (counts.get("answered") or lost):
        return None
    if not counts.get("listed") and (counts.get("discovery_failed") or not counts.get("discovery/waiting")):
        words = "no article is listed"
    elif past.listings and lost * 2 > past.listings:
        words = f"{lost} of {past.listings} listings could not be read"
    else:
        return None
    told = foremost(counts, articles=False)
    # Listings that came and name nothing are no fault of the line's, whatever else was met on the way.
    cause = told if told and tally(counts, articles=False)[told] * 2 > counts.get("discovery_failed", 0) else None
    if cause is None:
        return Verdict(Health.BROKEN, Cause.NO_LINKS, words=words)
    # A site that lists articles elsewhere, in a sitemap or on its front page, is there.
    health = Health.BROKEN if counts.get("listed") else health_of(cause)
    return Verdict(health, cause, words=f"{words}: {SAID[cause]}")


def _not_fetched(run: PastRun) -> Verdict | None:
    """Articles are listed, and most of them could not be fetched; kept ones that are no more are not among them."""
    counts = run.counts
    failed, kept = counts.get("failed", 0), _kept(counts)
    if failed < MANY_FAILED or failed <= kept:
        return None
    cause = foremost(counts, articles=False) or Cause.CONNECTION
    health = Health.BROKEN if cause is Cause.NOT_FOUND else health_of(cause)
    return Verdict(health, cause, words=f"{failed} of {failed + kept} articles could not be fetched: {SAID[cause]}")


def _not_read(run: PastRun, past: Past) -> Verdict | None:
    """Pages came and cannot be read as they used to."""
    sample = enough((run.counts, *past.layouts))
    pages = pages_of(sample)
    if pages.total() < PAGES:
        return None
    refused = _refused(sample, pages.total())
    if refused is not None:
        return refused
    read, unfit = sample["read"] + pages["refused-shape"], sample["whole_page"] + pages["refused-shape"]
    samples = samples_of(past.layouts_well)
    missing = _missing_fields(sample, samples)
    fitted = not samples or median(unfit_share(one) for one in samples) < 0.5
    of_new = sample["new"] >= PAGES and sample["new_whole_page"] >= NEARLY_ALL * sample["new"]
    if fitted and (_is_most(unfit, read) or of_new):
        some, of = (sample["new_whole_page"], sample["new"]) if of_new and not _is_most(unfit, read) else (unfit, read)
        kind = "new articles" if of == sample["new"] and of != read else "pages"
        words = f"{some} of {of} {kind} fit no layout{f'; missing: {_named(missing)}' if missing else ''}"
        return Verdict(Health.BROKEN, Cause.LAYOUT, missing, words)
    if missing:
        words = f"{_named(missing)} missing on {sample['read']} pages, which used to have it"
        return Verdict(Health.BROKEN, Cause.LAYOUT, missing, words)
    recurring = sample["template_only"]
    if sample["read"] >= PAGES and recurring >= NEARLY_ALL * sample["read"]:
        words = f"{recurring} of {sample['read']} articles say nothing but what recurs on the site"
        return Verdict(Health.BROKEN, Cause.LAYOUT, ("text",), words)
    return None


def _refused(sample: Counter[str], pages: int) -> Verdict | None:
    """Nearly all pages were refused for reasons that come to one cause."""
    by_cause: Counter[Cause] = Counter()
    for reason, cause in REFUSALS.items():
        by_cause[cause] += sample[f"rejected/{reason}"]
    cause, number = by_cause.most_common(1)[0]
    # Articles go one by one: of three that are looked at again all may be gone.
    least = MANY_FAILED if cause is Cause.NOT_FOUND else PAGES
    if cause is Cause.LAYOUT or number < least or number < NEARLY_ALL * pages:
        return None
    health = Health.BROKEN if cause is Cause.NOT_FOUND else health_of(cause)
    said = "lead to no article" if cause is Cause.NOT_FOUND else f"are refused: {SAID.get(cause, 'they are empty')}"
    return Verdict(health, cause, words=f"{number} of {pages} pages {said}")


def _missing_fields(sample: Counter[str], samples: Sequence[Counter[str]]) -> tuple[str, ...]:
    """The fields that (nearly) all articles used to have and that (nearly) none has now."""
    read = sample["read"]
    if read < PAGES or len(samples) < SAMPLES:
        return ()
    out = []
    for name in FIELDS:
        key = f"field/{name}"
        had = median(one[key] / one["read"] for one in samples if one["read"])
        if had >= HAD and _is_most(read - sample[key], read):
            out.append(name)
    return tuple(out)


def _drifting(past: Past) -> Verdict | None:
    """Pages are read, and less and less as they were: nothing is lost yet."""
    before = past.previous is not None and past.previous.health is Health.DRIFTING
    drift = drift_of(past.looked, drifting=before)
    return Verdict(Health.DRIFTING, Cause.LAYOUT, drift.fields, drift.words) if drift else None


def _thin(run: PastRun, past: Past, stopped: bool) -> Verdict | None:
    """Pages are read as they should be, and are fewer, or cost more, than they did."""
    found = None
    if is_night(run) and not stopped:
        found = _listing_lost(run, past) or _less_than_usual(run, past) or _too_much_asked(run, past)
    return found or _out_of_time(run, past)


def _is_most(some: int, of: int) -> bool:
    """Nearly all of at least `PAGES`, or more than half of many."""
    return of >= PAGES and (some >= NEARLY_ALL * of or (of >= MANY_PAGES and some * 2 > of))


def _out_of_time(run: PastRun, past: Past) -> Verdict | None:
    """Night after night the time of the site is over before it is through."""
    row = past.ran_out + 1
    if not is_night(run) or not ran_out(run) or row < IN_A_ROW:
        return None
    return Verdict(Health.THIN, Cause.TIME, words=f"its time was over before it was through on {row} nights in a row")


def _listing_lost(run: PastRun, past: Past) -> Verdict | None:
    """Some listings could not be read, night after night."""
    nights = (run.counts, *past.recent[: IN_A_ROW - 1])
    if len(nights) < IN_A_ROW or not all(one.get("discovery_lost") or one.get(WAITING) for one in nights):
        return None
    lost, asked = _lost(run, past)
    cause = foremost(asked, articles=False) or Cause.NO_LINKS
    words = f"{lost} listing{'s' if lost > 1 else ''} could not be read for {IN_A_ROW} nights or more"
    return Verdict(Health.THIN, cause, words=words)


def _lost(run: PastRun, past: Past) -> tuple[int, Mapping[str, Any]]:
    """How many listings could not be read, and the counts that say why.

    One that waits has failed when it was asked for last, and stands as it did then: so if all of them wait tonight, the
    night on which any was asked for says why.
    """
    lost, waiting = run.counts.get("discovery_lost", 0), run.counts.get(WAITING, 0)
    if lost or not waiting:
        return lost, run.counts
    asked = next((one for one in past.recent if one.get("discovery_lost")), run.counts)
    return waiting, {**asked, "listed": run.counts.get("listed", 0), "answered": run.counts.get("answered", 0)}


def _less_than_usual(run: PastRun, past: Past) -> Verdict | None:
    """The site gives clearly less than it did, or nothing for longer than it ever did."""
    assert run.night is not None, "of a night"
    usual = usual_new(past, run.night)
    least = min((one.new for one in past.nights), default=0)
    if usual is not None and usual >= USUAL and past.new <= FEW * usual and past.new < least:
        words = f"{past.new} new, {usual:.0f} usual, never under {least} on the last {len(past.nights)} well nights"
        return Verdict(Health.THIN, Cause.FEW_NEW if past.new else Cause.NOTHING_NEW, words=words)
    quiet = past.silence
    if quiet is None or past.new or quiet.gaps < GAPS:
        return None
    if quiet.days > max(quiet.longest * LONGER, quiet.longest + LONGER_BY):
        words = f"nothing new for {quiet.days} days; its longest silence in a year was {quiet.longest}"
        return Verdict(Health.THIN, Cause.NOTHING_NEW, words=words)
    return None


def _too_much_asked(run: PastRun, past: Past) -> Verdict | None:
    """Many times the requests, and for a new article too: a trap, or a ledger that has lost what it knew."""
    asked, new = run.counts.get("requests", 0), past.new
    if asked < COSTLY_FROM or len(past.nights) < SAMPLES:
        return None
    usual = median(one.counts.get("requests", 0) for one in past.nights)
    each = median(one.counts.get("requests", 0) / max(one.new, 1) for one in past.nights)
    if asked <= COSTLY * usual or asked / max(new, 1) <= COSTLY * each:
        return None
    return Verdict(Health.THIN, Cause.COSTLY, words=f"{asked:,} requests for {new} new articles, {usual:,.0f} usual")


def _kept(counts: Mapping[str, Any]) -> int:
    return sum(counts.get(name, 0) for name in ("new", "revised", "unchanged"))


def _named(fields: Sequence[str]) -> str:
    return ", ".join(fields)


def _ok_words(run: PastRun, past: Past) -> str:
    usual = usual_new(past, run.night) if run.night else None
    errors = run.counts.get("errors", 0)
    erred = f"; {errors} error{'s' if errors > 1 else ''} in the program, see the log of the run" if errors else ""
    return f"{past.new} new" + (f", {usual:.0f} usual" if usual is not None else "") + erred
