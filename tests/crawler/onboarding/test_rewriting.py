"""A spider's file gets a further layout: the rest of it stays byte for byte, and nothing is lost if that fails."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive.database import ArchiveError
from crawler.extraction.layout import Layout
from crawler.onboarding import rewriting
from crawler.onboarding.adding import load
from crawler.onboarding.rewriting import rewrite, with_layouts
from crawler.sites import all_sites

NEW = (Layout(name="2026-03", title="h1.headline", body="div.story", drop=".share, .related"),)
UNTIL = date(2026, 2, 28)
HEAD = '"""Báo Một."""\n\n'
BODY = '''class BaoMot(NukeVietSpider):
    """Báo Một: «byte for byte» – ngoặc kép."""

    name = "bao_mot"
    title = "Báo Một"
    province = "ha-tinh"
    hosts = ("baomot.vn",)
    sections = {"Tin":   "/tin/"}  # fmt: skip
'''
END = """
    def listing_request(self, path, number):
        return None  # đến đây
"""
FAMILY = "from crawler.families.nukeviet import NukeVietSpider\n\n\n"
LAYOUT = "from crawler.extraction.layout import Layout\n"
FORMS = {
    "inherited": (FAMILY, ""),
    "inherited, with methods": (FAMILY, END),
    "literals": (
        "import re\n\n" + LAYOUT + FAMILY,
        """    layouts = (
        # Since 2020.
        Layout(
            name="one",
            title="h1",
            body="#đây",
        ),
        Layout(name="two", title="h1", body=".b"),
        Layout(name="old", title="h1", body=".c", until=dt.date(2020, 6, 30)),
    )
""",
    ),
    "replaced and inherited": (
        "from dataclasses import replace\n\nfrom scrapy.http import Request\n\n" + FAMILY,
        """    layouts = (
        replace(NukeVietSpider.layouts[0], name="own", drop=".image-center"),
        *NukeVietSpider.layouts,
    )
""",
    ),
    "on one line": (LAYOUT + FAMILY, '    layouts = (Layout(name="one", title="h1", body=".b"),)\n' + END),
    "long": (
        "from dataclasses import replace\n\n" + FAMILY,
        """    layouts = (
        replace(NukeVietSpider.layouts[0], name="own", drop=".image-center, .another-one, .and-another-one, .box"),
    )
