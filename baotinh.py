"""The command line of Báo Tỉnh, assembled from its packages."""

import difflib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from scrapy.settings import Settings as ScrapySettings

from archive.article import BlockKind, Dated, Precision
from archive.copying import back_up, copy_archive
from archive.database import (
    ArchiveError,
    Sessions,
    check_version,
    newest_version,
    open_engine,
    reading,
    session_factory,
    upgrade,
    version_of,
)
from archive.digest import exact_digest, logical_digest, whole
from archive.export.jsonl import export_jsonl
from archive.export.selection import Selection
from archive.export.staging import Exported
from archive.export.txt import export_txt
from archive.models import RunOutcome
from archive.query import Shown, find_article, rejects, site_status
from archive.runs import Runs
from archive.settings import Settings, SettingsError, database_url
from crawler.sites import UnknownSite, all_sites, find_site, site_of
from schedules.nightly import run_nightly
from schedules.runs import Order, crawl_all

FAILED, WRONG_USE = 1, 2
"""Exit codes: something asked for could not be done; it was asked for in the wrong way."""

AT_ONCE = 4
"""Sites crawled at once unless told otherwise: each waits most of its time between requests."""

LOCKED_SETTINGS = ("ROBOTSTXT_OBEY", "COOKIES_ENABLED", "EXTENSIONS", "SPIDER_MODULES")
LOCKED_ENDINGS = ("_MIDDLEWARES", "_PIPELINES", "_HANDLERS", "_BASE")
"""What `-s` may not change: manners, and the parts the archive rests on."""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Báo Tỉnh: scraper and archive for Vietnam's provincial news.

    Begin with [bold]baotinh db upgrade[/], then [bold]baotinh crawl SITE[/] and [bold]baotinh export DIR[/].
    Data lives in BAOTINH_DATA (./data unless set).""",
)
sites_app = typer.Typer(no_args_is_help=True, help="The sites this program knows.")
db_app = typer.Typer(no_args_is_help=True, help="The archive's database.")
schedule_app = typer.Typer(no_args_is_help=True, help="Crawl by itself, every night.")
app.add_typer(sites_app, name="sites")
app.add_typer(db_app, name="db")
app.add_typer(schedule_app, name="schedule")

# A pipe has no width, and a table that is cut to 80 columns is of no use to a script.
WIDE = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 160
out = Console(width=WIDE)
err = Console(stderr=True)
_DONE_ROWS = TextColumn("{task.completed:,} rows, {task.description}")

FirstDay = Annotated[
    datetime | None,
    typer.Option("--start", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day of publication."),
]
LastDay = Annotated[
    datetime | None, typer.Option("--end", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day of publication.")
]
ScrapySetting = Annotated[
    list[str] | None,
    typer.Option("-s", metavar="NAME=VALUE", help="Override a Scrapy setting, as `scrapy crawl -s` does."),
]


class Format(StrEnum):
    """Formats of `export`."""

    TXT = "txt"
    JSONL = "jsonl"


def main() -> None:
    """Run the command line; every expected trouble is one clear message and a code above 0."""
    # As Ctrl+C does: children are ended in order before this process goes.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        app()
    except (SettingsError, UnknownSite, ValueError) as error:
        _fail(str(error), WRONG_USE)
    except ArchiveError as error:
        _fail(str(error), FAILED)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


# -- crawling -------------------------------------------------------------------------------------


@app.command()
def crawl(
    sites: Annotated[
        list[str] | None, typer.Argument(metavar="SITE...", help="Site ids; see `baotinh sites list`.")
    ] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Every site.")] = False,
    start: FirstDay = None,
    end: LastDay = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Fetch at most so many articles of each site.")] = None,
    at_once: Annotated[
        int,
        typer.Option(min=1, max=64, help="Sites crawled at once; never two requests at once to one site."),
    ] = AT_ONCE,
    setting: ScrapySetting = None,
) -> None:
    """Fetch what is new on the sites, newest first.

    Without [bold]--start[/] the first crawl of a site goes back as far as its listings do; later ones stop
    where everything is known. A crawl that was interrupted goes on where it stopped.

    Example: [bold]baotinh crawl bao_quang_ninh --start 2020-11-01 --end 2020-11-30[/]
    """
    if bool(sites) == all_of_them:
        raise ValueError("name the sites to crawl, or give --all (not both); `baotinh sites list` shows them")
    if start and end and start > end:
        raise ValueError(
            f"--start {start:%Y-%m-%d} lies after --end {end:%Y-%m-%d}: nothing can be published in between"
        )
    names = list(all_sites()) if all_of_them else list(dict.fromkeys(find_site(name).name for name in sites or []))
    overrides = _scrapy_settings(setting or [])
    settings, sessions = _open_archive()
    if start and start.date() > settings.clock.now().date():
        raise ValueError(f"--start {start:%Y-%m-%d} lies in the future: nothing has been published there yet")
    orders = [
        Order(name, start.date() if start else None, end.date() if end else None, limit, settings=overrides)
        for name in names
    ]
    failed = _crawl(orders, settings, Runs(sessions, settings.clock), at_once)
    raise typer.Exit(FAILED if failed else 0)


@app.command()
def fetch(
    url: Annotated[str, typer.Argument(help="The address of one article.")],
    force: Annotated[bool, typer.Option(help="Fetch it even if it is kept and not due.")] = False,
    setting: ScrapySetting = None,
) -> None:
    """Read one article now and show every field with where it stood on the page."""
    spider = site_of(url)
    if spider.article_key(url) is None:
        raise ValueError(f"{url} is no article of {spider.name}: its path does not match {spider.article_path.pattern}")
    settings, sessions = _open_archive()
    order = Order(spider.name, url=url, force=force, settings=_scrapy_settings(setting or []))
    [ended] = crawl_all([order], settings, Runs(sessions, settings.clock), 1)
    if ended.reason:
        err.print(f"{spider.name}: {ended.outcome}: {ended.reason}", markup=False)
    with reading(sessions) as session:
        found = find_article(session, spider.canonical_url(url))
        refused = [one for one in rejects(session, spider.name) if one.url == spider.canonical_url(url)]
    for one in refused:
        err.print(f"rejected as no article: {one.reason}: {one.detail}", markup=False)
    for shown in found:
        _print_article(shown, origins=True)
    raise typer.Exit(0 if found and ended.outcome is RunOutcome.FINISHED and not refused else FAILED)


@sites_app.command("list")
def sites_list() -> None:
    """Show every site: id, publisher, province, family, host."""
    table = _table("site", "publisher", "province", "family", "host", "since")
    for name, spider in all_sites().items():
        since = str(spider.oldest.year)
        table.add_row(name, spider.title, spider.province, spider.family, spider.hosts[0], since)
    out.print(table)


@schedule_app.command("run")
def schedule_run(
    at: Annotated[str, typer.Option(metavar="HH:MM", help="When the night begins, Vietnam's time.")] = "00:30",
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Sites crawled at once.")] = AT_ONCE,
) -> None:
    """Crawl every site each night until stopped; a night missed by up to 12 hours is caught up at once."""
    settings, sessions = _open_archive()

    def night() -> None:
        orders = [Order(name) for name in all_sites()]
        _crawl(orders, settings, Runs(sessions, settings.clock), at_once)

    last = Runs(sessions, settings.clock).latest(limit=1)
    out.print(f"Crawling every night at {at}, Vietnam's time. End with Ctrl+C.", highlight=False)
    run_nightly(night, at, settings, last[0].started_at if last else None)


# -- looking --------------------------------------------------------------------------------------


@app.command()
def status() -> None:
    """Show what the archive holds of each site, and how its last crawl went."""
    settings, sessions = _open_archive()
    with reading(sessions) as session:
        rows = site_status(session)
    if not rows:
        out.print(f"The archive in {settings.data} is empty. Begin with: baotinh crawl SITE", markup=False)
        return
    table = _table("site", "articles", "texts", "words", "published", "waiting", "rejected", "last crawl")
    for row in rows:
        numbers = (f"{number:,}" for number in (row.articles, row.texts, row.syllables))
        first, last = row.first_published, row.last_published
        run = row.last_run
        table.add_row(
            row.site,
            *numbers,
            f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first and last else "-",
            f"{row.pending:,}",
            f"{row.rejected:,}",
            f"{run.started_at:%Y-%m-%d %H:%M} {run.outcome}" if run else "-",
        )
    out.print(table)
    for row in rows:
        if row.last_run and row.last_run.reason:
            out.print(f"{row.site}: {row.last_run.reason}", markup=False, highlight=False)


@app.command()
def show(
    url_or_id: Annotated[str, typer.Argument(help="An article's URL or id (SITE-KEY), or a text id.")],
) -> None:
    """Show an article with its metadata, its text and every place it was published."""
    _, sessions = _open_archive()
    with reading(sessions) as session:
        found = find_article(session, url_or_id)
    if not found:
        raise ArchiveError(f"the archive has no article {url_or_id!r}; give its URL, its id (SITE-KEY) or a text id")
    for shown in found:
        _print_article(shown)


@app.command("rejects")
def rejects_command(site: Annotated[str | None, typer.Argument(help="One site only.")] = None) -> None:
    """List the pages that were rejected as no articles, and why."""
    if site is not None:
        find_site(site)
    _, sessions = _open_archive()
    with reading(sessions) as session:
        rows = rejects(session, site)
    if not rows:
        out.print("Nothing was rejected.")
        return
    table = _table("site", "fetched", "reason", "detail", "url")
    for row in rows:
        table.add_row(row.site, f"{row.fetched_at:%Y-%m-%d %H:%M}", row.reason, row.detail, row.url)
    out.print(table)


# -- taking out -----------------------------------------------------------------------------------


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    format_: Annotated[Format, typer.Option("--format", help="txt: one file a text; jsonl: one line an article.")],
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be given again.")] = None,
    province: Annotated[list[str] | None, typer.Option(help="Only this province, by its old or new name.")] = None,
    start: FirstDay = None,
    end: LastDay = None,
    captions: Annotated[
        bool, typer.Option("--captions/--no-captions", help="Keep picture captions in the texts.")
    ] = True,
) -> None:
    """Write the corpus as files. The same archive gives the same bytes.

    txt writes DIR/SITE/YYYY/MM/TEXT_ID.txt with metadata.csv (one row a text) and sources.csv (one row a
    place it was published); jsonl writes DIR/articles.jsonl.
    """
    _, sessions = _open_archive()
    selection = Selection(
        tuple(site or ()),
        tuple(province or ()),
        start.date() if start else None,
        end.date() if end else None,
        captions,
    )
    write: Callable[[Sessions, Path, Selection, Callable[[int], None]], Exported]
    write = export_txt if format_ is Format.TXT else export_jsonl
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed:,} articles"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("export", total=None)
        done = write(sessions, folder, selection, lambda number: bar.advance(task, number))
    _say(f"{done.articles:,} articles, {done.texts:,} texts -> {folder}")
    if not done.articles:
        err.print("Nothing matched the selection; `baotinh status` shows what the archive holds.")


# -- the database ---------------------------------------------------------------------------------


@db_app.command("upgrade")
def db_upgrade(
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", help="First write an older database into DATA/backups.")
    ] = True,
) -> None:
    """Create the database, or bring it up to this program's version after a backup."""
    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    before = version_of(engine)
    if before is not None and before != newest_version() and backup:
        _say(f"Backup: {back_up(engine, settings.backups, settings.clock)}")
    upgrade(engine)
    _say(f"The archive at {engine.url.render_as_string()} is up to date (version {newest_version()}).")


