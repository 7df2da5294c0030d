"""Money that is taken back unasked, or cannot be paid back: each kopiyka comes from where it went, and once."""

from datetime import date
from uuid import UUID

import pytest

from shared import billing
from shared.billing import InvoiceState, Payment, Rank, Report
from shared.db import Database, Transaction
from shared.errors import NotAllowedNow
from tests.shared.billing import scenes

JANUARY = date(2026, 1, 31)


async def begun(tx: Transaction, *cart: tuple[str, int]) -> Payment:
    payment = (await scenes.begin(tx, (await scenes.quote(tx, *cart)).id)).payment
    assert payment
    return payment


async def paid(tx: Transaction, *cart: tuple[str, int]) -> Payment:
    return await scenes.report(tx, await begun(tx, *cart))


async def money(db: Database, account: UUID) -> dict[str, int]:
    """What is in each book."""
    async with db.transaction(account) as tx:
        rows = await tx.fetch(
            """SELECT book, sum(amount)::bigint AS amount
                 FROM (SELECT to_book AS book, amount FROM ledger WHERE account_id = $1
                       UNION ALL SELECT from_book, -amount FROM ledger WHERE account_id = $1) AS entries
                GROUP BY book""",
            account,
        )
    return {row["book"]: row["amount"] for row in rows}


async def test_the_second_payment_of_an_invoice_goes_back_from_the_balance_alone(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        quoted = await scenes.quote(tx, ("telephony", 1))
        first, second = [(await scenes.begin(tx, quoted.id)).payment for _ in range(2)]
        assert first
        assert second
        await scenes.report(tx, first)
        await scenes.report(tx, second)
        await scenes.report(tx, second, Rank.REFUNDED, 300_00)

    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.PAID]
    assert await money(db, account) == {"OUTSIDE": -300_00, "BALANCE": 0, "INVOICES": 300_00}


async def test_what_was_credited_before_is_taken_back_with_it(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await paid(tx, ("telephony", 1))
        await billing.cancel(tx, "telephony", immediately=True)
        await scenes.report(tx, payment, Rank.REFUNDED, 300_00)

    assert await scenes.balance(db, account) == 0
    assert await money(db, account) == {"OUTSIDE": 0, "BALANCE": 0, "INVOICES": 0}


async def test_what_was_bought_with_money_that_is_taken_back_ends(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        kept = await paid(tx, ("sales_funnel", 1))
        another = await begun(tx, ("telephony", 1))
        await billing.settle(tx, Report(another.id, Rank.PAID, 310_00, "UAH"))
        bought = await billing.pay(
            tx, billing.Pay.read({"quote_id": str((await scenes.quote(tx, ("lead_ads", 1))).id)}, scenes.PROVIDERS)
        )
        assert bought.payment is None
        await billing.settle(tx, Report(another.id, Rank.REFUNDED, 310_00, "UAH", 310_00))

    assert await scenes.states(db, account) == {"sales_funnel": "ACTIVE", "lead_ads": "SUSPENDED"}
    assert await money(db, account) == {"OUTSIDE": -kept.received, "BALANCE": 0, "INVOICES": 500_00}


async def test_a_period_that_was_served_long_ago_suspends_nothing(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await paid(tx, ("telephony", 1))
    await scenes.walk(db, account, date(2026, 2, 28))
    await scenes.charged(db, account, Rank.PAID)
    await scenes.walk(db, account, date(2026, 3, 10))

    async with db.transaction(account) as tx:
        await scenes.report(tx, payment, Rank.REFUNDED, 300_00)
        covered = await tx.fetch("SELECT during FROM coverage WHERE account_id = $1 ORDER BY during", account)

    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}
    assert [(row["during"].lower, row["during"].upper) for row in covered] == [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
    ]
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.UNCOLLECTIBLE, InvoiceState.PAID]


async def test_parts_that_are_taken_back_one_after_another_are_counted_once(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await paid(tx, ("telephony", 1))
        for refunded in (100_00, 100_00, 250_00, 200_00, 300_00):
            await scenes.report(tx, payment, Rank.PARTIALLY_REFUNDED, refunded)

    assert await scenes.states(db, account) == {"telephony": "SUSPENDED"}
    assert await money(db, account) == {"OUTSIDE": 0, "INVOICES": 0}


async def test_nothing_is_paid_back_that_was_taken_back_already(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        quoted = await scenes.quote(tx, ("telephony", 1))
        for payment in [(await scenes.begin(tx, quoted.id)).payment for _ in range(3)]:
            assert payment
            await scenes.report(tx, payment)
        assert payment
        await scenes.report(tx, payment, Rank.REFUNDED, 300_00)
        with pytest.raises(NotAllowedNow) as refused:
            async with tx.attempt():
                await billing.refund(tx, billing.Refund(payment.id, "0.01", "UAH", "Двічі"))
    assert refused.value.reason == "TOO_MUCH"

    assert await scenes.balance(db, account) == 300_00


async def test_more_than_was_asked_for_can_go_back(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await begun(tx, ("telephony", 1))
        await billing.settle(tx, Report(payment.id, Rank.PAID, 600_00, "UAH"))
        after = await billing.settle(tx, Report(payment.id, Rank.REFUNDED, 600_00, "UAH", 600_00))

    assert (after.state, after.refunded) == (Rank.REFUNDED, 600_00)
    assert await scenes.balance(db, account) == 0


async def test_a_refund_that_the_provider_refuses_is_balance_again(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    async with db.transaction(account) as tx:
        payment = await paid(tx, ("telephony", 1))
        await billing.cancel(tx, "telephony", immediately=True)
        await billing.refund(tx, billing.Refund(payment.id, "200.00", "UAH", "Прохання"))
        refund_id = await tx.fetchval("SELECT id FROM refunds WHERE account_id = $1", account)
        assert (await billing.overview(tx)).balance == 100_00
        for _ in range(2):
            await billing.refund_refused(tx, refund_id, "no money")

        assert (await billing.overview(tx)).balance == 300_00
        await billing.refund(tx, billing.Refund(payment.id, "300.00", "UAH", "Прохання"))
        assert (await billing.overview(tx)).balance == 0
