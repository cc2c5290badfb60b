"""What we use of Scrapy has an effect: the installed Scrapy reads it, and means to go on reading it."""

import ast
import difflib
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import scrapy
from scrapy.settings import default_settings

import crawler
from crawler.families import asking, base, discovering, signs, sitemaps, walking
from crawler.families.base import SiteSpider
from crawler.onboarding.recognise import families

PACKAGE = Path(crawler.__path__[0])
PROGRAM = [
    *sorted(PACKAGE.rglob("*.py")),
    *sorted(PACKAGE.parent.glob("schedules/*.py")),
    *sorted(PACKAGE.parent.glob("commands/*.py")),
    PACKAGE.parent / "baotinh.py",
]
BASES = [
    PACKAGE / "declaration.py",
    *(Path(one.__file__ or "") for one in (asking, base, discovering, signs, sitemaps, walking)),
]
SPIDERS = [
    BASES[0],
    *(file for folder in ("spiders", "families") for file in sorted((PACKAGE / folder).rglob("*.py"))),
]
COMPONENTS = [PACKAGE / name for name in ("excluding.py", "extensions.py", "middlewares.py", "pipelines.py")]

GONE = {
    "start_requests": "write `async def start`",
    "make_requests_from_url": "write `async def start`",
    "process_start_requests": "write `async def process_start`",
}
"""What older Scrapys called and 2.19 passes over in silence."""

REPLACED = {
    "allowed_domains": "declare `hosts`: they are matched exactly, and no request gets past them",
    "start_urls": "declare `sections`, or override `discover`",
    "parse": "every request has its callback: `parse_article`",
    "rules": "declare `article_path` and `listings`",
    "handle_httpstatus_list": "ask with `get(request, past_end=...)`",
    "custom_settings": "set it for all sites in crawler/settings.py, or with -s",
    "download_delay": "robots.txt's Crawl-delay is a site's own delay; ours is DOWNLOAD_DELAY",
    "max_concurrent_requests": "a site is asked for one thing at a time",
    "user_agent": "we have one name, USER_AGENT",
    "download_timeout": "DOWNLOAD_TIMEOUT holds for every site",
    "download_maxsize": "DOWNLOAD_MAXSIZE holds for every site, and for reading captures",
    "download_warnsize": "DOWNLOAD_WARNSIZE holds for every site",
    "http_user": "what needs a password is not archived",
    "http_pass": "what needs a password is not archived",
    "http_auth_domain": "what needs a password is not archived",
}
"""What Scrapy 2.19 reads from a spider, most of it for the last time, and what stands for it here."""

HOOKS = {"closed", "state"}
"""What Scrapy reads from a spider and a spider of ours may well have."""


def declared(node: ast.ClassDef) -> set[str]:
    """The names that a class gives itself or, in its methods, its instances."""
    names = {one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    for one in ast.walk(node):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        names |= {target.attr for target in targets if isinstance(target, ast.Attribute)}
        if one in node.body:
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("__")}


def classes(files: list[Path]) -> Iterator[tuple[Path, ast.ClassDef]]:
    for file in files:
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield file, node


@pytest.mark.parametrize("node", [pytest.param(node, id=node.name) for _, node in classes([*SPIDERS, *COMPONENTS])])
def test_nothing_is_declared_that_scrapy_passes_over(node: ast.ClassDef) -> None:
    assert {name: GONE[name] for name in declared(node) & GONE.keys()} == {}, "Scrapy 2.19 never calls this"


@pytest.mark.parametrize("node", [pytest.param(node, id=node.name) for _, node in classes(SPIDERS)])
def test_no_spider_declares_what_is_done_otherwise_here(node: ast.ClassDef) -> None:
    assert {name: REPLACED[name] for name in declared(node) & REPLACED.keys()} == {}


