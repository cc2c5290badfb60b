"""From sample pages to layouts: templates, for each its body, and around that the other fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from crawler.extraction.dates import parse_date, structured_dates
from crawler.extraction.layout import SELECTORS, Layout, SiteFacts
from crawler.extraction.select import select_first
from crawler.learning.body import body_of
from crawler.learning.byline import signed_of
from crawler.learning.counter import views_of
from crawler.learning.furniture import alike_lines, furniture_of
from crawler.learning.heading import heading_of
from crawler.learning.judging import FieldLearned, judged
from crawler.learning.lead import lead_of, unled
from crawler.learning.pictures import above_of, captions_of
from crawler.learning.prose import prose_of
from crawler.learning.section import section_of, tags_of
from crawler.learning.specimen import Specimen
from crawler.learning.templates import grouped
from crawler.learning.title import title_of
from crawler.learning.views import View, recurring
from crawler.learning.when import dates_of

FEWEST_SPECIMENS = 8
"""Fewer pages do not tell what recurs by chance."""

FEWEST_OF_TEMPLATE = 2
"""Pages of one template from which a layout is learned; one alone does not tell the frame from the article."""

FEWEST_OF_HALF = 6
"""Pages that have to teach, where as many are to judge: on fewer, what a third of the articles have (a lead, a
caption) is on one page or none."""

MOST_TOLD = 5
"""Reasons that an error gives: of the same one there are as many as pages."""

UNLED = 0.3
"""Share of a template's pages with text above the body that no lead selector reads, from which the body is wider."""


