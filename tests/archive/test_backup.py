"""A backup made while pages come in is restored as the archive that it was, or not at all."""

import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from archive import backup as backing
from archive import restoring
from archive.backup import BackupError, make_backup
from archive.captures import CaptureWriter, Location, read_capture
from archive.copying import write_database
from archive.database import ArchiveError, downgrade, open_engine, reading, session_factory, upgrade, version_of
from archive.digest import exact_digest, whole
from archive.export.selection import Selection
from archive.export.txt import export_txt
from archive.locks import keeping_captures
from archive.models import Capture
from archive.restoring import RESTORING, refuse_half_restored, restore_backup
from archive.settings import Settings
from archive.store import NewCapture, Read
from tests.archive.helpers import Site, append, page
from tests.postgresql import PostgreSQL

MakeSite = Callable[..., Site]


def save(settings: Settings, site: Site, writer: CaptureWriter, number: int) -> None:
    """Fetch one page: its capture, then its rows."""
    url, body = f"https://baoquangninh.com.vn/bai-{number}", f"page {number} ".encode() * 400
    headers = [("Content-Type", "text/html")]
    place = append(writer, url, 200, headers, body)
    kept = site.keep(NewCapture(place, url, url, 200, headers, site.clock.now()))
    with site.store.writing() as session:
        site.store.save(session, [Read(kept, page(str(number), f"Lời của bài {number}."), url, "1")])


@pytest.fixture
def filled(settings: Settings, engine: Engine, make_site: MakeSite) -> Site:
    site = make_site()
    with CaptureWriter(settings.captures, site.name, site.clock, lambda file: 0) as writer:
        for number in range(3):
            save(settings, site, writer, number)
    return site


@pytest.fixture
def target(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Settings]:
    """Makes settings of an empty archive elsewhere, on the same database unless told otherwise."""

    def make(name: str = "restored", kind: str | None = None) -> Settings:
        (tmp_path / name).mkdir(exist_ok=True)
        url = f"sqlite:///{tmp_path}/{name}/baotinh.sqlite3"
        if (kind or settings.database_url.partition("+")[0].partition(":")[0]) == "postgresql":
            server: PostgreSQL = request.getfixturevalue("postgresql")
            url = server.new_database()
        return replace(settings, data=tmp_path / name, database_url=url)

    return make


def exact(engine: Engine) -> str:
    with reading(session_factory(engine)) as session:
        return whole(exact_digest(session))


def check_whole(engine: Engine, settings: Settings) -> int:
    """Read every capture that the database knows, and give their number."""
    with reading(session_factory(engine)) as session:
        rows = list(session.scalars(select(Capture).order_by(Capture.id)))
    for row in rows:
        place = Location(row.file, row.offset, row.length, row.payload_digest, row.payload_length)
        number = row.url.rpartition("-")[2]
        assert read_capture(settings.captures, place).payload == f"page {number} ".encode() * 400
    return len(rows)


