"""A disk that is full amid a crawl: the crawl ends with what to do, and once there is room the next one goes on."""

import shlex
import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import BAOTINH, Program, number_of_articles
from tests.killing import broken_captures
from tests.sample_web.harness import SampleWeb

SITE = "bao_thai_nguyen"
FAILED = 1
NAMESPACES = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
"""How a process gets mounts of its own: as root, and as a user where the kernel lets users."""


def crawl_with_files_up_to(size: int, program: Program, database: str) -> "subprocess.CompletedProcess[str]":
    """Crawl with no file growing above `size`: writing fails in the middle, as on a full disk."""
    return subprocess.run(
        ["prlimit", f"--fsize={size}", *BAOTINH, "crawl", SITE, "-s", "DOWNLOAD_DELAY=0"],
        env=program.environment | {"BAOTINH_DATABASE_URL": f"sqlite:///{program.data}/{database}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ends_when_files_cannot_grow(program: Program, room: int) -> None:
    """Let a crawl meet a database that cannot grow by more than `room` bytes, then crawl again."""
    database = program.data / "baotinh.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    done = crawl_with_files_up_to(database.stat().st_size + room, program, database.name)
    assert done.returncode == FAILED
    says_what_to_do(done.stderr)
    program.crawl(SITE)
    assert len(program.articles()) == number_of_articles(SITE)


def says_what_to_do(err: str) -> None:
    assert "Traceback" not in err
    told = [line for line in err.splitlines() if line.startswith(f"{SITE}: ")]
    assert told and "make room" in told[-1] and "goes on where it stopped" in told[-1], err


@cache
def namespace() -> list[str] | None:
    """The command that lets a process mount; None where the machine permits it to nobody."""
    for command in NAMESPACES:
        done = subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
        if done.returncode == 0:
            return command
    return None


SCRIPT = """
mount -t tmpfs -o size={size}k tmpfs {data}
cp -a {empty}/. {data}
{baotinh} crawl {site} -s DOWNLOAD_DELAY=0 2> {kept}/said
echo $? > {kept}/code
cp -a {data} {kept}/full
mount -o remount,size=64m {data}
set -e
{baotinh} crawl {site} -s DOWNLOAD_DELAY=0
{baotinh} db digest > {kept}/digest
cp -a {data} {kept}/after
"""


def articles_in(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "baotinh.sqlite3") as database:
        return {key for (key,) in database.execute("select key from article")}


def fill(program: Program, folder: Path, room: int) -> Path:
    """Crawl on a disk with `room` KiB beside an empty archive, then with more; give where all is kept."""
    mounts = namespace()
    assert mounts is not None
    size = sum(file.stat().st_blocks // 2 for file in program.data.rglob("*")) + room
    data, kept = folder / "disk", folder / "kept"
    for one in (data, kept):
        one.mkdir()
    baotinh = shlex.join([sys.executable, "-m", "baotinh"])
    script = SCRIPT.format(size=size, data=data, empty=program.data, baotinh=baotinh, site=SITE, kept=kept)
    environment = program.environment | {"BAOTINH_DATA": str(data), "BAOTINH_KEEP_FREE": "0"}
    done = subprocess.run(
        [*mounts, "sh", "-c", script], env=environment, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return kept


@pytest.fixture
def undisturbed(tmp_path: Path, web: SampleWeb, program: Program) -> str:
    """The digest of a crawl that nothing disturbed."""
    made = Program(tmp_path / "undisturbed" / "data", web)
    made.run("db", "upgrade")
    made.crawl(SITE)
    return made.run("db", "digest").stdout


def test_a_disk_that_is_full_ends_the_crawl_and_loses_nothing(
    program: Program, tmp_path: Path, undisturbed: str
) -> None:
    """Captures, database and logs stand on one small disk; where nobody may mount one, files may not grow."""
    if namespace() is None:
        ends_when_files_cannot_grow(program, 40_000)
        return
    kept = fill(program, tmp_path, 700)
    assert (kept / "code").read_text().strip() == str(FAILED)
    says_what_to_do((kept / "said").read_text("utf-8"))
    before = articles_in(kept / "full")
    assert 0 < len(before) < number_of_articles(SITE), "the disk was full amid the crawl"
    assert (kept / "digest").read_text("utf-8") == undisturbed
    after = kept / "after"
    assert before <= articles_in(after)
    assert broken_captures(f"sqlite:///{after}/baotinh.sqlite3", after / "captures")[1] == []


def test_a_file_that_cannot_grow_ends_the_crawl_and_loses_nothing(program: Program) -> None:
    assert crawl_with_files_up_to(60_000, program, "other.sqlite3").returncode == FAILED
    ends_when_files_cannot_grow(program, 200_000)


@pytest.mark.torture
@pytest.mark.parametrize("room", range(100, 1400, 100))
def test_a_disk_that_is_full_at_any_moment_loses_nothing(
    program: Program, tmp_path: Path, undisturbed: str, room: int, capsys: pytest.CaptureFixture[str]
) -> None:
    if namespace() is None:
        ends_when_files_cannot_grow(program, room * 1024)
        return
    kept = fill(program, tmp_path, room)
    before, after, code = articles_in(kept / "full"), kept / "after", (kept / "code").read_text().strip()
    if code != "0":
        says_what_to_do((kept / "said").read_text("utf-8"))
    assert (kept / "digest").read_text("utf-8") == undisturbed
    assert before <= articles_in(after)
    assert broken_captures(f"sqlite:///{after}/baotinh.sqlite3", after / "captures")[1] == []
    with capsys.disabled():
        print(f"\n{room} KiB of room: the crawl ended with {code}, {len(before)} articles kept, all there in the end")
