"""Layouts learned of the sample web: how well they read, what learning costs, how fast they read.

Pages that a layout is learned from are each given twice, as the probe fetches some of them, so that counters and clocks
show. Nothing tells what a listing would say of them.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

from crawler.extraction.layout import SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.learning.learn import learn
from crawler.learning.specimen import Specimen
from crawler.onboarding.goldens import Golden, golden_of
from crawler.sites import all_sites
from tests.bench.extraction import ROUNDS, ours, rate
from tests.bench.measure import Row, in_turn, row
from tests.bench.pages import FETCHED, Sample
from tests.bench.site import BenchSite
from tests.bench.stories import Kind, generate
from tests.goldens.reading import NOW, answer, sample_sites, serve

SPECIMENS = 24
"""So many pages the probe takes of a site that has them."""

SIZE = 60_000
"""Bytes of a page: portals have 40 to 160 KB (tests/bench/weight.py)."""

LONGEST = 60.0
"""Seconds of CPU that learning a site may take."""

LEAST_RATIO = 0.9
"""Of the rate of a written layout, at the least: what is learned has no reason to be slower."""


@cache
def specimen(name: str) -> Specimen:
    """An article page of the sample web, and the same page at the next visit."""
    site_id = name.partition("/")[0]
    page = serve(name)
    again = answer(sample_sites()[site_id], page.url, visit=2)
    return Specimen(page, NOW, again=Page(page.url, again.body, page.content_type))


def bare_facts(site_id: str) -> SiteFacts:
    """What is known of a site without its layouts."""
    return replace(all_sites()[site_id].facts(), layouts=())


def learned_readings(names: Sequence[str], teachers: Sequence[str]) -> dict[str, Golden]:
    """What layouts read that were learned from the other `teachers` of a page's site, by name, in a golden's form."""
    out = {}
    for name in names:
        site_id = name.partition("/")[0]
        facts = bare_facts(site_id)
        others = [specimen(one) for one in teachers if one != name and one.startswith(f"{site_id}/")]
        taught = learn(others, facts)
        page = serve(name)
        known = replace(facts, layouts=taught.layouts)
        out[name] = golden_of(read(Page(page.url, page.body, page.content_type), known, NOW).result)
    return out


def measure(rounds: int = ROUNDS, number: int = SPECIMENS, size: int = SIZE) -> tuple[float, list[Row]]:
    """Seconds of CPU that learning a site took, and the rate of reading by what was learned against what was written.

    The pages are those of a newspaper of generated articles with the weight of a portal.
    """
    site = newspaper(2 * number, size)
    urls = [site.url(one) for one in site.articles]
    facts = bare_facts(site.id)
    specimens = [visits(site, url) for url in urls[::2]]
    began = time.process_time()
    found = learn(specimens, facts)
    seconds = time.process_time() - began
    learned, written = (
        [Sample(url, answer(site, url).body, site.content_type, known) for url in urls[1::2]]
        for known in (replace(facts, layouts=found.layouts), all_sites()[site.id].facts())
    )
    pairs = list(in_turn(rounds, partial(rate, learned, ours), partial(rate, written, ours)))
    what = f"reading by a learned layout ({len(learned)} pages, {size / 1000:.0f} KB), a written one"
    return seconds, [row(what, "pages/s", pairs, LEAST_RATIO)]


def newspaper(number: int, size: int) -> BenchSite:
    """A newspaper of articles of which no two share a paragraph, as those of a real one seldom do."""
    site = BenchSite(number, size)
    originals = (text for text in generate(20 * number) if text.kind is Kind.ORIGINAL)
    for article, text in zip(site.articles, originals, strict=False):
        article.meta["title"], article.raw = text.title, "\n".join(f"<p>{one}</p>" for one in text.core)
    return site


def visits(site: BenchSite, url: str) -> Specimen:
    """A page of a site, and the same at the next visit."""
    first, again = (Page(url, answer(site, url, visit).body, site.content_type) for visit in (1, 2))
    return Specimen(first, FETCHED, again=again)
