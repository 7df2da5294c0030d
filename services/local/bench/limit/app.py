"""The ASGI application of the limits: `uvicorn services.local.bench.limit.app:app`."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from services.local.bench.limit import broadcast, keeping, moving, reading
from shared.config import settings
from shared.db import connect

NOBODY = "00000000-0000-0000-0000-000000000000"
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@asynccontextmanager
async def transaction(
    request: Request, said: dict[str, Any], begin: str = "BEGIN"
) -> AsyncIterator[asyncpg.Connection]:
    """Of the account that the request names."""
    account = UUID(said["account"]).hex
    async with request.app.state.db.pool.acquire() as conn:
        await conn.execute(
            f"{begin}; SET LOCAL ROLE voronka_app; SET LOCAL app.account = '{account}'; SET LOCAL statement_timeout = 10000"
        )
        try:
            yield conn
        except BaseException:
            await conn.execute("ROLLBACK")
            raise
        await conn.execute("COMMIT")


def _answer(data: object) -> Response:
    body = orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


async def board(request: Request) -> Response:
    said = orjson.loads(await request.body())
    async with transaction(request, said, READ) as conn:
        return _answer({"board": await reading.board(conn, said["account"], said["id"], said["first"])})


async def deal(request: Request) -> Response:
    said = orjson.loads(await request.body())
    async with transaction(request, said, READ) as conn:
        return _answer({"deal": await reading.deal(conn, said["account"], said["id"])})


async def funnels(request: Request) -> Response:
    said = orjson.loads(await request.body())
    async with transaction(request, said, READ) as conn:
        return _answer({"funnels": await reading.funnels(conn, said["account"])})


async def move(request: Request) -> Response:
    said = orjson.loads(await request.body())
    async with transaction(request, said) as conn:
        moved = await moving.move(conn, said["account"], said["user"], said["id"], said["stage"])
    return _answer({"moveDeal": moved})


async def take_callback(request: Request) -> Response:
    body = await request.body()
    async with transaction(request, {"account": NOBODY}) as conn:
        await keeping.callback(conn, dict(request.headers), body)
    return Response()


async def take_form(request: Request) -> Response:
    account, source, body = request.path_params["account"], request.path_params["id"], await request.body()
    async with transaction(request, {"account": account}) as conn:
        await keeping.request(conn, account, source, dict(request.headers), body)
    return Response()


async def ready(_request: Request) -> Response:
    return Response()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    given = settings()
    async with connect(given.database_url, size=given.voronka_pool_size) as db:
        app.state.db = db
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)  # as the product does
        yield


app = Starlette(
    routes=[
        Route("/readyz", ready),
        Route("/board", board, methods=["POST"]),
        Route("/deal", deal, methods=["POST"]),
        Route("/funnels", funnels, methods=["POST"]),
        Route("/move", move, methods=["POST"]),
        Route("/callbacks", take_callback, methods=["POST"]),
        Route("/sources/{account}/{id}", take_form, methods=["POST"]),
        WebSocketRoute("/listen", broadcast.listen),
        Route("/tell", broadcast.tell, methods=["POST"]),
    ],
    lifespan=lifespan,
)
