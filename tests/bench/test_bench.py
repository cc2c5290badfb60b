"""The parts of the bench that can be wrong without anybody noticing: its pages, its server, its ratios."""

import http.client
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
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
from tests.bench import export, intake, reextract, reprints
from tests.bench.crawl import served
from tests.bench.measure import Row, Unfit, in_turn, row
from tests.bench.pages import FETCHED, Sample, mean_size, sample_pages, saved_pages
from tests.bench.stories import CREDITED, REPRINTS, SITES, Kind, Text, generate
from tests.bench.words import syllables
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


@pytest.fixture(scope="module")
def more() -> list[Text]:
    return list(generate(1_000))


@pytest.fixture(scope="module")
def news(more: list[Text]) -> list[Text]:
    return more[:400]


def shares(one: Text) -> tuple[float, float]:
    """What a text has in common with that it was made from: Jaccard similarity, share of the shorter's shingles."""
    mine, other = (plain_shingles(core) for core in (one.core, one.made_from))
    return len(mine & other) / len(mine | other), len(mine & other) / min(len(mine), len(other))


def plain_shingles(core: Iterable[str]) -> set[tuple[str, ...]]:
    words = reprints.folded(" ".join(core))
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


def test_a_seed_gives_one_stream_of_news_however_much_of_it_is_taken(news: list[Text]) -> None:
    assert list(generate(150)) == news[:150]
    assert list(generate(150, seed=2)) != news[:150]
    assert [one.number for one in news] == list(range(400))
    assert [one.published for one in news] == sorted(one.published for one in news)


def test_news_are_as_long_and_as_various_as_the_bench_says(news: list[Text], more: list[Text]) -> None:
    originals = [one for one in news if one.kind is Kind.ORIGINAL]
    lengths = [syllables(*one.core) for one in originals]
    assert 480 <= sum(lengths) / len(lengths) <= 640
    assert min(lengths) >= 80
    assert max(lengths) <= 1_600
    assert {one.kind for one in more} == set(Kind)
    standing = Counter((one.site, line) for one in news for line in one.paragraphs if line not in one.core)
    assert all(SITES[site].title in line for site, line in standing)
    assert all(one.paragraphs == one.core for one in news if not any((one.site, p) in standing for p in one.paragraphs))
    assert {site for site, _ in standing} == set(range(len(SITES)))


@pytest.mark.parametrize(
    ("kind", "jaccard", "contained"),
    [
        (Kind.UNTOUCHED, (1, 1), (1, 1)),
        (Kind.RESTYLED, (1, 1), (1, 1)),
        (Kind.REWORDED, (0.6, 0.99), (0.75, 1)),
        (Kind.CHAINED, (0.6, 0.99), (0.75, 1)),
        (Kind.DROPPED, (0.6, 1), (0.95, 1)),
        (Kind.CUT, (0.5, 1), (0.99, 1)),
        (Kind.REWRITTEN, (0.35, 0.75), (0.5, 0.9)),
        (Kind.SECOND_REPORT, (0, 0.35), (0, 0.5)),
    ],
)
def test_a_kind_of_reprint_keeps_as_much_as_it_promises(
    kind: Kind, jaccard: tuple[float, float], contained: tuple[float, float], more: list[Text]
) -> None:
    some = [one for one in more if one.kind is kind]
    assert some
    for one in some:
        alike, shared = shares(one)
        assert jaccard[0] <= alike <= jaccard[1], one.number
        assert contained[0] <= shared <= contained[1], one.number
        assert one.credited is not None or kind not in CREDITED


def test_a_restyled_reprint_is_written_otherwise(more: list[Text]) -> None:
    restyled = [one for one in more if one.kind is Kind.RESTYLED]
    assert sum(one.core != one.made_from for one in restyled) > 0.9 * len(restyled)


def test_reprints_of_a_story_are_on_several_sites_and_later_than_their_original(news: list[Text]) -> None:
    originals = {one.story: one for one in news if one.kind is Kind.ORIGINAL}
    printed = Counter((one.story, one.site) for one in news)
    assert set(printed.values()) == {1}
    made = [one for one in news if one.kind in REPRINTS]
    assert len(made) > 50
    assert all(one.published > originals[one.story].published for one in made)


def test_bulletins_of_two_days_are_alike_and_of_two_stories(more: list[Text]) -> None:
    some = [one for one in more if one.kind is Kind.BULLETIN]
    of_site: dict[int, list[Text]] = {}
    for one in some:
        of_site.setdefault(one.site, []).append(one)
    assert len(of_site) == 8
    found = [shares_of(a, b) for texts in of_site.values() for a, b in pairwise(texts)]
    assert sum(jaccard >= reprints.LEAST_JACCARD for jaccard in found) > 0.6 * len(found)
    assert len({one.story for one in some}) == len({one.core for one in some}) == len(some)


