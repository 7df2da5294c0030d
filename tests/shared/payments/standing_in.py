"""A stand-in for the providers' own addresses, over a real socket."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.local import ports
from tests.serving import running
from tests.shared.payments import signing

# A path and a body → what is answered, at once or later; bytes and responses as they are; None: 404.
Reply = Callable[[str, bytes], Any]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class StandIn:
    """`requests`: what came, in order; `replies`: by path, what is answered, and `otherwise` elsewhere."""

    url: str
    requests: list[Asked] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    otherwise: Any = None

    @property
    def asked(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.requests]

    def says(self, path: str, answer: Any) -> None:
        """The same to whatever it is asked."""
        self.replies[path] = lambda _path, _body: answer


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    port = ports.choose()
    stand_in = StandIn(f"http://127.0.0.1:{port}")
    stand_in.says("/api/merchant/pubkey", {"key": signing.monobank_key()})

    async def answer(request: Request) -> Response:
        path, body = request.url.path, await request.body()
        stand_in.requests.append(Asked(request.method, path, request.url.query, request.headers, body))
        reply = stand_in.replies.get(path)
        said = stand_in.otherwise if reply is None else reply(path, body)
        if inspect.isawaitable(said):
            said = await said
        if isinstance(said, Response):
            return said
        if isinstance(said, bytes):
            return Response(said, media_type="application/json")
        return JSONResponse({} if said is None else said, 404 if said is None else 200)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    async with running(app, port, ws="none"):
        yield stand_in
