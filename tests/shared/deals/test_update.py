"""Changing a deal's own fields: only what differs is a change."""

from datetime import date
from typing import Any

import pytest

from shared import deals, events, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.deals import Changes, ColumnTotals, DealUpdated
from shared.errors import AmountRequired, InvalidInput, ModuleInactive, NotFound, StaleDeal
from shared.funnels import Total
from shared.money import Money
from tests import make
from tests.shared.deals.refused import refused


async def test_changes_what_is_given_and_says_what_changed(tx: Transaction) -> None:
    funnel, taras = await make.funnel(tx), await make.user(tx)
    deal = await make.deal(tx, funnel)
    fields = {
        "custom_fields": {"a": 1},
        "title": "Склад",
        "contact": deals.Contact("Іван"),
        "assignee_id": taras.id,
        "amount": Money(5, "UAH"),
        "expected_close_on": date(2026, 3, 31),
    }

    changed = await deals.update(tx, Changes(deal.id, fields, expected_version=1))

    kept = await deals.find(tx, deal.id)
    assert kept == changed.deal
    assert {name: getattr(kept, name) for name in fields} == fields
    assert (kept.version, kept.stage_id, kept.entered_stage_at) == (2, deal.stage_id, deal.entered_stage_at)
    event = (await events.after(tx, funnel.id, 1))[0]
    assert DealUpdated.from_payload(event.payload) == DealUpdated(
        kept,
        (ColumnTotals(funnel.entry.id, Total(1, (Money(5, "UAH"),))),),
        ("title", "contact", "assignee", "amount", "expectedCloseOn", "customFields"),
    )
    assert event.place == changed.place
    assert event.at == kept.updated_at


async def test_a_change_that_counts_nowhere_tells_no_totals(tx: Transaction) -> None:
    deal = await make.deal(tx)
    await deals.update(tx, Changes(deal.id, {"title": "Склад"}))

    event = (await events.after(tx, deal.funnel_id, 1))[0]
    assert event.payload["columns"] == []
    assert event.payload["changed"] == ["title"]


@pytest.mark.parametrize("fields", [{}, {"title": "Офіс на Подолі", "contact": make.ANNA, "amount": None}])
async def test_what_is_given_as_it_already_is_is_no_change(tx: Transaction, fields: dict[str, Any]) -> None:
    deal = await make.deal(tx)
    tx.outgoing.clear()

    changed = await deals.update(tx, Changes(deal.id, fields))

    assert changed.deal == deal
    assert changed.place.seq == 1
    assert await events.after(tx, deal.funnel_id, 1) == []
    assert tx.outgoing == []


async def test_json_tells_one_from_true(tx: Transaction) -> None:
    deal = await make.deal(tx, custom_fields={"a": 1, "b": 2})

    assert (await deals.update(tx, Changes(deal.id, {"custom_fields": {"b": 2, "a": 1}}))).deal.version == 1
    assert (await deals.update(tx, Changes(deal.id, {"custom_fields": {"a": True, "b": 2}}))).deal.version == 2


async def test_clears_what_may_be_cleared(tx: Transaction) -> None:
    deal = await make.deal(tx, amount=Money(5, "UAH"), expected_close_on=date(2026, 3, 31))

    changed = await deals.update(tx, Changes(deal.id, {"amount": None, "expected_close_on": None}))

    assert (changed.deal.amount, changed.deal.expected_close_on) == (None, None)
    event = (await events.after(tx, deal.funnel_id, 1))[0]
    assert event.payload["columns"] == [{"stageId": str(deal.stage_id), "deals": 1, "value": []}]


async def test_is_counted_in_its_new_currency(tx: Transaction) -> None:
    deal = await make.deal(tx, amount=Money(5, "UAH"))

    await deals.update(tx, Changes(deal.id, {"amount": Money(7, "USD")}))

    event = (await events.after(tx, deal.funnel_id, 1))[0]
    assert event.payload["columns"] == [{"stageId": str(deal.stage_id), "deals": 1, "value": [[7, "USD"]]}]


async def test_who_is_not_there_is_not_found_before_anything_else(tx: Transaction) -> None:
    deal = await make.deal(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))
    async with refused(tx, NotFound):
        await deals.update(tx, Changes(ids.new(), {}, expected_version=9))
    async with refused(tx, ModuleInactive):
        await deals.update(tx, Changes(deal.id, {"assignee_id": ids.new()}, expected_version=9))


@pytest.mark.parametrize("table", ["deals", "funnels"])
async def test_what_is_archived_is_not_found(tx: Transaction, table: str) -> None:
    deal = await make.deal(tx)
    id, place = (deal.id, ", position = NULL") if table == "deals" else (deal.funnel_id, "")
    await tx.execute(f"UPDATE {table} SET archived = true{place} WHERE id = $1", id)

    async with refused(tx, NotFound):
        await deals.update(tx, Changes(deal.id, {"title": "Склад"}))


async def test_a_deal_of_a_funnel_that_is_not_seen_is_not_found(tx: Transaction) -> None:
    deal = await make.deal(tx)
    tx.actor = make.actor(await make.user(tx), Permission.DEALS_WRITE)

    async with refused(tx, NotFound):
        await deals.update(tx, Changes(deal.id, {"title": "Склад"}))


async def test_a_stale_hand_is_refused_before_what_it_names(tx: Transaction) -> None:
    deal = await make.deal(tx)

    async with refused(tx, StaleDeal) as refusal:
        await deals.update(tx, Changes(deal.id, {"assignee_id": ids.new()}, expected_version=2))

    assert refusal.deal_id == deal.id


async def test_an_assignee_is_refused_before_a_missing_amount(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1, requires_amount=[0])
    deal = (
        await deals.move(tx, deals.Move((await make.deal(tx, funnel)).id, funnel.own[0].id, amount=Money(0, "UAH")))
    ).deal

    async with refused(tx, InvalidInput) as refusal:
        await deals.update(tx, Changes(deal.id, {"assignee_id": ids.new(), "amount": None}))
    assert [problem.path for problem in refusal.problems] == [("assigneeId",)]
    async with refused(tx, AmountRequired) as refusal:
        await deals.update(tx, Changes(deal.id, {"amount": None}))
    assert refusal.stage_id == funnel.own[0].id
