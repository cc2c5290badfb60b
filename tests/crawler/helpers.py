"""Pages in short, for tests: a body's markup in, its words out."""

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from archive.article import Article, BlockKind, Rejection
from archive.clock import VIETNAM
from crawler.extraction.cleaning import Surroundings, clean
from crawler.extraction.layout import Layout, SiteFacts
from crawler.extraction.page import Page
from crawler.extraction.read import Listed, Reading, read
from crawler.extraction.select import select_all
from crawler.extraction.simplify import Draft, Run, Simplified, simplify
from crawler.sites import all_sites

NEWS = (
    "Sáng 12/3, hợp tác xã rau thôn Đồng Găng thu hoạch lứa cải bắp cuối vụ, năng suất ước đạt 40 tấn mỗi héc-ta.",
    "Ông Lường Văn Pảo, giám đốc hợp tác xã, cho biết thương lái đã đặt mua hết từ giữa tháng trước với giá "
    "7.000 đồng một ki-lô-gam.",
    "Vụ tới, bà con dự định trồng thêm hai héc-ta su hào và lắp giàn tưới phun ở khu ruộng cao.",
)
"""Three paragraphs that are nothing but news."""

NEWS_HTML = "".join(f"<p>{text}</p>" for text in NEWS)

LONG = (
    *NEWS,
    "Theo ông Pảo, ba năm trước cả thôn chỉ có mười một hộ theo vụ đông, ruộng bỏ trắng từ tháng mười; nay "
    "bảy mươi hộ ký cam kết dùng phân ủ hoai, ghi sổ từng lần phun và để đất nghỉ hai tuần giữa hai lứa.",
    "Chị Sùng Thị Mỷ, người giữ sổ của tổ ba, kể rằng tối nào cũng có người mang đèn sang nhờ chị xem lại "
    "lịch tưới, vì sương muối năm nay đến sớm hơn mọi năm gần nửa tháng.",
)
"""Five paragraphs, long enough to be told for an article without a layout."""

LONG_HTML = "".join(f"<p>{text}</p>" for text in LONG)

TITLE = "Đồng Găng được mùa cải bắp"
OWN_KEY = "700001"
FETCHED = datetime(2023, 6, 1, 9, 30, tzinfo=VIETNAM)


def key_of(href: str) -> str | None:
    """The article key of an address, on a site invented for these tests."""
    match = re.fullmatch(r"(?:https?://bao\.example)?/tin/[a-z0-9-]+-(\d{6})\.html", href)
    return match[1] if match else None


def page_of(markup: str, url: str = "https://bao.example/tin/dong-gang-700001.html") -> Page:
    return Page(url, f"<html><body>{markup}</body></html>".encode(), "text/html; charset=utf-8")


def simplified(markup: str, captions: str = "") -> Simplified:
    [node] = select_all(page_of(f"<div id='thân'>{markup}</div>").tree, "#thân")
    marked: Collection[Any] = select_all(node, captions) if captions else ()
    return simplify(node, marked)


def blocks_of(markup: str, captions: str = "") -> list[tuple[BlockKind, str]]:
    return [(draft.kind, draft.text) for draft in simplified(markup, captions).drafts]


def cleaned(
    markup: str, *, title: str = TITLE, lead: str = "", published: datetime | None = None, captions: str = ""
) -> list[str]:
    """The words that cleaning leaves of a body."""
    around = Surroundings(
        title=title,
        lead=lead,
        published=published,
        other_article=lambda href: key_of(href) not in (None, OWN_KEY),
    )
    return [draft.text for draft in clean(simplified(markup, captions).drafts, around)]


def line(
    text: str,
    *,
    kind: BlockKind = BlockKind.PARAGRAPH,
    align: str = "",
    bold: bool = False,
    italic: bool = False,
) -> Draft:
    return Draft(kind, text, (Run(text, None, bold, italic),), align)


def at(text: str) -> datetime:
    """An instant in Vietnam, written as ISO without zone."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def day(text: str) -> date:
    return date.fromisoformat(text)


def reading(
    site: str,
    url: str,
    body: str | bytes,
    *,
    listed: Listed | None = None,
    further: tuple[Page, ...] = (),
    content_type: str = "text/html",
    fetched: datetime = FETCHED,
) -> Reading:
    raw = body.encode() if isinstance(body, str) else body
    return read(Page(url, raw, content_type), all_sites()[site].facts(), fetched, listed=listed, further=further)


def article(site: str, url: str, body: str | bytes, **context: Any) -> Article:
    result = reading(site, url, body, **context).result
    assert isinstance(result, Article), result
    return result


def refusal(site: str, url: str, body: str | bytes, **context: Any) -> Rejection:
    result = reading(site, url, body, **context).result
    assert isinstance(result, Rejection), result.text
    return result


FRAME = Layout(name="frame", title="h1", body="#bai")


def read_in_frame(body: str) -> Article | Rejection:
    """Read an undated article page with the given body by a layout of its own."""
    page = page_of(f"<h1>{TITLE}</h1><div id='bai'>{body}</div>")
    site = SiteFacts(
        layouts=(FRAME,),
        article_key=key_of,
        canonical_url=lambda url: url,
        date_in_url=lambda url: None,
        oldest=date(2000, 1, 1),
    )
    return read(page, site, FETCHED).result
