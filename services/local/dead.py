"""What was given up: jobs after their last attempt, and calls of payment providers that cannot be applied."""

from uuid import UUID

from shared import jobs, payments
from shared.db import connect


async def listed(dsn: str) -> list[str]:
    """A line each."""
    async with connect(dsn, size=1) as db, db.transaction(None) as tx:
        lines = [f"{one.id}  job  {one.kind}  {one.last_error}" for one in await jobs.dead(tx)]
        return lines + [f"{one.id}  callback  {one.provider}  {one.reason}" for one in await payments.dead(tx)]


async def replayed(dsn: str, id: UUID) -> bool:
    """False when nothing dead has that id."""
    async with connect(dsn, size=1) as db, db.transaction(None) as tx:
        return await jobs.revive(tx, id) or await payments.replay(tx, id)
