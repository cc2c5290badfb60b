"""A probed site becomes a spider file that loads, is formatted and says what it rests on; or nothing is written."""

import ast
import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive.database import ArchiveError
from crawler.discovery.listing import ListingLayout
from crawler.extraction.layout import Layout
from crawler.families.base import SiteSpider
from crawler.onboarding import adding, unknown
from crawler.onboarding.adding import FEWEST, add, golden_samples, load, refuse_known
from crawler.onboarding.declare import WIDTH, Declaration, declaration_of, layout_source, literal, source_of
from crawler.onboarding.goldens import SavedPage, read_goldens, reading_of, review_of, write_goldens
from crawler.onboarding.menu import Named
from crawler.onboarding.probe import probe
from crawler.onboarding.recognise import families
from crawler.onboarding.report import Report
from tests.crawler.onboarding.webs import CLOCK, HOME, Pages, SampleSite, small_site


@pytest.fixture(scope="module")
def report() -> Report:
    return asyncio.run(probe(Pages(small_site()), HOME, CLOCK))


def files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_a_site_is_written_with_golden_pages_that_wait_for_review(report: Report, tmp_path: Path) -> None:
    declaration = declaration_of(report)
    added = add(report, declaration, spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert added.file == tmp_path / "spiders" / "ha_nam" / "bao_ha_nam.py"
    assert (added.file.parent / "__init__.py").read_text() == '"""Sites of Hà Nam."""\n'
    assert len(added.pages) >= FEWEST and not review_of(added.folder).stands
    spider = load(added.file, declaration.site_id, declaration.class_name)
    assert (spider.name, spider.title, spider.province) == ("bao_ha_nam", "Báo Hà Nam", "ha-nam")
    assert (spider.hosts, spider.scheme) == (("bao.vn",), "https")
    assert spider.sections == {"Kinh tế": "/kinh-te/", "Xã hội": "/xa-hoi/"}
    pages = read_goldens(added.folder)
    assert all(page.expected == reading_of(spider, page.saved) for page in pages)
    assert {page.expected["section"] for page in pages} == {"Kinh tế", "Xã hội"}
    assert all(page.saved.found is not None and page.expected["rejection"] is None for page in pages)


def test_the_file_is_as_ruff_has_it_and_says_its_evidence(report: Report, tmp_path: Path) -> None:
    added = add(report, declaration_of(report), spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    config = Path(__file__).parents[3] / "pyproject.toml"
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert ruff is not None
    for step in (["check", "--extend-ignore=RUF012"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *step, "--config", str(config), "--no-cache", str(added.file.parent)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    [declared] = [one for one in ast.parse(added.file.read_text("utf-8")).body if isinstance(one, ast.ClassDef)]
    said = " ".join((ast.get_docstring(declared) or "").split())
    assert "Evidence: the home page and 6 articles" in said and "Not seen live" in said


LAYOUTS = [
    Layout(name="own", title="h1", body=".text"),
    Layout(
        name="of 2019",
        title="h1",
        body='#text:not([class="a, b"])',
        drop=", ".join(f".box-of-other-news-{number}" for number in range(12)),
        until=date(2020, 6, 30),
    ),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_the_source_of_a_layout_is_that_layout_a_field_a_line(layout: Layout) -> None:
    lines = layout_source(layout)
    assert eval("\n".join(lines), {"Layout": Layout, "date": date}) == layout
    assert max(map(len, lines)) <= WIDTH - 8
    shown = [line.partition("=")[0].strip() for line in lines if "=" in line and line.startswith("    ")]
    assert [name for name in shown if name.isidentifier()] == [
        name for name in ("name", "title", "body", "drop", "until") if getattr(layout, name)
    ]


BOX = f".{'box-of-news-' * 4}"

DECLARED: dict[str, dict[str, Any]] = {
    "quotes": {"title": 'Báo "X" và \'y', "sections": {'A "b"': "/a'\"", "c\\": "/'"}},
    "two hosts": {"hosts": ("bao.vn", "baocu.vn")},
    "one feed": {"attributes": {"feeds": ("/rss",), "whole": False}},
    "feeds": {"attributes": {"feeds": tuple(f"/rss/{'kinh-te-' * 4}{number}.rss" for number in range(4))}},
    "a list": {"attributes": {"listings": (ListingLayout(item=".item", link="a", date=".d"),)}},
    "a list of long names": {"attributes": {"listings": (ListingLayout(item=BOX, link=f"{BOX} a", date=".d"),)}},
    "two lists": {"attributes": {"listings": (ListingLayout(item=".a", link="a"), ListingLayout(item=BOX, link=BOX))}},
    "a pattern": {"attributes": {"article_path": re.compile(f"/{'a' * 70}-(?P<key>[0-9]+)", re.IGNORECASE)}},
    "layouts": {"layouts": tuple(LAYOUTS)},
}


def test_whatever_is_declared_is_as_ruff_has_it(report: Report, tmp_path: Path) -> None:
    for name, changes in DECLARED.items():
        (tmp_path / f"{name}.py").write_text(source_of(replace(declaration_of(report), **changes)), "utf-8")
    config = Path(__file__).parents[3] / "pyproject.toml"
    ruff = Path(sys.executable).parent / "ruff"
    step = ["format", "--diff", "--config", str(config), "--no-cache", str(tmp_path)]
    done = subprocess.run([ruff, *step], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


HOSTILE = [
    'Báo "Hà Nam"',
    "Báo 'Hà' \"Nam\"",
    'Báo """ + __import__("os").system("x") + """',
    "Báo \\",
    "Báo {n} %s \\N{BULLET}",
    "Báo\u2028Hà\x00Nam\ud800",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_no_words_of_a_site_leave_their_literal(report: Report, words: str) -> None:
    declaration = replace(
        declaration_of(report), title=words, evidence=f"Evidence: {words}", sections={words: f"/{words}/"}
    )
    assert ast.literal_eval(literal(words)) == words
    tree = ast.parse(source_of(declaration))
    [declared] = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    values = [one.value for one in declared.body if isinstance(one, ast.Assign)]
    values += [one.value for one in (*tree.body, *declared.body) if isinstance(one, ast.Expr)]
    assert [one for value in values for one in ast.walk(value) if isinstance(one, ast.Call)] == []
    [sections] = [one for one in values if isinstance(one, ast.Dict)]
    assert ast.literal_eval(sections) == {words: f"/{words}/"}


def test_what_the_operator_says_goes_before_what_was_found(report: Report) -> None:
    declaration = declaration_of(report, site_id="ha_nam", title="Báo Hà Nam cuối tuần", province="Ninh Bình")
    assert (declaration.site_id, declaration.title) == ("ha_nam", "Báo Hà Nam cuối tuần")
    assert (declaration.province, declaration.class_name) == ("ninh-binh", "HaNam")


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({"province": None}, {}, "--province"),
        ({"title": None}, {}, "--title"),
        ({"family": "", "likenesses": ()}, {}, "--family"),
        ({"sections": ()}, {}, "lists articles"),
        ({"samples": ()}, {}, "reads any of 0"),
        ({"refused": "robots.txt closes the home page"}, {}, "robots.txt closes"),
        ({}, {"site_id": "Báo"}, "--id"),
        ({}, {"province": "Hà Nạm Hạ"}, "did you mean"),
        ({"title": Named("1962", "the title")}, {}, "--id"),
    ],
)
def test_what_is_missing_is_told_with_the_next_step(
    report: Report, changes: dict[str, object], given: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        declaration_of(replace(report, **changes), **given)  # type: ignore[arg-type]


def test_what_is_there_stays_as_it_is(report: Report, tmp_path: Path) -> None:
    declaration = declaration_of(report)
    spiders, sites = tmp_path / "spiders", tmp_path / "sites"
    add(report, declaration, spiders=spiders, sites=sites)
    before = files(tmp_path)
    for again in (declaration, replace(declaration, province="nam-dinh")):
        with pytest.raises(ValueError, match="is there already"):
            add(report, again, spiders=spiders, sites=sites)
    assert files(tmp_path) == before


def test_a_site_that_cannot_be_written_leaves_nothing(report: Report, tmp_path: Path) -> None:
    (tmp_path / "sites").write_text("in the way")
    with pytest.raises(ArchiveError, match="nothing was"):
        add(report, declaration_of(report), spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert files(tmp_path) == ["sites"]
    assert not (tmp_path / "spiders" / "ha_nam").exists()


def test_a_package_folder_without_init_becomes_a_package(report: Report, tmp_path: Path) -> None:
    (tmp_path / "spiders" / "ha_nam" / "__pycache__").mkdir(parents=True)
    added = add(report, declaration_of(report), spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert (added.file.parent / "__init__.py").read_text() == '"""Sites of Hà Nam."""\n'


def test_what_another_run_wrote_meanwhile_stays(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration = declaration_of(report)
    spiders, sites = tmp_path / "spiders", tmp_path / "sites"

    def slow(folder: Path, spider: type[SiteSpider], pages: Sequence[SavedPage]) -> list[str]:
        monkeypatch.setattr(adding, "write_goldens", write_goldens)
        add(report, declaration, spiders=spiders, sites=sites)
        return write_goldens(folder, spider, pages)

    monkeypatch.setattr(adding, "write_goldens", slow)
    with pytest.raises(ValueError, match="is there already"):
        add(report, declaration, spiders=spiders, sites=sites)
    left = files(tmp_path)
    assert "spiders/ha_nam/bao_ha_nam.py" in left and "spiders/ha_nam/__init__.py" in left
    assert len([one for one in left if one.endswith(".html.gz")]) == len(report.by_layout)


def test_a_package_that_another_run_writes_into_stays(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(made: Path, folder: Path, **more: object) -> None:
        (tmp_path / "spiders" / "ha_nam" / "khac.py").write_text("")
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(ArchiveError, match="No space left"):
        add(report, declaration_of(report), spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert files(tmp_path) == ["spiders/ha_nam/__init__.py", "spiders/ha_nam/khac.py"]


def test_an_article_under_two_slugs_is_one_golden_page(report: Report) -> None:
    first, *others = report.samples
    moved = replace(first, found=replace(first.found, url=first.found.url.replace("trong-cay", "trong-rung")))
    both = golden_samples(replace(report, samples=(first, moved, *others)))
    assert sorted(one.found.key for one in both) == sorted({one.found.key for one in report.samples})


def test_a_spider_that_does_not_load_is_not_written(report: Report, tmp_path: Path) -> None:
    broken = replace(declaration_of(report), attributes={"no name": 1})
    with pytest.raises(ArchiveError, match="bao_ha_nam does not load"):
        add(report, broken, spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert files(tmp_path) == []


def test_golden_pages_are_of_all_sections_and_years(report: Report) -> None:
    told = [one.article for one in golden_samples(report, 4)]
    assert {one.section for one in told if one} == {"Kinh tế", "Xã hội"}


def test_a_site_that_is_declared_is_not_added_again() -> None:
    with pytest.raises(ValueError, match="bao_quang_ninh already"):
        refuse_known("https://www.baoquangninh.com.vn/")
    refuse_known("https://bao.vn")


def test_a_site_of_which_no_layout_was_learned_gets_an_empty_one_to_fill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: object) -> None:
        raise ValueError("no body was found")

    monkeypatch.setattr(unknown, "learn", refuse)
    web = SampleSite("bao_thai_nguyen")
    report = asyncio.run(probe(web, "https://baothainguyen.vn", CLOCK))
    with pytest.raises(ValueError, match=r"no layout was learned \(layout: no body was found\)"):
        declaration_of(report)
    declaration: Declaration = declaration_of(report, site_id="thai_nguyen_moi", family="listing")
    assert declaration.family is families()["listing"]
    source = source_of(declaration)
    assert 'layouts = (Layout(name="own", title="", lead=""' in source
    assert "from crawler.extraction.layout import Layout" in source
    added = add(report, declaration, spiders=tmp_path / "spiders", sites=tmp_path / "sites")
    assert load(added.file, declaration.site_id, declaration.class_name).layouts[0].body == ""
