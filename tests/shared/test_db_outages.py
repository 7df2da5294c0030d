"""What an outage of the database looks like, and what it leaves in order."""

import asyncio
from typing import Any

import asyncpg
import pytest

from shared import accounts
from shared.db import REQUEST, Database, Limits, Message, Transaction, connect
from shared.errors import Unavailable
from tests.shared.saying import Said, add_user, names


async def test_a_lock_that_is_held_too_long_is_an_outage(db: Database, account: accounts.Account) -> None:
    short = Limits(statement=REQUEST.statement, lock=50, idle=REQUEST.idle)
    async with db.transaction(account.id) as holder:
        await holder.execute("SELECT FROM accounts FOR UPDATE")
        with pytest.raises(Unavailable) as refused:
            async with db.transaction(account.id, limits=short) as tx:
                await tx.execute("SELECT FROM accounts FOR UPDATE")

    assert refused.value.retry_after == 1
    assert isinstance(refused.value.__cause__, asyncpg.LockNotAvailableError)


async def test_a_statement_that_takes_too_long_is_an_outage(db: Database, account: accounts.Account) -> None:
    with pytest.raises(Unavailable):
        async with db.transaction(account.id, limits=Limits(statement=50, lock=50, idle=5_000)) as tx:
            await tx.execute("SELECT pg_sleep(60)")


async def test_a_full_pool_is_an_outage(dsn: str, account: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect(dsn, size=1) as db:
        async with db.reading(account.id):
            monkeypatch.setattr("shared.db.pool.POOL_WAIT", 0.05)  # the first one may take its time to connect
            with pytest.raises(Unavailable):
                async with db.reading(account.id):
                    pytest.fail("There was a connection to be had.")


async def test_a_database_that_is_not_there_is_an_outage(account: accounts.Account) -> None:
    async with connect("postgresql://nobody@127.0.0.1:1/nothing", size=1) as db:
        with pytest.raises(Unavailable):
            async with db.reading(account.id):
                pytest.fail("Somebody answered.")


async def test_a_connection_that_is_cut_is_an_outage_and_is_replaced(dsn: str, account: accounts.Account) -> None:
    async with connect(dsn, size=1) as db:
        with pytest.raises(Unavailable):
            async with db.transaction(account.id) as tx:
                await cut(dsn, tx)
        async with db.reading(account.id) as tx:
            assert await tx.fetchval("SELECT 1") == 1


async def test_a_connection_that_was_closed_before_it_was_asked_is_an_outage(
    dsn: str, account: accounts.Account
) -> None:
    async with connect(dsn, size=1) as db:
        with pytest.raises(Unavailable):
            async with db.transaction(account.id) as tx:
                await close(tx)


async def cut(dsn: str, tx: Transaction) -> None:
    """Ends the transaction's session from outside, then asks something in it."""
    conn = await asyncpg.connect(dsn)
    await conn.execute("SELECT pg_terminate_backend($1, 5000)", tx.conn.get_server_pid())
    await conn.close()
    await tx.fetchval("SELECT 1")


async def close(tx: Transaction) -> None:
    tx.conn.terminate()
    await tx.fetchval("SELECT 1")


async def test_a_connection_that_is_cut_as_it_goes_back_takes_nothing_with_it(
    dsn: str, account: accounts.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(dsn, size=1) as db:
        said: list[Message] = []
        db.deliver = said.extend
        release = asyncpg.Pool.release

        async def cut_and_release(pool: asyncpg.Pool, conn: Any) -> None:
            conn._con._transport.abort()
            await release(pool, conn)

        with monkeypatch.context() as patch:
            patch.setattr(asyncpg.Pool, "release", cut_and_release)
            async with db.transaction(account.id) as tx:
                await add_user(tx, "Ада")
                tx.after_commit(Said("committed"))

        assert said == [Said("committed")]
        assert await names(db, account.id) == ["Ада"]  # by a new connection


async def test_a_mistake_of_ours_is_no_outage(db: Database, account: accounts.Account) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        async with db.reading(account.id) as tx:
            await tx.fetchval("SELECT $1::int")
    with pytest.raises(asyncpg.DataError):
        async with db.reading(account.id) as tx:
            await tx.fetchval("SELECT $1::int", "one")


@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancelled_request_returns_its_connection_in_order(
    dsn: str, account: accounts.Account, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL is told to cancel over a connection that is made then
    monkeypatch.setattr("shared.db.pool.POOL_WAIT", 30.0)
    said: list[Message] = []
    async with connect(dsn, size=1, deliver=said.extend) as db:
        asked = asyncio.Event()

        async def request() -> None:
            async with db.transaction(account.id) as tx:
                await add_user(tx, "Ада")
                tx.after_commit(Said("never"))
                asked.set()
                await tx.execute("SELECT pg_sleep(60)")

        task = asyncio.create_task(request())
        await asked.wait()
        for _ in range(times):
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert (await names(db, account.id), said) == ([], [])
        async with db.transaction(account.id) as tx:
            await add_user(tx, "Бор")
        assert await names(db, account.id) == ["Бор"]


async def test_a_pool_ends_though_somebody_never_gives_back(
    dsn: str, account: accounts.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.db.pool.FAREWELL", 0.05)
    async with connect(dsn, size=1) as db:
        kept = await db.pool.acquire()
        assert await kept.fetchval("SELECT 1") == 1
    with pytest.raises(asyncpg.InterfaceError):
        await kept.fetchval("SELECT 1")
