"""Killed in the middle: an API process, a worker and a Celery fall while everybody works, and nobody has to know."""

import asyncio
import signal

import httpx

from services.local import children
from tests.scenarios.people import newcomer
from tests.scenarios.watching import watching
from tests.scenarios.work import everything_was_done_once, open_place, work
from tests.up import House

PEOPLE, DEALS, REQUESTS = 6, 8, 24


async def test_nothing_is_lost_and_nothing_is_done_twice(house: House, http: httpx.AsyncClient) -> None:
    place = await open_place(await newcomer(http, house))
    olena, funnel, cursor = place.person, place.funnel, place.before.cursor

    async with watching(olena.at(0), funnel.id, cursor) as one, watching(olena.at(1), funnel.id, cursor) as other:
        working = asyncio.create_task(work(place, PEOPLE, DEALS, REQUESTS))
        killed = []
        for role, which, after in (("celery", 0, 20), ("worker", 1, 50), ("api", 0, 80), ("api", 1, 140)):
            await one.has_seen(after)
            killed.append(house.signal(role, signal.SIGKILL, which))
            await asyncio.to_thread(house.get_over, killed[-1])
        await working
        assert place.changes == PEOPLE * DEALS * 4 + 2 * REQUESTS
        seen = [await one.has_seen(place.changes), await other.has_seen(place.changes)]

    await everything_was_done_once(place, seen)
    assert (one.comebacks, other.comebacks) == (2, 1)
    assert not any(children.is_alive(pid) for pid in killed)
