"""The sites this program knows: every spider that can be loaded."""

import difflib
import os
import sys
from functools import cache
from importlib import import_module, invalidate_caches
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from scrapy import Spider
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

SETTINGS_MODULE = "crawler.settings"


class UnknownSite(ValueError):
    """No spider has this site id, or no site has this address; the message names near ones."""


class Spiders(SpiderLoader):
    """Scrapy's loader, but that a module which cannot be loaded costs its own sites only, whatever is wrong with it.

    Scrapy's own way (SPIDER_LOADER_WARN_ONLY) gives up the modules after it as well, and forgives imports and syntax
    only. `broken` says by module what is wrong with those that were left out.
    """

    broken: dict[str, str]

    def _load_all_spiders(self) -> None:
        self.broken = {}
        for name in self.spider_modules:
            self._load_below(name)
        self._check_name_duplicates()

    def _load_below(self, name: str) -> None:
        try:
            module = import_module(name)
            self._load_spiders(module)
        except Exception as error:
            self.broken[name] = " ".join(f"{type(error).__name__}: {error}".split())
            return
        for _, below, _ in iter_modules(getattr(module, "__path__", [])):
            self._load_below(f"{name}.{below}")

    def load(self, spider_name: str) -> type[Spider]:
        """The spider of this name. Raises KeyError, which names the module if that is why there is none."""
        try:
            return super().load(spider_name)
        except KeyError:
            for module, why in self.broken.items():
                if module.rpartition(".")[2] == spider_name:
                    raise KeyError(f"{module} cannot be loaded: {why}") from None
            raise


@cache
def _loaded() -> Spiders:
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", SETTINGS_MODULE)
    return Spiders(get_project_settings())


@cache
def all_sites() -> dict[str, type["SiteSpider"]]:
    """Every spider that can be loaded by site id, in the order of their names."""
    loader = _loaded()
    return {name: loader.load(name) for name in sorted(loader.list())}  # type: ignore[misc]


def broken_sites() -> dict[str, str]:
    """What is wrong with each module of spiders that cannot be loaded, by its name."""
    return dict(_loaded().broken)


def look_again() -> None:
    """Have spiders that were added, mended, renamed or removed meanwhile be found; what was loaded stays as it was."""
    _loaded.cache_clear()
    all_sites.cache_clear()


def load_anew(name: str) -> type["SiteSpider"]:
    """The spider of a site id as its file has it now. Raises UnknownSite if it has none that can be loaded."""
    sys.modules.pop(all_sites()[name].__module__, None)
    invalidate_caches()
    look_again()
    return find_site(name)


def find_site(name: str) -> type["SiteSpider"]:
    """The spider of a site id. Raises UnknownSite with near ids."""
    sites = all_sites()
    if name not in sites:
        for module, why in broken_sites().items():
            if module.rpartition(".")[2] == name:
                raise UnknownSite(f"the spider of {name} cannot be loaded; mend {module}: {why}")
        near = difflib.get_close_matches(name.replace("-", "_"), sites, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`baotinh sites list` shows all"
        raise UnknownSite(f"there is no site {name!r}; {hint}")
    return sites[name]


def site_of(url: str) -> type["SiteSpider"]:
    """The spider whose host `url` is on. Raises UnknownSite naming the hosts there are."""
    for spider in all_sites().values():
        if spider.is_own_host(url):
            return spider
    host = url.partition("://")[2].partition("/")[0].lower()
    hosts = sorted(host for spider in all_sites().values() for host in spider.hosts)
    near = difflib.get_close_matches(host, hosts, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known hosts: {', '.join(hosts)}"
    raise UnknownSite(f"{url}: no site has the host {host or '(none)'!r}; {hint}")
