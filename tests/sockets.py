"""A client of graphql-transport-ws, as plain as the protocol: a message is sent, a message is awaited."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
PATIENCE = 30.0  # seconds for a message that must come
LARGEST = 16_000_000

BOARD = """subscription Board($funnelId: ID!, $after: Cursor) {
  boardChanged(funnelId: $funnelId, after: $after) {
    __typename
    ... on BoardReady { cursor seq }
    ... on BoardResync { cursor seq reason }
    ... on BoardEvent { cursor seq at actor { kind sourceName user { name } } }
    ... on DealCreated { deal { id title version stage { id } } placedAfter columns { stageId dealCount } }
    ... on DealMoved {
      deal { id title version stage { id } } fromStage { id } toStage { id } placedAfter columns { stageId dealCount }
    }
    ... on DealUpdated { deal { id title version } changed }
    ... on FunnelChanged { changed funnel { id name } }
  }
}"""


@dataclass
class Socket:
    """One connection. Messages of other operations than the one that is awaited are kept for those."""

    connection: ClientConnection
    _kept: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    async def send(self, message: object) -> None:
        """As JSON; text and bytes as they are."""
        raw = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
        await self.connection.send(raw)

    async def receive(self) -> dict[str, Any]:
        """The next message, whosever it is. Raises ConnectionClosed."""
        async with asyncio.timeout(PATIENCE):
            message: dict[str, Any] = orjson.loads(await self.connection.recv())
        return message

    async def init(self, token: str | None = None, **payload: object) -> None:
        """Sign in, and be acknowledged."""
        if token is not None:
            payload["authorization"] = f"Bearer {token}"
        await self.send({"type": "connection_init", "payload": payload})
        acknowledged = await self.receive()
        assert acknowledged == {"type": "connection_ack"}, acknowledged

    async def subscribe(self, id: str, query: str, variables: Mapping[str, Any] | None = None) -> None:
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def of(self, id: str) -> Mapping[str, Any]:
        """The next message of that operation. Raises ConnectionClosed."""
        if self._kept.get(id):
            return self._kept[id].pop(0)
        while (message := await self.receive()).get("id") != id:
            self._kept.setdefault(message.get("id", ""), []).append(message)
        return message

    async def answer(self, id: str, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of a query or a mutation; fails when there are errors."""
        await self.subscribe(id, query, variables)
        message, end = await self.of(id), await self.of(id)
        assert (message["type"], end["type"]) == ("next", "complete"), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def watch(
        self, funnel_id: object, after: str | None = None, id: str = "board", query: str = BOARD
    ) -> "Watching":
        await self.subscribe(id, query, {"funnelId": str(funnel_id), "after": after})
        return Watching(self, id)

    async def closed(self) -> tuple[int | None, str]:
        """Code and reason with which the other side ends it; what comes before is passed over."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed as end:
                return (end.rcvd.code, end.rcvd.reason) if end.rcvd else (None, "")


@dataclass(frozen=True)
class Watching:
    """A board that is watched over a socket."""

    socket: Socket
    id: str

    async def next(self) -> dict[str, Any]:
        """What is told next. Raises ConnectionClosed."""
        message = await self.socket.of(self.id)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        told: dict[str, Any] = message["payload"]["data"]["boardChanged"]
        return told

    async def many(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]

    async def end(self) -> Mapping[str, Any]:
        """The message that ends it."""
        message = await self.socket.of(self.id)
        assert message["type"] in ("complete", "error"), message
        return message


@asynccontextmanager
async def connected(
    address: str, *, origin: str | None = None, protocol: str | None = PROTOCOL, **options: Any
) -> AsyncIterator[Socket]:
    """A socket that has said nothing yet. `address`: host and port."""
    async with connect(
        f"ws://{address}/graphql",
        subprotocols=None if protocol is None else [Subprotocol(protocol)],
        origin=None if origin is None else Origin(origin),
        compression=None,
        max_size=LARGEST,
        proxy=None,
        **{"max_queue": None, **options},  # whoever asks for no message reads them nevertheless
    ) as connection:
        yield Socket(connection)


@asynccontextmanager
async def signed_in(address: str, token: str | None, **options: Any) -> AsyncIterator[Socket]:
    async with connected(address, **options) as socket:
        await socket.init(token)
        yield socket
