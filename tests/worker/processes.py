"""Workers as real processes, for tests that look at them from outside."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from services.local import children
from services.local.paths import ROOT

PATIENCE = 40.0  # seconds
GLANCE = 0.02


@dataclass(frozen=True)
class Worker:
    process: subprocess.Popen[bytes]
    pidfile: Path
    log: Path

    @property
    def celery(self) -> int | None:
        """The pid of its Celery."""
        with suppress(FileNotFoundError, ValueError):
            return int(self.pidfile.read_text())
        return None

    @property
    def said(self) -> str:
        return self.log.read_text()

    async def ended(self) -> int:
        """Its exit code."""
        await until(lambda: self.process.poll() is not None, "the worker's end")
        return self.process.returncode

    async def listens(self) -> None:
        """Until its Celery takes messages."""
        await until(lambda: " ready." in self.said, "Celery")


@asynccontextmanager
async def worker(
    folder: Path, dsn: str, redis_url: str, name: str = "worker", **settings: str
) -> AsyncIterator[Worker]:
    """A worker that is killed with all its processes at the end, if it has not ended by then."""
    log, pidfile = folder / f"{name}.log", folder / f"{name}.pid"
    env = os.environ | {
        "DATABASE_URL": dsn,
        "REDIS_URL": redis_url,
        "VORONKA_ENV": "test",
        "VORONKA_CELERY_PIDFILE": str(pidfile),
        "VORONKA_WORKER_CONCURRENCY": "1",
    }
    env |= settings
    command = [sys.executable, "-P", "-m", "services.worker"]
    with log.open("wb") as said:
        process = await asyncio.to_thread(
            subprocess.Popen, command, cwd=ROOT, env=env, stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield Worker(process, pidfile, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)


async def until(come: Callable[[], bool], what: str) -> None:
    async def look() -> bool:
        return come()

    await eventually(look, what)


async def eventually(come: Callable[[], Awaitable[bool]], what: str) -> None:
    """Look until it has come. Fails when it does not come in a long time."""
    async with asyncio.timeout(PATIENCE):
        while not await come():  # noqa: ASYNC110  # another process's doing sets no event of ours
            await asyncio.sleep(GLANCE)


def is_alive(pid: int) -> bool:
    return children.is_alive(pid)
