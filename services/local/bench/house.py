"""The processes of a measurement: servers of its own, the product as production runs it, and its hand-written limits.

All of it stands in a folder that is thrown away, also when the measurement is broken off.
"""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.local import children, ports, testing
from services.local.bench import machine
from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.paths import ROOT
from services.local.up import API, is_ready
from shared import migrate

PRODUCT, LIMIT = "services.graphql.app:app", "services.local.bench.limit.app:app"
PATIENCE = 60.0  # seconds for a process to be ready
LIQPAY = ("bench", "a-private-key-of-the-bench")  # public and private: what callbacks are signed with
REDIS_DATABASE = "/15"  # where tests of these servers, and their workers, are not
POOL = "16"  # connections, of the product and of its limits alike


@dataclass(frozen=True)
class Server:
    """A process that is measured. `port` is None for a worker."""

    name: str
    pid: int
    port: int | None = None

    @property
    def pids(self) -> list[int]:
        return machine.family(self.pid)


@dataclass
class House:
    """What runs. `postmaster` is PostgreSQL's first process, the parent of all others."""

    database_url: str
    env: dict[str, str]
    folder: Path
    postmaster: int
    cores: machine.Cores
    servers: dict[str, Server] = field(default_factory=dict)
    workers: list[Server] = field(default_factory=list)
    _names: int = 0  # of workers, so far
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def product(self) -> Server:
        return self.servers["product"]

    @property
    def limit(self) -> Server:
        return self.servers["limit"]

    @contextmanager
    def running(self, name: str, command: Sequence[str], port: int | None = None, **env: str) -> Iterator[Server]:
        """A process of ours until the block ends. Raises Refusal when it does not start."""
        log = self.folder / f"{name}.log"
        full = [sys.executable, "-P", "-m", *command]
        process = Recipe("bench", name, full, self.env | env, log, ROOT, port=port).start()
        try:
            deadline = time.monotonic() + PATIENCE
            while port is not None and not is_ready(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Refusal(f"{name} did not start:\n{children.tail(log)}")
                time.sleep(0.02)
            machine.pin(process.pid, self.cores.server if port is not None else self.cores.server | self.cores.others)
            yield Server(name, process.pid, port)
        finally:
            children.stop(process, (SIGTERM, 15.0), (SIGKILL, 5.0))

    @contextmanager
    def web(self, name: str, app: str) -> Iterator[Server]:
        """An ASGI application on uvicorn, started as `./dev up` starts the API."""
        port = ports.choose()
        command = [app if part == PRODUCT else part for part in API]
        with self.running(name, [*command, "--port", str(port)], port) as server:
            self.servers[name] = server
            yield server

    def hire(self, count: int) -> list[Server]:
        """Have exactly so many workers, each with a Celery that takes messages. Those who are there stay.

        They are bound to no processor: two need both.
        """
        if len(self.workers) > count:
            self.dismiss()
        new: list[Server] = []
        while len(self.workers) + len(new) < count:
            self._names += 1
            pidfile = self.folder / f"celery-{self._names}.pid"
            running = self.running(
                f"worker-{self._names}",
                ["services.worker"],
                VORONKA_CELERY_PIDFILE=str(pidfile),
                VORONKA_WORKER_CONCURRENCY="1",
            )
            new.append(self._stack.enter_context(running))
        for worker in new:
            self._wait_for_celery(worker)
        self.workers += new
        return self.workers

    def dismiss(self) -> None:
        """Have no workers, who would do what is measured without them."""
        self._stack.close()
        self.workers = []

    def _wait_for_celery(self, worker: Server) -> None:
        log, deadline = self.folder / f"{worker.name}.log", time.monotonic() + PATIENCE
        while " ready." not in log.read_text():
            if time.monotonic() > deadline:
                raise Refusal(f"{worker.name} did not start:\n{children.tail(log)}")
            time.sleep(0.05)


@contextmanager
def open_house(servers: testing.Servers, cores: machine.Cores) -> Iterator[House]:
    """On those servers an empty database with our schema; the product and its limits."""
    folder = Path(tempfile.mkdtemp(prefix="voronka-bench-"))
    try:
        with _database(servers.database_url) as url:
            house = House(url, _settings(url, servers.redis_url), folder, asyncio.run(_postmaster(url)), cores)
            for pid in machine.family(house.postmaster):
                machine.pin(pid, cores.others)
            machine.pin(os.getpid(), cores.others)
            asyncio.run(migrate.migrate(url))
            with house.web("product", PRODUCT), house.web("limit", LIMIT):
                try:
                    yield house
                finally:
                    house.dismiss()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(database_url: str, redis_url: str) -> dict[str, str]:
    """As in production, with what `./dev` of this person's environment says left out."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VORONKA_")}
    return inherited | {
        "DATABASE_URL": database_url,
        "REDIS_URL": urlunsplit(urlsplit(redis_url)._replace(path=REDIS_DATABASE)),
        "VORONKA_ENV": "production",
        "VORONKA_JWT_SECRET": secrets.token_urlsafe(32),
        "VORONKA_SECRET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "VORONKA_PUBLIC_URL": "https://voronka.invalid",
        "VORONKA_LIQPAY_PUBLIC_KEY": LIQPAY[0],
        "VORONKA_LIQPAY_PRIVATE_KEY": LIQPAY[1],
        "VORONKA_POOL_SIZE": POOL,
        "PYTHONSAFEPATH": "1",
    }


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    name = f"bench_{secrets.token_hex(4)}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with suppress(OSError, asyncpg.PostgresError):  # the server goes anyway, or another test of it does
            asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    conn: asyncpg.Connection = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _postmaster(url: str) -> int:
    conn: asyncpg.Connection = await asyncpg.connect(url)
    try:
        pidfile: str = await conn.fetchval("SELECT pg_read_file('postmaster.pid')")
    finally:
        await conn.close()
    return int(pidfile.splitlines()[0])
