"""Saving pages together does what saving them one by one does."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import WHOLE_PAGE, Article, Rejection
from archive.database import open_engine, reading, session_factory, upgrade
from archive.digest import logical_digest
from archive.ledger import Ledger
from archive.sites import SiteRecord, register_site
from archive.store import Outcome, Read, Store
from tests.archive.helpers import HandClock, Site, at, found, page

ADDRESSES = tuple(page(key).url for key in "12345")


@dataclass(frozen=True)
class Look:
    """One page fetched: where, where it led, and what was read there by which version."""

    asked: int
    final: int
    result: Article | Rejection
    version: str
    aliases: tuple[str, ...]


def articles() -> st.SearchStrategy[Article]:
    """Articles of few keys, addresses and texts, so that they meet."""
    return st.builds(
        lambda key, url, text, flags, section: page(
            key, text, url=url, flags=flags, section=section, published=at("2022-01-05", "08:00")
        ),
        st.sampled_from("123"),
        st.sampled_from(ADDRESSES),
        st.sampled_from(("Tin một.", "Tin hai.")),
        st.sampled_from(((), (), (WHOLE_PAGE,))),
        st.sampled_from((None, "Thời sự", "Kinh tế")),
    )


LOOKS = st.lists(
    st.builds(
        Look,
        st.integers(0, 4),
        st.integers(0, 4),
        articles()
        | st.sampled_from((Rejection("no-body", "the page has no body"), Rejection("soft-404", "the page says so"))),
        st.sampled_from(("1", "1", "2")),
        st.lists(st.sampled_from(ADDRESSES), max_size=1).map(tuple),
    ),
    min_size=2,
    max_size=8,
)
LISTED = st.lists(st.tuples(st.sampled_from(ADDRESSES), st.sampled_from("123")), max_size=4)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive without anything in it."""
    path = tmp_path_factory.mktemp("empty") / "archive.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def filled(
    path: Path,
    listed: Sequence[tuple[str, str]],
    looks: Sequence[Look],
    save: Callable[[Store, list[Read]], list[Outcome]],
) -> tuple[list[Outcome], object]:
    """What saving gives, and what the archive then holds."""
    engine = open_engine(f"sqlite:///{path}")
    sessions, clock = session_factory(engine), HandClock()
    with sessions.begin() as session:
        site_id = register_site(session, SiteRecord("a", "A", "f", ("baoquangninh.com.vn",), "ha-nam"), clock)
    store, ledger = Store(sessions, site_id, clock), Ledger(sessions, site_id, clock)
    site = Site("a", site_id, ledger, store, clock)
    ledger.see([found(key, url) for url, key in listed])
    reads = []
    for number, look in enumerate(looks):
        fetched = clock.now() + timedelta(minutes=number)
        kept = site.keep(site.capture(ADDRESSES[look.asked], final_url=ADDRESSES[look.final], fetched_at=fetched))
        reads.append(Read(kept, look.result, ADDRESSES[look.asked], look.version, look.aliases))
    outcomes = save(store, reads)
    with reading(sessions) as session:
        digest = logical_digest(session)
    engine.dispose()
    return outcomes, digest


def together(store: Store, reads: list[Read]) -> list[Outcome]:
    with store.writing() as session:
        return store.save(session, reads)


def one_by_one(store: Store, reads: list[Read]) -> list[Outcome]:
    outcomes = []
    for read in reads:
        outcomes += together(store, [read])
    return outcomes


@given(listed=LISTED, looks=LOOKS)
def test_together_is_as_one_by_one(empty: Path, listed: list[tuple[str, str]], looks: list[Look]) -> None:
    results = []
    for name, save in (("together", together), ("alone", one_by_one)):
        path = empty.with_name(f"{name}.sqlite3")
        shutil.copy(empty, path)
        results.append(filled(path, listed, looks, save))
    assert results[0] == results[1]
