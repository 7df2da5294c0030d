"""Clocks of test accounts: set, looked at, and what is done on their way."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, ids, jobs
from shared.db import Database, Transaction
from shared.errors import NotAllowedNow
from shared.jobs import Job, JobDue, Kind

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=5)  # no more than that passes while a test looks
START = datetime(2030, 1, 1, tzinfo=UTC)
WORK = "tests.work"


class Diary:
    """What was done, and what the account's clock showed."""

    def __init__(self) -> None:
        self.done: list[tuple[UUID | None, datetime]] = []
        self.failing: set[UUID | None] = set()
        self.slow: set[UUID | None] = set()

    async def write(self, tx: Transaction, job: Job) -> None:
        if job.ref in self.failing:
            raise ValueError("no luck")
        if job.ref in self.slow:
            await asyncio.sleep(60)
        now = await tx.now()
        self.done.append((job.ref, now))

    @property
    def kinds(self) -> jobs.Kinds:
        return {WORK: Kind(self.write), accounts.WALK: Kind(accounts.end_turn, accounts.stop, before=accounts.walk)}


async def send(db: Database, account: accounts.Account, to: datetime) -> UUID | None:
    """Set the clock; the id of the walk that takes it there, or None when it is there already."""
    async with db.transaction(None) as tx:
        await accounts.set_clock(tx, account.id, to)
    found = [message.job_id for message in tx.outgoing if isinstance(message, JobDue)]
    return found[0] if found else None


async def plan(db: Database, account: accounts.Account, *moments: datetime) -> list[UUID]:
    """Jobs that are due then; what each is about."""
    refs = [ids.new() for _ in moments]
    async with db.transaction(account.id) as tx:
        for ref, moment in zip(refs, moments, strict=True):
            await jobs.add(tx, WORK, ref=ref, due_at=moment)
    return refs


async def now(db: Database, account: accounts.Account) -> datetime:
    async with db.reading(account.id) as tx:
        return await tx.now()


async def is_at(db: Database, account: accounts.Account, moment: datetime) -> bool:
    return moment <= await now(db, account) < moment + MOMENT


async def is_walking(db: Database, account: accounts.Account) -> bool:
    async with db.reading(account.id) as tx:
        return await accounts.is_walking(tx)


async def next_turn(real: asyncpg.Connection) -> UUID:
    turn = await real.fetchval("SELECT id FROM jobs WHERE kind = $1 AND state = 'queued'", accounts.WALK)
    assert isinstance(turn, UUID)
    return turn


async def refused(db: Database, account_id: UUID, to: datetime) -> str:
    """The reason why a clock cannot be set; nothing was changed and nobody was told."""
    async with db.transaction(None) as tx:
        with pytest.raises(NotAllowedNow) as refusal:
            await accounts.set_clock(tx, account_id, to)
        assert tx.outgoing == []
    return refusal.value.reason
