"""Going down politely: unready at once, sockets sent away one by one, then uvicorn ends what is left.

uvicorn closes all sockets in the moment of the signal, and tells the application afterwards; so we hear it first.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from services.graphql.live.sockets import Sockets

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def politely(sockets: Sockets) -> Iterator[None]:
    """While the block lasts, a signal to end drains first; a second one does not wait."""
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in SIGNALS}
    going: list[asyncio.Task[None]] = []

    def end(number: signal.Signals) -> None:
        if not going:
            going.append(loop.create_task(sockets.drain()))
            going[0].add_done_callback(lambda _done: _call(servers[number]))
        elif not going[0].done():
            going[0].cancel()
        else:
            _call(servers[number])

    handled = [number for number in SIGNALS if callable(servers[number])]
    for number in handled:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
            signal.signal(number, servers[number])


def _call(handler: Callable[[int, FrameType | None], object] | int | None) -> None:
    # uvicorn raises at the end what it was sent: SIGINT leaves the exit code 0, SIGTERM would make it that of a crash.
    if callable(handler):
        handler(signal.SIGINT, None)
