"""A site's id in the program: which files change with it, and that nothing is left half done."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from crawler.onboarding import renaming
from crawler.onboarding.renaming import class_name, mentions, plan, renamed
from crawler.sites import UnknownSite, all_sites

SPIDER = '''"""Báo Thử."""

from crawler.families.dataimages import DataimagesSpider


class BaoThu(DataimagesSpider):
    """Báo Thử, of which BaoThu tells; bao_thu is its id."""

    name = "bao_thu"
    title = "Báo Thử"
    hosts = ("baothu.example",)
    names = ("bao_thu",)
'''
RENAMED = SPIDER.replace("BaoThu", "ThuNhat").replace('name = "bao_thu"', 'name = "thu_nhat"')


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program with one more spider, which has golden pages."""
    file = tmp_path / "crawler" / "spiders" / "ha_nam" / "bao_thu.py"
    goldens = tmp_path / "tests" / "sites" / "bao_thu"
    for folder in (file.parent, goldens):
        folder.mkdir(parents=True)
    file.write_text(SPIDER, "utf-8")
    (goldens / "1.json").write_text("{}", "utf-8")
    (tmp_path / "README.md").write_text("See bao_thu and bao_thu_2.", "utf-8")
    spec = importlib.util.spec_from_file_location("bao_thu", file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sites = {**all_sites(), "bao_thu": module.BaoThu}
    monkeypatch.setattr(renaming, "getfile", lambda spider: str(file))
    monkeypatch.setattr(renaming, "all_sites", lambda: sites)
    monkeypatch.setattr(renaming, "find_site", sites.__getitem__)
    return tmp_path


def files(root: Path) -> dict[str, str]:
    return {
        str(one.relative_to(root)): one.read_text("utf-8")
        for one in root.rglob("*.*")
        if one.is_file() and one.suffix != ".pyc"
    }


def test_spider_class_name_and_golden_pages_are_renamed(program: Path) -> None:
    with renamed(plan("bao_thu", "thu_nhat", program)):
        pass
    assert files(program) == {
        "crawler/spiders/ha_nam/thu_nhat.py": RENAMED,
        "tests/sites/thu_nhat/1.json": "{}",
        "README.md": "See bao_thu and bao_thu_2.",
    }
    # What no rule can change is named; a longer id is another.
    assert mentions("bao_thu", program) == ["README.md", "crawler/spiders/ha_nam/thu_nhat.py"]
    assert mentions("bao_thu_2", program) == ["README.md"]
    assert mentions("thu_nhat", program) == ["crawler/spiders/ha_nam/thu_nhat.py", "tests/sites/thu_nhat/"]


def test_what_fails_leaves_everything_as_it_was(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(program)
    moves = plan("bao_thu", "thu_nhat", program)
    with pytest.raises(RuntimeError, match="archive"), renamed(moves):
        raise RuntimeError("the archive said no")
    assert files(program) == before

    def refuse(self: Path, target: Path) -> None:
        if self.name == "bao_thu":
            raise PermissionError("the folder is not yours")
        rename(self, target)

    rename = Path.rename
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError, match="not yours"), renamed(moves):
        pass
    assert files(program) == before


def test_what_cannot_be_renamed_is_refused_before_anything_is_done(program: Path) -> None:
    for new, says in (
        ("bao-moi", "site id 'bao-moi'"),
        ("bao_thu", "is the id that the site has"),
        ("hong_linh", "there is a spider 'hong_linh' already"),
        ("bao_cao_bang", "another publisher's id in the catalogue"),
    ):
        with pytest.raises(ValueError, match=says):
            plan("bao_thu", new, program)
    (program / "tests" / "sites" / "moi").mkdir()
    with pytest.raises(ValueError, match="sites/moi is there already"):
        plan("bao_thu", "moi", program)
    file = program / "crawler" / "spiders" / "ha_nam" / "bao_thu.py"
    file.write_text(SPIDER.replace('name = "bao_thu"', 'name = "bao_" + "thu"'), "utf-8")
    with pytest.raises(ValueError, match=r"should be called bao_thu\.py and hold one class BaoThu"):
        plan("bao_thu", "thu_nhat", program)


def test_a_site_may_take_the_id_of_its_own_entry_in_the_catalogue(program: Path) -> None:
    spider: Any = vars(renaming)["find_site"]("bao_thu")
    with pytest.raises(ValueError, match="another publisher's id in the catalogue"):
        plan("bao_thu", "bao_cao_bang", program)
    spider.hosts = ("baothu.example", "www.baocaobang.vn")
    moves = plan("bao_thu", "bao_cao_bang", program)
    assert [move.target.name for move in moves] == ["bao_cao_bang.py", "bao_cao_bang"]


def test_a_site_of_the_catalogue_is_renamed_there_too() -> None:
    spider, listed = plan("hong_linh", "thi_xa_hong_linh")
    assert (spider.target.name, listed.source.name) == ("thi_xa_hong_linh.py", "catalogue.csv")
    assert "\nthi_xa_hong_linh,Cổng" in (listed.text or "")
    assert "\nhong_linh," not in (listed.text or "")
    assert "\nnam_hong_linh," in (listed.text or "")


def test_a_spider_that_is_called_so_already_needs_nothing() -> None:
    assert plan("bao_thi_xa", "hong_linh") == []
    with pytest.raises(UnknownSite, match="there is no site 'bao_thi_xa'"):
        plan("bao_thi_xa", "bao_khac")


def test_a_class_is_named_as_its_file() -> None:
    assert [class_name(name) for name in all_sites()] == [spider.__name__ for spider in all_sites().values()]
