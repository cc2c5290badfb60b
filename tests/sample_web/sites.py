"""The five sites: how each lists, feeds and shows its articles. One small class a site."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import jinja2
from markupsafe import Markup

from tests.sample_web import hostile, nights
from tests.sample_web.articles import HANOI, Article
from tests.sample_web.validators import KINDS, is_unchanged, validators

HERE = Path(__file__).resolve().parent
WEEKDAYS = ("Hai", "Ba", "Tư", "Năm", "Sáu", "Bảy")
XML = {"Content-Type": "application/xml; charset=utf-8"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
BOT_CHECK = """<!DOCTYPE html><html><head><title>Xin chờ một lát</title></head><body>
<noscript>Vui lòng bật JavaScript để tiếp tục.</noscript><p>Đang kiểm tra trình duyệt của bạn.</p>
<script>document.cookie="pass=1;path=/";location.reload()</script></body></html>"""
"""A page that a script has to pass before the site shows itself."""


@dataclass
class Request:
    """One request as read off the wire; `target` is path and query as sent."""

    method: str
    scheme: str
    host: str
    target: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def form(self) -> dict[str, str]:
        """A form-encoded body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass
class Response:
    """What goes back; status 0 drops the connection.

    `state` is what it tells apart from counters and clocks, `changed` when that last changed; both stay inside.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    state: str = ""
    changed: dt.datetime | None = None

    @classmethod
    def error(cls, status: int, reason: str) -> Response:
        """A short plain page for an error status."""
        page = f"<html><title>{status}</title><body><h1>{status}</h1><p>{reason}</p></body></html>"
        return cls(status, page.encode())

    @classmethod
    def redirect(cls, location: str) -> Response:
        """A permanent redirect."""
        return cls(301, b"", {"Location": location})


@dataclass
class Faults:
    """Switches a test may set on one host while the web runs.

    status=503 answers everything but robots.txt with that status, status=0 ends it; drop=1 cuts every
    connection instead of answering; slow=SECONDS waits first; drip=SECONDS waits before each byte of an
    article's page; gone=PATH answers as for a page removed; moved=OLD>NEW leads from one path on to another,
    which serves what the first did (but for the front page); edit=KEY serves an article's second version;
    at=HOST moves the site there, and what is asked of its old host leads to the new one (plain HTTP only);
    api=0, sitemap=0, feed=0 close those routes; hostile=1 adds what `hostile.py` has for the host; night=N serves
    the web as `nights.py` has it on that night (0 to 5); validators=none|feeds|all says which answers have an ETag and
    Last-Modified and may be 304 (without it, as the site does by itself); faulty=1 lets one new article a night fail
    at the first request (`nights.fault_of`); clear=1 resets, the night as well.
    """

    status: int = 0
    drop: bool = False
    slow: float = 0.0
    drip: float = 0.0
    api: bool = True
    sitemap: bool = True
    feed: bool = True
    hostile: bool = False
    faulty: bool = False
    at: str = ""
    night: int = 0
    validators: str = ""
    gone: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    edited: set[str] = field(default_factory=set)

    def change(self, query: dict[str, str]) -> None:
        """Apply the parameters of a control request."""
        for name, value in query.items():
            if name == "host":
                continue
            if name == "clear":
                self.__init__()  # type: ignore[misc]
            elif name == "gone":
                self.gone.add(value)
            elif name == "moved":
                old, _, new = value.partition(">")
                self.moved[old] = new
            elif name == "edit":
                self.edited.add(value)
            elif name == "at":
                self.at = value
            elif name == "status":
                self.status = int(value or 0)
            elif name == "night":
                if not 0 <= int(value) <= nights.LAST:
                    raise ValueError(f"night={value}: there are 0 to {nights.LAST}")
                self.night = int(value)
            elif name == "validators":
                if value not in KINDS:
                    raise ValueError(f"validators={value}: there are {', '.join(KINDS)}")
                self.validators = value
            elif name in ("slow", "drip"):
                setattr(self, name, float(value))
            elif name in ("drop", "api", "sitemap", "feed", "hostile", "faulty"):
                setattr(self, name, value not in ("", "0"))
            else:
                raise KeyError(name)

    def json(self) -> str:
        """The state, for the caller."""
        return json.dumps({**vars(self), "gone": sorted(self.gone), "edited": sorted(self.edited)})


def weekday(moment: dt.datetime) -> str:
    """`Thứ Hai` ... `Chủ Nhật`."""
    return "Chủ Nhật" if moment.weekday() == 6 else f"Thứ {WEEKDAYS[moment.weekday()]}"


def misencode(page: str, how: str) -> tuple[bytes, dict[str, str]]:
    """The page's bytes, spoilt the way the front matter's `encoding` asks for, and headers for them."""
    plain = page.encode()
    if how == "windows-1258-declared":
        wrong = page.replace('charset=utf-8"', 'charset=windows-1258"').replace('"utf-8"', '"windows-1258"')
        return wrong.encode(), {"Content-Type": "text/html; charset=windows-1258"}
    if how == "utf-16":
        return page.encode("utf-16"), {"Content-Type": "text/html"}
    if how == "bom":
        return b"\xef\xbb\xbf" * 2 + plain, {}
    if how == "nul":
        return re.sub(rb"(?<=[a-z]) (?=[a-z]{3})", b" \x00", plain), {}
    if how == "double-utf8":
        twice = "".join(_as_cp1252(byte) for byte in plain)
        return twice.encode(), {}
    if how == "nfd":
        return unicodedata.normalize("NFD", page).encode(), {}
    if how:
        raise ValueError(f"unknown encoding fault: {how}")
    return plain, {}


def _as_cp1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return bytes([byte]).decode("latin-1")


class Site:
    """What the five have in common: loading, redirects, robots.txt, static pages, counters, faults."""

    id: ClassVar[str]
    host: ClassVar[str]
    scheme: ClassVar[str] = "https"
    name: ClassVar[str]
    sections: ClassVar[dict[str, str]]
    page_size: ClassVar[int] = 5
    gzip: ClassVar[bool] = False
    serves_www: ClassVar[bool] = False
    soft_404: ClassVar[bool] = False
    content_type: ClassVar[str] = "text/html; charset=utf-8"
    disallowed: ClassVar[tuple[str, ...]] = ()
    robots_extra: ClassVar[str] = ""
    static: ClassVar[dict[str, str]] = {}
    way: ClassVar[str] = "listing"
    """What names all of its articles: listing, sitemap or api. A reader need look no further."""
    validators: ClassVar[str] = "feeds"
    """Which of its answers have validators, unless a test says otherwise."""

    def __init__(self) -> None:
        self.folder = HERE / self.id
        self.faults = Faults()
        self.hits = 0
        self.files = [Article.read(file) for file in sorted((self.folder / "articles").glob("*.html"))]
        self._night = 0
        self.by_key = {article.key: article for article in self.files}
        self.moved: dict[str, str] = {}
        self._ends: list[dt.datetime] = []
        self._hit_once: set[str] = set()
        for article in self.files:
            if article.section not in self.sections:
                raise ValueError(f"{self.id}/{article.key}: unknown section {article.section}")

    def change(self, query: dict[str, str]) -> None:
        """Apply the parameters of a control request. Raises KeyError or ValueError for what is none."""
        self.faults.change(query)
        if "clear" in query:
            self._hit_once.clear()
        if self.faults.night != self._night:
            self._night = self.faults.night
            self.by_key = nights.present(self, self.files, self._night)
            self.moved = nights.moved(self, self.files, self._night)
            changes = nights.changes(self, self._night)
            self._ends = [one.at for one in changes if one.kind is not nights.Kind.EDIT]

    @property
    def templates(self) -> jinja2.Environment:
        """The site's templates as of tonight, autoescaped."""
        return self._redesigned if nights.has_redesign(self.id, self._night) else self._templates

    @cached_property
    def _templates(self) -> jinja2.Environment:
        return self._environment("templates")

    @cached_property
    def _redesigned(self) -> jinja2.Environment:
        return self._environment("redesign")

    def _environment(self, folder: str) -> jinja2.Environment:
        loader = jinja2.FileSystemLoader(self.folder / folder)
        environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.globals |= {"site": self, "body_of": Markup}
        return environment

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.faults.at or self.host}"

    @property
    def articles(self) -> list[Article]:
        """All articles as served now, newest first; removed ones are left out."""
        shown = [self.current(article) for article in self.by_key.values()]
        shown = [article for article in shown if self.path(article) not in self.faults.gone]
        return sorted(shown, key=lambda article: (article.published, article.key), reverse=True)

    def current(self, article: Article) -> Article:
        """The version served now."""
        return article.version(article.key in self.faults.edited)

    def in_section(self, section: str) -> list[Article]:
        return [article for article in self.articles if section in self.sections_of(article)]

    def sections_of(self, article: Article) -> list[str]:
        """The article's own section, then others it is listed in."""
        return [article.section, *article.meta.get("also_in", [])]

    def path(self, article: Article) -> str:
        """The article's canonical path."""
        raise NotImplementedError

    def url(self, article: Article) -> str:
        return self.base + self.path(article)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        bare = request.host.removeprefix("www.")
        if self.faults.at and request.host != self.faults.at:
            return Response.redirect(self.base + request.target)
        if request.scheme != self.scheme or (bare != request.host and not self.serves_www):
            return Response.redirect(self.base + request.target)
        path = request.path
        if nights.has_bot_check(self.id, self._night):
            return Response(200, BOT_CHECK.encode(), {"Content-Type": "text/html; charset=utf-8"})
        if path == "/robots.txt":
            lines = ["User-agent: *", *(f"Disallow: {rule}" for rule in self.disallowed), self.robots_extra]
            return Response(200, "\n".join(lines).encode(), {"Content-Type": "text/plain"})
        self.hits += 1
        if self.faults.hostile and (odd := hostile.answer(self, request)):
            return odd
        if path in self.faults.gone or request.target in self.faults.gone:
            return self.missing()
        if path in self.faults.moved:
            return Response.redirect(self.base + self.faults.moved[path])
        if to := self.moved.get(path):
            return Response.redirect(self.base + to)
        came_from = {new: old for old, new in self.faults.moved.items() if new not in ("/", *self.static)}
        if path in came_from:
            request = replace(request, target=came_from[path])
        if any(path.lower().startswith(rule.lower()) for rule in self.disallowed):
            return self.page("page.html", title="In trang này", text="Trang này không dành cho máy tìm kiếm.")
        if path in self.static:
            return self.page("page.html", title=self.static[path], text=self._static_text(path))
        response = self.route(request)
        return self.missing() if response is None else self._conditional(request, response)

    def _static_text(self, path: str) -> str:
        return f"{self.static[path]} – {self.name}. Địa chỉ: số 1, đường Ví Dụ. Điện thoại: 0200 000 000."

    def _conditional(self, request: Request, response: Response) -> Response:
        """Give the answer the validators that it has on this site, and answer 304 to those who send them back."""
        which = self.faults.validators or self.validators
        kind = response.headers.get("Content-Type", "")
        is_feed = "xml" in kind or "json" in kind
        if response.status != 200 or which == "none" or not (is_feed or (which == "all" and response.state)):
            return response
        state = f"{self.base} {response.state}" if response.state else response.body
        weak = self.gzip or not is_feed
        sent = validators(state, response.changed, weak=weak)
        response.headers |= sent
        if is_unchanged(request.method, request.headers, sent):
            return Response(304, b"", sent)
        return response

    def changed(self, articles: Iterable[Article]) -> dt.datetime | None:
        """When a list of these articles last changed, at the latest: what was removed or moved away counts as well."""
        return max([*(article.modified for article in articles), *self._ends], default=None)

    def route(self, request: Request) -> Response | None:
        """The site's own pages; None when there is none at this address."""
        raise NotImplementedError

    def missing(self) -> Response:
        text = "Bài viết không tồn tại hoặc đã bị gỡ bỏ. Xin mời bạn trở về trang chủ."
        response = self.page("page.html", title="Không tìm thấy trang", text=text)
        response.status = 200 if self.soft_404 else 404
        return response

    def page(self, template: str, **values: Any) -> Response:
        """Render a template with the furniture every page carries."""
        text = self.render(template, **values)
        return Response(200, text.encode(), {"Content-Type": self.content_type})

    def render(self, template: str, **values: Any) -> str:
        now = dt.datetime.now(HANOI)
        clock = f"{weekday(now)}, ngày {now:%d/%m/%Y}"
        visits = f"{791_900 + self.hits:,}".replace(",", ".")
        counters = {"online": 17 + self.hits % 40, "visits": visits}
        return self.templates.get_template(template).render(now=now, clock=clock, **counters, **values)

    def home(self) -> Response:
        newest = self.articles[:3]
        return self._listed(self.page("home.html", title=self.name, newest=newest), newest)

    def _listed(self, response: Response, shown: Sequence[Article], *rest: object) -> Response:
        """A page that lists `shown`, with what it tells."""
        response.state = repr((*rest, [(self.path(one), one.title, str(one.lead)) for one in shown]))
        response.changed = self.changed(shown)
        return response

    def paged(self, articles: list[Article], number: int) -> tuple[list[Article], int]:
        """One listing page and the number of pages."""
        start = max(number - 1, 0) * self.page_size
        return articles[start : start + self.page_size], -(-len(articles) // self.page_size)

    def listing(self, section: str, number: int) -> Response:
        """One page of a section's listing."""
        shown, pages = self.paged(self.in_section(section), number)
        values = {"section": section, "shown": shown, "number": number, "pages": pages}
        page = self.page("listing.html", title=self.sections[section], **values)
        return self._listed(page, shown, section, number, pages)

    def article_page(self, article: Article, page: int = 1, **values: Any) -> Response | None:
        """The article's page, with its counters, its faults and its encoding."""
        article.fetched += 1
        shown = self.current(article)
        if page > len(shown.pages):
            return None
        if fault := self._fault(shown):
            return fault
        others = [other for other in self.articles if other.key != article.key]
        same = [other for other in others if other.section == article.section]
        text = self.render(
            "article.html",
            a=shown,
            title=shown.title,
            body=Markup(shown.pages[page - 1].replace("<!--related-->", self.related_box(same[:2]))),
            number=page,
            views=int(shown.meta.get("views", 100)) + article.fetched,
            related=same[:3],
            newest=others[:3],
            popular=others[-3:],
            **values,
        )
        body, headers = misencode(text, str(shown.meta.get("encoding", "")))
        response = Response(200, body, {"Content-Type": self.content_type, **headers})
        response.state = repr((self.path(shown), page, sorted(shown.meta.items(), key=str), shown.raw))
        response.changed = shown.modified
        return response

    def related_box(self, articles: list[Article]) -> str:
        """The box of links a CMS puts inside the body, if this one does."""
        return ""

    def _fault(self, article: Article) -> Response | None:
        """Front matter `fault`: a status for ever ("503") or once ("503-once"); "reset" cuts the line."""
        fault = nights.fault_of(self.id, article) if self.faults.faulty else ""
        name, _, once = str(article.meta.get("fault", fault)).partition("-")
        if not name or (once and article.key in self._hit_once):
            return None
        self._hit_once.add(article.key)
        if name == "reset":
            return Response(0)
        response = Response.error(int(name), "fault of this article")
        if name == "503":
            response.headers["Retry-After"] = "1"
        return response

    def rss(self, title: str, articles: Sequence[Article]) -> Response:
        items = "".join(
            f"<item><title>{escape(article.title)}</title><link>{escape(self.url(article))}</link>"
            f"<guid>{escape(self.url(article))}</guid><pubDate>{format_datetime(article.published)}</pubDate>"
            f"<description>{escape(str(article.lead))}</description></item>\n"
            for article in articles
        )
        head = f"<title>{escape(title)}</title><link>{self.base}/</link>"
        head += f"<description>{escape(self.name)}</description>\n"
        text = '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0">'
        text += f"<channel>{head}{items}</channel></rss>"
        headers = {"Content-Type": "application/rss+xml; charset=utf-8"}
        return Response(200, text.encode(), headers, changed=self.changed(articles))

    def sitemap(self, entries: Iterable[tuple[str, str]], index: bool = False) -> Response:
        """A sitemap, or an index of sitemaps, from (address, lastmod) pairs."""
        outer, inner = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        rows = "".join(
            f"<{inner}><loc>{escape(address)}</loc><lastmod>{when}</lastmod></{inner}>\n" for address, when in entries
        )
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{outer} xmlns="{space}">\n{rows}</{outer}>'
        return Response(200, text.encode(), dict(XML), changed=self.changed(self.articles))


class BaoQuangNinh(Site):
    """Newspaper CMS of 2020: plain http, RSS of the newest, listings by ?page=N."""

    id = "bao_quang_ninh"
    host = "baoquangninh.com.vn"
    scheme = "http"
    name = "Báo Quảng Ninh điện tử"
    serves_www = True
    validators = "all"
    sections: ClassVar[dict[str, str]] = {
        "chinh-tri": "Chính trị",
        "kinh-te": "Kinh tế",
        "xa-hoi": "Xã hội",
        "the-thao": "Thể thao",
    }
    disallowed = ("/print/", "/mail/", "/dang-nhap/", "/tim-kiem/", "/lich/")
    static: ClassVar[dict[str, str]] = {"/gioi-thieu/": "Giới thiệu", "/lien-he/": "Liên hệ toà soạn"}

    def path(self, article: Article) -> str:
        return f"/{article.section}/{article.published:%Y%m}/{article.slug}-{article.key}/"

    @staticmethod
    def shown_date(article: Article) -> str:
        when = article.published
        return f"{weekday(when)}, {when:%d/%m/%Y, %H:%M} [GMT+7]"

    def listed(self, article: Article) -> str:
        """The address as the listing links it: some entries are tagged, one is on www."""
        how = article.meta.get("listed_as", "")
        if how == "www":
            return f"http://www.{self.faults.at or self.host}{self.path(article)}"
        return self.path(article) + ("?utm_source=trang-muc&utm_medium=web" if how == "utm" else "")

    def related_box(self, articles: list[Article]) -> str:
        return self.render("_related.html", articles=articles)

    def route(self, request: Request) -> Response | None:
        path = request.path
        if path == "/":
            return self.home()
        if match := re.fullmatch(r"/rss/([a-z-]+)\.rss", path):
            if match[1] in self.sections and self.faults.feed:
                return self.rss(f"{self.name} - {self.sections[match[1]]}", self.in_section(match[1])[:4])
            return None
        if match := re.fullmatch(r"/([a-z-]+)/", path):
            if match[1] not in self.sections:
                return None
            number = int(request.query.get("page", "1"))
            return self.listing(match[1], number)
        if match := re.fullmatch(r"/[a-z-]+/\d{6}/[a-z0-9-]+-(\d{7})/?", path):
            article = self.by_key.get(match[1])
            if article is None:
                return None
            if not path.endswith("/"):
                return Response.redirect(f"{self.base}{path}/")
            return self.article_page(article)
        return None


class HongLinh(Site):
    """SharePoint portal: case-insensitive paths, soft 404, no feed, the date often only in the address."""

    id = "hong_linh"
    host = "honglinh.hatinh.gov.vn"
    name = "Trang thông tin điện tử thị xã Hồng Lĩnh"
    validators = "none"
    soft_404 = True
    sections: ClassVar[dict[str, str]] = {
        "Xay-dung-Dang": "Xây dựng Đảng",
        "Kinh-te-Do-thi": "Kinh tế - Đô thị",
        "Van-hoa-Xa-hoi": "Văn hóa - Xã hội",
        "Thong-bao": "Thông báo",
    }
    disallowed = (
        "/portal/_layouts/",
        "/portal/Pages/In.aspx",
        "/portal/Pages/Tim-kiem.aspx",
        "/portal/Pages/Lich.aspx",
    )
    static: ClassVar[dict[str, str]] = {
        "/portal/Pages/Gioi-thieu.aspx": "Giới thiệu chung",
        "/portal/Pages/Lien-he.aspx": "Liên hệ",
        "/portal/Pages/Ban-do.aspx": "Bản đồ thị xã",
        "/portal/Pages/Ca-khuc.aspx": "Các ca khúc hay",
    }

    def path(self, article: Article) -> str:
        when = article.published
        day = f"{when:%Y-%m-%d}" if when.year >= 2022 else f"{when.year}-{when.month}-{when.day}"
        slug = article.slug.capitalize()[:50].strip("-")
        folder = article.meta.get("folder", "Pages")
        return f"/portal/{folder}/{day}/{slug}-{article.key}.aspx"

    @property
    def view_state(self) -> str:
        """The form's state: long, opaque, different at each fetch."""
        block = hashlib.sha512(f"{self.hits}".encode()).digest()
        return base64.b64encode(block * 12).decode()

    def route(self, request: Request) -> Response | None:
        path = request.path.lower()
        if path in ("/", "/portal/pages/default.aspx"):
            return self.home()
        for slug in self.sections:
            if path == f"/portal/pages/{slug}.aspx".lower():
                number = int(request.query.get("PageIndex", "1"))
                return self.listing(slug, number)
        if match := re.fullmatch(r"/portal/pages/\d{4}-\d{1,2}-\d{1,2}/[a-z0-9-]*?(\d+)\.aspx", path):
            article = self.by_key.get(match[1])
            return self.article_page(article) if article else None
        return None


class BaoThaiNguyen(Site):
    """Own CMS with two layouts: nested tables before July 2020, classes after; monthly sitemaps."""

    id = "bao_thai_nguyen"
    host = "baothainguyen.vn"
    name = "Báo Thái Nguyên điện tử"
    soft_404 = True
    gzip = True
    page_size = 4
    way = "sitemap"
    sections: ClassVar[dict[str, str]] = {
        "chinh-tri": "Chính trị",
        "kinh-te": "Kinh tế",
        "xa-hoi": "Xã hội",
        "phap-luat": "Pháp luật",
        "the-thao": "Thể thao",
    }
    category: ClassVar[dict[str, str]] = {
        "chinh-tri": "97",
        "kinh-te": "108",
        "xa-hoi": "85",
        "phap-luat": "101",
        "the-thao": "83",
    }
    disallowed = ("/in-trang/", "/gui-y-kien/", "/dang-nhap", "/tim-kiem", "/lich/")
    robots_extra = "Sitemap: https://baothainguyen.vn/sitemap.xml"
    static: ClassVar[dict[str, str]] = {"/gioi-thieu.html": "Giới thiệu", "/lien-he.html": "Liên hệ"}
    new_layout = dt.datetime(2020, 7, 1, tzinfo=HANOI)

    def path(self, article: Article) -> str:
        category = self.category[article.section]
        return f"/tin-tuc/{article.section}/{article.slug}-{article.key}-{category}.html"

    def listing_path(self, section: str) -> str:
        return f"/chuyen-muc/{section}_{self.category[section]}.html"

    @staticmethod
    def shown_date(article: Article) -> str:
        when = article.published
        return f"Cập nhật: {weekday(when).capitalize()} {when:%d/%m/%Y - %H:%M}"

    def route(self, request: Request) -> Response | None:
        path = request.path
        if path == "/":
            return self.home()
        if path.startswith("/sitemap"):
            return self._sitemaps(path) if self.faults.sitemap else None
        if match := re.fullmatch(r"/chuyen-muc/([a-z-]+)_(\d+)\.html", path):
            section = match[1]
            if self.category.get(section) != match[2]:
                return None
            number = int(request.query.get("Page", "1"))
            return self.listing(section, number)
        if match := re.fullmatch(r"/tin-tuc/[a-z-]+/[a-z0-9-]+-(\d+)-\d+\.html", path):
            article = self.by_key.get(match[1])
            if article is None:
                return None
            return self.article_page(article, old=article.published < self.new_layout)
        return None

    def _sitemaps(self, path: str) -> Response | None:
        months: dict[str, list[Article]] = {}
        for article in self.articles:
            months.setdefault(f"{article.published:%Y-%m}", []).append(article)
        if path == "/sitemap.xml":
            newest = {month: max(a.modified for a in found).isoformat() for month, found in months.items()}
            parts = ((f"{self.base}/sitemaps/{month}.xml", when) for month, when in newest.items())
            return self.sitemap(parts, index=True)
        found = months.get(path.removeprefix("/sitemaps/").removesuffix(".xml"))
        return self.sitemap((self.url(a), a.modified.isoformat()) for a in found) if found else None


class TuyenGiaoHaNam(Site):
    """Portal whose listing pages after the first come only by POST; a view counter on every article."""

    id = "tuyen_giao_ha_nam"
    host = "tuyengiao.hanam.gov.vn"
    name = "Ban Tuyên giáo Tỉnh ủy Hà Nam"
    soft_404 = True
    content_type = "text/html"
    sections: ClassVar[dict[str, str]] = {
        "tin-hoat-dong": "Tin hoạt động",
        "hoc-tap-va-lam-theo-bac": "Học tập và làm theo Bác",
        "van-hoa-xa-hoi": "Văn hóa - Xã hội",
        "kinh-te": "Kinh tế",
    }
    numbers: ClassVar[dict[str, int]] = {
        "tin-hoat-dong": 5121,
        "hoc-tap-va-lam-theo-bac": 5122,
        "van-hoa-xa-hoi": 5125,
        "kinh-te": 5126,
    }
    load_path = "/DesktopModule/UIArticleInMenu/ArticleInMenuPagination.aspx/LoadArticle"
    disallowed = ("/in-bai-viet", "/gui-email", "/dang-nhap", "/tim-kiem", "/lich-cong-tac")
    static: ClassVar[dict[str, str]] = {"/gioi-thieu": "Giới thiệu", "/lien-he": "Liên hệ"}

    def path(self, article: Article) -> str:
        return self.path_in(article, article.section)

    def path_in(self, article: Article, section: str) -> str:
        """The address below one of the sections the article is listed in."""
        return f"/{section}/{article.slug}-{article.key}"

    @staticmethod
    def shown_date(article: Article) -> str:
        return "" if article.meta.get("undated") else f"{article.published:%d/%m/%Y %H:%M}"

    def route(self, request: Request) -> Response | None:
        path = request.path
        if path == "/":
            return self.home()
        if path.lower() == self.load_path.lower():
            return self._load(request)
        section = path.strip("/")
        if section in self.sections:
            return self.listing(section, 1)
        if match := re.fullmatch(r"/([a-z-]+)/[a-z0-9-]+-(\d{6})", path):
            article = self.by_key.get(match[2])
            if article is None or match[1] not in self.sections:
                return None
            return self.article_page(article, section=match[1])
        return None

    def _load(self, request: Request) -> Response:
        """The fragment of one listing page. GET, a wrong number or a wrong site answer an empty one."""
        form = request.form
        names = {str(number): section for section, number in self.numbers.items()}
        section = names.get(form.get("article_category_id", ""))
        if request.method != "POST" or section is None or form.get("site_id") != "3071":
            return Response(200, b"", {"Content-Type": "text/html"})
        size = int(form.get("page_size") or self.page_size)
        start = (int(form.get("page") or 1) - 1) * size
        shown = self.in_section(section)[start : start + size]
        return self.page("_items.html", section=section, shown=shown)


class TuyenGiaoBinhPhuoc(Site):
    """WordPress: JSON API, feed, sitemap, category pages, root slugs."""

    id = "tuyen_giao_binh_phuoc"
    host = "tuyengiaobinhphuoc.vn"
    name = "Tuyên giáo Bình Phước"
    gzip = True
    way = "api"
    sections: ClassVar[dict[str, str]] = {
        "tuyen-truyen": "Tuyên truyền",
        "kinh-te-xa-hoi": "Kinh tế – Xã hội",
        "khoa-giao": "Khoa giáo",
        "van-hoa-van-nghe": "Văn hóa – Văn nghệ",
    }
    numbers: ClassVar[dict[str, int]] = {
        "tuyen-truyen": 3,
        "kinh-te-xa-hoi": 7,
        "khoa-giao": 12,
        "van-hoa-van-nghe": 15,
    }
    disallowed = ("/wp-admin/", "/wp-login.php", "/print/", "/lich/", "/tim-kiem/")
    robots_extra = "Sitemap: https://tuyengiaobinhphuoc.vn/wp-sitemap.xml"
    static: ClassVar[dict[str, str]] = {"/gioi-thieu/": "Giới thiệu", "/lien-he/": "Liên hệ"}

    def path(self, article: Article) -> str:
        return f"/{article.meta.get('moved_to', article.key)}/"

    def route(self, request: Request) -> Response | None:
        path = request.path
        if path == "/":
            if not request.query.get("p"):
                return self.home()
            found = [a for a in self.by_key.values() if str(a.id) == request.query["p"]]
            return Response.redirect(self.url(found[0])) if found else None
        if path.startswith("/wp-json/"):
            return self._api(path, request.query)
        if path.startswith("/wp-sitemap"):
            return self._sitemaps(path) if self.faults.sitemap else None
        if path == "/feed/":
            return self.rss(self.name, self.articles[:5]) if self.faults.feed else None
        if match := re.fullmatch(r"/category/([a-z-]+)/(?:page/(\d+)/)?", path):
            if match[1] not in self.sections:
                return None
            number = int(match[2] or 1)
            return self.listing(match[1], number) if self.paged(self.in_section(match[1]), number)[0] else None
        if match := re.fullmatch(r"/([a-z0-9-]+)/(?:(\d+)/|(amp)/)?", path):
            named = f"/{match[1]}/"
            article = next((one for one in self.by_key.values() if self.path(one) == named), None)
            return self.article_page(article, int(match[2] or 1)) if article else None
        return None

    def _sitemaps(self, path: str) -> Response | None:
        posts = f"{self.base}/wp-sitemap-posts-post-1.xml"
        if path == "/wp-sitemap.xml":
            return self.sitemap([(posts, max(a.modified for a in self.articles).isoformat())], index=True)
        if path == "/wp-sitemap-posts-post-1.xml":
            return self.sitemap((self.url(a), a.modified.isoformat()) for a in self.articles)
        return None

    def _api(self, path: str, query: dict[str, str]) -> Response | None:
        if not self.faults.api:
            return self._json({"code": "rest_not_logged_in", "data": {"status": 401}}, status=401)
        if path.rstrip("/") == "/wp-json/wp/v2/categories":
            rows = [
                {"id": number, "slug": slug, "name": self.sections[slug], "count": len(self.in_section(slug))}
                for slug, number in self.numbers.items()
            ]
            return self._json(rows, {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1"})
        if path.rstrip("/") != "/wp-json/wp/v2/posts":
            return self._json({"code": "rest_no_route", "data": {"status": 404}}, status=404)
        size, number = int(query.get("per_page", "10")), int(query.get("page", "1"))
        if not 1 <= size <= 100 or number < 1:
            return self._json({"code": "rest_invalid_param", "data": {"status": 400}}, status=400)
        found = self._chosen(query)
        pages = -(-len(found) // size)
        if number > max(pages, 1):
            return self._json({"code": "rest_post_invalid_page_number", "data": {"status": 400}}, status=400)
        rows = [self._post(article) for article in found[(number - 1) * size : number * size]]
        if names := query.get("_fields"):
            rows = [{name: row[name] for name in names.split(",") if name in row} for row in rows]
        return self._json(rows, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})

    def _chosen(self, query: dict[str, str]) -> list[Article]:
        """The posts the API's filters leave, in the order it was asked for."""
        tests: list[tuple[str, Callable[[Article, dt.datetime], bool]]] = [
            ("after", lambda article, limit: article.published > limit),
            ("before", lambda article, limit: article.published < limit),
            ("modified_after", lambda article, limit: article.modified > limit),
            ("modified_before", lambda article, limit: article.modified < limit),
        ]
        found = self.articles
        for name, test in tests:
            if text := query.get(name):
                limit = dt.datetime.fromisoformat(text.replace(" ", "+"))
                limit = limit if limit.tzinfo else limit.replace(tzinfo=HANOI)
                found = [article for article in found if test(article, limit)]
        if text := query.get("categories"):
            wanted = {slug for slug, number in self.numbers.items() if str(number) in text.split(",")}
            found = [article for article in found if wanted & set(self.sections_of(article))]
        if query.get("orderby") == "modified":
            found = sorted(found, key=lambda article: article.modified, reverse=True)
        return found[::-1] if query.get("order") == "asc" else found

    def _post(self, article: Article) -> dict[str, Any]:
        zero = dt.UTC
        return {
            "id": article.id,
            "date": f"{article.published:%Y-%m-%dT%H:%M:%S}",
            "date_gmt": f"{article.published.astimezone(zero):%Y-%m-%dT%H:%M:%S}",
            "modified": f"{article.modified:%Y-%m-%dT%H:%M:%S}",
            "modified_gmt": f"{article.modified.astimezone(zero):%Y-%m-%dT%H:%M:%S}",
            "slug": article.meta.get("moved_to", article.key),
            "status": "publish",
            "type": "post",
            "link": self.url(article),
            "title": {"rendered": escape(article.title)},
            "content": {"rendered": article.raw.replace("<!--nextpage-->", ""), "protected": False},
            "categories": [self.numbers[section] for section in self.sections_of(article)],
        }

    def _json(self, value: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
        body = json.dumps(value, ensure_ascii=False).encode()
        return Response(status, body, {**JSON, **(headers or {})})


SITES: tuple[type[Site], ...] = (BaoQuangNinh, HongLinh, BaoThaiNguyen, TuyenGiaoHaNam, TuyenGiaoBinhPhuoc)
