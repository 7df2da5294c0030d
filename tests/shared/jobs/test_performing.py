"""Doing jobs: claimed once, fenced, tried again, and dead in the end."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, ids, jobs
from shared.db import Database, Transaction, connect
from shared.errors import Unavailable
from shared.jobs import Job, Kind
from tests import make
from tests.shared.jobs.rows import WORK, asked, lose_lease, row


async def work(tx: Transaction, job: Job) -> None:
    await make.user(tx, "done")


async def fail(tx: Transaction, job: Job) -> None:
    await make.user(tx, "never")
    raise ValueError("no\0 luck \ud800")


class Farewells:
    """A `give_up` that remembers."""

    def __init__(self) -> None:
        self.said: list[tuple[UUID, str]] = []

    async def __call__(self, tx: Transaction, job: Job, what: str) -> None:
        await make.user(tx, "given up")
        self.said.append((job.id, what))


async def names(db: Database, account: accounts.Account) -> list[str]:
    async with db.reading(account.id) as tx:
        return [one["name"] for one in await tx.fetch("SELECT name FROM users ORDER BY name")]


async def test_many_who_are_told_do_it_once(dsn: str, account: accounts.Account, real: asyncpg.Connection) -> None:
    async with connect(dsn, size=4) as first, connect(dsn, size=4) as second:
        job_id = await asked(first, account)
        kinds = {WORK: Kind(work)}
        done = await asyncio.gather(*(jobs.perform(db, kinds, job_id) for db in (first, second) * 6))

        assert sorted(done) == [False] * 11 + [True]
        assert await names(first, account) == ["done"]
    kept = await row(real, job_id)
    assert (kept["state"], kept["attempts"], kept["lease_token"]) == ("done", 1, None)


async def test_there_is_nothing_to_do_for_a_job_that_is_done_early_or_unknown(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    job_id = await asked(db, account)
    await real.execute("UPDATE jobs SET run_at = clock_timestamp() + interval '1 h'")
    assert await jobs.perform(db, {WORK: Kind(work)}, job_id) is False
    await real.execute("UPDATE jobs SET run_at = clock_timestamp()")
    assert await jobs.perform(db, {WORK: Kind(work)}, job_id) is True
    assert await jobs.perform(db, {WORK: Kind(work)}, job_id) is False
    assert await jobs.perform(db, {WORK: Kind(work)}, ids.new()) is False


async def test_attempts_count_when_the_work_begins(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    seen: list[tuple[int, str, bool]] = []

    async def look(tx: Transaction, job: Job) -> None:
        kept = await row(real, job.id)
        seen.append((kept["attempts"], kept["state"], kept["lease_token"] == job.token))

    await jobs.perform(db, {WORK: Kind(look)}, await asked(db, account))

    assert seen == [(1, "queued", True)]


async def test_a_zombie_whose_lease_was_lost_cannot_commit(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    job_id = await asked(db, account)

    async def sleep_through_the_lease(tx: Transaction, job: Job) -> None:
        await make.user(tx, "zombie")
        await lose_lease(real, job.id)
        assert await jobs.perform(db, {WORK: Kind(work)}, job.id) is True

    assert await jobs.perform(db, {WORK: Kind(sleep_through_the_lease)}, job_id) is True

    assert await names(db, account) == ["done"]
    kept = await row(real, job_id)
    assert (kept["state"], kept["attempts"], kept["last_error"]) == ("done", 2, None)


async def test_a_failure_takes_its_work_back_and_is_tried_again_after_a_pause(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    job_id = await asked(db, account)
    for seconds in (1, 2, 4):
        await real.execute("UPDATE jobs SET run_at = clock_timestamp()")
        before = await real.fetchval("SELECT clock_timestamp()")
        assert await jobs.perform(db, {WORK: Kind(fail)}, job_id) is True
        assert (await row(real, job_id))["run_at"] >= before + timedelta(seconds=seconds)

    kept = await row(real, job_id)
    assert (kept["state"], kept["attempts"], kept["lease_token"]) == ("queued", 3, None)
    assert kept["last_error"] == "ValueError: no luck ?"
    assert await names(db, account) == []


async def test_the_last_failure_makes_it_dead_and_is_given_up_once(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    farewells = Farewells()
    kinds = {WORK: Kind(fail, give_up=farewells)}
    job_id = await asked(db, account, max_attempts=2)
    for _ in range(4):
        await real.execute("UPDATE jobs SET run_at = clock_timestamp()")
        await jobs.perform(db, kinds, job_id)

    kept = await row(real, job_id)
    assert (kept["state"], kept["attempts"], kept["last_error"]) == ("dead", 2, "ValueError: no luck ?")
    assert farewells.said == [(job_id, "ValueError: no luck ?")]
    assert await names(db, account) == ["given up"]


async def test_a_job_that_kills_its_worker_ends_as_dead(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    begun: list[int] = []
    farewells = Farewells()

    async def die(tx: Transaction, job: Job) -> None:
        begun.append(job.attempts)
        raise SystemExit(9)

    kinds = {WORK: Kind(die, give_up=farewells)}
    job_id = await asked(db, account, max_attempts=3)
    for _ in range(3):
        with pytest.raises(SystemExit):
            await jobs.perform(db, kinds, job_id)
        assert await jobs.perform(db, kinds, job_id) is False  # the lease of the dead
        await lose_lease(real, job_id)
    assert await jobs.perform(db, kinds, job_id) is True
    assert await jobs.perform(db, kinds, job_id) is False

    assert begun == [1, 2, 3]
    assert (await row(real, job_id))["state"] == "dead"
    assert farewells.said == [(job_id, "Every attempt ended without a result.")]


async def test_an_outage_of_the_database_is_nobody_s_attempt(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    async def meet_an_outage(tx: Transaction, job: Job) -> None:
        raise Unavailable

    job_id = await asked(db, account, max_attempts=1)
    await jobs.perform(db, {WORK: Kind(meet_an_outage)}, job_id)

    kept = await row(real, job_id)
    assert (kept["state"], kept["attempts"]) == ("queued", 0)


async def test_a_kind_that_nobody_knows_fails_like_any_other(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    job_id = await asked(db, account)

    assert await jobs.perform(db, {}, job_id) is True

    kept = await row(real, job_id)
    assert kept["last_error"] == "LookupError: This worker knows no kind of job called tests.work."
    assert (kept["state"], kept["attempts"]) == ("queued", 1)
