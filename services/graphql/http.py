"""GraphQL over HTTP: POST with JSON, GET for queries; subscriptions as streams (https://http-spec.graphql.org/).

Statuses: a client that accepts `application/graphql-response+json` gets 400 for a request that cannot be executed;
one that knows plain JSON only gets 200 with the errors.
"""

from time import monotonic

import structlog
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.graphql import metrics, requests
from services.graphql.accept import Accepted, Choice, choose
from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.execute import Answer, Operation, answer, prepare, refusal
from services.graphql.engine.refusals import RequestError
from services.graphql.house import House
from services.graphql.live.stream import Following
from services.graphql.requests import BAD, Refused
from services.graphql.responses import refuse, refuse_asking, respond
from shared.errors import DomainError, Unavailable

NO_SUBSCRIPTIONS = RequestError(
    "BAD_USER_INPUT",
    GraphQLError(
        "Subscriptions go over a WebSocket (graphql-transport-ws) to the same address, or to those who accept"
        ' text/event-stream or multipart/mixed;subscriptionSpec="1.0".'
    ),
)

log = structlog.get_logger()


async def graphql(request: Request) -> Response:
    """The endpoint."""
    house: House = request.app.state.house
    choice = choose(request.headers.get("accept"))
    if choice is None:
        return refuse(Refused(406, BAD, f"Accept {' or '.join(one.value for one in Accepted)}."), Accepted.JSON)
    try:
        asked = await requests.read(request)
        viewer = await house.sign_in.viewer(request.headers.get("authorization"))
    except Refused as refused:
        return refuse(refused, choice.once, precise=house.settings.precise)
    except ClientDisconnect:
        return Response(status_code=499)
    except DomainError as refused:
        language = house.language(None, request.headers.get("accept-language"))
        return refuse_asking(refused, language, choice.once)
    ctx = house.context(viewer, request.headers.get("accept-language"))
    try:
        return await _execute(request.method, house, ctx, asked, choice)
    finally:
        await ctx.close()


async def _execute(method: str, house: House, ctx: Context, asked: Asked, choice: Choice) -> Response:
    try:
        operation = prepare(house.documents, asked)
        if operation.kind is OperationType.SUBSCRIPTION:
            return _follow(house, ctx, operation, choice)
    except RequestError as error:
        metrics.OPERATIONS.labels("none", "refused").inc()
        return respond(refusal(error, ctx.language), choice.once, precise=house.settings.precise)
    if method == "GET" and operation.kind is OperationType.MUTATION:
        return refuse(Refused(405, BAD, "Mutations go by POST.", Allow="POST"), choice.once)
    answered = await _answer(house, operation, ctx)
    return respond(answered, choice.once, precise=house.settings.precise)


async def _answer(house: House, operation: Operation, ctx: Context) -> Answer:
    """Execute a query or a mutation, counted and noted."""
    began = monotonic()
    answered = await answer(house.schema, operation, ctx)
    metrics.SECONDS.labels(operation.kind.value).observe(monotonic() - began)
    metrics.OPERATIONS.labels(operation.kind.value, "errors" if "errors" in answered.body else "ok").inc()
    log.info(
        "operation",
        kind=operation.kind.value,
        name=operation.name,
        ms=round((monotonic() - began) * 1_000, 1),
        errors=[error["extensions"]["code"] for error in answered.body.get("errors", ())],
    )
    return answered


def _follow(house: House, ctx: Context, operation: Operation, choice: Choice) -> Response:
    """Raises RequestError when the client takes no stream."""
    if choice.stream is None:
        raise NO_SUBSCRIPTIONS
    if house.sockets.draining.is_set():
        return refuse_asking(Unavailable(), ctx.language, choice.once)
    metrics.OPERATIONS.labels("subscription", "ok").inc()
    return Following(house, operation, ctx.again(), choice.stream)
