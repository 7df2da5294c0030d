"""Jobs that tests ask for, and their rows."""

from typing import Any
from uuid import UUID

import asyncpg

from shared import accounts, jobs
from shared.db import Database, Record
from shared.jobs import JobDue

WORK = "tests.work"


async def asked(db: Database, account: accounts.Account, **how: Any) -> UUID:
    """The id of a committed job."""
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK, **how)
        (message,) = tx.outgoing
    assert isinstance(message, JobDue)
    return message.job_id


async def row(real: asyncpg.Connection, job_id: UUID) -> Record:
    found = await real.fetchrow("SELECT * FROM jobs WHERE id = $1", job_id)
    assert found is not None
    return found


async def lose_lease(real: asyncpg.Connection, job_id: UUID) -> None:
    await real.execute("UPDATE jobs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1", job_id)
