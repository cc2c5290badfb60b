"""The bench of learned layouts: pages that differ from each other, learned from others than are read."""

from collections.abc import Sequence

import pytest

from crawler.extraction.layout import SiteFacts
from crawler.extraction.read import read
from crawler.learning.learn import Learned, learn
from crawler.learning.specimen import Specimen
from crawler.sites import all_sites
from tests.bench import extraction, learning
from tests.goldens.reading import NOW, page_names, serve
from tests.quality.corpus import truth_of


def test_a_page_is_read_by_what_the_others_of_its_site_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"bao_quang_ninh/{key}" for key in ("2511101", "2514217")]
    everyone = [name for name in page_names() if name.startswith("bao_quang_ninh/")]
    asked = []

    def spied(specimens: Sequence[Specimen], facts: SiteFacts) -> Learned:
        asked.append({specimen.page.url for specimen in specimens})
        return learn(specimens, facts)

    monkeypatch.setattr(learning, "learn", spied)
    found = learning.learned_readings(names, everyone)
    assert list(found) == names
    for name, urls in zip(names, asked, strict=True):
        assert len(urls) == len(everyone) - 1
        assert serve(name).url not in urls
        assert found[name]["title"] == truth_of(name)["title"]
        assert found[name]["layout"]


def test_the_second_visit_shows_what_changes_at_every_fetch() -> None:
    one = learning.specimen("tuyen_giao_ha_nam/310415")
    assert one.again is not None
    assert one.page.url == one.again.url
    assert one.page.body != one.again.body


def test_cost_and_rate_are_measured_on_articles_that_share_no_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "SECONDS", 0.0)
    seconds, [row] = learning.measure(rounds=1, number=8, size=20_000)
    assert 0 < seconds < learning.LONGEST
    assert row.ours > 0 and row.reference > 0
    site = learning.newspaper(16, 20_000)
    lines = [line for article in site.articles for line in article.raw.split("\n")]
    assert len(set(lines)) == len(lines)
    page = learning.visits(site, site.url(site.articles[0])).page
    result = read(page, all_sites()[site.id].facts(), NOW).result
    assert "<p>" not in getattr(result, "text", "<p>")
