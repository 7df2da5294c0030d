"""What a subscriber is told, as JSON, whatever it is sent over."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from time import monotonic
from typing import Any, cast

import orjson

from services.graphql import metrics
from services.graphql.context import Context
from services.graphql.engine.execute import Operation, answer
from services.graphql.house import House
from services.graphql.live.hub import kind_of
from shared.errors import Unavailable

OUTAGE = 15.0  # seconds for which an event waits for the database, before the client is sent to try later
PAUSE = 0.3


async def bodies(house: House, events: AsyncIterable[Any], operation: Operation, ctx: Context) -> AsyncGenerator[str]:
    """An answer for each event. Each must be sent before the next one is asked for.

    Raises Unavailable when an event cannot be read for a long time: none is left out.
    """
    kind = kind_of(operation, ctx.viewer, ctx.language)
    async with aclosing(cast("Any", events)) as each:
        async for event in each:

            async def make(event: object = event) -> str:
                return await _told_of(house, event, operation, ctx)

            telling = getattr(event, "telling", None)
            yield await make() if telling is None else await telling.once(kind, make)
            metrics.MESSAGES.inc()


async def _told_of(house: House, event: object, operation: Operation, ctx: Context) -> str:
    """As JSON. No event is left out for an outage: it waits, or raises Unavailable."""
    patience = monotonic() + OUTAGE
    while True:
        of_event = ctx.again()
        try:
            answered = await answer(house.schema, operation, of_event, event)
        finally:
            await of_event.close()
        codes = {error["extensions"]["code"] for error in answered.body.get("errors", ())}
        if "UNAVAILABLE" not in codes:
            return orjson.dumps(answered.body).decode()
        if monotonic() > patience:
            raise Unavailable
        await asyncio.sleep(PAUSE)
