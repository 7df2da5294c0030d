"""Redis is gone, or silent, or forgets everything: boards do not notice, and what is to be done is done by the sweeper."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Away

from tests.scenarios.people import newcomer
from tests.scenarios.watching import watching
from tests.scenarios.work import everything_was_done_once, open_place, work
from tests.up import GLANCE, House

PEOPLE, DEALS, REQUESTS = 4, 5, 10
DEADLINE = 20.0  # seconds; a sweeper needs two when it has the processor


async def kills(house: House) -> None:
    """Again and again, whenever it is back."""
    for row in house.up.rows("valkey"):
        with suppress(ProcessLookupError):
            os.kill(row["pid"], signal.SIGKILL)


async def silences(house: House) -> None:
    """It takes connections, and says nothing any more."""
    house.signal("valkey", signal.SIGSTOP)


async def empties(house: House) -> None:
    """Whatever it was told is forgotten at once."""
    with suppress(Away):
        async with Redis.from_url(house.env["REDIS_URL"]) as redis:
            await redis.flushall()


@pytest.mark.parametrize("fault", [kills, silences, empties])
async def test_boards_and_jobs_go_on_without_redis(
    house: House,
    http: httpx.AsyncClient,
    fault: Callable[[House], Awaitable[None]],
) -> None:
    place = await open_place(await newcomer(http, house))
    olena, funnel, cursor = place.person, place.funnel, place.before.cursor

    async with watching(olena.at(1), funnel.id, cursor) as watcher, lasting(fault, house):
        await work(place, PEOPLE, DEALS, REQUESTS)
        began = time.monotonic()
        async with asyncio.timeout(DEADLINE):
            seen = await watcher.has_seen(place.changes)
            await everything_was_done_once(place, [seen])
        print(f"{time.monotonic() - began:.1f} s until the last job was done")

    assert place.changes == PEOPLE * DEALS * 4 + 2 * REQUESTS
    assert watcher.comebacks == 0


@asynccontextmanager
async def lasting(fault: Callable[[House], Awaitable[None]], house: House) -> AsyncIterator[None]:
    """The fault, again and again until the block ends; none is cut off in the middle."""
    over = False

    async def go_on() -> None:
        while not over:
            await fault(house)
            await asyncio.sleep(GLANCE)

    await fault(house)
    going_on = asyncio.create_task(go_on())
    try:
        yield
    finally:
        over = True
        await going_on
        for row in house.up.rows("valkey"):
            os.kill(row["pid"], signal.SIGCONT)
