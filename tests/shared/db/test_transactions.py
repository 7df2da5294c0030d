"""The only way to a connection: what is committed, what is said, and whose rows are seen."""

from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from shared import accounts, ids
from shared.accounts.commands import NO_USER
from shared.db import Database, Message, Transaction, connect
from shared.db.transaction import BEGIN_KEYED
from shared.errors import DomainError
from tests import make
from tests.shared.saying import Said, add_user, names


class Refused(DomainError):
    says = NO_USER


async def add_and_refuse(tx: Transaction, word: str) -> None:
    await add_user(tx, word)
    tx.after_commit(Said(word))
    raise Refused


# ─── what is committed, and what is said ─────────────────────────────────────────────────────────


async def test_says_everything_after_commit_and_nothing_before(dsn: str, account: accounts.Account) -> None:
    heard: list[tuple[Message, list[str]]] = []
    other = await asyncpg.connect(dsn)
    async with connect(dsn, size=1) as db:
        said: list[Message] = []
        db.deliver = said.extend
        async with db.transaction(account.id) as tx:
            await add_user(tx, "Ада")
            tx.after_commit(Said("one"))
            tx.after_commit(Said("two"))
            seen = await other.fetchval("SELECT count(*) FROM users WHERE account_id = $1", account.id)
            assert (seen, said, heard) == (0, [], [])
        assert said == [Said("one"), Said("two")]
    assert await other.fetchval("SELECT count(*) FROM users WHERE account_id = $1", account.id) == 1
    await other.close()


async def test_has_its_connection_back_before_anything_is_said(dsn: str, account: accounts.Account) -> None:
    async with connect(dsn, size=1) as db:
        idle: list[int] = []
        db.deliver = lambda messages: idle.append(db.pool.get_idle_size())
        async with db.transaction(account.id) as tx:
            tx.after_commit(Said("word"))
            assert db.pool.get_idle_size() == 0

    assert idle == [1]


async def test_takes_all_back_and_says_nothing_when_the_block_raises(dsn: str, account: accounts.Account) -> None:
    said: list[Message] = []
    async with connect(dsn, size=1, deliver=said.extend) as db:
        with pytest.raises(Refused):
            async with db.transaction(account.id) as tx:
                await add_and_refuse(tx, "never")

        assert (await names(db, account.id), said) == ([], [])


async def test_an_attempt_takes_back_its_rows_and_its_messages(dsn: str, account: accounts.Account) -> None:
    said: list[Message] = []
    async with connect(dsn, size=1, deliver=said.extend) as db:
        async with db.transaction(account.id) as tx:
            await add_user(tx, "before")
            tx.after_commit(Said("before"))
            with pytest.raises(Refused):
                async with tx.attempt():
                    await add_and_refuse(tx, "inside")
            async with tx.attempt():
                await add_user(tx, "kept")
                tx.after_commit(Said("kept"))

        assert await names(db, account.id) == ["before", "kept"]
        assert said == [Said("before"), Said("kept")]


async def test_attempts_within_attempts_take_back_only_their_own(tx: Transaction) -> None:
    async with tx.attempt():
        tx.after_commit(Said("outer"))
        outer = await add_user(tx, "outer")
        with pytest.raises(Refused):
            async with tx.attempt():
                await add_and_refuse(tx, "inner")

    assert tx.outgoing == [Said("outer")]
    assert await tx.fetchval("SELECT name FROM users WHERE id = $1", outer) == "outer"
    assert await tx.fetchval("SELECT count(*) FROM users WHERE name = 'inner'") == 0


async def test_an_attempt_survives_a_statement_that_failed(tx: Transaction) -> None:
    user_id = await add_user(tx, "first")

    with pytest.raises(asyncpg.UniqueViolationError):
        async with tx.attempt():
            await tx.execute(
                "INSERT INTO users (account_id, id, name) VALUES ($1, $2, 'again')", tx.account_id, user_id
            )

    assert await tx.fetchval("SELECT name FROM users WHERE id = $1", user_id) == "first"


