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
from psycopg.rows import TupleRow
from sqlalchemy import make_url

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
        with self.connect("postgres") as connection:
            connection.execute(statement)

    def connect(self, database: str) -> psycopg.Connection[TupleRow]:
        """A connection as the owner of a database, each of its statements committed at once."""
        return psycopg.connect(f"host={self.folder} user={USER} dbname={database}", autocommit=True)

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


_CLEAN = """
do $$
declare
  name text;
  filled boolean;
begin
  perform pg_terminate_backend(pid, 10000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend';
  for name in
    select oid::regclass from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
  loop
    execute 'select exists (select from ' || name || ')' into filled;
    if filled then
      execute 'truncate ' || name || ' cascade';
    end if;
  end loop;
  perform setval(oid::regclass, 1, false) from pg_class
    where relkind = 'S' and relnamespace = 'public'::regnamespace;
end $$
"""
"""Cuts off who is still connected, takes all rows out, and lets every key begin at 1 again."""

_SCHEMA = """
select md5(row(
  (select array_agg(version_num order by 1) from alembic_version),
  (select array_agg((oid, relname) order by oid) from pg_class where relnamespace = 'public'::regnamespace),
  (select array_agg((attrelid, attnum, attname, atttypid, attnotnull, atthasdef) order by attrelid, attnum)
    from pg_attribute join pg_class on pg_class.oid = attrelid where relnamespace = 'public'::regnamespace),
  (select array_agg((oid, conname) order by oid) from pg_constraint),
  (select array_agg((oid, proname) order by oid) from pg_proc where pronamespace = 'public'::regnamespace),
  (select array_agg((oid, tgname) order by oid) from pg_trigger where not tgisinternal)
)::text)
"""
"""All that a test may have changed about the tables; what was made anew has another number, too."""


class Databases:
    """Databases like `template`, each lent to one test at a time.

    To make a database takes PostgreSQL ten times as long as to empty a used one. One whose tables are no longer those
    that they were is not lent again.
    """

    def __init__(self, server: PostgreSQL, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        self._lent: dict[str, str] = {}
        self._schemas: dict[str, object] = {}

    def take(self) -> str:
        """The URL of a database that is as the template is."""
        url = self._free.pop() if self._free else self._server.new_database(self._template)
        name = make_url(url).database or ""
        self._lent[name] = url
        if name not in self._schemas:
            with self._server.connect(name) as connection:
                self._schemas[name] = connection.execute(_SCHEMA).fetchone()
        return url

    def give_back(self, name: str) -> None:
        """The test is done with the database of this name."""
        with self._server.connect(name) as connection:
            if connection.execute(_SCHEMA).fetchone() == self._schemas[name]:
                connection.execute(_CLEAN)
                self._free.append(self._lent.pop(name))


def _is_user(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/passwd").read_text("utf-8").splitlines())


def _group(user: str) -> str:
    return subprocess.run(["id", "-gn", user], capture_output=True, text=True, check=True).stdout.strip()
