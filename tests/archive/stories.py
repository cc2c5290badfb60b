"""Invented news for the tests of text groups: stories, versions of them, and what an archive says of them."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from archive.article import Article
from archive.database import Sessions, reading
from archive.digest import TableDigest, logical_digest
from archive.ledger import Ledger
from archive.models import (
    Fingerprint,
    LshBand,
    Reprint,
    SiteParagraph,
    SiteParagraphText,
    SourceRecord,
    StoredArticle,
    StoredText,
    TextGroup,
)
from archive.models import Site as StoredSite
from archive.sites import SiteRecord, register_site
from archive.store import Outcome, Read, Store
from tests.archive.helpers import VERSION, HandClock, Site, at, found, page

_SYLLABLES = (
    "tỉnh huyện xã phường thôn bản làng chợ đường cầu sông suối núi rừng biển đảo ruộng vườn lúa ngô khoai sắn "
    "chè cam quýt bưởi mía tre nứa gỗ đá cát than điện nước mưa nắng gió bão lũ hạn rét nóng sương mây trời "
    "đất người dân cán bộ trẻ già nam nữ học sinh thầy cô trường lớp sách vở bút bảng nhà máy xưởng công ty tổ "
    "đội nhóm hội đoàn ban ngành nghề việc làm lương thuế vay vốn trồng nuôi bán mua xây sửa mở đóng tăng giảm "
    "đón tiễn thăm tặng trao nhận họp bàn nêu rõ nhanh chậm nhiều ít lớn nhỏ cao thấp dài ngắn mới cũ tốt đẹp "
    "vui mừng lo chung riêng trong ngoài"
)
_OTHERS = "bèn cũng vẫn càng từng hãy chớ nên đành sẽ đang vừa mãi luôn liền hẳn"
SYLLABLES, OTHERS = _SYLLABLES.split(), _OTHERS.split()
"""Those of stories, and those of which no story is made."""


def story(seed: int, paragraphs: int = 4, each: int = 25) -> tuple[str, ...]:
    """The paragraphs of a story that shares nothing with those of other seeds."""
    drawn = random.Random(seed)
    return tuple(" ".join(drawn.choices(SYLLABLES, k=each)).capitalize() + "." for _ in range(paragraphs))


def reworded(given: Sequence[str], every: int, first: int = 0) -> tuple[str, ...]:
    """The same with another syllable in each `every`-th place: each spoils five shingles if they are far apart."""
    out, place = [], 0
    for paragraph in given:
        syllables = paragraph.split()
        for number in range(len(syllables)):
            if place % every == first:
                syllables[number] = OTHERS[place % len(OTHERS)]
            place += 1
        out.append(" ".join(syllables))
    return tuple(out)


def weather(day: int, low: int, high: int, rain: int, *, dated: bool = True) -> tuple[str, ...]:
    """A weather bulletin, which differs from those of other days in its figures alone."""
    first = f"Dự báo thời tiết ngày {day}/1" if dated else "Dự báo thời tiết hôm nay"
    return (
        f"{first} trên địa bàn tỉnh: nhiều mây, có mưa vài nơi, sáng sớm có sương mù nhẹ rải rác ở vùng núi cao và dọc"
        " các con sông lớn, trưa chiều trời hửng nắng, gió đông bắc cấp hai đến cấp ba, độ ẩm trong không khí khá cao.",
        f"Nhiệt độ thấp nhất {low} độ, cao nhất {high} độ, lượng mưa phổ biến {rain} mm; bà con cần giữ ấm cho gia súc,"
        " che chắn mạ non, theo dõi các bản tin tiếp theo của đài khí tượng thủy văn để chủ động trong sản xuất.",
    )


PRESS = (
    ("bao_ha_nam", "Báo Hà Nam", "baohanam.com.vn", "ha-nam"),
    ("bao_quang_ninh", "Báo Quảng Ninh", "baoquangninh.com.vn", "quang-ninh"),
    ("bao_thai_nguyen", "Báo Thái Nguyên", "baothainguyen.vn", "thai-nguyen"),
)


def press(sessions: Sessions, clock: HandClock, order: Iterable[int] = (0, 1, 2)) -> dict[str, Site]:
    """Three papers that credit each other as papers do, registered in this order."""
    made = {}
    for number in order:
        name, title, host, province = PRESS[number]
        with sessions.begin() as session:
            site_id = register_site(session, SiteRecord(name, title, "dataimages", (host,), province), clock)
        made[name] = Site(name, site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)
    return made


def news(
    key: str, paragraphs: Sequence[str], day: str | None = "2022-01-05", time: str | None = None, **more: Any
) -> Article:
    """An article with these paragraphs, published on that day (None: nobody knows when); its title has no figures."""
    more = {"title": "Tin trong tỉnh", **more}
    return page(key, *paragraphs, published=at(day, time) if day else None, **more)


def save_all(site: Site, articles: Sequence[Article], **changes: Any) -> list[Outcome]:
    """Save articles of one site in one transaction."""
    # Those that nothing led to are saved one by one, which takes ten times as long.
    site.ledger.see([found(one.key, one.url) for one in articles])
    with site.store.writing() as session:
        kept = site.store.add_captures(session, [site.capture(one.url, **changes) for one in articles])
        reads = [Read(of, one, one.url, VERSION) for of, one in zip(kept, articles, strict=True)]
        return site.store.save(session, reads)


def state(sessions: Sessions) -> dict[str, Any]:
    """All that follows from the articles, by names that do not hang on the order in which they came."""
    with reading(sessions) as session:
        return _state(session)


def _state(session: Session) -> dict[str, Any]:
    names = {row.id: row.text_id for row in session.execute(select(StoredText.id, StoredText.text_id))}
    sites = {row.id: row.name for row in session.execute(select(StoredSite.id, StoredSite.name))}
    first = [(sites[row.site_id], row.paragraph, names[row.text_id]) for row in session.scalars(select(SiteParagraph))]
    further = [
        (sites[row.site_id], row.paragraph, names[row.text_id]) for row in session.scalars(select(SiteParagraphText))
    ]
    records = select(SourceRecord, StoredArticle.key).join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
    return {
        "groups": {names[row.text_id]: names[row.canonical_id] for row in session.scalars(select(TextGroup))},
        "pairs": {
            (*sorted((names[row.text_id], names[row.other_id])), row.method, row.jaccard, row.containment)
            for row in session.scalars(select(Reprint))
        },
        "fingerprints": {
            (names[row.text_id], row.algorithm, row.core_hash, row.shingles, row.signature)
            for row in session.scalars(select(Fingerprint))
        },
        "bands": {(row.band, names[row.text_id]) for row in session.scalars(select(LshBand))},
        "paragraphs": {
            (sites[row.site_id], row.paragraph, row.articles) for row in session.scalars(select(SiteParagraph))
        },
        "holders": sorted(first + further),
        "totals": {row.name: row.source_records for row in session.scalars(select(StoredSite))},
        "records": {
            (sites[row.site_id], key, names[row.text_id], row.day, row.published_precision, row.source, row.figures)
            for row, key in session.execute(records)
        },
    }


def digests(sessions: Sessions) -> dict[str, TableDigest]:
    """What `logical_digest` says of what follows from the articles."""
    with reading(sessions) as session:
        every = logical_digest(session)
    return {name: every[name] for name in ("text_group", "reprint", "fingerprint", "site_paragraph", "site_name")}


def grouped(sessions: Sessions) -> dict[str, set[str]]:
    """The articles of each story, as "site-key", by one that carries its canonical text."""
    with reading(sessions) as session:
        rows = session.execute(
            select(StoredSite.name, StoredArticle.key, TextGroup.text_id, TextGroup.canonical_id)
            .select_from(SourceRecord)
            .join(TextGroup, TextGroup.text_id == SourceRecord.text_id)
            .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
            .join(StoredSite, StoredSite.id == SourceRecord.site_id)
        ).all()
    out: dict[int, set[str]] = {}
    for row in rows:
        out.setdefault(row.canonical_id, set()).add(f"{row.name}-{row.key}")
    head: Callable[[int], str] = lambda text: min(f"{r.name}-{r.key}" for r in rows if r.text_id == text)  # noqa: E731
    return {head(canonical): members for canonical, members in out.items()}