""",
    ),
    "by name": (FAMILY, "    layouts = NukeVietSpider.layouts\n"),
    "an end that is open": (
        LAYOUT + FAMILY,
        '    layouts = (Layout(name="one", title="h1", body=".b", until=None),)\n',
    ),
}
STAYS = ("«byte for byte» – ngoặc kép", '    sections = {"Tin":   "/tin/"}  # fmt: skip')


def source_of(form: str) -> str:
    imports, layouts = FORMS[form]
    if "dt.date" in layouts:
        imports = "import datetime as dt\n" + imports
    return HEAD + imports + BODY + layouts


def loaded(source: str, tmp_path: Path) -> Any:
    file = tmp_path / "bao_mot.py"
    file.write_text(source, encoding="utf-8")
    return load(file, "bao_mot", "BaoMot")


def tidy(source: str) -> str:
    """What ruff makes of a file: its format, and its imports in order."""
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--select", "I", "--fix", "-q"], ["format", "-q"]):
        given = ["--stdin-filename", str(Path(__file__).parents[3] / "crawler" / "x.py"), "-"]
        done = subprocess.run([*ruff, *command, *given], input=source.encode(), capture_output=True, check=True)
        source = done.stdout.decode()
    return source


@pytest.mark.parametrize("form", FORMS)
def test_the_new_layout_stands_first_and_the_former_ones_have_an_end(form: str, tmp_path: Path) -> None:
    before = loaded(source_of(form), tmp_path)
    source = with_layouts(source_of(form), "BaoMot", NEW, UNTIL)
    after = loaded(source, tmp_path)
    assert after.layouts[0] == NEW[0] and after.edition == 1
    assert [one.name for one in after.layouts[1:]] == [one.name for one in before.layouts]
    for old, new in zip(before.layouts, after.layouts[1:], strict=True):
        assert new.until == (old.until or UNTIL)
    assert all(line in source for line in STAYS)
    assert tidy(source) == source


def test_nothing_else_is_touched() -> None:
    source = source_of("literals")
    made = with_layouts(source, "BaoMot", NEW, UNTIL).splitlines()
    left = [line for line in source.splitlines() if line not in made]
    assert left == ['        Layout(name="two", title="h1", body=".b"),'], "it has an end now"


@pytest.mark.parametrize("form", FORMS)
def test_it_can_be_learned_anew_again(form: str, tmp_path: Path) -> None:
    once = with_layouts(source_of(form), "BaoMot", NEW, UNTIL)
    newest = Layout(name="2026-09", title="h1", body="article.story")
    twice = with_layouts(once, "BaoMot", [newest], date(2026, 8, 31))
    site = loaded(twice, tmp_path)
    assert [one.name for one in site.layouts[:2]] == ["2026-09", "2026-03"] and site.edition == 2
    assert site.layouts[1].until == date(2026, 8, 31)
    assert {one.until for one in site.layouts[2:]} <= {UNTIL, date(2020, 6, 30)}
    assert tidy(twice) == twice


def test_newlines_of_another_system_stay() -> None:
    source = source_of("literals").replace("\n", "\r\n")
    made = with_layouts(source, "BaoMot", NEW, UNTIL)
    assert made.count("\n") == made.count("\r\n") > source.count("\r\n")


@pytest.mark.parametrize("name", [name for name, site in sorted(all_sites().items()) if "." not in name])
def test_every_spider_of_the_program_can_be_rewritten(name: str, tmp_path: Path) -> None:
    spider = all_sites()[name]
    source = rewriting.file_of(spider).read_text(encoding="utf-8")
    made = with_layouts(source, spider.__name__, NEW, UNTIL)
    file = tmp_path / f"{name}.py"
    file.write_text(made, encoding="utf-8")
    assert load(file, name, spider.__name__).layouts[0] == NEW[0]
    assert tidy(made) == made


OTHER_FORMS = {
    "made by a function": """    layouts = (old(),)
""",
    "made by a function, on its line": """    layouts = (
        old(),
    )
""",
    "a tuple without parentheses": """    layouts = Layout(name="one", title="h1", body=".b"),
""",
    "no newline at the end": """    layouts = (Layout(name="one", title="h1", body=".b"),)""",
    "comments within": """    layouts = (
        # The only one.
        Layout(
            name="one",  # As it was called.
            title="h1", body=".b"  # No comma after it.
        ),  # Behind it.
    )
""",
    "an end by name": """    layouts = (
        *outdated((Layout(name="one", title="h1", body=".b"),), until=date(2020, 6, 30)),
    )