async def test_a_failed_statement_that_is_passed_over_is_not_taken_for_a_commit(
    db: Database, account: accounts.Account
) -> None:
    async def pass_over() -> None:
        async with db.transaction(account.id) as tx:
            await add_user(tx, "lost")
            with suppress(asyncpg.PostgresError):
                await tx.execute("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="rolled back what should be committed"):
        await pass_over()

    assert await names(db, account.id) == []


# ─── one round trip, one state ───────────────────────────────────────────────────────────────────


async def test_opens_a_transaction_in_one_round_trip(db: Database, account: accounts.Account) -> None:
    asked: list[str] = []
    async with db.pool.acquire() as conn:
        conn.add_query_logger(lambda query: asked.append(query.query))
        only = Database(_PoolOfOne(conn))  # type: ignore[arg-type]  # the two methods of a pool that are used
        async with only.transaction(account.id) as tx:
            await tx.fetchval("SELECT 1")

    assert len(asked) == 3
    assert asked[0].startswith(f"{BEGIN_KEYED}; SET LOCAL ROLE voronka_app; SET LOCAL app.account = ")
    assert asked[1:] == ["SELECT 1", "COMMIT"]


class _PoolOfOne:
    def __init__(self, conn: Any) -> None:
        self.conn = conn

    async def acquire(self) -> Any:
        return self.conn

    async def release(self, conn: Any) -> None:
        assert conn is self.conn


async def test_a_request_plans_a_statement_once(dsn: str, account: accounts.Account) -> None:
    """PostgreSQL itself plans the first five anew, and one with a list each time: it takes lists to be long."""
    asked = "SELECT name FROM users WHERE id = ANY($1)"
    async with connect(dsn, size=1) as db:
        for _ in range(9):
            async with db.transaction(account.id) as tx:
                await tx.fetch(asked, [ids.new()])
        async with db.pool.acquire() as conn:
            counted = await conn.fetchrow(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1", asked
            )
    assert counted is not None
    assert tuple(counted) == (9, 0)


async def test_reads_one_state_and_refuses_to_write(db: Database, account: accounts.Account) -> None:
    async with db.reading(account.id) as reader:
        assert await reader.fetchval("SELECT count(*) FROM users") == 0
        async with db.transaction(account.id) as writer:
            await add_user(writer, "Ада")
        assert await reader.fetchval("SELECT count(*) FROM users") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with reader.attempt():
                await add_user(reader, "never")

    assert await names(db, account.id) == ["Ада"]


async def test_nothing_that_was_set_outlives_its_transaction(dsn: str, account: accounts.Account) -> None:
    """One connection serves two accounts in turn, and somebody without an account after them."""
    async with connect(dsn, size=1) as db:
        other = await make.account(db)
        for owner, name in ((account, "Ада"), (other, "Бор")):
            async with db.transaction(owner.id) as tx:
                await add_user(tx, name)
        assert await names(db, account.id) == ["Ада"]
        assert await names(db, other.id) == ["Бор"]
        async with db.reading(None) as tx:
            assert await tx.fetch("SELECT FROM users") == []
        async with db.pool.acquire() as conn:
            assert await conn.fetchval("SELECT current_setting('app.account', true)") in (None, "")
            assert await conn.fetchval("SELECT current_user = session_user")
            assert await conn.fetchval("SHOW statement_timeout") == "0"


# ─── whose rows ──────────────────────────────────────────────────────────────────────────────────


async def test_whoever_writes_an_account_id_by_hand_enters_nothing(db: Database, account: accounts.Account) -> None:
    written = ids.read("' ; RESET ROLE; SET app.account = '" + str(account.id))

    async with db.reading(written) as tx:
        assert await tx.fetch("SELECT FROM accounts") == []
        assert await tx.fetchval("SELECT current_user") == "voronka_app"
        await tx.enter(ids.read("no id"))
        assert await tx.fetch("SELECT FROM accounts") == []


async def test_goes_on_in_another_account(db: Database, account: accounts.Account) -> None:
    async with db.transaction(None) as tx:
        assert await tx.fetchval("SELECT count(*) FROM accounts") == 0
        await tx.enter(account.id)
        assert [row["id"] for row in await tx.fetch("SELECT id FROM accounts")] == [account.id]
        assert tx.account_id == account.id
