"""A site with golden pages, for tests: pages of the sample web in a folder of their own."""

from pathlib import Path

from crawler.extraction.text import slug
from crawler.families.base import SiteSpider
from crawler.onboarding.checking import Looked, look
from crawler.onboarding.goldens import SavedPage, read_goldens, write_goldens
from crawler.sites import all_sites
from tests.goldens.reading import NOW, page_names, serve

SITE = "bao_quang_ninh"
OF_SITE = tuple(name for name in page_names() if name.startswith(f"{SITE}/"))


def spider() -> type[SiteSpider]:
    return all_sites()[SITE]


def saved(name: str, body: bytes | None = None) -> SavedPage:
    """A page of the sample web as it was sent, or with another body."""
    page = serve(name)
    return SavedPage(page.url, page.content_type, page.body if body is None else body, NOW)


def site_folder(folder: Path, pages: int = 3) -> Path:
    """The golden pages of the site below `folder`, not reviewed."""
    write_goldens(folder / SITE, spider(), [saved(name) for name in OF_SITE[:pages]])
    return folder / SITE


def looked_at(folder: Path) -> list[Looked]:
    return [look(spider(), one.saved, name=one.name, expected=one.expected) for one in read_goldens(folder)]


PLACES = ("Đồng Găng", "Bến Cát", "Khe Sim", "Vũng Rô", "Láng Dài", "Suối Cạn", "Gò Dưa", "Hòn Mấu")
"""Invented places, one an article."""


def words_of(place: str, number: int) -> list[str]:
    """The paragraphs of an invented article; no two articles share one."""
    return [
        f"Sáng 12/1, bà con thôn {place} thu hoạch lứa cải bắp cuối vụ, năng suất ước đạt {40 + number} tấn mỗi héc-ta "
        f"cao hơn vụ trước {number + 3} phần trăm nhờ giống mới và nước tưới đủ.",
        f"Ông Lường Văn Pảo, giám đốc hợp tác xã {place}, cho biết thương lái đã đặt mua hết từ giữa tháng trước với "
        f"giá {7 + number}.000 đồng một ki-lô-gam, xe về tận ruộng chở hàng.",
        f"Vụ tới, {place} dự định trồng thêm {2 + number} héc-ta su hào và lắp giàn tưới phun ở khu ruộng cao, nơi "
        "nước mương thường cạn từ giữa tháng hai.",
        f"Chị Sùng Thị Mỷ, người giữ sổ của tổ {number + 1} ở {place}, kể rằng tối nào cũng có người mang đèn sang nhờ "
        "chị xem lại lịch tưới, vì sương muối năm nay đến sớm hơn mọi năm.",
    ]


def invented(
    number: int,
    *,
    date: str | None = None,
    more: str = "",
    around: str = "",
    head: str = "",
    body: str = "content",
) -> SavedPage:
    """An article in the markup of the site's system: `more` stands amid its paragraphs, `around` after its body.

    It is dated to a day of its own unless `date` gives the words of its date (empty: none).
    """
    place, key = PLACES[number], 2600001 + number
    first, *others = (f"<p>{words}</p>" for words in words_of(place, number))
    shown = f"Thứ Ba, {10 + number}/01/2021, 0{number}:05 [GMT+7]" if date is None else date
    markup = (
        f"<html><head>{head}<title>{place} được mùa cải bắp</title></head><body><div id='left'>"
        f"<h1 id='title'>{place} được mùa cải bắp vụ đông</h1><div id='date'>{shown}</div>"
        f"<div id='{body}'>{first}{more}{''.join(others)}</div>{around}</div></body></html>"
    )
    address = f"http://baoquangninh.com.vn/kinh-te/202101/{slug(place)}-duoc-mua-cai-bap-vu-dong-{key}/"
    return SavedPage(address, "text/html; charset=utf-8", markup.encode(), NOW)
