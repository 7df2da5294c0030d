"""Many deals at once: all of them or none, and each event a fact of its own."""

from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from shared import deals, events, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.deals import DealMoved, DealStatus, MoveMany
from shared.errors import (
    AmountRequired,
    InvalidInput,
    LossReasonRequired,
    ModuleInactive,
    NotFound,
    StageNotInFunnel,
)
from shared.funnels import Total
from shared.money import Money
from tests import board, make
from tests.shared.deals.refused import refused


async def test_they_stand_on_top_of_the_stage_in_the_order_they_are_named(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    there = [await make.deal(tx, funnel, stage=funnel.own[0]) for _ in range(2)]
    first, second, third = [await make.deal(tx, funnel) for _ in range(3)]

    moved = await deals.move_many(tx, MoveMany((second.id, there[0].id, first.id), funnel.own[0].id))

    assert [deal.id for deal in moved.deals] == [second.id, there[0].id, first.id]
    assert await make.column(tx, funnel.own[0]) == [second.id, there[0].id, first.id, there[1].id]
    assert await make.column(tx, funnel.entry) == [third.id]
    assert [await deals.find(tx, deal.id) for deal in moved.deals] == moved.deals


async def test_an_empty_stage_takes_them_in_order_too(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = tuple([(await make.deal(tx, funnel)).id for _ in range(5)])

    await deals.move_many(tx, MoveMany(made, funnel.own[2].id))

    assert await make.column(tx, funnel.own[2]) == list(made)


async def test_each_is_told_by_an_event_that_folds(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    one = await make.deal(tx, funnel, amount=Money(5, "UAH"))
    two = await make.deal(tx, funnel, stage=funnel.own[1], amount=Money(7, "USD"))
    seen = await board.read(tx, funnel.id)
    tx.outgoing.clear()

    moved = await deals.move_many(tx, MoveMany((one.id, two.id), funnel.own[0].id))

    happened = await events.after(tx, funnel.id, seen.seq)
    told = [DealMoved.from_payload(event.payload) for event in happened]
    assert [(event.deal, event.placed_after) for event in told] == [(moved.deals[0], None), (moved.deals[1], one.id)]
    assert [(event.from_stage_name, event.to_stage_name) for event in told] == [
        (funnel.entry.name, funnel.own[0].name),
        (funnel.own[1].name, funnel.own[0].name),
    ]
    assert [{column.stage_id: column.total for column in event.columns} for event in told] == [
        {funnel.entry.id: Total(), funnel.own[0].id: Total(1, (Money(5, "UAH"),))},
        {funnel.own[1].id: Total(), funnel.own[0].id: Total(2, (Money(5, "UAH"), Money(7, "USD")))},
    ]
    assert moved.place == happened[-1].place
    assert [message.seq for message in tx.outgoing if isinstance(message, events.StreamMoved)] == [moved.place.seq]
    board.fold(seen, happened)
    assert seen == await board.read(tx, funnel.id)


async def test_all_are_lost_for_one_reason(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal, lost = await make.deal(tx, funnel), await make.deal(tx, funnel, stage=funnel.lost)
    second = funnel.loss_reasons[1]

    moved = await deals.move_many(tx, MoveMany((deal.id, lost.id), funnel.lost.id, second.id, "бо так"))

    assert [(one.status, one.loss_reason_id, one.loss_note) for one in moved.deals] == [
        (DealStatus.LOST, second.id, "бо так")
    ] * 2
    assert [one.version for one in moved.deals] == [2, 3]


async def test_many_deals_take_a_handful_of_statements(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = tuple([(await make.deal(tx, funnel)).id for _ in range(60)])
    said: list[str] = []

    def hear(query: LoggedQuery) -> None:
        said.append(query.query)

    tx.conn.add_query_logger(hear)
    await deals.move_many(tx, MoveMany(made, funnel.own[0].id))
    tx.conn.remove_query_logger(hear)

    assert len(said) <= 12
    assert (await board.read(tx, funnel.id)).seq == 60 + 60


async def test_the_first_that_is_missing_is_told(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal, gone = await make.deal(tx, funnel), await make.deal(tx, funnel)
    await deals.archive(tx, deals.Many((gone.id,)))

    async with refused(tx, NotFound) as refusal:
        await deals.move_many(tx, MoveMany((deal.id, gone.id, ids.new()), ids.new()))
    assert refusal.id == gone.id


async def test_one_that_is_not_seen_is_missing(tx: Transaction) -> None:
    taras = await make.user(tx)
    seen, unseen = await make.funnel(tx, viewers=[taras]), await make.funnel(tx)
    deal, hidden = await make.deal(tx, seen), await make.deal(tx, unseen)
    tx.actor = make.actor(taras, Permission.DEALS_WRITE)

    async with refused(tx, NotFound) as refusal:
        await deals.move_many(tx, MoveMany((deal.id, hidden.id), seen.own[0].id))
    assert refusal.id == hidden.id


async def test_deals_of_two_funnels_have_no_stage_in_common(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    one, two = await make.deal(tx, funnel), await make.deal(tx, other)

    for stage in (funnel.own[0], other.own[0]):
        async with refused(tx, StageNotInFunnel) as refusal:
            await deals.move_many(tx, MoveMany((one.id, two.id), stage.id))
        assert refusal.stage_id == stage.id
    async with refused(tx, InvalidInput) as refusal:
        await deals.move_many(tx, MoveMany((one.id, two.id), funnel.lost.id, funnel.reason.id))
    assert [problem.path for problem in refusal.problems] == [("lossReasonId",)]


async def test_what_is_named_is_refused_before_the_stage(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    deal = await make.deal(tx, funnel)

    async with refused(tx, InvalidInput) as refusal:
        await deals.move_many(tx, MoveMany((deal.id,), ids.new(), other.reason.id))
    assert [problem.path for problem in refusal.problems] == [("lossReasonId",)]
    async with refused(tx, StageNotInFunnel):
        await deals.move_many(tx, MoveMany((deal.id,), other.own[0].id))


async def test_one_that_may_not_enter_keeps_all_out(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1, requires_amount=[0])
    await make.requires_note(tx, funnel.loss_reasons[1])
    priced, free = await make.deal(tx, funnel, amount=Money(0, "UAH")), await make.deal(tx, funnel)
    both = (priced.id, free.id)

    async with refused(tx, AmountRequired) as refusal:
        await deals.move_many(tx, MoveMany(both, funnel.own[0].id))
    assert refusal.stage_id == funnel.own[0].id
    for reason_id in (None, funnel.loss_reasons[1].id):
        async with refused(tx, LossReasonRequired) as refusal:
            await deals.move_many(tx, MoveMany(both, funnel.lost.id, reason_id))
        assert refusal.funnel_id == funnel.id


async def test_needs_the_module_once_all_are_found(tx: Transaction) -> None:
    deal = await make.deal(tx)
    await make.module(tx, usable_until=(await tx.now()).date().replace(year=2020))

    async with refused(tx, ModuleInactive):
        await deals.move_many(tx, MoveMany((deal.id,), ids.new(), ids.new()))


ONE = str(ids.new())


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"ids": []}, [("ids",)]),
        ({"ids": [str(ids.new()) for _ in range(501)]}, [("ids",)]),
        ({"ids": [ONE, str(ids.new()), ONE, ONE]}, [("ids", "2"), ("ids", "3")]),
        ({"ids": [ONE, ONE], "loss_note": "x" * 10_001}, [("ids", "1"), ("lossNote",)]),
    ],
)
def test_reads_ids_that_each_stand_there_once(given: dict[str, Any], paths: list[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        MoveMany.read({"to_stage_id": ONE} | given)

    assert [problem.path for problem in refusal.value.problems] == paths
