"""A site is redesigned overnight: it is told that morning, learned anew by one command, and read as before."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest

from archive.models import Health
from crawler.extraction.read import EXTRACTOR_VERSION
from tests.conftest import Program
from tests.sample_web import nights
from tests.sample_web.harness import SampleWeb
from tests.schedules.six_nights import COMMAND, Archive, Night, every, note_checks, now_of, serve

ROOT = Path(__file__).parents[1]
SITE, FIRST = nights.REDESIGN


class Copy:
    """The program in a folder of its own, whose spiders may be rewritten."""

    def __init__(self, folder: Path, program: Program) -> None:
        self.folder, self._environment = folder, program.environment
        for name in ("archive", "commands", "crawler", "migrations", "schedules"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("baotinh.py", "scrapy.cfg", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)

    def run(self, *arguments: str, code: int | None = 0, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "baotinh", *arguments],
            cwd=self.folder,
            env={**self._environment, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout

    @property
    def file(self) -> Path:
        [found] = self.folder.glob(f"crawler/spiders/*/{SITE}.py")
        return found


@dataclass(frozen=True)
class Relearned:
    """The archive before and after the command, and the report of the night before."""

    copy: Copy
    archive: Archive
    web: SampleWeb
    report: str
    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def relearned(shared_web: SampleWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relearned]:
    """A night before the redesign, the night of it, and the one command of the morning after."""
    folder = tmp_path_factory.mktemp("relearning")
    program = Program(folder / "data", shared_web).make_archive()
    note_checks(program, [SITE])
    try:
        for night in (FIRST - 1, FIRST):
            serve(shared_web, night)
            program.run(*COMMAND, code=None, BAOTINH_NOW=now_of(night))
        archive, copy, now = Archive(program), Copy(folder / "copy", program), now_of(FIRST)
        report, before = archive.report(FIRST), articles(program)
        asked = len(shared_web.log())
        copy.run("sites", "relearn", SITE, "--accept", BAOTINH_NOW=now)
        assert len(shared_web.log()) == asked, "the site is not asked"
        yield Relearned(copy, archive, shared_web, report, before, articles(program))
    finally:
        shared_web.control("all", clear=1)


def articles(program: Program) -> dict[str, dict[str, Any]]:
    return {one["article"]: one for one in program.articles()}


def shown(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("title", "text", "published", "author", "source_credit", "lead", "layout")}


def test_the_report_of_the_night_names_the_command(relearned: Relearned) -> None:
    assert relearned.archive.verdicts(FIRST)[SITE] == (Health.BROKEN, "layout")
    assert f"baotinh sites relearn {SITE}" in relearned.report


def test_the_declaration_can_be_read_and_the_rest_of_it_is_as_it_was(relearned: Relearned) -> None:
    new = relearned.copy.file.read_text(encoding="utf-8")
    old = (ROOT / relearned.copy.file.relative_to(relearned.copy.folder)).read_text(encoding="utf-8")
    assert "    edition = 1\n" in new and "            until=date(2023, 4, 4),\n" in new
    added = [line for line in ndiff(old.splitlines(), new.splitlines()) if line[0] in "-+"]
    assert [line for line in added if line[0] == "-"] == [] and len(added) < 20


def test_the_days_since_are_read_as_they_would_have_been(relearned: Relearned) -> None:
    new = {f"{SITE}-{article.key}" for article in of_site(FIRST).new}
    assert new and new <= relearned.after.keys()
    for name in new:
        one = relearned.after[name]
        assert (one["layout"], one["extractor_version"], one["flags"]) == ("2023-04-05", f"{EXTRACTOR_VERSION}.1", [])
        assert one["published"] and one["author"] and len(one["text"].split("\n\n")) >= 3
    for article in of_site(FIRST).new:
        one = relearned.after[f"{SITE}-{article.key}"]
        assert one["title"] == article.title
        assert all(block in " ".join(article.raw.split()) for block in one["text"].split("\n\n"))


def test_what_was_kept_before_stays_as_it_is(relearned: Relearned) -> None:
    seen = {name for name, one in relearned.after.items() if one["layout"] == "2023-04-05"}
    for name, one in relearned.before.items():
        if name not in seen:
            assert shown(relearned.after[name]) == shown(one)
    again = seen & relearned.before.keys()
    same = ("title", "text", "published", "author")
    edited = {f"{SITE}-{change.key}" for change in of_site(FIRST).changes}
    assert len(again - edited) >= 4
    for name in again - edited:
        assert [relearned.after[name][field] for field in same] == [relearned.before[name][field] for field in same]


@pytest.mark.torture
def test_the_next_night_reads_it_well(relearned: Relearned) -> None:
    night = FIRST + 1
    serve(relearned.web, night)
    relearned.copy.run(*COMMAND, code=None, BAOTINH_NOW=now_of(night))
    new = {f"{SITE}-{article.key}" for article in of_site(night).new}
    query = "select e.layout from extraction e join article a on a.id = e.article_id where e.is_current and a.key = ?"
    layouts = {layout for name in new for (layout,) in relearned.archive.ask(query, name.rpartition("-")[2])}
    assert layouts == {"2023-04-05"}
    assert relearned.archive.verdicts(night)[SITE] == (Health.OK, None), relearned.archive.report(night)


@pytest.mark.torture
def test_accepted_again_nothing_is_written_twice_and_a_file_put_back_gets_an_edition_of_its_own(
    relearned: Relearned,
) -> None:
    copy, now = relearned.copy, now_of(FIRST + 1)
    once = copy.file.read_bytes()
    command = ("sites", "relearn", SITE, "--since", "2023-04-05", "--accept")
    copy.run(*command, code=None, BAOTINH_NOW=now)
    assert copy.file.read_bytes() == once
    try:
        # As version control does it.
        shutil.copy(ROOT / copy.file.relative_to(copy.folder), copy.file)
        copy.run(*command, BAOTINH_NOW=now)
        assert b"    edition = 2\n" in copy.file.read_bytes()
    finally:
        copy.file.write_bytes(once.replace(b"edition = 1", b"edition = 2"))
    versions = relearned.archive.ask(
        "select distinct e.extractor_version from extraction e join article a on a.id = e.article_id "
        "join site s on s.id = a.site_id where e.is_current and s.name = ? and e.layout = '2023-04-05'",
        SITE,
    )
    assert versions == [(f"{EXTRACTOR_VERSION}.2",)]


def of_site(night: int) -> Night:
    return next(one for one in every(night) if one.site.id == SITE)
