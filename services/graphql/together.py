"""Questions that many ask at once: one read answers all who asked before it began."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """`read` is never called twice at once for the same key; what it raises, all are told."""

    def __init__(self, read: Callable[[K], Awaitable[V]], at_once: asyncio.Semaphore | None = None) -> None:
        """`at_once`: how many reads of any keys there may be; others take turns."""
        self._read = read
        self._at_once = at_once or asyncio.Semaphore(2**31)
        self._next: dict[K, asyncio.Task[V]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}

    async def ask(self, key: K) -> V:
        """From a read that begins after this: what was committed before, it sees."""
        coming = self._next.get(key)
        if coming is None:
            coming = self._next[key] = asyncio.create_task(self._answer(key))
            coming.add_done_callback(_take_note)
        return await asyncio.shield(coming)  # who goes away takes it from nobody else

    async def _answer(self, key: K) -> V:
        task = asyncio.current_task()
        assert task is not None
        if key in self._running:
            await asyncio.wait([self._running[key]])
        async with self._at_once:
            del self._next[key]  # now it begins: who asks from here on, waits for another one
            self._running[key] = task
            try:
                return await self._read(key)
            finally:
                del self._running[key]


def _take_note(done: "asyncio.Task[object]") -> None:
    """A failure that everybody has gone away from is nobody's."""
    if not done.cancelled():
        done.exception()
