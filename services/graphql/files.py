"""What endpoints of files share: who asks, and refusals as statuses of HTTP."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.graphql.house import House
from services.graphql.viewer import Viewer
from shared import errors
from shared.errors import DomainError, Unauthenticated

Endpoint = Callable[[Request], Awaitable[Response]]
STATUSES: dict[type[DomainError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.ModuleInactive: 402,
    errors.InvalidInput: 400,
    errors.Unavailable: 503,
}


async def signed_in(request: Request) -> Viewer:
    """Raises Unauthenticated."""
    house: House = request.app.state.house
    viewer = await house.sign_in.viewer(request.headers.get("authorization"))
    if viewer is None:
        raise Unauthenticated
    return viewer


def refusals(endpoint: Endpoint) -> Endpoint:
    """A refusal is answered with its status, its code and its sentence in the language that the client accepts."""

    @wraps(endpoint)
    async def answer(request: Request) -> Response:
        house: House = request.app.state.house
        try:
            return await endpoint(request)
        except DomainError as refused:
            language = house.language(None, request.headers.get("accept-language"))
            body = {"status": "error", "code": refused.code, "message": refused.sentence.to(language)}
            headers = {"connection": "close"}  # a body that nobody reads would be taken for the next request
            if isinstance(refused, errors.Unavailable):
                headers["retry-after"] = str(refused.retry_after)
            if isinstance(refused, Unauthenticated):
                headers["www-authenticate"] = "Bearer"
            return JSONResponse(body, STATUSES.get(type(refused), 400), headers)

    return answer
