"""The command that writes the floors: it raises them freely and lowers none without a reason."""

import shutil
from pathlib import Path

import pytest

from tests.quality.corpus import MEASURED, NoGolden, Scores
from tests.quality.floors import FILE, Floor, Floors, dump, fallen, load
from tests.quality.scorer import Score
from tests.quality.update import REFUSED, SHOWN, UNUSABLE, main

PINS = {"site/1": "aaaa bbbb", "site/": "cccc"}


def scores(way: str = "layouts", /, **changed: Score) -> Scores:
    """Eight of ten by every measure of every way, but for what `changed` says of one way."""
    out = {name: dict.fromkeys(measures, Score(8, 10, ("site/1",))) for name, measures in MEASURED.items()}
    out[way] |= changed
    return out


def run(file: Path, now: Scores, *arguments: str, pins: dict[str, str] = PINS) -> int:
    return main(list(arguments), file, lambda: (now, pins))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with floors of eight of ten."""
    file = tmp_path / "floors.toml"
    assert run(file, scores()) == 0
    return file


LOWER = [
    pytest.param({"title": Score(7, 10, ("site/2",))}, "layouts title", id="less is right"),
    pytest.param({"title": Score(8, 11, ("site/2",))}, "layouts title", id="more is missed in a larger corpus"),
    pytest.param({"title": Score(8, 9, ("site/2",))}, "layouts title", id="fewer are measured"),
    pytest.param({"text_f1": Score(7.9999, 10, ("site/2",))}, "layouts text_f1", id="a share less"),
    pytest.param({"noise_lines": Score(9, 10, ("site/2",))}, "layouts noise_lines", id="more is wrong"),
    pytest.param({"noise_lines": Score(8, 9, ("site/2",))}, "layouts noise_lines", id="fewer could be wrong"),
    pytest.param(
        {"title": Score(7, 10, ("site/2",)), "author": Score(10, 10)}, "layouts title", id="another is better"
    ),
]


def test_the_first_run_writes_every_floor_and_every_pin(file: Path) -> None:
    floors = load(file)
    assert {way: tuple(known) for way, known in floors.ways.items()} == MEASURED
    assert floors.ways["layouts"]["title"] == Floor(8, 10)
    assert floors.pins == PINS


@pytest.mark.parametrize(("worse", "fell"), LOWER)
def test_it_refuses_to_lower_a_floor_and_writes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str], worse: dict[str, Score], fell: str
) -> None:
    before = file.read_bytes()
    assert run(file, scores(**worse), pins={"site/1": "dddd"}) == REFUSED
    assert file.read_bytes() == before
    said = capsys.readouterr()
    assert f"{fell} fell; not right: site/2" in said.err
    assert said.err.count(" fell;") == 1
    assert "--because" in said.err
    assert said.out.count("LOWER") == 1


def test_pages_that_are_new_or_changed_are_named_first(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = tuple(f"site/{n}" for n in range(10, 10 + SHOWN))
    worse = scores(title=Score(1, 10, (*others, "site/1", "site/2")))
    assert run(file, worse, pins={"site/1": "aaaa dddd", "site/2": "eeee ffff", **dict.fromkeys(others, "")}) == REFUSED
    said = capsys.readouterr().err
    assert "not right: site/10 (new), " in said
    known = {"site/1": "aaaa bbbb", "site/": "cccc", **dict.fromkeys(others, "0000 0000")}
    assert run(file, scores(), pins=known) == 0
    assert run(file, worse, pins={**known, "site/1": "aaaa dddd", "site/2": "eeee ffff"}) == REFUSED
    assert "not right: site/2 (new), site/1 (changed), site/10, site/11, " in capsys.readouterr().err


@pytest.mark.parametrize(("worse", "fell"), LOWER)
def test_it_lowers_a_floor_for_a_reason_and_keeps_it_there(file: Path, worse: dict[str, Score], fell: str) -> None:
    way, name = fell.split()
    now = worse[name]
    assert run(file, scores(**worse), "--because", "the portal\n hides  its “titles”") == 0
    floors = load(file)
    assert floors.ways[way][name].amount == now.amount
    assert floors.ways[way][name].of == now.of
    assert [(w, n) for w, known in floors.ways.items() for n, floor in known.items() if floor.lowered] == [(way, name)]
    (reason,) = floors.ways[way][name].lowered
    assert reason.startswith("8 of 10 -> ")
    assert reason.endswith(": the portal hides its “titles”")


def test_it_raises_floors_without_a_reason(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, scores("whole_page", title=Score(9, 10), lost_lines=Score(2, 10), author=Score(11, 13))) == 0
    floors = load(file).ways["whole_page"]
    assert (floors["title"], floors["lost_lines"], floors["author"]) == (Floor(9, 10), Floor(2, 10), Floor(11, 13))
    assert capsys.readouterr().out.count("better") == 3
    assert run(file, scores()) == REFUSED


def test_a_reason_outlives_the_floor_it_was_given_for(file: Path) -> None:
    assert run(file, scores(title=Score(5, 10)), "--because", 'one "reason" \\ of two') == 0
    assert run(file, scores(title=Score(4, 10)), "--because", "another") == 0
    assert run(file, scores(title=Score(10, 10))) == 0
    told = ('8 of 10 -> 5 of 10: one "reason" \\ of two', "5 of 10 -> 4 of 10: another")
    assert load(file).ways["layouts"]["title"] == Floor(10, 10, told)
    assert dump(load(file)) == file.read_text(encoding="utf-8")


def test_a_reason_that_nothing_needs_is_not_kept(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    assert run(file, scores(), "--because", "to be safe") == 0
    assert file.read_bytes() == before
    assert "not kept" in capsys.readouterr().out


def test_an_empty_reason_is_none(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(file, scores(title=Score(1, 10)), "--because", "  ")
    assert ended.value.code == 2
    assert "needs a reason" in capsys.readouterr().err


def test_the_reference_has_no_floor(file: Path) -> None:
    assert run(file, scores("reference", title=Score(1, 10))) == 0
    assert load(file).ways["reference"]["title"] == Floor(1, 10)


def test_a_changed_corpus_is_shown_and_pinned(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = {"site/1": "aaaa dddd", "site/2": "eeee ffff", "site/": "0000"}
    capsys.readouterr()
    assert run(file, scores(), pins=now) == 0
    said = capsys.readouterr().out.splitlines()
    assert {"truth changed: site/1", "new: site/2", "page changed: site/"} <= set(said)
    assert load(file).pins == now
    assert run(file, scores(), pins={"site/1": "aaaa dddd", "site/": "0000"}) == 0
    assert "gone: site/2" in capsys.readouterr().out.splitlines()
    assert run(file, scores(), pins={"site/1": "aaaa dddd", "site/": "0000"}) == 0
    assert "site/" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<<<<<<< HEAD\n[layouts]\n", "line 1"),
        ("[layout]\n", "[layout]: there is no such way of reading, only layouts, whole_page, reference"),
        ("[layouts]\ntitel = { right = 1, of = 2 }\n", "[layouts] titel: there is no such measure"),
        ("[layouts]\ntitle = { right = 1 }\n", "[layouts] title: a floor has the form { right = 1, of = 2 }"),
        ("[layouts]\ntitle = { wrong = 1, of = 2 }\n", "{ right = 1, of = 2 }"),
        ("[layouts]\nnoise_lines = { right = 1, of = 2 }\n", "{ wrong = 1, of = 2 }"),
        ('[layouts]\ntitle = { right = "all", of = 2 }\n', "[layouts] title: a floor"),
        ("[layouts]\ntitle = { right = -1, of = 2 }\n", "[layouts] title: a floor"),
        ("[layouts]\ntitle = { right = 1, of = 2, lowered = 3 }\n", "[layouts] title: a floor"),
        ("[layouts]\ntitle = 12\n", "[layouts] title: a floor"),
        ("title = 12\n", "title: the line stands in no section"),
        ('[pins]\n"site/1" = 12\n', "[pins] site/1: a pin is a string"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_left_as_it_is(
    file: Path, capsys: pytest.CaptureFixture[str], content: str, says: str
) -> None:
    file.write_text(content, encoding="utf-8")
    assert run(file, scores()) == UNUSABLE
    said = capsys.readouterr().err
    assert str(file) in said
    assert says in said
    assert "take the file back from version control" in said
    assert file.read_text(encoding="utf-8") == content


def test_a_page_without_a_golden_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def measure() -> tuple[Scores, dict[str, str]]:
        raise NoGolden("site/1 has no golden")

    assert main([], tmp_path / "floors.toml", measure) == UNUSABLE
    assert capsys.readouterr().err == "site/1 has no golden\n"


def test_it_measures_the_golden_set(tmp_path: Path) -> None:
    file = tmp_path / "floors.toml"
    shutil.copy(FILE, file)
    assert main([], file) == 0
    written = load(file)
    now = {way: {name: Score(one.amount, one.of) for name, one in known.items()} for way, known in written.ways.items()}
    assert list(fallen(load(FILE), now)) == []
    assert list(fallen(Floors(written.ways), now)) == []
