"""A stand-in for the providers' own addresses, over a real socket."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.local import ports
from tests.serving import running
from tests.shared.payments import signing

Reply = Callable[[str, bytes], Any]  # a path and a body → what is answered, bytes as they are; None: 404


@dataclass
class StandIn:
    """`asked`: what came, in order; `replies`: by path, what is answered."""

    url: str
    asked: list[str] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    port = ports.choose()
    stand_in = StandIn(f"http://127.0.0.1:{port}")
    stand_in.replies["/api/merchant/pubkey"] = lambda _path, _body: {"key": signing.monobank_key()}

    async def answer(request: Request) -> Response:
        path = request.url.path
        stand_in.asked.append(f"{request.method} {path}")
        reply = stand_in.replies.get(path)
        said = None if reply is None else reply(path, await request.body())
        if isinstance(said, bytes):
            return Response(said, media_type="application/json")
        return JSONResponse({} if said is None else said, 404 if said is None else 200)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    async with running(app, port, ws="none"):
        yield stand_in
