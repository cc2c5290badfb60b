"""By which ways a site of no family is discovered: what its lists, sitemaps and feeds have of each other's articles."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from archive.ledger import Found
from crawler.discovery.entry import Entry
from crawler.families.base import SiteSpider
from crawler.families.listing import ListingSpider
from crawler.onboarding.looking import look
from crawler.onboarding.maps import Source
from crawler.onboarding.ways import Lists, choose
from tests.crawler.onboarding.webs import CLOCK, HOME, Pages

MAP = f"{HOME}/sitemap.xml"
SHOWN = range(61, 101)
"""What lists show on their first pages, of a site with a hundred articles."""


def site(pattern: str = r"/tin-(?P<key>\d+)\.html") -> SiteSpider:
    attributes = {"article_path": re.compile(pattern)}
    return look(
        ListingSpider, Pages({}), CLOCK, host="bao.vn", scheme="https", sections={}, title="", attributes=attributes
    )


def url(number: int) -> str:
    return f"{HOME}/tin-{number}.html"


def listed(numbers: Iterable[int]) -> tuple[Found, ...]:
    return tuple(Found(url(number), str(number), HOME) for number in numbers)


def entries(numbers: Iterable[int]) -> tuple[Entry, ...]:
    return tuple(Entry(url(number)) for number in numbers)


def chosen(
    mapped: Iterable[int] = (), fed: Iterable[int] = (), *, shown: Sequence[int] = SHOWN, go_on: bool = True
) -> dict[str, Any]:
    lists = Lists(HOME, listed(shown), (listed(shown),) if shown else (), 1, go_on)
    maps = [Source(MAP, {MAP: entries(mapped)})]
    feeds = [Source(f"{HOME}/rss", {f"{HOME}/rss": entries(fed)})]
    return dict(choose(site(), lists, maps, feeds, alone=True).attributes)


def test_a_sitemap_with_all_goes_first() -> None:
    assert chosen(range(1, 101)) == {"ways": ("sitemap", "listing")}


def test_a_sitemap_that_lacks_the_newest_tells_of_changes_alone() -> None:
    assert chosen(range(1, 91)) == {"ways": ("listing", "sitemap")}
    # As good as all, but made yesterday.
    assert chosen(range(1, 100)) == {"ways": ("listing", "sitemap")}


def test_where_each_has_what_the_other_lacks_all_are_asked() -> None:
    odd = range(1, 101, 2)
    assert chosen(odd, shown=range(2, 101, 2)) == {"ways": ("listing", "sitemap"), "whole": False}
    # Lists without further pages lack what is older.
    assert chosen(range(1, 91), go_on=False) == {"ways": ("listing", "sitemap"), "whole": False}


def test_a_feed_is_for_what_lists_lack() -> None:
    assert chosen(fed=range(91, 101)) == {}
    assert chosen(fed=range(101, 111)) == {"ways": ("listing", "feed"), "feeds": ("/rss",), "whole": False}
    assert chosen(fed=range(91, 101), shown=()) == {"ways": ("feed",), "feeds": ("/rss",)}


@pytest.mark.parametrize(
    ("mapped", "go_on", "goes_back"),
    [(range(1, 101), False, True), ((), True, True), ((), False, False), (range(1, 91), False, False)],
)
def test_it_is_known_whether_anything_leads_to_older_articles(
    mapped: Iterable[int], go_on: bool, goes_back: bool
) -> None:
    lists = Lists(HOME, listed(SHOWN), (listed(SHOWN),), 1, go_on)
    assert choose(site(), lists, [Source(MAP, {MAP: entries(mapped)})], [], alone=True).goes_back is goes_back


def test_the_kinds_of_parts_that_have_articles_are_declared() -> None:
    posts, pages = f"{HOME}/posts-1.xml", f"{HOME}/pages-1.xml"
    source = Source(
        f"{HOME}/index.xml",
        {posts: entries(SHOWN), pages: (Entry(f"{HOME}/gioi-thieu.html"), Entry(f"{HOME}/lien-he.html"))},
        (posts, f"{HOME}/posts-2.xml", pages),
    )
    lists = Lists(HOME, listed(SHOWN), (listed(SHOWN),), 1, go_on=True)
    # Addresses tell articles, or only lists do: of both kinds every address may be one.
    for spider, alone in ((site(), True), (site(r"/(?:tin-)?(?P<key>[^/.]+)\.html"), False)):
        attributes = choose(spider, lists, [source], [], alone=alone).attributes
        assert attributes["sitemap"] == "/index.xml"
        assert attributes["article_sitemaps"].search("/posts-3.xml")
        assert not attributes["article_sitemaps"].search("/pages-1.xml")
