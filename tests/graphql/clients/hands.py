"""The clients that people use, held by one process of Node: told what to do in lines of JSON, heard by their ids."""

import asyncio
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from services.local import node
from services.local.testing import CLIENTS

PATIENCE = 60.0  # seconds
LONGEST = 4_000_000  # bytes of a line


@dataclass
class Hand:
    """A process of Node, and what it has said and nobody has listened to yet."""

    process: asyncio.subprocess.Process
    said: dict[str | None, asyncio.Queue[Any]] = field(default_factory=lambda: defaultdict(asyncio.Queue))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def tell(self, what: str, **more: Any) -> str:
        """The id under which it will answer."""
        id = self.name()
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps({"do": what, "id": id} | more) + b"\n")
        return id

    def name(self) -> str:
        """One that nothing has yet."""
        return str(next(self._numbers))

    async def hear(self, id: str) -> Any:
        """The next data of that id. Fails when it is an error."""
        async with asyncio.timeout(PATIENCE):
            said = await self.said[id].get()
        assert "error" not in said, said["error"]
        return said["data"]

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            said = orjson.loads(line)
            self.said[said["id"]].put_nowait(said)


@dataclass(frozen=True)
class Client:
    """One client of one kind."""

    hand: Hand
    name: str

    async def ask(self, query: str, **variables: Any) -> Any:
        return await self.hand.hear(self._tell("ask", query=query, variables=variables))

    async def act(self, mutation: str, **variables: Any) -> Any:
        return await self.hand.hear(self._tell("act", query=mutation, variables=variables))

    def look(self, query: str, **variables: Any) -> "Seen":
        """At what a query answers with, now and whenever the client's cache changes."""
        return Seen(self.hand, self._tell("look", query=query, variables=variables))

    def follow(self, query: str, **variables: Any) -> "Seen":
        """A subscription, begun anew where it was whenever it is broken off."""
        return Seen(self.hand, self._tell("follow", query=query, variables=variables))

    async def requests(self) -> Any:
        """What it has sent over HTTP."""
        return await self.hand.hear(self._tell("requests"))

    def _tell(self, what: str, **more: Any) -> str:
        return self.hand.tell(what, client=self.name, **more)


@dataclass(frozen=True)
class Seen:
    hand: Hand
    id: str

    async def next(self) -> Any:
        return await self.hand.hear(self.id)


@asynccontextmanager
async def hand() -> AsyncIterator[Hand]:
    program = (await asyncio.to_thread(node.install, CLIENTS)).node
    process = await asyncio.create_subprocess_exec(
        program, "hand.mjs", cwd=CLIENTS, stdin=PIPE, stdout=PIPE, limit=LONGEST
    )
    held = Hand(process)
    listening = asyncio.create_task(held.listen())
    try:
        yield held
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


@asynccontextmanager
async def opened(hand: Hand, url: str, claims: dict[str, Any], secret: str, **options: Any) -> AsyncIterator[Client]:
    """A client whose tokens say `claims`, signed anew for each connection."""
    name = hand.name()
    hand.tell("open", client=name, url=url, claims=claims, secret=secret, **options)
    try:
        yield Client(hand, name)
    finally:
        await hand.hear(hand.tell("close", client=name))
