"""Commands on the captures: captures verify, captures show, captures usage."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from archive.captures import read_capture
from archive.clock import VIETNAM
from archive.database import ArchiveError, reading
from archive.decoding import decoded
from archive.exclusion import Excluded, exclusions, taken_down_at
from archive.kept import KeptCapture, Usage, capture_at, disk_usage, first_capture
from archive.locks import keeping_captures
from archive.models import Site
from archive.verifying import Damage, Verifier
from archive.warc import Record
from commands.common import FAILED, err, open_archive, out, say, table_of
from crawler.extraction.page import decode
from crawler.sites import all_sites, find_site

INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it: 128 and the number of the signal."""

_TEXTS = ("text/", "application/xhtml", "application/xml", "application/json", "application/rss", "application/atom")


def captures_verify(
    site: Annotated[str | None, typer.Option(metavar="SITE", help="The captures of one site only.")] = None,
) -> None:
    """Check every capture against its record in the capture files, and every record against its digests.

    Names each that is damaged; the exit code is then 1. Reads all files from end to end, and changes nothing.
    It does not begin while captures are purged, nor a purge while it runs.
    """
    if site is not None:
        find_site(site)
    settings, sessions = open_archive()
    # A purge meanwhile would leave records that the rows read before do not tell of, and look like damage.
    with keeping_captures(settings.locks, "captures cannot be verified", shared=True):
        verifier = Verifier(sessions, settings.captures, site)
        columns = (TextColumn("verifying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=err, transient=True) as bar:
                task = bar.add_task("", total=verifier.size())
                for damage in verifier.damages(lambda length: bar.advance(task, length)):
                    say(_damage_words(damage))
        except KeyboardInterrupt:
            _tell(f"interrupted: {_counts_words(verifier)} so far; nothing was changed")
            raise typer.Exit(INTERRUPTED) from None
    say(_counts_words(verifier))
    if verifier.counts.damaged:
        say(
            "Put the files named above back from a copy (baotinh backup, or another machine's), then verify again; "
            "without a copy, `baotinh fetch URL --force` keeps what the page says today."
        )
        raise typer.Exit(FAILED)


def _tell(line: str) -> None:
    """Say one line beside the output."""
    err.print(line, markup=False, highlight=False, soft_wrap=True)


def _damage_words(damage: Damage) -> str:
    if damage.url is None or damage.fetched_at is None:
        return f"damaged: {damage.site}, a record of no capture, {damage.file} at {damage.offset}: {damage.why}"
    fetched = f"{damage.fetched_at:%Y-%m-%d %H:%M:%S}"
    return f"damaged: {damage.site} {damage.url}, fetched {fetched}, {damage.file} at {damage.offset}: {damage.why}"


def _counts_words(verifier: Verifier) -> str:
    counts = verifier.counts
    purged = f" ({counts.purged:,} more were purged)" if counts.purged else ""
    return (
        f"{counts.captures:,} captures{purged} and {counts.records:,} records in {counts.files:,} files verified: "
        f"{counts.damaged:,} damaged"
    )


def captures_show(
    url: Annotated[str, typer.Argument(help="The address, as it was fetched.")],
    at: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="A day (its end) or an instant such as 2022-01-05T08:30, Vietnam's time unless it has an offset; "
            "the latest capture unless given.",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the body, byte for byte as sent.")] = None,
    headers: Annotated[bool, typer.Option("--headers", help="Print status and headers before the page.")] = False,
) -> None:
    """Print a page as it was fetched: the capture at a date, or the last one before it.

    An article that was taken down is not shown.
    """
    moment = None if at is None else _moment(at)
    settings, sessions = open_archive()
    with reading(sessions) as session:
        found = capture_at(session, url, moment)
        first = first_capture(session, url) if found is None else None
        taken_down = None if found is None else _taken_down(session, found)
    if found is None and first is not None:
        raise ArchiveError(
            f"{url} has no capture of {at} or before; its first is of {first:%Y-%m-%d %H:%M}: give that day or a later "
            "one"
        )
    if found is None:
        raise ArchiveError(f"the archive has no capture of {url}; `baotinh show` names the addresses of an article")
    if found.purged_at is not None:
        raise ArchiveError(
            f"{url}: its capture of {found.fetched_at:%Y-%m-%d} was purged on {found.purged_at:%Y-%m-%d}, and nothing "
            "of it is left; `baotinh exclude --list` says why"
        )
    if taken_down is not None:
        raise ArchiveError(
            f"{url}: {taken_down.id} was taken down on {taken_down.excluded_at:%Y-%m-%d} ({taken_down.reason}) and is "
            f"not shown; `baotinh exclude {taken_down.id} --lift` takes that back"
        )
    record = read_capture(settings.captures, found.place, found.holder)
    _tell(
        f"{found.site}, fetched {found.fetched_at:%Y-%m-%d %H:%M:%S %z}, status {found.status}, "
        f"{found.place.file} at {found.place.offset}"
    )
    if headers:
        for line in (record.first_line, *(f"{name}: {value}" for name, value in record.headers)):
            typer.echo(_shown(line))
        typer.echo()
    if output is not None:
        _save(record, output)
    else:
        typer.echo(_text(record, url))


def _taken_down(session: Session, found: KeptCapture) -> Excluded | None:
    """What was taken down of the article that a capture is of, by its addresses and by the key that they tell."""
    addresses = {found.url, found.final_url}
    known = taken_down_at(session, found.site, addresses, found.id)
    spider = all_sites().get(found.site)
    if not known and spider is not None:
        keys = {spider.article_key(address) for address in addresses} - {None}
        of_site = exclusions(session, Site.name == found.site)
        known = [one for one in of_site if keys & {one.key, spider.article_key(one.url)}]
    return known[0] if known else None


def _moment(at: str) -> datetime:
    """The instant that a day or a time on the command line means; a day means its end."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise ValueError(f"--at {at}: give a day or a time, such as 2022-01-05 or 2022-01-05T08:30") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
    return moment + timedelta(days=1, microseconds=-1) if len(at) == len("2022-01-05") else moment


def _shown(words: str) -> str:
    """A header as it is shown: as UTF-8, if it is, and without what would command a terminal."""
    return decode(words.encode("latin-1")).text


def _header(record: Record, name: str) -> str | None:
    return next((_shown(value) for other, value in record.headers if other.lower() == name), None)


def _save(record: Record, output: Path) -> None:
    try:
        output.write_bytes(record.payload)
    except OSError as error:
        raise ArchiveError(f"{output}: cannot be written ({error.strerror}); give another --output") from error
    coding = _header(record, "content-encoding")
    _tell(f"{output}: {len(record.payload):,} bytes as sent{f', in {coding}' if coding else ''}")


def _text(record: Record, url: str) -> str:
    kind = _header(record, "content-type") or "text/html"
    if not kind.lower().startswith(_TEXTS):
        raise ArchiveError(f"{url}: is {kind}, which is no text; save it with --output FILE")
    return decode(decoded(record.headers, record.payload), kind).text


def captures_usage() -> None:
    """Show what the captures take on the disk, by site and year, and files that the archive does not know."""
    settings, sessions = open_archive()
    with reading(sessions) as session:
        found = disk_usage(session, settings.captures)
    if not found.usage and not found.unknown:
        say(f"The archive in {settings.data} has no captures. Begin with: baotinh crawl SITE")
        return
    table = table_of("site", "year", "files", "bytes", "captures", "unchanged", "saved")
    total = Usage()
    for (site, year), one in sorted(found.usage.items()):
        table.add_row(site, year, *_usage_words(one))
        for name, value in vars(one).items():
            setattr(total, name, getattr(total, name) + value)
    table.add_section()
    table.add_row("total", "", *_usage_words(total))
    out.print(table)
    for file in found.missing:
        say(f"missing: {file} is not in {settings.captures}; restore it from a copy (`baotinh captures verify`)")
    for file, size in found.unknown:
        say(f"unknown: {file} ({decimal(size)}) has no capture that the database knows; keep it until you know why")


def _usage_words(one: Usage) -> tuple[str, ...]:
    return (f"{one.files:,}", decimal(one.bytes), f"{one.captures:,}", f"{one.revisits:,}", decimal(one.saved))
