"""Write down a site that was probed: its spider file, and golden pages for the operator to review."""

import importlib.util
import shutil
import tempfile
from contextlib import ExitStack, suppress
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
    with tempfile.TemporaryDirectory(prefix="baotinh-add-") as scratch:
        made = Path(scratch) / "goldens"
        source = source_of(declaration)
        beside = Path(scratch) / file.name
        beside.write_text(source, encoding="utf-8")
        spider = load(beside, declaration.site_id, declaration.class_name)
        pages = [SavedPage(one.url, one.content_type, one.body, one.fetched_at, one.found) for one in samples]
        names = write_goldens(made, spider, pages)
        try:
            _put(file, source, package_of(declaration.province), made, folder)
        except OSError as error:
            if isinstance(error, FileExistsError) and error.filename in (str(file), str(folder)):
                raise ValueError(f"{error.filename} is there already: another run wrote it meanwhile") from error
            raise ArchiveError(f"{error.filename}: cannot be written ({error.strerror}); nothing was") from error
    return Added(file, folder, tuple(names))


def _put(file: Path, source: str, package: str, made: Path, folder: Path) -> None:
    """Put the spider file, the package it lies in and the golden pages in their places.

    Only what was not there is made, and only that is taken away again if something fails: another run may write into
    the same province. Raises OSError.
    """
    with ExitStack() as undo:
        if not file.parent.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            undo.callback(_remove_if_empty, file.parent)
        init = file.parent / "__init__.py"
        # A folder without it is no package of spiders: one that git or an editor left has only __pycache__.
        if not init.exists():
            init.write_text(package, encoding="utf-8")
            undo.callback(_remove_if_alone, init)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        shutil.copytree(made, folder, dirs_exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            undo.callback(file.unlink, missing_ok=True)
            opened.write(source)
        undo.pop_all()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _remove_if_alone(init: Path) -> None:
    """Remove a package's `__init__.py` unless a spider lies beside it, which another run wrote."""
    if list(init.parent.glob("*.py")) == [init]:
        init.unlink()


def golden_samples(report: Report, most: int = GOLDENS) -> list[Sample]:
    """The samples to be golden pages: of different sections and years, those that a layout reads before others."""
    read = report.by_layout or report.articles
    # By key: an article that is listed under two slugs is one page.
    of: dict[str, Sample] = {}
    for one in read:
        of.setdefault(one.found.key, one)
    # What the page tells goes before what discovery told: a sample may have been listed without its section or date.
    told: list[Told] = []
    for key, one in of.items():
        article = one.article
        assert article is not None, "only articles are asked for"
        year = article.published.instant.year if article.published else None
        told.append((key, article.section or one.found.section, year))
    return [of[key] for key in chosen(told, most)]


def load(file: Path, site_id: str, class_name: str) -> type[SiteSpider]:
    """The spider's class of this name in `file`, which is no module of the program.

    Raises ArchiveError if it is no spider that declares all it should.
    """
    spec = importlib.util.spec_from_file_location(f"onboarding_{site_id}", file)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        spider: type[SiteSpider] = getattr(module, class_name)
    except Exception as error:
        raise ArchiveError(f"the spider made for {site_id} does not load: {error!r}") from error
    missing = [name for name in REQUIRED if not getattr(spider, name, None)]
    if missing:
        raise ArchiveError(f"the spider made for {site_id} declares no {', '.join(missing)}")
    return spider
