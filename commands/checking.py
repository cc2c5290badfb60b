"""Commands that tell whether a site is read well: sites review, sites check."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from archive.article import WHOLE_PAGE, Rejection
from archive.clock import Clock
from archive.database import ArchiveError, Sessions
from archive.models import RunOutcome
from archive.settings import Settings
from archive.sites import SiteCheck, note_check, site_key
from commands.common import FAILED, counted, open_archive, out, plain, say, table_of
from commands.crawling import ScrapySetting, scrapy_settings
from crawler.families.base import SiteSpider
from crawler.onboarding import goldens
from crawler.onboarding.captured import newest_pages
from crawler.onboarding.checking import COVERED, Looked, Report, Rule, check, failed_fetches, look
from crawler.onboarding.review import review_page
from crawler.sites import find_site
from schedules.trial import LIMIT, Trial, try_site

CAPTURED = 12
"""Captures that a review shows where a site has no goldens: as many as a first look at a site samples."""

SHOWN = 10
"""Suspected lines, and articles without a date, that are named; the rest is counted."""

SHOWN_LETTERS = 100
"""Letters of a suspected line that are shown: a line of a terminal."""

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="A site's id; see `baotinh sites list`.")]


def sites_review(
    site: SiteId,
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write the page (default: SITE-review.html).")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Mark the golden pages as reviewed: what they expect is right.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Let the goldens expect what is read now, to be reviewed again.")
    ] = False,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who reviewed (default: your name on this machine).")
    ] = None,
) -> None:
    """Write a page that shows a site's golden pages beside what is read of them, field by field, to be compared.

    Open it in a browser: it runs no scripts and loads nothing. Where a value is wrong, mend the layout and give
    [bold]--update[/], or correct the golden in tests/sites/SITE and mend the layout until it is read so; then mark the
    pages with [bold]--accept[/], which refuses pages that are read otherwise. A site without golden pages is shown by
    its newest captures.

    Example: [bold]baotinh sites review bao_lao_cai[/], then [bold]baotinh sites review bao_lao_cai --accept[/]
    """
    if accept and (update or out_file):
        raise ValueError("--accept says that you have looked: give it alone, after the page was written and read")
    if by and not accept:
        raise ValueError("--by names who accepts: give it with --accept")
    spider = find_site(site)
    folder = goldens.SITES / spider.name
    if accept:
        _accept(spider, folder, by)
        return
    if update:
        _update(spider, folder)
    looked, review = _of_goldens(spider, folder), goldens.review_of(folder)
    if not looked:
        looked = _of_captures(spider)
    file = out_file or Path(f"{spider.name}-review.html")
    _write(file, review_page(spider, looked, review))
    wrong = sum(1 for one in looked if one.disagreeing)
    what = "golden pages" if looked[0].expected is not None else "captures (the site has no golden pages)"
    say(f"{file}: {len(looked)} {what}{f', {wrong} of them read otherwise than expected' if wrong else ''}")
    if looked[0].expected is not None and not review.stands:
        say(f"Open it, compare, and when every value is right: baotinh sites review {spider.name} --accept")


def sites_check(
    site: SiteId,
    live: Annotated[
        bool, typer.Option("--live/--saved", help="Crawl a few articles now, or (default) read the golden pages.")
    ] = False,
    setting: ScrapySetting = None,
) -> None:
    """Hold a site to the rules by which it may be crawled every night; exit code 1 if it fails any.

    Shows coverage by field, lines suspected to be furniture, where trafilatura reads the whole page otherwise, and
    pages that fitted no layout. With [bold]--live[/] a dozen articles are crawled into a folder that is thrown away,
    and the result is noted: a site is scheduled only after it has passed.

    Example: [bold]baotinh sites check bao_lao_cai --live[/]
    """
    spider = find_site(site)
    if live:
        report = _live(spider, scrapy_settings(setting or []))
    else:
        if setting:
            raise ValueError("-s is for a crawl: give it with --live")
        report = _saved(spider)
    _print(spider, report)
    raise typer.Exit(0 if report.passed else FAILED)


# -- review ---------------------------------------------------------------------------------------
def _accept(spider: type[SiteSpider], folder: Path, by: str | None) -> None:
    wrong = [one for one in _of_goldens(spider, folder) if one.disagreeing]
    if wrong:
        named = "; ".join(f"{one.name} ({', '.join(one.disagreeing)})" for one in wrong)
        raise ArchiveError(
            f"{spider.name}: {counted(len(wrong), 'golden page')} read otherwise than expected: {named}. Nothing was "
            f"accepted: mend the layout, or `baotinh sites review {spider.name} --update` and look again"
        )
    review = goldens.accept(folder, Clock.from_environment().now(), by or _own_name())
    say(f"{spider.name}: {counted(len(goldens.read_goldens(folder)), 'golden page')} reviewed by {review.by}")


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        # A container may run under a number without a name; Python 3.13 tells that by an OSError.
        raise ValueError("this machine does not know your name: say who reviewed, with --by NAME") from error


def _update(spider: type[SiteSpider], folder: Path) -> None:
    changed = goldens.update_goldens(folder, spider)
    for name, (old, new) in changed.items():
        say(f"{folder / name}.json")
        for line in goldens.differences(old, new):
            say(f"  {line}")
    say(f"{counted(len(changed), 'golden')} changed{', the review is taken back' if changed else ''}")


def _of_goldens(spider: type[SiteSpider], folder: Path) -> list[Looked]:
    return [look(spider, one.saved, name=one.name, expected=one.expected) for one in goldens.read_goldens(folder)]


def _of_captures(spider: type[SiteSpider]) -> list[Looked]:
    settings, sessions = open_archive()
    pages = newest_pages(sessions, settings.captures, spider.name, settings.clock, CAPTURED)
    if not pages:
        raise ArchiveError(
            f"{spider.name}: there is nothing to review: no golden pages in {goldens.SITES / spider.name}, and no "
            f"captures; `baotinh crawl {spider.name} --limit {CAPTURED}` makes some"
        )
    return [look(spider, page) for page in pages]


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ArchiveError(f"{file}: cannot be written ({error.strerror}); name another with --out") from error


# -- check ----------------------------------------------------------------------------------------
def _saved(spider: type[SiteSpider]) -> Report:
    folder = goldens.SITES / spider.name
    looked = _of_goldens(spider, folder)
    if not looked:
        raise ArchiveError(
            f"{spider.name}: there are no golden pages in {folder}; check it with --live, or let "
            "`baotinh sites add` write some"
        )
    review = goldens.review_of(folder)
    words = f"by {review.by} on {review.at:%Y-%m-%d}" if review.stands else _unreviewed(spider, review)
    return check(spider, looked, [Rule("reviewed", review.stands, words)])


def _unreviewed(spider: type[SiteSpider], review: goldens.Review) -> str:
    since = f"pages changed since {review.by} looked on {review.at:%Y-%m-%d}" if review.at else "nobody has looked yet"
    return f"{since}: baotinh sites review {spider.name}"


def _live(spider: type[SiteSpider], overrides: dict[str, str]) -> Report:
    settings, sessions = open_archive()
    say(f"Crawling {LIMIT} articles of {spider.name}, at its pace; nothing of it is kept.")
    trial = try_site(spider, settings, sessions, overrides=overrides)
    report = check(spider, [look(spider, page) for page in trial.pages], _crawled(trial))
    _note(spider, settings, sessions, report)
    return report


def _crawled(trial: Trial) -> list[Rule]:
    ended = trial.ended
    words = f"{ended.outcome}{f': {ended.reason}' if ended.reason else ''}"
    counts = ended.counts
    asked = sum(number for name, number in counts.items() if name.startswith("fetch/"))
    return [
        Rule("crawl", ended.outcome is RunOutcome.FINISHED, words),
        failed_fetches(counts.get("failed", 0), asked),
    ]


def _note(spider: type[SiteSpider], settings: Settings, sessions: Sessions, report: Report) -> None:
    """Write the result of a live check down: by it a site is scheduled."""
    failing = "; ".join(f"{rule.name}: {rule.words}" for rule in report.rules if not rule.passed)
    words = failing or f"{len(report.articles)} articles, every rule holds"
    with sessions.begin() as session:
        site_id = site_key(session, spider.name)
        assert site_id is not None, "the trial registered it"
        note_check(session, site_id, SiteCheck(spider.name, settings.clock.now(), True, report.passed, words))


# -- words ----------------------------------------------------------------------------------------
def _print(spider: type[SiteSpider], report: Report) -> None:
    total = len(report.articles)
    say(f"{spider.name}: {counted(len(report.looked), 'page')}, {counted(total, 'article')}")
    _print_coverage(report, total)
    _print_pages(report)
    _print_compared(report)
    table = table_of("", "rule", "found")
    for rule in report.rules:
        table.add_row("passed" if rule.passed else "[red]FAILED[/]", rule.name, plain(rule.words))
    out.print(table)
    failing = [rule.name for rule in report.rules if not rule.passed]
    say(f"{spider.name}: {'not passed: ' if failing else 'passed'}{', '.join(failing)}")


def _print_coverage(report: Report, total: int) -> None:
    table = table_of("field", "articles", "share")
    for name in COVERED:
        have = report.coverage[name]
        table.add_row(name, f"{have} of {total}", f"{have / total:.0%}" if total else "-")
    out.print(table)


def _print_pages(report: Report) -> None:
    for one in report.looked:
        if isinstance(one.result, Rejection):
            if not one.is_meant_to_be_refused:
                say(f"refused: {one.page.url}: {one.result.reason}: {one.result.detail}")
        elif WHOLE_PAGE in one.result.flags:
            say(f"fitted no layout: {one.page.url}")
        if one.disagreeing:
            say(f"not as golden {one.name} says: {', '.join(one.disagreeing)}")
    for undated in [one for one in report.articles if one.published is None][:SHOWN]:
        say(f"no date: {undated.url}")
    for noise in report.noise[:SHOWN]:
        where = f"in {counted(len(noise.addresses), 'article')}, such as {noise.addresses[0]}"
        say(f"suspected, {noise.kind}: {noise.line[:SHOWN_LETTERS]!r} {where}")
    if len(report.noise) > SHOWN:
        say(f"and {len(report.noise) - SHOWN} more lines")


def _print_compared(report: Report) -> None:
    for one in report.compared:
        said = [f"title {one.title!r}"] if one.title else []
        said += [f"date {one.day}"] if one.day else []
        if said:
            say(f"whole-page trafilatura reads otherwise: {one.url}: {', '.join(said)}")
