"""From a probe's report to the spider file of a site: what is declared, and as what source text."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from archive.article import WHOLE_PAGE
from archive.provinces import by_slug
from archive.sites import check_site_id
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import SELECTORS, Layout
from crawler.extraction.text import squash, visible
from crawler.families.base import SiteSpider
from crawler.onboarding.menu import province_named, site_id_of
from crawler.onboarding.recognise import family_named
from crawler.onboarding.renaming import class_name
from crawler.onboarding.report import Report

WIDTH = 120
"""Letters of a line of source, as ruff has it (pyproject.toml)."""

_INDENTED = 8
"""How far a layout of a class's tuple is indented."""

LONGEST_TITLE = 100
"""Letters of a publisher's name in a docstring, whose first line is one."""

EMPTY_LAYOUT = 'Layout(name="own", title="", lead="", date="", byline="", body="", section="", drop="")'
"""The layout of a site whose family has none, for the operator to fill. One without title and body fits no page."""


@dataclass(frozen=True)
class Declaration:
    """What a spider's class will declare of its site, with the evidence in words."""

    site_id: str
    family: type[SiteSpider]
    title: str
    province: str
    hosts: tuple[str, ...]
    sections: Mapping[str, str]
    evidence: str
    scheme: str = "https"
    oldest: date | None = None
    sitemap: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    layouts: tuple[Layout, ...] = ()
    layout: str = ""

    @property
    def folder(self) -> str:
        """The package of the site's province."""
        return self.province.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name of the class, which follows from the id."""
        return class_name(self.site_id)


def declaration_of(
    report: Report, *, site_id: str = "", title: str = "", province: str = "", family: str = ""
) -> Declaration:
    """What is to be declared of a probed site; what is given goes before what was found.

    Raises ValueError for what is missing or wrong, with the next step.
    """
    if report.refused:
        raise ValueError(f"{report.asked} cannot be added: {report.refused}")
    name = family or report.family
    if not name:
        near = ", ".join(f"{one.family} ({one.score})" for one in report.likenesses) or "no sign of any"
        why = next((one for one in report.troubles if one.startswith(("layout: ", "addresses: "))), "")
        raise ValueError(
            f"{report.home}: no family fits ({near}), and no layout was learned ({why}); "
            f"`baotinh sites probe {report.asked}` shows what was seen, "
            "--family NAME says which one it is (listing: a layout of its own)"
        )
    title = squash(visible(title or (report.title.value if report.title else "")))
    if not title:
        raise ValueError(f"{report.home}: neither title nor footer names the publisher; give --title 'Báo ...'")
    site_id = site_id or site_id_of(title)
    try:
        check_site_id(site_id)
    except ValueError as error:
        raise ValueError(f"{error}; say it with --id") from error
    found = province_named(province) if province else (report.province.value if report.province else "")
    if not found:
        raise ValueError(
            f"{report.home}: neither title, host nor footer names one province; give --province, such as lao-cai"
        )
    sections = {one.name: one.path for one in report.declared}
    if not sections:
        raise ValueError(
            f"{report.home}: no page of its menu lists articles as family {name} has them; "
            f"`baotinh sites probe {report.asked}` shows which were looked at"
        )
    declared = family_named(name)
    if not report.by_layout and report.layouts:
        raise ValueError(
            f"{report.home}: no layout of family {name} reads any of {len(report.samples)} sample articles; "
            f"`baotinh sites probe {report.asked}` shows them"
        )
    return Declaration(
        site_id=site_id,
        family=declared,
        title=title,
        province=found,
        hosts=(report.host,),
        sections=sections,
        evidence=evidence_of(report),
        scheme=report.scheme,
        oldest=report.oldest,
        sitemap=report.sitemap,
        attributes=report.attributes,
        layouts=report.learned.layouts if report.learned else (),
        layout="" if report.layouts else EMPTY_LAYOUT,
    )


def evidence_of(report: Report) -> str:
    """On what the declaration rests, in words for its docstring."""
    read = [one.article for one in report.articles if one.article]
    years = sorted({one.published.instant.year for one in read if one.published})
    span = f" of {years[0]} to {years[-1]}" if years[1:] else f" of {years[0]}" if years else ""
    asked = "asked for" if report.live else "saved before and read"
    said = [f"Evidence: the home page and {len(read)} articles{span}, {asked} on {report.at:%Y-%m-%d}"]
    likeness = next((one for one in report.likenesses if one.family == report.family), None)
    if likeness and not report.given:
        said.append(f"; signs of the family: {', '.join(one.says for one in likeness.evidence)}")
    if report.learned:
        said.append(
            "; no family's: addresses, lists and layouts were learned from these pages, not written by a person"
        )
    whole = sum(WHOLE_PAGE in one.flags for one in read)
    said.append(f"; {whole} of the articles were read as whole pages. " if whole else ". ")
    unchecked = [one.name for one in report.declared if not one.checked]
    said.append(f"Inferred from the menu: {', '.join(unchecked)}. " if unchecked else "")
    said.append("Not seen live by this project" + (" beyond these pages." if report.live else "."))
    return "".join(said)


def source_of(declaration: Declaration) -> str:
    """The source text of the spider's file, as ruff would format it; its literals cannot be left by any words."""
    one = declaration
    name = _plain(one.title)[:LONGEST_TITLE]
    docstring = textwrap.wrap(_plain(one.evidence), WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    province = by_slug(one.province).old_name
    lines = [f'"""{_ended(name)}"""', ""]
    standard = ["import re"] if any(isinstance(value, re.Pattern) for value in one.attributes.values()) else []
    standard += ["from datetime import date"] if one.oldest or any(layout.until for layout in one.layouts) else []
    lines += [*standard, ""] if standard else []
    if "listings" in one.attributes:
        lines.append("from crawler.discovery.listing import ListingLayout")
    if one.layout or one.layouts:
        lines.append("from crawler.extraction.layout import Layout")
    lines += [f"from {one.family.__module__} import {one.family.__name__}", "", ""]
    lines += [f"class {one.class_name}({one.family.__name__}):"]
    lines += [f'    """{name}, {province}.' if province not in name else f'    """{_ended(name)}', ""]
    lines += [*(f"    {line}" for line in docstring), '    """', ""]
    lines += [f"    name = {literal(one.site_id)}", f"    title = {literal(one.title)}"]
    lines += [
        f"    province = {literal(one.province)}",
        *(f"    {line}" for line in attribute_source("hosts", one.hosts)),
    ]
    if one.scheme != one.family.scheme:
        lines.append(f"    scheme = {literal(one.scheme)}")
    if one.sitemap and one.sitemap != one.family.sitemap:
        lines.append(f"    sitemap = {literal(one.sitemap)}")
    lines += ["    sections = {"]
    lines += [f"        {literal(section)}: {literal(path)}," for section, path in one.sections.items()]
    lines += ["    }"]
    if one.oldest:
        lines.append(f"    oldest = date({one.oldest.year}, {one.oldest.month}, {one.oldest.day})")
    for attribute, value in one.attributes.items():
        lines += [f"    {line}" for line in attribute_source(attribute, value)]
    if one.layouts:
        made = [line for layout in one.layouts for line in _ended_by_comma(layout_source(layout))]
        lines += ["    layouts = (", *(f"        {line}" for line in made), "    )"]
    if one.layout:
        lines.append(f"    layouts = ({one.layout},)")
    return "\n".join(lines) + "\n"


def attribute_source(name: str, value: object) -> list[str]:
    """The source text of what a class of the plain family declares beside its sections and layouts, as lines."""
    if isinstance(value, re.Pattern):
        flags = ", re.IGNORECASE" if value.flags & re.IGNORECASE else ""
        line = f"{name} = re.compile({_raw(value.pattern)}{flags})"
        if len(line) <= WIDTH - 4:
            return [line]
        inner = [f"    {_raw(value.pattern)}{',' if flags else ''}", *(["    re.IGNORECASE,"] if flags else [])]
        return [f"{name} = re.compile(", *inner, ")"]
    if isinstance(value, str):
        return [f"{name} = {literal(value)}"]
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        line = f"{name} = ({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
        return [line] if len(line) <= WIDTH - 4 else [f"{name} = (", *(f"    {literal(one)}," for one in value), ")"]
    if isinstance(value, tuple):
        made = [_listing_source(one) for one in value]
        line = f"{name} = ({made[0]},)"
        if len(value) == 1 and len(line) <= WIDTH - 4:
            return [line]
        lines = [line for one, text in zip(value, made, strict=True) for line in _listing_lines(one, text)]
        return [f"{name} = (", *(f"    {line}" for line in lines), ")"]
    return [f"{name} = {value!r}"]


def _listing_source(layout: ListingLayout) -> str:
    return f"ListingLayout({', '.join(_listing_fields(layout))})"


def _listing_lines(layout: ListingLayout, text: str) -> list[str]:
    """A layout of lists within a tuple: `text`, or a field a line where that is too long."""
    if len(text) < WIDTH - _INDENTED:
        return [f"{text},"]
    return ["ListingLayout(", *(f"    {one}," for one in _listing_fields(layout)), "),"]


def _listing_fields(layout: ListingLayout) -> list[str]:
    fields = [(name, getattr(layout, name)) for name in ("item", "link", "date") if getattr(layout, name)]
    return [f"{name}={literal(value)}" for name, value in fields]


def _raw(pattern: str) -> str:
    """A raw literal of a pattern, as far as it can be one."""
    return f'r"{pattern}"' if '"' not in pattern and pattern.isprintable() else literal(pattern)


def _ended_by_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], f"{lines[-1]},"]


