"""Titles as listings show them: told apart without regard to how they are set."""

import re
import unicodedata
from collections.abc import Iterable

_SET = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
"""Quotation marks, apostrophes and dashes that editors and templates put for one another."""

_CUT = re.compile(r"[\[(]?\.{3,}[\])]?$")
"""What stands at the end of a title that was cut off."""


def fold_title(title: str) -> str:
    """A title as two are compared: without case, white space and the typographer's choices, an ellipsis as dots."""
    return "".join(unicodedata.normalize("NFKC", title).translate(_SET).casefold().split())


def is_other_title(title: str, known: Iterable[str]) -> bool:
    """Whether `title` is none of `known`, nor one of them cut off (a beginning that ends in an ellipsis)."""
    folded = fold_title(title)
    others = [fold_title(one) for one in known]
    if folded in others:
        return False
    beginning = _CUT.sub("", folded)
    return beginning == folded or not any(one.startswith(beginning) for one in others)
