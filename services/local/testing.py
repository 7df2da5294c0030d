"""Servers for tests: thrown away afterwards, quick for they never wait for the disk.

`./dev test` starts one pair for all processes of pytest and says where by the environment; a plain `pytest` starts
its own pair.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from signal import SIGINT, SIGKILL, SIGQUIT, SIGTERM

from services.local import binaries, checks, children, explorer, node, ports, unprivileged
from services.local.children import Recipe
from services.local.errors import Refusal
from services.local.paths import ROOT
from services.local.postgres import Postgres
from services.local.valkey import Valkey

DATABASE = "VORONKA_TEST_DATABASE_URL"
REDIS = "VORONKA_TEST_REDIS_URL"
PATIENCE = 60.0  # seconds
CLIENTS = ROOT / "tests" / "clients"  # in JavaScript


@dataclass(frozen=True)
class Servers:
    """`database_url` is a superuser's, of a database that holds nothing: make your own beside it."""

    database_url: str
    redis_url: str


@contextmanager
def servers(*, durable: bool = False) -> Iterator[Servers]:
    """Those that the environment names, or new ones until the block ends. `durable`: new ones that wait for the disk."""
    database, redis = (None, None) if durable else (os.environ.get(DATABASE), os.environ.get(REDIS))
    if database and redis:
        yield Servers(database, redis)
        return
    folder = Path(tempfile.mkdtemp(prefix="voronka-test-"))
    try:
        with _postgres(folder, durable) as made_database, _valkey(folder, durable) as made_redis:
            yield Servers(database or made_database, redis or made_redis)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgres(folder: Path, durable: bool) -> Iterator[str]:
    name = folder.name
    place = unprivileged.find_place(binaries.postgres(), folder, name)
    postgres = Postgres(place, ports.choose(), token_hex(16), durable=durable)
    try:
        postgres.create()
        with _running(postgres.recipe(folder / "postgres.log"), postgres.answers, SIGINT, SIGQUIT):
            yield postgres.url
    finally:
        if place.folder != folder:
            shutil.rmtree(place.folder, ignore_errors=True)


@contextmanager
def _valkey(folder: Path, durable: bool) -> Iterator[str]:
    valkey = Valkey(binaries.valkey(), folder / "valkey", ports.choose(), token_hex(16), durable=durable)
    valkey.configure()
    with _running(valkey.recipe(folder / "valkey.log"), valkey.answers, SIGTERM):
        yield valkey.url


@contextmanager
def _running(recipe: Recipe, answers: Callable[[], bool], *farewell: int) -> Iterator[None]:
    process = recipe.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Refusal(f"{recipe.name} did not start:\n{children.tail(recipe.log)}")
            time.sleep(0.02)
        yield
    finally:
        children.stop(process, *((number, 10.0) for number in (*farewell, SIGKILL)))


def test(arguments: Sequence[str]) -> int:
    """The checks, then pytest, whose closing line is the last thing said. The exit code."""
    with _fetching():
        return _tested(arguments) if checks.check() else 1


@contextmanager
def _fetching() -> Iterator[None]:
    """What tests need of npm's packages comes meanwhile. Whoever needs it asks once more, and says why it has not come."""
    with ThreadPoolExecutor() as fetching:
        fetching.submit(explorer.build)
        fetching.submit(node.install, CLIENTS)
        yield


def _tested(arguments: Sequence[str]) -> int:
    with servers() as started:
        env = os.environ | {DATABASE: started.database_url, REDIS: started.redis_url}
        # By neighbours, so that what a file or a folder shares is made once, and not by each process.
        spread = ["-n", "auto", "--dist", "worksteal"]
        command = [sys.executable, "-P", "-m", "pytest", *spread, *arguments]
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
