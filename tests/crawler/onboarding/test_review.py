"""The page of a review: what was read beside what was sent, and nothing on it that acts or is loaded."""

import json
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from archive.article import Article
from archive.clock import VIETNAM
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.extraction.text import squash
from crawler.onboarding.checking import Looked, look
from crawler.onboarding.goldens import FIELDS, Review, SavedPage, review_of
from crawler.onboarding.picture import picture
from crawler.onboarding.review import review_page
from tests.crawler.onboarding.pages import OF_SITE, invented, looked_at, saved, site_folder, spider
from tests.goldens.reading import NOW

BAD = "https://elsewhere.example"
LATER = datetime(2023, 4, 2, 9, 15, tzinfo=VIETNAM)

HOSTILE = f"""<!DOCTYPE html><html><head><meta http-equiv="refresh" content="0;url={BAD}/refresh">
<base href="{BAD}/base/"><link rel="stylesheet" href="{BAD}/css"><script>top.location="{BAD}"</script>
<style>@import "{BAD}/import";</style></head><body onload="fetch('{BAD}/onload')">
<h1 id="title">"&gt;&lt;/iframe&gt;&lt;script&gt;steal()&lt;/script&gt; Đồng Găng được mùa</h1>
<div id="date">12/01/2021, 09:05</div>
<div id="content"><p>Sáng 12/1, bà con thu hoạch lứa cải bắp cuối vụ, năng suất ước đạt 40 tấn mỗi héc-ta.</p>
<p>&lt;/iframe&gt;&lt;/section&gt;&lt;script&gt;steal()&lt;/script&gt; là những chữ của bài, phải còn như chữ.</p>
<p srcdoc='" onload="steal()' onclick="steal()">Vụ tới, bà con dự định trồng thêm hai héc-ta su hào ở ruộng cao.</p>
<iframe src="{BAD}/frame" srcdoc="&lt;script&gt;steal()&lt;/script&gt;"></iframe>
<object data="{BAD}/o"></object>
<img src="{BAD}/img" srcset="{BAD}/two 2x" onerror="steal()"
alt='ảnh "&gt;&lt;script&gt;steal()&lt;/script&gt;'>
<svg><script href="{BAD}/svg"></script><image href="{BAD}/image"/></svg>
<math><mtext><table><mglyph><style><img src={BAD}/math onerror=steal()></style></table></mtext></math>
<form action="{BAD}/form"><input autofocus onfocus="steal()"><button formaction="{BAD}/b">Gửi</button></form>
<a href="{BAD}/link" ping="{BAD}/ping" target="_top">bấm</a><a href="javascript:steal()">bấm</a>
<noscript><p title="</noscript><img src={BAD}/noscript onerror=steal()>"></noscript>
<video src="{BAD}/video" poster="{BAD}/poster" autoplay></video><input type=hidden id=whole checked>
</div></body></html><script>steal()</script>"""

ACTIVE = frozenset(
    ["script", "object", "embed", "link", "base", "form", "input", "button", "img", "video", "audio", "svg", "math"]
)
ALLOWED = {
    "href", "id", "class", "lang", "charset", "http-equiv", "content", "name", "scope", "title", "tabindex", "sandbox",
    "srcdoc", "open", "aria-label", "aria-labelledby",
}  # fmt: skip


