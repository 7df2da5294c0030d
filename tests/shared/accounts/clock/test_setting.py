"""Where the clock of a test account may go."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import accounts, ids, jobs
from shared.db import Database
from shared.errors import NotAllowedNow, NotFound
from tests import make
from tests.shared.accounts.clock.clocks import DAY, MOMENT, START, WORK, is_at, now, refused, send


async def test_shows_the_real_time_until_it_is_set(db: Database, account: accounts.Account) -> None:
    assert abs(await now(db, account) - datetime.now(UTC)) < MOMENT


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), START, datetime(9998, 12, 31, 23, tzinfo=UTC)])
async def test_goes_anywhere_the_first_time_when_nothing_was_done(
    db: Database, account: accounts.Account, moment: datetime
) -> None:
    assert await send(db, account, moment) is None

    assert await is_at(db, account, moment)


async def test_goes_forward_only_the_second_time(db: Database, account: accounts.Account) -> None:
    await send(db, account, START)

    assert await refused(db, account.id, START - DAY) == "CLOCK_BACKWARDS"
    assert await is_at(db, account, START)
    assert await send(db, account, START + DAY) is None
    assert await is_at(db, account, START + DAY)


@pytest.mark.parametrize("what", ["a funnel", "a module", "a job"])
async def test_goes_forward_only_when_something_was_done(db: Database, account: accounts.Account, what: str) -> None:
    async with db.transaction(account.id) as tx:
        match what:
            case "a funnel":
                await make.module(tx)
                await make.funnel(tx)
                await tx.execute("DELETE FROM account_modules WHERE account_id = $1", account.id)
            case "a module":
                await make.module(tx)
            case _:
                await jobs.add(tx, WORK)

    assert await refused(db, account.id, START - timedelta(days=3_650)) == "CLOCK_BACKWARDS"


async def test_people_are_nothing_done(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await make.user(tx)

    await send(db, account, START - timedelta(days=3_650))

    assert await is_at(db, account, START - timedelta(days=3_650))


async def test_only_a_test_account_has_one(db: Database) -> None:
    account = await make.account(db)

    assert await refused(db, account.id, START) == "NOT_A_TEST_ACCOUNT"


async def test_there_is_no_clock_of_an_account_that_is_not_there(db: Database) -> None:
    nowhere = ids.new()

    with pytest.raises(NotFound) as refusal:
        async with db.transaction(None) as tx:
            await accounts.set_clock(tx, nowhere, START)

    assert refusal.value.id == nowhere


async def test_events_happen_at_the_account_s_time(db: Database, account: accounts.Account) -> None:
    await send(db, account, START)
    async with db.transaction(account.id) as tx:
        await make.module(tx)
        funnel = await make.funnel(tx)
        await make.deal(tx, funnel)
    await send(db, account, START + DAY)
    async with db.transaction(account.id) as tx:
        await make.deal(tx, funnel)
        at = [row["at"] for row in await tx.fetch("SELECT at FROM events WHERE stream_id = $1 ORDER BY seq", funnel.id)]

    assert [moment.date() for moment in at] == [START.date(), (START + DAY).date()]


async def test_an_offset_is_of_test_accounts_only(db: Database) -> None:
    account = await make.account(db)

    with pytest.raises(NotAllowedNow) as refusal:
        async with db.transaction(account.id) as tx:
            await accounts.set_clock_offset(tx, DAY)

    assert refusal.value.reason == "NOT_A_TEST_ACCOUNT"
