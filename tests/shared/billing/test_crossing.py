"""Two things that are bought at once, or are under way when something else happens: each module is bought once."""

from datetime import date
from uuid import UUID

import pytest

from shared import billing
from shared.billing import Pay, Payment, Rank
from shared.db import Database, Transaction
from tests.shared.billing import scenes

JANUARY = date(2026, 1, 31)


async def begun(tx: Transaction, *cart: tuple[str, int]) -> Payment:
    payment = (await scenes.begin(tx, (await scenes.quote(tx, *cart)).id)).payment
    assert payment
    return payment


async def unpaid(db: Database, account: UUID) -> list[Payment]:
    async with db.transaction(account) as tx:
        rows = await tx.fetch("SELECT id FROM payments WHERE account_id = $1 AND rank = 0 ORDER BY id", account)
        return list((await billing.get_payments(tx, [row["id"] for row in rows])).values())


async def charged_for_a_trial(db: Database) -> tuple[UUID, Payment]:
    """An account whose trial of telephony is over, and the charge that is under way for what comes after."""
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("lead_ads", 1))
    async with db.transaction(account) as tx:
        await billing.start_trial(tx, billing.Trial("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 7))
    (charge,) = await unpaid(db, account)
    return account, charge


async def test_a_trial_that_was_bought_before_its_charge_came_through_is_bought_once(db: Database) -> None:
    account, charge = await charged_for_a_trial(db)
    bought = await scenes.buy(db, account, ("telephony", 1))

    async with db.transaction(account) as tx:
        await scenes.report(tx, charge)

    assert await scenes.states(db, account) == {"lead_ads": "ACTIVE", "telephony": "ACTIVE"}
    assert await scenes.balance(db, account) == bought.total


async def test_a_trial_that_was_cancelled_before_its_charge_came_through_is_not_bought(db: Database) -> None:
    account, charge = await charged_for_a_trial(db)

    async with db.transaction(account) as tx:
        await billing.cancel(tx, "telephony", immediately=True)
        await scenes.report(tx, charge)

    assert await scenes.states(db, account) == {"lead_ads": "ACTIVE", "telephony": "CANCELLED"}
    assert await scenes.balance(db, account) == charge.amount


async def test_days_are_given_back_once_whichever_change_is_paid_first(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        year, quarter = await begun(tx, ("telephony", 12)), await begun(tx, ("telephony", 3))
        await scenes.report(tx, quarter)
        await scenes.report(tx, year)
        (module,) = await billing.modules(tx)
        spent = await tx.fetchval("SELECT sum(total) FROM invoices WHERE account_id = $1 AND state = 'PAID'", account)

    # A year is bought for today, less what is left of the quarter.
    assert (module.months, module.state) == (12, "ACTIVE")
    assert spent == 300_00 + (810_00 - 300_00) + (2880_00 - 810_00)
    assert await scenes.balance(db, account) == (2880_00 - 300_00) - (2880_00 - 810_00)


async def test_a_quote_from_before_a_trial_takes_no_free_day_away(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await begun(tx, ("telephony", 1))
        await billing.start_trial(tx, billing.Trial("telephony"))
        await scenes.report(tx, payment)
        (module,) = await billing.modules(tx)

    assert (module.state, module.period_start) == ("ACTIVE", date(2026, 2, 7))


async def test_a_card_is_not_charged_again_while_nobody_knows_what_became_of_the_first_charge(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 3, 1))
    (charge,) = await unpaid(db, account)

    async with db.transaction(account) as tx:
        (method,) = await billing.methods(tx)
        by_card = Pay.read({"invoice_id": str(charge.invoice_id), "payment_method_id": str(method.id)}, frozenset())
        assert (await billing.pay(tx, by_card)).payment == charge
        await scenes.report(tx, charge, Rank.FAILED)
        again = (await billing.pay(tx, by_card)).payment

    assert again
    assert again.id != charge.id


@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_first_orders_at_once_the_second_joins_the_grid_of_the_first(db: Database, first: int) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        both = [await begun(tx, ("sales_funnel", 1)), await begun(tx, ("telephony", 3))]
        await scenes.report(tx, both[first])
        await scenes.report(tx, both[1 - first])

    assert await scenes.states(db, account) == {"sales_funnel": "ACTIVE", "telephony": "ACTIVE"}
    assert await scenes.balance(db, account) == 0
