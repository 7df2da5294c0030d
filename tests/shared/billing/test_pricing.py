"""New prices: known a month before, in force from then on, and nothing that runs is touched."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.local import prices
from services.local.errors import Refusal
from shared import billing
from shared.db import Database, Transaction
from shared.money import Money
from tests.shared.billing import scenes


async def test_a_price_changes_with_notice_only(tx: Transaction) -> None:
    now = await tx.now()
    with pytest.raises(ValueError, match="30 days"):
        await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), now + timedelta(days=29))

    assert await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), now + timedelta(days=31)) == 2
    assert await billing.set_price(tx, "telephony", 1, Money(70_00, "PLN"), now) == 1
    by_length = {(one.module_code, one.months): one.price for one in await billing.prices(tx, "UAH")}
    assert by_length["telephony", 1] == Money(300_00, "UAH")
    assert [one.price for one in await billing.prices(tx, "PLN")] == [Money(70_00, "PLN")]


async def test_an_operator_is_told_what_is_wrong(dsn: str) -> None:
    since = datetime(2099, 1, 1)  # noqa: DTZ001  # as a command line gives it
    for module, interval, amount in (
        ("telepathy", "MONTH", "1.00"),
        ("telephony", "WEEK", "1.00"),
        ("telephony", "MONTH", "1.001"),
    ):
        with pytest.raises(Refusal):
            await prices.set_price(dsn, module, interval, amount, "UAH", since)


async def test_the_next_renewal_goes_by_the_price_of_its_day(db: Database) -> None:
    account = await scenes.account(db, date(2090, 1, 31))
    await scenes.buy(db, account, ("telephony", 1))
    try:
        async with db.transaction(None) as tx:
            await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), datetime(2090, 2, 20, tzinfo=UTC))
        async with db.transaction(account) as tx:
            seen = await billing.overview(tx)
            assert seen.renewal
            assert seen.renewal.total == 400_00
        await scenes.walk(db, account, date(2090, 2, 28))
        assert [one.total for one in await scenes.invoices(db, account)] == [300_00, 400_00]
    finally:
        async with db.pool.acquire() as conn:
            await conn.execute("DELETE FROM module_prices WHERE version > 1")
