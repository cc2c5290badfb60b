"""Generated news with known reprints: invented Vietnamese texts, and for each the story it tells.

The stream follows the days, as the sites' own does, and holds no more than the reprints that are still to come: a
hundred thousand texts take no more memory than a thousand. One seed gives one stream, in every process.
"""

import heapq
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count, islice

from archive.clock import VIETNAM
from archive.sites import SiteRecord
from tests.bench.bulletins import BULLETINS, Series
from tests.bench.words import STYLES, body, sentence, syllables, words

SITES = tuple(
    SiteRecord(f"bao_{slug.replace('-', '_')}", f"Báo {title}", "dataimages", (f"bao{slug.replace('-', '')}.vn",), slug)
    for slug, title in (
        ("quang-ninh", "Quảng Ninh"), ("ha-nam", "Hà Nam"), ("lai-chau", "Lai Châu"), ("son-la", "Sơn La"),
        ("phu-tho", "Phú Thọ"), ("dak-nong", "Đắk Nông"), ("binh-phuoc", "Bình Phước"), ("ca-mau", "Cà Mau"),
        ("ben-tre", "Bến Tre"), ("quang-tri", "Quảng Trị"), ("thai-binh", "Thái Bình"), ("cao-bang", "Cao Bằng"),
    )
)  # fmt: skip

FIRST_DAY = datetime(2021, 3, 1, tzinfo=VIETNAM)
STORIES_A_DAY = 45
"""With reprints, bulletins, digests and second reports that is about a hundred texts a day on the twelve sites."""

MEAN, LEAST, MOST = 560, 80, 1_500
"""Syllables of an original: the mean of provincial news (measured), and the shortest and longest."""

REPRINTED = 0.45
"""Share of originals that other sites print again: on real portals 44 % of the articles were reprints or had some."""

SECOND_REPORTED, NOTED = 0.06, 0.08
"""Shares of originals whose event another site reports on as well, and that are short notices (`NOTICE`)."""

NOTICE, MOST_OF_NOTICE = (80, 110), 130
"""Syllables of a notice, give or take a sentence, and below how many an original is one."""

MOST_TIMES = 5
"""Sites that print an original again, at the most; on real portals the largest group had nine articles."""

DIGEST_DAYS, NOTICES = 7, 3
"""A site's digest appears every so many days and holds so many of its own notices word for word."""

Paragraphs = tuple[str, ...]


class Kind(StrEnum):
    """What a text is: an original or what was made of one; the kinds after `CHAINED` are no reprints."""

    ORIGINAL = "original"
    UNTOUCHED = "untouched"
    RESTYLED = "restyled"
    REWORDED = "reworded"
    DROPPED = "paragraphs dropped or merged"
    CUT = "cut"
    REWRITTEN = "reworded and cut, credited"
    CHAINED = "reprint of a reprint, credited"
    BULLETIN = "bulletin"
    SECOND_REPORT = "second report"
    DIGEST = "digest"


REPRINTS = {
    Kind.UNTOUCHED: 20,
    Kind.RESTYLED: 16,
    Kind.REWORDED: 26,
    Kind.DROPPED: 13,
    Kind.CUT: 17,
    Kind.REWRITTEN: 8,
}
"""How others print an original again, and how many of a hundred reprints are such."""

CHAINED = 0.05
"""Share of reprints that yet another site takes from the reprint, crediting that."""

CREDITED = (Kind.REWRITTEN, Kind.CHAINED)
"""Reprints that always name their source; the others do so half of the time."""

REWORDED, REWRITTEN, CUT = (0.005, 0.04), (0.04, 0.08), (0.6, 0.95)
"""Shares of the words that are changed, lightly and much; and shares of a text that are left when it is cut."""


@dataclass(frozen=True, slots=True)
class Text:
    """One article of a site (its place in `SITES`) and its truth.

    Texts of one `story` are versions of each other, all others are not. `core` are the paragraphs that are the
    article's own, `paragraphs` all that were printed, the site's standing lines among them. `credited` is the site it
    names as its source, `made_from` the core of the text that it was made from.
    """

    number: int
    site: int
    story: int
    kind: Kind
    title: str
    core: Paragraphs
    published: datetime
    paragraphs: Paragraphs = ()
    credited: int | None = None
    made_from: Paragraphs = ()


def generate(number: int, seed: int = 1) -> Iterator[Text]:
    """So many texts in the order in which they were published."""
    return islice(_stream(seed), number)


# -- reprints -------------------------------------------------------------------------------------


