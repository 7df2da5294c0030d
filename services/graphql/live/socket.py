"""One WebSocket of a client: signs in once, then runs operations side by side, each by its id."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic

import structlog
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.graphql import metrics
from services.graphql.attempt import Attempt
from services.graphql.context import Context
from services.graphql.engine.answers import unforeseen
from services.graphql.engine.execute import Answer, Operation
from services.graphql.engine.refusals import RequestError
from services.graphql.house import House
from services.graphql.live import protocol
from services.graphql.live.connection import Connection, end
from services.graphql.live.fanout import Direct
from services.graphql.live.hub import kind_of
from services.graphql.live.protocol import Close
from services.graphql.live.telling import tell, told_of
from services.graphql.live.wire import Stalled, Wire
from services.graphql.origins import is_allowed
from shared.errors import Unauthenticated, Unavailable

INIT_TIMEOUT = 5.0  # seconds
MOST_OPERATIONS = 50  # at once
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
    socket = Socket(house, websocket)
    house.sockets.add(socket)
    metrics.SOCKETS.inc()
    try:
        await socket.run()
    finally:
        socket.stop_counting()
        house.sockets.remove(socket)
        metrics.SOCKETS.dec()


class Socket(Connection):
    def __init__(self, house: House, websocket: WebSocket) -> None:
        super().__init__(house)
        self._websocket = websocket
        self._wire = Wire(websocket)
        self._language: str | None = websocket.headers.get("accept-language")
        self._initialised = False
        self._acknowledged = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._mutations: set[asyncio.Task[None]] = set()  # what was begun is not broken off: they end by themselves
        self._left_with: int | None = None  # the code that the other side closed with

    async def run(self) -> None:
        """Until either side ends it."""
        began = monotonic()
        close: Close | None = None
        self._after(INIT_TIMEOUT, self._require_init)
        reading = asyncio.create_task(self._read())
        try:
            close = await self._ended
        finally:
            self._stop_timers()
            others = {reading, *self._operations.values(), *self._background} - self._mutations
            await end(others)
            if self._mutations:
                await asyncio.wait(self._mutations, timeout=MUTATION)
                await end(set(self._mutations))
            if close is not None:
                await self._wire.close(close.code, close.reason)
            code = close.code if close else self._left_with
            log.info("socket closed", code=code, seconds=round(monotonic() - began), messages=self._wire.sent)

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
        finally:
            self._left()

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
            viewer = await self._house.sign_in.viewer(authorization)
        except Unauthenticated:
            raise Close(protocol.FORBIDDEN, "Forbidden") from None
        except Unavailable:
            raise Close(protocol.TRY_LATER, "Try again later") from None
        self._language = locale or self._language
        await self.count_for(viewer)
        self._belong_to(viewer)
        self._acknowledged = True
        await self._wire.send(protocol.write("connection_ack"))

    def _require_init(self) -> None:
        if not self._initialised:  # who has said who they are, waits for us: many may come at once
            self.end(protocol.INIT_TIMED_OUT, "Connection initialisation timeout")

    async def _start(self, message: protocol.Subscribe) -> None:
        if not self._acknowledged:
            raise Close(protocol.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Close(protocol.TAKEN_ID, f"Subscriber for {message.id} already exists")
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
                    operation = attempt.prepare(message.asked)
                except RequestError as refused:
                    await self._tell_once(message.id, attempt.refuse(refused))
                    return
                if operation.kind is OperationType.SUBSCRIPTION:
                    await self._follow(message.id, attempt, operation, ctx)
                    return
                with self._not_broken_off(operation):
                    answered = await attempt.answer()
                    await ctx.close()  # first: the answer may have to wait, and its connection is needed by others
                    await self._tell_once(message.id, answered)
        except (Unavailable, Stalled, WebSocketDisconnect):
            raise
        except Exception as failure:  # noqa: BLE001  # one operation's bug must not end the others of the socket
            error = unforeseen(failure, ctx.language)
            await self._tell_once(message.id, Answer({"errors": [error]}, refused=True))

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
        write = protocol.Next(id).of
        if ctx.asking is not None:
            make = partial(told_of, self._house, operation, ctx)
            ctx.direct = Direct(kind_of(operation, ctx.asking, ctx.language), make, self._giver(write, attempt))
        stream = await attempt.follow(ctx)
        if isinstance(stream, Answer):
            await self._tell_once(id, stream)
            return
        with attempt.following():
            await tell(self._house, attempt, stream, operation, ctx, lambda body: self._wire.send(write(body)))
        await self._complete(id)

    def _giver(self, write: Callable[[bytes], bytes], attempt: Attempt) -> Callable[[bytes], bool]:
        def give(body: bytes) -> bool:
            given = self._wire.give(write(body))
            if given:
                attempt.sent()
            return given

        return give

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
