"""Commands for a site that is new: sites probe, sites add."""

import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from archive.article import Rejection
from archive.database import ArchiveError
from archive.settings import Settings
from commands.common import FAILED, counted, hint, out, plain, say, table_of
from commands.crawling import ScrapySetting, scrapy_settings
from crawler.catalogue import entry
from crawler.learning.learn import Learned
from crawler.onboarding.adding import FEWEST, add, refuse_known
from crawler.onboarding.declare import EMPTY_LAYOUT, attribute_source, declaration_of, layout_source
from crawler.onboarding.live import Order, probe_live
from crawler.onboarding.probe import SAMPLES, SECTIONS
from crawler.onboarding.recognise import family_named
from crawler.onboarding.report import FieldSeen, Report
from crawler.onboarding.saved import probe_saved

MANY = 60
"""Sections that `sites add` looks at: what stands in a declaration was looked at."""

LONGEST_VALUE, LONGEST_DOUBT = 60, 120
"""Letters of a value that a report shows, and of an example of doubt, which names its page."""

ENOUGH = 24
"""Pages from which a layout is learned well: of two templates a dozen each, half of which judge."""

VALUES = 3
"""Values of a field that a report shows."""

Url = Annotated[str, typer.Argument(metavar="URL", help="The site's home page, such as https://baolaocai.vn.")]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FOLDER|FILE.warc.gz", help="Read saved pages; ask nothing of the site."),
]
NoFamilies = Annotated[
    bool, typer.Option("--no-families", help="Look for no family's signs: learn the site as one of a system unknown.")
]
Family = Annotated[str, typer.Option("--family", metavar="NAME", help="The family, where the operator knows better.")]


def sites_probe(
    url: Url, saved: From = None, family: Family = "", no_families: NoFamilies = False, setting: ScrapySetting = None
) -> None:
    """Look at a site: its family, ways of discovery, sections, and what is read of twelve sample articles.

    Asks for some 35 pages, one at a time and with the pauses of a crawl; keeps nothing. What it shows is what
    [bold]baotinh sites add[/] would write down.
    """
    report, seconds = look_at(url, saved, family, setting, sections=SECTIONS, by_signs=not no_families)
    print_report(report, out)
    took = f"{counted(report.requests, 'request')}, " if report.live else ""
    say(f"{took}{seconds:.0f} s")
    if report.refused:
        raise typer.Exit(FAILED)


def sites_add(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site's home page.")] = "",
    site_id: Annotated[str, typer.Option("--id", help="The site's id; else made of its name.")] = "",
    family: Family = "",
    no_families: NoFamilies = False,
    province: Annotated[str, typer.Option("--province", help="The site's province, by slug or name.")] = "",
    title: Annotated[str, typer.Option("--title", help="The publisher's name, in Vietnamese.")] = "",
    saved: From = None,
    from_catalogue: Annotated[
        str,
        typer.Option("--from-catalogue", metavar="ID", help="Address, name and province as the catalogue has them."),
    ] = "",
    setting: ScrapySetting = None,
) -> None:
    """Add a site: probe it, then write its spider file and golden pages to be reviewed.

    Looks at every section of the menu, so it asks for more pages than a probe. With [bold]--no-families[/], which is
    for judging how well sites are learned, a site may be added again under a new id.
    """
    if bool(url) == bool(from_catalogue):
        raise ValueError("give the site's URL, or --from-catalogue ID (`baotinh sites catalogue` prints it)")
    if from_catalogue:
        listed = entry(from_catalogue)
        url, site_id = listed.url, site_id or listed.id
        title, province = title or listed.title, province or listed.province
    if not no_families:
        refuse_known(url)
    report, seconds = look_at(url, saved, family, setting, sections=MANY, by_signs=not no_families)
    if report.refused:
        raise ArchiveError(report.refused)
    declaration = declaration_of(report, site_id=site_id, title=title, province=province, family=family)
    added = add(report, declaration)
    asked = f"asked for {counted(report.requests, 'page')} in {seconds:.0f} s" if report.live else f"read {saved}"
    say(f"{declaration.site_id}: {declaration.title}, family {declaration.family.family} ({asked})")
    say(f"{shown(added.file)}: {counted(len(declaration.sections), 'section')}: {', '.join(declaration.sections)}")
    for section in report.sections:
        if section.why_not:
            say(f"  not declared: {section.name} ({section.path}): {section.why_not}")
    say(f"{shown(added.folder)}: {counted(len(added.pages), 'golden page')}: {', '.join(added.pages)}")
    if len(added.pages) < FEWEST:
        hint(f"a site wants {FEWEST} golden pages at least; `baotinh sites probe {url}` shows what could be read")
    whole = len(report.articles) - len(report.by_layout)
    if declaration.layout:
        hint(f"fill the layout in {shown(added.file)}: until then pages are read as a whole, and short ones not at all")
    elif whole:
        hint(f"{counted(whole, 'sample')} of {len(report.articles)} fitted no layout: give the site one of its own")
    say("Next:")
    say(f"  baotinh sites review {declaration.site_id}            # look at the pages, then --accept")
    say(f"  baotinh sites check {declaration.site_id} --live      # a site is scheduled once this has passed")


