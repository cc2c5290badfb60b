"""Sites of no family, learned from their address alone: what is written down, and how it reads."""

import asyncio
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from archive.article import Article
from crawler.extraction.page import Page
from crawler.extraction.read import read
from crawler.families.base import SiteSpider
from crawler.onboarding.adding import add, load
from crawler.onboarding.declare import Declaration, declaration_of
from crawler.onboarding.goldens import Golden, golden_of
from crawler.onboarding.probe import probe
from crawler.onboarding.report import Report
from tests.crawler.onboarding.portals import PORTAL, Portal, Story
from tests.crawler.onboarding.webs import CLOCK, SampleSite
from tests.goldens.reading import NOW, page_names, sample_sites, serve
from tests.quality.corpus import truth_of
from tests.quality.scorer import score

NAMES = tuple(sample_sites())
LEAST_F1, LEAST_EXACT, LEAST_RIGHT = 0.98, 0.9, 0.99
"""Of text, of articles whose text is exact, of titles and days: what a learned site is to reach at the least."""


@dataclass(frozen=True)
class LearnedSite:
    """A site of the sample web as `sites add --no-families` writes it."""

    report: Report
    declaration: Declaration
    file: Path

    @property
    def spider(self) -> type[SiteSpider]:
        """Its class, as the file has it now."""
        return load(self.file, self.declaration.site_id, self.declaration.class_name)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LearnedSite:
    """The site of a name, learned."""
    name = request.param
    report = asyncio.run(probe(SampleSite(name), sample_sites()[name].base, CLOCK, by_signs=False, sections=60))
    declaration = declaration_of(report, site_id=f"{name}_learned", province="ha-noi")
    folder = tmp_path_factory.mktemp(name)
    added = add(report, declaration, spiders=folder / "spiders", sites=folder / "sites")
    return LearnedSite(report, declaration, added.file)


def pages_of(name: str) -> list[str]:
    """The articles of a site that have one page each."""
    return [one for one in page_names() if one.startswith(f"{name}/") and not truth_of(one)["more_pages"]]


def reading(spider: type[SiteSpider], name: str) -> Golden:
    page = serve(name)
    return golden_of(read(Page(page.url, page.body, page.content_type), spider.facts(), NOW).result)


@pytest.mark.parametrize("site", NAMES, indirect=True, scope="module")
def test_a_learned_site_knows_its_articles_and_reads_them(site: LearnedSite) -> None:
    name = site.declaration.site_id.removesuffix("_learned")
    spider, names = site.spider, pages_of(name)
    keys = {spider.article_key(serve(one).url) for one in names}
    assert None not in keys and len(keys) == len(names)
    found = score((one, truth_of(one), reading(spider, one)) for one in names)
    assert found["text_f1"].amount >= LEAST_F1 * found["text_f1"].of
    assert found["text_exact"].amount >= LEAST_EXACT * found["text_exact"].of, found["text_exact"].pages
    assert found["noise_lines"].amount <= len(names) / 100, found["noise_lines"].pages
    for field in ("title", "day"):
        assert found[field].amount >= LEAST_RIGHT * found[field].of, (field, found[field].pages)
    assert found["invented_dates"].amount == 0, found["invented_dates"].pages
    assert len(site.report.samples) >= 0.95 * len(names)


