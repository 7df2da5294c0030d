"""What is done on the way of a clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from shared import accounts, ids, jobs
from shared.db import Database, Transaction
from shared.jobs import Job, Kind
from tests.shared.accounts.clock.clocks import (
    DAY,
    MOMENT,
    START,
    WORK,
    Diary,
    is_at,
    is_walking,
    now,
    plan,
    refused,
    send,
)


async def test_does_what_falls_due_in_order_each_at_its_time(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    third, first, second, later = await plan(
        db, account, START + 3 * DAY, START + DAY, START + 2 * DAY, START + 9 * DAY
    )

    walk = await send(db, account, START + 5 * DAY)
    assert walk is not None
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [first, second, third]
    for (_, at), day in zip(diary.done, (1, 2, 3), strict=True):
        assert START + day * DAY <= at < START + day * DAY + MOMENT
    assert await is_at(db, account, START + 5 * DAY)
    assert not await is_walking(db, account)
    left = await real.fetchval("SELECT run_at - clock_timestamp() FROM jobs WHERE ref = $1", later)
    assert 4 * DAY - MOMENT < left < 4 * DAY


async def test_does_what_becomes_due_on_the_way(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    first, last = await plan(db, account, START + DAY, START + 3 * DAY)
    between = ids.new()

    async def ask_for_more(tx: Transaction, job: Job) -> None:
        await diary.write(tx, job)
        if job.ref == first:
            await jobs.add(tx, WORK, ref=between, due_at=START + 2 * DAY)

    walk = await send(db, account, START + 4 * DAY)
    assert walk is not None
    await jobs.perform(db, {**diary.kinds, WORK: Kind(ask_for_more)}, walk)

    assert [ref for ref, _ in diary.done] == [first, between, last]


async def test_does_first_what_is_due_already(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    (later,) = await plan(db, account, START + DAY)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK)

    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [None, later]
    assert diary.done[0][1] < START + MOMENT


async def test_leaves_jobs_of_the_real_clock_alone(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    soon = datetime.now(UTC) + timedelta(hours=1)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK, due_at=soon, real_clock=True)

    assert await send(db, account, START + 5 * DAY) is None

    kept = await real.fetchrow("SELECT due_at, run_at FROM jobs")
    assert kept is not None
    assert (kept["due_at"], kept["run_at"]) == (soon, soon)


async def test_is_not_set_again_while_it_walks(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    assert await refused(db, account.id, START + 3 * DAY) == "CLOCK_WALKING"
    await jobs.perform(db, diary.kinds, walk)

    assert await send(db, account, START + 3 * DAY) is None


async def test_never_falls_while_it_walks(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    await plan(db, account, *(START + hour * timedelta(hours=1) for hour in range(40)))
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    walking = asyncio.create_task(jobs.perform(db, diary.kinds, walk))
    shown = []
    while not walking.done():
        shown.append(await now(db, account))
    await walking

    assert shown == sorted(shown)
    assert len(diary.done) == 40
    assert len({moment.date() for moment in shown}) > 1  # it was seen on its way
