"""Invented article pages of one template, from which fields are learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.clock import VIETNAM
from crawler.extraction.page import Page
from crawler.extraction.read import Listed
from crawler.extraction.select import select_first
from crawler.learning.specimen import Specimen
from crawler.learning.views import View

FETCHED = datetime(2022, 12, 20, 3, 0, tzinfo=VIETNAM)

TITLES = (
    "Xã Đậu Sơn trồng cây sao đen ven đê", "Chợ phiên Mường Lạn họp sớm", "Thư viện huyện nhận nghìn cuốn sách",
    "Đội bóng chuyền nữ vào chung kết", "Khai trương tuyến xe buýt số chín", "Nông dân Bản Thay được mùa gừng",
    "Trường tiểu học Tân An có sân mới", "Công an xã trả lại ví cho người mất", "Hội thi cấy lúa bên sông Ngàn",
    "Bệnh viện huyện mổ ca đầu tiên", "Cầu treo Nậm Pua sắp thông xe", "Đoàn viên dọn bãi biển cuối tuần",
)  # fmt: skip


@dataclass(frozen=True)
class Invented:
    """One invented article: its number from 0, title, instant and text, as markup of its body."""

    number: int
    title: str
    at: datetime

    @property
    def text(self) -> str:
        """Two paragraphs that no other article has."""
        return "".join(
            f"<p>Đoạn thứ {part} của bài số {self.number} kể chuyện {self.title.lower()} bằng vài câu dài.</p>"
            for part in (1, 2)
        )


def invented(count: int = len(TITLES)) -> list[Invented]:
    """So many articles, one every nine days and some hours, the oldest first."""
    first = datetime(2022, 3, 2, 7, 5, tzinfo=VIETNAM)
    return [Invented(i, TITLES[i], first + i * timedelta(days=9, hours=3, minutes=11)) for i in range(count)]


def views_of(
    page: Callable[[Invented], str],
    *,
    head: Callable[[Invented], str] = lambda one: "",
    again: Callable[[Invented], str] | None = None,
    listed: Callable[[Invented], Listed | None] = lambda one: None,
    address: Callable[[Invented], str] = lambda one: f"http://site.vn/tin/bai-viet-nay-{5000 + 37 * one.number}.html",
    articles: Sequence[Invented] | None = None,
) -> list[View]:
    """Views of invented articles: `page` writes the body of each, `again` that of the second fetch."""

    def made(markup: str, one: Invented) -> Page:
        return Page(
            address(one),
            f"<html><head>{head(one)}</head><body>{markup}</body></html>".encode(),
            "text/html; charset=utf-8",
        )

    return [
        View(Specimen(made(page(one), one), FETCHED, listed(one), made(again(one), one) if again else None))
        for one in articles or invented()
    ]


def picked(views: Sequence[View], selector: str) -> list[str]:
    """What a selector gives on each page as the first node with words; "" where it finds none."""
    found = [select_first(view.tree, selector) for view in views]
    return [one.value if one else "" for one in found]
