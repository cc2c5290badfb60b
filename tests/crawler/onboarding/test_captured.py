"""Pages of a site out of its captures: the newest, each address once, and none that was taken down."""

from pathlib import Path

import pytest

from archive.database import reading
from archive.kept import read_since
from archive.query import ArticleName
from archive.takedown import exclude
from crawler.onboarding.captured import newest_pages
from tests.crawler.onboarding.pages import OF_SITE, SITE, spider
from tests.crawler.rereading import Shelf, later, new_shelf
from tests.goldens.reading import serve

OTHER = "hong_linh"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Four articles of a site, an hour apart, the second one captured again at the end."""
    shelf = new_shelf(tmp_path_factory.mktemp("shelf") / "data")
    for name in (*OF_SITE[:4], OF_SITE[1]):
        shelf.add(SITE, [serve(name)])
        later(shelf)
    return shelf


def newest(shelf: Shelf, count: int, site: str = SITE) -> list[str]:
    return [page.url for page in newest_pages(shelf.sessions, shelf.captures, site, shelf.clock, count)]


def urls(*numbers: int) -> list[str]:
    return [serve(OF_SITE[number]).url for number in numbers]


def test_the_newest_come_first_and_each_address_once(shelf: Shelf) -> None:
    assert newest(shelf, 9) == urls(1, 3, 2, 0)
    assert newest(shelf, 2) == urls(1, 3)
    assert newest(shelf, 9, OTHER) == []


def test_a_page_comes_as_it_was_sent_with_what_the_ledger_knows(shelf: Shelf) -> None:
    [page] = newest_pages(shelf.sessions, shelf.captures, SITE, shelf.clock, 1)
    sent = serve(OF_SITE[1])
    assert (page.body, page.content_type) == (sent.body, sent.content_type)
    assert page.found is not None and page.found.key == "2514217"
    assert page.found.section == "Chính trị"


def test_no_earlier_day_is_looked_at_than_that_of_the_last_captures(shelf: Shelf) -> None:
    with reading(shelf.sessions) as session:
        first = read_since(session, shelf.sites[SITE], 99)
        third = read_since(session, shelf.sites[SITE], 3)
        assert read_since(session, 999, 3) is None
    assert first is not None and third is not None
    assert (third - first).total_seconds() == 2 * 3600


def test_what_was_taken_down_is_not_shown(tmp_path: Path) -> None:
    shelf = new_shelf(tmp_path / "data")
    for name in OF_SITE[:2]:
        shelf.add(SITE, [serve(name)])
        later(shelf)
    gone = ArticleName(SITE, "2511101", spider().canonical_url(urls(0)[0]))
    exclude(shelf.sessions, shelf.clock, gone, "asked for by the publisher")
    assert newest(shelf, 9) == urls(1)
