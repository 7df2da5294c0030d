"""Hears what other processes say: one connection that listens, and is known to be alive."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from shared.db import FAILURES
from shared.hints import CHANNELS, Hint, decode

PULSE = 3.0  # seconds between looks at whether the connection lives
PATIENCE = 2.0
PAUSE = 0.5  # before a new connection

log = structlog.get_logger()


async def listen(dsn: str, hear: Callable[[Hint], None], missed: Callable[[], None]) -> None:
    """For ever. `dsn` leads straight to the server: a pooler would not keep LISTEN.

    `missed` is called after each new connection: what was said in between is lost.
    """
    while True:
        try:
            await _listen(dsn, hear, missed)
        except FAILURES as failure:
            log.warning("not listening", error=str(failure) or type(failure).__name__)
        except Exception:  # whatever it is: who does not listen any more would hear of changes late
            log.exception("not listening")
        await asyncio.sleep(PAUSE)


async def _listen(dsn: str, hear: Callable[[Hint], None], missed: Callable[[], None]) -> None:
    conn = await asyncpg.connect(dsn, timeout=PATIENCE, command_timeout=PATIENCE, statement_cache_size=0)
    try:

        def on_note(_conn: object, _pid: int, channel: str, note: object) -> None:
            for hint in decode(channel, str(note)):
                hear(hint)

        for channel in CHANNELS:
            await conn.add_listener(channel, on_note)
        missed()
        while True:
            await asyncio.sleep(PULSE)
            await conn.execute("SELECT 1")
    finally:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            conn.terminate()
