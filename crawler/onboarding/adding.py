"""Write down a site that was probed: its spider file, and golden pages for the operator to review."""

import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import crawler.spiders
from archive.database import ArchiveError
from crawler.families.base import REQUIRED, SiteSpider
from crawler.onboarding.declare import Declaration, package_of, source_of
from crawler.onboarding.goldens import SITES, SavedPage, write_goldens
from crawler.onboarding.report import Report, Sample
from crawler.onboarding.sampling import Told, chosen
from crawler.sites import all_sites

SPIDERS = Path(crawler.spiders.__path__[0])
"""Where the spider files lie."""

GOLDENS = 6
"""Golden pages of a new site: one more than are needed, since one may turn out to be no good sample."""

FEWEST = 5
"""Fewest golden pages that an operator can judge a site by."""


@dataclass(frozen=True)
class Added:
    """What was written: the spider's file, the folder of its golden pages, and their names."""

    file: Path
    folder: Path
    pages: tuple[str, ...]


def refuse_known(url: str) -> None:
    """Refuse a site that is declared already. Raises ValueError naming it."""
    for spider in all_sites().values():
        if spider.is_own_host(url if "://" in url else f"https://{url}"):
            raise ValueError(f"{url} is site {spider.name} already; `baotinh sites check {spider.name}` looks at it")


def add(report: Report, declaration: Declaration, *, spiders: Path = SPIDERS, sites: Path = SITES) -> Added:
    """Write the spider file and the golden pages of a site.

    Everything is made beside first, and looked at, so that either all is there or nothing. Raises ValueError if a
    file is there already or no sample was read as an article, ArchiveError if what was made is no spider that reads
    them, or cannot be written.
    """
    package = spiders / declaration.folder
    file, folder = package / f"{declaration.site_id}.py", sites / declaration.site_id
    for place in (*spiders.glob(f"*/{declaration.site_id}.py"), file, folder):
        if place.exists():
            raise ValueError(f"{place} is there already and stays as it is; give another --id, or delete it")
    samples = golden_samples(report)
    if not samples:
        raise ValueError(f"{report.home}: no sample was read as an article, so there is nothing to review")
    fresh = not package.exists()
    with tempfile.TemporaryDirectory(prefix="baotinh-add-") as scratch:
        made = Path(scratch) / file.name
        made.write_text(source_of(declaration), encoding="utf-8")
        spider = load(made, declaration)
        pages = [SavedPage(one.url, one.content_type, one.body, one.fetched_at, one.found) for one in samples]
        names = write_goldens(Path(scratch) / "goldens", spider, pages)
        try:
            package.mkdir(parents=True, exist_ok=True)
            if fresh:
                (package / "__init__.py").write_text(package_of(declaration.province), encoding="utf-8")
            sites.mkdir(parents=True, exist_ok=True)
            shutil.copytree(Path(scratch) / "goldens", folder)
            shutil.copyfile(made, file)
        except BaseException as error:
            file.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            if fresh:
                shutil.rmtree(package, ignore_errors=True)
            if isinstance(error, OSError):
                raise ArchiveError(f"{error.filename}: cannot be written ({error.strerror}); nothing was") from error
            raise
    return Added(file, folder, tuple(names))


def golden_samples(report: Report, most: int = GOLDENS) -> list[Sample]:
    """The samples to be golden pages: of different sections and years, those that a layout reads before others."""
    read = report.by_layout or report.articles
    of = {one.found.url: one for one in read}
    # What the page tells goes before what discovery told: a sample may have been listed without its section or date.
    told: list[Told] = []
    for url, one in of.items():
        article = one.article
        assert article is not None, "only articles are asked for"
        year = article.published.instant.year if article.published else None
        told.append((url, article.section or one.found.section, year))
    return [of[url] for url in chosen(told, most)]


def load(file: Path, declaration: Declaration) -> type[SiteSpider]:
    """The spider's class in `file`, which is no module of the program yet.

    Raises ArchiveError if it is no spider that declares all it should.
    """
    spec = importlib.util.spec_from_file_location(f"onboarding_{declaration.site_id}", file)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        spider: type[SiteSpider] = getattr(module, declaration.class_name)
    except Exception as error:
        raise ArchiveError(f"the spider made for {declaration.site_id} does not load: {error!r}") from error
    missing = [name for name in REQUIRED if not getattr(spider, name, None)]
    if missing:
        raise ArchiveError(f"the spider made for {declaration.site_id} declares no {', '.join(missing)}")
    return spider
