"""Who has all that there is in a room, and how the next event comes to them.

A subscriber waits in a task of its own, and that it is woken costs more than what it then sends. So those whose sockets
take what they are given at once are given it where they wait: what is told of the event is made once for each kind,
and written to one socket after the other. Whoever cannot take it is woken, and goes on by themselves.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from services.graphql import metrics
from services.graphql.live.hub import Kind

if TYPE_CHECKING:
    from services.graphql.live.rooms import News

MOST_PENDING = 16  # events; who is further behind reads them as a page
BREATH = 256  # sockets that are written to before others have their turn

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Direct:
    """A socket's part: `make` is what is told of an event, `give` writes it; False: not now, or nobody is there."""

    kind: Kind
    make: Callable[[object], Awaitable[bytes]]
    give: Callable[[bytes], bool]


class Waiting(Protocol):
    """A subscriber who has all that there is."""

    @property
    def kind(self) -> Kind | None:
        """Who has the same are told the same; None: has to be woken."""

    async def made(self, news: "News") -> bytes:
        """What is told of it. May raise whatever executing it raises."""

    def take(self, news: "News", told: bytes) -> bool:
        """Whether it was what comes next, and was sent."""

    def wake(self) -> None: ...


class Hall:
    """Those who wait in one room."""

    def __init__(self) -> None:
        self._waiting: dict[Kind | None, dict[Waiting, None]] = {}
        self._pending: dict[Kind, deque[News]] = {}
        self._passing: dict[Kind, asyncio.Task[None]] = {}

    def enter(self, one: Waiting) -> None:
        self._waiting.setdefault(one.kind, {})[one] = None

    def leave(self, one: Waiting) -> None:
        same = self._waiting.get(one.kind)
        if same is not None:
            same.pop(one, None)
            if not same:
                del self._waiting[one.kind]

    def wake_all(self) -> None:
        for kind in list(self._waiting):
            self._wake(kind)

    def pass_on(self, news: Sequence["News"]) -> None:
        """What comes next, all of it, to all who wait."""
        for kind in list(self._waiting):
            if kind is None:
                self._wake(kind)
                continue
            pending = self._pending.setdefault(kind, deque())
            pending.extend(news)
            if len(pending) > MOST_PENDING:
                pending.clear()
                self._wake(kind)
            elif kind not in self._passing:
                self._passing[kind] = asyncio.create_task(self._pass_on(kind, pending))

    async def _pass_on(self, kind: Kind, pending: "deque[News]") -> None:
        try:
            while pending:
                await self._give(kind, pending.popleft())
        except Exception as failure:  # noqa: BLE001  # whatever it is: each meets it again, and tells it to their client
            log.info("not made for all", error=str(failure) or type(failure).__name__)
            self._wake(kind)
        finally:
            del self._passing[kind], self._pending[kind]

    async def _give(self, kind: Kind, news: "News") -> None:
        first = next(iter(self._waiting.get(kind, ())), None)
        if first is None:
            return
        told, given = await first.made(news), 0
        for one in list(self._waiting.get(kind, ())):
            given += one.take(news, told)
            if given % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        metrics.MESSAGES.inc(given)

    def _wake(self, kind: Kind | None) -> None:
        for one in list(self._waiting.get(kind, ())):
            one.wake()
