"""Whether a site is read well enough to be crawled by itself: rules over a handful of its pages.

Computes only: pages come from the goldens of the site, or from a small crawl.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from archive.article import WHOLE_PAGE, Article, ArticleKind, Precision, Rejection
from archive.clock import VIETNAM
from crawler.declaration import SiteDeclaration
from crawler.extraction.comparing import Compared, compare
from crawler.extraction.page import Page
from crawler.extraction.read import CLOCK_ERROR
from crawler.onboarding.goldens import Golden, SavedPage, differing, golden_of, read_saved
from crawler.onboarding.noise import Noise, suspected

LEAST_ARTICLES = 5
"""Articles that must be read: so many golden pages a new site gets, of different sections and years."""

MOST_REFUSED = 0.2
"""Share of the pages asked for that may be refused as no articles. Inferred: of twelve articles one may be gone and one
a video; where more are refused, listings pass for articles or no layout fits."""

LEAST_DATED = 0.5
"""Share of the articles that must have a date. Of 28 articles of real portals 20 show one (docs/real-pages.md); a wrong
selector dates few or none. Those without are named, and count as contradicted where trafilatura knows a date."""

LEAST_HELD = 0.5
"""Share of the words of whole-page trafilatura that the text must have on the middle article. Measured on right
readings: 1.00 on the middle article of each site of the sample web, .79 on that of a recorded NukeViet site, .36 on
single pages with much around a short text; .08 to .44 where the selector takes one paragraph."""

MOST_CONTRADICTED = 0.5
"""Share of the compared articles whose title, or day, may be another by whole-page trafilatura. Inferred: single pages
name a box or a rubric in their head; where most do not agree, the selector reads another thing."""

_MONTH_IN_PATH = re.compile(r"/((?:19|20)\d\d)(?:/?(0[1-9]|1[0-2])(?:/?(?:0[1-9]|[12]\d|3[01]))?)?(?=/)")
"""A year, or year and month, that is a whole folder of an address: seen in ``/kinh-te/202101/``, else inferred. A
year amid the words of a slug is what the article is about, and no date."""

SAME_MINUTE_IN = 3
"""Articles dated to one minute from which it is suspected that the page's build or its clock is read, if they are more
than half. Seen on the saved pages of a SharePoint portal, whose articles all bear the time at which pages were made."""

FETCH_DAY_IN = 3
"""Articles dated to the day of their fetch from which the page's clock is suspected, if they are more than half and
something tells that they are older. News of today is dated so rightly: where nothing tells otherwise it passes."""

NEAR = timedelta(days=1)
"""By how much what is told of an article may lie beside its fetch day: listings run late around midnight. Inferred."""

COVERED = (
    "title", "text", "published", "lead", "author", "source_credit", "section", "captions", "tags", "views",
)  # fmt: skip
"""The fields whose coverage is told. Only of the first three is anything asked: the others many articles lack."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A page that was looked at: its reading, and the golden where it has one."""

    page: SavedPage
    result: Article | Rejection
    more_pages: tuple[str, ...] = ()
    name: str = ""
    expected: Golden | None = None

    @property
    def golden(self) -> Golden:
        """The reading in a golden's form."""
        return golden_of(self.result, self.more_pages)

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """The fields that are not as the golden says; none without a golden."""
        return () if self.expected is None else differing(self.expected, self.golden)

    @property
    def is_meant_to_be_refused(self) -> bool:
        """Whether its golden says that the page is no article."""
        return self.expected is not None and self.expected["rejection"] is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of a site, whether it holds, and in words what was found and what is to be done."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: pages, coverage (of how many articles each field is known), suspicions, rules."""

    looked: tuple[Looked, ...]
    articles: tuple[Article, ...]
    coverage: dict[str, int]
    noise: tuple[Noise, ...]
    compared: tuple[Compared, ...]
    rules: tuple[Rule, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule holds."""
        return all(rule.passed for rule in self.rules)


def look(site: type[SiteDeclaration], page: SavedPage, *, name: str = "", expected: Golden | None = None) -> Looked:
    """Read a page as a crawl of today does."""
    return Looked(page, *read_saved(site, page), name, expected)


def check(site: type[SiteDeclaration], looked: Sequence[Looked], further: Sequence[Rule] = ()) -> Report:
    """Hold the pages of a site to the rules; `further` are those that pages do not tell (how a crawl ended)."""
    pairs = [(one.result, one.page) for one in looked if isinstance(one.result, Article)]
    articles = tuple(article for article, _ in pairs)
    noise = tuple(suspected([(article, _page(page)) for article, page in pairs], site))
    facts = site.facts()
    compared = tuple(made for article, page in pairs if (made := compare(_page(page), facts, article, page.fetched_at)))
    coverage = {name: sum(1 for article in articles if _has(article, name)) for name in COVERED}
    rules = (
        *further,
        _enough(articles),
        _refused(looked),
        _covered("title", articles, coverage, 1.0),
        _texts(articles),
        _covered("published", articles, coverage, LEAST_DATED),
        _clock(pairs),
        _fallbacks(articles),
        _noise(noise),
        _goldens(looked),
        *_whole_page(compared),
    )
    return Report(tuple(looked), articles, coverage, noise, compared, tuple(rule for rule in rules if rule is not None))


def failed_fetches(failed: int, asked: int) -> Rule:
    """How many of the articles a crawl asked for did not come."""
    words = f"{failed} of {asked} articles could not be fetched, at most {MOST_REFUSED:.0%} may fail"
    return Rule("fetched", failed <= MOST_REFUSED * asked, words)


# -- rules ----------------------------------------------------------------------------------------
def _enough(articles: Sequence[Article]) -> Rule:
    """One article under two addresses is one: the rule asks how much of the site was seen."""
    different = len({one.key for one in articles})
    words = f"{different} different articles read, at least {LEAST_ARTICLES} are asked for"
    return Rule("articles", different >= LEAST_ARTICLES, words)


def _refused(looked: Sequence[Looked]) -> Rule:
    asked = [one for one in looked if not one.is_meant_to_be_refused]
    refused = [one for one in asked if isinstance(one.result, Rejection)]
    words = f"{len(refused)} of {len(asked)} pages refused as no articles, at most {MOST_REFUSED:.0%} may be"
    return Rule("refused", len(refused) <= MOST_REFUSED * len(asked), words)


def _covered(name: str, articles: Sequence[Article], coverage: dict[str, int], least: float) -> Rule:
    words = f"{coverage[name]} of {len(articles)} articles have it, at least {least:.0%} are asked for"
    return Rule(name, coverage[name] >= least * len(articles), words)


def _texts(articles: Sequence[Article]) -> Rule:
    """Photo and video stories may have none."""
    wordy = [one for one in articles if one.kind is ArticleKind.ARTICLE]
    have = sum(1 for one in wordy if one.text)
    return Rule("text", have == len(wordy), f"{have} of {len(wordy)} articles have it, photo and video stories aside")


def _clock(pairs: Sequence[tuple[Article, SavedPage]]) -> Rule:
    exact = [
        (article.published.instant, page.fetched_at)
        for article, page in pairs
        if article.published and article.published.precision is Precision.MINUTE
    ]
    now = sum(1 for instant, fetched in exact if abs(instant - fetched) <= CLOCK_ERROR)
    minutes: Counter[datetime] = Counter(instant for instant, _ in exact)
    most = max(minutes.values(), default=0)
    if now > 1:
        words = f"{now} articles are dated to the minutes in which they were fetched: the page's clock is read"
        return Rule("clock", False, words)
    if most >= SAME_MINUTE_IN and 2 * most > len(exact):
        words = f"{most} of {len(exact)} articles are dated to the same minute: the time a page was made is read"
        return Rule("clock", False, words)
    dated = [(article, page, article.published) for article, page in pairs if article.published]
    fresh = [(article, page) for article, page, said in dated if _day(said.instant) == _day(page.fetched_at)]
    if len(fresh) >= FETCH_DAY_IN and 2 * len(fresh) > len(dated):
        told = [older for article, page in fresh if (older := _is_older(article, page)) is not None]
        if sum(told) >= FETCH_DAY_IN or 2 * sum(told) > len(told):
            words = (
                f"{len(fresh)} of {len(dated)} articles are dated to the day of their fetch, and {sum(told)} of them "
                "are older by their address or by what listed them: the page's clock is read"
            )
            return Rule("clock", False, words)
    return Rule("clock", True, "no date is that of the page's own clock")


def _fallbacks(articles: Sequence[Article]) -> Rule:
    fell = sum(1 for one in articles if WHOLE_PAGE in one.flags)
    return Rule("layout", not fell, f"{fell} of {len(articles)} articles fitted no layout and were read as whole pages")


def _noise(noise: Sequence[Noise]) -> Rule:
    return Rule("noise", not noise, f"{len(noise)} lines are suspected to be none of the articles'")


def _goldens(looked: Sequence[Looked]) -> Rule | None:
    held = [one for one in looked if one.expected is not None]
    if not held:
        return None
    wrong = [one for one in held if one.disagreeing]
    fields = sorted({field for one in wrong for field in one.disagreeing})
    words = f"{len(wrong)} of {len(held)} golden pages are read otherwise{': ' if fields else ''}{', '.join(fields)}"
    return Rule("goldens", not wrong, words)


def _whole_page(compared: Sequence[Compared]) -> list[Rule]:
    if not compared:
        return []
    held = median(one.held for one in compared)
    of = f"of {len(compared)} articles that whole-page trafilatura reads too"
    out = [
        Rule(
            "trafilatura's text",
            held >= LEAST_HELD,
            f"on the middle one {of}, the text has {held:.0%} of its words, at least {LEAST_HELD:.0%} are asked for",
        )
    ]
    named: list[tuple[str, Callable[[Compared], str | None]]] = [
        ("title", lambda one: one.title),
        ("date", lambda one: one.day),
    ]
    for name, other in named:
        against = sum(1 for one in compared if other(one))
        words = f"{against} {of} have another {name} there, at most {MOST_CONTRADICTED:.0%} may"
        out.append(Rule(f"trafilatura's {name}", against <= MOST_CONTRADICTED * len(compared), words))
    return out


# -- parts ----------------------------------------------------------------------------------------
def _page(saved: SavedPage) -> Page:
    """A page of its own for each reading, which takes nodes out of its tree."""
    return Page(saved.url, saved.body, saved.content_type)


def _day(instant: datetime) -> date:
    return instant.astimezone(VIETNAM).date()


def _is_older(article: Article, page: SavedPage) -> bool | None:
    """Whether an article is older than its fetch by what its page's date has no part in; None where nothing tells.

    Those are the date at which discovery found it listed, its last change, and the month or year in its addresses.
    """
    fetched = _day(page.fetched_at)
    found = page.found
    instants = [found.listed.instant if found and found.listed else None, article.modified and article.modified.instant]
    told = [fetched - _day(one) > NEAR for one in instants if one]
    for address in dict.fromkeys((article.url, page.url, *((found.url,) if found else ()))):
        if match := _MONTH_IN_PATH.search(address):
            year, month = match.groups()
            eve = fetched - NEAR
            told.append((int(year), int(month or eve.month)) < (eve.year, eve.month))
    return any(told) if told else None


def _has(article: Article, name: str) -> bool:
    value = getattr(article, name)
    return value is not None and value != "" and value != ()
