"""Which pages of a menu are sections: those that list what not every page does."""

import pytest

from crawler.onboarding.report import Section
from crawler.onboarding.sections import alone

BOX = frozenset(("/a", "/b", "/c"))


@pytest.mark.parametrize(
    ("own", "others", "why_not"),
    [
        ((), 2, "lists only what every page does"),
        (("/d",), 2, ""),
        # A home page and one other page are too few to tell a box of news from the news.
        ((), 0, ""),
    ],
)
def test_a_page_that_shows_a_box_of_every_page_is_no_section(own: tuple[str, ...], others: int, why_not: str) -> None:
    shown = BOX | frozenset(own)
    linked = {"/": BOX, "/lien-he": shown, **{f"/trang-{number}": BOX | {f"/{number}"} for number in range(others)}}
    (section,) = alone([Section("Liên hệ", "/lien-he")], {"/lien-he": shown}, linked)
    assert section.why_not == why_not
