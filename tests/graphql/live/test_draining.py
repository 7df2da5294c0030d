"""Going down: a real API process is told to end, while people are there."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from signal import SIGINT, SIGTERM
from time import monotonic

import pytest
from httpx import RemoteProtocolError
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from services.graphql.live.sockets import GOING_AWAY, SPREAD
from shared.actor import Permission
from shared.db import Database
from tests import client
from tests.graphql.live.boards import Board, until
from tests.graphql.live.streams import reading
from tests.sockets import BOARD, Watching, connected, signed_in

MOVE = """mutation ($id: ID!, $to: ID!) {
  moveDeal(input: {id: $id, toStageId: $to}) { __typename ... on MoveDealPayload { seq } }
}"""


async def ended(api: client.Api) -> int:
    """Its exit code."""
    await until(lambda: api.process.poll() is not None)
    return api.process.returncode


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
async def test_without_sockets_it_ends_at_once(dsn: str, redis_url: str, tmp_path: Path, number: int) -> None:
    async with client.api(tmp_path, dsn, redis_url) as api:
        began = monotonic()
        api.process.send_signal(number)

        assert await ended(api) == 0, api.said
        assert monotonic() - began < SPREAD[1]


async def test_sockets_are_sent_away_one_by_one_and_what_runs_ends(
    dsn: str, redis_url: str, tmp_path: Path, db: Database, board: Board
) -> None:
    async with client.api(tmp_path, dsn, redis_url) as api:
        address = f"127.0.0.1:{api.port}"
        token = api.person(board.account.id, *Permission, user_id=board.manager.id)
        async with signed_in(address, token) as moving, AsyncExitStack() as stack:
            watchers = [await watched(address, token, board, stack) for _ in range(12)]
            over_http = await stack.enter_async_context(
                reading(address, BOARD, {"funnelId": str(board.funnel.id), "after": None}, token)
            )
            await over_http.seqs(1)  # from where it follows
            async with db.transaction(board.account.id) as held:
                await held.execute("SELECT FROM stream_heads WHERE stream_id = $1 FOR UPDATE", board.funnel.id)
                to = str(board.funnel.own[0].id)
                by_http = asyncio.create_task(api.graphql(MOVE, {"id": str(board.deal.id), "to": to}, token))
                await moving.subscribe("m", MOVE, {"id": str(board.deal.id), "to": to})
                await moving.subscribe("q", "{ __typename }")
                await moving.of("q")
                began = monotonic()
                api.process.send_signal(SIGTERM)
                ready = await api.request("GET", "/readyz")
                await refuses_sockets(address)
            answered = await by_http
            over_socket = await moving.of("m")

            assert (ready.status, ready.body) == (503, {"status": "draining"})
            moves = [answered.data["moveDeal"], over_socket["payload"]["data"]["moveDeal"]]
            assert sorted(move["seq"] for move in moves) == [2, 3]
            ends = await asyncio.gather(*(seen_to_the_end(watching) for watching in watchers))
            assert await moving.closed() == GOING_AWAY
            assert await over_http.seqs(3) == [2, 3]
            with pytest.raises(RemoteProtocolError):
                await over_http.event()
            assert over_http.said[-1] == "1012 The service restarts: reconnect."
        assert [(seqs, code) for seqs, code, _ in ends] == [([2, 3], 1012)] * 12
        moments = sorted(at - began for _, _, at in ends)
        assert SPREAD[0] <= moments[0]
        assert moments[0] + 0.5 < moments[-1]  # not all in one moment
        assert await ended(api) == 0, api.said
        assert "without completing response" not in api.said


async def test_a_second_signal_does_not_wait(dsn: str, redis_url: str, tmp_path: Path, board: Board) -> None:
    async with client.api(tmp_path, dsn, redis_url) as api:
        token = api.person(board.account.id, user_id=board.viewer.id)
        async with signed_in(f"127.0.0.1:{api.port}", token) as socket:
            await (await socket.watch(board.funnel.id)).next()
            api.process.send_signal(SIGTERM)
            while (await api.request("GET", "/readyz")).status == 200:
                pass
            api.process.send_signal(SIGTERM)
            assert await socket.closed() == (GOING_AWAY[0], "")  # uvicorn's own word, to all at once
        assert await ended(api) == 0, api.said


async def watched(address: str, token: str, board: Board, stack: AsyncExitStack) -> Watching:
    socket = await stack.enter_async_context(signed_in(address, token))
    watching = await socket.watch(board.funnel.id)
    assert (await watching.next())["__typename"] == "BoardReady"
    return watching


async def seen_to_the_end(watching: Watching) -> tuple[list[int], int | None, float]:
    """The events that were told, the code of the end, and when it came."""
    seqs = []
    try:
        while True:
            seqs.append((await watching.next())["seq"])
    except ConnectionClosed as end:
        return seqs, end.rcvd.code if end.rcvd else None, monotonic()


async def refuses_sockets(address: str) -> None:
    """Either not at all, or sent away at once."""
    try:
        async with connected(address) as socket:
            assert await socket.closed() == GOING_AWAY
    except InvalidHandshake:
        pass
