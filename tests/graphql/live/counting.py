"""A database that counts, and that can be away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from shared.actor import SYSTEM, Actor
from shared.db import REQUEST, Database, Limits, Transaction
from shared.errors import Unavailable


class Counted(Database):
    """Counts the transactions that read, and does not open them while it is away."""

    def __init__(self, db: Database) -> None:
        super().__init__(db.pool)
        self.reads = 0
        self.away = False

    @asynccontextmanager
    async def reading(
        self, account_id: UUID | None, actor: Actor = SYSTEM, limits: Limits = REQUEST
    ) -> AsyncIterator[Transaction]:
        self.reads += 1
        if self.away:
            raise Unavailable
        async with super().reading(account_id, actor, limits) as tx:
            yield tx