class Seen(HTMLParser):
    """What stands on a page: its elements with their attributes, and its words."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def hostile() -> Looked:
    page = SavedPage(invented(0).url, "text/html; charset=utf-8", HOSTILE.encode(), NOW)
    return look(spider(), page, name="2600001")


def shown(looked: list[Looked], review: Review | None = None) -> Seen:
    return Seen(review_page(spider(), looked, review or Review()))


def frames(seen: Seen) -> list[str]:
    return [str(one["srcdoc"]) for one in seen.of("iframe")]


def test_a_page_stands_beside_what_was_read_of_it(tmp_path: Path) -> None:
    looked = looked_at(site_folder(tmp_path, 2))
    seen = shown(looked)
    assert len(frames(seen)) == 2
    for one, frame in zip(looked, frames(seen), strict=True):
        assert isinstance(one.result, Article)
        for block in one.result.blocks:
            assert block.text in seen.words
        assert one.result.title in seen.words
        # As it was sent: letters may be written in parts there.
        assert one.result.title in squash(Seen(frame).words)
        assert all(origin in seen.words for origin in one.result.origins.values())
    for field in FIELDS:
        if field not in ("blocks", "captions", "rejection"):
            assert field.replace("_", " ") in seen.words, field
    assert "read as expected" in seen.words and "not reviewed" in seen.words


def test_what_disagrees_is_marked_with_both_values(tmp_path: Path) -> None:
    first, *others = looked_at(site_folder(tmp_path, 2))
    expected: dict[str, Any] = json.loads(json.dumps(first.expected))
    expected["title"] = "Tít mà người đọc thấy"
    lost, read_too = "Một đoạn bị mất.", expected["blocks"].pop()[1]
    expected["blocks"].insert(1, ["p", lost])
    seen = shown([replace(first, expected=expected), *others])
    assert "expected Tít mà người đọc thấy" in " ".join(seen.words.split())
    assert f"read now {first.golden['title']}" in " ".join(seen.words.split())
    classes = [attributes.get("class") or "" for attributes in seen.of("li")]
    assert [one for one in classes if one.endswith((" missing", " extra"))] == ["p missing", "p extra"]
    assert lost in seen.words and read_too in seen.words
    assert "2 not as expected" in seen.words and len(seen.of("tr")) > 20
    assert [one.get("class") for one in seen.of("tr") if one.get("class")] == ["off"]


def test_pages_without_goldens_are_shown_as_they_are_read() -> None:
    empty = SavedPage(invented(7).url, "text/html", b"<html><body><p>x</p></body></html>", NOW)
    seen = shown([look(spider(), saved(OF_SITE[0])), look(spider(), empty)])
    assert "captures, no golden pages" in seen.words and "What was read of it" in seen.words
    assert "Refused as no article" in seen.words


@pytest.mark.parametrize(
    ("review", "words"),
    [
        (Review(), "not reviewed"),
        (Review(LATER, "Lan <b>", True), "reviewed by Lan <b> on 2023-04-02"),
        (Review(LATER, "Lan", False), "changed since Lan reviewed it on 2023-04-02"),
    ],
)
def test_the_page_says_how_the_review_stands(tmp_path: Path, review: Review, words: str) -> None:
    assert words in shown(looked_at(site_folder(tmp_path, 1)), review).words


def test_a_folder_without_a_review_has_none(tmp_path: Path) -> None:
    assert review_of(tmp_path) == Review()


# -- nothing acts, nothing is loaded --------------------------------------------------------------
def test_hostile_pages_do_not_break_out() -> None:
    looked = hostile()
    assert isinstance(looked.result, Article), "else nothing of it would stand beside the frame"
    markup = review_page(spider(), [looked, looked], Review())
    seen = Seen(markup)
    tags = [tag for tag, _ in seen.elements]
    assert ACTIVE.isdisjoint(tags)
    assert tags.count("iframe") == tags.count("section") == 2
    names = {name for _, attributes in seen.elements for name in attributes}
    assert names <= ALLOWED, names - ALLOWED
    assert all(re.fullmatch(r"#p\d+", str(one["href"])) for one in seen.of("a"))
    assert "</iframe></section><script>steal()</script> là những chữ của bài" in seen.words
    # The raw markup has what belongs to the frame in one attribute, whose quotes the page cannot end.
    assert markup.count("</iframe>") == 2 and "<script" not in markup


def test_frames_have_no_rights() -> None:
    for frame in shown([hostile()]).of("iframe"):
        assert frame["sandbox"] in (None, ""), "a sandbox that allows something"
        assert "src" not in frame


def test_both_documents_refuse_to_load_anything() -> None:
    seen = shown([hostile(), look(spider(), saved(OF_SITE[0]))])
    for document in (seen, *map(Seen, frames(seen))):
        policies = [one for one in document.of("meta") if "http-equiv" in one]
        assert [one["http-equiv"] for one in policies] == ["Content-Security-Policy"]
        said = dict(rule.strip().split(" ", 1) for rule in str(policies[0]["content"]).split(";"))
        assert said == {
            "default-src": "'none'",
            "style-src": "'unsafe-inline'",
            "img-src": "data:",
            "form-action": "'none'",
            "base-uri": "'none'",
        }
        order = [tag for tag, _ in document.elements]
        assert order.index("meta") < order.index("style"), "a policy holds for what stands after it"
        assert document.of("meta")[0].get("charset") == "utf-8"


def test_a_frame_holds_no_more_than_words_and_their_arrangement() -> None:
    [frame] = frames(shown([hostile()]))
    seen = Seen(frame)
    assert ACTIVE.isdisjoint(tag for tag, _ in seen.elements)
    for tag, attributes in seen.elements:
        assert {"href", "src", "srcset", "srcdoc", "action", "ping", "target", "id"}.isdisjoint(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
    assert BAD not in frame
    assert "steal" not in re.sub(r"&lt;script&gt;steal\(\)|[^<>]*steal\(\)&lt;/script&gt;|\[picture[^]]*]", "", frame)


# -- the picture ----------------------------------------------------------------------------------
def picture_of(page: SavedPage) -> Seen:
    return Seen(picture(Page(page.url, page.body, page.content_type), spider().layouts, look(spider(), page).result))


def marks(seen: Seen) -> list[str]:
    return [str(attributes["data-mark"]) for _, attributes in seen.elements if "data-mark" in attributes]


def test_what_was_read_is_marked_in_the_page() -> None:
    assert {"title", "published", "text", "section", "left out"} <= set(marks(picture_of(saved(OF_SITE[0]))))


def test_a_page_cannot_mark_itself() -> None:
    plain, forged = invented(0), invented(0, more="<p data-mark='title' data-outside='1'>Đoạn của bài viết.</p>")
    assert marks(picture_of(forged)) == marks(picture_of(plain)) == ["title", "published", "text"]


def test_what_stands_around_the_article_is_hidden_until_it_is_asked_for() -> None:
    seen = picture_of(saved(OF_SITE[0]))
    [box] = seen.of("input")
    assert (box["type"], box["id"]) == ("checkbox", "whole")
    hidden = [tag for tag, attributes in seen.elements if "data-outside" in attributes]
    assert hidden and "Đọc nhiều" in seen.words


def test_a_page_that_no_layout_fits_is_shown_whole() -> None:
    page = invented(0, body="main-content")
    result = read(Page(page.url, page.body, page.content_type), spider().facts(), NOW).result
    assert isinstance(result, Article) and result.layout == "whole-page"
    seen = picture_of(page)
    assert marks(seen) == [] and seen.of("input") == []
    assert "lứa cải bắp cuối vụ" in seen.words


def test_pictures_are_told_in_words() -> None:
    seen = picture_of(invented(0, more="<p>Trước <img src='/a.jpg' alt='Ruộng  cải'> sau</p><img src='/b.jpg'>"))
    assert "Trước [picture: Ruộng cải] sau" in seen.words and "[picture]" in seen.words


@pytest.mark.parametrize("body", [b"", b"<plaintext></body>", b"\x00\xff\xfe", b"<frameset><frame src=x></frameset>"])
def test_whatever_was_sent_can_be_shown(body: bytes) -> None:
    page = SavedPage(invented(0).url, "text/html", body, NOW)
    seen = shown([look(spider(), page)])
    assert len(frames(seen)) == 1
    assert ACTIVE.isdisjoint(tag for tag, _ in seen.elements)
