"""Text groups follow from the articles alone, whatever came first, was changed, or was taken down and shown again."""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import event, select, text, update

from archive import reprints, versions
from archive.article import Article
from archive.database import Sessions, open_engine, session_factory
from archive.fingerprint import ALGORITHM
from archive.models import Fingerprint, LshBand, SourceRecord, StoredText
from archive.purge import purge
from archive.query import ArticleName
from archive.readings import Readings, Reread, Scope
from archive.reprints import rebuild
from archive.revisions import go_back
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import Outcome, Read
from archive.takedown import exclude, lift
from tests.archive.helpers import VERSION, HandClock, Site, at, found
from tests.archive.stories import PRESS, digests, grouped, news, press, reworded, save_all, state, story, weather

HN, QN, TN = (name for name, *_ in PRESS)
LINE = "Mời bạn đọc theo dõi các tin bài tiếp theo trên trang tin của báo nhà."
FEW = examples(max_examples=max(1, examples().max_examples // 20))
"""For what fills whole archives."""

on_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@pytest.fixture
def papers(sessions: Sessions, clock: HandClock) -> dict[str, Site]:
    return press(sessions, clock)


def check_rebuild(sessions: Sessions) -> None:
    """What is kept is what all made anew gives."""
    kept, summed = state(sessions), digests(sessions)
    rebuild(sessions)
    assert kept == state(sessions)
    assert summed == digests(sessions)


# -- the order in which it comes ------------------------------------------------------------------
ONE, TWO, THREE, FOUR, FIVE = (story(seed) for seed in range(1, 6))
TTXVN = "Theo TTXVN"
OF_QN, OF_HN = "Theo Báo Quảng Ninh", "Nguồn: Báo Hà Nam"


def _pool() -> dict[tuple[str, str], list[Article]]:
    """What three papers say, by site and key: each article as it is, and as it was or will be."""
    made = {
        (HN, "1"): [news("1", (*ONE, LINE), time="08:00"), news("1", ONE, time="08:00")],
        (QN, "1"): [news("1", ONE, source_credit=OF_HN), news("1", ONE, "2022-01-04")],
        (TN, "1"): [news("1", reworded(ONE[:3], 75, 2), "2022-01-06"), news("1", ONE[1:], None, source_credit=TTXVN)],
        (QN, "2"): [news("2", TWO, "2022-01-04", "09:00"), news("2", (*TWO, *ONE), "2022-01-04", "09:00")],
        (HN, "2"): [
            news("2", (*reworded(TWO, 12), LINE), "2022-01-03", source_credit=OF_QN),
            news("2", (*reworded(TWO, 12), LINE), "2022-01-03"),
        ],
        (TN, "2"): [news("2", reworded(TWO, 11, 5), None, source_credit=OF_QN), news("2", reworded(TWO, 11, 5))],
        (HN, "3"): [news("3", (LINE, *reworded(THREE, 14)), source_credit=TTXVN), news("3", (LINE, *THREE))],
        (QN, "3"): [
            news("3", THREE, "2022-01-12", source_credit=TTXVN),
            news("3", THREE, "2022-01-19", source_credit=TTXVN),
        ],
        (HN, "4"): [news("4", weather(5, 12, 19, 30), "2022-01-05"), news("4", weather(5, 12, 20, 30), "2022-01-05")],
        (HN, "5"): [news("5", weather(6, 12, 17, 30), "2022-01-06"), news("5", weather(6, 12, 17, 30), None)],
        (TN, "4"): [news("4", weather(5, 12, 19, 30), "2022-01-06"), news("4", weather(7, 12, 19, 30), "2022-01-07")],
        (TN, "6"): [news("6", FOUR, None), news("6", reworded(FOUR, 40), None)],
        (HN, "6"): [news("6", (*FOUR, LINE), None), news("6", (*FOUR[:3], LINE), "2022-01-09")],
        (HN, "7"): [news("7", (*FIVE, LINE), source_credit=OF_QN), news("7", FIVE)],
        (QN, "7"): [news("7", reworded(FIVE, 50), source_credit=OF_HN), news("7", (LINE,))],
        (HN, "8"): [news("8", (LINE,)), news("8", (LINE, "Ảnh: Văn Đảm"))],
        (TN, "8"): [news("8", (LINE, "Chào bạn đọc.")), news("8", ("* * *",))],
    }
    for number in range(9, 15):
        filler = (*story(100 + number, 1), LINE)
        made[HN, str(number)] = [news(str(number), filler), news(str(number), (*ONE[: number - 8], LINE))]
    return made


POOL = _pool()


@dataclass(frozen=True)
class Step:
    """Something that happens to an article: it is saved as one of its states, taken down or shown again."""

    of: tuple[str, str]
    does: int | str


def history(drawn: random.Random) -> tuple[list[Step], dict[tuple[str, str], int]]:
    """Steps in a random order, and the state of each article that is left in the end."""
    waiting, end = [], {}
    for of in POOL:
        final = drawn.randrange(2)
        orders = ([final], [final], [1 - final, final], [final, 1 - final, final])
        own: list[int | str] = []
        for does in drawn.choice([order for order in orders if _is_kept(of, order)]):
            own += [does, *(["exclude", "lift"] if drawn.random() < 0.2 else [])]
        if drawn.random() < 0.15:
            own.append("exclude")
        else:
            end[of] = final
        # One that is taken down is not read again before it is shown again.
        waiting.append([Step(of, does) for does in own])
    steps = []
    while waiting:
        own_steps = drawn.choice(waiting)
        steps.append(own_steps.pop(0))
        if not own_steps:
            waiting.remove(own_steps)
    return steps, end


def _is_kept(of: tuple[str, str], order: list[int]) -> bool:
    """Whether each of these states of an article replaces the one before: none that has lost the date does."""
    dated = [POOL[of][state].published is not None for state in order]
    return dated == sorted(dated)


def happen(
    sessions: Sessions, clock: HandClock, sites: dict[str, Site], steps: list[Step], drawn: random.Random
) -> None:
    """Let it happen, with neighbours of one site in one transaction now and then."""
    batch: list[Step] = []

    def flush() -> None:
        if batch:
            save_all(sites[batch[0].of[0]], [POOL[step.of][int(step.does)] for step in batch])
            batch.clear()
            clock.advance(minutes=1)

    for step in steps:
        site, key = step.of
        if isinstance(step.does, int):
            if batch and (batch[0].of[0] != site or step.of in {one.of for one in batch} or drawn.random() < 0.3):
                flush()
            batch.append(step)
            continue
        flush()
        name = ArticleName(site, key, POOL[step.of][0].url)
        if step.does == "exclude":
            exclude(sessions, clock, name, "theo yêu cầu")
        else:
            lift(sessions, clock, name)
    flush()


class Copies:
    """Makes archives in which nothing is yet."""

    def __init__(self, empty_sqlite: Path) -> None:
        self._empty, self._engines = empty_sqlite, []  # type: ignore[var-annotated]

    def __call__(self) -> Sessions:
        path = self._empty.with_name(f"{len(self._engines)}.sqlite3")
        shutil.copy(self._empty, path)
        engine = open_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
        self._engines.append(engine)
        return session_factory(engine)

    def close(self) -> None:
        for engine in self._engines:
            engine.dispose()


@pytest.fixture(scope="module")
def copies(empty_sqlite: Path) -> Iterator[Copies]:
    made = Copies(empty_sqlite)
    yield made
    made.close()


def at_once(sessions: Sessions, end: dict[tuple[str, str], int]) -> tuple[Any, Any]:
    """What an archive says in which only the end was stored, each site's in one transaction."""
    sites = press(sessions, HandClock())
    for name, site in sites.items():
        save_all(site, [POOL[of][number] for of, number in end.items() if of[0] == name])
    return state(sessions), digests(sessions)


def check_history(sessions: Sessions, copies: Callable[[], Sessions], seed: int) -> None:
    drawn, clock = random.Random(seed), HandClock()
    steps, end = history(drawn)
    wanted, summed = at_once(copies(), end)
    sites = press(sessions, clock, drawn.sample(range(3), 3))
    happen(sessions, clock, sites, steps, drawn)
    got = state(sessions)
    for name, value in wanted.items():
        assert got[name] == value, name
    assert digests(sessions) == summed
    rebuild(sessions)
    assert state(sessions) == wanted
    # A rebuild that is cut short leaves the articles of its last pages to the next.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reprints, "_PAGE", 3)
        done: list[int] = []

        def stop(number: int) -> None:
            done.append(number)
            if len(done) == 3:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            rebuild(sessions, stop)
        assert state(sessions)["records"] < wanted["records"]
        rebuild(sessions, fresh=False)
    assert state(sessions) == wanted
    assert digests(sessions) == summed


@FEW
@given(seed=st.integers(0, 2**32))
def test_groups_do_not_hang_on_what_happened_before(copies: Copies, seed: int) -> None:
    check_history(copies(), copies, seed)


@on_postgresql
@pytest.mark.parametrize("seed", [1])
def test_nor_do_they_on_postgresql(sessions: Sessions, copies: Copies, seed: int) -> None:
    check_history(sessions, copies, seed)


def test_the_pool_holds_what_it_should(copies: Copies) -> None:
    sessions = copies()
    wanted, _ = at_once(sessions, dict.fromkeys(POOL, 0))
    assert {one[2] for one in wanted["pairs"]} == {"equal", "jaccard", "containment", "credited"}
    made = grouped(sessions)
    assert {f"{HN}-1", f"{QN}-1", f"{TN}-1"} in made.values()
    assert made[f"{QN}-2"] == {f"{QN}-2", f"{HN}-2", f"{TN}-2"}
    assert {f"{HN}-3", f"{QN}-3"} in made.values()
    assert {f"{HN}-4", f"{TN}-4"} in made.values()
    assert f"{HN}-8" not in set().union(*made.values())
    assert max(count for site, _, count in wanted["paragraphs"] if site == HN) >= 10, "the line recurs"


@FEW
@given(seed=st.integers(0, 2**32))
def test_buckets_that_become_too_large_and_small_again(copies: Copies, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(versions, "MOST_IN_BAND", 3)
        patch.setattr(reprints, "MOST_IN_BAND", 3)
        drawn, clock = random.Random(seed), HandClock()
        # Six texts that share most of their bands; how many of them are shown goes up and down.
        texts = [(*ONE, *story(50 + number, 1, 6)) for number in range(6)]
        sites = press(sessions := copies(), clock)
        places = [(drawn.choice(PRESS)[0], str(number)) for number in range(6)]
        shown: set[int] = set()
        for number in drawn.sample(range(6), 6):
            save_all(sites[places[number][0]], [news(places[number][1], texts[number], f"2022-01-0{1 + number}")])
            shown.add(number)
            if drawn.random() < 0.3:
                gone = drawn.choice(sorted(shown))
                exclude(sessions, clock, ArticleName(*places[gone], f"https://baoquangninh.com.vn/bai-{gone}"), "x")
                shown.remove(gone)
            check_rebuild_without_touching(sessions, copies, places, texts, shown)


def check_rebuild_without_touching(
    sessions: Sessions, copies: Copies, places: list[tuple[str, str]], texts: list[tuple[str, ...]], shown: set[int]
) -> None:
    """The archive says what one says that got the shown articles alone, one by one."""
    sites = press(other := copies(), HandClock())
    for number in sorted(shown):
        save_all(sites[places[number][0]], [news(places[number][1], texts[number], f"2022-01-0{1 + number}")])
    assert state(sessions) == state(other)


def test_a_bucket_that_is_too_large_is_not_looked_into(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MOST_IN_BAND", 3)
    monkeypatch.setattr(reprints, "MOST_IN_BAND", 3)
    for number in range(4):
        # Equal cores: every band is shared by all.
        save_all(papers[(HN, QN, TN)[number % 3]], [news(str(number), (*ONE, "*" * (1 + number)), "2022-01-05")])
        assert len(grouped(sessions)) == (1 if number < 3 else 4)
    exclude(sessions, clock, ArticleName(QN, "1", news("1", ONE).url), "theo yêu cầu")
    assert len(grouped(sessions)) == 1
    lift(sessions, clock, ArticleName(QN, "1", news("1", ONE).url))
    assert len(grouped(sessions)) == 4
    check_rebuild(sessions)


@on_sqlite
def test_equal_cores_meet_though_all_their_bands_are_too_large(
    papers: dict[str, Site], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "MOST_IN_BAND", 3)
    monkeypatch.setattr(reprints, "MOST_IN_BAND", 3)
    # The same shingles as often as you like: one signature, other cores.
    verses = [" ".join(["Gió đưa cành trúc la"] * times) for times in (6, 7, 8, 9)]
    save_all(papers[HN], [news(str(number), (verse,)) for number, verse in enumerate(verses)])
    save_all(papers[QN], [news("3", (verses[3], "***"))])
    assert sorted(map(sorted, grouped(sessions).values())) == [
        [f"{HN}-0"],
        [f"{HN}-1"],
        [f"{HN}-2"],
        [f"{HN}-3", f"{QN}-3"],
    ]


# -- what changes a group -------------------------------------------------------------------------
def test_an_earlier_text_that_comes_late_is_the_canonical_one(papers: dict[str, Site], sessions: Sessions) -> None:
    save_all(papers[HN], [news("1", ONE[:3], "2022-01-06")])
    save_all(papers[QN], [news("1", ONE, "2022-01-07")])
    assert grouped(sessions) == {f"{HN}-1": {f"{HN}-1", f"{QN}-1"}}
    save_all(papers[TN], [news("1", reworded(ONE, 50), "2022-01-05")])
    assert grouped(sessions) == {f"{TN}-1": {f"{HN}-1", f"{QN}-1", f"{TN}-1"}}
    save_all(papers[QN], [news("2", ONE, None), news("3", TWO)])
    assert grouped(sessions)[f"{TN}-1"] == {f"{HN}-1", f"{QN}-1", f"{QN}-2", f"{TN}-1"}


def test_a_changed_date_or_credit_groups_anew(papers: dict[str, Site], sessions: Sessions, clock: HandClock) -> None:
    both = {f"{HN}-1", f"{QN}-1"}
    half = reworded(ONE, 12)
    save_all(papers[HN], [news("1", ONE, "2022-01-05", "08:00")])
    save_all(papers[QN], [news("1", half, None)])
    assert list(grouped(sessions).values()) == [{f"{HN}-1"}, {f"{QN}-1"}]
    for changes, expected in (
        ({"source_credit": OF_HN, "day": None}, {f"{HN}-1": both}),
        ({"source_credit": OF_HN}, {f"{HN}-1": both}),
        ({"source_credit": OF_HN, "day": "2022-01-16"}, None),
        ({"source_credit": OF_HN, "day": "2022-01-15"}, {f"{HN}-1": both}),
        ({"source_credit": OF_HN, "day": "2022-01-04"}, {f"{HN}-1": both}),
        ({"source_credit": OF_HN, "day": "2022-01-03"}, None),
        ({"source_credit": TTXVN}, None),
    ):
        clock.advance(hours=1)
        save_all(papers[QN], [news("1", half, **{"day": "2022-01-06", **changes})])
        assert grouped(sessions) == (expected or {f"{HN}-1": {f"{HN}-1"}, f"{QN}-1": {f"{QN}-1"}}), changes
    clock.advance(hours=1)
    save_all(papers[HN], [news("1", ONE, "2022-01-05", "08:00", source_credit=TTXVN)])
    clock.advance(hours=1)
    save_all(papers[QN], [news("1", half, "2022-01-05", "07:00", source_credit=TTXVN)])
    assert grouped(sessions) == {f"{QN}-1": both}
    check_rebuild(sessions)


@on_sqlite
def test_a_day_is_later_than_its_minutes_and_earlier_than_the_next(papers: dict[str, Site], sessions: Sessions) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05")])
    save_all(papers[QN], [news("1", reworded(ONE, 50), "2022-01-06", "00:00")])
    assert list(grouped(sessions)) == [f"{HN}-1"]
    save_all(papers[TN], [news("1", reworded(ONE, 50, 7), "2022-01-05", "23:58")])
    assert list(grouped(sessions)) == [f"{TN}-1"]


def test_a_text_that_two_sites_print_word_for_word_is_one_with_two_printings(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[QN], [news("1", ONE, "2022-01-06", source_credit=OF_HN)])
    save_all(papers[HN], [news("1", ONE, "2022-01-05")])
    save_all(papers[TN], [news("1", reworded(ONE, 12), "2022-01-06", source_credit=OF_QN)])
    made = state(sessions)
    assert len(made["groups"]) == 2
    assert len(set(made["groups"].values())) == 1
    assert len(made["records"]) == 3
    exclude(sessions, clock, ArticleName(QN, "1", news("1", ONE).url), "theo yêu cầu")
    assert len(set(state(sessions)["groups"].values())) == 2, "nobody that is shown is credited any more"
    check_rebuild(sessions)


def test_what_is_read_again_groups_anew_and_so_does_the_way_back(papers: dict[str, Site], sessions: Sessions) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05")])
    save_all(papers[QN], [news("1", ("Đăng nhập để bình luận",), "2022-01-06")])
    before = state(sessions)
    assert len(grouped(sessions)) == 2
    readings = Readings(sessions, "2", papers[QN].clock)
    for due in readings.due(Scope(papers[QN].id)):
        again = [Reread(one, news("1", ONE[:3], "2022-01-04"), found("1", one.url)) for one in due]
        readings.save(papers[QN].id, again)
    assert grouped(sessions) == {f"{QN}-1": {f"{HN}-1", f"{QN}-1"}}
    after = state(sessions)
    assert list(go_back(sessions, "1", None))
    assert state(sessions) == before
    assert list(go_back(sessions, "2", papers[QN].id))
    assert state(sessions) == after
    check_rebuild(sessions)


def test_what_is_taken_down_leaves_its_group_and_comes_back(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05"), news("2", (*ONE, "Ảnh: Văn Đảm"), "2022-01-07")])
    save_all(papers[QN], [news("1", ONE[:3], "2022-01-06")])
    whole = state(sessions)
    name = ArticleName(HN, "1", news("1", ONE).url)
    exclude(sessions, clock, name, "theo yêu cầu")
    assert grouped(sessions) == {f"{QN}-1": {f"{HN}-2", f"{QN}-1"}}
    gone = state(sessions)
    exclude(sessions, clock, name, "lần nữa")
    clock.advance(hours=1)
    assert save_all(papers[HN], [news("1", TWO)]) == [Outcome.EXCLUDED]
    assert state(sessions) == gone
    with sessions() as session:
        text_id = session.scalars(select(StoredText.id).where(StoredText.body == "\n\n".join(ONE))).one()
        for table in (SourceRecord, LshBand, Fingerprint):
            assert not session.scalars(select(table).where(table.text_id == text_id)).all(), table
    lift(sessions, clock, name)
    assert state(sessions) == whole


def test_a_purge_removes_the_words_though_they_were_in_a_group(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock, settings: Settings, engine: Any
) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05"), news("2", TWO)])
    clock.advance(hours=1)
    save_all(papers[HN], [news("1", (*ONE, "Sửa lại."), "2022-01-05")])
    save_all(papers[QN], [news("1", ONE, "2022-01-06"), news("2", (*ONE, LINE))])
    name = ArticleName(HN, "1", news("1", ONE).url)
    excluded = exclude(sessions, clock, name, "theo yêu cầu")
    done = purge(engine, settings.captures, settings.locks, clock, excluded, lambda url: False)
    assert done.texts == 1, "the first words are those of another paper as well"
    left = state(sessions)
    assert grouped(sessions) == {f"{HN}-2": {f"{HN}-2"}, f"{QN}-2": {f"{QN}-1", f"{QN}-2"}}
    lift(sessions, clock, name)
    assert state(sessions) == left
    check_rebuild(sessions)


@on_sqlite
def test_a_site_that_comes_to_be_known_by_a_name_groups_as_if_it_always_was(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[QN], [news("1", reworded(ONE, 12), "2022-01-06", source_credit="Theo Báo Hòn Gai")])
    save_all(papers[HN], [news("1", ONE, "2022-01-05")])
    assert len(grouped(sessions)) == 2
    name, title, host, province = PRESS[0]
    with sessions.begin() as session:
        register_site(session, SiteRecord(name, title, "f", (host,), province, ("Báo Hòn Gai",)), clock)
    check_rebuild(sessions)


@on_sqlite
def test_nothing_changes_when_the_same_is_saved_again(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[HN], [news("1", (*ONE, LINE)), news("2", ("***",)), news("3", ())])
    before = state(sessions)
    clock.advance(hours=1)
    save_all(papers[HN], [news("1", (*ONE, LINE)), news("2", ("***",)), news("3", ())])
    assert state(sessions) == before
    check_rebuild(sessions)


# -- an older program's fingerprints --------------------------------------------------------------
def test_fingerprints_of_another_algorithm_fail_nothing_and_leave_no_bands(
    papers: dict[str, Site], sessions: Sessions, clock: HandClock
) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05"), news("2", TWO)])
    save_all(papers[QN], [news("1", (*ONE, "***"), "2022-01-06"), news("2", ONE[:3], "2022-01-06")])
    wanted = state(sessions)
    with sessions.begin() as session:
        # The bands of the older program were others, but for the hashes of the cores.
        hashes = select(Fingerprint.core_hash)
        session.execute(update(LshBand).where(LshBand.band.not_in(hashes)).values(band=LshBand.band + 1))
        session.execute(update(Fingerprint).values(algorithm="older"))
    for site, article in (
        (HN, news("1", ONE, "2022-01-05")),
        (QN, news("1", (*ONE, "***"), "2022-01-06")),
        (HN, news("2", TWO)),
        (QN, news("2", ONE[:3], "2022-01-06")),
    ):
        # Another date and the true one again: what did not change is not looked at.
        for now in (replace(article, published=at("2022-01-07")), article):
            clock.advance(hours=1)
            save_all(papers[site], [now])
    assert {one[1] for one in state(sessions)["fingerprints"]} == {ALGORITHM}
    assert state(sessions)["bands"] == wanted["bands"]
    assert state(sessions) == wanted


# -- several at once ------------------------------------------------------------------------------
@on_postgresql
def test_two_that_store_versions_of_one_story_at_once_make_one_group(
    papers: dict[str, Site], sessions: Sessions
) -> None:
    rounds = 15
    start = threading.Barrier(2, timeout=30)

    def store(site: str) -> None:
        for number in range(rounds):
            words = story(1000 + number, 8)
            own = words if number % 3 == 0 else reworded(words, 100, 7 if site == HN else 30)
            start.wait()
            save_all(papers[site], [news(str(number), own)])

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(store, site) for site in (HN, QN)]:
            done.result(60)
    assert sorted(map(sorted, grouped(sessions).values())) == sorted(
        [f"{HN}-{number}", f"{QN}-{number}"] for number in range(rounds)
    )
    check_rebuild(sessions)


@on_postgresql
def test_a_crawl_goes_on_while_groups_are_rebuilt(papers: dict[str, Site], sessions: Sessions) -> None:
    save_all(papers[HN], [news("1", ONE, "2022-01-05")])
    with ThreadPoolExecutor(1) as thread:
        # The crawl holds its site's row, as from the beginning of any transaction of its.
        with papers[HN].store.writing() as session:
            rebuilding = thread.submit(rebuild, sessions)
            while not session.scalar(text("select count(*) from pg_locks where not granted")):
                assert not rebuilding.done(), rebuilding.result()
            site = papers[HN]
            [kept] = site.store.add_captures(session, [site.capture(news("2", ONE).url)])
            article = news("2", ONE[:3], "2022-01-06")
            site.store.save(session, [Read(kept, article, article.url, VERSION)])
        rebuilding.result(60)
    assert grouped(sessions) == {f"{HN}-1": {f"{HN}-1", f"{HN}-2"}}


@on_postgresql
def test_crawls_and_rebuilds_at_once_end_with_the_same_groups(papers: dict[str, Site], sessions: Sessions) -> None:
    stop = threading.Event()

    def crawl(site: str) -> None:
        for number in range(12):
            save_all(papers[site], [news(str(number), reworded(story(number, 8), 100, 7 if site == HN else 30))])

    def again() -> None:
        while not stop.is_set():
            rebuild(sessions)

    with ThreadPoolExecutor(3) as threads:
        rebuilding = threads.submit(again)
        try:
            for done in [threads.submit(crawl, site) for site in (HN, QN)]:
                done.result(60)
        finally:
            stop.set()
        rebuilding.result(60)
    check_rebuild(sessions)
