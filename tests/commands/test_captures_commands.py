"""captures verify, show and usage say what an operator needs, and leave when told to."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from sqlalchemy import select

from archive.captures import CaptureWriter
from archive.database import ArchiveError, Sessions, open_engine, session_factory, upgrade
from archive.intake import Intake
from archive.ledger import Ledger
from archive.locks import keeping_captures
from archive.models import Capture
from archive.query import ArticleName
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import Kept, Store
from archive.takedown import exclude, lift
from archive.verifying import Verifier
from commands import captures as commands
from commands.common import out
from tests.archive.helpers import HandClock, Site, fetch

URL = "https://baoquangninh.com.vn/bai-1"
PAGE = "".join(f"<p>Tin trong tỉnh, số {n * n % 977}.</p>" for n in range(100))
LEGACY = "<meta charset=windows-1258><p>Con t\xe0u\x1b[2J</p>".encode("latin-1")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(out, "width", 160)
    return replace(Settings.from_environment({"BAOTINH_DATA": str(tmp_path)}), clock=HandClock())


@pytest.fixture
def sessions(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    engine = open_engine(settings.database_url)
    upgrade(engine)
    made = session_factory(engine)
    monkeypatch.setattr(commands, "open_archive", lambda: (settings, made))
    yield made
    engine.dispose()


@pytest.fixture
def kept(settings: Settings, sessions: Sessions) -> list[Kept]:
    """One page on five days: as it was, unchanged, in another charset, as a file, gone; the last in another year."""
    clock = HandClock()
    with sessions.begin() as session:
        record = SiteRecord("bao_quang_ninh", "Báo", "dataimages", ("baoquangninh.com.vn",), "quang-ninh")
        site_id = register_site(session, record, clock)
    site = Site("bao_quang_ninh", site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)
    out = []
    with CaptureWriter(settings.captures, site.name, clock, lambda file: 0) as writer, Intake(site.store, writer) as i:
        out += [fetch(site, i, URL, PAGE.encode())]
        for body, status, kind, days in (
            (PAGE.encode(), 200, "text/html", 1),
            (LEGACY, 200, "text/html", 1),
            (b"%PDF\0", 200, "application/pdf", 1),
            (b"<p>kh\xc3\xb4ng</p>", 404, "text/html\x1b[2J", 400),
        ):
            clock.advance(days=days)
            out += [fetch(site, i, URL, body, status, kind)]
    assert out[1].capture.location.refers_to_id == out[0].id
    return out


def test_show_prints_the_page_of_a_day(kept: list[Kept], capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        "2022-01-05": PAGE,
        "2022-01-05T12:00": PAGE,
        "2022-01-05T05:00+00:00": PAGE,
        "2022-01-06": PAGE,
        "2022-01-07": "<meta charset=windows-1258><p>Con tàu[2J</p>",
        None: "<p>không</p>",
    }
    for at, page in cases.items():
        commands.captures_show(URL, at)
        told = capsys.readouterr()
        assert told.out == page + "\n"
        assert "bao_quang_ninh, fetched 202" in told.err and "bao_quang_ninh/202" in told.err


def test_show_prints_headers_and_nothing_that_commands_a_terminal(
    kept: list[Kept], capsys: pytest.CaptureFixture[str]
) -> None:
    commands.captures_show(URL, headers=True)
    told = capsys.readouterr()
    head = "HTTP/1.1 404 Not Found\nContent-Type: text/html[2J\nContent-Length: 13\n"
    assert told.out == head + "\n<p>không</p>\n"
    assert "status 404" in told.err


def test_show_saves_the_body_of_what_is_no_text(
    kept: list[Kept], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ArchiveError, match="is application/pdf, which is no text; save it with --output FILE"):
        commands.captures_show(URL, "2022-01-08")
    commands.captures_show(URL, "2022-01-08", tmp_path / "saved.pdf")
    assert (tmp_path / "saved.pdf").read_bytes() == b"%PDF\0"
    assert "saved.pdf: 5 bytes as sent" in capsys.readouterr().err
    with pytest.raises(ArchiveError, match=r"cannot be written \(Is a directory\); give another --output"):
        commands.captures_show(URL, "2022-01-08", tmp_path)


def test_show_says_what_there_is_not(kept: list[Kept]) -> None:
    cases = [
        (URL, "2022-01-04", "has no capture of 2022-01-04 or before; its first is of 2022-01-05 12:00"),
        (URL, "2022-01-05T11:59", "has no capture of 2022-01-05T11:59 or before"),
        (f"{URL}0", None, "the archive has no capture of https://baoquangninh.com.vn/bai-10; `baotinh show` names"),
        (URL, "yesterday", "--at yesterday: give a day or a time, such as 2022-01-05 or"),
    ]
    for url, at, says in cases:
        with pytest.raises((ArchiveError, ValueError), match=says):
            commands.captures_show(url, at)


def test_show_refuses_what_was_taken_down(
    kept: list[Kept], settings: Settings, sessions: Sessions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the address it was taken down at, by one that the ledger knows, and by one that only tells its key."""
    clock, saved = HandClock(), tmp_path / "saved"
    with sessions.begin() as session:
        [capture] = session.scalars(select(Capture).where(Capture.id == kept[-1].id))
        capture.final_url = told = "https://baoquangninh.com.vn/chinh-tri/202201/ten-khac-3456789/"
    for key, named in (
        ("1", URL),
        ("2", told),
        ("3456789", "https://baoquangninh.com.vn/chinh-tri/202201/ten-cu-3456789/"),
        ("khac", "https://baoquangninh.com.vn/chinh-tri/202201/ten-cu-3456789/"),
    ):
        article = ArticleName("bao_quang_ninh", key, named)
        exclude(sessions, clock, article, "theo yêu cầu")
        for url, output in ((URL, None), (URL, saved), (told, None)):
            with pytest.raises(ArchiveError) as refused:
                commands.captures_show(url, output=output, headers=True)
            assert str(refused.value) == (
                f"{url}: bao_quang_ninh-{key} was taken down on 2022-01-05 (theo yêu cầu) and is not shown; "
                f"`baotinh exclude bao_quang_ninh-{key} --lift` takes that back"
            )
        assert capsys.readouterr().out == ""
        assert not saved.exists()
        lift(sessions, clock, article)
    commands.captures_show(URL)
    assert capsys.readouterr().out == "<p>không</p>\n"


