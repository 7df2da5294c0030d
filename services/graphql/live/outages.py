"""Outages of the database, as whoever stays connected meets them: something to wait for, up to a limit."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from shared.errors import Unavailable

LONGEST = 15.0  # seconds for which an event waits for the database, before the client is sent to try later
PAUSE = 0.3

T = TypeVar("T")


async def outlast(read: Callable[[], Awaitable[T]]) -> T:
    """What is read, once it can be. Raises Unavailable when the outage is a long one."""
    patience = monotonic() + LONGEST
    while True:
        try:
            return await read()
        except Unavailable:
            if monotonic() > patience:
                raise
        await asyncio.sleep(PAUSE)
