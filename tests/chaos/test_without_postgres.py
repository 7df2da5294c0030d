"""PostgreSQL stops at once, and is started again: the service recovers by itself, and whoever watches loses nothing."""

import asyncio
import signal
import time

import httpx
import pytest

from tests.scenarios.people import newcomer
from tests.scenarios.watching import watching
from tests.scenarios.work import everything_was_done_once, make_deal, open_place, work
from tests.up import House

PEOPLE, DEALS, REQUESTS = 4, 12, 2  # calls and forms come early: a job in the middle of work would wait for its lease
DEADLINE = 15.0  # seconds; with the processor to itself it takes less than half of that


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL])
async def test_the_service_recovers_by_itself(
    house: House,
    http: httpx.AsyncClient,
    number: signal.Signals,
) -> None:
    place = await open_place(await newcomer(http, house))
    olena, funnel, cursor = place.person, place.funnel, place.before.cursor

    async with watching(olena.at(0), funnel.id, cursor) as one, watching(olena.at(1), funnel.id, cursor) as other:
        working = asyncio.create_task(work(place, PEOPLE, DEALS, REQUESTS))
        await one.has_seen(60)
        killed = house.signal("postgres", number)
        began = time.monotonic()
        async with asyncio.timeout(DEADLINE):
            await asyncio.to_thread(house.get_over, killed)
            print(f"{time.monotonic() - began:.1f} s until all were ready")
            await asyncio.gather(
                *(make_deal(place, which, f"Після аварії {which}") for which in range(len(house.ports)))
            )
            print(f"{time.monotonic() - began:.1f} s until both took deals")
        await working
        seen = [await one.has_seen(place.changes), await other.has_seen(place.changes)]

    await everything_was_done_once(place, seen)
    assert place.changes == PEOPLE * DEALS * 4 + 2 * REQUESTS + len(house.ports)
    assert (one.comebacks, other.comebacks) == (0, 0)  # a connection that stands outlives the outage
