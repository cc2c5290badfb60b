"""What the environment says: where the data lives, which database, what time it is.

Everything is checked once, at start, so that a wrong value is a message and not a crash at night.
"""

import difflib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from archive import clock as clock_module
from archive.clock import Clock

DATA = "BAOTINH_DATA"
DATABASE_URL = "BAOTINH_DATABASE_URL"
CONTACT = "BAOTINH_CONTACT"
KEEP_FREE = "BAOTINH_KEEP_FREE"
NOTIFY = "BAOTINH_NOTIFY"
VARIABLES = (DATA, DATABASE_URL, CONTACT, KEEP_FREE, NOTIFY, clock_module.VARIABLE)
"""Every variable of our own; any other name with our prefix is refused as a slip of the pen."""

DEFAULT_KEEP_FREE = "500M"
"""Room for what is under way when a crawl stops, and for a database to put its house in order."""

_PREFIX = "BAOTINH_"
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_DRIVERS = ("sqlite", "postgresql+psycopg")
_PLAIN_POSTGRESQL = ("postgresql", "postgres")
"""How other tools write a PostgreSQL URL; we name the driver, since it is the one that is tested."""

_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


class SettingsError(ValueError):
    """A setting is wrong; the message has its name, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process: data folder (absolute), database URL, clock, and whom sites may write to.

    `contact` is a mail address or a web page for the user agent; empty if none is given. `keep_free` is how many bytes
    a crawl leaves free on the disks it writes to. `notify` are the addresses, as Apprise has them, that are told of
    nights; they may hold passwords and are never shown.
    """

    data: Path
    database_url: str
    clock: Clock
    contact: str = ""
    keep_free: int = 0
    notify: tuple[str, ...] = field(default=(), repr=False)

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders that a crawl writes to: of the captures, and of the database if that is a file."""
        url = make_url(self.database_url)
        return (
            (self.data, Path(url.database).absolute().parent)
            if url.drivername == "sqlite" and url.database
            else (self.data,)
        )

    @property
    def captures(self) -> Path:
        """The folder of the WARC files."""
        return self.data / "captures"

    @property
    def logs(self) -> Path:
        """The folder of the run logs."""
        return self.data / "logs"

    @property
    def backups(self) -> Path:
        """The folder of what the database was before it was upgraded."""
        return self.data / "backups"

    @property
    def locks(self) -> Path:
        """The folder of lock files."""
        return self.data / "locks"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the settings; creates the data folder.

        An empty value counts as not set. Raises SettingsError.
        """
        for name in sorted(environ):
            if name.startswith(_PREFIX) and name not in VARIABLES:
                near = difflib.get_close_matches(name, VARIABLES, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                # Of a slip of the pen for one that holds passwords, the value is none to be shown.
                shown = f"{name}=..." if near == [NOTIFY] else f"{name}={environ[name]!r}"
                raise SettingsError(f"{shown}: no such setting; {hint}Allowed: {', '.join(VARIABLES)}")
        for name in (*VARIABLES, *_PROXIES, "SSL_CERT_FILE"):
            _check_encoding(name, environ.get(name, ""))
        for name in _PROXIES:
            _check_proxy(name, environ.get(name, ""))
        _check_certificates("SSL_CERT_FILE", environ.get("SSL_CERT_FILE", ""))
        try:
            clock = Clock.from_environment(dict(environ))
        except ValueError as error:
            raise SettingsError(str(error)) from error
        data = _data_folder(environ.get(DATA, "").strip() or "./data")
        default = URL.create("sqlite", database=str(data / "baotinh.sqlite3")).render_as_string(False)
        url = database_url(environ.get(DATABASE_URL, "").strip() or default)
        return cls(data, url, clock, _contact(environ), _keep_free(environ), _notify(environ))


def _data_folder(value: str) -> Path:
    allowed = "give a folder that exists or can be made, and that this user may write to"
    try:
        folder = Path(value).expanduser().absolute()
        if folder.exists() and not folder.is_dir():
            raise SettingsError(f"{DATA}={value!r}: is not a folder; {allowed}")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{DATA}={value!r}: cannot be made ({error.strerror}); {allowed}") from error
    except RuntimeError as error:  # "~name" where nobody has this name
        raise SettingsError(f"{DATA}={value!r}: cannot be made ({error}); {allowed}") from error
    try:
        # Permission bits say nothing of read-only mounts or full disks: only writing tells.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-") as probe:
            probe.write(b"x")
            probe.flush()
    except OSError as error:
        raise SettingsError(f"{DATA}={value!r}: cannot be written to ({error.strerror}); {allowed}") from error
    return folder


def database_url(value: str, name: str = DATABASE_URL) -> str:
    """Check the URL of an archive's database and give it with its driver; `name` is what messages call it.

    Raises SettingsError; a password is never shown.
    """
    allowed = "give sqlite:////absolute/path.sqlite3 or postgresql+psycopg://user@host/database"
    _check_encoding(name, value)
    try:
        url = make_url(value)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(f"{name}={_without_password(value)!r}: is not a database URL; {allowed}") from error
    if url.drivername in _PLAIN_POSTGRESQL:
        url = url.set(drivername="postgresql+psycopg")
    shown = url.render_as_string(hide_password=True)
    if url.drivername not in _DRIVERS:
        raise SettingsError(f"{name}={shown!r}: {url.drivername!r} is not supported; {allowed}")
    if url.drivername == "sqlite":
        if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
            raise SettingsError(f"{name}={shown!r}: a database in memory would be lost with the process; {allowed}")
        try:
            there = Path(url.database).absolute().parent.is_dir()
        except OSError as error:
            raise SettingsError(
                f"{name}={shown!r}: its folder cannot be looked into ({error.strerror}); {allowed}"
            ) from error
        if not there:
            raise SettingsError(f"{name}={shown!r}: its folder does not exist; make it first, or {allowed}")
    elif not url.database:
        raise SettingsError(f"{name}={shown!r}: names no database; {allowed}")
    return url.render_as_string(hide_password=False)


def _check_encoding(name: str, value: str) -> None:
    """Refuse bytes that are no text: no file and no server could be named by them."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        shown = f"{name}=..." if name == NOTIFY else f"{name}={_without_password(value)!r}"
        raise SettingsError(f"{shown}: is not UTF-8; write it in a terminal set to UTF-8") from error


def _without_password(value: str) -> str:
    """A URL that cannot be read, without what may be its password."""
    return re.sub(r"//[^@/]*@", "//***@", value)


def _contact(environ: Mapping[str, str]) -> str:
    value = environ.get(CONTACT, "").strip()
    if value and not re.fullmatch(r"[^\s@()]+@[^\s@()]+\.[^\s@()]+|https?://[^\s()]+", value):
        raise SettingsError(f"{CONTACT}={value!r}: give a mail address or a web page that sites can write to")
    return value


def _keep_free(environ: Mapping[str, str]) -> int:
    value = environ.get(KEEP_FREE, "").strip()
    match = re.fullmatch(r"(\d{1,12})\s*([KMGT]?)B?", value or DEFAULT_KEEP_FREE, re.ASCII | re.IGNORECASE)
    if not match:
        raise SettingsError(f"{KEEP_FREE}={value!r}: give a number of bytes, or of K, M, G or T, such as 2G")
    return int(match[1]) * _UNITS[match[2].upper()]


def _notify(environ: Mapping[str, str]) -> tuple[str, ...]:
    addresses = tuple(environ.get(NOTIFY, "").split())
    for number, address in enumerate(addresses, 1):
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/]", address):
            raise SettingsError(
                f"{NOTIFY}: address {number} of {len(addresses)} is none; give addresses of Apprise divided by spaces, "
                "such as mailto://user:password@example.org or tgram://token/chat"
            )
    return addresses


def _check_proxy(name: str, value: str) -> None:
    if not value:
        return
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"{name}={value!r}: give an http or https URL with a host, such as http://127.0.0.1:8080")


def _check_certificates(name: str, value: str) -> None:
    if not value:
        return
    try:
        with Path(value).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise SettingsError(
            f"{name}={value!r}: cannot be read ({error.strerror}); give a PEM file of certificate authorities"
        ) from error
