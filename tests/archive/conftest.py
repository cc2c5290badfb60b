"""An empty archive, once on SQLite and once on PostgreSQL, and sites in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from archive.database import Sessions, open_engine, session_factory, upgrade
from archive.ledger import Ledger
from archive.settings import Settings
from archive.sites import SiteRecord, register_site
from archive.store import Store
from tests.archive.helpers import HandClock, Site
from tests.postgresql import Databases, PostgreSQL


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=("sqlite", "postgresql"))
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> Settings:
    """The settings of an archive that is not made yet; what uses them runs on both databases."""
    environ = {"BAOTINH_DATA": str(tmp_path_factory.mktemp("data"))}
    if request.param == "postgresql":
        if "engine" in request.fixturenames:
            databases: Databases = request.getfixturevalue("postgresql_archives")
            environ["BAOTINH_DATABASE_URL"] = databases.take()
        else:
            server: PostgreSQL = request.getfixturevalue("postgresql")
            environ["BAOTINH_DATABASE_URL"] = server.new_database()
    return replace(Settings.from_environment(environ), clock=clock)


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an archive without rows: a copy is made a hundred times as fast as the tables are."""
    file = tmp_path_factory.mktemp("empty") / "archive.sqlite3"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_archives(postgresql: PostgreSQL, empty_postgresql: str) -> Databases:
    """Databases of such archives."""
    return Databases(postgresql, empty_postgresql)


@pytest.fixture
def engine(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.database_url)
    if engine.dialect.name == "sqlite":
        # Hundreds of small transactions: durability is not what these tests are about.
        event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
        settings.data.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(request.getfixturevalue("empty_sqlite"), engine.url.database or "")
    yield engine
    engine.dispose()
    if engine.dialect.name == "postgresql":
        request.getfixturevalue("postgresql_archives").give_back(engine.url.database)


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return session_factory(engine)


@pytest.fixture
def make_site(sessions: Sessions, clock: HandClock) -> Callable[..., Site]:
    def make(name: str = "bao_quang_ninh", province: str = "quang-ninh") -> Site:
        with sessions.begin() as session:
            record = SiteRecord(name, f"Báo {name}", "dataimages", (f"{name}.vn",), province)
            site_id = register_site(session, record, clock)
        return Site(name, site_id, Ledger(sessions, site_id, clock), Store(sessions, site_id, clock), clock)

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not depend on the settings of who runs them."""
    for name in list(os.environ):
        if name.startswith("BAOTINH_"):
            monkeypatch.delenv(name)
