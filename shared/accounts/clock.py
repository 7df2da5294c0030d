"""The clock of a test account: it is set forward, and what falls due on the way is done in order, each at its time.

A clock that has something to do on its way walks: its target stands in its row, and a job of the real clock takes it
there. Where the clock stands is committed before anything is done at that time, and it never falls; so whoever takes
the walk over, after a turn or a crash, goes on from there.
"""

import asyncio
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from shared import jobs, schedule
from shared.accounts import sql, sql_clock
from shared.accounts.commands import get
from shared.accounts.model import Account, Clock
from shared.db import JOB, Database, Transaction
from shared.errors import NotAllowedNow, Sentence
from shared.jobs import Job, Kinds

WALK = "accounts.walk"
TURN = 10.0  # seconds after which a walk begins nothing more, and asks for another turn
GLANCE = 0.05  # seconds between looks at what another does, or what pauses after a failure

ONLY_IN_TESTS = Sentence("only a test account has its own clock.", "власний годинник має лише тестовий акаунт.")
WALKING = Sentence("the clock is still on its way.", "годинник ще в дорозі.")
BACKWARDS = Sentence("a clock goes forward only.", "годинник іде лише вперед.")


async def set_clock_offset(tx: Transaction, offset: timedelta) -> None:
    """Set the account's clock so far from the real one, whatever there is on the way.

    Raises NotAllowedNow when it is no test account.
    """
    if not await sql_clock.upsert_offset(tx, offset):
        raise NotAllowedNow("NOT_A_TEST_ACCOUNT", ONLY_IN_TESTS)


async def set_clock(tx: Transaction, account_id: UUID, now: datetime) -> Account:
    """Send the account's clock to a time; the transaction goes on inside the account.

    It is there at once when nothing is due until then. The first time, in an account where nothing was done, it may be
    any time. Raises NotFound; NotAllowedNow with the reason NOT_A_TEST_ACCOUNT, CLOCK_WALKING or CLOCK_BACKWARDS.
    """
    await tx.enter(account_id)
    account = await get(tx)
    clock = await sql_clock.lock_clock(tx)
    if clock is None:
        raise NotAllowedNow("NOT_A_TEST_ACCOUNT", ONLY_IN_TESTS)
    if clock.target is not None:
        raise NotAllowedNow("CLOCK_WALKING", WALKING)
    if await _may_go_anywhere(tx, clock):
        await sql_clock.update_now(tx, now)
        return account
    if now < clock.now:
        raise NotAllowedNow("CLOCK_BACKWARDS", BACKWARDS)
    await sql_clock.update_target(tx, now)
    if await schedule.earliest_due(tx, now) is None:
        await _step(tx)
    else:
        await jobs.add(tx, WALK, real_clock=True)
    return account


async def is_walking(tx: Transaction) -> bool:
    return await sql_clock.select_is_walking(tx)


async def walk(db: Database, kinds: Kinds, job: Job) -> None:
    """Do what is due on the way, for a turn."""
    began = monotonic()
    while (passed := monotonic() - began) < TURN:
        async with db.transaction(job.account_id, limits=JOB) as tx:
            due = await _step(tx)
        if due is None:
            return
        # What takes longer is broken off, and tried again, before this turn itself would be.
        if not await jobs.perform(db, kinds, due.id, jobs.TIME_LIMIT - 1 - passed):
            await asyncio.sleep(GLANCE)


async def end_turn(tx: Transaction, _job: Job) -> None:
    """Ask for another turn, unless the clock has arrived."""
    if await sql_clock.select_is_walking(tx):
        await jobs.add(tx, WALK, real_clock=True)


async def stop(tx: Transaction, _job: Job, _what: str) -> None:
    """The walk has failed for good: the clock stays where it stands, and may be set again."""
    await sql_clock.update_target(tx, None)


async def _may_go_anywhere(tx: Transaction, clock: Clock) -> bool:
    """Whether the clock was never set, and nothing has a time yet: no event, no job, no module."""
    return not (clock.was_set or await schedule.were_any(tx) or await sql.select_was_used(tx))


async def _step(tx: Transaction) -> schedule.Due | None:
    """The clock at the next thing that is due, and that thing; None when it stands at its target, or walks no more."""
    clock = await sql_clock.lock_clock(tx)
    if clock is None or clock.target is None:
        return None
    due = await schedule.earliest_due(tx, clock.target)
    if due is None:
        await sql_clock.update_now_forward(tx, clock.target)
        await sql_clock.update_target(tx, None)
    elif due.due_at > clock.now:
        await sql_clock.update_now_forward(tx, due.due_at)
    else:
        return due
    await schedule.follow_clock(tx)
    return due
