"""Jobs whose hint was lost, those that were given up, and those that are long done."""

from dataclasses import dataclass
from uuid import UUID

from shared.db import Transaction
from shared.jobs.queue import JobDue


async def sweep(tx: Transaction, limit: int = 50) -> list[UUID]:
    """Ids of jobs that are due for more than a second and that nobody has claimed; each at most once a second."""
    rows = await tx.fetch(
        """UPDATE jobs
              SET swept_at = clock_timestamp()
            WHERE id = ANY (ARRAY(  -- as an array it is looked up once, and keeps its limit
                          SELECT id
                            FROM jobs
                           WHERE state = 'queued'
                             AND run_at < clock_timestamp() - interval '1 second'
                             AND (lease_until IS NULL OR lease_until < clock_timestamp())
                             AND (swept_at IS NULL OR swept_at < clock_timestamp() - interval '1 second')
                           ORDER BY run_at
                           LIMIT $1
                             FOR UPDATE SKIP LOCKED))
        RETURNING id""",
        limit,
    )
    return [row["id"] for row in rows]


async def overdue_seconds(tx: Transaction) -> float:
    """For how long the oldest unclaimed job has been due; 0 when there is none."""
    seconds: float = await tx.fetchval(
        """SELECT coalesce(extract(epoch FROM clock_timestamp() - min(run_at)), 0)::float8
             FROM jobs
            WHERE state = 'queued' AND run_at < clock_timestamp()
              AND (lease_until IS NULL OR lease_until < clock_timestamp())"""
    )
    return seconds


async def forget_done(tx: Transaction) -> None:
    """Done jobs are kept for seven days."""
    await tx.execute(
        """DELETE FROM jobs
            WHERE id = ANY (ARRAY(SELECT id FROM jobs
                                   WHERE state = 'done' AND done_at < clock_timestamp() - interval '7 days'
                                   LIMIT 1000))"""
    )


@dataclass(frozen=True, slots=True)
class DeadJob:
    id: UUID
    kind: str
    last_error: str | None


async def dead(tx: Transaction, limit: int = 500) -> list[DeadJob]:
    """Those that were given up, in the order in which they were due."""
    rows = await tx.fetch(
        "SELECT id, kind, last_error FROM jobs WHERE state = 'dead' ORDER BY run_at, id LIMIT $1", limit
    )
    return [DeadJob(**row) for row in rows]


async def revive(tx: Transaction, job_id: UUID) -> bool:
    """Do a dead job once more, as if for the first time; False when there is no such."""
    revived = await tx.fetchval(
        """UPDATE jobs
              SET state = 'queued', attempts = 0, run_at = clock_timestamp()
            WHERE id = $1 AND state = 'dead'
        RETURNING true""",
        job_id,
    )
    if revived:
        tx.after_commit(JobDue(job_id))
    return bool(revived)