def reprint(chosen: random.Random, kind: Kind, core: Paragraphs) -> Paragraphs:
    """What a site that prints `core` again in this way makes of it."""
    match kind:
        case Kind.UNTOUCHED:
            return core
        case Kind.RESTYLED:
            return tuple(map(_restyled, core))
        case Kind.REWORDED | Kind.CHAINED:
            return _reworded(chosen, core, chosen.uniform(*REWORDED))
        case Kind.DROPPED:
            return _dropped(chosen, core)
        case Kind.CUT:
            return _cut(core, chosen.uniform(*CUT))
        case _:
            return _cut(_reworded(chosen, core, chosen.uniform(*REWRITTEN)), chosen.uniform(0.7, 0.95))


_OLD_OR_NEW = {**STYLES, **{new: old for old, new in STYLES.items()}}
_TO_RESTYLE = re.compile(rf"\b({'|'.join(_OLD_OR_NEW)})\b", re.IGNORECASE)


def _restyled(paragraph: str) -> str:
    """The same syllables with tone marks placed the other way and other punctuation."""

    def other(match: re.Match[str]) -> str:
        word = match[0]
        turned = _OLD_OR_NEW.get(word.lower(), word)
        return turned.capitalize() if word[0].isupper() else turned

    words = _TO_RESTYLE.sub(other, paragraph).replace("“", '"').replace("”", '"').replace(" – ", " - ")
    return words.replace(", ", " ").replace("...", "…")


def _reworded(chosen: random.Random, core: Paragraphs, share: float) -> Paragraphs:
    """Change this share of the syllables, each for another; figures stay."""
    out = [paragraph.split(" ") for paragraph in core]
    places = [(n, m) for n, some in enumerate(out) for m, word in enumerate(some) if word.isalpha()]
    for n, m in chosen.sample(places, min(len(places), max(1, round(share * len(places))))):
        out[n][m] = _other(chosen, out[n][m])
    return tuple(map(" ".join, out))


def _other(chosen: random.Random, word: str) -> str:
    while True:
        [found] = words(chosen, 1)
        if found.isalpha() and found != word:
            return found


