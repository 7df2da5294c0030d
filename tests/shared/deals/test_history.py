"""A deal's history: who did what and when, with names as they were then and values before and after."""

from datetime import date
from typing import Any

from shared import deals, events, funnels, ids
from shared.actor import Actor, ActorKind
from shared.db import Transaction
from shared.deals import (
    Changes,
    DealChangeKind,
    DealSource,
    HistoryItem,
    HistoryPage,
    Many,
    Move,
    NewDeal,
    NoteDraft,
    Origin,
)
from shared.money import Money
from tests import make


async def history(tx: Transaction, deal: deals.Deal, first: int = 100, before: int | None = None) -> list[HistoryItem]:
    return (await deals.history(tx, [deal.id], first, before))[deal.id].items


def changes(item: HistoryItem) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.before, change.after) for change in item.changes}


async def test_a_deal_begins_by_being_made(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    await funnels.update_stage(tx, funnels.StageChanges(funnel.entry.id, {"name": "Нові"}))

    (item,) = await history(tx, deal)

    event, _ = await events.after(tx, deal.funnel_id, 0)
    assert (item.place, item.at, item.actor, item.kind) == (
        event.place,
        deal.created_at,
        event.actor,
        DealChangeKind.CREATED,
    )
    assert (item.from_stage_name, item.to_stage_name, item.changes, item.note_id, item.task_id) == (
        None,
        funnel.entry.name,
        (),
        None,
        None,
    )


async def test_an_imported_deal_begins_by_being_imported(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.actor = Actor(ActorKind.IMPORT, None, "leads.csv")
    new = NewDeal(ids.new(), funnel.id, "Офіс", make.ANNA)
    deal = (await deals.create(tx, new, Origin(DealSource.IMPORT, "leads.csv"))).deal

    assert [(item.kind, item.actor) for item in await history(tx, deal)] == [(DealChangeKind.IMPORTED, tx.actor)]


async def test_an_update_tells_each_field_before_and_after(tx: Transaction) -> None:
    taras = await make.user(tx)
    deal = await make.deal(tx, amount=Money(1_50, "UAH"), custom_fields={"a": 1})
    fields = {
        "title": "Склад",
        "contact": deals.Contact("Іван"),
        "assignee_id": taras.id,
        "amount": Money(7, "JPY"),
        "expected_close_on": date(2026, 3, 31),
        "custom_fields": {"a": True},
    }
    await deals.update(tx, Changes(deal.id, fields))
    await deals.update(tx, Changes(deal.id, {"amount": None}))

    cleared, updated, _ = await history(tx, deal)

    assert (updated.kind, cleared.kind) == (DealChangeKind.UPDATED, DealChangeKind.UPDATED)
    assert changes(updated) == {
        "title": ("Офіс на Подолі", "Склад"),
        "contact": (
            {"name": "Анна Коваль", "phone": "+380501234567", "email": "anna@example.com"},
            {"name": "Іван", "phone": None, "email": None},
        ),
        "assignee": (str(tx.actor.id), str(taras.id)),
        "amount": ({"amount": "1.50", "currency": "UAH"}, {"amount": "7", "currency": "JPY"}),
        "expectedCloseOn": (None, "2026-03-31"),
        "customFields": ({"a": 1}, {"a": True}),
    }
    assert changes(cleared) == {"amount": ({"amount": "7", "currency": "JPY"}, None)}


async def test_a_move_tells_the_stages_as_they_were_called_then(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[0])
    await deals.move(tx, Move(deal.id, funnel.lost.id, loss_reason_id=funnel.reason.id, loss_note="Дорого"))
    await funnels.update_stage(tx, funnels.StageChanges(funnel.own[0].id, {"name": "Показ"}))
    await deals.move(tx, Move(deal.id, funnel.own[0].id, amount=Money(5, "UAH")))

    reopened, lost, moved, _ = await history(tx, deal)

    assert [(item.kind, item.from_stage_name, item.to_stage_name) for item in (moved, lost, reopened)] == [
        (DealChangeKind.MOVED, funnel.entry.name, "Етап 1"),
        (DealChangeKind.MOVED, "Етап 1", funnel.lost.name),
        (DealChangeKind.MOVED, funnel.lost.name, "Показ"),
    ]
    assert changes(moved) == {}
    assert changes(lost) == {
        "status": ("OPEN", "LOST"),
        "lossReason": (None, str(funnel.reason.id)),
        "lossNote": (None, "Дорого"),
    }
    assert changes(reopened) == {
        "amount": (None, {"amount": "0.05", "currency": "UAH"}),
        "status": ("LOST", "OPEN"),
        "lossReason": (str(funnel.reason.id), None),
        "lossNote": ("Дорого", None),
    }


async def test_a_move_of_the_first_version_is_read_without_names(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel, stage=funnel.own[0])
    recorded = (await events.after(tx, funnel.id, 1))[0]
    old = {name: value for name, value in recorded.payload.items() if name not in ("fromStageName", "toStageName")}

    event = deals.DealMoved.from_payload(old)

    assert (recorded.version, event.from_stage_id, event.deal) == (2, funnel.entry.id, deal)
    assert (event.from_stage_name, event.to_stage_name) == (None, None)


async def test_events_that_kept_less_are_read_without_it(tx: Transaction) -> None:
    deal = await make.deal(tx)
    note = (await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))).note
    await deals.delete_note(tx, note.id)
    deleted, _, created = await history(tx, deal)
    for item in (created, deleted):
        assert item.payload is not None
        item.payload = {name: value for name, value in item.payload.items() if name not in ("toStageName", "noteText")}

    assert changes(deleted) == {"notes": ({"id": str(note.id), "text": None}, None)}


