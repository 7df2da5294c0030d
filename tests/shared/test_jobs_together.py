"""Jobs that one worker does one after another: claimed together, each in a transaction of its own."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, jobs
from shared.db import Database, Transaction, connect
from shared.jobs import Job, Kind
from tests import make

WORK, CALL = "tests.work", "tests.call"


async def asked(db: Database, account: accounts.Account, *kinds: str) -> list[UUID]:
    """Jobs, in that order."""
    async with db.transaction(account.id) as tx:
        for place, kind in enumerate(kinds):
            await jobs.add(tx, kind, due_at=await tx.now() - timedelta(seconds=10 - place))
        rows = await tx.fetch("SELECT id FROM jobs WHERE account_id = $1 ORDER BY due_at", account.id)
    return [row["id"] for row in rows]


async def states(db: Database, account: accounts.Account) -> list[tuple[str, int]]:
    async with db.transaction(account.id) as tx:
        rows = await tx.fetch("SELECT state, attempts FROM jobs WHERE account_id = $1 ORDER BY due_at", account.id)
    return [(row["state"], row["attempts"]) for row in rows]


async def test_one_that_fails_holds_no_other_up(db: Database, account: accounts.Account) -> None:
    ids = await asked(db, account, WORK, WORK, WORK)

    async def work(_tx: Transaction, job: Job) -> None:
        if job.id == ids[1]:
            raise ValueError("no")

    await jobs.perform_all(db, {WORK: Kind(work)}, ids)

    assert await states(db, account) == [("done", 1), ("queued", 1), ("done", 1)]


async def test_whoever_is_told_the_same_does_each_once(db: Database, account: accounts.Account) -> None:
    ids, done = await asked(db, account, *[WORK] * 10), list[UUID]()

    async def work(_tx: Transaction, job: Job) -> None:
        done.append(job.id)

    await asyncio.gather(*(jobs.perform_all(db, {WORK: Kind(work)}, ids) for _ in range(3)))

    assert sorted(done) == sorted(ids)
    assert await states(db, account) == [("done", 1)] * 10


async def test_some_are_done_at_once_and_those_of_an_account_in_their_order(
    db: Database, account: accounts.Account
) -> None:
    another = await make.account(db)
    ids = [*await asked(db, account, WORK, WORK, WORK), *await asked(db, another, WORK)]
    done, both = list[UUID](), asyncio.Barrier(2)

    async def work(_tx: Transaction, job: Job) -> None:
        if job.id in (ids[0], ids[3]):
            await both.wait()  # each goes on only while the other one is being done
        done.append(job.id)

    await jobs.perform_all(db, {WORK: Kind(work)}, ids, at_once=3)

    assert [id for id in done if id != ids[3]] == ids[:3]
    assert await states(db, account) == [("done", 1)] * 3
    assert await states(db, another) == [("done", 1)]


async def test_those_that_speak_to_others_are_claimed_when_their_turn_comes(
    db: Database, account: accounts.Account
) -> None:
    ids, seen = await asked(db, account, CALL, WORK, CALL), list[list[tuple[str, int]]]()

    async def work(_tx: Transaction, job: Job) -> None:
        seen.append(await states(db, account))

    async def before(_db: Database, _kinds: jobs.Kinds, _job: Job) -> None:
        return None

    await jobs.perform_all(db, {WORK: Kind(work), CALL: Kind(work, before=before)}, ids)

    assert seen == [
        [("queued", 0), ("queued", 1), ("queued", 0)],
        [("queued", 1), ("done", 1), ("queued", 0)],
        [("done", 1), ("done", 1), ("queued", 1)],
    ]


async def test_what_is_not_begun_in_time_is_as_if_it_had_not_been_claimed(
    db: Database, account: accounts.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await asked(db, account, WORK, WORK, WORK)

    async def work(_tx: Transaction, _job: Job) -> None:
        monkeypatch.setattr("shared.jobs.performing.TURN", -1.0)

    await jobs.perform_all(db, {WORK: Kind(work)}, ids)

    assert await states(db, account) == [("done", 1), ("queued", 0), ("queued", 0)]
    async with db.transaction(account.id) as tx:
        assert await tx.fetchval("SELECT count(*) FROM jobs WHERE lease_token IS NOT NULL AND id = ANY($1)", ids) == 0


async def test_what_has_taken_its_worker_with_it_is_done_alone(
    db: Database, account: accounts.Account, dsn: str
) -> None:
    ids, seen = await asked(db, account, WORK, WORK), list[list[tuple[str, int]]]()
    real = await asyncpg.connect(dsn)
    await real.execute("UPDATE jobs SET attempts = 1 WHERE id = $1", ids[0])
    await real.close()

    async def work(_tx: Transaction, _job: Job) -> None:
        seen.append(await states(db, account))

    await jobs.perform_all(db, {WORK: Kind(work)}, ids)

    assert seen == [[("queued", 1), ("queued", 1)], [("queued", 2), ("done", 1)]]


async def test_what_was_done_meanwhile_is_asked_about_once(db: Database, account: accounts.Account, dsn: str) -> None:
    ids = await asked(db, account, WORK, WORK, WORK)
    kinds = {WORK: Kind(lambda _tx, _job: asyncio.sleep(0))}
    await jobs.perform_all(db, kinds, ids)
    said = list[str]()

    async with connect(dsn, size=1, on_statement=lambda one: said.append(one.query)) as watched:
        await jobs.perform_all(watched, kinds, ids)

    assert [query.split()[0] for query in said if " jobs" in query] == ["UPDATE", "SELECT"]
