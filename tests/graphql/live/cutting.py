"""A way to a server that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.local import ports

CHUNK = 65_536


class Way:
    """A TCP proxy. `taken`: how often somebody came."""

    def __init__(self, host: str, port: int) -> None:
        self.address = f"127.0.0.1:{ports.choose()}"
        self.taken = 0
        self._goal = host, port
        self._silent = 0
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """All connections, in the middle of whatever they carry."""
        for writer in self._open:
            writer.transport.abort()

    def silence(self) -> None:
        """Those who are on it stay connected and hear nothing more; who comes later does."""
        self._silent = self.taken

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        number, ends = self.taken, {writer}
        try:
            there, back = await asyncio.open_connection(*self._goal)
            ends.add(back)
            self._open |= ends
            both = [asyncio.create_task(self._carry(number, *pair)) for pair in ((reader, back), (there, writer))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if number > self._silent:
                    writer.write(chunk)
                    await writer.drain()


@asynccontextmanager
async def way_to(address: str) -> AsyncIterator[Way]:
    host, _, port = address.partition(":")
    way = Way(host, int(port))
    listening = await asyncio.start_server(way.take, *way.address.split(":"))
    try:
        yield way
    finally:
        listening.close()
        way.cut()
