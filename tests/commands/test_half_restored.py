"""Nothing works in a data folder into which a restore was cut short."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archive.backup import BackupError
from archive.database import open_engine, upgrade
from archive.restoring import RESTORING
from commands.database import db_copy, db_upgrade
from crawler.archiving import archiving
from crawler.sites import find_site


class Crawling(SimpleNamespace):
    """A crawl as far as opening its archive looks at it."""

    __hash__ = object.__hash__  # type: ignore[assignment]


def test_upgrade_copy_and_crawl_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAOTINH_DATA", str(tmp_path))
    monkeypatch.delenv("BAOTINH_DATABASE_URL", raising=False)
    here, there = (f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("baotinh", "copy"))
    engine = open_engine(here)
    upgrade(engine)
    engine.dispose()
    (tmp_path / RESTORING).mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    crawler: Any = Crawling(spidercls=find_site("hong_linh"))
    for call in (db_upgrade, lambda: db_copy(here, there), lambda: archiving(crawler)):
        with pytest.raises(
            BackupError, match="or that was cut short: wait for it, or run `baotinh restore FILE` again"
        ):
            call()
        assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
