"""GraphQL over HTTP: POST with JSON, GET for queries; subscriptions as streams (https://http-spec.graphql.org/).

Statuses: a client that accepts `application/graphql-response+json` gets 400 for a request that cannot be executed;
one that knows plain JSON only gets 200 with the errors.
"""

from contextlib import ExitStack

from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.graphql import requests
from services.graphql.accept import Accepted, Choice, choose
from services.graphql.attempt import Attempt
from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.execute import Operation
from services.graphql.engine.refusals import RequestError
from services.graphql.house import House
from services.graphql.live.stream import Following
from services.graphql.requests import BAD, Refused
from services.graphql.responses import fail, refuse, refuse_asking, respond
from shared.errors import DomainError, Unavailable

NO_SUBSCRIPTIONS = RequestError(
    "BAD_USER_INPUT",
    GraphQLError(
        "Subscriptions go over a WebSocket (graphql-transport-ws) to the same address, or to those who accept"
        ' text/event-stream or multipart/mixed;subscriptionSpec="1.0".'
    ),
)
NO_MUTATIONS = RequestError(BAD, GraphQLError("Mutations go by POST."))


async def graphql(request: Request) -> Response:
    """The endpoint."""
    house: House = request.app.state.house
    choice = choose(",".join(request.headers.getlist("accept")))
    if choice is None:
        return refuse(Refused(406, BAD, f"Accept {' or '.join(one.value for one in Accepted)}."), Accepted.JSON)
    language = request.headers.get("accept-language")
    try:
        return await _answer(request, house, choice)
    except Refused as refused:
        return refuse(refused, choice.once, precise=house.settings.precise)
    except ClientDisconnect:
        return Response(status_code=499)
    except DomainError as refused:
        return refuse_asking(refused, house.language(None, language), choice.once)
    except Exception as failure:  # noqa: BLE001  # a bug is masked, and noted
        return fail(failure, house.language(None, language), choice.once)


async def _answer(request: Request, house: House, choice: Choice) -> Response:
    """Raises whatever says that nobody can be asked, or that nothing is asked."""
    asked = await requests.read(request)
    viewer = await house.sign_in.viewer(request.headers.get("authorization"))
    ctx = house.context(viewer, request.headers.get("accept-language"))
    try:
        return await _execute(request, house, ctx, asked, choice)
    finally:
        await ctx.close()


async def _execute(request: Request, house: House, ctx: Context, asked: Asked, choice: Choice) -> Response:
    precise = house.settings.precise
    with ExitStack() as noting:
        attempt = noting.enter_context(Attempt(house, ctx, "http", request.headers))
        try:
            operation = attempt.prepare(asked)
            if operation.kind is OperationType.SUBSCRIPTION:
                return _follow(house, attempt, ctx, operation, choice, noting)
        except RequestError as error:
            return respond(attempt.refuse(error), choice.once, precise=precise)
        if request.method == "GET" and operation.kind is OperationType.MUTATION:
            attempt.refuse(NO_MUTATIONS)
            return refuse(Refused(405, BAD, str(NO_MUTATIONS), Allow="POST"), choice.once)
        return respond(await attempt.answer(), choice.once, precise=precise)


def _follow(
    house: House, attempt: Attempt, ctx: Context, operation: Operation, choice: Choice, noting: ExitStack
) -> Response:
    """Raises RequestError when the client takes no stream."""
    if choice.stream is None:
        raise NO_SUBSCRIPTIONS
    if house.sockets.draining.is_set():
        attempt.note(Unavailable().code)
        return refuse_asking(Unavailable(), ctx.language, choice.once)
    return Following(house, attempt, operation, ctx.again(), choice.stream, noting.pop_all())
