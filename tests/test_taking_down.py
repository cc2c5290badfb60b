"""Taking down and backups as an operator does it: by command, on an archive that a crawl filled."""

import json
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from typer.testing import CliRunner

from archive.database import ArchiveError
from baotinh import app
from tests.conftest import Program, number_of_articles
from tests.sample_web.harness import SampleWeb

FAILED = 1
SITE = "hong_linh"
NEVER = "https://honglinh.hatinh.gov.vn/portal/Pages/2023-03-14/Gap-nguoi-bon-muoi-nam-sua-dong-ho-488940.aspx"
"""An article that is taken down before anything was crawled."""


def command(program: Program, *arguments: str, code: int = 0, asked: str | None = None) -> str:
    """Run a command in this process and give what it printed, its error last."""
    done = CliRunner().invoke(app, list(arguments), env=program.environment, input=asked)
    if isinstance(done.exception, ArchiveError | ValueError):
        assert code == FAILED, done.exception
        return done.output + str(done.exception)
    assert done.exit_code == code, done.output
    return done.output


def articles(program: Program) -> dict[str, dict[str, Any]]:
    """The corpus by address, as the export has it."""
    folder = program.data.parent / "corpus"
    command(program, "export", str(folder), "--format", "jsonl")
    lines = (folder / "articles.jsonl").read_text("utf-8").splitlines()
    return {one["url"]: one for one in map(json.loads, lines)}


def test_what_is_taken_down_is_not_fetched_and_a_backup_keeps_all(
    program: Program, web: SampleWeb, tmp_path: Path
) -> None:
    assert "is taken down on 2023-04-01: in advance" in command(program, "exclude", NEVER, "--reason", "in advance")
    since = len(web.log())
    program.crawl(SITE)
    paths = {row["path"] for row in web.log()[since:]}
    assert urlsplit(NEVER).path not in paths
    before = articles(program)
    assert len(before) == number_of_articles(SITE) - 1
    fetched, other = sorted(before)[:2]
    assert urlsplit(fetched).path in paths

    assert "give --reason TEXT" in command(program, "exclude", fetched, code=FAILED)
    said = command(program, "exclude", fetched, "--reason", "[asked] for")
    assert "is taken down on 2023-04-01: [asked] for" in said
    assert "[asked] for" in command(program, "exclude", "--list")
    since = len(web.log())
    refused = program.run("fetch", fetched, "--force", code=FAILED)
    assert "was taken down and is not fetched; `baotinh exclude --list` says why" in " ".join(refused.stderr.split())
    assert urlsplit(fetched).path not in {row["path"] for row in web.log()[since:]}
    assert articles(program).keys() == before.keys() - {fetched}
    shown = command(program, "show", fetched)
    assert "was taken down on 2023-04-01: [asked] for" in shown
    assert before[fetched]["title"] not in shown
    assert f"{SITE}: 2 addresses of articles that were taken down" in command(program, "status")

    # Another site's host, and a text.
    assert "no site has the host" in command(program, "exclude", "https://example.org/1", "--reason", "x", code=FAILED)
    text_id = before[other]["text_id"]
    said = command(program, "exclude", text_id, "--reason", "x", code=FAILED)
    assert f"{text_id} is a text" in said
    assert f"carried by {SITE}-" in said

    digest = command(program, "db", "digest", "--exact")
    file = tmp_path / "archive.tar"
    assert "Exact digest of the database" in command(program, "backup", str(file))
    restored = Program(tmp_path / "restored" / "data", None)
    said = command(restored, "restore", str(file))
    assert "Restored the archive of 2023-04-01" in said
    assert digest.split()[-3] in said
    assert command(restored, "db", "digest", "--exact") == digest
    assert "taken down" in command(restored, "show", fetched)

    aborted = command(program, "exclude", fetched, "--purge", code=FAILED, asked="n\n")
    assert "for good?" in aborted
    assert "Purged" not in aborted
    said = command(program, "exclude", fetched, "--purge", "--yes")
    assert "Purged: 1 records in 1 capture files, 1 texts." in said
    assert "Backups made before this and exports still hold the article" in said
    assert "that is lifted" in command(program, "exclude", NEVER, "--lift")
    with sqlite3.connect(program.data / "baotinh.sqlite3") as database:
        states = dict(database.execute("select url, state from url where kind = 'article'").fetchall())
    assert (states[NEVER], states[fetched]) == ("found", "excluded")


def test_an_archive_that_is_half_restored_is_not_worked_with(tmp_path: Path) -> None:
    program = Program(tmp_path / "data", None)
    (program.data / ".restoring").mkdir(parents=True)
    said = command(program, "status", code=FAILED)
    assert "a backup is being restored here, or that was cut short" in said