@db_app.command("digest")
def db_digest(
    exact: Annotated[bool, typer.Option("--exact", help="Times, runs and places of captures too.")] = False,
) -> None:
    """Print what tells whether two archives hold the same, by table and as a whole.

    Two archives that the same crawl filled have the same digest, on SQLite and on PostgreSQL; times of
    fetching, runs and view counts do not count. A copy has the same [bold]--exact[/] digest as well.
    """
    _, sessions = _open_archive()
    with reading(sessions) as session:
        tables = exact_digest(session) if exact else logical_digest(session)
    for name, table in tables.items():
        _say(f"{table.sum}  {table.rows:>9}  {name}")
    _say(f"{whole(tables)}  {sum(table.rows for table in tables.values()):>9}  archive")


@db_app.command("copy")
def db_copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database to read.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of a new or empty database.")],
) -> None:
    """Copy an archive's database into another, SQLite or PostgreSQL, and check it by digest.

    Nothing is kept in the new one unless all of it is right. Captures are files in the data folder and
    stay there. Stop scheduler and crawls first: what they add meanwhile is not copied.

    Example: [bold]baotinh db copy sqlite:////srv/baotinh/baotinh.sqlite3 postgresql://baotinh@localhost/baotinh[/]
    """
    from_engine, to_engine = (open_engine(database_url(url, name)) for url, name in ((source, "FROM"), (target, "TO")))
    with Progress(SpinnerColumn(), _DONE_ROWS, TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        tables = copy_archive(
            from_engine, to_engine, lambda name, rows: bar.update(task, advance=rows, description=name)
        )
    _say(f"{sum(table.rows for table in tables.values()):,} rows; both have the exact digest {whole(tables)}.")
    _say(f"To use the copy, set BAOTINH_DATABASE_URL to {to_engine.url.render_as_string()}")


# -- parts ----------------------------------------------------------------------------------------


def _table(first: str, *others: str) -> Table:
    """A table whose columns fold rather than lose words; ids are never folded."""
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, overflow="fold")
    return table


