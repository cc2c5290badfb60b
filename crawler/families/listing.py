"""The plain family, for sites on a system that no other family knows: the operator says where things stand."""

import re
from typing import Any, ClassVar

from scrapy.http import Request

from crawler.discovery.entry import Entry
from crawler.discovery.listing import ListingLayout
from crawler.extraction.page import Page
from crawler.families.base import SiteSpider
from crawler.families.queries import is_section, parameters, with_parameters

NUMBER = "{n}"
"""Where the number of a page stands in `ListingSpider.page`."""


class ListingSpider(SiteSpider):
    r"""Sites that publish in sections and have a page for each article: what all systems have in common.

    A site declares, beside what every site does, `layouts` with one `Layout` at least, and as far as its sections have
    further pages `page`, what leads to them, with ``{n}`` for the number: ``page = "?page={n}"`` goes into the query of
    the section's path, ``page = "/page/{n}/"`` behind it; what has another shape overrides `listing_request`. Without,
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
      ``article_query = "nid"``, and `article_path` for the page. The key is its value.
    - `listings`, if a section's page has other articles beside its own. The default takes every link to an article.
      Dates of listings need them too.

    How to recognise it: no other family fits. Known to use it: what has a system of its own, such as the portals of
    Mặt trận Tổ quốc and of the forest fund of Đắk Nông (saved in 2019).
    Discovery: listings. A sitemap or a feed is declared with `ways` and `sitemap`.
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
    listings = (ListingLayout(item="a"),)
    newest_first = False
    page: ClassVar[str] = ""
    article_query: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Look at the declaration. Raises ValueError for a `page` that leads nowhere."""
        super().__init_subclass__(**kwargs)
        # Every link is taken where no `listings` are declared: those of boxes beside the section's own, which stay.
        cls.newest_first = cls.listings is not ListingSpider.listings
        if cls.page and (NUMBER not in cls.page or cls.page[0] not in "?/"):
            raise ValueError(
                f"spider {cls.__name__}: page = {cls.page!r}: begin it with ? or / and write {NUMBER} where the "
                f'number of a page stands, such as "?page={NUMBER}" or "/page/{NUMBER}/"'
            )

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The key that the path names (``~`` for ``/``), or the parameter where one is declared; None for a section."""
        key = super().article_key(url)
        if key is None:
            return None
        if cls.article_query:
            return parameters(url).get(cls.article_query.lower())
        # An id of an article holds no slash: with one it would pass for an address.
        return None if is_section(url, cls.sections) else key.replace("/", "~")

    @classmethod
    def canonical_url(cls, url: str) -> str:
        """As for every site, with the parameter that names the article where one is declared."""
        canonical = super().canonical_url(url)
        value = parameters(url).get(cls.article_query.lower()) if cls.article_query else None
        return with_parameters(canonical, {cls.article_query: value}) if value else canonical

    def read_entries(self, page: Page) -> list[Entry]:
        """The articles of a listing page: whatever links stand beside them, a page without any lists nothing."""
        return [entry for entry in super().read_entries(page) if self.article_key(entry.url)]

    def listing_request(self, path: str, number: int) -> Request:
        """The section itself, then as `page` says."""
        if number == 1 or not self.page:
            return Request(self.site_url(path))
        further = self.page.replace(NUMBER, str(number))
        if further.startswith("?"):
            return Request(self.site_url(f"{path}{'&' + further[1:] if '?' in path else further}"))
        before, mark, query = path.partition("?")
        return Request(self.site_url(f"{before.rstrip('/')}{further}{mark}{query}"))

    async def listing_page(self, path: str, number: int) -> list[Entry] | None:
        """As every listing; there is one page where no `page` is declared."""
        return [] if number > 1 and not self.page else await super().listing_page(path, number)
