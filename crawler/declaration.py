"""What a site is: the declaration that a spider makes, and what follows from it for an address."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from string import punctuation
from typing import ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

from archive.article import Dated, is_overlong
from crawler.addresses import bare_host
from crawler.extraction.dates import parse_date
from crawler.extraction.layout import Layout, SiteFacts
from crawler.timing import NIGHTLY, Timing

_ASKER = "(?:cu-tri|cong-dan|nguoi-dan|nhan-dan|ban-doc|doanh-nghiep|to-chuc|ca-nhan)"
_WHAT_IS_DONE = (
    "(?:tra-loi|giai-quyet|giai-dap|tiep-nhan|tiep-thu|xu-ly|ket-qua|tinh-hinh|cong-tac|van-ban|lich|hop-thu|hom-thu|"
    "thu-tuc|chuyen-muc|chuyen-trang|muc|gui|tra-cuu|thong-tin|y-kien|cac)"
)
_PETITION = (
    f"(?:tiep-(?:cong-)?dan|khieu-nai|khieu-to|to-cao|don-thu|hoi-(?:va-)?dap|(?:cu-tri|cong-dan|nguoi-dan|ban-doc)-hoi|gop-y|y-kien-{_ASKER}|"
    f"kien-nghi|phan-anh-(?:kien-nghi|hien-truong)|(?:tiep-nhan|xu-ly|giai-quyet|tra-loi)-phan-anh|"
    f"phan-anh-(?:va-|cua-)?(?:{_ASKER}|kien-nghi)|duong-day-nong|trang-vang|rao-vat|quang-cao)"
)
_BESIDE = (
    f"(?:{_ASKER}|phan-anh|tra-loi|giai-quyet|giai-dap|chinh-quyen|co-quan|luat-su|truc-tuyen|phap-luat|dien-tu|"
    "thu-tuc|hanh-chinh|cua|ve|va)"
)
LEFT_OUT = re.compile(
    # How often words may come is bounded, so that no address takes long to read.
    f"/(?:{_WHAT_IS_DONE}-){{0,3}}{_PETITION}(?:-(?:{_PETITION}|{_BESIDE})){{0,6}}".replace("-", "[-_]?")
    + r"(?:[-_]\d[\d_-]*)?(?:\.[a-z]{2,5})?(?:/|$)",
    re.IGNORECASE,
)
"""Sections that hold petitions, complaints and questions of named citizens, and advertisements: never archived.

The whole name of a folder, in the words that such sections are called by and no others: "Trả lời kiến nghị cử tri",
"Giải quyết đơn thư". A headline has other words beside them (who, where), and a news section such as "Cử tri" none of
a petition's.
"""

_NO_ADDRESS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no path holds: control characters, those that turn the direction of writing round (an operator would read
another address than it is), and halves of surrogate pairs, which have no bytes."""

_SHORT = 150
"""Characters of an address that is never overlong: a letter takes four bytes at the most, each sent as ``%XX``."""


class SiteDeclaration:
    """One publisher, as a spider's class declares it.

    A site declares `name` (its id), `title` (the publisher's name), `province` (a slug of the
    gazetteer), `hosts` (canonical host first), `sections` (name to listing path) and, where it is known, `oldest`
    (the first day it can have published; else the day on which Việt Nam joined the internet).

    A family adds `family`, `layouts` and `article_path` (a pattern on the path with a group ``key`` and,
    where the path tells the date, ``year``, ``month``, ``day``).

    `names` are further names under which others credit the site, where its title and hosts do not give them.

    `edition` counts how often its layouts were changed since pages of it are kept: raise it with each change, so that
    its captures wait to be read again (docs/reextraction.md).

    `timing` says when nights crawl it, where the usual window does not suit it.

    `tls_exceptions` names hosts of the site whose certificate may be expired, each with the last day on which it is
    accepted; captures fetched so say it.
    """

    name: str
    title: ClassVar[str]
    province: ClassVar[str]
    hosts: ClassVar[Sequence[str]]
    sections: ClassVar[Mapping[str, str]]
    oldest: ClassVar[date] = date(1997, 11, 19)
    family: ClassVar[str]
    layouts: ClassVar[tuple[Layout, ...]]
    article_path: ClassVar[re.Pattern[str]]
    edition: ClassVar[int] = 0

    names: ClassVar[Sequence[str]] = ()
    scheme: ClassVar[str] = "https"
    timing: ClassVar[Timing] = NIGHTLY
    tls_exceptions: ClassVar[Mapping[str, date]] = {}

    @classmethod
    def is_own_host(cls, url: str) -> bool:
        """Whether `url` is on one of the site's hosts, with or without www, on the scheme's own port."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or parts.username is not None or port not in (None, 80, 443):
            return False
        return any(bare_host(parts.hostname or "") == bare_host(host) for host in cls.hosts)

    @classmethod
    def article_key(cls, url: str) -> str | None:
        """The key of the article at `url`; None if it is no article of this site or one left out."""
        if not cls.is_own_host(url):
            return None
        path = urlsplit(url).path
        match = cls.article_path.fullmatch(path)
        if not match or _NO_ADDRESS.search(path) or LEFT_OUT.search(path.rpartition("/")[0] + "/"):
            return None
        return None if cls._overlong(url) else match["key"]

    @classmethod
    def _overlong(cls, url: str) -> bool:
        """Whether the address of an own `url` has more bytes, as it is asked for, than can be kept."""
        if len(url) <= _SHORT or not cls.is_own_host(url):
            return False
        return is_overlong(quote(cls.canonical_url(url), safe=punctuation, errors="replace"))

    @classmethod
    def canonical_url(cls, url: str) -> str:
        """One address for all variants of an own `url`: declared scheme and host, no query, no fragment."""
        parts = urlsplit(url)
        bare = bare_host(parts.hostname or "")
        host = next((one for one in cls.hosts if bare_host(one) == bare), bare)
        return urlunsplit((cls.scheme, host, cls.canonical_path(parts.path), "", ""))

    @classmethod
    def canonical_path(cls, path: str) -> str:
        """The path of `canonical_url`; families cut variants such as ``/amp/`` here."""
        return path

    @classmethod
    def date_in_url(cls, url: str) -> Dated | None:
        """The day that the article's path names, where the family's paths name one."""
        match = cls.article_path.fullmatch(urlsplit(url).path)
        parts = match.groupdict() if match else {}
        if not parts.get("day"):
            return None
        found = parse_date(f"{parts['year']}-{parts['month']}-{parts['day']}")
        return Dated(found.instant, found.precision, match[0], "url") if found and match else None

    @classmethod
    def section_of(cls, url: str) -> str | None:
        """The section whose folder the article's path names; None where paths name none."""
        folders = urlsplit(url).path.lower().split("/")[:-1]
        for name, path in cls.sections.items():
            folder = re.sub(r"(?:_\d+)?(?:\.\w+)?/?$", "", path.lower()).rpartition("/")[2]
            if folder in folders:
                return name
        return None

    @classmethod
    def facts(cls) -> SiteFacts:
        """What extraction needs to know of the site."""
        return SiteFacts(
            layouts=cls.layouts,
            article_key=cls.article_key,
            canonical_url=cls.canonical_url,
            date_in_url=cls.date_in_url,
            oldest=cls.oldest,
            titles=(cls.title,),
            edition=cls.edition,
        )

    def site_url(self, path: str) -> str:
        """The absolute address of a path on the canonical host."""
        return f"{self.scheme}://{self.hosts[0]}{path}"
