"""One WebSocket of a client: signs in once, then runs operations side by side, each by its id."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, cast
from uuid import UUID

import orjson
import structlog
from graphql import GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.graphql import metrics, tracing
from services.graphql.attempt import Attempt
from services.graphql.context import Context
from services.graphql.engine.answers import to_json
from services.graphql.engine.document import RequestError
from services.graphql.engine.execute import Answer, Operation, answer
from services.graphql.house import House
from services.graphql.live import protocol
from services.graphql.live.hub import Telling, kind_of
from services.graphql.live.leases import Lease
from services.graphql.live.passing import Direct
from services.graphql.live.protocol import Close
from services.graphql.live.sockets import GOING_AWAY
from services.graphql.live.wire import Stalled, Wire
from services.graphql.origins import is_allowed
from services.graphql.viewer import Viewer
from shared.errors import Unauthenticated, Unavailable

INIT_TIMEOUT = 5.0  # seconds
MOST_OPERATIONS = 50  # at once
OUTAGE = 15.0  # seconds for which an event waits for the database, before the client is sent to try later
PAUSE = 0.3
MUTATION = 10.0  # seconds for a running mutation to end before its socket does; none takes so long

log = structlog.get_logger()


async def graphql_socket(websocket: WebSocket) -> None:
    """The endpoint."""
    house: House = websocket.app.state.house
    if not is_allowed(websocket, house.settings):
        await websocket.close()  # before it is accepted: the handshake is answered 403
        return
    if protocol.NAME not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(protocol.WRONG_PROTOCOL, "Subprotocol not acceptable")
        return
    await websocket.accept(protocol.NAME)
    await Socket(house, websocket).run()


class Socket:
    def __init__(self, house: House, websocket: WebSocket) -> None:
        self._house = house
        self._websocket = websocket
        self._wire = Wire(websocket)
        self._viewer: Viewer | None = None
        self._language: str | None = websocket.headers.get("accept-language")
        self._initialised = False
        self._acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._mutations: set[asyncio.Task[None]] = set()  # what was begun is not broken off: they end by themselves
        self._background: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._timers: list[asyncio.TimerHandle] = []
        self._lease: Lease | None = None
        self._left_with: int | None = None  # the code that the other side closed with

    async def run(self) -> None:
        """Until either side ends it."""
        began = monotonic()
        self._house.sockets.add(self)
        metrics.SOCKETS.inc()
        if self._house.sockets.draining.is_set():
            self.end(*GOING_AWAY)
        self._after(INIT_TIMEOUT, self._require_init)
        reading = asyncio.create_task(self._read())
        close: Close | None = None
        try:
            sides: list[asyncio.Future[Any]] = [reading, self._ended]
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            close = self._ended.result() if self._ended.done() else None
        finally:
            for timer in self._timers:
                timer.cancel()
            others = {reading, *self._operations.values(), *self._background} - self._mutations
            await _end(others)
            if self._mutations:
                await asyncio.wait(self._mutations, timeout=MUTATION)
                await _end(set(self._mutations))
            if close is not None:
                await self._wire.close(close.code, close.reason)
            if self._lease is not None and self._house.leases is not None:
                self._house.leases.give_back(self._lease)
            self._house.sockets.remove(self)
            metrics.SOCKETS.dec()
            code = close.code if close else self._left_with
            log.info("socket closed", code=code, seconds=round(monotonic() - began), messages=self._wire.sent)

    def end(self, code: int, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(Close(code, reason))

    def belongs_to(self, account_id: UUID, user_id: UUID | None = None) -> bool:
        viewer = self._viewer
        return viewer is not None and viewer.account_id == account_id and user_id in (None, viewer.actor.user_id)

    def renew_account(self) -> None:
        self._spawn(self._renew_account())

    async def _renew_account(self) -> None:
        assert self._viewer is not None
        with suppress(Unavailable):  # the next sign-in brings it
            self._viewer = await self._house.sign_in.renewed(self._viewer)

    @property
    def person(self) -> tuple[UUID, UUID] | None:
        viewer = self._viewer
        if viewer is None or viewer.account is None or viewer.user is None:
            return None
        return viewer.account.id, viewer.user.id

    def look_at_user(self) -> None:
        self._spawn(self._end_if_inactive())

    async def _end_if_inactive(self) -> None:
        assert self._viewer is not None
        with suppress(Unavailable):  # they are looked at again at their next sign-in
            if not await self._house.sign_in.is_active(self._viewer):
                self.end(protocol.FORBIDDEN, "Forbidden")

    async def _read(self) -> None:
        try:
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    self._left_with = message.get("code")
                    return
                await self._take(protocol.read(message.get("text")))
        except Close as close:
            self.end(close.code, close.reason)
        except WebSocketDisconnect:
            return
        except Stalled:
            self.end(protocol.TRY_LATER, "You do not read")

    async def _take(self, message: protocol.Message) -> None:
        match message:
            case protocol.Init():
                await self._initialise(message)
            case protocol.Ping():
                await self._wire.send(protocol.write("pong", payload=message.payload))
            case protocol.Subscribe():
                await self._start(message)
            case protocol.Complete():
                operation = self._operations.pop(message.id, None)
                if operation is not None and operation not in self._mutations:
                    operation.cancel()

    async def _initialise(self, message: protocol.Init) -> None:
        if self._initialised:
            raise Close(protocol.TOO_MANY_INITS, "Too many initialisation requests")
        self._initialised = True
        said = {name.lower(): value for name, value in message.payload.items()}
        authorization, locale = said.get("authorization"), said.get("locale")
        if not isinstance(authorization, str | None) or not isinstance(locale, str | None):
            raise Close(protocol.BAD_MESSAGE, "`authorization` and `locale` must be strings.")
        try:
            self._viewer = await self._house.sign_in.viewer(authorization)
        except Unauthenticated:
            raise Close(protocol.FORBIDDEN, "Forbidden") from None
        except Unavailable:
            raise Close(protocol.TRY_LATER, "Try again later") from None
        self._language = locale or self._language
        if self._viewer is not None:
            await self._count_for(self._viewer)
            left = (self._viewer.expires_at - datetime.now(UTC)).total_seconds()
            self._after(left, lambda: self.end(protocol.FORBIDDEN, "Forbidden"))
        self._acknowledged = True
        await self._wire.send(protocol.write("connection_ack"))

    async def _count_for(self, viewer: Viewer) -> None:
        leases = self._house.leases
        if leases is None:
            return
        self._lease = await leases.take(viewer)
        if self._lease is None:
            raise Close(protocol.TOO_MANY_SOCKETS, f"Too many sockets: a user may have {leases.most}.")

    def _require_init(self) -> None:
        if not self._initialised:  # who has said who they are, waits for us: many may come at once
            self.end(protocol.INIT_TIMED_OUT, "Connection initialisation timeout")

    async def _start(self, message: protocol.Subscribe) -> None:
        if not self._acknowledged:
            raise Close(protocol.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Close(protocol.TAKEN_ID, f"Subscriber for {message.id[:100]} already exists")
        if len(self._mutations | set(self._operations.values())) >= MOST_OPERATIONS:
            error = {
                "message": f"At most {MOST_OPERATIONS} operations at once.",
                "extensions": {"code": "THROTTLED"},
            }
            await self._wire.send(protocol.write("error", message.id, [error]))
            return
        self._operations[message.id] = asyncio.create_task(self._operate(message))

    async def _operate(self, message: protocol.Subscribe) -> None:
        ctx = self._house.context(self._viewer, self._language)
        try:
            await self._run(message, ctx)
        except Unavailable:
            self.end(protocol.TRY_LATER, "Try again later")
        except Stalled:
            self.end(protocol.TRY_LATER, "You do not read")
        except WebSocketDisconnect:
            return
        finally:
            self._free(message.id)
            await ctx.close()

    async def _run(self, message: protocol.Subscribe, ctx: Context) -> None:
        """Raises Unavailable, Stalled and WebSocketDisconnect, which end the socket; whatever else is told."""
        try:
            with Attempt(self._house, ctx, "socket") as attempt:
                try:
                    operation = attempt.prepare(message.query, message.operation_name, message.variables)
                except RequestError as refused:
                    await self._tell_once(message.id, attempt.refuse(refused))
                    return
                if operation.kind is OperationType.SUBSCRIPTION:
                    await self._follow(message.id, attempt, operation, ctx)
                    return
                with self._not_broken_off(operation):
                    await self._tell_once(message.id, await attempt.answer())
        except (Unavailable, Stalled, WebSocketDisconnect):
            raise
        except Exception as failure:  # noqa: BLE001  # one operation's bug must not end the others of the socket
            error = GraphQLError(str(failure), original_error=failure)
            await self._tell_once(message.id, Answer({"errors": [to_json(error, ctx.language)]}, refused=True))

    @contextmanager
    def _not_broken_off(self, operation: Operation) -> Iterator[None]:
        """A mutation ends by itself, whoever has lost interest in it or gone away."""
        task = asyncio.current_task()
        assert task is not None
        if operation.kind is OperationType.MUTATION:
            self._mutations.add(task)
        try:
            yield
        finally:
            self._mutations.discard(task)

    async def _follow(self, id: str, attempt: Attempt, operation: Operation, ctx: Context) -> None:
        before = protocol.before_next(id)

        async def make(event: object) -> bytes:
            return await self._told_of(event, operation, ctx)

        def give(told: bytes) -> bool:
            given = self._wire.give(b"".join((before, told, protocol.END_OF_NEXT)))
            if given:
                attempt.sent()
            return given

        if ctx.asking is not None:
            ctx.direct = Direct(kind_of(operation, ctx.asking, ctx.language), make, give)
        stream = await attempt.follow()
        if isinstance(stream, Answer):
            await self._tell_once(id, stream)
            return
        with attempt.following():
            async with aclosing(cast("Any", stream)) as events:
                async for event in events:
                    await self._wire.send(await self._next(before, event, make, ctx))
                    attempt.sent()
                    metrics.MESSAGES.inc()
        await self._complete(id)

    async def _next(
        self, before: bytes, event: object, make: Callable[[object], Awaitable[bytes]], ctx: Context
    ) -> bytes:
        """The message of an event. Nothing of it stays: sockets wait long between two of them."""
        telling: Telling | None = getattr(event, "telling", None)
        if telling is None or ctx.direct is None:
            told = await make(event)
        else:
            told = await telling.once(ctx.direct.kind, partial(make, event))
        return b"".join((before, told, protocol.END_OF_NEXT))

    async def _told_of(self, event: object, operation: Operation, ctx: Context) -> bytes:
        """As JSON. No event is left out for an outage: it waits, or raises Unavailable."""
        patience = monotonic() + OUTAGE
        while True:
            of_event = ctx.again()
            with tracing.span(f"message {operation.name or ''}".rstrip()):
                try:
                    answered = await answer(self._house.schema, operation, of_event, event)
                finally:
                    await of_event.close()
            codes = {error["extensions"]["code"] for error in answered.body.get("errors", ())}
            if "UNAVAILABLE" not in codes:
                return orjson.dumps(answered.body)
            if monotonic() > patience:
                raise Unavailable
            await asyncio.sleep(PAUSE)

    async def _tell_once(self, id: str, answered: Answer) -> None:
        if self._operations.get(id) is not asyncio.current_task():
            return  # the client has completed it: the id may be another operation's now
        if answered.refused:
            self._free(id)
            await self._wire.send(protocol.write("error", id, answered.body["errors"]))
            return
        await self._wire.send(protocol.write("next", id, answered.body))
        await self._complete(id)

    async def _complete(self, id: str) -> None:
        if self._free(id):  # first: whoever hears of it may take the id again at once
            await self._wire.send(protocol.write("complete", id))

    def _free(self, id: str) -> bool:
        """Whether it was this operation's."""
        ours = self._operations.get(id) is asyncio.current_task()
        if ours:
            del self._operations[id]
        return ours

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _after(self, seconds: float, act: Any) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(max(0.0, seconds), act))


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
