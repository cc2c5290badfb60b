"""A small portal on no known system, for tests: sections, lists, pagers and articles of a page's own making."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.clock import VIETNAM
from crawler.extraction.text import slug
from crawler.onboarding.web import Answer
from tests.crawler.learning.articles import TITLES
from tests.crawler.onboarding.webs import THEN

PORTAL = "https://cong-vinh-xanh.vn"
SECTIONS = {"tin-tuc": "Tin tức", "kinh-te": "Kinh tế"}
PER_PAGE = 6


@dataclass(frozen=True)
class Story:
    """One invented article: its number from 0, the newest first."""

    number: int

    @property
    def title(self) -> str:
        """A title that no other has."""
        times = self.number // len(TITLES)
        return TITLES[self.number % len(TITLES)] + (f", đợt {times + 1}" if times else "")

    @property
    def section(self) -> str:
        """Its section, by turns."""
        return list(SECTIONS)[self.number % len(SECTIONS)]

    @property
    def at(self) -> datetime:
        """When it was published: one every third day."""
        return datetime(2023, 3, 18, 16, 40, tzinfo=VIETNAM) - self.number * timedelta(days=3, hours=2, minutes=7)

    @property
    def path(self) -> str:
        """Its address."""
        return f"/{self.section}/{slug(self.title)}-{70310 + 7 * self.number}.html"

    @property
    def lead(self) -> str:
        """What it says in a sentence."""
        return (
            f"Chuyện thứ {self.number + 1} trong tháng kể rằng {self.title.lower()}, việc mà nhiều người mong đã lâu."
        )

    @property
    def paragraphs(self) -> list[str]:
        """Three to six paragraphs, each its own."""
        words = self.title.lower()
        return [
            f"Ở phần {part} của chuyện {self.number + 1}, bà con kể thêm về việc {words}, mỗi người một ý."
            for part in range(1, 4 + self.number % 4)
        ]


class Portal:
    """The portal as a web: `page` gives what stands between menu and margin of an article, at a visit of a number."""

    live = True
    addresses: tuple[str, ...] = ()

    def __init__(
        self,
        page: Callable[[Story, int], str],
        *,
        number: int = 30,
        listed: Callable[[Story], str] = lambda one: f'<a href="{one.path}">{one.title}</a> <i>{one.at:%d/%m/%Y}</i>',
    ) -> None:
        self.page, self.listed = page, listed
        self.stories = [Story(n) for n in range(number)]
        self.visits = 0

    async def get(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """The page at an address; counters rise at each."""
        self.visits += 1
        found = self._inner(url.removeprefix(PORTAL) or "/")
        if found is None:
            return Answer(url, 404, "text/html", b"", THEN)
        title, inner = found
        clock = f"<div class='clock'>Hôm nay {THEN:%d/%m/%Y} {THEN:%H:%M}</div>"
        menu = "".join(f'<li><a href="/{path}/">{name}</a></li>' for path, name in SECTIONS.items())
        foot = f"<div id='foot'>Cổng thông tin Vĩnh Xanh, số lượt truy cập {90_000 + self.visits}</div>"
        head = f"<head><title>{title}</title></head>"
        text = f"<html>{head}<body>{clock}<ul id='menu'>{menu}</ul><div id='main'>{inner}</div>{foot}</body></html>"
        return Answer(url, 200, "text/html; charset=utf-8", text.encode(), THEN)

    def _inner(self, path: str) -> tuple[str, str] | None:
        for story in self.stories:
            if path == story.path:
                return f"{story.title} - Cổng Vĩnh Xanh", self.page(story, self.visits)
        section, _, number = path.strip("/").partition("/?page=")
        if section and section not in SECTIONS:
            return None
        of = [one for one in self.stories if not section or one.section == section]
        begin = (int(number or 1) - 1) * PER_PAGE
        items = "".join(f'<li class="item">{self.listed(one)}</li>' for one in of[begin : begin + PER_PAGE])
        if not items:
            return None
        pages = -(-len(of) // PER_PAGE) if section else 1
        pager = "".join(f'<a href="/{section}/?page={n}">{n}</a> ' for n in range(1, pages + 1)) if pages > 1 else ""
        return "Cổng Vĩnh Xanh", f"<ul>{items}</ul><div class='pager'>{pager}</div>"
