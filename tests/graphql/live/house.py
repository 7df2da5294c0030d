"""The sockets' part of the API within the test's own process, so that a test can look at it from inside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.routing import Route

from services.graphql.auth import SignIn
from services.graphql.bounds import BOUNDS
from services.graphql.edge import PATH, Edge
from services.graphql.engine.document import Documents
from services.graphql.house import House
from services.graphql.http import graphql
from services.graphql.live.rooms import Rooms
from services.graphql.live.socket import Socket
from services.graphql.live.sockets import Sockets
from services.graphql.live.stream import Stream
from services.graphql.schema import executable
from services.local import ports, tokens
from shared.config import Settings
from shared.db import Database, Message, connect
from shared.events import StreamMoved
from shared.hints import UserChanged
from tests.serving import running

SECRET = "a-secret-that-only-tests-know-and-use"
POOL = 8
AN_HOUR = 3_600
SOCKETS = {"ws": "websockets-sansio", "ws_max_size": 131_072, "ws_per_message_deflate": False}


@dataclass(frozen=True)
class Served:
    """`db` tells the house what was committed, as the API's own pool does."""

    house: House
    db: Database
    address: str

    def token(self, account_id: UUID, user_id: UUID, *permissions: str, seconds: int = AN_HOUR) -> str:
        env = {"VORONKA_JWT_SECRET": SECRET}
        return tokens.person(env, account_id, user_id, "Олена", permissions, seconds)


def sockets_of(live: Served) -> set[Socket]:
    """Whoever has one open."""
    return {one for one in live.house.sockets._open if isinstance(one, Socket)}


def streams_of(live: Served, account_id: UUID) -> list[Stream]:
    """Those of that account's people that go over HTTP."""
    found = [one for one in live.house.sockets._open if isinstance(one, Stream)]
    return [one for one in found if one.belongs_to(account_id)]


@asynccontextmanager
async def served(dsn: str, redis_url: str, **options: Any) -> AsyncIterator[Served]:
    """`options`: uvicorn's."""
    given = Settings(database_url=dsn, redis_url=redis_url, voronka_env="test", voronka_jwt_secret=SECRET)
    async with connect(dsn, size=POOL) as db:
        documents = Documents(executable, introspection=True, suggestions=True, bounds=BOUNDS)
        house = House(given, db, executable, documents, SignIn(db, given), Rooms(db), Sockets())

        def deliver(messages: Any) -> None:
            for message in messages:
                _hear(house, message)

        db.deliver = deliver
        app = Starlette(routes=[Route(PATH, graphql, methods=["GET", "POST"])])
        app.state.house = house
        port = ports.choose()
        looking = asyncio.create_task(house.rooms.keep_looking())
        async with running(Edge(app), port, **SOCKETS, **options):
            yield Served(house, db, f"127.0.0.1:{port}")
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _hear(house: House, message: Message) -> None:
    if isinstance(message, StreamMoved | UserChanged):
        house.hear(message)
