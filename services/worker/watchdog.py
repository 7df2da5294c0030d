"""Ends a worker that has stopped sweeping while jobs are due; whoever supervises it starts it again.

It runs in a thread with a loop and a connection of its own: what it watches for is that the worker's loop hangs.
"""

import asyncio
import os
import threading
from uuid import UUID

import structlog

from services.worker import heart
from shared.config import Settings
from shared.db import JOB, connect
from shared.errors import Unavailable

LOOK = 5.0  # seconds
SURE = 2  # looks in a row: after an outage of the database the first beat may be on its way
HUNG = 70  # exit code

log = structlog.get_logger()


def start(settings: Settings, worker_id: UUID) -> None:
    threading.Thread(target=lambda: asyncio.run(_watch(settings, worker_id)), name="watchdog", daemon=True).start()


async def _watch(settings: Settings, worker_id: UUID) -> None:
    stale = 0
    async with connect(settings.database_url, size=1, statement_cache=0) as db:
        while stale < SURE:
            await asyncio.sleep(LOOK)
            try:
                async with db.transaction(None, limits=JOB) as tx:
                    stale = stale + 1 if await heart.is_stale(tx, worker_id) else 0
            except Unavailable:
                stale = 0
    log.critical("the worker does not sweep though jobs are due: it ends itself")
    os._exit(HUNG)
