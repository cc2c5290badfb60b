"""The sites that can be loaded: a spider file that cannot costs no site but its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.sites import UnknownSite, all_sites, broken_sites, find_site, look_again
from schedules.nightly import Nights, Scheduler
from tests.schedules.house import Crawls, House, crawls, house

__all__ = ["crawls", "house"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules count to the spiders, before those there are."""
    import crawler.spiders

    made = tmp_path / "spiders"
    made.mkdir()
    monkeypatch.setattr(crawler.spiders, "__path__", [str(made), *crawler.spiders.__path__])
    yield made
    monkeypatch.undo()
    look_again()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def", "SyntaxError"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("nothing", "NameError"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_left_out_and_named(folder: Path, text: str, why: str) -> None:
    before = list(all_sites())
    (folder / "bao_thu.py").write_text(text, encoding="utf-8")
    look_again()
    assert list(all_sites()) == before
    assert why in broken_sites()["crawler.spiders.bao_thu"]
    with pytest.raises(UnknownSite, match=r"bao_thu cannot be loaded; mend crawler\.spiders\.bao_thu: "):
        find_site("bao_thu")
    (folder / "bao_thu.py").unlink()
    look_again()
    assert broken_sites() == {}


def test_a_crawl_does_not_die_of_another_sites_file(tmp_path: Path) -> None:
    (tmp_path / "bao_thu.py").write_text("def", encoding="utf-8")
    code = (
        "import sys, crawler.spiders; crawler.spiders.__path__.insert(0, sys.argv[1])\n"
        "from scrapy.utils.project import get_project_settings\n"
        "from scrapy.spiderloader import get_spider_loader\n"
        "print(get_spider_loader(get_project_settings()).load('hong_linh').name)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout == "hong_linh\n", done.stderr


def test_the_scheduler_says_what_cannot_be_loaded_once_each_time_it_changes(
    folder: Path, house: House, crawls: Crawls
) -> None:
    scheduler = Scheduler(Nights(house.turns, 1))
    for text in ("def", "def", "nothing", None):
        (folder / "bao_thu.py").write_text(text or "", encoding="utf-8")
        look_again()
        scheduler._tell_broken(broken_sites())
    told = [line for line in house.lines if "bao_thu" in line]
    assert ["SyntaxError" in told[0], "NameError" in told[1], "again" in told[2]] == [True] * 3
    assert len(told) == 3
