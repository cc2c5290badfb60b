"""What show, reprints report and export say of text groups."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from archive.database import Sessions, downgrade, open_engine, reading, session_factory, upgrade
from archive.groups import Delay
from archive.ledger import Ledger
from archive.models import ReprintMethod
from archive.query import find_article
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import Store
from baotinh import app
from commands.stories import MOST_CARRIERS, delay_words, print_story
from tests.archive.grouping import group
from tests.archive.helpers import HandClock, Site, at, page

OURS, THEIRS = "bao_quang_ninh", "bao_ha_nam"


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """An empty archive that the commands work with."""
    monkeypatch.setenv("BAOTINH_DATA", str(tmp_path / "data"))
    engine = open_engine(Settings.from_environment({"BAOTINH_DATA": str(tmp_path / "data")}).database_url)
    upgrade(engine)
    yield session_factory(engine)
    engine.dispose()


@pytest.fixture
def make_site(sessions: Sessions) -> Callable[..., Site]:
    clock = HandClock()

    def make(name: str, province: str) -> Site:
        with sessions.begin() as session:
            record = SiteRecord(name, f"Báo {name}", "tandan", (f"{name}.vn",), province)
            site_id = register_site(session, record, clock)
        return Site(name, site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)

    return make


@pytest.fixture
def two(make_site: Callable[..., Site], sessions: Sessions) -> None:
    """A story of Hà Nam's that Quảng Ninh has reworded and printed a second time."""
    ours, theirs = make_site(OURS, "quang-ninh"), make_site(THEIRS, "ha-nam")
    theirs.save(page("1", "Cầu dài 60 mét đã xong.", published=at("2022-01-05", "08:00")))
    ours.save(page("1", "Cầu dài 65 mét đã xong.", published=at("2022-01-05", "10:00"), source_credit="Báo Hà Nam"))
    ours.save(page("2", "Cầu dài 65 mét vừa xong.", published=at("2022-01-07"), source_credit="[b]Báo Hạ[/b]"))
    group(
        sessions,
        [f"{THEIRS}-1", f"{OURS}-1", f"{OURS}-2"],
        credits={f"{OURS}-1": "ha nam"},
        names={"ha nam": THEIRS},
        pairs={
            (f"{THEIRS}-1", f"{OURS}-1"): (ReprintMethod.CREDITED, 0.41, 0.56),
            (f"{OURS}-1", f"{OURS}-2"): (ReprintMethod.JACCARD, 0.8, 0.9),
        },
    )


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, done.output
    return done


def lines_of_story(sessions: Sessions, wanted: str, *, versions: bool = False) -> list[str]:
    with reading(sessions) as session:
        [shown] = find_article(session, wanted)
    assert shown.story is not None
    written = io.StringIO()
    print_story(shown.story, shown.record, Console(file=written, width=160), versions=versions)
    return written.getvalue().splitlines()


@pytest.mark.usefixtures("two")
def test_show_names_who_was_first_and_who_after_and_how_the_words_differ(sessions: Sessions) -> None:
    head, *lines = lines_of_story(sessions, f"{OURS}-1")
    assert head.startswith("text group ")
    assert head.endswith(": 3 articles on 2 sites, 3 versions of the text")
    assert lines == [
        "  first: Báo bao_ha_nam, 2022-01-05 08:00, bao_ha_nam-1 https://baoquangninh.com.vn/bai-1",
        "  2 hours later: Báo bao_quang_ninh, 2022-01-05 10:00, bao_quang_ninh-1 (this article) "
        "https://baoquangninh.com.vn/bai-1",
        "      credited: 56% of the shorter one's shingles kept, Jaccard 0.41; credits Báo bao_ha_nam",
        "  2 days later: Báo bao_quang_ninh, 2022-01-07, bao_quang_ninh-2 https://baoquangninh.com.vn/bai-2",
        "      jaccard beside the text of Báo bao_quang_ninh: 90% of the shorter one's shingles kept, Jaccard 0.80; "
        "credits '[b]Báo Hạ[/b]', no site of the archive",
        "",
        "from the first (bao_ha_nam-1) to bao_quang_ninh-1:",
        "Cầu dài [-60-]{+65+} mét đã xong.",
    ]


