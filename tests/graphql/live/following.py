"""A subscriber within the test's own process, who is asked for one thing after another."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from services.graphql.live.follow import Told, follow
from services.graphql.live.rooms import News, Rooms
from shared.actor import Actor
from shared.db import Database
from shared.events import Place
from tests.graphql.live.boards import Board


@asynccontextmanager
async def following(
    board: Board, db: Database, rooms: Rooms, after: str | None = None, actor: Actor | None = None
) -> AsyncIterator[AsyncGenerator[Told]]:
    ctx = board.context(db, rooms, actor)
    async with aclosing(follow(ctx, board.funnel.id, after)) as told:
        yield told
    await ctx.close()


async def seqs(told: AsyncGenerator[Told], count: int) -> list[int]:
    """Of the next ones, which must be events."""
    found = []
    for _ in range(count):
        news = await anext(told)
        assert isinstance(news, News), news
        found.append(news.seq)
    return found


async def head(db: Database, board: Board) -> Place:
    async with Rooms(db).watching(*board.key) as room:
        return room.head
