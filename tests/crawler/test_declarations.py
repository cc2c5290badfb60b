"""Every spider is a declaration: short, complete, and named as its file."""

import ast
import inspect
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler

import crawler.spiders
from archive.provinces import by_slug
from crawler.families.base import REQUIRED, SiteSpider
from crawler.sites import all_sites

FILES = sorted(path for path in Path(crawler.spiders.__path__[0]).rglob("*.py") if path.name != "__init__.py")
EACH_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
EACH_SITE = pytest.mark.parametrize("spider", all_sites().values(), ids=lambda spider: spider.name)


def classes(file: Path) -> list[ast.ClassDef]:
    return [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.ClassDef)]


def spider_of(file: Path) -> type[SiteSpider]:
    assert file.stem in all_sites(), (
        f"{file} gives no spider named {file.stem}: file and `name` must agree, and every folder needs an __init__.py"
    )
    return all_sites()[file.stem]


def test_there_are_spiders() -> None:
    assert len(FILES) == len(all_sites()) >= 5


@EACH_FILE
def test_file_name_spider_name_and_class_name_agree(file: Path) -> None:
    [declared] = classes(file)
    spider = spider_of(file)
    assert spider.__name__ == declared.name == "".join(part.capitalize() for part in file.stem.split("_"))
    assert Path(inspect.getfile(spider)) == file


@EACH_FILE
def test_spider_lies_in_the_folder_of_its_province(file: Path) -> None:
    assert spider_of(file).province.replace("-", "_") == file.parent.name


@EACH_SITE
def test_province_is_known(spider: type[SiteSpider]) -> None:
    assert by_slug(spider.province).slug == spider.province


@EACH_SITE
def test_everything_required_is_declared(spider: type[SiteSpider]) -> None:
    assert [name for name in REQUIRED if not getattr(spider, name, None)] == []


@EACH_SITE
def test_declared_values_make_sense(spider: type[SiteSpider]) -> None:
    assert all(host == host.lower() and "/" not in host and ":" not in host for host in spider.hosts)
    assert all(path.startswith("/") for path in spider.sections.values())
    assert len(set(spider.sections.values())) == len(spider.sections)
    assert date(1990, 1, 1) <= spider.oldest <= date(2025, 1, 1)
    assert spider.scheme in ("http", "https")
    assert all(callable(getattr(spider, f"by_{way}")) for way in spider.ways)
    assert "key" in spider.article_path.groupindex


@EACH_SITE
def test_listing_addresses_are_no_articles(spider: type[SiteSpider]) -> None:
    made = spider()
    assert [path for path in spider.sections.values() if spider.article_key(made.site_url(path))] == []


def test_no_two_sites_share_a_host() -> None:
    hosts = [host.removeprefix("www.") for spider in all_sites().values() for host in spider.hosts]
    assert len(hosts) == len(set(hosts))


@pytest.mark.parametrize(
    "file",
    # A site on a system of its own brings its layouts along.
    [file for file in FILES if [ast.unparse(base) for base in classes(file)[0].bases] != ["SiteSpider"]],
    ids=lambda file: file.stem,
)
def test_site_of_a_family_takes_ten_lines_at_most(file: Path) -> None:
    [declared] = classes(file)
    statements = declared.body[1:]  # without the docstring
    assert ast.get_docstring(declared)
    counted = {line for one in statements for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    for one in statements:
        # As many as the site has, each on its line.
        if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") in ("sections", "layouts"):
            counted -= set(range(one.lineno + 1, (one.end_lineno or one.lineno) + 1))
    assert len(counted) <= 10, f"{file}: not counting sections and layouts; move what is more to the family"


@EACH_FILE
def test_docstring_says_what_was_seen_and_what_is_inferred(file: Path) -> None:
    [declared] = classes(file)
    said = ast.get_docstring(declared) or ""
    assert "Evidence:" in said
    assert "Not seen live" in " ".join(said.split())


@pytest.mark.parametrize("name", [name for name in REQUIRED if name != "name"])
def test_spider_that_lacks_an_attribute_is_refused_by_its_name(name: str) -> None:
    empty: Any = type("BaoThu", (all_sites()["bao_quang_ninh"],), {"name": "bao_thu", name: None})
    with pytest.raises(NotConfigured, match=rf"BaoThu.*\b{name}\b"):
        empty.from_crawler(get_crawler(empty))


def test_all_that_is_missing_is_named_at_once() -> None:
    empty: Any = type("BaoThu", (SiteSpider,), {"name": "bao_thu"})
    with pytest.raises(NotConfigured) as refused:
        empty.from_crawler(get_crawler(empty))
    assert all(name in str(refused.value) for name in REQUIRED if name != "name")


def test_spider_without_a_name_is_refused() -> None:
    empty: Any = type("BaoThu", (all_sites()["bao_quang_ninh"],), {"name": ""})
    with pytest.raises((NotConfigured, ValueError), match="name"):
        empty.from_crawler(get_crawler(empty))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "2023-13-01"}, "start"),
        ({"end": "hôm qua"}, "end"),
        ({"start": "01/03/2023"}, "start"),
        ({"start": "2023-03-02", "end": "2023-03-01"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-3"}, "limit"),
        ({"limit": "mười"}, "limit"),
    ],
)
def test_wrong_argument_is_refused_by_its_name(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        all_sites()["bao_quang_ninh"](**arguments)


def test_right_arguments_are_taken() -> None:
    spider = all_sites()["bao_quang_ninh"](start="2023-03-01", end="2023-03-01", limit="5")
    assert (spider.first_day, spider.last_day, spider.limit) == (date(2023, 3, 1), date(2023, 3, 1), 5)
