"""`python -m services.worker`: sweeps for jobs, and keeps Celery as its child. SIGTERM drains both."""

import asyncio
import signal
from contextlib import suppress
from uuid import uuid4

import structlog

from services.worker import heart, watchdog
from services.worker.child import CeleryChild
from services.worker.kinds import KINDS
from services.worker.loop import new_loop
from services.worker.sweep import AT_ONCE, Sweeper
from shared import logs
from shared.config import Settings, settings
from shared.db import connect
from shared.errors import Unavailable
from shared.hints import Hints

POOL = 2 * AT_ONCE + 2  # a job and its lease's renewal each, the sweep, the beat
FAREWELL = 10.0  # seconds for what the sweeper itself does

log = structlog.get_logger()


async def work(settings: Settings) -> None:
    """Until somebody wants us to end."""
    worker_id, hints = uuid4(), Hints(settings.direct_url, settings.redis_url)
    celery = CeleryChild(settings.voronka_celery_pidfile)
    wanted = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, wanted.set)
    watchdog.start(settings, worker_id)
    async with (
        hints.running(),
        connect(
            settings.database_url, size=POOL, statement_cache=settings.voronka_statement_cache, deliver=hints.deliver
        ) as db,
    ):
        sweeper = Sweeper(db, hints.jobs, KINDS, worker_id)
        duties = [asyncio.create_task(sweeper.run()), asyncio.create_task(celery.keep())]
        ending = asyncio.create_task(wanted.wait())
        try:
            await asyncio.wait([*duties, ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for duty in duties:
                duty.cancel()
            results = await asyncio.gather(*duties, return_exceptions=True)
            ending.cancel()
            await asyncio.gather(celery.end(), sweeper.finish(FAREWELL))
            with suppress(Unavailable):
                async with db.transaction(None) as tx:
                    await heart.stop(tx, worker_id)
        failures = [one for one in results if not isinstance(one, asyncio.CancelledError)]
        if failures:
            raise RuntimeError("A duty of the worker came to an end.") from failures[0]
    log.info("worker ended in order")


def main() -> None:
    logs.configure(settings())
    log.info("worker begins", concurrency=settings().voronka_worker_concurrency)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work(settings()))


if __name__ == "__main__":
    main()
