"""The sweeper: whatever is due and was not brought by a message is found here, at most a second or two late.

It hands ids to Celery. What Celery cannot be told, or was told and did not take, the sweeper does itself.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog

from services.worker import heart
from shared import jobs, payments
from shared.db import JOB, Database
from shared.errors import Unavailable
from shared.hints import JOBS_A_MESSAGE, JobSender
from shared.jobs import Kind

BATCH = 50
AT_ONCE = 3  # batches of jobs that the sweeper itself does
OWN_BATCH = 10
GLANCE = 0.25  # seconds between looks
BEAT = 2.0  # seconds
TIDY = 60.0  # seconds
SILENCE = 1.0  # seconds in which Redis, which did not answer, is not asked again
TOLD = 30.0  # seconds for which we remember what Celery was told

log = structlog.get_logger()


class Sweeper:
    def __init__(self, db: Database, sender: JobSender, kinds: Mapping[str, Kind], worker_id: UUID) -> None:
        self._db = db
        self._sender = sender
        self._kinds = kinds
        self._worker_id = worker_id
        self._told: dict[UUID, float] = {}
        self._own: deque[UUID] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._redis_silent_until = 0.0
        self._beaten = self._tidied = float("-inf")

    async def run(self) -> None:
        """For ever. While the database is away it looks once a second. Cancelled, what runs is left to `finish`."""
        away = False
        while True:
            try:
                full = await self._round()
                away = False
            except Unavailable:
                if not away:
                    log.warning("the database is away: the sweeper waits for it")
                away = True
                await asyncio.sleep(1)
                continue
            if self._running and len(self._running) >= AT_ONCE:
                await asyncio.wait(self._running, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            elif not full:
                await asyncio.sleep(GLANCE)

    async def finish(self, seconds: float) -> None:
        """End what the sweeper itself has begun."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def _round(self) -> bool:
        """One look. Whether there may be more to find at once."""
        await self._beat()
        self._start_own()
        if self._own:
            return False
        async with self._db.transaction(None, limits=JOB) as tx:
            due = await jobs.sweep(tx, BATCH)
        await self._hand_on(due)
        self._start_own()
        return len(due) == BATCH

    async def _hand_on(self, due: Sequence[UUID]) -> None:
        now = time.monotonic()
        self._told = {id: at for id, at in self._told.items() if now - at < TOLD}
        unknown = [id for id in due if id not in self._told]
        for id in due:
            if self._told.pop(id, None) is not None:
                self._own.append(id)
        for start in range(0, len(unknown), JOBS_A_MESSAGE):
            some = unknown[start : start + JOBS_A_MESSAGE]
            if await self._tell_celery(some):
                self._told |= dict.fromkeys(some, now)
            else:
                self._own.extend(some)

    async def _tell_celery(self, job_ids: Sequence[UUID]) -> bool:
        if time.monotonic() < self._redis_silent_until:
            return False
        told = await asyncio.to_thread(self._sender.send, job_ids)
        if not told:
            self._redis_silent_until = time.monotonic() + SILENCE
        return told

    def _start_own(self) -> None:
        while self._own and len(self._running) < AT_ONCE:
            some = [self._own.popleft() for _ in range(min(len(self._own), OWN_BATCH))]
            task = asyncio.create_task(self._perform(some))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _perform(self, job_ids: Sequence[UUID]) -> None:
        try:
            await jobs.perform_all(self._db, self._kinds, job_ids)
        except Unavailable:
            log.warning("jobs not begun: the database is away", jobs=len(job_ids))
        except Exception:  # one job's bug must not end the sweep of all others
            log.exception("jobs broke their worker", jobs=[str(id) for id in job_ids])

    async def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= BEAT:
            async with self._db.transaction(None, limits=JOB) as tx:
                await heart.beat(tx, self._worker_id)
            self._beaten = now
        if now - self._tidied >= TIDY:
            async with self._db.transaction(None, limits=JOB) as tx:
                await jobs.forget_done(tx)
                await payments.forget_old(tx)
                await heart.forget_dead(tx)
            self._tidied = now
