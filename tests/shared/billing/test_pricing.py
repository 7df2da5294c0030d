"""New prices: known a month before, in force from then on, and nothing that runs is touched."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from services.local import prices
from services.local.errors import Refusal
from shared import billing
from shared.db import Database, Transaction
from shared.money import Money
from tests.shared.billing import scenes


async def test_a_price_changes_with_notice_only(tx: Transaction) -> None:
    today = (await tx.now()).date()
    with pytest.raises(ValueError, match="30 days"):  # somewhere that day has begun by then
        await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), today + timedelta(days=30))

    assert await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), today + timedelta(days=32)) == 2
    assert await billing.set_price(tx, "telephony", 1, Money(70_00, "PLN"), today - timedelta(days=1)) == 1
    by_length = {(one.module_code, one.months): one.price for one in await billing.prices(tx, "UAH")}
    assert by_length["telephony", 1] == Money(300_00, "UAH")
    assert [one.price for one in await billing.prices(tx, "PLN")] == [Money(70_00, "PLN")]


async def test_an_operator_is_told_what_is_wrong(dsn: str) -> None:
    since = date(2099, 1, 1)
    for module, interval, amount in (
        ("telepathy", "MONTH", "1.00"),
        ("telephony", "WEEK", "1.00"),
        ("telephony", "MONTH", "1.001"),
    ):
        with pytest.raises(Refusal):
            await prices.set_price(dsn, module, interval, amount, "UAH", since)


@pytest.fixture
async def dearer(db: Database) -> AsyncIterator[None]:
    """Telephony costs more from a day on."""
    async with db.transaction(None) as tx:
        await billing.set_price(tx, "telephony", 1, Money(400_00, "UAH"), date(2090, 2, 28))
    yield
    async with db.pool.acquire() as conn:
        await conn.execute("DELETE FROM module_prices WHERE version > 1")


@pytest.mark.usefixtures("dearer")
@pytest.mark.parametrize("zone", ["Europe/Kyiv", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_a_renewal_goes_by_the_price_of_its_day_wherever_that_begins(db: Database, zone: str) -> None:
    account = await scenes.account(db, date(2090, 1, 31), zone)
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        seen = await billing.overview(tx)
        assert seen.renewal
        assert seen.renewal.total == 400_00

    await scenes.walk(db, account, date(2090, 2, 28), zone)

    # The one that was issued early is the one that is to be paid.
    assert [one.total for one in await scenes.invoices(db, account)] == [300_00, 400_00]


@pytest.mark.usefixtures("dearer")
async def test_a_quote_goes_by_the_price_of_its_day(db: Database) -> None:
    account = await scenes.account(db, date(2090, 2, 27))
    async with db.transaction(account) as tx:
        before = await scenes.quote(tx, ("telephony", 1))
    await scenes.walk(db, account, date(2090, 2, 28))

    async with db.transaction(account) as tx:
        expired = (await scenes.begin(tx, before.id)).expired
        listed = {(one.module_code, one.months): one.price.minor for one in await billing.prices(tx, "UAH")}

    assert expired
    assert (before.total, expired.total, listed["telephony", 1]) == (300_00, 400_00, 400_00)
