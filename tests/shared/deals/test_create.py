"""A new deal lands on top of the entry stage, with a number of the account's."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared import deals, events, ids
from shared.actor import Actor, ActorKind, Permission
from shared.db import Transaction
from shared.deals import ColumnTotals, DealCreated
from shared.errors import InvalidInput, ModuleInactive, NotFound
from shared.events import StreamMoved
from shared.funnels import Total
from shared.money import Money
from tests import make
from tests.shared.deals.refused import refused


def new(funnel: make.Funnel) -> deals.NewDeal:
    return deals.NewDeal(ids.new(), funnel.id, "Офіс", make.ANNA)


async def test_lands_on_top_of_the_entry(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = [(await deals.create(tx, new(funnel))).deal for _ in range(3)]

    assert await make.column(tx, funnel.entry) == [deal.id for deal in reversed(made)]
    assert [deal.number for deal in made] == [1, 2, 3]


async def test_is_whole_from_its_first_event_on(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()
    asked = replace(
        new(funnel),
        title="🏠 شقة",
        amount=Money(1_250_50, "UAH"),
        expected_close_on=date(2026, 3, 31),
        custom_fields={"кімнат": 2, "поверхи": [1.5, None, True]},
    )
    changed = await deals.create(tx, asked)

    deal = changed.deal
    assert await deals.find(tx, deal.id) == deal
    assert (deal.title, deal.contact, deal.amount) == ("🏠 شقة", make.ANNA, Money(1_250_50, "UAH"))
    assert (deal.assignee_id, deal.version, deal.status) == (tx.actor.id, 1, deals.DealStatus.OPEN)
    assert (deal.source, deal.source_name, deal.stage_id) == (deals.DealSource.MANUAL, None, funnel.entry.id)
    assert deal.created_at == deal.updated_at == deal.entered_stage_at
    (event,) = await events.after(tx, funnel.id, 0)
    assert event.at == deal.created_at
    assert event.place == changed.place
    assert event.actor.id == tx.actor.id
    assert DealCreated.from_payload(event.payload) == DealCreated(
        deal, (ColumnTotals(funnel.entry.id, Total(1, (Money(1_250_50, "UAH"),))),), None, funnel.entry.name
    )
    assert tx.account_id is not None
    assert tx.outgoing == [StreamMoved(tx.account_id, funnel.id, 1)]


async def test_a_source_makes_deals_that_are_nobody_s(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.actor = Actor(ActorKind.SOURCE, ids.new(), "Сайт")

    deal = (await deals.create(tx, new(funnel), deals.Origin(deals.DealSource.FORM, "Сайт"))).deal

    assert (deal.assignee_id, deal.source, deal.source_name) == (None, deals.DealSource.FORM, "Сайт")


async def test_goes_to_whom_it_is_given(tx: Transaction) -> None:
    funnel, taras = await make.funnel(tx), await make.user(tx)

    assert (await deals.create(tx, replace(new(funnel), assignee_id=taras.id))).deal.assignee_id == taras.id


async def test_happens_in_the_account_s_time(tx: Transaction) -> None:
    await make.clock(tx, timedelta(days=400))
    funnel = await make.funnel(tx)

    deal = (await deals.create(tx, new(funnel))).deal

    assert await tx.fetchval("SELECT $1 > clock_timestamp() + interval '399 days'", deal.created_at)


async def test_a_funnel_that_is_not_there_is_not_found(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    missing = ids.new()

    async with refused(tx, NotFound) as refusal:
        await deals.create(tx, replace(new(funnel), funnel_id=missing))

    assert refusal.id == missing


async def test_a_funnel_is_not_found_by_who_does_not_see_it(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.actor = make.actor(await make.user(tx), Permission.DEALS_WRITE)

    async with refused(tx, NotFound):
        await deals.create(tx, new(funnel))


async def test_an_archived_funnel_is_not_found(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await tx.execute("UPDATE funnels SET archived = true WHERE id = $1", funnel.id)

    async with refused(tx, NotFound):
        await deals.create(tx, new(funnel))


async def test_needs_the_module_before_it_looks_at_what_is_named(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    async with refused(tx, ModuleInactive) as refusal:
        await deals.create(tx, replace(new(funnel), assignee_id=ids.new()))

    assert refusal.module_code == "sales_funnel"


@pytest.mark.parametrize("active", [True, False])
async def test_an_assignee_must_be_an_active_user(tx: Transaction, active: bool) -> None:
    funnel = await make.funnel(tx)
    nobody = ids.new() if active else (await make.user(tx, active=False)).id

    async with refused(tx, InvalidInput) as refusal:
        await deals.create(tx, replace(new(funnel), assignee_id=nobody))

    assert [problem.path for problem in refusal.problems] == [("assigneeId",)]


async def test_an_id_is_taken_by_whatever_has_it(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    for taken in (deal.id, funnel.id, funnel.entry.id):
        async with refused(tx, InvalidInput) as refusal:
            await deals.create(tx, replace(new(funnel), id=taken, id_is_chosen=True))
        assert [problem.path for problem in refusal.problems] == [("id",)]
