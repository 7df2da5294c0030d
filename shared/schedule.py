"""An account's jobs on its own clock: which is due first, and what becomes of them when the clock or the zone is set.

Jobs hold `due_at` in the account's time, and when that is on the real clock in `run_at`, by which workers go. Jobs of
the real clock (`real_clock`) are left alone. Lock the account's clock first: no job is added then.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.clock import first_moment
from shared.db import Transaction

PATIENCE = 3  # attempts for which the jobs behind one that fails wait for it


@dataclass(frozen=True)
class Due:
    """A job that waits, or is being done. `due_at`: in the account's time."""

    id: UUID
    due_at: datetime


async def were_any(tx: Transaction) -> bool:
    """Whether there are, or of late were, jobs of the account."""
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM jobs WHERE account_id = $1)", tx.account_id)
    return found


async def is_behind(tx: Transaction) -> bool:
    """Whether something that was due when a day began is still to be done."""
    found: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT
                            FROM jobs
                           WHERE account_id = $1 AND state = 'queued' AND due_on IS NOT NULL
                             AND due_at <= account_now())""",
        tx.account_id,
    )
    return found


async def earliest_due(tx: Transaction, until: datetime) -> Due | None:
    """The account's first job in the order of its clock. One that goes on failing is passed over."""
    row = await tx.fetchrow(
        """SELECT id, due_at
             FROM jobs
            WHERE account_id = $1 AND state = 'queued' AND NOT real_clock AND due_at <= $2
              AND (attempts < $3 OR lease_until > clock_timestamp())
            ORDER BY due_at, id
            LIMIT 1""",
        tx.account_id,
        until,
        PATIENCE,
    )
    return Due(**row) if row else None


async def follow_clock(tx: Transaction) -> None:
    """The account's clock was set: what waits for it runs when it says so. What has failed keeps its pause."""
    await tx.execute(
        """UPDATE jobs SET run_at = due_at - account_offset()
            WHERE account_id = $1 AND state = 'queued' AND attempts = 0 AND NOT real_clock""",
        tx.account_id,
    )


async def follow_zone(tx: Transaction, zone: str) -> None:
    """The account lives in another zone: what is due on a day is due at that day's first moment there."""
    rows = await tx.fetch(
        """SELECT id, due_on FROM jobs
            WHERE account_id = $1 AND state = 'queued' AND attempts = 0 AND due_on IS NOT NULL
            ORDER BY id
              FOR UPDATE""",
        tx.account_id,
    )
    await tx.executemany(
        "UPDATE jobs SET due_at = $2, run_at = $2::timestamptz - account_offset() WHERE id = $1",
        [(row["id"], first_moment(row["due_on"], zone)) for row in rows],
    )
