"""Doing jobs: each is claimed, done in one transaction that ends it, tried again after a pause, or given up."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog

from shared.db import JOB, Database, Transaction
from shared.errors import Unavailable
from shared.jobs.leases import Job, LeaseLost, claim, claim_together, finish, leased, put_back, still_due

TURN = 10.0  # after so long, whoever does several begins no other
TIME_LIMIT = 20.0  # no job works longer: a long one keeps its place and asks for another turn
LONGEST_PAUSE = 300.0
LONGEST_ERROR = 2_000

log = structlog.get_logger()


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


async def perform(db: Database, kinds: Kinds, job_id: UUID, seconds: float = TIME_LIMIT) -> bool:
    """Claim the job and do it, within so many seconds; False when there was nothing to do.

    A failure is written to the job, which is tried again after a pause, and is dead after its last attempt.
    """
    async with db.transaction(None, limits=JOB) as tx:
        job = await claim(tx, job_id)
    if job is None:
        return False
    async with leased(db, [job]):
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
            together = await claim_together(tx, job_ids, quick)
            others = await still_due(tx, job_ids)  # most of what is told twice was done by whoever was told first
    queues = _by_account(together)
    waiting = iter(queues)  # of which each who works takes the next

    async def work() -> None:
        for queue in waiting:
            while queue and monotonic() - began <= TURN:
                await _work(db, kinds, queue.popleft(), TIME_LIMIT)

    async with leased(db, together):
        outcomes = await asyncio.gather(*(work() for _ in range(at_once)), return_exceptions=True)
        if left := [job for queue in queues for job in queue]:
            await put_back(db, left)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    for job_id in others:
        if monotonic() - began <= TURN:
            await perform(db, kinds, job_id)


def _by_account(claimed: Sequence[Job]) -> list[deque[Job]]:
    """In their order; those of no account stand alone."""
    queues: dict[UUID, deque[Job]] = {}
    for job in claimed:
        queues.setdefault(job.account_id or job.id, deque()).append(job)
    return list(queues.values())


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
                await finish(tx, job)
    except LeaseLost:
        log.warning("job lost its lease", job=str(job.id), kind=job.kind)
    except Exception as failure:  # noqa: BLE001  # whatever a job fails by is written to its row
        await _fail(db, kind, job, failure)


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
