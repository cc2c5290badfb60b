"""The command line of Báo Tỉnh, assembled from its packages."""

import signal
import sys
from types import FrameType

import typer

from archive.database import ArchiveError
from archive.settings import SettingsError
from commands.backup import backup, restore
from commands.captures import captures_show, captures_usage, captures_verify
from commands.catalogue import sites_catalogue, sites_disable, sites_enable, sites_rename
from commands.checking import sites_check, sites_review
from commands.common import FAILED, WRONG_USE, err
from commands.crawling import crawl, fetch
from commands.database import db_copy, db_digest, db_upgrade
from commands.exclude import exclude_command
from commands.exporting import export
from commands.looking import rejects_command, show, sites_list
from commands.reextract import reextract
from commands.relearning import sites_relearn
from commands.reprints import reprints_rebuild, reprints_report
from commands.scheduling import (
    schedule_list,
    schedule_mute,
    schedule_next,
    schedule_now,
    schedule_pause,
    schedule_resume,
    schedule_run,
    schedule_unmute,
)
from commands.sites import sites_add, sites_probe
from commands.status import report, status
from crawler.sites import UnknownSite

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Báo Tỉnh: scraper and archive for Vietnam's provincial news.

    Begin with [bold]baotinh db upgrade[/], then [bold]baotinh crawl SITE[/] and [bold]baotinh export DIR[/].
    Data lives in BAOTINH_DATA (./data unless set).""",
)
sites_app = typer.Typer(no_args_is_help=True, help="The sites this program knows.")
captures_app = typer.Typer(no_args_is_help=True, help="The pages as they were fetched.")
reprints_app = typer.Typer(no_args_is_help=True, help="Who reprints whom.")
db_app = typer.Typer(no_args_is_help=True, help="The archive's database.")
schedule_app = typer.Typer(no_args_is_help=True, help="Crawl by itself, every night.")
app.add_typer(sites_app, name="sites")
app.add_typer(captures_app, name="captures")
app.add_typer(reprints_app, name="reprints")
app.add_typer(db_app, name="db")
app.add_typer(schedule_app, name="schedule")

# In the order in which the help lists them.
app.command()(crawl)
app.command()(fetch)
sites_app.command("list")(sites_list)
sites_app.command("catalogue")(sites_catalogue)
sites_app.command("probe")(sites_probe)
sites_app.command("add")(sites_add)
sites_app.command("review")(sites_review)
sites_app.command("check")(sites_check)
sites_app.command("relearn")(sites_relearn)
sites_app.command("disable")(sites_disable)
sites_app.command("enable")(sites_enable)
sites_app.command("rename")(sites_rename)
schedule_app.command("run")(schedule_run)
schedule_app.command("list")(schedule_list)
schedule_app.command("next")(schedule_next)
schedule_app.command("now")(schedule_now)
schedule_app.command("pause")(schedule_pause)
schedule_app.command("resume")(schedule_resume)
schedule_app.command("mute")(schedule_mute)
schedule_app.command("unmute")(schedule_unmute)
app.command()(status)
app.command()(report)
app.command()(show)
app.command("rejects")(rejects_command)
app.command()(reextract)
app.command()(export)
reprints_app.command("report")(reprints_report)
reprints_app.command("rebuild")(reprints_rebuild)
captures_app.command("verify")(captures_verify)
captures_app.command("show")(captures_show)
captures_app.command("usage")(captures_usage)
app.command("exclude")(exclude_command)
app.command()(backup)
app.command()(restore)
db_app.command("upgrade")(db_upgrade)
db_app.command("digest")(db_digest)
db_app.command("copy")(db_copy)


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


def _fail(message: str, code: int) -> None:
    err.print(f"baotinh: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
