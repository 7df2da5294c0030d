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
        if going:
            _call(servers[number], number)
            return
        going.append(loop.create_task(sockets.drain()))
        going[0].add_done_callback(lambda _done: _call(servers[number], number))

    handled = [number for number in SIGNALS if callable(servers[number])]
    for number in handled:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
            signal.signal(number, servers[number])


def _call(handler: Callable[[int, FrameType | None], object] | int | None, number: int) -> None:
    if callable(handler):
        handler(number, None)
