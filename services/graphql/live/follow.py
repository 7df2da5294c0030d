"""One subscriber: a place in the log that moves on as fast as its socket takes what it is given."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import count, takewhile
from time import monotonic
from typing import Any
from uuid import UUID

from services.graphql import metrics
from services.graphql.context import Context
from services.graphql.live.fanout import Direct
from services.graphql.live.outages import outlast
from services.graphql.live.rooms import News, Room
from shared import funnels
from shared.errors import NotFound
from shared.events import Place, Recorded

# Resuming has a window: further back, loading the board is cheaper than following.
OLDEST_EVENTS = 50_000
OLDEST_SECONDS = 7 * 86_400.0
# Who had caught up and falls behind that far is told to load again.
TOO_FAR_EVENTS = 5_000
TOO_FAR_SECONDS = 30.0


class ResyncReason(Enum):
    CURSOR_TOO_OLD = "CURSOR_TOO_OLD"
    CURSOR_UNKNOWN = "CURSOR_UNKNOWN"
    TOO_FAR_BEHIND = "TOO_FAR_BEHIND"
    ACCESS_CHANGED = "ACCESS_CHANGED"


@dataclass(frozen=True, slots=True)
class Ready:
    """From this place on, everything follows."""

    place: Place


@dataclass(frozen=True, slots=True)
class Resync:
    """The board has to be loaded again; what comes after this place follows."""

    place: Place
    reason: ResyncReason


Told = Ready | Resync | News


async def follow(
    ctx: Context, funnel_id: UUID, after: str | None, show: Callable[[Recorded], Any] | None = None
) -> AsyncGenerator[Told]:
    """Every event of a funnel's log, each once and in order: from the head, or from after a cursor.

    With `show`, what an event is shown as, it may go to the context's socket directly, and is not yielded then.
    First comes Ready, or Resync where the cursor does not serve. Ends after Resync(ACCESS_CHANGED).
    Raises NotFound when the funnel is not there or not the viewer's to see, and Unavailable in an outage of the
    database: at once before anything was told, and later only when the outage is long.
    """
    account = ctx.viewer.require_account()
    sees = partial(_sees, ctx, funnel_id)
    async with ctx.rooms.watching(account.id, funnel_id) as room:
        if not await sees():
            raise NotFound(funnel_id)
        place, refused = await _begin(ctx, room, after)
        yield _resync(place, refused) if refused else Ready(place)
        subscriber = Subscriber(room, place, ctx.direct if show else None, show)
        while True:
            for told in await subscriber.next():
                if isinstance(told, News) and _may_change_access(told) and not await outlast(sees):
                    yield _resync(told.recorded.place, ResyncReason.ACCESS_CHANGED)
                    return
                yield told


class Subscriber:
    """Whoever watches a room, at their own pace."""

    def __init__(
        self, room: Room, place: Place, direct: Direct | None = None, show: Callable[[Recorded], Any] | None = None
    ) -> None:
        self.kind = direct.kind if direct else None
        self._direct, self._show = direct, show
        self._woken: asyncio.Future[None] | None = None
        self._room = room
        self._place = place
        self._caught_up = False
        self._goal = room.head  # all that there was at `_looked_at`
        self._looked_at = self._had_all_at = monotonic()

    async def next(self) -> Sequence[Told]:
        """What comes next, once there is something. Everything that it returns must be sent before it is asked again."""
        room = self._room
        while room.head == self._place:
            await self._wait()
        if room.head.epoch != self._place.epoch or room.head.seq < self._place.seq:
            return [self._jump(ResyncReason.CURSOR_UNKNOWN)]
        self._note_progress()
        if self._caught_up and self._is_too_far():
            return [self._jump(ResyncReason.TOO_FAR_BEHIND)]
        found = room.after(self._place.seq)
        if found is None:
            found = await outlast(partial(room.from_table, self._place.seq))
            # Nobody gets ahead of the room: their place would be one that it does not know.
            found = [news for news in found if news.seq <= room.head.seq]
        news = _unbroken(self._place, found)
        if not news:
            return [self._jump(ResyncReason.CURSOR_UNKNOWN)]  # the log does not go on from here
        self._place = news[-1].recorded.place
        return news

    async def _wait(self) -> None:
        """Until there is more than was given meanwhile."""
        self._woken = asyncio.get_running_loop().create_future()
        self._room.fan_out.enter(self, self._place.seq)
        try:
            await self._woken
        finally:
            self._woken = None
            self._room.fan_out.leave(self)
        self._caught_up, self._goal = True, self._place  # all that there was until this moment
        self._looked_at = self._had_all_at = monotonic()

    def wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def made(self, news: News) -> bytes:
        assert self._direct is not None
        assert self._show is not None
        shown, make = news.shown(self._show), self._direct.make
        told: bytes = await shown.telling.once(self.kind, lambda: make(shown))
        return told

    def take(self, news: News, told: bytes) -> bool:
        if self._woken is None or self._woken.done():
            return False  # they are about to see for themselves
        place = news.recorded.place
        if place.seq <= self._place.seq and place.epoch == self._place.epoch:
            return False  # they have had it
        comes_next = place.seq == self._place.seq + 1 and place.epoch == self._place.epoch
        assert self._direct is not None
        if not comes_next or _may_change_access(news) or not self._direct.give(told):
            self.wake()
            return False
        self._place = place
        return True

    def _note_progress(self) -> None:
        """Whoever has all that there was a moment ago has caught up; on a busy board nobody ever has all there is."""
        if self._place.seq < self._goal.seq:
            return
        self._had_all_at = self._looked_at
        self._goal, self._looked_at = self._room.head, monotonic()
        if self._goal == self._place:
            self._had_all_at = self._looked_at
        self._caught_up = self._caught_up or not self._is_too_far()

    def _is_too_far(self) -> bool:
        behind = self._room.head.seq - self._place.seq
        return behind > TOO_FAR_EVENTS or monotonic() - self._had_all_at > TOO_FAR_SECONDS

    def _jump(self, reason: ResyncReason) -> Resync:
        self._place = self._goal = self._room.head
        self._looked_at = self._had_all_at = monotonic()
        return _resync(self._place, reason)


def _unbroken(place: Place, news: Sequence[News]) -> Sequence[News]:
    """As far as it goes on from there without a gap."""
    places = (Place(place.epoch, seq) for seq in count(place.seq + 1))
    return [
        one for one, _ in takewhile(lambda pair: pair[0].recorded.place == pair[1], zip(news, places, strict=False))
    ]


def _resync(place: Place, reason: ResyncReason) -> Resync:
    metrics.RESYNCS.labels(reason.value).inc()
    return Resync(place, reason)


def _may_change_access(news: News) -> bool:
    return news.recorded.kind == funnels.FunnelChanged.kind


async def _sees(ctx: Context, funnel_id: UUID) -> bool:
    """Asked anew: access may have been taken away a moment ago."""
    return await ctx.rooms.reads.sees(ctx.viewer.require_account().id, ctx.viewer.actor, funnel_id)


async def _begin(ctx: Context, room: Room, after: str | None) -> tuple[Place, ResyncReason | None]:
    """Where to begin, and why not where the client asked."""
    head = room.head
    if after is None:
        return head, None
    place = Place.read(after)
    if place is None or place.epoch != head.epoch or place.seq > head.seq:
        return head, ResyncReason.CURSOR_UNKNOWN
    if head.seq - place.seq > OLDEST_EVENTS or await _is_too_old(ctx, room, place):
        return head, ResyncReason.CURSOR_TOO_OLD
    return place, None


async def _is_too_old(ctx: Context, room: Room, place: Place) -> bool:
    """Whether something was missed, and the client's last event happened too long ago, by the account's clock."""
    if place.seq == room.head.seq:
        return False
    return await ctx.rooms.reads.age(room.key, max(place.seq, 1)) > OLDEST_SECONDS