def layout_source(layout: Layout) -> list[str]:
    """The source text of a layout as lines, as ruff would format them: each field that it has on a line of its own.

    The lines begin at the margin. A selector list that is too long for a line below a class is broken after a comma.
    """
    lines = ["Layout(", f"    name={literal(layout.name)},"]
    for name in SELECTORS:
        if value := getattr(layout, name):
            first, *further = _broken(value, WIDTH - _INDENTED - len(f"    {name}=,"))
            lines += [f"    {name}={first}", *(f"    {one}" for one in further)]
            lines[-1] += ","
    if layout.until:
        lines.append(f"    until=date({layout.until.year}, {layout.until.month}, {layout.until.day}),")
    return [*lines, ")"]


def _broken(text: str, width: int) -> list[str]:
    """A string as one literal, or as several that follow each other, each with no more than `width` letters."""
    out, line = list[str](), ""
    for part in re.split(r"(?<=,\s)", text):
        if line and len(literal(line + part)) > width:
            out.append(literal(line))
            line = ""
        line += part
    return [*out, literal(line)]


def package_of(province: str) -> str:
    """The source text of the package of a province's sites."""
    return f'"""Sites of {by_slug(province).old_name}."""\n'


def literal(text: str) -> str:
    """A string literal in Python, in the quotes that want fewer backslashes: double ones if that is the same."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    # Only what a line cannot show is written by its number.
    return quote + "".join(_letter(one, quote) for one in text) + quote


def _letter(one: str, quote: str) -> str:
    if one in ("\\", quote):
        return "\\" + one
    return one if one.isprintable() else one.encode("unicode_escape").decode()


def _plain(text: str) -> str:
    """Words from outside as a docstring can have them: on one line, without what would end or escape it."""
    printable = "".join(one if one.isprintable() else " " for one in text)
    return squash(printable.replace("\\", "/").replace('"', "'"))


def _ended(name: str) -> str:
    return name if name.endswith(".") else f"{name}."
