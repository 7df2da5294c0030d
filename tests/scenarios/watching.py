"""Somebody who looks at a board all day, over a WebSocket, and who comes back with their cursor whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import cycle

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests import sockets
from tests.scenarios.boards import EVENT, Event
from tests.scenarios.people import PATIENCE, PAUSE, Person

# Whatever a process that goes down, or falls, does to a connection or to a new one.
GONE = (ConnectionClosed, InvalidHandshake, OSError, EOFError, TimeoutError)


class Watcher:
    """`events`: each that came, in the order in which they came. The first address is taken first.

    Fails when an event comes twice, is left out or comes before its turn, and when the board is to be loaded again.
    """

    def __init__(self, person: Person, funnel_id: str, cursor: str, fields: str, cut_every: int, cuts: int) -> None:
        self.events: list[Event] = []
        self.comebacks = -1
        self._person = person
        self._funnel_id = funnel_id
        self._cursor = cursor
        self._document = (
            "subscription ($funnelId: ID!, $after: Cursor) {"
            " boardChanged(funnelId: $funnelId, after: $after) {"
            f" __typename ... on BoardReady {{ seq }} ... on BoardResync {{ seq reason }} {fields} }} }}"
        )
        self._cut_every, self._cuts = cut_every, cuts
        self._seq: int | None = None
        self._socket: sockets.Socket | None = None
        self._news = asyncio.Condition()

    async def run(self) -> None:
        """For ever."""
        for address in cycle(self._person.addresses):
            with suppress(*GONE):
                await self._follow(address.removeprefix("http://"))
            await asyncio.sleep(PAUSE)

    async def _follow(self, address: str) -> None:
        async with sockets.signed_in(address, self._person.token) as self._socket:
            await self._socket.subscribe("board", self._document, {"funnelId": self._funnel_id, "after": self._cursor})
            while True:
                message = await self._socket.receive()
                assert message["type"] == "next", message
                assert "errors" not in message["payload"], message
                await self._take(message["payload"]["data"]["boardChanged"])

    async def _take(self, message: Event) -> None:
        async with self._news:
            if message["__typename"] == "BoardReady":
                assert self._seq in (None, message["seq"]), message
                self._seq = message["seq"]
                self.comebacks += 1
            else:
                assert message["__typename"] != "BoardResync", message
                assert self._seq is not None
                assert message["seq"] == self._seq + 1, message
                self._seq, self._cursor = message["seq"], message["cursor"]
                self.events.append(message)
                if self.comebacks < self._cuts and len(self.events) >= self._cut_every * (self.comebacks + 1):
                    self.cut()
            self._news.notify_all()

    def cut(self) -> None:
        """As a train does in a tunnel: without a word."""
        assert self._socket is not None
        self._socket.connection.transport.abort()

    async def is_there(self) -> None:
        """Until it follows for the first time."""
        await self._until(lambda: self.comebacks >= 0)

    async def has_seen(self, count: int) -> list[Event]:
        """Its events, once there are so many."""
        await self._until(lambda: len(self.events) >= count)
        return self.events

    async def _until(self, come: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(come)


@asynccontextmanager
async def watching(
    person: Person, funnel_id: str, cursor: str, fields: str = EVENT, cut_every: int = 1, cuts: int = 0
) -> AsyncIterator[Watcher]:
    """A watcher who follows from a cursor. `cuts`: how often its connection is cut, each time after `cut_every` events."""
    watcher = Watcher(person, funnel_id, cursor, fields, cut_every, cuts)
    async with asyncio.TaskGroup() as group:  # one that fails ends the test at once
        running = group.create_task(watcher.run())
        try:
            await watcher.is_there()
            yield watcher
        finally:
            running.cancel()
