"""What tells one content management system from another."""

import re
from dataclasses import dataclass

from crawler.extraction.select import compiled


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One fact by which a family is recognised.

    `says` is the fact in words, for the operator ("article addresses end in -post<digits>.html"). Just one of the
    others is given: `selector` is a CSS selector list that finds something on a page of the family, `address` a
    pattern searched for in the path of its links, `source` one searched for in a page's own markup. `weight` is what
    the sign counts beside the others: 3 for what no other system has, 1 for what several have.
    """

    says: str
    selector: str = ""
    address: str = ""
    source: str = ""
    weight: int = 2

    def __post_init__(self) -> None:
        """Refuse a sign that cannot be looked for. Raises ValueError naming it."""
        if [bool(self.selector), bool(self.address), bool(self.source)].count(True) != 1:
            raise ValueError(f"sign {self.says!r}: give one of selector, address and source")
        compiled(self.selector)
        re.compile(self.address or self.source)
