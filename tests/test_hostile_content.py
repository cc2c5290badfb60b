"""A crawl among hostile pages: it ends, keeps every other article, counts each fault by its name, stays at home."""

import csv
import json
import re
import sqlite3
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from crawler.discovery.troubles import Trouble
from tests.conftest import Program, number_of_articles
from tests.sample_web import hostile
from tests.sample_web.harness import SampleWeb

MOST_MEMORY = 500 * 2**20
"""Bytes that no process of a crawl may take."""

HOSTS = {"baoquangninh.com.vn": "bao_quang_ninh", "baothainguyen.vn": "bao_thai_nguyen"}
STATED = "select counts from run join site on site.id = run.site_id where site.name = ? order by run.id desc"


@pytest.fixture
def crawled(program: Program, web: SampleWeb) -> tuple[Program, list[dict[str, str]]]:
    """An archive of two sites while they are hostile, and what was asked of the web."""
    for host in HOSTS:
        web.control(host, hostile=1)
    seen = len(web.log())
    program.crawl(*HOSTS.values())
    return program, web.log()[seen:]


def counts(program: Program, site: str) -> dict[str, int]:
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        [found] = database.execute(STATED, (site,)).fetchone()
    return dict(json.loads(found))


def seen_on_screen(text: str) -> str:
    """The characters that a terminal would obey or that turn writing round."""
    return "".join(one for one in text if unicodedata.category(one) in ("Cc", "Cf") and one not in "\n\t")


def test_a_crawl_of_hostile_sites(crawled: tuple[Program, list[dict[str, str]]], tmp_path: Path) -> None:
    program, log = crawled
    articles = program.articles()
    by_id = {article["article"]: article for article in articles}

    # Every ordinary article of both sites is there, and those that a fault leaves readable, word for word.
    kept = Counter(article["site"] for article in articles)
    assert kept["bao_thai_nguyen"] == number_of_articles("bao_thai_nguyen")
    assert kept["bao_quang_ninh"] == number_of_articles("bao_quang_ninh") + len(hostile.KEPT)
    for slug in hostile.KEPT:
        article = by_id[f"bao_quang_ninh-{hostile.FIRST_KEY + hostile.SLUGS.index(slug)}"]
        assert article["text"].split("\n\n") == list(hostile.news_of(slug)), slug

    # Each fault is counted under its name.
    newspaper, other = counts(program, "bao_quang_ninh"), counts(program, "bao_thai_nguyen")
    expected = Counter(f"rejected/{reason}" for reason, _ in hostile.REFUSED.values()) + Counter(
        ["rejected/redirected-home"]
    )
    assert {name: n for name, n in newspaper.items() if name.startswith("rejected/")} == expected
    assert (newspaper["discovery/endless"], newspaper["page_cut"]) == (1, 1)
    troubles = {f"discovery/{trouble}" for trouble in Trouble}
    named = {name: n for name, n in other.items() if name in troubles}
    assert named == {"discovery/loop": 2, "discovery/unreadable": 1}
    assert other["discovery_failed"] == 4

    # Nothing outside the sites was asked for, each hostile article once, and no process took much memory.
    assert {line["host"].removeprefix("www.") for line in log} <= {*HOSTS}
    asked = Counter(line["path"] for line in log if "-99000" in line["path"])
    assert set(asked.values()) == {1}
    logs = [file.read_text(encoding="utf-8") for file in program.data.glob("logs/*/*.log")]
    peaks = [int(peak) for log in logs for peak in re.findall(r"'memusage/max': (\d+)", log)]
    assert len(peaks) == len(HOSTS) and max(peaks) < MOST_MEMORY

    # What a title says is shown, and neither obeyed by a terminal nor by a spreadsheet.
    key = hostile.FIRST_KEY + hostile.SLUGS.index("screen")
    shown = [program.run("show", f"bao_quang_ninh-{key}").stdout, program.run("rejects").stdout]
    shown += [program.run("status").stdout]
    assert "[red]=HYPERLINK(1)[/x]<script>alert(1)</script>" in shown[0]
    assert [seen_on_screen(text) for text in shown] == ["", "", ""]
    for log_file in (program.data / "logs").rglob("*.log"):
        assert seen_on_screen(log_file.read_text(encoding="utf-8")) == ""

    # No name of a file comes from a slug or a title.
    program.run("export", str(tmp_path / "txt"), "--format", "txt")
    names = [path.name for path in (tmp_path / "txt").rglob("*.txt")]
    assert names and all(len(name) == 20 and int(name[:16], 16) for name in names)
    captures = {path.relative_to(program.data).as_posix() for path in (program.data / "captures").rglob("*.warc.gz")}
    assert captures == {f"captures/{site}/2023-04.warc.gz" for site in HOSTS.values()}
    with (tmp_path / "txt" / "sources.csv").open(encoding="utf-8") as file:
        titles = {row["article"]: row["title"] for row in csv.DictReader(file)}
    assert titles[f"bao_quang_ninh-{key}"].startswith("'=")
