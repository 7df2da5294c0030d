"""/sources/{id}[/{secret}]: where forms, advertising and telephone services post what becomes deals.

The request is committed as it came before it is answered with success; what it says is a job's business.
"""

from datetime import UTC, datetime

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.graphql.bodies import TooLarge, read_body
from shared import ids, ingest
from shared.db import Database
from shared.errors import Unavailable

LARGEST_BODY = 1_000_000  # bytes
PATIENCE = 5.0  # seconds to read a body

NOT_THERE = "There is no such source."

log = structlog.get_logger()


async def take_in(request: Request) -> Response:
    """200 once the request is kept; 404 for an unknown source and a wrong secret alike; 503: send it again."""
    db: Database = request.app.state.db
    try:
        body = await read_body(request, LARGEST_BODY, PATIENCE)
    except TooLarge:
        return refusal(413, f"At most {LARGEST_BODY} bytes.")
    except TimeoutError:
        return refusal(408, f"The body did not come within {PATIENCE:.0f} seconds.")
    except ClientDisconnect:
        return refusal(400, "The body ended too early.")

    source_id = ids.read(request.path_params["id"])
    ip = request.client.host if request.client else None
    caller = ingest.Caller(request.path_params.get("secret"), ip, datetime.now(UTC))
    came = ingest.Request({name.lower(): value for name, value in request.headers.items()}, body)
    try:
        async with db.transaction(None) as tx:
            kind = await ingest.receive(tx, source_id, caller, came, trust(request))
    except Unavailable as unavailable:
        log.warning("request of a source not kept", source=str(source_id))
        return busy(unavailable)
    if kind is None:
        return refusal(404, NOT_THERE)
    return JSONResponse(dict(ingest.KINDS[kind].ANSWER))


async def greet(request: Request) -> Response:
    """A service that connects to its source is answered with what it wants to hear; everybody else 404."""
    db: Database = request.app.state.db
    try:
        async with db.transaction(None) as tx:
            source_id = ids.read(request.path_params["id"])
            answer = await ingest.greet(tx, source_id, request.query_params, trust(request))
    except Unavailable as unavailable:
        return busy(unavailable)
    if answer is None:
        return refusal(404, NOT_THERE)
    return PlainTextResponse(answer, headers={"x-content-type-options": "nosniff"})


def trust(request: Request) -> ingest.Trust:
    return ingest.Trust.of(request.app.state.settings)


def busy(unavailable: Unavailable) -> Response:
    headers = {"retry-after": str(unavailable.retry_after)}
    return refusal(503, "The service is busy: send it again in a moment.", headers)


def refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    # What is left of a body that nobody reads would be taken for the next request.
    unread = {"connection": "close"} if status in (408, 413) else {}
    return JSONResponse({"status": "error", "message": why}, status, (headers or {}) | unread)


routes = [
    Route("/sources/{id}", take_in, methods=["POST"]),
    Route("/sources/{id}", greet, methods=["GET"]),
    # A chosen secret may hold a slash.
    Route("/sources/{id}/{secret:path}", take_in, methods=["POST"]),
]
