"""Many WebSockets that listen, at little cost: frames are counted and timed, and their text is not looked at.

RFC 6455, as far as a client needs it that is spoken to in whole text frames.
"""

import asyncio
import os
import struct
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from services.local.bench.load import HEAD_ENDS, WrongAnswer

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
PATIENCE = 60.0  # seconds for all to be ready, or to be told of an event
ABNORMAL = 1006  # a close code: none was given
SHORT, LONG = 126, 127  # what stands for a length of two bytes, and of eight
NO_MASK = b"\0\0\0\0"  # a client's frames are masked: by zeros, they stay as they are


@dataclass(frozen=True)
class Talk:
    """What a socket says to follow something. `ready`: what the last answer holds before events come."""

    path: str
    protocol: str
    says: Sequence[bytes]  # one after each answer
    ready: bytes


@dataclass
class Crowd:
    """Sockets that follow the same, and when their frames came."""

    talk: Talk
    size: int
    sockets: list["Socket"] = field(default_factory=list)
    came: list[float] = field(default_factory=list)  # of the event that is waited for
    frame: bytes = b""  # the last one
    lost: Counter[int] = field(default_factory=Counter)  # connections that did not get ready, by why they were closed
    _port: int = 0
    _waiting: int = 0
    _again: set[asyncio.Task[None]] = field(default_factory=set)
    _all: asyncio.Event = field(default_factory=asyncio.Event)

    async def gather(self, port: int) -> float:
        """Connect and subscribe, all at once; who is turned away comes again. Seconds until the last one is ready."""
        began, self._port = time.perf_counter(), port
        self._expect()
        await asyncio.gather(*(self._connect() for _ in range(self.size)))
        await self._everybody()
        return time.perf_counter() - began

    async def _connect(self) -> None:
        _, socket = await asyncio.get_running_loop().create_connection(lambda: Socket(self), "127.0.0.1", self._port)
        self.sockets.append(socket)

    def turned_away(self, socket: "Socket", code: int) -> None:
        self.lost[code] += 1
        self.sockets.remove(socket)
        self._again.add(task := asyncio.get_running_loop().create_task(self._connect()))
        task.add_done_callback(self._again.discard)

    async def told(self, tell: Callable[[], Awaitable[float]]) -> list[float]:
        """Let something happen; how many seconds later each socket had heard of it. `tell` answers with when it did."""
        self._expect()
        happened = await tell()
        await self._everybody()
        return [came - happened for came in self.came]

    def _expect(self) -> None:
        self.came = []
        self._waiting = self.size
        self._all.clear()

    async def _everybody(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._all.wait()
        except TimeoutError:
            raise WrongAnswer(f"{self._waiting} of {self.size} sockets heard nothing: {self.lost}") from None

    def heard(self, frame: bytes) -> None:
        self.came.append(time.perf_counter())
        self.frame = frame
        self._waiting -= 1
        if self._waiting == 0:
            self._all.set()

    async def leave(self) -> None:
        for socket in self.sockets:
            socket.close()
        self.sockets = []
        await asyncio.sleep(0.2)  # the server is told by then


class Socket(asyncio.Protocol):
    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._says = iter(crowd.talk.says)
        self._open = self._ready = self._left = False
        self._code = ABNORMAL
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        talk = self._crowd.talk
        lines = [f"GET {talk.path} HTTP/1.1", "host: 127.0.0.1", "upgrade: websocket", "connection: Upgrade"]
        lines += ["sec-websocket-version: 13", f"sec-websocket-key: {b64encode(os.urandom(16)).decode()}"]
        lines += [f"sec-websocket-protocol: {talk.protocol}"]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())

    def close(self) -> None:
        self._left = True
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self._left and not self._ready:
            self._crowd.turned_away(self, self._code)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._open:
            head = self._received.find(HEAD_ENDS)
            if head < 0:
                return
            del self._received[: head + len(HEAD_ENDS)]
            self._open = True
            self._say()
        while (frame := self._next()) is not None:
            opcode, text = frame
            if opcode == PING:
                self._send(PONG, text)
            elif opcode == CLOSE:
                self._code = int.from_bytes(text[:2], "big")
                self._transport.close()
            elif opcode == TEXT:
                self._hear(text)

    def _hear(self, text: bytes) -> None:
        if self._ready:
            self._crowd.heard(text)
        elif self._crowd.talk.ready in text:
            self._ready = True
            self._crowd.heard(text)
        else:
            self._crowd.frame = text
            self._say()

    def _say(self) -> None:
        text = next(self._says, None)
        if text is not None:
            self._send(TEXT, text)

    def _send(self, opcode: int, text: bytes) -> None:
        size = len(text)
        length = bytes([0x80 | size]) if size < SHORT else struct.pack("!BH", 0x80 | SHORT, size)
        self._transport.write(bytes([0x80 | opcode]) + length + NO_MASK + text)

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole frame."""
        received = self._received
        if len(received) < 2:
            return None
        size, start = received[1], 2
        if size == SHORT:
            size, start = int.from_bytes(received[2:4], "big"), 4
        elif size == LONG:
            size, start = int.from_bytes(received[2:10], "big"), 10
        if len(received) < start + size:
            return None
        opcode, text = received[0] & 0xF, bytes(received[start : start + size])
        del received[: start + size]
        return opcode, text
