"""The connections of a process, and the transactions that are opened on them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from uuid import UUID

import asyncpg

from shared import crash
from shared.actor import SYSTEM, Actor
from shared.db.codecs import set_codecs
from shared.db.failures import OUTAGES
from shared.db.transaction import (
    BEGIN_KEYED,
    READING,
    REQUEST,
    Limits,
    Message,
    Transaction,
    commit,
    enter,
    take_back,
)
from shared.errors import Unavailable

FAREWELL = 10.0  # seconds that a pool waits at its end for those who still work
POOL_WAIT = 1.0  # seconds; a request that would wait longer is told to come again


class Connection(asyncpg.Connection):
    """A connection that is not reset between uses: whatever was set ended with its transaction."""

    def get_reset_query(self) -> str:
        return ""


Deliver = Callable[[Sequence[Message]], None]


def deliver_nothing(messages: Sequence[Message]) -> None:
    """For tools that tell nobody: whatever would have been hinted at is swept for."""


class Database:
    """A pool, and what is done with the messages of committed transactions."""

    def __init__(self, pool: asyncpg.Pool, deliver: Deliver = deliver_nothing) -> None:
        self.pool = pool
        self.deliver = deliver

    @asynccontextmanager
    async def transaction(
        self, account_id: UUID | None, actor: Actor = SYSTEM, limits: Limits = REQUEST
    ) -> AsyncIterator[Transaction]:
        """Commits when the block ends, then says what is to be said; takes all back when it raises.

        Raises `Unavailable` when the database cannot serve in time.
        """
        async with self._begun(BEGIN_KEYED if limits is REQUEST else "BEGIN", account_id, limits) as conn:
            tx = Transaction(conn, account_id, actor)
            yield tx
            await tx.flush()
            if tx.outgoing:
                crash.at("db.committing")
        # The connection is back in the pool before we talk to anyone else.
        if tx.outgoing:
            crash.at("db.committed")
            self.deliver(tx.outgoing)
            crash.at("db.delivered")

    @asynccontextmanager
    async def reading(
        self, account_id: UUID | None, actor: Actor = SYSTEM, limits: Limits = REQUEST
    ) -> AsyncIterator[Transaction]:
        """One state of the account, however many statements look at it. Refuses to write."""
        async with self._begun(READING, account_id, limits) as conn:
            yield Transaction(conn, account_id, actor)

    @asynccontextmanager
    async def _begun(self, begin: str, account_id: UUID | None, limits: Limits) -> AsyncIterator[asyncpg.Connection]:
        """A connection from BEGIN to COMMIT. One manager, not one in another: each costs a request as much as a write."""
        try:
            async with asyncio.timeout(POOL_WAIT):  # a time-out of the pool's own would make a task of it
                held = await self.pool.acquire()
            conn = cast(asyncpg.Connection, held)  # it is the pool's stand-in for one
            try:
                await enter(conn, begin, account_id, limits)
                yield conn
                await commit(conn)
            except BaseException as failure:
                await take_back(conn, failure)
                raise
            finally:
                with suppress(asyncpg.InternalClientError):  # cut in this moment, the pool has parted with it already
                    await self.pool.release(held)  # behind a shield of its own: a cancelled request gives it back, too
        except OUTAGES as outage:
            raise Unavailable from outage


@asynccontextmanager
async def connect(
    dsn: str,
    *,
    size: int,
    statement_cache: int = 500,
    deliver: Deliver = deliver_nothing,
    on_statement: Callable[[Any], None] | None = None,
) -> AsyncIterator[Database]:
    """A database for the life of a process. Connections are made when they are first needed.

    `on_statement` is told of each statement that was executed (asyncpg's LoggedQuery).
    """

    async def begin(conn: asyncpg.Connection) -> None:
        await set_codecs(conn)
        if on_statement is not None:
            conn.add_query_logger(on_statement)

    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        connection_class=Connection,
        init=begin,
        timeout=3,
        command_timeout=None,
        statement_cache_size=statement_cache,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "voronka", "TimeZone": "UTC"},
    )
    async with pool:
        try:
            yield Database(pool, deliver)
        finally:
            with suppress(TimeoutError):  # asyncpg cuts whoever does not give theirs back
                async with asyncio.timeout(FAREWELL):
                    await pool.close()
