"""Sending to somebody who may not read, over a WebSocket or as an answer that goes on."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.types import Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidState

PATIENCE = 15.0  # seconds without progress
FAREWELL = 5.0  # seconds for the close to be read
KEY = "voronka.server_protocol"  # in a scope: the server's own object of it (`edge.py`)

log = structlog.get_logger()


class Stalled(Exception):
    """The other side has not read anything for too long."""


class Paced(ABC):
    """One message at a time, in the order in which they were given."""

    def __init__(self, scope: MutableMapping[str, Any]) -> None:
        self._scope = scope
        self._turn = asyncio.Lock()
        self.sent = 0  # messages

    async def send(self, text: bytes) -> None:
        """Raises Stalled, or WebSocketDisconnect when nobody is there any more."""
        async with self._turn:
            waiting = self._waiting()
            while not await self._sent(text):
                before, waiting = waiting, self._waiting()
                if waiting >= before:
                    raise Stalled
            self.sent += 1

    async def _sent(self, text: bytes) -> bool:
        """Whether it went out in time; nothing of it did if it did not: it waits for room first."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._put(text)
        except TimeoutError:
            return False
        return True

    @abstractmethod
    async def _put(self, text: bytes) -> None:
        """Give it to the server, once there is room."""

    def _waiting(self) -> int:
        """Bytes that the other side has not taken yet."""
        transport = self._transport()
        return 0 if transport is None else transport.get_write_buffer_size()

    def _transport(self) -> asyncio.Transport | None:
        return getattr(self._scope.get(KEY), "transport", None)


class Wire(Paced):
    """A WebSocket's."""

    def __init__(self, websocket: WebSocket) -> None:
        super().__init__(websocket.scope)
        self._websocket = websocket
        self._server: Any = websocket.scope.get(KEY)

    def give(self, text: bytes) -> bool:
        """Send it now, if it need not wait; else False, and nothing is sent.

        As the server sends it, without the layers of coroutines around that.
        """
        server = self._server
        if self._turn.locked() or server.close_sent or not server.writable.is_set() or server.transport.is_closing():
            return False
        try:
            server.conn.send_text(text)
        except InvalidState:  # the other side is closing
            return False
        server.transport.write(b"".join(server.conn.data_to_send()))
        self.sent += 1
        return True

    async def send(self, text: bytes) -> None:
        if not self.give(text):
            await super().send(text)

    async def _put(self, text: bytes) -> None:
        try:
            await self._websocket.send_text(text.decode())
        except RuntimeError:  # Starlette's word for a socket that was closed from our side meanwhile
            raise WebSocketDisconnect(1006) from None

    async def close(self, code: int, reason: str) -> None:
        """Say why, if it can still be said."""
        try:
            async with asyncio.timeout(FAREWELL):
                await self._websocket.close(code, reason)
        except TimeoutError:
            self._drop(code, reason)
        except (RuntimeError, WebSocketDisconnect):
            pass  # closed already

    def _drop(self, code: int, reason: str) -> None:
        """Put the close behind what waits to be read, and end the connection when nobody reads it in time."""
        protocol: Any = self._scope.get(KEY)
        transport = self._transport()
        if transport is None:
            return
        protocol.conn.send_close(code, reason)
        transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        transport.close()
        asyncio.get_running_loop().call_later(FAREWELL, _abort, protocol)
        log.info("socket dropped", code=code)


def _abort(protocol: Any) -> None:
    if protocol in protocol.connections:  # it has not ended by itself meanwhile
        protocol.transport.abort()


class AnswerWire(Paced):
    """Of an answer over HTTP that goes on."""

    def __init__(self, scope: MutableMapping[str, Any], send: Send) -> None:
        super().__init__(scope)
        self._send = send

    async def begin(self, headers: list[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def finish(self, text: bytes) -> None:
        """The last of it: the answer is whole."""
        async with self._turn, asyncio.timeout(FAREWELL):
            await self._send({"type": "http.response.body", "body": text, "more_body": False})

    async def _put(self, text: bytes) -> None:
        await self._send({"type": "http.response.body", "body": text, "more_body": True})

    def cut(self) -> None:
        """End the connection in the middle of the answer, once what was sent is read or there was time for it."""
        transport = self._transport()
        if transport is not None:
            transport.close()
            asyncio.get_running_loop().call_later(FAREWELL, transport.abort)