@pytest.mark.usefixtures("two")
def test_the_first_one_has_no_difference_to_show_but_all_versions_have(sessions: Sessions) -> None:
    lines = lines_of_story(sessions, f"{THEIRS}-1")
    assert "bao_ha_nam-1 (this article)" in lines[1]
    assert not any(line.startswith("from the first") for line in lines)
    lines = lines_of_story(sessions, f"{THEIRS}-1", versions=True)
    assert [line for line in lines if line.startswith(("from the first", "Cầu"))] == [
        "from the first (bao_ha_nam-1) to bao_quang_ninh-1:",
        "Cầu dài [-60-]{+65+} mét đã xong.",
        "from the first (bao_ha_nam-1) to bao_quang_ninh-2:",
        "Cầu dài [-60-]{+65+} mét [-đã-]{+vừa+} xong.",
    ]


def test_a_long_group_is_cut_and_says_how_to_see_all(make_site: Callable[..., Site], sessions: Sessions) -> None:
    site = make_site(OURS, "quang-ninh")
    for number in range(MOST_CARRIERS + 5):
        site.save(page(f"{number:02}", f"Cầu dài {number} mét."))
    keys = [f"{OURS}-{number:02}" for number in range(MOST_CARRIERS + 5)]
    group(sessions, keys)
    lines = [line for line in lines_of_story(sessions, keys[-1]) if line.startswith("  ") and OURS in line]
    assert lines[-2] == f"  ... and 5 more; baotinh show {keys[-1]} --versions lists all"
    assert f"{keys[-1]} (this article)" in lines[-1]
    assert len(lines) == MOST_CARRIERS + 2
    assert len([line for line in lines_of_story(sessions, keys[0], versions=True) if ", bao_quang" in line]) == len(
        keys
    )


def test_show_tells_of_the_command_the_flag_and_the_texts_that_wait(
    make_site: Callable[..., Site], sessions: Sessions
) -> None:
    site = make_site(OURS, "quang-ninh")
    for key in ("1", "2"):
        site.save(page(key, "Đọc thêm trên báo."))
    site.save(page("3", "Một mình."))
    group(sessions, waiting=[f"{OURS}-1"])
    assert "the same words in 2 articles on 1 site; not compared" in run("show", f"{OURS}-1").output
    assert "text group" not in run("show", f"{OURS}-3").output
    group(sessions, failed=[f"{OURS}-1"])
    said = run("show", f"{OURS}-1").output
    assert "template-only" in said
    assert "1 other article with the same text" in said
    assert "first" not in said


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (Delay(0, 1.0), "1 hour later"),
        (Delay(0, 1.5), "1.5 hours later"),
        (Delay(-1, -30.0), "30 hours earlier"),
        (Delay(3, 72.0), "3 days later"),
        (Delay(1, None), "1 day later"),
        (Delay(-2, None), "2 days earlier"),
        (Delay(0, None), "the same day"),
        (Delay(0, 0.0), "at the same time"),
        (Delay(0, 0.2), "12 minutes later"),
        (Delay(0, -1 / 60), "1 minute earlier"),
    ],
)
def test_delays_in_words(delay: Delay, said: str) -> None:
    assert delay_words(delay) == said


@pytest.mark.usefixtures("two")
def test_report(sessions: Sessions) -> None:
    said = " ".join(run("reprints", "report").output.split())
    assert "bao_quang_ninh bao_ha_nam 2 100.0% 2 2" in said
    assert "bao_quang_ninh 2 2 100.0% 0 0" in said
    assert "1 group, 1 of them on several sites, the largest of 3 articles" in said
    assert "Nothing to report" not in said
    one = run("reprints", "report", "--site", THEIRS, "--start", "2022-01-06").output
    assert "Nothing to report: no text of that selection is in a text group" not in one


