"""Golden pages of a site: kept as sent, read back, compared, reviewed."""

import json
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from archive.article import Dated, Precision
from archive.clock import VIETNAM
from archive.database import ArchiveError
from archive.ledger import Found
from crawler.onboarding import goldens
from crawler.onboarding.goldens import (
    FIELDS,
    SavedPage,
    accept,
    differing,
    read_goldens,
    reading_of,
    review_of,
    update_goldens,
    write_goldens,
)
from tests.crawler.onboarding.pages import OF_SITE, SITE, saved, site_folder, spider
from tests.goldens.reading import load_golden

pytest_plugins = "pytester"

TEST_SITES = Path(__file__).parents[2] / "sites" / "test_golden_pages.py"
RUN = ("-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--tb=line")
LATER = datetime(2023, 4, 2, 9, 15, tzinfo=VIETNAM)


def change(file: Path, **fields: object) -> None:
    golden = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(goldens.written(golden | fields), encoding="utf-8")


def test_a_page_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    listed = Dated(LATER, Precision.MINUTE, "2/4/2023 9:15", "listing")
    page = saved(OF_SITE[0])
    found = Found(page.url, "2511101", "https://x.vn/", section="Chính trị", title="Tít", listed=listed, modified=LATER)
    page = SavedPage(page.url, page.content_type, page.body, page.fetched_at, found)
    assert write_goldens(tmp_path / SITE, spider(), [page]) == ["2511101"]
    [back] = read_goldens(tmp_path / SITE)
    assert back.saved == page


def test_a_sites_golden_says_what_the_sample_webs_says(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, len(OF_SITE))
    said = {one.expected["url"]: one.expected for one in read_goldens(folder)}
    for name in OF_SITE:
        golden = load_golden(name)
        assert golden is not None and said[golden["url"]] == golden


