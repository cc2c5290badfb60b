"""Wrong input and failing surroundings: a clear message, an exit code, and nothing stored lost."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BAOTINH, Program, number_of_articles
from tests.sample_web.harness import SampleWeb

WRONG_USE, FAILED = 2, 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("crawl", "bao_quangninh"), "did you mean bao_quang_ninh"),
        (("crawl", "bao_quang_ninh", "--start", "2022-02-01", "--end", "2022-01-01"), "lies after --end 2022-01-01"),
        (("crawl", "bao_quang_ninh", "--start", "2031-01-01"), "lies in the future"),
        (("crawl",), "name the sites to crawl, or give --all"),
        (("crawl", "bao_quang_ninh", "--all"), "not both"),
        (("crawl", "--all", "-s", "DOWNLOD_DELAY=1"), "did you mean DOWNLOAD_DELAY?"),
        (("crawl", "--all", "-s", "DOWNLOAD_DELAY"), "NAME=VALUE"),
        (("crawl", "--all", "-s", "ROBOTSTXT_OBEY=False"), "robots.txt is always obeyed"),
        (("crawl", "--all", "-s", "TWISTED_DNS_RESOLVER=x.Y"), "only public addresses are connected to"),
        (("fetch", "https://example.com/tin-1"), "no site has the host 'example.com'"),
        (("fetch", "http://baoquangninh.com.vn/chinh-tri/"), "is no article of bao_quang_ninh"),
        (("rejects", "bao_quangninh"), "did you mean bao_quang_ninh"),
        (("schedule", "pause", "hong_linh", "--until", "25:00"), "HH:MM"),
    ],
)
def test_wrong_use_is_refused_with_what_is_allowed(
    program: Program, refusal: Callable[..., str], arguments: tuple[str, ...], says: str
) -> None:
    assert says in refusal(program, *arguments, code=WRONG_USE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "bao_quang_ninh-1"), "has no article"),
        (("export", "out", "--format", "txt", "--site", "bao_quangninh"), "has no site"),
        (("export", "out", "--format", "txt", "--province", "quang-nin"), "quang-ninh"),
    ],
)
def test_what_is_not_there_is_named(
    program: Program, refusal: Callable[..., str], tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    arguments = tuple(str(tmp_path / "out") if one == "out" else one for one in arguments)
    assert says in refusal(program, *arguments, code=FAILED)


def test_a_refusal_of_the_program_itself_is_words_and_no_traceback(program: Program) -> None:
    for arguments, code in ((("show", "bao_quang_ninh-1"), FAILED), (("crawl", "bao_quangninh"), WRONG_USE)):
        done = program.start(*arguments, code=code)
        assert done.stderr.startswith("baotinh: ")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BAOTINH_DATA", "/proc/nowhere", "cannot be made"),
        ("BAOTINH_NOW", "yesterday", "2022-12-26T06:00:00+07:00"),
        ("BAOTINH_DATBASE_URL", "x", "did you mean BAOTINH_DATABASE_URL?"),
        ("BAOTINH_CONTACT", "me", "mail address"),
        ("http_proxy", "nonsense", "http or https URL"),
        ("SSL_CERT_FILE", "/nowhere.pem", "PEM file"),
    ],
)
def test_wrong_settings_are_refused_at_start(
    program: Program, refusal: Callable[..., str], name: str, value: str, says: str
) -> None:
    said = refusal(program, "status", code=WRONG_USE, **{name: value})
    assert f"{name}={value!r}" in said
    assert says in said


def test_without_an_archive_the_next_step_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    assert "run `baotinh db upgrade`" in refusal(Program(tmp_path / "data", None), "status", code=FAILED)


@pytest.mark.parametrize("switches", [{"status": 500}, {"status": 404}, {"drop": 1}])
def test_a_site_that_answers_only_errors_fails_and_says_which(
    crawled: Program, web: SampleWeb, switches: dict[str, int]
) -> None:
    kept = crawled.articles()
    web.control("honglinh.hatinh.gov.vn", **switches)
    done = crawled.run("crawl", "hong_linh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert "hong_linh: nothing could be read" in done.stderr
    assert "honglinh.hatinh.gov.vn/portal/Pages/" in done.stderr
    assert crawled.articles() == kept


def test_one_failing_site_does_not_stop_the_others(program: Program, web: SampleWeb) -> None:
    web.control("honglinh.hatinh.gov.vn", status=500)
    program.run("crawl", "hong_linh", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert {article["site"] for article in program.articles()} == {"bao_quang_ninh"}


def test_a_host_that_is_not_there_fails_with_its_name(tmp_path: Path) -> None:
    # Port 9 (discard) on loopback: nobody listens, so the proxy cannot be reached.
    program = Program(tmp_path / "data", None)
    program.environment |= {"http_proxy": "http://127.0.0.1:9"}
    program.make_archive()
    done = program.run("crawl", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=0", code=FAILED)
    assert "bao_quang_ninh: http://baoquangninh.com.vn/robots.txt cannot be had (refused: " in done.stderr


def test_two_crawls_of_one_site_at_once_the_second_says_who_is_first(program: Program, web: SampleWeb) -> None:
    web.control("baoquangninh.com.vn", drip=1)
    seen = len(web.log())
    first = subprocess.Popen(
        [*BAOTINH, "crawl", "bao_quang_ninh", "-s", "DOWNLOAD_DELAY=0"],
        env=program.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while len(web.log()) == seen and time.monotonic() < deadline:
            time.sleep(0.05)
        done = program.crawl("bao_quang_ninh", code=FAILED)
        assert "process" in done.stderr and "bao_quang_ninh" in done.stderr
    finally:
        web.control("baoquangninh.com.vn", clear=1)
        assert first.wait(120) == 0
    assert len(program.articles()) == number_of_articles("bao_quang_ninh")
