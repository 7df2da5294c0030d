"""POST /sources/{id}/{secret}: where forms and telephone services send what becomes deals.

The request is committed as it came before it is answered with success; what it says is a job's business.
"""

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.graphql.bodies import TooLarge, read_body
from shared import ids, ingest
from shared.config import Settings
from shared.db import Database
from shared.errors import Unavailable

LARGEST_BODY = 1_000_000  # bytes
PATIENCE = 5.0  # seconds to read a body

log = structlog.get_logger()


async def take_in(request: Request) -> Response:
    """200 once the request is kept; 404 for an unknown source and a wrong secret alike; 503: send it again."""
    settings: Settings = request.app.state.settings
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
    caller = ingest.Caller(request.path_params.get("secret"), request.client.host if request.client else None)
    came = ingest.Request({name.lower(): value for name, value in request.headers.items()}, body)
    ips = {ingest.SourceKind.BINOTEL: settings.voronka_binotel_addresses}
    try:
        async with db.transaction(None) as tx:
            kind = await ingest.receive(tx, source_id, caller, came, ips)
    except Unavailable as unavailable:
        log.warning("request of a source not kept", source=str(source_id))
        headers = {"retry-after": str(unavailable.retry_after)}
        return refusal(503, "The service is busy: send it again in a moment.", headers)
    if kind is None:
        return refusal(404, "There is no such source.")
    return JSONResponse(dict(ingest.KINDS[kind].ANSWER))


def refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    # What is left of a body that nobody reads would be taken for the next request.
    unread = {"connection": "close"} if status in (408, 413) else {}
    return JSONResponse({"status": "error", "message": why}, status, (headers or {}) | unread)


routes = [
    Route("/sources/{id}", take_in, methods=["POST"]),
    # A chosen secret may hold a slash.
    Route("/sources/{id}/{secret:path}", take_in, methods=["POST"]),
]
