"""The statements that an operation really makes: the product answers it here, on a connection that is listened to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import answer, prepare
from services.graphql.live.rooms import Rooms
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from shared import accounts
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database, connect
from tests import make

SETTINGS = Settings(database_url="unused", redis_url="unused", voronka_env="test")


@dataclass(frozen=True)
class Said:
    """A statement and its values."""

    query: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Spy:
    """`said`: the statements of the pool's only connection, in their order."""

    db: Database
    said: list[Said]

    async def ask(self, account: accounts.Account, user: accounts.User, query: str, /, **variables: Any) -> list[Said]:
        """The statements that the user's operation took. It must have no errors."""
        actor, until = make.actor(user, *Permission), datetime.now(UTC) + timedelta(hours=1)
        viewer = Viewer(actor, account, user, account.id, None, until)
        ctx = Context(self.db, SETTINGS, Rooms(self.db), viewer, "uk")
        documents = Documents(executable, introspection=True, suggestions=True)
        operation = prepare(documents, Asked(query, variables=variables))
        self.said.clear()
        answered = await answer(executable, operation, ctx)
        await ctx.close()
        assert "errors" not in answered.body
        return list(self.said)

    async def plan(self, account: accounts.Account, said: Said) -> str:
        async with self.db.transaction(account.id) as tx:
            return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {said.query}", *said.values))


@asynccontextmanager
async def spying(dsn: str) -> AsyncIterator[Spy]:
    async with connect(dsn, size=1) as db:
        spy = Spy(db, [])

        def note(logged: asyncpg.connection.LoggedQuery) -> None:
            spy.said.append(Said(logged.query, tuple(logged.args or ())))

        async with db.pool.acquire() as conn:
            conn.add_query_logger(note)
        yield spy