def shown(place: Path) -> str:
    """A path as one types it: from the working folder if it lies there."""
    return str(place.relative_to(Path.cwd())) if place.is_relative_to(Path.cwd()) else str(place)


def look_at(
    url: str, saved: Path | None, family: str, setting: list[str] | None, *, sections: int, by_signs: bool = True
) -> tuple[Report, float]:
    """Probe a site or its saved pages, and say how many seconds it took. Raises ValueError for wrong use."""
    if family:
        family_named(family)
    if family and not by_signs:
        raise ValueError("give --family or --no-families: one says which it is, the other that it is none")
    address = url if "://" in url else f"https://{url}"
    if urlsplit(address).scheme not in ("http", "https") or "." not in (urlsplit(address).hostname or ""):
        raise ValueError(f"{url} is no address of a site; give one such as https://baolaocai.vn")
    if urlsplit(address).netloc.lower() != urlsplit(address).hostname:
        raise ValueError(f"{url}: a site is crawled by its host's name alone; give it without user and port")
    overrides = scrapy_settings(setting or [])
    began = time.monotonic()
    if saved is not None:
        clock = Settings.from_environment().clock
        report = probe_saved(saved, address, clock, family=family, by_signs=by_signs, sections=sections)
    else:
        with Console(stderr=True).status(f"asking {url} ...") as status:
            order = Order(url, family, by_signs, sections, SAMPLES, overrides)
            report = probe_live(order, lambda asked: status.update(plain(f"asking {asked}")))
    return report, time.monotonic() - began


def print_report(report: Report, console: Console) -> None:
    """Print what a probe found, for an operator to decide from."""
    _print_facts(report, console)
    if report.refused:
        return
    _print_discovery(report, console)
    _print_samples(report, console)
    _print_layout(report, console)
    for trouble in report.troubles:
        console.print(plain(f"trouble: {trouble}", "yellow"))


def _print_facts(report: Report, console: Console) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")

    def row(name: str, value: str, style: str = "") -> None:
        if value:
            table.add_row(name, plain(value, style))

    row("address", report.home or report.asked)
    row("refused", report.refused, "red")
    row("TLS", report.tls)
    if not report.refused:
        robots = report.robots
        told = [
            robots.words,
            f"delay {robots.delay:g} s" if robots.delay else "",
            f"sitemaps {', '.join(robots.sitemaps)}" if robots.sitemaps else "",
            f"closes {', '.join(robots.closed)}" if robots.closed else "",
        ]
        row("robots.txt", "; ".join(one for one in told if one) or "rules that close nothing")
        for name, found in (("title", report.title), ("province", report.province)):
            row(name, f"{found.value} (from {found.source})" if found else "not told; give --" + name)
        said = " as told by --family" if report.given else ", none of the known ones: learned" if report.learned else ""
        row("family", f"{report.family}{said}" if report.family else "none fits", "" if report.family else "yellow")
        row("articles", report.addresses.says if report.addresses else "")
        for likeness in report.likenesses:
            for one in likeness.evidence:
                row(
                    f"  {likeness.family} {likeness.score}",
                    f"{one.says} ({one.times} on {one.at})" if one.times > 1 else f"{one.says} ({one.at})",
                )
        for seen in report.seen:
            row("  seen", seen)
    console.print(table)


