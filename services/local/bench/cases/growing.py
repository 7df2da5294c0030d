"""What a board costs as everything else grows: deals of its funnel, other accounts, its log. It should stay as it is.

The same part of it is asked for each time, 10 deals of each column.
"""

from collections.abc import AsyncIterator, Callable
from itertools import repeat

from services.local.bench import data, statements
from services.local.bench.cases import documents
from services.local.bench.data import Funnel, Person, Shape
from services.local.bench.ground import Ground, settle
from services.local.bench.load import Ask, Asking
from services.local.bench.meter import in_turn
from services.local.bench.results import Claim, Measured, Outcome, ratio

FIRST = 10
FLAT = 1.3  # times what it cost at first
EACH = 100  # deals of a funnel whose size does not matter
Sized = AsyncIterator[tuple[str, Person, Funnel]]


async def in_deals(ground: Ground) -> Outcome:
    async def sizes() -> Sized:
        for power in range(2, ground.scale.deals + 1):
            yield f"{10**power:,} deals", *await _one(ground, Shape(1, 10**power))

    return await _grown(ground, "GROWTH-DEALS", "a board, the deals of its funnel growing", sizes)


async def in_accounts(ground: Ground) -> Outcome:
    """The first account, as others come."""

    async def sizes() -> Sized:
        person, funnel = await _one(ground, Shape(1, EACH))
        yield "1 account", person, funnel
        for power in range(1, ground.scale.accounts + 1):
            for _ in range(10**power - 10 ** (power - 1)):
                await data.account(ground.db, ground.house.database_url, Shape(1, EACH))
            await settle(ground.db)
            yield f"{10**power:,} accounts", person, funnel

    return await _grown(ground, "GROWTH-ACCOUNTS", "a board, other accounts growing", sizes)


async def in_events(ground: Ground) -> Outcome:
    async def sizes() -> Sized:
        for power in range(3, ground.scale.log + 1):
            yield f"{10**power:,} events", *await _one(ground, Shape(1, EACH, 10**power // EACH - 2))

    return await _grown(ground, "GROWTH-EVENTS", "a board, its log growing", sizes)


async def _one(ground: Ground, shape: Shape) -> tuple[Person, Funnel]:
    person, (funnel,) = await data.account(ground.db, ground.house.database_url, shape)
    await settle(ground.db)
    return person, funnel


async def _grown(ground: Ground, name: str, about: str, sizes: Callable[[], Sized]) -> Outcome:
    house, sides, counted = ground.house, dict[str, Measured](), dict[str, int]()
    async for size, person, funnel in sizes():
        ground.say(f"{name}: {size}")
        asked = {"id": str(funnel.id), "first": FIRST}
        ask = ground.query(person, documents.BOARD, "board", **asked)
        sides |= await in_turn(house, {size: (house.product, _again_and_again(ask))}, ground.scale.effort)
        counted[size] = await statements.count(house.database_url, person, documents.BOARD, **asked)
    first, *_, last = (side.server_ms + side.postgres_ms for side in sides.values())
    few, *_, many = counted.values()
    claims = [
        Claim("CPU of the greatest", ratio(last, first), FLAT, "× the least"),
        Claim("statements of the greatest", ratio(many, few), 1.0, "× the least"),
    ]
    told = ", ".join(f"{size}: {number}" for size, number in counted.items())
    return Outcome(name, about, "board", sides, claims, [f"statements of a board: {told}"])


def _again_and_again(ask: Ask) -> Asking:
    return lambda _connection: repeat(ask)
