"""A stage goes, and its deals with it to another one."""

from dataclasses import replace
from datetime import date

import pytest

from shared import deals, events, funnels, ids
from shared.db import Transaction
from shared.deals import DealMoved, Many, StageDeletion, sql
from shared.deals.positions import spread
from shared.errors import (
    AmountRequired,
    InvalidInput,
    ModuleInactive,
    NotAllowedNow,
    NotFound,
    StageNotEmpty,
    StageNotInFunnel,
)
from shared.funnels import FunnelChanged, Stage, Total
from shared.money import Money
from tests import board, make
from tests.shared.deals.refused import refused
from tests.shared.funnels.told import tells_once


def deletion(stage: Stage, target: Stage | None = None) -> StageDeletion:
    return StageDeletion.read({"id": str(stage.id), "move_deals_to": str(target.id) if target else None})


async def test_an_empty_stage_goes(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 3)
    tx.outgoing.clear()

    changed = await deals.delete_stage(tx, deletion(funnel.own[1]))

    now = await make.read_funnel(tx, funnel.id)
    assert now.stages == [funnel.entry, funnel.own[0], funnel.own[2], funnel.won, funnel.lost]
    assert changed.place.seq == 1
    await tells_once(tx, changed, "stages")


async def test_its_deals_stand_on_top_of_the_target_in_their_order(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2)
    going, target = funnel.own
    stood = (await make.deal(tx, funnel, stage=target)).id
    third = await make.deal(tx, funnel, stage=going, amount=Money(5, "UAH"))
    second = await make.deal(tx, funnel, stage=going)
    first = await make.deal(tx, funnel, stage=going, amount=Money(7, "USD"))
    snapshot = await board.read(tx, funnel.id)
    tx.outgoing.clear()

    changed = await deals.delete_stage(tx, deletion(going, target))

    assert await make.column(tx, target) == [first.id, second.id, third.id, stood]
    told = await events.after(tx, funnel.id, snapshot.seq)
    assert [event.kind for event in told] == [DealMoved.kind] * 3 + [FunnelChanged.kind]
    assert told[-1].place == changed.place
    assert [event.payload["deal"]["version"] for event in told[:-1]] == [3, 3, 3]
    moved = await deals.find(tx, second.id)
    assert moved is not None
    assert (moved.stage_id, moved.status, moved.entered_stage_at) == (target.id, "OPEN", told[0].at)
    assert await funnels.board_totals(tx, [funnel.id]) == {target.id: Total(4, (Money(5, "UAH"), Money(7, "USD")))}
    board.fold(snapshot, told)
    assert snapshot == await board.read(tx, funnel.id)


async def test_its_deals_go_back_to_the_entry(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1)
    fresh = await make.deal(tx, funnel)
    deal = await make.deal(tx, funnel, stage=funnel.own[0])

    await deals.delete_stage(tx, deletion(funnel.own[0], funnel.entry))

    assert await make.column(tx, funnel.entry) == [deal.id, fresh.id]


async def test_a_target_may_be_named_for_an_empty_stage(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2)

    await deals.delete_stage(tx, deletion(funnel.own[0], funnel.own[1]))

    assert (await make.read_funnel(tx, funnel.id)).own == [funnel.own[1]]


async def test_what_is_closed_or_archived_is_no_obstacle(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1)
    (going,) = funnel.own
    closed = await make.deal(tx, funnel, stage=going)
    await deals.move(tx, deals.Move(closed.id, funnel.won.id))
    archived = await make.deal(tx, funnel, stage=going)
    await deals.archive(tx, Many((archived.id,)))

    await deals.delete_stage(tx, deletion(going))

    kept = await deals.find(tx, closed.id)
    assert kept is not None
    assert kept.closed_from_stage_id == going.id
    assert (await funnels.stages_by_id(tx, [going.id]))[going.id].deleted
    (restored,) = await deals.restore(tx, Many((archived.id,)))
    assert restored.stage_id == funnel.entry.id
    assert await make.column(tx, funnel.entry) == [archived.id]