def exported(engine: Engine, folder: Path) -> dict[str, bytes]:
    export_txt(session_factory(engine), folder, Selection())
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_a_backup_made_while_pages_come_in(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    """A writer saves without a pause: at every step of the backup at least one more page comes in."""
    file, ended, saved = tmp_path / "archive.tar", threading.Event(), threading.Semaphore(0)

    def crawl() -> None:
        with CaptureWriter(settings.captures, filled.name, filled.clock, lambda _: 0) as writer:
            number = 3
            while not ended.is_set():
                save(settings, filled, writer, number)
                number += 1
                saved.release()

    told: list[str] = []

    def tell(name: str, _: int) -> None:
        told.append(name)
        while saved.acquire(blocking=False):
            pass
        assert saved.acquire(timeout=60), "pages come in during the backup"

    crawling = threading.Thread(target=crawl)
    crawling.start()
    try:
        made = make_backup(engine, settings, file, "0", tell=tell)
    finally:
        ended.set()
        crawling.join()
    assert {name.partition("/")[0] for name in told} == {next(iter(made.files)), "captures"}
    assert list(tmp_path.glob(".partial*")) == []
    there = target()
    restored = open_engine(there.database_url)
    assert restore_backup(file, restored, there) == made
    assert exact(restored) == made.digest
    assert exact(engine) != made.digest, "more came in than the backup has"
    number = check_whole(restored, there)
    assert 3 <= number < check_whole(engine, settings)
    assert files(there.captures) == ["bao_quang_ninh/2022-01.warc.gz"]
    assert not (there.data / RESTORING).exists()
    # An archive like any other: it goes on where it was.
    writer = CaptureWriter(there.captures, "bao_quang_ninh", filled.clock, lambda _: 0)
    with writer:
        assert append(writer, "https://baoquangninh.com.vn/x", 200, [], b"").offset > 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_two_backups_to_one_file_at_once(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    """The second is made whole while the first copies; what a killed one left goes, what others work in stays."""
    file, abandoned = tmp_path / "archive.tar", tmp_path / ".partial-backup-killed"
    abandoned.mkdir()
    (abandoned / "lock").touch()
    (abandoned / "backup.tar").write_bytes(b"x")
    second: list[backing.Backup] = []
    between: list[bytes] = []

    def tell(*_: object) -> None:
        assert not abandoned.exists()
        if not second:
            second.append(make_backup(engine, settings, file, "second", force=True))
            between.append(file.read_bytes())

    first = make_backup(engine, settings, file, "first", force=True, tell=tell)
    assert list(tmp_path.glob(".partial*")) == []
    again = tmp_path / "second.tar"
    again.write_bytes(between[0])
    for name, one, made in (("a", file, first), ("b", again, second[0])):
        there = target(name)
        restored = open_engine(there.database_url)
        assert restore_backup(one, restored, there) == made
        assert check_whole(restored, there) == 3
        restored.dispose()


def test_what_is_restored_exports_the_same_bytes(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    make_backup(engine, settings, tmp_path / "archive.tar", "0")
    there = target()
    # Tables without rows are empty enough.
    restored = open_engine(there.database_url)
    upgrade(restored)
    restore_backup(tmp_path / "archive.tar", restored, there)
    assert exact(restored) == exact(engine)
    assert exported(restored, tmp_path / "a") == exported(engine, tmp_path / "b")
    # To the last byte: behind the last response stands its request.
    for name in files(settings.captures):
        if name.endswith(".warc.gz"):
            assert (there.captures / name).read_bytes() == (settings.captures / name).read_bytes()
    with pytest.raises(BackupError, match=r"is not empty .captures is in it.*BAOTINH_DATA"):
        restore_backup(tmp_path / "archive.tar", restored, there)
    shutil.rmtree(there.captures)
    with pytest.raises(BackupError, match="holds an archive or other tables already; name a new or empty database"):
        restore_backup(tmp_path / "archive.tar", restored, there)


def test_from_one_database_into_the_other(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    make_backup(engine, settings, tmp_path / "archive.tar", "0")
    there = target(kind="postgresql" if engine.dialect.name == "sqlite" else "sqlite")
    restored = open_engine(there.database_url)
    if engine.dialect.name == "sqlite":
        made = restore_backup(tmp_path / "archive.tar", restored, there)
        assert exact(restored) == exact(engine) == made.digest
        assert check_whole(restored, there) == 3
    else:
        with pytest.raises(BackupError, match="into an empty PostgreSQL database, then `baotinh db copy`"):
            restore_backup(tmp_path / "archive.tar", restored, there)
        assert files(there.data) == []


def dying(step: Callable[..., Any], once: Path) -> Callable[..., Any]:
    """A step of a restore after which the process is killed, if `once` is there already."""

    def die(*given: Any) -> None:
        step(*given)
        if once.exists():
            raise KeyboardInterrupt

    return die


def test_a_restore_that_is_killed_is_run_again(
    settings: Settings,
    engine: Engine,
    filled: Site,
    target: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after a file was read, after the database was filled, and after the captures were put in place."""
    make_backup(engine, settings, tmp_path / "archive.tar", "0")
    for moment in ("_extract", "_load", "sync_folder"):
        there = target(moment)
        restored = open_engine(there.database_url)

        die = dying(getattr(restoring, moment), there.captures if moment == "sync_folder" else there.data)

        def stay(*_: Any, **__: Any) -> None:
            """A killed process tidies nothing up."""

        with monkeypatch.context() as patch:
            patch.setattr(restoring, moment, die)
            patch.setattr(shutil, "rmtree", stay)
            with pytest.raises(KeyboardInterrupt):
                restore_backup(tmp_path / "archive.tar", restored, there)
        restored.dispose()
        with pytest.raises(BackupError, match="run `baotinh restore FILE` again"):
            refuse_half_restored(there)
        assert there.captures.exists() == (moment == "sync_folder")
        restore_backup(tmp_path / "archive.tar", restored, there)
        refuse_half_restored(there)
        assert exact(restored) == exact(engine)
        assert check_whole(restored, there) == 3
        restored.dispose()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # only SQLite's file is copied into place
def test_a_restore_cut_short_while_the_database_is_copied_is_run_again(
    settings: Settings,
    engine: Engine,
    filled: Site,
    target: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, there = tmp_path / "archive.tar", target()
    backup = make_backup(engine, settings, file, "0")
    restored, beside = open_engine(there.database_url), there.data / ".baotinh.sqlite3.restoring"

    def full(_: Path, to: Path) -> None:
        to.write_bytes(b"SQLite")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(BackupError, match=r"No space left on device.; mend that, then restore again"):
            restore_backup(file, restored, there)
    assert not beside.exists()
    # A killed process leaves it, and it takes no room from the next.
    beside.write_bytes(b"SQLite")
    usage, database = shutil.disk_usage(tmp_path), backup.files["database.sqlite3"][0]
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=backup.bytes + database - 1))
        with pytest.raises(
            BackupError, match=rf"{backup.bytes + database} bytes are needed and \d+ are free; make room"
        ):
            restore_backup(file, restored, there)
        beside.write_bytes(b"SQLite")
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=backup.bytes + database))
        restore_backup(file, restored, there)
    assert exact(restored) == exact(engine)
    assert not beside.exists()
    refuse_half_restored(there)


LATER = {
    "former_site", "disabled_site", "site_check", "exclusion", "site_name", "source_record", "site_paragraph",
    "site_paragraph_text", "fingerprint", "lsh_band", "reprint", "text_group", "paused_site", "muted_site",
    "wanted_run", "night_report", "verdict",
}  # fmt: skip
"""Tables that version 0002 did not have."""


def test_an_older_backup_stays_what_it_was(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    downgrade(engine, "0002")
    with pytest.raises(ArchiveError, match="run `baotinh db upgrade`"):
        make_backup(engine, settings, tmp_path / "archive.tar", "0")
    # As a program of that version would have made it.
    upgrade(engine)
    now = exact(engine)
    make_backup(engine, settings, tmp_path / "new.tar", "0")
    downgrade(engine, "0002")
    older = tmp_path / "database"
    write_database(engine, older, "-")
    change(tmp_path / "new.tar", tmp_path / "old.tar", database=older.read_bytes(), schema="0002", without=LATER)
    there = target()
    restored = open_engine(there.database_url)
    restore_backup(tmp_path / "old.tar", restored, there)
    assert version_of(restored) == "0002"
    upgrade(restored)
    assert exact(restored) == now
    if engine.dialect.name == "sqlite":
        there = target("on-postgresql", kind="postgresql")
        restored = open_engine(there.database_url)
        restore_backup(tmp_path / "old.tar", restored, there)
        assert exact(restored) == now


def change(
    source: Path,
    target: Path,
    *,
    database: bytes | None = None,
    schema: str | None = None,
    without: Collection[str] = (),
    extra: tarfile.TarInfo | None = None,
    damage: str = "",
    meddle: Callable[[dict[str, Any]], None] = lambda words: None,
) -> None:
    """Write a backup anew with something about it changed, and the manifest true to it unless `damage` says where."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        contents = {one.name: old.extractfile(one).read() for one in old}  # type: ignore[union-attr]
        words = json.loads(contents.pop("manifest.json"))
        for name in contents:
            if name.startswith("database") and database is not None:
                contents[name] = database
                words["files"][name] = {"bytes": len(database), "sha256": hashlib.sha256(database).hexdigest()}
            if damage and damage in name:
                contents[name] = contents[name][:-1] + bytes([contents[name][-1] ^ 1])
        words["schema"] = schema or words["schema"]
        words["tables"] = {name: one for name, one in words["tables"].items() if name not in without}
        meddle(words)
        contents["manifest.json"] = json.dumps(words).encode()
        if extra is not None:
            new.addfile(extra, io.BytesIO(b"x" * extra.size))
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    made.size = 4 if kind == tarfile.REGTYPE else 0
    return made


def newer(words: dict[str, Any]) -> None:
    words["format"] = 2


def lying(words: dict[str, Any]) -> None:
    words["tables"]["url"]["sum"] = "0" * 64


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "absolute": ({"extra": member("/etc/cron.d/x")}, "which no backup of this program has"),
    "upwards": ({"extra": member("captures/../../x.warc.gz")}, "which no backup of this program has"),
    "hidden": ({"extra": member("captures/x/.warc.gz")}, "which no backup of this program has"),
    "link": ({"extra": member("captures/x/a.warc.gz", tarfile.SYMTYPE, "/etc/passwd")}, "do not trust this file"),
    "hard link": ({"extra": member("captures/x/a.warc.gz", tarfile.LNKTYPE, "manifest.json")}, "do not trust"),
    "device": ({"extra": member("captures/x/a.warc.gz", tarfile.CHRTYPE)}, "do not trust this file"),
    "folder": ({"extra": member("captures/x", tarfile.DIRTYPE)}, "do not trust this file"),
    "twice": ({"extra": member("manifest.json")}, "a name twice"),
    "not told": ({"extra": member("captures/x/a.warc.gz")}, "does not hold what its manifest says"),
    "capture damaged": ({"damage": "captures/"}, "2022-01.warc.gz is damaged; nothing was restored"),
    "database damaged": ({"damage": "database"}, "database.* is damaged; nothing was restored"),
    "other digest": ({"meddle": lying}, "is not the database that the manifest tells of"),
    "newer tables": ({"schema": "0999"}, "newer program .*archive version 0999.; upgrade this program"),
    "newer format": ({"meddle": newer}, "newer program"),
}


def test_a_file_that_is_not_to_be_trusted_leaves_nothing(
    settings: Settings, engine: Engine, filled: Site, target: Callable[..., Settings], tmp_path: Path
) -> None:
    good, file = tmp_path / "archive.tar", tmp_path / "hostile.tar"
    make_backup(engine, settings, good, "0")
    there = target()
    restored = open_engine(there.database_url)

    def refused(says: str) -> None:
        with pytest.raises(BackupError, match=says):
            restore_backup(file, restored, there)
        assert files(there.data) == []
        assert version_of(restored) is None

    for changes, says in HOSTILE.values():
        change(good, file, **changes)
        refused(says)
    whole_file = good.read_bytes()
    for length in (0, 100, 512, len(whole_file) // 2, len(whole_file) - 20_000):
        file.write_bytes(whole_file[:length])
        refused("is no backup, or is cut off|does not hold|cannot be read")
    file.unlink()
    refused("cannot be read")
    restore_backup(good, restored, there)
    assert exact(restored) == exact(engine)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # nothing of it depends on the database
def test_where_a_backup_is_refused(
    settings: Settings, engine: Engine, filled: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "archive.tar"

    def refused(says: str, given: Path = file, **options: Any) -> None:
        with pytest.raises(ArchiveError, match=says):
            make_backup(engine, settings, given, "0", **options)
        assert list(tmp_path.glob(".partial*")) == []

    refused("lies among the captures", settings.captures / "bao_quang_ninh" / "a.tar")
    refused("its folder does not exist", tmp_path / "nowhere" / "a.tar")
    refused("is a folder", tmp_path)
    file.write_text("kept")
    refused("is there already; give another FILE, or --force")
    with keeping_captures(settings.locks, "-", shared=False):
        refused("no backup can be made now: captures are being purged", force=True)
    [capture] = settings.captures.rglob("*.warc.gz")
    data = capture.read_bytes()
    capture.write_bytes(data[: len(data) // 2])
    refused(r"bao_quang_ninh/2022-01.warc.gz of the database's captures are missing there or too short", force=True)
    capture.write_bytes(data)
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
        refused("10 are free; make room, or give a FILE on another disk", force=True)
    with monkeypatch.context() as patch:
        patch.setattr(backing, "_add_manifest", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        refused("the backup cannot be written .No space left.", force=True)
    assert file.read_text() == "kept"
    make_backup(engine, settings, file, "0", force=True)
    assert tarfile.is_tarfile(file)
