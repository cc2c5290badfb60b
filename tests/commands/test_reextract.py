"""What a dry run shows of a change."""

import pytest

from commands.reextract import SAMPLE_LETTERS, around_change


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("Tít cũ", "Tít mới", ("Tít cũ", "Tít mới")),
        ("(none)", "Thu Hà", ("(none)", "Thu Hà")),
        ("x" * 90 + " hết", "x" * 90, ("... " + "x" * 25 + " hết", "... " + "x" * 25)),
        ("a\n\nb", "a\n\nc", ("a b", "a c")),
    ],
)
def test_a_sample_shows_where_two_values_differ(before: str, after: str, shown: tuple[str, str]) -> None:
    assert around_change(before, after) == shown


def test_a_sample_is_short() -> None:
    before, after = around_change("từ " * 500 + "cũ " * 500, "từ " * 500 + "mới " * 500)
    assert "cũ" in before and "mới" in after
    assert max(len(before), len(after)) <= SAMPLE_LETTERS + len("...  ...")
