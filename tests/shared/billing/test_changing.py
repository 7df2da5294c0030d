"""Cancelling, changing, trials, and money that is not as it was asked for."""

from datetime import date

import asyncpg
import pytest

from shared import billing
from shared.billing import InvoiceState, Rank, Report
from shared.db import Database, Transaction
from shared.errors import NotAllowedNow
from tests.shared.billing import scenes

JANUARY = date(2026, 1, 31)


async def test_unused_days_become_balance_when_a_module_ends_at_once(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 10))

    async with db.transaction(account) as tx:
        done = await billing.cancel(tx, "telephony", immediately=True)

    assert done.credit_note
    assert done.credit_note.total == 192_86
    assert await scenes.balance(db, account) == 192_86
    assert await scenes.states(db, account) == {"telephony": "CANCELLED"}


async def test_a_module_that_is_cancelled_ends_on_its_boundary_unless_it_is_resumed(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 1))
    async with db.transaction(account) as tx:
        await billing.cancel(tx, "telephony", immediately=False)
        await billing.cancel(tx, "lead_ads", immediately=False)
        await billing.resume(tx, "lead_ads")

    await scenes.walk(db, account, date(2026, 2, 28))

    assert await scenes.states(db, account) == {"telephony": "CANCELLED", "lead_ads": "PAST_DUE"}
    assert (await scenes.invoices(db, account))[-1].total == 200_00
    async with db.transaction(account) as tx:
        with pytest.raises(NotAllowedNow):
            await billing.resume(tx, "telephony")


async def test_a_longer_interval_at_once_takes_off_what_is_unused(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 10))

    changed = await scenes.buy(db, account, ("telephony", 12))

    assert [line.amount for line in changed.lines] == [-192_86, 2801_10]  # 355/365 of 2880.00
    async with db.transaction(account) as tx:
        (module,) = await billing.modules(tx)
    assert (module.months, module.period_end) == (12, date(2027, 1, 31))


async def test_an_interval_changes_at_the_next_boundary(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        await billing.change_interval(tx, "telephony", 3)

    await scenes.walk(db, account, date(2026, 2, 28))
    await scenes.charged(db, account, Rank.PAID)

    async with db.transaction(account) as tx:
        (module,) = await billing.modules(tx)
    assert (module.months, module.next_months, module.period_end) == (3, None, date(2026, 5, 31))
    assert (await scenes.invoices(db, account))[-1].total == 810_00


async def test_what_is_bought_in_a_trial_is_paid_from_its_end(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        await billing.start_trial(tx, billing.Trial("telephony"))

    quoted = await scenes.buy(db, account, ("telephony", 1))

    assert (quoted.total, quoted.lines[0].period.start) == (300_00, date(2026, 2, 7))
    async with db.transaction(account) as tx:
        (module,) = await billing.modules(tx)
    assert (module.state, module.period_start, module.period_end) == ("ACTIVE", date(2026, 2, 7), date(2026, 3, 7))


@pytest.mark.parametrize(("rank", "state"), [(Rank.PAID, "ACTIVE"), (Rank.FAILED, "CANCELLED")])
async def test_a_trial_is_bought_at_its_end_with_the_default_card(db: Database, rank: Rank, state: str) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("lead_ads", 1))
    async with db.transaction(account) as tx:
        await billing.start_trial(tx, billing.Trial("telephony", 1))

    await scenes.walk(db, account, date(2026, 2, 7))
    assert await scenes.charged(db, account, rank) == 1

    assert (await scenes.states(db, account))["telephony"] == state


async def test_reports_in_any_order_and_number_pay_once(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = (await scenes.begin(tx, (await scenes.quote(tx, ("telephony", 1))).id)).payment
        assert payment
        for rank in (Rank.FAILED, Rank.PAID, Rank.PENDING, Rank.PAID, Rank.FAILED, Rank.CREATED):
            await scenes.report(tx, payment, rank)
        after = (await billing.get_payments(tx, [payment.id]))[payment.id]
        entries = await tx.fetch("SELECT kind, from_book, to_book, amount FROM ledger WHERE account_id = $1", account)

    assert after.state is Rank.PAID
    assert [tuple(row) for row in entries] == [("received", "OUTSIDE", "INVOICES", 300_00)]


async def test_another_amount_is_balance_and_opens_nothing(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = (await scenes.begin(tx, (await scenes.quote(tx, ("telephony", 1))).id)).payment
        assert payment
        await billing.settle(tx, Report(payment.id, Rank.PAID, 299_99, "UAH"))

    assert await scenes.balance(db, account) == 299_99
    assert await scenes.states(db, account) == {}
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.OPEN]


async def test_the_second_payment_of_an_invoice_is_balance(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        quoted = await scenes.quote(tx, ("telephony", 1))
        begun = [(await scenes.begin(tx, quoted.id)).payment for _ in range(2)]
        for payment in begun:
            assert payment
            await scenes.report(tx, payment)

    assert await scenes.balance(db, account) == 300_00
    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}


async def test_a_quote_that_has_run_out_is_answered_with_a_fresh_one(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("sales_funnel", 1))
    async with db.transaction(account) as tx:
        old = await scenes.quote(tx, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 10))

    async with db.transaction(account) as tx:
        answered = await scenes.begin(tx, old.id)

    assert answered.expired
    assert (answered.expired.total, answered.payment, answered.invoice) == (192_86, None, None)


async def test_a_chargeback_suspends_what_it_had_paid(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = (await scenes.begin(tx, (await scenes.quote(tx, ("telephony", 1))).id)).payment
        assert payment
        await scenes.report(tx, payment)
        await scenes.report(tx, payment, Rank.REFUNDED, 300_00)

    assert await scenes.states(db, account) == {"telephony": "SUSPENDED"}
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.UNCOLLECTIBLE]


async def test_finalised_papers_cannot_be_changed(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 10))
    async with db.transaction(account) as tx:
        await billing.cancel(tx, "telephony", immediately=True)

    async def change(tx: Transaction, what: str) -> None:
        with pytest.raises(asyncpg.RaiseError):
            async with tx.attempt():
                await tx.execute(f"{what} WHERE account_id = $1", account)

    async with db.transaction(account) as tx:
        await change(tx, "UPDATE invoices SET total = 1")
        await change(tx, "UPDATE invoices SET state = 'OPEN'")
        await change(tx, "UPDATE invoice_lines SET amount = 1")
        await change(tx, "UPDATE ledger SET amount = 1")
        await change(tx, "UPDATE quotes SET total = 1")
        await change(tx, "UPDATE quotes SET lines = '[]'")
        await change(tx, "UPDATE credit_notes SET total = 1")
        await change(tx, "UPDATE line_credits SET amount = 1")
