"""Recurring paragraphs: counts learned step by step are those of a plain recount, and cores follow them."""

import random
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from archive.article import Article
from archive.database import Sessions, open_engine, reading, session_factory
from archive.exclusion import not_taken_down
from archive.fingerprint import core, paragraphs
from archive.models import Extraction, Fingerprint, SourceRecord, StoredArticle, StoredText
from archive.models import Site as StoredSite
from archive.paragraphs import RECURS_IN, RECURS_SHARE, is_recurring, learn, least_articles, recurring
from archive.query import ArticleName
from archive.reprints import rebuild
from archive.takedown import exclude, lift
from tests.archive.helpers import HandClock, Site
from tests.archive.stories import PRESS, grouped, news, press, save_all, state, story

HN, QN, TN = (name for name, *_ in PRESS)
LINE, OTHER_LINE = "Mời bạn đọc theo dõi các tin bài tiếp theo!", "Bản quyền thuộc về báo nhà."
on_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
FEW = examples(max_examples=max(1, examples().max_examples // 20))


@pytest.fixture
def papers(sessions: Sessions, clock: HandClock) -> dict[str, Site]:
    return press(sessions, clock)


@given(articles=st.integers(0, 60), of=st.integers(0, 3000))
def test_the_two_ways_to_say_when_a_paragraph_recurs_agree(articles: int, of: int) -> None:
    assert is_recurring(articles, of) is (articles >= least_articles(of))


@pytest.mark.parametrize(
    ("articles", "of", "expected"),
    [
        (10, 10, True),
        (9, 9, False),
        (10, 500, True),
        (10, 501, False),
        (11, 501, True),
        (11, 550, True),
        (11, 551, False),
    ],
)
def test_a_paragraph_recurs_from_ten_articles_and_two_percent_on(articles: int, of: int, expected: bool) -> None:
    assert (RECURS_IN, RECURS_SHARE) == (10, 50)
    assert is_recurring(articles, of) is expected


# -- counts ---------------------------------------------------------------------------------------
def check_counts(sessions: Sessions) -> None:
    """Counts, holders and what recurs are as if counted now from the current readings of what is shown."""
    with reading(sessions) as session:
        rows = session.execute(
            select(StoredSite.name, StoredSite.id, StoredText.body, StoredText.text_id, StoredText.id.label("key"))
            .select_from(StoredArticle)
            .join(StoredSite, StoredSite.id == StoredArticle.site_id)
            .join(Extraction, (Extraction.article_id == StoredArticle.id) & Extraction.is_current)
            .join(StoredText, StoredText.id == Extraction.text_id)
            .where(not_taken_down())
        ).all()
        counts: Counter[tuple[str, int]] = Counter()
        holders, of_text, totals = set(), defaultdict(set), Counter(row.name for row in rows)
        for row in rows:
            hashes = {one.hash for one in paragraphs(row.body)}
            counts.update((row.name, one) for one in hashes)
            holders |= {(row.name, one, row.text_id) for one in hashes}
            of_text[row.text_id, row.key, row.body].add(row.name)
        said = state(sessions)
        assert said["paragraphs"] == {(site, one, number) for (site, one), number in counts.items()}
        assert said["holders"] == sorted(holders)
        assert {name: number for name, number in said["totals"].items() if number} == totals
        keys = {row.name: row.id for row in rows}
        found = recurring(session, keys.values(), {one for _, one in counts})
        recurs = {
            name: {one for (site, one), number in counts.items() if site == name and is_recurring(number, totals[name])}
            for name in keys
        }
        assert {name: found[key] for name, key in keys.items()} == recurs
        cores = {}
        for (text_id, _, body), sites in of_text.items():
            made = core(paragraphs(body), set.intersection(*(set(recurs[site]) for site in sites)))
            cores[text_id] = (made.hash, len(made.shingles))
        prints = {text_id: (hash_, shingles) for text_id, _, hash_, shingles, _ in said["fingerprints"]}
        assert prints == cores
        assert said["groups"].keys() == {text_id for text_id, (_, shingles) in cores.items() if shingles}


def random_article(drawn: random.Random, key: str) -> Article:
    """One of few paragraphs, some of which stand in many articles; sometimes one of them twice, or no words."""
    own = [LINE] * (drawn.random() < 0.8) + [OTHER_LINE] * (drawn.random() < 0.5)
    own += [story(drawn.randrange(8), 1, 8)[0] for _ in range(drawn.randint(0, 2))] + ["***"] * (drawn.random() < 0.1)
    drawn.shuffle(own)
    return news(key, own, drawn.choice(("2022-01-05", "2022-01-06", None)))


def check_random_changes(sessions: Sessions, seed: int) -> None:
    drawn, clock = random.Random(seed), HandClock()
    sites = press(sessions, clock)
    down: set[tuple[str, str]] = set()
    for _ in range(8):
        site = drawn.choice((HN, HN, QN))
        free = [str(key) for key in range(16) if (site, str(key)) not in down]
        save_all(sites[site], [random_article(drawn, key) for key in drawn.sample(free, min(len(free), 9))])
        clock.advance(minutes=1)
        with reading(sessions) as session:
            known = session.execute(
                select(StoredSite.name, StoredArticle.key, StoredArticle.url).join(
                    StoredSite, StoredSite.id == StoredArticle.site_id
                )
            ).all()
        for row in drawn.sample(sorted(known), 3):
            name = ArticleName(*row)
            if (row.name, row.key) in down:
                lift(sessions, clock, name)
                down.remove((row.name, row.key))
            else:
                exclude(sessions, clock, name, "theo yêu cầu")
                down.add((row.name, row.key))
        check_counts(sessions)


@FEW
@given(seed=st.integers(0, 2**32))
def test_counts_are_those_of_a_recount(empty_sqlite: Path, seed: int) -> None:
    path = empty_sqlite.with_name("counted.sqlite3")
    shutil.copy(empty_sqlite, path)
    engine = open_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
    try:
        check_random_changes(session_factory(engine), seed)
    finally:
        engine.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_so_they_are_on_postgresql(sessions: Sessions) -> None:
    check_random_changes(sessions, 1)


@on_sqlite
def test_nothing_to_learn_touches_nothing(sessions: Sessions, papers: dict[str, Site]) -> None:
    with sessions.begin() as session:
        assert learn(session, [], {}) == set()
        assert recurring(session, [papers[HN].id], []) == {papers[HN].id: set()}
        assert recurring(session, [], [1]) == {}


# -- cores ----------------------------------------------------------------------------------------
def shingles_of(sessions: Sessions, site: str, key: str) -> int:
    with reading(sessions) as session:
        found = session.scalar(
            select(Fingerprint.shingles)
            .join(SourceRecord, SourceRecord.text_id == Fingerprint.text_id)
            .join(StoredArticle, StoredArticle.id == SourceRecord.article_id)
            .join(StoredSite, StoredSite.id == StoredArticle.site_id)
            .where(StoredSite.name == site, StoredArticle.key == key)
        )
    assert found is not None
    return found


def filler(number: int, *more: str) -> Article:
    return news(str(number), (f"Tin ngắn số {number} của báo trong ngày hôm nay.", *more))


def test_crossing_ten_articles_changes_the_cores_of_texts_stored_before(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    whole = story(1)
    save_all(papers[HN], [news("0", (*whole, LINE)), news("line", (LINE,)), *(filler(n, LINE) for n in range(1, 8))])
    save_all(papers[QN], [news("0", (*whole, LINE, "***")), news("line", ("…", LINE))])
    before, same = shingles_of(sessions, HN, "0"), shingles_of(sessions, QN, "0")
    assert before == same
    assert {f"{HN}-line", f"{QN}-line"} in grouped(sessions).values()
    nine = state(sessions)
    save_all(papers[HN], [filler(8, LINE)])
    assert shingles_of(sessions, HN, "0") == before - 10, "nine syllables, and what joins them to the rest"
    assert shingles_of(sessions, QN, "0") == same, "it recurs on the other site alone"
    assert shingles_of(sessions, HN, "line") == 0
    members = set().union(*grouped(sessions).values())
    assert f"{HN}-line" not in members, "a text of nothing but what recurs is no news"
    assert f"{QN}-line" in members
    with reading(sessions) as session:
        holding = select(func.count()).select_from(StoredText).where(StoredText.body.contains(LINE))
        assert session.scalar(holding) == 12, "the stored text keeps the line"
    exclude(sessions, clock, ArticleName(HN, "8", filler(8).url), "theo yêu cầu")
    assert state(sessions) == nine
    lift(sessions, clock, ArticleName(HN, "8", filler(8).url))
    clock.advance(hours=1)
    # A revision that drops the line from another article.
    save_all(papers[HN], [filler(3)])
    assert shingles_of(sessions, HN, "0") == before
    assert {f"{HN}-line", f"{QN}-line"} in grouped(sessions).values()
    check_counts(sessions)


@on_sqlite
def test_crossing_two_percent_changes_the_cores_of_texts_stored_before(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[HN], [filler(number, LINE) for number in range(9)] + [news("line", (LINE,))])
    recurs = shingles_of(sessions, HN, "1")
    save_all(papers[HN], [news(str(number), (f"Tin {number}.",)) for number in range(10, 500)])
    assert shingles_of(sessions, HN, "1") == recurs, "10 of 500"
    at_500 = state(sessions)
    save_all(papers[HN], [news("500", ("Tin 500.",))])
    assert shingles_of(sessions, HN, "1") > recurs, "10 of 501"
    assert shingles_of(sessions, HN, "line") > 0
    exclude(sessions, clock, ArticleName(HN, "500", news("500", ()).url), "theo yêu cầu")
    assert state(sessions) == at_500
    lift(sessions, clock, ArticleName(HN, "500", news("500", ()).url))
    save_all(papers[HN], [filler(501, LINE)])
    assert shingles_of(sessions, HN, "1") == recurs, "11 of 502"
    assert f"{HN}-line" not in set().union(*grouped(sessions).values())
    kept = state(sessions)
    rebuild(sessions)
    assert state(sessions) == kept


def test_a_text_is_without_what_recurs_on_each_site_that_prints_it(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[HN], [filler(number, LINE) for number in range(10)] + [news("10", (*story(1), LINE))])
    alone = shingles_of(sessions, HN, "10")
    save_all(papers[QN], [news("0", (*story(1), LINE))])
    assert shingles_of(sessions, HN, "10") > alone, "on the other site the line is said once"
    exclude(sessions, clock, ArticleName(QN, "0", news("0", ()).url), "theo yêu cầu")
    assert shingles_of(sessions, HN, "10") == alone
    check_counts(sessions)


@on_sqlite
def test_one_site_printing_a_text_ten_times_says_nothing_of_anothers_copy(
    papers: dict[str, Site], sessions: Sessions
) -> None:
    save_all(papers[HN], [news(str(number), story(1)) for number in range(10)])
    assert grouped(sessions) == {}, "a text under ten keys of one site is what a template says"
    save_all(papers[QN], [news("0", story(1))])
    assert f"{QN}-0" in set().union(*grouped(sessions).values())
    check_counts(sessions)


@on_sqlite
def test_a_line_in_one_article_many_times_or_in_another_writing_counts_once(
    papers: dict[str, Site], sessions: Sessions
) -> None:
    save_all(papers[HN], [news("0", [LINE, LINE.upper(), LINE.rstrip("!")] * 4), filler(1)])
    assert max(number for _, _, number in state(sessions)["paragraphs"]) == 1
    check_counts(sessions)
