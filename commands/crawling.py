"""Commands that fetch: crawl, fetch."""

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from scrapy.settings import Settings as ScrapySettings

from archive.database import ArchiveError, Sessions, reading
from archive.models import RunOutcome
from archive.query import find_article, rejects
from archive.runs import Runs
from archive.settings import Settings
from archive.sites import disabled
from commands.common import FAILED, FirstDay, LastDay, counted, err, hint, open_archive, out, plain, say, table_of
from commands.looking import print_article
from crawler import settings as crawl_settings
from crawler.families.base import LOCKED
from crawler.planning import plan
from crawler.sites import all_sites, find_site, site_of
from schedules.runs import Order, crawl_all

AT_ONCE = 4
"""Sites crawled at once unless told otherwise: each waits most of its time between requests."""

LOCKED_PARTS = ("SPIDER_MODULES", "SCHEDULER")
LOCKED_ENDINGS = ("_MIDDLEWARES", "_PIPELINES", "_HANDLERS", "_BASE")
LOCKED_BEGINNINGS = ("TWISTED_", "DNS_", "DOWNLOADER_CLIENT", "HTTPPROXY_")
"""What `-s` may not change, besides `LOCKED`: manners, the guards, the parts the archive rests on."""

ScrapySetting = Annotated[
    list[str] | None,
    typer.Option("-s", metavar="NAME=VALUE", help="Override a Scrapy setting, as `scrapy crawl -s` does."),
]


def crawl(
    sites: Annotated[
        list[str] | None, typer.Argument(metavar="SITE...", help="Site ids; see `baotinh sites list`.")
    ] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Every site that is not disabled.")] = False,
    start: FirstDay = None,
    end: LastDay = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Fetch at most so many articles of each site.")] = None,
    budget: Annotated[
        int | None, typer.Option(min=1, help="Send at most so many requests to each site, robots.txt included.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing of any site: show what would be fetched, and why.")
    ] = False,
    at_once: Annotated[
        int,
        typer.Option(min=1, max=64, help="Sites crawled at once; never two requests at once to one site."),
    ] = AT_ONCE,
    setting: ScrapySetting = None,
) -> None:
    """Fetch what is new on the sites, newest first.

    Without [bold]--start[/] the first crawl of a site goes back as far as its listings do; later ones stop
    where everything is known. A crawl that was interrupted goes on where it stopped.

    With [bold]--budget[/] the past of a site can be fetched in many small parts, night after night, newest first.

    Example: [bold]baotinh crawl bao_quang_ninh --start 2020-11-01 --end 2020-11-30[/]
    """
    if bool(sites) == all_of_them:
        raise ValueError("name the sites to crawl, or give --all (not both); `baotinh sites list` shows them")
    if start and end and start > end:
        raise ValueError(
            f"--start {start:%Y-%m-%d} lies after --end {end:%Y-%m-%d}: nothing can be published in between"
        )
    names = list(all_sites()) if all_of_them else list(dict.fromkeys(find_site(name).name for name in sites or []))
    overrides = scrapy_settings(setting or [])
    settings, sessions = open_archive()
    if start and start.date() > settings.clock.now().date():
        raise ValueError(f"--start {start:%Y-%m-%d} lies in the future: nothing has been published there yet")
    names = _enabled(names, sessions, all_of_them)
    if dry_run:
        for name in names:
            _show_plan(name, settings, sessions, overrides, start, end)
        return
    orders = [
        Order(
            name,
            start.date() if start else None,
            end.date() if end else None,
            limit,
            settings=overrides,
            budget=budget,
        )
        for name in names
    ]
    failed = _crawl(orders, settings, Runs(sessions, settings.clock), at_once)
    raise typer.Exit(FAILED if failed else 0)


def _show_plan(
    name: str,
    settings: Settings,
    sessions: Sessions,
    overrides: Mapping[str, str],
    start: datetime | None,
    end: datetime | None,
) -> None:
    """Print what a crawl of a site would ask for now."""
    delay = float(overrides.get("DOWNLOAD_DELAY", crawl_settings.DOWNLOAD_DELAY))
    first, last = (day.date() if day else None for day in (start, end))
    planned = plan(find_site(name)(), sessions, settings, delay, first, last)
    table = table_of(name, "why", "address")
    for one in (*planned.sources, *planned.articles):
        table.add_row(one.what if one.asked else f"({one.what})", plain(one.why), plain(one.url))
    out.print(table)
    if planned.more:
        say(f"and {counted(planned.more, 'more article')}")
    articles = len(planned.articles) + planned.more
    say(
        f"{name}: {counted(sum(one.asked for one in planned.sources), 'source')} and {counted(articles, 'article')}, "
        f"about {planned.seconds:,.0f} s, longer if robots.txt asks for it; what the sources name tonight comes on top"
    )


