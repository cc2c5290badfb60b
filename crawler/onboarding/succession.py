"""Which of a site's layouts stay, and until when, once it has further ones."""

import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from crawler.extraction.layout import Layout, outdated

_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(-\d+)?")
"""The name of a layout that was learned anew: the first day of its use, and a number if that was taken."""


def began_after(name: str, until: date) -> bool:
    """Whether a layout of this name was learned anew for a day after `until`, and so can have no end on that day."""
    found = _DAY.fullmatch(name)
    try:
        return found is not None and date.fromisoformat(found[1]) > until
    except ValueError:
        return False


def succeeded(
    new: Sequence[Layout], former: Sequence[Layout], until: date, replaced: Collection[str]
) -> tuple[Layout, ...]:
    """The `new` layouts before the `former` ones, which are used up to the day `until`.

    Those whose names are `replaced` go. One that began later stays as it is: with an end before its beginning it would
    be tried first on pages of before that.
    """
    out = list(new)
    for one in former:
        if one.name not in replaced:
            out += [one] if began_after(one.name, until) else outdated([one], until)
    return tuple(out)
