"""Exports: deterministic, complete, and never at the cost of a file that is not theirs."""

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from archive.article import ArticleKind, Attachment, Block, BlockKind, Rejection
from archive.database import Sessions
from archive.export import staging
from archive.export.jsonl import export_jsonl
from archive.export.selection import ExportError, Selection
from archive.export.txt import export_txt
from tests.archive.helpers import HandClock, Site, at, found, page

ALL = Selection()
SHARED = "Bài dùng chung."


@pytest.fixture
def two(make_site: Callable[..., Site], clock: HandClock) -> tuple[Site, Site]:
    """Two sites: a shared text, an undated one, captions, a photo story, a refused page."""
    first, second = make_site(), make_site("tuyen_giao_binh_phuoc", "binh-phuoc")
    first.save(page("1", SHARED, published=at("2022-01-06", "08:00"), author="=cmd()"))
    first.save(page("2", "Không ngày.", published=None))
    captioned = (
        Block(BlockKind.LEAD, "Sapô."),
        Block(BlockKind.CAPTION, "Chú thích."),
        Block(BlockKind.PARAGRAPH, "Đoạn."),
    )
    listed = found("3", section="Ảnh")
    attached = (Attachment("https://x.vn/a.pdf", "Tải"),)
    first.save(page("3", blocks=captioned, views=7, tags=("a",), attachments=attached), found=listed)
    first.save(page("4", blocks=(), kind=ArticleKind.MEDIA))
    first.save(Rejection("no-body", "nothing"), url="https://baoquangninh.com.vn/5")
    second.save(page("1", SHARED, published=at("2021-12-31")))
    second.save(page("6", blocks=(Block(BlockKind.CAPTION, "Chỉ có ảnh."),), published=at("2022-01-01", "00:00")))
    return first, second


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "articles.jsonl").read_text("utf-8").splitlines()]


