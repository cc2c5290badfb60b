"""The sites this program knows: every spider that can be loaded."""

import difflib
import os
from functools import cache
from typing import TYPE_CHECKING

from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

if TYPE_CHECKING:
    from crawler.families.base import SiteSpider

SETTINGS_MODULE = "crawler.settings"


class UnknownSite(ValueError):
    """No spider has this site id, or no site has this address; the message names near ones."""


@cache
def all_sites() -> dict[str, type["SiteSpider"]]:
    """Every spider by site id, in the order of their names."""
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", SETTINGS_MODULE)
    loader = SpiderLoader.from_settings(get_project_settings())
    return {name: loader.load(name) for name in sorted(loader.list())}  # type: ignore[misc]


def find_site(name: str) -> type["SiteSpider"]:
    """The spider of a site id. Raises UnknownSite with near ids."""
    sites = all_sites()
    if name not in sites:
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
