"""A worker's heartbeat: a row that its sweeper writes, and by which a worker that sweeps no more is found out."""

from uuid import UUID

from shared.db import Transaction

STALE = 15.0  # seconds; the sweeper beats far more often, whatever it waits for


async def beat(tx: Transaction, worker_id: UUID) -> None:
    await tx.execute(
        """INSERT INTO workers (id)
                VALUES ($1)
           ON CONFLICT (id) DO UPDATE SET beat_at = clock_timestamp()""",
        worker_id,
    )


async def is_stale(tx: Transaction, worker_id: UUID) -> bool:
    """Whether the worker has not swept for long though jobs are due."""
    stale: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT
                            FROM workers
                           WHERE id = $1 AND beat_at < clock_timestamp() - make_interval(secs => $2))
              AND EXISTS (SELECT
                            FROM jobs
                           WHERE state = 'queued' AND run_at < clock_timestamp() - interval '2 seconds'
                             AND (lease_until IS NULL OR lease_until < clock_timestamp()))""",
        worker_id,
        STALE,
    )
    return stale


async def stop(tx: Transaction, worker_id: UUID) -> None:
    """It ended in order: nobody waits for its beat."""
    await tx.execute("DELETE FROM workers WHERE id = $1", worker_id)


async def forget_dead(tx: Transaction) -> None:
    """Workers that were killed leave their rows behind."""
    await tx.execute("DELETE FROM workers WHERE beat_at < clock_timestamp() - interval '1 day'")
