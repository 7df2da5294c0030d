"""Jobs that nobody was told of, and those that are long done."""

import asyncpg

from shared import accounts, jobs
from shared.db import Database
from tests.shared.jobs.rows import asked


async def test_sweeps_for_what_is_due_for_more_than_a_second_and_unclaimed(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    states = {
        "due": "run_at = clock_timestamp() - interval '5 s'",
        "just due": "run_at = clock_timestamp()",
        "later": "run_at = clock_timestamp() + interval '5 s'",
        "claimed": "run_at = clock_timestamp() - interval '5 s', lease_until = clock_timestamp() + interval '9 s'",
        "abandoned": "run_at = clock_timestamp() - interval '9 s', lease_until = clock_timestamp() - interval '1 s'",
        "done": "run_at = clock_timestamp() - interval '5 s', state = 'done'",
        "dead": "run_at = clock_timestamp() - interval '5 s', state = 'dead'",
    }
    made = {name: await asked(db, account) for name in states}
    for name, state in states.items():
        await real.execute(f"UPDATE jobs SET {state} WHERE id = $1", made[name])

    async with db.transaction(None) as tx:
        assert set(await jobs.sweep(tx)) == {made["due"], made["abandoned"]}
    async with db.transaction(None) as tx:
        assert await jobs.sweep(tx) == []  # each at most once a second
    await real.execute("UPDATE jobs SET swept_at = swept_at - interval '1 s'")
    async with db.transaction(None) as tx:
        assert await jobs.sweep(tx, limit=1) == [made["abandoned"]]  # the oldest first
        async with db.transaction(None) as other:
            assert await jobs.sweep(other) == [made["due"]]  # sweepers do not wait for each other


async def test_says_for_how_long_the_oldest_has_been_due(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    async with db.reading(None) as tx:
        assert await jobs.overdue_seconds(tx) == 0
    await asked(db, account)
    await real.execute("UPDATE jobs SET run_at = clock_timestamp() - interval '1 h'")
    async with db.reading(None) as tx:
        assert await jobs.overdue_seconds(tx) >= 3_600


async def test_forgets_what_was_done_seven_days_ago(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    old, young = await asked(db, account), await asked(db, account)
    for job_id, days in ((old, 7), (young, 6)):
        await real.execute(
            "UPDATE jobs SET state = 'done', done_at = clock_timestamp() - make_interval(days => $2) WHERE id = $1",
            job_id,
            days,
        )

    async with db.transaction(None) as tx:
        await jobs.forget_done(tx)

    assert [kept["id"] for kept in await real.fetch("SELECT id FROM jobs")] == [young]
