"""Saved pages are found by the addresses they had, in a folder or in a WARC file."""

import asyncio
from pathlib import Path

import pytest

from archive.captures import CaptureWriter, Sent
from archive.clock import Clock
from crawler.onboarding.saved import probe_saved, saved_web
from tests.crawler.onboarding.webs import CLOCK, HOME, THEN, small_site


def folder(tmp_path: Path, pages: dict[str, str]) -> Path:
    for name, words in pages.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words", "url"),
    [
        ("a.html", "<link rel=canonical href='https://bao.vn/tin/1.html'>", f"{HOME}/tin/1.html"),
        ("a.html", "<meta property='og:url' content='https://bao.vn/tin/2.html'>", f"{HOME}/tin/2.html"),
        ("a.html", "<!-- saved from url=(0026)https://bao.vn/tin/3.html --><p>x", f"{HOME}/tin/3.html"),
        ("a.html", "<!-- Mirrored from bao.vn/tin/4.html by HTTrack -->", f"{HOME}/tin/4.html"),
        ("a.html", "<base href='https://www.bao.vn/tin/'>", f"{HOME}/tin/a.html"),
        ("a.html", "<!-- saved from url=(0020)http://[bao.vn/ --><p>x", f"{HOME}/a.html"),
        ("a.html", "<link rel=canonical href='http://[bao.vn/x'>", f"{HOME}/a.html"),
        ("tin/5.html", "<p>x", f"{HOME}/tin/5.html"),
        ("index.html", "<p>x", f"{HOME}/"),
    ],
    ids=[
        "canonical",
        "og:url",
        "browser",
        "HTTrack",
        "base",
        "broken browser's",
        "broken canonical",
        "file name",
        "index",
    ],
)
def test_a_page_has_the_address_it_says(tmp_path: Path, name: str, words: str, url: str) -> None:
    web = saved_web(folder(tmp_path, {name: f"<html><head>{words}</head></html>"}), HOME)
    answer = asyncio.run(web.get(url))
    assert answer.status == 200 and answer.fetched_at is not None
    assert asyncio.run(web.get(f"{HOME}/khac.html")).why_not == "not among the saved pages"


def test_a_page_without_an_address_has_the_one_it_is_linked_by(tmp_path: Path) -> None:
    pages = {"index.html": "<a href='/tin/a/'>A</a>", "tin/a.html": "<p>x</p>"}
    assert set(saved_web(folder(tmp_path, pages), HOME).addresses) == {f"{HOME}/", f"{HOME}/tin/a/"}


def test_pages_of_another_site_are_told_so(tmp_path: Path) -> None:
    place = folder(tmp_path, {"a.html": "<link rel=canonical href='https://khac.vn/1.html'>"})
    with pytest.raises(ValueError, match=r"no page of bao\.vn in it; it has pages of khac\.vn"):
        saved_web(place, HOME)
    with pytest.raises(ValueError, match="no such folder or file"):
        saved_web(tmp_path / "nowhere", HOME)


def test_a_page_that_tells_no_address_is_none_of_a_site_whose_host_the_others_do_not_tell(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<link rel="canonical" href="https://khac.vn/"><a href="/tin/a">a</a>')
    (tmp_path / "tin.html").write_text('<a href="/tin/b">b</a>')
    with pytest.raises(ValueError, match=r"no page of bao\.vn in it; it has pages of khac\.vn"):
        saved_web(tmp_path, "https://bao.vn")


def test_saved_pages_are_probed_as_a_site_is(tmp_path: Path) -> None:
    pages = {f"{url.removeprefix(HOME)}/index.html".lstrip("/"): words for url, words in small_site().items()}
    report = probe_saved(folder(tmp_path, pages), HOME, CLOCK)
    assert (report.family, report.live, report.requests) == ("dataimages", False, 0)
    assert [one.path for one in report.declared] == ["/kinh-te/", "/xa-hoi/"]
    assert len(report.samples) == len(report.by_layout) == 6


def test_a_warc_file_is_probed_too(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, "bao_ha_nam", Clock(THEN), lambda file: 0) as writer:
        writer.append_all(
            [
                Sent(url if url != HOME else f"{HOME}/", 200, [("Content-Type", "text/html")], words.encode(), THEN)
                for url, words in small_site().items()
            ]
        )
    [file] = tmp_path.rglob("*.warc.gz")
    report = probe_saved(file, HOME, CLOCK)
    assert report.family == "dataimages"
    assert {one.fetched_at for one in report.samples} == {THEN}
    assert len(report.by_layout) == 6