def test_txt(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    progress: list[int] = []
    exported = export_txt(sessions, tmp_path / "out", ALL, progress.append)
    files = tree(tmp_path / "out")
    rows = {row["title"]: row for row in table(tmp_path / "out" / "metadata.csv")}
    shared = rows["Bài 1"]
    # In the folder of its first source record, which another site has.
    assert shared["path"] == f"tuyen_giao_binh_phuoc/2021/12/{shared['text_id']}.txt"
    assert files[shared["path"]] == f"{SHARED}\n".encode()
    assert shared["sources"] == "2"
    assert (shared["site"], shared["article"]) == ("tuyen_giao_binh_phuoc", "tuyen_giao_binh_phuoc-1")
    assert (shared["published"], shared["date_precision"]) == ("2021-12-31", "day")
    assert (shared["province_then"], shared["province_now"]) == ("Bình Phước", "Đồng Nai")
    assert shared["syllables"] == "3"
    assert rows["Bài 2"]["path"] == f"bao_quang_ninh/undated/{rows['Bài 2']['text_id']}.txt"
    assert files[rows["Bài 3"]["path"]].decode() == "Sapô.\n\nChú thích.\n\nĐoạn.\n"
    assert rows["Bài 3"]["published"] == "2022-01-05T08:00:00+07:00"
    assert set(rows) == {"Bài 1", "Bài 2", "Bài 3", "Bài 6"}
    # Every file is named in the table and every row has its file.
    assert {row["path"] for row in rows.values()} == {name for name in files if name.endswith(".txt")}
    sources = table(tmp_path / "out" / "sources.csv")
    assert [s["article"] for s in sources if s["text_id"] == shared["text_id"]] == [
        "tuyen_giao_binh_phuoc-1",
        "bao_quang_ninh-1",
    ]
    assert sources[0].keys() >= {"fetched_at", "capture_file", "capture_offset", "url"}
    assert exported.texts == 4
    assert exported.articles == len(sources) == sum(progress) == 5
    assert not any(b"\r" in content or content.startswith(b"\xef\xbb\xbf") for content in files.values())
    assert next(iter(table(tmp_path / "out" / "metadata.csv")[0])) == "text_id"


def test_jsonl(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    exported = export_jsonl(sessions, tmp_path, ALL)
    rows = lines(tmp_path)
    order = [(row["site"], row["published"] or "", row["article"]) for row in rows]
    assert order == sorted(order)
    assert [row["title"] for row in rows] == ["Bài 2", "Bài 3", "Bài 4", "Bài 1", "Bài 1", "Bài 6"]
    assert exported.articles == 6
    three = rows[1]
    fetched = "2022-01-05T12:00:00+07:00"
    text_id = three.pop("text_id")
    assert len(text_id) == 16
    # No other is like it, so it is the canonical text of its group.
    assert three.pop("text_group") == text_id
    assert three == {
        "url": "https://baoquangninh.com.vn/bai-3", "site": "bao_quang_ninh", "article": "bao_quang_ninh-3",
        "title": "Bài 3", "lead": "Sapô.", "text": "Sapô.\n\nChú thích.\n\nĐoạn.", "captions": ["Chú thích."],
        "published": "2022-01-05T08:00:00+07:00", "date_precision": "minute", "date_source": "layout",
        "date_raw": "2022-01-05 08:00", "modified": None, "author": None, "affiliation": None,
        "source_credit": None, "section": None, "sections": ["Ảnh"], "tags": ["a"], "kind": "article",
        "views": 7, "language": None, "attachments": [{"url": "https://x.vn/a.pdf", "label": "Tải"}],
        "province_then": "Quảng Ninh", "province_now": "Quảng Ninh", "fetched_at": fetched,
        "layout": "2020", "extractor_version": "1", "flags": [],
        "urls": ["https://baoquangninh.com.vn/bai-3"],
    }  # fmt: skip
    assert (rows[2]["text"], rows[2]["text_id"], rows[2]["text_group"], rows[2]["kind"]) == ("", None, None, "media")
    assert (rows[4]["published"], rows[4]["date_precision"]) == ("2021-12-31", "day")
    assert rows[0]["published"] is None


@pytest.mark.parametrize("export", [export_txt, export_jsonl])
def test_the_same_archive_gives_the_same_bytes(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, clock: HandClock, export: Callable[..., Any]
) -> None:
    export(sessions, tmp_path / "a", ALL)
    clock.advance(days=3)
    export(sessions, tmp_path / "b", ALL)
    export(sessions, tmp_path / "b", ALL)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert not [path for path in (tmp_path / "b").iterdir() if path.name.startswith(".")]


def test_the_order_of_arrival_does_not_matter(
    make_site: Callable[..., Site], sessions: Sessions, tmp_path: Path
) -> None:
    site = make_site()
    for key in ("b", "a", "c"):
        site.save(page(key, SHARED))
    export_txt(sessions, tmp_path, ALL)
    assert table(tmp_path / "metadata.csv")[0]["article"] == "bao_quang_ninh-a"


def test_without_captions(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    export_txt(sessions, tmp_path, Selection(captions=False))
    rows = {row["title"]: row for row in table(tmp_path / "metadata.csv")}
    assert (tmp_path / rows["Bài 3"]["path"]).read_text("utf-8") == "Sapô.\n\nĐoạn.\n"
    assert "Bài 6" not in rows, "nothing but captions"
    export_jsonl(sessions, tmp_path, Selection(captions=False))
    three = lines(tmp_path)[1]
    assert (three["text"], three["captions"]) == ("Sapô.\n\nĐoạn.", ["Chú thích."])
    assert three["text_id"] == rows["Bài 3"]["text_id"]


@pytest.mark.parametrize(
    ("selection", "articles"),
    [
        (Selection(sites=("bao_quang_ninh",)), ["q-2", "q-3", "q-4", "q-1"]),
        (Selection(provinces=("binh-phuoc",)), ["b-1", "b-6"]),
        (Selection(provinces=("Đồng Nai",)), ["b-1", "b-6"]),
        (Selection(provinces=("Quảng Ninh", "binh-phuoc"), sites=("tuyen_giao_binh_phuoc",)), ["b-1", "b-6"]),
        (Selection(start=date(2022, 1, 6)), ["q-1"]),
        # Midnight in Vietnam is still the year before in UTC.
        (Selection(start=date(2022, 1, 1), end=date(2022, 1, 1)), ["b-6"]),
        (Selection(end=date(2021, 12, 31)), ["b-1"]),
    ],
)  # fmt: skip
def test_selection(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, selection: Selection, articles: list[str]
) -> None:
    export_jsonl(sessions, tmp_path, selection)
    short = {"bao_quang_ninh": "q", "tuyen_giao_binh_phuoc": "b"}
    assert [f"{short[row['site']]}-{row['article'].split('-')[1]}" for row in lines(tmp_path)] == articles


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (Selection(sites=("bao_quang_nin",)), "no site 'bao_quang_nin'; it has bao_quang_ninh"),
        (Selection(provinces=("quang-nin",)), "did you mean quang-ninh"),
        (Selection(start=date(2022, 2, 1), end=date(2022, 1, 1)), "reversed"),
    ],
)
def test_a_bad_selection_is_refused(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, selection: Selection, says: str
) -> None:
    with pytest.raises(ExportError, match=says):
        export_jsonl(sessions, tmp_path / "out", selection)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_no_cell_is_a_formula(site: Site, sessions: Sessions, tmp_path: Path, start: str) -> None:
    site.save(page("1", title=f"{start}1+1", source_credit=f"{start}x"))
    export_txt(sessions, tmp_path, ALL)
    for name in ("metadata.csv", "sources.csv"):
        (row,) = table(tmp_path / name)
        safe = "'" + start.replace("\r", " ")
        assert (row["title"], row["source_credit"]) == (f"{safe}1+1", f"{safe}x")
    export_jsonl(sessions, tmp_path, ALL)
    assert lines(tmp_path)[0]["title"] == f"{start}1+1"


def test_the_next_export_takes_away_what_the_last_one_left(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    export_txt(sessions, tmp_path, ALL)
    export_jsonl(sessions, tmp_path, ALL)
    (tmp_path / ".partial-txt-stale").mkdir()
    export_txt(sessions, tmp_path, Selection(sites=("bao_quang_ninh",)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "articles.jsonl",
        "bao_quang_ninh",
        "manifest-jsonl.json",
        "manifest-txt.json",
        "metadata.csv",
        "notes.txt",
        "sources.csv",
    ]
    manifest = json.loads((tmp_path / "manifest-txt.json").read_text("utf-8"))
    filters = {
        "sites": ["bao_quang_ninh"], "provinces": [], "start": None, "end": None, "captions": True, "unique": True,
    }  # fmt: skip
    assert manifest == {
        "format": "txt",
        "filters": filters,
        "counts": {"articles": 3, "texts": 3, "template_only": 0, "not_compared": 0},
        "entries": ["bao_quang_ninh", "metadata.csv", "sources.csv"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("foreign", "export"),
    [
        ("metadata.csv", export_txt),
        ("bao_quang_ninh/notes.txt", export_txt),
        ("manifest-txt.json", export_txt),
        ("articles.jsonl", export_jsonl),
    ],
)
def test_a_foreign_file_in_the_way_is_kept(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, foreign: str, export: Callable[..., Any]
) -> None:
    (tmp_path / foreign).parent.mkdir(exist_ok=True)
    (tmp_path / foreign).write_text("mine")
    with pytest.raises(ExportError, match=foreign.partition("/")[0]):
        export(sessions, tmp_path, ALL)
    assert tree(tmp_path) == {foreign: b"mine"}


@pytest.mark.parametrize(
    "manifest",
    ['[]', '{"format": "txt"}', '{"format": "jsonl", "entries": []}', '{"format": "txt", "entries": "metadata.csv"}',
     '{"format": "txt", "entries": ["../mine"]}', '{"format": "txt", "entries": [".git"]}'],
)  # fmt: skip
def test_a_manifest_that_no_export_wrote_is_not_believed(sessions: Sessions, tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest-txt.json").write_text(manifest)
    with pytest.raises(ExportError, match=r"manifest-txt\.json: was not written by an export"):
        export_txt(sessions, tmp_path, ALL)
    assert tree(tmp_path) == {"manifest-txt.json": manifest.encode()}


def test_a_foreign_file_among_ours_is_kept(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    export_txt(sessions, tmp_path, ALL)
    (tmp_path / "bao_quang_ninh" / "2022" / "notes.txt").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(ExportError, match=r"notes\.txt: was not written by this export"):
        export_txt(sessions, tmp_path, ALL)
    assert tree(tmp_path) == before


def test_an_export_that_fails_leaves_the_last_one(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_txt(sessions, tmp_path, ALL)
    before = tree(tmp_path)
    written: list[Path] = []
    write_text = Path.write_text

    def full(path: Path, *args: Any, **options: Any) -> int:
        written.append(path)
        if len(written) == 2:
            raise OSError(28, "No space left on device", str(path))
        return write_text(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ExportError, match=r"cannot be written \(No space left on device"):
        export_txt(sessions, tmp_path, Selection(sites=("bao_quang_ninh",)))
    monkeypatch.undo()
    assert tree(tmp_path) == before


def test_an_export_killed_while_it_is_put_in_place_can_be_done_again(
    two: tuple[Site, Site], sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = Selection(sites=("tuyen_giao_binh_phuoc",))
    export_txt(sessions, tmp_path / "good", ALL)
    rename, renames = Path.rename, 0

    def killed(path: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames == stop:
            raise KeyboardInterrupt
        return rename(path, target)

    for stop in range(1, 8):
        export_txt(sessions, tmp_path / "out", only)
        renames = 0
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Path, "rename", killed)
            export_txt(sessions, tmp_path / "out", ALL)
        export_txt(sessions, tmp_path / "out", ALL)
        assert tree(tmp_path / "out") == tree(tmp_path / "good"), stop


def test_two_exports_do_not_meet(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    with (
        staging.Staging(tmp_path, "jsonl", "x").open(["articles.jsonl"]),
        pytest.raises(ExportError, match="another export is writing there"),
    ):
        export_jsonl(sessions, tmp_path, ALL)


def test_a_folder_that_cannot_be_one(two: tuple[Site, Site], sessions: Sessions, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="file"):
        export_txt(sessions, tmp_path / "file", ALL)


def test_names_come_from_ids(site: Site, sessions: Sessions, tmp_path: Path) -> None:
    site.save(page("../../evil", title="../../evil/<b>"))
    export_txt(sessions, tmp_path / "out", ALL)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(tree(tmp_path / "out")) == 4


def test_a_batch_is_all_that_is_held(
    site: Site, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More records than a batch holds come out whole and in order."""
    monkeypatch.setattr("archive.records._BATCH", 3)
    for number in range(10):
        site.save(page(f"{number:02}", SHARED if number < 5 else f"Bài {number}."))
    export_jsonl(sessions, tmp_path, ALL)
    assert [row["article"][-2:] for row in lines(tmp_path)] == [f"{number:02}" for number in range(10)]
    export_txt(sessions, tmp_path, ALL)
    assert sorted(row["sources"] for row in table(tmp_path / "metadata.csv")) == ["1"] * 5 + ["5"]
