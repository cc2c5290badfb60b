"""Webs for the tests of onboarding: the sample web asked in this process, and pages of a few lines."""

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from archive.clock import VIETNAM, Clock
from crawler.onboarding.web import Answer
from tests.goldens.reading import NOW, sample_sites, stopped
from tests.sample_web.sites import Request

CLOCK = Clock(NOW)
HOME = "https://bao.vn"
THEN = datetime(2023, 3, 20, 8, 0, tzinfo=VIETNAM)


class SampleSite:
    """A site of the sample web as a live one; `asked` are the addresses it was asked for, in order."""

    live = True
    addresses: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        self.site = sample_sites()[name]
        self.asked: list[str] = []

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(url)
        self.asked.append(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = Request(method, parts.scheme, parts.netloc, target, dict(parse_qsl(parts.query)), headers or {}, body)
        with stopped(self.site):
            response = self.site.answer(request)
        return Answer(url, response.status, response.headers.get("Content-Type", ""), response.body, NOW)


class Pages:
    """A web of pages by address; what is not there is 404, unless `otherwise` says what it is."""

    live = True
    addresses: tuple[str, ...] = ()

    def __init__(self, pages: dict[str, str], otherwise: Answer | None = None) -> None:
        self.pages, self.otherwise = pages, otherwise
        self.asked: list[str] = []

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        self.asked.append(url)
        if url in self.pages:
            return Answer(url, 200, "text/html; charset=utf-8", self.pages[url].encode(), THEN)
        return self.otherwise or Answer(url, 404, "text/html", b"", THEN)


# -- a small paper of the dataimages family -------------------------------------------------------
def article(section: str, number: int) -> str:
    return f"/{section}/202{number}03/xa-binh-son-trong-cay-{'1' if section == 'kinh-te' else '2'}00000{number}/"


def listing(*paths: str) -> str:
    items = "".join(f'<li class="item"><a class="title" href="{path}">Xã Bình Sơn trồng cây</a></li>' for path in paths)
    return f"<html><body><ul>{items}</ul></body></html>"


def small_site(*further: tuple[str, str]) -> dict[str, str]:
    """The pages of a paper with two sections of three articles, and `further` entries of its menu."""
    sections = {"kinh-te": "Kinh tế", "xa-hoi": "Xã hội"}
    menu = [(f"/{slug}/", name) for slug, name in sections.items()] + list(further)
    links = "".join(f'<li><a href="{path}">{name}</a></li>' for path, name in menu)
    paths = {slug: [article(slug, number) for number in (1, 2, 3)] for slug in sections}
    pages = {
        HOME: f"<html><head><title>Báo Hà Nam điện tử</title></head><body><ul id='nav'>{links}</ul>"
        + "".join(f'<a href="{path}">Tin</a>' for some in paths.values() for path in some)
        + "</body></html>"
    }
    for slug, name in sections.items():
        pages[f"{HOME}/{slug}/"] = listing(*paths[slug])
        for path in paths[slug]:
            words = (
                f"<p>Sáng 1/3, bà con {name.lower()} xã Bình Sơn trồng 300 cây sao đen dọc đường liên thôn. </p>" * 4
            )
            pages[HOME + path] = (
                f"<html><body><h1 id='title'>Xã Bình Sơn trồng cây {path[-3:-1]}</h1><div id='date'>01/03/{path[-27:]}"
                f"</div><div id='content'>{words}</div></body></html>"
            )
    return pages