@pytest.mark.usefixtures("two")
def test_a_report_on_nothing_says_why(sessions: Sessions) -> None:
    empty = run("reprints", "report", "--start", "2023-01-01").output
    assert "Nothing to report: no text of that selection is in a text group; baotinh status" in empty
    group(sessions)
    assert "No reprint among 3 articles: no story of theirs stands on another site." in run("reprints", "report").output
    group(sessions, waiting=[f"{THEIRS}-1", f"{OURS}-1", f"{OURS}-2"])
    waiting = run("reprints", "report").output
    assert "3 texts of the archive wait to be compared; run baotinh reprints rebuild" in waiting
    assert "no text is in a text group; they wait" in waiting
    group(sessions, failed=[f"{THEIRS}-1", f"{OURS}-1", f"{OURS}-2"])
    assert "3 articles are template-only" in run("reprints", "report").output
    refused = CliRunner().invoke(app, ["reprints", "report", "--site", "bao_ha_nan"])
    assert "no site 'bao_ha_nan'; it has bao_ha_nam" in str(refused.exception)


@pytest.mark.usefixtures("two")
def test_export_writes_a_story_once_unless_all_is_asked_for(tmp_path: Path) -> None:
    def written(*options: str) -> int:
        run("export", str(tmp_path / "out"), *options)
        if "jsonl" in options:
            return len((tmp_path / "out" / "articles.jsonl").read_text("utf-8").splitlines())
        return len(list((tmp_path / "out").rglob("*.txt")))

    assert written("--format", "txt") == written("--format", "txt", "--unique") == 1
    assert written("--format", "txt", "--all") == 3
    assert written("--format", "jsonl") == written("--format", "jsonl", "--all") == 3
    assert written("--format", "jsonl", "--unique") == 1


@pytest.mark.usefixtures("two")
def test_export_says_what_it_left_out_and_what_it_does_not_know(sessions: Sessions, tmp_path: Path) -> None:
    group(sessions, failed=[f"{OURS}-1"], waiting=[f"{OURS}-2"])
    said = run("export", str(tmp_path / "out"), "--format", "txt").output
    assert "2 articles, 2 texts" in said
    assert "1 article was left out: its text is nothing but paragraphs that recur" in said
    assert "1 text was not compared with others yet" in said
    assert "run baotinh reprints rebuild" in said
    both = CliRunner().invoke(app, ["export", str(tmp_path / "out"), "--format", "txt", "--unique", "--all"])
    assert "give one of them" in str(both.exception)


def test_a_rebuild_finds_the_groups_and_says_what_it_found(
    make_site: Callable[..., Site], sessions: Sessions, tmp_path: Path
) -> None:
    """From an archive without groups, as an upgrade leaves it, to one text a story."""
    words = [f"chữ{number}" for number in range(60)]
    make_site(THEIRS, "ha-nam").save(page("1", " ".join(words), published=at("2022-01-05", "08:00")))
    ours = make_site(OURS, "quang-ninh")
    ours.save(page("1", " ".join([*words, "thêm"]), published=at("2022-01-06", "08:00")))
    ours.save(page("2", " ".join(reversed(words))))
    engine = sessions.kw["bind"]
    downgrade(engine, "0003")
    assert "3 texts not compared with others yet" in run("db", "upgrade", "--no-backup").output
    assert "3 texts were not compared" in run("export", str(tmp_path / "out"), "--format", "txt").output
    said = run("reprints", "rebuild").output
    assert "3 texts in 2 groups; 0 template-only texts in none" in said
    assert "pairs: 1 jaccard" in said
    assert "24 hours later: Báo bao_quang_ninh" in run("show", f"{THEIRS}-1").output
    assert "2 texts ->" in run("export", str(tmp_path / "out"), "--format", "txt").output
    assert "3 texts in 2 groups" in run("reprints", "rebuild", "--resume").output
