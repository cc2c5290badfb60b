"""Every article page of the sample web and every sibling, field by field, against its golden.

A golden (tests/goldens/<site>/<key>.json) says what a careful person reads on the page, not what the
extraction happens to give. After a deliberate change: `python -m tests.update_goldens`, and read the diff.
"""

import dataclasses
import itertools
import re
import unicodedata
from functools import cache
from typing import Any

import pytest
from lxml import html

from archive.article import WHOLE_PAGE
from crawler.extraction.text import folded, has_words, squash
from crawler.onboarding.goldens import FIELDS, Golden, written
from tests.goldens.reading import (
    SIBLINGS,
    golden_file,
    golden_names,
    load_golden,
    page_names,
    reading_of,
    sample_sites,
    serve,
    write_golden,
)
from tests.sample_web.articles import Article
from tests.sample_web.sites import Site

PAGES = page_names()
OWN = tuple(name for name in PAGES if not name.startswith(f"{SIBLINGS}/"))
FOR_REVIEW = "written for review: read it against the page before you commit it"
BODIES = (
    "#content, #art-content, .ArticleContent, .entry-content, .news_detail, "
    ".article__body, .article__sapo, #newscontents, h4.sapo, #news-bodyhtml, .hometext, #hometext, #bodytext, "
    ".bodytext, #content-print, .lv_description_mode1, .journal-content-article, .sapo, .article-summary"
)
"""Where the siblings keep their words; what stands elsewhere on them is furniture, but for title and lead."""

BOXES = "div.quote, .yarpp, .article-relate, .tinlienquan, #part2"
"""Furniture that siblings keep among these words."""

SHORT = 200
"""Longest furniture, in characters; what holds more is the page itself or one of its columns."""

_written: set[str] = set()


def golden_of(name: str) -> Golden:
    """The golden of a page; a missing one is written, and every test of that page fails for this run."""
    golden = load_golden(name)
    if golden is None:
        golden = reading_of(name)
        write_golden(name, golden)
        _written.add(name)
    if name in _written:
        pytest.fail(f"{golden_file(name)}: {FOR_REVIEW}", pytrace=False)
    return golden


@pytest.mark.parametrize(
    ("name", "field"), [pytest.param(name, field, id=f"{name}/{field}") for name in PAGES for field in FIELDS]
)
def test_page_is_read_as_its_golden_says(name: str, field: str) -> None:
    golden, now = golden_of(name), reading_of(name)
    assert now[field] == golden[field], f"{name}: {field}{_refused(now)}"


def _refused(now: Golden) -> str:
    return f" (the page is refused: {now['rejection']})" if now["rejection"] else ""


def test_every_golden_has_a_page() -> None:
    assert golden_names() - set(PAGES) == set(), "goldens of pages that the sample web does not have: delete them"


@pytest.mark.parametrize("name", PAGES)
def test_golden_is_written_in_the_one_form(name: str) -> None:
    golden = golden_of(name)
    text = golden_file(name).read_text(encoding="utf-8")
    assert text == written(golden), "not as update_goldens writes it"
    assert tuple(golden) == FIELDS
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("name", OWN)
def test_golden_says_what_the_article_file_says(name: str) -> None:
    golden, (site, article) = golden_of(name), source_of(name)
    told = golden["published"]
    assert golden["title"] == article.title
    assert golden["kind"] == article.meta.get("kind", "article")
    assert golden["tags"] == article.meta.get("tags", [])
    assert (told and told["instant"]) == (None if article.undated else article.published.isoformat())
    assert golden["section"] in (None, site.sections[article.section])
    assert golden["lead"] == article.lead or not article.lead
    for field in ("author", "affiliation", "source_credit"):
        assert golden[field] == article.meta.get(field, golden[field]), field
    assert golden["layout"] != WHOLE_PAGE, "no layout of the site reads it"


# -- furniture ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", PAGES)
def test_no_block_of_a_golden_is_furniture_of_the_page(name: str) -> None:
    furniture = furniture_of(name)
    assert [text for _, text in golden_of(name)["blocks"] if same_but_for_numbers(text) in furniture] == []


@pytest.mark.parametrize("name", OWN)
def test_no_block_of_a_golden_is_a_headline_of_another_article(name: str) -> None:
    site, article = source_of(name)
    others = [folded(other.title) for other in site.by_key.values() if other.key != article.key]
    # A date of up to eight digits may follow the headline.
    blocks = [folded(text) for _, text in golden_of(name)["blocks"]]
    assert [
        block for block in blocks for title in others if block.startswith(title) and len(block) <= len(title) + 8
    ] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_block_of_a_golden_is_a_sign_off(name: str) -> None:
    golden = golden_of(name)
    blocks = {folded(text) for _, text in golden["blocks"]}
    assert blocks & {folded(line) for line in sign_offs_of(name)} == set()
    signed = [folded(golden[field] or "") for field in ("author", "affiliation", "source_credit")]
    leads_in = ("", "theo", "nguồn", "ảnh", "bài", "tinảnh", "bàiảnh")
    lines = {intro + said for intro in leads_in for said in (*signed, "".join(signed[:2])) if said}
    assert blocks & lines == set()


