"""Sending to somebody who may not read. The other side is played: what the server does with a socket, and no more."""

import asyncio
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.graphql.live import wire as module
from services.graphql.live.wire import KEY, Stalled, Wire
from tests.graphql.live.boards import until


class Transport:
    """Holds so many bytes, and one less each time that it is looked at if the other side `takes`."""

    def __init__(self, waiting: int, takes: int) -> None:
        self.waiting, self.takes = waiting, takes

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        self.waiting -= self.takes
        return self.waiting


class Server:
    """Lets a message go when there is room again; nothing can be given to it before."""

    close_sent = False

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.room = asyncio.Event()
        self.writable = asyncio.Event()
        self.sent: list[str] = []

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            await self.room.wait()
            self.sent.append(message["text"])
        elif message["type"] == "websocket.close":
            self.close_sent = True

    async def receive(self) -> Any:
        return {"type": "websocket.connect"}


async def opened(server: Server) -> Wire:
    websocket = WebSocket({"type": "websocket", KEY: server, "headers": []}, server.receive, server.send)
    await websocket.accept()
    return Wire(websocket)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.PATIENCE == 15.0
    monkeypatch.setattr(module, "PATIENCE", 0.02)


async def test_whoever_takes_nothing_has_stalled() -> None:
    server = Server(Transport(1_000, takes=0))
    wire = await opened(server)
    with pytest.raises(Stalled):
        await wire.send(b"1")

    assert server.sent == []


async def test_whoever_takes_a_little_is_waited_for() -> None:
    server = Server(Transport(5, takes=1))
    wire = await opened(server)
    sending = asyncio.create_task(wire.send(b"1"))
    await until(lambda: server.transport.waiting <= 1)  # several times as long as our patience
    server.room.set()
    await sending

    assert server.sent == ["1"]


async def test_messages_go_one_after_another_in_their_order() -> None:
    server = Server(Transport(100, takes=1))
    wire = await opened(server)
    sending = [asyncio.create_task(wire.send(str(number).encode())) for number in range(5)]
    await asyncio.sleep(0)
    sending[2].cancel()
    server.room.set()
    await asyncio.gather(*sending, return_exceptions=True)

    assert server.sent == ["0", "1", "3", "4"]


async def test_nothing_is_sent_after_the_close() -> None:
    server = Server(Transport(0, takes=0))
    server.room.set()
    wire = await opened(server)
    await wire.close(1012, "Go")
    with pytest.raises(WebSocketDisconnect):
        await wire.send(b"1")
    await wire.close(1012, "Again")

    assert server.sent == []
