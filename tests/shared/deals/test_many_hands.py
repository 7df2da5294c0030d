"""Many people move deals of one funnel at the same time, over two pools."""

import asyncio
import random
from itertools import pairwise
from uuid import UUID

from shared import accounts, deals, events
from shared.actor import Permission
from shared.db import Database, connect
from shared.deals import Move, Spot, SpotKind
from shared.errors import InvalidInput
from tests import board, make

MOVERS, MOVES, DEALS = 20, 6, 24


async def test_no_move_is_lost_or_doubled(dsn: str, db: Database, account: accounts.Account) -> None:
    """A third of the moves are aimed at the same gap."""
    async with db.transaction(account.id) as tx:
        tx.actor = make.actor(await make.user(tx), *Permission)
        actor = tx.actor
        funnel = await make.funnel(tx)
        target = (await make.deal(tx, funnel, stage=funnel.own[0])).id
        moved = [(await make.deal(tx, funnel)).id for _ in range(DEALS)]
        before = await board.read(tx, funnel.id)
    seen: list[tuple[int, UUID]] = []

    async def mover(pool: Database, dice: random.Random) -> None:
        for number in range(MOVES):
            deal_id = dice.choice(moved)
            if number % 3 == 0:
                move = Move(deal_id, funnel.own[0].id, Spot(SpotKind.AFTER, target))
            else:
                move = Move(deal_id, dice.choice(funnel.own[1:]).id, Spot(dice.choice([SpotKind.TOP, SpotKind.BOTTOM])))
            async with pool.transaction(account.id, actor) as tx:
                changed = await deals.move(tx, move)
            seen.append((changed.place.seq, deal_id))

    async with connect(dsn, size=4) as first, connect(dsn, size=4) as second:
        turns = asyncio.Semaphore(8)

        async def in_turn(number: int) -> None:
            async with turns:
                await mover((first, second)[number % 2], random.Random(number))

        await asyncio.gather(*(in_turn(number) for number in range(MOVERS)))
        async with first.reading(account.id, actor) as one:
            now = await board.read(one, funnel.id)
            log = await events.after(one, funnel.id, before.seq)
        async with second.reading(account.id, actor) as other:
            assert await board.read(other, funnel.id) == now

    assert [event.seq for event in log] == list(range(before.seq + 1, before.seq + 1 + MOVERS * MOVES))
    assert [(event.seq, UUID(event.payload["deal"]["id"])) for event in log] == sorted(seen)
    assert all(earlier.at < later.at for earlier, later in pairwise(log))
    board.fold(before, log)
    assert before == now
    assert board.recount(now) == now.totals
    versions = {str(id): 1 + sum(id == other for _, other in seen) for id in moved}
    assert {id: now.deals[id]["version"] for id in versions} == versions


async def test_funnels_do_not_wait_for_each_other(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        one, other = await make.deal(tx), await make.deal(tx)

    async with db.transaction(account.id) as holder:
        await deals.move(holder, Move(one.id, one.stage_id))
        async with db.transaction(account.id) as tx:
            assert (await deals.move(tx, Move(other.id, other.stage_id))).deal.version == 2


async def test_numbers_are_the_account_s_whatever_the_funnel(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        funnels = [await make.funnel(tx) for _ in range(3)]

    async def add(funnel: make.Funnel) -> int:
        async with db.transaction(account.id) as tx:
            return (await make.deal(tx, funnel)).number

    numbers = await asyncio.gather(*(add(funnel) for funnel in funnels * 4))

    assert sorted(numbers) == list(range(1, 13))


async def test_two_who_choose_the_same_id_at_once_take_turns(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        homes = [await make.funnel(tx), await make.funnel(tx)]
    chosen = homes[0].own[0].id.int + 1

    async def add(funnel: make.Funnel) -> object:
        new = deals.NewDeal(UUID(int=chosen), funnel.id, "Офіс", make.ANNA, id_is_chosen=True)
        try:
            async with db.transaction(account.id) as tx:
                return (await deals.create(tx, new)).deal.funnel_id
        except InvalidInput as refused:
            return [problem.path for problem in refused.problems]

    done = await asyncio.gather(*(add(funnel) for funnel in homes))

    assert [("id",)] in done
    assert {home.id for home in homes} & {one for one in done if isinstance(one, UUID)}