def _print_discovery(report: Report, console: Console) -> None:
    table = table_of("discovery", "address", "articles", "parts", "from", "to", "")
    for way in report.ways:
        table.add_row(
            way.name,
            plain(way.address),
            f"{way.articles:,}",
            f"{way.parts:,}" if way.parts else "",
            str(way.first or ""),
            str(way.last or ""),
            plain(way.words, "yellow"),
        )
    console.print(table)
    table = table_of("section", "path", "articles", "pages", "")
    for section in report.sections:
        unasked = "" if section.checked or section.why_not else "not looked at"
        table.add_row(
            plain(section.name),
            plain(section.path),
            str(section.articles or ""),
            str(section.pager or ""),
            plain(section.why_not or unasked, "yellow"),
        )
    console.print(table)


def _print_samples(report: Report, console: Console) -> None:
    table = table_of("sample", "section", "title", "words", "layout")
    for sample in report.samples:
        read = sample.read
        if isinstance(read, Rejection):
            table.add_row("-", "", plain(sample.url), "", plain(f"{read.reason}: {read.detail}", "yellow"))
            continue
        day = f"{read.published.instant:%Y-%m-%d}" if read.published else "no date"
        words = f"{len(read.text.split()):,}"
        table.add_row(day, plain(read.section or ""), plain(read.title), words, plain(read.layout or "whole page"))
    console.print(table)


def _print_layout(report: Report, console: Console) -> None:
    total = len(report.articles)
    if report.learned:
        _print_learned(report, console)
    elif report.layouts and total:
        read = len(report.by_layout)
        console.print(plain(f"Proposed layout, which reads {read} of {len(report.samples)} samples:"))
        if read < total:
            console.print(plain(f"{total - read} were read as whole pages: give the site layouts of its own", "yellow"))
        table = table_of("field", "selector", "samples", "else from", "values")
        for field in report.fields():
            table.add_row(
                field.name,
                plain(field.selector or "-"),
                f"{field.found} of {total}" if field.name != "drop" else "",
                plain(", ".join(field.sources)),
                plain(_values(field)),
            )
        console.print(table)
    elif not report.family:
        say("No family fits, and no layout was learned (see the troubles). With --family listing you give it yourself:")
        say(f"layouts = ({EMPTY_LAYOUT},)")


def _print_learned(report: Report, console: Console) -> None:
    """Print what was learned: what the class would declare, and how each field did on the samples that judged."""
    assert report.learned is not None, "asked for where something was learned"
    few = f" ({ENOUGH} and more are better)" if report.specimens < ENOUGH else ""
    console.print(plain(f"Learned from {counted(report.specimens, 'page')}{few}, half of which judged:"))
    for name, value in report.attributes.items():
        for line in attribute_source(name, value):
            console.print(plain(f"    {line}"))
    for layout in report.learned.layouts:
        for line in layout_source(layout):
            console.print(plain(f"    {line}"))
    print_fields(report.learned, console)


def print_fields(learned: Learned, console: Console) -> None:
    """Print how each field of learned layouts did on the pages that judged, and what could not be learned."""
    table = table_of("field", "selector", "found", "agreed", "examples of doubt")
    for one in learned.fields:
        doubts = " | ".join(" ".join(doubt.split())[:LONGEST_DOUBT] for doubt in one.doubts[:VALUES])
        agreed = f"{one.agreed} of {one.told}" if one.told else "- (nothing else tells it)" if one.found else "-"
        table.add_row(one.name, plain(one.selector or "-"), f"{one.found} of {one.of}", agreed, plain(doubts))
    console.print(table)
    for doubt in learned.doubts:
        console.print(plain(f"doubt: {doubt}", "yellow"))


def _values(field: FieldSeen) -> str:
    shown = [one if len(one) <= LONGEST_VALUE else f"{one[:LONGEST_VALUE].rstrip()}…" for one in field.values[:VALUES]]
    return " | ".join(" ".join(one.split()) for one in shown)
