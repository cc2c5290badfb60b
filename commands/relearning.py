"""The command for a site that was redesigned: sites relearn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from archive.article import Article
from archive.clock import VIETNAM
from archive.content import contents_before
from archive.database import ArchiveError, Sessions, reading
from archive.models import Health
from archive.readings import Scope
from archive.revisions import last_edition
from archive.runs import Runs
from archive.settings import Settings
from archive.verdicts import Judged, nights_since, standing
from commands.checking import SiteId
from commands.common import FAILED, counted, crawled_site, hint, open_archive, out, plain, say, table_of
from commands.reextract import print_report, read_scope
from commands.sites import print_fields, shown
from crawler.families.base import SiteSpider
from crawler.onboarding.captured import newest_pages
from crawler.onboarding.declare import layout_source
from crawler.onboarding.goldens import SavedPage
from crawler.onboarding.relearning import Proposal, relearn
from crawler.onboarding.rewriting import rewrite
from crawler.rereading import readings_of
from crawler.sites import find_site, load_anew
from schedules.causes import Cause
from schedules.past import LASTING

EXAMPLES = 3
"""Values of a field that are shown, and addresses of pages that would be read otherwise."""

LETTERS = 60
"""Letters of a value that are shown."""

FIELDS = ("title", "lead", "text", "published", "author", "source_credit", "section")
"""The fields whose values are shown."""


def sites_relearn(
    site: SiteId,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The first day on which pages were captured as the site sends them now; else told by the captures.",
        ),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the layout into the spider's file, and read the captures with it.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accept it even if articles that were kept before are read otherwise.")
    ] = False,
) -> None:
    """Learn a further layout for a site that was redesigned, from its newest captures. The site is not asked.

    Shows what was learned, field by field, and what it would change. With [bold]--accept[/] the layout is written into
    the spider's file, where it can be corrected by hand, the former ones get their last day, and the captures since the
    change are read again, then the site's others. What waits to be read since an earlier change of the layouts is read
    first.

    Example: [bold]baotinh sites relearn bao_lao_cai[/], then [bold]baotinh sites relearn bao_lao_cai --accept[/]
    """
    spider = find_site(site)
    settings, sessions = open_archive()
    site_id = crawled_site(sessions, spider.name)
    waited = False
    if accept:
        _refuse_crawled(settings, sessions, spider.name)
        waited = _read_waiting(settings, sessions, spider.name, site_id)
    try:
        proposal = _propose(spider, settings, sessions, site_id, since.date() if since else None)
    except ValueError as error:
        if not waited:
            raise
        say(f"Nothing more was learned: {error}")
        return
    _print(spider, proposal)
    if proposal.is_doubtful:
        words = (
            f"{spider.name}: of {proposal.known} articles that were kept before the change, title and text are read as "
            f"they were on {proposal.same['title']} and {proposal.same['text']}: what was learned is wrong, unless the "
            "site shows more of its texts now. Wait for more pages, or write the layout above into the file and mend it"
        )
        if accept and not force:
            raise ArchiveError(f"{words}; --force accepts it all the same. Nothing was changed")
        hint(words)
    if not accept:
        told = f" --since {since:%Y-%m-%d}" if since else ""
        say(f"Nothing was changed. If this is right: baotinh sites relearn {spider.name}{told} --accept")
        return
    with reading(sessions) as session:
        # The file may have been put back to what it was, and captures been read under an edition that it knows not of.
        edition = max(spider.edition, last_edition(session, site_id)) + 1
    # Learning takes a while.
    _refuse_crawled(settings, sessions, spider.name)
    file = rewrite(spider, proposal.layouts, proposal.until, replaced=proposal.replaced, edition=edition)
    for name in sorted(proposal.replaced):
        say(f"{shown(file)}: layout {name!r}, which was learned for the same day or a later one, is replaced")
    say(f"{shown(file)}: {counted(len(proposal.layouts), 'layout')} before the others, which end on {proposal.until}")
    load_anew(spider.name)
    _read_again(spider.name, settings, sessions, site_id, proposal.since)


def _refuse_crawled(settings: Settings, sessions: Sessions, site: str) -> None:
    """A crawl goes on with the layouts that it began with, and would keep pages under the edition of before."""
    if runs := Runs(sessions, settings.clock).alive(site):
        raise ArchiveError(
            f"{site}: it is crawled at this moment (process {runs[0].pid}), with the layouts of now: wait until that "
            "run ends, then give the command again. Nothing was changed"
        )


def _read_waiting(settings: Settings, sessions: Sessions, site: str, site_id: int) -> bool:
    """Read what an earlier change of the layouts left unread, before more is learned; whether anything was."""
    waiting = readings_of(sessions, settings.clock).count(Scope(site_id))
    if not waiting:
        return False
    say(f"{site}: {counted(waiting, 'capture')} wait to be read with the layouts of now; they are read first")
    with _goes_on(site, "Nothing was learned or written yet: give this command again afterwards"):
        report = read_scope(settings, sessions, Scope(site_id), goes_on="")
    if report is not None:
        print_report(report, sessions, dry_run=False)
        if report.failures:
            raise typer.Exit(FAILED)
    return True


@contextmanager
def _goes_on(site: str, then: str) -> Iterator[None]:
    """Name the command that goes on where reading captures is ended early."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        hint(f"`baotinh reextract --site {site}` goes on from here. {then}")
        raise


