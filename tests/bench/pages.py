"""The pages that extraction is measured on: the sample web's, or those of any folder."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from archive.article import Article
from archive.clock import VIETNAM
from crawler.extraction.layout import Layout, SiteFacts, names_in
from crawler.extraction.page import Page
from crawler.extraction.read import fitting_layout, read
from crawler.extraction.select import Named
from crawler.sites import all_sites
from tests.bench.measure import Unfit
from tests.bench.weight import weighted
from tests.goldens.reading import facts_of, page_names, serve

LAYOUTS = Path(__file__).with_name("layouts.toml")
FETCHED = datetime(2027, 1, 1, tzinfo=VIETNAM)
"""When every page is said to have been fetched: after all of them."""

SLUG_HYPHENS = 3
"""The last part of an address with so many hyphens is taken for an article's, where its site is not known."""


@dataclass(frozen=True)
class Sample:
    """One article page: its bytes and what its site would know of it."""

    url: str
    body: bytes
    content_type: str
    facts: SiteFacts

    def page(self) -> Page:
        """A page that has not been looked at yet."""
        return Page(self.url, self.body, self.content_type)


def sample_pages(size: int = 0) -> list[Sample]:
    """The article pages of the sample web, or with `size` given those that can be given about so many bytes.

    Left out is then what is not in UTF-8, to which no weight can be added.
    """
    out = []
    for name in page_names():
        page = serve(name)
        body = weighted(page.body, size) if size else page.body
        if len(body) >= size * 0.9:
            out.append(Sample(page.url, body, page.content_type, facts_of(name)))
    return out


def saved_pages(folder: Path) -> list[Sample]:
    """The pages of a folder, at any depth, that one of the known layouts reads as an article.

    Known are the layouts of all sites and those of `LAYOUTS`. Each page gets only the one that fits, as its
    site's own would be. Raises Unfit if there is none.
    """
    layouts = tuple(_known_layouts())
    out = []
    for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".html", ".htm")):
        url = f"http://saved.example/{file.relative_to(folder).as_posix()}"
        sample = Sample(url, file.read_bytes(), "", _facts(()))
        fit = fitting_layout(Named(sample.page().tree, names_in(layouts)), layouts, FETCHED)
        sample = replace(sample, facts=_facts((fit.layout,) if fit else ()))
        if fit and isinstance(read(sample.page(), sample.facts, FETCHED).result, Article):
            out.append(sample)
    if not out:
        raise Unfit(f"{folder}: no page of it is read as an article by a layout of {LAYOUTS.name} or of a site")
    return out


def _known_layouts() -> Iterator[Layout]:
    yield from dict.fromkeys(layout for spider in all_sites().values() for layout in spider.layouts)
    with LAYOUTS.open("rb") as file:
        yield from (Layout(**fields) for fields in tomllib.load(file)["layout"])


def _facts(layouts: tuple[Layout, ...]) -> SiteFacts:
    return SiteFacts(
        layouts=layouts,
        article_key=_key,
        canonical_url=lambda url: url,
        date_in_url=lambda url: None,
        oldest=date(2000, 1, 1),
    )


def _key(url: str) -> str | None:
    name = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return name if name.count("-") >= SLUG_HYPHENS else None


def mean_size(pages: Iterable[Sample]) -> float:
    """The mean of the pages' sizes, in KB of 1,000 bytes."""
    sizes = [len(one.body) for one in pages]
    return sum(sizes) / len(sizes) / 1000


Reader = Callable[[Sample], object]