def _dropped(chosen: random.Random, core: Paragraphs) -> Paragraphs:
    """Leave out one or two of six or more paragraphs, and join two of those that are left."""
    out = list(core)
    for _ in range(min(2, len(out) // 6)):
        del out[chosen.randrange(1, len(out))]
    if len(out) > 1:
        place = chosen.randrange(len(out) - 1)
        out[place : place + 2] = [f"{out[place]} {out[place + 1]}"]
    return tuple(out)


def _cut(core: Paragraphs, share: float) -> Paragraphs:
    """The beginning of a text, up to the sentence that goes beyond this share of its syllables."""
    left = share * syllables(*core)
    out = []
    for paragraph in core:
        kept = []
        for said in re.split(r"(?<=\w\w\.) ", paragraph):
            if left <= 0:
                break
            kept.append(said)
            left -= syllables(said)
        if kept:
            out.append(" ".join(kept))
    return tuple(out)


# -- the stream -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Site:
    """A site's standing lines, each with the share of its articles in which it stands, and the notices of its week."""

    lines: list[tuple[str, float]]
    notices: list[Text] = field(default_factory=list)


def _lines(chosen: random.Random, site: SiteRecord) -> list[tuple[str, float]]:
    """Five to ten: one before the text, the others after it."""
    return [(f"{site.title}: {sentence(chosen)}", chosen.uniform(0.08, 0.6)) for _ in range(chosen.randint(5, 10))]


class _Stream:
    def __init__(self, seed: int) -> None:
        self._chosen = random.Random(seed)
        self._sites = [_Site(_lines(self._chosen, site)) for site in SITES]
        self._series = [Series(place % len(SITES), form, seed + place) for place, form in enumerate(BULLETINS)]
        self._numbers, self._stories, self._order = count(), count(), count()
        self._waiting: list[tuple[datetime, int, Text]] = []

    def day(self, n: int) -> Iterator[Text]:
        """What is published on the n-th day."""
        start = FIRST_DAY + timedelta(days=n)
        for _ in range(STORIES_A_DAY):
            self._original(start)
        for series in self._series:
            title, core = series.bulletin(start.date())
            self._wait(Text(-1, series.site, next(self._stories), Kind.BULLETIN, title, core, self._time(start)))
        for place, site in enumerate(self._sites):
            if (n + place) % DIGEST_DAYS == 0 and len(site.notices) >= NOTICES:
                self._digest(place, site, start)
        end = start + timedelta(days=1)
        while self._waiting and self._waiting[0][0] < end:
            yield self._printed(heapq.heappop(self._waiting)[2])

    def _time(self, day: datetime) -> datetime:
        return day + timedelta(minutes=self._chosen.randrange(5 * 60, 23 * 60))

    def _wait(self, text: Text) -> None:
        heapq.heappush(self._waiting, (text.published, next(self._order), text))

    def _original(self, day: datetime) -> None:
        chosen = self._chosen
        site, story = chosen.randrange(len(SITES)), next(self._stories)
        short = chosen.random() < NOTED
        core = body(chosen, chosen.randint(*NOTICE) if short else _length(chosen))
        self._wait(Text(-1, site, story, Kind.ORIGINAL, _title(chosen), core, self._time(day)))

    def _printed(self, text: Text) -> Text:
        """Number a text, put its site's lines to it, and let others make something of it."""
        lines = [line for line in self._sites[text.site].lines if self._chosen.random() < line[1]]
        first = [line for line, _ in lines if line == self._sites[text.site].lines[0][0]]
        last = [line for line, _ in lines if line not in first]
        made = replace(text, number=next(self._numbers), paragraphs=(*first, *text.core, *last))
        if made.kind is Kind.ORIGINAL:
            self._follow(made)
        return made

    def _follow(self, made: Text) -> None:
        chosen, sites = self._chosen, {made.site}
        is_notice = syllables(*made.core) < MOST_OF_NOTICE
        if is_notice:
            own = self._sites[made.site].notices
            own.append(made)
            del own[:-NOTICES]
        if chosen.random() < REPRINTED:
            times = min(MOST_TIMES, 1 + int(chosen.expovariate(0.9)))
            for kind in chosen.choices(list(REPRINTS), list(REPRINTS.values()), k=times):
                printed = self._reprinted(made, kind, sites)
                if chosen.random() < CHAINED:
                    self._reprinted(printed, Kind.CHAINED, sites)
        if not is_notice and chosen.random() < SECOND_REPORTED:
            self._second_report(made, sites)

    def _elsewhere(self, sites: set[int]) -> int:
        site = self._chosen.choice([place for place in range(len(SITES)) if place not in sites])
        sites.add(site)
        return site

    def _reprinted(self, made: Text, kind: Kind, sites: set[int]) -> Text:
        chosen = self._chosen
        text = replace(
            made,
            site=self._elsewhere(sites),
            kind=kind,
            core=reprint(chosen, kind, made.core),
            published=made.published + timedelta(minutes=chosen.randrange(30, 6 * 24 * 60)),
            credited=made.site if kind in CREDITED or chosen.random() < 0.5 else None,
            made_from=made.core,
        )
        self._wait(text)
        return text

    def _second_report(self, made: Text, sites: set[int]) -> None:
        """Another site's own report on the event: some sentences are the same, fewer than half of either's."""
        chosen = self._chosen
        shared = _cut(made.core[len(made.core) // 3 :], chosen.uniform(0.1, 0.45))
        own = body(chosen, round(syllables(*shared) * chosen.uniform(1.6, 4)))
        text = replace(
            made,
            site=self._elsewhere(sites),
            story=next(self._stories),
            kind=Kind.SECOND_REPORT,
            title=_title(chosen),
            core=(*own[:1], *shared, *own[1:]),
            published=made.published + timedelta(minutes=chosen.randrange(30, 24 * 60)),
            credited=made.site if chosen.random() < 0.3 else None,
            made_from=made.core,
        )
        if 2.3 * syllables(*shared) <= syllables(*made.core):
            self._wait(text)

    def _digest(self, place: int, site: _Site, day: datetime) -> None:
        notices = [paragraph for one in site.notices for paragraph in one.core]
        own = body(self._chosen, 4 * syllables(*notices) // NOTICES)
        text = Text(
            -1,
            place,
            next(self._stories),
            Kind.DIGEST,
            "Tin trong tuần",
            (*own[:2], *notices, *own[2:]),
            self._time(day),
        )
        self._wait(text)
        site.notices.clear()


def _title(chosen: random.Random) -> str:
    return " ".join(sentence(chosen).rstrip(".").split(" ")[:12])


def _length(chosen: random.Random) -> int:
    """Syllables of an original; lengths of texts are log-normal."""
    return max(LEAST, min(MOST, round(chosen.lognormvariate(math.log(MEAN) - 0.09, 0.5))))


def _stream(seed: int) -> Iterator[Text]:
    stream = _Stream(seed)
    for n in count():
        yield from stream.day(n)