@pytest.mark.parametrize(
    ("file", "node"),
    [pytest.param(*one, id=one[1].name) for one in classes(SPIDERS) if one[0] not in BASES],
)
def test_all_that_a_spider_declares_is_read_by_something(file: Path, node: ast.ClassDef) -> None:
    module = importlib.import_module(".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts))
    spider: type[SiteSpider] = getattr(module, node.name)
    of_class = {node.name: declared(node) for _, node in classes(SPIDERS)}
    known = set().union(*(of_class.get(one.__name__, ()) for one in spider.__mro__[1:]))
    # Sites of the plain family say which ways they have; those are the ways that families go.
    known |= {"name", *HOOKS, *(f"by_{way}" for family in (spider, *families().values()) for way in family.ways)}
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    read = {one.attr for one in nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load)}
    unread = {name: difflib.get_close_matches(name, known, n=1) for name in declared(node) - known - read}
    assert unread == {}, f"{node.name} declares what nothing reads; beside each the nearest name that is read"


def test_every_setting_is_one_that_scrapy_has() -> None:
    named = {(file.name, name) for file in PROGRAM for name in settings_named(file)}
    assert [one for one in sorted(named) if one[1] not in default_settings.__all__] == []


@cache
def settings_named(file: Path) -> frozenset[str]:
    """The settings that a file names: all that settings.py sets, elsewhere what is asked of `settings`."""
    text = file.read_text("utf-8")
    tree = ast.parse(text if "settings" in text or file.name == "settings.py" else "")
    if file == PACKAGE / "settings.py":
        targets = (target for one in tree.body if isinstance(one, ast.Assign) for target in one.targets)
        return frozenset(target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper())
    found = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.args:
            owner, key = one.func.value, one.args[0]
        elif isinstance(one, ast.Subscript):
            owner, key = one.value, one.slice
        else:
            continue
        if ast.unparse(owner).endswith("settings") and isinstance(key, ast.Constant) and str(key.value).isupper():
            found.add(str(key.value))
    return frozenset(found)


@pytest.mark.parametrize("name", ["DOWNLOAD_DELAY", "DOWNLOAD_MAXSIZE", "ROBOTSTXT_USER_AGENT"])
def test_settings_are_found_where_they_are_read(name: str) -> None:
    assert any(name in settings_named(file) for file in PROGRAM if file != PACKAGE / "settings.py")


# -- are the lists above those of the Scrapy that is installed? ---------------------------------------
def test_scrapy_knows_nothing_of_what_is_gone() -> None:
    assert said_by_scrapy() & GONE.keys() == set()


def test_scrapy_knows_all_that_is_replaced_here() -> None:
    assert REPLACED.keys() - said_by_scrapy() == set(), "gone from Scrapy by now: move it to GONE"


def test_all_that_scrapy_asks_of_a_spider_is_known_here() -> None:
    asked = asked_of_spiders()
    assert len(asked) >= 10
    assert asked - REPLACED.keys() - HOOKS == set()


@cache
def scrapys_code() -> tuple[ast.AST, ...]:
    """Every node of Scrapy's source."""
    files = sorted(Path(scrapy.__path__[0]).rglob("*.py"))
    return tuple(node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))))


@cache
def said_by_scrapy() -> frozenset[str]:
    """Every name in Scrapy's code, and every string that could be one."""
    said = set()
    for one in scrapys_code():
        match one:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name):
                said.add(name)
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                said.add(name)
    return frozenset(said)


def asked_of_spiders() -> set[str]:
    """The attributes that Scrapy looks for on a spider which may lack them."""
    found = set()
    for one in scrapys_code():
        match one:
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[spider, ast.Constant(value=str(name)), *_]):
                found |= {name} if ast.unparse(spider).rpartition(".")[2] == "spider" else set()
            case ast.Call(
                func=ast.Attribute(attr="_apply_deprecated_spider_attr"), args=[ast.Constant(value=str(name)), *_]
            ):
                found.add(name)
    return found