""",
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_layouts_that_ruff_would_not_write_so_are_dated_too(form: str, tmp_path: Path) -> None:
    imports = "from datetime import date\n\nfrom crawler.extraction.layout import Layout, outdated\n" + FAMILY
    made_by = 'def old():\n    return Layout(name="one", title="h1", body=".b")\n\n\n'
    source = HEAD + imports + made_by + BODY + OTHER_FORMS[form]
    made = with_layouts(source, "BaoMot", NEW, UNTIL)
    site = loaded(made, tmp_path)
    assert [one.name for one in site.layouts] == ["2026-03", "one"]
    assert site.layouts[1].until == (date(2020, 6, 30) if "until" in source else UNTIL)
    assert re.findall("#.*", source) == re.findall("#.*", made), "no comment is lost"


def test_a_class_that_ends_without_a_newline_is_rewritten(tmp_path: Path) -> None:
    made = with_layouts(source_of("inherited").rstrip("\n"), "BaoMot", NEW, UNTIL)
    assert loaded(made, tmp_path).layouts[0] == NEW[0]


def test_what_would_lose_a_comment_is_refused() -> None:
    source = source_of("on one line").replace(
        'body=".b"),)', 'body=".b"),  # Of 2019.\n        Layout(name="two", title="h1", body=".c"))'
    )
    with pytest.raises(ValueError, match=r"line 15: the comment '# Of 2019.' would be lost; move it to a line above"):
        with_layouts(source, "BaoMot", NEW, UNTIL)


def named(*names: str) -> list[Layout]:
    return [Layout(name=name, title=f"h1.n{name}", body="article.story") for name in names]


@pytest.mark.parametrize("form", FORMS)
def test_what_was_learned_for_the_same_day_or_a_later_one_is_replaced(form: str, tmp_path: Path) -> None:
    before = loaded(source_of(form), tmp_path)
    once = with_layouts(source_of(form), "BaoMot", named("2026-03-01", "2026-03-01-2"), UNTIL)
    earlier = date(2026, 2, 10)
    twice = with_layouts(
        once, "BaoMot", named("2026-02-11"), earlier, replaced={"2026-03-01", "2026-03-01-2"}, edition=7
    )
    site = loaded(twice, tmp_path)
    assert [one.name for one in site.layouts] == ["2026-02-11", *(one.name for one in before.layouts)]
    # Each has its end anew, whoever had given it: no layout of before is tried after one of later.
    assert [one.until for one in site.layouts[1:]] == [min(one.until or earlier, earlier) for one in before.layouts]
    assert site.edition == 7 and tidy(twice) == twice


def test_what_was_learned_for_a_later_day_and_stays_has_no_end_before_it(tmp_path: Path) -> None:
    once = with_layouts(source_of("literals"), "BaoMot", named("2026-03-01"), UNTIL)
    site = loaded(with_layouts(once, "BaoMot", named("2026-02-11"), date(2026, 2, 10)), tmp_path)
    assert [one.until for one in site.layouts[:3]] == [None, None, date(2026, 2, 10)]
    # On a later day it ends as others do.
    site = loaded(with_layouts(once, "BaoMot", named("2026-03-02"), date(2026, 3, 1)), tmp_path)
    assert [one.until for one in site.layouts[:3]] == [None, date(2026, 3, 1), UNTIL]


@pytest.fixture
def spider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    site = loaded(source_of("literals"), tmp_path)
    monkeypatch.setattr(rewriting, "file_of", lambda _: tmp_path / "bao_mot.py")
    return site


def test_the_file_is_replaced_by_one_that_was_loaded(spider: Any, tmp_path: Path) -> None:
    file = rewrite(spider, NEW, UNTIL)
    assert load(file, "bao_mot", "BaoMot").layouts[0] == NEW[0]
    assert [one.name for one in tmp_path.glob("*.py*")] == ["bao_mot.py"], "nothing is left beside it"


def test_a_site_whose_spider_another_derives_from_is_left_alone(
    spider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = type("Annex", (spider,), {"name": "annex", "__module__": spider.__module__})
    monkeypatch.setattr(rewriting, "all_sites", lambda: {"annex": annex, "bao_mot": spider})
    with pytest.raises(ArchiveError, match="annex would get the layouts of bao_mot too"):
        rewrite(spider, NEW, UNTIL)
    assert (tmp_path / "bao_mot.py").read_text(encoding="utf-8") == source_of("literals")


def test_the_edition_may_be_higher_than_that_of_the_file(spider: Any) -> None:
    assert load(rewrite(spider, NEW, UNTIL, edition=4), "bao_mot", "BaoMot").edition == 4


@pytest.mark.parametrize(
    "harm",
    [
        lambda source: source.replace("h1.headline", "h2.headline"),
        lambda source: source.replace("edition = 1", "edition = 7"),
        lambda source: source.replace("baomot.vn", "baohai.vn"),
        lambda source: source + "\n1 / 0\n",
        lambda source: source + "\n(\n",
    ],
)
def test_nothing_is_lost_if_what_was_made_is_wrong(
    spider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Any
) -> None:
    made = rewriting.with_layouts
    monkeypatch.setattr(rewriting, "with_layouts", lambda *given, **named: harm(made(*given, **named)))
    with pytest.raises(ArchiveError):
        rewrite(spider, NEW, UNTIL)
    assert (tmp_path / "bao_mot.py").read_text(encoding="utf-8") == source_of("literals")
    assert [one.name for one in tmp_path.iterdir() if "__" not in one.name] == ["bao_mot.py"]


def test_source_that_is_not_understood_is_named(spider: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no class BaoMot"):
        with_layouts(HEAD + FAMILY, "BaoMot", NEW, UNTIL)
    (tmp_path / "bao_mot.py").write_text("(", encoding="utf-8")
    with pytest.raises(ArchiveError, match=r"cannot be rewritten .* by hand"):
        rewrite(spider, NEW, UNTIL)
