"""The clock of a test account: where it may go, and what is done on its way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, ids, jobs
from shared.accounts import clock
from shared.db import Database, Transaction
from shared.errors import NotAllowedNow, NotFound
from shared.jobs import Job, JobDue, Kind
from tests import make
from tests.worker.processes import eventually

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


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture(autouse=True)
async def real(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser who looks at the rows. There are no jobs but the test's own."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("DELETE FROM jobs")
    yield conn
    await conn.close()


@pytest.fixture
async def account(db: Database) -> accounts.Account:
    """A test account in which nothing was done."""
    return await make.account(db, usable=(), test=True)


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


# ─── where it may go ─────────────────────────────────────────────────────────────────────────────


async def test_shows_the_real_time_until_it_is_set(db: Database, account: accounts.Account) -> None:
    assert abs(await now(db, account) - datetime.now(UTC)) < MOMENT


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), START, datetime(9998, 12, 31, 23, tzinfo=UTC)])
async def test_goes_anywhere_the_first_time_when_nothing_was_done(
    db: Database, account: accounts.Account, moment: datetime
) -> None:
    assert await send(db, account, moment) is None

    assert await is_at(db, account, moment)


async def test_goes_forward_only_the_second_time(db: Database, account: accounts.Account) -> None:
    await send(db, account, START)

    assert await refused(db, account.id, START - DAY) == "CLOCK_BACKWARDS"
    assert await is_at(db, account, START)
    assert await send(db, account, START + DAY) is None
    assert await is_at(db, account, START + DAY)


@pytest.mark.parametrize("what", ["a funnel", "a module", "a job"])
async def test_goes_forward_only_when_something_was_done(db: Database, account: accounts.Account, what: str) -> None:
    async with db.transaction(account.id) as tx:
        match what:
            case "a funnel":
                await make.module(tx)
                await make.funnel(tx)
                await tx.execute("DELETE FROM account_modules WHERE account_id = $1", account.id)
            case "a module":
                await make.module(tx)
            case _:
                await jobs.add(tx, WORK)

    assert await refused(db, account.id, START - timedelta(days=3_650)) == "CLOCK_BACKWARDS"


async def test_people_are_nothing_done(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await make.user(tx)

    await send(db, account, START - timedelta(days=3_650))

    assert await is_at(db, account, START - timedelta(days=3_650))


async def test_only_a_test_account_has_one(db: Database) -> None:
    account = await make.account(db)

    assert await refused(db, account.id, START) == "NOT_A_TEST_ACCOUNT"


async def test_there_is_no_clock_of_an_account_that_is_not_there(db: Database) -> None:
    nowhere = ids.new()

    with pytest.raises(NotFound) as refusal:
        async with db.transaction(None) as tx:
            await accounts.set_clock(tx, nowhere, START)

    assert refusal.value.id == nowhere


async def test_events_happen_at_the_account_s_time(db: Database, account: accounts.Account) -> None:
    await send(db, account, START)
    async with db.transaction(account.id) as tx:
        await make.module(tx)
        funnel = await make.funnel(tx)
        await make.deal(tx, funnel)
    await send(db, account, START + DAY)
    async with db.transaction(account.id) as tx:
        await make.deal(tx, funnel)
        at = [row["at"] for row in await tx.fetch("SELECT at FROM events WHERE stream_id = $1 ORDER BY seq", funnel.id)]

    assert [moment.date() for moment in at] == [START.date(), (START + DAY).date()]


# ─── what is done on its way ─────────────────────────────────────────────────────────────────────


async def test_does_what_falls_due_in_order_each_at_its_time(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    third, first, second, later = await plan(
        db, account, START + 3 * DAY, START + DAY, START + 2 * DAY, START + 9 * DAY
    )

    walk = await send(db, account, START + 5 * DAY)
    assert walk is not None
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [first, second, third]
    for (_, at), day in zip(diary.done, (1, 2, 3), strict=True):
        assert START + day * DAY <= at < START + day * DAY + MOMENT
    assert await is_at(db, account, START + 5 * DAY)
    assert not await is_walking(db, account)
    left = await real.fetchval("SELECT run_at - clock_timestamp() FROM jobs WHERE ref = $1", later)
    assert 4 * DAY - MOMENT < left < 4 * DAY


async def test_does_what_becomes_due_on_the_way(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    first, last = await plan(db, account, START + DAY, START + 3 * DAY)
    between = ids.new()

    async def ask_for_more(tx: Transaction, job: Job) -> None:
        await diary.write(tx, job)
        if job.ref == first:
            await jobs.add(tx, WORK, ref=between, due_at=START + 2 * DAY)

    walk = await send(db, account, START + 4 * DAY)
    assert walk is not None
    await jobs.perform(db, {**diary.kinds, WORK: Kind(ask_for_more)}, walk)

    assert [ref for ref, _ in diary.done] == [first, between, last]


async def test_does_first_what_is_due_already(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    (later,) = await plan(db, account, START + DAY)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK)

    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [None, later]
    assert diary.done[0][1] < START + MOMENT


async def test_leaves_jobs_of_the_real_clock_alone(
    db: Database, account: accounts.Account, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    soon = datetime.now(UTC) + timedelta(hours=1)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK, due_at=soon, real_clock=True)

    assert await send(db, account, START + 5 * DAY) is None

    kept = await real.fetchrow("SELECT due_at, run_at FROM jobs")
    assert kept is not None
    assert (kept["due_at"], kept["run_at"]) == (soon, soon)


async def test_is_not_set_again_while_it_walks(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    assert await refused(db, account.id, START + 3 * DAY) == "CLOCK_WALKING"
    await jobs.perform(db, diary.kinds, walk)

    assert await send(db, account, START + 3 * DAY) is None


async def test_never_falls_while_it_walks(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    await plan(db, account, *(START + hour * timedelta(hours=1) for hour in range(40)))
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    walking = asyncio.create_task(jobs.perform(db, diary.kinds, walk))
    shown = []
    while not walking.done():
        shown.append(await now(db, account))
    await walking

    assert shown == sorted(shown)
    assert len(diary.done) == 40
    assert len({moment.date() for moment in shown}) > 1  # it was seen on its way


async def test_passes_by_what_goes_on_failing(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    poison, good = await plan(db, account, START + DAY, START + 2 * DAY)
    diary.failing = {poison}
    await real.execute("UPDATE jobs SET attempts = 2 WHERE ref = $1", poison)

    walk = await send(db, account, START + 3 * DAY)
    assert walk is not None
    await real.execute("UPDATE jobs SET run_at = clock_timestamp() WHERE ref = $1", poison)
    await jobs.perform(db, diary.kinds, walk)

    assert [ref for ref, _ in diary.done] == [good]
    assert await is_at(db, account, START + 3 * DAY)
    kept = await real.fetchrow("SELECT state, attempts FROM jobs WHERE ref = $1", poison)
    assert kept is not None
    assert (kept["state"], kept["attempts"]) == ("queued", 3)


async def test_asks_for_another_turn_when_the_first_is_over(
    db: Database,
    account: accounts.Account,
    diary: Diary,
    real: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await send(db, account, START)
    (job,) = await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None

    with monkeypatch.context() as hurried:
        hurried.setattr(clock, "TURN", 0.0)
        await jobs.perform(db, diary.kinds, walk)
    assert (diary.done, await is_walking(db, account)) == ([], True)
    assert await real.fetchval("SELECT state FROM jobs WHERE id = $1", walk) == "done"
    await jobs.perform(db, diary.kinds, await next_turn(real))

    assert [ref for ref, _ in diary.done] == [job]
    assert await is_at(db, account, START + 2 * DAY)


async def test_goes_on_where_a_killed_worker_left_it(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    first, second = await plan(db, account, START + DAY, START + 2 * DAY)
    diary.slow = {second}
    walk = await send(db, account, START + 3 * DAY)
    assert walk is not None
    walking = asyncio.create_task(jobs.perform(db, diary.kinds, walk))
    await eventually(
        lambda: real.fetchval("SELECT lease_token IS NOT NULL FROM jobs WHERE ref = $1", second), "the second job"
    )
    walking.cancel()
    with suppress(asyncio.CancelledError):
        await walking
    assert await is_at(db, account, START + 2 * DAY)

    diary.slow = set()
    await real.execute("UPDATE jobs SET lease_until = clock_timestamp()")
    assert await jobs.perform(db, diary.kinds, walk) is True

    assert [ref for ref, _ in diary.done] == [first, second]
    assert await is_at(db, account, START + 3 * DAY)


async def test_two_who_walk_at_once_do_everything_once(db: Database, account: accounts.Account, diary: Diary) -> None:
    await send(db, account, START)
    planned = await plan(db, account, *(START + hour * timedelta(hours=1) for hour in range(1, 10)))
    walk = await send(db, account, START + DAY)
    assert walk is not None
    job = Job(walk, account.id, accounts.WALK, None, START, 1, 10, ids.new())

    await asyncio.gather(*(accounts.walk(db, diary.kinds, job) for _ in range(2)))

    assert [ref for ref, _ in diary.done] == planned
    assert await is_at(db, account, START + DAY)


async def test_a_walk_that_fails_for_good_ends_where_it_stands(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    await plan(db, account, START + DAY)
    walk = await send(db, account, START + 2 * DAY)
    assert walk is not None
    await real.execute("UPDATE jobs SET attempts = max_attempts WHERE id = $1", walk)

    await jobs.perform(db, diary.kinds, walk)

    assert await is_at(db, account, START)
    assert not await is_walking(db, account)


async def test_no_job_is_put_on_a_clock_that_has_just_moved(
    db: Database, account: accounts.Account, diary: Diary, real: asyncpg.Connection
) -> None:
    await send(db, account, START)
    async with db.transaction(account.id) as tx:
        await jobs.add(tx, WORK, due_at=START + DAY)
        sending = asyncio.create_task(send(db, account, START + 2 * DAY))
        waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
        await eventually(lambda: real.fetchval(waits), "the wait for the job")

    walk = await sending
    assert walk is not None  # it waited for the job, and saw it
    await jobs.perform(db, diary.kinds, walk)
    assert len(diary.done) == 1


# ─── the offset itself ───────────────────────────────────────────────────────────────────────────


async def test_an_offset_is_of_test_accounts_only(db: Database) -> None:
    account = await make.account(db)

    with pytest.raises(NotAllowedNow) as refusal:
        async with db.transaction(account.id) as tx:
            await accounts.set_clock_offset(tx, DAY)

    assert refusal.value.reason == "NOT_A_TEST_ACCOUNT"
