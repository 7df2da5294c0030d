"""For whoever balances and restarts: is the process alive, and should it be sent requests?"""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse

from services.graphql.house import House
from shared.errors import Unavailable

PATIENCE = 0.5  # seconds


async def healthz(_request: Request) -> JSONResponse:
    """The loop turns."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> JSONResponse:
    """The database answers in time and we are not going down. Redis away is not unready: jobs are swept for."""
    house: House = request.app.state.house
    if house.sockets.draining.is_set():
        return JSONResponse({"status": "draining"}, status_code=503)
    try:
        async with asyncio.timeout(PATIENCE), house.db.reading(None) as tx:
            await tx.fetchval("SELECT 1")
    except (TimeoutError, Unavailable):
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})
