"""Commands that look: show, rejects, sites list."""

from typing import Annotated, Any

import typer
from rich.table import Table

from archive.article import BlockKind
from archive.database import ArchiveError, reading
from archive.exclusion import Excluded
from archive.history import history
from archive.query import Shown, find_article, rejects, taken_down
from archive.sites import SiteCheck, disabled, last_checks
from commands.common import archive_if_any, counted, date_words, hint, open_archive, out, plain, say, table_of
from commands.history import print_history
from commands.stories import print_story
from crawler.declaration import SiteDeclaration
from crawler.sites import all_sites, broken_sites, find_site


def sites_list() -> None:
    """Show every site: publisher, province, family, host, whether it is enabled, when a live check last passed."""
    checks, reasons = site_states()
    table = table_of("site", "publisher", "province", "family", "host", "since", "live check", "state")
    for name, spider in all_sites().items():
        since = "-" if spider.oldest == SiteDeclaration.oldest else str(spider.oldest.year)
        checked = f"{checks[name].at:%Y-%m-%d %H:%M}" if name in checks else "never passed"
        state = plain(f"disabled: {reasons[name]}" if name in reasons else "enabled")
        table.add_row(name, spider.title, spider.province, spider.family, spider.hosts[0], since, checked, state)
    out.print(table)
    for module, why in broken_sites().items():
        hint(f"{module} cannot be loaded, so that its sites are not here: {why}")


def site_states() -> tuple[dict[str, SiteCheck], dict[str, str]]:
    """The last live check that each site passed, and why each disabled one is; nothing where there is no archive."""
    sessions = archive_if_any()
    if sessions is None:
        return {}, {}
    with reading(sessions) as session:
        return last_checks(session), disabled(session)


def show(
    url_or_id: Annotated[str, typer.Argument(help="An article's URL or id (SITE-KEY), or a text id.")],
    changes: Annotated[
        bool, typer.Option("--history", help="Show what its publisher changed, word by word, instead.")
    ] = False,
    versions: Annotated[
        bool, typer.Option("--versions", help="Show in what every version of the story differs from the first one.")
    ] = False,
) -> None:
    """Show an article with its metadata, its text, and who printed the story first and who after."""
    _, sessions = open_archive()
    with reading(sessions) as session:
        found, excluded = find_article(session, url_or_id), taken_down(session, url_or_id)
        revised = {one.record.id: history(session, one.record.site, one.record.key) for one in found if changes}
    for one in excluded:
        print_excluded(one)
    if not found and not excluded:
        raise ArchiveError(f"the archive has no article {url_or_id!r}; give its URL, its id (SITE-KEY) or a text id")
    for shown in found:
        if changes:
            print_history(shown, revised[shown.record.id], out)
        else:
            print_article(shown, versions=versions)


def rejects_command(site: Annotated[str | None, typer.Argument(help="One site only.")] = None) -> None:
    """List the pages that were rejected as no articles, and why."""
    if site is not None:
        find_site(site)
    _, sessions = open_archive()
    with reading(sessions) as session:
        rows = rejects(session, site)
    if not rows:
        out.print("Nothing was rejected.")
        return
    table = table_of("site", "fetched", "reason", "detail", "url")
    for row in rows:
        table.add_row(row.site, f"{row.fetched_at:%Y-%m-%d %H:%M}", row.reason, plain(row.detail), plain(row.url))
    out.print(table)


def print_excluded(excluded: Excluded) -> None:
    """Say that an article was taken down, when and why; there is no more to show of it."""
    purged = f" and purged on {excluded.purged_at:%Y-%m-%d}" if excluded.purged_at else ""
    say(f"{excluded.id} was taken down on {excluded.excluded_at:%Y-%m-%d}{purged}: {excluded.reason}")
    say(excluded.url)


def print_article(shown: Shown, *, origins: bool = False, versions: bool = False) -> None:
    """Print an article; with `origins`, where on the page its fields stood; with `versions`, all of its story."""
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
        ("published", date_words(record.published)),
        ("modified", date_words(record.modified)),
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
        ("gone", f"since {record.gone_at:%Y-%m-%d}; the text stays" if record.gone_at else None),
        ("layout", f"{record.layout}, extractor {record.extractor_version}"),
        ("flags", ", ".join(record.shown_flags)),
    ]
    for name, value in rows:
        if value not in (None, ""):
            origin = record.origins.get(name)
            table.add_row(
                f"[bold]{name}[/]",
                plain(str(value)),
                plain(origin, "dim") if origins and origin else "",
            )
    if origins and record.origins.get("text"):
        table.add_row("[bold]text[/]", f"{record.syllables} words", plain(record.origins["text"], "dim"))
    out.print(table)
    out.print()
    for block in record.blocks:
        style = {BlockKind.LEAD: "bold", BlockKind.HEADING: "bold", BlockKind.CAPTION: "italic"}.get(block.kind)
        out.print(block.text, style=style, markup=False, highlight=False)
        out.print()
    for change in shown.changes:
        seen = f"{change.seen_at:%Y-%m-%d %H:%M}"
        out.print(f"revision {change.number}, seen {seen}: {', '.join(change.changed)} changed", highlight=False)
    if record.is_template:
        others = len(shown.sources) - 1
        say(f"failed extraction: all paragraphs recur on {record.site}; it is in no text group and is not exported")
        if others:
            say(f"{counted(others, 'other article')} with the same text")
    if shown.story is not None:
        print_story(shown.story, record, out, versions=versions)
