"""A client of subscriptions over HTTP, as plain as the protocols: a request is sent, a message is awaited."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

EVENTS = "text/event-stream"
PARTS = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
PATIENCE = 30.0  # seconds for a message that must come
BOUNDARY = "\r\n--graphql"


@dataclass
class Reading:
    """`kept`: what has come and was not asked for yet."""

    response: httpx.Response
    chunks: AsyncIterator[str]
    kept: str = ""
    said: list[str] = field(default_factory=list)

    async def piece(self, end: str) -> str:
        """Up to there. Raises httpx.RemoteProtocolError when the answer breaks off, EOFError at its end."""
        async with asyncio.timeout(PATIENCE):
            while end not in self.kept:
                try:
                    self.kept += await anext(self.chunks)
                except StopAsyncIteration:
                    raise EOFError(self.kept) from None
        found, _, self.kept = self.kept.partition(end)
        return found

    async def event(self) -> tuple[str, Any]:
        """The next event and its data. Comments are kept in `said`."""
        while (text := await self.piece("\n\n")).startswith(":"):
            self.said.append(text[1:].strip())
        first, second = text.split("\n")
        assert "\r" not in text
        data = second.removeprefix("data:")
        return first.removeprefix("event: "), orjson.loads(data) if data else None

    async def part(self) -> Any:
        """The next part's JSON; None for the last boundary's end. Heartbeats are kept in `said`."""
        while True:
            async with asyncio.timeout(PATIENCE):
                while len(self.kept) < 2:
                    self.kept += await anext(self.chunks)
            if self.kept == "--\r\n":
                return None
            header, _, body = (await self.piece(BOUNDARY)).partition("\r\n\r\n")
            assert header == "\r\nContent-Type: application/json"
            if body != "{}":
                return orjson.loads(body)
            self.said.append(body)

    async def seqs(self, up_to: int) -> list[int]:
        """Of the events of a board, until that one."""
        found: list[int] = []
        while not found or found[-1] < up_to:
            name, data = await self.event()
            assert (name, "errors" in data) == ("next", False), data
            found.append(data["data"]["boardChanged"]["seq"])
        return found


@asynccontextmanager
async def reading(
    address: str,
    query: str,
    variables: Mapping[str, Any] | None = None,
    token: str | None = None,
    *,
    accept: str = EVENTS,
    **more: Any,
) -> AsyncIterator[Reading]:
    """What a POST is answered with, while it comes."""
    headers = {"accept": accept, "content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    body = orjson.dumps({"query": query, "variables": variables} | more)
    async with (
        httpx.AsyncClient(base_url=f"http://{address}", timeout=PATIENCE) as http,
        http.stream("POST", "/graphql", content=body, headers=headers) as response,
    ):
        yield Reading(response, response.aiter_text())
