"""Six nights of the sample web as the scheduler makes them, and what the archive and the web's log then say.

Shared by the test of the nights and by that of a scheduler that is killed in them.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from archive.clock import Clock
from archive.database import open_engine, session_factory
from archive.sites import SiteCheck, note_check, register_site
from crawler.archiving import site_record
from crawler.sites import all_sites
from tests.conftest import Program
from tests.sample_web import nights
from tests.sample_web.articles import Article
from tests.sample_web.harness import SampleWeb
from tests.sample_web.nights import Change, Kind
from tests.sample_web.sites import SITES, Site

NIGHTS = range(nights.LAST + 1)
COMMAND = ("schedule", "run", "--once", "-s", "DOWNLOAD_DELAY=0")

LATE = timedelta(hours=4)
"""So long after a night began every site's turn has come, and its window (to 05:00) is open."""


def now_of(night: int) -> str:
    """The instant at which a night is carried out, for BAOTINH_NOW."""
    return (nights.instant(night) + LATE).isoformat()


def note_checks(program: Program, names: Iterable[str] = ()) -> None:
    """Write down that each site passed a live check before the first night, so that nights take it."""
    clock = Clock(nights.FIRST - timedelta(days=1))
    engine = open_engine(f"sqlite:///{program.data}/baotinh.sqlite3")
    with session_factory(engine).begin() as session:
        for name, site in all_sites().items():
            if not names or name in names:
                key = register_site(session, site_record(site), clock)
                note_check(session, key, SiteCheck(name, clock.now(), live=True, passed=True, words="invented"))
    engine.dispose()


def serve(web: SampleWeb, night: int) -> None:
    """Let the web show a night, with its faults."""
    web.control("all", night=night, faulty=1)


@dataclass(frozen=True)
class Night:
    """What a site is on a night, as the sample web declares it."""

    site: Site
    night: int

    @property
    def can_be_read(self) -> bool:
        """Whether it answers, in markup that is known."""
        return not nights.has_redesign(self.site.id, self.night) and not nights.has_bot_check(self.site.id, self.night)

    @property
    def new(self) -> tuple[Article, ...]:
        """The articles that appear."""
        return nights.published(self.site.id, tuple(self.site.sections), self.night)

    @cached_property
    def changes(self) -> list[Change]:
        """What happens to others."""
        return [one for one in nights.changes(self.site, self.night) if one.night == self.night]


def every(night: int) -> list[Night]:
    """All sites on a night, each as it is served then."""
    out = []
    for kind in SITES:
        site = kind()
        site.change({"night": str(night)})
        out.append(Night(site, night))
    return out


def key_of(article: Article) -> str:
    """The key that the archive has for an article: for WordPress the post id."""
    return str(article.meta.get("id", article.key))


class Archive:
    """Questions to the archive of a program."""

    def __init__(self, program: Program) -> None:
        self._file = program.data / "baotinh.sqlite3"

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with closing(sqlite3.connect(self._file)) as database:
            return database.execute(query, values).fetchall()

    def keys(self, site_id: str) -> set[str]:
        """The keys of the articles that are kept with a text."""
        query = (
            "select a.key from article a join site s on s.id = a.site_id join extraction e on e.article_id = a.id "
            "where s.name = ? and e.is_current and e.text_id is not null"
        )
        return {key for (key,) in self.ask(query, site_id)}

    def is_recorded(self, site: Site, change: Change) -> bool:
        """Whether the archive says what changed; `site` is served as of that night or a later one."""
        key = key_of(nights.present(site, site.files, change.night - 1)[change.key])
        of_it = "from article a join site s on s.id = a.site_id {} where s.name = ? and a.key = ?"
        if change.kind is Kind.REMOVAL:
            rows = self.ask(f"select a.gone_at {of_it.format('')}", site.id, key)
            return bool(rows) and rows[0][0] is not None
        if change.kind is Kind.MOVE:
            rows = self.ask(f"select u.url {of_it.format('join article_url u on u.article_id = a.id')}", site.id, key)
            return any(change.slug in url.lower() for (url,) in rows)
        rows = self.ask(f"select r.changed {of_it.format('join revision r on r.article_id = a.id')}", site.id, key)
        return any("title" in changed and "text" in changed for (changed,) in rows)

    def verdicts(self, night: int) -> dict[str, tuple[str, str | None]]:
        """Health and cause by site, of the last run of a night."""
        query = (
            "select s.name, v.health, v.cause from verdict v join run r on r.id = v.run_id "
            "join site s on s.id = v.site_id where r.night = ? order by r.id"
        )
        rows = self.ask(query, f"{nights.instant(night):%Y-%m-%d}")
        return {name: (health, cause) for name, health, cause in rows}

    def report(self, night: int) -> str:
        """The report of a night as it was told."""
        rows = self.ask("select words from night_report where night = ?", f"{nights.instant(night):%Y-%m-%d}")
        return "\n".join(words for (words,) in rows)

    def runs(self) -> dict[tuple[str, str], list[str]]:
        """The outcomes of the runs of each site and night, in their order."""
        found: dict[tuple[str, str], list[str]] = {}
        query = "select s.name, r.night, r.outcome from run r join site s on s.id = r.site_id order by r.id"
        for site, night, outcome in self.ask(query):
            found.setdefault((site, night), []).append(outcome)
        return found


# -- what was asked ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Asked:
    """What a site was asked in a night."""

    site: Site
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, site: Site, log: Iterable[dict[str, Any]]) -> "Asked":
        """The part of the web's log that concerns the site."""
        return cls(site, [row for row in log if row["host"].removeprefix("www.") == site.host])

    @property
    def robots(self) -> int:
        """How often robots.txt was asked for."""
        return sum(row["path"] == "/robots.txt" for row in self.rows)

    @property
    def others(self) -> list[dict[str, Any]]:
        """All that is not robots.txt."""
        return [row for row in self.rows if row["path"] != "/robots.txt"]

    @property
    def violations(self) -> list[str]:
        """What robots.txt closes and was asked for all the same."""
        closed = tuple(rule.lower() for rule in self.site.disallowed)
        return [row["path"] for row in self.rows if row["path"].lower().startswith(closed)]

    @property
    def not_modified(self) -> int:
        """How many answers were 304."""
        return sum(row["status"] == 304 for row in self.rows)

    @property
    def faults(self) -> int:
        """How many requests failed and had to be made again."""
        return sum(row["status"] in (0, 500, 503) for row in self.rows)

    @property
    def twice(self) -> list[str]:
        """The articles that were asked for more than once although they had come."""
        articles = {self.site.path(one) for one in self.site.by_key.values()}
        came = Counter(row["path"] for row in self.others if row["status"] in (200, 304) and row["path"] in articles)
        return [path for path, times in came.items() if times > 1]


def floor_of(site: Site) -> int:
    """Most requests that a night needs to see that a site has nothing new: one a feed, sitemap, section, front page."""
    if site.way == "api":
        return 2  # the posts and the names of their categories
    if site.way == "sitemap":
        return 3  # the index, its newest part, the front page
    return len(site.sections) + 1
