"""Export against plain loops that write the same files: texts a second of one core.

The export is the command as operators give it, run in this process. The plain loops are what one would write
for this one archive: a SELECT and a loop that writes, knowing that the folder is empty, that no title is a formula,
and which provinces there are. That both write the same bytes is checked in every round.
"""

import csv
import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path

from typer.testing import CliRunner

from archive.article import Article, Block, BlockKind, split_text
from archive.captures import Location
from archive.clock import VIETNAM, Clock
from archive.database import open_engine, session_factory, upgrade
from archive.export.txt import METADATA, SOURCES
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import NewCapture, Read, Store
from baotinh import app
from crawler.extraction.read import EXTRACTOR_VERSION, read
from tests.bench.measure import Row, Unfit, in_turn, row
from tests.bench.pages import FETCHED, sample_pages

ARTICLES = 2_000
"""Articles in the archive that is exported."""

PARAGRAPHS = 18
"""Paragraphs added to each: with them it has about 2,200 characters, as those of the provincial papers have."""

ROUNDS = 5
REPRINTED = 10
"""Of so many articles one has its text from the other paper, so that there are texts with two sources."""

PAPERS = (
    SiteRecord("bao_quang_ninh", "Báo Quảng Ninh", "dataimages", ("baoquangninh.com.vn",), "quang-ninh"),
    SiteRecord("bao_ha_nam", "Báo Hà Nam", "tandan", ("baohanam.com.vn",), "ha-nam"),
)
PROVINCES = {"bao_quang_ninh": ("Quảng Ninh", "Quảng Ninh"), "bao_ha_nam": ("Hà Nam", "Ninh Bình")}
"""The papers' provinces as exports name them: then and now."""

Plain = Callable[[Iterable[sqlite3.Row], Path], None]


# -- the archive ----------------------------------------------------------------------------------


def fill(folder: Path, number: int) -> None:
    """Make an archive of `number` articles in `folder`, through the store, as a crawl does."""
    clock = Clock(FETCHED)
    engine = open_engine(Settings.from_environment({"BAOTINH_DATA": str(folder)}).database_url)
    upgrade(engine)
    sessions = session_factory(engine)
    stores = []
    for paper in PAPERS:
        with sessions.begin() as session:
            stores.append(Store(sessions, register_site(session, paper, clock), clock))
    offsets = count(0, 20_000)
    last: Article | None = None
    for n, article in zip(range(number), _articles(), strict=False):
        reprint = n % REPRINTED == REPRINTED - 1
        if reprint and last is not None:
            later = last.published and replace(last.published, instant=last.published.instant + timedelta(days=1))
            article = replace(article, blocks=last.blocks, source_credit="Báo Quảng Ninh", published=later)
        place = Location(f"{PAPERS[reprint].name}/2026-12.warc.gz", next(offsets), 20_000, "sha256:00", 60_000)
        fetched = FETCHED - timedelta(minutes=number - n)
        kind = [("Content-Type", "text/html; charset=utf-8")]
        capture = NewCapture(place, article.url, article.url, 200, kind, fetched)
        with stores[reprint].writing() as session:
            [kept] = stores[reprint].add_captures(session, [capture])
            stores[reprint].save(session, [Read(kept, article, article.url, EXTRACTOR_VERSION)])
        last = article
    engine.dispose()


def _articles() -> Iterator[Article]:
    """The articles of the sample web over and over, each under a key of its own and as long as a paper's."""
    found = [read(one.page(), one.facts, FETCHED).result for one in sample_pages()]
    known = [one for one in found if isinstance(one, Article) and one.blocks]
    pool = [block for one in known for block in one.blocks if block.kind is BlockKind.PARAGRAPH]
    chosen = random.Random(1)
    for n in count():
        base, key = known[n % len(known)], str(3_000_000 + n)
        first = Block(BlockKind.PARAGRAPH, f"Bản tin số {n} của tòa soạn, gửi bạn đọc trong tỉnh và bà con xa quê.")
        yield replace(
            base,
            key=key,
            url=f"{base.url}?so={key}",
            title=f"{base.title} (kỳ {n})",
            blocks=(*base.blocks, first, *chosen.sample(pool, PARAGRAPHS)),
            published=base.published and replace(base.published, instant=base.published.instant - timedelta(days=n)),
        )


