"""POST /callbacks/{provider}: where payment providers tell what became of payments.

The call is verified as it came and committed before it is answered with success; what it says is a job's business.
"""

import time

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.graphql.bodies import TooLarge, read_body
from shared import payments
from shared.config import Settings
from shared.db import Database
from shared.errors import Unavailable

LARGEST_BODY = 262_144  # bytes
PATIENCE = 5.0  # seconds to read a body

log = structlog.get_logger()


async def take_call(request: Request) -> Response:
    """What the provider wants to hear, once its call is kept; 403 to everybody else; 503: call again."""
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    try:
        body = await read_body(request, LARGEST_BODY, PATIENCE)
    except TooLarge:
        return refusal(413, f"At most {LARGEST_BODY} bytes.", {"connection": "close"})
    except TimeoutError:
        return refusal(408, f"The body did not come within {PATIENCE:.0f} seconds.", {"connection": "close"})
    except ClientDisconnect:
        return not_let_in()

    provider = payments.configured(settings).get(request.path_params["provider"])
    came = payments.Call({name.lower(): value for name, value in request.headers.items()}, body)
    try:
        if provider is None or not await provider.verify(came):
            return not_let_in()
        async with db.transaction(None) as tx:
            await payments.receive(tx, provider, came)
    except Unavailable as unavailable:
        log.warning("callback not kept", provider=request.path_params["provider"])
        headers = {"retry-after": str(unavailable.retry_after)}
        return refusal(503, "The service is busy: call again in a moment.", headers)
    answer = provider.answer(came, int(time.time()))
    return Response(answer.body, media_type=answer.media_type)


def not_let_in() -> Response:
    """The same to all: nobody learns which providers there are, nor what was wrong."""
    return refusal(403, "Nobody of ours has signed this.")


def refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(why, status, headers)


routes = [Route("/callbacks/{provider}", take_call, methods=["POST"])]
