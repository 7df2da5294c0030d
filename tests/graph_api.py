"""Stands in for the Graph API of Facebook: a server of this process that gives the answers of leads."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class GraphApi:
    """What it answers next, and then goes on with the last; what it was asked for, as paths with their queries."""

    answers: list[tuple[int, Any]]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(request.decode().split(" ", 2)[1])
            status, said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            body = said if isinstance(said, bytes) else orjson.dumps(said)
            head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + body)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def graph_api(*answers: tuple[int, Any] | Mapping[str, Any]) -> AsyncIterator[GraphApi]:
    """`answers`: with their status; without one, 200."""
    api = GraphApi([one if isinstance(one, tuple) else (200, one) for one in answers])
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield api
