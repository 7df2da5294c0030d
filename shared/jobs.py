"""Work that is done later: rows, inserted in the transaction of what needs them.

A message to a worker is a hint with the row's id. Whoever performs a job claims its row first, with a lease and a
fencing token, and returns quietly when there is nothing left to do. The work and its end are one transaction that
needs the token to be still its own: a worker that slept through its lease cannot commit.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from uuid import UUID, uuid4

import structlog

from shared import ids
from shared.db import JOB, Database, Message, Transaction
from shared.errors import Unavailable

LEASE = 15.0  # seconds
RENEW_LEASE = 5.0
TURN = 10.0  # after so long, whoever does several begins no other
TIME_LIMIT = 20.0  # no job works longer: a long one keeps its place and asks for another turn
LONGEST_PAUSE = 300.0
LONGEST_ERROR = 2_000

log = structlog.get_logger()


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


@dataclass(frozen=True)
class Kind:
    """What a kind of job does, and what is done when it has failed for the last time.

    `before`: what it does in transactions of its own, before the one that ends it; it is done again when a worker dies.
    """

    perform: Callable[[Transaction, Job], Awaitable[None]]
    give_up: Callable[[Transaction, Job, str], Awaitable[None]] | None = None
    before: "Callable[[Database, Kinds, Job], Awaitable[None]] | None" = None


Kinds = Mapping[str, Kind]


async def _nobody_knows(_tx: Transaction, job: Job) -> None:
    raise LookupError(f"This worker knows no kind of job called {job.kind}.")


UNKNOWN = Kind(_nobody_knows)  # tried again as any other: a newer worker may know it


@dataclass(frozen=True, slots=True)
class JobDue(Message):
    """A job can be done now."""

    job_id: UUID


class LeaseLost(Exception):
    """Someone else has claimed the job meanwhile; what was done for it is taken back."""


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


async def perform(db: Database, kinds: Kinds, job_id: UUID, seconds: float = TIME_LIMIT) -> bool:
    """Claim the job and do it, within so many seconds; False when there was nothing to do.

    A failure is written to the job, which is tried again after a pause, and is dead after its last attempt.
    """
    async with db.transaction(None, limits=JOB) as tx:
        job = await _claim(tx, job_id)
    if job is None:
        return False
    async with _leased(db, [job]):
        await _work(db, kinds, job, seconds)
    return True


async def perform_all(db: Database, kinds: Kinds, job_ids: Sequence[UUID], at_once: int = 1) -> None:
    """Do jobs, each in transactions of its own, and begin none after a while: they are swept for.

    First attempts of kinds that speak to nobody outside are claimed together: they hold each other up for no longer
    than a transaction, and one that kills its worker is claimed alone from then on. `at_once`: how many of those are
    done while others wait for the disk; an account's own are done one after another.
    """
    began = monotonic()
    quick = [name for name, kind in kinds.items() if kind.before is None]
    together, others = list[Job](), job_ids
    if len(job_ids) > 1:
        async with db.transaction(None, limits=JOB) as tx:
            together = await _claim_together(tx, job_ids, quick)
            others = await _still_due(tx, job_ids)  # most of what is told twice was done by whoever was told first
    queues = _by_account(together)
    waiting = iter(queues)  # of which each who works takes the next

    async def work() -> None:
        for queue in waiting:
            while queue and monotonic() - began <= TURN:
                await _work(db, kinds, queue.popleft(), TIME_LIMIT)

    async with _leased(db, together):
        outcomes = await asyncio.gather(*(work() for _ in range(at_once)), return_exceptions=True)
        if left := [job for queue in queues for job in queue]:
            await _put_back(db, left)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    for job_id in others:
        if monotonic() - began <= TURN:
            await perform(db, kinds, job_id)


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


async def _claim(tx: Transaction, job_id: UUID) -> Job | None:
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


async def _claim_together(tx: Transaction, job_ids: Sequence[UUID], quick: Sequence[str]) -> list[Job]:
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


async def _still_due(tx: Transaction, job_ids: Sequence[UUID]) -> list[UUID]:
    """Those that somebody could claim now, in the order in which they are given."""
    rows = await tx.fetch(
        """SELECT id
             FROM jobs
            WHERE id = ANY($1::uuid[]) AND state = 'queued' AND run_at <= clock_timestamp()
              AND (lease_until IS NULL OR lease_until < clock_timestamp())""",
        list(job_ids),
    )
    return sorted((row["id"] for row in rows), key=list(job_ids).index)


def _by_account(claimed: Sequence[Job]) -> list[deque[Job]]:
    """In their order; those of no account stand alone."""
    queues: dict[UUID, deque[Job]] = {}
    for job in claimed:
        queues.setdefault(job.account_id or job.id, deque()).append(job)
    return list(queues.values())


async def _put_back(db: Database, claimed: Sequence[Job]) -> None:
    """What was claimed and not begun is as it was."""
    async with db.transaction(None, limits=JOB) as tx:
        await tx.execute(
            """UPDATE jobs SET attempts = 0, lease_until = NULL, lease_token = NULL
                WHERE id = ANY($1::uuid[]) AND lease_token = $2""",
            [job.id for job in claimed],
            claimed[0].token,
        )


async def _work(db: Database, kinds: Kinds, job: Job, seconds: float) -> None:
    kind = kinds.get(job.kind, UNKNOWN)
    if job.attempts > job.max_attempts:  # it took its workers with it
        await _bury(db, kind, job, "Every attempt ended without a result.")
        return
    try:
        async with asyncio.timeout(seconds):
            if kind.before is not None:
                await kind.before(db, kinds, job)
            async with db.transaction(job.account_id, limits=JOB) as tx:
                await kind.perform(tx, job)
                await _finish(tx, job)
    except LeaseLost:
        log.warning("job lost its lease", job=str(job.id), kind=job.kind)
    except Exception as failure:  # noqa: BLE001  # whatever a job fails by is written to its row
        await _fail(db, kind, job, failure)


async def _finish(tx: Transaction, job: Job) -> None:
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


async def _fail(db: Database, kind: Kind, job: Job, failure: Exception) -> None:
    said = f"{type(failure).__name__}: {failure}"[:LONGEST_ERROR].replace("\0", "")
    what = said.encode(errors="replace").decode()  # half of a surrogate pair cannot be kept
    # An outage of the database is nobody's failed attempt.
    outage = isinstance(failure, Unavailable)
    log.warning("job failed", job=str(job.id), kind=job.kind, attempt=job.attempts, exc_info=failure)
    if job.attempts >= job.max_attempts and not outage:
        await _bury(db, kind, job, what)
        return
    pause = 1.0 if outage else min(2.0 ** (job.attempts - 1), LONGEST_PAUSE)
    with suppress(Unavailable):  # then the lease ends by itself
        async with db.transaction(None, limits=JOB) as tx:
            await tx.execute(
                """UPDATE jobs
                      SET run_at = clock_timestamp() + make_interval(secs => $3), last_error = $4,
                          lease_until = NULL, lease_token = NULL, attempts = attempts - $5::int
                    WHERE id = $1 AND lease_token = $2""",
                job.id,
                job.token,
                pause,
                what,
                int(outage),
            )


async def _bury(db: Database, kind: Kind, job: Job, what: str) -> None:
    """Dead jobs are kept: they can be seen, and run again by hand."""
    async with db.transaction(job.account_id, limits=JOB) as tx:
        buried = await tx.fetchval(
            """UPDATE jobs SET state = 'dead', last_error = $3, lease_until = NULL, lease_token = NULL
                WHERE id = $1 AND lease_token = $2
            RETURNING true""",
            job.id,
            job.token,
            what,
        )
        if buried and kind.give_up is not None:
            await kind.give_up(tx, job, what)
    log.error("job is dead", job=str(job.id), kind=job.kind, error=what)


@asynccontextmanager
async def _leased(db: Database, claimed: Sequence[Job]) -> AsyncIterator[None]:
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
