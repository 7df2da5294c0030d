"""The only way to a connection: short transactions, each for one account, each under the role `voronka_app`.

Row-level security hides every row of every other account from such a transaction; opening one costs one round trip,
and it works behind a transaction pooler, for everything is set for the transaction only (`SET LOCAL`).
Nothing leaves before commit: `Transaction.after_commit` is the only way out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from shared import crash
from shared.actor import SYSTEM, Actor
from shared.codecs import set_codecs
from shared.combining import combined, name_of
from shared.errors import Unavailable

Record = asyncpg.Record  # a row; its values are what asyncpg makes of the columns

FAREWELL = 10.0  # seconds that a pool waits at its end for those who still work
POOL_WAIT = 1.0  # seconds; a request that would wait longer is told to come again

# What a database says when it is overloaded, restarting or gone. Nothing was changed then, or the client cannot know
# and asks again with its idempotency key.
OUTAGES = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # its farewell came between two statements
    OSError,
    TimeoutError,
)
# Whatever a connection outside the pool may fail by: whoever keeps one makes a new one.
FAILURES = (*OUTAGES, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True)
class Limits:
    """How long a transaction may take, in milliseconds: a statement, a wait for a lock, and doing nothing."""

    statement: int
    lock: int
    idle: int


REQUEST = Limits(statement=3_000, lock=1_000, idle=5_000)
JOB = Limits(statement=20_000, lock=5_000, idle=10_000)

# What a request changes is found by keys: one plan of a statement serves always, and making it anew costs more than
# what it does.
BEGIN_KEYED = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"


class Message:
    """Something to be said once a transaction is committed, and never if it is not. A hint: it may get lost."""


class Connection(asyncpg.Connection):
    """A connection that is not reset between uses: whatever was set ended with its transaction."""

    def get_reset_query(self) -> str:
        return ""


@dataclass
class Transaction:
    """One account's transaction: whose rows it sees, who acts in it, and what is to be said after it."""

    conn: asyncpg.Connection
    account_id: UUID | None
    actor: Actor = SYSTEM
    outgoing: list[Message] = field(default_factory=list)
    _waiting: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)

    def after_commit(self, message: Message) -> None:
        """Say this when, and only when, the transaction is committed."""
        self.outgoing.append(message)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A part that may fail while the rest stands: a failure takes back its rows and its messages."""
        await self.flush()
        said = len(self.outgoing)
        await self.conn.execute("SAVEPOINT attempt")  # the same name again hides the outer one, until it is released
        try:
            yield
            await self.flush()
        except BaseException:
            del self.outgoing[said:]
            self._waiting.clear()
            await self.conn.execute("ROLLBACK TO attempt; RELEASE attempt")
            raise
        await self.conn.execute("RELEASE attempt")

    async def enter(self, account_id: UUID) -> None:
        """Go on in another account: only for the host CRM, which sets accounts up."""
        await self.flush()
        await self.conn.execute("SELECT set_config('app.account', $1, true)", account_id.hex)
        self.account_id = account_id

    async def now(self) -> datetime:
        """The account's time."""
        return cast(datetime, await self.fetchval("SELECT account_now()"))

    async def later(self, query: str, *args: object) -> str:
        """A write whose outcome nobody waits for: it goes with others, before anything else is asked, or at the end.

        A round trip costs more than most writes do. What goes together begins at one state: such writes touch no row
        twice, and none reads what another one wrote. One that must come after another reads from its name, which is
        answered (`RETURNING`). The same statement again goes by itself.
        """
        if any(query == waiting for waiting, _ in self._waiting):
            await self.flush()
        self._waiting.append((query, args))
        return name_of(len(self._waiting) - 1)

    async def flush(self) -> None:
        """Send the writes that wait."""
        if self._waiting:
            text, args = self._with_waiting("SELECT", ())
            await self.conn.execute(text, *args)

    async def last(self, query: str, *args: object) -> Any:
        """A write that goes with those that wait, as one of them, and is the last one; its value."""
        text, together = self._with_waiting(query, args)
        return await self.conn.fetchval(text, *together)

    def _with_waiting(self, query: str, args: tuple[object, ...]) -> tuple[str, list[object]]:
        together = [*self._waiting, (query, args)]
        self._waiting.clear()  # in place: whoever acts in the same transaction for another holds the same list
        text = combined(tuple((query, len(args)) for query, args in together))
        return text, [arg for _, args in together for arg in args]

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        await self.flush()
        return await self.conn.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        await self.flush()
        return await self.conn.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        await self.flush()
        return await self.conn.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        await self.flush()
        return await self.conn.execute(query, *args)

    async def executemany(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        await self.flush()
        await self.conn.executemany(query, rows)


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
        with outages():
            async with self._connection() as conn:
                async with _transaction(conn, BEGIN_KEYED if limits is REQUEST else "BEGIN", account_id, limits):
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
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with outages():
            async with self._connection() as conn, _transaction(conn, begin, account_id, limits):
                yield Transaction(conn, account_id, actor)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        conn = await self.pool.acquire(timeout=POOL_WAIT)
        try:
            yield cast(asyncpg.Connection, conn)  # the pool's stand-in for one
        finally:
            with suppress(asyncpg.InternalClientError):  # cut in this very moment, the pool has parted with it already
                # Shielded: a cancelled request must not leave its connection outside the pool.
                await asyncio.shield(self.pool.release(conn))


@asynccontextmanager
async def _transaction(
    conn: asyncpg.Connection, begin: str, account_id: UUID | None, limits: Limits
) -> AsyncIterator[None]:
    account = account_id.hex if account_id else ""  # not its text: an `UnreadableId` prints what somebody wrote
    try:
        await conn.execute(
            f"{begin}; SET LOCAL ROLE voronka_app; SET LOCAL app.account = '{account}';"
            f" SET LOCAL statement_timeout = {limits.statement}; SET LOCAL lock_timeout = {limits.lock};"
            f" SET LOCAL idle_in_transaction_session_timeout = {limits.idle}"
        )
        yield
        ended = await conn.execute("COMMIT")
    except BaseException as failure:
        if not _is_gone(conn):
            await _roll_back(conn)
        elif isinstance(failure, asyncpg.InterfaceError):  # what asyncpg says of a connection that was cut before
            raise Unavailable from failure
        raise
    if ended != "COMMIT":
        raise RuntimeError("A failed statement was passed over: PostgreSQL rolled back what should be committed.")


async def _roll_back(conn: asyncpg.Connection) -> None:
    try:
        await conn.execute("ROLLBACK")
    except asyncpg.InternalClientError:
        conn.terminate()  # the server is going: nobody else shall be given this connection
        raise


def _is_gone(conn: asyncpg.Connection) -> bool:
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:  # the pool has parted it from its name already
        return True


@contextmanager
def outages() -> Iterator[None]:
    """What the database cannot do now, in the product's words."""
    try:
        yield
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
