"""The set that was worked by hand, through quotes and payments."""

from datetime import date

from shared import billing
from shared.billing import InvoiceState, ModuleState
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
