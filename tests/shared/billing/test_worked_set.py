"""The set that was worked by hand, through quotes and payments."""

from datetime import UTC, date, datetime

import pytest

from shared import accounts, billing
from shared.billing import InvoiceState, ModuleState
from shared.clock import first_moment
from shared.db import Database
from tests.shared.billing import scenes


async def test_first_payments_are_evened_out_on_the_grid_of_the_first(db: Database) -> None:
    account = await scenes.account(db, date(2026, 1, 31))

    assert (await scenes.buy(db, account, ("sales_funnel", 1))).total == 500_00
    await scenes.walk(db, account, date(2026, 2, 10))
    assert (await scenes.buy(db, account, ("telephony", 1))).total == 192_86
    ads = await scenes.buy(db, account, ("lead_ads", 12))

    assert ads.total == 1867_40
    assert ads.lines[0].period.end == date(2027, 1, 31)
    assert [one.state for one in await scenes.invoices(db, account)] == [InvoiceState.PAID] * 3
    async with db.transaction(account) as tx:
        seen = await billing.overview(tx)
        assert seen.renews_on == date(2026, 2, 28)
        assert seen.renewal is not None
        assert seen.renewal.total == 800_00
        assert set((await billing.states(tx)).values()) == {ModuleState.ACTIVE}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 28, 21, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), date(2026, 3, 29)),  # of 23 hours
        (datetime(2026, 3, 29, 20, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 24, 20, 59, tzinfo=UTC), date(2026, 10, 24)),
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), date(2026, 10, 25)),  # of 25 hours
        (datetime(2026, 10, 25, 21, 59, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
async def test_a_day_costs_a_day_however_long_it_is(db: Database, at: datetime, day: date) -> None:
    account = await scenes.account(db, date(2026, 1, 31))
    await scenes.buy(db, account, ("sales_funnel", 12))
    async with db.transaction(account) as tx:
        await accounts.set_clock_offset(tx, at - datetime.now(UTC))
        quoted = await scenes.quote(tx, ("telephony", 12))

    assert quoted.effective_on == day
    assert quoted.lines[0].period.days == (date(2027, 1, 31) - day).days
    assert first_moment(date(2026, 3, 31), "Europe/Kyiv") == datetime(2026, 3, 30, 21, tzinfo=UTC)
