"""Writes that wait for each other: one round trip for all, and nobody can tell them from writes that were sent at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest

from shared import accounts, ids
from shared.actor import SYSTEM
from shared.db import Database, Transaction
from shared.db.combining import combined
from tests import make

INSERT = "INSERT INTO users (account_id, id, name) VALUES ($1, $2, $3)"
RENAME = "UPDATE users SET name = $3 WHERE account_id = $1 AND id = $2"
NAMES = "SELECT array_agg(name ORDER BY name) FROM users WHERE account_id = $1 AND name LIKE 'later %'"


async def add(tx: Transaction, name: str, user_id: UUID | None = None) -> None:
    await tx.later(INSERT, tx.account_id, user_id or ids.new(), f"later {name}")


async def names(tx: Transaction) -> list[str] | None:
    found: list[str] | None = await tx.fetchval(NAMES, tx.account_id)
    return found


@asynccontextmanager
async def statements(tx: Transaction) -> AsyncIterator[list[str]]:
    asked: list[str] = []

    def hear(query: asyncpg.connection.LoggedQuery) -> None:
        asked.append(query.query)

    tx.conn.add_query_logger(hear)
    yield asked
    await asyncio.sleep(0)  # asyncpg tells of a statement in the next turn of the loop
    tx.conn.remove_query_logger(hear)


def test_numbers_the_parameters_of_all_through() -> None:
    together = combined((("UPDATE a SET b = $2 WHERE c = $1", 2), ("DELETE FROM d WHERE e = $1 OR f = $11", 11)))

    assert together == (
        "WITH written_0 AS (\nUPDATE a SET b = $2 WHERE c = $1\n)\nDELETE FROM d WHERE e = $3 OR f = $13"
    )


async def test_go_with_the_last_one_in_one_round_trip(tx: Transaction) -> None:
    user_id = ids.new()
    await tx.execute(INSERT, tx.account_id, user_id, "later a")
    async with statements(tx) as asked:
        await add(tx, "b")
        await tx.later("UPDATE accounts SET name = $2 WHERE id = $1", tx.account_id, "Дім")
        renamed = await tx.last(f"{RENAME} RETURNING name", tx.account_id, user_id, "later c")
        assert await names(tx) == ["later b", "later c"]

    assert [query.split()[0] for query in asked] == ["WITH", "SELECT"]
    assert renamed == "later c"
    assert (await accounts.get(tx)).name == "Дім"


async def test_are_there_for_whoever_asks_next(tx: Transaction) -> None:
    await add(tx, "a")
    assert await names(tx) == ["later a"]


async def test_the_same_statement_again_goes_by_itself(tx: Transaction) -> None:
    user_id = ids.new()
    await add(tx, "a", user_id)
    for name in ("later b", "later c"):  # in one statement only one of them would have changed the row
        await tx.later(RENAME, tx.account_id, user_id, name)

    assert await names(tx) == ["later c"]


async def test_one_that_names_another_comes_after_it(tx: Transaction) -> None:
    user_id = ids.new()
    await tx.execute(INSERT, tx.account_id, user_id, "later old")
    gone = await tx.later("DELETE FROM users WHERE account_id = $1 AND id = $2 RETURNING 1", tx.account_id, user_id)
    await tx.later(
        f"INSERT INTO users (account_id, id, name) SELECT $1, $2, 'later new' WHERE (SELECT count(*) FROM {gone}) >= 0",
        tx.account_id,
        user_id,
    )

    assert await names(tx) == ["later new"]


async def test_are_committed_at_the_end(db: Database, account: accounts.Account) -> None:
    async with db.transaction(account.id) as tx:
        await add(tx, "a")
    async with db.reading(account.id) as tx:
        assert await names(tx) == ["later a"]


async def test_one_that_fails_at_the_end_takes_all_back(db: Database, account: accounts.Account) -> None:
    user_id = ids.new()

    async def write() -> None:
        async with db.transaction(account.id) as tx:
            await tx.execute(INSERT, tx.account_id, user_id, "later a")
            await add(tx, "b", user_id)

    with pytest.raises(asyncpg.UniqueViolationError):
        await write()

    async with db.reading(account.id) as tx:
        assert await names(tx) is None


async def test_an_attempt_takes_back_those_that_wait_in_it_and_no_others(tx: Transaction) -> None:
    async def fail() -> None:
        async with tx.attempt():
            await add(tx, "inside")
            raise LookupError

    await add(tx, "before")
    with pytest.raises(LookupError):
        await fail()
    async with tx.attempt():
        await add(tx, "kept")

    assert await names(tx) == ["later before", "later kept"]


async def test_an_attempt_fails_by_one_that_waits_in_it(tx: Transaction) -> None:
    user_id = ids.new()
    await add(tx, "first", user_id)

    with pytest.raises(asyncpg.UniqueViolationError):
        async with tx.attempt():
            await add(tx, "again", user_id)

    assert await names(tx) == ["later first"]


async def test_stay_in_the_account_that_they_were_made_in(db: Database, tx: Transaction) -> None:
    here, there = tx.account_id, (await make.account(db)).id
    assert here is not None
    await add(tx, "here")
    await tx.enter(there)
    assert await names(tx) is None

    await tx.enter(here)
    assert await names(tx) == ["later here"]


async def test_sends_them_once_though_another_one_acts_meanwhile(tx: Transaction) -> None:
    """A source acts in the transaction of the job that reads its request."""
    another = replace(tx, actor=SYSTEM)
    await add(another, "once")

    assert await names(another) == ["later once"]
    await tx.flush()
    await another.flush()
    assert await names(tx) == ["later once"]
    await add(another, "twice")
    assert await names(tx) == ["later once", "later twice"]
