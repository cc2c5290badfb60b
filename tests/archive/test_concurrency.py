"""Several processes at once: what one stores while another is storing the same."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from archive.database import ArchiveError, Sessions, open_engine, reading, session_factory, upgrade
from archive.ledger import Ledger
from archive.models import Extraction, SiteHost, SiteProvince, StoredText
from archive.models import Site as SiteRow
from archive.sites import SiteRecord, register_site, rename_site
from archive.store import Store
from tests.archive.helpers import START, HandClock, Site, page
from tests.postgresql import PostgreSQL

SLOW = """
create function pause(words text) returns text immutable language plpgsql as $$
begin
  if current_setting('application_name') = 'slow' then
    perform pg_advisory_xact_lock(1);
  end if;
  return words;
end $$;
alter table text drop constraint uq_text_sha256, drop constraint uq_text_text_id;
create index on text (pause(body));
alter table text add constraint uq_text_sha256 unique (sha256), add constraint uq_text_text_id unique (text_id);
"""
"""Lets sessions named "slow" wait between looking whether a text is there and writing down its keys."""


@contextmanager
def held(url: str) -> Iterator[Callable[[], None]]:
    """Hold the lock that slow sessions wait for until the block ends; what is given awaits one of them."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(1)")

        def someone_waits() -> None:
            deadline = time.monotonic() + 30
            while not connection.execute("select 1 from pg_locks where not granted").fetchone():
                assert time.monotonic() < deadline, "nobody came to wait"
                time.sleep(0.01)

        yield someone_waits


def test_words_that_another_site_stores_between_look_and_insert_are_shared(postgresql: PostgreSQL) -> None:
    url, clock = postgresql.new_database(), HandClock()
    quick, slow = open_engine(url), open_engine(f"{url}&application_name=slow")
    upgrade(quick)
    with quick.begin() as connection:
        connection.exec_driver_sql(SLOW)
    sites = {}
    for name, sessions in (("quick", session_factory(quick)), ("slow", session_factory(slow))):
        with sessions.begin() as session:
            site_id = register_site(session, SiteRecord(name, name, "f", (f"{name}.vn",), "ha-nam"), clock)
        sites[name] = Site(name, site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)
    with ThreadPoolExecutor(1) as thread:
        with held(url) as someone_waits:
            storing = thread.submit(sites["slow"].save, page("1", "Bản tin chung."))
            someone_waits()
            sites["quick"].save(page("2", "Bản tin chung."))
        storing.result(30)
    with reading(session_factory(quick)) as session:
        assert session.scalar(select(func.count(StoredText.id))) == 1
        assert session.scalar(select(func.count(Extraction.text_id))) == 2


def test_machines_that_register_one_site_at_once_agree(sessions: Sessions, clock: HandClock) -> None:
    start = threading.Barrier(4)

    def register(host: str) -> set[int]:
        keys = set()
        for name, province in (("moi", "ha-nam"), ("moi", "quang-ninh"), ("cu", "ha-nam")):
            start.wait(30)
            with sessions.begin() as session:
                keys.add(register_site(session, SiteRecord(name, name, "f", ("chung.vn", host), province), clock))
        return keys

    with ThreadPoolExecutor(4) as threads:
        keys = list(threads.map(register, ("a.vn", "b.vn", "c.vn", "d.vn")))
    assert keys[0] == keys[1] == keys[2] == keys[3]
    with reading(sessions) as session:
        assert session.scalar(select(func.count(SiteHost.id))) == 2 * 5
        assert session.scalar(select(func.count(SiteProvince.id))) == 2 * 2 + 2


def test_site_that_is_being_renamed_is_not_registered_again_under_its_former_id(postgresql: PostgreSQL) -> None:
    url, clock = postgresql.new_database(), HandClock()
    engine = open_engine(url)
    upgrade(engine)
    sessions, record = session_factory(engine), SiteRecord("cu", "Cũ", "f", ("cu.vn",), "ha-nam")

    def register() -> None:
        with sessions.begin() as session:
            register_site(session, record, clock)

    register()
    with ThreadPoolExecutor(1) as thread, held(url) as someone_waits:
        with sessions.begin() as session:
            assert rename_site(session, "cu", "moi", clock)
            registering = thread.submit(register)
            someone_waits()
        with pytest.raises(ValueError, match="cu: this archive has renamed the site to moi"):
            registering.result(30)
    with reading(sessions) as session:
        assert session.scalars(select(SiteRow.name)).all() == ["moi"]


def test_another_text_with_the_same_id_is_never_taken_for_this_one(site: Site, sessions: Sessions) -> None:
    sha256 = hashlib.sha256("Một bài.".encode()).hexdigest()
    other = StoredText(text_id=sha256[:16], sha256="0" * 64, body="Bài khác.", syllables=2, created_at=START)
    with sessions.begin() as session:
        session.add(other)
    with pytest.raises(ArchiveError, match=f"/bai-1: its text cannot be kept: its id {sha256[:16]} is that of another"):
        site.save(page("1", "Một bài."))
    with reading(sessions) as session:
        assert session.execute(text("select count(*) from article")).scalar_one() == 0
