"""The invoice of a renewal stands some days before its boundary: it can be paid then, and follows what is changed."""

from datetime import date

import pytest

from shared import billing
from shared.billing import Invoice, InvoiceState, Pay, Rank
from shared.db import Database, Transaction
from tests.shared.billing import scenes

JANUARY, EARLY, BOUNDARY = date(2026, 1, 31), date(2026, 2, 25), date(2026, 2, 28)
OPEN, VOID, PAID = InvoiceState.OPEN, InvoiceState.VOID, InvoiceState.PAID


async def seen(tx: Transaction) -> list[tuple[int, str]]:
    return [(one.total, one.state) for one in reversed(await billing.invoice_page(tx, None, 50))]


async def pay(tx: Transaction, invoice: Invoice) -> None:
    wanted = Pay.read({"invoice_id": str(invoice.id), **scenes.BY_PAGE}, scenes.PROVIDERS)
    payment = (await billing.pay(tx, wanted)).payment
    assert payment
    await scenes.report(tx, payment)


async def test_it_is_issued_three_days_before_and_nothing_is_charged_for_it(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))

    await scenes.walk(db, account, date(2026, 2, 24))
    assert len(await scenes.invoices(db, account)) == 1
    await scenes.walk(db, account, date(2026, 2, 27))
    assert await scenes.charged(db, account, Rank.PAID) == 0

    _, early = await scenes.invoices(db, account)
    assert (early.state, early.issued_on, early.due_on, early.total) == (OPEN, EARLY, BOUNDARY, 300_00)
    assert await scenes.states(db, account) == {"telephony": "ACTIVE"}
    await scenes.walk(db, account, BOUNDARY)
    assert await scenes.charged(db, account, Rank.PAID) == 1
    assert [one.number for one in await scenes.invoices(db, account)] == [1, 2]
    async with db.transaction(account) as tx:
        (module,) = await billing.modules(tx)
    assert (module.state, module.period_start, module.period_end) == ("ACTIVE", BOUNDARY, date(2026, 3, 31))


async def test_what_is_paid_early_is_renewed_and_can_be_given_back(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, EARLY)
    async with db.transaction(account) as tx:
        newest, *_ = await billing.invoice_page(tx, None, 1)
        await pay(tx, newest)

    await scenes.walk(db, account, date(2026, 2, 27))
    async with db.transaction(account) as tx:
        (module,) = await billing.modules(tx)
        assert (module.state, module.period_end) == ("ACTIVE", date(2026, 3, 31))
        await billing.cancel(tx, "telephony", immediately=True)
        assert await seen(tx) == [(300_00, PAID), (300_00, PAID)]
    assert await scenes.balance(db, account) == 300_00 + 10_71  # 1/28


async def test_it_follows_what_is_cancelled_resumed_and_changed(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 1))
    await scenes.walk(db, account, EARLY)
    async with db.transaction(account) as tx:
        assert await seen(tx) == [(500_00, PAID), (500_00, OPEN)]
        await billing.cancel(tx, "telephony", immediately=False)
        assert (await seen(tx))[1:] == [(500_00, VOID), (200_00, OPEN)]
        await billing.change_interval(tx, "lead_ads", 3)
        assert (await seen(tx))[2:] == [(200_00, VOID), (540_00, OPEN)]
        await billing.resume(tx, "telephony")
        assert (await seen(tx))[3:] == [(540_00, VOID), (840_00, OPEN)]
        await billing.change_interval(tx, "lead_ads", 3)
        assert len(await seen(tx)) == 5
        await billing.cancel(tx, "telephony", immediately=True)
        await billing.cancel(tx, "lead_ads", immediately=False)
        assert [state for _, state in await seen(tx)] == [PAID, VOID, VOID, VOID, VOID, VOID]

    await scenes.walk(db, account, BOUNDARY)
    assert await scenes.states(db, account) == {"telephony": "CANCELLED", "lead_ads": "CANCELLED"}
    assert len(await scenes.invoices(db, account)) == 6


async def test_what_is_connected_meanwhile_is_renewed_with_the_others(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    await scenes.walk(db, account, EARLY)

    await scenes.buy(db, account, ("lead_ads", 1))

    async with db.transaction(account) as tx:
        assert await seen(tx) == [(300_00, PAID), (300_00, VOID), (21_43, PAID), (500_00, OPEN)]
    await scenes.walk(db, account, BOUNDARY)
    assert await scenes.charged(db, account, Rank.PAID) == 1
    assert set((await scenes.states(db, account)).values()) == {"ACTIVE"}
    assert len(await scenes.invoices(db, account)) == 4


async def test_what_came_to_the_balance_meanwhile_pays_at_the_boundary(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 12))
    await scenes.walk(db, account, EARLY)
    async with db.transaction(account) as tx:
        await billing.cancel(tx, "lead_ads", immediately=True)
        assert (await billing.overview(tx)).renewal

    await scenes.walk(db, account, BOUNDARY)

    async with db.transaction(account) as tx:
        assert (await seen(tx))[1:] == [(300_00, VOID), (300_00, PAID)]


async def test_what_the_balance_will_pay_is_paid_on_the_boundary_itself(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 12))
    async with db.transaction(account) as tx:
        await billing.cancel(tx, "lead_ads", immediately=True)

    await scenes.walk(db, account, date(2026, 2, 27))
    assert len(await scenes.invoices(db, account)) == 1
    await scenes.walk(db, account, BOUNDARY)

    assert [one.state for one in await scenes.invoices(db, account)] == [PAID, PAID]


@pytest.mark.parametrize("gives", [0, 100_00])
async def test_the_next_renewal_is_shown_with_what_the_balance_gave_for_it(db: Database, gives: int) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        if gives:
            payment = (await scenes.begin(tx, (await scenes.quote(tx, ("lead_ads", 1))).id)).payment
            assert payment
            await billing.settle(tx, billing.Report(payment.id, Rank.PAID, gives, "UAH"))
    await scenes.walk(db, account, EARLY)

    async with db.transaction(account) as tx:
        renewal = (await billing.overview(tx)).renewal
    assert renewal
    assert (renewal.total, renewal.from_balance) == (300_00, gives)
    assert (await scenes.invoices(db, account))[-1].from_balance == gives


async def test_a_module_that_leaves_in_grace_gives_the_others_no_more_of_it(db: Database) -> None:
    account = await scenes.account(db, JANUARY)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 1))
    await scenes.walk(db, account, date(2026, 3, 6))
    async with db.transaction(account) as tx:
        await billing.cancel(tx, "telephony", immediately=True)
        assert (await seen(tx))[1:] == [(500_00, VOID), (200_00, OPEN)]

    await scenes.walk(db, account, date(2026, 3, 7))

    assert await scenes.states(db, account) == {"telephony": "CANCELLED", "lead_ads": "SUSPENDED"}
