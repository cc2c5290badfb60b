"""How fast generated texts come into the archive, with everything that a crawl writes but its captures' bytes.

Each batch goes into two archives in turn, of which one makes no text groups: their ratio is what groups cost, on a
machine that is busy or idle for both alike.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

import archive.store
from archive.article import Article, Block, BlockKind, Dated, Precision
from archive.captures import Location
from archive.clock import Clock
from archive.database import Sessions, open_engine, session_factory, upgrade
from archive.intake import MOST_AT_ONCE
from archive.ledger import Found, Ledger
from archive.settings import Settings
from archive.sites import register_site
from archive.store import NewCapture, Read, Store
from tests.bench.measure import Unfit
from tests.bench.stories import FIRST_DAY, SITES, Text, generate
from tests.postgresql import PostgreSQL

MARKS = (1_000, 10_000, 100_000)
"""Texts in the archive when its rate is told."""

GOAL = 500
"""Texts a second that an archive on SQLite is to take in at the last mark, text groups included."""

DATABASES = ("SQLite", "PostgreSQL")

_CLOCK = Clock(FIRST_DAY + timedelta(days=3650))
_VERSION = "bench"


class Filling:
    """Takes texts into an archive, as the crawls of their sites do."""

    def __init__(self, sessions: Sessions) -> None:
        self._offsets = count(0, 20_000)
        self._sites = []
        for site in SITES:
            with sessions.begin() as session:
                key = register_site(session, site, _CLOCK)
            self._sites.append((Store(sessions, key, _CLOCK), Ledger(sessions, key, _CLOCK)))

    def write(self, texts: Sequence[Text]) -> float:
        """Take in texts of one site in one transaction, after what found them; gives the seconds that took."""
        [site] = {one.site for one in texts}
        store, ledger = self._sites[site]
        articles = [article_of(one) for one in texts]
        found = [Found(one.url, one.key, _listing(site), "Thời sự", one.title, one.published) for one in articles]
        new = [self._capture(one, read) for one, read in zip(texts, articles, strict=True)]
        began = time.perf_counter()
        ledger.see(found)
        with store.writing() as session:
            kept = store.add_captures(session, new)
            reads = [
                Read(one, article, article.url, _VERSION, (), told)
                for one, article, told in zip(kept, articles, found, strict=True)
            ]
            store.save(session, reads)
        return time.perf_counter() - began

    def _capture(self, one: Text, read: Article) -> NewCapture:
        file = f"{SITES[one.site].name}/{one.published:%Y-%m}.warc.gz"
        place = Location(file, next(self._offsets), 20_000, f"sha256:{one.number:064x}", 60_000)
        kind = [("Content-Type", "text/html; charset=utf-8")]
        return NewCapture(place, read.url, read.url, 200, kind, one.published + timedelta(hours=1))


def _listing(site: int) -> str:
    return f"https://{SITES[site].hosts[0]}/thoi-su/"


def article_of(one: Text) -> Article:
    """A generated text as extraction hands it over."""
    key = str(1_000_000 + one.number)
    return Article(
        key=key,
        url=f"https://{SITES[one.site].hosts[0]}/thoi-su/bai-{key}.html",
        title=one.title,
        blocks=tuple(Block(BlockKind.PARAGRAPH, paragraph) for paragraph in one.paragraphs),
        published=Dated(one.published, Precision.MINUTE, f"{one.published:%d/%m/%Y %H:%M}", "layout"),
        source_credit=None if one.credited is None else SITES[one.credited].title,
        section="Thời sự",
        language="vi",
        layout="2020",
        extractor_version=_VERSION,
    )


def number_of(key: str) -> int:
    """The number of the text that is the article of this key."""
    return int(key) - 1_000_000


def batches(texts: Iterable[Text], most: int = MOST_AT_ONCE) -> Iterator[list[Text]]:
    """The texts in batches of one site, in the order in which they are full: as large as the intake makes them."""
    waiting: dict[int, list[Text]] = {}
    for one in texts:
        some = waiting.setdefault(one.site, [])
        some.append(one)
        if len(some) == most:
            yield waiting.pop(one.site)
    yield from waiting.values()


# -- the measurement ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """What was measured when an archive on `database` had so many texts.

    `rate` are the texts a second over the last tenth of them, `ungrouped` is the same without text groups; `size` the
    bytes that the database takes for a text.
    """

    database: str
    texts: int
    rate: float
    ungrouped: float
    size: float


@contextmanager
def no_groups() -> Iterator[None]:
    """Within it, texts that are stored come into no text group. Raises Unfit if the store makes none anyway."""
    if not hasattr(archive.store, "regroup"):
        raise Unfit("archive.store has no regroup, so this would compare the store with itself; correct tests/bench")
    with patch.object(archive.store, "regroup", lambda *_: None):
        yield


@contextmanager
def archives(database: str) -> Iterator[tuple[Engine, Engine]]:
    """Two empty archives on `database`, each as durable as an operator's, which are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if database == "SQLite":
            environments = [{"BAOTINH_DATA": str(Path(folder) / name)} for name in ("grouped", "ungrouped")]
            with _opened([Settings.from_environment(one).database_url for one in environments]) as both:
                yield both
        else:
            with (
                PostgreSQL(durable=True) as server,
                _opened([server.new_database(), server.new_database()]) as both,
            ):
                yield both