def _began(sessions: Sessions, judged: Judged | None) -> date | None:
    """The first day of which pages are read wrongly though a layout fits them, by the last verdict on the site."""
    if judged is None or judged.since is None:
        return None
    if judged.health is Health.DRIFTING:
        # What is told on the third night began on the first.
        return (judged.since - timedelta(days=LASTING - 1)).date()
    if (judged.health, judged.cause) != (Health.BROKEN, Cause.LAYOUT):
        return None
    with reading(sessions) as session:
        nights = nights_since(session, judged.since.date() - timedelta(days=LASTING), judged.site)
    first = [one.started_at for one in nights.get(judged.site, ()) if one.judged_at == judged.since]
    return min([*first, judged.since]).astimezone(VIETNAM).date()


def _propose(
    spider: type[SiteSpider], settings: Settings, sessions: Sessions, site_id: int, since: date | None
) -> Proposal:
    with reading(sessions) as session:
        judged = standing(session).get(spider.name)
    drifting = _began(sessions, judged)

    def pages(count: int) -> Sequence[SavedPage]:
        return newest_pages(sessions, settings.captures, spider.name, settings.clock, count)

    def kept(keys: Sequence[str], before: datetime) -> dict[str, Any]:
        with reading(sessions) as session:
            return contents_before(session, site_id, keys, before)

    return relearn(spider, pages, kept, since=since, drifting=drifting)


def _read_again(site: str, settings: Settings, sessions: Sessions, site_id: int, since: date) -> None:
    """Read the captures of the affected days, then the others: an edit is told between readings of one version."""
    failed = 0
    say(f"Its captures are read again; if that is cut short, `baotinh reextract --site {site}` goes on")
    for what, scope in ((f"captures since {since}", Scope(site_id, start=since)), ("the others", Scope(site_id))):
        with _goes_on(site, "The layouts are in the spider's file, and all that is missing is this"):
            report = read_scope(settings, sessions, scope, goes_on="")
        if report is not None:
            say(f"{site}, {what}:")
            print_report(report, sessions, dry_run=False)
            failed += len(report.failures)
    say(f"Next: look at some articles (`baotinh show`), and keep the change of the file; {site} is crawled with it now")
    if failed:
        raise typer.Exit(FAILED)


def _print(spider: type[SiteSpider], proposal: Proposal) -> None:
    say(
        f"{spider.name}: {counted(len(proposal.looked), 'capture')} looked at, learned from "
        f"{counted(proposal.specimens, 'page')}, in use since {proposal.since}:"
    )
    for layout in proposal.layouts:
        for line in layout_source(layout):
            out.print(plain(f"    {line}"))
    print_fields(proposal.learned, out)
    _print_values(proposal)
    table = table_of("captures", "before", "after")
    before, of = proposal.count(after=False)
    table.add_row(
        f"since {proposal.since} that fit a layout", f"{before} of {of}", f"{proposal.count(after=True)[0]} of {of}"
    )
    for name, same in proposal.same.items():
        if proposal.known:
            table.add_row(f"{name} as it was read before the change", "", f"{same} of {proposal.known}")
    changed = proposal.changed(before=True)
    seen = proposal.seen(before=True)
    table.add_row("of before the change, read otherwise", "", f"{len(changed)} of {seen} looked at")
    otherwise, seen = len(proposal.changed(before=False)), proposal.seen(before=False)
    table.add_row("since the change that a former layout fits, read otherwise", "", f"{otherwise} of {seen} looked at")
    out.print(table)
    for url in changed[:EXAMPLES]:
        hint(f"would be read otherwise, though captured before the change: {url}")


def _print_values(proposal: Proposal) -> None:
    read = [
        one.result
        for one in proposal.after
        if one.day >= proposal.since and one.fits and isinstance(one.result, Article)
    ]
    table = table_of("field", "pages", "values")
    for name in FIELDS:
        values = [value for article in read if (value := _value(article, name))]
        examples = " | ".join(value[:LETTERS] for value in values[:EXAMPLES])
        table.add_row(name, f"{len(values)} of {len(read)}", plain(examples))
    out.print(table)


def _value(article: Article, name: str) -> str:
    if name == "published":
        return f"{article.published.instant:%Y-%m-%d %H:%M}" if article.published else ""
    return " ".join(str(getattr(article, name) or "").split())
