"""Commands on sites as a whole: the catalogue; enable, disable and rename a site."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from archive.clock import Clock
from archive.database import reading
from archive.renaming import renaming
from archive.sites import disable, enable, present_id, register_site, site_key
from commands.common import Province, archive_if_any, counted, open_archive, out, plain, say, table_of
from commands.looking import site_states
from crawler.archiving import site_record
from crawler.catalogue import CatalogueEntry, HostYears, catalogue, entries
from crawler.onboarding.renaming import ROOT, mentions, plan, renamed
from crawler.sites import all_sites, find_site, look_again

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="A site id; see `baotinh sites list`.")]


def sites_catalogue(
    province: Province = None,
    family: Annotated[list[str] | None, typer.Option(help="Only this family; may be given again.")] = None,
) -> None:
    """Print the provincial newspapers and portals that public sources name, and which of them have a spider.

    Nothing in it was tried: hosts carry the years in which a source names them. [bold]baotinh sites probe URL[/] looks.
    """
    found = entries(province or (), family or ())
    checks, reasons = site_states()
    table = table_of("id", "publisher", "province", "now", "hosts", "family", "kind", "state", "evidence")
    # A host in two halves can be copied nowhere.
    table.columns[4].no_wrap = True
    for one in found:
        state = "-"
        if one.id in all_sites():
            checked = f"checked {checks[one.id].at:%Y-%m-%d}" if one.id in checks else "never checked"
            state = "has a spider, " + ("disabled" if one.id in reasons else checked)
        table.add_row(*(plain(text) for text in _cells(one, state)))
    _print(table, found)


def sites_disable(
    site: SiteId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept and shown.")],
) -> None:
    """Leave a site out of `crawl --all` and of the nights, until it is enabled again. What is kept of it stays.

    `crawl SITE` is refused meanwhile, too.
    """
    settings, sessions = open_archive()
    with sessions.begin() as session:
        disable(session, site_row(session, site, settings.clock), reason, settings.clock)
    say(f"{site} is disabled: {reason.strip()}. To crawl it again: baotinh sites enable {site}")


def sites_enable(site: SiteId) -> None:
    """Let a disabled site be crawled again."""
    settings, sessions = open_archive()
    with sessions.begin() as session:
        was = enable(session, site_row(session, site, settings.clock))
    say(f"{site} is enabled." if was else f"{site} was not disabled.")


def sites_rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The id that the site has.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The id that it gets: lower-case words joined by _.")],
) -> None:
    """Give a site another id: its spider, its golden pages and, in the archive, all that is kept of it.

    Articles stay as they are, under the ids NEW-KEY; OLD-KEY still leads to them. Where the spider is called NEW
    already, as on another machine with the same program, only the archive is changed.
    """
    moves = plan(old, new)
    if archive_if_any() is None:
        with renamed(moves):
            pass
    else:
        settings, sessions = open_archive()
        # The files around the archive: what is written there last may fail, and files can be put back.
        with renamed(moves), renaming(settings, sessions, old, new) as was_kept:
            if not was_kept and not moves:
                with reading(sessions) as session:
                    now = present_id(session, old)
                hint = f"the archive calls it {now}" if now != old else "neither a spider nor the archive knows it"
                raise ValueError(f"there is no site {old!r} to rename; {hint}")
    look_again()
    for move in moves:
        say(f"{move.source.relative_to(ROOT)} -> {move.target.relative_to(ROOT)}")
    say(f"{old} is {new} now; ids of articles that begin with {old}- still lead to them.")
    if left := mentions(old):
        say(
            f"{counted(len(left), 'file')} still {'name' if len(left) > 1 else 'names'} {old}; see whether they should:"
        )
        for file in left:
            say(f"  {file}")


def site_row(session: Session, site: str, clock: Clock) -> int:
    """The key of a site; one that was never crawled becomes a row. Raises UnknownSite."""
    known = site_key(session, site)
    return known if known is not None else register_site(session, site_record(find_site(site)), clock)


def _cells(one: CatalogueEntry, state: str) -> tuple[str, ...]:
    hosts = "\n".join(_host_words(host) for host in one.hosts)
    return one.id, one.title, one.province, one.province_now, hosts, one.family or "?", one.kind, state, one.evidence


def _host_words(host: HostYears) -> str:
    if host.first is None and host.last is None:
        return host.host
    years = str(host.first) if host.first == host.last else f"{host.first or ''}-{host.last or ''}"
    return f"{host.host} ({years})"


def _print(table: Table, found: list[CatalogueEntry]) -> None:
    out.print(table)
    of_all = "" if len(found) == len(catalogue()) else f" of {len(catalogue())}"
    say(f"{len(found)}{of_all} entries. None was tried: `baotinh sites probe URL` looks at one.")