@contextmanager
def _opened(urls: Sequence[str]) -> Iterator[tuple[Engine, Engine]]:
    one, other = (open_engine(url) for url in urls)
    try:
        for engine in (one, other):
            upgrade(engine)
        yield one, other
    finally:
        one.dispose()
        other.dispose()


def measure(database: str, marks: Sequence[int] = MARKS, seed: int = 1) -> Iterator[Mark]:
    """Fill two archives on `database` and tell their rates as each of `marks` is reached."""
    with archives(database) as both:
        yield from measured(database, both, marks, seed)


def measured(database: str, both: tuple[Engine, Engine], marks: Sequence[int], seed: int) -> Iterator[Mark]:
    """Fill these archives, the second of which makes no text groups, as `measure` does."""
    ours, reference = (Filling(session_factory(engine)) for engine in both)
    now = _Spent()
    # Each mark with where its last tenth begins; what was spent until there, once that is reached.
    waiting = [(mark - mark // 10, mark) for mark in sorted(marks)]
    begun: dict[int, _Spent] = {}
    for number, some in enumerate(batches(generate(max(marks), seed))):
        before = replace(now)
        # In turn, so that neither always finds what the other has left in the machine's caches.
        sides = (ours, reference) if number % 2 else (reference, ours)
        for filling in sides:
            if filling is ours:
                now.grouped += filling.write(some)
            else:
                with no_groups():
                    now.ungrouped += filling.write(some)
        now.texts += len(some)
        for start, mark in list(waiting):
            if now.texts >= start:
                begun.setdefault(mark, before)
            if now.texts >= mark:
                waiting.remove((start, mark))
                since = begun[mark]
                texts = now.texts - since.texts
                grouped, ungrouped = now.grouped - since.grouped, now.ungrouped - since.ungrouped
                yield Mark(database, mark, texts / grouped, texts / ungrouped, _size(both[0]) / now.texts)


@dataclass(slots=True)
class _Spent:
    """How many texts were taken in, and the seconds that took with text groups and without."""

    texts: int = 0
    grouped: float = 0.0
    ungrouped: float = 0.0


def _size(engine: Engine) -> int:
    """Bytes that a database takes, with what waits to be written into its file."""
    query = "select pg_database_size(current_database())"
    if engine.dialect.name == "sqlite":
        query = "select page_count * page_size from pragma_page_count, pragma_page_size"
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def show(marks: Sequence[Mark], console: Console) -> None:
    """Print what was measured of one database, and whether the goal was reached."""
    [database] = {mark.database for mark in marks}
    table = Table(
        "texts",
        "texts/s",
        "without groups",
        "ratio",
        "bytes a text",
        title=f"Texts into an archive on {database}",
        title_justify="left",
    )
    for mark in marks:
        numbers = (f"{number:,.0f}" for number in (mark.texts, mark.rate, mark.ungrouped))
        table.add_row(*numbers, f"{mark.rate / mark.ungrouped:.2f}", f"{mark.size:,.0f}")
    console.print(table)
    first, last = marks[0], marks[-1]
    growth = f"a text takes {first.rate / last.rate:.2f} times as long at {last.texts:,} texts as at {first.texts:,}"
    goal = f"; goal: >= {GOAL} texts/s: {'reached' if last.rate >= GOAL else 'NOT reached'}"
    console.print(growth + (goal if database == "SQLite" else ""), highlight=False)
