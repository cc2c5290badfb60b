"""Sites of the sample web learned as strangers: what is declared finds the articles that their own spiders find."""

import asyncio
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.onboarding.declare import declaration_of, source_of
from crawler.onboarding.probe import probe
from crawler.onboarding.report import Report
from crawler.onboarding.web import Answer
from crawler.sites import all_sites
from tests.crawler.onboarding.webs import CLOCK, HOME, Pages, SampleSite

SITES = ("bao_quang_ninh", "bao_thai_nguyen", "hong_linh", "tuyen_giao_binh_phuoc", "tuyen_giao_ha_nam")
HOMES = {name: f"{all_sites()[name].scheme}://{all_sites()[name].hosts[0]}" for name in SITES}


@pytest.fixture(scope="module")
def learned() -> dict[str, tuple[Report, SampleSite]]:
    out = {}
    for name in SITES:
        web = SampleSite(name)
        out[name] = asyncio.run(probe(web, HOMES[name], CLOCK, by_signs=False)), web
    return out


@pytest.mark.parametrize("name", SITES)
def test_addresses_and_keys_are_those_of_the_site(name: str, learned: dict[str, tuple[Report, SampleSite]]) -> None:
    report, spider = learned[name][0], all_sites()[name]
    assert report.samples and report.family == "listing" and not report.likenesses
    assert all(spider.article_key(one.found.url) for one in report.samples)
    if report.addresses and report.addresses.has_id:
        assert all(one.found.key == spider.article_key(one.found.url) for one in report.samples)


@pytest.mark.parametrize("name", SITES)
def test_every_section_is_declared_and_nothing_else(name: str, learned: dict[str, tuple[Report, SampleSite]]) -> None:
    assert {one.path for one in learned[name][0].declared} == set(all_sites()[name].sections.values())


@pytest.mark.parametrize("name", SITES)
def test_a_probe_is_gentle(name: str, learned: dict[str, tuple[Report, SampleSite]]) -> None:
    report, web = learned[name]
    assert len(web.asked) <= 90
    assert not [url for url in web.asked if re.search(r"/(?:print|in-trang|dang-nhap|tim-kiem|lich)(?:[/.?]|$)", url)]
    closed = [path for path in report.robots.closed if "*" not in path]
    assert not [url for url in web.asked for path in closed if url.startswith(HOMES[name] + path)]


def test_ways_are_chosen_by_what_each_has(learned: dict[str, tuple[Report, SampleSite]]) -> None:
    attributes = {name: report.attributes for name, (report, _) in learned.items()}
    assert attributes["tuyen_giao_ha_nam"]["posted"] is True and "page" not in attributes["tuyen_giao_ha_nam"]
    assert attributes["tuyen_giao_binh_phuoc"]["ways"][0] == "sitemap"
    assert "ways" not in attributes["hong_linh"] and attributes["hong_linh"]["page"] == "?PageIndex={n}"


@pytest.mark.parametrize("name", SITES)
def test_the_file_says_it_all_in_readable_python(name: str, learned: dict[str, tuple[Report, SampleSite]]) -> None:
    report = learned[name][0]
    source = source_of(declaration_of(report, site_id="strange", province="ha-nam"))
    scope: dict[str, object] = {}
    exec(compile(source, "strange.py", "exec"), scope)
    spider = scope["Strange"]
    for attribute, value in report.attributes.items():
        assert getattr(spider, attribute) == value
    assert spider.layouts == report.layouts  # type: ignore[attr-defined]
    config = Path(__file__).parents[3] / "pyproject.toml"
    ruff = Path(sys.executable).parent / "ruff"
    for step in (["check", "--extend-ignore=RUF012"], ["format", "--check"]):
        given = [str(ruff), *step, "--config", str(config), "--no-cache", "--stdin-filename", "strange.py", "-"]
        done = subprocess.run(given, input=source, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "learned from these pages" in " ".join(source.split())


def test_of_a_site_without_articles_the_reason_is_told() -> None:
    pages = {HOME: "<html><head><title>Báo Hà Nam</title></head><body><nav><a href='/a/'>A</a></nav></body></html>"}
    report = asyncio.run(probe(Pages(pages, Answer("", 404)), HOME, CLOCK, by_signs=False))
    assert report.family == "" and any(one.startswith("addresses: only 0 links") for one in report.troubles)
    with pytest.raises(ValueError, match="no layout was learned"):
        declaration_of(replace(report))
