"""One operation from its text to its answer, over whichever wire: what it may cost, and what is noted of it.

One span, one line in the log and one count an operation; never its variables, nor who asks.
"""

from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Any, Self

import structlog
from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect

from services.graphql import metrics, tracing
from services.graphql.context import Context
from services.graphql.engine.answers import INTERNAL
from services.graphql.engine.asked import Asked
from services.graphql.engine.execute import Answer, Operation, answer, prepare, refusal, subscribe
from services.graphql.engine.refusals import RequestError
from services.graphql.house import House
from services.graphql.limits import Standing
from services.graphql.live.wire import Stalled
from shared.errors import DomainError

GONE = (Stalled, WebSocketDisconnect)  # who is no longer there to be told: nothing failed

log = structlog.get_logger()


class Attempt:
    """Enter it; `prepare`, then `answer` or `follow`; or `refuse`. What happened is noted when it is left.

    `wire`: by what it came; `headers`: with what, over HTTP.
    """

    def __init__(self, house: House, ctx: Context, wire: str, headers: Mapping[str, str] | None = None) -> None:
        self._house, self._ctx, self._wire, self._headers = house, ctx, wire, headers
        self._operation: Operation | None = None
        self._codes: list[str] = []
        self._outcome = "ok"
        self._messages: int | None = None
        self._span = tracing.OperationSpan()

    def __enter__(self) -> Self:
        self._began = monotonic()
        self._span.begin(self._headers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds, operation = monotonic() - self._began, self._operation
        if isinstance(failure, Exception):
            self.fail(failure)
        self._end_span()
        kind_name = operation.kind.value if operation else "none"
        if self._messages is None:
            metrics.operations(kind_name, self._outcome).inc()
            if operation is not None:
                metrics.seconds(kind_name).observe(seconds)
        line: dict[str, Any] = {"kind": kind_name, "wire": self._wire, "ms": round(seconds * 1_000, 1)}
        if operation is not None:
            line |= {"name": operation.name, "cost": operation.cost}
        if self._messages is not None:
            line |= {"messages": self._messages}
        log.info("operation", **line, errors=self._codes)

    def prepare(self, asked: Asked) -> Operation:
        """Raises RequestError when it cannot be executed: `refuse` it."""
        with tracing.span("prepare"):
            operation = self._operation = prepare(self._house.documents, asked)
        self._span.tell(operation.kind.value, operation.name, operation.document.text, operation.cost)
        return operation

    def refuse(self, error: RequestError) -> Answer:
        """Say why nothing is executed."""
        answered = refusal(error, self._ctx.language)
        if error.cost is not None:
            answered.body["extensions"] = {"cost": shown(error.cost, None)}
        return self._noted(answered)

    async def answer(self) -> Answer:
        """Of a query or a mutation."""
        assert self._operation is not None
        standing, refused = await self._spend(self._operation)
        answered = refused or await answer(self._house.schema, self._operation, self._ctx)
        answered.body["extensions"] = {"cost": shown(self._operation.cost, standing)}
        return self._noted(answered)

    async def follow(self, ctx: Context) -> AsyncIterable[Any] | Answer:
        """The events of a subscription, with a context that lasts as long; or the answer that says why there are none."""
        assert self._operation is not None
        standing, refused = await self._spend(self._operation)
        if refused is not None:
            refused.body["extensions"] = {"cost": shown(self._operation.cost, standing)}
            return self._noted(refused)
        stream = await subscribe(self._house.schema, self._operation, ctx)
        if isinstance(stream, Answer):
            return self._noted(stream)
        return stream

    @contextmanager
    def following(self) -> Iterator[None]:
        """While the block lasts, messages are sent. Its span ends here: each message's execution has one of its own."""
        self._messages = 0
        self._end_span()
        metrics.operations("subscription", "ok").inc()
        with metrics.SUBSCRIPTIONS.track_inprogress():
            yield

    def sent(self) -> None:
        """One message of a subscription was."""
        assert self._messages is not None
        self._messages += 1

    async def _spend(self, operation: Operation) -> tuple[Standing | None, Answer | None]:
        """What the user has left; and the refusal, when it is not enough."""
        budget, viewer = self._house.budget, self._ctx.asking
        if budget is None or viewer is None:
            return None, None
        if operation.cost > budget.most:
            sentence = f"This costs {operation.cost}, and a user has {budget.most} a minute: ask for less at once."
            return None, refusal(RequestError("TOO_COSTLY", GraphQLError(sentence)), self._ctx.language)
        standing = await budget.spend(viewer, operation.cost)
        if not standing.retry_after:
            return standing, None
        sentence = f"You have used up your {budget.most} a minute: try again in {standing.retry_after} s."
        answered = refusal(RequestError("THROTTLED", GraphQLError(sentence)), self._ctx.language)
        answered.body["errors"][0]["extensions"]["retryAfter"] = standing.retry_after
        return standing, answered

    def note(self, code: str) -> None:
        """It is refused by other means."""
        self._codes, self._outcome = [code], "refused"

    def fail(self, failure: Exception) -> None:
        """It was broken off by that."""
        if not isinstance(failure, GONE):
            code = failure.code if isinstance(failure, DomainError) else INTERNAL
            self._outcome, self._codes = "failed", self._codes or [code]

    def _noted(self, answered: Answer) -> Answer:
        self._codes = [error["extensions"]["code"] for error in answered.body.get("errors", ())]
        self._outcome = "refused" if answered.refused else "errors" if self._codes else "ok"
        return answered

    def _end_span(self) -> None:
        self._span.end(self._codes, failed=INTERNAL in self._codes)


def shown(cost: int, standing: Standing | None) -> dict[str, Any]:
    """As Shopify's API shows it; `fullInSeconds` is ours."""
    told: dict[str, Any] = {"requestedQueryCost": cost}
    if standing is not None:
        told["throttleStatus"] = {
            "maximumAvailable": standing.most,
            "currentlyAvailable": standing.left,
            "restoreRate": round(standing.most / 60, 2),
            "fullInSeconds": -int(-standing.full_in // 1),
        }
    return told
