"""What an answer for robots.txt means, and which captures may stand for one."""

import pytest

from crawler.robots import MOST, Answer, judge_robots

PAGES = [
    b"<!DOCTYPE html><html><body>Trang kh\xc3\xb4ng t\xe1\xbb\x93n t\xe1\xba\xa1i</body></html>",
    b"\xef\xbb\xbf\r\n  <html lang=vi>",
    b"<!-- proxy --> <HTML>",
    b"<script>location='/'</script>",
    b"<?xml version='1.0'?><html/>",
]
RULES = [
    b"User-agent: *\nDisallow: /print/\n",
    b"",
    b"# <html> in a remark\nUser-agent: *\n",
    b"\xff\xfeU\x00s\x00e\x00r",
    b"User-agent: *\nDisallow: /t\xecm-ki\xeam/\n",
    b"Disallow: /a\n" + b"x" * (MOST + 1),
]


@pytest.mark.parametrize("body", PAGES)
def test_a_page_in_place_of_rules_is_no_leave(body: bytes) -> None:
    assert judge_robots(200, {"content-type": "text/plain"}, body) is Answer.BLOCKED


@pytest.mark.parametrize("body", RULES)
def test_rules_are_rules_however_they_are_labelled(body: bytes) -> None:
    assert judge_robots(200, {"content-type": "text/html"}, body) is Answer.RULES


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 499])
def test_a_host_that_has_none_has_no_rules(status: int) -> None:
    assert judge_robots(status, {}, PAGES[0]) is Answer.NONE


@pytest.mark.parametrize("status", [301, 304, 429, 500, 502, 503, 520, 599, 999])
def test_what_cannot_be_had_is_no_leave(status: int) -> None:
    assert judge_robots(status, {}, b"") is Answer.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(403, {"cf-mitigated": "challenge"}, b""), (403, {}, b"<title>Just a moment...</title>"), (401, {}, b"captcha")],
)
def test_a_challenge_is_no_leave(status: int, headers: dict[str, str], body: bytes) -> None:
    assert judge_robots(status, headers, body) is Answer.BLOCKED
