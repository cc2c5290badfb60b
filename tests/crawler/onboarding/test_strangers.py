"""Invented sites on systems of their own, from their addresses alone: what is declared walks to every article."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest

from crawler.extraction.text import slug
from crawler.families.listing import ListingSpider
from crawler.onboarding import unknown
from crawler.onboarding.looking import look
from crawler.onboarding.probe import probe
from crawler.onboarding.report import Report
from crawler.onboarding.web import Answer
from tests.crawler.onboarding.webs import CLOCK, HOME, THEN

PLACES = ("Bình Sơn", "Nà Sài", "Đồng Găng", "Mường Bú", "Tân Quế", "Khuổi Luông", "Hồ Mây", "Đậu Sơn")
DEEDS = (
    "trồng thêm cây sao đen ven đê", "mở lớp dạy nghề cho thanh niên", "khánh thành cầu treo dân sinh",
    "thu hoạch vụ cải bắp cuối năm", "tập huấn phòng cháy chữa cháy rừng", "trao nhà cho hộ nghèo",
    "tổ chức ngày hội đọc sách", "nuôi cá lồng trên hồ thủy điện",
)  # fmt: skip
SECTIONS = {"kinh-te": "Kinh tế", "xa-hoi": "Xã hội", "hoc-tap-va-lam-theo-bac": "Học tập và làm theo Bác Hồ"}
ALL = 108
PER_PAGE = 12


@dataclass(frozen=True)
class Stranger:
    """How a site addresses its articles, sections and their pages, and what its lists look like."""

    article: Callable[["News"], str]
    section: Callable[[str], str]
    page: Callable[[str, int], str]
    item: str = "<li class='row'><a href='{url}'>{title}</a><i class='day'>{day}</i></li>"
    numbers: bool = True


@dataclass(frozen=True)
class News:
    """An article: the greater the number, the newer."""

    number: int

    @property
    def title(self) -> str:
        return f"{PLACES[self.number % 8]} {DEEDS[self.number // 8 % 8]}" + f" lần {self.number // 64 + 1}"

    @property
    def slug(self) -> str:
        return slug(self.title)

    @property
    def section(self) -> str:
        return list(SECTIONS)[self.number % 3]

    @property
    def day(self) -> str:
        return f"{self.number % 28 + 1:02}/{self.number // 28 + 1:02}/2022"


NEWS = [News(number) for number in range(ALL, 0, -1)]


class StrangerWeb:
    """The site as a live one."""

    live = True
    addresses: tuple[str, ...] = ()

    def __init__(self, site: Stranger) -> None:
        self.site = site
        self.articles = {site.article(one): one for one in NEWS}
        self.pages: dict[str, tuple[str, int]] = {}
        for section in SECTIONS:
            for number in range(1, ALL // 3 // PER_PAGE + 1):
                self.pages[site.section(section) if number == 1 else site.page(section, number)] = section, number
        self.asked: list[str] = []

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        self.asked.append(url)
        words = self.words(urlsplit(url).path + (f"?{urlsplit(url).query}" if urlsplit(url).query else ""))
        if words is None:
            return Answer(url, 404, "text/html", b"", THEN)
        return Answer(url, 200, "text/html; charset=utf-8", words.encode(), THEN)

    def words(self, path: str) -> str | None:
        """The page at a path."""
        if path in ("", "/"):
            return self.framed("".join(self.item(one) for one in NEWS[:20]))
        if path in self.pages:
            section, number = self.pages[path]
            own = [one for one in NEWS if one.section == section]
            shown = own[(number - 1) * PER_PAGE : number * PER_PAGE]
            return self.framed("<ul class='list'>" + "".join(map(self.item, shown)) + "</ul>" + self.pager(section))
        if path in self.articles:
            one = self.articles[path]
            return self.framed(f"<h1 class='title'>{one.title}</h1><div class='text'><p>{one.title}.</p></div>")
        if path.startswith("/gioi-thieu"):
            return self.framed("<p>Báo ra đời năm 1962.</p>")
        return None

    def item(self, one: News) -> str:
        return self.site.item.format(url=self.site.article(one), title=one.title, day=one.day)

    def pager(self, section: str) -> str:
        further = [(number, self.site.page(section, number)) for number in (2, 3)]
        if not self.site.numbers:
            return f"<a href='{further[0][1]}'>Xem thêm</a>"
        return "".join(f"<a href='{url}'>{number}</a>" for number, url in further)

    def framed(self, words: str) -> str:
        """A page with a menu, boxes that all pages have, and links that are not to be followed."""
        menu = "".join(f"<li><a href='{self.site.section(one)}'>{name}</a></li>" for one, name in SECTIONS.items())
        newest = "".join(f"<li><a href='{self.site.article(one)}'>{one.title}</a></li>" for one in NEWS[:6])
        read = "".join(f"<li><a href='{self.site.article(one)}'>{one.title}</a></li>" for one in NEWS[40:90:10])
        return (
            "<html><head><title>Báo Hà Nam</title></head><body><nav><ul>"
            f"<li><a href='/'>Trang chủ</a></li><li><a href='/gioi-thieu.html'>Giới thiệu</a></li>{menu}"
            "<li><a href='/dang-nhap'>Đăng nhập</a></li><li><a href='/lich/2022/12/'>Lịch</a></li></ul></nav>"
            f"<main>{words}</main><aside><h3>Mới</h3><ul>{newest}</ul><h3>Đọc nhiều</h3><ol>{read}</ol></aside>"
            "<footer>Báo Hà Nam</footer></body></html>"
        )


STRANGERS = {
    "an id at the end": Stranger(
        lambda one: f"/{one.section}/{one.slug}-{310_000 + one.number * 3}.html",
        lambda section: f"/{section}.html",
        lambda section, number: f"/{section}/trang-{number}.html",
    ),
    "an id in the middle, a category behind": Stranger(
        lambda one: f"/tin/{one.slug}-{5_000 + one.number}-{list(SECTIONS).index(one.section) + 7}.htm",
        lambda section: f"/muc/{section}-{list(SECTIONS).index(section) + 7}.htm",
        lambda section, number: f"/muc/{section}-{list(SECTIONS).index(section) + 7}.htm?p={number - 1}",
    ),
    "all in the query": Stranger(
        lambda one: f"/ChiTiet.aspx?nid={48_000 + one.number}",
        lambda section: f"/DanhMuc.aspx?cat={list(SECTIONS).index(section) + 1}",
        lambda section, number: f"/DanhMuc.aspx?cat={list(SECTIONS).index(section) + 1}&page={number}",
    ),
    "days and slugs": Stranger(
        lambda one: f"/2022/{one.number // 28 + 1:02}/{one.number % 28 + 1:02}/{one.slug}/",
        lambda section: f"/chuyen-muc/{section}/",
        lambda section, number: f"/chuyen-muc/{section}/page/{number}/",
        item="<article class='post'><h2><a href='{url}'>{title}</a></h2><time datetime='2022-01-01'></time></article>",
    ),
    "slugs among pages": Stranger(
        lambda one: f"/{one.slug}.html",
        lambda section: f"/{section}.html",
        lambda section, number: f"/{section}.html?start={(number - 1) * PER_PAGE}",
        item="<div class='news-row'><a href='{url}'><img src='a.jpg'></a><h4><a href='{url}'>{title}</a></h4></div>",
    ),
    "an id of letters, and a link for more": Stranger(
        lambda one: f"/{one.section}/{one.slug}-{(one.number * 7_919_777 + 0xABCDEF) % 0xFFFFFFF:07x}",
        lambda section: f"/{section}",
        lambda section, number: f"/{section}?page={number}",
        numbers=False,
    ),
    "an id before the slug": Stranger(
        lambda one: f"/index.php/{one.section}/item/{900 + one.number}-{one.slug}",
        lambda section: f"/index.php/{section}",
        lambda section, number: f"/index.php/{section}?start={(number - 1) * PER_PAGE}",
        item="<tr class='cat-row'><td><a href='{url}'>{title}</a></td><td class='when'>{day}</td></tr>",
    ),
    "numbers of sections and of articles in one place": Stranger(
        lambda one: f"/tin/{31_000 + one.number}",
        lambda section: f"/tin/{list(SECTIONS).index(section) + 1}",
        lambda section, number: f"/tin/{list(SECTIONS).index(section) + 1}?page={number}",
    ),
    "numbers as long as sections have": Stranger(
        lambda one: f"/{one.slug}-{one.number}.html",
        lambda section: f"/{section}-{list(SECTIONS).index(section) + 201}.html",
        lambda section, number: f"/{section}-{list(SECTIONS).index(section) + 201}.html?page={number}",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def learned() -> dict[str, tuple[Report, StrangerWeb]]:
    out = {}
    with pytest.MonkeyPatch.context() as patched:
        # Layouts are another matter.
        def refuse(*given: object) -> None:
            raise ValueError("not asked for here")

        patched.setattr(unknown, "learn", refuse)
        for name, site in STRANGERS.items():
            web = StrangerWeb(site)
            out[name] = asyncio.run(probe(web, HOME, CLOCK, by_signs=False)), web
    return out


@pytest.mark.parametrize("name", STRANGERS)
def test_its_lists_lead_to_every_article_and_to_nothing_else(
    name: str, learned: dict[str, tuple[Report, StrangerWeb]]
) -> None:
    report, web = learned[name]
    sections = {one.name: one.path for one in report.declared}
    assert list(sections) == list(SECTIONS.values()), report.sections
    facts = {"host": "bao.vn", "scheme": "https", "title": ""}
    spider = look(ListingSpider, web, CLOCK, sections=sections, attributes=report.attributes, **facts)

    async def walk() -> list[str]:
        found: list[str] = []
        for path in sections.values():
            number, seen = 1, set[str]()
            while (entries := await spider.listing_page(path, number)) and {one.url for one in entries} - seen:
                seen |= {one.url for one in entries}
                found += [one.url for one in entries]
                number += 1
        return found

    found = asyncio.run(walk())
    keys = {spider.article_key(url) for url in found}
    assert {urlsplit(url)._replace(scheme="", netloc="").geturl() for url in found} == set(web.articles)
    assert None not in keys and len(keys) == ALL
    assert len(web.asked) <= 90
    assert spider.newest_first and not [url for url in web.asked if re.search("dang-nhap|/lich/", url)]


@pytest.mark.parametrize("name", STRANGERS)
def test_its_samples_are_of_all_sections_and_times(name: str, learned: dict[str, tuple[Report, StrangerWeb]]) -> None:
    report, web = learned[name]
    numbers = [web.articles[urlsplit(one.url)._replace(scheme="", netloc="").geturl()].number for one in report.samples]
    assert len(numbers) == unknown.SAMPLES
    assert {one.found.section for one in report.samples} == set(SECTIONS.values())
    assert min(numbers) <= ALL // 3 and max(numbers) > ALL - 10
    assert dict(parse_qsl(urlsplit(report.samples[0].url).query)).keys() <= {"nid"}
