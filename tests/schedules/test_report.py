"""The report of a night: what it tells, in how many lines, when it is sent, and what it never shows."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from archive.database import DatabaseFailed, reading
from archive.models import RunOutcome, Verdict
from archive.schedule import mute, pause, unmute
from archive.settings import Settings, SettingsError
from archive.sites import SiteCheck, disable, note_check
from archive.verdicts import report_of, standing
from schedules.health import judge_run
from schedules.notify import NotTold, check_addresses, send
from schedules.report import LINES, night_report, tell_night
from tests.schedules.helpers import NIGHT, Archive
from tests.schedules.test_health import crawl, down, lost_layout, without

SECRET = "s3cret"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.engine.dispose()


def report(archive: Archive, night: int) -> list[str]:
    return night_report(archive.sessions, archive.settings, NIGHT + timedelta(days=night)).splitlines()


def fail(archive: Archive, site: str, night: int, **faults: Any) -> None:
    archive.judged(site, night, down(**faults), RunOutcome.FAILED)


# -- the verdict in the archive -------------------------------------------------------------------
def test_a_verdict_is_kept_and_judging_again_changes_nothing(archive: Archive) -> None:
    for night in range(6):
        assert archive.judged("hong_linh", night, crawl()).health == "ok"
    key = archive.run("hong_linh", 6, without("lead"))
    first = judge_run(archive.sessions, archive.clock, key)
    archive.clock.set(archive.clock.now() + timedelta(hours=1))
    assert judge_run(archive.sessions, archive.clock, key) == first
    with reading(archive.sessions) as session:
        assert session.scalar(select(func.count()).select_from(Verdict)) == 7
        one = standing(session)["hong_linh"]
    assert (one.state, one.fields) == (("broken", "layout"), ("lead",))


def test_what_came_later_is_no_past_of_a_run(archive: Archive) -> None:
    key = archive.run("hong_linh", 0, crawl())
    for night in range(1, 6):
        archive.judged("hong_linh", night, crawl())
    archive.run("hong_linh", 6, crawl(), RunOutcome.RUNNING)
    assert judge_run(archive.sessions, archive.clock, key).health == "ok"


def test_a_run_under_way_is_not_judged(archive: Archive) -> None:
    key = archive.run("hong_linh", 0, {}, RunOutcome.RUNNING)
    with pytest.raises(ValueError, match="hong_linh has not ended"):
        judge_run(archive.sessions, archive.clock, key)


def test_a_site_stands_as_it_does_since_its_state_last_changed(archive: Archive) -> None:
    for night, faults in enumerate(({}, {"fault__tls": 3}, {}, {"fault__tls": 3}, {"fault__tls": 9}, {})):
        if faults:
            fail(archive, "hong_linh", night, **faults)
            fail(archive, "bao_quang_ninh", night, fault__refused=1)
        else:
            archive.judged("hong_linh", night, crawl())
    with reading(archive.sessions) as session:
        states = standing(session)
    assert states["hong_linh"].since == archive.clock.now()
    assert states["bao_quang_ninh"].since == archive.clock.now() - timedelta(days=4)
    assert states["bao_quang_ninh"].since.tzinfo is not None


# -- what is told ---------------------------------------------------------------------------------
def test_the_report_has_totals_and_each_change_with_cause_and_next_step(archive: Archive) -> None:
    for night in range(4):
        for site in ("hong_linh", "bao_quang_ninh", "bao_thai_nguyen"):
            archive.judged(site, night, crawl(revised=2, gone=1))
    archive.judged("hong_linh", 4, lost_layout())
    fail(archive, "bao_quang_ninh", 4, status__403=6)
    archive.judged("bao_thai_nguyen", 4, crawl(new=7, revised=2, gone=1))
    assert report(archive, 4) == [
        "Báo Tỉnh, night of 2026-03-06: 3 sites crawled: 1 ok, 1 broken, 1 blocked",
        "11 new, 2 revised, 1 gone; 35 requests",
        "broken: layout (lead, section): hong_linh: 5 of 5 pages fit no layout; missing: lead, section. Next: "
        "`baotinh sites relearn hong_linh` learns a layout from its captures",
        "blocked: challenge: bao_quang_ninh: it turns us away. Next: write to the site's office, or ask less often "
        "(DOWNLOAD_DELAY)",
    ]


def test_a_site_is_told_of_when_its_state_changes_and_not_every_night(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl())
    assert len(report(archive, 0)) == 2
    fail(archive, "hong_linh", 1, fault__tls=3)
    assert report(archive, 1)[2].startswith("broken: tls: hong_linh: its certificate is not good. Next: ")
    fail(archive, "hong_linh", 2, fault__tls=3)
    assert report(archive, 2)[2:] == ["not well as before: hong_linh (broken: tls since 2026-03-03)"]
    fail(archive, "hong_linh", 3, fault__timeout=3)
    assert report(archive, 3)[2].startswith("broken: timeout: hong_linh: ")
    archive.judged("hong_linh", 4, crawl())
    assert report(archive, 4)[2:] == ["well again: hong_linh (was broken: timeout)"]
    archive.judged("hong_linh", 5, crawl())
    assert len(report(archive, 5)) == 2


def test_a_run_that_was_lost_and_made_again_is_told_by_the_second_one(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl())
    assert archive.judged("hong_linh", 1, crawl(2), RunOutcome.LOST, reason="killed").health == "broken"
    archive.judged("hong_linh", 1, crawl(4))
    assert report(archive, 1)[1:] == ["6 new, 0 revised, 0 gone; 30 requests"]
    assert report(archive, 1)[0].endswith("1 site crawled: 1 ok")


def test_what_a_run_in_the_daytime_found_is_told_with_the_next_night(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl())
    judge_run(archive.sessions, archive.clock, archive.run("hong_linh", None, down(fault__tls=3), RunOutcome.FAILED))
    fail(archive, "hong_linh", 1, fault__tls=3)
    assert report(archive, 1)[2].startswith("broken: tls: hong_linh")


@pytest.mark.parametrize("sites", [3, 8, 9, 200])
def test_ten_lines_however_many_sites_there_are(archive: Archive, sites: int) -> None:
    causes = [
        {"fault__tls": 3},
        {"fault__timeout": 3},
        {"fault__unresolved": 3},
        {"status__403": 3},
        {"status__404": 3},
    ]
    causes += [{"fault__refused": 3}, {"status__500": 3}, {"fault__reset": 3}, {"fault__proxy": 3}, {}]
    for number in range(sites):
        fail(archive, f"site_{number:03}", 0, **causes[number % len(causes)])
    paused, closed = archive.site("paused_one"), archive.site("closed_one")
    with archive.sessions.begin() as session:
        pause(session, paused, archive.clock.now(), None, "moves")
        disable(session, closed, "closed", archive.clock)
    lines = report(archive, 0)
    assert len(lines) <= LINES
    assert f"{sites} site" in lines[0]
    assert lines[2].startswith("gone: not_found" if sites > 4 else "broken: dns"), "the worst first"
    assert "paused: paused_one" in lines[-1] and "disabled: closed_one" in lines[-1]
    if sites == 200:
        assert lines[2].startswith(
            "gone: not_found: 20 sites: site_004, site_014, site_024, site_034 and 16 more. Next:"
        )
        assert lines[-2] == "and 80 sites more: baotinh status"
    if sites == 8:
        assert "site_007" in "\n".join(lines)


def test_what_is_left_to_tell_has_one_line_each(archive: Archive) -> None:
    for number in range(9):
        fail(archive, f"still_{number:02}", 0, fault__tls=3)
        fail(archive, f"again_{number:02}", 0, fault__tls=3)
    for number in range(9):
        fail(archive, f"still_{number:02}", 1, fault__tls=3)
        archive.judged(f"again_{number:02}", 1, crawl())
    lines = report(archive, 1)
    assert [line.partition(":")[0] for line in lines[2:]] == ["well again", "not well as before"]
    assert lines[2].endswith("and 5 more") and lines[3].endswith("and 5 more")


def test_nobody_is_told_of_a_muted_site(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl())
    with archive.sessions.begin() as session:
        mute(session, archive.site("hong_linh"), archive.clock.now(), archive.clock.now() + timedelta(days=2))
    fail(archive, "hong_linh", 1, fault__tls=3)
    assert report(archive, 1)[2:] == ["muted: hong_linh"]
    assert "1 broken" in report(archive, 1)[0]


def test_a_reason_that_a_server_wrote_is_cut_and_stays_one_line(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl(), RunOutcome.BLOCKED, reason="x\ny " * 500)
    [line] = report(archive, 0)[2:]
    assert len(line) < 300 and "Next: write to" in line


# -- who is told ----------------------------------------------------------------------------------
class Letterbox:
    """A server on loopback that takes messages."""

    def __init__(self) -> None:
        self.letters: list[dict[str, Any]] = []
        self.status = 200
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                box.letters.append(json.loads(body))
                self.send_response(box.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://lan:{SECRET}@127.0.0.1:{self.server.server_port}/"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(10)


@pytest.fixture
def box() -> Iterator[Letterbox]:
    made = Letterbox()
    yield made
    made.close()


@pytest.fixture
def told(tmp_path: Path, box: Letterbox) -> Iterator[Archive]:
    made = Archive(tmp_path, BAOTINH_NOTIFY=box.address)
    yield made
    made.engine.dispose()


def tell(archive: Archive, night: int) -> bool:
    return tell_night(archive.sessions, archive.settings, NIGHT + timedelta(days=night))


def test_a_night_with_news_is_sent_once(told: Archive, box: Letterbox) -> None:
    fail(told, "hong_linh", 0, fault__tls=3)
    assert tell(told, 0) is True
    assert tell(told, 0) is False
    [letter] = box.letters
    assert letter["title"] == "Báo Tỉnh, night of 2026-03-02: 1 site crawled: 1 broken"
    assert letter["message"].splitlines() == report(told, 0)[1:]
    with reading(told.sessions) as session:
        assert report_of(session, NIGHT) == "\n".join(report(told, 0))


def test_a_night_without_news_is_kept_and_not_sent(told: Archive, box: Letterbox) -> None:
    told.judged("hong_linh", 0, crawl())
    assert tell(told, 0) is False
    fail(told, "hong_linh", 1, fault__tls=3)
    fail(told, "hong_linh", 2, fault__tls=3)
    assert [tell(told, night) for night in (1, 2)] == [True, False]
    assert len(box.letters) == 1
    with reading(told.sessions) as session:
        assert all(report_of(session, NIGHT + timedelta(days=night)) for night in range(3))


def test_what_could_not_be_sent_is_told_the_next_time_and_no_secret_is_shown(
    told: Archive, box: Letterbox, caplog: pytest.LogCaptureFixture
) -> None:
    fail(told, "hong_linh", 0, fault__tls=3)
    box.status = 500
    with caplog.at_level(logging.DEBUG), pytest.raises(NotTold, match=r"1 of 1 addresses .* \(json\)") as error:
        tell(told, 0)
    assert SECRET not in str(error.value) + caplog.text + repr(told.settings)
    box.status = 200
    assert tell(told, 0) is True


def test_one_address_that_fails_keeps_the_message_from_none_of_the_others(
    box: Letterbox, caplog: pytest.LogCaptureFixture
) -> None:
    closed = Letterbox()
    closed.close()
    send([closed.address, box.address], "title", "words")
    assert len(box.letters) == 1
    assert "1 of 2 addresses of BAOTINH_NOTIFY did not take the message (json)" in caplog.text
    assert SECRET not in caplog.text


def test_without_apprise_it_says_what_to_install_and_the_report_can_be_read(
    told: Archive, box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    fail(told, "hong_linh", 0, fault__tls=3)
    with pytest.raises(NotTold, match=r"pip install 'baotinh\[notify\]'"):
        tell(told, 0)
    with pytest.raises(NotTold, match="pip install"):
        check_addresses(told.settings)
    assert len(report(told, 0)) == 3


def test_addresses_are_checked_before_a_night_depends_on_them(tmp_path: Path) -> None:
    def settings(value: str) -> Settings:
        return Settings.from_environment({"BAOTINH_DATA": str(tmp_path / "data"), "BAOTINH_NOTIFY": value})

    check_addresses(settings(""))
    check_addresses(settings(f"json://lan:{SECRET}@127.0.0.1:1/ tgram://123456789:{'a' * 35}/1234"))
    for wrong in (f"lan:{SECRET}@example.org", f"json://a/ {SECRET}", f"json:///{SECRET}"):
        with pytest.raises(SettingsError, match="BAOTINH_NOTIFY: address ") as error:
            settings(wrong)
        assert SECRET not in str(error.value)
    with pytest.raises(SettingsError, match=r"address 2 \(nosuch://\.\.\.\)") as error:
        check_addresses(settings(f"json://127.0.0.1:1/ nosuch://{SECRET}@host/"))
    assert SECRET not in str(error.value)


def test_a_slip_of_the_pen_shows_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean BAOTINH_NOTIFY") as error:
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path), "BAOTINH_NOTIFYS": f"json://a:{SECRET}@b/"})
    assert SECRET not in str(error.value)


def test_a_verdict_that_came_after_its_nights_report_is_told_with_the_next_one(told: Archive, box: Letterbox) -> None:
    told.judged("hong_linh", 0, crawl())
    tell(told, 0)
    told.judged("bao_quang_ninh", 1, crawl())
    tell(told, 1)
    told.clock.set(told.clock.now() + timedelta(hours=2))
    judge_run(told.sessions, told.clock, told.run("hong_linh", 1, down(fault__tls=3), RunOutcome.FAILED))
    fail(told, "hong_linh", 2, fault__tls=3)
    assert report(told, 2)[2].startswith("broken: tls: hong_linh")
    assert tell(told, 2) is True
    fail(told, "hong_linh", 3, fault__tls=3)
    assert tell(told, 3) is False


def test_a_site_that_was_due_and_did_not_run_is_told(told: Archive, box: Letterbox) -> None:
    for name in ("hong_linh", "bao_quang_ninh", "bao_thai_nguyen"):
        key = told.site(name)
        with told.sessions.begin() as session:
            at = told.clock.now() - timedelta(days=3 if name != "bao_thai_nguyen" else -3)
            note_check(session, key, SiteCheck(name, at, live=True, passed=True, words=""))
    told.judged("hong_linh", 0, crawl())
    assert report(told, 0)[2].startswith("not crawled: bao_quang_ninh. Next: ")
    assert tell(told, 0) is True
    key = told.site("bao_quang_ninh")
    with told.sessions.begin() as session:
        pause(session, key, told.clock.now(), None, "")
    assert report(told, 0)[2:] == ["paused: bao_quang_ninh"]


def test_a_report_that_cannot_be_written_down_is_sent_once(
    told: Archive, box: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(told, "hong_linh", 0, fault__tls=3)

    def full(*_: Any) -> bool:
        raise DatabaseFailed("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("schedules.report.write_report", full)
        for _ in range(3):
            with pytest.raises(DatabaseFailed):
                tell(told, 0)
    assert tell(told, 0) is False
    assert len(box.letters) == 1


def test_a_report_is_written_down_before_it_is_sent(told: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(told, "hong_linh", 0, fault__tls=3)

    def send(*_: Any) -> None:
        with reading(told.sessions) as session:
            assert report_of(session, NIGHT)

    monkeypatch.setattr("schedules.notify.send", send)
    assert tell(told, 0) is True


def test_what_is_judged_after_the_report_of_its_night_is_told_with_the_next(told: Archive, box: Letterbox) -> None:
    told.judged("hong_linh", 0, crawl())
    tell(told, 0)
    told.clock.set(told.clock.now() + timedelta(hours=9))
    judge_run(told.sessions, told.clock, told.run("hong_linh", 0, down(fault__tls=3), RunOutcome.FAILED))
    told.judged("bao_quang_ninh", 1, crawl())
    assert report(told, 1)[2].startswith("broken: tls: hong_linh")
    assert [tell(told, 1), tell(told, 2)] == [True, False]


@pytest.mark.parametrize("nights", [1, 3])
def test_a_site_that_broke_while_it_was_muted_is_news_after_that(told: Archive, box: Letterbox, nights: int) -> None:
    told.judged("hong_linh", 0, crawl())
    tell(told, 0)
    with told.sessions.begin() as session:
        mute(session, told.site("hong_linh"), told.clock.now(), told.clock.now() + timedelta(days=nights, hours=1))
    for night in range(1, nights + 1):
        fail(told, "hong_linh", night, fault__tls=3)
        assert tell(told, night) is False
    with told.sessions.begin() as session:
        unmute(session, told.site("hong_linh"), told.clock.now())
    fail(told, "hong_linh", nights + 1, fault__tls=3)
    assert tell(told, nights + 1) is True
    fail(told, "hong_linh", nights + 2, fault__tls=3)
    assert tell(told, nights + 2) is False


def test_no_word_of_a_server_moves_the_readers_terminal(archive: Archive) -> None:
    archive.judged("hong_linh", 0, crawl(), RunOutcome.BLOCKED, reason="\x1b[2J\u202eabc")
    assert "\x1b" not in report(archive, 0)[2] and "\u202e" not in report(archive, 0)[2]