# -- the plain loops ------------------------------------------------------------------------------

TEXTS = """
    select t.text_id, coalesce(k.text_id, t.text_id) as text_group, t.body, t.syllables, s.name as site,
        s.name || '-' || a.key as article, a.url, e.title,
        e.published_instant, e.published_precision, e.author, e.affiliation, e.source_credit, e.section,
        c.fetched_at, c.file as capture_file, c."offset" as capture_offset
    from extraction e join article a on a.id = e.article_id join site s on s.id = a.site_id
        join capture c on c.id = e.capture_id join text t on t.id = e.text_id
        left join text_group g on g.text_id = t.id left join text k on k.id = g.canonical_id
        left join fingerprint f on f.text_id = t.id
    where e.is_current and coalesce(f.shingles, 1) > 0
    order by 2, t.id <> g.canonical_id, t.text_id, e.published_instant is null, e.published_instant, s.name, a.key
"""

LINES = """
    select e.*, t.text_id as text_digits, coalesce(k.text_id, t.text_id) as text_group, t.body, s.name as site,
        s.name || '-' || a.key as article, a.url as address,
        a.kind, c.views, c.fetched_at,
        (select json_group_array(url) from article_url where article_id = a.id) as urls,
        (select json_group_array(name) from article_section join section on section.id = section_id
            where article_id = a.id) as sections
    from extraction e join article a on a.id = e.article_id join site s on s.id = a.site_id
        join capture c on c.id = e.capture_id left join text t on t.id = e.text_id
        left join text_group g on g.text_id = t.id left join text k on k.id = g.canonical_id
        left join fingerprint f on f.text_id = t.id
    where e.is_current and coalesce(f.shingles, 1) > 0
    order by s.name, e.published_instant is not null, e.published_instant, e.published_precision, a.key
"""


