"""kill -9 of everything, while everybody works, and `up` again on the same folder: what was acknowledged is there."""

import asyncio

import httpx

from services.local import children
from tests.scenarios.people import newcomer
from tests.scenarios.watching import watching
from tests.scenarios.work import everything_was_done_once, open_place, work
from tests.up import House

PEOPLE, DEALS, REQUESTS = 6, 8, 20


async def test_all_that_was_acknowledged_is_there_after_everything_was_killed(
    house: House, http: httpx.AsyncClient
) -> None:
    place = await open_place(await newcomer(http, house))
    olena, funnel, cursor = place.person, place.funnel, place.before.cursor

    async with watching(olena.at(0), funnel.id, cursor) as one, watching(olena.at(1), funnel.id, cursor) as other:
        working = asyncio.create_task(work(place, PEOPLE, DEALS, REQUESTS))
        await one.has_seen(80)
        killed = house.kill_everything()
        await asyncio.to_thread(house.start_again)
        assert not any(children.is_alive(pid) for pid in killed)
        await working
        seen = [await one.has_seen(place.changes), await other.has_seen(place.changes)]

    await everything_was_done_once(place, seen)
    assert place.changes == PEOPLE * DEALS * 4 + 2 * REQUESTS
    assert min(one.comebacks, other.comebacks) == 1
