"""Hundreds of moves by twenty people at once: each is done once, in one order that everybody sees."""

import time
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.chaos.crowd import MOVES, PEOPLE, Arena, fight, no_move_is_lost_or_doubled, open_arena
from tests.scenarios.people import Person, newcomer
from tests.scenarios.watching import Watcher, watching
from tests.up import House

CUTS = 10
FEW = "... on DealMoved { seq cursor deal { id version } }"


@pytest.mark.parametrize(
    ("funnels", "deals", "watchers"),
    [
        pytest.param(1, 60, 4, id="on one funnel"),
        pytest.param(12, 12, 1, id="on twelve funnels"),
    ],
)
async def test_no_move_is_lost_or_doubled(
    house: House,
    http: httpx.AsyncClient,
    funnels: int,
    deals: int,
    watchers: int,
) -> None:
    """A third of the moves are aimed at the same gap; whoever watches is cut off ten times."""
    olena = await newcomer(http, house)
    arenas = [await open_arena(olena, deals) for _ in range(funnels)]

    every = PEOPLE // funnels * MOVES // (CUTS + 1)  # so that all cuts come before the last move
    async with AsyncExitStack() as stack:
        watched = [
            (arena, await watch(stack, olena, arena, which, every)) for arena in arenas for which in range(watchers)
        ]
        began = time.monotonic()
        await fight(olena, arenas)
        print(f"{PEOPLE * MOVES / (time.monotonic() - began):.0f} moves a second")
        for arena, watcher in watched:
            await watcher.has_seen(len(arena.acknowledged))

    assert sum(len(arena.acknowledged) for arena in arenas) == PEOPLE * MOVES
    moves = {arena.funnel.id: await no_move_is_lost_or_doubled(olena, arena) for arena in arenas}
    for arena, watcher in watched:
        seen = [(event["seq"], event["deal"]["id"], event["deal"]["version"]) for event in watcher.events]
        assert seen == moves[arena.funnel.id]
        assert watcher.comebacks == CUTS


async def watch(stack: AsyncExitStack, person: Person, arena: Arena, which: int, every: int) -> Watcher:
    """Cut off ten times, after so many moves each time, and back at the other API process."""
    return await stack.enter_async_context(
        watching(person.at(which % 2), arena.funnel.id, arena.before.cursor, FEW, every, CUTS)
    )