@pytest.mark.parametrize("site", NAMES[:2], indirect=True, scope="module")
def test_what_was_learned_is_written_as_a_person_would(site: LearnedSite) -> None:
    config = Path(__file__).parents[3] / "pyproject.toml"
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert ruff is not None
    for step in (["check", "--extend-ignore=RUF012"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *step, "--config", str(config), "--no-cache", str(site.file)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    spider = site.spider
    assert [layout.name for layout in spider.layouts] == list(dict.fromkeys(layout.name for layout in spider.layouts))
    text = site.file.read_text("utf-8")
    for layout in spider.layouts:
        assert layout.name and f'name="{layout.name}"' in text and f'body="{layout.body}"' in text


@pytest.mark.parametrize("site", NAMES[:1], indirect=True, scope="module")
def test_a_line_that_a_person_corrects_is_what_counts(site: LearnedSite) -> None:
    before = site.file.read_text("utf-8")
    title = site.spider.layouts[0].title
    try:
        site.file.write_text(before.replace(f'title="{title}"', 'title=".path a"'), encoding="utf-8")
        [name, *_] = pages_of(NAMES[0])
        assert reading(site.spider, name)["title"] == "Trang chủ"
    finally:
        site.file.write_text(before, encoding="utf-8")


# -- other sites ----------------------------------------------------------------------------------
def head(one: Story) -> str:
    return f'<h2 class="ten">{one.title}</h2><div class="luc">Ngày {one.at:%d/%m/%Y} lúc {one.at:%H:%M}</div>'


def text(one: Story) -> str:
    return "".join(f"<p>{line}</p>" for line in one.paragraphs)


def plain(one: Story, visits: int) -> str:
    return f'<div class="bai">{head(one)}<div class="tom">{one.lead}</div><div class="chu">{text(one)}</div></div>'


def probed(portal: Portal) -> Report:
    return asyncio.run(probe(portal, PORTAL, CLOCK, by_signs=False))


def read_all(report: Report, portal: Portal) -> dict[Story, Article]:
    """The samples of a report as its layouts read them, by story."""
    by_path = {one.path: one for one in portal.stories}
    found = {by_path[sample.url.removeprefix(PORTAL)]: sample.read for sample in report.samples}
    assert len(found) >= 20
    assert all(isinstance(one, Article) and one.layout for one in found.values())
    return {story: one for story, one in found.items() if isinstance(one, Article)}


def test_an_unknown_portal_is_learned_from_its_address() -> None:
    portal = Portal(plain)
    report = probed(portal)
    assert [layout.body for layout in report.layouts] == [".chu"]
    for story, article in read_all(report, portal).items():
        assert (article.title, article.lead) == (story.title, story.lead)
        assert article.published is not None and article.published.instant == story.at
        assert [block.text for block in article.blocks] == [story.lead, *story.paragraphs]


def test_counters_and_boxes_of_links_within_the_text_are_none_of_it() -> None:
    def page(one: Story, visits: int) -> str:
        others = [Story(one.number + n) for n in (1, 2)]
        links = "".join(f'<li><a href="{other.path}">{other.title}</a></li>' for other in others)
        lines = [f"<p>{line}</p>" for line in one.paragraphs]
        lines.insert(1, f'<div class="lien-quan"><b>Tin liên quan</b><ul>{links}</ul></div>')
        counter = f'<div class="dem">Đã xem: {one.number * 31 % 17 * 40 + visits}</div>'
        return f'<div class="bai">{head(one)}<div class="chu">{counter}{"".join(lines)}</div></div>'

    portal = Portal(page)
    for story, article in read_all(probed(portal), portal).items():
        assert [block.text for block in article.blocks] == story.paragraphs


def test_the_clock_of_the_fetch_is_no_date() -> None:
    def page(one: Story, visits: int) -> str:
        clock = f'<div class="luc">Cập nhật 20/03/2023 08:{visits % 60:02}</div>'
        return f'<div class="bai"><h2 class="ten">{one.title}</h2>{clock}<div class="chu">{text(one)}</div></div>'

    portal = Portal(page, listed=lambda one: f'<a href="{one.path}">{one.title}</a>')
    report = probed(portal)
    assert [layout.date for layout in report.layouts] == [""]
    assert {article.published for article in read_all(report, portal).values()} == {None}


def test_two_dresses_of_a_site_are_two_layouts_the_older_of_which_has_ended() -> None:
    def page(one: Story, visits: int) -> str:
        if one.number < 16:
            return plain(one, visits)
        date = f'<span class="posted">{one.at:%d-%m-%Y}</span>'
        begins = f'<table><tr><td class="head">{one.title}</td></tr><tr><td>{date}</td></tr>'
        return f'{begins}<tr><td class="body">{text(one)}</td></tr></table>'

    portal = Portal(page)
    report = probed(portal)
    assert [layout.body for layout in report.layouts] == [".chu", ".body"]
    new, old = report.layouts
    assert new.until is None and old.until is not None
    for story, article in read_all(report, portal).items():
        assert article.title == story.title
        assert article.published is not None and article.published.instant.date() == story.at.date()


def test_links_that_are_all_called_alike_lead_to_articles_or_say_that_they_do_not() -> None:
    portal = Portal(plain, listed=lambda one: f'<b>{one.title}</b> <a href="{one.path}">Xem chi tiết</a>')
    report = probed(portal)
    if report.layouts:
        assert {article.title for article in read_all(report, portal).values()} >= {"Chợ phiên Mường Lạn họp sớm"}
    else:
        assert any(re.search(r"articles|headlines", trouble) for trouble in report.troubles)


@pytest.mark.parametrize("number", [3, 7])
def test_a_site_of_too_few_articles_is_told_so_and_not_written_down(number: int) -> None:
    report = probed(Portal(plain, number=number))
    assert report.layouts == ()
    assert any("8" in trouble for trouble in report.troubles), report.troubles
    with pytest.raises(ValueError, match="family"):
        declaration_of(replace(report, province=None), province="ha-noi")


def test_pages_that_all_say_the_same_are_no_articles() -> None:
    report = probed(
        Portal(lambda one, visits: '<div class="bai"><p>Nội dung đang được cập nhật, mời bạn quay lại.</p></div>')
    )
    assert report.layouts == ()
    assert any("layout" in trouble for trouble in report.troubles), report.troubles
