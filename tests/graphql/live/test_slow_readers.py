"""Somebody who does not read: nobody else is held up, little is kept for them, and in the end they are gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from services.graphql.live import stream, wire
from services.graphql.live.socket import Socket
from shared.db import Database
from tests.graphql.live.boards import Board, until
from tests.graphql.live.house import POOL, Served, served, sockets_of, streams_of
from tests.sockets import PROTOCOL, connected, signed_in

LONG = "Довга назва угоди, якої ніхто не дочитає. " * 4
MANY = 1_500
# Titles again and again: some 5 KB an event.
WIDE = (
    "subscription ($funnelId: ID!, $after: Cursor) { boardChanged(funnelId: $funnelId, after: $after) {"
    " ... on BoardEvent { seq } ... on BoardReady { seq } ... on DealMoved { deal {"
    + " ".join(f"t{number}: title" for number in range(15))
    + " } } } }"
)


@pytest.fixture
async def long_board(board: Board, db: Database) -> Board:
    """Its last event has a long title, and then happened many times more."""
    async with db.transaction(board.account.id, board.as_manager) as tx:
        await tx.execute("UPDATE deals SET title = $2 WHERE id = $1", board.deal.id, LONG.strip())
    await board.move(db)
    await board.repeat(db, MANY)
    return board


def viewers_sockets(live: Served, board: Board) -> list[Socket]:
    return [one for one in sockets_of(live) if one.belongs_to(board.account.id, board.viewer.id)]


@dataclass(frozen=True)
class Silent:
    reader: asyncio.StreamReader
    client: ClientProtocol
    socket: Socket

    async def read_to_the_end(self) -> list[Opcode]:
        """What the system still held of it: its frames up to the end of the connection."""
        with suppress(ConnectionError):
            while chunk := await asyncio.wait_for(self.reader.read(65_536), 30):
                self.client.receive_data(chunk)
        return [event.opcode for event in self.client.events_received() if isinstance(event, Frame)]


@asynccontextmanager
async def not_reading(live: Served, board: Board) -> AsyncIterator["Silent"]:
    """A subscriber from the first event on who reads nothing once it is subscribed, and answers no ping."""
    token = live.token(board.account.id, board.viewer.id)
    host, _, port = live.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1_024)
    client = ClientProtocol(parse_uri(f"ws://{live.address}/graphql"), subprotocols=[PROTOCOL])
    client.send_request(client.connect())
    writer.writelines(client.data_to_send())
    client.receive_data(await reader.readuntil(b"\r\n\r\n"))
    for message in (
        {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}},
        {
            "type": "subscribe",
            "id": "1",
            "payload": {"query": WIDE, "variables": {"funnelId": str(board.funnel.id), "after": board.start.cursor}},
        },
    ):
        frame = Frame(Opcode.TEXT, orjson.dumps(message))
        writer.write(frame.serialize(mask=True))
    await until(lambda: len(viewers_sockets(live, board)) == 1)
    try:
        yield Silent(reader, client, viewers_sockets(live, board)[0])
    finally:
        writer.transport.abort()


async def test_who_does_not_read_is_ended_and_nobody_waits_for_them(
    live: Served, long_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE", 1.0)
    monkeypatch.setattr(wire, "FAREWELL", 0.3)
    board = long_board
    manager = live.token(board.account.id, board.manager.id, "FUNNELS_MANAGE")
    async with not_reading(live, board) as silent, signed_in(live.address, manager) as other:
        watching = await other.watch(board.funnel.id)
        head = (await watching.next())["seq"]
        most = 0
        while not silent.socket._ended.done():
            await board.move(live.db)
            head += 1
            assert (await watching.next())["seq"] == head
            most = max(most, silent.socket._wire._waiting())
        close = silent.socket._ended.result()
        assert close is not None
        assert close.code == 1013
        assert 0 < most < 200_000
        server = silent.socket._websocket.scope[wire.KEY]
        await until(lambda: server not in server.connections)
        assert Opcode.CLOSE not in await silent.read_to_the_end()  # it was behind what nobody read
        await board.move(live.db)
        assert (await watching.next())["seq"] == head + 1
    await until(lambda: live.house.rooms._rooms == {})


async def test_who_does_not_read_a_stream_is_ended_too(
    live: Served, long_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE", 1.0)
    monkeypatch.setattr(wire, "FAREWELL", 0.3)
    monkeypatch.setattr(stream, "FAREWELL", 0.3)
    board = long_board
    manager = live.token(board.account.id, board.manager.id, "FUNNELS_MANAGE")
    variables = {"funnelId": str(board.funnel.id), "after": board.start.cursor}
    body = orjson.dumps({"query": WIDE, "variables": variables}).decode()
    head = "\r\n".join(
        [
            "POST /graphql HTTP/1.1",
            f"host: {live.address}",
            f"authorization: Bearer {live.token(board.account.id, board.viewer.id)}",
            "accept: text/event-stream",
            "content-type: application/json",
            f"content-length: {len(body)}",
        ]
    )
    reader, writer = await asyncio.open_connection(*live.address.split(":"), limit=1_024)
    writer.write(f"{head}\r\n\r\n{body}".encode())
    await until(lambda: len(streams_of(live, board.account.id)) == 1)
    (silent,) = streams_of(live, board.account.id)
    async with signed_in(live.address, manager) as other:
        watching = await other.watch(board.funnel.id)
        seq = (await watching.next())["seq"]
        most = 0
        while not silent._ended.done():
            await board.move(live.db)
            seq += 1
            assert (await watching.next())["seq"] == seq
            most = max(most, silent._wire._waiting())
        close = silent._ended.result()
        assert close is not None
        assert close.code == 1013
        assert 0 < most < 200_000
        await until(lambda: streams_of(live, board.account.id) == [])
    with suppress(ConnectionError):
        rest = b""
        while chunk := await asyncio.wait_for(reader.read(65_536), 30):
            rest = (rest + chunk)[-5:]
        assert rest != b"0\r\n\r\n"  # it was not told that this is all
    writer.transport.abort()
    await until(lambda: live.house.rooms._rooms == {})


async def test_who_reads_again_is_told_why_it_ends(
    live: Served, long_board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PATIENCE", 0.5)
    board = long_board
    async with connected(live.address, max_queue=1) as socket:
        await socket.init(live.token(board.account.id, board.viewer.id))
        await socket.subscribe("1", WIDE, {"funnelId": str(board.funnel.id), "after": board.start.cursor})
        await until(lambda: any(one._ended.done() for one in viewers_sockets(live, board)))

        assert await socket.closed() == (1013, "You do not read")
    await until(lambda: viewers_sockets(live, board) == [])


async def test_who_reads_slowly_gets_everything(live: Served, long_board: Board) -> None:
    board = long_board
    async with connected(live.address, max_queue=1) as socket:
        await socket.init(live.token(board.account.id, board.viewer.id))
        watching = await socket.watch(board.funnel.id, board.start.cursor, query=WIDE)
        await until(lambda: any(one._wire._waiting() > 0 for one in viewers_sockets(live, board)))  # it was held up

        assert [told["seq"] for told in await watching.many(MANY + 3)] == list(range(MANY + 3))


async def test_who_answers_no_ping_is_dropped_without_a_word(dsn: str, redis_url: str, board: Board) -> None:
    """A laptop that slept would read the word when it wakes, and 1011 keeps its client from coming back."""
    async with served(dsn, redis_url, ws_ping_interval=0.1, ws_ping_timeout=0.1) as live:
        async with not_reading(live, board) as silent:
            await until(lambda: viewers_sockets(live, board) == [])
            frames = await silent.read_to_the_end()

    assert Opcode.PING in frames
    assert Opcode.CLOSE not in frames


async def test_whose_answers_wait_to_be_read_keeps_nobody_from_the_database(
    live: Served, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, may_go, waiting = wire.Wire.send, asyncio.Event(), 0

    async def wait_and_send(to: wire.Wire, text: bytes) -> None:
        nonlocal waiting
        waiting += 1
        await may_go.wait()
        await send(to, text)

    async with signed_in(live.address, live.token(board.account.id, board.viewer.id)) as socket:
        monkeypatch.setattr(wire.Wire, "send", wait_and_send)
        for number in range(POOL):
            await socket.subscribe(str(number), "{ funnels { totalCount } }")
        await until(lambda: waiting == POOL)

        assert live.db.pool.get_idle_size() == live.db.pool.get_size()
        may_go.set()
        for number in range(POOL):
            assert (await socket.of(str(number)))["payload"]["data"] == {"funnels": {"totalCount": 1}}