async def test_a_deleted_stage_is_nothing_any_more(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2)
    deal = await make.deal(tx, funnel)
    gone, other = funnel.own
    await deals.delete_stage(tx, deletion(gone))

    async with refused(tx, StageNotInFunnel):
        await deals.move(tx, deals.Move(deal.id, gone.id))
    async with refused(tx, NotFound) as refusal:
        await deals.delete_stage(tx, deletion(gone))
    assert refusal.id == gone.id
    async with refused(tx, NotFound):
        await funnels.update_stage(tx, funnels.StageChanges(gone.id, {"name": "Показ"}))
    async with refused(tx, InvalidInput):
        await deals.delete_stage(tx, deletion(other, gone))
    with pytest.raises(InvalidInput):
        await funnels.move_stage(tx, funnels.StageMove(other.id, deals.Spot(deals.SpotKind.AFTER, gone.id)))


async def test_refuses_to_leave_deals_nowhere(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    for _ in range(2):
        await make.deal(tx, funnel, stage=funnel.own[0])

    async with refused(tx, StageNotEmpty) as refusal:
        await deals.delete_stage(tx, deletion(funnel.own[0]))

    assert refusal.deal_count == 2


async def test_what_is_built_in_stays(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    for stage in (funnel.entry, funnel.won, funnel.lost):
        async with refused(tx, NotAllowedNow) as refusal:
            await deals.delete_stage(tx, deletion(stage, funnel.own[0]))
        assert refusal.reason == "BUILT_IN_STAGE"


async def test_deals_go_to_the_entry_or_to_another_own_stage_only(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    going = funnel.own[0]

    for target in (going, funnel.won, funnel.lost, other.entry, other.own[0]):
        async with refused(tx, InvalidInput) as refusal:
            await deals.delete_stage(tx, deletion(going, target))
        assert [problem.path for problem in refusal.problems] == [("moveDealsTo",)]


async def test_refuses_what_the_target_does_not_take(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2, requires_amount=[1])
    await make.deal(tx, funnel, stage=funnel.own[0], amount=Money(1, "UAH"))
    await make.deal(tx, funnel, stage=funnel.own[0])

    async with refused(tx, AmountRequired) as refusal:
        await deals.delete_stage(tx, deletion(*funnel.own))

    assert refusal.stage_id == funnel.own[1].id


async def test_refuses_without_the_module(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    async with refused(tx, ModuleInactive):
        await deals.delete_stage(tx, deletion(funnel.entry, funnel.won))
    async with refused(tx, NotFound):
        await deals.delete_stage(tx, StageDeletion(ids.new()))


async def test_moves_at_most_500_deals_in_few_statements(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2)
    going, target = funnel.own
    deal = await make.deal(tx, funnel, stage=going)
    for position in spread("b00", None, 500):  # as if they had always stood there
        copy = replace(deal, id=ids.new(), number=await sql.next_number(tx))
        await sql.insert_deal(tx, copy, position)
    locked = await funnels.lock(tx, funnel.id)
    locked.add(going.id, "", 500, 0)
    await funnels.keep_totals(locked, [(going.id, "")])

    async with refused(tx, NotAllowedNow) as refusal:
        await deals.delete_stage(tx, deletion(going, target))
    assert refusal.reason == "TOO_MANY_DEALS"

    await deals.move(tx, deals.Move(deal.id, funnel.won.id))
    statements: list[str] = []
    tx.conn.add_query_logger(log := lambda query: statements.append(query.query))
    changed = await deals.delete_stage(tx, deletion(going, target))
    tx.conn.remove_query_logger(log)

    assert changed.place.seq == 3 + 500 + 1
    assert (await funnels.board_totals(tx, [funnel.id]))[target.id].deals == 500
    assert len(statements) < 30
