"""Accounts that move to another zone, and days of 23 and 25 hours: dates stay, without a gap and without an overlap."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from shared import accounts, billing, schedule
from shared.accounts import AccountChanges
from shared.billing import Rank
from shared.clock import first_moment
from shared.db import Database
from shared.errors import NotAllowedNow
from tests.shared.billing import scenes

EARLIEST, LATEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # 25 hours apart
BOUNDARY = date(2026, 2, 28)


async def move(db: Database, account: UUID, zone: str) -> None:
    async with db.transaction(None) as tx:
        await accounts.update(tx, AccountChanges(account, time_zone=zone))


async def covered(db: Database, account: UUID) -> list[tuple[date, date]]:
    async with db.transaction(account) as tx:
        rows = await tx.fetch("SELECT during FROM coverage WHERE account_id = $1 ORDER BY during", account)
    return [(row["during"].lower, row["during"].upper) for row in rows]


@pytest.mark.parametrize(("lives", "moves"), [(EARLIEST, LATEST), (LATEST, EARLIEST)])
@pytest.mark.parametrize("on", [date(2026, 2, 26), BOUNDARY, date(2026, 3, 1)])
async def test_an_account_that_moves_keeps_its_dates(db: Database, lives: str, moves: str, on: date) -> None:
    account = await scenes.account(db, date(2026, 1, 31), lives)
    await scenes.buy(db, account, ("telephony", 1), ("lead_ads", 3))
    await scenes.walk(db, account, on, lives)

    await move(db, account, moves)
    for day in (date(2026, 3, 4), date(2026, 4, 2), date(2026, 5, 3)):
        await scenes.walk(db, account, day, moves)
        await scenes.charged(db, account, Rank.PAID)

    dates = [date(2026, 1, 31), BOUNDARY, date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
    quarters = [(dates[0], dates[3]), (dates[3], date(2026, 7, 31))]
    assert await covered(db, account) == sorted([*pairwise(dates), *quarters])
    assert [one.due_on for one in await scenes.invoices(db, account)] == dates[:4]


async def test_an_account_does_not_move_while_it_is_renewed(db: Database) -> None:
    account = await scenes.account(db, date(2026, 1, 31))
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        at = first_moment(BOUNDARY, scenes.ZONE)
        await accounts.set_clock_offset(tx, at - datetime.now(UTC))  # the day has come, and nothing was done yet
        await schedule.follow_clock(tx)

    with pytest.raises(NotAllowedNow) as refused:
        await move(db, account, LATEST)
    assert refused.value.reason == "RENEWING"

    await scenes.walk(db, account, date(2026, 3, 1))
    await move(db, account, LATEST)
    assert [one.due_on for one in await scenes.invoices(db, account)] == [date(2026, 1, 31), BOUNDARY]


@pytest.mark.parametrize(
    ("boundary", "begins"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),  # this day has 23 hours
        (date(2026, 10, 25), datetime(2026, 10, 24, 21, tzinfo=UTC)),  # and this one 25
    ],
)
async def test_a_boundary_comes_when_a_short_or_long_day_begins(db: Database, boundary: date, begins: datetime) -> None:
    account = await scenes.account(db, boundary - timedelta(days=10))
    await scenes.buy(db, account, ("telephony", 1))
    async with db.transaction(account) as tx:
        trial = await billing.start_trial(tx, billing.Trial("lead_ads"))
        due = await tx.fetchval("SELECT due_at FROM jobs WHERE ref = $1", trial.id)
        assert due == first_moment(boundary - timedelta(days=3), scenes.ZONE)
        await billing.cancel(tx, "lead_ads", immediately=True)

    async with db.transaction(account) as tx:
        await accounts.set_clock_offset(tx, begins - timedelta(seconds=1) - datetime.now(UTC))
        before = await scenes.quote(tx, ("lead_ads", 1))
        await accounts.set_clock_offset(tx, begins - datetime.now(UTC))
        after = await scenes.quote(tx, ("lead_ads", 1))
        await accounts.set_clock_offset(
            tx, first_moment(boundary + timedelta(days=1), scenes.ZONE) - timedelta(seconds=2) - datetime.now(UTC)
        )
        evening = await scenes.quote(tx, ("lead_ads", 1))

    assert (before.effective_on, after.effective_on) == (boundary - timedelta(days=1), boundary)
    assert before.lines[0].period.days == after.lines[0].period.days + 1
    assert evening.lines == after.lines


@pytest.mark.parametrize(
    ("origin", "ends"),
    [
        (date(2027, 11, 28), [date(2027, 12, 28), date(2028, 1, 28), date(2028, 2, 28), date(2028, 3, 28)]),
        (date(2027, 11, 29), [date(2027, 12, 29), date(2028, 1, 29), date(2028, 2, 29), date(2028, 3, 29)]),
        (date(2026, 11, 29), [date(2026, 12, 29), date(2027, 1, 29), date(2027, 2, 28), date(2027, 3, 29)]),
        (date(2027, 11, 30), [date(2027, 12, 30), date(2028, 1, 30), date(2028, 2, 29), date(2028, 3, 30)]),
        (date(2026, 12, 31), [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]),
    ],
)
async def test_months_end_where_they_end_and_come_back(db: Database, origin: date, ends: list[date]) -> None:
    account = await scenes.account(db, origin)
    await scenes.buy(db, account, ("telephony", 1))
    for end in ends[:-1]:
        await scenes.walk(db, account, end)
        assert await scenes.charged(db, account, Rank.PAID) == 1

    assert await covered(db, account) == list(pairwise([origin, *ends]))


async def test_a_year_from_a_leap_day_ends_on_the_last_of_february_and_the_leap_day_comes_back(db: Database) -> None:
    account = await scenes.account(db, date(2028, 2, 29))
    await scenes.buy(db, account, ("telephony", 12))
    ends = [date(2029, 2, 28), date(2030, 2, 28), date(2031, 2, 28), date(2032, 2, 29)]
    for end in ends[:-1]:
        await scenes.walk(db, account, end)
        assert await scenes.charged(db, account, Rank.PAID) == 1

    assert await covered(db, account) == list(pairwise([date(2028, 2, 29), *ends]))
