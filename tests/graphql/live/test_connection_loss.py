"""PostgreSQL ends connections in the middle: nobody who watches loses an event, or has one twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg
import pytest
from websockets.exceptions import ConnectionClosedError

from shared.actor import Permission
from shared.db import Database
from tests.client import Api
from tests.graphql.live.boards import Board
from tests.sockets import signed_in

MOVES = 60
KILLS = 6
PATIENCE = 60.0  # seconds
MOVE = """mutation ($id: ID!, $to: ID!, $key: String!) {
  moveDeal(input: {id: $id, toStageId: $to, idempotencyKey: $key}) { ... on MoveDealPayload { seq } }
}"""
# Of this database, but for the one who asks.
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def administrator(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


class Watcher:
    """Comes back with its cursor whenever its socket is ended."""

    def __init__(self, api: Api, token: str, board: Board) -> None:
        self.seqs: list[int] = []
        self.ready = asyncio.Event()
        self._address, self._token, self._funnel_id = f"127.0.0.1:{api.port}", token, board.funnel.id
        self._cursor: str | None = None

    async def run(self, last: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.seqs or self.seqs[-1] < last:
                with suppress(ConnectionClosedError):
                    await self._follow(self._funnel_id, last)

    async def _follow(self, funnel_id: UUID, last: int) -> None:
        async with signed_in(self._address, self._token) as socket:
            watching = await socket.watch(funnel_id, self._cursor)
            while not self.seqs or self.seqs[-1] < last:
                told = await watching.next()
                assert told["__typename"] in ("BoardReady", "DealMoved"), told
                self._cursor = told["cursor"]
                self.ready.set()
                if told["__typename"] == "DealMoved":
                    self.seqs.append(told["seq"])


@asynccontextmanager
async def killing(administrator: asyncpg.Connection, moved: asyncio.Semaphore) -> AsyncIterator[None]:
    """All connections are ended after every tenth move."""

    async def kill() -> None:
        for _ in range(KILLS):
            for _ in range(MOVES // KILLS):
                await moved.acquire()
            await administrator.execute(OTHERS)

    task = asyncio.create_task(kill())
    try:
        yield
        await task
    finally:
        task.cancel()


async def test_watchers_have_every_event_once_though_all_connections_are_lost(
    api: Api, board: Board, administrator: asyncpg.Connection
) -> None:
    token = api.person(board.account.id, *Permission, user_id=board.manager.id)
    watchers = [Watcher(api, token, board) for _ in range(5)]
    last = 1 + MOVES
    watching = [asyncio.create_task(watcher.run(last)) for watcher in watchers]
    for watcher in watchers:
        await watcher.ready.wait()
    moved = asyncio.Semaphore(0)
    async with killing(administrator, moved):
        for number in range(MOVES):
            stage = next(board.places)
            variables = {"id": str(board.deal.id), "to": str(stage.id), "key": str(number)}
            assert await done(api, token, variables) == number + 2
            moved.release()
    await asyncio.gather(*watching)

    assert [watcher.seqs for watcher in watchers] == [list(range(2, last + 1))] * 5


async def done(api: Api, token: str, variables: dict[str, str]) -> int:
    """The seq of a move that is asked for until it is done: a key makes it one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await api.graphql(MOVE, variables, token)
            if answer.status == 200:
                return int(answer.data["moveDeal"]["seq"])
            assert (answer.status, answer.codes) == (503, ["UNAVAILABLE"])


async def test_events_come_though_nobody_told_and_nobody_listens(
    api: Api, board: Board, db: Database, administrator: asyncpg.Connection
) -> None:
    token = api.person(board.account.id, user_id=board.viewer.id)
    async with signed_in(f"127.0.0.1:{api.port}", token) as socket:
        watching = await socket.watch(board.funnel.id)
        await watching.next()
        listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        await administrator.fetch(listening)
        places = await board.move(db, 3)  # this pool tells nobody what was committed

        assert [told["cursor"] for told in await watching.many(3)] == [place.cursor for place in places]