async def test_notes_and_tasks_stand_in_it(tx: Transaction) -> None:
    deal = await make.deal(tx)
    note = (await deals.add_note(tx, NoteDraft(deal.id, "Дзвонив"))).note
    await deals.update_note(tx, NoteDraft(note.id, "Дзвонила"))
    await deals.delete_note(tx, note.id)
    task = (await deals.add_task(tx, deals.NewTask(deal.id, "Подзвонити"))).task
    await deals.update_task(tx, deals.TaskChanges(task.id, {"title": "Зустрітися"}))
    await deals.complete_task(tx, deals.TaskCompletion(task.id))
    await deals.complete_task(tx, deals.TaskCompletion(task.id, done=False))

    items = (await history(tx, deal))[-2::-1]

    assert [(item.kind, item.note_id, item.task_id, changes(item)) for item in items] == [
        (DealChangeKind.NOTE_ADDED, note.id, None, {}),
        (DealChangeKind.UPDATED, note.id, None, {}),
        (DealChangeKind.UPDATED, note.id, None, {"notes": ({"id": str(note.id), "text": "Дзвонила"}, None)}),
        (DealChangeKind.TASK_ADDED, None, task.id, {"openTaskCount": (0, 1)}),
        (DealChangeKind.UPDATED, None, task.id, {}),
        (DealChangeKind.TASK_DONE, None, task.id, {"openTaskCount": (1, 0)}),
        (DealChangeKind.UPDATED, None, task.id, {"openTaskCount": (0, 1)}),
    ]


async def test_archived_and_restored_deals_go_on_having_one(tx: Transaction) -> None:
    deal = await make.deal(tx)
    await deals.archive(tx, Many((deal.id,)))
    await deals.restore(tx, Many((deal.id,)))

    assert [item.kind for item in await history(tx, deal)] == [
        DealChangeKind.RESTORED,
        DealChangeKind.ARCHIVED,
        DealChangeKind.CREATED,
    ]


async def test_pages_go_on_by_number_and_compare_across_their_edges(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal, other = await make.deal(tx, funnel, title="0"), await make.deal(tx, funnel)
    for title in "1234":
        await deals.update(tx, Changes(deal.id, {"title": title}))
        await deals.update(tx, Changes(other.id, {"title": title}))

    whole = await history(tx, deal)
    page = (await deals.history(tx, [deal.id, other.id], 2, None))[deal.id]
    last = (await deals.history(tx, [deal.id], 3, page.items[-1].place.seq))[deal.id]

    assert (page.items + last.items, page.has_more, last.has_more) == (whole, True, False)
    assert [changes(item) for item in whole] == [
        {"title": ("3", "4")},
        {"title": ("2", "3")},
        {"title": ("1", "2")},
        {"title": ("0", "1")},
        {},
    ]


async def test_before_the_first_there_is_nothing(tx: Transaction) -> None:
    deal = await make.deal(tx)
    (first,) = await history(tx, deal)

    assert (await deals.history(tx, [deal.id], 5, first.place.seq))[deal.id] == HistoryPage([], has_more=False)
