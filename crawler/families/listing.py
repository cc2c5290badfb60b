"""The plain family, for sites on a system that no other family knows: the operator says where things stand."""

import re
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout, read_listing
from crawler.discovery.posted import Posted, fragment, read_posted
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.discovering import Considered
from crawler.families.queries import is_section, parameters, with_parameters

NUMBER = re.compile(r"\{(?:(?P<step>\d+)\*\(n-1\)|n(?P<less>-1)?)\}")
"""Where the number of a page stands in `ListingSpider.page`: ``{n}``, ``{n-1}`` or ``{20*(n-1)}``."""

EVERY_LINK = ListingLayout(item="a")


class ListingSpider(SiteSpider):
    r"""Sites that publish in sections and have a page for each article: what all systems have in common.

    A site declares, beside what every site does, `layouts` with one `Layout` at least, and as far as its sections have
    further pages `page`, what leads to them, with ``{n}`` for the number: ``page = "?page={n}"`` goes into the query of
    the section's path, ``page = "/page/{n}/"`` behind it, and ``page = "{stem}-p{n}.html"`` stands in its place, with
    ``{stem}`` for the path without its suffix and ``{path}`` for all of it. A site that counts pages from zero has
    ``{n-1}``, one that counts articles ``{20*(n-1)}``. Where a script asks for further pages, ``posted = True`` has
    the call that is written in the first page of each section made instead (`crawler.discovery.posted`). Without,
    the first page of each section is all. Where the rest does not fit it, it declares

    - `article_path`, if its articles are not told by the default: a last name that ends in a hyphen and a number of
      four digits or more (with up to four letters before them, ``-post12345``), or that has five words and more. The
      key is that whole name after the folders it stands in (``tin~2022~lich-nghi-tet``): the same name may come again
      in another year's folder or another unit's, and of two articles under one key one would be lost. So an article
      that a site moves to another section, or lists in two, has a key for each address. A number at the name's end is
      not taken for the id, since titles end in years and days ("...-nam-2019", "...-ngay-01042019"): two articles would
      be one. Nor is a name that is only a number taken, for two folders may count for themselves; nor an address with
      ``~``, which stands for the slash in keys. Who knows that a number is the id says so and gains that an article is
      known again under another slug and in another folder: ``article_path = re.compile(r"/.+-(?P<key>\d+)\.html")``.
      Five words, because of 50 addresses in the lists of saved portals the pages that are no articles have at most
      four, and 40 of the 42 articles have more. What is declared as a section is no article.
    - `article_query`, the parameter that names the article where the path does not (``ChiTietTin.aspx?nid=48213``):
      ``article_query = "nid"``, and `article_path` for the page. The key is its value. Where the page does not answer
      without further ones (``?tabid=62&nid=48213``), `kept_parameters` names them. Where other
      pages have the same path and parameter, the value of another says which are articles:
      ``kept_parameters = ("option", "view=article")``.
    - `listings`, if a section's page has other articles beside its own. The default takes every link to an article.
      Dates of listings need them too. Then a list is taken for one of the newest first; ``newest_first = False`` says
      that it is not.
    - `feeds`, the paths of its feeds, for the way ``feed``; ``whole = False`` if none of its `ways` has all articles,
      so that all are asked; `article_sitemaps`, a pattern of the addresses of those parts of its sitemap that have
      articles, where addresses do not tell them from other pages.

    How to recognise it: no other family fits. Known to use it: what has a system of its own, such as the portals of
    Mặt trận Tổ quốc and of the forest fund of Đắk Nông (saved in 2019).
    Discovery: listings. A sitemap or a feed is declared with `ways` and `sitemap` or `feeds`.
    Traps: boxes of the newest and the most read articles count as listed by each section that shows them, so their
    section may be another one's; a listing that has a script fetch its pages has a first page only.
    """

    family = "listing"
    front_page = ""  # its links are not known to be articles
    # Words and hyphens exclude each other, so that an address of 100,000 characters is read once.
    article_path: ClassVar[re.Pattern[str]] = re.compile(
        r"/(?P<key>(?:[^/~]+/)*(?:(?=[^/]*[^\W\d])(?:[^/~-]*-)+[A-Za-z]{0,4}\d{4,}|(?:[^/~.-]+-+){4,}[^/~.-]+-*))"
        r"(?:\.(?:html?|aspx|php|cm|bbg|bcb))?/?"
    )
    listings = (EVERY_LINK,)
    newest_first = False
    page: ClassVar[str] = ""
    posted: ClassVar[bool] = False
    article_query: ClassVar[str] = ""
    kept_parameters: ClassVar[tuple[str, ...]] = ()
    article_sitemaps: ClassVar[re.Pattern[str] | None] = None
    feeds: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Look at the declaration. Raises ValueError for a `page` that leads nowhere."""
        super().__init_subclass__(**kwargs)
        # Every link is taken where no `listings` are declared: those of boxes beside the section's own, which stay.
        if "newest_first" not in vars(cls):
            cls.newest_first = cls.listings is not ListingSpider.listings
        if cls.page and not (NUMBER.search(cls.page) and cls.page.startswith(("?", "/", "{path}", "{stem}"))):
            raise ValueError(
                f"spider {cls.__name__}: page = {cls.page!r}: begin it with ?, /, {{path}} or {{stem}} and write {{n}} "
                'where the number of a page stands, such as "?page={n}" or "/page/{n}/"'
            )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments of `SiteSpider`."""
        super().__init__(*args, **kwargs)
        self._calls: dict[str, Posted | None] = {}

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The key that the path names (``~`` for ``/``), or the parameter where one is declared; None for a section."""
        key = super().article_key(url)
        if key is None:
            return None
        if cls.article_query:
            said = parameters(url)
            asked = [one.split("=") for one in cls.kept_parameters if "=" in one]
            is_one = all(said.get(name.lower()) == value for name, value in asked)
            return said.get(cls.article_query.lower()) if is_one else None
        # An id of an article holds no slash: with one it would pass for an address.
        return None if is_section(url, cls.sections) else key.replace("/", "~")

    @classmethod
    def canonical_url(cls, url: str) -> str:
        """As for every site, with the parameter that names the article where one is declared, and those kept."""
        canonical = super().canonical_url(url)
        if not cls.article_query:
            return canonical
        said = parameters(url)
        wanted = (cls.article_query, *(one.partition("=")[0] for one in cls.kept_parameters))
        kept = {name: value for name in wanted if (value := said.get(name.lower()))}
        return with_parameters(canonical, kept) if cls.article_query in kept else canonical

    def read_entries(self, page: Page) -> list[Entry]:
        """The articles of a listing page: whatever links stand beside them, a page without any lists nothing."""
        return [entry for entry in super().read_entries(page) if self.article_key(entry.url)]

    def is_article_sitemap(self, url: str) -> bool:
        """Those that `article_sitemaps` takes, where it is declared."""
        taken = self.article_sitemaps is None or self.article_sitemaps.search(url) is not None
        return taken and super().is_article_sitemap(url)

    async def by_feed(self) -> AsyncIterator[Considered]:
        """The articles of `feeds`."""
        for path in self.feeds:
            async for considered in self.feed(path):
                yield considered

    def listing_request(self, path: str, number: int) -> Request:
        """The section itself, then as `page` says."""
        if number == 1 or not self.page:
            return Request(self.site_url(path))
        further = NUMBER.sub(lambda match: str(_counted(match, number)), self.page)
        before, mark, query = path.partition("?")
        if further.startswith("?"):
            return Request(self.site_url(f"{path}{'&' + further[1:] if mark else further}"))
        bare = before.rstrip("/")
        if further.startswith("/"):
            further = f"{bare}{further}"
        further = further.replace("{path}", bare).replace("{stem}", _SUFFIX.sub("", bare))
        return Request(self.site_url(f"{further}{mark}{query}"))

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """As every listing; there is one page where neither `page` nor `posted` is declared."""
        if self.posted:
            return await self._posted_page(path, number)
        return [] if number > 1 and not self.page else await super().listing_page(path, number)

    async def _posted_page(self, path: str, number: int) -> list[Entry] | None:
        """The first page by its address, further ones by the call that it has in its script."""
        if number == 1:
            page = await self.get(self.listing_request(path, 1))
            if page is None:
                return None
            self._calls[path] = read_posted(page)
            return self.read_entries(page)
        call = self._calls.get(path)
        if call is None:
            return []
        url, body, headers = call.ask(number)
        if not self.is_own_host(url):
            return []
        request = Request(url, method=call.method, body=body, headers={**headers, "Referer": self.site_url(path)})
        page = await self.get(request, kind=None)
        if page is None:
            return None
        page = fragment(page)
        # Of a fragment nothing stands around the list, by which `listings` may find it; there is nothing beside it.
        links = [entry for entry in read_listing(page, EVERY_LINK) if self.article_key(entry.url)]
        return self.read_later(page, number) or links


_SUFFIX = re.compile(r"\.\w{2,5}$")


def _counted(match: re.Match[str], number: int) -> int:
    """The number that stands for page `number` in an address."""
    if match["step"]:
        return int(match["step"]) * (number - 1)
    return number - 1 if match["less"] else number
