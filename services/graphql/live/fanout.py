"""Who has all that there is in a room, and how the next event comes to them.

A subscriber waits in a task of its own, and waking it costs more than what it then sends. So whoever is told the same
of an event as others are, and whose socket takes at once what it is given, is given it where they wait: the message is
made once, and written to one socket after the other. Whoever cannot take it is woken, and goes on by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from services.graphql import metrics
from services.graphql.live.hub import Kind
from shared.errors import Unavailable

if TYPE_CHECKING:
    from services.graphql.live.rooms import News

BREATH = 32  # sockets that are written to before anything else has its turn

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Direct:
    """A subscriber's socket. `make`: what it is told of an event; `give`: write that now. False: it cannot be."""

    kind: Kind
    make: Callable[[object], Awaitable[bytes]]
    give: Callable[[bytes], bool]


class Waiting(Protocol):
    """A subscriber who has all that there is. Those of the same `kind` are told the same; None: has to be woken."""

    @property
    def kind(self) -> Kind | None: ...

    async def made(self, news: "News") -> bytes:
        """What is told of it. May raise whatever executing it raises."""

    def take(self, news: "News", told: bytes) -> bool:
        """Whether it was what comes next, and was sent. Who could not take it is awake."""

    def wake(self) -> None: ...


class Group:
    """Those of a room who are told the same."""

    def __init__(self, kind: Kind | None, seq: int) -> None:
        self.kind = kind
        self.seq = seq  # of the last event that was passed on
        self.waiting: dict[Waiting, None] = {}

    async def give(self, news: "News") -> None:
        first = next(iter(self.waiting), None)
        if first is not None and self.seq < news.seq:
            told, given = await first.made(news), 0
            for number, one in enumerate(list(self.waiting), 1):
                given += one.take(news, told)
                if number % BREATH == 0:
                    await asyncio.sleep(0)
            metrics.MESSAGES.inc(given)
        self.seq = news.seq

    def wake(self) -> None:
        for one in list(self.waiting):
            one.wake()


class FanOut:
    """Of one room. `after`: what came after a number, if the room has that at hand."""

    def __init__(self, after: Callable[[int], "list[News] | None"]) -> None:
        self._after = after
        self._groups: dict[Kind | None, Group] = {}
        self._passing: dict[Group, asyncio.Task[None]] = {}

    def enter(self, one: Waiting, seq: int) -> None:
        """They have all until `seq`, which is all that there is."""
        group = self._groups.get(one.kind)
        if group is None:
            group = self._groups[one.kind] = Group(one.kind, seq)
        group.waiting[one] = None

    def leave(self, one: Waiting) -> None:
        group = self._groups.get(one.kind)
        if group is not None:
            group.waiting.pop(one, None)
            if not group.waiting:
                del self._groups[one.kind]

    def pass_on(self) -> None:
        """There is more in the room."""
        for group in list(self._groups.values()):
            if group.kind is None:
                group.wake()
            elif group not in self._passing:
                self._passing[group] = asyncio.create_task(self._pass_on(group))

    async def _pass_on(self, group: Group) -> None:
        """All that there is."""
        try:
            while group.waiting and (news := self._after(group.seq)) != []:
                if news is None:
                    self._dissolve(group)
                    return
                for one in news:
                    await group.give(one)
        except Unavailable:  # each meets it again, and tells it to their client
            self._dissolve(group)
        except Exception:  # whatever it is: the same
            log.exception("could not be passed on")
            self._dissolve(group)
        finally:
            del self._passing[group]

    def wake_all(self) -> None:
        """Where they are does not lead to what comes: each sees to it for themselves."""
        for group in list(self._groups.values()):
            self._dissolve(group)

    def _dissolve(self, group: Group) -> None:
        if self._groups.get(group.kind) is group:
            del self._groups[group.kind]
        group.wake()
        group.waiting.clear()
