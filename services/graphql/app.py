"""The ASGI application: settings, pools, routes, and what lives as long as the process.

`uvicorn services.graphql.app:app`, from the root of the repository.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.graphql import callbacks, draining, explorer, exports, intake, metrics, sandbox, tracing, trusted, uploads
from services.graphql.auth import SignIn
from services.graphql.bounds import BOUNDS
from services.graphql.edge import PATH, Edge
from services.graphql.engine.document import Documents
from services.graphql.engine.persisted import Persisted
from services.graphql.health import healthz, readyz
from services.graphql.house import House
from services.graphql.http import graphql
from services.graphql.limits import Budget, Counter
from services.graphql.live.leases import Leases
from services.graphql.live.listening import listen
from services.graphql.live.people import People
from services.graphql.live.rooms import Rooms
from services.graphql.live.sockets import Sockets
from services.graphql.origins import cors
from services.graphql.schema import executable
from shared import crash, logs
from shared.config import Settings, settings
from shared.db import connect
from shared.hints import Hints

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]  # whatever it is, we say which are taken


async def endpoint(request: Request) -> Response:
    """Queries; and for a browser that asks for a page, GraphiQL."""
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if wants_page and "query" not in request.query_params:
        return await explorer.page(request)
    return await graphql(request)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    given: Settings = app.state.settings
    logs.configure(given)
    crash.arm(given.crash_at)
    end_tracing = tracing.configure(given)
    counter = Counter(given.redis_url)
    hints = Hints(given.direct_url, given.redis_url)
    async with connect(
        given.database_url,
        size=given.voronka_pool_size,
        statement_cache=given.voronka_statement_cache,
        deliver=hints.deliver,
        on_statement=tracing.statements(),
    ) as db:
        house = House(
            given,
            db,
            executable,
            _documents(given),
            SignIn(db, given),
            Rooms(db),
            Sockets(),
            Budget(given.voronka_cost_per_minute, counter) if given.voronka_cost_per_minute else None,
            Leases(given.voronka_sockets_per_user, counter) if given.voronka_sockets_per_user else None,
        )
        app.state.db, app.state.house = db, house
        hints.on_hint = house.hear
        async with hints.running(), _running(house):
            with draining.politely(house.sockets):
                _leave_start_up_to_no_collector()
                yield
    await counter.close()
    await asyncio.to_thread(end_tracing)


def _documents(given: Settings) -> Documents:
    """With those that are trusted read already, so that nobody waits for it."""
    persisted = Persisted(
        trusted.load(given.voronka_trusted_documents), only_trusted=given.voronka_only_trusted_documents
    )
    documents = Documents(
        executable,
        introspection=given.introspection,
        suggestions=given.voronka_env != "production",
        persisted=persisted,
        bounds=BOUNDS,
    )
    trusted.read_ahead(documents)
    return documents


@asynccontextmanager
async def _running(house: House) -> AsyncIterator[None]:
    """What goes on beside the requests."""
    people = People(house)

    def missed() -> None:
        house.rooms.look_soon()
        people.look_soon()

    tasks = [
        asyncio.create_task(house.rooms.keep_looking()),
        asyncio.create_task(people.keep_looking()),
        *([asyncio.create_task(house.leases.keep_renewing())] if house.leases else []),
        asyncio.create_task(listen(house.settings.direct_url, house.hear, missed)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def _leave_start_up_to_no_collector() -> None:
    """What start-up made stays for ever: looking at it again and again costs the slowest requests the most."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # a few boards at once are not looked through while they are made


def make_app(given: Settings) -> Starlette:
    app = Starlette(
        routes=[
            Route(PATH, endpoint, methods=METHODS),
            *explorer.routes,
            *intake.routes,
            *uploads.routes,
            *exports.routes,
            *callbacks.routes,
            *sandbox.routes,
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics.metrics),
        ],
        middleware=[cors(given)],
        lifespan=lifespan,
    )
    app.state.settings = given
    return app


app = Edge(make_app(settings()))
