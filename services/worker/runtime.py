"""What a process of Celery works with: one event loop, in a thread of its own, and one pool of connections.

Both are made when the first job comes. Made earlier, in the parent of a fork, they would be shared by all children.
"""

import asyncio
import sys
import threading
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar
from uuid import UUID

import structlog
from celery import signals

from services.worker.kinds import KINDS
from shared import jobs
from shared.config import Settings, settings
from shared.db import Database, connect
from shared.errors import Unavailable
from shared.hints import Hints

AT_ONCE = 3  # of jobs that were brought together: while one waits for the disk, others work
POOL = AT_ONCE + 2  # their connections, one that renews their leases, one that ends
GOODBYE = 2.0  # seconds

if sys.platform == "win32":
    new_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop as new_loop

T = TypeVar("T")
log = structlog.get_logger()


class Runtime:
    """A loop that goes on between jobs, so that what they say after commit gets out."""

    def __init__(self, settings: Settings) -> None:
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="jobs", daemon=True)
        self._thread.start()
        self._open = AsyncExitStack()
        self.db = self.run(self._connect(settings))

    def run(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Wait for work on the loop. Raises TimeoutError after so many seconds."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def close(self) -> None:
        with suppress(TimeoutError):
            self.run(self._open.aclose(), GOODBYE)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _connect(self, settings: Settings) -> Database:
        hints = Hints(settings.direct_url, settings.redis_url)
        await self._open.enter_async_context(hints.running())
        return await self._open.enter_async_context(
            connect(
                settings.database_url,
                size=POOL,
                statement_cache=settings.voronka_statement_cache,
                deliver=hints.deliver,
            )
        )


_runtime: Runtime | None = None


def do(job_ids: Sequence[UUID]) -> None:
    """Do what of the jobs is still to be done. What cannot be done now is swept for."""
    global _runtime
    if _runtime is None:
        _runtime = Runtime(settings())
    try:
        _runtime.run(jobs.perform_all(_runtime.db, KINDS, job_ids, AT_ONCE))
    except Unavailable:
        log.warning("jobs left to the sweeper: the database is away", jobs=len(job_ids))


def close(**_: Any) -> None:
    global _runtime
    if _runtime is not None:
        _runtime.close()
        _runtime = None


signals.worker_process_shutdown.connect(close, weak=False)
