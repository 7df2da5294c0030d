"""A PostgreSQL of our own: made once in a folder, started as a child, found again after any crash.

One starts it at a time: who holds the lock of the folder may remove what a dead server left.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from services.local import children
from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.unprivileged import Place

OWNER = "voronka"
DATABASE = "voronka"
LOCALES = ("C.UTF-8", "en_US.UTF-8")  # trigrams of Ukrainian words need a UTF-8 LC_CTYPE
ORPHANS_PATIENCE = 10.0  # seconds

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # our statements are short: compiling one takes longer than running it
    "random_page_cost": "1.1",  # as disks are now: by its default small tables are read whole, for each foreign key again
    "logging_collector": "off",
}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "5min",
}


@dataclass(frozen=True)
class Postgres:
    place: Place
    port: int
    password: str
    durable: bool = True

    @property
    def data(self) -> Path:
        """Named after the major version: another one does not read it."""
        return self.place.folder / f"postgres-{self.place.programs.version}"

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """It has no TLS, and a client that would ask first needs not: that is a round trip of every connection."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def at(self, port: int) -> "Postgres":
        return replace(self, port=port)

    def create(self) -> None:
        """Make the cluster, whole or not at all."""
        if self.data.exists():
            return
        half_made = self.data.with_suffix(".new")
        password = self.data.with_suffix(".password")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
            file.write(self.password)
        try:
            self.place.give(half_made)
            self.place.give(password)
            self._initdb(half_made, password)
            half_made.rename(self.data)
        finally:
            password.unlink()
            shutil.rmtree(half_made, ignore_errors=True)

    def _initdb(self, folder: Path, password: Path) -> None:
        said = ""
        for locale in LOCALES:
            command = [str(self.place.programs.initdb), f"--pgdata={folder}", f"--username={OWNER}"]
            command += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}"]
            command += [] if self.durable else ["--no-sync"]
            log = folder.with_suffix(".log")
            process = Recipe("initdb", "initdb", command, environment(), log, Path("/"), user=self.place.user).start()
            try:
                code = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            said = children.tail(log)
            log.unlink()
            if code == 0:
                return
        raise Refusal(f"PostgreSQL could not make its data in {folder.parent}:\n{said}")

    def recipe(self, log: Path) -> Recipe:
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.durable else THROW_AWAY)
        command = [str(self.place.programs.postgres), "-D", str(self.data)]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Recipe(
            "postgres",
            "postgres",
            command,
            environment(),
            log,
            Path("/"),
            port=self.port,
            user=self.place.user,
            last_wish=signal.SIGINT,
            before=self.clean_up,
        )

    def clean_up(self) -> None:
        """End the server that an earlier supervisor left behind, and remove what it left. Call it under the lock."""
        self.place.give(self.data)
        pidfile = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            postmaster = int(pidfile.read_text().splitlines()[0])
            if works_in(postmaster, self.data):
                children.end(postmaster, (signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
        _wait_for_orphans(self.data)
        # PostgreSQL itself would take any process that has got this number for its server.
        pidfile.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Whether it takes connections; our database is there then."""
        try:
            asyncio.run(_make_database(self.url_of("postgres")))
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False
        except asyncpg.InvalidPasswordError:
            raise Refusal(f"The password of {self.data} is not the one that is kept: remove that folder.") from None
        return True


async def _make_database(url: str) -> None:
    conn: asyncpg.Connection = await asyncpg.connect(url, timeout=5)
    try:
        with suppress(asyncpg.DuplicateDatabaseError):
            if not await conn.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
                await conn.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await conn.close()


def environment() -> dict[str, str]:
    """Without the PG* variables of whoever called us."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def works_in(pid: int, data: Path) -> bool:
    """Whether that process is a PostgreSQL of this cluster: it stands in its folder."""
    proc = Path(f"/proc/{pid}")
    if proc.exists():
        with suppress(OSError):
            return (proc / "cwd").resolve() == data.resolve() and "postgres" in (proc / "comm").read_text()
        return False
    said = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return "postgres" in said and str(data) in said


def _wait_for_orphans(data: Path, patience: float = ORPHANS_PATIENCE) -> None:
    """Children of a killed server notice within a second or so that it is gone; it must not start before."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(
        works_in(int(entry.name), data) for entry in Path("/proc").glob("[0-9]*")
    ):
        time.sleep(0.05)
