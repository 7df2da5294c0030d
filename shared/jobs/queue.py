"""Asking for work: a row in the transaction of what needs it, and a hint after its commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared import ids
from shared.db import Message, Transaction


@dataclass(frozen=True, slots=True)
class JobDue(Message):
    """A job can be done now."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class New:
    """Work to ask for, now or at `due_at` (the account's time). The same `dedupe_key` again changes nothing.

    `due_on`: the day whose first moment `due_at` is. `real_clock`: the account's own clock does not matter.
    """

    kind: str
    ref: UUID | None = None
    due_at: datetime | None = None
    due_on: date | None = None
    real_clock: bool = False
    dedupe_key: str | None = None
    max_attempts: int = 10


ADD = """
    WITH own AS (  -- locked, and so as it is now: the clock does not move until these jobs can be seen
        SELECT clock_offset FROM account_clocks WHERE account_id = $1 FOR SHARE
    )
    INSERT INTO jobs (id, account_id, kind, dedupe_key, ref, due_at, run_at, max_attempts, due_on, real_clock)
    SELECT new.id, $1, new.kind, new.dedupe_key, new.ref, coalesce(new.due_at, real_now + ahead),
           coalesce(new.due_at - ahead, real_now), new.max_attempts, new.due_on, new.real_clock
      FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[], $7::smallint[], $8::date[],
                  $9::boolean[])
           AS new (id, kind, dedupe_key, ref, due_at, max_attempts, due_on, real_clock),
           LATERAL (SELECT CASE WHEN new.real_clock THEN '0'
                                ELSE coalesce((SELECT clock_offset FROM own), '0') END AS ahead,
                           clock_timestamp() AS real_now) AS clock"""
ONCE = "ON CONFLICT ON CONSTRAINT jobs_once DO NOTHING"


async def add(
    tx: Transaction,
    kind: str,
    *,
    ref: UUID | None = None,
    due_at: datetime | None = None,
    due_on: date | None = None,
    real_clock: bool = False,
    dedupe_key: str | None = None,
    max_attempts: int = 10,
) -> None:
    """Ask for work, as `New` tells."""
    await add_all(tx, [New(kind, ref, due_at, due_on, real_clock, dedupe_key, max_attempts)])


async def add_all(tx: Transaction, wanted: Sequence[New]) -> None:
    """They are written together with whatever else is, unless somebody is to be told of those that are really new."""
    new_ids = [ids.new() for _ in wanted]
    rows = _rows(tx, new_ids, wanted)
    due = [(id, one) for id, one in zip(new_ids, wanted, strict=True) if one.due_at is None]
    if all(one.dedupe_key is None for _, one in due):
        if wanted:
            await tx.later(f"{ADD} {ONCE}", *rows)
        added = set(new_ids)
    else:
        added = {row["id"] for row in await tx.fetch(f"{ADD} {ONCE} RETURNING id", *rows)}
    for id, _ in due:
        if id in added:
            tx.after_commit(JobDue(id))


async def add_for(tx: Transaction, kind: str, ref: UUID, written: str) -> None:
    """Work now, if `ref` is among the ids that a write which waits answers with (`Transaction.later`)."""
    new_ids = [ids.new()]
    await tx.later(f"{ADD} WHERE new.ref IN (SELECT id FROM {written}) {ONCE}", *_rows(tx, new_ids, [New(kind, ref)]))
    tx.after_commit(JobDue(new_ids[0]))  # where there is no job, nobody finds one


def _rows(tx: Transaction, new_ids: Sequence[UUID], wanted: Sequence[New]) -> tuple[object, ...]:
    return (
        tx.account_id,
        list(new_ids),
        [one.kind for one in wanted],
        [one.dedupe_key for one in wanted],
        [one.ref for one in wanted],
        [one.due_at for one in wanted],
        [one.max_attempts for one in wanted],
        [one.due_on for one in wanted],
        [one.real_clock for one in wanted],
    )
