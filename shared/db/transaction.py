"""What a command holds: one account's transaction, how long it may take, and what is to be said after it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from shared.actor import SYSTEM, Actor
from shared.db.combining import combined, name_of
from shared.errors import Unavailable

Record = asyncpg.Record  # a row; its values are what asyncpg makes of the columns


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
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Message:
    """Something to be said once a transaction is committed, and never if it is not. A hint: it may get lost."""


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


async def enter(conn: asyncpg.Connection, begin: str, account_id: UUID | None, limits: Limits) -> None:
    """Begin a transaction in one account, under the app's role."""
    account = account_id.hex if account_id else ""  # not its text: an `UnreadableId` prints what somebody wrote
    await conn.execute(
        f"{begin}; SET LOCAL ROLE voronka_app; SET LOCAL app.account = '{account}';"
        f" SET LOCAL statement_timeout = {limits.statement}; SET LOCAL lock_timeout = {limits.lock};"
        f" SET LOCAL idle_in_transaction_session_timeout = {limits.idle}"
    )


async def commit(conn: asyncpg.Connection) -> None:
    """Raises RuntimeError when there was nothing left to commit."""
    if await conn.execute("COMMIT") != "COMMIT":
        raise RuntimeError("A failed statement was passed over: PostgreSQL rolled back what should be committed.")


async def take_back(conn: asyncpg.Connection, failure: BaseException) -> None:
    """Of a transaction that failed. Raises Unavailable where it did so because the connection had been cut before."""
    if not _is_gone(conn):
        await _roll_back(conn)
    elif isinstance(failure, asyncpg.InterfaceError):  # what asyncpg says of it then
        raise Unavailable from failure


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