def plain_txt(rows: Iterable[sqlite3.Row], folder: Path) -> None:
    """Write the rows of `TEXTS` as `export --format txt --all` does."""
    with (
        (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as of_texts,
        (folder / "sources.csv").open("w", encoding="utf-8", newline="") as of_sources,
    ):
        metadata, sources = (csv.writer(file, lineterminator="\n") for file in (of_texts, of_sources))
        metadata.writerow(METADATA)
        sources.writerow(SOURCES)
        made = set()
        for group, members in groupby(rows, itemgetter("text_group")):
            versions = [list(known) for _, known in groupby(members, itemgetter("text_id"))]
            for known in versions:
                one = known[0]
                published = _instant(one["published_instant"])
                month = f"{one['site']}/{published:%Y/%m}" if published else f"{one['site']}/undated"
                if month not in made:
                    (folder / month).mkdir(parents=True, exist_ok=True)
                    made.add(month)
                path = f"{month}/{one['text_id']}.txt"
                with (folder / path).open("w", encoding="utf-8", newline="\n") as file:
                    file.write(one["body"] + "\n")
                metadata.writerow(
                    (
                        one["text_id"], group, path, one["site"], one["article"], one["url"], one["title"],
                        _shown(one["published_instant"], one["published_precision"]), one["published_precision"],
                        one["author"], one["affiliation"], one["source_credit"], one["section"],
                        *PROVINCES[one["site"]], one["syllables"], len(versions), len(known),
                    )
                )  # fmt: skip
                for source in known:
                    sources.writerow(
                        (
                            one["text_id"], group, source["article"], source["site"], source["url"], source["title"],
                            _shown(source["published_instant"], source["published_precision"]),
                            source["published_precision"], source["author"], source["affiliation"],
                            source["source_credit"], source["section"], _shown(source["fetched_at"], "minute"),
                            source["capture_file"], source["capture_offset"],
                        )
                    )  # fmt: skip


def plain_jsonl(rows: Iterable[sqlite3.Row], folder: Path) -> None:
    """Write the rows of `LINES` as `export --format jsonl` does."""
    with (folder / "articles.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for one in rows:
            blocks = split_text(one["body"] or "", json.loads(one["kinds"]))
            then, now = PROVINCES[one["site"]]
            line = {
                "url": one["address"],
                "site": one["site"],
                "article": one["article"],
                "title": one["title"],
                "lead": next((block.text for block in blocks if block.kind is BlockKind.LEAD), None),
                "text": one["body"] or "",
                "captions": [block.text for block in blocks if block.kind is BlockKind.CAPTION],
                "published": _shown(one["published_instant"], one["published_precision"]),
                "date_precision": one["published_precision"],
                "date_source": one["published_source"],
                "date_raw": one["published_raw"],
                "modified": _shown(one["modified_instant"], one["modified_precision"]),
                "author": one["author"],
                "affiliation": one["affiliation"],
                "source_credit": one["source_credit"],
                "section": one["section"],
                "sections": sorted(json.loads(one["sections"])),
                "tags": json.loads(one["tags"]),
                "kind": one["kind"],
                "views": one["views"],
                "language": one["language"],
                "attachments": json.loads(one["attachments"]),
                "text_id": one["text_digits"],
                "text_group": one["text_group"],
                "province_then": then,
                "province_now": now,
                "fetched_at": _shown(one["fetched_at"], "minute"),
                "layout": one["layout"],
                "extractor_version": one["extractor_version"],
                "flags": json.loads(one["flags"]),
                "urls": sorted(json.loads(one["urls"])),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _instant(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored).replace(tzinfo=UTC).astimezone(VIETNAM)


def _shown(stored: str | None, precision: str | None) -> str | None:
    instant = _instant(stored)
    if instant is None:
        return None
    return instant.date().isoformat() if precision == "day" else instant.isoformat(timespec="seconds")


# -- the measurement ------------------------------------------------------------------------------

FORMATS: dict[str, tuple[str, Plain]] = {"txt": (TEXTS, plain_txt), "jsonl": (LINES, plain_jsonl)}
"""For each format of `export` the SELECT and the loop that make the same files."""


def measure(number: int = ARTICLES, rounds: int = ROUNDS) -> list[Row]:
    """Both formats against a loop that reads the database as it writes, and one that has all in memory.

    Raises Unfit if one of them writes another file than the export, or none.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder)
        fill(data, number)
        for name, (query, plain) in FORMATS.items():
            ours, known = partial(exported, data, name), list(selected(data, query))
            expected, texts = _written(ours), len({one["text_id"] for one in known})
            size = sum(map(len, expected.values())) / texts / 1000
            for said, source in (
                ("a SELECT and a loop", partial(selected, data, query)),
                ("a loop over rows in memory", known.__iter__),
            ):
                sides = (partial(_rate, texts, expected, write) for write in (ours, partial(_plainly, plain, source)))
                what = f"{number:,} articles as {name}, {size:.1f} KB each, against {said}"
                rows.append(row(what, "texts/s", list(in_turn(rounds, *sides))))
    return rows


def exported(data: Path, name: str, folder: Path) -> None:
    """Let the command export the archive in `data` to `folder`. Raises Unfit with what it said if it failed."""
    environment = dict.fromkeys(name for name in os.environ if name.startswith("BAOTINH_"))
    done = CliRunner().invoke(
        app, ["export", str(folder), "--format", name, "--all"], env=environment | {"BAOTINH_DATA": str(data)}
    )
    if done.exit_code:
        raise Unfit(f"baotinh export failed: {done.output}{done.exception}")


def selected(data: Path, query: str) -> Iterator[sqlite3.Row]:
    """The rows of a query on the archive in `data`."""
    with closing(sqlite3.connect(data / "baotinh.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        yield from connection.execute(query)


def _plainly(plain: Plain, source: Callable[[], Iterable[sqlite3.Row]], folder: Path) -> None:
    plain(source(), folder)


def _written(write: Callable[[Path], None]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write(Path(folder))
        return _files(Path(folder))


def _files(folder: Path) -> dict[str, bytes]:
    """The files by their paths, without the manifest."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.match("manifest-*.json"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _rate(texts: int, expected: dict[str, bytes], write: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began = time.process_time()
        write(Path(folder))
        spent = time.process_time() - began
        found = _files(Path(folder))
    differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if differing:
        raise Unfit(
            f"export and plain loop differ in {len(differing)} files, so their speeds are of two things: {differing[0]}"
        )
    return texts / spent
