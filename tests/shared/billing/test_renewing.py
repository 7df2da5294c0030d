"""Boundaries: renewal, charges, grace, suspension and coming back, each by the account's own clock."""

import asyncio
from datetime import date, timedelta

import pytest

from shared import accounts, billing
from shared.billing import InvoiceState, Rank
from shared.db import Database
from shared.jobs import Job
from tests.shared.billing import scenes

JANUARY = date(2026, 1, 31)


async def test_all_modules_renew_on_one_invoice_and_their_card_is_charged(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("sales_funnel", 1), ("telephony", 1))

    await scenes.walk(db, account, date(2026, 2, 28))
    assert set((await scenes.states(db, account)).values()) == {"PAST_DUE"}
    assert await scenes.charged(db, account, Rank.PAID) == 1

    first, renewal = await scenes.invoices(db, account)
    assert (first.total, renewal.total, renewal.due_on) == (800_00, 800_00, date(2026, 2, 28))
    assert renewal.state is InvoiceState.PAID
    async with db.transaction(account) as tx:
        assert {one.period_end for one in await billing.modules(tx)} == {date(2026, 3, 31)}
        assert {one.period_start for one in await billing.modules(tx)} == {date(2026, 2, 28)}


async def test_a_card_that_was_removed_and_is_used_again_is_charged_again(db: Database) -> None:
    account = await scenes.account(db, date(2026, 1, 31))
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        (card,) = await billing.methods(tx)
        assert await billing.remove_method(tx, card.id) == []
    await scenes.buy(db, account, ("lead_ads", 1))

    async with db.transaction(account) as tx:
        assert await billing.methods(tx) == [card]
    await scenes.walk(db, account, date(2026, 2, 28))
    assert await scenes.charged(db, account, Rank.PAID) == 1


async def test_nobody_pays_until_grace_is_over(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    attempts = 0
    for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 6)):
        await scenes.walk(db, account, day)
        attempts += await scenes.charged(db, account, Rank.FAILED)
    assert attempts == 4
    async with db.transaction(account) as tx:
        assert await accounts.usable_modules(tx) == ["telephony"]

    await scenes.walk(db, account, date(2026, 3, 7))

    assert await scenes.states(db, account) == {"telephony": "SUSPENDED"}
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.PAID, InvoiceState.VOID]
    async with db.transaction(account) as tx:
        assert await accounts.usable_modules(tx) == []


@pytest.mark.parametrize("comes_on", [1, 5])
async def test_what_comes_to_the_balance_in_grace_pays_the_renewal(db: Database, comes_on: int) -> None:
    """Without a card there is no other way to pay by the balance: what is past due cannot be quoted."""
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 12))
    async with db.transaction(account) as tx:
        await billing.remove_method(tx, (await billing.methods(tx))[0].id)
    await scenes.walk(db, account, date(2026, 2, 28) + timedelta(days=comes_on))
    async with db.transaction(account) as tx:
        note = (await billing.cancel(tx, "lead_ads", immediately=True)).credit_note
        assert note
    assert (await scenes.states(db, account))["telephony"] == "PAST_DUE"

    await scenes.walk(db, account, date(2026, 3, 7))

    assert (await scenes.states(db, account))["telephony"] == "ACTIVE"
    _, unpaid, paid = await scenes.invoices(db, account)
    assert (unpaid.state, unpaid.total) == (InvoiceState.VOID, 300_00)
    assert (paid.state, paid.from_balance, paid.due_on) == (InvoiceState.PAID, 300_00, date(2026, 2, 28))
    assert await scenes.balance(db, account) == note.total - 300_00
    async with db.transaction(account) as tx:
        (telephony,) = [one for one in await billing.modules(tx) if one.module_code == "telephony"]
    assert (telephony.period_start, telephony.period_end) == (date(2026, 2, 28), date(2026, 3, 31))


async def test_what_comes_to_the_balance_and_is_too_little_stays_there(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 1))
    await scenes.walk(db, account, date(2026, 2, 28))
    async with db.transaction(account) as tx:
        (_, invoice) = (await billing.invoice_page(tx, None, 9))[::-1]
        pay = billing.Pay.read({"invoice_id": str(invoice.id), "provider": "sandbox"}, scenes.PROVIDERS)
        payment = (await billing.pay(tx, pay)).payment
        assert payment
        await billing.settle(tx, billing.Report(payment.id, Rank.PAID, 499_99, "UAH"))

    await scenes.walk(db, account, date(2026, 3, 7))

    assert set((await scenes.states(db, account)).values()) == {"SUSPENDED"}
    assert await scenes.balance(db, account) == 499_99


async def test_a_suspended_module_comes_back_on_the_same_grid_for_the_days_that_are_left(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 3, 11))

    back = await scenes.buy(db, account, ("telephony", 1))

    assert (back.total, back.lines[0].period.end) == (193_55, date(2026, 3, 31))  # 20/31
    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}


async def test_money_that_comes_after_suspension_brings_the_module_back(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 3, 11))

    # The first charge was never heard of, so there was no other.
    assert await scenes.charged(db, account, Rank.PAID) == 1

    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}
    # 20/31 of a month is what the days until the boundary cost.
    assert await scenes.balance(db, account) == 300_00 - 193_55


async def test_a_suspended_module_is_forgotten_after_thirty_days(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))

    await scenes.walk(db, account, date(2026, 4, 5))
    assert await scenes.states(db, account) == {"telephony": "SUSPENDED"}
    await scenes.walk(db, account, date(2026, 4, 6))

    assert await scenes.states(db, account) == {"telephony": "CANCELLED"}
    async with db.transaction(account) as tx:
        assert (await scenes.quote(tx, ("telephony", 1))).total == 300_00  # a new grid


async def test_ten_renewals_at_once_make_one_invoice(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        moment = await tx.fetchval("SELECT due_at FROM jobs WHERE kind = $1", billing.RENEW)
        await tx.execute("DELETE FROM jobs WHERE account_id = $1", account)
        await accounts.set_clock(tx, account, moment)

    async def renew() -> None:
        async with db.transaction(account) as tx:
            await billing.renew(tx, Job(account, account, billing.RENEW, account, moment, 1, 10, account))

    await asyncio.gather(*(renew() for _ in range(10)))

    assert [one.number for one in await scenes.invoices(db, account)] == [1, 2]


async def test_what_the_balance_holds_pays_years_of_boundaries_in_order(db: Database) -> None:
    account = await scenes.account(db, date(2027, 10, 31))
    await scenes.buy(db, account, ("sales_funnel", 12), ("telephony", 12), ("lead_ads", 1))
    async with db.transaction(account) as tx:
        for code in ("sales_funnel", "telephony"):
            await billing.cancel(tx, code, immediately=True)

    await scenes.walk(db, account, date(2029, 3, 31))

    invoices = await scenes.invoices(db, account)
    assert [one.number for one in invoices] == list(range(1, 19))
    assert {one.state for one in invoices} == {InvoiceState.PAID}
    assert invoices[5].due_on == date(2028, 3, 31)
    assert date(2028, 2, 29) in {one.due_on for one in invoices}
    assert await scenes.balance(db, account) == 4800_00 + 2880_00 - 17 * 200_00


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_a_boundary_comes_when_its_day_begins_where_the_account_is(db: Database, zone: str) -> None:
    account = await scenes.account(db, JANUARY, zone)
    await scenes.buy(db, account, ("telephony", 1))

    await scenes.walk(db, account, date(2026, 2, 27), zone)
    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}
    await scenes.walk(db, account, date(2026, 2, 28), zone)

    assert await scenes.states(db, account) == {"telephony": "PAST_DUE"}
