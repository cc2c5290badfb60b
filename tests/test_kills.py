"""Kills: a crawl that dies at any moment has lost nothing that was acknowledged, and the next one goes on."""

import itertools
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select

from archive.database import open_engine, reading, session_factory
from archive.digest import logical_digest, whole
from archive.models import Capture, Extraction, StoredArticle, Url, UrlKind
from tests.conftest import Program, number_of_articles
from tests.killing import POINTS, broken_captures, crawl, moments
from tests.sample_web.harness import SampleWeb

SITE = "bao_thai_nguyen"
ON_THEIR_WAY = 16
"""Pages that may be captured and not yet read when a crawl dies: Scrapy's CONCURRENT_REQUESTS; they come again."""

KILLS_IN_A_ROW = 5
SEED = 20230401


@dataclass
class Tally:
    """What became of the kills."""

    struck: Counter[str] = field(default_factory=Counter)
    missed: int = 0
    acknowledged: int = 0
    captures: int = 0
    again: list[int] = field(default_factory=list)
    archives: int = 0


class Killing:
    """Archives of one site whose crawls are killed, compared with one that was left alone."""

    def __init__(self, folder: Path, web: SampleWeb) -> None:
        self.folder, self.web, self.tally = folder, web, Tally()
        self.empty = Program(folder / "empty" / "data", web)
        self.empty.run("db", "upgrade")
        undisturbed = self.copy("undisturbed")
        self.counted = crawl(undisturbed.environment, folder / "notes", SITE).counted
        self.digest = self.digest_of(undisturbed)
        assert all(self.counted.get(point) for point in POINTS), f"a point that is never met: {self.counted}"

    def copy(self, name: str) -> Program:
        """A fresh archive."""
        made = Program(self.folder / name / "data", self.web)
        shutil.copytree(self.empty.data, made.data)
        return made

    def digest_of(self, program: Program) -> str:
        """What the archive says; every article once."""
        with reading(session_factory(open_engine(self.url(program)))) as session:
            assert session.scalar(select(func.count(StoredArticle.id))) == number_of_articles(SITE)
            assert session.scalar(select(func.count(Extraction.id)).where(Extraction.is_current)) == (
                number_of_articles(SITE)
            )
            return whole(logical_digest(session))

    @staticmethod
    def url(program: Program) -> str:
        """The URL of its database."""
        return f"sqlite:///{program.data}/baotinh.sqlite3"

    def until_done(self, name: str, kills: Iterator[tuple[str, int]]) -> None:
        """Kill the crawls of one archive, look after each what is left, then let one end and compare."""
        program, before = self.copy(name), 0
        acknowledged: tuple[set[int], set[int]] = (set(), set())
        for point, number in kills:
            notes = crawl(program.environment, self.folder / "notes", SITE, point, number)
            acknowledged[0].update(notes.captures)
            acknowledged[1].update(notes.reads)
            self.look(program, *acknowledged)
            again = self.fetched_again(program)
            assert again - before <= ON_THEIR_WAY
            self.tally.again.append(again - before)
            before = again
            if notes.killed is None:
                self.tally.missed += 1
                break
            self.tally.struck[notes.killed] += 1
        crawl(program.environment, self.folder / "notes", SITE)
        self.look(program, *acknowledged)
        assert self.digest_of(program) == self.digest
        self.tally.captures += broken_captures(self.url(program), program.data / "captures")[0]
        self.tally.acknowledged += sum(map(len, acknowledged))
        self.tally.archives += 1
        shutil.rmtree(program.data.parent)

    def look(self, program: Program, captures: set[int], reads: set[int]) -> None:
        """Whatever was acknowledged is there, and every capture is what its row says."""
        with reading(session_factory(open_engine(self.url(program)))) as session:
            assert captures <= set(session.scalars(select(Capture.id)))
            assert reads <= set(session.scalars(select(Extraction.capture_id)))
        assert broken_captures(self.url(program), program.data / "captures")[1] == []

    def fetched_again(self, program: Program) -> int:
        """How many times an article was fetched that had been fetched before."""
        with reading(session_factory(open_engine(self.url(program)))) as session:
            articles = set(session.scalars(select(Url.url).where(Url.kind == UrlKind.ARTICLE.value)))
            times = Counter(url for url in session.scalars(select(Capture.url)) if url in articles)
        return sum(number - 1 for number in times.values())


@pytest.fixture
def killing(tmp_path: Path, web: SampleWeb) -> Killing:
    return Killing(tmp_path, web)


def test_a_crawl_killed_amid_its_writes_loses_nothing(killing: Killing) -> None:
    kills = [
        ("while a response is under way", 4),
        ("amid a capture's bytes", 3),
        ("after fsync, before the row", 3),
        ("after a commit, before its acknowledgement", 4),
        ("while the ledger writes", 2),
    ]
    killing.until_done("killed", iter(kills))
    assert killing.tally.struck == Counter(point for point, _ in kills), "each kill must have struck"


@pytest.mark.torture
def test_a_hundred_kills_lose_nothing(killing: Killing, capsys: pytest.CaptureFixture[str]) -> None:
    began, chosen, tally = time.monotonic(), moments(killing.counted, SEED), killing.tally
    while tally.struck.total() < 100:
        left = min(KILLS_IN_A_ROW, 100 - tally.struck.total())
        killing.until_done(f"killed-{tally.archives}", itertools.islice(chosen, left))
    again = sum(tally.again)
    with capsys.disabled():
        print(
            f"\n{tally.struck.total()} kills struck (seed {SEED}), all amid a fetch or a write",
            f"{tally.missed} more came to nothing, since the crawl was done before",
            *(f"{number:5} {point}" for point, number in sorted(tally.struck.items())),
            f"{tally.archives} archives, each like the undisturbed one in its digest",
            f"{tally.acknowledged} acknowledgements, none lost; {tally.captures} captures, all of them verified",
            f"{again} articles fetched again, at most {max(tally.again)} after one kill (bound: {ON_THEIR_WAY})",
            f"points in an undisturbed crawl: {json.dumps(killing.counted)}",
            f"{time.monotonic() - began:.0f} s",
            sep="\n",
        )
    assert len(tally.struck) == len(POINTS)
