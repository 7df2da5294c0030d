"""What those who come to a room ask the database: one read answers all who ask the same at once."""

import asyncio
from uuid import UUID

from services.graphql.together import Together
from shared import events, funnels
from shared.actor import SYSTEM, Actor
from shared.db import Database
from shared.events import Place

AT_ONCE = 4  # reads; a thousand that come back together take turns, and get no time-out

Key = tuple[UUID, UUID]  # account and stream: clients make ids, so a stream's alone would not do


class Reads:
    """Each sees what was committed before it was asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        at_once = asyncio.Semaphore(AT_ONCE)
        self._heads = Together(self._head, at_once)
        self._sights = Together(self._sight, at_once)
        self._ages = Together(self._age, at_once)

    async def head(self, key: Key) -> Place | None:
        """Where the stream is; None: there is no such stream."""
        return await self._heads.ask(key)

    async def sees(self, account_id: UUID, actor: Actor, funnel_id: UUID) -> bool:
        """Whether they may look at the funnel now."""
        return await self._sights.ask((account_id, funnel_id, SYSTEM if actor.sees_all_funnels else actor))

    async def age(self, key: Key, seq: int) -> float:
        """Seconds since the event, by the account's clock; 0: there is none any more."""
        return await self._ages.ask((key, seq))

    async def _head(self, key: Key) -> Place | None:
        async with self._db.reading(key[0]) as tx:
            return await events.head(tx, key[1])

    async def _sight(self, asked: tuple[UUID, UUID, Actor]) -> bool:
        account_id, funnel_id, actor = asked
        async with self._db.reading(account_id, actor) as tx:
            return await funnels.seen_by(tx, actor, funnel_id)

    async def _age(self, asked: tuple[Key, int]) -> float:
        (account_id, stream_id), seq = asked
        async with self._db.reading(account_id) as tx:
            at = await events.happened_at(tx, stream_id, seq)
            return (await tx.now() - at).total_seconds() if at is not None else 0.0