def fetch(
    url: Annotated[str, typer.Argument(help="The address of one article.")],
    force: Annotated[bool, typer.Option(help="Fetch it even if it is kept and not due.")] = False,
    setting: ScrapySetting = None,
) -> None:
    """Read one article now and show every field with where it stood on the page."""
    spider = site_of(url)
    if spider.article_key(url) is None:
        raise ValueError(f"{url} is no article of {spider.name}: its path does not match {spider.article_path.pattern}")
    settings, sessions = open_archive()
    order = Order(spider.name, url=url, force=force, settings=scrapy_settings(setting or []))
    [ended] = crawl_all([order], settings, Runs(sessions, settings.clock), 1)
    if ended.reason:
        err.print(f"{spider.name}: {ended.outcome}: {ended.reason}", markup=False)
    with reading(sessions) as session:
        found = find_article(session, spider.canonical_url(url))
        refused = [one for one in rejects(session, spider.name) if one.url == spider.canonical_url(url)]
    for one in refused:
        err.print(f"rejected as no article: {one.reason}: {one.detail}", markup=False)
    for shown in found:
        print_article(shown, origins=True)
    raise typer.Exit(0 if found and ended.outcome is RunOutcome.FINISHED and not refused else FAILED)


def _enabled(names: list[str], sessions: Sessions, all_of_them: bool) -> list[str]:
    """The sites of `names` that are not disabled, if all were asked for; else all of them must be.

    Raises ArchiveError, with how to enable it, for one that was named.
    """
    with reading(sessions) as session:
        reasons = disabled(session)
    out_of_use = [name for name in names if name in reasons]
    words = [f"{name} is disabled ({reasons[name]})" for name in out_of_use]
    if out_of_use and (not all_of_them or len(out_of_use) == len(names)):
        how = "; ".join(f"`baotinh sites enable {name}`" for name in out_of_use)
        raise ArchiveError(f"{'; '.join(words)}. To crawl again: {how}")
    for line in words:
        hint(f"Left out: {line}.")
    return [name for name in names if name not in reasons]


def scrapy_settings(given: list[str]) -> dict[str, str]:
    """Scrapy settings as ``-s`` gives them.

    Raises ValueError for one without a value, one that Scrapy has not, and one that is not for changing.
    """
    known = dict(ScrapySettings())
    result = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ValueError(f"-s {one}: write it as NAME=VALUE, such as -s DOWNLOAD_DELAY=2")
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise ValueError(f"-s {one}: Scrapy has no setting {name}{f'; did you mean {near[0]}?' if near else ''}")
        if name in (*LOCKED, *LOCKED_PARTS) or name.endswith(LOCKED_ENDINGS) or name.startswith(LOCKED_BEGINNINGS):
            raise ValueError(
                f"-s {one}: {name} is not for changing: robots.txt is always obeyed, every page is kept, and only "
                "public addresses are connected to"
            )
        if isinstance(known[name], float | int) and not isinstance(known[name], bool):
            try:
                float(value)
            except ValueError:
                raise ValueError(f"-s {one}: {name} is a number, such as {known[name]}") from None
        result[name] = value
    return result


def _crawl(orders: list[Order], settings: Settings, runs: Runs, at_once: int) -> bool:
    """Crawl with a bar a site, then print what came of it; True if any did not finish well."""
    columns = (SpinnerColumn(), TextColumn("{task.description:24}"), TextColumn("{task.fields[words]}"))
    with Progress(*columns, TimeElapsedColumn(), console=err) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(site: str, counts: Mapping[str, int], outcome: RunOutcome) -> None:
            if site not in tasks:
                tasks[site] = bar.add_task(site, total=None, words="")
            running = outcome is RunOutcome.RUNNING
            words = _progress(counts) if running else str(outcome)
            bar.update(tasks[site], words=words, total=None if running else 1, completed=0 if running else 1)

        ended = crawl_all(orders, settings, runs, at_once, tell)
    shown = ("new", "revised", "unchanged", "rejected", "failed", "requests")
    table = table_of("site", "outcome", "new", "revised", "unchanged", "rejected", "failed", "requests", "seconds")
    for one in ended:
        numbers = (f"{one.counts.get(name, 0):,}" for name in shown)
        table.add_row(one.site, one.outcome, *numbers, f"{one.seconds:.1f}")
    out.print(table)
    for one in ended:
        if one.reason:
            where = out if one.outcome is RunOutcome.FINISHED else err
            where.print(f"{one.site}: {one.reason}", markup=False, highlight=False, soft_wrap=True)
    return any(one.outcome is not RunOutcome.FINISHED for one in ended)


def _progress(counts: Mapping[str, int]) -> str:
    kept = sum(counts.get(name, 0) for name in ("new", "revised", "unchanged"))
    asked = sum(number for name, number in counts.items() if name.startswith("fetch/"))
    return f"{counts.get('listed', 0):,} listed, {kept:,} of {asked:,} fetched" if counts else "starting"