def test_usage_by_site_and_year(kept: list[Kept], settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    folder = settings.captures / "bao_quang_ninh"
    (folder / "2021-12.warc.gz").write_bytes(b"x" * 1500)
    commands.captures_usage()
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    one, other = (folder / name for name in ("2022-01.warc.gz", "2023-02.warc.gz"))
    saved = kept[0].capture.location.length - kept[1].capture.location.length
    assert f"bao_quang_ninh 2022 1 {one.stat().st_size / 1000:.1f} kB 4 1 {saved} bytes" in told
    assert any(line.startswith("bao_quang_ninh 2023 1 ") and line.endswith(" 1 0 0 bytes") for line in told)
    whole = one.stat().st_size + other.stat().st_size
    assert f"total 2 {whole / 1000:.1f} kB 5 1 {saved} bytes" in told
    assert [line for line in told if "nknown" in line or "issing" in line] == [
        "unknown: bao_quang_ninh/2021-12.warc.gz (1.5 kB) has no capture that the database knows; keep it until you "
        "know why"
    ]
    one.unlink()
    commands.captures_usage()
    assert "missing: bao_quang_ninh/2022-01.warc.gz is not in" in capsys.readouterr().out


def test_usage_of_an_empty_archive(sessions: Sessions, capsys: pytest.CaptureFixture[str]) -> None:
    commands.captures_usage()
    assert "has no captures. Begin with: baotinh crawl SITE" in capsys.readouterr().out


def test_verify_names_what_is_damaged(kept: list[Kept], settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    commands.captures_verify()
    assert capsys.readouterr().out == "5 captures and 12 records in 2 files verified: 0 damaged\n"
    place = kept[3].capture.location
    os.truncate(settings.captures / place.file, place.offset + 9)
    with pytest.raises(typer.Exit) as left:
        commands.captures_verify("bao_quang_ninh")
    assert left.value.exit_code == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == (
        f"damaged: bao_quang_ninh {URL}, fetched 2022-01-08 12:00:00, {place.file} at {place.offset}: it is torn: the "
        "file ends within it"
    )
    assert told[1] == "5 captures and 10 records in 2 files verified: 1 damaged"
    assert told[2].startswith("Put the files named above back from a copy")


def test_verify_and_purge_keep_out_of_each_others_way(
    kept: list[Kept], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        keeping_captures(settings.locks, "nothing can be purged", shared=False),
        pytest.raises(ArchiveError, match="captures cannot be verified now: captures are being purged"),
    ):
        commands.captures_verify()
    refused = []
    size = Verifier.size

    def purging(self: Verifier) -> int:
        with (
            pytest.raises(ArchiveError, match="nothing can be purged now: a backup is being made, or captures are bei"),
            keeping_captures(settings.locks, "nothing can be purged", shared=False),
        ):
            pass
        refused.append(True)
        return size(self)

    monkeypatch.setattr(Verifier, "size", purging)
    commands.captures_verify()
    assert refused == [True]


def test_verify_leaves_at_once_when_told_to(
    kept: list[Kept], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Verifier._differs

    def interrupted(self: Verifier, row: object, record: object) -> str | None:
        if self.counts.records == 5:
            raise KeyboardInterrupt
        return whole(self, row, record)  # type: ignore[arg-type]

    monkeypatch.setattr(Verifier, "_differs", interrupted)
    with pytest.raises(typer.Exit) as left:
        commands.captures_verify()
    assert left.value.exit_code == 130
    told = capsys.readouterr()
    assert told.out == ""
    assert (
        "interrupted: 2 captures and 5 records in 0 files verified: 0 damaged so far; nothing was changed" in told.err
    )
