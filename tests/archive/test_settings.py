"""Wrong settings are refused at start with their name, their value and what is allowed."""

import os
from pathlib import Path

import pytest

from archive.clock import Clock
from archive.settings import Settings, SettingsError


def test_defaults_lie_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    assert settings.data == tmp_path / "data"
    assert settings.data.is_dir()
    assert settings.database_url == f"sqlite:///{tmp_path}/data/baotinh.sqlite3"
    assert settings.captures == tmp_path / "data" / "captures"
    assert settings.clock.start is None


@pytest.mark.parametrize(
    ("value", "size"),
    [("", 500 * 2**20), ("0", 0), ("123", 123), ("64k", 2**16), ("300 MB", 300 * 2**20), ("2G", 2**31), ("1T", 2**40)],
)
def test_what_is_kept_free(tmp_path: Path, value: str, size: int) -> None:
    environ = {"BAOTINH_DATA": str(tmp_path), "BAOTINH_KEEP_FREE": value}
    assert Settings.from_environment(environ).keep_free == size


def test_the_folders_that_a_crawl_writes_to(tmp_path: Path) -> None:
    environ = {"BAOTINH_DATA": str(tmp_path / "data")}
    assert set(Settings.from_environment(environ).written) == {tmp_path / "data"}
    elsewhere = environ | {"BAOTINH_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    assert set(Settings.from_environment(elsewhere).written) == {tmp_path / "data", tmp_path}
    server = environ | {"BAOTINH_DATABASE_URL": "postgresql://user@localhost/baotinh"}
    assert Settings.from_environment(server).written == (tmp_path / "data",)


def test_the_clock_is_set(tmp_path: Path) -> None:
    environ = {"BAOTINH_DATA": str(tmp_path), "BAOTINH_NOW": "2022-12-26T06:00:00+07:00"}
    assert Settings.from_environment(environ).clock.now().isoformat() == "2022-12-26T06:00:00+07:00"


@pytest.mark.parametrize("speed", ["0.00001", "0.1", "60", "86400.5", "1000000"])
def test_a_child_process_goes_on_at_the_same_speed(speed: str) -> None:
    clock = Clock.from_environment({"BAOTINH_NOW": f"2022-12-26T06:00:00+07:00 x{speed}"})
    setting = clock.setting()
    assert setting is not None
    assert Clock.from_environment({"BAOTINH_NOW": setting}).speed == clock.speed == float(speed)


def test_postgresql_is_allowed(tmp_path: Path) -> None:
    url = "postgresql+psycopg://user:secret@localhost/baotinh"
    for written in (
        url,
        url.replace("postgresql+psycopg", "postgresql"),
        url.replace("postgresql+psycopg", "postgres"),
    ):
        environ = {"BAOTINH_DATA": str(tmp_path), "BAOTINH_DATABASE_URL": written}
        assert Settings.from_environment(environ).database_url == url


@pytest.mark.parametrize(
    "value",
    ["postgresql+psycopg://user:secret@localhost", "mysql://user:secret@localhost/x", "://user:secret@localhost"],
)
def test_no_message_shows_a_password(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path), "BAOTINH_DATABASE_URL": value})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BAOTINH_NOW", "tomorrow", "give an instant with its offset"),
        ("BAOTINH_NOW", "2022-12-26T06:00:00", "give an instant with its offset"),
        ("BAOTINH_NOW", "0001-01-01T00:00:00+14:00", "between 1900 and 2099"),
        ("BAOTINH_NOW", "9999-12-31T23:59:59-12:00", "between 1900 and 2099"),
        ("BAOTINH_NOW", "2022-12-26T06:00:00+07:00 x1000001", "at most 1000000"),
        ("BAOTINH_NOW", "2022-12-26T06:00:00+07:00 x" + "9" * 400, "at most 1000000"),
        ("BAOTINH_DATA", "~nobody-of-this-name/data", "cannot be made"),
        ("BAOTINH_DATA", "/tmp/" + "a" * 300, "cannot be made"),
        ("BAOTINH_DATA", "/tmp/\udcff", "is not UTF-8"),
        ("BAOTINH_CONTACT", "a\udcff@bao.example", "is not UTF-8"),
        ("BAOTINH_DATABASE_URL", "sqlite:////tmp/\udcff.sqlite3", "is not UTF-8"),
        ("BAOTINH_DATABASE_URL", "sqlite:////tmp/" + "a" * 300 + "/x.sqlite3", "cannot be looked into"),
        ("BAOTINH_DATABASE_URL", "not a url", "is not a database URL"),
        ("BAOTINH_DATABASE_URL", "mysql://localhost/x", "'mysql' is not supported"),
        ("BAOTINH_DATABASE_URL", "postgresql+psycopg2://localhost/x", "'postgresql+psycopg2' is not supported"),
        ("BAOTINH_DATABASE_URL", "postgresql+psycopg://localhost", "names no database"),
        ("BAOTINH_DATABASE_URL", "sqlite://", "lost with the process"),
        ("BAOTINH_DATABASE_URL", "sqlite:///:memory:", "lost with the process"),
        ("BAOTINH_DATABASE_URL", "sqlite:////nowhere/at/all/x.db", "its folder does not exist"),
        ("http_proxy", "127.0.0.1:8080", "give an http or https URL with a host"),
        ("HTTP_PROXY", "socks5://127.0.0.1:8080", "give an http or https URL with a host"),
        ("https_proxy", "http://", "give an http or https URL with a host"),
        ("HTTPS_PROXY", "http://host:port", "give an http or https URL with a host"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "cannot be read"),
        ("SSL_CERT_FILE", "/", "cannot be read"),
        ("BAOTINH_KEEP_FREE", "2X", "give a number of bytes, or of K, M, G or T, such as 2G"),
        ("BAOTINH_KEEP_FREE", "-1", "give a number of bytes"),
        ("BAOTINH_KEEP_FREE", "1.5G", "give a number of bytes"),
        ("BAOTINH_KEEP_FREE", "\u0663G", "give a number of bytes"),
        ("BAOTINH_DATABSE_URL", "x", "did you mean BAOTINH_DATABASE_URL?"),
        ("BAOTINH_ZZZ", "x", "no such setting"),
    ],
)
def test_refused(tmp_path: Path, name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path), name: value})
    assert str(refusal.value).startswith(f"{name}={value!r}") or name == "BAOTINH_DATABASE_URL"
    assert name in str(refusal.value)
    assert says in str(refusal.value)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(
            {"BAOTINH_DATA": str(tmp_path), "BAOTINH_DATABASE_URL": "mysql://me:secret@localhost/x"}
        )
    assert "secret" not in str(refusal.value)


def test_data_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"BAOTINH_DATA=.*is not a folder"):
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path / "file")})


def test_data_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"BAOTINH_DATA=.*cannot be made"):
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path / "file" / "below")})


def test_data_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    if os.geteuid() == 0:  # permission bits do not stop root

        def refuse(**_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("archive.settings.tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(SettingsError, match=r"BAOTINH_DATA=.*cannot be written to \(Permission denied\)"):
        Settings.from_environment({"BAOTINH_DATA": str(tmp_path)})
