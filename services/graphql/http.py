"""GraphQL over HTTP: POST with JSON, GET for queries (the working draft "GraphQL over HTTP").

Statuses: a client that accepts `application/graphql-response+json` gets 400 for a request that cannot be executed;
one that knows plain JSON only gets 200 with the errors.
"""

from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.graphql.accept import Accepted, choose
from services.graphql.attempt import Attempt
from services.graphql.bodies import TooLarge, read_body
from services.graphql.context import Context
from services.graphql.engine.document import RequestError
from services.graphql.engine.execute import Answer
from services.graphql.house import House
from services.graphql.limits import STATUS, rate_headers
from shared.errors import DomainError, Unauthenticated, Unavailable

LARGEST_BODY = 262_144  # bytes
PATIENCE = 5.0  # seconds to send it
PREFLIGHT = ("x-apollo-operation-name", "apollo-require-preflight")

NO_SUBSCRIPTIONS = RequestError(
    "BAD_USER_INPUT", GraphQLError("Subscriptions go over a WebSocket (graphql-transport-ws) to the same address.")
)
NO_MUTATIONS = RequestError("BAD_USER_INPUT", GraphQLError("Mutations go by POST."))


class Refused(Exception):
    """The request is none that could be executed, by HTTP's own rules."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


async def graphql(request: Request) -> Response:
    """The endpoint."""
    house: House = request.app.state.house
    accepted = choose(request.headers.get("accept"))
    language = house.language(None, request.headers.get("accept-language"))
    if accepted is None:
        return _refuse(
            Refused(406, "BAD_USER_INPUT", f"Accept {' or '.join(one.value for one in Accepted)}."), Accepted.JSON
        )
    try:
        said = await _read(request)
        viewer = await house.sign_in.viewer(request.headers.get("authorization"))
    except Refused as refused:
        return _refuse(refused, accepted)
    except ClientDisconnect:
        return Response(status_code=499)
    except DomainError as refused:
        return _refuse_asking(refused, language, accepted)
    ctx = house.context(viewer, request.headers.get("accept-language"))
    try:
        return await _execute(request, house, ctx, said, accepted)
    finally:
        await ctx.close()


async def _execute(request: Request, house: House, ctx: Context, said: dict[str, Any], accepted: Accepted) -> Response:
    with Attempt(house, ctx, "http", request.headers) as attempt:
        try:
            operation = attempt.prepare(said["query"], said.get("operationName"), said.get("variables") or {})
        except RequestError as error:
            return _respond(attempt.refuse(error), accepted)
        if operation.kind is OperationType.SUBSCRIPTION:
            return _respond(attempt.refuse(NO_SUBSCRIPTIONS), accepted)
        if request.method == "GET" and operation.kind is OperationType.MUTATION:
            attempt.refuse(NO_MUTATIONS)
            return _refuse(Refused(405, "BAD_USER_INPUT", str(NO_MUTATIONS), Allow="POST"), accepted)
        return _respond(await attempt.answer(), accepted)


async def _read(request: Request) -> dict[str, Any]:
    """What is to be executed. Raises Refused."""
    if request.method == "GET":
        if not _is_json(request) and not any(name in request.headers for name in PREFLIGHT):
            raise Refused(400, "BAD_USER_INPUT", "A query by GET needs the header apollo-require-preflight: true.")
        said: Any = dict(request.query_params)
        for name in ("variables", "extensions"):
            if said.get(name):
                said[name] = _json(said[name].encode())
    elif request.method == "POST":
        if not _is_json(request):
            raise Refused(415, "BAD_USER_INPUT", "Send the operation as content-type: application/json.")
        said = _json(await _body(request))
    else:
        raise Refused(405, "BAD_USER_INPUT", "Send the operation by POST.", Allow="GET, POST")
    return check(said)


def _is_json(request: Request) -> bool:
    """Whether it says so: no page of another origin can, without a preflight."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def check(said: Any) -> dict[str, Any]:
    """The parameters of a request, each of its kind. Raises Refused."""
    if not isinstance(said, dict):
        raise Refused(400, "BAD_USER_INPUT", "The body must be a JSON object with `query`.")
    if not isinstance(said.get("query"), str) or not said["query"].strip():
        raise Refused(400, "BAD_USER_INPUT", "`query` must be a GraphQL document.")
    for name, kind in (("operationName", str), ("variables", dict), ("extensions", dict)):
        if said.get(name) is not None and not isinstance(said[name], kind):
            raise Refused(400, "BAD_USER_INPUT", f"`{name}` is not of its kind.")
    return said


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(400, "BAD_USER_INPUT", "The request is not valid JSON.") from None


async def _body(request: Request) -> bytes:
    try:
        return await read_body(request, LARGEST_BODY, PATIENCE)
    except TooLarge:
        raise Refused(413, "BAD_USER_INPUT", f"At most {LARGEST_BODY} bytes, please.", Connection="close") from None
    except TimeoutError:
        raise Refused(408, "BAD_USER_INPUT", "The request took too long to arrive.", Connection="close") from None


def _respond(answered: Answer, accepted: Accepted) -> Response:
    status, headers = 200, {"cache-control": "no-store"}
    if answered.refused and accepted is Accepted.GRAPHQL:
        status = 400
    headers |= rate_headers(answered.body)
    for error in answered.body.get("errors", ()):
        if error["extensions"]["code"] in STATUS:
            status = STATUS[error["extensions"]["code"]]
            headers["retry-after"] = str(error["extensions"].get("retryAfter", 1))
    return Response(orjson.dumps(answered.body), status, headers, media_type=accepted.media_type)


def _refuse(refused: Refused, accepted: Accepted) -> Response:
    body = {"errors": [{"message": str(refused), "extensions": {"code": refused.code}}]}
    return Response(orjson.dumps(body), refused.status, refused.headers, media_type=accepted.media_type)


def _refuse_asking(refused: DomainError, language: str, accepted: Accepted) -> Response:
    """Who is asking cannot be said: the token is not good, or nobody can look now."""
    extensions: dict[str, Any] = {"code": refused.code}
    status, headers = 400, {}
    if isinstance(refused, Unauthenticated):
        status, headers["www-authenticate"] = 401, "Bearer"
    elif isinstance(refused, Unavailable):
        status, headers["retry-after"] = 503, str(refused.retry_after)
        extensions["retryAfter"] = refused.retry_after
    body = {"errors": [{"message": refused.sentence.to(language), "extensions": extensions}]}
    return Response(orjson.dumps(body), status, headers, media_type=accepted.media_type)
