"""What was given up is seen, and done again."""

from services.local import dead
from shared import accounts, ids, jobs
from shared.db import Database


async def test_a_dead_job_is_listed_until_it_is_replayed(db: Database, dsn: str, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, "tests.nothing", dedupe_key="dead")
        job_id = await tx.fetchval(
            """UPDATE jobs SET state = 'dead', attempts = 10, last_error = 'no luck'
                WHERE account_id = $1 RETURNING id""",
            account.id,
        )

    assert f"{job_id}  job  tests.nothing  no luck" in await dead.listed(dsn)
    assert await dead.replayed(dsn, job_id) is True
    assert not any(str(job_id) in line for line in await dead.listed(dsn))
    assert await dead.replayed(dsn, job_id) is False
    assert await dead.replayed(dsn, ids.new()) is False
    async with db.transaction(account.id) as tx:
        kept = await tx.fetchrow("SELECT state, attempts FROM jobs WHERE id = $1", job_id)
    assert kept is not None
    assert tuple(kept) == ("queued", 0)