def shares_of(one: Text, other: Text) -> float:
    mine, theirs = plain_shingles(one.core), plain_shingles(other.core)
    return len(mine & theirs) / len(mine | theirs)


def test_a_digest_holds_three_notices_and_much_more(more: list[Text]) -> None:
    digests = [one for one in more if one.kind is Kind.DIGEST]
    assert digests
    for digest in digests:
        held = [
            one
            for one in more
            if one.site == digest.site and one.kind is Kind.ORIGINAL and set(one.core) <= set(digest.core)
        ]
        assert len(held) == 3
        assert all(4 * syllables(*one.core) < syllables(*digest.core) for one in held)


def test_pairs_that_are_alike_are_those_that_comparing_each_with_each_finds(news: list[Text]) -> None:
    some = news[:120]
    plain = [plain_shingles(one.core) for one in some]
    numbering = reprints.Numbering()
    expected = {
        (a, b): len(one & other) / len(one | other)
        for b, other in enumerate(plain)
        for a, one in enumerate(plain[:b])
        if len(one & other) / len(one | other) >= reprints.LEAST_JACCARD
    }
    assert len(expected) > 5
    assert reprints.alike([numbering.shingles(" ".join(one.core)) for one in some]) == pytest.approx(expected)


def test_texts_that_are_alike_and_told_to_be_of_two_stories_are_no_truth(news: list[Text]) -> None:
    made = next(one for one in news if one.kind is Kind.RESTYLED)
    lying = [replace(one, story=-1) if one is made else one for one in news]
    assert reprints.wanted_pairs(news)
    with pytest.raises(Unfit, match="the truth is none"):
        reprints.wanted_pairs(lying)


@pytest.fixture(scope="module")
def found(news: list[Text]) -> reprints.Report:
    # Without the sites' lines, of which too few articles could be learned from.
    return reprints.measure([replace(one, paragraphs=one.core) for one in news[:200]])


def judged(report: reprints.Report, groups: dict[int, int]) -> reprints.Report:
    return replace(report, groups=groups, verdict=reprints.judge(report.texts, groups, report.wanted))


def test_generated_reprints_are_found_and_nothing_else(found: reprints.Report) -> None:
    assert found.verdict.wanted > 10
    assert len(found.groups) == 200
    assert found.methods["jaccard"] > 0
    found.check()


def test_a_pair_that_is_merged_wrongly_fails_the_bench(found: reprints.Report) -> None:
    bulletins = [one for one in found.texts if one.kind is Kind.BULLETIN and one.site == 0]
    one, other = bulletins[:2]
    wrong = judged(found, {**found.groups, one.number: found.groups[other.number]})
    assert wrong.verdict.precision < 1
    with pytest.raises(Unfit, match=rf"1 of \d+ merged pairs.*bao_quang_ninh {one.number} \(bulletin\)"):
        wrong.check()


def test_a_pair_that_is_missed_fails_the_bench(found: reprints.Report) -> None:
    alone = next(b for a, b in found.wanted)
    missed = judged(found, {**found.groups, alone: -1})
    assert missed.verdict.recall < reprints.LEAST_RECALL
    assert missed.verdict.precision == 1
    with pytest.raises(Unfit, match=r"wanted pairs are apart: .*Jaccard"):
        missed.check()


def test_a_text_without_a_group_is_merged_with_none(found: reprints.Report) -> None:
    groups = {number: group for number, group in found.groups.items() if number not in next(iter(found.wanted))}
    assert next(iter(found.wanted)) in judged(found, groups).verdict.missed


@pytest.mark.parametrize("database", intake.DATABASES)
def test_the_intake_is_measured_at_every_mark_with_groups_and_without(database: str) -> None:
    with intake.archives(database) as both:
        marks = list(intake.measured(database, both, (50, 150), 1))
        sizes = [reprints.groups_in(session_factory(engine)) for engine in both]
    assert [mark.texts for mark in marks] == [50, 150]
    assert all(mark.rate > 0 and mark.ungrouped > 0 and mark.size > 1_000 for mark in marks)
    assert [len(groups) for groups in sizes] == [150, 0]


def test_batches_are_of_one_site_and_no_larger_than_is_said(news: list[Text]) -> None:
    some = list(intake.batches(news, 8))
    assert sorted(one.number for batch in some for one in batch) == [one.number for one in news]
    assert all(len({one.site for one in batch}) == 1 and len(batch) <= 8 for batch in some)
    assert any(len(batch) == 8 for batch in some)