def _say(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def _open_archive() -> tuple[Settings, Sessions]:
    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    check_version(engine)
    return settings, session_factory(engine)


def _scrapy_settings(given: list[str]) -> dict[str, str]:
    known = dict(ScrapySettings())
    result = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ValueError(f"-s {one}: write it as NAME=VALUE, such as -s DOWNLOAD_DELAY=2")
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            raise ValueError(f"-s {one}: Scrapy has no setting {name}{f'; did you mean {near[0]}?' if near else ''}")
        if name in LOCKED_SETTINGS or name.endswith(LOCKED_ENDINGS):
            raise ValueError(
                f"-s {one}: {name} is not for changing: robots.txt is always obeyed and every page is kept"
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
    table = _table("site", "outcome", "new", "revised", "unchanged", "rejected", "failed", "requests", "seconds")
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


def _print_article(shown: Shown, *, origins: bool = False) -> None:
    record = shown.record
    table = Table(show_header=False, box=None, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    then, now = record.province_then, record.province_now
    rows: list[tuple[str, Any]] = [
        ("id", record.id),
        ("title", record.title),
        ("url", record.url),
        ("site", f"{record.site_title} ({record.site}), {then}{f', now {now}' if now != then else ''}"),
        ("published", _date(record.published)),
        ("modified", _date(record.modified)),
        ("author", record.author),
        ("affiliation", record.affiliation),
        ("source_credit", record.source_credit),
        ("section", record.section),
        ("tags", ", ".join(record.tags)),
        ("views", record.views),
        ("kind", record.kind if record.kind != "article" else None),
        ("attachments", "\n".join(f"{one.label}: {one.url}" for one in record.attachments)),
        ("text_id", record.text_id),
        ("fetched", f"{record.fetched_at:%Y-%m-%d %H:%M %z}, capture {record.file} at {record.offset}"),
        ("gone", f"{record.gone_at:%Y-%m-%d}" if record.gone_at else None),
        ("layout", f"{record.layout}, extractor {record.extractor_version}"),
        ("flags", ", ".join(record.flags)),
    ]
    for name, value in rows:
        if value not in (None, ""):
            origin = record.origins.get(name)
            table.add_row(
                f"[bold]{name}[/]",
                _plain(str(value)),
                f"[dim]{_plain(origin)}[/]" if origins and origin else "",
            )
    if origins and record.origins.get("text"):
        table.add_row("[bold]text[/]", f"{record.syllables} words", f"[dim]{_plain(record.origins['text'])}[/]")
    out.print(table)
    out.print()
    for block in record.blocks:
        style = {BlockKind.LEAD: "bold", BlockKind.HEADING: "bold", BlockKind.CAPTION: "italic"}.get(block.kind)
        out.print(block.text, style=style, markup=False, highlight=False)
        out.print()
    for change in shown.changes:
        seen = f"{change.seen_at:%Y-%m-%d %H:%M}"
        out.print(f"revision {change.number}, seen {seen}: {', '.join(change.changed)} changed", highlight=False)
    others = [source for source in shown.sources if source.id != record.id]
    for source in others:
        out.print(
            f"also: {source.site} {_date(source.published) or 'undated'} {source.url}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _date(dated: Dated | None) -> str | None:
    if dated is None:
        return None
    form = "%Y-%m-%d %H:%M" if dated.precision is Precision.MINUTE else "%Y-%m-%d"
    return f"{dated.instant:{form}} (from {dated.source}: {dated.raw!r})"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _fail(message: str, code: int) -> None:
    err.print(f"baotinh: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
