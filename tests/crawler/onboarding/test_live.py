"""What a probe over the network makes of addresses without a scheme, and of crawls that end themselves."""

import pytest

from crawler.onboarding import live
from crawler.onboarding.live import Order, probe_live
from crawler.onboarding.reaching import closes
from crawler.onboarding.report import Report
from crawler.onboarding.sampling import Told, chosen
from tests.crawler.onboarding.webs import THEN


@pytest.mark.parametrize(
    ("answers", "asked", "home"),
    [
        ({"https://bao.vn": ""}, ["https://bao.vn"], "https://bao.vn"),
        ({"https://bao.vn": "refused", "http://bao.vn": ""}, ["https://bao.vn", "http://bao.vn"], "http://bao.vn"),
        ({"https://bao.vn": "closed by robots.txt"}, ["https://bao.vn"], "https://bao.vn"),
        (
            {"https://bao.vn": "refused", "http://bao.vn": "refused"},
            ["https://bao.vn", "http://bao.vn"],
            "https://bao.vn",
        ),
    ],
    ids=["https", "http where https is not there", "https that answered", "neither: the word of https"],
)
def test_an_address_without_a_scheme_is_tried_by_https_first(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], asked: list[str], home: str
) -> None:
    tried: list[str] = []

    def child(order: Order, tell: object) -> Report:
        tried.append(order.url)
        # robots.txt and the home page, each tried twice where nobody answers.
        made = {"refused": (4, 0), "": (30, 30)}.get(answers[order.url], (2, 2))
        return Report(order.url, THEN, True, answers[order.url], order.url, requests=made[0], answered=made[1])

    monkeypatch.setattr(live, "_in_child", child)
    assert probe_live(Order("bao.vn")).home == home
    assert tried == asked


@pytest.mark.parametrize(
    ("words", "trouble", "fault"),
    [
        (
            "https://bao.vn/robots.txt cannot be had (timeout: no answer in 30 s), and the archive has no good one of "
            "the last 30 days: nothing was fetched (RFC 9309); crawl again later",
            "timeout: no answer in 30 s",
            "timeout",
        ),
        (
            "https://bao.vn/robots.txt answers with a page in place of rules: nothing was fetched (RFC 9309); look",
            "https://bao.vn/robots.txt answers with a page in place of rules",
            "robots-blocked",
        ),
        ("the archive cannot be written to", "the archive cannot be written to", ""),
    ],
)
def test_a_crawl_that_ended_says_why_as_a_probe_does(words: str, trouble: str, fault: str) -> None:
    answer = live.ended("https://bao.vn", words)
    assert (answer.status, answer.trouble, answer.fault) == (0, trouble, fault)


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("User-agent: *\nDisallow: /a\nDisallow:\nAllow: /b\n", ["/a"]),
        ("User-agent: *\nDisallow: /a\n\nUser-agent: baotinh\nDisallow: /b\n", ["/b"]),
        ("User-agent: gptbot\nUser-agent: *\nDisallow: /a # đóng\n", ["/a"]),
        ("User-agent: gptbot\nDisallow: /\n", []),
    ],
    ids=["all", "our own group alone", "a group of several", "another's"],
)
def test_what_robots_txt_closes_is_that_of_our_group(text: str, closed: list[str]) -> None:
    assert closes(text) == closed


def test_samples_are_spread_over_sections_and_years() -> None:
    told: list[Told] = [
        (f"{section}-{year}-{number}", section, year)
        for section in ("a", "b")
        for year in (2019, 2020, 2021)
        for number in range(9)
    ]
    taken = chosen(told, 6)
    assert {name.rpartition("-")[0] for name in taken} == {f"{s}-{y}" for s in "ab" for y in (2019, 2020, 2021)}
    assert chosen(list(reversed(told)), 6) == taken
    assert len(chosen(told, 100)) == len(told)
