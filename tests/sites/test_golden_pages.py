"""Every golden page of every site that was added, field by field; the machinery is tested in tests/crawler/onboarding.

A site's folder lies beside this file (crawler/onboarding/goldens.py says what is in it). `baotinh sites review SITE`
shows its pages beside what is read of them, and marks them as reviewed.
"""

from functools import cache

import pytest

from crawler.onboarding import goldens
from crawler.onboarding.goldens import FIELDS, Golden
from crawler.sites import all_sites

SITES = tuple(sorted(folder.name for folder in goldens.SITES.iterdir() if any(folder.glob("*.json"))))
PAGES = {f"{site}/{page.name}": page for site in SITES for page in goldens.read_goldens(goldens.SITES / site)}


@cache
def reading_of(name: str) -> Golden:
    return goldens.reading_of(all_sites()[name.partition("/")[0]], PAGES[name].saved)


def test_every_folder_is_that_of_a_site() -> None:
    assert set(SITES) <= set(all_sites()), "golden pages of sites that are no more, or have another id now"


# Where no site was added there is nothing to run these on, and nothing is skipped.
if SITES:

    @pytest.mark.parametrize("site", SITES)
    def test_a_person_has_reviewed_the_site(site: str) -> None:
        folder = goldens.SITES / site
        assert goldens.read_goldens(folder), f"{folder} has no golden page: take them from git again, or delete it"
        review = goldens.review_of(folder)
        since = f"changed since {review.by} looked" if review.at else "were looked at by nobody"
        assert review.stands, f"its golden pages {since}: baotinh sites review {site}, then --accept"

    @pytest.mark.parametrize(
        ("name", "field"), [pytest.param(name, field, id=f"{name}/{field}") for name in PAGES for field in FIELDS]
    )
    def test_page_is_read_as_its_golden_says(name: str, field: str) -> None:
        now = reading_of(name)
        refused = f" (the page is refused: {now['rejection']})" if now["rejection"] else ""
        assert now[field] == PAGES[name].expected[field], f"{name}: {field}{refused}"
