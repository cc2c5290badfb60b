"""Digests and copies: the same archive is the same on both databases, and a difference is seen."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, select, text

from archive.article import Article, Block, BlockKind, Rejection
from archive.copying import back_up, copy_archive
from archive.database import (
    ArchiveError,
    Sessions,
    check_version,
    downgrade,
    open_engine,
    reading,
    session_factory,
    upgrade,
    version_of,
)
from archive.digest import TableDigest, exact_digest, logical_digest, whole
from archive.export.selection import Selection
from archive.export.txt import export_txt
from archive.models import Capture, Exclusion, FormerSite, MutedSite, NightReport, PausedSite, Verdict, WantedRun
from archive.models import Site as SiteRow
from archive.runs import Runs
from archive.sites import SiteCheck, disable, note_check
from archive.store import Outcome
from tests.archive.helpers import HandClock, Site, at, found, page
from tests.postgresql import PostgreSQL

MakeSite = Callable[..., Site]


def fill(make_site: MakeSite, runs: Runs, clock: HandClock, *, late: bool = False) -> None:
    """An archive with a row in every table; `late`: the same words, fetched at other times in another order."""
    first, second = make_site(), make_site("tuyen_giao_ha_nam", "ha-nam")
    if late:
        clock.advance(days=30)
        runs.start_run(second.id, {})
    run = runs.start_run(first.id, {"start": "2022-01-01"})
    pages: list[tuple[Site, Article]] = [
        (first, page("1", "Chung.", author="Đỗ Ước", tags=("đê", "bão"), section="Kinh tế")),
        (first, page("2", published=None)),
        (first, page("4", "Chung - đã sửa!")),
        (second, page("9", "Chung.", blocks=(Block(BlockKind.LEAD, "Sapô."), Block(BlockKind.CAPTION, "Ảnh.")))),
    ]
    for site, one in reversed(pages) if late else pages:
        clock.advance(minutes=7)
        site.ledger.see([found(one.key, one.url, section="Xã hội", listed=at("2022-01-05"))])
        site.save(replace(one, views=clock.offset.seconds))
    clock.advance(hours=2)
    first.save(Rejection("no-body", "the page has no body"), url="https://baoquangninh.com.vn/lich")
    # From here on a version of what article 4 says.
    assert first.save(page("1", "Chung, đã sửa.")) is Outcome.REVISED
    second.ledger.gone("https://baoquangninh.com.vn/bai-9", 404, "not found")
    with runs._sessions.begin() as session:
        excluded = Exclusion(site_id=second.id, article_key="9", url="https://baoquangninh.com.vn/bai-9")
        excluded.reason, excluded.excluded_at = "asked for", clock.now()
        session.add(excluded)
        session.add(FormerSite(name="tuyen_giao", site_id=second.id, renamed_at=clock.now()))
        disable(session, second.id, "asked for", clock)
        note_check(session, first.id, SiteCheck(first.name, clock.now(), True, True, "24 of 24 pages"))
        now, day = clock.now(), clock.now().date()
        session.add(Verdict(run_id=run, site_id=first.id, judged_at=now, health="ok", fields=[], words=""))
        session.add(PausedSite(site_id=second.id, paused_at=now, reason="moves"))
        session.add(MutedSite(site_id=second.id, muted_at=now, until=now))
        session.add(WantedRun(site_id=first.id, wanted_at=now))
        session.add(NightReport(night=day, reported_at=now, words="1 site", muted=[]))


@pytest.fixture
def filled(make_site: MakeSite, sessions: Sessions, clock: HandClock, engine: Engine) -> Engine:
    fill(make_site, Runs(sessions, clock), clock)
    return engine


def logical(engine: Engine) -> dict[str, TableDigest]:
    with reading(session_factory(engine)) as session:
        return logical_digest(session)


def exact(engine: Engine) -> dict[str, TableDigest]:
    with reading(session_factory(engine)) as session:
        return exact_digest(session)


def test_a_digest_knows_neither_times_nor_order(
    make_site: MakeSite, sessions: Sessions, engine: Engine, clock: HandClock
) -> None:
    fill(make_site, Runs(sessions, clock), clock)
    before = logical(engine), exact(engine)
    assert min(table.rows for table in before[1].values()) > 0, "a table without rows proves nothing"
    downgrade(engine, "base")
    upgrade(engine)
    fill(make_site, Runs(sessions, clock), clock, late=True)
    assert logical(engine) == before[0]
    assert exact(engine) != before[1]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("update text set body = body || ' '", "text"),
        ("update extraction set title = 'Khác' where is_current", "extraction"),
        ("update extraction set reason = 'other' where outcome = 'rejected'", "rejection"),
        (
            "update extraction set published_instant = '2022-02-02 02:02:02.000000' where published_raw > ''",
            "extraction",
        ),
        ("update article set url = url || '?'", "article"),
        ("update article set gone_at = null", "article"),
        ("update url set state = 'forbidden' where state = 'fetched'", "url"),
        (
            "update url set listed_instant = null, listed_precision = null, listed_raw = null, listed_source = null",
            "url",
        ),
        ("update revision set number = 2", "revision"),
        ("update capture set status = 410", "capture"),
        ("update section set name = 'Khác' where name = 'Kinh tế'", "section"),
        ("update site set title = 'Khác'", "site"),
        ("update site_province set code = '99'", "site_province"),
        ("delete from article_section", "article_section"),
        ("delete from article_url", "article_url"),
        ("delete from site_host", "site_host"),
        ("update disabled_site set reason = 'other'", "disabled_site"),
        ("update former_site set name = 'other'", "former_site"),
    ],
)
def test_a_digest_sees_a_difference_in(filled: Engine, statement: str, table: str) -> None:
    before = logical(filled)
    with filled.begin() as connection:
        connection.execute(text(statement))
    after = logical(filled)
    assert before[table] != after[table]
    assert whole(before) != whole(after)


@pytest.mark.parametrize(("status", "is_kept"), [(404, True), (304, False), (408, False), (429, False), (503, False)])
def test_an_answer_of_the_moment_changes_no_digest(
    filled: Engine, sessions: Sessions, status: int, is_kept: bool
) -> None:
    before = logical(filled)["capture"]
    with sessions.begin() as session:
        one = session.scalars(select(Capture).limit(1)).one()
        kept = {column.name: getattr(one, column.name) for column in Capture.__table__.columns if column.name != "id"}
        session.add(Capture(**kept | {"url": f"{one.url}/another", "offset": one.offset + 1, "status": status}))
    assert (logical(filled)["capture"] != before) == is_kept


def target_urls(tmp_path: Path, postgresql: PostgreSQL) -> dict[str, str]:
    return {"sqlite": f"sqlite:///{tmp_path}/copy.sqlite3", "postgresql": postgresql.new_database()}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_is_the_same_and_lives_on(
    filled: Engine, sessions: Sessions, postgresql: PostgreSQL, tmp_path: Path, clock: HandClock, kind: str
) -> None:
    target = open_engine(target_urls(tmp_path, postgresql)[kind])
    told: list[str] = []
    tables = copy_archive(filled, target, lambda name, rows: told.append(name))
    assert tables == exact(filled) == exact(target)
    assert logical(filled) == logical(target)
    assert "revision" in told
    for name, engine in (("original", sessions), ("copied", session_factory(target))):
        export_txt(engine, tmp_path / name, Selection())
    assert files(tmp_path / "original") == files(tmp_path / "copied")
    # New rows get new keys: what came with keys of its own has moved the counters along.
    with session_factory(target).begin() as session:
        session.add(SiteRow(name="x", title="X", family="f", created_at=clock.now()))


def files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_a_copy_there_and_back_is_the_same(filled: Engine, postgresql: PostgreSQL, tmp_path: Path) -> None:
    urls = target_urls(tmp_path, postgresql)
    here = filled.dialect.name
    there = "sqlite" if here == "postgresql" else "postgresql"
    back = urls[here] if here == "postgresql" else f"sqlite:///{tmp_path}/back.sqlite3"
    copy_archive(filled, open_engine(urls[there]))
    copy_archive(open_engine(urls[there]), open_engine(back))
    assert exact(open_engine(back)) == exact(filled)


def test_a_copy_never_mixes_two_archives(filled: Engine, postgresql: PostgreSQL, tmp_path: Path) -> None:
    for url in target_urls(tmp_path, postgresql).values():
        target = open_engine(url)
        copy_archive(filled, target)
        before = exact(target)
        with pytest.raises(ArchiveError, match="holds an archive already"):
            copy_archive(filled, target)
        assert exact(target) == before


def test_a_copy_that_is_cut_short_leaves_nothing(filled: Engine, postgresql: PostgreSQL, tmp_path: Path) -> None:
    def stop(table: str, rows: int) -> None:
        if table == "extraction":
            raise KeyboardInterrupt

    for url in target_urls(tmp_path, postgresql).values():
        target = open_engine(url)
        with pytest.raises(KeyboardInterrupt):
            copy_archive(filled, target, stop)
        assert sum(table.rows for table in exact(target).values()) == 0
        assert copy_archive(filled, target) == exact(filled)


def test_a_copy_that_differs_is_refused(filled: Engine, postgresql: PostgreSQL, tmp_path: Path) -> None:
    def meddle(table: str, rows: int) -> None:
        if table == "revision":
            begun[-1].exec_driver_sql("delete from revision")

    for url in target_urls(tmp_path, postgresql).values():
        target = open_engine(url)
        begun: list[Connection] = []
        event.listen(target, "begin", begun.append)
        with pytest.raises(ArchiveError, match="table revision was not copied whole"):
            copy_archive(filled, target, meddle)
        assert sum(table.rows for table in exact(target).values()) == 0


def test_an_older_archive_is_not_copied(filled: Engine, tmp_path: Path) -> None:
    downgrade(filled, "0001")
    with pytest.raises(ArchiveError, match="run `baotinh db upgrade`"):
        copy_archive(filled, open_engine(f"sqlite:///{tmp_path}/copy.sqlite3"))
    assert list(tmp_path.glob("copy*")) == []


def test_a_backup_is_the_archive_as_it_was(
    filled: Engine, postgresql: PostgreSQL, tmp_path: Path, clock: HandClock
) -> None:
    downgrade(filled, "0001")
    file = back_up(filled, tmp_path / "backups", clock)
    assert list(file.parent.iterdir()) == [file]
    if filled.dialect.name == "sqlite":
        restored = open_engine(f"sqlite:///{file}")
    else:
        restored = open_engine(postgresql.new_database())
        restored.dispose()
        name = restored.url.database
        host = f"host={postgresql.folder} user=archive dbname={name}"
        subprocess.run([postgresql.programs / "pg_restore", "--dbname", host, file], check=True)
    assert version_of(restored) == "0001"
    for engine in (filled, restored):
        upgrade(engine)
    check_version(restored)
    assert exact(restored) == exact(filled)


def test_a_backup_that_does_not_fit_is_refused(
    filled: Engine, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if filled.dialect.name == "sqlite":
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
        says = "10 are free; make room"
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
        says = "pg_dump, which is not installed"
    with pytest.raises(ArchiveError, match=f"{says}.*--no-backup"):
        back_up(filled, tmp_path / "backups", clock)
    assert list((tmp_path / "backups").iterdir()) == []
