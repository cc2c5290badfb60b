"""The command that takes articles down, and lifts that again: exclude."""

from typing import Annotated

import typer

from archive.database import ArchiveError, Sessions, open_engine, reading
from archive.exclusion import Excluded, exclusions
from archive.models import public_id
from archive.purge import Purged, purge
from archive.query import TEXT_ID, ArticleName, articles_of, find_article
from archive.settings import Settings
from archive.sites import register_site
from archive.takedown import exclude, known_article, lift
from commands.common import FAILED, open_archive, out, plain, say, table_of
from crawler.archiving import site_record
from crawler.sites import all_sites, site_of


def exclude_command(
    article: Annotated[
        str | None, typer.Argument(metavar="URL|ARTICLE", help="Any URL of the article, or its id (SITE-KEY).")
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is kept and shown.")] = None,
    purge_too: Annotated[
        bool, typer.Option("--purge", help="Remove its bytes from the captures and its words from the database too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Purge without asking.")] = False,
    lifting: Annotated[bool, typer.Option("--lift", help="Take a take-down back.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Show what was taken down.")] = False,
) -> None:
    """Take an article down: it is exported and shown no more, and never fetched or read again.

    That it was taken down, when and why is kept; [bold]--lift[/] undoes it. With [bold]--purge[/] nothing is left of
    its pages either, and no way back. What other articles carry the same text is said and stays.

    Example: [bold]baotinh exclude bao_quang_ninh-2518002 --reason "asked for by the author, 3 March"[/]
    """
    if sum((article is not None, listing)) != 1 or (lifting and (purge_too or reason)):
        raise ValueError(
            "give the URL or id of an article with --reason TEXT (and --purge), or with --lift alone, or give --list"
        )
    if article is None:
        _print_exclusions()
        return
    settings, sessions = open_archive()
    _refuse_text(sessions, article)
    name = _identified(sessions, settings, article)
    if lifting:
        was = lift(sessions, settings.clock, name)
        with reading(sessions) as session:
            is_kept = bool(articles_of(session, was.id))
        again = "" if is_kept else "; it is fetched when it is next listed, or by `baotinh fetch`"
        say(f"{was.id}: taken down on {was.excluded_at:%Y-%m-%d} ({was.reason}); that is lifted{again}.")
        return
    with reading(sessions) as session:
        known = [one for one in exclusions(session) if (one.site, one.key) == (name.site, name.key)]
        carriers = [
            source for shown in find_article(session, public_id(name.site, name.key)) for source in shown.sources
        ]
    if not known and not (reason or "").strip():
        raise ValueError(f"{article}: give --reason TEXT: why an article was taken down is kept and shown")
    if purge_too and not yes:
        typer.confirm(f"Remove every byte of {public_id(name.site, name.key)} from the archive, for good?", abort=True)
    made = exclude(sessions, settings.clock, name, (reason or "").strip())
    say(f"{made.id}: {'was' if known else 'is'} taken down on {made.excluded_at:%Y-%m-%d}: {made.reason}")
    for other in carriers:
        if other.id != made.id:
            say(f"{other.id} carries the same text and stays: {other.url}")
    if purge_too:
        done = _purge(settings, made)
        raise typer.Exit(FAILED if done.elsewhere or done.lingering else 0)


def _print_exclusions() -> None:
    _, sessions = open_archive()
    with reading(sessions) as session:
        rows = exclusions(session)
    if not rows:
        out.print("Nothing was taken down.")
        return
    table = table_of("article", "taken down", "purged", "reason", "url")
    for row in rows:
        purged = f"{row.purged_at:%Y-%m-%d}" if row.purged_at else "-"
        table.add_row(row.id, f"{row.excluded_at:%Y-%m-%d}", purged, plain(row.reason), plain(row.url))
    out.print(table)


def _refuse_text(sessions: Sessions, wanted: str) -> None:
    if not TEXT_ID.fullmatch(wanted):
        return
    with reading(sessions) as session:
        ids = [public_id(one.site, one.key) for one in articles_of(session, wanted)]
    carried = f"it is carried by {', '.join(ids)}" if ids else "no article carries it"
    raise ArchiveError(f"{wanted} is a text, and articles are taken down: {carried}; give the id or URL of an article")


def _identified(sessions: Sessions, settings: Settings, wanted: str) -> ArticleName:
    """The article meant; one that was never met is named by its URL."""
    with reading(sessions) as session:
        found = known_article(session, wanted)
    if found is not None:
        return found
    if "/" not in wanted:
        raise ArchiveError(
            f"the archive has no article {wanted!r}; give its id (SITE-KEY), or its URL if it was never fetched"
        )
    spider = site_of(wanted)
    key, url = spider.article_key(wanted), spider.canonical_url(wanted)
    if key is None:
        raise ValueError(
            f"{wanted} is no article of {spider.name}: its path does not match {spider.article_path.pattern}"
        )
    with reading(sessions) as session:
        found = known_article(session, url) or known_article(session, public_id(spider.name, key))
    with sessions.begin() as session:
        register_site(session, site_record(spider), settings.clock)
    return found or ArticleName(spider.name, key, url)


def _purge(settings: Settings, excluded: Excluded) -> Purged:
    engine = open_engine(settings.database_url)
    spider = all_sites().get(excluded.site)
    keys = {excluded.key, spider.article_key(excluded.url) if spider else None} - {None}
    done = purge(
        engine,
        settings.captures,
        settings.locks,
        settings.clock,
        excluded,
        lambda url: spider is not None and spider.article_key(url) in keys,
    )
    say(f"Purged: {done.records} records in {len(done.files)} capture files, {done.texts} texts.")
    for other in done.shared:
        say(f"{other} was read from captures at one of its addresses; these stay.")
    if done.elsewhere:
        say(
            f"Not purged: {', '.join(done.elsewhere)} are not in {settings.captures}; purge again on the machine "
            "that has them."
        )
    if done.lingering:
        say("Something reads the database and keeps its log; purge again once that has ended.")
    if engine.dialect.name == "postgresql":
        say("PostgreSQL keeps removed rows until it vacuums: run `vacuum full` on the database, and mind its own logs.")
    old = sorted(settings.backups.glob("*")) if settings.backups.is_dir() else []
    kept = f" (in {settings.backups}: {', '.join(path.name for path in old)})" if old else ""
    say(f"Backups made before this{kept} and exports still hold the article: make them anew and delete the old ones.")
    return done