@dataclass(frozen=True)
class Learned:
    """Layouts, the newest first, what their fields gave on the pages that judge, and what could not be learned."""

    layouts: tuple[Layout, ...]
    fields: tuple[FieldLearned, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Template:
    """A layout learned from all pages of a template, what half of them taught alone, and the halves."""

    layout: Layout
    by_half: Layout
    teaching: tuple[View, ...]
    judging: tuple[View, ...]


def learn(specimens: Sequence[Specimen], facts: SiteFacts) -> Learned:
    """Learn the layouts of a site from pages of its articles.

    Half of each template's pages teach a layout that the other half judges. The layout that is given has learned from
    all of them: a lead or a byline that a third of the articles have is on few pages of a half. Where the two differ,
    a doubt says so. `facts.layouts` is ignored. Raises ValueError, with the reason and the next step, for fewer than
    `FEWEST_SPECIMENS` pages and where no body or title can be learned.
    """
    if len(specimens) < FEWEST_SPECIMENS:
        raise ValueError(
            f"{len(specimens)} article pages are too few to learn a layout from, which takes {FEWEST_SPECIMENS} and "
            "better 24: give more sections, or pages saved from a browser"
        )
    templates: list[_Template] = []
    doubts: list[str] = []
    views = []
    for view in map(View, specimens):
        if much := view.too_much():
            doubts.append(f"nothing was learned from {view.page.url}: it has {much}, which is too much to look at")
        else:
            views.append(view)
    waiting = grouped(views)
    while waiting:
        group = waiting.pop(0)
        if len(group) < FEWEST_OF_TEMPLATE:
            doubts.append(_too_few(group))
            continue
        found = _learn_template(group, facts)
        if isinstance(found, str):
            doubts.append(found)
            continue
        template, misfits = found
        templates.append(template)
        if misfits:
            waiting.append(list(misfits))
    if not templates:
        raise ValueError(
            f"no layout can be learned from {len(specimens)} pages: {'; '.join(doubts[:MOST_TOLD])}. "
            "Look whether the pages are articles, or write a layout by hand (docs/adding-a-site.md)"
        )
    for template in templates:
        doubts += _differing(template)
        alike = [*dict.fromkeys((*template.teaching, *template.judging))]
        doubts += alike_lines(alike, recurring(alike), template.layout)
    fields = judged([(one.by_half, [view.specimen for view in one.judging]) for one in templates], facts)
    return Learned(_dated(templates, facts), fields, tuple(doubts))


def _differing(template: _Template) -> Iterator[str]:
    """Fields for which all pages taught another selector than the half whose layout was judged."""
    if template.teaching == template.judging:
        example = template.teaching[0].page.url
        yield f"{len(template.teaching)} pages like {example} are too few to be divided: all of them taught and judged"
    for name in SELECTORS:
        half, given = getattr(template.by_half, name), getattr(template.layout, name)
        if half != given:
            yield f"{name}: half of the pages taught {half or 'none'!r}, judged above; all teach {given or 'none'!r}"


def _too_few(group: Sequence[View]) -> str:
    pages = "1 page is" if len(group) == 1 else f"{len(group)} pages are"
    return f"{pages} of a template of its own, too few to learn it: {group[0].page.url}"


def _halves(group: Sequence[View]) -> tuple[list[View], list[View]]:
    """The pages that teach, and those that judge: every other one; all of them where a half is too few to teach."""
    if len(group) < 2 * FEWEST_OF_HALF:
        return list(group), list(group)
    return list(group[::2]), list(group[1::2])


def _learn_template(group: Sequence[View], facts: SiteFacts) -> tuple[_Template, tuple[View, ...]] | str:
    """The layout of pages that look alike, and those of them that it does not fit; or why there is none."""
    counted = recurring(group)
    body = body_of(group, prose_of(group, counted), counted)
    if body is None:
        return f"no container with an id or class that stays holds the text of {group[0].page.url} and pages like it"
    fitting, misfits = list(body.fits), body.misfits
    if len(fitting) < FEWEST_OF_TEMPLATE:
        return _too_few(fitting or group)
    layout = _layout_of(fitting, facts)
    if isinstance(layout, str):
        return layout
    teaching, judging = _halves(fitting)
    by_half = layout if teaching == fitting else _layout_of(teaching, facts)
    if isinstance(by_half, str):
        return by_half
    return _Template(layout, by_half, tuple(teaching), tuple(judging)), misfits


def _layout_of(views: Sequence[View], facts: SiteFacts) -> Layout | str:
    """The layout of pages of one template, or why there is none."""
    counted = recurring(views)
    prose = prose_of(views, counted)
    body = body_of(views, prose, counted)
    if body is None:
        return f"no container with an id or class that stays holds the text of {views[0].page.url} and pages like it"
    title = title_of(views, body.selector) or heading_of(views, body.selector)
    if not title:
        return f"nothing above the text of {views[0].page.url} and pages like it differs as titles do and has a name"
    lead = lead_of(views, prose, body.selector, title)
    if unled(views, prose, body.selector, title, lead) > UNLED:
        wider = body_of(views, prose, counted, leads=False)
        if wider is not None:
            body, lead = wider, lead_of(views, prose, wider.selector, title)
    published, modified = dates_of(views, body.selector)
    byline, credit = signed_of(views, body.selector)
    captions = captions_of(views, body.selector, lead)
    layout = Layout(
        name="learned",
        title=title,
        body=body.selector,
        lead=lead,
        date=published,
        modified=modified,
        byline=byline,
        credit=credit,
        section=section_of(views, body.selector),
        tags=tags_of(views, body.selector),
        views=views_of(views, body.selector),
        captions=captions,
        above=above_of(views, body.selector, title, lead),
    )

    def other_article(view: View, href: str) -> bool:
        key = facts.article_key(view.page.link(href))
        return key is not None and key != facts.article_key(view.page.url)

    return replace(layout, drop=furniture_of(views, prose, counted, layout, other_article))


def _dated(templates: Sequence[_Template], facts: SiteFacts) -> tuple[Layout, ...]:
    """The layouts, newest first: one whose pages are all older than those of a newer one is told to be over."""
    spans = []
    for template in templates:
        days = sorted(
            filter(None, (_day(view, template.layout, facts) for view in {*template.teaching, *template.judging}))
        )
        spans.append((template.layout, days))
    # Where one template tells no day, the one with more pages is more likely to be in use.
    if all(days for _, days in spans):
        spans.sort(key=lambda span: span[1][-1], reverse=True)
    out: list[Layout] = []
    for number, (layout, days) in enumerate(spans):
        newer = [first for _, others in spans[:number] for first in others[:1]]
        is_over = bool(days and newer) and days[-1] < min(newer) and all(others for _, others in spans)
        name = layout.name if number == 0 else f"{layout.name}-{number + 1}"
        out.append(replace(layout, name=name, until=days[-1] if is_over else None))
    return tuple(out)


def _day(view: View, layout: Layout, facts: SiteFacts) -> date | None:
    """The day of an article: as its page, its head, its address or the listing tells it."""
    shown = select_first(view.tree, layout.date) if layout.date else None
    told = parse_date(shown.value) if shown else None
    listed = view.specimen.listed
    for found in (
        told,
        structured_dates(view.tree)[0],
        facts.date_in_url(view.page.url),
        listed.published if listed else None,
    ):
        if found is not None:
            return found.instant.date()
    return None
