"""Whoever watches outlasts an outage of the database: what is to be read waits until it can be."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import asyncpg
import pytest

from services.graphql.live import outages
from services.graphql.live.follow import Ready, Resync, ResyncReason
from services.graphql.live.rooms import RING_EVENTS, News, Rooms
from shared.db import Database
from shared.errors import Unavailable
from tests.graphql.live.boards import Board, until
from tests.graphql.live.counting import Counted
from tests.graphql.live.following import following, head, seqs

T = TypeVar("T")
AFRESH = 2  # tries in an outage that show that somebody waits


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "PAUSE", 0.01)


async def through_an_outage(counted: Counted, next: Awaitable[T]) -> T:
    counted.away, before = True, counted.reads
    asking = asyncio.ensure_future(next)
    await until(lambda: counted.reads >= before + AFRESH)
    assert not asking.done()
    counted.away = False
    return await asking


async def reached(rooms: Rooms, board: Board) -> None:
    """The room has all that there is."""
    async with rooms.watching(*board.key):
        pass


async def test_what_is_further_behind_than_the_ring_is_waited_for(db: Database, board: Board) -> None:
    counted = Counted(db)
    rooms, place = Rooms(counted), await head(db, board)
    await board.lengthen(db, RING_EVENTS + 44)
    async with following(board, counted, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
        assert await through_an_outage(counted, seqs(told, RING_EVENTS + 44)) == list(range(2, RING_EVENTS + 46))


async def test_whether_access_was_taken_away_is_asked_until_it_is_known(db: Database, board: Board) -> None:
    counted = Counted(db)
    rooms = Rooms(counted)
    async with following(board, counted, rooms, actor=board.as_viewer) as told:
        assert isinstance(await anext(told), Ready)
        await board.set_viewers(db, board.viewer, board.manager)
        await reached(rooms, board)
        assert isinstance(await through_an_outage(counted, anext(told)), News)
        await board.set_viewers(db)
        await reached(rooms, board)
        gone = await through_an_outage(counted, anext(told))

    assert isinstance(gone, Resync)
    assert gone.reason is ResyncReason.ACCESS_CHANGED


async def test_a_long_outage_is_told(db: Database, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "LONGEST", 0.0)
    counted = Counted(db)
    rooms, place = Rooms(counted), await head(db, board)
    await board.lengthen(db, RING_EVENTS + 44)
    async with following(board, counted, rooms, place.cursor) as told:
        assert await anext(told) == Ready(place)
        counted.away = True
        with pytest.raises(Unavailable):
            await anext(told)


async def test_an_answer_stands_though_the_connection_was_cut_after_it(db: Database, board: Board, dsn: str) -> None:
    """Else one answer in many, read in the very moment of an outage, would end the socket that it was for."""
    ctx = board.context(db, Rooms(db))
    seen = await ctx.read(lambda tx: tx.fetchval("SELECT pg_backend_pid()"))
    administrator = await asyncpg.connect(dsn)
    assert await administrator.fetchval("SELECT pg_terminate_backend($1, 5000)", seen)
    await administrator.close()

    await ctx.close()

    assert await ctx.read(lambda tx: tx.fetchval("SELECT 1")) == 1
    await ctx.close()
