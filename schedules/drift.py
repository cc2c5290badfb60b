"""Whether a site drifts: its layout still fits, and yet its pages are read less and less as they were. All computed.

What is compared is what every crawl counts: how far whole-page trafilatura's text is apart from ours, on how many pages
it has another title or day, how many pages fit no layout. On many sites trafilatura always disagrees, on some pages of
every site; so each of these is compared with the site's own past, and told only if it is more than chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, floor, lgamma, log
from typing import Any, Final

from schedules.past import LASTING, NIGHTS, Looked, pages_of

WEEK: Final = 7
"""Nights that are looked at together where three have too few pages to tell a small change."""

LEAST_PAGES: Final = 6
"""Pages from which a change can be told; a single night has to have as many of its own."""

LEAST_PAST: Final = 20
"""Pages of the past that say what is usual, and at least twice as many as are compared with them."""

LEAST_NIGHTS: Final = 14
"""Nights of the past that say what is usual: two of each weekday. The mix of a site's pages in the first days after it
was taken up, and over a holiday, is not the one it has."""

RISE: Final = 0.1
"""By how much the share has to be over the usual one: a tenth of the pages, or of the words, is worth a look."""

OVERWHELMING: Final = 0.6
"""By how much it has to be on a single night."""

CHANCE: Final = 1e-4
"""How likely such a rise may be by chance, if pages are independent. Those of a night are not, so the rise has to be
over all of the past as well, and to hold without the night that shows it most."""

LEAST_USUAL: Final = 0.05
"""A share that is never more than chance: one page in twenty may be odd on any site, and odd ones come together (a
supplement, a series of pictures). With it, nights that were drawn as uneven as that had a false alarm in six years of
a site, without it one in three."""

EVEN_TEXTS: Final = 0.5
"""The least unevenness of texts. How far one is apart is no matter of yes or no, and varies less than that from page to
page: what measured nights say counts, down to half, since 14 nights may say 0.5 by chance where it is 1.
With it, nights drawn from beta distributions and mixtures had one false alarm in 12,000; a rise from .1 to .3 on 8
pages a night was told of 40 sites in 40, without it of 19."""

Share = tuple[float, int]
"""How much of how many."""


@dataclass(frozen=True)
class Drift:
    """In which `fields` a site drifts, and in words how much. None where it is that pages fit no layout."""

    fields: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class _Risen:
    """A number that has risen: to what share from which usual one, of how many pages, of how many nights."""

    share: float
    usual: float
    pages: int
    nights: int


def drift_of(nights: Sequence[Looked], *, drifting: bool = False) -> Drift | None:
    """What has changed for good over some nights, which come newest first; None where nothing has.

    A site that is `drifting` already is so until the last nights are as usual again, or until it was so for so long
    that it is usual (`schedules.past`). Nights before a change of the site's layouts (another edition) are no part of
    what is told. Of the share that fits no layout they are past; how far a text is apart from trafilatura's hangs on
    the layout, and a right one may be further from it than the one before.
    """
    found = {name: risen for name, measure in _MEASURES.items() if (risen := _of(measure, nights, drifting))}
    apart = {name: risen for name, risen in found.items() if name != _LAYOUT}
    said = []
    if apart:
        most = max(apart.values(), key=lambda one: one.pages)
        each = ", ".join(f"{name} {_percent(one.share)} (usually {_percent(one.usual)})" for name, one in apart.items())
        said.append(f"otherwise than whole-page trafilatura has it on {_when(most)}: {each}")
    if _LAYOUT in found:
        one = found[_LAYOUT]
        said.append(f"{_percent(one.share)} of pages fit no layout on {_when(one)}, usually {_percent(one.usual)}")
    return Drift(tuple(apart), "; ".join(said)) if said else None


def _when(risen: _Risen) -> str:
    return f"the last {risen.nights} nights ({risen.pages} pages)" if risen.nights > 1 else f"{risen.pages} pages"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


# -- what is measured -----------------------------------------------------------------------------
def _reader(counts: Mapping[str, Any]) -> frozenset[str]:
    """With what the pages of a night were compared: other versions may disagree otherwise on the same pages."""
    return frozenset(name for name in counts if name.startswith("drift/by "))


def _text(counts: Mapping[str, Any]) -> Share:
    return counts.get("drift/text", 0) / 1000, counts.get("drift/compared", 0)


def _title(counts: Mapping[str, Any]) -> Share:
    return counts.get("drift/title", 0), counts.get("drift/compared", 0)


def _day(counts: Mapping[str, Any]) -> Share:
    return counts.get("drift/day", 0), counts.get("drift/compared", 0)


def _unfit(counts: Mapping[str, Any]) -> Share:
    shape = pages_of(counts)["refused-shape"]
    return counts.get("whole_page", 0) + shape, counts.get("read", 0) + shape


_LAYOUT: Final = "layout"
_MEASURES: Final[Mapping[str, Callable[[Mapping[str, Any]], Share]]] = {
    "text": _text,
    "title": _title,
    "published": _day,
    _LAYOUT: _unfit,
}


# -- what is a rise -------------------------------------------------------------------------------
def _of(measure: Callable[[Mapping[str, Any]], Share], nights: Sequence[Looked], drifting: bool) -> _Risen | None:
    usable = [one for one in nights if measure(one.counts)[1]]
    if measure is not _unfit and usable:
        as_now = _reader(usable[0].counts), usable[0].edition
        usable = [one for one in usable if (_reader(one.counts), one.edition) == as_now]
    for width in (1, LASTING, WEEK):
        recent, before = usable[:width], [one for one in usable[width:] if one.well][:NIGHTS]
        if len(recent) < width or any(one.edition != recent[0].edition for one in recent):
            return None
        now, past = [measure(one.counts) for one in recent], [measure(one.counts) for one in before]
        if _has_risen(now, past, drifting, EVEN_TEXTS if measure is _text else 1.0):
            some, pages = _sum(now)
            return _Risen(some / pages, _share(past), pages, width)
    return None


def _has_risen(now: Sequence[Share], past: Sequence[Share], drifting: bool, even: float) -> bool:
    some, pages = _sum(now)
    all_of, past_pages = _sum(past)
    if pages < LEAST_PAGES or past_pages < max(LEAST_PAST, 2 * pages) or len(past) < LEAST_NIGHTS:
        return False
    usual, alone = _share(past), len(now) == 1
    if _share(now) - usual < (OVERWHELMING if alone else RISE):
        return False
    if not alone:
        # It holds without the night that shows it most, and is not over; one that is news is seen tonight.
        most = max(range(len(now)), key=lambda number: now[number][0] - usual * now[number][1])
        others = [*now[:most], *now[most + 1 :]]
        if min(_share(others), _share(now[:LASTING])) - usual < RISE:
            return False
        if drifting:
            return True
        if _share(now[:1]) - usual < RISE:
            return False
    if _share(now) <= max((_share(one) for one in _samples(past, pages)), default=0.0):
        return False
    # The past may have missed by chance what happens now and then: one more page of it counts as such.
    expected = max((all_of + 1) / (past_pages + 2), LEAST_USUAL)
    uneven = max(even, _unevenness(past, expected))
    return _chance(floor(some / uneven), round(pages / uneven), expected) <= CHANCE


def _unevenness(nights: Sequence[Share], usual: float) -> float:
    """How many times more the nights differ from each other than if each page were by itself, and odd or not.

    That is Pearson's statistic by its degrees of freedom: so many pages of a night count as one (McCullagh and Nelder,
    Generalized Linear Models, 1989, 4.5).
    """
    off = sum((some - of * usual) ** 2 / (of * usual * (1 - usual)) for some, of in nights)
    return off / (len(nights) - 1)


def _samples(past: Sequence[Share], pages: int) -> list[list[Share]]:
    """The past in pieces of nights one after the other, each of at least so many pages; what is left over is none."""
    out: list[list[Share]] = []
    piece: list[Share] = []
    for one in past:
        piece.append(one)
        if _sum(piece)[1] >= pages:
            out.append(piece)
            piece = []
    return out


def _sum(shares: Sequence[Share]) -> Share:
    return sum(some for some, _ in shares), sum(of for _, of in shares)


def _share(shares: Sequence[Share]) -> float:
    some, of = _sum(shares)
    return some / of if of else 0.0


def _chance(some: int, of: int, usual: float) -> float:
    """How likely `some` or more of so many pages are if each is with the likelihood `usual`: the binomial's upper tail.

    For shares of words it is an upper bound: no number between 0 and 1 varies more about its mean than one that is
    always 0 or 1 (Bhatia and Davis, 2000).
    """
    if some <= 0 or usual >= 1:
        return 1.0
    whole = lgamma(of + 1)
    return min(
        1.0,
        sum(
            exp(whole - lgamma(k + 1) - lgamma(of - k + 1) + k * log(usual) + (of - k) * log(1 - usual))
            for k in range(some, of + 1)
        ),
    )
