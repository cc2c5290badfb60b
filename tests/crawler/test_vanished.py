"""What a source names no more: removed or moved, not merely dropped off the end, unpinned or rearranged."""

from datetime import datetime, timedelta

import pytest

from archive.clock import VIETNAM
from archive.models import UrlKind
from crawler.discovery.vanished import Placed, Sightings, vanished

NEWEST = datetime(2022, 12, 26, tzinfo=VIETNAM)


def listed(names: str, dated: bool = True) -> list[Placed]:
    """A page that names articles a day apart, newest first, one a letter; a capital one is pinned, a year older."""
    dates = (NEWEST - timedelta(days=number + 365 * name.isupper()) for number, name in enumerate(names))
    return [Placed(name, f"key-{name}", date if dated else None) for name, date in zip(names, dates, strict=True)]


@pytest.mark.parametrize(
    ("before", "now", "gone"),
    [
        ("abcdef", "xabdef", "c"),
        ("abcdef", "bcdefg", "a"),
        # What stood last has dropped off the end, and what was removed there looks the same.
        ("abcdef", "xyabcd", ""),
        ("abcdef", "xyabde", "c"),
        # A rolling feed that holds six drops the oldest.
        ("abcdef", "vwxyza", ""),
        ("abcdef", "uvwxyz", ""),
        ("", "abc", ""),
        # Rearranged: more is missing than is left.
        ("abcdef", "xyzcfw", ""),
        ("abcdef", "abcdef", ""),
    ],
)
@pytest.mark.parametrize("dated", [True, False])
def test_what_stood_above_an_entry_that_is_left_is_gone(before: str, now: str, gone: str, dated: bool) -> None:
    assert "".join(one.url for one in vanished(listed(before, dated), set(now))) == gone


def test_an_old_article_that_is_pinned_no_more_is_not_gone() -> None:
    assert vanished(listed("Pabcd"), set("abcd")) == []
    # Where no dates are told, nothing tells it from one that was removed.
    assert [one.url for one in vanished(listed("Pabcd", dated=False), set("abcd"))] == ["P"]


def sightings(before: str, now: dict[str, str]) -> Sightings:
    seen = Sightings(before={"section": listed(before)}, looked={"section": UrlKind.LISTING})
    for source, names in now.items():
        seen.see(source, [(name, f"key-{name.lower()}") for name in names])
    return seen


def test_what_another_source_still_names_is_not_gone() -> None:
    assert sightings("abcd", {"section": "acd"}).missing() == (["b"], [])
    assert sightings("abcd", {"section": "acd", "feed": "b"}).missing() == ([], [])


def test_what_comes_under_another_address_has_moved() -> None:
    assert sightings("abcd", {"section": "acd", "other": "B"}).missing() == ([], ["b"])


def test_of_a_source_that_did_not_come_nothing_is_said() -> None:
    assert sightings("abcd", {"other": "xyz"}).missing() == ([], [])
