"""The parts of the bench that can be wrong without anybody noticing: its pages, its server, its ratios."""

import http.client
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archive.article import Article
from archive.database import open_engine, reading, session_factory, upgrade
from archive.readings import Effect, Readings, Scope
from archive.records import records
from archive.settings import Settings
from crawler.extraction.read import read
from crawler.rereading import reread, work_of
from tests.bench import export, reextract
from tests.bench.crawl import served
from tests.bench.measure import Row, Unfit, in_turn, row
from tests.bench.pages import FETCHED, Sample, mean_size, sample_pages, saved_pages
from tests.crawler.rereading import ThisProcess

SAVED = """<html><head><title>x</title></head><body><h1 class="title">Bản Khau Pùng có cầu mới</h1>
<div id="news-bodyhtml"><p>Sáng 12/3, bà con bản Khau Pùng khánh thành cầu treo dài 60 mét bắc qua suối Nậm Chảy.</p>
<p>Từ nay học trò không còn phải lội suối đến trường vào mùa mưa lũ.</p></div></body></html>"""


def texts(pages: list[Sample]) -> dict[str, str]:
    found = {one.url: read(one.page(), one.facts, FETCHED).result for one in pages}
    return {url: result.text for url, result in found.items() if isinstance(result, Article)}


def test_weight_changes_no_text_of_a_page() -> None:
    light, heavy = sample_pages(), sample_pages(60_000)
    assert 55 <= mean_size(heavy) <= 65
    assert len(heavy) >= 0.9 * len(light)
    known = texts(light)
    assert texts(heavy).items() <= known.items()


def test_saved_pages_are_those_that_a_layout_reads(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cau-moi.html").write_text(SAVED, encoding="utf-8")
    (tmp_path / "strange.html").write_text("<p>Trang chủ</p>", encoding="utf-8")
    [found] = saved_pages(tmp_path)
    assert [layout.name for layout in found.facts.layouts] == ["nukeviet"]
    assert "cầu treo dài 60 mét" in texts([found])[found.url]


def test_a_folder_without_such_pages_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="no page of it is read as an article"):
        saved_pages(tmp_path)


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    one = row("x", "pages/s", [(10.0, 2.0), (30.0, 10.0), (8.0, 2.0)], 4.0)
    assert (one.ratio, one.ours, one.reference) == (4.0, 10.0, 2.0)
    assert one == Row("x", 10.0, 2.0, "pages/s", (5.0, 3.0, 4.0), 4.0)


def test_both_sides_take_turns_at_going_first() -> None:
    order: list[str] = []

    def side(name: str, rate: float) -> float:
        order.append(name)
        return rate

    pairs = list(in_turn(3, lambda: side("ours", 1.0), lambda: side("reference", 2.0)))
    assert order == ["ours", "reference", "reference", "ours", "ours", "reference"]
    assert pairs == [(1.0, 2.0)] * 3


def test_the_bench_site_serves_its_articles_and_lists_all_of_them() -> None:
    with served(30, 20_000) as site:
        address = urlsplit(site.proxy)
        assert address.hostname == "127.0.0.1"
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)

        def get(url: str) -> bytes:
            connection.request("GET", url)
            return connection.getresponse().read()

        pages = [get(url) for url in site.urls]
        listed = b"".join(get(url) for url in site.listings)
        connection.close()
    assert len(set(site.urls)) == len(set(pages)) == 30
    assert all(18_000 <= len(page) <= 22_000 for page in pages)
    assert all(urlsplit(url).path.encode() in listed for url in site.urls)


def test_export_and_plain_loops_write_the_same_files() -> None:
    rows = export.measure(60, 1)
    assert len(rows) == 4
    assert all(one.ours > 0 and one.reference > 0 for one in rows)


def test_the_exported_archive_has_what_makes_an_export_work(tmp_path: Path) -> None:
    export.fill(tmp_path / "data", 60)
    rows = list(export.selected(tmp_path / "data", export.LINES))
    bodies = [one["body"] for one in rows]
    assert len(rows) == 60
    assert len(set(bodies)) == 54
    assert 1_900 <= sum(map(len, bodies)) / 60 <= 2_500
    for column in ("author", "affiliation", "section", "views", "tags", "modified_instant", "published_instant"):
        assert len({one[column] for one in rows}) > 1, column


@pytest.mark.parametrize("change", ["another byte", "a file less", "a file more"])
def test_speeds_of_different_files_are_no_measurement(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def plain(rows: Iterable[sqlite3.Row], folder: Path) -> None:
        export.plain_jsonl(rows, folder)
        lines = folder / "articles.jsonl"
        match change:
            case "another byte":
                lines.write_bytes(lines.read_bytes()[:-1] + b" ")
            case "a file less":
                lines.unlink()
            case "a file more":
                (folder / "more.jsonl").touch()

    monkeypatch.setattr(export, "FORMATS", {"jsonl": (export.LINES, plain)})
    with pytest.raises(Unfit, match=r"differ in 1 files.*: (articles|more)\.jsonl"):
        export.measure(20, 1)


def test_an_export_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="there is no archive yet"):
        export.exported(tmp_path / "data", "txt", tmp_path / "out")


def test_the_archive_read_again_has_pages_of_every_size_each_an_article(tmp_path: Path) -> None:
    settings = Settings.from_environment({"BAOTINH_DATA": str(tmp_path)})
    engine = open_engine(settings.database_url)
    upgrade(engine)
    sessions = session_factory(engine)
    assert 60 <= reextract.fill(settings, sessions, 40) <= 120
    readings = Readings(sessions, "2", settings.clock)
    assert readings.count(Scope()) == 40
    report = reread(readings, Scope(), ThisProcess(work_of(settings.captures)))
    assert report.effects == {Effect.SAME: 40}
    with reading(sessions) as session:
        assert len(list(records(session))) == 40
    engine.dispose()