@pytest.mark.parametrize("name", PAGES)
def test_no_block_of_a_golden_is_a_lone_mark_or_said_twice(name: str) -> None:
    texts = [text for _, text in golden_of(name)["blocks"]]
    assert [text for text in texts if not has_words(text)] == []
    assert [one for one, following in itertools.pairwise(texts) if folded(one) == folded(following)] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bao_quang_ninh/2511101", "Đang online: 93 Tổng lượt truy cập: 800.001"),
        ("bao_quang_ninh/2511101", "Đánh giá: ☆☆☆☆☆ (3 lượt)"),
        ("bao_quang_ninh/2511101", "Tin liên quan"),
        ("bao_quang_ninh/2511101", "Bà con ngoài đảo rất mong có bản tin dự báo sóng gió buổi sáng."),
        ("hong_linh/421377", "lượt đánh giá: , trung bình:"),
        ("hong_linh/421377", "Bản đồ thị xã Hồng Lĩnh"),
        ("bao_thai_nguyen/296811", "No title... No title... No title..."),
        ("bao_thai_nguyen/296811", "Tìm kiếm:"),
        ("bao_thai_nguyen/265102", "Các tin đã đưa"),
        ("tuyen_giao_ha_nam/310415", "Lượt xem: 999"),
        ("tuyen_giao_ha_nam/310415", "In trang này Gửi email"),
        ("tuyen_giao_ha_nam/310415", "Học tập và làm theo Bác"),
        ("tuyen_giao_binh_phuoc/mua-dieu-ra-bong-o-soc-dak-la", "Các tin liên quan đến bài viết này"),
        ("tuyen_giao_binh_phuoc/mua-dieu-ra-bong-o-soc-dak-la", "Gửi ý kiến"),
        ("bao_quang_ninh/2511101", "Đang online: 77"),
        ("tuyen_giao_ha_nam/315044", "01/02/2022 03:04"),
        ("siblings/tandan", "Thống kê: 20.119 Online: 7"),
        ("siblings/dataimages", "Tin liên quan"),
        ("siblings/wordpress", "Các tin liên quan đến bài viết này"),
    ],
)
def test_furniture_is_gathered_from_the_templates(name: str, line: str) -> None:
    assert same_but_for_numbers(line) in furniture_of(name)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bao_quang_ninh/2519999", "Ý kiến bạn đọc"),
        ("bao_thai_nguyen/286012", "Ý kiến bạn đọc"),
        ("tuyen_giao_ha_nam/319311", "Ý kiến bạn đọc"),
    ],
)
def test_words_of_furniture_that_an_article_says_itself_stay_in_its_golden(name: str, line: str) -> None:
    assert ["h", line] in golden_of(name)["blocks"]


def source_of(name: str) -> tuple[Site, Article]:
    """The site and the article file of a page of the five sites."""
    site_id, _, key = name.partition("/")
    site = sample_sites()[site_id]
    return site, site.by_key[key]


@cache
def furniture_of(name: str) -> frozenset[str]:
    """All short words of a page that stand around its article: of the page with an empty article.

    What the article's own file says as well, as a heading may, is none.
    """
    if name.startswith(f"{SIBLINGS}/"):
        tree = html.document_fromstring(serve(name).body.decode())
        boxes = [box.drop_tree() or box for box in tree.cssselect(BOXES)]
        for body in tree.cssselect(BODIES):
            body.drop_tree()
        return lines_of(tree).union(*map(lines_of, boxes))
    site, article = source_of(name)
    empty = "<!--related-->" + "<!--nextpage-->" * (len(article.pages) - 1)
    meta = {field: value for field, value in article.meta.items() if field not in ("lead", "encoding")}
    site.by_key[article.key] = dataclasses.replace(article, meta=meta, raw=empty)
    try:
        tree = html.document_fromstring(serve(name).body.decode())
    finally:
        site.by_key[article.key] = article
    return lines_of(tree) - lines_of(html.fragment_fromstring(article.raw, create_parent="div"))


def lines_of(tree: Any) -> frozenset[str]:
    """The words of each element and of each piece of text between elements, if they are short."""
    found = [text for element in tree.iterdescendants(html.etree.Element) for text in _said(element)]
    return frozenset(same_but_for_numbers(text) for text in found if has_words(text) and len(squash(text)) <= SHORT)


def _said(element: Any) -> tuple[str, ...]:
    before = element.getprevious().tail if element.getprevious() is not None else element.getparent().text
    whole = "".join(element.itertext())
    return whole, element.text or "", element.tail or "", f"{before or ''}{whole}"


def same_but_for_numbers(text: str) -> str:
    """A line in a form in which a counter is the same line whatever it counts."""
    return folded(re.sub(r"\d+(?:\.\d+)*", "0", squash(text)))


def sign_offs_of(name: str) -> list[str]:
    """The right-aligned lines that an article's file ends in."""
    if name.startswith(f"{SIBLINGS}/"):
        tree = html.document_fromstring(serve(name).body.decode())
        return [
            line.text_content() for line in tree.cssselect('[style*="text-align"][style*="right"], [align="right"]')
        ]
    out = []
    for line in reversed(html.fragment_fromstring(source_of(name)[1].raw, create_parent="div")):
        if "right" not in f"{line.get('style')} {line.get('align')}" or line.tag == "table":
            break
        out.append(line.text_content())
    return out
