"""A client that costs little, so that the server is what is measured: requests are bytes made beforehand, answers are
counted and looked at only at their beginning."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"
LOOKED_AT = 200  # bytes of a body that must hold what is expected
PATIENCE = 30.0  # seconds for one answer


@dataclass
class Load:
    """What was asked, and how it was answered."""

    requests: int = 0
    bytes: int = 0  # of bodies
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def add(self, other: "Load") -> None:
        self.requests += other.requests
        self.bytes += other.bytes
        self.seconds += other.seconds
        self.latencies += other.latencies


class WrongAnswer(Exception):
    """A server that answers wrongly is not measured."""


@dataclass(frozen=True)
class Ask:
    """A request as bytes, and what the beginning of its answer must hold."""

    raw: bytes
    expected: bytes

    @classmethod
    def post(cls, path: str, body: bytes, expected: bytes, kind: str = "application/json", token: str = "") -> "Ask":
        lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-type: {kind}", f"content-length: {len(body)}"]
        lines += [f"authorization: Bearer {token}"] if token else []
        return cls("\r\n".join([*lines, "", ""]).encode() + body, expected)


Asking = Callable[[int], Iterator[Ask]]  # by the connection's number, without end


class Connection(asyncio.Protocol):
    """One connection that always has one request under way, until it is told to stop."""

    def __init__(self, asks: Iterator[Ask], load: Load) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asks, self._load = asks, load
        self._transport: asyncio.Transport | None = None
        self._stopping = False
        self._left = -1  # bytes of the body that are still to come; -1: the head is
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by its class
        self._ask()

    def stop(self) -> None:
        """After the answer that is under way."""
        self._stopping = True

    def _ask(self) -> None:
        assert self._transport is not None
        self._current = next(self._asks)
        self._left = -1
        self._received.clear()
        self._asked = time.perf_counter()
        self._transport.write(self._current.raw)

    def data_received(self, data: bytes) -> None:
        if self._left >= 0:
            self._left -= len(data)
        else:
            self._received += data
            head = self._received.find(HEAD_ENDS)
            if head < 0:
                return
            body = head + len(HEAD_ENDS)
            size = _length(bytes(self._received[:head]))
            if not self._right(body, size):
                return
            self._load.bytes += size
            self._left = size - (len(self._received) - body)
        if self._left <= 0:
            self._answered()

    def _right(self, body: int, size: int) -> bool:
        """Whether it is what was expected; as soon as enough of it is there."""
        if self._received[9:10] != b"2":
            self._fail(bytes(self._received[:500]))
        elif len(self._received) - body < min(LOOKED_AT, size):
            return False
        elif self._current.expected not in self._received[body : body + LOOKED_AT]:
            self._fail(bytes(self._received[body : body + 500]))
        return not self.ended.done()

    def _answered(self) -> None:
        self._load.requests += 1
        self._load.latencies.append(time.perf_counter() - self._asked)
        if not self._stopping:
            self._ask()
            return
        if not self.ended.done():
            self.ended.set_result(None)
        assert self._transport is not None
        self._transport.close()

    def _fail(self, said: bytes) -> None:
        if not self.ended.done():
            self.ended.set_exception(WrongAnswer(f"{said!r} to {self._current.raw[:300]!r}"))
        assert self._transport is not None
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(WrongAnswer(f"The connection was lost ({exc}) at {self._current.raw[:300]!r}"))


def _length(head: bytes) -> int:
    start = head.lower().index(LENGTH) + len(LENGTH)
    return int(head[start:].partition(b"\r")[0])


async def run(port: int, asking: Asking, connections: int, seconds: float) -> Load:
    """Ask over that many connections for so long. Raises WrongAnswer."""
    load = Load()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda n=number: Connection(asking(n), load), "127.0.0.1", port))[1]  # type: ignore[misc]
        for number in range(connections)
    ]
    await asyncio.wait([one.ended for one in opened], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for one in opened:
        one.stop()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(one.ended for one in opened))
    load.seconds = time.perf_counter() - began
    return load


async def once(port: int, ask: Ask) -> bytes:
    """The body of one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(ask.raw)
        head = await reader.readuntil(HEAD_ENDS)
        body = await reader.readexactly(_length(head))
    finally:
        writer.close()
    if head[9:10] != b"2" or ask.expected not in body:
        raise WrongAnswer(f"{body[:500]!r} to {ask.raw[:300]!r}")
    return body
