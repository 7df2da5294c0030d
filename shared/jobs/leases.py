"""Claims of jobs: a lease that is renewed while the work goes on, and a token that proves it.

Whoever slept through a lease has lost it: what is written with an old token changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from shared.db import JOB, Database, Transaction
from shared.errors import Unavailable

LEASE = 15.0  # seconds
RENEW_LEASE = 5.0


@dataclass(frozen=True)
class Job:
    """A claimed job. `ref` is the id of what it is about; `token` proves the claim."""

    id: UUID
    account_id: UUID | None
    kind: str
    ref: UUID | None
    due_at: datetime
    attempts: int
    max_attempts: int
    token: UUID


class LeaseLost(Exception):
    """Someone else has claimed the job meanwhile; what was done for it is taken back."""


async def claim(tx: Transaction, job_id: UUID) -> Job | None:
    """Attempts count from here, so that a job which kills its worker comes to an end."""
    row = await tx.fetchrow(
        """UPDATE jobs
              SET attempts = attempts + 1, lease_token = $2,
                  lease_until = clock_timestamp() + make_interval(secs => $3)
            WHERE id = $1 AND state = 'queued' AND run_at <= clock_timestamp()
              AND (lease_until IS NULL OR lease_until < clock_timestamp())
        RETURNING id, account_id, kind, ref, due_at, attempts, max_attempts, lease_token AS token""",
        job_id,
        uuid4(),
        LEASE,
    )
    return Job(**row) if row else None


async def claim_together(tx: Transaction, job_ids: Sequence[UUID], quick: Sequence[str]) -> list[Job]:
    rows = await tx.fetch(
        """UPDATE jobs
              SET attempts = 1, lease_token = $2, lease_until = clock_timestamp() + make_interval(secs => $3)
            WHERE id = ANY (ARRAY(  -- as an array it is looked up once, by the key
                          SELECT id
                            FROM jobs
                           WHERE id = ANY($1::uuid[]) AND kind = ANY($4::text[]) AND state = 'queued' AND attempts = 0
                             AND run_at <= clock_timestamp()
                             AND (lease_until IS NULL OR lease_until < clock_timestamp())
                             FOR UPDATE SKIP LOCKED))
        RETURNING id, account_id, kind, ref, due_at, attempts, max_attempts, lease_token AS token""",
        list(job_ids),
        uuid4(),
        LEASE,
        list(quick),
    )
    return sorted((Job(**row) for row in rows), key=lambda job: (job.due_at, job.id))


async def still_due(tx: Transaction, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those that somebody could claim now, in the order in which they are given."""
    rows = await tx.fetch(
        """SELECT id
             FROM jobs
            WHERE id = ANY($1::uuid[]) AND state = 'queued' AND run_at <= clock_timestamp()
              AND (lease_until IS NULL OR lease_until < clock_timestamp())""",
        list(job_ids),
    )
    return sorted((row["id"] for row in rows), key=list(job_ids).index)


async def put_back(db: Database, claimed: Sequence[Job]) -> None:
    """What was claimed and not begun is as it was."""
    async with db.transaction(None, limits=JOB) as tx:
        await tx.execute(
            """UPDATE jobs SET attempts = 0, lease_until = NULL, lease_token = NULL
                WHERE id = ANY($1::uuid[]) AND lease_token = $2""",
            [job.id for job in claimed],
            claimed[0].token,
        )


async def finish(tx: Transaction, job: Job) -> None:
    done = await tx.last(
        """UPDATE jobs
              SET state = 'done', done_at = clock_timestamp(), lease_until = NULL, lease_token = NULL, last_error = NULL
            WHERE id = $1 AND lease_token = $2
        RETURNING true""",
        job.id,
        job.token,
    )
    if not done:
        raise LeaseLost


@asynccontextmanager
async def leased(db: Database, claimed: Sequence[Job]) -> AsyncIterator[None]:
    """Renews the leases while the work goes on; one that has ended has none to renew."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_LEASE)
            with suppress(Unavailable):
                async with db.transaction(None, limits=JOB) as tx:
                    await tx.execute(
                        """UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => $3)
                            WHERE id = ANY($1::uuid[]) AND lease_token = $2""",
                        [job.id for job in claimed],
                        claimed[0].token,
                        LEASE,
                    )

    if not claimed:
        yield
        return
    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
