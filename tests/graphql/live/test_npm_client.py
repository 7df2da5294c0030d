"""The client that most people use, graphql-ws of npm: its connection is cut again and again, and it misses nothing."""

import asyncio
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.local import node
from services.local.testing import CLIENTS
from tests.graphql.live.boards import Board
from tests.graphql.live.cutting import way_to
from tests.graphql.live.house import Served
from tests.sockets import BOARD

PATIENCE = 60.0  # seconds
CUTS = 6
EVENTS_BETWEEN = 10


@pytest.fixture(scope="session")
def program() -> Path:
    return node.install(CLIENTS).node


async def run(program: Path, **given: Any) -> asyncio.subprocess.Process:
    text = orjson.dumps(given | {"query": BOARD}).decode()
    return await asyncio.create_subprocess_exec(
        program, "watch.mjs", text, cwd=CLIENTS, stdout=PIPE, stderr=subprocess.STDOUT
    )


async def says(client: asyncio.subprocess.Process) -> dict[str, Any]:
    assert client.stdout is not None
    async with asyncio.timeout(PATIENCE):
        line = await client.stdout.readline()
    said: dict[str, Any] = orjson.loads(line)
    return said


async def events(client: asyncio.subprocess.Process, up_to: int) -> list[int]:
    """The numbers of the events that it says, until that one."""
    seqs: list[int] = []
    while not seqs or seqs[-1] < up_to:
        said = await says(client)
        assert said.get("__typename") != "BoardResync", said
        assert "error" not in said, said
        if said.get("__typename") == "DealMoved":
            seqs.append(said["seq"])
    return seqs


async def test_a_client_that_is_cut_off_again_and_again_has_each_event_once(
    live: Served, board: Board, program: Path
) -> None:
    token = live.token(board.account.id, board.viewer.id)
    last = 1 + 2 * CUTS * EVENTS_BETWEEN
    async with way_to(live.address) as way:
        client = await run(
            program,
            url=f"ws://{way.address}/graphql",
            authorization=f"Bearer {token}",
            funnelId=str(board.funnel.id),
            after=None,
            last=last,
        )
        try:
            assert await says(client) == {"connected": "first"}
            assert (await says(client))["__typename"] == "BoardReady"
            seqs, head = [], 1
            for _ in range(CUTS):
                await board.move(live.db, EVENTS_BETWEEN)
                head += EVENTS_BETWEEN
                seqs += await events(client, head - EVENTS_BETWEEN // 2)
                way.cut()
                await board.move(live.db, EVENTS_BETWEEN)  # while it is away
                head += EVENTS_BETWEEN
                seqs += await events(client, head)
            async with asyncio.timeout(PATIENCE):
                assert await client.wait() == 0
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()

    assert seqs == list(range(2, last + 1))
    assert way.taken == CUTS + 1


async def test_it_comes_back_by_itself_when_it_was_sent_away(live: Served, board: Board, program: Path) -> None:
    """1012, 1013 and 4403 are for coming back; a client of graphql-ws does."""
    token = live.token(board.account.id, board.viewer.id)
    client = await run(
        program,
        url=f"ws://{live.address}/graphql",
        authorization=f"Bearer {token}",
        funnelId=str(board.funnel.id),
        after=None,
        last=5,
    )
    try:
        assert await says(client) == {"connected": "first"}
        assert (await says(client))["__typename"] == "BoardReady"
        for seq, code in enumerate((1012, 1013, 4403, 1001), start=2):
            (socket,) = live.house.sockets._open
            socket.end(code, "Go")
            assert await says(client) == {"closed": code}
            await board.move(live.db)
            assert await says(client) == {"connected": "again"}
            assert (await says(client))["__typename"] == "BoardReady"
            assert await events(client, seq) == [seq]
        async with asyncio.timeout(PATIENCE):
            assert await client.wait() == 0
    finally:
        if client.returncode is None:
            client.kill()
            await client.wait()
