"""A clock that walks meets failures, killed workers and a second walker."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest

from shared import accounts, ids, jobs
from shared.accounts import clock
from shared.db import Database
from shared.jobs import Job
from tests.shared.accounts.clock.clocks import (
    DAY,
    START,
    WORK,
    Diary,
    is_at,
    is_walking,
    next_turn,
    plan,
    send,
)
from tests.worker.processes import eventually


async def test_passes_by_what_goes_on_failing(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    poison, good = await plan(db, account, START + DAY, START + 2 * DAY)
    diary.failing = {poison}
    await real.execute("UPDATE jobs SET attempts = 2 WHERE ref = $1", poison)

    walk = await send(db, account, START + 3 * DAY)
    assert walk is not None
    await real.execute("UPDATE jobs SET run_at = clock_timestamp() WHERE ref = $1", poison)
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [good]
    assert await is_at(db, account, START + 3 * DAY)
    kept = await real.fetchrow("SELECT state, attempts FROM jobs WHERE ref = $1", poison)
    assert kept is not None
    assert (kept["state"], kept["attempts"]) == ("queued", 3)


async def test_asks_for_another_turn_when_the_first_is_over(
    db: Database,
    account: accounts.Account,
    diary: Diary,
    real: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await send(db, account, START)
    (job,) = await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    with monkeypatch.context() as hurried:
        hurried.setattr(clock, "TURN", 0.0)
        await jobs.perform(db, diary.kinds, walk)
    assert (diary.done, await is_walking(db, account)) == ([], True)
    assert await real.fetchval("SELECT state FROM jobs WHERE id = $1", walk) == "done"
    await jobs.perform(db, diary.kinds, await next_turn(real))

    assert [ref for ref, _ in diary.done] == [job]
    assert await is_at(db, account, START + 2 * DAY)


async def test_goes_on_where_a_killed_worker_left_it(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    first, second = await plan(db, account, START + DAY, START + 2 * DAY)
    diary.slow = {second}
    walk = await send(db, account, START + 3 * DAY)
    assert walk is not None
    walking = asyncio.create_task(jobs.perform(db, diary.kinds, walk))
    await eventually(
        lambda: real.fetchval("SELECT lease_token IS NOT NULL FROM jobs WHERE ref = $1", second), "the second job"
    )
    walking.cancel()
    with suppress(asyncio.CancelledError):
        await walking
    assert await is_at(db, account, START + 2 * DAY)

    diary.slow = set()
    await real.execute("UPDATE jobs SET lease_until = clock_timestamp()")
    assert await jobs.perform(db, diary.kinds, walk) is True

    assert [ref for ref, _ in diary.done] == [first, second]
    assert await is_at(db, account, START + 3 * DAY)


async def test_two_who_walk_at_once_do_everything_once(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    planned = await plan(db, account, *(START + hour * timedelta(hours=1) for hour in range(1, 10)))
    walk = await send(db, account, START + DAY)
    assert walk is not None
    job = Job(walk, account.id, accounts.WALK, None, START, 1, 10, ids.new())

    await asyncio.gather(*(accounts.walk(db, diary.kinds, job) for _ in range(2)))

    assert [ref for ref, _ in diary.done] == planned
    assert await is_at(db, account, START + DAY)


async def test_a_walk_that_fails_for_good_ends_where_it_stands(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None
    await real.execute("UPDATE jobs SET attempts = max_attempts WHERE id = $1", walk)

    await jobs.perform(db, diary.kinds, walk)

    assert await is_at(db, account, START)
    assert not await is_walking(db, account)


async def test_no_job_is_put_on_a_clock_that_has_just_moved(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK, due_at=START + DAY)
        await tx.flush()  # from now on it is there, and nobody sees it yet
        sending = asyncio.create_task(send(db, account, START + 2 * DAY))
        waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
        await eventually(lambda: real.fetchval(waits), "the wait for the job")

    walk = await sending
    assert walk is not None  # it waited for the job, and saw it
    await jobs.perform(db, diary.kinds, walk)
    assert len(diary.done) == 1
