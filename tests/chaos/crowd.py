"""Twenty people who all move deals at once, on one funnel or on several, and often to the very same place."""

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.scenarios.boards import Board, Funnel, fold, load, log_of, make_funnel
from tests.scenarios.people import Person

PEOPLE = 20
MOVES = int(os.environ.get("VORONKA_MOVES", "25"))  # of each of them
CONTACT = {"name": "Ганна"}


@dataclass
class Arena:
    """A funnel whose deals are fought for. `acknowledged`: the number and the deal of each move that was answered.

    The gap lies between two deals that stay where they are, for as long as nobody moves in.
    """

    funnel: Funnel
    before: Board
    above_gap: str
    movable: Sequence[str]
    acknowledged: list[tuple[int, str]] = field(default_factory=list)


async def open_arena(person: Person, deals: int) -> Arena:
    funnel = await make_funnel(person)

    async def make(number: int) -> str:
        given = {"funnelId": funnel.id, "title": f"Угода {number}", "contact": CONTACT}
        id: str = (await person.at(number % 2).insist("createDeal", "deal { id }", **given))["deal"]["id"]
        return id

    above, below, *movable = await asyncio.gather(*(make(number) for number in range(deals)))
    await person.insist("moveDeal", "seq", id=below, toStageId=funnel.own[0])
    await person.insist("moveDeal", "seq", id=above, toStageId=funnel.own[0])
    return Arena(funnel, await load(person, funnel.id), above, movable)


async def fight(person: Person, arenas: Sequence[Arena]) -> None:
    """Twenty people at once, half of them at each API process, each in one of the arenas."""
    await asyncio.gather(
        *(_move(person.at(number % 2), arenas[number % len(arenas)], random.Random(number)) for number in range(PEOPLE))
    )


async def _move(person: Person, arena: Arena, dice: random.Random) -> None:
    funnel = arena.funnel
    elsewhere = [
        {"toStageId": funnel.entry},
        {"toStageId": funnel.own[1]},
        {"toStageId": funnel.own[2]},
        {"toStageId": funnel.won},
        {"toStageId": funnel.lost, "lossReasonId": funnel.reason},
    ]
    for number in range(MOVES):
        deal_id = dice.choice(arena.movable)
        if number % 3 == 0:
            place = {"toStageId": funnel.own[0], "place": {"after": arena.above_gap}}
        else:
            place = dice.choice(elsewhere) | {"place": dice.choice([{"top": True}, {"bottom": True}])}
        moved = await person.insist("moveDeal", "seq deal { version }", id=deal_id, **place)
        arena.acknowledged.append((moved["seq"], deal_id))


async def no_move_is_lost_or_doubled(person: Person, arena: Arena) -> list[tuple[int, str, int]]:
    """Number, deal and version of each move, as the log has them."""
    log = await log_of(person, arena.funnel.id, arena.before.cursor)
    first = arena.before.seq + 1
    moves = [(event["seq"], event["deal"]["id"], event["deal"]["version"]) for event in log]
    assert [seq for seq, _, _ in moves] == list(range(first, first + len(arena.acknowledged)))
    assert [(seq, deal_id) for seq, deal_id, _ in moves] == sorted(arena.acknowledged)
    instants = [datetime.fromisoformat(event["at"]) for event in log]
    assert instants == sorted(set(instants))

    fold(arena.before, log)
    for which in range(len(person.addresses)):
        assert await load(person.at(which), arena.funnel.id) == arena.before
    return moves
