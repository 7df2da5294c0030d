"""What a subscriber is told, as JSON, whatever it is sent over."""

from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from services.graphql import metrics, tracing
from services.graphql.attempt import Attempt
from services.graphql.context import Context
from services.graphql.engine.encode import encode
from services.graphql.engine.execute import Operation, answer
from services.graphql.house import House
from services.graphql.live.hub import kind_of
from services.graphql.live.outages import outlast
from shared.errors import Unavailable


async def tell(
    house: House,
    attempt: Attempt,
    events: AsyncIterable[Any],
    operation: Operation,
    ctx: Context,
    send: Callable[[bytes], Awaitable[None]],
) -> None:
    """Send an answer for each event, each before the next one is asked for.

    No event is left out for an outage: it waits. Raises Unavailable when it would wait for long.
    """
    kind = kind_of(operation, ctx.viewer, ctx.language)
    async with aclosing(cast("Any", events)) as each:
        async for event in each:
            make = partial(told_of, house, operation, ctx, event)
            telling = getattr(event, "telling", None)
            # No name for what is sent: it would be kept for as long as nothing follows.
            await send(await make() if telling is None else await telling.once(kind, make))
            attempt.sent()
            metrics.MESSAGES.inc()


async def told_of(house: House, operation: Operation, ctx: Context, event: object) -> bytes:
    """The answer to one event, as JSON. Raises Unavailable when it would wait for long."""
    return await outlast(partial(_told_of, house, operation, ctx, event))


async def _told_of(house: House, operation: Operation, ctx: Context, event: object) -> bytes:
    """Raises Unavailable when the database is."""
    of_event = ctx.again()
    async with house.making:
        with tracing.span(f"message {operation.name or ''}".rstrip()):
            try:
                answered = await answer(house.schema, operation, of_event, event)
            finally:
                await of_event.close()
    codes = {error["extensions"]["code"] for error in answered.body.get("errors", ())}
    if "UNAVAILABLE" in codes:
        raise Unavailable
    return encode(answered.body)