def test_pages_that_are_kept_again_are_the_same_bytes(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    site_folder(tmp_path)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert len(before) == 7, "three pages with their goldens, and site.json"


def test_two_addresses_with_one_key_are_two_pages_and_none_is_named_as_the_review(tmp_path: Path) -> None:
    pages = [
        SavedPage(f"http://baoquangninh.com.vn/{path}/", "text/html", b"<p>x</p>", LATER, Found("", key, ""))
        for path, key in (("a", "71"), ("b", "71"), ("c", "site"), ("d", "../Đường"))
    ]
    assert write_goldens(tmp_path, spider(), pages) == ["71", "71-2", "site-2", "duong"]
    assert [one.expected["rejection"] is not None for one in read_goldens(tmp_path)] == [True] * 4


def test_pages_that_led_to_one_address_are_one_golden(tmp_path: Path) -> None:
    first, other = saved(OF_SITE[0]), saved(OF_SITE[1])
    again = replace(first, found=Found("http://baoquangninh.com.vn/cu/", "cu", ""))
    names = write_goldens(tmp_path, spider(), [first, other, again])
    assert len(names) == 2 and sorted(names) == [one.name for one in read_goldens(tmp_path)]


def test_a_folder_without_pages_is_not_reviewed(tmp_path: Path) -> None:
    folder = site_folder(tmp_path, 1)
    for file in (folder / "2511101.json", folder / "2511101.html.gz"):
        file.unlink()
    said = {"reviewed": LATER.isoformat(), "by": "Lan", "digest": goldens.digest(folder)}
    (folder / "site.json").write_text(goldens.written(said), encoding="utf-8")
    assert (review_of(folder).stands, review_of(folder).at) == (False, LATER)


def test_the_tests_of_sites_fail_for_a_folder_without_pages(
    tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / SITE).mkdir()
    (tmp_path / SITE / "site.json").write_text('{"reviewed": null, "by": null, "digest": null}', encoding="utf-8")
    monkeypatch.setattr(goldens, "SITES", tmp_path)
    shutil.copy(TEST_SITES, pytester.path / "test_these_sites.py")
    done = pytester.runpytest_inprocess(*RUN)
    assert done.parseoutcomes()["failed"] == 1
    done.stdout.fnmatch_lines(["*has no golden page*"])


def test_a_reading_that_is_not_as_the_golden_says_is_told_by_field(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    change(folder / "2511101.json", title="Tít khác", author=None)
    [page, *_] = read_goldens(folder)
    assert differing(page.expected, reading_of(spider(), page.saved)) == ("title", "author")


def test_an_update_expects_what_is_read_and_takes_the_review_back(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    change(folder / "2511101.json", title="Tít khác")
    accept(folder, LATER, "Lan")
    changed = update_goldens(folder, spider())
    assert {name: old["title"] for name, (old, _) in changed.items()} == {"2511101": "Tít khác"}
    assert not review_of(folder).stands
    assert update_goldens(folder, spider()) == {}


def test_a_review_stands_until_a_page_changes(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    assert not review_of(folder).stands
    accept(folder, LATER, "Nguyễn Thị Lan")
    review = review_of(folder)
    assert (review.stands, review.at, review.by) == (True, LATER, "Nguyễn Thị Lan")
    assert update_goldens(folder, spider()) == {}
    assert review_of(folder).stands, "an update that changes nothing took it back"
    change(folder / "2511101.json", views=7)
    assert (review_of(folder).stands, review_of(folder).at) == (False, LATER)


def test_a_page_that_is_added_or_lost_ends_the_review(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    accept(folder, LATER, "Lan")
    (folder / "2511101.json").unlink()
    (folder / "2511101.html.gz").unlink()
    assert not review_of(folder).stands
    accept(folder, LATER, "Lan")
    write_goldens(folder, spider(), [saved(OF_SITE[5])])
    assert not review_of(folder).stands


def test_nothing_is_no_review(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no golden page to accept"):
        accept(tmp_path / SITE, LATER, "Lan")
    assert read_goldens(tmp_path / SITE) == []


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"address": 1}'])
def test_a_file_that_is_no_golden_is_named(tmp_path: Path, wrong: str) -> None:
    folder = site_folder(tmp_path)
    (folder / "2511101.json").write_text(wrong, encoding="utf-8")
    with pytest.raises(ArchiveError, match=r"2511101\.json: is no golden page"):
        read_goldens(folder)


def test_a_body_that_is_cut_or_missing_is_named(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    body = folder / "2511101.html.gz"
    body.write_bytes(body.read_bytes()[:200])
    with pytest.raises(ArchiveError, match=r"2511101\.json: is no golden page"):
        read_goldens(folder)
    body.unlink()
    with pytest.raises(ArchiveError, match=r"2511101\.json: is no golden page"):
        read_goldens(folder)


def test_a_review_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = site_folder(tmp_path)
    (folder / "site.json").write_text('{"reviewed": "gestern"}', encoding="utf-8")
    with pytest.raises(ArchiveError, match=r"site\.json: cannot be read"):
        review_of(folder)


def test_the_tests_of_sites_fail_for_a_field_and_for_want_of_a_review(
    tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = site_folder(tmp_path, 2)
    monkeypatch.setattr(goldens, "SITES", tmp_path)
    shutil.copy(TEST_SITES, pytester.path / "test_these_sites.py")
    first = pytester.runpytest_inprocess(*RUN)
    first.assert_outcomes(passed=1 + 2 * len(FIELDS), failed=1)
    first.stdout.fnmatch_lines(["*were looked at by nobody: baotinh sites review bao_quang_ninh, then --accept*"])
    change(folder / "2511101.json", title="Tít khác")
    accept(folder, LATER, "Lan")
    second = pytester.runpytest_inprocess(*RUN)
    second.assert_outcomes(passed=1 + 2 * len(FIELDS), failed=1)
    second.stdout.fnmatch_lines(["FAILED *bao_quang_ninh/2511101/title*"])


def test_without_any_site_the_tests_of_sites_pass(
    tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goldens, "SITES", tmp_path)
    shutil.copy(TEST_SITES, pytester.path / "test_these_sites.py")
    done = pytester.runpytest_inprocess(*RUN)
    done.assert_outcomes(passed=1)
