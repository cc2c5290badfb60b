"""A PostgreSQL server of the tests' own: made in a temporary folder, reached by a socket in it, gone afterwards.

The server's programs must be installed (Debian: ``apt-get install postgresql``); nothing that already
runs on the machine is touched.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psycopg

START_SECONDS = 60.0
STOP_SECONDS = 20.0
USER = "archive"


def programs() -> Path:
    """The folder of `initdb` and `postgres`: on the path, or where Debian puts them, the newest first."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name, reverse=True):
        if (folder / "initdb").exists():
            return folder
    raise RuntimeError(
        "these tests need PostgreSQL's server programs (initdb, postgres); on Debian: apt-get install postgresql"
    )


class PostgreSQL:
    """Context manager: a running server that keeps nothing for long: without fsync, unless it is to be `durable`."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self.programs = programs()
        # Not pytest's folder: the path of a socket may have no more than 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._number = itertools.count(1)

    def __enter__(self) -> PostgreSQL:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its folder."""
        self.halt(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server (by its process id), as an administrator does: open connections are cut."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(how)
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def url(self, database: str) -> str:
        """The archive's URL of a database of this server."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def new_database(self, template: str = "template0", **options: str) -> str:
        """Make a database and give its URL; `options` as CREATE DATABASE takes them."""
        name = f"archive_{next(self._number)}"
        words = "".join(f" {option} '{value}'" for option, value in options.items())
        self.execute(f"create database {name} template {template}{words}")
        return self.url(name)

    def execute(self, statement: str) -> None:
        """Run one statement on the server, outside of any transaction."""
        with psycopg.connect(f"host={self.folder} user={USER} dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def _prefix(self) -> list[str]:
        # Should the tests be killed, the server must not outlive them.
        prefix = ["setpriv", "--pdeathsig", "QUIT"]
        if os.geteuid() == 0:
            # The server refuses to be root; Debian's package has made a user for it.
            user = "postgres" if _is_user("postgres") else "nobody"
            shutil.chown(self.folder, user)
            prefix += [f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups"]
        return prefix

    def _start(self) -> None:
        # A language whose order is not that of the bytes: what depends on it must come to light.
        options = ["--locale-provider", "icu", "--icu-locale", "vi", "--encoding", "UTF8"]
        options += ["--auth", "trust", "--no-sync"]
        done = subprocess.run(
            [*self._prefix(), self.programs / "initdb", *options, "--pgdata", self._cluster, "--username", USER],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        self.launch()

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    def launch(self) -> None:
        """Start the server, for the first time or again after `halt`."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "60",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        log = (self.folder / "server.log").open("wb")
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            [*self._prefix(), self.programs / "postgres", "-D", self._cluster, *given],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        log.close()
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("select 1")
                return
            except psycopg.OperationalError:
                ended = self._server is None or self._server.poll() is not None
                if ended or time.monotonic() > deadline:
                    log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start: {log}") from None
                time.sleep(0.05)


def _is_user(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/passwd").read_text("utf-8").splitlines())


def _group(user: str) -> str:
    return subprocess.run(["id", "-gn", user], capture_output=True, text=True, check=True).stdout.strip()
