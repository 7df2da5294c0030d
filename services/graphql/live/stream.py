"""One operation's answers over HTTP, as they come: what a WebSocket does for many, for one."""

import asyncio
from contextlib import ExitStack, suppress
from time import monotonic
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.graphql import metrics
from services.graphql.accept import Accepted
from services.graphql.attempt import Attempt
from services.graphql.context import Context
from services.graphql.engine.answers import unforeseen
from services.graphql.engine.encode import encode
from services.graphql.engine.execute import Answer, Operation
from services.graphql.house import House
from services.graphql.limits import STATUS
from services.graphql.live import protocol
from services.graphql.live.connection import Connection, end
from services.graphql.live.framing import Framing, framing
from services.graphql.live.protocol import Close
from services.graphql.live.telling import tell
from services.graphql.live.wire import FAREWELL, AnswerWire, Stalled
from shared.errors import Unavailable

THROTTLED = "THROTTLED"
KEEP_ALIVE = 10.0  # seconds; proxies end what is silent for 30 or 60

log = structlog.get_logger()


class Following(Response):
    """The answer to a subscription."""

    def __init__(
        self, house: House, attempt: Attempt, operation: Operation, ctx: Context, accepted: Accepted, noting: ExitStack
    ) -> None:
        """`noting`: what ends with the attempt."""
        self.status_code, self.background = 200, None
        self._attempt, self._noting = attempt, noting
        self._house, self._operation, self._ctx, self._framing = house, operation, ctx, framing(accepted)
        self.init_headers({"content-type": self._framing.content_type, **NOT_KEPT})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = AnswerWire(scope, send)
        with self._noting:
            stream = Stream(self._house, self._attempt, self._ctx, wire, self._framing)
            try:
                await stream.count_for(self._ctx.asking)
            except Close as close:
                self._attempt.note(THROTTLED)
                await _refused(close)(scope, receive, send)
                return
            try:
                await wire.begin(self.raw_headers)
                self._house.sockets.add(stream)
                await stream.run(self._operation, receive)
            finally:
                stream.stop_counting()
                self._house.sockets.remove(stream)


# No proxy keeps it, squeezes it, or waits for more of it (nginx).
NOT_KEPT = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}


class Stream(Connection):
    def __init__(self, house: House, attempt: Attempt, ctx: Context, wire: AnswerWire, framing: Framing) -> None:
        super().__init__(house)
        self._attempt, self._ctx, self._wire, self._framing = attempt, ctx, wire, framing
        self._is_told = False  # something was sent since it was last looked

    async def run(self, operation: Operation, receive: Receive) -> None:
        """Until it is complete, or either side ends it."""
        began = monotonic()
        self._belong_to(self._ctx.asking)
        with metrics.STREAMS.track_inprogress():
            telling = asyncio.create_task(self._tell(operation))
            leaving = asyncio.create_task(_left(receive))
            self._spawn(self._keep_alive())
            try:
                sides: list[asyncio.Future[Any]] = [telling, leaving, self._ended]
                await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._stop_timers()
                await end({telling, *self._background})
                await self._ctx.close()
                close = self._ended.result() if self._ended.done() else None
                if close is not None and not leaving.done():
                    await self._say(close, leaving)
                await end({leaving})
                log.info("stream closed", seconds=round(monotonic() - began), code=close.code if close else None)

    async def _tell(self, operation: Operation) -> None:
        """All of it. Whatever goes wrong is told, or ends the stream."""
        try:
            await self._send(self._framing.begin)
            await self._follow(operation)
            await self._wire.finish(self._framing.complete)
        except Unavailable:
            self.end(protocol.TRY_LATER, "Try again later")
        except (Stalled, TimeoutError):
            self.end(protocol.TRY_LATER, "You do not read")

    async def _follow(self, operation: Operation) -> None:
        try:
            stream = await self._attempt.follow(self._ctx)
            if isinstance(stream, Answer):
                await self._send(self._framing.next(encode(stream.body)))
                return
            with self._attempt.following():
                await tell(self._house, self._attempt, stream, operation, self._ctx, self._send_next)
        except (Unavailable, Stalled) as failure:
            self._attempt.fail(failure)
            raise
        except Exception as failure:  # noqa: BLE001  # a bug is masked, and noted
            self._attempt.fail(failure)
            error = unforeseen(failure, self._ctx.language)
            await self._send(self._framing.next(encode({"errors": [error]})))

    async def _send_next(self, body: bytes) -> None:
        await self._send(self._framing.next(body))

    async def _send(self, text: bytes) -> None:
        self._is_told = True
        await self._wire.send(text)

    async def _keep_alive(self) -> None:
        """A word now and then, so that nobody in between takes it for dead, and that we notice who is gone."""
        while True:
            self._is_told = False
            await asyncio.sleep(KEEP_ALIVE)
            if not self._is_told:
                try:
                    await self._wire.send(self._framing.idle)
                except Stalled:
                    self.end(protocol.TRY_LATER, "You do not read")

    async def _say(self, close: Close, leaving: "asyncio.Task[None]") -> None:
        """Why it ends, if it can still be said; and let nobody take it for complete."""
        farewell = self._framing.farewell(close)
        with suppress(TimeoutError, Stalled):
            if not self._framing.is_cut:
                await self._wire.finish(farewell + self._framing.complete)
                return
            async with asyncio.timeout(FAREWELL):
                await self._wire.send(farewell)
        self._wire.cut()
        await asyncio.wait({leaving}, timeout=2 * FAREWELL)


async def _left(receive: Receive) -> None:
    """Until the other side is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _refused(close: Close) -> Response:
    """Never as a stream: no client reads one whose status is not 200."""
    error = {"message": close.reason, "extensions": {"code": THROTTLED}}
    body = encode({"errors": [error]})
    return Response(body, STATUS[THROTTLED], {"cache-control": "no-store"}, media_type=Accepted.JSON.media_type)


def once(body: bytes, accepted: Accepted) -> Response:
    """An answer that is a stream of one."""
    frames = framing(accepted)
    text = frames.begin + frames.next(body) + frames.complete
    return Response(text, headers={"content-type": frames.content_type, **NOT_KEPT})
