"""Archived deals are on no board; restored, they stand where they stood, on top."""

from datetime import date

from shared import deals, events, funnels, ids
from shared.db import Transaction
from shared.deals import DealArchived, DealRestored, DealStatus, Many
from shared.errors import ModuleInactive, NotFound
from shared.funnels import Total
from shared.money import Money
from tests import board, make
from tests.shared.deals.refused import refused


async def test_an_archived_deal_is_on_no_board_and_counts_nowhere(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    stays = await make.deal(tx, funnel, amount=Money(1, "UAH"))
    deal = await make.deal(tx, funnel, amount=Money(5, "UAH"))
    seen = await board.read(tx, funnel.id)

    (archived,) = await deals.archive(tx, Many((deal.id,)))

    assert (archived.archived, archived.version, archived.stage_id) == (True, 2, deal.stage_id)
    assert await deals.find(tx, deal.id) == archived
    assert await make.column(tx, funnel.entry) == [stays.id]
    (event,) = await events.after(tx, funnel.id, seen.seq)
    told = DealArchived.from_payload(event.payload)
    assert told.deal == archived
    assert [(column.stage_id, column.total) for column in told.columns] == [
        (funnel.entry.id, Total(1, (Money(1, "UAH"),)))
    ]
    board.fold(seen, [event])
    assert seen == await board.read(tx, funnel.id)


async def test_restored_deals_stand_on_top_of_where_they_stood_in_the_order_they_are_named(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    one, two, three = [await make.deal(tx, funnel, amount=Money(5, "USD")) for _ in range(3)]
    won = await make.deal(tx, funnel, stage=funnel.won)
    gone = (one.id, won.id, two.id)
    await deals.archive(tx, Many(gone))
    seen = await board.read(tx, funnel.id)

    restored = await deals.restore(tx, Many(gone))

    assert [deal.id for deal in restored] == list(gone)
    assert await make.column(tx, funnel.entry) == [one.id, two.id, three.id]
    assert await make.column(tx, funnel.won) == [won.id]
    assert (restored[1].status, restored[1].closed_at, restored[1].archived) == (DealStatus.WON, won.closed_at, False)
    assert restored[0].entered_stage_at == one.entered_stage_at
    happened = await events.after(tx, funnel.id, seen.seq)
    told = [DealRestored.from_payload(event.payload) for event in happened]
    assert [(event.deal, event.placed_after) for event in told] == [
        (restored[0], None),
        (restored[1], None),
        (restored[2], one.id),
    ]
    board.fold(seen, happened)
    assert seen == await board.read(tx, funnel.id)


async def test_a_deal_whose_stage_is_gone_comes_back_to_the_entry(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[1])
    await deals.archive(tx, Many((deal.id,)))
    await deals.delete_stage(tx, deals.StageDeletion(funnel.own[1].id))

    (restored,) = await deals.restore(tx, Many((deal.id,)))

    assert (restored.stage_id, restored.status) == (funnel.entry.id, DealStatus.OPEN)
    assert restored.entered_stage_at == restored.updated_at > deal.entered_stage_at
    assert await make.column(tx, funnel.entry) == [deal.id]


async def test_what_is_so_already_is_no_event_and_no_refusal(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    here, gone = await make.deal(tx, funnel), await make.deal(tx, funnel)
    await deals.archive(tx, Many((gone.id,)))
    tx.outgoing.clear()
    seq = (await events.lock(tx, funnel.id)).place.seq

    assert [deal.version for deal in await deals.archive(tx, Many((gone.id,)))] == [2]
    assert [deal.version for deal in await deals.restore(tx, Many((here.id,)))] == [1]
    assert tx.outgoing == []
    await deals.archive(tx, Many((gone.id, here.id)))

    assert [event.payload["deal"]["id"] for event in await events.after(tx, funnel.id, seq)] == [str(here.id)]


async def test_they_may_be_of_several_funnels(tx: Transaction) -> None:
    made = [await make.deal(tx) for _ in range(3)]
    many = Many(tuple(deal.id for deal in made))

    archived = await deals.archive(tx, many)
    restored = await deals.restore(tx, many)

    assert [deal.id for deal in archived] == [deal.id for deal in restored] == list(many.deal_ids)
    for deal in made:
        kinds = [event.kind for event in await events.after(tx, deal.funnel_id, 0)]
        assert kinds == ["DealCreated", "DealArchived", "DealRestored"]


async def test_heads_are_held_in_the_order_of_their_ids(tx: Transaction) -> None:
    """Two who archive deals of the same funnels never wait for each other in a ring."""
    made = [await make.deal(tx) for _ in range(4)]

    logs = await events.lock_all(tx, [deal.funnel_id for deal in made[::-1]])

    assert list(logs) == sorted(deal.funnel_id for deal in made)


async def test_an_archived_deal_is_not_found_by_anything_else(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    note = (await deals.add_note(tx, deals.NoteDraft(deal.id, "Дзвонив"))).note
    task = (await deals.add_task(tx, deals.NewTask(deal.id, "Подзвонити"))).task
    await deals.archive(tx, Many((deal.id,)))

    for command, named in (
        (lambda: deals.update(tx, deals.Changes(deal.id, {"title": "Склад"})), deal.id),
        (lambda: deals.move(tx, deals.Move(deal.id, funnel.own[0].id)), deal.id),
        (lambda: deals.add_note(tx, deals.NoteDraft(deal.id, "x")), deal.id),
        (lambda: deals.update_note(tx, deals.NoteDraft(note.id, "x")), note.id),
        (lambda: deals.delete_note(tx, note.id), note.id),
        (lambda: deals.add_task(tx, deals.NewTask(deal.id, "x")), deal.id),
        (lambda: deals.update_task(tx, deals.TaskChanges(task.id, {"title": "x"})), task.id),
        (lambda: deals.complete_task(tx, deals.TaskCompletion(task.id)), task.id),
    ):
        async with refused(tx, NotFound) as refusal:
            await command()
        assert refusal.id == named


async def test_nothing_is_archived_when_one_is_missing(tx: Transaction) -> None:
    deal = await make.deal(tx)
    elsewhere = await make.deal(tx)
    locked = await funnels.archive(tx, elsewhere.funnel_id, archived=True)
    missing = ids.new()

    for command in (deals.archive, deals.restore):
        async with refused(tx, NotFound) as refusal:
            await command(tx, Many((deal.id, missing, elsewhere.id)))
        assert refusal.id == missing
        async with refused(tx, NotFound) as refusal:
            await command(tx, Many((deal.id, elsewhere.id)))
        assert refusal.id == elsewhere.id
    assert locked.funnel.archived


async def test_needs_the_module(tx: Transaction) -> None:
    deal = await make.deal(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    for command in (deals.archive, deals.restore):
        async with refused(tx, ModuleInactive):
            await command(tx, Many((deal.id,)))
