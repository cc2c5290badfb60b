"""Exports of text groups: one text a story, all of its sources, and no story lost to a selection."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive.article import Block, BlockKind
from archive.database import Sessions
from archive.export.jsonl import export_jsonl
from archive.export.selection import Selection
from archive.export.txt import export_txt
from tests.archive.grouping import group
from tests.archive.helpers import HandClock, Site, at, page
from tests.archive.test_export import ALL, lines, table, tree

OURS, THEIRS, THIRD = "bao_quang_ninh", "bao_ha_nam", "bao_nghe_an"


@pytest.fixture
def three(make_site: Callable[..., Site], sessions: Sessions) -> None:
    """A story in three versions and four articles, of which another one is older; one story that stands alone."""
    ours, theirs, third = make_site(), make_site(THEIRS, "ha-nam"), make_site(THIRD, "nghe-an")
    theirs.save(page("1", "Cầu mới khánh thành.", published=at("2022-01-05", "08:00")))
    ours.save(page("1", "Cầu mới vừa khánh thành.", published=at("2022-01-05", "10:00")))
    ours.save(page("2", "Cầu mới khánh thành.", published=at("2022-02-01")))
    third.save(page("1", "Cầu khánh thành.", published=at("2022-01-04")))
    ours.save(page("9", "Chuyện khác.", published=at("2022-01-05", "09:00")))
    group(sessions, [f"{THEIRS}-1", f"{OURS}-1", f"{THIRD}-1"])


def texts(folder: Path) -> dict[str, str]:
    """The text files by the article that the table names for them."""
    return {row["article"]: (folder / row["path"]).read_text("utf-8").strip() for row in table(folder / "metadata.csv")}


@pytest.mark.usefixtures("three")
def test_txt_holds_one_text_a_story_and_every_source(sessions: Sessions, tmp_path: Path) -> None:
    exported = export_txt(sessions, tmp_path, ALL)
    assert texts(tmp_path) == {f"{THEIRS}-1": "Cầu mới khánh thành.", f"{OURS}-9": "Chuyện khác."}
    rows = {row["article"]: row for row in table(tmp_path / "metadata.csv")}
    story = rows[f"{THEIRS}-1"]
    assert (story["text_group"], story["versions"], story["sources"]) == (story["text_id"], "3", "4")
    assert story["path"].startswith(f"{THEIRS}/2022/01/")
    assert (rows[f"{OURS}-9"]["versions"], rows[f"{OURS}-9"]["sources"]) == ("1", "1")
    sources = [row for row in table(tmp_path / "sources.csv") if row["text_group"] == story["text_id"]]
    assert [row["article"] for row in sources] == [f"{THEIRS}-1", f"{OURS}-2", f"{THIRD}-1", f"{OURS}-1"]
    assert len({row["text_id"] for row in sources}) == 3
    assert (exported.articles, exported.texts) == (5, 2)
    assert len([name for name in tree(tmp_path) if name.endswith(".txt")]) == 2


@pytest.mark.usefixtures("three")
def test_all_holds_every_version(sessions: Sessions, tmp_path: Path) -> None:
    exported = export_txt(sessions, tmp_path, ALL, unique=False)
    rows = {row["article"]: row for row in table(tmp_path / "metadata.csv")}
    assert rows.keys() == {f"{THEIRS}-1", f"{OURS}-1", f"{THIRD}-1", f"{OURS}-9"}
    story = rows[f"{THEIRS}-1"]["text_id"]
    assert {row["article"] for row in rows.values() if row["text_group"] == story} == rows.keys() - {f"{OURS}-9"}
    assert [rows[one]["versions"] for one in (f"{THEIRS}-1", f"{OURS}-1", f"{OURS}-9")] == ["3", "3", "1"]
    assert [rows[one]["sources"] for one in (f"{THEIRS}-1", f"{OURS}-1")] == ["2", "1"]
    assert (exported.articles, exported.texts, len(table(tmp_path / "sources.csv"))) == (5, 4, 5)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("selection", "written", "sources", "versions"),
    [
        # The canonical text, though another version is older.
        (Selection(end=date(2022, 1, 5)), f"{THEIRS}-1", 3, 3),
        # Without the canonical text the earliest of what is selected.
        (Selection(sites=(THIRD,)), f"{THIRD}-1", 1, 1),
        (Selection(sites=(OURS, THIRD), end=date(2022, 1, 5)), f"{THIRD}-1", 2, 2),
        # The canonical text where another article of it is selected.
        (Selection(sites=(OURS,)), f"{OURS}-2", 2, 2),
        (Selection(start=date(2022, 2, 1)), f"{OURS}-2", 1, 1),
    ],
)
def test_a_selection_loses_no_story(
    sessions: Sessions, tmp_path: Path, selection: Selection, written: str, sources: int, versions: int
) -> None:
    export_txt(sessions, tmp_path, selection)
    [row] = [row for row in table(tmp_path / "metadata.csv") if row["article"] != f"{OURS}-9"]
    assert (row["article"], row["sources"], row["versions"]) == (written, str(sources), str(versions))
    export_jsonl(sessions, tmp_path, selection, unique=True)
    [line] = [line for line in lines(tmp_path) if line["article"] != f"{OURS}-9"]
    assert (line["article"], len(line["sources"])) == (written, sources)
    assert line["text_group"] == row["text_group"]


@pytest.mark.usefixtures("three")
def test_jsonl_names_the_group_and_holds_every_article(sessions: Sessions, tmp_path: Path) -> None:
    export_jsonl(sessions, tmp_path, ALL)
    rows = {row["article"]: row for row in lines(tmp_path)}
    assert len(rows) == 5
    story = rows[f"{THEIRS}-1"]["text_id"]
    assert {name for name, row in rows.items() if row["text_group"] == story} == rows.keys() - {f"{OURS}-9"}
    assert all("sources" not in row for row in rows.values())


@pytest.mark.usefixtures("three")
def test_jsonl_with_one_object_a_story(make_site: Callable[..., Site], sessions: Sessions, tmp_path: Path) -> None:
    pictures = make_site("hong_linh", "ha-tinh")
    for key in ("7", "8"):
        pictures.save(page(key, blocks=()))
    exported = export_jsonl(sessions, tmp_path, ALL, unique=True)
    rows = lines(tmp_path)
    assert [row["article"] for row in rows if row["text_id"] is None] == ["hong_linh-7", "hong_linh-8"]
    assert [len(row["sources"]) for row in rows[-2:]] == [1, 1], "what has no text is nobody's version"
    groups = [row["text_group"] for row in rows[:-2]]
    assert groups == sorted(groups)
    [story] = [row for row in rows if row["article"] == f"{THEIRS}-1"]
    assert story["text"] == "Cầu mới khánh thành."
    assert story["sources"][1] == {
        "article": f"{OURS}-2", "site": OURS, "url": "https://baoquangninh.com.vn/bai-2", "published": "2022-02-01",
        "text_id": story["text_id"],
    }  # fmt: skip
    assert (exported.articles, exported.texts, len(rows)) == (7, 2, 4)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("export", [export_txt, export_jsonl])
@pytest.mark.parametrize("unique", [True, False])
def test_the_same_groups_give_the_same_bytes(
    sessions: Sessions, tmp_path: Path, clock: HandClock, export: Callable[..., Any], unique: bool
) -> None:
    export(sessions, tmp_path / "a", ALL, unique=unique)
    clock.advance(days=3)
    export(sessions, tmp_path / "b", ALL, unique=unique)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    [name] = (tmp_path / "a").glob("manifest-*.json")
    assert json.loads(name.read_text("utf-8"))["filters"]["unique"] is unique


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("unique", [True, False])
def test_failed_extractions_are_left_out_and_counted(sessions: Sessions, tmp_path: Path, unique: bool) -> None:
    group(sessions, failed=[f"{THEIRS}-1"])
    for export in (export_txt, export_jsonl):
        exported = export(sessions, tmp_path, ALL, unique=unique)
        # Both articles with these words.
        assert (exported.articles, exported.template_only, exported.not_compared) == (3, 2, 0)
        assert export(sessions, tmp_path, Selection(sites=(THEIRS,)), unique=unique).template_only == 1
    assert [name for name in tree(tmp_path) if name.endswith(".txt")] == []
    assert lines(tmp_path) == []


@pytest.mark.usefixtures("three")
def test_texts_that_wait_are_stories_of_their_own_and_counted(sessions: Sessions, tmp_path: Path) -> None:
    group(sessions, [f"{THEIRS}-1", f"{THIRD}-1"], waiting=[f"{OURS}-1", f"{OURS}-9"])
    exported = export_txt(sessions, tmp_path, ALL)
    assert (exported.texts, exported.not_compared) == (3, 2)
    rows = {row["article"]: row for row in table(tmp_path / "metadata.csv")}
    assert rows[f"{OURS}-1"]["text_group"] == rows[f"{OURS}-1"]["text_id"]
    counts = json.loads((tmp_path / "manifest-txt.json").read_text("utf-8"))["counts"]
    assert counts == {"articles": 5, "texts": 3, "template_only": 0, "not_compared": 2}


def test_without_captions_a_story_is_told_in_the_words_that_are_left(
    make_site: Callable[..., Site], sessions: Sessions, tmp_path: Path
) -> None:
    """The canonical text is nothing but a caption: the version beside it is written in its place."""
    make_site().save(page("1", blocks=(Block(BlockKind.CAPTION, "Cầu mới."),), published=at("2022-01-01")))
    make_site(THEIRS, "ha-nam").save(page("1", "Cầu mới đã xong.", published=at("2022-01-02")))
    group(sessions, [f"{OURS}-1", f"{THEIRS}-1"])
    export_txt(sessions, tmp_path, Selection(captions=False))
    assert texts(tmp_path) == {f"{THEIRS}-1": "Cầu mới đã xong."}
    [source] = table(tmp_path / "sources.csv")
    assert source["article"] == f"{THEIRS}-1"
    export_jsonl(sessions, tmp_path, Selection(captions=False), unique=True)
    [line] = lines(tmp_path)
    assert (line["article"], line["text"], len(line["sources"])) == (f"{THEIRS}-1", "Cầu mới đã xong.", 2)


def test_a_large_group_comes_out_whole(
    site: Site, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More versions than are read at a time."""
    monkeypatch.setattr("archive.records._BATCH", 3)
    for number in range(10):
        site.save(page(f"{number:02}", f"Bản {number}."))
    group(sessions, [f"{OURS}-{number:02}" for number in (4, 0, 1, 2, 3, 5, 6, 7)])
    export_txt(sessions, tmp_path, ALL)
    rows = {row["article"][-2:]: (row["versions"], row["sources"]) for row in table(tmp_path / "metadata.csv")}
    assert rows == {"04": ("8", "8"), "08": ("1", "1"), "09": ("1", "1")}
    export_txt(sessions, tmp_path, ALL, unique=False)
    assert sorted(row["versions"] for row in table(tmp_path / "metadata.csv")) == ["1", "1", *["8"] * 8]
